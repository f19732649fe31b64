/*-------------------------------------------------------------------------
 *
 * generate.c
 *		Segments of every awkward kind, drawn from a seed.
 *
 *-------------------------------------------------------------------------
 */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

#include "segment/codec/scales.h"

#define SECOND INT64_C(1000000)
#define DAY (86400 * SECOND)

static int
draw_count(Draw *d)
{
	static const int edges[] = {1,   2,   3,   7,   8,   9,   63,   64,  127,
								128, 129, 130, 255, 256, 257, 1023, 1024};

	switch (draw_below(d, 4))
	{
		case 0:
			return edges[draw_below(d, sizeof(edges) / sizeof(edges[0]))];
		case 1:
			return (int) draw_between(d, 1, CA_SEGMENT_CANDLES);
		default:
			return (int) draw_between(d, 1, 150);
	}
}

static int
ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *) a;
	int64_t y = *(const int64_t *) b;

	return x < y ? -1 : x > y;
}

/* the beginnings of months from 2000 on */
static void
draw_months(Draw *d, int64_t *time, int count)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int64_t at = 0;
	int year = 2000;
	int month = 0;

	for (int i = 0; i < count; i++)
	{
		int leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

		time[i] = at;
		at += (days[month] + (month == 1 && leap)) * DAY;
		month++;
		if (month == 12)
		{
			month = 0;
			year++;
		}
	}
	if (draw_one_in(d, 2))
		for (int i = 0; i < count; i++)
			time[i] -= 10957 * DAY;
}

/* times far apart, with both ends of int64 among them now and then */
static void
draw_scattered(Draw *d, int64_t *time, int count)
{
	for (int i = 0; i < count; i++)
		time[i] = (int64_t) draw(d);
	if (draw_one_in(d, 2))
		time[0] = INT64_MIN;
	if (count > 1 && draw_one_in(d, 2))
		time[1] = INT64_MAX;
	qsort(time, (size_t) count, sizeof(*time), ascending);
	for (int i = 1; i < count; i++)
		while (time[i] <= time[i - 1])
			time[i] = time[i - 1] + 1;
}

static void
draw_times(Draw *d, int64_t *time, int count)
{
	static const int64_t steps[] = {1, SECOND, 60 * SECOND, 3600 * SECOND, DAY};
	int kind = (int) draw_below(d, 8);
	int64_t step = steps[draw_below(d, sizeof(steps) / sizeof(steps[0]))];

	if (kind == 0)
		draw_months(d, time, count);
	else if (kind == 1)
		draw_scattered(d, time, count);
	else
	{
		time[0] = (int64_t) draw_between(d, -4000000, 4000000) * step;
		for (int i = 1; i < count; i++)
			time[i] = time[i - 1] +
					  step * (kind < 5 || !draw_one_in(d, (uint64_t) kind * 4)
								  ? 1
								  : draw_between(d, 2, 500));
	}
}

/* a column of int64s */
static void
draw_series(Draw *d, int64_t *value, int count)
{
	int kind = (int) draw_below(d, 10);
	int64_t unit = draw_one_in(d, 2) ? 1 : draw_between(d, 1, 5000000);
	int bits = (int) draw_below(d, 64);
	uint64_t at = (uint64_t) draw_any(d);
	uint64_t step = kind < 2 ? 1 : (uint64_t) draw_any(d);

	for (int i = 0; i < count; i++)
	{
		switch (kind)
		{
			case 0:
			case 1:
			case 2: /* a constant step */
				at += step;
				break;
			case 3: /* one value */
				break;
			case 4: /* alternating */
				at += i % 2 == 0 ? step : 0 - step;
				break;
			case 5: /* a walk */
				at += (uint64_t) ((int64_t) draw(d) >> bits) * (uint64_t) unit;
				break;
			case 6: /* mostly zero */
				at = draw_one_in(d, 5) ? draw(d) >> bits : 0;
				break;
			case 7: /* of all sizes */
				at = draw(d) >> draw_below(d, 64);
				break;
			case 8: /* multiples */
				at = (draw(d) >> 24 >> bits / 2) * (uint64_t) unit;
				break;
			default:
				at = (uint64_t) draw_any(d);
				break;
		}
		value[i] = (int64_t) at;
	}
}

/* lengths are odd and empty, bytes are any */
static void
draw_texts(Draw *d, CaSegmentText *text, int count)
{
	static char bytes[TEXT_BYTES];
	uint64_t longest = draw_below(d, 61);

	if (bytes[0] == 0)
		for (int i = 0; i < TEXT_BYTES; i++)
			bytes[i] = (char) (i < 256 ? 255 - i : (int) draw_below(d, 256));
	for (int i = 0; i < count; i++)
	{
		text[i].length = (uint32_t) draw_below(d, longest + 1);
		text[i].data = bytes + draw_below(d, TEXT_BYTES - 60);
	}
}

