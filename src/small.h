/*-------------------------------------------------------------------------
 *
 * small.h
 *		Small decimals: an int64 and up to 18 decimals.
 *
 * Nearly every price and volume is one.  They are for the hot loops, which go
 * over to CaDecimal where a value or a result is not small; the results are the
 * same.  Plain C, inline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SMALL_H
#define CA_SMALL_H

#include "decimal.h"

/* powers of ten up to this one are int64s */
#define CA_SMALL_SCALE 18

typedef struct CaSmall
{
	int64_t value;
	int32_t scale; /* 0 .. CA_SMALL_SCALE */
} CaSmall;

extern const int64_t ca_small_pow10[CA_SMALL_SCALE + 1];

/* a decimal as a small one; false when it is not */
static inline bool
ca_small_from_decimal(const CaDecimal *decimal, CaSmall *small)
{
	if (decimal->is_wide || decimal->scale < 0 ||
		decimal->scale > CA_SMALL_SCALE || decimal->u.fixed > INT64_MAX ||
		decimal->u.fixed < INT64_MIN)
		return false;
	small->value = (int64_t) decimal->u.fixed;
	small->scale = decimal->scale;
	return true;
}

/*
 * -1, 0, 1: by value alone.  What no longer fits when brought to the other's
 * scale is beyond all that the other can be.
 */
static inline int
ca_small_cmp(const CaSmall *a, const CaSmall *b)
{
	int64_t x = a->value;
	int64_t y = b->value;

	if (a->scale < b->scale)
	{
		if (__builtin_mul_overflow(x, ca_small_pow10[b->scale - a->scale], &x))
			return a->value < 0 ? -1 : 1;
	}
	else if (a->scale > b->scale)
	{
		if (__builtin_mul_overflow(y, ca_small_pow10[a->scale - b->scale], &y))
			return b->value < 0 ? 1 : -1;
	}
	return x < y ? -1 : x > y;
}

/* the total order of ca_decimal_order(): by value, then by scale */
static inline int
ca_small_order(const CaSmall *a, const CaSmall *b)
{
	int order = ca_small_cmp(a, b);

	return order != 0 ? order : a->scale - b->scale;
}

/* value at scale "to", which is not below its own; false when it does not fit */
static inline bool
ca_small_rescale(const CaSmall *a, int to, int64_t *value)
{
	return !__builtin_mul_overflow(a->value, ca_small_pow10[to - a->scale],
								   value);
}

#endif /* CA_SMALL_H */
