/*-------------------------------------------------------------------------
 *
 * breakouts.c
 *		ca_breakout_bars(): breakouts of a series of candles and their retests.
 *
 * kernel/breakout.c has the rules.  A row waits until no later bar can change
 * it, that is for as many bars as a retest may take, and the numerics of the
 * bars in the channel are kept so that a level is the price to the last digit.
 * So memory is bounded by the two numbers of bars.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "analytics/kernel/breakout.h"
#include "base/checks.h"
#include "base/query.h"
#include "numeric/numeric.h"

/* the arguments */
enum
{
	ARG_ASSET,
	ARG_TIMEFRAME,
	ARG_BARS,
	ARG_RETEST_BARS,
	ARG_TOLERANCE,
	ARG_BEGIN,
	ARG_SINCE,
	ARG_UNTIL,
	ARG_ALL_BARS
};

/* the columns of a candle as it is read */
enum
{
	CANDLE_TIME,
	CANDLE_HIGH,
	CANDLE_LOW,
	CANDLE_CLOSE,
	CANDLE_VOLUME
};

/* the columns of the result */
enum
{
	ROW_TIME,
	ROW_CLOSE,
	ROW_DIRECTION,
	ROW_LEVEL,
	ROW_FRESH,
	ROW_RATIO,
	ROW_RETEST,
	ROW_RETESTED_AT,
	ROW_COLUMNS
};

/* a bar whose row waits */
typedef struct Waiting
{
	TimestampTz time;
	CaBreakoutFacts facts;
	Datum close;
	Datum level; /* if facts.direction */
	bool is_retested;
	TimestampTz retested_at;
} Waiting;

typedef struct Series
{
	CaBreakouts breakouts;
	MemoryContext context; /* of the numerics */
	Datum *highs;          /* rings of "bars"; 0 where there is none */
	Datum *lows;
	Waiting *waiting; /* a ring of retest_bars + 1 */
	int64 written;    /* bars that no longer wait */
	TimestampTz since;
	bool all_bars;
	ReturnSetInfo *result;
} Series;

PG_FUNCTION_INFO_V1(ca_breakout_bars);

static Waiting *
waiting_bar(const Series *series, int64 bar)
{
	return &series->waiting[bar % (series->breakouts.retest_bars + 1)];
}

static Datum
keep_numeric(const Series *series, Datum value)
{
	MemoryContext old = MemoryContextSwitchTo(series->context);
	Datum kept = datumCopy(value, false, -1);

	MemoryContextSwitchTo(old);
	return kept;
}

static void
put_row(const Series *series, const Waiting *bar)
{
	const CaBreakoutFacts *facts = &bar->facts;
	Datum columns[ROW_COLUMNS] = {0};
	bool nulls[ROW_COLUMNS] = {false};

	columns[ROW_TIME] = TimestampTzGetDatum(bar->time);
	columns[ROW_CLOSE] = bar->close;
	columns[ROW_DIRECTION] = Int32GetDatum(facts->direction);
	nulls[ROW_DIRECTION] = !facts->known;
	columns[ROW_LEVEL] = bar->level;
	nulls[ROW_LEVEL] = facts->direction == 0;
	columns[ROW_FRESH] = BoolGetDatum(facts->fresh);
	nulls[ROW_FRESH] = !facts->known;
	columns[ROW_RATIO] = Float8GetDatum(facts->ratio);
	nulls[ROW_RATIO] = !facts->has_ratio || !isfinite(facts->ratio);
	columns[ROW_RETEST] = BoolGetDatum(facts->retest);
	columns[ROW_RETESTED_AT] = TimestampTzGetDatum(bar->retested_at);
	nulls[ROW_RETESTED_AT] = !bar->is_retested;
	tuplestore_putvalues(series->result->setResult, series->result->setDesc,
						 columns, nulls);
}

/* write the rows of the bars up to this one, which no later bar changes */
static void
write_rows(Series *series, int64 last)
{
	for (; series->written <= last; series->written++)
	{
		Waiting *bar = waiting_bar(series, series->written);

		if (bar->time >= series->since &&
			(series->all_bars || bar->facts.direction != 0))
			put_row(series, bar);
		pfree(DatumGetPointer(bar->close));
		if (bar->facts.direction != 0)
			pfree(DatumGetPointer(bar->level));
	}
}

/* the level of a breakout, and this bar's own high and low in its place */
static void
turn_rings(Series *series, int64 bar, Waiting *waiting, Datum high, Datum low)
{
	int bars = series->breakouts.bars;
	const CaBreakoutFacts *facts = &waiting->facts;
	int place = (int) (bar % bars);

	if (facts->direction != 0)
	{
		const Datum *ring = facts->direction > 0 ? series->highs : series->lows;

		waiting->level = keep_numeric(series, ring[facts->level_bar % bars]);
	}
	if (bar >= bars)
	{
		pfree(DatumGetPointer(series->highs[place]));
		pfree(DatumGetPointer(series->lows[place]));
	}
	series->highs[place] = keep_numeric(series, high);
	series->lows[place] = keep_numeric(series, low);
}

