-- score_predictions() and unscored_predictions() are compared with the definition, applied to each of thousands of
-- predictions by reading all candles.
BEGIN;
SELECT plan(17);
SET LOCAL search_path = cryptoanalytics, public;

CREATE FUNCTION pg_temp.pick(item integer, place integer, below integer) RETURNS integer
    LANGUAGE sql IMMUTABLE
    RETURN (hashint8extended(item * 100 + place, 11) & 1073741823) % below;

INSERT INTO assets (id, symbol, name, asset_type)
SELECT i, 'LAW' || i, 'Law', 'crypto' FROM generate_series(1, 4) AS i;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'law', '1', 'asset'), (2, 'other', '1', 'asset');

-- Five days of candles with gaps: asset 1 has all timeframes, 2 hours and days, 3 minutes, 4 none. A close is from -20
-- to 20, so 0 and equal closes are common.
CREATE TEMP TABLE length (timeframe text, place integer, length interval);
INSERT INTO length VALUES ('1m', 1, '1 min'), ('5m', 2, '5 min'), ('1h', 3, '1 hour'), ('4h', 4, '4 hours'), ('1d', 5, '1 day');
CREATE TEMP TABLE candle AS
SELECT row_number() OVER (ORDER BY a, l.place, t)::integer AS n, a AS asset, l.timeframe, l.place, t AS candle_time, t + l.length AS closed_at
FROM length AS l
JOIN (VALUES (1, '1m'), (1, '5m'), (1, '1h'), (1, '4h'), (1, '1d'), (2, '1h'), (2, '1d'), (3, '1m')) AS s (a, timeframe) USING (timeframe)
CROSS JOIN generate_series(timestamptz '2024-01-01+00', '2024-01-05+00', l.length) AS t;
-- Gaps: three of eight hours have no minutes, and single candles are missing.
DELETE FROM candle
WHERE pg_temp.pick(n, 1, 10) = 0
   OR length(timeframe) = 2 AND timeframe LIKE '%m'
      AND pg_temp.pick((extract(epoch FROM candle_time) / 3600)::integer % 1000, 2, 8) < 3;
ALTER TABLE candle ADD close numeric;
UPDATE candle SET close = pg_temp.pick(n, 3, 41) - 20;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT asset, timeframe, close, close, close, close, candle_time FROM candle WHERE pg_temp.pick(n, 4, 2) = 0;
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT asset, timeframe, close, close, close, close, candle_time FROM candle WHERE pg_temp.pick(n, 4, 2) = 1;

-- Targets within the five days and later, half of them on a minute; prices, directions, or neither.
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, predicted_value, input_price,
                         accuracy_threshold, target_datetime, prediction_horizon, created_at)
SELECT i, 1 + pg_temp.pick(i, 10, 4), 1 + pg_temp.pick(i, 11, 2), 'price',
       CASE WHEN pg_temp.pick(i, 12, 4) > 0 THEN pg_temp.pick(i, 13, 401) / 10.0 - 20 END,
       CASE WHEN pg_temp.pick(i, 14, 2) = 0
            THEN jsonb_build_object('direction', (ARRAY['up', 'down', 'flat', 'odd'])[1 + pg_temp.pick(i, 15, 4)]) END,
       CASE WHEN pg_temp.pick(i, 16, 4) > 0 THEN pg_temp.pick(i, 17, 41) - 20 END,
       (ARRAY[0, 5, 50, 500])[1 + pg_temp.pick(i, 18, 4)],
       CASE WHEN pg_temp.pick(i, 19, 3) > 0 THEN t.target END,
       CASE WHEN pg_temp.pick(i, 19, 3) = 0 AND pg_temp.pick(i, 20, 10) > 0 THEN 1 + pg_temp.pick(i, 21, 48) END,
       -- some are made a moment after their target
       t.target + CASE WHEN pg_temp.pick(i, 19, 3) > 0 AND pg_temp.pick(i, 25, 12) = 0 THEN interval '1 microsecond'
                       ELSE interval '-1 day' END
FROM generate_series(1, 4000) AS i
CROSS JOIN LATERAL (
    SELECT timestamptz '2023-12-31 20:00+00' + pg_temp.pick(i, 22, 126 * 60) * interval '1 minute'
           + CASE WHEN pg_temp.pick(i, 23, 2) = 0 THEN interval '0'
                  ELSE pg_temp.pick(i, 24, 60000000) * interval '1 microsecond' END AS target) AS t;

CREATE TEMP TABLE target AS
SELECT id, asset_id, coalesce(target_datetime, created_at + make_interval(hours => prediction_horizon)) AS target,
       target_datetime IS NULL OR created_at <= target_datetime AS in_time
FROM predictions;

