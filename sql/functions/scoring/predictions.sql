-- Predictions that are due, and evaluating models.

CREATE FUNCTION ca_prediction_target(target_datetime timestamptz, created_at timestamptz, prediction_horizon integer)
    RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(ca_prediction_target.target_datetime,
                    (ca_prediction_target.created_at AT TIME ZONE 'UTC'
                     + ca_prediction_target.prediction_horizon * interval '1 hour') AT TIME ZONE 'UTC');
END;
COMMENT ON FUNCTION ca_prediction_target(timestamptz, timestamptz, integer) IS
    'target moment of a prediction: its target, or its creation plus its horizon in hours';

CREATE INDEX predictions_horizon_idx ON predictions (ca_prediction_target(target_datetime, created_at, prediction_horizon))
    WHERE NOT is_realized;
COMMENT ON INDEX predictions_horizon_idx IS
    'predictions that are due, those with a horizon instead of a target too';

CREATE FUNCTION ca_prediction_flaw(predicted_price numeric, predicted_value jsonb, input_price numeric) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN ca_prediction_flaw.predicted_price IS NOT NULL THEN NULL
        WHEN ca_prediction_flaw.predicted_value ->> 'direction' IS NULL THEN
            'neither a price nor a direction is predicted'
        WHEN ca_prediction_flaw.predicted_value ->> 'direction' NOT IN ('up', 'down', 'flat') THEN
            'the predicted direction is none of up, down, flat'
        WHEN ca_prediction_flaw.input_price IS NULL THEN
            'a direction is predicted without an input price'
    END;
END;
COMMENT ON FUNCTION ca_prediction_flaw(numeric, jsonb, numeric) IS
    'why a prediction can never be scored; NULL if it can';

CREATE FUNCTION ca_prediction_is_late(target_datetime timestamptz, created_at timestamptz) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a horizon is positive, so without a target none is late
    SELECT coalesce(ca_prediction_is_late.target_datetime < ca_prediction_is_late.created_at, false);
END;
COMMENT ON FUNCTION ca_prediction_is_late(timestamptz, timestamptz) IS
    'whether a prediction was made after its target; such a prediction is never scored and never counts';

CREATE FUNCTION ca_price_at(asset integer, moment timestamptz, staleness interval)
    RETURNS TABLE (close numeric, closed_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- the candle before the one that holds the moment is the last that had closed by then
    SELECT c.close_price, c.closed_at
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT l.close_price, u.closed_at
        FROM (
            SELECT h.close_price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = ca_price_at.asset
              AND h.timeframe = t.code
              AND h.candle_time < timeframe_bucket(t.code, ca_price_at.moment)
            ORDER BY h.candle_time DESC
            LIMIT 1) AS l
        CROSS JOIN LATERAL ca_candle_until(ca_price_at.asset, t.code, l.candle_time) AS u) AS c
    WHERE CASE
              WHEN ca_price_at.staleness IS NULL THEN true
              WHEN isfinite(ca_price_at.moment) THEN ca_price_at.moment - c.closed_at <= ca_price_at.staleness
          END
    ORDER BY t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_price_at(integer, timestamptz, interval) IS
    'the last close known at a moment and how far its candle reached, from the finest timeframe whose last close was at most staleness old then, or of any age if staleness is NULL';

CREATE FUNCTION ca_feed_reached(asset integer, moment timestamptz, as_of timestamptz)
    RETURNS TABLE (closed_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- the candle that holds the microsecond before the moment is the first that ends at or after it
    SELECT u.closed_at
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time
        FROM price_history AS h
        WHERE h.asset_id = ca_feed_reached.asset
          AND h.timeframe = t.code
          AND h.candle_time >= timeframe_bucket(t.code, ca_feed_reached.moment - interval '1 microsecond')
          AND h.candle_time < timeframe_bucket(t.code, ca_feed_reached.as_of)
        ORDER BY h.candle_time DESC
        LIMIT 1) AS c
    CROSS JOIN LATERAL ca_candle_until(ca_feed_reached.asset, t.code, c.candle_time) AS u
    -- of most timeframes none can have ended in between
    WHERE timeframe_bucket(t.code, ca_feed_reached.moment - interval '1 microsecond')
          < timeframe_bucket(t.code, ca_feed_reached.as_of)
      -- a candle that was rolled up from a fragment reaches no further than its sources
      AND u.closed_at >= ca_feed_reached.moment
    ORDER BY t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_feed_reached(integer, timestamptz, timestamptz) IS
    'how far a candle of the asset that had closed at as_of reached, if to a moment or beyond; no row as long as the feed has not reached the moment; a candle that was rolled up from a fragment reaches no further than the fragment';

