-- The queue gives what is due, all of it and once, in its order; status and read_at agree after any change.
BEGIN;
SELECT plan(9);
SET LOCAL search_path = cryptoanalytics, public;

INSERT INTO users (id, email, password_hash) SELECT i, i || '@example.org', 'x' FROM generate_series(1, 50) AS i;
CREATE FUNCTION draw(k integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint4extended(k, 0) % n + n) % n)::integer $$;
CREATE FUNCTION at(k integer, n integer) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE AS $$ SELECT timestamptz '2024-01-01 00:00+00' + draw(k, n) * interval '1 minute' $$;
-- Scheduled at any minute of a day or at once; some expire within two days; some are read, dismissed or sent.
INSERT INTO notifications (id, user_id, notification_type, title, priority, scheduled_for, expires_at, status, read_at, sent_at)
SELECT i, 1 + draw(i, 50), 'alert', 'Law', (ARRAY['low', 'normal', 'high', 'urgent'])[1 + draw(8 * i, 4)],
       CASE WHEN draw(8 * i + 1, 4) > 0 THEN at(8 * i + 2, 1440) END,
       CASE WHEN draw(8 * i + 3, 3) = 0 THEN at(8 * i + 4, 2880) END,
       s.status, CASE s.status WHEN 'read' THEN at(i, 1440) END,
       CASE WHEN draw(8 * i + 6, 5) = 0 THEN at(i, 1440) END
FROM generate_series(1, 20000) AS i,
     LATERAL (SELECT (ARRAY['unread', 'unread', 'unread', 'read', 'dismissed'])[1 + draw(8 * i + 5, 5)] AS status) AS s;
ANALYZE notifications;

-- What is due at noon, numbered in the expected order.
CREATE TEMP TABLE due AS
    SELECT id, row_number() OVER (ORDER BY CASE priority WHEN 'low' THEN 4 WHEN 'normal' THEN 3 WHEN 'high' THEN 2 ELSE 1 END,
                                           scheduled_for NULLS FIRST, expires_at NULLS LAST, id) AS n
    FROM notifications
    WHERE sent_at IS NULL AND status = 'unread'
      AND (scheduled_for IS NULL OR scheduled_for <= '2024-01-01 12:00+00')
      AND (expires_at IS NULL OR expires_at > '2024-01-01 12:00+00');
CREATE TEMP TABLE claimed (id integer, sent_at timestamptz, n serial);
SELECT results_eq(
    'SELECT user_id, unread_notifications(user_id, ''2024-01-01 12:00+00'') FROM (SELECT DISTINCT user_id FROM notifications) AS u ORDER BY 1',
    $$SELECT user_id, count(*) FILTER (WHERE status = 'unread' AND NOT coalesce(scheduled_for > '2024-01-01 12:00+00', false)
                                             AND NOT coalesce(expires_at <= '2024-01-01 12:00+00', false))
      FROM notifications GROUP BY 1 ORDER BY 1$$, 'a user has as many unread ones as can be seen and are unread');
CREATE TEMP TABLE scans AS SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'notifications'::regclass;
DO $$
DECLARE
    before integer;
BEGIN
    LOOP
        SELECT count(*) INTO before FROM claimed;
        INSERT INTO claimed (id, sent_at) SELECT c.id, c.sent_at FROM claim_notifications(60, '2024-01-01 12:00+00') AS c;
        EXIT WHEN (SELECT count(*) FROM claimed) = before;
    END LOOP;
END;
$$;
SELECT is((SELECT seq_scan FROM pg_stat_xact_user_tables WHERE relid = 'notifications'::regclass), (SELECT seq_scan FROM scans),
          'claiming never reads the whole table');
SELECT cmp_ok((SELECT count(*) FROM due), '>', 2800::bigint, 'there is enough for several batches');
SELECT results_eq('SELECT id, n::bigint FROM claimed ORDER BY n', 'SELECT id, n FROM due ORDER BY n',
                  'all that is due is claimed, once, batch after batch in its order');
SELECT is((SELECT count(*) FROM notifications AS n JOIN claimed AS c USING (id) WHERE n.sent_at = '2024-01-01 12:00+00' AND c.sent_at = n.sent_at),
          (SELECT count(*) FROM due), 'and stamped');
SELECT is_empty('SELECT id FROM claim_notifications(1, ''2024-01-01 12:00+00'')', 'then nothing is left');

-- From every status and read_at to every other, in one UPDATE or in two.
CREATE VIEW disagreeing AS
    SELECT id FROM notifications WHERE (status = 'unread' AND read_at IS NOT NULL) OR (status = 'read' AND read_at IS NULL);
SELECT is_empty('SELECT * FROM disagreeing', 'what is read has a time, what is unread has none');
DO $$
BEGIN
    FOR k IN 1..3000 LOOP
        BEGIN
            IF draw(9 * k, 3) > 0 THEN
                UPDATE notifications SET status = (ARRAY['unread', 'read', 'dismissed'])[1 + draw(9 * k + 1, 3)]
                WHERE id = 1 + draw(9 * k + 2, 200);
            END IF;
            IF draw(9 * k, 3) > 1 THEN
                UPDATE notifications SET read_at = CASE draw(9 * k + 3, 2) WHEN 0 THEN at(k, 1440) END
                WHERE id = 1 + draw(9 * k + 2, 200);
            END IF;
        EXCEPTION WHEN check_violation THEN
            NULL;  -- read, without a time
        END;
    END LOOP;
END;
$$;
SELECT is_empty('SELECT * FROM disagreeing', 'and so it stays');
SELECT is((SELECT count(DISTINCT (status, read_at IS NULL)) FROM notifications WHERE id <= 200), 4::bigint,
          'in all four ways that are possible');
SELECT * FROM finish();
ROLLBACK;
