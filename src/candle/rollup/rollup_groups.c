/*-------------------------------------------------------------------------
 *
 * rollup_groups.c
 *		Stored candles grouped by asset, target candle and source timeframe.
 *
 * Candles come in any order, all assets together, and are merged into the
 * group of their target candle.  Each asset remembers, for each source, the
 * group of its last candle.  So for rows in order of time, however the assets
 * are interleaved, two comparisons nearly always replace the look-up.
 *
 * A group has a bit for each source candle that exists; bits are ORed where
 * groups are merged.  Candles can be filtered by such bits.
 *
 * Memory: groups stay in memory up to the given limit, at about 250 bytes
 * each, plus the bits beyond 64 and the states of candles that do not fit into
 * a CaCandle64.  Beyond the limit all groups go to a sort on disk, which uses
 * the same amount of memory, and the table starts empty.  A group may then
 * have several parts; merging is associative, so they are merged as they come
 * out of the sort.  Each asset takes another 600 to 1,400 bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "candle/rollup/rollup_groups.h"
#include "candle/rollup/rollup_spill.h"
#include "base/checks.h"

/* a group in memory: element, header, and shares of buckets and list */
#define GROUP_SIZE (sizeof(CaRollupGroup) + 48)

/* the group that the last candle of a source went to */
typedef struct Current
{
	TimestampTz start;
	TimestampTz end;
	TimestampTz last_time; /* of a candle of the group, */
	int last_bit;          /* and its bit */
	CaRollupGroup *group;  /* NULL at first */
} Current;

typedef struct Series
{
	int32 asset;
	char status; /* of simplehash */
	Current current[CA_TIMEFRAMES];
} Series;

#define SH_PREFIX series
#define SH_ELEMENT_TYPE Series
#define SH_KEY_TYPE int32
#define SH_KEY asset
#define SH_HASH_KEY(table, key) murmurhash32((uint32) (key))
#define SH_EQUAL(table, a, b) ((a) == (b))
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

struct CaRollupGroups
{
	MemoryContext context;        /* of what lives as long as this */
	MemoryContext groups_context; /* of the table and the groups' data */
	MemoryContext row_context;
	const CaTimeframe *target;
	series_hash *series;
	Series *last_series;
	HTAB *table;
	const CaRollupFilter *filter; /* NULL: all candles are wanted */
	Size memory_limit;
	CaRollupSpill *spill;      /* NULL while all groups fit */
	CaRollupGroup **in_memory; /* in the order in which they were made */
	long nin_memory;
	long room;       /* of in_memory */
	bool is_ordered; /* that order is the order of results */
	long next;       /* the next result, when finished */
};

