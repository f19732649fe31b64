/*-------------------------------------------------------------------------
 *
 * statistics.c
 *		Statistics of returns and of candles as SQL aggregates, in any order.
 *
 * kernel/statistics.c has the formulas.  All of them take inputs and then, if
 * the result is a year's, the periods per year, 365 by default.  So one set of
 * support functions serves all, and a statistic adds one line here.
 *
 * A row with a NULL input does not count.  Without rows the result is NULL.
 * The sums are exact, so the same rows give the same bits in any order, with
 * any number of parallel workers and in a window that slides, whose inverse
 * transition takes a row out again in constant time.
 *
 * Errors: 22003 for NaN, an infinity, a price that is not above zero, a
 * negative volume and a result beyond double precision; 22023 for
 * periods_per_year that are NULL, not finite, not positive or not the same in
 * every row, unless the row does not count.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "libpq/pqformat.h"

#include "analytics/kernel/statistics.h"
#include "base/checks.h"
#include "numeric/numeric.h"
#include "scoring/metric.h"

typedef struct StatisticState
{
	const CaStatistic *statistic;
	bool is_numeric; /* the type of the inputs, else double precision */
	double periods;  /* per year; of the first row that counts */
	CaStatisticSums sums;
} StatisticState;

PG_FUNCTION_INFO_V1(ca_realized_volatility_accum);
PG_FUNCTION_INFO_V1(ca_parkinson_volatility_accum);
PG_FUNCTION_INFO_V1(ca_garman_klass_volatility_accum);
PG_FUNCTION_INFO_V1(ca_downside_risk_accum);
PG_FUNCTION_INFO_V1(ca_sortino_ratio_accum);
PG_FUNCTION_INFO_V1(ca_beta_accum);
PG_FUNCTION_INFO_V1(ca_amihud_illiquidity_accum);
PG_FUNCTION_INFO_V1(ca_statistic_remove_row);
PG_FUNCTION_INFO_V1(ca_statistic_combine_states);
PG_FUNCTION_INFO_V1(ca_statistic_serialize);
PG_FUNCTION_INFO_V1(ca_statistic_deserialize);
PG_FUNCTION_INFO_V1(ca_statistic_final);

static StatisticState *
make_state(MemoryContext context, const CaStatistic *statistic)
{
	StatisticState *state = MemoryContextAllocZero(
		context, offsetof(StatisticState, sums) + ca_statistic_size(statistic));

	state->statistic = statistic;
	return state;
}

static StatisticState *
state_argument(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL
							   : (StatisticState *) PG_GETARG_POINTER(argno);
}

static void
check_input(const CaStatistic *statistic, int i, double value)
{
	const char *name = statistic->input_names[i];

	ca_check_finite(value, name);
	if (statistic->are_prices && !(value > 0.0))
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("%s must be above zero", name),
				errdetail("Value is %g.", value),
				errhint("A price that is not above zero has no logarithm. "
						"Filter the row out, or pass NULL."));
	if (i + 1 == statistic->volume_input && value < 0.0)
	{
		CaDecimal volume = ca_decimal_from_double(value);

		ca_check_volume(&volume);
	}
}

/* the inputs of a row; false when one is NULL */
static bool
inputs_argument(FunctionCallInfo fcinfo, const StatisticState *state,
				CaDD *inputs)
{
	const CaStatistic *statistic = state->statistic;

	for (int i = 0; i < statistic->ninputs; i++)
		if (PG_ARGISNULL(1 + i))
			return false;
	for (int i = 0; i < statistic->ninputs; i++)
	{
		if (state->is_numeric)
		{
			ca_check_finite_numeric(PG_GETARG_DATUM(1 + i),
									statistic->input_names[i]);
			inputs[i] = ca_dd_from_numeric(PG_GETARG_DATUM(1 + i));
		}
		else
			inputs[i] = ca_dd(PG_GETARG_FLOAT8(1 + i));
		check_input(statistic, i, inputs[i].hi);
	}
	return true;
}

/* the periods per year of a row that counts */
static void
take_periods(FunctionCallInfo fcinfo, StatisticState *state)
{
	double periods =
		ca_metric_periods_per_year(fcinfo, 1 + state->statistic->ninputs);

	if (state->sums.count == 0)
		state->periods = periods;
	ca_metric_check_constant(state->periods, periods, "periods_per_year");
}

/*
 * Accumulate a row.  The state is never NULL, as a window that slides needs.
 */
static Datum
statistic_accum(FunctionCallInfo fcinfo, const CaStatistic *statistic)
{
	MemoryContext context = ca_aggregate_context(fcinfo, statistic->name);
	StatisticState *state = state_argument(fcinfo, 0);
	CaDD inputs[CA_STATISTIC_INPUTS];

	if (state == NULL)
	{
		state = make_state(context, statistic);
		state->is_numeric =
			get_fn_expr_argtype(fcinfo->flinfo, 1) == NUMERICOID;
	}
	if (inputs_argument(fcinfo, state, inputs))
	{
		if (statistic->has_periods)
			take_periods(fcinfo, state);
		ca_statistic_add(statistic, &state->sums, inputs);
	}
	PG_RETURN_POINTER(state);
}

/*
 * ca_realized_volatility_accum(internal, return [, ppy]) -> internal
 */
Datum
ca_realized_volatility_accum(PG_FUNCTION_ARGS)
{
	return statistic_accum(fcinfo, &ca_realized_volatility);
}

/*
 * ca_parkinson_volatility_accum(internal, high, low [, ppy]) -> internal
 */
Datum
ca_parkinson_volatility_accum(PG_FUNCTION_ARGS)
{
	return statistic_accum(fcinfo, &ca_parkinson_volatility);
}

