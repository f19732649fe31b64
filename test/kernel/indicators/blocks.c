/*-------------------------------------------------------------------------
 *
 * blocks.c
 *		Tests that blocks of bars give the same bits as the kernels bar by bar:
 *		every value of every bar, with the plain columns and kernels and with
 *		the fastest of this machine, and the state to continue from.  Prints
 *		TAP.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "indicators/kernel/bar_block.h"
#include "series.h"

#define BARS 30000
#define SEEDS 3

/*
 * the indicators of technical_indicators(), then extreme periods and
 * conventions
 */
static const CaRequest requests[] = {
	{&ca_rsi, {.periods = {7}}},
	{&ca_rsi, {.periods = {14}}},
	{&ca_sma, {.periods = {20}}},
	{&ca_sma, {.periods = {50}}},
	{&ca_sma, {.periods = {100}}},
	{&ca_sma, {.periods = {200}}},
	{&ca_ema, {.periods = {20}}},
	{&ca_ema, {.periods = {50}}},
	{&ca_ema, {.periods = {100}}},
	{&ca_ema, {.periods = {200}}},
	{&ca_macd, {.periods = {12, 26, 9}}},
	{&ca_bollinger, {.periods = {20}, .multiplier = 2}},
	{&ca_atr, {.periods = {14}}},
	{&ca_adx, {.periods = {14}}},
	{&ca_stochastic, {.periods = {14, 3, 3}}},
	{&ca_rsi, {.periods = {1}, .convention = CA_PANDAS}},
	{&ca_rsi, {.periods = {2}, .convention = CA_TRADINGVIEW}},
	{&ca_sma, {.periods = {1}}},
	{&ca_sma, {.periods = {3000}}},
	{&ca_sma, {.periods = {10000}}},
	{&ca_ema, {.periods = {1}}},
	{&ca_ema, {.periods = {2}, .convention = CA_PANDAS}},
	{&ca_macd, {.periods = {1, 2, 2}, .convention = CA_TRADINGVIEW}},
	{&ca_bollinger, {.periods = {1}, .multiplier = 2}},
	{&ca_bollinger, {.periods = {300}, .multiplier = 0.7}},
	{&ca_bollinger, {.periods = {5}, .multiplier = 0}},
	{&ca_bollinger, {.periods = {10000}, .multiplier = 2}},
	{&ca_atr, {.periods = {1}, .convention = CA_TRADINGVIEW}},
	{&ca_adx, {.periods = {1}, .convention = CA_PANDAS}},
	{&ca_adx, {.periods = {2}, .convention = CA_TRADINGVIEW}},
	{&ca_stochastic, {.periods = {1, 1, 1}}},
	{&ca_stochastic, {.periods = {128, 4, 2}}},
	{&ca_stochastic, {.periods = {200, 3, 3}}},
	{&ca_stochastic, {.periods = {5, 7, 3}}},
};

#define NREQUESTS ((int) (sizeof(requests) / sizeof(requests[0])))

/* the same with the fastest kernels of this machine */
static CaRequest fastest[NREQUESTS];

static int tests;
static int failures;

static void
ok(bool passed, const char *what, const char *series)
{
	tests++;
	failures += !passed;
	printf("%sok %d - %s: %s\n", passed ? "" : "not ", tests, series, what);
}

static void *
room(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
	{
		printf("Bail out! out of memory\n");
		exit(1);
	}
	return memory;
}

static CaSeriesIndicators *
new_indicators(const CaRequest *wanted)
{
	return ca_series_indicators_init(
		room(ca_series_indicators_size(wanted, NREQUESTS)), wanted, NREQUESTS);
}

/* whether the t-th bar of the block has the values of indicators that saw it alone */
static bool
same_values(const CaSeriesIndicators *indicators, const CaBarBlock *block,
			int t, int bar)
{
	for (int r = 0; r < NREQUESTS; r++)
	{
		CaValues values;
		bool warm = ca_series_indicators_values(indicators, r, &values);

		for (int v = 0; v < requests[r].indicator->nvalues; v++)
		{
			double value;
			bool given = ca_bar_block_value(block, r, v, t, &value);

			if (given == (warm && !values.undefined[v]) &&
				(!given ||
				 memcmp(&value, &values.value[v], sizeof(value)) == 0))
				continue;
			printf("# bar %d, request %d (%s), value %d: %a, not %a\n", bar, r,
				   requests[r].indicator->name, v, given ? value : 0.0,
				   values.value[v]);
			return false;
		}
	}
	return true;
}

