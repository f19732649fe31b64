/*-------------------------------------------------------------------------
 *
 * candlestick_state.h
 *		The SQL type candlestick_state: a candle of the kernel as an SQL value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_CANDLESTICK_STATE_H
#define CA_CANDLESTICK_STATE_H

#include "postgres.h"

#include "fmgr.h"

#include "candle/kernel/candle.h"
#include "candle/kernel/candle64.h"

/*
 * The candle in a varlena has one of three forms: a CaCandle64, nearly always; a
 * CaCandle, where numbers are larger but have at most 38 digits; or the bytes of
 * candlestick_state_send(), where a number is in wide form and so elsewhere in
 * memory.  The first two can be changed in place.
 */
extern CaCandle64 *ca_candlestick_state_candle64(struct varlena *state);
extern void ca_candlestick_state_read(struct varlena *state, CaCandle *candle);
extern struct varlena *ca_candlestick_state_make(const CaCandle *candle);
extern struct varlena *ca_candlestick_state_merge(struct varlena *state,
												  const CaCandle *row);

#endif /* CA_CANDLESTICK_STATE_H */
