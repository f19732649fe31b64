/*-------------------------------------------------------------------------
 *
 * window.h
 *		The mean of the last n values, in constant time per value.
 *
 * The sum is exact, so it neither drifts nor depends on where the series
 * began.  As long as all values are e8 it is an integer; at the first one that
 * is not, the window switches to double-doubles for good.  A window of a few
 * double-doubles keeps no sum and adds them up each time.
 *
 * The values themselves are in a ring of n cells that the caller keeps,
 * because a state is one block of memory.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_WINDOW_H
#define CA_WINDOW_H

#include <stdbool.h>

#include "number/exactsum.h"
#include "indicators/kernel/state_stream.h"

/* up to this many double-doubles are added up each time */
#define CA_WINDOW_FEW 4

typedef union CaCell
{
	CaDD dd;
	int64_t e8;
} CaCell;

typedef struct CaWindow
{
	int n;
	int count; /* values in the window, at most n */
	int next;  /* where in the ring the next value goes */
	bool is_dd;
	int64_t e8_sum; /* unless is_dd */
	CaExactSum sum; /* if is_dd and n is more than a few */
} CaWindow;

static inline bool
ca_window_full(const CaWindow *window)
{
	return window->count == window->n;
}

/* the cell for the next value; in a full window it holds the oldest one */
static inline CaCell *
ca_window_advance(CaWindow *window, CaCell *ring)
{
	CaCell *cell = &ring[window->next];

	window->count += window->count < window->n;
	window->next = window->next + 1 == window->n ? 0 : window->next + 1;
	return cell;
}

static inline void
ca_window_update_dd(CaWindow *window, CaCell *ring, CaDD x)
{
	bool full = ca_window_full(window);
	CaCell *cell = ca_window_advance(window, ring);

	if (window->n > CA_WINDOW_FEW)
	{
		if (full)
			ca_exact_add_dd(&window->sum, ca_dd_neg(cell->dd));
		ca_exact_add_dd(&window->sum, x);
	}
	cell->dd = x;
}

/* switch from integers to double-doubles */
static inline void
ca_window_turn(CaWindow *window, CaCell *ring)
{
	for (int i = 0; i < window->count; i++)
	{
		ring[i].dd = ca_dd_from_e8(ring[i].e8);
		if (window->n > CA_WINDOW_FEW)
			ca_exact_add_dd(&window->sum, ring[i].dd);
	}
	window->e8_sum = 0;
	window->is_dd = true;
}

static inline void
ca_window_update(CaWindow *window, CaCell *ring, const CaPrice *x)
{
	if (!window->is_dd && !x->is_e8)
		ca_window_turn(window, ring);
	if (window->is_dd)
		ca_window_update_dd(window, ring, ca_price_dd(x));
	else
	{
		int64_t gone = ca_window_full(window) ? ring[window->next].e8 : 0;
		CaCell *cell = ca_window_advance(window, ring);

		window->e8_sum += x->e8 - gone;
		cell->e8 = x->e8;
	}
}

/* of a window that is full and holds double-doubles */
static inline CaDD
ca_window_mean_dd(const CaWindow *window, const CaCell *ring)
{
	CaDD sum;

	if (window->n > CA_WINDOW_FEW)
		sum = ca_exact_value(&window->sum);
	else
	{
		/* from the oldest on */
		sum = ring[window->next].dd;
		for (int i = window->next + 1; i < window->n; i++)
			sum = ca_dd_add_quick(sum, ring[i].dd);
		for (int i = 0; i < window->next; i++)
			sum = ca_dd_add_quick(sum, ring[i].dd);
	}
	return ca_dd_div_double(sum, window->n);
}

/* what divides a sum of e8 values; below 2^53 */
static inline double
ca_window_divisor(const CaWindow *window)
{
	return window->n * CA_E8_ONE;
}

/* whether a sum is exact as a double */
static inline bool
ca_window_sum_is_double(int64_t sum)
{
	const int64_t limit = (int64_t) 1 << 53;

	return (sum < limit) & (sum > -limit);
}

/* the mean of e8 values of this sum, correctly rounded */
static inline double
ca_window_mean_of(const CaWindow *window, int64_t sum)
{
	double divisor = ca_window_divisor(window);

	if (ca_window_sum_is_double(sum))
		return (double) sum / divisor;
	return ca_dd_ratio(ca_dd_from_int64(sum), ca_dd(divisor));
}

/* of a window that is full */
static inline double
ca_window_mean(const CaWindow *window, const CaCell *ring)
{
	if (window->is_dd)
		return ca_dd_to_double(ca_window_mean_dd(window, ring));
	return ca_window_mean_of(window, window->e8_sum);
}

/*
 * Update a full window of e8 values "count" times: gives the sum after each
 * update, and the value that left the window.
 */
static inline void
ca_window_run(CaWindow *window, CaCell *ring, const int64_t *e8, int64_t *sums,
			  int64_t *gone, int count)
{
	int next = window->next;
	int64_t sum = window->e8_sum;

	for (int done = 0; done < count;)
	{
		int end = done + window->n - next;

		if (end > count)
			end = count;
		for (; done < end; done++, next++)
		{
			gone[done] = ring[next].e8;
			sum += e8[done] - gone[done];
			ring[next].e8 = e8[done];
			sums[done] = sum;
		}
		next = next == window->n ? 0 : next;
	}
	window->next = next;
	window->e8_sum = sum;
}

static inline void
ca_window_transfer(CaWindow *window, CaCell *ring, CaStateStream *stream)
{
	ca_state_stream_int(stream, &window->count, 0, window->n);
	ca_state_stream_int(stream, &window->next, 0, window->n - 1);
	ca_state_stream_bool(stream, &window->is_dd);
	ca_state_stream_int64(stream, &window->e8_sum, -window->n * CA_E8_LIMIT,
						  window->n * CA_E8_LIMIT);
	ca_state_stream_sum(stream, &window->sum);
	for (int i = 0; i < window->count; i++)
		if (window->is_dd)
			ca_state_stream_dd(stream, &ring[i].dd);
		else
			ca_state_stream_int64(stream, &ring[i].e8, -CA_E8_LIMIT,
								  CA_E8_LIMIT);
}

#endif /* CA_WINDOW_H */
