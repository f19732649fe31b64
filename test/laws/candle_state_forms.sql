-- The state of the candle aggregates has three forms: for numbers of 64 bits, for those of up to 38 digits, and for all
-- others. Here groups mix them, at the limits between them, and every result is compared with plain SQL.
BEGIN;
SELECT plan(16);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

-- Prices just below, at and just above the limits of 64 bits, beside ordinary ones, at scales from 0 to 20, where 18 is
-- the last of the first form; volumes from 1e-9 to 1e38. Series s begins with rows of one form, and has rows of all
-- forms or only of the first.
CREATE TABLE trade AS
SELECT s, i, timestamptz '2024-01-01' + (h1 % 50) * interval '1 second' AS ts,
       CASE WHEN (s + i) % 3 = 0 OR s % 4 = 0 THEN h2 % 2000001 - 1000000
            ELSE (9223372036854775807::numeric + h2 % 5 - 2) * CASE WHEN h2 % 2 = 0 THEN 1 ELSE -1 END
                 * CASE WHEN h3 % 50 = 0 THEN 1e25 ELSE 1 END
       END * ('1e-' || h2 % 21)::numeric AS price,
       CASE WHEN h3 % 7 = 0 THEN NULL
            WHEN s % 4 < 2 THEN round((h3 % 100000)::numeric / 1000, h1::integer % 4)
            ELSE round((h3 % 1000000) * 10::numeric ^ (h1 % 42 - 9), (h2 % 10)::integer) END AS volume
FROM generate_series(1, 120) AS s, generate_series(1, 60) AS i,
     LATERAL (SELECT abs(hashint8extended(s * 1000 + i, 11) % 1000000007) AS h1,
                     abs(hashint8extended(s * 1000 + i, 12) % 1000000007) AS h2,
                     abs(hashint8extended(s * 1000 + i, 13) % 1000000007) AS h3) AS h;
ANALYZE trade;

SELECT is(count(DISTINCT scale(price)), 21::bigint, 'prices come at 21 scales') FROM trade;
SELECT cmp_ok(count(*), '>', 500::bigint, 'many prices are at the ends of 64 bits')
FROM trade WHERE abs(price) * 10::numeric ^ scale(price) BETWEEN 9223372036854775805 AND 9223372036854775809;
SELECT cmp_ok(count(DISTINCT s), '>', 50::bigint, 'many series have sums beyond 38 digits')
FROM trade WHERE volume > 1e20;

CREATE FUNCTION pg_temp.differences(one text, other text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    n bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (%s) AS a FULL JOIN (%s) AS b USING (s) WHERE a.c::text IS DISTINCT FROM b.c::text',
                   one, other) INTO n;
    RETURN n;
END $$;

-- By plain SQL; vwap by the rule for its decimals, from exact sums.
CREATE FUNCTION pg_temp.plain(open_time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric,
                              notional3 numeric, trades bigint, close_time timestamptz) RETURNS candlestick LANGUAGE sql AS $$
    SELECT (open_time, open, high, low, close, volume,
            CASE WHEN volume > 0 THEN
                (SELECT CASE WHEN notional3 < 0 THEN -1 ELSE 1 END
                        * div(2 * abs(notional3) * 10::numeric ^ d + 3 * volume, 6 * volume) * ('1e-' || d)::numeric
                 FROM (SELECT scale(trim_scale(notional3)) + 2
                              + CASE WHEN volume < 1 THEN 0 ELSE length(trunc(volume)::text) END AS d) AS d) END,
            trades, close_time)::candlestick $$;
CREATE TABLE expected AS
SELECT s, pg_temp.plain(min(ts), (array_agg(price ORDER BY ts, price, scale(price)))[1],
                        (array_agg(price ORDER BY price DESC, scale(price) DESC))[1],
                        (array_agg(price ORDER BY price, scale(price)))[1],
                        (array_agg(price ORDER BY ts DESC, price DESC, scale(price) DESC))[1],
                        sum(volume), sum(3 * price * volume), count(*), max(ts)) AS c
FROM trade GROUP BY s;

SELECT is(pg_temp.differences('TABLE expected', 'SELECT s, candlestick_agg(ts, price, volume ORDER BY ' || how || ') AS c FROM trade GROUP BY s'),
          0::bigint, 'trades ordered by ' || how || ' give the candle of plain SQL')
FROM unnest(ARRAY['i', 'i DESC', 'abs(price)', 'abs(price) DESC', 'coalesce(volume, 0)', 'hashint8(i)']) AS how;
SELECT is(pg_temp.differences('TABLE expected', 'SELECT s, rollup(c) AS c FROM (SELECT s, candlestick_agg(ts, price, volume) AS c FROM trade GROUP BY s, i) AS t GROUP BY s'),
          0::bigint, 'so do candlesticks of single trades');

-- ready candles of the same prices
CREATE TABLE bar AS
SELECT s, i, ts, price AS open, price + h AS high, price - l AS low, price + h - (h + l) * 0.5 AS close, volume
FROM (SELECT *, (i % 5)::numeric / 4 AS h, round((i % 3)::numeric / 7, 2 * (i % 3)) AS l FROM trade) AS t;
CREATE TABLE expected_bar AS
SELECT s, pg_temp.plain(min(ts), (array_agg(open ORDER BY ts, open, scale(open)))[1],
                        (array_agg(high ORDER BY high DESC, scale(high) DESC))[1],
                        (array_agg(low ORDER BY low, scale(low)))[1],
                        (array_agg(close ORDER BY ts DESC, close DESC, scale(close) DESC))[1],
                        sum(volume), sum((high + low + close) * volume), NULL, max(ts)) AS c
FROM bar GROUP BY s;
SELECT is(pg_temp.differences('TABLE expected_bar', 'SELECT s, candlestick_agg(ts, open, high, low, close, volume ORDER BY ' || how || ') AS c FROM bar GROUP BY s'),
          0::bigint, 'ready candles ordered by ' || how || ' give the candle of plain SQL')
FROM unnest(ARRAY['i', 'i DESC', 'abs(open)', 'abs(open) DESC']) AS how;
SELECT is(pg_temp.differences('TABLE expected_bar', 'SELECT s, rollup(c) AS c FROM (SELECT s, candlestick_agg(ts, open, high, low, close, volume) AS c FROM bar GROUP BY s, i) AS t GROUP BY s'),
          0::bigint, 'so do candlesticks of single ones');

-- A state of each form survives sending and reading back; so does the aggregate over two workers.
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL max_parallel_workers_per_gather = 2;
ALTER TABLE trade SET (parallel_workers = 2);
SELECT is(pg_temp.differences('TABLE expected', 'SELECT s, candlestick_agg(ts, price, volume) AS c FROM trade GROUP BY s'),
          0::bigint, 'parts of two workers put together give the candle of plain SQL');

SELECT * FROM finish();
ROLLBACK;
