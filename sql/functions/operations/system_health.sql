-- The state of the system, computed from facts. docs/guide/rules.md has the formula of the score.

CREATE FUNCTION ca_candle_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT a.symbol, t.code, t.place, c.candle_time,
               extract(epoch FROM ca_candle_health.as_of - timeframe_end(t.code, c.candle_time)) AS age,
               timeframe_count(t.code, timeframe_end(t.code, c.candle_time),
                               timeframe_bucket(t.code, ca_candle_health.as_of)) AS missing
        FROM assets AS a
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            -- the last candle that had closed by then
            SELECT p.candle_time
            FROM price_data AS p
            WHERE p.asset_id = a.id
              AND p.timeframe = t.code
              AND p.candle_time < timeframe_bucket(t.code, ca_candle_health.as_of)
            ORDER BY p.candle_time DESC
            LIMIT 1) AS c
        WHERE a.is_active AND a.is_supported
    ), summary AS (
        SELECT s.code, s.place, count(*) AS series, count(*) FILTER (WHERE s.missing <= 1) AS fresh,
               min(s.age) AS newest, max(s.age) AS oldest
        FROM series AS s
        GROUP BY s.code, s.place
    ), stale AS (
        SELECT s.*
        FROM series AS s
        WHERE s.missing > 1
        ORDER BY s.missing DESC, s.symbol, s.place
        LIMIT 20
    )
    SELECT jsonb_build_object(
               'series', (SELECT count(*) FROM series),
               'fresh', (SELECT count(*) FROM series AS s WHERE s.missing <= 1),
               'by_timeframe', (SELECT jsonb_object_agg(m.code, jsonb_build_object(
                                           'series', m.series, 'fresh', m.fresh,
                                           'newest_age_seconds', m.newest, 'oldest_age_seconds', m.oldest))
                                FROM summary AS m),
               'stalest', (SELECT jsonb_agg(jsonb_build_object('symbol', l.symbol, 'timeframe', l.code,
                                                               'age_seconds', l.age, 'missing_candles', l.missing)
                                            ORDER BY l.missing DESC, l.symbol, l.place)
                           FROM stale AS l));
END;
COMMENT ON FUNCTION ca_candle_health(timestamptz) IS
    'age of the newest closed candle of each series in price_data: by timeframe, and the 20 series that lag most';

CREATE FUNCTION ca_task_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'pending', p.tasks, 'oldest_pending_seconds', extract(epoch FROM ca_task_health.as_of - p.since),
               'running', r.tasks, 'oldest_running_seconds', extract(epoch FROM ca_task_health.as_of - r.since),
               'completed_last_day', e.completed, 'failed_last_day', e.failed, 'mean_seconds_last_day', e.seconds)
    FROM (SELECT count(*) AS tasks, min(t.created_at) FILTER (WHERE isfinite(t.created_at)) AS since
          FROM background_tasks AS t
          WHERE t.status = 'pending' AND t.created_at <= ca_task_health.as_of
            AND t.task_name NOT LIKE 'maintain %') AS p
    CROSS JOIN (SELECT count(*) AS tasks, min(t.started_at) FILTER (WHERE isfinite(t.started_at)) AS since
                FROM background_tasks AS t
                WHERE t.status = 'running' AND t.task_name NOT LIKE 'maintain %') AS r
    CROSS JOIN (SELECT count(*) FILTER (WHERE t.status = 'completed') AS completed,
                       count(*) FILTER (WHERE t.status = 'failed') AS failed,
                       round(avg(t.execution_time_seconds), 3) AS seconds
                FROM background_tasks AS t
                WHERE t.status IN ('completed', 'failed')
                  AND t.task_name NOT LIKE 'maintain %'
                  AND t.completed_at > ca_earlier(ca_task_health.as_of, '1 day')
                  AND t.completed_at <= ca_task_health.as_of) AS e;
END;
COMMENT ON FUNCTION ca_task_health(timestamptz) IS
    'tasks that wait and run, and those that ended within a day, without the steps of maintain()';

