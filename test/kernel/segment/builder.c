/*-------------------------------------------------------------------------
 *
 * builder.c
 *		What must hold of candles on their way into a segment and out of it, as TAP.
 *
 * usage: builder [seed [segments]]
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "segment/codec/builder.h"

/* the properties */
typedef enum Property
{
	COMES_BACK,
	EQUALS,
	AGAIN,
	SMALL,
	PROPERTIES
} Property;

static const char *const sentences[PROPERTIES] = {
	"every number comes back with its value and its decimals",
	"the builder finds its candles in what was decoded, and a change as well",
	"candles that were read from a segment make the same segment",
	"zeros that a feed drops cost less than a byte for eight candles",
};

/* how the numbers of a column show their decimals */
typedef enum Show
{
	ALL,     /* all of them */
	DROPPED, /* without zeros at the end */
	ANY,     /* now with zeros, now without */
	WILD,    /* numbers of all sizes and scales */
	SHOWS
} Show;

static int failures[PROPERTIES];
static CaBuilderCandle candles[CA_SEGMENT_CANDLES];
static CaSegmentBuilder builder;
static CaSegmentBuilder second;
static CaSegment decoded;
static uint8_t bytes[CA_SEGMENT_CANDLES * 400];
static uint8_t other[CA_SEGMENT_CANDLES * 400];
static char texts[CA_SEGMENT_CANDLES * CA_SEGMENT_NUMBERS * 30];

static void
check(bool holds, Property property, int number)
{
	if (!holds && failures[property]++ == 0)
		printf("# segment %d: not true that %s\n", number, sentences[property]);
}

static void
drop_zeros(CaBuilderNumber *number, int most)
{
	for (int i = 0; i < most && number->scale > 0 && number->value % 10 == 0;
		 i++)
	{
		number->value /= 10;
		number->scale--;
	}
}

/* a number of the column with this scale; text is that of 30 digits */
static void
draw_number(Draw *d, Show show, int scale, int64_t near,
			CaBuilderNumber *number)
{
	static const char longest[] = "1.00000000000000000000000000001";

	*number = (CaBuilderNumber){.scale = scale,
								.value = near + draw_between(d, -500, 500)};
	if (show == DROPPED)
		drop_zeros(number, CA_BUILDER_SCALE);
	else if (show == ANY)
		drop_zeros(number, (int) draw_below(d, 4));
	else if (show == WILD)
	{
		number->value = draw_any(d);
		number->scale = (int32_t) draw_below(d, CA_BUILDER_SCALE + 1);
		if (draw_one_in(d, 50))
		{
			number->is_text = true;
			number->text = (CaSegmentText){longest, sizeof(longest) - 1};
		}
	}
}

static void
draw_candles(Draw *d, int count)
{
	Show prices = (Show) draw_below(d, SHOWS);
	Show volumes = (Show) draw_below(d, SHOWS);
	int scale = (int) draw_below(d, 9);
	int64_t near = draw_between(d, 0, 5000000);
	uint64_t nulls = draw_below(d, 3);

	for (int i = 0; i < count; i++)
	{
		CaBuilderCandle *candle = &candles[i];
		CaBuilderNumber *number = candle->number;

		candle->time = i * INT64_C(60000000);
		candle->id = i;
		candle->created_at = 0;
		for (int c = CA_SEGMENT_OPEN; c <= CA_SEGMENT_CLOSE; c++)
			draw_number(d, prices, scale, near, &number[c]);
		draw_number(d, volumes, 8, near, &number[CA_SEGMENT_VOLUME]);
		draw_number(d, ALL, 2, near, &number[CA_SEGMENT_MARKET_CAP]);
		if (nulls == 2 || (nulls == 1 && draw_one_in(d, 3)))
			number[CA_SEGMENT_VOLUME] = (CaBuilderNumber){.is_null = true};
	}
}

