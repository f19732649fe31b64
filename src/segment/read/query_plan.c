/*-------------------------------------------------------------------------
 *
 * query_plan.c
 *		The queries for stored segments.
 *
 * Every kind of query is prepared once per session and table; base/plan.c keeps the
 * plans.  All names are qualified, so the search_path does not matter.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_type.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "base/plan.h"
#include "segment/read/query.h"

const char *const ca_query_columns[] = {
	"asset_id", "timeframe", "first_time",          "last_time",
	"candles",  "payload",   "technical_indicators"};

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

/*
 * The query of this kind, to be planned.  That for one series gets a generic plan,
 * which serves every series.
 */
CachedPlanSource *
ca_query_source(Oid table, int kind)
{
	bool one = kind & CA_QUERY_KIND_SERIES;
	const Oid types[CA_QUERY_PARAMS] = {one ? INT4OID : INT4ARRAYOID,
										one ? TEXTOID : TEXTARRAYOID,
										TIMESTAMPTZOID, TIMESTAMPTZOID};
	char *query = query_text(table, kind);
	SPIPlanPtr plan = ca_plan(query, CA_QUERY_PARAMS, types,
							  one ? CURSOR_OPT_GENERIC_PLAN : 0);

	pfree(query);
	return linitial(SPI_plan_get_plan_sources(plan));
}
