/*-------------------------------------------------------------------------
 *
 * drop_guard.c
 *		Protects tables that hold rows from an accidental drop.
 *
 * DROP EXTENSION drops the tables too, and so does every command that drops the
 * extension by CASCADE.  An event trigger calls ca_guard_drop() before such a command.
 * The call loads the library, unless it is loaded already, and installs a hook that
 * sees each object before it is dropped.  The first of our tables with a row ends
 * the command, unless cryptoanalytics.allow_drop is on.
 *
 * The event trigger alone is not enough: before the command it does not know what a
 * CASCADE will reach, and after the command it is gone itself.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/table.h"
#include "access/tableam.h"
#include "catalog/dependency.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "commands/event_trigger.h"
#include "commands/extension.h"
#include "fmgr.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "access/drop_guard.h"

PG_FUNCTION_INFO_V1(ca_guard_drop);

static bool allow_drop;
static bool guarding;
static object_access_hook_type next_hook;

/* not in a configuration file: it is meant for one session, not for a server */
void
ca_define_drop_setting(void)
{
	DefineCustomBoolVariable(
		"cryptoanalytics.allow_drop",
		"Lets the extension be dropped while its tables hold rows.",
		"Off, a DROP that would take rows along is refused.", &allow_drop,
		false, PGC_USERSET, GUC_NOT_IN_SAMPLE | GUC_DISALLOW_IN_FILE, NULL,
		NULL, NULL);
}

static bool
is_our_table(Oid relid)
{
	Oid extension;
	char *name;

	if (get_rel_relkind(relid) != RELKIND_RELATION)
		return false;
	extension = getExtensionOfObject(RelationRelationId, relid);
	if (!OidIsValid(extension))
		return false;
	name = get_extension_name(extension);
	return name != NULL && strcmp(name, "cryptoanalytics") == 0;
}

/*
 * The command has locked the table, so other sessions have committed or rolled back
 * what they wrote; a snapshot taken now sees it.
 */
static bool
holds_rows(Oid relid)
{
	Relation rel = table_open(relid, AccessShareLock);
	Snapshot snapshot = RegisterSnapshot(GetLatestSnapshot());
	TableScanDesc scan = table_beginscan(rel, snapshot, 0, NULL);
	TupleTableSlot *slot = table_slot_create(rel, NULL);
	bool found = table_scan_getnextslot(scan, ForwardScanDirection, slot);

	ExecDropSingleTupleTableSlot(slot);
	table_endscan(scan);
	UnregisterSnapshot(snapshot);
	table_close(rel, NoLock);
	return found;
}

/* scripts of the extension itself may drop anything */
static void
guard_object(ObjectAccessType access, Oid classId, Oid objectId, int subId,
			 void *arg)
{
	if (next_hook)
		next_hook(access, classId, objectId, subId, arg);

	if (access != OAT_DROP || classId != RelationRelationId || subId != 0 ||
		allow_drop || creating_extension)
		return;
	if (is_our_table(objectId) && holds_rows(objectId))
		ereport(
			ERROR, errcode(ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST),
			errmsg("extension cryptoanalytics holds rows"),
			errdetail("Table %s.%s is not empty.",
					  get_namespace_name(get_rel_namespace(objectId)),
					  get_rel_name(objectId)),
			errhint("Back up, then SET cryptoanalytics.allow_drop = on in this "
					"session to drop the extension with its rows."));
}

/* event trigger before a command that may drop the extension */
Datum
ca_guard_drop(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
		ereport(ERROR, errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("ca_guard_drop can only be called by an event trigger"),
				errhint("The extension creates its event triggers itself."));
	if (!guarding)
	{
		next_hook = object_access_hook;
		object_access_hook = guard_object;
		guarding = true;
	}
	PG_RETURN_NULL();
}
