-- The extension, installed in the default schema for the tests that follow, and what must hold for all of its
-- objects.
CREATE EXTENSION cryptoanalytics;

-- the version is the one that the control file names
SELECT e.extversion = a.default_version AS is_default_version, n.nspname AS schema, e.extrelocatable
FROM pg_extension AS e
JOIN pg_available_extensions AS a ON a.name = e.extname
JOIN pg_namespace AS n ON n.oid = e.extnamespace
WHERE e.extname = 'cryptoanalytics';

CREATE TEMP VIEW member AS
    SELECT d.classid, d.objid
    FROM pg_depend AS d
    JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass
      AND d.deptype = 'e'
      AND e.extname = 'cryptoanalytics';

-- There is something of every kind, so that the queries below have something to find.
SELECT classid::regclass AS catalog, count(*) > 0 AS some
FROM member
GROUP BY classid
ORDER BY classid::regclass::text COLLATE "C";

-- Members without a comment: none. (The sequence of an identity column is part of the column, and PostgreSQL 17
-- counts row types and array types as members of their own.)
SELECT pg_describe_object(m.classid, m.objid, 0) AS object
FROM member AS m
WHERE obj_description(m.objid, m.classid::regclass::name) IS NULL
  AND NOT EXISTS (SELECT FROM pg_class AS c
                  WHERE m.classid = 'pg_class'::regclass AND c.oid = m.objid AND c.relkind = 'S')
  AND NOT EXISTS (SELECT FROM pg_type AS t LEFT JOIN pg_class AS c ON c.oid = t.typrelid
                  WHERE m.classid = 'pg_type'::regclass AND t.oid = m.objid
                    AND (t.typcategory = 'A' OR c.relkind IN ('r', 'v', 'f')))
ORDER BY pg_describe_object(m.classid, m.objid, 0) COLLATE "C";

-- Columns without a comment, of tables, foreign tables, views and composite types: none.
SELECT c.relname, a.attname
FROM pg_class AS c
JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'c', 'f')
  AND (EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
       OR EXISTS (SELECT FROM member AS m WHERE m.classid = 'pg_type'::regclass AND m.objid = c.reltype))
  AND col_description(c.oid, a.attnum) IS NULL
ORDER BY c.relname, a.attnum;

-- Triggers without a comment, and indexes that are not part of a constraint: none.
SELECT t.tgrelid::regclass AS on_table, t.tgname AS name
FROM pg_trigger AS t
JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = t.tgrelid
WHERE NOT t.tgisinternal AND obj_description(t.oid, 'pg_trigger') IS NULL
UNION ALL
SELECT i.indrelid::regclass, i.indexrelid::regclass::name
FROM pg_index AS i
JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = i.indrelid
WHERE NOT EXISTS (SELECT FROM pg_constraint AS c WHERE c.conindid = i.indexrelid)
  AND obj_description(i.indexrelid, 'pg_class') IS NULL;

-- Arguments without a name: none, except those of support functions that the server calls.
SELECT p.oid::regprocedure
FROM pg_proc AS p
JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
WHERE p.pronargs > 0
  AND (p.proargnames IS NULL OR '' = ANY (p.proargnames[1:p.pronargs]))
  AND p.proname NOT LIKE 'ca\_%'
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- C functions: every symbol begins with ca_, and a function ca_... has the name of its symbol.
SELECT p.oid::regprocedure, p.prosrc
FROM pg_proc AS p
JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
JOIN pg_language AS l ON l.oid = p.prolang
WHERE l.lanname = 'c'
  AND (p.prosrc NOT LIKE 'ca\_%' OR p.proname LIKE 'ca\_%' AND p.proname <> p.prosrc)
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- PL/pgSQL functions without a search_path: none, except procedures that commit.
SELECT p.oid::regprocedure
FROM pg_proc AS p
JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
JOIN pg_language AS l ON l.oid = p.prolang
WHERE l.lanname = 'plpgsql'
  AND p.prokind <> 'p'
  AND NOT coalesce(p.proconfig, '{}') @> ARRAY['search_path=pg_catalog, cryptoanalytics_internal, public, pg_temp']
ORDER BY p.oid::regprocedure::text COLLATE "C";

-- Every table and its sequence is registered for pg_dump, with all its rows.
SELECT c.relname, c.relkind
FROM pg_class AS c
JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
JOIN pg_extension AS e ON e.extname = 'cryptoanalytics'
WHERE c.relkind IN ('r', 'S')
  AND NOT coalesce(c.oid = ANY (e.extconfig), false)
ORDER BY c.relname;
SELECT condition, count(*) > 0 AS some
FROM pg_extension, unnest(extcondition) AS condition
WHERE extname = 'cryptoanalytics'
GROUP BY condition;
