/*-------------------------------------------------------------------------
 *
 * obv.c
 *		On-balance volume (Granville, 1963): the running sum of volumes, each
 *		with the sign of the close's change.
 *
 * It starts with the volume of the first bar, as in TA-Lib; an unchanged close
 * adds nothing.  The sum is exact.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "number/exactsum.h"

typedef struct ObvState
{
	bool has_previous;
	CaPrice previous_close;
	CaExactSum sum;
} ObvState;

static size_t
obv_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(ObvState);
}

static void
obv_update(void *state, const CaPrice *inputs)
{
	ObvState *obv = state;
	CaDD volume = ca_price_dd(&inputs[1]);
	int change =
		obv->has_previous ? ca_price_cmp(&inputs[0], &obv->previous_close) : 1;

	if (change > 0)
		ca_exact_add_dd(&obv->sum, volume);
	else if (change < 0)
		ca_exact_add_dd(&obv->sum, ca_dd_neg(volume));
	obv->previous_close = inputs[0];
	obv->has_previous = true;
}

static bool
obv_values(const void *state, CaValues *values)
{
	const ObvState *obv = state;

	values->value[0] = ca_exact_round(&obv->sum);
	return obv->has_previous;
}

const CaIndicator ca_obv = {
	.name = "obv",
	.ninputs = 2,
	.input_names = {"close", "volume"},
	.volume_input = 2,
	.nvalues = 1,
	.size = obv_size,
	.update = obv_update,
	.values = obv_values,
};
