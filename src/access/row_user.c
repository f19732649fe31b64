/*-------------------------------------------------------------------------
 *
 * row_user.c
 *		Whose rows a session may see, for the row-level security policies.
 *
 * The setting cryptoanalytics.user_id names a user; empty it is nobody.  A role that
 * may execute ca_every_user() sees the rows of all users.  Both are said by a
 * range of identifiers, from ca_first_user() to ca_last_user(): one user, all
 * or, by NULL, none.  A policy compares with the two, which an index serves;
 * "sees all OR user_id = x" it would not.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "catalog/pg_proc.h"
#include "common/string.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

#include "access/row_user.h"

PG_FUNCTION_INFO_V1(ca_first_user);
PG_FUNCTION_INFO_V1(ca_last_user);

static char *user_setting;

/* what it says; without a user it is nobody */
static bool has_user;
static int user_id;

/* an identifier as users.id takes it, or nothing at all */
static bool
check_user(char **value, void **extra, GucSource source)
{
	char *end;

	if (**value == '\0')
		return true;
	errno = 0;
	(void) strtoint(*value, &end, 10);
	if (*end == '\0' && errno == 0)
		return true;
	GUC_check_errdetail("It is the identifier of a user, or empty for nobody.");
	return false;
}

static void
assign_user(const char *value, void *extra)
{
	has_user = *value != '\0';
	user_id = has_user ? strtoint(value, NULL, 10) : 0;
}

void
ca_define_user_setting(void)
{
	DefineCustomStringVariable(
		"cryptoanalytics.user_id", "User whose rows row-level security shows.",
		"An identifier of users; empty it is nobody.", &user_setting, "",
		PGC_USERSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, check_user,
		assign_user, NULL);
}

/*
 * Whether the current user may execute ca_every_user() of the same schema.
 * It is looked up once an expression.
 */
static bool
sees_every_user(FmgrInfo *flinfo)
{
	Oid *marker = flinfo->fn_extra;

	if (marker == NULL)
	{
		oidvector *none = buildoidvector(NULL, 0);
		Oid schema = get_func_namespace(flinfo->fn_oid);

		marker = MemoryContextAlloc(flinfo->fn_mcxt, sizeof(Oid));
		*marker = GetSysCacheOid3(
			PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum("ca_every_user"),
			PointerGetDatum(none), ObjectIdGetDatum(schema));
		flinfo->fn_extra = marker;
	}
	return OidIsValid(*marker) && ca_may_execute(*marker, GetUserId());
}

/* the bound of a range that is all, one user or, NULL, none */
static Datum
bound_of_users(FunctionCallInfo fcinfo, int32 bound_of_all)
{
	if (sees_every_user(fcinfo->flinfo))
		PG_RETURN_INT32(bound_of_all);
	if (!has_user)
		PG_RETURN_NULL();
	PG_RETURN_INT32(user_id);
}

Datum
ca_first_user(PG_FUNCTION_ARGS)
{
	return bound_of_users(fcinfo, PG_INT32_MIN);
}

Datum
ca_last_user(PG_FUNCTION_ARGS)
{
	return bound_of_users(fcinfo, PG_INT32_MAX);
}
