/*-------------------------------------------------------------------------
 *
 * builder.h
 *		Building a segment from candles, one by one.
 *
 * A candle is added as it comes, each number small or as text.  Closing the segment
 * decides what each column is: integers of one scale, mixed if they do not all show
 * as many decimals, or text throughout if one of them does not fit.  The prices have
 * one scale together if they can.  So equal candles give equal segments, whatever
 * segments they were in before.
 *
 * Plain C, without allocation.  Texts are not copied: they must last until the
 * segment has been encoded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_CODEC_BUILDER_H
#define CA_SEGMENT_CODEC_BUILDER_H

#include "segment/codec/segment.h"

/* the most decimals of a small number */
#define CA_BUILDER_SCALE 18

/* a number: NULL, value * 10^-scale, or the text of a decimal */
typedef struct CaBuilderNumber
{
	bool is_null;
	bool is_text;
	int32_t scale; /* 0 .. CA_BUILDER_SCALE */
	int64_t value;
	CaSegmentText text;
} CaBuilderNumber;

/* a candle on its way into a segment, or out of one */
typedef struct CaBuilderCandle
{
	int64_t time;
	int64_t id;
	int64_t created_at;
	CaBuilderNumber number[CA_SEGMENT_NUMBERS];
} CaBuilderCandle;

/* a segment being built; segment.count is the number of its candles */
typedef struct CaSegmentBuilder
{
	CaSegment segment;
	/* the small numbers that were added, and the decimals of each, or CA_BUILDER_TEXT */
	int64_t value[CA_SEGMENT_NUMBERS][CA_SEGMENT_CANDLES];
	uint8_t scale[CA_SEGMENT_NUMBERS][CA_SEGMENT_CANDLES];
} CaSegmentBuilder;

#define CA_BUILDER_TEXT 255

extern void ca_builder_clear(CaSegmentBuilder *builder);
extern void ca_builder_add(CaSegmentBuilder *builder,
						   const CaBuilderCandle *candle);
extern size_t ca_builder_text_size(const CaSegmentBuilder *builder);
extern bool ca_builder_equals(const CaSegmentBuilder *builder,
							  const CaSegment *segment);
extern const CaSegment *ca_builder_close(CaSegmentBuilder *builder,
										 char *texts);
extern void ca_builder_read(const CaSegment *segment, int at,
							CaBuilderCandle *candle);

#endif /* CA_SEGMENT_CODEC_BUILDER_H */
