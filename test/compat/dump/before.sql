-- A database with something to lose: candles live, archived and compressed, states of indicators, a pending change. Run
-- it before pg_dump; after.sql tests what pg_restore made.
SET search_path = cryptoanalytics, public;

INSERT INTO assets (symbol, name, asset_type) VALUES ('DUMP', 'Dumped', 'crypto'), ('LATE', 'Late', 'crypto'), ('BARE', 'Without indicators', 'crypto'),
    ('KEPT', 'With indicators', 'crypto');

CREATE FUNCTION public.put(asset integer, first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cryptoanalytics.price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
    SELECT asset, '1h', timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', p, p + 2, p - 2, p + 0.5
    FROM generate_series(first, last) AS i, LATERAL (SELECT 100 + abs(hashint8extended(i, 1)) % 40 AS p) AS m
    ORDER BY i;
$$;
SELECT put(a.id, 0, 399) FROM assets AS a;
-- Two series go directly into segments.
SELECT update_technical_indicators(asset_id('KEPT'));
SET cryptoanalytics.compress_archive = on;
CALL archive_price_data(older_than => '2024-01-04 00:00+00', timeframe => '1h', asset => asset_id('BARE'));
CALL archive_price_data(older_than => '2024-01-04 00:00+00', timeframe => '1h', asset => asset_id('KEPT'), keep_indicators => true);
RESET cryptoanalytics.compress_archive;
CALL archive_price_data(older_than => '2024-01-05 00:00+00', timeframe => '1h');
SELECT update_technical_indicators();
-- The archive of one series is compressed, and a late candle waits beside its segment.
CALL compress_price_archive(older_than => '2024-01-04 00:00+00', asset => asset_id('DUMP'));
SELECT delete_compressed_candle(asset_id('DUMP'), '1h', '2024-01-02 05:00+00');
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (asset_id('DUMP'), '1h', '2024-01-02 05:00+00', 100, 102, 98, 100.5);
SELECT update_technical_indicators();

-- The second series has a change that no update has seen.
UPDATE price_data SET close_price = close_price + 0.25
WHERE asset_id = asset_id('LATE') AND candle_time = '2024-01-10 00:00+00';

-- Accounts: derived counts, one from before they were derived; sessions that are in use, ended and purged.
INSERT INTO users (email, password_hash) VALUES ('one@example.org', 'x'), ('two@example.org', 'x');
INSERT INTO users (email, password_hash, referred_by)
VALUES ('three@example.org', 'x', 1), ('four@example.org', 'x', 1), ('five@example.org', 'x', 3);
ALTER TABLE users DISABLE TRIGGER users_referrals_updated;
UPDATE users SET referral_count = 7 WHERE id = 2;
ALTER TABLE users ENABLE TRIGGER users_referrals_updated;
DO $$
BEGIN
    PERFORM record_login(1, false, '2024-01-01 12:00+00') FROM generate_series(1, 3);
    PERFORM record_login(2, true, '2024-01-01 12:00+00');
    PERFORM open_session(1, 'token', 'refresh', moment => '2024-01-01 12:00+00');
    PERFORM open_session(2, 'ended', moment => '2024-01-01 12:00+00');
    PERFORM end_session('ended');
    PERFORM open_session(2, 'expired', 'refresh', '2024-01-02', moment => '2024-01-01 12:00+00');
    PERFORM purge_sessions('2024-01-03');
    PERFORM delete_user(4, 1, '2024-02-01');
END;
$$;

-- A watchlist and a notification as before 0.5.0: gaps, too many assets, unread with a time of reading.
INSERT INTO watchlists (id, name, watchlist_type, max_assets) VALUES (1, 'Old', 'default', 1), (2, 'New', 'default', 2);
SET session_replication_role = replica;
INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, position)
SELECT 1, a.id, 'long', 10 - 4 * a.id FROM assets AS a WHERE a.id <= 2;
INSERT INTO notifications (id, user_id, notification_type, title, read_at) VALUES (10, 1, 'alert', 'Old', '2024-01-01');
RESET session_replication_role;
INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, position) SELECT 2, a.id, 'long', 1 FROM assets AS a WHERE a.id <= 2 ORDER BY a.id;
INSERT INTO ai_recommendations (target_entity_type, recommendation_type, recommendation_title, status) VALUES ('strategy', 'learning', 'Old', 'implemented');
-- Alerts, one of which has fired; a signal without a ratio, still active although a trade names it.
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, created_at)
SELECT i, 1, asset_id('DUMP'), 'price_target', 'above', 120 + 1000 * i, '2024-01-10 00:00+00' FROM generate_series(0, 1) AS i;
SELECT check_alerts('2024-01-12 00:00+00');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (10, 1, asset_id('DUMP'), 'DUMP', 'Crypto Asset');
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss) VALUES (1, asset_id('DUMP'), 'long', 100, 130, 90);
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source, signal_id) VALUES (10, 'buy', 100, 1, '1h', 'ai_signal', 1);
ALTER TABLE trading_signals DISABLE TRIGGER USER;
UPDATE trading_signals SET status = 'active', risk_reward_ratio = NULL;
ALTER TABLE trading_signals ENABLE TRIGGER USER;

