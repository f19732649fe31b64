/*-------------------------------------------------------------------------
 *
 * true_range.h
 *		True range (Wilder, 1978): the largest of high - low,
 *		|high - previous close| and |low - previous close|.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_TRUE_RANGE_H
#define CA_TRUE_RANGE_H

#include "number/price.h"
#include "indicators/kernel/formulas.h"

static inline CaDD
ca_dd_max(CaDD a, CaDD b)
{
	return ca_dd_cmp(a, b) >= 0 ? a : b;
}

/* the true range in this unit */
static inline CaDD
ca_true_range(const CaPrice *high, const CaPrice *low,
			  const CaPrice *previous_close, double unit)
{
	CaDD range;
	CaDD up;
	CaDD down;

	if (ca_prices_are_whole(high, low, unit) && previous_close->is_e8)
		return ca_dd(ca_whole_range((double) high->e8, (double) low->e8,
									(double) previous_close->e8));

	range = ca_price_difference(high, low, unit);
	up = ca_price_difference(high, previous_close, unit);
	down = ca_price_difference(low, previous_close, unit);
	return ca_dd_max(range, ca_dd_max(ca_dd_abs(up), ca_dd_abs(down)));
}

#endif /* CA_TRUE_RANGE_H */
