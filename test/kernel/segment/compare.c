/*-------------------------------------------------------------------------
 *
 * compare.c
 *		Whether two segments say the same, and the checksum of bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "generate.h"

#include <string.h>

static bool
is_null(const CaSegmentNumbers *numbers, int i)
{
	return numbers->has_nulls && numbers->nulls[i];
}

/* by values, and b's has_nulls, which was decoded, must be exact */
static const char *
numbers_differ(const CaSegmentNumbers *a, const CaSegmentNumbers *b, int count)
{
	bool has_nulls = false;

	if (a->is_text != b->is_text || a->scale != b->scale ||
		a->is_mixed != b->is_mixed || (a->is_mixed && a->least != b->least))
		return "the kind or the scale of a column";
	for (int i = 0; i < count; i++)
	{
		has_nulls |= is_null(a, i);
		if (is_null(a, i) != is_null(b, i) || (b->has_nulls && b->nulls[i] > 1))
			return "a NULL";
		if (!a->is_text && a->value[i] != b->value[i])
			return "a number";
		if (a->is_mixed && a->extra[i] != b->extra[i])
			return "how many decimals a number shows";
		if (a->is_text &&
			(a->text[i].length != b->text[i].length ||
			 (a->text[i].length > 0 && memcmp(a->text[i].data, b->text[i].data,
											  a->text[i].length) != 0)))
			return "a text";
	}
	return b->has_nulls == has_nulls ? NULL : "has_nulls";
}

static bool
same(const int64_t *a, const int64_t *b, int count)
{
	return memcmp(a, b, (size_t) count * sizeof(*a)) == 0;
}

/* what differs in some columns of a and of b, which was decoded; else NULL */
const char *
segments_differ(const CaSegment *a, const CaSegment *b, unsigned columns)
{
	if (a->count != b->count)
		return "the count";
	if (!same(a->time, b->time, a->count))
		return "the times";
	if ((columns & CA_SEGMENT_WITH_ID) && !same(a->id, b->id, a->count))
		return "the ids";
	if ((columns & CA_SEGMENT_WITH_CREATED) &&
		!same(a->created_at, b->created_at, a->count))
		return "the times of creation";
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
	{
		unsigned bits = i <= CA_SEGMENT_CLOSE ? CA_SEGMENT_PRICES : 1u << i;
		const char *difference =
			columns & bits
				? numbers_differ(&a->number[i], &b->number[i], a->count)
				: NULL;

		if (difference != NULL)
			return difference;
	}
	return NULL;
}

/* of all bytes but the four of the checksum, bit by bit */
uint32_t
crc32c(const uint8_t *data, size_t length)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < length; i++)
	{
		if (i >= CA_SEGMENT_CHECKSUM && i < CA_SEGMENT_HEADER)
			continue;
		crc ^= data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82F63B78) : 0);
	}
	return ~crc;
}

void
fill_checksum(uint8_t *data, size_t length)
{
	uint32_t crc = crc32c(data, length);

	for (int i = 0; i < 4; i++)
		data[CA_SEGMENT_CHECKSUM + i] = (uint8_t) (crc >> 8 * i);
}
