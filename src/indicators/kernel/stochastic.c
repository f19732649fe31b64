/*-------------------------------------------------------------------------
 *
 * stochastic.c
 *		Slow stochastic oscillator (Lane).
 *
 *		fast %K = 100 * (close - lowest low) / (highest high - lowest low)
 *				  over the last k bars
 *		k       = SMA(s) of fast %K
 *		d       = SMA(d) of k
 *
 * The first values of both are at bar k + s + d - 3, counted from 0.  Without
 * a range, fast %K is 0, as in TA-Lib.  The extremes are kept in queues whose
 * values only fall or only rise, so a bar costs constant time on average.  The
 * state has 96 bytes for each bar of k and 16 for each of s and d.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/extremes.h"
#include "indicators/kernel/formulas.h"
#include "indicators/kernel/window.h"

typedef struct StochasticState
{
	int k;
	int64_t bar;
	CaDD k_value; /* the mean of the slow window */
	CaExtremeQueue highest;
	CaExtremeQueue lowest;
	CaWindow slow;
	CaWindow signal;
	CaCell ring[]; /* of slow, then of signal, then the queues' */
} StochasticState;

static size_t
stochastic_size(const CaParameters *parameters)
{
	const int *n = parameters->periods;

	return offsetof(StochasticState, ring) + (n[1] + n[2]) * sizeof(CaCell) +
		   2 * n[0] * sizeof(CaExtreme);
}

static void
stochastic_init(void *state, const CaParameters *parameters)
{
	StochasticState *stochastic = state;

	stochastic->k = parameters->periods[0];
	stochastic->slow.n = parameters->periods[1];
	stochastic->signal.n = parameters->periods[2];
	stochastic->slow.is_dd = stochastic->signal.is_dd = true;
}

static void
stochastic_update(void *state, const CaPrice *inputs)
{
	StochasticState *stochastic = state;
	int k = stochastic->k;
	CaCell *signal_ring = stochastic->ring + stochastic->slow.n;
	CaExtreme *extremes = (CaExtreme *) (signal_ring + stochastic->signal.n);
	const CaPrice *highest = ca_extreme_update(
		&stochastic->highest, extremes, k, stochastic->bar, &inputs[0], 1);
	const CaPrice *lowest = ca_extreme_update(
		&stochastic->lowest, extremes + k, k, stochastic->bar, &inputs[1], -1);
	double unit = ca_price_unit(&inputs[2]);
	CaDD range = ca_price_difference(highest, lowest, unit);
	CaDD fast = {0.0, 0.0};

	if (++stochastic->bar < k)
		return;
	if (range.hi != 0.0)
	{
		CaDD above = ca_price_difference(&inputs[2], lowest, unit);

		fast = ca_fast_k(above, range);
	}
	ca_window_update_dd(&stochastic->slow, stochastic->ring, fast);
	if (ca_window_full(&stochastic->slow))
	{
		stochastic->k_value =
			ca_window_mean_dd(&stochastic->slow, stochastic->ring);
		ca_window_update_dd(&stochastic->signal, signal_ring,
							stochastic->k_value);
	}
}

static bool
stochastic_values(const void *state, CaValues *values)
{
	const StochasticState *stochastic = state;

	if (!ca_window_full(&stochastic->signal))
		return false;
	values->value[CA_STOCHASTIC_K] = ca_dd_to_double(stochastic->k_value);
	values->value[CA_STOCHASTIC_D] = ca_dd_to_double(ca_window_mean_dd(
		&stochastic->signal, stochastic->ring + stochastic->slow.n));
	return true;
}

/*
 * Stand-ins for the k - 1 numbers before the block: each bar has the extreme
 * from itself on, which leads to the same extremes in the block.  Lows are
 * times -1.
 */
