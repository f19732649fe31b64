-- Locks: rows of series_locks and work_locks. docs/guide/rules.md has their order.
--
-- A read after taking a lock sees what the last holder committed, so the later of two writers never
-- undoes the work of the earlier one.
--
-- A plan that was made while series_locks was empty must still be good once it has a row per series.

CREATE FUNCTION ca_lock_work(work text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF length(work) > 100 THEN
        RAISE EXCEPTION 'unknown work'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Its name has %s characters.', length(work)),
                  HINT = 'Names of work have at most 100.';
    END IF;
    LOOP
        PERFORM FROM work_locks AS w WHERE w.name = work FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO work_locks (name) VALUES (work) ON CONFLICT DO NOTHING;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_lock_work(text) IS
    'waits for other sessions that do this work, and excludes them until the end of the transaction';

-- A series gets its row when somebody first locks it.  A session that locks all series of a timeframe
-- prevents new rows by the lock of the work "series <timeframe>", which sessions that make one share.
CREATE FUNCTION ca_make_series_locks(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    PERFORM ca_check_timeframe(ca_make_series_locks.timeframe);
    LOOP
        PERFORM FROM work_locks AS w WHERE w.name = 'series ' || ca_make_series_locks.timeframe FOR SHARE;
        EXIT WHEN FOUND;
        INSERT INTO work_locks (name) VALUES ('series ' || ca_make_series_locks.timeframe) ON CONFLICT DO NOTHING;
    END LOOP;
    INSERT INTO series_locks (asset_id, timeframe, purpose)
    SELECT a.id, ca_make_series_locks.timeframe, 'candles'
    FROM unnest(ca_make_series_locks.assets) AS a (id)
    ORDER BY a.id
    ON CONFLICT DO NOTHING;
END;
$$;
COMMENT ON FUNCTION ca_make_series_locks(text, integer[]) IS
    'creates the missing rows of series_locks for the series of these assets in a timeframe';

CREATE FUNCTION ca_lock_series(timeframe text, asset integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    IF ca_lock_series.asset IS NULL THEN
        PERFORM ca_lock_work('series ' || ca_lock_series.timeframe);
        PERFORM FROM series_locks AS s
        WHERE s.timeframe = ca_lock_series.timeframe AND s.purpose = 'candles'
        ORDER BY s.asset_id
        FOR UPDATE;
        RETURN;
    END IF;
    LOOP
        PERFORM FROM series_locks AS s
        WHERE s.asset_id = ca_lock_series.asset AND s.timeframe = ca_lock_series.timeframe AND s.purpose = 'candles'
        FOR UPDATE;
        EXIT WHEN FOUND;
        PERFORM ca_check_timeframe(ca_lock_series.timeframe);
        PERFORM ca_make_series_locks(ca_lock_series.timeframe, ARRAY[ca_lock_series.asset]);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_lock_series(text, integer) IS
    'locks writing of one series of candles, or of all series of a timeframe if asset is NULL, until the end of the transaction';

CREATE FUNCTION ca_lock_series_of(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    missing integer[];
BEGIN
    missing := ARRAY(
        SELECT a.id
        FROM unnest(ca_lock_series_of.assets) AS a (id)
        WHERE NOT EXISTS (
            SELECT FROM series_locks AS s
            WHERE s.asset_id = a.id AND s.timeframe = ca_lock_series_of.timeframe AND s.purpose = 'candles'));
    IF missing <> '{}' THEN
        PERFORM ca_make_series_locks(ca_lock_series_of.timeframe, missing);
    END IF;
    PERFORM FROM series_locks AS s
    WHERE s.asset_id = ANY (ca_lock_series_of.assets)
      AND s.timeframe = ca_lock_series_of.timeframe
      AND s.purpose = 'candles'
    ORDER BY s.asset_id
    FOR UPDATE;
END;
$$;
COMMENT ON FUNCTION ca_lock_series_of(text, integer[]) IS
    'locks writing of the series of these assets in a timeframe until the end of the transaction';

-- For sessions that have many series to write, and can write some of them later.  The candles that are
-- written refer to the assets, so an asset that another session is deleting is not free either.
CREATE FUNCTION ca_lock_free_series(timeframe text, assets integer[]) RETURNS integer[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    free integer[];
    missing integer[];
BEGIN
    free := ARRAY(
        SELECT a.id
        FROM assets AS a
        WHERE a.id = ANY (ca_lock_free_series.assets)
        ORDER BY a.id
        FOR KEY SHARE SKIP LOCKED);
    missing := ARRAY(
        SELECT a.id
        FROM unnest(free) AS a (id)
        WHERE NOT EXISTS (
            SELECT FROM series_locks AS s
            WHERE s.asset_id = a.id AND s.timeframe = ca_lock_free_series.timeframe AND s.purpose = 'candles'));
    IF missing <> '{}' THEN
        PERFORM ca_make_series_locks(ca_lock_free_series.timeframe, missing);
    END IF;
    RETURN ARRAY(
        SELECT s.asset_id
        FROM series_locks AS s
        WHERE s.asset_id = ANY (free)
          AND s.timeframe = ca_lock_free_series.timeframe
          AND s.purpose = 'candles'
        ORDER BY s.asset_id
        FOR UPDATE SKIP LOCKED);
END;
$$;
COMMENT ON FUNCTION ca_lock_free_series(text, integer[]) IS
    'locks writing of the series of these assets in a timeframe until the end of the transaction, except those that another session holds, and returns the locked assets';

CREATE FUNCTION ca_lock_indicators(asset integer, timeframe text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    LOOP
        PERFORM FROM series_locks AS s
        WHERE s.asset_id = ca_lock_indicators.asset
          AND s.timeframe = ca_lock_indicators.timeframe
          AND s.purpose = 'indicators'
        FOR UPDATE;
        EXIT WHEN FOUND;
        PERFORM ca_check_timeframe(ca_lock_indicators.timeframe);
        INSERT INTO series_locks (asset_id, timeframe, purpose)
        VALUES (ca_lock_indicators.asset, ca_lock_indicators.timeframe, 'indicators')
        ON CONFLICT DO NOTHING;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_lock_indicators(integer, text) IS
    'locks updating the indicators of a series until the end of the transaction; sessions that write candles do not wait for that';

CREATE FUNCTION ca_lock_archive(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    PERFORM ca_check_timeframe(ca_lock_archive.timeframe);
    INSERT INTO series_locks (asset_id, timeframe, purpose)
    SELECT a.id, ca_lock_archive.timeframe, 'archive'
    FROM unnest(ca_lock_archive.assets) AS a (id)
    WHERE NOT EXISTS (
        SELECT FROM series_locks AS s
        WHERE s.asset_id = a.id AND s.timeframe = ca_lock_archive.timeframe AND s.purpose = 'archive')
    ORDER BY a.id
    ON CONFLICT DO NOTHING;
    PERFORM FROM series_locks AS s
    WHERE s.asset_id = ANY (ca_lock_archive.assets)
      AND s.timeframe = ca_lock_archive.timeframe
      AND s.purpose = 'archive'
    ORDER BY s.asset_id
    FOR UPDATE;
END;
$$;
COMMENT ON FUNCTION ca_lock_archive(text, integer[]) IS
    'locks archiving of these series by hand until the end of the transaction; imports and moves of candles do not wait for that';

-- A transaction at REPEATABLE READ that locks a series after candles of it have moved, and began before,
-- fails with 40001, because the row that it locks has changed since.  Once a transaction is enough.
CREATE FUNCTION ca_note_move(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    UPDATE series_locks AS s
    SET moves = s.moves + 1
    WHERE s.asset_id = ANY (ca_note_move.assets)
      AND s.timeframe = ca_note_move.timeframe
      AND s.purpose = 'candles'
      AND s.xmin <> pg_current_xact_id()::xid;
END;
$$;
COMMENT ON FUNCTION ca_note_move(text, integer[]) IS
    'counts a move of candles of these series, which the caller has locked: transactions that still see the candles in their old place can then no longer lock the series';
