-- API logs and activities are rolled up, and API logs are pruned.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'Asia/Tehran';
SET datestyle = 'ISO';
BEGIN;
INSERT INTO external_api_logs (api_provider, endpoint, http_method, response_status, response_time_ms, error_message, created_at)
VALUES ('binance', '/klines', 'GET', 200, 10, NULL, '2024-01-01 00:00+00'),
       ('binance', '/klines', 'GET', 200, 40, NULL, '2024-01-01 00:10+00'),
       ('binance', '/klines', 'GET', 429, 20, NULL, '2024-01-01 00:20+00'),
       ('binance', '/klines', 'GET', 200, 30, 'truncated', '2024-01-01 00:30+00'),
       ('binance', '/klines', 'GET', NULL, 100, NULL, '2024-01-01 00:59:59.999999+00'),
       ('binance', '/stream', NULL, NULL, NULL, NULL, '2024-01-01 00:40+00'),
       ('coingecko', '/coins', 'GET', 200, 50, NULL, '2024-01-01 01:00+00'),
       ('coingecko', '/coins', 'GET', 200, 70, NULL, '2024-01-01 02:30+00');
CREATE TEMP VIEW rolled_up AS
    SELECT category, aggregation_level AS level, dimensions ->> 'period_start' AS period_start,
           dimensions - 'rolled_up_from' - 'period_start' AS breakdown, metric_name AS metric, trim_scale(round(metric_value, 6)) AS value
    FROM analytics_data ORDER BY 2, 3, 4, 5;

-- At 02:15 two hours had ended. /klines has 5 calls, of which a status of 429, an error, and no response are 3 errors.
-- Of 10 20 30 40 100 the median is 30, and p95 is at place 0.95 * 4 = 3.8: 40 + 0.8 * 60 = 88. The stream has no
-- response to wait for, and no times. That makes 5 values for /klines, 3 for /stream, 5 for binance and 5 for all in
-- the first hour, and 5 each for /coins, coingecko and all in the second: 33.
SELECT roll_up_api_logs('hourly', as_of => '2024-01-01 02:15+00');
TABLE rolled_up;
-- A second call gives the same.
SELECT roll_up_api_logs('hourly', as_of => '2024-01-01 02:15+00');
-- Late calls are found. In the second hour there is 70 beside 50: requests, p50 and p95 change, 3 values each for the
-- endpoint, the provider and all: 9. In the first hour a provider and its endpoint are new, with 5 values each,
-- and requests, error_rate, p50 and p95 of all change: 14.
INSERT INTO external_api_logs (api_provider, endpoint, http_method, response_status, response_time_ms, created_at)
VALUES ('coingecko', '/coins', 'GET', 200, 70, '2024-01-01 01:30+00'), ('coingecko', '/coins', 'GET', 200, 8, '2024-01-01 00:30+00');
SELECT roll_up_api_logs('hourly', as_of => '2024-01-01 02:15+00');
-- With since, nothing is left to do. 8 10 20 30 40 100 have a median of 25, and p95 is 40 + 0.75 * 60 = 85.
SELECT roll_up_api_logs('hourly', '2024-01-01 00:30+00', '2024-01-01 02:15+00');
SELECT * FROM rolled_up WHERE period_start = '2024-01-01T00:00:00Z' AND breakdown = '{}';
-- The third hour, once it has ended.
SELECT roll_up_api_logs('hourly', as_of => '2024-01-01 02:59:59+00'), roll_up_api_logs('hourly', as_of => '2024-01-01 03:00+00');

-- The day and the week from Monday 2024-01-01, and the month.
SELECT l, roll_up_api_logs(l, as_of => '2024-01-31 23:00+00') AS written FROM unnest(ARRAY['daily', 'weekly', 'monthly']) AS l;
SELECT level, period_start, metric, value FROM rolled_up WHERE level <> 'hourly' AND breakdown = '{}' AND metric = 'requests';

