/*-------------------------------------------------------------------------
 *
 * extension.c
 *		Where the extension's objects are.
 *
 * Tables, types and the functions for users are in the schema that CREATE
 * EXTENSION named, support functions in cryptoanalytics_internal.  So a support
 * function does not find the tables next to itself.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "access/genam.h"
#include "access/table.h"
#include "catalog/indexing.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"

#include "base/extension.h"

/*
 * The schema of the tables.  It is looked up each time, for the extension may have
 * been dropped and created in another schema within the session.
 */
Oid
ca_extension_schema(void)
{
	Relation relation = table_open(ExtensionRelationId, AccessShareLock);
	Oid schema = InvalidOid;
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple tuple;

	ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber,
				F_NAMEEQ, CStringGetDatum("cryptoanalytics"));
	scan =
		systable_beginscan(relation, ExtensionNameIndexId, true, NULL, 1, &key);
	tuple = systable_getnext(scan);
	if (HeapTupleIsValid(tuple))
		schema = ((Form_pg_extension) GETSTRUCT(tuple))->extnamespace;
	systable_endscan(scan);
	table_close(relation, AccessShareLock);

	if (!OidIsValid(schema))
		elog(ERROR, "extension cryptoanalytics does not exist");
	return schema;
}

/* the name of a schema, for a query */
const char *
ca_quoted_schema(Oid schema)
{
	char *name = get_namespace_name(schema);

	if (name == NULL)
		elog(ERROR, "schema %u does not exist", schema);
	return quote_identifier(name);
}
