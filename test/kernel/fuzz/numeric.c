/*-------------------------------------------------------------------------
 *
 * numeric.c
 *		Any numeric that numeric_recv() accepts, read in place.
 *
 * numeric_to_double() must agree with the cast to the bit, and a decimal must be
 * the numeric that it was made of.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "lib/stringinfo.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

#include "numeric/numeric.h"

extern Datum ca_numeric_to_double(PG_FUNCTION_ARGS);

static void
read_numeric(const uint8 *data, size_t size)
{
	StringInfoData message;
	Datum number;
	Datum again;
	CaDecimal decimal;
	float8 ours;
	float8 theirs;

	initStringInfo(&message);
	appendBinaryStringInfo(&message, (const char *) data, (int) size);
	number =
		DirectFunctionCall3(numeric_recv, PointerGetDatum(&message),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));

	if (ca_numeric_is_finite(number))
	{
		decimal = ca_decimal_from_numeric(number);
		again = NumericGetDatum(ca_decimal_to_numeric(&decimal));
		require(DatumGetBool(DirectFunctionCall2(numeric_eq, number, again)));
		require(ca_numeric_scale(number) == ca_numeric_scale(again));
		decimal = ca_decimal_trim(&decimal);
		again = NumericGetDatum(ca_decimal_to_numeric(&decimal));
		require(DatumGetBool(DirectFunctionCall2(numeric_eq, number, again)));
	}
	theirs = DatumGetFloat8(DirectFunctionCall1(numeric_float8, number));
	ours = DatumGetFloat8(DirectFunctionCall1(ca_numeric_to_double, number));
	require(memcmp(&ours, &theirs, sizeof(ours)) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	parse(read_numeric, data, size);
	return 0;
}
