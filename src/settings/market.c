/*-------------------------------------------------------------------------
 *
 * market.c
 *		The settings of market snapshots.
 *
 *	snapshots			timeframes of which maintain() builds snapshots
 *	benchmark			symbol of the asset whose price a snapshot is about
 *	price_staleness		how old a price may be
 *	halvings			[ time { "," time } ], ascending, in UTC;
 *						time = YYYY-MM-DDTHH:MM:SS, with a blank for T as well
 *	market				options, see market_options
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datetime.h"
#include "utils/timestamp.h"

#include "settings/list.h"
#include "settings/market.h"
#include "settings/options.h"
#include "settings/setting.h"

#define MAX_HALVINGS 64
#define MAX_SYMBOL 100

PG_FUNCTION_INFO_V1(ca_snapshot_timeframes);
PG_FUNCTION_INFO_V1(ca_benchmark);
PG_FUNCTION_INFO_V1(ca_price_staleness);
PG_FUNCTION_INFO_V1(ca_halvings);

typedef struct Halvings
{
	int count;
	TimestampTz times[MAX_HALVINGS];
} Halvings;

static const char *read_benchmark(const CaSetting *setting, const char *text,
								  void *result);
static const char *read_halvings(const CaSetting *setting, const char *text,
								 void *result);

static CaSetting snapshots = {
	.name = "cryptoanalytics.snapshots",
	.description = "Timeframes of which maintain() builds market snapshots.",
	.details = "A list such as 1h,4h,1d.",
	.initial = "1h,4h,1d",
	.read = ca_read_timeframes,
	.hint = CA_TIMEFRAMES_HINT,
	.suspends = true,
};

static CaSetting benchmark = {
	.name = "cryptoanalytics.benchmark",
	.description = "Symbol of the asset that market snapshots are about.",
	.initial = "BTC",
	.read = read_benchmark,
	.hint = "Write the symbol of an asset, as in assets.symbol.",
	.suspends = true,
};

static CaSetting price_staleness = {
	.name = "cryptoanalytics.price_staleness",
	.description = "How old a price may be in market snapshots.",
	.initial = "48h",
	.read = ca_read_duration,
	.hint = CA_DURATION_HINT,
	.suspends = true,
	.least = CA_HOUR,
	.greatest = 30 * CA_DAY,
};

static CaSetting halvings = {
	.name = "cryptoanalytics.halvings",
	.description = "When the reward of Bitcoin's blocks was halved, in UTC.",
	.details = "A list of times, ascending. Append the next one when it has "
			   "happened.",
	.initial = "2012-11-28T15:24:38,2016-07-09T16:46:13,2020-05-11T19:23:43,"
			   "2024-04-20T00:09:27",
	.read = read_halvings,
	.hint = "Write times in UTC as YYYY-MM-DDTHH:MM:SS, ascending, separated "
			"by commas.",
	.suspends = true,
};

/* what the sizes and bands mean is in docs/guide/layers.md */
static const CaOption market_options[] = {
	{"total_min_assets", CA_OPTION_WHOLE, 50, 1, 10000},
	{"min_assets", CA_OPTION_WHOLE, 10, 1, 10000},
	{"high_low_days", CA_OPTION_WHOLE, 365, 7, 1825},
	{"snapshot_gap", CA_OPTION_WHOLE, 1, 0, 10},
	{"current_supply", CA_OPTION_SWITCH, 1, 0, 1},
	{"altcoins_include_stablecoins", CA_OPTION_SWITCH, 0, 0, 1},
	{"seasonality_years", CA_OPTION_WHOLE, 3, 1, 20},
	{"funding_band", CA_OPTION_NUMBER, 0.00001, 0, 0.01},
	{NULL}};

static CaSetting market = {
	.name = "cryptoanalytics.market",
	.description = "Thresholds of market snapshots.",
	.details = "A list such as min_assets=20,current_supply=off. A key that is "
			   "not named keeps its default.",
	.initial = "",
	.read = ca_read_options,
	.hint = CA_OPTIONS_HINT,
	.suspends = true,
	.options = market_options,
};

