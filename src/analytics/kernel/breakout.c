/*-------------------------------------------------------------------------
 *
 * breakout.c
 *		Closes beyond the channel of the bars before, bar by bar.
 *
 * A bar breaks out when it closes above the highest high (direction 1) or
 * below the lowest low (-1) of the n bars before it (Donchian's channel); that
 * edge is its level L.  It is fresh if there is no breakout of the same
 * direction in the m bars before it.
 *
 * A fresh breakout upwards is retested in a bar among the m after it when
 *
 *		a bar since then, perhaps this one, pulled back: its low was at most
 *		L + t * |L|, and it closed below the highest close since the breakout;
 *		no close since then was below L - t * |L|;
 *		this bar closes above L.
 *
 * Downwards is the mirror image.  t is the tolerance.  The ratio of volumes is
 * unknown when a volume is, and when the n bars before had none.
 *
 * Extremes are kept in queues and the sum of volumes is exact, so a bar costs
 * constant time on average.  The rings take 97 bytes for each of the n bars.
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/breakout.h"

#include <math.h>
#include <string.h>

/* places in arrays of two */
enum
{
	UP,
	DOWN
};

/*
 * The size of the rings for that many bars.
 */
size_t
ca_breakouts_size(int bars)
{
	return bars * (2 * sizeof(CaExtreme) + sizeof(CaCell) + sizeof(bool));
}

/*
 * Begin a series.  The caller keeps the rings, aligned as by malloc().
 */
void
ca_breakouts_init(CaBreakouts *breakouts, int bars, int retest_bars,
				  double tolerance, void *rings)
{
	memset(breakouts, 0, sizeof(*breakouts));
	memset(rings, 0, ca_breakouts_size(bars));
	breakouts->bars = bars;
	breakouts->retest_bars = retest_bars;
	breakouts->tolerance = tolerance;
	breakouts->volumes.n = bars;
	breakouts->volumes.is_dd = true;
	breakouts->extremes[UP] = rings;
	breakouts->extremes[DOWN] = breakouts->extremes[UP] + bars;
	breakouts->volume_ring = (CaCell *) (breakouts->extremes[DOWN] + bars);
	breakouts->has_volume = (bool *) (breakouts->volume_ring + bars);
	for (int way = UP; way <= DOWN; way++)
		breakouts->last[way] = breakouts->fresh[way].bar = -1;
}

/* 1 when a is further in the direction than b, -1 the other way, 0 equal */
static int
further(const CaPrice *a, const CaPrice *b, int way)
{
	return way == UP ? ca_price_cmp(a, b) : ca_price_cmp(b, a);
}

/* the level, moved by the tolerance in the direction; back for a sign of -1 */
static CaPrice
beyond(const CaPrice *level, double tolerance, int way, int sign)
{
	CaDD dd = ca_price_dd(level);
	CaDD band = ca_dd_mul_double(ca_dd_abs(dd), tolerance);

	if ((way == UP) != (sign > 0))
		band = ca_dd_neg(band);
	return ca_price_from_dd(ca_dd_add(dd, band));
}

/* what a bar after a fresh breakout does to it; whether it is retested */
static bool
follow(const CaBreakouts *breakouts, CaFreshBreakout *fresh, int way,
	   const CaBreakoutBar *bar)
{
	const CaPrice *near = way == UP ? &bar->low : &bar->high;
	CaPrice reach = beyond(&fresh->level, breakouts->tolerance, way, 1);
	CaPrice failure = beyond(&fresh->level, breakouts->tolerance, way, -1);

	if (breakouts->bar > fresh->bar + breakouts->retest_bars ||
		further(&bar->close, &failure, way) < 0)
	{
		fresh->bar = -1;
		return false;
	}
	if (further(near, &reach, way) <= 0 &&
		further(&bar->close, &fresh->extreme_close, way) < 0)
		fresh->pulled_back = true;
	if (further(&bar->close, &fresh->extreme_close, way) > 0)
		fresh->extreme_close = bar->close;
	return fresh->pulled_back && further(&bar->close, &fresh->level, way) > 0;
}

/* follow the breakouts before this bar */
static void
take_retests(CaBreakouts *breakouts, const CaBreakoutBar *bar,
			 CaBreakoutFacts *facts)
{
	for (int way = UP; way <= DOWN; way++)
	{
		CaFreshBreakout *fresh = &breakouts->fresh[way];

		if (fresh->bar < 0 || !follow(breakouts, fresh, way, bar))
			continue;
		facts->retest = true;
		if (!fresh->confirmed)
			facts->tested[way] = fresh->bar;
		fresh->confirmed = true;
	}
}

/* whether this bar breaks out of the channel of the bars before it */
static void
take_breakout(CaBreakouts *breakouts, const CaBreakoutBar *bar,
			  CaBreakoutFacts *facts)
{
	for (int way = UP; way <= DOWN; way++)
	{
		const CaExtreme *edge =
			&breakouts->extremes[way][breakouts->queue[way].first];
		int64_t last = breakouts->last[way];

		if (further(&bar->close, &edge->value, way) <= 0)
			continue;
		facts->direction = way == UP ? 1 : -1;
		facts->level_bar = edge->bar;
		facts->fresh =
			last < 0 || last < breakouts->bar - breakouts->retest_bars;
		breakouts->last[way] = breakouts->bar;
		if (facts->fresh)
			breakouts->fresh[way] =
				(CaFreshBreakout){.bar = breakouts->bar,
								  .level = edge->value,
								  .extreme_close = bar->close};
		return;
	}
}

/* the volume of this bar against those before it, of which it becomes one */
static void
take_volume(CaBreakouts *breakouts, const CaBreakoutBar *bar,
			CaBreakoutFacts *facts)
{
	CaDD volume = bar->has_volume ? ca_price_dd(&bar->volume) : ca_dd(0.0);
	bool *had = &breakouts->has_volume[breakouts->volumes.next];

	if (facts->known && bar->has_volume && breakouts->unknown_volumes == 0)
	{
		CaDD mean =
			ca_window_mean_dd(&breakouts->volumes, breakouts->volume_ring);

		facts->has_ratio = mean.hi != 0.0;
		if (facts->has_ratio)
			facts->ratio = ca_dd_ratio(volume, mean);
	}

	if (facts->known && !*had)
		breakouts->unknown_volumes--;
	if (!bar->has_volume)
		breakouts->unknown_volumes++;
	*had = bar->has_volume;
	ca_window_update_dd(&breakouts->volumes, breakouts->volume_ring, volume);
}

/*
 * Take the next bar.
 */
void
ca_breakouts_update(CaBreakouts *breakouts, const CaBreakoutBar *bar,
					CaBreakoutFacts *facts)
{
	memset(facts, 0, sizeof(*facts));
	facts->tested[UP] = facts->tested[DOWN] = -1;
	facts->known = ca_window_full(&breakouts->volumes);
	take_retests(breakouts, bar, facts);
	if (facts->known)
		take_breakout(breakouts, bar, facts);
	take_volume(breakouts, bar, facts);
	ca_extreme_update(&breakouts->queue[UP], breakouts->extremes[UP],
					  breakouts->bars, breakouts->bar, &bar->high, 1);
	ca_extreme_update(&breakouts->queue[DOWN], breakouts->extremes[DOWN],
					  breakouts->bars, breakouts->bar, &bar->low, -1);
	breakouts->bar++;
}
