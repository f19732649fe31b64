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

/* how a block is written */
typedef struct Plan
{
	int width;
	int high_width; /* 0: no exceptions */
	int exceptions;
	size_t size; /* bytes, all in all */
} Plan;

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

/* the width that makes the block smallest */
static Plan
block_plan(const uint64_t *values, int count)
{
	uint8_t of_width[65] = {0};
	uint64_t all = 0;
	int exceptions = 0;
	int widest;
	Plan plan = {0};

	for (int i = 0; i < count; i++)
	{
		of_width[bits_of(values[i])]++;
		all |= values[i];
	}
	widest = bits_of(all);
	plan.width = widest;
	plan.size = 1 + packed_bytes(count, widest);
	for (int width = widest - 1; width >= 0; width--)
	{
		size_t size;

		exceptions += of_width[width + 1];
		size = 3 + packed_bytes(count, width) + exceptions +
			   packed_bytes(exceptions, widest - width);
		if (size < plan.size)
		{
			plan.width = width;
			plan.high_width = widest - width;
			plan.exceptions = exceptions;
			plan.size = size;
		}
	}
	return plan;
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

static uint8_t *
block_write(uint8_t *out, const uint64_t *values, int count, const Plan *plan)
{
	uint64_t high[CA_BLOCK];
	uint8_t position[CA_BLOCK];
	int exceptions = 0;

	if (plan->high_width == 0)
	{
		*out++ = (uint8_t) plan->width;
		return pack(out, values, count, plan->width);
	}

	*out++ = (uint8_t) (plan->width | HAS_EXCEPTIONS);
	*out++ = (uint8_t) plan->exceptions;
	*out++ = (uint8_t) plan->high_width;
	out = pack(out, values, count, plan->width);
	for (int i = 0; i < count; i++)
	{
		uint64_t rest = values[i] >> plan->width;

		position[exceptions] = (uint8_t) i;
		high[exceptions] = rest;
		exceptions += rest != 0;
		if (exceptions == plan->exceptions)
			break;
	}
	memcpy(out, position, exceptions);
	return pack(out + exceptions, high, exceptions, plan->high_width);
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

/* the exceptions behind the low bits */
static bool
read_exceptions(CaInput *in, uint64_t *values, int count, int width,
				int exceptions, int high_width)
{
	const uint8_t *position = in->at;
	uint64_t high[CA_BLOCK];

	if (ca_input_left(in) < (size_t) exceptions)
		return false;
	in->at += exceptions;
	if (!unpack(in, high, exceptions, high_width))
		return false;
	for (int i = 0; i < exceptions; i++)
	{
		if (position[i] >= count || (i > 0 && position[i] <= position[i - 1]))
			return false;
		values[position[i]] |= high[i] << width;
	}
	return true;
}

static bool
block_read(CaInput *in, uint64_t *values, int count)
{
	uint8_t width;
	uint8_t exceptions = 0;
	uint8_t high_width = 0;

	if (!ca_read_byte(in, &width))
		return false;
	if (width < HAS_EXCEPTIONS)
		return width <= 64 && unpack(in, values, count, width);

	width -= HAS_EXCEPTIONS;
	return ca_read_byte(in, &exceptions) && ca_read_byte(in, &high_width) &&
		   exceptions >= 1 && exceptions <= count && high_width >= 1 &&
		   width + high_width <= 64 && unpack(in, values, count, width) &&
		   read_exceptions(in, values, count, width, exceptions, high_width);
}

/* the bytes that ca_blocks_write() takes */
size_t
ca_blocks_size(const uint64_t *values, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i += CA_BLOCK)
		size +=
			block_plan(values + i, count - i < CA_BLOCK ? count - i : CA_BLOCK)
				.size;
	return size;
}

uint8_t *
ca_blocks_write(uint8_t *out, const uint64_t *values, int count)
{
	for (int i = 0; i < count; i += CA_BLOCK)
	{
		int n = count - i < CA_BLOCK ? count - i : CA_BLOCK;
		Plan plan = block_plan(values + i, n);

		out = block_write(out, values + i, n, &plan);
	}
	return out;
}

/* false when the bytes are no blocks of count numbers */
bool
ca_blocks_read(CaInput *in, uint64_t *values, int count)
{
	for (int i = 0; i < count; i += CA_BLOCK)
		if (!block_read(in, values + i,
						count - i < CA_BLOCK ? count - i : CA_BLOCK))
			return false;
	return true;
}
