/*-------------------------------------------------------------------------
 *
 * rollup_segment.c
 *		Merging the candles of a segment into groups, in runs.
 *
 * Consecutive candles of a segment that belong to one target candle are a run.
 * Its columns are summed up, and the result is merged into the group at once.
 * A run that does not fit into a CaCandle64 is merged candle by candle, with
 * the same result.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "utils/memutils.h"

#include "candle/rollup/rollup_segment.h"
#include "segment/codec/scales.h"
#include "segment/read/payload.h"

/* a run of candles in a segment */
typedef struct Run
{
	const CaSegment *segment;
	int from;
	int to; /* the candle after the last one */
} Run;

/*
 * A price of a run as it was shown.  Of equal ones it is the one that
 * ca_decimal64_order() puts last, or first: which = 1, or -1.
 */
static CaDecimal64
shown_price(const Run *run, const CaSegmentNumbers *numbers, int64_t value,
			int which)
{
	CaDecimal64 price = {value, numbers->scale};
	bool found = false;

	if (!numbers->is_mixed)
		return price;
	for (int i = run->from; i < run->to; i++)
		if (numbers->value[i] == value)
		{
			CaDecimal64 shown = ca_segment_shown(numbers, i);

			if (!found || which * ca_decimal64_order(&shown, &price) > 0)
				price = shown;
			found = true;
		}
	return price;
}

/*
 * The prices of a run.  False when they are not small decimals, or when high
 * and low do not bound open and close in one of its candles.
 */
static bool
run_prices(const Run *run, CaDecimal64 prices[4])
{
	const CaSegmentNumbers *number = run->segment->number;
	const int64_t *open = number[CA_SEGMENT_OPEN].value;
	const int64_t *high = number[CA_SEGMENT_HIGH].value;
	const int64_t *low = number[CA_SEGMENT_LOW].value;
	const int64_t *close = number[CA_SEGMENT_CLOSE].value;
	int64_t highest = high[run->from];
	int64_t lowest = low[run->from];
	bool outside = false;

	for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE; i++)
		if (number[i].is_text || number[i].scale > CA_DECIMAL64_SCALE ||
			number[i].scale != number[CA_SEGMENT_OPEN].scale)
			return false;
	for (int i = run->from; i < run->to; i++)
	{
		highest = high[i] > highest ? high[i] : highest;
		lowest = low[i] < lowest ? low[i] : lowest;
		outside |= (high[i] < open[i]) | (high[i] < close[i]) |
				   (low[i] > open[i]) | (low[i] > close[i]);
	}
	if (outside)
		return false;
	prices[CA_SEGMENT_OPEN] =
		ca_segment_shown(&number[CA_SEGMENT_OPEN], run->from);
	prices[CA_SEGMENT_HIGH] =
		shown_price(run, &number[CA_SEGMENT_HIGH], highest, 1);
	prices[CA_SEGMENT_LOW] =
		shown_price(run, &number[CA_SEGMENT_LOW], lowest, -1);
	prices[CA_SEGMENT_CLOSE] =
		ca_segment_shown(&number[CA_SEGMENT_CLOSE], run->to - 1);
	return true;
}

/* give a sum of volumes as many decimals as the one that shows most has */
static void
show_volume(const Run *run, CaTraded *traded)
{
	const CaSegmentNumbers *volume = &run->segment->number[CA_SEGMENT_VOLUME];
	int most = volume->is_mixed ? 0 : volume->scale;

	for (int i = run->from; i < run->to && most < volume->scale; i++)
		if (!volume->has_nulls || !volume->nulls[i])
		{
			int scale = ca_segment_shown(volume, i).scale;

			most = scale > most ? scale : most;
		}
	if (most < volume->scale)
		traded->volume /= ca_decimal64_pow10[volume->scale - most];
	traded->volume_scale = most;
}

/*
 * The volume of a run, and whether any candle has one.  False when it does not
 * fit, or when one is negative.
 */
static bool
run_traded(const Run *run, CaTraded *traded, bool *any)
{
	const CaSegmentNumbers *number = run->segment->number;
	const CaSegmentNumbers *volume = &number[CA_SEGMENT_VOLUME];

	*any = false;
	if (volume->is_text || volume->scale > CA_DECIMAL64_SCALE)
		return false;
	traded->volume = 0;
	traded->notional3 = 0;
	traded->notional3_scale = number[CA_SEGMENT_CLOSE].scale + volume->scale;
	for (int i = run->from; i < run->to; i++)
	{
		int64_t price3;
		CaInt128 notional3;

		if (volume->has_nulls && volume->nulls[i])
			continue;
		*any = true;
		if (volume->value[i] < 0 ||
			__builtin_add_overflow(number[CA_SEGMENT_HIGH].value[i],
								   number[CA_SEGMENT_LOW].value[i], &price3) ||
			__builtin_add_overflow(price3, number[CA_SEGMENT_CLOSE].value[i],
								   &price3) ||
			__builtin_mul_overflow(price3, volume->value[i], &notional3) ||
			__builtin_add_overflow(traded->volume, volume->value[i],
								   &traded->volume) ||
			__builtin_add_overflow(traded->notional3, notional3,
								   &traded->notional3))
			return false;
	}
	show_volume(run, traded);
	return true;
}

