/*-------------------------------------------------------------------------
 *
 * ohlcv.c
 *		Candles from the JSON that exchanges and data providers send.
 *
 * The array is walked once.  What its elements mean is in element.c; here they
 * become rows of price_data, by time.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

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

#include "import/element.h"
#include "timeframe.h"

static const char *const column_names[CA_COLUMNS] = {
	"asset_id",  "timeframe",   "open_price", "high_price",
	"low_price", "close_price", "volume",     "candle_time"};

typedef struct Candle
{
	TimestampTz time;
	int64 index; /* of its element */
	Datum row;   /* a price_data */
} Candle;

PG_FUNCTION_INFO_V1(ca_import_candles);

/* by time, and of those at one time the last element first */
static int
compare_candles(const void *a, const void *b)
{
	const Candle *x = a;
	const Candle *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return x->index > y->index ? -1 : 1;
}

/*
 * Sort the candles by time and keep the last element of each; returns how many
 * are left.
 */
static int64
last_of_each(Candle *candles, int64 n)
{
	int64 kept = 0;
	bool ascending = true;

	for (int64 i = 1; i < n && ascending; i++)
		ascending = candles[i - 1].time < candles[i].time;
	if (ascending)
		return n;

	qsort(candles, n, sizeof(Candle), compare_candles);
	for (int64 i = 0; i < n; i++)
		if (kept == 0 || candles[kept - 1].time != candles[i].time)
			candles[kept++] = candles[i];
	return kept;
}

/* read all elements of the array, each in a context that is reset after it */
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

		CHECK_FOR_INTERRUPTS();
		import->element = &element;
		candle->index = import->index;
		candle->time = ca_import_read(import);
		MemoryContextSwitchTo(caller);
		candle->row = HeapTupleGetDatum(
			heap_form_tuple(import->row_type, import->values, import->nulls));
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

	for (int column = 0; column < CA_COLUMNS; column++)
	{
		int i = 0;

		while (i < import->row_type->natts &&
			   strcmp(NameStr(TupleDescAttr(import->row_type, i)->attname),
					  column_names[column]) != 0)
			i++;
		if (i == import->row_type->natts)
			ereport(ERROR, errcode(ERRCODE_UNDEFINED_COLUMN),
					errmsg("column \"%s\" of price_data does not exist",
						   column_names[column]));
		import->column[column] = i;
	}
}

static bool
text_is(const text *value, const char *word)
{
	return VARSIZE_ANY_EXHDR(value) == strlen(word) &&
		   memcmp(VARDATA_ANY(value), word, strlen(word)) == 0;
}

/*
 * ca_import_candles(data, asset, timeframe, format, volume_unit) -> candles by
 * time; where one comes twice, as where pages overlap, the last one counts
 *
 * STRICT.  The caller has checked format and volume_unit.  Memory: the candles,
 * twice.  Errors: 22023 for an unknown timeframe, for data that is no array and
 * for the first element that is wrong.
 */
Datum
ca_import_candles(PG_FUNCTION_ARGS)
{
	Jsonb *data = PG_GETARG_JSONB_P(0);
	text *timeframe = PG_GETARG_TEXT_PP(2);
	text *format = PG_GETARG_TEXT_PP(3);
	Oid row_type = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
	CaImport import = {0};
	Candle *candles;
	Datum *rows;
	int64 n;
	ArrayType *result;

	if (!JB_ROOT_IS_ARRAY(data) || JB_ROOT_IS_SCALAR(data))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("data must be a JSON array of candles"));
	if (!OidIsValid(row_type))
		elog(ERROR, "ca_import_candles called without its result type");

	import.format = text_is(format, "ccxt")      ? CA_FORMAT_CCXT
					: text_is(format, "binance") ? CA_FORMAT_BINANCE
												 : CA_FORMAT_COINGECKO;
	import.base_volume = text_is(PG_GETARG_TEXT_PP(4), "base");
	import.timeframe = ca_timeframe_get(timeframe);
	prepare_rows(&import, row_type);
	ca_import_store(&import, CA_COLUMN_ASSET, PG_GETARG_DATUM(1));
	ca_import_store(&import, CA_COLUMN_TIMEFRAME, PointerGetDatum(timeframe));

	candles = read_candles(&import, data);
	n = last_of_each(candles, import.index);
	rows =
		MemoryContextAllocHuge(CurrentMemoryContext, sizeof(Datum) * (n + 1));
	for (int64 i = 0; i < n; i++)
		rows[i] = candles[i].row;
	result = construct_array(rows, n, row_type, -1, false, TYPALIGN_DOUBLE);
	ReleaseTupleDesc(import.row_type);
	PG_RETURN_ARRAYTYPE_P(result);
}
