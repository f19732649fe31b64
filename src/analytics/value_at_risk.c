/*-------------------------------------------------------------------------
 *
 * value_at_risk.c
 *		Losses in the worst share of periods, as parallel-safe aggregates.
 *
 *	value_at_risk				the quantile of the returns at the cutoff, as
 *								percentile_cont: between two returns where it
 *								falls between them
 *	conditional_value_at_risk	the mean of the floor((n - 1) * cutoff) + 1
 *								lowest of n returns
 *
 * The cutoff is 0.05 by default.  A NULL return does not count.  Without
 * returns the result is NULL.  A loss is negative, like its return.
 *
 * Both need every return; value_list.c says what that takes in memory.  Over a
 * window with ORDER BY every row costs nine passes over the returns so far.
 *
 * Errors: 22003 for NaN, an infinity and a result beyond double precision;
 * 22023 for a cutoff that is NULL, not in 0..1 or not the same in every row,
 * unless the row does not count.
 *
 * Definition: empyrical 0.5.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "analytics/kernel/tail.h"
#include "base/checks.h"
#include "base/value_list.h"
#include "scoring/metric.h"

#define DEFAULT_CUTOFF 0.05

typedef struct TailState
{
	double cutoff;
	CaValueList returns; /* one at least */
} TailState;

PG_FUNCTION_INFO_V1(ca_value_at_risk_accum);
PG_FUNCTION_INFO_V1(ca_value_at_risk_combine);
PG_FUNCTION_INFO_V1(ca_value_at_risk_serialize);
PG_FUNCTION_INFO_V1(ca_value_at_risk_deserialize);
PG_FUNCTION_INFO_V1(ca_value_at_risk_final);
PG_FUNCTION_INFO_V1(ca_conditional_value_at_risk_final);

static TailState *
state_argument(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL : (TailState *) PG_GETARG_POINTER(argno);
}

static TailState *
make_state(MemoryContext context, double cutoff, size_t capacity)
{
	TailState *state = MemoryContextAlloc(context, sizeof(TailState));

	state->cutoff = cutoff;
	ca_value_list_init(&state->returns, context, capacity);
	return state;
}

static double
cutoff_argument(FunctionCallInfo fcinfo)
{
	double cutoff = DEFAULT_CUTOFF;

	if (PG_NARGS() > 2)
		cutoff = ca_metric_constant(fcinfo, 2, "cutoff");
	if (!(cutoff >= 0.0 && cutoff <= 1.0))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("cutoff must be between 0 and 1"),
				errdetail("Value is %g.", cutoff),
				errhint("It is the share of the worst periods: 0.05 for one in "
						"twenty."));
	return cutoff;
}

/*
 * ca_value_at_risk_accum(internal, return [, cutoff]) -> internal
 */
Datum
ca_value_at_risk_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context =
		ca_aggregate_context(fcinfo, "ca_value_at_risk_accum");
	TailState *state = state_argument(fcinfo, 0);

	if (!PG_ARGISNULL(1))
	{
		double cutoff = cutoff_argument(fcinfo);

		ca_check_finite(PG_GETARG_FLOAT8(1), "return");
		if (state == NULL)
			state = make_state(context, cutoff, 0);
		ca_metric_check_constant(state->cutoff, cutoff, "cutoff");
		ca_value_list_add(&state->returns, PG_GETARG_FLOAT8(1));
	}

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * Combine: append the returns of the second state to the first.
 *
 * The second state lives in a short-lived context, so it is always copied.
 */
Datum
ca_value_at_risk_combine(PG_FUNCTION_ARGS)
{
	MemoryContext context =
		ca_aggregate_context(fcinfo, "ca_value_at_risk_combine");
	TailState *state = state_argument(fcinfo, 0);
	TailState *other = state_argument(fcinfo, 1);

	if (other != NULL)
	{
		if (state == NULL)
			state = make_state(context, other->cutoff, other->returns.count);
		ca_metric_check_constant(state->cutoff, other->cutoff, "cutoff");
		ca_value_list_append(&state->returns, &other->returns);
	}

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
ca_value_at_risk_serialize(PG_FUNCTION_ARGS)
{
	TailState *state = (TailState *) PG_GETARG_POINTER(0);
	StringInfoData buf;

	ca_aggregate_context(fcinfo, "ca_value_at_risk_serialize");
	pq_begintypsend(&buf);
	pq_sendfloat8(&buf, state->cutoff);
	ca_value_list_send(&buf, &state->returns, "value_at_risk");
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Deserialize: the state is read once by combine, hence allocated in the
 * context of the call rather than in the aggregate's.
 */
Datum
ca_value_at_risk_deserialize(PG_FUNCTION_ARGS)
{
	bytea *message = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf = {.data = VARDATA_ANY(message),
						  .len = (int) VARSIZE_ANY_EXHDR(message),
						  .maxlen = (int) VARSIZE_ANY_EXHDR(message)};
	TailState *state = palloc(sizeof(TailState));

	ca_aggregate_context(fcinfo, "ca_value_at_risk_deserialize");
	state->cutoff = pq_getmsgfloat8(&buf);
	ca_value_list_receive(&buf, &state->returns, "value_at_risk");
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

/* the value at the rank of the tail */
static double
value_at(const CaTail *tail, const CaValueList *returns)
{
	CaRankSearch search;

	ca_rank_start(&search, tail->rank);
	while (search.done < CA_RANK_PASSES)
	{
		CHECK_FOR_INTERRUPTS();
		ca_rank_pass(&search, returns->values, returns->count);
	}
	return ca_rank_value(&search);
}

Datum
ca_value_at_risk_final(PG_FUNCTION_ARGS)
{
	TailState *state = state_argument(fcinfo, 0);
	CaValueList *returns;
	CaTail tail;

	ca_aggregate_context(fcinfo, "ca_value_at_risk_final");
	if (state == NULL)
		PG_RETURN_NULL();
	returns = &state->returns;
	tail = ca_tail_at(returns->count, state->cutoff);
	return ca_metric_result(fcinfo, true,
							ca_tail_quantile(&tail, returns->values,
											 returns->count,
											 value_at(&tail, returns)));
}

Datum
ca_conditional_value_at_risk_final(PG_FUNCTION_ARGS)
{
	TailState *state = state_argument(fcinfo, 0);
	CaValueList *returns;
	CaTail tail;

	ca_aggregate_context(fcinfo, "ca_conditional_value_at_risk_final");
	if (state == NULL)
		PG_RETURN_NULL();
	returns = &state->returns;
	tail = ca_tail_at(returns->count, state->cutoff);
	return ca_metric_result(fcinfo, true,
							ca_tail_mean(&tail, returns->values, returns->count,
										 value_at(&tail, returns)));
}
