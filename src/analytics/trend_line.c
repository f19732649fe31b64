/*-------------------------------------------------------------------------
 *
 * trend_line.c
 *		ca_trend_line(): the line through two turning points that closes
 *		respect.  kernel/trend_line.c has the rules.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/array.h"

#include "analytics/kernel/trend_line.h"
#include "base/checks.h"

/* the arguments */
enum
{
	ARG_CLOSES,
	ARG_BARS,
	ARG_PRICES,
	ARG_TOLERANCE,
	ARG_SIGN
};

static const char *const argument_names[] = {"closes", "bars", "prices"};

PG_FUNCTION_INFO_V1(ca_trend_line);

static const void *
array_argument(FunctionCallInfo fcinfo, int argno, int *count)
{
	ArrayType *array = PG_GETARG_ARRAYTYPE_P(argno);

	*count = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	ca_check_no_nulls(array, argument_names[argno]);
	return ARR_DATA_PTR(array);
}

/*
 * ca_trend_line(closes double precision[], bars integer[], prices double
 * precision[], tolerance double precision, sign integer) -> integer[]
 *
 * Turning points are given by their bars, from 1 on, in order, and prices.  The
 * result has the numbers of two points, from 1 on, and how many the line
 * touches; NULL when there is no line.
 */
Datum
ca_trend_line(PG_FUNCTION_ARGS)
{
	CaTrendPoints points = {.tolerance = PG_GETARG_FLOAT8(ARG_TOLERANCE),
							.sign = PG_GETARG_INT32(ARG_SIGN) > 0 ? 1 : -1};
	CaTrendLine best = {0};
	const int32 *given;
	int *bars;
	int nprices;
	Datum result[3];

	points.close = array_argument(fcinfo, ARG_CLOSES, &points.nbars);
	given = array_argument(fcinfo, ARG_BARS, &points.npoints);
	points.price = array_argument(fcinfo, ARG_PRICES, &nprices);
	bars = palloc((points.npoints + 1) * sizeof(int));
	for (int i = 0; i < points.npoints; i++)
	{
		bars[i] = given[i] - 1;
		if (bars[i] < 0 || bars[i] >= points.nbars ||
			(i > 0 && bars[i] <= bars[i - 1]))
			ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("bars must ascend, and have closes"),
					errdetail("Bar %d is %d.", i + 1, given[i]));
	}
	if (nprices != points.npoints)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("there must be a price for each bar"),
				errdetail("There are %d bars and %d prices.", points.npoints,
						  nprices));
	points.bar = bars;

	for (int first = 0; first < points.npoints; first++)
	{
		CHECK_FOR_INTERRUPTS();
		ca_trend_line_from(&points, first, &best);
	}
	if (best.touches == 0)
		PG_RETURN_NULL();
	result[0] = Int32GetDatum(best.first + 1);
	result[1] = Int32GetDatum(best.second + 1);
	result[2] = Int32GetDatum(best.touches);
	PG_RETURN_ARRAYTYPE_P(
		construct_array(result, 3, INT4OID, sizeof(int32), true, TYPALIGN_INT));
}
