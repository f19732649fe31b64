/*-------------------------------------------------------------------------
 *
 * rollup_filter.h
 *		Which stored candles to read where not all are wanted.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_FILTER_H
#define CA_ROLLUP_FILTER_H

#include "candle/rollup/rollup_group.h"

typedef struct CaRollupFilter CaRollupFilter;

extern CaRollupFilter *ca_rollup_filter_make(const CaTimeframe *target);
extern void ca_rollup_filter_add(CaRollupFilter *filter,
								 const CaRollupGroupKey *key,
								 const uint64 *wanted);
extern bool ca_rollup_filter_wants(const CaRollupFilter *filter, int32 asset,
								   const CaTimeframe *timeframe,
								   TimestampTz time);

#endif /* CA_ROLLUP_FILTER_H */
