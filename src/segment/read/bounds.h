/*-------------------------------------------------------------------------
 *
 * bounds.h
 *		The series and times that a scan of segments asks for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_READ_BOUNDS_H
#define CA_SEGMENT_READ_BOUNDS_H

#include "postgres.h"

#include "datatype/timestamp.h"

typedef struct CaBounds
{
	bool empty;      /* no candle can match */
	bool all_assets; /* if false: the assets below, distinct and ascending */
	bool all_timeframes;
	int nassets;
	int ntimeframes;
	int32 *assets;
	text **timeframes; /* distinct, ascending in the default collation */
	TimestampTz since; /* since and until are inclusive */
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
