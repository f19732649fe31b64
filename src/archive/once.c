/*-------------------------------------------------------------------------
 *
 * once.c
 *		Each candle in one place only: inserts into the archive by hand.
 *
 * price_data and price_data_archive have a unique index each, but none spans both.
 * Archiving deletes a candle from one table first, so an insert of the same candle
 * there waits for it.  Inserts into the archive by hand and into price_data would not
 * meet anywhere, so:
 *
 *	- An insert into the archive takes a lock until the end of its transaction, which
 *	  marks the archive as being written.  It then waits for all transactions that
 *	  have written price_data, locks archiving of its series, and only then checks
 *	  that its candles are not live.
 *	- An insert into price_data checks for that mark after its rows are in place.
 *	  Without one, whoever writes the archive later waits for it.  With one, it locks
 *	  archiving of its series before it checks for archived candles.
 *
 * Without an insert into the archive, a live insert pays for one lock, taken and
 * released.  It is the lock of an object, which no SQL statement can take.
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

#include "base/extension.h"

/* a number in place of a column: relations themselves are not locked as objects */
#define MARK 1

PG_FUNCTION_INFO_V1(ca_mark_archive);
PG_FUNCTION_INFO_V1(ca_archive_is_marked);

static Oid
find_table(const char *name)
{
	Oid oid = get_relname_relid(name, ca_extension_schema());

	if (!OidIsValid(oid))
		elog(ERROR, "table %s does not exist", name);
	return oid;
}

/*
 * ca_mark_archive() -> void
 *
 * Marks the archive as being written until the end of the transaction, and waits for
 * the transactions that have written price_data.  A transaction that has already
 * marked it need not wait again: writers that came later have seen the mark.
 */
Datum
ca_mark_archive(PG_FUNCTION_ARGS)
{
	LOCKTAG mark;
	LOCKTAG live;

	SET_LOCKTAG_OBJECT(mark, MyDatabaseId, RelationRelationId,
					   find_table("price_data_archive"), MARK);
	if (LockAcquire(&mark, RowExclusiveLock, false, false) !=
		LOCKACQUIRE_ALREADY_HELD)
	{
		SET_LOCKTAG_RELATION(live, MyDatabaseId, find_table("price_data"));
		WaitForLockers(live, ShareLock, false);
	}
	PG_RETURN_VOID();
}

/*
 * ca_archive_is_marked() -> boolean
 *
 * Whether another session is inserting into the archive by hand.
 */
Datum
ca_archive_is_marked(PG_FUNCTION_ARGS)
{
	LOCKTAG mark;

	SET_LOCKTAG_OBJECT(mark, MyDatabaseId, RelationRelationId,
					   find_table("price_data_archive"), MARK);
	if (LockAcquire(&mark, ShareLock, false, true) == LOCKACQUIRE_NOT_AVAIL)
		PG_RETURN_BOOL(true);
	LockRelease(&mark, ShareLock, false);
	PG_RETURN_BOOL(false);
}
