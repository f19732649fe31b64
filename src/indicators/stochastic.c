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
 * 48 bytes of state for each bar of k, 16 for each of s and d.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include <stdint.h>

#include "indicators/window.h"

typedef struct Extreme
{
	int64_t bar;
	CaDD value;
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
	ExtremeQueue highest;
	ExtremeQueue lowest;
	CaWindow slow;
	CaWindow signal;
	CaDD ring[]; /* of slow, then of signal, then the queues' */
} StochasticState;

static size_t
stochastic_size(const CaParameters *parameters)
{
	const int *n = parameters->periods;

	return offsetof(StochasticState, ring) + (n[1] + n[2]) * sizeof(CaDD) +
		   2 * n[0] * sizeof(Extreme);
}

static void
stochastic_init(void *state, const CaParameters *parameters)
{
	StochasticState *stochastic = state;

	stochastic->k = parameters->periods[0];
	stochastic->slow.n = parameters->periods[1];
	stochastic->signal.n = parameters->periods[2];
}

/*
 * Put a value in, and take out what can be the extreme no more: what is older
 * than k bars, and what the new value outdoes.  "sign" is 1 for the highest, -1
 * for the lowest.
 */
static CaDD
queue_update(ExtremeQueue *queue, Extreme *ring, int k, int64_t bar, CaDD value,
			 int sign)
{
	if (queue->count > 0 && ring[queue->first].bar <= bar - k)
	{
		queue->first = queue->first + 1 == k ? 0 : queue->first + 1;
		queue->count--;
	}
	while (queue->count > 0)
	{
		int last = (queue->first + queue->count - 1) % k;

		if (sign * ca_dd_cmp(ring[last].value, value) > 0)
			break;
		queue->count--;
	}
	ring[(queue->first + queue->count) % k] = (Extreme){bar, value};
	queue->count++;
	return ring[queue->first].value;
}

static void
stochastic_update(void *state, const CaDD *inputs)
{
	StochasticState *stochastic = state;
	int k = stochastic->k;
	CaDD *signal_ring = stochastic->ring + stochastic->slow.n;
	Extreme *extremes = (Extreme *) (signal_ring + stochastic->signal.n);
	CaDD highest = queue_update(&stochastic->highest, extremes, k,
								stochastic->bar, inputs[0], 1);
	CaDD lowest = queue_update(&stochastic->lowest, extremes + k, k,
							   stochastic->bar, inputs[1], -1);
	CaDD range = ca_dd_sub(highest, lowest);
	CaDD fast = {0.0, 0.0};

	if (++stochastic->bar < k)
		return;
	if (range.hi != 0.0)
		fast = ca_dd_div(ca_dd_mul_double(ca_dd_sub(inputs[2], lowest), 100.0),
						 range);
	ca_window_update(&stochastic->slow, stochastic->ring, fast);
	if (ca_window_full(&stochastic->slow))
		ca_window_update(&stochastic->signal, signal_ring,
						 ca_window_mean(&stochastic->slow));
}

static bool
stochastic_values(const void *state, CaValues *values)
{
	const StochasticState *stochastic = state;

	if (!ca_window_full(&stochastic->signal))
		return false;
	values->value[0] = ca_dd_to_double(ca_window_mean(&stochastic->slow));
	values->value[1] = ca_dd_to_double(ca_window_mean(&stochastic->signal));
	return true;
}

static void
queue_transfer(ExtremeQueue *queue, Extreme *ring, int k, CaStream *stream)
{
	ca_stream_int(stream, &queue->first, 0, k - 1);
	ca_stream_int(stream, &queue->count, 0, k);
	for (int i = 0; i < queue->count; i++)
	{
		Extreme *extreme = &ring[(queue->first + i) % k];

		ca_stream_int64(stream, &extreme->bar, 0, INT64_MAX);
		ca_stream_dd(stream, &extreme->value);
	}
}

static void
stochastic_transfer(void *state, CaStream *stream)
{
	StochasticState *stochastic = state;
	CaDD *signal_ring = stochastic->ring + stochastic->slow.n;
	Extreme *extremes = (Extreme *) (signal_ring + stochastic->signal.n);

	ca_stream_int64(stream, &stochastic->bar, 0, INT64_MAX);
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
