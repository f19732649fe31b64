-- A user neither reads nor writes what belongs to another, through any table, view or function. Tables, views and
-- functions come from the catalog, so a new one is tested without being named here.
BEGIN;
SELECT plan(28);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

CREATE ROLE rls_app;
CREATE ROLE rls_operator;
SELECT grant_application('rls_app');
SELECT grant_operator('rls_operator');

-- User 7007007 is spied on by 7007008; 7007009 does not exist. Each row of a user has the user's number as its id, and
-- its texts begin with LEAK and that number.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'BTC', 'Bitcoin', 'crypto');
INSERT INTO watchlists (id, name, watchlist_type) VALUES (1, 'Default', 'default');
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (1, 1, 1, 'long');
INSERT INTO users (id, email, password_hash, first_name, subscription_plan, preferences)
SELECT u, 'TOKEN' || u, 'LEAK' || u, 'LEAK' || u, 'pro', '{}' FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO user_sessions (id, user_id, session_token, refresh_token, device_info)
SELECT u, u, 'TOKEN' || u, 'TOKEN' || u, jsonb_build_object('name', 'LEAK' || u) FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO user_activities (id, user_id, session_id, activity_type, action, user_agent)
SELECT u, u, u, 'login', 'create', 'LEAK' || u FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO watchlists (id, name, user_id, watchlist_type)
SELECT u, 'LEAK' || u, u, 'personal' FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type, notes)
SELECT u, u, 1, 'long', 'LEAK' || u FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, investment_thesis)
SELECT u, u, 1, 'BTC', 'Crypto Asset', 'LEAK' || u FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO trading_signals (id, asset_id, signal_type) VALUES (1, 1, 'long');
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source, signal_id, notes)
SELECT u, u, 'buy', 100, 2, '1h', 'manual', 1, 'LEAK' || u FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, message)
SELECT u, u, 1, 'price_target', 'above', 100, 'LEAK' || u FROM unnest('{7007007, 7007008}'::integer[]) AS u;
INSERT INTO notifications (id, user_id, notification_type, title)
SELECT u, u, 'system', 'LEAK' || u FROM unnest('{7007007, 7007008}'::integer[]) AS u;
-- Recommendations about each user, about what is theirs, about what is everybody's, and about nothing known.
INSERT INTO ai_recommendations (id, target_entity_type, target_entity_id, recommendation_type, recommendation_title)
SELECT 10 * (u - 7007000) + n, t, u, 'learning', 'LEAK' || u
FROM unnest('{7007007, 7007008}'::integer[]) AS u, unnest('{user,portfolio,watchlist}'::text[]) WITH ORDINALITY AS k (t, n)
UNION ALL
VALUES (1, 'asset', 1, 'entry', 'to all'), (2, 'asset', NULL, 'entry', 'to all'), (3, 'strategy', 5, 'learning', 'to all'),
       (4, 'watchlist', 1, 'learning', 'to all'), (5, 'portfolio', NULL, 'rebalance', 'to nobody'), (6, 'portfolio', 99, 'rebalance', 'to nobody'),
       (7, 'user', NULL, 'learning', 'to nobody');

CREATE TEMPORARY VIEW member AS
    SELECT d.classid, d.objid FROM pg_depend AS d
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE d.deptype = 'e' AND e.extname = 'cryptoanalytics';
CREATE TEMPORARY VIEW relation AS
    SELECT c.* FROM pg_class AS c JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f');

-- Rows that are deleted with a user belong to it, and so do rows that are deleted with those.
CREATE TEMPORARY TABLE owned AS
    WITH RECURSIVE o AS (
        SELECT 'users'::regclass::oid AS oid
        UNION
        SELECT n.conrelid FROM o JOIN pg_constraint AS n ON n.confrelid = o.oid AND n.contype = 'f' AND n.confdeltype = 'c'
    )
    SELECT r.oid, r.relname, r.relrowsecurity,
           CASE WHEN EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = r.oid AND a.attname = 'id') THEN 'id' ELSE 'user_id' END AS key
    FROM o JOIN relation AS r USING (oid);
SELECT set_eq($$SELECT relname::text FROM owned$$,
              $$SELECT relname::text FROM relation WHERE relrowsecurity AND relname <> 'ai_recommendations'
                UNION SELECT c.relname::text FROM relation AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
                WHERE c.relkind = 'r' AND a.attname = 'user_id'$$,
              'each table whose rows go with a user has row-level security, no other but one has it, and each user_id goes with its user');