CREATE FUNCTION ca_maintenance_health() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'steps', count(*), 'running', count(*) FILTER (WHERE r.status = 'running'),
               'failed', count(*) FILTER (WHERE r.status = 'failed'),
               'failed_steps', jsonb_agg(r.step ORDER BY r.step COLLATE "C") FILTER (WHERE r.status = 'failed'))
    FROM maintenance_runs AS r;
END;
COMMENT ON FUNCTION ca_maintenance_health() IS
    'the last runs of the steps of maintain(): how many there are, run and have failed, and which failed';

CREATE FUNCTION ca_api_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- one row per provider, and one without a name for all
    WITH calls AS MATERIALIZED (
        SELECT l.api_provider, count(*) AS requests,
               count(*) FILTER (WHERE ca_api_call_failed(l.http_method, l.response_status, l.error_message)) AS errors,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY ca_response_time(l.response_time_ms)) AS p95
        FROM external_api_logs AS l
        WHERE l.created_at > ca_earlier(ca_api_health.as_of, '1 hour') AND l.created_at <= ca_api_health.as_of
        GROUP BY GROUPING SETS ((l.api_provider), ())
    )
    SELECT jsonb_build_object(
               'requests_last_hour', c.requests, 'errors_last_hour', c.errors,
               'error_rate', round(c.errors::numeric / nullif(c.requests, 0), 6), 'response_time_p95_ms', c.p95,
               'providers', (SELECT jsonb_object_agg(p.api_provider, jsonb_build_object(
                                        'requests', p.requests, 'errors', p.errors,
                                        'error_rate', round(p.errors::numeric / p.requests, 6),
                                        'response_time_p95_ms', p.p95))
                             FROM calls AS p
                             WHERE p.api_provider IS NOT NULL))
    FROM calls AS c
    WHERE c.api_provider IS NULL;
END;
COMMENT ON FUNCTION ca_api_health(timestamptz) IS
    'API calls of the hour before a moment, with errors and the p95 of the response time, in all and by provider';

CREATE FUNCTION ca_model_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'active_models', (SELECT count(*) FROM ai_models AS m WHERE m.is_active),
               'predictions_overdue', o.predictions,
               'oldest_overdue_seconds', extract(epoch FROM ca_model_health.as_of - o.since),
               'scored_last_day', s.predictions)
    FROM (SELECT count(*) AS predictions,
                 min(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon)) AS since
          FROM predictions AS p
          WHERE NOT p.is_realized
            AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
            AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) > '-infinity'
            AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon)
                <= ca_earlier(ca_model_health.as_of, '1 hour')) AS o
    CROSS JOIN (SELECT coalesce(sum(e.predictions), 0) AS predictions
                FROM ai_models AS m
                -- from the index by model
                CROSS JOIN LATERAL (
                    SELECT count(*) AS predictions
                    FROM predictions AS p
                    WHERE p.ai_models_id = m.id
                      AND p.evaluated_at > ca_earlier(ca_model_health.as_of, '1 day')
                      AND p.evaluated_at <= ca_model_health.as_of
                      AND p.is_realized) AS e) AS s;
END;
COMMENT ON FUNCTION ca_model_health(timestamptz) IS
    'active models, predictions that have been due for more than an hour and are not scored, and those scored within a day';

CREATE FUNCTION ca_database_health() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH member AS MATERIALIZED (
        SELECT c.relname, pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS index_bytes,
               pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead
        FROM pg_extension AS e
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                               AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
        JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'r'
        WHERE e.extname = 'cryptoanalytics'
    )
    SELECT jsonb_build_object(
               'database_bytes', pg_database_size(current_database()),
               'connections', (SELECT count(*) FROM pg_stat_activity AS a WHERE a.datname = current_database()),
               'live_rows', sum(m.live), 'dead_rows', sum(m.dead),
               'table_bytes', sum(m.bytes), 'index_bytes', sum(m.index_bytes),
               'tables', jsonb_object_agg(m.relname, jsonb_build_object('bytes', m.bytes, 'index_bytes', m.index_bytes,
                                                                        'live_rows', m.live, 'dead_rows', m.dead)))
    FROM member AS m;
END;
COMMENT ON FUNCTION ca_database_health() IS
    'sizes of the extension''s tables and indexes, and live and dead rows according to the statistics';

