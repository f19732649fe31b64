/*-------------------------------------------------------------------------
 *
 * decimal.h
 *		Exact decimals: a scaled integer where it fits, else a numeric.
 *
 * A decimal is value * 10^-scale.  The scale stays as given, so 1.50 stays
 * 1.50.  Sums and products are exact: an operation that would overflow the
 * integer gives the "wide" form, a numeric of PostgreSQL, and later results
 * stay wide.  Callers need not know which form a decimal has.
 *
 * Plain C: the wide form is an opaque pointer here, and decimal_wide.c is the only
 * file that computes with it.  Wide results are allocated in the current memory
 * context.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_DECIMAL_H
#define CA_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

#include "number/doubledouble.h"

/*
 * The integer of the fixed form.  A platform without 128-bit integers has less
 * room and switches to the wide form earlier, with equal results.
 */
#ifdef __SIZEOF_INT128__
typedef __int128 CaInt128 __attribute__((aligned(8)));
#define CA_INT128_DIGITS 38
#else
typedef int64_t CaInt128;
#define CA_INT128_DIGITS 18
#endif

typedef struct CaDecimal
{
	union
	{
		CaInt128 fixed;
		const void *wide; /* a Numeric */
	} u;
	int32_t scale; /* decimals shown; of the fixed form only */
	bool is_wide;
} CaDecimal;

static inline CaDecimal
ca_decimal_fixed(CaInt128 value, int scale)
{
	CaDecimal d = {{value}, scale, false};

	return d;
}

/* to 106 bits, for all integers except the largest */
static inline CaDD
ca_dd_from_wide(CaInt128 wide)
{
	double hi;

#ifdef __SIZEOF_INT128__
	/*
	 * two halves that are each exact as a double, without a call of the
	 * library
	 */
	if (wide >= 0 && wide >> 106 == 0)
		return ca_dd_quick_two_sum(
			(double) (int64_t) (wide >> 53) * 0x1p53,
			(double) ((int64_t) wide & (((int64_t) 1 << 53) - 1)));
#endif
	hi = (double) wide;
	return ca_dd_quick_two_sum(hi, (double) (wide - (CaInt128) hi));
}

extern CaInt128 ca_pow10(int exponent);
extern int ca_decimal_cmp(const CaDecimal *a, const CaDecimal *b);
extern int ca_decimal_order(const CaDecimal *a, const CaDecimal *b);
extern int ca_decimal_sign(const CaDecimal *a);
extern CaDecimal ca_decimal_add(const CaDecimal *a, const CaDecimal *b);
extern CaDecimal ca_decimal_mul(const CaDecimal *a, const CaDecimal *b);
extern CaDecimal ca_decimal_trim(const CaDecimal *a);
extern CaDecimal ca_decimal_round(const CaDecimal *a, int scale);
extern CaDecimal ca_decimal_div_round(const CaDecimal *a, const CaDecimal *b,
									  int scale);
extern int ca_decimal_scale(const CaDecimal *a);
extern int ca_decimal_integer_digits(const CaDecimal *a);

/* the wide form, in decimal_wide.c: every argument may have either form */
extern int ca_wide_cmp(const CaDecimal *a, const CaDecimal *b);
extern CaDecimal ca_wide_add(const CaDecimal *a, const CaDecimal *b);
extern CaDecimal ca_wide_mul(const CaDecimal *a, const CaDecimal *b);
extern CaDecimal ca_wide_trim(const CaDecimal *a);
extern CaDecimal ca_wide_round(const CaDecimal *a, int scale);
extern CaDecimal ca_wide_div_round(const CaDecimal *a, const CaDecimal *b,
								   int scale);
extern int ca_wide_scale(const CaDecimal *a);
extern int ca_wide_integer_digits(const CaDecimal *a);

#endif /* CA_DECIMAL_H */
