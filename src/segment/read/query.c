/*-------------------------------------------------------------------------
 *
 * query.c
 *		Reading stored segments one by one.
 *
 * The executor reads them, so privileges, row security and visibility hold as in
 * any query.  Rights and policies are those of a given user; the snapshot is that
 * of the calling query.
 *
 * Segments of a series do not overlap.  Those that reach into [since, until]
 * therefore begin with the last one that starts at "since" or before, which the
 * primary key finds.  Up to FEW_SERIES series are read this way, one query each.
 * More series, or all of them, are read by a single query that filters by the end
 * of a segment.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/table.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/params.h"
#include "storage/bufmgr.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/timestamp.h"

#include "segment/read/query.h"

/* the most series that are read one by one */
#define FEW_SERIES 64

/*
 * Refuse a user who may not read the columns, even if the table is empty.
 * Error: 42501.
 */
void
ca_query_check_rights(Oid table, Oid user)
{
	if (pg_class_aclcheck(table, user, ACL_SELECT) == ACLCHECK_OK)
		return;
	for (int i = 0; i < CA_QUERY_COLUMNS; i++)
		if (pg_attribute_aclcheck(table, get_attnum(table, ca_query_columns[i]),
								  user, ACL_SELECT) != ACLCHECK_OK)
			aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_TABLE, get_rel_name(table));
}

/* the number of series to read one by one; 0: a single query reads all */
static int64
series_one_by_one(const CaQuery *query)
{
	const CaBounds *bounds = query->bounds;
	int64 series;

	if (bounds->all_assets || bounds->all_timeframes)
		return 0;
	series = (int64) bounds->nassets * bounds->ntimeframes;
	return series <= FEW_SERIES ? series : 0;
}

static void
set_parameter(CaQuery *query, int number, Oid type, Datum value)
{
	ParamExternData *parameter = &query->parameters->params[number];

	parameter->value = value;
	parameter->isnull = false;
	parameter->pflags = PARAM_FLAG_CONST;
	parameter->ptype = type;
}

/* the parameters of the i-th series, in the order of the scan */
static void
set_series(CaQuery *query, int64 i)
{
	const CaBounds *bounds = query->bounds;

	if (query->order == CA_SCAN_DESCENDING)
		i = series_one_by_one(query) - 1 - i;
	set_parameter(query, CA_QUERY_PARAM_ASSET, INT4OID,
				  Int32GetDatum(bounds->assets[i / bounds->ntimeframes]));
	set_parameter(query, CA_QUERY_PARAM_TIMEFRAME, TEXTOID,
				  PointerGetDatum(bounds->timeframes[i % bounds->ntimeframes]));
}

/* the parameters for many series; queries ignore the lists that they do not use */
static void
set_lists(CaQuery *query)
{
	const CaBounds *bounds = query->bounds;
	Datum *assets = palloc(sizeof(Datum) * Max(bounds->nassets, 1));

	for (int i = 0; i < bounds->nassets; i++)
		assets[i] = Int32GetDatum(bounds->assets[i]);
	set_parameter(
		query, CA_QUERY_PARAM_ASSET, INT4ARRAYOID,
		PointerGetDatum(construct_array(assets, bounds->nassets, INT4OID,
										sizeof(int32), true, TYPALIGN_INT)));
	set_parameter(query, CA_QUERY_PARAM_TIMEFRAME, TEXTARRAYOID,
				  PointerGetDatum(construct_array((Datum *) bounds->timeframes,
												  bounds->ntimeframes, TEXTOID,
												  -1, false, TYPALIGN_INT)));
}

static int
query_kind(const CaQuery *query)
{
	const CaBounds *bounds = query->bounds;
	int kind = 0;

	if (bounds->since != DT_NOBEGIN)
		kind |= CA_QUERY_KIND_SINCE;
	if (query->order == CA_SCAN_DESCENDING)
		kind |= CA_QUERY_KIND_DESCENDING;
	if (series_one_by_one(query) > 0)
		return kind | CA_QUERY_KIND_SERIES;
	if (query->order != CA_SCAN_UNORDERED)
		kind |= CA_QUERY_KIND_ORDERED;
	if (!bounds->all_assets)
		kind |= CA_QUERY_KIND_ASSETS;
	if (!bounds->all_timeframes)
		kind |= CA_QUERY_KIND_TIMEFRAMES;
	return kind;
}

/* whether the session has a generic plan that is still valid */
static bool
has_generic_plan(CachedPlanSource *source)
{
	return CachedPlanIsValid(source) && source->gplan != NULL &&
		   source->gplan->is_valid;
}

