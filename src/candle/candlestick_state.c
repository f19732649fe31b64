/*-------------------------------------------------------------------------
 *
 * candlestick_state.c
 *		The SQL type candlestick_state, the state of the candle aggregates.
 *
 * It is a type of its own rather than internal, so that partial states can
 * travel between parallel workers and between nodes.  It is not meant to be
 * stored: its form may change with a version.
 *
 * The form for sending, in network byte order:
 *
 *		int8 version, int8 flags, int64 open time, open sequence, close time,
 *		close sequence, trades, six decimals, each an int32 length and the
 *		bytes of numeric_send: open, high, low, close, volume, 3 * notional
 *
 * The text form is that in hexadecimal.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "datatype/timestamp.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "candle/candlestick_state.h"
#include "numeric/numeric.h"

#define WIRE_VERSION 1

#define WIRE_OPEN_SEQUENCE 0x01
#define WIRE_CLOSE_SEQUENCE 0x02
#define WIRE_VOLUME 0x04
#define WIRE_TRADES 0x08
#define WIRE_FLAGS 0x0F

#define FORM_CANDLE64 0x43414331 /* a CaCandle64 */
#define FORM_CANDLE 0x43415031   /* a CaCandle */
#define FORM_WIRE 0x43415731     /* the form for sending */

PG_FUNCTION_INFO_V1(ca_candlestick_state_in);
PG_FUNCTION_INFO_V1(ca_candlestick_state_out);
PG_FUNCTION_INFO_V1(ca_candlestick_state_recv);
PG_FUNCTION_INFO_V1(ca_candlestick_state_send);

typedef struct Candle64State
{
	int32 vl_len_; /* varlena header, never touched directly */
	uint32 form;
	CaCandle64 candle;
} Candle64State;

typedef struct CandleState
{
	int32 vl_len_; /* varlena header, never touched directly */
	uint32 form;
	CaCandle candle;
} CandleState;

typedef struct WireState
{
	int32 vl_len_; /* varlena header, never touched directly */
	uint32 form;
	char bytes[FLEXIBLE_ARRAY_MEMBER];
} WireState;

static void
wire_put_decimal(StringInfo buf, const CaDecimal *decimal)
{
	bytea *sent = DatumGetByteaPP(DirectFunctionCall1(
		numeric_send, NumericGetDatum(ca_decimal_to_numeric(decimal))));

	pq_sendint32(buf, VARSIZE_ANY_EXHDR(sent));
	pq_sendbytes(buf, VARDATA_ANY(sent), VARSIZE_ANY_EXHDR(sent));
}

static void
wire_put(StringInfo buf, const CaCandle *candle)
{
	pq_sendbyte(buf, WIRE_VERSION);
	pq_sendbyte(buf,
				(candle->open.has_sequence ? WIRE_OPEN_SEQUENCE : 0) |
					(candle->close.has_sequence ? WIRE_CLOSE_SEQUENCE : 0) |
					(candle->has_volume ? WIRE_VOLUME : 0) |
					(candle->has_trades ? WIRE_TRADES : 0));
	pq_sendint64(buf, candle->open.time);
	pq_sendint64(buf, candle->open.sequence);
	pq_sendint64(buf, candle->close.time);
	pq_sendint64(buf, candle->close.sequence);
	pq_sendint64(buf, candle->trades);
	wire_put_decimal(buf, &candle->open.price);
	wire_put_decimal(buf, &candle->high);
	wire_put_decimal(buf, &candle->low);
	wire_put_decimal(buf, &candle->close.price);
	wire_put_decimal(buf, &candle->volume);
	wire_put_decimal(buf, &candle->notional3);
}

static void
wire_refuse(const char *detail)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
			errmsg("invalid candlestick_state"), errdetail("%s", detail),
			errhint("Only values made by an aggregate of this extension can "
					"be read."));
}

