-- Compressed candles are read as rows: the same ones, from as few segments as possible.
--
-- All candles are copied before they are compressed. What price_history shows afterwards is compared with the copy by
-- plain SQL, as text, so that scales count too.
BEGIN;
SELECT plan(110);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

INSERT INTO assets (id, symbol, name, asset_type)
    SELECT n, 'A' || n, 'Asset ' || n, 'crypto' FROM generate_series(1, 5) AS n;

-- Minutes: 20,000 of asset 1 and 5,000 of asset 2, with a gap of a day after 8 days.
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, volume,
                                market_cap, technical_indicators, candle_time, created_at)
    SELECT a * 100000 + m, a, '1m', 100 + m % 7, 110 + m % 3, 90 - m % 5, 95 + m % 11 + m * 0.00000001,
           CASE WHEN m % 10 > 0 THEN m * 1.25 END, CASE WHEN m % 3 = 0 THEN m * 1000.5 END,
           CASE WHEN a = 1 AND m % 100 = 0 THEN jsonb_build_object('RSI', m) END,
           timestamptz '2024-01-01' + m * interval '1 minute'
           + CASE WHEN m >= 11520 THEN interval '1 day' ELSE interval '0' END,
           timestamptz '2024-02-01' + m % 17 * interval '1 second'
    FROM generate_series(1, 2) AS a, generate_series(0, 19999) AS m
    WHERE a = 1 OR m < 5000;
-- Hours of asset 1, and of asset 3, of which some stay in the archive and some are live.
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
    SELECT a, '1h', 10, 20 + h % 3, 5, 15, h, timestamptz '2023-01-01' + h * interval '1 hour'
    FROM (VALUES (1, 3000), (3, 1300)) AS s (a, hours), generate_series(0, s.hours - 1) AS h;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
    SELECT 3, '1h', 10, 20, 5, 15, h, timestamptz '2023-01-01' + h * interval '1 hour'
    FROM generate_series(1300, 1499) AS h;
-- Days with the largest numbers of the columns, months with the smallest.
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, volume,
                                market_cap, candle_time)
    SELECT 4, '1d', 999999999999.99999999, 999999999999.99999999, -999999999999.99999999, 0,
           9999999999999999999999999999.99, d, timestamptz '2024-01-01' + d * interval '1 day'
    FROM generate_series(0, 9) AS d;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
    SELECT 4, '1M', 0.00000001, 0.00000002, -0.00000001, 0, timestamptz '2020-01-01' + m * interval '1 month'
    FROM generate_series(0, 40) AS m;

CREATE TEMPORARY TABLE kept ON COMMIT DROP AS TABLE price_history;
-- What is about to be compressed, below.
UPDATE kept SET compressed = archived AND NOT (asset_id = 3 AND candle_time >= '2023-02-11');
CREATE UNIQUE INDEX kept_key ON kept (asset_id, timeframe, candle_time);
ANALYZE kept;
CREATE TEMPORARY TABLE daily ON COMMIT DROP AS SELECT * FROM candles(1, '1d');
CREATE TEMPORARY TABLE indicators ON COMMIT DROP AS SELECT * FROM technical_indicators(1, '1h');

SELECT is((SELECT sum(b.moved)
           FROM (VALUES (1, '1m', 'infinity'), (1, '1h', 'infinity'), (2, '1m', 'infinity'), (3, '1h', '2023-02-11'),
                        (4, '1d', 'infinity'), (4, '1M', 'infinity')) AS s (asset, timeframe, until),
                LATERAL ca_compress_batch(false, s.asset, s.timeframe, '-infinity', s.until::timestamptz, 100000,
                                          true) AS b),
          -- 41 days of 24 hours come before 2023-02-11
          (20000 + 3000 + 5000 + 41 * 24 + 10 + 41)::numeric, 'all candles are compressed, but some of asset 3');
ANALYZE price_data_segments;

