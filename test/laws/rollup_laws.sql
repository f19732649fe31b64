-- Candles that are built or rolled up equal the plain SQL that defines them, whatever is stored, in memory and on disk;
-- and they are read with the rights of the caller.
BEGIN;
SELECT plan(30);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

-- The definition, minute by minute. Of the candles of each timeframe, finest first, those count in whose span less is
-- covered than they were made of, unless one that counts reaches across a border.
CREATE TEMP TABLE chosen (target text, asset_id integer, timeframe text, candle_time timestamptz);
CREATE FUNCTION pg_temp.choose(target text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    code text;
BEGIN
    DELETE FROM chosen AS c WHERE c.target = choose.target;
    CREATE TEMP TABLE source ON COMMIT DROP AS
    SELECT h.asset_id, h.timeframe, h.candle_time AS starts, timeframe_end(h.timeframe, h.candle_time) AS ends,
           coalesce(p.covered, extract(epoch FROM timeframe_end(h.timeframe, h.candle_time) - h.candle_time) / 60) AS made_of
    FROM price_history AS h
    LEFT JOIN partial_candles AS p USING (asset_id, timeframe, candle_time)
    WHERE h.asset_id IN (SELECT id FROM asset) AND timeframe_divides(h.timeframe, choose.target);
    CREATE TEMP TABLE minute (asset_id integer, at timestamptz, timeframe text, starts timestamptz, ends timestamptz, covered boolean) ON COMMIT DROP;
    FOR code IN SELECT s.timeframe FROM source AS s GROUP BY 1 ORDER BY timeframe_length(s.timeframe) LOOP
        CREATE TEMP TABLE counting AS
        SELECT s.*
        FROM source AS s
        LEFT JOIN (SELECT m.asset_id, timeframe_bucket(code, m.at) AS starts, count(*) FILTER (WHERE m.covered) AS n,
                          bool_or(m.starts < timeframe_bucket(code, m.at) OR m.ends > timeframe_end(code, m.at)) AS crosses
                   FROM minute AS m GROUP BY 1, 2) AS i
            USING (asset_id, starts)
        WHERE s.timeframe = code AND coalesce(i.n, 0) < s.made_of AND i.crosses IS NOT TRUE;
        DELETE FROM minute AS m USING counting AS c WHERE m.asset_id = c.asset_id AND timeframe_bucket(code, m.at) = c.starts;
        INSERT INTO minute
        SELECT c.asset_id, m, c.timeframe, c.starts, c.ends, m < c.starts + c.made_of * interval '1 minute'
        FROM counting AS c, generate_series(c.starts, c.ends - interval '1 minute', '1 minute') AS m;
        DROP TABLE counting;
    END LOOP;
    INSERT INTO chosen SELECT DISTINCT choose.target, m.asset_id, m.timeframe, m.starts FROM minute AS m;
    DROP TABLE source, minute;
END $$;
CREATE FUNCTION pg_temp.defined(
    asset integer, timeframe text, source text, since timestamptz, until timestamptz)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric) LANGUAGE sql STABLE AS $$
    SELECT timeframe_bucket(defined.timeframe, h.candle_time),
           (array_agg(h.open_price ORDER BY h.candle_time))[1], max(h.high_price),
           min(h.low_price), (array_agg(h.close_price ORDER BY h.candle_time DESC))[1],
           sum(h.volume),
           (array_agg(h.market_cap ORDER BY h.candle_time DESC) FILTER (WHERE h.market_cap IS NOT NULL))[1]
    FROM price_history AS h
    WHERE h.asset_id = defined.asset
      AND (h.timeframe = defined.source AND timeframe_divides(h.timeframe, defined.timeframe)
           OR defined.source IS NULL AND (h.timeframe, h.candle_time) IN (
               SELECT c.timeframe, c.candle_time FROM chosen AS c
               WHERE c.target = defined.timeframe AND c.asset_id = defined.asset))
      AND h.candle_time >= timeframe_bucket(defined.timeframe, coalesce(defined.since, '-infinity'))
      AND h.candle_time < timeframe_end(defined.timeframe, coalesce(defined.until, 'infinity') - interval '1 microsecond')
    GROUP BY 1
    ORDER BY 1 $$;

