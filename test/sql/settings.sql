-- All settings: what a fresh session knows, what is refused, and what an invalid value stops.
\set VERBOSITY terse
\pset null NULL
SET intervalstyle = 'postgres';

-- Names, defaults, and who may set them; docs/guide/operations.md has the same table.
LOAD 'cryptoanalytics';
SELECT s.name, s.boot_val, CASE s.context WHEN 'user' THEN 'all' ELSE s.context END AS set_by
FROM pg_settings AS s
WHERE s.name LIKE 'cryptoanalytics.%'
ORDER BY s.name COLLATE "C";

--
-- a fresh session has not loaded the library: a switch means the same in every spelling
--
\c -
SET cryptoanalytics.compress_archive = true;
SELECT cryptoanalytics_internal.ca_archive_target();
\c -
SET cryptoanalytics.compress_archive = 1;
SELECT cryptoanalytics_internal.ca_archive_target();
\c -
SET cryptoanalytics.compress_archive = 'OFF';
SELECT cryptoanalytics_internal.ca_archive_target();
\c -
SELECT cryptoanalytics_internal.ca_archive_target();

--
-- durations have a unit: 36 h are a day and a half, 2 w are 14 days; 0 means for ever, with or without a unit
--
CREATE FUNCTION pg_temp.kept(setting text) RETURNS interval
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cryptoanalytics.keep_api_logs', setting, false);
    RETURN cryptoanalytics_internal.ca_keep_api_logs();
END;
$$;
SELECT quote_literal(v.value) AS setting, pg_temp.kept(v.value)
FROM (VALUES (1, '36h'), (2, '2w'), (3, '90 min'), (4, ' 1d '), (5, '1500ms'), (6, '0'), (7, '0d'), (8, '100000d')) AS v (place, value)
ORDER BY v.place;

\set VERBOSITY default
SET cryptoanalytics.keep_api_logs = 90;
\set VERBOSITY terse
CREATE FUNCTION pg_temp.refusal(name text, setting text, OUT state text, OUT detail text)
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('cryptoanalytics.' || name, setting, false);
    detail := 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, detail = PG_EXCEPTION_DETAIL;
END;
$$;
SELECT s.name, quote_literal(s.setting) AS setting, r.state, r.detail
FROM (VALUES
    (1, 'keep_api_logs', ''), (2, 'keep_api_logs', '-1d'), (3, 'keep_api_logs', '90'), (4, 'keep_api_logs', '1.5d'),
    (5, 'keep_api_logs', '1y'), (6, 'keep_api_logs', '1m'), (7, 'keep_api_logs', '1d 2h'), (8, 'keep_api_logs', '100001d'),
    (9, 'keep_api_logs', '99999999999999999999d'), (10, 'keep_api_logs', '9223372036854775807w'), (11, 'keep_api_logs', 'd'),
    (12, 'keep_api_logs', '0y'), (20, 'keep_sessions', '30'),
    (30, 'lockout_period', '0'), (31, 'lockout_period', '59s'), (32, 'lockout_period', '30'), (33, 'lockout_period', '367d'),
    (40, 'compress_archive', 'perhaps'), (41, 'rollup', '1h,1h'), (42, 'user_id', 'me'),
    (50, 'market', 'min_assets'), (51, 'market', 'min_assets=0'), (52, 'market', 'min_assets=1.5'), (53, 'market', 'min_asets=5'),
    (54, 'market', 'min_assets=5,min_assets=5'), (55, 'market', 'current_supply=yes'), (56, 'market', 'funding_band=0.011'),
    (57, 'market', 'min_assets=5,'), (58, 'market', 'min_assets=-5'), (59, 'market', 'min_assets=5e0'), (60, 'market', '=5'),
    (61, 'halvings', '2023-02-29T00:00:00'), (62, 'halvings', '2024-04-20'), (63, 'halvings', '2024-04-20T00:09:60'),
    (64, 'halvings', '2020-05-11T19:23:43,2016-07-09T16:46:13'), (65, 'halvings', '2024-04-20T00:09:27Z'),
    (66, 'benchmark', ' '), (67, 'price_staleness', '59min'), (68, 'price_staleness', '31d'), (69, 'snapshots', '1h,1h'),
    (70, 'snapshots', '7h'),
    (71, 'regime', 'rsi_low=55'), (72, 'regime', 'drawdown_bull=0.35,drawdown_bear=0.35'), (73, 'regime', 'smoothing=61'), (74, 'regime', 'weight.rsy=1'),
    (75, 'breakout', 'expansion=keltner'), (76, 'breakout', 'timeframes=1h+7h'), (77, 'breakout', 'timeframes=1h+1h'), (78, 'breakout', 'bars=4')
) AS s (place, name, setting)
CROSS JOIN LATERAL pg_temp.refusal(s.name, s.setting) AS r
ORDER BY s.place;

