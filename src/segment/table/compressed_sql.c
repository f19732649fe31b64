/*-------------------------------------------------------------------------
 *
 * compressed_sql.c
 *		SQL functions that read, change and take out compressed candles.
 *
 * Callers of functions that change a series hold its lock.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"
#include "utils/typcache.h"

#include "segment/table/merge.h"

PG_FUNCTION_INFO_V1(ca_compressed_at);
PG_FUNCTION_INFO_V1(ca_replace_compressed);
PG_FUNCTION_INFO_V1(ca_drop_compressed);
PG_FUNCTION_INFO_V1(ca_take_compressed);

/* the rows to return */
typedef struct Output
{
	ReturnSetInfo *result;
	Datum *values;
	bool *nulls;
	MemoryContext row_context;
} Output;

/* looking candles up, in order of time */
typedef struct Lookup
{
	const CaTable *table;
	CaTableSegment *loaded;
	int64 next; /* where the first segment after the loaded one begins */
	int at;     /* a candle of the loaded segment; all before it are earlier */
} Lookup;

static Output
make_output(FunctionCallInfo fcinfo, const CaTable *table)
{
	Output output;
	int columns;

	InitMaterializedSRF(fcinfo, 0);
	output.result = (ReturnSetInfo *) fcinfo->resultinfo;
	columns = output.result->setDesc->natts;
	if (columns < CA_ROW_COLUMNS)
		elog(ERROR, "too few columns for a candle");
	output.values = palloc0(sizeof(Datum) * columns);
	output.nulls = palloc(sizeof(bool) * columns);
	memset(output.nulls, true, sizeof(bool) * columns);
	output.values[CA_ROW_ASSET] = Int32GetDatum(table->asset);
	output.values[CA_ROW_TIMEFRAME] = table->timeframe_datum;
	output.nulls[CA_ROW_ASSET] = output.nulls[CA_ROW_TIMEFRAME] = false;
	output.row_context = AllocSetContextCreate(CurrentMemoryContext, "candle",
											   ALLOCSET_DEFAULT_SIZES);
	return output;
}

static void
put_row(Output *output, const CaRow *row)
{
	MemoryContext old = MemoryContextSwitchTo(output->row_context);

	ca_row_to_values(row, output->values, output->nulls);
	tuplestore_putvalues(output->result->setResult, output->result->setDesc,
						 output->values, output->nulls);
	MemoryContextSwitchTo(old);
	MemoryContextReset(output->row_context);
}

static int
compare_times(const void *a, const void *b)
{
	int64 x = *(const int64 *) a;
	int64 y = *(const int64 *) b;

	return x < y ? -1 : x > y;
}

/* the distinct times of an array, ascending; returns their number */
static int
times_argument(FunctionCallInfo fcinfo, int argument, int64 **times)
{
	Datum *elements;
	bool *nulls;
	int n;
	int distinct = 0;

	deconstruct_array(PG_GETARG_ARRAYTYPE_P(argument), TIMESTAMPTZOID,
					  sizeof(TimestampTz), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE,
					  &elements, &nulls, &n);
	*times = palloc(sizeof(int64) * Max(n, 1));
	for (int i = 0; i < n; i++)
		if (!nulls[i])
			(*times)[distinct++] = DatumGetTimestampTz(elements[i]);
	n = distinct;
	qsort(*times, n, sizeof(int64), compare_times);
	distinct = 0;
	for (int i = 0; i < n; i++)
		if (i == 0 || (*times)[i] != (*times)[i - 1])
			(*times)[distinct++] = (*times)[i];
	return distinct;
}

/* find the candle at a time later than those before; false without one */
static bool
look_up(Lookup *lookup, int64 time, CaRow *row)
{
	const CaSegment *segment = &lookup->loaded->segment;
	CaTableHead head;

	if (time >= lookup->next)
	{
		lookup->at = 0;
		lookup->loaded->segment.count = 0;
		if (ca_table_before(lookup->table, time, &head) &&
			time <= head.last_time)
			ca_table_read(lookup->table, head.first_time, lookup->loaded);
		lookup->next = ca_table_after(lookup->table, time, &head)
						   ? head.first_time
						   : PG_INT64_MAX;
	}
	while (lookup->at < segment->count && segment->time[lookup->at] < time)
		lookup->at++;
	if (lookup->at == segment->count || segment->time[lookup->at] != time)
		return false;
	ca_table_segment_row(lookup->loaded, lookup->at, row);
	return true;
}

/*
 * ca_compressed_at(asset, timeframe, times) -> setof price_data_archive
 *
 * The compressed candles of a series at these times, ascending, as the calling
 * statement sees them.  Each segment is read once, and none of a series that ends
 * before the first time.
 */
