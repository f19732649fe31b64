/*-------------------------------------------------------------------------
 *
 * layout.h
 *		The layout that encoder and decoder of segments share.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_LAYOUT_H
#define CA_LAYOUT_H

#include "segment/codec/segment.h"

/* version, checksum, count and first time */
#define CA_SEGMENT_FIXED (CA_SEGMENT_HEADER + 2 + 8)

/* the columns in the order of the encoding */
typedef enum CaEncodedColumn
{
	CA_ENCODED_TIMES,
	CA_ENCODED_PRICES,
	CA_ENCODED_VOLUME,
	CA_ENCODED_MARKET_CAP,
	CA_ENCODED_ID,
	CA_ENCODED_CREATED
} CaEncodedColumn;

#define CA_ENCODED_COLUMNS (CA_ENCODED_CREATED + 1)

/* how the prices are written; part of the format */
#define CA_PRICES_APART 0
#define CA_PRICES_JOINT 1
#define CA_PRICES_JOINT_MIXED 2

#endif /* CA_LAYOUT_H */
