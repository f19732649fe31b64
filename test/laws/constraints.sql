-- What the tables refuse and accept, by the name of the rule that decides.
BEGIN;
SELECT plan(166);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

-- 'accepted', or the SQLSTATE and the constraint (or column) that refused; the statement leaves no trace.
CREATE FUNCTION pg_temp.verdict(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    state text;
    rule text;
    col text;
BEGIN
    EXECUTE verdict.statement;
    RAISE EXCEPTION USING ERRCODE = 'CA000';
EXCEPTION
    WHEN SQLSTATE 'CA000' THEN
        RETURN 'accepted';
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, rule = CONSTRAINT_NAME,
                                col = COLUMN_NAME;
        -- ON DELETE RESTRICT is 23001 since PostgreSQL 18 and was 23503 before
        RETURN concat_ws(' ', replace(state, '23001', '23503'), nullif(rule, ''), nullif(col, ''));
END;
$$;

-- One row in every table, with only the required values, so every default and every nullable column is exercised.
-- Identifiers of the test begin at 1, those of the sequences at 1000, or at -1000 if they count down.
DO $$
DECLARE
    tab regclass;
BEGIN
    FOR tab IN SELECT oid FROM pg_class
               WHERE relnamespace = 'cryptoanalytics'::regnamespace AND relkind = 'r'
                 AND relname NOT IN ('price_data_segments', 'alert_marks', 'partial_candles', 'signal_executions', 'series_locks', 'work_locks',
                                     'maintenance_runs', 'roll_up_marks', 'roll_up_notes') -- whose rows have no identifier
    LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN id RESTART WITH %s', tab,
                       CASE WHEN tab = 'price_data_archive'::regclass THEN -1000 ELSE 1000 END);
    END LOOP;
END;
$$;
INSERT INTO users (id, email, password_hash) VALUES
    (1, 'Ada@example.org', 'x'), (2, 'bob@example.org', 'x');
INSERT INTO user_sessions (id, user_id, session_token) VALUES (1, 1, 'token');
INSERT INTO user_activities (id, user_id, session_id, activity_type, action)
    VALUES (1, 1, 1, 'login', 'create');
INSERT INTO assets (id, symbol, name, asset_type) VALUES
    (1, 'BTC', 'Bitcoin', 'crypto'), (2, 'ETH', 'Ethereum', 'crypto');
INSERT INTO price_data
        (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
    VALUES (1, 1, '1h', 10, 12, 9, 11, '2024-03-01 10:00');
INSERT INTO price_data_archive
        (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
    VALUES (1, 1, '1h', 10, 12, 9, 11, '2023-03-01 10:00');
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'oracle', 'v1', 'asset');
INSERT INTO model_performance (id, model_id, evaluation_metric, evaluation_date)
    VALUES (1, 1, 'mae', '2024-03-01');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type) VALUES (1, 1, 1, 'price');
INSERT INTO ai_recommendations
        (id, target_entity_type, recommendation_type, recommendation_title)
    VALUES (1, 'strategy', 'learning', 'Wait for the close');
INSERT INTO metrics_snapshot (id, snapshot_time, timeframe) VALUES (1, '2024-03-01', '1d');
INSERT INTO market_regime_analysis (id, metrics_snapshot_id, ai_model_id, analysis_time, regime)
    VALUES (1, 1, 1, '2024-03-01', 'Bull');
INSERT INTO sectors (id, name) VALUES (1, 'DeFi'), (2, 'Gaming');
INSERT INTO metric_series (id, metric) VALUES (1, 'dxy');
INSERT INTO sector_index_states (id, sector_id, timeframe, candle_time, state) VALUES (1, 1, '1d', '2024-03-01', '');
INSERT INTO sector_history (id, sector_id, timeframe, candle_time)
    VALUES (1, 1, '1d', '2024-03-01');