-- The table.
SELECT results_eq($$
    SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
    WHERE attrelid = 'price_data_compressed'::regclass AND attnum > 0 ORDER BY attnum
$$, $$
    SELECT attname, format_type(atttypid, atttypmod), attnotnull FROM pg_attribute
    WHERE attrelid = 'price_data_archive'::regclass AND attnum > 0 ORDER BY attnum
$$, 'compressed candles have the columns of archived ones');
SELECT is((SELECT count(*) FROM price_data_compressed), (SELECT sum(candles) FROM price_data_segments),
          'there is a row for each compressed candle');

-- How many rows are only in the view or only in the copy.
CREATE FUNCTION pg_temp.differing(condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    answer bigint;
BEGIN
    EXECUTE format('WITH seen AS MATERIALIZED (SELECT (h.*)::text FROM price_history AS h WHERE %1$s),
                         kept AS MATERIALIZED (
                             SELECT (h.id, h.asset_id, h.timeframe, h.open_price, h.high_price, h.low_price, h.close_price,
                                     h.volume, h.market_cap, h.technical_indicators, h.candle_time, h.created_at,
                                     h.archived, h.compressed)::text
                             FROM kept AS h WHERE %1$s)
                    SELECT count(*) FROM ((TABLE seen EXCEPT ALL TABLE kept)
                                          UNION ALL (TABLE kept EXCEPT ALL TABLE seen)) AS d', condition)
    INTO answer;
    RETURN answer;
END;
$$;
CREATE FUNCTION pg_temp.counted(condition text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    answer bigint;
BEGIN
    EXECUTE 'SELECT count(*) FROM kept AS h WHERE ' || condition INTO answer;
    RETURN answer;
END;
$$;

SELECT is(pg_temp.differing('true'), 0::bigint, 'the view shows every candle as it was');

-- Conditions that choose segments; the 4,000th minute is that of 2024-01-03 18:40.
CREATE TEMPORARY TABLE conditions (number integer GENERATED ALWAYS AS IDENTITY, condition text, candles bigint)
    ON COMMIT DROP;
INSERT INTO conditions (condition, candles) VALUES
    ($$asset_id = 1 AND timeframe = '1m'$$, 20000),
    ($$1 = asset_id AND '1m' = timeframe AND '2024-01-03 18:40' <= candle_time AND '2024-01-03 18:50' > candle_time$$, 10),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time < '2024-01-01 00:01'$$, 1),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time <= '2024-01-01 00:01'$$, 2),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time = '2024-01-03 18:40'$$, 1),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time = '2024-01-03 18:40:01'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time > '2024-01-15 21:17'$$, 2),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time >= '2024-01-15 21:17'$$, 3),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time > '2024-01-15 21:19'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time < '2024-01-01'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time BETWEEN '2024-01-09 00:00' AND '2024-01-09 23:59'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time BETWEEN '2024-01-08 23:59' AND '2024-01-10'$$, 2),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time > '-infinity' AND candle_time < 'infinity'$$, 20000),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time <= '-infinity'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time >= 'infinity'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time < NULL$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time > '2024-01-03' AND candle_time < '2024-01-02'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time >= date '2024-01-03' AND candle_time < timestamp '2024-01-03 01:00'$$, 60),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time >= date 'infinity'$$, 0),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time = ANY (ARRAY['2024-01-03', NULL, '2024-01-05', '2025-01-01']::timestamptz[])$$, 2),
    ($$asset_id = 1 AND timeframe = '1m' AND candle_time <> '2024-01-03'$$, 19999),
    ($$asset_id = 1 AND timeframe = '1m' AND volume IS NULL AND candle_time < '2024-01-01 01:00'$$, 6),
    ($$asset_id = 1 AND timeframe = '1m' AND technical_indicators IS NOT NULL$$, 200),
    ($$asset_id = 1 AND timeframe = '1m' AND technical_indicators ->> 'RSI' = '4000'$$, 1),
    ($$asset_id = 1::bigint AND timeframe = '1h'::varchar AND candle_time >= '2023-05-05'$$, 24),
    ($$asset_id = 4294967297 AND timeframe = '1h'$$, 0),
    ($$asset_id = 1::smallint AND timeframe = ANY ('{1m,1h}') AND candle_time < '2023-01-02'$$, 24),
    ($$asset_id = ANY (ARRAY[3, NULL, 2, 2, 99]) AND timeframe IN ('1h', '1m', '2h') AND candle_time < '2024-01-01 01:00'$$, 1560),
    ($$asset_id = ANY (NULL::integer[]) AND timeframe = '1m'$$, 0),
    ($$asset_id IN (1, 2) AND asset_id IN (2, 3) AND timeframe = '1m'$$, 5000),
    ($$asset_id = 3 AND timeframe = '1h' AND candle_time >= '2023-02-10 22:00'$$, 518),
    ($$asset_id = 3 AND archived$$, 1300),
    ($$asset_id = 1 AND candle_time < '2023-01-01 05:00'$$, 5),
    ($$timeframe = '1h' AND candle_time >= '2023-02-01' AND candle_time < '2023-02-02'$$, 48),
    ($$candle_time >= '2024-01-03 10:00' AND candle_time < '2024-01-03 11:00'$$, 120),
    ($$candle_time < '2020-03-01'$$, 2),
    ($$asset_id > 1 AND timeframe <> '1m'$$, 1551),
    ($$asset_id = 4$$, 51),
    ($$(asset_id = 4 OR asset_id = 3) AND timeframe = '1d'$$, 10),
    ($$asset_id = 1 AND timeframe = '1m' COLLATE "C" AND candle_time < '2024-01-01 01:00'$$, 60);

