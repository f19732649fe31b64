-- score_predictions, unscored_predictions, evaluate_model and model_leaderboard.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';

INSERT INTO assets (id, symbol, name, asset_type)
VALUES (1, 'ONE', 'One', 'crypto'), (2, 'TWO', 'Two', 'crypto'), (3, 'NIL', 'Nothing stored', 'crypto');
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'first', '1', 'asset'), (2, 'second', '1', 'asset');

CREATE FUNCTION candle(asset integer, timeframe text, candle_time timestamptz, close numeric) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
    VALUES (asset, timeframe, close, close, close, close, candle_time);
END;

-- Predictions are made before their targets, unless noted.
ALTER TABLE predictions ALTER COLUMN created_at SET DEFAULT '2023-12-31';

CREATE VIEW score AS
    SELECT id, trim_scale(actual_price) AS actual, trim_scale(absolute_error) AS error, trim_scale(squared_error) AS squared,
           round(accuracy_percentage, 4) AS percentage, is_accurate AS accurate, is_realized AS realized,
           evaluated_at IS NOT NULL AS evaluated
    FROM predictions;

--
-- one close, many predictions: the 1m candle of 11:59 closes at 12:00 at 200
--
SELECT candle(1, '1m', '2024-01-01 11:59', 200);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, accuracy_threshold, target_datetime)
VALUES
    -- |e| = 8: 8 * 8 = 64, 100 - 100 * 8 / 200 = 96
    (1, 1, 1, 'price', 208, DEFAULT, '2024-01-01 12:00'),
    (2, 1, 1, 'price', 192, DEFAULT, '2024-01-01 12:00'),
    -- |e| = 10 is exactly 5 %, which is within the threshold; slightly more is not
    (3, 1, 1, 'price', 210, DEFAULT, '2024-01-01 12:00'),
    (4, 1, 1, 'price', 190, DEFAULT, '2024-01-01 12:00'),
    (5, 1, 1, 'price', 210.00000001, DEFAULT, '2024-01-01 12:00'),
    -- exact, with a threshold of 0
    (6, 1, 1, 'price', 200, 0, '2024-01-01 12:00'),
    -- off by more than the price itself: never below 0 %; 300 % is within a threshold of 300
    (7, 1, 1, 'price', 800, 300, '2024-01-01 12:00');
SELECT score_predictions('2024-01-01 12:00');
SELECT * FROM score ORDER BY id;

-- A prediction is scored once: a second call, even with another price, changes nothing.
UPDATE price_data SET close_price = 201, high_price = 201 WHERE asset_id = 1;
SELECT score_predictions('2024-01-01 12:00');
SELECT DISTINCT actual FROM score;
DELETE FROM predictions;
DELETE FROM price_data;

--
-- the price is 0: there is an error, but no percentages and no verdict; below 0: percent of its absolute value
--
SELECT candle(1, '1m', '2024-01-01 11:59', 0), candle(2, '1m', '2024-01-01 11:59', -40);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, target_datetime)
VALUES (1, 1, 1, 'price', 3, '2024-01-01 12:00'),
       (2, 1, 1, 'price', 0, '2024-01-01 12:00'),
       -- |e| = 2 is 5 % of 40; |e| = 3 is 7.5 %
       (3, 2, 1, 'price', -42, '2024-01-01 12:00'),
       (4, 2, 1, 'price', -37, '2024-01-01 12:00');
SELECT score_predictions('2024-01-01 12:00');
SELECT * FROM score ORDER BY id;
DELETE FROM predictions;
DELETE FROM price_data;

--
-- directions, judged by the sign of actual - input: 100 from 90 is up, from 110 down, from 100 flat
--
SELECT candle(1, '1m', '2024-01-01 11:59', 100);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_value, input_price, target_datetime)
SELECT row_number() OVER (ORDER BY i, d), 1, 1, 'trend', jsonb_build_object('direction', d), i, '2024-01-01 12:00'
FROM (VALUES (90), (100), (110)) AS input (i)
CROSS JOIN (VALUES ('down'), ('flat'), ('up')) AS direction (d);
-- A price takes precedence over a direction: 98 is within 5 %, although "up" from 110 did not come true.
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, predicted_value, input_price, target_datetime)
VALUES (10, 1, 1, 'price', 98, '{"direction": "up"}', 110, '2024-01-01 12:00');
SELECT score_predictions('2024-01-01 12:00');
SELECT p.input_price, p.predicted_value ->> 'direction' AS direction, s.*
FROM score AS s JOIN predictions AS p USING (id) ORDER BY id;
DELETE FROM predictions;
DELETE FROM price_data;

