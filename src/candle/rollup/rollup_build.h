/*-------------------------------------------------------------------------
 *
 * rollup_build.h
 *		Target candles from groups of stored ones.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_BUILD_H
#define CA_ROLLUP_BUILD_H

#include "candle/rollup/rollup_read.h"

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
	int covered; /* minutes of its span that its sources cover */
	bool whole;  /* that is all of them */
	Datum values[CA_BUILT_COLUMNS];
	bool nulls[CA_BUILT_COLUMNS];
} CaBuilt;

typedef struct CaBuilder CaBuilder;

extern CaBuilder *ca_builder_make(const CaRollupRange *range, CaGroups *groups);
extern bool ca_builder_next(CaBuilder *builder, CaBuilt *built);

#endif /* CA_ROLLUP_BUILD_H */
