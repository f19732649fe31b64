/*-------------------------------------------------------------------------
 *
 * bar_block.c
 *		A block of bars that goes through the kernels by columns.  Plain C; see
 *		bar_block.h.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/bar_block.h"

#include <string.h>

/*
 * Bytes of a block for this number of requests.
 */
size_t
ca_bar_block_size(int nrequests)
{
	return sizeof(CaBarBlock) + nrequests * sizeof(CaBarBlockPart);
}

/*
 * A block in memory of ca_bar_block_size() bytes, which need not be zeroed.
 */
CaBarBlock *
ca_bar_block_init(void *memory, const CaColumns *columns)
{
	CaBarBlock *block = memory;

	memset(block, 0, sizeof(CaBarBlock));
	block->columns = columns;
	return block;
}

static CaLane
lane_of(CaDD value, CaDD factor, const CaDDColumn *x)
{
	CaLane lane = {value.hi, value.lo, factor.hi, factor.lo, x};

	return lane;
}

/*
 * Enter an average of x.  Its values are in *values once this step of all kernels
 * is over.  False when columns cannot compute it or the block has no room.
 */
bool
ca_bar_block_smooth(CaBarBlock *block, const CaSmoothing *smoothing,
					const CaDDColumn *x, const CaDDColumn **values)
{
	if (!ca_smoothing_warm(smoothing) ||
		!ca_column_takes(smoothing->value.hi) ||
		block->naverages == CA_BLOCK_LANES)
		return false;
	*values = &block->average_values[block->naverages];
	block->averages[block->naverages++] =
		lane_of(smoothing->value, smoothing->alpha, x);
	return true;
}

/*
 * The same for one of Wilder's sums, which loses "part" of itself with each bar.
 */
bool
ca_bar_block_sum(CaBarBlock *block, CaDD sum, CaDD part, const CaDDColumn *x,
				 const CaDDColumn **values)
{
	if (!ca_column_takes(sum.hi) || block->nsums == CA_BLOCK_SUMS)
		return false;
	*values = &block->sum_values[block->nsums];
	block->sums[block->nsums++] = lane_of(sum, part, x);
	return true;
}

/*
 * Fill the last group with lanes of zeros; returns the new count.  There is room,
 * because the arrays hold whole groups.
 */
static int
pad(const CaBarBlock *block, CaLane *lanes, int count)
{
	CaDD zero = {0.0, 0.0};

	for (; count % block->columns->group != 0; count++)
		lanes[count] = lane_of(zero, zero, &block->zeros);
	return count;
}

/* compute the averages and sums that have been entered since the last call */
static void
compute_entered(CaBarBlock *block)
{
	const CaColumns *columns = block->columns;
	int group = columns->group;
	int i = block->smoothed;
	int s = block->summed;

	block->naverages = pad(block, block->averages, block->naverages);
	block->nsums = pad(block, block->sums, block->nsums);

	/* while a sum waits for its last result, an average is computed */
	for (; i < block->naverages && s < block->nsums; i += group, s += group)
		columns->smooth_and_sum(&block->averages[i], &block->average_values[i],
								&block->sums[s], &block->sum_values[s],
								block->n);
	for (; s < block->nsums; s += group)
		columns->sum(&block->sums[s], &block->sum_values[s], block->n);
	columns->smooth(&block->averages[i], &block->average_values[i],
					block->naverages - i, block->n);
	block->smoothed = block->naverages;
	block->summed = block->nsums;
}

/* turn the bars into columns; false unless all prices are whole numbers of 1e-8 */
static bool
read_bars(CaBarBlock *block)
{
	bool whole = true;

	for (int t = 0; t < block->n; t++)
	{
		const CaBar *bar = &block->bars[t];

		whole &= bar->high.is_e8 & bar->low.is_e8 & bar->close.is_e8;
		block->high[t] = (double) bar->high.e8;
		block->low[t] = (double) bar->low.e8;
		block->close.hi[t] = (double) bar->close.e8;
		block->e8_close[t] = bar->close.e8;
	}
	return whole;
}

/*
 * Take the bars by columns in each request whose kernel can; the states of the
 * other kernels do not change.
 */
static void
run_columns(CaSeriesIndicators *indicators, CaBarBlock *block)
{
	block->naverages = block->smoothed = block->nsums = block->summed = 0;

	for (int i = 0; i < indicators->nrequests; i++)
	{
		const CaBlockSteps *steps = indicators->requests[i].indicator->block;
		CaBarBlockPart *part = &block->parts[i];

		part->joins =
			steps != NULL && steps->begin(indicators->states[i], block, part);
	}
	compute_entered(block);

	for (int i = 0; i < indicators->nrequests; i++)
	{
		const CaBlockSteps *steps = indicators->requests[i].indicator->block;
		CaBarBlockPart *part = &block->parts[i];

		if (part->joins && steps->smooth != NULL)
			part->joins = steps->smooth(indicators->states[i], block, part);
	}
	compute_entered(block);

	for (int i = 0; i < indicators->nrequests; i++)
	{
		const CaBlockSteps *steps = indicators->requests[i].indicator->block;
		CaBarBlockPart *part = &block->parts[i];

		if (part->joins)
			steps->finish(indicators->states[i], block, part);
	}
}

/* the bars from "begin" to "end" of one request, one by one */
static void
run_bars(CaSeriesIndicators *indicators, CaBarBlock *block, int request,
		 int begin, int end)
{
	const CaIndicator *indicator = indicators->requests[request].indicator;
	void *state = indicators->states[request];
	CaBarBlockPart *part = &block->parts[request];

	for (int t = begin; t < end; t++)
	{
		const CaBar *bar = &block->bars[t];
		const CaPrice inputs[] = {bar->high, bar->low, bar->close};
		CaValues values = {0};
		bool warm;

		indicator->update(state, indicator->ninputs == 1 ? &inputs[2] : inputs);
		warm = indicator->values(state, &values);
		for (int v = 0; v < indicator->nvalues; v++)
		{
			part->value[v][t] = values.value[v];
			part->missing[v][t] = !warm || values.undefined[v];
		}
	}
}

/*
 * Let the indicators see at most CA_BLOCK_BARS bars; the block then has the values
 * as of each of them.
 */
void
ca_bar_block_run(CaSeriesIndicators *indicators, CaBarBlock *block,
				 const CaBar *bars, int count)
{
	block->bars = bars;
	block->n = count - count % CA_BLOCK_STEP;
	for (int i = 0; i < indicators->nrequests; i++)
		block->parts[i].joins = false;
	if (block->n > 0 && read_bars(block))
		run_columns(indicators, block);

	for (int i = 0; i < indicators->nrequests; i++)
	{
		CaBarBlockPart *part = &block->parts[i];
		int begin = part->joins ? block->n : 0;

		if (begin == count)
			continue;
		if (part->joins && part->complete)
			memset(part->missing, 0, sizeof(part->missing));
		part->complete = false;
		run_bars(indicators, block, i, begin, count);
	}
}

/*
 * A value of a request as of the t-th bar of the block; false when there is none.
 */
bool
ca_bar_block_value(const CaBarBlock *block, int request, int value, int t,
				   double *result)
{
	const CaBarBlockPart *part = &block->parts[request];

	*result = part->value[value][t];
	return part->complete || !part->missing[value][t];
}