static void
make_table(CaRollupGroups *groups)
{
	HASHCTL control = {0};

	control.keysize = sizeof(CaRollupGroupKey);
	control.entrysize = sizeof(CaRollupGroup);
	control.hcxt = groups->groups_context;
	groups->table = hash_create("candles rolled up", 1024, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	groups->nin_memory = 0;
	groups->is_ordered = true;
}

/*
 * Groups for candles of these assets, in the current memory context.  Candles
 * of other assets will be ignored.
 */
CaRollupGroups *
ca_rollup_groups_make(const CaTimeframe *target, const int32 *assets,
					  int nassets, Size memory_limit)
{
	CaRollupGroups *groups = palloc0(sizeof(CaRollupGroups));

	groups->context = CurrentMemoryContext;
	groups->groups_context = AllocSetContextCreate(
		CurrentMemoryContext, "candle groups", ALLOCSET_DEFAULT_SIZES);
	groups->row_context = AllocSetContextCreate(
		CurrentMemoryContext, "candle row", ALLOCSET_DEFAULT_SIZES);
	groups->target = target;
	groups->memory_limit = memory_limit;
	groups->series = series_create(CurrentMemoryContext, nassets, NULL);
	for (int i = 0; i < nassets; i++)
	{
		bool found;
		Series *series = series_insert(groups->series, assets[i], &found);

		memset(series->current, 0, sizeof(series->current));
	}
	groups->room = 1024;
	groups->in_memory = palloc(sizeof(CaRollupGroup *) * groups->room);
	make_table(groups);
	return groups;
}

/* from now on take only what the filter wants, which must live as long */
void
ca_rollup_groups_filter(CaRollupGroups *groups, const CaRollupFilter *filter)
{
	groups->filter = filter;
}

const CaRollupFilter *
ca_rollup_groups_filtered(const CaRollupGroups *groups)
{
	return groups->filter;
}

/* move all groups to the sort */
static void
spill(CaRollupGroups *groups)
{
	MemoryContext old = MemoryContextSwitchTo(groups->context);
	series_iterator series;
	Series *each;

	if (groups->spill == NULL)
		groups->spill = ca_rollup_spill_begin(groups->memory_limit / 1024);

	for (long i = 0; i < groups->nin_memory; i++)
	{
		CHECK_FOR_INTERRUPTS();
		ca_rollup_spill_put(groups->spill, groups->in_memory[i]);
	}

	MemoryContextReset(groups->groups_context);
	make_table(groups);
	series_start_iterate(groups->series, &series);
	while ((each = series_iterate(groups->series, &series)) != NULL)
		memset(each->current, 0, sizeof(each->current));
	MemoryContextSwitchTo(old);
}

/* note a new group */
static void
remember_group(CaRollupGroups *groups, CaRollupGroup *group)
{
	long n = groups->nin_memory;

	if (n == groups->room)
	{
		groups->room *= 2;
		groups->in_memory = repalloc_huge(
			groups->in_memory, sizeof(CaRollupGroup *) * groups->room);
	}
	groups->in_memory[n] = group;
	groups->nin_memory++;
	if (groups->is_ordered && n > 0)
		groups->is_ordered = ca_rollup_group_order(&groups->in_memory[n - 1],
												   &groups->in_memory[n]) < 0;
}

/* start a new group */
static void
start_group(CaRollupGroups *groups, CaRollupGroup *group,
			const CaTimeframe *timeframe, TimestampTz end)
{
	group->market_cap.known = false;
	group->state = NULL;
	group->nbits = (end - group->key.start) / timeframe->usecs;
	group->bits = 0;
	group->more = NULL;
	if (group->nbits > 64)
		group->more = MemoryContextAllocZero(groups->groups_context,
											 ca_bits_words(group->nbits) *
												 sizeof(uint64));
	remember_group(groups, group);
}

/*
 * Whether the groups in memory have reached the limit.  The table has a memory
 * context of its own, a child of groups_context.
 */
static inline bool
is_full(const CaRollupGroups *groups)
{
	return groups->nin_memory >= 1024 &&
		   groups->nin_memory * GROUP_SIZE +
				   MemoryContextMemAllocated(groups->groups_context, false) >=
			   groups->memory_limit;
}

/* make the group of a candle its series' current one; found: it existed */
static void
find_group(CaRollupGroups *groups, Series *series, const CaTimeframe *timeframe,
		   TimestampTz time, bool *found)
{
	int source = ca_timeframe_index(timeframe);
	Current *current = &series->current[source];
	CaRollupGroupKey key;

	if (is_full(groups))
		spill(groups);

	ca_check_finite_time(time);
	key.start = ca_timeframe_span(groups->target, time, &current->end);
	key.asset = series->asset;
	key.source = source;
	current->start = key.start;
	current->group = hash_search(groups->table, &key, HASH_ENTER, found);
	if (!*found)
		start_group(groups, current->group, timeframe, current->end);
	current->last_time = time;
	current->last_bit = (time - key.start) / timeframe->usecs;
}

/*
 * The group of a candle, which becomes the current one of its series; a new
 * group has no candle yet.  NULL when the asset is not one of those asked for.
 */
static inline Current *
current_at(CaRollupGroups *groups, int32 asset, const CaTimeframe *timeframe,
		   TimestampTz time, bool *found)
{
	Series *series = groups->last_series;
	Current *current;

	if (series == NULL || series->asset != asset)
	{
		series = series_lookup(groups->series, asset);
		if (series == NULL)
			return NULL;
		groups->last_series = series;
	}

	current = &series->current[ca_timeframe_index(timeframe)];
	*found = true;
	if (current->group == NULL || time < current->start || time >= current->end)
		find_group(groups, series, timeframe, time, found);
	return current;
}

/*
 * The group of a candle, and the end of its target candle; a new group has no
 * candle yet.  NULL when the asset is not one of those asked for.
 */
CaRollupGroup *
ca_rollup_groups_at(CaRollupGroups *groups, int32 asset,
					const CaTimeframe *timeframe, TimestampTz time, bool *found,
					TimestampTz *end)
{
	const Current *current = current_at(groups, asset, timeframe, time, found);

	if (current == NULL)
		return NULL;
	*end = current->end;
	return current->group;
}

/* the bit of a candle; for rows in order of time it rarely takes a division */
static inline int
current_bit(Current *current, const CaTimeframe *timeframe, TimestampTz time)
{
	if (time - current->last_time == timeframe->usecs)
		current->last_bit++;
	else if (time != current->last_time)
		current->last_bit = (time - current->start) / timeframe->usecs;
	current->last_time = time;
	return current->last_bit;
}

/* merge a candle into its group, which is empty unless "found" */
void
ca_rollup_groups_merge(CaRollupGroups *groups, CaRollupGroup *group, bool found,
					   const CaStoredCandle *stored)
{
	ca_rollup_group_merge(group, found, stored, groups->groups_context,
						  groups->row_context);
}

/* merge a market_cap into a group */
void
ca_rollup_groups_market_cap(CaRollupGroups *groups, CaRollupGroup *group,
							TimestampTz time, Datum value)
{
	ca_rollup_group_market_cap(group, time, value, groups->groups_context);
}

/*
 * Merge a stored candle into its group.  Errors: those of candlestick_agg.
 */
void
ca_rollup_groups_add(CaRollupGroups *groups, const CaStoredCandle *stored)
{
	bool found;
	int bit;
	Current *current;

	if (groups->filter != NULL &&
		!ca_rollup_filter_wants(groups->filter, stored->asset,
								stored->timeframe, stored->time))
		return;
	current = current_at(groups, stored->asset, stored->timeframe, stored->time,
						 &found);
	if (current == NULL)
		return;
	bit = current_bit(current, stored->timeframe, stored->time);
	ca_rollup_group_bits(current->group)[bit / 64] |= (uint64) 1 << bit % 64;
	ca_rollup_groups_merge(groups, current->group, found, stored);
}

/* all candles are in; results can be read from now on */
void
ca_rollup_groups_finish(CaRollupGroups *groups)
{
	if (groups->spill != NULL)
	{
		spill(groups);
		ca_rollup_spill_sort(groups->spill);
	}
	else if (!groups->is_ordered)
		qsort(groups->in_memory, groups->nin_memory, sizeof(CaRollupGroup *),
			  ca_rollup_group_order);
}

/*
 * The key of the next result, or NULL; they come by asset, target candle and
 * source, shortest first.
 */
const CaRollupGroupKey *
ca_rollup_groups_peek(const CaRollupGroups *groups)
{
	if (groups->spill != NULL)
		return ca_rollup_spill_peek(groups->spill);
	return groups->next < groups->nin_memory
			   ? &groups->in_memory[groups->next]->key
			   : NULL;
}

/*
 * Take the next result.  Its data live in the current memory context, or as
 * long as the groups.
 */
void
ca_rollup_groups_next(CaRollupGroups *groups, CaRollupGroupResult *result)
{
	CaRollupGroup *group;
	const CaRollupGroupKey *key;
	CaRollupGroupResult part;

	CHECK_FOR_INTERRUPTS();
	if (groups->spill == NULL)
	{
		group = groups->in_memory[groups->next++];
		result->key = group->key;
		result->market_cap = group->market_cap;
		result->nbits = group->nbits;
		result->present = ca_rollup_group_bits(group);
		if (group->state != NULL)
			ca_candlestick_state_read(group->state, &result->candle);
		else
			ca_candle64_to_candle(&group->candle, &result->candle);
		return;
	}

	ca_rollup_spill_next(groups->spill, result);
	while ((key = ca_rollup_spill_peek(groups->spill)) != NULL &&
		   memcmp(key, &result->key, sizeof(CaRollupGroupKey)) == 0)
	{
		uint64 *bits = unconstify(uint64 *, result->present);

		ca_rollup_spill_next(groups->spill, &part);
		for (int i = 0; i < ca_bits_words(part.nbits); i++)
			bits[i] |= part.present[i];
		ca_rollup_group_merge_result(result, &part);
	}
}
