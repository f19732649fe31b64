/*-------------------------------------------------------------------------
 *
 * tap.c
 *		What the tests of the kernels of analytics share; see tap.h.
 *
 *-------------------------------------------------------------------------
 */
#include "tap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tests;
static int failures;

void
ok(bool passed, const char *what, const char *name)
{
	printf("%sok %d - %s: %s\n", passed ? "" : "not ", ++tests, name, what);
	failures += !passed;
}

/* the plan, and the status to exit with */
int
tap_end(void)
{
	printf("1..%d\n", tests);
	return failures != 0;
}

void *
room(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
		abort();
	return memory;
}

bool
same_bits(double a, double b)
{
	return memcmp(&a, &b, sizeof(double)) == 0;
}
