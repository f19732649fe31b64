-- The schemas of the extension keep their names, because functions with the rights of their owner search them.
BEGIN;
SELECT plan(12);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

-- The result of a command, which is undone.
CREATE FUNCTION pg_temp.attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE command;
    RAISE EXCEPTION USING ERRCODE = 'UE001', MESSAGE = 'done';
EXCEPTION
    WHEN SQLSTATE 'UE001' THEN RETURN 'done';
    WHEN OTHERS THEN RETURN concat_ws(' ', SQLSTATE, SQLERRM);
END;
$$;
\set refused '''0A000 schema of extension cryptoanalytics keeps its name'''
CREATE ROLE schema_guard_owner;
CREATE SCHEMA other;

SELECT is(pg_temp.attempt('ALTER SCHEMA cryptoanalytics RENAME TO another'), :refused, 'its schema is not renamed');
SELECT is(pg_temp.attempt('SET LOCAL session_replication_role = replica; ALTER SCHEMA cryptoanalytics RENAME TO another'), :refused,
          'nor in sessions that replicate');
SELECT is(pg_temp.attempt($$ALTER SCHEMA cryptoanalytics OWNER TO schema_guard_owner; SET LOCAL ROLE schema_guard_owner;
                           ALTER SCHEMA cryptoanalytics RENAME TO another$$), :refused, 'nor by its owner');
SELECT is(pg_temp.attempt($$DO 'BEGIN ALTER SCHEMA cryptoanalytics RENAME TO another; END;'$$), :refused, 'nor by a function');
SELECT is(pg_temp.attempt('ALTER SCHEMA cryptoanalytics_internal RENAME TO another'), :refused, 'the schema of the support functions is not renamed either');
SELECT is(pg_temp.attempt($$ALTER SCHEMA cryptoanalytics_internal OWNER TO schema_guard_owner; SET LOCAL ROLE schema_guard_owner;
                           ALTER SCHEMA cryptoanalytics_internal RENAME TO another$$), :refused, 'nor by its owner');
SELECT is(pg_temp.attempt('DROP SCHEMA cryptoanalytics_internal CASCADE'),
          '2BP01 cannot drop schema cryptoanalytics_internal because extension cryptoanalytics requires it', 'and it goes with the extension alone');
SELECT matches(pg_temp.attempt('ALTER EXTENSION cryptoanalytics SET SCHEMA other'), '^0A000 ', 'nor is the extension moved to another');
SELECT is(pg_temp.attempt('ALTER SCHEMA other RENAME TO another'), 'done', 'a schema of others is none of its business');
SELECT is(pg_temp.attempt('ALTER SCHEMA cryptoanalytics OWNER TO schema_guard_owner'), 'done', 'nor is who owns it');
SELECT throws_ok('DROP EVENT TRIGGER cryptoanalytics_guard_schema', '2BP01', NULL, 'the guard itself belongs to the extension');
SELECT throws_ok('SELECT ca_guard_schema()', '39P03', NULL, 'and is not called by hand');

SELECT * FROM finish();
ROLLBACK;
