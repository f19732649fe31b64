/*-------------------------------------------------------------------------
 *
 * correlation_matrix.c
 *		ca_correlation_matrix(assets, timeframe, bars, fewest, until): the
 *		correlations of log returns of many assets, each with each.
 *
 * One query reads the closes of all assets.  Bars that are not stored are read
 * by candles(), which builds them, from those assets only that have finer
 * candles.  A return needs two closes above zero of bars that follow each
 * other.  kernel/correlation.c computes.
 *
 * Memory: 24 bytes for each asset and bar.  The rows take up to work_mem and go
 * to disk beyond that.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/timestamp.h"

#include "analytics/kernel/correlation.h"
#include "analytics/kernel/log_ratio.h"
#include "base/checks.h"
#include "base/query.h"
#include "base/timeframe.h"
#include "numeric/numeric.h"

/* the arguments */
enum
{
	ARG_ASSETS,
	ARG_TIMEFRAME,
	ARG_BARS,
	ARG_LEAST,
	ARG_UNTIL
};

/* the columns of a close as it is read */
enum
{
	CLOSE_ASSET,
	CLOSE_TIME,
	CLOSE_PRICE
};

typedef struct Closes
{
	const CaTimeframe *timeframe;
	int64 first; /* ordinal of the first bar */
	int nbars;   /* one more than returns */
	int nassets;
	const int32 *assets; /* ascending */
	CaDD *close;         /* [asset * nbars + bar], 0 where not known */
} Closes;

PG_FUNCTION_INFO_V1(ca_correlation_matrix);

static int
compare_ids(const void *a, const void *b)
{
	int32 x = *(const int32 *) a;
	int32 y = *(const int32 *) b;

	return (x > y) - (x < y);
}

/* one close of an asset that is asked for; one that is known stays */
static void
take_close(TupleTableSlot *slot, void *taker)
{
	Closes *closes = taker;
	int32 id;
	const int32 *asset;
	int64 bar;
	CaDD *close;

	slot_getallattrs(slot);
	id = DatumGetInt32(slot->tts_values[CLOSE_ASSET]);
	asset = bsearch(&id, closes->assets, closes->nassets, sizeof(int32),
					compare_ids);
	bar = ca_timeframe_ordinal(
			  closes->timeframe,
			  DatumGetTimestampTz(slot->tts_values[CLOSE_TIME])) -
		  closes->first;
	if (asset == NULL || bar < 0 || bar >= closes->nbars)
		return;
	close = &closes->close[(asset - closes->assets) * closes->nbars + bar];
	if (close->hi == 0.0)
		*close = ca_dd_from_numeric(slot->tts_values[CLOSE_PRICE]);
}

/* the assets that lack a close, as an array */
static Datum
incomplete_assets(const Closes *closes, int *count)
{
	Datum *ids = palloc(closes->nassets * sizeof(Datum));

	*count = 0;
	for (int i = 0; i < closes->nassets; i++)
		for (int k = 0; k < closes->nbars; k++)
			if (closes->close[(size_t) i * closes->nbars + k].hi == 0.0)
			{
				ids[(*count)++] = Int32GetDatum(closes->assets[i]);
				break;
			}
	return PointerGetDatum(construct_array(ids, *count, INT4OID, sizeof(int32),
										   true, TYPALIGN_INT));
}

static void
read_closes(FunctionCallInfo fcinfo, Closes *closes)
{
	CaArgument arguments[] = {
		{INT4ARRAYOID, PG_GETARG_DATUM(ARG_ASSETS), false},
		{TEXTOID, PG_GETARG_DATUM(ARG_TIMEFRAME), false},
		{TIMESTAMPTZOID,
		 TimestampTzGetDatum(
			 ca_timeframe_start(closes->timeframe, closes->first)),
		 false},
		{TIMESTAMPTZOID, PG_GETARG_DATUM(ARG_UNTIL), false}};
	int count;

	ca_read_query("SELECT h.asset_id, h.candle_time, h.close_price "
				  "FROM price_history AS h "
				  "WHERE h.asset_id = ANY ($1) AND h.timeframe = $2 "
				  "AND h.candle_time >= $3 AND h.candle_time < $4",
				  arguments, 4, take_close, closes);

	arguments[0].value = incomplete_assets(closes, &count);
	if (count == 0)
		return;
	ca_read_query(
		"SELECT a, c.time, c.close FROM unnest($1) AS a "
		"CROSS JOIN LATERAL candles(a, $2, $3, $4) AS c "
		"WHERE EXISTS (SELECT FROM timeframes() AS t "
		"CROSS JOIN LATERAL (SELECT FROM price_history AS h "
		"WHERE h.asset_id = a AND h.timeframe = t "
		"AND h.candle_time >= $3 AND h.candle_time < $4 LIMIT 1) AS h "
		"WHERE timeframe_divides(t, $2))",
		arguments, 4, take_close, closes);
}

