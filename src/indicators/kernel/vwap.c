/*-------------------------------------------------------------------------
 *
 * vwap.c
 *		Volume-weighted average price: sum(price * volume) / sum(volume).
 *
 * The sums are exact, so the result does not depend on the order of rows.
 * Rows whose price and volume are e8 are summed as integers; other rows, and
 * sums that would overflow, as double-doubles.  NULL while nothing has been
 * traded.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "number/decimal.h"
#include "number/exactsum.h"

typedef struct VwapState
{
	CaInt128 e16_notional; /* in units of 1e-16 */
	CaInt128 e8_volume;    /* in units of 1e-8 */
	CaExactSum notional;   /* of the other rows */
	CaExactSum volume;
} VwapState;

static size_t
vwap_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(VwapState);
}

static CaDD
dd_from_units(CaInt128 value, double unit)
{
	return ca_dd_div_double(ca_dd_from_wide(value), unit);
}

/* one row of e8 numbers; false when an integer would overflow */
static bool
vwap_update_e8(VwapState *vwap, int64_t price, int64_t volume)
{
	const CaInt128 limit = (CaInt128) 1 << (8 * sizeof(CaInt128) - 2);
	CaInt128 notional;
	CaInt128 total;

	if (__builtin_mul_overflow((CaInt128) price, volume, &notional) ||
		__builtin_add_overflow(vwap->e16_notional, notional, &notional) ||
		__builtin_add_overflow(vwap->e8_volume, volume, &total) ||
		notional >= limit || notional <= -limit)
		return false;
	vwap->e16_notional = notional;
	vwap->e8_volume = total;
	return true;
}

static void
vwap_update(void *state, const CaPrice *inputs)
{
	VwapState *vwap = state;
	CaDD volume;

	if (inputs[0].is_e8 && inputs[1].is_e8 &&
		vwap_update_e8(vwap, inputs[0].e8, inputs[1].e8))
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
	const double unit = CA_E8_ONE;
	CaDD notional = ca_dd_from_wide(vwap->e16_notional);
	CaDD volume = ca_dd_from_wide(vwap->e8_volume);

	/* both in units of 1e-16, or else of 1 */
	if (vwap->notional.npartials == 0 && vwap->volume.npartials == 0)
		volume = ca_dd_mul_double(volume, unit);
	else
	{
		notional = ca_dd_add(dd_from_units(vwap->e16_notional, unit * unit),
							 ca_exact_value(&vwap->notional));
		volume = ca_dd_add(dd_from_units(vwap->e8_volume, unit),
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
