/*-------------------------------------------------------------------------
 *
 * bytes.h
 *		Reading and writing the bytes of a segment.
 *
 * The encoding is little-endian on every machine.  Reading checks that a byte is
 * left before it takes one; writing has the room that ca_segment_bound() promised.
 *
 * A varint has seven bits per byte, the lowest first; a set eighth bit says that
 * another byte follows.  It has at most ten bytes.  A signed one is zigzag: 0, -1,
 * 1, -2 become 0, 1, 2, 3.
 *
 * Plain C, inline.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_BYTES_H
#define CA_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* the most bytes of a varint */
#define CA_VARINT_MAX 10

/* the bytes left to read */
typedef struct CaInput
{
	const uint8_t *at;
	const uint8_t *end;
} CaInput;

static inline size_t
ca_input_left(const CaInput *in)
{
	return (size_t) (in->end - in->at);
}

static inline uint64_t
ca_load64(const uint8_t *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	return value;
}

static inline void
ca_store64(uint8_t *at, uint64_t value)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	value = __builtin_bswap64(value);
#endif
	memcpy(at, &value, sizeof(value));
}

static inline uint64_t
ca_zigzag(uint64_t value)
{
	return (value << 1) ^ (0 - (value >> 63));
}

static inline uint64_t
ca_unzigzag(uint64_t value)
{
	return (value >> 1) ^ (0 - (value & 1));
}

static inline bool
ca_read_byte(CaInput *in, uint8_t *value)
{
	if (in->at == in->end)
		return false;
	*value = *in->at++;
	return true;
}

/* false if it is cut off or has more than 64 bits */
static inline bool
ca_read_varint(CaInput *in, uint64_t *value)
{
	uint64_t sum = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8_t byte;

		if (!ca_read_byte(in, &byte) || (shift == 63 && byte > 1))
			return false;
		sum |= (uint64_t) (byte & 0x7F) << shift;
		if (byte < 0x80)
		{
			*value = sum;
			return true;
		}
	}
	return false;
}

/* a signed varint, as the bits of an int64 */
static inline bool
ca_read_signed(CaInput *in, uint64_t *value)
{
	if (!ca_read_varint(in, value))
		return false;
	*value = ca_unzigzag(*value);
	return true;
}

static inline uint8_t *
ca_write_varint(uint8_t *out, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*out++ = (uint8_t) (value | 0x80);
	*out++ = (uint8_t) value;
	return out;
}

static inline uint8_t *
ca_write_signed(uint8_t *out, uint64_t value)
{
	return ca_write_varint(out, ca_zigzag(value));
}

#endif /* CA_BYTES_H */