CREATE FUNCTION ca_error_log(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_build_object('source', e.source, 'id', e.id, 'time', e.failed_at, 'name', e.name, 'message', e.message)
                     ORDER BY e.failed_at DESC, e.source, e.id DESC)
    FROM (
        (SELECT 'background_tasks' AS source, t.id::bigint AS id, t.completed_at AS failed_at, t.task_name::text AS name,
                t.error_message AS message
         FROM background_tasks AS t
         WHERE t.status = 'failed'
           AND t.completed_at > ca_earlier(ca_error_log.as_of, '1 day') AND t.completed_at <= ca_error_log.as_of
         ORDER BY t.completed_at DESC, t.id DESC
         LIMIT 10)
        UNION ALL
        (SELECT 'external_api_logs', l.id, l.created_at, l.api_provider || ' ' || ca_endpoint(l.endpoint),
                ca_api_error(l.error_message)
         FROM external_api_logs AS l
         WHERE ca_api_call_failed(l.http_method, l.response_status, l.error_message)
           AND l.created_at > ca_earlier(ca_error_log.as_of, '1 hour') AND l.created_at <= ca_error_log.as_of
         ORDER BY l.created_at DESC, l.id DESC
         LIMIT 10)) AS e;
END;
COMMENT ON FUNCTION ca_error_log(timestamptz) IS
    'the last ten tasks that failed within the last day, and the last ten API calls that failed within the last hour';

CREATE FUNCTION ca_health_weights() RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '{"candles": 3, "predictions": 2, "tasks": 2, "api": 2, "rows": 1}'::jsonb;
COMMENT ON FUNCTION ca_health_weights() IS
    'weight of each part of the health score';

CREATE FUNCTION ca_health_score(parts jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(100 * sum(w.value::numeric * (ca_health_score.parts ->> w.key)::numeric) / sum(w.value::numeric), 2)
    FROM jsonb_each_text(ca_health_weights()) AS w
    WHERE ca_health_score.parts ->> w.key IS NOT NULL;
END;
COMMENT ON FUNCTION ca_health_score(jsonb) IS
    'weighted mean of the known parts, each from 0 to 1, times 100; NULL if none is known';

CREATE FUNCTION @extschema@.record_system_health(as_of timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    candles jsonb;
    tasks jsonb;
    api jsonb;
    models jsonb;
    database jsonb;
    parts jsonb;
    recorded integer;
BEGIN
    PERFORM ca_check_as_of(as_of);
    candles := ca_candle_health(as_of);
    tasks := ca_task_health(as_of);
    api := ca_api_health(as_of);
    models := ca_model_health(as_of);
    database := ca_database_health();
    -- a share of nothing is NULL: unknown
    SELECT jsonb_object_agg(p.part, round(p.good / nullif(p.good + p.bad, 0), 6)) INTO parts
    FROM (VALUES
        ('candles', (candles ->> 'fresh')::numeric, (candles ->> 'series')::numeric - (candles ->> 'fresh')::numeric),
        ('predictions', (models ->> 'scored_last_day')::numeric, (models ->> 'predictions_overdue')::numeric),
        ('tasks', (tasks ->> 'completed_last_day')::numeric, (tasks ->> 'failed_last_day')::numeric),
        ('api', (api ->> 'requests_last_hour')::numeric - (api ->> 'errors_last_hour')::numeric, (api ->> 'errors_last_hour')::numeric),
        ('rows', (database ->> 'live_rows')::numeric, (database ->> 'dead_rows')::numeric)) AS p (part, good, bad);

    INSERT INTO system_health (check_time, api_status, database_status, ml_models_status, data_pipeline_status,
                               overall_health_score, performance_metrics, error_logs)
    VALUES (as_of, api, database, models, jsonb_build_object('candles', candles, 'tasks', tasks, 'maintenance', ca_maintenance_health()),
            ca_health_score(parts), jsonb_build_object('score_parts', parts, 'score_weights', ca_health_weights()),
            ca_error_log(as_of))
    RETURNING id INTO recorded;
    RETURN recorded;
END;
$$;
COMMENT ON FUNCTION record_system_health(timestamptz) IS
    'writes a row of system_health from facts, with ages and rates up to as_of, and returns its id';
