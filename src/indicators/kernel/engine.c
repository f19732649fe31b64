/*-------------------------------------------------------------------------
 *
 * engine.c
 *		Several indicators over the candles of one series.  Plain C; see
 *		engine.h.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/engine.h"

#include <string.h>

#define ALIGNMENT 16

static size_t
aligned(size_t size)
{
	return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
}

static size_t
header_size(int nrequests)
{
	return aligned(aligned(sizeof(CaEngine)) + nrequests * sizeof(void *));
}

/*
 * Bytes of memory for these requests, whose parameters are in range.
 */
size_t
ca_engine_size(const CaRequest *requests, int nrequests)
{
	size_t size = header_size(nrequests);

	for (int i = 0; i < nrequests; i++)
		size += aligned(requests[i].indicator->size(&requests[i].parameters));
	return size;
}

/*
 * An engine before its first candle, in zeroed memory of ca_engine_size() bytes.
 * The requests must live as long as it does.
 */
CaEngine *
ca_engine_init(void *memory, const CaRequest *requests, int nrequests)
{
	CaEngine *engine = memory;
	char *next = (char *) memory + header_size(nrequests);

	engine->nrequests = nrequests;
	engine->requests = requests;
	engine->states = (void **) ((char *) memory + aligned(sizeof(CaEngine)));
	for (int i = 0; i < nrequests; i++)
	{
		const CaIndicator *indicator = requests[i].indicator;

		engine->states[i] = next;
		if (indicator->init)
			indicator->init(next, &requests[i].parameters);
		next += aligned(indicator->size(&requests[i].parameters));
	}
	return engine;
}

void
ca_engine_update(CaEngine *engine, const CaBar *bar)
{
	const CaPrice inputs[] = {bar->high, bar->low, bar->close};

	for (int i = 0; i < engine->nrequests; i++)
	{
		const CaIndicator *indicator = engine->requests[i].indicator;

		indicator->update(engine->states[i],
						  indicator->ninputs == 1 ? &inputs[2] : inputs);
	}
}

/*
 * The values of the i-th request as of the last candle; false until warm.
 */
bool
ca_engine_values(const CaEngine *engine, int i, CaValues *values)
{
	memset(values, 0, sizeof(*values));
	return engine->requests[i].indicator->values(engine->states[i], values);
}

/*
 * Write the states to a stream, or read them from it into an engine that has
 * seen no candle.  The stream fails when it holds another format, or the state
 * of other requests, or more or less than that.
 */
void
ca_engine_transfer(CaEngine *engine, CaStream *stream)
{
	int format = CA_STATE_FORMAT;

	ca_stream_int(stream, &format, CA_STATE_FORMAT, CA_STATE_FORMAT);
	ca_stream_int(stream, &engine->nrequests, engine->nrequests,
				  engine->nrequests);
	for (int i = 0; i < engine->nrequests; i++)
	{
		CaParameters parameters = engine->requests[i].parameters;

		for (int p = 0; p < CA_MAX_PERIODS; p++)
			ca_stream_int(stream, &parameters.periods[p], parameters.periods[p],
						  parameters.periods[p]);
		engine->requests[i].indicator->transfer(engine->states[i], stream);
	}
	if (stream->reading && stream->at != stream->size)
		stream->failed = true;
}
