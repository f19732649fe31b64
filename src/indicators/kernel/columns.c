/*-------------------------------------------------------------------------
 *
 * columns.c
 *		The formulas of the indicators for all bars of a block; see columns.h.
 *
 * columns_avx2.c compiles this file again for machines with AVX2, with vectors
 * of four numbers and products that need no splits.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_LANES
#define CA_LANES 2
#endif

#include "indicators/kernel/columns.h"

#include <string.h>

#include "number/e8.h"
#include "indicators/kernel/formulas.h"

/* a vector in memory, wherever it begins */
typedef double AnyReal
	__attribute__((vector_size(CA_LANES * 8), aligned(8), may_alias));

static inline CaVec
load(const double *x)
{
	return *(const AnyReal *) x;
}

static inline void
store(double *x, CaVec value)
{
	*(AnyReal *) x = value;
}

static inline CaDD
load_dd(const CaDDColumn *column, int t)
{
	CaDD r = {load(&column->hi[t]), load(&column->lo[t])};

	return r;
}

static inline void
store_dd(CaDDColumn *column, int t, CaDD value)
{
	store(&column->hi[t], value.hi);
	store(&column->lo[t], value.lo);
}

/* as many lanes as a vector has numbers */
typedef struct Group
{
	CaDD value;
	CaDD factor;
	const CaDDColumn *x[CA_LANES];
	CaDDColumn *values;
} Group;

static inline Group
group_of(const CaLane *lanes, CaDDColumn *values)
{
	Group group;

#pragma GCC unroll 8
	for (int i = 0; i < CA_LANES; i++)
	{
		group.value.hi[i] = lanes[i].hi;
		group.value.lo[i] = lanes[i].lo;
		group.factor.hi[i] = lanes[i].factor_hi;
		group.factor.lo[i] = lanes[i].factor_lo;
		group.x[i] = lanes[i].x;
	}
	group.values = values;
	return group;
}

/* what the lanes take in at bar t */
static inline CaDD
group_x(const Group *group, int t)
{
	CaDD x;

#pragma GCC unroll 8
	for (int i = 0; i < CA_LANES; i++)
	{
		x.hi[i] = group->x[i]->hi[t];
		x.lo[i] = group->x[i]->lo[t];
	}
	return x;
}

static inline void
group_store(const Group *group, int t)
{
#pragma GCC unroll 8
	for (int i = 0; i < CA_LANES; i++)
	{
		group->values[i].hi[t] = group->value.hi[i];
		group->values[i].lo[t] = group->value.lo[i];
	}
}

static inline __attribute__((always_inline)) void
smooth_bar(Group *group, int t)
{
	group->value = ca_smoothed(group->value, group->factor, group_x(group, t));
	group_store(group, t);
}

static inline __attribute__((always_inline)) void
sum_bar(Group *group, int t)
{
	group->value =
		ca_wilder_summed(group->value, group->factor, group_x(group, t));
	group_store(group, t);
}

/*
 * A value needs the one before it, so a single group waits most of the time.
 * Three groups fill each other's waits and still fit into registers.
 */
static void
smooth(const CaLane *averages, CaDDColumn *values, int naverages, int n)
{
	int i = 0;

	for (; i + 3 * CA_LANES <= naverages; i += 3 * CA_LANES)
	{
		Group a = group_of(averages + i, values + i);
		Group b = group_of(averages + i + CA_LANES, values + i + CA_LANES);
		Group c =
			group_of(averages + i + 2 * CA_LANES, values + i + 2 * CA_LANES);

		for (int t = 0; t < n; t++)
		{
			smooth_bar(&a, t);
			smooth_bar(&b, t);
			smooth_bar(&c, t);
		}
	}
	for (; i < naverages; i += CA_LANES)
	{
		Group a = group_of(averages + i, values + i);

		for (int t = 0; t < n; t++)
			smooth_bar(&a, t);
	}
}

