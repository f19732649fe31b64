/*-------------------------------------------------------------------------
 *
 * vectors.c
 *		Bytes derived by hand, and bytes that must be refused, as TAP.
 *
 * The segment is the example of docs/design/segment-format.md, which explains its bytes.
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <string.h>

#include "generate.h"
#include "segment/codec/blocks.h"

static const uint8_t example[] = {
	0x01, 0xFA, 0x93, 0x6C, 0x57,                   /* version, checksum */
	0x03, 0x00,                                     /* count */
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* first time */
	0x80, 0xAA, 0xEA, 0x55,                         /* 180 s to the last */
	/* 19: times: length, 60 s and 60 s times 0, 1 */
	0x0A, 0x80, 0x9C, 0x9C, 0x39, 0x80, 0x8E, 0xCE, 0x1C, 0x01, 0x02,
	/* 30: prices: length, joint, scale 2, first 100.00, factor 50 */
	0x0F, 0x01, 0x02, 0xA0, 0x9C, 0x01, 0x32,
	/* 37: opens 0, -1; closes 2, 0, 2; highs 1, 0, 1; lows 1, 0, 0 */
	0x01, 0x02, 0x03, 0x04, 0x01, 0x01, 0x05, 0x01, 0x01,
	/* 46: volume: length, bitmap, scale 2, the second is NULL, 12.30 - 8.30 */
	0x09, 0x02, 0x02, 0x02, 0x01, 0x9C, 0x13, 0xFB, 0x0C, 0x00,
	/* 56: market_cap: length, all NULL, scale 2 */
	0x02, 0x04, 0x02,
	/* 59: id: length, steps from 7 by 1 */
	0x04, 0x01, 0x0E, 0x02, 0x00,
	/* 64: created_at: length, steps from a day by 0 */
	0x09, 0x01, 0x80, 0x80, 0xBB, 0xDD, 0x83, 0x05, 0x00, 0x00};

/* the example with some bytes exchanged for others */
typedef struct Damage
{
	const char *reason; /* of the refusal */
	int at;
	int length; /* bytes that go */
	int put;    /* bytes that come */
	uint8_t bytes[24];
} Damage;

static const Damage damages[] = {
	{"the head is cut off", 14, 60, 0, {0}},
	{"the version is unknown", 0, 1, 1, {3}},
	{"the number of candles is out of range", 5, 2, 2, {0, 0}},
	{"the number of candles is out of range", 5, 2, 2, {1, 4}},
	{"the last time is cut off", 15, 59, 3, {0x80, 0x80, 0x80}},
	{"the last time is cut off",
	 15,
	 4,
	 10,
	 {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2}},
	{"the last time is not after the first", 15, 4, 1, {0}},
	{"the last time is not after the first",
	 15,
	 4,
	 10,
	 {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}},
	{"the last time is not after the first", 5, 1, 1, {1}},
	{"a column is cut off", 19, 1, 1, {0x7F}},
	{"a column is cut off", 73, 1, 0, {0}},
	/* a base of 0: the first two are at one time */
	{"the times do not ascend", 19, 5, 2, {7, 0}},
	/* a base of -120 s: the second is before the first */
	{"the times do not ascend", 20, 4, 4, {0xFF, 0xB7, 0xB8, 0x72}},
	{"the last time is not that of the head", 15, 1, 1, {0x81}},
	{"the times are cut off or malformed", 28, 1, 1, {0x41}},
	{"the prices are of an unknown kind", 31, 1, 1, {2}},
	{"the prices are of an unknown kind", 30, 16, 1, {0}},
	{"the prices are cut off or malformed",
	 30,
	 16,
	 15,
	 {14, 1, 2, 0xA0, 0x9C, 1, 0x32, 1, 2, 3, 4, 1, 1, 5, 1}},
	/* open all NULL, the others any */
	{"a price is NULL", 30, 16, 4, {3, 0, 4, 2}},
	/* a fourth value in the bitmap */
	{"the volumes are cut off or malformed", 49, 1, 1, {0x0A}},
	/* a bitmap of no NULL, of none but NULLs */
	{"the volumes are cut off or malformed", 49, 1, 1, {0}},
	{"the volumes are cut off or malformed", 49, 1, 1, {7}},
	{"the volumes are cut off or malformed", 47, 1, 1, {8}},
	/* texts that are longer than the column */
	{"the market caps are cut off or malformed",
	 56,
	 3,
	 6,
	 {5, 1, 2, 0x15, 'x', 'y'}},
	{"the ids are cut off or malformed", 60, 1, 1, {3}},
	{"the times of creation are cut off or malformed", 64, 10, 3, {2, 1, 0x80}},
	{"there are trailing bytes after a column",
	 59,
	 5,
	 6,
	 {5, 1, 0x0E, 2, 0, 0}},
	{"there are trailing bytes after a column",
	 64,
	 10,
	 12,
	 {11, 1, 0x80, 0x80, 0xBB, 0xDD, 0x83, 5, 0, 0, 0, 0}},
	{"there are trailing bytes after the last column", 74, 0, 1, {0}},
};

