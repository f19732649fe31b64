/*-------------------------------------------------------------------------
 *
 * bitpack.h
 *		Unsigned numbers packed with one width; bitpack.c describes the bits.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_BITPACK_H
#define CA_BITPACK_H

#include "segment/codec/bytes.h"

/* the most numbers that can be unpacked at once */
#define CA_BITS_COUNT 128

/* the bytes that numbers of a width take */
static inline int
ca_bits_bytes(int count, int width)
{
	return (count * width + 7) / 8;
}

extern uint8_t *ca_bits_pack(uint8_t *out, const uint64_t *values, int count,
							 int width);
extern bool ca_bits_unpack(CaInput *in, uint64_t *values, int count, int width);

#endif /* CA_BITPACK_H */