SELECT is_empty($$SELECT relname FROM owned WHERE NOT relrowsecurity$$, 'each of them has it');
SELECT is_empty($$SELECT relname FROM relation WHERE relforcerowsecurity$$, 'and none for its owner');
SELECT is_empty($$SELECT relname FROM relation WHERE relkind IN ('v', 'm')
                  AND 'security_invoker=true' <> ALL (coalesce(reloptions, '{}'))$$,
                'each view reads with the rights of its reader');
SELECT set_eq($$SELECT p.proname::text FROM pg_proc AS p JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
                WHERE p.prosecdef$$,
              ARRAY['ca_supersede_archived', 'ca_refuse_second_copy', 'ca_note_segment', 'ca_note_change', 'ca_note_candles', 'ca_execute_signals', 'ca_change_key', 'ca_drop_notes',
                    'ca_note_truncation', 'ca_note_logs', 'record_asset_access', 'user_by_email'],
              'the functions with rights of their owner keep candles in one place, note changes of them and of logs, count accesses and look an address up');

-- What a role, with the setting naming a user, gets from a query; its changes are undone.
CREATE FUNCTION pg_temp.outcome(role text, user_id text, query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    got text;
BEGIN
    PERFORM set_config('cryptoanalytics.user_id', user_id, true);
    IF role IS NOT NULL THEN
        EXECUTE format('SET LOCAL ROLE %I', role);
    END IF;
    IF query ~ '^(INSERT|UPDATE)' AND query !~ 'RETURNING' THEN
        EXECUTE query;
    ELSE
        EXECUTE query INTO got;
    END IF;
    RAISE EXCEPTION USING ERRCODE = 'UE001', MESSAGE = 'got ' || coalesce(got, 'NULL');
EXCEPTION
    WHEN SQLSTATE 'UE001' THEN RETURN SQLERRM;
    WHEN OTHERS THEN RETURN format('%s %s', SQLSTATE, SQLERRM);
END;
$$;

-- Tables and views: everything that the role may read of them, as text.
CREATE FUNCTION pg_temp.reading(relation regclass, role text, condition text) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT string_agg(x::text, '' '') FROM (SELECT %s FROM %s) AS x WHERE x::text ~ %L',
                  coalesce(string_agg(quote_ident(a.attname), ', ') FILTER (WHERE has_column_privilege(role, relation, a.attnum, 'SELECT')), '*'),
                  relation, condition)
    FROM pg_attribute AS a WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped;
$$;
SELECT is_empty($$
    SELECT o.relname FROM owned AS o
    WHERE pg_temp.outcome('rls_operator', '', pg_temp.reading(o.oid, 'rls_operator', '7007007')) !~ '7007007'
$$, 'this test has a row of the user in each table, and an operator finds it');
SELECT is_empty($$
    SELECT o.relname FROM owned AS o
    WHERE pg_temp.outcome('rls_app', '7007007', pg_temp.reading(o.oid, 'rls_app', '7007007')) !~ '7007007'
$$, 'so does the application for the user itself');
SELECT is_empty($$
    SELECT r.relname, x.got FROM relation AS r
    CROSS JOIN LATERAL pg_temp.outcome('rls_app', '7007008', pg_temp.reading(r.oid, 'rls_app', '7007007')) AS x (got)
    WHERE x.got NOT IN ('got NULL', '42501 permission denied for table ' || r.relname)
$$, 'for another user it finds nothing, in any table and view');
SELECT set_eq($$
    SELECT r.relname::text FROM relation AS r
    WHERE pg_temp.outcome('rls_app', '7007008', pg_temp.reading(r.oid, 'rls_app', '7007007')) LIKE '42501%'
$$, ARRAY['system_health', 'analytics_data', 'external_api_logs', 'background_tasks', 'maintenance_runs', 'roll_up_marks', 'roll_up_notes'],
'and what it may not read at all is the running of the system');
SELECT is_empty($$
    SELECT r.relname, x.got FROM relation AS r
    CROSS JOIN unnest(ARRAY['', '7007009']) AS u
    CROSS JOIN LATERAL pg_temp.outcome('rls_app', u, pg_temp.reading(r.oid, 'rls_app', '700700')) AS x (got)
    WHERE x.got NOT IN ('got NULL', '42501 permission denied for table ' || r.relname)
$$, 'for nobody, and for a user that does not exist, it finds nothing of anybody');
SELECT is(pg_temp.outcome('rls_app', '', 'SELECT count(*) FROM watchlist_assets JOIN watchlists AS w ON w.id = watchlist_id'),
          'got 1', 'but the default watchlist');
