/*-------------------------------------------------------------------------
 *
 * candlestick_agg.h
 *		What the transition functions of the candle aggregates share, and how
 *		they read candles.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CANDLESTICK_AGG_H
#define CA_CANDLESTICK_AGG_H

#include "postgres.h"

#include "fmgr.h"

#include "candle/candlestick_state.h"

extern CaDecimal ca_candle_read_numeric(Datum value, const char *what);
extern void ca_candle_read_bar(CaCandle *candle, int64 time,
							   const CaDecimal prices[4],
							   const CaDecimal *volume);
extern void ca_candle_bar_from_numerics(CaCandle *candle, int64 time,
										const Datum prices[4],
										const Datum *volume);
extern struct varlena *ca_candle_state_argument(FunctionCallInfo fcinfo,
												int argument);
extern Datum ca_candle_state_add(FunctionCallInfo fcinfo, const CaCandle *row);
extern Datum ca_candle_state_unchanged(FunctionCallInfo fcinfo);

#endif /* CA_CANDLESTICK_AGG_H */
