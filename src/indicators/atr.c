/*-------------------------------------------------------------------------
 *
 * atr.c
 *		Average true range (Wilder, 1978): the Wilder-smoothed true range.
 *
 * The true range needs a previous close, so it begins at bar 1; the seed is the
 * mean of bars 1 .. n and the first value is at bar n, counted from 0.  By the
 * conventions of TradingView and pandas the true range of bar 0 is high - low,
 * and the first value is at bar n - 1 and at bar 0.  Flat prices give 0.
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "indicators/smoothing.h"
#include "indicators/true_range.h"

typedef struct AtrState
{
	bool skips_first;
	bool has_previous;
	CaDD previous_close;
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
atr_update(void *state, const CaDD *inputs)
{
	AtrState *atr = state;

	if (atr->has_previous)
		ca_smoothing_update(&atr->range, ca_true_range(inputs[0], inputs[1],
													   atr->previous_close));
	else if (!atr->skips_first)
		ca_smoothing_update(&atr->range, ca_dd_sub(inputs[0], inputs[1]));
	atr->previous_close = inputs[2];
	atr->has_previous = true;
}

static bool
atr_values(const void *state, CaValues *values)
{
	const AtrState *atr = state;

	values->value[0] = ca_dd_to_double(atr->range.value);
	return ca_smoothing_warm(&atr->range);
}

static void
atr_transfer(void *state, CaStream *stream)
{
	AtrState *atr = state;

	ca_stream_bool(stream, &atr->has_previous);
	ca_stream_dd(stream, &atr->previous_close);
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
	.transfer = atr_transfer,
};
