-- check_alerts() is compared with the definition, applied to every pair of an alert and a candle.
BEGIN;
SELECT plan(15);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION pg_temp.pick(item integer, place integer, below integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(item * 100 + place, 5) & 1073741823) % below;

-- Twelve assets, of which the last six are copies of the first six. Ten days of hours with gaps; prices walk between
-- -8 and 8, so that they meet levels exactly and cross zero; some volumes are unknown.
INSERT INTO users (id, email, password_hash) VALUES (1, 'law@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type)
SELECT i, 'LAW' || i, 'Law', 'crypto' FROM generate_series(1, 12) AS i;
CREATE TEMP TABLE candle AS
SELECT a AS asset, a * 1000 + h AS n, timestamptz '2024-01-01' + h * interval '1 hour' AS candle_time,
       timestamptz '2024-01-01' + (h + 1) * interval '1 hour' AS closed_at,
       abs((sum(pg_temp.pick(a * 1000 + h, 1, 5) - 2) OVER (PARTITION BY a ORDER BY h) % 32 + 32) % 32 - 16) - 8.0 AS close
FROM generate_series(1, 6) AS a, generate_series(0, 239) AS h;
DELETE FROM candle WHERE pg_temp.pick(n, 2, 12) = 0;
ALTER TABLE candle ADD low numeric, ADD high numeric, ADD volume numeric, ADD previous numeric, ADD past numeric, ADD usual numeric;
UPDATE candle SET low = close - pg_temp.pick(n, 3, 4), high = close + pg_temp.pick(n, 4, 4),
                  volume = CASE WHEN pg_temp.pick(n, 5, 200) > 0 THEN pg_temp.pick(n, 6, 10) * pg_temp.pick(n, 7, 10) END;
INSERT INTO candle SELECT asset + 6, n, candle_time, closed_at, close, low, high, volume FROM candle;

-- What each candle is compared with, found by reading all candles.
UPDATE candle AS c
SET previous = (SELECT b.close FROM candle AS b WHERE b.asset = c.asset AND b.candle_time < c.candle_time ORDER BY b.candle_time DESC LIMIT 1),
    past = (SELECT b.close FROM (SELECT * FROM candle AS b WHERE b.asset = c.asset AND b.closed_at <= c.closed_at - interval '1 day' ORDER BY b.candle_time DESC LIMIT 1) AS b
            WHERE b.closed_at >= c.closed_at - interval '25 hours'),
    usual = (SELECT avg(b.volume) FROM (SELECT * FROM candle AS b WHERE b.asset = c.asset AND b.candle_time < c.candle_time ORDER BY b.candle_time DESC LIMIT 20) AS b
             HAVING count(b.volume) = 20);
ALTER TABLE candle ADD change numeric, ADD ratio numeric, ADD change_before numeric, ADD ratio_before numeric;
UPDATE candle SET change = round((close - past) / abs(nullif(past, 0)) * 100, 8), ratio = round(volume / nullif(usual, 0), 8);
UPDATE candle AS c
SET (change_before, ratio_before) = (SELECT b.change, b.ratio FROM candle AS b WHERE b.asset = c.asset AND b.candle_time < c.candle_time ORDER BY b.candle_time DESC LIMIT 1);
-- The first two days are archived.
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset, '1h', candle_time, close, high, low, close, volume FROM candle WHERE candle_time < '2024-01-03' AND asset <= 6;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset, '1h', candle_time, close, high, low, close, volume FROM candle WHERE candle_time >= '2024-01-03' OR asset > 6;

-- Alerts from the third day on, most of them created during a candle, and signals.
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, is_active, created_at, expires_at)
SELECT i, 1, 1 + i % 6, k.alert_type, k.condition,
       CASE WHEN k.alert_type = 'volume_spike' AND k.condition = 'percentage_change' THEN pg_temp.pick(i, 11, 40) * 10 - 100
            WHEN k.alert_type = 'volume_spike' THEN pg_temp.pick(i, 12, 40) / 10.0
            WHEN k.condition = 'percentage_change' THEN pg_temp.pick(i, 13, 41) * 10 - 200
            ELSE pg_temp.pick(i, 14, 45) / 2.0 - 11 END,
       pg_temp.pick(i, 15, 20) > 0,
       t.at, CASE WHEN pg_temp.pick(i, 16, 3) = 0 THEN t.at + pg_temp.pick(i, 17, 48) * interval '30 min' END
FROM generate_series(1, 3000) AS i
JOIN (VALUES (0, 'price_target', 'above'), (1, 'price_target', 'below'), (2, 'price_target', 'equals'),
             (3, 'price_target', 'percentage_change'), (4, 'volume_spike', NULL), (5, 'volume_spike', 'above'),
             (6, 'volume_spike', 'percentage_change'), (7, 'volume_spike', 'below'), (8, 'signal_generated', NULL))
     AS k (k, alert_type, condition) ON k.k = pg_temp.pick(i, 18, 9)
