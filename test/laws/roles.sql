-- What each kind of role may do, tested by doing it, and which roles cannot become of that kind.
BEGIN;
SELECT plan(67);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

\set advisory `grep -rliE --include='*.c' --include='*.h' 'advisory' src`

CREATE ROLE kind_analyst;
CREATE ROLE kind_application;
CREATE ROLE kind_sign_in;
CREATE ROLE kind_operator;
SELECT grant_analyst('kind_analyst');
SELECT grant_application('kind_application');
SELECT grant_sign_in('kind_sign_in');
SELECT grant_operator('kind_operator');

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'BTC', 'Bitcoin', 'crypto');
INSERT INTO users (id, email, password_hash, account_balance) SELECT u, u || '@example.org', 'x', 5 FROM generate_series(1, 3) AS u;
INSERT INTO user_sessions (id, user_id, session_token, refresh_token) SELECT u, u, 'token' || u, 'refresh' || u FROM generate_series(1, 3) AS u;
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) SELECT u, u, 1, 'BTC', 'Crypto Asset' FROM generate_series(1, 3) AS u;
ALTER TABLE users ALTER id RESTART WITH 4;
ALTER TABLE user_sessions ALTER id RESTART WITH 4;

CREATE TEMPORARY VIEW relation AS
    SELECT c.* FROM pg_class AS c
    JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'p', 'v', 'm', 'f');
CREATE TEMPORARY VIEW col AS
    SELECT r.oid, r.relname || '.' || a.attname AS name, a.attnum, r.relname, a.attname FROM relation AS r
    JOIN pg_attribute AS a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped;