Datum
ca_compressed_at(PG_FUNCTION_ARGS)
{
	CaTable table;
	Lookup lookup = {&table, ca_table_segment_make(), PG_INT64_MIN, 0};
	Output output;
	int64 *times;
	int n = times_argument(fcinfo, 2, &times);
	CaRow row;

	ca_table_init(&table, PG_GETARG_INT32(0), PG_GETARG_DATUM(1), true);
	output = make_output(fcinfo, &table);
	for (int i = 0; i < n; i++)
		if (look_up(&lookup, times[i], &row))
			put_row(&output, &row);
	return (Datum) 0;
}

/* the columns of a candle that is an element of an array of rows */
static void
row_from_element(Datum element, CaRow *row)
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(element);
	HeapTupleData tuple = {.t_len = HeapTupleHeaderGetDatumLength(header),
						   .t_data = header};
	TupleDesc tupdesc = lookup_rowtype_tupdesc(
		HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
	Datum *values = palloc(sizeof(Datum) * tupdesc->natts);
	bool *nulls = palloc(sizeof(bool) * tupdesc->natts);

	heap_deform_tuple(&tuple, tupdesc, values, nulls);
	ReleaseTupleDesc(tupdesc);
	ca_row_from_values(values, nulls, row);
}

/*
 * ca_replace_compressed(asset, timeframe, candles price_data_archive[]) -> count
 *
 * Replaces compressed candles by those given, which are of the series and ascending.
 * Returns how many were replaced; candles without a compressed one at their time are
 * ignored.
 */
Datum
ca_replace_compressed(PG_FUNCTION_ARGS)
{
	ArrayType *candles = PG_GETARG_ARRAYTYPE_P(2);
	CaTable table;
	CaMerge *merge;
	Datum *elements;
	int n;
	int64 replaced = 0;
	CaRow row;

	deconstruct_array(candles, ARR_ELEMTYPE(candles), -1, false,
					  TYPALIGN_DOUBLE, &elements, NULL, &n);
	ca_table_init(&table, PG_GETARG_INT32(0), PG_GETARG_DATUM(1), false);
	merge = ca_merge_begin(&table, CA_MERGE_REPLACE);
	for (int i = 0; i < n; i++)
	{
		row_from_element(elements[i], &row);
		replaced += ca_merge_row(merge, &row);
	}
	ca_merge_end(merge);
	PG_RETURN_INT64(replaced);
}

/*
 * ca_drop_compressed(asset, timeframe, times) -> count
 *
 * Deletes the compressed candles at these times and returns their number.
 * Segments without any of them stay as they are.
 */
Datum
ca_drop_compressed(PG_FUNCTION_ARGS)
{
	CaTable table;
	CaMerge *merge;
	int64 *times;
	int n = times_argument(fcinfo, 2, &times);
	int found = 0;
	Lookup lookup = {&table, ca_table_segment_make(), PG_INT64_MIN, 0};
	CaRow row;

	ca_table_init(&table, PG_GETARG_INT32(0), PG_GETARG_DATUM(1), false);
	for (int i = 0; i < n; i++)
		if (look_up(&lookup, times[i], &row))
			times[found++] = times[i];
	merge = ca_merge_begin(&table, CA_MERGE_DROP);
	for (int i = 0; i < found; i++)
	{
		row.candle.time = times[i];
		ca_merge_row(merge, &row);
	}
	ca_merge_end(merge);
	PG_RETURN_INT64(found);
}

/*
 * ca_take_compressed(asset, timeframe, since, until, batch_size)
 *		-> setof price_data_archive
 *
 * Takes the oldest candles of a series that start in [since, until) out of their
 * segments and returns them.  A batch ends with the segment in which it reaches
 * batch_size.  The other candles of those segments stay compressed.
 */
Datum
ca_take_compressed(PG_FUNCTION_ARGS)
{
	TimestampTz since = PG_GETARG_TIMESTAMPTZ(2);
	TimestampTz until = PG_GETARG_TIMESTAMPTZ(3);
	int32 batch_size = PG_GETARG_INT32(4);
	CaTableSegment *loaded = ca_table_segment_make();
	const CaSegment *segment = &loaded->segment;
	int64 taken = 0;
	CaTable table;
	CaTableHead head;
	CaMerge *merge;
	Output output;
	CaRow row;
	bool more;

	ca_table_init(&table, PG_GETARG_INT32(0), PG_GETARG_DATUM(1), false);
	output = make_output(fcinfo, &table);
	merge = ca_merge_begin(&table, CA_MERGE_DROP);
	more = (ca_table_before(&table, since, &head) && head.last_time >= since) ||
		   ca_table_after(&table, since, &head);
	while (more && head.first_time < until && taken < batch_size)
	{
		ca_table_take(&table, head.first_time, loaded);
		for (int i = 0; i < segment->count; i++)
		{
			ca_table_segment_row(loaded, i, &row);
			if (row.candle.time < since || row.candle.time >= until)
				ca_merge_put(merge, &row);
			else
			{
				put_row(&output, &row);
				taken++;
			}
		}
		more = ca_table_after(&table, segment->time[segment->count - 1], &head);
	}
	ca_merge_end(merge);
	return (Datum) 0;
}
