/*-------------------------------------------------------------------------
 *
 * encode.c
 *		Encoding a segment into bytes.  Plain C.
 *
 *		version		one byte: 2 if a column is mixed, else 1
 *		checksum	four bytes, written as zero
 *		count		two bytes, 1 to CA_SEGMENT_CANDLES
 *		first time	eight bytes
 *		span		a varint: the last time minus the first
 *
 * Then the columns, each after its length in bytes, a varint:
 *
 *		times		steps, as in int_column.c, without the first
 *		prices		one byte: 1 for prices as in prices.c; 2 for those and the scales
 *					of open, high, low and close as in scales.c; 0 for open, high, low
 *					and close as in numbers.c, one after the other
 *		volume, market_cap	as in numbers.c
 *		id, created_at		as in int_column.c
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/blocks.h"
#include "segment/codec/int_column.h"
#include "segment/codec/layout.h"
#include "segment/codec/numbers.h"
#include "segment/codec/prices.h"
#include "segment/codec/scales.h"

/*
 * The room that ca_segment_encode() needs; it may write less.
 */
size_t
ca_segment_bound(const CaSegment *segment)
{
	size_t column = CA_VARINT_MAX + 1 + CA_INT_COLUMN_HEAD +
					ca_blocks_bound(segment->count);
	/* times, id, created_at, and the lengths of the others */
	size_t bound =
		CA_SEGMENT_FIXED + CA_VARINT_MAX + 3 * column + 3 * (CA_VARINT_MAX + 1);

	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		bound += ca_numbers_bound(&segment->number[i], segment->count);
	return bound;
}

/* prices that are not ordered, or not of one scale, are separate columns */
static uint8_t *
write_prices(uint8_t *out, const CaSegment *segment)
{
	if (ca_prices_joint(segment))
	{
		bool is_mixed = segment->number[CA_SEGMENT_OPEN].is_mixed;

		*out++ = is_mixed ? CA_PRICES_JOINT_MIXED : CA_PRICES_JOINT;
		out = ca_prices_write(out, segment);
		for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE && is_mixed; i++)
			out = ca_scales_write(out, &segment->number[i], segment->count);
		return out;
	}
	*out++ = CA_PRICES_APART;
	for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE; i++)
		out = ca_numbers_write(out, &segment->number[i], segment->count);
	return out;
}

static uint8_t *
write_column(uint8_t *out, const CaSegment *segment, CaEncodedColumn column)
{
	switch (column)
	{
		case CA_ENCODED_TIMES:
			return ca_int_column_write_steps(out, segment->time,
											 segment->count);
		case CA_ENCODED_PRICES:
			return write_prices(out, segment);
		case CA_ENCODED_VOLUME:
			return ca_numbers_write(out, &segment->number[CA_SEGMENT_VOLUME],
									segment->count);
		case CA_ENCODED_MARKET_CAP:
			return ca_numbers_write(
				out, &segment->number[CA_SEGMENT_MARKET_CAP], segment->count);
		case CA_ENCODED_ID:
			return ca_int_column_write(out, segment->id, segment->count);
		case CA_ENCODED_CREATED:
			return ca_int_column_write(out, segment->created_at,
									   segment->count);
	}
	return out;
}

static uint8_t
version(const CaSegment *segment)
{
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		if (segment->number[i].is_mixed)
			return CA_SEGMENT_VERSION_MIXED;
	return CA_SEGMENT_VERSION;
}

/*
 * Write a segment and return the number of its bytes, which depend on the candles
 * alone.  Times must ascend and prices must not be NULL; neither is checked.
 */
size_t
ca_segment_encode(const CaSegment *segment, uint8_t *out)
{
	uint8_t *at = out;
	uint64_t first = (uint64_t) segment->time[0];
	uint64_t last = (uint64_t) segment->time[segment->count - 1];

	*at++ = version(segment);
	memset(at, 0, CA_SEGMENT_HEADER - CA_SEGMENT_CHECKSUM);
	at += CA_SEGMENT_HEADER - CA_SEGMENT_CHECKSUM;
	*at++ = (uint8_t) (segment->count & 0xFF);
	*at++ = (uint8_t) (segment->count >> 8);
	ca_store64(at, first);
	at = ca_write_varint(at + 8, last - first);

	for (int i = 0; i < CA_ENCODED_COLUMNS; i++)
	{
		/* write after the longest possible length, then move into place */
		uint8_t *column = at + CA_VARINT_MAX;
		size_t length =
			(size_t) (write_column(column, segment, (CaEncodedColumn) i) -
					  column);

		at = ca_write_varint(at, length);
		memmove(at, column, length);
		at += length;
	}
	return (size_t) (at - out);
}
