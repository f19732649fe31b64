/*-------------------------------------------------------------------------
 *
 * rollup_read.c
 *		Reading stored candles into groups.
 *
 * An ordinary SELECT on price_history, so the executor checks visibility,
 * privileges and row security.  Its rows go to a receiver that reads them from
 * their slots, without copying.  The query selects the columns of the tables
 * in their order, so that the executor can pass rows on unchanged.  It leaves
 * out compressed candles, which are read in columns with the same snapshot.
 *
 * Bounds and assets are parameters that the planner sees as constants.  A
 * roll-up of everything has no conditions, so it reads the tables in their
 * physical order, and the receiver skips candles of other timeframes, at a
 * third of what comparing them costs the executor.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "nodes/params.h"
#include "nodes/parsenodes.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/plan.h"
#include "base/query.h"
#include "candle/rollup/rollup_read.h"
#include "candle/rollup/rollup_segment.h"
#include "segment/read/column_scan.h"

/* the parameters of the query */
enum
{
	PARAM_SOURCES,
	PARAM_SINCE,
	PARAM_UNTIL,
	PARAM_ASSETS,
	NPARAMS
};

/* the columns of the query, as listed in query_text() */
enum
{
	COLUMN_ID,
	COLUMN_ASSET,
	COLUMN_TIMEFRAME,
	COLUMN_OPEN,
	COLUMN_HIGH,
	COLUMN_LOW,
	COLUMN_CLOSE,
	COLUMN_VOLUME,
	COLUMN_MARKET_CAP,
	COLUMN_INDICATORS,
	COLUMN_TIME,
	COLUMN_CREATED
};

/* where candles go */
typedef struct GroupTaker
{
	CaRollupGroups *groups;
	bool wanted[CA_TIMEFRAMES]; /* which timeframes are sources */
} GroupTaker;

/* a row of the query */
static void
take_row(TupleTableSlot *slot, void *taker)
{
	GroupTaker *group_taker = taker;
	const Datum *values = slot->tts_values;
	const bool *nulls = slot->tts_isnull;
	const char *code;
	CaStoredCandle stored;

	slot_getsomeattrs(slot, COLUMN_TIMEFRAME + 1);
	code = DatumGetPointer(values[COLUMN_TIMEFRAME]);
	stored.timeframe =
		ca_timeframe_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code));
	if (stored.timeframe == NULL)
		elog(ERROR, "a stored candle has an unknown timeframe");
	if (!group_taker->wanted[ca_timeframe_index(stored.timeframe)])
		return;

	slot_getsomeattrs(slot, COLUMN_TIME + 1);
	stored.asset = DatumGetInt32(values[COLUMN_ASSET]);
	stored.time = DatumGetTimestampTz(values[COLUMN_TIME]);
	memcpy(stored.prices, &values[COLUMN_OPEN], sizeof(stored.prices));
	stored.volume = values[COLUMN_VOLUME];
	stored.has_volume = !nulls[COLUMN_VOLUME];
	stored.market_cap = values[COLUMN_MARKET_CAP];
	stored.has_market_cap = !nulls[COLUMN_MARKET_CAP];
	ca_rollup_groups_add(group_taker->groups, &stored);
}

static bool
is_everything(const CaRollupRange *range)
{
	return range->all_assets && range->source == NULL &&
		   range->since == DT_NOBEGIN && range->until == DT_NOEND;
}

static bool
is_wanted(const CaRollupRange *range, const CaTimeframe *source)
{
	return ca_timeframe_is_source(source, range->target) &&
		   (range->source == NULL || range->source == source) &&
		   (range->sources == 0 ||
			range->sources >> ca_timeframe_index(source) & 1);
}

/* the query for ranges like this one, with or without bounds, for one asset or many */
static char *
query_text(const CaRollupRange *range)
{
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfo(
		&query,
		"SELECT h.id, h.asset_id, h.timeframe, h.open_price, h.high_price, "
		"h.low_price, h.close_price, h.volume, h.market_cap, "
		"h.technical_indicators, h.candle_time, h.created_at "
		"FROM %s.price_history AS h WHERE NOT h.compressed",
		range->schema);
	if (!is_everything(range))
	{
		appendStringInfo(&query,
						 " AND h.timeframe OPERATOR(pg_catalog.=) ANY ($1)"
						 " AND h.asset_id OPERATOR(pg_catalog.=) %s",
						 range->all_assets ? "ANY ($4)" : "$4");
		if (range->since != DT_NOBEGIN)
			appendStringInfoString(
				&query, " AND h.candle_time OPERATOR(pg_catalog.>=) $2");
		if (range->until != DT_NOEND)
			appendStringInfoString(
				&query, " AND h.candle_time OPERATOR(pg_catalog.<) $3");
	}
	return query.data;
}

/* the types of its parameters */
static const Oid *
parameter_types(const CaRollupRange *range)
{
	static const Oid one[NPARAMS] = {TEXTARRAYOID, TIMESTAMPTZOID,
									 TIMESTAMPTZOID, INT4OID};
	static const Oid many[NPARAMS] = {TEXTARRAYOID, TIMESTAMPTZOID,
									  TIMESTAMPTZOID, INT4ARRAYOID};

	return range->all_assets ? many : one;
}

