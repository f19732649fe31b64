/*-------------------------------------------------------------------------
 *
 * asof_closes.c
 *		Finds the closes known at many moments, in one pass over the candles
 *		per round.
 *
 * The close known at a moment is that of the last candle that had closed by
 * then, in the finest timeframe whose last candle is not stale.  Rows ask in
 * rounds.  In each round a row asks for the last candle of one series before
 * one time, which asof_kernel.c answers; a row that gets a stale one or none
 * asks for the next timeframe in the next round.  A timeframe whose first
 * candle is later is skipped.
 *
 * A partial candle, rolled up from less than its span, is known only up to the
 * moment that ca_candle_until() gives.  That moment is after the end of the
 * candle before it, so the last candle remains the one to ask for.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "common/int.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "asof/asof_closes.h"

/* the number of the asset's series in a timeframe, a new one if it has none */
static int32
series_number(CaAsOfCloses *closes, CaAsOfAsset *asset, int place)
{
	if (asset->series[place] < 0)
	{
		closes->timeframes[closes->nseries] = ca_timeframe_by_index(place);
		asset->series[place] = closes->nseries++;
	}
	return asset->series[place];
}

/* the oldest start of a candle that is not stale at the moment */
static TimestampTz
oldest_start(const CaAsOfCloses *closes, const CaTimeframe *timeframe,
			 TimestampTz moment)
{
	int64 length =
		timeframe->months != 0 ? 31 * USECS_PER_DAY : timeframe->usecs;
	int64 start;

	if (pg_sub_s64_overflow(moment - length, closes->staleness, &start))
		return DT_NOBEGIN;
	return start;
}

/*
 * Let a row ask for the next timeframe that has a candle by then; false if
 * none is left.
 */
static bool
make_slot(CaAsOfCloses *closes, uint32 row)
{
	CaAsOfRow *asked = &closes->rows[row];
	CaAsOfAsset *asset = closes->assets[asked->asset];

	while (asked->place < CA_TIMEFRAMES)
	{
		int place = asked->place++;
		const CaTimeframe *timeframe = ca_timeframe_by_index(place);
		CaAsOfSlot *slot = &closes->slots[closes->nslots];

		if (asset->first[place] >= asked->moment)
			continue;
		slot->before = ca_timeframe_start(
			timeframe, ca_timeframe_ordinal(timeframe, asked->moment));
		if (asset->first[place] >= slot->before)
			continue;
		slot->row = row;
		slot->series = series_number(closes, asset, place);
		closes->nslots++;
		closes->until = Max(closes->until, slot->before);
		closes->since =
			Min(closes->since, oldest_start(closes, timeframe, asked->moment));
		return true;
	}
	return false;
}

/* collect what the rows ask for in this round; false if no row asks */
static bool
make_slots(CaAsOfCloses *closes)
{
	closes->since = DT_NOEND;
	closes->until = DT_NOBEGIN;
	closes->nslots = 0;
	closes->nseries = 0;
	for (uint32 i = 0; i < closes->nassets; i++)
		for (int place = 0; place < CA_TIMEFRAMES; place++)
			closes->assets[i]->series[place] = -1;
	for (uint32 row = 0; row < closes->nrows; row++)
	{
		CHECK_FOR_INTERRUPTS();
		if (closes->rows[row].asks)
			closes->rows[row].asks = make_slot(closes, row);
	}
	return closes->nslots > 0;
}

/* a copy of a close, for a row */
static CaAsOfClose
copy_close(const CaAsOfCloses *closes, const CaAsOfClose *close)
{
	CaAsOfClose copy = *close;

	if (close->large != NULL)
	{
		copy.large =
			MemoryContextAlloc(closes->context, VARSIZE_ANY(close->large));
		memcpy(copy.large, close->large, VARSIZE_ANY(close->large));
	}
	return copy;
}

/* the moment up to which the candle of a slot is known */
static TimestampTz
known_until(const CaAsOfCloses *closes, uint32 slot)
{
	const CaTimeframe *timeframe =
		closes->timeframes[closes->slots[slot].series];
	TimestampTz start = closes->slots[slot].latest;
	TimestampTz end = ca_timeframe_start(
		timeframe, ca_timeframe_ordinal(timeframe, start) + 1);

	if (closes->made_of == NULL || closes->made_of[slot] == 0)
		return end;
	return Min(end, start + closes->made_of[slot] * USECS_PER_MINUTE);
}

/* give each row the close it found, unless it is stale, and free the others */
static void
take_answers(CaAsOfCloses *closes)
{
	for (uint32 i = 0; i < closes->nslots; i++)
		closes->slot_of[closes->slots[i].row] = CA_ASOF_NO_SLOT;
	ca_asof_settle(closes->slots, closes->nslots, closes->slot_of);
	for (uint32 i = 0; i < closes->nslots; i++)
	{
		uint32 row = closes->slots[i].row;
		uint32 from = closes->slot_of[row];
		CaAsOfRow *asked = &closes->rows[row];

		if (from == CA_ASOF_NO_SLOT ||
			asked->moment - known_until(closes, from) > closes->staleness)
			continue;
		closes->answers[row] = copy_close(closes, &closes->closes[from]);
		asked->found = true;
		asked->asks = false;
	}
	for (uint32 i = 0; i < closes->nslots; i++)
	{
		if (closes->closes[i].large != NULL)
			pfree(closes->closes[i].large);
		closes->closes[i].large = NULL;
	}
}

/*
 * Find the closes of all rows.  The caller has filled in the fields before
 * "nseries", and allocated the arrays after it for that number of rows.
 */
void
ca_asof_closes_find(CaAsOfCloses *closes)
{
	if (closes->nassets == 0)
		return;

	SPI_connect();
	ca_asof_read_first(closes);
	while (make_slots(closes))
	{
		closes->ranges = palloc0((Size) closes->nseries * sizeof(CaAsOfRange));
		ca_asof_sort(closes->slots, closes->nslots, closes->ranges);
		ca_asof_read_candles(closes);
		ca_asof_read_partial(closes);
		take_answers(closes);
		pfree(closes->ranges);
		if (closes->made_of != NULL)
			pfree(closes->made_of);
	}
	SPI_finish();
}
