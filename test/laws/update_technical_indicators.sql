-- update_technical_indicators() writes what technical_indicators() returns, to the bit, in whatever way the candles came
-- in, and its stored states are never misread.
BEGIN;
SELECT plan(77);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL client_min_messages = warning;

INSERT INTO assets (id, symbol, name, asset_type)
VALUES (1, 'UTI', 'Updated', 'crypto'), (2, 'NONE', 'No candles', 'crypto'), (3, 'OTHER', 'Another', 'crypto');

-- 600 hours of a market with a gap.
CREATE TEMP TABLE hour AS
SELECT i, timestamptz '2024-01-01 00:00+00' + i * interval '1 hour' AS time, p AS open, p + 1 + h AS high, p - 1 - l AS low,
       p + c AS close
FROM generate_series(0, 599) AS i,
     LATERAL (SELECT 100 + 20 * (hashint8extended(i / 50, 1) % 5) + hashint8extended(i, 2) % 7 + 0.25 AS p,
                     1 + abs(hashint8extended(i, 3)) % 5 AS h, abs(hashint8extended(i, 4)) % 5 AS l,
                     (hashint8extended(i, 5) % 9) / 8.0 AS c) AS m
WHERE i NOT IN (300, 301, 302);

CREATE FUNCTION pg_temp.put(wanted_asset integer, first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
    SELECT wanted_asset, '1h', time, open, high, low, close FROM hour WHERE i BETWEEN first AND last ORDER BY i;
$$;

-- All values of technical_indicators(), under the names that they have there.
CREATE FUNCTION pg_temp.everything() RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb '{"RSI": [7, 14], "SMA": [20, 50, 100, 200], "EMA": [20, 50, 100, 200], "MACD": [12, 26, 9],
                   "BBANDS": [20, 2], "ATR": 14, "ADX": 14, "STOCH": [14, 3, 3]}';
$$;

