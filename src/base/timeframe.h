/*-------------------------------------------------------------------------
 *
 * timeframe.h
 *		Timeframe codes and the candle boundaries they stand for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_TIMEFRAME_H
#define CA_TIMEFRAME_H

#include "postgres.h"

#include "datatype/timestamp.h"

/* the number of timeframes */
#define CA_TIMEFRAMES 15

/* their codes, for hints */
#define CA_TIMEFRAME_CODES "1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M"

typedef struct CaTimeframe
{
	const char *code;
	int months;   /* length in calendar months, or 0 and */
	int64 usecs;  /* length in microseconds, and */
	int64 origin; /* a boundary, as a timestamp */
} CaTimeframe;

extern const CaTimeframe *ca_timeframe_find(const char *code, int length);
extern const CaTimeframe *ca_timeframe_get(const text *code);
extern int64 ca_timeframe_ordinal(const CaTimeframe *timeframe, TimestampTz ts);
extern TimestampTz ca_timeframe_start(const CaTimeframe *timeframe,
									  int64 ordinal);
extern TimestampTz ca_timeframe_span(const CaTimeframe *timeframe,
									 TimestampTz ts, TimestampTz *end);
extern TimestampTz ca_timeframe_at(const CaTimeframe *timeframe,
								   TimestampTz ts);
extern TimestampTz ca_timeframe_after(const CaTimeframe *timeframe,
									  TimestampTz ts);
extern int ca_timeframe_index(const CaTimeframe *timeframe);
extern const CaTimeframe *ca_timeframe_by_index(int index);
extern bool ca_timeframe_is_source(const CaTimeframe *source,
								   const CaTimeframe *target);

#endif /* CA_TIMEFRAME_H */
