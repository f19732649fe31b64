/*-------------------------------------------------------------------------
 *
 * query.h
 *		Reading stored segments one by one.
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
#include "segment/read/compressed.h"

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

/* the kinds of the query: a set of bits */
enum
{
	CA_QUERY_KIND_SERIES = 0x01,     /* for one series; without it, for many: */
	CA_QUERY_KIND_ASSETS = 0x02,     /* of the listed assets */
	CA_QUERY_KIND_TIMEFRAMES = 0x04, /* of the listed timeframes */
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
	const CaBounds *bounds; /* not empty; must last until the query is closed */

	/* internal */
	MemoryContext context;
	int64 series; /* the number of series begun, or of queries for all */
	ParamListInfo parameters;
	CachedPlan *plan;
	QueryDesc *running;  /* NULL between series */
	ResourceOwner owner; /* of the plan */
} CaQuery;

extern const char *const ca_query_columns[CA_QUERY_COLUMNS];
extern CachedPlanSource *ca_query_source(Oid table, int kind);

extern void ca_query_check_rights(Oid table, Oid user);
extern void ca_query_open(CaQuery *query);
extern TupleTableSlot *ca_query_next(CaQuery *query);
extern void ca_query_close(CaQuery *query);

#endif /* CA_SEGMENT_READ_QUERY_H */
