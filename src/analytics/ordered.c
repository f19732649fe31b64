/*-------------------------------------------------------------------------
 *
 * ordered.c
 *		Analytics that depend on the order of rows, as SQL aggregates for GROUP
 *		BY and for windows: drawdown, max_drawdown, ulcer_index, choppiness.
 *
 * They are aggregates like those of the indicators, whose rules on NULL and
 * errors they share; src/indicators/aggregates.c has them, and
 * ca_indicator_final() is their final function.  kernel/drawdown.c and
 * kernel/choppiness.c have the formulas.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"

#include "analytics/kernel/ordered.h"
#include "indicators/aggregates.h"

PG_FUNCTION_INFO_V1(ca_drawdown_accum);
PG_FUNCTION_INFO_V1(ca_max_drawdown_accum);
PG_FUNCTION_INFO_V1(ca_ulcer_index_accum);
PG_FUNCTION_INFO_V1(ca_choppiness_accum);

/*
 * ca_drawdown_accum(internal, price) -> internal
 */
Datum
ca_drawdown_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_drawdown);
}

/*
 * ca_max_drawdown_accum(internal, price) -> internal
 */
Datum
ca_max_drawdown_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_max_drawdown);
}

/*
 * ca_ulcer_index_accum(internal, price) -> internal
 */
Datum
ca_ulcer_index_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_ulcer_index);
}

/*
 * ca_choppiness_accum(internal, high, low, close [, n]) -> internal
 */
Datum
ca_choppiness_accum(PG_FUNCTION_ARGS)
{
	return ca_indicator_accum(fcinfo, &ca_choppiness);
}
