/*-------------------------------------------------------------------------
 *
 * sma.c
 *		Simple moving average: the mean of the last n values.
 *
 * First value at bar n - 1, counted from 0.  The window's sum is exact, so it
 * neither drifts nor depends on where the series began.  16 bytes of state for
 * each bar of the period.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/indicator.h"

#include "exactsum.h"

typedef struct SmaState
{
	int n;
	int count; /* values in the window */
	int next;  /* where the next value goes */
	CaExactSum sum;
	CaDD window[]; /* the last n values, as a ring */
} SmaState;

static size_t
sma_size(const int *periods)
{
	return offsetof(SmaState, window) + periods[0] * sizeof(CaDD);
}

static void
sma_init(void *state, const int *periods)
{
	((SmaState *) state)->n = periods[0];
}

static void
sma_update(void *state, const CaDD *inputs)
{
	SmaState *sma = state;
	CaDD *slot = &sma->window[sma->next];

	if (sma->count == sma->n)
		ca_exact_add_dd(&sma->sum, ca_dd_neg(*slot));
	else
		sma->count++;
	ca_exact_add_dd(&sma->sum, inputs[0]);
	*slot = inputs[0];
	sma->next = sma->next + 1 == sma->n ? 0 : sma->next + 1;
}

static bool
sma_values(const void *state, double *values)
{
	const SmaState *sma = state;

	if (sma->count < sma->n)
		return false;
	values[0] =
		ca_dd_to_double(ca_dd_div(ca_exact_value(&sma->sum), ca_dd(sma->n)));
	return true;
}

const CaIndicator ca_sma = {
	.name = "sma",
	.ninputs = 1,
	.nperiods = 1,
	.nvalues = 1,
	.period_names = {"period"},
	.size = sma_size,
	.init = sma_init,
	.update = sma_update,
	.values = sma_values,
};
