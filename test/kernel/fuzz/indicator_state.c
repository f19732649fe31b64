/*-------------------------------------------------------------------------
 *
 * indicator_state.c
 *		Stored states of indicators that may be anything.
 *
 * An input is the head of an engine, then a state.  What is taken goes on over
 * some candles without harm, and is written as a state that is taken again.
 *
 *-------------------------------------------------------------------------
 */
#include "indicator_engine.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
read_state(CaEngine *engine, unsigned char *bytes, size_t size)
{
	CaStream stream = {.reading = true, .data = bytes, .size = size};

	ca_engine_transfer(engine, &stream);
	return !stream.failed;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CaRequest request;
	CaEngine *engine;
	CaEngine *again;
	unsigned char *bytes;
	size_t written;
	bool taken;

	if (size < HEAD)
		return 0;
	set_request(&request, data);
	engine = make_engine(&request);
	bytes = malloc(size - HEAD + 1);
	require(bytes != NULL);
	memcpy(bytes + 1, data + HEAD, size - HEAD);
	taken = read_state(engine, bytes + 1, size - HEAD);
	free(bytes);

	if (taken)
	{
		again = make_engine(&request);
		bytes = write_state(engine, &written);
		require(read_state(again, bytes, written));
		free(bytes);
		free(again);

		/* what has gone on need not be valid, but must be harmless */
		go_on(engine);
		bytes = write_state(engine, &written);
		free(bytes);
	}
	free(engine);
	return 0;
}
