/*-------------------------------------------------------------------------
 *
 * property.c
 *		What must hold of every segment and of every byte, as TAP.
 *
 * usage: property [seed [segments]]
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"

/* what unwanted memory is filled with */
#define PATTERN 0xA5

/* the properties */
typedef enum Property
{
	ROUND_TRIP,
	BOUND,
	HEAD,
	COLUMNS,
	AGAIN,
	CUT_OFF,
	LONGER,
	FLIPPED,
	NOISE,
	PROPERTIES
} Property;

static const char *const sentences[PROPERTIES] = {
	"every segment is decoded to what was encoded",
	"no encoding is longer than its bound, nor written beyond it",
	"the head tells the count and the first and the last time",
	"what is not asked for is left alone, and what is asked for is right",
	"what was decoded is encoded to the same bytes",
	"what is cut off is refused, whatever is asked for",
	"what has a byte too many is refused",
	"with a bit changed it is refused or is a segment that can be encoded",
	"noise is refused or is a segment that can be encoded",
};

static int failures[PROPERTIES];
static CaSegment segment;
static CaSegment decoded;
static CaSegment again;

/* counts, and says what was wrong the first time */
static void
check(bool holds, Property property, int number, const char *what)
{
	if (holds)
		return;
	if (failures[property]++ == 0)
		printf("# segment %d: %s\n", number, what ? what : sentences[property]);
}

static void *
allocate(size_t size)
{
	void *memory = malloc(size > 0 ? size : 1);

	if (memory == NULL)
	{
		fprintf(stderr, "out of memory\n");
		exit(1);
	}
	return memory;
}

/* decode a copy that ends where it ends, so that reading on would be noticed */
static bool
decode_copy(uint8_t **copy, const uint8_t *data, size_t length,
			unsigned columns, const char **problem)
{
	*problem = NULL;
	*copy = allocate(length);
	memcpy(*copy, data, length);
	return ca_segment_decode(*copy, length, columns, &decoded, problem);
}

/* in exactly the bytes that the bound promises */
static uint8_t *
encode(const CaSegment *from, size_t *length, int number, Property property)
{
	size_t bound = ca_segment_bound(from);
	uint8_t *data = allocate(bound + 1);

	data[bound] = PATTERN;
	*length = ca_segment_encode(from, data);
	check(*length <= bound && data[bound] == PATTERN, property, number, NULL);
	return data;
}

static void
check_head(const uint8_t *data, size_t length, int number)
{
	CaSegmentHead head;
	const char *problem;

	check(ca_segment_head(data, length, &head, &problem) &&
			  head.count == segment.count &&
			  head.first_time == segment.time[0] &&
			  head.last_time == segment.time[segment.count - 1],
		  HEAD, number, NULL);
}

static bool
is_untouched(const void *memory, size_t size)
{
	const uint8_t *byte = memory;

	return byte[0] == PATTERN && memcmp(byte, byte + 1, size - 1) == 0;
}

static void
check_columns(Draw *d, const uint8_t *data, size_t length, int number)
{
	unsigned columns = (unsigned) draw_below(d, CA_SEGMENT_ALL + 1);
	const char *problem;
	uint8_t *copy;
	bool untouched = true;

	memset(&decoded, PATTERN, sizeof(decoded));
	check(decode_copy(&copy, data, length, columns, &problem) &&
			  segments_differ(&segment, &decoded, columns) == NULL,
		  COLUMNS, number, problem);
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
		if (!(columns & (i <= CA_SEGMENT_CLOSE ? CA_SEGMENT_PRICES : 1u << i)))
			untouched &=
				is_untouched(&decoded.number[i], sizeof(decoded.number[i]));
	if (!(columns & CA_SEGMENT_WITH_ID))
		untouched &= is_untouched(decoded.id, sizeof(decoded.id));
	if (!(columns & CA_SEGMENT_WITH_CREATED))
		untouched &= is_untouched(decoded.created_at, sizeof(decoded.id));
	check(untouched, COLUMNS, number, "a column was written");
	free(copy);
}

/* a segment from bytes that may be anything, if it is one */
static void
check_bytes(const uint8_t *data, size_t length, int number, Property property)
{
	const char *problem;
	uint8_t *copy;

	if (decode_copy(&copy, data, length, CA_SEGMENT_ALL, &problem))
	{
		size_t size;
		uint8_t *bytes = encode(&decoded, &size, number, property);

		check(ca_segment_decode(bytes, size, CA_SEGMENT_ALL, &again, &problem),
			  property, number, problem);
		check(segments_differ(&decoded, &again, CA_SEGMENT_ALL) == NULL,
			  property, number,
			  segments_differ(&decoded, &again, CA_SEGMENT_ALL));
		free(bytes);
	}
	else
		check(problem != NULL && problem[0] != 0, property, number,
			  "refused without a reason");
	free(copy);
}

static void
check_damage(Draw *d, uint8_t *data, size_t length, int number)
{
	size_t cut = draw_below(d, 4) == 0 ? length - 1 : draw_below(d, length);
	unsigned columns = (unsigned) draw_below(d, CA_SEGMENT_ALL + 1);
	const char *problem;
	uint8_t *copy;

	check(!decode_copy(&copy, data, cut, columns, &problem) && problem != NULL,
		  CUT_OFF, number, NULL);
	free(copy);
	for (int i = 0; i < 4; i++)
	{
		size_t bit = draw_below(d, (i < 2 && length > 64 ? 64 : length) * 8);

		data[bit / 8] ^= (uint8_t) (1 << bit % 8);
		check_bytes(data, length, number, FLIPPED);
		data[bit / 8] ^= (uint8_t) (1 << bit % 8);
	}
	for (size_t i = 15 + draw_below(d, length - 15); i < length; i++)
		data[i] = (uint8_t) draw(d);
	check_bytes(data, length, number, NOISE);
}

static void
check_segment(Draw *d, int number)
{
	size_t length;
	uint8_t *data;
	uint8_t *copy;
	uint8_t *bytes;
	size_t size;
	const char *problem;

	generate_segment(d, &segment);
	data = encode(&segment, &length, number, BOUND);
	data = realloc(data, length + 1);
	data[length] = 0;
	check_head(data, length, number);
	check(!decode_copy(&copy, data, length + 1, 0, &problem), LONGER, number,
		  NULL);
	free(copy);
	check(decode_copy(&copy, data, length, CA_SEGMENT_ALL, &problem),
		  ROUND_TRIP, number, problem);
	check(segments_differ(&segment, &decoded, CA_SEGMENT_ALL) == NULL,
		  ROUND_TRIP, number,
		  segments_differ(&segment, &decoded, CA_SEGMENT_ALL));
	bytes = encode(&decoded, &size, number, BOUND);
	check(size == length && memcmp(bytes, data, size) == 0, AGAIN, number,
		  NULL);
	free(bytes);
	free(copy);
	check_columns(d, data, length, number);
	check_damage(d, data, length, number);
	free(data);
}

int
main(int argc, char **argv)
{
	Draw d = {argc > 1 ? strtoull(argv[1], NULL, 10) : 1};
	int segments = argc > 2 ? atoi(argv[2]) : 100000;
	int failed = 0;

	printf("1..%d\n", PROPERTIES);
	for (int i = 0; i < segments; i++)
		check_segment(&d, i);
	for (int i = 0; i < PROPERTIES; i++)
	{
		failed += failures[i] > 0;
		printf("%sok %d - %s\n", failures[i] ? "not " : "", i + 1,
			   sentences[i]);
	}
	return failed > 0;
}
