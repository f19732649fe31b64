-- Compressing and decompressing changes only the place of a candle. This is tested against a copy of the rows, and
-- against a model of the places after any sequence of changes.
BEGIN;
SELECT plan(31);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

INSERT INTO assets (id, symbol, name, asset_type)
SELECT n, 'S' || n, 'Series ' || n, 'crypto' FROM generate_series(1, 9) AS n;

CREATE FUNCTION pg_temp.noise(i bigint, seed bigint, below bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(i, seed) & 9007199254740991) % below;
CREATE FUNCTION pg_temp.at(minute bigint) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE
    RETURN timestamptz '2024-01-01 00:00+00' + minute * interval '1 minute';
-- What no two segments of a series may do.
CREATE VIEW pg_temp.bad_segments AS
    SELECT s.*
    FROM (SELECT g.*, lag(g.last_time) OVER (PARTITION BY g.asset_id, g.timeframe ORDER BY g.first_time) AS before
          FROM price_data_segments AS g) AS s
    WHERE s.before >= s.first_time
       OR s.candles <> (SELECT count(*) FROM price_data_compressed AS z
                        WHERE z.asset_id = s.asset_id AND z.timeframe = s.timeframe
                          AND z.candle_time BETWEEN s.first_time AND s.last_time);

--
-- there and back: kinds of series that an encoding may get wrong
--
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
                                volume, market_cap, technical_indicators, candle_time, created_at)
-- 1: a random walk, all values known, with indicators
SELECT 100000 + i, 1, '1m', p, p + 0.5, p - 0.25, p + 0.125, pg_temp.noise(i, 1, 1000000) / 100.0, 1e9 + i,
       jsonb_build_object('RSI', i % 100), pg_temp.at(i), timestamptz '2024-02-01 00:00+00' + i * interval '1.000001 s'
FROM generate_series(0, 3999) AS i CROSS JOIN LATERAL (SELECT 100 + pg_temp.noise(i, 2, 1000) / 100.0 AS p) AS w
UNION ALL
-- 2: some NULLs, gaps, ids and creation times in no order, now and then JSON that is not an object
SELECT pg_temp.noise(i, 3, 9007199254740991) - 4503599627370496, 2, '1m', 1, 1, 1, 1,
       CASE WHEN pg_temp.noise(i, 4, 3) > 0 THEN pg_temp.noise(i, 5, 1000) END,
       CASE WHEN pg_temp.noise(i, 6, 3) > 1 THEN pg_temp.noise(i, 7, 1000) END,
       CASE pg_temp.noise(i, 8, 40) WHEN 0 THEN 'null'::jsonb WHEN 1 THEN '[1, {"a": null}]' WHEN 2 THEN '"x"' END,
       pg_temp.at(i * i), timestamptz '1999-01-01 00:00+00' + pg_temp.noise(i, 9, 1000000000000) * interval '1 microsecond'
FROM generate_series(0, 2499) AS i
UNION ALL
-- 3: the extremes of numeric(20,8) and numeric(30,2) beside small values; infinite creation times
SELECT 200000 + i, 3, '1d', m * s, m, -m, -m * s, m::numeric(30,8) * 1e16, 9999999999999999999999999999.99 - i, NULL,
       timestamptz '2000-01-01 00:00+00' + i * interval '1 day',
       CASE i % 3 WHEN 0 THEN timestamptz 'infinity' WHEN 1 THEN '-infinity' ELSE '0001-01-01 00:00:00+00 BC' END
FROM generate_series(0, 1499) AS i
CROSS JOIN LATERAL (SELECT CASE WHEN pg_temp.noise(i, 10, 2) = 0 THEN 999999999999.99999999 ELSE 0.00000001 END,
                           CASE WHEN pg_temp.noise(i, 11, 2) = 0 THEN 1 ELSE -1 END) AS w (m, s)
UNION ALL
-- 4: months from before Christ on, with only the required values
SELECT 300000 + i, 4, '1M', 0, 0, 0, 0, NULL, NULL, NULL, t, t
FROM generate_series(0, 2000) AS i
CROSS JOIN LATERAL (SELECT (timestamp '0100-01-01 00:00 BC' + i * interval '1 month') AT TIME ZONE 'UTC' AS t) AS m
UNION ALL
-- 5: a single candle with large JSON that is stored out of line
SELECT 400000, 5, '1h', 1, 2, 0.5, 1.5, 3, 4,
       (SELECT jsonb_object_agg('k' || n, hashint8extended(n, 12)) FROM generate_series(1, 3000) AS n), pg_temp.at(60), now()
