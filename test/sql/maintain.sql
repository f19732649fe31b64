-- maintain(): its steps, what they write, and how they fail.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
-- on a slow machine, NOTICEs would report progress
SET client_min_messages = warning;

-- Settings: the finest timeframe comes first, whatever the order; an empty list rolls nothing up.
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
SELECT cryptoanalytics_internal.ca_keep_sessions(), cryptoanalytics_internal.ca_keep_api_logs();
SET cryptoanalytics.keep_sessions = '36h';
SET cryptoanalytics.keep_api_logs = 0;
SELECT cryptoanalytics_internal.ca_keep_sessions(), cryptoanalytics_internal.ca_keep_api_logs();
-- Since PostgreSQL 17 the message lists the units.
\set VERBOSITY sqlstate
SET cryptoanalytics.keep_sessions = -1;
\set VERBOSITY default
RESET cryptoanalytics.keep_sessions;
RESET cryptoanalytics.keep_api_logs;

-- Each timeframe is a step.
SET cryptoanalytics.rollup = '5m,1h';
SELECT step, task_type, every, assets IS NOT NULL AS by_asset, batch FROM maintenance_steps() ORDER BY place;

-- Two hours of minutes of one asset, and twenty minutes of another, whose feed stopped at 00:20.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'ONE', 'One', 'crypto'), (2, 'TWO', 'Two', 'crypto');
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT a, '1m', i, i + 2, i - 2, i + 1, 10, timestamptz '2024-01-01 00:00+00' + i * interval '1 minute'
FROM generate_series(1, 2) AS a, generate_series(0, CASE a WHEN 1 THEN 119 ELSE 19 END) AS i;

-- As of 01:59 the first asset's hour 00 is complete; the second asset's counts only an hour after its end, from 02:00.
-- 119 minutes make 23 candles of 5m, 20 make 4.
CALL maintain('2024-01-01 01:59+00');
SELECT asset_id, timeframe, count(*), max(candle_time) FROM price_data GROUP BY 1, 2 ORDER BY 1, 2;
-- Hour 00 of the first asset: minutes 0 to 59, so from 0 to 60, and 59 + 2 and 0 - 2.
SELECT open_price, high_price, low_price, close_price, volume FROM price_data WHERE timeframe = '1h';
-- Every closed candle gets indicators: 140 + 27 + 1.
SELECT r.step, r.status, CASE WHEN r.step ~ 'roll_up|indicators|archive|p(ur|run)[eg]' THEN r.rows END AS rows, r.error_message,
       r.completed_at >= r.started_at AND r.execution_time_seconds >= 0 AS timed
FROM maintenance_runs AS r ORDER BY r.started_at;
-- Successful steps make no row in background_tasks.
SELECT count(*) FROM background_tasks WHERE task_name LIKE 'maintain %';

-- At 02:00 there is one more candle of 5m, another hour, and the hour of the feed that stopped; daily steps have been
-- done.
CALL maintain('2024-01-01 02:00+00');
SELECT asset_id, timeframe, count(*), max(candle_time) FROM price_data GROUP BY 1, 2 ORDER BY 1, 2;
SELECT r.step, r.status, CASE WHEN r.step ~ 'roll_up|indicators|archive|p(ur|run)[eg]' THEN r.rows END AS rows, r.runs
FROM maintenance_runs AS r WHERE r.as_of = '2024-01-01 02:00+00' ORDER BY r.started_at;
-- A second call does nothing.
SELECT clock_timestamp() AS begun \gset
CALL maintain('2024-01-01 02:00+00');
SELECT count(*) > 0 AS ran, sum(rows) AS rows FROM maintenance_runs WHERE started_at >= :'begun';

-- The next day includes what came late: a minute of hour 00 with a lower low.
UPDATE price_data SET low_price = -5 WHERE asset_id = 1 AND timeframe = '1m' AND candle_time = '2024-01-01 00:30+00';
CALL maintain('2024-01-02 00:00+00');
SELECT timeframe, candle_time, low_price FROM price_data WHERE asset_id = 1 AND low_price = -5 ORDER BY 1, 2;

-- A step that fails is undone alone, recorded and counted.
CREATE FUNCTION no_hours() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'no hours today' USING ERRCODE = 'XY001', DETAIL = 'A test.';
END $$;
CREATE TRIGGER no_hours BEFORE INSERT ON price_data FOR EACH ROW WHEN (NEW.timeframe = '1h') EXECUTE FUNCTION no_hours();
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT 1, '1m', 1, 1, 1, 1, 10, timestamptz '2024-01-02 00:00+00' + i * interval '1 minute' FROM generate_series(0, 59) AS i;
CALL maintain('2024-01-02 01:00+00');
SELECT task_name, status, result_data, error_message
FROM background_tasks WHERE task_name ~ '^maintain roll_up [0-9]' ORDER BY id;
-- Failures of the same kind share one row.
CALL maintain('2024-01-02 01:00+00');
SELECT task_name, status, result_data -> 'runs' AS runs, error_message FROM background_tasks WHERE task_name LIKE 'maintain %';
SELECT step, status, errors, error_state, error_message, error_detail, failed_runs, completed_as_of
FROM maintenance_runs WHERE step ~ '^roll_up [0-9]' ORDER BY step;
SELECT timeframe, count(*) FROM price_data WHERE candle_time >= '2024-01-02' GROUP BY 1 ORDER BY 1;
DROP TRIGGER no_hours ON price_data;
DROP FUNCTION no_hours();
CALL maintain('2024-01-02 01:01+00');
SELECT timeframe, count(*) FROM price_data WHERE candle_time >= '2024-01-02' GROUP BY 1 ORDER BY 1;

