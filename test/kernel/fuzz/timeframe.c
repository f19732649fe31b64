/*-------------------------------------------------------------------------
 *
 * timeframe.c
 *		Any text as a timeframe code, and any valid times.
 *
 * An input is two times of 8 bytes, then a code.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "datatype/timestamp.h"
#include "utils/timestamp.h"

#include "base/timeframe.h"

extern Datum ca_timeframe_is_valid(PG_FUNCTION_ARGS);
extern Datum ca_timeframe_bucket(PG_FUNCTION_ARGS);
extern Datum ca_timeframe_end(PG_FUNCTION_ARGS);
extern Datum ca_timeframe_count(PG_FUNCTION_ARGS);
extern Datum ca_timeframe_length(PG_FUNCTION_ARGS);

static text *code;
static TimestampTz since;
static TimestampTz until;

/* whether timestamptz_recv() accepts it */
static bool
is_timestamp(TimestampTz ts)
{
	return TIMESTAMP_NOT_FINITE(ts) || IS_VALID_TIMESTAMP(ts);
}

static void
parse_code(const uint8 *data, size_t size)
{
	Datum code_argument = PointerGetDatum(code);
	Datum known;
	Datum length;

	require(call(ca_timeframe_is_valid, 1, &code_argument, &known));
	require(DatumGetBool(known) ==
			(ca_timeframe_find((const char *) data, (int) size) != NULL));
	require(call(ca_timeframe_length, 1, &code_argument, &length));
	require(DatumGetBool(known));
}

static void
count_candles(const uint8 *data, size_t size)
{
	Datum arguments[] = {PointerGetDatum(code), TimestampTzGetDatum(since),
						 TimestampTzGetDatum(until)};
	Datum count;

	require(call(ca_timeframe_count, 3, arguments, &count));
	require(DatumGetInt64(count) >= 0);
	require(since < until || DatumGetInt64(count) == 0);
}

static void
find_candle(const uint8 *data, size_t size)
{
	Datum arguments[] = {PointerGetDatum(code), TimestampTzGetDatum(since)};
	Datum start;
	Datum end;

	require(call(ca_timeframe_bucket, 2, arguments, &start));
	require(DatumGetTimestampTz(start) <= since);
	require(call(ca_timeframe_end, 2, arguments, &end));
	require(DatumGetTimestampTz(end) > since || TIMESTAMP_NOT_FINITE(since));
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	size_t times = sizeof(since) + sizeof(until);

	if (size < times)
		return 0;
	memcpy(&since, data, sizeof(since));
	memcpy(&until, data + sizeof(since), sizeof(until));
	data += times;
	size -= times;
	if (!is_text(data, size))
		return 0;

	code = exact_text(data, size);
	if (!parse(parse_code, data, size) || !is_timestamp(since) ||
		!is_timestamp(until))
		return 0;
	code = exact_text(data, size);
	parse(count_candles, data, size);
	code = exact_text(data, size);
	parse(find_candle, data, size);
	return 0;
}
