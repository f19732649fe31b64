/*-------------------------------------------------------------------------
 *
 * candle.c
 *		The candle kernel.  Plain C.
 *
 * open and close are the prices of the earliest and the latest trade by time,
 * then sequence; a trade without a sequence comes before those with one, and
 * among trades that are equal so far the lower price is the earlier.
 *
 * vwap is sum(price * volume) / sum(volume), for ready candles with the typical
 * price (high + low + close) / 3.  A third is no finite decimal, so the kernel
 * keeps three times the notional, which is exact.  A published vwap has to be
 * rounded, and rolling rounded ones up would lose digits at each step; so vwap
 * is given with as many decimals as it takes to find the exact notional again:
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
 * The most decimals that a vwap is given.  Notionals that need more are not
 * found again exactly; no market quotes such prices.
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
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->has_sequence != b->has_sequence)
		return a->has_sequence ? 1 : -1;
	if (a->has_sequence && a->sequence != b->sequence)
		return a->sequence < b->sequence ? -1 : 1;
	return ca_decimal_order(&a->price, &b->price);
}

/*
 * Merge the second candle into the first.
 *
 * A candle whose number of trades is unknown makes the whole number unknown, and
 * so does one too large to be known.
 * Volumes that are unknown do not count.
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

	into->has_trades =
		into->has_trades && from->has_trades &&
		!__builtin_add_overflow(into->trades, from->trades, &into->trades);
	if (!into->has_trades)
		into->trades = 0;
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
 * Set the notional of a candle whose volume is known from its vwap.
 *
 * A vwap that ca_candle_vwap() made gives back the notional that it was made
 * of.  Any other stands for itself: the notional is vwap * volume.  Making the
 * vwap again tells one from the other.
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
