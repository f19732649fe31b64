/*-------------------------------------------------------------------------
 *
 * layout.h
 *		What the encoder and the decoder of segments agree on.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_LAYOUT_H
#define CA_SEGMENT_LAYOUT_H

#include "segment/segment.h"

/* version, checksum, count and first time */
#define CA_SEGMENT_FIXED (CA_SEGMENT_HEADER + 2 + 8)

/* the columns in their order */
typedef enum CaColumn
{
	CA_COLUMN_TIMES,
	CA_COLUMN_PRICES,
	CA_COLUMN_VOLUME,
	CA_COLUMN_MARKET_CAP,
	CA_COLUMN_ID,
	CA_COLUMN_CREATED
} CaColumn;

#define CA_COLUMNS (CA_COLUMN_CREATED + 1)

/* how the prices are written; part of the format */
#define CA_PRICES_APART 0
#define CA_PRICES_JOINT 1

#endif /* CA_SEGMENT_LAYOUT_H */
