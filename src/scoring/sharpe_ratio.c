/*-------------------------------------------------------------------------
 *
 * sharpe_ratio.c
 *		Sharpe ratio of periodic returns, as a parallel-safe aggregate.
 *
 *	sharpe_ratio	mean(return) / sd(return) * sqrt(periods_per_year)
 *
 * with the sample standard deviation (n - 1).  periods_per_year is 365 by
 * default: daily returns of a market that never closes.  Returns are fractions
 * in excess of the risk-free rate; subtract that rate first where it matters.
 *
 * A NULL return does not count.  The result is NULL for fewer than two
 * returns, and for returns that are all equal.
 *
 * Errors: a NaN or infinite return and a result beyond double precision are
 * 22003; a periods_per_year that is NULL, not finite, not positive or not the
 * same in every row is 22023, unless the row does not count.
 *
 * Source: Sharpe, "The Sharpe Ratio" (1994).
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

#include "scoring/kernel/moments.h"
#include "scoring/metric.h"
#include "base/checks.h"

typedef struct SharpeState
{
	CaMoments returns;
	double periods_per_year;
} SharpeState;

PG_FUNCTION_INFO_V1(ca_sharpe_accum);
PG_FUNCTION_INFO_V1(ca_sharpe_combine);
PG_FUNCTION_INFO_V1(ca_sharpe_final);

/*
 * Accumulate a return and, if there is a third argument, the periods.  Not
 * STRICT: NULL periods next to a return are a mistake to report.
 */
Datum
ca_sharpe_accum(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(SharpeState));
	SharpeState *state = (SharpeState *) ARR_DATA_PTR(array);
	double periods;

	ca_aggregate_context(fcinfo, "ca_sharpe_accum");
	if (PG_ARGISNULL(1))
		PG_RETURN_ARRAYTYPE_P(array);

	ca_check_finite(PG_GETARG_FLOAT8(1), "return");
	periods = ca_metric_periods_per_year(fcinfo, 2);
	if (state->returns.count == 0.0)
		state->periods_per_year = periods;
	ca_metric_check_constant(state->periods_per_year, periods,
							 "periods_per_year");

	ca_moments_add(&state->returns, PG_GETARG_FLOAT8(1));
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_sharpe_combine(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(SharpeState));
	ArrayType *from = ca_metric_state(fcinfo, 1, sizeof(SharpeState));
	SharpeState *state = (SharpeState *) ARR_DATA_PTR(array);
	SharpeState *other = (SharpeState *) ARR_DATA_PTR(from);

	ca_aggregate_context(fcinfo, "ca_sharpe_combine");
	if (state->returns.count == 0.0)
		state->periods_per_year = other->periods_per_year;
	else if (other->returns.count != 0.0)
		ca_metric_check_constant(state->periods_per_year,
								 other->periods_per_year, "periods_per_year");
	ca_moments_combine(&state->returns, &other->returns);
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_sharpe_final(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(SharpeState));
	SharpeState *state = (SharpeState *) ARR_DATA_PTR(array);
	CaMoments *returns = &state->returns;
	CaDD variance;
	CaDD ratio;

	if (returns->count < 2.0)
		PG_RETURN_NULL();
	variance =
		ca_dd_div(ca_moments_deviation(returns), ca_dd(returns->count - 1.0));
	if (variance.hi == 0.0)
		PG_RETURN_NULL();

	ratio = ca_dd_div(ca_moments_mean(returns), ca_dd_sqrt(variance));
	ratio = ca_dd_mul(ratio, ca_dd_sqrt(ca_dd(state->periods_per_year)));
	return ca_metric_result(fcinfo, true, ca_dd_to_double(ratio));
}
