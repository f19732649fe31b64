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
#include "settings/market.h"
#include "settings/moving.h"
#include "settings/regime.h"
#include "settings/sectors.h"
#include "settings/setting.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "cryptoanalytics");
#else
PG_MODULE_MAGIC;
#endif

void _PG_init(void);

void
_PG_init(void)
{
	ca_begin_settings();
	ca_define_archive_settings();
	ca_define_lockout_settings();
	ca_define_maintenance_settings();
	ca_define_market_settings();
	ca_define_regime_settings();
	ca_define_sector_settings();
	ca_define_drop_setting();
	ca_define_user_setting();
	ca_define_moving_setting();
	ca_fdw_define_statistics();
	ca_end_settings();
	MarkGUCPrefixReserved("cryptoanalytics");
}
