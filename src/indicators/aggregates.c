/*-------------------------------------------------------------------------
 *
 * aggregates.c
 *		The indicators as SQL aggregates, for GROUP BY and for windows.
 *
 * Every indicator has the same life: inputs, then periods that must not change
 * within a call, and a result that is NULL until warm.  So one accumulator and
 * one final function serve all; an indicator adds a line that names it.
 *
 * A row with a NULL input is skipped and leaves the state as it is.  Indicators
 * depend on the order of rows, so there is no combine function.  The final
 * functions only read, which a window needs: with the default frame each row
 * costs one update and one read.
 *
 * Errors: 22003 for NaN and infinity; 22023 for a period that is NULL, not in
 * 1..10000, or not the same in all rows.
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

#include "indicators/indicator.h"
#include "numeric.h"
#include "validate.h"

PG_FUNCTION_INFO_V1(ca_sma_accum);
PG_FUNCTION_INFO_V1(ca_ema_accum);
PG_FUNCTION_INFO_V1(ca_rsi_accum);
PG_FUNCTION_INFO_V1(ca_macd_accum);
PG_FUNCTION_INFO_V1(ca_indicator_final);
PG_FUNCTION_INFO_V1(ca_macd_final);

/* the state of one aggregate: what was asked for, then the kernel's own */
typedef struct IndicatorState
{
	const CaIndicator *indicator;
	bool is_numeric; /* the inputs' type, else double precision */
	int periods[CA_MAX_PERIODS];
	void *kernel;
} IndicatorState;

/* the i-th period of the call, checked for itself */
static int
period_argument(FunctionCallInfo fcinfo, const CaIndicator *indicator, int i)
{
	int argument = 1 + indicator->ninputs + i;
	const char *name = indicator->period_names[i];
	int period;

	if (argument >= PG_NARGS())
		return indicator->defaults[i];
	if (PG_ARGISNULL(argument))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of %s must not be NULL", name, indicator->name),
				errhint("Give an integer from 1 to %d.", CA_MAX_PERIOD));

	period = PG_GETARG_INT32(argument);
	if (period < 1 || period > CA_MAX_PERIOD)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of %s must be between 1 and %d", name,
					   indicator->name, CA_MAX_PERIOD),
				errdetail("Value is %d.", period));
	return period;
}

static IndicatorState *
make_state(FunctionCallInfo fcinfo, const CaIndicator *indicator)
{
	MemoryContext context = ca_aggregate_context(fcinfo, indicator->name);
	IndicatorState *state =
		MemoryContextAllocZero(context, sizeof(IndicatorState));
	const char *problem;

	state->indicator = indicator;
	state->is_numeric = get_fn_expr_argtype(fcinfo->flinfo, 1) == NUMERICOID;
	for (int i = 0; i < indicator->nperiods; i++)
		state->periods[i] = period_argument(fcinfo, indicator, i);

	problem = indicator->check ? indicator->check(state->periods) : NULL;
	if (problem != NULL)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s: %s", indicator->name, problem),
				errdetail("Periods are %d, %d and %d.", state->periods[0],
						  state->periods[1], state->periods[2]));

	state->kernel =
		MemoryContextAllocZero(context, indicator->size(state->periods));
	indicator->init(state->kernel, state->periods);
	return state;
}

static void
check_same_periods(FunctionCallInfo fcinfo, const IndicatorState *state)
{
	const CaIndicator *indicator = state->indicator;

	for (int i = 0; i < indicator->nperiods; i++)
	{
		int period = period_argument(fcinfo, indicator, i);

		if (period != state->periods[i])
			ereport(
				ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of %s must not change from row to row",
					   indicator->period_names[i], indicator->name),
				errdetail("It was %d and is %d.", state->periods[i], period),
				errhint("Call the aggregate once for each period."));
	}
}

static CaDD
input_argument(FunctionCallInfo fcinfo, const IndicatorState *state,
			   int argument)
{
	Datum value = PG_GETARG_DATUM(argument);

	if (!state->is_numeric)
	{
		ca_check_finite(DatumGetFloat8(value), "input");
		return ca_dd(DatumGetFloat8(value));
	}
	ca_check_finite_numeric(value, "input");
	return ca_dd_from_numeric(value);
}

