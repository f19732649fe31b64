/*-------------------------------------------------------------------------
 *
 * fdw.h
 *		The foreign table of compressed candles: what its parts share.
 *
 *		fdw.c            handler, validator and EXPLAIN
 *		fdw_condition.c  which clauses choose segments
 *		fdw_size.c       how many candles there are, and their statistics
 *		fdw_path.c       paths, their order and their cost
 *		fdw_scan.c       candles one by one
 *		cursor.c         the segment that is in memory
 *		bounds.c         which series and times a scan asks for
 *		query.c           the segments of some bounds, by a query
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_FDW_H
#define CA_FDW_H

#include "postgres.h"

#include "commands/explain.h"
#include "foreign/fdwapi.h"
#include "nodes/pathnodes.h"

/* the columns of price_data_compressed, which are those of price_data_archive */
enum
{
	CA_COMPRESSED_ID = 1,
	CA_COMPRESSED_ASSET,
	CA_COMPRESSED_TIMEFRAME,
	CA_COMPRESSED_OPEN,
	CA_COMPRESSED_HIGH,
	CA_COMPRESSED_LOW,
	CA_COMPRESSED_CLOSE,
	CA_COMPRESSED_VOLUME,
	CA_COMPRESSED_MARKET_CAP,
	CA_COMPRESSED_INDICATORS,
	CA_COMPRESSED_TIME,
	CA_COMPRESSED_CREATED,
	CA_COMPRESSED_COLUMNS = CA_COMPRESSED_CREATED
};

/* the order of a scan, by asset, timeframe and time */
typedef enum CaScanOrder
{
	CA_SCAN_UNORDERED, /* ascending within a series all the same */
	CA_SCAN_ASCENDING,
	CA_SCAN_DESCENDING
} CaScanOrder;

/* fdw_private of a ForeignPath and a ForeignScan: a list of these integers */
enum
{
	CA_FDW_PRIVATE_ORDER,
	CA_FDW_PRIVATE_COLUMNS /* a bit each, 1 << column; of a ForeignScan only */
};

/* what the planner knows of the foreign table: RelOptInfo.fdw_private */
typedef struct CaFdwSize
{
	Oid table; /* price_data_segments */
	double segments;
	double candles; /* of a segment, on average */
} CaFdwSize;

/* a clause that chooses segments: column operator value */
typedef struct CaFdwCondition
{
	int column;    /* asset, timeframe or time */
	int strategy;  /* of a B-tree; of the time alone, it may be an inequality */
	bool is_array; /* column = ANY (value) */
	Oid type;      /* of the value, or of its elements */
	Expr *clause;
	Expr *value; /* without columns of the table */
} CaFdwCondition;

extern bool ca_fdw_condition(PlannerInfo *root, Expr *clause, Index relid,
							 CaFdwCondition *condition);
extern int ca_fdw_condition_column(const Node *expr, Index relid);

extern Oid ca_fdw_segments_table(Oid foreign_table);
extern void ca_fdw_define_statistics(void);
extern void ca_fdw_size(PlannerInfo *root, RelOptInfo *rel, Oid foreign_table);

extern void ca_fdw_paths(PlannerInfo *root, RelOptInfo *rel, Oid foreign_table);
extern ForeignScan *ca_fdw_plan(PlannerInfo *root, RelOptInfo *rel,
								Oid foreign_table, ForeignPath *path,
								List *tlist, List *clauses, Plan *outer_plan);

extern void ca_fdw_begin(ForeignScanState *node, int eflags);
extern TupleTableSlot *ca_fdw_next(ForeignScanState *node);
extern void ca_fdw_rescan(ForeignScanState *node);
extern void ca_fdw_end(ForeignScanState *node);
extern void ca_fdw_counts(ForeignScanState *node, int64 *found, int64 *decoded);

#endif /* CA_FDW_H */
