-- Every function and every step of maintain() is run by the roles to which docs/guide/operations.md allows it.
BEGIN;
SELECT plan(12);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL client_min_messages = error;

CREATE ROLE matrix_analyst;
CREATE ROLE matrix_application;
CREATE ROLE matrix_sign_in;
CREATE ROLE matrix_operator;
SELECT grant_analyst('matrix_analyst');
SELECT grant_application('matrix_application');
SELECT grant_sign_in('matrix_sign_in');
SELECT grant_operator('matrix_operator');

-- Something of everything, with id 1, from two days ago on.
INSERT INTO users (id, email, password_hash) VALUES (1, '1@example.org', 'x');
INSERT INTO user_sessions (id, user_id, session_token, refresh_token) VALUES (1, 1, 'token', 'refresh');
INSERT INTO user_activities (user_id, session_id, activity_type, action, created_at) VALUES (1, 1, 'view', 'view', now() - interval '1 day');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'BTC', 'Bitcoin', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT 1, '1m', timeframe_bucket('1h', now()) - interval '2 days' + i * interval '1 minute', 10, 12, 9, 10 + i % 2, 5 FROM generate_series(0, 2879) AS i
UNION ALL
SELECT 1, '1h', timeframe_bucket('1d', now()) - interval '500 days' + i * interval '1 hour', 10, 12, 9, 10 + i % 2, 5 FROM generate_series(0, 95) AS i;
INSERT INTO ai_models (id, name, version, model_type, status) VALUES (1, 'm', '1', 'asset', 'active');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, input_price, target_datetime, created_at)
VALUES (1, 1, 1, 'price', 12, 11, now() - interval '12 hours', now() - interval '1 day');
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, created_at, expires_at)
VALUES (1, 1, 'long', 10, 13, 9, now() - interval '1 day', now() - interval '1 hour');
INSERT INTO ai_recommendations (id, target_entity_type, target_entity_id, recommendation_type, recommendation_title, prediction_id, created_at, expires_at)
VALUES (1, 'asset', 1, 'entry', 'x', 1, now() - interval '1 day', now() - interval '1 hour');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (1, 1, 1, 'BTC', 'Crypto Asset');
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source) VALUES (1, 1, 'buy', 10, 2, '1h', 'manual');
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, created_at, expires_at)
VALUES (1, 1, 1, 'price_target', 'above', 11, now() - interval '1 day', NULL), (2, 1, 1, 'price_target', 'above', 99, now() - interval '1 day', now() - interval '1 hour');
INSERT INTO watchlists (id, user_id, name, watchlist_type) VALUES (1, 1, 'w', 'personal');
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (1, 1, 1, 'long');
INSERT INTO notifications (id, user_id, notification_type, title) VALUES (1, 1, 'alert', 'n');
INSERT INTO background_tasks (id, task_name, task_type, status, created_at, started_at)
VALUES (1, 't', 'cleanup', 'running', now() - interval '1 day', now() - interval '1 day'), (2, 't', 'cleanup', 'pending', now() - interval '1 day', NULL);
INSERT INTO external_api_logs (api_provider, endpoint, http_method, response_status, response_time_ms, created_at)
SELECT 'p', '/e', 'GET', 200, 5, now() - i * interval '1 day' FROM unnest('{1,200}'::integer[]) AS i;
ALTER SEQUENCE notifications_id_seq RESTART WITH 100;
ALTER SEQUENCE background_tasks_id_seq RESTART WITH 100;
ALTER SEQUENCE user_sessions_id_seq RESTART WITH 100;
ALTER SEQUENCE trade_actions_id_seq RESTART WITH 100;

