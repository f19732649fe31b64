/*-------------------------------------------------------------------------
 *
 * tap.h
 *		What the tests of the kernels of analytics share: verdicts and memory.
 *
 *-------------------------------------------------------------------------
 */
#ifndef TAP_H
#define TAP_H

#include <stdbool.h>
#include <stddef.h>

extern void ok(bool passed, const char *what, const char *name);
extern int tap_end(void);
extern void *room(size_t size);
extern bool same_bits(double a, double b);

extern void test_correlations(void);

#endif /* TAP_H */
