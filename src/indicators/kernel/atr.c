/*-------------------------------------------------------------------------
 *
 * atr.c
 *		Average true range (Wilder, 1978): the Wilder-smoothed true range.
 *
 * The true range needs a previous close, so it starts at bar 1; the seed is
 * the mean of bars 1 ..  n and the first value is at bar n, counted from 0.
 * By the conventions of TradingView and pandas the true range of bar 0 is high
 * - low, and the first value is at bar n - 1 and at bar 0, respectively.  Flat
 * prices give 0.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/smoothing.h"
#include "indicators/kernel/true_range.h"

typedef struct AtrState
{
	bool skips_first;
	double unit; /* 0 before the first bar */
	CaPrice previous_close;
	CaSmoothing range;
} AtrState;

static size_t
atr_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(AtrState);
}

static void
atr_init(void *state, const CaParameters *parameters)
{
	AtrState *atr = state;

	atr->skips_first = parameters->convention == CA_TALIB;
	ca_wilder_init(&atr->range, parameters->periods[0], parameters->convention);
}

static void
atr_update(void *state, const CaPrice *inputs)
{
	AtrState *atr = state;

	if (atr->unit != 0.0)
		ca_smoothing_update(&atr->range,
							ca_true_range(&inputs[0], &inputs[1],
										  &atr->previous_close, atr->unit));
	else
	{
		atr->unit = ca_price_unit(&inputs[2]);
		if (!atr->skips_first)
			ca_smoothing_update(
				&atr->range,
				ca_price_difference(&inputs[0], &inputs[1], atr->unit));
	}
	atr->previous_close = inputs[2];
}

static bool
atr_values(const void *state, CaValues *values)
{
	const AtrState *atr = state;

	if (!ca_smoothing_warm(&atr->range))
		return false;
	values->value[0] = ca_price_out(atr->range.value, atr->unit);
	return true;
}

/* places in a block, of the column and of its average */
enum
{
	ATR_RANGE
};

static bool
atr_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const AtrState *atr = state;

	if (atr->unit != CA_E8_ONE || !atr->previous_close.is_e8)
		return false;
	block->columns->true_range(&part->column[ATR_RANGE], block->high,
							   block->low, block->close.hi,
							   (double) atr->previous_close.e8, block->n);
	return true;
}

static bool
atr_smooth(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const AtrState *atr = state;

	return ca_bar_block_smooth(block, &atr->range, &part->column[ATR_RANGE],
							   &part->average[ATR_RANGE]);
}

static void
atr_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	AtrState *atr = state;
	const CaDDColumn *average = part->average[ATR_RANGE];

	block->columns->out(part->value[0], average, block->n);
	part->complete = true;
	atr->range.value = ca_column_last(average, block->n);
	atr->previous_close = block->bars[block->n - 1].close;
}

static const CaBlockSteps atr_block = {atr_begin, atr_smooth, atr_finish};

static void
atr_transfer(void *state, CaStateStream *stream)
{
	AtrState *atr = state;

	ca_state_stream_unit(stream, &atr->unit);
	ca_state_stream_price(stream, &atr->previous_close);
	ca_smoothing_transfer(&atr->range, stream);
}

const CaIndicator ca_atr = {
	.name = "atr",
	.ninputs = 3,
	.input_names = {"high", "low", "close"},
	.nperiods = 1,
	.period_names = {"period"},
	.has_convention = true,
	.defaults = {.periods = {14}},
	.nvalues = 1,
	.size = atr_size,
	.init = atr_init,
	.update = atr_update,
	.values = atr_values,
	.block = &atr_block,
	.transfer = atr_transfer,
};