static CaDecimal
wire_get_decimal(StringInfo buf)
{
	int length = pq_getmsgint(buf, 4);
	StringInfoData part;
	Datum num;

	if (length < 0 || length > buf->len - buf->cursor)
		wire_refuse("A decimal is cut short.");
	initStringInfo(&part);
	appendBinaryStringInfo(&part, pq_getmsgbytes(buf, length), length);
	num = DirectFunctionCall3(numeric_recv, PointerGetDatum(&part),
							  ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	pq_getmsgend(&part);
	if (!ca_numeric_is_finite(num))
		wire_refuse("A decimal is not finite.");
	return ca_decimal_from_numeric(num);
}

/* checks of bytes from outside: rules that every candle fulfils */
static void
wire_check(const CaCandle *candle)
{
	if (ca_decimal_cmp(&candle->low, &candle->open.price) > 0 ||
		ca_decimal_cmp(&candle->low, &candle->close.price) > 0 ||
		ca_decimal_cmp(&candle->high, &candle->open.price) < 0 ||
		ca_decimal_cmp(&candle->high, &candle->close.price) < 0)
		wire_refuse("Its low or high does not bound open and close.");
	if (!IS_VALID_TIMESTAMP(candle->open.time) ||
		!IS_VALID_TIMESTAMP(candle->close.time))
		wire_refuse("Its times are out of range.");
	if (candle->open.time > candle->close.time)
		wire_refuse("It closes before it opens.");
	if (ca_decimal_sign(&candle->volume) < 0 || candle->trades < 0)
		wire_refuse("Its volume or number of trades is negative.");
}

/* read a candle; decimals are allocated in the current context */
static void
wire_get(StringInfo buf, CaCandle *candle)
{
	int flags;

	if (pq_getmsgbyte(buf) != WIRE_VERSION)
		wire_refuse("Its version is unknown.");
	flags = pq_getmsgbyte(buf);
	if ((flags & ~WIRE_FLAGS) != 0)
		wire_refuse("It has unknown flags.");

	memset(candle, 0, sizeof(*candle));
	candle->open.has_sequence = (flags & WIRE_OPEN_SEQUENCE) != 0;
	candle->close.has_sequence = (flags & WIRE_CLOSE_SEQUENCE) != 0;
	candle->has_volume = (flags & WIRE_VOLUME) != 0;
	candle->has_trades = (flags & WIRE_TRADES) != 0;
	candle->open.time = pq_getmsgint64(buf);
	candle->open.sequence = pq_getmsgint64(buf);
	candle->close.time = pq_getmsgint64(buf);
	candle->close.sequence = pq_getmsgint64(buf);
	candle->trades = pq_getmsgint64(buf);
	candle->open.price = wire_get_decimal(buf);
	candle->high = wire_get_decimal(buf);
	candle->low = wire_get_decimal(buf);
	candle->close.price = wire_get_decimal(buf);
	candle->volume = wire_get_decimal(buf);
	candle->notional3 = wire_get_decimal(buf);
	pq_getmsgend(buf);
	wire_check(candle);
}

static bool
is_wide(const CaCandle *candle)
{
	return candle->open.price.is_wide || candle->close.price.is_wide ||
		   candle->high.is_wide || candle->low.is_wide ||
		   candle->volume.is_wide || candle->notional3.is_wide;
}

static uint32
state_form(const struct varlena *state)
{
	return VARSIZE(state) > offsetof(WireState, bytes)
			   ? ((const WireState *) state)->form
			   : 0;
}

/*
 * The CaCandle64 inside a state, to be changed in place; NULL when the state has
 * another form.
 */
CaCandle64 *
ca_candlestick_state_candle64(struct varlena *state)
{
	if (VARSIZE(state) != sizeof(Candle64State) ||
		((Candle64State *) state)->form != FORM_CANDLE64)
		return NULL;
	return &((Candle64State *) state)->candle;
}

/* the same for a CaCandle */
static CaCandle *
state_candle(struct varlena *state)
{
	if (VARSIZE(state) != sizeof(CandleState) ||
		((CandleState *) state)->form != FORM_CANDLE ||
		is_wide(&((CandleState *) state)->candle))
		return NULL;
	return &((CandleState *) state)->candle;
}

/* read a state of any form */
void
ca_candlestick_state_read(struct varlena *state, CaCandle *candle)
{
	const CaCandle64 *candle64 = ca_candlestick_state_candle64(state);
	const CaCandle *held = state_candle(state);
	StringInfoData buf;

	if (candle64 != NULL)
		ca_candle64_to_candle(candle64, candle);
	else if (held != NULL)
		*candle = *held;
	else
	{
		if (state_form(state) != FORM_WIRE)
			wire_refuse("Its form is unknown.");
		initStringInfo(&buf);
		appendBinaryStringInfo(&buf, ((WireState *) state)->bytes,
							   VARSIZE(state) - offsetof(WireState, bytes));
		wire_get(&buf, candle);
	}
}

static struct varlena *
state_make_wire(const CaCandle *candle)
{
	StringInfoData buf;
	WireState *state;
	Size size;

	initStringInfo(&buf);
	wire_put(&buf, candle);
	size = offsetof(WireState, bytes) + buf.len;
	state = palloc0(size);
	SET_VARSIZE(state, size);
	state->form = FORM_WIRE;
	memcpy(state->bytes, buf.data, buf.len);
	return (struct varlena *) state;
}

/* a new state in the current memory context */
struct varlena *
ca_candlestick_state_make(const CaCandle *candle)
{
	CaCandle64 candle64;

	if (ca_candle64_from_candle(&candle64, candle))
	{
		Candle64State *state = palloc0(sizeof(Candle64State));

		SET_VARSIZE(state, sizeof(Candle64State));
		state->form = FORM_CANDLE64;
		state->candle = candle64;
		return (struct varlena *) state;
	}
	if (!is_wide(candle))
	{
		CandleState *state = palloc0(sizeof(CandleState));

		SET_VARSIZE(state, sizeof(CandleState));
		state->form = FORM_CANDLE;
		state->candle = *candle;
		return (struct varlena *) state;
	}
	return state_make_wire(candle);
}

/*
 * Merge a candle into a state, which may be NULL.
 *
 * Changes the state in place where possible, else returns a new one.
 */
struct varlena *
ca_candlestick_state_merge(struct varlena *state, const CaCandle *row)
{
	CaCandle64 *candle64;
	CaCandle *held;
	CaCandle candle;

	if (state == NULL)
		return ca_candlestick_state_make(row);

	held = state_candle(state);
	if (held != NULL)
	{
		ca_candle_merge(held, row);
		return is_wide(held) ? ca_candlestick_state_make(held) : state;
	}

	ca_candlestick_state_read(state, &candle);
	ca_candle_merge(&candle, row);
	candle64 = ca_candlestick_state_candle64(state);
	if (candle64 != NULL && ca_candle64_from_candle(candle64, &candle))
		return state;
	return ca_candlestick_state_make(&candle);
}

/*
 * ca_candlestick_state_in(cstring) -> candlestick_state.  Errors: 22023, 22P03.
 */
Datum
ca_candlestick_state_in(PG_FUNCTION_ARGS)
{
	char *hex = PG_GETARG_CSTRING(0);
	StringInfoData buf;
	CaCandle candle;

	initStringInfo(&buf);
	enlargeStringInfo(&buf, strlen(hex) / 2 + 1);
	buf.len = hex_decode(hex, strlen(hex), buf.data);
	wire_get(&buf, &candle);
	PG_RETURN_POINTER(ca_candlestick_state_make(&candle));
}

/*
 * ca_candlestick_state_out(candlestick_state) -> cstring
 */
Datum
ca_candlestick_state_out(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	CaCandle candle;
	char *hex;

	ca_candlestick_state_read(PG_DETOAST_DATUM(PG_GETARG_DATUM(0)), &candle);
	initStringInfo(&buf);
	wire_put(&buf, &candle);
	hex = palloc(buf.len * 2 + 1);
	hex[hex_encode(buf.data, buf.len, hex)] = '\0';
	PG_RETURN_CSTRING(hex);
}

/*
 * ca_candlestick_state_recv(internal) -> candlestick_state.  Errors: 22P03, 08P01.
 */
Datum
ca_candlestick_state_recv(PG_FUNCTION_ARGS)
{
	CaCandle candle;

	wire_get((StringInfo) PG_GETARG_POINTER(0), &candle);
	PG_RETURN_POINTER(ca_candlestick_state_make(&candle));
}

/*
 * ca_candlestick_state_send(candlestick_state) -> bytea
 */
Datum
ca_candlestick_state_send(PG_FUNCTION_ARGS)
{
	StringInfoData buf;
	CaCandle candle;

	ca_candlestick_state_read(PG_DETOAST_DATUM(PG_GETARG_DATUM(0)), &candle);
	pq_begintypsend(&buf);
	wire_put(&buf, &candle);
	PG_RETURN_BYTEA_P(pq_endtypsend(&buf));
}