static void
draw_nulls(Draw *d, CaSegmentNumbers *numbers, int count)
{
	int kind = (int) draw_below(d, 6);

	numbers->has_nulls = kind != 0;
	for (int i = 0; i < count; i++)
		numbers->nulls[i] = kind == 1 || (kind == 2 && draw_one_in(d, 2)) ||
							(kind == 3 && draw_one_in(d, 20));
	if (kind == 4)
		numbers->nulls[draw_below(d, (uint64_t) count)] = 1;
	for (int i = 0; i < count; i++)
		if (numbers->has_nulls && numbers->nulls[i])
		{
			numbers->value[i] = 0;
			numbers->text[i].length = 0;
		}
}

/* make a column mixed: its zeros are dropped, or some of them, or any are shown */
static void
draw_mixed(Draw *d, CaSegmentNumbers *numbers, int count)
{
	uint64_t kind = draw_below(d, 3);
	bool has_numbers = false;

	numbers->least = (uint8_t) draw_below(d, (uint64_t) numbers->scale + 1);
	for (int i = 0; i < count; i++)
	{
		bool is_null = numbers->has_nulls && numbers->nulls[i];
		int most;

		numbers->extra[i] = 0;
		if (is_null)
			continue;
		has_numbers = true;
		if (draw_one_in(d, 2))
			numbers->value[i] -= numbers->value[i] % 1000;
		most = numbers->scale -
			   ca_scales_trim(numbers->value[i], numbers->scale, numbers->least)
				   .scale;
		if (kind == 1 ? draw_one_in(d, 10) : kind == 2)
			numbers->extra[i] = (uint8_t) draw_below(d, (uint64_t) most + 1);
	}
	numbers->is_mixed = has_numbers;
}

/* a column of numbers or texts, with NULLs or without */
void
generate_numbers(Draw *d, CaSegmentNumbers *numbers, int count)
{
	numbers->is_text = draw_one_in(d, 5);
	numbers->scale = numbers->is_text ? 0 : (int32_t) draw_below(d, 256);
	if (numbers->is_text)
		draw_texts(d, numbers->text, count);
	else
		draw_series(d, numbers->value, count);
	draw_nulls(d, numbers, count);
	numbers->is_mixed = false;
	if (!numbers->is_text && draw_one_in(d, 4))
	{
		numbers->scale = (int32_t) draw_below(d, 19);
		draw_mixed(d, numbers, count);
	}
}

/* candles whose high and low bound the others: real-looking, flat or wild */
static void
draw_market(Draw *d, CaSegmentNumbers *number, int count)
{
	int bits = draw_one_in(d, 4) ? 0 : (int) draw_between(d, 40, 63);
	int64_t tick = draw_one_in(d, 3) ? 1 : draw_between(d, 1, 100000000);
	uint64_t flat = draw_below(d, 4);
	int64_t at = draw_between(d, 0, INT64_C(1) << 40);

	if (bits == 0)
		tick = 1;
	for (int i = 0; i < count; i++)
	{
		int64_t p[4];
		bool is_flat = flat == 1 || (flat == 2 && draw_one_in(d, 2));

		for (int j = 0; j < 4; j++)
		{
			uint64_t move =
				(uint64_t) ((int64_t) draw(d) >> bits) * (uint64_t) tick;

			if (j == 0 ? flat != 1 : !is_flat)
				at = (int64_t) ((uint64_t) at + move);
			p[j] = at;
		}
		number[CA_SEGMENT_OPEN].value[i] = p[0];
		number[CA_SEGMENT_CLOSE].value[i] = p[3];
		qsort(p, 4, sizeof(p[0]), ascending);
		number[CA_SEGMENT_HIGH].value[i] = p[3];
		number[CA_SEGMENT_LOW].value[i] = p[0];
	}
}

static void
draw_prices(Draw *d, CaSegmentNumbers *number, int count)
{
	uint64_t kind = draw_below(d, 6);
	bool is_mixed = kind != 3 && draw_one_in(d, 4);
	int32_t scale = (int32_t) draw_below(d, is_mixed ? 19 : 256);

	if (kind < 4)
		draw_market(d, number, count);
	for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE; i++)
	{
		number[i].is_text = false;
		number[i].has_nulls = false;
		number[i].is_mixed = false;
		number[i].scale = scale;
		if (kind == 4 || (kind == 3 && draw_one_in(d, 2)))
			number[i].scale = (int32_t) draw_below(d, 256);
		if (kind >= 4)
			draw_series(d, number[i].value, count);
		if (kind == 4 && draw_one_in(d, 2))
		{
			number[i].is_text = true;
			number[i].scale = 0;
			draw_texts(d, number[i].text, count);
		}
		else if (is_mixed && number[i].scale < 19)
			draw_mixed(d, &number[i], count);
	}
}

void
generate_segment(Draw *d, CaSegment *segment)
{
	segment->count = draw_count(d);
	draw_times(d, segment->time, segment->count);
	draw_series(d, segment->id, segment->count);
	draw_series(d, segment->created_at, segment->count);
	draw_prices(d, segment->number, segment->count);
	generate_numbers(d, &segment->number[CA_SEGMENT_VOLUME], segment->count);
	generate_numbers(d, &segment->number[CA_SEGMENT_MARKET_CAP],
					 segment->count);
}
