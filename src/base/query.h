/*-------------------------------------------------------------------------
 *
 * query.h
 *		Running a query and handing over its rows one by one.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_BASE_QUERY_H
#define CA_BASE_QUERY_H

#include "postgres.h"

#include "executor/tuptable.h"
#include "tcop/dest.h"

/* an argument of the query, $1 and so on */
typedef struct CaArgument
{
	Oid type;
	Datum value;
	bool isnull;
} CaArgument;

/* takes a row of a query */
typedef void (*CaRowTaker)(TupleTableSlot *slot, void *taker);

/* a destination for the executor that hands rows over */
typedef struct CaReader
{
	DestReceiver receiver; /* must be first */
	CaRowTaker take;
	void *taker;
	const bool *enough; /* stop when this is true; NULL: never */
} CaReader;

extern DestReceiver *ca_reader_init(CaReader *reader, CaRowTaker take,
									void *taker);
extern void ca_read_query(const char *query, const CaArgument *arguments,
						  int narguments, CaRowTaker take, void *taker);
extern void ca_read_until(const char *query, const CaArgument *arguments,
						  int narguments, CaRowTaker take, void *taker,
						  const bool *enough);
extern void ca_change_query(const char *query, const CaArgument *arguments,
							int narguments, CaRowTaker take, void *taker);

#endif /* CA_BASE_QUERY_H */
