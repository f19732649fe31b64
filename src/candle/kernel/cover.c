/*-------------------------------------------------------------------------
 *
 * cover.c
 *		Which candles of several finer timeframes make up a target candle.
 *
 * Candles are offered finest first.  A candle counts when the candles chosen
 * so far in its span cover fewer minutes than it was made of, and none of them
 * crosses its borders; it then replaces them.  So complete minutes stay, a
 * coarser candle fills a span that has none, and a few stray minutes do not
 * replace an hour.
 *
 * The choice does not change when candles are added that were built from the
 * same ones by this rule: they were made of no more than what is chosen in
 * their span.
 *
 *-------------------------------------------------------------------------
 */
#include "candle/kernel/cover.h"

/* a word with the bits in [from, to) set; both are 0 .. 64 */
static inline uint64_t
word_mask(int from, int to)
{
	return (UINT64_MAX << from) & (UINT64_MAX >> (64 - to));
}

/* set or clear the bits in [from, to) */
void
ca_bits_fill(uint64_t *bits, int from, int to, bool value)
{
	while (from < to)
	{
		int end = (from / 64 + 1) * 64;
		int stop = end < to ? end : to;
		uint64_t mask = word_mask(from % 64, stop - from / 64 * 64);

		if (value)
			bits[from / 64] |= mask;
		else
			bits[from / 64] &= ~mask;
		from = stop;
	}
}

/* how many of the bits in [from, to) are set */
int
ca_bits_count(const uint64_t *bits, int from, int to)
{
	int count = 0;

	while (from < to)
	{
		int end = (from / 64 + 1) * 64;
		int stop = end < to ? end : to;

		count += __builtin_popcountll(
			bits[from / 64] & word_mask(from % 64, stop - from / 64 * 64));
		from = stop;
	}
	return count;
}

/* the first bit from "from" on that is set, or nbits */
int
ca_bits_next(const uint64_t *bits, int nbits, int from)
{
	while (from < nbits)
	{
		uint64_t word = bits[from / 64] >> (from % 64);

		if (word != 0)
		{
			int bit = from + __builtin_ctzll(word);

			return bit < nbits ? bit : nbits;
		}
		from = (from / 64 + 1) * 64;
	}
	return nbits;
}

/*
 * Offer the candle of the minutes in [from, to), made of "made_of" of them.
 * Returns whether it counts.
 */
bool
ca_cover_take(CaCover *cover, int from, int to, int made_of)
{
	if (ca_bit_is_set(cover->joined, from) ||
		(to < cover->minutes && ca_bit_is_set(cover->joined, to)) ||
		ca_bits_count(cover->covered, from, to) >= made_of)
		return false;
	ca_bits_fill(cover->covered, from, from + made_of, true);
	ca_bits_fill(cover->covered, from + made_of, to, false);
	ca_bits_fill(cover->joined, from + 1, to, true);
	return true;
}
