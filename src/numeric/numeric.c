/*-------------------------------------------------------------------------
 *
 * numeric.c
 *		Exact decimals from numeric and to numeric.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/numeric.h"

#include "numeric/numeric.h"
#include "numeric/numeric_digits.h"

PG_FUNCTION_INFO_V1(ca_price_fits);

/* base-10000 digits in a fixed decimal: 38 decimals, in any alignment */
#define MAX_FIXED_DIGITS 11

/*
 * Build a numeric from these digits, least significant first.
 */
static Numeric
numeric_make(bool negative, int scale, int weight, int ndigits,
			 const int16 *reversed)
{
	bool is_short;
	Size size;
	char *result;
	char *data;
	uint16 header;

	while (ndigits > 0 && reversed[0] == 0)
	{
		reversed++;
		ndigits--;
	}
	if (ndigits == 0)
	{
		negative = false;
		weight = 0;
	}

	is_short = scale <= SHORT_SCALE_MAX && weight >= -SHORT_WEIGHT_SIGN &&
			   weight < SHORT_WEIGHT_SIGN;
	size = VARHDRSZ + sizeof(uint16) + (is_short ? 0 : sizeof(int16)) +
		   ndigits * sizeof(int16);
	result = palloc(size);
	SET_VARSIZE(result, size);
	data = VARDATA(result);

	if (is_short)
		header = HEADER_SHORT | (negative ? SHORT_NEGATIVE : 0) |
				 (scale << SHORT_SCALE_SHIFT) | (weight & SHORT_WEIGHT_MASK);
	else
		header = (negative ? HEADER_NEGATIVE : 0) | scale;
	memcpy(data, &header, sizeof(header));
	data += sizeof(header);
	if (!is_short)
	{
		int16 long_weight = weight;

		memcpy(data, &long_weight, sizeof(long_weight));
		data += sizeof(long_weight);
	}
	for (int i = ndigits - 1; i >= 0; i--)
	{
		memcpy(data, &reversed[i], sizeof(int16));
		data += sizeof(int16);
	}
	return (Numeric) result;
}

/* 10^exponent; a negative exponent gives that many decimals */
Numeric
ca_numeric_pow10(int exponent)
{
	int weight = exponent >= 0
					 ? exponent / DIGIT_DECIMALS
					 : -((-exponent + DIGIT_DECIMALS - 1) / DIGIT_DECIMALS);
	int16 digit = (int16) ca_pow10(exponent - weight * DIGIT_DECIMALS);

	return numeric_make(false, exponent < 0 ? -exponent : 0, weight, 1, &digit);
}

bool
ca_numeric_is_finite(Datum num)
{
	return !ca_numeric_digits_of(num).special;
}

/* decimals that a finite numeric shows */
int
ca_numeric_scale(Datum num)
{
	return ca_numeric_digits_of(num).scale;
}

/* digits before the decimal point of a finite numeric: 0 for |num| < 1 */
int
ca_numeric_integer_digits(Datum num)
{
	CaNumericDigits digits = ca_numeric_digits_of(num);
	int count;

	if (digits.ndigits == 0 || digits.weight < 0)
		return 0;
	count = digits.weight * DIGIT_DECIMALS;
	for (int first = ca_numeric_digits_at(&digits, 0); first > 0; first /= 10)
		count++;
	return count;
}

/* decimals of a finite numeric, without trailing zeros */
int
ca_numeric_decimals(Datum num)
{
	CaNumericDigits digits = ca_numeric_digits_of(num);
	int decimals = DIGIT_DECIMALS * (digits.ndigits - 1 - digits.weight);

	if (digits.ndigits == 0 || decimals <= 0)
		return 0;
	for (int last = ca_numeric_digits_at(&digits, digits.ndigits - 1);
		 last != 0 && last % 10 == 0; last /= 10)
		decimals--;
	return decimals;
}

/* whether it is finite, with no more digits and decimals than a price may have */
bool
ca_numeric_fits(Datum num)
{
	CaNumericDigits digits = ca_numeric_digits_of(num);
	int decimals;

	if (digits.special)
		return false;
	/* CHECK constraints ask this of each price of each row that is written */
	if (digits.scale <= CA_PRICE_DECIMALS &&
		(digits.weight + 1) * DIGIT_DECIMALS <=
			CA_PRICE_DIGITS - CA_PRICE_DECIMALS)
		return true;
	decimals = ca_numeric_decimals(num);
	return decimals <= CA_PRICE_DECIMALS &&
		   ca_numeric_integer_digits(num) + decimals <= CA_PRICE_DIGITS;
}

/*
 * price_fits(amount numeric) -> boolean
 */
Datum
ca_price_fits(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ca_numeric_fits(PG_GETARG_DATUM(0)));
}

