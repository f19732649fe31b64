/*-------------------------------------------------------------------------
 *
 * bounds.c
 *		The series and times that a scan of segments asks for.
 *
 * Bounds begin without limits, and each comparison narrows them.  As in SQL, a NULL
 * is equal to nothing, before nothing and after nothing.  Of two lists for one column
 * the shorter one is kept: the caller checks every candle again, so bounds may be
 * wider than necessary.
 *
 * Allocates in the current memory context.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/stratnum.h"
#include "catalog/pg_collation.h"
#include "catalog/pg_type.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/varlena.h"

#include "segment/read/bounds.h"

void
ca_bounds_init(CaBounds *bounds)
{
	*bounds = (CaBounds){.all_assets = true,
						 .all_timeframes = true,
						 .since = DT_NOBEGIN,
						 .until = DT_NOEND};
}

static int
compare_assets(const void *a, const void *b)
{
	int32 first = *(const int32 *) a;
	int32 second = *(const int32 *) b;

	return (first > second) - (first < second);
}

static int
compare_timeframes(const void *a, const void *b)
{
	text *first = *(text *const *) a;
	text *second = *(text *const *) b;

	return varstr_cmp(VARDATA_ANY(first), VARSIZE_ANY_EXHDR(first),
					  VARDATA_ANY(second), VARSIZE_ANY_EXHDR(second),
					  DEFAULT_COLLATION_OID);
}

/* the value as the number of an asset; false if it is outside int32 */
static bool
asset_number(Oid type, Datum value, int32 *asset)
{
	int64 number;

	switch (type)
	{
		case INT2OID:
			number = DatumGetInt16(value);
			break;
		case INT4OID:
			number = DatumGetInt32(value);
			break;
		case INT8OID:
			number = DatumGetInt64(value);
			break;
		default:
			elog(ERROR, "an asset cannot be of type %u", type);
	}
	*asset = (int32) number;
	return number == *asset;
}

/* narrow: the asset is one of these, which are int2, int4 or int8 */
void
ca_bounds_asset(CaBounds *bounds, Oid type, const Datum *values,
				const bool *nulls, int nvalues)
{
	int32 *assets = palloc(sizeof(int32) * Max(nvalues, 1));
	int n = 0;
	int kept = 0;

	for (int i = 0; i < nvalues; i++)
		if (!nulls[i] && asset_number(type, values[i], &assets[n]))
			n++;
	qsort(assets, n, sizeof(int32), compare_assets);
	for (int i = 0; i < n; i++)
		if (kept == 0 || assets[i] != assets[kept - 1])
			assets[kept++] = assets[i];

	if (kept == 0)
		bounds->empty = true;
	if (bounds->all_assets || kept < bounds->nassets)
	{
		bounds->assets = assets;
		bounds->nassets = kept;
	}
	bounds->all_assets = false;
}

/* narrow: the timeframe is one of these texts */
void
ca_bounds_timeframe(CaBounds *bounds, const Datum *values, const bool *nulls,
					int nvalues)
{
	text **timeframes = palloc(sizeof(text *) * Max(nvalues, 1));
	int n = 0;
	int kept = 0;

	for (int i = 0; i < nvalues; i++)
		if (!nulls[i])
			timeframes[n++] = DatumGetTextPCopy(values[i]);
	qsort(timeframes, n, sizeof(text *), compare_timeframes);
	for (int i = 0; i < n; i++)
		if (kept == 0 ||
			compare_timeframes(&timeframes[i], &timeframes[kept - 1]) != 0)
			timeframes[kept++] = timeframes[i];

	if (kept == 0)
		bounds->empty = true;
	if (bounds->all_timeframes || kept < bounds->ntimeframes)
	{
		bounds->timeframes = timeframes;
		bounds->ntimeframes = kept;
	}
	bounds->all_timeframes = false;
}

/* a value as timestamptz, infinite if it is out of range */
static TimestampTz
time_value(Oid type, Datum value)
{
	int overflow = 0;

	switch (type)
	{
		case DATEOID:
			return date2timestamptz_opt_overflow(DatumGetDateADT(value),
												 &overflow);
		case TIMESTAMPOID:
			return timestamp2timestamptz_opt_overflow(DatumGetTimestamp(value),
													  &overflow);
		case TIMESTAMPTZOID:
			return DatumGetTimestampTz(value);
		default:
			elog(ERROR, "a time cannot be of type %u", type);
	}
}

/*
 * Narrow: the time compares with the value, a timestamptz, timestamp or date, as the
 * B-tree strategy says.  Several values come with equality only: the time equals one
 * of them.
 */
void
ca_bounds_time(CaBounds *bounds, int strategy, Oid type, const Datum *values,
			   const bool *nulls, int nvalues)
{
	TimestampTz first = DT_NOEND;
	TimestampTz last = DT_NOBEGIN;
	bool found = false;

	for (int i = 0; i < nvalues; i++)
		if (!nulls[i])
		{
			TimestampTz time = time_value(type, values[i]);

			found = true;
			first = Min(first, time);
			last = Max(last, time);
		}
	if (!found)
	{
		bounds->empty = true;
		return;
	}

	/* no candle has an infinite time, so such a bound may stay inclusive */
	if (strategy == BTLessStrategyNumber && !TIMESTAMP_NOT_FINITE(last))
		last--;
	if (strategy == BTGreaterStrategyNumber && !TIMESTAMP_NOT_FINITE(first))
		first++;
	if (strategy >= BTEqualStrategyNumber)
		bounds->since = Max(bounds->since, first);
	if (strategy <= BTEqualStrategyNumber)
		bounds->until = Min(bounds->until, last);
	if (bounds->since > bounds->until)
		bounds->empty = true;
}

/* narrow: the candle starts before this time, which may be infinite */
void
ca_bounds_before(CaBounds *bounds, TimestampTz time)
{
	Datum value = TimestampTzGetDatum(time);
	bool isnull = false;

	ca_bounds_time(bounds, BTLessStrategyNumber, TIMESTAMPTZOID, &value,
				   &isnull, 1);
}