/*
 * The plan of the query for ranges of one asset, which is kept for the session.
 */
SPIPlanPtr
ca_rollup_read_plan(const CaRollupRange *range)
{
	return ca_plan(query_text(range), NPARAMS, parameter_types(range), 0);
}

/*
 * A new plan of the query.  That for many assets is planned at each use, because the
 * best plan depends on the range.  SPI must be connected.
 */
SPIPlanPtr
ca_rollup_read_prepare(const CaRollupRange *range)
{
	SPIPlanPtr plan = SPI_prepare_cursor(
		query_text(range), NPARAMS, unconstify(Oid *, parameter_types(range)),
		range->all_assets ? CURSOR_OPT_CUSTOM_PLAN : 0);

	if (plan == NULL)
		elog(ERROR, "cannot prepare the reading of candles: %s",
			 SPI_result_code_string(SPI_result));
	return plan;
}

/* the codes of the sources, at most CA_TIMEFRAMES; returns their number */
static int
source_codes(const CaRollupRange *range, Datum *codes)
{
	int ncodes = 0;

	for (int i = 0; i < CA_TIMEFRAMES; i++)
	{
		const CaTimeframe *source = ca_timeframe_by_index(i);

		if (is_wanted(range, source))
			codes[ncodes++] = CStringGetTextDatum(source->code);
	}
	return ncodes;
}

/* the codes of the sources of a range, as text[] */
ArrayType *
ca_rollup_read_sources(const CaRollupRange *range)
{
	Datum codes[CA_TIMEFRAMES];
	int ncodes = source_codes(range, codes);

	return construct_array(codes, ncodes, TEXTOID, -1, false, TYPALIGN_INT);
}

/* the assets of a range, as int[] */
ArrayType *
ca_rollup_read_assets(const CaRollupRange *range)
{
	Datum *assets = palloc(sizeof(Datum) * Max(range->nassets, 1));

	for (int i = 0; i < range->nassets; i++)
		assets[i] = Int32GetDatum(range->assets[i]);
	return construct_array(assets, range->nassets, INT4OID, sizeof(int32), true,
						   TYPALIGN_INT);
}

static void
set_param(ParamListInfo params, int number, Oid type, Datum value)
{
	params->params[number].value = value;
	params->params[number].isnull = false;
	params->params[number].pflags = PARAM_FLAG_CONST;
	params->params[number].ptype = type;
}

/* the bounds of the segments that a range needs */
static void
set_segment_bounds(const CaRollupRange *range, CaBounds *bounds)
{
	Datum codes[CA_TIMEFRAMES];
	bool nulls[CA_TIMEFRAMES] = {false};

	ca_bounds_init(bounds);
	ca_bounds_timeframe(bounds, codes, nulls, source_codes(range, codes));
	if (!range->all_assets)
	{
		Datum asset = Int32GetDatum(range->assets[0]);

		ca_bounds_asset(bounds, INT4OID, &asset, nulls, 1);
	}
	bounds->since = range->since;
	ca_bounds_before(bounds, range->until);
}

/* merge compressed candles */
static void
read_segments(const CaRollupRange *range, CaRollupGroups *groups)
{
	const int columns = 1 << CA_COMPRESSED_OPEN | 1 << CA_COMPRESSED_VOLUME |
						1 << CA_COMPRESSED_MARKET_CAP;
	CaColumnScan scan;

	set_segment_bounds(range, &scan.bounds);
	ca_column_scan_begin(&scan, range->namespace_oid, columns,
						 CA_SCAN_UNORDERED);
	while (ca_column_scan_next(&scan))
		ca_rollup_segment_add(groups, scan.asset, scan.timeframe, scan.segment,
							  scan.from, scan.to);
	ca_column_scan_end(&scan);
}

/*
 * Read a range of candles into groups, with the active snapshot.  SPI must be
 * connected.
 */
void
ca_rollup_read(SPIPlanPtr plan, const CaRollupRange *range,
			   CaRollupGroups *groups)
{
	GroupTaker taker = {.groups = groups};
	CaReader reader;
	SPIExecuteOptions options = {0};
	ParamListInfo params = makeParamList(NPARAMS);
	int result;

	for (int i = 0; i < CA_TIMEFRAMES; i++)
		taker.wanted[i] = is_wanted(range, ca_timeframe_by_index(i));
	set_param(params, PARAM_SOURCES, TEXTARRAYOID,
			  PointerGetDatum(ca_rollup_read_sources(range)));
	set_param(params, PARAM_SINCE, TIMESTAMPTZOID,
			  TimestampTzGetDatum(range->since));
	set_param(params, PARAM_UNTIL, TIMESTAMPTZOID,
			  TimestampTzGetDatum(range->until));
	if (range->all_assets)
		set_param(params, PARAM_ASSETS, INT4ARRAYOID,
				  PointerGetDatum(ca_rollup_read_assets(range)));
	else
		set_param(params, PARAM_ASSETS, INT4OID,
				  Int32GetDatum(range->assets[0]));

	options.params = params;
	options.read_only = true;
	options.dest = ca_reader_init(&reader, take_row, &taker);
	result = SPI_execute_plan_extended(plan, &options);
	if (result < 0)
		elog(ERROR, "cannot read candles: %s", SPI_result_code_string(result));
	read_segments(range, groups);
}
