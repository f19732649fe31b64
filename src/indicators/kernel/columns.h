/*-------------------------------------------------------------------------
 *
 * columns.h
 *		The formulas of the indicators for all bars of a block, column by
 *		column.
 *
 * Columns have n numbers, n a multiple of CA_BLOCK_STEP and at most
 * CA_BLOCK_BARS.  Numbers are 0 or of a size between 2^-500 and 2^500, see
 * vec.h; prices are whole numbers of 1e-8, below CA_E8_LIMIT.  A division by 0
 * gives NaN or infinity, which the caller must replace.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_COLUMNS_H
#define CA_COLUMNS_H

#define CA_BLOCK_BARS 64
#define CA_BLOCK_STEP 8

/* the longest window whose extremes columns can find */
#define CA_BLOCK_WINDOW 128

/* a column of double-doubles */
typedef struct CaDDColumn
{
	double hi[CA_BLOCK_BARS];
	double lo[CA_BLOCK_BARS];
} CaDDColumn;

/* an exponential average or one of Wilder's sums, before the block */
typedef struct CaLane
{
	double hi;
	double lo;
	double factor_hi; /* alpha, or the part that a sum loses */
	double factor_lo;
	const CaDDColumn *x; /* what it takes in */
} CaLane;

/* columns of Bollinger bands */
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
	/* lanes computed at once */
	int group;

	/*
	 * lane i writes its values to column i; the number of lanes is a multiple
	 * of group
	 */
	void (*smooth)(const CaLane *averages, CaDDColumn *values, int naverages,
				   int n);
	void (*smooth_and_sum)(const CaLane *averages, CaDDColumn *values,
						   const CaLane *sums, CaDDColumn *sum_values, int n);
	void (*sum)(const CaLane *sums, CaDDColumn *values, int n);

	void (*subtract)(CaDDColumn *result, const CaDDColumn *a,
					 const CaDDColumn *b, int n);
	/* may be in place */
	void (*divide)(double *result, const double *x, double divisor, int n);
	/* a value counted in 1e-8 */
	void (*out)(double *result, const CaDDColumn *value, int n);

	/*
	 * rises and falls from the price before; "previous" comes before the first
	 */
	void (*changes)(CaDDColumn *gain, CaDDColumn *loss, const double *price,
					double previous, int n);
	void (*rsi)(double *result, const CaDDColumn *gain, const CaDDColumn *loss,
				int n);
	void (*true_range)(CaDDColumn *range, const double *high, const double *low,
					   const double *close, double previous_close, int n);
	void (*movements)(CaDDColumn *plus, CaDDColumn *minus, const double *high,
					  const double *low, double previous_high,
					  double previous_low, int n);
	void (*dx)(CaDDColumn *dx, const CaDDColumn *plus, const CaDDColumn *minus,
			   int n);
	void (*directional)(double *result, const CaDDColumn *movement,
						const CaDDColumn *range, int n);

	/*
	 * all inputs times "scale"; half the distance of the bands is k times the
	 * root of the variance
	 */
	void (*bands)(const CaBandColumns *results, const CaDDColumn *middle,
				  const CaDDColumn *variance, const CaDDColumn *above, double k,
				  double scale, int n);

	/* the greatest of the last k numbers; x has k - 1 more in front */
	void (*greatest)(double *result, const double *x, int k, int n);
	/* fast %K, 0 without range; "depth" is the lowest price times -1 */
	void (*fast_k)(CaDDColumn *fast, const double *highest, const double *depth,
				   const double *close, int n);
	/* the mean of "few" numbers from each bar on */
	void (*mean)(CaDDColumn *mean, const double *hi, const double *lo, int few,
				 int n);
} CaColumns;

extern const CaColumns ca_columns_plain;
#ifdef __x86_64__
extern const CaColumns ca_columns_fused; /* needs AVX2 and FMA */
#endif

extern const CaColumns *ca_cpu_columns(void);

#endif /* CA_COLUMNS_H */