UNION ALL
-- 6: prices that differ in the last decimal
SELECT 500000 + i, 6, '1m', 0.00000001 * i, 0.00000001 * (i + 1), 0.00000001 * i, 0.00000001 * (i + 1), 0.01 * i, 0, NULL,
       pg_temp.at(i), now()
FROM generate_series(0, 1024) AS i;

CREATE TEMP TABLE original AS SELECT * FROM price_data_archive;
-- As text, so that 1.0 and 1.00 differ.
CREATE TEMP VIEW lost AS SELECT o::text FROM original AS o EXCEPT ALL SELECT z::text FROM price_data_compressed AS z;
CREATE TEMP VIEW lost_rows AS SELECT o::text FROM original AS o EXCEPT ALL SELECT z::text FROM price_data_archive AS z;

SELECT is(sum(b.moved)::bigint, (SELECT count(*) FROM original),
          'every row of the archive is compressed')
FROM (SELECT DISTINCT asset_id, timeframe FROM original) AS s
CROSS JOIN LATERAL ca_compress_batch(false, s.asset_id, s.timeframe, '-infinity', 'infinity', 1000000, true) AS b;
SELECT is_empty('SELECT id FROM price_data_archive', 'and leaves the archive');
SELECT is_empty('TABLE lost', 'compressed candles are the rows that they were, to the last digit');
SELECT is((SELECT sum(candles)::bigint FROM price_data_segments), (SELECT count(*) FROM original), 'the segments count them right');
SELECT is_empty('TABLE pg_temp.bad_segments', 'segments of a series do not overlap, and hold as many candles as they say');
SELECT results_eq($$SELECT candles FROM price_data_segments WHERE asset_id IN (1, 6) ORDER BY asset_id, first_time$$,
                  ARRAY[1024, 1024, 1024, 928, 1024, 1], 'each segment is full but the last of a series');
SELECT is_empty('SELECT asset_id FROM price_data_segments WHERE asset_id IN (3, 4, 6) AND technical_indicators IS NOT NULL',
                'segments without indicators have no array of them');

SELECT is(sum(b.moved)::bigint, (SELECT count(*) FROM original), 'every compressed candle is taken out again')
FROM (SELECT DISTINCT asset_id, timeframe FROM original) AS s
CROSS JOIN LATERAL ca_decompress_batch(s.asset_id, s.timeframe, '-infinity', 'infinity', 1000000) AS b;
SELECT is_empty('SELECT first_time FROM price_data_segments', 'and no segment is left');
SELECT is_empty('TABLE lost_rows', 'rows are what they were before they were compressed, to the last digit');

-- In batches: not larger than asked for, and on to the end without gaps.
CREATE FUNCTION pg_temp.drain(size integer, OUT batches integer, OUT largest bigint, OUT partial bigint)
    LANGUAGE plpgsql AS $$
DECLARE
    batch record;
    last timestamptz := '-infinity';
BEGIN
    batches := 0;
    largest := 0;
    LOOP
        SELECT * INTO batch FROM ca_compress_batch(false, 1, '1m', last, 'infinity', size, true);
        EXIT WHEN batch.last IS NULL;
        batches := batches + 1;
        largest := greatest(largest, batch.moved);
        last := batch.last;
    END LOOP;
    SELECT count(*) FILTER (WHERE candles < 1024) INTO partial FROM price_data_segments;
END;
$$;
-- 4000 by 700 are 6 batches; batches of 2048 end with a segment each time: 2 * 2048 >= 4000.
SELECT is(pg_temp.drain(700), ROW(6, 700::bigint, 1::bigint), 'batches smaller than a segment fill one segment after the other');
SELECT is((SELECT count(*) FROM price_data_compressed), 4000::bigint, 'and move all candles of the series');
SELECT is((SELECT moved FROM ca_decompress_batch(1, '1m', '-infinity', 'infinity', 1)), 1024::bigint,
          'a batch of decompressing goes on to the end of a segment');
