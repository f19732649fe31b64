/*-------------------------------------------------------------------------
 *
 * series.c
 *		All indicators of a series of candles in one pass.
 *
 * technical_indicators() reads the candles of a series from the first one on, so
 * that a value does not depend on where the rows that it returns begin, and lets
 * one engine see each of them.
 *
 * Memory: that of the engine and of a block of candles, some 0.4 MB.  Rows go to a tuplestore, which is within
 * work_mem and on disk beyond that.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include <math.h>

#include "access/xact.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "indicators/block.h"
#include "indicators/parameters.h"
#include "numeric.h"
#include "reader.h"
#include "timeframe.h"

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

/* what comes before the values in a row */
#define ROW_TIME 0
#define ROW_CLOSE 1
#define FIRST_VALUE 2
#define ROW_COLUMNS 24

/* an indicator of the row, and which of its values are columns, in order */
typedef struct SeriesIndicator
{
	const CaIndicator *indicator;
	int period; /* 0: the usual ones */
	int ncolumns;
	int columns[CA_MAX_VALUES];
} SeriesIndicator;

static const SeriesIndicator series_indicators[] = {
	{&ca_rsi, 7, 1, {0}},          {&ca_rsi, 14, 1, {0}},
	{&ca_sma, 20, 1, {0}},         {&ca_sma, 50, 1, {0}},
	{&ca_sma, 100, 1, {0}},        {&ca_sma, 200, 1, {0}},
	{&ca_ema, 20, 1, {0}},         {&ca_ema, 50, 1, {0}},
	{&ca_ema, 100, 1, {0}},        {&ca_ema, 200, 1, {0}},
	{&ca_macd, 0, 3, {0, 1, 2}},   {&ca_bollinger, 0, 3, {0, 2, 3}},
	{&ca_atr, 0, 1, {0}},          {&ca_adx, 0, 3, {0, 1, 2}},
	{&ca_stochastic, 0, 2, {0, 1}}};

#define SERIES_INDICATORS ((int) lengthof(series_indicators))

typedef enum Gaps
{
	GAPS_IGNORE,
	GAPS_FILL,
	GAPS_BREAK
} Gaps;

/* in the order of Gaps */
static const char *const gaps_names[] = {"ignore", "fill", "break"};

/* a candle that waits for its block to be full */
typedef struct Candle
{
	TimestampTz time;
	bool wanted; /* a row of its own: not of a gap, nor before "since" */
	int close;   /* where its close is in Series.closes */
} Candle;

typedef struct Series
{
	const CaTimeframe *timeframe;
	TimestampTz since;
	Gaps gaps;
	CaRequest requests[SERIES_INDICATORS];
	size_t engine_size;
	CaEngine *engine;
	CaBlock *block;
	int count; /* candles that wait */
	CaBar bars[CA_BLOCK];
	Candle candles[CA_BLOCK];
	StringInfoData closes; /* as they were read, a close each */
	TimestampTz next;      /* end of the last candle; DT_NOBEGIN before the first */
	CaPrice close;    /* of the last candle */
	Tuplestorestate *rows;
	TupleDesc row_type;
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
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown treatment of gaps"),
			errdetail("Value is %s.", name ? quote_literal_cstr(name) : "NULL"),
			errhint("ignore takes the next candle for the next bar, fill puts "
					"flat candles in between, break begins anew."));
}

static CaConvention
convention_argument(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(ARG_CONVENTION))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("convention must not be NULL"),
				errhint("Conventions are talib, tradingview and pandas."));
	return ca_get_convention(PG_GETARG_TEXT_PP(ARG_CONVENTION));
}

static CaArgument
query_argument(FunctionCallInfo fcinfo, int argument, Oid type)
{
	CaArgument result = {type, PG_GETARG_DATUM(argument),
						 PG_ARGISNULL(argument)};

	return result;
}

/* let every indicator begin anew */
static void
reset_engine(Series *series)
{
	void *memory = series->engine;

	if (memory == NULL)
		memory = palloc(series->engine_size);
	memset(memory, 0, series->engine_size);
	series->engine =
		ca_engine_init(memory, series->requests, SERIES_INDICATORS);
}

static void
make_engine(Series *series, CaConvention convention)
{
	for (int i = 0; i < SERIES_INDICATORS; i++)
	{
		const SeriesIndicator *wanted = &series_indicators[i];
		CaRequest *request = &series->requests[i];

		request->indicator = wanted->indicator;
		request->parameters = wanted->indicator->defaults;
		request->parameters.convention = convention;
		if (wanted->period != 0)
			request->parameters.periods[0] = wanted->period;
	}
	series->engine_size = ca_engine_size(series->requests, SERIES_INDICATORS);
	reset_engine(series);
	series->block = ca_block_init(palloc(ca_block_size(SERIES_INDICATORS)),
								  ca_columns());
	initStringInfo(&series->closes);
}

static TimestampTz
candle_end(const Series *series, TimestampTz time)
{
	return ca_timeframe_start(
		series->timeframe, ca_timeframe_ordinal(series->timeframe, time) + 1);
}

/* the values as of the t-th candle of the block */
static void
put_values(const Series *series, int t, Datum *columns, bool *nulls)
{
	int column = FIRST_VALUE;

	for (int i = 0; i < SERIES_INDICATORS; i++)
	{
		const SeriesIndicator *wanted = &series_indicators[i];

		for (int k = 0; k < wanted->ncolumns; k++, column++)
		{
			double value;

			nulls[column] = !ca_block_value(series->block, i,
											wanted->columns[k], t, &value);
			if (!nulls[column] && !isfinite(value))
				float_overflow_error();
			columns[column] = Float8GetDatum(value);
		}
	}
	Assert(column == ROW_COLUMNS);
}

