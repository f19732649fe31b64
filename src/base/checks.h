/*-------------------------------------------------------------------------
 *
 * checks.h
 *		Argument checks that more than one function needs, so that the same
 *		mistake always reads the same.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CHECKS_H
#define CA_CHECKS_H

#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

/* the largest period that an indicator takes; bounds its memory */
#define CA_MAX_PERIOD 10000

extern MemoryContext ca_aggregate_context(FunctionCallInfo fcinfo,
										  const char *function);
extern void ca_check_period(int value, const char *what);
extern void ca_check_no_nulls(ArrayType *array, const char *what);
extern void ca_check_finite(double value, const char *what);
extern void ca_check_finite_time(int64 time);
extern void ca_check_probability(double value);

#endif /* CA_CHECKS_H */
