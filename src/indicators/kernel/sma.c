/*-------------------------------------------------------------------------
 *
 * sma.c
 *		Simple moving average: the mean of the last n values.
 *
 * The first value is at bar n - 1, counted from 0.  The state has 16 bytes for
 * each bar of the period.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/window.h"

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

static bool
sma_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const SmaState *sma = state;

	(void) block;
	(void) part;
	return ca_window_full(&sma->window) && !sma->window.is_dd;
}

static void
sma_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	SmaState *sma = state;
	CaWindow *window = &sma->window;
	int64_t sums[CA_BLOCK_BARS];
	int64_t gone[CA_BLOCK_BARS];
	double *value = part->value[0];
	bool is_double = true;

	ca_window_run(window, sma->ring, block->e8_close, sums, gone, block->n);
	for (int t = 0; t < block->n; t++)
	{
		value[t] = (double) sums[t];
		is_double &= ca_window_sum_is_double(sums[t]);
	}
	block->columns->divide(value, value, ca_window_divisor(window), block->n);
	for (int t = 0; !is_double && t < block->n; t++)
		value[t] = ca_window_mean_of(window, sums[t]);
	part->complete = true;
}

static const CaBlockSteps sma_block = {sma_begin, NULL, sma_finish};

static void
sma_transfer(void *state, CaStateStream *stream)
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
	.block = &sma_block,
	.transfer = sma_transfer,
};
