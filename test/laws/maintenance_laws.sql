-- The steps of maintain(): what they write while candles come in equals what plain SQL makes of all candles, written
-- once, and never too early.
BEGIN;
SELECT plan(18);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

-- Three days of minutes. Each asset lacks some, the second a whole night; the fourth comes as candles of 5m, and the
-- fifth has none.
INSERT INTO assets (id, symbol, name, asset_type)
SELECT a, 'M' || a, 'Asset ' || a, 'crypto' FROM generate_series(901, 905) AS a;
CREATE TABLE pg_temp.feed AS
SELECT a AS asset_id, CASE a WHEN 904 THEN '5m' ELSE '1m' END AS timeframe, t AS candle_time,
       100 + (h & 15) AS open, 100 + (h >> 4 & 15) AS close, 116 + (h >> 8 & 15) AS high, 99 - (h >> 12 & 15) AS low,
       CASE WHEN h >> 16 & 7 > 0 THEN h >> 19 & 1023 END AS volume
FROM generate_series(901, 904) AS a
CROSS JOIN LATERAL generate_series(timestamptz '2024-01-01', '2024-01-03 23:59',
                                   CASE a WHEN 904 THEN interval '5 minutes' ELSE interval '1 minute' END) AS t
CROSS JOIN LATERAL hashint8extended(extract(epoch FROM t)::bigint, 20240101 + a) AS h
WHERE h >> 40 & 7 < 6
  AND NOT (a = 902 AND t BETWEEN '2024-01-01 22:10' AND '2024-01-02 05:40');
CREATE INDEX ON pg_temp.feed (candle_time);

-- The feed over time: every 37 minutes the closed candles come in, and everything is rolled up.
CREATE TABLE pg_temp.run AS
SELECT NULL::timestamptz AS as_of, ''::text AS timeframe, 0::bigint AS written, 0::bigint AS early WHERE false;
DO $$
DECLARE
    before timestamptz := '2024-01-01';
    tick timestamptz;
BEGIN
    FOR tick IN SELECT generate_series(timestamptz '2024-01-01 00:37', '2024-01-04 02:00', interval '37 minutes') LOOP
        INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
        SELECT f.asset_id, f.timeframe, f.open, f.high, f.low, f.close, f.volume, f.candle_time
        FROM pg_temp.feed AS f
        WHERE timeframe_end(f.timeframe, f.candle_time) > before AND timeframe_end(f.timeframe, f.candle_time) <= tick;
        INSERT INTO pg_temp.run
        SELECT tick, t, ca_roll_up_candles(t, tick), NULL
        FROM unnest(ARRAY['5m', '15m', '1h', '4h', '1d']) AS t;
        UPDATE pg_temp.run AS r
        SET early = (SELECT count(*) FROM price_data AS p
                     WHERE p.asset_id BETWEEN 901 AND 905 AND p.timeframe = r.timeframe
                       AND timeframe_end(p.timeframe, p.candle_time) > tick)
        WHERE r.as_of = tick;
        before := tick;
    END LOOP;
END $$;

SELECT is((SELECT sum(r.early) FROM pg_temp.run AS r), 0::numeric, 'no candle is rolled up before it has closed');

-- What plain SQL makes of the whole feed.
CREATE VIEW pg_temp.wanted AS
    SELECT f.asset_id, t AS timeframe, timeframe_bucket(t, f.candle_time) AS candle_time,
           (array_agg(f.open ORDER BY f.candle_time))[1]::numeric(20,8) AS open_price,
           max(f.high)::numeric(20,8) AS high_price, min(f.low)::numeric(20,8) AS low_price,
           (array_agg(f.close ORDER BY f.candle_time DESC))[1]::numeric(20,8) AS close_price,
           sum(f.volume)::numeric(30,2) AS volume
    FROM pg_temp.feed AS f, unnest(ARRAY['5m', '15m', '1h', '4h', '1d']) AS t
    WHERE timeframe_divides(f.timeframe, t)
    GROUP BY 1, 2, 3;
CREATE VIEW pg_temp.stored AS
    SELECT p.asset_id, p.timeframe::text, p.candle_time, p.open_price, p.high_price, p.low_price, p.close_price, p.volume
    FROM price_data AS p
    WHERE p.asset_id BETWEEN 901 AND 905 AND p.timeframe IN ('5m', '15m', '1h', '4h', '1d')
      AND NOT (p.asset_id = 904 AND p.timeframe = '5m');
SELECT cmp_ok((SELECT count(*) FROM pg_temp.wanted), '>', 2500::bigint, 'there is something to roll up');
SELECT bag_eq('SELECT * FROM pg_temp.stored', 'SELECT * FROM pg_temp.wanted',
              'candles rolled up as they come in are those of the whole feed');
SELECT is((SELECT sum(r.written) FROM pg_temp.run AS r), (SELECT count(*)::numeric FROM pg_temp.stored),
          'each is written once');
SELECT is((SELECT count(*) FROM unnest(ARRAY['5m', '15m', '1h', '4h', '1d']) AS t, ca_roll_up_due(t, '2024-01-04 02:00')),
          0::bigint, 'afterwards nothing is due');

