/*-------------------------------------------------------------------------
 *
 * rollup_groups.h
 *		Stored candles grouped by asset, target candle and source timeframe.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_GROUPS_H
#define CA_ROLLUP_GROUPS_H

#include "postgres.h"

#include "candle/candlestick_state.h"
#include "candle/kernel/cover.h"
#include "base/timeframe.h"

/* what a group is of; without padding, because it is hashed as bytes */
typedef struct CaGroupKey
{
	TimestampTz start; /* of the target candle */
	int32 asset;
	int32 source; /* index of a timeframe */
} CaGroupKey;

/* the last market_cap known, and when */
typedef struct CaMarketCap
{
	bool known;
	TimestampTz time;
	CaDecimal value;
} CaMarketCap;

typedef struct CaGroup
{
	CaGroupKey key;
	CaMarketCap market_cap;
	struct varlena *state; /* the candle, where it is not compact */
	CaCandle64 candle;
	int nbits;    /* how many source candles the target candle has room for */
	uint64 bits;  /* which of them are there, when 64 bits are enough */
	uint64 *more; /* and when not */
} CaGroup;

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

typedef struct CaGroups CaGroups;
typedef struct CaFilter CaFilter;

/* one target candle of an asset, of one source */
typedef struct CaGroupResult
{
	CaGroupKey key;
	CaMarketCap market_cap;
	CaCandle candle;
	int nbits;             /* how many source candles there could be */
	const uint64 *present; /* which of them there are, one bit each */
} CaGroupResult;

extern CaGroups *ca_groups_make(const CaTimeframe *target, const int32 *assets,
								int nassets, Size memory_limit);
extern CaGroup *ca_groups_at(CaGroups *groups, int32 asset,
							 const CaTimeframe *timeframe, TimestampTz time,
							 bool *found, TimestampTz *end);
extern void ca_groups_filter(CaGroups *groups, const CaFilter *filter);
extern const CaFilter *ca_groups_filtered(const CaGroups *groups);
extern void ca_groups_merge(CaGroups *groups, CaGroup *group, bool found,
							const CaStoredCandle *stored);
extern void ca_groups_market_cap(CaGroups *groups, CaGroup *group,
								 TimestampTz time, Datum value);
extern void ca_groups_add(CaGroups *groups, const CaStoredCandle *stored);
extern void ca_groups_finish(CaGroups *groups);
extern const CaGroupKey *ca_groups_peek(const CaGroups *groups);
extern void ca_groups_next(CaGroups *groups, CaGroupResult *result);

/* one of them, in rollup_group.c */
extern void ca_group_merge(CaGroup *group, bool found,
						   const CaStoredCandle *stored, MemoryContext context,
						   MemoryContext row_context);
extern void ca_groups_present(CaGroup *group, const CaTimeframe *timeframe,
							  const int64 *times, int ntimes);
extern int ca_group_order(const void *one, const void *other);
extern void ca_result_merge(CaGroupResult *into, const CaGroupResult *from);
extern void ca_group_market_cap(CaGroup *group, TimestampTz time, Datum value,
								MemoryContext context);
extern bool ca_market_cap_is_later(const CaMarketCap *new,
								   const CaMarketCap *old);

static inline uint64 *
ca_group_bits(CaGroup *group)
{
	return group->more != NULL ? group->more : &group->bits;
}

/* which candles are taken, in rollup_filter.c */
extern CaFilter *ca_filter_make(const CaTimeframe *target);
extern void ca_filter_add(CaFilter *filter, const CaGroupKey *key,
						  const uint64 *wanted);
extern bool ca_filter_wants(const CaFilter *filter, int32 asset,
							const CaTimeframe *timeframe, TimestampTz time);

/* groups that left memory, in rollup_spill.c */
typedef struct CaSpill CaSpill;

extern CaSpill *ca_spill_begin(int memory_kb);
extern void ca_spill_put(CaSpill *spill, CaGroup *group);
extern void ca_spill_sort(CaSpill *spill);
extern const CaGroupKey *ca_spill_peek(const CaSpill *spill);
extern void ca_spill_next(CaSpill *spill, CaGroupResult *result);

#endif /* CA_ROLLUP_GROUPS_H */
