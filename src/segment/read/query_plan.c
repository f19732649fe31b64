/*-------------------------------------------------------------------------
 *
 * query_plan.c
 *		The queries for stored segments, prepared once a session.
 *
 * Names are qualified, so the search_path does not matter.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/hsearch.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"

#include "segment/read/query.h"

const char *const ca_query_columns[] = {
	"asset_id", "timeframe", "first_time",          "last_time",
	"candles",  "payload",   "technical_indicators"};

typedef struct PlanKey
{
	Oid table;
	int kind;
} PlanKey;

typedef struct PlanEntry
{
	PlanKey key;
	char *query;
	SPIPlanPtr plan; /* NULL when it could not be made */
} PlanEntry;

/* the plans of the session */
static HTAB *plans;

static void
append_series_query(StringInfo query, const char *table, int kind)
{
	const char *series = "WHERE s.asset_id OPERATOR(pg_catalog.=) $1 "
						 "AND s.timeframe OPERATOR(pg_catalog.=) $2 ";

	appendStringInfo(query, "%sAND s.first_time OPERATOR(pg_catalog.<=) $4 ",
					 series);
	if (kind & CA_QUERY_KIND_SINCE)
		appendStringInfo(query,
						 "AND s.last_time OPERATOR(pg_catalog.>=) $3 "
						 "AND s.first_time OPERATOR(pg_catalog.>=) COALESCE("
						 "(SELECT s.first_time FROM %s AS s %s"
						 "AND s.first_time OPERATOR(pg_catalog.<=) $3 "
						 "ORDER BY s.first_time DESC LIMIT 1), $3) ",
						 table, series);
	appendStringInfo(query, "ORDER BY s.first_time %s",
					 kind & CA_QUERY_KIND_DESCENDING ? "DESC" : "ASC");
}

static void
append_set_query(StringInfo query, int kind)
{
	const char *direction = kind & CA_QUERY_KIND_DESCENDING ? "DESC" : "ASC";

	appendStringInfoString(query,
						   "WHERE s.first_time OPERATOR(pg_catalog.<=) $4 ");
	if (kind & CA_QUERY_KIND_SINCE)
		appendStringInfoString(query,
							   "AND s.last_time OPERATOR(pg_catalog.>=) $3 ");
	if (kind & CA_QUERY_KIND_ASSETS)
		appendStringInfoString(
			query, "AND s.asset_id OPERATOR(pg_catalog.=) ANY ($1) ");
	if (kind & CA_QUERY_KIND_TIMEFRAMES)
		appendStringInfoString(
			query, "AND s.timeframe OPERATOR(pg_catalog.=) ANY ($2) ");
	if (kind & CA_QUERY_KIND_ORDERED)
		appendStringInfo(query,
						 "ORDER BY s.asset_id %s, s.timeframe %s, "
						 "s.first_time %s",
						 direction, direction, direction);
}

static char *
query_text(Oid relation, int kind)
{
	const char *table = quote_qualified_identifier(
		get_namespace_name(get_rel_namespace(relation)),
		get_rel_name(relation));
	StringInfoData query;

	initStringInfo(&query);
	appendStringInfoString(&query, "SELECT ");
	for (int i = 0; i < CA_QUERY_COLUMNS; i++)
		appendStringInfo(&query, "%ss.%s", i > 0 ? ", " : "",
						 ca_query_columns[i]);
	appendStringInfo(&query, " FROM %s AS s ", table);
	if (kind & CA_QUERY_KIND_SERIES)
		append_series_query(&query, table, kind);
	else
		append_set_query(&query, kind);
	return query.data;
}

/* find the plan's place, and forget a plan of a table since renamed */
static PlanEntry *
plan_entry(Oid table, int kind, const char *query)
{
	PlanKey key = {table, kind};
	PlanEntry *entry;
	bool found;

	if (plans == NULL)
	{
		HASHCTL control = {.keysize = sizeof(PlanKey),
						   .entrysize = sizeof(PlanEntry)};

		plans = hash_create("plans of price_data_segments", 16, &control,
							HASH_ELEM | HASH_BLOBS);
	}
	entry = hash_search(plans, &key, HASH_ENTER, &found);
	if (!found)
	{
		entry->query = NULL;
		entry->plan = NULL;
	}
	else if (entry->plan != NULL && strcmp(entry->query, query) != 0)
	{
		SPI_freeplan(entry->plan);
		entry->plan = NULL;
	}
	return entry;
}

/*
 * The query of this kind, to be planned.  The plan for one series does not depend
 * on which one, so it is made once.
 */
CachedPlanSource *
ca_query_source(Oid table, int kind)
{
	char *query = query_text(table, kind);
	PlanEntry *entry = plan_entry(table, kind, query);

	if (entry->plan == NULL)
	{
		bool one = kind & CA_QUERY_KIND_SERIES;
		Oid types[CA_QUERY_PARAMS] = {one ? INT4OID : INT4ARRAYOID,
									  one ? TEXTOID : TEXTARRAYOID,
									  TIMESTAMPTZOID, TIMESTAMPTZOID};
		SPIPlanPtr plan;

		SPI_connect();
		plan = SPI_prepare_cursor(query, CA_QUERY_PARAMS, types,
								  one ? CURSOR_OPT_GENERIC_PLAN : 0);
		if (plan == NULL || SPI_keepplan(plan) != 0)
			elog(ERROR, "cannot prepare the reading of segments: %s",
				 SPI_result_code_string(SPI_result));
		SPI_finish();
		if (entry->query != NULL)
			pfree(entry->query);
		entry->query = MemoryContextStrdup(TopMemoryContext, query);
		entry->plan = plan;
	}
	pfree(query);
	return linitial(SPI_plan_get_plan_sources(entry->plan));
}
