/*-------------------------------------------------------------------------
 *
 * aggregates.c
 *		The indicators as SQL aggregates, for GROUP BY and for windows.
 *
 * Every indicator works in the same way: it takes inputs, then periods that
 * must not change within a call, and its result is NULL until it is warm.  So
 * one accumulator and one final function serve all;
 * src/indicators/kernel/NAME.c computes, and an indicator adds one line here.
 *
 * A row with a NULL input is skipped and leaves the state unchanged.
 * Indicators depend on the order of rows, so there is no combine function.
 * The final functions only read, as a window requires: with the default frame
 * each row costs one update and one read.
 *
 * Errors: 22003 for NaN, infinity and negative volumes; 22023 for a period that
 * is NULL, not in 1..10000, or not the same in all rows, and likewise for a
 * multiplier that is negative.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "utils/float.h"

#include "indicators/aggregates.h"
#include "indicators/parameters.h"
#include "numeric/numeric.h"
#include "base/checks.h"

PG_FUNCTION_INFO_V1(ca_sma_accum);
PG_FUNCTION_INFO_V1(ca_ema_accum);
PG_FUNCTION_INFO_V1(ca_rsi_accum);
PG_FUNCTION_INFO_V1(ca_macd_accum);
PG_FUNCTION_INFO_V1(ca_bollinger_accum);
PG_FUNCTION_INFO_V1(ca_atr_accum);
PG_FUNCTION_INFO_V1(ca_adx_accum);
PG_FUNCTION_INFO_V1(ca_stochastic_accum);
PG_FUNCTION_INFO_V1(ca_vwap_accum);
PG_FUNCTION_INFO_V1(ca_obv_accum);
PG_FUNCTION_INFO_V1(ca_indicator_final);
PG_FUNCTION_INFO_V1(ca_macd_final);
PG_FUNCTION_INFO_V1(ca_bollinger_final);
PG_FUNCTION_INFO_V1(ca_adx_final);
PG_FUNCTION_INFO_V1(ca_stochastic_final);

/* the state of one aggregate: its parameters, then the kernel's state */
typedef struct IndicatorState
{
	const CaIndicator *indicator;
	bool is_numeric; /* the type of the inputs, else double precision */
	CaParameters parameters;
	void *kernel;
} IndicatorState;

static IndicatorState *
make_state(FunctionCallInfo fcinfo, const CaIndicator *indicator)
{
	MemoryContext context = ca_aggregate_context(fcinfo, indicator->name);
	IndicatorState *state =
		MemoryContextAllocZero(context, sizeof(IndicatorState));

	state->indicator = ca_cpu_indicator(indicator);
	state->is_numeric = get_fn_expr_argtype(fcinfo->flinfo, 1) == NUMERICOID;
	ca_parameters_get(fcinfo, indicator, &state->parameters);
	state->kernel =
		MemoryContextAllocZero(context, indicator->size(&state->parameters));
	if (indicator->init)
		indicator->init(state->kernel, &state->parameters);
	return state;
}

/* the i-th input of the call, which is not NULL */
static CaPrice
input_argument(FunctionCallInfo fcinfo, const IndicatorState *state, int i)
{
	const CaIndicator *indicator = state->indicator;
	const char *name = indicator->input_names[i];
	Datum value = PG_GETARG_DATUM(1 + i);
	CaPrice input;

	if (state->is_numeric)
	{
		ca_check_finite_numeric(value, name);
		input = ca_price_from_numeric(value);
	}
	else
	{
		ca_check_finite(DatumGetFloat8(value), name);
		input = ca_price_from_dd(ca_dd(DatumGetFloat8(value)));
	}
	if (i + 1 == indicator->volume_input && ca_price_dd(&input).hi < 0.0)
	{
		CaDecimal volume = ca_decimal_from_double(ca_price_dd(&input).hi);

		ca_check_volume(&volume);
	}
	return input;
}

/*
 * Accumulate a row for this indicator.  Its inputs follow the state, then come
 * its parameters.
 */
Datum
ca_indicator_accum(FunctionCallInfo fcinfo, const CaIndicator *indicator)
{
	IndicatorState *state;
	CaPrice inputs[CA_MAX_INPUTS];

	if (PG_ARGISNULL(0))
		state = make_state(fcinfo, indicator);
	else
	{
		ca_aggregate_context(fcinfo, indicator->name);
		state = (IndicatorState *) PG_GETARG_POINTER(0);
		ca_parameters_check_same(fcinfo, indicator, &state->parameters);
	}

	for (int i = 0; i < indicator->ninputs; i++)
		if (PG_ARGISNULL(1 + i))
			PG_RETURN_POINTER(state);
	for (int i = 0; i < indicator->ninputs; i++)
		inputs[i] = input_argument(fcinfo, state, i);
	state->indicator->update(state->kernel, inputs);
	PG_RETURN_POINTER(state);
}

/* the values as of the last row; false when there are none yet */
static bool
indicator_values(FunctionCallInfo fcinfo, CaValues *values)
{
	IndicatorState *state;

	ca_aggregate_context(fcinfo, "indicator");
	if (PG_ARGISNULL(0))
		return false;
	memset(values, 0, sizeof(*values));
	state = (IndicatorState *) PG_GETARG_POINTER(0);
	if (!state->indicator->values(state->kernel, values))
		return false;
	for (int i = 0; i < state->indicator->nvalues; i++)
		if (!values->undefined[i] && !isfinite(values->value[i]))
			float_overflow_error();
	return true;
}

