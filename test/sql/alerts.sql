-- Alerts: what fires them, and that each fires once, at the right candle.
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

-- There is nothing to check, twice.
SELECT check_alerts('2024-01-01 12:00+00'), check_alerts('2024-01-01 12:00+00');

-- The last close is 100; then the price moves from 98 to 103 and ends at 101. Above: 101 and 103, but not 100, which
-- was reached before, and not 103.5. Below: 98 and 99, not 100, not 97. Equals: 98 and 103, not 100.
SELECT candle(1, '2024-01-01 10:00', 90, 110, 100);
SELECT alert(100 + n, 1, 'price_target', 'above', v, '2024-01-01 11:00') FROM unnest(ARRAY[97, 100, 101, 103, 103.5]) WITH ORDINALITY AS u (v, n);
SELECT alert(110 + n, 1, 'price_target', 'below', v, '2024-01-01 11:00') FROM unnest(ARRAY[97, 98, 99, 100, 103]) WITH ORDINALITY AS u (v, n);
SELECT alert(120 + n, 1, 'price_target', 'equals', v, '2024-01-01 11:00') FROM unnest(ARRAY[97, 98, 100, 103, 104]) WITH ORDINALITY AS u (v, n);
-- An alert that lacks a value or a condition never fires.
SELECT alert(130, 1, 'price_target', 'above', NULL, '2024-01-01 11:00'), alert(131, 1, 'price_target', NULL, 101, '2024-01-01 11:00');
SELECT check_alerts('2024-01-01 11:30+00');
SELECT candle(1, '2024-01-01 11:00', 98, 103, 101);
-- At 11:59 the candle is still open.
SELECT check_alerts('2024-01-01 11:59:59+00');
SELECT check_alerts('2024-01-01 12:00+00');
SELECT * FROM fired;
SELECT check_alerts('2024-01-01 12:00+00'), check_alerts('2024-01-01 12:30+00');
SELECT checked_until = '2024-01-01 12:00+00' AS checked FROM alert_marks WHERE asset_id = 1;
SELECT triggered_at = '2024-01-01 12:00+00' AS triggered, last_checked = '2024-01-01 12:00+00' AS checked FROM signal_alerts WHERE id = 103;
-- The figures in the notification, times in UTC.
SELECT user_id, notification_type, title, message, status, jsonb_pretty(data) FROM notifications WHERE data ->> 'alert_id' = '103';

-- The price has been above 100 since before the alert was created: it fires only after a close below.
SELECT candle(1, '2024-01-01 12:00', 100, 102, 102), candle(1, '2024-01-01 13:00', 99, 99, 99);
SELECT check_alerts('2024-01-01 14:00+00');
SELECT candle(1, '2024-01-01 14:00', 99, 100, 99.5);
SELECT check_alerts('2024-01-01 15:00+00');
SELECT * FROM fired WHERE id IN (102, 114, 123);
-- An alert that is armed again waits for the next edge.
UPDATE signal_alerts SET is_triggered = false WHERE id = 102;
SELECT check_alerts('2024-01-01 15:30+00');
SELECT candle(1, '2024-01-01 15:00', 99, 101, 101);
SELECT check_alerts('2024-01-01 16:00+00');
SELECT count(*) FROM fired WHERE id = 102;

-- Created at 16:30, during a candle. Of that candle only the close counts: 104, not the high of 110.
DELETE FROM signal_alerts;
SELECT alert(1, 1, 'price_target', 'above', 103, '2024-01-01 16:30'), alert(2, 1, 'price_target', 'above', 105, '2024-01-01 16:30'),
       alert(3, 1, 'price_target', 'below', 100, '2024-01-01 16:30');
SELECT candle(1, '2024-01-01 16:00', 95, 110, 104);
SELECT check_alerts('2024-01-01 17:00+00');
SELECT id, title FROM fired;
-- An alert that expires at 18:00 misses the candle of 17:00; one more microsecond is enough.
SELECT alert(4, 1, 'price_target', 'above', 105, '2024-01-01 17:00', '2024-01-01 18:00'), alert(5, 1, 'price_target', 'above', 105, '2024-01-01 17:00', '2024-01-01 18:00:00.000001');
SELECT candle(1, '2024-01-01 17:00', 104, 106, 104);
SELECT check_alerts('2024-01-01 19:00+00');
SELECT id, title FROM fired;
SELECT expire_alerts('2024-01-01 17:59:59+00'), expire_alerts('2024-01-01 18:00+00'), expire_alerts('2024-01-01 19:00+00');
SELECT id, is_active, is_triggered FROM signal_alerts ORDER BY id;
-- Of several new candles the first that reaches the value counts; a candle that comes late is not new.
SELECT alert(6, 1, 'price_target', 'above', 120, '2024-01-01 18:00'), alert(7, 1, 'price_target', 'above', 130, '2024-01-01 18:00');
SELECT candle(1, '2024-01-01 20:00', 104, 121, 104), candle(1, '2024-01-01 21:00', 104, 125, 104);
SELECT check_alerts('2024-01-01 22:00+00');
SELECT candle(1, '2024-01-01 19:00', 104, 131, 104);
SELECT check_alerts('2024-01-01 22:00+00');
SELECT id, title, candle_time FROM fired WHERE id > 5;
-- From now on there are minutes, and the hour around them does not count: 104, then 129, then 130 in the second
-- minute. The price has been above 103 since the hour before; it rises above 104.5 in the first minute.
SELECT alert(8, 1, 'price_target', 'above', 103, '2024-01-01 22:00'), alert(9, 1, 'price_target', 'above', 104.5, '2024-01-01 22:00');
SELECT candle(1, '2024-01-01 22:00', 104, 129, 129, NULL, '1m'), candle(1, '2024-01-01 22:01', 129, 130, 129, NULL, '1m'), candle(1, '2024-01-01 22:00', 104, 140, 129);
SELECT check_alerts('2024-01-01 23:00+00');
SELECT data ->> 'candle_time' AS candle_time, data ->> 'timeframe' AS timeframe, data ->> 'previous_close' AS before FROM notifications WHERE data ->> 'alert_id' IN ('7', '8', '9');