/* plan a query with nothing but the primary key to choose from */
static CachedPlan *
plan_by_key(CachedPlanSource *source, ParamListInfo parameters)
{
	static const char *const others[] = {"enable_seqscan", "enable_bitmapscan",
										 "enable_sort"};
	int level = NewGUCNestLevel();
	CachedPlan *plan;

	for (int i = 0; i < (int) lengthof(others); i++)
		set_config_option(others[i], "off", PGC_USERSET, PGC_S_SESSION,
						  GUC_ACTION_SAVE, true, 0, false);
	plan = GetCachedPlan(source, parameters, CurrentResourceOwner, NULL);
	AtEOXact_GUC(true, level);
	return plan;
}

/*
 * The plan of a query.  The plan for one series is made once and kept, so it must
 * not follow from the size of the table on that day: it always uses the primary
 * key.  A query for many series is planned by its statistics, as any other.
 */
static CachedPlan *
get_plan(const CaQuery *query, int kind)
{
	CachedPlanSource *source = ca_query_source(query->table, kind);

	if ((kind & CA_QUERY_KIND_SERIES) && !has_generic_plan(source))
		return plan_by_key(source, query->parameters);
	return GetCachedPlan(source, query->parameters, CurrentResourceOwner, NULL);
}

/*
 * Plan and start the query as its user, whose rights the executor checks.
 */
static void
start_query(CaQuery *query)
{
	Oid user;
	int security;

	GetUserIdAndSecContext(&user, &security);
	if (query->user != user)
		SetUserIdAndSecContext(query->user,
							   security | SECURITY_LOCAL_USERID_CHANGE);
	query->owner = CurrentResourceOwner;
	query->plan = get_plan(query, query_kind(query));
	query->running =
		CreateQueryDesc(linitial_node(PlannedStmt, query->plan->stmt_list),
						"price_data_segments", query->snapshot, InvalidSnapshot,
						None_Receiver, query->parameters, NULL, 0);
	ExecutorStart(query->running, EXEC_FLAG_SKIP_TRIGGERS);
	if (query->user != user)
		SetUserIdAndSecContext(user, security);
}

static void
stop_query(CaQuery *query)
{
	QueryDesc *running = query->running;
	CachedPlan *plan = query->plan;

	if (running == NULL)
		return;
	query->running = NULL;
	query->plan = NULL;
	ExecutorFinish(running);
	ExecutorEnd(running);
	FreeQueryDesc(running);
	ReleaseCachedPlan(plan, query->owner);
}

/*
 * Begin to read.  The query allocates in the current memory context, which must
 * live until it is closed.
 */
void
ca_query_open(CaQuery *query)
{
	query->context = CurrentMemoryContext;
	query->series = 0;
	query->running = NULL;
	query->parameters = makeParamList(CA_QUERY_PARAMS);
	set_parameter(query, CA_QUERY_PARAM_SINCE, TIMESTAMPTZOID,
				  TimestampTzGetDatum(query->bounds->since));
	set_parameter(query, CA_QUERY_PARAM_UNTIL, TIMESTAMPTZOID,
				  TimestampTzGetDatum(query->bounds->until));
}

/*
 * Whether the table is empty, so that no query need run.  Where running one does
 * more than find rows the answer is false: a serializable transaction has to
 * remember what it looked for, and row security may refuse.
 */
static bool
is_empty(const CaQuery *query)
{
	Relation table;
	bool empty;

	if (IsolationIsSerializable())
		return false;
	table = table_open(query->table, AccessShareLock);
	empty =
		!table->rd_rel->relrowsecurity && RelationGetNumberOfBlocks(table) == 0;
	table_close(table, NoLock);
	return empty;
}

/* start the next query; false when all have run */
static bool
start_next_query(CaQuery *query)
{
	MemoryContext old;
	int64 series = series_one_by_one(query);

	if (query->series >= Max(series, 1) || is_empty(query))
		return false;
	old = MemoryContextSwitchTo(query->context);
	if (series > 0)
		set_series(query, query->series);
	else
		set_lists(query);
	query->series++;
	start_query(query);
	MemoryContextSwitchTo(old);
	return true;
}

/*
 * The next segment: its columns stay in the slot until the next call.  NULL after
 * the last one.
 */
TupleTableSlot *
ca_query_next(CaQuery *query)
{
	for (;;)
	{
		TupleTableSlot *slot;
		MemoryContext old;

		if (query->running == NULL && !start_next_query(query))
			return NULL;
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(query->running->estate->es_query_cxt);
		ResetPerTupleExprContext(query->running->estate);
		slot = ExecProcNode(query->running->planstate);
		if (!TupIsNull(slot))
			slot_getallattrs(slot);
		MemoryContextSwitchTo(old);
		if (!TupIsNull(slot))
			return slot;
		stop_query(query);
	}
}

/* stop reading, also before the last segment */
void
ca_query_close(CaQuery *query)
{
	stop_query(query);
}
