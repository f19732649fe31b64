/*-------------------------------------------------------------------------
 *
 * gcd.c
 *		The common unit of numbers: their greatest common divisor.
 *
 * Once the unit is found the rest of the numbers only confirm it.  A number is a
 * multiple of the unit when its product with the inverse of the odd part, rotated
 * by the factors of two, is no larger than the largest quotient; that takes a
 * multiplication instead of a division.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/gcd.h"

#include <stdbool.h>

static uint64_t
greatest_common_divisor(uint64_t a, uint64_t b)
{
	while (b != 0)
	{
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static void
set_factor(CaUnit *unit, uint64_t factor)
{
	uint64_t odd;

	unit->factor = factor;
	unit->shift = __builtin_ctzll(factor);
	unit->limit = UINT64_MAX / factor;
	odd = factor >> unit->shift;
	/* three bits are right at first, and each step doubles them */
	unit->inverse = odd;
	for (int bits = 3; bits < 64; bits *= 2)
		unit->inverse *= 2 - odd * unit->inverse;
}

static inline bool
is_multiple(const CaUnit *unit, uint64_t value)
{
	uint64_t product = value * unit->inverse;

	return (product >> unit->shift | product << ((64 - unit->shift) & 63)) <=
		   unit->limit;
}

/* a unit begins as all zeros */
void
ca_unit_add(CaUnit *unit, const uint64_t *values, int count)
{
	for (int i = 0; i < count && unit->factor != 1; i++)
		if (unit->factor == 0)
		{
			if (values[i] != 0)
				set_factor(unit, values[i]);
		}
		else if (!is_multiple(unit, values[i]))
			set_factor(unit, greatest_common_divisor(unit->factor, values[i]));
}

/* the same of int64s, by their magnitudes */
void
ca_unit_add_signed(CaUnit *unit, const uint64_t *values, int count)
{
	for (int i = 0; i < count && unit->factor != 1; i++)
	{
		uint64_t sign = 0 - (values[i] >> 63);
		uint64_t magnitude = (values[i] ^ sign) - sign;

		ca_unit_add(unit, &magnitude, 1);
	}
}
