-- archive_price_data and restore_price_data move candles between tables and change nothing else.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
-- on a slow machine, NOTICEs would report progress
SET client_min_messages = warning;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'ARC', 'Archive', 'crypto'), (2, 'BRC', 'Brchive', 'crypto');

CREATE VIEW tally AS
    SELECT asset_id, timeframe, count(*) FILTER (WHERE NOT archived) AS live, count(*) FILTER (WHERE archived) AS archived
    FROM price_history
    GROUP BY asset_id, timeframe;

-- asset 1: ten 1m and three 1h candles, asset 2: four 1m candles, all from 2024-01-01 00:00 on
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap,
                        technical_indicators, candle_time, created_at)
SELECT s.asset, s.timeframe, 10, 12 + i, 9, 11, i, 1000 + i, jsonb_build_object('RSI', i),
       timestamptz '2024-01-01' + i * timeframe_length(s.timeframe), timestamptz '2024-02-01' + i * interval '1 second'
FROM (VALUES (1, '1m', 10), (1, '1h', 3), (2, '1m', 4)) AS s (asset, timeframe, n)
CROSS JOIN LATERAL generate_series(0, s.n - 1) AS i
ORDER BY 1, 2, i;
CREATE TABLE original AS SELECT * FROM price_data;

-- Rows that have changed in anything but their table and their indicators: there must be none.
CREATE VIEW changed AS
    SELECT coalesce(o.id, h.id) AS id
    FROM original AS o
    FULL JOIN price_history AS h USING (id)
    WHERE (o.asset_id, o.timeframe, o.open_price, o.high_price, o.low_price, o.close_price, o.volume, o.market_cap,
           o.candle_time, o.created_at)
          IS DISTINCT FROM
          (h.asset_id, h.timeframe, h.open_price, h.high_price, h.low_price, h.close_price, h.volume, h.market_cap,
           h.candle_time, h.created_at);

-- A dry run counts: five candles start before 00:05.
CALL archive_price_data(older_than => '2024-01-01 00:05', timeframe => '1m', asset => 1, dry_run => true);
CALL archive_price_data(older_than => '2024-01-01 00:05', timeframe => '1m', asset => 1, dry_run => NULL);
SELECT * FROM tally ORDER BY asset_id, timeframe;
SELECT count(*) AS runs FROM background_tasks;

-- The same in batches of one.
CALL archive_price_data(older_than => '2024-01-01 00:05', timeframe => '1m', asset => 1, batch_size => 1);
SELECT * FROM tally ORDER BY asset_id, timeframe;
SELECT count(*), max(candle_time), count(technical_indicators) AS indicators FROM price_data_archive;

-- The second run has nothing to move.
CALL archive_price_data(older_than => '2024-01-01 00:05', timeframe => '1m', asset => 1);

-- Indicators are kept; each asset has four rows, in batches of 3 and 1.
CALL archive_price_data('2024-01-01 00:09', '1m', keep_indicators => true, batch_size => 3);
SELECT asset_id, candle_time, technical_indicators FROM price_data_archive ORDER BY asset_id, candle_time;

-- one asset, every timeframe: the last 1m candle, and the 1h candles of 00:00 and 01:00
CALL archive_price_data(older_than => '2024-01-01 02:00', asset => 1);
SELECT * FROM tally ORDER BY asset_id, timeframe;
SELECT * FROM changed;

-- What the runs record; dry runs and refused runs record nothing.
SELECT task_name, task_type, status, error_message, result_data, task_params - 'pid' - 'batch_size' AS params,
       started_at <= completed_at AND execution_time_seconds >= 0 AS timed
FROM background_tasks ORDER BY id;

--
-- restoring
--

-- 00:02, 00:03 and 00:04: the end of the range is excluded.
CALL restore_price_data('1m', 1, '2024-01-01 00:02', '2024-01-01 00:05', batch_size => 2);
SELECT candle_time FROM price_data WHERE asset_id = 1 AND timeframe = '1m' ORDER BY 1;
CALL restore_price_data('1m', 1, '2024-01-01 00:02', '2024-01-01 00:05');
CALL restore_price_data('1m', 1, '2024-01-01 00:05', '2024-01-01 00:05');