-- Candles whose JSON differs from the values of technical_indicators().
CREATE FUNCTION pg_temp.wrong(wanted_asset integer, convention text DEFAULT 'talib') RETURNS SETOF timestamptz LANGUAGE sql AS $$
    SELECT p.candle_time
    FROM price_data AS p
    JOIN technical_indicators(wanted_asset, '1h', convention => wrong.convention) AS t USING (candle_time),
         LATERAL (SELECT p.technical_indicators AS j) AS j
    WHERE p.asset_id = wanted_asset AND p.timeframe = '1h'
      AND (j IS NULL
           OR ((j #>> '{RSI,7}')::float8, (j #>> '{RSI,14}')::float8,
               (j #>> '{SMA,20}')::float8, (j #>> '{SMA,50}')::float8, (j #>> '{SMA,100}')::float8, (j #>> '{SMA,200}')::float8,
               (j #>> '{EMA,20}')::float8, (j #>> '{EMA,50}')::float8, (j #>> '{EMA,100}')::float8, (j #>> '{EMA,200}')::float8,
               (j #>> '{MACD,value}')::float8, (j #>> '{MACD,signal}')::float8, (j #>> '{MACD,histogram}')::float8,
               (j #>> '{BBANDS,upper}')::float8, (j #>> '{BBANDS,lower}')::float8, (j #>> '{BBANDS,bandwidth}')::float8,
               (j #>> '{ATR}')::float8,
               (j #>> '{ADX,adx}')::float8, (j #>> '{ADX,di_plus}')::float8, (j #>> '{ADX,di_minus}')::float8,
               (j #>> '{STOCH,k}')::float8, (j #>> '{STOCH,d}')::float8)
              IS DISTINCT FROM
              (t.rsi_7, t.rsi_14, t.sma_20, t.sma_50, t.sma_100, t.sma_200, t.ema_20, t.ema_50, t.ema_100, t.ema_200,
               t.macd_value, t.macd_signal, t.macd_histogram, t.bollinger_upper, t.bollinger_lower, t.bollinger_bandwidth,
               t.atr_14, t.adx, t.di_plus, t.di_minus, t.stochastic_k, t.stochastic_d));
$$;

-- From scratch, and in pieces.
SELECT pg_temp.put(1, 0, 599), pg_temp.put(3, 0, 0);
SELECT is(update_technical_indicators(1, '1h', pg_temp.everything()), 597::bigint, 'each candle of a fresh series is written');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'with the values of technical_indicators, to the bit');
SELECT is(update_technical_indicators(1, '1h', pg_temp.everything()), 0::bigint, 'a second call has nothing to do');

CREATE FUNCTION pg_temp.put_in_pieces() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    written bigint := update_technical_indicators(3, '1h', pg_temp.everything());
    first integer := 1;
BEGIN
    -- one candle at a time, and then more and more
    FOR piece IN 1 .. 40 LOOP
        PERFORM pg_temp.put(3, first, first + greatest(1, piece - 8) - 1);
        first := first + greatest(1, piece - 8);
        written := written + update_technical_indicators(3, '1h', pg_temp.everything());
    END LOOP;
    PERFORM pg_temp.put(3, first, 599);
    RETURN written + update_technical_indicators(3, '1h', pg_temp.everything());
END;
$$;
SELECT is(pg_temp.put_in_pieces(), 597::bigint, 'a series that grows has each candle written once');
SELECT is_empty('SELECT pg_temp.wrong(3)', 'with the values of technical_indicators, to the bit');
SELECT results_eq('SELECT candle_time, candles, state FROM technical_indicator_states WHERE asset_id = 3',
                  'SELECT candle_time, candles, state FROM technical_indicator_states WHERE asset_id = 1',
                  'and leaves the very state that one pass leaves');
SELECT is((SELECT count(*) FROM technical_indicator_notes), 0::bigint, 'candles that only follow leave no note');

-- Old candles change.
UPDATE price_data SET close_price = close_price + 0.125 WHERE asset_id = 1 AND candle_time = '2024-01-20 00:00+00';
SELECT is((SELECT array_agg(since) FROM technical_indicator_notes), ARRAY[timestamptz '2024-01-20 00:00+00'], 'a corrected candle is noted');
UPDATE price_data SET low_price = low_price - 1 WHERE asset_id = 1 AND candle_time = '2024-01-21 00:00+00';
SELECT is((SELECT count(*) FROM technical_indicator_notes), 1::bigint, 'a later one needs no note beside it');
SELECT is(update_technical_indicators(1, '1h', pg_temp.everything()), 600::bigint - 19 * 24, 'everything from a corrected candle on is written again');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'with the right values');
SELECT is((SELECT count(*) FROM technical_indicator_notes), 0::bigint, 'and the note is gone');

UPDATE price_data SET volume = 5, technical_indicators = technical_indicators || '{"mine": 1}' WHERE asset_id = 1 AND candle_time >= '2024-01-22 00:00+00';
SELECT is((SELECT count(*) FROM technical_indicator_notes), 0::bigint, 'a volume, or the JSON, is nothing that the indicators depend on');

DELETE FROM price_data WHERE asset_id = 1 AND candle_time = '2024-01-23 05:00+00';
SELECT is(update_technical_indicators(1, '1h', pg_temp.everything()), 600::bigint - 22 * 24 - 5 - 1, 'everything after a deleted candle is written again');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'with the right values');
SELECT is((SELECT count(*) FROM price_data WHERE asset_id = 1 AND technical_indicators ? 'mine'), 600::bigint - 21 * 24 - 1,
          'what else is in the JSON stays');

SELECT pg_temp.put(1, 22 * 24 + 5, 22 * 24 + 5);
SELECT is(update_technical_indicators(1, '1h', pg_temp.everything()), 600::bigint - 22 * 24 - 5, 'a late candle and everything after it is written');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'with the right values');

UPDATE price_data SET candle_time = '2024-01-13 13:00+00' WHERE asset_id = 1 AND candle_time = '2024-01-24 00:00+00';
SELECT is((SELECT array_agg(since ORDER BY id) FROM technical_indicator_notes), ARRAY[timestamptz '2024-01-24 00:00+00', '-infinity'],
          'a candle that moves in time is noted at both ends: the earlier one is before all states');
SELECT isnt(update_technical_indicators(1, '1h', pg_temp.everything()), 0::bigint, 'and written again');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'with the right values');

-- By the functions that write candles.
SELECT is(import_ohlcv(1, '1h', jsonb '[[1705363200000, 100, 150, 50, 90, 1]]'), 1::bigint, 'an import corrects a candle');
SELECT isnt(update_technical_indicators(1, '1h', pg_temp.everything()), 0::bigint, 'which is noticed');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'so that the values are right');

-- The archive: moving changes nothing, moving back may need the JSON again, and archived candles count.
SET LOCAL cryptoanalytics.retention = '1h=7d';
SELECT is((SELECT moved FROM ca_archive_batch(1, '1h', '-infinity', '2024-01-10 00:00+00', 1000, false)), 9 * 24::bigint, 'old candles move to the archive');
SELECT is((SELECT count(*) FROM technical_indicator_notes), 0::bigint, 'which is nothing that the indicators depend on');
SELECT pg_temp.put(2, 0, 5);
SELECT pg_temp.put(2, 6, 8);
SELECT is((SELECT count(*) FROM technical_indicator_notes), 1::bigint, 'a series without indicators has one note, however often it is written');
DELETE FROM price_data WHERE asset_id = 2;
SELECT is(update_technical_indicators(1, '1h', pg_temp.everything()), 0::bigint, 'so there is nothing to do');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'and the values of the rest are right');
UPDATE price_data_archive SET high_price = high_price + 10 WHERE asset_id = 1 AND candle_time = '2024-01-09 20:00+00';
SELECT isnt(update_technical_indicators(1, '1h', pg_temp.everything()), 0::bigint, 'a corrected archived candle is noticed');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'and the values are right');
DELETE FROM price_data_archive WHERE asset_id = 1 AND candle_time = '2024-01-01 00:00+00';
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (1, '1h', '2023-12-31 20:00+00', 100, 101, 99, 100);
SELECT is((SELECT min(since) FROM technical_indicator_notes), timestamptz '-infinity', 'so are one that goes and one that comes');
SELECT is((SELECT count(*) FROM update_technical_indicators(1, '1h', pg_temp.everything()) WHERE update_technical_indicators > 0), 1::bigint, 'and written');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'with the right values');
SELECT is((SELECT moved FROM ca_restore_batch(1, '1h', '-infinity', 'infinity', 1000)), 9 * 24::bigint, 'archived candles move back');
SELECT is(update_technical_indicators(1, '1h', pg_temp.everything()), 9 * 24::bigint, 'and have their JSON written');
SELECT is_empty('SELECT pg_temp.wrong(1)', 'with the right values');