INSERT INTO sector_mapping (id, asset_id, sector_id, is_primary_sector) VALUES (1, 1, 1, true);
INSERT INTO sector_analysis
        (id, metrics_snapshot_id, sector_id, timeframe, candle_time, analysis_time)
    VALUES (1, 1, 1, '7d', '2024-03-01', '2024-03-01');
INSERT INTO cross_sector_analysis (id, metrics_snapshot_id, analysis_time)
    VALUES (1, 1, '2024-03-01');
INSERT INTO sector_rotation_flows
        (id, cross_sector_analysis_id, from_sector_id, to_sector_id, score)
    VALUES (1, 1, 1, 2, 0.5);
INSERT INTO trading_signals (id, asset_id, prediction_id, signal_type) VALUES (1, 1, 1, 'long');
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type)
    VALUES (1, 1, 1, 'signal_generated');
INSERT INTO watchlists (id, name, watchlist_type, user_id)
    VALUES (1, 'Mine', 'personal', 1), (2, 'Top', 'default', NULL);
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type, added_by)
    VALUES (1, 1, 1, 'long', 2);
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type)
    VALUES (1, 1, 1, 'BTC', 'Crypto Asset');
INSERT INTO trade_actions
        (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source)
    VALUES (1, 1, 'buy', 10, 1, '1h', 'manual');
INSERT INTO system_health (id, check_time) VALUES (1, '2024-03-01');
INSERT INTO analytics_data (id, category, metric_name, metric_value)
    VALUES (1, 'performance', 'latency', 1);
INSERT INTO external_api_logs (id, api_provider, endpoint) VALUES (1, 'coingecko', '/ping');
INSERT INTO background_tasks (id, task_name, task_type) VALUES (1, 'nightly', 'cleanup');
INSERT INTO notifications (id, user_id, notification_type, title)
    VALUES (1, 1, 'system', 'Welcome');

-- Defaults of life cycles.
SELECT is((SELECT array_agg(status ORDER BY tab)
           FROM (SELECT 'a', status FROM ai_models UNION ALL
                 SELECT 'b', status FROM ai_recommendations UNION ALL
                 SELECT 'c', status FROM background_tasks UNION ALL
                 SELECT 'd', status FROM notifications UNION ALL
                 SELECT 'e', status FROM trading_signals UNION ALL
                 SELECT 'f', trade_status FROM portfolio) AS s (tab, status))::text[],
          ARRAY['active', 'pending', 'pending', 'unread', 'active', 'open'],
          'a status starts at the beginning of its life cycle');
UPDATE trade_actions SET signal_id = 1;
SELECT is((SELECT (is_realized, is_accurate, accuracy_threshold)::text FROM predictions),
          '(f,,5)', 'a new prediction is neither realized nor judged, its threshold 5 percent');
SELECT is((SELECT max_assets FROM watchlists WHERE id = 1), 25, 'a watchlist holds 25 assets');

-- Candles, live and archived.
CREATE FUNCTION pg_temp.candle(tab text, timeframe text, start text, open text, high text,
                               low text, close text, volume text DEFAULT 'NULL')
    RETURNS text LANGUAGE sql
RETURN pg_temp.verdict(format(
    'INSERT INTO %I (asset_id, timeframe, candle_time, open_price, high_price, low_price,
                     close_price, volume) VALUES (2, %L, %L, %L, %L, %L, %L, %s)',
    tab, timeframe, start, open, high, low, close, volume));

SELECT is(pg_temp.candle(tab, c.timeframe, c.start, c.open, c.high, c.low, c.close, c.volume),
          concat_ws(' ', c.state, tab || '_' || c.rule),
          format('%s: %s', tab, c.description))
