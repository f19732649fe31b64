/*-------------------------------------------------------------------------
 *
 * rsi.c
 *		Relative strength index (Wilder, "New Concepts in Technical Trading
 *		Systems", 1978): 100 * gain / (gain + loss), where gain and loss are
 *		the Wilder-smoothed rises and falls from bar to bar.
 *
 * The first value is at bar n, counted from 0; by pandas' convention at bar 1.
 * A series that has neither risen nor fallen has no direction; its RSI is 50
 * (TA-Lib itself gives 0), by TradingView's convention 100, and by pandas',
 * where it is 0 / 0, NULL.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/formulas.h"
#include "indicators/kernel/smoothing.h"

#define RSI_FLAT 50.0

typedef struct RsiState
{
	CaConvention convention;
	double unit; /* 0 before the first price */
	CaPrice previous;
	CaSmoothing gain;
	CaSmoothing loss;
} RsiState;

static size_t
rsi_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(RsiState);
}

static void
rsi_init(void *state, const CaParameters *parameters)
{
	RsiState *rsi = state;

	rsi->convention = parameters->convention;
	ca_wilder_init(&rsi->gain, parameters->periods[0], rsi->convention);
	ca_wilder_init(&rsi->loss, parameters->periods[0], rsi->convention);
}

static void
rsi_update(void *state, const CaPrice *inputs)
{
	RsiState *rsi = state;
	CaDD zero = {0.0, 0.0};

	if (rsi->unit == 0.0)
		rsi->unit = ca_price_unit(&inputs[0]);
	else
	{
		CaDD change =
			ca_price_difference(&inputs[0], &rsi->previous, rsi->unit);
		bool rise = change.hi > 0.0;

		ca_smoothing_update(&rsi->gain, rise ? change : zero);
		ca_smoothing_update(&rsi->loss, rise ? zero : ca_dd_neg(change));
	}
	rsi->previous = inputs[0];
}

/* RSI of a series that has neither risen nor fallen; false where it is NULL */
static bool
rsi_flat(const RsiState *rsi, double *value)
{
	*value = rsi->convention == CA_TRADINGVIEW ? 100.0 : RSI_FLAT;
	return rsi->convention != CA_PANDAS;
}

static bool
rsi_values(const void *state, CaValues *values)
{
	const RsiState *rsi = state;
	double gain;
	double loss;

	if (!ca_smoothing_warm(&rsi->gain))
		return false;
	gain = ca_price_out(rsi->gain.value, rsi->unit);
	loss = ca_price_out(rsi->loss.value, rsi->unit);
	if (gain + loss == 0.0)
		return rsi_flat(rsi, &values->value[0]);
	values->value[0] = ca_rsi_of(gain, loss);
	return true;
}

/* places in a block, of columns and of their averages */
enum
{
	RSI_GAIN,
	RSI_LOSS
};

static bool
rsi_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const RsiState *rsi = state;

	if (rsi->unit != CA_E8_ONE || !rsi->previous.is_e8)
		return false;
	block->columns->changes(&part->column[RSI_GAIN], &part->column[RSI_LOSS],
							block->close.hi, (double) rsi->previous.e8,
							block->n);
	return true;
}

static bool
rsi_smooth(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const RsiState *rsi = state;

	return ca_bar_block_smooth(block, &rsi->gain, &part->column[RSI_GAIN],
							   &part->average[RSI_GAIN]) &&
		   ca_bar_block_smooth(block, &rsi->loss, &part->column[RSI_LOSS],
							   &part->average[RSI_LOSS]);
}

static void
rsi_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	RsiState *rsi = state;
	const CaDDColumn *gain = part->average[RSI_GAIN];
	const CaDDColumn *loss = part->average[RSI_LOSS];
	double *value = part->value[0];

	/* NaN where the series has neither risen nor fallen */
	block->columns->rsi(value, gain, loss, block->n);
	part->complete = true;
	for (int t = 0; t < block->n; t++)
		part->complete &= !isnan(value[t]);
	for (int t = 0; !part->complete && t < block->n; t++)
		part->missing[0][t] = isnan(value[t]) && !rsi_flat(rsi, &value[t]);

	rsi->gain.value = ca_column_last(gain, block->n);
	rsi->loss.value = ca_column_last(loss, block->n);
	rsi->previous = block->bars[block->n - 1].close;
}

static const CaBlockSteps rsi_block = {rsi_begin, rsi_smooth, rsi_finish};

static void
rsi_transfer(void *state, CaStateStream *stream)
{
	RsiState *rsi = state;

	ca_state_stream_unit(stream, &rsi->unit);
	ca_state_stream_price(stream, &rsi->previous);
	ca_smoothing_transfer(&rsi->gain, stream);
	ca_smoothing_transfer(&rsi->loss, stream);
}

const CaIndicator ca_rsi = {
	.name = "rsi",
	.ninputs = 1,
	.input_names = {"input"},
	.nperiods = 1,
	.nvalues = 1,
	.period_names = {"period"},
	.has_convention = true,
	.defaults = {.periods = {14}},
	.size = rsi_size,
	.init = rsi_init,
	.update = rsi_update,
	.values = rsi_values,
	.block = &rsi_block,
	.transfer = rsi_transfer,
};
