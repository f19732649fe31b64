-- Tasks keep to their statuses, roll-ups equal what plain SQL gives, and pruning loses no call.
BEGIN;
SELECT plan(23);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'America/New_York';

CREATE FUNCTION draw(k integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint4extended(k, 0) % n + n) % n)::integer $$;

-- Every change of status, and whether it is allowed.
CREATE TEMP TABLE moved (was text, becomes text, let_through boolean);
DO $$
DECLARE
    m record;
BEGIN
    FOR m IN SELECT a, b FROM unnest(ARRAY['pending', 'running', 'completed', 'failed']) AS a,
                              unnest(ARRAY['pending', 'running', 'completed', 'failed']) AS b WHERE a <> b
    LOOP
        BEGIN
            INSERT INTO background_tasks (id, task_name, task_type, status) VALUES (1, 'move', 'cleanup', m.a);
            UPDATE background_tasks SET status = m.b WHERE id = 1;
            INSERT INTO moved VALUES (m.a, m.b, true);
        EXCEPTION WHEN check_violation THEN
            INSERT INTO moved VALUES (m.a, m.b, false);
        END;
        DELETE FROM background_tasks;
    END LOOP;
END;
$$;
SELECT is((SELECT count(*) FROM moved), 12::bigint, 'there are twelve changes of status');
SELECT set_eq('SELECT was, becomes FROM moved WHERE let_through',
              $$VALUES ('pending', 'running'), ('running', 'completed'), ('running', 'failed'), ('failed', 'pending')$$,
              'four of them are legal');

INSERT INTO background_tasks (id, task_name, task_type, created_at)
SELECT i, 'law', (ARRAY['data_sync', 'model_training', 'cleanup'])[1 + i % 3], timestamptz '2024-01-01 UTC' + draw(i, 50) * interval '1 hour'
FROM generate_series(1, 100) AS i;
CREATE TEMP TABLE claimed (place integer GENERATED ALWAYS AS IDENTITY, id integer);
DO $$
DECLARE
    task background_tasks;
BEGIN
    LOOP
        task := claim_task(ARRAY['data_sync', 'cleanup'], '2024-01-02 12:00 UTC');
        EXIT WHEN task.id IS NULL;
        INSERT INTO claimed (id) VALUES (task.id);
        PERFORM finish_task(task.id, as_of => task.started_at + draw(task.id, 100000) * interval '0.001 s');
    END LOOP;
END;
$$;
SELECT results_eq('SELECT id FROM claimed ORDER BY place',
                  $$SELECT id FROM background_tasks WHERE id % 3 <> 1 AND created_at <= '2024-01-02 12:00 UTC' ORDER BY created_at, id$$,
                  'tasks of the wanted types are claimed once each, oldest first, until none is left');
SELECT is_empty($$SELECT id FROM background_tasks
                  WHERE status = 'completed' AND execution_time_seconds <> draw(id, 100000) / 1000.0$$,
                  'durations are the milliseconds that passed');
SELECT set_eq($$SELECT id FROM background_tasks WHERE status = 'completed'$$, 'SELECT id FROM claimed', 'and no other task was touched');

-- Calls of 100 days, in any order; some have no time or no response.
INSERT INTO external_api_logs (api_provider, endpoint, http_method, response_status, response_time_ms, error_message, created_at)
SELECT 'p' || draw(k, 3), '/e' || draw(k + 1, 4), CASE WHEN draw(k + 2, 10) > 0 THEN 'GET' END,
       CASE WHEN draw(k + 3, 10) > 0 THEN 200 + 100 * draw(k + 4, 4) END, CASE WHEN draw(k + 5, 10) > 0 THEN draw(k + 6, 5000) END,
       CASE WHEN draw(k + 7, 20) = 0 THEN 'broken' END,
       timestamptz '2023-12-20 UTC' + draw(k + 8, 100 * 86400) * interval '1 second'
FROM generate_series(1, 3000) AS i, LATERAL (SELECT 10 * i AS k) AS x;

-- The oracle: each breakdown by itself, percentiles by interpolation between neighbours in order.
CREATE TEMP VIEW breakdown AS
    SELECT l.*, b.breakdown
    FROM external_api_logs AS l
    CROSS JOIN LATERAL (VALUES (jsonb_build_object('provider', api_provider, 'endpoint', endpoint)),
                               (jsonb_build_object('provider', api_provider)), ('{}')) AS b (breakdown);
