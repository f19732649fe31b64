/*-------------------------------------------------------------------------
 *
 * candle64.h
 *		A candle of small decimals, and rows merged into it.
 *
 * A CaCandle64 takes half the memory of a CaCandle, and merges a row in a fraction
 * of the time.  It refuses what it cannot hold and stays as it was; the caller then
 * goes on with ca_candle_merge(), to the same result.  candle.h has the rules.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CANDLE64_H
#define CA_CANDLE64_H

#include "candle/kernel/candle.h"
#include "number/decimal64.h"

typedef struct CaCandle64
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
	CaInt128 volume;
	CaInt128 notional3;
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
} CaCandle64;

/* a volume, and three times the notional it stands for; both exact */
typedef struct CaTraded
{
	CaInt128 volume;
	CaInt128 notional3;
	int volume_scale;
	int notional3_scale;
} CaTraded;

extern bool ca_candle64_from_candle(CaCandle64 *candle64,
									const CaCandle *candle);
extern void ca_candle64_to_candle(const CaCandle64 *candle64, CaCandle *candle);
extern void ca_candle64_start(CaCandle64 *candle, int64_t time,
							  const CaDecimal64 prices[4]);
extern bool ca_candle64_add_bar(CaCandle64 *candle, int64_t time,
								const CaDecimal64 prices[4],
								const CaDecimal64 *volume);
extern bool ca_candle64_add_run(CaCandle64 *candle, int64_t time, int64_t end,
								const CaDecimal64 prices[4],
								const CaTraded *traded);
extern bool ca_candle64_add_trade(CaCandle64 *candle, int64_t time,
								  const int64_t *sequence,
								  const CaDecimal64 *price,
								  const CaDecimal64 *volume);

#endif /* CA_CANDLE64_H */
