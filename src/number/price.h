/*-------------------------------------------------------------------------
 *
 * price.h
 *		A price or a volume as the indicators' kernels take it.
 *
 * A decimal of at most eight places and below some five million, as most prices
 * are, is a whole number of 1e-8, "e8": differences and sums of those are exact
 * integers, which cost next to nothing.  Any other price is a double-double.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_PRICE_H
#define CA_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "number/e8.h"

typedef struct CaPrice
{
	bool is_e8;
	int64_t e8; /* in units of 1e-8, if is_e8 */
	CaDD dd;    /* if not */
} CaPrice;

static inline CaPrice
ca_price_from_e8(int64_t e8)
{
	CaPrice price = {true, e8, {0.0, 0.0}};

	return price;
}

static inline CaPrice
ca_price_from_dd(CaDD dd)
{
	CaPrice price = {false, 0, dd};

	return price;
}

static inline CaDD
ca_dd_from_e8(int64_t e8)
{
	return ca_dd_div_double(ca_dd((double) e8), CA_E8_ONE);
}

static inline CaDD
ca_price_dd(const CaPrice *price)
{
	return price->is_e8 ? ca_dd_from_e8(price->e8) : price->dd;
}

static inline int
ca_price_cmp(const CaPrice *a, const CaPrice *b)
{
	if (a->is_e8 && b->is_e8)
		return a->e8 < b->e8 ? -1 : a->e8 > b->e8;
	return ca_dd_cmp(ca_price_dd(a), ca_price_dd(b));
}

/*
 * The unit in which a kernel counts prices: 1e-8, so that e8 prices are whole
 * numbers, or 1.  The first price decides, and the kernel keeps the unit.
 */
static inline double
ca_price_unit(const CaPrice *price)
{
	return price->is_e8 ? CA_E8_ONE : 1.0;
}

/* a price in this unit */
static inline CaDD
ca_price_in(const CaPrice *price, double unit)
{
	if (unit == 1.0)
		return ca_price_dd(price);
	return price->is_e8 ? ca_dd((double) price->e8)
						: ca_dd_mul_double(price->dd, unit);
}

/* whether both are whole numbers in this unit */
static inline bool
ca_prices_are_whole(const CaPrice *a, const CaPrice *b, double unit)
{
	return a->is_e8 && b->is_e8 && unit != 1.0;
}

/* a - b in this unit */
static inline CaDD
ca_price_difference(const CaPrice *a, const CaPrice *b, double unit)
{
	if (ca_prices_are_whole(a, b, unit))
		return ca_dd((double) (a->e8 - b->e8));
	return ca_dd_sub(ca_price_in(a, unit), ca_price_in(b, unit));
}

/* the double of a value that is counted in this unit */
static inline double
ca_price_out(CaDD value, double unit)
{
	return unit == 1.0 ? ca_dd_to_double(value) : ca_e8_out(value);
}

#endif /* CA_PRICE_H */
