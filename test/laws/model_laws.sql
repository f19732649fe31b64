-- Versions of models: whatever happens, one version is deployed; drift equals what plain SQL gives.
BEGIN;
SELECT plan(13);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION draw(k integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint4extended(k, 0) % n + n) % n)::integer $$;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'LAW', 'Law', 'crypto');
-- 5 names and 2 types, 4 versions each.
INSERT INTO ai_models (id, name, version, model_type, is_active)
SELECT i, 'm' || i % 5, 'v' || i, (ARRAY['asset', 'timing'])[1 + i / 5 % 2], false FROM generate_series(0, 39) AS i;

-- 200 versions are deployed one after the other.
CREATE TEMP TABLE deployed AS SELECT k, draw(k, 40) AS id FROM generate_series(1, 200) AS k;
ALTER TABLE deployed ADD COLUMN replaced integer;
DO $$
BEGIN
    FOR i IN 1 .. 200 LOOP
        UPDATE deployed AS d SET replaced = activate_model(d.id) WHERE d.k = i;
    END LOOP;
END;
$$;
CREATE TEMP VIEW history AS
    SELECT d.k, d.id, d.replaced, lag(d.id) OVER family AS before,
           d.k = max(d.k) OVER (PARTITION BY m.name, m.model_type) AS latest
    FROM deployed AS d JOIN ai_models AS m ON m.id = d.id
    WINDOW family AS (PARTITION BY m.name, m.model_type ORDER BY d.k);
SELECT set_eq('SELECT id FROM ai_models WHERE is_active', 'SELECT id FROM history WHERE latest',
              'of each name and type the version deployed last is active, and no other');
SELECT is_empty('SELECT * FROM history WHERE replaced IS DISTINCT FROM nullif(before, id)',
                'what was replaced is the version deployed before');
SELECT is_empty($$SELECT * FROM ai_models WHERE (status = 'active') <> is_active AND id IN (SELECT id FROM deployed)$$,
                'the status says so too');

-- Predictions in statements of 1 to 20, in any order of time.
DO $$
BEGIN
    FOR s IN 1 .. 100 LOOP
        INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, actual_price, is_realized,
                                 is_accurate, target_datetime, created_at)
        SELECT 1, draw(k, 10), 'price', 100 + draw(k + 1, 4000) / 100.0, CASE WHEN draw(k + 2, 10) > 0 THEN 90 + draw(k + 3, 30) END,
               draw(k + 2, 10) > 0, draw(k + 4, 3) > 0,
               timestamptz '2024-01-01' + draw(k + 5, 60 * 1440) * interval '1 minute',
               timestamptz '2024-01-01' + draw(k + 6, 60 * 1440) * interval '1 minute'
        FROM generate_series(1, 1 + draw(s, 20)) AS i, LATERAL (SELECT 1000 * s + 10 * i AS k) AS x;
    END LOOP;
END;
$$;
SELECT cmp_ok((SELECT count(*) FROM predictions), '>', 500::bigint, 'there are predictions');
SELECT set_eq('SELECT id, last_prediction FROM ai_models WHERE last_prediction IS NOT NULL',
              'SELECT ai_models_id, max(created_at) FROM predictions GROUP BY 1',
              'the last prediction is the newest, whatever the order of their coming');

-- The oracle: plain averages over two windows, of predictions made before their target.
CREATE FUNCTION oracle(metric text, days integer, as_of timestamptz) RETURNS TABLE (id integer, first numeric, latest numeric)
    LANGUAGE sql AS $$
    WITH p AS (
        SELECT ai_models_id AS id, target_datetime AS t, abs(predicted_price - actual_price) AS e, actual_price AS a, predicted_price AS f,
               is_accurate AS hit, min(target_datetime) OVER (PARTITION BY ai_models_id) AS t0
        FROM predictions WHERE is_realized AND created_at <= target_datetime AND target_datetime < oracle.as_of
    ), w AS (
        SELECT p.*, CASE metric WHEN 'mape' THEN e / a WHEN 'smape' THEN 2 * e / (a + f) WHEN 'mae' THEN e WHEN 'rmse' THEN e * e
                                ELSE CASE WHEN hit THEN 0 ELSE 1 END END AS x
        FROM p
    ), s AS (
        SELECT id, avg(x) FILTER (WHERE t < t0 + days * interval '1 day') AS first,
               avg(x) FILTER (WHERE t >= oracle.as_of - days * interval '1 day') AS latest
        FROM w GROUP BY id
    )
    SELECT id, CASE metric WHEN 'rmse' THEN sqrt(s.first) ELSE s.first END, CASE metric WHEN 'rmse' THEN sqrt(s.latest) ELSE s.latest END FROM s
$$;
SELECT is_empty(format($$
    SELECT d.model_id, d.deployment_error, o.first, d.recent_error, o.latest, d.drift
    FROM model_drift(%1$L, '%2$s days', '2024-02-20') AS d
    LEFT JOIN oracle(%1$L, %2$s, '2024-02-20') AS o ON o.id = d.model_id
    WHERE (round(d.deployment_error::numeric, 9), round(d.recent_error::numeric, 9), round(d.drift::numeric, 9))
          IS DISTINCT FROM
          (round(o.first, 9), round(o.latest, 9), round(o.latest / nullif(o.first, 0) - 1, 9))
$$, metric, days), format('drift by %s over %s days is the ratio of plain averages', metric, days))
FROM (VALUES ('mape', 7), ('smape', 10), ('mae', 3), ('rmse', 7), ('miss_rate', 14)) AS v (metric, days);
SELECT is((SELECT count(drift) FROM model_drift('mape', '7 days', '2024-02-20')), 10::bigint, 'and known for every model that predicted');

-- The schedule.
SELECT is(evaluate_models(as_of => '2024-02-01'),
          (SELECT count(DISTINCT ai_models_id) FROM predictions WHERE is_realized AND created_at <= target_datetime AND target_datetime < '2024-02-01'),
          'every model with a scored prediction is evaluated');
SELECT set_eq($$SELECT model_id, evaluated_predictions_count FROM model_performance WHERE evaluation_metric = 'accuracy'$$,
              $$SELECT ai_models_id, count(*)::integer FROM predictions
                WHERE is_realized AND created_at <= target_datetime AND target_datetime < '2024-02-01' GROUP BY 1$$,
              'on what was due before that moment');

SELECT * FROM finish();
ROLLBACK;
