/*-------------------------------------------------------------------------
 *
 * error_metrics.c
 *		Error metrics of predictions, as parallel-safe aggregates.
 *
 * With e = predicted - actual over n pairs:
 *
 *	mae			sum(|e|) / n
 *	mse			sum(e * e) / n
 *	rmse		sqrt(mse)
 *	max_error	max(|e|)
 *	mape		sum(|e| / |actual|) / n, a fraction; NULL if any actual is 0
 *	smape		2 * sum(|e| / (|actual| + |predicted|)) / n, from 0 to 2; a pair
 *				of zeros counts as 0
 *	wape		sum(|e|) / sum(|actual|); NULL if every actual is 0
 *	r2			1 - sum(e * e) / sum((actual - mean(actual))^2); NULL for one
 *				pair; constant actuals give 1 if every e is 0, else 0
 *	mase		mae / naive_error, the mean absolute error of a naive forecast
 *				on the training data; NULL if naive_error is 0
 *	directional_accuracy	share of rows in which actual and predicted lie on
 *				the same side of reference; equal to it is a side of its own
 *
 * Rows with a NULL actual, predicted or reference value do not count.  Without
 * rows the result is NULL.
 *
 * Errors: NaN, an infinity, a negative naive_error and a result beyond double
 * precision are 22003; a naive_error that is NULL or changes within a call is
 * 22023, unless the row does not count.  An overflow affects only the metrics
 * that need the sum that overflowed.
 *
 * All metrics of (actual, predicted) share one transition function and state,
 * so a query that asks for several runs it once per row.  medae needs every
 * error and has its own file.  To add a metric: a CaErrorMetric and its
 * formula in kernel/error_kernel.c, a final function here, and its aggregates
 * in sql/functions/scoring.
 *
 * Definitions: scikit-learn 1.2 (mae, mse, rmse, max_error, mape, r2); Hyndman
 * and Koehler, "Another look at measures of forecast accuracy" (2006) for mase
 * and smape.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/array.h"

#include "number/doubledouble.h"
#include "numeric/numeric.h"
#include "scoring/kernel/error_kernel.h"
#include "scoring/metric.h"
#include "base/checks.h"

/* the naive error is the same in all rows */
typedef struct ScaledState
{
	double count;
	CaDD absolute; /* sum of |e| */
	double naive_error;
} ScaledState;

typedef struct DirectionState
{
	double count;
	double hits;
} DirectionState;

PG_FUNCTION_INFO_V1(ca_error_accum);
PG_FUNCTION_INFO_V1(ca_error_accum_numeric);
PG_FUNCTION_INFO_V1(ca_error_combine);
PG_FUNCTION_INFO_V1(ca_mae_final);
PG_FUNCTION_INFO_V1(ca_mse_final);
PG_FUNCTION_INFO_V1(ca_rmse_final);
PG_FUNCTION_INFO_V1(ca_max_error_final);
PG_FUNCTION_INFO_V1(ca_mape_final);
PG_FUNCTION_INFO_V1(ca_smape_final);
PG_FUNCTION_INFO_V1(ca_wape_final);
PG_FUNCTION_INFO_V1(ca_r2_final);
PG_FUNCTION_INFO_V1(ca_mase_accum);
PG_FUNCTION_INFO_V1(ca_mase_combine);
PG_FUNCTION_INFO_V1(ca_mase_final);
PG_FUNCTION_INFO_V1(ca_direction_accum);
PG_FUNCTION_INFO_V1(ca_direction_combine);
PG_FUNCTION_INFO_V1(ca_directional_accuracy_final);

static double
checked_argument(FunctionCallInfo fcinfo, int argno, const char *what)
{
	double value = PG_GETARG_FLOAT8(argno);

	ca_check_finite(value, what);
	return value;
}

static Datum
error_final(FunctionCallInfo fcinfo, CaErrorMetric metric)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(CaErrorSums));
	CaErrorSums *sums = (CaErrorSums *) ARR_DATA_PTR(array);
	double result = 0.0;
	bool defined = ca_error_sums_metric(sums, metric, &result);

	return ca_metric_result(fcinfo, defined, result);
}

/* 1 above the reference, -1 below, 0 equal */
static int
direction(double reference, double value)
{
	return (value > reference) - (value < reference);
}

/*
 * Accumulate a pair.  STRICT, so the executor skips pairs with a NULL.
 */
Datum
ca_error_accum(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(CaErrorSums));
	CaErrorSums *sums = (CaErrorSums *) ARR_DATA_PTR(array);
	double actual = checked_argument(fcinfo, 1, "actual value");
	double predicted = checked_argument(fcinfo, 2, "predicted value");

	ca_aggregate_context(fcinfo, "ca_error_accum");
	ca_error_sums_add(sums, actual, predicted);
	PG_RETURN_ARRAYTYPE_P(array);
}

/*
 * The same for numerics, which are taken as the doubles that a cast gives.
 */
