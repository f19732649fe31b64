/*-------------------------------------------------------------------------
 *
 * query.h
 *		Stored segments, one by one, by a query on their table.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_READ_QUERY_H
#define CA_SEGMENT_READ_QUERY_H

#include "postgres.h"

#include "executor/execdesc.h"
#include "utils/plancache.h"
#include "utils/resowner.h"
#include "utils/snapshot.h"

#include "segment/read/bounds.h"
#include "segment/fdw/fdw.h"

/* the columns of the query */
enum
{
	CA_READ_ASSET,
	CA_READ_TIMEFRAME,
	CA_READ_FIRST,
	CA_READ_LAST,
	CA_READ_CANDLES,
	CA_READ_PAYLOAD,
	CA_READ_INDICATORS,
	CA_READ_COLUMNS
};

/* the parameters of the query */
enum
{
	CA_READ_PARAM_ASSET,
	CA_READ_PARAM_TIMEFRAME,
	CA_READ_PARAM_SINCE,
	CA_READ_PARAM_UNTIL,
	CA_READ_PARAMS
};

/* what distinguishes queries, as bits */
enum
{
	CA_READ_SERIES = 0x01, /* one series */
	CA_READ_ASSETS = 0x02, /* of several series: of these assets */
	CA_READ_TIMEFRAMES = 0x04,
	CA_READ_SINCE = 0x08,
	CA_READ_ORDERED = 0x10,
	CA_READ_DESCENDING = 0x20
};

typedef struct CaSegmentReader
{
	/* filled in by the caller */
	Oid table; /* price_data_segments */
	Oid user;  /* whose rights and policies count */
	Snapshot snapshot;
	CaScanOrder order;
	const CaBounds *bounds; /* not empty, and there until the end */

	/* the reader's own */
	MemoryContext context;
	int64 series; /* how many of the bounds' series have been begun */
	ParamListInfo parameters;
	CachedPlan *plan;
	QueryDesc *query; /* NULL when none runs */
	ResourceOwner owner;
} CaSegmentReader;

extern const char *const ca_read_columns[CA_READ_COLUMNS];
extern CachedPlanSource *ca_read_query_source(Oid table, int kind);

extern void ca_segments_check(Oid table, Oid user);
extern void ca_segments_open(CaSegmentReader *reader);
extern TupleTableSlot *ca_segments_next(CaSegmentReader *reader);
extern void ca_segments_close(CaSegmentReader *reader);

#endif /* CA_SEGMENT_READ_QUERY_H */
