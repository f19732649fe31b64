/*-------------------------------------------------------------------------
 *
 * numeric_small.h
 *		From PostgreSQL's numeric to small decimals.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_NUMERIC_SMALL_H
#define CA_NUMERIC_SMALL_H

#include "postgres.h"

#include "small.h"

extern bool ca_small_from_numeric(Datum num, CaSmall *small);

#endif /* CA_NUMERIC_SMALL_H */
