/*-------------------------------------------------------------------------
 *
 * is_restore.c
 *		Whether a dump is being loaded, whose rows stay as they are.
 *
 * pg_dump empties the search_path and loads rows by COPY.  Anybody can arrange both,
 * so only the owner of the tables, or a role that may become it, restores.
 *
 * The WHEN clauses of triggers call this for each statement, so all others find out
 * by one comparison.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/htup_details.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "base/extension.h"

PG_FUNCTION_INFO_V1(ca_is_restore);

/* the command that the client sent */
static bool
is_copy(const char *query)
{
	if (query == NULL)
		return false;
	while (isspace((unsigned char) *query))
		query++;
	return pg_strncasecmp(query, "copy", 4) == 0 &&
		   !isalnum((unsigned char) query[4]) && query[4] != '_' &&
		   !IS_HIGHBIT_SET(query[4]);
}

static bool
is_owner(void)
{
	Oid users = get_relname_relid("users", ca_extension_schema());
	HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(users));
	Oid owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "table users does not exist");
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return has_privs_of_role(GetUserId(), owner) &&
		   is_member_of_role(GetSessionUserId(), owner);
}

/* ca_is_restore() -> boolean */
Datum
ca_is_restore(PG_FUNCTION_ARGS)
{
	const char *path = namespace_search_path;

	if (*path != '\0' && strcmp(path, "\"\"") != 0)
		PG_RETURN_BOOL(false);
	PG_RETURN_BOOL(is_copy(debug_query_string) && is_owner());
}
