-- Whatever happens to a watchlist, its active entries have positions 1 to n, in the order of a plain list.
BEGIN;
SELECT plan(9);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

INSERT INTO assets (id, symbol, name, asset_type) SELECT i, 'L' || i, 'Law', 'crypto' FROM generate_series(1, 60) AS i;
INSERT INTO watchlists (id, name, watchlist_type, max_assets) SELECT i, 'Law', 'default', 12 FROM generate_series(1, 20) AS i;

-- The oracle: a list is an array of asset identifiers, changed by slicing.
CREATE TABLE model (list integer PRIMARY KEY, assets integer[] NOT NULL DEFAULT '{}');
INSERT INTO model SELECT i FROM generate_series(1, 20) AS i;
CREATE FUNCTION put(a integer[], asset integer, place integer) RETURNS integer[]
    LANGUAGE sql IMMUTABLE AS $$ SELECT a[:place - 1] || asset || a[place:] $$;
CREATE FUNCTION draw(k integer, n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE AS $$ SELECT ((hashint4extended(k, 0) % n + n) % n)::integer $$;
CREATE VIEW differing AS
    SELECT m.list
    FROM model AS m
    LEFT JOIN LATERAL (
        SELECT array_agg(e.asset_id ORDER BY e.position) AS assets,
               array_agg(e.position ORDER BY e.position) AS positions
        FROM watchlist_assets AS e WHERE e.watchlist_id = m.list AND e.is_active) AS e ON true
    WHERE coalesce(e.assets, '{}') <> m.assets
       OR coalesce(e.positions, '{}') <> ARRAY(SELECT generate_series(1, cardinality(m.assets)));

CREATE TABLE tally (what text, times integer);
DO $$
DECLARE
    l integer;
    n integer;
    place integer;
    asset integer;
    what text;
    refused boolean;
BEGIN
    FOR k IN 1..2000 LOOP
        l := 1 + draw(8 * k, 20);
        SELECT cardinality(m.assets) INTO n FROM model AS m WHERE m.list = l;
        what := CASE WHEN n = 0 THEN 'put' ELSE (ARRAY['put', 'put', 'end', 'move', 'set', 'remove', 'hide', 'show'])[1 + draw(8 * k + 1, 8)] END;
        asset := 1 + draw(8 * k + 3, 60);
        IF what IN ('move', 'set', 'remove', 'hide') THEN
            SELECT m.assets[1 + draw(8 * k + 2, n)] INTO asset FROM model AS m WHERE m.list = l;
        END IF;
        place := 1 + draw(8 * k + 4, n + 3);  -- sometimes beyond the end
        refused := false;
        IF what IN ('put', 'end', 'show') THEN
            CONTINUE WHEN what <> 'show' AND EXISTS (SELECT FROM watchlist_assets AS e WHERE e.watchlist_id = l AND e.asset_id = asset);
            IF what = 'show' THEN
                SELECT e.asset_id, e.position INTO asset, place FROM watchlist_assets AS e
                WHERE e.watchlist_id = l AND NOT e.is_active ORDER BY e.id LIMIT 1;
                CONTINUE WHEN NOT FOUND;
            END IF;
            BEGIN
                IF what = 'show' THEN
                    UPDATE watchlist_assets AS e SET is_active = true WHERE e.watchlist_id = l AND e.asset_id = asset;
                ELSE
                    INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, position)
                    VALUES (l, asset, 'long', CASE what WHEN 'put' THEN place ELSE 0 END);
                END IF;
            EXCEPTION WHEN check_violation THEN
                refused := true;
            END;
            IF refused <> (n = 12) THEN
                RAISE EXCEPTION 'list % with % assets: refused is %', l, n, refused;
            END IF;
            IF refused THEN
                what := 'refused';
            ELSE
                UPDATE model AS m
                SET assets = put(m.assets, asset, CASE what WHEN 'end' THEN n + 1 ELSE least(place, n + 1) END)
                WHERE m.list = l;
            END IF;
        ELSE
            UPDATE model AS m SET assets = array_remove(m.assets, asset) WHERE m.list = l;
            IF what IN ('move', 'set') THEN
                UPDATE model AS m SET assets = put(m.assets, asset, least(place, n)) WHERE m.list = l;
            END IF;
            -- In a subtransaction like those above: if some updates of a row were undone and others not, a PostgreSQL with
            -- assertions may stop in heap_update(), whatever the table is.
            BEGIN
                CASE what
                    WHEN 'move' THEN
                        IF (SELECT move_watchlist_asset(e.id, place) FROM watchlist_assets AS e WHERE e.watchlist_id = l AND e.asset_id = asset) <> least(place, n) THEN
                            RAISE EXCEPTION 'moved to the wrong place';
                        END IF;
                    WHEN 'set' THEN
                        UPDATE watchlist_assets AS e SET position = place WHERE e.watchlist_id = l AND e.asset_id = asset;
                    WHEN 'remove' THEN
                        DELETE FROM watchlist_assets AS e WHERE e.watchlist_id = l AND e.asset_id = asset;
                    WHEN 'hide' THEN
                        UPDATE watchlist_assets AS e SET is_active = false WHERE e.watchlist_id = l AND e.asset_id = asset;
                END CASE;
            EXCEPTION WHEN check_violation THEN
                RAISE EXCEPTION 'list % refused to %', l, what;
            END;
        END IF;
        INSERT INTO tally VALUES (what, 1);
        IF EXISTS (SELECT FROM differing WHERE list = l) THEN
            RAISE EXCEPTION 'list % differs after %', l, what;
        END IF;
    END LOOP;
