/*-------------------------------------------------------------------------
 *
 * rollup_spill.h
 *		Groups that do not fit into memory: a sort on disk.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROLLUP_SPILL_H
#define CA_ROLLUP_SPILL_H

#include "candle/rollup/rollup_group.h"

typedef struct CaRollupSpill CaRollupSpill;

extern CaRollupSpill *ca_rollup_spill_begin(int memory_kb);
extern void ca_rollup_spill_put(CaRollupSpill *spill, CaRollupGroup *group);
extern void ca_rollup_spill_sort(CaRollupSpill *spill);
extern const CaRollupGroupKey *ca_rollup_spill_peek(const CaRollupSpill *spill);
extern void ca_rollup_spill_next(CaRollupSpill *spill,
								 CaRollupGroupResult *result);

#endif /* CA_ROLLUP_SPILL_H */