-- Five assets: minutes over two weeks in islands, and 5m, 1h and 4h candles that overlap them, some archived. Prices of
-- both signs, from one unit of the eighth decimal to the largest that numeric(20,8) holds; volumes NULL, zero and up to
-- 1e27; market_cap known now and then.
INSERT INTO assets (symbol, name, asset_type) SELECT 'ROLLUP.' || n, 'rolled up', 'crypto' FROM generate_series(1, 5) AS n;
CREATE TEMP TABLE asset AS SELECT id, right(symbol, 1)::integer AS n FROM assets WHERE symbol LIKE 'ROLLUP.%';
CREATE TEMP TABLE candle AS
SELECT a.id AS asset_id, s.timeframe, t AS candle_time, o, o + h1 % 100 * unit AS high, o - h2 % 100 * unit AS low,
       o + (h1 % 100 - h2 % 100) / 2 * unit AS c, volume, CASE WHEN h2 % 11 = 0 THEN (h1 % 100000)::numeric / 100 END AS market_cap,
       h1 % 5 = 0 AS archived
FROM asset AS a
CROSS JOIN (VALUES ('1m', 3600, 5), ('5m', 7200, 3), ('1h', 86400, 2), ('4h', 172800, 2)) AS s (timeframe, island, every)
CROSS JOIN LATERAL timeframe_series(s.timeframe, '2024-02-20', '2024-03-05') AS t
CROSS JOIN LATERAL (SELECT abs(hashint8extended(extract(epoch FROM t)::bigint * 10 + a.n, 21) % 1000000007) AS h1,
                           abs(hashint8extended(extract(epoch FROM t)::bigint * 10 + a.n, 22) % 1000000007) AS h2,
                           CASE a.n WHEN 1 THEN 1e-8 WHEN 4 THEN 100 ELSE 0.01 END AS unit) AS h
CROSS JOIN LATERAL (SELECT CASE a.n WHEN 1 THEN (h1 % 1000) * 1e-8 WHEN 2 THEN (h1 % 20001 - 10000)::numeric / 100
                                    WHEN 3 THEN (h2 % 7000000)::numeric / 100 WHEN 4 THEN 999999980000.00000001 * CASE WHEN h2 % 2 = 0 THEN 1 ELSE -1 END
                                    ELSE h1 % 100000 END AS o,
                           CASE WHEN h1 % 7 = 0 THEN NULL WHEN h2 % 13 = 0 THEN 0
                                WHEN a.n = 4 THEN (h2 % 1000000) * 1e21 ELSE (h2 % 1000000)::numeric / 100 END AS volume) AS p
WHERE abs(hashint8extended((extract(epoch FROM t)::bigint / s.island) * 10 + a.n, 23) % s.every) <> 0
  AND h1 % 17 <> 0;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, candle_time, o, high, low, c, volume, market_cap FROM candle WHERE NOT archived
ORDER BY candle_time, asset_id;
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT asset_id, timeframe, candle_time, o, high, low, c, volume, market_cap FROM candle WHERE archived
ORDER BY hashint8(extract(epoch FROM candle_time)::bigint);
ANALYZE price_data, price_data_archive, assets;
SELECT cmp_ok(count(*), '>', 50000::bigint, 'there are many candles') FROM price_history WHERE asset_id IN (SELECT id FROM asset);

-- Every target, and a few ranges, as text.
CREATE TEMP TABLE question AS
SELECT a.id, t.timeframe, r.since, r.until, r.source
FROM asset AS a
CROSS JOIN unnest(ARRAY['3m', '15m', '1h', '4h', '1d', '3d', '1w', '1M']) AS t (timeframe)
CROSS JOIN (VALUES (NULL::timestamptz, NULL::timestamptz, NULL), ('2024-02-24 10:07', '2024-03-01 00:00:01', NULL),
                   ('2024-02-29', NULL, NULL), (NULL, '2024-02-21 12:00', NULL), ('-infinity', 'infinity', '1h'),
                   ('2024-02-24', '2024-02-24 10:07', '1m'),
                   -- the first moment of a candle is in the range
                   ('2024-02-24', '2024-02-25 00:00:00.000001', NULL)) AS r (since, until, source);
