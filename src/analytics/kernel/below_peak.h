/*-------------------------------------------------------------------------
 *
 * below_peak.h
 *		How far a price is below a peak.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_BELOW_PEAK_H
#define CA_ANALYTICS_BELOW_PEAK_H

#include "number/price.h"

/* price / peak - 1, for a peak above zero */
static inline double
ca_below_peak(const CaPrice *price, const CaPrice *peak)
{
	double unit = ca_price_unit(peak);

	return ca_dd_ratio(ca_price_difference(price, peak, unit),
					   ca_price_in(peak, unit));
}

#endif /* CA_ANALYTICS_BELOW_PEAK_H */
