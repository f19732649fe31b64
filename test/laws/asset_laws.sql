-- The figures of assets, the quality of series and their levels are compared with plain SQL over candles drawn from a
-- hash: with gaps, of several timeframes, live, archived and compressed.
BEGIN;
SELECT plan(16);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'America/New_York'; -- must not matter

CREATE FUNCTION draw(k integer, place integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint8extended(k::bigint * 100 + place, 3) % n + n) % n)::integer $$;

INSERT INTO assets (id, symbol, name, asset_type, circulating_supply, market_cap, total_volume, ath, atl)
SELECT i, 'LAW' || i, 'Law', 'crypto', CASE WHEN i % 3 > 0 THEN 1000 * i END, CASE WHEN i % 4 = 0 THEN 7 END,
       CASE WHEN i % 5 = 0 THEN 8 END, CASE WHEN i % 6 = 0 THEN 105 END, CASE WHEN i % 6 < 2 THEN 95 END
FROM generate_series(1, 24) AS i;

-- The last four assets have no candles; some have no hours, some no days, some neither from some day on.
CREATE TEMP TABLE candle AS
SELECT row_number() OVER (ORDER BY a, l.place, t)::integer AS n, a AS asset_id, l.timeframe, t AS candle_time
FROM generate_series(1, 20) AS a
CROSS JOIN (VALUES (1, '15m'), (2, '1h'), (3, '4h'), (4, '1d'), (5, '1w')) AS l (place, timeframe)
CROSS JOIN LATERAL timeframe_series(
    l.timeframe, timestamptz '2024-01-01+00' + CASE l.place WHEN 1 THEN 75 ELSE a % 5 * 14 END * interval '24 hours',
    timestamptz '2024-03-20+00' - CASE WHEN a % 9 = 0 THEN 288 ELSE 0 END * interval '1 hour') AS t
WHERE (a + l.place) % 3 > 0;
-- Every fourth series has no gaps; the others lack about one candle of twelve.
DELETE FROM candle WHERE asset_id % 4 > 0 AND draw(n, 1, 12) = 0;
ALTER TABLE candle ADD close numeric, ADD high numeric, ADD low numeric, ADD volume numeric, ADD cap numeric;
UPDATE candle SET close = 100 + draw(n, 2, 2000) / 100.0, volume = CASE WHEN asset_id % 4 = 0 OR draw(n, 3, 50) > 0 THEN draw(n, 4, 9) END,
                  cap = CASE WHEN asset_id % 5 > 2 AND draw(n, 5, 3) > 0 THEN draw(n, 6, 1000000) END;
UPDATE candle SET high = close + draw(n, 7, 1000) / 100.0, low = close - draw(n, 8, 1000) / 100.0;
-- Some candles come late.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, candle_time, close, high, low, close, volume, cap FROM candle
WHERE draw(n, 9, 10) > 0 AND (candle_time >= '2024-01-25+00' OR asset_id % 2 = 0);
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, candle_time, close, high, low, close, volume, cap FROM candle
WHERE draw(n, 9, 10) > 0 AND candle_time < '2024-01-25+00' AND asset_id % 2 = 1;
SELECT is((SELECT sum(b.moved) > 300 FROM generate_series(1, 19, 2) AS a, (VALUES ('1h'), ('4h'), ('1d')) AS t (code),
           ca_compress_batch(false, a, t.code, '-infinity', '2024-01-20+00', 1000, true) AS b), true, 'some are compressed');

-- The same in plain SQL.
CREATE TEMP VIEW stored AS
    SELECT h.*, timeframe_end(h.timeframe, h.candle_time) AS closed_at, timeframe_length(h.timeframe) AS length FROM price_history AS h;
