/*-------------------------------------------------------------------------
 *
 * day_steps.c
 *		What an asset adds to the return of the market, day by day.
 *
 * The return of a day is the sum of cap(u) x close(t) / close(u) over the sum of
 * cap(u), where u is the day before t, over the assets with positive closes on both
 * days and cap(u) > 0.
 *
 *	close(t)		of day t, or of the newest of the three days before it
 *	cap(t)			the capitalization known for the same day; else its close times
 *					cap / close of the newest day before it, at most 30 days older,
 *					that has both; else its close times the supply
 *
 * A close that is not positive has no capitalization of the latter two kinds.
 *
 *-------------------------------------------------------------------------
 */
#include "market/kernel/day_steps.h"

#include <math.h>

#define CARRIED_DAYS 3
#define SUPPLY_DAYS 30

/* fill in the capitalizations that are not known */
static void
complete_caps(CaDayClose *days, size_t ndays, double supply)
{
	double implied = NAN;
	int64_t implied_at = 0;

	for (size_t i = 0; i < ndays; i++)
	{
		CaDayClose *day = &days[i];

		if (!isnan(day->cap))
		{
			if (day->close > 0)
			{
				implied = day->cap / day->close;
				implied_at = day->number;
			}
		}
		else if (day->close > 0)
			day->cap =
				day->close *
				(!isnan(implied) && day->number - implied_at <= SUPPLY_DAYS
					 ? implied
					 : supply);
	}
}

/*
 * The steps of nsteps days from "first" on.  The days ascend, and their
 * capitalizations are completed.
 */
void
ca_day_steps(CaDayClose *days, size_t ndays, double supply, int64_t first,
			 size_t nsteps, CaDayStep *steps)
{
	size_t known = 0; /* days up to the day before the step */

	complete_caps(days, ndays, supply);
	for (size_t i = 0; i < nsteps; i++)
	{
		int64_t number = first + (int64_t) i;
		const CaDayClose *before;
		const CaDayClose *now;

		steps[i] = (CaDayStep){NAN, NAN};
		while (known < ndays && days[known].number < number)
			known++;
		if (known == 0)
			continue;
		before = &days[known - 1];
		now = known < ndays && days[known].number == number ? &days[known]
															: before;
		if (before->number < number - 1 - CARRIED_DAYS ||
			now->number < number - CARRIED_DAYS || !(before->cap > 0) ||
			!(before->close > 0) || !(now->close > 0))
			continue;
		steps[i].before = before->cap;
		steps[i].after = before->cap * (now->close / before->close);
		if (!isfinite(steps[i].after))
			steps[i] = (CaDayStep){NAN, NAN};
	}
}