-- A late feed: the last quarter of an hour of the third asset has not come in.
DELETE FROM price_data WHERE asset_id = 903 AND timeframe = '1h' AND candle_time = '2024-01-03 23:00';
DELETE FROM price_data WHERE asset_id = 903 AND timeframe IN ('1m', '5m', '15m') AND candle_time >= '2024-01-03 23:45';
SELECT is((SELECT count(*) FROM ca_roll_up_due('1h', '2024-01-04 00:00')), 0::bigint,
          'an hour whose feed has not reached its end waits for it');
SELECT results_eq($$SELECT d.asset, d.since, d.until FROM ca_roll_up_due('1h', '2024-01-04 01:00') AS d$$,
                  $$VALUES (903, timestamptz '2024-01-03 23:00', timestamptz '2024-01-04 00:00')$$,
                  'for an hour at most');

-- Indicators: a series keeps its spec.
SELECT is((SELECT count(*) FROM ca_indicators_due(901)), 6::bigint, 'a series without indicators is due');
DO $$ BEGIN
    PERFORM update_technical_indicators(901, '4h', '{"SMA": [3]}');
    PERFORM ca_update_due_indicators(901);
END $$;
SELECT is((SELECT count(*) FROM ca_indicators_due(901)), 0::bigint, 'and is not when they are written');
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (901, '4h', 1, 1, 1, 1, '2024-01-04 00:00'), (901, '1h', 1, 1, 1, 1, '2024-01-04 00:00');
DO $$ BEGIN PERFORM ca_update_due_indicators(901); END $$;
SELECT results_eq(
    $$SELECT p.timeframe::text, array(SELECT jsonb_object_keys(p.technical_indicators) ORDER BY 1)
      FROM price_data AS p WHERE p.asset_id = 901 AND p.candle_time = '2024-01-04 00:00' ORDER BY 1$$,
    $$VALUES ('1h', ARRAY['EMA', 'MACD', 'RSI', 'SMA']), ('4h', ARRAY['SMA'])$$,
    'new candles get the indicators that their series has, or the usual ones');

-- The archive at 2024-01-03 12:00: candles from before the 3rd.
SET LOCAL cryptoanalytics.retention = '1m=12h';
SELECT is((SELECT ca_archive_asset(902, '2024-01-03 12:00')),
          (SELECT count(*) FROM pg_temp.feed AS f WHERE f.asset_id = 902 AND f.candle_time < '2024-01-03 00:00'),
          'candles older than their retention are archived, by the moment asked about');
SELECT ok(NOT EXISTS (SELECT FROM price_data AS p WHERE p.asset_id = 902 AND p.timeframe = '1m' AND p.candle_time < '2024-01-03')
          AND EXISTS (SELECT FROM price_data AS p WHERE p.asset_id = 902 AND p.timeframe = '1m' AND p.candle_time < '2024-01-03 00:10'),
          'and no others');
SET LOCAL cryptoanalytics.compress_archive = on;
DO $$ BEGIN PERFORM ca_archive_asset(903, '2024-01-03 12:00'); END $$;
SELECT is((SELECT sum(g.candles)::bigint FROM price_data_segments AS g WHERE g.asset_id = 903),
          (SELECT count(*) FROM pg_temp.feed AS f WHERE f.asset_id = 903 AND f.candle_time < '2024-01-03 00:00'),
          'or go into segments, by the setting');

-- A candle that is in two places, because somebody has disabled the trigger, does not stop the other series of its
-- asset. If nothing else moves, the error names it.
SET LOCAL cryptoanalytics.compress_archive = off;
SET LOCAL cryptoanalytics.retention = '1m=12h,1h=12h,4h=12h';
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 905, t, 1, 1, 1, 1, '2024-01-01 00:00' FROM unnest(ARRAY['1m', '1h', '4h']) AS t;
ALTER TABLE price_data_archive DISABLE TRIGGER price_data_archive_once;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 905, '1h', 2, 2, 2, 2, '2024-01-01 00:00';
ALTER TABLE price_data_archive ENABLE TRIGGER price_data_archive_once;
SELECT is(ca_archive_asset(905, '2024-01-03 12:00'), 2::bigint, 'a double does not stop the other timeframes of its asset');
SELECT is((SELECT array_agg(p.timeframe::text) FROM price_data AS p WHERE p.asset_id = 905), ARRAY['1h'], 'which are archived');
SELECT throws_like($$SELECT ca_archive_asset(905, '2024-01-03 12:00')$$, '%price_data_archive%', 'the next call has only the double, and fails');
DELETE FROM price_data_archive WHERE asset_id = 905 AND timeframe = '1h';
SELECT is(ca_archive_asset(905, '2024-01-03 12:00'), 1::bigint, 'without its double the candle is archived');

-- The list: a statement that does not fit the function that it calls would only be noticed at night.
CREATE FUNCTION pg_temp.unfit(result text, query text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE FUNCTION pg_temp.step(timestamptz, integer, text) RETURNS %s LANGUAGE sql AS %L', result, query);
    DROP FUNCTION pg_temp.step(timestamptz, integer, text);
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END $$;
SELECT is_empty($$SELECT * FROM (SELECT s.step, pg_temp.unfit('bigint', s.statement) AS error FROM maintenance_steps() AS s
                                 UNION ALL
                                 SELECT s.step, pg_temp.unfit('SETOF integer', s.assets) FROM maintenance_steps() AS s
                                 WHERE s.assets IS NOT NULL) AS s WHERE s.error IS NOT NULL$$,
                'every statement of a step gives a number of rows, every list of assets their ids');

SELECT * FROM finish();
ROLLBACK;
