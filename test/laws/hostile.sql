-- A hostile search_path and hostile objects: an object with the name of something that the extension calls is never
-- called instead. The functions with more rights than their caller are listed.
BEGIN;
SELECT plan(15);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL client_min_messages = warning;

CREATE TEMPORARY VIEW member AS
    SELECT p.* FROM pg_proc AS p
    JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'cryptoanalytics';

-- How each function is safe.
SELECT is_empty($$
    SELECT m.oid::regprocedure FROM member AS m JOIN pg_language AS l ON l.oid = m.prolang
    WHERE l.lanname = 'sql' AND m.prosqlbody IS NULL
$$, 'functions in SQL are bound to what they call');
SELECT is_empty($$
    SELECT m.proname FROM member AS m JOIN pg_language AS l ON l.oid = m.prolang
    WHERE l.lanname = 'plpgsql' AND 'search_path=pg_catalog, cryptoanalytics_internal, cryptoanalytics, pg_temp' <> ALL (coalesce(m.proconfig, '{}'))
      AND m.prokind = 'f'
$$, 'functions in PL/pgSQL search pg_catalog first, support functions next and temporary objects last');
SELECT is_empty($$
    SELECT m.oid::regprocedure FROM member AS m
    WHERE m.prokind = 'p' AND (m.prosecdef OR m.prosrc ~* '\m(from|join|into|update|call|perform)\s+(?!pg_catalog\.|cryptoanalytics\.|cryptoanalytics_internal\.|strict\M|lateral\M)[a-z_]+[.(]')
$$, 'procedures, which cannot set it, name what they call with its schema');
SELECT is((SELECT array_agg(m.proname::text ORDER BY m.proname) FROM member AS m WHERE m.prosecdef),
          ARRAY['ca_change_key', 'ca_drop_notes', 'ca_execute_signals', 'ca_note_candles', 'ca_note_change', 'ca_note_logs', 'ca_note_segment', 'ca_note_truncation', 'ca_refuse_second_copy',
                'ca_supersede_archived', 'record_asset_access', 'user_by_email'], 'those with the rights of their owner are these');
SELECT is_empty($$SELECT m.proname FROM member AS m WHERE m.prosecdef AND (obj_description(m.oid, 'pg_proc') !~ 'its owner''s rights because'
                  OR has_function_privilege('public', m.oid, 'EXECUTE'))$$,
                'each says why, and not everybody calls it');
SELECT is((SELECT v.superuser AND NOT v.trusted FROM pg_available_extension_versions AS v
           JOIN pg_extension AS e ON e.extname = v.name AND e.extversion = v.version WHERE v.name = 'cryptoanalytics'),
          true, 'superusers alone install the extension');

-- Traps: a schema, and public, are full of functions, operators and tables with the names in use. Functions and
-- operators report that they were called; the tables are empty, and so are temporary ones.
CREATE ROLE hostile_caller;
SELECT grant_operator('hostile_caller');
CREATE SCHEMA trap;
GRANT USAGE ON SCHEMA trap, public TO hostile_caller;
CREATE FUNCTION trap.spring() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'caught' USING ERRCODE = 'UE002';
END;
$$;
CREATE FUNCTION pg_temp.set_traps(place regnamespace) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    f record;
    n bigint := 0;
BEGIN
    -- functions that the extension's code names
    FOR f IN
        SELECT DISTINCT p.proname, pg_get_function_identity_arguments(p.oid) AS arguments, format_type(p.prorettype, NULL) AS result
        FROM pg_proc AS p
        WHERE (p.pronamespace = 'pg_catalog'::regnamespace OR p.oid IN (SELECT oid FROM member))
          AND p.prokind = 'f' AND NOT p.proretset AND p.provariadic = 0 AND p.proargmodes IS NULL
          AND p.prorettype NOT IN (SELECT t.oid FROM pg_type AS t WHERE t.typtype = 'p')
          AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) AS a JOIN pg_type AS t ON t.oid = a WHERE t.typtype = 'p')
          AND EXISTS (SELECT FROM member AS m WHERE m.prosrc ~ ('\m' || p.proname || '\('))
    LOOP
        EXECUTE format('CREATE FUNCTION %s.%I(%s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM trap.spring(); RETURN NULL; END; $f$',
                       place, f.proname, f.arguments, f.result);
        n := n + 1;
    END LOOP;
    -- operators between the types in use
    FOR f IN
        SELECT o.oprname, o.oprleft::regtype AS l, o.oprright::regtype AS r, o.oprresult::regtype AS result
        FROM pg_operator AS o
        WHERE o.oprnamespace = 'pg_catalog'::regnamespace AND o.oprname IN ('=', '<>', '<', '<=', '>', '>=', '+', '-', '*', '/', '||', '~*')
          AND (o.oprleft::regtype::text || ',' || o.oprright::regtype) IN
              ('integer,integer', 'bigint,bigint', 'bigint,integer', 'integer,bigint', 'numeric,numeric', 'text,text', 'boolean,boolean',
               'timestamp with time zone,timestamp with time zone', 'timestamp with time zone,interval', 'jsonb,jsonb')
    LOOP
        EXECUTE format('CREATE FUNCTION %s.%I(%s, %s) RETURNS %s LANGUAGE plpgsql AS $f$ BEGIN PERFORM trap.spring(); RETURN NULL; END; $f$',
                       place, 'operator ' || f.oprname, f.l, f.r, f.result);
        EXECUTE format('CREATE OPERATOR %1$s.%2$s (LEFTARG = %3$s, RIGHTARG = %4$s, FUNCTION = %1$s.%5$I)', place, f.oprname, f.l, f.r, 'operator ' || f.oprname);
        n := n + 1;
    END LOOP;
    -- empty tables, where the functions would find nothing
    FOR f IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'cryptoanalytics'::regnamespace AND c.relkind IN ('r', 'v', 'f') LOOP
        EXECUTE format('CREATE TABLE %s.%I ()', place, f.relname);
    END LOOP;
    RETURN n;
