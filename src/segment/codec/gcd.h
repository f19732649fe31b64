/*-------------------------------------------------------------------------
 *
 * gcd.h
 *		The greatest common divisor of many numbers, and division by it.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_GCD_H
#define CA_GCD_H

#include <stdint.h>

/* the largest number that divides all; 0 if all are 0 */
typedef struct CaGcd
{
	uint64_t factor;
	uint64_t inverse; /* of its odd part, modulo 2^64 */
	uint64_t limit;   /* the largest quotient */
	int shift;        /* its factors of two */
} CaGcd;

extern void ca_gcd_add(CaGcd *gcd, const uint64_t *values, int count);
extern void ca_gcd_add_signed(CaGcd *gcd, const uint64_t *values, int count);

/* divide a multiple of the divisor, which is not 0 */
static inline uint64_t
ca_gcd_divide(const CaGcd *gcd, uint64_t value)
{
	return (value >> gcd->shift) * gcd->inverse;
}

/* divide a multiple that is an int64 */
static inline uint64_t
ca_gcd_divide_signed(const CaGcd *gcd, uint64_t value)
{
	return (uint64_t) ((int64_t) value >> gcd->shift) * gcd->inverse;
}

#endif /* CA_GCD_H */
