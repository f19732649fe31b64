/*-------------------------------------------------------------------------
 *
 * gcd.c
 *		The greatest common divisor of many numbers.
 *
 * Once the divisor is found, the remaining numbers only confirm it.  A number is a
 * multiple of it if its product with the inverse of the divisor's odd part, rotated
 * right by the divisor's factors of two, is at most the largest quotient.  That takes
 * a multiplication instead of a division.
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
set_factor(CaGcd *gcd, uint64_t factor)
{
	uint64_t odd;

	gcd->factor = factor;
	gcd->shift = __builtin_ctzll(factor);
	gcd->limit = UINT64_MAX / factor;
	odd = factor >> gcd->shift;
	/* three bits are right at first, and each step doubles their number */
	gcd->inverse = odd;
	for (int bits = 3; bits < 64; bits *= 2)
		gcd->inverse *= 2 - odd * gcd->inverse;
}

static inline bool
is_multiple(const CaGcd *gcd, uint64_t value)
{
	uint64_t product = value * gcd->inverse;

	return (product >> gcd->shift | product << ((64 - gcd->shift) & 63)) <=
		   gcd->limit;
}

/* include more numbers; a divisor of none is all zeros */
void
ca_gcd_add(CaGcd *gcd, const uint64_t *values, int count)
{
	for (int i = 0; i < count && gcd->factor != 1; i++)
		if (gcd->factor == 0)
		{
			if (values[i] != 0)
				set_factor(gcd, values[i]);
		}
		else if (!is_multiple(gcd, values[i]))
			set_factor(gcd, greatest_common_divisor(gcd->factor, values[i]));
}

/* the same for int64s, by their magnitudes */
void
ca_gcd_add_signed(CaGcd *gcd, const uint64_t *values, int count)
{
	for (int i = 0; i < count && gcd->factor != 1; i++)
	{
		uint64_t sign = 0 - (values[i] >> 63);
		uint64_t magnitude = (values[i] ^ sign) - sign;

		ca_gcd_add(gcd, &magnitude, 1);
	}
}