#define DAMAGES ((int) (sizeof(damages) / sizeof(damages[0])))

static int tests;
static int failed;
static CaSegment segment;
static CaSegment decoded;

static void
ok(bool holds, const char *sentence)
{
	failed += !holds;
	printf("%sok %d - %s\n", holds ? "" : "not ", ++tests, sentence);
}

static void
make_example(void)
{
	static const int64_t prices[4][3] = {{10000, 10100, 10050},
										 {10150, 10100, 10200},
										 {9950, 10100, 10050},
										 {10100, 10100, 10150}};
	CaSegmentNumbers *volume = &segment.number[CA_SEGMENT_VOLUME];

	memset(&segment, 0, sizeof(segment));
	segment.count = 3;
	segment.time[1] = 60000000;
	segment.time[2] = 180000000;
	for (int i = 0; i < 3; i++)
	{
		segment.id[i] = 7 + i;
		segment.created_at[i] = INT64_C(86400000000);
		for (int j = 0; j < 4; j++)
			segment.number[j].value[i] = prices[j][i];
		segment.number[CA_SEGMENT_MARKET_CAP].nulls[i] = 1;
	}
	for (int j = 0; j < CA_SEGMENT_NUMBERS; j++)
		segment.number[j].scale = 2;
	segment.number[CA_SEGMENT_MARKET_CAP].has_nulls = true;
	volume->has_nulls = true;
	volume->nulls[1] = 1;
	volume->value[0] = 1230;
	volume->value[2] = 400;
}

static void
test_example(void)
{
	uint8_t bytes[4096];
	size_t length;
	const char *problem;

	make_example();
	length = ca_segment_bound(&segment);
	ok(length <= sizeof(bytes),
	   "three candles have a bound of a few pages at most");
	length = ca_segment_encode(&segment, bytes);
	ok(memcmp(bytes + CA_SEGMENT_CHECKSUM, "\0\0\0\0", 4) == 0,
	   "the checksum is left to the caller");
	fill_checksum(bytes, length);
	ok(length == sizeof(example) && memcmp(bytes, example, length) == 0,
	   "the example is encoded as the document says");
	ok(ca_segment_decode(example, sizeof(example), CA_SEGMENT_ALL, &decoded,
						 &problem) &&
		   segments_differ(&segment, &decoded, CA_SEGMENT_ALL) == NULL,
	   "and decoded to its three candles");
}

/*
 * Minutes of one price without trades, ids by one: nothing has blocks.  The head
 * has 15 bytes and a varint, and of each of six columns there are its length and
 * some bytes and varints of ten bytes at most.
 */
static void
test_flat(void)
{
	static uint8_t bytes[CA_SEGMENT_CANDLES * 100];
	const char *problem;

	memset(&segment, 0, sizeof(segment));
	segment.count = CA_SEGMENT_CANDLES;
	for (int i = 0; i < segment.count; i++)
	{
		segment.time[i] = i * INT64_C(60000000);
		segment.id[i] = 1000 + i;
		for (int j = CA_SEGMENT_OPEN; j <= CA_SEGMENT_CLOSE; j++)
			segment.number[j].value[i] = 2315265000000;
	}
	ok(ca_segment_bound(&segment) <= sizeof(bytes),
	   "the most candles have a bound of a hundred bytes each at most");
	ok(ca_segment_encode(&segment, bytes) < 100,
	   "a flat market takes fewer than a hundred bytes");
	ok(ca_segment_decode(bytes, ca_segment_encode(&segment, bytes),
						 CA_SEGMENT_ALL, &decoded, &problem) &&
		   segments_differ(&segment, &decoded, CA_SEGMENT_ALL) == NULL,
	   "and comes back");
}

