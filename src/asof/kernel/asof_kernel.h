/*-------------------------------------------------------------------------
 *
 * asof_kernel.h
 *		The last candle before each of many moments, with candles in any order.
 *
 * Plain C: no PostgreSQL header is needed here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ASOF_KERNEL_H
#define CA_ASOF_KERNEL_H

#include <stdint.h>

#define CA_ASOF_NO_SLOT UINT32_MAX

/* the time from one moment of a series to the next; see asof_kernel.c */
typedef struct CaAsOfSlot
{
	int64_t before;  /* the moment: candles that start before it count */
	int64_t latest;  /* start of the last candle found so far, if any */
	uint32_t series; /* the series' number */
	uint32_t row;    /* the row that asks */
} CaAsOfSlot;

/* the slots of a series in the sorted array */
typedef struct CaAsOfRange
{
	uint32_t first;
	uint32_t end;
	uint32_t hint; /* where the last candle went */
} CaAsOfRange;

extern void ca_asof_sort(CaAsOfSlot *slots, uint32_t n, CaAsOfRange *ranges);
extern uint32_t ca_asof_offer(CaAsOfSlot *slots, CaAsOfRange *range,
							  int64_t time);
extern uint32_t ca_asof_find(const CaAsOfSlot *slots, CaAsOfRange *range,
							 int64_t time);
extern void ca_asof_settle(const CaAsOfSlot *slots, uint32_t n,
						   uint32_t *found);

#endif /* CA_ASOF_KERNEL_H */
