/*-------------------------------------------------------------------------
 *
 * candlestick_agg.c
 *		The aggregate candlestick_agg.
 *
 * candlestick_agg(ts, price, volume [, sequence]) makes a candlestick from
 * trades, candlestick_agg(ts, open, high, low, close, volume) from ready
 * candles.  Prices and volumes may be numeric or double precision; a double
 * counts as the shortest decimal that reads back as itself.
 *
 * A row without a time or a price does not count.  A row without a volume
 * does, but not in the volume.  Errors: 22003 for NaN, infinity, negative
 * volumes and numbers of trades, 22008 for an infinite time, 22023 for a
 * candle whose high or low does not bound its open and close.  Negative prices
 * are legal.
 *
 * A row of small decimals is merged straight into the state's CaCandle64.  Any other
 * row, and any invalid one, first becomes a CaCandle of its own, which makes all
 * checks.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/timestamp.h"

#include "candle/candlestick_agg.h"
#include "numeric/numeric.h"
#include "numeric/numeric_decimal64.h"
#include "base/checks.h"

PG_FUNCTION_INFO_V1(ca_candlestick_trade_accum);
PG_FUNCTION_INFO_V1(ca_candlestick_bar_accum);
PG_FUNCTION_INFO_V1(ca_candlestick_combine);

typedef struct DecimalReader
{
	CaDecimal (*read)(Datum value, const char *what);
	bool (*read_small)(Datum value, CaDecimal64 *small);
} DecimalReader;

/* a numeric, which errors call "what". Errors: 22003 when it is not finite. */
CaDecimal
ca_candlestick_agg_read_numeric(Datum value, const char *what)
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

static bool
read_small_double(Datum value, CaDecimal64 *small)
{
	CaDecimal decimal;

	if (!isfinite(DatumGetFloat8(value)))
		return false;
	decimal = ca_decimal_from_double(DatumGetFloat8(value));
	return ca_decimal64_from_decimal(&decimal, small);
}

static const DecimalReader numeric_reader = {ca_candlestick_agg_read_numeric,
											 ca_decimal64_from_numeric};
static const DecimalReader double_reader = {read_double, read_small_double};

/*
 * How to read the decimals of a call: by the type of its second argument,
 * which is looked up once.
 */
static const DecimalReader *
decimal_reader(FunctionCallInfo fcinfo)
{
	if (fcinfo->flinfo->fn_extra == NULL)
		fcinfo->flinfo->fn_extra = unconstify(
			DecimalReader *, get_fn_expr_argtype(fcinfo->flinfo, 2) == FLOAT8OID
								 ? &double_reader
								 : &numeric_reader);
	return fcinfo->flinfo->fn_extra;
}

/*
 * A ready candle; volume is NULL when unknown.  Errors: 22023 when high or low
 * does not bound the others.
 */
void
ca_candlestick_agg_read_bar(CaCandle *candle, int64 time,
							const CaDecimal prices[4], const CaDecimal *volume)
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

/* a ready candle of values that are not NULL; volume is NULL when unknown */
static void
bar_from_datums(CaCandle *candle, const DecimalReader *reader, int64 time,
				const Datum values[4], const Datum *volume_value)
{
	static const char *const names[] = {"open", "high", "low", "close"};
	CaDecimal prices[4];
	CaDecimal volume;

	for (int i = 0; i < 4; i++)
		prices[i] = reader->read(values[i], names[i]);
	if (volume_value != NULL)
	{
		volume = reader->read(*volume_value, "volume");
		ca_check_volume(&volume);
	}
	ca_check_finite_time(time);
	ca_candlestick_agg_read_bar(candle, time, prices,
								volume_value != NULL ? &volume : NULL);
}

/*
 * A ready candle of numerics; volume is NULL when unknown.  Errors: those of
 * candlestick_agg.
 */
void
ca_candlestick_agg_read_bar_numerics(CaCandle *candle, int64 time,
									 const Datum prices[4], const Datum *volume)
{
	bar_from_datums(candle, &numeric_reader, time, prices, volume);
}

/* the state argument, or NULL */
struct varlena *
ca_candlestick_agg_state(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		return NULL;
	return PG_DETOAST_DATUM(PG_GETARG_DATUM(argument));
}

/*
 * Merge a candle into the state in the first argument, in place where
 * possible.  Only an aggregate may call it.
 */
Datum
ca_candlestick_agg_add(FunctionCallInfo fcinfo, const CaCandle *row)
{
	return PointerGetDatum(
		ca_candlestick_state_merge(ca_candlestick_agg_state(fcinfo, 0), row));
}

/* the result of an accumulator for a row that does not count */
Datum
ca_candlestick_agg_unchanged(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(PG_GETARG_DATUM(0));
}

/*
 * The CaCandle64 of the first argument, to be changed in place; NULL when there is
 * none or the state has another form.
 */
