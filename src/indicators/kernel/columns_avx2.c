/*-------------------------------------------------------------------------
 *
 * columns_avx2.c
 *		columns.c compiled again for machines with AVX2 and FMA.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifdef __x86_64__

#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), \
							 apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif

#define CA_LANES 4
#define CA_FUSED
#include "columns.c"

#ifdef __clang__
#pragma clang attribute pop
#endif

#endif