-- Spec and convention.
SELECT isnt(update_technical_indicators(1, '1h', pg_temp.everything(), 'tradingview'), 0::bigint, 'another convention writes everything again');
SELECT is_empty($$SELECT pg_temp.wrong(1, 'tradingview')$$, 'as the convention wants it');
SELECT isnt(update_technical_indicators(1, '1h', '{"RSI": 7}'), 0::bigint, 'and so does another spec');
SELECT is((SELECT count(*) FROM price_data WHERE asset_id = 1 AND technical_indicators - 'RSI' - 'mine' <> '{}'), 0::bigint,
          'after which nothing of the old one is left');
SELECT is((SELECT count(*) FROM technical_indicator_states WHERE asset_id = 1), 1::bigint, 'neither candles nor state');

-- States that cannot be read: cut off, of another format, damaged, of another spec.
CREATE FUNCTION pg_temp.rebuilt(damaged bytea) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    good bytea := (SELECT s.state FROM technical_indicator_states AS s WHERE s.asset_id = 3);
BEGIN
    UPDATE technical_indicator_states SET state = damaged WHERE asset_id = 3;
    PERFORM update_technical_indicators(3, '1h', pg_temp.everything());
    RETURN (SELECT s.state = good FROM technical_indicator_states AS s WHERE s.asset_id = 3)
           AND NOT EXISTS (SELECT FROM pg_temp.wrong(3));
