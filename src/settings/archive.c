/*-------------------------------------------------------------------------
 *
 * archive.c
 *		The settings of archiving.  cryptoanalytics.retention: how long candles of
 *		each timeframe stay in price_data before archive_price_data() moves them.
 *		cryptoanalytics.compress_archive: whether it compresses them then.
 *		cryptoanalytics.keep_indicators: whether they keep their indicators.
 *
 *		retention = [ entry { "," entry } ]
 *		entry     = timeframe "=" number unit
 *		unit      = "h" | "d" | "w"
 *
 * The number is from 1 to 100000.  Candles of a timeframe that is not named stay for
 * ever.  Naming a timeframe twice is an error.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/timeframe.h"
#include "settings/archive.h"
#include "settings/list.h"
#include "settings/setting.h"

#define MAX_RETENTION 100000

PG_FUNCTION_INFO_V1(ca_retention_period);
PG_FUNCTION_INFO_V1(ca_compress_archive);
PG_FUNCTION_INFO_V1(ca_keep_indicators);

/* one entry: how long the timeframe's candles stay */
typedef struct RetentionEntry
{
	const CaTimeframe *timeframe;
	int64 hours;
} RetentionEntry;

typedef struct Retention
{
	int nentries;
	RetentionEntry entry[CA_TIMEFRAMES];
} Retention;

static const char *read_retention(const CaSetting *setting, const char *text,
								  void *result);

static CaSetting retention_setting = {
	.name = "cryptoanalytics.retention",
	.description = "How long candles of each timeframe stay in price_data.",
	.details = "A list such as 1m=7d,1h=365d. A timeframe that is not named is "
			   "kept for ever.",
	.initial = "1m=7d,5m=30d,15m=90d,1h=365d,4h=730d",
	.read = read_retention,
	.hint = "Write timeframe=duration, each timeframe once, separated by "
			"commas, as in '1m=7d,1h=52w'. Timeframes are " CA_TIMEFRAME_CODES
			"; a duration is a number from 1 to 100000 and the unit h, d or w.",
	.suspends = true,
};

static CaSetting compress_setting = {
	.name = "cryptoanalytics.compress_archive",
	.description = "archive_price_data() compresses what it archives.",
	.details = "Candles go from price_data into price_data_segments, not into "
			   "price_data_archive.",
	.initial = "off",
	.read = ca_read_switch,
	.hint = CA_SWITCH_HINT,
	.suspends = true,
};

static CaSetting keep_indicators_setting = {
	.name = "cryptoanalytics.keep_indicators",
	.description = "Archived candles keep their indicators.",
	.details = "Other keys of technical_indicators are kept anyway.",
	.initial = "off",
	.read = ca_read_switch,
	.hint = CA_SWITCH_HINT,
	.suspends = true,
};

static int
unit_hours(char unit)
{
	switch (unit)
	{
		case 'h':
			return 1;
		case 'd':
			return HOURS_PER_DAY;
		case 'w':
			return HOURS_PER_DAY * 7;
		default:
			return 0;
	}
}

static const RetentionEntry *
find_entry(const Retention *retention, const CaTimeframe *timeframe)
{
	for (int i = 0; i < retention->nentries; i++)
		if (retention->entry[i].timeframe == timeframe)
			return &retention->entry[i];
	return NULL;
}

/* timeframe=number and unit */
static bool
read_entry(const char **at, void *result)
{
	Retention *retention = result;
	const CaTimeframe *timeframe = ca_list_timeframe(at);
	int64 number = 0;
	int64 hours;

	if (timeframe == NULL || find_entry(retention, timeframe) != NULL ||
		!ca_list_symbol(at, '='))
		return false;
	for (; isdigit((unsigned char) **at) && number <= MAX_RETENTION; (*at)++)
		number = number * 10 + (**at - '0');
	hours = number * unit_hours(**at);
	if (number > MAX_RETENTION || hours == 0)
		return false;
	(*at)++;
	retention->entry[retention->nentries++] =
		(RetentionEntry){timeframe, hours};
	return true;
}

static const char *
read_retention(const CaSetting *setting, const char *text, void *result)
{
	((Retention *) result)->nentries = 0;
	return ca_list_read(text, read_entry, result);
}

static bool
check_retention(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&retention_setting, newval, source);
}

static bool
check_compress(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&compress_setting, newval, source);
}

static bool
check_keep_indicators(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&keep_indicators_setting, newval, source);
}

void
ca_define_archive_settings(void)
{
	ca_define_setting(&retention_setting, PGC_USERSET, check_retention);
	ca_define_setting(&compress_setting, PGC_USERSET, check_compress);
	ca_define_setting(&keep_indicators_setting, PGC_USERSET,
					  check_keep_indicators);
}

/*
 * retention_period(timeframe) -> interval; NULL if its candles stay for ever
 *
 * Errors: 22023 for an unknown timeframe and for an invalid setting.
 */
Datum
ca_retention_period(PG_FUNCTION_ARGS)
{
	const CaTimeframe *timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	Retention retention;
	const RetentionEntry *entry;

	ca_read_setting(&retention_setting, &retention);
	entry = find_entry(&retention, timeframe);
	if (entry == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(ca_duration_interval(entry->hours * CA_HOUR));
}

/* whether archive_price_data() compresses */
Datum
ca_compress_archive(PG_FUNCTION_ARGS)
{
	bool compress;

	ca_read_setting(&compress_setting, &compress);
	PG_RETURN_BOOL(compress);
}

/* whether archived candles keep their indicators */
Datum
ca_keep_indicators(PG_FUNCTION_ARGS)
{
	bool keep;

	ca_read_setting(&keep_indicators_setting, &keep);
	PG_RETURN_BOOL(keep);
}
