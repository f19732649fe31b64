-- ca_closes_at(), which finds closes in one pass over the candles, is compared with ca_price_at(), which looks up each
-- one.
BEGIN;
SELECT plan(14);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

CREATE FUNCTION pg_temp.pick(item integer, place integer, below integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(item * 100 + place, 23) & 1073741823) % below;

INSERT INTO assets (id, symbol, name, asset_type)
SELECT i, 'BULK' || i, 'Bulk', 'crypto' FROM generate_series(1, 40) AS i;

-- Candles with gaps, live and archived, in no order. Some assets have minutes only from the second day on, some only
-- months, some nothing. A close has from 1 to 30 digits before it is rounded.
CREATE TEMP TABLE candle AS
SELECT a AS asset, s.timeframe, t AS candle_time,
       (pg_temp.pick(n, 1, 1000000) * (10::numeric ^ (pg_temp.pick(n, 2, 14) - 8)))::numeric(20,8) AS close,
       pg_temp.pick(n, 3, 3) = 0 AS archived
FROM (
    SELECT row_number() OVER (ORDER BY a, l.place, t)::integer AS n, a, l.timeframe, t
    FROM generate_series(1, 36) AS a
    CROSS JOIN (VALUES (1, '1m', interval '1 minute'), (2, '15m', '15 minutes'), (3, '1h', '1 hour'), (4, '1d', '1 day'),
                       (5, '1w', '7 days'), (6, '1M', '1 month')) AS l (place, timeframe, length)
    CROSS JOIN LATERAL generate_series(
        timeframe_bucket(l.timeframe, CASE WHEN l.place = 1 THEN timestamptz '2024-03-02+00'
                                           ELSE timestamptz '2023-11-01+00' + a * interval '3 days' END) AT TIME ZONE 'UTC',
        CASE WHEN l.place <= 2 THEN timestamp '2024-03-03' ELSE '2024-04-01' END,
        CASE WHEN l.place = 1 THEN 3 ELSE 1 END * l.length) AS u (local)
    CROSS JOIN LATERAL (SELECT u.local AT TIME ZONE 'UTC' AS t) AS x
    WHERE (a + l.place) % 3 > 0) AS s
WHERE pg_temp.pick(n, 4, 4) > 0;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT asset, timeframe, close, close, close, close, candle_time FROM candle WHERE NOT archived ORDER BY md5(candle_time::text);
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT asset, timeframe, close, close, close, close, candle_time FROM candle WHERE archived;

-- Moments on boundaries and between them, from before all candles to long after them.
CREATE TEMP TABLE asked AS
SELECT i, nullif(1 + pg_temp.pick(i, 10, 42), 42) AS asset,
       CASE pg_temp.pick(i, 11, 60)
           WHEN 0 THEN NULL
           WHEN 1 THEN 'infinity'
           WHEN 2 THEN '-infinity'
           ELSE timestamptz '2023-10-25+00'
                + pg_temp.pick(i, 12, CASE WHEN i % 2 = 0 THEN 170 * 1440 ELSE 1440 END) * interval '1 minute'
                + CASE WHEN i % 2 = 0 THEN interval '0' ELSE interval '129 days' END
                + (i % 3) * interval '1 microsecond'
       END AS moment
FROM generate_series(1, 20000) AS i;

CREATE FUNCTION pg_temp.differ(staleness interval) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    SELECT count(*)
    FROM (SELECT a.*, ca_closes_at(a.asset, a.moment, staleness) OVER () AS close FROM asked AS a) AS a
    LEFT JOIN LATERAL (
        SELECT p.close FROM ca_price_at(a.asset, a.moment, staleness) AS p WHERE isfinite(a.moment)) AS p ON true
    WHERE a.close::text IS DISTINCT FROM p.close::text;
END;

SELECT cmp_ok((SELECT count(DISTINCT close) FROM (SELECT ca_closes_at(asset, moment, '1 hour') OVER () AS close FROM asked) AS c),
              '>', 1000::bigint, 'moments find closes');
SELECT is(pg_temp.differ(s.staleness), 0::bigint, format('it finds what a look-up finds, not older than %s', s.staleness))
FROM (VALUES (interval '1 hour'), ('0'), ('25 hours'), ('1 month'), (NULL)) AS s (staleness);

