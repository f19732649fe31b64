/*-------------------------------------------------------------------------
 *
 * table.c
 *		The segments of one series in price_data_segments.
 *
 * These are ordinary statements with the caller's permissions.  They run in an SPI
 * connection of their own, because candles may come from a query that is still
 * running.
 *
 * Whoever changes segments holds the lock of the series, so a segment that was
 * found is still there when it is taken.  If it is not, another session works
 * without the lock: 40001.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "base/extension.h"
#include "base/plan.h"
#include "segment/table/table.h"

/* the statements that work on a series */
typedef enum TableStatement
{
	TABLE_BEFORE,
	TABLE_AFTER,
	TABLE_READ,
	TABLE_TAKE,
	TABLE_INSERT,
	TABLE_STATEMENTS
} TableStatement;

/* $1 and $2 are the series, $3 a time to compare first_time with */
#define SERIES                                \
	"asset_id OPERATOR(pg_catalog.=) $1 AND " \
	"timeframe OPERATOR(pg_catalog.=) $2 AND first_time "

/* the number of columns of price_data_segments that an insert fills */
#define INSERTED 7

static const char *const statements[TABLE_STATEMENTS] = {
	[TABLE_BEFORE] =
		"SELECT first_time, last_time, candles FROM %s.price_data_segments "
		"WHERE " SERIES
		"OPERATOR(pg_catalog.<=) $3 ORDER BY first_time DESC LIMIT 1",
	[TABLE_AFTER] =
		"SELECT first_time, last_time, candles FROM %s.price_data_segments "
		"WHERE " SERIES "OPERATOR(pg_catalog.>) $3 ORDER BY first_time LIMIT 1",
	[TABLE_READ] =
		"SELECT payload, technical_indicators "
		"FROM %s.price_data_segments WHERE " SERIES "OPERATOR(pg_catalog.=) $3",
	[TABLE_TAKE] = "DELETE FROM %s.price_data_segments WHERE " SERIES
				   "OPERATOR(pg_catalog.=) $3 "
				   "RETURNING payload, technical_indicators",
	[TABLE_INSERT] = "INSERT INTO %s.price_data_segments (asset_id, "
					 "timeframe, first_time, last_time, candles, payload, "
					 "technical_indicators) "
					 "VALUES ($1, $2, $3, $4, $5, $6, $7)"};

/* A series.  Allocates in the current memory context. */
void
ca_table_init(CaTable *table, int32 asset, Datum timeframe, bool read_only)
{
	table->schema = ca_quoted_schema(ca_extension_schema());
	table->asset = asset;
	table->timeframe = TextDatumGetCString(timeframe);
	table->timeframe_datum = CStringGetTextDatum(table->timeframe);
	table->read_only = read_only;
}

/* run a statement in the connection that is open; returns the number of rows */
static uint64
run(const CaTable *table, TableStatement which, Datum *values,
	const char *nulls)
{
	static const int expected[TABLE_STATEMENTS] = {
		[TABLE_BEFORE] = SPI_OK_SELECT,
		[TABLE_AFTER] = SPI_OK_SELECT,
		[TABLE_READ] = SPI_OK_SELECT,
		[TABLE_TAKE] = SPI_OK_DELETE_RETURNING,
		[TABLE_INSERT] = SPI_OK_INSERT};
	static const Oid types[INSERTED] = {INT4OID,        TEXTOID, TIMESTAMPTZOID,
										TIMESTAMPTZOID, INT4OID, BYTEAOID,
										JSONBARRAYOID};
	char *query = psprintf(statements[which], table->schema);
	SPIPlanPtr plan =
		ca_plan(query, which == TABLE_INSERT ? INSERTED : 3, types, 0);
	int result = SPI_execute_plan(plan, values, nulls, table->read_only, 0);

	if (result != expected[which])
		elog(ERROR, "cannot work on segments: %s",
			 SPI_result_code_string(result));
	return SPI_processed;
}

static Datum
column(int number, bool *isnull)
{
	return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, number,
						 isnull);
}

static bool
find(const CaTable *table, TableStatement which, int64 time, CaTableHead *head)
{
	Datum values[] = {Int32GetDatum(table->asset), table->timeframe_datum,
					  TimestampTzGetDatum(time)};
	bool found;
	bool isnull;

	SPI_connect();
	found = run(table, which, values, NULL) > 0;
	if (found)
	{
		head->first_time = DatumGetTimestampTz(column(1, &isnull));
		head->last_time = DatumGetTimestampTz(column(2, &isnull));
		head->candles = DatumGetInt32(column(3, &isnull));
	}
	SPI_finish();
	return found;
}

/* the last segment that begins at this time or earlier; false without one */
bool
ca_table_before(const CaTable *table, int64 time, CaTableHead *head)
{
	return find(table, TABLE_BEFORE, time, head);
}

