/*-------------------------------------------------------------------------
 *
 * day_steps.h
 *		What an asset adds to the return of the market, day by day.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_DAY_STEPS_H
#define CA_DAY_STEPS_H

#include <stddef.h>
#include <stdint.h>

/* the close of a day */
typedef struct CaDayClose
{
	int64_t number; /* days count up by one */
	double close;
	double cap; /* capitalization; NaN if not known */
} CaDayClose;

/* the weight of an asset before a day, and what it grew to; NaN if not known */
typedef struct CaDayStep
{
	double before;
	double after;
} CaDayStep;

extern void ca_day_steps(CaDayClose *days, size_t ndays, double supply,
						 int64_t first, size_t nsteps, CaDayStep *steps);

#endif /* CA_DAY_STEPS_H */
