/*-------------------------------------------------------------------------
 *
 * day_facts.c
 *		What the daily candles of an asset say at the end of a day.
 *
 * Days count by the calendar and may be missing.  Day 0 is the day asked about;
 * without it nothing is known.
 *
 *	mean of n days		of the known days 0..n-1, of which 9 in 10 must be known
 *	new high			high of day 0 > each high of days 1..span-1;
 *						of days 0..span-1 9 in 10 must be known
 *	new low				likewise, below each low
 *
 * Each value is computed by itself, from the oldest day to the newest, so it is the
 * same to the bit whether one day is asked about or many.
 *
 *-------------------------------------------------------------------------
 */
#include "market/kernel/day_facts.h"

#include <math.h>

/* the first of the days that is not before this one */
static size_t
first_from(const CaDay *days, size_t ndays, int64_t number)
{
	size_t low = 0;
	size_t high = ndays;

	while (low < high)
	{
		size_t middle = low + (high - low) / 2;

		if (days[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* whether at least 9 in 10 of n days are known */
static bool
enough(size_t known, int n)
{
	return 10 * known >= 9 * (size_t) n;
}

/* the mean close of n days, of which the last one is at "last" */
static double
mean_close(const CaDay *days, size_t last, int n)
{
	size_t first = first_from(days, last + 1, days[last].number - n + 1);
	double sum = 0;

	if (!enough(last + 1 - first, n))
		return NAN;
	for (size_t i = first; i <= last; i++)
		sum += days[i].close;
	return sum / (double) (last + 1 - first);
}

static void
extremes(const CaDay *days, size_t last, int span, double facts[CA_FACTS])
{
	size_t first = first_from(days, last + 1, days[last].number - span + 1);
	bool high = true;
	bool low = true;

	if (!enough(last + 1 - first, span))
		return;
	for (size_t i = last; (high || low) && i-- > first;)
	{
		high = high && days[last].high > days[i].high;
		low = low && days[last].low < days[i].low;
	}
	facts[CA_FACT_NEW_HIGH] = high;
	facts[CA_FACT_NEW_LOW] = low;
}

/*
 * The facts of the day with this number.  The days ascend; those after it are not
 * looked at.
 */
void
ca_day_facts(const CaDay *days, size_t ndays, int64_t number, int span,
			 double facts[CA_FACTS])
{
	size_t after = first_from(days, ndays, number + 1);
	size_t last;

	for (int i = 0; i < CA_FACTS; i++)
		facts[i] = NAN;
	if (after == 0 || days[after - 1].number != number)
		return;
	last = after - 1;
	facts[CA_FACT_CLOSE] = days[last].close;
	if (last > 0 && days[last - 1].number == number - 1)
		facts[CA_FACT_PREVIOUS] = days[last - 1].close;
	facts[CA_FACT_MEAN_50] = mean_close(days, last, 50);
	facts[CA_FACT_MEAN_200] = mean_close(days, last, 200);
	extremes(days, last, span, facts);
}