/*
 * merge a run into a CaCandle64; false, and nothing changed, where that cannot
 * be done
 */
static bool
merge_run(CaRollupGroup *group, bool found, const Run *run)
{
	int64_t time = run->segment->time[run->from];
	CaDecimal64 prices[4];
	CaTraded traded;
	bool any;

	if ((found && group->state != NULL) || !run_prices(run, prices) ||
		!run_traded(run, &traded, &any))
		return false;
	if (!found)
		ca_candle64_start(&group->candle, time, prices);
	return ca_candle64_add_run(&group->candle, time,
							   run->segment->time[run->to - 1], prices,
							   any ? &traded : NULL);
}

/* merge a run candle by candle, as if each came from a row */
static void
merge_candles(CaRollupGroups *groups, CaRollupGroup *group, bool found,
			  CaStoredCandle *stored, const Run *run)
{
	const CaSegmentNumbers *number = run->segment->number;
	MemoryContext context = AllocSetContextCreate(
		CurrentMemoryContext, "candles of a segment", ALLOCSET_SMALL_SIZES);

	for (int i = run->from; i < run->to; i++)
	{
		const CaSegmentNumbers *volume = &number[CA_SEGMENT_VOLUME];
		MemoryContext old = MemoryContextSwitchTo(context);

		stored->time = run->segment->time[i];
		for (int k = CA_SEGMENT_OPEN; k <= CA_SEGMENT_CLOSE; k++)
			stored->prices[k] = ca_segment_number(&number[k], i);
		stored->has_volume = !(volume->has_nulls && volume->nulls[i]);
		if (stored->has_volume)
			stored->volume = ca_segment_number(volume, i);
		MemoryContextSwitchTo(old);
		stored->has_market_cap = false;
		ca_rollup_groups_merge(groups, group, found, stored);
		found = true;
		MemoryContextReset(context);
	}
	MemoryContextDelete(context);
}

/* the last market_cap of a run, if it has any */
static void
merge_market_cap(CaRollupGroups *groups, CaRollupGroup *group, const Run *run)
{
	const CaSegmentNumbers *cap = &run->segment->number[CA_SEGMENT_MARKET_CAP];
	int last = run->to - 1;
	Datum value;

	while (last >= run->from && cap->has_nulls && cap->nulls[last])
		last--;
	if (last < run->from)
		return;
	value = ca_segment_number(cap, last);
	ca_rollup_groups_market_cap(groups, group, run->segment->time[last], value);
	pfree(DatumGetPointer(value));
}

/*
 * Merge the candles of a segment in [from, to) into their groups.  All of its
 * columns of numbers are decoded.  Errors: those of candlestick_agg.
 */
void
ca_rollup_segment_add(CaRollupGroups *groups, int32 asset,
					  const CaTimeframe *timeframe, const CaSegment *segment,
					  int from, int to)
{
	const CaRollupFilter *filter = ca_rollup_groups_filtered(groups);
	CaStoredCandle stored = {.asset = asset, .timeframe = timeframe};
	Run run = {segment, from, from};

	for (; run.from < to; run.from = run.to)
	{
		bool found;
		TimestampTz end;
		CaRollupGroup *group;

		run.to = run.from + 1;
		if (filter != NULL && !ca_rollup_filter_wants(filter, asset, timeframe,
													  segment->time[run.from]))
			continue;
		group = ca_rollup_groups_at(groups, asset, timeframe,
									segment->time[run.from], &found, &end);
		if (group == NULL)
			return;
		while (
			run.to < to && segment->time[run.to] < end &&
			(filter == NULL || ca_rollup_filter_wants(filter, asset, timeframe,
													  segment->time[run.to])))
			run.to++;
		ca_rollup_group_present(group, timeframe, &segment->time[run.from],
								run.to - run.from);
		if (!merge_run(group, found, &run))
			merge_candles(groups, group, found, &stored, &run);
		merge_market_cap(groups, group, &run);
	}
}
