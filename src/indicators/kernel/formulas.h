/*-------------------------------------------------------------------------
 *
 * formulas.h
 *		The formulas of the indicators, written once for numbers and for
 *		vectors.
 *
 * Kernels use these formulas bar by bar; columns.c uses them for several bars
 * or several averages at once.  Both give the same bits; see vec.h.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_FORMULAS_H
#define CA_FORMULAS_H

#include "number/doubledouble.h"

/* the next value of an exponential average that is warm */
static inline CaDD
ca_smoothed(CaDD value, CaDD alpha, CaDD x)
{
	return ca_dd_add_quick(value, ca_dd_mul(ca_dd_sub_quick(x, value), alpha));
}

/* the next value of a Wilder sum that is warm; all of one sign */
static inline CaDD
ca_wilder_summed(CaDD sum, CaDD part, CaDD x)
{
	return ca_dd_add_quick(ca_dd_sub_quick(sum, ca_dd_mul(sum, part)), x);
}

/* RSI, of a series that has risen or fallen */
static inline CaVec
ca_rsi_of(CaVec gain, CaVec loss)
{
	return 100.0 * (gain / (gain + loss));
}

/* +DM, of moves that are whole numbers; -DM with the moves exchanged */
static inline CaVec
ca_movement(CaVec up, CaVec down)
{
	const CaVec zero = ca_vec(0.0);

	return ca_vec_above(up, ca_vec_max(down, zero), up, zero);
}

/* true range, of prices that are whole numbers */
static inline CaVec
ca_whole_range(CaVec high, CaVec low, CaVec previous_close)
{
	return ca_vec_max(high - low, ca_vec_max(ca_vec_abs(high - previous_close),
											 ca_vec_abs(low - previous_close)));
}

/* DX; "sum" is plus + minus and not 0 */
static inline CaDD
ca_dx_of(CaDD plus, CaDD minus, CaDD sum)
{
	CaDD dx =
		ca_dd_div_quick(ca_dd_abs_quick(ca_dd_sub_quick(plus, minus)), sum);

	return ca_dd_mul_double(dx, ca_vec(100.0));
}

/* +DI or -DI; the range is not 0 */
static inline CaVec
ca_directional(CaDD movement, CaDD range)
{
	return ca_dd_ratio(ca_dd_mul_double(movement, ca_vec(100.0)), range);
}

/* fast %K; the range is not 0 */
static inline CaDD
ca_fast_k(CaDD above, CaDD range)
{
	return ca_dd_div_quick(ca_dd_mul_double(above, ca_vec(100.0)), range);
}

/*
 * Bollinger bands from the middle, half the distance of the bands, and the
 * last price minus the middle, each times "scale".  Where the middle is 0,
 * bandwidth is NaN or infinite; where the distance is 0, percent_b is.
 */
typedef struct CaBands
{
	CaVec upper;
	CaVec middle;
	CaVec lower;
	CaVec bandwidth;
	CaVec percent_b;
} CaBands;

static inline CaBands
ca_bands(CaDD middle, CaDD width, CaDD above, CaVec scale)
{
	CaDD distance = ca_dd_mul_double(width, ca_vec(2.0));
	CaBands bands;

	bands.upper =
		ca_dd_to_double(ca_dd_div_double(ca_dd_add(middle, width), scale));
	bands.middle = ca_dd_to_double(ca_dd_div_double(middle, scale));
	bands.lower =
		ca_dd_to_double(ca_dd_div_double(ca_dd_sub(middle, width), scale));
	bands.bandwidth = ca_dd_ratio(distance, middle);
	bands.percent_b = ca_dd_ratio(ca_dd_add(above, width), distance);
	return bands;
}

#endif /* CA_FORMULAS_H */