static Datum
indicator_accum(FunctionCallInfo fcinfo, const CaIndicator *indicator)
{
	IndicatorState *state;
	CaDD inputs[CA_MAX_INPUTS];

	if (PG_ARGISNULL(0))
		state = make_state(fcinfo, indicator);
	else
	{
		ca_aggregate_context(fcinfo, indicator->name);
		state = (IndicatorState *) PG_GETARG_POINTER(0);
		check_same_periods(fcinfo, state);
	}

	for (int i = 0; i < indicator->ninputs; i++)
	{
		if (PG_ARGISNULL(1 + i))
			PG_RETURN_POINTER(state);
		inputs[i] = input_argument(fcinfo, state, 1 + i);
	}
	indicator->update(state->kernel, inputs);
	PG_RETURN_POINTER(state);
}

/* the values as of the last row; false when there are none yet */
static bool
indicator_values(FunctionCallInfo fcinfo, double values[CA_MAX_VALUES])
{
	IndicatorState *state;

	ca_aggregate_context(fcinfo, "indicator");
	if (PG_ARGISNULL(0))
		return false;
	state = (IndicatorState *) PG_GETARG_POINTER(0);
	if (!state->indicator->values(state->kernel, values))
		return false;
	for (int i = 0; i < state->indicator->nvalues; i++)
		if (!isfinite(values[i]))
			float_overflow_error();
	return true;
}

static Datum
indicator_final_composite(FunctionCallInfo fcinfo, int nvalues)
{
	double values[CA_MAX_VALUES];
	Datum columns[CA_MAX_VALUES];
	bool nulls[CA_MAX_VALUES] = {false};
	TupleDesc tupdesc = fcinfo->flinfo->fn_extra;

	if (!indicator_values(fcinfo, values))
		PG_RETURN_NULL();
	if (tupdesc == NULL)
	{
		MemoryContext old = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);

		if (get_call_result_type(fcinfo, NULL, &tupdesc) !=
				TYPEFUNC_COMPOSITE ||
			tupdesc->natts != nvalues)
			elog(ERROR, "final function must return %d columns", nvalues);
		tupdesc = BlessTupleDesc(tupdesc);
		fcinfo->flinfo->fn_extra = tupdesc;
		MemoryContextSwitchTo(old);
	}
	for (int i = 0; i < nvalues; i++)
		columns[i] = Float8GetDatum(values[i]);
	PG_RETURN_DATUM(
		HeapTupleGetDatum(heap_form_tuple(tupdesc, columns, nulls)));
}

/*
 * ca_sma_accum(internal, x, n) -> internal
 */
Datum
ca_sma_accum(PG_FUNCTION_ARGS)
{
	return indicator_accum(fcinfo, &ca_sma);
}

/*
 * ca_ema_accum(internal, x, n) -> internal
 */
Datum
ca_ema_accum(PG_FUNCTION_ARGS)
{
	return indicator_accum(fcinfo, &ca_ema);
}

/*
 * ca_rsi_accum(internal, x [, n]) -> internal
 */
Datum
ca_rsi_accum(PG_FUNCTION_ARGS)
{
	return indicator_accum(fcinfo, &ca_rsi);
}

/*
 * ca_macd_accum(internal, x [, fast, slow, signal]) -> internal
 */
Datum
ca_macd_accum(PG_FUNCTION_ARGS)
{
	return indicator_accum(fcinfo, &ca_macd);
}

/*
 * ca_indicator_final(internal) -> double precision, for one-valued indicators
 */
Datum
ca_indicator_final(PG_FUNCTION_ARGS)
{
	double values[CA_MAX_VALUES];

	if (!indicator_values(fcinfo, values))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(values[0]);
}

/*
 * ca_macd_final(internal) -> macd_value
 */
Datum
ca_macd_final(PG_FUNCTION_ARGS)
{
	return indicator_final_composite(fcinfo, 3);
}
