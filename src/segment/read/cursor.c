/*-------------------------------------------------------------------------
 *
 * cursor.c
 *		One segment in memory, and its candles as rows.
 *
 * Only the wanted columns are decoded.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "segment/read/compressed.h"
#include "segment/read/cursor.h"
#include "segment/read/payload.h"
#include "segment/read/query.h"

static bool
is_wanted(const CaCursor *cursor, int column)
{
	return cursor->wanted & (1 << column);
}

static unsigned
columns_to_decode(const CaCursor *cursor)
{
	unsigned columns = 0;

	if (is_wanted(cursor, CA_COMPRESSED_OPEN) ||
		is_wanted(cursor, CA_COMPRESSED_HIGH) ||
		is_wanted(cursor, CA_COMPRESSED_LOW) ||
		is_wanted(cursor, CA_COMPRESSED_CLOSE))
		columns |= CA_SEGMENT_PRICES;
	if (is_wanted(cursor, CA_COMPRESSED_VOLUME))
		columns |= CA_SEGMENT_WITH_VOLUME;
	if (is_wanted(cursor, CA_COMPRESSED_MARKET_CAP))
		columns |= CA_SEGMENT_WITH_MARKET_CAP;
	if (is_wanted(cursor, CA_COMPRESSED_ID))
		columns |= CA_SEGMENT_WITH_ID;
	if (is_wanted(cursor, CA_COMPRESSED_CREATED))
		columns |= CA_SEGMENT_WITH_CREATED;
	return columns;
}

/*
 * Prepare a cursor without a segment.  Whatever it loads will be allocated in the
 * current memory context.
 */
void
ca_cursor_init(CaCursor *cursor, int wanted)
{
	*cursor = (CaCursor){.wanted = wanted};
	cursor->columns = columns_to_decode(cursor);
	cursor->context = AllocSetContextCreate(
		CurrentMemoryContext, "segment of candles", ALLOCSET_DEFAULT_SIZES);
}

/* whether this is the segment in memory */
static bool
is_loaded(const CaCursor *cursor, int32 asset, const text *timeframe,
		  TimestampTz first)
{
	return cursor->timeframe != NULL && cursor->asset == asset &&
		   cursor->segment->time[0] == first &&
		   VARSIZE_ANY_EXHDR(cursor->timeframe) ==
			   VARSIZE_ANY_EXHDR(timeframe) &&
		   memcmp(VARDATA_ANY(cursor->timeframe), VARDATA_ANY(timeframe),
				  VARSIZE_ANY_EXHDR(timeframe)) == 0;
}

static void
load_indicators(CaCursor *cursor, const CaSegmentOwner *owner,
				TupleTableSlot *slot)
{
	int nelements;

	cursor->indicators = NULL;
	if (!is_wanted(cursor, CA_COMPRESSED_INDICATORS) ||
		slot->tts_isnull[CA_QUERY_INDICATORS])
		return;
	deconstruct_array(
		DatumGetArrayTypePCopy(slot->tts_values[CA_QUERY_INDICATORS]), JSONBOID,
		-1, false, TYPALIGN_INT, &cursor->indicators, &cursor->no_indicators,
		&nelements);
	if (nelements != cursor->segment->count)
		ca_payload_damaged(owner, "the numbers of its indicators and of "
								  "its candles differ");
}

/*
 * Load the segment of a row that ca_query_next() returned.  False if it is in memory
 * already.  Error: XX001.
 */
bool
ca_cursor_load(CaCursor *cursor, TupleTableSlot *row)
{
	const Datum *values = row->tts_values;
	text *timeframe = DatumGetTextPP(values[CA_QUERY_TIMEFRAME]);
	int32 asset = DatumGetInt32(values[CA_QUERY_ASSET]);
	TimestampTz first = DatumGetTimestampTz(values[CA_QUERY_FIRST]);
	CaSegment *segment;
	CaSegmentOwner owner = {.asset = asset, .first_time = first};
	MemoryContext old;

	if (is_loaded(cursor, asset, timeframe, first))
		return false;
	if (cursor->segment == NULL)
		cursor->segment = MemoryContextAlloc(
			MemoryContextGetParent(cursor->context), sizeof(CaSegment));
	segment = cursor->segment;
	cursor->timeframe = NULL;
	MemoryContextReset(cursor->context);
	old = MemoryContextSwitchTo(cursor->context);
	owner.timeframe = text_to_cstring(timeframe);
	ca_payload_decode(&owner, values[CA_QUERY_PAYLOAD], cursor->columns,
					  segment);
	if (segment->count != DatumGetInt32(values[CA_QUERY_CANDLES]))
		ca_payload_damaged(&owner, "the payload has another number of candles");
	if (segment->time[segment->count - 1] !=
		DatumGetTimestampTz(values[CA_QUERY_LAST]))
		ca_payload_damaged(&owner, "the payload ends at another time");
	load_indicators(cursor, &owner, row);
	cursor->asset = asset;
	cursor->timeframe = DatumGetTextPCopy(values[CA_QUERY_TIMEFRAME]);
	MemoryContextSwitchTo(old);
	return true;
}

/* the first candle at the time or later; the number of candles if there is none */
int
ca_cursor_find(const CaCursor *cursor, int64 time)
{
	const CaSegment *segment = cursor->segment;
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
put_number(const CaCursor *cursor, TupleTableSlot *slot, int column,
		   const CaSegmentNumbers *numbers, int candle)
{
	if (!is_wanted(cursor, column))
		return;
	if (numbers->has_nulls && numbers->nulls[candle])
		slot->tts_isnull[column - 1] = true;
	else
		put(slot, column, ca_segment_number(numbers, candle));
}

/*
 * Store a candle as a row.  Numbers are in the current memory context, other values
 * in that of the segment.  Unwanted columns are NULL.
 */
void
ca_cursor_put(const CaCursor *cursor, int candle, TupleTableSlot *slot)
{
	const CaSegment *segment = cursor->segment;

	memset(slot->tts_isnull, true, sizeof(bool) * CA_COMPRESSED_COLUMNS);
	put(slot, CA_COMPRESSED_ASSET, Int32GetDatum(cursor->asset));
	put(slot, CA_COMPRESSED_TIMEFRAME, PointerGetDatum(cursor->timeframe));
	put(slot, CA_COMPRESSED_TIME, TimestampTzGetDatum(segment->time[candle]));
	if (is_wanted(cursor, CA_COMPRESSED_ID))
		put(slot, CA_COMPRESSED_ID, Int64GetDatum(segment->id[candle]));
	if (is_wanted(cursor, CA_COMPRESSED_CREATED))
		put(slot, CA_COMPRESSED_CREATED,
			TimestampTzGetDatum(segment->created_at[candle]));
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		put_number(cursor, slot, CA_COMPRESSED_OPEN + i, &segment->number[i],
				   candle);
	if (cursor->indicators != NULL && !cursor->no_indicators[candle])
		put(slot, CA_COMPRESSED_INDICATORS, cursor->indicators[candle]);
	ExecStoreVirtualTuple(slot);
}
