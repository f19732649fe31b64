/*-------------------------------------------------------------------------
 *
 * schema_guard.c
 *		Refuses to rename the schema of the extension.
 *
 * The functions of the extension have a search_path with that name.  Under another
 * name they would not find each other, and anybody who may create schemas could
 * create one with the old name, whose functions would then run with the rights of
 * the extension's owner.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "commands/event_trigger.h"
#include "fmgr.h"
#include "nodes/parsenodes.h"
#include "utils/lsyscache.h"

PG_FUNCTION_INFO_V1(ca_guard_schema);

/* event trigger before ALTER SCHEMA; its function is in the schema that it guards */
Datum
ca_guard_schema(PG_FUNCTION_ARGS)
{
	Node *command;
	char *schema;

	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(
			ERROR, errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
			errmsg("ca_guard_schema can only be called by an event trigger"));
	command = ((EventTriggerData *) fcinfo->context)->parsetree;
	if (!IsA(command, RenameStmt) ||
		((RenameStmt *) command)->renameType != OBJECT_SCHEMA)
		PG_RETURN_NULL();
	schema = get_namespace_name(get_func_namespace(fcinfo->flinfo->fn_oid));
	if (schema != NULL &&
		strcmp(((RenameStmt *) command)->subname, schema) == 0)
		ereport(ERROR, errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				errmsg("schema of extension cryptoanalytics keeps its name"),
				errdetail("Functions of the extension search schema \"%s\" by "
						  "its name.",
						  schema),
				errhint("Choose the name before CREATE EXTENSION."));
	PG_RETURN_NULL();
}
