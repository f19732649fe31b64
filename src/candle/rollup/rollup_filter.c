/*-------------------------------------------------------------------------
 *
 * rollup_filter.c
 *		Which stored candles to read where not all are wanted.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "utils/hsearch.h"

#include "candle/rollup/rollup_filter.h"

/* the wanted candles of one asset, target candle and source */
typedef struct Wanted
{
	CaRollupGroupKey key;
	const uint64 *bits;
} Wanted;

struct CaRollupFilter
{
	const CaTimeframe *target;
	HTAB *table; /* of Wanted */
};

/* a filter in the current memory context; it wants nothing yet */
CaRollupFilter *
ca_rollup_filter_make(const CaTimeframe *target)
{
	CaRollupFilter *filter = palloc(sizeof(CaRollupFilter));
	HASHCTL control = {0};

	control.keysize = sizeof(CaRollupGroupKey);
	control.entrysize = sizeof(Wanted);
	control.hcxt = CurrentMemoryContext;
	filter->target = target;
	filter->table = hash_create("candles wanted", 256, &control,
								HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return filter;
}

/*
 * want the candles whose bits are set; the bits must live as long as the
 * filter
 */
void
ca_rollup_filter_add(CaRollupFilter *filter, const CaRollupGroupKey *key,
					 const uint64 *wanted)
{
	bool found;
	Wanted *entry = hash_search(filter->table, key, HASH_ENTER, &found);

	entry->bits = wanted;
}

/* whether a candle is wanted */
bool
ca_rollup_filter_wants(const CaRollupFilter *filter, int32 asset,
					   const CaTimeframe *timeframe, TimestampTz time)
{
	CaRollupGroupKey key = {.start = ca_timeframe_at(filter->target, time),
							.asset = asset,
							.source = ca_timeframe_index(timeframe)};
	const Wanted *wanted = hash_search(filter->table, &key, HASH_FIND, NULL);

	return wanted != NULL &&
		   ca_bit_is_set(wanted->bits, (time - key.start) / timeframe->usecs);
}
