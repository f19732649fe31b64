-- What a session that has not loaded the library may drop, in a database of its own.
CREATE DATABASE regress_drop_guard;
\c regress_drop_guard
SET client_min_messages = warning;
CREATE EXTENSION cryptoanalytics;
INSERT INTO assets (symbol, name, asset_type) VALUES ('KEPT', 'Kept', 'crypto');

-- The event trigger loads the library.
\c
DROP EXTENSION cryptoanalytics;
SELECT count(*) FROM assets;

-- A value that was set before counts.
\c
SET cryptoanalytics.allow_drop = 'neither';
DROP EXTENSION cryptoanalytics;
\c
SET cryptoanalytics.allow_drop = on;
DROP EXTENSION cryptoanalytics;
SELECT count(*) FROM pg_event_trigger;

-- Nothing of the guard is left, so another extension can be dropped; the function cannot be called by hand.
DROP EXTENSION plpgsql;
CREATE EXTENSION plpgsql;
CREATE EXTENSION cryptoanalytics;
SELECT cryptoanalytics_internal.ca_guard_drop();
DROP EXTENSION cryptoanalytics;

-- In another schema, in the same session, functions find the new tables.
SET timezone = 'UTC';
CREATE SCHEMA here;
CREATE SCHEMA there;
\set asset 'INSERT INTO assets (id, symbol, name, asset_type) VALUES (:id, \'KEPT\', \'Kept\', \'crypto\');'
\set fill 'INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)'
\set fill :fill ' SELECT :id, \'1m\', timestamptz \'2024-01-01\' + m * interval \'1 minute\', 10 * :id, 10 * :id, 10 * :id, 10 * :id'
\set fill :fill ' FROM generate_series(0, 59) AS m;'
\set move 'CALL archive_price_data(\'2024-01-01 00:30\'); CALL compress_price_archive(\'2024-01-01 00:20\');'
\set look 'SELECT (SELECT count(*) FROM price_data) AS live, (SELECT count(*) FROM price_data_archive) AS archived,'
\set look :look ' (SELECT count(*) FROM price_data_compressed) AS compressed, rollup_candles(\'30m\') AS rolled_up,'
\set look :look ' (SELECT string_agg(c.close::text, \' \') FROM candles(:id, \'15m\') AS c) AS closes,'
\set look :look ' (SELECT count(*) FROM technical_indicators(:id, \'1m\')) AS values,'
\set look :look ' (SELECT p.close FROM cryptoanalytics_internal.ca_price_at(:id, \'2024-01-01 00:10\', NULL) AS p) AS price;'
CREATE EXTENSION cryptoanalytics SCHEMA here;
SET search_path = here;
\set id 1
:asset :fill :move :look
DROP EXTENSION cryptoanalytics;
CREATE EXTENSION cryptoanalytics SCHEMA there;
SET search_path = there;
\set id 2
:asset :fill :move :look
DROP EXTENSION cryptoanalytics;
RESET search_path;

-- A role that may create functions beside those of the extension is named.
CREATE ROLE regress_intruder;
CREATE SCHEMA theirs AUTHORIZATION regress_intruder;
CREATE EXTENSION cryptoanalytics SCHEMA theirs;
DROP SCHEMA theirs CASCADE;
DROP ROLE regress_intruder;

\c postgres
DROP DATABASE regress_drop_guard;
