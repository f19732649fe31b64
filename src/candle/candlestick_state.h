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

#include "candle/candlestick.h"

/*
 * A candle in a varlena.
 *
 * Packed states hold the candle itself and can be changed in place.  A candle
 * with a wide decimal points elsewhere, so it is stored as the bytes that
 * candlestick_state_send makes.
 */
typedef struct CaCandleState
{
	int32 vl_len_; /* varlena header, never touched directly */
	uint32 form;
	CaCandle candle; /* of packed states */
} CaCandleState;

extern CaCandle *ca_candle_state_packed(struct varlena *state);
extern void ca_candle_state_read(struct varlena *state, CaCandle *candle);
extern struct varlena *ca_candle_state_make(const CaCandle *candle);

#endif /* CA_CANDLESTICK_STATE_H */
