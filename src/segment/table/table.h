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

/* a series */
typedef struct CaStore
{
	const char *schema; /* of the extension */
	int32 asset;
	const char *timeframe;
	Datum timeframe_datum;
	bool read_only; /* by the snapshot of whoever called */
} CaStore;

/* where a stored segment is */
typedef struct CaStoredHead
{
	int64 first_time;
	int64 last_time;
	int32 candles;
} CaStoredHead;

/* a stored segment in memory, and what it points to */
typedef struct CaStored
{
	MemoryContext context;
	CaSegment segment;
	Datum *indicators; /* NULL: no candle has any */
	bool *no_indicators;
} CaStored;

extern void ca_store_init(CaStore *store, Oid function, int32 asset,
						  Datum timeframe, bool read_only);
extern CaStored *ca_stored_make(void);
extern bool ca_store_before(const CaStore *store, int64 time,
							CaStoredHead *head);
extern bool ca_store_after(const CaStore *store, int64 time,
						   CaStoredHead *head);
extern void ca_store_read(const CaStore *store, int64 first_time,
						  CaStored *stored);
extern void ca_store_take(const CaStore *store, int64 first_time,
						  CaStored *stored);
extern void ca_store_insert(const CaStore *store, const CaSegment *segment,
							Datum *indicators, bool *no_indicators);
extern void ca_stored_row(const CaStored *stored, int at, CaRow *row);

#endif /* CA_SEGMENT_TABLE_TABLE_H */
