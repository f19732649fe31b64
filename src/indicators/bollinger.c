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
 * First values at bar n - 1, counted from 0.  As long as all prices are fixed the
 * sums of prices and squares are exact integers, and so is the variance times
 * n squared.  Else deviations are taken from the first value of the series, to 32
 * digits, and their sums are exact, so prices of 1e9 that move by 0.01 have bands
 * as good as any.  Equal prices throughout the window have a deviation of exactly
 * 0.  16 bytes of state for each bar of the period.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "decimal.h"
#include "indicators/window.h"

typedef struct BollingerState
{
	double k;
	int equal; /* how many of the last deviations are the same */
	CaDD first;
	CaDD last;       /* deviation of the last value */
	CaWindow window; /* of the prices, or of deviations from the first */
	CaFixed fixed_squares;
	CaExactSum squares;
	CaCell ring[];
} BollingerState;

static size_t
bollinger_size(const CaParameters *parameters)
{
	return offsetof(BollingerState, ring) +
		   parameters->periods[0] * sizeof(CaCell);
}

static void
bollinger_init(void *state, const CaParameters *parameters)
{
	BollingerState *bands = state;

	bands->k = parameters->multiplier;
	bands->window.n = parameters->periods[0];
	/* squares need integers of 128 bits */
	bands->window.is_dd = sizeof(CaFixed) < 16;
}

/* the next deviation */
static void
bollinger_deviate(BollingerState *bands, CaDD d)
{
	const CaWindow *window = &bands->window;

	if (window->count > 0 && ca_dd_cmp(d, bands->last) == 0)
		bands->equal += bands->equal < window->n;
	else
		bands->equal = 1;
	bands->last = d;

	/* a square is rounded alike when it comes and when it goes */
	if (ca_window_full(window))
	{
		CaDD gone = bands->ring[window->next].dd;

		ca_exact_add_dd(&bands->squares, ca_dd_neg(ca_dd_mul(gone, gone)));
	}
	ca_exact_add_dd(&bands->squares, ca_dd_mul(d, d));
	ca_window_update_dd(&bands->window, bands->ring, d);
}

/* go over from prices to deviations, the oldest first */
static void
bollinger_turn(BollingerState *bands)
{
	CaWindow *window = &bands->window;
	int count = window->count;
	int oldest = ca_window_full(window) ? window->next : 0;

	window->is_dd = true;
	window->count = 0;
	window->fixed_sum = 0;
	bands->fixed_squares = 0;
	window->next = oldest;
	for (int i = 0; i < count; i++)
	{
		int64_t fixed = bands->ring[(oldest + i) % window->n].fixed;

		bollinger_deviate(bands,
						  ca_dd_sub(ca_dd_from_fixed(fixed), bands->first));
	}
}

static void
bollinger_update(void *state, const CaPrice *inputs)
{
	BollingerState *bands = state;
	CaWindow *window = &bands->window;

	if (window->count == 0)
		bands->first = ca_price_dd(&inputs[0]);
	if (!window->is_dd && !inputs[0].is_fixed)
		bollinger_turn(bands);

	if (window->is_dd)
		bollinger_deviate(bands,
						  ca_dd_sub(ca_price_dd(&inputs[0]), bands->first));
	else
	{
		CaFixed gone =
			ca_window_full(window) ? bands->ring[window->next].fixed : 0;
		CaFixed x = inputs[0].fixed;

		bands->fixed_squares += x * x - gone * gone;
		ca_window_update(window, bands->ring, &inputs[0]);
	}
}

/*
 * The values from the middle, half the distance of the bands, and the last price
 * less the middle, each times "scale".
 */
static void
bollinger_fill(CaValues *values, CaDD middle, CaDD width, CaDD above,
			   double scale)
{
	CaDD distance = ca_dd_mul_double(width, 2.0);

	values->value[0] =
		ca_dd_to_double(ca_dd_div_double(ca_dd_add(middle, width), scale));
	values->value[1] = ca_dd_to_double(ca_dd_div_double(middle, scale));
	values->value[2] =
		ca_dd_to_double(ca_dd_div_double(ca_dd_sub(middle, width), scale));

	values->undefined[3] = middle.hi == 0.0;
	if (!values->undefined[3])
		values->value[3] = ca_dd_ratio(distance, middle);

	values->undefined[4] = width.hi == 0.0;
	if (!values->undefined[4])
		values->value[4] = ca_dd_ratio(ca_dd_add(above, width), distance);
}

/* the values of a window of fixed prices; all of them are times n * 1e8 */
static void
bollinger_fixed_values(const BollingerState *bands, CaValues *values)
{
	const CaWindow *window = &bands->window;
	int last = (window->next == 0 ? window->n : window->next) - 1;
	int64_t sum = window->fixed_sum;
	int64_t above = window->n * bands->ring[last].fixed - sum;
	CaFixed variance = window->n * bands->fixed_squares - (CaFixed) sum * sum;
	CaDD width = ca_dd_sqrt(ca_dd_from_wide(variance));

	bollinger_fill(values, ca_dd_from_int64(sum),
				   ca_dd_mul_double(width, bands->k), ca_dd_from_int64(above),
				   window->n * CA_FIXED_ONE);
}

/* population standard deviation of a window of deviations */
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

	if (!ca_window_full(&bands->window))
		return false;
	if (!bands->window.is_dd)
	{
		bollinger_fixed_values(bands, values);
		return true;
	}

	mean = bands->equal == bands->window.n
			   ? bands->last
			   : ca_window_mean_dd(&bands->window, bands->ring);
	bollinger_fill(values, ca_dd_add(bands->first, mean),
				   ca_dd_mul_double(bollinger_deviation(bands, mean), bands->k),
				   ca_dd_sub(bands->last, mean), 1.0);
	return true;
}

static void
bollinger_transfer(void *state, CaStream *stream)
{
	BollingerState *bands = state;
	CaFixed squares = bands->fixed_squares;
	int64_t high =
		(int64_t) (squares / ((CaFixed) 1 << 31) / ((CaFixed) 1 << 31));
	int64_t low = (int64_t) (squares % ((CaFixed) 1 << 62));

	ca_stream_int(stream, &bands->equal, 0, bands->window.n);
	ca_stream_dd(stream, &bands->first);
	ca_stream_dd(stream, &bands->last);
	ca_window_transfer(&bands->window, bands->ring, stream);
	ca_stream_int64(stream, &high, 0, INT64_MAX >> 1);
	ca_stream_int64(stream, &low, 0, ((int64_t) 1 << 62) - 1);
	bands->fixed_squares = (CaFixed) high * ((CaFixed) 1 << 62) + low;
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
