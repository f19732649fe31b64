/*-------------------------------------------------------------------------
 *
 * candle.c
 *		The candle kernel.  Plain C.
 *
 * vwap is sum(price * volume) / sum(volume); a ready candle counts with its
 * typical price, (high + low + close) / 3.  A third is no finite decimal, so the
 * kernel keeps three times the notional, which is exact.  A published vwap must be
 * rounded, and rolling up rounded ones would lose digits at each step.  So a vwap
 * has as many decimals as it takes to recover the exact notional from it:
 *
 *		decimals = n + d + 2
 *
 * for n decimals in 3 * notional and d integer digits in the volume.  The error
 * of 3 * vwap * volume is then at most 3 * 10^d * 10^-(n+d+2) / 2, less than
 * 0.02 of its last decimal, and rounding to n decimals restores it.
 *
 *-------------------------------------------------------------------------
 */
#include "candle/kernel/candle.h"

#include <stddef.h>

/* decimals of a vwap beyond those of the notional and the volume's digits */
#define VWAP_GUARD_DECIMALS 2

/*
 * The most decimals of a vwap.  Notionals that need more are not recovered exactly;
 * no market quotes such prices.
 */
#define VWAP_MAX_DECIMALS 1000

static const CaDecimal zero = {{0}, 0, false};
static const CaDecimal three = {{3}, 0, false};

/* a candle of a single trade; volume is NULL when unknown */
void
ca_candle_from_trade(CaCandle *candle, const CaTick *tick,
					 const CaDecimal *volume)
{
	candle->open = *tick;
	candle->close = *tick;
	candle->high = tick->price;
	candle->low = tick->price;
	candle->has_volume = volume != NULL;
	candle->volume = zero;
	candle->notional3 = zero;
	candle->has_trades = true;
	candle->trades = 1;

	if (volume != NULL)
	{
		CaDecimal notional = ca_decimal_mul(&tick->price, volume);

		candle->volume = *volume;
		candle->notional3 = ca_decimal_mul(&notional, &three);
	}
}

/*
 * A candle from open, high, low and close; false when high is below or low is
 * above one of the others.  Its number of trades is unknown.
 */
bool
ca_candle_from_bar(CaCandle *candle, int64_t time, const CaDecimal prices[4],
				   const CaDecimal *volume)
{
	const CaDecimal *open = &prices[0];
	const CaDecimal *high = &prices[1];
	const CaDecimal *low = &prices[2];
	const CaDecimal *close = &prices[3];

	if (ca_decimal_cmp(high, open) < 0 || ca_decimal_cmp(high, close) < 0 ||
		ca_decimal_cmp(low, open) > 0 || ca_decimal_cmp(low, close) > 0)
		return false;

	candle->open.time = candle->close.time = time;
	candle->open.sequence = candle->close.sequence = 0;
	candle->open.has_sequence = candle->close.has_sequence = false;
	candle->open.price = *open;
	candle->close.price = *close;
	candle->high = *high;
	candle->low = *low;
	candle->has_volume = volume != NULL;
	candle->volume = zero;
	candle->notional3 = zero;
	candle->has_trades = false;
	candle->trades = 0;

	if (volume != NULL)
	{
		CaDecimal typical3 = ca_decimal_add(high, low);

		typical3 = ca_decimal_add(&typical3, close);
		candle->volume = *volume;
		candle->notional3 = ca_decimal_mul(&typical3, volume);
	}
	return true;
}

/* negative when a comes before b */
static int
tick_order(const CaTick *a, const CaTick *b)
{
	int order;

	if (ca_tick_order(a->time, a->has_sequence ? &a->sequence : NULL, b->time,
					  b->has_sequence, b->sequence, &order))
		return order;
	return ca_decimal_order(&a->price, &b->price);
}

/*
 * Merge the second candle into the first, by the rules of candle.h.
 */
void
ca_candle_merge(CaCandle *into, const CaCandle *from)
{
	if (tick_order(&from->open, &into->open) < 0)
		into->open = from->open;
	if (tick_order(&from->close, &into->close) > 0)
		into->close = from->close;
	if (ca_decimal_order(&from->high, &into->high) > 0)
		into->high = from->high;
	if (ca_decimal_order(&from->low, &into->low) < 0)
		into->low = from->low;

	if (from->has_volume)
	{
		into->has_volume = true;
		into->volume = ca_decimal_add(&into->volume, &from->volume);
		into->notional3 = ca_decimal_add(&into->notional3, &from->notional3);
	}
	into->has_trades = ca_trades_add(into->has_trades && from->has_trades,
									 &into->trades, from->trades);
}

/*
 * notional3 / (3 * volume); false when nothing was traded.
 */
bool
ca_candle_vwap(const CaCandle *candle, CaDecimal *vwap)
{
	CaDecimal notional3;
	CaDecimal volume3;
	int decimals;

	if (!candle->has_volume || ca_decimal_sign(&candle->volume) <= 0)
		return false;

	notional3 = ca_decimal_trim(&candle->notional3);
	volume3 = ca_decimal_mul(&candle->volume, &three);
	decimals = ca_decimal_scale(&notional3) +
			   ca_decimal_integer_digits(&candle->volume) + VWAP_GUARD_DECIMALS;
	if (decimals > VWAP_MAX_DECIMALS)
		decimals = VWAP_MAX_DECIMALS;
	*vwap = ca_decimal_div_round(&notional3, &volume3, decimals);
	return true;
}

/*
 * Set the notional of a candle, whose volume is known, from its vwap.
 *
 * A vwap made by ca_candle_vwap() gives back the notional that it was made from.
 * For any other the notional is vwap * volume.  Computing the vwap again tells which
 * of the two it is.
 */
void
ca_candle_set_vwap(CaCandle *candle, const CaDecimal *vwap)
{
	int decimals = ca_decimal_scale(vwap) - VWAP_GUARD_DECIMALS -
				   ca_decimal_integer_digits(&candle->volume);
	CaDecimal product = ca_decimal_mul(&candle->volume, vwap);
	CaDecimal again;

	product = ca_decimal_mul(&product, &three);
	if (decimals >= 0)
	{
		candle->notional3 = ca_decimal_round(&product, decimals);
		if (ca_candle_vwap(candle, &again) &&
			ca_decimal_order(&again, vwap) == 0)
			return;
	}
	candle->notional3 = product;
}
