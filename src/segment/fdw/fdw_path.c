/*-------------------------------------------------------------------------
 *
 * fdw_path.c
 *		Paths to compressed candles: their order, parameters and cost.
 *
 * Segments can be read in the order of their primary key, in both directions, and so
 * can candles.  A query that can use such an order gets a path for it.  A clause that
 * compares asset, timeframe or time with another table gives a path for the inner
 * side of a nested loop, as with an index.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "access/sysattr.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "utils/typcache.h"

#include "segment/fdw/fdw.h"

/* about the bytes of payload per candle */
#define CANDLE_BYTES 10.0

/* the most sets of other tables that parameterized paths are made for */
#define MAX_PARAMETERIZATIONS 16

static const AttrNumber key_columns[] = {
	CA_COMPRESSED_ASSET, CA_COMPRESSED_TIMEFRAME, CA_COMPRESSED_TIME};

static Var *
key_column(const RelOptInfo *rel, AttrNumber column)
{
	switch (column)
	{
		case CA_COMPRESSED_ASSET:
			return makeVar(rel->relid, column, INT4OID, -1, InvalidOid, 0);
		case CA_COMPRESSED_TIMEFRAME:
			return makeVar(rel->relid, column, VARCHAROID, -1,
						   DEFAULT_COLLATION_OID, 0);
		default:
			return makeVar(rel->relid, column, TIMESTAMPTZOID, -1, InvalidOid,
						   0);
	}
}

/*
 * The order of the candles as pathkeys, as far as the query can use it.  Columns with
 * a single value are left out, as for an index.
 */
