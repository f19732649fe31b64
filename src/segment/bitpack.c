/*-------------------------------------------------------------------------
 *
 * bitpack.c
 *		Unsigned numbers in blocks of bits, with exceptions.  Plain C.
 *
 * A block has up to CA_BLOCK numbers of one width, 0 to 64 bits; bit b of number
 * i is bit i * width + b of the block, and bit k is bit k % 8 of byte k / 8.  Few
 * numbers that need more bits are exceptions: the block has their low bits,
 * their positions and high bits follow.
 *
 *		width		one byte; 0x80 is added when there are exceptions
 *		exceptions	one byte, 1 to the numbers of the block
 *		high width	one byte, 1 to 64 - width
 *		low bits	(numbers * width + 7) / 8 bytes
 *		positions	one byte each, ascending
 *		high bits	(exceptions * high width + 7) / 8 bytes
 *
 * Without exceptions the low bits follow the width.  The width is the one that
 * makes the block smallest.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/bitpack.h"

#define HAS_EXCEPTIONS 0x80

/* how often exceptions have exceptions */
#define DEPTH 2

/* how many numbers of a block have more bits than so many */
typedef struct Widths
{
	int widest;
	uint8_t above[65];
} Widths;

static inline size_t
packed_bytes(int count, int width)
{
	return ((size_t) count * width + 7) / 8;
}

static inline uint64_t
low_bits(int width)
{
	return width == 0 ? 0 : UINT64_MAX >> (64 - width);
}

static inline int
bits_of(uint64_t value)
{
	return value == 0 ? 0 : 64 - __builtin_clzll(value);
}

/* a list, or a bitmap where that is shorter */
static inline int
position_bytes(int count, int exceptions)
{
	int bitmap = (count + 7) / 8;

	return exceptions < bitmap ? exceptions : bitmap;
}

static void
count_widths(Widths *widths, const uint64_t *values, int count)
{
	uint8_t of_width[65] = {0};
	uint64_t all = 0;

	for (int i = 0; i < count; i++)
	{
		of_width[bits_of(values[i])]++;
		all |= values[i];
	}
	widths->widest = bits_of(all);
	widths->above[widths->widest] = 0;
	for (int width = widths->widest; width > 0; width--)
		widths->above[width - 1] = widths->above[width] + of_width[width];
}

/*
 * The least bytes of a block of what is above "from" bits of numbers, of which
 * there are count, and its width.
 */
static int
best_width(const Widths *widths, int from, int count, int depth, int *best)
{
	int least = 1 + packed_bytes(count, widths->widest - from);

	*best = widths->widest;
	for (int width = from; depth > 0 && width < widths->widest; width++)
	{
		int exceptions = widths->above[width];
		int size = 2 + packed_bytes(count, width - from) +
				   position_bytes(count, exceptions);
		int ignored;

		if (size >= least)
		{
			if (exceptions < count / 8)
				break;
			continue;
		}
		size += best_width(widths, width, exceptions, depth - 1, &ignored);
		if (size < least)
		{
			least = size;
			*best = width;
		}
	}
	return least;
}

/* low bits of values, packed; may touch eight bytes behind them */
static uint8_t *
pack(uint8_t *out, const uint64_t *values, int count, int width)
{
	uint8_t *end = out + packed_bytes(count, width);
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
			/* what did not fit: its lowest width - fill bits did */
			word = fill == 0 ? 0 : value >> (width - fill);
		}
	}
	if (fill > 0)
		ca_store64(out, word);
	return end;
}

/* where there are exceptions; they go to high[] */
static uint8_t *
write_positions(uint8_t *out, const uint64_t *values, int count, int width,
				uint64_t *high, int exceptions)
{
	bool is_bitmap = position_bytes(count, exceptions) < exceptions;
	int next = 0;

	if (is_bitmap)
		memset(out, 0, (count + 7) / 8);
	for (int i = 0; i < count; i++)
	{
		uint64_t rest = values[i] >> width;

		if (rest == 0)
			continue;
		if (is_bitmap)
			out[i / 8] |= 1 << (i % 8);
		else
			out[next] = (uint8_t) i;
		high[next++] = rest;
	}
	return out + position_bytes(count, exceptions);
}

/* values have lost "from" bits of what widths counts */
static uint8_t *
block_write(uint8_t *out, const uint64_t *values, int count,
			const Widths *widths, int from, int depth)
{
	uint64_t high[CA_BLOCK];
	int exceptions;
	int width;

	best_width(widths, from, count, depth, &width);
	exceptions = widths->above[width];
	if (exceptions == 0)
	{
		*out++ = (uint8_t) (width - from);
		return pack(out, values, count, width - from);
	}
	*out++ = (uint8_t) ((width - from) | HAS_EXCEPTIONS);
	*out++ = (uint8_t) exceptions;
	out = write_positions(out, values, count, width - from, high, exceptions);
	out = pack(out, values, count, width - from);
	return block_write(out, high, exceptions, widths, width, depth - 1);
}

