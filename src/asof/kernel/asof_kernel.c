/*-------------------------------------------------------------------------
 *
 * asof_kernel.c
 *		The last candle before each of many moments, with candles in any order.
 *
 * The sorted moments of a series cut time into slots.  A candle falls into the
 * slot that ends with the first moment after it; in each slot only the last
 * candle counts.  When all candles have been seen, the answer for a moment is
 * the candle of its own slot, or else of the nearest earlier slot that has
 * one.
 *
 * So the candles are read once, in any order, and memory is proportional to
 * the number of moments.  Candles mostly come in order of time, so the search
 * for a slot starts at the previous one, in steps that double.
 *
 * The caller keeps the prices of the candles in an array of its own, one for
 * each slot.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "asof/kernel/asof_kernel.h"

#include <stdbool.h>
#include <stdlib.h>

/* the slot has no candle; no candle can start then */
#define NOTHING INT64_MIN

static int
compare_slots(const void *a, const void *b)
{
	const CaAsOfSlot *x = a;
	const CaAsOfSlot *y = b;

	if (x->series != y->series)
		return x->series < y->series ? -1 : 1;
	if (x->before != y->before)
		return x->before < y->before ? -1 : 1;
	return 0;
}

/*
 * Sort the slots by series and moment, and set the range of each series; every
 * series has a slot.
 */
void
ca_asof_sort(CaAsOfSlot *slots, uint32_t n, CaAsOfRange *ranges)
{
	qsort(slots, n, sizeof(CaAsOfSlot), compare_slots);
	for (uint32_t i = 0; i < n; i++)
	{
		CaAsOfRange *range = &ranges[slots[i].series];

		slots[i].latest = NOTHING;
		if (i == 0 || slots[i - 1].series != slots[i].series)
			range->first = range->hint = i;
		range->end = i + 1;
	}
}

/* the first slot of the series that ends after that time, or the end */
static uint32_t
find_slot(const CaAsOfSlot *slots, const CaAsOfRange *range, int64_t time)
{
	uint32_t low = range->first;
	uint32_t high = range->end;
	uint32_t at = range->hint;
	uint32_t step = 1;

	/* slots below low end too early; high and those above do not */
	if (at < high && slots[at].before <= time)
	{
		low = at + 1;
		while (step < high - low && slots[low + step - 1].before <= time)
		{
			low += step;
			step *= 2;
		}
		if (step < high - low)
			high = low + step - 1;
	}
	else
	{
		high = at;
		while (step < high - low && slots[high - step].before > time)
		{
			high -= step;
			step *= 2;
		}
		if (step < high - low)
			low = high - step + 1;
	}
	while (low < high)
	{
		uint32_t middle = low + (high - low) / 2;

		if (slots[middle].before <= time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/*
 * Take a candle of the series.  Returns the slot whose last candle it is so
 * far, or CA_ASOF_NO_SLOT if no row needs it.
 */
uint32_t
ca_asof_offer(CaAsOfSlot *slots, CaAsOfRange *range, int64_t time)
{
	uint32_t at = find_slot(slots, range, time);

	range->hint = at;
	if (at == range->end || time <= slots[at].latest)
		return CA_ASOF_NO_SLOT;
	slots[at].latest = time;
	return at;
}

/*
 * The slot whose last candle so far starts at that time, or CA_ASOF_NO_SLOT.
 */
uint32_t
ca_asof_find(const CaAsOfSlot *slots, CaAsOfRange *range, int64_t time)
{
	uint32_t at = find_slot(slots, range, time);

	range->hint = at;
	if (at == range->end || slots[at].latest != time)
		return CA_ASOF_NO_SLOT;
	return at;
}

/*
 * Set the slot that has the answer for each row that asks, when all candles
 * have been taken.  Rows without an answer are left unchanged.
 */
void
ca_asof_settle(const CaAsOfSlot *slots, uint32_t n, uint32_t *found)
{
	uint32_t last = CA_ASOF_NO_SLOT;

	for (uint32_t i = 0; i < n; i++)
	{
		if (i > 0 && slots[i - 1].series != slots[i].series)
			last = CA_ASOF_NO_SLOT;
		if (slots[i].latest != NOTHING)
			last = i;
		if (last != CA_ASOF_NO_SLOT)
			found[slots[i].row] = last;
	}
}