-- What a role gets from a query, or the error; its changes are undone.
CREATE FUNCTION pg_temp.outcome(role text, query text, user_id text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    got text;
BEGIN
    PERFORM set_config('cryptoanalytics.user_id', user_id, true);
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE query INTO got;
    RAISE EXCEPTION USING ERRCODE = 'UE001', MESSAGE = 'got ' || coalesce(got, 'NULL');
EXCEPTION
    WHEN SQLSTATE 'UE001' THEN RETURN SQLERRM;
    WHEN OTHERS THEN RETURN format('%s %s', SQLSTATE, SQLERRM);
END;
$$;
-- Whether a role could write a table in any way.
CREATE FUNCTION pg_temp.writes(role text, relation oid) RETURNS boolean LANGUAGE sql AS $$
    SELECT has_table_privilege(role, relation, 'DELETE, TRUNCATE, TRIGGER')
           OR has_any_column_privilege(role, relation, 'INSERT, UPDATE, REFERENCES');
$$;

-- The analyst.
SELECT is_empty($$SELECT relname FROM relation WHERE pg_temp.outcome('kind_analyst', format('SELECT count(*) FROM %s', oid::regclass)) NOT LIKE 'got %'$$,
                'an analyst reads every table and view');
SELECT set_eq($$SELECT name FROM col WHERE NOT has_column_privilege('kind_analyst', oid, attnum, 'SELECT')$$,
              ARRAY['users.password_hash', 'users.reset_password_token', 'users.reset_password_expires', 'users.email_verification_token',
                    'users.account_balance', 'user_sessions.session_token', 'user_sessions.refresh_token',
                    'external_api_logs.endpoint', 'external_api_logs.request_params', 'external_api_logs.response_data',
                    'external_api_logs.error_message'],
              'but hashes, tokens and balances, and what was exchanged with other services');
SELECT is(pg_temp.outcome('kind_analyst', format('SELECT %I FROM users', c)), '42501 permission denied for table users', 'reading users.' || c || ' is refused')
FROM unnest(ARRAY['password_hash', 'reset_password_token', 'email_verification_token', 'account_balance']) AS c;
SELECT is(pg_temp.outcome('kind_analyst', format('SELECT %s FROM user_sessions', c)), '42501 permission denied for table user_sessions', 'and ' || c || ' of sessions')
FROM unnest(ARRAY['session_token', 'refresh_token', 'user_sessions::text', 'to_jsonb(user_sessions)', '*']) AS c;
SELECT is(pg_temp.outcome('kind_analyst', 'SELECT count(*) FROM users WHERE account_balance > 1'), '42501 permission denied for table users', 'in a condition too');
SELECT is(pg_temp.outcome(r, $$SELECT user_by_email('2@example.org')$$), '42501 permission denied for function user_by_email', r || ' does not look addresses up')
FROM unnest(ARRAY['kind_analyst', 'kind_application']) AS r;
SELECT is(pg_temp.outcome('kind_analyst', $$SELECT session_holder('token1')$$), '42501 permission denied for table user_sessions', 'and through a function');
SELECT is(pg_temp.outcome('kind_analyst', 'SELECT string_agg(id::text, '','' ORDER BY id) FROM portfolio'), 'got 1,2,3', 'an analyst sees the rows of all users');
SELECT is_empty($$SELECT relname FROM relation WHERE pg_temp.writes('kind_analyst', oid)$$, 'and writes nothing');

-- The application.
SELECT set_eq($$SELECT relname::text FROM relation WHERE NOT has_any_column_privilege('kind_application', oid, 'SELECT')$$,
              ARRAY['system_health', 'analytics_data', 'external_api_logs', 'background_tasks', 'maintenance_runs', 'roll_up_marks', 'roll_up_notes'], 'the application reads all but what tells of the running of the system');
SELECT set_eq($$SELECT name FROM col WHERE NOT has_column_privilege('kind_application', oid, attnum, 'SELECT')
                AND relname NOT IN ('system_health', 'analytics_data', 'external_api_logs', 'background_tasks', 'maintenance_runs', 'roll_up_marks', 'roll_up_notes')$$,
              ARRAY['users.password_hash', 'users.reset_password_token', 'users.reset_password_expires', 'users.email_verification_token',
                    'users.notes', 'users.deleted_by', 'user_sessions.session_token', 'user_sessions.refresh_token',
                    'ai_recommendations.reviewed_by', 'ai_recommendations.user_feedback'],
              'and no hash, token or note on a user, nor who reviewed what');
SELECT set_eq($$SELECT relname::text FROM relation WHERE pg_temp.writes('kind_application', oid)$$,
              ARRAY['users', 'user_activities', 'watchlists', 'watchlist_assets', 'portfolio', 'trade_actions', 'signal_alerts', 'notifications'],
              'it writes only what belongs to users');
SELECT set_eq($$SELECT name FROM col WHERE relname IN ('users', 'notifications', 'user_activities', 'user_sessions') AND has_column_privilege('kind_application', oid, attnum, 'UPDATE')$$,
              ARRAY['users.first_name', 'users.last_name', 'users.preferences', 'users.timezone', 'users.language', 'users.bio', 'users.profile_picture_url',
                    'notifications.status', 'notifications.read_at'], 'of an account the profile, of a notification whether it was read');
SELECT is(pg_temp.outcome('kind_application', 'SELECT string_agg(id::text, '','') FROM portfolio', '2'), 'got 2', 'and one user at a time');

-- Signing in.
SELECT is(pg_temp.outcome('kind_sign_in', $$SELECT id FROM users WHERE id = user_by_email('2@Example.org') AND password_hash = 'x'$$), 'got 2', 'signing in finds a user by its address');
SELECT is(pg_temp.outcome('kind_sign_in', 'SELECT record_login(2, true)'), 'got true', 'records a login');
SELECT is(pg_temp.outcome('kind_sign_in', $$SELECT open_session(2, 'new') IS NOT NULL$$), 'got true', 'opens a session');
SELECT is(pg_temp.outcome('kind_sign_in', $$SELECT session_holder('token3')$$), 'got 3', 'knows whose token it is');
SELECT is(pg_temp.outcome('kind_sign_in', $$SELECT refresh_session('token3', 'refresh3', 'a', 'b')$$), 'got 3', 'refreshes');
SELECT is(pg_temp.outcome('kind_sign_in', $$SELECT end_session('token3')$$), 'got true', 'ends');
SELECT is(pg_temp.outcome('kind_sign_in', 'SELECT delete_user(3, 3)'), 'got true', 'deletes softly');
SELECT is(pg_temp.outcome('kind_sign_in', $$INSERT INTO users (email, password_hash) VALUES ('4@example.org', 'x') RETURNING role$$), 'got public', 'signs up');
SELECT is(pg_temp.outcome('kind_sign_in', format('UPDATE users SET %I = DEFAULT', c)), '42501 permission denied for table users', 'but does not set ' || c)
FROM unnest(ARRAY['role', 'account_balance', 'subscription_plan', 'id']) AS c;
SELECT set_eq($$SELECT relname::text FROM relation WHERE has_any_column_privilege('kind_sign_in', oid, 'SELECT') OR pg_temp.writes('kind_sign_in', oid)$$,
              ARRAY['users', 'user_sessions', 'user_activities', 'price_data_compressed', 'partial_candles'],
              'and knows of nothing else; compressed candles ask for rights to their segments, and of how much candles are made everybody may know');

-- The operator.
SELECT is_empty($$SELECT relname FROM relation WHERE relkind = 'r' AND NOT (has_table_privilege('kind_operator', oid, 'SELECT') AND
                  has_table_privilege('kind_operator', oid, 'INSERT') AND has_table_privilege('kind_operator', oid, 'UPDATE') AND has_table_privilege('kind_operator', oid, 'DELETE'))$$,
                'an operator reads and writes every table');
SELECT is(pg_temp.outcome('kind_operator', $$UPDATE watchlists SET name = name; INSERT INTO watchlists (name, watchlist_type) VALUES ('Default', 'default') RETURNING user_id$$),
          'got NULL', 'default watchlists too');
SELECT is_empty($$SELECT r FROM unnest(ARRAY['kind_analyst', 'kind_application', 'kind_sign_in', 'kind_operator']) AS r
                  WHERE has_schema_privilege(r, 'cryptoanalytics', 'CREATE')$$, 'no kind creates anything in the schema');

-- Roles that are refused.
CREATE ROLE kind_owner;
CREATE ROLE kind_reader IN ROLE pg_read_all_data;
CREATE ROLE kind_bypass BYPASSRLS;
SELECT throws_ok('SELECT grant_operator(NULL)', '42704', 'unknown role', 'a role must be given');
SELECT throws_ok('SELECT grant_operator(4294967295::oid)', '42704', 'unknown role', 'and exist');
SELECT is(pg_temp.outcome('kind_operator', 'SELECT grant_operator(''kind_reader'')'), '42501 must be owner of the tables of extension cryptoanalytics', 'only the owner grants');
SELECT throws_ok($$SELECT grant_application('kind_bypass')$$, '0LP01', 'role would not be bound to one user', 'an application does not bypass row-level security');
SELECT throws_ok($$SELECT grant_application('kind_analyst')$$, '0LP01', 'role would not be bound to one user', 'nor see all users');
SELECT throws_ok($$SELECT grant_analyst('kind_reader')$$, '0LP01', 'role sees what an analyst must not see', 'an analyst does not read hashes in another way');

CREATE ROLE kind_maker CREATEROLE;
CREATE ROLE kind_member IN ROLE kind_maker;
SELECT throws_ok(format('SELECT grant_application(%L)', r), '0LP01', 'role would not be bound to one user', r || ' could make itself an operator')
FROM unnest(ARRAY['kind_maker', 'kind_member']) AS r;
SELECT is(pg_temp.outcome('kind_sign_in', $$INSERT INTO users (email, password_hash, referred_by) VALUES ('5@example.org', 'x', 1) RETURNING 'in'$$),
          'got in', 'a referred user signs up');
SELECT matches(pg_temp.outcome('kind_operator', 'SELECT refresh_assets()'), '^got ', 'an operator refreshes the assets');
SELECT is(pg_temp.outcome('kind_application', $$INSERT INTO user_activities (user_id, session_id, activity_type, action, created_at)
          VALUES (2, 2, 'login', 'create', '2020-01-01') RETURNING id$$, '2'), '42501 permission denied for table user_activities',
          'the application does not date activities');
SELECT matches(pg_temp.outcome(r, 'SELECT record_asset_access(1, ''1h'')', '2'), '^got ', r || ' counts accesses')
FROM unnest(ARRAY['kind_application', 'kind_operator']) AS r;
SELECT is(pg_temp.outcome('kind_application', 'SELECT record_asset_access(1, moment => clock_timestamp() + interval ''1 minute'')', '2'), '22023 moment must not be in the future', 'but none of the future');
SELECT is(pg_temp.outcome('kind_application', 'UPDATE assets SET access_count = 0', '2'), '42501 permission denied for table assets', 'and changes no count');
SELECT is(pg_temp.outcome('kind_analyst', 'SELECT record_asset_access(1)'), '42501 permission denied for function record_asset_access', 'an analyst counts nothing');
SELECT set_eq($$SELECT name FROM col WHERE attname = 'id' AND (has_column_privilege('kind_application', oid, attnum, 'INSERT, UPDATE') OR has_column_privilege('kind_sign_in', oid, attnum, 'INSERT, UPDATE'))$$,
              ARRAY[]::text[], 'identifiers are given to what they write');
INSERT INTO watchlists (id, user_id, name, watchlist_type, max_assets) VALUES (1, 2, 'two', 'personal', 2);
INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, added_by) VALUES (1, 1, 'short', 3);
SELECT is(pg_temp.outcome('kind_application', format('INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, %I) VALUES (1, 1, ''long'', 3)', c), '2'),
          format('42501 %s must be the user of the session', c), 'nobody adds for another: ' || c) FROM unnest(ARRAY['added_by', 'last_modified_by']) AS c;
