/*-------------------------------------------------------------------------
 *
 * rollup_groups.h
 *		All groups of a roll-up: stored candles grouped by asset, target candle
 *		and source timeframe.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_GROUPS_H
#define CA_ROLLUP_GROUPS_H

#include "candle/rollup/rollup_filter.h"
#include "candle/rollup/rollup_group.h"

typedef struct CaRollupGroups CaRollupGroups;

extern CaRollupGroups *ca_rollup_groups_make(const CaTimeframe *target,
											 const int32 *assets, int nassets,
											 Size memory_limit);
extern CaRollupGroup *ca_rollup_groups_at(CaRollupGroups *groups, int32 asset,
										  const CaTimeframe *timeframe,
										  TimestampTz time, bool *found,
										  TimestampTz *end);
extern void ca_rollup_groups_filter(CaRollupGroups *groups,
									const CaRollupFilter *filter);
extern const CaRollupFilter *ca_rollup_groups_filtered(
	const CaRollupGroups *groups);
extern void ca_rollup_groups_merge(CaRollupGroups *groups, CaRollupGroup *group,
								   bool found, const CaStoredCandle *stored);
extern void ca_rollup_groups_market_cap(CaRollupGroups *groups,
										CaRollupGroup *group, TimestampTz time,
										Datum value);
extern void ca_rollup_groups_add(CaRollupGroups *groups,
								 const CaStoredCandle *stored);
extern void ca_rollup_groups_finish(CaRollupGroups *groups);
extern const CaRollupGroupKey *ca_rollup_groups_peek(
	const CaRollupGroups *groups);
extern void ca_rollup_groups_next(CaRollupGroups *groups,
								  CaRollupGroupResult *result);

#endif /* CA_ROLLUP_GROUPS_H */
