/*-------------------------------------------------------------------------
 *
 * update_technical_indicators.c
 *		What update_technical_indicators() computes: the indicators of a batch
 *		of candles as JSON, and their state after it.
 *
 * The function itself is PL/pgSQL
 * (sql/functions/indicators/update_technical_indicators.sql) and calls the
 * aggregate ca_indicators over candles in order of time.  The aggregate starts
 * from the state that an earlier batch left, or from none, and returns the
 * identifiers of the live candles, the JSON of each, and the state to continue
 * from.  Archived candles count but get no JSON.
 *
 * Memory: the states of the indicators, and the JSON of the batch's candles.
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

#include "indicators/parameters.h"
#include "indicators/spec.h"
#include "numeric/numeric.h"
#include "base/checks.h"

PG_FUNCTION_INFO_V1(ca_indicators_accum);
PG_FUNCTION_INFO_V1(ca_indicators_final);
PG_FUNCTION_INFO_V1(ca_check_spec);
PG_FUNCTION_INFO_V1(ca_indicator_state_holds);

typedef struct BatchState
{
	CaSpec spec;
	CaSeriesIndicators *indicators;
	ArrayBuildState *ids;
	ArrayBuildState *values;
	int64 candles;
	TimestampTz last;
} BatchState;

/* the arguments of ca_indicators_accum */
enum
{
	ARG_STATE,
	ARG_SPEC,
	ARG_CONVENTION,
	ARG_SAVED,
	ARG_ID,
	ARG_LIVE,
	ARG_TIME,
	ARG_HIGH,
	ARG_LOW,
	ARG_CLOSE
};

/* the columns of ca_indicator_batch */
enum
{
	COLUMN_IDS,
	COLUMN_VALUES,
	COLUMN_STATE,
	COLUMN_LAST,
	COLUMN_CANDLES,
	NCOLUMNS
};

/*
 * the spec in argument number "argument", and the convention in the next one
 */
static void
spec_argument(FunctionCallInfo fcinfo, int argument, CaSpec *spec)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("spec must not be NULL"),
				errhint("Leave it out for the default."));
	ca_spec_get(PG_GETARG_JSONB_P(argument),
				ca_parameters_convention_argument(fcinfo, argument + 1), spec);
}

/* the indicators of a spec, in the current memory context */
static CaSeriesIndicators *
make_indicators(const CaSpec *spec)
{
	size_t size = ca_series_indicators_size(spec->requests, spec->nrequests);

	return ca_series_indicators_init(palloc0(size), spec->requests,
									 spec->nrequests);
}

/* restore the state of new indicators; false when the bytes are not theirs */
static bool
read_state(CaSeriesIndicators *indicators, const bytea *saved)
{
	CaStateStream stream = {.reading = true,
							.data = (unsigned char *) VARDATA_ANY(saved),
							.size = VARSIZE_ANY_EXHDR(saved)};

	ca_series_indicators_transfer(indicators, &stream);
	return !stream.failed;
}

static bytea *
write_state(CaSeriesIndicators *indicators)
{
	CaStateStream stream = {.reading = false};
	bytea *saved;

	ca_series_indicators_transfer(indicators, &stream);
	saved = palloc(VARHDRSZ + stream.at);
	SET_VARSIZE(saved, VARHDRSZ + stream.at);
	stream.data = (unsigned char *) VARDATA(saved);
	stream.at = 0;
	ca_series_indicators_transfer(indicators, &stream);
	return saved;
}

static BatchState *
make_batch(FunctionCallInfo fcinfo, MemoryContext context)
{
	MemoryContext old = MemoryContextSwitchTo(context);
	BatchState *batch = palloc0(sizeof(BatchState));

	spec_argument(fcinfo, ARG_SPEC, &batch->spec);
	batch->indicators = make_indicators(&batch->spec);
	if (!PG_ARGISNULL(ARG_SAVED) &&
		!read_state(batch->indicators, PG_GETARG_BYTEA_PP(ARG_SAVED)))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			errmsg("the state of the indicators cannot be read"),
			errhint("Delete the series' rows in technical_indicator_states; "
					"they will be computed again."));
	batch->ids = initArrayResult(INT8OID, context, true);
	batch->values = initArrayResult(JSONBOID, context, true);
	batch->last = DT_NOBEGIN;
	MemoryContextSwitchTo(old);
	return batch;
}

