-- Values of metrics against plain SQL, over candles drawn from a hash: with holes, negative, of several timeframes,
-- live, archived and compressed.
BEGIN;
SELECT plan(9);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'America/New_York'; -- must not matter

CREATE FUNCTION draw(k bigint, place integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint8extended(k * 100 + place, 11) % n + n) % n)::integer $$;

INSERT INTO assets (id, symbol, name, asset_type, quote_currency) VALUES
    (1, 'TOTAL', 'Total', 'index', 'USD (B)'), (2, 'BTC.FUNDING', 'Funding', 'macro', NULL), (3, 'DXY', 'Dollar', 'macro', NULL),
    (4, 'BTC.LIQ_LONG', 'Liquidations', 'macro', NULL), (5, 'TX', 'Transactions', 'macro', 'BTC (K)'), (6, 'SPX', 'Stocks', 'index', NULL);
INSERT INTO metric_series (metric, symbol, multiplier, staleness) VALUES ('tx_volume_btc', 'TX', 0.5, NULL), ('sp500', 'SPX', 1, '100 minutes');

-- every series in three timeframes, one candle in eight missing, and of sums one in forty
CREATE TEMP TABLE candle AS
SELECT row_number() OVER (ORDER BY a, l.place, t) AS n, a AS asset_id, l.timeframe, t AS candle_time
FROM generate_series(1, 6) AS a
CROSS JOIN (VALUES (1, '1h'), (2, '4h'), (3, '1d')) AS l (place, timeframe)
CROSS JOIN LATERAL timeframe_series(l.timeframe, '2024-01-01+00', '2024-02-10+00') AS t
WHERE l.place <> CASE a WHEN 3 THEN 2 WHEN 6 THEN 3 ELSE 0 END;
DELETE FROM candle WHERE draw(n, 1, CASE WHEN asset_id IN (4, 5) THEN 40 ELSE 8 END) = 0;
-- and days on end
DELETE FROM candle WHERE candle_time >= '2024-01-20+00' AND candle_time < '2024-01-27+00' AND timeframe <> '1d' OR asset_id = 3 AND candle_time >= '2024-01-22+00' AND candle_time < '2024-01-29+00';
ALTER TABLE candle ADD close numeric, ADD cap numeric;
UPDATE candle SET close = CASE WHEN asset_id = 2 THEN draw(n, 2, 2001) - 1000 ELSE draw(n, 2, 1000) END / 7.0,
                  cap = CASE WHEN draw(n, 3, 3) = 0 THEN draw(n, 4, 1000000) END;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, market_cap)
SELECT asset_id, timeframe, candle_time, round(close, 18), round(close, 18), round(close, 18), round(close, 18), cap FROM candle
WHERE candle_time >= '2024-01-12+00';
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, market_cap)
SELECT asset_id, timeframe, candle_time, round(close, 18), round(close, 18), round(close, 18), round(close, 18), cap FROM candle
WHERE candle_time < '2024-01-12+00';
SELECT is((SELECT sum(b.moved) > 100 FROM generate_series(1, 5) AS a, (VALUES ('1h'), ('4h')) AS t (code),
           ca_compress_batch(false, a, t.code, '-infinity', '2024-01-08+00', 1000, true) AS b), true, 'some are compressed');

CREATE TEMP TABLE moment AS
SELECT t AS moment
FROM generate_series(timestamptz '2024-01-01 00:00+00', '2024-02-16+00', '5 hours 20 minutes') AS t
UNION SELECT t FROM generate_series(timestamptz '2024-01-10 00:00+00', '2024-02-01+00', '1 day') AS t;

-- by plain SQL, one at a time
CREATE FUNCTION level_at(metric text, asset integer, staleness interval, factor numeric, t timestamptz) RETURNS numeric
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN t - e.ends <= staleness THEN CASE WHEN metric = 'total' AND e.cap IS NOT NULL THEN e.cap ELSE e.close * factor END END
    FROM (SELECT c.*, c.candle_time + l.length AS ends, l.length
          FROM candle AS c JOIN (VALUES ('1h', interval '1 hour'), ('4h', '4 hours'), ('1d', '24 hours')) AS l (timeframe, length) USING (timeframe)) AS e
    WHERE e.asset_id = asset AND e.ends <= t
    ORDER BY e.ends DESC, e.length
    LIMIT 1 $$;
CREATE FUNCTION sum_at(asset integer, factor numeric, t timestamptz) RETURNS numeric
    LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN s.known * extract(epoch FROM s.length) = 86400 THEN s.total * factor END
    FROM (SELECT l.length, count(*) AS known, sum(c.close) AS total
          FROM (VALUES ('1h', interval '1 hour'), ('4h', '4 hours'), ('1d', '24 hours')) AS l (timeframe, length)
          CROSS JOIN LATERAL (SELECT date_bin(l.length, t, timestamptz '2000-01-01+00') AS stop) AS b
          JOIN candle AS c ON c.timeframe = l.timeframe AND c.candle_time >= b.stop - interval '24 hours' AND c.candle_time < b.stop
          WHERE c.asset_id = asset
          GROUP BY l.length) AS s
    ORDER BY s.length
    LIMIT 1 $$;