--
-- which close: the last one at or before the target, never a later one
--

-- 1m candles that close at 12:00, 12:01 and 12:02; a 1h candle that closes at 12:00 and one at 13:00
SELECT candle(1, '1m', '2024-01-01 11:59', 1159), candle(1, '1m', '2024-01-01 12:00', 1200),
       candle(1, '1m', '2024-01-01 12:01', 1201),
       candle(1, '1h', '2024-01-01 11:00', 11), candle(1, '1h', '2024-01-01 12:00', 12);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, target_datetime)
VALUES
    -- at the end of a candle, and a microsecond before it
    (1, 1, 1, 'price', 1, '2024-01-01 12:01'),
    (2, 1, 1, 'price', 1, '2024-01-01 12:00:59.999999'),
    -- an hour after the last 1m candle its close is still fresh, and finer than the 1h candle that closed at 13:00
    (3, 1, 1, 'price', 1, '2024-01-01 13:02'),
    -- a microsecond later it is not fresh
    (4, 1, 1, 'price', 1, '2024-01-01 13:02:00.000001'),
    -- before the first candle closed
    (5, 1, 1, 'price', 1, '2024-01-01 11:59:59');
DELETE FROM price_data WHERE timeframe = '1h' AND close_price = 12;
SELECT score_predictions('2024-01-02');
SELECT id, actual FROM score ORDER BY id;

-- The 1h candle of 12:00 ended at 13:00: where the 1m candles are stale, it has the price.
SELECT candle(1, '1h', '2024-01-01 12:00', 12);
SELECT score_predictions('2024-01-02');
SELECT id, actual FROM score ORDER BY id;
DELETE FROM predictions;
DELETE FROM price_data;

-- Staleness can be chosen: 0 requires a close exactly at the target.
SELECT candle(1, '1m', '2024-01-01 11:59', 5);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, target_datetime)
VALUES (1, 1, 1, 'price', 1, '2024-01-01 12:00'), (2, 1, 1, 'price', 1, '2024-01-01 12:00:00.000001'),
       (3, 1, 1, 'price', 1, '2024-01-03 12:00');
SELECT * FROM unscored_predictions('2024-02-01', '0');
SELECT * FROM unscored_predictions('2024-02-01', '48 hours');
SELECT score_predictions('2024-02-01', '0');
SELECT score_predictions('2024-02-01', '1 hour');
SELECT score_predictions('2024-02-01', '47:59:59.999999');
SELECT score_predictions('2024-02-01', '48 hours');
DELETE FROM predictions;
DELETE FROM price_data;

-- Archived closes count like live ones.
SELECT candle(1, '1m', '2024-01-01 11:58', 58), candle(1, '1m', '2024-01-01 11:59', 59);
CALL archive_price_data(older_than => '2024-01-01 11:59');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, target_datetime)
VALUES (1, 1, 1, 'price', 1, '2024-01-01 11:59'), (2, 1, 1, 'price', 1, '2024-01-01 12:00');
SELECT score_predictions('2024-01-02');
SELECT id, actual FROM score ORDER BY id;
DELETE FROM predictions;
DELETE FROM price_data;
DELETE FROM price_data_archive;

--
-- what is due: by the target, or by creation and horizon; and of which model
--
SELECT candle(1, '1m', '2024-01-01 11:59', 10), candle(1, '1m', '2024-01-02 11:59', 20);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, prediction_horizon, target_datetime, created_at)
VALUES
    -- 24 hours from 12:00 the day before, and a day later
    (1, 1, 1, 'price', 1, 24, NULL, '2023-12-31 12:00'),
    (2, 1, 1, 'price', 1, 24, NULL, '2024-01-01 12:00'),
    -- the target takes precedence
    (3, 1, 1, 'price', 1, 1, '2024-01-02 12:00', '2024-01-01 12:00'),
    (4, 1, 2, 'price', 1, NULL, '2024-01-02 12:00', '2024-01-01 12:00'),
    -- neither: never due
    (5, 1, 1, 'price', 1, NULL, NULL, '2024-01-01 12:00'),
    (6, 1, 1, 'price', 1, NULL, 'infinity', '2024-01-01 12:00');
