/*-------------------------------------------------------------------------
 *
 * bitpack.c
 *		Unsigned numbers packed with one width of 0 to 64 bits.  Plain C.
 *
 * Bit b of number i is bit k = i * width + b of the whole, which is bit k % 8 of byte
 * k / 8.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/bitpack.h"

static inline uint64_t
low_bits(int width)
{
	return width == 0 ? 0 : UINT64_MAX >> (64 - width);
}

/* pack the low bits of values; may write up to seven bytes past the end */
uint8_t *
ca_bits_pack(uint8_t *out, const uint64_t *values, int count, int width)
{
	uint8_t *end = out + ca_bits_bytes(count, width);
	uint64_t mask = low_bits(width);
	uint64_t word = 0;
	int fill = 0;

	for (int i = 0; i < count; i++)
	{
		uint64_t value = values[i] & mask;

		word |= value << fill;
		fill += width;
		if (fill >= 64)
		{
			ca_store64(out, word);
			out += 8;
			fill -= 64;
			/* the rest of the value: its lowest width - fill bits did fit */
			word = fill == 0 ? 0 : value >> (width - fill);
		}
	}
	if (fill > 0)
		ca_store64(out, word);
	return end;
}

/* up to 57 bits, which one load holds wherever they begin */
static inline uint64_t
bits_at(const uint8_t *bytes, size_t bit)
{
	return ca_load64(bytes + bit / 8) >> (bit % 8);
}

/*
 * Unpack from bytes that are followed by at least eight readable ones.  One load
 * yields several small numbers: a group of four begins at a multiple of four bits, so
 * four of up to 15 bits end at bit 4 + 60 of a load, and four of 16 begin with a
 * byte; a group of two begins at an even bit, so two of 29 bits end at bit 6 + 58.
 */
static void
unpack_readable(const uint8_t *bytes, uint64_t *values, int count, int width)
{
	uint64_t mask = low_bits(width);
	size_t bit = 0;
	int i = 0;

	if (width <= 16)
		for (; i + 4 <= count; i += 4, bit += 4 * width)
		{
			uint64_t word = bits_at(bytes, bit);

			values[i] = word & mask;
			values[i + 1] = word >> width & mask;
			values[i + 2] = word >> 2 * width & mask;
			values[i + 3] = word >> 3 * width & mask;
		}
	else if (width <= 29)
		for (; i + 2 <= count; i += 2, bit += 2 * width)
		{
			uint64_t word = bits_at(bytes, bit);

			values[i] = word & mask;
			values[i + 1] = word >> width & mask;
		}
	if (width <= 57)
	{
		for (; i < count; i++, bit += width)
			values[i] = bits_at(bytes, bit) & mask;
		return;
	}
	for (; i < count; i++, bit += width)
	{
		uint64_t above = bytes[bit / 8 + 8];

		values[i] = (bits_at(bytes, bit) | above << 1 << (63 - bit % 8)) & mask;
	}
}

/* unpack up to CA_BITS_COUNT numbers; false if they are cut off */
bool
ca_bits_unpack(CaInput *in, uint64_t *values, int count, int width)
{
	size_t bytes = ca_bits_bytes(count, width);
	size_t left = ca_input_left(in);

	if (left < bytes)
		return false;
	if (width == 0)
		memset(values, 0, count * sizeof(uint64_t));
	else if (left >= bytes + 8)
		unpack_readable(in->at, values, count, width);
	else
	{
		uint8_t copy[CA_BITS_COUNT * 8 + 8];

		memcpy(copy, in->at, bytes);
		memset(copy + bytes, 0, 8);
		unpack_readable(copy, values, count, width);
	}
	in->at += bytes;
	return true;
}
