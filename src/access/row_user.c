/*-------------------------------------------------------------------------
 *
 * row_user.c
 *		Whose rows a session may see, for the row-level security policies.
 *
 * The setting cryptoanalytics.user_id names a user; if empty, it names nobody.  A role
 * that may execute ca_every_user() sees the rows of all users.  ca_first_user() and
 * ca_last_user() give both cases as a range of identifiers: one user, all users or,
 * if NULL, none.  A policy compares with both ends, which an index supports; it does
 * not support "sees all OR user_id = x".
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

/* the parsed setting */
static bool has_user;
static int user_id;

/* check hook: an identifier of the type of users.id, or empty */
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
	GUC_check_errdetail(
		"The value must be the identifier of a user, or empty for nobody.");
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
		"An identifier of users; empty for nobody.", &user_setting, "",
		PGC_USERSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, check_user,
		assign_user, NULL);
}

/*
 * Whether the current user may execute ca_every_user() of the same schema.  The
 * function is looked up once per expression.
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

/* one end of the range: of all users, one user or, if NULL, none */
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
