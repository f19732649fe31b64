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
 * An exact median needs every error.  The state has 8 bytes per pair, grows by
 * doubling and is not limited by work_mem: it takes up to 16 bytes per pair,
 * and up to 24 for a moment while it grows.  Over a window with ORDER BY every
 * row costs nine passes over the errors so far.  A partial state that goes
 * from a parallel worker to its leader must stay below 1 GB, 134 million
 * pairs; more are 54000.
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
#include "utils/memutils.h"

#include "base/compat.h"
#include "scoring/kernel/median_kernel.h"
#include "scoring/metric.h"
#include "base/checks.h"

#define INITIAL_CAPACITY 16

typedef struct MedianState
{
	size_t count;
	size_t capacity;
	double *errors; /* |predicted - actual|, in order of arrival */
} MedianState;

PG_FUNCTION_INFO_V1(ca_medae_accum);
PG_FUNCTION_INFO_V1(ca_medae_combine);
PG_FUNCTION_INFO_V1(ca_medae_serialize);
PG_FUNCTION_INFO_V1(ca_medae_deserialize);
PG_FUNCTION_INFO_V1(ca_medae_final);

static MedianState *
median_state(FunctionCallInfo fcinfo, int argno)
{
	return PG_ARGISNULL(argno) ? NULL
							   : (MedianState *) PG_GETARG_POINTER(argno);
}

static MedianState *
new_state(MemoryContext context, size_t capacity)
{
	MedianState *state = MemoryContextAlloc(context, sizeof(MedianState));

	state->count = 0;
	state->capacity = Max(capacity, INITIAL_CAPACITY);
	state->errors =
		MemoryContextAllocHuge(context, state->capacity * sizeof(double));
	return state;
}

/*
 * Make room.  Doubling cannot wrap: repalloc_huge refuses half of size_t.
 */
static void
reserve(MedianState *state, size_t more)
{
	size_t capacity = state->capacity;

	while (capacity - state->count < more)
		capacity *= 2;
	if (capacity > state->capacity)
	{
		state->errors = repalloc_huge(state->errors, capacity * sizeof(double));
		state->capacity = capacity;
	}
}

Datum
ca_medae_accum(PG_FUNCTION_ARGS)
{
	MemoryContext aggcontext = ca_aggregate_context(fcinfo, "ca_medae_accum");
	MedianState *state = median_state(fcinfo, 0);

	if (!PG_ARGISNULL(1) && !PG_ARGISNULL(2))
	{
		double actual = PG_GETARG_FLOAT8(1);
		double predicted = PG_GETARG_FLOAT8(2);

		ca_check_finite(actual, "actual value");
		ca_check_finite(predicted, "predicted value");
		if (state == NULL)
			state = new_state(aggcontext, INITIAL_CAPACITY);
		reserve(state, 1);
		state->errors[state->count++] = fabs(predicted - actual);
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
	MedianState *state = median_state(fcinfo, 0);
	MedianState *other = median_state(fcinfo, 1);

	if (other != NULL)
	{
		if (state == NULL)
			state = new_state(aggcontext, other->count);
		reserve(state, other->count);
		memcpy(state->errors + state->count, other->errors,
			   other->count * sizeof(double));
		state->count += other->count;
	}

	if (state == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(state);
}

Datum
ca_medae_serialize(PG_FUNCTION_ARGS)
{
	MedianState *state = (MedianState *) PG_GETARG_POINTER(0);
	size_t limit = (MaxAllocSize - 1024) / sizeof(double);
	StringInfoData buf;
	size_t i;

	ca_aggregate_context(fcinfo, "ca_medae_serialize");
	if (state->count > limit)
		ereport(ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				errmsg("too many pairs for one worker of a parallel medae"),
				errdetail("There are %zu pairs; the limit is %zu.",
						  state->count, limit),
				errhint("Set max_parallel_workers_per_gather to 0."));

	pq_begintypsend(&buf);
	enlargeStringInfo(&buf, (int) ((state->count + 1) * sizeof(double)));
	pq_sendint64(&buf, (int64) state->count);
	for (i = 0; i < state->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendfloat8(&buf, state->errors[i]);
	}
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
	StringInfoData buf;
	MedianState *state;
	int64 count;

	ca_aggregate_context(fcinfo, "ca_medae_deserialize");
	buf.data = VARDATA_ANY(message);
	buf.len = VARSIZE_ANY_EXHDR(message);
	buf.maxlen = buf.len;
	buf.cursor = 0;

	count = pq_getmsgint64(&buf);
	if (count < 0 || count > (int64) ((buf.len - buf.cursor) / sizeof(double)))
		ereport(ERROR, errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("number of errors in a medae state does not match its "
					   "length"),
				errdetail("The state claims %lld errors in %d bytes.",
						  (long long) count, buf.len));

	state = new_state(CurrentMemoryContext, (size_t) count);
	while (state->count < (size_t) count)
	{
		CHECK_FOR_INTERRUPTS();
		state->errors[state->count++] = pq_getmsgfloat8(&buf);
	}
	pq_getmsgend(&buf);
	PG_RETURN_POINTER(state);
}

Datum
ca_medae_final(PG_FUNCTION_ARGS)
{
	MedianState *state = median_state(fcinfo, 0);
	CaRankSearch search;

	ca_aggregate_context(fcinfo, "ca_medae_final");
	if (state == NULL)
		PG_RETURN_NULL();

	ca_rank_start(&search, (state->count - 1) / 2);
	while (search.done < CA_RANK_PASSES)
	{
		CHECK_FOR_INTERRUPTS();
		ca_rank_pass(&search, state->errors, state->count);
	}
	return ca_metric_result(fcinfo, true,
							ca_median_with_lower(state->errors, state->count,
												 ca_rank_value(&search)));
}