END;
$$;
SELECT cmp_ok(pg_temp.set_traps('trap'), '>', 150::bigint, 'there are traps enough');
DO $$ BEGIN PERFORM pg_temp.set_traps('public'); END; $$;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'BTC', 'Bitcoin', 'crypto');
INSERT INTO users (id, email, password_hash) VALUES (1, 'u@example.org', 'x');
INSERT INTO user_sessions (id, user_id, session_token, refresh_token) VALUES (1, 1, '1', '1');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (1, 1, 1, 'BTC', 'Crypto Asset');
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source) VALUES (1, 1, 'buy', 10, 2, '1h', 'manual');
INSERT INTO price_data (id, asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT i, 1, '1h', timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', 10, 12, 9, 11 FROM generate_series(1, 96) AS i;
-- Some candles are archived, and the first of those compressed, which takes more than one call.
SELECT ca_archive_batch(1, '1h', '-infinity', '2024-01-04 00:00+00', 1000, false);
SELECT ca_compress_batch(false, 1, '1h', '-infinity', '2024-01-03 00:00+00', 1000, false);

DO $$
DECLARE
    name text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'cryptoanalytics'::regnamespace AND c.relkind IN ('r', 'v', 'f') LOOP
        EXECUTE format('CREATE TEMPORARY TABLE %I (); GRANT ALL ON pg_temp.%1$I TO hostile_caller', name);
    END LOOP;
END;
$$;

-- The result of a command with a given search_path; the command is undone.
CREATE FUNCTION pg_temp.outcome(path text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    got text;
BEGIN
    PERFORM pg_catalog.set_config('search_path', path, true);
    SET LOCAL ROLE hostile_caller;
    EXECUTE command INTO got;
    RAISE EXCEPTION USING ERRCODE = 'UE001', MESSAGE = pg_catalog.concat('got ', got);
EXCEPTION
    WHEN SQLSTATE 'UE001' THEN RETURN SQLERRM;
    WHEN OTHERS THEN RETURN pg_catalog.concat(SQLSTATE, ' ', SQLERRM);
END;
$$;
-- A namesake of each support function in the schema of the extension, where the name is free.
CREATE FUNCTION pg_temp.set_namesakes() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    f record;
    n bigint := 0;
BEGIN
    FOR f IN
        SELECT p.proname, pg_get_function_arguments(p.oid) AS arguments
        FROM pg_proc AS p
        WHERE p.oid IN (SELECT oid FROM member) AND p.pronamespace = 'cryptoanalytics_internal'::regnamespace
          AND p.prokind = 'f' AND 'internal'::regtype <> ALL (p.proargtypes) AND p.proargmodes IS NULL
          AND p.prorettype NOT IN ('internal'::regtype, 'trigger'::regtype, 'event_trigger'::regtype, 'fdw_handler'::regtype, 'cstring'::regtype)
          AND 'cstring'::regtype <> ALL (p.proargtypes)
    LOOP
        EXECUTE format('CREATE FUNCTION cryptoanalytics.%I(%s) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN RETURN trap.spring(); END; $f$', f.proname, f.arguments);
        n := n + 1;
    END LOOP;
    RETURN n;
END;
$$;

-- If nothing else is in the search_path, every name is printed with its schema.
SET LOCAL search_path = pg_catalog;
CREATE TEMPORARY TABLE command AS
    SELECT pg_catalog.format('SELECT pg_catalog.string_agg(x::pg_catalog.text, '' '') FROM %s(%s) AS x', m.oid::pg_catalog.regproc,
                  (SELECT pg_catalog.string_agg(pg_catalog.concat(CASE pg_catalog.format_type(a, NULL)
                       WHEN 'integer' THEN '1' WHEN 'bigint' THEN '1' WHEN 'numeric' THEN '1' WHEN 'double precision' THEN '1'
                       WHEN 'text' THEN CASE t WHEN 1 THEN '''1''' ELSE '''1h''' END WHEN 'boolean' THEN 'true' WHEN 'interval' THEN '''1 hour''' WHEN 'jsonb' THEN '''{}'''
                       WHEN 'integer[]' THEN '''{1}''' WHEN 'timestamp with time zone' THEN pg_catalog.format('''2024-01-0%s 00:00+00''', (n + 2) / 2)
                       WHEN 'timestamp with time zone[]' THEN '''{2024-01-02 00:00+00}''' ELSE 'NULL' END,
                       '::', pg_catalog.format_type(a, NULL)), ', ' ORDER BY n) FROM pg_catalog.unnest(m.proargtypes) WITH ORDINALITY AS u (a, n))) AS command
    FROM pg_temp.member AS m, pg_catalog.generate_series(1, 2) AS t
    WHERE m.prokind = 'f' AND 'internal'::pg_catalog.regtype <> ALL (m.proargtypes) AND m.provariadic = 0
      AND m.prorettype NOT IN ('trigger'::pg_catalog.regtype, 'event_trigger'::pg_catalog.regtype, 'fdw_handler'::pg_catalog.regtype)
    UNION ALL
    SELECT 'SELECT pg_catalog.count(*) FROM ' || c.oid::pg_catalog.regclass FROM pg_class AS c
    WHERE c.relnamespace = 'cryptoanalytics'::regnamespace AND c.relkind IN ('r', 'v', 'f')
    UNION ALL
    SELECT * FROM (VALUES
        ($$INSERT INTO cryptoanalytics.trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source) VALUES (1, 'buy', 10, 2, '1h', 'manual') RETURNING quantity$$),
        ($$UPDATE cryptoanalytics.price_data SET close_price = 10 WHERE id OPERATOR(pg_catalog.=) 1 RETURNING close_price$$),
        ($$DELETE FROM cryptoanalytics.trade_actions RETURNING id$$)) AS v;
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SELECT is(pg_temp.outcome('trap, pg_catalog', 'SELECT now() IS NULL'), 'UE002 caught', 'whoever steps into one is caught');
SELECT is(pg_temp.outcome('trap', 'SELECT count(*) FROM users'), 'got 0', 'or finds nothing');
SELECT is_empty($$
    SELECT c.command, h.got FROM command AS c
    CROSS JOIN LATERAL pg_temp.outcome('trap, public, cryptoanalytics, pg_catalog', c.command) AS h (got)
    WHERE h.got LIKE 'UE002%'
$$, 'no function, view or trigger does');
SELECT is_empty($$
    SELECT c.command, h.got, s.got FROM command AS c
    CROSS JOIN LATERAL pg_temp.outcome('trap, public, cryptoanalytics, pg_catalog', c.command) AS h (got)
    CROSS JOIN LATERAL pg_temp.outcome('pg_catalog, pg_temp', c.command) AS s (got)
    WHERE regexp_replace(h.got, '^got \d+$', 'got n') IS DISTINCT FROM regexp_replace(s.got, '^got \d+$', 'got n')
$$, 'each gets what it gets without traps');

-- The extension's own schema, if somebody may create functions there.
SELECT throws_ok('SET LOCAL ROLE hostile_caller; CREATE FUNCTION cryptoanalytics_internal.ca_check_asset(text) RETURNS void LANGUAGE sql RETURN NULL', '42501',
                 'permission denied for schema cryptoanalytics_internal', 'nobody else creates functions beside the support functions');
SELECT cmp_ok(pg_temp.set_namesakes(), '>', 90::bigint, 'support functions get namesakes');
SELECT is(pg_temp.outcome('pg_catalog', 'SELECT cryptoanalytics.ca_check_asset(1)'), 'UE002 caught', 'whoever calls one is caught');
SELECT is_empty($$
    SELECT c.command, h.got FROM command AS c
    CROSS JOIN LATERAL pg_temp.outcome('pg_catalog, pg_temp', c.command) AS h (got)
    WHERE h.got LIKE 'UE002%'
$$, 'no function, view or trigger calls one');

SELECT * FROM finish();
ROLLBACK;
