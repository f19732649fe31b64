/*-------------------------------------------------------------------------
 *
 * compress.c
 *		Moving candles of price_data or price_data_archive into segments.
 *
 * An ordinary SELECT reads the candles, and each is deleted at the place where it
 * was found.  That costs half of what a DELETE by the executor costs with its
 * transition table; locking each row first would cost one more WAL record.  A candle
 * that another session has locked, or has changed since, stays, as with SKIP LOCKED.
 *
 * A table with triggers, rules or policies of its users gets an ordinary DELETE,
 * so that all of those apply.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/table.h"
#include "access/tableam.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "catalog/pg_trigger.h"
#include "executor/executor.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "base/extension.h"
#include "base/query.h"
#include "indicators/own_keys.h"
#include "segment/table/merge.h"

PG_FUNCTION_INFO_V1(ca_compress_batch);

/* the arguments of ca_compress_batch */
enum
{
	ARG_LIVE,
	ARG_ASSET,
	ARG_TIMEFRAME,
	ARG_AFTER,
	ARG_UNTIL,
	ARG_BATCH_SIZE,
	ARG_KEEP_INDICATORS
};

/* the columns of the query: the row's ctid, then its columns */
#define COLUMN_CTID 0
#define COLUMN_ROW 1

/* a batch in progress */
typedef struct Batch
{
	Relation
		relation; /* where to delete the rows; NULL: the query deletes them */
	CaMerge *merge;
	bool keep_indicators;
	int64 room;       /* rows that may still be taken */
	bool in_segments; /* the batch is large: end it with a full segment */
	bool enough;
	int64 moved;
	bool has_last;
	TimestampTz last;
	MemoryContext row_context;
} Batch;

/*
 * Delete a row in its place; false if another session works on it.  A row that this
 * transaction itself has locked is reported as being modified too; the second call
 * may wait, but has nothing to wait for.
 */
static bool
delete_row(Relation relation, ItemPointer place)
{
	CommandId command = GetCurrentCommandId(true);
	Snapshot snapshot = GetActiveSnapshot();
	TM_FailureData failure;
	TM_Result result =
		table_tuple_delete(relation, place, command, snapshot, InvalidSnapshot,
						   false, &failure, false);

	if (result == TM_BeingModified &&
		TransactionIdIsCurrentTransactionId(failure.xmax))
		result = table_tuple_delete(relation, place, command, snapshot,
									InvalidSnapshot, true, &failure, false);
	if (result == TM_Ok)
		return true;
	if (IsolationUsesXactSnapshot() &&
		(result == TM_Updated || result == TM_Deleted))
		ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				errmsg("could not serialize access due to concurrent update"),
				errhint("The transaction might succeed if retried."));
	return false;
}

/* take a row of the query */
static void
take_row(TupleTableSlot *slot, void *taker)
{
	Batch *batch = taker;
	MemoryContext old;
	CaRow row;

	slot_getallattrs(slot);
	batch->has_last = true;
	batch->last =
		DatumGetTimestampTz(slot->tts_values[COLUMN_ROW + CA_ROW_TIME]);
	if (batch->relation != NULL &&
		!delete_row(batch->relation, (ItemPointer) DatumGetPointer(
										 slot->tts_values[COLUMN_CTID])))
		return;

	old = MemoryContextSwitchTo(batch->row_context);
	ca_row_from_values(slot->tts_values + COLUMN_ROW,
					   slot->tts_isnull + COLUMN_ROW, &row);
	if (!batch->keep_indicators && row.has_indicators)
	{
		Jsonb *own = ca_keep_own_keys(DatumGetJsonbP(row.indicators));

		row.has_indicators = own != NULL;
		row.indicators = JsonbPGetDatum(own);
	}
	ca_merge_row(batch->merge, &row);
	MemoryContextSwitchTo(old);
	MemoryContextReset(batch->row_context);

	batch->moved++;
	batch->room--;
	batch->enough = batch->in_segments && batch->room < CA_SEGMENT_CANDLES &&
					ca_merge_is_full(batch->merge);
}

/* whether deleting a row of this table has effects that its users defined */
static bool
is_watched(Relation relation, Oid functions)
{
	TriggerDesc *triggers = relation->trigdesc;

	if (relation->rd_rules != NULL || relation->rd_rel->relhassubclass ||
		relation->rd_rel->relkind != RELKIND_RELATION ||
		check_enable_rls(RelationGetRelid(relation), InvalidOid, true) ==
			RLS_ENABLED)
		return true;
	for (int i = 0; triggers != NULL && i < triggers->numtriggers; i++)
	{
		const Trigger *trigger = &triggers->triggers[i];
		char *name = get_func_name(trigger->tgfoid);

		/* our own trigger does nothing while candles move */
		if (TRIGGER_FOR_DELETE(trigger->tgtype) &&
			(get_func_namespace(trigger->tgfoid) != functions || name == NULL ||
			 strcmp(name, "ca_note_candles") != 0))
			return true;
	}
	return false;
}

