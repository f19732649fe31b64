/*-------------------------------------------------------------------------
 *
 * segment.h
 *		A segment: the candles of one series as columns, and their encoding.
 *
 * A segment holds up to CA_SEGMENT_CANDLES candles of one asset and timeframe, with
 * strictly ascending times.  Encoding is lossless; docs/design/segment-format.md
 * describes every byte.  Decoding trusts nothing: each length and count is checked
 * before it is used, and bytes that are not an encoding are refused with a reason.
 *
 * The values of a column of numbers are integers of 10^-scale.  Its numbers may show
 * fewer decimals than that, each its own number of them.  If a number does not fit
 * such an integer, each value of the column is the text of a decimal.
 *
 * Plain C, without allocation.  The caller computes the checksum: see
 * CA_SEGMENT_CHECKSUM.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_H
#define CA_SEGMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* the most candles in a segment */
#define CA_SEGMENT_CANDLES 1024

/* the columns of numbers */
typedef enum CaSegmentColumn
{
	CA_SEGMENT_OPEN,
	CA_SEGMENT_HIGH,
	CA_SEGMENT_LOW,
	CA_SEGMENT_CLOSE,
	CA_SEGMENT_VOLUME,
	CA_SEGMENT_MARKET_CAP,
	CA_SEGMENT_NUMBERS
} CaSegmentColumn;

/* the columns to decode: a set of bits; times are always decoded */
#define CA_SEGMENT_PRICES \
	0x0F /* 1 << CA_SEGMENT_OPEN and so on; all four come together */
#define CA_SEGMENT_WITH_VOLUME (1 << CA_SEGMENT_VOLUME)
#define CA_SEGMENT_WITH_MARKET_CAP (1 << CA_SEGMENT_MARKET_CAP)
#define CA_SEGMENT_WITH_ID 0x40
#define CA_SEGMENT_WITH_CREATED 0x80
#define CA_SEGMENT_ALL 0xFF

/* the text of a value, not terminated; after decoding it points into the bytes */
typedef struct CaSegmentText
{
	const char *data;
	uint32_t length;
} CaSegmentText;

/* a column of numbers; prices have no NULLs */
typedef struct CaSegmentNumbers
{
	bool is_text;   /* text[] is used instead of value[] and scale */
	bool has_nulls; /* nulls[] is used */
	bool is_mixed;  /* least and extra[] say how many decimals are shown */
	int32_t scale;  /* value * 10^-scale, 0 .. 255; a mixed column's 0 .. 18 */
	uint8_t least;  /* the fewest decimals that are shown, up to scale */
	uint8_t
		nulls[CA_SEGMENT_CANDLES]; /* 1: NULL, and the value is 0 or empty */
	uint8_t extra[CA_SEGMENT_CANDLES]; /* decimals: see scales.h */
	int64_t value[CA_SEGMENT_CANDLES];
	CaSegmentText text[CA_SEGMENT_CANDLES];
} CaSegmentNumbers;

typedef struct CaSegment
{
	int count;                        /* 1 .. CA_SEGMENT_CANDLES */
	int64_t time[CA_SEGMENT_CANDLES]; /* microseconds, strictly ascending */
	int64_t id[CA_SEGMENT_CANDLES];
	int64_t created_at[CA_SEGMENT_CANDLES]; /* microseconds; any int64 */
	CaSegmentNumbers number[CA_SEGMENT_NUMBERS];
} CaSegment;

/*
 * An encoding begins with its version, one byte, and four bytes for a checksum,
 * little-endian.  This code writes zero there and ignores them; the caller stores a
 * CRC-32C of all other bytes.
 */
#define CA_SEGMENT_VERSION 1
#define CA_SEGMENT_VERSION_MIXED 2 /* of a segment with a mixed column */
#define CA_SEGMENT_CHECKSUM 1      /* its offset */
#define CA_SEGMENT_HEADER 5

/* the head of an encoding, readable without decoding the rest */
typedef struct CaSegmentHead
{
	int version;
	int count;
	int64_t first_time;
	int64_t last_time;
} CaSegmentHead;

extern size_t ca_segment_bound(const CaSegment *segment);
extern size_t ca_segment_encode(const CaSegment *segment, uint8_t *out);
extern bool ca_segment_head(const uint8_t *data, size_t length,
							CaSegmentHead *head, const char **problem);
extern bool ca_segment_decode(const uint8_t *data, size_t length,
							  unsigned columns, CaSegment *segment,
							  const char **problem);

#endif /* CA_SEGMENT_H */
