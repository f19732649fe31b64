/*-------------------------------------------------------------------------
 *
 * moments.h
 *		Mean and squared deviations of a series, without cancellation.
 *
 * sum(x * x) - sum(x)^2 / n loses every digit when the values are large and
 * their spread is small: at 1e9 +- 0.01 the squares agree in 22 digits.  So
 * the first value is subtracted from all, without error, and the sums of the
 * differences d and of d * d are kept in double-double:
 *
 *		mean = shift + sum(d) / n
 *		sum((x - mean)^2) = sum(d * d) - sum(d)^2 / n
 *
 * The shift is one of the values, hence sum(d * d) is at most n times the
 * result, and the subtraction loses at most log10(n) of 31 digits.  Welford's
 * and Chan's forms lose no more but divide for every row.  Equal values give
 * exactly 0.  Squares below 1e-308 vanish.
 *
 * All fields are doubles, so that the struct can live in a float8 array.
 * Plain C: no PostgreSQL header is needed here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_MOMENTS_H
#define CA_MOMENTS_H

#include <stdbool.h>

#include "number/doubledouble.h"

typedef struct CaMoments
{
	double count;
	double shift; /* the first value */
	CaDD sum;     /* of value - shift */
	CaDD squares; /* of (value - shift)^2 */
} CaMoments;

static inline double
ca_dd_mean(CaDD sum, double count)
{
	return ca_dd_to_double(ca_dd_div(sum, ca_dd(count)));
}

static inline void
ca_moments_add(CaMoments *moments, double x)
{
	CaDD d;

	if (moments->count == 0.0)
		moments->shift = x;
	d = ca_dd_two_sum(x, -moments->shift);
	moments->count += 1.0;
	moments->sum = ca_dd_add(moments->sum, d);
	moments->squares = ca_dd_add(moments->squares, ca_dd_mul(d, d));
}

/*
 * Fold the second into the first, which keeps its shift.  With g the gap between
 * the shifts, sum(d + g) = sum(d) + n * g and
 * sum((d + g)^2) = sum(d * d) + g * (2 * sum(d) + n * g).
 */
static inline void
ca_moments_combine(CaMoments *moments, const CaMoments *other)
{
	CaDD gap;
	CaDD moved;
	CaDD cross;

	if (other->count == 0.0)
		return;
	if (moments->count == 0.0)
	{
		*moments = *other;
		return;
	}

	gap = ca_dd_two_sum(other->shift, -moments->shift);
	moved = ca_dd_mul_double(gap, other->count);
	cross = ca_dd_add(ca_dd_mul_double(other->sum, 2.0), moved);

	moments->count += other->count;
	moments->sum = ca_dd_add(moments->sum, ca_dd_add(other->sum, moved));
	moments->squares = ca_dd_add(
		moments->squares, ca_dd_add(other->squares, ca_dd_mul(gap, cross)));
}

static inline CaDD
ca_moments_mean(const CaMoments *moments)
{
	return ca_dd_add(ca_dd(moments->shift),
					 ca_dd_div(moments->sum, ca_dd(moments->count)));
}

/* sum of the squared deviations from the mean, of at least one value */
static inline CaDD
ca_moments_deviation(const CaMoments *moments)
{
	CaDD square = ca_dd_mul(moments->sum, moments->sum);

	return ca_dd_sub(moments->squares,
					 ca_dd_div(square, ca_dd(moments->count)));
}

#endif /* CA_MOMENTS_H */
