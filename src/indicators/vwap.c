/*-------------------------------------------------------------------------
 *
 * vwap.c
 *		Volume-weighted average price: sum(price * volume) / sum(volume).
 *
 * The sums are exact, so the result does not depend on the order of rows.  Rows
 * whose price and volume are fixed are summed as integers, others, and integers
 * that would overflow, as double-doubles.  NULL while nothing was traded.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "decimal.h"
#include "exactsum.h"

typedef struct VwapState
{
	CaFixed fixed_notional; /* in units of 1e-16 */
	CaFixed fixed_volume;   /* in units of 1e-8 */
	CaExactSum notional;    /* of the other rows */
	CaExactSum volume;
} VwapState;

static size_t
vwap_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(VwapState);
}

static CaDD
dd_from_units(CaFixed value, double unit)
{
	return ca_dd_div_double(ca_dd_from_wide(value), unit);
}

/* one row of fixed numbers; false when an integer would overflow */
static bool
vwap_update_fixed(VwapState *vwap, int64_t price, int64_t volume)
{
	const CaFixed limit = (CaFixed) 1 << (8 * sizeof(CaFixed) - 2);
	CaFixed notional;
	CaFixed total;

	if (__builtin_mul_overflow((CaFixed) price, volume, &notional) ||
		__builtin_add_overflow(vwap->fixed_notional, notional, &notional) ||
		__builtin_add_overflow(vwap->fixed_volume, volume, &total) ||
		notional >= limit || notional <= -limit)
		return false;
	vwap->fixed_notional = notional;
	vwap->fixed_volume = total;
	return true;
}

static void
vwap_update(void *state, const CaPrice *inputs)
{
	VwapState *vwap = state;
	CaDD volume;

	if (inputs[0].is_fixed && inputs[1].is_fixed &&
		vwap_update_fixed(vwap, inputs[0].fixed, inputs[1].fixed))
		return;
	volume = ca_price_dd(&inputs[1]);
	ca_exact_add_dd(&vwap->notional,
					ca_dd_mul(ca_price_dd(&inputs[0]), volume));
	ca_exact_add_dd(&vwap->volume, volume);
}

static bool
vwap_values(const void *state, CaValues *values)
{
	const VwapState *vwap = state;
	const double unit = CA_FIXED_ONE;
	CaDD notional = ca_dd_from_wide(vwap->fixed_notional);
	CaDD volume = ca_dd_from_wide(vwap->fixed_volume);

	/* both in units of 1e-16, or else of 1 */
	if (vwap->notional.npartials == 0 && vwap->volume.npartials == 0)
		volume = ca_dd_mul_double(volume, unit);
	else
	{
		notional = ca_dd_add(dd_from_units(vwap->fixed_notional, unit * unit),
							 ca_exact_value(&vwap->notional));
		volume = ca_dd_add(dd_from_units(vwap->fixed_volume, unit),
						   ca_exact_value(&vwap->volume));
	}
	if (volume.hi == 0.0)
		return false;
	values->value[0] = ca_dd_ratio(notional, volume);
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