SELECT is(pg_temp.outcome('kind_application', $$WITH i AS (INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, position) VALUES (1, 1, 'long', 1)
          RETURNING added_by, last_modified_by) SELECT i::text FROM i$$, '2'), 'got (2,)', 'who added is written down');
SELECT is(pg_temp.outcome('kind_application', format('UPDATE watchlist_assets SET %s RETURNING (added_by, last_modified_by)', c), '2'), got, c)
FROM (VALUES ('added_by = 2', '42501 added_by must be the user of the session'), ('notes = ''x''', 'got (3,2)')) AS v (c, got);

-- Keys to other services do not reach an analyst in what is derived from their logs.
INSERT INTO external_api_logs (api_provider, endpoint, http_method, response_status, error_message, created_at)
SELECT 'p', e, 'GET', 500, m, timestamptz '2024-01-01 00:10+00' + n * interval '1 second'
FROM (VALUES (1, '/v1/coins?apikey=SECRET&n=1', 'failed: http://me:SECRET@h/v1?apikey=SECRET&n=1 (HTTP 500)'),
             (2, '/v1/coins#SECRET', 'Why? Max retries exceeded with url: /v1/coins?apikey=SECRET'),
             (3, 'https://me:SECRET@h.example/v1/coins?x=/SECRET@', '{"url": "/v1/coins?key=SECRET", "code": 7}'),
             (4, '//SE:C@RET@h/v1/coins', NULL), (5, '/v1/users/@me', 'no such user')) AS v (n, e, m);