static void
sum(const CaLane *sums, CaDDColumn *values, int n)
{
	Group a = group_of(sums, values);

	for (int t = 0; t < n; t++)
		sum_bar(&a, t);
}

static void
smooth_and_sum(const CaLane *averages, CaDDColumn *values, const CaLane *sums,
			   CaDDColumn *sum_values, int n)
{
	Group a = group_of(averages, values);
	Group b = group_of(sums, sum_values);

	for (int t = 0; t < n; t++)
	{
		smooth_bar(&a, t);
		sum_bar(&b, t);
	}
}

static void
subtract(CaDDColumn *result, const CaDDColumn *a, const CaDDColumn *b, int n)
{
	for (int t = 0; t < n; t += CA_LANES)
		store_dd(result, t, ca_dd_sub(load_dd(a, t), load_dd(b, t)));
}

static void
divide(double *result, const double *x, double divisor, int n)
{
	for (int t = 0; t < n; t += CA_LANES)
		store(&result[t], load(&x[t]) / divisor);
}

static void
out(double *result, const CaDDColumn *value, int n)
{
	for (int t = 0; t < n; t += CA_LANES)
		store(&result[t], ca_e8_out(load_dd(value, t)));
}

/* a column after the number that comes before it */
static void
with_previous(double *x, double previous, const double *column, int n)
{
	x[0] = previous;
	memcpy(x + 1, column, n * sizeof(double));
}

static void
changes(CaDDColumn *gain, CaDDColumn *loss, const double *price,
		double previous, int n)
{
	const CaVec zero = ca_vec(0.0);
	double before[CA_BLOCK_BARS + 1];

	with_previous(before, previous, price, n);
	for (int t = 0; t < n; t += CA_LANES)
	{
		CaDD change = ca_dd(load(&price[t]) - load(&before[t]));
		CaDD fall = ca_dd_neg(change);

		store(&gain->hi[t], ca_vec_above(change.hi, zero, change.hi, zero));
		store(&gain->lo[t], zero);
		store(&loss->hi[t], ca_vec_above(change.hi, zero, zero, fall.hi));
		store(&loss->lo[t], ca_vec_above(change.hi, zero, zero, fall.lo));
	}
}

static void
rsi(double *result, const CaDDColumn *gain, const CaDDColumn *loss, int n)
{
	for (int t = 0; t < n; t += CA_LANES)
		store(&result[t], ca_rsi_of(ca_e8_out(load_dd(gain, t)),
									ca_e8_out(load_dd(loss, t))));
}

static void
true_range(CaDDColumn *range, const double *high, const double *low,
		   const double *close, double previous_close, int n)
{
	double before[CA_BLOCK_BARS + 1];

	with_previous(before, previous_close, close, n);
	for (int t = 0; t < n; t += CA_LANES)
		store_dd(range, t,
				 ca_dd(ca_whole_range(load(&high[t]), load(&low[t]),
									  load(&before[t]))));
}

static void
movements(CaDDColumn *plus, CaDDColumn *minus, const double *high,
		  const double *low, double previous_high, double previous_low, int n)
{
	double high_before[CA_BLOCK_BARS + 1];
	double low_before[CA_BLOCK_BARS + 1];

	with_previous(high_before, previous_high, high, n);
	with_previous(low_before, previous_low, low, n);
	for (int t = 0; t < n; t += CA_LANES)
	{
		CaVec up = load(&high[t]) - load(&high_before[t]);
		CaVec down = load(&low_before[t]) - load(&low[t]);

		store_dd(plus, t, ca_dd(ca_movement(up, down)));
		store_dd(minus, t, ca_dd(ca_movement(down, up)));
	}
}

static void
dx(CaDDColumn *result, const CaDDColumn *plus, const CaDDColumn *minus, int n)
{
	for (int t = 0; t < n; t += CA_LANES)
	{
		CaDD a = load_dd(plus, t);
		CaDD b = load_dd(minus, t);

		store_dd(result, t, ca_dx_of(a, b, ca_dd_add_quick(a, b)));
	}
}

