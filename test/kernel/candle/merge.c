/*-------------------------------------------------------------------------
 *
 * merge.c
 *		Tests that a CaCandle64 merges rows as ca_candle_merge() does, and that
 *		a merge depends neither on the order nor on the grouping of candles.
 *		Prints TAP.
 *
 * Rows are drawn from a seed: trades and ready candles of few and of many digits, at
 * equal times and sequences, with and without volumes, as large as 64 bits allow.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "candle/kernel/candle64.h"

#define SERIES 2000
#define ROWS 200
#define RUN 4

/* the wide form, which here only records that a number does not fit */
static CaDecimal
wide(void)
{
	CaDecimal decimal = {{0}, 0, true};

	return decimal;
}

CaDecimal
ca_wide_add(const CaDecimal *a, const CaDecimal *b)
{
	(void) a;
	(void) b;
	return wide();
}

CaDecimal
ca_wide_mul(const CaDecimal *a, const CaDecimal *b)
{
	return ca_wide_add(a, b);
}

/* by integer parts, then by 18 decimals; only where integers have 64 bits */
int
ca_wide_cmp(const CaDecimal *a, const CaDecimal *b)
{
	const CaDecimal *sides[] = {a, b};
	int64_t whole[2];
	int64_t rest[2];

	for (int i = 0; i < 2; i++)
	{
		int64_t one;

		if (sides[i]->is_wide || sides[i]->scale > CA_DECIMAL64_SCALE)
			abort();
		one = ca_decimal64_pow10[sides[i]->scale];
		whole[i] = (int64_t) sides[i]->u.fixed / one;
		rest[i] = (int64_t) sides[i]->u.fixed % one *
				  ca_decimal64_pow10[CA_DECIMAL64_SCALE - sides[i]->scale];
	}
	if (whole[0] != whole[1])
		return whole[0] < whole[1] ? -1 : 1;
	return rest[0] < rest[1] ? -1 : rest[0] > rest[1];
}

/* merging does not call these */
CaDecimal
ca_wide_trim(const CaDecimal *a)
{
	(void) a;
	abort();
}

CaDecimal
ca_wide_round(const CaDecimal *a, int scale)
{
	(void) a;
	(void) scale;
	abort();
}

CaDecimal
ca_wide_div_round(const CaDecimal *a, const CaDecimal *b, int scale)
{
	(void) a;
	(void) b;
	(void) scale;
	abort();
}

int
ca_wide_scale(const CaDecimal *a)
{
	(void) a;
	abort();
}

int
ca_wide_integer_digits(const CaDecimal *a)
{
	(void) a;
	abort();
}

static uint64_t seed = 20260101;
static int tests;
static int failures;

static void
ok(bool passed, const char *what)
{
	tests++;
	failures += !passed;
	printf("%sok %d - %s\n", passed ? "" : "not ", tests, what);
}

/* a number below n; xorshift */
static uint64_t
draw(uint64_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed % n;
}

/* few different numbers, so that many are equal; rarely very large ones */
static CaDecimal64
draw_decimal(bool negative)
{
	CaDecimal64 decimal = {(int64_t) draw(5), (int32_t) draw(4)};

	switch (draw(8))
	{
		case 0:
			decimal.value = (int64_t) draw((uint64_t) INT64_MAX);
			decimal.scale = (int32_t) draw(CA_DECIMAL64_SCALE + 1);
			break;
		case 1:
			decimal.value = (int64_t) draw(1000000000);
			break;
		default:
			decimal.value *= ca_decimal64_pow10[decimal.scale];
			break;
	}
	if (negative && draw(4) == 0)
		decimal.value = -decimal.value;
	return decimal;
}

/* a row, for both kernels */
typedef struct Row
{
	bool is_trade;
	int64_t time;
	int64_t sequence;
	bool has_sequence;
	bool has_volume;
	CaDecimal64 prices[4]; /* a trade has the first */
	CaDecimal64 volume;
} Row;

