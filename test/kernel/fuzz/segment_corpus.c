/*-------------------------------------------------------------------------
 *
 * segment_corpus.c
 *		Writes small segments into the corpus.
 *
 * usage: segment_corpus directory
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>
#include <stdlib.h>

#include "generate.h"

#define FILES 12
#define LONGEST 400

static CaSegment segment;

int
main(int argc, char **argv)
{
	Draw d = {1};
	int files = 0;

	if (argc != 2)
	{
		fprintf(stderr, "usage: segment_corpus directory\n");
		return 2;
	}
	while (files < FILES)
	{
		uint8_t *bytes;
		size_t length;
		char name[1024];
		FILE *file;

		generate_segment(&d, &segment);
		bytes = malloc(ca_segment_bound(&segment));
		if (bytes == NULL)
			return 1;
		length = ca_segment_encode(&segment, bytes);
		if (length <= LONGEST)
		{
			snprintf(name, sizeof(name), "%s/%02d", argv[1], files++);
			file = fopen(name, "wb");
			if (file == NULL || fputc(CA_SEGMENT_ALL, file) == EOF ||
				fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
			{
				perror(name);
				return 1;
			}
		}
		free(bytes);
	}
	return 0;
}
