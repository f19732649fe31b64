/*-------------------------------------------------------------------------
 *
 * column_scan.c
 *		Stored segments as columns in memory, one by one.
 *
 * For functions that compute from columns and need no rows.  They read with the
 * caller's rights and the active snapshot.  Candles that are not compressed have to
 * be read with the same snapshot, so that both together are one state of the history.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "miscadmin.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"

#include "segment/read/column_scan.h"

/*
 * Begin to read segments that reach into scan->bounds, which the caller has filled
 * in.  "columns" has a bit for each column of price_data_compressed to decode,
 * 1 << CA_COMPRESSED_OPEN and so on.  Allocates in the current memory context.
 * Error: 42501.
 */
void
ca_column_scan_begin(CaColumnScan *scan, Oid namespace_oid, int columns,
					 CaScanOrder order)
{
	Oid table = get_relname_relid("price_data_segments", namespace_oid);

	if (!OidIsValid(table))
		elog(ERROR, "table price_data_segments does not exist");
	ca_query_check_rights(table, GetUserId());
	ca_cursor_init(&scan->cursor, columns);
	scan->query = (CaQuery){.table = table,
							.user = GetUserId(),
							.snapshot = GetActiveSnapshot(),
							.order = order,
							.bounds = &scan->bounds};
	scan->segment = NULL;
	if (!scan->bounds.empty)
		ca_query_open(&scan->query);
}

/*
 * Read the next segment that has candles within the bounds, and fill in the scan's
 * fields for it, which are valid until the next call.  False if there is none.
 * Error: XX001.
 */
bool
ca_column_scan_next(CaColumnScan *scan)
{
	TupleTableSlot *row;

	while (!scan->bounds.empty && (row = ca_query_next(&scan->query)) != NULL)
	{
		const text *code;

		ca_cursor_load(&scan->cursor, row);
		code = scan->cursor.timeframe;
		scan->asset = scan->cursor.asset;
		scan->timeframe =
			ca_timeframe_find(VARDATA_ANY(code), VARSIZE_ANY_EXHDR(code));
		if (scan->timeframe == NULL)
			elog(ERROR, "a segment has an unknown timeframe");
		scan->segment = scan->cursor.segment;
		scan->from = ca_cursor_find(&scan->cursor, scan->bounds.since);
		scan->to = scan->bounds.until == DT_NOEND
					   ? scan->segment->count
					   : ca_cursor_find(&scan->cursor, scan->bounds.until + 1);
		if (scan->from < scan->to)
			return true;
	}
	return false;
}

/* stop reading, also before the last segment */
void
ca_column_scan_end(CaColumnScan *scan)
{
	if (!scan->bounds.empty)
		ca_query_close(&scan->query);
}
