/*-------------------------------------------------------------------------
 *
 * technical_indicators.c
 *		The SQL function technical_indicators(): all indicators of a series of
 *		candles in one pass.
 *
 * ca_technical_indicators(), at the end of this file, reads the candles of a
 * series from the first one on, so that a value does not depend on which row
 * is returned first.  Rows of price_history and compressed candles, which come
 * in columns, are read with the same snapshot and merged by time.
 * indicator_rows.c computes the indicators and makes the rows.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/stratnum.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "indicators/parameters.h"
#include "indicators/indicator_rows.h"
#include "number/decimal64.h"
#include "numeric/numeric.h"
#include "base/extension.h"
#include "base/query.h"
#include "segment/read/payload.h"
#include "segment/read/column_scan.h"
#include "base/timeframe.h"

PG_FUNCTION_INFO_V1(ca_technical_indicators);

/* the arguments of technical_indicators() */
enum
{
	ARG_ASSET,
	ARG_TIMEFRAME,
	ARG_SINCE,
	ARG_UNTIL,
	ARG_INCLUDE_OPEN,
	ARG_CONVENTION,
	ARG_GAPS
};

/* the columns of a candle as it is read */
enum
{
	CANDLE_TIME,
	CANDLE_HIGH,
	CANDLE_LOW,
	CANDLE_CLOSE
};

typedef enum Gaps
{
	GAPS_IGNORE,
	GAPS_FILL,
	GAPS_BREAK
} Gaps;

/* in the order of Gaps */
static const char *const gaps_names[] = {"ignore", "fill", "break"};

typedef struct Series
{
	const CaTimeframe *timeframe;
	TimestampTz since;
	Gaps gaps;
	TimestampTz next; /* end of the last candle; DT_NOBEGIN before the first */
	CaPrice close;    /* of the last candle */
	CaIndicatorRows rows;
	CaColumnScan scan;   /* of compressed candles */
	bool has_compressed; /* another one follows */
	int compressed;      /* its number in the segment */
	MemoryContext candle_context;
} Series;

static Gaps
gaps_argument(FunctionCallInfo fcinfo)
{
	const char *name = NULL;

	if (!PG_ARGISNULL(ARG_GAPS))
	{
		name = text_to_cstring(PG_GETARG_TEXT_PP(ARG_GAPS));
		for (int i = 0; i < (int) lengthof(gaps_names); i++)
			if (strcmp(name, gaps_names[i]) == 0)
				return (Gaps) i;
	}
	ereport(
		ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		errmsg("unknown treatment of gaps"),
		errdetail("Value is %s.", name ? quote_literal_cstr(name) : "NULL"),
		errhint("ignore treats the next candle as the next bar, fill inserts "
				"flat candles, break starts again."));
}

static CaArgument
query_argument(FunctionCallInfo fcinfo, int argument, Oid type)
{
	CaArgument result = {type, PG_GETARG_DATUM(argument),
						 PG_ARGISNULL(argument)};

	return result;
}

static TimestampTz
candle_end(const Series *series, TimestampTz time)
{
	return ca_timeframe_start(
		series->timeframe, ca_timeframe_ordinal(series->timeframe, time) + 1);
}

/* candles are missing before this one: treat the gap as asked */
static void
cross_gap(Series *series, TimestampTz time)
{
	CaBar flat = {series->close, series->close, series->close};

	if (series->gaps == GAPS_BREAK)
		ca_indicator_rows_reset(&series->rows);
	else if (series->gaps == GAPS_FILL)
		for (; series->next < time;
			 series->next = candle_end(series, series->next))
		{
			CHECK_FOR_INTERRUPTS();
			ca_indicator_rows_skip(&series->rows, &flat);
		}
}

/* before a candle is taken: deal with a gap before it */
static void
begin_candle(Series *series, TimestampTz time, const CaBar *bar)
{
	if (series->gaps == GAPS_IGNORE)
		return;
	if (series->next < time && series->next != DT_NOBEGIN)
		cross_gap(series, time);
	series->next = candle_end(series, time);
	series->close = bar->close;
}

