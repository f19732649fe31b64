/*-------------------------------------------------------------------------
 *
 * rollup_build.c
 *		Building target candles from groups of stored ones.
 *
 * A target candle has one part for each source timeframe with candles in it.
 * cover.c decides which of these candles count.  Nearly always that is all or
 * none of a part, and the parts that count are merged.  Where only some
 * candles of a part count, those are read again.
 *
 * A source candle covers its span, unless partial_candles says that a roll-up
 * made it from less.  The table is not read while it is empty, nor for
 * minutes.
 *
 * Target candles are built in batches, so that many of them share one second
 * read and one read of partial_candles.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "candle/rollup/partial_candles.h"
#include "candle/rollup/rollup_build.h"
#include "numeric/numeric.h"

/* a batch has at most this many target candles, and about this many minutes */
#define BATCH_SIZE 4096
#define BATCH_MINUTES (1024 * 1024)

/* minutes in the longest target candle, a month */
#define MOST_MINUTES (31 * 24 * 60)

/* a target candle */
typedef struct Bucket
{
	int32 asset;
	TimestampTz start;
	TimestampTz end;
	int nparts;
	CaRollupGroupResult *parts; /* finest first */
	int covered;
	bool known; /* "result" is set */
	CaRollupGroupResult result;
} Bucket;

struct CaRollupBuilder
{
	const CaRollupRange *range;
	CaRollupGroups *groups;
	MemoryContext context;
	MemoryContext batch_context;
	SPIPlanPtr again_plan;     /* NULL until needed */
	bool any_partial;          /* there may be partial candles */
	CaPartialCandles *partial; /* those of the batch, or NULL */
	Bucket *buckets;
	int nbuckets;
	int room; /* of buckets */
	int next;
	CaRollupFilter *filter; /* the candles to read again; NULL: none */
	uint32 filter_sources;
	uint64 covered[MOST_MINUTES / 64 + 1];
	uint64 joined[MOST_MINUTES / 64 + 1];
};

/*
 * Start building the target candles of a range from its finished groups.  SPI
 * must be connected, and the snapshot with which the groups were read must be
 * active.
 */
CaRollupBuilder *
ca_rollup_build_begin(const CaRollupRange *range, CaRollupGroups *groups)
{
	CaRollupBuilder *builder = palloc0(sizeof(CaRollupBuilder));

	builder->range = range;
	builder->groups = groups;
	builder->context = CurrentMemoryContext;
	builder->any_partial = ca_partial_candles_any(range->namespace_oid);
	builder->room = 16;
	builder->buckets = palloc(sizeof(Bucket) * builder->room);
	builder->batch_context = AllocSetContextCreate(
		CurrentMemoryContext, "candles to be built", ALLOCSET_DEFAULT_SIZES);
	return builder;
}

static int
source_minutes(const CaRollupGroupResult *part)
{
	return ca_timeframe_by_index(part->key.source)->usecs / USECS_PER_MINUTE;
}

/* take the groups of the next target candle, which has this key */
static void
take_bucket(CaRollupBuilder *builder, const CaRollupGroupKey *key)
{
	Bucket *bucket;
	CaRollupGroupResult parts[CA_TIMEFRAMES];

	if (builder->nbuckets == builder->room)
	{
		builder->room *= 2;
		builder->buckets =
			repalloc(builder->buckets, sizeof(Bucket) * builder->room);
	}
	bucket = &builder->buckets[builder->nbuckets++];
	bucket->asset = key->asset;
	bucket->start =
		ca_timeframe_span(builder->range->target, key->start, &bucket->end);
	bucket->known = false;
	bucket->nparts = 0;
	while (key != NULL && key->asset == bucket->asset &&
		   key->start == bucket->start)
	{
		ca_rollup_groups_next(builder->groups, &parts[bucket->nparts++]);
		key = ca_rollup_groups_peek(builder->groups);
	}
	bucket->parts = palloc(sizeof(CaRollupGroupResult) * bucket->nparts);
	memcpy(bucket->parts, parts, sizeof(CaRollupGroupResult) * bucket->nparts);
}

static void
add_result(Bucket *bucket, const CaRollupGroupResult *part)
{
	if (bucket->known)
		ca_rollup_group_merge_result(&bucket->result, part);
	else
		bucket->result = *part;
	bucket->known = true;
}