UPDATE candle SET close = round(close, 18);

CREATE TEMP TABLE expected AS
SELECT m.moment, s.metric,
       CASE WHEN s.kind = 'L' THEN level_at(s.metric, s.asset, s.staleness, s.factor, m.moment) ELSE sum_at(s.asset, s.factor, m.moment) END AS value
FROM moment AS m
CROSS JOIN (VALUES ('total', 'L', 1, interval '48 hours', 1e9), ('funding_rate_btc', 'L', 2, '12 hours', 1), ('dxy', 'L', 3, '120 hours', 1),
                   ('liquidations_long', 'S', 4, NULL, 1), ('tx_volume_btc', 'S', 5, NULL, 500), ('sp500', 'L', 6, '100 minutes', 1))
    AS s (metric, kind, asset, staleness, factor);
SELECT is((SELECT array_agg(x.metric ORDER BY x.metric) FROM (SELECT metric FROM expected GROUP BY metric HAVING count(value) NOT BETWEEN 5 AND count(*) - 5) AS x),
          NULL, 'of each metric some values are known and some are not');
SELECT results_eq(
    'SELECT v.moment, v.metric, v.value FROM ca_metric_values(ARRAY(SELECT moment FROM moment), NULL) AS v ORDER BY 1, 2',
    'SELECT e.moment, e.metric, e.value FROM expected AS e WHERE e.value IS NOT NULL ORDER BY 1, 2',
    'values at many moments are those of plain SQL');
SELECT is((SELECT count(*) FROM expected AS e WHERE draw(extract(epoch FROM e.moment)::bigint, 8, 6) = 0 AND metric_value(e.metric, e.moment) IS DISTINCT FROM e.value), 0::bigint,
          'and so are values at one moment');

-- staleness to the microsecond
SELECT is((SELECT count(*)
           FROM (SELECT c.asset_id, timeframe_end(c.timeframe, c.candle_time) AS ends, c.close,
                        lead(timeframe_end(c.timeframe, c.candle_time)) OVER (ORDER BY timeframe_end(c.timeframe, c.candle_time), c.timeframe DESC) AS next
                 FROM candle AS c WHERE c.asset_id = 6) AS c
           WHERE c.next > c.ends + interval '100 minutes'
             AND (metric_value('sp500', c.ends + interval '100 minutes') IS DISTINCT FROM c.close
                  OR metric_value('sp500', c.ends + interval '100 minutes 1 microsecond') IS NOT NULL)), 0::bigint,
          'a value is known until it is as old as staleness, and a microsecond later it is not');

-- what is recorded is what is read, from the first boundary on and not before
CREATE TEMP TABLE recorded AS
SELECT k, timestamptz '2025-01-01+00' + draw(k, 5, 10000000) * interval '1.000001 seconds' AS moment, (draw(k, 6, 2000000) - 1000000) / 1000.0 AS value,
       (ARRAY['1m', '15m', '1h', '4h'])[1 + draw(k, 7, 4)] AS timeframe
FROM generate_series(1, 300) AS k;
DELETE FROM price_data WHERE asset_id = 2;
SELECT is((SELECT count(*) FROM (SELECT r.*, record_metric('funding_rate_btc', r.value, r.moment, r.timeframe) AS changed FROM recorded AS r ORDER BY r.k) AS r WHERE NOT r.changed),
          0::bigint, 'each of many values is written');
SELECT is((SELECT count(*)
           FROM (SELECT DISTINCT ON (r.timeframe, timeframe_bucket(r.timeframe, r.moment - interval '1 microsecond')) r.*,
                        timeframe_end(r.timeframe, r.moment - interval '1 microsecond') AS first
                 FROM recorded AS r
                 ORDER BY r.timeframe, timeframe_bucket(r.timeframe, r.moment - interval '1 microsecond'), r.k DESC) AS r
           WHERE NOT EXISTS (SELECT FROM recorded AS o WHERE o.k <> r.k AND timeframe_end(o.timeframe, o.moment - interval '1 microsecond') = r.first)
             AND (metric_value('funding_rate_btc', r.first) IS DISTINCT FROM r.value
                  OR r.first < r.moment OR r.first >= r.moment + timeframe_length(r.timeframe))), 0::bigint,
          'and read from the first boundary that is not before its moment');

-- what comes later changes nothing
SELECT is((SELECT count(*) FROM (
    SELECT record_metric('total', 1, '2024-02-12 10:00+00', '1h'), record_metric('dxy', 1, '2024-02-12 10:00+00', '1h')) AS r), 1::bigint, 'values are recorded later');
SELECT results_eq(
    $$SELECT v.moment, v.metric, v.value FROM ca_metric_values(ARRAY(SELECT moment FROM moment WHERE moment < '2024-02-12 10:00+00'), '{total,dxy}') AS v ORDER BY 1, 2$$,
    $$SELECT e.moment, e.metric, e.value FROM expected AS e WHERE e.value IS NOT NULL AND e.metric IN ('total', 'dxy') AND e.moment < '2024-02-12 10:00+00' ORDER BY 1, 2$$,
    'values before them are the same');

SELECT * FROM finish();
ROLLBACK;
