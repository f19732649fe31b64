/*-------------------------------------------------------------------------
 *
 * prices.h
 *		The prices of a segment together; prices.c describes their bytes.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_PRICES_H
#define CA_PRICES_H

#include "segment/codec/bytes.h"
#include "segment/codec/segment.h"

extern bool ca_prices_joint(const CaSegment *segment);
extern uint8_t *ca_prices_write(uint8_t *out, const CaSegment *segment);
extern bool ca_prices_read(CaInput *in, CaSegment *segment);

#endif /* CA_PRICES_H */
