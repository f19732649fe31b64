/*-------------------------------------------------------------------------
 *
 * merge.c
 *		Changing the candles of a compressed series, in order of time.
 *
 * The caller hands over candles in ascending order.  Segments that they fall into
 * are taken out of the table, and what results is written in segments as full as
 * they can be.  All other segments stay as they are.
 *
 * An added candle takes out the segment whose range it lies in, or the segment
 * before it if that has room.  Before candles in hand are written, the segment
 * that follows them is taken too, as long as both together fit into one.  So a
 * series that grows has a single segment that is not full, and a late candle costs
 * one segment or two.
 *
 * The invariant: at every moment the series consists of four parts, each entirely
 * before the next.
 *
 *		done		segments in the table that are not touched again
 *		builder		candles of the segment that is being built
 *		taken		the candles from "at" on of the segment that was last
 *					taken out of the table
 *		unseen		segments in the table that begin at "unseen" or later
 *
 * Builder and taken are the candles in hand.  A candle before "unseen" is merged
 * into them; for one at "unseen" or later finish() first writes them, which makes them
 * done, and start() takes the segment that the candle falls into.  Four functions move
 * candles from one part to another, and no others here do:
 *
 *		take				the first unseen segment that is needed becomes "taken";
 *							unseen ones before it are done
 *		move_taken			taken candles move into the builder
 *		ca_merge_put		a candle is added to the builder
 *		write_builder		the builder's candles become a done segment
 *
 * ca_take_compressed() takes segments itself and uses the builder alone: it gives
 * the candles that stay to ca_merge_put().
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
	int64 last; /* time of the candle that was last put into the builder */

	/* builder, and what its candles point to */
	MemoryContext context;
	CaSegmentBuilder builder;
	Size indicators_size;
	bool has_indicators;
	Datum indicators[CA_SEGMENT_CANDLES];
	bool no_indicators[CA_SEGMENT_CANDLES];

	/* taken */
	CaTableSegment *taken;
	int at; /* the first candle that has not been moved */

	int64 unseen; /* PG_INT64_MAX when no segment is unseen */

	CaTableSegment *read_back; /* a segment just written, for comparison */
};

/*
 * Begin to change a series.  The merge lives in the current memory context.
 */
CaMerge *
ca_merge_begin(const CaTable *table, CaMergeKind kind)
{
	CaMerge *merge = palloc(sizeof(CaMerge));

	merge->table = table;
	merge->kind = kind;
	merge->unseen = PG_INT64_MIN;
	merge->last = PG_INT64_MIN;
	merge->taken = ca_table_segment_make();
	merge->read_back = ca_table_segment_make();
	merge->at = 0;
	merge->context = AllocSetContextCreate(CurrentMemoryContext, "segment",
										   ALLOCSET_DEFAULT_SIZES);
	ca_builder_clear(&merge->builder);
	merge->indicators_size = 0;
	merge->has_indicators = false;
	return merge;
}

/* whether the indicators that were read back are those of the builder */
static bool
has_same_indicators(const CaMerge *merge)
{
	const CaTableSegment *read_back = merge->read_back;

	if (!merge->has_indicators || read_back->indicators == NULL)
		return !merge->has_indicators && read_back->indicators == NULL;
	for (int i = 0; i < merge->builder.segment.count; i++)
	{
		if (merge->no_indicators[i] != read_back->no_indicators[i])
			return false;
		if (!merge->no_indicators[i] &&
			!datumIsEqual(merge->indicators[i], read_back->indicators[i], false,
						  -1))
			return false;
	}
	return true;
}

/*
 * Read back the segment that has just been stored.  The rows that its candles came
 * from are gone once the transaction commits, so it must hold all of them.
 */
static void
check_written(CaMerge *merge)
{
	int64 first_time = merge->builder.segment.time[0];

	ca_table_read(merge->table, first_time, merge->read_back);
	if (!ca_builder_equals(&merge->builder, &merge->read_back->segment) ||
		!has_same_indicators(merge))
		ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED),
				errmsg("stored segment differs from its candles"),
				errdetail("The %s candles of asset %d from %s on were read "
						  "back and differ.",
						  merge->table->timeframe, merge->table->asset,
						  timestamptz_to_str(first_time)),
				errhint("Nothing was changed. Look for a trigger of "
						"price_data_segments, and check the storage."));
	MemoryContextReset(merge->read_back->context);
}

/* write the builder's candles, if it has any, and read them back */
static void
write_builder(CaMerge *merge)
{
	MemoryContext old;
	char *texts;

	if (merge->builder.segment.count == 0)
		return;
	old = MemoryContextSwitchTo(merge->context);
	texts = palloc(ca_builder_text_size(&merge->builder));
	ca_table_insert(merge->table, ca_builder_close(&merge->builder, texts),
					merge->has_indicators ? merge->indicators : NULL,
					merge->no_indicators);
	check_written(merge);
	MemoryContextSwitchTo(old);
	MemoryContextReset(merge->context);
	ca_builder_clear(&merge->builder);
	merge->indicators_size = 0;
	merge->has_indicators = false;
}

