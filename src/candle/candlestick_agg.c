/*-------------------------------------------------------------------------
 *
 * candlestick_agg.c
 *		The aggregates candlestick_agg and rollup.
 *
 * candlestick_agg(ts, price, volume [, sequence]) makes a candlestick of
 * trades, candlestick_agg(ts, open, high, low, close, volume) of ready candles,
 * rollup(candlestick) of candlesticks.  Prices and volumes may be numeric or
 * double precision; a double counts as the shortest decimal that reads back as
 * itself.
 *
 * A row without a time or a price does not count.  A row without a volume does,
 * its volume does not.  Errors: 22003 for NaN, infinity, negative volumes and
 * numbers of trades, 22008 for an infinite time, 22023 for a candle whose high or
 * low does not bound its open and close.  Negative prices are legal.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "candle/candlestick_state.h"
#include "numeric.h"
#include "validate.h"

PG_FUNCTION_INFO_V1(ca_candlestick_trade_accum);
PG_FUNCTION_INFO_V1(ca_candlestick_bar_accum);
PG_FUNCTION_INFO_V1(ca_candlestick_rollup_accum);
PG_FUNCTION_INFO_V1(ca_candlestick_combine);
PG_FUNCTION_INFO_V1(ca_candlestick_final);

/* the columns of the composite type candlestick */
enum CandlestickColumn
{
	COLUMN_OPEN_TIME,
	COLUMN_OPEN,
	COLUMN_HIGH,
	COLUMN_LOW,
	COLUMN_CLOSE,
	COLUMN_VOLUME,
	COLUMN_VWAP,
	COLUMN_TRADES,
	COLUMN_CLOSE_TIME,
	CANDLESTICK_COLUMNS
};

typedef CaDecimal (*DecimalReader)(Datum value, const char *what);

static CaDecimal
read_numeric(Datum value, const char *what)
{
	ca_check_finite_numeric(value, what);
	return ca_decimal_from_numeric(value);
}

static CaDecimal
read_double(Datum value, const char *what)
{
	ca_check_finite(DatumGetFloat8(value), what);
	return ca_decimal_from_double(DatumGetFloat8(value));
}

/*
 * How to read the decimals of a call: by the type of its second argument,
 * looked up once.
 */
static DecimalReader
decimal_reader(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		Oid type = get_fn_expr_argtype(fcinfo->flinfo, 2);
		DecimalReader *reader =
			MemoryContextAlloc(fcinfo->flinfo->fn_mcxt, sizeof(*reader));

		*reader = type == FLOAT8OID ? read_double : read_numeric;
		fcinfo->flinfo->fn_extra = reader;
	}
	return *(DecimalReader *) fcinfo->flinfo->fn_extra;
}

static void
read_bar(CaCandle *candle, int64 time, const CaDecimal prices[4],
		 const CaDecimal *volume)
{
	if (!ca_candle_from_bar(candle, time, prices, volume))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("high and low must bound open and close"),
				errdetail("The candle at %s has open %s, high %s, low %s, "
						  "close %s.",
						  timestamptz_to_str(time),
						  numeric_normalize(ca_decimal_to_numeric(&prices[0])),
						  numeric_normalize(ca_decimal_to_numeric(&prices[1])),
						  numeric_normalize(ca_decimal_to_numeric(&prices[2])),
						  numeric_normalize(ca_decimal_to_numeric(&prices[3]))),
				errhint("The order of prices is open, high, low, close."));
}

/* the state argument, or NULL */
static struct varlena *
state_argument(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		return NULL;
	return PG_DETOAST_DATUM(PG_GETARG_DATUM(argument));
}

/*
 * Merge one candle into the first argument's state.
 *
 * A packed state is changed in place, which only an aggregate may ask for.
 * A state that outgrows it is returned as a new value.
 */
static Datum
state_merge(FunctionCallInfo fcinfo, const CaCandle *row)
{
	struct varlena *state = state_argument(fcinfo, 0);
	CaCandle *packed;
	CaCandle candle;

	if (state == NULL)
		return PointerGetDatum(ca_candle_state_make(row));

	packed = ca_candle_state_packed(state);
	if (packed != NULL)
	{
		ca_candle_merge(packed, row);
		if (ca_candle_state_packed(state) != NULL)
			return PointerGetDatum(state);
		candle = *packed;
	}
	else
	{
		ca_candle_state_read(state, &candle);
		ca_candle_merge(&candle, row);
	}

	return PointerGetDatum(ca_candle_state_make(&candle));
}

