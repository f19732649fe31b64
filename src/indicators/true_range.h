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

#include "doubledouble.h"

static inline CaDD
ca_dd_max(CaDD a, CaDD b)
{
	return ca_dd_cmp(a, b) >= 0 ? a : b;
}

static inline CaDD
ca_true_range(CaDD high, CaDD low, CaDD previous_close)
{
	CaDD range = ca_dd_sub(high, low);

	range = ca_dd_max(range, ca_dd_abs(ca_dd_sub(high, previous_close)));
	return ca_dd_max(range, ca_dd_abs(ca_dd_sub(low, previous_close)));
}

#endif /* CA_TRUE_RANGE_H */
