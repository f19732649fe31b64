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
 * +DI and -DI start at bar n, counted from 0, and ADX at bar 2n - 1; until
 * then ADX is NULL.  A bar has no DX when its sums hold no range or no
 * direction.  It counts as 0 in the seed, as in TA-Lib, and leaves a warm ADX
 * unchanged.
 *
 * By TradingView's convention the sums are seeded with n values instead of n -
 * 1.  By pandas' they are ewm(alpha=1/n, adjust=False) from bar 0, where the
 * true range is high - low and +DM and -DM are 0; the DIs start there, and ADX
 * with the first DX.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/formulas.h"
#include "indicators/kernel/smoothing.h"
#include "indicators/kernel/true_range.h"

typedef struct AdxState
{
	CaConvention convention;
	int n;
	CaDD part; /* 1 / n, which a sum loses with each bar */
	int bars;  /* seen, at most n + 1 */
	double unit;
	CaPrice high;
	CaPrice low;
	CaPrice close;
	CaDD plus;
	CaDD minus;
	CaDD range;
	CaSmoothing adx;
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
	AdxState *adx = state;

	adx->convention = parameters->convention;
	adx->n = parameters->periods[0];
	adx->part = ca_dd_div(ca_dd(1.0), ca_dd(adx->n));
	ca_wilder_init(&adx->adx, adx->n, adx->convention);
}

/* the next value of a Wilder sum */
static CaDD
wilder_sum(CaDD sum, CaDD x, CaDD part, bool seeding)
{
	return seeding ? ca_dd_add_quick(sum, x) : ca_wilder_summed(sum, part, x);
}

/* whether the t-th bar, counted from 1, still belongs to the seed */
static bool
adx_seeding(const AdxState *adx, int t)
{
	switch (adx->convention)
	{
		case CA_TALIB:
			return t < adx->n;
		case CA_TRADINGVIEW:
			return t <= adx->n;
		default:
			return false;
	}
}

/* DX of the current sums; false when there is none */
static bool
adx_dx(const AdxState *adx, CaDD *dx)
{
	CaDD sum = ca_dd_add_quick(adx->plus, adx->minus);

	/* the true range cancels out of it */
	if (adx->range.hi == 0.0 || sum.hi == 0.0)
		return false;
	*dx = ca_dx_of(adx->plus, adx->minus, sum);
	return true;
}

static bool
adx_directed(const AdxState *adx)
{
	return adx->bars > (adx->convention == CA_PANDAS ? 0 : adx->n);
}

/*
 * Which of two moves is the larger; "price" is the largest price involved.
 *
 * A decimal such as 0.01 is not a double-double, so moves that are equal as
 * decimals may differ by rounding, by some 2^-104 of the price.  Moves that
 * really differ do so by much more.
 */
static int
compare_moves(CaDD up, CaDD down, CaDD price)
{
	double difference = ca_dd_sub_quick(up, down).hi;

	if (fabs(difference) <= fabs(price.hi) * 0x1p-96)
		return 0;
	return difference < 0.0 ? -1 : 1;
}

/* +DM and -DM of a bar that is not the first */
static void
adx_movement(const AdxState *adx, const CaPrice *high, const CaPrice *low,
			 CaDD *plus, CaDD *minus)
{
	CaDD up = ca_price_difference(high, &adx->high, adx->unit);
	CaDD down = ca_price_difference(&adx->low, low, adx->unit);
	CaDD largest;
	int larger;

	if (ca_prices_are_whole(high, &adx->high, adx->unit) &&
		ca_prices_are_whole(low, &adx->low, adx->unit))
	{
		plus->hi = ca_movement(up.hi, down.hi);
		minus->hi = ca_movement(down.hi, up.hi);
		return;
	}

	largest =
		ca_dd_max(ca_dd_max(ca_dd_abs(ca_price_in(high, adx->unit)),
							ca_dd_abs(ca_price_in(&adx->high, adx->unit))),
				  ca_dd_max(ca_dd_abs(ca_price_in(low, adx->unit)),
							ca_dd_abs(ca_price_in(&adx->low, adx->unit))));
	larger = compare_moves(up, down, largest);
	if (larger > 0 && up.hi > 0.0)
		*plus = up;
	if (larger < 0 && down.hi > 0.0)
		*minus = down;
}

/* add a bar that is not the first to the sums */
static void
adx_move(AdxState *adx, const CaPrice *high, const CaPrice *low)
{
	CaDD plus = {0.0, 0.0};
	CaDD minus = {0.0, 0.0};
	CaDD range = ca_true_range(high, low, &adx->close, adx->unit);
	bool seeding = adx_seeding(adx, adx->bars);

	adx_movement(adx, high, low, &plus, &minus);
	adx->plus = wilder_sum(adx->plus, plus, adx->part, seeding);
	adx->minus = wilder_sum(adx->minus, minus, adx->part, seeding);
	adx->range = wilder_sum(adx->range, range, adx->part, seeding);
}

