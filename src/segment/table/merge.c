/*-------------------------------------------------------------------------
 *
 * merge.c
 *		Changing the candles of a compressed series, in order of time.
 *
 * Candles are handed over one by one, ascending.  The segments that they fall
 * into are taken out of the table, and what there is then is written anew, in
 * segments as full as they can be.  The others stay as they are.
 *
 * A candle that is added takes out the segment whose range it is in, or the one
 * before it if that has room; behind the last candle the segment that follows is
 * taken too, as long as both are one.  So a series that grows has a single
 * segment that is not full, and a late candle costs one segment or two.
 *
 * At every moment the candles in hand are those of "pack", then those of "stored"
 * from "at" on.  No segment that is still in the table begins before the last of
 * them ends, and "next" is where the first one after that begins.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "utils/datum.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "segment/table/merge.h"

/* bytes of technical_indicators at which a segment is closed early */
#define MAX_INDICATORS (32 * 1024 * 1024)

struct CaMerge
{
	const CaTable *table;
	CaMergeKind kind;
	int64 next; /* no segment not yet seen begins before this time */
	int64 last; /* time of the candle that was put down last */
	/* the segment that was taken out, and the first candle still to be dealt with */
	CaTableSegment *stored;
	int at;
	CaTableSegment
		*written; /* a segment that was written, as it is read back */
	/* the segment to be written, and what its candles point to */
	MemoryContext context;
	CaSegmentBuilder pack;
	Size indicators_size;
	bool has_indicators;
	Datum indicators[CA_SEGMENT_CANDLES];
	bool no_indicators[CA_SEGMENT_CANDLES];
};

/*
 * Begin to change a series.  It lives in the current memory context.
 */
CaMerge *
ca_merge_begin(const CaTable *table, CaMergeKind kind)
{
	CaMerge *merge = palloc(sizeof(CaMerge));

	merge->table = table;
	merge->kind = kind;
	merge->next = PG_INT64_MIN;
	merge->last = PG_INT64_MIN;
	merge->stored = ca_table_segment_make();
	merge->written = ca_table_segment_make();
	merge->at = 0;
	merge->context = AllocSetContextCreate(CurrentMemoryContext, "segment",
										   ALLOCSET_DEFAULT_SIZES);
	ca_builder_clear(&merge->pack);
	merge->indicators_size = 0;
	merge->has_indicators = false;
	return merge;
}

/* whether the indicators that were read back are those in hand */
static bool
has_same_indicators(const CaMerge *merge)
{
	const CaTableSegment *written = merge->written;

	if (!merge->has_indicators || written->indicators == NULL)
		return !merge->has_indicators && written->indicators == NULL;
	for (int i = 0; i < merge->pack.segment.count; i++)
	{
		if (merge->no_indicators[i] != written->no_indicators[i])
			return false;
		if (!merge->no_indicators[i] &&
			!datumIsEqual(merge->indicators[i], written->indicators[i], false,
						  -1))
			return false;
	}
	return true;
}

/*
 * Read the segment back that has just been stored.  The rows that its candles came
 * from are gone once the transaction commits, so it must have them all.
 */
static void
check_written(CaMerge *merge)
{
	int64 first_time = merge->pack.segment.time[0];

	ca_table_read(merge->table, first_time, merge->written);
	if (!ca_builder_equals(&merge->pack, &merge->written->segment) ||
		!has_same_indicators(merge))
		ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("segment does not hold the candles that were to be "
					   "stored"),
				errdetail("The %s candles of asset %d from %s on were read "
						  "back and differ.",
						  merge->table->timeframe, merge->table->asset,
						  timestamptz_to_str(first_time)),
				errhint("Nothing was changed. Look for a trigger of "
						"price_data_segments, and check the storage."));
	MemoryContextReset(merge->written->context);
}

/* write the candles in hand, if there are any, and read them back */
static void
write_pack(CaMerge *merge)
{
	MemoryContext old;
	char *texts;

	if (merge->pack.segment.count == 0)
		return;
	old = MemoryContextSwitchTo(merge->context);
	texts = palloc(ca_builder_text_size(&merge->pack));
	ca_table_insert(merge->table, ca_builder_close(&merge->pack, texts),
					merge->has_indicators ? merge->indicators : NULL,
					merge->no_indicators);
	check_written(merge);
	MemoryContextSwitchTo(old);
	MemoryContextReset(merge->context);
	ca_builder_clear(&merge->pack);
	merge->indicators_size = 0;
	merge->has_indicators = false;
}

/*
 * Times ascend, unless the table has a candle twice: its unique index is broken or
 * gone.  A segment of such candles could not be read.
 */
static void
check_order(CaMerge *merge, int64 time)
{
	if (time <= merge->last)
		ereport(ERROR, errcode(ERRCODE_UNIQUE_VIOLATION),
				errmsg("candles of a series must ascend in time"),
				errdetail("The %s candles of asset %d have one at %s that is "
						  "not later than the one before it.",
						  merge->table->timeframe, merge->table->asset,
						  timestamptz_to_str(time)),
				errhint("Delete the second copy of the candle, and make the "
						"unique index of its table again."));
	merge->last = time;
}

