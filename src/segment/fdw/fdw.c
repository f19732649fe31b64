/*-------------------------------------------------------------------------
 *
 * fdw.c
 *		price_data_compressed: compressed candles as rows of a foreign table.
 *
 * The table shows the content of price_data_segments in its own schema, one row per
 * candle.  It is read-only.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "access/reloptions.h"
#include "catalog/pg_class.h"
#include "nodes/makefuncs.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
#include "utils/syscache.h"

#include "segment/fdw/fdw.h"

PG_FUNCTION_INFO_V1(ca_segments_fdw_handler);
PG_FUNCTION_INFO_V1(ca_segments_fdw_validator);

/*
 * IsForeignScanParallelSafe: a worker reads segments with the leader's snapshot.
 * Row-security policies that a user adds, however, may call anything.
 */
static bool
is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	Oid table = ca_fdw_segments_table(rte->relid);
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	bool safe = false;

	if (HeapTupleIsValid(tuple))
	{
		safe = !((Form_pg_class) GETSTRUCT(tuple))->relrowsecurity;
		ReleaseSysCache(tuple);
	}
	return safe;
}

/*
 * ExplainForeignScan: the clauses that select segments, the number of segments
 * selected, and the number decoded.
 */
static void
explain(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;

	if (plan->fdw_exprs != NIL)
	{
		List *context =
			set_deparse_context_plan(es->deparse_cxt, &plan->scan.plan, NIL);
		Node *conditions = (Node *) make_ands_explicit(plan->fdw_exprs);

		ExplainPropertyText(
			"Segment Cond",
			deparse_expression(conditions, context, es->verbose, false), es);
	}
	if (es->analyze)
	{
		int64 found;
		int64 decoded;

		ca_fdw_counts(node, &found, &decoded);
		ExplainPropertyInteger("Segments Found", NULL, found, es);
		ExplainPropertyInteger("Segments Decoded", NULL, decoded, es);
	}
}

/*
 * ca_segments_fdw_handler() -> fdw_handler
 */
Datum
ca_segments_fdw_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = ca_fdw_size;
	routine->GetForeignPaths = ca_fdw_paths;
	routine->GetForeignPlan = ca_fdw_plan;
	routine->BeginForeignScan = ca_fdw_begin;
	routine->IterateForeignScan = ca_fdw_next;
	routine->ReScanForeignScan = ca_fdw_rescan;
	routine->EndForeignScan = ca_fdw_end;
	routine->ExplainForeignScan = explain;
	routine->IsForeignScanParallelSafe = is_parallel_safe;
	PG_RETURN_POINTER(routine);
}

/*
 * ca_segments_fdw_validator(options text[], catalog oid) -> void
 *
 * There are no options.  Error: HV00D for any option.
 */
Datum
ca_segments_fdw_validator(PG_FUNCTION_ARGS)
{
	List *options = untransformRelOptions(PG_GETARG_DATUM(0));

	if (options != NIL)
		ereport(ERROR, errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				errmsg("invalid option \"%s\"",
					   linitial_node(DefElem, options)->defname),
				errhint("Compressed candles have no options."));
	PG_RETURN_VOID();
}
