/*-------------------------------------------------------------------------
 *
 * query.c
 *		Stored segments, one by one, by a query on their table.
 *
 * The executor reads them, with privileges, row security and visibility as for any
 * query: rights and policies are those of the user given, the snapshot is that of
 * the query which asks.  Plans are kept for the session.
 *
 * Segments of a series do not overlap.  So those that reach into [since, until]
 * begin with the last one that starts at "since" or before, and the primary key
 * finds it.  A few series are read one after the other in this way.  More of them,
 * or all, are read by one query, in which the end of a segment is but a filter.
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

/* the most series that are read one after the other */
#define FEW_SERIES 64

/*
 * Whether the user may read the columns; as for any table, even if there is
 * nothing to read.  Error: 42501.
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

/* how many series the reader takes one by one; 0: all by one query */
static int64
series_one_by_one(const CaQuery *reader)
{
	const CaBounds *bounds = reader->bounds;
	int64 series;

	if (bounds->all_assets || bounds->all_timeframes)
		return 0;
	series = (int64) bounds->nassets * bounds->ntimeframes;
	return series <= FEW_SERIES ? series : 0;
}

static void
set_parameter(CaQuery *reader, int number, Oid type, Datum value)
{
	ParamExternData *parameter = &reader->parameters->params[number];

	parameter->value = value;
	parameter->isnull = false;
	parameter->pflags = PARAM_FLAG_CONST;
	parameter->ptype = type;
}

/* the parameters of the i-th series, in the order of the scan */
static void
set_series(CaQuery *reader, int64 i)
{
	const CaBounds *bounds = reader->bounds;

	if (reader->order == CA_SCAN_DESCENDING)
		i = series_one_by_one(reader) - 1 - i;
	set_parameter(reader, CA_QUERY_PARAM_ASSET, INT4OID,
				  Int32GetDatum(bounds->assets[i / bounds->ntimeframes]));
	set_parameter(reader, CA_QUERY_PARAM_TIMEFRAME, TEXTOID,
				  PointerGetDatum(bounds->timeframes[i % bounds->ntimeframes]));
}

/* the parameters of all series; a list that there is not is not looked at */
static void
set_lists(CaQuery *reader)
{
	const CaBounds *bounds = reader->bounds;
	Datum *assets = palloc(sizeof(Datum) * Max(bounds->nassets, 1));

	for (int i = 0; i < bounds->nassets; i++)
		assets[i] = Int32GetDatum(bounds->assets[i]);
	set_parameter(
		reader, CA_QUERY_PARAM_ASSET, INT4ARRAYOID,
		PointerGetDatum(construct_array(assets, bounds->nassets, INT4OID,
										sizeof(int32), true, TYPALIGN_INT)));
	set_parameter(reader, CA_QUERY_PARAM_TIMEFRAME, TEXTARRAYOID,
				  PointerGetDatum(construct_array((Datum *) bounds->timeframes,
												  bounds->ntimeframes, TEXTOID,
												  -1, false, TYPALIGN_INT)));
}

static int
query_kind(const CaQuery *reader)
{
	const CaBounds *bounds = reader->bounds;
	int kind = 0;

	if (bounds->since != DT_NOBEGIN)
		kind |= CA_QUERY_KIND_SINCE;
	if (reader->order == CA_SCAN_DESCENDING)
		kind |= CA_QUERY_KIND_DESCENDING;
	if (series_one_by_one(reader) > 0)
		return kind | CA_QUERY_KIND_SERIES;
	if (reader->order != CA_SCAN_UNORDERED)
		kind |= CA_QUERY_KIND_ORDERED;
	if (!bounds->all_assets)
		kind |= CA_QUERY_KIND_ASSETS;
	if (!bounds->all_timeframes)
		kind |= CA_QUERY_KIND_TIMEFRAMES;
	return kind;
}

/* whether the plan that is kept will do */
static bool
is_planned(CachedPlanSource *source)
{
	return CachedPlanIsValid(source) && source->gplan != NULL &&
		   source->gplan->is_valid;
}

/*
 * The plan of a query.  That for one series goes by the primary key, whatever the
 * planner believes of a table that may have grown since.
 */
