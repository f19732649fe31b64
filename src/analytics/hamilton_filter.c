/*-------------------------------------------------------------------------
 *
 * hamilton_filter.c
 *		hamilton_filter(x, means, sds, transition), an aggregate in order: the
 *		probability of each state after the last row.
 *
 * kernel/hamilton.c has the formulas.  The parameters are those of a model
 * that has been fitted elsewhere: there are 1 to 16 states, and transition is
 * a matrix of as many rows and columns, from state to state.  A row with a NULL
 * x is skipped.  Without rows the result is NULL.
 *
 * Errors: 22003 for an x that is NaN, infinite or further from all means than
 * double precision has numbers for; 22023 for parameters that are NULL, of the
 * wrong shape, not finite, not the same in every row, for an sd that is not
 * above zero, and for transitions that are negative, whose rows do not sum to
 * 1 within 1e-9 or which do not lead from every state to every state.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/float.h"

#include "analytics/kernel/hamilton.h"
#include "base/checks.h"

/* the arguments */
enum
{
	ARG_STATE,
	ARG_X,
	ARG_MEANS,
	ARG_SDS,
	ARG_TRANSITION
};

PG_FUNCTION_INFO_V1(ca_hamilton_filter_accum);
PG_FUNCTION_INFO_V1(ca_hamilton_filter_final);

static const char *
argument_name(int argno)
{
	return argno == ARG_MEANS ? "means"
		   : argno == ARG_SDS ? "sds"
							  : "transition";
}

/* the numbers of an array argument, and how many there are */
static const double *
numbers_argument(FunctionCallInfo fcinfo, int argno, int *count)
{
	ArrayType *array;

	if (PG_ARGISNULL(argno))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of hamilton_filter must not be NULL",
					   argument_name(argno)),
				errhint("Give the same array in every row."));
	array = PG_GETARG_ARRAYTYPE_P(argno);
	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of hamilton_filter must not contain NULL",
					   argument_name(argno)),
				errhint("Give a number for each state."));
	return (const double *) ARR_DATA_PTR(array);
}

/* an array argument of this many numbers */
static const double *
sized_argument(FunctionCallInfo fcinfo, int argno, int expected)
{
	int count;
	const double *numbers = numbers_argument(fcinfo, argno, &count);

	if (count != expected)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("wrong number of values in %s of hamilton_filter",
					   argument_name(argno)),
				errdetail("There are %d, and %d are needed.", count, expected),
				errhint("There is a mean and an sd for each state, and a "
						"transition from each state to each."));
	return numbers;
}

static void
refuse_number(int argno, const char *rule, double value)
{
	ereport(
		ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		errmsg("%s of hamilton_filter must be %s", argument_name(argno), rule),
		errdetail("Value is %g.", value));
}

static void
check_transition(const CaHamilton *filter)
{
	int n = filter->n;

	for (int i = 0; i < n; i++)
	{
		double sum = 0.0;

		for (int j = 0; j < n; j++)
		{
			double value = filter->transition[i * n + j];

			if (!(value >= 0.0 && value <= 1.0))
				refuse_number(ARG_TRANSITION, "probabilities", value);
			sum += value;
		}
		if (!(fabs(sum - 1.0) <= 1e-9))
			ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("each row of transition must sum to 1"),
					errdetail("Row %d sums to %.15g.", i + 1, sum));
	}
	if (!ca_hamilton_connected(filter))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("transition must lead from every state to every state"),
				errhint("Leave out states that cannot be reached or left."));
}

/* read the parameters of the first row */
static void
take_parameters(FunctionCallInfo fcinfo, CaHamilton *filter)
{
	const double *means = numbers_argument(fcinfo, ARG_MEANS, &filter->n);
	int n = filter->n;

	if (n < 1 || n > CA_HAMILTON_STATES)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("hamilton_filter must have 1 to %d states",
					   CA_HAMILTON_STATES),
				errdetail("There are %d means.", n));
	memcpy(filter->mean, means, n * sizeof(double));
	memcpy(filter->sd, sized_argument(fcinfo, ARG_SDS, n), n * sizeof(double));
	memcpy(filter->transition, sized_argument(fcinfo, ARG_TRANSITION, n * n),
		   n * n * sizeof(double));

	for (int i = 0; i < n; i++)
	{
		if (!isfinite(filter->mean[i]))
			refuse_number(ARG_MEANS, "finite", filter->mean[i]);
		if (!(filter->sd[i] > 0.0 && isfinite(filter->sd[i])))
			refuse_number(ARG_SDS, "finite and above zero", filter->sd[i]);
	}
	check_transition(filter);
}

/* refuse an array that is not that of the first row */
static void
check_same(FunctionCallInfo fcinfo, int argno, const double *first, int count)
{
	const double *numbers = sized_argument(fcinfo, argno, count);

	if (memcmp(numbers, first, count * sizeof(double)) != 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of hamilton_filter must not change from row to row",
					   argument_name(argno)),
				errhint("Give the same array in every row."));
}

/*
 * ca_hamilton_filter_accum(internal, x, means, sds, transition) -> internal
 */
Datum
ca_hamilton_filter_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context =
		ca_aggregate_context(fcinfo, "ca_hamilton_filter_accum");
	CaHamilton *filter;

	if (PG_ARGISNULL(ARG_STATE))
	{
		filter = MemoryContextAllocZero(context, sizeof(CaHamilton));
		take_parameters(fcinfo, filter);
		ca_hamilton_begin(filter);
	}
	else
	{
		filter = (CaHamilton *) PG_GETARG_POINTER(ARG_STATE);
		check_same(fcinfo, ARG_MEANS, filter->mean, filter->n);
		check_same(fcinfo, ARG_SDS, filter->sd, filter->n);
		check_same(fcinfo, ARG_TRANSITION, filter->transition,
				   filter->n * filter->n);
	}

	if (!PG_ARGISNULL(ARG_X))
	{
		ca_check_finite(PG_GETARG_FLOAT8(ARG_X), "x");
		if (!ca_hamilton_update(filter, PG_GETARG_FLOAT8(ARG_X)))
			float_overflow_error();
	}
	PG_RETURN_POINTER(filter);
}

/*
 * ca_hamilton_filter_final(internal) -> double precision[]
 */
Datum
ca_hamilton_filter_final(PG_FUNCTION_ARGS)
{
	CaHamilton *filter;
	Datum result[CA_HAMILTON_STATES];

	ca_aggregate_context(fcinfo, "ca_hamilton_filter_final");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	filter = (CaHamilton *) PG_GETARG_POINTER(0);
	if (!filter->has_rows)
		PG_RETURN_NULL();
	for (int i = 0; i < filter->n; i++)
		result[i] = Float8GetDatum(filter->probability[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(result, filter->n, FLOAT8OID,
										  sizeof(float8), FLOAT8PASSBYVAL,
										  TYPALIGN_DOUBLE));
}
