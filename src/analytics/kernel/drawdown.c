/*-------------------------------------------------------------------------
 *
 * drawdown.c
 *		How far a series is below its peak.
 *
 *	drawdown		price / peak - 1, 0 at a new peak; the peak is the highest
 *					price so far
 *	max_drawdown	the lowest drawdown so far
 *	ulcer_index		sqrt(mean(drawdown^2)) of all rows so far
 *
 * A peak that is not above zero has no drawdown: such rows do not count, and
 * without others the value is NULL.  Prices that are not negative give values
 * from -1 to 0.  The drawdown is correctly rounded where prices are e8, and
 * right to the last place or two elsewhere.  Plain C.
 *
 * Sources: empyrical 0.5 for max_drawdown; Martin, "The Investor's Guide to
 * Fidelity Funds" (1989) for ulcer_index, which is a fraction here and not in
 * percent.
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/below_peak.h"
#include "analytics/kernel/ordered.h"

typedef struct DrawdownState
{
	bool has_peak;
	CaPrice peak;
	double drawdown; /* of the last row that counts */
	double lowest;
	double count; /* rows that count */
	CaDD squares; /* of drawdowns */
} DrawdownState;

static size_t
drawdown_size(const CaParameters *parameters)
{
	(void) parameters;
	return sizeof(DrawdownState);
}

static void
drawdown_update(void *state, const CaPrice *inputs)
{
	DrawdownState *drawdown = state;
	double value;

	if (!drawdown->has_peak || ca_price_cmp(&inputs[0], &drawdown->peak) > 0)
		drawdown->peak = inputs[0];
	drawdown->has_peak = true;
	if (!(ca_price_dd(&drawdown->peak).hi > 0.0))
		return;

	value = ca_below_peak(&inputs[0], &drawdown->peak);
	drawdown->drawdown = value;
	if (value < drawdown->lowest)
		drawdown->lowest = value;
	drawdown->count += 1.0;
	drawdown->squares =
		ca_dd_add(drawdown->squares, ca_dd_two_prod(value, value));
}

static bool
drawdown_values(const void *state, CaValues *values)
{
	const DrawdownState *drawdown = state;

	values->value[0] = drawdown->drawdown;
	return drawdown->count != 0.0;
}

static bool
max_drawdown_values(const void *state, CaValues *values)
{
	const DrawdownState *drawdown = state;

	values->value[0] = drawdown->lowest;
	return drawdown->count != 0.0;
}

static bool
ulcer_index_values(const void *state, CaValues *values)
{
	const DrawdownState *drawdown = state;

	if (drawdown->count == 0.0)
		return false;
	values->value[0] = ca_dd_to_double(
		ca_dd_sqrt(ca_dd_div(drawdown->squares, ca_dd(drawdown->count))));
	return true;
}

const CaIndicator ca_drawdown = {
	.name = "drawdown",
	.ninputs = 1,
	.input_names = {"price"},
	.nvalues = 1,
	.size = drawdown_size,
	.update = drawdown_update,
	.values = drawdown_values,
};

const CaIndicator ca_max_drawdown = {
	.name = "max_drawdown",
	.ninputs = 1,
	.input_names = {"price"},
	.nvalues = 1,
	.size = drawdown_size,
	.update = drawdown_update,
	.values = max_drawdown_values,
};

const CaIndicator ca_ulcer_index = {
	.name = "ulcer_index",
	.ninputs = 1,
	.input_names = {"price"},
	.nvalues = 1,
	.size = drawdown_size,
	.update = drawdown_update,
	.values = ulcer_index_values,
};
