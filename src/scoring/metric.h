/*-------------------------------------------------------------------------
 *
 * metric.h
 *		What all scoring aggregates share: states that are float8 arrays,
 *		parameters that must not change, results that may be undefined.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_METRIC_H
#define CA_METRIC_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

extern ArrayType *ca_metric_state(FunctionCallInfo fcinfo, int argno,
								  size_t size);
extern double ca_metric_constant(FunctionCallInfo fcinfo, int argno,
								 const char *name);
extern void ca_metric_check_constant(double first, double value,
									 const char *name);
extern double ca_metric_periods_per_year(FunctionCallInfo fcinfo, int argno);
extern Datum ca_metric_result(FunctionCallInfo fcinfo, bool defined,
							  double value);

#endif /* CA_METRIC_H */
