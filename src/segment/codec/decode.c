/*-------------------------------------------------------------------------
 *
 * decode.c
 *		Decoding a segment from the bytes that encode.c describes.  Plain C.
 *
 * The bytes may be anything.  Bytes that are not an encoding are refused with a
 * reason, a short English sentence without a full stop.  Nothing outside them is read.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/int_column.h"
#include "segment/codec/layout.h"
#include "segment/codec/numbers.h"
#include "segment/codec/prices.h"
#include "segment/codec/scales.h"

static bool
refuse(const char **problem, const char *reason)
{
	*problem = reason;
	return false;
}

/* read the head, up to the columns */
static bool
read_head(CaInput *in, CaSegmentHead *head, const char **problem)
{
	uint64_t span;

	if (ca_input_left(in) < CA_SEGMENT_FIXED)
		return refuse(problem, "the head is cut off");
	head->version = in->at[0];
	if (head->version != CA_SEGMENT_VERSION &&
		head->version != CA_SEGMENT_VERSION_MIXED)
		return refuse(problem, "the version is unknown");
	in->at += CA_SEGMENT_HEADER;
	head->count = in->at[0] | in->at[1] << 8;
	head->first_time = (int64_t) ca_load64(in->at + 2);
	in->at += 2 + 8;
	if (head->count < 1 || head->count > CA_SEGMENT_CANDLES)
		return refuse(problem, "the number of candles is out of range");
	if (!ca_read_varint(in, &span))
		return refuse(problem, "the last time is cut off");
	head->last_time = (int64_t) ((uint64_t) head->first_time + span);
	if ((head->count == 1) != (span == 0) ||
		span > (uint64_t) INT64_MAX - (uint64_t) head->first_time)
		return refuse(problem, "the last time is not after the first");
	return true;
}

/*
 * Count, first and last time of an encoding, without reading its columns.  False and
 * *problem if the head is malformed.
 */
bool
ca_segment_head(const uint8_t *data, size_t length, CaSegmentHead *head,
				const char **problem)
{
	CaInput in = {data, data + length};

	return read_head(&in, head, problem);
}

static bool
read_times(CaInput *in, const CaSegmentHead *head, CaSegment *segment,
		   const char **problem)
{
	const int64_t *time = segment->time;
	bool ascending = true;

	segment->time[0] = head->first_time;
	if (!ca_int_column_read_steps(in, segment->time, segment->count))
		return refuse(problem, "the times are cut off or malformed");
	for (int i = 1; i < segment->count; i++)
		ascending &= time[i] > time[i - 1];
	if (!ascending)
		return refuse(problem, "the times do not ascend");
	if (time[segment->count - 1] != head->last_time)
		return refuse(problem, "the last time is not that of the head");
	return true;
}

static bool
read_joint_prices(CaInput *in, bool is_mixed, CaSegment *segment)
{
	if (!ca_prices_read(in, segment))
		return false;
	for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE && is_mixed; i++)
		if (!ca_scales_read(in, &segment->number[i], segment->count))
			return false;
	return true;
}

static bool
read_prices(CaInput *in, int version, CaSegment *segment, const char **problem)
{
	uint8_t kind;

	if (!ca_read_byte(in, &kind) || kind > CA_PRICES_JOINT_MIXED ||
		(kind == CA_PRICES_JOINT_MIXED && version != CA_SEGMENT_VERSION_MIXED))
		return refuse(problem, "the prices are of an unknown kind");
	if (kind != CA_PRICES_APART)
		return read_joint_prices(in, kind == CA_PRICES_JOINT_MIXED, segment) ||
			   refuse(problem, "the prices are cut off or malformed");
	for (int i = CA_SEGMENT_OPEN; i <= CA_SEGMENT_CLOSE; i++)
	{
		if (!ca_numbers_read(in, version, &segment->number[i], segment->count))
			return refuse(problem, "the prices are cut off or malformed");
		if (segment->number[i].has_nulls)
			return refuse(problem, "a price is NULL");
	}
	return true;
}

static bool
read_column(CaInput *in, CaEncodedColumn column, const CaSegmentHead *head,
			CaSegment *segment, const char **problem)
{
	switch (column)
	{
		case CA_ENCODED_TIMES:
			return read_times(in, head, segment, problem);
		case CA_ENCODED_PRICES:
			return read_prices(in, head->version, segment, problem);
		case CA_ENCODED_VOLUME:
			return ca_numbers_read(in, head->version,
								   &segment->number[CA_SEGMENT_VOLUME],
								   segment->count) ||
				   refuse(problem, "the volumes are cut off or malformed");
		case CA_ENCODED_MARKET_CAP:
			return ca_numbers_read(in, head->version,
								   &segment->number[CA_SEGMENT_MARKET_CAP],
								   segment->count) ||
				   refuse(problem, "the market caps are cut off or malformed");
		case CA_ENCODED_ID:
			return ca_int_column_read(in, segment->id, segment->count) ||
				   refuse(problem, "the ids are cut off or malformed");
		case CA_ENCODED_CREATED:
			return ca_int_column_read(in, segment->created_at,
									  segment->count) ||
				   refuse(problem,
						  "the times of creation are cut off or malformed");
	}
	return false;
}

static bool
is_wanted(CaEncodedColumn column, unsigned columns)
{
	switch (column)
	{
		case CA_ENCODED_TIMES:
			return true;
		case CA_ENCODED_PRICES:
			return columns & CA_SEGMENT_PRICES;
		case CA_ENCODED_VOLUME:
			return columns & CA_SEGMENT_WITH_VOLUME;
		case CA_ENCODED_MARKET_CAP:
			return columns & CA_SEGMENT_WITH_MARKET_CAP;
		case CA_ENCODED_ID:
			return columns & CA_SEGMENT_WITH_ID;
		case CA_ENCODED_CREATED:
			return columns & CA_SEGMENT_WITH_CREATED;
	}
	return false;
}

/*
 * Decode the count, the times and the wanted columns, a set of CA_SEGMENT_WITH_...
 * bits; nothing else in *segment is written.  Texts point into data.
 *
 * has_nulls says whether there is a NULL, and nulls[] is written only if there is;
 * the scale of texts is 0.  False and *problem if the head or a wanted column is not
 * an encoding; *segment is then unspecified.
 */
bool
ca_segment_decode(const uint8_t *data, size_t length, unsigned columns,
				  CaSegment *segment, const char **problem)
{
	CaInput in = {data, data + length};
	CaSegmentHead head;

	if (!read_head(&in, &head, problem))
		return false;
	segment->count = head.count;
	for (int i = 0; i < CA_ENCODED_COLUMNS; i++)
	{
		CaInput column;
		uint64_t bytes;

		if (!ca_read_varint(&in, &bytes) || bytes > ca_input_left(&in))
			return refuse(problem, "a column is cut off");
		column.at = in.at;
		column.end = in.at += bytes;
		if (!is_wanted((CaEncodedColumn) i, columns))
			continue;
		if (!read_column(&column, (CaEncodedColumn) i, &head, segment, problem))
			return false;
		if (column.at != column.end)
			return refuse(problem, "there are trailing bytes after a column");
	}
	if (in.at != in.end)
		return refuse(problem,
					  "there are trailing bytes after the last column");
	return true;
}
