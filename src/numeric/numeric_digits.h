/*-------------------------------------------------------------------------
 *
 * numeric_digits.h
 *		The digits of a numeric, read in place.
 *
 * numeric_format.h describes the layout.  Values are read in place, even with
 * a short varlena header, so they may be unaligned.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_NUMERIC_DIGITS_H
#define CA_NUMERIC_DIGITS_H

#include "base/compat.h"

#include "fmgr.h"

#include "numeric/numeric_format.h"

/* base-10000 digits of a chunk, which an int64 holds with room to spare */
#define CHUNK_DIGITS 4

/* a numeric taken apart, except for its digits */
typedef struct CaNumericDigits
{
	bool special;
	bool negative;
	int scale;
	int weight;
	int ndigits;
	const char *bytes; /* of the digits: unaligned int16s */
} CaNumericDigits;

static inline CaNumericDigits
ca_numeric_digits_of(Datum num)
{
	struct varlena *packed = PG_DETOAST_DATUM_PACKED(num);
	const char *data = VARDATA_ANY(packed);
	int size = VARSIZE_ANY_EXHDR(packed);
	CaNumericDigits digits = {0};
	uint16 header;

	memcpy(&header, data, sizeof(header));
	data += sizeof(header);
	size -= sizeof(header);

	if ((header & HEADER_KIND) == HEADER_SPECIAL)
	{
		digits.special = true;
		return digits;
	}
	if (header & HEADER_SHORT)
	{
		int weight = header & SHORT_WEIGHT_MASK;

		digits.negative = (header & SHORT_NEGATIVE) != 0;
		digits.scale = (header >> SHORT_SCALE_SHIFT) & SHORT_SCALE_MAX;
		digits.weight = weight & SHORT_WEIGHT_SIGN
							? weight - 2 * SHORT_WEIGHT_SIGN
							: weight;
	}
	else
	{
		int16 weight;

		memcpy(&weight, data, sizeof(weight));
		data += sizeof(weight);
		size -= sizeof(weight);
		digits.negative = (header & HEADER_KIND) == HEADER_NEGATIVE;
		digits.scale = header & LONG_SCALE_MASK;
		digits.weight = weight;
	}
	digits.ndigits = size / (int) sizeof(int16);
	digits.bytes = data;
	return digits;
}

static inline int
ca_numeric_digits_at(const CaNumericDigits *digits, int i)
{
	int16 digit;

	memcpy(&digit, digits->bytes + i * sizeof(int16), sizeof(int16));
	return digit;
}

#endif /* CA_NUMERIC_DIGITS_H */
