/*-------------------------------------------------------------------------
 *
 * indicator.h
 *		What an indicator is: a kernel that takes one bar after the other.
 *
 * Each file of this folder describes one indicator by a constant of this type;
 * aggregates.c makes SQL aggregates of them.  A kernel's state is one flat piece
 * of memory without pointers, zeroed before init.  Values are double-doubles,
 * so that results hold at prices of 1e-8 and of 1e9.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_INDICATOR_H
#define CA_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "doubledouble.h"

#define CA_MAX_INPUTS 3
#define CA_MAX_PERIODS 3
#define CA_MAX_VALUES 5

typedef struct CaIndicator
{
	const char *name;
	int ninputs;
	int nperiods;
	int nvalues;
	const char *period_names[CA_MAX_PERIODS];
	int defaults[CA_MAX_PERIODS]; /* 0: must be given */

	/* bytes of state for these periods, each of which is in range */
	size_t (*size)(const int *periods);

	/* what is wrong with the periods together, or NULL; may be missing */
	const char *(*check)(const int *periods);

	void (*init)(void *state, const int *periods);
	void (*update)(void *state, const CaDD *inputs);

	/* the values as of the last bar; false until warm */
	bool (*values)(const void *state, double *values);
} CaIndicator;

extern const CaIndicator ca_sma;
extern const CaIndicator ca_ema;
extern const CaIndicator ca_rsi;
extern const CaIndicator ca_macd;

#endif /* CA_INDICATOR_H */
