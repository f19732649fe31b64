/*-------------------------------------------------------------------------
 *
 * candlestick_agg.h
 *		What the candle aggregates share: their states as arguments, and how
 *		they read candles.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CANDLESTICK_AGG_H
#define CA_CANDLESTICK_AGG_H

#include "postgres.h"

#include "fmgr.h"

#include "candle/candlestick_state.h"

extern CaDecimal ca_candlestick_agg_read_numeric(Datum value, const char *what);
extern void ca_candlestick_agg_read_bar(CaCandle *candle, int64 time,
										const CaDecimal prices[4],
										const CaDecimal *volume);
extern void ca_candlestick_agg_read_bar_numerics(CaCandle *candle, int64 time,
												 const Datum prices[4],
												 const Datum *volume);
extern struct varlena *ca_candlestick_agg_state(FunctionCallInfo fcinfo,
												int argument);
extern Datum ca_candlestick_agg_add(FunctionCallInfo fcinfo,
									const CaCandle *row);
extern Datum ca_candlestick_agg_unchanged(FunctionCallInfo fcinfo);

#endif /* CA_CANDLESTICK_AGG_H */
