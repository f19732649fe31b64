/*-------------------------------------------------------------------------
 *
 * payload.c
 *		Segments as stored: a bytea with a checksum, and numbers as numeric.
 *
 * The checksum is a CRC-32C of all bytes of the payload except the four that hold
 * it.  It is verified before decoding, so that damaged storage raises an error and
 * never yields plausible numbers.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "fmgr.h"
#include "port/pg_crc32c.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "numeric/numeric.h"
#include "segment/codec/scales.h"
#include "segment/read/payload.h"

/* texts of numbers shorter than this are read without allocating */
#define SMALL_TEXT 128

static uint32
payload_checksum(const uint8 *data, Size length)
{
	const Size rest = CA_SEGMENT_CHECKSUM + sizeof(uint32);
	pg_crc32c checksum;

	INIT_CRC32C(checksum);
	COMP_CRC32C(checksum, data, CA_SEGMENT_CHECKSUM);
	COMP_CRC32C(checksum, data + rest, length - rest);
	FIN_CRC32C(checksum);
	return checksum;
}

static uint32
stored_checksum(const uint8 *data)
{
	const uint8 *bytes = data + CA_SEGMENT_CHECKSUM;

	return bytes[0] | (uint32) bytes[1] << 8 | (uint32) bytes[2] << 16 |
		   (uint32) bytes[3] << 24;
}

/*
 * The payload of a segment, in the current memory context.
 */
bytea *
ca_payload_encode(const CaSegment *segment)
{
	bytea *payload = palloc(VARHDRSZ + ca_segment_bound(segment));
	uint8 *data = (uint8 *) VARDATA(payload);
	Size length = ca_segment_encode(segment, data);
	uint32 checksum = payload_checksum(data, length);

	for (int i = 0; i < (int) sizeof(checksum); i++)
		data[CA_SEGMENT_CHECKSUM + i] = (uint8) (checksum >> (8 * i));
	SET_VARSIZE(payload, VARHDRSZ + length);
	return payload;
}

/*
 * Raise an error, because a stored segment cannot be what was stored: XX001.
 */
void
ca_payload_damaged(const CaSegmentOwner *owner, const char *problem)
{
	ereport(ERROR, errcode(ERRCODE_DATA_CORRUPTED),
			errmsg("segment is damaged"),
			errdetail("The %s candles of asset %d from %s on cannot be read: "
					  "%s.",
					  owner->timeframe, owner->asset,
					  timestamptz_to_str(owner->first_time), problem),
			errhint("Restore the row of price_data_segments from a backup, or "
					"delete it and import its candles again."));
}

/* why these bytes cannot be the owner's payload; NULL if they can */
static const char *
payload_problem(const CaSegmentOwner *owner, const uint8 *data, Size length)
{
	CaSegmentHead head;
	const char *problem;

	if (length < CA_SEGMENT_HEADER)
		return "the payload is cut off";
	if (payload_checksum(data, length) != stored_checksum(data))
		return "the checksum does not match";
	if (!ca_segment_head(data, length, &head, &problem))
		return problem;
	if (head.first_time != owner->first_time)
		return "the payload begins at another time";
	return NULL;
}

/*
 * Decode the given columns.  Texts of numbers point into a copy of the payload in the
 * current memory context, which must live as long as the segment is in use.
 * Errors: XX001 for a damaged payload.
 */
void
ca_payload_decode(const CaSegmentOwner *owner, Datum payload, unsigned columns,
				  CaSegment *segment)
{
	bytea *bytes = DatumGetByteaPCopy(payload);
	const uint8 *data = (const uint8 *) VARDATA(bytes);
	Size length = VARSIZE(bytes) - VARHDRSZ;
	const char *problem = payload_problem(owner, data, length);

	if (problem != NULL ||
		!ca_segment_decode(data, length, columns, segment, &problem))
		ca_payload_damaged(owner, problem);
}

static Datum
number_from_text(const CaSegmentText *text)
{
	char small[SMALL_TEXT];
	char *copy = text->length < SMALL_TEXT ? small : palloc(text->length + 1);
	Datum number;

	memcpy(copy, text->data, text->length);
	copy[text->length] = '\0';
	number =
		DirectFunctionCall3(numeric_in, CStringGetDatum(copy),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	if (copy != small)
		pfree(copy);
	return number;
}

/*
 * The number of a candle as numeric, with its original display scale.  It must not be
 * NULL.  Allocated in the current memory context.
 */
Datum
ca_segment_number(const CaSegmentNumbers *numbers, int candle)
{
	CaDecimal64 shown;
	CaDecimal decimal;

	if (numbers->is_text)
		return number_from_text(&numbers->text[candle]);
	shown = ca_segment_shown(numbers, candle);
	decimal = ca_decimal_fixed(shown.value, shown.scale);
	return NumericGetDatum(ca_decimal_to_numeric(&decimal));
}
