-- Queries that an application runs all the time use an index.
--
-- Every table is filled with rows computed from their number, so the planner sees the same data each time; there are
-- enough of them that reading a whole table would cost more.
BEGIN;
SELECT plan(48);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

INSERT INTO users (id, email, password_hash)
    SELECT n, 'user' || n || '@example.org', 'x' FROM generate_series(1, 2000) AS n;
INSERT INTO user_sessions (id, user_id, session_token)
    SELECT n, 1 + n % 2000, md5(n::text) FROM generate_series(1, 20000) AS n;
INSERT INTO user_activities (user_id, session_id, activity_type, action, created_at)
    SELECT 1 + n % 2000, n, 'login', 'view', timestamptz '2024-01-01' + n * interval '1 minute'
    FROM generate_series(1, 20000) AS n;
INSERT INTO assets (id, symbol, name, asset_type, description, market_cap, market_cap_rank,
                    is_supported)
    SELECT n, 'A' || n, 'Asset ' || n, 'crypto', repeat('x', 500), 1e12 / n, n, n % 5 <> 0
    FROM generate_series(1, 20000) AS n;

-- 100 assets with 1,200 hours and 50 days each; the 500 hours before are archived.
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price,
                        volume, candle_time)
    SELECT a, '1h', 100 + h % 7, 110, 90, 100 + h % 11, h,
           timestamptz '2024-01-01' + h * interval '1 hour'
    FROM generate_series(0, 1199) AS h, generate_series(1, 100) AS a;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price,
                        volume, candle_time)
    SELECT a, '1d', 100, 110, 90, 100, d, timestamptz '2024-01-01' + d * interval '1 day'
    FROM generate_series(0, 49) AS d, generate_series(1, 100) AS a;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price,
                                close_price, volume, candle_time)
    SELECT a, '1h', 100 + h % 7, 110, 90, 100 + h % 11, h,
           timestamptz '2024-01-01' - h * interval '1 hour'
    FROM generate_series(1, 500) AS h, generate_series(1, 100) AS a;

INSERT INTO ai_models (id, name, version, model_type, is_active)
    SELECT n, 'model', 'v' || n, 'asset', n = 1 FROM generate_series(1, 50) AS n;
INSERT INTO model_performance (model_id, evaluation_metric, metric_value, evaluation_date)
    SELECT 1 + n % 50, (ARRAY['mae', 'mse', 'rmse', 'sharpe_ratio'])[1 + n / 50 % 4], n,
           timestamptz '2024-01-01' + n / 200 * interval '1 day'
    FROM generate_series(0, 19999) AS n;
-- One prediction in twenty is not scored yet; half of those have a target in the future.
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, is_realized,
                         evaluated_at, accuracy_percentage, target_datetime, created_at)
    SELECT 1 + n % 1000, 1 + n % 50, 'price', n, n % 20 <> 0,
           CASE WHEN n % 20 <> 0 THEN timestamptz '2024-01-01' + n * interval '1 minute' END,
           CASE WHEN n % 20 <> 0 THEN n % 101 END,
           now() + CASE n / 20 % 2 WHEN 0 THEN -1 ELSE 1 END * n * interval '1 minute',
           timestamptz '2024-01-01' + n * interval '1 minute'
    FROM generate_series(1, 30000) AS n;

INSERT INTO metrics_snapshot (id, snapshot_time, timeframe)
    SELECT n, timestamptz '2020-01-01' + n / 3 * interval '1 hour',
           (ARRAY['1h', '4h', '1d'])[1 + n % 3]
    FROM generate_series(0, 19999) AS n;
INSERT INTO market_regime_analysis (metrics_snapshot_id, analysis_time, regime)
    SELECT n, timestamptz '2020-01-01' + n * interval '1 hour', 'Bull'
    FROM generate_series(0, 19999) AS n;
INSERT INTO sectors (id, name)
    SELECT n, 'Sector ' || n FROM generate_series(1, 50) AS n;
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector)
    SELECT 1 + n, 1 + n % 50, true FROM generate_series(0, 9999) AS n;
-- A day is analysed every hour, a week every day, a month every week.
INSERT INTO sector_analysis (metrics_snapshot_id, sector_id, timeframe, candle_time,
                             analysis_time, analysis_data)
    SELECT h.n, s, p.timeframe, timeframe_bucket('1d', h.at), h.at,
           jsonb_build_object('notes', repeat('x', 500))
    FROM (SELECT n, timestamptz '2020-01-01' + n * interval '1 hour'
          FROM generate_series(0, 799) AS n) AS h (n, at),
         (VALUES ('1d', 1), ('7d', 24), ('30d', 168)) AS p (timeframe, hours),
         generate_series(1, 50) AS s
    WHERE h.n % p.hours = 0;

INSERT INTO trading_signals (asset_id, signal_type, status, expires_at, created_at)
    SELECT 1 + n % 5000, 'long', CASE WHEN n % 50 = 0 THEN 'active' ELSE 'expired' END,
           now() + (n - 10000) * interval '1 minute', now() - n * interval '1 minute'
    FROM generate_series(1, 20000) AS n;