CREATE FUNCTION ca_check_scoring(as_of timestamptz, staleness interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF as_of IS NULL THEN
        RAISE EXCEPTION 'as_of must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is the moment that counts as now.',
                  HINT = 'Leave it out to score what is due now.';
    END IF;
    IF staleness IS NULL THEN
        RAISE EXCEPTION 'staleness must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is the maximum age of the last close before a target, and how long to wait for a candle at the target.',
                  HINT = 'Leave it out for 1 hour.';
    END IF;
    IF staleness < interval '0' THEN
        RAISE EXCEPTION 'staleness must not be negative'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', staleness),
                  HINT = 'It is the maximum age of the last close before a target, such as 1 hour.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_scoring(timestamptz, interval) IS
    'checks the arguments of score_predictions, unscored_predictions and corrected_predictions';

CREATE FUNCTION @extschema@.unscored_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS TABLE (prediction_id integer, reason text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_scoring(unscored_predictions.as_of, unscored_predictions.staleness);
    IF unscored_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(unscored_predictions.model);
    END IF;

    RETURN QUERY
        SELECT d.id, d.reason
        FROM (
            SELECT p.id,
                   coalesce(
                       ca_prediction_flaw(p.predicted_price, p.predicted_value, p.input_price),
                       CASE
                           WHEN NOT isfinite(t.target) THEN 'the target is infinite'
                           WHEN ca_prediction_is_late(p.target_datetime, p.created_at) THEN 'the prediction was made after its target'
                           WHEN w.waits THEN 'no candle has reached the target yet'
                           WHEN a.closed_at IS NOT NULL THEN NULL
                           WHEN n.closed_at IS NULL THEN 'no candle of the asset had closed by the target'
                           ELSE format('the last close before the target was %s old', t.target - n.closed_at)
                       END) AS reason
            FROM predictions AS p
            CROSS JOIN LATERAL (
                SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
            CROSS JOIN LATERAL (
                SELECT CASE
                           WHEN NOT isfinite(unscored_predictions.as_of) OR NOT isfinite(t.target)
                                OR unscored_predictions.as_of - t.target >= unscored_predictions.staleness THEN false
                           ELSE NOT EXISTS (SELECT FROM ca_feed_reached(p.asset_id, t.target, unscored_predictions.as_of))
                       END AS waits
                -- asked once a row
                OFFSET 0) AS w
            LEFT JOIN LATERAL ca_price_at(p.asset_id, t.target, unscored_predictions.staleness) AS a ON NOT w.waits
            CROSS JOIN LATERAL (
                -- if none is fresh, the last close of all timeframes
                SELECT max(l.closed_at) AS closed_at
                FROM timeframes() AS f (code)
                CROSS JOIN LATERAL (
                    SELECT h.candle_time
                    FROM price_history AS h
                    WHERE h.asset_id = p.asset_id
                      AND h.timeframe = f.code
                      AND h.candle_time < timeframe_bucket(f.code, t.target)
                    ORDER BY h.candle_time DESC
                    LIMIT 1) AS h
                CROSS JOIN LATERAL ca_candle_until(p.asset_id, f.code, h.candle_time) AS l
                WHERE a.closed_at IS NULL AND NOT w.waits AND isfinite(t.target)) AS n
            WHERE NOT p.is_realized
              AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= unscored_predictions.as_of
              AND (unscored_predictions.model IS NULL OR p.ai_models_id = unscored_predictions.model)) AS d
        WHERE d.reason IS NOT NULL
        ORDER BY d.id;
END;
$$;
COMMENT ON FUNCTION unscored_predictions(timestamptz, interval, integer) IS
    'the predictions that are due but that score_predictions does not score, and why';

CREATE FUNCTION ca_bounded_double(x numeric, bound numeric) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a number too small for double precision becomes 0
    SELECT CASE
        WHEN ca_bounded_double.x NOT BETWEEN - ca_bounded_double.bound AND ca_bounded_double.bound THEN NULL
        WHEN ca_bounded_double.x BETWEEN -1e-300 AND 1e-300 THEN 0
        ELSE numeric_to_double(ca_bounded_double.x)
    END;
END;
COMMENT ON FUNCTION ca_bounded_double(numeric, numeric) IS
    'x in double precision; NULL if its absolute value exceeds the bound';

CREATE FUNCTION ca_model_metrics(model integer, since timestamptz, until timestamptz)
    RETURNS TABLE (metric text, value double precision, pairs bigint, first timestamptz, last timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 16
BEGIN ATOMIC
    -- A model that diverges predicts numbers of any size.  Prices up to 1e280 are averaged, and those up
    -- to 1e140 squared; a larger price makes the metrics unknown to which it would contribute.
    WITH scored AS (
        SELECT ca_bounded_double(p.actual_price, 1e280) AS actual,
               ca_bounded_double(p.predicted_price, 1e280) AS predicted,
               ca_bounded_double(p.predicted_price, 1e140) AS squarable,
               ca_bounded_double(p.input_price, 1e280) AS input,
               -- a predicted direction stands for a price on that side of the input price
               ca_bounded_double(greatest(-1e280, least(1e280, coalesce(
                   p.predicted_price,
                   p.input_price + CASE p.predicted_value ->> 'direction'
                                       WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END))), 1e280) AS side,
               p.predicted_price IS NOT NULL AS is_price,
               p.is_accurate AS accurate,
               ca_bounded_double(p.confidence_score, 1) AS confidence,
               ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target,
               p.prediction_horizon AS horizon
        FROM predictions AS p
        WHERE p.ai_models_id = ca_model_metrics.model
          AND p.is_realized
          AND p.actual_price IS NOT NULL
          AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
    ), ranged AS (
        SELECT s.*,
               CASE WHEN abs(s.actual) < 1e60 AND abs(s.input) BETWEEN 1e-60 AND 1e60
                    THEN sign(s.side - s.input) * (s.actual - s.input) / abs(s.input) END AS gain
        FROM scored AS s
        WHERE (ca_model_metrics.since IS NULL OR s.target >= ca_model_metrics.since)
          AND (ca_model_metrics.until IS NULL OR s.target < ca_model_metrics.until)
    ), computed AS (
        SELECT min(r.target) AS first, max(r.target) AS last,
               count(*) FILTER (WHERE r.is_price) AS prices,
               count(r.side - r.input) AS sides,
               count(r.accurate) AS judged,
               count(r.confidence) FILTER (WHERE r.accurate IS NOT NULL) AS confident,
               count(r.gain) AS gains,
               count(r.actual - r.predicted) AS averaged,
               count(r.actual - r.squarable) AS squared,
               mae(r.actual, r.predicted) AS mae,
               mse(r.actual, r.squarable) AS mse,
               rmse(r.actual, r.squarable) AS rmse,
               medae(r.actual, r.predicted) AS medae,
               max_error(r.actual, r.predicted) AS max_error,
               mape(r.actual, r.predicted) AS mape,
               smape(r.actual, r.predicted) AS smape,
               wape(r.actual, r.predicted) AS wape,
               r2(r.actual, r.squarable) AS r2,
               directional_accuracy(r.input, r.actual, r.side) AS directional_accuracy,
               avg(r.accurate::integer)::double precision AS accuracy,
               brier_score(r.accurate, r.confidence) AS brier_score,
               log_loss(r.accurate, r.confidence) AS log_loss,
               ece(r.accurate, r.confidence) AS ece,
               -- only returns of a single horizon can be annualised
               sharpe_ratio(r.gain, 1)
               * CASE WHEN min(r.horizon) = max(r.horizon) AND count(r.horizon) = count(*)
                      THEN sqrt(8760.0 / min(r.horizon)) END AS sharpe_ratio
        FROM ranged AS r
    )
    SELECT m.metric, m.value, m.pairs, c.first, c.last
    FROM computed AS c
    CROSS JOIN LATERAL (VALUES
        ('mae', CASE WHEN c.averaged = c.prices THEN c.mae END, c.prices),
        ('mse', CASE WHEN c.squared = c.prices THEN c.mse END, c.prices),
        ('rmse', CASE WHEN c.squared = c.prices THEN c.rmse END, c.prices),
        ('medae', CASE WHEN c.averaged = c.prices THEN c.medae END, c.prices),
        ('max_error', CASE WHEN c.averaged = c.prices THEN c.max_error END, c.prices),
        ('mape', CASE WHEN c.averaged = c.prices THEN c.mape END, c.prices),
        ('smape', CASE WHEN c.averaged = c.prices THEN c.smape END, c.prices),
        ('wape', CASE WHEN c.averaged = c.prices THEN c.wape END, c.prices),
        ('r2', CASE WHEN c.squared = c.prices THEN c.r2 END, c.prices),
        ('directional_accuracy', c.directional_accuracy, c.sides),
        ('accuracy', c.accuracy, c.judged),
        ('brier_score', c.brier_score, c.confident), ('log_loss', c.log_loss, c.confident),
        ('ece', c.ece, c.confident),
        ('sharpe_ratio', c.sharpe_ratio, c.gains)) AS m (metric, value, pairs)
    WHERE m.value IS NOT NULL
    ORDER BY m.metric;
END;
COMMENT ON FUNCTION ca_model_metrics(integer, timestamptz, timestamptz) IS
    'metrics of a model''s scored predictions whose target lies in [since, until); undefined metrics are left out';

CREATE FUNCTION ca_evaluate_model(model integer, since timestamptz, until timestamptz, as_of timestamptz)
    RETURNS SETOF model_performance
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 16
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET extra_float_digits = 1
    SET timezone = 'UTC'
AS $$
DECLARE
    -- written in UTC, so that a range has one text, whatever the session's time zone
    evaluated CONSTANT jsonb := jsonb_build_object('since', ca_evaluate_model.since, 'until', ca_evaluate_model.until);
BEGIN
    PERFORM ca_check_model(ca_evaluate_model.model);
    PERFORM ca_check_range(ca_evaluate_model.since, ca_evaluate_model.until);

    RETURN QUERY
        WITH metrics AS MATERIALIZED (
            SELECT m.* FROM ca_model_metrics(ca_evaluate_model.model, ca_evaluate_model.since, ca_evaluate_model.until) AS m
        ), summary AS (
            UPDATE ai_models AS m
            SET performance_metrics = s.metrics
            FROM (
                SELECT jsonb_object_agg(x.metric, x.value::text::numeric)
                       || jsonb_build_object('predictions', max(x.pairs), 'evaluation_date', ca_evaluate_model.as_of)
                       || evaluated AS metrics
                FROM metrics AS x
                HAVING count(*) > 0) AS s
            WHERE m.id = ca_evaluate_model.model
        ), undefined AS (
            -- evaluated before at this moment, and defined then
            UPDATE model_performance AS p
            SET metric_value = NULL
            WHERE p.model_id = ca_evaluate_model.model
              AND p.evaluation_date = ca_evaluate_model.as_of
              AND p.metric_value IS NOT NULL
              AND p.evaluation_data_range @> evaluated
              AND p.evaluation_metric NOT IN (SELECT m.metric FROM metrics AS m)
              AND EXISTS (SELECT FROM metrics)
        )
        INSERT INTO model_performance AS p
            (model_id, evaluation_metric, metric_value, evaluation_data_range, evaluated_predictions_count, evaluation_date)
        SELECT ca_evaluate_model.model, m.metric, m.value::text::numeric,
               evaluated || jsonb_build_object('first', m.first, 'last', m.last), m.pairs, ca_evaluate_model.as_of
        FROM metrics AS m
        ON CONFLICT (model_id, evaluation_metric, evaluation_date,
                     coalesce(evaluation_data_range ->> 'since', ''), coalesce(evaluation_data_range ->> 'until', ''))
        DO UPDATE
        SET metric_value = excluded.metric_value,
            evaluation_data_range = excluded.evaluation_data_range,
            evaluated_predictions_count = excluded.evaluated_predictions_count
        RETURNING p.*;
END;
$$;
COMMENT ON FUNCTION ca_evaluate_model(integer, timestamptz, timestamptz, timestamptz) IS
    'evaluate_model() as of a moment, which becomes evaluation_date';

CREATE FUNCTION @extschema@.evaluate_model(
    model integer, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS SETOF model_performance
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 16
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT e.* FROM ca_evaluate_model(evaluate_model.model, evaluate_model.since, evaluate_model.until, now()) AS e;
END;
$$;
COMMENT ON FUNCTION evaluate_model(integer, timestamptz, timestamptz) IS
    'writes one row of model_performance per metric, and ai_models.performance_metrics, from the scored predictions whose target lies in [since, until); metrics that are undefined, or beyond double precision, are left out';