-- Rows from before the triggers, which would change them today.
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'dumped', 'v1', 'asset'), (2, 'dumped', 'v2', 'timing');
INSERT INTO predictions (asset_id, ai_models_id, prediction_type) VALUES (asset_id('DUMP'), 1, 'price'), (asset_id('DUMP'), 2, 'price');
UPDATE ai_models SET last_prediction = NULL WHERE id = 1;
UPDATE ai_models SET last_prediction = '2024-01-01 00:00+00' WHERE id = 2;
INSERT INTO background_tasks (task_name, task_type, status, execution_time_seconds)
VALUES ('a', 'cleanup', 'pending', 1), ('b', 'cleanup', 'running', NULL), ('c', 'cleanup', 'completed', 2), ('d', 'cleanup', 'failed', NULL);
INSERT INTO external_api_logs (api_provider, endpoint, response_time_ms, created_at) VALUES ('p', '/e', 5, '2024-01-01 00:10+00');
SELECT roll_up_api_logs(l, as_of => '2024-03-01 00:00+00') FROM unnest(ARRAY['hourly', 'daily', 'weekly', 'monthly']) AS l;

-- Positions: one that follows from its actions, one closed, one entered by hand whose actions give other values, as a
-- position from before the rules may have.
INSERT INTO portfolio (user_id, asset_id, asset_symbol, asset_type)
SELECT 1, asset_id('DUMP'), 'DUMP', CASE i WHEN 2 THEN 'Short Position' ELSE 'Crypto Asset' END FROM generate_series(1, 3) AS i ORDER BY i;
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, fees_paid, timeframe, action_source, created_at)
VALUES (1, 'buy', 10, 3, 0.5, '1h', 'manual', '2024-01-01'), (1, 'sell', 12, 1, 0.5, '1h', 'manual', '2024-01-02'),
       (2, 'entry', 10, 2, 0, '1h', 'manual', '2024-01-01'), (2, 'full_exit', 7, 2, 0, '1h', 'manual', '2024-01-02'),
       (3, 'buy', 10, 1, 0, '1h', 'manual', '2024-01-01');
ALTER TABLE portfolio DISABLE TRIGGER portfolio_derived;
UPDATE portfolio SET quantity = 5, entry_price = 4 WHERE id = 3;
ALTER TABLE portfolio ENABLE TRIGGER portfolio_derived;

-- Assets: figures, and how far refresh_assets() has read.
DO $$ BEGIN PERFORM refresh_assets('2024-01-17 10:00+00'); PERFORM record_asset_access(asset_id('DUMP'), '1h', '2024-01-17+00'); END $$;

-- Rights are restored, and apply as before.
CREATE ROLE dumped_analyst;
CREATE ROLE dumped_application;
SELECT grant_analyst('dumped_analyst'), grant_application('dumped_application');
