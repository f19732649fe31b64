/*-------------------------------------------------------------------------
 *
 * rollup.c
 *		Candles of higher timeframes from stored finer ones.  ca_build_candles()
 *		builds them for candles(); ca_rollup_series() writes them to price_data
 *		for rollup_candles(), ca_rollup_assets() for maintain().
 *
 * Several source timeframes complement each other, as cover.c describes.  The
 * market_cap of a candle is the last one known in it.  Candles are read into
 * groups (rollup_read.c, rollup_groups.c), the groups are turned into candles
 * (rollup_build.c), and candles are written (rollup_write.c).
 *
 * Memory: groups as rollup_groups.c describes, up to the limit of a hash table
 * for a query and up to maintenance_work_mem for a roll-up, and a batch of
 * 10,000 candles to write.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/extension.h"
#include "candle/rollup/rollup_write.h"

PG_FUNCTION_INFO_V1(ca_build_candles);
PG_FUNCTION_INFO_V1(ca_rollup_series);
PG_FUNCTION_INFO_V1(ca_rollup_assets);

/* the boundaries of the target candles that overlap [since, until) */
static void
set_bounds(FunctionCallInfo fcinfo, int since, int until, CaRollupRange *range)
{
	range->since = DT_NOBEGIN;
	range->until = DT_NOEND;
	if (!PG_ARGISNULL(since))
		range->since =
			ca_timeframe_at(range->target, PG_GETARG_TIMESTAMPTZ(since));
	if (!PG_ARGISNULL(until))
	{
		TimestampTz last = PG_GETARG_TIMESTAMPTZ(until);

		/* the last moment before until; the macro evaluates its argument twice */
		if (!TIMESTAMP_NOT_FINITE(last))
			last--;
		if (!TIMESTAMP_NOT_FINITE(last) && !IS_VALID_TIMESTAMP(last))
			ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
					errmsg("timestamp out of range"),
					errdetail("until is before the first timestamp."));
		range->until = ca_timeframe_after(range->target, last);
	}
}

static void
set_schemas(FunctionCallInfo fcinfo, CaRollupRange *range)
{
	range->namespace_oid = ca_extension_schema();
	range->schema = ca_quoted_schema(range->namespace_oid);
	range->functions =
		ca_quoted_schema(get_func_namespace(fcinfo->flinfo->fn_oid));
}

/*
 * ca_build_candles(asset, timeframe, source, since, until) -> table
 *
 * Target candles of one asset that overlap [since, until), ascending.  Without
 * an asset or a timeframe there are none; without a source all sources count.
 * Errors: 22023, 22008, and those of reading price_history.
 */
Datum
ca_build_candles(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	CaRollupRange range = {0};
	int32 asset;
	CaRollupGroups *groups;
	CaRollupBuilder *builder;
	MemoryContext row_context;
	CaRollupBuilt built;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		return (Datum) 0;
	asset = PG_GETARG_INT32(0);
	set_schemas(fcinfo, &range);
	range.target = ca_timeframe_get(PG_GETARG_TEXT_PP(1));
	if (!PG_ARGISNULL(2))
		range.source = ca_timeframe_get(PG_GETARG_TEXT_PP(2));
	range.assets = &asset;
	range.nassets = 1;
	set_bounds(fcinfo, 3, 4, &range);

	SPI_connect();
	groups =
		ca_rollup_groups_make(range.target, &asset, 1, get_hash_memory_limit());
	ca_rollup_read(ca_rollup_read_plan(&range), &range, groups);
	ca_rollup_groups_finish(groups);
	builder = ca_rollup_build_begin(&range, groups);

	row_context = AllocSetContextCreate(CurrentMemoryContext, "candle built",
										ALLOCSET_DEFAULT_SIZES);
	MemoryContextSwitchTo(row_context);
	while (ca_rollup_build_next(builder, &built))
	{
		tuplestore_putvalues(result->setResult, result->setDesc, built.values,
							 built.nulls);
		MemoryContextReset(row_context);
	}
	SPI_finish();
	return (Datum) 0;
}

