-- The two tables of candles are compared with a model of them. Whatever is inserted, archived, restored and corrected,
-- in whatever order, each candle is in one table, once, and unchanged.
BEGIN;
SELECT plan(7);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'LAW', 'Law', 'crypto'), (2, 'LAX', 'Not touched', 'crypto');

-- What the tables should hold of asset 1, timeframe 1m, minutes 0 to 99.
CREATE TEMP TABLE model (minute integer PRIMARY KEY, close numeric NOT NULL, archived boolean NOT NULL);

-- The other series, which the operations must not change.
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT s.asset, s.timeframe, 1, 1, 1, 1, timestamptz '2024-01-01 00:00+00' + m * timeframe_length(s.timeframe)
FROM (VALUES (1, '5m'), (2, '1m')) AS s (asset, timeframe) CROSS JOIN generate_series(0, 99) AS m;

-- A number from 0 to below, which depends on the operation and on the place in the test that draws it.
CREATE FUNCTION pg_temp.pick(operation integer, place integer, below integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(operation * 1000 + place, 7) & 1073741823) % below;

CREATE FUNCTION pg_temp.at(minute integer) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE
    RETURN timestamptz '2024-01-01 00:00+00' + minute * interval '1 minute';

-- The minutes that an operation concerns: one in six.
CREATE FUNCTION pg_temp.minutes(operation integer) RETURNS SETOF integer
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT m FROM generate_series(0, 99) AS m WHERE pg_temp.pick(operation, m, 6) = 0 $$;

CREATE TEMP TABLE outcome (operation integer, kind text, got bigint, want bigint, wrong bigint);

-- One operation on the tables and on the model; differences are written to outcome.
CREATE FUNCTION pg_temp.operate(operation integer) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    kind text := (ARRAY['insert', 'archive', 'restore', 'store', 'fill archive'])[1 + pg_temp.pick(operation, 101, 5)];
    since integer := pg_temp.pick(operation, 102, 110) - 5;
    until integer := pg_temp.pick(operation, 103, 110) - 5;
    size integer := 1 + pg_temp.pick(operation, 104, 40);
    got bigint;
    want bigint;
    wrong bigint;
BEGIN
    IF kind = 'insert' THEN
        INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
        SELECT 1, '1m', operation, operation, operation, operation, pg_temp.at(m)
        FROM pg_temp.minutes(operation) AS m
        WHERE NOT EXISTS (SELECT FROM model AS o WHERE o.minute = m AND NOT o.archived);
        GET DIAGNOSTICS got = ROW_COUNT;
        INSERT INTO model
        SELECT m, operation, false FROM pg_temp.minutes(operation) AS m
        WHERE NOT EXISTS (SELECT FROM model AS o WHERE o.minute = m AND NOT o.archived)
        ON CONFLICT (minute) DO UPDATE SET close = operation, archived = false;
        GET DIAGNOSTICS want = ROW_COUNT;
    ELSIF kind = 'fill archive' THEN
        INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
        SELECT 1, '1m', operation, operation, operation, operation, pg_temp.at(m)
        FROM pg_temp.minutes(operation) AS m
        WHERE NOT EXISTS (SELECT FROM model AS o WHERE o.minute = m);
        GET DIAGNOSTICS got = ROW_COUNT;
        INSERT INTO model SELECT m, operation, true FROM pg_temp.minutes(operation) AS m ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS want = ROW_COUNT;
    ELSIF kind = 'store' THEN
        got := ca_store_candles(ARRAY(
            SELECT ROW(NULL, 1, '1m', c, c, c, c, NULL, NULL, NULL, pg_temp.at(m), now())::price_data
            FROM pg_temp.minutes(operation) AS m CROSS JOIN LATERAL (SELECT 1 + pg_temp.pick(operation, m + 200, 2)) AS n (c)));
        INSERT INTO model AS o
        SELECT m, 1 + pg_temp.pick(operation, m + 200, 2), false FROM pg_temp.minutes(operation) AS m
        ON CONFLICT (minute) DO UPDATE SET close = excluded.close WHERE o.close <> excluded.close;
        GET DIAGNOSTICS want = ROW_COUNT;
    ELSE
        IF kind = 'archive' THEN
            SELECT b.moved INTO got FROM ca_archive_batch(1, '1m', pg_temp.at(since), pg_temp.at(until), size, false) AS b;
        ELSE
            SELECT b.moved INTO got FROM ca_restore_batch(1, '1m', pg_temp.at(since), pg_temp.at(until), size) AS b;
        END IF;
        UPDATE model AS o
        SET archived = kind = 'archive'
        WHERE o.minute IN (
            SELECT i.minute FROM model AS i
            WHERE i.archived = (kind = 'restore') AND i.minute >= since AND i.minute < until
            ORDER BY i.minute LIMIT size);
        GET DIAGNOSTICS want = ROW_COUNT;
    END IF;

    SELECT count(*) INTO wrong
    FROM (SELECT h.candle_time, h.close_price, h.archived FROM price_history AS h WHERE h.asset_id = 1 AND h.timeframe = '1m') AS h
    FULL JOIN model AS o ON pg_temp.at(o.minute) = h.candle_time
    WHERE (h.close_price, h.archived) IS DISTINCT FROM (o.close, o.archived);
    INSERT INTO outcome VALUES (operation, kind, got, want, wrong);
