/*-------------------------------------------------------------------------
 *
 * exactsum.c
 *		The exact sum of doubles.  Plain C; see exactsum.h.
 *
 *-------------------------------------------------------------------------
 */
#include "number/exactsum.h"

#include <stdbool.h>

/*
 * Rewrite the partials so that neighbours are 53 bits apart (Shewchuk's
 * COMPRESS): once down from the largest, once up from the smallest.
 */
static void
exact_compress(CaExactSum *sum)
{
	int last = sum->npartials - 1;
	int bottom = last;
	int top = 0;
	double q = sum->partial[last];

	for (int i = last - 1; i >= 0; i--)
	{
		CaDD t = ca_dd_quick_two_sum(q, sum->partial[i]);

		q = t.hi;
		if (t.lo != 0.0)
		{
			sum->partial[bottom--] = t.hi;
			q = t.lo;
		}
	}
	sum->partial[bottom] = q;

	for (int i = bottom + 1; i <= last; i++)
	{
		CaDD t = ca_dd_quick_two_sum(sum->partial[i], q);

		if (t.lo != 0.0)
			sum->partial[top++] = t.lo;
		q = t.hi;
	}
	sum->partial[top++] = q;
	sum->npartials = top;
}

/*
 * Add one value.  A sum beyond the range of a double becomes NaN for good;
 * callers check the value that they read.
 */
void
ca_exact_add(CaExactSum *sum, double x)
{
	int kept = 0;

	if (x == 0.0)
		return;

	for (int i = 0; i < sum->npartials; i++)
	{
		CaDD t = ca_dd_two_sum(x, sum->partial[i]);

		if (t.lo != 0.0)
			sum->partial[kept++] = t.lo;
		x = t.hi;
	}
	if (x != 0.0)
		sum->partial[kept++] = x;
	sum->npartials = kept;

	if (kept == CA_MAX_PARTIALS)
		exact_compress(sum);
	if (sum->npartials == CA_MAX_PARTIALS)
	{
		/* a finite sum would have been compressed */
		sum->partial[0] = NAN;
		sum->npartials = 1;
	}
}

void
ca_exact_add_dd(CaExactSum *sum, CaDD x)
{
	ca_exact_add(sum, x.lo);
	ca_exact_add(sum, x.hi);
}

/*
 * The sum, correctly rounded to double.
 *
 * The largest partials are added until one addition is inexact.  If that one
 * was a tie, broken to even, the sign of the next partial decides.
 */
double
ca_exact_round(const CaExactSum *sum)
{
	int n = sum->npartials;
	CaDD t = {0.0, 0.0};

	while (n > 0 && t.lo == 0.0)
		t = ca_dd_quick_two_sum(t.hi, sum->partial[--n]);

	if (n > 0 && (t.lo < 0.0) == (sum->partial[n - 1] < 0.0))
	{
		double twice = t.lo * 2.0;
		double away = t.hi + twice;

		if (away - t.hi == twice)
			return away;
	}
	return t.hi;
}

/*
 * The sum to double-double precision.  Both parts are correctly rounded, so
 * they are the same for the same sum, whatever its partials are.
 */
CaDD
ca_exact_value(const CaExactSum *sum)
{
	CaExactSum rest;
	CaDD value;

	if (sum->npartials == 2)
		return ca_dd_quick_two_sum(sum->partial[1], sum->partial[0]);
	if (sum->npartials < 2)
		return ca_dd(sum->npartials == 0 ? 0.0 : sum->partial[0]);

	value.hi = ca_exact_round(sum);
	rest.npartials = sum->npartials;
	for (int i = 0; i < sum->npartials; i++)
		rest.partial[i] = sum->partial[i];
	ca_exact_add(&rest, -value.hi);
	value.lo = ca_exact_round(&rest);
	return value;
}
