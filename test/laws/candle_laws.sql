-- Candlesticks agree with plain SQL, and do not depend on order, grouping, number format and parallel workers.
BEGIN;
SELECT plan(27);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

-- 400 series of 120 trades. Prices and volumes of series s have its own scale, from 0 to 18 decimals, and sizes from
-- 1e-9 to 1e12. A quarter of the trades share their time with another. In every seventh series no volume is known; in
-- the others some are NULL and some 0. A third of the series has negative prices.
CREATE TABLE trade AS
SELECT s, i,
       timestamptz '2024-02-28 23:00' + (h1 % 5400) / 4 * 4 * interval '1 s' + (s % 3) * interval '0.25 s' AS ts,
       round((1000000 + h2 % 900000 - CASE WHEN s % 3 = 0 THEN 1500000 ELSE 0 END)
             * 10::numeric ^ (s % 22 - 15), s % 19) AS price,
       CASE WHEN s % 7 = 0 OR i % 13 = 0 THEN NULL
            WHEN i % 17 = 0 THEN 0
            ELSE round((h3 % 1000000) * 10::numeric ^ (s % 13 - 9), s % 11) END AS volume
FROM generate_series(1, 400) AS s, generate_series(1, 120) AS i,
     LATERAL (SELECT abs(hashint8extended(s * 1000 + i, 1) % 1000000007) AS h1,
                     abs(hashint8extended(s * 1000 + i, 2) % 1000000007) AS h2,
                     abs(hashint8extended(s * 1000 + i, 3) % 1000000007) AS h3) AS h;
ALTER TABLE trade SET (parallel_workers = 2);
ANALYZE trade;

SELECT cmp_ok(count(*), '>', 1000::bigint, 'many trades share their time with another of their series')
FROM (SELECT FROM trade GROUP BY s, ts HAVING count(*) > 1) AS t;
SELECT is(count(DISTINCT scale(price)), 19::bigint, 'prices come at 19 scales') FROM trade;

