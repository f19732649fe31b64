/*-------------------------------------------------------------------------
 *
 * candlestick_value.c
 *		The composite type candlestick: the aggregate rollup() reads it, and
 *		the final function of the candle aggregates makes it.
 *
 * Errors of rollup: 22003 for NaN, infinity, negative volumes and numbers of
 * trades, 22008 for an infinite time, 22023 for a candlestick that closes before
 * it opens or whose high or low does not bound its open and close.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "candle/candlestick_agg.h"
#include "numeric/numeric.h"
#include "base/checks.h"

PG_FUNCTION_INFO_V1(ca_candlestick_rollup_accum);
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

/*
 * Take a candlestick value apart.  Its row type is looked up once per call.
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
 * A candlestick with a missing time or price does not count.  One with a
 * volume but no vwap counts like a ready candle, with its typical price.
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
		return ca_candlestick_agg_unchanged(fcinfo);
	deform_candlestick(fcinfo, PG_GETARG_DATUM(1), column, null);
	if (null[COLUMN_OPEN_TIME] || null[COLUMN_CLOSE_TIME])
		return ca_candlestick_agg_unchanged(fcinfo);
	for (int i = 0; i < 4; i++)
	{
		if (null[COLUMN_OPEN + i])
			return ca_candlestick_agg_unchanged(fcinfo);
		prices[i] =
			ca_candlestick_agg_read_numeric(column[COLUMN_OPEN + i], "price");
	}

	if (!null[COLUMN_VOLUME])
	{
		volume =
			ca_candlestick_agg_read_numeric(column[COLUMN_VOLUME], "volume");
		ca_check_volume(&volume);
	}
	ca_check_finite_time(DatumGetTimestampTz(column[COLUMN_OPEN_TIME]));
	ca_check_finite_time(DatumGetTimestampTz(column[COLUMN_CLOSE_TIME]));
	ca_candlestick_agg_read_bar(&candle,
								DatumGetTimestampTz(column[COLUMN_OPEN_TIME]),
								prices, null[COLUMN_VOLUME] ? NULL : &volume);
	if (candle.has_volume && !null[COLUMN_VWAP])
	{
		CaDecimal vwap =
			ca_candlestick_agg_read_numeric(column[COLUMN_VWAP], "vwap");

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
	return ca_candlestick_agg_add(fcinfo, &candle);
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

/*
 * ca_candlestick_final(state) -> candlestick
 */
Datum
ca_candlestick_final(PG_FUNCTION_ARGS)
{
	struct varlena *state = ca_candlestick_agg_state(fcinfo, 0);
	Datum column[CANDLESTICK_COLUMNS];
	bool null[CANDLESTICK_COLUMNS] = {false};
	TupleDesc tupdesc;
	CaCandle candle;
	CaDecimal vwap;

	if (state == NULL)
		PG_RETURN_NULL();
	tupdesc = result_descriptor(fcinfo);
	ca_candlestick_state_read(state, &candle);

	column[COLUMN_OPEN_TIME] = TimestampTzGetDatum(candle.open.time);
	column[COLUMN_OPEN] = ca_decimal_datum(&candle.open.price);
	column[COLUMN_HIGH] = ca_decimal_datum(&candle.high);
	column[COLUMN_LOW] = ca_decimal_datum(&candle.low);
	column[COLUMN_CLOSE] = ca_decimal_datum(&candle.close.price);
	column[COLUMN_VOLUME] = ca_decimal_datum(&candle.volume);
	null[COLUMN_VOLUME] = !candle.has_volume;
	null[COLUMN_VWAP] = !ca_candle_vwap(&candle, &vwap);
	column[COLUMN_VWAP] =
		null[COLUMN_VWAP] ? (Datum) 0 : ca_decimal_datum(&vwap);
	column[COLUMN_TRADES] = Int64GetDatum(candle.trades);
	null[COLUMN_TRADES] = !candle.has_trades;
	column[COLUMN_CLOSE_TIME] = TimestampTzGetDatum(candle.close.time);

	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(tupdesc, column, null)));
}
