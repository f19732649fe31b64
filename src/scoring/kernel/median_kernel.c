/*-------------------------------------------------------------------------
 *
 * median_kernel.c
 *		Order statistics of numbers that are not negative, without a copy.
 *
 *-------------------------------------------------------------------------
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "scoring/kernel/median_kernel.h"

static uint64_t
bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
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
		uint64_t leading = bits_of(values[i]) >> shift;

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
	double value;

	memcpy(&value, &search->prefix, sizeof(value));
	return value;
}

/*
 * The median, given the value of rank (count - 1) / 2.
 *
 * An even count has two middle values; the upper one is the lower one again
 * if that is frequent enough, else the smallest above it.  Halves are added,
 * because the sum of two large values may overflow.
 */
double
ca_median_with_lower(const double *values, size_t count, double lower)
{
	double upper = HUGE_VAL;
	size_t not_above = 0;
	size_t i;

	if (count % 2 == 1)
		return lower;

	for (i = 0; i < count; i++)
	{
		if (values[i] <= lower)
			not_above++;
		else if (values[i] < upper)
			upper = values[i];
	}
	if (not_above > count / 2)
		return lower;
	return 0.5 * lower + 0.5 * upper;
}
