-- Feeds print 8.5, 8.53 and 9, or 8.50, as they like.  Whatever a number shows, compressed
-- candles show the same, candles built from them as well, and they take no more room for it.
BEGIN;
SELECT plan(11);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

INSERT INTO assets (id, symbol, name, asset_type)
SELECT n, 'D' || n, 'Decimals ' || n, 'crypto' FROM generate_series(1, 6) AS n;

CREATE FUNCTION pg_temp.noise(i bigint, seed bigint, below bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(i, seed) & 9007199254740991) % below;
-- a number as a feed may print it: 1 all decimals, 2 without zeros at the end, 3 at least one decimal, as
-- languages with floats print, 4 now so and now so, 5 and more decimals than there are, 6 so many that only text holds them
CREATE FUNCTION pg_temp.printed(feed integer, i bigint, number numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    RETURN CASE feed
        WHEN 1 THEN number
        WHEN 2 THEN trim_scale(number)
        WHEN 3 THEN round(number, greatest(min_scale(number), 1))
        WHEN 4 THEN CASE WHEN pg_temp.noise(i, 1, 3) = 0 THEN number ELSE trim_scale(number) END
        WHEN 5 THEN round(number, min_scale(number) + pg_temp.noise(i, 2, 12)::integer)
        ELSE CASE WHEN pg_temp.noise(i, 3, 50) = 0 THEN round(number, 25) ELSE trim_scale(number) END END;

-- small prices, so that many are equal; opens follow closes in no way
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap, candle_time)
SELECT feed, '1m', pg_temp.printed(feed, i, o), pg_temp.printed(feed, i + 1, greatest(o, c) + h), pg_temp.printed(feed, i + 2, least(o, c) - l),
       pg_temp.printed(feed, i + 3, c), CASE WHEN i % 7 > 0 THEN pg_temp.printed(feed, i + 4, v) END,
       CASE WHEN i % 5 = 0 THEN pg_temp.printed(feed, i + 5, v * 10) END, timestamptz '2024-01-01' + i * interval '1 minute'
FROM generate_series(1, 6) AS feed, generate_series(0, 2999) AS i
CROSS JOIN LATERAL (SELECT 20 + pg_temp.noise(i, 4, 60) / 100.0, 20 + pg_temp.noise(i, 5, 60) / 100.0, pg_temp.noise(i, 6, 20) / 100.0,
                           pg_temp.noise(i, 7, 20) / 100.0, pg_temp.noise(i, 8, 100000) / 10000.0) AS w (a, b, x, y, z)
CROSS JOIN LATERAL (SELECT round(a, 2), round(b, 2), round(x, 2), round(y, 2), round(z, 8)) AS r (o, c, h, l, v);

CREATE TEMP TABLE original AS SELECT * FROM price_data_archive;
-- candles by plain SQL; of equal numbers the highest is the one with the most decimals, the lowest that with the fewest
CREATE TEMP TABLE wanted AS
SELECT asset_id, time_bucket, (array_agg(open_price ORDER BY candle_time))[1] AS open,
       (array_agg(high_price ORDER BY high_price DESC, scale(high_price) DESC))[1] AS high,
       (array_agg(low_price ORDER BY low_price, scale(low_price)))[1] AS low,
       (array_agg(close_price ORDER BY candle_time DESC))[1] AS close, sum(volume) AS volume,
       (array_agg(market_cap ORDER BY candle_time DESC) FILTER (WHERE market_cap IS NOT NULL))[1] AS market_cap
FROM original CROSS JOIN LATERAL (SELECT date_bin('1 hour', candle_time, '2000-01-01')) AS b (time_bucket)
GROUP BY asset_id, time_bucket;
CREATE TEMP VIEW built AS
SELECT a.id, c.time, c.open, c.high, c.low, c.close, c.volume, c.market_cap
FROM assets AS a CROSS JOIN LATERAL candles(a.id, '1h') AS c;
CREATE TEMP VIEW indicators AS
SELECT a.id, t.* FROM assets AS a CROSS JOIN LATERAL technical_indicators(a.id, '1m') AS t;

SELECT is((SELECT count(DISTINCT scale(volume)) > 5 FROM original WHERE asset_id = 5), true, 'the decimals of a feed vary');
SELECT is((SELECT count(*) FROM (SELECT w::text FROM wanted AS w EXCEPT ALL SELECT b::text FROM built AS b) AS d), 0::bigint,
          'candles built from rows show what plain SQL finds');
CREATE TEMP TABLE from_rows AS SELECT i::text FROM indicators AS i;

SELECT is(sum(b.moved), 18000::numeric, 'all candles are compressed')
FROM generate_series(1, 6) AS s (asset)
CROSS JOIN LATERAL ca_compress_batch(false, s.asset, '1m', '-infinity', 'infinity', 1000000, true) AS b;
SELECT is_empty('SELECT o::text FROM original AS o EXCEPT ALL SELECT z::text FROM price_data_compressed AS z',
                'compressed candles show the decimals that they had');
SELECT is((SELECT count(*) FROM (SELECT w::text FROM wanted AS w EXCEPT ALL SELECT b::text FROM built AS b) AS d), 0::bigint,
          'candles built from segments show what plain SQL finds');
SELECT is((SELECT count(*) FROM built), (SELECT count(*) FROM wanted), 'and there are no others');
SELECT is((SELECT count(*) FROM (SELECT i::text FROM indicators AS i EXCEPT ALL TABLE from_rows) AS d), 0::bigint,
          'indicators from segments are those from rows');

-- 3 segments; of feed 2, each of 6 columns says in some bytes that zeros are dropped
SELECT cmp_ok((SELECT sum(octet_length(payload)) FROM price_data_segments WHERE asset_id = 2), '<=',
              (SELECT sum(octet_length(payload)) + 3 * 6 * 6 FROM price_data_segments WHERE asset_id = 1),
              'dropped zeros cost a few bytes a segment');
SELECT cmp_ok((SELECT sum(octet_length(payload)) FROM price_data_segments WHERE asset_id = 4), '<',
              (SELECT sum(octet_length(payload)) + 18000 / 6 * 3 FROM price_data_segments WHERE asset_id = 1),
              'decimals at random cost a few bits a number');

SELECT is(sum(b.moved), 18000::numeric, 'all candles are decompressed')
FROM generate_series(1, 6) AS s (asset)
CROSS JOIN LATERAL ca_decompress_batch(s.asset, '1m', '-infinity', 'infinity', 1000000) AS b;
SELECT is_empty('SELECT o::text FROM original AS o EXCEPT ALL SELECT z::text FROM price_data_archive AS z',
                'rows show the decimals that they had');

SELECT * FROM finish();
ROLLBACK;
