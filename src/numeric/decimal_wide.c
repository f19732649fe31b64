/*-------------------------------------------------------------------------
 *
 * decimal_wide.c
 *		The wide form of decimals: PostgreSQL's functions for numeric, on
 *		decimals of either form.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"

#include "numeric/numeric.h"

static Numeric
wide_call(PGFunction function, const CaDecimal *a, const CaDecimal *b)
{
	return DatumGetNumeric(
		DirectFunctionCall2(function, NumericGetDatum(ca_decimal_to_numeric(a)),
							NumericGetDatum(ca_decimal_to_numeric(b))));
}

static CaDecimal
wide(Numeric num)
{
	CaDecimal decimal = {{0}, 0, true};

	decimal.u.wide = num;
	return decimal;
}

int
ca_wide_cmp(const CaDecimal *a, const CaDecimal *b)
{
	return DatumGetInt32(DirectFunctionCall2(
		numeric_cmp, NumericGetDatum(ca_decimal_to_numeric(a)),
		NumericGetDatum(ca_decimal_to_numeric(b))));
}

CaDecimal
ca_wide_add(const CaDecimal *a, const CaDecimal *b)
{
	return wide(wide_call(numeric_add, a, b));
}

CaDecimal
ca_wide_mul(const CaDecimal *a, const CaDecimal *b)
{
	return wide(wide_call(numeric_mul, a, b));
}

CaDecimal
ca_wide_trim(const CaDecimal *a)
{
	return wide(DatumGetNumeric(DirectFunctionCall1(
		numeric_trim_scale, NumericGetDatum(ca_decimal_to_numeric(a)))));
}

CaDecimal
ca_wide_round(const CaDecimal *a, int scale)
{
	return wide(DatumGetNumeric(DirectFunctionCall2(
		numeric_round, NumericGetDatum(ca_decimal_to_numeric(a)),
		Int32GetDatum(scale))));
}

/*
 * a / b at this scale, rounded once, half away from zero; b > 0.
 *
 * PostgreSQL's division chooses its own scale, so rounding its result would
 * round twice.  trunc((2 * |a| * 10^scale + b) / (2 * b)) is exact.
 */
CaDecimal
ca_wide_div_round(const CaDecimal *a, const CaDecimal *b, int scale)
{
	CaDecimal two = ca_decimal_fixed(2, 0);
	CaDecimal sign = ca_decimal_fixed(ca_decimal_sign(a), 0);
	CaDecimal up = wide(ca_numeric_pow10(scale));
	CaDecimal down = wide(ca_numeric_pow10(-scale));
	CaDecimal n = ca_wide_mul(a, &sign);
	CaDecimal d = ca_wide_mul(b, &two);

	n = ca_wide_mul(&n, &two);
	n = ca_wide_mul(&n, &up);
	n = ca_wide_add(&n, b);
	n = wide(wide_call(numeric_div_trunc, &n, &d));
	n = ca_wide_mul(&n, &sign);
	return ca_wide_mul(&n, &down);
}

int
ca_wide_scale(const CaDecimal *a)
{
	return ca_numeric_scale(PointerGetDatum(a->u.wide));
}

int
ca_wide_integer_digits(const CaDecimal *a)
{
	return ca_numeric_integer_digits(PointerGetDatum(a->u.wide));
}
