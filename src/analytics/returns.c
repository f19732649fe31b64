/*-------------------------------------------------------------------------
 *
 * returns.c
 *		Returns of two prices, of which returns() makes a series.
 *
 * Both are NULL for a price before that is not above zero, the logarithmic one
 * also for such a price, as ln() has no value there.  kernel/log_ratio.h says
 * how exact they are.  Errors: 22003 for NaN, infinities and a result beyond
 * double precision.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "fmgr.h"
#include "utils/float.h"

#include "analytics/kernel/log_ratio.h"
#include "numeric/numeric.h"

PG_FUNCTION_INFO_V1(ca_log_return_between);
PG_FUNCTION_INFO_V1(ca_simple_return_between);

static CaDD
price_argument(FunctionCallInfo fcinfo, int argno)
{
	ca_check_finite_numeric(PG_GETARG_DATUM(argno), "price");
	return ca_dd_from_numeric(PG_GETARG_DATUM(argno));
}

static double
checked(double value)
{
	if (!isfinite(value))
		float_overflow_error();
	return value;
}

/*
 * ca_log_return_between(before, price) -> ln(price / before)
 */
Datum
ca_log_return_between(PG_FUNCTION_ARGS)
{
	CaDD before = price_argument(fcinfo, 0);
	CaDD price = price_argument(fcinfo, 1);

	if (!(before.hi > 0.0 && price.hi > 0.0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(checked(ca_log_return(price, before)));
}

/*
 * ca_simple_return_between(before, price) -> price / before - 1
 */
Datum
ca_simple_return_between(PG_FUNCTION_ARGS)
{
	CaDD before = price_argument(fcinfo, 0);
	CaDD price = price_argument(fcinfo, 1);

	if (!(before.hi > 0.0))
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8(checked(ca_simple_return(price, before)));
}