SELECT score_predictions('2024-01-01 11:59:59.999999');
SELECT score_predictions('2024-01-01 12:00');
SELECT score_predictions('2024-01-02 12:00', model => 2);
SELECT id, actual FROM score ORDER BY id;
SELECT score_predictions('2024-01-02 12:00');
SELECT id, actual FROM score ORDER BY id;
SELECT * FROM unscored_predictions('2024-01-02 12:00');
SELECT * FROM unscored_predictions('infinity');
DELETE FROM predictions;
DELETE FROM price_data;

-- A horizon is in hours of 60 minutes, even in a time zone that changes its clocks: 24 hours from 11:00 UTC end at
-- 11:00 UTC on the day when New York loses an hour.
SET timezone = 'America/New_York';
SELECT candle(1, '1m', '2024-03-10 10:59+00', 1059), candle(1, '1m', '2024-03-10 09:59+00', 959);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, prediction_horizon, created_at)
VALUES (1, 1, 1, 'price', 1, 24, '2024-03-09 11:00+00');
SELECT score_predictions('2024-03-10 11:00+00');
SELECT actual FROM score;
DELETE FROM predictions;
DELETE FROM price_data;
SET timezone = 'UTC';

--
-- what is due but cannot be scored, and why
--
SELECT candle(1, '1m', '2024-01-01 11:59', 100);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, predicted_value, input_price, target_datetime)
VALUES (1, 1, 1, 'price', NULL, NULL, 90, '2024-01-01 12:00'),
       (2, 1, 1, 'trend', NULL, '{"volatility": 3}', 90, '2024-01-01 12:00'),
       (3, 1, 1, 'trend', NULL, '{"direction": "sideways"}', 90, '2024-01-01 12:00'),
       (4, 1, 1, 'trend', NULL, '{"direction": "up"}', NULL, '2024-01-01 12:00'),
       (5, 3, 1, 'price', 1, NULL, NULL, '2024-01-01 12:00'),
       (6, 1, 1, 'price', 1, NULL, NULL, '2024-01-01 11:59'),
       (7, 1, 2, 'price', 1, NULL, NULL, '2024-01-01 14:30'),
       (8, 1, 1, 'price', 1, NULL, NULL, '2024-01-01 12:00'),
       (9, 1, 1, 'price', 1, NULL, NULL, '2024-01-03 12:00'),
       (10, 1, 1, 'price', 1, NULL, NULL, '-infinity');
SELECT * FROM unscored_predictions('2024-01-02');
SELECT * FROM unscored_predictions('2024-01-02', model => 2);

-- Everything that it does not list is scored, and nothing else.
SELECT score_predictions('2024-01-02');
SELECT id FROM predictions WHERE is_realized;
SELECT * FROM unscored_predictions('2024-01-02', '3 hours');
SELECT score_predictions('2024-01-02', '3 hours');
DELETE FROM predictions;
DELETE FROM price_data;

--
-- the feed has not arrived: a prediction is scored once a candle that ends at or after the target has closed, or when
-- staleness has passed since the target
--
SELECT candle(1, '1m', '2024-01-01 11:08', 100);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, target_datetime)
VALUES (1, 1, 1, 'price', 150, '2024-01-01 12:00');
SELECT score_predictions('2024-01-01 12:00:05');
SELECT * FROM unscored_predictions('2024-01-01 12:00:05');
-- What is not scored is not locked either: nothing is written.
SELECT xmax FROM predictions;
-- A candle that has begun but not closed does not count, nor does one that ends before the target.
SELECT candle(1, '1h', '2024-01-01 12:00', 999), candle(1, '1m', '2024-01-01 11:58', 158);
SELECT score_predictions('2024-01-01 12:30');
SELECT score_predictions('2024-01-01 12:59:59.999999');
BEGIN;
-- Once staleness has passed since the target, the candles that exist decide.
SELECT score_predictions('2024-01-01 13:00');
SELECT * FROM score;
ROLLBACK;
-- Or as soon as the feed has arrived: the close of 12:00 is 200; evaluated_at is as_of.
SELECT candle(1, '1m', '2024-01-01 11:59', 200);
SELECT * FROM unscored_predictions('2024-01-01 12:30');
SELECT score_predictions('2024-01-01 12:30');
SELECT s.*, p.evaluated_at FROM score AS s JOIN predictions AS p USING (id);

