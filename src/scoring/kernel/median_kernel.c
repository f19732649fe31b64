/*-------------------------------------------------------------------------
 *
 * median_kernel.c
 *		Order statistics of numbers, without a copy.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "scoring/kernel/median_kernel.h"

#define SIGN_BIT ((uint64_t) 1 << 63)

/* an integer that compares as the number does */
static uint64_t
order_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits & SIGN_BIT ? ~bits : bits | SIGN_BIT;
}

void
ca_rank_start(CaRankSearch *search, size_t rank)
{
	search->prefix = 0;
	search->rank = rank;
	search->done = 0;
}

/*
 * Find one more byte of the value sought.
 */
void
ca_rank_pass(CaRankSearch *search, const double *values, size_t count)
{
	size_t with_byte[256] = {0};
	int shift = 8 * (CA_RANK_PASSES - 1 - search->done);
	size_t i;
	int byte;

	for (i = 0; i < count; i++)
	{
		uint64_t leading = order_of(values[i]) >> shift;

		if (leading >> 8 == search->prefix)
			with_byte[leading & 0xff]++;
	}

	for (byte = 0; byte < 255 && search->rank >= with_byte[byte]; byte++)
		search->rank -= with_byte[byte];

	search->prefix = search->prefix << 8 | (uint64_t) byte;
	search->done++;
}

/*
 * The value of a finished search.
 */
double
ca_rank_value(const CaRankSearch *search)
{
	uint64_t order = search->prefix;
	uint64_t bits = order & SIGN_BIT ? order ^ SIGN_BIT : ~order;
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * The value of the next rank, given the value of this one, which is not the
 * last: the same again if that is frequent enough, else the smallest above it.
 */
double
ca_rank_next(const double *values, size_t count, size_t rank, double value)
{
	double upper = HUGE_VAL;
	size_t not_above = 0;
	size_t i;

	for (i = 0; i < count; i++)
	{
		if (values[i] <= value)
			not_above++;
		else if (values[i] < upper)
			upper = values[i];
	}
	return not_above > rank + 1 ? value : upper;
}

/*
 * The median, given the value of rank (count - 1) / 2.  Of the two middle
 * values of an even count, halves are added, because the sum of two large
 * values may overflow.
 */
double
ca_median_with_lower(const double *values, size_t count, double lower)
{
	if (count % 2 == 1)
		return lower;
	return 0.5 * lower +
		   0.5 * ca_rank_next(values, count, (count - 1) / 2, lower);
}
