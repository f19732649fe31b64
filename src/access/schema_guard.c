/*-------------------------------------------------------------------------
 *
 * schema_guard.c
 *		Refuses to rename the schemas of the extension.
 *
 * There are two: the one that CREATE EXTENSION names, and the one of the support
 * functions, of which ca_guard_schema() is one.  The functions of the extension
 * have a search_path with both names.  Under another name they would not find each
 * other, and anybody who may create schemas could create one with the old name,
 * whose functions would then run with the rights of the extension's owner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/event_trigger.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

#include "base/extension.h"

PG_FUNCTION_INFO_V1(ca_guard_schema);

/* refuse a command that renames a schema, if it is this one */
static void
guard_name(const RenameStmt *command, Oid schema, const char *hint)
{
	char *name = get_namespace_name(schema);

	if (name != NULL && strcmp(command->subname, name) == 0)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("schema of extension cryptoanalytics keeps its name"),
				errdetail("Functions of the extension search schema \"%s\" by "
						  "its name.",
						  name),
				hint == NULL ? 0 : errhint("%s", hint));
}

/* event trigger before ALTER SCHEMA */
Datum
ca_guard_schema(PG_FUNCTION_ARGS)
{
	Node *command;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(
			ERROR, errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
			errmsg("ca_guard_schema can only be called by an event trigger"));
	command = ((EventTriggerData *) fcinfo->context)->parsetree;
	if (IsA(command, RenameStmt) &&
		((RenameStmt *) command)->renameType == OBJECT_SCHEMA)
	{
		guard_name((RenameStmt *) command, ca_extension_schema(),
				   "Choose the name before CREATE EXTENSION.");
		guard_name((RenameStmt *) command,
				   get_func_namespace(fcinfo->flinfo->fn_oid), NULL);
	}
	PG_RETURN_NULL();
}