/* the returns, with room for what the kernel makes of them */
static CaReturnMatrix
returns_of(const Closes *closes, int least)
{
	CaReturnMatrix matrix = {
		.nseries = closes->nassets, .nbars = closes->nbars - 1, .least = least};
	size_t size = (size_t) matrix.nseries * matrix.nbars;

	matrix.x = MemoryContextAllocHuge(CurrentMemoryContext,
									  (size + 1) * sizeof(double));
	matrix.known = palloc((matrix.nseries + 1) * sizeof(int));
	matrix.varies = palloc((matrix.nseries + 1) * sizeof(bool));
	for (int i = 0; i < matrix.nseries; i++)
		for (int k = 0; k < matrix.nbars; k++)
		{
			const CaDD *close = &closes->close[(size_t) i * closes->nbars + k];
			bool known = close[0].hi > 0.0 && close[1].hi > 0.0;

			matrix.x[(size_t) i * matrix.nbars + k] =
				known ? ca_log_return(close[1], close[0]) : NAN;
		}
	ca_correlation_prepare(&matrix);
	return matrix;
}

/* a row for each other asset that has returns */
static void
put_rows(const CaReturnMatrix *matrix, const int32 *assets,
		 const ReturnSetInfo *result)
{
	double *correlations = palloc((matrix->nseries + 1) * sizeof(double));
	int *pairs = palloc((matrix->nseries + 1) * sizeof(int));

	for (int i = 0; i < matrix->nseries; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (matrix->known[i] == 0)
			continue;
		ca_correlation_row(matrix, i, correlations, pairs);
		for (int k = 0; k < matrix->nseries; k++)
		{
			Datum columns[4] = {
				Int32GetDatum(assets[i]), Int32GetDatum(assets[k]),
				Float8GetDatum(correlations[k]), Int32GetDatum(pairs[k])};
			bool nulls[4] = {false, false, isnan(correlations[k]), false};

			if (k != i && matrix->known[k] != 0)
				tuplestore_putvalues(result->setResult, result->setDesc,
									 columns, nulls);
		}
	}
}

/* the assets in ascending order, each once */
static int32 *
sorted_assets(ArrayType *array, int *count)
{
	int given = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	int32 *assets = palloc((given + 1) * sizeof(int32));

	memcpy(assets, ARR_DATA_PTR(array), given * sizeof(int32));
	qsort(assets, given, sizeof(int32), compare_ids);
	*count = 0;
	for (int i = 0; i < given; i++)
		if (i == 0 || assets[i] != assets[i - 1])
			assets[(*count)++] = assets[i];
	return assets;
}

/*
 * ca_correlation_matrix(assets integer[], timeframe text, bars integer,
 * fewest integer, until timestamptz) -> setof (asset_id, other_id, correlation,
 * pairs)
 *
 * Assets without returns have no rows.  until is a boundary.  Errors: 22023
 * for a number of bars that is not in 1..10000, 22004 for assets with a NULL.
 */
Datum
ca_correlation_matrix(PG_FUNCTION_ARGS)
{
	Closes closes = {.nbars = PG_GETARG_INT32(ARG_BARS) + 1};
	ArrayType *assets = PG_GETARG_ARRAYTYPE_P(ARG_ASSETS);
	CaReturnMatrix matrix;
	size_t size;

	ca_check_period(PG_GETARG_INT32(ARG_BARS), "bars");
	ca_check_no_nulls(assets, "assets");
	closes.timeframe = ca_timeframe_get(PG_GETARG_TEXT_PP(ARG_TIMEFRAME));
	closes.first = ca_timeframe_ordinal(closes.timeframe,
										PG_GETARG_TIMESTAMPTZ(ARG_UNTIL)) -
				   closes.nbars;
	closes.assets = sorted_assets(assets, &closes.nassets);

	InitMaterializedSRF(fcinfo, 0);
	size = ((size_t) closes.nassets * closes.nbars + 1) * sizeof(CaDD);
	closes.close = MemoryContextAllocHuge(CurrentMemoryContext, size);
	memset(closes.close, 0, size);
	read_closes(fcinfo, &closes);
	matrix = returns_of(&closes, PG_GETARG_INT32(ARG_LEAST));
	pfree(closes.close);
	put_rows(&matrix, closes.assets, (ReturnSetInfo *) fcinfo->resultinfo);
	return (Datum) 0;
}
