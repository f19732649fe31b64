/*-------------------------------------------------------------------------
 *
 * ohlcv.c
 *		Candles from the JSON that exchanges and data providers send.
 *
 * The array is walked once.  element.c reads each element; this file makes rows of
 * price_data of them, in order of time.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/typcache.h"

#include "base/timeframe.h"
#include "import/element.h"

static const char *const column_names[CA_IMPORT_COLUMNS] = {
	"asset_id",  "timeframe",   "open_price", "high_price",
	"low_price", "close_price", "volume",     "candle_time"};

typedef struct Candle
{
	TimestampTz time;
	int64 index; /* of its element */
	Datum row;   /* a price_data, or 0 if it is skipped */
	bool traded; /* whether its volume is known */
} Candle;

/* so many gaps without two neighbours mean that candles have another length */
#define SUSPECT_GAPS 10
#define SUSPECT_GAPS_COINGECKO 2

/* the length of the longest candles of CoinGecko */
#define COINGECKO_DAYS 4

PG_FUNCTION_INFO_V1(ca_import_candles);
PG_FUNCTION_INFO_V1(ca_import_ohlcv);

/* by time; at the same time the last element first */
static int
compare_candles(const void *a, const void *b)
{
	const Candle *x = a;
	const Candle *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->index > y->index ? -1 : 1;
}

/* a copy of the row with the volume of another one */
static Datum
row_with_volume(const CaImport *import, Datum row, Datum other)
{
	int volume = import->column[CA_IMPORT_VOLUME];
	HeapTupleData tuple = {.t_data = DatumGetHeapTupleHeader(row)};
	bool isnull;
	Datum value = GetAttributeByNum(DatumGetHeapTupleHeader(other),
									(AttrNumber) (volume + 1), &isnull);
	Datum *values = palloc(import->row_type->natts * sizeof(Datum));
	bool *nulls = palloc(import->row_type->natts * sizeof(bool));

	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	heap_deform_tuple(&tuple, import->row_type, values, nulls);
	values[volume] = value;
	nulls[volume] = isnull;
	return HeapTupleGetDatum(heap_form_tuple(import->row_type, values, nulls));
}

/*
 * Sort the candles by time and keep the last element for each time, with the last
 * known volume; returns the number of candles kept.
 */
static int64
last_of_each(const CaImport *import, Candle *candles, int64 n)
{
	int64 kept = 0;
	bool ascending = true;

	for (int64 i = 1; i < n && ascending; i++)
		ascending = candles[i - 1].time < candles[i].time;
	if (ascending)
		return n;

	qsort(candles, n, sizeof(Candle), compare_candles);
	for (int64 i = 0; i < n; i++)
	{
		Candle *last = kept > 0 ? &candles[kept - 1] : NULL;

		if (last == NULL || last->time != candles[i].time)
			candles[kept++] = candles[i];
		else if (last->row == (Datum) 0)
			*last = candles[i];
		else if (candles[i].row != (Datum) 0 && candles[i].traded &&
				 !last->traded)
		{
			last->row = row_with_volume(import, last->row, candles[i].row);
			last->traded = true;
		}
	}
	return kept;
}

/*
 * Refuse candles, sorted by time, of which no two are neighbours: they are longer
 * than the timeframe.  A market with few trades has such gaps too, but not many in a
 * row.  Binance is exempt, because it sends the close time of each candle.
 */