SELECT is(pg_temp.outcome('rls_app', '7007008', 'SELECT string_agg(id::text, '' '' ORDER BY id) FROM watchlists'), 'got 1 7007008',
          'which a user sees beside its own');
SELECT is(pg_temp.outcome('rls_app', '7007008', 'UPDATE watchlists SET name = ''x'' WHERE id = 1 RETURNING id') || ', '
          || pg_temp.outcome('rls_app', '7007008', 'DELETE FROM watchlist_assets WHERE id = 1 RETURNING id'),
          'got NULL, got NULL', 'and does not change');
SELECT is(pg_temp.outcome('rls_app', u, 'SELECT string_agg(id::text, '' '' ORDER BY id) FROM ai_recommendations'), got,
          format('recommendations about what is its own or everybody''s are seen by user %L', u))
FROM (VALUES ('7007008', 'got 1 2 3 4 81 82 83'), ('', 'got 1 2 3 4')) AS v (u, got);

-- Writing: each writable column, on rows of the other user; rows are taken over and given away.
SELECT is_empty($$
    SELECT o.relname, a.attname, x.got
    FROM owned AS o
    JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attnum > 0 AND NOT a.attisdropped
    CROSS JOIN LATERAL pg_temp.outcome('rls_app', '7007008', format(
        'WITH u AS (UPDATE %s SET %I = %2$I RETURNING %I) SELECT count(*) FILTER (WHERE %3$I <> 7007008) FROM u', o.oid::regclass, a.attname, o.key)) AS x (got)
    WHERE x.got <> 'got 0' AND x.got NOT LIKE '42501 permission denied%'
$$, 'no column of another user''s row is updated');
SELECT is_empty($$
    SELECT o.relname, x.got
    FROM owned AS o
    CROSS JOIN LATERAL pg_temp.outcome('rls_app', '7007008', format(
        'WITH u AS (DELETE FROM %s RETURNING %I) SELECT count(*) FILTER (WHERE %2$I <> 7007008) FROM u', o.oid::regclass, o.key)) AS x (got)
    WHERE x.got <> 'got 0' AND x.got NOT LIKE '42501 permission denied%'
$$, 'none is deleted');
CREATE TEMPORARY TABLE copies AS
    SELECT o.oid, o.relname, pg_temp.outcome(NULL, '', format('SELECT to_jsonb(t) FROM %s AS t WHERE %I = 7007007', o.oid::regclass, o.key)) AS row
    FROM owned AS o;
SELECT is_empty($$
    SELECT c.relname, x.got
    FROM copies AS c
    CROSS JOIN LATERAL pg_temp.outcome('rls_app', '7007008', format(
        'INSERT INTO %s (%s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$s, %3$L)', c.oid::regclass,
        (SELECT coalesce(string_agg(quote_ident(a.attname), ', ') FILTER (WHERE has_column_privilege('rls_app', c.oid, a.attnum, 'INSERT')),
                         (SELECT o.key FROM owned AS o WHERE o.oid = c.oid))
         FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), substr(c.row, 5))) AS x (got)
    WHERE x.got NOT LIKE '42501 new row violates row-level security policy%'
      AND NOT (x.got LIKE '42501 permission denied%' AND NOT has_any_column_privilege('rls_app', c.oid, 'INSERT'))
$$, 'none is inserted for it');
SELECT is_empty($$
    SELECT o.relname, a.attname, x.got
    FROM owned AS o
    JOIN pg_constraint AS n ON n.conrelid = o.oid AND n.contype = 'f' AND n.confdeltype = 'c' AND n.confrelid IN (SELECT oid FROM owned)
    JOIN pg_attribute AS a ON a.attrelid = o.oid AND a.attnum = n.conkey[1]
    CROSS JOIN LATERAL pg_temp.outcome('rls_app', '7007008', format(
        'UPDATE %s SET %I = 7007007', o.oid::regclass, a.attname)) AS x (got)
    WHERE x.got NOT LIKE '42501%'
$$, 'nor given to it');
SELECT alike(pg_temp.outcome('rls_app', '7007008', $$INSERT INTO user_activities (user_id, session_id, activity_type, action)
             VALUES (7007008, 7007007, 'login', 'create')$$), '42501%row-level security%',
             'nobody acts in the session of another');

-- Functions: what they return about another user must be what they return about one that does not exist.
CREATE TEMPORARY TABLE value_of AS
    SELECT * FROM (VALUES
        ('integer', '%s'), ('bigint', '%s'), ('integer[]', '''{%s}'''), ('text', '''TOKEN%s'''), ('character varying', '''TOKEN%s'''),
        ('boolean', 'true'), ('numeric', '1'), ('double precision', '1'), ('jsonb', '''{}'''), ('interval', '''1 day'''),
        ('timestamp with time zone', '''2024-01-02 00:00+00'''), ('timestamp with time zone[]', '''{2024-01-02 00:00+00}''')) AS v (type, value);
