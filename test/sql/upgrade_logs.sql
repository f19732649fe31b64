-- The upgrade from 0.6.0 removes keys from what was derived from logs of APIs, and leaves everything else as it is.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET client_min_messages = warning;
SET cryptoanalytics.allow_drop = on;
SET timezone = 'UTC';
BEGIN;
DROP EXTENSION IF EXISTS cryptoanalytics;
CREATE SCHEMA logs_0_6;
CREATE EXTENSION cryptoanalytics SCHEMA logs_0_6 VERSION '0.6.0';
SET search_path = logs_0_6, public;
INSERT INTO external_api_logs (api_provider, endpoint, http_method, response_status, response_time_ms, error_message, created_at)
VALUES ('p', '/x?key=secret1', 'GET', 200, 1, NULL, '2024-01-01 00:00+00'),
       ('p', '/x?key=secret2', 'GET', 500, 2, 'GET https://me:secret3@h/x?key=secret4 failed', '2024-01-01 00:01+00'),
       ('p', '/x', 'GET', 200, 3, NULL, '2024-01-01 00:02+00'),
       ('p', '/y#secret5', 'GET', 200, 4, NULL, '2024-01-01 00:03+00'),
       ('p', 'https://me:secret6@h/z', 'GET', 500, 5, NULL, '2024-01-01 00:04+00'),
       -- as if they had numbers already, in a wrong order
       ('p', '/n?3', 'GET', 200, 6, NULL, '2024-01-01 00:05+00'),
       ('p', '/n?2', 'GET', 200, 7, NULL, '2024-01-01 00:06+00'),
       ('p', '/n?1', 'GET', 200, 8, NULL, '2024-01-01 00:07+00'),
       ('p', '/n?0', 'GET', 200, 9, NULL, '2024-01-01 00:08+00');
SELECT roll_up_api_logs('hourly', since => '2024-01-01', as_of => '2024-01-02') > 0 AS hourly;
SELECT roll_up_api_logs('daily', since => '2024-01-01', as_of => '2024-01-02') > 0 AS daily;
-- rows of a user's own, with what looks like a key
INSERT INTO analytics_data (category, metric_name, metric_value, dimensions, aggregation_level)
VALUES ('api_usage', 'mine', 1, '{"endpoint": "/x?key=mine"}', 'hourly');
SELECT record_system_health('2024-01-01 00:30+00') > 0 AS recorded;
-- neither of these is ours
INSERT INTO system_health (check_time, error_logs) VALUES
    ('2024-01-02 00:00+00', '[1, "https://me:mine@h/x?key=mine", null, {"source": "mine", "name": "/x?key=mine"}]'),
    ('2024-01-03 00:00+00', '{"source": "external_api_logs", "name": "/x?key=mine"}');
CREATE TEMP TABLE before AS
    SELECT a.id, a.category, a.metric_name, a.metric_value, a.dimensions - 'endpoint' AS others,
           a.dimensions ->> 'endpoint' AS endpoint, a.aggregation_level, a.created_at
    FROM analytics_data AS a;
CREATE TEMP TABLE logs AS TABLE external_api_logs;

ALTER EXTENSION cryptoanalytics UPDATE;

-- Endpoints: all rows and values are there, without keys.
SELECT count(*) AS kept
FROM before AS b
JOIN analytics_data AS a USING (id, category, metric_name, metric_value, created_at)
WHERE a.dimensions - 'endpoint' = b.others AND a.aggregation_level = b.aggregation_level
HAVING count(*) = (SELECT count(*) FROM before);
SELECT count(*) AS keys FROM analytics_data WHERE dimensions::text ~ 'secret';
SELECT b.endpoint AS before, a.dimensions ->> 'endpoint' AS after, a.metric_value AS p50
FROM before AS b
JOIN analytics_data AS a USING (id)
WHERE b.endpoint IS NOT NULL AND a.metric_name IN ('mine', 'response_time_p50_ms') AND a.aggregation_level = 'hourly'
ORDER BY a.metric_value, b.endpoint;
-- Errors of health checks.
SELECT e.error ->> 'name' AS name, e.error ->> 'message' AS message
FROM system_health AS h
CROSS JOIN LATERAL jsonb_array_elements(h.error_logs) AS e (error)
WHERE h.check_time = '2024-01-01 00:30+00'
ORDER BY e.error ->> 'time';
SELECT error_logs FROM system_health WHERE check_time > '2024-01-01 00:30+00' ORDER BY check_time;
-- The logs themselves, with query strings.
SELECT count(*) FROM (TABLE logs EXCEPT TABLE external_api_logs) AS l;

-- The first roll-up counts the endpoints as one.
SELECT roll_up_api_logs('hourly') > 0 AS hourly;
SELECT dimensions ->> 'endpoint' AS endpoint, metric_value AS requests
FROM analytics_data
WHERE metric_name = 'requests' AND aggregation_level = 'hourly'
ORDER BY dimensions ->> 'endpoint' COLLATE "C";
ROLLBACK;
