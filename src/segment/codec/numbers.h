/*-------------------------------------------------------------------------
 *
 * numbers.h
 *		A column of numbers or of texts, with NULLs; numbers.c describes its bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_NUMBERS_H
#define CA_NUMBERS_H

#include "segment/codec/bytes.h"
#include "segment/codec/segment.h"

extern size_t ca_numbers_bound(const CaSegmentNumbers *numbers, int count);
extern uint8_t *ca_numbers_write(uint8_t *out, const CaSegmentNumbers *numbers,
								 int count);
extern bool ca_numbers_read(CaInput *in, int version, CaSegmentNumbers *numbers,
							int count);

#endif /* CA_NUMBERS_H */