CREATE TEMP TABLE ended AS SELECT * FROM stored;
CREATE INDEX ON ended (asset_id);
ANALYZE ended;
CREATE FUNCTION change_of(asset integer, t timestamptz, hours integer) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT round((p.close_price - q.close_price) * 100 / q.close_price, 4)
    FROM (SELECT * FROM ended AS e WHERE e.asset_id = asset AND e.closed_at <= t ORDER BY e.closed_at DESC, e.length LIMIT 1) AS p,
         (SELECT * FROM ended AS e WHERE e.asset_id = asset AND e.closed_at <= t - hours * interval '1 hour' ORDER BY e.closed_at DESC, e.length LIMIT 1) AS q
    WHERE p.closed_at > t - hours * interval '1 hour' AND q.closed_at > t - 2 * hours * interval '1 hour'
$$;
CREATE FUNCTION volume_of(asset integer, t timestamptz) RETURNS numeric LANGUAGE sql STABLE AS $$
    SELECT sum(e.volume)
    FROM ended AS e, LATERAL (SELECT timeframe_bucket(e.timeframe, t) AS stop, interval '24 hours' AS day) AS w
    WHERE e.asset_id = asset AND e.closed_at <= w.stop AND e.candle_time >= w.stop - w.day AND e.length <= w.day
    GROUP BY e.timeframe, e.length
    HAVING count(e.volume) * e.length = '24 hours'
    ORDER BY e.length > '1 hour', CASE WHEN e.length > '1 hour' THEN e.length ELSE -e.length END
    LIMIT 1
$$;
CREATE FUNCTION expected(t timestamptz) RETURNS TABLE (id integer, price numeric, cap numeric, volume numeric, d1 numeric, d7 numeric, d30 numeric)
    LANGUAGE sql STABLE AS $$
    SELECT a.id, p.close_price,
           coalesce(p.market_cap, round(p.close_price * a.circulating_supply, 2), a.market_cap),
           coalesce(volume_of(a.id, t), a.total_volume),
           change_of(a.id, t, 24), change_of(a.id, t, 168), change_of(a.id, t, 720)
    FROM assets AS a
    CROSS JOIN LATERAL (SELECT * FROM ended AS e WHERE e.asset_id = a.id AND e.closed_at <= t ORDER BY e.closed_at DESC, e.length LIMIT 1) AS p
$$;
CREATE TEMP VIEW figures AS
    SELECT id, current_price, market_cap, total_volume, price_change_percentage_24h, price_change_percentage_7d, price_change_percentage_30d FROM assets;
CREATE TEMP TABLE started AS SELECT id, ath, atl FROM assets;
CREATE FUNCTION extremes(t timestamptz) RETURNS TABLE (id integer, ath numeric, atl numeric) LANGUAGE sql STABLE AS $$
    SELECT s.id, greatest(s.ath, max(e.high_price)), least(s.atl, min(e.low_price))
    FROM started AS s JOIN ended AS e ON e.asset_id = s.id AND e.closed_at <= t GROUP BY s.id, s.ath, s.atl
$$;

CREATE TEMP TABLE wanted AS SELECT * FROM expected('2024-03-17 13:31+00');
SELECT ok((SELECT count(*) = 20 AND count(d1) BETWEEN 10 AND 19 AND count(d30) BETWEEN 10 AND 19 AND count(volume) BETWEEN 10 AND 19 FROM wanted), 'there are figures, known and unknown');
SELECT is(refresh_assets('2024-03-17 13:31+00'), 20::bigint, 'every asset with candles changed');
SELECT set_eq('SELECT f.* FROM figures AS f WHERE id <= 20', 'SELECT * FROM wanted', 'figures are those of the newest closed candles');
SELECT set_eq('SELECT id, ath, atl FROM assets WHERE id <= 20', $$SELECT * FROM extremes('2024-03-17 13:31+00')$$,
              'extremes are those of all history, or what was known before');
SELECT is_empty($$
    SELECT a.id FROM assets AS a JOIN started AS s USING (id)
    WHERE a.id <= 20 AND a.ath IS DISTINCT FROM s.ath
      AND a.ath_date IS DISTINCT FROM (SELECT e.candle_time FROM ended AS e WHERE e.asset_id = a.id AND e.closed_at <= '2024-03-17 13:31+00' AND e.high_price = a.ath
                                       ORDER BY e.length, e.candle_time LIMIT 1)
    $$, 'the date is that of the shortest candle with the price');