-- The month is not rolled up, so nothing is pruned.
SELECT prune_api_logs('2024-02-15 00:00+00');
SELECT roll_up_api_logs('monthly', as_of => '2024-02-01 00:00+00') > 0 AS written;
-- The second hour has a call that was not counted, and stays. One hour per batch, the oldest first: 7, then 1.
INSERT INTO external_api_logs (api_provider, endpoint, created_at) VALUES ('coingecko', '/coins', '2024-01-01 01:45+00');
SELECT prune_api_logs('2024-01-01 00:59+00'), prune_api_logs('2024-02-15 00:00+00', 1);
SELECT prune_api_logs('2024-02-15 00:00+00');
SELECT prune_api_logs('2024-02-15 00:00+00');
SELECT created_at AT TIME ZONE 'UTC' AS created_at FROM external_api_logs ORDER BY created_at;
-- Now it is counted, and the second hour is pruned too: 3; day, week and month stay as they are.
SELECT roll_up_api_logs('hourly', '-infinity', '2024-02-15 00:00+00') > 0 AS written;
SELECT roll_up_api_logs(l, '-infinity', '2024-02-15 00:00+00') AS written FROM unnest(ARRAY['daily', 'weekly', 'monthly']) AS l;
SELECT prune_api_logs('2024-02-15 00:00+00'), (SELECT count(*) FROM external_api_logs) AS logs;
SELECT * FROM rolled_up WHERE metric IN ('requests', 'pruned_requests') AND breakdown = '{}';
-- A call for an hour that was pruned is neither counted nor pruned.
INSERT INTO external_api_logs (api_provider, endpoint, created_at) VALUES ('coingecko', '/coins', '2024-01-01 02:45+00');
SELECT roll_up_api_logs('hourly', '-infinity', '2024-02-15 00:00+00'), prune_api_logs('2024-02-15 00:00+00');

-- Values without rows are deleted. In hour 5 a call of /a becomes one of /b: 3 values of /a are deleted (it has no
-- times), 3 of /b are new: 6. In hour 6 the only call is deleted, with 3 values each for the endpoint, the provider
-- and all: 9.
DELETE FROM external_api_logs;
SELECT roll_up_api_logs('hourly', as_of => '2024-02-15 00:00+00');
INSERT INTO external_api_logs (id, api_provider, endpoint, created_at)
VALUES (1, 'p', '/a', '2024-01-04 05:00+00'), (2, 'p', '/a', '2024-01-04 06:00+00'), (3, 'p', '/a', '2024-01-04 07:00+00');
SELECT roll_up_api_logs('hourly', as_of => '2024-02-15 00:00+00');
UPDATE external_api_logs SET endpoint = '/b' WHERE id = 1;
SELECT roll_up_api_logs('hourly', as_of => '2024-02-15 00:00+00');
DELETE FROM external_api_logs WHERE id = 2;
SELECT roll_up_api_logs('hourly', as_of => '2024-02-15 00:00+00');
-- A call that moves to another hour changes both: 9 values are deleted, 9 are new.
UPDATE external_api_logs SET created_at = '2024-01-04 08:00+00' WHERE id = 3;
SELECT roll_up_api_logs('hourly', as_of => '2024-02-15 00:00+00');
SELECT period_start, breakdown, value FROM rolled_up WHERE metric = 'requests' AND level = 'hourly' AND period_start >= '2024-01-04';
SELECT roll_up_api_logs(l, as_of => '2024-02-15 00:00+00') > 0 AS written FROM unnest(ARRAY['daily', 'weekly', 'monthly']) AS l;
-- What was pruned stays as it is: hour 5, its day and its month. Of hour 8 the 9 values are deleted.
SELECT prune_api_logs('2024-01-04 06:00+00');
DELETE FROM external_api_logs;
SELECT roll_up_api_logs(l, as_of => '2024-02-15 00:00+00') FROM unnest(ARRAY['hourly', 'daily', 'weekly', 'monthly']) AS l;
SELECT level, period_start, metric, value FROM rolled_up
WHERE breakdown = '{}' AND metric IN ('requests', 'pruned_requests') AND period_start >= '2024-01-04' OR level = 'monthly' AND breakdown = '{}' AND metric LIKE '%requests';
SELECT count(*) AS notes FROM roll_up_notes;

