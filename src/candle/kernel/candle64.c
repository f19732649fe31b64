/*-------------------------------------------------------------------------
 *
 * candle64.c
 *		Rows merged into a candle of small decimals.  Plain C.
 *
 * The rules are those of candle.h, and the sums have the scales that
 * ca_candle_merge() gives them.  A row whose sums overflow is refused before
 * anything has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "candle/kernel/candle64.h"

#include <stddef.h>

static bool
price_from_decimal(const CaDecimal *decimal, int64_t *value, uint8_t *scale)
{
	CaDecimal64 small;

	if (!ca_decimal64_from_decimal(decimal, &small))
		return false;
	*value = small.value;
	*scale = (uint8_t) small.scale;
	return true;
}

static bool
sum_from_decimal(const CaDecimal *decimal, CaInt128 *value, uint8_t *scale)
{
	if (decimal->is_wide || decimal->scale < 0 || decimal->scale > UINT8_MAX)
		return false;
	*value = decimal->u.fixed;
	*scale = (uint8_t) decimal->scale;
	return true;
}

/* false, and candle64 unchanged, when the candle does not fit */
bool
ca_candle64_from_candle(CaCandle64 *candle64, const CaCandle *candle)
{
	CaCandle64 c = {0};

	if (!price_from_decimal(&candle->open.price, &c.open, &c.open_scale) ||
		!price_from_decimal(&candle->high, &c.high, &c.high_scale) ||
		!price_from_decimal(&candle->low, &c.low, &c.low_scale) ||
		!price_from_decimal(&candle->close.price, &c.close, &c.close_scale) ||
		!sum_from_decimal(&candle->volume, &c.volume, &c.volume_scale) ||
		!sum_from_decimal(&candle->notional3, &c.notional3, &c.notional3_scale))
		return false;

	c.open_time = candle->open.time;
	c.close_time = candle->close.time;
	c.open_sequence = candle->open.sequence;
	c.close_sequence = candle->close.sequence;
	c.open_has_sequence = candle->open.has_sequence;
	c.close_has_sequence = candle->close.has_sequence;
	c.has_volume = candle->has_volume;
	c.has_trades = candle->has_trades;
	c.trades = candle->trades;
	*candle64 = c;
	return true;
}

void
ca_candle64_to_candle(const CaCandle64 *candle64, CaCandle *candle)
{
	candle->open.time = candle64->open_time;
	candle->open.sequence = candle64->open_sequence;
	candle->open.has_sequence = candle64->open_has_sequence;
	candle->open.price = ca_decimal_fixed(candle64->open, candle64->open_scale);
	candle->close.time = candle64->close_time;
	candle->close.sequence = candle64->close_sequence;
	candle->close.has_sequence = candle64->close_has_sequence;
	candle->close.price =
		ca_decimal_fixed(candle64->close, candle64->close_scale);
	candle->high = ca_decimal_fixed(candle64->high, candle64->high_scale);
	candle->low = ca_decimal_fixed(candle64->low, candle64->low_scale);
	candle->has_volume = candle64->has_volume;
	candle->volume = ca_decimal_fixed(candle64->volume, candle64->volume_scale);
	candle->notional3 =
		ca_decimal_fixed(candle64->notional3, candle64->notional3_scale);
	candle->has_trades = candle64->has_trades;
	candle->trades = candle64->trades;
}

/*
 * Start a candle with the prices of a row, which the caller then merges into it.
 */
void
ca_candle64_start(CaCandle64 *candle, int64_t time, const CaDecimal64 prices[4])
{
	CaCandle64 c = {0};

	c.open_time = c.close_time = time;
	c.open = prices[0].value;
	c.high = prices[1].value;
	c.low = prices[2].value;
	c.close = prices[3].value;
	c.open_scale = (uint8_t) prices[0].scale;
	c.high_scale = (uint8_t) prices[1].scale;
	c.low_scale = (uint8_t) prices[2].scale;
	c.close_scale = (uint8_t) prices[3].scale;
	*candle = c;
}

