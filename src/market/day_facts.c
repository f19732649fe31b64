/*-------------------------------------------------------------------------
 *
 * day_facts.c
 *		ca_day_facts(time, high, low, close, until, span), an aggregate: what the
 *		daily candles of an asset say at the end of several days.
 *
 * Candles come in ascending order of time.  The moments "until" are ends of days in
 * UTC, and span is a number of days; the first row decides both.  The result has
 * CA_FACTS values per moment, 0 where not known, and a number with a bit for each that
 * is known: without NULLs, an element of an array is found at once, however long it
 * is.  src/market/kernel/day_facts.c has the formulas.  A candle with a NULL does not count.  Without rows the result is
 * NULL.  A state has 32 bytes per candle.
 *
 * Errors: 22023 if days do not ascend, or the moments or the span are not known;
 * 22003 for a price that is not finite.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"
#include "utils/timestamp.h"

#include "base/checks.h"
#include "market/kernel/day_facts.h"
#include "numeric/numeric.h"

#define INITIAL_CAPACITY 64

typedef struct FactsState
{
	int span;
	int nmoments;
	const TimestampTz *moments;
	size_t ndays;
	size_t capacity;
	CaDay *days;
} FactsState;

PG_FUNCTION_INFO_V1(ca_day_facts_accum);
PG_FUNCTION_INFO_V1(ca_day_facts_final);

static FactsState *
new_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	MemoryContext caller = MemoryContextSwitchTo(context);
	FactsState *state = palloc(sizeof(FactsState));
	ArrayType *moments;

	moments = PG_ARGISNULL(5) ? NULL : PG_GETARG_ARRAYTYPE_P_COPY(5);
	if (moments == NULL || ARR_NDIM(moments) > 1 ||
		array_contains_nulls(moments) || PG_ARGISNULL(6))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("ends of days and span must be known"),
			errhint(
				"Pass an array of times without NULL, and a number of days."));
	state->span = PG_GETARG_INT32(6);
	state->nmoments = ArrayGetNItems(ARR_NDIM(moments), ARR_DIMS(moments));
	state->moments = (const TimestampTz *) ARR_DATA_PTR(moments);
	state->ndays = 0;
	state->capacity = INITIAL_CAPACITY;
	state->days = palloc(state->capacity * sizeof(CaDay));
	MemoryContextSwitchTo(caller);
	return state;
}

Datum
ca_day_facts_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = ca_aggregate_context(fcinfo, "ca_day_facts_accum");
	FactsState *state = PG_ARGISNULL(0) ? new_state(fcinfo, context)
										: (FactsState *) PG_GETARG_POINTER(0);
	CaDay *day;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3) ||
		PG_ARGISNULL(4))
		PG_RETURN_POINTER(state);
	if (state->ndays == state->capacity)
	{
		state->capacity *= 2;
		state->days =
			repalloc_huge(state->days, state->capacity * sizeof(CaDay));
	}
	day = &state->days[state->ndays++];
	day->number = PG_GETARG_TIMESTAMPTZ(1) / USECS_PER_DAY;
	day->high = ca_double_from_numeric(PG_GETARG_DATUM(2));
	day->low = ca_double_from_numeric(PG_GETARG_DATUM(3));
	day->close = ca_double_from_numeric(PG_GETARG_DATUM(4));
	ca_check_finite(day->high, "high");
	ca_check_finite(day->low, "low");
	ca_check_finite(day->close, "close");
	if (state->ndays > 1 && day[-1].number >= day->number)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("days must ascend"),
				errhint("Order the candles by their start."));
	PG_RETURN_POINTER(state);
}

Datum
ca_day_facts_final(PG_FUNCTION_ARGS)
{
	const FactsState *state =
		PG_ARGISNULL(0) ? NULL : (FactsState *) PG_GETARG_POINTER(0);
	Datum *values;
	int n = 0;

	if (state == NULL)
		PG_RETURN_NULL();
	values = palloc(state->nmoments * (CA_FACTS + 1) * sizeof(Datum) + 1);
	for (int i = 0; i < state->nmoments; i++)
	{
		double facts[CA_FACTS];
		int known = 0;

		ca_day_facts(state->days, state->ndays,
					 state->moments[i] / USECS_PER_DAY - 1, state->span, facts);
		for (int fact = 0; fact < CA_FACTS; fact++)
		{
			if (!isnan(facts[fact]))
				known |= 1 << fact;
			values[n++] = Float8GetDatum(isnan(facts[fact]) ? 0 : facts[fact]);
		}
		values[n++] = Float8GetDatum(known);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(values, n, FLOAT8OID, sizeof(double),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