/* a number of a segment as kernels take it, as from its numeric */
static CaPrice
compressed_price(const CaSegmentNumbers *numbers, int candle)
{
	CaDecimal64 small = {numbers->value[candle], numbers->scale};
	int64_t e8;

	if (!numbers->is_text && numbers->scale <= CA_E8_SCALE &&
		ca_decimal64_rescale(&small, CA_E8_SCALE, &e8) && e8 > -CA_E8_LIMIT &&
		e8 < CA_E8_LIMIT)
		return ca_price_from_e8(e8);
	return ca_price_from_numeric(ca_segment_number(numbers, candle));
}

/* the next compressed candle */
static void
take_compressed(Series *series)
{
	CaColumnScan *scan = &series->scan;
	const CaSegmentNumbers *number = scan->segment->number;
	int candle = series->compressed;
	TimestampTz time = scan->segment->time[candle];
	CaBar bar;

	bar.high = compressed_price(&number[CA_SEGMENT_HIGH], candle);
	bar.low = compressed_price(&number[CA_SEGMENT_LOW], candle);
	bar.close = compressed_price(&number[CA_SEGMENT_CLOSE], candle);
	begin_candle(series, time, &bar);
	if (time >= series->since)
		ca_indicator_rows_add(
			&series->rows, &bar, time,
			ca_segment_number(&number[CA_SEGMENT_CLOSE], candle));
	else
		ca_indicator_rows_skip(&series->rows, &bar);
}

/* the compressed candles before this time */
static void
take_compressed_before(Series *series, TimestampTz time)
{
	CaColumnScan *scan = &series->scan;

	while (series->has_compressed &&
		   scan->segment->time[series->compressed] < time)
	{
		MemoryContext old = MemoryContextSwitchTo(series->candle_context);

		take_compressed(series);
		MemoryContextSwitchTo(old);
		MemoryContextReset(series->candle_context);
		if (++series->compressed == scan->to)
		{
			series->has_compressed = ca_column_scan_next(scan);
			series->compressed = scan->from;
		}
	}
}

/* one candle: high, low and close are numeric and not NULL in both tables */
static void
take_candle(TupleTableSlot *slot, void *taker)
{
	Series *series = taker;
	TimestampTz time;
	CaBar bar;

	slot_getallattrs(slot);
	time = DatumGetTimestampTz(slot->tts_values[CANDLE_TIME]);
	take_compressed_before(series, time);
	bar.high = ca_price_from_numeric(slot->tts_values[CANDLE_HIGH]);
	bar.low = ca_price_from_numeric(slot->tts_values[CANDLE_LOW]);
	bar.close = ca_price_from_numeric(slot->tts_values[CANDLE_CLOSE]);
	begin_candle(series, time, &bar);
	if (time >= series->since)
		ca_indicator_rows_add(&series->rows, &bar, time,
							  slot->tts_values[CANDLE_CLOSE]);
	else
		ca_indicator_rows_skip(&series->rows, &bar);
}

static void
take_nothing(TupleTableSlot *slot, void *taker)
{
}

/* note that there is a row */
static void
take_notice(TupleTableSlot *slot, void *taker)
{
	*(bool *) taker = true;
}

/* whether the series may have candles built from finer ones */
static bool
has_finer_candles(const CaArgument *arguments)
{
	bool found = false;

	ca_read_query("SELECT FROM timeframes() AS t "
				  "CROSS JOIN LATERAL (SELECT FROM price_history AS h "
				  "WHERE h.asset_id = $1 AND h.timeframe = t "
				  "ORDER BY h.candle_time LIMIT 1) AS h "
				  "WHERE timeframe_divides(t, $2) LIMIT 1",
				  arguments, 2, take_notice, &found);
	return found;
}

