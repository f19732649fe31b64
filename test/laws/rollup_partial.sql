-- A partial candle never replaces a whole one, and is replaced by a candle that is made of more.
BEGIN;
SELECT plan(30);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';
INSERT INTO assets (symbol, name, asset_type) SELECT 'PARTIAL.' || n, 'partial', 'crypto' FROM generate_series(1, 4) AS n;
CREATE TEMP TABLE asset AS SELECT id, right(symbol, 1)::integer AS n FROM assets WHERE symbol LIKE 'PARTIAL.%';

-- Minutes [since, until) at a price, with volume 1 each.
CREATE FUNCTION pg_temp.minutes(n integer, since timestamptz, until timestamptz, price numeric) RETURNS void LANGUAGE sql AS $$
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
    SELECT a.id, '1m', t, price, price, price, price, 1
    FROM asset AS a, generate_series(since, until - interval '1 minute', '1 minute') AS t WHERE a.n = minutes.n
    ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
    SET open_price = price, high_price = price, low_price = price, close_price = price $$;
CREATE FUNCTION pg_temp.stored(n integer, timeframe text, at timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws('/', h.open_price, h.high_price, h.low_price, h.close_price, h.volume)
    FROM price_history AS h JOIN asset AS a ON a.id = h.asset_id
    WHERE a.n = stored.n AND h.timeframe = stored.timeframe AND h.candle_time = at $$;
CREATE FUNCTION pg_temp.covered(n integer, timeframe text, at timestamptz) RETURNS integer LANGUAGE sql AS $$
    SELECT p.covered FROM partial_candles AS p JOIN asset AS a ON a.id = p.asset_id
    WHERE a.n = covered.n AND p.timeframe = covered.timeframe AND p.candle_time = at $$;

-- 30 imported days, and a minute feed that begins ten minutes before the end of the last.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT id, '1d', t, 50000, 70000, 40000, 60000, 1e9 FROM asset, generate_series(timestamptz '2024-01-01', '2024-01-30', '1 day') AS t WHERE n = 1;
SELECT pg_temp.minutes(1, '2024-01-30 23:50', '2024-01-31 00:00', 60000);
SELECT is(rollup_candles('1h') + rollup_candles('1d'), 1::bigint, 'ten minutes make an hour');
SELECT is(pg_temp.stored(1, '1d', '2024-01-30'), '50000/70000/40000/60000/1000000000', 'and take no day''s place');
SELECT is(pg_temp.covered(1, '1h', '2024-01-30 23:00'), 10, 'what the hour was made of is known');
SELECT is((SELECT concat_ws('/', c.high, c.low, c.volume) FROM candles((SELECT id FROM asset WHERE n = 1), '1w', '2024-01-29', '2024-02-01') AS c),
          '70000/40000/2000000000', 'nor is a week made of them, where the day knows more');
SELECT pg_temp.minutes(1, '2024-01-30 00:00', '2024-01-30 23:50', 61000);
SELECT is(rollup_candles('1d') + rollup_candles('1h'), 25::bigint, 'a day whose minutes are all there does');
SELECT is(pg_temp.stored(1, '1d', '2024-01-30'), '61000/61000/60000/60000/1440', 'of all of them');
SELECT is((SELECT count(*) FROM partial_candles JOIN asset ON id = asset_id WHERE n = 1), 0::bigint, 'and nothing is partial any more');

-- A feed with an outage: a partial candle grows and is corrected, but does not shrink.
SELECT pg_temp.minutes(2, '2024-02-01 10:00', '2024-02-01 10:10', 100);
SELECT is(rollup_candles('1h') + rollup_candles('4h', (SELECT id FROM asset WHERE n = 2)), 2::bigint, 'ten minutes make an hour and four');
SELECT pg_temp.minutes(2, '2024-02-01 10:10', '2024-02-01 10:30', 200);
SELECT is(rollup_candles('4h', (SELECT id FROM asset WHERE n = 2)) + rollup_candles('1h'), 2::bigint, 'twenty more change both');
SELECT is(pg_temp.stored(2, '4h', '2024-02-01 08:00'), '100/200/100/200/30', 'to what thirty are');
SELECT pg_temp.minutes(2, '2024-02-01 10:29', '2024-02-01 10:30', 300);
SELECT is(rollup_candles('4h', (SELECT id FROM asset WHERE n = 2)) + rollup_candles('1h'), 2::bigint, 'a correction of one changes both');
SELECT is(pg_temp.stored(2, '4h', '2024-02-01 08:00'), '100/300/100/300/30', 'coarser first too, past an hour that is stale');
DELETE FROM price_data AS p USING asset AS a WHERE p.asset_id = a.id AND a.n = 2 AND p.timeframe = '1m' AND p.candle_time < '2024-02-01 10:20';
SELECT is(rollup_candles('1h') + rollup_candles('4h', (SELECT id FROM asset WHERE n = 2)), 0::bigint, 'minutes that are lost change nothing');
SELECT is(pg_temp.stored(2, '1h', '2024-02-01 10:00'), '100/300/100/300/30', 'the hour still knows of them');

SELECT pg_temp.minutes(2, '2024-02-02 10:00', '2024-02-02 10:10', 100);
SELECT is(rollup_candles('1h'), 1::bigint, 'ten minutes of another day');
UPDATE price_data AS p SET market_cap = 7 FROM asset AS a WHERE p.asset_id = a.id AND a.n = 2 AND p.timeframe = '1m' AND p.candle_time = '2024-02-02 10:05';
SELECT is(rollup_candles('1h'), 1::bigint, 'of which nothing but the market_cap has changed');
SELECT is((SELECT h.market_cap FROM price_history AS h JOIN asset AS a ON a.id = h.asset_id WHERE a.n = 2 AND h.timeframe = '1h' AND h.candle_time = '2024-02-02 10:00'),
          7::numeric, 'are written too');

-- In the archive, and compressed.
CREATE FUNCTION pg_temp.roll_again(price numeric) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.minutes(3, '2024-02-01 10:00', '2024-02-01 10:10', price);
    PERFORM rollup_candles('1h');
    PERFORM rollup_candles('4h');
    RETURN concat_ws(' ', pg_temp.stored(3, '1h', '2024-02-01 10:00'), pg_temp.stored(3, '4h', '2024-02-01 08:00'));
END $$;
SELECT is(pg_temp.roll_again(100), '100/100/100/100/10 100/100/100/100/10', 'ten minutes');
SELECT count(*) FROM ca_archive_batch((SELECT id FROM asset WHERE n = 3), '1h', '-infinity', '2024-03-01', 1000, false);
SELECT is(pg_temp.roll_again(200), '200/200/200/200/10 200/200/200/200/10', 'corrected, the hour in the archive too');
SELECT count(*) FROM ca_compress_batch(false, (SELECT id FROM asset WHERE n = 3), '1h', '-infinity', '2024-03-01', 1000, false);
SELECT is(pg_temp.roll_again(300), '300/300/300/300/10 300/300/300/300/10', 'and compressed');
SELECT update_compressed_candle((SELECT id FROM asset WHERE n = 3), '1h', '2024-02-01 10:00', 300, 300, 290, 290, 10, NULL, NULL);
SELECT is(pg_temp.roll_again(400), '300/300/290/290/10 300/300/290/290/10', 'a candle that was changed by hand is nobody''s fragment');
SELECT is((SELECT concat_ws('/', c.close, c.volume) FROM candles((SELECT id FROM asset WHERE n = 3), '2h', '2024-02-01 10:00', '2024-02-01 11:00') AS c),
          '290/10', 'and covers its hour');

-- A candle that is imported or inserted over a fragment is whole.
SELECT pg_temp.minutes(4, '2024-02-01 10:00', '2024-02-01 10:10', 100);
SELECT pg_temp.minutes(4, '2024-02-01 11:00', '2024-02-01 11:10', 100);
SELECT is(rollup_candles('1h', (SELECT id FROM asset WHERE n = 4)), 2::bigint, 'two fragments');
SELECT is(import_ohlcv((SELECT id FROM asset WHERE n = 4), '1h', '[[1706781600000, 100, 100, 100, 100, 10]]', 'ccxt', 'quote'), 0::bigint,
          'an import that is equal changes nothing');
SELECT ok(pg_temp.covered(4, '1h', '2024-02-01 10:00') IS NULL, 'but that the candle is whole');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT id, '1h', '2024-02-01 11:00', 90, 120, 80, 110, 60 FROM asset WHERE n = 4
ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE SET open_price = 90, high_price = 120, low_price = 80, close_price = 110, volume = 60;
SELECT is((SELECT concat_ws('/', c.open, c.high, c.low, c.close, c.volume) FROM candles((SELECT id FROM asset WHERE n = 4), '4h', '2024-02-01 08:00', '2024-02-01 09:00') AS c),
          '100/120/80/110/70', 'both count');
SELECT pg_temp.minutes(4, '2024-02-01 11:00', '2024-02-01 11:10', 130);
SELECT is(rollup_candles('1h', (SELECT id FROM asset WHERE n = 4)), 0::bigint, 'minutes take the place of neither');

-- Rights: a role that may write candles may note what they were made of, and nobody else may.
CREATE ROLE partial_reader;
GRANT USAGE ON SCHEMA cryptoanalytics TO partial_reader;
SET LOCAL ROLE partial_reader;
SELECT throws_ok($$ SELECT ca_note_partial('{}', '{}', '{}') $$, '42501', 'permission denied for table price_data', 'a role without rights notes nothing');
SELECT throws_ok($$ INSERT INTO partial_candles VALUES (1, '1h', '2024-01-01', 1, 1) $$, '42501', NULL, 'nor does it write the table');
SELECT throws_ok($$ SELECT ca_write_partial('{}', '{}', '{}') $$, '42501', NULL, 'nor call what writes it');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