static List *
useful_order(PlannerInfo *root, RelOptInfo *rel, bool descending)
{
	List *order = NIL;

	for (int i = 0; i < (int) lengthof(key_columns); i++)
	{
		Var *column = key_column(rel, key_columns[i]);
		TypeCacheEntry *type = lookup_type_cache(
			column->vartype, TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
		List *key = ca_expression_pathkey(
			root, (Expr *) column, descending ? type->gt_opr : type->lt_opr,
			rel->relids);

		if (key == NIL)
			break;
		if (!EC_MUST_BE_REDUNDANT(((PathKey *) linitial(key))->pk_eclass))
			order = list_append_unique_ptr(order, linitial(key));
	}
	return truncate_useless_pathkeys(root, rel, order);
}

/* those of the clauses that select segments */
static List *
conditions_among(PlannerInfo *root, const RelOptInfo *rel, List *clauses)
{
	List *found = NIL;
	ListCell *cell;

	foreach (cell, clauses)
	{
		RestrictInfo *clause = lfirst_node(RestrictInfo, cell);
		CaFdwCondition condition;

		if (!clause->pseudoconstant &&
			ca_fdw_condition(root, clause->clause, rel->relid, &condition))
			found = lappend(found, clause);
	}
	return found;
}

/*
 * Cost: one descent of the primary key, and for each segment its row, its payload and
 * its candles.  Candles of a segment that are out of range cost nothing.
 */
static void
set_cost(PlannerInfo *root, RelOptInfo *rel, ForeignPath *path)
{
	const CaFdwSize *size = rel->fdw_private;
	List *clauses = rel->baserestrictinfo;
	QualCost check;
	double candles;
	double segments;
	double pages = size->candles * CANDLE_BYTES / BLCKSZ;
	Cost cost;

	if (path->path.param_info != NULL)
		clauses = list_concat_copy(clauses, path->path.param_info->ppi_clauses);
	cost_qual_eval(&check, clauses, root);
	candles = rel->tuples *
			  clauselist_selectivity(root, conditions_among(root, rel, clauses),
									 rel->relid, JOIN_INNER, NULL);
	/* a range also touches a segment that it does not fill */
	segments = Min(rint(candles / size->candles) + 1.0, size->segments);

	path->path.startup_cost =
		check.startup + path->path.pathtarget->cost.startup;
	if (size->segments > 0)
		path->path.startup_cost += random_page_cost;
	cost = segments * (random_page_cost + pages * seq_page_cost);
	cost += candles * (cpu_tuple_cost + cpu_operator_cost + check.per_tuple);
	cost += path->path.rows * path->path.pathtarget->cost.per_tuple;
	path->path.total_cost = path->path.startup_cost + cost;
}

static void
add_scan(PlannerInfo *root, RelOptInfo *rel, CaScanOrder order, List *pathkeys,
		 Relids outer)
{
	ForeignPath *path = ca_create_foreignscan_path(root, rel, pathkeys, outer,
												   list_make1_int(order));

	if (path->path.param_info != NULL)
		path->path.rows = path->path.param_info->ppi_rows;
	else
		path->path.rows = rel->rows;
	set_cost(root, rel, path);
	add_path(rel, (Path *) path);
}

/* add a set of tables, and its unions with the known sets, each once */
static List *
add_tables(List *sets, const RelOptInfo *rel, Relids tables)
{
	Relids set =
		bms_del_member(bms_union(tables, rel->lateral_relids), rel->relid);
	List *unions = list_make1(set);
	ListCell *cell;

	if (bms_is_empty(set))
		return sets;
	foreach (cell, sets)
		unions = lappend(unions, bms_union(lfirst(cell), set));
	foreach (cell, unions)
	{
		ListCell *other;
		bool known = false;

		foreach (other, sets)
			known = known || bms_equal(lfirst(other), lfirst(cell));
		if (!known && list_length(sets) < MAX_PARAMETERIZATIONS)
			sets = lappend(sets, lfirst(cell));
	}
	return sets;
}

static bool
is_key_member(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec,
			  EquivalenceMember *em, void *column)
{
	return ca_fdw_condition_column((Node *) em->em_expr, rel->relid) ==
		   *(AttrNumber *) column;
}

/* the sets of tables whose values can select segments */
static List *
parameterizations(PlannerInfo *root, RelOptInfo *rel)
{
	List *clauses = NIL;
	List *sets = NIL;
	ListCell *cell;

	foreach (cell, rel->joininfo)
		if (join_clause_is_movable_to(lfirst(cell), rel))
			clauses = lappend(clauses, lfirst(cell));
	if (rel->has_eclass_joins)
		for (int i = 0; i < (int) lengthof(key_columns); i++)
		{
			AttrNumber column = key_columns[i];

			clauses =
				list_concat(clauses, generate_implied_equalities_for_column(
										 root, rel, is_key_member, &column,
										 rel->lateral_referencers));
		}
	clauses = conditions_among(root, rel, clauses);

	foreach (cell, clauses)
		sets = add_tables(sets, rel,
						  lfirst_node(RestrictInfo, cell)->clause_relids);
	return sets;
}

/*
 * GetForeignPaths
 */
void
ca_fdw_paths(PlannerInfo *root, RelOptInfo *rel, Oid foreign_table)
{
	List *ascending = useful_order(root, rel, false);
	List *descending = useful_order(root, rel, true);
	ListCell *cell;

	add_scan(root, rel, CA_SCAN_UNORDERED, NIL, rel->lateral_relids);
	if (ascending != NIL)
		add_scan(root, rel, CA_SCAN_ASCENDING, ascending, rel->lateral_relids);
	if (descending != NIL)
		add_scan(root, rel, CA_SCAN_DESCENDING, descending,
				 rel->lateral_relids);
	foreach (cell, parameterizations(root, rel))
		add_scan(root, rel, CA_SCAN_UNORDERED, NIL, lfirst(cell));
}

/* the columns that the scan returns or checks, as bits */
static int
wanted_columns(const RelOptInfo *rel, List *clauses)
{
	Bitmapset *columns = NULL;
	int wanted = 0;
	int number = -1;

	pull_varattnos((Node *) rel->reltarget->exprs, rel->relid, &columns);
	pull_varattnos((Node *) clauses, rel->relid, &columns);
	while ((number = bms_next_member(columns, number)) >= 0)
	{
		int column = number + FirstLowInvalidHeapAttributeNumber;

		if (column == 0) /* the whole row */
			return (2 << CA_COMPRESSED_COLUMNS) - 1;
		if (column > 0 && column <= CA_COMPRESSED_COLUMNS)
			wanted |= 1 << column;
	}
	return wanted;
}

/*
 * GetForeignPlan: the executor checks all clauses; the scan also gets those that
 * select segments.
 */
ForeignScan *
ca_fdw_plan(PlannerInfo *root, RelOptInfo *rel, Oid foreign_table,
			ForeignPath *path, List *tlist, List *clauses, Plan *outer_plan)
{
	const CaFdwSize *size = rel->fdw_private;
	List *conditions = NIL;
	ListCell *cell;

	clauses = extract_actual_clauses(clauses, false);
	foreach (cell, clauses)
	{
		CaFdwCondition condition;

		if (ca_fdw_condition(root, lfirst(cell), rel->relid, &condition))
			conditions = lappend(conditions, condition.clause);
	}

	/* new statistics of the segments invalidate the plan */
	root->glob->relationOids =
		lappend_oid(root->glob->relationOids, size->table);
	return make_foreignscan(tlist, clauses, rel->relid, conditions,
							list_make2_int(linitial_int(path->fdw_private),
										   wanted_columns(rel, clauses)),
							NIL, NIL, outer_plan);
}
