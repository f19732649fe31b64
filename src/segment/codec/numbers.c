/*-------------------------------------------------------------------------
 *
 * numbers.c
 *		A column of numbers or of texts, with NULLs.  Plain C.
 *
 *		flags	one byte: 1 texts, 2 a bitmap of NULLs, 4 all are NULL, 8 mixed
 *		scale	one byte; texts have none
 *		bitmap	(count + 7) / 8 bytes, if flagged: bit i % 8 of byte i / 8 is 1
 *				if value i is NULL; bits after the last value are 0
 *		values	those that are not NULL, if any: integers as in int_column.c, or
 *				the lengths of the texts in blocks and then the texts themselves
 *		scales	of a mixed column, as in scales.c
 *
 * A bitmap is only written for a column that has both NULLs and values.  A mixed
 * column has values, and they are not texts.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/numbers.h"

#include "segment/codec/blocks.h"
#include "segment/codec/int_column.h"
#include "segment/codec/scales.h"

#define IS_TEXT 1
#define HAS_BITMAP 2
#define ALL_NULL 4
#define IS_MIXED 8

static int
count_values(const CaSegmentNumbers *numbers, int count)
{
	int values = count;

	if (numbers->has_nulls)
		for (int i = 0; i < count; i++)
			values -= numbers->nulls[i] != 0;
	return values;
}

static inline bool
is_null(const CaSegmentNumbers *numbers, int i)
{
	return numbers->has_nulls && numbers->nulls[i];
}

/* the most bytes that ca_numbers_write() takes or touches */
size_t
ca_numbers_bound(const CaSegmentNumbers *numbers, int count)
{
	size_t bound = 2 + ((size_t) count + 7) / 8 + CA_INT_COLUMN_HEAD +
				   ca_blocks_bound(count);

	if (numbers->is_mixed)
		bound += CA_SCALES_HEAD + ca_blocks_bound(count);
	if (numbers->is_text)
		for (int i = 0; i < count; i++)
			if (!is_null(numbers, i))
				bound += numbers->text[i].length;
	return bound;
}

static uint8_t *
write_bitmap(uint8_t *out, const CaSegmentNumbers *numbers, int count)
{
	memset(out, 0, (count + 7) / 8);
	for (int i = 0; i < count; i++)
		out[i / 8] |= (uint8_t) ((numbers->nulls[i] != 0) << (i % 8));
	return out + (count + 7) / 8;
}

static uint8_t *
write_texts(uint8_t *out, const CaSegmentNumbers *numbers, int count)
{
	uint64_t lengths[CA_SEGMENT_CANDLES] = {0};
	int values = 0;

	for (int i = 0; i < count; i++)
		if (!is_null(numbers, i))
			lengths[values++] = numbers->text[i].length;
	out = ca_blocks_write(out, lengths, values);
	for (int i = 0; i < count; i++)
		if (!is_null(numbers, i) && numbers->text[i].length > 0)
		{
			memcpy(out, numbers->text[i].data, numbers->text[i].length);
			out += numbers->text[i].length;
		}
	return out;
}

static uint8_t *
write_integers(uint8_t *out, const CaSegmentNumbers *numbers, int count)
{
	int64_t dense[CA_SEGMENT_CANDLES];
	int values = 0;

	if (!numbers->has_nulls)
		return ca_int_column_write(out, numbers->value, count);
	for (int i = 0; i < count; i++)
		if (!numbers->nulls[i])
			dense[values++] = numbers->value[i];
	return ca_int_column_write(out, dense, values);
}

uint8_t *
ca_numbers_write(uint8_t *out, const CaSegmentNumbers *numbers, int count)
{
	int values = count_values(numbers, count);
	uint8_t flags = numbers->is_text ? IS_TEXT : 0;

	if (values == 0)
		flags |= ALL_NULL;
	else if (values < count)
		flags |= HAS_BITMAP;
	if (numbers->is_mixed && values > 0)
		flags |= IS_MIXED;
	*out++ = flags;
	if (!numbers->is_text)
		*out++ = (uint8_t) numbers->scale;
	if (flags & ALL_NULL)
		return out;
	if (flags & HAS_BITMAP)
		out = write_bitmap(out, numbers, count);
	if (numbers->is_text)
		return write_texts(out, numbers, count);
	out = write_integers(out, numbers, count);
	return flags & IS_MIXED ? ca_scales_write(out, numbers, count) : out;
}

/* false if it is cut off, or has bits after the last value */
static bool
read_bitmap(CaInput *in, CaSegmentNumbers *numbers, int count)
{
	size_t bytes = (count + 7) / 8;

	if (ca_input_left(in) < bytes ||
		(count % 8 != 0 && in->at[bytes - 1] >> (count % 8) != 0))
		return false;
	for (int i = 0; i < count; i++)
		numbers->nulls[i] = (in->at[i / 8] >> (i % 8)) & 1;
	in->at += bytes;
	return true;
}

/* texts point into the bytes */
static bool
read_texts(CaInput *in, CaSegmentNumbers *numbers, int count, int values)
{
	uint64_t lengths[CA_SEGMENT_CANDLES];
	int next = 0;

	if (!ca_blocks_read(in, lengths, values))
		return false;
	for (int i = 0; i < count; i++)
	{
		uint64_t length = is_null(numbers, i) ? 0 : lengths[next++];

		if (length > ca_input_left(in) || length > UINT32_MAX)
			return false;
		numbers->text[i].data = (const char *) in->at;
		numbers->text[i].length = (uint32_t) length;
		in->at += length;
	}
	return true;
}

static bool
read_integers(CaInput *in, CaSegmentNumbers *numbers, int count, int values)
{
	if (values > 0 && !ca_int_column_read(in, numbers->value, values))
		return false;
	/* backwards, so that no value is overwritten before it has moved */
	if (values < count)
		for (int i = count - 1; i >= 0; i--)
			numbers->value[i] =
				numbers->nulls[i] ? 0 : numbers->value[--values];
	return true;
}

/* whether the flags can be, in a segment of this version */
static bool
flags_possible(uint8_t flags, int version)
{
	if (flags & IS_MIXED)
		return version == CA_SEGMENT_VERSION_MIXED &&
			   (flags & ~HAS_BITMAP) == IS_MIXED;
	return flags <= (IS_TEXT | HAS_BITMAP | ALL_NULL) &&
		   (flags & (HAS_BITMAP | ALL_NULL)) != (HAS_BITMAP | ALL_NULL);
}

/* false if the bytes are not a column of count numbers */
bool
ca_numbers_read(CaInput *in, int version, CaSegmentNumbers *numbers, int count)
{
	uint8_t flags;
	uint8_t scale = 0;
	int values;

	if (!ca_read_byte(in, &flags) || !flags_possible(flags, version))
		return false;
	numbers->is_text = flags & IS_TEXT;
	numbers->is_mixed = false;
	if (!numbers->is_text && !ca_read_byte(in, &scale))
		return false;
	numbers->scale = scale;
	numbers->has_nulls = (flags & (HAS_BITMAP | ALL_NULL)) != 0;
	if (flags & ALL_NULL)
		memset(numbers->nulls, 1, count);
	if ((flags & HAS_BITMAP) && !read_bitmap(in, numbers, count))
		return false;
	values = count_values(numbers, count);
	if ((flags & HAS_BITMAP) && (values == 0 || values == count))
		return false;
	if (numbers->is_text)
		return read_texts(in, numbers, count, values);
	return read_integers(in, numbers, count, values) &&
		   (!(flags & IS_MIXED) || ca_scales_read(in, numbers, count));
}
