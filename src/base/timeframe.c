/*-------------------------------------------------------------------------
 *
 * timeframe.c
 *		Timeframe codes and candle boundaries.
 *
 * Every boundary is a moment in UTC, whatever the session's time zone.  Minute
 * and hour candles align to 00:00, day candles to 1970-01-01, weeks start on
 * Monday, months are calendar months.  An ordinal numbers the candles of a
 * timeframe: the boundary after candle n starts candle n + 1.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "base/timeframe.h"

/* timestamps count from Saturday 2000-01-01; the first Monday is the 3rd */
#define MONDAY (2 * USECS_PER_DAY)

/*
 * The first boundary of 3-day candles from 2000 on is also the 3rd, 10959 days after
 * 1970-01-01.  An origin in 1970 would be too far from the last timestamps.
 */
#define THIRD_DAY (2 * USECS_PER_DAY)

PG_FUNCTION_INFO_V1(ca_timeframe_is_valid);
PG_FUNCTION_INFO_V1(ca_timeframe_bucket);
PG_FUNCTION_INFO_V1(ca_timeframe_end);
PG_FUNCTION_INFO_V1(ca_timeframe_count);
PG_FUNCTION_INFO_V1(ca_timeframe_divides);
PG_FUNCTION_INFO_V1(ca_timeframe_length);

/* shortest first */
static const CaTimeframe timeframes[CA_TIMEFRAMES] = {
	{"1m", 0, 1 * USECS_PER_MINUTE, 0},
	{"3m", 0, 3 * USECS_PER_MINUTE, 0},
	{"5m", 0, 5 * USECS_PER_MINUTE, 0},
	{"15m", 0, 15 * USECS_PER_MINUTE, 0},
	{"30m", 0, 30 * USECS_PER_MINUTE, 0},
	{"1h", 0, 1 * USECS_PER_HOUR, 0},
	{"2h", 0, 2 * USECS_PER_HOUR, 0},
	{"4h", 0, 4 * USECS_PER_HOUR, 0},
	{"6h", 0, 6 * USECS_PER_HOUR, 0},
	{"8h", 0, 8 * USECS_PER_HOUR, 0},
	{"12h", 0, 12 * USECS_PER_HOUR, 0},
	{"1d", 0, 1 * USECS_PER_DAY, 0},
	{"3d", 0, 3 * USECS_PER_DAY, THIRD_DAY},
	{"1w", 0, 7 * USECS_PER_DAY, MONDAY},
	{"1M", 1, 0, 0}};

/*
 * The timeframe of a code, or NULL; the code need not end in a zero byte.
 *
 * This is called for every row, so codes, which have two or three bytes, are compared
 * as one number.
 */
const CaTimeframe *
ca_timeframe_find(const char *code, int length)
{
	const unsigned char *byte = (const unsigned char *) code;
	uint32 key;

	if (length != 2 && length != 3)
		return NULL;
	key = byte[0] | byte[1] << 8 | (length == 3 ? byte[2] : 0) << 16;
	for (int i = 0; i < CA_TIMEFRAMES; i++)
	{
		const unsigned char *known = (const unsigned char *) timeframes[i].code;

		if (key == (uint32) (known[0] | known[1] << 8 | known[2] << 16))
			return byte[length - 1] != 0 ? &timeframes[i] : NULL;
	}
	return NULL;
}

/*
 * The timeframe of a code.  Errors: 22023 if the code is unknown.
 */
const CaTimeframe *
ca_timeframe_get(const text *code)
{
	const CaTimeframe *timeframe =
		ca_timeframe_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code));

	if (timeframe == NULL)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unknown timeframe"),
				errdetail("Value is \"%.*s\".",
						  pg_mbcliplen(VARDATA_ANY(code),
									   VARSIZE_ANY_EXHDR(code), 64),
						  VARDATA_ANY(code)),
				errhint("Timeframes are %s; m is minute, M is month.",
						CA_TIMEFRAME_CODES));
	return timeframe;
}

static int64
floor_div(int64 n, int64 d)
{
	return n / d - (n % d < 0);
}

/* the ordinal of the candle that holds a finite ts */
int64
ca_timeframe_ordinal(const CaTimeframe *timeframe, TimestampTz ts)
{
	int year;
	int month;
	int day;

	if (timeframe->months == 0)
		return floor_div(ts - timeframe->origin, timeframe->usecs);

	j2date(floor_div(ts, USECS_PER_DAY) + POSTGRES_EPOCH_JDATE, &year, &month,
		   &day);
	return floor_div((int64) year * MONTHS_PER_YEAR + month - 1,
					 timeframe->months);
}

/* the start of the candle with this ordinal, even if it is out of range */
static TimestampTz
timeframe_boundary(const CaTimeframe *timeframe, int64 ordinal)
{
	int64 month = ordinal * timeframe->months;
	int64 year;

	if (timeframe->months == 0)
		return timeframe->origin + ordinal * timeframe->usecs;

	year = floor_div(month, MONTHS_PER_YEAR);
	return (date2j(year, month - year * MONTHS_PER_YEAR + 1, 1) -
			POSTGRES_EPOCH_JDATE) *
		   USECS_PER_DAY;
}

/*
 * The start of the candle with this ordinal.  Errors: 22008 if it lies
 * outside the range of timestamps.
 */
TimestampTz
ca_timeframe_start(const CaTimeframe *timeframe, int64 ordinal)
{
	TimestampTz start = timeframe_boundary(timeframe, ordinal);

	if (!IS_VALID_TIMESTAMP(start))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("timestamp out of range"),
				errdetail("A boundary of the %s candle lies outside the range "
						  "of timestamps.",
						  timeframe->code));
	return start;
}

