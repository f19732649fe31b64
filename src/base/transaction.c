/*-------------------------------------------------------------------------
 *
 * transaction.c
 *		Transactions: refuses procedures that commit inside a transaction block, and
 *		tells the number of the next transaction.
 *
 * PostgreSQL itself refuses only the first COMMIT, after the work before it, with
 * "invalid transaction termination" and no explanation.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/transam.h"
#include "access/xact.h"
#include "fmgr.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(ca_refuse_transaction_block);
PG_FUNCTION_INFO_V1(ca_next_transaction);

/*
 * ca_refuse_transaction_block(command)
 *
 * Errors: 2D000, as for the COMMIT itself, inside BEGIN ... COMMIT and among several
 * commands that are sent as one.
 */
Datum
ca_refuse_transaction_block(PG_FUNCTION_ARGS)
{
	char *command = text_to_cstring(PG_GETARG_TEXT_PP(0));

	if (IsTransactionBlock())
		ereport(
			ERROR, errcode(ERRCODE_INVALID_TRANSACTION_TERMINATION),
			errmsg("%s cannot be called inside a transaction block", command),
			errdetail("It commits as it goes."),
			errhint("Call it outside BEGIN and COMMIT, as a command of its "
					"own; turn autocommit on in your driver."));
	PG_RETURN_VOID();
}

/*
 * ca_next_transaction() -> bigint
 *
 * The number of the next transaction: all assigned numbers are below it.  The xmax of
 * a snapshot is different: it follows the last transaction that has ended.
 */
Datum
ca_next_transaction(PG_FUNCTION_ARGS)
{
	PG_RETURN_INT64(
		(int64) U64FromFullTransactionId(ReadNextFullTransactionId()));
}
