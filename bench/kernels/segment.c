/*-------------------------------------------------------------------------
 *
 * segment.c
 *		Segments encoded and decoded in memory, without PostgreSQL.
 *
 * usage: segment encode|decode candles [file]
 *
 * Prints seconds, the candles they were for and the bytes of a candle.  The file,
 * "-" for standard input, is a CSV of time, open, high, low, close and volume;
 * without one the candles are a walk.  Prices have 8 decimals, and the volume is
 * that of the file times the typical price, with 2.  Ids are consecutive, created_at
 * is one time.  What is decoded is times, prices and volume.
 *
 * Few segments are taken again and again, as a server decodes a series: one at a
 * time, into the same memory.
 *
 *-------------------------------------------------------------------------
 */
#include "segment/codec/segment.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bars.h"

/* the most segments in memory */
#define SEGMENTS 64

/* candles in memory, and their encodings */
typedef struct Market
{
	int count;
	int segments;
	CaSegment segment[SEGMENTS];
	uint8_t *bytes[SEGMENTS];
	size_t length[SEGMENTS];
} Market;

static Market market;
static CaSegment decoded;

static void
fail(const char *message)
{
	fprintf(stderr, "segment: %s\n", message);
	exit(1);
}

/* prices of 10^-8, a volume of 10^-2 */
static void
add_candle(int64_t time, const int64_t prices[4], int64_t volume)
{
	CaSegment *segment = &market.segment[market.count / CA_SEGMENT_CANDLES];
	int i = market.count % CA_SEGMENT_CANDLES;

	segment->count = i + 1;
	segment->time[i] = time;
	segment->id[i] = ++market.count;
	segment->created_at[i] = INT64_C(700000000000000);
	for (int j = CA_SEGMENT_OPEN; j <= CA_SEGMENT_CLOSE; j++)
	{
		segment->number[j].scale = 8;
		segment->number[j].value[i] = prices[j];
	}
	segment->number[CA_SEGMENT_VOLUME].scale = 2;
	segment->number[CA_SEGMENT_VOLUME].value[i] = volume;
	segment->number[CA_SEGMENT_MARKET_CAP].scale = 2;
	segment->number[CA_SEGMENT_MARKET_CAP].has_nulls = true;
	segment->number[CA_SEGMENT_MARKET_CAP].nulls[i] = 1;
}

static int64_t
pick(int64_t *draw, int64_t below)
{
	*draw = *draw * 48271 % 2147483647;
	return *draw % below;
}

/* a walk of cents from 60000, a candle a minute, volumes of all sizes */
static void
make_walk(int count)
{
	int64_t draw = 1;
	int64_t last = 6000000;

	while (market.count < count)
	{
		int64_t open = last + pick(&draw, 201) - 100;
		int64_t close = open + pick(&draw, 2001) - 1000;
		int64_t high = (open > close ? open : close) + pick(&draw, 300);
		int64_t low = (open < close ? open : close) - pick(&draw, 700);
		int64_t prices[] = {open * 1000000, high * 1000000, low * 1000000,
							close * 1000000};

		add_candle(market.count * INT64_C(60000000), prices,
				   pick(&draw, INT64_C(100) << pick(&draw, 16)));
		last = close;
	}
}

/* a decimal as an integer of 10^-8 */
static int64_t
read_decimal(const char *text)
{
	int64_t value = strtoll(text, (char **) &text, 10);
	int64_t unit = 100000000;

	value *= unit;
	if (*text == '.')
		for (text++; *text >= '0' && *text <= '9' && unit > 1; text++)
			value += (*text - '0') * (unit /= 10);
	return value;
}

/* seconds, or a timestamp as "2023-03-01 00:00:00", in microseconds of UTC */
static int64_t
read_time(const char *text)
{
	static const int days[] = {0,   31,  59,  90,  120, 151,
							   181, 212, 243, 273, 304, 334};
	int year;
	int month;
	int day;
	int hour;
	int minute;
	int second;
	int64_t total;

	if (sscanf(text, "%d-%d-%d %d:%d:%d", &year, &month, &day, &hour, &minute,
			   &second) != 6 ||
		month < 1 || month > 12)
		return strtoll(text, NULL, 10) * 1000000;
	/* the years from 1901 to 2099 */
	total = (year - 1970) * 365 + (year - 1969) / 4 + days[month - 1] + day - 1;
	if (month > 2 && year % 4 == 0)
		total++;
	return ((total * 24 + hour) * 60 + minute) * 60000000 +
		   second * INT64_C(1000000);
}

static void
read_file(const char *name, int count)
{
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "r");
	char line[256];

	if (file == NULL)
		fail("the file cannot be opened");
	while (market.count < count && fgets(line, sizeof(line), file) != NULL)
	{
		int64_t prices[4];
		const char *at = line;
		__int128 notional;

		if (line[0] < '0' || line[0] > '9')
			continue;
		for (int j = 0; j < 5 && at != NULL; j++)
		{
			at = strchr(at, ',');
			if (at != NULL && j < 4)
				prices[j] = read_decimal(++at);
		}
		if (at == NULL)
			fail("a line has fewer than six columns");
		/* 10^-8 * 10^-8 / 3, rounded to 10^-2 */
		notional = (__int128) read_decimal(at + 1) *
				   (prices[CA_SEGMENT_HIGH] + prices[CA_SEGMENT_LOW] +
					prices[CA_SEGMENT_CLOSE]);
		add_candle(read_time(line), prices,
				   (int64_t) ((notional + INT64_C(150000000000000)) /
							  INT64_C(300000000000000)));
	}
	if (market.count == 0)
		fail("there are no candles");
}

static size_t
encode_all(void)
{
	size_t total = 0;

	for (int i = 0; i < market.segments; i++)
	{
		market.length[i] =
			ca_segment_encode(&market.segment[i], market.bytes[i]);
		total += market.length[i];
	}
	return total;
}

static void
decode_all(void)
{
	const char *problem;

	for (int i = 0; i < market.segments; i++)
		if (!ca_segment_decode(market.bytes[i], market.length[i],
							   CA_SEGMENT_PRICES | CA_SEGMENT_WITH_VOLUME,
							   &decoded, &problem))
			fail(problem);
}

int
main(int argc, char **argv)
{
	int candles = argc > 2 ? atoi(argv[2]) : 0;
	int most = SEGMENTS * CA_SEGMENT_CANDLES;
	Bars timed = {0};
	int rounds;
	size_t bytes;

	if (argc < 3 || candles < 1 ||
		(strcmp(argv[1], "encode") != 0 && strcmp(argv[1], "decode") != 0))
		fail("usage: segment encode|decode candles [file]");

	/* as many rounds over as many candles as give those asked for */
	rounds = (candles - 1) / most + 1;
	if (argc > 3)
		read_file(argv[3], candles / rounds);
	else
		make_walk(candles / rounds);
	rounds = (candles - 1) / market.count + 1;
	market.segments = (market.count - 1) / CA_SEGMENT_CANDLES + 1;
	for (int i = 0; i < market.segments; i++)
		if ((market.bytes[i] = malloc(ca_segment_bound(&market.segment[i]))) ==
			NULL)
			fail("out of memory");
	bytes = encode_all();
	decode_all();

	timed.count = market.count * rounds;
	bars_start();
	for (int i = 0; i < rounds; i++)
		if (argv[1][0] == 'e')
			encode_all();
		else
			decode_all();
	bars_stop(&timed, (double) bytes / market.count);
	return 0;
}