/*
 * The start of the candle that holds a finite ts, and its end, which may lie outside
 * the range of timestamps.  Errors: 22008 if the start does.
 */
TimestampTz
ca_timeframe_span(const CaTimeframe *timeframe, TimestampTz ts,
				  TimestampTz *end)
{
	int64 ordinal = ca_timeframe_ordinal(timeframe, ts);

	*end = timeframe_boundary(timeframe, ordinal + 1);
	return ca_timeframe_start(timeframe, ordinal);
}

/* the first instant after the candle that holds ts.  Errors: 22008. */
TimestampTz
ca_timeframe_after(const CaTimeframe *timeframe, TimestampTz ts)
{
	if (TIMESTAMP_NOT_FINITE(ts))
		return ts;
	return ca_timeframe_start(timeframe,
							  ca_timeframe_ordinal(timeframe, ts) + 1);
}

/* the start of the candle that holds ts.  Errors: 22008. */
TimestampTz
ca_timeframe_at(const CaTimeframe *timeframe, TimestampTz ts)
{
	if (TIMESTAMP_NOT_FINITE(ts))
		return ts;
	return ca_timeframe_start(timeframe, ca_timeframe_ordinal(timeframe, ts));
}

/* the position of a timeframe, shortest first: 0 .. CA_TIMEFRAMES - 1 */
int
ca_timeframe_index(const CaTimeframe *timeframe)
{
	return timeframe - timeframes;
}

/* the timeframe at a position */
const CaTimeframe *
ca_timeframe_by_index(int index)
{
	return &timeframes[index];
}

/*
 * Whether every candle of target consists of whole candles of source.
 *
 * A timeframe that divides a day aligns to 00:00, so it also divides weeks and months.
 * Three-day candles and weeks divide neither months nor each other.
 */
bool
ca_timeframe_is_source(const CaTimeframe *source, const CaTimeframe *target)
{
	if (source == target || source->months != 0)
		return false;
	if (target->months != 0 || target->usecs > USECS_PER_DAY)
		return USECS_PER_DAY % source->usecs == 0;
	return target->usecs % source->usecs == 0;
}

/*
 * timeframe_is_valid(text) -> boolean
 */
Datum
ca_timeframe_is_valid(PG_FUNCTION_ARGS)
{
	text *code = PG_GETARG_TEXT_PP(0);

	PG_RETURN_BOOL(
		ca_timeframe_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code)) != NULL);
}

/*
 * timeframe_bucket(timeframe, ts) -> start of the candle that holds ts
 *
 * An infinite ts is its own boundary.  Errors: 22023, 22008.
 */
Datum
ca_timeframe_bucket(PG_FUNCTION_ARGS)
{
	const CaTimeframe *timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	TimestampTz ts = PG_GETARG_TIMESTAMPTZ(1);

	PG_RETURN_TIMESTAMPTZ(ca_timeframe_at(timeframe, ts));
}

/*
 * timeframe_end(timeframe, candle_time) -> first instant after that candle
 *
 * An infinite time is its own end.  Errors: 22023, 22008.
 */
Datum
ca_timeframe_end(PG_FUNCTION_ARGS)
{
	const CaTimeframe *timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	TimestampTz ts = PG_GETARG_TIMESTAMPTZ(1);

	PG_RETURN_TIMESTAMPTZ(ca_timeframe_after(timeframe, ts));
}

/*
 * timeframe_count(timeframe, since, until) -> number of candles that start in
 * [since, until); 0 if until is not after since
 *
 * Errors: 22023, and 22008 for an infinite bound.
 */
Datum
ca_timeframe_count(PG_FUNCTION_ARGS)
{
	const CaTimeframe *timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	TimestampTz since = PG_GETARG_TIMESTAMPTZ(1);
	TimestampTz until = PG_GETARG_TIMESTAMPTZ(2);

	if (TIMESTAMP_NOT_FINITE(since) || TIMESTAMP_NOT_FINITE(until))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("cannot count candles in an infinite range"),
				errhint("Give finite bounds."));
	if (until <= since)
		PG_RETURN_INT64(0);

	/* starts before x are the ordinals up to the one that holds x - 1 */
	PG_RETURN_INT64(ca_timeframe_ordinal(timeframe, until - 1) -
					ca_timeframe_ordinal(timeframe, since - 1));
}

/*
 * timeframe_divides(source, timeframe) -> whether every candle of timeframe
 * consists of whole candles of source; a timeframe does not divide itself
 *
 * Errors: 22023.
 */
Datum
ca_timeframe_divides(PG_FUNCTION_ARGS)
{
	const CaTimeframe *source = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	const CaTimeframe *target = ca_timeframe_get(PG_GETARG_TEXT_PP(1));

	PG_RETURN_BOOL(ca_timeframe_is_source(source, target));
}

/*
 * timeframe_length(timeframe) -> nominal length as an interval
 *
 * Errors: 22023.
 */
Datum
ca_timeframe_length(PG_FUNCTION_ARGS)
{
	const CaTimeframe *timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	Interval *length = palloc0(sizeof(Interval));

	length->month = timeframe->months;
	if (timeframe->usecs >= USECS_PER_DAY)
		length->day = timeframe->usecs / USECS_PER_DAY;
	else
		length->time = timeframe->usecs;
	PG_RETURN_INTERVAL_P(length);
}