CROSS JOIN LATERAL (SELECT timestamptz '2024-01-03' + pg_temp.pick(i, 19, 180 * 4) * interval '15 min' AS at) AS t;
INSERT INTO trading_signals (id, asset_id, signal_type, created_at)
SELECT i, 1 + i % 6, 'long', timestamptz '2024-01-03' + pg_temp.pick(i, 20, 190 * 4) * interval '15 min' FROM generate_series(1, 60) AS i;

-- The definition: the first candle after which the condition holds without being known to have held before, while the
-- alert exists. Of the candle in which the alert was created, only the close is after it.
CREATE VIEW pg_temp.defined AS
    SELECT a.id, min(c.closed_at) AS at
    FROM signal_alerts AS a
    JOIN candle AS c ON c.asset = a.asset_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN c.candle_time >= a.created_at THEN c.high ELSE c.close END AS high,
               CASE WHEN c.candle_time >= a.created_at THEN c.low ELSE c.close END AS low) AS r
    WHERE a.alert_type <> 'signal_generated' AND a.is_active
      AND c.closed_at > a.created_at AND (a.expires_at > c.closed_at) IS NOT FALSE
      AND CASE
          WHEN a.alert_type = 'volume_spike' AND a.condition = 'percentage_change' THEN
              c.ratio >= 1 + a.trigger_value / 100 AND (c.ratio_before >= 1 + a.trigger_value / 100) IS NOT TRUE
          WHEN a.alert_type = 'volume_spike' AND a.condition = 'below' THEN false
          WHEN a.alert_type = 'volume_spike' THEN c.ratio >= a.trigger_value AND (c.ratio_before >= a.trigger_value) IS NOT TRUE
          WHEN a.condition = 'above' THEN r.high >= a.trigger_value AND (c.previous >= a.trigger_value) IS NOT TRUE
          WHEN a.condition = 'below' THEN r.low <= a.trigger_value AND (c.previous <= a.trigger_value) IS NOT TRUE
          WHEN a.condition = 'equals' THEN
              (c.previous = a.trigger_value) IS NOT TRUE
              AND (a.trigger_value BETWEEN r.low AND r.high                      -- touched
                   OR c.previous < a.trigger_value AND a.trigger_value <= r.high -- crossed
                   OR c.previous > a.trigger_value AND a.trigger_value >= r.low)
          WHEN a.trigger_value >= 0 THEN c.change >= a.trigger_value AND (c.change_before >= a.trigger_value) IS NOT TRUE
          ELSE c.change <= a.trigger_value AND (c.change_before <= a.trigger_value) IS NOT TRUE
      END
    GROUP BY a.id
    UNION ALL
    SELECT a.id, min(s.created_at)
    FROM signal_alerts AS a
    JOIN trading_signals AS s ON s.asset_id = a.asset_id
    WHERE a.alert_type = 'signal_generated' AND a.is_active
      AND s.created_at >= a.created_at AND (a.expires_at > s.created_at) IS NOT FALSE
    GROUP BY a.id;
CREATE VIEW pg_temp.told AS
    SELECT (n.data ->> 'alert_id')::integer AS id,
           coalesce(n.data ->> 'closed_at', n.data ->> 'signal_created_at')::timestamptz AS at, n.created_at AS told_at
    FROM notifications AS n;

-- Checks at irregular times, sometimes several in an hour, sometimes after many hours.
CREATE TEMP TABLE checked AS
SELECT i, t.at, NULL::bigint AS fired
FROM generate_series(1, 200) AS i
CROSS JOIN LATERAL (SELECT timestamptz '2024-01-03' + pg_temp.pick(i, 30, 192 * 12) * interval '5 min' AS at) AS t
ORDER BY t.at;
DO $$
DECLARE
    c record;
    n bigint;
BEGIN
    FOR c IN SELECT * FROM checked ORDER BY at, i LOOP
        n := check_alerts(c.at);
        UPDATE checked SET fired = n WHERE i = c.i;
    END LOOP;
    n := check_alerts('2024-02-01');
    INSERT INTO checked VALUES (0, '2024-02-01', n);
END;
$$;

SELECT cmp_ok((SELECT count(*) FROM pg_temp.told), '>', 1000::bigint, 'many alerts fire');
SELECT cmp_ok((SELECT count(*) FROM signal_alerts WHERE NOT is_triggered), '>', 500::bigint, 'and many do not');
SELECT is((SELECT count(DISTINCT (a.alert_type, coalesce(a.condition, ''))) FROM pg_temp.told AS t JOIN signal_alerts AS a USING (id)), 8::bigint,
          'some of each kind but for a spike that is below');
