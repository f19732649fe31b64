/*-------------------------------------------------------------------------
 *
 * technical_indicators_rows.c
 *		The indicators of candles in order of time, as rows of a tuplestore.
 *
 * One engine sees every candle.  Candles wait until there is a block of them,
 * which goes through the kernels at once and then becomes rows.
 *
 * Memory: that of the engine and of a block, some 0.2 MB.  The rows are within
 * work_mem and on disk beyond that.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "utils/float.h"
#include "utils/timestamp.h"

#include "indicators/technical_indicators.h"

/* what comes before the values in a row */
#define ROW_TIME 0
#define ROW_CLOSE 1
#define FIRST_VALUE 2
#define ROW_COLUMNS 24

/* an indicator of the row, and which of its values are columns, in order */
typedef struct SeriesIndicator
{
	const CaIndicator *indicator;
	int period; /* 0: the usual ones */
	int ncolumns;
	int columns[CA_MAX_VALUES];
} SeriesIndicator;

static const SeriesIndicator series_indicators[] = {
	{&ca_rsi, 7, 1, {0}},          {&ca_rsi, 14, 1, {0}},
	{&ca_sma, 20, 1, {0}},         {&ca_sma, 50, 1, {0}},
	{&ca_sma, 100, 1, {0}},        {&ca_sma, 200, 1, {0}},
	{&ca_ema, 20, 1, {0}},         {&ca_ema, 50, 1, {0}},
	{&ca_ema, 100, 1, {0}},        {&ca_ema, 200, 1, {0}},
	{&ca_macd, 0, 3, {0, 1, 2}},   {&ca_bollinger, 0, 3, {0, 2, 3}},
	{&ca_atr, 0, 1, {0}},          {&ca_adx, 0, 3, {0, 1, 2}},
	{&ca_stochastic, 0, 2, {0, 1}}};

StaticAssertDecl(lengthof(series_indicators) == CA_SERIES_INDICATORS,
				 "a request for each indicator of the row");

/* let every indicator begin anew */
static void
reset_engine(CaSeriesRows *series)
{
	memset(series->engine, 0, series->engine_size);
	ca_engine_init(series->engine, series->requests, CA_SERIES_INDICATORS);
}

/*
 * Begin a series whose rows go to a tuplestore, in the current memory context.
 */
void
ca_series_init(CaSeriesRows *series, CaConvention convention,
			   Tuplestorestate *rows, TupleDesc row_type)
{
	if (row_type->natts != ROW_COLUMNS)
		elog(ERROR, "technical_indicators must return %d columns", ROW_COLUMNS);
	for (int i = 0; i < CA_SERIES_INDICATORS; i++)
	{
		const SeriesIndicator *wanted = &series_indicators[i];
		CaRequest *request = &series->requests[i];

		request->indicator = ca_fastest(wanted->indicator);
		request->parameters = wanted->indicator->defaults;
		request->parameters.convention = convention;
		if (wanted->period != 0)
			request->parameters.periods[0] = wanted->period;
	}
	series->engine_size =
		ca_engine_size(series->requests, CA_SERIES_INDICATORS);
	series->engine = palloc(series->engine_size);
	reset_engine(series);
	series->block = ca_block_init(palloc(ca_block_size(CA_SERIES_INDICATORS)),
								  ca_columns());
	series->count = 0;
	initStringInfo(&series->closes);
	series->rows = rows;
	series->row_type = row_type;
}

/* the values as of the t-th candle of the block */
static void
put_values(const CaSeriesRows *series, int t, Datum *columns, bool *nulls)
{
	int column = FIRST_VALUE;

	for (int i = 0; i < CA_SERIES_INDICATORS; i++)
	{
		const SeriesIndicator *wanted = &series_indicators[i];

		for (int k = 0; k < wanted->ncolumns; k++, column++)
		{
			double value;

			nulls[column] = !ca_block_value(series->block, i,
											wanted->columns[k], t, &value);
			if (!nulls[column] && !isfinite(value))
				float_overflow_error();
			columns[column] = Float8GetDatum(value);
		}
	}
	Assert(column == ROW_COLUMNS);
}

/*
 * Let the engine see the candles that wait, and make their rows.
 */
void
ca_series_flush(CaSeriesRows *series)
{
	ca_engine_run(series->engine, series->block, series->bars, series->count);
	for (int t = 0; t < series->count; t++)
	{
		const CaSeriesCandle *candle = &series->candles[t];
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
 * The next candle, which has no row.
 */
void
ca_series_add(CaSeriesRows *series, const CaBar *bar)
{
	if (series->count == CA_BLOCK_BARS)
		ca_series_flush(series);
	series->bars[series->count] = *bar;
	series->candles[series->count].wanted = false;
	series->count++;
}

/*
 * The next candle and its row, with the close as it was read.
 */
void
ca_series_add_row(CaSeriesRows *series, const CaBar *bar, TimestampTz time,
				  Datum close)
{
	StringInfo closes = &series->closes;
	int size = (int) VARSIZE_ANY(DatumGetPointer(close));
	CaSeriesCandle *candle;

	ca_series_add(series, bar);
	candle = &series->candles[series->count - 1];
	candle->time = time;
	candle->wanted = true;
	candle->close = closes->len;
	enlargeStringInfo(closes, (int) MAXALIGN(size));
	memcpy(closes->data + closes->len, DatumGetPointer(close), size);
	closes->len += (int) MAXALIGN(size);
}

/*
 * Let every indicator begin anew with the next candle.
 */
void
ca_series_reset(CaSeriesRows *series)
{
	ca_series_flush(series);
	reset_engine(series);
}
