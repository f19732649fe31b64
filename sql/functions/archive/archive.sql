-- The archive of old candles.

-- A candle is in one place only.  A new live candle replaces an archived or compressed one, and an
-- archived one cannot be added while there is a live or compressed one.
--
-- LATERAL and LIMIT look up each new candle by its key.  A join might instead read a whole table for
-- each of them if the planner believes that a table that has just been filled is empty.
CREATE FUNCTION ca_mark_archive() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_mark_archive';
COMMENT ON FUNCTION ca_mark_archive() IS
    'marks the archive as being written by hand until the end of the transaction, and waits for transactions that have written price_data';
REVOKE EXECUTE ON FUNCTION ca_mark_archive() FROM PUBLIC;

CREATE FUNCTION ca_archive_is_marked() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_archive_is_marked';
COMMENT ON FUNCTION ca_archive_is_marked() IS
    'whether another session is writing the archive by hand';
REVOKE EXECUTE ON FUNCTION ca_archive_is_marked() FROM PUBLIC;

CREATE FUNCTION ca_supersede_archived() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    assets integer[];
    codes text[];
    reached record;
    series record;
BEGIN
    -- A snapshot that is older than a move of the series shows its candles in their old place, which the
    -- lock of the series detects; and a candle that is being archived by hand is not visible to others yet.
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') OR ca_archive_is_marked() THEN
        FOR series IN
            SELECT n.timeframe::text AS code, array_agg(DISTINCT n.asset_id) AS assets
            FROM new_candles AS n
            GROUP BY n.timeframe
            ORDER BY n.timeframe
        LOOP
            PERFORM ca_lock_archive(series.code, series.assets);
            IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
                PERFORM ca_lock_series_of(series.code, series.assets);
            END IF;
        END LOOP;
    END IF;

    -- Candles that were archived when this began are deleted or, if they have gone into a segment
    -- since, found in the second pass.  Candles that were compressed are found by the series' last
    -- segment in the first.
    FOR pass IN 1 .. 2 LOOP
        WITH superseded AS MATERIALIZED (
            SELECT a.*
            FROM new_candles AS n
            CROSS JOIN LATERAL (
                SELECT a.id, a.asset_id, a.timeframe, a.candle_time
                FROM ONLY price_data_archive AS a
                WHERE (a.asset_id, a.timeframe, a.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
                LIMIT 1) AS a
            WHERE pass = 1
        ), gone AS (
            DELETE FROM ONLY price_data_archive AS a
            USING superseded AS s
            WHERE (a.id, a.asset_id, a.timeframe, a.candle_time) = (s.id, s.asset_id, s.timeframe, s.candle_time)
        )
        SELECT array_agg(n.asset_id) AS assets, array_agg(n.timeframe) AS codes
        INTO reached
        FROM (SELECT n.asset_id, n.timeframe::text
              FROM new_candles AS n
              WHERE EXISTS (SELECT FROM price_data_segments)
              GROUP BY n.asset_id, n.timeframe
              HAVING min(n.candle_time) <= (SELECT g.last_time
                                            FROM price_data_segments AS g
                                            WHERE g.asset_id = n.asset_id AND g.timeframe = n.timeframe
                                            ORDER BY g.first_time DESC
                                            LIMIT 1)) AS n;
        assets := assets || reached.assets;
        codes := codes || reached.codes;
    END LOOP;
    IF assets IS NULL THEN
        RETURN NULL;
    END IF;

    -- under the lock of a series, none of its candles can be moving
    FOR series IN
        SELECT DISTINCT s.code, s.asset
        FROM unnest(assets, codes) AS s (asset, code)
        ORDER BY s.code, s.asset
    LOOP
        PERFORM ca_lock_series(series.code, series.asset);
        PERFORM ca_drop_superseded(series.asset, series.code, ARRAY(
            SELECT n.candle_time
            FROM new_candles AS n
            WHERE n.asset_id = series.asset AND n.timeframe = series.code));
        WITH superseded AS MATERIALIZED (
            SELECT a.*
            FROM new_candles AS n
            CROSS JOIN LATERAL (
                SELECT a.id, a.candle_time
                FROM ONLY price_data_archive AS a
                WHERE (a.asset_id, a.timeframe, a.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
                LIMIT 1) AS a
            WHERE n.asset_id = series.asset AND n.timeframe = series.code
        )
        DELETE FROM ONLY price_data_archive AS a
        USING superseded AS s
        WHERE (a.id, a.candle_time) = (s.id, s.candle_time)
          AND a.asset_id = series.asset
          AND a.timeframe = series.code;
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_supersede_archived() IS
    'trigger: candles inserted into price_data replace archived and compressed ones; it runs with its owner''s rights because whoever may insert candles need not be allowed to delete from the archive';
REVOKE EXECUTE ON FUNCTION ca_supersede_archived() FROM PUBLIC;

CREATE TRIGGER price_data_supersede
    AFTER INSERT ON price_data
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_supersede_archived();
COMMENT ON TRIGGER price_data_supersede ON price_data IS
    'a candle inserted here replaces an archived or compressed one';

CREATE FUNCTION ca_raise_second_copy(asset integer, timeframe text, candle_time timestamptz, compressed boolean)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF compressed THEN
        RAISE EXCEPTION 'the candle is compressed already'
            USING ERRCODE = 'unique_violation',
                  DETAIL = format('price_data_segments holds the %s candle of asset %s at %s.',
                                  timeframe, asset, candle_time),
                  HINT = 'update_compressed_candle and delete_compressed_candle change it where it is.',
                  CONSTRAINT = 'price_data_archive_once', TABLE = 'price_data_archive', COLUMN = 'candle_time';
    END IF;
    RAISE EXCEPTION 'the candle is live already'
        USING ERRCODE = 'unique_violation',
              DETAIL = format('price_data holds the %s candle of asset %s at %s.', timeframe, asset, candle_time),
              HINT = 'archive_price_data moves candles from one table to the other.',
              CONSTRAINT = 'price_data_archive_once', TABLE = 'price_data_archive', COLUMN = 'candle_time';
END;
$$;
COMMENT ON FUNCTION ca_raise_second_copy(integer, text, timestamptz, boolean) IS
    'refuses an archived candle that is compressed, or else live';

CREATE FUNCTION ca_begin_archiving(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'inserting candles into the archive requires READ COMMITTED'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('At %s a transaction does not see live candles that were added after it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED, or let archive_price_data move the candles.',
                  CONSTRAINT = 'price_data_archive_isolation', TABLE = 'price_data_archive';
    END IF;
    PERFORM ca_mark_archive();
    PERFORM ca_lock_archive(ca_begin_archiving.timeframe, ca_begin_archiving.assets);
    UPDATE series_locks AS s
    SET moves = s.moves + 1
    WHERE s.asset_id = ANY (ca_begin_archiving.assets)
      AND s.timeframe = ca_begin_archiving.timeframe
      AND s.purpose = 'archive'
      AND s.xmin <> pg_current_xact_id()::xid;
END;
$$;
COMMENT ON FUNCTION ca_begin_archiving(text, integer[]) IS
    'makes sure that the next query sees all live candles of these series, and that no candle is added before the end of the transaction without checking the archive';

CREATE FUNCTION ca_refuse_second_copy() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    copy record;
    series record;
BEGIN
    -- a moving candle has left its old place, visible to sessions that write there
    IF current_setting('cryptoanalytics.moving', true) IS DISTINCT FROM 'on' THEN
        FOR series IN
            SELECT n.timeframe::text AS code, array_agg(DISTINCT n.asset_id) AS assets
            FROM new_candles AS n
            GROUP BY n.timeframe
            ORDER BY n.timeframe
        LOOP
            PERFORM ca_begin_archiving(series.code, series.assets);
        END LOOP;
    END IF;

    -- one statement: a candle may be moving from one to the other
    SELECT c.*
    INTO copy
    FROM (SELECT p.asset_id, p.timeframe, p.candle_time, false AS compressed
          FROM new_candles AS n
          CROSS JOIN LATERAL (
              SELECT p.*
              FROM price_data AS p
              WHERE (p.asset_id, p.timeframe, p.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
              LIMIT 1) AS p
          UNION ALL
          SELECT z.asset_id, z.timeframe, z.candle_time, true
          FROM (SELECT n.asset_id, n.timeframe, array_agg(n.candle_time) AS times
                FROM new_candles AS n
                WHERE EXISTS (SELECT FROM price_data_segments)
                GROUP BY n.asset_id, n.timeframe) AS n
          CROSS JOIN LATERAL ca_compressed_at(n.asset_id, n.timeframe, n.times) AS z) AS c
    LIMIT 1;
    IF FOUND THEN
        PERFORM ca_raise_second_copy(copy.asset_id, copy.timeframe, copy.candle_time, copy.compressed);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_refuse_second_copy() IS
    'trigger: refuses to archive a candle that price_data or a segment holds; it runs with its owner''s rights because whoever fills the archive need not be allowed to read those';
REVOKE EXECUTE ON FUNCTION ca_refuse_second_copy() FROM PUBLIC;

CREATE TRIGGER price_data_archive_once
    AFTER INSERT ON price_data_archive
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_refuse_second_copy();
COMMENT ON TRIGGER price_data_archive_once ON price_data_archive IS
    'a candle that price_data or a segment holds is not archived a second time';

-- A candle with a changed key counts as a new one, by the same rules.
CREATE FUNCTION ca_change_key() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_TABLE_NAME = 'price_data' THEN
        PERFORM ca_lock_archive(NEW.timeframe, ARRAY[NEW.asset_id]);
        PERFORM ca_lock_series(NEW.timeframe, NEW.asset_id);
        PERFORM ca_note_move(NEW.timeframe, ARRAY[NEW.asset_id]);
        DELETE FROM ONLY price_data_archive AS a
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (NEW.asset_id, NEW.timeframe, NEW.candle_time);
        PERFORM ca_drop_superseded(NEW.asset_id, NEW.timeframe, ARRAY[NEW.candle_time]);
        RETURN NULL;
    END IF;
    PERFORM ca_begin_archiving(NEW.timeframe, ARRAY[NEW.asset_id]);
    IF EXISTS (SELECT
               FROM price_data AS p
               WHERE (p.asset_id, p.timeframe, p.candle_time) = (NEW.asset_id, NEW.timeframe, NEW.candle_time)) THEN
        PERFORM ca_raise_second_copy(NEW.asset_id, NEW.timeframe, NEW.candle_time, false);
    ELSIF EXISTS (SELECT FROM ca_compressed_at(NEW.asset_id, NEW.timeframe, ARRAY[NEW.candle_time])) THEN
        PERFORM ca_raise_second_copy(NEW.asset_id, NEW.timeframe, NEW.candle_time, true);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_change_key() IS
    'trigger: a live candle that gets another key replaces an archived or compressed one, and an archived one does not get the key of a live or compressed one; it runs with its owner''s rights because whoever may update one table need not have rights to the others';
REVOKE EXECUTE ON FUNCTION ca_change_key() FROM PUBLIC;

CREATE TRIGGER price_data_change_key
    AFTER UPDATE ON price_data
    FOR EACH ROW
    WHEN (OLD.candle_time <> NEW.candle_time OR OLD.asset_id <> NEW.asset_id OR OLD.timeframe <> NEW.timeframe)
    EXECUTE FUNCTION ca_change_key();
COMMENT ON TRIGGER price_data_change_key ON price_data IS
    'a candle that gets another key replaces an archived or compressed one';

CREATE TRIGGER price_data_archive_change_key
    AFTER UPDATE ON price_data_archive
    FOR EACH ROW
    WHEN (OLD.candle_time <> NEW.candle_time OR OLD.asset_id <> NEW.asset_id OR OLD.timeframe <> NEW.timeframe)
    EXECUTE FUNCTION ca_change_key();
COMMENT ON TRIGGER price_data_archive_change_key ON price_data_archive IS
    'an archived candle does not get the key of one that price_data or a segment holds';

CREATE FUNCTION @extschema@.retention_period(timeframe text) RETURNS interval
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_retention_period';
COMMENT ON FUNCTION retention_period(text) IS
    'how long candles of this timeframe stay in price_data, from the setting cryptoanalytics.retention; NULL for ever';

CREATE FUNCTION ca_archive_cutoff(timeframe text, older_than timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT least(coalesce(ca_archive_cutoff.older_than,
                          (now() AT TIME ZONE 'UTC' - retention_period(ca_archive_cutoff.timeframe))
                          AT TIME ZONE 'UTC'),
                 timeframe_bucket(ca_archive_cutoff.timeframe, now()))
    WHERE ca_archive_cutoff.older_than IS NOT NULL
       OR retention_period(ca_archive_cutoff.timeframe) IS NOT NULL;
END;
COMMENT ON FUNCTION ca_archive_cutoff(text, timestamptz) IS
    'moment before which candles of this timeframe start that are to be archived, never an open one; NULL if there are none';

CREATE FUNCTION ca_archive_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer, keep_indicators boolean,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    -- One statement: a row either moves from one table to the other or stays.  The rows are deleted where they
    -- are, not by a join, which would be a nested loop if the planner expected few candles.  A row that changes
    -- while it is being locked is elsewhere, and stays like one that is locked.
    WITH batch AS MATERIALIZED (
        SELECT p.ctid AS place, p.id, p.candle_time
        FROM ONLY price_data AS p
        WHERE p.asset_id = ca_archive_batch.series
          AND p.timeframe = ca_archive_batch.timeframe
          AND p.candle_time >= ca_archive_batch.since
          AND p.candle_time < ca_archive_batch.until
        ORDER BY p.candle_time
        LIMIT ca_archive_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM ONLY price_data AS p
        WHERE p.ctid = ANY (ARRAY(SELECT b.place FROM batch AS b))
          AND ((p.id, p.asset_id, p.timeframe, p.candle_time)
               IN (SELECT b.id, ca_archive_batch.series, ca_archive_batch.timeframe, b.candle_time FROM batch AS b)) IS TRUE
        RETURNING p.*
    ), archived AS (
        INSERT INTO price_data_archive AS a
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap,
               CASE WHEN ca_archive_batch.keep_indicators THEN g.technical_indicators
                    ELSE ca_own_keys(g.technical_indicators) END,
               g.candle_time, g.created_at
        FROM gone AS g
        ORDER BY g.candle_time
        RETURNING a.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM archived AS r;
END;
COMMENT ON FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean) IS
    'moves the oldest candles of a range to the archive, at most batch_size; rows that another session has locked stay';

CREATE FUNCTION ca_restore_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH batch AS MATERIALIZED (
        SELECT a.ctid AS place, a.id, a.candle_time
        FROM ONLY price_data_archive AS a
        WHERE a.asset_id = ca_restore_batch.series
          AND a.timeframe = ca_restore_batch.timeframe
          AND a.candle_time >= ca_restore_batch.since
          AND a.candle_time < ca_restore_batch.until
        ORDER BY a.candle_time
        LIMIT ca_restore_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM ONLY price_data_archive AS a
        WHERE a.ctid = ANY (ARRAY(SELECT b.place FROM batch AS b))
          AND ((a.id, a.asset_id, a.timeframe, a.candle_time)
               IN (SELECT b.id, ca_restore_batch.series, ca_restore_batch.timeframe, b.candle_time FROM batch AS b)) IS TRUE
        RETURNING a.*
    ), restored AS (
        INSERT INTO price_data AS p
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap, g.technical_indicators, g.candle_time, g.created_at
        FROM gone AS g
        ORDER BY g.candle_time
        RETURNING p.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM restored AS r;
END;
COMMENT ON FUNCTION ca_restore_batch(integer, text, timestamptz, timestamptz, integer) IS
    'moves the oldest candles of a range back from the archive, at most batch_size';

CREATE FUNCTION ca_decompress_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH archived AS (
        INSERT INTO price_data_archive AS a
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap, g.technical_indicators, g.candle_time, g.created_at
        FROM ca_take_compressed(ca_decompress_batch.series, ca_decompress_batch.timeframe, ca_decompress_batch.since,
                                ca_decompress_batch.until, ca_decompress_batch.batch_size) AS g
        RETURNING a.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM archived AS r;
END;
COMMENT ON FUNCTION ca_decompress_batch(integer, text, timestamptz, timestamptz, integer) IS
    'moves the oldest candles of a range out of their segments to the archive, batch_size of them and the rest of the last segment';

CREATE FUNCTION ca_restore_compressed_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH restored AS (
        INSERT INTO price_data AS p
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap, g.technical_indicators, g.candle_time, g.created_at
        FROM ca_take_compressed(ca_restore_compressed_batch.series, ca_restore_compressed_batch.timeframe,
                                ca_restore_compressed_batch.since, ca_restore_compressed_batch.until,
                                ca_restore_compressed_batch.batch_size) AS g
        RETURNING p.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM restored AS r;
END;
COMMENT ON FUNCTION ca_restore_compressed_batch(integer, text, timestamptz, timestamptz, integer) IS
    'moves the oldest candles of a range out of their segments to price_data, batch_size of them and the rest of the last segment';

-- background_tasks has a row for each run.  The next run marks one that broke off as failed: its
-- backend is gone, or the server has restarted since.
CREATE FUNCTION ca_task_start(name text, params jsonb) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    task integer;
BEGIN
    UPDATE background_tasks AS t
    SET status = 'failed',
        error_message = 'the run broke off: its session is gone',
        completed_at = clock_timestamp()
    WHERE t.task_name = name
      AND t.status = 'running'
      AND (t.started_at < pg_postmaster_start_time()
           OR NOT EXISTS (SELECT
                          FROM pg_stat_activity AS s
                          WHERE s.pid = (t.task_params ->> 'pid')::integer
                            -- NULL where the caller must not know
                            AND coalesce(s.backend_start <= t.started_at, true))
           OR (t.task_params ->> 'pid')::integer = pg_backend_pid());

    INSERT INTO background_tasks AS t (task_name, task_type, status, task_params, result_data, started_at)
    VALUES (name, 'cleanup', 'running', params || jsonb_build_object('pid', pg_backend_pid()),
            jsonb '{"moved": 0, "by_timeframe": {}}', clock_timestamp())
    RETURNING t.id INTO task;
    RETURN task;
END;
$$;
COMMENT ON FUNCTION ca_task_start(text, jsonb) IS
    'records a run in background_tasks, and marks earlier ones that broke off as failed';

CREATE FUNCTION ca_task_finish(task integer, failure text, OUT moved bigint)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE background_tasks AS t
    SET status = CASE WHEN ca_task_finish.failure IS NULL THEN 'completed' ELSE 'failed' END,
        error_message = ca_task_finish.failure,
        completed_at = clock_timestamp(),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - t.started_at)
    WHERE t.id = ca_task_finish.task
    RETURNING (t.result_data ->> 'moved')::bigint;
END;
COMMENT ON FUNCTION ca_task_finish(integer, text) IS
    'records in background_tasks how a run ended, and returns the number of rows that it moved';

-- Candles move from one place to another: live, archive and segments are price_data,
-- price_data_archive and price_data_segments.
-- most series have no such candle, and a scan of the table would search for it to the end
CREATE FUNCTION ca_move_series(task integer, source text)
    RETURNS TABLE (series integer, timeframe text, until timestamptz)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH params AS (
        SELECT p.*
        FROM background_tasks AS b
        CROSS JOIN LATERAL jsonb_to_record(b.task_params)
            AS p (older_than timestamptz, timeframe text, asset integer)
        WHERE b.id = ca_move_series.task
    )
    SELECT a.id, t.code, c.cutoff
    FROM params AS p
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT CASE ca_move_series.source
                   WHEN 'live' THEN ca_archive_cutoff(t.code, p.older_than)
                   ELSE coalesce(p.older_than, 'infinity')
               END AS cutoff) AS c
    JOIN assets AS a ON p.asset IS NULL OR a.id = p.asset
    WHERE (p.timeframe IS NULL OR t.code = p.timeframe)
      AND CASE ca_move_series.source
              WHEN 'live' THEN EXISTS (
                  SELECT
                  FROM price_data AS d
                  WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff)
              ELSE EXISTS (
                  SELECT
                  FROM price_data_archive AS d
                  WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff)
          END
    ORDER BY t.place, a.id;
END;
COMMENT ON FUNCTION ca_move_series(integer, text) IS
    'the series and ranges that a run of archive_price_data (source live) or compress_price_archive (source archive) moves';