static inline CaCandle64 *
candle64_argument(FunctionCallInfo fcinfo)
{
	struct varlena *state;

	if (PG_ARGISNULL(0))
		return NULL;
	state = (struct varlena *) PG_GETARG_POINTER(0);
	if (VARATT_IS_EXTENDED(state))
		return NULL;
	return ca_candlestick_state_candle64(state);
}

/* merge a trade of small decimals into a CaCandle64; false where that cannot be done */
static bool
add_small_trade(FunctionCallInfo fcinfo, const DecimalReader *reader)
{
	CaCandle64 *candle64 = candle64_argument(fcinfo);
	int64 time = PG_GETARG_TIMESTAMPTZ(1);
	int64 sequence = 0;
	bool has_sequence = PG_NARGS() > 4 && !PG_ARGISNULL(4);
	bool has_volume = !PG_ARGISNULL(3);
	CaDecimal64 price;
	CaDecimal64 volume;

	if (candle64 == NULL || TIMESTAMP_NOT_FINITE(time) ||
		!reader->read_small(PG_GETARG_DATUM(2), &price) ||
		(has_volume && !reader->read_small(PG_GETARG_DATUM(3), &volume)))
		return false;
	if (has_sequence)
		sequence = PG_GETARG_INT64(4);
	return ca_candle64_add_trade(candle64, time,
								 has_sequence ? &sequence : NULL, &price,
								 has_volume ? &volume : NULL);
}

/* the same for a ready candle */
static bool
add_small_bar(FunctionCallInfo fcinfo, const DecimalReader *reader)
{
	CaCandle64 *candle64 = candle64_argument(fcinfo);
	int64 time = PG_GETARG_TIMESTAMPTZ(1);
	bool has_volume = !PG_ARGISNULL(6);
	CaDecimal64 prices[4];
	CaDecimal64 volume;

	if (candle64 == NULL || TIMESTAMP_NOT_FINITE(time))
		return false;
	for (int i = 0; i < 4; i++)
		if (!reader->read_small(PG_GETARG_DATUM(2 + i), &prices[i]))
			return false;
	if (has_volume && !reader->read_small(PG_GETARG_DATUM(6), &volume))
		return false;
	return ca_candle64_add_bar(candle64, time, prices,
							   has_volume ? &volume : NULL);
}

/*
 * ca_candlestick_trade_accum(state, ts, price, volume [, sequence]) -> state
 */
Datum
ca_candlestick_trade_accum(PG_FUNCTION_ARGS)
{
	const DecimalReader *reader = decimal_reader(fcinfo);
	CaTick tick = {0};
	CaCandle trade;
	CaDecimal volume;

	ca_aggregate_context(fcinfo, "candlestick_agg");
	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		return ca_candlestick_agg_unchanged(fcinfo);

	if (add_small_trade(fcinfo, reader))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));

	tick.time = PG_GETARG_TIMESTAMPTZ(1);
	ca_check_finite_time(tick.time);
	tick.price = reader->read(PG_GETARG_DATUM(2), "price");
	if (PG_NARGS() > 4 && !PG_ARGISNULL(4))
	{
		tick.has_sequence = true;
		tick.sequence = PG_GETARG_INT64(4);
	}
	if (!PG_ARGISNULL(3))
	{
		volume = reader->read(PG_GETARG_DATUM(3), "volume");
		ca_check_volume(&volume);
	}
	ca_candle_from_trade(&trade, &tick, PG_ARGISNULL(3) ? NULL : &volume);
	return ca_candlestick_agg_add(fcinfo, &trade);
}

/*
 * ca_candlestick_bar_accum(state, ts, open, high, low, close, volume) -> state
 */
Datum
ca_candlestick_bar_accum(PG_FUNCTION_ARGS)
{
	const DecimalReader *reader = decimal_reader(fcinfo);
	Datum prices[4];
	CaCandle bar;

	ca_aggregate_context(fcinfo, "candlestick_agg");
	for (int i = 1; i <= 5; i++)
		if (PG_ARGISNULL(i))
			return ca_candlestick_agg_unchanged(fcinfo);

	if (add_small_bar(fcinfo, reader))
		PG_RETURN_DATUM(PG_GETARG_DATUM(0));

	for (int i = 0; i < 4; i++)
		prices[i] = PG_GETARG_DATUM(2 + i);
	bar_from_datums(&bar, reader, PG_GETARG_TIMESTAMPTZ(1), prices,
					PG_ARGISNULL(6) ? NULL : &fcinfo->args[6].value);
	return ca_candlestick_agg_add(fcinfo, &bar);
}

/*
 * ca_candlestick_combine(state, state) -> state
 */
Datum
ca_candlestick_combine(PG_FUNCTION_ARGS)
{
	struct varlena *other = ca_candlestick_agg_state(fcinfo, 1);
	CaCandle candle;

	ca_aggregate_context(fcinfo, "candlestick_agg");
	if (other == NULL)
		return ca_candlestick_agg_unchanged(fcinfo);
	ca_candlestick_state_read(other, &candle);
	return ca_candlestick_agg_add(fcinfo, &candle);
}
