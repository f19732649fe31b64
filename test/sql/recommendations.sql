-- Recommendations: transitions, stamps, expiry, outcome.
\set SHOW_CONTEXT never
\pset null NULL
BEGIN;
SET LOCAL timezone = 'UTC';
INSERT INTO users (id, email, password_hash) VALUES (1, 'r@example.org', 'x');
INSERT INTO ai_recommendations (id, target_entity_type, recommendation_type, recommendation_title, expires_at)
VALUES (1, 'strategy', 'learning', 'a', NULL), (2, 'strategy', 'learning', 'b', '2024-01-02'), (3, 'strategy', 'learning', 'c', '2024-01-03'),
       (4, 'strategy', 'learning', 'd', '2024-01-02'), (5, 'strategy', 'learning', 'e', 'infinity'), (6, 'strategy', 'learning', 'f', '2024-01-02');
CREATE TEMPORARY VIEW told AS
    SELECT id, status, reviewed_by, CASE WHEN reviewed_at = now() THEN 'now' ELSE reviewed_at::text END AS reviewed,
           CASE WHEN implemented_at = now() THEN 'now' ELSE implemented_at::text END AS implemented
    FROM ai_recommendations ORDER BY id;
-- All the way through; times are set at each step.
UPDATE ai_recommendations SET status = 'approved', reviewed_by = 1 WHERE id = 1;
SELECT * FROM told WHERE id = 1;
UPDATE ai_recommendations SET status = 'followed' WHERE id = 1;
UPDATE ai_recommendations SET status = 'implemented' WHERE id = 1;
SELECT * FROM told WHERE id = 1;
-- Times that are given stay.
UPDATE ai_recommendations SET status = 'approved', reviewed_at = '2024-01-01 10:00' WHERE id = 2;
UPDATE ai_recommendations SET status = 'implemented', implemented_at = '2024-01-01 11:00' WHERE id = 2;
SELECT * FROM told WHERE id = 2;
SAVEPOINT s;
UPDATE ai_recommendations SET status = 'pending' WHERE id = 2;
ROLLBACK TO s;
UPDATE ai_recommendations SET status = 'implemented' WHERE id = 3;
ROLLBACK TO s;
-- Nor to a value that is not a status.
\set VERBOSITY terse
UPDATE ai_recommendations SET status = 'done' WHERE id = 3;
ROLLBACK TO s;
UPDATE ai_recommendations SET status = NULL WHERE id = 3;
ROLLBACK TO s;
\set VERBOSITY default
UPDATE ai_recommendations SET status = 'rejected' WHERE id = 6;
-- Of the open recommendations 4 expires on the second, 3 on the third, 5 never.
SELECT expire_recommendations('2024-01-01 23:59:59.999999');
SELECT expire_recommendations('2024-01-02');
SELECT expire_recommendations('2024-01-02');
SELECT * FROM told;
SELECT expire_recommendations();
SELECT id, status FROM told WHERE id IN (3, 5);
SAVEPOINT s;
SELECT expire_recommendations(NULL);
ROLLBACK TO s;
SELECT expire_recommendations('infinity');
ROLLBACK TO s;

-- The price of asset 1 at the end of each hour: 100 at 00:00, 110 at 01:00, 121 at 02:00, 99 at 03:00; 2 has none.
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'REC', 'Recommended', 'crypto'), (2, 'UNP', 'Unpriced', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 1, '1h', timestamptz '2023-12-31 23:00' + n * interval '1 hour', p, p, p, p
FROM unnest(ARRAY[100, 110, 121, 99]) WITH ORDINALITY AS c (p, o), LATERAL (SELECT o::integer - 1 AS n) AS m;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'oracle', 'v1', 'asset');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, predicted_value, input_price, target_datetime, created_at)
VALUES (1, 1, 1, 'price', 120, NULL, 100, '2024-01-01 02:00', '2024-01-01'),
       (2, 1, 1, 'trend', NULL, '{"direction": "down"}', NULL, '2024-01-01 03:00', '2024-01-01'),
       (3, 1, 1, 'trend', NULL, '{"direction": "flat"}', NULL, NULL, '2024-01-01');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (1, 1, 1, 'REC', 'Crypto Asset');
DELETE FROM ai_recommendations;
INSERT INTO ai_recommendations (id, target_entity_type, target_entity_id, recommendation_type, recommendation_title, prediction_id, created_at, implemented_at)
VALUES (1, 'strategy', NULL, 'entry', 'a', 1, '2024-01-01', NULL),
       (2, 'strategy', NULL, 'exit', 'b', 2, '2024-01-01', '2024-01-01 02:00'),
       (3, 'asset', 1, 'entry', 'c', NULL, '2024-01-01 01:30', NULL),
       (4, 'portfolio', 1, 'exit', 'd', 3, '2024-01-01', NULL),
       (5, 'asset', 2, 'entry', 'other asset than predicted', 1, '2024-01-01', NULL),
       (6, 'user', 1, 'learning', 'no asset', NULL, '2024-01-01', NULL),
       (7, 'strategy', NULL, 'entry', 'after the horizon', 1, '2024-01-01', '2024-01-01 02:30'),
       (8, 'asset', 99, 'entry', 'no such asset', NULL, '2024-01-01 02:59', NULL);
-- At 02:30 the last close is that of 02:00. 1: 100 to 121, final. 2, not known to be implemented before 02:00: 121 to
-- 121. 3: 110 (of 01:00, half an hour old) to 121. 4: 100 to 121 without a side. 8 does not exist yet.
SELECT * FROM recommendation_outcomes('2024-01-01 02:30') ORDER BY 1;
-- At 03:20, 2: 121 to 99, 100 * -22 / 121 = -18.18181818, as predicted; 3: 110 to 99.
SELECT recommendation_id AS id, start_price, end_price, change_percent, return_percent, is_final
FROM recommendation_outcomes('2024-01-01 03:20') ORDER BY 1;
-- At 04:01 the last close is over an hour old, so the present price is unknown; at the horizon it is known.
SELECT recommendation_id AS id, start_price, end_price FROM recommendation_outcomes('2024-01-01 04:01') WHERE recommendation_id <= 4 ORDER BY 1;
SELECT recommendation_id AS id, start_price, end_price FROM recommendation_outcomes('2024-01-01 04:01', '2 hours') WHERE recommendation_id <= 4 ORDER BY 1;
-- Before the first close there is no price.
SELECT count(*), count(start_price) FROM recommendation_outcomes('2023-12-31 23:59');
UPDATE ai_recommendations SET created_at = '2023-12-31 23:59' WHERE id = 1;
SELECT start_price, end_price, change_percent FROM recommendation_outcomes('2024-01-01 02:30') WHERE recommendation_id = 1;
-- An unknown moment gives nothing; at infinity, only recommendations with a horizon have outcomes.
SELECT count(*) FROM recommendation_outcomes(NULL);
SELECT recommendation_id AS id, end_time, end_price FROM recommendation_outcomes('infinity') WHERE recommendation_id <= 4 ORDER BY 1;
ROLLBACK;
