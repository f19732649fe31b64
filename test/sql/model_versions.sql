-- The deployed version, the last prediction, scheduled evaluations, history and drift.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
BEGIN;
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'MV', 'Model versions', 'crypto');
INSERT INTO ai_models (id, name, version, model_type, status, is_active)
VALUES (1, 'oracle', 'v1', 'asset', 'active', true), (2, 'oracle', 'v2', 'asset', 'active', false),
       (3, 'oracle', 'v3', 'asset', 'training', false), (4, 'oracle', 't1', 'timing', 'active', true),
       (5, 'other', 'v1', 'asset', 'active', true);
CREATE TEMP VIEW versions AS SELECT id, status, is_active FROM ai_models ORDER BY id;

-- The second version replaces the first; models of another type or name are not affected.
SELECT activate_model(2);
TABLE versions;
-- A second call has nothing to replace.
SELECT activate_model(2);
TABLE versions;
-- And back; a version in error keeps its status when it is replaced.
UPDATE ai_models SET status = 'error' WHERE id = 2;
SELECT activate_model(1);
TABLE versions;
\set ON_ERROR_ROLLBACK on
SELECT activate_model(3);
SELECT activate_model(NULL);
SELECT activate_model(99);
\set ON_ERROR_ROLLBACK off

-- The newest prediction of a statement counts, and only forward; an infinite time does not count.
CREATE TEMP VIEW touched AS SELECT id, last_prediction FROM ai_models WHERE last_prediction IS NOT NULL ORDER BY id;
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, created_at)
VALUES (1, 1, 'price', '2024-01-01 12:00'), (1, 1, 'price', '2024-01-01 13:00'), (1, 2, 'price', '2024-01-01 11:00');
TABLE touched;
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, created_at)
VALUES (1, 1, 'price', '2024-01-01 12:30'), (1, 2, 'price', '2024-01-01 11:30'), (1, 4, 'price', 'infinity');
TABLE touched;
COPY predictions (asset_id, ai_models_id, prediction_type, created_at) FROM stdin;
1	2	price	2024-01-01 11:45
\.
TABLE touched;
-- A restore by pg_restore does not count; other statements with an empty search_path do.
SELECT set_config('search_path', '', true);
COPY public.predictions (asset_id, ai_models_id, prediction_type, created_at) FROM stdin;
1	1	price	2024-01-02 00:00
1	5	price	2024-01-02 00:00
\.
SELECT id, last_prediction FROM public.ai_models WHERE last_prediction IS NOT NULL ORDER BY id;
INSERT INTO public.predictions (asset_id, ai_models_id, prediction_type, created_at) VALUES (1, 2, 'price', '2024-01-01 12:00');
SELECT id, last_prediction FROM public.ai_models WHERE last_prediction IS NOT NULL ORDER BY id;
SELECT set_config('search_path', '"$user", public', true);
-- A role that may insert predictions but not change models can still insert them.
CREATE ROLE regress_predictor;
GRANT SELECT, INSERT ON predictions TO regress_predictor;
GRANT SELECT ON ai_models TO regress_predictor;
SET LOCAL ROLE regress_predictor;
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, created_at) VALUES (1000, 1, 5, 'price', '2024-01-03 00:00');
RESET ROLE;
TABLE touched;

-- Errors of 10, 10 and 20 percent in the first week, of 20 and 30 percent in the last: means of 13.3 and 25 percent.
-- The second model has one prediction in the first week only, and one
-- with an infinite time; the fifth has none.
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, actual_price, is_realized, is_accurate,
                         target_datetime, created_at)
SELECT 1, m, 'price', predicted, 100, true, abs(predicted - 100) <= 10, target::timestamptz, '2023-12-01'
FROM (VALUES (1, 110, '2024-01-01 00:00'), (1, 90, '2024-01-03 00:00'), (1, 120, '2024-01-07 23:59'),
             (1, 500, '2024-01-08 00:00'), (1, 80, '2024-01-24 00:00'), (1, 130, '2024-01-30 00:00'),
             (1, 900, '2024-01-31 00:00'), (2, 104, '2024-01-02 00:00'), (2, 200, '-infinity')) AS v (m, predicted, target);
-- Evaluating corrects last_prediction: the copied predictions of models 1 and 5 are from the 2nd and 3rd.
SELECT evaluate_models(as_of => '2024-01-31');
TABLE touched;
-- At that time six predictions of the first and two of the second model were scored: accuracy 2/6 and 1/1; the one
-- with the infinite time was made after its target.
SELECT model_id, metric_value, evaluated_predictions_count FROM model_performance
WHERE evaluation_metric = 'accuracy' ORDER BY model_id;
-- The models were just evaluated, so nothing is due for a day, or for two. Then the seventh counts too: 2/7, beside
-- the earlier evaluation.
SELECT evaluate_models(as_of => '2024-01-31 23:59:59.999999');
SELECT evaluate_models('2 days', '2024-02-01 23:59:59.999999');
SELECT evaluate_models('2 days', '2024-02-02');
SELECT model_id, metric_value, evaluated_predictions_count, evaluation_date FROM model_performance
WHERE evaluation_metric = 'accuracy' ORDER BY model_id, evaluation_date;

-- 0.25 / (0.4 / 3) - 1 = 0.875. Two of three are accurate at first and none lately: 1 / (1/3) - 1 = 2.
SELECT model_id, deployed_at, deployment_predictions AS n, round(deployment_error::numeric, 6) AS error,
       recent_predictions AS recent_n, round(recent_error::numeric, 6) AS recent_error, round(drift::numeric, 6) AS drift
FROM model_drift(as_of => '2024-01-31');
SELECT model_id, round(deployment_error::numeric, 6) AS error, round(recent_error::numeric, 6) AS recent_error,
       round(drift::numeric, 6) AS drift
FROM model_drift('miss_rate', as_of => '2024-01-31') WHERE model_id <= 2;
-- The first and the last 16 days overlap.
SELECT model_id, deployment_predictions AS n, recent_predictions AS recent_n, drift
FROM model_drift('mae', '16 days', '2024-01-31') WHERE model_id = 1;

-- Each evaluation with the one before it.
DELETE FROM model_performance;
INSERT INTO model_performance (model_id, evaluation_metric, metric_value, evaluated_predictions_count, evaluation_date)
VALUES (1, 'mae', 4, 10, '2024-01-01'), (1, 'mae', 5, 20, '2024-01-02'), (1, 'mae', NULL, 20, '2024-01-03'),
       (1, 'mae', 7, 30, '2024-01-04'), (2, 'mae', 1, 1, '2024-01-02');
SELECT model_id, evaluation_date, metric_value, previous_value, change, change_since_first
FROM model_performance_history ORDER BY model_id, evaluation_date;

-- What is refused.
\set ON_ERROR_ROLLBACK on
SELECT evaluate_models(NULL);
SELECT evaluate_models('-1 day');
SELECT evaluate_models('1 day', NULL);
SELECT evaluate_models('1 day', 'infinity');
SELECT * FROM model_drift('r2');
SELECT * FROM model_drift('mae', '0 days');
SELECT * FROM model_drift('mae', '1 day', NULL);
ROLLBACK;
