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

#include "archive/retention.h"

#if PG_VERSION_NUM >= 180000
PG_MODULE_MAGIC_EXT(.name = "cryptoanalytics");
#else
PG_MODULE_MAGIC;
#endif

void _PG_init(void);

void
_PG_init(void)
{
	ca_define_retention_setting();
	MarkGUCPrefixReserved("cryptoanalytics");
}
