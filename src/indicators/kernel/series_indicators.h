/*-------------------------------------------------------------------------
 *
 * series_indicators.h
 *		Several indicators over the candles of one series, in one pass.  Their
 *		state can be stored, and computation can go on from it.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SERIES_INDICATORS_H
#define CA_SERIES_INDICATORS_H

#include "indicators/kernel/indicator.h"
#include "indicators/kernel/state_stream.h"

/*
 * The format of a stored state.  Any change to the fields of a kernel, or to
 * what it computes with them, needs a new number: states in another format are
 * not read but computed again.
 */
#define CA_STATE_FORMAT 2

/* an indicator and its parameters */
typedef struct CaRequest
{
	const CaIndicator *indicator;
	CaParameters parameters;
} CaRequest;

/* a candle as kernels take it; an indicator with one input takes the close */
typedef struct CaBar
{
	CaPrice high;
	CaPrice low;
	CaPrice close;
} CaBar;

typedef struct CaSeriesIndicators
{
	int nrequests;
	const CaRequest *requests;
	void **states; /* of the kernels, in the same order */
} CaSeriesIndicators;

extern size_t ca_series_indicators_size(const CaRequest *requests,
										int nrequests);
extern CaSeriesIndicators *ca_series_indicators_init(void *memory,
													 const CaRequest *requests,
													 int nrequests);
extern void ca_series_indicators_update(CaSeriesIndicators *indicators,
										const CaBar *bar);
extern bool ca_series_indicators_values(const CaSeriesIndicators *indicators,
										int i, CaValues *values);
extern void ca_series_indicators_transfer(CaSeriesIndicators *indicators,
										  CaStateStream *stream);

#endif /* CA_SERIES_INDICATORS_H */