FROM unnest(ARRAY['price_data', 'price_data_archive']) AS tab
CROSS JOIN (VALUES
    (1, '1h', '2024-03-01 10:00', '10', '12', '9', '11', '5', 'accepted', NULL,
     'a candle on its boundary is taken'),
    (2, '1h', '2024-03-01 10:30', '10', '12', '9', '11', '5', '23514', 'timeframe_start_check',
     'a candle off its boundary is refused'),
    (3, '1w', '2024-03-04', '10', '12', '9', '11', '5', 'accepted', NULL,
     'a week that starts on a Monday is taken'),
    (4, '1w', '2024-03-03', '10', '12', '9', '11', '5', '23514', 'timeframe_start_check',
     'a week that starts on a Sunday is refused'),
    (5, '1h', '2024-03-01 10:00+03:30', '10', '12', '9', '11', '5', '23514',
     'timeframe_start_check', 'boundaries are those of UTC'),
    (6, '7m', '2024-03-01 10:00', '10', '12', '9', '11', '5', '23514', 'timeframe_check',
     'an unknown timeframe is refused'),
    (7, '1H', '2024-03-01 10:00', '10', '12', '9', '11', '5', '23514', 'timeframe_check',
     'the case of a timeframe matters'),
    (8, '1h', 'infinity', '10', '12', '9', '11', '5', '23514', 'candle_time_check',
     'a candle at infinity is refused'),
    (9, '1h', '-infinity', '10', '12', '9', '11', '5', '23514', 'candle_time_check',
     'a candle at minus infinity is refused'),
    (10, '1h', '2024-03-01 10:00', '10', '8', '9', '10', '5', '23514', 'price_range_check',
     'a high below the low is refused'),
    (11, '1h', '2024-03-01 10:00', '10', '12', '9', '13', '5', '23514', 'price_range_check',
     'a close above the high is refused'),
    (12, '1h', '2024-03-01 10:00', '10', '12', '9', '8', '5', '23514', 'price_range_check',
     'a close below the low is refused'),
    (13, '1h', '2024-03-01 10:00', '13', '12', '9', '10', '5', '23514', 'price_range_check',
     'an open above the high is refused'),
    (14, '1h', '2024-03-01 10:00', '8', '12', '9', '10', '5', '23514', 'price_range_check',
     'an open below the low is refused'),
    (15, '1h', '2024-03-01 10:00', '10', 'NaN', '9', '11', '5', '23514', 'high_price_digits_check',
     'a high of NaN is refused'),
    (16, '1h', '2024-03-01 10:00', '10', '12', 'NaN', '11', '5', '23514', 'low_price_digits_check',
     'a low of NaN is refused'),
    (17, '1h', '2024-03-01 10:00', 'NaN', '12', '9', '11', '5', '23514', 'open_price_digits_check',
     'an open of NaN is refused'),
    (18, '1h', '2024-03-01 10:00', '10', '12', '9', 'NaN', '5', '23514', 'close_price_digits_check',
     'a close of NaN is refused'),
    (19, '1h', '2024-03-01 10:00', 'NaN', 'NaN', 'NaN', 'NaN', '5', '23514', 'close_price_digits_check',
     'NaN all over is refused'),
    (20, '1h', '2024-03-01 10:00', '-37.63', '13.1', '-40.32', '-37.63', '5', 'accepted', NULL,
     'negative prices are taken'),
    (21, '1h', '2024-03-01 10:00', '10', '10', '10', '10', '0', 'accepted', NULL,
     'a flat candle without trades is taken'),
    (22, '1h', '2024-03-01 10:00', '10', '12', '9', '11', 'NULL', 'accepted', NULL,
     'an unknown volume is taken'),
    (23, '1h', '2024-03-01 10:00', '10', '12', '9', '11', '-0.01', '23514', 'volume_check',
     'a negative volume is refused'),
    (24, '1h', '2024-03-01 10:00', '10', '12', '9', '11', $$'NaN'$$, '23514', 'volume_check',
     'a volume of NaN is refused')
) AS c (line, timeframe, start, open, high, low, close, volume, state, rule, description)
ORDER BY tab, c.line;

