/*-------------------------------------------------------------------------
 *
 * price_queue.c
 *		The drawdown of a window of prices that slides, in constant time per
 *		price on average.
 *
 * Of two runs of prices, one after the other, the lowest drawdown is that of
 * either, or the lowest price of the second below the highest of the first.
 * So a price joins the run of the newer prices at once.  When the oldest one
 * leaves and there are no runs of older prices, all newer ones become older:
 * each gets the run from itself to the last of them.  A price is moved once.
 *
 * With a price below zero this does not hold, as a higher peak then makes a
 * drawdown smaller.  As long as there is one, all prices are looked at for
 * each result.  The values are those of drawdown.c to the bit.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/price_queue.h"

#include "analytics/kernel/below_peak.h"

static bool
is_above_zero(const CaPrice *price)
{
	return ca_price_dd(price).hi > 0.0;
}

static CaPriceRun
run_of(const CaPrice *price)
{
	CaPriceRun run = {*price, *price, 0.0, is_above_zero(price)};

	return run;
}

/* one run after the other */
static CaPriceRun
join_runs(const CaPriceRun *first, const CaPriceRun *second)
{
	CaPriceRun run = *first;

	if (ca_price_cmp(&second->highest, &run.highest) > 0)
		run.highest = second->highest;
	if (ca_price_cmp(&second->lowest, &run.lowest) < 0)
		run.lowest = second->lowest;
	run.known = first->known || second->known;
	if (second->known && second->drawdown < run.drawdown)
		run.drawdown = second->drawdown;
	if (is_above_zero(&first->highest))
	{
		double below = ca_below_peak(&second->lowest, &first->highest);

		if (below < run.drawdown)
			run.drawdown = below;
	}
	return run;
}

/*
 * Add the newest price; there is room.
 */
void
ca_price_queue_add(CaPriceQueue *queue, const CaPrice *price)
{
	CaPriceRun run = run_of(price);

	queue->fresh_run =
		queue->nnew == 0 ? run : join_runs(&queue->fresh_run, &run);
	queue->fresh[queue->nnew++] = *price;
	queue->negative += ca_price_dd(price).hi < 0.0;
}

/* let the newer prices become older */
static void
turn_parts(CaPriceQueue *queue)
{
	while (queue->nnew > 0)
	{
		const CaPrice *price = &queue->fresh[--queue->nnew];
		CaOldPrice *old = &queue->old[queue->nold];

		old->price = *price;
		old->run = run_of(price);
		if (queue->nold > 0)
			old->run = join_runs(&old->run, &queue->old[queue->nold - 1].run);
		queue->nold++;
	}
}

/*
 * Take the oldest price out; there is one.
 */
void
ca_price_queue_remove(CaPriceQueue *queue)
{
	if (queue->nold == 0)
		turn_parts(queue);
	queue->nold--;
	queue->negative -= ca_price_dd(&queue->old[queue->nold].price).hi < 0.0;
}

/* all prices as one run; there is one at least */
static CaPriceRun
whole_run(const CaPriceQueue *queue)
{
	if (queue->nold == 0)
		return queue->fresh_run;
	if (queue->nnew == 0)
		return queue->old[queue->nold - 1].run;
	return join_runs(&queue->old[queue->nold - 1].run, &queue->fresh_run);
}

/* all prices as one run that each joins after the one before */
static CaPriceRun
scanned_run(const CaPriceQueue *queue)
{
	CaPriceRun run = {0};
	bool begun = false;

	for (size_t i = 0; i < queue->nold + queue->nnew; i++)
	{
		const CaPrice *price = i < queue->nold
								   ? &queue->old[queue->nold - 1 - i].price
								   : &queue->fresh[i - queue->nold];
		CaPriceRun next = run_of(price);

		run = begun ? join_runs(&run, &next) : next;
		begun = true;
	}
	return run;
}

/*
 * The drawdown of the newest price; false when it is not known.
 */
bool
ca_price_queue_drawdown(const CaPriceQueue *queue, double *value)
{
	const CaPrice *last =
		queue->nnew > 0 ? &queue->fresh[queue->nnew - 1] : &queue->old[0].price;
	CaPriceRun run;

	if (queue->nold == 0 && queue->nnew == 0)
		return false;
	run = whole_run(queue);
	if (!is_above_zero(&run.highest))
		return false;
	*value = ca_below_peak(last, &run.highest);
	return true;
}

/*
 * The lowest drawdown; false when there is none.
 */
bool
ca_price_queue_max_drawdown(const CaPriceQueue *queue, double *value)
{
	CaPriceRun run;

	if (queue->nold == 0 && queue->nnew == 0)
		return false;
	run = queue->negative > 0 ? scanned_run(queue) : whole_run(queue);
	*value = run.drawdown;
	return run.known;
}
