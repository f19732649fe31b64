/*-------------------------------------------------------------------------
 *
 * ema.c
 *		Exponential moving average with alpha = 2 / (n + 1), seeded with the
 *		simple mean of the first n values.
 *
 * First value at bar n - 1, counted from 0; by pandas' convention at bar 0, with
 * the first value as the seed.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "indicators/smoothing.h"

static size_t
ema_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(CaSmoothing);
}

static void
ema_init(void *state, const CaParameters *parameters)
{
	ca_ema_init(state, parameters->periods[0], parameters->convention);
}

static void
ema_update(void *state, const CaDD *inputs)
{
	ca_smoothing_update(state, inputs[0]);
}

static bool
ema_values(const void *state, CaValues *values)
{
	const CaSmoothing *ema = state;

	values->value[0] = ca_dd_to_double(ema->value);
	return ca_smoothing_warm(ema);
}

static void
ema_transfer(void *state, CaStream *stream)
{
	ca_smoothing_transfer(state, stream);
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
	.transfer = ema_transfer,
};
