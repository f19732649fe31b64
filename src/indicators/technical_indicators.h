/*-------------------------------------------------------------------------
 *
 * technical_indicators.h
 *		Candles of a series in order of time, and the rows of their indicators.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_TECHNICAL_INDICATORS_H
#define CA_TECHNICAL_INDICATORS_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "utils/tuplestore.h"

#include "indicators/kernel/block.h"

/* what technical_indicators() has requests for */
#define CA_SERIES_INDICATORS 15

/* a candle that waits for its block to be full */
typedef struct CaSeriesCandle
{
	TimestampTz time;
	bool wanted; /* it has a row */
	int close;   /* where its close is among those that are kept */
} CaSeriesCandle;

typedef struct CaSeriesRows
{
	CaRequest requests[CA_SERIES_INDICATORS];
	size_t engine_size;
	CaEngine *engine;
	CaBlock *block;
	int count; /* candles that wait */
	CaBar bars[CA_BLOCK_BARS];
	CaSeriesCandle candles[CA_BLOCK_BARS];
	StringInfoData closes; /* numerics as they were read */
	Tuplestorestate *rows;
	TupleDesc row_type;
} CaSeriesRows;

extern void ca_series_init(CaSeriesRows *series, CaConvention convention,
						   Tuplestorestate *rows, TupleDesc row_type);
extern void ca_series_add(CaSeriesRows *series, const CaBar *bar);
extern void ca_series_add_row(CaSeriesRows *series, const CaBar *bar,
							  TimestampTz time, Datum close);
extern void ca_series_flush(CaSeriesRows *series);
extern void ca_series_reset(CaSeriesRows *series);

#endif /* CA_TECHNICAL_INDICATORS_H */
