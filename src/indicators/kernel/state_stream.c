/*-------------------------------------------------------------------------
 *
 * state_stream.c
 *		Writing the state of an indicator as bytes, and reading it back.  Plain
 *		C; see state_stream.h.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/state_stream.h"

#include <string.h>

#define FIELD_BYTES 8

static void
write_field(CaStateStream *stream, uint64_t field)
{
	if (stream->data != NULL)
		for (int i = 0; i < FIELD_BYTES; i++)
			stream->data[stream->at + i] =
				(unsigned char) (field >> (8 * (FIELD_BYTES - 1 - i)));
	stream->at += FIELD_BYTES;
}

static uint64_t
read_field(CaStateStream *stream)
{
	uint64_t field = 0;

	if (stream->failed || stream->size - stream->at < FIELD_BYTES)
	{
		stream->failed = true;
		return 0;
	}
	for (int i = 0; i < FIELD_BYTES; i++)
		field = field << 8 | stream->data[stream->at + i];
	stream->at += FIELD_BYTES;
	return field;
}

/*
 * An integer from low to high, both included.
 */
void
ca_state_stream_int64(CaStateStream *stream, int64_t *value, int64_t low,
					  int64_t high)
{
	if (!stream->reading)
	{
		write_field(stream, (uint64_t) *value);
		return;
	}
	*value = (int64_t) read_field(stream);
	if (*value < low || *value > high)
	{
		stream->failed = true;
		*value = low;
	}
}

void
ca_state_stream_int(CaStateStream *stream, int *value, int low, int high)
{
	int64_t wide = *value;

	ca_state_stream_int64(stream, &wide, low, high);
	*value = (int) wide;
}

void
ca_state_stream_bool(CaStateStream *stream, bool *value)
{
	int number = *value;

	ca_state_stream_int(stream, &number, 0, 1);
	*value = number != 0;
}

/*
 * A double, all its bits.
 */
void
ca_state_stream_double(CaStateStream *stream, double *value)
{
	uint64_t bits;

	if (stream->reading)
	{
		bits = read_field(stream);
		memcpy(value, &bits, sizeof(bits));
	}
	else
	{
		memcpy(&bits, value, sizeof(bits));
		write_field(stream, bits);
	}
}

void
ca_state_stream_dd(CaStateStream *stream, CaDD *value)
{
	ca_state_stream_double(stream, &value->hi);
	ca_state_stream_double(stream, &value->lo);
}

void
ca_state_stream_price(CaStateStream *stream, CaPrice *price)
{
	ca_state_stream_bool(stream, &price->is_e8);
	ca_state_stream_int64(stream, &price->e8, -CA_E8_LIMIT, CA_E8_LIMIT);
	ca_state_stream_dd(stream, &price->dd);
}

/*
 * The unit of a kernel; 0 before its first price.
 */
void
ca_state_stream_unit(CaStateStream *stream, double *unit)
{
	int number = (int) *unit;

	ca_state_stream_int(stream, &number, 0, (int) CA_E8_ONE);
	if (number != 0 && number != 1 && number != (int) CA_E8_ONE)
		stream->failed = true;
	*unit = number;
}

/*
 * An exact sum: the number of partials, then each of them.
 */
void
ca_state_stream_sum(CaStateStream *stream, CaExactSum *sum)
{
	ca_state_stream_int(stream, &sum->npartials, 0, CA_MAX_PARTIALS - 1);
	for (int i = 0; i < sum->npartials; i++)
		ca_state_stream_double(stream, &sum->partial[i]);
}