/* sum += value at the larger of the two scales; false when it does not fit */
static inline bool
add_fixed(CaInt128 *sum, int *sum_scale, CaInt128 value, int scale)
{
	CaDecimal a;
	CaDecimal b;

	if (*sum_scale == scale)
		return !__builtin_add_overflow(*sum, value, sum);

	a = ca_decimal_fixed(*sum, *sum_scale);
	b = ca_decimal_fixed(value, scale);
	a = ca_decimal_add(&a, &b);
	*sum = a.u.fixed;
	*sum_scale = a.scale;
	return !a.is_wide;
}

/* the candle's sums with these added; false when one does not fit */
static inline bool
add_traded(const CaCandle64 *candle, const CaTraded *traded, CaTraded *sum)
{
	sum->volume = candle->volume;
	sum->volume_scale = candle->volume_scale;
	sum->notional3 = candle->notional3;
	sum->notional3_scale = candle->notional3_scale;
	return add_fixed(&sum->volume, &sum->volume_scale, traded->volume,
					 traded->volume_scale) &&
		   add_fixed(&sum->notional3, &sum->notional3_scale, traded->notional3,
					 traded->notional3_scale);
}

/*
 * The candle's sums with those of a row added.  price3 at its scale is three times
 * the price that the volume is weighted with.
 */
static inline bool
add_weighted(const CaCandle64 *candle, int64_t price3, int scale,
			 const CaDecimal64 *volume, CaTraded *sum)
{
	CaTraded traded = {volume->value, 0, volume->scale, scale + volume->scale};

	return !__builtin_mul_overflow(price3, volume->value, &traded.notional3) &&
		   add_traded(candle, &traded, sum);
}

static inline void
set_traded(CaCandle64 *candle, const CaTraded *sum)
{
	candle->has_volume = true;
	candle->volume = sum->volume;
	candle->volume_scale = (uint8_t) sum->volume_scale;
	candle->notional3 = sum->notional3;
	candle->notional3_scale = (uint8_t) sum->notional3_scale;
}

/* negative when the row's tick comes before the candle's */
static inline int
tick_order(int64_t time, const int64_t *sequence, const CaDecimal64 *price,
		   int64_t other_time, bool other_has_sequence, int64_t other_sequence,
		   const CaDecimal64 *other_price)
{
	int order;

	if (ca_tick_order(time, sequence, other_time, other_has_sequence,
					  other_sequence, &order))
		return order;
	return ca_decimal64_order(price, other_price);
}

/* merge prices from "time" to "end", which cannot fail; sequence may be NULL */
static inline void
add_prices(CaCandle64 *candle, int64_t time, int64_t end,
		   const int64_t *sequence, const CaDecimal64 *open,
		   const CaDecimal64 *high, const CaDecimal64 *low,
		   const CaDecimal64 *close)
{
	CaDecimal64 first = {candle->open, candle->open_scale};
	CaDecimal64 highest = {candle->high, candle->high_scale};
	CaDecimal64 lowest = {candle->low, candle->low_scale};
	CaDecimal64 last = {candle->close, candle->close_scale};

	if (tick_order(time, sequence, open, candle->open_time,
				   candle->open_has_sequence, candle->open_sequence,
				   &first) < 0)
	{
		candle->open_time = time;
		candle->open_has_sequence = sequence != NULL;
		candle->open_sequence = sequence != NULL ? *sequence : 0;
		candle->open = open->value;
		candle->open_scale = (uint8_t) open->scale;
	}
	if (tick_order(end, sequence, close, candle->close_time,
				   candle->close_has_sequence, candle->close_sequence,
				   &last) > 0)
	{
		candle->close_time = end;
		candle->close_has_sequence = sequence != NULL;
		candle->close_sequence = sequence != NULL ? *sequence : 0;
		candle->close = close->value;
		candle->close_scale = (uint8_t) close->scale;
	}
	if (ca_decimal64_order(high, &highest) > 0)
	{
		candle->high = high->value;
		candle->high_scale = (uint8_t) high->scale;
	}
	if (ca_decimal64_order(low, &lowest) < 0)
	{
		candle->low = low->value;
		candle->low_scale = (uint8_t) low->scale;
	}
}