-- Prices that arrived or were corrected after scoring are listed, and are used on request.
SELECT * FROM corrected_predictions('2024-01-01 12:30');
UPDATE price_data SET open_price = 120, high_price = 120, low_price = 120, close_price = 120 WHERE close_price = 200;
SELECT * FROM corrected_predictions('2024-01-01 12:30');
SELECT * FROM corrected_predictions('2024-01-01 12:30', model => 2);
SELECT * FROM corrected_predictions('2024-01-01 11:59');
SELECT score_predictions('2024-01-01 12:30');
SELECT actual FROM score;
SELECT score_predictions('2024-01-01 12:30', rescore => true);
SELECT * FROM score;
SELECT * FROM corrected_predictions('2024-01-01 12:30');
SELECT score_predictions('2024-01-01 12:30', rescore => true);
-- Deleting a candle does not remove a score.
DELETE FROM price_data;
SELECT * FROM corrected_predictions('2024-01-01 12:30');
SELECT score_predictions('2024-01-01 12:30', rescore => true);
SELECT actual FROM score;
DELETE FROM predictions;

--
-- a stray candle of a finer timeframe: 49 targets on the hours of two days, each with a close of its own; the 1m
-- candle of 2020 is passed over, by look-up (49 are few) and in one pass over the candles
--
SELECT count(*) FROM generate_series(0, 48) AS h CROSS JOIN LATERAL candle(1, '1h', timestamptz '2024-01-01' + (h - 1) * interval '1 hour', h);
SELECT candle(1, '1m', '2020-01-01', 7);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, target_datetime)
SELECT h, 1, 1, 'price', h, timestamptz '2024-01-01' + h * interval '1 hour' FROM generate_series(0, 48) AS h;
SELECT count(*) FILTER (WHERE c.close = c.id) AS found
FROM (SELECT p.id, cryptoanalytics_internal.ca_closes_at(p.asset_id, p.target_datetime, '1 hour') OVER () AS close FROM predictions AS p) AS c;
SELECT score_predictions('2024-01-03 01:00');
SELECT count(*), sum(error) FROM score WHERE realized;
DELETE FROM predictions;
DELETE FROM price_data;

--
-- made after the target: never scored, and ignored if it was scored anyway
--
SELECT candle(1, '1m', '2024-01-01 11:59', 100);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, target_datetime, created_at)
VALUES (1, 1, 1, 'price', 100, '2024-01-01 12:00', '2024-01-01 12:00:00.000001'),
       (2, 1, 1, 'price', 110, '2024-01-01 12:00', '2024-01-01 12:00');
SELECT score_predictions('2024-01-02');
SELECT * FROM unscored_predictions('2024-01-02');
SELECT cryptoanalytics_internal.ca_model_health('2024-01-02') -> 'predictions_overdue' AS overdue;
UPDATE predictions SET actual_price = 100, absolute_error = 0, is_accurate = true, is_realized = true, evaluated_at = now() WHERE id = 1;
SELECT evaluation_metric, metric_value, evaluated_predictions_count AS n FROM evaluate_model(1) WHERE evaluation_metric IN ('mae', 'accuracy') ORDER BY 1;
SELECT deployment_predictions, deployment_error FROM model_drift('mae', as_of => '2024-01-02') WHERE model_id = 1;
SELECT * FROM corrected_predictions('2024-01-02');
DELETE FROM model_performance;
UPDATE ai_models SET performance_metrics = NULL;
DELETE FROM predictions;

-- Numbers of any size are scored; what numeric cannot hold is unknown: 1e65536 squared has 131,073 digits.
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, accuracy_threshold, target_datetime)
VALUES (1, 1, 1, 'price', 1e65536, 5, '2024-01-01 12:00'), (2, 1, 1, 'price', -9e131071, 5, '2024-01-01 12:00'),
       (3, 1, 1, 'price', 101, 9e131071, '2024-01-01 12:00'), (4, 1, 1, 'price', 1e64999, 5, '2024-01-01 12:00');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_value, input_price, target_datetime)
