-- The state of the system, computed from facts.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
BEGIN;
DELETE FROM background_tasks;
DELETE FROM maintenance_runs;
-- Without facts the parts are unknown. Rows are counted by statistics, which a test cannot predict.
SELECT record_system_health('2024-01-01 12:30') IS NOT NULL AS recorded;
SELECT (performance_metrics -> 'score_parts') - 'rows'::text AS parts, data_pipeline_status, api_status, ml_models_status, error_logs
FROM system_health;
-- The weighted mean of the known parts: 100 * (3 * 0.5 + 2 * 1) / 5 = 70.
SELECT cryptoanalytics_internal.ca_health_score('{"candles": 0.5, "api": 1, "tasks": null}'), cryptoanalytics_internal.ca_health_score('{"tasks": null}'), cryptoanalytics_internal.ca_health_score('{}');

INSERT INTO assets (id, symbol, name, asset_type, is_active)
VALUES (1, 'FRESH', 'Fresh', 'crypto', true), (2, 'LATE', 'Late', 'crypto', true), (3, 'GONE', 'Gone', 'crypto', false);
-- At 12:30 the hours until 11:00 had closed. FRESH has 10:00, which closed 5400 s ago, and lacks one; LATE has 08:00,
-- which closed 12600 s ago, and lacks three. The hour of 12:00 is still open.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (1, '1h', '2024-01-01 10:00', 1, 1, 1, 1), (1, '1h', '2024-01-01 12:00', 1, 1, 1, 1),
       (1, '1d', '2023-12-31 00:00', 1, 1, 1, 1), (2, '1h', '2024-01-01 08:00', 1, 1, 1, 1),
       (3, '1h', '2023-01-01 08:00', 1, 1, 1, 1);
-- Three tasks ended within the last day, and one of them failed; one ended earlier; one has waited for 1800 s.
INSERT INTO background_tasks (id, task_name, task_type, status, started_at, completed_at, execution_time_seconds, error_message, created_at)
VALUES (1, 'a', 'cleanup', 'completed', '2024-01-01 10:00', '2024-01-01 10:01', 60, NULL, '2024-01-01'),
       (2, 'b', 'cleanup', 'completed', '2024-01-01 10:00', '2024-01-01 10:00:30', 30, NULL, '2024-01-01'),
       (3, 'c', 'cleanup', 'failed', '2024-01-01 10:00', '2024-01-01 10:00:03', 3, 'no disk', '2024-01-01'),
       (4, 'd', 'cleanup', 'failed', '2023-12-31 10:00', '2023-12-31 12:30', 9000, 'old', '2023-12-31'),
       (5, 'e', 'cleanup', 'pending', NULL, NULL, NULL, NULL, '2024-01-01 12:00');
-- The steps of maintain() are counted separately.
INSERT INTO background_tasks (id, task_name, task_type, status, started_at, completed_at)
VALUES (6, 'maintain x', 'cleanup', 'failed', '2023-12-31 10:00', '2023-12-31 12:31'),
       (7, 'maintain y', 'cleanup', 'running', '2024-01-01', NULL);
INSERT INTO maintenance_runs (step, status) VALUES ('one', 'completed'), ('two', 'failed'), ('three', 'failed'), ('four', 'running');
-- One call in five of the last hour fails; an earlier one does not count.
INSERT INTO external_api_logs (id, api_provider, endpoint, http_method, response_status, response_time_ms, created_at)
VALUES (1, 'binance', '/k', 'GET', 200, 10, '2024-01-01 12:00'), (2, 'binance', '/k', 'GET', 200, 20, '2024-01-01 12:01'),
       (3, 'binance', '/k', 'GET', 200, 30, '2024-01-01 12:02'), (4, 'coingecko', '/c', 'GET', 503, 40, '2024-01-01 12:30'),
       (5, 'coingecko', '/c', 'GET', 200, 50, '2024-01-01 11:31'), (6, 'coingecko', '/c', 'GET', 500, 60, '2024-01-01 11:30');
-- One prediction has been overdue for 2 hours; one became due half an hour ago; three were scored.
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'm', 'v1', 'asset');
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, target_datetime, is_realized, evaluated_at, created_at)
VALUES (1, 1, 'price', '2024-01-01 10:30', false, NULL, '2024-01-01'), (1, 1, 'price', '2024-01-01 12:00', false, NULL, '2024-01-01'),
       (1, 1, 'price', '2024-01-01', true, '2024-01-01 01:00', '2023-12-31'), (1, 1, 'price', '2024-01-01', true, '2024-01-01 02:00', '2023-12-31'),
       (1, 1, 'price', '2024-01-01', true, '2024-01-01 03:00', '2023-12-31'), (1, 1, 'price', '2023-01-01', true, '2023-01-01 03:00', '2022-12-31');
DELETE FROM system_health;
SELECT record_system_health('2024-01-01 12:30') IS NOT NULL AS recorded;
SELECT check_time, jsonb_pretty(data_pipeline_status) AS data_pipeline_status FROM system_health;
SELECT jsonb_pretty(api_status) AS api_status, jsonb_pretty(ml_models_status) AS ml_models_status, jsonb_pretty(error_logs) AS error_logs
FROM system_health;
-- 2 of 3 series, 3 of 4 predictions, 2 of 3 tasks, 4 of 5 calls
SELECT jsonb_pretty((performance_metrics -> 'score_parts') - 'rows'::text) AS parts FROM system_health;
-- (3 * 2/3 + 2 * 3/4 + 2 * 2/3 + 2 * 4/5) / 9 = 71.48, and the rows if they are known.
SELECT round(cryptoanalytics_internal.ca_health_score((performance_metrics -> 'score_parts') - 'rows'::text), 2) AS without_rows,
       overall_health_score = round((3 * 0.666667 + 2 * 0.75 + 2 * 0.666667 + 2 * 0.8 + coalesce(r.good, 0))
                                    / (9 + (r.good IS NOT NULL)::integer) * 100, 2) AS with_rows
FROM system_health, LATERAL (SELECT (performance_metrics -> 'score_parts' ->> 'rows')::numeric AS good) AS r;
-- What is certain about the database.
SELECT (database_status ->> 'database_bytes')::bigint > (database_status ->> 'table_bytes')::bigint AS larger,
       (database_status ->> 'index_bytes')::bigint > 0 AS indexes, (database_status ->> 'connections')::integer >= 1 AS connected,
       (SELECT count(*) FROM jsonb_object_keys(database_status -> 'tables')) AS tables
FROM system_health;

-- What is refused.
\set ON_ERROR_ROLLBACK on
SELECT record_system_health(NULL);
SELECT record_system_health('-infinity');
ROLLBACK;
