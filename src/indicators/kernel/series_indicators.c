/*-------------------------------------------------------------------------
 *
 * series_indicators.c
 *		Several indicators over the candles of one series.  Plain C; see
 *		series_indicators.h.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/series_indicators.h"

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
	return aligned(aligned(sizeof(CaSeriesIndicators)) +
				   nrequests * sizeof(void *));
}

/*
 * Bytes of memory for these requests.  Their parameters must be in range.
 */
size_t
ca_series_indicators_size(const CaRequest *requests, int nrequests)
{
	size_t size = header_size(nrequests);

	for (int i = 0; i < nrequests; i++)
		size += aligned(requests[i].indicator->size(&requests[i].parameters));
	return size;
}

/*
 * Indicators before their first candle, in zeroed memory of
 * ca_series_indicators_size() bytes.  The requests must live as long.
 */
CaSeriesIndicators *
ca_series_indicators_init(void *memory, const CaRequest *requests,
						  int nrequests)
{
	CaSeriesIndicators *indicators = memory;
	char *next = (char *) memory + header_size(nrequests);

	indicators->nrequests = nrequests;
	indicators->requests = requests;
	indicators->states =
		(void **) ((char *) memory + aligned(sizeof(CaSeriesIndicators)));
	for (int i = 0; i < nrequests; i++)
	{
		const CaIndicator *indicator = requests[i].indicator;

		indicators->states[i] = next;
		if (indicator->init)
			indicator->init(next, &requests[i].parameters);
		next += aligned(indicator->size(&requests[i].parameters));
	}
	return indicators;
}

void
ca_series_indicators_update(CaSeriesIndicators *indicators, const CaBar *bar)
{
	const CaPrice inputs[] = {bar->high, bar->low, bar->close};

	for (int i = 0; i < indicators->nrequests; i++)
	{
		const CaIndicator *indicator = indicators->requests[i].indicator;

		indicator->update(indicators->states[i],
						  indicator->ninputs == 1 ? &inputs[2] : inputs);
	}
}

/*
 * The values of the i-th request as of the last candle; false until warm.
 */
bool
ca_series_indicators_values(const CaSeriesIndicators *indicators, int i,
							CaValues *values)
{
	memset(values, 0, sizeof(*values));
	return indicators->requests[i].indicator->values(indicators->states[i],
													 values);
}

/*
 * Write the states to a stream, or read them from it into indicators that have
 * seen no candle.  Reading fails when the stream has another format, the state
 * of other requests, too few bytes or too many.
 */
void
ca_series_indicators_transfer(CaSeriesIndicators *indicators,
							  CaStateStream *stream)
{
	int format = CA_STATE_FORMAT;

	ca_state_stream_int(stream, &format, CA_STATE_FORMAT, CA_STATE_FORMAT);
	ca_state_stream_int(stream, &indicators->nrequests, indicators->nrequests,
						indicators->nrequests);
	for (int i = 0; i < indicators->nrequests; i++)
	{
		CaParameters parameters = indicators->requests[i].parameters;

		for (int p = 0; p < CA_MAX_PERIODS; p++)
			ca_state_stream_int(stream, &parameters.periods[p],
								parameters.periods[p], parameters.periods[p]);
		indicators->requests[i].indicator->transfer(indicators->states[i],
													stream);
	}
	if (stream->reading && stream->at != stream->size)
		stream->failed = true;
}
