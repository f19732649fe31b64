-- One batch of candles that move, from and to wherever.

-- Moved candles have the columns that every installation has, and no others.
CREATE FUNCTION ca_refuse_added_columns(source text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
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
                  DETAIL = format('Candles that move do not take along %s.', added),
                  HINT = 'Keep such values in a table of your own, and drop the columns.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_refuse_added_columns(text) IS
    'refuses to move candles out of a table (source live or archive) that has columns of its owner''s';

CREATE FUNCTION ca_move_batch(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean,
    OUT done boolean, OUT last timestamptz, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    moved bigint;
    total bigint;
BEGIN
    PERFORM ca_refuse_added_columns(source);
    PERFORM ca_lock_series(timeframe, series);
    IF target = 'segments' THEN
        -- goes on behind the last candle, which may still be there
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
    'moves one batch of a series, notes it in background_tasks and tells of it, at most once a second';
