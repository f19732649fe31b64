/*-------------------------------------------------------------------------
 *
 * breakout.h
 *		Closes beyond the channel of the bars before, bar by bar.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_BREAKOUT_H
#define CA_ANALYTICS_BREAKOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "indicators/kernel/extremes.h"
#include "indicators/kernel/window.h"
#include "number/price.h"

typedef struct CaBreakoutBar
{
	CaPrice high;
	CaPrice low;
	CaPrice close;
	CaPrice volume;
	bool has_volume;
} CaBreakoutBar;

/* what a bar is; bars are counted from 0 */
typedef struct CaBreakoutFacts
{
	bool known;        /* there is a channel: enough bars before */
	int direction;     /* 1 above it, -1 below it, 0 in it */
	int64_t level_bar; /* whose high or low is the edge that is broken */
	bool fresh;        /* none of the same direction shortly before */
	bool has_ratio;    /* volumes are known and not all zero */
	double ratio;      /* volume, relative to the mean of the bars before */
	bool retest;       /* a fresh one shortly before was tested and holds */
	/* the fresh ones, up and down, that this bar confirms; -1: none */
	int64_t tested[2];
} CaBreakoutFacts;

/* a fresh breakout that has not failed */
typedef struct CaFreshBreakout
{
	int64_t bar; /* -1: none */
	CaPrice level;
	CaPrice extreme_close; /* the furthest since then */
	bool pulled_back;
	bool confirmed;
} CaFreshBreakout;

typedef struct CaBreakouts
{
	int bars;
	int retest_bars;
	double tolerance;
	int64_t bar;     /* of the next update */
	int64_t last[2]; /* last breakout: up, down; -1: none */
	CaFreshBreakout fresh[2];
	int unknown_volumes;     /* among the last bars */
	CaExtremeQueue queue[2]; /* of highs, of lows */
	CaWindow volumes;
	CaCell *volume_ring;
	bool *has_volume; /* a ring too */
	CaExtreme *extremes[2];
} CaBreakouts;

extern size_t ca_breakouts_size(int bars);
extern void ca_breakouts_init(CaBreakouts *breakouts, int bars, int retest_bars,
							  double tolerance, void *rings);
extern void ca_breakouts_update(CaBreakouts *breakouts,
								const CaBreakoutBar *bar,
								CaBreakoutFacts *facts);

#endif /* CA_ANALYTICS_BREAKOUT_H */