-- In parts, as maintain() does it: 120 calls of as many hours, 50 and one more hour at a time.
INSERT INTO external_api_logs (api_provider, endpoint, created_at)
SELECT 'p', '/c', timestamptz '2024-03-01 00:00+00' + i * interval '1 hour' FROM generate_series(0, 119) AS i;
DELETE FROM roll_up_notes;
SELECT r.* FROM generate_series(1, 4) AS i CROSS JOIN LATERAL cryptoanalytics_internal.ca_roll_up('external_api_logs', 'api_usage', 'hourly', NULL, '2024-04-01 00:00+00', 50 + 0 * i) AS r;

-- An endpoint counts without its query string, which may hold a key.
INSERT INTO external_api_logs (api_provider, endpoint, created_at)
SELECT 'q', e, '2024-05-01 00:00+00' FROM unnest(ARRAY['/k?apikey=secret', '/k#top', '/k', 'https://me:secret@example.org/k?x=1', '/k?a=?b']) AS e;
SELECT roll_up_api_logs('hourly', as_of => '2024-05-02 00:00+00');
SELECT breakdown, value FROM rolled_up WHERE metric = 'requests' AND period_start = '2024-05-01T00:00:00Z';
-- Response times out of range stay as they are, and count as 10^9 and 0: of 0, 5 and 10^9 the median is 5, and p95
-- is 5 + 0.9 * (10^9 - 5); 5 values each for the endpoint, the provider and all.
DELETE FROM external_api_logs;
DELETE FROM analytics_data;
INSERT INTO external_api_logs (api_provider, endpoint, response_time_ms, created_at)
SELECT 'q', '/', t, '2024-06-01 00:00+00' FROM unnest('{1e400,1e-400,5}'::numeric[]) AS t;
SELECT roll_up_api_logs('hourly', as_of => '2024-06-01 01:00+00');
SELECT breakdown, metric, value FROM rolled_up WHERE metric ~ '^response' AND period_start = '2024-06-01T00:00:00Z';
SELECT round((cryptoanalytics_internal.ca_api_health('2024-06-01 00:30+00') ->> 'response_time_p95_ms')::numeric, 3) AS p95;
SELECT count(*) FROM external_api_logs WHERE response_time_ms = 1e400;
DELETE FROM external_api_logs;

-- Activities of January 1: a login of each user and two views of one user, in two sessions; on the 2nd, one view.
-- 3 values each for login, asset and all on the 1st, and for asset and all on the 2nd: 15.
DELETE FROM analytics_data;
INSERT INTO users (id, email, password_hash) VALUES (1, 'r1@example.org', 'x'), (2, 'r2@example.org', 'x');
INSERT INTO user_sessions (id, user_id, session_token) VALUES (1, 1, 'r1'), (2, 2, 'r2'), (3, 1, 'r3');
INSERT INTO user_activities (user_id, session_id, activity_type, action, created_at)
VALUES (1, 1, 'login', 'create', '2024-01-01 00:00+00'), (2, 2, 'login', 'create', '2024-01-01 12:00+00'),
       (1, 1, 'asset', 'view', '2024-01-01 12:00+00'), (1, 3, 'asset', 'view', '2024-01-01 23:59+00'),
       (2, 2, 'asset', 'view', '2024-01-02 00:00+00');
SELECT roll_up_activities('daily', as_of => '2024-01-03 00:00+00');
TABLE rolled_up;
SELECT roll_up_activities('daily', as_of => '2024-01-03 00:00+00'), roll_up_activities('weekly', as_of => '2024-01-07 23:59+00');

-- What is refused.
\set ON_ERROR_ROLLBACK on
SELECT roll_up_api_logs('yearly');
SELECT roll_up_activities(NULL);
SELECT roll_up_api_logs('daily', as_of => NULL);
SELECT roll_up_api_logs('daily', '2024-01-02', '2024-01-01');
SELECT roll_up_api_logs('daily', 'infinity', '2024-01-01');
SELECT prune_api_logs(NULL);
SELECT prune_api_logs('infinity');
SELECT prune_api_logs('2024-01-01', 0);
ROLLBACK;
