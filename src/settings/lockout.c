/*-------------------------------------------------------------------------
 *
 * lockout.c
 *		The settings cryptoanalytics.max_failed_logins and
 *		cryptoanalytics.lockout_period: how many failures in a row lock an
 *		account, and for how long.
 *
 * C functions read both, so that the library is loaded and the value has been checked:
 * before that, anybody can set any text.  Only superusers may set them, and roles
 * with the SET privilege on them.  The default replaces an invalid value, so logins
 * keep working and are still counted.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "fmgr.h"
#include "utils/timestamp.h"

#include "settings/lockout.h"
#include "settings/setting.h"

#define MAX_FAILURES 1000000

PG_FUNCTION_INFO_V1(ca_max_failed_logins);
PG_FUNCTION_INFO_V1(ca_lockout_period);

static int max_failed_logins;

static CaSetting lockout_period = {
	.name = "cryptoanalytics.lockout_period",
	.description = "How long failed logins lock an account.",
	.initial = "30min",
	.read = ca_read_duration,
	.hint = CA_DURATION_HINT,
	.least = CA_MINUTE,
	.greatest = 366 * CA_DAY,
};

static bool
check_lockout_period(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&lockout_period, newval, source);
}

void
ca_define_lockout_settings(void)
{
	DefineCustomIntVariable("cryptoanalytics.max_failed_logins",
							"Failed logins in a row that lock an account.",
							NULL, &max_failed_logins, 5, 1, MAX_FAILURES,
							PGC_SUSET, 0, NULL, NULL, NULL);
	ca_define_setting(&lockout_period, PGC_SUSET, check_lockout_period);
}

/* failures in a row that lock an account, at least 1 */
Datum
ca_max_failed_logins(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(max_failed_logins);
}

/* how long an account stays locked, as an interval without days */
Datum
ca_lockout_period(PG_FUNCTION_ARGS)
{
	Interval *period = palloc0(sizeof(Interval));
	int64 duration;

	ca_read_setting(&lockout_period, &duration);
	period->time = duration * INT64CONST(1000);
	PG_RETURN_INTERVAL_P(period);
}
