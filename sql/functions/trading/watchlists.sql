-- Watchlists: no more assets than allowed, and positions 1, 2, 3. The rules are in docs/guide/rules.md.

CREATE FUNCTION ca_check_watchlists(watchlist_ids integer[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- one of many lists is looked up by key, however many entries the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    l record;
BEGIN
    SELECT w.id, w.max_assets, e.assets INTO l
    FROM watchlists AS w
    CROSS JOIN LATERAL (SELECT count(DISTINCT a.asset_id) AS assets
                        FROM watchlist_assets AS a
                        WHERE a.watchlist_id = w.id AND a.is_active) AS e
    WHERE w.id = ANY (watchlist_ids) AND e.assets > w.max_assets
    ORDER BY w.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a watchlist would hold more assets than its max_assets'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Watchlist %s would hold %s assets, its max_assets is %s.', l.id, l.assets, l.max_assets),
                  HINT = 'Remove an asset or make it inactive first, or raise max_assets.',
                  CONSTRAINT = 'watchlist_assets_full', TABLE = 'watchlists', COLUMN = 'max_assets';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_watchlists(integer[]) IS
    'refuses watchlists with more active assets than max_assets';

CREATE FUNCTION ca_arrange_watchlists(watchlist_ids integer[], placed integer[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    -- the entries are read by key, however many the planner believes there are
    SET enable_seqscan = off
BEGIN ATOMIC
    -- n counts the entries that were placed and, separately, the others; position 0 means the end.
    -- The nth placed entry, at p, comes after p - n others.  If two want the same place, the running
    -- maximum keeps them in their order.
    WITH counted AS (
        SELECT e.id, e.watchlist_id, e.position, e.placed,
               row_number() OVER (PARTITION BY e.watchlist_id, e.placed
                                  ORDER BY nullif(e.position, 0), e.id) AS n
        FROM (SELECT w.id, w.watchlist_id, w.position,
                     -- not a join, which would be a nested loop if few entries were expected
                     w.id IN (SELECT p.id FROM unnest(ca_arrange_watchlists.placed) AS p (id)) AS placed
              FROM watchlist_assets AS w
              WHERE w.watchlist_id = ANY (ca_arrange_watchlists.watchlist_ids) AND w.is_active) AS e
    ), behind AS (
        SELECT c.*,
               CASE WHEN c.placed
                    THEN max(coalesce(nullif(c.position, 0), 2147483648) - c.n)
                         OVER (PARTITION BY c.watchlist_id, c.placed ORDER BY c.n) + 0.5
                    ELSE c.n END AS place
        FROM counted AS c
    ), arranged AS (
        SELECT b.id, b.position AS was,
               row_number() OVER (PARTITION BY b.watchlist_id ORDER BY b.place, b.n) AS position
        FROM behind AS b
    )
    UPDATE watchlist_assets AS e
    SET position = a.position
    FROM arranged AS a
    -- no join but one look-up by key for each entry can use this
    WHERE e.id = ANY (ARRAY[a.id]) AND a.position <> a.was;
END;
COMMENT ON FUNCTION ca_arrange_watchlists(integer[], integer[]) IS
    'numbers the active entries of watchlists 1, 2, 3: entries that were placed get the position that they ask for, the others keep their order around them';

CREATE FUNCTION ca_watchlist_assets_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    lists integer[];   -- whose active entries are not what they were
    grown integer[];   -- those that may hold another asset than before
    placed integer[];  -- entries that say where they want to be
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT b.watchlist_id), array_agg(b.id) INTO lists, placed
        FROM became AS b
        WHERE b.is_active;
        grown := lists;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT w.watchlist_id) INTO lists
        FROM was AS w
        WHERE w.is_active;
    ELSE
        SELECT array_agg(DISTINCT c.old_list) || array_agg(DISTINCT c.new_list),
               array_agg(DISTINCT c.new_list) FILTER (WHERE c.new_list IS DISTINCT FROM c.old_list OR c.exchanged),
               array_agg(c.id) FILTER (WHERE c.new_list IS DISTINCT FROM c.old_list OR c.moved)
        INTO lists, grown, placed
        FROM (SELECT b.id,
                     CASE WHEN w.is_active THEN w.watchlist_id END AS old_list,
                     CASE WHEN b.is_active THEN b.watchlist_id END AS new_list,
                     w.asset_id <> b.asset_id AS exchanged,
                     w.position <> b.position AS moved
              FROM was AS w
              FULL JOIN became AS b ON b.id = w.id) AS c
        WHERE c.new_list IS DISTINCT FROM c.old_list OR c.new_list IS NOT NULL AND (c.exchanged OR c.moved);
    END IF;
    IF lists IS NULL THEN
        RETURN NULL;
    END IF;
    -- a session that changes the list at the same time waits here, and then sees the result of the first
    PERFORM FROM watchlists AS l WHERE l.id = ANY (lists) ORDER BY l.id FOR NO KEY UPDATE;
    PERFORM ca_check_watchlists(grown);
    PERFORM ca_arrange_watchlists(lists, placed);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_assets_changed() IS
    'trigger: enforces max_assets and positions without gaps, one session after the other';

CREATE TRIGGER watchlist_assets_inserted AFTER INSERT ON watchlist_assets
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_inserted ON watchlist_assets IS
    'puts new entries in their places, as long as there is room';
CREATE TRIGGER watchlist_assets_updated AFTER UPDATE ON watchlist_assets
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_updated ON watchlist_assets IS
    'moves the others when entries are moved, and looks for room when they come';
CREATE TRIGGER watchlist_assets_deleted AFTER DELETE ON watchlist_assets
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_deleted ON watchlist_assets IS
    'closes the gaps that entries leave';

CREATE FUNCTION ca_watchlist_narrowed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_watchlists(ARRAY[NEW.id]);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_narrowed() IS
    'trigger: refuses a max_assets below what the watchlist holds';
CREATE TRIGGER watchlists_narrowed AFTER UPDATE OF max_assets ON watchlists
    FOR EACH ROW WHEN (NEW.max_assets < OLD.max_assets)
    EXECUTE FUNCTION ca_watchlist_narrowed();
COMMENT ON TRIGGER watchlists_narrowed ON watchlists IS
    'refuses a max_assets below what the watchlist holds';

CREATE FUNCTION @extschema@.move_watchlist_asset(id integer, "position" integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    list integer;
BEGIN
    IF move_watchlist_asset.position IS NULL OR move_watchlist_asset.position < 1 THEN
        RAISE EXCEPTION 'position must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(move_watchlist_asset.position::text, 'NULL')),
                  HINT = 'The first place is 1; a place after the last one means the last one.';
    END IF;
    SELECT e.watchlist_id INTO list FROM watchlist_assets AS e WHERE e.id = move_watchlist_asset.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown watchlist entry'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in watchlist_assets with id %s.', coalesce(move_watchlist_asset.id::text, 'NULL')),
                  HINT = 'An entry is identified by watchlist_assets.id, not by its asset.',
                  CONSTRAINT = 'watchlist_assets_known', TABLE = 'watchlist_assets', COLUMN = 'id';
    END IF;
    -- lock the list before its entries, so that two sessions that move its entries do not deadlock
    PERFORM FROM watchlists AS l WHERE l.id = list FOR NO KEY UPDATE;
    UPDATE watchlist_assets AS e
    SET position = move_watchlist_asset.position
    WHERE e.id = move_watchlist_asset.id AND e.is_active
    RETURNING e.watchlist_id INTO list;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'watchlist entry is not active'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Entry %s is inactive, or was removed just now.', move_watchlist_asset.id),
                  HINT = 'Only active entries have a place in the list; set is_active first.',
                  CONSTRAINT = 'watchlist_assets_inactive', TABLE = 'watchlist_assets', COLUMN = 'is_active';
    END IF;
    -- the trigger has done it, unless the entry had that position in a list from before the rules
    PERFORM ca_arrange_watchlists(ARRAY[list], ARRAY[move_watchlist_asset.id]);
    RETURN (SELECT e.position FROM watchlist_assets AS e WHERE e.id = move_watchlist_asset.id);
END;
$$;
COMMENT ON FUNCTION move_watchlist_asset(integer, integer) IS
    'moves an active entry to a position of its watchlist, for which the others make room, and returns its new position, which is the last if the list is shorter';