static void
queue_history(const CaExtremeQueue *queue, const CaExtreme *ring,
			  const StochasticState *stochastic, int sign, double *history)
{
	int k = stochastic->k;
	int i = 0;

	for (int b = 0; b < k - 1; b++)
	{
		int64_t bar = stochastic->bar - (k - 1) + b;

		while (ring[ca_extreme_place(queue, i, k)].bar < bar)
			i++;
		history[b] =
			(double) (sign * ring[ca_extreme_place(queue, i, k)].value.e8);
	}
}

static bool
queue_is_e8(const CaExtremeQueue *queue, const CaExtreme *ring, int k)
{
	bool e8 = true;

	for (int i = 0; i < queue->count; i++)
		e8 &= ring[ca_extreme_place(queue, i, k)].value.is_e8;
	return e8;
}

static const CaPrice *
bar_price(const CaBar *bar, int sign)
{
	return sign > 0 ? &bar->high : &bar->low;
}

/*
 * The queue after a block of at least k bars: going back from the last bar,
 * each that exceeds all after it.  x has the prices of the bars; lows are
 * times -1.
 */
static void
queue_rebuild(CaExtremeQueue *queue, CaExtreme *ring,
			  const StochasticState *stochastic, const CaBarBlock *block,
			  int sign, const double *x)
{
	int k = stochastic->k;
	double greatest = -INFINITY;

	queue->first = k;
	for (int t = block->n - 1; t >= block->n - k; t--)
		if (x[t] > greatest)
		{
			greatest = x[t];
			ring[--queue->first] = (CaExtreme){
				stochastic->bar + t, *bar_price(&block->bars[t], sign)};
		}
	queue->count = k - queue->first;
}

/*
 * the extremes of the block (lowest ones times -1), and the queue at its end
 */
static void
queue_run(CaExtremeQueue *queue, CaExtreme *ring,
		  const StochasticState *stochastic, const CaBarBlock *block, int sign,
		  double *extremes)
{
	int k = stochastic->k;
	int n = block->n;
	double x[CA_BLOCK_WINDOW + CA_BLOCK_BARS];

	queue_history(queue, ring, stochastic, sign, x);
	for (int t = 0; t < n; t++)
		x[k - 1 + t] = sign > 0 ? block->high[t] : -block->low[t];
	block->columns->greatest(extremes, x, k, n);

	if (n >= k)
		queue_rebuild(queue, ring, stochastic, block, sign, x + k - 1);
	else
		for (int t = 0; t < n; t++)
			ca_extreme_update(queue, ring, k, stochastic->bar + t,
							  bar_price(&block->bars[t], sign), sign);
}

/*
 * The means of a window of a few double-doubles after each number of a column;
 * the window then is as of the last one.
 */
static void
window_run(CaWindow *window, CaCell *ring, const CaBarBlock *block,
		   const CaDDColumn *x, CaDDColumn *means)
{
	int few = window->n;
	double hi[CA_WINDOW_FEW + CA_BLOCK_BARS];
	double lo[CA_WINDOW_FEW + CA_BLOCK_BARS];

	for (int i = 0; i < few; i++)
	{
		hi[i] = ring[(window->next + i) % few].dd.hi;
		lo[i] = ring[(window->next + i) % few].dd.lo;
	}
	memcpy(hi + few, x->hi, block->n * sizeof(double));
	memcpy(lo + few, x->lo, block->n * sizeof(double));
	block->columns->mean(means, hi + 1, lo + 1, few, block->n);

	for (int t = block->n - few; t < block->n; t++)
		ca_window_update_dd(window, ring, (CaDD){x->hi[t], x->lo[t]});
}

/* places of columns in a block */
enum
{
	STOCHASTIC_FAST,
	STOCHASTIC_SLOW,
	STOCHASTIC_SIGNAL
};

