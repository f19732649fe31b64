/*-------------------------------------------------------------------------
 *
 * scales.c
 *		How many decimals each number of a mixed column shows, as bytes.  Plain C.
 *
 *		least	one byte
 *		extra	of the numbers that are not NULL, as in int_column.c
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/scales.h"

static inline bool
is_null(const CaSegmentNumbers *numbers, int i)
{
	return numbers->has_nulls && numbers->nulls[i];
}

/* write the scales of a mixed column that has a number */
uint8_t *
ca_scales_write(uint8_t *out, const CaSegmentNumbers *numbers, int count)
{
	int64_t extra[CA_SEGMENT_CANDLES];
	int values = 0;

	for (int i = 0; i < count; i++)
		if (!is_null(numbers, i))
			extra[values++] = numbers->extra[i];
	*out++ = numbers->least;
	return ca_int_column_write(out, extra, values);
}

/*
 * Read the scales of a column whose numbers, at least one, have been read.  False if
 * the bytes are not scales, or if a number would show more decimals than it has.
 */
bool
ca_scales_read(CaInput *in, CaSegmentNumbers *numbers, int count)
{
	int64_t extra[CA_SEGMENT_CANDLES];
	int values = 0;

	for (int i = 0; i < count; i++)
		values += !is_null(numbers, i);
	if (numbers->scale > CA_DECIMAL64_SCALE ||
		!ca_read_byte(in, &numbers->least) || numbers->least > numbers->scale ||
		!ca_int_column_read(in, extra, values))
		return false;
	numbers->is_mixed = true;
	values = 0;
	for (int i = 0; i < count; i++)
	{
		CaDecimal64 trimmed;

		numbers->extra[i] = 0;
		if (is_null(numbers, i) || extra[values++] == 0)
			continue;
		trimmed =
			ca_scales_trim(numbers->value[i], numbers->scale, numbers->least);
		if (extra[values - 1] < 0 ||
			extra[values - 1] > numbers->scale - trimmed.scale)
			return false;
		numbers->extra[i] = (uint8_t) extra[values - 1];
	}
	return true;
}