/*
 * Put a candle behind those in hand.  It is copied.
 */
void
ca_merge_put(CaMerge *merge, const CaRow *row)
{
	MemoryContext old = MemoryContextSwitchTo(merge->context);
	CaRow kept = *row;
	int at;

	check_order(merge, row->candle.time);
	ca_row_keep(&kept);
	if (merge->pack.segment.count == CA_SEGMENT_CANDLES ||
		(kept.has_indicators && merge->pack.segment.count > 0 &&
		 merge->indicators_size + VARSIZE(DatumGetPointer(kept.indicators)) >
			 MAX_INDICATORS))
	{
		write_pack(merge);
		kept = *row;
		ca_row_keep(&kept);
	}
	at = merge->pack.segment.count;
	merge->indicators[at] = kept.indicators;
	merge->no_indicators[at] = !kept.has_indicators;
	if (kept.has_indicators)
	{
		merge->indicators_size += VARSIZE(DatumGetPointer(kept.indicators));
		merge->has_indicators = true;
	}
	ca_builder_add(&merge->pack, &kept.candle);
	MemoryContextSwitchTo(old);
}

/* whether the segment in hand is full, so that a batch can well end here */
bool
ca_merge_is_full(const CaMerge *merge)
{
	return merge->pack.segment.count == CA_SEGMENT_CANDLES &&
		   merge->at == merge->stored->segment.count;
}

/* the stored candles before a time stay */
static void
put_stored(CaMerge *merge, int64 until)
{
	const CaSegment *segment = &merge->stored->segment;
	CaRow row;

	for (; merge->at < segment->count && segment->time[merge->at] < until;
		 merge->at++)
	{
		ca_table_segment_row(merge->stored, merge->at, &row);
		ca_merge_put(merge, &row);
	}
}

static void
take(CaMerge *merge, const CaTableHead *head)
{
	ca_table_take(merge->table, head->first_time, merge->stored);
	merge->at = 0;
}

/* take out the segment behind the candles in hand, if one can hold them all */
static bool
take_next(CaMerge *merge)
{
	const CaSegment *segment = &merge->pack.segment;
	CaTableHead head;

	if (segment->count == 0 || segment->count == CA_SEGMENT_CANDLES ||
		!ca_table_after(merge->table, segment->time[segment->count - 1],
						&head) ||
		segment->count + head.candles > CA_SEGMENT_CANDLES)
		return false;
	take(merge, &head);
	return true;
}

static int64
find_next(const CaMerge *merge, int64 time)
{
	CaTableHead head;

	return ca_table_after(merge->table, time, &head) ? head.first_time
													 : PG_INT64_MAX;
}

/*
 * Go to a time at which, or before which, a segment begins that was not seen.
 */
static void
go_to(CaMerge *merge, int64 time)
{
	CaTableHead head;

	put_stored(merge, PG_INT64_MAX);
	while (take_next(merge))
	{
		const CaSegment *segment = &merge->stored->segment;

		merge->next = find_next(merge, segment->time[segment->count - 1]);
		if (time < merge->next)
			return;
		put_stored(merge, PG_INT64_MAX);
	}
	write_pack(merge);

	if (ca_table_before(merge->table, time, &head) &&
		head.first_time >= merge->next &&
		(time <= head.last_time ||
		 (merge->kind == CA_MERGE_ADD && head.candles < CA_SEGMENT_CANDLES)))
		take(merge, &head);
	merge->next = find_next(merge, time);
}

/*
 * Change the series by a candle, which is later than those before.
 *
 * One that is added must not be there yet: 23505.  One that replaces or drops
 * another needs but a time for that; false when there is none at its time, and
 * then nothing changes.
 */
bool
ca_merge_row(CaMerge *merge, const CaRow *row)
{
	const CaSegment *segment = &merge->stored->segment;
	int64 time = row->candle.time;
	bool found;

	if (time >= merge->next)
		go_to(merge, time);
	put_stored(merge, time);
	found = merge->at < segment->count && segment->time[merge->at] == time;
	if (merge->kind == CA_MERGE_ADD)
	{
		if (found)
			ereport(
				ERROR, errcode(ERRCODE_UNIQUE_VIOLATION),
				errmsg("the candle is compressed already"),
				errdetail("price_data_segments holds the %s candle of "
						  "asset %d at %s.",
						  merge->table->timeframe, merge->table->asset,
						  timestamptz_to_str(time)),
				errhint("Delete one of the two; "
						"delete_compressed_candle() deletes that one."),
				err_generic_string(PG_DIAG_TABLE_NAME, "price_data_archive"),
				err_generic_string(PG_DIAG_COLUMN_NAME, "candle_time"),
				err_generic_string(PG_DIAG_CONSTRAINT_NAME,
								   "price_data_archive_once"));
		ca_merge_put(merge, row);
	}
	else if (found)
	{
		merge->at++;
		if (merge->kind == CA_MERGE_REPLACE)
			ca_merge_put(merge, row);
	}
	return found;
}

/*
 * Write what is in hand.
 */
void
ca_merge_end(CaMerge *merge)
{
	do
		put_stored(merge, PG_INT64_MAX);
	while (take_next(merge));
	write_pack(merge);
}
