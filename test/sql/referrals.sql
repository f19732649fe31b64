-- referral_count is the number of users referred.
\set SHOW_CONTEXT never
BEGIN;
CREATE VIEW counts AS SELECT id, referred_by AS by, referral_count AS count FROM users ORDER BY id;

-- 1 refers 2, 3 and 4, and 2 refers 5: in one statement and in several.
INSERT INTO users (id, email, password_hash, referred_by)
VALUES (1, '1@example.org', 'x', NULL), (2, '2@example.org', 'x', 1), (3, '3@example.org', 'x', 1);
INSERT INTO users (id, email, password_hash, referred_by) VALUES (4, '4@example.org', 'x', 1), (5, '5@example.org', 'x', 2);
SELECT * FROM counts;

-- 4 moves from 1 to 3, and 5 from 2 to nobody: 2, 0 and 1 are left.
UPDATE users SET referred_by = CASE id WHEN 4 THEN 3 END WHERE id IN (4, 5);
SELECT * FROM counts;

-- 3 is deleted: 1 has one left, and 4 has no known referrer.
DELETE FROM users WHERE id = 3;
SELECT * FROM counts;

-- A count that is set by hand is replaced.
UPDATE users SET referral_count = 7;
INSERT INTO users (id, email, password_hash, referral_count) VALUES (6, '6@example.org', 'x', 9);
SELECT * FROM counts;

-- A user who is softly deleted still counts as referred.
SELECT delete_user(2);
SELECT * FROM counts WHERE id = 1;

-- COPY, as a restore does it: counts stay until recount_referrals() is called.
SET search_path = '';
COPY public.users (id, email, password_hash, referred_by, referral_count) FROM stdin;
11	11@example.org	x	\N	5
12	12@example.org	x	11	0
13	13@example.org	x	1	0
\.
RESET search_path;
SELECT * FROM counts WHERE id IN (1, 11, 12, 13);
SELECT recount_referrals(11), recount_referrals(11), recount_referrals();
SELECT * FROM counts WHERE id IN (1, 11, 12, 13);

-- What is refused.
\set ON_ERROR_ROLLBACK on
SELECT recount_referrals(99);
ROLLBACK;
