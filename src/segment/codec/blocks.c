/*-------------------------------------------------------------------------
 *
 * blocks.c
 *		Unsigned numbers in blocks of bits, with exceptions.  Plain C.
 *
 * A block holds up to CA_BLOCK_VALUES numbers of one width, 0 to 64 bits.  Numbers
 * that need more bits are exceptions: the block holds the low bits of all numbers, and
 * the high bits of the exceptions, which are not 0, form a block of their own.
 *
 *		width		one byte; 0x80 is added if there are exceptions
 *		exceptions	one byte, 1 to the numbers of the block
 *		positions	of the exceptions: one byte each, ascending, or a bitmap, in
 *					which bit i % 8 of byte i / 8 is 1 for number i; whichever is
 *					shorter, and a bitmap if both are equal
 *		low bits	of all numbers, as in bitpack.c
 *		high bits	a block of the exceptions
 *
 * A block without exceptions is only the width and the bits.  Exceptions may have
 * exceptions, but those have none; the widths add up to at most 64.  The encoder
 * chooses the widths that make the block smallest.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/blocks.h"

#define HAS_EXCEPTIONS 0x80

/* levels of exceptions: those of a block, and theirs */
#define DEPTH 2
/* levels for a size that is only compared; the second level saves little */
#define SIZE_DEPTH 1

/* for each width: the numbers of a block that have more bits */
typedef struct Widths
{
	int widest;
	int above[65]; /* the count of such numbers */
	int rest[65];  /* the sum of those additional bits */
} Widths;

static inline int
bits_of(uint64_t value)
{
	return value == 0 ? 0 : 64 - __builtin_clzll(value);
}

/* whether the positions are a list rather than a bitmap */
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
	/*
	 * Two arrays, because neighbours often have one width, and an increment would
	 * wait for the one before it.
	 */
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
 * The size of the smallest block for "count" numbers without their lowest "from"
 * bits, and the width that gives it.
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

		/* the exceptions take at least the bits that they have */
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
 * Write the positions of the exceptions, and put their high bits into high[].  No
 * branch depends on the numbers, because none could be predicted.
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

/* values are those that widths counts, without their lowest "from" bits */
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

/* positions from a bitmap; false if their number is wrong or one is too large */
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

/* positions from a list; false if they do not ascend or one is too large */
static bool
read_list(const uint8_t *bytes, uint8_t *position, int count, int exceptions)
{
	bool ascending = true;

	memcpy(position, bytes, exceptions);
	for (int i = 1; i < exceptions; i++)
		ascending &= position[i] > position[i - 1];
	return ascending && position[exceptions - 1] < count;
}

/* the positions of the exceptions; false if they are malformed */
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

/* an estimate of the bytes that ca_blocks_write() takes, never too low */
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

/* false if the bytes are not blocks of count numbers */
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
