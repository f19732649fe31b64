/*-------------------------------------------------------------------------
 *
 * log_ratio.h
 *		Returns of two prices, right to some three units in the last place.
 *
 * ln(p / q) of prices that are close loses digits when p / q is rounded to a
 * double: at 1e9 a move of 0.01 keeps five.  So the difference is taken in
 * double-double, and log1p() does the rest.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_LOG_RATIO_H
#define CA_LOG_RATIO_H

#include <math.h>

#include "number/doubledouble.h"

/* p / q - 1, for q > 0 */
static inline double
ca_simple_return(CaDD p, CaDD q)
{
	return ca_dd_ratio(ca_dd_sub(p, q), q);
}

/* ln(p / q), for p > 0 and q > 0 */
static inline double
ca_log_return(CaDD p, CaDD q)
{
	double ratio = p.hi / q.hi;

	/* beyond these log() is as accurate, and p / q may be beyond any double */
	if (ratio > 0.5 && ratio < 2.0)
		return log1p(ca_simple_return(p, q));
	if (ratio > 0x1p-1000 && ratio < 0x1p1000)
		return log(ca_dd_ratio(p, q));
	return log(p.hi) - log(q.hi);
}

#endif /* CA_LOG_RATIO_H */