CREATE FUNCTION oracle(unit text, until timestamptz) RETURNS TABLE (period_start text, breakdown jsonb, metric text, value numeric)
    LANGUAGE sql AS $$
    WITH p AS (
        SELECT date_trunc(unit, b.created_at AT TIME ZONE 'UTC') AS start, b.*
        FROM breakdown AS b
        WHERE date_trunc(unit, b.created_at AT TIME ZONE 'UTC') + ('1 ' || unit)::interval <= oracle.until AT TIME ZONE 'UTC'
    ), counted AS (
        SELECT start, breakdown, count(*) AS n,
               sum(CASE WHEN error_message IS NOT NULL THEN 1 WHEN response_status IS NULL AND http_method IS NULL THEN 0
                        WHEN response_status < 400 THEN 0 ELSE 1 END) AS bad
        FROM p GROUP BY 1, 2
    ), sorted AS (
        SELECT start, breakdown, response_time_ms AS t,
               row_number() OVER (PARTITION BY start, breakdown ORDER BY response_time_ms) - 1 AS place,
               count(*) OVER (PARTITION BY start, breakdown) AS n,
               lead(response_time_ms) OVER (PARTITION BY start, breakdown ORDER BY response_time_ms) AS next
        FROM p WHERE response_time_ms IS NOT NULL
    )
    SELECT to_char(c.start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), c.breakdown, m.*
    FROM counted AS c, LATERAL (VALUES ('requests', c.n), ('errors', c.bad), ('error_rate', round(c.bad::numeric / c.n, 9))) AS m
    UNION ALL
    SELECT to_char(s.start, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), s.breakdown, q.metric,
           round(s.t + (q.share * (s.n - 1) - s.place) * coalesce(s.next - s.t, 0), 9)
    FROM sorted AS s
    JOIN (VALUES ('response_time_p50_ms', 0.50), ('response_time_p95_ms', 0.95)) AS q (metric, share)
      ON s.place = floor(q.share * (s.n - 1))
$$;
CREATE TEMP VIEW rolled_up AS
    SELECT aggregation_level AS level, dimensions ->> 'rolled_up_from' AS source, dimensions ->> 'period_start' AS period_start,
           dimensions - 'rolled_up_from' - 'period_start' AS breakdown, metric_name AS metric, round(metric_value, 9) AS value
    FROM analytics_data;

-- In steps of three days, at irregular times.
DO $$
BEGIN
    FOR i IN 0 .. 34 LOOP
        PERFORM roll_up_api_logs(l, as_of => timestamptz '2023-12-20 05:07 UTC' + i * interval '3 days')
        FROM unnest(ARRAY['hourly', 'daily', 'weekly', 'monthly']) AS l;
    END LOOP;
END;
$$;
-- The last step was at 2024-03-31 05:07.
SELECT set_eq(format($$SELECT period_start, breakdown, metric, value FROM rolled_up WHERE level = %L$$, level),
              format($$SELECT * FROM oracle(%L, '2024-03-31 05:07 UTC')$$, unit),
              format('%s values are those of plain SQL', level))
FROM (VALUES ('hourly', 'hour'), ('daily', 'day'), ('weekly', 'week'), ('monthly', 'month')) AS v (level, unit);
SELECT is((SELECT sum(roll_up_api_logs(l, '-infinity', '2024-03-31 05:07 UTC'))
           FROM unnest(ARRAY['hourly', 'daily', 'weekly', 'monthly']) AS l), 0::numeric,
          'all at once gives nothing that the steps did not');
SELECT is((SELECT count(*) FROM analytics_data), (SELECT count(DISTINCT (aggregation_level, metric_name, dimensions)) FROM analytics_data),
          'every value is there once');

-- Calls are pruned if their month and week were rolled up: before March, and before the last Monday.
CREATE TEMP TABLE all_logs AS SELECT * FROM external_api_logs;
CREATE TEMP TABLE all_values AS SELECT * FROM rolled_up;
CREATE TEMP TABLE batch (place integer GENERATED ALWAYS AS IDENTITY, pruned bigint, oldest timestamptz);
DO $$
DECLARE
    pruned bigint;
BEGIN
    LOOP
        pruned := prune_api_logs('2024-03-20 12:34 UTC', 200);
        INSERT INTO batch (pruned, oldest) SELECT pruned, min(created_at) FROM external_api_logs;
        EXIT WHEN pruned = 0;
    END LOOP;