static CachedPlan *
get_plan(CaQuery *reader, int kind)
{
	static const char *const others[] = {"enable_seqscan", "enable_bitmapscan",
										 "enable_sort"};
	CachedPlanSource *source = ca_query_source(reader->table, kind);
	CachedPlan *plan;
	int level = -1;

	if ((kind & CA_QUERY_KIND_SERIES) && !is_planned(source))
	{
		level = NewGUCNestLevel();
		for (int i = 0; i < (int) lengthof(others); i++)
			set_config_option(others[i], "off", PGC_USERSET, PGC_S_SESSION,
							  GUC_ACTION_SAVE, true, 0, false);
	}
	plan =
		GetCachedPlan(source, reader->parameters, CurrentResourceOwner, NULL);
	if (level >= 0)
		AtEOXact_GUC(true, level);
	return plan;
}

/* plan as the user would, whose rights the executor checks, and begin to run */
static void
start_query(CaQuery *reader)
{
	Oid user;
	int security;

	GetUserIdAndSecContext(&user, &security);
	if (reader->user != user)
		SetUserIdAndSecContext(reader->user,
							   security | SECURITY_LOCAL_USERID_CHANGE);
	reader->owner = CurrentResourceOwner;
	reader->plan = get_plan(reader, query_kind(reader));
	reader->running = CreateQueryDesc(
		linitial_node(PlannedStmt, reader->plan->stmt_list),
		"price_data_segments", reader->snapshot, InvalidSnapshot, None_Receiver,
		reader->parameters, NULL, 0);
	ExecutorStart(reader->running, EXEC_FLAG_SKIP_TRIGGERS);
	if (reader->user != user)
		SetUserIdAndSecContext(user, security);
}

static void
stop_query(CaQuery *reader)
{
	QueryDesc *query = reader->running;
	CachedPlan *plan = reader->plan;

	if (query == NULL)
		return;
	reader->running = NULL;
	reader->plan = NULL;
	ExecutorFinish(query);
	ExecutorEnd(query);
	FreeQueryDesc(query);
	ReleaseCachedPlan(plan, reader->owner);
}

/*
 * Begin to read.  What the reader allocates is in the current memory context,
 * which has to live until it is closed.
 */
void
ca_query_open(CaQuery *reader)
{
	reader->context = CurrentMemoryContext;
	reader->series = 0;
	reader->running = NULL;
	reader->parameters = makeParamList(CA_QUERY_PARAMS);
	set_parameter(reader, CA_QUERY_PARAM_SINCE, TIMESTAMPTZOID,
				  TimestampTzGetDatum(reader->bounds->since));
	set_parameter(reader, CA_QUERY_PARAM_UNTIL, TIMESTAMPTZOID,
				  TimestampTzGetDatum(reader->bounds->until));
}

/*
 * Whether the table has no rows, so that no query need look for them.  One is run
 * all the same where it does more: a serializable transaction has to remember what
 * it looked for, and row security may refuse.
 */
static bool
is_bare(const CaQuery *reader)
{
	Relation table;
	bool bare;

	if (IsolationIsSerializable())
		return false;
	table = table_open(reader->table, AccessShareLock);
	bare =
		!table->rd_rel->relrowsecurity && RelationGetNumberOfBlocks(table) == 0;
	table_close(table, NoLock);
	return bare;
}

/* begin the query of the next series, or that of all of them, if there is one */
static bool
start_next_query(CaQuery *reader)
{
	MemoryContext old;
	int64 series = series_one_by_one(reader);

	if (reader->series >= Max(series, 1) || is_bare(reader))
		return false;
	old = MemoryContextSwitchTo(reader->context);
	if (series > 0)
		set_series(reader, reader->series);
	else
		set_lists(reader);
	reader->series++;
	start_query(reader);
	MemoryContextSwitchTo(old);
	return true;
}

/*
 * The next segment, with its columns in the slot until the next call; NULL after
 * the last one.
 */
TupleTableSlot *
ca_query_next(CaQuery *reader)
{
	for (;;)
	{
		TupleTableSlot *slot;
		MemoryContext old;

		if (reader->running == NULL && !start_next_query(reader))
			return NULL;
		CHECK_FOR_INTERRUPTS();
		old = MemoryContextSwitchTo(reader->running->estate->es_query_cxt);
		ResetPerTupleExprContext(reader->running->estate);
		slot = ExecProcNode(reader->running->planstate);
		if (!TupIsNull(slot))
			slot_getallattrs(slot);
		MemoryContextSwitchTo(old);
		if (!TupIsNull(slot))
			return slot;
		stop_query(reader);
	}
}

/*
 * End reading, be it before the last segment.
 */
void
ca_query_close(CaQuery *reader)
{
	stop_query(reader);
}
