-- Assets: market figures from the newest closed candles, and counts of accesses.

CREATE FUNCTION ca_newest_candles(asset integer, timeframe text, as_of timestamptz)
    RETURNS TABLE (asset_id integer, code text, place bigint, candle_time timestamptz, closed_at timestamptz,
                   close_price numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id, t.code, t.place, n.candle_time, timeframe_end(t.code, n.candle_time), n.close_price, n.market_cap
    FROM assets AS a
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.close_price, h.market_cap
        FROM price_history AS h
        WHERE h.asset_id = a.id
          AND h.timeframe = t.code
          AND h.candle_time < timeframe_bucket(t.code, ca_newest_candles.as_of)
        ORDER BY h.candle_time DESC
        LIMIT 1) AS n
    WHERE (ca_newest_candles.asset IS NULL OR a.id = ca_newest_candles.asset)
      AND (ca_newest_candles.timeframe IS NULL OR t.code = ca_newest_candles.timeframe);
END;
COMMENT ON FUNCTION ca_newest_candles(integer, text, timestamptz) IS
    'each series with its last candle that had closed at a moment, of one asset or all, of one timeframe or all';

-- The memory of refresh_assets() is in the row of background_tasks for its last run:
--   until            the candles that had closed by then were looked at,
--   id, archive_id   and those up to these ids, whatever their time;
--   next_id, ...     what takes their place once all transactions below next_xid are over, for
--                    one of them may have candles with smaller ids that it has yet to commit.
-- Ids of price_data count up, and those of candles inserted into the archive down.
CREATE INDEX background_tasks_refresh_assets_idx ON background_tasks (id) WHERE task_name = 'refresh_assets';
COMMENT ON INDEX background_tasks_refresh_assets_idx IS
    'the last run of refresh_assets()';

CREATE FUNCTION ca_refresh_marks(marks jsonb, as_of timestamptz, id bigint, archive_id bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'until', least(ca_refresh_marks.as_of, now()),
               'id', CASE WHEN n.alone THEN ca_refresh_marks.id WHEN n.over THEN m.next_id ELSE m.id END,
               'archive_id', CASE WHEN n.alone THEN ca_refresh_marks.archive_id
                                  WHEN n.over THEN m.next_archive_id ELSE m.archive_id END,
               'next_id', ca_refresh_marks.id, 'next_archive_id', ca_refresh_marks.archive_id, 'next_xid', n.xid)
    FROM jsonb_to_record(coalesce(ca_refresh_marks.marks, '{}'))
        AS m (id bigint, archive_id bigint, next_id bigint, next_archive_id bigint, next_xid numeric)
    CROSS JOIN LATERAL (
        SELECT pg_snapshot_xmax(s)::text::numeric AS xid,
               NOT EXISTS (SELECT FROM pg_snapshot_xip(s)) AS alone,
               -- transactions of the server that a dump came from are over too
               m.next_xid <= pg_snapshot_xmin(s)::text::numeric OR m.next_xid > pg_snapshot_xmax(s)::text::numeric AS over
        FROM pg_current_snapshot() AS s) AS n;
END;
COMMENT ON FUNCTION ca_refresh_marks(jsonb, timestamptz, bigint, bigint) IS
    'how far refresh_assets() will have looked when a run is done that begins now; the ids were given out before';