SELECT is(ARRAY[pg_temp.counted(condition), pg_temp.differing(condition)], ARRAY[candles, 0],
          format('as many candles as there should be, none of them different: %s', condition))
FROM conditions ORDER BY number;

-- Prepared statements, with a plan that does not know the values.
SET LOCAL plan_cache_mode = force_generic_plan;
PREPARE span (integer, text, timestamptz, timestamptz) AS
    SELECT id, close_price FROM price_history
    WHERE asset_id = $1 AND timeframe = $2 AND candle_time >= $3 AND candle_time < $4 ORDER BY candle_time;
PREPARE kept_span (integer, text, timestamptz, timestamptz) AS
    SELECT id, close_price FROM kept
    WHERE asset_id = $1 AND timeframe = $2 AND candle_time >= $3 AND candle_time < $4 ORDER BY candle_time;
SELECT results_eq('EXECUTE span ' || a.arguments, 'EXECUTE kept_span ' || a.arguments,
                  'a generic plan finds the same candles for ' || a.arguments)
FROM (VALUES ($$(1, '1m', '2024-01-05', '2024-01-06')$$), ($$(1, '1h', '-infinity', 'infinity')$$),
             ($$(3, '1h', '2023-02-10', '2023-03-01')$$), ($$(1, NULL, '2024-01-05', '2024-01-06')$$),
             ($$(1, '1m', NULL, '2024-01-06')$$), ($$(99, '1m', '2024-01-05', '2024-01-06')$$)) AS a (arguments);
PREPARE lists (integer[], text[], timestamptz) AS
    SELECT id FROM price_history WHERE asset_id = ANY ($1) AND timeframe = ANY ($2) AND candle_time > $3 ORDER BY id;
PREPARE kept_lists (integer[], text[], timestamptz) AS
    SELECT id FROM kept WHERE asset_id = ANY ($1) AND timeframe = ANY ($2) AND candle_time > $3 ORDER BY id;
SELECT results_eq('EXECUTE lists ' || a.arguments, 'EXECUTE kept_lists ' || a.arguments,
                  'a generic plan finds the same candles for ' || a.arguments)