-- As text, so that 1.5 and 1.50 differ.
CREATE FUNCTION pg_temp.differences(one text, other text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (%s) AS a FULL JOIN (%s) AS b USING (s, start)
                    WHERE a.c::text IS DISTINCT FROM b.c::text', one, other) INTO n;
    RETURN n;
END $$;

--
-- plain SQL
--
CREATE TABLE plain AS
SELECT s,
       min(ts) AS open_time, (array_agg(price ORDER BY ts, price, scale(price)))[1] AS open, max(price) AS high, min(price) AS low,
       (array_agg(price ORDER BY ts DESC, price DESC, scale(price) DESC))[1] AS close, sum(volume) AS volume,
       sum(price * volume) AS notional, count(*) AS trades, max(ts) AS close_time
FROM trade GROUP BY s;
CREATE TABLE ours AS SELECT s, candlestick_agg(ts, price, volume) AS c FROM trade GROUP BY s;

SELECT unnest(ARRAY[
    is(count(*), 400::bigint, 'every series has a candle'),
    is(count(*) FILTER (WHERE (c).open_time IS DISTINCT FROM p.open_time OR (c).close_time IS DISTINCT FROM p.close_time),
       0::bigint, 'open_time and close_time are min and max of the times'),
    is(count(*) FILTER (WHERE (c).open::text IS DISTINCT FROM p.open::text), 0::bigint,
       'open is the first of the prices ordered by time and price'),
    is(count(*) FILTER (WHERE (c).close::text IS DISTINCT FROM p.close::text), 0::bigint,
       'close is the last of the prices ordered by time and price'),
    is(count(*) FILTER (WHERE (c).high IS DISTINCT FROM p.high OR (c).low IS DISTINCT FROM p.low), 0::bigint,
       'high and low are max and min of the prices'),
    is(count(*) FILTER (WHERE (c).volume::text IS DISTINCT FROM p.volume::text), 0::bigint,
       'volume is the sum of the volumes'),
    is(count(*) FILTER (WHERE (c).volume IS NULL), 57::bigint, 'it is NULL in the 400 / 7 series without any'),
    is(count(*) FILTER (WHERE (c).trades <> p.trades), 0::bigint, 'trades is the number of rows'),
    is(count(*) FILTER (WHERE ((c).vwap IS NULL) <> (p.volume IS NULL OR p.volume = 0)), 0::bigint,
       'vwap is NULL exactly where nothing was traded'),
    -- rounded once: off by at most half a unit of the last decimal
    is(count(*) FILTER (WHERE abs((c).vwap * p.volume - p.notional) * 2 > ('1e-' || scale((c).vwap))::numeric * p.volume), 0::bigint,
       'vwap is sum(price * volume) / sum(volume), rounded once'),
    is(count(*) FILTER (WHERE scale((c).vwap)
                              <> scale(trim_scale(3 * p.notional)) + length(trunc(p.volume)::text) - (trunc(p.volume) = 0)::integer + 2),
       0::bigint, 'vwap has the decimals of the notional, as many as the volume has digits, and two')
])
FROM ours JOIN plain AS p USING (s);

-- Ready candles: the typical price is used as the price.
CREATE TABLE bar AS
SELECT s, timeframe_bucket('1m', ts) AS start, (array_agg(price ORDER BY ts, price))[1] AS open, max(price) AS high, min(price) AS low,
       (array_agg(price ORDER BY ts DESC, price DESC))[1] AS close, sum(volume) AS volume
FROM trade GROUP BY 1, 2;
SELECT unnest(ARRAY[
    is(count(*) FILTER (WHERE (c).open_time <> first OR (c).close_time <> last OR (c).open <> p.open OR (c).close <> p.close
                              OR (c).high <> p.high OR (c).low <> p.low OR (c).volume IS DISTINCT FROM p.volume OR (c).trades IS NOT NULL),
       0::bigint, 'of ready candles the candle of the whole is that of its trades, with trades unknown'),
    is(count(*) FILTER (WHERE abs(3 * (c).vwap * p.volume - b.notional3) * 2 > 3 * ('1e-' || scale((c).vwap))::numeric * p.volume), 0::bigint,
       'their vwap weights (high + low + close) / 3')
])
FROM (SELECT s, min(start) AS first, max(start) AS last, candlestick_agg(start, open, high, low, close, volume) AS c,
             sum((high + low + close) * volume) AS notional3
      FROM bar GROUP BY s) AS b
JOIN plain AS p USING (s);

--
-- any order
--
SELECT is(pg_temp.differences(
    'SELECT s, 0 AS start, candlestick_agg(ts, price, volume ORDER BY hashint8extended(i, 7)) AS c FROM trade GROUP BY s',
    'SELECT s, 0 AS start, candlestick_agg(ts, price, volume ORDER BY i DESC) AS c FROM trade GROUP BY s'),
    0::bigint, 'shuffled and reversed rows give the same candles');
SELECT is(pg_temp.differences(
    'SELECT s, 0 AS start, candlestick_agg(ts, price, volume, hashint4(i) ORDER BY hashint8extended(i, 7)) AS c FROM trade GROUP BY s',
    'SELECT s, 0 AS start, candlestick_agg(ts, price, volume, hashint4(i) ORDER BY i DESC) AS c FROM trade GROUP BY s'),
    0::bigint, 'so they do with a sequence');
SELECT is(count(*), 0::bigint, 'with a sequence open and close are first and last by (time, sequence)')
FROM (SELECT candlestick_agg(ts, price, volume, hashint4(i)) AS c,
             (array_agg(price ORDER BY ts, hashint4(i)))[1] AS open, (array_agg(price ORDER BY ts DESC, hashint4(i) DESC))[1] AS close
      FROM trade GROUP BY s) AS t
WHERE (c).open <> open OR (c).close <> close;

--
-- any grouping: 1m -> 15m -> 1h -> 1d equals 1d directly, field for field and digit for digit
--
CREATE TABLE minute AS SELECT s, timeframe_bucket('1m', ts) AS start, candlestick_agg(ts, price, volume) AS c FROM trade GROUP BY 1, 2;
CREATE TABLE quarter AS SELECT s, timeframe_bucket('15m', start) AS start, rollup(c) AS c FROM minute GROUP BY 1, 2;
CREATE TABLE hour AS SELECT s, timeframe_bucket('1h', start) AS start, rollup(c ORDER BY start DESC) AS c FROM quarter GROUP BY 1, 2;
SELECT is(pg_temp.differences(
    $$ SELECT s, timeframe_bucket('1d', start) AS start, rollup(c) AS c FROM hour GROUP BY 1, 2 $$,
    $$ SELECT s, timeframe_bucket('1d', ts) AS start, candlestick_agg(ts, price, volume) AS c FROM trade GROUP BY 1, 2 $$),
    0::bigint, 'trades to 1m to 15m to 1h to 1d equals trades to 1d');
SELECT is(pg_temp.differences(
    $$ SELECT s, timeframe_bucket('1d', start) AS start, rollup(c ORDER BY hashint8(extract(epoch FROM start)::bigint)) AS c FROM minute GROUP BY 1, 2 $$,
    $$ SELECT s, timeframe_bucket('1d', start) AS start, rollup(c) AS c FROM hour GROUP BY 1, 2 $$),
    0::bigint, '1m to 1d in shuffled order equals 1m to 15m to 1h to 1d');
SELECT is(pg_temp.differences(
    $$ SELECT s, timeframe_bucket('1d', start) AS start, rollup(c) AS c
       FROM (SELECT s, timeframe_bucket('1h', start) AS start, candlestick_agg(start, open, high, low, close, volume) AS c
             FROM bar GROUP BY 1, 2) AS h GROUP BY 1, 2 $$,
    $$ SELECT s, timeframe_bucket('1d', start) AS start, candlestick_agg(start, open, high, low, close, volume) AS c FROM bar GROUP BY 1, 2 $$),
    0::bigint, 'ready candles to 1h to 1d equals ready candles to 1d');
SELECT is(pg_temp.differences('SELECT s, start, rollup(c) AS c FROM minute GROUP BY 1, 2', 'TABLE minute'),
    0::bigint, 'a rollup of one candle is that candle');

-- The same holds for numbers of any length; 3 * volume * 1 has no decimals.
SELECT is_empty($$
    SELECT n, scale((c).vwap)
    FROM (SELECT n, candlestick_agg(timestamptz '2024-01-01 UTC', 1::numeric, 12 * 10::numeric ^ (n - 2)) AS c
          FROM generate_series(2, 60) AS n GROUP BY n) AS c
    WHERE scale((c).vwap) <> n + 2
$$, 'and a volume of 2 to 60 digits');

--
-- number format: a double counts as the decimal that it is printed as
--
SELECT is(pg_temp.differences(
    'SELECT s, 0 AS start, candlestick_agg(ts, price::float8, volume::float8) AS c FROM trade GROUP BY s',
    'SELECT s, 0 AS start, candlestick_agg(ts, price::float8::text::numeric, volume::float8::text::numeric) AS c FROM trade GROUP BY s'),
    0::bigint, 'double precision trades equal the decimals that they print as');
SELECT is(pg_temp.differences(
    'SELECT s, 0 AS start, candlestick_agg(start, open::float8 / 7, high::float8 / 7, low::float8 / 7, close::float8 / 7, volume::float8 / 3) AS c
     FROM bar GROUP BY s',
    'SELECT s, 0 AS start, candlestick_agg(start, (open::float8 / 7)::text::numeric, (high::float8 / 7)::text::numeric,
            (low::float8 / 7)::text::numeric, (close::float8 / 7)::text::numeric, (volume::float8 / 3)::text::numeric) AS c
     FROM bar GROUP BY s'),
    0::bigint, 'double precision candles equal the decimals that they print as');

--
-- parallel workers
--
CREATE TABLE serial AS
SELECT s, candlestick_agg(ts, price, volume) AS trades, candlestick_agg(ts, price::float8, volume::float8, i) AS doubles,
       candlestick_agg(ts, price * 1e30, volume * 1e30) AS wide
FROM trade GROUP BY s;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL enable_hashagg = off;
CREATE FUNCTION pg_temp.workers(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ' || query LOOP
        plan := plan || line || E'\n';
    END LOOP;
    RETURN CASE WHEN plan LIKE '%Finalize%Partial%Aggregate%' AND plan LIKE '%Workers Launched: 2%' THEN 'two workers' ELSE plan END;
END $$;
SELECT is(pg_temp.workers('SELECT s, candlestick_agg(ts, price, volume) AS trades, candlestick_agg(ts, price::float8, volume::float8, i) AS doubles,
                                  candlestick_agg(ts, price * 1e30, volume * 1e30) AS wide
                           FROM trade GROUP BY s'),
          'two workers', 'the candles of all series are put together from the parts of two workers');
SELECT is(count(*), 0::bigint, 'and they are the same, wide decimals included')
FROM (SELECT s, candlestick_agg(ts, price, volume) AS trades, candlestick_agg(ts, price::float8, volume::float8, i) AS doubles,
             candlestick_agg(ts, price * 1e30, volume * 1e30) AS wide
      FROM trade GROUP BY s) AS p
FULL JOIN serial AS q USING (s)
WHERE (p.trades, p.doubles, p.wide)::text IS DISTINCT FROM (q.trades, q.doubles, q.wide)::text;

SELECT * FROM finish();
ROLLBACK;
