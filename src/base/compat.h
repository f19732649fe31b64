/*-------------------------------------------------------------------------
 *
 * compat.h
 *		The differences between PostgreSQL versions.  Only this file and module.c
 *		look at PG_VERSION_NUM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_COMPAT_H
#define CA_COMPAT_H

#include "postgres.h"

/* varlena macros moved out of postgres.h in PostgreSQL 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#include "nodes/execnodes.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "parser/parsetree.h"
#include "utils/acl.h"

#if PG_VERSION_NUM >= 160000
#include "catalog/pg_proc.h"
#endif

/* what EXPLAIN shows moved out of explain.h in PostgreSQL 18 */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

/*
 * The order by an operator as a list of one pathkey; NIL if the query does not use
 * the expression.
 */
static inline List *
ca_expression_pathkey(PlannerInfo *root, Expr *expr, Oid opno, Relids rel)
{
#if PG_VERSION_NUM >= 160000
	return build_expression_pathkey(root, expr, opno, rel, false);
#else
	return build_expression_pathkey(root, expr, NULL, opno, rel, false);
#endif
}

/* a path over a foreign table; the caller fills in rows and cost */
static inline ForeignPath *
ca_create_foreignscan_path(PlannerInfo *root, RelOptInfo *rel, List *pathkeys,
						   Relids outer, List *fdw_private)
{
#if PG_VERSION_NUM >= 180000
	return create_foreignscan_path(root, rel, NULL, 0, 0, 0, 0, pathkeys, outer,
								   NULL, NIL, fdw_private);
#elif PG_VERSION_NUM >= 170000
	return create_foreignscan_path(root, rel, NULL, 0, 0, 0, pathkeys, outer,
								   NULL, NIL, fdw_private);
#else
	return create_foreignscan_path(root, rel, NULL, 0, 0, 0, pathkeys, outer,
								   NULL, fdw_private);
#endif
}

/* the user whose rights a foreign scan needs; InvalidOid: the current user */
static inline Oid
ca_foreign_scan_user(ForeignScanState *node)
{
	ForeignScan *scan = (ForeignScan *) node->ss.ps.plan;

#if PG_VERSION_NUM >= 160000
	return scan->checkAsUser;
#else
	return rt_fetch(scan->scan.scanrelid,
					node->ss.ps.state->es_plannedstmt->rtable)
		->checkAsUser;
#endif
}

/* whether a role may execute a function */
static inline bool
ca_may_execute(Oid function, Oid role)
{
#if PG_VERSION_NUM >= 160000
	return object_aclcheck(ProcedureRelationId, function, role, ACL_EXECUTE) ==
		   ACLCHECK_OK;
#else
	return pg_proc_aclcheck(function, role, ACL_EXECUTE) == ACLCHECK_OK;
#endif
}

#endif /* CA_COMPAT_H */
