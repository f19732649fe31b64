-- Notifications: what is due, sent once, read and counted.
\set SHOW_CONTEXT never
\pset null NULL
BEGIN;
SET LOCAL timezone = 'UTC';
INSERT INTO users (id, email, password_hash) VALUES (1, 'n@example.org', 'x'), (2, 'm@example.org', 'x');
INSERT INTO notifications (id, user_id, notification_type, title, priority, scheduled_for, expires_at, status, sent_at)
VALUES (1, 1, 'alert', 'at once', 'normal', NULL, NULL, 'unread', NULL),
       (2, 1, 'alert', 'just due', 'normal', '2024-01-01 12:00', NULL, 'unread', NULL),
       (3, 1, 'alert', 'not yet', 'urgent', '2024-01-01 12:00:00.000001', NULL, 'unread', NULL),
       (4, 1, 'alert', 'expired', 'urgent', NULL, '2024-01-01 12:00', 'unread', NULL),
       (5, 1, 'alert', 'expires soon', 'high', '2024-01-01 11:00', '2024-01-01 12:01', 'unread', NULL),
       (6, 1, 'alert', 'before it', 'high', '2024-01-01 10:00', NULL, 'unread', NULL),
       (7, 1, 'alert', 'same time', 'high', '2024-01-01 11:00', NULL, 'unread', NULL),
       (8, 2, 'system', 'dismissed', 'urgent', NULL, NULL, 'dismissed', NULL),
       (9, 2, 'system', 'sent', 'urgent', NULL, NULL, 'unread', '2024-01-01'),
       (10, 2, 'system', 'low', 'low', '2020-01-01', NULL, 'unread', NULL);
-- Due at noon: the high ones in the order of time, then of expiry; then the normal one without a time.
SELECT id, title, sent_at FROM claim_notifications(4, '2024-01-01 12:00');
-- The rest; nothing is sent twice.
SELECT id, title, sent_at FROM claim_notifications(as_of => '2024-01-01 12:00');
SELECT id FROM claim_notifications(as_of => '2024-01-01 12:00');
SELECT id, title FROM claim_notifications(as_of => '2024-01-02');
SELECT id, sent_at FROM notifications WHERE sent_at IS NULL OR sent_at = '2024-01-01' ORDER BY id;

-- Unread for user 1 at noon are all except "not yet" and "expired": 1, 2, 5, 6, 7.
SELECT unread_notifications(1, '2024-01-01 12:00'), unread_notifications(2, '2024-01-01 12:00'),
       unread_notifications(NULL), unread_notifications(3);
SELECT mark_notification_read(1, '2024-01-01 13:00'), mark_notification_read(1, '2024-01-01 14:00');
SELECT dismiss_notification(1), dismiss_notification(1), dismiss_notification(2), mark_notification_read(2, '2024-01-01 13:00');
SELECT id, status, read_at FROM notifications WHERE id IN (1, 2) ORDER BY id;
SELECT unread_notifications(1, '2024-01-01 12:00');

-- Status and read_at by hand: the time is set, removed, or given.
UPDATE notifications SET status = 'read' WHERE id = 5;
SELECT status, read_at = now() AS stamped FROM notifications WHERE id = 5;
UPDATE notifications SET status = 'unread' WHERE id = 5;
SELECT status, read_at FROM notifications WHERE id = 5;
UPDATE notifications SET read_at = '2024-01-01 15:00' WHERE id = 5;
SELECT status, read_at FROM notifications WHERE id = 5;
UPDATE notifications SET status = 'read' WHERE id = 1;
SELECT status, read_at FROM notifications WHERE id = 1;
INSERT INTO notifications (id, user_id, notification_type, title, read_at) VALUES (20, 1, 'alert', 'seen', '2024-01-01 15:00');
SELECT status, read_at FROM notifications WHERE id = 20;
SAVEPOINT s;
-- A time of reading that is not known is not invented.
\set VERBOSITY terse
INSERT INTO notifications (user_id, notification_type, title, status) VALUES (1, 'alert', 'seen', 'read');
ROLLBACK TO s;
UPDATE notifications SET read_at = NULL WHERE id = 5;
ROLLBACK TO s;
\set VERBOSITY default
-- A row from before these rules is restored as it was, and changes of other columns leave it alone.
SET search_path = '';
COPY public.notifications (id, user_id, notification_type, title, status, read_at) FROM stdin;
21	1	alert	old	unread	2024-01-01 15:00:00+00
\.
RESET search_path;
UPDATE notifications SET title = 'older', status = status WHERE id = 21;
SELECT title, status, read_at FROM notifications WHERE id = 21;
SAVEPOINT s;

-- errors
SELECT claim_notifications(0);
ROLLBACK TO s;
SELECT claim_notifications(NULL);
ROLLBACK TO s;
SELECT claim_notifications(as_of => NULL);
ROLLBACK TO s;
SELECT claim_notifications(as_of => 'infinity');
ROLLBACK TO s;
SELECT mark_notification_read(99);
ROLLBACK TO s;
SELECT mark_notification_read(1, NULL);
ROLLBACK TO s;
SELECT dismiss_notification(NULL);
ROLLBACK;
