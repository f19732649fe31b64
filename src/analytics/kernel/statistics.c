/*-------------------------------------------------------------------------
 *
 * statistics.c
 *		Statistics of returns and of candles that do not depend on order.
 *
 * With n rows, ppy the periods per year, and L = ln(high / low):
 *
 *	realized_volatility		sqrt(ppy * sum((r - mean)^2) / (n - 1)); NULL for
 *							one return
 *	parkinson_volatility	sqrt(ppy * mean(L^2) / (4 ln 2))
 *	garman_klass_volatility	sqrt(ppy * mean(L^2 / 2 - (2 ln 2 - 1) C^2)) with
 *							C = ln(close / open); 0 when the mean is negative
 *	downside_risk			sqrt(mean(min(r, 0)^2)) * sqrt(ppy)
 *	sortino_ratio			mean(r) * ppy / downside_risk; NULL for one return
 *							and without a negative one
 *	beta					cov(r, b) / var(b); NULL for one pair and when the
 *							benchmark b does not vary
 *	amihud_illiquidity		mean(|r| / volume); a volume of 0 does not count
 *
 * Variances are differences of nearly equal sums.  They are computed as
 * n * sum(x * y) - sum(x) * sum(y) without any rounding, so equal values have
 * exactly none.  What is rounded are logarithms and quotients of single rows,
 * to double and double-double, and the result, to some three units in the last
 * place.  Squares below 1e-308 vanish.  A sum beyond double precision is not
 * finite, which the caller must check.
 *
 * Sources: Parkinson, "The Extreme Value Method for Estimating the Variance of
 * the Rate of Return" (1980); Garman and Klass, "On the Estimation of Security
 * Price Volatilities from Historical Data" (1980); Amihud, "Illiquidity and
 * stock returns" (2002); empyrical 0.5 for downside_risk, sortino_ratio and
 * beta.
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/statistics.h"

#include <math.h>

#include "analytics/kernel/log_ratio.h"

/* 4 ln 2 and 2 ln 2 - 1 to 32 digits */
static const CaDD four_ln_2 = {0x1.62e42fefa39efp+1, 0x1.abc9e3b39803fp-54};
static const CaDD gk_factor = {0x1.8b90bfbe8e7bdp-2, -0x1.50d871319ff03p-57};

const CaStatistic *const ca_statistics[] = {
	&ca_realized_volatility,     &ca_parkinson_volatility,
	&ca_garman_klass_volatility, &ca_downside_risk,
	&ca_sortino_ratio,           &ca_beta,
	&ca_amihud_illiquidity,
};
const int ca_nstatistics = sizeof(ca_statistics) / sizeof(ca_statistics[0]);

/*
 * n * sum(x * y) - sum(x) * sum(y), which is n^2 times a covariance.  Each sum
 * has two or three parts, so their products are few.
 */
static CaDD
centred(double n, const CaExactSum *xy, const CaExactSum *x,
		const CaExactSum *y)
{
	CaExactSum result = {0};

	for (int i = 0; i < xy->npartials; i++)
		ca_exact_add_dd(&result, ca_dd_two_prod(n, xy->partial[i]));
	for (int i = 0; i < x->npartials; i++)
		for (int k = 0; k < y->npartials; k++)
			ca_exact_add_dd(&result,
							ca_dd_two_prod(-x->partial[i], y->partial[k]));
	return ca_exact_value(&result);
}

/* the root of a year's variance, given the variance of a period */
static double
per_year(CaDD variance, double periods)
{
	return ca_dd_to_double(ca_dd_sqrt(ca_dd_mul_double(variance, periods)));
}

static CaDD
mean(const CaExactSum *sum, double count)
{
	return ca_dd_div(ca_exact_value(sum), ca_dd(count));
}

/* ---- realized_volatility ---- */

static bool
realized_terms(const CaDD *inputs, CaDD *terms)
{
	double x = inputs[0].hi;

	terms[0] = inputs[0];
	terms[1] = ca_dd_two_prod(x, x);
	return true;
}

static bool
realized_value(double count, double periods, const CaExactSum *sums,
			   double *value)
{
	CaDD square = centred(count, &sums[1], &sums[0], &sums[0]);

	if (count < 2.0)
		return false;
	*value = per_year(ca_dd_div(square, ca_dd_two_prod(count, count - 1.0)),
					  periods);
	return true;
}

const CaStatistic ca_realized_volatility = {
	.name = "realized_volatility",
	.ninputs = 1,
	.input_names = {"return"},
	.has_periods = true,
	.nsums = 2,
	.terms = realized_terms,
	.value = realized_value,
};

/* ---- volatilities of ranges ---- */

static bool
parkinson_terms(const CaDD *inputs, CaDD *terms)
{
	double range = ca_log_return(inputs[0], inputs[1]);

	terms[0] = ca_dd_two_prod(range, range);
	return true;
}

static bool
parkinson_value(double count, double periods, const CaExactSum *sums,
				double *value)
{
	*value = per_year(ca_dd_div(mean(&sums[0], count), four_ln_2), periods);
	return true;
}

const CaStatistic ca_parkinson_volatility = {
	.name = "parkinson_volatility",
	.ninputs = 2,
	.input_names = {"high", "low"},
	.are_prices = true,
	.has_periods = true,
	.nsums = 1,
	.terms = parkinson_terms,
	.value = parkinson_value,
};

/* inputs are open, high, low, close */
static bool
garman_klass_terms(const CaDD *inputs, CaDD *terms)
{
	double range = ca_log_return(inputs[1], inputs[2]);
	double body = ca_log_return(inputs[3], inputs[0]);
	CaDD half = ca_dd_two_prod(0.5 * range, range);

	terms[0] =
		ca_dd_sub(half, ca_dd_mul(gk_factor, ca_dd_two_prod(body, body)));
	return true;
}