CREATE FUNCTION pg_temp.calling(function oid, subject integer) RETURNS text LANGUAGE sql AS $$
    SELECT format('SELECT string_agg(x::text, '' '') FROM %s(%s) AS x', function::regproc,
                  string_agg(coalesce(format(v.value, subject), 'NULL') || '::' || format_type(a.type, NULL), ', ' ORDER BY a.place))
    FROM pg_proc AS p
    LEFT JOIN unnest(p.proargtypes) WITH ORDINALITY AS a (type, place) ON true
    LEFT JOIN value_of AS v ON v.type = format_type(a.type, NULL)
    WHERE p.oid = function;
$$;
CREATE FUNCTION pg_temp.said(role text, user_id text, function oid, subject integer) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(pg_temp.outcome(role, user_id, pg_temp.calling(function, subject)), '700700[79]', 'N', 'g');
$$;
CREATE TEMPORARY TABLE tried AS
    SELECT p.oid, p.proname::text AS name, p.provolatile = 'i' AS computes
    FROM pg_proc AS p JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    WHERE p.prokind = 'f' AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'fdw_handler'::regtype)
      AND 'internal'::regtype <> ALL (p.proargtypes) AND p.provariadic = 0;
CREATE TEMPORARY TABLE told AS
    SELECT t.name, t.oid, pg_temp.said('rls_operator', '', t.oid, 7007007) IS DISTINCT FROM pg_temp.said('rls_operator', '', t.oid, 7007009) AS differs
    FROM tried AS t;
SELECT ok(ARRAY['record_login', 'session_holder', 'session_is_valid', 'open_session', 'refresh_session', 'end_session',
    'delete_user', 'effective_plan', 'position_history', 'user_by_email'] <@ array_agg(name) FILTER (WHERE differs),
    'to an operator the functions of accounts and positions tell the two apart')
FROM told;
SELECT is_empty($$
    SELECT t.name, pg_temp.said('rls_app', '7007008', t.oid, 7007007), pg_temp.said('rls_app', '7007008', t.oid, 7007009)
    FROM tried AS t
    WHERE NOT t.computes  -- which depends only on its arguments
      AND pg_temp.said('rls_app', '7007008', t.oid, 7007007) IS DISTINCT FROM pg_temp.said('rls_app', '7007008', t.oid, 7007009)
$$, 'to the application no function does, for another user');
SELECT is_empty($$
    SELECT t.name FROM tried AS t
    WHERE pg_temp.outcome('rls_app', '7007008', pg_temp.calling(t.oid, 7007007)) ~ 'LEAK'
$$, 'nor says what is in a row');

-- A user that keeps to its own rows.
SELECT is(pg_temp.outcome('rls_app', '7007007', 'SELECT effective_plan(7007007)'), 'got pro', 'a user learns its own plan');
SELECT is(pg_temp.outcome('rls_app', '7007007', 'SELECT count(*) FROM position_history(7007007)'), 'got 1', 'and its own history');
SELECT is(pg_temp.outcome('rls_app', '7007007', $$WITH t AS (INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source, created_at)
          VALUES (7007007, 'sell', 110, 1, '1h', 'manual', now() + interval '1 hour') RETURNING 1) SELECT count(*) FROM t$$), 'got 1', 'trades');
SELECT is(pg_temp.outcome('rls_app', '7007007', $$UPDATE users SET role = 'admin' RETURNING id$$)
          || ', ' || pg_temp.outcome('rls_app', '7007007', 'SELECT password_hash FROM users'),
          '42501 permission denied for table users, 42501 permission denied for table users',
          'and does not make itself an administrator, or read its hash');

-- An index finds the rows of a user: if the planner can only choose indexes, the policy is a condition of one.
SET LOCAL enable_seqscan = off;
SELECT is_empty($$
    SELECT o.relname FROM owned AS o
    WHERE pg_temp.outcome('rls_app', '7007007', format('EXPLAIN (FORMAT JSON) SELECT %I FROM %s', o.key, o.oid::regclass))
          !~ '"Index Cond": "[^"]*id >= ca_first_user\(\)\) AND [^"]*id <= ca_last_user\(\)'
$$, 'each policy can be served by an index, of the table or of what it belongs to');

SELECT * FROM finish();
ROLLBACK;
