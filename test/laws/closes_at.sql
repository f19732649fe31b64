-- ca_closes_at, which finds closes in one pass over the candles, against ca_price_at, which looks
-- each one up.
BEGIN;
SELECT plan(7);
SET LOCAL search_path = cryptoanalytics, public;

CREATE FUNCTION pg_temp.pick(item integer, place integer, below integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(item * 100 + place, 23) & 1073741823) % below;

INSERT INTO assets (id, symbol, name, asset_type)
SELECT i, 'BULK' || i, 'Bulk', 'crypto' FROM generate_series(1, 40) AS i;

-- candles with holes, live and archived, in no order; some assets have minutes from the second day
-- on only, some months, some nothing; a close has from 1 to 30 digits before it is rounded
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

-- moments on a boundary and off it, from before all candles to long after them
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

-- partitions of a window are asked for one by one
SELECT is(count(*), 0::bigint, 'rows in parts find the same')
FROM (SELECT ca_closes_at(asset, moment, '1 day') OVER (PARTITION BY i % 7) AS parts,
             ca_closes_at(asset, moment, '1 day') OVER () AS whole FROM asked) AS c
WHERE c.parts IS DISTINCT FROM c.whole;

SELECT * FROM finish();
ROLLBACK;
