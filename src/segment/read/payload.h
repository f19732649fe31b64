/*-------------------------------------------------------------------------
 *
 * payload.h
 *		Segments as stored: a bytea with a checksum, and numbers as numeric.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_PAYLOAD_H
#define CA_PAYLOAD_H

#include "postgres.h"

#include "segment/codec/segment.h"

/* the series and start of a segment, for error messages */
typedef struct CaSegmentOwner
{
	int32 asset;
	const char *timeframe;
	int64 first_time; /* a timestamp */
} CaSegmentOwner;

extern bytea *ca_payload_encode(const CaSegment *segment);
extern void ca_payload_damaged(const CaSegmentOwner *owner,
							   const char *problem);
extern void ca_payload_decode(const CaSegmentOwner *owner, Datum payload,
							  unsigned columns, CaSegment *segment);
extern Datum ca_segment_number(const CaSegmentNumbers *numbers, int candle);

#endif /* CA_PAYLOAD_H */
