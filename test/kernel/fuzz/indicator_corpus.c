/*-------------------------------------------------------------------------
 *
 * indicator_corpus.c
 *		Writes a state of each indicator into the corpus.
 *
 * usage: indicator_corpus directory
 *
 *-------------------------------------------------------------------------
 */
#include <stdio.h>

#include "one_indicator.h"

int
main(int argc, char **argv)
{
	if (argc != 2)
	{
		fprintf(stderr, "usage: indicator_corpus directory\n");
		return 2;
	}
	for (unsigned i = 0; i < KINDS; i++)
	{
		const uint8_t head[HEAD] = {(uint8_t) i, 2, (uint8_t) (i % 3)};
		CaRequest request;
		CaSeriesIndicators *indicators;
		unsigned char *bytes;
		size_t size;
		char name[1024];
		FILE *file;

		set_request(&request, head);
		indicators = make_indicators(&request);
		go_on(indicators);
		bytes = write_state(indicators, &size);
		snprintf(name, sizeof(name), "%s/%s", argv[1], request.indicator->name);
		file = fopen(name, "wb");
		if (file == NULL || fwrite(head, 1, HEAD, file) != HEAD ||
			fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
		{
			perror(name);
			return 1;
		}
		free(bytes);
		free(indicators);
	}
	return 0;
}
