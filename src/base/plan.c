/*-------------------------------------------------------------------------
 *
 * plan.c
 *		Plans that are kept for the session.
 *
 * There is one cache, and the text of a query is its key.  The text names tables
 * with their schema, so a table that is renamed or moved gets another plan.
 * Whoever builds the text derives the parameters' types and the options from the
 * same facts, so equal texts have equal types and options.  PostgreSQL itself
 * plans again when something that a plan depends on has changed.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/memutils.h"

#include "base/plan.h"

typedef struct KeptPlan
{
	const char *query; /* the key */
	SPIPlanPtr plan;
} KeptPlan;

static HTAB *plans;

static uint32
hash_query(const void *key, Size size)
{
	const char *query = *(const char *const *) key;

	return hash_bytes((const unsigned char *) query, (int) strlen(query));
}

static int
compare_queries(const void *a, const void *b, Size size)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static HTAB *
make_cache(void)
{
	HASHCTL control = {.keysize = sizeof(const char *),
					   .entrysize = sizeof(KeptPlan),
					   .hash = hash_query,
					   .match = compare_queries};

	return hash_create("plans of cryptoanalytics", 16, &control,
					   HASH_ELEM | HASH_FUNCTION | HASH_COMPARE);
}

/*
 * The plan of a query, prepared when the session first asks for it.  "options" are
 * those of a cursor, CURSOR_OPT_GENERIC_PLAN for example.  Qualify every name in
 * the query: the plan outlives a change of search_path.
 */
SPIPlanPtr
ca_plan(const char *query, int nparameters, const Oid *types, int options)
{
	KeptPlan *kept;
	SPIPlanPtr plan;

	if (plans == NULL)
		plans = make_cache();
	kept = hash_search(plans, &query, HASH_FIND, NULL);
	if (kept != NULL)
		return kept->plan;

	SPI_connect();
	plan = SPI_prepare_cursor(query, nparameters, unconstify(Oid *, types),
							  options);
	if (plan == NULL || SPI_keepplan(plan) != 0)
		elog(ERROR, "cannot prepare \"%s\": %s", query,
			 SPI_result_code_string(SPI_result));
	SPI_finish();
	query = MemoryContextStrdup(TopMemoryContext, query);
	kept = hash_search(plans, &query, HASH_ENTER, NULL);
	kept->plan = plan;
	return plan;
}
