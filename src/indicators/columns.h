/*-------------------------------------------------------------------------
 *
 * columns.h
 *		The formulas of the indicators over the bars of a block, by columns.
 *
 * Columns have n numbers, n a multiple of CA_BLOCK_STEP and at most CA_BLOCK.
 * Numbers are 0 or of a size between 2^-500 and 2^500, see real.h; prices are
 * whole numbers of 1e-8, below CA_FIXED_LIMIT.  What divides by 0 gives no number
 * there: that is for the caller to see and replace.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_COLUMNS_H
#define CA_COLUMNS_H

#define CA_BLOCK 64
#define CA_BLOCK_STEP 8

/* the longest window that columns know extremes of */
#define CA_BLOCK_WINDOW 128

/* a column of double-doubles */
typedef struct CaColumn
{
	double hi[CA_BLOCK];
	double lo[CA_BLOCK];
} CaColumn;

/* an exponential average, or a sum of Wilder's, before the block */
typedef struct CaLane
{
	double hi;
	double lo;
	double factor_hi; /* alpha, or the part that a sum loses */
	double factor_lo;
	const CaColumn *x; /* what it takes in */
} CaLane;

/* columns of Bollinger bands; a percent_b that is NULL is not computed */
typedef struct CaBandColumns
{
	double *upper;
	double *middle;
	double *lower;
	double *bandwidth;
	double *percent_b;
} CaBandColumns;

typedef struct CaColumns
{
	/* so many lanes are computed side by side */
	int group;

	/* each lane's values in the column of its place; whole groups of lanes */
	void (*smooth)(const CaLane *averages, CaColumn *values, int naverages,
				   int n);
	void (*smooth_and_sum)(const CaLane *averages, CaColumn *values,
						   const CaLane *sums, CaColumn *sum_values, int n);
	void (*sum)(const CaLane *sums, CaColumn *values, int n);

	void (*subtract)(CaColumn *result, const CaColumn *a, const CaColumn *b,
					 int n);
	/* may be in place */
	void (*divide)(double *result, const double *x, double divisor, int n);
	/* a value counted in 1e-8 */
	void (*out)(double *result, const CaColumn *value, int n);

	/* rises and falls from the price before, "previous" for the first */
	void (*changes)(CaColumn *gain, CaColumn *loss, const double *price,
					double previous, int n);
	void (*rsi)(double *result, const CaColumn *gain, const CaColumn *loss,
				int n);
	void (*true_range)(CaColumn *range, const double *high, const double *low,
					   const double *close, double previous_close, int n);
	void (*movements)(CaColumn *plus, CaColumn *minus, const double *high,
					  const double *low, double previous_high,
					  double previous_low, int n);
	void (*dx)(CaColumn *dx, const CaColumn *plus, const CaColumn *minus,
			   int n);
	void (*directional)(double *result, const CaColumn *movement,
						const CaColumn *range, int n);

	/* all times "scale"; half the distance is k times the variance's root */
	void (*bands)(const CaBandColumns *results, const CaColumn *middle,
				  const CaColumn *variance, const CaColumn *above, double k,
				  double scale, int n);

	/* the greatest of the last k numbers; x has k - 1 more in front */
	void (*greatest)(double *result, const double *x, int k, int n);
	/* fast %K, 0 without range; "depth" is the lowest price times -1 */
	void (*fast_k)(CaColumn *fast, const double *highest, const double *depth,
				   const double *close, int n);
	/* the mean of as many numbers, the columns of which begin a bar apart */
	void (*mean)(CaColumn *mean, const double *hi, const double *lo, int few,
				 int n);
} CaColumns;

extern const CaColumns ca_columns_plain;
#ifdef __x86_64__
extern const CaColumns ca_columns_fused; /* needs AVX2 and FMA */
#endif

extern const CaColumns *ca_columns(void);

#endif /* CA_COLUMNS_H */