END;
$$;
SELECT ok(pg_temp.rebuilt(substr(state, 1, length(state) - 1)), 'a state that is cut off is computed again') FROM technical_indicator_states WHERE asset_id = 3;
SELECT ok(pg_temp.rebuilt(state || '\x00'), 'and one with trailing bytes') FROM technical_indicator_states WHERE asset_id = 3;
SELECT ok(pg_temp.rebuilt(set_byte(state, 7, 99)), 'and one of another format') FROM technical_indicator_states WHERE asset_id = 3;
SELECT ok(pg_temp.rebuilt('\x'), 'and an empty one');
SELECT ok(pg_temp.rebuilt(s.state), 'and one of another spec') FROM technical_indicator_states AS s WHERE s.asset_id = 1;
SELECT is_empty($$SELECT bytes
                  FROM technical_indicator_states AS s, generate_series(0, length(s.state) - 1) AS bytes
                  WHERE s.asset_id = 3 AND ca_indicator_state_holds(s.spec, s.convention, substr(s.state, 1, bytes))$$,
                'no state that is cut short anywhere holds');
SELECT lives_ok($$SELECT ca_indicator_state_holds(s.spec, s.convention, set_byte(s.state, byte, 255))
                  FROM technical_indicator_states AS s, generate_series(0, length(s.state) - 1) AS byte WHERE s.asset_id = 3$$,
                'no damaged byte does more than make a state void');

-- The open candle, series without candles, all series.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (3, '1h', timeframe_bucket('1h', now()), 100, 101, 99, 100);
SELECT is(update_technical_indicators(3, '1h', pg_temp.everything()), 0::bigint, 'an open candle is left out');
SELECT is(update_technical_indicators(2, '1h'), 0::bigint, 'a series without candles gives no rows');
SELECT is(rollup_candles('1d', 3), 25::bigint, 'a further series');
-- The first two candles of the two hourly series have no value in either.
SELECT is(update_technical_indicators(spec => '{"RSI": 2}'),
          (SELECT count(*) FROM price_data WHERE candle_time < timeframe_bucket('1h', now())) - 2 * 2,
          'without arguments all series are written');

-- Notes stay few, in whatever order candles come, even if nobody updates indicators.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (4, 'BACK', 'Backwards', 'crypto');
CREATE FUNCTION pg_temp.put_backwards(wanted_asset integer, first integer, last integer) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    FOR i IN REVERSE last .. first LOOP
        PERFORM pg_temp.put(wanted_asset, i, i);
    END LOOP;
    RETURN (SELECT count(*) FROM technical_indicator_notes WHERE asset_id = wanted_asset);
END;
$$;
SELECT is(pg_temp.put_backwards(4, 200, 299), 2::bigint, 'candles that come newest first leave two notes when there is no state');
SELECT is(update_technical_indicators(4, '1h', pg_temp.everything()), 100::bigint, 'the update takes them');
SELECT is((SELECT count(*) FROM technical_indicator_notes WHERE asset_id = 4), 0::bigint, 'both');
SELECT is(pg_temp.put_backwards(4, 303, 400), 2::bigint, 'after a state there are two again');
SELECT ok((SELECT bool_and(since > '2024-01-13 11:00+00') FROM technical_indicator_notes WHERE asset_id = 4), 'neither of which takes the state away');
SELECT is(pg_temp.put_backwards(4, 0, 199), 3::bigint, 'and three with candles before it');
SELECT is(update_technical_indicators(4, '1h', pg_temp.everything()), 398::bigint, 'all of them are written');
SELECT is_empty('SELECT pg_temp.wrong(4)', 'as from scratch');
-- 10,000 candles and a few more: two states.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 4, '1m', t, 100, 101, 99, 100 + extract(minute FROM t) / 100 FROM generate_series(timestamptz '2024-02-01 00:00+00', '2024-02-07 22:59+00', '1 minute') AS t;
SELECT is(update_technical_indicators(4, '1m'), 10020::bigint, 'a series of two states');
DO $$ BEGIN
    FOR i IN 0 .. 1431 LOOP
        UPDATE price_data SET close_price = close_price - 0.5
        WHERE asset_id = 4 AND timeframe = '1m' AND candle_time = timestamptz '2024-02-07 22:59+00' - interval '7 minutes' * i;
    END LOOP;