-- NULL leaves a side open: 00:00 and 00:01, then the rest of the ten.
CALL restore_price_data('1m', 1, NULL, '2024-01-01 00:02');
CALL restore_price_data('1m', 1, NULL, NULL);
SELECT * FROM tally ORDER BY asset_id, timeframe;
SELECT * FROM changed;
SELECT task_name, status, result_data FROM background_tasks WHERE task_name = 'restore_price_data' ORDER BY id;

--
-- By the setting: only the period of the timeframe counts, and a timeframe that is not listed stays.
--
DELETE FROM price_data_archive;
DELETE FROM price_data;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT s.asset, s.timeframe, 1, 1, 1, 1, timeframe_bucket(s.timeframe, now() - s.age)
FROM (VALUES (1, '1m', interval '8 days'), (1, '1m', '25 hours'), (1, '1m', '23 hours'), (2, '1m', '25 hours'),
             (1, '1h', '15 days'), (1, '1h', '13 days'), (1, '1d', '1000 days')) AS s (asset, timeframe, age);
SET cryptoanalytics.retention = '1m=24h,1h=2w';
CALL archive_price_data(dry_run => true);
CALL archive_price_data();
SELECT * FROM tally ORDER BY asset_id, timeframe;
SELECT result_data FROM background_tasks ORDER BY id DESC LIMIT 1;

-- Without any period nothing moves.
SET cryptoanalytics.retention = '';
CALL archive_price_data();
CALL archive_price_data(dry_run => true);
RESET cryptoanalytics.retention;

-- A candle that has not closed stays, whatever the arguments are: this month's, and one in the future.
DELETE FROM price_data_archive;
DELETE FROM price_data;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 1, s.timeframe, 1, 1, 1, 1, timeframe_bucket(s.timeframe, now() + s.ahead)
FROM (VALUES ('1M', interval '0'), ('1M', '-40 days'), ('1d', '3 days')) AS s (timeframe, ahead);
CALL archive_price_data(older_than => 'infinity', dry_run => true);
CALL archive_price_data(older_than => 'infinity');
SELECT * FROM tally ORDER BY asset_id, timeframe;

--
-- a candle is in only one table
--
DELETE FROM price_data_archive;
DELETE FROM price_data;
CREATE VIEW candle AS
    SELECT 1 AS asset_id, '1m' AS timeframe, 1 AS o, 1 AS h, 1 AS l, 1 AS c, timestamptz '2024-01-01 00:00' AS candle_time;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time) TABLE candle;
SELECT * FROM tally;
-- The archive assigns negative ids, so that rows from both tables fit into either of them.
SELECT sign(id) FROM price_data_archive;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time) TABLE candle;
SELECT * FROM tally;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time) TABLE candle;
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tally;

--
-- a failure in a batch undoes that batch and is recorded; the next run continues
--
DELETE FROM price_data;
INSERT INTO price_data (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time, created_at)
SELECT 1000 + i, 1, '1m', 1, 1, 1, 1, timestamptz '2024-01-01' + i * interval '1 minute', '2024-01-02'
FROM generate_series(0, 4) AS i;
ALTER TABLE price_data_archive ADD CONSTRAINT not_yet CHECK (candle_time <> '2024-01-01 00:03+00');
CALL archive_price_data(older_than => '2024-02-01', batch_size => 2);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tally;
ALTER TABLE price_data_archive DROP CONSTRAINT not_yet;
CALL archive_price_data(older_than => '2024-02-01', batch_size => 2);
SELECT * FROM tally;
SELECT status, result_data ->> 'moved' AS moved, error_message FROM background_tasks ORDER BY id DESC LIMIT 2;

