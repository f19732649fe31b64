/*-------------------------------------------------------------------------
 *
 * rows.h
 *		Conversion of candles between rows of the tables and segments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_TABLE_ROWS_H
#define CA_SEGMENT_TABLE_ROWS_H

#include "postgres.h"

#include "segment/codec/builder.h"

/*
 * The columns of price_data, price_data_archive and price_data_compressed as indexes
 * of arrays; CA_COMPRESSED_... are their attribute numbers.
 */
enum
{
	CA_ROW_ID,
	CA_ROW_ASSET,
	CA_ROW_TIMEFRAME,
	CA_ROW_OPEN,
	CA_ROW_HIGH,
	CA_ROW_LOW,
	CA_ROW_CLOSE,
	CA_ROW_VOLUME,
	CA_ROW_MARKET_CAP,
	CA_ROW_INDICATORS,
	CA_ROW_TIME,
	CA_ROW_CREATED,
	CA_ROW_COLUMNS
};

/* their names, in that order */
#define CA_ROW_NAMES                                                            \
	"id, asset_id, timeframe, open_price, high_price, low_price, close_price, " \
	"volume, market_cap, technical_indicators, candle_time, created_at"

/* a candle of a series */
typedef struct CaRow
{
	CaBuilderCandle candle;
	bool has_indicators;
	Datum indicators; /* a jsonb */
} CaRow;

extern void ca_row_from_values(const Datum *values, const bool *nulls,
							   CaRow *row);
extern void ca_row_to_values(const CaRow *row, Datum *values, bool *nulls);
extern void ca_row_keep(CaRow *row);

#endif /* CA_SEGMENT_TABLE_ROWS_H */