static CaPrice
price_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	Datum price = PG_GETARG_DATUM(argument);

	ca_check_finite_numeric(price, name);
	return ca_price_from_numeric(price);
}

/*
 * ca_indicators_accum(internal, spec jsonb, convention text, state bytea,
 * id bigint, live boolean, candle_time timestamptz, high numeric, low numeric,
 * close numeric) -> internal
 *
 * Spec, convention and state are taken from the first row.  No column of a
 * candle may be NULL, and candles must come in order of time.  Errors: 22004
 * for a NULL, 22023 for a candle out of order or an invalid spec, 22P03 for a
 * state that cannot be read.
 */
Datum
ca_indicators_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = ca_aggregate_context(fcinfo, "ca_indicators");
	BatchState *batch = PG_ARGISNULL(ARG_STATE)
							? make_batch(fcinfo, context)
							: (BatchState *) PG_GETARG_POINTER(ARG_STATE);
	TimestampTz time;
	CaBar bar;

	for (int i = ARG_ID; i <= ARG_CLOSE; i++)
		if (PG_ARGISNULL(i))
			ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					errmsg("a candle must not have a NULL"),
					errhint("Filter the row out."));
	time = PG_GETARG_TIMESTAMPTZ(ARG_TIME);
	if (time <= batch->last)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("candles must come in order of time"),
				errhint("Add ORDER BY candle_time to the aggregate."));

	bar.high = price_argument(fcinfo, ARG_HIGH, "high");
	bar.low = price_argument(fcinfo, ARG_LOW, "low");
	bar.close = price_argument(fcinfo, ARG_CLOSE, "close");
	ca_series_indicators_update(batch->indicators, &bar);
	batch->last = time;
	batch->candles++;

	if (PG_GETARG_BOOL(ARG_LIVE))
	{
		Jsonb *json = ca_spec_values(&batch->spec, batch->indicators);

		accumArrayResult(batch->ids, PG_GETARG_DATUM(ARG_ID), false, INT8OID,
						 context);
		accumArrayResult(batch->values, JsonbPGetDatum(json), false, JSONBOID,
						 context);
	}
	PG_RETURN_POINTER(batch);
}

/*
 * ca_indicators_final(internal) -> ca_indicator_batch; NULL without candles
 */
Datum
ca_indicators_final(PG_FUNCTION_ARGS)
{
	BatchState *batch;
	TupleDesc tupdesc;
	Datum columns[NCOLUMNS];
	bool nulls[NCOLUMNS] = {false};

	ca_aggregate_context(fcinfo, "ca_indicators");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	batch = (BatchState *) PG_GETARG_POINTER(0);
	if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE ||
		tupdesc->natts != NCOLUMNS)
		elog(ERROR, "ca_indicators must return ca_indicator_batch");

	columns[COLUMN_IDS] = makeArrayResult(batch->ids, CurrentMemoryContext);
	columns[COLUMN_VALUES] =
		makeArrayResult(batch->values, CurrentMemoryContext);
	columns[COLUMN_STATE] = PointerGetDatum(write_state(batch->indicators));
	columns[COLUMN_LAST] = TimestampTzGetDatum(batch->last);
	columns[COLUMN_CANDLES] = Int64GetDatum(batch->candles);
	PG_RETURN_DATUM(HeapTupleGetDatum(
		heap_form_tuple(BlessTupleDesc(tupdesc), columns, nulls)));
}

/*
 * ca_check_spec(spec jsonb, convention text) -> void
 *
 * Errors: 22004 for NULL, 22023 for an invalid spec or convention.
 */
Datum
ca_check_spec(PG_FUNCTION_ARGS)
{
	CaSpec spec;

	spec_argument(fcinfo, 0, &spec);
	PG_RETURN_VOID();
}

/*
 * ca_indicator_state_holds(spec jsonb, convention text, state bytea) -> boolean
 *
 * Whether the state belongs to this spec and has the format of this version.
 */
Datum
ca_indicator_state_holds(PG_FUNCTION_ARGS)
{
	CaSpec spec;

	spec_argument(fcinfo, 0, &spec);
	if (PG_ARGISNULL(2))
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(read_state(make_indicators(&spec), PG_GETARG_BYTEA_PP(2)));
}
