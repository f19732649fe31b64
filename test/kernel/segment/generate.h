/*-------------------------------------------------------------------------
 *
 * generate.h
 *		Segments of every awkward kind, and what there is to do with them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef GENERATE_H
#define GENERATE_H

#include "draw.h"
#include "segment/codec/segment.h"

/* what the texts of a segment point into */
#define TEXT_BYTES (CA_SEGMENT_CANDLES * 64)

extern void generate_segment(Draw *d, CaSegment *segment);
extern void generate_numbers(Draw *d, CaSegmentNumbers *numbers, int count);
extern const char *segments_differ(const CaSegment *a, const CaSegment *b,
								   unsigned columns);
extern uint32_t crc32c(const uint8_t *data, size_t length);
extern void fill_checksum(uint8_t *data, size_t length);

#endif /* GENERATE_H */