static void
check_spacing(const CaImport *import, const Candle *candles, int64 n)
{
	bool coingecko = import->format == CA_FORMAT_COINGECKO;
	int64 suspect = coingecko ? SUSPECT_GAPS_COINGECKO : SUSPECT_GAPS;
	int64 apart = 0;
	int64 last = 0;

	if (import->trust_times || import->format == CA_FORMAT_BINANCE)
		return;
	for (int64 i = 0; i < n && apart != 1; i++)
	{
		int64 ordinal =
			ca_timeframe_ordinal(import->timeframe, candles[i].time);
		int64 gap = i == 0 ? 0 : ordinal - last;

		/* the greatest common divisor of all gaps, by Euclid */
		while (gap != 0)
		{
			int64 rest = apart % gap;

			apart = gap;
			gap = rest;
		}
		last = ordinal;
	}
	if (coingecko && import->timeframe->months == 0 &&
		apart * import->timeframe->usecs % (COINGECKO_DAYS * USECS_PER_DAY) ==
			0)
		suspect = 1;
	if (apart < 2 || n - 1 < suspect)
		return;
	ereport(
		ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		errmsg("data has candles of another length than %s",
			   import->timeframe->code),
		errdetail("The starts of its " INT64_FORMAT
				  " candles are multiples of " INT64_FORMAT " times %s apart.",
				  n, apart, import->timeframe->code),
		errhint(
			"%sPass the timeframe of the candles; trust_times => true takes "
			"them as they are.",
			coingecko
				? "CoinGecko chooses the length by the days asked for: "
				  "30 minutes for 1 or 2, 4 hours for up to 30, else 4 days.  "
				: ""));
}

/* read all elements of the array, resetting a memory context after each */
static Candle *
read_candles(CaImport *import, Jsonb *data)
{
	Candle *candles = MemoryContextAllocHuge(
		CurrentMemoryContext, sizeof(Candle) * (JB_ROOT_COUNT(data) + 1));
	MemoryContext scratch = AllocSetContextCreate(
		CurrentMemoryContext, "import of an element", ALLOCSET_DEFAULT_SIZES);
	JsonbIterator *it = JsonbIteratorInit(&data->root);
	JsonbValue element;

	(void) JsonbIteratorNext(&it, &element, true);
	for (import->index = 0; JsonbIteratorNext(&it, &element, true) == WJB_ELEM;
		 import->index++)
	{
		Candle *candle = &candles[import->index];
		MemoryContext caller = MemoryContextSwitchTo(scratch);
		bool good;

		CHECK_FOR_INTERRUPTS();
		import->element = &element;
		candle->index = import->index;
		good = ca_import_read(import, &candle->time);
		MemoryContextSwitchTo(caller);
		candle->row =
			good ? HeapTupleGetDatum(heap_form_tuple(
					   import->row_type, import->values, import->nulls))
				 : (Datum) 0;
		candle->traded =
			good && !import->nulls[import->column[CA_IMPORT_VOLUME]];
		import->skipped += !good;
		MemoryContextReset(scratch);
	}
	MemoryContextDelete(scratch);
	return candles;
}

/* find the columns in the row type */
static void
prepare_rows(CaImport *import, Oid row_type)
{
	import->row_type = lookup_rowtype_tupdesc(row_type, -1);
	import->values = palloc0(import->row_type->natts * sizeof(Datum));
	import->nulls = palloc(import->row_type->natts * sizeof(bool));
	memset(import->nulls, true, import->row_type->natts * sizeof(bool));

	for (int column = 0; column < CA_IMPORT_COLUMNS; column++)
	{
		int i = 0;

		while (i < import->row_type->natts &&
			   strcmp(NameStr(TupleDescAttr(import->row_type, i)->attname),
					  column_names[column]) != 0)
			i++;
		if (i == import->row_type->natts)
			ereport(
				ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
				errmsg("column \"%s\" of price_data does not exist",
					   column_names[column]),
				errhint("Columns of the extension's tables keep their names."));
		import->column[column] = i;
	}
}

static bool
text_is(const text *value, const char *word)
{
	return VARSIZE_ANY_EXHDR(value) == strlen(word) &&
		   memcmp(VARDATA_ANY(value), word, strlen(word)) == 0;
}

static CaImportFormat
format_of(const text *format)
{
	return text_is(format, "ccxt")      ? CA_FORMAT_CCXT
		   : text_is(format, "binance") ? CA_FORMAT_BINANCE
										: CA_FORMAT_COINGECKO;
}