END;
$$;

SELECT count(pg_temp.operate(i)) AS operations FROM generate_series(1, 500) AS i \gset

SELECT is(sum(wrong), 0::numeric, 'after each of 500 operations the tables hold what the model holds') FROM outcome;
SELECT is(count(*), 0::bigint, 'each operation tells how many candles it moved or changed') FROM outcome WHERE got <> want;
SELECT is(count(DISTINCT kind), 5::bigint, 'each of the five kinds of operation was among them, and had rows to work on')
FROM outcome WHERE got > 0;
SELECT is(count(*), 200::bigint, 'candles of other series stayed where they were')
FROM price_data WHERE (asset_id, timeframe) IN ((1, '5m'), (2, '1m'));

-- Ids and creation times survive any number of moves.
CREATE TEMP TABLE original AS SELECT id, candle_time, created_at, close_price FROM price_history WHERE asset_id = 1 AND timeframe = '1m';
CREATE FUNCTION pg_temp.there_and_back(operation integer) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    since timestamptz := pg_temp.at(pg_temp.pick(operation, 102, 100));
    until timestamptz := pg_temp.at(pg_temp.pick(operation, 103, 100));
BEGIN
    PERFORM ca_archive_batch(1, '1m', since, until, 1 + pg_temp.pick(operation, 104, 40), true);
    PERFORM ca_restore_batch(1, '1m', since, until, 1 + pg_temp.pick(operation, 105, 40));
END;
$$;
SELECT count(pg_temp.there_and_back(i)) AS operations FROM generate_series(1001, 1100) AS i \gset
SELECT set_eq('SELECT id, candle_time, created_at, close_price FROM price_history WHERE asset_id = 1 AND timeframe = ''1m''',
              'TABLE original', 'a hundred moves there and back leave id, time, creation time and price of each candle');

-- Batches until nothing is left move everything, in the order of time.
CREATE FUNCTION pg_temp.drain(size integer, OUT batches integer, OUT in_order boolean)
    LANGUAGE plpgsql AS $$
DECLARE
    batch record;
    last timestamptz := '-infinity';
BEGIN
    batches := 0;
    in_order := true;
    LOOP
        SELECT * INTO batch FROM ca_archive_batch(1, '1m', '-infinity', 'infinity', size, false);
        EXIT WHEN batch.moved = 0;
        batches := batches + 1;
        in_order := in_order AND batch.last > last
                    AND batch.last = (SELECT max(candle_time) FROM price_data_archive WHERE asset_id = 1);
        last := batch.last;
    END LOOP;
END;
$$;
DELETE FROM price_data_archive;
SELECT count(*) AS live FROM price_data WHERE asset_id = 1 AND timeframe = '1m' \gset
SELECT is(d, ROW((:live + 6) / 7, true), 'batches of seven move the oldest rows first, and all in the end')
FROM (SELECT d.batches, d.in_order FROM pg_temp.drain(7) AS d) AS d;
SELECT is(count(*), :live::bigint, 'what was live is then archived, row for row') FROM price_data_archive;

SELECT * FROM finish();
ROLLBACK;
