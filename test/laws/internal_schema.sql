-- What users call is in the schema of the extension, and docs/reference lists it. Everything else is in
-- cryptoanalytics_internal.
BEGIN;
SELECT plan(8);
SET LOCAL search_path = cryptoanalytics, public;
\set reference `cat docs/reference/*.md`

CREATE TEMPORARY VIEW member AS
    SELECT p.oid, p.proname::text AS name, p.pronamespace::regnamespace::text AS schema
    FROM pg_proc AS p
    JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'cryptoanalytics';

CREATE TEMPORARY TABLE listed AS
    SELECT h[1] AS name FROM regexp_matches(:'reference', '^## ([a-z0-9_]+)$', 'gn') AS h;

SELECT cmp_ok((SELECT count(*) FROM listed), '>', 130::bigint, 'the reference lists what there is for users');
SELECT set_eq($$SELECT m.name FROM member AS m WHERE m.schema = 'cryptoanalytics'$$, $$
    SELECT l.name FROM listed AS l
    EXCEPT SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'cryptoanalytics'::regnamespace
    EXCEPT SELECT t.typname FROM pg_type AS t WHERE t.typnamespace = 'cryptoanalytics'::regnamespace
$$, 'these and no other functions are in the schema of the extension');
SELECT is_empty($$SELECT m.name FROM member AS m WHERE m.schema NOT IN ('cryptoanalytics', 'cryptoanalytics_internal')$$, 'all others are in the internal schema');
SELECT is_empty($$SELECT m.name FROM member AS m WHERE m.schema = 'cryptoanalytics' AND m.name LIKE 'ca\_%'$$, 'names that begin with ca_ are internal');
SELECT is_empty($$
    SELECT c.relname::text FROM pg_class AS c WHERE c.relnamespace = 'cryptoanalytics_internal'::regnamespace
    UNION ALL
    SELECT t.typname FROM pg_type AS t WHERE t.typnamespace = 'cryptoanalytics_internal'::regnamespace
    UNION ALL
    SELECT p.proname FROM pg_proc AS p WHERE p.pronamespace = 'cryptoanalytics_internal'::regnamespace AND p.oid NOT IN (SELECT m.oid FROM member AS m)
$$, 'where nothing else is');

-- Functions that run with the rights of their caller find each other there.
SELECT results_eq($$
    SELECT grantee::regrole::text, privilege_type::text, is_grantable
    FROM pg_namespace AS n, aclexplode(n.nspacl)
    WHERE n.nspname = 'cryptoanalytics_internal' AND grantee <> n.nspowner
$$, $$VALUES ('-', 'USAGE', false)$$, 'PUBLIC has USAGE on it, and nothing else is granted');
CREATE ROLE internal_schema_nobody;
SELECT is(has_schema_privilege('internal_schema_nobody', 'cryptoanalytics_internal', 'CREATE'), false, 'so nobody creates objects in it');
SELECT is((SELECT count(*) FROM pg_depend AS d JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
           WHERE e.extname = 'cryptoanalytics' AND d.classid = 'pg_namespace'::regclass AND d.objid = 'cryptoanalytics_internal'::regnamespace AND d.deptype = 'e'),
          1::bigint, 'it is a member of the extension');

SELECT * FROM finish();
ROLLBACK;