END;
$$;
SELECT is((SELECT count(DISTINCT what) FROM tally), 8::bigint, 'everything has happened, refusals too');
SELECT is_empty('SELECT * FROM differing', 'every list is what the plain list is');

-- Many lists in one statement.
DELETE FROM assets WHERE id % 3 = 0;
UPDATE model SET assets = ARRAY(SELECT a FROM unnest(assets) WITH ORDINALITY AS u (a, o) WHERE a % 3 <> 0 ORDER BY o);
SELECT is_empty('SELECT * FROM differing', 'assets that are gone leave no gap in any list');
UPDATE watchlist_assets SET position = 1000 - position WHERE is_active;
UPDATE model SET assets = ARRAY(SELECT a FROM unnest(assets) WITH ORDINALITY AS u (a, o) ORDER BY o DESC);
SELECT is_empty('SELECT * FROM differing', 'an order given for all entries is the order');
UPDATE watchlist_assets SET position = position + 1 WHERE is_active;
SELECT is_empty('SELECT * FROM differing', 'making room changes nothing');

-- A list without gaps is not changed.
CREATE TEMP TABLE stood AS SELECT id, ctid AS place FROM watchlist_assets;
SELECT ca_arrange_watchlists(ARRAY(SELECT id FROM watchlists), NULL);
SELECT is_empty('SELECT e.id FROM watchlist_assets AS e JOIN stood AS s USING (id) WHERE e.ctid <> s.place', 'arranging what is arranged writes nothing');

-- Many new entries in one statement are placed in the order of their positions.
CREATE TEMP TABLE kept AS SELECT * FROM watchlist_assets WHERE is_active;
DELETE FROM watchlist_assets;
INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type, position)
SELECT watchlist_id, asset_id, position_type, 10 * position FROM kept ORDER BY id DESC;
SELECT is_empty('SELECT * FROM differing', 'lists that come whole have their order, without its gaps');

-- As many assets as allowed, or none of them.
DELETE FROM watchlist_assets;
SELECT throws_ok('INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type) SELECT w, a.id, ''long'' FROM generate_series(1, 20) AS w, (SELECT id FROM assets ORDER BY id LIMIT 13) AS a WHERE w = 20 OR a.id <= 12',
                 '23514', 'a watchlist would hold more assets than its max_assets', 'one list too long refuses the statement');
SELECT lives_ok('INSERT INTO watchlist_assets (watchlist_id, asset_id, position_type) SELECT 20, a.id, t FROM (SELECT id FROM assets ORDER BY id LIMIT 12) AS a, unnest(ARRAY[''long'', ''short'']) AS t',
                'twelve assets long and short are twelve assets');
SELECT * FROM finish();
ROLLBACK;