/* open the table; NULL if the executor has to delete its rows */
static Relation
open_table(Oid schema, Oid functions, const char *name)
{
	Oid oid = get_relname_relid(name, schema);
	Relation relation;
	AclResult allowed;

	if (!OidIsValid(oid))
		elog(ERROR, "table %s does not exist", name);
	allowed = pg_class_aclcheck(oid, GetUserId(), ACL_DELETE);
	if (allowed != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_TABLE, name);
	relation = table_open(oid, RowExclusiveLock);
	if (is_watched(relation, functions))
	{
		table_close(relation, NoLock);
		return NULL;
	}
	CheckCmdReplicaIdentity(relation, CMD_DELETE);
	return relation;
}

#define CONDITIONS                               \
	"asset_id OPERATOR(pg_catalog.=) $1 "        \
	"AND timeframe OPERATOR(pg_catalog.=) $2 "   \
	"AND candle_time OPERATOR(pg_catalog.>) $3 " \
	"AND candle_time OPERATOR(pg_catalog.<) $4 " \
	"ORDER BY candle_time LIMIT $5"

/* read and delete the rows of a batch */
static void
read_batch(FunctionCallInfo fcinfo, const char *quoted, const char *table,
		   Batch *batch)
{
	const CaArgument arguments[] = {
		{INT4OID, PG_GETARG_DATUM(ARG_ASSET), false},
		{TEXTOID, PG_GETARG_DATUM(ARG_TIMEFRAME), false},
		{TIMESTAMPTZOID, PG_GETARG_DATUM(ARG_AFTER), false},
		{TIMESTAMPTZOID, PG_GETARG_DATUM(ARG_UNTIL), false},
		{INT8OID, Int64GetDatum(batch->room), false}};

	if (batch->relation != NULL)
		ca_read_until(psprintf("SELECT ctid, " CA_ROW_NAMES
							   " FROM ONLY %s.%s WHERE " CONDITIONS,
							   quoted, table),
					  arguments, lengthof(arguments), take_row, batch,
					  &batch->enough);
	else
		ca_change_query(
			psprintf(
				"WITH batch AS MATERIALIZED (SELECT id FROM ONLY %s.%s "
				"WHERE " CONDITIONS " FOR UPDATE SKIP LOCKED), "
				"gone AS (DELETE FROM ONLY %s.%s "
				"WHERE id OPERATOR(pg_catalog.=) ANY "
				"(SELECT b.id FROM batch AS b) "
				"AND asset_id OPERATOR(pg_catalog.=) $1 "
				"AND timeframe OPERATOR(pg_catalog.=) $2 "
				"AND candle_time OPERATOR(pg_catalog.>) $3 "
				"AND candle_time OPERATOR(pg_catalog.<) $4 "
				"RETURNING " CA_ROW_NAMES
				") SELECT NULL::pg_catalog.tid, gone.* FROM gone ORDER BY candle_time",
				quoted, table, quoted, table),
			arguments, lengthof(arguments), take_row, batch);
}

/*
 * ca_compress_batch(live, asset, timeframe, after, until, batch_size,
 *					 keep_indicators) -> (moved, last)
 *
 * Moves the oldest candles of a series that start in (after, until) from
 * price_data, if live, or else from price_data_archive into segments.  Moves at
 * most batch_size; if that is at least one segment, the batch ends with a full one.
 * "last" is the time of the last candle that was read, NULL without any.
 * The caller holds the lock of the series and has checked the arguments.
 * Errors: 42501; 23505 for a candle that is compressed already; 40001.
 */
Datum
ca_compress_batch(PG_FUNCTION_ARGS)
{
	const char *source =
		PG_GETARG_BOOL(ARG_LIVE) ? "price_data" : "price_data_archive";
	Oid schema = ca_extension_schema();
	CaTable table;
	Batch batch = {.keep_indicators = PG_GETARG_BOOL(ARG_KEEP_INDICATORS),
				   .room = PG_GETARG_INT32(ARG_BATCH_SIZE)};
	TupleDesc tupdesc;
	Datum values[2];
	bool nulls[2] = {false, false};

	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "ca_compress_batch must return a row");
	ca_table_init(&table, PG_GETARG_INT32(ARG_ASSET),
				  PG_GETARG_DATUM(ARG_TIMEFRAME), false);
	batch.in_segments = batch.room >= CA_SEGMENT_CANDLES;
	batch.relation =
		open_table(schema, get_func_namespace(fcinfo->flinfo->fn_oid), source);
	batch.merge = ca_merge_begin(&table, CA_MERGE_ADD);
	batch.row_context = AllocSetContextCreate(CurrentMemoryContext, "candle",
											  ALLOCSET_DEFAULT_SIZES);
	read_batch(fcinfo, ca_quoted_schema(schema), source, &batch);
	ca_merge_end(batch.merge);
	if (batch.relation != NULL)
		table_close(batch.relation, NoLock);

	values[0] = Int64GetDatum(batch.moved);
	values[1] = TimestampTzGetDatum(batch.last);
	nulls[1] = !batch.has_last;
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(tupdesc), values, nulls)));
}
