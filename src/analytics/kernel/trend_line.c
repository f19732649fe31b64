/*-------------------------------------------------------------------------
 *
 * trend_line.c
 *		A line through two turning points that closes respect.
 *
 * A support rises through two turning points a < b, low(b) > low(a), and from
 * a on no close is below it by more than the tolerance; a resistance falls,
 * above the closes.  It touches each turning point from a on that is within
 * the tolerance of it.  The best line touches most, at least three; of equal
 * ones the one with the latest b, then with the earliest a.  Distances are
 * relative to the line, and bars are counted, so a gap has no length.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/trend_line.h"

#include <math.h>

#define FEWEST_TOUCHES 3

/* a line by a point and a slope */
typedef struct Line
{
	int bar;
	double price;
	double slope;
} Line;

static double
line_at(const Line *line, int bar)
{
	return line->price + line->slope * (bar - line->bar);
}

static int
count_touches(const CaTrendPoints *points, int first, int second,
			  const Line *line)
{
	int touches = 0;

	for (int i = first; i < points->npoints; i++)
	{
		double value = line_at(line, points->bar[i]);

		/* its own points, whatever rounding does to them */
		if (i == first || i == second ||
			fabs(points->price[i] - value) <= points->tolerance * fabs(value))
			touches++;
	}
	return touches;
}

static bool
is_respected(const CaTrendPoints *points, const Line *line)
{
	for (int bar = line->bar; bar < points->nbars; bar++)
	{
		double value = line_at(line, bar);
		double beyond = points->sign * (value - points->close[bar]);

		if (beyond > points->tolerance * fabs(value))
			return false;
	}
	return true;
}

/* whether a line is better than the best so far, all of which begin earlier */
static bool
is_better(const CaTrendLine *line, const CaTrendLine *best)
{
	if (line->touches != best->touches)
		return line->touches > best->touches;
	return line->second > best->second;
}

/*
 * Look for a better line among those that begin at this point.  The caller
 * goes through the points in order.
 */
void
ca_trend_line_from(const CaTrendPoints *points, int first, CaTrendLine *best)
{
	for (int second = first + 1; second < points->npoints; second++)
	{
		double rise = points->price[second] - points->price[first];
		Line line = {.bar = points->bar[first], .price = points->price[first]};
		CaTrendLine candidate = {.first = first, .second = second};

		if (!(points->sign * rise > 0.0))
			continue;
		line.slope = rise / (points->bar[second] - points->bar[first]);
		candidate.touches = count_touches(points, first, second, &line);
		if (candidate.touches >= FEWEST_TOUCHES &&
			is_better(&candidate, best) && is_respected(points, &line))
			*best = candidate;
	}
}
