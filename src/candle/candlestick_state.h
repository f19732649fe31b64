/*-------------------------------------------------------------------------
 *
 * candlestick_state.h
 *		The SQL type candlestick_state: a candle kernel state as a value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CANDLESTICK_STATE_H
#define CA_CANDLESTICK_STATE_H

#include "postgres.h"

#include "fmgr.h"

#include "candle/kernel/candlestick.h"
#include "candle/kernel/candle64.h"

/*
 * The candle in a varlena has one of three forms: compact, which nearly all
 * have; packed, where the numbers are larger but of 38 digits at most; and the
 * bytes that candlestick_state_send makes, for numbers in wide form, which point
 * elsewhere.  The first two can be changed in place.
 */
extern CaCandle64 *ca_candle_state_compact(struct varlena *state);
extern void ca_candle_state_read(struct varlena *state, CaCandle *candle);
extern struct varlena *ca_candle_state_make(const CaCandle *candle);
extern struct varlena *ca_candle_state_merge(struct varlena *state,
											 const CaCandle *row);

#endif /* CA_CANDLESTICK_STATE_H */