INSERT INTO signal_alerts (user_id, asset_id, alert_type, is_triggered)
    SELECT 1 + n % 2000, 1 + n % 100, 'price_target', n % 20 <> 0
    FROM generate_series(1, 20000) AS n;
INSERT INTO watchlists (id, name, watchlist_type, user_id)
    SELECT n, 'List', 'personal', n FROM generate_series(1, 2000) AS n;
INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, position, is_active)
    SELECT w, 1 + (w + p) % 100, 'long', p, p % 4 <> 0
    FROM generate_series(1, 2000) AS w, generate_series(1, 20) AS p;
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, trade_status)
    SELECT n, 1 + n % 2000, 1 + n % 5000, 'A' || 1 + n % 5000, 'Crypto Asset',
           CASE WHEN n % 10 = 0 THEN 'open' ELSE 'closed' END
    FROM generate_series(1, 20000) AS n;
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe,
                           action_source, created_at)
    SELECT 1 + n % 2000, 'buy', 100, 1, '1h', 'manual',
           timestamptz '2024-01-01' + n * interval '1 minute'
    FROM generate_series(1, 20000) AS n;
INSERT INTO notifications (user_id, notification_type, title, status, read_at)
    SELECT 1 + n % 2000, 'alert', 'Price', CASE WHEN n % 10 = 0 THEN 'unread' ELSE 'read' END,
           CASE WHEN n % 10 <> 0 THEN timestamptz '2024-01-01' END
    FROM generate_series(1, 20000) AS n;

ANALYZE users, user_sessions, user_activities, assets, price_data, price_data_archive, ai_models,
        model_performance, predictions, metrics_snapshot, market_regime_analysis, sectors,
        sector_mapping, sector_analysis, trading_signals, signal_alerts, watchlists,
        watchlist_assets, portfolio, trade_actions, notifications;

CREATE TEMPORARY TABLE hot (
    number integer, question text, indexes text[], query text
) ON COMMIT DROP;
INSERT INTO hot VALUES
(1, 'the latest candles of an asset',
 ARRAY['price_data_asset_id_timeframe_candle_time_key'],
 $$SELECT * FROM price_data WHERE asset_id = 42 AND timeframe = '1h'
   ORDER BY candle_time DESC LIMIT 200$$),
(2, 'the candles of an asset over a time, live and archived',
 ARRAY['price_data_archive_asset_id_timeframe_candle_time_key',
       'price_data_asset_id_timeframe_candle_time_key'],
 $$SELECT * FROM price_data
   WHERE asset_id = 42 AND timeframe = '1h'
     AND candle_time >= '2023-12-25' AND candle_time < '2024-01-08'
   UNION ALL
   SELECT * FROM price_data_archive
   WHERE asset_id = 42 AND timeframe = '1h'
     AND candle_time >= '2023-12-25' AND candle_time < '2024-01-08'
   ORDER BY candle_time$$),
(3, 'a watchlist with the latest candle of each asset',
 ARRAY['assets_pkey', 'price_data_asset_id_timeframe_candle_time_key',
       'watchlist_assets_active_idx'],
 $$SELECT a.symbol, p.close_price
   FROM watchlist_assets AS w
   JOIN assets AS a ON a.id = w.asset_id
   CROSS JOIN LATERAL (SELECT * FROM price_data AS p
                       WHERE p.asset_id = a.id AND p.timeframe = '1h'
                       ORDER BY p.candle_time DESC LIMIT 1) AS p
   WHERE w.watchlist_id = 42 AND w.is_active ORDER BY w.position$$),
(4, 'the timeframes of an asset and their extent',
 ARRAY['price_data_asset_id_timeframe_candle_time_key'],
 $$SELECT timeframe, count(*), min(candle_time), max(candle_time)
   FROM price_data WHERE asset_id = 42 GROUP BY timeframe$$),
(5, 'the latest snapshot of a timeframe',
 ARRAY['metrics_snapshot_timeframe_snapshot_time_key'],
 $$SELECT * FROM metrics_snapshot WHERE timeframe = '1d'
   ORDER BY snapshot_time DESC LIMIT 1$$),
(6, 'the latest regime',
 ARRAY['market_regime_analysis_analysis_time_idx'],
 $$SELECT * FROM market_regime_analysis ORDER BY analysis_time DESC LIMIT 1$$),
(7, 'the latest analysis of every sector',
 ARRAY['sector_analysis_latest_idx'],
 $$SELECT DISTINCT ON (sector_id) * FROM sector_analysis
   WHERE timeframe = '7d' ORDER BY sector_id, analysis_time DESC$$),
(8, 'the assets of a sector, largest first',
 ARRAY['assets_pkey', 'sector_mapping_sector_id_asset_id_idx'],
 $$SELECT a.* FROM sector_mapping AS m JOIN assets AS a ON a.id = m.asset_id
   WHERE m.sector_id = 7 ORDER BY a.market_cap DESC$$),
(9, 'the signals that are live',
 ARRAY['trading_signals_live_idx'],
 $$SELECT * FROM trading_signals WHERE status = 'active' AND expires_at > now()
   ORDER BY created_at DESC$$),