/*
 * ca_garman_klass_volatility_accum(internal, open, high, low, close [, ppy])
 * -> internal
 */
Datum
ca_garman_klass_volatility_accum(PG_FUNCTION_ARGS)
{
	return statistic_accum(fcinfo, &ca_garman_klass_volatility);
}

/*
 * ca_downside_risk_accum(internal, return [, ppy]) -> internal
 */
Datum
ca_downside_risk_accum(PG_FUNCTION_ARGS)
{
	return statistic_accum(fcinfo, &ca_downside_risk);
}

/*
 * ca_sortino_ratio_accum(internal, return [, ppy]) -> internal
 */
Datum
ca_sortino_ratio_accum(PG_FUNCTION_ARGS)
{
	return statistic_accum(fcinfo, &ca_sortino_ratio);
}

/*
 * ca_beta_accum(internal, return, benchmark) -> internal
 */
Datum
ca_beta_accum(PG_FUNCTION_ARGS)
{
	return statistic_accum(fcinfo, &ca_beta);
}

/*
 * ca_amihud_illiquidity_accum(internal, return, volume) -> internal
 */
Datum
ca_amihud_illiquidity_accum(PG_FUNCTION_ARGS)
{
	return statistic_accum(fcinfo, &ca_amihud_illiquidity);
}

/*
 * The inverse of the transition functions: takes the row out again.  NULL, for
 * "begin again", when a sum has overflowed.
 */
Datum
ca_statistic_remove_row(PG_FUNCTION_ARGS)
{
	StatisticState *state = state_argument(fcinfo, 0);
	CaDD inputs[CA_STATISTIC_INPUTS];

	ca_aggregate_context(fcinfo, "ca_statistic_remove_row");
	if (state == NULL)
		PG_RETURN_NULL();
	if (inputs_argument(fcinfo, state, inputs) &&
		!ca_statistic_remove(state->statistic, &state->sums, inputs))
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * Combine: fold the second partial state into the first.
 *
 * The second state lives in a short-lived context, so when there is no first
 * one a copy is made.
 */
Datum
ca_statistic_combine_states(PG_FUNCTION_ARGS)
{
	MemoryContext context =
		ca_aggregate_context(fcinfo, "ca_statistic_combine_states");
	StatisticState *state = state_argument(fcinfo, 0);
	StatisticState *other = state_argument(fcinfo, 1);

	if (other != NULL)
	{
		if (state == NULL)
			state = make_state(context, other->statistic);
		if (state->sums.count == 0)
			state->periods = other->periods;
		else if (other->sums.count != 0)
			ca_metric_check_constant(state->periods, other->periods,
									 "periods_per_year");
		ca_statistic_combine(state->statistic, &state->sums, &other->sums);
	}

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

static int
statistic_number(const CaStatistic *statistic)
{
	int number = 0;

	while (ca_statistics[number] != statistic)
		number++;
	return number;
}

Datum
ca_statistic_serialize(PG_FUNCTION_ARGS)
{
	StatisticState *state = (StatisticState *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	ca_aggregate_context(fcinfo, "ca_statistic_serialize");
	pq_begintypsend(&buf);
	pq_sendint32(&buf, statistic_number(state->statistic));
	pq_sendfloat8(&buf, state->periods);
	pq_sendint64(&buf, state->sums.count);
	for (int i = 0; i < state->statistic->nsums; i++)
	{
		const CaExactSum *sum = &state->sums.sums[i];

		pq_sendint32(&buf, sum->npartials);
		for (int k = 0; k < sum->npartials; k++)
			pq_sendfloat8(&buf, sum->partial[k]);
	}
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

static void
receive_sum(StringInfo buf, CaExactSum *sum)
{
	int npartials = (int) pq_getmsgint(buf, 4);

	if (npartials < 0 || npartials >= CA_MAX_PARTIALS)
		ereport(ERROR, errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("state of a statistic has a sum of too many parts"),
				errdetail("There are %d parts.", npartials));
	for (int k = 0; k < npartials; k++)
		sum->partial[k] = pq_getmsgfloat8(buf);
	sum->npartials = npartials;
}

/*
 * Deserialize: the state is read once by combine, hence allocated in the
 * context of the call rather than in the aggregate's.
 */
Datum
ca_statistic_deserialize(PG_FUNCTION_ARGS)
{
	bytea *message = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf = {.data = VARDATA_ANY(message),
						  .len = (int) VARSIZE_ANY_EXHDR(message),
						  .maxlen = (int) VARSIZE_ANY_EXHDR(message)};
	StatisticState *state;
	int number;

	ca_aggregate_context(fcinfo, "ca_statistic_deserialize");
	number = (int) pq_getmsgint(&buf, 4);
	if (number < 0 || number >= ca_nstatistics)
		ereport(ERROR, errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("state of an unknown statistic"),
				errdetail("Its number is %d.", number));
	state = make_state(CurrentMemoryContext, ca_statistics[number]);
	state->periods = pq_getmsgfloat8(&buf);
	state->sums.count = pq_getmsgint64(&buf);
	for (int i = 0; i < state->statistic->nsums; i++)
		receive_sum(&buf, &state->sums.sums[i]);
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

Datum
ca_statistic_final(PG_FUNCTION_ARGS)
{
	StatisticState *state = state_argument(fcinfo, 0);
	double value = 0.0;
	bool defined;

	ca_aggregate_context(fcinfo, "ca_statistic_final");
	if (state == NULL || state->sums.count == 0)
		PG_RETURN_NULL();
	defined = state->statistic->value((double) state->sums.count,
									  state->periods, state->sums.sums, &value);
	return ca_metric_result(fcinfo, defined, value);
}
