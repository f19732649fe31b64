/*-------------------------------------------------------------------------
 *
 * blocks.c
 *		Unsigned numbers in blocks of bits, with exceptions.  Plain C.
 *
 * A block has up to CA_BLOCK_VALUES numbers of one width, 0 to 64 bits.  Where some of
 * them need more bits these are exceptions: the block has the low bits of all,
 * and what is above them, which is not 0, is a block of its own.
 *
 *		width		one byte; 0x80 is added when there are exceptions
 *		exceptions	one byte, 1 to the numbers of the block
 *		positions	of the exceptions, in the fewer bytes: one byte each,
 *					ascending, or a bitmap, whose bit i % 8 of byte i / 8 is 1 for
 *					number i; a bitmap where both are equal
 *		low bits	of all numbers, as in bitpack.c
 *		high bits	a block of the exceptions
 *
 * Without exceptions only the width and the bits are there.  Exceptions may have
 * exceptions, and these none; all widths together are at most 64.  The widths are
 * those that make the block smallest.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/blocks.h"

#define HAS_EXCEPTIONS 0x80

/* a block, its exceptions and theirs: how often there may be some */
#define DEPTH 2
/* the same of a size that is only to be compared; the second time saves little */
#define SIZE_DEPTH 1

/* how many numbers of a block have more bits than so many */
typedef struct Widths
{
	int widest;
	int above[65];
	int rest[65]; /* bits that they have more, all of them together */
} Widths;

static inline int
bits_of(uint64_t value)
{
	return value == 0 ? 0 : 64 - __builtin_clzll(value);
}

/* whether the positions are a list and not a bitmap */
static inline bool
is_list(int count, int exceptions)
{
	return exceptions < ca_bits_bytes(count, 1);
}

static inline int
position_bytes(int count, int exceptions)
{
	return is_list(count, exceptions) ? exceptions : ca_bits_bytes(count, 1);
}

static void
count_widths(Widths *widths, const uint64_t *values, int count)
{
	/* two, as neighbours often are of one width: it need not wait for itself */
	uint8_t of_width[2][65] = {{0}};
	uint64_t all = 0;

	for (int i = 0; i < count; i++)
	{
		of_width[i % 2][bits_of(values[i])]++;
		all |= values[i];
	}
	widths->widest = bits_of(all);
	widths->above[widths->widest] = 0;
	widths->rest[widths->widest] = 0;
	for (int width = widths->widest; width > 0; width--)
	{
		widths->above[width - 1] =
			widths->above[width] + of_width[0][width] + of_width[1][width];
		widths->rest[width - 1] =
			widths->rest[width] + widths->above[width - 1];
	}
}

/*
 * The least bytes of a block of what is above "from" bits of numbers, of which
 * there are count, and its width.
 */
static int
best_width(const Widths *widths, int from, int count, int depth, int *best)
{
	int least = 1 + ca_bits_bytes(count, widths->widest - from);

	*best = widths->widest;
	for (int width = from; depth > 0 && width < widths->widest; width++)
	{
		int exceptions = widths->above[width];
		int size = 2 + ca_bits_bytes(count, width - from) +
				   position_bytes(count, exceptions);
		int ignored;

		/* the exceptions take no less than the bits that they have */
		if (size + 1 + (widths->rest[width] + 7) / 8 >= least)
			continue;
		if (depth == 1)
			size += 1 + ca_bits_bytes(exceptions, widths->widest - width);
		else
			size += best_width(widths, width, exceptions, depth - 1, &ignored);
		if (size < least)
		{
			least = size;
			*best = width;
		}
	}
	return least;
}

/*
 * Where there are exceptions, and their high bits to high[].  Without branches
 * on the numbers, which nobody can predict.
 */
static uint8_t *
write_positions(uint8_t *out, const uint64_t *values, int count, int width,
				uint64_t *high, int exceptions)
{
	uint8_t list[CA_BLOCK_VALUES];
	uint64_t bitmap[CA_BLOCK_VALUES / 64] = {0};
	int next = 0;

	for (int i = 0; i < count && next < exceptions; i++)
	{
		uint64_t rest = values[i] >> width;

		list[next] = (uint8_t) i;
		high[next] = rest;
		bitmap[i / 64] |= (uint64_t) (rest != 0) << (i % 64);
		next += rest != 0;
	}
	if (is_list(count, exceptions))
	{
		memcpy(out, list, exceptions);
		return out + exceptions;
	}
	for (int i = 0; i < count; i += 8)
		*out++ = (uint8_t) (bitmap[i / 64] >> (i % 64));
	return out;
}

