/*-------------------------------------------------------------------------
 *
 * settings.c
 *		Settings of maintain(): what it rolls up, and what it keeps.
 *
 *		rollup = [ timeframe { "," timeframe } ]	blanks around one are fine
 *
 * A timeframe named twice is an error; an empty setting rolls nothing up.
 * keep_sessions and keep_api_logs are minutes unless they have a unit; 0 keeps
 * for ever.
 *
 * All are read by functions in C, so that the library is in memory and the value
 * has been checked.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "maintenance/settings.h"
#include "timeframe.h"

#define DAY (MINS_PER_HOUR * HOURS_PER_DAY)
#define MAX_DAYS 100000

PG_FUNCTION_INFO_V1(ca_rollup_timeframes);
PG_FUNCTION_INFO_V1(ca_keep_sessions);
PG_FUNCTION_INFO_V1(ca_keep_api_logs);

static char *rollup_setting;
static int keep_sessions_minutes;
static int keep_api_logs_minutes;

static const char *
skip_blanks(const char *c)
{
	while (*c == ' ' || *c == '\t')
		c++;
	return c;
}

/*
 * Which timeframes a list names.  Returns NULL, or the entry that is wrong.
 */
static const char *
parse_rollup(const char *setting, bool *named)
{
	const char *c = skip_blanks(setting);

	memset(named, false, sizeof(bool) * CA_TIMEFRAMES);
	if (*c == '\0')
		return NULL;

	for (;;)
	{
		const char *start = c;
		const CaTimeframe *timeframe;

		while (isalnum((unsigned char) *c))
			c++;
		timeframe = ca_timeframe_find(start, c - start);
		c = skip_blanks(c);
		if (timeframe == NULL || named[ca_timeframe_index(timeframe)] ||
			(*c != ',' && *c != '\0'))
			return start;
		named[ca_timeframe_index(timeframe)] = true;
		if (*c == '\0')
			return NULL;
		c = skip_blanks(c + 1);
	}
}

static bool
check_rollup(char **newval, void **extra, GucSource source)
{
	bool named[CA_TIMEFRAMES];
	const char *wrong = parse_rollup(*newval, named);

	if (wrong == NULL)
		return true;

	if (*wrong == '\0')
		GUC_check_errdetail("Nothing follows the last comma.");
	else
		GUC_check_errdetail("Cannot read it from \"%s\" on.", wrong);
	GUC_check_errhint("Write timeframes, each once, separated by commas, as in "
					  "'5m,1h,1d'. Timeframes are %s.",
					  ca_timeframe_list());
	return false;
}

void
ca_define_maintenance_settings(void)
{
	DefineCustomStringVariable(
		"cryptoanalytics.rollup",
		"Timeframes that maintain() rolls candles up to.",
		"A list such as 5m,1h,1d.", &rollup_setting, "5m,15m,1h,4h,1d,1w",
		PGC_USERSET, 0, check_rollup, NULL, NULL);
	DefineCustomIntVariable(
		"cryptoanalytics.keep_sessions",
		"How long maintain() keeps sessions that ended or expired.",
		"0 keeps them for ever.", &keep_sessions_minutes, 30 * DAY, 0,
		MAX_DAYS * DAY, PGC_USERSET, GUC_UNIT_MIN, NULL, NULL, NULL);
	DefineCustomIntVariable("cryptoanalytics.keep_api_logs",
							"How long maintain() keeps logs of external APIs.",
							"0 keeps them for ever.", &keep_api_logs_minutes,
							90 * DAY, 0, MAX_DAYS * DAY, PGC_USERSET,
							GUC_UNIT_MIN, NULL, NULL, NULL);
}

/* the timeframes of cryptoanalytics.rollup, finest first, as an array of text */
Datum
ca_rollup_timeframes(PG_FUNCTION_ARGS)
{
	bool named[CA_TIMEFRAMES];
	Datum codes[CA_TIMEFRAMES];
	int ncodes = 0;

	parse_rollup(rollup_setting, named);
	for (int i = 0; i < CA_TIMEFRAMES; i++)
		if (named[i])
			codes[ncodes++] =
				CStringGetTextDatum(ca_timeframe_by_index(i)->code);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(codes, ncodes, TEXTOID, -1, false, TYPALIGN_INT));
}

/* whole days are days, the rest are minutes */
static Interval *
period(int minutes)
{
	Interval *result = palloc0(sizeof(Interval));

	result->day = minutes / DAY;
	result->time = (minutes % DAY) * USECS_PER_MINUTE;
	return result;
}

/* how long sessions stay; NULL for ever */
Datum
ca_keep_sessions(PG_FUNCTION_ARGS)
{
	if (keep_sessions_minutes == 0)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(period(keep_sessions_minutes));
}

/* how long logs of external APIs stay; NULL for ever */
Datum
ca_keep_api_logs(PG_FUNCTION_ARGS)
{
	if (keep_api_logs_minutes == 0)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(period(keep_api_logs_minutes));
}
