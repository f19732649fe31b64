/*-------------------------------------------------------------------------
 *
 * cursor.c
 *		One segment in memory, and its candles as rows.
 *
 * Only the columns that are wanted are decoded.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "segment/fdw/fdw.h"
#include "segment/read/cursor.h"
#include "segment/read/payload.h"
#include "segment/read/query.h"

static bool
is_wanted(const CaLoadedSegment *loaded, int column)
{
	return loaded->wanted & (1 << column);
}

static unsigned
columns_to_decode(const CaLoadedSegment *loaded)
{
	unsigned columns = 0;

	if (is_wanted(loaded, CA_COMPRESSED_OPEN) ||
		is_wanted(loaded, CA_COMPRESSED_HIGH) ||
		is_wanted(loaded, CA_COMPRESSED_LOW) ||
		is_wanted(loaded, CA_COMPRESSED_CLOSE))
		columns |= CA_SEGMENT_PRICES;
	if (is_wanted(loaded, CA_COMPRESSED_VOLUME))
		columns |= CA_SEGMENT_WITH_VOLUME;
	if (is_wanted(loaded, CA_COMPRESSED_MARKET_CAP))
		columns |= CA_SEGMENT_WITH_MARKET_CAP;
	if (is_wanted(loaded, CA_COMPRESSED_ID))
		columns |= CA_SEGMENT_WITH_ID;
	if (is_wanted(loaded, CA_COMPRESSED_CREATED))
		columns |= CA_SEGMENT_WITH_CREATED;
	return columns;
}

/*
 * Nothing is in memory yet.  All of it will be allocated in the current memory
 * context.
 */
void
ca_loaded_init(CaLoadedSegment *loaded, int wanted)
{
	*loaded = (CaLoadedSegment){.wanted = wanted};
	loaded->columns = columns_to_decode(loaded);
	loaded->context = AllocSetContextCreate(
		CurrentMemoryContext, "segment of candles", ALLOCSET_DEFAULT_SIZES);
}

/* whether this segment is the one in memory */
static bool
is_loaded(const CaLoadedSegment *loaded, int32 asset, const text *timeframe,
		  TimestampTz first)
{
	return loaded->timeframe != NULL && loaded->asset == asset &&
		   loaded->segment->time[0] == first &&
		   VARSIZE_ANY_EXHDR(loaded->timeframe) ==
			   VARSIZE_ANY_EXHDR(timeframe) &&
		   memcmp(VARDATA_ANY(loaded->timeframe), VARDATA_ANY(timeframe),
				  VARSIZE_ANY_EXHDR(timeframe)) == 0;
}

static void
load_indicators(CaLoadedSegment *loaded, const CaSegmentOwner *owner,
				TupleTableSlot *slot)
{
	int nelements;

	loaded->indicators = NULL;
	if (!is_wanted(loaded, CA_COMPRESSED_INDICATORS) ||
		slot->tts_isnull[CA_READ_INDICATORS])
		return;
	deconstruct_array(
		DatumGetArrayTypePCopy(slot->tts_values[CA_READ_INDICATORS]), JSONBOID,
		-1, false, TYPALIGN_INT, &loaded->indicators, &loaded->no_indicators,
		&nelements);
	if (nelements != loaded->segment->count)
		ca_payload_damaged(owner, "it has more or fewer indicators than "
								  "candles");
}

/*
 * Bring the segment of this row of the reader's into memory.  False if it was there
 * already.  Error: XX001.
 */
bool
ca_loaded_take(CaLoadedSegment *loaded, TupleTableSlot *row)
{
	const Datum *values = row->tts_values;
	text *timeframe = DatumGetTextPP(values[CA_READ_TIMEFRAME]);
	int32 asset = DatumGetInt32(values[CA_READ_ASSET]);
	TimestampTz first = DatumGetTimestampTz(values[CA_READ_FIRST]);
	CaSegment *segment;
	CaSegmentOwner owner = {.asset = asset, .first_time = first};
	MemoryContext old;

	if (is_loaded(loaded, asset, timeframe, first))
		return false;
	if (loaded->segment == NULL)
		loaded->segment = MemoryContextAlloc(
			MemoryContextGetParent(loaded->context), sizeof(CaSegment));
	segment = loaded->segment;
	loaded->timeframe = NULL;
	MemoryContextReset(loaded->context);
	old = MemoryContextSwitchTo(loaded->context);
	owner.timeframe = text_to_cstring(timeframe);
	ca_payload_decode(&owner, values[CA_READ_PAYLOAD], loaded->columns,
					  segment);
	if (segment->count != DatumGetInt32(values[CA_READ_CANDLES]))
		ca_payload_damaged(&owner, "the payload has another number of candles");
	if (segment->time[segment->count - 1] !=
		DatumGetTimestampTz(values[CA_READ_LAST]))
		ca_payload_damaged(&owner, "the payload ends at another time");
	load_indicators(loaded, &owner, row);
	loaded->asset = asset;
	loaded->timeframe = DatumGetTextPCopy(values[CA_READ_TIMEFRAME]);
	MemoryContextSwitchTo(old);
	return true;
}

/* the first candle that is not before the time; their number if all are */
int
ca_loaded_candle_from(const CaLoadedSegment *loaded, int64 time)
{
	const CaSegment *segment = loaded->segment;
	int low = 0;
	int high = segment->count;

	while (low < high)
	{
		int middle = (low + high) / 2;

		if (segment->time[middle] < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void
put(TupleTableSlot *slot, int column, Datum value)
{
	slot->tts_values[column - 1] = value;
	slot->tts_isnull[column - 1] = false;
}

static void
put_number(const CaLoadedSegment *loaded, TupleTableSlot *slot, int column,
		   const CaSegmentNumbers *numbers, int candle)
{
	if (!is_wanted(loaded, column))
		return;
	if (numbers->has_nulls && numbers->nulls[candle])
		slot->tts_isnull[column - 1] = true;
	else
		put(slot, column, ca_segment_number(numbers, candle));
}

/*
 * A candle as a row, with numbers in the current memory context and the rest in
 * that of the segment.  Columns that are not wanted are NULL.
 */
void
ca_loaded_put(const CaLoadedSegment *loaded, int candle, TupleTableSlot *slot)
{
	const CaSegment *segment = loaded->segment;

	memset(slot->tts_isnull, true, sizeof(bool) * CA_COMPRESSED_COLUMNS);
	put(slot, CA_COMPRESSED_ASSET, Int32GetDatum(loaded->asset));
	put(slot, CA_COMPRESSED_TIMEFRAME, PointerGetDatum(loaded->timeframe));
	put(slot, CA_COMPRESSED_TIME, TimestampTzGetDatum(segment->time[candle]));
	if (is_wanted(loaded, CA_COMPRESSED_ID))
		put(slot, CA_COMPRESSED_ID, Int64GetDatum(segment->id[candle]));
	if (is_wanted(loaded, CA_COMPRESSED_CREATED))
		put(slot, CA_COMPRESSED_CREATED,
			TimestampTzGetDatum(segment->created_at[candle]));
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		put_number(loaded, slot, CA_COMPRESSED_OPEN + i, &segment->number[i],
				   candle);
	if (loaded->indicators != NULL && !loaded->no_indicators[candle])
		put(slot, CA_COMPRESSED_INDICATORS, loaded->indicators[candle]);
	ExecStoreVirtualTuple(slot);
}
