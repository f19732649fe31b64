/*-------------------------------------------------------------------------
 *
 * series.c
 *		Candles for testing the kernels; see series.h.
 *
 *-------------------------------------------------------------------------
 */
#include "series.h"

#include <stdlib.h>

const char *const series_names[SERIES_KINDS] = {
	"cents",       "dust",      "large prices",
	"huge prices", "20 digits", "some 20 digits",
	"flat",        "jumps",     "the ends of whole numbers",
};

/* a random walk in whole steps */
typedef struct Walk
{
	int64_t price;
	int64_t step; /* the largest move of a bar */
	int flat;     /* bars without a move */
} Walk;

/*
 * The next number of a generator (xorshift of Marsaglia), whose seed is not 0.
 */
uint64_t
series_draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* from 0 to n - 1 */
static int64_t
draw_below(uint64_t *seed, int64_t n)
{
	return (int64_t) (series_draw(seed) >> 1) % n;
}

static Walk
begin(SeriesKind kind)
{
	switch (kind)
	{
		case SERIES_DUST:
			return (Walk){100, 3, 0};
		case SERIES_LARGE:
			return (Walk){CA_E8_LIMIT - CA_E8_LIMIT / 64, CA_E8_LIMIT / 4096,
						  0};
		case SERIES_ENDS:
			return (Walk){5 - CA_E8_LIMIT, 5, 0};
		default:
			return (Walk){6000000000000, 10000000000, 0};
	}
}

static void
move(Walk *walk, SeriesKind kind, uint64_t *seed)
{
	Walk start = begin(kind);

	if (walk->flat > 0)
	{
		walk->flat--;
		return;
	}
	if (kind == SERIES_ENDS)
	{
		if (draw_below(seed, 7000) == 0)
			walk->price = -walk->price;
		return;
	}
	walk->price += draw_below(seed, 2 * walk->step + 1) - walk->step;
	if (kind == SERIES_FLAT && draw_below(seed, 500) == 0)
		walk->flat = 12000;
	if (kind == SERIES_JUMPS && draw_below(seed, 300) == 0)
	{
		static const int tenths[] = {1, 10, 0, -10};

		walk->price = start.price / 10 * tenths[draw_below(seed, 4)];
		walk->flat = (int) draw_below(seed, 100);
	}
	else if (kind != SERIES_JUMPS &&
			 llabs(walk->price - start.price) > start.price / 2)
		walk->price = start.price;
}

static CaPrice
price_of(SeriesKind kind, int64_t steps, bool digits)
{
	/* a third has no end in binary, so all 106 bits of it count */
	if (kind == SERIES_DIGITS || digits)
		return ca_price_from_dd(ca_dd_div(ca_dd_from_int64(steps), ca_dd(3e8)));
	if (kind == SERIES_HUGE)
		return ca_price_from_dd(
			ca_dd_div_double(ca_dd_from_int64(steps), 6000.0));
	if (llabs(steps) > CA_E8_LIMIT)
		return ca_price_from_dd(ca_dd_from_e8(steps));
	return ca_price_from_e8(steps);
}

/*
 * Draws this many bars of a series.  One in a thousand has its high below its low.
 */
void
series_fill(SeriesKind kind, uint64_t seed, CaBar *bars, int count)
{
	Walk walk = begin(kind);

	for (int i = 0; i < count; i++)
	{
		int64_t above;
		int64_t below;
		bool digits;

		move(&walk, kind, &seed);
		above = walk.flat > 0 ? 0 : draw_below(&seed, walk.step);
		below = walk.flat > 0 ? 0 : draw_below(&seed, walk.step);
		if (draw_below(&seed, 1000) == 0)
		{
			above = -above;
			below = -below;
		}
		digits = kind == SERIES_SOME_DIGITS && draw_below(&seed, 3000) == 0;
		bars[i].high = price_of(kind, walk.price + above, digits);
		bars[i].low = price_of(kind, walk.price - below, digits);
		bars[i].close = price_of(kind, walk.price, digits);
	}
}
