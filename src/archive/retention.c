/*-------------------------------------------------------------------------
 *
 * retention.c
 *		The setting cryptoanalytics.retention: how long candles of each
 *		timeframe stay in price_data before archive_price_data moves them.
 *
 *		retention = [ entry { "," entry } ]
 *		entry     = timeframe "=" number unit		blanks around either are fine
 *		unit      = "h" | "d" | "w"
 *
 * The number is from 1 to 100000.  A timeframe that is not named, or every one
 * when the setting is empty, is kept for ever.  A timeframe named twice is an
 * error.  What does not parse is refused when it is set; this needs the library
 * in memory, which the first call of any function of the extension brings.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include <ctype.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "archive/retention.h"
#include "timeframe.h"

#define MAX_RETENTION 100000

PG_FUNCTION_INFO_V1(ca_retention_period);

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

static char *retention_setting;

static const char *
skip_blanks(const char *c)
{
	while (*c == ' ' || *c == '\t')
		c++;
	return c;
}

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

/*
 * Parse the entry at c.  Returns the place behind it, or NULL when it makes no
 * sense.
 */
static const char *
parse_entry(const char *c, RetentionEntry *entry)
{
	const char *start = c;
	int64 number = 0;

	while (isalnum((unsigned char) *c))
		c++;
	entry->timeframe = ca_timeframe_find(start, c - start);
	c = skip_blanks(c);
	if (entry->timeframe == NULL || *c != '=')
		return NULL;

	c = skip_blanks(c + 1);
	for (; isdigit((unsigned char) *c) && number <= MAX_RETENTION; c++)
		number = number * 10 + (*c - '0');
	entry->hours = number * unit_hours(*c);
	if (number > MAX_RETENTION || entry->hours == 0)
		return NULL;

	return skip_blanks(c + 1);
}

static const RetentionEntry *
find_entry(const Retention *retention, const CaTimeframe *timeframe)
{
	for (int i = 0; i < retention->nentries; i++)
		if (retention->entry[i].timeframe == timeframe)
			return &retention->entry[i];
	return NULL;
}

/*
 * Parse a whole setting.  Returns NULL, or the entry that is wrong.
 */
static const char *
parse_retention(const char *setting, Retention *retention)
{
	const char *c = skip_blanks(setting);

	retention->nentries = 0;
	if (*c == '\0')
		return NULL;

	for (;;)
	{
		RetentionEntry entry;
		const char *end = parse_entry(c, &entry);

		if (end == NULL || find_entry(retention, entry.timeframe) != NULL ||
			(*end != ',' && *end != '\0'))
			return c;
		retention->entry[retention->nentries++] = entry;
		if (*end == '\0')
			return NULL;
		c = skip_blanks(end + 1);
	}
}

static bool
check_retention(char **newval, void **extra, GucSource source)
{
	Retention retention;
	const char *wrong = parse_retention(*newval, &retention);

	if (wrong == NULL)
		return true;

	if (*wrong == '\0')
		GUC_check_errdetail("Nothing follows the last comma.");
	else
		GUC_check_errdetail("Cannot read it from \"%s\" on.", wrong);
	GUC_check_errhint("Write timeframe=duration, each timeframe once, "
					  "separated by commas, as in '1m=7d,1h=52w'. Timeframes "
					  "are %s; a duration is a number from 1 to %d and the "
					  "unit h, d or w.",
					  ca_timeframe_list(), MAX_RETENTION);
	return false;
}

void
ca_define_retention_setting(void)
{
	DefineCustomStringVariable(
		"cryptoanalytics.retention",
		"How long candles of each timeframe stay in price_data.",
		"A list such as 1m=7d,1h=365d. A timeframe that is not named is kept "
		"for ever.",
		&retention_setting, "1m=7d,5m=30d,15m=90d,1h=365d,4h=730d", PGC_USERSET,
		0, check_retention, NULL, NULL);
}

/*
 * retention_period(timeframe) -> interval; NULL when it is kept for ever
 *
 * Errors: 22023 for an unknown timeframe.
 */
Datum
ca_retention_period(PG_FUNCTION_ARGS)
{
	const CaTimeframe *timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(0));
	Retention retention;
	const RetentionEntry *entry;
	Interval *period;

	parse_retention(retention_setting, &retention);
	entry = find_entry(&retention, timeframe);
	if (entry == NULL)
		PG_RETURN_NULL();

	period = palloc0(sizeof(Interval));
	period->day = entry->hours / HOURS_PER_DAY;
	period->time = (entry->hours % HOURS_PER_DAY) * USECS_PER_HOUR;
	PG_RETURN_INTERVAL_P(period);
}
