/*-------------------------------------------------------------------------
 *
 * compare.c
 *		Tests the kernels of analytics against slow ones that keep all rows, on
 *		series of every kind: sums that slide and that are combined, breakouts,
 *		choppiness and tails; correlations.c has the rest.  Prints TAP.
 *
 *-------------------------------------------------------------------------
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analytics/kernel/breakout.h"
#include "analytics/kernel/ordered.h"
#include "analytics/kernel/price_queue.h"
#include "analytics/kernel/statistics.h"
#include "analytics/kernel/tail.h"
#include "indicators/kernel/bar_block.h"
#include "series.h"
#include "tap.h"

#define BARS 3000

/* ---- sums ---- */

/* the inputs of a statistic from two bars; prices become positive */
static void
statistic_inputs(const CaStatistic *statistic, const CaBar *bar,
				 const CaBar *before, CaDD *inputs)
{
	double close = ca_price_dd(&bar->close).hi;
	double last = ca_price_dd(&before->close).hi;

	for (int i = 0; i < statistic->ninputs; i++)
	{
		const CaPrice *price = i == 0   ? &bar->high
							   : i == 1 ? &bar->low
							   : i == 2 ? &bar->close
										: &before->close;

		if (statistic->are_prices)
			inputs[i] = ca_dd_add(ca_dd_abs(ca_price_dd(price)), ca_dd(1e-9));
		else if (i == 0)
			inputs[i] = ca_dd(close - last);
		else
			inputs[i] = ca_dd(fabs(last));
	}
}

/* the result over rows from .. to - 1, in this order or in the reverse one */
static bool
slow_statistic(const CaStatistic *statistic, const CaBar *bars, int from,
			   int to, bool reverse, double *value)
{
	CaStatisticSums sums = {0};
	CaDD inputs[CA_STATISTIC_INPUTS];

	for (int k = 0; k < to - from; k++)
	{
		int i = reverse ? to - 1 - k : from + k;

		statistic_inputs(statistic, &bars[i], &bars[i - 1], inputs);
		ca_statistic_add(statistic, &sums, inputs);
	}
	return sums.count > 0 &&
		   statistic->value((double) sums.count, 365.0, sums.sums, value);
}

/* a window of 30 rows that slides, against its rows backwards */
static bool
slides(const CaStatistic *statistic, const CaBar *bars)
{
	CaStatisticSums sums = {0};
	CaDD inputs[CA_STATISTIC_INPUTS];
	bool same = true;

	for (int i = 1; i < BARS; i++)
	{
		double fast = 0.0;
		double slow = 0.0;
		bool known;

		statistic_inputs(statistic, &bars[i], &bars[i - 1], inputs);
		ca_statistic_add(statistic, &sums, inputs);
		if (i > 30)
		{
			statistic_inputs(statistic, &bars[i - 30], &bars[i - 31], inputs);
			same &= ca_statistic_remove(statistic, &sums, inputs);
		}
		known = sums.count > 0 &&
				statistic->value((double) sums.count, 365.0, sums.sums, &fast);
		same &= known == slow_statistic(statistic, bars, i > 29 ? i - 29 : 1,
										i + 1, true, &slow);
		same &= !known || same_bits(fast, slow);
	}
	return same;
}

/* parts of every length, combined, against all rows */
static bool
combines(const CaStatistic *statistic, const CaBar *bars)
{
	CaStatisticSums whole = {0};
	CaDD inputs[CA_STATISTIC_INPUTS];
	double fast = 0.0;
	double slow = 0.0;

	for (int from = 1, part = 1; from < BARS; from += part, part++)
	{
		CaStatisticSums sums = {0};

		for (int i = from; i < from + part && i < BARS; i++)
		{
			statistic_inputs(statistic, &bars[i], &bars[i - 1], inputs);
			ca_statistic_add(statistic, &sums, inputs);
		}
		ca_statistic_combine(statistic, &whole, &sums);
	}
	if (whole.count == 0 ||
		!statistic->value((double) whole.count, 365.0, whole.sums, &fast))
		return !slow_statistic(statistic, bars, 1, BARS, false, &slow);
	return slow_statistic(statistic, bars, 1, BARS, false, &slow) &&
		   same_bits(fast, slow);
}

