/*-------------------------------------------------------------------------
 *
 * batch_json.c
 *		What the JSON of a candle must become when a batch of indicators is written.
 *
 * Keys in the JSON that name no indicator belong to the user and stay; JSON that is
 * not an object goes.
 *
 * Joining the candles with unnest() of the batch would copy all of its JSON into a
 * tuplestore and a hash table.  Both arrays are in order of time, as are the candles
 * that an index returns.  So the search starts after the last candle found, and
 * nearly always ends there.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "indicators/own_keys.h"

PG_FUNCTION_INFO_V1(ca_batch_json);

/* the arrays, which are the same for all rows of a statement */
typedef struct BatchValues
{
	int count;
	int next;
	Datum *ids;
	Datum *values;
} BatchValues;

static Datum *
elements(Datum array, Oid type, int length, bool byval, char align, int *count)
{
	Datum *found;
	bool *nulls;

	deconstruct_array(DatumGetArrayTypeP(array), type, length, byval, align,
					  &found, &nulls, count);
	for (int i = 0; i < *count; i++)
		if (nulls[i])
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("a batch must not have a NULL"),
					errdetail("Element %d is NULL.", i + 1),
					errhint("Filter it out."));
	return found;
}

static BatchValues *
begin_values(FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	BatchValues *batch = palloc0(sizeof(BatchValues));
	int nvalues;

	batch->ids = elements(PG_GETARG_DATUM(0), INT8OID, sizeof(int64),
						  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &batch->count);
	batch->values = elements(PG_GETARG_DATUM(1), JSONBOID, -1, false,
							 TYPALIGN_INT, &nvalues);
	if (nvalues != batch->count)
		ereport(ERROR, errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				errmsg("a batch must have as many values as candles"),
				errdetail("It has %d candles and %d values.", batch->count,
						  nvalues),
				errhint("ca_indicators() returns both arrays."));
	MemoryContextSwitchTo(old);
	return batch;
}

/* the value at the place of an identifier; NULL if it is not in the batch */
static Jsonb *
find_value(BatchValues *batch, int64 id)
{
	for (int i = 0; i < batch->count; i++)
	{
		int place = batch->next;

		batch->next = place + 1 < batch->count ? place + 1 : 0;
		if (DatumGetInt64(batch->ids[place]) == id)
			return DatumGetJsonbP(batch->values[place]);
	}
	return NULL;
}

/* the value, after what is the user's */
static Jsonb *
with_own_keys(Jsonb *json, Jsonb *value)
{
	Jsonb *own = JB_ROOT_IS_OBJECT(json) ? ca_keep_own_keys(json) : NULL;

	if (own == NULL)
		return value;
	return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(own),
											  JsonbPGetDatum(value)));
}

/*
 * ca_batch_json(ids bigint[], values jsonb[], id bigint, technical_indicators jsonb)
 * -> jsonb
 *
 * NULL if the JSON is as it must be, if the candle is not in the batch, or if an
 * argument other than the JSON is NULL.  Errors: 22004 for a NULL in an array, 2202E
 * for arrays that differ in length.
 */
Datum
ca_batch_json(PG_FUNCTION_ARGS)
{
	FmgrInfo *flinfo = fcinfo->flinfo;
	BatchValues *batch = flinfo->fn_extra;
	Jsonb *value;
	Jsonb *json;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	if (batch == NULL || !get_fn_expr_arg_stable(flinfo, 0) ||
		!get_fn_expr_arg_stable(flinfo, 1))
	{
		batch = begin_values(fcinfo);
		flinfo->fn_extra = batch;
	}
	value = find_value(batch, PG_GETARG_INT64(2));
	if (value == NULL)
		PG_RETURN_NULL();
	if (PG_ARGISNULL(3))
		PG_RETURN_JSONB_P(value);

	json = PG_GETARG_JSONB_P(3);
	value = with_own_keys(json, value);
	if (compareJsonbContainers(&json->root, &value->root) == 0)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(value);
}
