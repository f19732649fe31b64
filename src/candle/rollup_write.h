/*-------------------------------------------------------------------------
 *
 * rollup_write.h
 *		Writing candles that a roll-up has built.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_WRITE_H
#define CA_ROLLUP_WRITE_H

#include "candle/rollup_read.h"

/* what is built of a target candle */
enum
{
	CA_BUILT_TIME,
	CA_BUILT_OPEN,
	CA_BUILT_HIGH,
	CA_BUILT_LOW,
	CA_BUILT_CLOSE,
	CA_BUILT_VOLUME,
	CA_BUILT_MARKET_CAP,
	CA_BUILT_COLUMNS
};

typedef struct CaBuilt
{
	int32 asset;
	TimestampTz start;
	Datum values[CA_BUILT_COLUMNS];
	bool nulls[CA_BUILT_COLUMNS];
} CaBuilt;

typedef struct CaRollupWriter CaRollupWriter;

extern CaRollupWriter *ca_rollup_writer(const CaRollupRange *range);
extern MemoryContext ca_rollup_writer_context(const CaRollupWriter *writer);
extern void ca_rollup_write(CaRollupWriter *writer, const CaBuilt *built);
extern int64 ca_rollup_writer_end(CaRollupWriter *writer);

#endif /* CA_ROLLUP_WRITE_H */