-- lists of key=value: a key that is not named keeps its default
SET cryptoanalytics.market = E' min_assets = 5 ,\tfunding_band=0.0005,current_supply=off';
SELECT k.key, cryptoanalytics_internal.ca_option('market', k.key) AS value
FROM unnest('{min_assets,funding_band,current_supply,total_min_assets,altcoins_include_stablecoins}'::text[]) AS k (key);
SELECT cryptoanalytics_internal.ca_options('market');
-- a blank may stand for the T; an empty list has none
SET cryptoanalytics.halvings = '2012-11-28 15:24:38, 2016-07-09T16:46:13';
SELECT h AT TIME ZONE 'UTC' AS halving FROM unnest(cryptoanalytics_internal.ca_halvings()) AS h;
SET cryptoanalytics.halvings = '';
SELECT cardinality(cryptoanalytics_internal.ca_halvings());
SET cryptoanalytics.benchmark = ' ETH ';
SELECT cryptoanalytics_internal.ca_benchmark(), cryptoanalytics_internal.ca_price_staleness(),
       cryptoanalytics_internal.ca_snapshot_timeframes();
-- words, one or several
SET cryptoanalytics.breakout = 'timeframes = 1d+15m, expansion=bollinger';
SELECT cryptoanalytics_internal.ca_option_words('breakout', 'timeframes'), cryptoanalytics_internal.ca_option_words('breakout', 'expansion'),
       cryptoanalytics_internal.ca_option('breakout', 'expansion') AS place;
SELECT cryptoanalytics_internal.ca_options('breakout')::jsonb -> 'timeframes' AS timeframes;
RESET cryptoanalytics.breakout;
RESET cryptoanalytics.market;
RESET cryptoanalytics.halvings;
RESET cryptoanalytics.benchmark;

-- a value that was stored when nothing could check it stops what depends on it
SELECT current_database() AS database \gset
INSERT INTO assets (id, symbol, name, asset_type) OVERRIDING SYSTEM VALUE VALUES (99, 'SET', 'Set', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
VALUES (99, '1m', '2023-01-01 00:00+00', 1, 1, 1, 1, 1);
\c -
ALTER DATABASE :"database" SET cryptoanalytics.retention = '1m=10y';
ALTER DATABASE :"database" SET cryptoanalytics.keep_api_logs = '90';
ALTER DATABASE :"database" SET cryptoanalytics.keep_sessions = 'long';
ALTER DATABASE :"database" SET cryptoanalytics.compress_archive = 'maybe';
ALTER DATABASE :"database" SET cryptoanalytics.rollup = '1x';
ALTER DATABASE :"database" SET cryptoanalytics.lockout_period = '1x';
\c -
SELECT timeframe_is_valid('1m');
\set VERBOSITY default
SELECT retention_period('1m');
\set VERBOSITY terse
SELECT cryptoanalytics_internal.ca_keep_api_logs();
SELECT cryptoanalytics_internal.ca_keep_sessions();
SELECT cryptoanalytics_internal.ca_archive_target();
SELECT rollup_timeframes();
CALL archive_price_data();
SELECT count(*) FROM price_data WHERE asset_id = 99;
-- For the lockout, the default replaces it.
SELECT cryptoanalytics_internal.ca_lockout_period();
-- The steps that need these settings fail, the others are done.
SET client_min_messages = error;
CALL maintain(as_of => '2024-01-01 00:00+00');
RESET client_min_messages;
SELECT t.task_name, t.error_message
FROM background_tasks AS t
WHERE t.task_name LIKE 'maintain %' AND t.status = 'failed'
ORDER BY t.id;
-- Until the values are corrected; a session may do that for itself.
SET cryptoanalytics.retention = '1m=7d';
SELECT retention_period('1m');
-- After RESET the stored value counts again.
RESET cryptoanalytics.retention;
SELECT retention_period('1m');
-- With the library loaded, the value would have been refused.
ALTER DATABASE :"database" SET cryptoanalytics.retention = '1m=10y';
-- SET refuses it too.
SET cryptoanalytics.retention = '1m=10y';

-- Parallel workers use the values of their leader.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL parallel_setup_cost = 0;
SET LOCAL min_parallel_table_scan_size = 0;
SET LOCAL parallel_tuple_cost = 0;
SELECT count(*) >= 0 AS counted FROM price_data WHERE close_price > 0;
COMMIT;

ALTER DATABASE :"database" RESET cryptoanalytics.retention;
ALTER DATABASE :"database" RESET cryptoanalytics.keep_api_logs;
ALTER DATABASE :"database" RESET cryptoanalytics.keep_sessions;
ALTER DATABASE :"database" RESET cryptoanalytics.compress_archive;
ALTER DATABASE :"database" RESET cryptoanalytics.rollup;
ALTER DATABASE :"database" RESET cryptoanalytics.lockout_period;
DELETE FROM background_tasks;
DELETE FROM maintenance_runs;
DELETE FROM price_data WHERE asset_id = 99;
DELETE FROM assets WHERE id = 99;

-- If each session loads the library at its start, all settings are known and checked at once.
\c -
ALTER DATABASE :"database" SET session_preload_libraries = 'cryptoanalytics';
\c -
SHOW cryptoanalytics.retention;
SELECT count(*) FROM pg_settings WHERE name LIKE 'cryptoanalytics.%';
ALTER DATABASE :"database" SET cryptoanalytics.retention = '1m=10y';
SET cryptoanalytics.compress_archive = true;
SELECT cryptoanalytics_internal.ca_archive_target();
ALTER DATABASE :"database" RESET session_preload_libraries;
