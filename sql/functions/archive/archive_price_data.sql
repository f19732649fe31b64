-- Moving candles: one batch of them, ranges and runs of batches, and the procedures for that.

-- Moved candles have the columns that every installation has, and no others.
CREATE FUNCTION ca_refuse_added_columns(source text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    relation CONSTANT text := CASE source WHEN 'live' THEN 'price_data' WHEN 'archive' THEN 'price_data_archive' END;
    added text;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO added
    FROM ca_installed() AS i
    JOIN pg_attribute AS a ON a.attrelid = i.name::regclass AND a.attnum > i.columns
    WHERE i.name = relation AND NOT a.attisdropped AND a.attgenerated = '';
    IF added IS NOT NULL THEN
        RAISE EXCEPTION 'columns that were added to % would be lost', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Moving candles would lose %s.', added),
                  HINT = 'Keep such values in a table of your own, and drop the columns.',
                  CONSTRAINT = 'price_data_added_columns', TABLE = relation;
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_refuse_added_columns(text) IS
    'refuses to move candles out of a table (source live or archive) to which its owner has added columns';

CREATE FUNCTION ca_move_batch(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean,
    OUT done boolean, OUT last timestamptz, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    moved bigint;
    total bigint;
BEGIN
    PERFORM ca_refuse_added_columns(source);
    PERFORM ca_lock_series(timeframe, series);
    IF target = 'segments' THEN
        -- continues after the last candle, which may still be there
        SELECT b.moved, b.last INTO moved, last
        FROM ca_compress_batch(source = 'live', series, timeframe, since, until, batch_size, keep_indicators) AS b;
    ELSIF source = 'segments' AND target = 'archive' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_decompress_batch(series, timeframe, since, until, batch_size) AS b;
    ELSIF source = 'segments' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_restore_compressed_batch(series, timeframe, since, until, batch_size) AS b;
    ELSIF source = 'archive' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_restore_batch(series, timeframe, since, until, batch_size) AS b;
    ELSE
        SELECT b.moved, b.last INTO moved, last
        FROM ca_archive_batch(series, timeframe, since, until, batch_size, keep_indicators) AS b;
    END IF;

    done := last IS NULL;
    IF done THEN
        RETURN;
    END IF;
    IF moved > 0 THEN
        PERFORM ca_note_move(timeframe, ARRAY[series]);
    END IF;
    UPDATE background_tasks AS t
    SET result_data = jsonb_set(
            t.result_data || jsonb_build_object('moved', (t.result_data ->> 'moved')::bigint + moved),
            ARRAY['by_timeframe', ca_move_batch.timeframe],
            to_jsonb(coalesce((t.result_data -> 'by_timeframe' ->> ca_move_batch.timeframe)::bigint, 0) + moved)),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - t.started_at)
    WHERE t.id = task
    RETURNING (t.result_data ->> 'moved')::bigint INTO total;
    IF clock_timestamp() - reported >= interval '1 second' THEN
        reported := clock_timestamp();
        RAISE NOTICE '% rows moved, now at asset %, %, %', total, series, timeframe, last;
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_move_batch(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz) IS
    'moves one batch of a series, records it in background_tasks, and reports progress at most once per second';

CREATE FUNCTION ca_archive_asset(asset integer, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    batch_size CONSTANT integer := 10000;
    keep_indicators CONSTANT boolean := ca_keep_indicators();
    due record;
    part bigint;
    moved bigint := 0;
    failure jsonb;
    message text;
    detail text;
    relation text;
    rule text;
BEGIN
    PERFORM ca_refuse_added_columns('live');
    FOR due IN SELECT d.* FROM ca_archive_due(ca_archive_asset.as_of, ca_archive_asset.asset) AS d LOOP
        BEGIN
            PERFORM ca_lock_series(due.timeframe, due.asset);
            IF ca_archive_target() = 'segments' THEN
                SELECT b.moved INTO part
                FROM ca_compress_batch(true, due.asset, due.timeframe, '-infinity', due.until, batch_size, keep_indicators) AS b;
            ELSE
                SELECT b.moved INTO part
                FROM ca_archive_batch(due.asset, due.timeframe, '-infinity', due.until, batch_size, keep_indicators) AS b;
            END IF;
            IF part > 0 THEN
                PERFORM ca_note_move(due.timeframe, ARRAY[due.asset]);
            END IF;
            moved := moved + part;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR transaction_rollback
                    OR lock_not_available OR data_corrupted THEN
            GET STACKED DIAGNOSTICS message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL,
                                    relation := TABLE_NAME, rule := CONSTRAINT_NAME;
            failure := coalesce(failure, jsonb_build_object('state', SQLSTATE, 'message', message, 'detail', detail,
                                                            'relation', relation, 'rule', rule));
        END;
        EXIT WHEN moved >= batch_size;
    END LOOP;
    -- moved candles stay moved; the next call has nothing else to do, and fails
    IF failure IS NOT NULL AND moved = 0 THEN
        RAISE EXCEPTION '%', failure ->> 'message'
            USING ERRCODE = failure ->> 'state',
                  DETAIL = failure ->> 'detail',
                  TABLE = failure ->> 'relation',
                  CONSTRAINT = failure ->> 'rule';
    END IF;
    RETURN moved;
END;
$$;
COMMENT ON FUNCTION ca_archive_asset(integer, timestamptz) IS
    'step of maintain(): archives candles of one asset, as archive_price_data() does, and returns how many; from 10000 on there may be more; a series that fails does not stop the others, and is an error if nothing else moves';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE PROCEDURE ca_move_failed(task integer, message text, detail text, state text)
    LANGUAGE plpgsql
AS $$
BEGIN
    -- if a candle is in two places, which one it is
    PERFORM cryptoanalytics_internal.ca_task_finish(task, CASE WHEN state OPERATOR(pg_catalog.=) '23505'
                                                  THEN pg_catalog.concat_ws(': ', message, detail)
                                                  ELSE message END);
    COMMIT;
    RAISE EXCEPTION '%', message
        USING ERRCODE = state,
              DETAIL = pg_catalog.ltrim(pg_catalog.concat_ws(' ', detail,
                  'The batches before stay moved; background_tasks tells how many rows.')),
              HINT = 'Call the procedure again to continue where it stopped.';
END;
$$;
COMMENT ON PROCEDURE ca_move_failed(integer, text, text, text) IS
    'records in background_tasks that a run failed, commits that, and raises the error again';

CREATE FUNCTION ca_move_goes_on(
    failure jsonb, series integer, timeframe text, message text, detail text, state text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    others integer := coalesce((failure ->> 'others')::integer + 1, 0);
BEGIN
    -- data, integrity, conflicts with other sessions, locks that were not available, damaged segments
    IF left(state, 2) NOT IN ('22', '23', '40') AND state NOT IN ('55P03', 'XX001') THEN
        RETURN NULL;
    END IF;
    IF others < 10 THEN
        RAISE WARNING 'the % candles of asset % cannot be moved: %', timeframe, series, message
            USING ERRCODE = state, DETAIL = coalesce(nullif(detail, ''), 'The run goes on with other series.');
    END IF;
    IF others = 0 THEN
        RETURN jsonb_build_object('message', message, 'detail', detail, 'state', state, 'others', 0);
    END IF;
    RETURN failure || jsonb_build_object(
        'others', others, 'more', format('Candles of %s other series do not move either.', others));
END;
$$;
COMMENT ON FUNCTION ca_move_goes_on(jsonb, integer, text, text, text, text) IS
    'adds to failure, initially {}, that the candles of a series cannot be moved, and warns about the first ten; NULL if the error does not concern the series alone';

CREATE PROCEDURE ca_move_range(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean, INOUT reported timestamptz, INOUT failure jsonb)
    LANGUAGE plpgsql
AS $$
DECLARE
    batch pg_catalog.record;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    LOOP
        -- an error undoes only this batch, and is recorded before it is raised again
        BEGIN
            SELECT b.done, b.last, b.reported INTO batch
            FROM cryptoanalytics_internal.ca_move_batch(task, source, target, series, timeframe, since, until,
                                           batch_size, keep_indicators, reported) AS b;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                    state = RETURNED_SQLSTATE;
        END;
        IF message IS NOT NULL THEN
            failure := cryptoanalytics_internal.ca_move_goes_on(failure, series, timeframe, message, detail, state);
            IF failure IS NULL THEN
                CALL cryptoanalytics_internal.ca_move_failed(task, message, detail, state);
            END IF;
            COMMIT;
            RETURN;
        END IF;
        COMMIT;
        EXIT WHEN batch.done;
        since := batch.last;
        reported := batch.reported;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE ca_move_range(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz, jsonb) IS
    'moves a range of one series and commits after each batch; adds an error that concerns the series alone to failure, unless that is NULL';

CREATE PROCEDURE ca_move_all(
    task integer, source text, target text, batch_size integer, keep_indicators boolean)
    LANGUAGE plpgsql
AS $$
DECLARE
    reported pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    failure pg_catalog.jsonb := '{}';
    series pg_catalog.int4[];
    codes pg_catalog.text[];
    untils pg_catalog.timestamptz[];
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    -- looking for them can take a while, and can be cancelled too
    BEGIN
        SELECT pg_catalog.array_agg(s.series), pg_catalog.array_agg(s.timeframe), pg_catalog.array_agg(s.until)
        INTO series, codes, untils
        FROM cryptoanalytics_internal.ca_move_series(task, source) AS s;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                state = RETURNED_SQLSTATE;
    END;
    IF message IS NOT NULL THEN
        CALL cryptoanalytics_internal.ca_move_failed(task, message, detail, state);
    END IF;
    FOR i IN 1 .. coalesce(pg_catalog.cardinality(series), 0) LOOP
        CALL cryptoanalytics_internal.ca_move_range(task, source, target, series[i], codes[i], '-infinity', untils[i],
                                       batch_size, keep_indicators, reported, failure);
    END LOOP;
    message := pg_catalog.jsonb_extract_path_text(failure, 'message');
    IF message IS NOT NULL THEN
        CALL cryptoanalytics_internal.ca_move_failed(task, message,
            pg_catalog.concat_ws(' ', pg_catalog.jsonb_extract_path_text(failure, 'detail'),
                                 pg_catalog.jsonb_extract_path_text(failure, 'more')),
            pg_catalog.jsonb_extract_path_text(failure, 'state'));
    END IF;
END;
$$;
COMMENT ON PROCEDURE ca_move_all(integer, text, text, integer, boolean) IS
    'moves all series of a run of archive_price_data or compress_price_archive; a series that fails does not stop the others, and its error is raised at the end';

CREATE FUNCTION ca_compress_archive() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_compress_archive';
COMMENT ON FUNCTION ca_compress_archive() IS
    'the setting cryptoanalytics.compress_archive';

CREATE FUNCTION ca_keep_indicators() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_indicators';
COMMENT ON FUNCTION ca_keep_indicators() IS
    'the setting cryptoanalytics.keep_indicators';

CREATE FUNCTION ca_archive_target() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ca_compress_archive() THEN 'segments' ELSE 'archive' END;
COMMENT ON FUNCTION ca_archive_target() IS
    'destination of archive_price_data, from the setting cryptoanalytics.compress_archive';

CREATE FUNCTION ca_archive_count(older_than timestamptz, timeframe text, asset integer) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM timeframes() AS t (code)
    JOIN price_data AS p
      ON p.timeframe = t.code
     AND p.candle_time < ca_archive_cutoff(t.code, ca_archive_count.older_than)
    WHERE (ca_archive_count.timeframe IS NULL OR t.code = ca_archive_count.timeframe)
      AND (ca_archive_count.asset IS NULL OR p.asset_id = ca_archive_count.asset);
END;
COMMENT ON FUNCTION ca_archive_count(timestamptz, text, integer) IS
    'how many rows archive_price_data would move';

CREATE PROCEDURE @extschema@.archive_price_data(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    keep_indicators boolean DEFAULT NULL, batch_size integer DEFAULT 10000, dry_run boolean DEFAULT false,
    INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_batch_size(batch_size);
    IF timeframe IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_asset(asset);
    END IF;
    -- NULL does not say that rows may be moved
    IF coalesce(dry_run, true) THEN
        moved := cryptoanalytics_internal.ca_archive_count(older_than, timeframe, asset);
        RETURN;
    END IF;
    PERFORM cryptoanalytics_internal.ca_refuse_added_columns('live');

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('archive_price_data');
    keep_indicators := coalesce(keep_indicators, cryptoanalytics_internal.ca_keep_indicators());
    task := cryptoanalytics_internal.ca_task_start('archive_price_data', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset,
        'keep_indicators', keep_indicators, 'batch_size', batch_size));
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_all(task, 'live', cryptoanalytics_internal.ca_archive_target(), batch_size,
                                 keep_indicators);
    moved := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE archive_price_data(timestamptz, text, integer, boolean, integer, boolean, bigint) IS
    'moves closed candles that start before older_than, or are older than the setting cryptoanalytics.retention, from price_data to price_data_archive, or directly into price_data_segments with the setting cryptoanalytics.compress_archive, and commits after each batch; indicators are dropped unless keep_indicators or the setting of that name keeps them, other keys of technical_indicators stay; each run is a row of background_tasks; dry_run only counts';

CREATE PROCEDURE @extschema@.restore_price_data(
    timeframe text, asset integer, since timestamptz, until timestamptz,
    batch_size integer DEFAULT 10000, INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
    nothing pg_catalog.jsonb;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_batch_size(batch_size);
    PERFORM cryptoanalytics_internal.ca_check_series(asset, timeframe, since, until);
    PERFORM cryptoanalytics_internal.ca_refuse_added_columns('archive');

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('restore_price_data');
    task := cryptoanalytics_internal.ca_task_start('restore_price_data', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until, 'batch_size', batch_size));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_range(task, 'archive', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported, nothing);
    CALL cryptoanalytics_internal.ca_move_range(task, 'segments', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported, nothing);
    moved := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE restore_price_data(text, integer, timestamptz, timestamptz, integer, bigint) IS
    'moves the archived and compressed candles of one series that start in [since, until) back to price_data, and commits after each batch; NULL leaves a side open; each run is a row of background_tasks';
