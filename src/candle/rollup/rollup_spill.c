/*-------------------------------------------------------------------------
 *
 * rollup_spill.c
 *		Groups that do not fit into memory: a sort on disk.
 *
 * A group becomes a row with its key, its candle as a candlestick_state, its
 * market_cap and the bits of its source candles.  Rows come back by asset,
 * target candle and source; several rows with the same key are parts of one
 * group.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/tupdesc.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "executor/tuptable.h"
#include "fmgr.h"
#include "utils/memutils.h"
#include "utils/numeric.h"
#include "utils/tuplesort.h"

#include "candle/rollup/rollup_spill.h"
#include "numeric/numeric.h"

enum
{
	SPILL_ASSET,
	SPILL_START,
	SPILL_SOURCE,
	SPILL_CANDLE,
	SPILL_MARKET_CAP_TIME,
	SPILL_MARKET_CAP,
	SPILL_NBITS,
	SPILL_PRESENT,
	SPILL_COLUMNS
};

struct CaRollupSpill
{
	Tuplesortstate *sort;
	MemoryContext context; /* of the next row */
	MemoryContext row_context;
	TupleTableSlot *in;
	TupleTableSlot *out;  /* the next row */
	bool more;            /* there is a next row */
	CaRollupGroupKey key; /* its key */
};

static TupleDesc
spill_descriptor(void)
{
	TupleDesc tupdesc = CreateTemplateTupleDesc(SPILL_COLUMNS);

	TupleDescInitEntry(tupdesc, SPILL_ASSET + 1, "asset", INT4OID, -1, 0);
	TupleDescInitEntry(tupdesc, SPILL_START + 1, "start", INT8OID, -1, 0);
	TupleDescInitEntry(tupdesc, SPILL_SOURCE + 1, "source", INT4OID, -1, 0);
	TupleDescInitEntry(tupdesc, SPILL_CANDLE + 1, "candle", BYTEAOID, -1, 0);
	TupleDescInitEntry(tupdesc, SPILL_MARKET_CAP_TIME + 1, "market_cap_time",
					   INT8OID, -1, 0);
	TupleDescInitEntry(tupdesc, SPILL_MARKET_CAP + 1, "market_cap", NUMERICOID,
					   -1, 0);
	TupleDescInitEntry(tupdesc, SPILL_NBITS + 1, "nbits", INT4OID, -1, 0);
	TupleDescInitEntry(tupdesc, SPILL_PRESENT + 1, "present", BYTEAOID, -1, 0);
	return tupdesc;
}

/* a sort in the current memory context */
CaRollupSpill *
ca_rollup_spill_begin(int memory_kb)
{
	AttrNumber columns[] = {SPILL_ASSET + 1, SPILL_START + 1, SPILL_SOURCE + 1};
	Oid operators[] = {Int4LessOperator, Int8LessOperator, Int4LessOperator};
	Oid collations[] = {InvalidOid, InvalidOid, InvalidOid};
	bool nulls_first[] = {false, false, false};
	TupleDesc tupdesc = spill_descriptor();
	CaRollupSpill *spill = palloc0(sizeof(CaRollupSpill));

	spill->context = CurrentMemoryContext;
	spill->row_context = AllocSetContextCreate(
		CurrentMemoryContext, "candle spill", ALLOCSET_SMALL_SIZES);
	spill->in = MakeSingleTupleTableSlot(tupdesc, &TTSOpsVirtual);
	spill->out = MakeSingleTupleTableSlot(tupdesc, &TTSOpsMinimalTuple);
	spill->sort = tuplesort_begin_heap(tupdesc, lengthof(columns), columns,
									   operators, collations, nulls_first,
									   memory_kb, NULL, TUPLESORT_NONE);
	return spill;
}

/* the bits of a group as a bytea */
static Datum
present_datum(CaRollupGroup *group)
{
	Size size = ca_bits_words(group->nbits) * sizeof(uint64);
	bytea *bits = palloc(VARHDRSZ + size);

	SET_VARSIZE(bits, VARHDRSZ + size);
	memcpy(VARDATA(bits), ca_rollup_group_bits(group), size);
	return PointerGetDatum(bits);
}