SELECT is_empty('SELECT id FROM assets AS a JOIN started AS s USING (id) WHERE id > 20 AND (a.current_price, a.ath, a.atl, a.ath_date) IS DISTINCT FROM (NULL, s.ath, s.atl, NULL)',
                'an asset without candles is left alone');

-- Time goes on and the late candles come, some of them directly into the archive.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, candle_time, close, high + 3, low - 3, close, volume, cap FROM candle WHERE draw(n, 9, 10) = 0 AND asset_id % 2 = 0;
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, candle_time, close, high + 5, low - 3, close, volume, cap FROM candle WHERE draw(n, 9, 10) = 0 AND asset_id % 2 = 1;
DELETE FROM ended;
INSERT INTO ended SELECT * FROM stored;
CREATE TEMP TABLE wanted_later AS SELECT * FROM expected('2024-03-18 09:05+00');
DO $$ BEGIN PERFORM refresh_assets('2024-03-18 09:05+00'); END $$;
SELECT set_eq('SELECT * FROM figures WHERE id <= 20', 'SELECT * FROM wanted_later', 'figures follow');
SELECT set_eq('SELECT id, ath, atl FROM assets WHERE id <= 20', $$SELECT * FROM extremes('2024-03-18 09:05+00')$$,
              'extremes take in what is new, and what came late');
SELECT is(refresh_assets('2024-03-18 09:05+00'), 0::bigint, 'nothing new changes nothing');
DO $$ BEGIN PERFORM refresh_assets('2024-03-25 00:00+00'); END $$;
SELECT set_eq('SELECT id, ath, atl FROM assets WHERE id <= 20', $$SELECT * FROM extremes('2024-03-25 00:00+00')$$, 'extremes at the end');

-- The quality of a series, with another way to compute a median.
CREATE TEMP VIEW judged AS
    SELECT e.asset_id, e.timeframe, (e.close_price - b.close_price) / b.close_price AS r
    FROM ended AS e JOIN ended AS b ON (b.asset_id, b.timeframe, b.closed_at) = (e.asset_id, e.timeframe, e.candle_time)
    WHERE e.closed_at <= '2024-03-20+00';
CREATE FUNCTION middle(x numeric[]) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
    SELECT avg(v) FROM (SELECT v, row_number() OVER (ORDER BY v) AS i, count(*) OVER () AS n FROM unnest(x) AS v) AS s WHERE 2 * i BETWEEN n AND n + 2
$$;
UPDATE price_data SET close_price = 10000, high_price = 10000 WHERE id % 500 = 0;
DELETE FROM ended;
INSERT INTO ended SELECT * FROM stored;
ANALYZE price_data, price_data_archive;
CREATE TEMP TABLE quality AS SELECT * FROM series_quality(as_of => '2024-03-20+00');
SELECT set_eq('SELECT asset_id, series_timeframe, candles, missing, zero_volumes, unknown_volumes, stale_by FROM quality', $$
    SELECT e.asset_id, e.timeframe, count(*) AS candles,
           (extract(epoch FROM max(e.closed_at) - min(e.candle_time)) / extract(epoch FROM e.length))::bigint - count(*) AS missing,
           count(*) FILTER (WHERE e.volume = 0) AS zeros, count(*) FILTER (WHERE e.volume IS NULL) AS unknown, '2024-03-20+00' - max(e.closed_at)
    FROM ended AS e WHERE e.closed_at <= '2024-03-20+00' GROUP BY e.asset_id, e.timeframe, e.length
    $$, 'candles, missing ones and volumes are counted, for each series');