static Row
draw_row(bool is_trade)
{
	Row row = {.is_trade = is_trade,
			   .time = (int64_t) draw(6),
			   .sequence = (int64_t) draw(3),
			   .has_sequence = is_trade && draw(2) == 0,
			   .has_volume = draw(4) != 0};

	for (int i = 0; i < 4; i++)
		row.prices[i] = draw_decimal(true);
	row.volume = draw_decimal(draw(4) == 0);
	/* high and low bound the others, mostly */
	for (int i = 0; draw(8) != 0 && i < 4; i++)
	{
		if (ca_decimal64_cmp(&row.prices[i], &row.prices[1]) > 0)
			row.prices[1] = row.prices[i];
		if (ca_decimal64_cmp(&row.prices[i], &row.prices[2]) < 0)
			row.prices[2] = row.prices[i];
	}
	return row;
}

static CaDecimal
decimal_of(const CaDecimal64 *small)
{
	return ca_decimal_fixed(small->value, small->scale);
}

/* false when a ready candle is invalid */
static bool
row_candle(const Row *row, CaCandle *candle)
{
	CaDecimal volume = decimal_of(&row->volume);
	CaDecimal prices[4];

	for (int i = 0; i < 4; i++)
		prices[i] = decimal_of(&row->prices[i]);
	if (row->is_trade)
	{
		CaTick tick = {row->time, row->sequence, row->has_sequence, prices[0]};

		ca_candle_from_trade(candle, &tick, row->has_volume ? &volume : NULL);
		return true;
	}
	return ca_candle_from_bar(candle, row->time, prices,
							  row->has_volume ? &volume : NULL);
}

static bool
add_row(CaCandle64 *candle, const Row *row)
{
	const CaDecimal64 *volume = row->has_volume ? &row->volume : NULL;

	if (row->is_trade)
		return ca_candle64_add_trade(candle, row->time,
									 row->has_sequence ? &row->sequence : NULL,
									 &row->prices[0], volume);
	return ca_candle64_add_bar(candle, row->time, row->prices, volume);
}

static bool
same_decimal(const CaDecimal *a, const CaDecimal *b)
{
	return a->is_wide == b->is_wide &&
		   (a->is_wide || (a->u.fixed == b->u.fixed && a->scale == b->scale));
}

static bool
same_tick(const CaTick *a, const CaTick *b)
{
	return a->time == b->time && a->has_sequence == b->has_sequence &&
		   (!a->has_sequence || a->sequence == b->sequence) &&
		   same_decimal(&a->price, &b->price);
}

static bool
same_candle(const CaCandle *a, const CaCandle *b)
{
	return same_tick(&a->open, &b->open) && same_tick(&a->close, &b->close) &&
		   same_decimal(&a->high, &b->high) && same_decimal(&a->low, &b->low) &&
		   a->has_volume == b->has_volume &&
		   same_decimal(&a->volume, &b->volume) &&
		   same_decimal(&a->notional3, &b->notional3) &&
		   a->has_trades == b->has_trades && a->trades == b->trades;
}

static bool
holds(const CaCandle64 *small, const CaCandle *candle)
{
	CaCandle same;

	ca_candle64_to_candle(small, &same);
	return same_candle(&same, candle);
}

/* a candle in both forms, from the first row that both kernels accept */
static void
draw_candle(bool is_trade, CaCandle *candle, CaCandle64 *small)
{
	Row row;

	do
		row = draw_row(is_trade);
	while (row.volume.value < 0 || !row_candle(&row, candle) ||
		   !ca_candle64_from_candle(small, candle));
	if (is_trade && draw(8) == 0)
		small->trades = candle->trades = INT64_MAX - (int64_t) draw(20);
}