/* (high + low + close) at the largest of their scales; false when too large */
static inline bool
typical3(const CaDecimal64 prices[4], int64_t *value, int *scale)
{
	int64_t high = prices[1].value;
	int64_t low = prices[2].value;
	int64_t close = prices[3].value;

	*scale = prices[1].scale;
	if (prices[2].scale != *scale || prices[3].scale != *scale)
	{
		for (int i = 2; i < 4; i++)
			if (prices[i].scale > *scale)
				*scale = prices[i].scale;
		if (!ca_decimal64_rescale(&prices[1], *scale, &high) ||
			!ca_decimal64_rescale(&prices[2], *scale, &low) ||
			!ca_decimal64_rescale(&prices[3], *scale, &close))
			return false;
	}
	return !__builtin_add_overflow(high, low, value) &&
		   !__builtin_add_overflow(*value, close, value);
}

/*
 * Merge a ready candle: open, high, low, close; volume is NULL when unknown.
 *
 * False, and nothing changed, when a sum does not fit, when high or low does
 * not bound the others or when the volume is negative.
 */
bool
ca_candle64_add_bar(CaCandle64 *candle, int64_t time,
					const CaDecimal64 prices[4], const CaDecimal64 *volume)
{
	CaTraded sum;

	if (ca_decimal64_cmp(&prices[1], &prices[0]) < 0 ||
		ca_decimal64_cmp(&prices[1], &prices[3]) < 0 ||
		ca_decimal64_cmp(&prices[2], &prices[0]) > 0 ||
		ca_decimal64_cmp(&prices[2], &prices[3]) > 0)
		return false;
	if (volume != NULL)
	{
		int64_t price3;
		int scale;

		if (volume->value < 0 || !typical3(prices, &price3, &scale) ||
			!add_weighted(candle, price3, scale, volume, &sum))
			return false;
		set_traded(candle, &sum);
	}
	add_prices(candle, time, time, NULL, &prices[0], &prices[1], &prices[2],
			   &prices[3]);
	candle->has_trades = ca_trades_add(false, &candle->trades, 0);
	return true;
}

/*
 * Merge the candle of a run of ready candles from "time" to "end"; traded is NULL
 * when none of them has a volume.  False, and nothing changed, when a sum does not
 * fit.
 */
bool
ca_candle64_add_run(CaCandle64 *candle, int64_t time, int64_t end,
					const CaDecimal64 prices[4], const CaTraded *traded)
{
	CaTraded sum;

	if (traded != NULL)
	{
		if (!add_traded(candle, traded, &sum))
			return false;
		set_traded(candle, &sum);
	}
	add_prices(candle, time, end, NULL, &prices[0], &prices[1], &prices[2],
			   &prices[3]);
	candle->has_trades = ca_trades_add(false, &candle->trades, 0);
	return true;
}

/*
 * Merge a trade; sequence and volume are NULL when unknown.  False, and nothing
 * changed, when a sum does not fit or when the volume is negative.
 */
bool
ca_candle64_add_trade(CaCandle64 *candle, int64_t time, const int64_t *sequence,
					  const CaDecimal64 *price, const CaDecimal64 *volume)
{
	int64_t price3;
	CaTraded sum;

	if (volume != NULL)
	{
		if (volume->value < 0 ||
			__builtin_mul_overflow(price->value, (int64_t) 3, &price3) ||
			!add_weighted(candle, price3, price->scale, volume, &sum))
			return false;
		set_traded(candle, &sum);
	}
	add_prices(candle, time, time, sequence, price, price, price, price);
	if (!ca_trades_add(candle->has_trades, &candle->trades, 1))
		candle->has_trades = false;
	return true;
}