/*
 * Refuse a time that is not after the one before: 23505.  It means that a table
 * holds a candle twice, because its unique index is broken or gone.  A segment of
 * such candles could not be read.
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
				errhint("Delete the second copy of the candle, and rebuild the "
						"unique index of its table."));
	merge->last = time;
}

/*
 * Add a copy of a candle to the builder.  A full builder is written first, and so is
 * one whose indicators would become too large.
 */
void
ca_merge_put(CaMerge *merge, const CaRow *row)
{
	MemoryContext old = MemoryContextSwitchTo(merge->context);
	CaRow kept = *row;
	int at;

	check_order(merge, row->candle.time);
	ca_row_keep(&kept);
	if (merge->builder.segment.count == CA_SEGMENT_CANDLES ||
		(kept.has_indicators && merge->builder.segment.count > 0 &&
		 merge->indicators_size + VARSIZE(DatumGetPointer(kept.indicators)) >
			 MAX_INDICATORS))
	{
		write_builder(merge);
		kept = *row;
		ca_row_keep(&kept);
	}
	at = merge->builder.segment.count;
	merge->indicators[at] = kept.indicators;
	merge->no_indicators[at] = !kept.has_indicators;
	if (kept.has_indicators)
	{
		merge->indicators_size += VARSIZE(DatumGetPointer(kept.indicators));
		merge->has_indicators = true;
	}
	ca_builder_add(&merge->builder, &kept.candle);
	MemoryContextSwitchTo(old);
}

/* whether the candles in hand are one full segment, a good end for a batch */
bool
ca_merge_is_full(const CaMerge *merge)
{
	return merge->builder.segment.count == CA_SEGMENT_CANDLES &&
		   merge->at == merge->taken->segment.count;
}

/* move the taken candles before a time into the builder */
static void
move_taken(CaMerge *merge, int64 until)
{
	const CaSegment *segment = &merge->taken->segment;
	CaRow row;

	for (; merge->at < segment->count && segment->time[merge->at] < until;
		 merge->at++)
	{
		ca_table_segment_row(merge->taken, merge->at, &row);
		ca_merge_put(merge, &row);
	}
}

/* where the first segment after a time begins */
static int64
next_segment(const CaMerge *merge, int64 time)
{
	CaTableHead head;

	return ca_table_after(merge->table, time, &head) ? head.first_time
													 : PG_INT64_MAX;
}

/* take a segment out of the table; no taken candle may be left */
static void
take(CaMerge *merge, const CaTableHead *head)
{
	ca_table_take(merge->table, head->first_time, merge->taken);
	merge->at = 0;
	merge->unseen = next_segment(merge, head->first_time);
}

/* take the segment after the builder's candles if one segment can hold both */
static bool
take_following(CaMerge *merge)
{
	const CaSegment *segment = &merge->builder.segment;
	CaTableHead head;

	if (segment->count == 0 || segment->count == CA_SEGMENT_CANDLES ||
		!ca_table_after(merge->table, segment->time[segment->count - 1],
						&head) ||
		segment->count + head.candles > CA_SEGMENT_CANDLES)
		return false;
	take(merge, &head);
	return true;
}

/*
 * Write the candles in hand, because the next candle is at "time".  Returns false
 * where they must stay in hand, because a segment was taken to fill them up and that
 * time is now before the unseen segments.
 */
static bool
finish(CaMerge *merge, int64 time)
{
	move_taken(merge, PG_INT64_MAX);
	while (take_following(merge))
	{
		if (time < merge->unseen)
			return false;
		move_taken(merge, PG_INT64_MAX);
	}
	write_builder(merge);
	return true;
}

/* take the unseen segment that a candle at this time falls into, if there is one */
static void
start(CaMerge *merge, int64 time)
{
	CaTableHead head;

	if (ca_table_before(merge->table, time, &head) &&
		head.first_time >= merge->unseen &&
		(time <= head.last_time ||
		 (merge->kind == CA_MERGE_ADD && head.candles < CA_SEGMENT_CANDLES)))
		take(merge, &head);
	else
		merge->unseen = next_segment(merge, time);
}

/*
 * Add a candle, replace the one at its time, or drop that one, as the kind of the
 * merge says.  It must be later than the candle of the call before.
 *
 * Returns whether the series had a candle at that time.  To add a candle that is
 * there already is an error: 23505.  Where there is none to replace or drop,
 * nothing changes.  To drop one, only row->candle.time is read.
 */
bool
ca_merge_row(CaMerge *merge, const CaRow *row)
{
	const CaSegment *segment = &merge->taken->segment;
	int64 time = row->candle.time;
	bool found;

	if (time >= merge->unseen && finish(merge, time))
		start(merge, time);
	move_taken(merge, time);
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

/* write the candles in hand */
void
ca_merge_end(CaMerge *merge)
{
	(void) finish(merge, PG_INT64_MAX);
}
