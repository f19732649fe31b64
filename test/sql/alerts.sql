-- Alerts: what fires them, at which candle, once.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'America/New_York';
SET datestyle = 'ISO';
BEGIN;
INSERT INTO users (id, email, password_hash) VALUES (1, 'a@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'AAA', 'Prices', 'crypto'), (2, 'BBB', 'Changes', 'crypto'), (3, 'CCC', 'Volumes', 'crypto'), (4, 'DDD', 'Signals', 'crypto');
CREATE FUNCTION candle(asset integer, at text, low numeric, high numeric, close numeric, volume numeric DEFAULT NULL, timeframe text DEFAULT '1h') RETURNS void
LANGUAGE sql AS $$
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
    VALUES ($1, $7, ($2 || '+00')::timestamptz, $5, $4, $3, $5, $6)
$$;
CREATE FUNCTION alert(id bigint, asset integer, kind text, condition text, value numeric, created text, expires text DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, created_at, expires_at)
    VALUES ($1, 1, $2, $3, $4, $5, ($6 || '+00')::timestamptz, ($7 || '+00')::timestamptz)
$$;
CREATE TEMPORARY VIEW fired AS
    SELECT a.id, a.condition, trim_scale(a.trigger_value) AS value, n.title, n.data ->> 'candle_time' AS candle_time
    FROM signal_alerts AS a LEFT JOIN notifications AS n ON (n.data ->> 'alert_id')::integer = a.id
    WHERE a.is_triggered ORDER BY a.id, n.id;

-- nothing to check, and again
SELECT check_alerts('2024-01-01 12:00+00'), check_alerts('2024-01-01 12:00+00');

-- the last close is 100; then 98..103, ending at 101.  Above: 101 and 103, but not 100, which was
-- reached before, nor 103.5.  Below: 98 and 99, not 100, not 97.  Equals: 98 to 103 but for 100.
SELECT candle(1, '2024-01-01 10:00', 90, 110, 100);
SELECT alert(100 + n, 1, 'price_target', 'above', v, '2024-01-01 11:00') FROM unnest(ARRAY[97, 100, 101, 103, 103.5]) WITH ORDINALITY AS u (v, n);
SELECT alert(110 + n, 1, 'price_target', 'below', v, '2024-01-01 11:00') FROM unnest(ARRAY[97, 98, 99, 100, 103]) WITH ORDINALITY AS u (v, n);
SELECT alert(120 + n, 1, 'price_target', 'equals', v, '2024-01-01 11:00') FROM unnest(ARRAY[97, 98, 100, 103, 104]) WITH ORDINALITY AS u (v, n);
-- what is not complete compares nothing
SELECT alert(130, 1, 'price_target', 'above', NULL, '2024-01-01 11:00'), alert(131, 1, 'price_target', NULL, 101, '2024-01-01 11:00');
SELECT check_alerts('2024-01-01 11:30+00');
SELECT candle(1, '2024-01-01 11:00', 98, 103, 101);
-- still open at 11:59
SELECT check_alerts('2024-01-01 11:59:59+00');
SELECT check_alerts('2024-01-01 12:00+00');
SELECT * FROM fired;
SELECT check_alerts('2024-01-01 12:00+00'), check_alerts('2024-01-01 12:30+00');
SELECT checked_until = '2024-01-01 12:00+00' AS checked FROM alert_marks WHERE asset_id = 1;
SELECT triggered_at = '2024-01-01 12:00+00' AS triggered, last_checked = '2024-01-01 12:00+00' AS checked FROM signal_alerts WHERE id = 103;
-- the figures, times in UTC
SELECT user_id, notification_type, title, message, status, jsonb_pretty(data) FROM notifications WHERE data ->> 'alert_id' = '103';

-- 100 is above since before the creation: only when a close has been below does it fire
SELECT candle(1, '2024-01-01 12:00', 100, 102, 102), candle(1, '2024-01-01 13:00', 99, 99, 99);
SELECT check_alerts('2024-01-01 14:00+00');
SELECT candle(1, '2024-01-01 14:00', 99, 100, 99.5);
SELECT check_alerts('2024-01-01 15:00+00');
SELECT * FROM fired WHERE id IN (102, 114, 123);
-- armed again it waits for the edge
UPDATE signal_alerts SET is_triggered = false WHERE id = 102;
SELECT check_alerts('2024-01-01 15:30+00');
SELECT candle(1, '2024-01-01 15:00', 99, 101, 101);
SELECT check_alerts('2024-01-01 16:00+00');
SELECT count(*) FROM fired WHERE id = 102;

-- made at 16:30 with the candle under way, whose close alone counts: 104, not the high of 110
DELETE FROM signal_alerts;
SELECT alert(1, 1, 'price_target', 'above', 103, '2024-01-01 16:30'), alert(2, 1, 'price_target', 'above', 105, '2024-01-01 16:30'),
       alert(3, 1, 'price_target', 'below', 100, '2024-01-01 16:30');
SELECT candle(1, '2024-01-01 16:00', 95, 110, 104);
SELECT check_alerts('2024-01-01 17:00+00');
SELECT id, title FROM fired;
-- expired at 18:00, the candle from 17:00 comes too late; one more microsecond is enough
SELECT alert(4, 1, 'price_target', 'above', 105, '2024-01-01 17:00', '2024-01-01 18:00'), alert(5, 1, 'price_target', 'above', 105, '2024-01-01 17:00', '2024-01-01 18:00:00.000001');
SELECT candle(1, '2024-01-01 17:00', 104, 106, 104);
SELECT check_alerts('2024-01-01 19:00+00');
SELECT id, title FROM fired;
SELECT expire_alerts('2024-01-01 17:59:59+00'), expire_alerts('2024-01-01 18:00+00'), expire_alerts('2024-01-01 19:00+00');
SELECT id, is_active, is_triggered FROM signal_alerts ORDER BY id;
-- several candles at once: the first that reaches it; a candle that comes late is not new
SELECT alert(6, 1, 'price_target', 'above', 120, '2024-01-01 18:00'), alert(7, 1, 'price_target', 'above', 130, '2024-01-01 18:00');
SELECT candle(1, '2024-01-01 20:00', 104, 121, 104), candle(1, '2024-01-01 21:00', 104, 125, 104);
SELECT check_alerts('2024-01-01 22:00+00');
SELECT candle(1, '2024-01-01 19:00', 104, 131, 104);
SELECT check_alerts('2024-01-01 22:00+00');
SELECT id, title, candle_time FROM fired WHERE id > 5;
-- from now on minutes: the hour that they lie in does not count; 104, then 129, then 130 in the second minute;
-- above 103 it is since the hour before; above 104.5 it comes in the first
SELECT alert(8, 1, 'price_target', 'above', 103, '2024-01-01 22:00'), alert(9, 1, 'price_target', 'above', 104.5, '2024-01-01 22:00');
SELECT candle(1, '2024-01-01 22:00', 104, 129, 129, NULL, '1m'), candle(1, '2024-01-01 22:01', 129, 130, 129, NULL, '1m'), candle(1, '2024-01-01 22:00', 104, 140, 129);
SELECT check_alerts('2024-01-01 23:00+00');
SELECT data ->> 'candle_time' AS candle_time, data ->> 'timeframe' AS timeframe, data ->> 'previous_close' AS before FROM notifications WHERE data ->> 'alert_id' IN ('7', '8', '9');

-- change in 24 hours.  100 at the end of the first day's hour 0, 110 the hour after; a day later
-- 104: 4 percent, then 104.5: -5 percent, then 105 against nothing.
SELECT candle(2, '2024-01-01 00:00', 100, 100, 100), candle(2, '2024-01-01 01:00', 100, 110, 110);
SELECT alert(20, 2, 'price_target', 'percentage_change', 4, '2024-01-02 00:00'), alert(21, 2, 'price_target', 'percentage_change', 4.00000001, '2024-01-02 00:00'),
       alert(22, 2, 'price_target', 'percentage_change', -5, '2024-01-02 00:00'), alert(23, 2, 'price_target', 'percentage_change', -5.00000001, '2024-01-02 00:00'),
       alert(24, 2, 'price_target', 'percentage_change', 0, '2024-01-02 00:00');
SELECT candle(2, '2024-01-02 00:00', 1, 999, 104);
SELECT check_alerts('2024-01-02 01:00+00');
SELECT candle(2, '2024-01-02 01:00', 1, 999, 104.5);
SELECT check_alerts('2024-01-02 02:00+00');
-- the close of 01:00 is two hours old at 03:00 the day before: unknown
SELECT candle(2, '2024-01-02 03:00', 1, 999, 150);
SELECT check_alerts('2024-01-02 04:00+00');
SELECT id, value, title, candle_time FROM fired WHERE id BETWEEN 20 AND 29;
SELECT data ->> 'close_24h_before' AS before, data ->> 'change_percent' AS change, data ->> 'previous_change_percent' AS previous FROM notifications WHERE data ->> 'alert_id' = '22';

-- volumes: twenty of 1 to 20 have the mean 10.5; 31.5 is three times that
SELECT count(candle(3, '2024-01-01 ' || h || ':00', 1, 1, 1, h + 1)) FROM generate_series(0, 19) AS h;
SELECT alert(30, 3, 'volume_spike', NULL, 3, '2024-01-01 20:00'), alert(31, 3, 'volume_spike', 'above', 3.00000001, '2024-01-01 20:00'),
       alert(32, 3, 'volume_spike', 'percentage_change', 200, '2024-01-01 20:00'), alert(33, 3, 'volume_spike', 'percentage_change', 201, '2024-01-01 20:00'),
       alert(34, 3, 'volume_spike', 'below', 3, '2024-01-01 20:00'), alert(35, 3, 'volume_spike', NULL, NULL, '2024-01-01 20:00');
SELECT candle(3, '2024-01-01 20:00', 1, 1, 1, 31.5);
SELECT check_alerts('2024-01-01 21:00+00');
-- a volume that is unknown makes the means unknown that it is part of
SELECT candle(3, '2024-01-01 21:00', 1, 1, 1, NULL), candle(3, '2024-01-01 22:00', 1, 1, 1, 1000);
SELECT check_alerts('2024-01-01 23:00+00');
SELECT id, title, candle_time FROM fired WHERE id BETWEEN 30 AND 39;
SELECT data ->> 'volume' AS volume, data ->> 'mean_volume' AS mean, data ->> 'volume_ratio' AS ratio FROM notifications WHERE data ->> 'alert_id' = '30';

-- a new signal: not that of 09:59, not one of another asset, not one to come
SELECT alert(40, 4, 'signal_generated', NULL, NULL, '2024-01-01 10:00'), alert(41, 4, 'signal_generated', NULL, NULL, '2024-01-01 12:00');
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, created_at)
VALUES (1, 4, 'long', 100, 130, 90, '2024-01-01 09:59+00'), (2, 3, 'long', 100, 130, 90, '2024-01-01 10:30+00'),
       (3, 4, 'short', 100, 80, 105, '2024-01-01 11:00+00'), (4, 4, 'long', 1, 3, 0.5, '2024-01-01 11:30+00');
