/*-------------------------------------------------------------------------
 *
 * correlation.c
 *		Correlations of many series of returns, each with each.
 *
 * Pearson's correlation of two series is taken over the bars that both know.
 * It is unknown, NaN here, for fewer than "least" of them and when one series
 * does not vary over them.
 *
 * Each series is centred at its mean and scaled to the length 1 beforehand.
 * The correlation of two series that know all bars is then their inner
 * product, one multiplication per bar.  Other pairs are centred again over the
 * bars that they share.  Both are symmetric to the bit, as every sum runs over
 * the bars in order.  The error is below 1e-14 for a year of days.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/correlation.h"

#include <math.h>

#include "number/doubledouble.h"

/* inner products that are computed together, so that additions overlap */
#define TOGETHER 4

/* centre and scale a series */
static void
prepare_series(CaReturnMatrix *matrix, int series)
{
	double *x = matrix->x + (size_t) series * matrix->nbars;
	double lowest = HUGE_VAL;
	double highest = -HUGE_VAL;
	CaDD sum = {0.0, 0.0};
	double length = 0.0;
	int known = 0;

	for (int k = 0; k < matrix->nbars; k++)
		if (!isnan(x[k]))
		{
			known++;
			sum = ca_dd_add(sum, ca_dd(x[k]));
			lowest = fmin(lowest, x[k]);
			highest = fmax(highest, x[k]);
		}
	matrix->known[series] = known;
	matrix->varies[series] = known > 0 && lowest < highest;
	if (!matrix->varies[series])
		return;

	sum = ca_dd_div_double(sum, known);
	for (int k = 0; k < matrix->nbars; k++)
		if (!isnan(x[k]))
		{
			x[k] = ca_dd_to_double(ca_dd_sub(ca_dd(x[k]), sum));
			length += x[k] * x[k];
		}
	length = sqrt(length);
	for (int k = 0; k < matrix->nbars; k++)
		x[k] /= length;
}

/*
 * Make the returns ready, once, before rows are asked for.
 */
void
ca_correlation_prepare(CaReturnMatrix *matrix)
{
	for (int i = 0; i < matrix->nseries; i++)
		prepare_series(matrix, i);
}

static double
clamped(double correlation)
{
	return correlation > 1.0 ? 1.0 : correlation < -1.0 ? -1.0 : correlation;
}

/* what two series have in common */
typedef struct Common
{
	int pairs;
	bool a_varies;
	bool b_varies;
	double a_mean;
	double b_mean;
} Common;

static Common
common_bars(const double *a, const double *b, int nbars)
{
	Common common = {0};
	int first = -1;

	for (int k = 0; k < nbars; k++)
	{
		if (isnan(a[k]) || isnan(b[k]))
			continue;
		if (first < 0)
			first = k;
		common.pairs++;
		common.a_varies |= a[k] != a[first];
		common.b_varies |= b[k] != b[first];
		common.a_mean += a[k];
		common.b_mean += b[k];
	}
	common.a_mean /= common.pairs;
	common.b_mean /= common.pairs;
	return common;
}

/* the correlation over the bars that both series know */
static double
correlation_of_common(const double *a, const double *b, int nbars, int least,
					  int *pairs)
{
	Common common = common_bars(a, b, nbars);
	double aa = 0.0;
	double bb = 0.0;
	double ab = 0.0;

	*pairs = common.pairs;
	if (common.pairs < least || !common.a_varies || !common.b_varies)
		return NAN;
	for (int k = 0; k < nbars; k++)
	{
		double da = a[k] - common.a_mean;
		double db = b[k] - common.b_mean;

		if (isnan(da) || isnan(db))
			continue;
		aa += da * da;
		bb += db * db;
		ab += da * db;
	}
	return clamped(ab / (sqrt(aa) * sqrt(bb)));
}

/* inner products of one series with TOGETHER others that follow each other */
static void
inner_products(const double *a, const double *b, int nbars, double *products)
{
	double s0 = 0.0;
	double s1 = 0.0;
	double s2 = 0.0;
	double s3 = 0.0;

	for (int k = 0; k < nbars; k++)
	{
		s0 += a[k] * b[k];
		s1 += a[k] * b[nbars + k];
		s2 += a[k] * b[2 * (size_t) nbars + k];
		s3 += a[k] * b[3 * (size_t) nbars + k];
	}
	products[0] = s0;
	products[1] = s1;
	products[2] = s2;
	products[3] = s3;
}

static double
inner_product(const double *a, const double *b, int nbars)
{
	double sum = 0.0;

	for (int k = 0; k < nbars; k++)
		sum += a[k] * b[k];
	return sum;
}

/*
 * The correlations of one series with all, NaN where they are not known, and
 * the number of bars that they share.
 */
void
ca_correlation_row(const CaReturnMatrix *matrix, int row, double *correlations,
				   int *pairs)
{
	int nbars = matrix->nbars;
	int n = matrix->nseries;
	const double *a = matrix->x + (size_t) row * nbars;
	bool complete = matrix->known[row] == nbars;
	int i = 0;

	for (; complete && i + TOGETHER <= n; i += TOGETHER)
		inner_products(a, matrix->x + (size_t) i * nbars, nbars,
					   correlations + i);
	for (; complete && i < n; i++)
		correlations[i] =
			inner_product(a, matrix->x + (size_t) i * nbars, nbars);

	for (i = 0; i < n; i++)
	{
		const double *b = matrix->x + (size_t) i * nbars;

		if (!complete || matrix->known[i] != nbars)
			correlations[i] =
				correlation_of_common(a, b, nbars, matrix->least, &pairs[i]);
		else
		{
			pairs[i] = nbars;
			correlations[i] = nbars < matrix->least || !matrix->varies[row] ||
									  !matrix->varies[i]
								  ? NAN
								  : clamped(correlations[i]);
		}
	}
}
