/*-------------------------------------------------------------------------
 *
 * own_keys.h
 *		What technical_indicators of a candle hold beside indicators.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_OWN_KEYS_H
#define CA_OWN_KEYS_H

#include "postgres.h"

#include "utils/jsonb.h"

extern Jsonb *ca_keep_own_keys(Jsonb *json);

#endif /* CA_OWN_KEYS_H */