FROM (VALUES ($$('{1,2,3}', '{1h,1m}', '2024-01-03')$$), ($$('{}', '{1h}', '2023-01-03')$$),
             ($$(NULL, '{1h}', '2023-01-03')$$),
             -- more series than are read one by one
             (format($$('{%s}', '{1m,1d}', '2024-01-02')$$,
                     (SELECT string_agg(n::text, ',') FROM generate_series(1, 33) AS n)))) AS a (arguments);
RESET plan_cache_mode;

-- Order.
SELECT results_eq(replace(o.query, 'TABLE', 'price_history'), replace(o.query, 'TABLE', 'kept'), 'in order: ' || o.query)
FROM (VALUES ($$SELECT id, candle_time FROM TABLE WHERE asset_id = 1 AND timeframe = '1m' ORDER BY candle_time$$),
             ($$SELECT id, candle_time FROM TABLE WHERE asset_id = 1 AND timeframe = '1m' ORDER BY candle_time DESC$$),
             ($$SELECT id, candle_time FROM TABLE WHERE asset_id = 3 AND timeframe = '1h' ORDER BY candle_time DESC LIMIT 900$$),
             ($$SELECT id FROM TABLE WHERE asset_id = 1 AND timeframe = '1m' AND candle_time < '2024-01-05' ORDER BY candle_time DESC LIMIT 1500$$),
             ($$SELECT id FROM TABLE WHERE asset_id IN (1, 3) AND timeframe IN ('1m', '1h') ORDER BY asset_id, timeframe, candle_time$$),
             ($$SELECT id FROM TABLE ORDER BY asset_id DESC, timeframe DESC, candle_time DESC$$),
             ($$SELECT asset_id, timeframe, min(candle_time), max(candle_time) FROM TABLE GROUP BY 1, 2 ORDER BY 1, 2$$),
             ($$SELECT min(candle_time), max(candle_time) FROM TABLE WHERE asset_id = 1 AND timeframe = '1m'$$)) AS o (query);

-- A join with 1,000 moments, some of them before the first candle and some after the last.
CREATE TEMPORARY TABLE moments ON COMMIT DROP AS
    SELECT n, 1 + n % 4 AS asset, (ARRAY['1m', '1h'])[1 + n % 2] AS timeframe,
           timestamptz '2022-12-31' + n * 7919 % 400 * interval '1 day' + n * 104729 % 1440 * interval '1 minute' AS at
    FROM generate_series(1, 1000) AS n;