/* rows merged by both kernels; a row that one refuses must leave it unchanged */
static void
test_rows(void)
{
	bool same = true;
	bool unchanged = true;
	long taken = 0;
	long refused = 0;

	for (int series = 0; series < SERIES; series++)
	{
		bool trades = series % 3 != 0;
		CaCandle candle;
		CaCandle64 small;

		draw_candle(trades, &candle, &small);
		for (int i = 0; i < ROWS; i++)
		{
			Row row = draw_row(series % 3 == 1 ? draw(8) != 0 : trades);
			CaCandle merged = candle;
			CaCandle one;

			if (!row_candle(&row, &one) ||
				(row.has_volume && row.volume.value < 0))
			{
				unchanged &= !add_row(&small, &row) && holds(&small, &candle);
				continue;
			}
			ca_candle_merge(&merged, &one);
			if (add_row(&small, &row))
			{
				taken++;
				same &= holds(&small, &merged);
				candle = merged;
			}
			else
			{
				refused++;
				unchanged &= holds(&small, &candle);
			}
		}
	}
	printf("# %ld rows taken, %ld refused\n", taken, refused);
	ok(same, "a CaCandle64 has what ca_candle_merge() gives");
	ok(unchanged, "a row that it refuses leaves it unchanged");
	ok(taken > refused, "it takes most rows");
	ok(refused > 0, "it refuses some");
}

/* the arguments of a run of ready candles, from their merge */
static bool
make_run(const CaCandle *run, CaDecimal64 prices[4], CaTraded *traded)
{
	if (!ca_decimal64_from_decimal(&run->open.price, &prices[0]) ||
		!ca_decimal64_from_decimal(&run->high, &prices[1]) ||
		!ca_decimal64_from_decimal(&run->low, &prices[2]) ||
		!ca_decimal64_from_decimal(&run->close.price, &prices[3]) ||
		run->volume.is_wide || run->notional3.is_wide)
		return false;
	traded->volume = run->volume.u.fixed;
	traded->volume_scale = run->volume.scale;
	traded->notional3 = run->notional3.u.fixed;
	traded->notional3_scale = run->notional3.scale;
	return true;
}

static void
test_runs(void)
{
	bool same = true;
	bool unchanged = true;
	long taken = 0;

	for (int i = 0; i < SERIES * ROWS / RUN; i++)
	{
		CaCandle candle;
		CaCandle64 small;
		CaCandle run;
		CaCandle64 ignored;
		CaDecimal64 prices[4];
		CaTraded traded;

		draw_candle(draw(2) == 0, &candle, &small);
		draw_candle(false, &run, &ignored);
		for (int k = 1; k < RUN; k++)
		{
			CaCandle next;

			draw_candle(false, &next, &ignored);
			next.open.time = next.close.time = run.close.time + 1;
			ca_candle_merge(&run, &next);
		}
		if (!make_run(&run, prices, &traded))
			continue;
		if (ca_candle64_add_run(&small, run.open.time, run.close.time, prices,
								run.has_volume ? &traded : NULL))
		{
			taken++;
			ca_candle_merge(&candle, &run);
			same &= holds(&small, &candle);
		}
		else
			unchanged &= holds(&small, &candle);
	}
	printf("# %ld runs taken\n", taken);
	ok(same, "a run of ready candles is merged like its candles");
	ok(unchanged, "a run that is refused leaves the candle unchanged");
	ok(taken > SERIES, "most runs are taken");
}

static bool
is_wide(const CaCandle *candle)
{
	return candle->volume.is_wide || candle->notional3.is_wide;
}

/* order and grouping, except of wide sums, which have no value here */
static void
test_merge(void)
{
	bool commutative = true;
	bool associative = true;

	for (int i = 0; i < SERIES * ROWS / 4; i++)
	{
		CaCandle c[3];
		CaCandle64 ignored;
		CaCandle left;
		CaCandle right;

		for (int k = 0; k < 3; k++)
			draw_candle(draw(2) == 0, &c[k], &ignored);
		left = c[0];
		right = c[1];
		ca_candle_merge(&left, &c[1]);
		ca_candle_merge(&right, &c[0]);
		commutative &= is_wide(&left) || same_candle(&left, &right);

		right = c[1];
		ca_candle_merge(&left, &c[2]);
		ca_candle_merge(&right, &c[2]);
		ca_candle_merge(&right, &c[0]);
		associative &=
			is_wide(&left) || is_wide(&right) || same_candle(&left, &right);
	}
	ok(commutative, "the order of two candles does not matter");
	ok(associative, "the grouping of three candles does not matter");
}

int
main(void)
{
	test_rows();
	test_runs();
	test_merge();
	printf("1..%d\n", tests);
	return failures != 0;
}
