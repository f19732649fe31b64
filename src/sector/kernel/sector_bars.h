/*-------------------------------------------------------------------------
 *
 * sector_bars.h
 *		What the candles of its members make of a sector, bar by bar.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SECTOR_BARS_H
#define CA_SECTOR_BARS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a candle of a member */
typedef struct CaMemberCandle
{
	int32_t asset;
	bool seed;   /* only tells the supply */
	int64_t bar; /* bars count up by one */
	double day;  /* when it starts, in days */
	double close;
	double cap;    /* market capitalization; NaN if not known */
	double supply; /* of today, for want of a better one; NaN if not known */
} CaMemberCandle;

/* a bar of the sector */
typedef struct CaSectorBar
{
	int64_t bar;
	double cap;      /* sum of capitalizations; NaN if none is known */
	double growth;   /* of the index since the bar before; NaN if not known */
	int64_t members; /* whose capitalization is known */
} CaSectorBar;

extern void ca_sort_candles(CaMemberCandle *candles, size_t ncandles);
extern void ca_complete_caps(CaMemberCandle *candles, size_t ncandles);
extern size_t ca_list_bars(const CaMemberCandle *candles, size_t ncandles,
						   const int64_t *before, int64_t *list);
extern void ca_sector_bars(const CaMemberCandle *candles, size_t ncandles,
						   int stale, const int64_t *list, size_t nbars,
						   double *work, CaSectorBar *bars);

#endif /* CA_SECTOR_BARS_H */
