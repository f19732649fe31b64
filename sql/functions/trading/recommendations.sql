-- Recommendations: their life cycle, and how the price developed. The rules are in docs/guide/rules.md.

CREATE INDEX ai_recommendations_expiry_idx ON ai_recommendations (expires_at)
    WHERE status IN ('pending', 'approved', 'followed') AND expires_at IS NOT NULL;
COMMENT ON INDEX ai_recommendations_expiry_idx IS
    'the open recommendations that will expire, in that order';

CREATE FUNCTION ca_recommendation_status() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    next CONSTANT text[] := CASE OLD.status
        WHEN 'pending' THEN ARRAY['approved', 'rejected', 'ignored', 'expired']
        WHEN 'approved' THEN ARRAY['followed', 'implemented', 'ignored', 'expired']
        WHEN 'followed' THEN ARRAY['implemented', 'ignored', 'expired']
        ELSE '{}' END;
BEGIN
    -- the CHECK refuses anything that is not a status
    IF NEW.status <> ALL (next)
       AND NEW.status IN ('pending', 'approved', 'followed', 'implemented', 'ignored', 'expired', 'rejected') THEN
        RAISE EXCEPTION 'a recommendation cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Recommendation %s is %s.', OLD.id, OLD.status),
                  HINT = CASE WHEN next = '{}' THEN 'That is final; make a new recommendation.'
                              ELSE format('It may become one of: %s.', array_to_string(next, ', ')) END,
                  CONSTRAINT = 'ai_recommendations_transition', TABLE = 'ai_recommendations', COLUMN = 'status';
    END IF;
    IF NEW.status IN ('approved', 'rejected') THEN
        NEW.reviewed_at := coalesce(NEW.reviewed_at, now());
    ELSIF NEW.status = 'implemented' THEN
        NEW.implemented_at := coalesce(NEW.implemented_at, now());
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_recommendation_status() IS
    'trigger: allows only legal transitions of a recommendation, and sets the times of its review and implementation';
CREATE TRIGGER ai_recommendations_status BEFORE UPDATE OF status ON ai_recommendations
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ca_recommendation_status();
COMMENT ON TRIGGER ai_recommendations_status ON ai_recommendations IS
    'refuses illegal transitions; sets reviewed_at and implemented_at unless they are given';

CREATE FUNCTION @extschema@.expire_recommendations(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(as_of);
    -- a row that another session is changing is left to the next call
    WITH due AS MATERIALIZED (
        SELECT r.id
        FROM ai_recommendations AS r
        WHERE r.status IN ('pending', 'approved', 'followed')
          AND r.expires_at <= expire_recommendations.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ai_recommendations AS r
    SET status = 'expired'
    WHERE r.id = ANY (ARRAY(SELECT d.id FROM due AS d));
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_recommendations(timestamptz) IS
    'expires the open recommendations whose expires_at has passed, and returns how many';

CREATE FUNCTION @extschema@.recommendation_outcomes(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour')
    RETURNS TABLE (recommendation_id integer, asset_id integer, start_time timestamptz, start_price numeric,
                   end_time timestamptz, end_price numeric, change_percent numeric, return_percent numeric,
                   is_final boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- simple enough to be part of the query around it, so that its conditions come first
    SELECT r.id, w.asset_id, w.start_time, s.close, w.end_time, e.close, c.percent, w.side * c.percent,
           w.target <= recommendation_outcomes.as_of
    FROM ai_recommendations AS r
    -- LIMIT makes each look-up one of its own, so that no plan joins the recommendations with a whole table
    LEFT JOIN LATERAL (
        SELECT q.asset_id, q.target_datetime, q.created_at, q.prediction_horizon, q.predicted_price, q.input_price,
               q.predicted_value
        FROM predictions AS q
        WHERE q.id = r.prediction_id
        LIMIT 1) AS p ON true
    LEFT JOIN LATERAL (
        SELECT q.id FROM assets AS q WHERE q.id = r.target_entity_id LIMIT 1) AS a ON r.target_entity_type = 'asset'
    LEFT JOIN LATERAL (
        SELECT q.asset_id FROM portfolio AS q WHERE q.id = r.target_entity_id LIMIT 1) AS h ON r.target_entity_type = 'portfolio'
    CROSS JOIN LATERAL (
        SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
    CROSS JOIN LATERAL (
        SELECT coalesce(a.id, h.asset_id, p.asset_id) AS asset_id,
               CASE WHEN r.implemented_at <= recommendation_outcomes.as_of
                    THEN r.implemented_at ELSE r.created_at END AS start_time,
               t.target,
               least(t.target, recommendation_outcomes.as_of) AS end_time,
               CASE WHEN p.asset_id = coalesce(a.id, h.asset_id, p.asset_id) THEN
                   nullif(coalesce(CASE WHEN p.predicted_price > p.input_price THEN 1
                                        WHEN p.predicted_price < p.input_price THEN -1
                                        WHEN p.predicted_price = p.input_price THEN 0 END,
                                   CASE p.predicted_value ->> 'direction' WHEN 'up' THEN 1 WHEN 'down' THEN -1 END), 0)
               END AS side) AS w
    LEFT JOIN LATERAL ca_price_at(w.asset_id, w.start_time, recommendation_outcomes.staleness) AS s
        ON isfinite(w.start_time) AND recommendation_outcomes.staleness IS NOT NULL
    LEFT JOIN LATERAL ca_price_at(w.asset_id, w.end_time, recommendation_outcomes.staleness) AS e
        ON w.end_time > w.start_time AND isfinite(w.end_time) AND recommendation_outcomes.staleness IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT round(100 * (e.close - s.close) / nullif(abs(s.close), 0), 8) AS percent) AS c
    WHERE r.created_at <= recommendation_outcomes.as_of;
END;
COMMENT ON FUNCTION recommendation_outcomes(timestamptz, interval) IS
    'price when each recommendation was implemented, or else made, and the price at its horizon or at as_of, whichever is first; NULL if there is no asset or no close within staleness';
