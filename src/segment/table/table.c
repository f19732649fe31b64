/*-------------------------------------------------------------------------
 *
 * table.c
 *		The segments of one series in price_data_segments.
 *
 * Ordinary statements, with the caller's permissions, each prepared when it is
 * first needed.  They run in an SPI connection of their own, because candles may
 * arrive from a query that is still running.
 *
 * Whoever changes segments holds the lock of the series, so a segment that was
 * found is there when it is taken.  If not, somebody works without the lock:
 * 40001.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

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

/* the columns of price_data_segments that are inserted */
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

/* the plans of a session, and the schema that they are for */
static SPIPlanPtr plans[TABLE_STATEMENTS];
static char *planned_schema;

/*
 * A series, for a function of the extension's.  What it allocates is in the
 * current memory context.
 */
void
ca_table_init(CaTable *table, Oid function, int32 asset, Datum timeframe,
			  bool read_only)
{
	table->schema = get_namespace_name(get_func_namespace(function));
	table->asset = asset;
	table->timeframe = TextDatumGetCString(timeframe);
	table->timeframe_datum = CStringGetTextDatum(table->timeframe);
	table->read_only = read_only;
}

/* forget plans for another schema: the extension has moved */
static void
check_plans(const CaTable *table)
{
	if (planned_schema != NULL && strcmp(planned_schema, table->schema) == 0)
		return;
	for (int i = 0; i < TABLE_STATEMENTS; i++)
	{
		if (plans[i] != NULL)
			SPI_freeplan(plans[i]);
		plans[i] = NULL;
	}
	if (planned_schema != NULL)
		pfree(planned_schema);
	planned_schema = MemoryContextStrdup(TopMemoryContext, table->schema);
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
	int result;

	check_plans(table);
	if (plans[which] == NULL)
	{
		Oid types[INSERTED] = {INT4OID,        TEXTOID, TIMESTAMPTZOID,
							   TIMESTAMPTZOID, INT4OID, BYTEAOID,
							   JSONBARRAYOID};
		char *query =
			psprintf(statements[which], quote_identifier(table->schema));
		SPIPlanPtr plan =
			SPI_prepare(query, which == TABLE_INSERT ? INSERTED : 3, types);

		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "cannot prepare \"%s\"", query);
		plans[which] = plan;
	}
	result = SPI_execute_plan(plans[which], values, nulls, table->read_only, 0);
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

/* the last segment that begins at this time or before; false when there is none */
bool
ca_table_before(const CaTable *table, int64 time, CaTableHead *head)
{
	return find(table, TABLE_BEFORE, time, head);
}

/* the first segment that begins after this time; false when there is none */
bool
ca_table_after(const CaTable *table, int64 time, CaTableHead *head)
{
	return find(table, TABLE_AFTER, time, head);
}

/* room for a stored segment, in the current memory context */
CaTableSegment *
ca_table_segment_make(void)
{
	CaTableSegment *stored = palloc(sizeof(CaTableSegment));

	stored->context = AllocSetContextCreate(CurrentMemoryContext, "segment",
											ALLOCSET_DEFAULT_SIZES);
	stored->segment.count = 0;
	return stored;
}

/* decode the row that a statement has returned */
static void
decode(const CaTable *table, int64 first_time, CaTableSegment *stored)
{
	const CaSegmentOwner owner = {table->asset, table->timeframe, first_time};
	MemoryContext old = MemoryContextSwitchTo(stored->context);
	Datum value;
	bool isnull;
	int n = 0;

	/* a copy: the row goes with the connection */
	value = PointerGetDatum(PG_DETOAST_DATUM_COPY(column(1, &isnull)));
	ca_payload_decode(&owner, value, CA_SEGMENT_ALL, &stored->segment);
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		if (stored->segment.number[i].scale > CA_BUILDER_SCALE)
			ca_payload_damaged(&owner, "a column has too many decimals");

	stored->indicators = NULL;
	value = column(2, &isnull);
	if (!isnull)
	{
		value = PointerGetDatum(PG_DETOAST_DATUM_COPY(value));
		deconstruct_array(DatumGetArrayTypeP(value), JSONBOID, -1, false,
						  TYPALIGN_INT, &stored->indicators,
						  &stored->no_indicators, &n);
		if (n != stored->segment.count)
			ca_payload_damaged(&owner,
							   "it has not as many indicators as candles");
	}
	MemoryContextSwitchTo(old);
}

static void
fetch(const CaTable *table, TableStatement which, int64 first_time,
	  CaTableSegment *stored)
{
	Datum values[] = {Int32GetDatum(table->asset), table->timeframe_datum,
					  TimestampTzGetDatum(first_time)};

	MemoryContextReset(stored->context);
	SPI_connect();
	if (run(table, which, values, NULL) != 1)
		ereport(ERROR, errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				errmsg("segment was changed by another session"),
				errdetail("The %s candles of asset %d from %s on are no longer "
						  "where they were.",
						  table->timeframe, table->asset,
						  timestamptz_to_str(first_time)),
				errhint("Try again."));
	decode(table, first_time, stored);
	SPI_finish();
}

/*
 * Read the segment that begins at a time, which has been found.  Errors: XX001
 * for what cannot be decoded, 40001 for a segment that is no longer there.
 */
void
ca_table_read(const CaTable *table, int64 first_time, CaTableSegment *stored)
{
	fetch(table, TABLE_READ, first_time, stored);
}

/* the same, and delete it */
void
ca_table_take(const CaTable *table, int64 first_time, CaTableSegment *stored)
{
	fetch(table, TABLE_TAKE, first_time, stored);
}

/*
 * Insert a segment.  "indicators" has an element a candle, or is NULL.
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

	/* what follows is allocated in the connection, and goes with it */
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

/* a candle of a stored segment; it points into the segment */
void
ca_table_segment_row(const CaTableSegment *stored, int at, CaRow *row)
{
	ca_builder_read(&stored->segment, at, &row->candle);
	row->has_indicators =
		stored->indicators != NULL && !stored->no_indicators[at];
	row->indicators = row->has_indicators ? stored->indicators[at] : (Datum) 0;
}
