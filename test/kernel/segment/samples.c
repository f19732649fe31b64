/*-------------------------------------------------------------------------
 *
 * samples.c
 *		Segments for another decoder: encoded, and as CSV from before that.
 *
 * usage: samples directory segments [seed]
 *
 * A number has as many decimals as its scale, a NULL is empty, a text is quoted.
 *
 *-------------------------------------------------------------------------
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "segment/codec/scales.h"

static CaSegment segment;

static FILE *
create(const char *directory, int number, const char *ending)
{
	char name[1024];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%04d.%s", directory, number, ending);
	file = fopen(name, "wb");
	if (file == NULL)
	{
		perror(name);
		exit(1);
	}
	return file;
}

static void
finish(FILE *file)
{
	if (ferror(file) || fclose(file) != 0)
	{
		fprintf(stderr, "cannot write\n");
		exit(1);
	}
}

/* value * 10^-scale with as many decimals as are shown; the others are zeros */
static void
print_integer(FILE *file, int64_t value, int scale, int shown)
{
	uint64_t magnitude = value < 0 ? 0 - (uint64_t) value : (uint64_t) value;
	char digits[300];
	int length =
		snprintf(digits, sizeof(digits), "%0*" PRIu64, scale + 1, magnitude);

	fprintf(file, "%s%.*s%s%.*s", value < 0 ? "-" : "", length - scale, digits,
			shown > 0 ? "." : "", shown, digits + length - scale);
}

static void
print_number(FILE *file, const CaSegmentNumbers *numbers, int i)
{
	fputc(',', file);
	if (numbers->has_nulls && numbers->nulls[i])
		return;
	if (!numbers->is_text)
	{
		print_integer(file, numbers->value[i], numbers->scale,
					  numbers->is_mixed ? ca_segment_shown(numbers, i).scale
										: numbers->scale);
		return;
	}
	fputc('"', file);
	for (uint32_t j = 0; j < numbers->text[i].length; j++)
	{
		if (numbers->text[i].data[j] == '"')
			fputc('"', file);
		fputc(numbers->text[i].data[j], file);
	}
	fputc('"', file);
}

static void
write_csv(FILE *file)
{
	fprintf(file, "time,open,high,low,close,volume,market_cap,id,created_at\n");
	for (int i = 0; i < segment.count; i++)
	{
		fprintf(file, "%" PRId64, segment.time[i]);
		for (int j = 0; j < CA_SEGMENT_NUMBERS; j++)
			print_number(file, &segment.number[j], i);
		fprintf(file, ",%" PRId64 ",%" PRId64 "\n", segment.id[i],
				segment.created_at[i]);
	}
}

int
main(int argc, char **argv)
{
	Draw d = {argc > 3 ? strtoull(argv[3], NULL, 10) : 1};

	if (argc < 3)
	{
		fprintf(stderr, "usage: samples directory segments [seed]\n");
		return 2;
	}
	for (int i = 0; i < atoi(argv[2]); i++)
	{
		FILE *file = create(argv[1], i, "segment");
		uint8_t *data;
		size_t length;

		generate_segment(&d, &segment);
		data = malloc(ca_segment_bound(&segment));
		if (data == NULL)
			return 1;
		length = ca_segment_encode(&segment, data);
		fill_checksum(data, length);
		fwrite(data, 1, length, file);
		finish(file);
		free(data);
		file = create(argv[1], i, "csv");
		write_csv(file);
		finish(file);
	}
	return 0;
}