-- The definition: of the candles that had closed by the target, the last of each timeframe; of those that are not older
-- than the limit, the finest. A prediction is scored once a candle has reached the target, or the limit has passed
-- since.
CREATE FUNCTION pg_temp.defined(as_of timestamptz, staleness interval)
    RETURNS TABLE (id integer, due boolean, in_time boolean, waits boolean, any_closed boolean, fresh boolean, actual numeric)
    LANGUAGE sql STABLE AS $$
    WITH last AS (
        SELECT DISTINCT ON (t.id, c.place) t.id, t.target, c.place, c.closed_at, c.close
        FROM target AS t
        JOIN candle AS c ON c.asset = t.asset_id AND c.closed_at <= t.target
        ORDER BY t.id, c.place, c.closed_at DESC
    ), finest AS (
        SELECT DISTINCT ON (l.id) l.id, l.close
        FROM last AS l
        WHERE l.target - l.closed_at <= staleness
        ORDER BY l.id, l.place
    )
    SELECT t.id, t.target IS NOT NULL AND t.target <= as_of, t.in_time,
           as_of < t.target + staleness
           AND NOT EXISTS (SELECT FROM candle AS c WHERE c.asset = t.asset_id AND c.closed_at BETWEEN t.target AND as_of),
           EXISTS (SELECT FROM last AS l WHERE l.id = t.id), f.id IS NOT NULL, f.close
    FROM target AS t
    LEFT JOIN finest AS f ON f.id = t.id
$$;
CREATE FUNCTION pg_temp.sound(p predictions) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    RETURN p.predicted_price IS NOT NULL
           OR coalesce(p.predicted_value ->> 'direction' IN ('up', 'down', 'flat'), false) AND p.input_price IS NOT NULL;

CREATE TEMP TABLE wanted AS SELECT * FROM pg_temp.defined('2024-01-04 12:00+00', '90 minutes');

SELECT set_eq($$SELECT prediction_id, left(reason, 26) FROM unscored_predictions('2024-01-04 12:00+00', '90 minutes')$$,
              $$SELECT p.id,
                       left(CASE
                           WHEN p.predicted_price IS NULL AND p.predicted_value IS NULL THEN 'neither a price nor a direction is predicted'
                           WHEN p.predicted_price IS NULL AND p.predicted_value ->> 'direction' = 'odd'
                               THEN 'the predicted direction is none of up, down, flat'
                           WHEN p.predicted_price IS NULL AND p.input_price IS NULL THEN 'a direction is predicted without an input price'
                           WHEN NOT w.in_time THEN 'the prediction was made after its target'
                           WHEN w.waits THEN 'no candle has reached the target yet'
                           WHEN NOT w.any_closed THEN 'no candle of the asset had closed by the target'
                           ELSE 'the last close before the target was old' END, 26)
                FROM predictions AS p JOIN wanted AS w USING (id)
                WHERE w.due AND NOT (pg_temp.sound(p) AND w.in_time AND NOT w.waits AND w.fresh)$$,
              'what is due and has no usable price or prediction is listed, with the reason');

SELECT is(score_predictions('2024-01-04 12:00+00', '90 minutes'),
          (SELECT count(*) FROM predictions AS p JOIN wanted AS w USING (id) WHERE w.due AND w.in_time AND NOT w.waits AND w.fresh AND pg_temp.sound(p)),
          'as many are scored as are due, sound and have a fresh close');
SELECT cmp_ok((SELECT count(*) FROM predictions WHERE is_realized), '>', 1000::bigint, 'more than a thousand are scored');
SELECT set_eq('SELECT id FROM predictions WHERE is_realized',
              'SELECT p.id FROM predictions AS p JOIN wanted AS w USING (id) WHERE w.due AND w.in_time AND NOT w.waits AND w.fresh AND pg_temp.sound(p)',
              'and those are the ones');
SELECT is((SELECT count(*) FROM predictions AS p JOIN wanted AS w USING (id)
           WHERE p.is_realized AND p.actual_price IS DISTINCT FROM w.actual), 0::bigint,
          'the actual price is the close that the definition finds');
SELECT is((SELECT count(*) FROM predictions AS p JOIN wanted AS w USING (id)
           WHERE p.is_realized
             AND (p.absolute_error, p.squared_error, p.accuracy_percentage) IS DISTINCT FROM
                 (CASE WHEN p.predicted_price < w.actual THEN w.actual - p.predicted_price ELSE p.predicted_price - w.actual END,
                  p.predicted_price ^ 2 - 2 * p.predicted_price * w.actual + w.actual ^ 2,
                  CASE WHEN w.actual = 0 OR p.predicted_price IS NULL THEN NULL
                       WHEN abs(p.predicted_price - w.actual) > abs(w.actual) THEN 0
                       ELSE 100 - abs(p.predicted_price - w.actual) * 100 / abs(w.actual) END)), 0::bigint,
          'errors and percentage are those of the price');
