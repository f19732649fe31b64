/*-------------------------------------------------------------------------
 *
 * statistics.h
 *		What a statistic is: exact sums of terms of rows, in any order.
 *
 * Each statistic in statistics.c is a constant of type CaStatistic;
 * src/analytics/statistics.c makes SQL aggregates of them.  A row becomes up to
 * four terms, and each of them goes into an exact sum.  So the result does not
 * depend on the order of rows, nor on how many workers there were, and a row
 * can be taken out again without a trace, which makes a window that slides cost
 * constant time per row.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_STATISTICS_H
#define CA_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "number/exactsum.h"

#define CA_STATISTIC_INPUTS 4
#define CA_STATISTIC_SUMS 4

typedef struct CaStatistic
{
	const char *name;
	int ninputs;
	const char *input_names[CA_STATISTIC_INPUTS];
	bool are_prices;  /* inputs must be above zero */
	int volume_input; /* the input that must not be negative, from 1; 0: none */
	bool has_periods; /* the result is a year's */
	int nsums;

	/* the terms of a row; false when it does not count */
	bool (*terms)(const CaDD *inputs, CaDD *terms);

	/* the result for at least one row; false when it is undefined */
	bool (*value)(double count, double periods, const CaExactSum *sums,
				  double *value);
} CaStatistic;

typedef struct CaStatisticSums
{
	int64_t count; /* rows that count */
	CaExactSum sums[CA_STATISTIC_SUMS];
} CaStatisticSums;

/* the statistics, in an order that the state of an aggregate may name */
extern const CaStatistic *const ca_statistics[];
extern const int ca_nstatistics;

extern const CaStatistic ca_realized_volatility;
extern const CaStatistic ca_parkinson_volatility;
extern const CaStatistic ca_garman_klass_volatility;
extern const CaStatistic ca_downside_risk;
extern const CaStatistic ca_sortino_ratio;
extern const CaStatistic ca_beta;
extern const CaStatistic ca_amihud_illiquidity;

extern size_t ca_statistic_size(const CaStatistic *statistic);
extern void ca_statistic_add(const CaStatistic *statistic,
							 CaStatisticSums *sums, const CaDD *inputs);
extern bool ca_statistic_remove(const CaStatistic *statistic,
								CaStatisticSums *sums, const CaDD *inputs);
extern void ca_statistic_combine(const CaStatistic *statistic,
								 CaStatisticSums *sums,
								 const CaStatisticSums *other);

#endif /* CA_STATISTICS_H */