SELECT roll_up_api_logs('hourly', as_of => '2024-01-01 01:00+00'), record_system_health('2024-01-01 01:00+00') IS NOT NULL;
SELECT results_eq($$SELECT dimensions ->> 'endpoint', metric_value FROM analytics_data WHERE metric_name = 'requests' AND dimensions ? 'endpoint'
                    ORDER BY dimensions ->> 'endpoint' COLLATE "C"$$,
                  $$VALUES ('//h/v1/coins', 1::numeric), ('/v1/coins', 2), ('/v1/users/@me', 1), ('https://h.example/v1/coins', 1)$$,
                  'calls are counted by their endpoint without query, fragment, user and password');
SELECT results_eq($$SELECT e ->> 'name', e ->> 'message' FROM system_health, jsonb_array_elements(error_logs) AS e ORDER BY e ->> 'time'$$,
                  $$VALUES ('p /v1/coins', 'failed: http://...@h/v1?... (HTTP 500)'), ('p /v1/coins', 'Why? Max retries exceeded with url: /v1/coins?...'),
                           ('p https://h.example/v1/coins', '{"url": "/v1/coins?...", "code": 7}'), ('p //h/v1/coins', NULL), ('p /v1/users/@me', 'no such user')$$,
                  'errors are listed so too');
