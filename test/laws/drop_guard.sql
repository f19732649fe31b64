-- The extension cannot be dropped while its tables hold rows, whatever the command.
BEGIN;
SELECT plan(18);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL client_min_messages = warning;

-- The result of a command, which is undone.
CREATE FUNCTION pg_temp.attempt(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    EXECUTE command;
    RAISE EXCEPTION USING ERRCODE = 'UE001', MESSAGE = 'done';
EXCEPTION
    WHEN SQLSTATE 'UE001' THEN RETURN 'done';
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
        RETURN concat_ws(' ', SQLSTATE, SQLERRM, detail);
END;
$$;
CREATE FUNCTION pg_temp.refusal(holder text) RETURNS text LANGUAGE sql AS $$
    SELECT '2BP01 extension cryptoanalytics holds rows Table cryptoanalytics.' || holder || ' is not empty.';
$$;

SELECT is(pg_temp.attempt('DROP EXTENSION cryptoanalytics'), 'done', 'without rows it goes without asking');
SELECT is(pg_temp.attempt('DROP SCHEMA cryptoanalytics CASCADE'), 'done', 'and so does its schema');

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'KEPT', 'Kept', 'crypto');
CREATE TABLE public.parent ();
ALTER TABLE assets INHERIT public.parent;
CREATE ROLE drop_guard_owner;
CREATE SCHEMA other;

SELECT is(pg_temp.attempt('DROP EXTENSION cryptoanalytics'), pg_temp.refusal('assets'), 'DROP EXTENSION is refused');
SELECT is(pg_temp.attempt('DROP EXTENSION pgtap, cryptoanalytics CASCADE'), pg_temp.refusal('assets'), 'with CASCADE and in a list too');
SELECT is(pg_temp.attempt('DROP SCHEMA cryptoanalytics CASCADE'), pg_temp.refusal('assets'), 'so is DROP SCHEMA');
SELECT is(pg_temp.attempt('ALTER SCHEMA cryptoanalytics OWNER TO drop_guard_owner; DROP OWNED BY drop_guard_owner CASCADE'),
          pg_temp.refusal('assets'), 'and DROP OWNED');
SELECT is(rtrim(pg_temp.attempt('ALTER SCHEMA cryptoanalytics_internal OWNER TO drop_guard_owner; DROP OWNED BY drop_guard_owner CASCADE')),
          '2BP01 cannot drop schema cryptoanalytics_internal because extension cryptoanalytics requires it', 'and that of who owns the support functions'' schema');
SELECT is(pg_temp.attempt('DROP EXTENSION plpgsql CASCADE'), pg_temp.refusal('assets'), 'and what it depends on');
SELECT is(pg_temp.attempt('DROP TABLE public.parent CASCADE'), pg_temp.refusal('assets'), 'and a table it inherits from');
SELECT is(pg_temp.attempt('CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
                           ALTER TABLE assets SET ACCESS METHOD heap2; DROP ACCESS METHOD heap2 CASCADE'), pg_temp.refusal('assets'), 'or is stored by');
SELECT is(pg_temp.attempt('SET LOCAL session_replication_role = replica; DROP EXTENSION cryptoanalytics'),
          pg_temp.refusal('assets'), 'in sessions that replicate too');
SELECT is(pg_temp.attempt('DROP SCHEMA other; DROP TABLE public.parent') LIKE '2BP01 cannot drop table parent%', true,
          'what drops nothing of ours is none of its business');
SELECT is(pg_temp.attempt('DROP SCHEMA other'), 'done', 'nor is a schema of others');
SELECT throws_ok('DROP EVENT TRIGGER cryptoanalytics_guard_drop', '2BP01', NULL, 'the guard itself belongs to the extension');

SET LOCAL cryptoanalytics.allow_drop = on;
SELECT is(pg_temp.attempt('DROP EXTENSION cryptoanalytics'), 'done', 'with the setting it goes');
SET LOCAL cryptoanalytics.allow_drop = off;

DELETE FROM assets;
SELECT is(pg_temp.attempt('DROP EXTENSION cryptoanalytics'), 'done', 'deleted rows are no rows');

-- A row in each table in turn; everything that refuses empty rows is removed before.
CREATE FUNCTION pg_temp.fill(holder regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    n text;
BEGIN
    FOR n IN SELECT conname FROM pg_constraint WHERE conrelid = holder AND contype <> 'n' ORDER BY contype <> 'p' LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', holder, n);
    END LOOP;
    FOR n IN SELECT attname FROM pg_attribute WHERE attrelid = holder AND attnum > 0 AND attidentity = '' LOOP
        EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', holder, n);
    END LOOP;
    EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', holder);
    EXECUTE format('INSERT INTO %s DEFAULT VALUES', holder);
END;
$$;
CREATE TEMPORARY VIEW member AS
    SELECT c.oid, c.relname
    FROM pg_class AS c
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'p');
SELECT cmp_ok((SELECT count(*) FROM member), '>=', 32::bigint, 'there are tables to try');
SELECT is_empty($$
    SELECT m.relname, a.outcome
    FROM member AS m
    CROSS JOIN LATERAL pg_temp.attempt(format('SELECT pg_temp.fill(%L); DROP EXTENSION cryptoanalytics', m.oid::regclass)) AS a (outcome)
    WHERE a.outcome <> pg_temp.refusal(m.relname)
$$, 'one row in any of them is enough');

SELECT * FROM finish();
ROLLBACK;
