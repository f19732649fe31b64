/*-------------------------------------------------------------------------
 *
 * bounds.h
 *		Which series and times a reader of segments asks for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_READ_BOUNDS_H
#define CA_SEGMENT_READ_BOUNDS_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef struct CaBounds
{
	bool empty;      /* nothing can be found */
	bool all_assets; /* otherwise these, ascending, each once */
	bool all_timeframes;
	int nassets;
	int ntimeframes;
	int32 *assets;
	text **timeframes; /* as the default collation orders them */
	TimestampTz since; /* both are within */
	TimestampTz until;
} CaBounds;

extern void ca_bounds_init(CaBounds *bounds);
extern void ca_bounds_asset(CaBounds *bounds, Oid type, const Datum *values,
							const bool *nulls, int nvalues);
extern void ca_bounds_timeframe(CaBounds *bounds, const Datum *values,
								const bool *nulls, int nvalues);
extern void ca_bounds_time(CaBounds *bounds, int strategy, Oid type,
						   const Datum *values, const bool *nulls, int nvalues);
extern void ca_bounds_before(CaBounds *bounds, TimestampTz time);

#endif /* CA_SEGMENT_READ_BOUNDS_H */
