-- Evaluations over ranges, of models that diverge, and which evaluation the leaderboard shows.
BEGIN;
SELECT plan(28);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'America/New_York';
SET LOCAL client_min_messages = error;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'EVA', 'Evaluated', 'crypto');
INSERT INTO ai_models (id, name, version, model_type) SELECT i, 'm' || i, 'v1', 'asset' FROM generate_series(1, 9) AS i;

-- One prediction per day at noon of 2024; the error is the number of the month, the price 100.
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, actual_price, is_realized, is_accurate,
                         confidence_score, created_at, target_datetime)
SELECT 1, 1, 'price', 100 + extract(month FROM d), 100, true, true, 0.5, d - interval '1 hour', d
FROM generate_series(timestamp '2024-01-01 12:00', '2024-12-31 12:00', '1 day') AS u (local)
CROSS JOIN LATERAL (SELECT u.local AT TIME ZONE 'UTC' AS d) AS x;

-- Twelve months in one statement.
CREATE TEMP TABLE months AS
SELECT m AS number, make_timestamptz(2024, m, 1, 0, 0, 0, 'UTC') AS since,
       make_timestamptz(2024 + m / 12, m % 12 + 1, 1, 0, 0, 0, 'UTC') AS until
FROM generate_series(1, 12) AS m;
SELECT is((SELECT count(*) FROM months AS m CROSS JOIN LATERAL evaluate_model(1, m.since, m.until) AS e WHERE e.evaluation_metric = 'mae'),
          12::bigint, 'each month is evaluated');
SELECT results_eq($$SELECT (evaluation_data_range ->> 'since')::timestamptz, metric_value FROM model_performance
                    WHERE model_id = 1 AND evaluation_metric = 'mae' ORDER BY 1$$,
                  'SELECT since, number::numeric FROM months ORDER BY 1', 'and each month keeps its own mean error');
SELECT is((SELECT count(DISTINCT evaluated_predictions_count) FROM model_performance
           WHERE model_id = 1 AND evaluation_data_range ->> 'since' = '2024-02-01T00:00:00+00:00'), 1::bigint,
          'the metrics of a range are of one evaluation');
SELECT is((SELECT max(evaluated_predictions_count) FROM model_performance
           WHERE model_id = 1 AND evaluation_data_range ->> 'since' = '2024-02-01T00:00:00+00:00'), 29, 'February of 2024 has 29 days');

-- A session in another time zone writes the same range.
SET LOCAL timezone = 'Asia/Kolkata';
SELECT lives_ok('SELECT evaluate_model(1, since, until) FROM months', 'the months are evaluated again');
SELECT is((SELECT count(*) FROM model_performance WHERE model_id = 1 AND evaluation_metric = 'mae'), 12::bigint,
          'what is evaluated again, in any time zone, is overwritten');
SELECT is((SELECT performance_metrics ->> 'until' FROM ai_models WHERE id = 1), '2025-01-01T00:00:00+00:00',
          'the summary says what was evaluated');
-- 366 days: the mean of the numbers of the months, weighted by their days.
SELECT is((SELECT round(metric_value, 9) FROM evaluate_model(1) WHERE evaluation_metric = 'mae'),
          (SELECT round(avg(extract(month FROM d)), 9) FROM generate_series(timestamp '2024-01-01', '2024-12-31', '1 day') AS d),
          'the whole year is one more evaluation');
SELECT is((SELECT round(mae, 9) FROM model_leaderboard WHERE model_id = 1),
          (SELECT round(avg(extract(month FROM d)), 9) FROM generate_series(timestamp '2024-01-01', '2024-12-31', '1 day') AS d),
          'the leaderboard takes the range that ends last, and is longest');
SELECT results_eq($$SELECT change FROM model_performance_history WHERE model_id = 1 AND evaluation_metric = 'mae'
                    AND evaluation_data_range ->> 'since' IS NOT NULL ORDER BY evaluation_data_range ->> 'since'$$,
                  $$SELECT CASE WHEN number > 1 THEN 1::numeric END FROM months ORDER BY number$$,
                  'the history compares a month with the month before');
SELECT is((SELECT change FROM model_performance_history WHERE model_id = 1 AND evaluation_metric = 'mae'
           AND evaluation_data_range ->> 'since' IS NULL), NULL, 'and the whole with no month');

-- A metric that is no longer defined is not left from an earlier evaluation.
UPDATE predictions SET is_accurate = NULL WHERE ai_models_id = 1;
SELECT lives_ok('SELECT evaluate_model(1)', 'the year is evaluated without verdicts');
SELECT is((SELECT metric_value FROM model_performance WHERE model_id = 1 AND evaluation_metric = 'accuracy'
           AND evaluation_data_range ->> 'since' IS NULL), NULL, 'the accuracy of before is gone');

