-- Scoring predictions.

CREATE FUNCTION ca_closes_at(asset integer, moment timestamptz, staleness interval) RETURNS numeric
    LANGUAGE c STABLE PARALLEL RESTRICTED WINDOW
    AS 'MODULE_PATHNAME', 'ca_closes_at';
COMMENT ON FUNCTION ca_closes_at(integer, timestamptz, interval) IS
    'the close that ca_price_at() finds, for many rows at once in one pass over the candles; NULL if there is none, or only one older than staleness, which is the same in every row';

CREATE FUNCTION ca_target_prices(as_of timestamptz, staleness interval, model integer, realized boolean)
    RETURNS TABLE (id integer, place tid, price numeric)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    -- simple enough to be part of the query around it
    WITH due AS MATERIALIZED (
        SELECT p.id, p.ctid AS place, p.asset_id, t.target,
               -- until then a candle with a later close may arrive
               CASE WHEN NOT isfinite(ca_target_prices.as_of) THEN false
                    ELSE ca_target_prices.as_of - t.target < ca_target_prices.staleness END AS is_recent
        FROM predictions AS p
        CROSS JOIN LATERAL (
            SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
        WHERE p.is_realized = ca_target_prices.realized
          AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= ca_target_prices.as_of
          AND isfinite(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon))
          AND (ca_target_prices.model IS NULL OR p.ai_models_id = ca_target_prices.model)
          AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
          AND ca_prediction_flaw(p.predicted_price, p.predicted_value, p.input_price) IS NULL
    ), reached AS MATERIALIZED (
        SELECT a.asset_id, a.target
        FROM (SELECT DISTINCT d.asset_id, d.target FROM due AS d WHERE d.is_recent) AS a
        CROSS JOIN LATERAL ca_feed_reached(a.asset_id, a.target, ca_target_prices.as_of) AS r
    ), ready AS MATERIALIZED (
        SELECT d.id, d.place, d.asset_id, d.target
        FROM due AS d
        WHERE NOT d.is_recent
           OR (d.asset_id, d.target) IN (SELECT r.asset_id, r.target FROM reached AS r)
    ), few AS MATERIALIZED (
        -- reading a block of candles costs about as much as looking one up
        SELECT count(*) <= greatest(1000, (pg_relation_size('price_data') + pg_relation_size('price_data_archive'))
                                          / current_setting('block_size')::bigint) AS few
        FROM ready
    ), known AS (
        SELECT r.id, r.place, a.close AS price
        FROM ready AS r
        CROSS JOIN LATERAL ca_price_at(r.asset_id, r.target, ca_target_prices.staleness) AS a
        WHERE (SELECT f.few FROM few AS f)
        UNION ALL
        SELECT r.id, r.place, ca_closes_at(r.asset_id, r.target, ca_target_prices.staleness) OVER ()
        FROM ready AS r
        WHERE NOT (SELECT f.few FROM few AS f)
    )
    SELECT k.id, k.place, k.price
    FROM known AS k
    WHERE k.price IS NOT NULL;
END;
COMMENT ON FUNCTION ca_target_prices(timestamptz, interval, integer, boolean) IS
    'the price at the target of each prediction that is due and can be scored, and the place of its row, of those that were scored or of those that were not';

CREATE FUNCTION @extschema@.score_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL,
    rescore boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    again boolean;
    changed bigint;
    scored bigint := 0;