CREATE FUNCTION pg_temp.outcome(role text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    got text;
BEGIN
    PERFORM set_config('cryptoanalytics.user_id', CASE WHEN role = 'matrix_application' THEN '1' ELSE '' END, true);
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE command INTO got;
    RAISE EXCEPTION USING ERRCODE = 'UE001', MESSAGE = 'got ' || coalesce(got, 'NULL');
EXCEPTION
    WHEN SQLSTATE 'UE001' THEN RETURN SQLERRM;
    WHEN OTHERS THEN RETURN format('%s %s', SQLSTATE, SQLERRM);
END;
$$;

-- Each step is repeated as long as there is more to do, as maintain() does; a step finds what earlier ones did.
CREATE FUNCTION pg_temp.step(statement text, assets text, timeframe text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    asset integer;
    done bigint;
    total bigint := 0;
    affected integer[] := ARRAY[NULL::integer];
BEGIN
    SET LOCAL ROLE matrix_operator;
    IF assets IS NOT NULL THEN
        EXECUTE format('SELECT array(%s)', assets) INTO affected USING now();
    END IF;
    FOREACH asset IN ARRAY affected LOOP
        EXECUTE statement INTO done USING now(), asset, timeframe;
        total := total + coalesce(done, 0);
    END LOOP;
    RESET ROLE;
    RETURN 'done ' || total;
EXCEPTION WHEN OTHERS THEN
    RETURN format('%s %s', SQLSTATE, SQLERRM);
END;
$$;
CREATE TEMPORARY TABLE steps AS
    SELECT s.place, s.step, pg_temp.step(s.statement, s.assets, s.timeframe) AS outcome
    FROM (SELECT * FROM maintenance_steps() ORDER BY place) AS s;
SELECT is_empty($$SELECT step, outcome FROM steps WHERE outcome !~ '^done'$$, 'an operator does every step of maintain()');
SELECT set_eq($$SELECT split_part(step, ' ', 1) FROM steps WHERE outcome <> 'done 0' AND step ~ '^(roll_up 5m|update|refresh|score|evaluate|expire|check|roll_up_a|record|archive|prune_api)'$$,
              ARRAY['roll_up', 'update_technical_indicators', 'refresh_assets', 'score_predictions', 'evaluate_models', 'expire_signals', 'expire_recommendations',
                    'check_alerts', 'expire_alerts', 'roll_up_api_logs', 'roll_up_activities', 'record_system_health', 'archive', 'prune_api_logs'],
              'and they find something to do');

-- A call of each function, with possible values of its arguments.
CREATE TEMPORARY TABLE value_of (name text, type text, value text);
INSERT INTO value_of
SELECT * FROM (VALUES
    (NULL, 'integer', '1'), (NULL, 'bigint', '1'), (NULL, 'integer[]', '''{1}'''), (NULL, 'boolean', 'true'), (NULL, 'numeric', '1'), (NULL, 'double precision', '1'),
    (NULL, 'jsonb', '''[]'''), (NULL, 'interval', '''1 day'''), (NULL, 'inet', '''192.0.2.1'''), (NULL, 'timestamp with time zone', 'now() - interval ''6 hours'''),
    (NULL, 'text', '''1h'''), (NULL, 'text[]', '''{1h}'''), (NULL, 'regrole', '''matrix_application'''), (NULL, 'regclass', '''cryptoanalytics.assets'''),
    ('since', 'timestamp with time zone', 'now() - interval ''1 day'''), ('aggregation_level', 'text', '''hourly'''), ('token', 'text', '''token'''),
    ('refresh_token', 'text', '''refresh'''), ('new_token', 'text', '''new token'''), ('new_refresh_token', 'text', '''new'''), ('email', 'text', '''1@example.org'''),
    ('symbol', 'text', '''BTC'''), ('task_type', 'text', '''cleanup'''), ('batch_size', 'integer', '1000'), ('spec', 'jsonb', '''{}'''), ('convention', 'text', '''talib'''), ('format', 'text', '''binance'''),
    ('volume_unit', 'text', '''base'''), ('batch_size', 'bigint', '1000'), ('bars', 'integer', '50'), ('metric', 'text', '''mape'''), ('gaps', 'text', '''ignore'''), ('until', 'timestamp with time zone', 'now()')) AS v;
CREATE TEMPORARY TABLE call AS
    SELECT p.proname::text AS name, p.oid,
           format('SELECT string_agg(x::text, '' '') FROM %s(%s) AS x', p.oid::regproc,
                  (SELECT string_agg(format('(%s)::%s', coalesce(n.value, t.value, 'NULL'), format_type(a.type, NULL)), ', ' ORDER BY a.place)
                   FROM unnest(p.proargtypes) WITH ORDINALITY AS a (type, place)
                   LEFT JOIN value_of AS t ON t.name IS NULL AND t.type = format_type(a.type, NULL)
                   LEFT JOIN value_of AS n ON n.name = p.proargnames[a.place] AND n.type = format_type(a.type, NULL))) AS command
    FROM pg_proc AS p
    JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
    WHERE e.extname = 'cryptoanalytics' AND p.prokind = 'f' AND p.provariadic = 0 AND 'internal'::regtype <> ALL (p.proargtypes)
      AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'fdw_handler'::regtype);
CREATE TEMPORARY TABLE tried AS
    SELECT c.name, c.command, r.kind, pg_temp.outcome('matrix_' || r.kind, c.command) AS got
    FROM call AS c, unnest('{analyst,application,sign_in,operator}'::text[]) AS r (kind);
SELECT set_eq($$SELECT DISTINCT name FROM tried WHERE kind = 'operator' AND got LIKE '42501%' AND name !~ '^ca_'$$,
              ARRAY['grant_analyst', 'grant_application', 'grant_operator', 'grant_sign_in', 'revoke_rights'],
              'an operator may call every function but those of the owner');
-- docs/guide/operations.md says who reads the market, who acts for a user, and who signs in.
CREATE TEMPORARY TABLE may AS
    SELECT k.kind, f.name
    FROM (VALUES
        ('analyst,application,operator', ARRAY['candles', 'candle_gaps', 'candles_filled', 'technical_indicators', 'series_quality', 'support_resistance', 'signal_outcomes',
                                      'recommendation_outcomes', 'unscored_predictions', 'corrected_predictions', 'model_drift', 'archive_size', 'asset_id', 'assets_exist',
                                      'position_history', 'effective_plan', 'unread_notifications', 'added_by_hand', 'maintenance_steps']),
        ('application,operator', ARRAY['record_asset_access', 'move_watchlist_asset', 'rebuild_position', 'mark_notification_read', 'dismiss_notification', 'expire_alerts']),
        ('sign_in,operator', ARRAY['record_login', 'open_session', 'session_holder', 'session_is_valid', 'refresh_session', 'end_session', 'delete_user',
                                   'user_by_email', 'effective_plan', 'recount_referrals'])) AS m (kinds, names)
    CROSS JOIN LATERAL string_to_table(m.kinds, ',') AS k (kind)
    CROSS JOIN LATERAL unnest(m.names) AS f (name);
SELECT is_empty($$SELECT m.* FROM may AS m WHERE NOT EXISTS (SELECT FROM tried AS t WHERE t.kind = m.kind AND t.name = m.name)$$, 'the functions are there');
SELECT is_empty(format($$SELECT t.name, t.command, t.got FROM tried AS t JOIN may AS m USING (kind, name)
                         WHERE t.kind = %L AND t.got !~ '^(got |23505 duplicate key value violates unique constraint "user_sessions)'$$, k),
                format('%s: what it may it can', k))
FROM unnest('{analyst,application,sign_in}'::text[]) AS k;
-- What only operators do is refused to others, whatever there is to do.
CREATE TEMPORARY TABLE operated (name) AS
    VALUES ('activate_model'), ('check_alerts'), ('claim_notifications'), ('claim_task'), ('evaluate_model'), ('expire_recommendations'), ('expire_signals'),
           ('fail_task'), ('finish_task'), ('import_ohlcv'), ('import_ohlcv_report'), ('prune_api_logs'), ('purge_sessions'), ('record_system_health'), ('refresh_assets'),
           ('roll_up_activities'), ('roll_up_api_logs'), ('score_predictions');
SELECT is_empty(format($$SELECT t.name, t.got FROM tried AS t JOIN operated USING (name) WHERE t.kind = %L AND t.got NOT LIKE '42501%%'$$, k),
                format('%s: what operators do is refused', k))
FROM unnest('{analyst,application,sign_in}'::text[]) AS k;


-- Without rights, long functions refuse before they begin, without a query of theirs in the context.
CREATE FUNCTION pg_temp.refusal(role text, command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail text;
    context text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    EXECUTE command;
    RETURN 'done';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL, context = PG_EXCEPTION_CONTEXT;
    RETURN format('%s %s %s', SQLSTATE, SQLERRM, CASE WHEN context ~ 'PL/pgSQL function ca_check_rights.* line \d+ at RAISE' AND context !~ '\mWITH\M' THEN detail ELSE context END);
END;
$$;
SELECT is_empty(format($$
    SELECT c.command, x.got
    FROM (VALUES ('SELECT rollup_candles(''1h'')', 'price_data', 'INSERT, UPDATE'), ('SELECT import_ohlcv(1, ''1h'', ''[]'')', 'price_data', 'INSERT, UPDATE'),
                 ('SELECT update_technical_indicators()', 'price_data', 'UPDATE'), ('SELECT score_predictions()', 'predictions', 'UPDATE'),
                 ('SELECT refresh_assets()', 'assets', 'UPDATE'), ('CALL archive_price_data()', 'price_data', 'DELETE'), ('CALL restore_price_data(''1h'', 1, NULL, NULL)', 'price_data_archive', 'DELETE'),
                 ('CALL compress_price_archive()', 'price_data_archive', 'DELETE'), ('CALL decompress_price_archive(''1h'', 1, NULL, NULL)', 'price_data_segments', 'DELETE'),
                 ('CALL maintain()', 'background_tasks', %L)) AS c (command, place, lacking)
    CROSS JOIN LATERAL pg_temp.refusal(%L, c.command) AS x (got)
    WHERE x.got <> format('42501 permission denied for table %%s Role %%s lacks %%s.', c.place, %2$L, c.lacking)
$$, CASE k WHEN 'analyst' THEN 'INSERT, UPDATE' ELSE 'SELECT, INSERT, UPDATE' END, 'matrix_' || k), format('%s: the refusal names the table and the rights', k))
FROM unnest('{analyst,application}'::text[]) AS k;

SELECT * FROM finish();
ROLLBACK;
