/*-------------------------------------------------------------------------
 *
 * numeric_checks.c
 *		Checks of arguments that are numeric; base/checks.c has the others.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/fmgrprotos.h"

#include "base/checks.h"
#include "numeric/numeric.h"

/*
 * Refuse NaN and infinity: 22003.  "what" names the value: "price", "volume".
 */
void
ca_check_finite_numeric(Datum value, const char *what)
{
	if (!ca_numeric_is_finite(value))
		ca_check_finite(
			DatumGetFloat8(DirectFunctionCall1(numeric_float8, value)), what);
}

/*
 * Refuse a negative volume: 22003.
 */
void
ca_check_volume(const CaDecimal *volume)
{
	if (ca_decimal_sign(volume) < 0)
		ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				errmsg("volume must be finite and not negative"),
				errdetail("Value is %s.",
						  DatumGetCString(DirectFunctionCall1(
							  numeric_out,
							  NumericGetDatum(ca_decimal_to_numeric(volume))))),
				errhint("Filter the row out, or pass NULL for an unknown "
						"volume."));
}
