/*-------------------------------------------------------------------------
 *
 * day_steps.c
 *		ca_day_steps(time, close, market_cap, supply, since, until), an aggregate:
 *		what an asset adds to the return of the market on each day in [since, until).
 *
 * Candles come in ascending order of time.  The first row decides the supply, which
 * may be NULL, and the range, whose bounds are midnights in UTC.  The result has two
 * values per day, NULL where not known: the weight of the asset before the day, and
 * what it grew to; src/market/kernel/day_steps.c has the formulas.  A candle without
 * a close does not count.  Without rows the result is NULL.  A state has 24 bytes per
 * candle.
 *
 *		ca_sum_steps(steps), an aggregate over such results: per day three values, the
 *		sums of both and the number of assets.  The sums are made in the order of the
 *		rows.  Rows without steps do not count; all others have equally many.
 *
 * Errors: 22023 if days do not ascend, or the range is not known, empty or longer than
 * a million days; 22003 for a number that is not finite, or a
 * sum beyond double precision.
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
#include "market/kernel/day_steps.h"
#include "numeric/numeric.h"

#define INITIAL_CAPACITY 64
#define MAX_STEPS 1000000

typedef struct StepsState
{
	double supply;
	int64 first;
	size_t nsteps;
	size_t ndays;
	size_t capacity;
	CaDayClose *days;
} StepsState;

PG_FUNCTION_INFO_V1(ca_day_steps_accum);
PG_FUNCTION_INFO_V1(ca_day_steps_final);
PG_FUNCTION_INFO_V1(ca_sum_steps_accum);
PG_FUNCTION_INFO_V1(ca_sum_steps_final);

/* sums of the values of all assets */
typedef struct SumsState
{
	int nvalues; /* two per day */
	double *sums;
	int64 *counts;
} SumsState;

static StepsState *
new_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	StepsState *state = MemoryContextAlloc(context, sizeof(StepsState));
	int64 last;

	if (PG_ARGISNULL(5) || PG_ARGISNULL(6))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("the range of days must be known"),
			errhint("Pass the first and the last day; neither may be NULL."));
	state->supply = PG_ARGISNULL(4) ? NAN : PG_GETARG_FLOAT8(4);
	state->first = PG_GETARG_TIMESTAMPTZ(5) / USECS_PER_DAY;
	last = PG_GETARG_TIMESTAMPTZ(6) / USECS_PER_DAY;
	if (last < state->first || last - state->first > MAX_STEPS)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("the range of days is empty or too long"),
			errhint(
				"The last day must not be before the first, nor too long after it."));
	state->nsteps = last - state->first;
	state->ndays = 0;
	state->capacity = INITIAL_CAPACITY;
	state->days =
		MemoryContextAlloc(context, state->capacity * sizeof(CaDayClose));
	return state;
}

Datum
ca_day_steps_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = ca_aggregate_context(fcinfo, "ca_day_steps_accum");
	StepsState *state = PG_ARGISNULL(0) ? new_state(fcinfo, context)
										: (StepsState *) PG_GETARG_POINTER(0);
	CaDayClose *day;

	if (PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_POINTER(state);
	if (state->ndays == state->capacity)
	{
		state->capacity *= 2;
		state->days =
			repalloc_huge(state->days, state->capacity * sizeof(CaDayClose));
	}
	day = &state->days[state->ndays++];
	day->number = PG_GETARG_TIMESTAMPTZ(1) / USECS_PER_DAY;
	day->close = ca_double_from_numeric(PG_GETARG_DATUM(2));
	day->cap =
		PG_ARGISNULL(3) ? NAN : ca_double_from_numeric(PG_GETARG_DATUM(3));
	ca_check_finite(day->close, "close");
	if (!PG_ARGISNULL(3))
		ca_check_finite(day->cap, "market_cap");
	if (state->ndays > 1 && day[-1].number >= day->number)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("days must ascend"),
				errhint("Order the candles by their start."));
	PG_RETURN_POINTER(state);
}

Datum
ca_day_steps_final(PG_FUNCTION_ARGS)
{
	const StepsState *state =
		PG_ARGISNULL(0) ? NULL : (StepsState *) PG_GETARG_POINTER(0);
	CaDayClose *days;
	CaDayStep *steps;
	Datum *values;
	bool *nulls;
	int dims[1];
	int lower[1] = {1};

	if (state == NULL)
		PG_RETURN_NULL();
	/* the state must not change */
	days = palloc(state->ndays * sizeof(CaDayClose) + 1);
	memcpy(days, state->days, state->ndays * sizeof(CaDayClose));
	steps = palloc(state->nsteps * sizeof(CaDayStep) + 1);
	ca_day_steps(days, state->ndays, state->supply, state->first, state->nsteps,
				 steps);

	dims[0] = 2 * state->nsteps;
	values = palloc(dims[0] * sizeof(Datum) + 1);
	nulls = palloc(dims[0] * sizeof(bool) + 1);
	for (size_t i = 0; i < state->nsteps; i++)
	{
		values[2 * i] = Float8GetDatum(steps[i].before);
		values[2 * i + 1] = Float8GetDatum(steps[i].after);
		nulls[2 * i] = nulls[2 * i + 1] = isnan(steps[i].before);
	}
	PG_RETURN_ARRAYTYPE_P(construct_md_array(values, nulls, 1, dims, lower,
											 FLOAT8OID, sizeof(double),
											 FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

Datum
ca_sum_steps_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context = ca_aggregate_context(fcinfo, "ca_sum_steps_accum");
	SumsState *state =
		PG_ARGISNULL(0) ? NULL : (SumsState *) PG_GETARG_POINTER(0);
	Datum *values;
	bool *nulls;
	int nvalues;

	if (PG_ARGISNULL(1) && state == NULL)
		PG_RETURN_NULL();
	if (PG_ARGISNULL(1))
		PG_RETURN_POINTER(state);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(1), FLOAT8OID, sizeof(double),
					  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, &nulls,
					  &nvalues);
	if (state == NULL)
	{
		state = MemoryContextAlloc(context, sizeof(SumsState));
		state->nvalues = nvalues;
		state->sums =
			MemoryContextAllocZero(context, nvalues * sizeof(double) + 1);
		state->counts =
			MemoryContextAllocZero(context, nvalues * sizeof(int64) + 1);
	}
	if (nvalues != state->nvalues || nvalues % 2 != 0)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("steps must be of the same days"),
			errhint(
				"Add up steps that were made with the same range of days."));
	for (int i = 0; i < nvalues; i++)
		if (!nulls[i])
		{
			state->sums[i] += DatumGetFloat8(values[i]);
			state->counts[i]++;
		}
	PG_RETURN_POINTER(state);
}

Datum
ca_sum_steps_final(PG_FUNCTION_ARGS)
{
	const SumsState *state =
		PG_ARGISNULL(0) ? NULL : (SumsState *) PG_GETARG_POINTER(0);
	Datum *values;
	int n = 0;

	if (state == NULL)
		PG_RETURN_NULL();
	values = palloc(state->nvalues / 2 * 3 * sizeof(Datum) + 1);
	for (int i = 0; i < state->nvalues; i += 2)
	{
		ca_check_finite(state->sums[i], "sum");
		ca_check_finite(state->sums[i + 1], "sum");
		values[n++] = Float8GetDatum(state->sums[i]);
		values[n++] = Float8GetDatum(state->sums[i + 1]);
		values[n++] = Float8GetDatum((double) state->counts[i]);
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(values, n, FLOAT8OID, sizeof(double),
										  FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}
