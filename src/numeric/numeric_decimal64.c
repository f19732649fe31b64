/*-------------------------------------------------------------------------
 *
 * numeric_decimal64.c
 *		Small decimals straight from a numeric's digits.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "numeric/numeric_format.h"
#include "numeric/numeric_decimal64.h"

/* base-10000 digits that always fit into an int64 */
#define MAX_SMALL_DIGITS 4

/*
 * The exact value of a numeric at its own scale.
 *
 * Reads it in place, even with a short varlena header.  False for a numeric
 * that is not small: one with more than 18 decimals, a value beyond int64 or
 * more than 16 digits from the first to the last; and for NaN, infinity, and
 * values that are compressed or out of line.
 */
bool
ca_decimal64_from_numeric(Datum num, CaDecimal64 *small)
{
	const char *data = DatumGetPointer(num);
	int size;
	uint16 header;
	int ndigits;
	int weight;
	int shift;
	int64 value = 0;

	if (VARATT_IS_1B_E(data) || VARATT_IS_4B_C(data))
		return false;
	size = VARSIZE_ANY_EXHDR(data);
	data = VARDATA_ANY(data);
	memcpy(&header, data, sizeof(header));
	ndigits = (size - (int) sizeof(header)) / (int) sizeof(int16);
	if ((header & HEADER_KIND) != HEADER_SHORT || ndigits > MAX_SMALL_DIGITS)
		return false;

	small->scale = (header >> SHORT_SCALE_SHIFT) & SHORT_SCALE_MAX;
	if (small->scale > CA_DECIMAL64_SCALE)
		return false;
	for (int i = 0; i < ndigits; i++)
	{
		int16 digit;

		memcpy(&digit, data + sizeof(header) + i * sizeof(int16),
			   sizeof(digit));
		value = value * NUMERIC_BASE + digit;
	}

	weight = (header & SHORT_WEIGHT_MASK);
	if (weight & SHORT_WEIGHT_SIGN)
		weight -= 2 * SHORT_WEIGHT_SIGN;
	shift = small->scale - DIGIT_DECIMALS * (ndigits - 1 - weight);
	if (shift > 0)
	{
		if (value != 0 &&
			(shift > CA_DECIMAL64_SCALE ||
			 __builtin_mul_overflow(value, ca_decimal64_pow10[shift], &value)))
			return false;
	}
	else if (shift < 0)
	{
		/* decimals beyond the scale must be zero */
		int64 cut = shift == -1   ? value / 10
					: shift == -2 ? value / 100
								  : value / 1000;

		if (shift < -3 || cut * ca_decimal64_pow10[-shift] != value)
			return false;
		value = cut;
	}
	small->value = (header & SHORT_NEGATIVE) ? -value : value;
	return true;
}
