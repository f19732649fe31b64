/*-------------------------------------------------------------------------
 *
 * rollup_build.h
 *		Building target candles from groups of stored ones.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_BUILD_H
#define CA_ROLLUP_BUILD_H

#include "candle/rollup/rollup_read.h"

/* the columns of a built candle */
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

typedef struct CaRollupBuilt
{
	int32 asset;
	TimestampTz start;
	int covered; /* minutes of its span that its sources cover */
	bool whole;  /* the sources cover all of them */
	Datum values[CA_BUILT_COLUMNS];
	bool nulls[CA_BUILT_COLUMNS];
} CaRollupBuilt;

typedef struct CaRollupBuilder CaRollupBuilder;

extern CaRollupBuilder *ca_rollup_build_begin(const CaRollupRange *range,
											  CaRollupGroups *groups);
extern bool ca_rollup_build_next(CaRollupBuilder *builder,
								 CaRollupBuilt *built);

#endif /* CA_ROLLUP_BUILD_H */
