/*-------------------------------------------------------------------------
 *
 * one_indicator.h
 *		One indicator, chosen by the first bytes of an input: a byte each for the
 *		indicator, its periods and its convention.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_ONE_INDICATOR_H
#define FUZZ_ONE_INDICATOR_H

#include <stdlib.h>
#include <string.h>

#include "indicators/kernel/series_indicators.h"

#define HEAD 3
#define BARS 40

static const CaIndicator *const kinds[] = {&ca_sma,  &ca_ema,       &ca_rsi,
										   &ca_macd, &ca_bollinger, &ca_atr,
										   &ca_adx,  &ca_stochastic};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static inline void
require(bool holds)
{
	if (!holds)
		abort();
}

static inline CaSeriesIndicators *
make_indicators(const CaRequest *request)
{
	void *memory = calloc(1, ca_series_indicators_size(request, 1));

	require(memory != NULL);
	return ca_series_indicators_init(memory, request, 1);
}

static inline void
set_request(CaRequest *request, const uint8_t *head)
{
	request->indicator = kinds[head[0] % KINDS];
	if (head[0] / KINDS % 2 != 0)
		request->indicator = ca_cpu_indicator(request->indicator);
	request->parameters = request->indicator->defaults;
	request->parameters.convention = (CaConvention) (head[2] % (CA_PANDAS + 1));
	for (int i = 0; i < request->indicator->nperiods; i++)
		request->parameters.periods[i] = 1 + (head[1] >> 2 * i) % 16 + 16 * i;
}

/* the state in a separate allocation */
static inline unsigned char *
write_state(CaSeriesIndicators *indicators, size_t *size)
{
	CaStateStream stream = {.reading = false};
	unsigned char *bytes;

	ca_series_indicators_transfer(indicators, &stream);
	*size = stream.at;
	bytes = malloc(stream.at);
	require(bytes != NULL);
	stream.data = bytes;
	stream.at = 0;
	ca_series_indicators_transfer(indicators, &stream);
	require(stream.at == *size);
	return bytes;
}

static inline void
go_on(CaSeriesIndicators *indicators)
{
	for (int i = 0; i < BARS; i++)
	{
		int64_t price = (100 + i * 7 % 13) * (int64_t) CA_E8_ONE + i % 3;
		CaBar bar = {ca_price_from_e8(price + (int64_t) CA_E8_ONE),
					 ca_price_from_e8(price - (int64_t) CA_E8_ONE),
					 ca_price_from_e8(price)};
		CaValues values;

		if (i == BARS / 2)
			bar.close = ca_price_from_dd(ca_dd(1e-9));
		ca_series_indicators_update(indicators, &bar);
		(void) ca_series_indicators_values(indicators, 0, &values);
	}
}

#endif /* FUZZ_ONE_INDICATOR_H */
