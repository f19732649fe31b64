-- Compressing the archive, decompressing it, and how much space that saves.

CREATE PROCEDURE @extschema@.compress_price_archive(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    INOUT compressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    IF timeframe IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_asset(asset);
    END IF;
    PERFORM cryptoanalytics_internal.ca_refuse_added_columns('archive');

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_segments', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('compress_price_archive');
    task := cryptoanalytics_internal.ca_task_start('compress_price_archive', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset));
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_all(task, 'archive', 'segments', 10000, true);
    compressed := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE compress_price_archive(timestamptz, text, integer, bigint) IS
    'moves candles that start before older_than, or all, from price_data_archive into price_data_segments, and commits every 10000; late ones go into the segments of their time; each run is a row of background_tasks';

CREATE PROCEDURE @extschema@.decompress_price_archive(
    timeframe text, asset integer, since timestamptz, until timestamptz, INOUT decompressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
    nothing pg_catalog.jsonb;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_series(asset, timeframe, since, until);

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_segments', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('decompress_price_archive');
    task := cryptoanalytics_internal.ca_task_start('decompress_price_archive', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_range(task, 'segments', 'archive', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), 10000, true, reported, nothing);
    decompressed := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE decompress_price_archive(text, integer, timestamptz, timestamptz, bigint) IS
    'moves the compressed candles of one series that start in [since, until) back to price_data_archive, and commits about every 10000; NULL leaves a side open; each run is a row of background_tasks';

-- The size of a candle as a row: the row, its pointer in the page, and its entries in two indexes, whose
-- pages are nine tenths full.  The size of the tables themselves would include the space of deleted
-- rows.
CREATE FUNCTION ca_candle_row_size(OUT bytes numeric, OUT source text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(avg(s.bytes) + 4 + (20 + 28) / 0.9, 1), s.source
    FROM (SELECT 1 AS place, a.bytes, 'price_data_archive' AS source
          FROM (SELECT ((pg_column_size(a) + 7) / 8 * 8)::numeric AS bytes FROM price_data_archive AS a LIMIT 1000) AS a
          UNION ALL
          SELECT 2, p.bytes, 'price_data'
          FROM (SELECT ((pg_column_size(p) + 7) / 8 * 8)::numeric AS bytes FROM price_data AS p LIMIT 1000) AS p
          UNION ALL
          SELECT 3, 112, 'computed') AS s
    GROUP BY s.place, s.source
    ORDER BY s.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_candle_row_size() IS
    'bytes that a candle takes as a row, with its index entries: measured on up to 1000 rows of the table that source names, or computed for prices and volume of 12 digits if there are no rows';

CREATE FUNCTION @extschema@.archive_size()
    RETURNS TABLE (
        timeframe text, live_candles bigint, archived_candles bigint, compressed_candles bigint, segments bigint,
        live_bytes bigint, archived_bytes bigint, compressed_bytes bigint,
        bytes_per_candle numeric, row_bytes_per_candle numeric, row_bytes_from text, ratio_to_rows numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH live AS (
        SELECT p.timeframe, count(*) AS candles FROM price_data AS p GROUP BY p.timeframe
    ), archived AS (
        SELECT a.timeframe, count(*) AS candles FROM price_data_archive AS a GROUP BY a.timeframe
    ), compressed AS (
        SELECT g.timeframe, sum(g.candles)::bigint AS candles, count(*) AS segments,
               sum(pg_column_size(g.payload) + coalesce(pg_column_size(g.technical_indicators), 0) + 80) AS bytes
        FROM price_data_segments AS g
        GROUP BY g.timeframe
    ), shares AS (
        SELECT t.code, t.place, l.candles AS live, a.candles AS archived, c.candles AS compressed, c.segments,
               pg_total_relation_size('price_data') * l.candles / sum(l.candles) OVER () AS live_bytes,
               pg_total_relation_size('price_data_archive') * a.candles / sum(a.candles) OVER () AS archived_bytes,
               pg_total_relation_size('price_data_segments') * c.bytes / sum(c.bytes) OVER () AS compressed_bytes
        FROM timeframes() WITH ORDINALITY AS t (code, place)
        LEFT JOIN live AS l ON l.timeframe = t.code
        LEFT JOIN archived AS a ON a.timeframe = t.code
        LEFT JOIN compressed AS c ON c.timeframe = t.code
    )
    SELECT s.code, coalesce(s.live, 0), coalesce(s.archived, 0), coalesce(s.compressed, 0), coalesce(s.segments, 0),
           coalesce(s.live_bytes, 0)::bigint, coalesce(s.archived_bytes, 0)::bigint,
           coalesce(s.compressed_bytes, 0)::bigint,
           round(s.compressed_bytes / s.compressed, 1), r.bytes, r.source,
           round(r.bytes * s.compressed / s.compressed_bytes, 1)
    FROM shares AS s
    CROSS JOIN ca_candle_row_size() AS r
    WHERE s.live > 0 OR s.archived > 0 OR s.compressed > 0
    ORDER BY s.place;
END;
COMMENT ON FUNCTION archive_size() IS
    'candles and bytes of each timeframe: rows of price_data and of price_data_archive, and price_data_segments; bytes are the timeframe''s share of table, TOAST and indexes; ratio_to_rows compares a compressed candle with one stored as a row. It counts rows and does not decode segments';
