/*-------------------------------------------------------------------------
 *
 * draw.h
 *		Draws from a seed: splitmix64, the same on every machine.
 *
 *-------------------------------------------------------------------------
 */
#ifndef DRAW_H
#define DRAW_H

#include <stdbool.h>
#include <stdint.h>

typedef struct Draw
{
	uint64_t state;
} Draw;

static inline uint64_t
draw(Draw *d)
{
	uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

/* 0 .. n - 1 */
static inline uint64_t
draw_below(Draw *d, uint64_t n)
{
	return draw(d) % n;
}

static inline bool
draw_one_in(Draw *d, uint64_t n)
{
	return draw_below(d, n) == 0;
}

/* low .. high */
static inline int64_t
draw_between(Draw *d, int64_t low, int64_t high)
{
	return low + (int64_t) draw_below(d, (uint64_t) (high - low) + 1);
}

/* any int64, small and extreme ones as often as others */
static inline int64_t
draw_any(Draw *d)
{
	switch (draw_below(d, 4))
	{
		case 0:
			return draw_one_in(d, 2) ? INT64_MIN : INT64_MAX;
		case 1:
			return draw_between(d, -3, 3);
		default:
			return (int64_t) draw(d) >> draw_below(d, 64);
	}
}

#endif /* DRAW_H */
