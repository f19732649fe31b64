/*-------------------------------------------------------------------------
 *
 * rollup_segment.h
 *		Merging the candles of a segment into groups.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_SEGMENT_H
#define CA_ROLLUP_SEGMENT_H

#include "candle/rollup/rollup_groups.h"
#include "segment/codec/segment.h"

extern void ca_rollup_segment_add(CaRollupGroups *groups, int32 asset,
								  const CaTimeframe *timeframe,
								  const CaSegment *segment, int from, int to);

#endif /* CA_ROLLUP_SEGMENT_H */
