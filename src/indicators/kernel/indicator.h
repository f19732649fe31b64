/*-------------------------------------------------------------------------
 *
 * indicator.h
 *		What an indicator is: a kernel that takes one bar at a time.
 *
 * Each indicator has a file in this folder (rsi.c computes RSI) with a
 * constant of type CaIndicator that describes it; src/indicators/aggregates.c
 * makes SQL aggregates of them.  A kernel's state is one block of memory
 * without pointers, zeroed before init.  Kernels compute with double-doubles,
 * so that results are accurate at prices of 1e-8 and of 1e9.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_INDICATOR_H
#define CA_INDICATOR_H

#include <stdbool.h>
#include <stddef.h>

#include "number/doubledouble.h"
#include "number/price.h"
#include "indicators/kernel/state_stream.h"

#define CA_MAX_INPUTS 3
#define CA_MAX_PERIODS 3
#define CA_MAX_VALUES 5

/*
 * Which program's values to give; programs start an average in different ways.
 *
 * TA-Lib seeds an average with the mean of its first n values, and starts the
 * fast average of MACD together with the slow one.  TradingView seeds in the
 * same way but starts each average as early as possible.  pandas'
 * ewm(adjust=False) takes the first value as the seed and has no warm-up.
 */
typedef enum CaConvention
{
	CA_TALIB,
	CA_TRADINGVIEW,
	CA_PANDAS
} CaConvention;

/* what a caller chooses */
typedef struct CaParameters
{
	int periods[CA_MAX_PERIODS];
	double multiplier;
	CaConvention convention;
} CaParameters;

/* the values of an indicator as of one bar */
typedef struct CaValues
{
	double value[CA_MAX_VALUES];
	bool undefined[CA_MAX_VALUES];
} CaValues;

/* the places of values in CaValues, of indicators that have several */
enum
{
	CA_MACD_VALUE,
	CA_MACD_SIGNAL,
	CA_MACD_HISTOGRAM
};

enum
{
	CA_BOLLINGER_UPPER,
	CA_BOLLINGER_MIDDLE,
	CA_BOLLINGER_LOWER,
	CA_BOLLINGER_BANDWIDTH,
	CA_BOLLINGER_PERCENT_B
};

enum
{
	CA_ADX_ADX,
	CA_ADX_DI_PLUS,
	CA_ADX_DI_MINUS
};

enum
{
	CA_STOCHASTIC_K,
	CA_STOCHASTIC_D
};

typedef struct CaBarBlock CaBarBlock;
typedef struct CaBarBlockPart CaBarBlockPart;

/*
 * How a kernel takes a block of bars by columns, in three steps; see bar_block.h.
 * After a step that returns false the bars of the block go one by one.
 */
typedef struct CaBlockSteps
{
	bool (*begin)(const void *state, CaBarBlock *block, CaBarBlockPart *part);
	/* NULL when the kernel needs no further average */
	bool (*smooth)(const void *state, CaBarBlock *block, CaBarBlockPart *part);
	void (*finish)(void *state, CaBarBlock *block, CaBarBlockPart *part);
} CaBlockSteps;

typedef struct CaIndicator
{
	const char *name;
	int ninputs;
	const char *input_names[CA_MAX_INPUTS];
	int volume_input; /* the input that must not be negative, from 1; 0: none */
	int nperiods;
	const char *period_names[CA_MAX_PERIODS];
	bool has_multiplier;
	bool has_convention;
	CaParameters defaults; /* a period of 0 must be given */
	int nvalues;

	/* bytes of state for these parameters, each of which is in range */
	size_t (*size)(const CaParameters *parameters);

	/* why the parameters do not go together, or NULL; may be missing */
	const char *(*check)(const CaParameters *parameters);

	/* may be missing when a zeroed state is enough */
	void (*init)(void *state, const CaParameters *parameters);
	void (*update)(void *state, const CaPrice *inputs);

	/* NULL when bars always go one by one */
	const CaBlockSteps *block;

	/* the values as of the last bar; false until warm */
	bool (*values)(const void *state, CaValues *values);

	/*
	 * Write the state to a stream, or read it into a newly initialised state.
	 * The stream leaves out what follows from the parameters.  Missing in an
	 * indicator that CaSeriesIndicators cannot hold.
	 */
	void (*transfer)(void *state, CaStateStream *stream);
} CaIndicator;

extern const CaIndicator ca_sma;
extern const CaIndicator ca_ema;
extern const CaIndicator ca_rsi;
extern const CaIndicator ca_macd;
extern const CaIndicator ca_bollinger;
extern const CaIndicator ca_atr;
extern const CaIndicator ca_adx;
extern const CaIndicator ca_stochastic;
extern const CaIndicator ca_vwap;
extern const CaIndicator ca_obv;

#ifdef __x86_64__
/* the same with AVX2 and FMA, see kernels_avx2.c */
extern const CaIndicator ca_sma_fused;
extern const CaIndicator ca_ema_fused;
extern const CaIndicator ca_rsi_fused;
extern const CaIndicator ca_macd_fused;
extern const CaIndicator ca_bollinger_fused;
extern const CaIndicator ca_atr_fused;
extern const CaIndicator ca_adx_fused;
extern const CaIndicator ca_stochastic_fused;
#endif

extern const CaIndicator *ca_cpu_indicator(const CaIndicator *indicator);

#endif /* CA_INDICATOR_H */
