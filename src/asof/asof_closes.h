/*-------------------------------------------------------------------------
 *
 * asof_closes.h
 *		The closes known at many moments: the rows of closes_at.c and what they
 *		get.
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

/* a close: a copy, or a pointer to a copy where it is larger */
typedef struct CaAsOfClose
{
	struct varlena *large;
	char small[CA_SMALL_CLOSE];
} CaAsOfClose;

/* a row that asks: its asset and moment */
typedef struct CaAsOfRow
{
	int32 asset; /* place in assets */
	int16 place; /* timeframe to try next, shortest first */
	bool asks;   /* has an asset and a finite moment, and no close yet */
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

/* a number of rows and their closes; all of it is in "context" */
typedef struct CaAsOfCloses
{
	MemoryContext context;
	Oid namespace_oid;     /* schema of the extension */
	const char *schema;    /* its name, quoted */
	const char *functions; /* quoted name of the schema of support functions */
	int64 staleness;       /* microseconds; PG_INT64_MAX for any age */
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
	CaAsOfClose *closes; /* of each slot */
	/* minutes in each partial candle, 0 for a whole one; NULL: all are whole */
	int32 *made_of;
	uint32 *slot_of;      /* the slot that answers each row */
	CaAsOfClose *answers; /* of each row that found one */
	/* candles that may be needed start at "since" or later, before "until" */
	TimestampTz since;
	TimestampTz until;
} CaAsOfCloses;

extern void ca_asof_closes_find(CaAsOfCloses *closes);
extern void ca_asof_read_first(CaAsOfCloses *closes);
extern void ca_asof_read_candles(CaAsOfCloses *closes);
extern void ca_asof_read_partial(CaAsOfCloses *closes);

#endif /* CA_ASOF_CLOSES_H */