/* the candles of arguments 0 to 4, as an array of rows of row_type */
static Datum
import_candles(FunctionCallInfo fcinfo, CaImport *import, Oid row_type)
{
	Jsonb *data = PG_GETARG_JSONB_P(0);
	text *timeframe = PG_GETARG_TEXT_PP(2);
	Candle *candles;
	Datum *rows;
	int64 n;
	int64 nrows = 0;
	ArrayType *result;

	if (!JB_ROOT_IS_ARRAY(data) || JB_ROOT_IS_SCALAR(data))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("data must be a JSON array of candles"),
			errhint("Pass the array itself, not the object that the provider "
					"wraps it in."));
	if (!OidIsValid(row_type))
		elog(ERROR, "candles are imported without their row type");

	import->context = CurrentMemoryContext;
	import->format = format_of(PG_GETARG_TEXT_PP(3));
	import->base_volume = text_is(PG_GETARG_TEXT_PP(4), "base");
	import->timeframe = ca_timeframe_get(timeframe);
	prepare_rows(import, row_type);
	ca_import_store(import, CA_IMPORT_ASSET, PG_GETARG_DATUM(1));
	ca_import_store(import, CA_IMPORT_TIMEFRAME, PointerGetDatum(timeframe));

	candles = read_candles(import, data);
	n = last_of_each(import, candles, import->index);
	check_spacing(import, candles, n);
	rows =
		MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * (n + 1));
	for (int64 i = 0; i < n; i++)
		if (candles[i].row != (Datum) 0)
			rows[nrows++] = candles[i].row;
	result = construct_array(rows, nrows, row_type, -1, false, TYPALIGN_DOUBLE);
	ReleaseTupleDesc(import->row_type);
	return PointerGetDatum(result);
}

/*
 * ca_import_ohlcv(data, asset, timeframe, format, volume_unit, bad, trust_times,
 *				   OUT candles, OUT skipped, OUT mended, OUT first_problem)
 *
 * Returns the candles by time.  If one comes twice, as when pages overlap, the last
 * one is taken.  STRICT.  The caller has checked format, volume_unit and bad.  Memory:
 * twice the candles.  Errors: 22023 for an unknown timeframe, for data that is not an
 * array and for the first invalid element; 22003 for a number with too many digits.
 */
Datum
ca_import_ohlcv(PG_FUNCTION_ARGS)
{
	text *bad = PG_GETARG_TEXT_PP(5);
	CaImport import = {.trust_times = PG_GETARG_BOOL(6)};
	TupleDesc result_type;
	Datum values[4];
	bool nulls[4] = {false};

	if (get_call_result_type(fcinfo, NULL, &result_type) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "ca_import_ohlcv called without its result type");
	import.bad = text_is(bad, "skip")   ? CA_BAD_SKIP
				 : text_is(bad, "mend") ? CA_BAD_MEND
										: CA_BAD_REFUSE;
	values[0] = import_candles(
		fcinfo, &import,
		get_element_type(TupleDescAttr(result_type, 0)->atttypid));
	values[1] = Int64GetDatum(import.skipped);
	values[2] = Int64GetDatum(import.mended);
	nulls[3] = import.first_problem == NULL;
	values[3] =
		nulls[3] ? (Datum) 0 : CStringGetTextDatum(import.first_problem);
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(result_type), values, nulls)));
}

/*
 * ca_import_candles(data, asset, timeframe, format, volume_unit) -> candles
 *
 * The import of versions before 0.7.0.
 */
Datum
ca_import_candles(PG_FUNCTION_ARGS)
{
	CaImport import = {.trust_times = true};

	PG_RETURN_DATUM(
		import_candles(fcinfo, &import,
					   get_element_type(get_fn_expr_rettype(fcinfo->flinfo))));
}