void
ca_rollup_spill_put(CaRollupSpill *spill, CaRollupGroup *group)
{
	MemoryContext old = MemoryContextSwitchTo(spill->row_context);
	const CaMarketCap *cap = &group->market_cap;
	struct varlena *state = group->state;
	Datum *values = spill->in->tts_values;
	bool *nulls = spill->in->tts_isnull;
	CaCandle candle;

	if (state == NULL)
	{
		ca_candle64_to_candle(&group->candle, &candle);
		state = ca_candlestick_state_make(&candle);
	}

	ExecClearTuple(spill->in);
	memset(nulls, 0, SPILL_COLUMNS * sizeof(bool));
	nulls[SPILL_MARKET_CAP_TIME] = nulls[SPILL_MARKET_CAP] = !cap->known;
	values[SPILL_ASSET] = Int32GetDatum(group->key.asset);
	values[SPILL_START] = Int64GetDatum(group->key.start);
	values[SPILL_SOURCE] = Int32GetDatum(group->key.source);
	values[SPILL_CANDLE] = PointerGetDatum(state);
	values[SPILL_NBITS] = Int32GetDatum(group->nbits);
	values[SPILL_PRESENT] = present_datum(group);
	if (cap->known)
	{
		values[SPILL_MARKET_CAP_TIME] = Int64GetDatum(cap->time);
		values[SPILL_MARKET_CAP] =
			NumericGetDatum(ca_decimal_to_numeric(&cap->value));
	}
	ExecStoreVirtualTuple(spill->in);
	tuplesort_puttupleslot(spill->sort, spill->in);

	MemoryContextSwitchTo(old);
	MemoryContextReset(spill->row_context);
}

static void
advance(CaRollupSpill *spill)
{
	MemoryContext old = MemoryContextSwitchTo(spill->context);

	spill->more =
		tuplesort_gettupleslot(spill->sort, true, true, spill->out, NULL);
	MemoryContextSwitchTo(old);
	if (!spill->more)
	{
		tuplesort_end(spill->sort);
		return;
	}
	slot_getallattrs(spill->out);
	spill->key.asset = DatumGetInt32(spill->out->tts_values[SPILL_ASSET]);
	spill->key.start = DatumGetInt64(spill->out->tts_values[SPILL_START]);
	spill->key.source = DatumGetInt32(spill->out->tts_values[SPILL_SOURCE]);
}

/* all rows are in; they can be read from now on */
void
ca_rollup_spill_sort(CaRollupSpill *spill)
{
	tuplesort_performsort(spill->sort);
	advance(spill);
}

/* the key of the next row, or NULL */
const CaRollupGroupKey *
ca_rollup_spill_peek(const CaRollupSpill *spill)
{
	return spill->more ? &spill->key : NULL;
}

/* the bits of a group, copied to where they are aligned */
static const uint64 *
present_bits(Datum present, int nbits)
{
	Size size = ca_bits_words(nbits) * sizeof(uint64);
	const bytea *packed = DatumGetByteaPP(present);
	uint64 *bits = palloc(size);

	memcpy(bits, VARDATA_ANY(packed), size);
	return bits;
}

/* take the next row; its data are in the current memory context */
void
ca_rollup_spill_next(CaRollupSpill *spill, CaRollupGroupResult *result)
{
	const Datum *values = spill->out->tts_values;
	struct varlena *state;

	result->key = spill->key;
	/* a copy: the sort aligns it as bytea, which is too little for a candle */
	state = PG_DETOAST_DATUM_COPY(values[SPILL_CANDLE]);
	ca_candlestick_state_read(state, &result->candle);
	pfree(state);
	result->nbits = DatumGetInt32(values[SPILL_NBITS]);
	result->present = present_bits(values[SPILL_PRESENT], result->nbits);
	result->market_cap.known = !spill->out->tts_isnull[SPILL_MARKET_CAP];
	if (result->market_cap.known)
	{
		result->market_cap.time = DatumGetInt64(values[SPILL_MARKET_CAP_TIME]);
		result->market_cap.value = ca_decimal_from_numeric(
			PointerGetDatum(DatumGetNumericCopy(values[SPILL_MARKET_CAP])));
	}
	advance(spill);
}