SELECT is((SELECT moved FROM ca_decompress_batch(1, '1m', '-infinity', 'infinity', 1000000)), 2976::bigint, 'the rest follows');
SELECT is(pg_temp.drain(2500), ROW(2, 2048::bigint, 1::bigint), 'batches of two segments and a half end with a full one');
SELECT ca_decompress_batch(1, '1m', '-infinity', 'infinity', 1000000) \gset
SELECT is_empty('TABLE lost_rows', 'whatever the batches, the rows are the same');

-- A segment with large indicators is closed before it has 1024 candles: 40 of 1 MB are two segments of at most 32 MB.
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, technical_indicators, candle_time)
SELECT 7, '1m', 1, 1, 1, 1, jsonb_build_object('x', repeat(i::text, 1000000 / length(i::text))), pg_temp.at(i) FROM generate_series(10, 49) AS i;
SELECT is((SELECT moved FROM ca_compress_batch(false, 7, '1m', '-infinity', 'infinity', 10000, true)), 40::bigint,
          'candles with a megabyte of indicators each are compressed');
SELECT results_eq('SELECT candles FROM price_data_segments WHERE asset_id = 7 ORDER BY first_time', ARRAY[33, 7],
                  'into segments of 32 MB');
DELETE FROM price_data_segments WHERE asset_id = 7;

--
-- any sequence of changes, compared with a model: asset 8, 1m, minutes 0 to 4999
--
DELETE FROM price_data_archive;
CREATE TEMP TABLE model (minute integer PRIMARY KEY, close numeric NOT NULL, place text NOT NULL);
CREATE TEMP TABLE outcome (operation integer, kind text, got bigint, want bigint, wrong bigint);

CREATE FUNCTION pg_temp.pick(operation integer, place integer, below integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(operation * 100000::bigint + place, 13) & 1073741823) % below;

-- The minutes that an operation concerns: some of a range.
CREATE FUNCTION pg_temp.minutes(operation integer) RETURNS SETOF integer
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT m
          FROM generate_series(pg_temp.pick(operation, 1, 5000),
                               pg_temp.pick(operation, 1, 5000) + pg_temp.pick(operation, 2, 1500)) AS m
          WHERE pg_temp.pick(operation, 10 + m, 1 + pg_temp.pick(operation, 3, 4)) = 0 AND m < 5000 $$;

CREATE FUNCTION pg_temp.operate(operation integer) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    kinds text[] := '{fill, fill, insert, store, archive, compress, straight, decompress, restore, delete, update}';
    kind text := kinds[1 + pg_temp.pick(operation, 4, cardinality(kinds))];
    since timestamptz := pg_temp.at(pg_temp.pick(operation, 5, 5000));
    until timestamptz := pg_temp.at(pg_temp.pick(operation, 6, 5000));
    size integer := 1 + pg_temp.pick(operation, 7, 3000);
    one integer := (SELECT minute FROM model AS o WHERE o.place = 'compressed' ORDER BY hashint8extended(minute, operation) LIMIT 1);
    got bigint;
    want bigint;
    wrong bigint;