SELECT pg_temp.choose(t) FROM (SELECT DISTINCT timeframe FROM question) AS q (t);
CREATE TEMP TABLE answer AS
SELECT q.*, d::text AS candle FROM question AS q, LATERAL pg_temp.defined(q.id, q.timeframe, q.source, q.since, q.until) AS d;
CREATE FUNCTION pg_temp.wrong() RETURNS bigint LANGUAGE sql AS $$
    WITH built AS MATERIALIZED (
        SELECT q.*, b::text AS candle
        FROM question AS q, LATERAL ca_build_candles(q.id, q.timeframe, q.source, q.since, q.until) AS b)
    SELECT count(*) FROM ((TABLE built EXCEPT ALL TABLE answer) UNION ALL (TABLE answer EXCEPT ALL TABLE built)) AS d $$;
SELECT cmp_ok(count(*), '>', 10000::bigint, 'and many to be built of them') FROM answer;
SELECT is(pg_temp.wrong(), 0::bigint, 'each is as defined, to the last digit');
SET LOCAL work_mem = '64kB';
SET LOCAL hash_mem_multiplier = 1;
SELECT is(pg_temp.wrong(), 0::bigint, 'so it is with little memory, by way of the disk');
RESET work_mem;
RESET hash_mem_multiplier;
SET LOCAL enable_seqscan = off;
SELECT is(pg_temp.wrong(), 0::bigint, 'so it is when read by index');
RESET enable_seqscan;
SELECT is(count(*), 0::bigint, 'nothing is built of an asset, timeframe or source that is NULL or none')
FROM (SELECT FROM ca_build_candles(NULL, '1h', NULL, NULL, NULL)
      UNION ALL SELECT FROM ca_build_candles((SELECT id FROM asset LIMIT 1), NULL, NULL, NULL, NULL)
      UNION ALL SELECT FROM ca_build_candles((SELECT id FROM asset LIMIT 1), '1h', '4h', NULL, NULL)) AS b;
SELECT is(array_agg(b.time), array_agg(b.time ORDER BY b.time), 'they come in order')
FROM asset AS a, LATERAL ca_build_candles(a.id, '15m', NULL, NULL, NULL) AS b WHERE a.n = 1;

--
-- Rolled up: all assets at once, one by one, within bounds, and by sorting on disk.
--
CREATE FUNCTION pg_temp.misstored(target text, since timestamptz, until timestamptz) RETURNS bigint LANGUAGE sql AS $$
    SELECT pg_temp.choose(target);
    SELECT count(*)
    FROM (SELECT a.id, p.candle_time AS time, p.open_price AS open, p.high_price AS high, p.low_price AS low, p.close_price AS close,
                 p.volume, p.market_cap
          FROM asset AS a JOIN price_data AS p ON p.asset_id = a.id AND p.timeframe = target) AS s
    FULL JOIN (SELECT a.id, d.* FROM asset AS a, LATERAL pg_temp.defined(a.id, target, NULL, since, until) AS d) AS d USING (id, time)
    WHERE (s.open, s.high, s.low, s.close, s.volume, s.market_cap) IS DISTINCT FROM (d.open, d.high, d.low, d.close, d.volume, d.market_cap) $$;
CREATE FUNCTION pg_temp.forget(target text) RETURNS void LANGUAGE sql AS $$
    DELETE FROM price_data AS p USING asset AS a WHERE p.asset_id = a.id AND p.timeframe = target $$;
