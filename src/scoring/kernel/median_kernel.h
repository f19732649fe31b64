/*-------------------------------------------------------------------------
 *
 * median_kernel.h
 *		Order statistics of numbers, without a copy.
 *
 * Doubles compare as integers that are made of their bits do.  So the k-th
 * smallest is found one byte at a time: count the
 * values by their highest byte, pick the byte that holds rank k, go on with
 * the next byte.  That takes eight passes, whatever the order of the values.
 * Values are only read, so a state can be queried repeatedly.  NaN must not
 * occur.
 *
 * Each pass is a separate call, so that the caller can stop in between.  Plain
 * C: no PostgreSQL header is needed here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_MEDIAN_KERNEL_H
#define CA_MEDIAN_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* a search for one rank, from ca_rank_start until done is CA_RANK_PASSES */
typedef struct CaRankSearch
{
	uint64_t prefix; /* the leading bytes of the value sought */
	size_t rank;     /* from 0, among the values with that prefix */
	int done;        /* number of leading bytes known */
} CaRankSearch;

#define CA_RANK_PASSES 8

extern void ca_rank_start(CaRankSearch *search, size_t rank);
extern void ca_rank_pass(CaRankSearch *search, const double *values,
						 size_t count);
extern double ca_rank_value(const CaRankSearch *search);
extern double ca_rank_next(const double *values, size_t count, size_t rank,
						   double value);
extern double ca_median_with_lower(const double *values, size_t count,
								   double lower);

#endif /* CA_MEDIAN_KERNEL_H */
