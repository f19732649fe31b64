/*-------------------------------------------------------------------------
 *
 * scales.h
 *		How many decimals each number of a mixed column shows.
 *
 * Feeds drop the zeros at the end: 8.5, 8.53, 9.  A mixed column has integers of one
 * scale all the same, and tells 8.5 from 8.50 by what a number shows beyond what it
 * must:
 *
 *		shown = the decimals without zeros at the end, but at least "least", + extra
 *
 * So extra is 0 for all numbers of a feed that drops zeros, and takes no room.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SCALES_H
#define CA_SCALES_H

#include "number/decimal64.h"
#include "segment/codec/bytes.h"
#include "segment/codec/int_column.h"
#include "segment/codec/segment.h"

/* the most bytes of scales besides their blocks */
#define CA_SCALES_HEAD (1 + CA_INT_COLUMN_HEAD)

extern uint8_t *ca_scales_write(uint8_t *out, const CaSegmentNumbers *numbers,
								int count);
extern bool ca_scales_read(CaInput *in, CaSegmentNumbers *numbers, int count);

/* drop zeros at the end of value * 10^-scale, down to "least" decimals */
static inline CaDecimal64
ca_scales_trim(int64_t value, int scale, int least)
{
	while (scale > least && value % 10 == 0)
	{
		value /= 10;
		scale--;
	}
	return (CaDecimal64){value, scale};
}

/* a number as it was shown; it is neither NULL nor a text */
static inline CaDecimal64
ca_segment_shown(const CaSegmentNumbers *numbers, int i)
{
	CaDecimal64 shown = {numbers->value[i], numbers->scale};

	if (!numbers->is_mixed)
		return shown;
	shown = ca_scales_trim(shown.value, shown.scale, numbers->least);
	if (numbers->extra[i] != 0)
	{
		shown.value *= ca_decimal64_pow10[numbers->extra[i]];
		shown.scale += numbers->extra[i];
	}
	return shown;
}

#endif /* CA_SCALES_H */