static bool
stochastic_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const StochasticState *stochastic = state;
	int k = stochastic->k;
	const CaCell *signal_ring = stochastic->ring + stochastic->slow.n;
	const CaExtreme *extremes =
		(const CaExtreme *) (signal_ring + stochastic->signal.n);

	(void) block;
	(void) part;
	return stochastic->slow.n <= CA_WINDOW_FEW &&
		   stochastic->signal.n <= CA_WINDOW_FEW && k <= CA_BLOCK_WINDOW &&
		   ca_window_full(&stochastic->signal) &&
		   queue_is_e8(&stochastic->highest, extremes, k) &&
		   queue_is_e8(&stochastic->lowest, extremes + k, k);
}

static void
stochastic_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	StochasticState *stochastic = state;
	CaCell *signal_ring = stochastic->ring + stochastic->slow.n;
	CaExtreme *extremes = (CaExtreme *) (signal_ring + stochastic->signal.n);
	CaDDColumn *fast = &part->column[STOCHASTIC_FAST];
	CaDDColumn *slow = &part->column[STOCHASTIC_SLOW];
	CaDDColumn *signal = &part->column[STOCHASTIC_SIGNAL];
	double highest[CA_BLOCK_BARS];
	double depth[CA_BLOCK_BARS];

	queue_run(&stochastic->highest, extremes, stochastic, block, 1, highest);
	queue_run(&stochastic->lowest, extremes + stochastic->k, stochastic, block,
			  -1, depth);
	block->columns->fast_k(fast, highest, depth, block->close.hi, block->n);
	window_run(&stochastic->slow, stochastic->ring, block, fast, slow);
	window_run(&stochastic->signal, signal_ring, block, slow, signal);
	ca_column_to_double(part->value[CA_STOCHASTIC_K], slow, block->n);
	ca_column_to_double(part->value[CA_STOCHASTIC_D], signal, block->n);
	part->complete = true;

	stochastic->k_value = ca_column_last(slow, block->n);
	stochastic->bar += block->n;
}

static const CaBlockSteps stochastic_block = {stochastic_begin, NULL,
											  stochastic_finish};

static void
queue_transfer(CaExtremeQueue *queue, CaExtreme *ring, int k, int64_t bar,
			   CaStateStream *stream)
{
	int64_t oldest = bar > k ? bar - k : 0;

	ca_state_stream_int(stream, &queue->first, 0, k - 1);
	ca_state_stream_int(stream, &queue->count, 0, k);
	for (int i = 0; i < queue->count; i++)
	{
		CaExtreme *extreme = &ring[ca_extreme_place(queue, i, k)];

		ca_state_stream_int64(stream, &extreme->bar, oldest, bar - 1);
		ca_state_stream_price(stream, &extreme->value);
		oldest = extreme->bar + 1;
	}
}

static void
stochastic_transfer(void *state, CaStateStream *stream)
{
	StochasticState *stochastic = state;
	CaCell *signal_ring = stochastic->ring + stochastic->slow.n;
	CaExtreme *extremes = (CaExtreme *) (signal_ring + stochastic->signal.n);

	ca_state_stream_int64(stream, &stochastic->bar, 0, INT64_MAX / 2);
	ca_state_stream_dd(stream, &stochastic->k_value);
	queue_transfer(&stochastic->highest, extremes, stochastic->k,
				   stochastic->bar, stream);
	queue_transfer(&stochastic->lowest, extremes + stochastic->k, stochastic->k,
				   stochastic->bar, stream);
	ca_window_transfer(&stochastic->slow, stochastic->ring, stream);
	ca_window_transfer(&stochastic->signal, signal_ring, stream);
}

const CaIndicator ca_stochastic = {
	.name = "stochastic",
	.ninputs = 3,
	.input_names = {"high", "low", "close"},
	.nperiods = 3,
	.period_names = {"k period", "slowing period", "d period"},
	.defaults = {.periods = {14, 3, 3}},
	.nvalues = 2,
	.size = stochastic_size,
	.init = stochastic_init,
	.update = stochastic_update,
	.values = stochastic_values,
	.block = &stochastic_block,
	.transfer = stochastic_transfer,
};