BEGIN
    CREATE TEMP TABLE these ON COMMIT DROP AS SELECT m AS minute FROM pg_temp.minutes(operation) AS m;
    IF kind = 'fill' THEN
        INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
        SELECT 8, '1m', operation, operation, operation, operation, pg_temp.at(m.minute)
        FROM these AS m WHERE NOT EXISTS (SELECT FROM model AS o WHERE o.minute = m.minute);
        GET DIAGNOSTICS got = ROW_COUNT;
        INSERT INTO model SELECT m.minute, operation, 'archived' FROM these AS m ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS want = ROW_COUNT;
    ELSIF kind = 'insert' THEN
        INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
        SELECT 8, '1m', operation, operation, operation, operation, pg_temp.at(m.minute)
        FROM these AS m WHERE NOT EXISTS (SELECT FROM model AS o WHERE o.minute = m.minute AND o.place = 'live');
        GET DIAGNOSTICS got = ROW_COUNT;
        INSERT INTO model AS o SELECT m.minute, operation, 'live' FROM these AS m
        ON CONFLICT (minute) DO UPDATE SET close = excluded.close, place = 'live' WHERE o.place <> 'live';
        GET DIAGNOSTICS want = ROW_COUNT;
    ELSIF kind = 'store' THEN
        got := ca_store_candles(ARRAY(
            SELECT ROW(NULL, 8, '1m', c, c, c, c, NULL, NULL, NULL, pg_temp.at(m.minute), now())::price_data
            FROM these AS m CROSS JOIN LATERAL (SELECT 1 + pg_temp.pick(operation, m.minute, 2)) AS n (c)));
        INSERT INTO model AS o SELECT m.minute, 1 + pg_temp.pick(operation, m.minute, 2), 'live' FROM these AS m
        ON CONFLICT (minute) DO UPDATE SET close = excluded.close WHERE o.close <> excluded.close;
        GET DIAGNOSTICS want = ROW_COUNT;
    ELSIF kind IN ('delete', 'update') AND one IS NULL THEN
        got := 0;
        want := 0;
    ELSIF kind = 'delete' THEN
        got := delete_compressed_candle(8, '1m', pg_temp.at(one))::integer;
        want := 1;
        DELETE FROM model WHERE minute = one;
    ELSIF kind = 'update' THEN
        got := update_compressed_candle(8, '1m', pg_temp.at(one), operation, operation, operation, operation)::integer;
        want := 1;
        UPDATE model SET close = operation WHERE minute = one;
    ELSE
        got := CASE kind
            WHEN 'archive' THEN (SELECT b.moved FROM ca_archive_batch(8, '1m', since, until, 1000000, false) AS b)
            WHEN 'compress' THEN (SELECT b.moved FROM ca_compress_batch(false, 8, '1m', since, until, 1000000, true) AS b)
            WHEN 'straight' THEN (SELECT b.moved FROM ca_compress_batch(true, 8, '1m', since, until, 1000000, true) AS b)
            WHEN 'decompress' THEN (SELECT b.moved FROM ca_decompress_batch(8, '1m', since, until, 1000000) AS b)
            ELSE (SELECT b.moved FROM ca_restore_compressed_batch(8, '1m', since, until, 1000000) AS b)
        END;
        -- compressing omits the start of the range
        UPDATE model AS o
        SET place = CASE kind WHEN 'archive' THEN 'archived' WHEN 'decompress' THEN 'archived' WHEN 'restore' THEN 'live' ELSE 'compressed' END
        WHERE o.place = CASE kind WHEN 'archive' THEN 'live' WHEN 'straight' THEN 'live' WHEN 'compress' THEN 'archived' ELSE 'compressed' END
          AND pg_temp.at(o.minute) < until
          AND CASE WHEN kind IN ('compress', 'straight') THEN pg_temp.at(o.minute) > since ELSE pg_temp.at(o.minute) >= since END;
        GET DIAGNOSTICS want = ROW_COUNT;
    END IF;
    DROP TABLE these;

    SELECT count(*) INTO wrong
    FROM (SELECT candle_time, close_price, 'live' AS place FROM price_data WHERE asset_id = 8
          UNION ALL SELECT candle_time, close_price, 'archived' FROM price_data_archive WHERE asset_id = 8
          UNION ALL SELECT candle_time, close_price, 'compressed' FROM price_data_compressed WHERE asset_id = 8) AS h
    FULL JOIN model AS o ON pg_temp.at(o.minute) = h.candle_time
    WHERE (h.close_price, h.place) IS DISTINCT FROM (o.close, o.place);
    wrong := wrong + (SELECT count(*) FROM pg_temp.bad_segments);
    INSERT INTO outcome VALUES (operation, kind, got, want, wrong);
END;
$$;
SELECT count(pg_temp.operate(i)) AS operations FROM generate_series(1, 150) AS i \gset

SELECT is(sum(wrong), 0::numeric, 'after each of 150 operations the three places hold what the model holds') FROM outcome;
SELECT is(count(*), 0::bigint, 'each operation tells how many candles it moved or changed') FROM outcome WHERE got IS DISTINCT FROM want;
SELECT is(count(DISTINCT kind), 10::bigint, 'each of the ten kinds of operation was among them, and had candles to work on')
FROM outcome WHERE got > 0;

