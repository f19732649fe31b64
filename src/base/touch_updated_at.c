/*-------------------------------------------------------------------------
 *
 * touch_updated_at.c
 *		Trigger that sets updated_at in rows that change.
 *
 * The old and the new row are compared here and not in the conditions of the
 * triggers, because those are not possible on a table with a generated column.  They
 * are compared byte by byte, because a column that somebody adds may have a type
 * without equality.  Generated columns are left out: the new row has them only later.
 *
 * It runs for each row of many updates.  In PL/pgSQL it took as long as the rest of a
 * small update.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(ca_touch_updated_at);

/* a row taken apart */
typedef struct Row
{
	Datum *values;
	bool *nulls;
} Row;

static Row
take_apart(HeapTuple tuple, TupleDesc desc)
{
	Row row = {.values = palloc(desc->natts * sizeof(Datum)),
			   .nulls = palloc(desc->natts * sizeof(bool))};

	heap_deform_tuple(tuple, desc, row.values, row.nulls);
	return row;
}

static bool
rows_differ(Row old, Row new, TupleDesc desc)
{
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute column = TupleDescAttr(desc, i);

		if (column->attisdropped || column->attgenerated != '\0')
			continue;
		if (old.nulls[i] != new.nulls[i])
			return true;
		if (!new.nulls[i] && !datum_image_eq(old.values[i], new.values[i],
											 column->attbyval, column->attlen))
			return true;
	}
	return false;
}

/* the start of the transaction, as the type of the column */
static Datum
now_as(Oid type, int32 typmod)
{
	Datum now = TimestampTzGetDatum(GetCurrentTransactionStartTimestamp());
	Oid input;
	Oid parameter;

	if (type == TIMESTAMPTZOID && typmod < 0)
		return now;
	getTypeInputInfo(type, &input, &parameter);
	return OidInputFunctionCall(
		input, DatumGetCString(DirectFunctionCall1(timestamptz_out, now)),
		parameter, typmod);
}

/* the number of the column updated_at, looked up once per statement */
static int
find_updated_at(FmgrInfo *flinfo, Relation table)
{
	int *number = flinfo->fn_extra;

	if (number == NULL)
	{
		number = MemoryContextAlloc(flinfo->fn_mcxt, sizeof(int));
		*number = SPI_fnumber(RelationGetDescr(table), "updated_at");
		flinfo->fn_extra = number;
	}
	if (*number <= 0)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("table \"%s\" has no column \"updated_at\"",
					   RelationGetRelationName(table)),
				errdetail("touch_updated_at() sets that column."),
				errhint("Add the column, or drop the trigger."));
	return *number;
}

/* the same row with another time, in the same place */
static HeapTuple
put_together(Row row, int number, HeapTuple like, TupleDesc desc)
{
	Form_pg_attribute column = TupleDescAttr(desc, number - 1);
	HeapTuple tuple;

	row.values[number - 1] = now_as(column->atttypid, column->atttypmod);
	row.nulls[number - 1] = false;
	tuple = heap_form_tuple(desc, row.values, row.nulls);
	tuple->t_data->t_ctid = like->t_data->t_ctid;
	tuple->t_self = like->t_self;
	tuple->t_tableOid = like->t_tableOid;
	return tuple;
}

/*
 * touch_updated_at() -> trigger
 *
 * Before UPDATE, for each row: sets updated_at to the start of the transaction if
 * another column changes.  Before INSERT it does nothing.
 */
Datum
ca_touch_updated_at(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	TupleDesc desc;
	Row old;
	Row new;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_FOR_ROW(trigger->tg_event))
		ereport(
			ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("trigger functions can only be called as triggers"),
			errdetail("touch_updated_at runs before UPDATE, for each row."),
			errhint("Create the trigger with BEFORE UPDATE and FOR EACH ROW."));

	if (!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		return PointerGetDatum(trigger->tg_trigtuple);
	desc = RelationGetDescr(trigger->tg_relation);
	old = take_apart(trigger->tg_trigtuple, desc);
	new = take_apart(trigger->tg_newtuple, desc);
	if (!rows_differ(old, new, desc))
		return PointerGetDatum(trigger->tg_newtuple);
	return PointerGetDatum(
		put_together(new, find_updated_at(fcinfo->flinfo, trigger->tg_relation),
					 trigger->tg_newtuple, desc));
}
