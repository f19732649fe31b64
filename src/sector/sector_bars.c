/*-------------------------------------------------------------------------
 *
 * sector_bars.c
 *		ca_sector_bars(asset, time, bar, close, market_cap, supply, seed, before,
 *		stale), an aggregate: what the candles of its members make of a sector.
 *
 * Candles come in any order.  The first row decides "before", the last bar before
 * those of interest or NULL, and "stale", for how many bars a candle counts.  The
 * result has CA_VALUES values per bar: its number, the capitalization, the growth of
 * the index, and how many members have a capitalization; NULL where not known.
 * src/sector/kernel/sector_bars.c has the formulas.  Without rows the result is NULL.
 * A state has 56 bytes per candle.
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
#include "numeric/numeric.h"
#include "sector/kernel/sector_bars.h"

#define INITIAL_CAPACITY 64
#define CA_VALUES 4

typedef struct BarsState
{
	int stale;
	bool has_before;
	int64 before;
	size_t ncandles;
	size_t capacity;
	CaMemberCandle *candles;
} BarsState;

/* the arguments of ca_sector_bars_accum */
enum
{
	ARG_STATE,
	ARG_ASSET,
	ARG_TIME,
	ARG_BAR,
	ARG_CLOSE,
	ARG_MARKET_CAP,
	ARG_SUPPLY,
	ARG_SEED,
	ARG_BEFORE,
	ARG_STALE
};

PG_FUNCTION_INFO_V1(ca_sector_bars_accum);
PG_FUNCTION_INFO_V1(ca_sector_bars_final);

static BarsState *
new_state(FunctionCallInfo fcinfo, MemoryContext context)
{
	BarsState *state = MemoryContextAlloc(context, sizeof(BarsState));

	if (PG_ARGISNULL(ARG_STALE) || PG_GETARG_INT32(ARG_STALE) < 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("stale must not be NULL or negative"),
				errdetail("It is for how many more bars a candle counts."));
	state->stale = PG_GETARG_INT32(ARG_STALE);
	state->has_before = !PG_ARGISNULL(ARG_BEFORE);
	state->before = state->has_before ? PG_GETARG_INT64(ARG_BEFORE) : 0;
	state->ncandles = 0;
	state->capacity = INITIAL_CAPACITY;
	state->candles =
		MemoryContextAlloc(context, state->capacity * sizeof(CaMemberCandle));
	return state;
}

static double
numeric_argument(FunctionCallInfo fcinfo, int argument, const char *name)
{
	if (PG_ARGISNULL(argument))
		return NAN;
	ca_check_finite_numeric(PG_GETARG_DATUM(argument), name);
	return ca_double_from_numeric(PG_GETARG_DATUM(argument));
}

/* a row with a NULL that matters does not count */
Datum
ca_sector_bars_accum(PG_FUNCTION_ARGS)
{
	MemoryContext context =
		ca_aggregate_context(fcinfo, "ca_sector_bars_accum");
	BarsState *state = PG_ARGISNULL(ARG_STATE)
						   ? new_state(fcinfo, context)
						   : (BarsState *) PG_GETARG_POINTER(ARG_STATE);
	CaMemberCandle *candle;

	if (PG_ARGISNULL(ARG_ASSET) || PG_ARGISNULL(ARG_TIME) ||
		PG_ARGISNULL(ARG_BAR) || PG_ARGISNULL(ARG_CLOSE) ||
		PG_ARGISNULL(ARG_SEED))
		PG_RETURN_POINTER(state);
	if (state->ncandles == state->capacity)
	{
		state->capacity *= 2;
		state->candles = repalloc_huge(
			state->candles, state->capacity * sizeof(CaMemberCandle));
	}
	candle = &state->candles[state->ncandles++];
	candle->asset = PG_GETARG_INT32(ARG_ASSET);
	candle->seed = PG_GETARG_BOOL(ARG_SEED);
	candle->bar = PG_GETARG_INT64(ARG_BAR);
	candle->day = (double) PG_GETARG_TIMESTAMPTZ(ARG_TIME) / USECS_PER_DAY;
	candle->close = numeric_argument(fcinfo, ARG_CLOSE, "close");
	candle->cap = numeric_argument(fcinfo, ARG_MARKET_CAP, "market_cap");
	candle->supply = numeric_argument(fcinfo, ARG_SUPPLY, "supply");
	PG_RETURN_POINTER(state);
}

static Datum
bars_array(const CaSectorBar *bars, size_t nbars)
{
	Datum *values =
		palloc_extended(nbars * CA_VALUES * sizeof(Datum) + 1, MCXT_ALLOC_HUGE);
	bool *nulls = palloc_extended(nbars * CA_VALUES + 1, MCXT_ALLOC_HUGE);
	int dims[1] = {nbars * CA_VALUES};
	int lower[1] = {1};

	for (size_t i = 0; i < nbars; i++)
	{
		double row[CA_VALUES] = {bars[i].bar, bars[i].cap, bars[i].growth,
								 bars[i].members};

		for (int j = 0; j < CA_VALUES; j++)
		{
			/* a sum may be beyond double precision */
			nulls[i * CA_VALUES + j] = !isfinite(row[j]);
			values[i * CA_VALUES + j] = Float8GetDatum(row[j]);
		}
	}
	return PointerGetDatum(
		construct_md_array(values, nulls, 1, dims, lower, FLOAT8OID,
						   sizeof(double), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

Datum
ca_sector_bars_final(PG_FUNCTION_ARGS)
{
	const BarsState *state =
		PG_ARGISNULL(0) ? NULL : (BarsState *) PG_GETARG_POINTER(0);
	CaMemberCandle *candles;
	int64 *list;
	size_t nbars;
	double *work;
	CaSectorBar *bars;

	if (state == NULL)
		PG_RETURN_NULL();
	/* the state must not change */
	candles = palloc_extended(state->ncandles * sizeof(CaMemberCandle) + 1,
							  MCXT_ALLOC_HUGE);
	memcpy(candles, state->candles, state->ncandles * sizeof(CaMemberCandle));
	ca_sort_candles(candles, state->ncandles);
	ca_complete_caps(candles, state->ncandles);
	list =
		palloc_extended((state->ncandles + 1) * sizeof(int64), MCXT_ALLOC_HUGE);
	nbars = ca_list_bars(candles, state->ncandles,
						 state->has_before ? &state->before : NULL, list);
	work = palloc_extended(2 * nbars * sizeof(double) + 1, MCXT_ALLOC_HUGE);
	bars = palloc_extended(nbars * sizeof(CaSectorBar) + 1, MCXT_ALLOC_HUGE);
	ca_sector_bars(candles, state->ncandles, state->stale, list, nbars, work,
				   bars);
	PG_RETURN_DATUM(bars_array(bars, nbars));
}
