/*-------------------------------------------------------------------------
 *
 * decimal64.h
 *		Small decimals: an int64 and up to 18 decimals.
 *
 * Nearly every price and volume is one.  Hot loops use them, and switch to
 * CaDecimal where a value or a result is not small; the results are the same.
 * Plain C, inline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_DECIMAL64_H
#define CA_DECIMAL64_H

#include "number/decimal.h"

/* powers of ten up to this one are int64s */
#define CA_DECIMAL64_SCALE 18

typedef struct CaDecimal64
{
	int64_t value;
	int32_t scale; /* 0 .. CA_DECIMAL64_SCALE */
} CaDecimal64;

extern const int64_t ca_decimal64_pow10[CA_DECIMAL64_SCALE + 1];

/* false when the decimal is not small */
static inline bool
ca_decimal64_from_decimal(const CaDecimal *decimal, CaDecimal64 *small)
{
	if (decimal->is_wide || decimal->scale < 0 ||
		decimal->scale > CA_DECIMAL64_SCALE || decimal->u.fixed > INT64_MAX ||
		decimal->u.fixed < INT64_MIN)
		return false;
	small->value = (int64_t) decimal->u.fixed;
	small->scale = decimal->scale;
	return true;
}

/*
 * -1, 0 or 1, by value alone.  A value that overflows at the other's scale is
 * larger than any that the other can have.
 */
static inline int
ca_decimal64_cmp(const CaDecimal64 *a, const CaDecimal64 *b)
{
	int64_t x = a->value;
	int64_t y = b->value;

	if (a->scale < b->scale)
	{
		if (__builtin_mul_overflow(x, ca_decimal64_pow10[b->scale - a->scale],
								   &x))
			return a->value < 0 ? -1 : 1;
	}
	else if (a->scale > b->scale)
	{
		if (__builtin_mul_overflow(y, ca_decimal64_pow10[a->scale - b->scale],
								   &y))
			return b->value < 0 ? 1 : -1;
	}
	return x < y ? -1 : x > y;
}

/* the total order of ca_decimal_order(): by value, then by scale */
static inline int
ca_decimal64_order(const CaDecimal64 *a, const CaDecimal64 *b)
{
	int order = ca_decimal64_cmp(a, b);

	return order != 0 ? order : a->scale - b->scale;
}

/* value at scale "to", which is not below its own; false when it does not fit */
static inline bool
ca_decimal64_rescale(const CaDecimal64 *a, int to, int64_t *value)
{
	return !__builtin_mul_overflow(a->value, ca_decimal64_pow10[to - a->scale],
								   value);
}

#endif /* CA_DECIMAL64_H */
