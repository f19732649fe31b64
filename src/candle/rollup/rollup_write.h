/*-------------------------------------------------------------------------
 *
 * rollup_write.h
 *		Writing the candles that a roll-up has built.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_WRITE_H
#define CA_ROLLUP_WRITE_H

#include "candle/rollup/rollup_build.h"

typedef struct CaRollupWriter CaRollupWriter;

extern CaRollupWriter *ca_rollup_write_begin(const CaRollupRange *range);
extern MemoryContext ca_rollup_write_context(const CaRollupWriter *writer);
extern void ca_rollup_write(CaRollupWriter *writer, const CaRollupBuilt *built);
extern int64 ca_rollup_write_end(CaRollupWriter *writer);

#endif /* CA_ROLLUP_WRITE_H */