static void
test_damage(const Damage *damage, int number)
{
	uint8_t bytes[sizeof(example) + 24];
	size_t behind = (size_t) damage->at + (size_t) damage->length;
	size_t length = sizeof(example) - (size_t) (damage->length - damage->put);
	const char *problem = "nothing";
	char sentence[100];

	memcpy(bytes, example, (size_t) damage->at);
	memcpy(bytes + damage->at, damage->bytes, (size_t) damage->put);
	memcpy(bytes + damage->at + damage->put, example + behind,
		   sizeof(example) - behind);
	snprintf(sentence, sizeof(sentence), "damage %d is refused: %s", number + 1,
			 damage->reason);
	ok(!ca_segment_decode(bytes, length, CA_SEGMENT_ALL, &decoded, &problem) &&
		   strcmp(problem, damage->reason) == 0,
	   sentence);
	if (strcmp(problem, damage->reason) != 0)
		printf("# the reason is: %s\n", problem);
}

/* whether bytes are a block of so many numbers and nothing more */
static bool
reads(const char *bytes, size_t length, int count, uint64_t *values)
{
	CaInput in = {(const uint8_t *) bytes, (const uint8_t *) bytes + length};

	return ca_blocks_read(&in, values, count) && in.at == in.end;
}

/*
 * Sixteen numbers that are 1 but for a 9 at 5, which is 1 and 4 << 1: one bit of
 * each, one exception, its position, then a block of one number of three bits.
 */
static void
test_blocks(void)
{
	static const char block[] = "\x81\x01\x05\xFF\xFF\x03\x04";
	uint64_t values[128];
	uint64_t numbers[16];
	uint8_t bytes[256];
	bool same = true;

	for (int i = 0; i < 16; i++)
		numbers[i] = i == 5 ? 9 : 1;
	ok(ca_blocks_write(bytes, numbers, 16) == bytes + 7 &&
		   memcmp(bytes, block, 7) == 0,
	   "a number with more bits than the others is an exception");
	ok(reads(block, 7, 16, values) &&
		   memcmp(values, numbers, sizeof(numbers)) == 0,
	   "and is read again");
	/* two of nine: a bitmap of two bytes is no longer than a list */
	ok(reads("\x80\x02\x01\x01\x02\x07", 6, 9, values) && values[0] == 3 &&
		   values[1] == 0 && values[8] == 1,
	   "exceptions may be named by a bitmap");
	for (int i = 0; i < 128; i++)
		same &= reads("\x00", 1, i + 1, values) && values[i] == 0;
	ok(same, "a width of no bits is a block of zeros");

	ok(reads("\xBF\x01\x01\x02\0\0\0\0\0\0\0\x01\x01", 13, 1, values) &&
		   values[0] == (UINT64_C(1) << 63) + 2,
	   "the bits of a number and of its exception are 64 together");
	ok(reads("\x80\x01\x01\x80\x01\x01\x01\x01", 8, 1, values) &&
		   values[0] == 1,
	   "exceptions may have exceptions");

	ok(!reads("\x41\0\0\0\0\0\0\0\0\0", 10, 1, values),
	   "a width of 65 bits is refused");
	ok(!reads("\x81\x00\xFF\xFF\x03", 5, 16, values),
	   "no exceptions are refused");
	ok(!reads("\x80\x02\x03\x01\x03", 5, 1, values),
	   "more exceptions than numbers are refused");
	ok(!reads("\x81\x02\x05\x05\xFF\xFF\xFF\x03\x24", 9, 24, values),
	   "a position given twice is refused");
	ok(!reads("\x81\x01\x10\xFF\xFF\x03\x04", 7, 16, values),
	   "a position behind the last number is refused");
	ok(!reads("\x80\x02\x07\x00\x01\x03", 6, 9, values),
	   "a bitmap of more exceptions than announced is refused");
	ok(!reads("\x80\x02\x01\x00\x01\x03", 6, 9, values),
	   "a bitmap of fewer exceptions than announced is refused");
	ok(!reads("\x80\x02\x01\x02\x01\x03", 6, 9, values),
	   "a bitmap with a bit behind the last number is refused");
	ok(!reads("\xBF\x01\x01\x02\0\0\0\0\0\0\0\x02\x01", 13, 1, values),
	   "more than 64 bits in all are refused");
	ok(!reads("\x80\x01\x01\x80\x01\x01\x80\x01\x01\x01\x01", 11, 1, values),
	   "exceptions of exceptions of exceptions are refused");
}

int
main(void)
{
	test_example();
	test_flat();
	test_blocks();
	for (int i = 0; i < DAMAGES; i++)
		test_damage(&damages[i], i);
	printf("1..%d\n", tests);
	return failed > 0;
}
