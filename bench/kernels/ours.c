/*-------------------------------------------------------------------------
 *
 * ours.c
 *		Computes the 22 values of technical_indicators() from arrays, with the
 *		kernels of the extension in blocks of bars.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdlib.h>

#include "bars.h"
#include "indicators/kernel/bar_block.h"

static CaRequest requests[] = {
	{&ca_rsi, {.periods = {7}}},
	{&ca_rsi, {.periods = {14}}},
	{&ca_sma, {.periods = {20}}},
	{&ca_sma, {.periods = {50}}},
	{&ca_sma, {.periods = {100}}},
	{&ca_sma, {.periods = {200}}},
	{&ca_ema, {.periods = {20}}},
	{&ca_ema, {.periods = {50}}},
	{&ca_ema, {.periods = {100}}},
	{&ca_ema, {.periods = {200}}},
	{&ca_macd, {.periods = {12, 26, 9}}},
	{&ca_bollinger, {.periods = {20}, .multiplier = 2}},
	{&ca_atr, {.periods = {14}}},
	{&ca_adx, {.periods = {14}}},
	{&ca_stochastic, {.periods = {14, 3, 3}}},
};

#define NREQUESTS ((int) (sizeof(requests) / sizeof(requests[0])))

/* candles as the extension has them once their decimals are read */
static CaBar *
read_bars(const Bars *bars)
{
	CaBar *array = malloc(bars->count * sizeof(CaBar));

	for (int i = 0; array && i < bars->count; i++)
	{
		array[i].high = ca_price_from_e8(llround(bars->high[i] * 1e8));
		array[i].low = ca_price_from_e8(llround(bars->low[i] * 1e8));
		array[i].close = ca_price_from_e8(llround(bars->close[i] * 1e8));
	}
	return array;
}

/* the sum of the values as of the t-th bar of a block */
static double
values_of(const CaBarBlock *block, int t)
{
	double sum = 0;
	double value;

	for (int r = 0; r < NREQUESTS; r++)
		for (int v = 0; v < requests[r].indicator->nvalues; v++)
			if (ca_bar_block_value(block, r, v, t, &value))
				sum += value;
	return sum;
}

int
main(int argc, char **argv)
{
	Bars bars = bars_make(argc, argv);
	CaBar *array = read_bars(&bars);
	void *memory = calloc(1, ca_series_indicators_size(requests, NREQUESTS));
	CaSeriesIndicators *indicators;
	void *room = malloc(ca_bar_block_size(NREQUESTS));
	CaBarBlock *block;
	double sum = 0;

	if (array == NULL || memory == NULL || room == NULL)
		return 1;

	for (int r = 0; r < NREQUESTS; r++)
		requests[r].indicator = ca_cpu_indicator(requests[r].indicator);
	bars_start();
	indicators = ca_series_indicators_init(memory, requests, NREQUESTS);
	block = ca_bar_block_init(room, ca_cpu_columns());
	for (int i = 0; i < bars.count; i += CA_BLOCK_BARS)
	{
		int count =
			bars.count - i < CA_BLOCK_BARS ? bars.count - i : CA_BLOCK_BARS;

		ca_bar_block_run(indicators, block, &array[i], count);
		sum += values_of(block, count - 1);
	}
	bars_stop(&bars, sum);
	return 0;
}
