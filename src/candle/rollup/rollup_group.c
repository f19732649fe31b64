/*-------------------------------------------------------------------------
 *
 * rollup_group.c
 *		Merging stored candles into the group of their target candle.
 *
 * A group is a CaCandle64 as long as its candles are small decimals; otherwise
 * it is a state of candlestick_agg.  The results are the same.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "candle/candlestick_agg.h"
#include "candle/rollup/rollup_group.h"
#include "numeric/numeric.h"
#include "numeric/numeric_decimal64.h"

/* copy a value so that it outlives its row */
static CaDecimal
keep_decimal(MemoryContext context, CaDecimal decimal)
{
	if (decimal.is_wide)
	{
		MemoryContext old = MemoryContextSwitchTo(context);

		decimal.u.wide = DatumGetPointer(
			datumCopy(PointerGetDatum(decimal.u.wide), false, -1));
		MemoryContextSwitchTo(old);
	}
	return decimal;
}

/* the later market_cap counts; of two at the same time, the higher */
static bool
market_cap_is_later(const CaMarketCap *new, const CaMarketCap *old)
{
	if (!old->known || new->time != old->time)
		return !old->known || new->time > old->time;
	return ca_decimal_order(&new->value, &old->value) > 0;
}

/* merge the candle and the market_cap of a result into those of another */
void
ca_rollup_group_merge_result(CaRollupGroupResult *into,
							 const CaRollupGroupResult *from)
{
	ca_candle_merge(&into->candle, &from->candle);
	if (from->market_cap.known &&
		market_cap_is_later(&from->market_cap, &into->market_cap))
		into->market_cap = from->market_cap;
}

/* merge a market_cap into a group, which keeps its data in "context" */
void
ca_rollup_group_market_cap(CaRollupGroup *group, TimestampTz time, Datum value,
						   MemoryContext context)
{
	CaMarketCap new = {true, time,
					   ca_candlestick_agg_read_numeric(value, "price")};

	if (market_cap_is_later(&new, &group->market_cap))
	{
		new.value = keep_decimal(context, new.value);
		group->market_cap = new;
	}
}

/* merge any candle into its group, with the kernel for all decimals */
static void
add_slowly(CaRollupGroup *group, bool found, const CaStoredCandle *stored,
		   MemoryContext context, MemoryContext row_context)
{
	MemoryContext old = MemoryContextSwitchTo(row_context);
	struct varlena *state = group->state;
	CaCandle candle;
	CaCandle sum;

	ca_candlestick_agg_read_bar_numerics(&candle, stored->time, stored->prices,
										 stored->has_volume ? &stored->volume
															: NULL);
	if (state == NULL && found)
	{
		ca_candle64_to_candle(&group->candle, &sum);
		ca_candle_merge(&sum, &candle);
		candle = sum;
	}
	if (state != NULL || !ca_candle64_from_candle(&group->candle, &candle))
	{
		state = ca_candlestick_state_merge(state, &candle);
		if (state != group->state)
		{
			if (group->state != NULL)
				pfree(group->state);
			MemoryContextSwitchTo(context);
			group->state = (struct varlena *) DatumGetPointer(
				datumCopy(PointerGetDatum(state), false, -1));
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(row_context);
}

/*
 * Merge a candle of small decimals into a group that is a CaCandle64, or start
 * the group with it; false where that cannot be done.
 */
static inline bool
add_small(CaRollupGroup *group, bool found, const CaStoredCandle *stored)
{
	CaDecimal64 prices[4];
	CaDecimal64 volume;

	if (group->state != NULL || TIMESTAMP_NOT_FINITE(stored->time))
		return false;
	for (int i = 0; i < 4; i++)
		if (!ca_decimal64_from_numeric(stored->prices[i], &prices[i]))
			return false;
	if (stored->has_volume &&
		!ca_decimal64_from_numeric(stored->volume, &volume))
		return false;
	if (!found)
		ca_candle64_start(&group->candle, stored->time, prices);
	return ca_candle64_add_bar(&group->candle, stored->time, prices,
							   stored->has_volume ? &volume : NULL);
}

/*
 * Merge a candle into a group, which is empty unless "found".  The group keeps
 * its data in "context"; "row_context" is reset.  Errors: those of
 * candlestick_agg.
 */
void
ca_rollup_group_merge(CaRollupGroup *group, bool found,
					  const CaStoredCandle *stored, MemoryContext context,
					  MemoryContext row_context)
{
	if (!add_small(group, found, stored))
		add_slowly(group, found, stored, context, row_context);
	if (stored->has_market_cap)
		ca_rollup_group_market_cap(group, stored->time, stored->market_cap,
								   context);
}

/* note that a group has candles of these times, which ascend */
void
ca_rollup_group_present(CaRollupGroup *group, const CaTimeframe *timeframe,
						const int64 *times, int ntimes)
{
	uint64 *bits = ca_rollup_group_bits(group);
	int first = (times[0] - group->key.start) / timeframe->usecs;
	int last = (times[ntimes - 1] - group->key.start) / timeframe->usecs;

	if (last - first == ntimes - 1)
	{
		ca_bits_fill(bits, first, last + 1, true);
		return;
	}
	for (int i = 0; i < ntimes; i++)
	{
		int bit = (times[i] - group->key.start) / timeframe->usecs;

		ca_bits_fill(bits, bit, bit + 1, true);
	}
}

/* the order of groups, for qsort(): by asset, target candle, source */
int
ca_rollup_group_order(const void *one, const void *other)
{
	const CaRollupGroupKey *a = &(*(CaRollupGroup *const *) one)->key;
	const CaRollupGroupKey *b = &(*(CaRollupGroup *const *) other)->key;

	if (a->asset != b->asset)
		return a->asset < b->asset ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->source - b->source;
}