CREATE FUNCTION ca_asset_figures(until timestamptz, id bigint, archive_id bigint, as_of timestamptz)
    RETURNS TABLE (asset_id integer, price numeric, market_cap numeric, change_24h numeric, change_7d numeric,
                   change_30d numeric, high numeric, high_at timestamptz, low numeric, low_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT n.* FROM ca_newest_candles(NULL, NULL, ca_asset_figures.as_of) AS n
    ), newest AS (
        -- of candles that closed at the same time the shortest; one that was rolled up from a fragment
        -- is as old as the fragment
        SELECT DISTINCT ON (s.asset_id) s.asset_id, u.closed_at, s.close_price, s.market_cap
        FROM series AS s
        CROSS JOIN LATERAL ca_candle_until(s.asset_id, s.code, s.candle_time) AS u
        ORDER BY s.asset_id, u.closed_at DESC, s.place
    ), earlier AS (
        SELECT DISTINCT ON (s.asset_id, p.period) s.asset_id, p.period, c.close_price
        FROM series AS s
        CROSS JOIN (VALUES (interval '24 hours'), ('168 hours'), ('720 hours')) AS p (period)
        CROSS JOIN LATERAL (
            SELECT h.close_price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = s.asset_id
              AND h.timeframe = s.code
              AND h.candle_time >= timeframe_bucket(s.code, ca_asset_figures.as_of - 2 * p.period)
              AND h.candle_time < timeframe_bucket(s.code, ca_asset_figures.as_of - p.period)
            ORDER BY h.candle_time DESC
            LIMIT 1) AS c
        CROSS JOIN LATERAL ca_candle_until(s.asset_id, s.code, c.candle_time) AS u
        WHERE u.closed_at > ca_asset_figures.as_of - 2 * p.period
        ORDER BY s.asset_id, p.period, u.closed_at DESC, s.place
    ), changes AS (
        -- a change that a column of numeric(10,4) cannot hold is NULL
        SELECT n.asset_id,
               min(c.change) FILTER (WHERE e.period = interval '24 hours') AS change_24h,
               min(c.change) FILTER (WHERE e.period = interval '168 hours') AS change_7d,
               min(c.change) FILTER (WHERE e.period = interval '720 hours') AS change_30d
        FROM newest AS n
        JOIN earlier AS e ON e.asset_id = n.asset_id AND n.closed_at > ca_asset_figures.as_of - e.period
        CROSS JOIN LATERAL (
            SELECT round(100 * (n.close_price - e.close_price) / nullif(abs(e.close_price), 0), 4) AS change) AS c
        WHERE abs(c.change) < 1000000
        GROUP BY n.asset_id
    ), late AS (
        SELECT p.asset_id, p.timeframe, p.candle_time FROM price_data AS p WHERE p.id > ca_asset_figures.id
        UNION ALL
        SELECT a.asset_id, a.timeframe, a.candle_time FROM price_data_archive AS a WHERE a.id > ca_asset_figures.id
        UNION ALL
        SELECT a.asset_id, a.timeframe, a.candle_time FROM price_data_archive AS a
        WHERE a.id < ca_asset_figures.archive_id
    ), unseen AS MATERIALIZED (
        -- an hour again, for candles that were corrected soon after they closed
        SELECT s.asset_id, s.code, s.place, s.until,
               CASE WHEN a.ath IS NULL OR a.atl IS NULL OR ca_asset_figures.until IS NULL THEN '-infinity'
                    ELSE least(s.late_since, timeframe_bucket(s.code, ca_asset_figures.until - interval '1 hour'))
               END AS since
        -- no join, which would be a nested loop if few late candles were expected
        FROM (SELECT c.asset_id, c.code, max(c.place) AS place, max(c.until) AS until, min(c.late_since) AS late_since
              FROM (SELECT x.asset_id, x.code, x.place, x.closed_at AS until, NULL::timestamptz AS late_since FROM series AS x
                    UNION ALL
                    SELECT l.asset_id, l.timeframe, NULL, NULL, l.candle_time FROM late AS l) AS c
              GROUP BY c.asset_id, c.code
              HAVING count(c.place) > 0) AS s
        CROSS JOIN LATERAL (SELECT o.ath, o.atl FROM assets AS o WHERE o.id = s.asset_id LIMIT 1) AS a
    ), highs AS (
        SELECT DISTINCT ON (u.asset_id) u.asset_id, x.price, x.candle_time
        FROM unseen AS u
        CROSS JOIN LATERAL (
            SELECT h.high_price AS price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = u.asset_id AND h.timeframe = u.code
              AND h.candle_time >= u.since AND h.candle_time < u.until
            ORDER BY h.high_price DESC, h.candle_time
            LIMIT 1) AS x
        ORDER BY u.asset_id, x.price DESC, u.place, x.candle_time
    ), lows AS (
        SELECT DISTINCT ON (u.asset_id) u.asset_id, x.price, x.candle_time
        FROM unseen AS u
        CROSS JOIN LATERAL (
            SELECT h.low_price AS price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = u.asset_id AND h.timeframe = u.code
              AND h.candle_time >= u.since AND h.candle_time < u.until
            ORDER BY h.low_price, h.candle_time
            LIMIT 1) AS x
        ORDER BY u.asset_id, x.price, u.place, x.candle_time
    )
    SELECT n.asset_id, n.close_price, n.market_cap, c.change_24h, c.change_7d, c.change_30d,
           h.price, h.candle_time, l.price, l.candle_time
    FROM newest AS n
    LEFT JOIN changes AS c ON c.asset_id = n.asset_id
    LEFT JOIN highs AS h ON h.asset_id = n.asset_id
    LEFT JOIN lows AS l ON l.asset_id = n.asset_id;