static bool
garman_klass_value(double count, double periods, const CaExactSum *sums,
				   double *value)
{
	CaDD variance = mean(&sums[0], count);

	*value = variance.hi < 0.0 ? 0.0 : per_year(variance, periods);
	return true;
}

const CaStatistic ca_garman_klass_volatility = {
	.name = "garman_klass_volatility",
	.ninputs = 4,
	.input_names = {"open", "high", "low", "close"},
	.are_prices = true,
	.has_periods = true,
	.nsums = 1,
	.terms = garman_klass_terms,
	.value = garman_klass_value,
};

/* ---- the downside ---- */

static bool
downside_terms(const CaDD *inputs, CaDD *terms)
{
	double loss = inputs[0].hi < 0.0 ? inputs[0].hi : 0.0;

	terms[0] = ca_dd_two_prod(loss, loss);
	return true;
}

static bool
downside_value(double count, double periods, const CaExactSum *sums,
			   double *value)
{
	*value = per_year(mean(&sums[0], count), periods);
	return true;
}

const CaStatistic ca_downside_risk = {
	.name = "downside_risk",
	.ninputs = 1,
	.input_names = {"return"},
	.has_periods = true,
	.nsums = 1,
	.terms = downside_terms,
	.value = downside_value,
};

static bool
sortino_terms(const CaDD *inputs, CaDD *terms)
{
	terms[1] = inputs[0];
	return downside_terms(inputs, terms);
}

static bool
sortino_value(double count, double periods, const CaExactSum *sums,
			  double *value)
{
	CaDD risk = ca_dd_sqrt(mean(&sums[0], count));
	CaDD gain = mean(&sums[1], count);

	if (count < 2.0 || risk.hi == 0.0)
		return false;
	gain = ca_dd_mul(gain, ca_dd_sqrt(ca_dd(periods)));
	*value = ca_dd_to_double(ca_dd_div(gain, risk));
	return true;
}

const CaStatistic ca_sortino_ratio = {
	.name = "sortino_ratio",
	.ninputs = 1,
	.input_names = {"return"},
	.has_periods = true,
	.nsums = 2,
	.terms = sortino_terms,
	.value = sortino_value,
};

/* ---- beta ---- */

static bool
beta_terms(const CaDD *inputs, CaDD *terms)
{
	double benchmark = inputs[1].hi;

	terms[0] = inputs[0];
	terms[1] = inputs[1];
	terms[2] = ca_dd_two_prod(inputs[0].hi, benchmark);
	terms[3] = ca_dd_two_prod(benchmark, benchmark);
	return true;
}

static bool
beta_value(double count, double periods, const CaExactSum *sums, double *value)
{
	CaDD variance = centred(count, &sums[3], &sums[1], &sums[1]);

	(void) periods;
	if (variance.hi == 0.0)
		return false;
	*value = ca_dd_to_double(
		ca_dd_div(centred(count, &sums[2], &sums[0], &sums[1]), variance));
	return true;
}

const CaStatistic ca_beta = {
	.name = "beta",
	.ninputs = 2,
	.input_names = {"return", "benchmark return"},
	.nsums = 4,
	.terms = beta_terms,
	.value = beta_value,
};

/* ---- amihud_illiquidity ---- */

static bool
amihud_terms(const CaDD *inputs, CaDD *terms)
{
	if (inputs[1].hi == 0.0)
		return false;
	terms[0] = ca_dd_div_double(ca_dd(fabs(inputs[0].hi)), inputs[1].hi);
	return true;
}

static bool
amihud_value(double count, double periods, const CaExactSum *sums,
			 double *value)
{
	(void) periods;
	*value = ca_dd_to_double(mean(&sums[0], count));
	return true;
}

const CaStatistic ca_amihud_illiquidity = {
	.name = "amihud_illiquidity",
	.ninputs = 2,
	.input_names = {"return", "volume"},
	.volume_input = 2,
	.nsums = 1,
	.terms = amihud_terms,
	.value = amihud_value,
};

/* ---- all of them ---- */

size_t
ca_statistic_size(const CaStatistic *statistic)
{
	return offsetof(CaStatisticSums, sums) +
		   statistic->nsums * sizeof(CaExactSum);
}

void
ca_statistic_add(const CaStatistic *statistic, CaStatisticSums *sums,
				 const CaDD *inputs)
{
	CaDD terms[CA_STATISTIC_SUMS];

	if (!statistic->terms(inputs, terms))
		return;
	sums->count++;
	for (int i = 0; i < statistic->nsums; i++)
		ca_exact_add_dd(&sums->sums[i], terms[i]);
}

/*
 * Take a row out again.  False when a sum is beyond double precision, and so
 * does not know what it was before.
 */
bool
ca_statistic_remove(const CaStatistic *statistic, CaStatisticSums *sums,
					const CaDD *inputs)
{
	CaDD terms[CA_STATISTIC_SUMS];

	if (!statistic->terms(inputs, terms))
		return true;
	sums->count--;
	for (int i = 0; i < statistic->nsums; i++)
	{
		ca_exact_add_dd(&sums->sums[i], ca_dd_neg(terms[i]));
		if (!isfinite(ca_exact_round(&sums->sums[i])))
			return false;
	}
	return true;
}

void
ca_statistic_combine(const CaStatistic *statistic, CaStatisticSums *sums,
					 const CaStatisticSums *other)
{
	sums->count += other->count;
	for (int i = 0; i < statistic->nsums; i++)
		for (int k = 0; k < other->sums[i].npartials; k++)
			ca_exact_add(&sums->sums[i], other->sums[i].partial[k]);
}
