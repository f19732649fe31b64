/*-------------------------------------------------------------------------
 *
 * bars.c
 *		Candles in memory and a clock; see bars.h.
 *
 *-------------------------------------------------------------------------
 */
#include "bars.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static struct timespec began;

double *
bars_array(int count)
{
	double *array = calloc(count, sizeof(double));

	if (array == NULL)
	{
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return array;
}

/*
 * As many candles as the command line says: a walk of cents from 60000.
 */
Bars
bars_make(int argc, char **argv)
{
	Bars bars = {argc > 1 ? atoi(argv[1]) : 100000};
	long long draw = 1;
	double price = 60000;

	bars.high = bars_array(bars.count);
	bars.low = bars_array(bars.count);
	bars.close = bars_array(bars.count);
	for (int i = 0; i < bars.count; i++)
	{
		draw = draw * 48271 % 2147483647;
		price += (draw % 2001 - 1000) / 100.0;
		bars.close[i] = price;
		bars.high[i] = price + (draw % 300) / 100.0;
		bars.low[i] = price - (draw % 700) / 100.0;
	}
	return bars;
}

void
bars_start(void)
{
	clock_gettime(CLOCK_MONOTONIC, &began);
}

/*
 * Print seconds, and a sum of the values so that none is optimised away.
 */
void
bars_stop(const Bars *bars, double sum)
{
	struct timespec end;

	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%.9f %d %.17g\n",
		   (double) (end.tv_sec - began.tv_sec) +
			   (end.tv_nsec - began.tv_nsec) / 1e9,
		   bars->count, sum);
}
