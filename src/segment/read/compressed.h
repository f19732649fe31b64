/*-------------------------------------------------------------------------
 *
 * compressed.h
 *		The columns of price_data_compressed, and the order of its rows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_READ_COMPRESSED_H
#define CA_SEGMENT_READ_COMPRESSED_H

/* attribute numbers; price_data_archive has the same columns */
enum
{
	CA_COMPRESSED_ID = 1,
	CA_COMPRESSED_ASSET,
	CA_COMPRESSED_TIMEFRAME,
	CA_COMPRESSED_OPEN,
	CA_COMPRESSED_HIGH,
	CA_COMPRESSED_LOW,
	CA_COMPRESSED_CLOSE,
	CA_COMPRESSED_VOLUME,
	CA_COMPRESSED_MARKET_CAP,
	CA_COMPRESSED_INDICATORS,
	CA_COMPRESSED_TIME,
	CA_COMPRESSED_CREATED,
	CA_COMPRESSED_COLUMNS = CA_COMPRESSED_CREATED
};

/* the order of a scan, by asset, timeframe and time */
typedef enum CaScanOrder
{
	CA_SCAN_UNORDERED, /* series in any order, each of them ascending */
	CA_SCAN_ASCENDING,
	CA_SCAN_DESCENDING
} CaScanOrder;

#endif /* CA_SEGMENT_READ_COMPRESSED_H */
