/*-------------------------------------------------------------------------
 *
 * sector_bars.c
 *		What the candles of its members make of a sector, bar by bar.
 *
 * The sector has a bar where any member has a candle.  Let u be the bar before t:
 *
 *	cap(t)		sum of the members' capitalizations
 *	growth(t)	sum of cap(a, u) x close(a, t) / close(a, u) over the sum of
 *				cap(a, u), over the members a whose cap(a, u) and both closes are
 *				known and positive
 *
 * A member without a candle keeps its last one for "stale" bars.  The capitalization
 * of a candle that has none is its close times cap / close of the newest candle
 * before it, at most 30 days older, that has both; else its close times the supply.
 * A close that is not positive has no capitalization of the latter two kinds.
 *
 * Sums go over the members by identifier, so they are the same to the bit whichever
 * bars are asked about.
 *
 *-------------------------------------------------------------------------
 */
#include "sector/kernel/sector_bars.h"

#include <math.h>
#include <stdlib.h>

#define SUPPLY_DAYS 30

static int
compare_candles(const void *a, const void *b)
{
	const CaMemberCandle *x = a;
	const CaMemberCandle *y = b;

	if (x->asset != y->asset)
		return x->asset < y->asset ? -1 : 1;
	return (x->bar > y->bar) - (x->bar < y->bar);
}

static int
compare_bars(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* by asset and bar, as they mostly are already */
void
ca_sort_candles(CaMemberCandle *candles, size_t ncandles)
{
	size_t i = 1;

	while (i < ncandles && compare_candles(&candles[i - 1], &candles[i]) < 0)
		i++;
	if (i < ncandles)
		qsort(candles, ncandles, sizeof(CaMemberCandle), compare_candles);
}

/* fill in the capitalizations of sorted candles */
void
ca_complete_caps(CaMemberCandle *candles, size_t ncandles)
{
	double implied = NAN;
	double implied_at = 0;

	for (size_t i = 0; i < ncandles; i++)
	{
		CaMemberCandle *candle = &candles[i];

		if (i > 0 && candle->asset != candle[-1].asset)
			implied = NAN;
		if (!isnan(candle->cap))
		{
			if (candle->close > 0)
			{
				implied = candle->cap / candle->close;
				implied_at = candle->day;
			}
		}
		else if (candle->close > 0)
			candle->cap =
				candle->close *
				(!isnan(implied) && candle->day - implied_at <= SUPPLY_DAYS
					 ? implied
					 : candle->supply);
	}
}

/*
 * The bars of the sector, ascending, and the one "before" if it is not NULL.  The
 * list has room for one more than there are candles.
 */
size_t
ca_list_bars(const CaMemberCandle *candles, size_t ncandles,
			 const int64_t *before, int64_t *list)
{
	size_t n = 0;
	size_t nbars = 0;

	if (before != NULL)
		list[n++] = *before;
	for (size_t i = 0; i < ncandles; i++)
		if (!candles[i].seed)
			list[n++] = candles[i].bar;
	qsort(list, n, sizeof(int64_t), compare_bars);
	for (size_t i = 0; i < n; i++)
		if (nbars == 0 || list[i] != list[nbars - 1])
			list[nbars++] = list[i];
	return nbars;
}

/* a member with this candle is part of a bar; linked: and of the bar before */
static void
add_member(CaSectorBar *bar, double *top, double *bottom,
		   const CaMemberCandle *candle, const CaMemberCandle *linked)
{
	if (!isnan(candle->cap))
	{
		bar->cap = bar->members == 0 ? candle->cap : bar->cap + candle->cap;
		bar->members++;
	}
	if (linked != NULL && linked->cap > 0 && linked->close > 0 &&
		candle->close > 0)
	{
		*top += linked->cap * (candle->close / linked->close);
		*bottom += linked->cap;
	}
}

/*
 * The bars of the sector in the list.  Candles are sorted and have capitalizations;
 * work has room for two values per bar.
 */
void
ca_sector_bars(const CaMemberCandle *candles, size_t ncandles, int stale,
			   const int64_t *list, size_t nbars, double *work,
			   CaSectorBar *bars)
{
	double *top = work;
	double *bottom = work + nbars;
	const CaMemberCandle *last = NULL; /* the one that counts at bar "at" - 1 */
	size_t at = 0;

	for (size_t i = 0; i < nbars; i++)
	{
		bars[i] = (CaSectorBar){list[i], NAN, NAN, 0};
		top[i] = bottom[i] = 0;
	}
	for (size_t i = 0; i < ncandles; i++)
	{
		const CaMemberCandle *candle = &candles[i];
		bool ends = i + 1 == ncandles || candle[1].asset != candle->asset;
		int64_t until = ends ? INT64_MAX : candle[1].bar;

		if (i == 0 || candle->asset != candle[-1].asset)
		{
			last = NULL;
			at = 0;
		}
		if (candle->seed)
			continue;
		/* bars without this member */
		for (; at < nbars && list[at] < candle->bar; at++)
			last = NULL;
		/* its own bar, and those for which it stands in */
		for (; at < nbars && list[at] < until &&
			   (uint64_t) list[at] - (uint64_t) candle->bar <= (uint64_t) stale;
			 at++)
		{
			add_member(&bars[at], &top[at], &bottom[at], candle, last);
			last = candle;
		}
	}
	for (size_t i = 0; i < nbars; i++)
		if (bottom[i] > 0)
			bars[i].growth = top[i] / bottom[i];
}