SELECT is((SELECT count(*) FROM predictions AS p JOIN wanted AS w USING (id)
           WHERE p.is_realized
             AND p.is_accurate IS DISTINCT FROM
                 CASE WHEN p.predicted_price IS NULL
                           THEN (p.predicted_value ->> 'direction' = 'up' AND w.actual > p.input_price
                                 OR p.predicted_value ->> 'direction' = 'down' AND w.actual < p.input_price
                                 OR p.predicted_value ->> 'direction' = 'flat' AND w.actual = p.input_price)
                      WHEN w.actual <> 0
                           THEN p.predicted_price BETWEEN w.actual - abs(w.actual) * p.accuracy_threshold / 100
                                                      AND w.actual + abs(w.actual) * p.accuracy_threshold / 100 END), 0::bigint,
          'accurate is what lies within the threshold, or a direction that came true');
SELECT is((SELECT count(*) FROM predictions
           WHERE is_realized <> (evaluated_at IS NOT NULL) OR is_realized <> (actual_price IS NOT NULL)
              OR NOT is_realized AND num_nonnulls(absolute_error, squared_error, accuracy_percentage, is_accurate) > 0), 0::bigint,
          'the scores of a prediction are set together, or not at all');

-- In steps, model by model, over time, the result is the same as all at once.
CREATE TEMP TABLE at_once AS SELECT id, actual_price, absolute_error, is_accurate FROM predictions WHERE is_realized;
UPDATE predictions
SET actual_price = NULL, absolute_error = NULL, squared_error = NULL, accuracy_percentage = NULL,
    is_accurate = NULL, is_realized = false, evaluated_at = NULL;
SELECT is((SELECT sum(score_predictions(t, '90 minutes', m))
           FROM generate_series(timestamptz '2024-01-01 00:00+00', '2024-01-04 12:00+00', '6 hours') AS t
           CROSS JOIN generate_series(1, 2) AS m), (SELECT count(*) FROM at_once)::numeric,
          'scoring every six hours, model by model, scores as many as scoring once');
SELECT set_eq('SELECT id, actual_price, absolute_error, is_accurate FROM predictions WHERE is_realized', 'TABLE at_once',
              'and gives them the same scores');

-- One in eight candles is corrected, one in eight hundred is deleted. What is listed as corrected are the predictions
-- whose price has changed by the definition.
SELECT is_empty($$SELECT * FROM corrected_predictions('2024-01-04 12:00+00', '90 minutes')$$, 'nothing is corrected at first');
UPDATE candle SET close = close + 1 WHERE pg_temp.pick(n, 30, 8) = 0;
UPDATE price_data AS p
SET open_price = c.close, high_price = c.close, low_price = c.close, close_price = c.close
FROM candle AS c WHERE (c.asset, c.timeframe, c.candle_time) = (p.asset_id, p.timeframe, p.candle_time) AND c.close <> p.close_price;
UPDATE price_data_archive AS p
SET open_price = c.close, high_price = c.close, low_price = c.close, close_price = c.close
FROM candle AS c WHERE (c.asset, c.timeframe, c.candle_time) = (p.asset_id, p.timeframe, p.candle_time) AND c.close <> p.close_price;
DELETE FROM price_data AS p
USING candle AS c
WHERE (c.asset, c.timeframe, c.candle_time) = (p.asset_id, p.timeframe, p.candle_time) AND pg_temp.pick(c.n, 31, 800) = 0;
DELETE FROM candle WHERE NOT EXISTS (SELECT FROM price_history AS h WHERE (h.asset_id, h.timeframe, h.candle_time) = (asset, timeframe, candle_time));
CREATE TEMP TABLE corrected AS
SELECT w.id, o.actual_price AS was, w.actual
FROM pg_temp.defined('2024-01-04 12:00+00', '90 minutes') AS w
JOIN at_once AS o USING (id)
WHERE w.fresh AND w.actual <> o.actual_price;
SELECT cmp_ok((SELECT count(*) FROM corrected), '>', 100::bigint, 'more than a hundred scores are of a corrected price');
SELECT set_eq($$SELECT * FROM corrected_predictions('2024-01-04 12:00+00', '90 minutes')$$, 'TABLE corrected',
              'and those are listed, with both prices');
SELECT is(score_predictions('2024-01-04 12:00+00', '90 minutes'), 0::bigint, 'they stay as they are');
SELECT is(score_predictions('2024-01-04 12:00+00', '90 minutes', rescore => true), (SELECT count(*) FROM corrected),
          'until they are asked to be scored again');
SELECT set_eq('SELECT id, actual_price, abs(predicted_price - actual_price) FROM predictions WHERE is_realized
               AND (actual_price, absolute_error) IS NOT DISTINCT FROM (actual_price, abs(predicted_price - actual_price))',
              'SELECT o.id, coalesce(c.actual, o.actual_price), abs(p.predicted_price - coalesce(c.actual, o.actual_price))
               FROM at_once AS o JOIN predictions AS p USING (id) LEFT JOIN corrected AS c USING (id)',
              'which changes their price and error, and no other');
SELECT is_empty($$SELECT * FROM corrected_predictions('2024-01-04 12:00+00', '90 minutes')$$, 'then nothing is corrected any more');

SELECT * FROM finish();
ROLLBACK;
