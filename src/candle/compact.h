/*-------------------------------------------------------------------------
 *
 * compact.h
 *		A candle whose decimals are small, and rows merged into it.
 *
 * A CaCompact stands for a CaCandle in half the memory, and takes a row in a
 * fraction of the time.  Whatever it cannot hold is refused and leaves it as it
 * was; the caller then goes on with ca_candle_merge(), to the same result.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_COMPACT_H
#define CA_COMPACT_H

#include "candle/candlestick.h"
#include "small.h"

typedef struct CaCompact
{
	int64_t open_time;
	int64_t close_time;
	int64_t open_sequence;
	int64_t close_sequence;
	int64_t trades;
	int64_t open;
	int64_t high;
	int64_t low;
	int64_t close;
	CaFixed volume;
	CaFixed notional3;
	uint8_t open_scale;
	uint8_t high_scale;
	uint8_t low_scale;
	uint8_t close_scale;
	uint8_t volume_scale;
	uint8_t notional3_scale;
	bool open_has_sequence : 1;
	bool close_has_sequence : 1;
	bool has_volume : 1;
	bool has_trades : 1;
} CaCompact;

/* a volume, and three times its value; both exact */
typedef struct CaTraded
{
	CaFixed volume;
	CaFixed notional3;
	int volume_scale;
	int notional3_scale;
} CaTraded;

extern bool ca_compact_from_candle(CaCompact *compact, const CaCandle *candle);
extern void ca_compact_to_candle(const CaCompact *compact, CaCandle *candle);
extern void ca_compact_start(CaCompact *compact, int64_t time,
							 const CaSmall prices[4]);
extern bool ca_compact_add_bar(CaCompact *compact, int64_t time,
							   const CaSmall prices[4], const CaSmall *volume);
extern bool ca_compact_add_run(CaCompact *compact, int64_t time, int64_t end,
							   const CaSmall prices[4], const CaTraded *traded);
extern bool ca_compact_add_trade(CaCompact *compact, int64_t time,
								 const int64_t *sequence, const CaSmall *price,
								 const CaSmall *volume);

#endif /* CA_COMPACT_H */
