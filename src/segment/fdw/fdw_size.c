/*-------------------------------------------------------------------------
 *
 * fdw_size.c
 *		How many compressed candles there are, and their statistics.
 *
 * Nobody analyzes a foreign table, autovacuum least of all.  But the columns of
 * price_data_segments tell what its planner wants to know: candles are spread over
 * assets, timeframes and time as segments are, which hold about equally many.  So
 * their statistics are handed out for the foreign table's.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/dependency.h"
#include "catalog/pg_class.h"
#include "catalog/pg_statistic.h"
#include "optimizer/cost.h"
#include "parser/parsetree.h"
#include "storage/bufmgr.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/selfuncs.h"
#include "utils/syscache.h"

#include "segment/fdw/fdw.h"

/* where nothing is known: candles of a segment, and segments of a page */
#define USUAL_CANDLES 1000.0
#define USUAL_DENSITY 60.0

static get_relation_stats_hook_type next_statistics;

/*
 * price_data_segments of the schema that the foreign table is in.  Both have to be
 * members of one extension: a table that somebody else calls so may have any
 * columns.  Error: 42P01.
 */
Oid
ca_fdw_segments_table(Oid foreign_table)
{
	Oid schema = get_rel_namespace(foreign_table);
	Oid table = get_relname_relid("price_data_segments", schema);
	Oid extension = getExtensionOfObject(RelationRelationId, foreign_table);

	if (!OidIsValid(table) || !OidIsValid(extension) ||
		getExtensionOfObject(RelationRelationId, table) != extension)
		ereport(ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
				errmsg("there are no segments of compressed candles"),
				errdetail("Schema %s has no table price_data_segments of the "
						  "extension that foreign table %s is of.",
						  get_namespace_name(schema),
						  get_rel_name(foreign_table)),
				errhint("Only the extension's own price_data_compressed can "
						"be read."));
	return table;
}

static HeapTuple
column_statistics(Oid table, const char *column)
{
	return SearchSysCache3(STATRELATTINH, ObjectIdGetDatum(table),
						   Int16GetDatum(get_attnum(table, column)),
						   BoolGetDatum(false));
}

/* candles of a segment, on average, by the statistics of that column */
static double
usual_candles(Oid table)
{
	HeapTuple tuple = column_statistics(table, "candles");
	AttStatsSlot slot;
	double sum = 0.0;
	double share = 0.0;

	if (!HeapTupleIsValid(tuple))
		return USUAL_CANDLES;
	if (get_attstatsslot(&slot, tuple, STATISTIC_KIND_MCV, InvalidOid,
						 ATTSTATSSLOT_VALUES | ATTSTATSSLOT_NUMBERS))
	{
		for (int i = 0; i < slot.nvalues && i < slot.nnumbers; i++)
		{
			sum += slot.numbers[i] * DatumGetInt32(slot.values[i]);
			share += slot.numbers[i];
		}
		free_attstatsslot(&slot);
	}
	if (get_attstatsslot(&slot, tuple, STATISTIC_KIND_HISTOGRAM, InvalidOid,
						 ATTSTATSSLOT_VALUES))
	{
		double mean = 0.0;

		for (int i = 0; i < slot.nvalues; i++)
			mean += DatumGetInt32(slot.values[i]) / (double) slot.nvalues;
		sum += mean * (1.0 - share);
		share = 1.0;
		free_attstatsslot(&slot);
	}
	ReleaseSysCache(tuple);
	return share > 0.0 ? Max(sum / share, 1.0) : USUAL_CANDLES;
}

/* segments by the size of the table now, as the planner counts rows */
static double
count_segments(Oid table)
{
	Relation relation = table_open(table, AccessShareLock);
	double pages = RelationGetNumberOfBlocks(relation);
	double density = USUAL_DENSITY;

	if (relation->rd_rel->reltuples >= 0 && relation->rd_rel->relpages > 0)
		density = relation->rd_rel->reltuples / relation->rd_rel->relpages;
	table_close(relation, NoLock);
	return rint(pages * density);
}

/*
 * GetForeignRelSize
 */
void
ca_fdw_size(PlannerInfo *root, RelOptInfo *rel, Oid foreign_table)
{
	CaFdwSize *size = palloc(sizeof(CaFdwSize));

	size->table = ca_fdw_segments_table(foreign_table);
	size->segments = count_segments(size->table);
	size->candles = usual_candles(size->table);
	rel->fdw_private = size;
	rel->tuples = size->segments * size->candles;
	set_baserel_size_estimates(root, rel);
}

/* the foreign table that this is; NULL when it is not ours */
static const CaFdwSize *
size_of(PlannerInfo *root, const RangeTblEntry *rte)
{
	if (rte->rtekind != RTE_RELATION || rte->relkind != RELKIND_FOREIGN_TABLE ||
		root->simple_rte_array == NULL)
		return NULL;
	for (int i = 1; i < root->simple_rel_array_size; i++)
	{
		const RelOptInfo *rel = root->simple_rel_array[i];

		if (root->simple_rte_array[i] == rte && rel != NULL &&
			rel->fdwroutine != NULL &&
			rel->fdwroutine->GetForeignRelSize == ca_fdw_size)
			return rel->fdw_private;
	}
	return NULL;
}

/* the column of price_data_segments that is spread alike */
static const char *
similar_column(AttrNumber column)
{
	switch (column)
	{
		case CA_COMPRESSED_ASSET:
			return "asset_id";
		case CA_COMPRESSED_TIMEFRAME:
			return "timeframe";
		case CA_COMPRESSED_TIME:
			return "first_time";
		default:
			return NULL;
	}
}

/*
 * get_relation_stats_hook: statistics of the segments for those of their candles.
 *
 * Whether the user may look at the segments is left open.  So the planner uses
 * only operators that do not leak what they see, and these columns have no others.
 */
static bool
segment_statistics(PlannerInfo *root, RangeTblEntry *rte, AttrNumber column,
				   VariableStatData *statistics)
{
	const CaFdwSize *size = size_of(root, rte);
	const char *similar = similar_column(column);
	HeapTuple tuple;
	Form_pg_statistic form;

	if (size == NULL || similar == NULL)
		return next_statistics != NULL &&
			   next_statistics(root, rte, column, statistics);

	tuple = column_statistics(size->table, similar);
	if (!HeapTupleIsValid(tuple))
		return false;
	statistics->statsTuple = heap_copytuple(tuple);
	statistics->freefunc = heap_freetuple;
	ReleaseSysCache(tuple);

	/* a share of the segments is not one of the candles */
	form = (Form_pg_statistic) GETSTRUCT(statistics->statsTuple);
	if (form->stadistinct < 0)
		form->stadistinct = -form->stadistinct * Max(size->segments, 1.0);
	if (column == CA_COMPRESSED_TIME)
		form->stadistinct *= size->candles;
	return true;
}

/* called once, when the library is loaded */
void
ca_fdw_define_statistics(void)
{
	next_statistics = get_relation_stats_hook;
	get_relation_stats_hook = segment_statistics;
}