(10, 'the predictions that are due',
 ARRAY['predictions_due_idx'],
 $$SELECT * FROM predictions WHERE NOT is_realized AND target_datetime <= now()
   ORDER BY target_datetime FOR UPDATE SKIP LOCKED$$),
(11, 'the latest prediction for an asset',
 ARRAY['predictions_asset_id_created_at_idx'],
 $$SELECT * FROM predictions WHERE asset_id = 42 ORDER BY created_at DESC LIMIT 1$$),
(12, 'the accuracy of a model since a moment',
 ARRAY['predictions_ai_models_id_evaluated_at_idx'],
 $$SELECT avg(accuracy_percentage) FROM predictions
   WHERE ai_models_id = 7 AND is_realized AND evaluated_at > '2024-01-15'$$),
(13, 'the latest values of a metric of a model',
 ARRAY['model_performance_evaluation_key'],
 $$SELECT * FROM model_performance WHERE model_id = 7 AND evaluation_metric = 'mae'
   ORDER BY evaluation_date DESC LIMIT 30$$),
(14, 'the alerts of an asset that are still to go off',
 ARRAY['signal_alerts_pending_idx or signal_alerts_value_idx'],
 $$SELECT * FROM signal_alerts WHERE asset_id = 41 AND is_active AND NOT is_triggered$$),
(15, 'the positions of a user that are not closed',
 ARRAY['assets_pkey', 'portfolio_open_idx'],
 $$SELECT * FROM portfolio AS p LEFT JOIN assets AS a ON a.id = p.asset_id
   WHERE p.user_id = 41 AND p.trade_status <> 'closed'$$),
(16, 'the actions on a position in their order',
 ARRAY['trade_actions_portfolio_id_created_at_id_idx'],
 $$SELECT * FROM trade_actions WHERE portfolio_id = 42 ORDER BY created_at, id$$),
(17, 'the number of unread notifications of a user',
 ARRAY['notifications_unread_idx'],
 $$SELECT count(*) FROM notifications WHERE user_id = 41 AND status = 'unread'$$),
(18, 'a session by its token',
 ARRAY['user_sessions_session_token_key'],
 $$SELECT * FROM user_sessions WHERE session_token = 'a1d0c6e83f027327d8461063f4ac58a6'$$),
(19, 'the largest assets',
 ARRAY['assets_market_cap_rank_idx'],
 $$SELECT * FROM assets WHERE is_active AND is_supported ORDER BY market_cap_rank LIMIT 50$$),
(20, 'the latest activities of a user',
 ARRAY['user_activities_user_id_created_at_idx'],
 $$SELECT * FROM user_activities WHERE user_id = 42 ORDER BY created_at DESC LIMIT 50$$),
(21, 'the alerts that a candle reaches',
 ARRAY['signal_alerts_value_idx'],
 $$SELECT * FROM signal_alerts WHERE asset_id = 41 AND is_active AND NOT is_triggered
   AND ca_alert_kind(alert_type, condition) = 'above' AND ca_order_key(trigger_value) BETWEEN 100 AND 101$$),
(22, 'the alerts that have expired',
 ARRAY['signal_alerts_expires_at_idx'],
 $$SELECT * FROM signal_alerts WHERE is_active AND NOT is_triggered AND expires_at <= now()$$),
(23, 'the latest signal of an asset',
 ARRAY['trading_signals_asset_id_created_at_idx'],
 $$SELECT max(created_at) FROM trading_signals WHERE asset_id = 41 AND created_at <= now()$$),
(24, 'the newest closed candle of each series of an asset, as a refresh looks it up',
 ARRAY['assets_pkey', 'price_data_archive_asset_id_timeframe_candle_time_key',
       'price_data_asset_id_timeframe_candle_time_key'],
 $$SELECT * FROM ca_newest_candles(42, NULL, '2024-02-01 00:30')$$);

CREATE FUNCTION pg_temp.explain(query text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    EXECUTE 'EXPLAIN (FORMAT JSON) ' || explain.query INTO answer;
    RETURN answer;
END;
$$;
ALTER TABLE hot ADD COLUMN explained jsonb;
UPDATE hot SET explained = pg_temp.explain(query);

SELECT is(ARRAY(SELECT DISTINCT node ->> 'Relation Name'
                FROM jsonb_path_query(explained, 'strict $.**') AS node
                WHERE node ->> 'Node Type' = 'Seq Scan'),
          '{}', format('query %s, %s, reads no table from end to end', number, question))
FROM hot ORDER BY number;

-- 'a or b' accepts either
SELECT ok(NOT EXISTS (SELECT FROM unnest(indexes) AS i (name)
                      WHERE NOT string_to_array(i.name, ' or ') && ARRAY(
                          SELECT node ->> 'Index Name' FROM jsonb_path_query(explained, 'strict $.**') AS node)),
          format('query %s, %s, reads %s', number, question,
                 array_to_string(indexes, ', ')))
FROM hot ORDER BY number;

SELECT * FROM finish();
ROLLBACK;