/* all assets, for a roll-up of all */
static void
find_assets(CaRollupRange *range)
{
	char *query = psprintf("SELECT a.id FROM %s.assets AS a", range->schema);
	int32 *assets;

	if (SPI_execute(query, true, 0) != SPI_OK_SELECT)
		elog(ERROR, "cannot read assets");
	assets = palloc(sizeof(int32) * Max(SPI_processed, 1));
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		bool isnull;

		assets[i] = DatumGetInt32(SPI_getbinval(
			SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &isnull));
	}
	range->all_assets = true;
	range->assets = assets;
	range->nassets = SPI_processed;
	SPI_freetuptable(SPI_tuptable);
}

/*
 * Build and write the candles of a range whose bounds and assets are set;
 * returns how many were inserted or changed.  SPI must be connected.
 */
static int64
write_range(const CaRollupRange *range, bool include_open)
{
	TimestampTz now = GetCurrentTransactionStartTimestamp();
	CaRollupGroups *groups =
		ca_rollup_groups_make(range->target, range->assets, range->nassets,
							  maintenance_work_mem * (Size) 1024);
	CaRollupBuilder *builder;
	CaRollupWriter *writer;
	CaRollupBuilt built;
	int64 written;
	MemoryContext old;

	ca_rollup_read(ca_rollup_read_prepare(range), range, groups);
	ca_rollup_groups_finish(groups);

	builder = ca_rollup_build_begin(range, groups);
	writer = ca_rollup_write_begin(range);
	old = MemoryContextSwitchTo(ca_rollup_write_context(writer));
	while (ca_rollup_build_next(builder, &built))
		if (include_open ||
			ca_timeframe_after(range->target, built.start) <= now)
			ca_rollup_write(writer, &built);
	written = ca_rollup_write_end(writer);
	MemoryContextSwitchTo(old);
	return written;
}

/*
 * ca_rollup_series(timeframe, asset, since, until, source, include_open)
 *		-> candles inserted or changed
 *
 * Writes the target candles that overlap [since, until), of all assets when
 * asset is NULL.  The caller has checked the arguments and holds the lock on
 * what is written.  Errors: 22004 without a timeframe, those of
 * ca_build_candles() and ca_store_candles().
 */
Datum
ca_rollup_series(PG_FUNCTION_ARGS)
{
	CaRollupRange range = {0};
	int32 asset;
	int64 written;

	if (PG_ARGISNULL(0))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("timeframe must not be NULL"),
				errdetail("The function needs a timeframe."),
				errhint("Timeframes are %s.", CA_TIMEFRAME_CODES));
	set_schemas(fcinfo, &range);
	range.target = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	if (!PG_ARGISNULL(4))
		range.source = ca_timeframe_get(PG_GETARG_TEXT_PP(4));
	set_bounds(fcinfo, 2, 3, &range);

	SPI_connect();
	if (PG_ARGISNULL(1))
		find_assets(&range);
	else
	{
		asset = PG_GETARG_INT32(1);
		range.assets = &asset;
		range.nassets = 1;
	}
	written = write_range(&range, !PG_ARGISNULL(5) && PG_GETARG_BOOL(5));
	SPI_finish();
	PG_RETURN_INT64(written);
}

/*
 * ca_rollup_assets(timeframe, assets, since, until) -> candles inserted or changed
 *
 * As ca_rollup_series() of all assets, closed candles only, for those listed.
 * Without assets or until nothing is done.
 */
Datum
ca_rollup_assets(PG_FUNCTION_ARGS)
{
	CaRollupRange range = {.all_assets = true};
	Datum *ids;
	int32 *assets;
	int64 written;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
		PG_RETURN_INT64(0);
	set_schemas(fcinfo, &range);
	range.target = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	set_bounds(fcinfo, 2, 3, &range);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), INT4OID, sizeof(int32), true,
					  TYPALIGN_INT, &ids, NULL, &range.nassets);
	assets = palloc(sizeof(int32) * Max(range.nassets, 1));
	for (int i = 0; i < range.nassets; i++)
		assets[i] = DatumGetInt32(ids[i]);
	range.assets = assets;

	SPI_connect();
	written = write_range(&range, false);
	SPI_finish();
	PG_RETURN_INT64(written);
}
