/*-------------------------------------------------------------------------
 *
 * gcd.h
 *		The common unit of numbers, and division by it; gcd.c.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_GCD_H
#define CA_GCD_H

#include <stdint.h>

/* the largest number that divides all, 0 when all are 0 */
typedef struct CaUnit
{
	uint64_t factor;
	uint64_t inverse; /* of its odd part, modulo 2^64 */
	uint64_t limit;   /* the largest quotient */
	int shift;        /* its factors of two */
} CaUnit;

extern void ca_unit_add(CaUnit *unit, const uint64_t *values, int count);
extern void ca_unit_add_signed(CaUnit *unit, const uint64_t *values, int count);

/* of a multiple of the unit, which is not 0 */
static inline uint64_t
ca_unit_divide(const CaUnit *unit, uint64_t value)
{
	return (value >> unit->shift) * unit->inverse;
}

/* of a multiple that is an int64 */
static inline uint64_t
ca_unit_divide_signed(const CaUnit *unit, uint64_t value)
{
	return (uint64_t) ((int64_t) value >> unit->shift) * unit->inverse;
}

#endif /* CA_GCD_H */