VALUES (5, 1, 1, 'trend', '{"direction": "up"}', -9e131071, '2024-01-01 12:00');
SELECT score_predictions('2024-01-02');
SELECT id, round(log(absolute_error)) AS digits, squared_error IS NULL AS unknown, accuracy_percentage, is_accurate
FROM predictions WHERE predicted_price IS NOT NULL ORDER BY id;
SELECT is_accurate FROM predictions WHERE id = 5;
DELETE FROM predictions;
DELETE FROM price_data;

--
-- evaluate_model
--

-- scikit-learn's y = 3, -0.5, 2, 7 and p = 2.5, 0, 2, 8. By the thresholds 2 (100 % off, 100 allowed) and 3 are
-- accurate; confidence 0.1, 0.9, 0.8, 0.3; each is 24 hours ahead.
SELECT candle(1, '1m', timestamptz '2024-01-01 11:59' + d * interval '1 day', y)
FROM (VALUES (0, 3), (1, -0.5), (2, 2), (3, 7)) AS t (d, y);
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, accuracy_threshold, confidence_score,
                         input_price, prediction_horizon, created_at)
VALUES (1, 1, 1, 'price', 2.5, 5, 0.1, 2, 24, '2023-12-31 12:00'),
       (2, 1, 1, 'price', 0, 100, 0.9, -0.25, 24, '2024-01-01 12:00'),
       (3, 1, 1, 'price', 2, 5, 0.8, 1, 24, '2024-01-02 12:00'),
       (4, 1, 1, 'price', 8, 5, 0.3, 10, 24, '2024-01-03 12:00'),
       -- not due yet, and of another model
       (5, 1, 1, 'price', 99, 5, 0.5, 1, 24, '2024-02-01 12:00'),
       (6, 1, 2, 'price', 3, 5, NULL, NULL, NULL, '2024-01-01 12:00');
UPDATE predictions SET target_datetime = '2024-01-01 12:00' WHERE id = 6;
SELECT score_predictions('2024-01-10');

-- scikit-learn gives mae, mse, rmse, medae, max_error, mape, r2, brier_score and log_loss.
-- By hand: accuracy 2 / 4; directional_accuracy 3 / 4, because the second went down and not up;
-- ece (0.1 + 0.1 + 0.2 + 0.3) / 4; smape 2 * (0.5 / 5.5 + 0.5 / 0.5 + 0 + 1 / 15) / 4; wape 2 / 12.5;
-- sharpe_ratio of the gains 0.5, -1, 1, 0.3: mean 0.2, sample variance 2.18 / 3, times sqrt(365)
SELECT evaluation_metric, round(metric_value, 6) AS value, evaluated_predictions_count AS n, evaluation_data_range AS range
FROM evaluate_model(1) ORDER BY evaluation_metric COLLATE "C";
SELECT round(0.2 / sqrt(2.18 / 3) * sqrt(365.0), 6) AS sharpe_ratio,
       round(2 * (0.5 / 5.5 + 1 + 1 / 15.0) / 4, 6) AS smape;

-- The same in the model's row, with the number of predictions.
SELECT count(*) AS metrics,
       bool_and((m.performance_metrics ->> p.evaluation_metric)::numeric = p.metric_value) AS the_same,
       (array_agg(m.performance_metrics -> 'predictions'))[1] AS predictions,
       bool_and((m.performance_metrics ->> 'evaluation_date')::timestamptz = p.evaluation_date) AS same_date
FROM ai_models AS m
JOIN model_performance AS p ON p.model_id = m.id
WHERE m.id = 1;

-- A range of targets without its end: 2 and 3 of the four, |e| 0.5 and 0.
SELECT evaluation_metric, round(metric_value, 6) AS value, evaluated_predictions_count AS n, evaluation_data_range AS range
FROM evaluate_model(1, '2024-01-02 12:00', '2024-01-04 12:00')
WHERE evaluation_metric IN ('mae', 'max_error') ORDER BY evaluation_metric;

-- Twice at the same moment: rows of one range are overwritten, not doubled, and those of another range stay.
BEGIN;
SELECT count(*) FROM evaluate_model(1);
SELECT count(*) FROM evaluate_model(1);
SELECT count(*) FROM evaluate_model(1, '2024-01-02');
SET LOCAL timezone = 'Asia/Kolkata';
SELECT count(*) FROM evaluate_model(1, '2024-01-02 05:30');
SELECT evaluation_data_range ->> 'since' AS since, count(*) FROM model_performance WHERE evaluation_date = now() GROUP BY 1 ORDER BY 1;
ROLLBACK;