-- Partitions of a window are looked up one by one.
SELECT is(count(*), 0::bigint, 'rows in parts find the same')
FROM (SELECT ca_closes_at(asset, moment, '1 day') OVER (PARTITION BY i % 7) AS parts,
             ca_closes_at(asset, moment, '1 day') OVER () AS whole FROM asked) AS c
WHERE c.parts IS DISTINCT FROM c.whole;

DELETE FROM asked WHERE i % 4 <> 0;

-- Some are fragments, compressed ones too, and some of these were changed since. By definition a candle is as old as
-- its end, or for a fragment as its start plus the minutes that it was made of.
CREATE TEMP TABLE fragment AS
SELECT c.asset, c.timeframe, c.candle_time, c.close, f.made_of, f.changed
FROM (SELECT c.*, row_number() OVER (ORDER BY c.asset, c.timeframe COLLATE "C", c.candle_time)::integer AS n FROM candle AS c
      WHERE c.timeframe <> '1m') AS c
CROSS JOIN LATERAL (
    SELECT 1 + pg_temp.pick(c.n, 20, extract(epoch FROM timeframe_length(c.timeframe))::integer / 60 - 1) AS made_of,
           pg_temp.pick(c.n, 21, 10) = 0 AS changed) AS f
WHERE pg_temp.pick(c.n, 22, 2) = 0;
INSERT INTO partial_candles (asset_id, timeframe, candle_time, covered, digest)
SELECT asset, timeframe, candle_time, made_of,
       CASE WHEN changed THEN ca_candle_digest(close, close, close, close, 1) ELSE ca_candle_digest(close, close, close, close, NULL) END
FROM fragment;
SELECT sum(b.moved) AS compressed
FROM generate_series(1, 36, 7) AS a (asset), unnest('{15m,1h,1d}'::text[]) AS t (code),
     LATERAL ca_compress_batch(false, a.asset, t.code, '-infinity', 'infinity', 100000, false) AS b \gset
SELECT cmp_ok(:compressed, '>', 1000, 'candles are compressed');
CREATE TEMP TABLE timed AS
SELECT c.asset, t.place, c.candle_time, c.close, timeframe_end(c.timeframe, c.candle_time) AS ended,
       least(timeframe_end(c.timeframe, c.candle_time),
             CASE WHEN NOT f.changed THEN c.candle_time + make_interval(mins => f.made_of) END) AS until
FROM candle AS c
JOIN timeframes() WITH ORDINALITY AS t (code, place) ON t.code = c.timeframe
LEFT JOIN fragment AS f USING (asset, timeframe, candle_time);
CREATE INDEX ON timed (asset, place, ended);
ANALYZE timed;
CREATE FUNCTION pg_temp.undefined(staleness interval) RETURNS bigint
    LANGUAGE sql
BEGIN ATOMIC
    SELECT count(*)
    FROM (SELECT a.*, ca_closes_at(a.asset, a.moment, staleness) OVER () AS close FROM asked AS a) AS a
    LEFT JOIN LATERAL (
        SELECT l.close
        FROM generate_series(1, 15) AS p (place)
        CROSS JOIN LATERAL (
            SELECT t.close, t.until FROM timed AS t
            WHERE t.asset = a.asset AND t.place = p.place AND t.ended <= a.moment
            ORDER BY t.ended DESC LIMIT 1) AS l
        WHERE isfinite(a.moment) AND (staleness IS NULL OR a.moment - l.until <= staleness)
        ORDER BY p.place LIMIT 1) AS d ON true
    WHERE a.close::text IS DISTINCT FROM d.close::text;
END;
SELECT is(pg_temp.undefined(s.staleness), 0::bigint, format('it finds what is defined, not older than %s', s.staleness))
FROM (VALUES (interval '10 minutes'), ('1 hour'), ('25 hours'), (NULL)) AS s (staleness);
SELECT is(pg_temp.differ(s.staleness), 0::bigint, format('and a look-up too, not older than %s', s.staleness))
FROM (VALUES (interval '10 minutes'), ('25 hours')) AS s (staleness);

SELECT * FROM finish();
ROLLBACK;
