/*-------------------------------------------------------------------------
 *
 * numeric.h
 *		Conversions between PostgreSQL's numeric and double precision and the
 *		numbers of src/number: exact decimals, double-doubles and prices.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_NUMERIC_H
#define CA_NUMERIC_H

#include "postgres.h"

#include "utils/numeric.h"

#include "number/decimal.h"
#include "number/doubledouble.h"
#include "number/price.h"

/* the most digits, and decimals among them, of prices and volumes */
#define CA_PRICE_DIGITS 38
#define CA_PRICE_DECIMALS 18

/* each Datum is a numeric in any form: packed, compressed or plain */
extern bool ca_numeric_is_finite(Datum num);
extern int ca_numeric_scale(Datum num);
extern int ca_numeric_integer_digits(Datum num);
extern int ca_numeric_decimals(Datum num);
extern bool ca_numeric_fits(Datum num);
extern Numeric ca_numeric_pow10(int exponent);
extern CaDecimal ca_decimal_from_numeric(Datum num);
extern CaDecimal ca_decimal_from_double(double value);
extern Numeric ca_decimal_to_numeric(const CaDecimal *decimal);
extern CaDD ca_dd_from_numeric(Datum num);
extern CaPrice ca_price_from_numeric(Datum num);
extern double ca_double_from_numeric(Datum num);

extern void ca_check_finite_numeric(Datum value, const char *what);
extern void ca_check_volume(const CaDecimal *volume);

static inline Datum
ca_decimal_datum(const CaDecimal *decimal)
{
	return NumericGetDatum(ca_decimal_to_numeric(decimal));
}

#endif /* CA_NUMERIC_H */
