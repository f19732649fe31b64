/*-------------------------------------------------------------------------
 *
 * merge.h
 *		Changing the candles of a compressed series, in order of time.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SEGMENT_TABLE_MERGE_H
#define CA_SEGMENT_TABLE_MERGE_H

#include "postgres.h"

#include "segment/table/table.h"

/* what happens to the candles that are handed over */
typedef enum CaMergeKind
{
	CA_MERGE_ADD,
	CA_MERGE_REPLACE,
	CA_MERGE_DROP
} CaMergeKind;

typedef struct CaMerge CaMerge;

extern CaMerge *ca_merge_begin(const CaTable *table, CaMergeKind kind);
extern bool ca_merge_row(CaMerge *merge, const CaRow *row);
extern void ca_merge_put(CaMerge *merge, const CaRow *row);
extern bool ca_merge_is_full(const CaMerge *merge);
extern void ca_merge_end(CaMerge *merge);

#endif /* CA_SEGMENT_TABLE_MERGE_H */