Datum
ca_error_accum_numeric(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(CaErrorSums));
	double actual = ca_double_from_numeric(PG_GETARG_DATUM(1));
	double predicted = ca_double_from_numeric(PG_GETARG_DATUM(2));

	ca_check_finite(actual, "actual value");
	ca_check_finite(predicted, "predicted value");
	ca_aggregate_context(fcinfo, "ca_error_accum_numeric");
	ca_error_sums_add((CaErrorSums *) ARR_DATA_PTR(array), actual, predicted);
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_error_combine(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(CaErrorSums));
	ArrayType *other = ca_metric_state(fcinfo, 1, sizeof(CaErrorSums));

	ca_aggregate_context(fcinfo, "ca_error_combine");
	ca_error_sums_combine((CaErrorSums *) ARR_DATA_PTR(array),
						  (CaErrorSums *) ARR_DATA_PTR(other));
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_mae_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_MAE);
}

Datum
ca_mse_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_MSE);
}

Datum
ca_rmse_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_RMSE);
}

Datum
ca_max_error_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_MAX_ERROR);
}

Datum
ca_mape_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_MAPE);
}

Datum
ca_smape_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_SMAPE);
}

Datum
ca_wape_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_WAPE);
}

Datum
ca_r2_final(PG_FUNCTION_ARGS)
{
	return error_final(fcinfo, CA_METRIC_R2);
}

/*
 * Accumulate a pair and the naive error.  Not STRICT: a NULL naive error next
 * to a pair is a mistake to report, not a row to skip.
 */
Datum
ca_mase_accum(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(ScaledState));
	ScaledState *state = (ScaledState *) ARR_DATA_PTR(array);
	double actual;
	double predicted;
	double naive_error;
	CaDD e;

	ca_aggregate_context(fcinfo, "ca_mase_accum");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_ARRAYTYPE_P(array);

	actual = checked_argument(fcinfo, 1, "actual value");
	predicted = checked_argument(fcinfo, 2, "predicted value");
	naive_error = ca_metric_constant(fcinfo, 3, "naive_error");
	if (!(naive_error >= 0.0 && isfinite(naive_error)))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("naive_error must be finite and not negative"),
				errdetail("Value is %g.", naive_error),
				errhint("Pass the mean absolute error of a naive forecast."));
	if (state->count == 0.0)
		state->naive_error = naive_error;
	ca_metric_check_constant(state->naive_error, naive_error, "naive_error");

	e = ca_dd_abs(ca_dd_two_sum(predicted, -actual));
	state->count += 1.0;
	state->absolute = ca_dd_add(state->absolute, e);
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_mase_combine(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(ScaledState));
	ArrayType *from = ca_metric_state(fcinfo, 1, sizeof(ScaledState));
	ScaledState *state = (ScaledState *) ARR_DATA_PTR(array);
	ScaledState *other = (ScaledState *) ARR_DATA_PTR(from);

	ca_aggregate_context(fcinfo, "ca_mase_combine");
	if (state->count == 0.0)
		*state = *other;
	else if (other->count != 0.0)
	{
		ca_metric_check_constant(state->naive_error, other->naive_error,
								 "naive_error");
		state->count += other->count;
		state->absolute = ca_dd_add(state->absolute, other->absolute);
	}
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_mase_final(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(ScaledState));
	ScaledState *state = (ScaledState *) ARR_DATA_PTR(array);
	CaDD scale = ca_dd_two_prod(state->count, state->naive_error);

	return ca_metric_result(fcinfo,
							state->count != 0.0 && state->naive_error != 0.0,
							ca_dd_to_double(ca_dd_div(state->absolute, scale)));
}

/*
 * Accumulate a row.  STRICT, so the executor skips rows with a NULL.
 */
Datum
ca_direction_accum(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(DirectionState));
	DirectionState *state = (DirectionState *) ARR_DATA_PTR(array);
	double reference = checked_argument(fcinfo, 1, "reference value");
	double actual = checked_argument(fcinfo, 2, "actual value");
	double predicted = checked_argument(fcinfo, 3, "predicted value");

	ca_aggregate_context(fcinfo, "ca_direction_accum");
	state->count += 1.0;
	if (direction(reference, actual) == direction(reference, predicted))
		state->hits += 1.0;
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_direction_combine(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(DirectionState));
	ArrayType *from = ca_metric_state(fcinfo, 1, sizeof(DirectionState));
	DirectionState *state = (DirectionState *) ARR_DATA_PTR(array);
	DirectionState *other = (DirectionState *) ARR_DATA_PTR(from);

	ca_aggregate_context(fcinfo, "ca_direction_combine");
	state->count += other->count;
	state->hits += other->hits;
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_directional_accuracy_final(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(DirectionState));
	DirectionState *state = (DirectionState *) ARR_DATA_PTR(array);

	return ca_metric_result(fcinfo, state->count != 0.0,
							state->hits / state->count);
}