/* the value as a scaled integer; false when it does not fit */
static bool
digits_to_fixed(const CaNumericDigits *digits, CaInt128 *result)
{
	int shift =
		digits->scale - DIGIT_DECIMALS * (digits->ndigits - 1 - digits->weight);
	CaInt128 value = 0;
	int64 head = 0;
	int i = 0;

	for (; i < digits->ndigits && i < CHUNK_DIGITS; i++)
		head = head * NUMERIC_BASE + ca_numeric_digits_at(digits, i);
	value = head;
	for (; i < digits->ndigits; i++)
		if (__builtin_mul_overflow(value, (CaInt128) NUMERIC_BASE, &value) ||
			__builtin_add_overflow(
				value, (CaInt128) ca_numeric_digits_at(digits, i), &value))
			return false;

	if (value != 0 && shift > 0)
	{
		if (shift > CA_INT128_DIGITS ||
			__builtin_mul_overflow(value, ca_pow10(shift), &value))
			return false;
	}
	else if (value != 0 && shift < 0)
	{
		/* base-10000 digits reach beyond the scale, where they are zero */
		if (shift <= -DIGIT_DECIMALS || value % ca_pow10(-shift) != 0)
			return false;
		value /= ca_pow10(-shift);
	}
	*result = digits->negative ? -value : value;
	return true;
}

/*
 * The exact decimal of a finite numeric.  In wide form it points to the given
 * value, or to a copy where that was packed.
 */
CaDecimal
ca_decimal_from_numeric(Datum num)
{
	CaNumericDigits digits = ca_numeric_digits_of(num);
	CaDecimal decimal = {{0}, 0, false};

	Assert(!digits.special);
	if (digits_to_fixed(&digits, &decimal.u.fixed))
		decimal.scale = digits.scale;
	else
	{
		decimal.u.wide = DatumGetNumeric(num);
		decimal.is_wide = true;
	}
	return decimal;
}

/*
 * The decimal that a finite double precision value prints as: the shortest one
 * that reads back as the same double.
 */
CaDecimal
ca_decimal_from_double(double value)
{
	char text[DOUBLE_SHORTEST_DECIMAL_LEN];
	int64 digits = 0;
	int scale = 0;
	bool in_fraction = false;
	const char *c;
	CaInt128 shifted;

	double_to_shortest_decimal_buf(value, text);
	for (c = text; *c != '\0' && *c != 'e'; c++)
	{
		if (*c == '.')
			in_fraction = true;
		else if (*c != '-')
		{
			digits = digits * 10 + (*c - '0');
			scale += in_fraction;
		}
	}
	if (*c == 'e')
		scale -= atoi(c + 1);
	if (text[0] == '-')
		digits = -digits;

	if (scale >= 0)
		return ca_decimal_fixed(digits, scale);
	if (-scale <= CA_INT128_DIGITS &&
		!__builtin_mul_overflow((CaInt128) digits, ca_pow10(-scale), &shifted))
		return ca_decimal_fixed(shifted, 0);
	return ca_decimal_from_numeric(
		DirectFunctionCall3(numeric_in, CStringGetDatum(text),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/*
 * The numeric of a decimal, with the decimal's scale.  A wide decimal is
 * returned as it is, not copied.
 */
Numeric
ca_decimal_to_numeric(const CaDecimal *decimal)
{
	int16 reversed[MAX_FIXED_DIGITS];
	int ndigits = 0;
	int below = decimal->scale % DIGIT_DECIMALS;
	int fraction_digits =
		(decimal->scale + DIGIT_DECIMALS - 1) / DIGIT_DECIMALS;
	CaInt128 value = decimal->u.fixed;
	int64 rest;
	bool negative = value < 0;

	if (decimal->is_wide)
		return (Numeric) unconstify(void *, decimal->u.wide);

	/* remainders carry the sign, so the most negative value is safe too */
	if (below != 0)
	{
		int64 power = (int64) ca_pow10(below);
		bool narrow = value == (int64) value;
		int part =
			narrow ? (int) ((int64) value % power) : (int) (value % power);

		reversed[ndigits++] = abs(part) * (NUMERIC_BASE / power);
		value = narrow ? (int64) value / power : value / power;
	}
	/* 64-bit divisions as soon as the value fits */
	for (; value != (int64) value; value /= NUMERIC_BASE)
		reversed[ndigits++] = abs((int) (value % NUMERIC_BASE));
	for (rest = (int64) value; rest != 0; rest /= NUMERIC_BASE)
		reversed[ndigits++] = abs((int) (rest % NUMERIC_BASE));
	return numeric_make(negative, decimal->scale, ndigits - 1 - fraction_digits,
						ndigits, reversed);
}