/* ---- breakouts ---- */

static int
signed_cmp(const CaPrice *a, const CaPrice *b, int sign)
{
	return sign * ca_price_cmp(a, b);
}

/* the bar whose high or low is the edge of the channel before bar t */
static int
slow_edge(const CaBar *bars, int t, int n, int sign)
{
	int edge = t - n;

	for (int i = t - n; i < t; i++)
	{
		const CaPrice *value = sign > 0 ? &bars[i].high : &bars[i].low;
		const CaPrice *best = sign > 0 ? &bars[edge].high : &bars[edge].low;

		/* the latest of equal ones */
		if (signed_cmp(value, best, sign) >= 0)
			edge = i;
	}
	return edge;
}

static bool
breaks_out(const CaBar *bars, int n)
{
	CaBreakouts state;
	void *rings = room(ca_breakouts_size(n));
	int last[2] = {-1, -1};
	bool same = true;

	ca_breakouts_init(&state, n, 10, 0.005, rings);
	for (int t = 0; t < BARS; t++)
	{
		CaBreakoutBar bar = {bars[t].high, bars[t].low, bars[t].close,
							 ca_price_from_dd(ca_dd(t % 7)), t % 11 != 0};
		CaBreakoutFacts facts;
		int direction = 0;

		ca_breakouts_update(&state, &bar, &facts);
		for (int way = 0; t >= n && way < 2; way++)
		{
			int sign = way == 0 ? 1 : -1;
			int edge = slow_edge(bars, t, n, sign);
			const CaPrice *level =
				sign > 0 ? &bars[edge].high : &bars[edge].low;

			if (signed_cmp(&bars[t].close, level, sign) <= 0)
				continue;
			direction = sign;
			same &= facts.level_bar == edge;
			same &= facts.fresh == (last[way] < 0 || last[way] < t - 10);
			last[way] = t;
			break;
		}
		same &= facts.known == (t >= n) && facts.direction == direction;
	}
	free(rings);
	return same;
}

/* ---- drawdowns ---- */

/* a window of prices that slides, against drawdown.c over its rows */
static bool
slides_down(const CaBar *bars, int width)
{
	CaOldPrice *old = room((width + 1) * sizeof(CaOldPrice));
	CaPrice *fresh = room((width + 1) * sizeof(CaPrice));
	CaPriceQueue queue = {.capacity = width + 1, .old = old, .fresh = fresh};
	bool same = true;

	for (int t = 0; t < BARS; t++)
	{
		void *state = room(ca_drawdown.size(NULL));
		CaValues last;
		CaValues lowest;
		double value = 0.0;
		bool known;

		ca_price_queue_add(&queue, &bars[t].close);
		if (t >= width)
			ca_price_queue_remove(&queue);
		for (int i = t < width ? 0 : t - width + 1; i <= t; i++)
			ca_drawdown.update(state, &bars[i].close);
		known = ca_drawdown.values(state, &last);
		ca_max_drawdown.values(state, &lowest);
		same &= ca_price_queue_drawdown(&queue, &value) == known &&
				(!known || same_bits(value, last.value[0]));
		same &= ca_price_queue_max_drawdown(&queue, &value) == known &&
				(!known || same_bits(value, lowest.value[0]));
		free(state);
	}
	free(old);
	free(fresh);
	return same;
}

/* ---- choppiness ---- */

static bool
slow_choppiness(const CaBar *bars, int t, int n, double *value)
{
	double sum = 0.0;
	double high = -HUGE_VAL;
	double low = HUGE_VAL;

	for (int i = t - n + 1; i <= t; i++)
	{
		double h = ca_price_dd(&bars[i].high).hi;
		double l = ca_price_dd(&bars[i].low).hi;
		double c = ca_price_dd(&bars[i - 1].close).hi;

		sum += fmax(h - l, fmax(fabs(h - c), fabs(l - c)));
		high = fmax(high, h);
		low = fmin(low, l);
	}
	*value = fmin(1.0, fmax(0.0, log10(sum / (high - low)) / log10(n)));
	return high > low;
}