END;
COMMENT ON FUNCTION ca_asset_figures(timestamptz, bigint, bigint, timestamptz) IS
    'what candles that had closed at as_of tell of each asset: close and market capitalization of the newest; changes in percent, NULL unless one close is of the period before as_of and another of the period before that; the highest and the lowest price and the start of the shortest candle that has it, of several the first, among candles not yet looked at: closed after until, or with ids beyond id, in the archive below archive_id; among all if until is NULL, or where ath or atl is';

CREATE FUNCTION ca_volume_24h(asset integer, as_of timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.volume
    FROM (
        -- the order lets the search end with the first timeframe that has them all
        SELECT o.*
        FROM unnest('{1h,30m,15m,5m,3m,1m,2h,4h,6h,8h,12h,1d}'::text[],
                    '{24,48,96,288,480,1440,12,6,4,3,2,1}'::integer[])
            WITH ORDINALITY AS o (code, candles, place)
        ORDER BY o.place) AS f
    CROSS JOIN LATERAL (
        SELECT count(h.volume) AS known, sum(h.volume) AS volume
        FROM price_history AS h
        WHERE h.asset_id = ca_volume_24h.asset
          AND h.timeframe = f.code
          AND h.candle_time >= timeframe_bucket(f.code, ca_volume_24h.as_of) - interval '24 hours'
          AND h.candle_time < timeframe_bucket(f.code, ca_volume_24h.as_of)) AS v
    WHERE v.known = f.candles
      AND v.volume < 1e28
    ORDER BY f.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_volume_24h(integer, timestamptz) IS
    'volume of the 24 hours up to the last end of a candle, from the first of 1h 30m 15m 5m 3m 1m 2h 4h 6h 8h 12h 1d that has all candles, each with a volume; NULL if none has';

-- Without nested loops each row is read by its key and all are joined in one pass, however few the
-- planner expects.
CREATE FUNCTION ca_write_assets(figures jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
    SET enable_nestloop = off
    SET jit = off
AS $$
DECLARE
    written bigint;
BEGIN
    UPDATE assets AS a
    SET current_price = f.price,
        market_cap = f.market_cap,
        total_volume = f.volume,
        price_change_percentage_24h = f.change_24h,
        price_change_percentage_7d = f.change_7d,
        price_change_percentage_30d = f.change_30d,
        ath = f.ath,
        ath_date = f.ath_date,
        atl = f.atl,
        atl_date = f.atl_date
    FROM jsonb_to_recordset(figures)
        AS f (id integer, price numeric, market_cap numeric, volume numeric, change_24h numeric, change_7d numeric,
              change_30d numeric, ath numeric, ath_date timestamptz, atl numeric, atl_date timestamptz)
    WHERE a.id = f.id
      AND a.id = ANY (ARRAY(SELECT (r.value ->> 'id')::integer FROM jsonb_array_elements(figures) AS r));
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_write_assets(jsonb) IS
    'writes the figures of assets that the caller has locked, and returns how many';

CREATE FUNCTION @extschema@.refresh_assets(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- there are few new ids, which the planner does not know, and look-ups are short
    SET enable_seqscan = off
    SET jit = off
AS $$
DECLARE
    run record;
    seen record;
    marks jsonb;
    last_id bigint;
    last_archive_id bigint;
    began CONSTANT timestamptz := clock_timestamp();
    changes record;
    refreshed bigint;
BEGIN
    PERFORM ca_check_rights('assets', 'SELECT, UPDATE');
    PERFORM ca_check_as_of(refresh_assets.as_of);
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'refresh_assets must run in a READ COMMITTED transaction'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s: it does not see candles that were committed after it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
    -- the second session reads what the first has committed, and never puts older prices back
    PERFORM ca_lock_work('refresh_assets');
    SELECT t.id, t.result_data -> 'marks' AS marks INTO run
    FROM background_tasks AS t
    WHERE t.task_name = 'refresh_assets'
    ORDER BY t.id DESC
    LIMIT 1;
    SELECT m.until, coalesce(m.id, CASE WHEN m.until IS NOT NULL THEN -9223372036854775808 END) AS id,
           coalesce(m.archive_id, CASE WHEN m.until IS NOT NULL THEN 9223372036854775807 END) AS archive_id
    INTO seen
    FROM jsonb_to_record(coalesce(run.marks, '{}')) AS m (until timestamptz, id bigint, archive_id bigint);
    last_id := coalesce(pg_sequence_last_value('price_data_id_seq'), 0);
    last_archive_id := coalesce(pg_sequence_last_value('price_data_archive_id_seq'), 0);
    marks := ca_refresh_marks(run.marks, refresh_assets.as_of, last_id, last_archive_id);

    WITH figures AS MATERIALIZED (
        SELECT g.*, ca_volume_24h(g.asset_id, refresh_assets.as_of) AS volume
        FROM ca_asset_figures(seen.until, seen.id, seen.archive_id, refresh_assets.as_of) AS g
    ), due AS MATERIALIZED (
        SELECT a.id, n.*
        FROM figures AS f
        -- LIMIT makes each look-up one of its own, so that no plan joins the figures with a whole table
        CROSS JOIN LATERAL (
            SELECT o.id, o.circulating_supply, o.current_price, o.market_cap, o.total_volume,
                   o.price_change_percentage_24h, o.price_change_percentage_7d, o.price_change_percentage_30d,
                   o.ath, o.ath_date, o.atl, o.atl_date
            FROM assets AS o
            WHERE o.id = f.asset_id
            LIMIT 1) AS a
        CROSS JOIN LATERAL (
            SELECT f.price,
                   coalesce(f.market_cap,
                            CASE WHEN f.price * a.circulating_supply BETWEEN 0 AND 1e28 - 1
                                 THEN round(f.price * a.circulating_supply, 2) END,
                            a.market_cap) AS market_cap,
                   coalesce(f.volume, a.total_volume) AS volume,
                   f.change_24h, f.change_7d, f.change_30d,
                   CASE WHEN f.high <= a.ath THEN a.ath ELSE coalesce(f.high, a.ath) END AS ath,
                   CASE WHEN f.high <= a.ath THEN a.ath_date ELSE coalesce(f.high_at, a.ath_date) END AS ath_date,
                   CASE WHEN f.low >= a.atl THEN a.atl ELSE coalesce(f.low, a.atl) END AS atl,
                   CASE WHEN f.low >= a.atl THEN a.atl_date ELSE coalesce(f.low_at, a.atl_date) END AS atl_date) AS n
        WHERE (a.current_price, a.market_cap, a.total_volume, a.price_change_percentage_24h,
               a.price_change_percentage_7d, a.price_change_percentage_30d, a.ath, a.ath_date, a.atl, a.atl_date)
              IS DISTINCT FROM
              (n.price, n.market_cap, n.volume, n.change_24h, n.change_7d, n.change_30d,
               n.ath, n.ath_date, n.atl, n.atl_date)
    ), free AS MATERIALIZED (
        -- a session that has counted an access but not committed holds the row
        SELECT d.*
        FROM (SELECT x.* FROM due AS x ORDER BY x.id) AS d
        CROSS JOIN LATERAL (SELECT FROM assets AS o WHERE o.id = d.id FOR NO KEY UPDATE SKIP LOCKED) AS a
    )
    SELECT (SELECT jsonb_agg(f) FROM free AS f) AS figures, (SELECT count(*) FROM due) > (SELECT count(*) FROM free) AS skipped
    INTO changes;
    refreshed := coalesce(ca_write_assets(changes.figures), 0);
    -- the next run reads the same candles for assets that may not have seen them
    IF changes.skipped THEN
        marks := coalesce(run.marks, '{}');
    END IF;

    UPDATE background_tasks AS t
    SET status = 'completed', result_data = jsonb_build_object('assets', refreshed, 'marks', marks),
        started_at = began, completed_at = clock_timestamp(),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - began)
    WHERE t.id = run.id;
    IF NOT FOUND THEN
        INSERT INTO background_tasks (task_name, task_type, status, result_data, started_at, completed_at,
                                      execution_time_seconds)
        VALUES ('refresh_assets', 'data_sync', 'completed', jsonb_build_object('assets', refreshed, 'marks', marks),
                began, clock_timestamp(), extract(epoch FROM clock_timestamp() - began));
    END IF;
    RETURN refreshed;
END;
$$;
COMMENT ON FUNCTION refresh_assets(timestamptz) IS
    'updates price, market capitalization, 24 h volume, changes and all-time extremes of all assets from candles that had closed at as_of, and returns how many changed; an asset without candles is left alone, and one that another session holds is left to the next call; the last run is a row of background_tasks, which records how far ath and atl have looked';

CREATE FUNCTION @extschema@.record_asset_access(asset integer, timeframe text DEFAULT NULL, moment timestamptz DEFAULT now())
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    was assets;
    uses numeric;
    accesses integer;
BEGIN
    IF record_asset_access.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(record_asset_access.timeframe);
    END IF;
    IF record_asset_access.moment IS NULL OR NOT isfinite(record_asset_access.moment) THEN
        RAISE EXCEPTION 'moment must be known and finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(record_asset_access.moment::text, 'NULL')),
                  HINT = 'Leave it out for an access now.';
    END IF;
    -- the last access only moves forward: one in the future would stay the last
    IF record_asset_access.moment > clock_timestamp() THEN
        RAISE EXCEPTION 'moment must not be in the future'
            USING ERRCODE = 'invalid_parameter_value',
                  CONSTRAINT = 'assets_accessed', TABLE = 'assets', COLUMN = 'last_accessed_at',
                  DETAIL = format('Value is %s.', record_asset_access.moment),
                  HINT = 'Leave it out for an access now.';
    END IF;
    -- the second session waits here and then adds to what the first has counted
    SELECT * INTO was FROM assets AS a WHERE a.id = record_asset_access.asset FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ca_check_asset(record_asset_access.asset);
    END IF;
    IF record_asset_access.timeframe IS NOT NULL THEN
        IF jsonb_typeof(was.timeframe_usage) <> 'object'
           OR jsonb_typeof(was.timeframe_usage -> record_asset_access.timeframe) <> 'number' THEN
            RAISE EXCEPTION 'timeframe_usage does not hold counts'
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      CONSTRAINT = 'assets_timeframe_usage', TABLE = 'assets', COLUMN = 'timeframe_usage',
                      DETAIL = format('That of asset %s is %s.', was.id, left(was.timeframe_usage::text, 100)),
                      HINT = 'It is a JSON object of timeframe codes and numbers, or NULL.';
        END IF;
        uses := coalesce((was.timeframe_usage ->> record_asset_access.timeframe)::numeric, 0) + 1;
    END IF;
    UPDATE assets AS a
    SET access_count = least(a.access_count, 2147483646) + 1,
        last_accessed_at = greatest(a.last_accessed_at, record_asset_access.moment),
        timeframe_usage = CASE WHEN uses IS NULL THEN a.timeframe_usage
                               ELSE coalesce(a.timeframe_usage, '{}')
                                    || jsonb_build_object(record_asset_access.timeframe, uses) END
    WHERE a.id = was.id
    RETURNING a.access_count INTO accesses;
    RETURN accesses;
END;
$$;
COMMENT ON FUNCTION record_asset_access(integer, text, timestamptz) IS
    'counts an access to an asset, and to one of its timeframes, and returns how many there have been; access_count stops at 2147483647; it runs with its owner''s rights because an application counts accesses but may write nothing else in assets';
REVOKE EXECUTE ON FUNCTION record_asset_access(integer, text, timestamptz) FROM PUBLIC;
