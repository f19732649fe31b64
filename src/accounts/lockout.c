/*-------------------------------------------------------------------------
 *
 * lockout.c
 *		The settings cryptoanalytics.max_failed_logins and
 *		cryptoanalytics.lockout_period: how many failures in a row lock an
 *		account, and for how many minutes.
 *
 * Both are read by functions in C, so that the library is in memory and the
 * value has been checked: a value set before that is any text by anybody.
 * Only superusers set them, and those who are granted SET on them.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "fmgr.h"
#include "utils/guc.h"
#include "utils/timestamp.h"

#include "accounts/lockout.h"

#define MAX_FAILURES 1000000
#define MAX_MINUTES (MINS_PER_HOUR * HOURS_PER_DAY * 366)

PG_FUNCTION_INFO_V1(ca_max_failed_logins);
PG_FUNCTION_INFO_V1(ca_lockout_period);

static int max_failed_logins;
static int lockout_minutes;

void
ca_define_lockout_settings(void)
{
	DefineCustomIntVariable("cryptoanalytics.max_failed_logins",
							"Failed logins in a row that lock an account.",
							NULL, &max_failed_logins, 5, 1, MAX_FAILURES,
							PGC_SUSET, 0, NULL, NULL, NULL);
	DefineCustomIntVariable("cryptoanalytics.lockout_period",
							"How long failed logins lock an account.", NULL,
							&lockout_minutes, 30, 1, MAX_MINUTES, PGC_SUSET,
							GUC_UNIT_MIN, NULL, NULL, NULL);
}

/* failures in a row that lock an account, at least 1 */
Datum
ca_max_failed_logins(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT32(max_failed_logins);
}

/* how long it stays locked, as an interval of minutes without days */
Datum
ca_lockout_period(PG_FUNCTION_ARGS)
{
	Interval *period = palloc0(sizeof(Interval));

	period->time = lockout_minutes * USECS_PER_MINUTE;
	PG_RETURN_INTERVAL_P(period);
}
