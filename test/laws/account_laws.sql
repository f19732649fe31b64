-- Accounts, sessions and referrals are compared with plain formulas, over histories drawn from a hash.
BEGIN;
SELECT plan(18);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

CREATE FUNCTION draw(k integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint4extended(k, 7) % n + n) % n)::integer $$;

-- Every tenth user is inactive, every seventh deleted; plans end on some day or never.
INSERT INTO users (id, email, password_hash, is_active, deleted_at, subscription_plan, subscription_expires_at)
SELECT i, i || '@example.org', 'x', i % 10 <> 0, CASE WHEN i % 7 = 0 THEN timestamptz '2024-01-01' END,
       (ARRAY['free', 'basic', 'pro', 'enterprise'])[1 + i % 4],
       CASE WHEN i % 3 > 0 THEN timestamptz '2024-01-01' + draw(i, 100) * interval '1 day' END
FROM generate_series(1, 60) AS i;

-- Logins, 60 per user, at most 20 minutes apart, most of them with the wrong password.
CREATE TEMP TABLE event AS
SELECT u AS user_id, k, draw(1000 * u + k, 4) = 0 AS success,
       timestamptz '2024-01-01' + sum(draw(1000 * u + k + 500, 20)) OVER (PARTITION BY u ORDER BY k) * interval '1 minute' AS t
FROM generate_series(1, 60) AS u, generate_series(1, 60) AS k;
CREATE TEMP TABLE outcome AS
SELECT e.*, record_login(e.user_id, e.success, e.t) AS admitted FROM (SELECT * FROM event ORDER BY user_id, k) AS e;

-- The rules of docs/guide/rules.md again, as a fold.
CREATE TEMP VIEW folded AS
    WITH RECURSIVE fold AS (
        SELECT u.id AS user_id, 0 AS k, NULL::boolean AS admitted, 0 AS n, NULL::timestamptz AS lock, 0 AS logins,
               NULL::timestamptz AS last, u.is_active AND u.deleted_at IS NULL AS open
        FROM users AS u
        UNION ALL
        SELECT f.user_id, e.k, a.admitted,
               CASE WHEN a.admitted THEN 0 ELSE a.failures END,
               CASE WHEN a.admitted THEN NULL WHEN f.lock > e.t THEN f.lock
                    WHEN a.failures >= 5 THEN e.t + interval '30 minutes' END,
               f.logins + a.admitted::integer,
               CASE WHEN a.admitted THEN greatest(f.last, e.t) ELSE f.last END,
               f.open
        FROM fold AS f
        JOIN event AS e ON e.user_id = f.user_id AND e.k = f.k + 1
        CROSS JOIN LATERAL (
            SELECT e.success AND f.open AND coalesce(f.lock <= e.t, true) AS admitted,
                   CASE WHEN f.lock <= e.t THEN 1 ELSE f.n + 1 END AS failures) AS a
    )
    SELECT * FROM fold;
SELECT results_eq('SELECT user_id, k, admitted FROM outcome ORDER BY 1, 2',
                  'SELECT user_id, k, admitted FROM folded WHERE k > 0 ORDER BY 1, 2',
                  'a login is let in when the password was right and the account stands');
SELECT results_eq('SELECT id, failed_login_attempts, lockout_expires, login_count, last_login FROM users ORDER BY id',
                  'SELECT user_id, n, lock, logins, last FROM folded WHERE k = 60 ORDER BY user_id',
                  'failures, locks and logins are counted as the rules say');
SELECT cmp_ok((SELECT count(*) FROM outcome AS o JOIN users AS u ON u.id = o.user_id
               WHERE o.success AND NOT o.admitted AND u.is_active AND u.deleted_at IS NULL), '>', 20::bigint,
              'some were refused with the right password because of a lock');

-- plans
SELECT is_empty($$
    SELECT u.id, d FROM users AS u, generate_series(timestamptz '2023-12-31', '2024-04-15', '12 hours') AS d
    WHERE effective_plan(u.id, d) IS DISTINCT FROM
          (SELECT p.subscription_plan FROM users AS p WHERE p.id = u.id AND (p.subscription_expires_at > d OR p.subscription_expires_at IS NULL)
           UNION ALL SELECT 'free' WHERE u.subscription_expires_at <= d)
    $$, 'a plan counts until it expires, and as free from then on');

-- Sessions that ended, expire on some day, or never expire; some have activities, also after they expired.
UPDATE users SET lockout_expires = NULL;
INSERT INTO user_sessions (id, user_id, session_token, refresh_token, device_info, ip_address, is_active, expires_at)
SELECT i, 1 + draw(i, 60), 'token ' || i, 'refresh ' || i, '{}', '192.0.2.1', draw(i + 1000, 3) > 0,
       CASE WHEN draw(i + 2000, 4) > 0 THEN timestamptz '2024-01-01' + draw(i + 3000, 100) * interval '1 day' END
