/*-------------------------------------------------------------------------
 *
 * segment_decode.c
 *		The decoder of segments, given any bytes.
 *
 * What was decoded must be encoded within its bound and decode to the same; a
 * reader of some columns must accept what a reader of all columns accepts.
 *
 *-------------------------------------------------------------------------
 */
#include <stdlib.h>

#include "generate.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static CaSegment segment;
static CaSegment again;

static void
require(bool holds)
{
	if (!holds)
		abort();
}

/* the first byte is a set of columns, the rest a segment */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *problem = NULL;
	CaSegmentHead head;
	unsigned columns;
	uint8_t *bytes;
	size_t bound;
	size_t length;

	if (size == 0)
		return 0;
	columns = data[0];
	data++;
	size--;
	if (!ca_segment_decode(data, size, CA_SEGMENT_ALL, &segment, &problem))
	{
		require(problem != NULL);
		ca_segment_decode(data, size, columns, &segment, &problem);
		return 0;
	}

	require(ca_segment_head(data, size, &head, &problem));
	require(head.count == segment.count && head.first_time == segment.time[0] &&
			head.last_time == segment.time[segment.count - 1]);
	require(ca_segment_decode(data, size, columns, &again, &problem));
	require(segments_differ(&segment, &again, columns) == NULL);

	bound = ca_segment_bound(&segment);
	bytes = malloc(bound);
	require(bytes != NULL);
	length = ca_segment_encode(&segment, bytes);
	require(length <= bound);
	require(ca_segment_decode(bytes, length, CA_SEGMENT_ALL, &again, &problem));
	require(segments_differ(&segment, &again, CA_SEGMENT_ALL) == NULL);
	free(bytes);
	return 0;
}