/* mostly full blocks, others of any length */
static int
block_length(uint64_t *seed, int left)
{
	uint64_t draw = series_draw(seed);
	int length =
		draw % 3 == 0 ? 1 + (int) (draw / 3 % CA_BLOCK_BARS) : CA_BLOCK_BARS;

	return length < left ? length : left;
}

/* compares blocks of bars with bar by bar; afterwards both have seen all bars */
static bool
compare(CaSeriesIndicators *by_blocks, CaSeriesIndicators *by_bars,
		const CaColumns *columns, const CaBar *bars, int count, long *joined)
{
	void *memory = malloc(ca_bar_block_size(NREQUESTS));
	CaBarBlock *block = ca_bar_block_init(memory, columns);
	uint64_t seed = 20260101;
	bool same = memory != NULL;

	for (int i = 0, length; same && i < count; i += length)
	{
		length = block_length(&seed, count - i);
		ca_bar_block_run(by_blocks, block, &bars[i], length);
		for (int r = 0; r < NREQUESTS; r++)
			*joined += block->parts[r].joins;
		for (int t = 0; same && t < length; t++)
		{
			ca_series_indicators_update(by_bars, &bars[i + t]);
			same = same_values(by_bars, block, t, i + t);
		}
	}
	free(memory);
	return same;
}

/* copies a state into new indicators */
static bool
hand_over(CaSeriesIndicators *from, CaSeriesIndicators *to)
{
	CaStateStream stream = {.reading = false};
	unsigned char *bytes;

	ca_series_indicators_transfer(from, &stream);
	bytes = room(stream.at);
	stream = (CaStateStream){.reading = false, .data = bytes};
	ca_series_indicators_transfer(from, &stream);
	stream = (CaStateStream){.reading = true, .data = bytes, .size = stream.at};
	ca_series_indicators_transfer(to, &stream);
	free(bytes);
	return !stream.failed;
}

static void
test_series(SeriesKind kind, const CaRequest *wanted, const CaColumns *columns,
			const char *what)
{
	const char *name = series_names[kind];
	int half = BARS / 2 + 5;
	CaBar *bars = room(BARS * sizeof(CaBar));
	bool same = true;
	bool same_after = true;
	bool handed = true;
	long joined = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++)
	{
		CaSeriesIndicators *by_blocks = new_indicators(wanted);
		CaSeriesIndicators *by_bars = new_indicators(requests);
		CaSeriesIndicators *again = new_indicators(wanted);

		series_fill(kind, seed * 977 + (uint64_t) kind, bars, BARS);
		same &= compare(by_blocks, by_bars, columns, bars, half, &joined);
		handed &= hand_over(by_blocks, again);
		same_after &=
			compare(again, by_bars, columns, bars + half, BARS - half, &joined);
		free(by_blocks);
		free(by_bars);
		free(again);
	}
	free(bars);

	printf("# %s, %s: %.0f %% of what could went by columns\n", name, what,
		   100.0 * joined /
			   ((double) SEEDS * BARS / CA_BLOCK_BARS * NREQUESTS));
	ok(same, what, name);
	ok(handed && same_after, "the same with a state that was put away", name);
	if (kind == SERIES_CENTS)
		ok(joined > (long) SEEDS * BARS / CA_BLOCK_BARS * NREQUESTS / 2,
		   "most of it goes by columns", name);
}

int
main(void)
{
	memcpy(fastest, requests, sizeof(requests));
	for (int r = 0; r < NREQUESTS; r++)
		fastest[r].indicator = ca_cpu_indicator(requests[r].indicator);

	for (int kind = 0; kind < SERIES_KINDS; kind++)
	{
		test_series((SeriesKind) kind, requests, &ca_columns_plain,
					"blocks give the bits of bar by bar");
		if (ca_cpu_columns() != &ca_columns_plain)
			test_series((SeriesKind) kind, fastest, ca_cpu_columns(),
						"and with what this machine computes fastest");
	}
	printf("1..%d\n", tests);
	return failures != 0;
}