-- All other rules: the result, the rule, the statement.
CREATE TEMPORARY TABLE rules (
    line integer GENERATED ALWAYS AS IDENTITY, verdict text, description text, statement text
) ON COMMIT DROP;
INSERT INTO rules (verdict, description, statement) VALUES
('23505 price_data_asset_id_timeframe_candle_time_key',
 'an asset has one candle a timeframe and start',
 $$INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price,
   candle_time) VALUES (1, '1h', 1, 1, 1, 1, '2024-03-01 10:00')$$),
('23514 price_data_market_cap_check', 'a negative market capitalization is refused',
 'UPDATE price_data SET market_cap = -1'),
('23502 close_price', 'a candle has all four prices', 'UPDATE price_data SET close_price = NULL'),
('23502 candle_time', 'a candle has a start', 'UPDATE price_data SET candle_time = NULL'),
('23503 price_data_asset_id_fkey', 'an asset with candles stays', 'DELETE FROM assets WHERE id = 1'),
('accepted', 'an asset without candles and positions goes', 'DELETE FROM assets WHERE id = 2'),

('23505 users_email_key', 'addresses that differ in case alone are the same',
 $$INSERT INTO users (email, password_hash) VALUES ('ADA@EXAMPLE.ORG', 'x')$$),
('accepted', 'another address is taken',
 $$INSERT INTO users (email, password_hash) VALUES ('ada@example.com', 'x')$$),
('23502 email', 'a user has an address', 'UPDATE users SET email = NULL'),
('accepted', 'users without a referral code may be many', 'UPDATE users SET referral_code = NULL'),
('23505 users_referral_code_key', 'a referral code belongs to one user',
 $$UPDATE users SET referral_code = 'WELCOME'$$),
('23514 users_login_count_check', 'a negative login count is refused',
 'UPDATE users SET login_count = -1'),
('23514 users_failed_login_attempts_check', 'a negative count of failures is refused',
 'UPDATE users SET failed_login_attempts = -1'),
('23514 users_referral_count_check', 'a negative count of referrals is refused',
 'UPDATE users SET referral_count = -1'),
('23514 users_role_check', 'an unknown role is refused', $$UPDATE users SET role = 'owner'$$),
('23514 users_finite_check', 'an infinite balance is refused',
 $$UPDATE users SET account_balance = 'Infinity'$$),
('23505 user_sessions_session_token_key', 'a token belongs to one session',
 $$INSERT INTO user_sessions (user_id, session_token) VALUES (2, 'token')$$),
('23503 user_activities_session_id_fkey', 'a session with a trail stays', 'DELETE FROM user_sessions'),
('accepted', 'a user goes with sessions, trail, watchlists, positions and notifications',
 'DELETE FROM users WHERE id = 1'),

('23505 assets_symbol_key', 'a symbol belongs to one asset', $$UPDATE assets SET symbol = 'BTC'$$),
('23514 assets_access_count_check', 'a negative access count is refused',
 'UPDATE assets SET access_count = -1'),
('23514 assets_market_cap_rank_check', 'ranks start at 1', 'UPDATE assets SET market_cap_rank = 0'),
('accepted', 'a negative latest price is taken', 'UPDATE assets SET current_price = -37.63'),
('23514 assets_current_price_digits_check', 'a latest price of NaN is refused',
 $$UPDATE assets SET current_price = 'NaN'$$),
('23514 assets_atl_digits_check', 'NaN is refused beside NULLs too',
 $$UPDATE assets SET current_price = NULL, atl = 'NaN'$$),

('23505 ai_models_name_version_key', 'a version of a model exists once',
 $$INSERT INTO ai_models (name, version, model_type, is_active)
   VALUES ('oracle', 'v1', 'asset', false)$$),
('23505 ai_models_active_version_key', 'a model has one active version a type',
 $$INSERT INTO ai_models (name, version, model_type) VALUES ('oracle', 'v2', 'asset')$$),
