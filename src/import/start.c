/*-------------------------------------------------------------------------
 *
 * start.c
 *		The start of a candle from the times of an imported element.
 *
 * Errors: 22023 for a time that is not the start of a candle of the timeframe, and
 * for one before 2009, which probably counts seconds, unless trust_times is set.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"

#include "import/element.h"
#include "numeric/numeric.h"

#define UNIX_EPOCH ((UNIX_EPOCH_JDATE - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

/* the first and the last millisecond of the years 1 to 9999 */
#define FIRST_MILLISECOND INT64CONST(-62135596800000)
#define LAST_MILLISECOND INT64CONST(253402300799999)

/* 2009-01-01: before the first Bitcoin, and after all seconds taken for milliseconds */
#define EARLIEST_MILLISECOND INT64CONST(1230768000000)

/*
 * The moment that a field gives in milliseconds since 1970, computed in double
 * precision like interval * double precision.
 */
static TimestampTz
moment(const CaImport *import, const JsonbValue *field)
{
	Numeric value = ca_import_number(field);
	int64 milliseconds = PG_INT64_MAX;

	if (value == NULL)
		ca_import_refuse(import, "has no finite number as time",
						 CA_NUMBER_HINT);
	/* 18 digits are an int64; microseconds of our time have 16 */
	if (ca_numeric_decimals(NumericGetDatum(value)) == 0 &&
		ca_numeric_integer_digits(NumericGetDatum(value)) <= 18)
		milliseconds = DatumGetInt64(
			DirectFunctionCall1(numeric_int8, NumericGetDatum(value)));
	if (milliseconds < FIRST_MILLISECOND || milliseconds > LAST_MILLISECOND)
		ca_import_refuse(
			import,
			"has a time that is not a number of milliseconds since 1970",
			"Multiply seconds by 1000; divide microseconds, which Binance "
			"sends for spot markets since 2025, by 1000.");
	if (milliseconds < EARLIEST_MILLISECOND && !import->trust_times)
		ca_import_refuse(
			import, "has a time before 2009",
			"Times are milliseconds since 1970: multiply seconds by 1000.  "
			"trust_times => true accepts candles before 2009.");
	return UNIX_EPOCH + (int64) rint(1000.0 * (double) milliseconds);
}

static const char *
utc(TimestampTz time)
{
	return DatumGetCString(
		DirectFunctionCall1(timestamp_out, TimestampGetDatum(time)));
}

/* the start of the candle that opens, or for CoinGecko closes, at this moment */
static TimestampTz
candle_start(const CaImport *import, TimestampTz named)
{
	bool at_close = import->format == CA_FORMAT_COINGECKO;
	int64 ordinal = ca_timeframe_ordinal(import->timeframe, named - at_close);

	if (named != ca_timeframe_start(import->timeframe, ordinal + at_close))
		ca_import_refuse(
			import,
			psprintf("is off the boundary of a %s candle",
					 import->timeframe->code),
			psprintf("Its time, as milliseconds since 1970, is %s UTC.%s",
					 utc(named),
					 import->timeframe->months == 0 &&
							 import->timeframe->usecs < USECS_PER_DAY
						 ? ""
						 : "  Days begin at 00:00 UTC, and weeks on Monday; "
						   "where a provider begins them elsewhere, as KuCoin "
						   "and Hyperliquid begin weeks on Thursday, import "
						   "shorter candles and roll them up."));
	return ca_timeframe_start(import->timeframe, ordinal);
}

/* refuse a close time that contradicts the timeframe; null is no close time */
static void
check_close(const CaImport *import, const JsonbValue *field, TimestampTz start)
{
	TimestampTz end = ca_timeframe_after(import->timeframe, start);
	TimestampTz close;

	if (field->type == jbvNull)
		return;
	close = moment(import, field);
	/* Binance sends the last millisecond, others with its format send the end */
	if (close != end && close != end - 1000)
		ca_import_refuse(
			import,
			psprintf("closes at %s UTC, not at the end of a %s candle",
					 utc(close), import->timeframe->code),
			"Pass the timeframe that the provider was asked for.");
}

/* the start of the candle of an element with these fields */
TimestampTz
ca_import_start(const CaImport *import, const JsonbValue *fields)
{
	TimestampTz start = candle_start(import, moment(import, &fields[0]));

	if (import->format == CA_FORMAT_BINANCE)
		check_close(import, &fields[6], start);
	return start;
}
