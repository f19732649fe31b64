/*-------------------------------------------------------------------------
 *
 * e8.h
 *		"e8": a price as a whole number of 1e-8.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_E8_H
#define CA_E8_H

#include "number/doubledouble.h"

#define CA_E8_SCALE 8
#define CA_E8_ONE 1e8

/* e8 prices are smaller, so that ten thousand of them add up in an int64 */
#define CA_E8_LIMIT ((int64_t) 1 << 49)

/* a value counted in 1e-8, as a double */
static inline CaVec
ca_e8_out(CaDD value)
{
	/* 1e-8 to 32 digits */
	const CaDD part = {ca_vec(0x1.5798ee2308c3ap-27),
					   ca_vec(-0x1.03023df2d4c94p-82)};

	return ca_dd_to_double(ca_dd_mul(value, part));
}

#endif /* CA_E8_H */
