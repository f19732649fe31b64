-- Watchlists: at most max_assets, and positions without gaps.
\set SHOW_CONTEXT never
\pset null NULL
BEGIN;
INSERT INTO users (id, email, password_hash) VALUES (1, 'w@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type) SELECT i, chr(64 + i), chr(64 + i), 'crypto' FROM generate_series(1, 9) AS i;
INSERT INTO watchlists (id, name, watchlist_type, user_id, max_assets) VALUES (1, 'Mine', 'personal', 1, 4), (2, 'Top', 'default', NULL, 25);
-- A list in its order: the letters of its assets with their positions, inactive ones at the end.
CREATE TEMPORARY VIEW told AS
    SELECT watchlist_id AS list, string_agg(a.symbol || position, ' ' ORDER BY position) FILTER (WHERE e.is_active) AS entries,
           string_agg(a.symbol || position, ' ' ORDER BY a.id) FILTER (WHERE NOT e.is_active) AS inactive
    FROM watchlist_assets AS e JOIN assets AS a ON a.id = e.asset_id GROUP BY watchlist_id ORDER BY watchlist_id;

-- Without a position, an entry is added at the end.
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (1, 1, 1, 'long');
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (2, 1, 2, 'long'), (3, 1, 3, 'long');
SELECT * FROM told;
-- With a position it is added there, and the others make room.
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type, position) VALUES (4, 1, 4, 'long', 2);
SELECT * FROM told;
SAVEPOINT s;
-- Four is the limit, also for an entry that comes from another list, is reactivated, or replaces a second type.
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (5, 1, 5, 'long');
ROLLBACK TO s;
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (5, 2, 5, 'long');
UPDATE watchlist_assets SET watchlist_id = 1 WHERE id = 5;
ROLLBACK TO s;
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type, is_active) VALUES (5, 1, 5, 'long', false);
UPDATE watchlist_assets SET is_active = true WHERE id = 5;
ROLLBACK TO s;
-- An asset counts once, however it is watched.
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (5, 1, 1, 'short');
UPDATE watchlist_assets SET asset_id = 5 WHERE id = 5;
ROLLBACK TO s;
-- The limit cannot be lowered below the number of assets.
UPDATE watchlists SET max_assets = 3 WHERE id = 1;
ROLLBACK TO s;
UPDATE watchlists SET max_assets = 5 WHERE id = 1;
UPDATE watchlists SET max_assets = 4 WHERE id = 1;

-- A1 D2 B3 C4: up, down, beyond the end, and not at all.
SELECT move_watchlist_asset(3, 1);
SELECT * FROM told;
SELECT move_watchlist_asset(3, 3);
SELECT * FROM told;
SELECT move_watchlist_asset(1, 2147483647);
SELECT * FROM told;
SELECT move_watchlist_asset(1, 4);
SELECT * FROM told;
-- An UPDATE moves entries too. B and C are exchanged. Then all are moved to position 2: B is there already, so it does
-- not move, and ends up just before the others. Then A is moved to the end.
UPDATE watchlist_assets SET position = 5 - position WHERE position IN (2, 3);
SELECT * FROM told;
UPDATE watchlist_assets SET position = 2;
SELECT * FROM told;
UPDATE watchlist_assets SET position = 0 WHERE id = 1;
SELECT * FROM told;
-- An inactive entry keeps its position and returns there.
UPDATE watchlist_assets SET is_active = false WHERE id = 2;
SELECT * FROM told;
UPDATE watchlist_assets SET is_active = true WHERE id = 2;
SELECT * FROM told;
-- Entries move to another list and back: from B1 C2 D3 A4, B returns to its position.
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (6, 2, 6, 'long'), (7, 2, 7, 'long');
UPDATE watchlist_assets SET watchlist_id = 2 WHERE id = 2;
SELECT * FROM told;
-- An entry goes with its asset, or is deleted.
DELETE FROM assets WHERE id = 1;
SELECT * FROM told;
DELETE FROM watchlist_assets WHERE id = 3;
SELECT * FROM told;
-- The system's lists stay when a user is deleted.
DELETE FROM users;
SELECT * FROM told;

-- A list from before these rules, or a restored one, stays as it is until it changes; then zero is the end: E is third.
SET search_path = '';
COPY public.watchlist_assets (id, watchlist_id, asset_id, position_type, position) FROM stdin;
11	2	3	long	40
12	2	4	long	0
13	2	5	long	40
\.
RESET search_path;
UPDATE watchlists SET max_assets = 25 WHERE id = 2;
SELECT * FROM told;
SELECT move_watchlist_asset(13, 3);
SELECT * FROM told;
SAVEPOINT s;

-- errors
SELECT move_watchlist_asset(13, 0);
ROLLBACK TO s;
SELECT move_watchlist_asset(13, NULL);
ROLLBACK TO s;
SELECT move_watchlist_asset(99, 1);
ROLLBACK TO s;
SELECT move_watchlist_asset(NULL, 1);
ROLLBACK TO s;
UPDATE watchlist_assets SET is_active = false WHERE id = 13;
SELECT move_watchlist_asset(13, 1);
ROLLBACK;