/*
 * count numbers of a width from bytes of which eight more can be read.
 */
static void
unpack_readable(const uint8_t *bytes, uint64_t *values, int count, int width)
{
	uint64_t mask = low_bits(width);
	size_t bit = 0;

	if (width <= 57)
	{
		for (int i = 0; i < count; i++, bit += width)
			values[i] = (ca_load64(bytes + bit / 8) >> (bit % 8)) & mask;
		return;
	}
	for (int i = 0; i < count; i++, bit += width)
	{
		const uint8_t *at = bytes + bit / 8;
		int shift = bit % 8;

		values[i] =
			(ca_load64(at) >> shift | (uint64_t) at[8] << 1 << (63 - shift)) &
			mask;
	}
}

/* false when they are cut off */
static bool
unpack(CaInput *in, uint64_t *values, int count, int width)
{
	size_t bytes = packed_bytes(count, width);
	size_t left = ca_input_left(in);

	if (left < bytes)
		return false;
	if (width == 0)
		memset(values, 0, count * sizeof(uint64_t));
	else if (left >= bytes + 8)
		unpack_readable(in->at, values, count, width);
	else
	{
		uint8_t copy[CA_BLOCK * 8 + 8];

		memcpy(copy, in->at, bytes);
		memset(copy + bytes, 0, 8);
		unpack_readable(copy, values, count, width);
	}
	in->at += bytes;
	return true;
}

/* the numbers that high bits belong to; false when they are malformed */
static bool
read_positions(CaInput *in, uint8_t *position, int count, int exceptions)
{
	int bytes = position_bytes(count, exceptions);
	int next = 0;

	if (ca_input_left(in) < (size_t) bytes)
		return false;
	if (bytes == exceptions)
	{
		memcpy(position, in->at, bytes);
		for (int i = 1; i < exceptions; i++)
			if (position[i] <= position[i - 1])
				return false;
		next = exceptions;
	}
	else
		for (int i = 0; i < bytes; i++)
			for (unsigned bits = in->at[i]; bits != 0; bits &= bits - 1)
			{
				if (next == exceptions)
					return false;
				position[next++] = (uint8_t) (i * 8 + __builtin_ctz(bits));
			}
	in->at += bytes;
	return next == exceptions && position[exceptions - 1] < count;
}

static bool
block_read(CaInput *in, uint64_t *values, int count, int bits, int depth)
{
	uint64_t high[CA_BLOCK];
	uint8_t position[CA_BLOCK];
	uint8_t width;
	uint8_t exceptions;

	if (!ca_read_byte(in, &width))
		return false;
	if (width < HAS_EXCEPTIONS)
		return width <= bits && unpack(in, values, count, width);

	width -= HAS_EXCEPTIONS;
	if (width >= bits || depth == 0 || !ca_read_byte(in, &exceptions) ||
		exceptions == 0 || exceptions > count ||
		!read_positions(in, position, count, exceptions) ||
		!unpack(in, values, count, width) ||
		!block_read(in, high, exceptions, bits - width, depth - 1))
		return false;
	for (int i = 0; i < exceptions; i++)
		values[position[i]] |= high[i] << width;
	return true;
}

/* the bytes that ca_blocks_write() takes */
size_t
ca_blocks_size(const uint64_t *values, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i += CA_BLOCK)
	{
		int n = count - i < CA_BLOCK ? count - i : CA_BLOCK;
		Widths widths;
		int ignored;

		count_widths(&widths, values + i, n);
		size += best_width(&widths, 0, n, 1, &ignored);
	}
	return size;
}

uint8_t *
ca_blocks_write(uint8_t *out, const uint64_t *values, int count)
{
	for (int i = 0; i < count; i += CA_BLOCK)
	{
		int n = count - i < CA_BLOCK ? count - i : CA_BLOCK;
		Widths widths;

		count_widths(&widths, values + i, n);
		out = block_write(out, values + i, n, &widths, 0, DEPTH);
	}
	return out;
}

/* false when the bytes are no blocks of count numbers */
bool
ca_blocks_read(CaInput *in, uint64_t *values, int count)
{
	for (int i = 0; i < count; i += CA_BLOCK)
		if (!block_read(in, values + i,
						count - i < CA_BLOCK ? count - i : CA_BLOCK, 64, DEPTH))
			return false;
	return true;
}
