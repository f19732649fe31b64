/*-------------------------------------------------------------------------
 *
 * sliding_drawdown.c
 *		drawdown() and max_drawdown() over windows that slide.
 *
 * PostgreSQL calls these instead of the functions in ordered.c where the first
 * row of a window moves.  kernel/price_queue.c computes.  A row with a NULL
 * price is skipped.  The state has 144 bytes for each row of the window, in
 * arrays that double.
 *
 * Errors: as ordered.c.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/float.h"
#include "utils/memutils.h"

#include "analytics/kernel/price_queue.h"
#include "base/checks.h"
#include "numeric/numeric.h"

#define INITIAL_CAPACITY 32

typedef struct SlidingState
{
	bool is_numeric; /* the type of the price, else double precision */
	CaPriceQueue queue;
} SlidingState;

PG_FUNCTION_INFO_V1(ca_drawdown_slide);
PG_FUNCTION_INFO_V1(ca_drawdown_remove);
PG_FUNCTION_INFO_V1(ca_drawdown_slide_final);
PG_FUNCTION_INFO_V1(ca_max_drawdown_slide_final);

static SlidingState *
make_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	SlidingState *state = MemoryContextAllocZero(context, sizeof(SlidingState));
	CaPriceQueue *queue = &state->queue;

	state->is_numeric = get_fn_expr_argtype(fcinfo->flinfo, 1) == NUMERICOID;
	queue->capacity = INITIAL_CAPACITY;
	queue->old =
		MemoryContextAlloc(context, queue->capacity * sizeof(CaOldPrice));
	queue->fresh =
		MemoryContextAlloc(context, queue->capacity * sizeof(CaPrice));
	return state;
}

static void
reserve(CaPriceQueue *queue)
{
	if (!ca_price_queue_full(queue))
		return;
	queue->capacity *= 2;
	queue->old =
		repalloc_huge(queue->old, queue->capacity * sizeof(CaOldPrice));
	queue->fresh =
		repalloc_huge(queue->fresh, queue->capacity * sizeof(CaPrice));
}

static CaPrice
price_argument(FunctionCallInfo fcinfo, const SlidingState *state)
{
	if (state->is_numeric)
	{
		ca_check_finite_numeric(PG_GETARG_DATUM(1), "price");
		return ca_price_from_numeric(PG_GETARG_DATUM(1));
	}
	ca_check_finite(PG_GETARG_FLOAT8(1), "price");
	return ca_price_from_dd(ca_dd(PG_GETARG_FLOAT8(1)));
}

/*
 * ca_drawdown_slide(internal, price) -> internal
 */
Datum
ca_drawdown_slide(PG_FUNCTION_ARGS)
{
	MemoryContext context = ca_aggregate_context(fcinfo, "ca_drawdown_slide");
	SlidingState *state = PG_ARGISNULL(0)
							  ? make_state(fcinfo, context)
							  : (SlidingState *) PG_GETARG_POINTER(0);

	if (!PG_ARGISNULL(1))
	{
		CaPrice price = price_argument(fcinfo, state);

		reserve(&state->queue);
		ca_price_queue_add(&state->queue, &price);
	}
	PG_RETURN_POINTER(state);
}

/*
 * ca_drawdown_remove(internal, price) -> internal
 *
 * The oldest price leaves, which is this one.
 */
Datum
ca_drawdown_remove(PG_FUNCTION_ARGS)
{
	SlidingState *state;

	ca_aggregate_context(fcinfo, "ca_drawdown_remove");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	state = (SlidingState *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
	{
		if (state->queue.nold + state->queue.nnew == 0)
			elog(ERROR, "no price is left to be removed");
		ca_price_queue_remove(&state->queue);
	}
	PG_RETURN_POINTER(state);
}

static Datum
sliding_result(bool known, double value, FunctionCallInfo fcinfo)
{
	if (!known)
		PG_RETURN_NULL();
	if (!isfinite(value))
		float_overflow_error();
	PG_RETURN_FLOAT8(value);
}

/*
 * ca_drawdown_slide_final(internal) -> double precision
 */
Datum
ca_drawdown_slide_final(PG_FUNCTION_ARGS)
{
	double value = 0.0;
	bool known;

	ca_aggregate_context(fcinfo, "ca_drawdown_slide_final");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	known = ca_price_queue_drawdown(
		&((SlidingState *) PG_GETARG_POINTER(0))->queue, &value);
	return sliding_result(known, value, fcinfo);
}

/*
 * ca_max_drawdown_slide_final(internal) -> double precision
 */
Datum
ca_max_drawdown_slide_final(PG_FUNCTION_ARGS)
{
	double value = 0.0;
	bool known;

	ca_aggregate_context(fcinfo, "ca_max_drawdown_slide_final");
	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	known = ca_price_queue_max_drawdown(
		&((SlidingState *) PG_GETARG_POINTER(0))->queue, &value);
	return sliding_result(known, value, fcinfo);
}