-- An error of one asset makes the step fail, but the other assets are done.
CREATE FUNCTION not_one() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'not this one'; END $$;
CREATE TRIGGER not_one BEFORE INSERT ON price_data_archive FOR EACH ROW WHEN (NEW.asset_id = 1) EXECUTE FUNCTION not_one();
SET cryptoanalytics.retention = '1m=1d';
-- The day before 2024-01-03 stays: 120 minutes of the first asset are older, 20 of the second.
CALL maintain('2024-01-03 00:00+00');
SELECT status, result_data, error_message FROM background_tasks WHERE task_name = 'maintain archive' ORDER BY id DESC LIMIT 1;
SELECT asset_id, count(*) FROM price_data_archive GROUP BY 1 ORDER BY 1;
DROP TRIGGER not_one ON price_data_archive;
DROP FUNCTION not_one();
-- A failed step is due again immediately; by then one more minute is old enough.
CALL maintain('2024-01-03 00:01+00');
SELECT status, rows, error_message FROM maintenance_runs WHERE step = 'archive';
SELECT asset_id, count(*) FROM price_data_archive GROUP BY 1 ORDER BY 1;

-- A run whose session is gone is marked as failed, and its step comes last.
UPDATE maintenance_runs SET status = 'running', pid = 0 WHERE step = 'roll_up 5m';
SELECT step FROM unnest(cryptoanalytics_internal.ca_maintenance_order()) WITH ORDINALITY AS o (step, place) ORDER BY place DESC LIMIT 1;
CALL maintain('2024-01-03 00:02+00');
SELECT status, error_message FROM background_tasks WHERE task_params @> '{"pid": 0}';
SELECT status, cut_off FROM maintenance_runs WHERE step = 'roll_up 5m';

-- A step that needs longer than statement_timeout allows does not keep the others from running: the call ends in it,
-- and the next call runs it last.
CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$;
CREATE TRIGGER slowly BEFORE INSERT ON price_data FOR EACH ROW WHEN (NEW.timeframe = '5m') EXECUTE FUNCTION slowly();
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT 1, '1m', 1, 1, 1, 1, 10, timestamptz '2024-01-03 00:00+00' + i * interval '1 minute' FROM generate_series(0, 59) AS i;
UPDATE maintenance_runs SET rows = -1;
\set VERBOSITY terse
SET statement_timeout = '1s';
CALL maintain('2024-01-03 01:00+00');
SELECT step, cut_off, rows > -1 AS done FROM maintenance_runs WHERE step IN ('roll_up 5m', 'roll_up 1h', 'refresh_assets') ORDER BY 1;
CALL maintain('2024-01-03 01:00+00');
RESET statement_timeout;
\set VERBOSITY default
SELECT step, cut_off, rows > -1 AS done FROM maintenance_runs WHERE step IN ('roll_up 5m', 'roll_up 1h', 'refresh_assets') ORDER BY 1;
DROP TRIGGER slowly ON price_data;
DROP FUNCTION slowly();
CALL maintain('2024-01-03 01:00+00');
SELECT count(*) FROM price_data WHERE timeframe = '5m' AND candle_time >= '2024-01-03';
SELECT step FROM maintenance_runs WHERE cut_off OR status <> 'completed';

-- Health checks are kept for a time: of two, 31 and 29 days old, one is deleted.
SHOW cryptoanalytics.keep_system_health;
DELETE FROM system_health;
INSERT INTO system_health (check_time) VALUES ('2023-12-05 00:00+00'), ('2023-12-07 00:00+00');
UPDATE maintenance_runs SET completed_as_of = '2024-01-01 00:00+00' WHERE step = 'prune_system_health';
CALL maintain('2024-01-05 00:00+00');
SELECT check_time FROM system_health WHERE check_time < '2024-01-01' ORDER BY 1;
SET cryptoanalytics.keep_system_health = 0;
CALL maintain('2024-02-05 00:00+00');
SELECT check_time FROM system_health WHERE check_time < '2024-01-01' ORDER BY 1;
RESET cryptoanalytics.keep_system_health;

-- What is refused.
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
DELETE FROM maintenance_runs;
DELETE FROM system_health;
DELETE FROM price_data;
DELETE FROM price_data_archive;
DELETE FROM assets;
