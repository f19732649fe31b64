/*-------------------------------------------------------------------------
 *
 * indicator_engine.h
 *		Engines of one indicator, by the first bytes of an input: a byte each
 *		for the indicator, its periods and its convention.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_INDICATOR_ENGINE_H
#define FUZZ_INDICATOR_ENGINE_H

#include <stdlib.h>
#include <string.h>

#include "indicators/kernel/engine.h"

#define HEAD 3
#define BARS 40

static const CaIndicator *const indicators[] = {
	&ca_sma,       &ca_ema, &ca_rsi, &ca_macd,
	&ca_bollinger, &ca_atr, &ca_adx, &ca_stochastic};

#define INDICATORS (sizeof(indicators) / sizeof(indicators[0]))

static inline void
require(bool holds)
{
	if (!holds)
		abort();
}

static inline CaEngine *
make_engine(const CaRequest *request)
{
	void *memory = calloc(1, ca_engine_size(request, 1));

	require(memory != NULL);
	return ca_engine_init(memory, request, 1);
}

static inline void
set_request(CaRequest *request, const uint8_t *head)
{
	request->indicator = indicators[head[0] % INDICATORS];
	if (head[0] / INDICATORS % 2 != 0)
		request->indicator = ca_fastest(request->indicator);
	request->parameters = request->indicator->defaults;
	request->parameters.convention = (CaConvention) (head[2] % (CA_PANDAS + 1));
	for (int i = 0; i < request->indicator->nperiods; i++)
		request->parameters.periods[i] = 1 + (head[1] >> 2 * i) % 16 + 16 * i;
}

/* the state as bytes of an allocation of its own */
static inline unsigned char *
write_state(CaEngine *engine, size_t *size)
{
	CaStream stream = {.reading = false};
	unsigned char *bytes;

	ca_engine_transfer(engine, &stream);
	*size = stream.at;
	bytes = malloc(stream.at);
	require(bytes != NULL);
	stream.data = bytes;
	stream.at = 0;
	ca_engine_transfer(engine, &stream);
	require(stream.at == *size);
	return bytes;
}

static inline void
go_on(CaEngine *engine)
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
		ca_engine_update(engine, &bar);
		(void) ca_engine_values(engine, 0, &values);
	}
}

#endif /* FUZZ_INDICATOR_ENGINE_H */
