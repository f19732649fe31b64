/*-------------------------------------------------------------------------
 *
 * gap_kernel.h
 *		The last candle before each of many moments, from candles in any order.
 *
 * Plain C: no PostgreSQL header is needed here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_GAP_KERNEL_H
#define CA_GAP_KERNEL_H

#include <stdint.h>

#define CA_NO_GAP UINT32_MAX

/* what lies between a moment and the one before it in the same series */
typedef struct CaGap
{
	int64_t before;  /* candles that start before this are asked for */
	int64_t latest;  /* start of the last candle found, if found */
	uint32_t series; /* number of the series */
	uint32_t row;    /* who asks */
} CaGap;

/* the gaps of a series, as places in the sorted array */
typedef struct CaGapRange
{
	uint32_t first;
	uint32_t end;
	uint32_t hint; /* where the last candle went */
} CaGapRange;

extern void ca_gaps_sort(CaGap *gaps, uint32_t n, CaGapRange *ranges);
extern uint32_t ca_gaps_offer(CaGap *gaps, CaGapRange *range, int64_t time);
extern void ca_gaps_settle(const CaGap *gaps, uint32_t n, uint32_t *found);

#endif /* CA_GAP_KERNEL_H */
