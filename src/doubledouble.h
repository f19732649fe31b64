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

#include <math.h>

typedef struct CaDD
{
	double hi; /* the number rounded to double */
	double lo; /* what the rounding left, |lo| <= ulp(hi) / 2 */
} CaDD;

static inline CaDD
ca_dd(double x)
{
	CaDD r = {x, 0.0};

	return r;
}

/* a + b without error, for |a| >= |b| */
static inline CaDD
ca_dd_quick_two_sum(double a, double b)
{
	CaDD r;

	r.hi = a + b;
	r.lo = b - (r.hi - a);
	return r;
}

/* a + b without error */
static inline CaDD
ca_dd_two_sum(double a, double b)
{
	CaDD r;
	double bb;

	r.hi = a + b;
	bb = r.hi - a;
	r.lo = (a - (r.hi - bb)) + (b - bb);
	return r;
}

/* a * b without error, underflow aside */
static inline CaDD
ca_dd_two_prod(double a, double b)
{
	CaDD r;

	r.hi = a * b;
	r.lo = fma(a, b, -r.hi);
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

static inline CaDD
ca_dd_mul(CaDD a, CaDD b)
{
	CaDD p = ca_dd_two_prod(a.hi, b.hi);

	return ca_dd_quick_two_sum(p.hi, p.lo + (a.hi * b.lo + a.lo * b.hi));
}

static inline CaDD
ca_dd_mul_double(CaDD a, double b)
{
	CaDD p = ca_dd_two_prod(a.hi, b);

	return ca_dd_quick_two_sum(p.hi, p.lo + a.lo * b);
}

/* a / b by long division: two quotient digits of 53 bits and a third to round */
static inline CaDD
ca_dd_div(CaDD a, CaDD b)
{
	double q1 = a.hi / b.hi;
	CaDD r = ca_dd_sub(a, ca_dd_mul_double(b, q1));
	double q2 = r.hi / b.hi;
	double q3;

	r = ca_dd_sub(r, ca_dd_mul_double(b, q2));
	q3 = r.hi / b.hi;
	return ca_dd_add(ca_dd_quick_two_sum(q1, q2), ca_dd(q3));
}

/* one Newton step from the root in double doubles its digits */
static inline CaDD
ca_dd_sqrt(CaDD a)
{
	double root = sqrt(a.hi);
	CaDD rest;

	if (!(root > 0.0 && isfinite(root)))
		return ca_dd(root);
	rest = ca_dd_sub(a, ca_dd_two_prod(root, root));
	return ca_dd_quick_two_sum(root, rest.hi / (2.0 * root));
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

static inline double
ca_dd_to_double(CaDD a)
{
	return a.hi + a.lo;
}

#endif /* CA_DOUBLEDOUBLE_H */
