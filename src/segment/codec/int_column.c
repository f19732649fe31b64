/*-------------------------------------------------------------------------
 *
 * int_column.c
 *		A column of int64s, encoded in the smallest of three ways.  Plain C.
 *
 * All arithmetic is modulo 2^64, so every int64 survives.  One byte names the way;
 * after it:
 *
 *		frame	base (signed), factor, blocks of all numbers u:
 *				value = base + factor * u
 *		steps	first value (signed), base (signed), factor, blocks of all
 *				numbers but the first:
 *				value = value before + base + factor * u
 *		walk	first value (signed), factor, blocks of all numbers but the
 *				first:
 *				value = value before + factor * unzigzag(u)
 *
 * base is the smallest number or step, factor the largest that divides all.  A factor
 * of 0 says that every u is 0, and no blocks follow: a constant step takes no bytes.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/int_column.h"

#include "segment/codec/blocks.h"
#include "segment/codec/gcd.h"
#include "segment/codec/segment.h"

/* the ways; these values are part of the format */
#define FRAME 0
#define STEPS 1
#define WALK 2

/* numbers in one of the ways */
typedef struct Coding
{
	uint64_t base;
	uint64_t factor;
	uint64_t u[CA_SEGMENT_CANDLES];
} Coding;

/* base and factor of int64s, and the numbers u that remain */
static void
code_frame(Coding *coding, const uint64_t *values, int count)
{
	CaGcd gcd = {0};
	int64_t least = count > 0 ? (int64_t) values[0] : 0;

	for (int i = 1; i < count; i++)
		if ((int64_t) values[i] < least)
			least = (int64_t) values[i];
	coding->base = (uint64_t) least;
	for (int i = 0; i < count; i++)
		coding->u[i] = values[i] - coding->base;
	ca_gcd_add(&gcd, coding->u, count);
	coding->factor = gcd.factor;
	if (gcd.factor > 1)
		for (int i = 0; i < count; i++)
			coding->u[i] = ca_gcd_divide(&gcd, coding->u[i]);
}

static void
code_walk(Coding *coding, const uint64_t *steps, int count)
{
	CaGcd gcd = {0};

	ca_gcd_add_signed(&gcd, steps, count);
	coding->factor = gcd.factor;
	for (int i = 0; i < count; i++)
		coding->u[i] = ca_zigzag(ca_gcd_divide_signed(&gcd, steps[i]));
}

static void
differences(uint64_t *steps, const int64_t *values, int count)
{
	for (int i = 1; i < count; i++)
		steps[i - 1] = (uint64_t) values[i] - (uint64_t) values[i - 1];
}

static uint8_t *
write_frame(uint8_t *out, const Coding *coding, int count)
{
	out = ca_write_signed(out, coding->base);
	out = ca_write_varint(out, coding->factor);
	return coding->factor == 0 ? out : ca_blocks_write(out, coding->u, count);
}

static size_t
coding_size(const Coding *coding, int count)
{
	return coding->factor == 0 ? 0 : ca_blocks_size(coding->u, count);
}

/*
 * Write a column of count int64s, at least one.
 */
uint8_t *
ca_int_column_write(uint8_t *out, const int64_t *values, int count)
{
	uint64_t steps[CA_SEGMENT_CANDLES];
	Coding frame;
	Coding stepping;
	Coding walk;
	size_t size;

	differences(steps, values, count);
	code_frame(&stepping, steps, count - 1);
	size = coding_size(&stepping, count - 1);
	if (size > 0)
	{
		size_t frame_size;
		size_t walk_size;

		code_frame(&frame, (const uint64_t *) values, count);
		code_walk(&walk, steps, count - 1);
		frame_size = coding_size(&frame, count);
		walk_size = coding_size(&walk, count - 1);
		if (frame_size <= walk_size && frame_size <= size)
		{
			*out++ = FRAME;
			return write_frame(out, &frame, count);
		}
		if (walk_size <= size)
		{
			*out++ = WALK;
			out = ca_write_signed(out, (uint64_t) values[0]);
			out = ca_write_varint(out, walk.factor);
			return ca_blocks_write(out, walk.u, count - 1);
		}
	}
	*out++ = STEPS;
	out = ca_write_signed(out, (uint64_t) values[0]);
	return write_frame(out, &stepping, count - 1);
}

/*
 * Write a column in steps, without the byte for the way and without the first value,
 * which the reader knows.
 */
uint8_t *
ca_int_column_write_steps(uint8_t *out, const int64_t *values, int count)
{
	uint64_t steps[CA_SEGMENT_CANDLES];
	Coding coding;

	differences(steps, values, count);
	code_frame(&coding, steps, count - 1);
	return write_frame(out, &coding, count - 1);
}

static bool
read_numbers(CaInput *in, uint64_t factor, uint64_t *values, int count)
{
	if (factor != 0)
		return ca_blocks_read(in, values, count);
	memset(values, 0, count * sizeof(uint64_t));
	return true;
}

static bool
read_frame(CaInput *in, uint64_t *values, int count)
{
	uint64_t base;
	uint64_t factor;

	if (!ca_read_signed(in, &base) || !ca_read_varint(in, &factor) ||
		!read_numbers(in, factor, values, count))
		return false;
	for (int i = 0; i < count; i++)
		values[i] = base + factor * values[i];
	return true;
}

static bool
read_walk(CaInput *in, uint64_t *values, int count)
{
	uint64_t factor;

	if (!ca_read_varint(in, &factor) ||
		!read_numbers(in, factor, values + 1, count - 1))
		return false;
	for (int i = 1; i < count; i++)
		values[i] = values[i - 1] + factor * ca_unzigzag(values[i]);
	return true;
}

/* read what ca_int_column_write_steps() writes; values[0] is known */
bool
ca_int_column_read_steps(CaInput *in, int64_t *values, int count)
{
	uint64_t *value = (uint64_t *) values;

	if (!read_frame(in, value + 1, count - 1))
		return false;
	for (int i = 1; i < count; i++)
		value[i] += value[i - 1];
	return true;
}

/* false if the bytes are not a column of count values */
bool
ca_int_column_read(CaInput *in, int64_t *values, int count)
{
	uint8_t way;

	if (!ca_read_byte(in, &way))
		return false;
	if (way == FRAME)
		return read_frame(in, (uint64_t *) values, count);
	if (!ca_read_signed(in, (uint64_t *) values))
		return false;
	if (way == STEPS)
		return ca_int_column_read_steps(in, values, count);
	return way == WALK && read_walk(in, (uint64_t *) values, count);
}
