/*-------------------------------------------------------------------------
 *
 * numeric_decimal64.h
 *		From PostgreSQL's numeric to small decimals.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_NUMERIC_DECIMAL64_H
#define CA_NUMERIC_DECIMAL64_H

#include "postgres.h"

#include "number/decimal64.h"

extern bool ca_decimal64_from_numeric(Datum num, CaDecimal64 *small);

#endif /* CA_NUMERIC_DECIMAL64_H */
