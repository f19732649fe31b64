/*-------------------------------------------------------------------------
 *
 * metric.c
 *		What all scoring aggregates share.  The metrics are in error_metrics.c,
 *		probability_metrics.c, medae.c and sharpe_ratio.c.
 *
 * Their states are arrays of double precision, like those of PostgreSQL's avg
 * and variance: a type that, unlike internal, can be stored and sent.  The
 * numbers of the array are the fields of a C struct, which must consist of
 * doubles only.
 *
 * Anyone may call a support function with any array, or build an aggregate
 * with another initial condition, so the shape is checked on every call.  The
 * numbers are not checked: wrong ones give a wrong result, but do no other
 * harm.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/float.h"

#include "scoring/metric.h"

/*
 * The state argument, checked to hold a struct of that size.
 *
 * Only a caller that has called ca_aggregate_context() may change it.
 */
ArrayType *
ca_metric_state(FunctionCallInfo fcinfo, int argno, size_t size)
{
	int length = (int) (size / sizeof(float8));
	ArrayType *array = NULL;

	if (!PG_ARGISNULL(argno))
		array = PG_GETARG_ARRAYTYPE_P(argno);
	if (array == NULL || ARR_NDIM(array) != 1 || ARR_HASNULL(array) ||
		ARR_ELEMTYPE(array) != FLOAT8OID || ARR_DIMS(array)[0] != length)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("aggregate state must be a double precision array of "
					   "%d elements",
					   length),
				errhint("Call the aggregate, not its support function."));
	return array;
}

/*
 * An argument that must be the same in all rows.  Errors: 22023 for NULL.
 */
double
ca_metric_constant(FunctionCallInfo fcinfo, int argno, const char *name)
{
	if (PG_ARGISNULL(argno))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must not be NULL", name),
				errhint("Give the same value in every row."));
	return PG_GETARG_FLOAT8(argno);
}

/*
 * Refuse an argument that differs between rows.  Errors: 22023.
 */
void
ca_metric_check_constant(double first, double value, const char *name)
{
	if (first != value)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s must be the same in every row", name),
				errdetail("Values are %g and %g.", first, value),
				errhint("Add it to GROUP BY or PARTITION BY."));
}

/*
 * NULL if undefined, else the value.  Errors: 22003 for one beyond double
 * precision.
 *
 * Sums that overflow become infinity or NaN for good.  Inputs are finite, so
 * either means an overflow.
 */
Datum
ca_metric_result(FunctionCallInfo fcinfo, bool defined, double value)
{
	if (!defined)
		PG_RETURN_NULL();
	if (!isfinite(value))
		float_overflow_error();
	PG_RETURN_FLOAT8(value);
}

/*
 * The periods per year in an argument, or 365, the days of a market that never
 * closes, if there is no such argument.  Errors: 22023 for NULL and for a value
 * that is not finite and positive.
 */
double
ca_metric_periods_per_year(FunctionCallInfo fcinfo, int argno)
{
	double periods = 365.0;

	if (PG_NARGS() > argno)
		periods = ca_metric_constant(fcinfo, argno, "periods_per_year");
	if (!(periods > 0.0 && isfinite(periods)))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("periods_per_year must be finite and positive"),
				errdetail("Value is %g.", periods),
				errhint("Use 365 for daily returns, 8760 for hourly ones."));
	return periods;
}