/* what an accumulator returns when a row does not count */
static Datum
state_unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * ca_candlestick_trade_accum(state, ts, price, volume [, sequence]) -> state
 */
Datum
ca_candlestick_trade_accum(PG_FUNCTION_ARGS)
{
	DecimalReader read = decimal_reader(fcinfo);
	CaTick tick = {0};
	CaCandle trade;
	CaDecimal volume;

	ca_aggregate_context(fcinfo, "candlestick_agg");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return state_unchanged(fcinfo);

	tick.time = PG_GETARG_TIMESTAMPTZ(1);
	ca_check_finite_time(tick.time);
	tick.price = read(PG_GETARG_DATUM(2), "price");
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
	{
		tick.has_sequence = true;
		tick.sequence = PG_GETARG_INT64(4);
	}
	if (!PG_ARGISNULL(3))
	{
		volume = read(PG_GETARG_DATUM(3), "volume");
		ca_check_volume(&volume);
	}
	ca_candle_from_trade(&trade, &tick, PG_ARGISNULL(3) ? NULL : &volume);
	return state_merge(fcinfo, &trade);
}

/*
 * ca_candlestick_bar_accum(state, ts, open, high, low, close, volume) -> state
 */
Datum
ca_candlestick_bar_accum(PG_FUNCTION_ARGS)
{
	static const char *const names[] = {"open", "high", "low", "close"};
	DecimalReader read = decimal_reader(fcinfo);
	CaDecimal prices[4];
	CaDecimal volume;
	CaCandle bar;

	ca_aggregate_context(fcinfo, "candlestick_agg");
	for (int i = 1; i <= 5; i++)
		if (PG_ARGISNULL(i))
			return state_unchanged(fcinfo);

	for (int i = 0; i < 4; i++)
		prices[i] = read(PG_GETARG_DATUM(2 + i), names[i]);
	if (!PG_ARGISNULL(6))
	{
		volume = read(PG_GETARG_DATUM(6), "volume");
		ca_check_volume(&volume);
	}
	ca_check_finite_time(PG_GETARG_TIMESTAMPTZ(1));
	read_bar(&bar, PG_GETARG_TIMESTAMPTZ(1), prices,
			 PG_ARGISNULL(6) ? NULL : &volume);
	return state_merge(fcinfo, &bar);
}

/*
 * Take a candlestick value apart.  Its row type is looked up once a call.
 */
static void
deform_candlestick(FunctionCallInfo fcinfo, Datum value,
				   Datum columns[CANDLESTICK_COLUMNS],
				   bool nulls[CANDLESTICK_COLUMNS])
{
	HeapTupleHeader header = DatumGetHeapTupleHeader(value);
	TupleDesc tupdesc = fcinfo->flinfo->fn_extra;
	HeapTupleData tuple;

	if (tupdesc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		tupdesc = lookup_rowtype_tupdesc_copy(HeapTupleHeaderGetTypeId(header),
											  HeapTupleHeaderGetTypMod(header));
		MemoryContextSwitchTo(old);
		fcinfo->flinfo->fn_extra = tupdesc;
	}
	if (tupdesc->natts != CANDLESTICK_COLUMNS)
		elog(ERROR, "type candlestick has %d columns, not %d", tupdesc->natts,
			 CANDLESTICK_COLUMNS);

	tuple.t_len = HeapTupleHeaderGetDatumLength(header);
	tuple.t_data = header;
	heap_deform_tuple(&tuple, tupdesc, columns, nulls);
}

/*
 * ca_candlestick_rollup_accum(state, candlestick) -> state
 *
 * A candlestick without a time or with a price missing does not count.  One with
 * a volume but no vwap is taken as a ready candle: by its typical price.
 */
