/*-------------------------------------------------------------------------
 *
 * partial_candles.h
 *		Stored candles that were made of less than their span.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_PARTIAL_CANDLES_H
#define CA_PARTIAL_CANDLES_H

#include "candle/rollup/rollup_read.h"

typedef struct CaPartial CaPartial;

extern bool ca_partial_any(Oid namespace_oid);
extern CaPartial *ca_partial_load(const CaRollupRange *range);
extern int ca_partial_covered(const CaPartial *partial, const CaGroupKey *key,
							  int length);

#endif /* CA_PARTIAL_CANDLES_H */