static void
directional(double *result, const CaDDColumn *movement, const CaDDColumn *range,
			int n)
{
	for (int t = 0; t < n; t += CA_LANES)
		store(&result[t],
			  ca_directional(load_dd(movement, t), load_dd(range, t)));
}

static void
bands(const CaBandColumns *results, const CaDDColumn *middle,
	  const CaDDColumn *variance, const CaDDColumn *above, double k,
	  double scale, int n)
{
	const CaVec zero = ca_vec(0.0);

	for (int t = 0; t < n; t += CA_LANES)
	{
		CaVec root = ca_vec_sqrt(load(&variance->hi[t]));
		CaDD deviation = ca_dd_sqrt_step(load_dd(variance, t), root);
		CaBands values;

		/* the step divides by the root */
		deviation.hi = ca_vec_above(root, zero, deviation.hi, zero);
		deviation.lo = ca_vec_above(root, zero, deviation.lo, zero);
		values =
			ca_bands(load_dd(middle, t), ca_dd_mul_double(deviation, ca_vec(k)),
					 load_dd(above, t), ca_vec(scale));
		store(&results->upper[t], values.upper);
		store(&results->middle[t], values.middle);
		store(&results->lower[t], values.lower);
		store(&results->bandwidth[t], values.bandwidth);
		store(&results->percent_b[t], values.percent_b);
	}
}

/*
 * The greatest of windows of 1, 2, 4, ...  numbers, each from two windows of
 * half its length; the last step leads to length k.
 */
static void
greatest(double *result, const double *x, int k, int n)
{
	double window[CA_BLOCK_WINDOW + CA_BLOCK_BARS + CA_LANES];
	int length = 1;

	memcpy(window, x, (k - 1 + n) * sizeof(double));
	while (length < k)
	{
		int step = length < k - length ? length : k - length;

		/* window[t] is the greatest of those from t on */
		for (int t = 0; t < n + k - length - step; t += CA_LANES)
			store(&window[t],
				  ca_vec_max(load(&window[t]), load(&window[t + step])));
		length += step;
	}
	memcpy(result, window, n * sizeof(double));
}

static void
fast_k(CaDDColumn *fast, const double *highest, const double *depth,
	   const double *close, int n)
{
	const CaVec zero = ca_vec(0.0);

	for (int t = 0; t < n; t += CA_LANES)
	{
		CaVec range = load(&highest[t]) + load(&depth[t]);
		CaVec above = load(&close[t]) + load(&depth[t]);
		CaDD k = ca_fast_k(ca_dd(above), ca_dd(range));
		CaVec size = ca_vec_abs(range);

		k.hi = ca_vec_above(size, zero, k.hi, zero);
		k.lo = ca_vec_above(size, zero, k.lo, zero);
		store_dd(fast, t, k);
	}
}

static void
mean(CaDDColumn *result, const double *hi, const double *lo, int few, int n)
{
	for (int t = 0; t < n; t += CA_LANES)
	{
		CaDD total = {load(&hi[t]), load(&lo[t])};

		for (int i = 1; i < few; i++)
		{
			CaDD next = {load(&hi[t + i]), load(&lo[t + i])};

			total = ca_dd_add_quick(total, next);
		}
		store_dd(result, t, ca_dd_div_double(total, ca_vec(few)));
	}
}

#ifdef CA_FUSED
const CaColumns ca_columns_fused = {
#else
const CaColumns ca_columns_plain = {
#endif
	.group = CA_LANES,
	.smooth = smooth,
	.smooth_and_sum = smooth_and_sum,
	.sum = sum,
	.subtract = subtract,
	.divide = divide,
	.out = out,
	.changes = changes,
	.rsi = rsi,
	.true_range = true_range,
	.movements = movements,
	.dx = dx,
	.directional = directional,
	.bands = bands,
	.greatest = greatest,
	.fast_k = fast_k,
	.mean = mean,
};
