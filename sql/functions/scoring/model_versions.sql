-- Versions of models: which one is deployed, when it last predicted, and how its error develops.
-- docs/guide/rules.md has the rules.

CREATE FUNCTION @extschema@.activate_model(model integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    chosen ai_models;
    replaced integer;
BEGIN
    PERFORM ca_check_model(activate_model.model);
    -- all versions, in the order of their ids: a second session waits here
    PERFORM FROM ai_models AS m
    WHERE (m.name, m.model_type) = (SELECT c.name, c.model_type FROM ai_models AS c WHERE c.id = activate_model.model)
    ORDER BY m.id
    FOR NO KEY UPDATE;
    SELECT * INTO chosen FROM ai_models AS m WHERE m.id = activate_model.model;
    IF chosen.status IN ('training', 'error') THEN
        RAISE EXCEPTION 'model is not ready'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  CONSTRAINT = 'ai_models_ready', TABLE = 'ai_models', COLUMN = 'status',
                  DETAIL = format('The status of model %s is %s.', chosen.id, chosen.status),
                  HINT = 'Set ai_models.status to inactive when it is fit for use.';
    END IF;
    -- one after the other, because no two may be active even for a moment
    UPDATE ai_models AS m
    SET is_active = false, status = CASE m.status WHEN 'active' THEN 'inactive' ELSE m.status END
    WHERE m.name = chosen.name AND m.model_type = chosen.model_type AND m.is_active AND m.id <> chosen.id
    RETURNING m.id INTO replaced;
    UPDATE ai_models AS m
    SET is_active = true, status = 'active'
    WHERE m.id = chosen.id AND NOT (m.is_active AND m.status = 'active');
    RETURN replaced;
END;
$$;
COMMENT ON FUNCTION activate_model(integer) IS
    'deploys a version in place of the deployed one of the same name and type, and returns the replaced one; NULL if there was none';

-- A row of ai_models must not become a lock for which all predictions of the model queue.  So this
-- skips a version that another session is changing, and never waits; predictions of one transaction
-- have one time and change the row once.  The next prediction, or evaluate_models(), corrects a row
-- that was skipped.
CREATE FUNCTION ca_predictions_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    -- models are looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    newer record;
BEGIN
    -- a role that may insert predictions need not be allowed to change models
    IF NOT (has_column_privilege('ai_models', 'last_prediction', 'UPDATE')
            AND has_column_privilege('ai_models', 'last_prediction', 'SELECT')
            AND has_column_privilege('ai_models', 'id', 'SELECT')) THEN
        RETURN NULL;
    END IF;
    -- predictions of one statement usually have one time
    FOR newer IN
        SELECT f.predicted_at, array_agg(f.id) AS models
        FROM (SELECT m.id, n.predicted_at
              FROM (SELECT i.ai_models_id AS id, max(i.created_at) AS predicted_at
                    FROM inserted AS i
                    WHERE isfinite(i.created_at)
                    GROUP BY i.ai_models_id
                    ORDER BY i.ai_models_id) AS n
              CROSS JOIN LATERAL (
                  SELECT o.id
                  FROM ai_models AS o
                  WHERE o.id = n.id AND (o.last_prediction IS NULL OR o.last_prediction < n.predicted_at)
                  FOR NO KEY UPDATE SKIP LOCKED) AS m) AS f
        GROUP BY f.predicted_at
    LOOP
        UPDATE ai_models AS m
        SET last_prediction = greatest(m.last_prediction, newer.predicted_at)
        WHERE m.id = ANY (newer.models);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_predictions_inserted() IS
    'trigger: moves ai_models.last_prediction forward to the newest of the predictions inserted';

CREATE TRIGGER predictions_inserted AFTER INSERT ON predictions
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT
    WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_predictions_inserted();
COMMENT ON TRIGGER predictions_inserted ON predictions IS
    'moves ai_models.last_prediction forward, but not while a dump is restored';

CREATE FUNCTION ca_evaluation_due(model integer, every interval, as_of timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT
                       FROM model_performance AS p
                       WHERE p.model_id = ca_evaluation_due.model
                         -- the evaluation of a month does not evaluate the whole history
                         AND p.evaluation_data_range ->> 'since' IS NULL
                         AND p.evaluation_date > ca_earlier(ca_evaluation_due.as_of, ca_evaluation_due.every));
END;
COMMENT ON FUNCTION ca_evaluation_due(integer, interval, timestamptz) IS
    'whether a model was not evaluated, on all its predictions, within the time before a moment';

CREATE FUNCTION ca_note_evaluation(model integer, problem text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE ai_models AS m
    SET health_status = CASE WHEN ca_note_evaluation.problem IS NULL THEN m.health_status - 'evaluation_error'
                             ELSE coalesce(m.health_status, '{}')
                                  || jsonb_build_object('evaluation_error', ca_note_evaluation.problem) END
    WHERE m.id = ca_note_evaluation.model
      AND (m.health_status IS NULL OR jsonb_typeof(m.health_status) = 'object')
      AND m.health_status ->> 'evaluation_error' IS DISTINCT FROM ca_note_evaluation.problem;
END;
COMMENT ON FUNCTION ca_note_evaluation(integer, text) IS
    'records in ai_models.health_status why the evaluation of a model failed, or with NULL that it did not fail';

CREATE FUNCTION ca_evaluate_if_possible(model integer, as_of timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    has_metrics boolean;
BEGIN
    PERFORM ca_evaluate_model(ca_evaluate_if_possible.model, NULL, ca_evaluate_if_possible.as_of, ca_evaluate_if_possible.as_of);
    has_metrics := FOUND;
    PERFORM ca_note_evaluation(ca_evaluate_if_possible.model, NULL);
    RETURN has_metrics;
EXCEPTION
    -- a failure of one model must not stop the evaluation of the others
    WHEN data_exception OR integrity_constraint_violation THEN
        PERFORM ca_note_evaluation(ca_evaluate_if_possible.model, format('%s: %s', SQLSTATE, SQLERRM));
        RAISE WARNING 'model % could not be evaluated', ca_evaluate_if_possible.model
            USING ERRCODE = SQLSTATE,
                  DETAIL = SQLERRM,
                  HINT = 'Look at its scored predictions; ai_models.health_status keeps the error until an evaluation succeeds.';
        RETURN false;
END;
$$;
COMMENT ON FUNCTION ca_evaluate_if_possible(integer, timestamptz) IS
    'evaluates a model on targets before a moment, and returns whether there were metrics; if its numbers cannot be evaluated, records and warns why';

CREATE FUNCTION @extschema@.evaluate_models(every interval DEFAULT '1 day', as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    candidate integer;
    newest timestamptz;
    evaluated bigint := 0;
BEGIN
    PERFORM ca_check_as_of(evaluate_models.as_of);
    PERFORM ca_check_span('every', evaluate_models.every);
    FOR candidate IN
        SELECT m.id
        FROM ai_models AS m
        WHERE ca_evaluation_due(m.id, evaluate_models.every, evaluate_models.as_of)
        ORDER BY m.id
    LOOP
        newest := (SELECT max(p.created_at)
                   FROM predictions AS p
                   WHERE p.ai_models_id = candidate AND isfinite(p.created_at) AND p.created_at <= evaluate_models.as_of);
        -- nothing is locked or written for a model that has nothing new and nothing scored
        CONTINUE WHEN NOT EXISTS (SELECT FROM ai_models AS m
                                  WHERE m.id = candidate AND (m.last_prediction < newest OR m.last_prediction IS NULL AND newest IS NOT NULL))
                      AND NOT EXISTS (SELECT FROM predictions AS p
                                      WHERE p.ai_models_id = candidate AND p.is_realized AND p.actual_price IS NOT NULL);
        -- a model that another session is changing or evaluating is left to it, or to the next call
        PERFORM FROM ai_models AS m WHERE m.id = candidate FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND
                      OR NOT ca_evaluation_due(candidate, evaluate_models.every, evaluate_models.as_of);
        UPDATE ai_models AS m
        SET last_prediction = newest
        WHERE m.id = candidate AND (m.last_prediction < newest OR m.last_prediction IS NULL);
        evaluated := evaluated + ca_evaluate_if_possible(candidate, evaluate_models.as_of)::integer;
    END LOOP;
    RETURN evaluated;
END;
$$;
COMMENT ON FUNCTION evaluate_models(interval, timestamptz) IS
    'evaluates every model whose last evaluation is older than every at as_of, on all its scored predictions with targets before as_of, and returns how many models had any; if the evaluation of a model fails, its health_status records that, and the others go on';

CREATE VIEW @extschema@.model_performance_history WITH (security_invoker = true) AS
    SELECT p.model_id, m.name, m.version, m.model_type, p.evaluation_metric, p.evaluation_date,
           p.evaluated_predictions_count AS predictions, p.metric_value,
           lag(p.metric_value) OVER before AS previous_value,
           p.metric_value - lag(p.metric_value) OVER before AS change,
           p.metric_value - first_value(p.metric_value) OVER before AS change_since_first,
           p.evaluation_data_range
    FROM model_performance AS p
    JOIN ai_models AS m ON m.id = p.model_id
    -- evaluations over ranges with a start are not compared with those of the whole history
    WINDOW before AS (PARTITION BY p.model_id, p.evaluation_metric, p.evaluation_data_range ->> 'since' IS NULL
                      ORDER BY p.evaluation_date,
                               p.evaluation_data_range ->> 'until' COLLATE "C",
                               p.evaluation_data_range ->> 'since' COLLATE "C");
COMMENT ON VIEW model_performance_history IS
    'every evaluation of every model, with the previous and the first one of the same metric; evaluations over ranges with a start are compared only with each other';
COMMENT ON COLUMN model_performance_history.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_performance_history.name IS 'name of the model';
COMMENT ON COLUMN model_performance_history.version IS 'version of the model';
COMMENT ON COLUMN model_performance_history.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_performance_history.evaluation_metric IS 'name of the metric';
COMMENT ON COLUMN model_performance_history.evaluation_date IS 'when the evaluation was performed';
COMMENT ON COLUMN model_performance_history.predictions IS 'number of predictions from which the value was computed';
COMMENT ON COLUMN model_performance_history.metric_value IS 'value of the metric, in its own unit';
COMMENT ON COLUMN model_performance_history.previous_value IS 'value at the evaluation before; NULL at the first';
COMMENT ON COLUMN model_performance_history.change IS 'value less the one before; NULL when either is unknown';
COMMENT ON COLUMN model_performance_history.change_since_first IS 'value less that of the first evaluation; NULL when either is unknown';
COMMENT ON COLUMN model_performance_history.evaluation_data_range IS 'targets that were evaluated: since, until, and the first and last of them';

CREATE FUNCTION @extschema@.model_drift(
    metric text DEFAULT 'mape', recent interval DEFAULT '7 days', as_of timestamptz DEFAULT now())
    RETURNS TABLE (model_id integer, name text, version text, is_active boolean, deployed_at timestamptz,
                   deployment_predictions bigint, deployment_error double precision,
                   recent_predictions bigint, recent_error double precision, drift double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    recent_since timestamptz;
BEGIN
    PERFORM ca_check_as_of(model_drift.as_of);
    PERFORM ca_check_span('recent', model_drift.recent);
    IF model_drift.metric IS NULL OR model_drift.metric NOT IN ('mape', 'smape', 'mae', 'rmse', 'miss_rate') THEN
        RAISE EXCEPTION 'unknown metric'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(model_drift.metric, 'NULL')),
                  HINT = 'Metrics are mape, smape, mae, rmse and miss_rate.';
    END IF;
    recent_since := ca_earlier(model_drift.as_of, model_drift.recent);

    RETURN QUERY
        WITH scored AS MATERIALIZED (
            -- a price whose square is beyond double precision makes the error unknown
            SELECT p.ai_models_id AS id, p.is_accurate, t.target,
                   ca_bounded_double(p.actual_price, 1e140) AS actual_price,
                   ca_bounded_double(p.predicted_price, 1e140) AS predicted_price,
                   p.predicted_price NOT BETWEEN -1e140 AND 1e140
                   OR p.predicted_price IS NOT NULL AND p.actual_price NOT BETWEEN -1e140 AND 1e140 AS diverges
            FROM predictions AS p
            CROSS JOIN LATERAL (
                SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
            WHERE p.is_realized AND p.actual_price IS NOT NULL AND t.target < model_drift.as_of AND isfinite(t.target)
              AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
        ), deployment AS (
            SELECT s.id, min(s.target) AS since, ca_earlier(min(s.target), - model_drift.recent) AS until
            FROM scored AS s
            GROUP BY s.id
        ), measured AS (
            SELECT s.id, w.is_recent,
                   CASE model_drift.metric WHEN 'miss_rate' THEN count(s.is_accurate)
                                           ELSE count(s.diverges) END AS predictions,
                   CASE
                       WHEN model_drift.metric = 'miss_rate' THEN 1 - avg(s.is_accurate::integer)::double precision
                       WHEN bool_or(s.diverges) THEN NULL
                       ELSE CASE model_drift.metric
                                WHEN 'mape' THEN mape(s.actual_price, s.predicted_price)
                                WHEN 'smape' THEN smape(s.actual_price, s.predicted_price)
                                WHEN 'mae' THEN mae(s.actual_price, s.predicted_price)
                                WHEN 'rmse' THEN rmse(s.actual_price, s.predicted_price) END
                   END AS error
            FROM scored AS s
            JOIN deployment AS d ON d.id = s.id
            CROSS JOIN LATERAL (VALUES (false, s.target < d.until),
                                       (true, s.target >= recent_since)) AS w (is_recent, counts)
            WHERE w.counts
            GROUP BY s.id, w.is_recent
        )
        SELECT m.id, m.name::text, m.version::text, m.is_active, d.since,
               coalesce(f.predictions, 0), f.error, coalesce(r.predictions, 0), r.error,
               -- overlapping spans cannot be compared
               CASE WHEN d.until <= recent_since THEN r.error / nullif(f.error, 0) - 1 END
        FROM ai_models AS m
        LEFT JOIN deployment AS d ON d.id = m.id
        LEFT JOIN measured AS f ON f.id = m.id AND NOT f.is_recent
        LEFT JOIN measured AS r ON r.id = m.id AND r.is_recent
        ORDER BY m.id;
END;
$$;
COMMENT ON FUNCTION model_drift(text, interval, timestamptz) IS
    'error of every model over its latest predictions relative to that over its first: 0.25 is a quarter worse; NULL if either is unknown or the two overlap';