('accepted', 'an inactive version stands beside the active one',
 $$INSERT INTO ai_models (name, version, model_type, is_active)
   VALUES ('oracle', 'v2', 'asset', false)$$),
('accepted', 'a model may be active for two types',
 $$INSERT INTO ai_models (name, version, model_type) VALUES ('oracle', 'v2', 'macro')$$),
('23503 predictions_ai_models_id_fkey', 'a model with predictions stays', 'DELETE FROM ai_models'),
('23505 model_performance_evaluation_key', 'a metric of a model has one value a date',
 $$INSERT INTO model_performance (model_id, evaluation_metric, evaluation_date)
   VALUES (1, 'mae', '2024-03-01')$$),
('23514 model_performance_evaluated_predictions_count_check',
 'a negative count of predictions is refused',
 'UPDATE model_performance SET evaluated_predictions_count = -1'),
('23514 predictions_confidence_score_check', 'a confidence above 1 is refused',
 'UPDATE predictions SET confidence_score = 1.01'),
('23514 predictions_finite_check', 'a predicted price of NaN is refused',
 $$UPDATE predictions SET predicted_price = 'NaN'$$),
('23514 predictions_finite_check', 'an infinite actual price is refused',
 $$UPDATE predictions SET actual_price = '-Infinity'$$),
('23514 predictions_squared_error_check', 'a negative squared error is refused',
 'UPDATE predictions SET squared_error = -1'),
('23514 predictions_prediction_horizon_check', 'a horizon lies ahead',
 'UPDATE predictions SET prediction_horizon = 0'),
('accepted', 'deleting a prediction leaves its signals', 'DELETE FROM predictions'),

('23505 metrics_snapshot_timeframe_snapshot_time_key', 'a timeframe has one snapshot a time',
 $$INSERT INTO metrics_snapshot (snapshot_time, timeframe) VALUES ('2024-03-01', '1d')$$),
('accepted', 'a return of 10 percent and more fits',
 'UPDATE metrics_snapshot SET weekly_return = 12.5, monthly_return = -99.9999'),
('23502 regime', 'an analysis names a regime', 'UPDATE market_regime_analysis SET regime = NULL'),

('23505 sectors_name_key', 'a sector has its name to itself', $$UPDATE sectors SET name = 'DeFi'$$),
('accepted', 'a sector has three top coins', 'UPDATE sectors SET top_3_coins_id = ARRAY[1, 2, 3]'),
('accepted', 'a sector may have no top coins yet', $$UPDATE sectors SET top_3_coins_id = '{}'$$),
('23514 sectors_top_3_coins_id_check', 'a fourth top coin is refused',
 'UPDATE sectors SET top_3_coins_id = ARRAY[1, 2, 3, 4]'),
('23514 sectors_top_3_coins_id_check', 'an unknown top coin is refused',
 'UPDATE sectors SET top_3_coins_id = ARRAY[1, NULL, 3]'),
('23505 sector_history_sector_id_timeframe_candle_time_key',
 'a sector has one record a timeframe and time',
 $$INSERT INTO sector_history (sector_id, timeframe, candle_time) VALUES (1, '1d', '2024-03-01')$$),
('23505 sector_mapping_primary_sector_key', 'an asset has one primary sector',
 'INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector) VALUES (1, 2, true)'),
('accepted', 'an asset has other sectors beside the primary one',
 'INSERT INTO sector_mapping (asset_id, sector_id) VALUES (1, 2)'),
('23505 sector_mapping_asset_id_sector_id_key', 'an asset belongs to a sector once',
 'INSERT INTO sector_mapping (asset_id, sector_id) VALUES (1, 1)'),
('accepted', 'a sector of 100 billion USD fits',
 'UPDATE sector_analysis SET sector_market_cap = 100000000000'),
('23514 sector_rotation_flows_sectors_check', 'capital does not flow from a sector to itself',
 'UPDATE sector_rotation_flows SET to_sector_id = from_sector_id'),
