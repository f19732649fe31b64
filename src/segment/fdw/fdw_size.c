/*-------------------------------------------------------------------------
 *
 * fdw_size.c
 *		The number of compressed candles, and their statistics.
 *
 * Autovacuum does not analyze a foreign table.  But candles are spread over assets,
 * timeframes and time as segments are, which hold about the same number each.  So the
 * planner gets statistics of price_data_segments for the foreign table.
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

/* defaults without statistics: candles per segment, and segments per page */
#define USUAL_CANDLES 1000.0
#define USUAL_DENSITY 60.0

static get_relation_stats_hook_type next_statistics;

/*
 * price_data_segments in the schema of the foreign table.  Both must be members of
 * one extension, because a user's table of that name may have any columns.
 * Error: 42P01.
 */
Oid
ca_fdw_segments_table(Oid foreign_table)
{
	Oid schema = get_rel_namespace(foreign_table);
	Oid table = get_relname_relid("price_data_segments", schema);
	Oid extension = getExtensionOfObject(RelationRelationId, foreign_table);

	if (!OidIsValid(table) || !OidIsValid(extension) ||
		getExtensionOfObject(RelationRelationId, table) != extension)
		ereport(
			ERROR, errcode(ERRCODE_UNDEFINED_TABLE),
			errmsg("there are no segments of compressed candles"),
			errdetail("Schema %s has no table price_data_segments that belongs "
					  "to the extension of foreign table %s.",
					  get_namespace_name(schema), get_rel_name(foreign_table)),
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

/* the average number of candles per segment, by statistics of that column */
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

/* the number of segments by the present size of the table, as the planner does */
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

/* the size of this foreign table; NULL if it is not ours */
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

/* the column of price_data_segments with the same distribution */
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
 * get_relation_stats_hook: statistics of the segments stand in for their candles.
 *
 * acl_ok stays false, so the planner only applies leakproof operators, and these
 * columns have no others.
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

	/* a share of the segments is not the same share of the candles */
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
