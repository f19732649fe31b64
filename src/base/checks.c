/*-------------------------------------------------------------------------
 *
 * checks.c
 *		Argument checks that more than one function needs.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "base/checks.h"

/*
 * Memory that lives as long as the aggregate's state.
 *
 * Support functions that change their state in place are safe only under an
 * aggregate, so a call from anywhere else is refused: 0A000.
 */
MemoryContext
ca_aggregate_context(FunctionCallInfo fcinfo, const char *function)
{
	MemoryContext context;

	if (!AggCheckCallContext(fcinfo, &context))
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("%s called in non-aggregate context", function),
				errhint("Call the aggregate, not its support function."));
	return context;
}

/*
 * Refuse a number of bars that is out of range: 22023.
 */
void
ca_check_period(int value, const char *what)
{
	if (value < 1 || value > CA_MAX_PERIOD)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be between 1 and %d", what, CA_MAX_PERIOD),
				errdetail("Value is %d.", value));
}

/*
 * Refuse an array with a NULL: 22004.
 */
void
ca_check_no_nulls(ArrayType *array, const char *what)
{
	if (array_contains_nulls(array))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("%s must not contain NULL", what),
				errhint("array_remove(array, NULL) leaves them out."));
}

/*
 * Refuse NaN and infinity: 22003.  "what" names the value: "price", "volume".
 */
void
ca_check_finite(double value, const char *what)
{
	if (!isfinite(value))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("%s must be finite", what),
				errdetail("Value is %s.", isnan(value) ? "NaN"
										  : value > 0  ? "Infinity"
													   : "-Infinity"),
				errhint("Filter the row out, or pass NULL for an unknown "
						"value."));
}

/*
 * Refuse an infinite time, in microseconds as a timestamp has it: 22008.
 */
void
ca_check_finite_time(int64 time)
{
	if (TIMESTAMP_NOT_FINITE(time))
		ereport(ERROR, errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				errmsg("time must be finite"),
				errdetail("Value is %s.", TIMESTAMP_IS_NOBEGIN(time)
											  ? "-infinity"
											  : "infinity"));
}

/*
 * Refuse a probability outside 0..1: 22003.
 */
void
ca_check_probability(double value)
{
	if (!(value >= 0.0 && value <= 1.0))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("probability must be between 0 and 1"),
				errdetail("Value is %g.", value),
				errhint("Divide a percentage by 100, or pass NULL for an "
						"unknown probability."));
}