/* the result is the text itself, without blanks around it */
static const char *
read_benchmark(const CaSetting *setting, const char *text, void *result)
{
	const char *end;

	while (*text == ' ' || *text == '\t')
		text++;
	end = text + strlen(text);
	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	if (end == text)
		return "It names no asset.";
	if (end - text > MAX_SYMBOL)
		return "It is too long for a symbol.";
	strlcpy(result, text, end - text + 1);
	return NULL;
}

/* a number of so many digits, and one of the characters that may follow it */
static bool
read_field(const char **at, int digits, const char *follows, int *value)
{
	*value = 0;
	for (; digits > 0; digits--, (*at)++)
	{
		if (!isdigit((unsigned char) **at))
			return false;
		*value = *value * 10 + (**at - '0');
	}
	if (follows == NULL)
		return true;
	return **at != '\0' && strchr(follows, *(*at)++) != NULL;
}

static bool
read_halving(const char **at, void *result)
{
	Halvings *list = result;
	struct pg_tm tm = {0};
	Timestamp time;

	if (list->count == MAX_HALVINGS || !read_field(at, 4, "-", &tm.tm_year) ||
		!read_field(at, 2, "-", &tm.tm_mon) ||
		!read_field(at, 2, "T ", &tm.tm_mday) ||
		!read_field(at, 2, ":", &tm.tm_hour) ||
		!read_field(at, 2, ":", &tm.tm_min) ||
		!read_field(at, 2, NULL, &tm.tm_sec))
		return false;
	if (tm.tm_year < 2009 || tm.tm_mon < 1 || tm.tm_mon > MONTHS_PER_YEAR ||
		tm.tm_mday < 1 ||
		tm.tm_mday > day_tab[isleap(tm.tm_year)][tm.tm_mon - 1] ||
		tm.tm_hour >= HOURS_PER_DAY || tm.tm_min >= MINS_PER_HOUR ||
		tm.tm_sec >= SECS_PER_MINUTE ||
		tm2timestamp(&tm, 0, NULL, &time) != 0 ||
		(list->count > 0 && time <= list->times[list->count - 1]))
		return false;
	list->times[list->count++] = time;
	return true;
}

static const char *
read_halvings(const CaSetting *setting, const char *text, void *result)
{
	((Halvings *) result)->count = 0;
	return ca_list_read(text, read_halving, result);
}

static bool
check_snapshots(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&snapshots, newval, source);
}

static bool
check_benchmark(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&benchmark, newval, source);
}

static bool
check_price_staleness(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&price_staleness, newval, source);
}

static bool
check_halvings(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&halvings, newval, source);
}

static bool
check_market(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&market, newval, source);
}

void
ca_define_market_settings(void)
{
	ca_define_setting(&snapshots, PGC_USERSET, check_snapshots);
	ca_define_setting(&benchmark, PGC_USERSET, check_benchmark);
	ca_define_setting(&price_staleness, PGC_USERSET, check_price_staleness);
	ca_define_setting(&halvings, PGC_USERSET, check_halvings);
	ca_define_setting(&market, PGC_USERSET, check_market);
}

/* the timeframes of cryptoanalytics.snapshots, finest first, as an array of text */
Datum
ca_snapshot_timeframes(PG_FUNCTION_ARGS)
{
	bool named[CA_TIMEFRAMES];

	ca_read_setting(&snapshots, named);
	PG_RETURN_DATUM(ca_timeframe_codes(named));
}

Datum
ca_benchmark(PG_FUNCTION_ARGS)
{
	char symbol[MAX_SYMBOL + 1];

	ca_read_setting(&benchmark, symbol);
	PG_RETURN_TEXT_P(cstring_to_text(symbol));
}

/* as an interval without days, so that a day of a time zone does not matter */
Datum
ca_price_staleness(PG_FUNCTION_ARGS)
{
	Interval *staleness = palloc0(sizeof(Interval));
	int64 duration;

	ca_read_setting(&price_staleness, &duration);
	staleness->time = duration * INT64CONST(1000);
	PG_RETURN_INTERVAL_P(staleness);
}

/* as an array of timestamptz */
Datum
ca_halvings(PG_FUNCTION_ARGS)
{
	Halvings list;
	Datum times[MAX_HALVINGS];

	ca_read_setting(&halvings, &list);
	for (int i = 0; i < list.count; i++)
		times[i] = TimestampTzGetDatum(list.times[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(times, list.count, TIMESTAMPTZOID,
										  sizeof(TimestampTz), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}