CREATE FUNCTION pg_temp.roll(target text, way text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.forget(target);
    IF way = 'one by one' THEN
        RETURN (SELECT sum(rollup_candles(target, a.id)) FROM asset AS a);
    ELSIF way = 'within bounds' THEN
        RETURN rollup_candles(target, since => '2024-02-24 10:07', until => '2024-03-01 00:00:01');
    END IF;
    PERFORM set_config('maintenance_work_mem', CASE WHEN way = 'on disk' THEN '1MB' ELSE '64MB' END, true);
    RETURN rollup_candles(target);
END $$;
SELECT unnest(ARRAY[
    cmp_ok(pg_temp.roll(target, way), '>', 0::bigint, format('%s candles are rolled up %s', target, way)),
    is(pg_temp.misstored(target, CASE WHEN way = 'within bounds' THEN timestamptz '2024-02-24 10:07' END,
                         CASE WHEN way = 'within bounds' THEN timestamptz '2024-03-01 00:00:01' END),
       0::bigint, 'and stored as defined')])
FROM (VALUES ('3m', 'all at once'), ('3m', 'on disk'), ('15m', 'one by one'), ('30m', 'within bounds'), ('1d', 'all at once')) AS w (target, way);
SELECT is(rollup_candles('3m') + rollup_candles('1d'), 0::bigint, 'a second time nothing changes');

--
-- Memory: candles of many digits count with what they take.  In PostgreSQL 15 they go to disk from 3,000 on, in 17,
-- whose sorts need less memory, from 3,500; candles of few digits from 5,000 on.
--
INSERT INTO assets (symbol, name, asset_type) VALUES ('ROLLUP.THIN', 'rolled up', 'crypto'), ('ROLLUP.WIDE', 'rolled up', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT a.id, '1m', t, v, v, v, v, v
FROM assets AS a
JOIN (VALUES ('ROLLUP.THIN', 1), ('ROLLUP.WIDE', 12345678901234567890.123456789012345678)) AS w (symbol, v) USING (symbol)
CROSS JOIN generate_series(timestamptz '2024-01-01', timestamptz '2024-01-01' + interval '3 minutes' * 3999, '3 minutes') AS t;
CREATE FUNCTION pg_temp.pages_on_disk(symbol text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    plan json;
BEGIN
    EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, FORMAT json) SELECT * FROM ca_build_candles(%s, ''3m'', NULL, NULL, NULL)', asset_id(symbol)) INTO plan;
    RETURN plan -> 0 -> 'Plan' ->> 'Temp Written Blocks';
END $$;
CREATE TEMP TABLE wide AS SELECT * FROM ca_build_candles(asset_id('ROLLUP.WIDE'), '3m', NULL, NULL, NULL);
SET LOCAL work_mem = '1MB';
SET LOCAL hash_mem_multiplier = 1;
SELECT is(pg_temp.pages_on_disk('ROLLUP.THIN'), 0, '4,000 candles of few digits are built in a megabyte');
SELECT cmp_ok(pg_temp.pages_on_disk('ROLLUP.WIDE'), '>', 0, '4,000 of 38 digits do not fit, and go to disk');
SELECT is((SELECT count(*) FROM (TABLE wide EXCEPT ALL SELECT * FROM ca_build_candles(asset_id('ROLLUP.WIDE'), '3m', NULL, NULL, NULL)) AS d), 0::bigint,
          'and are the same');
RESET work_mem;
RESET hash_mem_multiplier;

--
-- Rights: those of the caller.
--
CREATE ROLE rollup_reader;
GRANT USAGE ON SCHEMA cryptoanalytics TO rollup_reader;
GRANT SELECT ON assets, price_history, price_data_archive TO rollup_reader;
SET LOCAL ROLE rollup_reader;
SELECT throws_ok(format('SELECT * FROM candles(%s, %L)', (SELECT min(id) FROM assets WHERE symbol LIKE 'ROLLUP.%'), '1w'),
                 '42501', 'permission denied for table price_data', 'candles() refuses who may not read price_data');
SELECT throws_ok($$ SELECT rollup_candles('1w') $$,
                 '42501', 'permission denied for table price_data', 'so does rollup_candles()');
SELECT throws_ok(format('SELECT * FROM ca_build_candles(%s, %L, NULL, NULL, NULL)', (SELECT min(id) FROM assets WHERE symbol LIKE 'ROLLUP.%'), '1w'),
                 '42501', 'permission denied for table price_data', 'so does what they build with');
RESET ROLE;

GRANT SELECT, INSERT, UPDATE ON price_data, price_data_archive TO rollup_reader;
GRANT SELECT ON price_data_segments, price_data_compressed TO rollup_reader;
GRANT SELECT, INSERT, UPDATE ON series_locks, work_locks TO rollup_reader;
GRANT USAGE ON SEQUENCE price_data_id_seq TO rollup_reader;
ALTER TABLE price_data ENABLE ROW LEVEL SECURITY;
ALTER TABLE price_data_archive ENABLE ROW LEVEL SECURITY;
SELECT format('CREATE POLICY visible ON %s TO rollup_reader USING (asset_id <> %s AND close_price > 0)', t, asset.id)
FROM asset, unnest(ARRAY['price_data', 'price_data_archive']) AS t WHERE n = 3 \gexec
GRANT SELECT ON asset TO rollup_reader;
GRANT SELECT, INSERT, DELETE ON chosen TO rollup_reader;
SET LOCAL ROLE rollup_reader;
SELECT pg_temp.choose('2h');
SELECT is(count(*), 0::bigint, 'candles() sees the candles that row security shows, before and after others asked')
FROM asset AS a, LATERAL (
    SELECT b.* FROM ca_build_candles(a.id, '2h', NULL, NULL, NULL) AS b
    EXCEPT
    SELECT * FROM pg_temp.defined(a.id, '2h', NULL, NULL, NULL)) AS e;
SELECT is(count(*), 0::bigint, 'of candles that it hides none is built')
FROM candles((SELECT id FROM asset WHERE n = 3), '1w') AS c;
SELECT cmp_ok(rollup_candles('2h'), '>', 0::bigint, 'and rollup_candles() writes of what it sees');
CREATE TEMP TABLE seen AS
SELECT a.id, d.* FROM asset AS a, LATERAL pg_temp.defined(a.id, '2h', NULL, NULL, NULL) AS d;
GRANT SELECT ON seen TO PUBLIC;
RESET ROLE;
SELECT is(count(*), 0::bigint, 'just that')
FROM (SELECT a.id, p.candle_time AS time, p.open_price AS open, p.high_price AS high, p.low_price AS low, p.close_price AS close
      FROM asset AS a JOIN price_data AS p ON p.asset_id = a.id AND p.timeframe = '2h') AS s
FULL JOIN seen AS d USING (id, time)
WHERE (s.open, s.high, s.low, s.close) IS DISTINCT FROM (d.open, d.high, d.low, d.close);
ALTER TABLE price_data DISABLE ROW LEVEL SECURITY;
ALTER TABLE price_data_archive DISABLE ROW LEVEL SECURITY;

-- Nor does it look up names in schemas of others.
CREATE SCHEMA elsewhere;
CREATE TABLE elsewhere.price_history AS SELECT * FROM price_history LIMIT 0;
CREATE FUNCTION elsewhere.never(integer, integer) RETURNS boolean LANGUAGE sql AS 'SELECT false';
CREATE OPERATOR elsewhere.= (LEFTARG = integer, RIGHTARG = integer, FUNCTION = elsewhere.never);
CREATE TEMP TABLE built AS SELECT b.* FROM asset AS a, LATERAL ca_build_candles(a.id, '6h', NULL, NULL, NULL) AS b WHERE a.n = 1;
SET LOCAL search_path = elsewhere, pg_catalog, cryptoanalytics, cryptoanalytics_internal, public;
SELECT is(count(*), (SELECT count(*) FROM built), 'names are not looked up by the search_path')
FROM pg_temp.asset AS a, LATERAL ca_build_candles(a.id, '6h', NULL, NULL, NULL) AS b WHERE a.n OPERATOR(pg_catalog.=) 1;
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SELECT cmp_ok(count(*), '>', 0::bigint, 'of which there are some') FROM built;

SELECT * FROM finish();
ROLLBACK;
