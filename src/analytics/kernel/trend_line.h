/*-------------------------------------------------------------------------
 *
 * trend_line.h
 *		A line through two turning points that closes respect.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_TREND_LINE_H
#define CA_ANALYTICS_TREND_LINE_H

#include <stdbool.h>

/* the closes of bars 0 .. nbars - 1, and turning points in order of bars */
typedef struct CaTrendPoints
{
	int nbars;
	const double *close;
	int npoints;
	const int *bar;
	const double *price;
	double tolerance; /* a share of the price */
	int sign;         /* 1: support below the closes, -1: resistance above */
} CaTrendPoints;

/* the best line so far; touches is 0 when there is none */
typedef struct CaTrendLine
{
	int first; /* a number of a point */
	int second;
	int touches;
} CaTrendLine;

extern void ca_trend_line_from(const CaTrendPoints *points, int first,
							   CaTrendLine *best);

#endif /* CA_ANALYTICS_TREND_LINE_H */
