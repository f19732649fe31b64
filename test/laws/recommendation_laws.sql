-- Recommendations change status only as allowed, and their outcomes follow from the candles.
BEGIN;
SELECT plan(8);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

-- Every change from one status to another, and whether it is allowed.
CREATE TEMP TABLE ways (was text, becomes text, legal boolean DEFAULT false, id serial);
INSERT INTO ways (was, becomes)
SELECT w, b
FROM unnest(ARRAY['pending', 'approved', 'followed', 'implemented', 'ignored', 'expired', 'rejected']) AS w,
     unnest(ARRAY['pending', 'approved', 'followed', 'implemented', 'ignored', 'expired', 'rejected']) AS b;
UPDATE ways SET legal = true
WHERE was = becomes
   OR (was, becomes) IN (('pending', 'approved'), ('pending', 'rejected'), ('pending', 'ignored'), ('pending', 'expired'),
                         ('approved', 'followed'), ('approved', 'implemented'), ('approved', 'ignored'), ('approved', 'expired'),
                         ('followed', 'implemented'), ('followed', 'ignored'), ('followed', 'expired'));
INSERT INTO ai_recommendations (id, target_entity_type, recommendation_type, recommendation_title, status)
SELECT id, 'strategy', 'learning', 'Law', was FROM ways;
CREATE FUNCTION go(recommendation integer, becomes text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ai_recommendations SET status = becomes WHERE id = recommendation;
    RETURN 'gone';
EXCEPTION WHEN check_violation THEN
    RETURN 'refused';
END;
$$;
SELECT results_eq('SELECT was, becomes, go(id, becomes) FROM ways ORDER BY id',
                  'SELECT was, becomes, CASE WHEN legal THEN ''gone'' ELSE ''refused'' END FROM ways ORDER BY id',
                  'the legal transitions and no others');
SELECT results_eq('SELECT id, status::text FROM ai_recommendations ORDER BY id',
                  'SELECT id, CASE WHEN legal THEN becomes ELSE was END FROM ways ORDER BY id', 'they have happened');
SELECT results_eq('SELECT id FROM ai_recommendations WHERE reviewed_at = now() ORDER BY id',
                  $$SELECT id FROM ways WHERE legal AND was <> becomes AND becomes IN ('approved', 'rejected') ORDER BY id$$,
                  'a review is stamped, nothing else is');
SELECT results_eq('SELECT id FROM ai_recommendations WHERE implemented_at = now() ORDER BY id',
                  $$SELECT id FROM ways WHERE legal AND was <> becomes AND becomes = 'implemented' ORDER BY id$$,
                  'so is an implementation');

-- Ten assets with hourly candles, of which one in seven is missing; recommendations and predictions at any minute.
CREATE FUNCTION draw(k integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint4extended(k, 0) % n + n) % n)::integer $$;
DELETE FROM ai_recommendations;
INSERT INTO users (id, email, password_hash) VALUES (1, 'r@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type) SELECT i, 'O' || i, 'Law', 'crypto' FROM generate_series(1, 10) AS i;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT a, '1h', timestamptz '2024-01-01' + h * interval '1 hour', p, p, p, p
FROM generate_series(1, 10) AS a, generate_series(0, 99) AS h, LATERAL (SELECT (1 + draw(1000 * a + h, 9000)) / 10.0 AS p) AS m
WHERE draw(1000 * a + h + 500, 7) > 0;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'oracle', 'v1', 'asset');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, predicted_value, input_price, prediction_horizon, created_at)
SELECT i, 1 + draw(5 * i, 10), 1, 'price', CASE WHEN i % 3 = 0 THEN 100 + draw(5 * i + 1, 11) - 5 END,
       CASE WHEN i % 3 = 1 THEN jsonb_build_object('direction', (ARRAY['up', 'down', 'flat'])[1 + draw(5 * i + 2, 3)]) END, 100,
       CASE WHEN i % 4 > 0 THEN 1 + draw(5 * i + 3, 40) END, timestamptz '2024-01-01' + draw(5 * i + 4, 5400) * interval '1 minute'