SELECT is_empty($$
    SELECT r.relname FROM relation AS r
    WHERE pg_temp.outcome('kind_analyst', (SELECT format('SELECT string_agg(x::text, '' '') FROM (SELECT %s FROM %s) AS x', string_agg(quote_ident(a.attname), ', '), r.oid::regclass)
          FROM pg_attribute AS a WHERE a.attrelid = r.oid AND a.attnum > 0 AND has_column_privilege('kind_analyst', r.oid, a.attnum, 'SELECT'))) ~ 'SECRET|RET@'
$$, 'an analyst reads the key nowhere');

-- Roles that an earlier version granted more get only what their kind has now.
GRANT SELECT, INSERT, UPDATE, DELETE ON watchlists, user_activities TO kind_application;
GRANT SELECT (id, error_message) ON external_api_logs TO kind_analyst;
SELECT grant_application('kind_application'), grant_analyst('kind_analyst');
SELECT is_empty($$SELECT name FROM col WHERE relname IN ('watchlists', 'user_activities') AND attname IN ('id', 'created_at') AND relname || attname <> 'watchlistscreated_at'
                  AND has_column_privilege('kind_application', oid, attnum, 'INSERT, UPDATE')
                  UNION SELECT 'deletes' WHERE has_table_privilege('kind_application', 'user_activities', 'DELETE')$$, 'an application that is granted again chooses nothing any more');
SELECT is(has_column_privilege('kind_analyst', 'external_api_logs', 'error_message', 'SELECT'), false, 'nor does an analyst read what is hidden now');

-- Revoking.
SELECT revoke_rights(r::regrole) FROM unnest(ARRAY['kind_analyst', 'kind_application', 'kind_sign_in', 'kind_operator']) AS r;
SELECT is_empty($$SELECT r, relname FROM relation, unnest(ARRAY['kind_analyst', 'kind_application', 'kind_sign_in', 'kind_operator']) AS r
                  WHERE relkind <> 'f' AND relname <> 'partial_candles' AND (has_any_column_privilege(r, oid, 'SELECT') OR pg_temp.writes(r, oid))
                     OR has_function_privilege(r, 'ca_every_user()', 'EXECUTE') OR has_function_privilege(r, 'user_by_email(text)', 'EXECUTE')
                     OR has_function_privilege(r, 'record_asset_access(integer, text, timestamptz)', 'EXECUTE')$$, 'what was granted is taken back, all of it');

-- A role that may connect may take any advisory lock and keep it.
SELECT is((SELECT count(*)::text FROM pg_proc AS p
           JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
           JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
           WHERE e.extname = 'cryptoanalytics' AND p.prokind <> 'a' AND pg_get_functiondef(p.oid) ~ 'advisory')
          || :'advisory', '0', 'no function waits for an advisory lock');

SELECT * FROM finish();
ROLLBACK;