END $$;
SELECT is((SELECT count(*) FROM technical_indicator_notes WHERE asset_id = 4), 3::bigint, 'corrections of each seventh of them, the newest first, leave a note a state, and one');
SELECT update_technical_indicators(4, '1m');
CREATE TEMP TABLE kept AS SELECT id, technical_indicators FROM price_data WHERE asset_id = 4 AND timeframe = '1m';
DELETE FROM technical_indicator_states WHERE asset_id = 4;
SELECT is(update_technical_indicators(4, '1m'), 0::bigint, 'and computed from scratch they are the same');

-- a statement notes the oldest of its candles of each series, in whatever order it meets them
DELETE FROM technical_indicator_notes;
CREATE TEMP TABLE met AS
SELECT p.id, p.asset_id, p.timeframe, p.candle_time, row_number() OVER (ORDER BY hashint8(p.id)) AS place
FROM price_data AS p WHERE p.asset_id IN (1, 3, 4) AND p.candle_time > '2024-01-20 00:00+00' ORDER BY place;
WITH changed AS (
    UPDATE price_data AS p SET close_price = p.close_price + 0.25, high_price = p.high_price + 0.25
    FROM met AS m WHERE p.id = m.id RETURNING p.id)
SELECT cmp_ok((SELECT count(*) FROM changed), '>', 10000::bigint, 'many candles of several series change at once');
SELECT is_empty($$SELECT m.asset_id, m.timeframe FROM met AS m
                  WHERE NOT EXISTS (SELECT FROM technical_indicator_notes AS n
                                    WHERE n.asset_id = m.asset_id AND n.timeframe = m.timeframe AND n.since <= m.candle_time)$$,
                'each of them is noted');
SELECT is_empty($$SELECT n.asset_id, n.timeframe FROM technical_indicator_notes AS n
                  GROUP BY n.asset_id, n.timeframe HAVING count(*) > 3$$, 'by a few notes a series');
SELECT update_technical_indicators(1, '1h', pg_temp.everything()), update_technical_indicators(3, '1h', pg_temp.everything());
SELECT is_empty('SELECT pg_temp.wrong(1) UNION ALL SELECT pg_temp.wrong(3)', 'so that they are right again');

-- another trigger may take the notes while the statement still notes its candles
CREATE FUNCTION pg_temp.update_in_between() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM update_technical_indicators(NEW.asset_id, '1h', pg_temp.everything());
    RETURN NULL;
END;
$$;
CREATE TRIGGER zz_update_in_between AFTER UPDATE OF close_price ON price_data
    FOR EACH ROW WHEN (NEW.candle_time = '2024-01-20 11:00+00') EXECUTE FUNCTION pg_temp.update_in_between();
UPDATE price_data SET close_price = close_price + 0.125, high_price = high_price + 0.125
WHERE asset_id = 3 AND candle_time BETWEEN '2024-01-20 06:00+00' AND '2024-01-20 18:00+00';
SELECT is_empty('SELECT pg_temp.wrong(3)', 'it sees all candles of the statement');
DROP TRIGGER zz_update_in_between ON price_data;