Datum
ca_candlestick_rollup_accum(PG_FUNCTION_ARGS)
{
	Datum column[CANDLESTICK_COLUMNS];
	bool null[CANDLESTICK_COLUMNS];
	CaDecimal prices[4];
	CaDecimal volume;
	CaCandle candle;

	ca_aggregate_context(fcinfo, "rollup");
	if (PG_ARGISNULL(1))
		return state_unchanged(fcinfo);
	deform_candlestick(fcinfo, PG_GETARG_DATUM(1), column, null);
	if (null[COLUMN_OPEN_TIME] || null[COLUMN_CLOSE_TIME])
		return state_unchanged(fcinfo);
	for (int i = 0; i < 4; i++)
	{
		if (null[COLUMN_OPEN + i])
			return state_unchanged(fcinfo);
		prices[i] = read_numeric(column[COLUMN_OPEN + i], "price");
	}

	if (!null[COLUMN_VOLUME])
	{
		volume = read_numeric(column[COLUMN_VOLUME], "volume");
		ca_check_volume(&volume);
	}
	ca_check_finite_time(DatumGetTimestampTz(column[COLUMN_OPEN_TIME]));
	ca_check_finite_time(DatumGetTimestampTz(column[COLUMN_CLOSE_TIME]));
	read_bar(&candle, DatumGetTimestampTz(column[COLUMN_OPEN_TIME]), prices,
			 null[COLUMN_VOLUME] ? NULL : &volume);
	if (candle.has_volume && !null[COLUMN_VWAP])
	{
		CaDecimal vwap = read_numeric(column[COLUMN_VWAP], "vwap");

		ca_candle_set_vwap(&candle, &vwap);
	}
	candle.close.time = DatumGetTimestampTz(column[COLUMN_CLOSE_TIME]);
	if (candle.close.time < candle.open.time)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("a candlestick must not close before it opens"),
				errdetail("It closes at %s.",
						  timestamptz_to_str(candle.close.time)));
	candle.has_trades = !null[COLUMN_TRADES];
	candle.trades =
		candle.has_trades ? DatumGetInt64(column[COLUMN_TRADES]) : 0;
	if (candle.trades < 0)
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("number of trades must not be negative"),
				errdetail("Value is %lld.", (long long) candle.trades));
	return state_merge(fcinfo, &candle);
}

/*
 * ca_candlestick_combine(state, state) -> state
 */
Datum
ca_candlestick_combine(PG_FUNCTION_ARGS)
{
	struct varlena *other = state_argument(fcinfo, 1);
	CaCandle candle;

	ca_aggregate_context(fcinfo, "candlestick_agg");
	if (other == NULL)
		return state_unchanged(fcinfo);
	ca_candle_state_read(other, &candle);
	return state_merge(fcinfo, &candle);
}

static TupleDesc
result_descriptor(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
		TupleDesc tupdesc;

		if (get_call_result_type(fcinfo, NULL, &tupdesc) != TYPEFUNC_COMPOSITE)
			elog(ERROR, "candlestick_final must return a composite type");
		fcinfo->flinfo->fn_extra = BlessTupleDesc(tupdesc);
		MemoryContextSwitchTo(old);
	}
	return fcinfo->flinfo->fn_extra;
}

static Datum
decimal_datum(const CaDecimal *decimal)
{
	return NumericGetDatum(ca_decimal_to_numeric(decimal));
}

/*
 * ca_candlestick_final(state) -> candlestick
 */
Datum
ca_candlestick_final(PG_FUNCTION_ARGS)
{
	struct varlena *state = state_argument(fcinfo, 0);
	Datum column[CANDLESTICK_COLUMNS];
	bool null[CANDLESTICK_COLUMNS] = {false};
	TupleDesc tupdesc;
	CaCandle candle;
	CaDecimal vwap;

	if (state == NULL)
		PG_RETURN_NULL();
	tupdesc = result_descriptor(fcinfo);
	ca_candle_state_read(state, &candle);

	column[COLUMN_OPEN_TIME] = TimestampTzGetDatum(candle.open.time);
	column[COLUMN_OPEN] = decimal_datum(&candle.open.price);
	column[COLUMN_HIGH] = decimal_datum(&candle.high);
	column[COLUMN_LOW] = decimal_datum(&candle.low);
	column[COLUMN_CLOSE] = decimal_datum(&candle.close.price);
	column[COLUMN_VOLUME] = decimal_datum(&candle.volume);
	null[COLUMN_VOLUME] = !candle.has_volume;
	null[COLUMN_VWAP] = !ca_candle_vwap(&candle, &vwap);
	column[COLUMN_VWAP] = null[COLUMN_VWAP] ? (Datum) 0 : decimal_datum(&vwap);
	column[COLUMN_TRADES] = Int64GetDatum(candle.trades);
	null[COLUMN_TRADES] = !candle.has_trades;
	column[COLUMN_CLOSE_TIME] = TimestampTzGetDatum(candle.close.time);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(tupdesc, column, null)));
}
