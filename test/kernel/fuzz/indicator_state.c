/*-------------------------------------------------------------------------
 *
 * indicator_state.c
 *		Stored states of indicators, made of any bytes.
 *
 * The first bytes of an input choose an indicator; a state follows.  If it is accepted, some
 * candles are added without harm, and the state is written and accepted again.
 *
 *-------------------------------------------------------------------------
 */
#include "one_indicator.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
read_state(CaSeriesIndicators *indicators, unsigned char *bytes, size_t size)
{
	CaStateStream stream = {.reading = true, .data = bytes, .size = size};

	ca_series_indicators_transfer(indicators, &stream);
	return !stream.failed;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CaRequest request;
	CaSeriesIndicators *indicators;
	CaSeriesIndicators *again;
	unsigned char *bytes;
	size_t written;
	bool taken;

	if (size < HEAD)
		return 0;
	set_request(&request, data);
	indicators = make_indicators(&request);
	bytes = malloc(size - HEAD + 1);
	require(bytes != NULL);
	memcpy(bytes + 1, data + HEAD, size - HEAD);
	taken = read_state(indicators, bytes + 1, size - HEAD);
	free(bytes);

	if (taken)
	{
		again = make_indicators(&request);
		bytes = write_state(indicators, &written);
		require(read_state(again, bytes, written));
		free(bytes);
		free(again);

		/* the values need not make sense, but must be harmless */
		go_on(indicators);
		bytes = write_state(indicators, &written);
		free(bytes);
	}
	free(indicators);
	return 0;
}
