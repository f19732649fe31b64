/*-------------------------------------------------------------------------
 *
 * indicator_rows.c
 *		The indicators of candles in order of time, as rows of a tuplestore.
 *
 * The indicators see every candle.  Candles wait until they fill a block; the block
 * goes through the kernels at once and then becomes rows.
 *
 * Memory: the states of the indicators and one block, some 0.2 MB.  The rows take
 * up to work_mem and go to disk beyond that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/timestamp.h"

#include "indicators/indicator_rows.h"

/* columns before the values of a row */
#define ROW_TIME 0
#define ROW_CLOSE 1
#define FIRST_VALUE 2
#define ROW_COLUMNS 24

/* an indicator of the row, and which of its values become columns */
typedef struct RowIndicator
{
	const CaIndicator *indicator;
	int period; /* 0: the default periods */
	int ncolumns;
	int columns[CA_MAX_VALUES];
} RowIndicator;

static const RowIndicator row_indicators[] = {
	{&ca_rsi, 7, 1, {0}},
	{&ca_rsi, 14, 1, {0}},
	{&ca_sma, 20, 1, {0}},
	{&ca_sma, 50, 1, {0}},
	{&ca_sma, 100, 1, {0}},
	{&ca_sma, 200, 1, {0}},
	{&ca_ema, 20, 1, {0}},
	{&ca_ema, 50, 1, {0}},
	{&ca_ema, 100, 1, {0}},
	{&ca_ema, 200, 1, {0}},
	{&ca_macd, 0, 3, {CA_MACD_VALUE, CA_MACD_SIGNAL, CA_MACD_HISTOGRAM}},
	{&ca_bollinger,
	 0,
	 3,
	 {CA_BOLLINGER_UPPER, CA_BOLLINGER_LOWER, CA_BOLLINGER_BANDWIDTH}},
	{&ca_atr, 0, 1, {0}},
	{&ca_adx, 0, 3, {CA_ADX_ADX, CA_ADX_DI_PLUS, CA_ADX_DI_MINUS}},
	{&ca_stochastic, 0, 2, {CA_STOCHASTIC_K, CA_STOCHASTIC_D}}};

StaticAssertDecl(lengthof(row_indicators) == CA_ROW_INDICATORS,
				 "a request for each indicator of the row");

/* let every indicator start again */
static void
reset_indicators(CaIndicatorRows *series)
{
	memset(series->indicators, 0, series->indicators_size);
	ca_series_indicators_init(series->indicators, series->requests,
							  CA_ROW_INDICATORS);
}

/*
 * Start a series whose rows go to a tuplestore, in the current memory context.
 */
void
ca_indicator_rows_init(CaIndicatorRows *series, CaConvention convention,
					   Tuplestorestate *rows, TupleDesc row_type)
{
	if (row_type->natts != ROW_COLUMNS)
		elog(ERROR, "technical_indicators must return %d columns", ROW_COLUMNS);
	for (int i = 0; i < CA_ROW_INDICATORS; i++)
	{
		const RowIndicator *wanted = &row_indicators[i];
		CaRequest *request = &series->requests[i];

		request->indicator = ca_cpu_indicator(wanted->indicator);
		request->parameters = wanted->indicator->defaults;
		request->parameters.convention = convention;
		if (wanted->period != 0)
			request->parameters.periods[0] = wanted->period;
	}
	series->indicators_size =
		ca_series_indicators_size(series->requests, CA_ROW_INDICATORS);
	series->indicators = palloc(series->indicators_size);
	reset_indicators(series);
	series->block = ca_bar_block_init(
		palloc(ca_bar_block_size(CA_ROW_INDICATORS)), ca_cpu_columns());
	series->count = 0;
	initStringInfo(&series->closes);
	series->rows = rows;
	series->row_type = row_type;
}

/* the values as of the t-th candle of the block */
static void
put_values(const CaIndicatorRows *series, int t, Datum *columns, bool *nulls)
{
	int column = FIRST_VALUE;

	for (int i = 0; i < CA_ROW_INDICATORS; i++)
	{
		const RowIndicator *wanted = &row_indicators[i];

		for (int k = 0; k < wanted->ncolumns; k++, column++)
		{
			double value;

			nulls[column] = !ca_bar_block_value(series->block, i,
												wanted->columns[k], t, &value);
			if (!nulls[column] && !isfinite(value))
				float_overflow_error();
			columns[column] = Float8GetDatum(value);
		}
	}
	Assert(column == ROW_COLUMNS);
}

/*
 * Let the indicators see the waiting candles, and make their rows.
 */
void
ca_indicator_rows_flush(CaIndicatorRows *series)
{
	ca_bar_block_run(series->indicators, series->block, series->bars,
					 series->count);
	for (int t = 0; t < series->count; t++)
	{
		const CaWaitingCandle *candle = &series->candles[t];
		Datum columns[ROW_COLUMNS];
		bool nulls[ROW_COLUMNS] = {false};

		if (!candle->wanted)
			continue;
		columns[ROW_TIME] = TimestampTzGetDatum(candle->time);
		columns[ROW_CLOSE] =
			PointerGetDatum(series->closes.data + candle->close);
		put_values(series, t, columns, nulls);
		tuplestore_putvalues(series->rows, series->row_type, columns, nulls);
	}
	series->count = 0;
	resetStringInfo(&series->closes);
}

/*
 * Take the next candle, which gets no row.
 */
void
ca_indicator_rows_skip(CaIndicatorRows *series, const CaBar *bar)
{
	if (series->count == CA_BLOCK_BARS)
		ca_indicator_rows_flush(series);
	series->bars[series->count] = *bar;
	series->candles[series->count].wanted = false;
	series->count++;
}

/*
 * Take the next candle, which gets a row with the close as read.
 */
void
ca_indicator_rows_add(CaIndicatorRows *series, const CaBar *bar,
					  TimestampTz time, Datum close)
{
	StringInfo closes = &series->closes;
	int size = (int) VARSIZE_ANY(DatumGetPointer(close));
	CaWaitingCandle *candle;

	ca_indicator_rows_skip(series, bar);
	candle = &series->candles[series->count - 1];
	candle->time = time;
	candle->wanted = true;
	candle->close = closes->len;
	enlargeStringInfo(closes, (int) MAXALIGN(size));
	memcpy(closes->data + closes->len, DatumGetPointer(close), size);
	closes->len += (int) MAXALIGN(size);
}

/*
 * Let every indicator start again with the next candle.
 */
void
ca_indicator_rows_reset(CaIndicatorRows *series)
{
	ca_indicator_rows_flush(series);
	reset_indicators(series);
}