-- A stale metric of another evaluation does not count beside a new one.
INSERT INTO model_performance (model_id, evaluation_metric, metric_value, evaluated_predictions_count, evaluation_date, evaluation_data_range)
VALUES (2, 'mape', 0.0001, 900, '2024-01-01', '{"since": null, "until": "2023-12-01T00:00:00+00:00"}'),
       (2, 'mae', 77, 10, '2024-01-02', '{"since": null, "until": "2024-01-02T00:00:00+00:00"}'),
       -- of one date, the range that ends last
       (3, 'mae', 1, 10, '2024-01-02', '{"since": "2024-01-01T00:00:00+00:00", "until": "2024-02-01T00:00:00+00:00"}'),
       (3, 'mape', 0.0001, 10, '2024-01-02', '{"since": "2024-01-01T00:00:00+00:00", "until": "2024-02-01T00:00:00+00:00"}'),
       (3, 'mae', 3, 11, '2024-01-02', '{"since": "2024-03-01T00:00:00+00:00", "until": "2024-04-01T00:00:00+00:00"}');
SELECT results_eq('SELECT model_id, predictions, mae, mape FROM model_leaderboard WHERE model_id IN (2, 3) ORDER BY 1',
                  'VALUES (2, 10, 77::numeric, NULL::numeric), (3, 11, 3, NULL)', 'a metric that the latest evaluation lacks is not known');
SELECT ok((SELECT min(rank) FROM model_leaderboard WHERE model_id IN (2, 3)) > (SELECT rank FROM model_leaderboard WHERE model_id = 1),
          'and gives no place');
DELETE FROM model_performance;

-- Models that diverge, beside others: 4 by 1e155, whose square is beyond double precision; 5 by 1e309, which itself is;
-- 6 has a confidence of 1e-400; 7 predicted from 1e-400; 8 is an ordinary model whose actual price is 1e309.
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, actual_price, input_price, is_realized, is_accurate,
                         confidence_score, prediction_horizon, created_at)
SELECT 1, m, 'price', p, a, i, true, false, c, 1, '2024-01-01 UTC'
FROM (VALUES (4, 1e155, 100, 90, 0.5), (4, 101, 100, 90, 0.5), (5, 1e309, 100, 90, 0.5), (5, 101, 100, 90, 0.5),
             (6, 101, 100, 90, 1e-400), (7, 101, 100, 1e-400, 0.5), (8, 101, 1e309, 90, 0.5), (9, 102, 100, 90, 0.5)) AS v (m, p, a, i, c);
SELECT is(evaluate_models(as_of => '2024-06-01'), 7::bigint, 'all models are evaluated');
SELECT results_eq($$SELECT model_id, evaluation_metric, round(metric_value, 3) FROM model_performance
                    WHERE evaluation_metric IN ('mae', 'mse', 'rmse', 'mape') AND model_id > 3 ORDER BY model_id, evaluation_metric COLLATE "C"$$,
                  -- 4: the mean of 1e155 - 100 and 1, and of 1e153 - 1 and 0.01, as doubles
                  $$VALUES (4, 'mae'::varchar, round((1e155::double precision / 2)::text::numeric, 3)),
                           (4, 'mape', round((1e153::double precision / 2)::text::numeric, 3)),
                           (6, 'mae', 1.000), (6, 'mape', 0.010), (6, 'mse', 1.000), (6, 'rmse', 1.000),
                           (7, 'mae', 1.000), (7, 'mape', 0.010), (7, 'mse', 1.000), (7, 'rmse', 1.000),
                           (9, 'mae', 2.000), (9, 'mape', 0.020), (9, 'mse', 4.000), (9, 'rmse', 2.000)$$,
                  'squares are unknown where they overflow, and every error where a price does');
SELECT is((SELECT count(*) FROM model_performance WHERE model_id = 5 AND evaluation_metric = 'accuracy'), 1::bigint,
          'what does not depend on the price is known');
SELECT is((SELECT metric_value FROM model_performance WHERE model_id = 6 AND evaluation_metric = 'brier_score'), 0::numeric,
          'a confidence of 1e-400 is none');
SELECT is((SELECT count(*) FROM model_performance WHERE model_id = 7 AND evaluation_metric = 'sharpe_ratio'), 0::bigint,
          'a price of 1e-400 gives no return');
SELECT lives_ok(format('SELECT * FROM model_drift(%L, %L, %L)', m, '1 day', '2024-06-01'), format('drift by %s is computed beside models that diverge', m))
FROM unnest(ARRAY['mape', 'rmse', 'miss_rate']) AS m;
SELECT is((SELECT count(deployment_error) FROM model_drift('rmse', '1 day', '2024-06-01') WHERE model_id IN (4, 5)), 0::bigint,
          'and theirs is not known');

-- An unforeseen error affects only its model: here a table that refuses a value of one.
DELETE FROM model_performance;
ALTER TABLE model_performance ADD CONSTRAINT model_performance_odd_check CHECK (model_id <> 6);
SELECT is(evaluate_models(as_of => '2024-06-01'), 6::bigint, 'a model that fails is left out');
SELECT ok((SELECT health_status ->> 'evaluation_error' LIKE '23514: %' FROM ai_models WHERE id = 6), 'it is noted');
ALTER TABLE model_performance DROP CONSTRAINT model_performance_odd_check;
SELECT is(evaluate_models(as_of => '2024-06-01'), 1::bigint, 'it is evaluated when that is possible');
SELECT is((SELECT count(*) FROM ai_models WHERE health_status ? 'evaluation_error'), 0::bigint, 'and the note goes');
SELECT * FROM finish();
ROLLBACK;