/* one candle, in order of time */
static void
take_candle(TupleTableSlot *slot, void *taker)
{
	Series *series = taker;
	int64 number = series->breakouts.bar;
	Waiting *waiting = waiting_bar(series, number);
	CaBreakoutBar bar;

	slot_getallattrs(slot);
	bar.high = ca_price_from_numeric(slot->tts_values[CANDLE_HIGH]);
	bar.low = ca_price_from_numeric(slot->tts_values[CANDLE_LOW]);
	bar.close = ca_price_from_numeric(slot->tts_values[CANDLE_CLOSE]);
	bar.has_volume = !slot->tts_isnull[CANDLE_VOLUME];
	if (bar.has_volume)
		bar.volume = ca_price_from_numeric(slot->tts_values[CANDLE_VOLUME]);

	write_rows(series, number - series->breakouts.retest_bars - 1);
	memset(waiting, 0, sizeof(*waiting));
	waiting->time = DatumGetTimestampTz(slot->tts_values[CANDLE_TIME]);
	waiting->close = keep_numeric(series, slot->tts_values[CANDLE_CLOSE]);
	ca_breakouts_update(&series->breakouts, &bar, &waiting->facts);
	turn_rings(series, number, waiting, slot->tts_values[CANDLE_HIGH],
			   slot->tts_values[CANDLE_LOW]);
	for (int way = 0; way < 2; way++)
		if (waiting->facts.tested[way] >= 0)
		{
			Waiting *tested = waiting_bar(series, waiting->facts.tested[way]);

			tested->is_retested = true;
			tested->retested_at = waiting->time;
		}
}

static void
begin_series(Series *series, int bars, int retest_bars, double tolerance)
{
	series->context = AllocSetContextCreate(CurrentMemoryContext, "breakouts",
											ALLOCSET_DEFAULT_SIZES);
	series->highs = palloc0(bars * sizeof(Datum));
	series->lows = palloc0(bars * sizeof(Datum));
	series->waiting = palloc0((retest_bars + 1) * sizeof(Waiting));
	ca_breakouts_init(&series->breakouts, bars, retest_bars, tolerance,
					  palloc(ca_breakouts_size(bars)));
}

static CaArgument
query_argument(FunctionCallInfo fcinfo, int argument, Oid type)
{
	CaArgument result = {type, PG_GETARG_DATUM(argument),
						 PG_ARGISNULL(argument)};

	return result;
}

/*
 * ca_breakout_bars(asset integer, timeframe text, bars integer, retest_bars
 * integer, tolerance double precision, begin timestamptz, since timestamptz,
 * until timestamptz, all_bars boolean) -> setof (time, close, direction, level,
 * fresh, volume_ratio, retest, retested_at)
 *
 * Bars are counted from "begin" on, and those from "since" on have rows.  Any
 * time may be NULL; another NULL gives no rows.  Errors: 22023 for a number of
 * bars that is not in 1..10000.
 */
Datum
ca_breakout_bars(PG_FUNCTION_ARGS)
{
	CaArgument arguments[] = {
		query_argument(fcinfo, ARG_ASSET, INT4OID),
		query_argument(fcinfo, ARG_TIMEFRAME, TEXTOID),
		query_argument(fcinfo, ARG_BEGIN, TIMESTAMPTZOID),
		query_argument(fcinfo, ARG_UNTIL, TIMESTAMPTZOID)};
	int bars = PG_GETARG_INT32(ARG_BARS);
	int retest_bars = PG_GETARG_INT32(ARG_RETEST_BARS);
	Series series = {.since = DT_NOBEGIN,
					 .all_bars = PG_GETARG_BOOL(ARG_ALL_BARS)};

	InitMaterializedSRF(fcinfo, 0);
	for (int i = ARG_ASSET; i < ARG_BEGIN; i++)
		if (PG_ARGISNULL(i))
			return (Datum) 0;
	ca_check_period(bars, "bars");
	ca_check_period(retest_bars, "retest_bars");
	if (!PG_ARGISNULL(ARG_SINCE))
		series.since = PG_GETARG_TIMESTAMPTZ(ARG_SINCE);
	series.result = (ReturnSetInfo *) fcinfo->resultinfo;
	begin_series(&series, bars, retest_bars, PG_GETARG_FLOAT8(ARG_TOLERANCE));
	ca_read_query("SELECT c.time, c.high, c.low, c.close, c.volume "
				  "FROM candles($1, $2, $3, $4) AS c ORDER BY c.time",
				  arguments, 4, take_candle, &series);
	write_rows(&series, series.breakouts.bar - 1);
	return (Datum) 0;
}
