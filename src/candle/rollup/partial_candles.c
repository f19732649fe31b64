/*-------------------------------------------------------------------------
 *
 * partial_candles.c
 *		Partial candles: stored candles whose sources did not cover their whole
 *		span.
 *
 * The table partial_candles has a row for each.  ca_partial_candles() reads
 * the rows whose candle is still the one that was rolled up.  Everybody may
 * read the table; its owner writes it, on behalf of users who may write
 * candles.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

#include "base/extension.h"
#include "candle/rollup/partial_candles.h"

PG_FUNCTION_INFO_V1(ca_note_partial);

/* a partial candle */
typedef struct Entry
{
	CaRollupGroupKey key; /* its own time, asset and timeframe */
	int covered;
} Entry;

struct CaPartialCandles
{
	HTAB *table; /* of Entry */
};

/* whether there may be any */
bool
ca_partial_candles_any(Oid namespace_oid)
{
	Relation table = table_open(
		get_relname_relid("partial_candles", namespace_oid), AccessShareLock);
	bool any = RelationGetNumberOfBlocks(table) > 0;

	table_close(table, AccessShareLock);
	return any;
}

/* keep the rows that ca_partial_candles() returned */
static void
take_rows(CaPartialCandles *partial)
{
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		Datum values[4];
		bool nulls[4];
		CaRollupGroupKey key = {0};
		bool found;

		heap_deform_tuple(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, values,
						  nulls);
		key.asset = DatumGetInt32(values[0]);
		key.source =
			ca_timeframe_index(ca_timeframe_get(DatumGetTextPP(values[1])));
		key.start = DatumGetTimestampTz(values[2]);
		((Entry *) hash_search(partial->table, &key, HASH_ENTER, &found))
			->covered = DatumGetInt32(values[3]);
	}
}

/*
 * The partial candles of a range, as of the active snapshot; NULL when there
 * are none.  SPI must be connected.
 */
CaPartialCandles *
ca_partial_candles_load(const CaRollupRange *range)
{
	Oid types[4] = {INT4ARRAYOID, TEXTARRAYOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
	Datum values[4] = {PointerGetDatum(ca_rollup_read_assets(range)),
					   PointerGetDatum(ca_rollup_read_sources(range)),
					   TimestampTzGetDatum(range->since),
					   TimestampTzGetDatum(range->until)};
	char *query = psprintf("SELECT asset, timeframe, candle_time, covered"
						   " FROM %s.ca_partial_candles($1, $2, $3, $4)",
						   range->functions);
	HASHCTL control = {0};
	CaPartialCandles *partial = NULL;
	int result = SPI_execute_with_args(query, 4, types, values, NULL, true, 0);

	if (result != SPI_OK_SELECT)
		elog(ERROR, "cannot read partial candles: %s",
			 SPI_result_code_string(result));
	if (SPI_processed > 0)
	{
		partial = palloc(sizeof(CaPartialCandles));
		control.keysize = sizeof(CaRollupGroupKey);
		control.entrysize = sizeof(Entry);
		control.hcxt = CurrentMemoryContext;
		partial->table = hash_create("partial candles", SPI_processed, &control,
									 HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		take_rows(partial);
	}
	SPI_freetuptable(SPI_tuptable);
	return partial;
}

/* how many minutes a candle of this length was made of */
int
ca_partial_candles_covered(const CaPartialCandles *partial,
						   const CaRollupGroupKey *key, int length)
{
	const Entry *entry = hash_search(partial->table, key, HASH_FIND, NULL);

	return entry == NULL ? length : Min(entry->covered, length);
}

static Oid
table_owner(Oid table)
{
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "table %u is missing", table);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

/* an error unless the user may insert into price_data */
static void
check_rights(Oid namespace_oid)
{
	Oid table = get_relname_relid("price_data", namespace_oid);

	if (pg_class_aclcheck(table, GetUserId(), ACL_INSERT) != ACLCHECK_OK &&
		pg_attribute_aclcheck_all(table, GetUserId(), ACL_INSERT,
								  ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, "price_data");
}

/*
 * ca_note_partial(candles, covered, digests)
 *
 * Calls ca_write_partial() as the owner of the table.  Errors: 42501 for users
 * who may not insert into price_data.
 */
Datum
ca_note_partial(PG_FUNCTION_ARGS)
{
	Oid namespace_oid = ca_extension_schema();
	Oid table = get_relname_relid("partial_candles", namespace_oid);
	Oid types[3] = {InvalidOid, INT4ARRAYOID, INT8ARRAYOID};
	Datum values[3];
	char nulls[4] = "   ";
	Oid user;
	int security;
	int result;

	if (PG_ARGISNULL(0) ||
		(PG_ARGISNULL(1) && !ca_partial_candles_any(namespace_oid)))
		PG_RETURN_VOID();
	check_rights(namespace_oid);
	for (int i = 0; i < 3; i++)
	{
		values[i] = PG_GETARG_DATUM(i);
		nulls[i] = PG_ARGISNULL(i) ? 'n' : ' ';
	}
	types[0] = get_array_type(
		get_rel_type_id(get_relname_relid("price_data", namespace_oid)));

	GetUserIdAndSecContext(&user, &security);
	SetUserIdAndSecContext(table_owner(table),
						   security | SECURITY_LOCAL_USERID_CHANGE);
	SPI_connect();
	result = SPI_execute_with_args(
		psprintf("SELECT %s.ca_write_partial($1, $2, $3)",
				 ca_quoted_schema(get_func_namespace(fcinfo->flinfo->fn_oid))),
		3, types, values, nulls, false, 0);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "cannot note partial candles: %s",
			 SPI_result_code_string(result));
	SPI_finish();
	SetUserIdAndSecContext(user, security);
	PG_RETURN_VOID();
}
