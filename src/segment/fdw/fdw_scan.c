/*-------------------------------------------------------------------------
 *
 * fdw_scan.c
 *		Compressed candles one by one.
 *
 * One segment at a time is in memory, with the wanted columns.  It stays there when
 * the scan is restarted, so a nested loop whose rows ask for the same segment decodes
 * it once: within one snapshot a segment does not change.
 *
 * A row is allocated in the executor's per-tuple memory.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "segment/fdw/fdw.h"
#include "segment/read/cursor.h"
#include "segment/read/query.h"

/* a condition that selects segments, and the expression of its value */
typedef struct ScanCondition
{
	CaFdwCondition condition;
	ExprState *value;
} ScanCondition;

typedef struct CompressedScan
{
	int nconditions;
	ScanCondition *conditions;
	MemoryContext bounds_context;
	CaBounds bounds;
	CaQuery query;
	bool running;

	CaCursor cursor;

	/* candles of the segment in memory that are still to be returned */
	int next;
	int step; /* 1 or -1 */
	int left;

	int64 found;
	int64 decoded;
} CompressedScan;

static void
init_conditions(CompressedScan *scan, ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	ListCell *cell;

	scan->conditions =
		palloc(sizeof(ScanCondition) * Max(list_length(plan->fdw_exprs), 1));
	foreach (cell, plan->fdw_exprs)
	{
		ScanCondition *condition = &scan->conditions[scan->nconditions++];

		if (!ca_fdw_condition(NULL, lfirst(cell), plan->scan.scanrelid,
							  &condition->condition))
			elog(ERROR, "a clause no longer selects segments");
		condition->value =
			ExecInitExpr(condition->condition.value, &node->ss.ps);
	}
}

/* a foreign table that a user created may have any columns */
static void
check_columns(TupleDesc columns)
{
	static const Oid types[CA_COMPRESSED_COLUMNS] = {
		INT8OID,    INT4OID,    VARCHAROID,     NUMERICOID,
		NUMERICOID, NUMERICOID, NUMERICOID,     NUMERICOID,
		NUMERICOID, JSONBOID,   TIMESTAMPTZOID, TIMESTAMPTZOID};
	bool same = columns->natts == CA_COMPRESSED_COLUMNS;

	for (int i = 0; same && i < CA_COMPRESSED_COLUMNS; i++)
		same = TupleDescAttr(columns, i)->atttypid == types[i];
	if (!same)
		ereport(
			ERROR, errcode(ERRCODE_FDW_INVALID_DATA_TYPE),
			errmsg(
				"foreign table does not have the columns of compressed candles"),
			errhint("Only the extension's own price_data_compressed can "
					"be read."));
}

/*
 * BeginForeignScan: privileges are checked now, even if no segment will be read.
 */
void
ca_fdw_begin(ForeignScanState *node, int eflags)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation relation = node->ss.ss_currentRelation;
	CompressedScan *scan = palloc0(sizeof(CompressedScan));

	check_columns(RelationGetDescr(relation));
	node->fdw_state = scan;
	scan->query.table = ca_fdw_segments_table(RelationGetRelid(relation));
	scan->query.user = ca_foreign_scan_user(node);
	if (!OidIsValid(scan->query.user))
		scan->query.user = GetUserId();
	ca_query_check_rights(scan->query.table, scan->query.user);
	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;

	scan->query.snapshot = node->ss.ps.state->es_snapshot;
	scan->query.order = list_nth_int(plan->fdw_private, CA_FDW_PRIVATE_ORDER);
	scan->query.bounds = &scan->bounds;
	ca_cursor_init(&scan->cursor,
				   list_nth_int(plan->fdw_private, CA_FDW_PRIVATE_COLUMNS));
	init_conditions(scan, node);
	scan->bounds_context = AllocSetContextCreate(
		CurrentMemoryContext, "bounds of segments", ALLOCSET_SMALL_SIZES);
}

