/*-------------------------------------------------------------------------
 *
 * correlations.c
 *		Tests correlations of many series against two passes over each pair.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "analytics/kernel/correlation.h"
#include "series.h"
#include "tap.h"

#define SERIES 23

static double
slow_correlation(const double *a, const double *b, int n, int *pairs)
{
	long double sa = 0.0L;
	long double sb = 0.0L;
	long double aa = 0.0L;
	long double bb = 0.0L;
	long double ab = 0.0L;

	*pairs = 0;
	for (int k = 0; k < n; k++)
		if (!isnan(a[k]) && !isnan(b[k]))
		{
			(*pairs)++;
			sa += a[k];
			sb += b[k];
		}
	for (int k = 0; k < n; k++)
		if (!isnan(a[k]) && !isnan(b[k]))
		{
			long double da = a[k] - sa / *pairs;
			long double db = b[k] - sb / *pairs;

			aa += da * da;
			bb += db * db;
			ab += da * db;
		}
	return (double) (ab / sqrtl(aa * bb));
}

static void
compare_correlations(int nbars)
{
	double *given = room(SERIES * nbars * sizeof(double));
	double rows[SERIES][SERIES];
	int pairs[SERIES][SERIES];
	CaReturnMatrix matrix = {SERIES,
							 nbars,
							 20,
							 room(SERIES * nbars * sizeof(double)),
							 room(SERIES * sizeof(int)),
							 room(SERIES * sizeof(bool))};
	uint64_t seed = (uint64_t) nbars;
	bool right = true;
	bool symmetric = true;

	for (int i = 0; i < SERIES * nbars; i++)
	{
		uint64_t draw = series_draw(&seed);

		/* every third series has holes, and one is far from 0 */
		given[i] =
			(double) (draw % 20001) / 1e5 - 0.1 + (i / nbars == 5 ? 1e3 : 0.0);
		if (i / nbars % 3 == 0 && draw % 7 == 0)
			given[i] = NAN;
	}
	memcpy(matrix.x, given, SERIES * nbars * sizeof(double));
	ca_correlation_prepare(&matrix);
	for (int i = 0; i < SERIES; i++)
		ca_correlation_row(&matrix, i, rows[i], pairs[i]);

	for (int i = 0; i < SERIES; i++)
		for (int k = 0; k < SERIES; k++)
		{
			int common;
			double slow = slow_correlation(given + i * nbars, given + k * nbars,
										   nbars, &common);

			right &= pairs[i][k] == common &&
					 (common < 20 ? isnan(rows[i][k])
								  : fabs(rows[i][k] - slow) < 1e-12);
			symmetric &= isnan(rows[i][k]) ? isnan(rows[k][i])
										   : same_bits(rows[i][k], rows[k][i]);
		}
	ok(right, "correlations are those of two passes", "random returns");
	ok(symmetric, "they are symmetric to the bit", "random returns");
	free(given);
	free(matrix.x);
	free(matrix.known);
	free(matrix.varies);
}

void
test_correlations(void)
{
	compare_correlations(19);
	compare_correlations(30);
	compare_correlations(365);
}
