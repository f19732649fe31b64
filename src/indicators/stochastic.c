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
 * First values, of both, at bar k + s + d - 3, counted from 0.  Bars without
 * range have a fast %K of 0, as in TA-Lib.  The extremes are kept in queues
 * whose values only fall or only rise, so a bar costs constant time on average.
 * 96 bytes of state for each bar of k, 16 for each of s and d.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include <stdint.h>

#include "indicators/window.h"

typedef struct Extreme
{
	int64_t bar;
	CaPrice value;
} Extreme;

/* a queue in a ring: the first is the extreme of the last k bars */
typedef struct ExtremeQueue
{
	int first;
	int count;
} ExtremeQueue;

typedef struct StochasticState
{
	int k;
	int64_t bar;
	CaDD k_value; /* the mean of the slow window */
	ExtremeQueue highest;
	ExtremeQueue lowest;
	CaWindow slow;
	CaWindow signal;
	CaCell ring[]; /* of slow, then of signal, then the queues' */
} StochasticState;

static size_t
stochastic_size(const CaParameters *parameters)
{
	const int *n = parameters->periods;

	return offsetof(StochasticState, ring) + (n[1] + n[2]) * sizeof(CaCell) +
		   2 * n[0] * sizeof(Extreme);
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

/* where in a ring of k the i-th of the queue is, for i < k */
static inline int
queue_place(const ExtremeQueue *queue, int i, int k)
{
	int place = queue->first + i;

	return place < k ? place : place - k;
}

/*
 * Put a value in, and take out what can be the extreme no more: what is older
 * than k bars, and what the new value outdoes.  "sign" is 1 for the highest, -1
 * for the lowest.
 */
static const CaPrice *
queue_update(ExtremeQueue *queue, Extreme *ring, int k, int64_t bar,
			 const CaPrice *value, int sign)
{
	if (queue->count > 0 && ring[queue->first].bar <= bar - k)
	{
		queue->first = queue->first + 1 == k ? 0 : queue->first + 1;
		queue->count--;
	}
	while (queue->count > 0)
	{
		int last = queue_place(queue, queue->count - 1, k);

		if (sign * ca_price_cmp(&ring[last].value, value) > 0)
			break;
		queue->count--;
	}
	ring[queue_place(queue, queue->count, k)] = (Extreme){bar, *value};
	queue->count++;
	return &ring[queue->first].value;
}

static void
stochastic_update(void *state, const CaPrice *inputs)
{
	StochasticState *stochastic = state;
	int k = stochastic->k;
	CaCell *signal_ring = stochastic->ring + stochastic->slow.n;
	Extreme *extremes = (Extreme *) (signal_ring + stochastic->signal.n);
	const CaPrice *highest = queue_update(&stochastic->highest, extremes, k,
										  stochastic->bar, &inputs[0], 1);
	const CaPrice *lowest = queue_update(&stochastic->lowest, extremes + k, k,
										 stochastic->bar, &inputs[1], -1);
	double unit = ca_price_unit(&inputs[2]);
	CaDD range = ca_price_difference(highest, lowest, unit);
	CaDD fast = {0.0, 0.0};

	if (++stochastic->bar < k)
		return;
	if (range.hi != 0.0)
	{
		CaDD above = ca_price_difference(&inputs[2], lowest, unit);

		fast = ca_dd_div_quick(ca_dd_mul_double(above, 100.0), range);
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
	values->value[0] = ca_dd_to_double(stochastic->k_value);
	values->value[1] = ca_dd_to_double(ca_window_mean_dd(
		&stochastic->signal, stochastic->ring + stochastic->slow.n));
	return true;
}

static void
queue_transfer(ExtremeQueue *queue, Extreme *ring, int k, CaStream *stream)
{
	ca_stream_int(stream, &queue->first, 0, k - 1);
	ca_stream_int(stream, &queue->count, 0, k);
	for (int i = 0; i < queue->count; i++)
	{
		Extreme *extreme = &ring[queue_place(queue, i, k)];

		ca_stream_int64(stream, &extreme->bar, 0, INT64_MAX);
		ca_stream_price(stream, &extreme->value);
	}
}

static void
stochastic_transfer(void *state, CaStream *stream)
{
	StochasticState *stochastic = state;
	CaCell *signal_ring = stochastic->ring + stochastic->slow.n;
	Extreme *extremes = (Extreme *) (signal_ring + stochastic->signal.n);

	ca_stream_int64(stream, &stochastic->bar, 0, INT64_MAX);
	ca_stream_dd(stream, &stochastic->k_value);
	queue_transfer(&stochastic->highest, extremes, stochastic->k, stream);
	queue_transfer(&stochastic->lowest, extremes + stochastic->k, stochastic->k,
				   stream);
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
	.transfer = stochastic_transfer,
};
