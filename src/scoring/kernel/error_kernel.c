/*-------------------------------------------------------------------------
 *
 * error_kernel.c
 *		Sums from which all metrics of (actual, predicted) are computed.
 *
 * e = predicted - actual is taken without rounding, and every sum is kept in
 * double-double, so a metric is rounded once, at the end, and does not depend
 * on the order of the pairs.  Formulas and edge cases: error_metrics.c.
 *
 * A term beyond double precision makes its sum infinite or NaN for good, which
 * the caller must check; other sums stay correct.
 *
 *-------------------------------------------------------------------------
 */
#include "scoring/kernel/error_kernel.h"

/*
 * a / b with two quotient digits of 53 bits, which is as much as a sum of
 * rounded quotients can show and half the work of ca_dd_div.
 */
static inline CaDD
quotient(CaDD a, CaDD b)
{
	double digit = a.hi / b.hi;
	CaDD product = ca_dd_two_prod(digit, b.hi);
	double rest = (a.hi - product.hi) - product.lo + (a.lo - digit * b.lo);

	return ca_dd_quick_two_sum(digit, rest / b.hi);
}

void
ca_error_sums_add(CaErrorSums *sums, double actual, double predicted)
{
	CaDD e = ca_dd_abs(ca_dd_two_sum(predicted, -actual));
	CaDD size = ca_dd(fabs(actual));

	ca_moments_add(&sums->actual, actual);
	sums->absolute = ca_dd_add(sums->absolute, e);
	sums->squared = ca_dd_add(sums->squared, ca_dd_mul(e, e));
	if (e.hi > sums->largest)
		sums->largest = e.hi;
	sums->actual_magnitude = ca_dd_add(sums->actual_magnitude, size);

	if (actual == 0.0)
		sums->zero_actuals += 1.0;
	else
		sums->relative = ca_dd_add(sums->relative, quotient(e, size));

	/* 0 / 0, a pair of zeros, counts as 0; e = 0 needs no division either */
	if (e.hi != 0.0)
	{
		CaDD both = ca_dd_two_sum(size.hi, fabs(predicted));

		sums->symmetric = ca_dd_add(sums->symmetric, quotient(e, both));
	}
}

void
ca_error_sums_combine(CaErrorSums *sums, const CaErrorSums *other)
{
	ca_moments_combine(&sums->actual, &other->actual);
	sums->absolute = ca_dd_add(sums->absolute, other->absolute);
	sums->squared = ca_dd_add(sums->squared, other->squared);
	if (other->largest > sums->largest)
		sums->largest = other->largest;
	sums->relative = ca_dd_add(sums->relative, other->relative);
	sums->zero_actuals += other->zero_actuals;
	sums->symmetric = ca_dd_add(sums->symmetric, other->symmetric);
	sums->actual_magnitude =
		ca_dd_add(sums->actual_magnitude, other->actual_magnitude);
}

/*
 * The share of the variance of the actuals that the predictions explain, for
 * at least two pairs.  Constant actuals have no variance: 1 for predictions
 * without error, else 0.
 */
static double
determination(const CaErrorSums *sums)
{
	CaDD total = ca_moments_deviation(&sums->actual);

	if (total.hi == 0.0)
		return sums->largest == 0.0 ? 1.0 : 0.0;
	return ca_dd_to_double(ca_dd_div(ca_dd_sub(total, sums->squared), total));
}

/*
 * The metric, or false if it is undefined for these pairs.
 */
bool
ca_error_sums_metric(const CaErrorSums *sums, CaErrorMetric metric,
					 double *result)
{
	double count = sums->actual.count;

	if (count == 0.0)
		return false;

	switch (metric)
	{
		case CA_METRIC_MAE:
			*result = ca_dd_mean(sums->absolute, count);
			return true;
		case CA_METRIC_MSE:
			*result = ca_dd_mean(sums->squared, count);
			return true;
		case CA_METRIC_RMSE:
			*result = ca_dd_to_double(
				ca_dd_sqrt(ca_dd_div(sums->squared, ca_dd(count))));
			return true;
		case CA_METRIC_MAX_ERROR:
			*result = sums->largest;
			return true;
		case CA_METRIC_MAPE:
			*result = ca_dd_mean(sums->relative, count);
			return sums->zero_actuals == 0.0;
		case CA_METRIC_SMAPE:
			*result = 2.0 * ca_dd_mean(sums->symmetric, count);
			return true;
		case CA_METRIC_WAPE:
			*result = ca_dd_to_double(
				ca_dd_div(sums->absolute, sums->actual_magnitude));
			return sums->actual_magnitude.hi != 0.0;
		case CA_METRIC_R2:
			*result = determination(sums);
			return count > 1.0;
	}
	return false;
}