/* let the engine see the candles that wait, and make their rows */
static void
flush_candles(Series *series)
{
	ca_engine_run(series->engine, series->block, series->bars, series->count);
	for (int t = 0; t < series->count; t++)
	{
		const Candle *candle = &series->candles[t];
		Datum columns[ROW_COLUMNS];
		bool nulls[ROW_COLUMNS] = {false};

		if (!candle->wanted)
			continue;
		columns[ROW_TIME] = TimestampTzGetDatum(candle->time);
		columns[ROW_CLOSE] =
			PointerGetDatum(series->closes.data + candle->close);
		put_values(series, t, columns, nulls);
		tuplestore_putvalues(series->rows, series->row_type, columns, nulls);
	}
	series->count = 0;
	resetStringInfo(&series->closes);
}

/* the next candle of the series, which may wait from now on */
static Candle *
add_candle(Series *series, const CaBar *bar)
{
	if (series->count == CA_BLOCK)
		flush_candles(series);
	series->bars[series->count] = *bar;
	return &series->candles[series->count++];
}

/* candles are missing before this one: do what was asked for */
static void
cross_gap(Series *series, TimestampTz time)
{
	CaBar flat = {series->close, series->close, series->close};

	if (series->gaps == GAPS_BREAK)
	{
		flush_candles(series);
		reset_engine(series);
	}
	else if (series->gaps == GAPS_FILL)
		for (; series->next < time;
			 series->next = candle_end(series, series->next))
		{
			CHECK_FOR_INTERRUPTS();
			add_candle(series, &flat)->wanted = false;
		}
}

/* keep a close until its row is made */
static int
keep_close(Series *series, Datum close)
{
	StringInfo closes = &series->closes;
	int size = (int) VARSIZE_ANY(DatumGetPointer(close));
	int place = closes->len;

	enlargeStringInfo(closes, MAXALIGN(size));
	memcpy(closes->data + place, DatumGetPointer(close), size);
	closes->len += MAXALIGN(size);
	return place;
}

/* one candle: high, low and close are numeric and not NULL in both tables */
static void
take_candle(TupleTableSlot *slot, void *taker)
{
	Series *series = taker;
	TimestampTz time;
	CaBar bar;
	Candle *candle;

	slot_getallattrs(slot);
	time = DatumGetTimestampTz(slot->tts_values[CANDLE_TIME]);
	bar.high = ca_price_from_numeric(slot->tts_values[CANDLE_HIGH]);
	bar.low = ca_price_from_numeric(slot->tts_values[CANDLE_LOW]);
	bar.close = ca_price_from_numeric(slot->tts_values[CANDLE_CLOSE]);

	if (series->gaps != GAPS_IGNORE)
	{
		if (series->next < time && series->next != DT_NOBEGIN)
			cross_gap(series, time);
		series->next = candle_end(series, time);
		series->close = bar.close;
	}

	candle = add_candle(series, &bar);
	candle->time = time;
	candle->wanted = time >= series->since;
	if (candle->wanted)
		candle->close = keep_close(series, slot->tts_values[CANDLE_CLOSE]);
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

/* whether the series may have candles that are built from finer ones */
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
read_candles(const CaArgument *arguments, Series *series)
{
	const char *query =
		has_finer_candles(arguments)
			? "SELECT c.time, c.high, c.low, c.close "
			  "FROM candles($1, $2, NULL, $3) AS c "
			  "WHERE c.time < $4 ORDER BY c.time"
			: "SELECT h.candle_time, h.high_price, h.low_price, h.close_price "
			  "FROM price_history AS h "
			  "WHERE h.asset_id = $1 AND h.timeframe = $2 "
			  "AND h.candle_time < coalesce($3, 'infinity') "
			  "AND h.candle_time < $4 ORDER BY h.candle_time";

	ca_read_query(query, arguments, 4, take_candle, series);
	flush_candles(series);
}

/*
 * technical_indicators(asset integer, timeframe text, since timestamptz,
 * until timestamptz, include_open boolean, convention text, gaps text)
 * -> setof (candle_time timestamptz, close_price numeric, 22 double precision)
 *
 * A value is NULL until it is warm.  Errors: 22004 and 22023 for arguments that
 * are NULL or unknown, as the checks of the SQL functions have them.
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
	ReturnSetInfo *result;

	ca_read_query("SELECT ca_check_series($1, $2, $3, $4)", arguments, 4,
				  take_nothing, NULL);
	series.timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(ARG_TIMEFRAME));
	series.gaps = gaps_argument(fcinfo);
	make_engine(&series, convention_argument(fcinfo));
	if (!PG_ARGISNULL(ARG_SINCE))
		series.since = PG_GETARG_TIMESTAMPTZ(ARG_SINCE);
	if (!include_open)
		stop = ca_timeframe_start(
			series.timeframe,
			ca_timeframe_ordinal(series.timeframe,
								 GetCurrentTransactionStartTimestamp()));

	InitMaterializedSRF(fcinfo, 0);
	result = (ReturnSetInfo *) fcinfo->resultinfo;
	series.rows = result->setResult;
	series.row_type = result->setDesc;
	if (series.row_type->natts != ROW_COLUMNS)
		elog(ERROR, "technical_indicators must return %d columns", ROW_COLUMNS);

	arguments[2] = arguments[3];
	arguments[3] =
		(CaArgument){TIMESTAMPTZOID, TimestampTzGetDatum(stop), false};
	read_candles(arguments, &series);
	return (Datum) 0;
}
