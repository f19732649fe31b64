/*-------------------------------------------------------------------------
 *
 * vwap.c
 *		Volume-weighted average price: sum(price * volume) / sum(volume).
 *
 * The sums are exact, so the result does not depend on the order of rows.  NULL
 * while nothing was traded.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "exactsum.h"

typedef struct VwapState
{
	CaExactSum notional;
	CaExactSum volume;
} VwapState;

static size_t
vwap_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(VwapState);
}

static void
vwap_update(void *state, const CaDD *inputs)
{
	VwapState *vwap = state;

	ca_exact_add_dd(&vwap->notional, ca_dd_mul(inputs[0], inputs[1]));
	ca_exact_add_dd(&vwap->volume, inputs[1]);
}

static bool
vwap_values(const void *state, CaValues *values)
{
	const VwapState *vwap = state;
	CaDD volume = ca_exact_value(&vwap->volume);

	if (volume.hi == 0.0)
		return false;
	values->value[0] =
		ca_dd_to_double(ca_dd_div(ca_exact_value(&vwap->notional), volume));
	return true;
}

const CaIndicator ca_vwap = {
	.name = "vwap",
	.ninputs = 2,
	.input_names = {"price", "volume"},
	.volume_input = 2,
	.nvalues = 1,
	.size = vwap_size,
	.update = vwap_update,
	.values = vwap_values,
};