/* the first segment that begins after this time; false without one */
bool
ca_table_after(const CaTable *table, int64 time, CaTableHead *head)
{
	return find(table, TABLE_AFTER, time, head);
}

/* room for a segment, in the current memory context */
CaTableSegment *
ca_table_segment_make(void)
{
	CaTableSegment *loaded = palloc(sizeof(CaTableSegment));

	loaded->context = AllocSetContextCreate(CurrentMemoryContext, "segment",
											ALLOCSET_DEFAULT_SIZES);
	loaded->segment.count = 0;
	return loaded;
}

/* decode the row that a statement has returned */
static void
decode(const CaTable *table, int64 first_time, CaTableSegment *loaded)
{
	const CaSegmentOwner owner = {table->asset, table->timeframe, first_time};
	MemoryContext old = MemoryContextSwitchTo(loaded->context);
	Datum value;
	bool isnull;
	int n = 0;

	/* a copy, because SPI_finish() frees the row */
	value = PointerGetDatum(PG_DETOAST_DATUM_COPY(column(1, &isnull)));
	ca_payload_decode(&owner, value, CA_SEGMENT_ALL, &loaded->segment);
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		if (loaded->segment.number[i].scale > CA_BUILDER_SCALE)
			ca_payload_damaged(&owner, "a column has too many decimals");

	loaded->indicators = NULL;
	value = column(2, &isnull);
	if (!isnull)
	{
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		deconstruct_array(DatumGetArrayTypeP(value), JSONBOID, -1, false,
						  TYPALIGN_INT, &loaded->indicators,
						  &loaded->no_indicators, &n);
		if (n != loaded->segment.count)
			ca_payload_damaged(&owner, "the numbers of its indicators and of "
									   "its candles differ");
	}
	MemoryContextSwitchTo(old);
}

static void
fetch(const CaTable *table, TableStatement which, int64 first_time,
	  CaTableSegment *loaded)
{
	Datum values[] = {Int32GetDatum(table->asset), table->timeframe_datum,
					  TimestampTzGetDatum(first_time)};

	MemoryContextReset(loaded->context);
	SPI_connect();
	if (run(table, which, values, NULL) != 1)
		ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				errmsg("segment was changed by another session"),
				errdetail("The %s candles of asset %d from %s on are no longer "
						  "where they were.",
						  table->timeframe, table->asset,
						  timestamptz_to_str(first_time)),
				errhint("Try again."));
	decode(table, first_time, loaded);
	SPI_finish();
}

/*
 * Read the segment that begins at first_time, which ca_table_before() or
 * ca_table_after() has found.  Errors: XX001 if it cannot be decoded, 40001 if it is
 * no longer there.
 */
void
ca_table_read(const CaTable *table, int64 first_time, CaTableSegment *loaded)
{
	fetch(table, TABLE_READ, first_time, loaded);
}

/* read it and delete it */
void
ca_table_take(const CaTable *table, int64 first_time, CaTableSegment *loaded)
{
	fetch(table, TABLE_TAKE, first_time, loaded);
}

/*
 * Insert a segment.  "indicators" has one element per candle, or is NULL.
 */
void
ca_table_insert(const CaTable *table, const CaSegment *segment,
				Datum *indicators, bool *no_indicators)
{
	Datum values[INSERTED] = {
		Int32GetDatum(table->asset), table->timeframe_datum,
		TimestampTzGetDatum(segment->time[0]),
		TimestampTzGetDatum(segment->time[segment->count - 1]),
		Int32GetDatum(segment->count)};
	char nulls[INSERTED + 1] = "       ";
	int lower = 1;
	int count = segment->count;

	/* SPI_finish() frees what is allocated from here on */
	SPI_connect();
	values[5] = PointerGetDatum(ca_payload_encode(segment));
	if (indicators != NULL)
		values[6] = PointerGetDatum(
			construct_md_array(indicators, no_indicators, 1, &count, &lower,
							   JSONBOID, -1, false, TYPALIGN_INT));
	else
		nulls[6] = 'n';
	if (run(table, TABLE_INSERT, values, nulls) != 1)
		ereport(ERROR, errcode(ERRCODE_TRIGGERED_ACTION_EXCEPTION),
				errmsg("segment was not stored"),
				errdetail("A trigger or rule of price_data_segments kept the "
						  "%s candles of asset %d from %s on from being "
						  "stored.",
						  table->timeframe, table->asset,
						  timestamptz_to_str(segment->time[0])),
				errhint("Drop the trigger or the rule."));
	SPI_finish();
}

/* a candle of a segment; it points into the segment */
void
ca_table_segment_row(const CaTableSegment *loaded, int at, CaRow *row)
{
	ca_builder_read(&loaded->segment, at, &row->candle);
	row->has_indicators =
		loaded->indicators != NULL && !loaded->no_indicators[at];
	row->indicators = row->has_indicators ? loaded->indicators[at] : (Datum) 0;
}
