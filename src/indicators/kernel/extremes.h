/*-------------------------------------------------------------------------
 *
 * extremes.h
 *		The highest or the lowest of the last k values, in constant time per
 *		value on average.
 *
 * The queue has the values that can still become the extreme: each exceeds all
 * after it, so the first one is the extreme.  They are in a ring of k elements
 * that the caller keeps, because a state is one block of memory.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_EXTREMES_H
#define CA_EXTREMES_H

#include <stdint.h>

#include "number/price.h"

typedef struct CaExtreme
{
	int64_t bar;
	CaPrice value;
} CaExtreme;

/* a queue in a ring; its first element is the extreme of the last k bars */
typedef struct CaExtremeQueue
{
	int first;
	int count;
} CaExtremeQueue;

/* the place in a ring of k of the queue's i-th element, for i < k */
static inline int
ca_extreme_place(const CaExtremeQueue *queue, int i, int k)
{
	int place = queue->first + i;

	return place < k ? place : place - k;
}

/*
 * Add a value, and remove those that can no longer be the extreme: those older
 * than k bars, and those that the new value exceeds.  "sign" is 1 for the
 * highest, -1 for the lowest.
 */
static inline const CaPrice *
ca_extreme_update(CaExtremeQueue *queue, CaExtreme *ring, int k, int64_t bar,
				  const CaPrice *value, int sign)
{
	if (queue->count > 0 && ring[queue->first].bar <= bar - k)
	{
		queue->first = queue->first + 1 == k ? 0 : queue->first + 1;
		queue->count--;
	}
	while (queue->count > 0)
	{
		int last = ca_extreme_place(queue, queue->count - 1, k);

		if (sign * ca_price_cmp(&ring[last].value, value) > 0)
			break;
		queue->count--;
	}
	ring[ca_extreme_place(queue, queue->count, k)] = (CaExtreme){bar, *value};
	queue->count++;
	return &ring[queue->first].value;
}

#endif /* CA_EXTREMES_H */
