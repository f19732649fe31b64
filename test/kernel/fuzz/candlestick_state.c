/*-------------------------------------------------------------------------
 *
 * candlestick_state.c
 *		The input and receive functions of candlestick_state.
 *
 * An input is a byte, odd for the text form, then the input of the function.  A
 * state that is accepted must read back the same after it was written.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "lib/stringinfo.h"

#include "candle/candlestick_state.h"

extern Datum ca_candlestick_state_in(PG_FUNCTION_ARGS);
extern Datum ca_candlestick_state_out(PG_FUNCTION_ARGS);
extern Datum ca_candlestick_state_recv(PG_FUNCTION_ARGS);
extern Datum ca_candlestick_state_send(PG_FUNCTION_ARGS);

static Datum
receive(const void *data, size_t size)
{
	StringInfoData message;

	initStringInfo(&message);
	appendBinaryStringInfo(&message, data, (int) size);
	return DirectFunctionCall1(ca_candlestick_state_recv,
							   PointerGetDatum(&message));
}

static void
check_order(const CaCandle *candle)
{
	require(ca_decimal_cmp(&candle->low, &candle->open.price) <= 0);
	require(ca_decimal_cmp(&candle->high, &candle->close.price) >= 0);
	require(candle->open.time <= candle->close.time);
	require(ca_decimal_sign(&candle->volume) >= 0);
}

static void
read_state(const uint8 *data, size_t size)
{
	Datum state;
	Datum again;
	bytea *sent;
	bytea *sent_again;
	char *shown;
	CaCandle candle;

	if (data[0] % 2 != 0)
		state = DirectFunctionCall1(
			ca_candlestick_state_in,
			CStringGetDatum(pnstrdup((const char *) data + 1, size - 1)));
	else
		state = receive(data + 1, size - 1);

	sent =
		DatumGetByteaPP(DirectFunctionCall1(ca_candlestick_state_send, state));
	again = receive(VARDATA_ANY(sent), VARSIZE_ANY_EXHDR(sent));
	sent_again =
		DatumGetByteaPP(DirectFunctionCall1(ca_candlestick_state_send, again));
	require(VARSIZE_ANY(sent) == VARSIZE_ANY(sent_again) &&
			memcmp(VARDATA_ANY(sent), VARDATA_ANY(sent_again),
				   VARSIZE_ANY_EXHDR(sent)) == 0);

	shown =
		DatumGetCString(DirectFunctionCall1(ca_candlestick_state_out, state));
	again =
		DirectFunctionCall1(ca_candlestick_state_in, CStringGetDatum(shown));
	require(strcmp(shown, DatumGetCString(DirectFunctionCall1(
							  ca_candlestick_state_out, again))) == 0);

	ca_candlestick_state_read((struct varlena *) DatumGetPointer(again),
							  &candle);
	check_order(&candle);
	state = PointerGetDatum(ca_candlestick_state_merge(
		(struct varlena *) DatumGetPointer(again), &candle));
	ca_candlestick_state_read((struct varlena *) DatumGetPointer(state),
							  &candle);
	check_order(&candle);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	if (size > 0 && (data[0] % 2 == 0 || is_text(data + 1, size - 1)))
		parse(read_state, data, size);
	return 0;
}
