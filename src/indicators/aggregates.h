/*-------------------------------------------------------------------------
 *
 * aggregates.h
 *		An indicator as an SQL aggregate.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_INDICATOR_AGGREGATES_H
#define CA_INDICATOR_AGGREGATES_H

#include "postgres.h"

#include "fmgr.h"

#include "indicators/kernel/indicator.h"

extern Datum ca_indicator_accum(FunctionCallInfo fcinfo,
								const CaIndicator *indicator);

#endif /* CA_INDICATOR_AGGREGATES_H */
