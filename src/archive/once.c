/*-------------------------------------------------------------------------
 *
 * once.c
 *		A candle in one place: writing the archive by hand beside live inserts.
 *
 * price_data and price_data_archive have a unique index each, and none of both.
 * Archiving itself takes a candle out of one table first, so whoever inserts it
 * there waits.  Whoever inserts into the archive by hand does not meet writers of
 * price_data anywhere, so:
 *
 *	- it holds a lock to the end of its transaction that marks the archive as
 *	  being written, then waits for all transactions that have written price_data,
 *	  then locks archiving of its series, and then looks whether its candles are live;
 *	- whoever inserts into price_data looks at that mark after its rows are in
 *	  place.  If there is none, a writer of the archive that comes later waits for
 *	  it.  If there is one, it locks archiving of its series before it looks for
 *	  archived ones.
 *
 * A live insert that meets no such writer pays one lock that it takes and gives
 * back.  The lock is one of an object, which no statement can take.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_class.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "storage/lmgr.h"
#include "storage/lock.h"
#include "utils/lsyscache.h"

/* the mark is no column, and relations themselves are not locked as objects */
#define MARK 1

PG_FUNCTION_INFO_V1(ca_mark_archive);
PG_FUNCTION_INFO_V1(ca_archive_is_marked);

static Oid
find_table(FunctionCallInfo fcinfo, const char *name)
{
	Oid schema = get_func_namespace(fcinfo->flinfo->fn_oid);
	Oid oid = get_relname_relid(name, schema);

	if (!OidIsValid(oid))
		elog(ERROR, "there is no table %s", name);
	return oid;
}

/*
 * ca_mark_archive() -> void
 *
 * Marks the archive as being written to the end of the transaction, and waits for
 * those that have written price_data.  Who has marked it already need not wait
 * again: all that began later have seen the mark.
 */
Datum
ca_mark_archive(PG_FUNCTION_ARGS)
{
	LOCKTAG mark;
	LOCKTAG live;

	SET_LOCKTAG_OBJECT(mark, MyDatabaseId, RelationRelationId,
					   find_table(fcinfo, "price_data_archive"), MARK);
	if (LockAcquire(&mark, RowExclusiveLock, false, false) !=
		LOCKACQUIRE_ALREADY_HELD)
	{
		SET_LOCKTAG_RELATION(live, MyDatabaseId,
							 find_table(fcinfo, "price_data"));
		WaitForLockers(live, ShareLock, false);
	}
	PG_RETURN_VOID();
}

/*
 * ca_archive_is_marked() -> boolean
 *
 * Whether another session is writing the archive by hand.
 */
Datum
ca_archive_is_marked(PG_FUNCTION_ARGS)
{
	LOCKTAG mark;

	SET_LOCKTAG_OBJECT(mark, MyDatabaseId, RelationRelationId,
					   find_table(fcinfo, "price_data_archive"), MARK);
	if (LockAcquire(&mark, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		PG_RETURN_BOOL(true);
	LockRelease(&mark, ShareLock, false);
	PG_RETURN_BOOL(false);
}