FROM generate_series(1, 300) AS i;
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type)
SELECT i, 1, i, 'O' || i, 'Crypto Asset' FROM generate_series(1, 10) AS i;
INSERT INTO ai_recommendations (id, target_entity_type, target_entity_id, recommendation_type, recommendation_title, prediction_id, created_at, implemented_at)
SELECT i, (ARRAY['asset', 'portfolio', 'strategy'])[1 + draw(7 * i, 3)], 1 + draw(7 * i + 1, 11), 'entry', 'Law',
       CASE WHEN draw(7 * i + 2, 4) > 0 THEN i END, timestamptz '2024-01-01' + draw(5 * i + 4, 5400) * interval '1 minute',
       CASE WHEN draw(7 * i + 3, 2) = 0 THEN timestamptz '2024-01-01' + (draw(5 * i + 4, 5400) + draw(7 * i + 4, 1500)) * interval '1 minute' END
FROM generate_series(1, 300) AS i;

-- The oracle uses no function of the extension: the last candle that ended by a moment, and not too long before it.
CREATE VIEW expected AS
    WITH asked AS (
        SELECT r.id, p.asset_id AS predicted, p.predicted_price - p.input_price AS rise, p.predicted_value ->> 'direction' AS direction,
               CASE WHEN r.target_entity_type IN ('asset', 'portfolio') AND r.target_entity_id <= 10 THEN r.target_entity_id ELSE p.asset_id END AS asset,
               CASE WHEN r.implemented_at <= '2024-01-04' THEN r.implemented_at ELSE r.created_at END AS start,
               CASE WHEN p.created_at + p.prediction_horizon * interval '1 hour' < '2024-01-04' THEN p.created_at + p.prediction_horizon * interval '1 hour'
                    ELSE '2024-01-04' END AS finish
        FROM ai_recommendations AS r LEFT JOIN predictions AS p ON p.id = r.prediction_id
        WHERE r.created_at <= '2024-01-04'
    ), priced AS (
        SELECT a.*,
               (SELECT c.close_price FROM price_data AS c WHERE c.asset_id = a.asset AND c.candle_time + interval '1 hour' BETWEEN a.start - interval '90 minutes' AND a.start
                ORDER BY c.candle_time DESC LIMIT 1) AS p1,
               (SELECT c.close_price FROM price_data AS c WHERE c.asset_id = a.asset AND c.candle_time + interval '1 hour' BETWEEN a.finish - interval '90 minutes' AND a.finish
                  AND a.finish > a.start ORDER BY c.candle_time DESC LIMIT 1) AS p2
        FROM asked AS a
    )
    SELECT p.id, p.asset, p.p1, p.p2,
           round((p.p2 / p.p1 - 1) * 100, 8) AS change,
           CASE WHEN p.predicted <> p.asset THEN NULL
                WHEN p.rise > 0 OR p.rise IS NULL AND p.direction = 'up' THEN round((p.p2 / p.p1 - 1) * 100, 8)
                WHEN p.rise < 0 OR p.rise IS NULL AND p.direction = 'down' THEN round((1 - p.p2 / p.p1) * 100, 8) END AS gain
    FROM priced AS p;
SELECT results_eq($$SELECT recommendation_id, asset_id, start_price, end_price, change_percent, return_percent
                    FROM recommendation_outcomes('2024-01-04', '90 minutes') ORDER BY 1$$,
                  'SELECT * FROM expected ORDER BY id', 'outcomes are what the candles say');
SELECT ok(count(*) > 100 AND count(p1) < count(*) AND count(p2) < count(*) AND count(DISTINCT sign(gain)) >= 2 AND count(gain) < count(change) AND count(asset) < count(*),
          'and there are known and unknown ones') FROM expected;
-- What comes after as_of does not matter.
CREATE TEMP TABLE known AS SELECT * FROM recommendation_outcomes('2024-01-03', '90 minutes');
DELETE FROM price_data WHERE candle_time >= '2024-01-02 23:30';
SELECT set_eq('SELECT * FROM recommendation_outcomes(''2024-01-03'', ''90 minutes'')', 'SELECT * FROM known', 'nothing is read that had not closed');

-- Many expire.
UPDATE ai_recommendations SET expires_at = created_at + interval '1 hour' WHERE id % 2 = 0;
SELECT is(expire_recommendations('2024-01-03'),
          (SELECT count(*) FROM ai_recommendations WHERE id % 2 = 0 AND created_at <= '2024-01-02 23:00'), 'what is due expires');
SELECT * FROM finish();
ROLLBACK;
