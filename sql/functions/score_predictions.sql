-- Scoring predictions.

CREATE FUNCTION ca_closes_at(asset integer, moment timestamptz, staleness interval) RETURNS numeric
    LANGUAGE c STABLE PARALLEL RESTRICTED WINDOW
    AS 'MODULE_PATHNAME', 'ca_closes_at';
COMMENT ON FUNCTION ca_closes_at(integer, timestamptz, interval) IS
    'the close that ca_price_at() finds, for many rows at once from one pass over the candles; NULL where there is none, or one older than staleness, which is the same in every row';

CREATE FUNCTION score_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    scored bigint;
BEGIN
    PERFORM ca_check_scoring(score_predictions.as_of, score_predictions.staleness);
    IF score_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(score_predictions.model);
    END IF;

    -- what another session is scoring is left to it
    WITH due AS MATERIALIZED (
        SELECT p.id, p.asset_id, p.predicted_price, p.predicted_value ->> 'direction' AS direction, p.input_price,
               ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target
        FROM predictions AS p
        WHERE NOT p.is_realized
          AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= score_predictions.as_of
          AND isfinite(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon))
          AND (score_predictions.model IS NULL OR p.ai_models_id = score_predictions.model)
          AND ca_prediction_flaw(p.predicted_price, p.predicted_value, p.input_price) IS NULL
        FOR UPDATE SKIP LOCKED
    ), few AS MATERIALIZED (
        -- reading a block of candles costs about as much as looking one up
        SELECT count(*) <= greatest(1000, (pg_relation_size('price_data') + pg_relation_size('price_data_archive'))
                                          / current_setting('block_size')::bigint) AS few
        FROM due
    ), known AS (
        SELECT d.*, a.close AS actual
        FROM due AS d
        CROSS JOIN LATERAL ca_price_at(d.asset_id, d.target) AS a
        WHERE (SELECT f.few FROM few AS f)
          AND d.target - a.closed_at <= score_predictions.staleness
        UNION ALL
        SELECT d.*, ca_closes_at(d.asset_id, d.target, score_predictions.staleness) OVER ()
        FROM due AS d
        WHERE NOT (SELECT f.few FROM few AS f)
    ), priced AS MATERIALIZED (
        -- once, whatever the planner believes of a table whose statistics are old
        SELECT k.*, abs(k.predicted_price - k.actual) AS error
        FROM known AS k
        WHERE k.actual IS NOT NULL
    )
    UPDATE predictions AS p
    SET actual_price = r.actual,
        absolute_error = r.error,
        squared_error = r.error * r.error,
        accuracy_percentage = CASE WHEN r.error IS NOT NULL AND r.actual <> 0
                                   THEN greatest(0, 100 - 100 * r.error / abs(r.actual)) END,
        is_accurate = CASE
            WHEN r.predicted_price IS NULL THEN
                sign(r.actual - r.input_price) = CASE r.direction WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END
            WHEN r.actual <> 0 THEN
                100 * r.error <= p.accuracy_threshold * abs(r.actual)
        END,
        is_realized = true,
        evaluated_at = now()
    FROM priced AS r
    WHERE p.id = r.id;

    GET DIAGNOSTICS scored = ROW_COUNT;
    RETURN scored;
END;
$$;
COMMENT ON FUNCTION score_predictions(timestamptz, interval, integer) IS
    'scores the predictions that are due, each once, against the last close at or before its target, and returns how many; a close older than staleness at the target does not count';
