/*-------------------------------------------------------------------------
 *
 * price_queue.h
 *		The drawdown of a window of prices that slides, in constant time per
 *		price on average.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_PRICE_QUEUE_H
#define CA_ANALYTICS_PRICE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "number/price.h"

/* what matters of prices that follow each other */
typedef struct CaPriceRun
{
	CaPrice highest;
	CaPrice lowest;
	double drawdown; /* the lowest, if it is known */
	bool known;      /* some peak is above zero */
} CaPriceRun;

/* a price, and the run from it to the end of its part */
typedef struct CaOldPrice
{
	CaPrice price;
	CaPriceRun run;
} CaOldPrice;

/*
 * The prices are in two parts.  Each of the older ones has a run; the newer
 * ones are as they came, with a run of them all.  Both arrays have room for
 * "capacity" elements.
 */
typedef struct CaPriceQueue
{
	size_t capacity;
	size_t nold;
	size_t nnew;
	size_t negative; /* prices below zero, in both parts */
	CaOldPrice *old; /* the oldest price is the last */
	CaPrice *fresh;
	CaPriceRun fresh_run; /* if nnew is not 0 */
} CaPriceQueue;

extern void ca_price_queue_add(CaPriceQueue *queue, const CaPrice *price);
extern void ca_price_queue_remove(CaPriceQueue *queue);
extern bool ca_price_queue_drawdown(const CaPriceQueue *queue, double *value);
extern bool ca_price_queue_max_drawdown(const CaPriceQueue *queue,
										double *value);

static inline bool
ca_price_queue_full(const CaPriceQueue *queue)
{
	return queue->nnew == queue->capacity;
}

#endif /* CA_ANALYTICS_PRICE_QUEUE_H */
