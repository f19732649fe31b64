/*-------------------------------------------------------------------------
 *
 * note_correction.c
 *		Notes candles that an UPDATE has changed, for the next update of their
 *		indicators.
 *
 * A row trigger: only the old row and the new one together say whether a candle
 * needs a note, and the trigger's WHEN clause compares them.  A note of a series
 * covers its later candles, so a statement needs few: for each series, the trigger
 * remembers the oldest candle that the statement has noted, and passes over the
 * later ones.
 *
 * What it remembers ends with the statement.  Until then the note is there: it was
 * inserted or locked by this transaction, and only this transaction could take it,
 * by an update of the indicators in another trigger.  That one sees all rows of the
 * statement, as row triggers fire after the last of them.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(ca_note_correction);

/* longer timeframes are not valid, and get no notes */
#define TIMEFRAME_BYTES 8

typedef struct SeriesKey
{
	int32 asset;
	char timeframe[TIMEFRAME_BYTES];
} SeriesKey;

typedef struct NotedSeries
{
	SeriesKey series; /* must be first */
	TimestampTz since;
} NotedSeries;

/* what a statement knows of the table, and has noted */
typedef struct Notes
{
	int asset;
	int timeframe;
	int candle_time;
	FmgrInfo note_change;
	HTAB *noted;
} Notes;

/* ca_note_change() of the trigger function's schema, whoever may execute it */
static Oid
find_note_change(Oid trigger)
{
	Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID};
	oidvector *arguments = buildoidvector(types, lengthof(types));
	Oid found = GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid,
								CStringGetDatum("ca_note_change"),
								PointerGetDatum(arguments),
								ObjectIdGetDatum(get_func_namespace(trigger)));

	if (!OidIsValid(found))
		elog(ERROR, "function ca_note_change does not exist");
	return found;
}

static int
find_column(Relation table, const char *name)
{
	int number = SPI_fnumber(RelationGetDescr(table), name);

	if (number <= 0)
		elog(ERROR, "table %s has no column %s", RelationGetRelationName(table),
			 name);
	return number;
}

static Notes *
begin_notes(FmgrInfo *flinfo, Relation table)
{
	Notes *notes = MemoryContextAlloc(flinfo->fn_mcxt, sizeof(Notes));
	HASHCTL control = {.keysize = sizeof(SeriesKey),
					   .entrysize = sizeof(NotedSeries),
					   .hcxt = flinfo->fn_mcxt};

	notes->asset = find_column(table, "asset_id");
	notes->timeframe = find_column(table, "timeframe");
	notes->candle_time = find_column(table, "candle_time");
	fmgr_info_cxt(find_note_change(flinfo->fn_oid), &notes->note_change,
				  flinfo->fn_mcxt);
	notes->noted = hash_create("noted series", 16, &control,
							   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
	return notes;
}

static Datum
column(HeapTuple candle, TupleDesc desc, int number)
{
	bool isnull;
	Datum value = heap_getattr(candle, number, desc, &isnull);

	if (isnull)
		elog(ERROR, "column %d of a candle is null", number);
	return value;
}

static void
note_candle(Notes *notes, HeapTuple candle, TupleDesc desc)
{
	Datum asset = column(candle, desc, notes->asset);
	Datum timeframe = column(candle, desc, notes->timeframe);
	Datum time = column(candle, desc, notes->candle_time);
	text *name = DatumGetTextPP(timeframe);
	SeriesKey series = {.asset = DatumGetInt32(asset)};
	NotedSeries *entry;
	bool found;

	if (VARSIZE_ANY_EXHDR(name) > TIMEFRAME_BYTES)
		return;
	memcpy(series.timeframe, VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name));

	entry = hash_search(notes->noted, &series, HASH_ENTER, &found);
	if (found && DatumGetTimestampTz(time) >= entry->since)
		return;
	entry->since = DatumGetTimestampTz(time);
	FunctionCall3Coll(&notes->note_change, InvalidOid, asset,
					  PointerGetDatum(name), time);
}

/*
 * ca_note_correction() -> trigger
 *
 * After UPDATE, for each row of a table of candles: notes the candle that was, and
 * the one that is, which differs if its key changed.
 */
Datum
ca_note_correction(PG_FUNCTION_ARGS)
{
	TriggerData *trigger = (TriggerData *) fcinfo->context;
	Notes *notes = fcinfo->flinfo->fn_extra;
	TupleDesc desc;

	if (!CALLED_AS_TRIGGER(fcinfo) || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigger->tg_event) ||
		!TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
		ereport(
			ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			errmsg("trigger functions can only be called as triggers"),
			errdetail("ca_note_correction runs after UPDATE, for each row."),
			errhint("The extension creates its triggers itself."));

	if (notes == NULL)
	{
		notes = begin_notes(fcinfo->flinfo, trigger->tg_relation);
		fcinfo->flinfo->fn_extra = notes;
	}
	desc = RelationGetDescr(trigger->tg_relation);
	note_candle(notes, trigger->tg_trigtuple, desc);
	note_candle(notes, trigger->tg_newtuple, desc);
	return PointerGetDatum(NULL);
}
