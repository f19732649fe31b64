/*-------------------------------------------------------------------------
 *
 * module.c
 *		Module magic and the extension's settings.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/guc.h"

#include "access/drop_guard.h"
#include "access/row_user.h"
#include "segment/fdw/fdw.h"
#include "settings/archive.h"
#include "settings/lockout.h"
#include "settings/maintenance.h"
#include "settings/setting.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "cryptoanalytics");
#else
PG_MODULE_MAGIC;
#endif

void _PG_init(void);

/*
 * cryptoanalytics.moving: on while the extension itself moves candles or writes
 * their indicators.  No C code reads the variable, which PostgreSQL needs: triggers
 * ask current_setting().
 */
static bool moving;

void
_PG_init(void)
{
	ca_begin_settings();
	ca_define_archive_settings();
	ca_define_lockout_settings();
	ca_define_maintenance_settings();
	ca_define_drop_setting();
	ca_define_user_setting();
	DefineCustomBoolVariable(
		"cryptoanalytics.moving", "Candles only move to the archive.",
		"Set by functions that move candles or write indicators, so that "
		"triggers need not have indicators computed again.",
		&moving, false, PGC_USERSET,
		GUC_NO_SHOW_ALL | GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, NULL, NULL,
		NULL);
	ca_fdw_define_statistics();
	ca_end_settings();
	MarkGUCPrefixReserved("cryptoanalytics");
}
