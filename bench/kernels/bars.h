/*-------------------------------------------------------------------------
 *
 * bars.h
 *		What the programs that time kernels share: candles in memory, a clock.
 *
 *-------------------------------------------------------------------------
 */
#ifndef BARS_H
#define BARS_H

typedef struct Bars
{
	int count;
	double *high;
	double *low;
	double *close;
} Bars;

extern Bars bars_make(int argc, char **argv);
extern double *bars_array(int count);
extern void bars_start(void);
extern void bars_stop(const Bars *bars, double sum);

#endif /* BARS_H */