--
-- second copies, notes, rights
--
DELETE FROM price_data WHERE asset_id = 8;
DELETE FROM price_data_archive WHERE asset_id = 8;
DELETE FROM price_data_segments WHERE asset_id = 8;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 9, '1h', 100 + h, 100 + h, 100 + h, 100 + h, pg_temp.at(60 * h) FROM generate_series(0, 99) AS h;
SELECT moved FROM ca_compress_batch(false, 9, '1h', '-infinity', 'infinity', 10000, true) \gset
SELECT throws_ok($$INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
                   VALUES (9, '1h', 1, 1, 1, 1, '2024-01-01 05:00+00')$$, '23505', 'the candle is compressed already',
                 'a candle that is compressed is not archived a second time');
ALTER TABLE price_data_archive DISABLE TRIGGER price_data_archive_once;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (9, '1h', 1, 1, 1, 1, '2024-01-01 05:00+00');
SELECT throws_ok($$SELECT ca_compress_batch(false, 9, '1h', '-infinity', 'infinity', 10000, true)$$, '23505',
                 'the candle is compressed already', 'nor compressed a second time');
DELETE FROM price_data_archive WHERE asset_id = 9;
ALTER TABLE price_data_archive ENABLE TRIGGER price_data_archive_once;

INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 9, '1h', h, h, h, h, pg_temp.at(60 * h) FROM generate_series(100, 199) AS h;
SELECT update_technical_indicators(9, '1h', '{"SMA": [3]}') \gset
SELECT ca_compress_batch(true, 9, '1h', '-infinity', pg_temp.at(60 * 150), 10000, true) \gset
SELECT ca_decompress_batch(9, '1h', '-infinity', pg_temp.at(60 * 120), 10000) \gset
SELECT ca_compress_batch(false, 9, '1h', '-infinity', pg_temp.at(60 * 120), 10000, true) \gset
SELECT is_empty('SELECT since FROM technical_indicator_notes WHERE asset_id = 9', 'moving into segments and out to the archive is no change to the indicators');
SELECT update_compressed_candle(9, '1h', pg_temp.at(60 * 7), 1, 1, 1, 1) \gset
SELECT results_eq('SELECT since FROM technical_indicator_notes WHERE asset_id = 9', ARRAY[pg_temp.at(0)],
                  'a corrected candle is noted, from the start of its segment on');
SELECT update_technical_indicators(9, '1h', '{"SMA": [3]}') \gset
SELECT delete_compressed_candle(9, '1h', pg_temp.at(60 * 8)) \gset
SELECT isnt_empty('SELECT since FROM technical_indicator_notes WHERE asset_id = 9', 'a deleted one is noted too');

-- If a user has added triggers to the table, rows are deleted through the executor.
CREATE FUNCTION pg_temp.count_gone() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('test.gone', (current_setting('test.gone')::integer + 1)::text, true);
    RETURN OLD;
END;
$$;
SET LOCAL test.gone = 0;
CREATE TRIGGER users_own BEFORE DELETE ON price_data FOR EACH ROW EXECUTE FUNCTION pg_temp.count_gone();
SELECT is((SELECT moved FROM ca_compress_batch(true, 9, '1h', '-infinity', 'infinity', 20, true)), 20::bigint,
          'a batch of a table with a trigger of its users'' moves as many candles');
SELECT is(current_setting('test.gone'), '20', 'and the trigger sees each of them');
SELECT is_empty('TABLE pg_temp.bad_segments', 'the segments are as good');

-- A role that may insert candles needs no rights to segments.
CREATE ROLE segments_writer;
GRANT USAGE ON SCHEMA cryptoanalytics TO segments_writer;
GRANT INSERT ON price_data TO segments_writer;
GRANT SELECT, DELETE ON price_data_archive TO segments_writer;
SET LOCAL ROLE segments_writer;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (9, '1h', 1, 1, 1, 1, '2024-01-01 03:00+00');
SELECT throws_ok($$SELECT ca_compress_batch(true, 9, '1h', '-infinity', 'infinity', 10, true)$$, '42501', NULL,
                 'compressing needs the right to delete');
RESET ROLE;
SELECT is((SELECT count(*) FROM price_history WHERE asset_id = 9 AND candle_time = '2024-01-01 03:00+00'), 1::bigint,
          'a writer without a right to segments supersedes compressed candles');

SELECT * FROM finish();
ROLLBACK;
