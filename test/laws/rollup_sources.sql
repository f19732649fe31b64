-- Sources complement each other. If any part of the minutes is stored as coarser candles instead, the higher candles
-- are the same as those of the minutes, field for field, in whatever order they are rolled up and wherever they are
-- stored.
BEGIN;
SELECT plan(10);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

-- Minutes of three assets around the end of a month; one of eleven is missing, and so are the hours from 13:00 to
-- 15:59 of each day. Some volumes and some market_cap are unknown.
INSERT INTO assets (symbol, name, asset_type) SELECT 'SOURCES.' || n, 'of several sources', 'crypto' FROM generate_series(1, 3) AS n;
CREATE TEMP TABLE asset AS SELECT id, right(symbol, 1)::integer AS n FROM assets WHERE symbol LIKE 'SOURCES.%';
CREATE TEMP TABLE minute AS
SELECT a.id AS asset_id, a.n, t AS at, o AS open, o + h1 % 50 AS high, o - h2 % 50 AS low, o + (h1 % 50 - h2 % 50) / 2 AS close,
       CASE WHEN h1 % 7 <> 0 THEN (h2 % 100000)::numeric / 100 END AS volume, CASE WHEN h2 % 97 = 0 THEN h1 END AS market_cap
FROM asset AS a
CROSS JOIN generate_series(timestamptz '2024-02-28', '2024-03-02 23:59', '1 minute') AS t
CROSS JOIN LATERAL (SELECT abs(hashint8extended(extract(epoch FROM t)::bigint * 10 + a.n, 31) % 1000003) AS h1,
                           abs(hashint8extended(extract(epoch FROM t)::bigint * 10 + a.n, 32) % 1000003) AS h2) AS h
CROSS JOIN LATERAL (SELECT 1000 + h1 % 1000 AS o) AS p
WHERE h1 % 11 <> 0 AND extract(hour FROM t) NOT BETWEEN 13 AND 15;

-- A candle of these minutes, in plain SQL.
CREATE FUNCTION pg_temp.made(timeframe text)
    RETURNS TABLE (asset_id integer, "time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric) LANGUAGE sql STABLE AS $$
    SELECT m.asset_id, timeframe_bucket(made.timeframe, m.at), (array_agg(m.open ORDER BY m.at))[1]::numeric, max(m.high)::numeric, min(m.low)::numeric,
           (array_agg(m.close ORDER BY m.at DESC))[1]::numeric, sum(m.volume)::numeric,
           (array_agg(m.market_cap ORDER BY m.at DESC) FILTER (WHERE m.market_cap IS NOT NULL))[1]::numeric
    FROM minute AS m GROUP BY 1, 2 $$;

-- Each minute goes into the longest timeframe of a chain that is drawn for its span: 3m or 5m within each 15m, 8h and
-- 4h or 12h and 6h within each day.
CREATE TEMP TABLE divided AS
SELECT m.asset_id, m.at, coalesce(s.code, '1m') AS source
FROM minute AS m
LEFT JOIN LATERAL (
    SELECT c.code
    FROM unnest(CASE WHEN m.n % 2 = 0 THEN ARRAY['1d', '12h', '6h', '2h', '1h', '30m', '15m']
                     ELSE ARRAY['1d', '8h', '4h', '2h', '1h', '30m', '15m'] END
                || CASE WHEN hashint8(extract(epoch FROM timeframe_bucket('15m', m.at))::bigint + m.n) % 2 = 0 THEN '3m' ELSE '5m' END)
         WITH ORDINALITY AS c (code, place)
    WHERE hashint8extended(extract(epoch FROM timeframe_bucket(c.code, m.at))::bigint * 10 + m.n, c.place) % 4 = 0
    ORDER BY c.place
    LIMIT 1) AS s ON true;
CREATE TEMP TABLE source AS
SELECT d.source AS timeframe, b.*
FROM (SELECT DISTINCT asset_id, source, timeframe_bucket(source, at) AS "time" FROM divided) AS d
JOIN (SELECT t.code AS source, b.* FROM (SELECT DISTINCT source FROM divided) AS t (code), LATERAL pg_temp.made(t.code) AS b) AS b
    USING (asset_id, source, "time");
SELECT is(count(DISTINCT timeframe), 12::bigint, 'minutes are divided among many timeframes') FROM source;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, "time", open, high, low, close, volume, market_cap FROM source WHERE hashint8(extract(epoch FROM "time")::bigint) % 3 <> 0;
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, "time", open, high, low, close, volume, market_cap FROM source WHERE hashint8(extract(epoch FROM "time")::bigint) % 3 = 0;

-- What can be built whole: all its minutes are in timeframes that divide it.
CREATE TEMP TABLE truth AS
SELECT t AS timeframe, b.*
FROM unnest(ARRAY['3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M']) AS t, LATERAL pg_temp.made(t) AS b
WHERE NOT EXISTS (
    SELECT FROM divided AS d
    WHERE d.asset_id = b.asset_id AND d.at >= b."time" AND d.at < timeframe_end(t, b."time")
      AND d.source <> t AND NOT timeframe_divides(d.source, t));
SELECT cmp_ok(count(*), '>', 700::bigint, 'of which many candles are made') FROM truth;

CREATE FUNCTION pg_temp.misbuilt() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*)
    FROM truth AS t
    LEFT JOIN (SELECT a.id AS asset_id, t.code AS timeframe, c.*
               FROM asset AS a, (SELECT DISTINCT timeframe FROM truth) AS t (code), LATERAL candles(a.id, t.code) AS c) AS c
        USING (asset_id, timeframe, "time")
    WHERE (c.open, c.high, c.low, c.close, c.volume, c.market_cap) IS DISTINCT FROM (t.open, t.high, t.low, t.close, t.volume, t.market_cap) $$;
