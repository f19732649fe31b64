-- What update_technical_indicators() writes, and what it refuses.
SET client_min_messages = warning;
SET extra_float_digits = 0;
SET timezone = 'UTC';
CREATE EXTENSION IF NOT EXISTS cryptoanalytics;
\set VERBOSITY terse

INSERT INTO assets (id, symbol, name, asset_type) VALUES (801, 'WRITE', 'Written', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 801, '1d', timestamptz '2024-01-01+00' + i * interval '1 day', close, high, low, close
FROM (VALUES (0, 10, 8, 9), (1, 12, 9, 11), (2, 11, 7, 8), (3, 9, 8, 9), (4, 13, 9, 12)) AS v (i, high, low, close);

-- By hand: means 28/3, 28/3, 29/3. EMA(2) begins with (9 + 11) / 2 = 10 and moves by 2/3 of the way to 8, 9 and 12:
-- 26/3, 80/9, 296/27. EMA(1) is the close, so MACD(1,2,1) is close - EMA(2), and so is its signal. Changes 2, -3, 1, 3:
-- RSI(2) is 100 * 2/5, then of gain (1 + 1)/2 and loss 1.5/2, then of (1 + 3)/2 and .75/2. ATR(2) 7/2, 9/4, 25/8.
SELECT update_technical_indicators(801, '1d', '{"SMA": [3], "EMA": 2, "RSI": [2], "MACD": [1, 2, 1], "ATR": 2}');
SELECT candle_time::date AS day, round((technical_indicators #>> '{SMA,3}')::numeric, 6) AS sma_3,
       round((technical_indicators ->> 'EMA')::numeric, 6) AS ema_2, round((technical_indicators #>> '{RSI,2}')::numeric, 6) AS rsi_2,
       round((technical_indicators #>> '{MACD,value}')::numeric, 6) AS macd, technical_indicators #> '{MACD,histogram}' AS histogram,
       technical_indicators -> 'ATR' AS atr_2
FROM price_data WHERE asset_id = 801 ORDER BY candle_time;

-- Several sets of an indicator are keyed by their parameters; values that are not warm are left out.
SELECT update_technical_indicators(801, '1d', '{"BBANDS": [[2, 1], [2, 0.5]], "STOCH": [[2, 1, 1]], "ADX": [2], "SMA": [5, 6]}');
SELECT candle_time::date AS day, (SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_each(technical_indicators)) AS keys,
       (SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_each(technical_indicators -> 'BBANDS')) AS bands,
       (SELECT string_agg(key, ' ' ORDER BY key) FROM jsonb_each(technical_indicators #> '{ADX,2}')) AS adx,
       technical_indicators -> 'SMA' AS sma, technical_indicators #>> '{STOCH,"2,1,1",k}' AS k
FROM price_data WHERE asset_id = 801 ORDER BY candle_time;

-- At a constant price only percent_b is undefined.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (802, 'FLAT', 'Flat', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 802, '1d', timestamptz '2024-01-01+00' + i * interval '1 day', 7, 7, 7, 7 FROM generate_series(0, 3) AS i;
SELECT update_technical_indicators(802, '1d', '{"BBANDS": [2], "RSI": 2, "STOCH": [1, 1, 1], "ATR": 1}');
SELECT technical_indicators FROM price_data WHERE asset_id = 802 ORDER BY candle_time DESC LIMIT 1;

-- The default spec.
SELECT update_technical_indicators(802);
SELECT spec, convention, candles FROM technical_indicator_states WHERE asset_id = 802;

-- at REPEATABLE READ, where notes cannot be shared, a statement leaves one a series all the same
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE price_data SET close_price = close_price WHERE asset_id IN (801, 802);
UPDATE price_data SET close_price = low_price WHERE asset_id = 801;
UPDATE price_data SET technical_indicators = '{"RSI": 50}' WHERE asset_id = 802;
SELECT asset_id, timeframe, since AT TIME ZONE 'UTC' AS since
FROM technical_indicator_notes WHERE asset_id IN (801, 802) ORDER BY asset_id, id;
ROLLBACK;

-- What is not a spec.
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT update_technical_indicators(802, '1d', '[{"RSI": 14}]');
SELECT update_technical_indicators(802, '1d', '14');
SELECT update_technical_indicators(802, '1d', '{}');
SELECT update_technical_indicators(802, '1d', NULL);
SELECT update_technical_indicators(802, '1d', '{"rsi": 14}');
SELECT update_technical_indicators(802, '1d', '{"RSI": "14"}');
SELECT update_technical_indicators(802, '1d', '{"RSI": null}');
SELECT update_technical_indicators(802, '1d', '{"RSI": {"period": 14}}');
SELECT update_technical_indicators(802, '1d', '{"RSI": ["14"]}');
SELECT update_technical_indicators(802, '1d', '{"RSI": 14.5}');
SELECT update_technical_indicators(802, '1d', '{"RSI": 0}');
SELECT update_technical_indicators(802, '1d', '{"SMA": [50, 10001]}');
SELECT update_technical_indicators(802, '1d', '{"SMA": 1e400}');
SELECT update_technical_indicators(802, '1d', '{"SMA": [50, 200, 50]}');
SELECT update_technical_indicators(802, '1d', '{"SMA": []}');
SELECT update_technical_indicators(802, '1d', '{"MACD": [26, 12, 9]}');
SELECT update_technical_indicators(802, '1d', '{"MACD": [12, 26]}');
SELECT update_technical_indicators(802, '1d', '{"MACD": 12}');
SELECT update_technical_indicators(802, '1d', '{"MACD": [[12, 26, 9], 12]}');
SELECT update_technical_indicators(802, '1d', '{"BBANDS": [20, -2]}');
SELECT update_technical_indicators(802, '1d', '{"BBANDS": [[20, 2], [20, 2.0]]}');
SELECT update_technical_indicators(802, '1d', jsonb_build_object('SMA', (SELECT jsonb_agg(n) FROM generate_series(1, 65) AS n)));

-- Other arguments.
SELECT update_technical_indicators(802, '1d', convention => 'wilder');
SELECT update_technical_indicators(802, '1d', convention => NULL);
SELECT update_technical_indicators(802, '1x');
SELECT update_technical_indicators(899);

-- A snapshot from before the call could miss candles.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT update_technical_indicators(802, '1d');
ROLLBACK;

DELETE FROM price_data;
DELETE FROM assets;
SELECT (SELECT count(*) FROM technical_indicator_states) AS states, (SELECT count(*) FROM technical_indicator_notes) AS notes;

-- The newest state is updated in place: a few pages serve a hundred transactions, where new versions would need a third
-- of a page each; the space of old versions is freed without VACUUM.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (804, 'PLACE', 'In place', 'crypto');
ALTER TABLE technical_indicator_states SET (autovacuum_enabled = off);
VACUUM technical_indicator_states;
SELECT pg_relation_size('technical_indicator_states') AS bytes \gset
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 804, '1m', i, i + 1, i - 1, i, timestamptz '2024-01-01 00:00+00' + i * interval '1 minute' FROM generate_series(0, 199) AS i;
-- A session keeps what it knows of the oldest transaction while a transaction is open in another database of the server;
-- VACUUM makes it look again.
CREATE TEMP TABLE vacuumed ();
\set ECHO none
SELECT format('INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time) VALUES (804, %L, %s, %s, %s, %s, %L)',
              '1m', i, i + 1, i - 1, i, timestamptz '2024-01-01 00:00+00' + i * interval '1 minute'),
       'DO $$BEGIN PERFORM update_technical_indicators(804, ''1m''); END$$', 'VACUUM vacuumed'
FROM generate_series(200, 299) AS i \gexec
\set ECHO all
DROP TABLE vacuumed;
SELECT count(*) AS states, max(candles) AS candles, max(length(state)) > 2000 AS large,
       pg_relation_size('technical_indicator_states') - :bytes < 16 * 8192 AS in_place
FROM technical_indicator_states WHERE asset_id = 804;
ALTER TABLE technical_indicator_states RESET (autovacuum_enabled);
DELETE FROM price_data WHERE asset_id = 804;
DELETE FROM assets WHERE id = 804;

-- What others write next to the indicators: their own keys stay, the indicators are written again.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (805, 'HAND', 'By hand', 'crypto');
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 805, '1d', i, i, i, i, timestamptz '2024-01-01 00:00+00' + i * interval '1 day' FROM generate_series(1, 5) AS i;
CREATE FUNCTION pg_temp.day(candle_time timestamptz) RETURNS integer LANGUAGE sql AS $$ SELECT extract(day FROM $1 AT TIME ZONE 'UTC')::integer - 1 $$;
SELECT update_technical_indicators(805, '1d', '{"SMA": 2}');
UPDATE price_data SET technical_indicators = technical_indicators || '{"note": "mine"}' WHERE asset_id = 805;
-- A key of the user does not change the indicators.
SELECT count(*) AS notes FROM technical_indicator_notes;
-- Another value, an indicator that was not asked for, a missing value, nothing at all: four candles are written.
UPDATE price_data SET technical_indicators = '{"SMA": 99, "note": "mine"}' WHERE asset_id = 805 AND pg_temp.day(candle_time) = 2;
UPDATE price_data SET technical_indicators = technical_indicators || '{"RSI": 50}' WHERE asset_id = 805 AND pg_temp.day(candle_time) = 3;
UPDATE price_data SET technical_indicators = technical_indicators - 'SMA' WHERE asset_id = 805 AND pg_temp.day(candle_time) = 4;
UPDATE price_data SET technical_indicators = NULL WHERE asset_id = 805 AND pg_temp.day(candle_time) = 5;
SELECT update_technical_indicators(805, '1d', '{"SMA": 2}');
-- means of i - 1 and i
SELECT pg_temp.day(candle_time) AS day, technical_indicators FROM price_data WHERE asset_id = 805 ORDER BY candle_time;
SELECT count(*) AS notes FROM technical_indicator_notes;

-- Corrections of live, archived and compressed candles remove the indicators and keep other keys.
CREATE FUNCTION pg_temp.corrected(add integer) RETURNS bigint LANGUAGE sql AS $$
    SELECT import_ohlcv(805, '1d', jsonb_agg(jsonb_build_array(extract(epoch FROM h.candle_time)::bigint * 1000,
                                             d.close, d.close, d.close, d.close, 1)))
    FROM price_history AS h, LATERAL (SELECT pg_temp.day(h.candle_time) + add AS close) AS d WHERE h.asset_id = 805;
$$;
SELECT pg_temp.corrected(10) AS corrected;
SELECT technical_indicators, count(*) FROM price_data WHERE asset_id = 805 GROUP BY 1 ORDER BY 1;
SELECT update_technical_indicators(805, '1d', '{"SMA": 2}');
-- So does archiving, unless the indicators are kept, by argument or by setting: days 1 and 2, then 3, then 4.
CALL archive_price_data('2024-01-04 00:00+00', '1d', 805);
CALL archive_price_data('2024-01-05 00:00+00', '1d', 805, keep_indicators => true);
SET cryptoanalytics.keep_indicators = on;
CALL archive_price_data('2024-01-06 00:00+00', '1d', 805);
SELECT pg_temp.day(candle_time) AS day, technical_indicators FROM price_data_archive WHERE asset_id = 805 ORDER BY candle_time;
CALL restore_price_data('1d', 805, NULL, NULL);
SELECT update_technical_indicators(805, '1d', '{"SMA": 2}');
SET cryptoanalytics.compress_archive = on;
CALL archive_price_data('2024-01-03 00:00+00', '1d', 805);
RESET cryptoanalytics.keep_indicators;
UPDATE price_data SET technical_indicators = '[1]' WHERE asset_id = 805 AND pg_temp.day(candle_time) = 2;
UPDATE price_data SET technical_indicators = 'null' WHERE asset_id = 805 AND pg_temp.day(candle_time) = 3;
UPDATE price_data SET technical_indicators = technical_indicators - 'note' WHERE asset_id = 805 AND pg_temp.day(candle_time) = 4;
CALL archive_price_data('2025-01-01 00:00+00', '1d', 805);
RESET cryptoanalytics.compress_archive;
SELECT pg_temp.day(candle_time) AS day, technical_indicators FROM price_data_compressed WHERE asset_id = 805 ORDER BY candle_time;
SELECT pg_temp.corrected(20) AS corrected;
SELECT pg_temp.day(candle_time) AS day, technical_indicators FROM price_data_compressed WHERE asset_id = 805 ORDER BY candle_time;
CALL decompress_price_archive('1d', 805, NULL, NULL);
UPDATE price_data_archive SET technical_indicators = '{"ATR": 1, "note": {"SMA": 1}}' WHERE asset_id = 805 AND pg_temp.day(candle_time) < 3;
SELECT pg_temp.corrected(30) AS corrected;
SELECT pg_temp.day(candle_time) AS day, technical_indicators FROM price_data_archive WHERE asset_id = 805 ORDER BY candle_time;
DELETE FROM background_tasks;
DELETE FROM price_data_archive WHERE asset_id = 805;
DELETE FROM assets WHERE id = 805;
