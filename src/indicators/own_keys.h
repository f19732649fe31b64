/*-------------------------------------------------------------------------
 *
 * own_keys.h
 *		The keys in a candle's technical_indicators that belong to the user.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_OWN_KEYS_H
#define CA_OWN_KEYS_H

#include "postgres.h"

#include "utils/jsonb.h"

extern Jsonb *ca_keep_own_keys(Jsonb *json);

#endif /* CA_OWN_KEYS_H */
