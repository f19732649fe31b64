-- compress_price_archive, decompress_price_archive, and functions that change compressed candles.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
-- on a slow machine, NOTICEs would report progress
SET client_min_messages = warning;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'SEG', 'Segment', 'crypto'), (2, 'SEH', 'Sehment', 'crypto');

CREATE VIEW tally AS
    SELECT h.asset_id, h.timeframe, count(*) FILTER (WHERE p.id IS NOT NULL) AS live,
           count(*) FILTER (WHERE a.id IS NOT NULL) AS archived, count(*) FILTER (WHERE z.id IS NOT NULL) AS compressed
    FROM price_history AS h
    LEFT JOIN price_data AS p USING (asset_id, timeframe, candle_time)
    LEFT JOIN price_data_archive AS a USING (asset_id, timeframe, candle_time)
    LEFT JOIN price_data_compressed AS z USING (asset_id, timeframe, candle_time)
    GROUP BY h.asset_id, h.timeframe;
CREATE VIEW segment AS
    SELECT asset_id, timeframe, first_time, last_time, candles, technical_indicators IS NOT NULL AS indicators
    FROM price_data_segments;

-- asset 1: 2500 1m and three 1h candles, asset 2: ten 1m candles, all from 2024-01-01 00:00 on
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap,
                        technical_indicators, candle_time, created_at)
SELECT s.asset, s.timeframe, 10, 12 + i, 9, 11, i, 1000 + i, jsonb_build_object('RSI', i),
       timestamptz '2024-01-01' + i * timeframe_length(s.timeframe), timestamptz '2024-02-01' + i * interval '1 second'
FROM (VALUES (1, '1m', 2500), (1, '1h', 3), (2, '1m', 10)) AS s (asset, timeframe, n)
CROSS JOIN LATERAL generate_series(0, s.n - 1) AS i
ORDER BY 1, 2, i;
CREATE TABLE original AS SELECT * FROM price_data;
CREATE VIEW changed AS
    SELECT id FROM (
        SELECT h.id, h.asset_id, h.timeframe, h.open_price, h.high_price, h.low_price, h.close_price, h.volume, h.market_cap,
               h.candle_time, h.created_at
        FROM price_history AS h
        EXCEPT
        SELECT o.id, o.asset_id, o.timeframe, o.open_price, o.high_price, o.low_price, o.close_price, o.volume, o.market_cap,
               o.candle_time, o.created_at
        FROM original AS o) AS c;

-- Nothing is archived, so there is nothing to do.
CALL compress_price_archive();

-- The archive before 00:05 of one timeframe, then of one asset, then all of it.
CALL archive_price_data(older_than => '2024-02-01', timeframe => '1m', keep_indicators => true);
CALL compress_price_archive('2024-01-01 00:05', '1m', 2);
SELECT * FROM tally ORDER BY 1, 2;
CALL compress_price_archive();
SELECT * FROM tally ORDER BY 1, 2;
-- 2500 are 1024, 1024 and 452
SELECT * FROM segment ORDER BY 1, 2, 3;
SELECT count(*) FROM changed;
SELECT count(*) FROM price_history AS h JOIN original AS o USING (id) WHERE h.technical_indicators <> o.technical_indicators;
CALL compress_price_archive();

-- Directly from price_data; without indicators, as for rows.
SET cryptoanalytics.compress_archive = on;
CALL archive_price_data(older_than => '2024-02-01', dry_run => true);
CALL archive_price_data(older_than => '2024-02-01');
RESET cryptoanalytics.compress_archive;
SELECT * FROM segment WHERE timeframe = '1h';
SELECT * FROM tally ORDER BY 1, 2;

-- What the runs record.
SELECT task_name, task_type, status, error_message, result_data, task_params - 'pid' AS params
FROM background_tasks ORDER BY id;

