/*-------------------------------------------------------------------------
 *
 * doubledouble.h
 *		Double-double arithmetic: a number as the unevaluated sum of two
 *		doubles, with about 32 significant decimal digits.
 *
 * Indicators subtract nearly equal numbers: MACD is the difference of two
 * averages of the same prices, RSI lives on differences of neighbours.  At a
 * price of 1e9 that moves by 0.01 a plain double keeps only five digits of
 * such a difference.  Double-double keeps more than twenty.
 *
 * The algorithms are Knuth's two-sum and the products and quotients of
 * Hida, Li and Bailey, "Algorithms for Quad-Double Precision Floating Point
 * Arithmetic" (2001).  They need strict IEEE arithmetic: compile without
 * -ffast-math and with -ffp-contract=off.
 *
 * Plain C: no PostgreSQL header is needed here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_DOUBLEDOUBLE_H
#define CA_DOUBLEDOUBLE_H

#include "number/vec.h"

typedef struct CaDD
{
	CaVec hi; /* the number rounded to double */
	CaVec lo; /* what the rounding left, |lo| <= ulp(hi) / 2 */
} CaDD;

static inline CaDD
ca_dd(CaVec x)
{
	CaDD r = {x, ca_vec(0.0)};

	return r;
}

/* a + b without error, for |a| >= |b| */
static inline CaDD
ca_dd_quick_two_sum(CaVec a, CaVec b)
{
	CaDD r;

	r.hi = a + b;
	r.lo = b - (r.hi - a);
	return r;
}

/* a + b without error */
static inline CaDD
ca_dd_two_sum(CaVec a, CaVec b)
{
	CaDD r;
	CaVec bb;

	r.hi = a + b;
	bb = r.hi - a;
	r.lo = (a - (r.hi - bb)) + (b - bb);
	return r;
}

/* a as the sum of two doubles of 26 bits (Dekker), for |a| < 2^996 */
static inline CaDD
ca_dd_split(CaVec a)
{
	CaVec c = 134217729.0 * a; /* 2^27 + 1 */
	CaDD r;

	r.hi = c - (c - a);
	r.lo = a - r.hi;
	return r;
}

/*
 * a * b without error, except for underflow.  By splits, because fma() is a
 * call of the library unless the compiler may use an instruction that not
 * every machine has.  Where it may (see vec.h), products whose splits under-
 * or overflow are still split, so that all machines give the same bits.
 */
static inline CaDD
ca_dd_two_prod(CaVec a, CaVec b)
{
	CaDD r;
	CaDD x;
	CaDD y;

	r.hi = a * b;
#ifdef CA_FUSED
	if (__builtin_expect(ca_vec_is_moderate(r.hi), 1))
	{
		r.lo = ca_vec_fma(a, b, -r.hi);
		return r;
	}
#endif
#ifndef CA_LANES
	if (__builtin_expect(fabs(a) > 0x1p990 || fabs(b) > 0x1p990, 0))
	{
		r.lo = fma(a, b, -r.hi);
		return r;
	}
#endif
	x = ca_dd_split(a);
	y = ca_dd_split(b);
	r.lo = ((x.hi * y.hi - r.hi) + x.hi * y.lo + x.lo * y.hi) + x.lo * y.lo;
	return r;
}

static inline CaDD
ca_dd_neg(CaDD a)
{
	CaDD r = {-a.hi, -a.lo};

	return r;
}

static inline CaDD
ca_dd_add(CaDD a, CaDD b)
{
	CaDD s = ca_dd_two_sum(a.hi, b.hi);
	CaDD t = ca_dd_two_sum(a.lo, b.lo);

	s = ca_dd_quick_two_sum(s.hi, s.lo + t.hi);
	return ca_dd_quick_two_sum(s.hi, s.lo + t.lo);
}

static inline CaDD
ca_dd_sub(CaDD a, CaDD b)
{
	return ca_dd_add(a, ca_dd_neg(b));
}

/*
 * a + b with an error relative to |a| + |b|, not to the sum: half the work,
 * and as accurate where the sum is then added to something as large as a and
 * b.
 */
