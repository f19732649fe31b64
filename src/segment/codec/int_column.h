/*-------------------------------------------------------------------------
 *
 * int_column.h
 *		A column of int64s; int_column.c describes its bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_INT_COLUMN_H
#define CA_INT_COLUMN_H

#include "segment/codec/bytes.h"

/* the most bytes of a column besides its blocks */
#define CA_INT_COLUMN_HEAD (1 + 3 * CA_VARINT_MAX)

extern uint8_t *ca_int_column_write(uint8_t *out, const int64_t *values,
									int count);
extern bool ca_int_column_read(CaInput *in, int64_t *values, int count);
extern uint8_t *ca_int_column_write_steps(uint8_t *out, const int64_t *values,
										  int count);
extern bool ca_int_column_read_steps(CaInput *in, int64_t *values, int count);

#endif /* CA_INT_COLUMN_H */
