/*-------------------------------------------------------------------------
 *
 * partial_candles.h
 *		Partial candles: stored candles whose sources did not cover their whole
 *		span.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_PARTIAL_CANDLES_H
#define CA_PARTIAL_CANDLES_H

#include "candle/rollup/rollup_read.h"

typedef struct CaPartialCandles CaPartialCandles;

extern bool ca_partial_candles_any(Oid namespace_oid);
extern CaPartialCandles *ca_partial_candles_load(const CaRollupRange *range);
extern int ca_partial_candles_covered(const CaPartialCandles *partial,
									  const CaRollupGroupKey *key, int length);

#endif /* CA_PARTIAL_CANDLES_H */
