-- Logins, sessions, subscriptions, deletion and purging.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
BEGIN;
INSERT INTO users (id, email, password_hash, subscription_plan, subscription_expires_at)
VALUES (1, 'one@example.org', 'x', 'pro', '2024-01-31 00:00+00'), (2, 'two@example.org', 'x', 'basic', NULL);

-- Four failures do not lock the account, and a success resets them: 0 failures, one login.
SELECT record_login(1, false, '2024-01-01 12:00+00') FROM generate_series(1, 4);
SELECT failed_login_attempts, lockout_expires FROM users WHERE id = 1;
SELECT record_login(1, true, '2024-01-01 12:01+00');
SELECT failed_login_attempts, lockout_expires, login_count, last_login FROM users WHERE id = 1;

-- The fifth failure in a row locks it for 30 minutes, until 12:32.
SELECT count(record_login(1, false, '2024-01-01 12:02+00')) FROM generate_series(1, 5);
SELECT failed_login_attempts, lockout_expires FROM users WHERE id = 1;
-- Meanwhile even the right password fails; that counts, and does not prolong the lock.
SELECT record_login(1, true, '2024-01-01 12:31:59+00');
SELECT failed_login_attempts, lockout_expires, login_count FROM users WHERE id = 1;
-- At 12:32 the lock has expired: a failure is the first again.
SELECT record_login(1, false, '2024-01-01 12:32+00');
SELECT failed_login_attempts, lockout_expires FROM users WHERE id = 1;
SELECT record_login(1, true, '2024-01-01 12:33+00');

-- Both numbers are settings: here the second failure locks for an hour.
SET LOCAL cryptoanalytics.max_failed_logins = 2;
SET LOCAL cryptoanalytics.lockout_period = '1h';
SELECT record_login(2, false, '2024-01-01 12:00+00') FROM generate_series(1, 2);
SELECT failed_login_attempts, lockout_expires FROM users WHERE id = 2;

-- Session tokens are compared exactly, and are valid until they expire at 13:00.
SELECT open_session(1, 'Token', 'r1', '2024-01-01 13:00+00', moment => '2024-01-01 12:40+00') IS NOT NULL AS opened;
SELECT t AS token, m AS moment, session_is_valid(t, '2024-01-01'::date + m AT TIME ZONE 'UTC') AS valid
FROM (VALUES (1, 'Token', time '12:59:59'), (2, 'Token', '13:00'), (3, 'token', '12:50'), (4, 'Token ', '12:50'), (5, NULL, '12:50')) AS v (place, t, m)
ORDER BY place;
SELECT session_holder('Token', '2024-01-01 12:50+00');
-- At an unknown moment, a session with an end is not valid, and a plan with an end is unknown.
SELECT session_is_valid('Token', NULL), effective_plan(1, NULL), effective_plan(2, NULL);
-- A refresh token works once, and only together with its session's token.
SELECT refresh_session('Token', 'r2', 'T2', 'r2', '2024-01-01 14:00+00', moment => '2024-01-01 12:50+00') IS NULL AS refused;
SELECT refresh_session('Token', 'r1', 'T2', 'r2', '2024-01-01 14:00+00', moment => '2024-01-01 12:50+00') IS NOT NULL AS refreshed;
SELECT refresh_session('Token', 'r1', 'T3', 'r3', moment => '2024-01-01 12:50+00') IS NULL AS refused;
SELECT session_is_valid('Token', '2024-01-01 12:51+00') AS old, session_is_valid('T2', '2024-01-01 13:59+00') AS new;
-- Without a new end, a refreshed session keeps its end, 14:00.
SELECT refresh_session('T2', 'r2', 'T3', 'r3', moment => '2024-01-01 12:52+00') IS NOT NULL AS refreshed;
SELECT expires_at FROM user_sessions WHERE session_token = 'T3';
SELECT refresh_session('T3', 'r3', 'T2', 'r2', moment => '2024-01-01 12:53+00') IS NOT NULL AS refreshed;
-- A session ends once.
SELECT end_session('T2', moment => '2024-01-01 13:00+00'), end_session('unknown');
SELECT end_session('T2', moment => '2024-01-01 13:00+00'), session_is_valid('T2', '2024-01-01 13:00+00');
SELECT activity_type, action, created_at FROM user_activities ORDER BY id;

-- A plan that expires on the 31st counts as free from then on; one without an end stays.
SELECT effective_plan(1, '2024-01-30 23:59+00'), effective_plan(1, '2024-01-31+00'), effective_plan(2, '2099-01-01+00');

-- Deleting a user keeps the rows and ends the session; a second deletion does nothing.
SELECT open_session(1, 'T4', moment => '2024-01-02+00') IS NOT NULL AS opened;
SELECT delete_user(1, 2, '2024-01-03+00');
SELECT delete_user(1, NULL, '2024-01-04+00');
SELECT deleted_at, deleted_by FROM users WHERE id = 1;
SELECT session_token, is_active FROM user_sessions ORDER BY id;
SELECT record_login(1, true, '2024-01-05+00');

