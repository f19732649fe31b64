/*-------------------------------------------------------------------------
 *
 * cover.h
 *		Which candles of several finer timeframes make up a target candle.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_COVER_H
#define CA_COVER_H

#include <stdbool.h>
#include <stdint.h>

/* the minutes of a target candle */
typedef struct CaCover
{
	int minutes;
	uint64_t *covered; /* minutes that the chosen candles were made of */
	uint64_t *joined;  /* minutes in one candle with the minute before */
} CaCover;

static inline int
ca_bits_words(int nbits)
{
	return (nbits + 63) / 64;
}

static inline bool
ca_bit_is_set(const uint64_t *bits, int bit)
{
	return bits[bit / 64] >> (bit % 64) & 1;
}

extern void ca_bits_fill(uint64_t *bits, int from, int to, bool value);
extern int ca_bits_count(const uint64_t *bits, int from, int to);
extern int ca_bits_next(const uint64_t *bits, int nbits, int from);
extern bool ca_cover_take(CaCover *cover, int from, int to, int made_of);

#endif /* CA_COVER_H */