/* values have lost "from" bits of what widths counts */
static uint8_t *
block_write(uint8_t *out, const uint64_t *values, int count,
			const Widths *widths, int from, int depth)
{
	uint64_t high[CA_BLOCK_VALUES];
	int exceptions;
	int width;

	best_width(widths, from, count, depth, &width);
	exceptions = widths->above[width];
	if (exceptions == 0)
	{
		*out++ = (uint8_t) (width - from);
		return ca_bits_pack(out, values, count, width - from);
	}
	*out++ = (uint8_t) ((width - from) | HAS_EXCEPTIONS);
	*out++ = (uint8_t) exceptions;
	out = write_positions(out, values, count, width - from, high, exceptions);
	out = ca_bits_pack(out, values, count, width - from);
	return block_write(out, high, exceptions, widths, width, depth - 1);
}

/* positions from a bitmap; false when there are not as many, or too large ones */
static bool
read_bitmap(const uint8_t *bytes, uint8_t *position, int count, int exceptions)
{
	uint8_t copy[CA_BLOCK_VALUES / 8] = {0};
	int next = 0;

	memcpy(copy, bytes, (count + 7) / 8);
	for (int i = 0; i < CA_BLOCK_VALUES; i += 64)
	{
		uint64_t bits = ca_load64(copy + i / 8);

		for (; bits != 0; bits &= bits - 1)
			position[next++] = (uint8_t) (i + __builtin_ctzll(bits));
	}
	return next == exceptions && position[next - 1] < count;
}

/* positions from a list, which must ascend */
static bool
read_list(const uint8_t *bytes, uint8_t *position, int count, int exceptions)
{
	bool ascending = true;

	memcpy(position, bytes, exceptions);
	for (int i = 1; i < exceptions; i++)
		ascending &= position[i] > position[i - 1];
	return ascending && position[exceptions - 1] < count;
}

/* the numbers that high bits belong to; false when they are malformed */
static bool
read_positions(CaInput *in, uint8_t *position, int count, int exceptions)
{
	int bytes = position_bytes(count, exceptions);
	const uint8_t *at = in->at;

	if (ca_input_left(in) < (size_t) bytes)
		return false;
	in->at += bytes;
	return is_list(count, exceptions)
			   ? read_list(at, position, count, exceptions)
			   : read_bitmap(at, position, count, exceptions);
}

static bool
block_read(CaInput *in, uint64_t *values, int count, int bits, int depth)
{
	uint64_t high[CA_BLOCK_VALUES];
	uint8_t position[CA_BLOCK_VALUES];
	uint8_t width;
	uint8_t exceptions;

	if (!ca_read_byte(in, &width))
		return false;
	if (width < HAS_EXCEPTIONS)
		return width <= bits && ca_bits_unpack(in, values, count, width);

	width -= HAS_EXCEPTIONS;
	if (width >= bits || depth == 0 || !ca_read_byte(in, &exceptions) ||
		exceptions == 0 || exceptions > count ||
		!read_positions(in, position, count, exceptions) ||
		!ca_bits_unpack(in, values, count, width) ||
		!block_read(in, high, exceptions, bits - width, depth - 1))
		return false;
	for (int i = 0; i < exceptions; i++)
		values[position[i]] |= high[i] << width;
	return true;
}

/* about the bytes that ca_blocks_write() takes, never less */
size_t
ca_blocks_size(const uint64_t *values, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i += CA_BLOCK_VALUES)
	{
		int n = count - i < CA_BLOCK_VALUES ? count - i : CA_BLOCK_VALUES;
		Widths widths;
		int ignored;

		count_widths(&widths, values + i, n);
		size += best_width(&widths, 0, n, SIZE_DEPTH, &ignored);
	}
	return size;
}

uint8_t *
ca_blocks_write(uint8_t *out, const uint64_t *values, int count)
{
	for (int i = 0; i < count; i += CA_BLOCK_VALUES)
	{
		int n = count - i < CA_BLOCK_VALUES ? count - i : CA_BLOCK_VALUES;
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
	for (int i = 0; i < count; i += CA_BLOCK_VALUES)
		if (!block_read(in, values + i,
						count - i < CA_BLOCK_VALUES ? count - i
													: CA_BLOCK_VALUES,
						64, DEPTH))
			return false;
	return true;
}
