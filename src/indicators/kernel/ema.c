/*-------------------------------------------------------------------------
 *
 * ema.c
 *		Exponential moving average with alpha = 2 / (n + 1), seeded with the
 *		simple mean of the first n values.
 *
 * The first value is at bar n - 1, counted from 0; by pandas' convention at
 * bar 0, with the first input as the seed.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/smoothing.h"

typedef struct EmaState
{
	double unit;
	CaSmoothing smoothing;
} EmaState;

static size_t
ema_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(EmaState);
}

static void
ema_init(void *state, const CaParameters *parameters)
{
	ca_ema_init(&((EmaState *) state)->smoothing, parameters->periods[0],
				parameters->convention);
}

static void
ema_update(void *state, const CaPrice *inputs)
{
	EmaState *ema = state;

	if (ema->unit == 0.0)
		ema->unit = ca_price_unit(&inputs[0]);
	ca_smoothing_update(&ema->smoothing, ca_price_in(&inputs[0], ema->unit));
}

static bool
ema_values(const void *state, CaValues *values)
{
	const EmaState *ema = state;

	if (!ca_smoothing_warm(&ema->smoothing))
		return false;
	values->value[0] = ca_price_out(ema->smoothing.value, ema->unit);
	return true;
}

/* places in a block */
enum
{
	EMA_AVERAGE
};

static bool
ema_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const EmaState *ema = state;

	(void) block;
	(void) part;
	return ema->unit == CA_E8_ONE;
}

static bool
ema_smooth(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const EmaState *ema = state;

	return ca_bar_block_smooth(block, &ema->smoothing, &block->close,
							   &part->average[EMA_AVERAGE]);
}

static void
ema_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	EmaState *ema = state;
	const CaDDColumn *average = part->average[EMA_AVERAGE];

	block->columns->out(part->value[0], average, block->n);
	part->complete = true;
	ema->smoothing.value = ca_column_last(average, block->n);
}

static const CaBlockSteps ema_block = {ema_begin, ema_smooth, ema_finish};

static void
ema_transfer(void *state, CaStateStream *stream)
{
	EmaState *ema = state;

	ca_state_stream_unit(stream, &ema->unit);
	ca_smoothing_transfer(&ema->smoothing, stream);
}

const CaIndicator ca_ema = {
	.name = "ema",
	.ninputs = 1,
	.input_names = {"input"},
	.nperiods = 1,
	.nvalues = 1,
	.period_names = {"period"},
	.has_convention = true,
	.size = ema_size,
	.init = ema_init,
	.update = ema_update,
	.values = ema_values,
	.block = &ema_block,
	.transfer = ema_transfer,
};
