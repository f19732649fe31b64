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

#include "base/timeframe.h"
#include "segment/read/cursor.h"
#include "segment/read/query.h"

typedef struct CaColumnScan
{
	CaBounds bounds; /* filled in by the caller */
	CaQuery query;
	CaCursor cursor;

	/* the segment read last; its candles from "from" up to "to" are in bounds */
	int32 asset;
	const CaTimeframe *timeframe;
	const CaSegment *segment;
	int from;
	int to; /* exclusive */
} CaColumnScan;

extern void ca_column_scan_begin(CaColumnScan *scan, Oid namespace_oid,
								 int columns, CaScanOrder order);
extern bool ca_column_scan_next(CaColumnScan *scan);
extern void ca_column_scan_end(CaColumnScan *scan);

#endif /* CA_COLUMN_SCAN_H */
