/*-------------------------------------------------------------------------
 *
 * macd.c
 *		Moving average convergence/divergence (Appel, 1979).
 *
 *		value     = EMA(fast) - EMA(slow)
 *		signal    = EMA(signal) of value
 *		histogram = value - signal
 *
 * As in TA-Lib both averages start at bar slow - 1, counted from 0: the fast
 * one is seeded with bars slow - fast ..  slow - 1.  The first values of all
 * three are at bar slow + signal - 2.  By TradingView's convention each
 * average is seeded with its own first bars, and value starts at bar slow - 1;
 * by pandas' all start at bar 0.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/indicator.h"

#include "indicators/kernel/bar_block.h"
#include "indicators/kernel/smoothing.h"

typedef struct MacdState
{
	bool together; /* all three values start at the same bar */
	int skip;      /* bars until the fast average starts */
	double unit;
	CaSmoothing fast;
	CaSmoothing slow;
	CaSmoothing signal;
	CaDD value;
} MacdState;

static size_t
macd_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(MacdState);
}

static const char *
macd_check(const CaParameters *parameters)
{
	return parameters->periods[0] < parameters->periods[1]
			   ? NULL
			   : "fast period must be less than slow period";
}

static void
macd_init(void *state, const CaParameters *parameters)
{
	MacdState *macd = state;

	macd->together = parameters->convention == CA_TALIB;
	if (macd->together)
		macd->skip = parameters->periods[1] - parameters->periods[0];
	ca_ema_init(&macd->fast, parameters->periods[0], parameters->convention);
	ca_ema_init(&macd->slow, parameters->periods[1], parameters->convention);
	ca_ema_init(&macd->signal, parameters->periods[2], parameters->convention);
}

static void
macd_update(void *state, const CaPrice *inputs)
{
	MacdState *macd = state;
	CaDD x;

	if (macd->unit == 0.0)
		macd->unit = ca_price_unit(&inputs[0]);
	x = ca_price_in(&inputs[0], macd->unit);
	if (macd->skip > 0)
		macd->skip--;
	else
		ca_smoothing_update(&macd->fast, x);
	ca_smoothing_update(&macd->slow, x);

	if (ca_smoothing_warm(&macd->slow))
	{
		macd->value = ca_dd_sub(macd->fast.value, macd->slow.value);
		ca_smoothing_update(&macd->signal, macd->value);
	}
}

static bool
macd_values(const void *state, CaValues *values)
{
	const MacdState *macd = state;

	if (!ca_smoothing_warm(macd->together ? &macd->signal : &macd->slow))
		return false;
	values->value[CA_MACD_VALUE] = ca_price_out(macd->value, macd->unit);
	values->value[CA_MACD_SIGNAL] =
		ca_price_out(macd->signal.value, macd->unit);
	values->value[CA_MACD_HISTOGRAM] =
		ca_price_out(ca_dd_sub(macd->value, macd->signal.value), macd->unit);
	values->undefined[CA_MACD_SIGNAL] = values->undefined[CA_MACD_HISTOGRAM] =
		!ca_smoothing_warm(&macd->signal);
	return true;
}

/* places in a block: averages, then columns */
enum
{
	MACD_FAST,
	MACD_SLOW,
	MACD_SIGNAL
};

enum
{
	MACD_LINE, /* fast - slow */
	MACD_HISTOGRAM
};

static bool
macd_begin(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const MacdState *macd = state;

	return macd->unit == CA_E8_ONE && ca_smoothing_warm(&macd->signal) &&
		   ca_bar_block_smooth(block, &macd->fast, &block->close,
							   &part->average[MACD_FAST]) &&
		   ca_bar_block_smooth(block, &macd->slow, &block->close,
							   &part->average[MACD_SLOW]);
}

static bool
macd_smooth(const void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	const MacdState *macd = state;
	CaDDColumn *line = &part->column[MACD_LINE];

	block->columns->subtract(line, part->average[MACD_FAST],
							 part->average[MACD_SLOW], block->n);
	return ca_bar_block_smooth(block, &macd->signal, line,
							   &part->average[MACD_SIGNAL]);
}

static void
macd_finish(void *state, CaBarBlock *block, CaBarBlockPart *part)
{
	MacdState *macd = state;
	const CaColumns *columns = block->columns;
	const CaDDColumn *line = &part->column[MACD_LINE];
	const CaDDColumn *signal = part->average[MACD_SIGNAL];
	CaDDColumn *histogram = &part->column[MACD_HISTOGRAM];
	int n = block->n;

	columns->subtract(histogram, line, signal, n);
	columns->out(part->value[CA_MACD_VALUE], line, n);
	columns->out(part->value[CA_MACD_SIGNAL], signal, n);
	columns->out(part->value[CA_MACD_HISTOGRAM], histogram, n);
	part->complete = true;

	macd->fast.value = ca_column_last(part->average[MACD_FAST], n);
	macd->slow.value = ca_column_last(part->average[MACD_SLOW], n);
	macd->signal.value = ca_column_last(signal, n);
	macd->value = ca_column_last(line, n);
}

static const CaBlockSteps macd_block = {macd_begin, macd_smooth, macd_finish};

static void
macd_transfer(void *state, CaStateStream *stream)
{
	MacdState *macd = state;

	ca_state_stream_unit(stream, &macd->unit);
	ca_state_stream_int(stream, &macd->skip, 0, macd->slow.seed);
	ca_smoothing_transfer(&macd->fast, stream);
	ca_smoothing_transfer(&macd->slow, stream);
	ca_smoothing_transfer(&macd->signal, stream);
	ca_state_stream_dd(stream, &macd->value);
}

const CaIndicator ca_macd = {
	.name = "macd",
	.ninputs = 1,
	.input_names = {"input"},
	.nperiods = 3,
	.nvalues = 3,
	.period_names = {"fast period", "slow period", "signal period"},
	.has_convention = true,
	.defaults = {.periods = {12, 26, 9}},
	.size = macd_size,
	.check = macd_check,
	.init = macd_init,
	.update = macd_update,
	.values = macd_values,
	.block = &macd_block,
	.transfer = macd_transfer,
};
