/*-------------------------------------------------------------------------
 *
 * builder.c
 *		Building a segment from candles, one by one.  Plain C.
 *
 * The text of a small number is what PostgreSQL prints: a minus sign if negative, at
 * least one digit before the point, and as many digits after it as the scale says.
 *
 *-------------------------------------------------------------------------
 */
#include <string.h>

#include "segment/codec/builder.h"
#include "segment/codec/scales.h"

/* the longest text of a small number: sign, point, and 19 digits */
#define SMALL_TEXT 21

void
ca_builder_clear(CaSegmentBuilder *builder)
{
	builder->segment.count = 0;
}

/*
 * Append a candle.  There must be room for it.
 */
void
ca_builder_add(CaSegmentBuilder *builder, const CaBuilderCandle *candle)
{
	CaSegment *segment = &builder->segment;
	int at = segment->count++;

	segment->time[at] = candle->time;
	segment->id[at] = candle->id;
	segment->created_at[at] = candle->created_at;
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
	{
		const CaBuilderNumber *number = &candle->number[i];
		CaSegmentNumbers *column = &segment->number[i];

		column->nulls[at] = number->is_null;
		column->value[at] = 0;
		column->text[at] = (CaSegmentText){NULL, 0};
		builder->value[i][at] = 0;
		builder->scale[i][at] = 0;
		if (number->is_null)
			continue;
		if (number->is_text)
		{
			column->text[at] = number->text;
			builder->scale[i][at] = CA_BUILDER_TEXT;
		}
		else
		{
			builder->value[i][at] = number->value;
			builder->scale[i][at] = (uint8_t) number->scale;
		}
	}
}

/* a set of columns that share a scale, from one to another */
typedef struct Columns
{
	int from;
	int to;
} Columns;

/*
 * The scale at which all numbers of the columns are int64s: the greatest of theirs,
 * and 0 without numbers.  -1 if one of them is text or does not fit.
 */
static int
common_scale(const CaSegmentBuilder *builder, Columns columns)
{
	int scale = 0;

	for (int c = columns.from; c <= columns.to; c++)
		for (int i = 0; i < builder->segment.count; i++)
		{
			if (builder->scale[c][i] == CA_BUILDER_TEXT)
				return -1;
			if (builder->scale[c][i] > scale)
				scale = builder->scale[c][i];
		}
	for (int c = columns.from; c <= columns.to; c++)
		for (int i = 0; i < builder->segment.count; i++)
		{
			CaDecimal64 small = {builder->value[c][i], builder->scale[c][i]};
			int64_t value;

			if (!ca_decimal64_rescale(&small, scale, &value))
				return -1;
		}
	return scale;
}

/* the scale of each column, -1 for text; prices have one together if they can */
static void
choose_scales(const CaSegmentBuilder *builder, int scales[CA_SEGMENT_NUMBERS])
{
	const Columns prices = {CA_SEGMENT_OPEN, CA_SEGMENT_CLOSE};
	int joint = common_scale(builder, prices);

	for (int c = 0; c < CA_SEGMENT_NUMBERS; c++)
		scales[c] = c <= CA_SEGMENT_CLOSE && joint >= 0
						? joint
						: common_scale(builder, (Columns){c, c});
}

/*
 * The most bytes of text that closing the segment in its present state can need.
 */
size_t
ca_builder_text_size(const CaSegmentBuilder *builder)
{
	int scales[CA_SEGMENT_NUMBERS];
	size_t size = 0;

	choose_scales(builder, scales);
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		if (scales[i] < 0)
			size += (size_t) builder->segment.count * SMALL_TEXT;
	return size;
}

/* write value * 10^-scale; returns its length */
static uint32_t
write_small(int64_t value, int scale, char *out)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
	char reversed[SMALL_TEXT];
	int size = 0;
	uint32_t length = 0;

	for (int digits = 0; digits <= scale || rest != 0; digits++)
	{
		if (digits == scale && scale > 0)
			reversed[size++] = '.';
		reversed[size++] = (char) ('0' + rest % 10);
		rest /= 10;
	}
	if (value < 0)
		out[length++] = '-';
	while (size > 0)
		out[length++] = reversed[--size];
	return length;
}

/* make a column of texts; returns the room that is left */
static char *
close_texts(CaSegmentBuilder *builder, int c, char *texts)
{
	CaSegmentNumbers *column = &builder->segment.number[c];

	column->is_text = true;
	column->scale = 0;
	for (int i = 0; i < builder->segment.count; i++)
	{
		int shown = builder->scale[c][i];

		column->value[i] = 0;
		if (column->nulls[i] || shown == CA_BUILDER_TEXT)
			continue;
		column->text[i].data = texts;
		column->text[i].length =
			write_small(builder->value[c][i], shown, texts);
		texts += column->text[i].length;
	}
	return texts;
}

/* make a column of integers; false if it is mixed */
static bool
close_integers(CaSegmentBuilder *builder, int c, int scale)
{
	CaSegmentNumbers *column = &builder->segment.number[c];
	bool is_uniform = true;

	column->is_text = false;
	column->scale = scale;
	column->least = (uint8_t) scale;
	for (int i = 0; i < builder->segment.count; i++)
	{
		CaDecimal64 small = {builder->value[c][i], builder->scale[c][i]};

		if (column->nulls[i])
			continue;
		if (small.scale < column->least)
			column->least = (uint8_t) small.scale;
		is_uniform &= small.scale == scale;
		/* choose_scales() has seen that it fits */
		(void) ca_decimal64_rescale(&small, scale, &column->value[i]);
	}
	return is_uniform;
}

