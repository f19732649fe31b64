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
 * The first values are at bar n - 1, counted from 0.  As long as all prices
 * are e8 the sums of prices and squares are exact integers, and so is the
 * variance times n squared.  Otherwise deviations from the first value of the
 * series are taken, to 32 digits, and their sums are exact, so bands are as
 * accurate at prices of 1e9 that move by 0.01.  Equal prices throughout the
 * window have a deviation of exactly 0.  The state has 16 bytes for each bar
 * of the period.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include <string.h>

#include "number/decimal.h"
#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/formulas.h"
#include "indicators/kernel/window.h"

typedef struct BollingerState
{
	double k;
	int equal; /* how many of the last deviations are equal */
	CaDD first;
	CaDD last;       /* deviation of the last value */
	CaWindow window; /* of the prices, or of deviations from the first */
	CaInt128 e16_squares;
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
	bands->window.is_dd = sizeof(CaInt128) < 16;
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

	/*
	 * a square is rounded in the same way when it is added and when it is
	 * removed
	 */
	if (ca_window_full(window))
	{
		CaDD gone = bands->ring[window->next].dd;

		ca_exact_add_dd(&bands->squares, ca_dd_neg(ca_dd_mul(gone, gone)));
	}
	ca_exact_add_dd(&bands->squares, ca_dd_mul(d, d));
	ca_window_update_dd(&bands->window, bands->ring, d);
}

/* switch from prices to deviations, the oldest first */
static void
bollinger_turn(BollingerState *bands)
{
	CaWindow *window = &bands->window;
	int count = window->count;
	int oldest = ca_window_full(window) ? window->next : 0;

	window->is_dd = true;
	window->count = 0;
	window->e8_sum = 0;
	bands->e16_squares = 0;
	window->next = oldest;
	for (int i = 0; i < count; i++)
	{
		int64_t e8 = bands->ring[(oldest + i) % window->n].e8;

		bollinger_deviate(bands, ca_dd_sub(ca_dd_from_e8(e8), bands->first));
	}
}

static void
bollinger_update(void *state, const CaPrice *inputs)
{
	BollingerState *bands = state;
	CaWindow *window = &bands->window;

	if (window->count == 0)
		bands->first = ca_price_dd(&inputs[0]);
	if (!window->is_dd && !inputs[0].is_e8)
		bollinger_turn(bands);

	if (window->is_dd)
		bollinger_deviate(bands,
						  ca_dd_sub(ca_price_dd(&inputs[0]), bands->first));
	else
	{
		CaInt128 gone =
			ca_window_full(window) ? bands->ring[window->next].e8 : 0;
		CaInt128 x = inputs[0].e8;

		bands->e16_squares += x * x - gone * gone;
		ca_window_update(window, bands->ring, &inputs[0]);
	}
}

/* the values from what ca_bands() takes */
static void
bollinger_fill(CaValues *values, CaDD middle, CaDD width, CaDD above,
			   double scale)
{
	CaBands bands = ca_bands(middle, width, above, scale);

	values->value[CA_BOLLINGER_UPPER] = bands.upper;
	values->value[CA_BOLLINGER_MIDDLE] = bands.middle;
	values->value[CA_BOLLINGER_LOWER] = bands.lower;
	values->value[CA_BOLLINGER_BANDWIDTH] = bands.bandwidth;
	values->undefined[CA_BOLLINGER_BANDWIDTH] = middle.hi == 0.0;
	values->value[CA_BOLLINGER_PERCENT_B] = bands.percent_b;
	values->undefined[CA_BOLLINGER_PERCENT_B] = width.hi == 0.0;
}

/* sums of a window of e8 prices, in units of 1e-8 / n, or of its square */
typedef struct BollingerSums
{
	CaDD middle;
	CaDD variance;
	CaDD above; /* the last price minus the middle */
} BollingerSums;

static inline BollingerSums
bollinger_sums(int n, int64_t sum, CaInt128 squares, int64_t last)
{
	BollingerSums sums = {
		ca_dd_from_int64(sum),
		ca_dd_from_wide(n * squares - (CaInt128) sum * sum),
		/* each is an int64, but not their difference */
		ca_dd_from_wide((CaInt128) n * last - sum),
	};

	return sums;
}