-- Purging deletes a session without activities that expired before the given time, and keeps later ones. A session
-- with a trail stays without tokens, device and address.
UPDATE user_sessions SET device_info = '{"browser": "x"}', ip_address = '192.0.2.1' WHERE session_token = 'T2';
INSERT INTO user_sessions (user_id, session_token, expires_at)
VALUES (2, 'old', '2024-01-02+00'), (2, 'later', '2024-01-03+00');
SELECT * FROM purge_sessions('2024-01-03+00', moment => '2024-01-03+00');
SELECT regexp_replace(session_token, '^purged [-0-9a-f]{36}$', 'purged UUID') AS token, refresh_token, device_info, ip_address, is_active, expires_at
FROM user_sessions ORDER BY id;
-- A purged token is not valid, and a second purge finds nothing to do.
SELECT count(session_holder(session_token, '2024-01-01+00')) FROM user_sessions WHERE session_token LIKE 'purged%';
SELECT * FROM purge_sessions('2024-01-03+00', moment => '2024-01-03+00');
-- Every activity is still there and names its session.
SELECT activity_type, entity_id = session_id AS told FROM user_activities ORDER BY id;
-- The trail of T2 ended on 2024-01-01 13:00: it is deleted with its session, but not one moment earlier.
SELECT * FROM purge_sessions('2024-01-03+00', '2024-01-01 13:00+00', '2024-01-03+00');
SELECT * FROM purge_sessions('2024-01-03+00', '2024-01-01 13:00:01+00', '2024-01-03+00');
SELECT activity_type FROM user_activities ORDER BY id;
-- T4 ended just now, when its user was deleted; seen from tomorrow it is old.
SELECT * FROM purge_sessions(now() + interval '1 hour', moment => now() + interval '1 day');

-- Five wrong passwords stop new logins, but nobody who is signed in is logged out.
SAVEPOINT locked;
INSERT INTO users (id, email, password_hash) VALUES (3, 'three@example.org', 'x');
SET LOCAL cryptoanalytics.max_failed_logins = 5;
SELECT open_session(3, 'L1', 'l1', '2024-02-01 13:00+00', moment => '2024-02-01 12:00+00') IS NOT NULL AS opened;
SELECT count(*) FILTER (WHERE record_login(3, false, '2024-02-01 12:01+00')) FROM generate_series(1, 5);
SELECT lockout_expires, session_holder('L1', '2024-02-01 12:02+00'), record_login(3, true, '2024-02-01 12:02+00') FROM users WHERE id = 3;
SELECT refresh_session('L1', 'l1', 'L2', 'l2', moment => '2024-02-01 12:02+00') IS NOT NULL AS refreshed;
-- Clearing the lock clears the count: four more failures do not lock, the fifth does.
UPDATE users SET lockout_expires = NULL WHERE id = 3 RETURNING failed_login_attempts;
SELECT count(*) FILTER (WHERE record_login(3, false, '2024-02-01 12:03+00')) FROM generate_series(1, 4);
SELECT failed_login_attempts, lockout_expires FROM users WHERE id = 3;
SELECT record_login(3, false, '2024-02-01 12:04+00');
SELECT failed_login_attempts, lockout_expires FROM users WHERE id = 3;
-- A token may look like a purged one, of this session or another: it is used and purged like any other.
INSERT INTO user_sessions (id, user_id, session_token, refresh_token, expires_at, is_active)
VALUES (901, 3, 'purged 902', 'r', '2024-02-03+00', true), (902, 3, 'old', 'r', '2024-02-01+00', true),
       (903, 3, 'purged 903', 'r', '2024-02-03+00', true);
INSERT INTO user_activities (user_id, session_id, activity_type, action) SELECT 3, s, 'view', 'view' FROM generate_series(901, 903) AS s;
SELECT stripped FROM purge_sessions('2024-02-02+00', moment => '2024-02-02+00');
SELECT id, regexp_replace(session_token, '^purged [-0-9a-f]{36}$', 'purged UUID') AS token, is_active, refresh_token
FROM user_sessions WHERE id BETWEEN 901 AND 903 ORDER BY id;
SELECT stripped FROM purge_sessions('2024-02-04+00', moment => '2024-02-04+00');
SELECT count(DISTINCT session_token), count(refresh_token) FROM user_sessions WHERE id BETWEEN 901 AND 903 AND session_token ~ '^purged .{36}$';
-- A session that 0.6.0 purged is not purged again, and is deleted once its trail is.
UPDATE user_sessions SET session_token = 'purged 902' WHERE id = 902;
SELECT stripped FROM purge_sessions('2024-02-04+00', moment => '2024-02-04+00');
DELETE FROM user_activities WHERE session_id = 902;
SELECT deleted FROM purge_sessions('2024-02-04+00', moment => '2024-02-04+00');
ROLLBACK TO locked;

-- What is refused.
\set ON_ERROR_ROLLBACK on
SELECT record_login(9, true);
SELECT record_login(1, NULL);
SELECT open_session(1, 'T5');
SELECT effective_plan(NULL);
SELECT purge_sessions(NULL);
SELECT purge_sessions('infinity', moment => '2024-01-01+00');
SELECT purge_sessions('2024-01-01+00', '2024-01-02+00', '2024-01-01+00');
SELECT delete_user(2, 1, NULL);
ROLLBACK;
