/*-------------------------------------------------------------------------
 *
 * prices.c
 *		Open, high, low and close, each as a difference to another.  Plain C.
 *
 * The prices are integers of one scale; high is at least open and close, and low is
 * at most those.  All arithmetic is modulo 2^64.
 *
 *		scale	one byte
 *		first	the first open (signed)
 *		factor	a varint; 0 says that all prices equal the first, and nothing
 *				follows
 *		blocks	all opens except the first, closes, highs, lows:
 *
 *		open  = previous close + factor * unzigzag(u)
 *		close = open + factor * unzigzag(u)
 *		high  = max(open, close) + factor * u
 *		low   = min(open, close) - factor * u
 *
 * factor is the largest that divides all differences.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/prices.h"

#include "segment/codec/blocks.h"
#include "segment/codec/gcd.h"

/* differences, then the numbers u */
typedef struct Differences
{
	uint64_t open[CA_SEGMENT_CANDLES]; /* from the second candle on */
	uint64_t close[CA_SEGMENT_CANDLES];
	uint64_t high[CA_SEGMENT_CANDLES];
	uint64_t low[CA_SEGMENT_CANDLES];
} Differences;

static inline int64_t
larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t
smaller(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* whether the prices can be written together */
bool
ca_prices_joint(const CaSegment *segment)
{
	const CaSegmentNumbers *number = segment->number;
	const int64_t *open = number[CA_SEGMENT_OPEN].value;
	const int64_t *high = number[CA_SEGMENT_HIGH].value;
	const int64_t *low = number[CA_SEGMENT_LOW].value;
	const int64_t *close = number[CA_SEGMENT_CLOSE].value;

	for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE; i++)
		if (number[i].is_text ||
			number[i].scale != number[CA_SEGMENT_OPEN].scale ||
			number[i].is_mixed != number[CA_SEGMENT_OPEN].is_mixed)
			return false;
	for (int i = 0; i < segment->count; i++)
		if (high[i] < larger(open[i], close[i]) ||
			low[i] > smaller(open[i], close[i]))
			return false;
	return true;
}

static void
take_differences(Differences *d, const CaSegment *segment)
{
	const CaSegmentNumbers *number = segment->number;
	const int64_t *open = number[CA_SEGMENT_OPEN].value;
	const int64_t *high = number[CA_SEGMENT_HIGH].value;
	const int64_t *low = number[CA_SEGMENT_LOW].value;
	const int64_t *close = number[CA_SEGMENT_CLOSE].value;

	for (int i = 0; i < segment->count; i++)
	{
		if (i > 0)
			d->open[i - 1] = (uint64_t) open[i] - (uint64_t) close[i - 1];
		d->close[i] = (uint64_t) close[i] - (uint64_t) open[i];
		d->high[i] = (uint64_t) high[i] - (uint64_t) larger(open[i], close[i]);
		d->low[i] = (uint64_t) smaller(open[i], close[i]) - (uint64_t) low[i];
	}
}

static void
divide(const CaGcd *gcd, uint64_t *values, int count)
{
	if (gcd->factor > 1)
		for (int i = 0; i < count; i++)
			values[i] = ca_gcd_divide(gcd, values[i]);
}

static void
divide_signed(const CaGcd *gcd, uint64_t *values, int count)
{
	for (int i = 0; i < count; i++)
		values[i] = ca_zigzag(ca_gcd_divide_signed(gcd, values[i]));
}

/* write prices that ca_prices_joint() accepts */
uint8_t *
ca_prices_write(uint8_t *out, const CaSegment *segment)
{
	const CaSegmentNumbers *open = &segment->number[CA_SEGMENT_OPEN];
	int count = segment->count;
	CaGcd gcd = {0};
	Differences d;

	take_differences(&d, segment);
	ca_gcd_add_signed(&gcd, d.close, count);
	ca_gcd_add_signed(&gcd, d.open, count - 1);
	ca_gcd_add(&gcd, d.high, count);
	ca_gcd_add(&gcd, d.low, count);

	*out++ = (uint8_t) open->scale;
	out = ca_write_signed(out, (uint64_t) open->value[0]);
	out = ca_write_varint(out, gcd.factor);
	if (gcd.factor == 0)
		return out;

	divide_signed(&gcd, d.open, count - 1);
	divide_signed(&gcd, d.close, count);
	divide(&gcd, d.high, count);
	divide(&gcd, d.low, count);
	out = ca_blocks_write(out, d.open, count - 1);
	out = ca_blocks_write(out, d.close, count);
	out = ca_blocks_write(out, d.high, count);
	return ca_blocks_write(out, d.low, count);
}

/* turn the numbers u in the arrays into prices; open has none for the first */
static void
add_differences(CaSegmentNumbers *number, int count, uint64_t first,
				uint64_t factor)
{
	int64_t *open = number[CA_SEGMENT_OPEN].value;
	int64_t *high = number[CA_SEGMENT_HIGH].value;
	int64_t *low = number[CA_SEGMENT_LOW].value;
	int64_t *close = number[CA_SEGMENT_CLOSE].value;
	uint64_t at = first;

	for (int i = 0; i < count; i++)
	{
		if (i > 0)
			at += factor * ca_unzigzag((uint64_t) open[i]);
		open[i] = (int64_t) at;
		at += factor * ca_unzigzag((uint64_t) close[i]);
		close[i] = (int64_t) at;
	}
	for (int i = 0; i < count; i++)
	{
		high[i] = (int64_t) ((uint64_t) larger(open[i], close[i]) +
							 factor * (uint64_t) high[i]);
		low[i] = (int64_t) ((uint64_t) smaller(open[i], close[i]) -
							factor * (uint64_t) low[i]);
	}
}

/* false if the bytes are not the prices of segment->count candles */
bool
ca_prices_read(CaInput *in, CaSegment *segment)
{
	CaSegmentNumbers *number = segment->number;
	int count = segment->count;
	uint8_t scale;
	uint64_t first;
	uint64_t factor;

	if (!ca_read_byte(in, &scale) || !ca_read_signed(in, &first) ||
		!ca_read_varint(in, &factor))
		return false;
	for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE; i++)
	{
		number[i].is_text = false;
		number[i].has_nulls = false;
		number[i].is_mixed = false;
		number[i].scale = scale;
		if (factor == 0)
			for (int j = 0; j < count; j++)
				number[i].value[j] = (int64_t) first;
	}
	if (factor == 0)
		return true;
	if (!ca_blocks_read(in, (uint64_t *) number[CA_SEGMENT_OPEN].value + 1,
						count - 1) ||
		!ca_blocks_read(in, (uint64_t *) number[CA_SEGMENT_CLOSE].value,
						count) ||
		!ca_blocks_read(in, (uint64_t *) number[CA_SEGMENT_HIGH].value,
						count) ||
		!ca_blocks_read(in, (uint64_t *) number[CA_SEGMENT_LOW].value, count))
		return false;
	add_differences(number, count, first, factor);
	return true;
}
