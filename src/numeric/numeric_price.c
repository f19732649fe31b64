/*-------------------------------------------------------------------------
 *
 * numeric_price.c
 *		Double-doubles and prices from numeric.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <float.h>
#include <math.h>

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"

#include "numeric/numeric.h"
#include "numeric/numeric_digits.h"

PG_FUNCTION_INFO_V1(ca_numeric_to_double);
PG_FUNCTION_INFO_V1(ca_order_key);

/* up to four digits from the i-th on, as an exact double-double */
static CaDD
digits_chunk(const CaNumericDigits *digits, int i, int *ndigits)
{
	int64 chunk = 0;
	double hi;

	for (*ndigits = 0; *ndigits < CHUNK_DIGITS && i < digits->ndigits;
		 (*ndigits)++)
		chunk = chunk * NUMERIC_BASE + ca_numeric_digits_at(digits, i++);
	hi = (double) chunk;
	return ca_dd_quick_two_sum(hi, (double) (chunk - (int64) hi));
}

/*
 * The double-double nearest to a finite numeric, to about 32 digits.
 * Errors: 22003 when it is beyond the range of double precision.
 */
CaDD
ca_dd_from_numeric(Datum num)
{
	/* powers of ten up to 22 are exact doubles */
	static const double power[] = {
		1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	CaNumericDigits digits = ca_numeric_digits_of(num);
	CaDD value = ca_dd(0.0);
	int used = 0;
	int exponent;

	Assert(!digits.special);

	/* three chunks are 45 decimals at least: more than a double-double holds */
	for (int i = 0; i < 3 && used < digits.ndigits; i++)
	{
		int n;
		CaDD chunk = digits_chunk(&digits, used, &n);

		value = ca_dd_add(ca_dd_mul_double(value, power[DIGIT_DECIMALS * n]),
						  chunk);
		used += n;
	}

	exponent = DIGIT_DECIMALS * (digits.weight - (used - 1));
	for (; exponent > 22; exponent -= 22)
		value = ca_dd_mul_double(value, 1e22);
	for (; exponent < -22; exponent += 22)
		value = ca_dd_div(value, ca_dd(1e22));
	if (exponent > 0)
		value = ca_dd_mul_double(value, power[exponent]);
	else if (exponent < 0)
		value = ca_dd_div(value, ca_dd(power[-exponent]));

	if (!isfinite(value.hi) || !isfinite(value.lo))
		float_overflow_error();
	return digits.negative ? ca_dd_neg(value) : value;
}

/* the value in units of 1e-8; false when it is not an e8 price */
static bool
digits_e8(const CaNumericDigits *digits, int64 *e8)
{
	/* powers of the base, for digits that are not stored */
	static const int64 power[] = {1, 10000, 100000000, 1000000000000};
	int last = digits->weight - (digits->ndigits - 1);
	int64 value = 0;

	if (digits->weight > 1 || last < -CA_E8_SCALE / DIGIT_DECIMALS)
		return false;
	for (int i = 0; i < digits->ndigits; i++)
		value = value * NUMERIC_BASE + ca_numeric_digits_at(digits, i);
	if (digits->ndigits > 0)
		value *= power[last + CA_E8_SCALE / DIGIT_DECIMALS];
	*e8 = digits->negative ? -value : value;
	return value < CA_E8_LIMIT;
}

/*
 * A finite numeric as the kernels take it.  Errors: 22003 when it is beyond the
 * range of double precision.
 */
CaPrice
ca_price_from_numeric(Datum num)
{
	CaNumericDigits digits = ca_numeric_digits_of(num);
	int64 e8;

	if (digits_e8(&digits, &e8))
		return ca_price_from_e8(e8);
	return ca_price_from_dd(ca_dd_from_numeric(num));
}

/*
 * all digits as an integer, and the power of ten; false if the integer exceeds
 * 2^53
 */
static bool
digits_small(const CaNumericDigits *digits, int64 *value, int *exponent)
{
	*value = 0;
	*exponent = DIGIT_DECIMALS * (digits->weight - (digits->ndigits - 1));
	if (digits->ndigits > CHUNK_DIGITS)
		return false;
	for (int i = 0; i < digits->ndigits; i++)
		*value = *value * NUMERIC_BASE + ca_numeric_digits_at(digits, i);

	/* the last digit to the base 10000 may end in zeros */
	while (*exponent < 0 && *value % 10 == 0 && *value != 0)
	{
		*value /= 10;
		(*exponent)++;
	}
	return *value <= (int64) 1 << 53;
}

/*
 * A numeric as the nearest double, ties to even.  The result is that of the
 * cast, which goes through text and is slower.
 *
 * An integer below 2^53 and a power of ten below 10^23 are doubles, so their
 * quotient or product is rounded once (Clinger, "How to Read Floating Point
 * Numbers Accurately", 1990).  Otherwise a double-double decides, unless it is
 * so close to the middle of two doubles, or to the ends of their range, that
 * its own error might matter; then the cast decides.  Errors: 22003, as for
 * the cast.
 */
double
ca_double_from_numeric(Datum num)
{
	static const double power[] = {
		1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	CaNumericDigits digits = ca_numeric_digits_of(num);
	int64 small;
	int exponent;

	if (!digits.special && digits_small(&digits, &small, &exponent) &&
		abs(exponent) < (int) lengthof(power))
	{
		double value = (double) small;

		value =
			exponent < 0 ? value / power[-exponent] : value * power[exponent];
		return digits.negative ? -value : value;
	}
	if (!digits.special && abs(digits.weight) < 70)
	{
		CaDD value = ca_dd_from_numeric(num);
		double hi = fabs(value.hi);

		/* the distance to the middle of this double and the one below */
		if (fabs(value.lo) < 0.5 * (hi - nextafter(hi, 0.0)) * (1.0 - 0x1p-30))
			return value.hi;
	}
	return DatumGetFloat8(DirectFunctionCall1(numeric_float8, num));
}

/*
 * numeric_to_double(x numeric) -> double precision
 */
Datum
ca_numeric_to_double(PG_FUNCTION_ARGS)
{
	PG_RETURN_FLOAT8(ca_double_from_numeric(PG_GETARG_DATUM(0)));
}

/*
 * ca_order_key(x numeric) -> double precision
 *
 * A key for sorting: x <= y implies key(x) <= key(y), but close values may
 * share a key.  It raises no error for any x, so it is LEAKPROOF, as
 * comparisons of double precision are and those of numeric are not; so roles
 * under row-level security can use an index on it.  A value with 308 digits or
 * more before the point has the greatest key below infinity; one with 304
 * zeros or more after the point has the key of zero.
 */
Datum
ca_order_key(PG_FUNCTION_ARGS)
{
	Datum num = PG_GETARG_DATUM(0);
	CaNumericDigits digits = ca_numeric_digits_of(num);

	if (digits.special)
		PG_RETURN_DATUM(DirectFunctionCall1(numeric_float8, num));
	if (digits.ndigits == 0 || digits.weight < -76)
		PG_RETURN_FLOAT8(0.0);
	if (digits.weight > 76)
		PG_RETURN_FLOAT8(digits.negative ? -DBL_MAX : DBL_MAX);
	PG_RETURN_FLOAT8(ca_double_from_numeric(num));
}
