/*-------------------------------------------------------------------------
 *
 * candle.h
 *		The candle kernel: what a candlestick is and how two become one.
 *
 * Everything is a merge.  A trade is a candle of one trade, a stored candle is
 * a candle, a partial aggregate is a candle.  Two candles merge by these rules:
 *
 *		open		the earlier open, close the later close, in the order of ticks:
 *					by time, then by sequence, then by price.  A tick without a
 *					sequence comes before those with one; of two prices the lower
 *					comes first
 *		high		the greater high, low the lower low
 *		volume		the exact sum, and so the notional; an unknown volume does not
 *					count
 *		trades		the sum; unknown if either number is, or if the sum does not
 *					fit into 64 bits
 *
 * Prices compare by value; of equal values the one with fewer decimals is the
 * lower.  So a merge is associative and does not depend on the order of its
 * arguments: trades may come in any order and through any number of workers.
 *
 * ca_candle_merge() does this for any decimals, candle64.c for small ones, faster.
 * Both take the rules for ticks and trades from here, and test/kernel/candle shows
 * that their results are the same.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CANDLE_H
#define CA_CANDLE_H

#include <stddef.h>

#include "number/decimal.h"

/* a price, and its order among others: by time, sequence, then price */
typedef struct CaTick
{
	int64_t time;     /* microseconds */
	int64_t sequence; /* meaningless without has_sequence */
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
	CaDecimal volume;    /* sum of the known volumes */
	CaDecimal notional3; /* three times sum(price * volume), exact */
	bool has_trades;     /* the number of trades is known */
	int64_t trades;
} CaCandle;

/*
 * The order of two ticks, negative when the first comes before the second; its
 * sequence may be NULL.  False when time and sequence leave it to the prices.
 */
static inline bool
ca_tick_order(int64_t time, const int64_t *sequence, int64_t other_time,
			  bool other_has_sequence, int64_t other_sequence, int *order)
{
	if (time != other_time)
		*order = time < other_time ? -1 : 1;
	else if ((sequence != NULL) != other_has_sequence)
		*order = other_has_sequence ? -1 : 1;
	else if (sequence != NULL && *sequence != other_sequence)
		*order = *sequence < other_sequence ? -1 : 1;
	else
		return false;
	return true;
}

/*
 * Add to a number of trades; "known" says whether both numbers are.  Returns whether
 * the sum is known; if not, it is set to 0.
 */
static inline bool
ca_trades_add(bool known, int64_t *trades, int64_t more)
{
	known = known && !__builtin_add_overflow(*trades, more, trades);
	if (!known)
		*trades = 0;
	return known;
}

extern void ca_candle_from_trade(CaCandle *candle, const CaTick *tick,
								 const CaDecimal *volume);
extern bool ca_candle_from_bar(CaCandle *candle, int64_t time,
							   const CaDecimal prices[4],
							   const CaDecimal *volume);
extern void ca_candle_merge(CaCandle *into, const CaCandle *from);
extern bool ca_candle_vwap(const CaCandle *candle, CaDecimal *vwap);
extern void ca_candle_set_vwap(CaCandle *candle, const CaDecimal *vwap);

#endif /* CA_CANDLE_H */
