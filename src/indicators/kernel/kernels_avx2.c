/*-------------------------------------------------------------------------
 *
 * kernels_avx2.c
 *		The kernels compiled again for machines with AVX2 and FMA.
 *
 * This file includes the others and renames their constants, so each kernel
 * has one source; see vec.h.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifdef __x86_64__

#include <immintrin.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), \
							 apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define CA_FUSED
#define ca_sma ca_sma_fused
#define ca_ema ca_ema_fused
#define ca_rsi ca_rsi_fused
#define ca_macd ca_macd_fused
#define ca_bollinger ca_bollinger_fused
#define ca_atr ca_atr_fused
#define ca_adx ca_adx_fused
#define ca_stochastic ca_stochastic_fused

#include "sma.c"
#include "ema.c"
#include "rsi.c"
#include "macd.c"
#include "bollinger.c"
#include "atr.c"
#include "adx.c"
#include "stochastic.c"

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
