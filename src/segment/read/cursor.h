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

typedef struct CaLoadedSegment
{
	int wanted;       /* columns of price_data_compressed, a bit each */
	unsigned columns; /* those to decode */
	MemoryContext context;
	int32 asset;
	text *timeframe; /* NULL when there is no segment */
	CaSegment *segment;
	Datum *indicators; /* NULL when there are none */
	bool *no_indicators;
} CaLoadedSegment;

extern void ca_loaded_init(CaLoadedSegment *loaded, int wanted);
extern bool ca_loaded_take(CaLoadedSegment *loaded, TupleTableSlot *row);
extern int ca_loaded_candle_from(const CaLoadedSegment *loaded, int64 time);
extern void ca_loaded_put(const CaLoadedSegment *loaded, int candle,
						  TupleTableSlot *slot);

#endif /* CA_SEGMENT_READ_CURSOR_H */