static void
adx_update(void *state, const CaPrice *inputs)
{
	AdxState *adx = state;
	CaDD dx = {0.0, 0.0};

	if (adx->bars == 0)
		adx->unit = ca_price_unit(&inputs[2]);
	if (adx->bars > 0)
		adx_move(adx, &inputs[0], &inputs[1]);
	else if (adx->convention == CA_PANDAS)
		adx->range = ca_dd_mul_double(
			ca_price_difference(&inputs[0], &inputs[1], adx->unit), adx->n);
	adx->bars += adx->bars <= adx->n;

	if (adx_directed(adx) &&
		(adx_dx(adx, &dx) ||
		 (!ca_smoothing_warm(&adx->adx) && adx->convention != CA_PANDAS)))
		ca_smoothing_update(&adx->adx, dx);

	adx->high = inputs[0];
	adx->low = inputs[1];
	adx->close = inputs[2];
}

static double
directional_indicator(CaDD movement, CaDD range)
{
	if (range.hi == 0.0)
		return 0.0;
	return ca_directional(movement, range);
}

static bool
adx_values(const void *state, CaValues *values)
{
	const AdxState *adx = state;

	values->value[CA_ADX_ADX] = ca_dd_to_double(adx->adx.value);
	values->undefined[CA_ADX_ADX] = !ca_smoothing_warm(&adx->adx);
	values->value[CA_ADX_DI_PLUS] =
		directional_indicator(adx->plus, adx->range);
	values->value[CA_ADX_DI_MINUS] =
		directional_indicator(adx->minus, adx->range);
	return adx_directed(adx);
}

/* places in a block, of columns and of their sums or average */
enum
{
	ADX_PLUS,
	ADX_MINUS,
	ADX_RANGE,
	ADX_DX
};

static bool
adx_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const AdxState *adx = state;
	const CaColumns *columns = block->columns;
	CaDDColumn *plus = &part->column[ADX_PLUS];
	CaDDColumn *minus = &part->column[ADX_MINUS];
	CaDDColumn *range = &part->column[ADX_RANGE];

	if (adx->unit != CA_E8_ONE || adx->bars <= adx->n || !adx->high.is_e8 ||
		!adx->low.is_e8 || !adx->close.is_e8)
		return false;
	columns->movements(plus, minus, block->high, block->low,
					   (double) adx->high.e8, (double) adx->low.e8, block->n);
	columns->true_range(range, block->high, block->low, block->close.hi,
						(double) adx->close.e8, block->n);
	return ca_bar_block_sum(block, adx->plus, adx->part, plus,
							&part->average[ADX_PLUS]) &&
		   ca_bar_block_sum(block, adx->minus, adx->part, minus,
							&part->average[ADX_MINUS]) &&
		   ca_bar_block_sum(block, adx->range, adx->part, range,
							&part->average[ADX_RANGE]);
}

/* false where a bar has no DX, because the average leaves such bars out */
static bool
adx_smooth(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const AdxState *adx = state;
	const CaDDColumn *range = part->average[ADX_RANGE];
	CaDDColumn *dx = &part->column[ADX_DX];
	bool whole = true;

	block->columns->dx(dx, part->average[ADX_PLUS], part->average[ADX_MINUS],
					   block->n);
	for (int t = 0; t < block->n; t++)
		whole &= !isnan(dx->hi[t]) & (range->hi[t] != 0.0);
	return whole &&
		   ca_bar_block_smooth(block, &adx->adx, dx, &part->average[ADX_DX]);
}

static void
adx_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	AdxState *adx = state;
	const CaColumns *columns = block->columns;
	const CaDDColumn *plus = part->average[ADX_PLUS];
	const CaDDColumn *minus = part->average[ADX_MINUS];
	const CaDDColumn *range = part->average[ADX_RANGE];
	const CaDDColumn *average = part->average[ADX_DX];
	const CaBar *last = &block->bars[block->n - 1];
	int n = block->n;

	ca_column_to_double(part->value[CA_ADX_ADX], average, n);
	columns->directional(part->value[CA_ADX_DI_PLUS], plus, range, n);
	columns->directional(part->value[CA_ADX_DI_MINUS], minus, range, n);
	part->complete = true;

	adx->plus = ca_column_last(plus, n);
	adx->minus = ca_column_last(minus, n);
	adx->range = ca_column_last(range, n);
	adx->adx.value = ca_column_last(average, n);
	adx->high = last->high;
	adx->low = last->low;
	adx->close = last->close;
}

static const CaBlockSteps adx_block = {adx_begin, adx_smooth, adx_finish};

static void
adx_transfer(void *state, CaStateStream *stream)
{
	AdxState *adx = state;

	ca_state_stream_int(stream, &adx->bars, 0, adx->n + 1);
	ca_state_stream_unit(stream, &adx->unit);
	ca_state_stream_price(stream, &adx->high);
	ca_state_stream_price(stream, &adx->low);
	ca_state_stream_price(stream, &adx->close);
	ca_state_stream_dd(stream, &adx->plus);
	ca_state_stream_dd(stream, &adx->minus);
	ca_state_stream_dd(stream, &adx->range);
	ca_smoothing_transfer(&adx->adx, stream);
}

const CaIndicator ca_adx = {
	.name = "adx",
	.ninputs = 3,
	.input_names = {"high", "low", "close"},
	.nperiods = 1,
	.period_names = {"period"},
	.has_convention = true,
	.defaults = {.periods = {14}},
	.nvalues = 3,
	.size = adx_size,
	.init = adx_init,
	.update = adx_update,
	.values = adx_values,
	.block = &adx_block,
	.transfer = adx_transfer,
};
