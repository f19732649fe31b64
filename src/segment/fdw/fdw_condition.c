/*-------------------------------------------------------------------------
 *
 * fdw_condition.c
 *		Which clauses select segments.
 *
 * A clause selects segments if it compares the asset, the timeframe or the time of a
 * candle with a value that is known before the scan's first row.  Asset and timeframe
 * are compared for equality, also with the elements of an array; the time with any
 * operator.  The executor checks every clause again for each candle, so a scan may
 * read more than a clause asks for, but never less.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/stratnum.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"

#include "segment/fdw/fdw.h"

/* the column if an expression is asset, timeframe or time; otherwise 0 */
int
ca_fdw_condition_column(const Node *expr, Index relid)
{
	const Var *var;

	while (expr != NULL && IsA(expr, RelabelType))
		expr = (const Node *) ((const RelabelType *) expr)->arg;
	if (expr == NULL || !IsA(expr, Var))
		return 0;
	var = (const Var *) expr;
	if (var->varno != (int) relid || var->varlevelsup != 0)
		return 0;
	switch (var->varattno)
	{
		case CA_COMPRESSED_ASSET:
		case CA_COMPRESSED_TIMEFRAME:
		case CA_COMPRESSED_TIME:
			return var->varattno;
		default:
			return 0;
	}
}

/* whether and how the operator compares the column; bounds.c takes these types */
static bool
fill_operator(CaFdwCondition *condition, Oid opno, Oid collation)
{
	Oid column_type;
	Oid family;
	int strategy;
	Oid left;

	switch (condition->column)
	{
		case CA_COMPRESSED_ASSET:
			column_type = INT4OID;
			break;
		case CA_COMPRESSED_TIMEFRAME:
			column_type = TEXTOID;
			break;
		default:
			column_type = TIMESTAMPTZOID;
			break;
	}
	family =
		lookup_type_cache(column_type, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
	if (get_op_opfamily_strategy(opno, family) == 0)
		return false;
	get_op_opfamily_properties(opno, family, false, &strategy, &left,
							   &condition->type);
	condition->strategy = strategy;
	if (left != column_type)
		return false;

	switch (condition->type)
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
			return strategy == BTEqualStrategyNumber;
		case TEXTOID:
			return strategy == BTEqualStrategyNumber && OidIsValid(collation) &&
				   get_collation_isdeterministic(collation);
		case DATEOID:
		case TIMESTAMPOID:
		case TIMESTAMPTZOID:
			return !condition->is_array || strategy == BTEqualStrategyNumber;
		default:
			return false;
	}
}

static bool
is_known_before(PlannerInfo *root, Expr *value, Index relid)
{
	return !bms_is_member(relid, pull_varnos(root, (Node *) value)) &&
		   !contain_volatile_functions((Node *) value) &&
		   !contain_subplans((Node *) value);
}

/* column operator value, or value operator column */
static bool
fill_comparison(OpExpr *clause, Index relid, CaFdwCondition *condition)
{
	Oid opno = clause->opno;

	if (list_length(clause->args) != 2)
		return false;
	condition->is_array = false;
	condition->clause = (Expr *) clause;
	condition->value = lsecond(clause->args);
	condition->column = ca_fdw_condition_column(linitial(clause->args), relid);
	if (condition->column == 0)
	{
		OpExpr *turned;

		condition->column =
			ca_fdw_condition_column(lsecond(clause->args), relid);
		opno = get_commutator(opno);
		if (condition->column == 0 || !OidIsValid(opno))
			return false;
		turned = copyObject(clause);
		CommuteOpExpr(turned);
		condition->clause = (Expr *) turned;
		condition->value = lsecond(turned->args);
	}
	return fill_operator(condition, opno, clause->inputcollid);
}

/* column = ANY (array) */
static bool
fill_array(ScalarArrayOpExpr *clause, Index relid, CaFdwCondition *condition)
{
	if (!clause->useOr)
		return false;
	condition->is_array = true;
	condition->clause = (Expr *) clause;
	condition->value = lsecond(clause->args);
	condition->column = ca_fdw_condition_column(linitial(clause->args), relid);
	return condition->column != 0 &&
		   fill_operator(condition, clause->opno, clause->inputcollid);
}

/*
 * Whether and how a clause on the table "relid" selects segments.  The planner calls
 * this first, with its root; the executor later, without, for clauses that passed.
 */
bool
ca_fdw_condition(PlannerInfo *root, Expr *clause, Index relid,
				 CaFdwCondition *condition)
{
	bool found = false;

	if (IsA(clause, OpExpr))
		found = fill_comparison((OpExpr *) clause, relid, condition);
	else if (IsA(clause, ScalarArrayOpExpr))
		found = fill_array((ScalarArrayOpExpr *) clause, relid, condition);
	return found && is_known_before(root, condition->value, relid);
}