/* how to make rows of the composite type that a function returns */
typedef struct RowMaker
{
	TupleDesc tupdesc;
	HeapTupleHeader full; /* a row without a NULL, for its header */
	Size size;            /* of that row, whose columns come last */
} RowMaker;

static RowMaker *
row_maker(FunctionCallInfo fcinfo)
{
	MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
	RowMaker *maker = palloc(sizeof(RowMaker));
	Datum columns[CA_MAX_VALUES];
	bool nulls[CA_MAX_VALUES] = {false};

	if (get_call_result_type(fcinfo, NULL, &maker->tupdesc) !=
			TYPEFUNC_COMPOSITE ||
		maker->tupdesc->natts > CA_MAX_VALUES)
		elog(ERROR, "final function must return an indicator's values");
	maker->tupdesc = BlessTupleDesc(maker->tupdesc);
	for (int i = 0; i < maker->tupdesc->natts; i++)
	{
		if (TupleDescAttr(maker->tupdesc, i)->atttypid != FLOAT8OID)
			elog(ERROR, "an indicator's values must be double precision");
		columns[i] = Float8GetDatum(0.0);
	}
	maker->full = DatumGetHeapTupleHeader(
		HeapTupleGetDatum(heap_form_tuple(maker->tupdesc, columns, nulls)));
	maker->size = HeapTupleHeaderGetDatumLength(maker->full);
	fcinfo->flinfo->fn_extra = maker;
	MemoryContextSwitchTo(old);
	return maker;
}

/* the values as a row of the composite type that the function returns */
static Datum
indicator_row(FunctionCallInfo fcinfo)
{
	CaValues values;
	RowMaker *maker = fcinfo->flinfo->fn_extra;
	int natts;
	bool full = true;

	if (!indicator_values(fcinfo, &values))
		PG_RETURN_NULL();
	if (maker == NULL)
		maker = row_maker(fcinfo);

	natts = maker->tupdesc->natts;
	for (int i = 0; i < natts; i++)
		full = full && !values.undefined[i];
	if (full)
	{
		/* the columns of a row without a NULL are an array of doubles */
		char *row = palloc(maker->size);

		memcpy(row, maker->full, maker->full->t_hoff);
		memcpy(row + maker->full->t_hoff, values.value, natts * sizeof(double));
		PG_RETURN_DATUM(PointerGetDatum(row));
	}
	else
	{
		Datum columns[CA_MAX_VALUES];

		for (int i = 0; i < natts; i++)
			columns[i] = Float8GetDatum(values.value[i]);
		PG_RETURN_DATUM(HeapTupleGetDatum(
			heap_form_tuple(maker->tupdesc, columns, values.undefined)));
	}
}

/*
 * ca_sma_accum(internal, x, n) -> internal
 */
Datum
ca_sma_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_sma);
}

/*
 * ca_ema_accum(internal, x, n) -> internal
 */
Datum
ca_ema_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_ema);
}

/*
 * ca_rsi_accum(internal, x [, n]) -> internal
 */
Datum
ca_rsi_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_rsi);
}

/*
 * ca_macd_accum(internal, x [, fast, slow, signal]) -> internal
 */
Datum
ca_macd_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_macd);
}

/*
 * ca_bollinger_accum(internal, x [, n, k]) -> internal
 */
Datum
ca_bollinger_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_bollinger);
}

/*
 * ca_atr_accum(internal, high, low, close [, n]) -> internal
 */
Datum
ca_atr_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_atr);
}

/*
 * ca_adx_accum(internal, high, low, close [, n]) -> internal
 */
Datum
ca_adx_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_adx);
}

/*
 * ca_stochastic_accum(internal, high, low, close [, k, s, d]) -> internal
 */
Datum
ca_stochastic_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_stochastic);
}

/*
 * ca_vwap_accum(internal, price, volume) -> internal
 */
Datum
ca_vwap_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_vwap);
}

/*
 * ca_obv_accum(internal, close, volume) -> internal
 */
Datum
ca_obv_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_obv);
}

/*
 * ca_indicator_final(internal) -> double precision, for one-valued indicators
 */
Datum
ca_indicator_final(PG_FUNCTION_ARGS)
{
	CaValues values;

	if (!indicator_values(fcinfo, &values))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(values.value[0]);
}

/*
 * ca_macd_final(internal) -> macd_value
 */
Datum
ca_macd_final(PG_FUNCTION_ARGS)
{
	return indicator_row(fcinfo);
}

/*
 * ca_bollinger_final(internal) -> bollinger_value
 */
Datum
ca_bollinger_final(PG_FUNCTION_ARGS)
{
	return indicator_row(fcinfo);
}

/*
 * ca_adx_final(internal) -> adx_value; adx is NULL until it is warm
 */
Datum
ca_adx_final(PG_FUNCTION_ARGS)
{
	return indicator_row(fcinfo);
}

/*
 * ca_stochastic_final(internal) -> stochastic_value
 */
Datum
ca_stochastic_final(PG_FUNCTION_ARGS)
{
	return indicator_row(fcinfo);
}
