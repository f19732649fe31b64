/*-------------------------------------------------------------------------
 *
 * adx.c
 *		Average directional index with +DI and -DI (Wilder, 1978).
 *
 *		up = high - previous high, down = previous low - low
 *		+DM = up where it is the larger and above 0, else 0; -DM likewise of
 *		down; both are 0 when up and down are equal
 *		sums of +DM, -DM and true range: s(n-1) = x(1) + .. + x(n-1), and then
 *		s(t) = s(t-1) - s(t-1) / n + x(t)
 *		+DI = 100 * sum(+DM) / sum(TR), -DI likewise; 0 when sum(TR) is 0
 *		DX  = 100 * |+DI - -DI| / (+DI + -DI)
 *		ADX = mean of the first n DX, then Wilder smoothing
 *
 * +DI and -DI begin at bar n, counted from 0, ADX at bar 2n - 1.  A bar without
 * range or direction has no DX: it counts 0 in the seed, as in TA-Lib, and
 * leaves a warm ADX as it is.  Until ADX is warm it is NULL beside the DIs.
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "indicators/true_range.h"

typedef struct AdxState
{
	int n;
	int bars; /* seen, at most 2n */
	CaDD high;
	CaDD low;
	CaDD close;
	CaDD plus;
	CaDD minus;
	CaDD range;
	CaDD adx; /* until it is warm: sum of the DX */
} AdxState;

static size_t
adx_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(AdxState);
}

static void
adx_init(void *state, const CaParameters *parameters)
{
	((AdxState *) state)->n = parameters->periods[0];
}

/* the t-th value of a Wilder sum, t counted from 1 */
static CaDD
wilder_sum(CaDD sum, CaDD x, int t, int n)
{
	if (t >= n)
		sum = ca_dd_sub(sum, ca_dd_div(sum, ca_dd(n)));
	return ca_dd_add(sum, x);
}

/* DX of the sums as they are; false when there is none */
static bool
adx_dx(const AdxState *adx, CaDD *dx)
{
	CaDD sum = ca_dd_add(adx->plus, adx->minus);

	/* the true range cancels out of it */
	if (adx->range.hi == 0.0 || sum.hi == 0.0)
		return false;
	*dx = ca_dd_div(ca_dd_abs(ca_dd_sub(adx->plus, adx->minus)), sum);
	*dx = ca_dd_mul_double(*dx, 100.0);
	return true;
}

static void
adx_update(void *state, const CaDD *inputs)
{
	AdxState *adx = state;
	CaDD zero = {0.0, 0.0};
	int t = adx->bars;
	CaDD dx;

	if (t > 0)
	{
		CaDD up = ca_dd_sub(inputs[0], adx->high);
		CaDD down = ca_dd_sub(adx->low, inputs[1]);
		int larger = ca_dd_cmp(up, down);
		bool rise = larger > 0 && ca_dd_cmp(up, zero) > 0;
		bool fall = larger < 0 && ca_dd_cmp(down, zero) > 0;

		adx->plus = wilder_sum(adx->plus, rise ? up : zero, t, adx->n);
		adx->minus = wilder_sum(adx->minus, fall ? down : zero, t, adx->n);
		adx->range = wilder_sum(adx->range,
								ca_true_range(inputs[0], inputs[1], adx->close),
								t, adx->n);

		if (t >= adx->n && adx_dx(adx, &dx))
		{
			if (t < 2 * adx->n)
				adx->adx = ca_dd_add(adx->adx, dx);
			else
				adx->adx =
					ca_dd_add(adx->adx, ca_dd_div(ca_dd_sub(dx, adx->adx),
												  ca_dd(adx->n)));
		}
		if (t == 2 * adx->n - 1)
			adx->adx = ca_dd_div(adx->adx, ca_dd(adx->n));
	}

	adx->high = inputs[0];
	adx->low = inputs[1];
	adx->close = inputs[2];
	adx->bars += t < 2 * adx->n;
}

static double
directional_indicator(CaDD movement, CaDD range)
{
	if (range.hi == 0.0)
		return 0.0;
	return ca_dd_to_double(ca_dd_div(ca_dd_mul_double(movement, 100.0), range));
}

static bool
adx_values(const void *state, CaValues *values)
{
	const AdxState *adx = state;

	values->value[0] = ca_dd_to_double(adx->adx);
	values->undefined[0] = adx->bars < 2 * adx->n;
	values->value[1] = directional_indicator(adx->plus, adx->range);
	values->value[2] = directional_indicator(adx->minus, adx->range);
	return adx->bars > adx->n;
}

const CaIndicator ca_adx = {
	.name = "adx",
	.ninputs = 3,
	.input_names = {"high", "low", "close"},
	.nperiods = 1,
	.period_names = {"period"},
	.defaults = {.periods = {14}},
	.nvalues = 3,
	.size = adx_size,
	.init = adx_init,
	.update = adx_update,
	.values = adx_values,
};
