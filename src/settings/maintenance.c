/*-------------------------------------------------------------------------
 *
 * maintenance.c
 *		The settings of maintain(): what it rolls up, what it keeps, and how long
 *		it waits for locks.
 *
 *		rollup = [ timeframe { "," timeframe } ]
 *
 * Naming a timeframe twice is an error; an empty list rolls nothing up.
 * keep_sessions, keep_api_logs and keep_system_health are durations; 0 keeps rows
 * for ever.  maintenance_lock_timeout is a duration too; 0 waits for ever.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "base/timeframe.h"
#include "settings/list.h"
#include "settings/maintenance.h"
#include "settings/setting.h"

PG_FUNCTION_INFO_V1(ca_rollup_timeframes);
PG_FUNCTION_INFO_V1(ca_keep_sessions);
PG_FUNCTION_INFO_V1(ca_keep_api_logs);
PG_FUNCTION_INFO_V1(ca_keep_system_health);
PG_FUNCTION_INFO_V1(ca_maintenance_lock_timeout);

static CaSetting rollup = {
	.name = "cryptoanalytics.rollup",
	.description = "Timeframes that maintain() rolls candles up to.",
	.details = "A list such as 5m,1h,1d.",
	.initial = "5m,15m,1h,4h,1d,1w",
	.read = ca_read_timeframes,
	.hint = CA_TIMEFRAMES_HINT,
	.suspends = true,
};

static CaSetting keep_sessions = {
	.name = "cryptoanalytics.keep_sessions",
	.description = "How long maintain() keeps sessions that ended or expired.",
	.details = "0 keeps them for ever.",
	.initial = "30d",
	.read = ca_read_duration,
	.hint = CA_DURATION_HINT,
	.suspends = true,
	.greatest = 100000 * CA_DAY,
};

static CaSetting keep_api_logs = {
	.name = "cryptoanalytics.keep_api_logs",
	.description = "How long maintain() keeps logs of external APIs.",
	.details = "0 keeps them for ever.",
	.initial = "90d",
	.read = ca_read_duration,
	.hint = CA_DURATION_HINT,
	.suspends = true,
	.greatest = 100000 * CA_DAY,
};

static CaSetting keep_system_health = {
	.name = "cryptoanalytics.keep_system_health",
	.description = "How long maintain() keeps checks in system_health.",
	.details = "0 keeps them for ever.",
	.initial = "30d",
	.read = ca_read_duration,
	.hint = CA_DURATION_HINT,
	.suspends = true,
	.greatest = 100000 * CA_DAY,
};

static CaSetting lock_timeout = {
	.name = "cryptoanalytics.maintenance_lock_timeout",
	.description = "How long a step of maintain() waits for a lock.",
	.details = "0 waits for ever.",
	.initial = "10s",
	.read = ca_read_duration,
	.hint = CA_DURATION_HINT,
	.greatest = CA_DAY,
};

static bool
check_rollup(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&rollup, newval, source);
}

static bool
check_keep_sessions(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&keep_sessions, newval, source);
}

static bool
check_keep_api_logs(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&keep_api_logs, newval, source);
}

static bool
check_keep_system_health(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&keep_system_health, newval, source);
}

static bool
check_lock_timeout(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&lock_timeout, newval, source);
}

void
ca_define_maintenance_settings(void)
{
	ca_define_setting(&rollup, PGC_USERSET, check_rollup);
	ca_define_setting(&keep_sessions, PGC_USERSET, check_keep_sessions);
	ca_define_setting(&keep_api_logs, PGC_USERSET, check_keep_api_logs);
	ca_define_setting(&keep_system_health, PGC_USERSET,
					  check_keep_system_health);
	ca_define_setting(&lock_timeout, PGC_USERSET, check_lock_timeout);
}

/* the timeframes of cryptoanalytics.rollup, finest first, as an array of text */
Datum
ca_rollup_timeframes(PG_FUNCTION_ARGS)
{
	bool named[CA_TIMEFRAMES];

	ca_read_setting(&rollup, named);
	PG_RETURN_DATUM(ca_timeframe_codes(named));
}

/* how long rows are kept; NULL for ever */
static Datum
kept(FunctionCallInfo fcinfo, const CaSetting *setting)
{
	int64 duration;

	ca_read_setting(setting, &duration);
	if (duration == 0)
		PG_RETURN_NULL();
	PG_RETURN_INTERVAL_P(ca_duration_interval(duration));
}

Datum
ca_keep_sessions(PG_FUNCTION_ARGS)
{
	return kept(fcinfo, &keep_sessions);
}

Datum
ca_keep_api_logs(PG_FUNCTION_ARGS)
{
	return kept(fcinfo, &keep_api_logs);
}

Datum
ca_keep_system_health(PG_FUNCTION_ARGS)
{
	return kept(fcinfo, &keep_system_health);
}

/* in milliseconds, as PostgreSQL's lock_timeout */
Datum
ca_maintenance_lock_timeout(PG_FUNCTION_ARGS)
{
	int64 duration;

	ca_read_setting(&lock_timeout, &duration);
	PG_RETURN_INT32((int32) duration);
}