SELECT is(pg_temp.misbuilt(), 0::bigint, 'candles() builds all of them');
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT is(pg_temp.misbuilt(), 0::bigint, 'with little memory too');
RESET work_mem;
RESET hash_mem_multiplier;
CREATE TEMP TABLE before AS
SELECT a.id AS asset_id, t AS timeframe, c.*
FROM asset AS a, unnest(ARRAY['1d', '3d', '1w', '1M']) AS t, LATERAL candles(a.id, t) AS c;

-- Rolled up in some order, the results are the same.
CREATE FUNCTION pg_temp.roll(order_of_them text[]) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    target text;
BEGIN
    DELETE FROM price_data AS p USING asset AS a
    WHERE p.asset_id = a.id AND NOT EXISTS (SELECT FROM source AS s WHERE (s.asset_id, s.timeframe, s."time") = (p.asset_id, p.timeframe, p.candle_time));
    FOREACH target IN ARRAY order_of_them LOOP
        PERFORM rollup_candles(target, since => '2024-02-01', until => '2024-04-01');
    END LOOP;
    RETURN pg_temp.misbuilt();
END $$;
SELECT is(pg_temp.roll(ARRAY['3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M']), 0::bigint, 'rolled up finest first they are the same');
SELECT is(pg_temp.roll(ARRAY['1M', '1w', '3d', '1d', '12h', '8h', '6h', '4h', '2h', '1h', '30m', '15m', '5m', '3m']), 0::bigint, 'coarsest first too');
SELECT is(pg_temp.roll(ARRAY['4h', '15m', '1d', '3m', '1M', '12h', '1h', '5m', '8h', '3d', '30m', '1w', '2h', '6h']), 0::bigint, 'and in any other order');
SET LOCAL maintenance_work_mem = '1MB';
SELECT is(pg_temp.roll(ARRAY['15m', '1h', '4h', '1d', '1w', '12h', '6h', '3m', '5m', '30m', '2h', '8h', '3d', '1M']), 0::bigint, 'with little memory too');
SELECT is((SELECT count(*) FROM (SELECT a.id, t, c.* FROM asset AS a, unnest(ARRAY['1d', '3d', '1w', '1M']) AS t, LATERAL candles(a.id, t) AS c
                                 EXCEPT ALL TABLE before) AS d), 0::bigint,
          'candles of which parts lie in coarser ones that do not divide them are the same as before too');
SELECT is(rollup_candles('1h') + rollup_candles('1d') + rollup_candles('1M'), 0::bigint, 'a second time nothing changes');

SELECT * FROM finish();
ROLLBACK;