BEGIN
    PERFORM ca_check_rights('predictions', 'SELECT, UPDATE');
    PERFORM ca_check_scoring(score_predictions.as_of, score_predictions.staleness);
    IF score_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(score_predictions.model);
    END IF;

    -- already scored ones first, so that newly scored ones need not be checked
    FOREACH again IN ARRAY CASE WHEN score_predictions.rescore THEN '{true,false}'::boolean[] ELSE '{false}' END LOOP
        -- lock only rows that will be written, and skip those that another session is scoring
        WITH priced AS MATERIALIZED (
            -- once, whatever the planner believes about a table with old statistics
            SELECT k.* FROM ca_target_prices(score_predictions.as_of, score_predictions.staleness, score_predictions.model, again) AS k
        )
        UPDATE predictions AS p
        SET actual_price = l.actual,
            absolute_error = l.error,
            -- a value that numeric cannot hold is unknown
            squared_error = CASE WHEN l.error < 1e65000 THEN l.error * l.error END,
            accuracy_percentage = CASE WHEN l.actual = 0 THEN NULL
                                       WHEN l.error >= abs(l.actual) THEN 0
                                       ELSE 100 - 100 * l.error / abs(l.actual) END,
            is_accurate = CASE
                WHEN l.predicted_price IS NULL THEN
                    CASE l.direction WHEN 'up' THEN l.actual > l.input_price
                                     WHEN 'down' THEN l.actual < l.input_price
                                     ELSE l.actual = l.input_price END
                WHEN l.actual <> 0 THEN
                    100 * least(l.error, 1e130000) <= least(p.accuracy_threshold, 1e130000) * abs(l.actual)
            END,
            is_realized = true,
            evaluated_at = CASE WHEN isfinite(score_predictions.as_of) THEN score_predictions.as_of ELSE now() END
        FROM (
            -- a row that changed after its price was looked up has another ctid
            SELECT p.id, r.place, r.price AS actual, p.predicted_price, p.predicted_value ->> 'direction' AS direction, p.input_price,
                   -- a number too large for a numeric subtraction is its own error
                   CASE WHEN p.predicted_price BETWEEN -1e100000 AND 1e100000 THEN abs(p.predicted_price - r.price)
                        ELSE abs(p.predicted_price) END AS error
            FROM predictions AS p
            JOIN priced AS r ON r.id = p.id AND r.place = p.ctid
            WHERE NOT again OR p.actual_price IS DISTINCT FROM r.price
            FOR UPDATE OF p SKIP LOCKED) AS l
        WHERE p.id = l.id AND p.ctid = l.place;
        GET DIAGNOSTICS changed = ROW_COUNT;
        scored := scored + changed;
    END LOOP;
    RETURN scored;
END;
$$;
COMMENT ON FUNCTION score_predictions(timestamptz, interval, integer, boolean) IS
    'scores the predictions that are due, each once, against the last close at or before the target, as soon as a candle has reached the target or staleness has passed since, and returns how many; a close older than staleness at the target does not count; rescore also scores predictions again whose price was corrected since';

CREATE FUNCTION @extschema@.corrected_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS TABLE (prediction_id integer, actual_price numeric, corrected_price numeric)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- the look-ups are by key, even if the table was empty when this was planned
    SET enable_seqscan = off
    SET jit = off
AS $$
BEGIN
    PERFORM ca_check_scoring(corrected_predictions.as_of, corrected_predictions.staleness);
    IF corrected_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(corrected_predictions.model);
    END IF;

    RETURN QUERY
        WITH priced AS MATERIALIZED (
            -- once, whatever the planner believes of a table whose statistics are old
            SELECT k.*
            FROM ca_target_prices(corrected_predictions.as_of, corrected_predictions.staleness, corrected_predictions.model, true) AS k
        )
        SELECT p.id, p.actual_price, r.price
        FROM priced AS r
        -- LIMIT makes each look-up one of its own
        CROSS JOIN LATERAL (SELECT q.id, q.actual_price FROM predictions AS q WHERE q.id = r.id LIMIT 1) AS p
        WHERE p.actual_price IS DISTINCT FROM r.price
        ORDER BY p.id;
END;
$$;
COMMENT ON FUNCTION corrected_predictions(timestamptz, interval, integer) IS
    'the predictions whose price at the target has changed since they were scored, with both prices; score_predictions(rescore => true) scores them again';
