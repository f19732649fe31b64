/*-------------------------------------------------------------------------
 *
 * hamilton.h
 *		Hamilton's filter: in which state a series probably is.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_HAMILTON_H
#define CA_ANALYTICS_HAMILTON_H

#include <stdbool.h>

#define CA_HAMILTON_STATES 16

typedef struct CaHamilton
{
	int n;
	double mean[CA_HAMILTON_STATES];
	double sd[CA_HAMILTON_STATES];
	/* [i * n + j]: from state i to state j */
	double transition[CA_HAMILTON_STATES * CA_HAMILTON_STATES];
	bool has_rows;
	double probability[CA_HAMILTON_STATES]; /* as of the last row */
} CaHamilton;

extern bool ca_hamilton_connected(const CaHamilton *filter);
extern void ca_hamilton_begin(CaHamilton *filter);
extern bool ca_hamilton_update(CaHamilton *filter, double x);

#endif /* CA_ANALYTICS_HAMILTON_H */
