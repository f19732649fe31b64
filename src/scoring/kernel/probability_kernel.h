/*-------------------------------------------------------------------------
 *
 * probability_kernel.h
 *		Sums from which the metrics of (outcome, probability) are computed.
 *
 * All fields are doubles, so that the struct can live in a float8 array; a
 * struct of zeros holds no pairs.  Plain C: no PostgreSQL header is needed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_PROBABILITY_KERNEL_H
#define CA_PROBABILITY_KERNEL_H

#include "number/doubledouble.h"

#define CA_CALIBRATION_BINS 10

typedef struct CaProbabilitySums
{
	double count;
	CaDD brier;                    /* sum of (outcome - probability)^2 */
	CaDD log_loss;                 /* sum of -ln(probability of the outcome) */
	CaDD gap[CA_CALIBRATION_BINS]; /* sum of outcome - probability, by bin */
} CaProbabilitySums;

extern void ca_probability_sums_add(CaProbabilitySums *sums, double outcome,
									double probability);
extern void ca_probability_sums_combine(CaProbabilitySums *sums,
										const CaProbabilitySums *other);
extern double ca_brier_score(const CaProbabilitySums *sums);
extern double ca_log_loss(const CaProbabilitySums *sums);
extern double ca_calibration_error(const CaProbabilitySums *sums);

#endif /* CA_PROBABILITY_KERNEL_H */
