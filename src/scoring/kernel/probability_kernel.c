/*-------------------------------------------------------------------------
 *
 * probability_kernel.c
 *		Sums from which the metrics of (outcome, probability) are computed.
 *
 * Formulas and edge cases: probability_metrics.c.
 *
 *-------------------------------------------------------------------------
 */
#include "scoring/kernel/moments.h"
#include "scoring/kernel/probability_kernel.h"

#define CLIP 1e-15

/*
 * Bin k holds k/10 <= probability < (k+1)/10, the last one 1.0 too.
 *
 * The product may round up to a bin's edge, never below it.
 */
static int
bin_of(double probability)
{
	int bin = (int) (probability * CA_CALIBRATION_BINS);

	if (bin >= CA_CALIBRATION_BINS)
		return CA_CALIBRATION_BINS - 1;
	return probability < (double) bin / CA_CALIBRATION_BINS ? bin - 1 : bin;
}

/*
 * -ln(q) where q is the probability of what happened, clipped at both ends.
 *
 * Above 1/2 the other probability, 1 - q, has more digits, and log1p keeps
 * them.
 */
static double
surprise(double outcome, double probability)
{
	double happened = outcome != 0.0 ? probability : 1.0 - probability;
	double missed = outcome != 0.0 ? 1.0 - probability : probability;

	return happened < 0.5 ? -log(fmax(happened, CLIP))
						  : -log1p(-fmax(missed, CLIP));
}

/*
 * The outcome is 0 or 1, the probability from 0 to 1.
 */
void
ca_probability_sums_add(CaProbabilitySums *sums, double outcome,
						double probability)
{
	CaDD miss = ca_dd_two_sum(outcome, -probability);
	CaDD *gap = &sums->gap[bin_of(probability)];

	sums->count += 1.0;
	sums->brier = ca_dd_add(sums->brier, ca_dd_mul(miss, miss));
	sums->log_loss =
		ca_dd_add(sums->log_loss, ca_dd(surprise(outcome, probability)));
	*gap = ca_dd_add(*gap, miss);
}

void
ca_probability_sums_combine(CaProbabilitySums *sums,
							const CaProbabilitySums *other)
{
	int bin;

	sums->count += other->count;
	sums->brier = ca_dd_add(sums->brier, other->brier);
	sums->log_loss = ca_dd_add(sums->log_loss, other->log_loss);
	for (bin = 0; bin < CA_CALIBRATION_BINS; bin++)
		sums->gap[bin] = ca_dd_add(sums->gap[bin], other->gap[bin]);
}

double
ca_brier_score(const CaProbabilitySums *sums)
{
	return ca_dd_mean(sums->brier, sums->count);
}

double
ca_log_loss(const CaProbabilitySums *sums)
{
	return ca_dd_mean(sums->log_loss, sums->count);
}

/*
 * A bin's weight is its share of the pairs and its error a mean over the same
 * pairs, so the number of pairs in the bin cancels out.
 */
double
ca_calibration_error(const CaProbabilitySums *sums)
{
	CaDD total = {0.0, 0.0};
	int bin;

	for (bin = 0; bin < CA_CALIBRATION_BINS; bin++)
		total = ca_dd_add(total, ca_dd_abs(sums->gap[bin]));
	return ca_dd_mean(total, sums->count);
}
