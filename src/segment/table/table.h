/*-------------------------------------------------------------------------
 *
 * table.h
 *		The segments of one series in price_data_segments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_TABLE_TABLE_H
#define CA_SEGMENT_TABLE_TABLE_H

#include "postgres.h"

#include "segment/read/payload.h"
#include "segment/table/rows.h"

/* the segments of a series */
typedef struct CaTable
{
	const char *schema; /* of the extension, quoted */
	int32 asset;
	const char *timeframe;
	Datum timeframe_datum;
	bool read_only; /* read by the snapshot of the calling statement */
} CaTable;

/* where a segment lies in time */
typedef struct CaTableHead
{
	int64 first_time;
	int64 last_time;
	int32 candles;
} CaTableHead;

/* a segment in memory, and what it points to */
typedef struct CaTableSegment
{
	MemoryContext context;
	CaSegment segment;
	Datum *indicators; /* NULL if no candle has any */
	bool *no_indicators;
} CaTableSegment;

extern void ca_table_init(CaTable *table, int32 asset, Datum timeframe,
						  bool read_only);
extern CaTableSegment *ca_table_segment_make(void);
extern bool ca_table_before(const CaTable *table, int64 time,
							CaTableHead *head);
extern bool ca_table_after(const CaTable *table, int64 time, CaTableHead *head);
extern void ca_table_read(const CaTable *table, int64 first_time,
						  CaTableSegment *loaded);
extern void ca_table_take(const CaTable *table, int64 first_time,
						  CaTableSegment *loaded);
extern void ca_table_insert(const CaTable *table, const CaSegment *segment,
							Datum *indicators, bool *no_indicators);
extern void ca_table_segment_row(const CaTableSegment *loaded, int at,
								 CaRow *row);

#endif /* CA_SEGMENT_TABLE_TABLE_H */
