-- maintain(): its steps, what they write, and how they fail.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
-- those who are slow are told of progress
SET client_min_messages = warning;

-- the settings: finest first whatever the order; empty rolls nothing up
SELECT rollup_timeframes();
SET cryptoanalytics.rollup = ' 1d , 1h,5m';
SELECT rollup_timeframes();
SET cryptoanalytics.rollup = '';
SELECT rollup_timeframes();
SET cryptoanalytics.rollup = '5m,7m';
SET cryptoanalytics.rollup = '5m,1h,5m';
SET cryptoanalytics.rollup = '5m,';
SET cryptoanalytics.rollup = '5m 1h';
-- 2160 h are 90 days, 36 h a day and a half
SHOW cryptoanalytics.keep_api_logs;
SELECT ca_keep_sessions(), ca_keep_api_logs();
SET cryptoanalytics.keep_sessions = '36h';
SET cryptoanalytics.keep_api_logs = 0;
SELECT ca_keep_sessions(), ca_keep_api_logs();
-- the message tells units since PostgreSQL 17
\set VERBOSITY sqlstate
SET cryptoanalytics.keep_sessions = -1;
\set VERBOSITY default
RESET cryptoanalytics.keep_sessions;
RESET cryptoanalytics.keep_api_logs;

-- each timeframe is a step
SET cryptoanalytics.rollup = '5m,1h';
SELECT step, task_type, every, assets IS NOT NULL AS by_asset, batch FROM maintenance_steps() ORDER BY place;

-- two hours of minutes of one asset, and twenty of another, whose feed has stopped at 00:20
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'ONE', 'One', 'crypto'), (2, 'TWO', 'Two', 'crypto');
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT a, '1m', i, i + 2, i - 2, i + 1, 10, timestamptz '2024-01-01 00:00+00' + i * interval '1 minute'
FROM generate_series(1, 2) AS a, generate_series(0, CASE a WHEN 1 THEN 119 ELSE 19 END) AS i;

-- as of 01:59 the hours 00 are complete: of the second it is known an hour after 01:00 only.
-- 119 minutes make 23 candles of 5m, 20 make 4
CALL maintain('2024-01-01 01:59+00');
SELECT asset_id, timeframe, count(*), max(candle_time) FROM price_data GROUP BY 1, 2 ORDER BY 1, 2;
-- the hour 00 of the first: minutes 0 to 59, so from 0 to 60, and 59 + 2 and 0 - 2
SELECT open_price, high_price, low_price, close_price, volume FROM price_data WHERE timeframe = '1h';
-- every closed candle gets indicators: 140 + 27 + 1
SELECT task_name, task_type, status,
       CASE WHEN task_name ~ 'roll_up|indicators|archive|p(ur|run)[eg]' THEN result_data ->> 'rows' END AS rows, error_message,
       completed_at >= started_at AND execution_time_seconds >= 0 AS timed
FROM background_tasks WHERE task_name LIKE 'maintain %' ORDER BY id;

-- at 02:00 there are one more candle of 5m and another hour, and the hour of the feed that has
-- stopped; what is done once a day has been done
CALL maintain('2024-01-01 02:00+00');
SELECT asset_id, timeframe, count(*), max(candle_time) FROM price_data GROUP BY 1, 2 ORDER BY 1, 2;
SELECT task_name, status, CASE WHEN task_name ~ 'roll_up|indicators|archive|p(ur|run)[eg]' THEN result_data ->> 'rows' END AS rows
FROM background_tasks WHERE (task_params ->> 'as_of')::timestamptz = '2024-01-01 02:00+00' ORDER BY id;
-- again: nothing
SELECT max(id) AS last FROM background_tasks \gset
CALL maintain('2024-01-01 02:00+00');
SELECT count(*) > 0 AS ran, sum((result_data ->> 'rows')::bigint) AS rows FROM background_tasks WHERE id > :last;

-- the next day picks up what came late: a minute of the hour 00 that made another low
UPDATE price_data SET low_price = -5 WHERE asset_id = 1 AND timeframe = '1m' AND candle_time = '2024-01-01 00:30+00';
CALL maintain('2024-01-02 00:00+00');
SELECT timeframe, candle_time, low_price FROM price_data WHERE asset_id = 1 AND low_price = -5 ORDER BY 1, 2;

-- a step that fails is undone alone, noted and counted
CREATE FUNCTION no_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no hours today' USING ERRCODE = 'XY001', DETAIL = 'A test.';
END $$;
CREATE TRIGGER no_hours BEFORE INSERT ON price_data FOR EACH ROW WHEN (NEW.timeframe = '1h') EXECUTE FUNCTION no_hours();
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT 1, '1m', 1, 1, 1, 1, 10, timestamptz '2024-01-02 00:00+00' + i * interval '1 minute' FROM generate_series(0, 59) AS i;
CALL maintain('2024-01-02 01:00+00');
SELECT task_name, status, result_data, error_message
FROM background_tasks WHERE task_name ~ '^maintain roll_up [0-9]' AND (task_params ->> 'as_of')::timestamptz = '2024-01-02 01:00+00' ORDER BY id;
SELECT timeframe, count(*) FROM price_data WHERE candle_time >= '2024-01-02' GROUP BY 1 ORDER BY 1;
DROP TRIGGER no_hours ON price_data;
DROP FUNCTION no_hours();
CALL maintain('2024-01-02 01:01+00');
SELECT timeframe, count(*) FROM price_data WHERE candle_time >= '2024-01-02' GROUP BY 1 ORDER BY 1;

-- so does a step with an error for one asset: it is done for the others
CREATE FUNCTION not_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
CREATE TRIGGER not_one BEFORE INSERT ON price_data_archive FOR EACH ROW WHEN (NEW.asset_id = 1) EXECUTE FUNCTION not_one();
SET cryptoanalytics.retention = '1m=1d';
-- the day before 2024-01-03 stays: 120 minutes of the first are older, 20 of the second
CALL maintain('2024-01-03 00:00+00');
SELECT status, result_data, error_message FROM background_tasks WHERE task_name = 'maintain archive' ORDER BY id DESC LIMIT 1;
SELECT asset_id, count(*) FROM price_data_archive GROUP BY 1 ORDER BY 1;
DROP TRIGGER not_one ON price_data_archive;
DROP FUNCTION not_one();
-- what has failed is due again at once; by then one minute more is old
CALL maintain('2024-01-03 00:01+00');
SELECT status, result_data, error_message FROM background_tasks WHERE task_name = 'maintain archive' ORDER BY id DESC LIMIT 1;
SELECT asset_id, count(*) FROM price_data_archive GROUP BY 1 ORDER BY 1;

-- a run whose session has gone is marked
INSERT INTO background_tasks (task_name, task_type, status, task_params, started_at)
VALUES ('maintain roll_up 5m', 'data_sync', 'running', '{"pid": 0}', '2024-01-03 00:01+00');
CALL maintain('2024-01-03 00:02+00');
SELECT status, error_message FROM background_tasks WHERE task_params @> '{"pid": 0}';

-- what is refused
CALL maintain(NULL);
CALL maintain('infinity');
CALL maintain('-infinity');
CALL maintain('9999-01-01 00:00+00');
BEGIN;
CALL maintain();
ROLLBACK;
SET default_transaction_isolation = 'repeatable read';
CALL maintain();
RESET default_transaction_isolation;

DELETE FROM background_tasks;
DELETE FROM system_health;
DELETE FROM price_data;
DELETE FROM price_data_archive;
DELETE FROM assets;
