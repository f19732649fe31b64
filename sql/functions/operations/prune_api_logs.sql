-- Deleting API logs that have been rolled up. docs/guide/rules.md has the rules.

CREATE FUNCTION ca_period_total(aggregation_level text, metric text, period_start timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.metric_value
    FROM analytics_data AS a
    WHERE a.aggregation_level = ca_period_total.aggregation_level
      AND a.metric_name = ca_period_total.metric
      AND a.dimensions ? 'rolled_up_from'
      AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
      AND a.dimensions ->> 'period_start' = ca_period('external_api_logs', ca_period_total.period_start) ->> 'period_start'
      AND a.dimensions = ca_period('external_api_logs', ca_period_total.period_start);
END;
COMMENT ON FUNCTION ca_period_total(text, text, timestamptz) IS
    'metric of all API calls of a period, without breakdown; NULL if it is not rolled up';

CREATE FUNCTION ca_api_requests(since timestamptz, until timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT sum(a.metric_value)
    FROM analytics_data AS a
    WHERE a.aggregation_level = 'hourly'
      AND a.metric_name = 'requests'
      AND a.dimensions ? 'rolled_up_from'
      AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
      AND a.dimensions ->> 'period_start' >= ca_period('external_api_logs', ca_api_requests.since) ->> 'period_start'
      AND a.dimensions ->> 'period_start' < ca_period('external_api_logs', ca_api_requests.until) ->> 'period_start'
      AND NOT a.dimensions ? 'provider';
END;
COMMENT ON FUNCTION ca_api_requests(timestamptz, timestamptz) IS
    'number of API calls in [since, until) according to the rolled-up hours; NULL if there are none';

CREATE FUNCTION ca_prune_hours(since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    -- nothing to note: pruned calls stay rolled up
    SET cryptoanalytics.moving = 'on'
BEGIN ATOMIC
    -- one snapshot for all: a call that is logged meanwhile is neither counted nor deleted
    WITH hour AS MATERIALIZED (
        SELECT timeframe_bucket('1h', l.created_at) AS hour_start, count(*) AS calls
        FROM external_api_logs AS l
        WHERE l.created_at >= ca_prune_hours.since AND l.created_at < ca_prune_hours.until
        GROUP BY timeframe_bucket('1h', l.created_at)
    ), period AS MATERIALIZED (
        SELECT DISTINCT v.aggregation_level, timeframe_bucket(v.timeframe, h.hour_start) AS period_start,
               timeframe_end(v.timeframe, h.hour_start) AS period_end
        FROM hour AS h
        CROSS JOIN ca_aggregation_levels() AS v
    ), counter AS MATERIALIZED (
        -- of hours whose counter another session holds, nothing is pruned
        SELECT p.aggregation_level, p.period_start
        FROM period AS p
        CROSS JOIN LATERAL (
            SELECT
            FROM analytics_data AS a
            WHERE a.aggregation_level = p.aggregation_level
              AND a.metric_name = 'pruned_requests'
              AND a.dimensions ? 'rolled_up_from'
              AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
              AND a.dimensions ->> 'period_start' = ca_period('external_api_logs', p.period_start) ->> 'period_start'
              AND a.dimensions = ca_period('external_api_logs', p.period_start)
            FOR NO KEY UPDATE SKIP LOCKED) AS a
    ), settled AS MATERIALIZED (
        SELECT p.*
        FROM period AS p
        CROSS JOIN LATERAL (
            SELECT ca_period_total(p.aggregation_level, 'requests', p.period_start) AS requests,
                   ca_period_total(p.aggregation_level, 'pruned_requests', p.period_start) IS NOT NULL AS pruned) AS t
        WHERE CASE WHEN p.aggregation_level = 'hourly' THEN NOT t.pruned
                   WHEN t.pruned THEN (p.aggregation_level, p.period_start)
                                      IN (SELECT c.aggregation_level, c.period_start FROM counter AS c)
                   ELSE t.requests = ca_api_requests(p.period_start, p.period_end) END
    ), ready AS MATERIALIZED (
        -- IN without a join: one would be a nested loop if few hours were expected
        SELECT h.hour_start
        FROM hour AS h
        WHERE h.calls = ca_period_total('hourly', 'requests', h.hour_start)
          AND (SELECT bool_and((v.aggregation_level, timeframe_bucket(v.timeframe, h.hour_start))
                               IN (SELECT s.aggregation_level, s.period_start FROM settled AS s))
               FROM ca_aggregation_levels() AS v)
    ), free AS MATERIALIZED (
        -- an hour is deleted as a whole: an hour with a call that another session holds is left to the next run
        SELECT l.id, timeframe_bucket('1h', l.created_at) AS hour_start
        FROM external_api_logs AS l
        WHERE l.created_at >= ca_prune_hours.since AND l.created_at < ca_prune_hours.until
          AND (timeframe_bucket('1h', l.created_at) IN (SELECT r.hour_start FROM ready AS r)) IS TRUE
        FOR UPDATE SKIP LOCKED
    ), whole AS MATERIALIZED (
        SELECT x.hour_start, sum(x.calls) AS calls, array_agg(x.id) FILTER (WHERE x.id IS NOT NULL) AS ids
        FROM (SELECT h.hour_start, h.calls, NULL::integer AS id FROM hour AS h
              UNION ALL
              SELECT f.hour_start, 0, f.id FROM free AS f) AS x
        GROUP BY x.hour_start
        HAVING sum(x.calls) = count(x.id)
    ), gone AS (
        DELETE FROM external_api_logs AS l
        WHERE l.id = ANY (ARRAY(SELECT i.id FROM whole AS w CROSS JOIN LATERAL unnest(w.ids) AS i (id)))
        RETURNING l.id
    ), noted AS (
        INSERT INTO analytics_data AS a (category, metric_name, metric_value, dimensions, aggregation_level)
        SELECT 'api_usage', 'pruned_requests', sum(p.calls), ca_period('external_api_logs', p.period_start), p.aggregation_level
        FROM (SELECT v.aggregation_level, timeframe_bucket(v.timeframe, w.hour_start) AS period_start, w.calls
              FROM whole AS w
              CROSS JOIN ca_aggregation_levels() AS v) AS p
        GROUP BY p.aggregation_level, p.period_start
        ON CONFLICT (aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
                     jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
            WHERE dimensions ? 'rolled_up_from'
        DO UPDATE SET metric_value = a.metric_value + excluded.metric_value
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION ca_prune_hours(timestamptz, timestamptz) IS
    'deletes the API logs of the hours in [since, until) that are rolled up at every level, and records how many';

CREATE FUNCTION @extschema@.prune_api_logs(older_than timestamptz, batch_size integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- logs are read by time and deleted by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    cut timestamptz;
    first timestamptz;
    stop timestamptz;
    pruned bigint := 0;
BEGIN
    IF older_than IS NULL OR NOT isfinite(older_than) THEN
        RAISE EXCEPTION 'older_than must be a finite time'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(older_than::text, 'NULL')),
                  HINT = 'To keep 90 days: now() - interval ''90 days''.',
                  TABLE = 'external_api_logs', COLUMN = 'created_at';
    END IF;
    PERFORM ca_check_batch_size(batch_size);
    PERFORM ca_lock_roll_up('external_api_logs');
    cut := timeframe_bucket('1h', older_than);
    -- the earliest days belong to a month that begins before the first timestamp
    SELECT timeframe_bucket('1h', min(l.created_at)) INTO first
    FROM external_api_logs AS l
    WHERE l.created_at > '4000-01-01 00:00+00 BC';
    -- hours that cannot be pruned do not stand in the way of later ones
    WHILE pruned = 0 AND first < cut LOOP
        SELECT timeframe_end('1h', l.created_at) INTO stop
        FROM external_api_logs AS l
        WHERE l.created_at >= first AND l.created_at < cut
        ORDER BY l.created_at
        OFFSET batch_size - 1 LIMIT 1;
        stop := coalesce(stop, cut);
        pruned := ca_prune_hours(first, stop);
        first := stop;
    END LOOP;
    RETURN pruned;
END;
$$;
COMMENT ON FUNCTION prune_api_logs(timestamptz, integer) IS
    'deletes API logs of whole hours before older_than, the oldest first, as many hours as hold batch_size rows, and only hours that are rolled up by hour, day, week and month; returns the number of rows, 0 if there is nothing left to prune';
