/*-------------------------------------------------------------------------
 *
 * bollinger.c
 *		Bollinger bands: a simple moving average, and bands of k population
 *		standard deviations around it.
 *
 *		middle    = SMA(n)
 *		upper     = middle + k * sd
 *		lower     = middle - k * sd
 *		bandwidth = (upper - lower) / middle, NULL when middle is 0
 *		percent_b = (x - lower) / (upper - lower), NULL when the bands meet
 *
 * First values at bar n - 1, counted from 0.  Deviations are taken from the
 * first value of the series, to 32 digits, and their sums are exact, so prices
 * of 1e9 that move by 0.01 have bands as good as any.  Equal prices throughout
 * the window have a deviation of exactly 0.  16 bytes of state for each bar of
 * the period.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "indicators/window.h"

typedef struct BollingerState
{
	double k;
	int equal; /* how many of the last values are the same */
	CaDD first;
	CaDD last;          /* deviation of the last value */
	CaWindow window;    /* of the deviations from the first value */
	CaExactSum squares; /* of the deviations in the window */
	CaDD ring[];
} BollingerState;

static size_t
bollinger_size(const CaParameters *parameters)
{
	return offsetof(BollingerState, ring) +
		   parameters->periods[0] * sizeof(CaDD);
}

static void
bollinger_init(void *state, const CaParameters *parameters)
{
	BollingerState *bands = state;

	bands->k = parameters->multiplier;
	bands->window.n = parameters->periods[0];
}

static void
bollinger_update(void *state, const CaDD *inputs)
{
	BollingerState *bands = state;
	const CaWindow *window = &bands->window;
	CaDD d;

	if (window->count == 0)
		bands->first = inputs[0];
	d = ca_dd_sub(inputs[0], bands->first);

	if (window->count > 0 && ca_dd_cmp(d, bands->last) == 0)
		bands->equal += bands->equal < window->n;
	else
		bands->equal = 1;
	bands->last = d;

	/* a square is rounded alike when it comes and when it goes */
	if (ca_window_full(window))
	{
		CaDD gone = bands->ring[window->next];

		ca_exact_add_dd(&bands->squares, ca_dd_neg(ca_dd_mul(gone, gone)));
	}
	ca_exact_add_dd(&bands->squares, ca_dd_mul(d, d));
	ca_window_update(&bands->window, bands->ring, d);
}

/* population standard deviation of the window */
static CaDD
bollinger_deviation(const BollingerState *bands, CaDD mean)
{
	CaDD variance;

	if (bands->equal == bands->window.n)
		return ca_dd(0.0);
	variance = ca_dd_sub(
		ca_dd_div(ca_exact_value(&bands->squares), ca_dd(bands->window.n)),
		ca_dd_mul(mean, mean));
	return variance.hi > 0.0 ? ca_dd_sqrt(variance) : ca_dd(0.0);
}

static bool
bollinger_values(const void *state, CaValues *values)
{
	const BollingerState *bands = state;
	CaDD mean;
	CaDD middle;
	CaDD width; /* half of it */

	if (!ca_window_full(&bands->window))
		return false;

	mean = bands->equal == bands->window.n ? bands->last
										   : ca_window_mean(&bands->window);
	middle = ca_dd_add(bands->first, mean);
	width = ca_dd_mul_double(bollinger_deviation(bands, mean), bands->k);
	values->value[0] = ca_dd_to_double(ca_dd_add(middle, width));
	values->value[1] = ca_dd_to_double(middle);
	values->value[2] = ca_dd_to_double(ca_dd_sub(middle, width));

	values->undefined[3] = middle.hi == 0.0;
	if (!values->undefined[3])
		values->value[3] =
			ca_dd_to_double(ca_dd_div(ca_dd_mul_double(width, 2.0), middle));

	values->undefined[4] = width.hi == 0.0;
	if (!values->undefined[4])
	{
		CaDD above = ca_dd_add(ca_dd_sub(bands->last, mean), width);

		values->value[4] =
			ca_dd_to_double(ca_dd_div(above, ca_dd_mul_double(width, 2.0)));
	}
	return true;
}

static void
bollinger_transfer(void *state, CaStream *stream)
{
	BollingerState *bands = state;

	ca_stream_int(stream, &bands->equal, 0, bands->window.n);
	ca_stream_dd(stream, &bands->first);
	ca_stream_dd(stream, &bands->last);
	ca_window_transfer(&bands->window, bands->ring, stream);
	ca_stream_sum(stream, &bands->squares);
}

const CaIndicator ca_bollinger = {
	.name = "bollinger",
	.ninputs = 1,
	.input_names = {"input"},
	.nperiods = 1,
	.period_names = {"period"},
	.has_multiplier = true,
	.defaults = {.periods = {20}, .multiplier = 2.0},
	.nvalues = 5,
	.size = bollinger_size,
	.init = bollinger_init,
	.update = bollinger_update,
	.values = bollinger_values,
	.transfer = bollinger_transfer,
};
