/*-------------------------------------------------------------------------
 *
 * closes_at.c
 *		ca_closes_at(asset, moment, staleness), a window function: the close
 *		known at each row's moment, for many rows at once.
 *
 * The rows of the partition are taken 2^20 at a time, and the candles of the
 * time that their moments span are read once for each such chunk; see
 * asof_closes.c.  So memory is bounded: about 100 bytes per row of a chunk,
 * and 200 per asset.
 *
 * A timeframe whose last candle is older than staleness at the moment is
 * skipped for the next one.  With a NULL staleness any age is accepted.  The
 * result is NULL for a NULL asset, for a moment that is NULL or infinite, and
 * where no timeframe is left.  The first row of a chunk decides the staleness.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "common/int.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "windowapi.h"

#include "asof/asof_closes.h"
#include "base/extension.h"

#define CHUNK_ROWS (1 << 20)

/* the rows of the partition that have been looked up */
typedef struct Chunk
{
	CaAsOfCloses *closes; /* NULL before the first */
	int64 start;          /* first row */
} Chunk;

PG_FUNCTION_INFO_V1(ca_closes_at);

/* an interval as comparisons take it: a month has 30 days, a day 24 hours */
static int64
interval_usecs(const Interval *interval)
{
	int64 days = (int64) interval->month * DAYS_PER_MONTH + interval->day;
	int64 usecs;

	if (pg_mul_s64_overflow(days, USECS_PER_DAY, &usecs) ||
		pg_add_s64_overflow(usecs, interval->time, &usecs))
		return days < 0 ? PG_INT64_MIN : PG_INT64_MAX;
	return usecs;
}

/* the place of the asset in "assets", a new one if it has none */
static int32
asset_place(CaAsOfCloses *closes, int32 id)
{
	bool known;
	CaAsOfAsset *asset =
		hash_search(closes->asset_of_id, &id, HASH_ENTER, &known);

	if (known)
		return asset->place;
	asset->place = closes->nassets++;
	for (int place = 0; place < CA_TIMEFRAMES; place++)
	{
		asset->first[place] = DT_NOEND;
		asset->series[place] = -1;
	}
	if ((closes->nassets & (closes->nassets - 1)) == 0)
		closes->assets = repalloc(closes->assets,
								  2 * closes->nassets * sizeof(CaAsOfAsset *));
	closes->assets[asset->place] = asset;
	return asset->place;
}

/* read the arguments of a row; false after the last one */
static bool
read_row(WindowObject winobj, int64 position, CaAsOfCloses *closes)
{
	CaAsOfRow *asked = &closes->rows[closes->nrows];
	bool isnull;
	bool is_out;
	Datum asset;
	Datum moment;

	asset = WinGetFuncArgInPartition(winobj, 0, position, WINDOW_SEEK_HEAD,
									 false, &isnull, &is_out);
	if (is_out)
		return false;
	asked->asks = !isnull;
	asked->found = false;
	moment = WinGetFuncArgInPartition(winobj, 1, position, WINDOW_SEEK_HEAD,
									  false, &isnull, &is_out);
	asked->asks = asked->asks && !isnull &&
				  !TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(moment));
	if (asked->asks)
	{
		asked->moment = DatumGetTimestampTz(moment);
		asked->place = 0;
		asked->asset = asset_place(closes, DatumGetInt32(asset));
	}
	closes->nrows++;
	return true;
}

/* allocate a chunk in a memory context of its own */
static CaAsOfCloses *
new_closes(MemoryContext parent, Oid function, uint32 nrows)
{
	MemoryContext context = AllocSetContextCreate(
		parent, "closes known at moments", ALLOCSET_DEFAULT_SIZES);
	MemoryContext caller = MemoryContextSwitchTo(context);
	CaAsOfCloses *closes = palloc0(sizeof(CaAsOfCloses));
	HASHCTL control = {0};

	control.keysize = sizeof(int32);
	control.entrysize = sizeof(CaAsOfAsset);
	control.hcxt = context;
	closes->context = context;
	closes->namespace_oid = ca_extension_schema();
	closes->schema = ca_quoted_schema(closes->namespace_oid);
	closes->functions = ca_quoted_schema(get_func_namespace(function));
	closes->rows = palloc(nrows * sizeof(CaAsOfRow));
	closes->assets = palloc(sizeof(CaAsOfAsset *));
	closes->asset_of_id = hash_create("assets asked for", 64, &control,
									  HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	MemoryContextSwitchTo(caller);
	return closes;
}

/* allocate the arrays for asof_closes.c, now that rows and assets are known */
static void
complete_closes(CaAsOfCloses *closes)
{
	MemoryContext caller = MemoryContextSwitchTo(closes->context);

	closes->timeframes = MemoryContextAllocHuge(
		closes->context,
		sizeof(CaTimeframe *) * Min((Size) closes->nassets * CA_TIMEFRAMES,
									(Size) closes->nrows) +
			1);
	closes->slots = palloc(((Size) closes->nrows + 1) * sizeof(CaAsOfSlot));
	closes->closes = palloc0(((Size) closes->nrows + 1) * sizeof(CaAsOfClose));
	closes->slot_of = palloc(((Size) closes->nrows + 1) * sizeof(uint32));
	closes->answers = palloc(((Size) closes->nrows + 1) * sizeof(CaAsOfClose));
	MemoryContextSwitchTo(caller);
}

/* read a chunk of rows from a position on and find their closes */
static void
fill_chunk(Chunk *chunk, FunctionCallInfo fcinfo, int64 position)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	MemoryContext parent = GetMemoryChunkContext(chunk);
	int64 left = WinGetPartitionRowCount(winobj) - position;
	CaAsOfCloses *closes;
	bool isnull;
	Datum staleness;

	if (chunk->closes != NULL)
		MemoryContextDelete(chunk->closes->context);
	chunk->closes = NULL;
	closes = new_closes(parent, fcinfo->flinfo->fn_oid, Min(left, CHUNK_ROWS));
	while (closes->nrows < Min(left, CHUNK_ROWS) &&
		   read_row(winobj, position + closes->nrows, closes))
		CHECK_FOR_INTERRUPTS();

	staleness = WinGetFuncArgCurrent(winobj, 2, &isnull);
	closes->staleness =
		isnull ? PG_INT64_MAX : interval_usecs(DatumGetIntervalP(staleness));
	complete_closes(closes);
	ca_asof_closes_find(closes);
	chunk->closes = closes;
	chunk->start = position;
}

/*
 * ca_closes_at(asset, moment, staleness) OVER (...) -> close
 *
 * Errors: 22008 where a candle's boundary is beyond the range of timestamps.
 */
Datum
ca_closes_at(PG_FUNCTION_ARGS)
{
	WindowObject winobj = PG_WINDOW_OBJECT();
	Chunk *chunk = WinGetPartitionLocalMemory(winobj, sizeof(Chunk));
	int64 position = WinGetCurrentPosition(winobj);
	const CaAsOfCloses *closes;
	const CaAsOfClose *close;
	uint32 row;

	if (chunk->closes == NULL ||
		position >= chunk->start + chunk->closes->nrows)
		fill_chunk(chunk, fcinfo, position);
	closes = chunk->closes;
	row = position - chunk->start;
	if (!closes->rows[row].found)
		PG_RETURN_NULL();

	close = &closes->answers[row];
	PG_RETURN_POINTER(close->large != NULL ? (const void *) close->large
										   : close->small);
}