/* asset, timeframe, until, and the end of the candles that are wanted */
static void
begin_compressed(const CaArgument *arguments, Oid namespace_oid, Series *series)
{
	const int columns = 1 << CA_COMPRESSED_HIGH | 1 << CA_COMPRESSED_LOW |
						1 << CA_COMPRESSED_CLOSE;
	CaBounds *bounds = &series->scan.bounds;
	bool isnull = false;

	ca_bounds_init(bounds);
	ca_bounds_asset(bounds, INT4OID, &arguments[0].value, &isnull, 1);
	ca_bounds_timeframe(bounds, &arguments[1].value, &isnull, 1);
	for (int i = 2; i < 4; i++)
		if (!arguments[i].isnull)
			ca_bounds_time(bounds, BTLessStrategyNumber, TIMESTAMPTZOID,
						   &arguments[i].value, &isnull, 1);
	series->candle_context = AllocSetContextCreate(
		CurrentMemoryContext, "compressed candle", ALLOCSET_SMALL_SIZES);
	ca_column_scan_begin(&series->scan, namespace_oid, columns,
						 CA_SCAN_ASCENDING);
	series->has_compressed = ca_column_scan_next(&series->scan);
	series->compressed = series->scan.from;
}

/* asset, timeframe, until, and the end of the candles that are wanted */
static void
read_candles(const CaArgument *arguments, Oid namespace_oid, Series *series)
{
	if (has_finer_candles(arguments))
		ca_read_query("SELECT c.time, c.high, c.low, c.close "
					  "FROM candles($1, $2, NULL, $3) AS c "
					  "WHERE c.time < $4 ORDER BY c.time",
					  arguments, 4, take_candle, series);
	else
	{
		begin_compressed(arguments, namespace_oid, series);
		ca_read_query(
			"SELECT h.candle_time, h.high_price, h.low_price, h.close_price "
			"FROM price_history AS h "
			"WHERE NOT h.compressed AND h.asset_id = $1 AND h.timeframe = $2 "
			"AND h.candle_time < coalesce($3, 'infinity') "
			"AND h.candle_time < $4 ORDER BY h.candle_time",
			arguments, 4, take_candle, series);
		take_compressed_before(series, DT_NOEND);
		ca_column_scan_end(&series->scan);
	}
	ca_indicator_rows_flush(&series->rows);
}

/*
 * technical_indicators(asset integer, timeframe text, since timestamptz,
 * until timestamptz, include_open boolean, convention text, gaps text)
 * -> setof (candle_time timestamptz, close_price numeric, 22 double precision)
 *
 * A value is NULL until it is warm.  Errors: 22004 and 22023 for arguments
 * that are NULL or unknown, as in ca_check_series().
 */
Datum
ca_technical_indicators(PG_FUNCTION_ARGS)
{
	CaArgument arguments[] = {
		query_argument(fcinfo, ARG_ASSET, INT4OID),
		query_argument(fcinfo, ARG_TIMEFRAME, TEXTOID),
		query_argument(fcinfo, ARG_SINCE, TIMESTAMPTZOID),
		query_argument(fcinfo, ARG_UNTIL, TIMESTAMPTZOID)};
	bool include_open =
		!PG_ARGISNULL(ARG_INCLUDE_OPEN) && PG_GETARG_BOOL(ARG_INCLUDE_OPEN);
	TimestampTz stop = DT_NOEND;
	Series series = {.next = DT_NOBEGIN, .since = DT_NOBEGIN};
	CaConvention convention;
	ReturnSetInfo *result;

	ca_read_query("SELECT ca_check_series($1, $2, $3, $4)", arguments, 4,
				  take_nothing, NULL);
	series.timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(ARG_TIMEFRAME));
	series.gaps = gaps_argument(fcinfo);
	convention = ca_parameters_convention_argument(fcinfo, ARG_CONVENTION);
	if (!PG_ARGISNULL(ARG_SINCE))
		series.since = PG_GETARG_TIMESTAMPTZ(ARG_SINCE);
	if (!include_open)
		stop = ca_timeframe_start(
			series.timeframe,
			ca_timeframe_ordinal(series.timeframe,
								 GetCurrentTransactionStartTimestamp()));

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	ca_indicator_rows_init(&series.rows, convention, result->setResult,
						   result->setDesc);

	arguments[2] = arguments[3];
	arguments[3] =
		(CaArgument){TIMESTAMPTZOID, TimestampTzGetDatum(stop), false};
	read_candles(arguments, ca_extension_schema(), &series);
	return (Datum) 0;
}
