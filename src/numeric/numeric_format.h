/*-------------------------------------------------------------------------
 *
 * numeric_format.h
 *		How PostgreSQL lays a numeric out.
 *
 * The layout is private to the server, but it is the format on disk and has
 * not changed since 9.1: a 16-bit header, then base-10000 digits, most
 * significant first, without zeros at either end.
 *
 *		1sddddddwwwwwww			short: sign, 6 bits of display scale, 7 of weight
 *		0sdddddddddddddd weight	long: sign, 14 bits of display scale, int16
 *		11...					NaN and the infinities
 *
 * A value is sum(digit[i] * 10000^(weight - i)).
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_NUMERIC_FORMAT_H
#define CA_NUMERIC_FORMAT_H

#define NUMERIC_BASE 10000
#define DIGIT_DECIMALS 4

#define HEADER_KIND 0xC000
#define HEADER_NEGATIVE 0x4000
#define HEADER_SHORT 0x8000
#define HEADER_SPECIAL 0xC000
#define SHORT_NEGATIVE 0x2000
#define SHORT_SCALE_SHIFT 7
#define SHORT_SCALE_MAX 63
#define SHORT_WEIGHT_SIGN 0x40
#define SHORT_WEIGHT_MASK 0x7F
#define LONG_SCALE_MASK 0x3FFF

#endif /* CA_NUMERIC_FORMAT_H */
