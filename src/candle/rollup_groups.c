/*-------------------------------------------------------------------------
 *
 * rollup_groups.c
 *		Stored candles grouped by asset, target candle and source timeframe.
 *
 * Candles come in any order, all assets together, and are merged into the group
 * of their target candle.  Each asset remembers the group that its last candle
 * of each source went to, so that of rows in order of time, however the assets
 * are interleaved, nearly none is looked up: two comparisons do.
 *
 * Memory: groups stay in memory up to the limit given, about 250 bytes each.
 * Beyond it all of them go to a sort on disk as partial candles, and the table
 * starts empty.  Merging is associative, so the parts that a group may then have
 * are put together as they come out of the sort.  There are also 400 bytes an
 * asset.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "common/hashfn.h"
#include "miscadmin.h"
#include "utils/datum.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "candle/candlestick_agg.h"
#include "candle/rollup_groups.h"
#include "numeric.h"
#include "numeric_small.h"
#include "validate.h"

/* what a group takes in the table: the element, its header, its share of buckets */
#define GROUP_SIZE (sizeof(CaGroup) + 32)

/* the group that the last candle of a source went to */
typedef struct Current
{
	TimestampTz start;
	TimestampTz end;
	CaGroup *group; /* NULL at first */
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

struct CaGroups
{
	MemoryContext context; /* of what lives as long as this */
	MemoryContext groups_context;
	MemoryContext row_context;
	const CaTimeframe *target;
	series_hash *series;
	Series *last_series;
	HTAB *table;
	long max_groups;
	Size memory_limit;
	CaSpill *spill;    /* NULL while all groups fit */
	CaGroup **ordered; /* of those in memory, when finished */
	long nordered;
	long next;
};

static void
make_table(CaGroups *groups)
{
	HASHCTL control = {0};

	control.keysize = sizeof(CaGroupKey);
	control.entrysize = sizeof(CaGroup);
	control.hcxt = groups->groups_context;
	groups->table = hash_create("candles rolled up", 1024, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Groups of candles of these assets, in the current memory context.  Candles of
 * other assets will be left out.
 */
CaGroups *
ca_groups_make(const CaTimeframe *target, const int32 *assets, int nassets,
			   Size memory_limit)
{
	CaGroups *groups = palloc0(sizeof(CaGroups));

	groups->context = CurrentMemoryContext;
	groups->groups_context = AllocSetContextCreate(
		CurrentMemoryContext, "candle groups", ALLOCSET_DEFAULT_SIZES);
	groups->row_context = AllocSetContextCreate(
		CurrentMemoryContext, "candle row", ALLOCSET_DEFAULT_SIZES);
	groups->target = target;
	groups->memory_limit = memory_limit;
	groups->max_groups = Max(1024, memory_limit / GROUP_SIZE);
	groups->series = series_create(CurrentMemoryContext, nassets, NULL);
	for (int i = 0; i < nassets; i++)
	{
		bool found;
		Series *series = series_insert(groups->series, assets[i], &found);

		memset(series->current, 0, sizeof(series->current));
	}
	make_table(groups);
	return groups;
}

/* move all groups to the sort */
static void
spill(CaGroups *groups)
{
	MemoryContext old = MemoryContextSwitchTo(groups->context);
	series_iterator series;
	HASH_SEQ_STATUS sequence;
	Series *each;
	CaGroup *group;

	if (groups->spill == NULL)
		groups->spill = ca_spill_begin(groups->memory_limit / 1024);

	hash_seq_init(&sequence, groups->table);
	while ((group = hash_seq_search(&sequence)) != NULL)
	{
		CHECK_FOR_INTERRUPTS();
		ca_spill_put(groups->spill, group);
	}

	MemoryContextReset(groups->groups_context);
	make_table(groups);
	series_start_iterate(groups->series, &series);
	while ((each = series_iterate(groups->series, &series)) != NULL)
		memset(each->current, 0, sizeof(each->current));
	MemoryContextSwitchTo(old);
}

/* the group of a candle, and whether there was one */
static CaGroup *
find_group(CaGroups *groups, Series *series, const CaStoredCandle *stored,
		   bool *found)
{
	int source = ca_timeframe_index(stored->timeframe);
	Current *current = &series->current[source];
	CaGroupKey key;

	if (hash_get_num_entries(groups->table) >= groups->max_groups)
		spill(groups);

	ca_check_finite_time(stored->time);
	key.start = ca_timeframe_span(groups->target, stored->time, &current->end);
	key.asset = series->asset;
	key.source = source;
	current->start = key.start;
	current->group = hash_search(groups->table, &key, HASH_ENTER, found);
	return current->group;
}

/* keep a value longer than the row it is from */
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

/* the later market_cap counts, of two at one time the higher */
static bool
is_later(const CaMarketCap *new, const CaMarketCap *old)
{
	if (!old->known || new->time != old->time)
		return !old->known || new->time > old->time;
	return ca_decimal_order(&new->value, &old->value) > 0;
}

static void
add_market_cap(CaGroups *groups, CaGroup *group, const CaStoredCandle *stored)
{
	CaMarketCap new = {true, stored->time, {{0}, 0, false}};

	new.value = ca_candle_read_numeric(stored->market_cap, "price");
	if (is_later(&new, &group->market_cap))
	{
		new.value = keep_decimal(groups->groups_context, new.value);
		group->market_cap = new;
	}
}

/* merge a candle into its group by way of the kernel, which takes all there is */
static void
add_slowly(CaGroups *groups, CaGroup *group, bool found,
		   const CaStoredCandle *stored)
{
	MemoryContext old = MemoryContextSwitchTo(groups->row_context);
	struct varlena *state = group->state;
	CaCandle candle;
	CaCandle sum;

	ca_candle_bar_from_numerics(&candle, stored->time, stored->prices,
								stored->has_volume ? &stored->volume : NULL);
	if (state == NULL && found)
	{
		ca_compact_to_candle(&group->candle, &sum);
		ca_candle_merge(&sum, &candle);
		candle = sum;
	}
	if (state != NULL || !ca_compact_from_candle(&group->candle, &candle))
	{
		state = ca_candle_state_merge(state, &candle);
		if (state != group->state)
		{
			if (group->state != NULL)
				pfree(group->state);
			MemoryContextSwitchTo(groups->groups_context);
			group->state = (struct varlena *) DatumGetPointer(
				datumCopy(PointerGetDatum(state), false, -1));
		}
	}
	MemoryContextSwitchTo(old);
	MemoryContextReset(groups->row_context);
}

/*
 * Merge a candle of small decimals into a compact group, or start the group with
 * it; false when either is not.
 */
static inline bool
add_small(CaGroup *group, bool found, const CaStoredCandle *stored)
{
	CaSmall prices[4];
	CaSmall volume;

	if (group->state != NULL || TIMESTAMP_NOT_FINITE(stored->time))
		return false;
	for (int i = 0; i < 4; i++)
		if (!ca_small_from_numeric(stored->prices[i], &prices[i]))
			return false;
	if (stored->has_volume && !ca_small_from_numeric(stored->volume, &volume))
		return false;
	if (!found)
		ca_compact_start(&group->candle, stored->time, prices);
	return ca_compact_add_bar(&group->candle, stored->time, prices,
							  stored->has_volume ? &volume : NULL);
}

/*
 * Merge a stored candle into its group.  Errors: those of candlestick_agg.
 */
void
ca_groups_add(CaGroups *groups, const CaStoredCandle *stored)
{
	Series *series = groups->last_series;
	const Current *current;
	CaGroup *group;
	bool found = true;

	if (series == NULL || series->asset != stored->asset)
	{
		series = series_lookup(groups->series, stored->asset);
		if (series == NULL)
			return;
		groups->last_series = series;
	}

	current = &series->current[ca_timeframe_index(stored->timeframe)];
	if (current->group != NULL && stored->time >= current->start &&
		stored->time < current->end)
		group = current->group;
	else
		group = find_group(groups, series, stored, &found);

	if (!found)
	{
		group->market_cap.known = false;
		group->state = NULL;
	}
	if (!add_small(group, found, stored))
		add_slowly(groups, group, found, stored);
	if (stored->has_market_cap)
		add_market_cap(groups, group, stored);
}

/* by asset, target candle, source */
static int
compare_groups(const void *one, const void *other)
{
	const CaGroupKey *a = &(*(CaGroup *const *) one)->key;
	const CaGroupKey *b = &(*(CaGroup *const *) other)->key;

	if (a->asset != b->asset)
		return a->asset < b->asset ? -1 : 1;
	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->source - b->source;
}

/* no more candles will come; results can be read from now on */
void
ca_groups_finish(CaGroups *groups)
{
	HASH_SEQ_STATUS sequence;
	CaGroup *group;

	if (groups->spill != NULL)
	{
		spill(groups);
		ca_spill_sort(groups->spill);
		return;
	}

	groups->ordered = MemoryContextAllocHuge(
		groups->context,
		sizeof(CaGroup *) * (hash_get_num_entries(groups->table) + 1));
	hash_seq_init(&sequence, groups->table);
	while ((group = hash_seq_search(&sequence)) != NULL)
		groups->ordered[groups->nordered++] = group;
	qsort(groups->ordered, groups->nordered, sizeof(CaGroup *), compare_groups);
}

/*
 * The key of the next result, or NULL; they come by asset, target candle and
 * source, shortest first.
 */
const CaGroupKey *
ca_groups_peek(const CaGroups *groups)
{
	if (groups->spill != NULL)
		return ca_spill_peek(groups->spill);
	return groups->next < groups->nordered ? &groups->ordered[groups->next]->key
										   : NULL;
}

/*
 * Take the next result.  Wide decimals in it live in the current memory context,
 * or as long as the groups.
 */
void
ca_groups_next(CaGroups *groups, CaGroupResult *result)
{
	const CaGroup *group;
	const CaGroupKey *key;
	CaGroupResult part;

	CHECK_FOR_INTERRUPTS();
	if (groups->spill == NULL)
	{
		group = groups->ordered[groups->next++];
		result->key = group->key;
		result->market_cap = group->market_cap;
		if (group->state != NULL)
			ca_candle_state_read(group->state, &result->candle);
		else
			ca_compact_to_candle(&group->candle, &result->candle);
		return;
	}

	ca_spill_next(groups->spill, result);
	while ((key = ca_spill_peek(groups->spill)) != NULL &&
		   memcmp(key, &result->key, sizeof(CaGroupKey)) == 0)
	{
		ca_spill_next(groups->spill, &part);
		ca_candle_merge(&result->candle, &part.candle);
		if (part.market_cap.known &&
			is_later(&part.market_cap, &result->market_cap))
			result->market_cap = part.market_cap;
	}
}
