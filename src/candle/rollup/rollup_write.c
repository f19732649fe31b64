/*-------------------------------------------------------------------------
 *
 * rollup_write.c
 *		Writing the candles that a roll-up has built.
 *
 * ca_store_rolled_up() writes them, 10,000 at a time.  It gets arrays of rows
 * of price_data in which only the columns that it reads are set: whole candles
 * in one call, partial ones with the minutes that they cover in another.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "lib/stringinfo.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "candle/rollup/rollup_write.h"
#include "numeric/numeric.h"

/* candles written at a time */
#define BATCH_SIZE 10000

/*
 * the columns of price_data that take what is built, in the order of
 * CA_BUILT_TIME ..
 */
static const char *const built_names[CA_BUILT_COLUMNS] = {
	"candle_time", "open_price", "high_price", "low_price",
	"close_price", "volume",     "market_cap"};

/* the writing of candles in batches */
struct CaRollupWriter
{
	Oid row_type;
	TupleDesc tupdesc;
	int column[CA_BUILT_COLUMNS]; /* numbers of price_data's columns, from 0 */
	int asset_column;
	int timeframe_column;
	Datum timeframe;
	SPIPlanPtr plan;
	MemoryContext batch_context;
	ArrayBuildState *whole;
	ArrayBuildState *partial;
	ArrayBuildState *covered; /* minutes that the partial ones cover */
	int size;
	int64 written;
};

static int
column_number(TupleDesc tupdesc, const char *name)
{
	int number = SPI_fnumber(tupdesc, name);

	if (number <= 0)
		elog(ERROR, "price_data has no column %s", name);
	return number - 1;
}

/* a writer in the current memory context; SPI must be connected */
CaRollupWriter *
ca_rollup_write_begin(const CaRollupRange *range)
{
	CaRollupWriter *writer = palloc0(sizeof(CaRollupWriter));
	StringInfoData call;
	Oid types[2] = {InvalidOid, INT4ARRAYOID};

	writer->row_type =
		get_rel_type_id(get_relname_relid("price_data", range->namespace_oid));
	writer->tupdesc = lookup_rowtype_tupdesc_copy(writer->row_type, -1);
	types[0] = get_array_type(writer->row_type);
	for (int i = 0; i < CA_BUILT_COLUMNS; i++)
		writer->column[i] = column_number(writer->tupdesc, built_names[i]);
	writer->asset_column = column_number(writer->tupdesc, "asset_id");
	writer->timeframe_column = column_number(writer->tupdesc, "timeframe");
	writer->timeframe = CStringGetTextDatum(range->target->code);

	initStringInfo(&call);
	appendStringInfo(&call, "SELECT %s.ca_store_rolled_up($1, $2)",
					 range->functions);
	writer->plan = SPI_prepare(call.data, 2, types);
	if (writer->plan == NULL)
		elog(ERROR, "cannot prepare the writing of candles: %s",
			 SPI_result_code_string(SPI_result));
	writer->batch_context = AllocSetContextCreate(
		CurrentMemoryContext, "candle batch", ALLOCSET_DEFAULT_SIZES);
	return writer;
}

/* the memory context for the values of candles to write */
MemoryContext
ca_rollup_write_context(const CaRollupWriter *writer)
{
	return writer->batch_context;
}

/* write candles, which are whole if "covered" is NULL */
static void
write_candles(CaRollupWriter *writer, ArrayBuildState *candles,
			  ArrayBuildState *covered)
{
	Datum arguments[2] = {0};
	char nulls[3] = "  ";
	bool isnull;
	int result;

	if (candles == NULL)
		return;
	arguments[0] = makeArrayResult(candles, writer->batch_context);
	if (covered != NULL)
		arguments[1] = makeArrayResult(covered, writer->batch_context);
	else
		nulls[1] = 'n';
	result = SPI_execute_plan(writer->plan, arguments, nulls, false, 1);
	if (result != SPI_OK_SELECT || SPI_processed != 1)
		elog(ERROR, "cannot write candles: %s", SPI_result_code_string(result));
	writer->written += DatumGetInt64(SPI_getbinval(
		SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	SPI_freetuptable(SPI_tuptable);
}

/* write what the batch holds and start another */
static void
writer_flush(CaRollupWriter *writer)
{
	MemoryContext old = MemoryContextSwitchTo(writer->batch_context);

	write_candles(writer, writer->whole, NULL);
	write_candles(writer, writer->partial, writer->covered);
	writer->whole = writer->partial = writer->covered = NULL;
	writer->size = 0;
	MemoryContextSwitchTo(old);
	MemoryContextReset(writer->batch_context);
}

/*
 * Refuse a sum of volumes with more digits than the column takes.  Errors:
 * 22003.  (Prices and market_cap are those of stored candles.)
 */
static void
check_volume(const CaRollupWriter *writer, const CaRollupBuilt *built)
{
	Datum volume = built->values[CA_BUILT_VOLUME];

	if (built->nulls[CA_BUILT_VOLUME] || ca_numeric_fits(volume))
		return;
	ereport(
		ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
		errmsg("the volume of a built candle has too many digits"),
		errdetail("The %s candle of asset %d at %s has volume %s.",
				  TextDatumGetCString(writer->timeframe), built->asset,
				  timestamptz_to_str(
					  DatumGetTimestampTz(built->values[CA_BUILT_TIME])),
				  DatumGetCString(DirectFunctionCall1(numeric_out, volume))),
		errhint("A volume has at most 38 digits, of which at most 18 are "
				"decimals.  Correct the candles that this one is made of."),
		err_generic_string(PG_DIAG_TABLE_NAME, "price_data"),
		err_generic_string(PG_DIAG_COLUMN_NAME, "volume"),
		err_generic_string(PG_DIAG_CONSTRAINT_NAME,
						   "price_data_volume_digits_check"));
}

/* write a candle, whose values live in the writer's context */
void
ca_rollup_write(CaRollupWriter *writer, const CaRollupBuilt *built)
{
	Datum *values = palloc0(sizeof(Datum) * writer->tupdesc->natts);
	bool *nulls = palloc(sizeof(bool) * writer->tupdesc->natts);
	HeapTuple row;
	ArrayBuildState **batch;

	check_volume(writer, built);
	memset(nulls, true, sizeof(bool) * writer->tupdesc->natts);
	for (int i = 0; i < CA_BUILT_COLUMNS; i++)
	{
		values[writer->column[i]] = built->values[i];
		nulls[writer->column[i]] = built->nulls[i];
	}
	values[writer->asset_column] = Int32GetDatum(built->asset);
	nulls[writer->asset_column] = false;
	values[writer->timeframe_column] = writer->timeframe;
	nulls[writer->timeframe_column] = false;

	row = heap_form_tuple(writer->tupdesc, values, nulls);
	batch = built->whole ? &writer->whole : &writer->partial;
	*batch = accumArrayResult(*batch, HeapTupleGetDatum(row), false,
							  writer->row_type, writer->batch_context);
	if (!built->whole)
		writer->covered =
			accumArrayResult(writer->covered, Int32GetDatum(built->covered),
							 false, INT4OID, writer->batch_context);
	if (++writer->size == BATCH_SIZE)
		writer_flush(writer);
}

/* write the rest; returns how many candles were inserted or changed */
int64
ca_rollup_write_end(CaRollupWriter *writer)
{
	writer_flush(writer);
	return writer->written;
}