/* narrow the bounds by one value, or by the elements of an array */
static void
add_bound(CaBounds *bounds, const CaFdwCondition *condition, Datum value,
		  bool isnull)
{
	Datum *values = &value;
	bool *nulls = &isnull;
	int nvalues = 1;

	if (condition->is_array && !isnull)
	{
		int16 length;
		bool by_value;
		char align;

		get_typlenbyvalalign(condition->type, &length, &by_value, &align);
		deconstruct_array(DatumGetArrayTypeP(value), condition->type, length,
						  by_value, align, &values, &nulls, &nvalues);
	}
	if (condition->column == CA_COMPRESSED_ASSET)
		ca_bounds_asset(bounds, condition->type, values, nulls, nvalues);
	else if (condition->column == CA_COMPRESSED_TIMEFRAME)
		ca_bounds_timeframe(bounds, values, nulls, nvalues);
	else
		ca_bounds_time(bounds, condition->strategy, condition->type, values,
					   nulls, nvalues);
}

/* evaluate the conditions, and begin to read */
static void
start(CompressedScan *scan, ForeignScanState *node)
{
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	MemoryContext old;

	MemoryContextReset(scan->bounds_context);
	old = MemoryContextSwitchTo(scan->bounds_context);
	ca_bounds_init(&scan->bounds);
	for (int i = 0; i < scan->nconditions && !scan->bounds.empty; i++)
	{
		bool isnull;
		Datum value = ExecEvalExprSwitchContext(scan->conditions[i].value,
												econtext, &isnull);

		add_bound(&scan->bounds, &scan->conditions[i].condition, value, isnull);
	}
	ca_query_open(&scan->query);
	MemoryContextSwitchTo(old);
	scan->running = true;
	scan->left = 0;
}

/* choose the candles of the segment in memory that are within the bounds */
static void
choose_candles(CompressedScan *scan)
{
	const CaSegment *segment = scan->cursor.segment;
	int first = ca_cursor_find(&scan->cursor, scan->bounds.since);
	int stop = segment->count;

	if (scan->bounds.until < segment->time[stop - 1])
		stop = ca_cursor_find(&scan->cursor, scan->bounds.until + 1);
	scan->left = Max(stop - first, 0);
	if (scan->query.order == CA_SCAN_DESCENDING)
	{
		scan->next = stop - 1;
		scan->step = -1;
	}
	else
	{
		scan->next = first;
		scan->step = 1;
	}
}

/*
 * IterateForeignScan: called in per-tuple memory.
 */
TupleTableSlot *
ca_fdw_next(ForeignScanState *node)
{
	CompressedScan *scan = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;

	ExecClearTuple(slot);
	if (!scan->running)
		start(scan, node);
	while (scan->left == 0)
	{
		TupleTableSlot *row =
			scan->bounds.empty ? NULL : ca_query_next(&scan->query);

		if (row == NULL)
			return slot;
		scan->found++;
		scan->decoded += ca_cursor_load(&scan->cursor, row);
		choose_candles(scan);
	}
	ca_cursor_put(&scan->cursor, scan->next, slot);
	scan->next += scan->step;
	scan->left--;
	return slot;
}

/*
 * ReScanForeignScan
 */
void
ca_fdw_rescan(ForeignScanState *node)
{
	ca_fdw_end(node);
}

/*
 * EndForeignScan: also called after EXPLAIN without ANALYZE, when nothing runs.
 */
void
ca_fdw_end(ForeignScanState *node)
{
	CompressedScan *scan = node->fdw_state;

	if (scan == NULL || !scan->running)
		return;
	ca_query_close(&scan->query);
	scan->running = false;
}

/* the numbers of segments that were found and that were decoded */
void
ca_fdw_counts(ForeignScanState *node, int64 *found, int64 *decoded)
{
	const CompressedScan *scan = node->fdw_state;

	*found = scan->found;
	*decoded = scan->decoded;
}
