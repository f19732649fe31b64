/*-------------------------------------------------------------------------
 *
 * exactsum.h
 *		The exact sum of doubles.
 *
 * The sum is kept as partials that do not overlap, smallest first, whose exact
 * sum is the sum of everything added so far (Shewchuk, "Adaptive Precision
 * Floating-Point Arithmetic and Fast Robust Geometric Predicates", 1997).
 * Nothing is ever rounded, so adding a value and later its negative leaves no
 * trace: a running sum over a window cannot drift, and depends on the values
 * in the window alone, not on where the run began.
 *
 * Prices of one series need two or three partials.  When there are too many,
 * they are compressed; in the whole range of a double there are at most 40
 * compressed ones, so the size is bounded.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_EXACTSUM_H
#define CA_EXACTSUM_H

#include "number/doubledouble.h"

#define CA_MAX_PARTIALS 64

typedef struct CaExactSum
{
	int npartials;
	double partial[CA_MAX_PARTIALS];
} CaExactSum;

extern void ca_exact_add(CaExactSum *sum, double x);
extern void ca_exact_add_dd(CaExactSum *sum, CaDD x);
extern double ca_exact_round(const CaExactSum *sum);
extern CaDD ca_exact_value(const CaExactSum *sum);

#endif /* CA_EXACTSUM_H */
