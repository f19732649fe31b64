/*-------------------------------------------------------------------------
 *
 * bar_block.h
 *		A block of bars that goes through the kernels by columns.
 *
 * ca_series_indicators_update() takes one bar at a time.  Where many bars are at
 * hand, ca_bar_block_run() takes up to CA_BLOCK_BARS of them at once, in three steps
 * of each kernel (CaBlockSteps):
 *
 *		begin	turns the bars into columns, such as rises and falls, and enters
 *				averages whose results smooth() needs
 *		smooth	enters all other averages
 *		finish	turns columns and averages into values, and updates the state
 *
 * After begin and after smooth the block computes what all kernels have entered,
 * several averages at once; that is where the time is saved.  So a kernel enters
 * an average as late as it can.  Values and states equal those of bar by bar, to
 * the bit.
 *
 * A kernel takes part while it is warm and its prices are whole numbers of 1e-8.
 * Otherwise its bars go one by one, and so do the last few bars of a block whose
 * length is not a multiple of CA_BLOCK_STEP.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_BAR_BLOCK_H
#define CA_BAR_BLOCK_H

#include "indicators/kernel/columns.h"
#include "indicators/kernel/series_indicators.h"
#include "indicators/kernel/smoothing.h"

/* how many averages and sums a block computes; multiples of every group */
#define CA_BLOCK_LANES 32
#define CA_BLOCK_SUMS 16

/* how many columns and averages a kernel has */
#define CA_PART_COLUMNS 4
#define CA_PART_AVERAGES 4

/* what one request does with the block; the kernel names the places in arrays */
struct CaBarBlockPart
{
	bool joins;                         /* its bars go by columns */
	CaDDColumn column[CA_PART_COLUMNS]; /* of the kernel's own */
	/* values of the averages and sums that it has entered, once computed */
	const CaDDColumn *average[CA_PART_AVERAGES];
	double value[CA_MAX_VALUES][CA_BLOCK_BARS];
	bool complete;                              /* no value is missing */
	bool missing[CA_MAX_VALUES][CA_BLOCK_BARS]; /* unless complete */
};

struct CaBarBlock
{
	const CaColumns *columns;
	int n; /* bars that go by columns */
	const CaBar *bars;
	double high[CA_BLOCK_BARS];
	double low[CA_BLOCK_BARS];
	CaDDColumn close;
	int64_t e8_close[CA_BLOCK_BARS];

	/* exponential averages of all requests; the first "smoothed" are computed */
	int naverages;
	int smoothed;
	CaLane averages[CA_BLOCK_LANES];
	CaDDColumn average_values[CA_BLOCK_LANES];

	/* likewise Wilder's sums */
	int nsums;
	int summed;
	CaLane sums[CA_BLOCK_SUMS];
	CaDDColumn sum_values[CA_BLOCK_SUMS];

	CaDDColumn zeros; /* the input of lanes that pad a group */

	CaBarBlockPart parts[]; /* in the order of the requests */
};

/* for kernels, in begin() and smooth() */
extern bool ca_bar_block_smooth(CaBarBlock *block, const CaSmoothing *smoothing,
								const CaDDColumn *x, const CaDDColumn **values);
extern bool ca_bar_block_sum(CaBarBlock *block, CaDD sum, CaDD part,
							 const CaDDColumn *x, const CaDDColumn **values);

extern size_t ca_bar_block_size(int nrequests);
extern CaBarBlock *ca_bar_block_init(void *memory, const CaColumns *columns);
extern void ca_bar_block_run(CaSeriesIndicators *indicators, CaBarBlock *block,
							 const CaBar *bars, int count);
extern bool ca_bar_block_value(const CaBarBlock *block, int request, int value,
							   int t, double *result);

/* whether columns can compute with this number, see columns.h */
static inline bool
ca_column_takes(double x)
{
	return x == 0.0 || (fabs(x) > 0x1p-500 && fabs(x) < 0x1p500);
}

/* the last number of a column */
static inline CaDD
ca_column_last(const CaDDColumn *column, int n)
{
	CaDD last = {column->hi[n - 1], column->lo[n - 1]};

	return last;
}

static inline void
ca_column_to_double(double *result, const CaDDColumn *column, int n)
{
	for (int t = 0; t < n; t++)
	{
		CaDD value = {column->hi[t], column->lo[t]};

		result[t] = ca_dd_to_double(value);
	}
}

#endif /* CA_BAR_BLOCK_H */
