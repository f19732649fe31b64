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
	CA_QUERY_ASSET,
	CA_QUERY_TIMEFRAME,
	CA_QUERY_FIRST,
	CA_QUERY_LAST,
	CA_QUERY_CANDLES,
	CA_QUERY_PAYLOAD,
	CA_QUERY_INDICATORS,
	CA_QUERY_COLUMNS
};

/* the parameters of the query */
enum
{
	CA_QUERY_PARAM_ASSET,
	CA_QUERY_PARAM_TIMEFRAME,
	CA_QUERY_PARAM_SINCE,
	CA_QUERY_PARAM_UNTIL,
	CA_QUERY_PARAMS
};

/* what distinguishes queries, as bits */
enum
{
	CA_QUERY_KIND_SERIES = 0x01, /* one series */
	CA_QUERY_KIND_ASSETS = 0x02, /* of several series: of these assets */
	CA_QUERY_KIND_TIMEFRAMES = 0x04,
	CA_QUERY_KIND_SINCE = 0x08,
	CA_QUERY_KIND_ORDERED = 0x10,
	CA_QUERY_KIND_DESCENDING = 0x20
};

typedef struct CaQuery
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
	QueryDesc *running; /* NULL when none runs */
	ResourceOwner owner;
} CaQuery;

extern const char *const ca_query_columns[CA_QUERY_COLUMNS];
extern CachedPlanSource *ca_query_source(Oid table, int kind);

extern void ca_query_check_rights(Oid table, Oid user);
extern void ca_query_open(CaQuery *reader);
extern TupleTableSlot *ca_query_next(CaQuery *reader);
extern void ca_query_close(CaQuery *reader);

#endif /* CA_SEGMENT_READ_QUERY_H */
