/*-------------------------------------------------------------------------
 *
 * cursor.h
 *		One segment in memory, and its candles as rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_READ_CURSOR_H
#define CA_SEGMENT_READ_CURSOR_H

#include "postgres.h"

#include "executor/tuptable.h"

#include "segment/codec/segment.h"

typedef struct CaCursor
{
	int wanted;       /* bits, 1 << column of price_data_compressed */
	unsigned columns; /* of the segment to decode: CA_SEGMENT_WITH_... */
	MemoryContext context;
	int32 asset;
	text *timeframe; /* NULL without a segment in memory */
	CaSegment *segment;
	Datum *indicators; /* NULL without any */
	bool *no_indicators;
} CaCursor;

extern void ca_cursor_init(CaCursor *cursor, int wanted);
extern bool ca_cursor_load(CaCursor *cursor, TupleTableSlot *row);
extern int ca_cursor_find(const CaCursor *cursor, int64 time);
extern void ca_cursor_put(const CaCursor *cursor, int candle,
						  TupleTableSlot *slot);

#endif /* CA_SEGMENT_READ_CURSOR_H */
