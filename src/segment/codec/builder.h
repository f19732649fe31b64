/*-------------------------------------------------------------------------
 *
 * builder.h
 *		Gathering candles one by one into a segment.
 *
 * A candle is put down as it comes, each number small or as text.  Closing the
 * segment settles what each column is: integers of one scale where all its values
 * are small and show the same decimals, else text throughout.  So equal candles
 * give equal segments, whatever segments they were in before.
 *
 * Plain C, without allocation.  Texts are not copied: they must stay until the
 * segment has been encoded.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_CODEC_BUILDER_H
#define CA_SEGMENT_CODEC_BUILDER_H

#include "segment/codec/segment.h"

/* the most decimals of a small number */
#define CA_PACK_SCALE 18

/* a number: NULL, value * 10^-scale, or the text of a decimal */
typedef struct CaPackNumber
{
	bool is_null;
	bool is_text;
	int32_t scale; /* 0 .. CA_PACK_SCALE */
	int64_t value;
	CaSegmentText text;
} CaPackNumber;

/* a candle on its way into a segment, or out of one */
typedef struct CaPackCandle
{
	int64_t time;
	int64_t id;
	int64_t created_at;
	CaPackNumber number[CA_SEGMENT_NUMBERS];
} CaPackCandle;

/* a segment being filled; segment.count is how many candles it has */
typedef struct CaPack
{
	CaSegment segment;
	/* decimals of each number, or CA_PACK_TEXT */
	uint8_t scale[CA_SEGMENT_NUMBERS][CA_SEGMENT_CANDLES];
} CaPack;

#define CA_PACK_TEXT 255

extern void ca_pack_clear(CaPack *pack);
extern void ca_pack_add(CaPack *pack, const CaPackCandle *candle);
extern size_t ca_pack_text_size(const CaPack *pack);
extern bool ca_pack_equals(const CaPack *pack, const CaSegment *segment);
extern const CaSegment *ca_pack_close(CaPack *pack, char *texts);
extern void ca_pack_read(const CaSegment *segment, int at,
						 CaPackCandle *candle);

#endif /* CA_SEGMENT_CODEC_BUILDER_H */