SELECT set_eq('SELECT asset_id, series_timeframe, outliers FROM quality WHERE outlier_share IS NOT NULL', $$
    SELECT j.asset_id, j.timeframe, count(*) FILTER (WHERE abs(j.r - m.median) > 14.826 * m.deviation)
    FROM judged AS j JOIN (SELECT x.asset_id, x.timeframe, c.median, middle(array_agg(abs(x.r - c.median))) AS deviation
                           FROM judged AS x JOIN (SELECT asset_id, timeframe, middle(array_agg(r)) AS median FROM judged GROUP BY 1, 2) AS c USING (asset_id, timeframe)
                           GROUP BY 1, 2, 3) AS m USING (asset_id, timeframe)
    GROUP BY j.asset_id, j.timeframe
    $$, 'outliers are ten deviations from the median');
SELECT is_empty('SELECT * FROM quality WHERE score IS NULL OR score NOT BETWEEN 0 AND 100 OR (score = 100) <> (missing = 0 AND zero_volumes = 0 AND late = 0 AND outliers = 0)',
                'a score is from 0 to 100, which is one without a flaw');

-- Levels: turning points by looking at each neighbour, levels by walking up the prices.
CREATE TEMP TABLE numbered AS
SELECT e.asset_id, e.candle_time, e.high_price, e.low_price, row_number() OVER (PARTITION BY e.asset_id ORDER BY e.candle_time) AS n, count(*) OVER (PARTITION BY e.asset_id) AS bars
FROM (SELECT e.*, row_number() OVER (PARTITION BY e.asset_id ORDER BY e.candle_time DESC) AS back FROM ended AS e WHERE e.timeframe = '1h' AND e.closed_at <= '2024-03-10+00') AS e
WHERE e.back <= 150;
CREATE TEMP TABLE turned AS
SELECT b.asset_id, b.n, x.price, b.candle_time
FROM numbered AS b CROSS JOIN LATERAL (VALUES (b.high_price, 1), (b.low_price, -1)) AS x (price, side)
WHERE b.n > 3 AND b.n <= b.bars - 3
  AND NOT EXISTS (SELECT FROM numbered AS o WHERE o.asset_id = b.asset_id AND o.n BETWEEN b.n - 3 AND b.n + 3 AND o.n <> b.n
                  AND x.side * (CASE x.side WHEN 1 THEN o.high_price ELSE o.low_price END - x.price) >= CASE WHEN o.n < b.n THEN 0 ELSE 0.00000001 END);
CREATE TEMP TABLE walked (asset_id integer, level integer, n bigint, price numeric, candle_time timestamptz);
DO $$
DECLARE
    t record;
    last_asset integer;
    last_price numeric;
    level integer := 0;
BEGIN
    FOR t IN SELECT * FROM turned ORDER BY asset_id, price, n LOOP
        IF t.asset_id IS DISTINCT FROM last_asset OR t.price > last_price * 1.001 THEN
            level := level + 1;
        END IF;
        INSERT INTO walked VALUES (t.asset_id, level, t.n, t.price, t.candle_time);
        last_asset := t.asset_id;
        last_price := t.price;
    END LOOP;
END;
$$;
SELECT cmp_ok((SELECT count(*) FROM (SELECT FROM walked GROUP BY level HAVING count(*) > 1) AS l), '>', 50::bigint, 'there are levels of several turning points');
SELECT set_eq($$
    SELECT a.asset_id, s.level, s.strength, s.touches, s.first_touch, s.last_touch
    FROM (SELECT DISTINCT asset_id FROM numbered) AS a
    CROSS JOIN LATERAL support_resistance(a.asset_id, '1h', 150, 3, 0.1, '2024-03-10+00') AS s
    $$, $$
    SELECT w.asset_id, round(sum(w.price) / count(*), 8) AS price,
           round(sum(w.n) * 100 / (SELECT sum(x.n) FROM walked AS x WHERE x.asset_id = w.asset_id), 2) AS strength,
           count(*), min(w.candle_time), max(w.candle_time)
    FROM walked AS w GROUP BY w.asset_id, w.level
    $$, 'levels are where prices turned, and as strong as their share');

SELECT * FROM finish();
ROLLBACK;