-- ca_indicators_differ() against the operators of jsonb
CREATE TEMP TABLE json (value jsonb);
INSERT INTO json VALUES
    (NULL), ('null'), ('1'), ('"RSI"'), ('[]'), ('["RSI"]'), ('{}'), ('{"RSI": 1}'), ('{"RSI": 1.0}'), ('{"RSI": 2}'), ('{"RSI": null}'),
    ('{"RSI": "1"}'), ('{"RSI": "11"}'), ('{"RSI": true}'), ('{"RSI": false}'), ('{"RSI": [1]}'), ('{"RSI": {"7": 1}}'), ('{"RSI": {"7": 1.00}}'),
    ('{"RSI": {"7": 2}}'), ('{"RSI": [1, 2]}'), ('{"RSI": {}}'), ('{"RSI": []}'), ('{"mine": 1}'), ('{"mine": 2, "RSI": 1}'), ('{"STOCH": 1}'), ('{"STOCH": 1, "ADX": 2}'),
    ('{"SMA": 1, "EMA": 2, "MACD": {"value": 1}, "BBANDS": 3, "ATR": 4}'), ('{"SMA": 1, "EMA": 2, "MACD": {"value": 2}, "BBANDS": 3, "ATR": 4}');
SELECT is_empty($$SELECT a.value, b.value FROM json AS a CROSS JOIN json AS b
    WHERE ca_indicators_differ(a.value, b.value) IS DISTINCT FROM EXISTS (
        SELECT FROM unnest('{RSI,MACD,SMA,EMA,BBANDS,ATR,ADX,STOCH}'::text[]) AS k (key)
        WHERE a.value -> k.key IS DISTINCT FROM b.value -> k.key)$$, 'indicators differ as the values of their keys do');

-- ca_batch_json() against the operators of jsonb, for candles in the order of the batch, out of it and outside of it
CREATE TEMP TABLE batch AS
SELECT array_agg(id) AS ids, array_agg(jsonb_build_object('RSI', id % 3, 'SMA', jsonb_build_object('7', id))) AS "values"
FROM generate_series(1, 100) AS id;
SELECT is_empty($$SELECT c.id, j.value
    FROM batch AS b CROSS JOIN json AS j CROSS JOIN (SELECT (i * 7 % 104)::bigint AS id FROM generate_series(0, 300) AS i) AS c
    CROSS JOIN LATERAL (SELECT CASE WHEN jsonb_typeof(j.value) = 'object'
                                    THEN (j.value - '{RSI,MACD,SMA,EMA,BBANDS,ATR,ADX,STOCH}'::text[]) || b."values"[c.id]
                                    ELSE b."values"[c.id] END AS value) AS wanted
    WHERE ca_batch_json(b.ids, b."values", c.id, j.value) IS DISTINCT FROM wanted.value$$, 'the JSON becomes what a batch has, next to other keys');
SELECT is((SELECT count(DISTINCT id) FROM batch, unnest(ids, "values") AS u (id, value)
           WHERE ca_batch_json(ids, "values", id, value) IS NULL AND ca_batch_json(ids, "values", id, value || '{"mine": [1]}') IS NULL),
          100::bigint, 'and stays as it is when it is that');
SELECT is((SELECT ca_batch_json(ids, "values", 101, '{"RSI": 1}') FROM batch), NULL, 'what is not in the batch stays too');
SELECT throws_ok($$SELECT ca_batch_json(ARRAY[1, NULL], ARRAY['1', '2']::jsonb[], 1, NULL)$$, '22004', NULL, 'a batch has no NULL');
SELECT throws_ok($$SELECT ca_batch_json(ARRAY[1, 2], ARRAY['1']::jsonb[], 1, NULL)$$, '2202E', NULL, 'and a value for each candle');

TRUNCATE price_data;
SELECT is((SELECT count(DISTINCT (asset_id, timeframe)) FROM technical_indicator_notes WHERE since = '-infinity'), 4::bigint, 'a truncated table is noted for every series');
SELECT is(update_technical_indicators(), 0::bigint, 'and leaves nothing to write');

SELECT * FROM finish();
ROLLBACK;
