/*-------------------------------------------------------------------------
 *
 * indicator_rows.h
 *		Candles of a series in order of time, and the rows of
 *		technical_indicators() for them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_INDICATOR_ROWS_H
#define CA_INDICATOR_ROWS_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "lib/stringinfo.h"
#include "utils/tuplestore.h"

#include "indicators/kernel/bar_block.h"

/* requests of technical_indicators() */
#define CA_ROW_INDICATORS 15

/* a candle that waits until the block is full */
typedef struct CaWaitingCandle
{
	TimestampTz time;
	bool wanted; /* it has a row */
	int close;   /* offset of its close in "closes" */
} CaWaitingCandle;

typedef struct CaIndicatorRows
{
	CaRequest requests[CA_ROW_INDICATORS];
	size_t indicators_size;
	CaSeriesIndicators *indicators;
	CaBarBlock *block;
	int count; /* waiting candles */
	CaBar bars[CA_BLOCK_BARS];
	CaWaitingCandle candles[CA_BLOCK_BARS];
	StringInfoData closes; /* numerics as read, one after another */
	Tuplestorestate *rows;
	TupleDesc row_type;
} CaIndicatorRows;

extern void ca_indicator_rows_init(CaIndicatorRows *series,
								   CaConvention convention,
								   Tuplestorestate *rows, TupleDesc row_type);
extern void ca_indicator_rows_skip(CaIndicatorRows *series, const CaBar *bar);
extern void ca_indicator_rows_add(CaIndicatorRows *series, const CaBar *bar,
								  TimestampTz time, Datum close);
extern void ca_indicator_rows_flush(CaIndicatorRows *series);
extern void ca_indicator_rows_reset(CaIndicatorRows *series);

#endif /* CA_INDICATOR_ROWS_H */
