/*-------------------------------------------------------------------------
 *
 * rollup_group.h
 *		The stored candles of one source timeframe that one target candle is
 *		made of, merged as they are read.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_GROUP_H
#define CA_ROLLUP_GROUP_H

#include "postgres.h"

#include "candle/candlestick_state.h"
#include "candle/kernel/cover.h"
#include "base/timeframe.h"

/* what identifies a group; without padding, because it is hashed as bytes */
typedef struct CaRollupGroupKey
{
	TimestampTz start; /* of the target candle */
	int32 asset;
	int32 source; /* index of a timeframe */
} CaRollupGroupKey;

/* the last market_cap known, and when */
typedef struct CaMarketCap
{
	bool known;
	TimestampTz time;
	CaDecimal value;
} CaMarketCap;

typedef struct CaRollupGroup
{
	CaRollupGroupKey key;
	CaMarketCap market_cap;
	struct varlena *state; /* the candle where it does not fit, else NULL */
	CaCandle64 candle;     /* the candle where it fits */
	int nbits;    /* how many source candles the target candle has room for */
	uint64 bits;  /* which of them exist, when 64 bits are enough */
	uint64 *more; /* the same when they are not, else NULL */
} CaRollupGroup;

/* a stored candle; numerics as they are stored */
typedef struct CaStoredCandle
{
	int32 asset;
	const CaTimeframe *timeframe;
	TimestampTz time;
	Datum prices[4];
	Datum volume;
	Datum market_cap;
	bool has_volume;
	bool has_market_cap;
} CaStoredCandle;

/* a finished group */
typedef struct CaRollupGroupResult
{
	CaRollupGroupKey key;
	CaMarketCap market_cap;
	CaCandle candle;
	int nbits;             /* how many source candles there could be */
	const uint64 *present; /* which of them exist, one bit each */
} CaRollupGroupResult;

extern void ca_rollup_group_merge(CaRollupGroup *group, bool found,
								  const CaStoredCandle *stored,
								  MemoryContext context,
								  MemoryContext row_context);
extern void ca_rollup_group_market_cap(CaRollupGroup *group, TimestampTz time,
									   Datum value, MemoryContext context);
extern void ca_rollup_group_present(CaRollupGroup *group,
									const CaTimeframe *timeframe,
									const int64 *times, int ntimes);
extern int ca_rollup_group_order(const void *one, const void *other);
extern void ca_rollup_group_merge_result(CaRollupGroupResult *into,
										 const CaRollupGroupResult *from);

static inline uint64 *
ca_rollup_group_bits(CaRollupGroup *group)
{
	return group->more != NULL ? group->more : &group->bits;
}

#endif /* CA_ROLLUP_GROUP_H */
