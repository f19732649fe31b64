/*-------------------------------------------------------------------------
 *
 * window.h
 *		The mean of the last n values, in constant time a value.
 *
 * The sum is exact, so it neither drifts nor depends on where the series
 * began.  The values themselves are in a ring of n that the caller keeps,
 * because a state is one flat piece of memory.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_WINDOW_H
#define CA_WINDOW_H

#include <stdbool.h>

#include "exactsum.h"
#include "indicators/stream.h"

typedef struct CaWindow
{
	int n;
	int count; /* values in the window, at most n */
	int next;  /* where in the ring the next value goes */
	CaExactSum sum;
} CaWindow;

static inline bool
ca_window_full(const CaWindow *window)
{
	return window->count == window->n;
}

static inline void
ca_window_update(CaWindow *window, CaDD *ring, CaDD x)
{
	CaDD *slot = &ring[window->next];

	if (ca_window_full(window))
		ca_exact_add_dd(&window->sum, ca_dd_neg(*slot));
	else
		window->count++;
	ca_exact_add_dd(&window->sum, x);
	*slot = x;
	window->next = window->next + 1 == window->n ? 0 : window->next + 1;
}

static inline CaDD
ca_window_mean(const CaWindow *window)
{
	return ca_dd_div(ca_exact_value(&window->sum), ca_dd(window->n));
}

static inline void
ca_window_transfer(CaWindow *window, CaDD *ring, CaStream *stream)
{
	ca_stream_int(stream, &window->count, 0, window->n);
	ca_stream_int(stream, &window->next, 0, window->n - 1);
	ca_stream_sum(stream, &window->sum);
	for (int i = 0; i < window->count; i++)
		ca_stream_dd(stream, &ring[i]);
}

#endif /* CA_WINDOW_H */
