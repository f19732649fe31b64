/*-------------------------------------------------------------------------
 *
 * candle.h
 *		The candle kernel: what a candlestick is and how two become one.
 *
 * Everything is a merge.  A trade is a candle of one trade, a stored candle is
 * a candle, a partial aggregate is a candle; ca_candle_merge() is the one place
 * where they meet.  It is associative and does not depend on the order of its
 * arguments, so trades may come in any order and through any number of workers.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CANDLE_H
#define CA_CANDLE_H

#include "number/decimal.h"

/* a price and what orders it among others: time, sequence, then the price */
typedef struct CaTick
{
	int64_t time;     /* microseconds */
	int64_t sequence; /* of no meaning without has_sequence */
	bool has_sequence;
	CaDecimal price;
} CaTick;

typedef struct CaCandle
{
	CaTick open;  /* the earliest */
	CaTick close; /* the latest */
	CaDecimal high;
	CaDecimal low;
	bool has_volume;     /* some row had a volume */
	CaDecimal volume;    /* sum of the volumes known */
	CaDecimal notional3; /* three times sum(price * volume), exact */
	bool has_trades;     /* the number of trades is known */
	int64_t trades;
} CaCandle;

extern void ca_candle_from_trade(CaCandle *candle, const CaTick *tick,
								 const CaDecimal *volume);
extern bool ca_candle_from_bar(CaCandle *candle, int64_t time,
							   const CaDecimal prices[4],
							   const CaDecimal *volume);
extern void ca_candle_merge(CaCandle *into, const CaCandle *from);
extern bool ca_candle_vwap(const CaCandle *candle, CaDecimal *vwap);
extern void ca_candle_set_vwap(CaCandle *candle, const CaDecimal *vwap);

#endif /* CA_CANDLE_H */