static bool
is_choppy(const CaBar *bars, int n, double tolerance)
{
	CaParameters parameters = {.periods = {n}};
	void *state = room(ca_choppiness.size(&parameters));
	bool same = true;

	ca_choppiness.init(state, &parameters);
	for (int t = 0; t < BARS; t++)
	{
		CaPrice inputs[] = {bars[t].high, bars[t].low, bars[t].close};
		CaValues values;
		double slow = 0.0;
		bool known;

		ca_choppiness.update(state, inputs);
		known = ca_choppiness.values(state, &values);
		same &= known == (t >= n && slow_choppiness(bars, t, n, &slow));
		same &= !known || fabs(values.value[0] - slow) <= tolerance;
	}
	free(state);
	return same;
}

/* ---- tails ---- */

static int
compare_doubles(const void *a, const void *b)
{
	double x = *(const double *) a;
	double y = *(const double *) b;

	return (x > y) - (x < y);
}

static bool
has_tail(const CaBar *bars, int count, double cutoff)
{
	double *values = room(count * sizeof(double));
	double *sorted = room(count * sizeof(double));
	CaTail tail = ca_tail_at(count, cutoff);
	CaRankSearch search;
	double sum = 0.0;
	double mean;
	bool same;

	for (int i = 0; i < count; i++)
		sorted[i] = values[i] =
			ca_price_dd(&bars[i + 1].close).hi - ca_price_dd(&bars[i].close).hi;
	qsort(sorted, count, sizeof(double), compare_doubles);
	for (size_t i = 0; i <= tail.rank; i++)
		sum += sorted[i];

	ca_rank_start(&search, tail.rank);
	while (search.done < CA_RANK_PASSES)
		ca_rank_pass(&search, values, count);
	same = ca_rank_value(&search) == sorted[tail.rank];
	if (tail.rank + 1 < (size_t) count)
		same &= ca_rank_next(values, count, tail.rank, sorted[tail.rank]) ==
				sorted[tail.rank + 1];
	mean = ca_tail_mean(&tail, values, count, sorted[tail.rank]);
	same &= fabs(mean - sum / (tail.rank + 1)) <= 1e-10 * fabs(sum) + 1e-300;
	free(values);
	free(sorted);
	return same;
}

int
main(void)
{
	CaBar *bars = room(BARS * sizeof(CaBar));

	for (int kind = 0; kind < SERIES_KINDS; kind++)
	{
		const char *name = series_names[kind];
		bool slid = true;
		bool combined = true;
		bool broke = true;
		bool tailed = true;

		series_fill((SeriesKind) kind, 4711, bars, BARS);
		for (int s = 0; s < ca_nstatistics; s++)
		{
			slid &= slides(ca_statistics[s], bars);
			combined &= combines(ca_statistics[s], bars);
		}
		for (int n = 1; n <= 200; n = 3 * n + 1)
			broke &= breaks_out(bars, n);
		for (int count = 1; count < BARS; count = 3 * count + 1)
			for (int c = 0; c <= 20; c++)
				tailed &= has_tail(bars, count, c / 20.0);
		ok(slid, "sums that slide give the bits of a new start", name);
		ok(combined, "parts that are combined give the bits of the whole",
		   name);
		ok(broke, "channels are those that a scan finds", name);
		ok(tailed, "tails are those of sorted values", name);
		ok(slides_down(bars, 1) && slides_down(bars, 2) &&
			   slides_down(bars, 50),
		   "drawdowns that slide give the bits of a new start", name);
		/* doubles lose most of a move of a cent at 1e9 */
		if (kind == SERIES_CENTS || kind == SERIES_DUST || kind == SERIES_FLAT)
			ok(is_choppy(bars, 2, 1e-6) && is_choppy(bars, 14, 1e-6) &&
				   is_choppy(bars, 200, 1e-6),
			   "choppiness is that of a scan", name);
	}
	test_correlations();
	free(bars);
	return tap_end();
}