/* arrange that the counting candles of a part are read again */
static void
want_again(CaRollupBuilder *builder, const CaRollupGroupResult *part,
		   const uint64 *counting)
{
	if (builder->filter == NULL)
		builder->filter = ca_rollup_filter_make(builder->range->target);
	ca_rollup_filter_add(builder->filter, &part->key, counting);
	builder->filter_sources |= (uint32) 1 << part->key.source;
}

/* how many minutes went into a candle of a part */
static inline int
made_of(const CaRollupBuilder *builder, const CaRollupGroupResult *part,
		int bit, int length)
{
	CaRollupGroupKey key = part->key;

	if (builder->partial == NULL || length == 1)
		return length;
	key.start += bit * length * USECS_PER_MINUTE;
	return ca_partial_candles_covered(builder->partial, &key, length);
}

/* offer the candles of a part; those that count replace finer ones */
static void
offer_part(const CaRollupBuilder *builder, const Bucket *bucket, int number,
		   CaCover *cover, uint64 *counting[CA_TIMEFRAMES])
{
	const CaRollupGroupResult *part = &bucket->parts[number];
	int length = source_minutes(part);

	for (int i = ca_bits_next(part->present, part->nbits, 0); i < part->nbits;
		 i = ca_bits_next(part->present, part->nbits, i + 1))
	{
		int from = i * length;

		if (!ca_cover_take(cover, from, from + length,
						   made_of(builder, part, i, length)))
			continue;
		ca_bits_fill(counting[number], i, i + 1, true);
		for (int k = 0; k < number; k++)
		{
			int finer = source_minutes(&bucket->parts[k]);

			ca_bits_fill(counting[k], (from + finer - 1) / finer,
						 (from + length) / finer, false);
		}
	}
}

/* choose among the candles of several sources */
static void
combine_parts(CaRollupBuilder *builder, Bucket *bucket)
{
	uint64 *counting[CA_TIMEFRAMES];
	CaCover cover = {(bucket->end - bucket->start) / USECS_PER_MINUTE,
					 builder->covered, builder->joined};
	Size size = ca_bits_words(cover.minutes) * sizeof(uint64);

	memset(cover.covered, 0, size);
	memset(cover.joined, 0, size);
	for (int i = 0; i < bucket->nparts; i++)
	{
		counting[i] =
			palloc0(ca_bits_words(bucket->parts[i].nbits) * sizeof(uint64));
		offer_part(builder, bucket, i, &cover, counting);
	}
	bucket->covered = ca_bits_count(cover.covered, 0, cover.minutes);
	for (int i = 0; i < bucket->nparts; i++)
	{
		const CaRollupGroupResult *part = &bucket->parts[i];
		int count = ca_bits_count(counting[i], 0, part->nbits);

		if (count == ca_bits_count(part->present, 0, part->nbits))
			add_result(bucket, part);
		else if (count > 0)
			want_again(builder, part, counting[i]);
	}
}

/* find out what a target candle is made of */
static void
resolve(CaRollupBuilder *builder, Bucket *bucket)
{
	const CaRollupGroupResult *finest = &bucket->parts[0];
	int length = source_minutes(finest);
	int count = ca_bits_count(finest->present, 0, finest->nbits);

	if ((builder->partial == NULL || length == 1) &&
		(bucket->nparts == 1 || count == finest->nbits))
	{
		bucket->covered = count * length;
		add_result(bucket, finest);
	}
	else
		combine_parts(builder, bucket);
}

/* the range of the batch's candles of these sources */
static void
set_batch_range(const CaRollupBuilder *builder, uint32 sources,
				CaRollupRange *range)
{
	int32 *assets = palloc(sizeof(int32) * builder->nbuckets);

	*range = *builder->range;
	range->all_assets = true;
	range->assets = assets;
	range->nassets = 0;
	range->sources = sources;
	range->since = DT_NOEND;
	range->until = DT_NOBEGIN;
	for (int i = 0; i < builder->nbuckets; i++)
	{
		const Bucket *bucket = &builder->buckets[i];

		if (range->nassets == 0 || assets[range->nassets - 1] != bucket->asset)
			assets[range->nassets++] = bucket->asset;
		range->since = Min(range->since, bucket->start);
		range->until = Max(range->until, bucket->end);
	}
}

/*
 * read the candles that the filter wants, and add them to the target candles
 */