('23505 sector_rotation_flows_from_to_key', 'an analysis has one flow a pair of sectors',
 'INSERT INTO sector_rotation_flows (cross_sector_analysis_id, from_sector_id, to_sector_id, score)
  VALUES (1, 1, 2, 0.1)'),

('accepted', 'a long signal stops below its entry and aims above it',
 'UPDATE trading_signals SET stop_loss = 9, entry_price = 10, target_price = 12'),
('23514 trading_signals_levels_check', 'a long signal that stops above its entry is refused',
 'UPDATE trading_signals SET stop_loss = 11, entry_price = 10, target_price = 12'),
('23514 trading_signals_levels_check', 'a long signal that aims at its entry is refused',
 'UPDATE trading_signals SET stop_loss = 9, entry_price = 10, target_price = 10'),
('23514 trading_signals_levels_check', 'stop and target are compared without an entry too',
 'UPDATE trading_signals SET stop_loss = 12, target_price = 10'),
('accepted', 'a short signal stops above its entry and aims below it',
 $$UPDATE trading_signals SET signal_type = 'short', stop_loss = 11, entry_price = 10,
   target_price = 8$$),
('23514 trading_signals_levels_check', 'a short signal that aims above its entry is refused',
 $$UPDATE trading_signals SET signal_type = 'short', stop_loss = 11, entry_price = 10,
   target_price = 10.5$$),
('23514 trading_signals_finite_check', 'an infinite target is refused',
 $$UPDATE trading_signals SET target_price = 'Infinity'$$),

('23514 watchlists_owner_check', 'a default watchlist belongs to nobody',
 'UPDATE watchlists SET user_id = 1 WHERE id = 2'),
('23514 watchlists_owner_check', 'a personal watchlist belongs to somebody',
 'UPDATE watchlists SET user_id = NULL WHERE id = 1'),
('23514 watchlists_max_assets_check', 'a watchlist with room for nothing is refused',
 'UPDATE watchlists SET max_assets = 0'),
('23514 watchlist_assets_position_check', 'a negative rank is refused',
 'UPDATE watchlist_assets SET position = -1'),
('23505 watchlist_assets_watchlist_id_asset_id_position_type_key',
 'an asset is watched once a position type',
 $$INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type) VALUES (1, 1, 'long')$$),
('accepted', 'an asset is watched for both position types',
 $$INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type) VALUES (1, 1, 'short')$$),
('23514 portfolio_asset_check', 'a position in nothing known is refused',
 $$INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (90, 1, NULL, 'X', 'Crypto Asset')$$),
('accepted', 'a position in an external asset is taken',
 $$INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, external_asset_info) VALUES (90, 1, NULL, 'X', 'Crypto Asset', '{"name": "House"}')$$),
('23514 portfolio_asset_traded asset_id', 'another asset for a position with actions is refused',
 'UPDATE portfolio SET asset_id = NULL WHERE id IN (SELECT portfolio_id FROM trade_actions)'),
('23514 portfolio_quantity_check', 'a negative quantity held is refused',
 $$INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, quantity)
   VALUES (2, 1, 1, 'BTC', 'Crypto Asset', -1)$$),
('accepted', 'a realized loss is taken',
 $$INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, pnl_realized_usd)
   VALUES (2, 1, 1, 'BTC', 'Crypto Asset', -100)$$),
('23514 trade_actions_quantity_check', 'buying nothing is refused',
 'UPDATE trade_actions SET quantity = 0'),
('accepted', 'moving a stop trades nothing',
 $$UPDATE trade_actions SET quantity = 0, action_type = 'modify_sl'$$),
('accepted', 'moving a target trades nothing',
 $$UPDATE trade_actions SET quantity = 0, action_type = 'modify_tp'$$),
('23514 trade_actions_quantity_check', 'a negative quantity is refused for any action',
 $$UPDATE trade_actions SET quantity = -1, action_type = 'modify_sl'$$),
