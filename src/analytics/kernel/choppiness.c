/*-------------------------------------------------------------------------
 *
 * choppiness.c
 *		Choppiness index (Dreiss): how much of its way a market went in vain.
 *
 *		log10(sum of n true ranges / (highest high - lowest low)) / log10(n)
 *
 * over the last n bars, from 0, a straight trend, to 1, a range; values beyond
 * are clamped.  It is a fraction; the original is 100 times that.  A true
 * range needs a previous close, so the first value is at bar n, counted from
 * 0.  Without a range it is NULL.  n is at least 2.
 *
 * The sum of true ranges is exact and the extremes are kept in queues, so a bar
 * costs constant time on average.  The state has 96 bytes for each bar of n.
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/ordered.h"

#include <math.h>
#include <stddef.h>

#include "indicators/kernel/extremes.h"
#include "indicators/kernel/true_range.h"
#include "indicators/kernel/window.h"

typedef struct ChoppinessState
{
	int n;
	int64_t bar;
	double unit; /* 0 before the first bar */
	CaPrice previous_close;
	CaExtremeQueue highs;
	CaExtremeQueue lows;
	CaWindow ranges;
	CaCell ring[]; /* of ranges, then the queues' */
} ChoppinessState;

static size_t
choppiness_size(const CaParameters *parameters)
{
	int n = parameters->periods[0];

	return offsetof(ChoppinessState, ring) + n * sizeof(CaCell) +
		   2 * n * sizeof(CaExtreme);
}

static const char *
choppiness_check(const CaParameters *parameters)
{
	return parameters->periods[0] < 2 ? "the period must be at least 2" : NULL;
}

static void
choppiness_init(void *state, const CaParameters *parameters)
{
	ChoppinessState *choppiness = state;

	choppiness->n = parameters->periods[0];
	choppiness->ranges.n = parameters->periods[0];
	choppiness->ranges.is_dd = true;
}

static void
choppiness_update(void *state, const CaPrice *inputs)
{
	ChoppinessState *choppiness = state;
	int n = choppiness->n;
	CaExtreme *extremes = (CaExtreme *) (choppiness->ring + n);

	if (choppiness->unit == 0.0)
		choppiness->unit = ca_price_unit(&inputs[2]);
	else
		ca_window_update_dd(&choppiness->ranges, choppiness->ring,
							ca_true_range(&inputs[0], &inputs[1],
										  &choppiness->previous_close,
										  choppiness->unit));
	ca_extreme_update(&choppiness->highs, extremes, n, choppiness->bar,
					  &inputs[0], 1);
	ca_extreme_update(&choppiness->lows, extremes + n, n, choppiness->bar,
					  &inputs[1], -1);
	choppiness->previous_close = inputs[2];
	choppiness->bar++;
}

static bool
choppiness_values(const void *state, CaValues *values)
{
	const ChoppinessState *choppiness = state;
	int n = choppiness->n;
	const CaExtreme *extremes = (const CaExtreme *) (choppiness->ring + n);
	const CaPrice *highest = &extremes[choppiness->highs.first].value;
	const CaPrice *lowest = &extremes[n + choppiness->lows.first].value;
	CaDD range;
	CaDD sum;
	double value;

	if (!ca_window_full(&choppiness->ranges))
		return false;
	range = ca_price_difference(highest, lowest, choppiness->unit);
	if (range.hi == 0.0)
		return false;
	sum = ca_dd_mul_double(
		ca_window_mean_dd(&choppiness->ranges, choppiness->ring), n);
	value = log10(ca_dd_ratio(sum, range)) / log10(n);
	values->value[0] = value < 0.0 ? 0.0 : value > 1.0 ? 1.0 : value;
	return true;
}

const CaIndicator ca_choppiness = {
	.name = "choppiness",
	.ninputs = 3,
	.input_names = {"high", "low", "close"},
	.nperiods = 1,
	.period_names = {"period"},
	.defaults = {.periods = {14}},
	.nvalues = 1,
	.size = choppiness_size,
	.check = choppiness_check,
	.init = choppiness_init,
	.update = choppiness_update,
	.values = choppiness_values,
};
