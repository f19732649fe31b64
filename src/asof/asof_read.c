/*-------------------------------------------------------------------------
 *
 * asof_read.c
 *		Reads the candles that asof_closes.c needs.
 *
 * Candles are read by queries on price_history, with the rights of the caller
 * and the snapshot of the calling query; compressed ones are read in columns.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/tupdesc.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/query.h"
#include "asof/asof_closes.h"
#include "candle/rollup/partial_candles.h"
#include "segment/read/payload.h"
#include "segment/read/column_scan.h"

/* an array with the codes of all timeframes, or of those in this round */
static Datum
timeframe_codes(const CaAsOfCloses *closes, bool all)
{
	Datum codes[CA_TIMEFRAMES];
	bool wanted[CA_TIMEFRAMES] = {false};
	int n = 0;

	for (uint32 i = 0; i < closes->nseries; i++)
		wanted[closes->timeframes[i] - ca_timeframe_by_index(0)] = true;
	for (int place = 0; place < CA_TIMEFRAMES; place++)
		if (all || wanted[place])
			codes[n++] =
				CStringGetTextDatum(ca_timeframe_by_index(place)->code);
	return PointerGetDatum(
		construct_array(codes, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* the ids of all assets, or of those with series in this round */
static Datum *
list_assets(const CaAsOfCloses *closes, bool all, uint32 *n)
{
	Datum *ids = palloc(sizeof(Datum) * closes->nassets);

	*n = 0;
	for (uint32 i = 0; i < closes->nassets; i++)
	{
		const CaAsOfAsset *asset = closes->assets[i];
		bool wanted = all;

		for (int place = 0; !wanted && place < CA_TIMEFRAMES; place++)
			wanted = asset->series[place] >= 0;
		if (wanted)
			ids[(*n)++] = Int32GetDatum(asset->id);
	}
	return ids;
}

/* the same as an array */
static Datum
asset_ids(const CaAsOfCloses *closes, bool all)
{
	uint32 n;
	Datum *ids = list_assets(closes, all, &n);

	return PointerGetDatum(
		construct_array(ids, n, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}

/* find when the first candle of each series starts */
void
ca_asof_read_first(CaAsOfCloses *closes)
{
	Oid types[] = {INT4ARRAYOID, TEXTARRAYOID};
	Datum values[] = {asset_ids(closes, true), timeframe_codes(closes, true)};
	char *query = psprintf(
		"SELECT a.place, t.place, s.first "
		"FROM pg_catalog.unnest($1) WITH ORDINALITY AS a (id, place) "
		"CROSS JOIN pg_catalog.unnest($2) WITH ORDINALITY AS t (code, place) "
		"CROSS JOIN LATERAL ("
		"SELECT pg_catalog.min(h.candle_time) AS first "
		"FROM %s.price_history AS h "
		"WHERE h.asset_id OPERATOR(pg_catalog.=) a.id "
		"AND h.timeframe OPERATOR(pg_catalog.=) t.code) AS s "
		"WHERE s.first IS NOT NULL",
		closes->schema);
	TupleDesc desc;

	if (SPI_execute_with_args(query, lengthof(types), types, values, NULL, true,
							  0) != SPI_OK_SELECT)
		elog(ERROR, "could not read the first candles");

	desc = SPI_tuptable->tupdesc;
	for (uint64 i = 0; i < SPI_processed; i++)
	{
		HeapTuple tuple = SPI_tuptable->vals[i];
		bool isnull;
		int64 asset = DatumGetInt64(SPI_getbinval(tuple, desc, 1, &isnull));
		int64 place = DatumGetInt64(SPI_getbinval(tuple, desc, 2, &isnull));
		Datum first = SPI_getbinval(tuple, desc, 3, &isnull);

		closes->assets[asset - 1]->first[place - 1] =
			DatumGetTimestampTz(first);
	}
	SPI_freetuptable(SPI_tuptable);
}

static void
keep_close(CaAsOfCloses *closes, CaAsOfClose *close, Datum value)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(value);
	Size size = VARSIZE_ANY(packed);

	if (close->large != NULL)
		pfree(close->large);
	close->large = NULL;
	if (size <= CA_SMALL_CLOSE)
		memcpy(close->small, packed, size);
	else
	{
		close->large = MemoryContextAlloc(closes->context, size);
		memcpy(close->large, packed, size);
	}
}

/* the number of the series of an asset and a timeframe, or -1 */
static int32
find_series(const CaAsOfCloses *closes, int32 id, const CaTimeframe *timeframe)
{
	CaAsOfAsset *asset = hash_search(closes->asset_of_id, &id, HASH_FIND, NULL);

	if (asset == NULL || timeframe == NULL)
		return -1;
	return asset->series[timeframe - ca_timeframe_by_index(0)];
}

/* take a candle: asset, timeframe, start, close */
static void
take_candle(TupleTableSlot *candle, void *taker)
{
	CaAsOfCloses *closes = taker;
	text *code;
	const CaTimeframe *timeframe;
	int32 series;
	uint32 slot;

	slot_getallattrs(candle);
	code = DatumGetTextPP(candle->tts_values[1]);
	timeframe = ca_timeframe_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code));
	series =
		find_series(closes, DatumGetInt32(candle->tts_values[0]), timeframe);
	if (series < 0)
		return;

	slot = ca_asof_offer(closes->slots, &closes->ranges[series],
						 DatumGetTimestampTz(candle->tts_values[2]));
	if (slot != CA_ASOF_NO_SLOT)
		keep_close(closes, &closes->closes[slot], candle->tts_values[3]);
}

/* keep the close of a candle of a segment, if there is a slot for it */
static void
keep_segment_close(CaAsOfCloses *closes, uint32 slot, const CaSegment *segment,
				   int candle)
{
	Datum value;

	if (slot == CA_ASOF_NO_SLOT)
		return;
	value = ca_segment_number(&segment->number[CA_SEGMENT_CLOSE], candle);
	keep_close(closes, &closes->closes[slot], value);
	pfree(DatumGetPointer(value));
}

/* take the candles of a segment; the last one in each slot is kept */
static void
take_segment(CaAsOfCloses *closes, const CaColumnScan *scan)
{
	int32 series = find_series(closes, scan->asset, scan->timeframe);
	uint32 last_slot = CA_ASOF_NO_SLOT;
	int last = 0;

	if (series < 0)
		return;
	for (int i = scan->from; i < scan->to; i++)
	{
		uint32 slot = ca_asof_offer(closes->slots, &closes->ranges[series],
									scan->segment->time[i]);

		if (slot == CA_ASOF_NO_SLOT)
			continue;
		if (slot != last_slot)
			keep_segment_close(closes, last_slot, scan->segment, last);
		last_slot = slot;
		last = i;
	}
	keep_segment_close(closes, last_slot, scan->segment, last);
}

/* read the compressed candles of all series in the range that may be needed */
static void
read_segments(CaAsOfCloses *closes)
{
	uint32 n;
	Datum *ids = list_assets(closes, false, &n);
	bool *nulls = palloc0(sizeof(bool) * n);
	CaColumnScan scan;

	ca_bounds_init(&scan.bounds);
	ca_bounds_asset(&scan.bounds, INT4OID, ids, nulls, n);
	scan.bounds.since = closes->since;
	ca_bounds_before(&scan.bounds, closes->until);
	ca_column_scan_begin(&scan, closes->namespace_oid, 1 << CA_COMPRESSED_CLOSE,
						 CA_SCAN_UNORDERED);
	while (ca_column_scan_next(&scan))
		take_segment(closes, &scan);
	ca_column_scan_end(&scan);
}

/*
 * read the candles of all series of this round in the range that may be needed
 */
void
ca_asof_read_candles(CaAsOfCloses *closes)
{
	CaArgument arguments[] = {
		{INT4ARRAYOID, asset_ids(closes, false), false},
		{TEXTARRAYOID, timeframe_codes(closes, false), false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(closes->since), false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(closes->until), false}};

	ca_read_query(
		psprintf("SELECT h.asset_id, h.timeframe, h.candle_time, h.close_price "
				 "FROM %s.price_history AS h "
				 "WHERE NOT h.compressed "
				 "AND h.asset_id OPERATOR(pg_catalog.=) ANY ($1) "
				 "AND h.timeframe OPERATOR(pg_catalog.=) ANY ($2) "
				 "AND h.candle_time OPERATOR(pg_catalog.>=) $3 "
				 "AND h.candle_time OPERATOR(pg_catalog.<) $4",
				 closes->schema),
		arguments, lengthof(arguments), take_candle, closes);
	read_segments(closes);
}

/* note a partial candle: asset, timeframe, start, minutes */
static void
take_partial(TupleTableSlot *candle, void *taker)
{
	CaAsOfCloses *closes = taker;
	text *code;
	int32 series;
	uint32 slot;

	slot_getallattrs(candle);
	code = DatumGetTextPP(candle->tts_values[1]);
	series = find_series(
		closes, DatumGetInt32(candle->tts_values[0]),
		ca_timeframe_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code)));
	if (series < 0)
		return;

	slot = ca_asof_find(closes->slots, &closes->ranges[series],
						DatumGetTimestampTz(candle->tts_values[2]));
	if (slot != CA_ASOF_NO_SLOT)
		closes->made_of[slot] = DatumGetInt32(candle->tts_values[3]);
}

/* find which of the candles found are partial, where their age matters */
void
ca_asof_read_partial(CaAsOfCloses *closes)
{
	CaArgument arguments[] = {
		{INT4ARRAYOID, 0, false},
		{TEXTARRAYOID, 0, false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(closes->since), false},
		{TIMESTAMPTZOID, TimestampTzGetDatum(closes->until), false}};

	closes->made_of = NULL;
	if (closes->staleness == PG_INT64_MAX ||
		!ca_partial_candles_any(closes->namespace_oid))
		return;

	closes->made_of = palloc0(sizeof(int32) * closes->nslots);
	arguments[0].value = asset_ids(closes, false);
	arguments[1].value = timeframe_codes(closes, false);
	ca_read_query(
		psprintf("SELECT p.asset, p.timeframe, p.candle_time, p.covered "
				 "FROM %s.ca_partial_candles($1, $2, $3, $4) AS p",
				 closes->functions),
		arguments, lengthof(arguments), take_partial, closes);
}