-- An error without a detail, such as a lock timeout or here that of a trigger, does not stop the other series either.
CREATE FUNCTION not_yet() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE data_exception USING MESSAGE = 'not yet'; END; $$;
CREATE TRIGGER not_yet BEFORE INSERT ON price_data_archive FOR EACH ROW WHEN (NEW.asset_id = 1) EXECUTE FUNCTION not_yet();
INSERT INTO price_data (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time, created_at)
SELECT 1010 + a, a, '1m', 1, 1, 1, 1, '2024-01-01 00:10+00', '2024-01-02' FROM generate_series(1, 2) AS a;
CALL archive_price_data(older_than => '2024-02-01');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tally ORDER BY asset_id;
SELECT status, result_data ->> 'moved' AS moved, error_message FROM background_tasks ORDER BY id DESC LIMIT 1;
DROP TRIGGER not_yet ON price_data_archive;
DROP FUNCTION not_yet();
CALL archive_price_data(older_than => '2024-02-01');
DELETE FROM price_data_archive WHERE id > 1010;

-- The next run of the same procedure marks a run whose session is gone as failed; no backend has the number 0.
INSERT INTO background_tasks (task_name, task_type, status, task_params, started_at)
VALUES ('archive_price_data', 'cleanup', 'running', '{"pid": 0}', '2024-01-01'),
       ('restore_price_data', 'cleanup', 'running', '{"pid": 0}', '2024-01-01');
CALL archive_price_data(older_than => '2024-02-01');
SELECT task_name, status, error_message FROM background_tasks WHERE started_at = '2024-01-01' ORDER BY task_name;

--
-- errors
--
CALL archive_price_data(batch_size => 0);
\echo :LAST_ERROR_SQLSTATE
CALL archive_price_data(batch_size => -1);
CALL archive_price_data(batch_size => NULL);
CALL archive_price_data(batch_size => 1000001);
CALL archive_price_data(timeframe => '7m');
\echo :LAST_ERROR_SQLSTATE
CALL archive_price_data(asset => 99);
\echo :LAST_ERROR_SQLSTATE
CALL restore_price_data('1m', 1, NULL, NULL, batch_size => 0);
CALL restore_price_data('7m', 1, NULL, NULL);
CALL restore_price_data(NULL, 1, NULL, NULL);
\echo :LAST_ERROR_SQLSTATE
CALL restore_price_data('1m', 99, NULL, NULL);
CALL restore_price_data('1m', NULL, NULL, NULL);
\echo :LAST_ERROR_SQLSTATE
CALL restore_price_data('1m', 1, '2024-01-02', '2024-01-01');
\echo :LAST_ERROR_SQLSTATE

-- The procedure commits after each batch, so it is refused inside a transaction; nothing moves or is recorded.
SELECT count(*) AS runs FROM background_tasks \gset
BEGIN;
CALL restore_price_data('1m', 1, NULL, NULL);
\echo :LAST_ERROR_SQLSTATE
ROLLBACK;
SELECT * FROM tally;
SELECT count(*) - :runs AS noted FROM background_tasks;

-- A dry run commits nothing.
BEGIN;
CALL archive_price_data(older_than => '2024-02-01', dry_run => true);
COMMIT;

--
-- a candle is in two places because somebody has disabled the trigger: the other series move, and the error
-- names the candle
--
DELETE FROM price_data_archive;
ALTER TABLE price_data_archive DISABLE TRIGGER price_data_archive_once;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT a, t, 1, 1, 1, 1, '2024-01-01 00:00+00' FROM generate_series(1, 2) AS a CROSS JOIN unnest(ARRAY['1m', '1h', '4h']) AS t;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 1, t, 2, 2, 2, 2, '2024-01-01 00:00+00' FROM unnest(ARRAY['1m', '1h']) AS t;
ALTER TABLE price_data_archive ENABLE TRIGGER price_data_archive_once;
CALL archive_price_data(older_than => '2024-02-01');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM tally ORDER BY asset_id, timeframe;
SELECT status, result_data ->> 'moved' AS moved, error_message FROM background_tasks ORDER BY id DESC LIMIT 1;
DELETE FROM price_data_archive WHERE close_price = 2;
CALL archive_price_data(older_than => '2024-02-01');

DROP VIEW candle, changed, tally;
DROP TABLE original;
DELETE FROM background_tasks;
DELETE FROM price_data_archive;
DELETE FROM price_data;
DELETE FROM assets;