static size_t
build(CaSegmentBuilder *to, int count, uint8_t *out)
{
	ca_builder_clear(to);
	for (int i = 0; i < count; i++)
		ca_builder_add(to, &candles[i]);
	if (ca_builder_text_size(to) > sizeof(texts) ||
		ca_segment_bound(&to->segment) > sizeof(bytes))
		abort();
	return ca_segment_encode(ca_builder_close(to, texts), out);
}

static bool
same_number(const CaBuilderNumber *a, const CaBuilderNumber *b)
{
	if (a->is_null || b->is_null)
		return a->is_null && b->is_null;
	if (a->is_text || b->is_text)
		return a->is_text && b->is_text && a->text.length == b->text.length &&
			   memcmp(a->text.data, b->text.data, a->text.length) == 0;
	return a->value == b->value && a->scale == b->scale;
}

/* also replaces the candles by those that were read */
static bool
come_back(int count)
{
	bool same = decoded.count == count;

	for (int i = 0; i < decoded.count; i++)
	{
		CaBuilderCandle candle;

		ca_builder_read(&decoded, i, &candle);
		same &= candle.time == candles[i].time && candle.id == candles[i].id;
		for (int c = 0; c < CA_SEGMENT_NUMBERS; c++)
			same &= same_number(&candle.number[c], &candles[i].number[c]);
		candles[i] = candle;
	}
	return same;
}

/* show one number of the decoded segment with another value */
static void
change_number(Draw *d)
{
	CaSegmentNumbers *close = &decoded.number[CA_SEGMENT_CLOSE];
	int i = (int) draw_below(d, (uint64_t) decoded.count);

	if (close->is_text)
		close->text[i] = (CaSegmentText){"other", 5};
	else
		close->value[i] ^= 1;
}

static void
check_segment(Draw *d, int number)
{
	int count = (int) draw_between(d, 1, CA_SEGMENT_CANDLES);
	const char *problem;
	size_t length;
	size_t again;

	draw_candles(d, count);
	length = build(&builder, count, bytes);
	if (!ca_segment_decode(bytes, length, CA_SEGMENT_ALL, &decoded, &problem))
	{
		check(false, COMES_BACK, number);
		return;
	}
	check(ca_builder_equals(&builder, &decoded), EQUALS, number);
	check(come_back(count), COMES_BACK, number);
	again = build(&second, count, other);
	check(again == length && memcmp(bytes, other, length) == 0, AGAIN, number);
	change_number(d);
	check(!ca_builder_equals(&builder, &decoded), EQUALS, number);
}

/* the same feed with all decimals and without zeros */
static void
check_small(Draw *d, int number)
{
	size_t all;

	for (int i = 0; i < CA_SEGMENT_CANDLES; i++)
	{
		candles[i].time = i * INT64_C(60000000);
		for (int c = 0; c < CA_SEGMENT_NUMBERS; c++)
			draw_number(d, ALL, c == CA_SEGMENT_VOLUME ? 8 : 2, 2315000,
						&candles[i].number[c]);
	}
	all = build(&builder, CA_SEGMENT_CANDLES, bytes);
	for (int i = 0; i < CA_SEGMENT_CANDLES; i++)
		for (int c = 0; c < CA_SEGMENT_NUMBERS; c++)
			drop_zeros(&candles[i].number[c], CA_BUILDER_SCALE);
	check(build(&builder, CA_SEGMENT_CANDLES, bytes) <
			  all + CA_SEGMENT_CANDLES / 8,
		  SMALL, number);
}

int
main(int argc, char **argv)
{
	Draw d = {argc > 1 ? strtoull(argv[1], NULL, 10) : 1};
	int segments = argc > 2 ? atoi(argv[2]) : 5000;
	int failed = 0;

	printf("1..%d\n", PROPERTIES);
	for (int i = 0; i < segments; i++)
	{
		check_segment(&d, i);
		if (i % 100 == 0)
			check_small(&d, i);
	}
	for (int i = 0; i < PROPERTIES; i++)
	{
		failed += failures[i] > 0;
		printf("%sok %d - %s\n", failures[i] ? "not " : "", i + 1,
			   sentences[i]);
	}
	return failed > 0;
}
