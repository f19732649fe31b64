-- added_by_hand() prints everything that was added to tables and views of the extension, and nothing else.
-- Run from the root of the repository, where \i finds the additions.
BEGIN;
SELECT plan(8);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL client_min_messages = error;

SELECT is_empty('SELECT * FROM added_by_hand()', 'a fresh installation has nothing added');

-- The other direction: everything in ca_installed() exists.
CREATE TEMPORARY VIEW said AS
    SELECT i.name, s.kind, n AS part
    FROM ca_installed() AS i
    CROSS JOIN LATERAL (VALUES ('constraint', i.constraints), ('index', i.indexes), ('trigger', i.triggers), ('policy', i.policies)) AS s (kind, names)
    CROSS JOIN LATERAL regexp_split_to_table(s.names, '\s+') AS n
    WHERE n <> '';
CREATE TEMPORARY VIEW there AS
    SELECT c.relname::text AS name, 'constraint' AS kind, n.conname::text AS part
    FROM pg_constraint AS n JOIN pg_class AS c ON c.oid = n.conrelid WHERE c.relnamespace = 'cryptoanalytics'::regnamespace
    UNION ALL
    SELECT i.tablename, 'index', i.indexname FROM pg_indexes AS i WHERE i.schemaname = 'cryptoanalytics'
    UNION ALL
    SELECT c.relname, 'trigger', t.tgname FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid WHERE c.relnamespace = 'cryptoanalytics'::regnamespace
    UNION ALL
    SELECT p.tablename, 'policy', p.policyname FROM pg_policies AS p WHERE p.schemaname = 'cryptoanalytics';
SELECT cmp_ok((SELECT count(*) FROM said), '>', 300::bigint, 'the list of what is installed is long');
SELECT is_empty('TABLE said EXCEPT TABLE there', 'and each part of it is there');
SELECT is_empty($$
    SELECT name, columns FROM ca_installed()
    EXCEPT
    SELECT c.relname::text, max(a.attnum)::integer FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'cryptoanalytics'::regnamespace GROUP BY c.oid
$$, 'with as many columns');

\i test/compat/dump/additions.sql
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
CREATE TEMPORARY TABLE added AS SELECT a.section, a.ddl, row_number() OVER () AS place FROM added_by_hand() AS a;
-- additions.sql has 5 columns and a comment; then 23 objects and settings, one of which, the publication, has two
-- tables, and 6 comments. There is no setval(), because there are no rows.
SELECT is((SELECT array_agg(c.n ORDER BY c.section COLLATE "C") FROM (SELECT section, count(*) AS n FROM added GROUP BY section) AS c),
          ARRAY[30, 6]::bigint[], 'each addition is a command, those for columns apart');
SELECT is_empty($$SELECT ddl FROM added WHERE ddl !~ '\m(cryptoanalytics|public)\.'$$, 'that says where, whatever the search_path is');

-- Without the additions, and with them again.
DROP VIEW said, there;
DROP EXTENSION cryptoanalytics;
CREATE EXTENSION cryptoanalytics SCHEMA cryptoanalytics;
SELECT is_empty('SELECT * FROM added_by_hand()', 'a new installation has lost them');
SET LOCAL search_path = pg_catalog;
DO $$
DECLARE
    command text;
BEGIN
    FOR command IN SELECT ddl FROM pg_temp.added ORDER BY place LOOP
        EXECUTE command;
    END LOOP;
END;
$$;
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SELECT results_eq('SELECT a.section, a.ddl FROM added_by_hand() AS a', 'SELECT section, ddl FROM added ORDER BY place',
                  'the commands bring back all that was added');

SELECT * FROM finish();
ROLLBACK;
