/*-------------------------------------------------------------------------
 *
 * sma.c
 *		Simple moving average: the mean of the last n values.
 *
 * First value at bar n - 1, counted from 0.  16 bytes of state for each bar of
 * the period.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "indicators/window.h"

typedef struct SmaState
{
	CaWindow window;
	CaCell ring[];
} SmaState;

static size_t
sma_size(const CaParameters *parameters)
{
	return offsetof(SmaState, ring) + parameters->periods[0] * sizeof(CaCell);
}

static void
sma_init(void *state, const CaParameters *parameters)
{
	((SmaState *) state)->window.n = parameters->periods[0];
}

static void
sma_update(void *state, const CaPrice *inputs)
{
	SmaState *sma = state;

	ca_window_update(&sma->window, sma->ring, &inputs[0]);
}

static bool
sma_values(const void *state, CaValues *values)
{
	const SmaState *sma = state;

	if (!ca_window_full(&sma->window))
		return false;
	values->value[0] = ca_window_mean(&sma->window, sma->ring);
	return true;
}

static void
sma_transfer(void *state, CaStream *stream)
{
	SmaState *sma = state;

	ca_window_transfer(&sma->window, sma->ring, stream);
}

const CaIndicator ca_sma = {
	.name = "sma",
	.ninputs = 1,
	.input_names = {"input"},
	.nperiods = 1,
	.period_names = {"period"},
	.nvalues = 1,
	.size = sma_size,
	.init = sma_init,
	.update = sma_update,
	.values = sma_values,
	.transfer = sma_transfer,
};
