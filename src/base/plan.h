/*-------------------------------------------------------------------------
 *
 * plan.h
 *		Plans that are kept for the session.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_BASE_PLAN_H
#define CA_BASE_PLAN_H

#include "postgres.h"

#include "executor/spi.h"

extern SPIPlanPtr ca_plan(const char *query, int nparameters, const Oid *types,
						  int options);

#endif /* CA_BASE_PLAN_H */