FROM generate_series(1, 600) AS i;
INSERT INTO user_activities (user_id, session_id, activity_type, action, created_at)
SELECT s.user_id, s.id, 'view', 'view', timestamptz '2024-01-01' + draw(s.id * 10 + k, 100) * interval '1 day'
FROM user_sessions AS s, generate_series(1, 3) AS k
WHERE s.id % 3 > 0 AND draw(s.id * 10 + k + 5, 2) = 0;
SELECT is_empty($$
    SELECT s.id, d FROM user_sessions AS s JOIN users AS u ON u.id = s.user_id,
                        generate_series(timestamptz '2024-01-01', '2024-04-15', '1 week') AS d
    WHERE session_holder(s.session_token, d) IS DISTINCT FROM
          CASE WHEN s.is_active AND coalesce(s.expires_at, 'infinity') > d AND u.is_active AND u.deleted_at IS NULL THEN u.id END
    $$, 'a token is that of its user while session and account stand');

-- Purging sessions older than March, and trails that ended before February.
CREATE TEMP TABLE session_before AS SELECT * FROM user_sessions;
CREATE TEMP TABLE activity_before AS SELECT * FROM user_activities;
CREATE TEMP TABLE trail AS
SELECT s.id, coalesce(s.expires_at < '2024-03-01', false) AS old, max(a.created_at) AS last
FROM user_sessions AS s LEFT JOIN user_activities AS a ON a.session_id = s.id GROUP BY s.id;
CREATE TEMP TABLE purged AS SELECT * FROM purge_sessions('2024-03-01', '2024-02-01', '2024-03-01');
SELECT set_eq('SELECT id FROM session_before EXCEPT SELECT id FROM user_sessions',
              $$SELECT id FROM trail WHERE old AND (last IS NULL OR last < '2024-02-01')$$,
              'old sessions without activities, or whose last is old too, are deleted');
SELECT set_eq('SELECT * FROM user_activities',
              $$SELECT a.* FROM activity_before AS a JOIN trail AS t ON t.id = a.session_id WHERE NOT t.old OR t.last >= '2024-02-01'$$,
              'of all other trails every activity is as it was');
SELECT set_eq('SELECT * FROM user_sessions WHERE id IN (SELECT id FROM trail WHERE NOT old)',
              'SELECT * FROM session_before WHERE id IN (SELECT id FROM trail WHERE NOT old)',
              'sessions that are not old are as they were');
SELECT is_empty($$SELECT id FROM user_sessions WHERE id IN (SELECT id FROM trail WHERE old)
                  AND (is_active OR session_token = 'token ' || id OR num_nonnulls(refresh_token, device_info, ip_address) > 0)$$,
                'nothing that opens a session, and nothing personal, is left of old ones');
SELECT results_eq('SELECT deleted, stripped FROM purged',
                  $$SELECT count(*) FILTER (WHERE last IS NULL OR last < '2024-02-01'), count(*) FILTER (WHERE last >= '2024-02-01')
                    FROM trail WHERE old$$,
                  'and it tells how many');
SELECT cmp_ok((SELECT least(deleted, stripped) FROM purged), '>', 20::bigint, 'some of both');
SELECT results_eq($$SELECT * FROM purge_sessions('2024-03-01', '2024-02-01', '2024-03-01')$$, 'VALUES (0::bigint, 0::bigint)',
                  'a second purge finds nothing');
-- By default activities are kept for ever.
CREATE TEMP TABLE activity_left AS SELECT * FROM user_activities;
CREATE TEMP TABLE purged_later AS SELECT * FROM purge_sessions('2024-04-01', moment => '2024-04-01');
SELECT set_eq('SELECT *, (SELECT stripped > 20 FROM purged_later) FROM user_activities', 'SELECT *, true FROM activity_left',
              'without being asked a purge deletes no activity');

-- Referrals: drawn, changed in bulk and one by one, and removed.
CREATE TEMP VIEW miscounted AS
    SELECT u.id FROM users AS u LEFT JOIN (SELECT referred_by, count(*) AS n FROM users GROUP BY 1) AS r ON r.referred_by = u.id
    WHERE u.referral_count <> coalesce(r.n, 0);
INSERT INTO users (id, email, password_hash, referred_by, referral_count)
SELECT i, i || '@example.org', 'x', CASE WHEN draw(i, 4) > 0 THEN 1 + draw(i + 50, 60) END, draw(i + 20, 3)
FROM generate_series(101, 400) AS i;
SELECT is_empty('SELECT * FROM miscounted', 'referral_count equals the users referred, of those who are new too');
UPDATE users SET referred_by = CASE WHEN draw(id + 70, 3) > 0 THEN 1 + draw(id + 80, 60) END, referral_count = draw(id + 90, 5) WHERE id % 2 = 0;
SELECT is_empty('SELECT * FROM miscounted', 'still when they change, whatever count is written beside');
DELETE FROM users WHERE draw(id + 60, 5) = 0;
SELECT is_empty('SELECT * FROM miscounted', 'and when users go, referrers among them');
SELECT is(recount_referrals(), 0::bigint, 'so a recount changes nothing');
SELECT cmp_ok((SELECT max(referral_count) FROM users), '>', 3, 'some referred several');

SELECT * FROM finish();
ROLLBACK;
