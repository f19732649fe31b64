/*-------------------------------------------------------------------------
 *
 * error_kernel.h
 *		Sums from which all metrics of (actual, predicted) are computed.
 *
 * All fields are doubles, so that the struct can live in a float8 array; a
 * struct of zeros holds no pairs.  Plain C: no PostgreSQL header is needed.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ERROR_KERNEL_H
#define CA_ERROR_KERNEL_H

#include <stdbool.h>

#include "number/doubledouble.h"
#include "scoring/kernel/moments.h"

typedef struct CaErrorSums
{
	CaMoments actual;      /* its count is the number of pairs */
	CaDD absolute;         /* sum of |e| */
	CaDD squared;          /* sum of e * e */
	double largest;        /* greatest |e| */
	CaDD relative;         /* sum of |e| / |actual| where actual is not 0 */
	double zero_actuals;   /* pairs whose actual is 0 */
	CaDD symmetric;        /* sum of |e| / (|actual| + |predicted|) */
	CaDD actual_magnitude; /* sum of |actual| */
} CaErrorSums;

typedef enum CaErrorMetric
{
	CA_METRIC_MAE,
	CA_METRIC_MSE,
	CA_METRIC_RMSE,
	CA_METRIC_MAX_ERROR,
	CA_METRIC_MAPE,
	CA_METRIC_SMAPE,
	CA_METRIC_WAPE,
	CA_METRIC_R2
} CaErrorMetric;

extern void ca_error_sums_add(CaErrorSums *sums, double actual,
							  double predicted);
extern void ca_error_sums_combine(CaErrorSums *sums, const CaErrorSums *other);
extern bool ca_error_sums_metric(const CaErrorSums *sums, CaErrorMetric metric,
								 double *result);

#endif /* CA_ERROR_KERNEL_H */
