/*-------------------------------------------------------------------------
 *
 * hamilton.c
 *		Hamilton's filter: in which state a series probably is.
 *
 * Each row comes from one of n states.  In state i it is normal with mean[i]
 * and sd[i]; from row to row the state changes from i to j with probability
 * transition[i, j].  With p the probabilities after the row before,
 *
 *		predicted[j] = sum of p[i] * transition[i, j]
 *		p[j]		 = predicted[j] * density[j](x), divided by their sum
 *
 * Before the first row the states have their stationary distribution, the one
 * that transitions do not change.  Products are taken as sums of logarithms,
 * so that a row that is unlikely in every state does not underflow.  Plain C.
 *
 * Source: Hamilton, "A New Approach to the Economic Analysis of Nonstationary
 * Time Series and the Business Cycle" (1989).
 *
 *-------------------------------------------------------------------------
 */
#include "analytics/kernel/hamilton.h"

#include <math.h>
#include <string.h>

/*
 * Whether every state is reached from every state, perhaps in several steps:
 * else there may be more than one stationary distribution.
 */
bool
ca_hamilton_connected(const CaHamilton *filter)
{
	int n = filter->n;
	bool reached[CA_HAMILTON_STATES][CA_HAMILTON_STATES];

	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			reached[i][j] = i == j || filter->transition[i * n + j] > 0.0;
	for (int k = 0; k < n; k++)
		for (int i = 0; i < n; i++)
			for (int j = 0; j < n; j++)
				reached[i][j] |= reached[i][k] && reached[k][j];
	for (int i = 0; i < n; i++)
		for (int j = 0; j < n; j++)
			if (!reached[i][j])
				return false;
	return true;
}

/*
 * The stationary distribution of connected states, by the elimination of
 * Grassmann, Taksar and Heyman (1985), which subtracts nothing and so loses no
 * digits.
 */
static void
stationary(const CaHamilton *filter, double *p)
{
	int n = filter->n;
	double a[CA_HAMILTON_STATES * CA_HAMILTON_STATES];
	double sum = 1.0;

	memcpy(a, filter->transition, n * n * sizeof(double));
	for (int k = n - 1; k > 0; k--)
	{
		double leaves = 0.0;

		for (int j = 0; j < k; j++)
			leaves += a[k * n + j];
		for (int i = 0; i < k; i++)
			a[i * n + k] /= leaves;
		for (int i = 0; i < k; i++)
			for (int j = 0; j < k; j++)
				a[i * n + j] += a[i * n + k] * a[k * n + j];
	}

	p[0] = 1.0;
	for (int k = 1; k < n; k++)
	{
		p[k] = 0.0;
		for (int i = 0; i < k; i++)
			p[k] += p[i] * a[i * n + k];
		sum += p[k];
	}
	for (int k = 0; k < n; k++)
		p[k] /= sum;
}

/*
 * Begin with parameters that have been checked.
 */
void
ca_hamilton_begin(CaHamilton *filter)
{
	stationary(filter, filter->probability);
}

/* one step of transitions, without which the first row is */
static void
predict(const CaHamilton *filter, double *predicted)
{
	int n = filter->n;

	for (int j = 0; j < n; j++)
	{
		predicted[j] = filter->has_rows ? 0.0 : filter->probability[j];
		for (int i = 0; filter->has_rows && i < n; i++)
			predicted[j] +=
				filter->probability[i] * filter->transition[i * n + j];
	}
}

/*
 * Take the next row.  False, and nothing changes, when it is so far from all
 * means that no double has its density.
 */
bool
ca_hamilton_update(CaHamilton *filter, double x)
{
	int n = filter->n;
	double weight[CA_HAMILTON_STATES]; /* first its logarithm */
	double greatest = -HUGE_VAL;
	double sum = 0.0;

	predict(filter, weight);
	for (int j = 0; j < n; j++)
	{
		double z = (x - filter->mean[j]) / filter->sd[j];

		weight[j] = log(weight[j]) - log(filter->sd[j]) - 0.5 * z * z;
		greatest = fmax(greatest, weight[j]);
	}
	if (!isfinite(greatest))
		return false;

	for (int j = 0; j < n; j++)
	{
		weight[j] = exp(weight[j] - greatest);
		sum += weight[j];
	}
	for (int j = 0; j < n; j++)
		filter->probability[j] = weight[j] / sum;
	filter->has_rows = true;
	return true;
}