SELECT is_empty($$(SELECT id, at FROM pg_temp.defined EXCEPT ALL SELECT id, at FROM pg_temp.told)
                  UNION ALL (SELECT id, at FROM pg_temp.told EXCEPT ALL SELECT id, at FROM pg_temp.defined)$$,
                'each fires once, at the candle or signal that the definition names');
SELECT is_empty($$SELECT id FROM signal_alerts AS a
                  WHERE is_triggered <> EXISTS (SELECT FROM pg_temp.told AS t WHERE t.id = a.id)
                     OR is_triggered <> (triggered_at IS NOT NULL)$$,
                'alerts with a notification are triggered, and no others');
SELECT is_empty($$SELECT t.id FROM pg_temp.told AS t JOIN signal_alerts AS a USING (id)
                  WHERE a.triggered_at <> t.told_at
                     OR t.told_at <> (SELECT min(c.at) FROM checked AS c WHERE c.at >= t.at)$$,
                'by the first check that knows of it, which is the time it is stamped with');
SELECT is((SELECT sum(fired) FROM checked)::bigint, (SELECT count(*) FROM notifications), 'a check returns how many notifications it made');
SELECT is_empty($$SELECT n.id FROM notifications AS n JOIN candle AS c ON c.asset = (n.data ->> 'asset_id')::integer AND c.candle_time = (n.data ->> 'candle_time')::timestamptz
                  WHERE ((n.data ->> 'close')::numeric, (n.data ->> 'high')::numeric, (n.data ->> 'low')::numeric, (n.data ->> 'previous_close')::numeric)
                        IS DISTINCT FROM (c.close, c.high, c.low, c.previous)
                     OR n.data ? 'change_percent' AND (n.data ->> 'change_percent')::numeric IS DISTINCT FROM c.change
                     OR n.data ? 'volume_ratio' AND (n.data ->> 'volume_ratio')::numeric IS DISTINCT FROM c.ratio$$,
                'the figures are those of the candle');
SELECT is(check_alerts('2024-02-01'), 0::bigint, 'checked again nothing fires');

-- The copies are checked once, at the end.
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, is_active, created_at, expires_at)
SELECT id + 3000, user_id, asset_id + 6, alert_type, condition, trigger_value, is_active, created_at, expires_at FROM signal_alerts;
INSERT INTO trading_signals (id, asset_id, signal_type, created_at)
SELECT id + 60, asset_id + 6, signal_type, created_at FROM trading_signals;
SELECT is(check_alerts('2024-02-01'), (SELECT count(*) FROM pg_temp.told WHERE id <= 3000), 'one check at the end fires as many as the many before');
SELECT set_eq('SELECT id - 3000, at FROM pg_temp.told WHERE id > 3000', 'SELECT id, at FROM pg_temp.told WHERE id <= 3000',
              'at the same candles and signals');

-- Alerts that have expired are no longer active; alerts that have fired are not expired.
SELECT is(expire_alerts('2024-01-06'), (SELECT count(*) FROM signal_alerts WHERE is_active AND NOT is_triggered AND expires_at <= '2024-01-06'),
          'alerts that wait and have expired are made inactive');

-- An hour rolled up from its first ten minutes, which are no longer stored, tells nothing of the time after
-- 12:10: an alert created at 12:30 does not know its price, and one that expired then had fired before.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (13, 'LAW13', 'Law', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT 13, '1m', timestamptz '2024-03-01 12:00' + n * interval '1 minute', 101, 101, 101, 101, 1 FROM generate_series(0, 9) AS n
UNION ALL
SELECT 13, '1h', '2024-03-01 11:00', 99, 99, 99, 99, 60;
SELECT rollup_candles('1h', 13);
DELETE FROM price_data WHERE asset_id = 13 AND timeframe = '1m';
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, created_at, expires_at)
VALUES (10001, 1, 13, 'price_target', 'above', 100, '2024-03-01 12:05', NULL),
       (10002, 1, 13, 'price_target', 'above', 100, '2024-03-01 12:30', NULL),
       (10003, 1, 13, 'price_target', 'above', 100, '2024-03-01 11:30', '2024-03-01 12:30');
SELECT is((SELECT array_agg(p.covered) FROM partial_candles AS p WHERE p.asset_id = 13), '{10}', 'an hour of ten minutes is partial');
SELECT is(check_alerts('2024-03-01 13:00'), 2::bigint, 'alerts fire by what the minutes tell');
SELECT set_eq($$SELECT (n.data ->> 'alert_id')::integer, (n.data ->> 'closed_at')::timestamptz
                FROM notifications AS n
                WHERE (n.data ->> 'asset_id')::integer = 13$$,
              $$VALUES (10001, timestamptz '2024-03-01 12:10'), (10003, '2024-03-01 12:10')$$,
              'which are dated by their end, not by that of the hour');

SELECT * FROM finish();
ROLLBACK;
