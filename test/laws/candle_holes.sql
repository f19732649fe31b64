-- candles() of a series of which only some candles are stored, and the functions that read it: holes are built
-- together, and future candles do not count.
BEGIN;
SELECT plan(13);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';
SET LOCAL track_functions = 'all';

-- Sixty days in which one minute of seven traded, with 5m rolled up. Seven minutes are not a multiple of five, so of
-- seven 5m candles five are stored and two are missing.
INSERT INTO assets (symbol, name, asset_type)
SELECT 'HOLES.' || s, 'candles with holes', 'crypto' FROM unnest(ARRAY['SPARSE', 'DENSE', 'FUTURE']) AS s;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('HOLES.SPARSE'), '1m', t, 100 + i % 5, 110 + i % 7, 90 - i % 3, 100 + i % 4, i % 11
FROM (SELECT i, timestamptz '2024-01-01' + i * interval '7 minutes' AS t FROM generate_series(0, 60 * 1440 / 7) AS i) AS m;
SELECT cmp_ok(rollup_candles('5m', asset_id('HOLES.SPARSE')), '>', 12000::bigint, 'many candles are rolled up');

CREATE FUNCTION pg_temp.built() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce(sum(f.calls), 0)::bigint FROM pg_stat_xact_user_functions AS f WHERE f.funcname = 'ca_build_candles' $$;
CREATE TEMP TABLE whole AS SELECT * FROM candles(asset_id('HOLES.SPARSE'), '5m');
SELECT is(pg_temp.built(), 1::bigint, 'thousands of holes near to each other are built in one pass');
SELECT is(count(*), 0::bigint, 'and nothing is lost or comes twice')
FROM (SELECT * FROM whole EXCEPT ALL SELECT * FROM ca_build_candles(asset_id('HOLES.SPARSE'), '5m', NULL, NULL, NULL)) AS w;
SELECT is(count(*), (SELECT count(*) FROM ca_build_candles(asset_id('HOLES.SPARSE'), '5m', NULL, NULL, NULL)), 'all are there') FROM whole;

-- A stored candle counts even between two holes that are built together.
UPDATE price_data SET close_price = low_price
WHERE asset_id = asset_id('HOLES.SPARSE') AND timeframe = '5m';
SELECT is(count(*), 0::bigint, 'a stored candle is not built')
FROM candles(asset_id('HOLES.SPARSE'), '5m') AS c WHERE c.close <> c.low;

-- Two holes a day apart in a dense series: what is between them is not read again.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('HOLES.DENSE'), '1m', t, 1, 2, 0, 1, 1
FROM timeframe_series('1m', '2024-01-01', '2024-01-04') AS t;
SELECT is(rollup_candles('5m', asset_id('HOLES.DENSE')), 3 * 288::bigint, 'a dense series is rolled up');
DELETE FROM price_data
WHERE asset_id = asset_id('HOLES.DENSE') AND timeframe = '5m' AND candle_time IN ('2024-01-02', '2024-01-02 00:10', '2024-01-03');
CREATE TEMP TABLE calls AS SELECT pg_temp.built() AS before;
SELECT is(count(*), 3 * 288::bigint, 'holes far from each other are filled too') FROM candles(asset_id('HOLES.DENSE'), '5m');
SELECT is(pg_temp.built() - before, 2::bigint, 'and each is built alone') FROM calls;

-- Days of 1970, of yesterday, and of 9999: up to the last midnight, in UTC, that has passed.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('HOLES.FUTURE'), '1d', d, 5, 5, 5, 5, 1
FROM unnest(ARRAY[timestamptz '1970-01-01', timeframe_bucket('1d', now()) - interval '2 days',
                  timeframe_bucket('1d', now()), '9999-12-31']) AS d;
SELECT results_eq(
    $$ SELECT gap_start, gap_end, missing FROM candle_gaps(asset_id('HOLES.FUTURE'), '1d') $$,
    $$ SELECT timestamptz '1970-01-02', d - interval '2 days', (d::date - date '1970-01-04')::bigint
       FROM timeframe_bucket('1d', now()) AS d $$,
    'gaps end before the last candle that has closed');
SELECT results_eq(
    $$ SELECT gap_end, missing FROM candle_gaps(asset_id('HOLES.FUTURE'), '1d', now() - interval '3 days', '9999-12-31') $$,
    $$ SELECT timeframe_bucket('1d', now()), 1::bigint $$,
    'or at the last boundary that has come');
SELECT results_eq(
    $$ SELECT min(time), max(time), count(*), count(*) FILTER (WHERE filled)
       FROM candles_filled(asset_id('HOLES.FUTURE'), '1d') $$,
    $$ SELECT timestamptz '1970-01-01', d - interval '2 days', (d::date - date '1970-01-01')::bigint - 1,
              (d::date - date '1970-01-01')::bigint - 3
       FROM timeframe_bucket('1d', now()) AS d $$,
    'so do filled candles');
SELECT results_eq(
    $$ SELECT time, filled FROM candles_filled(asset_id('HOLES.FUTURE'), '1d', now() - interval '3 days', 'infinity') $$,
    $$ SELECT d - n * interval '1 day', n = 1 FROM timeframe_bucket('1d', now()) AS d, unnest(ARRAY[2, 1]) AS n $$,
    'the candle that is open is neither filled nor missing');
SELECT is_empty(
    $$ SELECT time::text FROM candles_filled(asset_id('HOLES.FUTURE'), '1d', '2500-01-01')
       UNION ALL SELECT gap_start::text FROM candle_gaps(asset_id('HOLES.FUTURE'), '1d', '2500-01-01')
       UNION ALL SELECT gap_start::text FROM candle_gaps(asset_id('HOLES.FUTURE'), '1d', '2500-01-01', '2600-01-01') $$,
    'and of a range in the future there is nothing');

SELECT * FROM finish();
ROLLBACK;
