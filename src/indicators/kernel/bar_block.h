/*-------------------------------------------------------------------------
 *
 * bar_block.h
 *		A block of bars that goes through the kernels by columns.
 *
 * An engine takes one bar after the other.  Where bars are at hand in numbers,
 * ca_bar_block_run() takes a block of them at once: it has each kernel enter the
 * averages that it needs, computes those side by side, and has the kernels make
 * columns of values of them.  Results and states are those of bar by bar, to the
 * bit.
 *
 * A kernel takes part while it is warm and prices are whole numbers of 1e-8;
 * else, and for the last few bars of a block, its bars go one by one.
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

#define CA_BLOCK_LANES 32
#define CA_BLOCK_SUMS 16
#define CA_PART_COLUMNS 4
#define CA_PART_LANES 4

/* what one request makes of the block */
struct CaBarBlockPart
{
	bool joins; /* it goes by columns */
	int lane[CA_PART_LANES];
	CaDDColumn column[CA_PART_COLUMNS];
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

	/* of all requests; those below "smoothed" are computed */
	int naverages;
	int smoothed;
	CaLane averages[CA_BLOCK_LANES];
	CaDDColumn average_values[CA_BLOCK_LANES];
	int nsums;
	int summed;
	CaLane sums[CA_BLOCK_SUMS];
	CaDDColumn sum_values[CA_BLOCK_SUMS];
	CaDDColumn zeros; /* that lanes which pad a group take in */

	CaBarBlockPart parts[]; /* in the order of the requests */
};

/* for kernels */
extern bool ca_bar_block_smooth(CaBarBlock *block, const CaSmoothing *smoothing,
								const CaDDColumn *x, int *lane);
extern void ca_bar_block_smoothed(const CaBarBlock *block, int lane,
								  CaSmoothing *smoothing);
extern bool ca_bar_block_sum(CaBarBlock *block, CaDD sum, CaDD part,
							 const CaDDColumn *x, int *lane);
extern CaDD ca_bar_block_summed(const CaBarBlock *block, int lane);

extern size_t ca_bar_block_size(int nrequests);
extern CaBarBlock *ca_bar_block_init(void *memory, const CaColumns *columns);
extern void ca_bar_block_run(CaSeriesIndicators *indicators, CaBarBlock *block,
							 const CaBar *bars, int count);
extern bool ca_bar_block_value(const CaBarBlock *block, int request, int value,
							   int t, double *result);

/* whether columns may compute with this number, see columns.h */
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
