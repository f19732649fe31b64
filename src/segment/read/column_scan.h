/*-------------------------------------------------------------------------
 *
 * column_scan.h
 *		Stored segments as columns in memory, one by one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_COLUMN_SCAN_H
#define CA_COLUMN_SCAN_H

#include "postgres.h"

#include "segment/read/cursor.h"
#include "segment/read/query.h"
#include "base/timeframe.h"

typedef struct CaSegmentScan
{
	CaBounds bounds; /* filled in by the caller */
	CaSegmentReader reader;
	CaLoadedSegment loaded;

	/* the segment that was read last, and its candles within the bounds */
	int32 asset;
	const CaTimeframe *timeframe;
	const CaSegment *segment;
	int from;
	int to; /* the candle behind them */
} CaSegmentScan;

extern void ca_scan_begin(CaSegmentScan *scan, Oid namespace_oid, int columns,
						  CaScanOrder order);
extern bool ca_scan_next(CaSegmentScan *scan);
extern void ca_scan_end(CaSegmentScan *scan);

#endif /* CA_COLUMN_SCAN_H */