ANALYZE moments;
CREATE FUNCTION pg_temp.last_before(source text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT (m.n, h.*)::text
         FROM moments AS m
         LEFT JOIN LATERAL (SELECT h.id, h.candle_time, h.close_price FROM %I AS h
                            WHERE h.asset_id = m.asset AND h.timeframe = m.timeframe AND h.candle_time < m.at
                            ORDER BY h.candle_time DESC LIMIT 1) AS h ON true
         ORDER BY m.n', source);
END;
$$;
SELECT results_eq($$SELECT pg_temp.last_before('price_history')$$, $$SELECT pg_temp.last_before('kept')$$,
                  'the last candle before each of 1,000 moments is the same');
CREATE FUNCTION pg_temp.joined(source text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'SELECT (m.n, h.id, h.high_price)::text
         FROM moments AS m
         JOIN %I AS h ON h.asset_id = m.asset AND h.timeframe = m.timeframe
              AND h.candle_time >= m.at AND h.candle_time < m.at + interval ''3 hours''
         ORDER BY m.n, h.id', source);
END;
$$;
SELECT results_eq($$SELECT pg_temp.joined('price_history')$$, $$SELECT pg_temp.joined('kept')$$,
                  'a join gives the same rows');
SET LOCAL enable_hashjoin = off;
SET LOCAL enable_mergejoin = off;
SELECT results_eq($$SELECT pg_temp.joined('price_history')$$, $$SELECT pg_temp.joined('kept')$$,
                  'a nested loop gives the same rows');

-- The nodes of a plan, as they ran.
CREATE FUNCTION pg_temp.nodes(query text) RETURNS SETOF jsonb LANGUAGE plpgsql AS $$
DECLARE
    answer jsonb;
BEGIN
    EXECUTE 'EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ' || query INTO answer;
    RETURN QUERY SELECT jsonb_path_query(answer, 'strict $.** ? (exists (@."Node Type"))');
END;
$$;
CREATE FUNCTION pg_temp.foreign_scan(query text) RETURNS jsonb LANGUAGE sql AS $$
    SELECT n FROM pg_temp.nodes(query) AS n WHERE n ->> 'Node Type' = 'Foreign Scan' LIMIT 1;
$$;
SELECT is((SELECT n ->> 'Relation Name'
           FROM pg_temp.nodes('SELECT * FROM moments AS m JOIN price_history AS h ON h.asset_id = m.asset
                               AND h.timeframe = m.timeframe AND h.candle_time = m.at') AS n
           WHERE n ->> 'Node Type' = 'Foreign Scan' AND n ->> 'Segment Cond' LIKE '%asset_id%timeframe%candle_time%'),
          'price_data_compressed', 'a nested loop hands its values to the choice of segments');
RESET enable_hashjoin;
RESET enable_mergejoin;

-- Few segments: 20,000 minutes are in 20.
CREATE TEMPORARY TABLE hot (number integer GENERATED ALWAYS AS IDENTITY, query text, segments integer, scan jsonb)
    ON COMMIT DROP;
INSERT INTO hot (query, segments) VALUES
    ($$SELECT * FROM price_history WHERE asset_id = 1 AND timeframe = '1m'
       AND candle_time >= '2024-01-08 12:00' AND candle_time < '2024-01-08 12:10'$$, 1),
    ($$SELECT * FROM price_history WHERE asset_id = 1 AND timeframe = '1m' ORDER BY candle_time DESC LIMIT 1$$, 1),
    ($$SELECT * FROM price_history WHERE asset_id = 1 AND timeframe = '1m' ORDER BY candle_time LIMIT 1$$, 1),
    ($$SELECT * FROM price_history WHERE asset_id = 1 AND timeframe = '1m' AND candle_time < '2024-01-08 12:00'
       ORDER BY candle_time DESC LIMIT 1$$, 1),
    ($$SELECT * FROM price_history WHERE asset_id = 1 AND timeframe = '1m' AND candle_time > '2024-01-08 12:00'
       ORDER BY candle_time LIMIT 1$$, 1),
    ($$SELECT max(candle_time) FROM price_history WHERE asset_id = 1 AND timeframe = '1m'$$, 1),
    ($$SELECT * FROM price_history WHERE asset_id = 1 AND timeframe = '1m' AND candle_time > '2025-01-01'$$, 0),
    ($$SELECT * FROM price_history WHERE asset_id = 2 AND timeframe = '1h'$$, 0),
    -- two series at a time: each needs one segment
    ($$SELECT * FROM price_history WHERE asset_id IN (1, 2) AND timeframe IN ('1m', '1h')
       AND candle_time >= '2024-01-02 12:00' AND candle_time < '2024-01-02 12:10'$$, 2);
-- The first run does not count, because the session looks up some things once.
UPDATE hot SET scan = pg_temp.foreign_scan(query);
UPDATE hot SET scan = pg_temp.foreign_scan(query);
SELECT is(ARRAY[(scan ->> 'Segments Found')::integer, (scan ->> 'Segments Decoded')::integer], ARRAY[segments, segments],
          format('%s segments are opened: %s', segments, regexp_replace(query, '\s+', ' ', 'g')))
FROM hot ORDER BY number;
-- The index is descended twice, through at most 2 levels, and each time a row is read. A payload is found through 2
-- levels of an index, and its 9 chunks, 4 per page, are on 4 pages if they lie together: 12 blocks, and 4 more if they
-- do not.
SELECT cmp_ok((scan ->> 'Shared Hit Blocks')::integer + (scan ->> 'Shared Read Blocks')::integer, '<=',
              16, format('at most 16 blocks are read for one segment: %s', regexp_replace(query, '\s+', ' ', 'g')))
FROM hot WHERE segments = 1 ORDER BY number;

-- Estimates.
SELECT ok((s.scan ->> 'Plan Rows')::numeric BETWEEN e.candles / e.factor AND e.candles * e.factor,
          format('%s candles are estimated within a factor of %s, as %s: %s', e.candles, e.factor, s.scan ->> 'Plan Rows', e.condition))
FROM (VALUES ('true', 29035, 1.1), ($$asset_id = 1 AND timeframe = '1m'$$, 20000, 2.0), ($$asset_id = 2$$, 5000, 2.0),
             ($$asset_id = 1 AND timeframe = '1m' AND candle_time >= '2024-01-03' AND candle_time < '2024-01-06'$$, 4320, 3.0))
     AS e (condition, candles, factor),
     LATERAL pg_temp.foreign_scan('SELECT * FROM price_data_compressed WHERE ' || e.condition) AS s (scan);

-- Other readers.
SELECT results_eq('SELECT * FROM candles(1, ''1d'')', 'TABLE daily', 'candles are built of compressed ones as of rows');
SELECT results_eq('SELECT * FROM technical_indicators(1, ''1h'')', 'TABLE indicators',
                  'indicators are computed of compressed candles as of rows');

-- What a statement sees.
DECLARE before CURSOR FOR SELECT count(*) FROM price_data_compressed WHERE asset_id = 4;
DECLARE steps CURSOR FOR SELECT id FROM price_history WHERE asset_id = 1 AND timeframe = '1m' ORDER BY candle_time;
CREATE TEMPORARY TABLE step (n integer GENERATED ALWAYS AS IDENTITY, id bigint) ON COMMIT DROP;
CREATE FUNCTION pg_temp.fetched(rows integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    steps refcursor := 'steps';
    found_id bigint;
BEGIN
    FOR i IN 1 .. rows LOOP
        FETCH steps INTO found_id;
    END LOOP;
    RETURN found_id;
END;
$$;
SELECT is(pg_temp.fetched(10), 100009::bigint, 'a cursor stands on the tenth candle');
SAVEPOINT halfway;
SELECT is(pg_temp.fetched(2000), 102009::bigint, 'two segments on it stands on the 2,010th');
ROLLBACK TO SAVEPOINT halfway;
SELECT is(pg_temp.fetched(1), 102010::bigint, 'and reads on where it was when the savepoint is gone');
SAVEPOINT whole;
DELETE FROM price_data_segments WHERE asset_id = 4;
SELECT is((SELECT count(*) FROM price_data_compressed WHERE asset_id = 4), 0::bigint,
          'a statement sees what its transaction did to segments');
CREATE FUNCTION pg_temp.fetched_before() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before refcursor := 'before';
    answer bigint;
BEGIN
    FETCH before INTO answer;
    RETURN answer;
END;
$$;
SELECT is(pg_temp.fetched_before(), 51::bigint, 'a cursor opened before sees what there was');
ROLLBACK TO SAVEPOINT whole;
CLOSE steps;
CLOSE before;

SELECT throws_ok('INSERT INTO price_data_compressed SELECT * FROM price_data_archive', '0A000',
                 'cannot insert into foreign table "price_data_compressed"', 'compressed candles cannot be inserted as rows');
SELECT throws_ok('DELETE FROM price_data_compressed', '0A000',
                 'cannot delete from foreign table "price_data_compressed"', 'nor deleted');
SELECT throws_ok('ALTER FOREIGN TABLE price_data_compressed OPTIONS (ADD fast ''yes'')', 'HV00D',
                 'invalid option "fast"', 'the foreign table has no options');

-- In parallel.
SET LOCAL parallel_setup_cost = 0;
SET LOCAL parallel_tuple_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SELECT is((SELECT ARRAY[count(*), sum(h.close_price)] FROM price_history AS h),
          (SELECT ARRAY[count(*), sum(k.close_price)] FROM kept AS k), 'workers find the same candles');

-- Privileges and row security.
CREATE ROLE segments_history_reader;
GRANT USAGE ON SCHEMA cryptoanalytics TO segments_history_reader;
GRANT SELECT ON price_history, price_data, price_data_archive TO segments_history_reader;
CREATE VIEW for_owner AS SELECT * FROM price_data_compressed;
GRANT SELECT ON for_owner TO segments_history_reader;
SET LOCAL ROLE segments_history_reader;
SELECT throws_ok('SELECT count(*) FROM price_history WHERE asset_id = 1', '42501',
                 'permission denied for table price_data_segments', 'who may not read segments reads no compressed candle');
SELECT throws_ok('SELECT count(*) FROM price_history WHERE asset_id = 99 LIMIT 0', '42501',
                 'permission denied for table price_data_segments', 'even if there is none');
SELECT is((SELECT count(*) FROM for_owner), 29035::bigint, 'a view reads with the rights of its owner');
RESET ROLE;
GRANT SELECT ON price_data_segments TO segments_history_reader;
SET LOCAL ROLE segments_history_reader;
SELECT is((SELECT count(*) FROM price_history WHERE asset_id = 3), 1500::bigint,
          'who may read live, archived and compressed candles and segments reads the view');
RESET ROLE;
ALTER TABLE price_data_segments ENABLE ROW LEVEL SECURITY;
CREATE POLICY second_only ON price_data_segments FOR SELECT TO segments_history_reader
    USING (asset_id = 2 AND current_user = 'segments_history_reader');
SET LOCAL ROLE segments_history_reader;
SELECT results_eq('SELECT asset_id, count(*) FROM price_data_compressed GROUP BY asset_id', 'VALUES (2, 5000::bigint)',
                  'the policies of the segments hold for their candles');
SELECT is((SELECT count(*) FROM for_owner), 29035::bigint, 'the owner of a view is not bound by them');
RESET ROLE;

-- Damage.
CREATE FUNCTION pg_temp.problem(OUT code text, OUT message text, OUT detail text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM close_price FROM price_history WHERE asset_id = 2 AND timeframe = '1m' AND candle_time = '2024-01-01 00:30';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL;
END;
$$;
CREATE FUNCTION pg_temp.damaged(change text) RETURNS record LANGUAGE plpgsql AS $$
DECLARE
    answer record;
BEGIN
    BEGIN
        EXECUTE 'UPDATE price_data_segments SET ' || change
                || ' WHERE asset_id = 2 AND timeframe = ''1m'' AND first_time = ''2024-01-01''';
        answer := pg_temp.problem();
        RAISE EXCEPTION 'undone';
    EXCEPTION WHEN raise_exception THEN
        RETURN answer;
    END;
END;
$$;
SELECT is(pg_temp.damaged('last_time = last_time')::text, '(,,)', 'a segment that was touched and not changed can be read');
SELECT is(pg_temp.damaged(d.change),
          ROW('XX001'::text, 'segment is damaged'::text,
              'The 1m candles of asset 2 from 2024-01-01 00:00:00+00 on cannot be read: ' || d.problem || '.'),
          'damage is reported, with its place: ' || d.change)
FROM (VALUES ('payload = set_byte(payload, 100, get_byte(payload, 100) # 1)', 'the checksum does not match'),
             ('payload = set_byte(payload, 2, get_byte(payload, 2) # 128)', 'the checksum does not match'),
             ('payload = substr(payload, 1, length(payload) - 1)', 'the checksum does not match'),
             ('payload = substr(payload, 1, 4)', 'the payload is cut off'),
             ($$payload = (SELECT s.payload FROM price_data_segments AS s
                           WHERE asset_id = 1 AND timeframe = '1h' ORDER BY first_time LIMIT 1)$$, 'the payload begins at another time'),
             ('candles = candles - 1', 'the payload has another number of candles'),
             ('last_time = last_time + interval ''1 minute''', 'the payload ends at another time')) AS d (change, problem);

SELECT * FROM finish();
ROLLBACK;