-- Change in 24 hours: 100 at the end of hour 0 of the first day, 110 the hour after. A day later 104 is 4 percent,
-- 104.5 is -5 percent, and for 105 there is no earlier close.
SELECT candle(2, '2024-01-01 00:00', 100, 100, 100), candle(2, '2024-01-01 01:00', 100, 110, 110);
SELECT alert(20, 2, 'price_target', 'percentage_change', 4, '2024-01-02 00:00'), alert(21, 2, 'price_target', 'percentage_change', 4.00000001, '2024-01-02 00:00'),
       alert(22, 2, 'price_target', 'percentage_change', -5, '2024-01-02 00:00'), alert(23, 2, 'price_target', 'percentage_change', -5.00000001, '2024-01-02 00:00'),
       alert(24, 2, 'price_target', 'percentage_change', 0, '2024-01-02 00:00');
SELECT candle(2, '2024-01-02 00:00', 1, 999, 104);
SELECT check_alerts('2024-01-02 01:00+00');
SELECT candle(2, '2024-01-02 01:00', 1, 999, 104.5);
SELECT check_alerts('2024-01-02 02:00+00');
-- The close of 01:00 was two hours old at 03:00 the day before, so the change is unknown.
SELECT candle(2, '2024-01-02 03:00', 1, 999, 150);
SELECT check_alerts('2024-01-02 04:00+00');
SELECT id, value, title, candle_time FROM fired WHERE id BETWEEN 20 AND 29;
SELECT data ->> 'close_24h_before' AS before, data ->> 'change_percent' AS change, data ->> 'previous_change_percent' AS previous FROM notifications WHERE data ->> 'alert_id' = '22';

-- Volumes: twenty volumes from 1 to 20 have the mean 10.5; 31.5 is three times that.
SELECT count(candle(3, '2024-01-01 ' || h || ':00', 1, 1, 1, h + 1)) FROM generate_series(0, 19) AS h;
SELECT alert(30, 3, 'volume_spike', NULL, 3, '2024-01-01 20:00'), alert(31, 3, 'volume_spike', 'above', 3.00000001, '2024-01-01 20:00'),
       alert(32, 3, 'volume_spike', 'percentage_change', 200, '2024-01-01 20:00'), alert(33, 3, 'volume_spike', 'percentage_change', 201, '2024-01-01 20:00'),
       alert(34, 3, 'volume_spike', 'below', 3, '2024-01-01 20:00'), alert(35, 3, 'volume_spike', NULL, NULL, '2024-01-01 20:00');
SELECT candle(3, '2024-01-01 20:00', 1, 1, 1, 31.5);
SELECT check_alerts('2024-01-01 21:00+00');
-- An unknown volume makes every mean that contains it unknown.
SELECT candle(3, '2024-01-01 21:00', 1, 1, 1, NULL), candle(3, '2024-01-01 22:00', 1, 1, 1, 1000);
SELECT check_alerts('2024-01-01 23:00+00');
SELECT id, title, candle_time FROM fired WHERE id BETWEEN 30 AND 39;
SELECT data ->> 'volume' AS volume, data ->> 'mean_volume' AS mean, data ->> 'volume_ratio' AS ratio FROM notifications WHERE data ->> 'alert_id' = '30';

-- A new signal counts; one of 09:59, one of another asset and a future one do not.
SELECT alert(40, 4, 'signal_generated', NULL, NULL, '2024-01-01 10:00'), alert(41, 4, 'signal_generated', NULL, NULL, '2024-01-01 12:00');
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, created_at)
VALUES (1, 4, 'long', 100, 130, 90, '2024-01-01 09:59+00'), (2, 3, 'long', 100, 130, 90, '2024-01-01 10:30+00'),
       (3, 4, 'short', 100, 80, 105, '2024-01-01 11:00+00'), (4, 4, 'long', 1, 3, 0.5, '2024-01-01 11:30+00');
SELECT check_alerts('2024-01-01 10:59+00'), check_alerts('2024-01-01 11:00+00'), check_alerts('2024-01-01 11:00+00');
SELECT id, title FROM fired WHERE id >= 40;
SELECT data - '{asset_id,symbol,alert_type}'::text[] AS data FROM notifications WHERE data ->> 'alert_id' = '40';
-- After it is armed again, the earlier signal does not count, but the next one does.
UPDATE signal_alerts SET is_triggered = false WHERE id = 40;
SELECT check_alerts('2024-01-01 11:29+00'), check_alerts('2024-01-01 11:30+00');

-- An alert that is not active does not fire.
DELETE FROM signal_alerts;
SELECT alert(50, 4, 'price_target', 'above', 10, '2024-01-01 12:00');
UPDATE signal_alerts SET is_active = false;
SELECT candle(4, '2024-01-01 12:00', 9, 11, 10);
SELECT check_alerts('2024-01-01 13:00+00');
-- Without an earlier close nothing is known of the time before: 11 fires.
DELETE FROM price_data WHERE asset_id = 4;
DELETE FROM alert_marks WHERE asset_id = 4;
UPDATE signal_alerts SET is_active = true;
SELECT candle(4, '2024-01-01 12:00', 9, 11, 10);
SELECT check_alerts('2024-01-01 13:00+00');

-- A deleted user gets no alerts: the alert of user 1 does not fire, that of user 2 does.
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
