-- API logs and user activities rolled up into analytics_data by hour, day, week and month in UTC, and
-- API logs pruned. docs/rules.md has the rules.

-- btree: pruning goes from the oldest on, and leaves space that new rows fill, so that in a while a
-- range of blocks would hold rows of any age
CREATE INDEX external_api_logs_created_at_idx ON external_api_logs (created_at);
COMMENT ON INDEX external_api_logs_created_at_idx IS
    'the calls of a period, and the oldest';

-- brin: an audit trail only grows, in the order of time, and is read a period at a time
CREATE INDEX user_activities_created_at_idx ON user_activities USING brin (created_at)
    WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON INDEX user_activities_created_at_idx IS
    'the activities of a period';

-- What is rolled up names its source and the start of its period in dimensions, as there is no
-- other column; two hashes of 64 bits stand for all of them, which may be too long for an index.
CREATE UNIQUE INDEX analytics_data_rolled_up_key ON analytics_data (
        aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
        jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
    WHERE dimensions ? 'rolled_up_from';
COMMENT ON INDEX analytics_data_rolled_up_key IS
    'one value a metric, period and breakdown of what is rolled up; serves the periods of a metric';

CREATE FUNCTION ca_aggregation_levels() RETURNS TABLE (aggregation_level text, timeframe text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
BEGIN ATOMIC
    VALUES ('hourly', '1h'), ('daily', '1d'), ('weekly', '1w'), ('monthly', '1M');
END;
COMMENT ON FUNCTION ca_aggregation_levels() IS
    'the levels of analytics_data and the timeframes whose boundaries they have';

CREATE FUNCTION ca_period(source text, period_start timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('rolled_up_from', source,
                              'period_start', to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
COMMENT ON FUNCTION ca_period(text, timestamptz) IS
    'dimensions of what is rolled up for a period, whatever the session''s time zone; a breakdown adds to them';

CREATE FUNCTION ca_api_call_failed(http_method text, response_status integer, error_message text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN error_message IS NOT NULL OR coalesce(response_status >= 400, http_method IS NOT NULL);
COMMENT ON FUNCTION ca_api_call_failed(text, integer, text) IS
    'whether an API call failed: it has an error, a status of 400 or more, or no response, which a stream need not have';

CREATE FUNCTION ca_endpoint(endpoint text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(ca_endpoint.endpoint, '[?#].*$', ''), '^([a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/]*@', '\1//');
COMMENT ON FUNCTION ca_endpoint(text) IS
    'an endpoint without its query string, fragment, user and password, which may be or hold the key to it';

CREATE FUNCTION ca_api_error(message text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(ca_api_error.message, '([^\s?])\?[^\s?''"<>)]+', '\1?...', 'g'), '//[^\s/@]*@', '//...@', 'g');
COMMENT ON FUNCTION ca_api_error(text) IS
    'the error of an API call without query strings, users and passwords of the addresses in it';

CREATE FUNCTION ca_api_log_metrics(timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (period_start timestamptz, breakdown jsonb, metric text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT g.period_start, jsonb_strip_nulls(jsonb_build_object('provider', g.api_provider, 'endpoint', g.endpoint)),
           m.metric, m.value
    FROM (
        SELECT l.period_start, l.api_provider, l.endpoint, count(*) AS requests,
               count(*) FILTER (WHERE l.failed) AS errors,
               percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY l.milliseconds) AS milliseconds
        FROM (
            SELECT timeframe_bucket(ca_api_log_metrics.timeframe, x.created_at) AS period_start,
                   x.api_provider, ca_endpoint(x.endpoint) AS endpoint, x.response_time_ms::double precision AS milliseconds,
                   ca_api_call_failed(x.http_method, x.response_status, x.error_message) AS failed
            FROM external_api_logs AS x
            WHERE x.created_at >= ca_api_log_metrics.since AND x.created_at < ca_api_log_metrics.until
              AND isfinite(x.created_at)) AS l
        GROUP BY GROUPING SETS ((l.period_start, l.api_provider, l.endpoint), (l.period_start, l.api_provider),
                                (l.period_start))) AS g
    CROSS JOIN LATERAL (VALUES
        ('requests', g.requests::numeric), ('errors', g.errors), ('error_rate', g.errors::numeric / g.requests),
        ('response_time_p50_ms', g.milliseconds[1]::numeric),
        ('response_time_p95_ms', g.milliseconds[2]::numeric)) AS m (metric, value)
    WHERE m.value IS NOT NULL;
END;
COMMENT ON FUNCTION ca_api_log_metrics(text, timestamptz, timestamptz) IS
    'metrics of the API calls in [since, until) by period: of each endpoint, of each provider and of all; what is unknown is left out';

CREATE FUNCTION ca_activity_metrics(timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (period_start timestamptz, breakdown jsonb, metric text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT g.period_start, jsonb_strip_nulls(jsonb_build_object('activity_type', g.activity_type)), m.metric, m.value
    FROM (
        SELECT l.period_start, l.activity_type, count(*) AS activities, count(DISTINCT l.user_id) AS users,
               count(DISTINCT l.session_id) AS sessions
        FROM (
            SELECT timeframe_bucket(ca_activity_metrics.timeframe, x.created_at) AS period_start,
                   x.activity_type, x.user_id, x.session_id
            FROM user_activities AS x
            WHERE x.created_at >= ca_activity_metrics.since AND x.created_at < ca_activity_metrics.until
              AND isfinite(x.created_at)) AS l
        GROUP BY GROUPING SETS ((l.period_start, l.activity_type), (l.period_start))) AS g
    CROSS JOIN LATERAL (VALUES
        ('activities', g.activities::numeric), ('active_users', g.users), ('active_sessions', g.sessions)) AS m (metric, value);
END;
COMMENT ON FUNCTION ca_activity_metrics(text, timestamptz, timestamptz) IS
    'metrics of the user activities in [since, until) by period: of each type and of all';

CREATE FUNCTION ca_lock_roll_up(source text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_lock_work('roll-up of ' || ca_lock_roll_up.source);
END;
COMMENT ON FUNCTION ca_lock_roll_up(text) IS
    'locks rolling up and pruning a table to the end of the transaction';

CREATE FUNCTION ca_roll_up(source text, category text, aggregation_level text, since timestamptz, as_of timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    timeframe CONSTANT text := (SELECT l.timeframe FROM ca_aggregation_levels() AS l
                                WHERE l.aggregation_level = ca_roll_up.aggregation_level);
    first timestamptz := since;
    stop timestamptz;
    pruned timestamptz[];
    written bigint;
BEGIN
    IF timeframe IS NULL THEN
        RAISE EXCEPTION 'aggregation_level must be hourly, daily, weekly or monthly'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(aggregation_level, 'NULL')),
                  HINT = 'Periods are those of UTC; weeks start on Monday.';
    END IF;
    PERFORM ca_check_as_of(as_of);
    PERFORM ca_check_range(since, as_of);
    -- what the one before has written is seen from here on
    PERFORM ca_lock_roll_up(source);
    IF first IS NULL THEN
        -- the last period once more, for rows that were not committed yet
        SELECT (a.dimensions ->> 'period_start')::timestamptz INTO first
        FROM analytics_data AS a
        WHERE a.aggregation_level = ca_roll_up.aggregation_level
          AND a.metric_name IN ('requests', 'activities')
          AND a.dimensions ? 'rolled_up_from'
          AND a.dimensions ->> 'rolled_up_from' = source
        ORDER BY a.dimensions ->> 'period_start' DESC
        LIMIT 1;
    END IF;
    first := coalesce(CASE WHEN isfinite(first) THEN timeframe_bucket(timeframe, first) END, '-infinity');
    stop := timeframe_bucket(timeframe, as_of);
    -- what has been pruned from cannot be counted again
    pruned := ARRAY(SELECT (a.dimensions ->> 'period_start')::timestamptz
                    FROM analytics_data AS a
                    WHERE a.aggregation_level = ca_roll_up.aggregation_level
                      AND a.metric_name = 'pruned_requests'
                      AND a.dimensions ? 'rolled_up_from'
                      AND a.dimensions ->> 'rolled_up_from' = source);

    INSERT INTO analytics_data AS a (category, metric_name, metric_value, dimensions, aggregation_level)
    SELECT ca_roll_up.category, m.metric, m.value, ca_period(source, m.period_start) || m.breakdown,
           ca_roll_up.aggregation_level
    FROM (SELECT * FROM ca_api_log_metrics(timeframe, first, stop) AS l WHERE source = 'external_api_logs'
          UNION ALL
          SELECT * FROM ca_activity_metrics(timeframe, first, stop) AS l WHERE source = 'user_activities') AS m
    WHERE m.period_start <> ALL (pruned)
    ON CONFLICT (aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
                 jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
        WHERE dimensions ? 'rolled_up_from'
    DO UPDATE SET metric_value = excluded.metric_value
    WHERE a.metric_value <> excluded.metric_value;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_roll_up(text, text, text, timestamptz, timestamptz) IS
    'writes the metrics of a table''s ended periods into analytics_data and returns how many are new or changed';

CREATE FUNCTION roll_up_api_logs(aggregation_level text, since timestamptz DEFAULT NULL,
                                 as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN ca_roll_up('external_api_logs', 'api_usage', aggregation_level, since, as_of);
COMMENT ON FUNCTION roll_up_api_logs(text, timestamptz, timestamptz) IS
    'requests, errors, error_rate and p50 and p95 of the response time for every period that had ended, from that of since or else from the last one rolled up; how many values are new or changed';

CREATE FUNCTION roll_up_activities(aggregation_level text, since timestamptz DEFAULT NULL,
                                   as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN ca_roll_up('user_activities', 'user_behavior', aggregation_level, since, as_of);
COMMENT ON FUNCTION roll_up_activities(text, timestamptz, timestamptz) IS
    'activities, active_users and active_sessions for every period that had ended, from that of since or else from the last one rolled up; how many values are new or changed';