static void
read_again(CaRollupBuilder *builder)
{
	CaRollupRange range;
	CaRollupGroups *groups;
	Bucket *bucket = builder->buckets;
	const CaRollupGroupKey *key;

	set_batch_range(builder, builder->filter_sources, &range);
	if (builder->again_plan == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(builder->context);

		builder->again_plan = ca_rollup_read_prepare(&range);
		MemoryContextSwitchTo(old);
	}
	groups = ca_rollup_groups_make(range.target, range.assets, range.nassets,
								   work_mem * (Size) 1024);
	ca_rollup_groups_filter(groups, builder->filter);
	ca_rollup_read(builder->again_plan, &range, groups);
	ca_rollup_groups_finish(groups);

	while ((key = ca_rollup_groups_peek(groups)) != NULL)
	{
		CaRollupGroupResult part;

		/* both are ordered by asset and time */
		while (bucket->asset != key->asset || bucket->start != key->start)
			bucket++;
		ca_rollup_groups_next(groups, &part);
		add_result(bucket, &part);
	}
}

/* look up the partial candles of the batch */
static void
load_partial(CaRollupBuilder *builder)
{
	uint32 sources = 0;
	CaRollupRange range;

	builder->partial = NULL;
	if (!builder->any_partial)
		return;
	for (int i = 0; i < builder->nbuckets; i++)
		for (int k = 0; k < builder->buckets[i].nparts; k++)
			sources |= (uint32) 1 << builder->buckets[i].parts[k].key.source;
	sources &= ~(uint32) 1; /* minutes are whole */
	if (sources == 0)
		return;
	set_batch_range(builder, sources, &range);
	builder->partial = ca_partial_candles_load(&range);
}

/* build the next batch of target candles; false when there are no more */
static bool
next_batch(CaRollupBuilder *builder)
{
	MemoryContext old;
	const CaRollupGroupKey *key;
	int64 length = 0;

	MemoryContextReset(builder->batch_context);
	old = MemoryContextSwitchTo(builder->batch_context);
	builder->nbuckets = 0;
	builder->next = 0;
	builder->filter = NULL;
	builder->filter_sources = 0;
	while ((key = ca_rollup_groups_peek(builder->groups)) != NULL &&
		   builder->nbuckets < BATCH_SIZE &&
		   length < BATCH_MINUTES * USECS_PER_MINUTE)
	{
		const Bucket *bucket;

		take_bucket(builder, key);
		bucket = &builder->buckets[builder->nbuckets - 1];
		length += bucket->end - bucket->start;
	}
	load_partial(builder);
	for (int i = 0; i < builder->nbuckets; i++)
		resolve(builder, &builder->buckets[i]);
	if (builder->filter != NULL)
		read_again(builder);
	MemoryContextSwitchTo(old);
	return builder->nbuckets > 0;
}

/*
 * The next target candle, by asset and time, in the current memory context; false
 * when there is none.
 */
bool
ca_rollup_build_next(CaRollupBuilder *builder, CaRollupBuilt *built)
{
	const Bucket *bucket;
	const CaCandle *candle;
	const CaMarketCap *cap;

	if (builder->next == builder->nbuckets && !next_batch(builder))
		return false;
	bucket = &builder->buckets[builder->next++];
	if (!bucket->known)
		elog(ERROR, "candles that were read before are missing");
	candle = &bucket->result.candle;
	cap = &bucket->result.market_cap;
	built->asset = bucket->asset;
	built->start = bucket->start;
	built->covered = bucket->covered;
	built->whole =
		built->covered * USECS_PER_MINUTE == bucket->end - bucket->start;
	memset(built->nulls, 0, sizeof(built->nulls));
	built->values[CA_BUILT_TIME] = TimestampTzGetDatum(built->start);
	built->values[CA_BUILT_OPEN] = ca_decimal_datum(&candle->open.price);
	built->values[CA_BUILT_HIGH] = ca_decimal_datum(&candle->high);
	built->values[CA_BUILT_LOW] = ca_decimal_datum(&candle->low);
	built->values[CA_BUILT_CLOSE] = ca_decimal_datum(&candle->close.price);
	built->nulls[CA_BUILT_VOLUME] = !candle->has_volume;
	built->values[CA_BUILT_VOLUME] = ca_decimal_datum(&candle->volume);
	built->nulls[CA_BUILT_MARKET_CAP] = !cap->known;
	built->values[CA_BUILT_MARKET_CAP] =
		cap->known ? ca_decimal_datum(&cap->value) : (Datum) 0;
	return true;
}
