/*-------------------------------------------------------------------------
 *
 * correlation.h
 *		Correlations of many series of returns, each with each.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_CORRELATION_H
#define CA_ANALYTICS_CORRELATION_H

#include <stdbool.h>
#include <stddef.h>

/* series of equal length; x[i * nbars + k] is NaN where it is not known */
typedef struct CaReturnMatrix
{
	int nseries;
	int nbars;
	int least;    /* pairs that a correlation needs */
	double *x;    /* the returns, centred and scaled by prepare */
	int *known;   /* returns of each series */
	bool *varies; /* whether they differ */
} CaReturnMatrix;

extern void ca_correlation_prepare(CaReturnMatrix *matrix);
extern void ca_correlation_row(const CaReturnMatrix *matrix, int row,
							   double *correlations, int *pairs);

#endif /* CA_ANALYTICS_CORRELATION_H */
