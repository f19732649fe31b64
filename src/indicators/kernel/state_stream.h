/*-------------------------------------------------------------------------
 *
 * state_stream.h
 *		Writing the state of an indicator as bytes, and reading it back.
 *
 * Each kernel has one function that names the fields of its state in order.
 * It both writes and reads, so the two cannot differ.  A field is eight bytes,
 * the most significant first, on every machine.  Reading trusts nothing: a
 * stream that ends early, or a field out of the range that its kernel allows,
 * marks the stream as failed, and fields read after that are zero.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_STATE_STREAM_H
#define CA_STATE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "number/exactsum.h"
#include "number/price.h"

typedef struct CaStateStream
{
	bool reading;
	bool failed;
	unsigned char *data; /* NULL while writing: only the bytes are counted */
	size_t size;         /* reading: how many bytes "data" has */
	size_t at;
} CaStateStream;

extern void ca_state_stream_int64(CaStateStream *stream, int64_t *value,
								  int64_t low, int64_t high);
extern void ca_state_stream_int(CaStateStream *stream, int *value, int low,
								int high);
extern void ca_state_stream_bool(CaStateStream *stream, bool *value);
extern void ca_state_stream_double(CaStateStream *stream, double *value);
extern void ca_state_stream_dd(CaStateStream *stream, CaDD *value);
extern void ca_state_stream_price(CaStateStream *stream, CaPrice *price);
extern void ca_state_stream_unit(CaStateStream *stream, double *unit);
extern void ca_state_stream_sum(CaStateStream *stream, CaExactSum *sum);

#endif /* CA_STATE_STREAM_H */