static void
bollinger_e8_values(const BollingerState *bands, CaValues *values)
{
	const CaWindow *window = &bands->window;
	int last = (window->next == 0 ? window->n : window->next) - 1;
	BollingerSums sums = bollinger_sums(
		window->n, window->e8_sum, bands->e16_squares, bands->ring[last].e8);

	bollinger_fill(values, sums.middle,
				   ca_dd_mul_double(ca_dd_sqrt(sums.variance), bands->k),
				   sums.above, ca_window_divisor(window));
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
	/* NaN where a square was beyond double precision: the caller reports it */
	return variance.hi <= 0.0 ? ca_dd(0.0) : ca_dd_sqrt(variance);
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
		bollinger_e8_values(bands, values);
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

/* what ca_bands() takes after each bar of the block, and the state after them */
static void
bollinger_run(BollingerState *bands, const CaBarBlock *block,
			  CaDDColumn *middle, CaDDColumn *variance, CaDDColumn *above)
{
	CaWindow *window = &bands->window;
	CaInt128 squares = bands->e16_squares;
	int64_t sums[CA_BLOCK_BARS];
	int64_t gone[CA_BLOCK_BARS];

	ca_window_run(window, bands->ring, block->e8_close, sums, gone, block->n);
	for (int t = 0; t < block->n; t++)
	{
		int64_t x = block->e8_close[t];
		BollingerSums now;

		squares += (CaInt128) x * x - (CaInt128) gone[t] * gone[t];
		now = bollinger_sums(window->n, sums[t], squares, x);
		middle->hi[t] = now.middle.hi;
		middle->lo[t] = now.middle.lo;
		variance->hi[t] = now.variance.hi;
		variance->lo[t] = now.variance.lo;
		above->hi[t] = now.above.hi;
		above->lo[t] = now.above.lo;
	}
	bands->e16_squares = squares;
}

/* places of columns in a block: what ca_bands() takes */
enum
{
	BOLLINGER_MIDDLE,
	BOLLINGER_VARIANCE,
	BOLLINGER_ABOVE
};

static bool
bollinger_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const BollingerState *bands = state;

	(void) block;
	(void) part;
	return ca_window_full(&bands->window) && !bands->window.is_dd &&
		   bands->k != 0.0 && ca_column_takes(bands->k);
}

static void
bollinger_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	BollingerState *bands = state;
	CaDDColumn *middle = &part->column[BOLLINGER_MIDDLE];
	CaDDColumn *variance = &part->column[BOLLINGER_VARIANCE];
	CaDDColumn *above = &part->column[BOLLINGER_ABOVE];
	CaBandColumns results = {.upper = part->value[CA_BOLLINGER_UPPER],
							 .middle = part->value[CA_BOLLINGER_MIDDLE],
							 .lower = part->value[CA_BOLLINGER_LOWER],
							 .bandwidth = part->value[CA_BOLLINGER_BANDWIDTH],
							 .percent_b = part->value[CA_BOLLINGER_PERCENT_B]};

	bollinger_run(bands, block, middle, variance, above);
	block->columns->bands(&results, middle, variance, above, bands->k,
						  ca_window_divisor(&bands->window), block->n);
	part->complete = true;
	for (int t = 0; t < block->n; t++)
		part->complete &= (middle->hi[t] != 0.0) & (variance->hi[t] != 0.0);
	if (part->complete)
		return;
	memset(part->missing, 0, sizeof(part->missing));
	for (int t = 0; t < block->n; t++)
	{
		part->missing[CA_BOLLINGER_BANDWIDTH][t] = middle->hi[t] == 0.0;
		part->missing[CA_BOLLINGER_PERCENT_B][t] = variance->hi[t] == 0.0;
	}
}

static const CaBlockSteps bollinger_block = {bollinger_begin, NULL,
											 bollinger_finish};

static void
bollinger_transfer(void *state, CaStateStream *stream)
{
	BollingerState *bands = state;
	CaInt128 squares = bands->e16_squares;
	int64_t high =
		(int64_t) (squares / ((CaInt128) 1 << 31) / ((CaInt128) 1 << 31));
	int64_t low = (int64_t) (squares % ((CaInt128) 1 << 62));

	ca_state_stream_int(stream, &bands->equal, 0, bands->window.n);
	ca_state_stream_dd(stream, &bands->first);
	ca_state_stream_dd(stream, &bands->last);
	ca_window_transfer(&bands->window, bands->ring, stream);
	ca_state_stream_int64(stream, &high, 0, INT64_MAX >> 1);
	ca_state_stream_int64(stream, &low, 0, ((int64_t) 1 << 62) - 1);
	bands->e16_squares = (CaInt128) high * ((CaInt128) 1 << 62) + low;
	ca_state_stream_sum(stream, &bands->squares);
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
	.block = &bollinger_block,
	.transfer = bollinger_transfer,
};
