/*-------------------------------------------------------------------------
 *
 * server.c
 *		A backend without a database: its objects are linked to the program.
 *
 * Errors are caught as a session catches them.  One that no user can cause, of
 * class XX, is a finding.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include <stdlib.h>

#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "postmaster/postmaster.h"
#include "utils/guc.h"
#include "utils/memutils.h"

extern void _PG_init(void);

static MemoryContext scratch;

/* the memory of exact_text(), freed with the next input */
static text *exact;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	progname = "fuzz";
	MemoryContextInit();
	(void) set_stack_base();
	InitializeGUCOptions();
	InitializeSessionUserIdStandalone();
	SetDatabaseEncoding(PG_UTF8);
	_PG_init();
	scratch =
		AllocSetContextCreate(TopMemoryContext, "fuzz", ALLOCSET_DEFAULT_SIZES);
	return 0;
}

void
require(bool holds)
{
	if (!holds)
		abort();
}

/* whether a server would accept this as a text */
bool
is_text(const uint8 *data, size_t size)
{
	return pg_verify_mbstr(PG_UTF8, (const char *) data, (int) size, true);
}

/* whether the parser ended without an error */
bool
parse(Parser parser, const uint8 *data, size_t size)
{
	volatile bool done = true;

	MemoryContextSwitchTo(scratch);
	PG_TRY();
	{
		parser(data, size);
	}
	PG_CATCH();
	{
		if (ERRCODE_TO_CATEGORY(geterrcode()) == ERRCODE_INTERNAL_ERROR)
		{
			MemoryContextSwitchTo(TopMemoryContext);
			fprintf(stderr, "internal error: %s\n", CopyErrorData()->message);
			abort();
		}
		FlushErrorState();
		done = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(TopMemoryContext);
	MemoryContextReset(scratch);
	free(exact);
	exact = NULL;
	return done;
}

/* calls a function with arguments that are not NULL; false if it returns NULL */
bool
call(PGFunction function, int nargs, const Datum *arguments, Datum *result)
{
	LOCAL_FCINFO(fcinfo, FUNC_MAX_ARGS);

	InitFunctionCallInfoData(*fcinfo, NULL, nargs, InvalidOid, NULL, NULL);
	for (int i = 0; i < nargs; i++)
	{
		fcinfo->args[i].value = arguments[i];
		fcinfo->args[i].isnull = false;
	}
	*result = function(fcinfo);
	return !fcinfo->isnull;
}

/*
 * A text in a separate allocation, so that AddressSanitizer sees a read beyond its
 * end.  There is one at a time.
 */
text *
exact_text(const void *data, size_t size)
{
	free(exact);
	exact = malloc(VARHDRSZ + size);
	require(exact != NULL);
	SET_VARSIZE(exact, VARHDRSZ + size);
	memcpy(VARDATA(exact), data, size);
	return exact;
}
