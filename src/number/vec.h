/*-------------------------------------------------------------------------
 *
 * vec.h
 *		What a formula computes with: one double, or a vector of several.
 *
 * A file that defines CA_LANES before its includes gets every formula of
 * doubledouble.h and of the indicators (formulas.h) for that many numbers at
 * once.  Each of them has exactly the result that it has alone.  Such a file
 * must make sure that what it multiplies is 0 or of a size between 2^-900 and
 * 2^900, so that a product and its rounding error neither overflow nor
 * underflow.
 *
 * A file that defines CA_FUSED is compiled for machines that multiply and add
 * in one instruction; results are the same.
 *
 * Plain C, except for the vectors of GCC and clang.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_VEC_H
#define CA_VEC_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#if FLT_EVAL_METHOD != 0
#error \
	"doubles must be computed as doubles: on x86 compile with -msse2 -mfpmath=sse"
#endif

#ifndef CA_LANES

typedef double CaVec;

static inline CaVec
ca_vec(double x)
{
	return x;
}

/* "then" where a > b, else "otherwise" */
static inline CaVec
ca_vec_above(CaVec a, CaVec b, CaVec then, CaVec otherwise)
{
	return a > b ? then : otherwise;
}

#ifdef CA_FUSED

/* a * b + c, rounded once */
static inline CaVec
ca_vec_fma(CaVec a, CaVec b, CaVec c)
{
	return __builtin_fma(a, b, c);
}

/* whether neither a product nor its rounding error is near the ends of doubles */
static inline bool
ca_vec_is_moderate(CaVec product)
{
	return fabs(product) > 0x1p-900 && fabs(product) < 0x1p900;
}

#endif

#else

#ifdef __SSE2__
#include <immintrin.h>
#endif

typedef double CaVec __attribute__((vector_size(CA_LANES * 8)));
typedef int64_t CaVecMask __attribute__((vector_size(CA_LANES * 8)));

static inline CaVec
ca_vec(double x)
{
	CaVec r;

	for (int i = 0; i < CA_LANES; i++)
		r[i] = x;
	return r;
}

static inline CaVec
ca_vec_above(CaVec a, CaVec b, CaVec then, CaVec otherwise)
{
	CaVecMask mask = (CaVecMask) (a > b);

	return (CaVec) (((CaVecMask) then & mask) |
					((CaVecMask) otherwise & ~mask));
}

static inline CaVec
ca_vec_sqrt(CaVec x)
{
#if defined(__SSE2__) && CA_LANES == 2
	return _mm_sqrt_pd(x);
#elif defined(CA_FUSED) && CA_LANES == 4
	return _mm256_sqrt_pd(x);
#else
	for (int i = 0; i < CA_LANES; i++)
		x[i] = sqrt(x[i]);
	return x;
#endif
}

#ifdef CA_FUSED

/* a * b + c, rounded once */
static inline CaVec
ca_vec_fma(CaVec a, CaVec b, CaVec c)
{
	CaVec r;

	for (int i = 0; i < CA_LANES; i++)
		r[i] = __builtin_fma(a[i], b[i], c[i]);
	return r;
}

/* see above: such files multiply nothing else */
static inline bool
ca_vec_is_moderate(CaVec product)
{
	(void) product;
	return true;
}

#endif

#endif /* CA_LANES */

static inline CaVec
ca_vec_max(CaVec a, CaVec b)
{
	return ca_vec_above(a, b, a, b);
}

static inline CaVec
ca_vec_abs(CaVec x)
{
	return ca_vec_above(ca_vec(0.0), x, -x, x);
}

#endif /* CA_VEC_H */
