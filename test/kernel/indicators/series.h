/*-------------------------------------------------------------------------
 *
 * series.h
 *		Test candles for the kernels, drawn from a seed: the same on every machine.
 *
 *-------------------------------------------------------------------------
 */
#ifndef SERIES_H
#define SERIES_H

#include <stdint.h>

#include "indicators/kernel/series_indicators.h"

typedef enum SeriesKind
{
	SERIES_CENTS,       /* some 60000, by 0.01 */
	SERIES_DUST,        /* some 1e-6, by 1e-8 */
	SERIES_LARGE,       /* near the last price that is a whole number of 1e-8 */
	SERIES_HUGE,        /* some 1e9, too large for e8 */
	SERIES_DIGITS,      /* 20 digits, too many for e8 */
	SERIES_SOME_DIGITS, /* cents, and rarely 20 digits */
	SERIES_FLAT,        /* cents that stand still for thousands of bars */
	SERIES_JUMPS,       /* to a tenth and back, to 0 and below it */
	SERIES_ENDS, /* at the last whole number of 1e-8, rarely its negative */
	SERIES_KINDS
} SeriesKind;

extern const char *const series_names[SERIES_KINDS];

extern uint64_t series_draw(uint64_t *seed);
extern void series_fill(SeriesKind kind, uint64_t seed, CaBar *bars, int count);

#endif /* SERIES_H */
