/*-------------------------------------------------------------------------
 *
 * decimal.c
 *		Exact decimals in fixed form; an operation that overflows is left to
 *		the wide form.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "number/decimal64.h"

#include <stddef.h>

/* 10^exponent, 0 <= exponent <= CA_INT128_DIGITS */
CaInt128
ca_pow10(int exponent)
{
	const int digits = CA_DECIMAL64_SCALE + 1;
	CaInt128 power = ca_decimal64_pow10[exponent % digits];

	for (; exponent >= digits; exponent -= digits)
		power *= (CaInt128) ca_decimal64_pow10[CA_DECIMAL64_SCALE] * 10;
	return power;
}

/* value * 10^shift in *result; false when that does not fit */
static bool
fixed_shift(CaInt128 value, int shift, CaInt128 *result)
{
	if (value == 0 || shift == 0)
	{
		*result = value;
		return true;
	}
	return shift <= CA_INT128_DIGITS &&
		   !__builtin_mul_overflow(value, ca_pow10(shift), result);
}

/* both values at the larger of the two scales; false when that does not fit */
static bool
fixed_align(const CaDecimal *a, const CaDecimal *b, CaInt128 *x, CaInt128 *y)
{
	if (a->is_wide || b->is_wide)
		return false;
	*x = a->u.fixed;
	*y = b->u.fixed;
	if (a->scale == b->scale)
		return true;
	if (a->scale < b->scale)
		return fixed_shift(a->u.fixed, b->scale - a->scale, x);
	return fixed_shift(b->u.fixed, a->scale - b->scale, y);
}

/* -1, 0 or 1, by value alone: 1.5 and 1.50 are equal */
int
ca_decimal_cmp(const CaDecimal *a, const CaDecimal *b)
{
	CaInt128 x;
	CaInt128 y;

	if (!fixed_align(a, b, &x, &y))
		return ca_wide_cmp(a, b);
	return x < y ? -1 : x > y;
}

/*
 * Total order: by value, then by scale.  Choosing among equal values by this
 * order makes the choice independent of the order in which they came.
 */
int
ca_decimal_order(const CaDecimal *a, const CaDecimal *b)
{
	int order = ca_decimal_cmp(a, b);

	if (order != 0)
		return order;
	return ca_decimal_scale(a) - ca_decimal_scale(b);
}

int
ca_decimal_sign(const CaDecimal *a)
{
	CaDecimal zero = ca_decimal_fixed(0, 0);

	return ca_decimal_cmp(a, &zero);
}

/* a + b, at the larger of the two scales */
CaDecimal
ca_decimal_add(const CaDecimal *a, const CaDecimal *b)
{
	CaInt128 x;
	CaInt128 y;
	CaInt128 sum;

	if (!fixed_align(a, b, &x, &y) || __builtin_add_overflow(x, y, &sum))
		return ca_wide_add(a, b);
	return ca_decimal_fixed(sum, a->scale > b->scale ? a->scale : b->scale);
}

/* a * b, at the sum of the two scales */
CaDecimal
ca_decimal_mul(const CaDecimal *a, const CaDecimal *b)
{
	CaInt128 product;

	if (a->is_wide || b->is_wide ||
		__builtin_mul_overflow(a->u.fixed, b->u.fixed, &product))
		return ca_wide_mul(a, b);
	return ca_decimal_fixed(product, a->scale + b->scale);
}

/* the same value at its smallest scale: 1.50 becomes 1.5 */
CaDecimal
ca_decimal_trim(const CaDecimal *a)
{
	CaInt128 value = a->u.fixed;
	int scale = a->scale;

	if (a->is_wide)
		return ca_wide_trim(a);
	if (value == 0)
		return ca_decimal_fixed(0, 0);

	/* large steps first: dividing wide integers is slow */
	for (int step = 8; step > 0; step /= 2)
	{
		int64_t power = (int64_t) ca_pow10(step);

		while (scale >= step && value % power == 0)
		{
			value /= power;
			scale -= step;
		}
	}
	return ca_decimal_fixed(value, scale);
}

/* n / d rounded to the nearest integer, halves away from zero; d > 0 */
static CaInt128
fixed_div_round(CaInt128 n, CaInt128 d)
{
	CaInt128 quotient = n / d;
	CaInt128 rest = n % d;

	if (rest < 0)
		return quotient - (-rest >= d - -rest);
	return quotient + (rest >= d - rest);
}

/* a at exactly this scale, rounded half away from zero where digits are cut */
CaDecimal
ca_decimal_round(const CaDecimal *a, int scale)
{
	int cut = a->scale - scale;
	CaInt128 value;

	if (a->is_wide)
		return ca_wide_round(a, scale);
	if (cut <= 0)
	{
		if (!fixed_shift(a->u.fixed, -cut, &value))
			return ca_wide_round(a, scale);
		return ca_decimal_fixed(value, scale);
	}
	if (cut > CA_INT128_DIGITS)
		return ca_decimal_fixed(0, scale);
	return ca_decimal_fixed(fixed_div_round(a->u.fixed, ca_pow10(cut)), scale);
}

/* a / b at this scale, rounded half away from zero; b > 0 */
CaDecimal
ca_decimal_div_round(const CaDecimal *a, const CaDecimal *b, int scale)
{
	int shift = scale - a->scale + b->scale;
	CaInt128 n;

	if (a->is_wide || b->is_wide || shift < 0 ||
		!fixed_shift(a->u.fixed, shift, &n))
		return ca_wide_div_round(a, b, scale);
	return ca_decimal_fixed(fixed_div_round(n, b->u.fixed), scale);
}

int
ca_decimal_scale(const CaDecimal *a)
{
	return a->is_wide ? ca_wide_scale(a) : a->scale;
}

/* digits before the decimal point: 0 for |a| < 1 */
int
ca_decimal_integer_digits(const CaDecimal *a)
{
	CaInt128 value = a->u.fixed;
	int digits = 0;

	if (a->is_wide)
		return ca_wide_integer_digits(a);
	/* the smallest integer has no opposite */
	if (value > 0)
		value = -value;
	while (digits <= CA_INT128_DIGITS && value <= -ca_pow10(digits))
		digits++;
	return digits > a->scale ? digits - a->scale : 0;
}