('23514 trade_actions_quantity_check', 'a quantity of NaN is refused',
 $$UPDATE trade_actions SET quantity = 'NaN'$$),
('accepted', 'a negative fee, a rebate, is taken', 'UPDATE trade_actions SET fees_paid = -0.5'),

('accepted', 'a task completes when it starts or later',
 $$UPDATE background_tasks SET started_at = '2024-03-01', completed_at = '2024-03-01'$$),
('23514 background_tasks_times_check', 'a task that completes before it starts is refused',
 $$UPDATE background_tasks SET started_at = '2024-03-02', completed_at = '2024-03-01'$$),
('23514 notifications_read_at_check', 'a notification read at no time is refused',
 $$INSERT INTO notifications (user_id, notification_type, title, status)
   VALUES (1, 'system', 'Seen', 'read')$$),
('accepted', 'a notification read at some time is taken',
 $$UPDATE notifications SET status = 'read', read_at = '2024-03-01'$$),
('23514 external_api_logs_response_status_check', 'a status code that HTTP does not have is refused',
 'UPDATE external_api_logs SET response_status = 42'),
('23503 notifications_user_id_fkey', 'a notification goes to a user who exists',
 'UPDATE notifications SET user_id = 99');

SELECT is(pg_temp.verdict(statement), verdict, description) FROM rules ORDER BY line;

-- Assets of sectors.
SELECT ok(assets_exist(ARRAY[1, 2]), 'assets_exist() finds assets that exist');
SELECT ok(NOT assets_exist(ARRAY[1, 99]), 'assets_exist() misses an asset that does not exist');
SELECT ok(NOT assets_exist(ARRAY[1, NULL]), 'assets_exist() takes no NULL for an asset');
SELECT ok(assets_exist('{}'), 'assets_exist() is true for no assets at all');
SELECT is(assets_exist(NULL), NULL, 'assets_exist() of NULL is NULL');

-- updated_at, in every table that has it: an UPDATE that changes nothing leaves it, one that changes something sets it.
CREATE FUNCTION pg_temp.touching(tab text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    idle text;
    changed text;
BEGIN
    EXECUTE format('ALTER TABLE %I DISABLE TRIGGER %I', tab, tab || '_touch');
    EXECUTE format('UPDATE %I SET updated_at = %L', tab, '2000-01-01');
    EXECUTE format('ALTER TABLE %I ENABLE TRIGGER %I', tab, tab || '_touch');
    EXECUTE format('UPDATE %I SET id = id', tab);
    EXECUTE format('SELECT min(updated_at) = max(updated_at) AND min(updated_at) = %L FROM %I',
                   '2000-01-01', tab) INTO idle;
    EXECUTE format('UPDATE %I SET created_at = %L', tab, '2001-01-01');
    EXECUTE format('SELECT bool_and(updated_at = now()) FROM %I', tab) INTO changed;
    RETURN concat_ws(' ', 'left:', idle, 'touched:', changed);
END;
$$;
SELECT is(pg_temp.touching(c.table_name::text), 'left: true touched: true',
          c.table_name || ' touches updated_at when a row changes, and only then')
FROM information_schema.columns AS c
WHERE c.table_schema = 'cryptoanalytics' AND c.column_name = 'updated_at'
  AND c.table_name IN (SELECT table_name FROM information_schema.tables
                       WHERE table_schema = 'cryptoanalytics' AND table_type = 'BASE TABLE')
ORDER BY c.table_name;

-- What a deletion leaves.
DELETE FROM users WHERE id = 2;
SELECT is((SELECT added_by FROM watchlist_assets), NULL,
          'an entry outlives the user who added it');
DELETE FROM predictions;
SELECT is((SELECT prediction_id FROM trading_signals), NULL,
          'a signal outlives its prediction');

SELECT * FROM finish();
ROLLBACK;
