/*-------------------------------------------------------------------------
 *
 * rollup_read.h
 *		Reading stored candles into groups.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_READ_H
#define CA_ROLLUP_READ_H

#include "postgres.h"

#include "executor/spi.h"
#include "utils/array.h"

#include "candle/rollup/rollup_groups.h"

/* the candles to read */
typedef struct CaRollupRange
{
	Oid namespace_oid;     /* the extension's schema, */
	const char *schema;    /* its name, quoted, */
	const char *functions; /* and that of the schema of support functions */
	const CaTimeframe *target;
	const CaTimeframe *source; /* the only source, or NULL for all */
	uint32 sources;            /* bits of the timeframes to read, 0 for all */
	bool all_assets;           /* many assets or all of them; otherwise one */
	const int32 *assets;
	int nassets;
	TimestampTz since; /* DT_NOBEGIN: from the first candle */
	TimestampTz until; /* DT_NOEND: to the last candle */
} CaRollupRange;

extern ArrayType *ca_rollup_read_sources(const CaRollupRange *range);
extern ArrayType *ca_rollup_read_assets(const CaRollupRange *range);
extern SPIPlanPtr ca_rollup_read_plan(const CaRollupRange *range);
extern SPIPlanPtr ca_rollup_read_prepare(const CaRollupRange *range);
extern void ca_rollup_read(SPIPlanPtr plan, const CaRollupRange *range,
						   CaRollupGroups *groups);

#endif /* CA_ROLLUP_READ_H */