-- One exact prediction without confidence, input or horizon: no r2, Brier score, Sharpe ratio or directional accuracy.
SELECT evaluation_metric, round(metric_value, 6) AS value, evaluated_predictions_count AS n
FROM evaluate_model(2) ORDER BY evaluation_metric COLLATE "C";

-- Nothing is scored in the range: no rows, and performance_metrics stays.
SELECT count(*) FROM evaluate_model(2, '2025-01-01', NULL);
SELECT performance_metrics ->> 'mae' AS mae FROM ai_models WHERE id = 2;
INSERT INTO ai_models (id, name, version, model_type) VALUES (3, 'third', '1', 'asset');
SELECT count(*) FROM evaluate_model(3);
SELECT performance_metrics FROM ai_models WHERE id = 3;

-- Only directions, of 3: right from 2, right from 4, wrong from 4; without a horizon there is no Sharpe ratio.
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_value, input_price, target_datetime)
VALUES (7, 1, 3, 'trend', '{"direction": "up"}', 2, '2024-01-01 12:00'),
       (8, 1, 3, 'trend', '{"direction": "down"}', 4, '2024-01-01 12:00'),
       (9, 1, 3, 'trend', '{"direction": "flat"}', 4, '2024-01-01 12:00');
SELECT score_predictions('2024-01-10', model => 3);
SELECT evaluation_metric, round(metric_value, 6) AS value, evaluated_predictions_count AS n
FROM evaluate_model(3) ORDER BY evaluation_metric COLLATE "C";

--
-- model_leaderboard: the metrics of the latest evaluation and no older ones, such as the fourth model's
-- directional_accuracy; ordered by mape, then directional_accuracy, then accuracy
--
DELETE FROM model_performance;
INSERT INTO ai_models (id, name, version, model_type) VALUES (4, 'fourth', '1', 'asset'), (5, 'fifth', '1', 'asset'), (6, 'sixth', '1', 'asset');
INSERT INTO model_performance (model_id, evaluation_metric, metric_value, evaluated_predictions_count, evaluation_date)
VALUES (1, 'mape', 0.01, 10, '2024-01-01'), (1, 'mape', 0.03, 20, '2024-01-02'),
       (2, 'mape', 0.02, 10, '2024-01-01'), (2, 'directional_accuracy', 0.5, 10, '2024-01-01'), (2, 'accuracy', 0.9, 10, '2024-01-01'),
       (3, 'directional_accuracy', 0.99, 10, '2024-01-01'),
       (4, 'mape', 0.001, 10, '2023-12-31'), (4, 'accuracy', 1, 10, '2023-12-31'),
       (4, 'mape', 0.02, 10, '2024-01-01'), (4, 'directional_accuracy', 0.6, 12, '2024-01-01'),
       (5, 'mape', 0.02, 10, '2024-01-01'), (5, 'directional_accuracy', 0.5, 10, '2024-01-01'), (5, 'accuracy', 0.9, 10, '2024-01-01');
SELECT rank, model_id, predictions, mape, directional_accuracy, accuracy, evaluation_date FROM model_leaderboard ORDER BY rank, model_id;

--
-- errors
--
SELECT score_predictions(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT score_predictions('2024-01-01', '-1 second');
\echo :LAST_ERROR_SQLSTATE
SELECT score_predictions('2024-01-01', NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT score_predictions('2024-01-01', model => 99);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM unscored_predictions(NULL);
SELECT * FROM unscored_predictions('2024-01-01', '-1 second');
SELECT * FROM unscored_predictions('2024-01-01', model => 99);
SELECT * FROM corrected_predictions(NULL);
SELECT * FROM corrected_predictions('2024-01-01', '-1 second');
SELECT * FROM corrected_predictions('2024-01-01', model => 99);
SELECT * FROM evaluate_model(99);
SELECT * FROM evaluate_model(NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM evaluate_model(1, '2024-01-02', '2024-01-01');
\echo :LAST_ERROR_SQLSTATE

ALTER TABLE predictions ALTER COLUMN created_at SET DEFAULT now();
DROP VIEW score;
DROP FUNCTION candle(integer, text, timestamptz, numeric);
DELETE FROM predictions;
DELETE FROM price_data;
DELETE FROM background_tasks;
DELETE FROM ai_models;
DELETE FROM assets;
