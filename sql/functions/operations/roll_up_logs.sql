-- API logs and user activities rolled up into analytics_data by hour, day, week and month in UTC, and
-- API logs pruned. docs/guide/rules.md has the rules.

-- btree: pruning starts with the oldest rows and leaves space that new rows fill, so that after a while
-- a range of blocks would hold rows of any age
CREATE INDEX external_api_logs_created_at_idx ON external_api_logs (created_at);
COMMENT ON INDEX external_api_logs_created_at_idx IS
    'the calls of a period, and the oldest';

-- brin: an audit trail only grows, in the order of time, and is read one period at a time
CREATE INDEX user_activities_created_at_idx ON user_activities USING brin (created_at)
    WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON INDEX user_activities_created_at_idx IS
    'the activities of a period';

-- Rolled-up values have their source and the start of their period in dimensions, because there is no
-- other column; two hashes of 64 bits represent the dimensions, which may be too long for an index.
CREATE UNIQUE INDEX analytics_data_rolled_up_key ON analytics_data (
        aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
        jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
    WHERE dimensions ? 'rolled_up_from';
COMMENT ON INDEX analytics_data_rolled_up_key IS
    'one rolled-up value per metric, period and breakdown; serves the periods of a metric';

-- How far each level has been rolled up.  A row that was written before its period had ended, and
-- committed after the period was rolled up, is only seen by a second read: periods from open_from on
-- are read again until the transactions that ran then (below the barrier) have ended.
CREATE TABLE @extschema@.roll_up_marks (
    source varchar NOT NULL,
    aggregation_level varchar NOT NULL,
    rolled_until timestamptz,
    open_from timestamptz,
    barrier bigint,
    CONSTRAINT roll_up_marks_pkey PRIMARY KEY (source, aggregation_level),
    CONSTRAINT roll_up_marks_source_check
        CHECK (source IN ('external_api_logs', 'user_activities')),
    CONSTRAINT roll_up_marks_aggregation_level_check
        CHECK (aggregation_level IN ('hourly', 'daily', 'weekly', 'monthly'))
) WITH (fillfactor = 20);
-- transaction numbers of another server mean nothing here: after a restore everything is rolled up again
SELECT pg_catalog.pg_extension_config_dump('roll_up_marks', 'WHERE false');

COMMENT ON TABLE roll_up_marks IS
    'How far API logs and activities have been rolled up, for each level';
COMMENT ON COLUMN roll_up_marks.source IS 'Table that is rolled up';
COMMENT ON COLUMN roll_up_marks.aggregation_level IS 'Level: hourly, daily, weekly or monthly';
COMMENT ON COLUMN roll_up_marks.rolled_until IS 'End of the last period that is rolled up';
COMMENT ON COLUMN roll_up_marks.open_from IS 'Start of the first period that is read once more';
COMMENT ON COLUMN roll_up_marks.barrier IS 'First transaction that had not started when periods were last rolled up';

-- Periods that changed after they had ended.  A session that writes such a row leaves a note, or locks
-- an existing one, so that it outlives a roll-up that cannot see the row yet.  Nobody waits.
CREATE TABLE @extschema@.roll_up_notes (
    note uuid NOT NULL DEFAULT gen_random_uuid(),
    source varchar NOT NULL,
    aggregation_level varchar NOT NULL,
    period_start timestamptz NOT NULL,
    CONSTRAINT roll_up_notes_pkey PRIMARY KEY (note),
    CONSTRAINT roll_up_notes_aggregation_level_check
        CHECK (aggregation_level IN ('hourly', 'daily', 'weekly', 'monthly'))
);
-- restored rows leave notes themselves
SELECT pg_catalog.pg_extension_config_dump('roll_up_notes', 'WHERE false');

COMMENT ON TABLE roll_up_notes IS
    'Periods whose API logs or activities changed after their end; the next roll-up of the level deletes its notes';
COMMENT ON COLUMN roll_up_notes.note IS 'Primary key; of no sequence, which a restore would set back';
COMMENT ON COLUMN roll_up_notes.source IS 'Table whose rows changed';
COMMENT ON COLUMN roll_up_notes.aggregation_level IS 'Level: hourly, daily, weekly or monthly';
COMMENT ON COLUMN roll_up_notes.period_start IS 'Start of the period';

CREATE INDEX roll_up_notes_period_idx ON roll_up_notes (source, aggregation_level, period_start);
COMMENT ON INDEX roll_up_notes_period_idx IS
    'the notes of a level, the oldest period first';

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
    'dimensions of the values rolled up for a period, independent of the session''s time zone; a breakdown adds to them';

CREATE FUNCTION ca_api_call_failed(http_method text, response_status integer, error_message text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN error_message IS NOT NULL OR coalesce(response_status >= 400, http_method IS NOT NULL);
COMMENT ON FUNCTION ca_api_call_failed(text, integer, text) IS
    'whether an API call failed: it has an error, a status of 400 or more, or, unless it is a stream, no response';

CREATE FUNCTION ca_endpoint(endpoint text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(ca_endpoint.endpoint, '[?#].*$', ''), '^([a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/]*@', '\1//');
COMMENT ON FUNCTION ca_endpoint(text) IS
    'an endpoint without its query string, fragment, user and password, which may contain a key';

CREATE FUNCTION ca_api_error(message text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(ca_api_error.message, '([^\s?])\?[^\s?''"<>)]+', '\1?...', 'g'), '//[^\s/@]*@', '//...@', 'g');
COMMENT ON FUNCTION ca_api_error(text) IS
    'the error of an API call without query strings, users and passwords of the addresses in it';

-- A response time that a client has logged by mistake stays as it is, and must not cause an error: a
-- double can hold neither 1e400 nor 1e-400.
CREATE FUNCTION ca_response_time(milliseconds numeric) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN milliseconds >= 1e-300 THEN least(milliseconds, 1000000000) ELSE 0 END::double precision;
COMMENT ON FUNCTION ca_response_time(numeric) IS
    'response time of an API call as roll-ups and health checks count it: at most 10^9 ms';

CREATE FUNCTION ca_note_logs() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET enable_seqscan = off
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    -- as text, for which the index can be used: TG_TABLE_NAME is a name
    changed CONSTANT text := TG_TABLE_NAME;
BEGIN
    IF current_setting('cryptoanalytics.moving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO roll_up_notes (source, aggregation_level, period_start)
    SELECT changed, p.aggregation_level, p.period_start
    FROM (SELECT DISTINCT l.aggregation_level, timeframe_bucket(l.timeframe, h.hour_start) AS period_start
          FROM (SELECT DISTINCT timeframe_bucket('1h', c.created_at) AS hour_start
                FROM changed_rows AS c
                -- the first timestamps have no month of their own
                WHERE c.created_at < timeframe_bucket('1h', moment) AND c.created_at >= timestamptz '4713-01-01 00:00+00 BC') AS h
          CROSS JOIN ca_aggregation_levels() AS l
          WHERE timeframe_end(l.timeframe, h.hour_start) <= moment) AS p
    WHERE NOT EXISTS (
        SELECT
        FROM roll_up_notes AS n
        WHERE n.source = changed AND n.aggregation_level = p.aggregation_level
          AND n.period_start = p.period_start
        FOR KEY SHARE SKIP LOCKED);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_logs() IS
    'trigger: notes the ended periods whose rows changed; it runs with its owner''s rights because whoever logs needs no right to the notes';
REVOKE EXECUTE ON FUNCTION ca_note_logs() FROM PUBLIC;

CREATE TRIGGER external_api_logs_note_insert
    AFTER INSERT ON external_api_logs
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_insert ON external_api_logs IS
    'a call that is logged late is noted for the roll-ups';

CREATE TRIGGER external_api_logs_note_delete
    AFTER DELETE ON external_api_logs
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_delete ON external_api_logs IS
    'a call that is deleted, but not pruned, is noted for the roll-ups';

CREATE TRIGGER external_api_logs_note_old
    AFTER UPDATE ON external_api_logs
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_old ON external_api_logs IS
    'the period that a changed call was in is noted for the roll-ups';

CREATE TRIGGER external_api_logs_note_new
    AFTER UPDATE ON external_api_logs
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_new ON external_api_logs IS
    'the period that a changed call is in is noted for the roll-ups';

-- activities that are deleted, with their user or because they are old, stay in the rolled-up values
CREATE TRIGGER user_activities_note_insert
    AFTER INSERT ON user_activities
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER user_activities_note_insert ON user_activities IS
    'an activity that comes late is noted for the roll-ups';

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
                   x.api_provider, ca_endpoint(x.endpoint) AS endpoint, ca_response_time(x.response_time_ms) AS milliseconds,
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
    'metrics of the API calls in [since, until) by period: of each endpoint without its query, of each provider and of all; unknown metrics are left out';

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
    'locks rolling up and pruning a table until the end of the transaction';

CREATE FUNCTION ca_next_transaction() RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'ca_next_transaction';
COMMENT ON FUNCTION ca_next_transaction() IS
    'number of the next transaction; all transactions that have begun to write have lower numbers';

CREATE FUNCTION ca_oldest_running(snapshot pg_snapshot, next bigint) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    -- no transaction from xmax on had ended
    SELECT min(x.number)
    FROM (SELECT p.xid::text::bigint AS number
          FROM pg_snapshot_xip(ca_oldest_running.snapshot) AS p (xid)
          UNION ALL
          -- at least one of these two is another transaction
          SELECT pg_snapshot_xmax(ca_oldest_running.snapshot)::text::bigint + g.place
          FROM generate_series(0, 1) AS g (place)) AS x
    WHERE x.number < ca_oldest_running.next
      AND x.number IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint;
END;
COMMENT ON FUNCTION ca_oldest_running(pg_snapshot, bigint) IS
    'the first transaction before the next one that ran, other than this one; NULL if there was none';

CREATE FUNCTION ca_roll_up_mark(
    source text, aggregation_level text, timeframe text, mark roll_up_marks, first timestamptz, stop timestamptz,
    running bigint, next bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- a period that has not ended by the clock leaves no notes yet
    rolled CONSTANT timestamptz := least(stop, timeframe_bucket(timeframe, clock_timestamp()));
    open timestamptz;
BEGIN
    open := CASE WHEN running IS NULL THEN rolled
                 -- a number that this server has not assigned yet comes from another server
                 WHEN mark.barrier <= running OR mark.barrier > next THEN mark.rolled_until
                 ELSE first END;
    -- a transaction is considered for a day at most
    open := least(rolled, greatest(open, timeframe_bucket(timeframe, clock_timestamp() - interval '24 hours')));
    INSERT INTO roll_up_marks AS m (source, aggregation_level, rolled_until, open_from, barrier)
    VALUES (source, aggregation_level, rolled, open, next)
    ON CONFLICT ON CONSTRAINT roll_up_marks_pkey DO UPDATE
    SET rolled_until = excluded.rolled_until, open_from = excluded.open_from, barrier = excluded.barrier
    WHERE (m.rolled_until, m.open_from) IS DISTINCT FROM (excluded.rolled_until, excluded.open_from)
       OR excluded.open_from < excluded.rolled_until;
END;
$$;
COMMENT ON FUNCTION ca_roll_up_mark(text, text, text, roll_up_marks, timestamptz, timestamptz, bigint, bigint) IS
    'records how far a level is rolled up, and from where on it must be read again';

CREATE FUNCTION ca_roll_up(
    source text, category text, aggregation_level text, since timestamptz, as_of timestamptz, most bigint,
    OUT written bigint, OUT more boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    timeframe CONSTANT text := (SELECT l.timeframe FROM ca_aggregation_levels() AS l
                                WHERE l.aggregation_level = ca_roll_up.aggregation_level);
    metrics CONSTANT text[] := CASE source
        WHEN 'external_api_logs' THEN '{requests,errors,error_rate,response_time_p50_ms,response_time_p95_ms}'
        ELSE '{activities,active_users,active_sessions}' END;
    next bigint;
    running bigint;
    mark roll_up_marks;
    first timestamptz := since;
    stop timestamptz;
    noted timestamptz[];
    pruned text[];
    taken bigint;
    left_over bigint;
    -- about as many rows at each level
    limit_of_notes CONSTANT integer :=
        ('{48,7,2,1}'::integer[])[array_position('{hourly,daily,weekly,monthly}', aggregation_level)];
BEGIN
    IF timeframe IS NULL THEN
        RAISE EXCEPTION 'aggregation_level must be hourly, daily, weekly or monthly'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(aggregation_level, 'NULL')),
                  HINT = 'Periods are those of UTC; weeks start on Monday.',
                  TABLE = 'analytics_data', COLUMN = 'aggregation_level';
    END IF;
    PERFORM ca_check_as_of(as_of);
    PERFORM ca_check_range(since, as_of);
    -- from here on, what the previous holder has written is visible
    PERFORM ca_lock_roll_up(source);
    stop := timeframe_bucket(timeframe, as_of);
    IF since IS NULL THEN
        next := ca_next_transaction();
        running := ca_oldest_running(pg_current_snapshot(), next);
        SELECT m.* INTO mark
        FROM roll_up_marks AS m
        WHERE m.source = ca_roll_up.source AND m.aggregation_level = ca_roll_up.aggregation_level
          -- periods whose values were deleted by hand are rolled up again
          AND EXISTS (SELECT
                      FROM analytics_data AS a
                      WHERE a.aggregation_level = ca_roll_up.aggregation_level
                        AND a.metric_name = metrics[1]
                        AND a.dimensions ? 'rolled_up_from'
                        AND a.dimensions ->> 'rolled_up_from' = source);
        first := mark.open_from;
    END IF;
    first := coalesce(CASE WHEN isfinite(first) THEN timeframe_bucket(timeframe, first) END, '-infinity');
    -- no more rows than the limit, but at least one period
    more := false;
    IF most IS NOT NULL AND source = 'external_api_logs' THEN
        SELECT timeframe_bucket(timeframe, l.created_at), true INTO stop, more
        FROM (SELECT x.created_at
              FROM external_api_logs AS x
              WHERE x.created_at >= first AND x.created_at < stop AND isfinite(x.created_at)
              ORDER BY x.created_at
              OFFSET most LIMIT 1) AS l
        WHERE timeframe_bucket(timeframe, l.created_at) < stop;
        IF more THEN
            SELECT greatest(stop, timeframe_end(timeframe, l.created_at)) INTO stop
            FROM external_api_logs AS l
            WHERE l.created_at >= first AND isfinite(l.created_at)
            ORDER BY l.created_at
            LIMIT 1;
        ELSE
            more := false;
            stop := timeframe_bucket(timeframe, as_of);
        END IF;
    END IF;

    -- before the rows are read: a row that is committed later keeps its note, or leaves one
    WITH taken AS (
        DELETE FROM roll_up_notes AS n
        WHERE n.note = ANY (ARRAY(
            SELECT x.note
            FROM roll_up_notes AS x
            WHERE x.source = ca_roll_up.source
              AND x.aggregation_level = ca_roll_up.aggregation_level
              AND x.period_start < stop
              AND (ca_roll_up.since IS NULL OR x.period_start >= first)
            ORDER BY x.period_start, x.note
            LIMIT CASE WHEN most IS NOT NULL THEN limit_of_notes END
            FOR UPDATE SKIP LOCKED))
        RETURNING n.period_start)
    SELECT array_agg(DISTINCT t.period_start) FILTER (WHERE t.period_start < first), count(*)
    INTO noted, taken
    FROM taken AS t;
    -- a pruned period cannot be counted again
    pruned := ARRAY(SELECT a.dimensions ->> 'period_start'
                    FROM analytics_data AS a
                    WHERE a.aggregation_level = ca_roll_up.aggregation_level
                      AND a.metric_name = 'pruned_requests'
                      AND a.dimensions ? 'rolled_up_from'
                      AND a.dimensions ->> 'rolled_up_from' = source);

    WITH range AS MATERIALIZED (
        SELECT first AS since, stop AS until WHERE first < stop
        UNION ALL
        SELECT n.period_start, timeframe_end(timeframe, n.period_start) FROM unnest(noted) AS n (period_start)
    ), computed AS MATERIALIZED (
        SELECT m.metric, m.value, p.period || m.breakdown AS dimensions
        FROM (SELECT l.* FROM range AS r CROSS JOIN LATERAL ca_api_log_metrics(timeframe, r.since, r.until) AS l
              WHERE source = 'external_api_logs'
              UNION ALL
              SELECT l.* FROM range AS r CROSS JOIN LATERAL ca_activity_metrics(timeframe, r.since, r.until) AS l
              WHERE source = 'user_activities') AS m
        CROSS JOIN LATERAL (SELECT ca_period(source, m.period_start) AS period) AS p
        WHERE p.period ->> 'period_start' NOT IN (SELECT u.period_start FROM unnest(pruned) AS u (period_start))
    ), stored AS (
        SELECT a.id, a.metric_name, a.metric_value, a.dimensions
        FROM analytics_data AS a
        WHERE a.aggregation_level = ca_roll_up.aggregation_level
          AND a.metric_name = ANY (metrics)
          AND a.dimensions ? 'rolled_up_from'
          AND a.dimensions ->> 'rolled_up_from' = source
          AND a.dimensions ->> 'period_start' >= CASE WHEN first = '-infinity' THEN ''
                                                      ELSE ca_period(source, first) ->> 'period_start' END
          AND a.dimensions ->> 'period_start' < ca_period(source, stop) ->> 'period_start'
        UNION ALL
        SELECT a.id, a.metric_name, a.metric_value, a.dimensions
        FROM unnest(noted) AS n (period_start)
        CROSS JOIN unnest(metrics) AS m (metric)
        CROSS JOIN LATERAL (
            SELECT x.id, x.metric_name, x.metric_value, x.dimensions
            FROM analytics_data AS x
            WHERE x.aggregation_level = ca_roll_up.aggregation_level
              AND x.metric_name = m.metric
              AND x.dimensions ? 'rolled_up_from'
              AND x.dimensions ->> 'rolled_up_from' = source
              AND x.dimensions ->> 'period_start' = ca_period(source, n.period_start) ->> 'period_start'
            OFFSET 0) AS a
    ), due AS MATERIALIZED (
        -- values that are new, changed or without rows; no join, and no hash table that may be too large: either
        -- would compare each value with each
        SELECT max(v.id) AS id, v.metric, v.dimensions, max(v.value) AS value
        FROM (SELECT s.id, s.metric_name AS metric, s.metric_value AS was, s.dimensions, NULL::numeric AS value FROM stored AS s
              UNION ALL
              SELECT NULL, c.metric, NULL, c.dimensions, c.value FROM computed AS c) AS v
        GROUP BY v.metric, v.dimensions
        HAVING max(v.was) IS DISTINCT FROM max(v.value)
           AND v.dimensions ->> 'period_start' NOT IN (SELECT u.period_start FROM unnest(pruned) AS u (period_start))
    ), free AS MATERIALIZED (
        -- a value that another session holds is left to the next roll-up
        SELECT d.id, d.metric, d.dimensions, d.value
        FROM due AS d
        CROSS JOIN LATERAL (SELECT FROM analytics_data AS a WHERE a.id = d.id FOR UPDATE SKIP LOCKED) AS a
    ), gone AS (
        DELETE FROM analytics_data AS a
        WHERE a.id = ANY (ARRAY(SELECT f.id FROM free AS f WHERE f.value IS NULL))
        RETURNING a.id
    ), written AS (
        INSERT INTO analytics_data AS a (category, metric_name, metric_value, dimensions, aggregation_level)
        SELECT ca_roll_up.category, w.metric, w.value, w.dimensions, ca_roll_up.aggregation_level
        FROM (SELECT d.metric, d.dimensions, d.value FROM due AS d WHERE d.id IS NULL
              UNION ALL
              SELECT f.metric, f.dimensions, f.value FROM free AS f WHERE f.value IS NOT NULL) AS w
        ON CONFLICT (aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
                     jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
            WHERE dimensions ? 'rolled_up_from'
        DO UPDATE SET metric_value = excluded.metric_value
        WHERE a.metric_value <> excluded.metric_value
        RETURNING a.id
    ), held AS (
        INSERT INTO roll_up_notes (source, aggregation_level, period_start)
        SELECT ca_roll_up.source, ca_roll_up.aggregation_level, (h.dimensions ->> 'period_start')::timestamptz
        FROM (SELECT d.id, d.dimensions, 1 AS due FROM due AS d WHERE d.id IS NOT NULL
              UNION ALL
              SELECT f.id, f.dimensions, -1 FROM free AS f) AS h
        GROUP BY h.dimensions ->> 'period_start'
        HAVING sum(h.due) > 0
        RETURNING note
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written), (SELECT count(*) FROM held)
    INTO written, left_over;
    -- what is held is no reason to begin again at once
    more := more OR most IS NOT NULL AND taken >= limit_of_notes AND left_over < taken;

    IF since IS NULL AND stop >= coalesce(mark.rolled_until, '-infinity') THEN
        PERFORM ca_roll_up_mark(source, aggregation_level, timeframe, mark, first, stop, running, next);
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_roll_up(text, text, text, timestamptz, timestamptz, bigint) IS
    'writes the metrics of a table''s ended periods into analytics_data, from a limited number of rows if requested, deletes values without rows, and returns how many are new, changed or gone, and whether there is more to do; a value that another session holds is left, with a note, to the next roll-up';

CREATE FUNCTION @extschema@.roll_up_api_logs(aggregation_level text, since timestamptz DEFAULT NULL,
                                 as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN (ca_roll_up('external_api_logs', 'api_usage', aggregation_level, since, as_of, NULL)).written;
COMMENT ON FUNCTION roll_up_api_logs(text, timestamptz, timestamptz) IS
    'rolls up requests, errors, error_rate and p50 and p95 of the response time for every period that had ended, from since on, or else those that are new or have changed, and returns how many values are new, changed or gone';

CREATE FUNCTION @extschema@.roll_up_activities(aggregation_level text, since timestamptz DEFAULT NULL,
                                   as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN (ca_roll_up('user_activities', 'user_behavior', aggregation_level, since, as_of, NULL)).written;
COMMENT ON FUNCTION roll_up_activities(text, timestamptz, timestamptz) IS
    'rolls up activities, active_users and active_sessions for every period that had ended, from since on, or else those that are new or have changed, and returns how many values are new, changed or gone';

CREATE FUNCTION ca_roll_up_part(source text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    category CONSTANT text := CASE source WHEN 'external_api_logs' THEN 'api_usage' ELSE 'user_behavior' END;
    level text;
    part record;
    written bigint := 0;
BEGIN
    FOR level IN SELECT l.aggregation_level FROM ca_aggregation_levels() AS l LOOP
        SELECT r.written, r.more INTO part FROM ca_roll_up(source, category, level, NULL, as_of, 50000) AS r;
        written := written + part.written;
        IF part.more THEN
            RETURN greatest(written, 1);
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_roll_up_part(text, timestamptz) IS
    'step of maintain(): rolls up API logs or activities, all levels, some 50000 rows at a time, and returns how many values are new, changed or gone; 0 when there is nothing left to do';