/* say what each number of a mixed column shows */
static void
close_mixed(CaSegmentBuilder *builder, int c)
{
	CaSegmentNumbers *column = &builder->segment.number[c];

	column->is_mixed = true;
	for (int i = 0; i < builder->segment.count; i++)
		column->extra[i] =
			column->nulls[i]
				? 0
				: (uint8_t) (builder->scale[c][i] -
							 ca_scales_trim(column->value[i], column->scale,
											column->least)
								 .scale);
}

/*
 * Decide the kind of each column, after which the segment can be encoded.  "texts"
 * has room for ca_builder_text_size() bytes and must last as long as the segment.
 */
const CaSegment *
ca_builder_close(CaSegmentBuilder *builder, char *texts)
{
	CaSegment *segment = &builder->segment;
	int scales[CA_SEGMENT_NUMBERS];
	bool is_mixed[CA_SEGMENT_NUMBERS] = {false};
	bool prices_mixed = false;

	choose_scales(builder, scales);
	for (int c = 0; c < CA_SEGMENT_NUMBERS; c++)
	{
		CaSegmentNumbers *column = &segment->number[c];

		column->has_nulls = memchr(column->nulls, 1, segment->count) != NULL;
		column->is_mixed = false;
		if (scales[c] < 0)
			texts = close_texts(builder, c, texts);
		else
			is_mixed[c] = !close_integers(builder, c, scales[c]);
		prices_mixed |= c <= CA_SEGMENT_CLOSE && is_mixed[c];
	}
	/* prices are written together if all of them are mixed, or none */
	for (int c = 0; c < CA_SEGMENT_NUMBERS; c++)
		if (is_mixed[c] ||
			(c <= CA_SEGMENT_CLOSE && prices_mixed && scales[c] >= 0))
			close_mixed(builder, c);
	return segment;
}

/* the value of a text; false if it is not a small number */
static bool
read_small(const CaSegmentText *text, CaBuilderNumber *number)
{
	bool negative = text->length > 0 && text->data[0] == '-';
	bool in_fraction = false;
	int64_t value = 0;
	int scale = 0;

	for (uint32_t i = negative; i < text->length; i++)
	{
		char c = text->data[i];

		if (c == '.' && !in_fraction)
		{
			in_fraction = true;
			continue;
		}
		if (c < '0' || c > '9' || (in_fraction && ++scale > CA_BUILDER_SCALE) ||
			__builtin_mul_overflow(value, (int64_t) 10, &value) ||
			__builtin_sub_overflow(value, (int64_t) (c - '0'), &value))
			return false;
	}
	/* the value was built as a negative number: there is one more of those */
	if (!negative && __builtin_sub_overflow((int64_t) 0, value, &value))
		return false;
	number->value = value;
	number->scale = scale;
	return true;
}

/*
 * A candle of a decoded segment.  A text that is a small number is read as one; other
 * texts point into the segment.
 */
void
ca_builder_read(const CaSegment *segment, int at, CaBuilderCandle *candle)
{
	candle->time = segment->time[at];
	candle->id = segment->id[at];
	candle->created_at = segment->created_at[at];
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
	{
		const CaSegmentNumbers *column = &segment->number[i];
		CaBuilderNumber *number = &candle->number[i];

		*number = (CaBuilderNumber){.is_null =
										column->has_nulls && column->nulls[at]};
		if (number->is_null)
			continue;
		if (!column->is_text)
		{
			CaDecimal64 shown = ca_segment_shown(column, at);

			number->value = shown.value;
			number->scale = shown.scale;
		}
		else if (!read_small(&column->text[at], number))
		{
			number->is_text = true;
			number->text = column->text[at];
		}
	}
}

/* whether a number of a decoded candle is the one that was added */
static bool
number_equals(const CaSegmentBuilder *builder, int column, int at,
			  const CaBuilderNumber *number)
{
	const CaSegmentNumbers *numbers = &builder->segment.number[column];
	const CaSegmentText *text = &numbers->text[at];

	if (numbers->nulls[at] || number->is_null)
		return numbers->nulls[at] && number->is_null;
	if (builder->scale[column][at] != CA_BUILDER_TEXT)
		return !number->is_text &&
			   number->value == builder->value[column][at] &&
			   number->scale == builder->scale[column][at];
	return number->is_text && number->text.length == text->length &&
		   memcmp(number->text.data, text->data, text->length) == 0;
}

/*
 * Whether a decoded segment has the candles that were added, value for value.
 */
bool
ca_builder_equals(const CaSegmentBuilder *builder, const CaSegment *segment)
{
	CaBuilderCandle candle;

	if (segment->count != builder->segment.count)
		return false;
	for (int at = 0; at < segment->count; at++)
	{
		ca_builder_read(segment, at, &candle);
		if (candle.time != builder->segment.time[at] ||
			candle.id != builder->segment.id[at] ||
			candle.created_at != builder->segment.created_at[at])
			return false;
		for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
			if (!number_equals(builder, i, at, &candle.number[i]))
				return false;
	}
	return true;
}
