/*-------------------------------------------------------------------------
 *
 * bar_block.c
 *		A block of bars through the kernels by columns.  Plain C; see bar_block.h.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/bar_block.h"

#include <string.h>

/*
 * Bytes for the block of an engine of so many requests.
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
 * Enter an average that takes in x; false when it cannot go by columns, or when
 * there is no place left.  Its values are average_values[*lane] in the next step.
 */
bool
ca_bar_block_smooth(CaBarBlock *block, const CaSmoothing *smoothing,
					const CaDDColumn *x, int *lane)
{
	if (!ca_smoothing_warm(smoothing) ||
		!ca_column_takes(smoothing->value.hi) ||
		block->naverages == CA_BLOCK_LANES)
		return false;
	*lane = block->naverages++;
	block->averages[*lane] = lane_of(smoothing->value, smoothing->alpha, x);
	return true;
}

/*
 * Leave the block with an average.
 */
void
ca_bar_block_smoothed(const CaBarBlock *block, int lane, CaSmoothing *smoothing)
{
	smoothing->value = ca_column_last(&block->average_values[lane], block->n);
}

/*
 * Likewise one of Wilder's sums.
 */
bool
ca_bar_block_sum(CaBarBlock *block, CaDD sum, CaDD part, const CaDDColumn *x,
				 int *lane)
{
	if (!ca_column_takes(sum.hi) || block->nsums == CA_BLOCK_SUMS)
		return false;
	*lane = block->nsums++;
	block->sums[*lane] = lane_of(sum, part, x);
	return true;
}

CaDD
ca_bar_block_summed(const CaBarBlock *block, int lane)
{
	return ca_column_last(&block->sum_values[lane], block->n);
}

/* fill the last group up with lanes of zeros; there is room, see below */
static int
pad(const CaBarBlock *block, CaLane *lanes, int count)
{
	CaDD zero = {0.0, 0.0};

	for (; count % block->columns->group != 0; count++)
		lanes[count] = lane_of(zero, zero, &block->zeros);
	return count;
}

/* compute what has been entered since the last time */
static void
run_lanes(CaBarBlock *block)
{
	const CaColumns *columns = block->columns;
	int group = columns->group;
	int i = block->smoothed;
	int s = block->summed;

	block->naverages = pad(block, block->averages, block->naverages);
	block->nsums = pad(block, block->sums, block->nsums);

	/* a sum and an average hide each other's waits */
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

/* the bars as columns; false unless all their prices are whole numbers */
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

/* let the kernels that can go by columns; the others have not begun */
static void
run_columns(CaSeriesIndicators *indicators, CaBarBlock *block)
{
	block->naverages = block->smoothed = block->nsums = block->summed = 0;
	for (int step = CA_BLOCK_ENTER; step <= CA_BLOCK_LEAVE; step++)
	{
		for (int i = 0; i < indicators->nrequests; i++)
		{
			const CaIndicator *indicator = indicators->requests[i].indicator;
			CaBarBlockPart *part = &block->parts[i];

			if (step == CA_BLOCK_ENTER)
				part->joins = indicator->block != NULL;
			if (part->joins)
				part->joins =
					indicator->block(indicators->states[i], block, part, step);
		}
		if (step != CA_BLOCK_LEAVE)
			run_lanes(block);
	}
}

/* the bars from "begin" to "end" of one request, bar by bar */
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
 * Let the engine see a block of at most CA_BLOCK_BARS bars; the block has the values
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
