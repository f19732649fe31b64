/*-------------------------------------------------------------------------
 *
 * tail.h
 *		The lower tail of a set of numbers: a quantile, and the mean below it.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_TAIL_H
#define CA_ANALYTICS_TAIL_H

#include <math.h>
#include <stddef.h>

#include "number/exactsum.h"
#include "scoring/kernel/median_kernel.h"

/* where the quantile is: at "rank", counted from 0, and "part" of the way on */
typedef struct CaTail
{
	size_t rank;
	double part;
} CaTail;

static inline CaTail
ca_tail_at(size_t count, double cutoff)
{
	double place = cutoff * (double) (count - 1);
	CaTail tail;

	tail.rank = (size_t) floor(place);
	tail.part = place - floor(place);
	return tail;
}

/* the quantile, given the value at its rank: PostgreSQL's percentile_cont */
static inline double
ca_tail_quantile(const CaTail *tail, const double *values, size_t count,
				 double value)
{
	double next;

	if (tail->part == 0.0)
		return value;
	next = ca_rank_next(values, count, tail->rank, value);
	return value + tail->part * (next - value);
}

/*
 * The mean of the values up to the rank, given the value at it.  The sum is
 * exact, so the order of the values does not matter.
 */
static inline double
ca_tail_mean(const CaTail *tail, const double *values, size_t count,
			 double value)
{
	double number = (double) (tail->rank + 1);
	double below = 0.0;
	CaExactSum sum = {0};

	for (size_t i = 0; i < count; i++)
		if (values[i] < value)
		{
			ca_exact_add(&sum, values[i]);
			below += 1.0;
		}
	ca_exact_add_dd(&sum, ca_dd_two_prod(number - below, value));
	return ca_dd_to_double(ca_dd_div(ca_exact_value(&sum), ca_dd(number)));
}

#endif /* CA_ANALYTICS_TAIL_H */