static inline CaDD
ca_dd_add_quick(CaDD a, CaDD b)
{
	CaDD s = ca_dd_two_sum(a.hi, b.hi);

	return ca_dd_quick_two_sum(s.hi, s.lo + (a.lo + b.lo));
}

static inline CaDD
ca_dd_sub_quick(CaDD a, CaDD b)
{
	return ca_dd_add_quick(a, ca_dd_neg(b));
}

static inline CaDD
ca_dd_mul(CaDD a, CaDD b)
{
	CaDD p = ca_dd_two_prod(a.hi, b.hi);

	return ca_dd_quick_two_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

static inline CaDD
ca_dd_mul_double(CaDD a, CaVec b)
{
	CaDD p = ca_dd_two_prod(a.hi, b);

	return ca_dd_quick_two_sum(p.hi, p.lo + a.lo * b);
}

/* a / b by long division: two quotient digits of 53 bits and a third to round */
static inline CaDD
ca_dd_div(CaDD a, CaDD b)
{
	CaVec q1 = a.hi / b.hi;
	CaDD r = ca_dd_sub(a, ca_dd_mul_double(b, q1));
	CaVec q2 = r.hi / b.hi;
	CaVec q3;

	r = ca_dd_sub(r, ca_dd_mul_double(b, q2));
	q3 = r.hi / b.hi;
	return ca_dd_add(ca_dd_quick_two_sum(q1, q2), ca_dd(q3));
}

/* a / b for a double b, with two quotient digits */
static inline CaDD
ca_dd_div_double(CaDD a, CaVec b)
{
	CaVec q = a.hi / b;
	CaDD p = ca_dd_two_prod(q, b);

	return ca_dd_quick_two_sum(q, (((a.hi - p.hi) - p.lo) + a.lo) / b);
}

/* a / b with two quotient digits, for a divisor that is a double-double */
static inline CaDD
ca_dd_div_quick(CaDD a, CaDD b)
{
	CaVec q = a.hi / b.hi;
	CaDD r = ca_dd_sub_quick(a, ca_dd_mul_double(b, q));

	return ca_dd_quick_two_sum(q, r.hi / b.hi);
}

/* a / b as a double: the sum of two quotient digits */
static inline CaVec
ca_dd_ratio(CaDD a, CaDD b)
{
	CaVec q = a.hi / b.hi;

	return q + ca_dd_sub_quick(a, ca_dd_mul_double(b, q)).hi / b.hi;
}

/* the root of a from its root in double: one Newton step doubles the digits */
static inline CaDD
ca_dd_sqrt_step(CaDD a, CaVec root)
{
	CaDD rest = ca_dd_sub(a, ca_dd_two_prod(root, root));

	return ca_dd_quick_two_sum(root, rest.hi / (2.0 * root));
}

static inline CaVec
ca_dd_to_double(CaDD a)
{
	return a.hi + a.lo;
}

/* the sign of a number is that of hi, which is 0 only if lo is */
static inline CaDD
ca_dd_abs_quick(CaDD a)
{
	CaDD r = {ca_vec_above(ca_vec(0.0), a.hi, -a.hi, a.hi),
			  ca_vec_above(ca_vec(0.0), a.hi, -a.lo, a.lo)};

	return r;
}

#ifndef CA_LANES

/* an integer of at most 2^62, without error */
static inline CaDD
ca_dd_from_int64(int64_t value)
{
	double hi = (double) value;

	return ca_dd_quick_two_sum(hi, (double) (value - (int64_t) hi));
}

static inline CaDD
ca_dd_sqrt(CaDD a)
{
	double root = sqrt(a.hi);

	if (!(root > 0.0 && isfinite(root)))
		return ca_dd(root);
	return ca_dd_sqrt_step(a, root);
}

static inline CaDD
ca_dd_abs(CaDD a)
{
	return a.hi < 0.0 || (a.hi == 0.0 && a.lo < 0.0) ? ca_dd_neg(a) : a;
}

static inline int
ca_dd_cmp(CaDD a, CaDD b)
{
	if (a.hi != b.hi)
		return a.hi < b.hi ? -1 : 1;
	if (a.lo != b.lo)
		return a.lo < b.lo ? -1 : 1;
	return 0;
}

#endif /* CA_LANES */

#endif /* CA_DOUBLEDOUBLE_H */
