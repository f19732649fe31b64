/*-------------------------------------------------------------------------
 *
 * asof_closes.h
 *		The closes that were known at many moments.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ASOF_CLOSES_H
#define CA_ASOF_CLOSES_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/hsearch.h"

#include "asof/kernel/asof_kernel.h"
#include "base/timeframe.h"

/* room for most closes as they are stored */
#define CA_SMALL_CLOSE 16

/* a close: copied, or where it is larger than that, a pointer to a copy */
typedef struct CaAsOfClose
{
	struct varlena *large;
	char small[CA_SMALL_CLOSE];
} CaAsOfClose;

/* who asks: the row's asset and moment */
typedef struct CaAsOfRow
{
	int32 asset; /* place in assets */
	int16 place; /* timeframe that is looked at next, shortest first */
	bool asks; /* neither is NULL, the moment is finite, nothing is found yet */
	bool found;
	TimestampTz moment;
} CaAsOfRow;

/* an asset and its series, by timeframe, shortest first */
typedef struct CaAsOfAsset
{
	int32 id; /* key of the hash table */
	int32 place;
	TimestampTz first[CA_TIMEFRAMES]; /* start of the first candle, if any */
	int32 series[CA_TIMEFRAMES];      /* number, or -1 */
} CaAsOfAsset;

/* a number of rows and what they get; all of it is in the context */
typedef struct CaAsOfCloses
{
	MemoryContext context;
	Oid namespace_oid;     /* of the extension */
	const char *schema;    /* its name, quoted, */
	const char *functions; /* and that of the schema of support functions */
	int64 staleness;       /* microseconds; PG_INT64_MAX when any age will do */
	uint32 nrows;
	CaAsOfRow *rows;
	uint32 nassets;
	CaAsOfAsset **assets;
	HTAB *asset_of_id;
	uint32 nseries;
	CaAsOfRange *ranges;
	const CaTimeframe **timeframes; /* of each series */
	uint32 nslots;
	CaAsOfSlot *slots;
	CaAsOfClose *closes;  /* of each slot */
	int32 *made_of;       /* minutes that a partial candle was made of, 0 of a
						* whole one; NULL when all are whole */
	uint32 *slot_of;      /* slot that answers a row */
	CaAsOfClose *answers; /* of each row that found one */
	TimestampTz since;    /* start of the first and behind that of the last */
	TimestampTz until;    /* candle that may be wanted */
} CaAsOfCloses;

extern void ca_asof_closes_find(CaAsOfCloses *closes);
extern void ca_asof_read_first(CaAsOfCloses *closes);
extern void ca_asof_read_candles(CaAsOfCloses *closes);
extern void ca_asof_read_partial(CaAsOfCloses *closes);

#endif /* CA_ASOF_CLOSES_H */
