-- A million alerts on 2,000 assets, one new candle each: check_alerts() beside reading the alerts.
--   createdb alerts && psql -d alerts -c 'CREATE EXTENSION cryptoanalytics' -f bench/alerts.sql
\set ON_ERROR_STOP on
SET client_min_messages = warning;
INSERT INTO users (id, email, password_hash) SELECT i, i || '@example.org', 'x' FROM generate_series(1, 10000) AS i;
INSERT INTO assets (id, symbol, name, asset_type) SELECT i, 'A' || i, 'Asset ' || i, 'crypto' FROM generate_series(1, 2000) AS i;
-- 60 hours of candles in 97..103 around closes of 99..101, and a last one that is new
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT a, '1h', timestamptz '2024-01-01+00' + h * interval '1 hour', 100,
       101 + abs(hashint8extended(a * 100 + h, 1)) % 201 / 100.0, 99 - abs(hashint8extended(a * 100 + h, 2)) % 201 / 100.0,
       99 + abs(hashint8extended(a * 100 + h, 3)) % 201 / 100.0, 1000 + abs(hashint8extended(a * 100 + h, 4)) % 1000
FROM generate_series(1, 2000) AS a, generate_series(0, 60) AS h;
-- half of the alerts on prices from 50 to 150, the others on changes, volumes and signals
INSERT INTO signal_alerts (user_id, asset_id, alert_type, condition, trigger_value, created_at)
SELECT 1 + i % 10000, 1 + i % 2000, k.alert_type, k.condition,
       CASE WHEN k.alert_type = 'volume_spike' THEN 1.5 + abs(hashint8extended(i, 5)) % 1000 / 100.0
            WHEN k.condition = 'percentage_change' THEN abs(hashint8extended(i, 6)) % 10000 / 100.0 - 50
            ELSE 50 + abs(hashint8extended(i, 7)) % 10001 / 100.0 END,
       '2024-01-03 11:30+00'
FROM generate_series(1, 1000000) AS i
JOIN (VALUES (0, 'price_target', 'above'), (1, 'price_target', 'below'), (2, 'price_target', 'equals'),
             (3, 'price_target', 'percentage_change'), (4, 'volume_spike', NULL), (5, 'signal_generated', NULL))
     AS k (k, alert_type, condition) ON k.k = abs(hashint8extended(i, 8)) % 6;
INSERT INTO trading_signals (asset_id, signal_type, created_at)
SELECT i, 'long', '2024-01-03 12:30+00' FROM generate_series(1, 2000, 100) AS i;
VACUUM ANALYZE;
\timing on
-- the first check makes the marks, of candles that end at 12:00
SELECT check_alerts('2024-01-03 12:00+00');
VACUUM ANALYZE;
-- nothing is new
SELECT check_alerts('2024-01-03 12:30+00');
-- one candle each and twenty signals; three times
BEGIN; SELECT check_alerts('2024-01-03 13:00+00'); ROLLBACK;
BEGIN; SELECT check_alerts('2024-01-03 13:00+00'); ROLLBACK;
BEGIN; SELECT check_alerts('2024-01-03 13:00+00'); ROLLBACK;
-- what can fire, read and nothing else
SELECT count(*), count(a.trigger_value) FROM cryptoanalytics_internal.ca_alert_hits(ARRAY(SELECT asset_id FROM alert_marks), '2024-01-03 13:00+00') AS h JOIN signal_alerts AS a ON a.id = h.alert_id;
-- all that wait, read once
SELECT count(*) FROM signal_alerts WHERE is_active AND NOT is_triggered AND trigger_value > 0;
SELECT expire_alerts('2024-01-03 12:30+00'), expire_signals('2024-01-03 12:30+00');