END;
$$;
SELECT set_eq('SELECT id FROM external_api_logs', $$SELECT id FROM all_logs WHERE created_at >= '2024-03-01 UTC'$$,
              'pruning leaves the calls of the month that has not ended, and no others');
SELECT is((SELECT sum(pruned) FROM batch), (SELECT count(*) FROM all_logs WHERE created_at < '2024-03-01 UTC')::numeric, 'and says how many went');
SELECT is_empty($$SELECT * FROM batch WHERE pruned NOT BETWEEN 200 AND 220 AND place <= (SELECT max(place) - 2 FROM batch)$$,
                'in batches of 200 and what is left of the hour');
SELECT is_empty('SELECT * FROM (SELECT oldest < lag(oldest) OVER (ORDER BY place) AS back FROM batch) AS b WHERE back', 'the oldest first');
SELECT is((SELECT sum(roll_up_api_logs(l, '-infinity', '2024-03-31 05:07 UTC'))
           FROM unnest(ARRAY['hourly', 'daily', 'weekly', 'monthly']) AS l), 0::numeric,
          'rolling up again finds nothing to change');
SELECT set_eq($$SELECT * FROM rolled_up WHERE metric <> 'pruned_requests'$$, 'SELECT * FROM all_values', 'every value stands');
SELECT is((SELECT sum(value) FROM rolled_up WHERE metric = 'pruned_requests' AND level = l),
          (SELECT sum(pruned) FROM batch), format('pruned_requests of all %s periods are the calls that went', l))
FROM unnest(ARRAY['hourly', 'weekly', 'monthly']) AS l;

-- Activities.
INSERT INTO users (id, email, password_hash) SELECT i, 'law' || i || '@example.org', 'x' FROM generate_series(1, 20) AS i;
INSERT INTO user_sessions (id, user_id, session_token) SELECT i, 1 + i % 20, 'law' || i FROM generate_series(1, 50) AS i;
INSERT INTO user_activities (user_id, session_id, activity_type, action, created_at)
SELECT 1 + s % 20, s, 'a' || draw(10 * i + 1, 3), 'view', timestamptz '2024-01-01 UTC' + draw(10 * i + 2, 30 * 86400) * interval '1 second'
FROM generate_series(1, 1000) AS i, LATERAL (SELECT 1 + draw(10 * i, 50) AS s) AS x;
SELECT cmp_ok(roll_up_activities('daily', as_of => '2024-01-20 23:00 UTC'), '>', 0::bigint, 'activities are rolled up by day');
SELECT set_eq($$SELECT period_start, breakdown ->> 'activity_type', metric, value FROM rolled_up WHERE source = 'user_activities'$$, $$
    SELECT to_char(d, 'YYYY-MM-DD"T00:00:00Z"'), t, m.metric, m.value::numeric
    FROM (SELECT date_trunc('day', a.created_at AT TIME ZONE 'UTC') AS d, k.t, count(*) AS n, count(DISTINCT user_id) AS u, count(DISTINCT session_id) AS s
          FROM user_activities AS a CROSS JOIN LATERAL (VALUES (a.activity_type), (NULL)) AS k (t)
          WHERE a.created_at < '2024-01-20 UTC'
          GROUP BY 1, 2) AS x
    CROSS JOIN LATERAL (VALUES ('activities', n), ('active_users', u), ('active_sessions', s)) AS m (metric, value)
$$, 'their values are those of plain SQL');

-- Health: the score lies between the worst and the best of its parts.
SELECT is_empty($$
    SELECT p FROM (SELECT jsonb_strip_nulls(jsonb_build_object(
                       'candles', CASE WHEN draw(k, 3) > 0 THEN draw(k + 1, 101) / 100.0 END, 'api', CASE WHEN draw(k + 2, 3) > 0 THEN draw(k + 3, 101) / 100.0 END,
                       'tasks', CASE WHEN draw(k + 4, 3) > 0 THEN draw(k + 5, 101) / 100.0 END, 'rows', draw(k + 6, 101) / 100.0)) AS p
                   FROM generate_series(0, 990, 10) AS k) AS x,
         LATERAL (SELECT min(value::numeric) AS least, max(value::numeric) AS most FROM jsonb_each_text(p)) AS e
    WHERE ca_health_score(p) NOT BETWEEN 100 * least AND 100 * most
$$, 'the health score lies between the worst and the best of the parts that are known');

SELECT * FROM finish();
ROLLBACK;
