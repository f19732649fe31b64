/*-------------------------------------------------------------------------
 *
 * smoothing.h
 *		Exponential smoothing seeded with a simple mean.
 *
 *		s(n)   = mean of the first n values
 *		s(t)   = s(t-1) + alpha * (x(t) - s(t-1))
 *
 * An EMA has alpha = 2 / (n + 1), Wilder smoothing alpha = 1 / n, which is his
 * (s * (n - 1) + x) / n.  The seed is summed as differences from the first
 * value, so that the mean of equal values is exactly that value.  By pandas'
 * convention the seed is the first value alone.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SMOOTHING_H
#define CA_SMOOTHING_H

#include "indicators/kernel/formulas.h"
#include "indicators/kernel/indicator.h"

typedef struct CaSmoothing
{
	int seed;  /* how many values make the seed */
	int count; /* values seen, at most seed */
	CaDD alpha;
	CaDD first;
	CaDD value; /* while count < seed: sum of the differences from first */
} CaSmoothing;

static inline void
ca_smoothing_init(CaSmoothing *smoothing, CaDD alpha, int n,
				  CaConvention convention)
{
	smoothing->seed = convention == CA_PANDAS ? 1 : n;
	smoothing->alpha = alpha;
}

static inline void
ca_ema_init(CaSmoothing *smoothing, int n, CaConvention convention)
{
	ca_smoothing_init(smoothing, ca_dd_div(ca_dd(2.0), ca_dd(n + 1.0)), n,
					  convention);
}

static inline void
ca_wilder_init(CaSmoothing *smoothing, int n, CaConvention convention)
{
	ca_smoothing_init(smoothing, ca_dd_div(ca_dd(1.0), ca_dd(n)), n,
					  convention);
}

static inline bool
ca_smoothing_warm(const CaSmoothing *smoothing)
{
	return smoothing->count == smoothing->seed;
}

static inline void
ca_smoothing_update(CaSmoothing *smoothing, CaDD x)
{
	if (ca_smoothing_warm(smoothing))
	{
		smoothing->value = ca_smoothed(smoothing->value, smoothing->alpha, x);
		return;
	}

	if (smoothing->count++ == 0)
		smoothing->first = x;
	smoothing->value =
		ca_dd_add(smoothing->value, ca_dd_sub(x, smoothing->first));
	if (ca_smoothing_warm(smoothing))
		smoothing->value =
			ca_dd_add(smoothing->first,
					  ca_dd_div_double(smoothing->value, smoothing->seed));
}

static inline void
ca_smoothing_transfer(CaSmoothing *smoothing, CaStateStream *stream)
{
	ca_state_stream_int(stream, &smoothing->count, 0, smoothing->seed);
	ca_state_stream_dd(stream, &smoothing->first);
	ca_state_stream_dd(stream, &smoothing->value);
}

#endif /* CA_SMOOTHING_H */
