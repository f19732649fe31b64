/*-------------------------------------------------------------------------
 *
 * fdw.h
 *		The foreign table of compressed candles: what its files share.
 *
 *		fdw.c            handler, validator and EXPLAIN
 *		fdw_condition.c  which clauses select segments
 *		fdw_size.c       the number of candles, and their statistics
 *		fdw_path.c       paths, their order and their cost
 *		fdw_scan.c       candles one by one
 *
 * Below them, in segment/read: bounds.c, the series and times that a scan asks
 * for; query.c, the segments within bounds; cursor.c, the segment in memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_FDW_H
#define CA_FDW_H

#include "postgres.h"

#include "commands/explain.h"
#include "foreign/fdwapi.h"
#include "nodes/pathnodes.h"

#include "segment/read/compressed.h"

/* fdw_private of a ForeignPath and a ForeignScan: a list of integers, at these positions */
enum
{
	CA_FDW_PRIVATE_ORDER,
	CA_FDW_PRIVATE_COLUMNS /* bits, 1 << column; in a ForeignScan only */
};

/* what the planner knows of the foreign table: RelOptInfo.fdw_private */
typedef struct CaFdwSize
{
	Oid table; /* price_data_segments */
	double segments;
	double candles; /* per segment, on average */
} CaFdwSize;

/* a clause that selects segments: column operator value */
typedef struct CaFdwCondition
{
	int column;    /* asset, timeframe or time */
	int strategy;  /* of a B-tree; only for the time can it be an inequality */
	bool is_array; /* column = ANY (value) */
	Oid type;      /* of the value, or of its elements */
	Expr *clause;
	Expr *value; /* has no columns of the table */
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
