/*-------------------------------------------------------------------------
 *
 * moving.c
 *		cryptoanalytics.moving: on while the extension itself moves candles or
 *		writes their indicators.
 *
 * Functions set it, and triggers ask for it.  Row triggers call ca_is_moving(), which
 * costs a tenth of current_setting().
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "settings/moving.h"

PG_FUNCTION_INFO_V1(ca_is_moving);

static bool moving;

void
ca_define_moving_setting(void)
{
	DefineCustomBoolVariable(
		"cryptoanalytics.moving", "Candles only move to the archive.",
		"Set by functions that move candles or write indicators, so that "
		"triggers need not have indicators computed again.",
		&moving, false, PGC_USERSET,
		GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, NULL, NULL,
		NULL);
}

/* ca_is_moving() -> boolean */
Datum
ca_is_moving(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(moving);
}