--
-- Decompressing takes exactly the range; its end is excluded.
--
CALL decompress_price_archive('1m', 1, '2024-01-01 00:10', '2024-01-01 00:12');
SELECT candle_time, volume, technical_indicators FROM price_data_archive ORDER BY 1;
SELECT * FROM segment WHERE asset_id = 1 AND timeframe = '1m' ORDER BY 3;
-- Across the edge of two segments: 1024 is 17:04. What is left of the two becomes one segment again where it fits.
CALL decompress_price_archive('1m', 1, '2024-01-01 00:20', '2024-01-02 10:00');
SELECT * FROM segment WHERE asset_id = 1 AND timeframe = '1m' ORDER BY 3;
SELECT count(*) FROM changed;
-- Compressing again fills the holes.
CALL compress_price_archive();
SELECT * FROM segment WHERE asset_id = 1 AND timeframe = '1m' ORDER BY 3;
CALL decompress_price_archive('1m', 2, NULL, NULL);
SELECT * FROM tally ORDER BY 1, 2;
-- Restoring finds rows of the archive and compressed candles.
CALL compress_price_archive('2024-01-01 00:05', '1m', 2);
CALL restore_price_data('1m', 2, '2024-01-01 00:01', NULL);
SELECT * FROM tally ORDER BY 1, 2;
SELECT count(*) FROM changed;

--
-- a late row is archived and then merged into its segment; a row for a candle that is compressed already is refused
--
DELETE FROM price_data_segments WHERE timeframe = '1h';
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 1, '1h', h, h, h, h, timestamptz '2024-01-01' + h * interval '1 hour' FROM generate_series(0, 20, 4) AS h;
CALL compress_price_archive(timeframe => '1h');
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (1, '1h', 6, 6, 6, 6, '2024-01-01 06:00'), (1, '1h', 21, 21, 21, 21, '2024-01-01 21:00');
CALL compress_price_archive();
SELECT * FROM segment WHERE timeframe = '1h';
SELECT candle_time, trim_scale(close_price) AS close FROM price_data_compressed WHERE timeframe = '1h' ORDER BY 1;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (1, '1h', 6, 6, 6, 6, '2024-01-01 05:00'), (1, '1h', 6, 6, 6, 6, '2024-01-01 06:00');
\echo :LAST_ERROR_SQLSTATE
-- A live candle replaces the compressed one.
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (1, '1h', 7, 7, 7, 7, '2024-01-01 05:00'), (1, '1h', 7, 7, 7, 7, '2024-01-01 06:00'), (1, '1h', 7, 7, 7, 7, '2024-01-01 21:00');
SELECT candle_time, trim_scale(close_price) AS close, archived FROM price_history WHERE timeframe = '1h' ORDER BY 1;
SELECT * FROM segment WHERE timeframe = '1h';

--
-- single candles
--
SELECT update_compressed_candle(1, '1h', '2024-01-01 08:00', 2, 3, 1, 2.5, 100, NULL, '{"RSI": 50}');
SELECT open_price, high_price, low_price, close_price, volume, market_cap, technical_indicators
FROM price_data_compressed WHERE timeframe = '1h' AND candle_time = '2024-01-01 08:00';
SELECT * FROM segment WHERE timeframe = '1h';
SELECT update_compressed_candle(1, '1h', '2024-01-01 09:00', 2, 3, 1, 2.5);
SELECT delete_compressed_candle(1, '1h', '2024-01-01 09:00');
SELECT delete_compressed_candle(1, '1h', '2024-01-01 00:00'), delete_compressed_candle(1, '1h', '2024-01-01 00:00');
SELECT * FROM segment WHERE timeframe = '1h';
-- Deleting the last candle deletes the segment.
SELECT delete_compressed_candle(1, '1h', t) FROM unnest('{2024-01-01 04:00, 2024-01-01 08:00, 2024-01-01 12:00, 2024-01-01 16:00, 2024-01-01 20:00}'::timestamptz[]) AS t;
SELECT * FROM segment WHERE timeframe = '1h';
SELECT * FROM tally ORDER BY 1, 2;

