/*-------------------------------------------------------------------------
 *
 * sectors.c
 *		The settings of sectors.
 *
 *	sector_timeframes	timeframes of which maintain() builds the history of sectors
 *	sector_snapshots	timeframes of whose snapshots maintain() analyses sectors
 *	sectors				options, see sector_options
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "fmgr.h"

#include "settings/list.h"
#include "settings/options.h"
#include "settings/sectors.h"
#include "settings/setting.h"

PG_FUNCTION_INFO_V1(ca_sector_timeframes);
PG_FUNCTION_INFO_V1(ca_sector_snapshots);

static CaSetting sector_timeframes = {
	.name = "cryptoanalytics.sector_timeframes",
	.description =
		"Timeframes of which maintain() builds the history of sectors.",
	.details = "A list such as 1h,1d.",
	.initial = "1h,1d",
	.read = ca_read_timeframes,
	.hint = CA_TIMEFRAMES_HINT,
	.suspends = true,
};

static CaSetting sector_snapshots = {
	.name = "cryptoanalytics.sector_snapshots",
	.description =
		"Timeframes of whose market snapshots maintain() analyses sectors.",
	.details = "A list such as 4h,1d.",
	.initial = "1d",
	.read = ca_read_timeframes,
	.hint = CA_TIMEFRAMES_HINT,
	.suspends = true,
};

/* places of keys whose values must agree */
enum
{
	STRENGTH_LOW,
	STRENGTH_HIGH
};

#define CA_PERIODS "1d|7d|30d"

/* what the sizes and bands mean is in docs/guide/sectors.md */
static const CaOption sector_options[] = {
	{"strength_low", CA_OPTION_NUMBER, 0.4, 0, 1},
	{"strength_high", CA_OPTION_NUMBER, 0.6, 0, 1},
	{"periods", CA_OPTION_WORDS, 7, .words = CA_PERIODS},
	{"rotation_period", CA_OPTION_WORD, 1, .words = CA_PERIODS},
	{"rotation_min", CA_OPTION_NUMBER, 0.005, 0, 1},
	{"rotation_stablecoins", CA_OPTION_SWITCH, 1, 0, 1},
	{"stablecoins", CA_OPTION_WORD, 0, .words = "auto|include|exclude"},
	{"membership", CA_OPTION_WORD, 0, .words = "current|point_in_time"},
	{"stale_bars", CA_OPTION_WHOLE, 3, 1, 30},
	{"benchmark", CA_OPTION_WORD, 0, .words = "BTC|TOTAL"},
	{"rs_days", CA_OPTION_WHOLE, 90, 30, 1000},
	{"rrg_days", CA_OPTION_WHOLE, 30, 10, 250},
	{"stat_days", CA_OPTION_WHOLE, 30, 10, 365},
	{"stat_min", CA_OPTION_WHOLE, 20, 3, 365},
	{"surge", CA_OPTION_NUMBER, 0.75, 0, 1},
	{"narrative_min", CA_OPTION_NUMBER, 0.5, 0, 1},
	{"excess", CA_OPTION_NUMBER, 2, 0, 100},
	{"momentum", CA_OPTION_NUMBER, 0.5, 0, 5},
	{"rotation", CA_OPTION_NUMBER, 0.05, 0, 1},
	{"trend", CA_OPTION_NUMBER, 0.02, 0, 0.5},
	{"threshold", CA_OPTION_NUMBER, 0.33, 0.05, 0.95},
	{"min_votes", CA_OPTION_WHOLE, 4, 1, 7},
	{NULL}};

static const char *
agree(const double *values)
{
	if (values[STRENGTH_LOW] >= values[STRENGTH_HIGH])
		return "strength_low is not below strength_high.";
	return NULL;
}

static CaSetting sectors = {
	.name = "cryptoanalytics.sectors",
	.description = "Periods and thresholds of the analysis of sectors.",
	.details = "A list such as rotation_period=1d,stablecoins=exclude.",
	.initial = "",
	.read = ca_read_options,
	.hint = CA_OPTIONS_HINT,
	.suspends = true,
	.options = sector_options,
	.agree = agree,
};

static bool
check_sector_timeframes(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&sector_timeframes, newval, source);
}

static bool
check_sector_snapshots(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&sector_snapshots, newval, source);
}

static bool
check_sectors(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&sectors, newval, source);
}

void
ca_define_sector_settings(void)
{
	ca_define_setting(&sector_timeframes, PGC_USERSET, check_sector_timeframes);
	ca_define_setting(&sector_snapshots, PGC_USERSET, check_sector_snapshots);
	ca_define_setting(&sectors, PGC_USERSET, check_sectors);
}

/* cryptoanalytics.sector_timeframes, finest first, as an array of text */
Datum
ca_sector_timeframes(PG_FUNCTION_ARGS)
{
	bool named[CA_TIMEFRAMES];

	ca_read_setting(&sector_timeframes, named);
	PG_RETURN_DATUM(ca_timeframe_codes(named));
}

/* cryptoanalytics.sector_snapshots, finest first, as an array of text */
Datum
ca_sector_snapshots(PG_FUNCTION_ARGS)
{
	bool named[CA_TIMEFRAMES];

	ca_read_setting(&sector_snapshots, named);
	PG_RETURN_DATUM(ca_timeframe_codes(named));
}
