/*-------------------------------------------------------------------------
 *
 * medae.c
 *		Median absolute error, as a parallel-safe aggregate.
 *
 *	medae		the median of |predicted - actual|; of an even number of pairs
 *				the mean of the two middle ones
 *
 * Pairs with a NULL do not count.  Without pairs the result is NULL.  NaN, an
 * infinity or a result beyond double precision are 22003.
 *
 * An exact median needs every error; value_list.c says what that takes in
 * memory.  Over a window with ORDER BY every row costs nine passes over the
 * errors so far.
 *
 * Definition: scikit-learn 1.2, median_absolute_error.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"

#include "base/compat.h"
#include "scoring/kernel/median_kernel.h"
#include "scoring/metric.h"
#include "base/checks.h"
#include "base/value_list.h"

PG_FUNCTION_INFO_V1(ca_medae_accum);
PG_FUNCTION_INFO_V1(ca_medae_combine);
PG_FUNCTION_INFO_V1(ca_medae_serialize);
PG_FUNCTION_INFO_V1(ca_medae_deserialize);
PG_FUNCTION_INFO_V1(ca_medae_final);

/* the state: |predicted - actual| of each pair, in order of arrival */
static CaValueList *
median_state(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL
							   : (CaValueList *) PG_GETARG_POINTER(argno);
}

static CaValueList *
new_state(MemoryContext context, size_t capacity)
{
	CaValueList *state = MemoryContextAlloc(context, sizeof(CaValueList));

	ca_value_list_init(state, context, capacity);
	return state;
}

Datum
ca_medae_accum(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = ca_aggregate_context(fcinfo, "ca_medae_accum");
	CaValueList *state = median_state(fcinfo, 0);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		double actual = PG_GETARG_FLOAT8(1);
		double predicted = PG_GETARG_FLOAT8(2);

		ca_check_finite(actual, "actual value");
		ca_check_finite(predicted, "predicted value");
		if (state == NULL)
			state = new_state(aggcontext, 0);
		ca_value_list_add(state, fabs(predicted - actual));
	}

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

/*
 * Combine: append the errors of the second state to the first.
 *
 * The second state lives in a short-lived context, so it is always copied.
 */
Datum
ca_medae_combine(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = ca_aggregate_context(fcinfo, "ca_medae_combine");
	CaValueList *state = median_state(fcinfo, 0);
	CaValueList *other = median_state(fcinfo, 1);

	if (other != NULL)
	{
		if (state == NULL)
			state = new_state(aggcontext, other->count);
		ca_value_list_append(state, other);
	}

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
ca_medae_serialize(PG_FUNCTION_ARGS)
{
	StringInfoData buf;

	ca_aggregate_context(fcinfo, "ca_medae_serialize");
	pq_begintypsend(&buf);
	ca_value_list_send(&buf, (CaValueList *) PG_GETARG_POINTER(0), "medae");
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}

/*
 * Deserialize: the state is read once by combine, hence allocated in the
 * context of the call rather than in the aggregate's.
 */
Datum
ca_medae_deserialize(PG_FUNCTION_ARGS)
{
	bytea *message = PG_GETARG_BYTEA_PP(0);
	StringInfoData buf = {.data = VARDATA_ANY(message),
						  .len = (int) VARSIZE_ANY_EXHDR(message),
						  .maxlen = (int) VARSIZE_ANY_EXHDR(message)};
	CaValueList *state = palloc(sizeof(CaValueList));

	ca_aggregate_context(fcinfo, "ca_medae_deserialize");
	ca_value_list_receive(&buf, state, "medae");
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

Datum
ca_medae_final(PG_FUNCTION_ARGS)
{
	CaValueList *state = median_state(fcinfo, 0);
	CaRankSearch search;

	ca_aggregate_context(fcinfo, "ca_medae_final");
	if (state == NULL)
		PG_RETURN_NULL();

	ca_rank_start(&search, (state->count - 1) / 2);
	while (search.done < CA_RANK_PASSES)
	{
		CHECK_FOR_INTERRUPTS();
		ca_rank_pass(&search, state->values, state->count);
	}
	return ca_metric_result(fcinfo, true,
							ca_median_with_lower(state->values, state->count,
												 ca_rank_value(&search)));
}