-- An import corrects a compressed candle in its place and counts it; the same import again changes nothing.
SELECT import_ohlcv(1, '1m', '[[1704067200000, "20", "22", "19", "21", "5"]]'::jsonb, volume_unit => 'quote');
SELECT import_ohlcv(1, '1m', '[[1704067200000, "20", "22", "19", "21", "5"]]'::jsonb, volume_unit => 'quote');
SELECT open_price, high_price, low_price, close_price, volume, market_cap, technical_indicators, archived
FROM price_history WHERE asset_id = 1 AND timeframe = '1m' AND candle_time = '2024-01-01 00:00';

-- Sizes depend on the machine; places do not.
SELECT timeframe, live_candles, archived_candles, compressed_candles, segments,
       live_bytes > 0 AS live, archived_bytes > 0 AS archived, compressed_bytes > 0 AS compressed,
       bytes_per_candle < row_bytes_per_candle AS smaller, row_bytes_from,
       round(row_bytes_per_candle / bytes_per_candle, 1) = ratio_to_rows AS ratio
FROM archive_size();

--
-- errors
--
SELECT update_compressed_candle(1, '1m', '2024-01-01 00:00', 2, 1, 1, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT update_compressed_candle(1, '1m', '2024-01-01 00:00', 'NaN', 'NaN', 'NaN', 'NaN');
SELECT update_compressed_candle(1, '1m', '2024-01-01 00:00', 1, 1, 1, 1, -1);
\echo :LAST_ERROR_SQLSTATE
SELECT update_compressed_candle(1, '1m', '2024-01-01 00:00', 1, 1, 1, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT update_compressed_candle(1, '1m', '2024-01-01 00:00', 1e38, 1e38, 1, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT update_compressed_candle(99, '1m', '2024-01-01 00:00', 1, 1, 1, 1);
SELECT delete_compressed_candle(1, '7m', '2024-01-01 00:00');
\echo :LAST_ERROR_SQLSTATE
CALL compress_price_archive(timeframe => '7m');
CALL compress_price_archive(asset => 99);
\echo :LAST_ERROR_SQLSTATE
CALL decompress_price_archive('1m', NULL, NULL, NULL);
\echo :LAST_ERROR_SQLSTATE
CALL decompress_price_archive('1m', 1, '2024-01-02', '2024-01-01');
\echo :LAST_ERROR_SQLSTATE
BEGIN;
CALL compress_price_archive();
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SET cryptoanalytics.compress_archive = perhaps;

-- A failure in a batch undoes that batch, and is recorded.
ALTER TABLE price_data_segments ADD CONSTRAINT not_yet CHECK (asset_id <> 2) NOT VALID;
CALL archive_price_data(older_than => '2024-02-01', asset => 2);
-- Without the detail: it shows the row, with the bytes of the encoding.
\set VERBOSITY terse
CALL compress_price_archive();
\echo :LAST_ERROR_SQLSTATE
\set VERBOSITY default
ALTER TABLE price_data_segments DROP CONSTRAINT not_yet;
SELECT * FROM tally ORDER BY 1, 2;
CALL compress_price_archive();
SELECT task_name, status, result_data ->> 'moved' AS moved, error_message FROM background_tasks ORDER BY id DESC LIMIT 2;

-- A payload with other bytes than were written.
UPDATE price_data_segments SET payload = set_byte(payload, length(payload) - 1, get_byte(payload, length(payload) - 1) # 1) WHERE asset_id = 2;
CALL decompress_price_archive('1m', 2, NULL, NULL);
\echo :LAST_ERROR_SQLSTATE

DROP VIEW changed, tally, segment;
DROP TABLE original;
DELETE FROM background_tasks;
DELETE FROM price_data_segments;
DELETE FROM price_data_archive;
DELETE FROM price_data;
DELETE FROM assets;
