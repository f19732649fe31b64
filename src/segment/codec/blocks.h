/*-------------------------------------------------------------------------
 *
 * blocks.h
 *		Unsigned numbers in blocks of bits; blocks.c describes them.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_BLOCKS_H
#define CA_BLOCKS_H

#include "segment/codec/bitpack.h"

/* the numbers of a block; the last block of a column holds the rest */
#define CA_BLOCK_VALUES CA_BITS_COUNT

/* the most bytes that writing blocks can take or touch */
static inline size_t
ca_blocks_bound(int count)
{
	return (size_t) count * 8 + (size_t) count / CA_BLOCK_VALUES + 1 + 8;
}

extern size_t ca_blocks_size(const uint64_t *values, int count);
extern uint8_t *ca_blocks_write(uint8_t *out, const uint64_t *values,
								int count);
extern bool ca_blocks_read(CaInput *in, uint64_t *values, int count);

#endif /* CA_BLOCKS_H */