SELECT check_alerts('2024-01-01 10:59+00'), check_alerts('2024-01-01 11:00+00'), check_alerts('2024-01-01 11:00+00');
SELECT id, title FROM fired WHERE id >= 40;
SELECT data - '{asset_id,symbol,alert_type}'::text[] AS data FROM notifications WHERE data ->> 'alert_id' = '40';
-- armed again the signal of before does not count, the next does
UPDATE signal_alerts SET is_triggered = false WHERE id = 40;
SELECT check_alerts('2024-01-01 11:29+00'), check_alerts('2024-01-01 11:30+00');

-- an alert that is not active
DELETE FROM signal_alerts;
SELECT alert(50, 4, 'price_target', 'above', 10, '2024-01-01 12:00');
UPDATE signal_alerts SET is_active = false;
SELECT candle(4, '2024-01-01 12:00', 9, 11, 10);
SELECT check_alerts('2024-01-01 13:00+00');
-- with no close before it is not known to have been true: 11 fires
DELETE FROM price_data WHERE asset_id = 4;
DELETE FROM alert_marks WHERE asset_id = 4;
UPDATE signal_alerts SET is_active = true;
SELECT candle(4, '2024-01-01 12:00', 9, 11, 10);
SELECT check_alerts('2024-01-01 13:00+00');

-- a deleted user gets no alerts: that of user 1 does not fire, that of user 2 does
INSERT INTO users (id, email, password_hash) VALUES (2, 'b@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (9, 'GONE', 'Of a deleted user', 'crypto');
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, created_at)
VALUES (901, 1, 9, 'price_target', 'above', 100, '2024-03-01 00:00+00'), (902, 2, 9, 'price_target', 'above', 100, '2024-03-01 00:00+00');
UPDATE users SET deleted_at = '2024-03-01 00:30+00' WHERE id = 1;
SELECT candle(9, '2024-03-01 00:00', 90, 95, 95), candle(9, '2024-03-01 01:00', 95, 105, 105);
SELECT check_alerts('2024-03-01 02:00+00'), check_alerts('2024-03-01 02:01+00');
SELECT id, is_triggered FROM signal_alerts WHERE asset_id = 9 ORDER BY id;
SELECT user_id, title FROM notifications WHERE data ->> 'asset_id' = '9';

SAVEPOINT s;
SELECT check_alerts(NULL);
ROLLBACK TO s;
SELECT check_alerts('infinity');
ROLLBACK TO s;
SELECT expire_alerts('-infinity');
ROLLBACK;
