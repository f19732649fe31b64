/*-------------------------------------------------------------------------
 *
 * probability_metrics.c
 *		Metrics of predicted probabilities, as parallel-safe aggregates.
 *
 * With y = 1 for what happened and 0 for what did not, and p its predicted
 * probability, over n pairs:
 *
 *	brier_score	sum((y - p)^2) / n
 *	log_loss	-sum(ln(q)) / n, q = p where y = 1 and 1 - p where y = 0; q is
 *				clipped to 1e-15 .. 1 - 1e-15, so one certain and wrong
 *				prediction costs 34.5 rather than infinity
 *	ece			expected calibration error over ten bins of equal width: bin k
 *				holds k/10 <= p < (k+1)/10, the last one p = 1 too;
 *				sum over bins of (pairs in it / n) * |mean(y) - mean(p)|
 *
 * The outcome is boolean, or double precision 0 or 1.  Pairs with a NULL do
 * not count.  Without pairs the result is NULL.  A probability outside 0..1
 * and an outcome other than 0 and 1 are 22003.
 *
 * All three share one transition function and state, so a query that asks for
 * several runs it once per row.
 *
 * Definitions: scikit-learn 1.2 (brier_score_loss, log_loss); Naeini, Cooper
 * and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
 * binning" (2015) for ece.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/array.h"

#include "scoring/kernel/probability_kernel.h"
#include "scoring/metric.h"
#include "base/checks.h"

PG_FUNCTION_INFO_V1(ca_probability_accum);
PG_FUNCTION_INFO_V1(ca_probability_accum_bool);
PG_FUNCTION_INFO_V1(ca_probability_combine);
PG_FUNCTION_INFO_V1(ca_brier_score_final);
PG_FUNCTION_INFO_V1(ca_log_loss_final);
PG_FUNCTION_INFO_V1(ca_ece_final);

static ArrayType *
accumulate(FunctionCallInfo fcinfo, double outcome, double probability)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(CaProbabilitySums));

	ca_check_probability(probability);
	ca_probability_sums_add((CaProbabilitySums *) ARR_DATA_PTR(array), outcome,
							probability);
	return array;
}

static Datum
probability_final(FunctionCallInfo fcinfo,
				  double (*metric)(const CaProbabilitySums *))
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(CaProbabilitySums));
	CaProbabilitySums *sums = (CaProbabilitySums *) ARR_DATA_PTR(array);

	return ca_metric_result(fcinfo, sums->count != 0.0, metric(sums));
}

/*
 * Accumulate a pair.  STRICT, so the executor skips pairs with a NULL.
 */
Datum
ca_probability_accum(PG_FUNCTION_ARGS)
{
	double outcome = PG_GETARG_FLOAT8(1);

	ca_aggregate_context(fcinfo, "ca_probability_accum");
	if (outcome != 0.0 && outcome != 1.0)
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("outcome must be 0 or 1"),
				errdetail("Value is %g.", outcome),
				errhint("Compare it with a threshold, or pass NULL for an "
						"unknown outcome."));
	PG_RETURN_ARRAYTYPE_P(accumulate(fcinfo, outcome, PG_GETARG_FLOAT8(2)));
}

Datum
ca_probability_accum_bool(PG_FUNCTION_ARGS)
{
	double outcome = PG_GETARG_BOOL(1) ? 1.0 : 0.0;

	ca_aggregate_context(fcinfo, "ca_probability_accum_bool");
	PG_RETURN_ARRAYTYPE_P(accumulate(fcinfo, outcome, PG_GETARG_FLOAT8(2)));
}

Datum
ca_probability_combine(PG_FUNCTION_ARGS)
{
	ArrayType *array = ca_metric_state(fcinfo, 0, sizeof(CaProbabilitySums));
	ArrayType *other = ca_metric_state(fcinfo, 1, sizeof(CaProbabilitySums));

	ca_aggregate_context(fcinfo, "ca_probability_combine");
	ca_probability_sums_combine((CaProbabilitySums *) ARR_DATA_PTR(array),
								(CaProbabilitySums *) ARR_DATA_PTR(other));
	PG_RETURN_ARRAYTYPE_P(array);
}

Datum
ca_brier_score_final(PG_FUNCTION_ARGS)
{
	return probability_final(fcinfo, ca_brier_score);
}

Datum
ca_log_loss_final(PG_FUNCTION_ARGS)
{
	return probability_final(fcinfo, ca_log_loss);
}

Datum
ca_ece_final(PG_FUNCTION_ARGS)
{
	return probability_final(fcinfo, ca_calibration_error);
}
