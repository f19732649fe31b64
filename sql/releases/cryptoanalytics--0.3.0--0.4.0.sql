-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit

-- sql/upgrade/0.3.0--0.4.0.sql

-- What 0.3.0 had and 0.4.0 has not.

DROP PROCEDURE ca_move_range(integer, boolean, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz);
DROP FUNCTION ca_move_batch(integer, boolean, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz);
DROP FUNCTION ca_move_series(integer);

-- sql/schema/segments.sql

-- segments.sql: compressed history, about a thousand candles of one series a row
--
-- docs/segment-format.md describes the payload.  Candles are compressed and taken out again by the
-- functions of functions/segments.sql; nothing else writes here.

CREATE TABLE price_data_segments (
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    first_time timestamptz NOT NULL,
    last_time timestamptz NOT NULL,
    candles integer NOT NULL,
    payload bytea NOT NULL,
    technical_indicators jsonb[],
    CONSTRAINT price_data_segments_pkey PRIMARY KEY (asset_id, timeframe, first_time),
    CONSTRAINT price_data_segments_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE RESTRICT,
    CONSTRAINT price_data_segments_timeframe_check CHECK (timeframe_is_valid(timeframe)),
    CONSTRAINT price_data_segments_time_check CHECK (first_time <= last_time),
    CONSTRAINT price_data_segments_candles_check CHECK (candles BETWEEN 1 AND 1024),
    CONSTRAINT price_data_segments_indicators_check
        CHECK (technical_indicators IS NULL OR cardinality(technical_indicators) = candles)
);
SELECT pg_catalog.pg_extension_config_dump('price_data_segments', '');
-- what is compressed already is not compressed again
ALTER TABLE price_data_segments ALTER COLUMN payload SET STORAGE EXTERNAL;

COMMENT ON TABLE price_data_segments IS
    'Compressed OHLCV candles, up to 1024 of one asset and timeframe a row; the segments of a '
    'series do not overlap';
COMMENT ON COLUMN price_data_segments.asset_id IS
    'Asset the candles belong to';
COMMENT ON COLUMN price_data_segments.timeframe IS
    'Timeframe code of the candles (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data_segments.first_time IS
    'Start time of the first candle';
COMMENT ON COLUMN price_data_segments.last_time IS
    'Start time of the last candle';
COMMENT ON COLUMN price_data_segments.candles IS
    'Number of candles';
COMMENT ON COLUMN price_data_segments.payload IS
    'The candles but for their indicators, encoded, with a checksum';
COMMENT ON COLUMN price_data_segments.technical_indicators IS
    'Calculated technical indicators of each candle, in their order; NULL if no candle has any';
COMMENT ON CONSTRAINT price_data_segments_pkey ON price_data_segments IS
    'serves the segments of a series in time order, and those that reach into a range of time';

-- price_data_compressed shows the candles of the segments as rows.

CREATE FUNCTION ca_segments_fdw_handler() RETURNS fdw_handler
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_segments_fdw_handler';
COMMENT ON FUNCTION ca_segments_fdw_handler() IS
    'reads the rows of price_data_compressed';

CREATE FUNCTION ca_segments_fdw_validator(options text[], catalog oid) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_segments_fdw_validator';
COMMENT ON FUNCTION ca_segments_fdw_validator(text[], oid) IS
    'refuses options, for compressed candles have none';

CREATE FOREIGN DATA WRAPPER cryptoanalytics_segments
    HANDLER ca_segments_fdw_handler VALIDATOR ca_segments_fdw_validator;
COMMENT ON FOREIGN DATA WRAPPER cryptoanalytics_segments IS
    'shows compressed candles as rows';

CREATE SERVER cryptoanalytics_segments FOREIGN DATA WRAPPER cryptoanalytics_segments;
COMMENT ON SERVER cryptoanalytics_segments IS
    'the segments of this database';

-- the columns of price_data_archive; what NOT NULL promises, the segments keep
CREATE FOREIGN TABLE price_data_compressed (
    id bigint NOT NULL,
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    open_price numeric(20,8) NOT NULL,
    high_price numeric(20,8) NOT NULL,
    low_price numeric(20,8) NOT NULL,
    close_price numeric(20,8) NOT NULL,
    volume numeric(30,2),
    market_cap numeric(30,2),
    technical_indicators jsonb,
    candle_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL
) SERVER cryptoanalytics_segments;
-- the rights to price_data_segments decide
GRANT SELECT ON price_data_compressed TO PUBLIC;
COMMENT ON FOREIGN TABLE price_data_compressed IS
    'The candles of price_data_segments, one row each, with the columns of price_data_archive; '
    'read-only; who may read price_data_segments may read them, with its row security';
COMMENT ON COLUMN price_data_compressed.id IS
    'The price_data.id that the row had';
COMMENT ON COLUMN price_data_compressed.asset_id IS
    'Asset the candle belongs to';
COMMENT ON COLUMN price_data_compressed.timeframe IS
    'Timeframe code of the candle (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data_compressed.open_price IS
    'Opening price for the time period in USD; may be negative';
COMMENT ON COLUMN price_data_compressed.high_price IS
    'Highest price during the time period in USD';
COMMENT ON COLUMN price_data_compressed.low_price IS
    'Lowest price during the time period in USD';
COMMENT ON COLUMN price_data_compressed.close_price IS
    'Closing price for the time period in USD';
COMMENT ON COLUMN price_data_compressed.volume IS
    'Trading volume during the time period in USD; NULL when unknown';
COMMENT ON COLUMN price_data_compressed.market_cap IS
    'Market capitalization at the end of the candle in USD; NULL when unknown';
COMMENT ON COLUMN price_data_compressed.technical_indicators IS
    'Calculated technical indicators (RSI, MACD, etc.) as a JSON object. Usually NULL for '
    'archived data unless specifically preserved.';
COMMENT ON COLUMN price_data_compressed.candle_time IS
    'Start time of the OHLC candle in UTC, on a boundary of its timeframe';
COMMENT ON COLUMN price_data_compressed.created_at IS
    'Record creation timestamp: the price_data.created_at the row had';

-- sql/functions/segments.sql

-- Segments: candles in, candles out, and single ones changed.
--
-- Whoever changes the segments of a series holds its lock.  The functions of this part run with
-- their caller's rights to price_data_segments.  They find segments by their index, whatever the
-- planner believes of a table that grows.

CREATE FUNCTION ca_compress_batch(
    live boolean, series integer, timeframe text, after timestamptz, until timestamptz, batch_size integer,
    keep_indicators boolean, OUT moved bigint, OUT last timestamptz)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_compress_batch';
COMMENT ON FUNCTION ca_compress_batch(boolean, integer, text, timestamptz, timestamptz, integer, boolean) IS
    'moves the oldest candles of a range, after and until excluded, of price_data if live, else of price_data_archive, into segments, at most batch_size; rows that another session has locked are left; last is the last candle looked at';

CREATE FUNCTION ca_take_compressed(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer)
    RETURNS SETOF price_data_archive
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_take_compressed';
COMMENT ON FUNCTION ca_take_compressed(integer, text, timestamptz, timestamptz, integer) IS
    'takes the oldest candles of a range out of their segments and returns them; goes on to the end of the segment in which batch_size is reached';

CREATE FUNCTION ca_compressed_at(series integer, timeframe text, times timestamptz[])
    RETURNS SETOF price_data_archive
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 10
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_compressed_at';
COMMENT ON FUNCTION ca_compressed_at(integer, text, timestamptz[]) IS
    'the compressed candles of a series at these times';

CREATE FUNCTION ca_replace_compressed(series integer, timeframe text, candles price_data_archive[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_replace_compressed';
COMMENT ON FUNCTION ca_replace_compressed(integer, text, price_data_archive[]) IS
    'puts candles of one series, in order of time, in the place of those compressed at their times, and returns how many there were';

CREATE FUNCTION ca_drop_compressed(series integer, timeframe text, times timestamptz[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_drop_compressed';
COMMENT ON FUNCTION ca_drop_compressed(integer, text, timestamptz[]) IS
    'deletes the compressed candles of a series at these times, and returns how many there were';

CREATE FUNCTION ca_drop_superseded(series integer, timeframe text, times timestamptz[]) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_drop_compressed(ca_drop_superseded.series, ca_drop_superseded.timeframe, ca_drop_superseded.times);
END;
COMMENT ON FUNCTION ca_drop_superseded(integer, text, timestamptz[]) IS
    'deletes compressed candles that live ones take the place of, which are noted for the indicators themselves';

CREATE FUNCTION update_compressed_candle(
    asset integer, timeframe text, candle_time timestamptz, open_price numeric, high_price numeric,
    low_price numeric, close_price numeric, volume numeric DEFAULT NULL, market_cap numeric DEFAULT NULL,
    technical_indicators jsonb DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    candle price_data_archive;
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    IF num_nulls(candle_time, open_price, high_price, low_price, close_price) > 0 THEN
        RAISE EXCEPTION 'time and prices of a candle must not be NULL'
            USING ERRCODE = 'not_null_violation';
    END IF;

    PERFORM ca_lock_series(timeframe, asset);
    SELECT a.* INTO candle FROM ca_compressed_at(asset, timeframe, ARRAY[candle_time]) AS a;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    candle.open_price := open_price::numeric(20,8);
    candle.high_price := high_price::numeric(20,8);
    candle.low_price := low_price::numeric(20,8);
    candle.close_price := close_price::numeric(20,8);
    candle.volume := volume::numeric(30,2);
    candle.market_cap := market_cap::numeric(30,2);
    candle.technical_indicators := technical_indicators;
    IF NOT (candle.low_price <= candle.open_price AND candle.open_price <= candle.high_price
            AND candle.low_price <= candle.close_price AND candle.close_price <= candle.high_price
            AND candle.high_price <> 'NaN') THEN
        RAISE EXCEPTION 'low and high must enclose open and close'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Values are open %s, high %s, low %s, close %s.',
                                  open_price, high_price, low_price, close_price);
    END IF;
    IF NOT (coalesce(candle.volume, 0) >= 0 AND coalesce(candle.volume, 0) < 'Infinity'
            AND coalesce(candle.market_cap, 0) >= 0 AND coalesce(candle.market_cap, 0) < 'Infinity') THEN
        RAISE EXCEPTION 'volume and market_cap must be finite and not negative'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Values are volume %s, market_cap %s.',
                                  coalesce(volume::text, 'NULL'), coalesce(market_cap::text, 'NULL'));
    END IF;
    PERFORM ca_replace_compressed(asset, timeframe, ARRAY[candle]);
    RETURN true;
END;
$$;
COMMENT ON FUNCTION update_compressed_candle(integer, text, timestamptz, numeric, numeric, numeric, numeric, numeric, numeric, jsonb) IS
    'gives a compressed candle these values, all of them, and returns whether there was one; its segment is written anew';

CREATE FUNCTION delete_compressed_candle(asset integer, timeframe text, candle_time timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    PERFORM ca_lock_series(timeframe, asset);
    RETURN ca_drop_compressed(asset, timeframe, ARRAY[candle_time]) > 0;
END;
$$;
COMMENT ON FUNCTION delete_compressed_candle(integer, text, timestamptz) IS
    'deletes a compressed candle and returns whether there was one; its segment is written anew';

-- sql/functions/compression.sql

-- Compressing the archive, taking it out again, and what that saves.

CREATE PROCEDURE compress_price_archive(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    INOUT compressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    IF timeframe IS NOT NULL THEN
        PERFORM @extschema@.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM @extschema@.ca_check_asset(asset);
    END IF;

    task := @extschema@.ca_task_start('compress_price_archive', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset));
    COMMIT;
    CALL @extschema@.ca_move_all(task, 'archive', 'segments', 10000, true);
    compressed := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE compress_price_archive(timestamptz, text, integer, bigint) IS
    'moves candles that start before older_than, or all, from price_data_archive into price_data_segments, a commit every 10000; late ones go into the segments of their time; each run is a row of background_tasks';

CREATE PROCEDURE decompress_price_archive(
    timeframe text, asset integer, since timestamptz, until timestamptz, INOUT decompressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
BEGIN
    PERFORM @extschema@.ca_check_series(asset, timeframe, since, until);

    task := @extschema@.ca_task_start('decompress_price_archive', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL @extschema@.ca_move_range(task, 'segments', 'archive', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), 10000, true, reported);
    decompressed := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE decompress_price_archive(text, integer, timestamptz, timestamptz, bigint) IS
    'moves the compressed candles of one series that start in [since, until) back to price_data_archive, a commit about every 10000; NULL leaves a side open; each run is a row of background_tasks';

-- Of a candle that is a row: the row, its place in the page, and its entries of two indexes, whose
-- pages are nine tenths full.  The size of the tables themselves would count the room of rows that
-- have gone.
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
    'bytes that a candle takes as a row, with its index entries: by up to 1000 rows of the table that source names, or computed for prices and volume of 12 digits when there is no row';

CREATE FUNCTION archive_size()
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
    'candles and bytes of each timeframe: rows of price_data and of price_data_archive, and price_data_segments; bytes are a timeframe''s share of table, TOAST and indexes; ratio_to_rows compares a compressed candle with one that is a row. It counts rows, and decodes no segment';

-- sql/schema/views.sql

-- Views over the tables.

CREATE OR REPLACE VIEW price_history WITH (security_invoker = true) AS
    SELECT p.id, p.asset_id, p.timeframe, p.open_price, p.high_price, p.low_price, p.close_price,
           p.volume, p.market_cap, p.technical_indicators, p.candle_time, p.created_at,
           false AS archived, false AS compressed
    FROM price_data AS p
    UNION ALL
    SELECT a.id, a.asset_id, a.timeframe, a.open_price, a.high_price, a.low_price, a.close_price,
           a.volume, a.market_cap, a.technical_indicators, a.candle_time, a.created_at,
           true AS archived, false AS compressed
    FROM price_data_archive AS a
    UNION ALL
    SELECT c.id, c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
           c.volume, c.market_cap, c.technical_indicators, c.candle_time, c.created_at,
           true AS archived, true AS compressed
    FROM price_data_compressed AS c;
COMMENT ON VIEW price_history IS
    'all candles, live, archived and compressed; each candle is in one place, so it appears once';
COMMENT ON COLUMN price_history.id IS 'identifier, kept when the candle moves or is compressed';
COMMENT ON COLUMN price_history.asset_id IS 'asset, assets.id';
COMMENT ON COLUMN price_history.timeframe IS 'length of the candle, a code such as 1h';
COMMENT ON COLUMN price_history.open_price IS 'price at the start of the candle';
COMMENT ON COLUMN price_history.high_price IS 'highest price in the candle';
COMMENT ON COLUMN price_history.low_price IS 'lowest price in the candle';
COMMENT ON COLUMN price_history.close_price IS 'price at the end of the candle';
COMMENT ON COLUMN price_history.volume IS 'traded volume, in USD; NULL when not known';
COMMENT ON COLUMN price_history.market_cap IS 'market capitalization, in USD; NULL when not known';
COMMENT ON COLUMN price_history.technical_indicators IS 'indicators of the candle as a JSON object; archived rows have them only if they were kept';
COMMENT ON COLUMN price_history.candle_time IS 'start of the candle';
COMMENT ON COLUMN price_history.created_at IS 'when the candle was first stored, kept when the row moves';
COMMENT ON COLUMN price_history.archived IS 'whether the candle is in price_data_archive or compressed';
COMMENT ON COLUMN price_history.compressed IS 'whether the candle is compressed';

CREATE OR REPLACE VIEW model_leaderboard WITH (security_invoker = true) AS
    WITH latest AS (
        SELECT DISTINCT ON (p.model_id, p.evaluation_metric)
               p.model_id, p.evaluation_metric, p.metric_value, p.evaluation_date,
               p.evaluated_predictions_count
        FROM model_performance AS p
        ORDER BY p.model_id, p.evaluation_metric, p.evaluation_date DESC
    ), metrics AS (
        SELECT l.model_id,
               max(l.evaluation_date) AS evaluation_date,
               max(l.evaluated_predictions_count) AS predictions,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'accuracy') AS accuracy,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'directional_accuracy') AS directional_accuracy,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'mae') AS mae,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'rmse') AS rmse,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'mape') AS mape,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'smape') AS smape,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'r2') AS r2,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'brier_score') AS brier_score,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'sharpe_ratio') AS sharpe_ratio
        FROM latest AS l
        GROUP BY l.model_id
    )
    SELECT rank() OVER (ORDER BY x.mape, x.directional_accuracy DESC NULLS LAST, x.accuracy DESC NULLS LAST) AS rank,
           m.id AS model_id, m.name, m.version, m.model_type, m.is_active,
           x.evaluation_date, x.predictions, x.accuracy, x.directional_accuracy, x.mae, x.rmse,
           x.mape, x.smape, x.r2, x.brier_score, x.sharpe_ratio
    FROM metrics AS x
    JOIN ai_models AS m ON m.id = x.model_id
    ORDER BY rank, m.name, m.version;
COMMENT ON VIEW model_leaderboard IS
    'latest metrics of every evaluated model version, best first: by mape, which compares prices of any size, then by directional accuracy and accuracy; a model without mape comes last';
COMMENT ON COLUMN model_leaderboard.rank IS 'place, from 1; equal metrics share a place';
COMMENT ON COLUMN model_leaderboard.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_leaderboard.name IS 'name of the model';
COMMENT ON COLUMN model_leaderboard.version IS 'version of the model';
COMMENT ON COLUMN model_leaderboard.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_leaderboard.is_active IS 'whether the version is in use';
COMMENT ON COLUMN model_leaderboard.evaluation_date IS 'when the metrics were computed, of several the last';
COMMENT ON COLUMN model_leaderboard.predictions IS 'predictions behind the metric that had the most';
COMMENT ON COLUMN model_leaderboard.accuracy IS 'share of predictions within their accuracy threshold, 0 to 1';
COMMENT ON COLUMN model_leaderboard.directional_accuracy IS 'share of predictions whose direction came true, 0 to 1';
COMMENT ON COLUMN model_leaderboard.mae IS 'mean absolute error, in USD';
COMMENT ON COLUMN model_leaderboard.rmse IS 'root mean squared error, in USD';
COMMENT ON COLUMN model_leaderboard.mape IS 'mean absolute percentage error, as a fraction';
COMMENT ON COLUMN model_leaderboard.smape IS 'symmetric mean absolute percentage error, 0 to 2';
COMMENT ON COLUMN model_leaderboard.r2 IS 'coefficient of determination';
COMMENT ON COLUMN model_leaderboard.brier_score IS 'Brier score of confidence_score as the probability of being accurate';
COMMENT ON COLUMN model_leaderboard.sharpe_ratio IS 'annualised Sharpe ratio of following each predicted direction';

-- sql/functions/rollup.sql

-- Writing candles: one writer for all, roll-ups and imports.

-- Who writes candles of a series holds an advisory lock on it until the end of the transaction.
-- What is read after taking the lock is what the last writer committed, so the later of two
-- writers never puts back what the earlier had before it.
CREATE OR REPLACE FUNCTION ca_lock_series(timeframe text, asset integer) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE WHEN ca_lock_series.asset IS NULL
                THEN pg_advisory_xact_lock(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
                ELSE pg_advisory_xact_lock_shared(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
           END;
    SELECT pg_advisory_xact_lock(hashtextextended(
               'cryptoanalytics series ' || ca_lock_series.timeframe || ' ' || ca_lock_series.asset, 0))
    WHERE ca_lock_series.asset IS NOT NULL;
END;
COMMENT ON FUNCTION ca_lock_series(text, integer) IS
    'locks writing of one series of candles, or of a timeframe''s all series when asset is NULL, to the end of the transaction';

CREATE OR REPLACE FUNCTION ca_store_candles(candles price_data[]) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH candle AS MATERIALIZED (
        SELECT c.* FROM unnest(ca_store_candles.candles) AS c
    ), in_archive AS (
        UPDATE price_data_archive AS a
        SET open_price = c.open_price,
            high_price = c.high_price,
            low_price = c.low_price,
            close_price = c.close_price,
            volume = coalesce(c.volume, a.volume),
            market_cap = coalesce(c.market_cap, a.market_cap),
            technical_indicators = NULL
        FROM candle AS c
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
          AND (a.open_price, a.high_price, a.low_price, a.close_price, a.volume, a.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, a.volume), coalesce(c.market_cap, a.market_cap))
        RETURNING a.id
    ), compressed AS MATERIALIZED (
        SELECT z.*
        FROM (SELECT c.asset_id, c.timeframe, array_agg(c.candle_time) AS times
              FROM candle AS c
              WHERE EXISTS (SELECT FROM price_data_segments)
              GROUP BY c.asset_id, c.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    ), in_segments AS (
        SELECT ca_replace_compressed(
                   z.asset_id, z.timeframe,
                   array_agg(ROW(z.id, z.asset_id, z.timeframe, c.open_price, c.high_price, c.low_price,
                                 c.close_price, coalesce(c.volume, z.volume), coalesce(c.market_cap, z.market_cap),
                                 NULL, z.candle_time, z.created_at)::price_data_archive
                             ORDER BY z.candle_time)) AS replaced
        FROM compressed AS z
        JOIN candle AS c
          ON (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
        WHERE (z.open_price, z.high_price, z.low_price, z.close_price, z.volume, z.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, z.volume), coalesce(c.market_cap, z.market_cap))
        GROUP BY z.asset_id, z.timeframe
    ), in_live AS (
        INSERT INTO price_data AS p
            (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap, candle_time)
        SELECT c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
               c.volume, c.market_cap, c.candle_time
        FROM candle AS c
        WHERE NOT EXISTS (
            SELECT
            FROM price_data_archive AS a
            WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
          AND NOT EXISTS (
            SELECT
            FROM compressed AS z
            WHERE (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
        ORDER BY c.asset_id, c.timeframe, c.candle_time
        ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
        SET open_price = excluded.open_price,
            high_price = excluded.high_price,
            low_price = excluded.low_price,
            close_price = excluded.close_price,
            volume = coalesce(excluded.volume, p.volume),
            market_cap = coalesce(excluded.market_cap, p.market_cap),
            technical_indicators = NULL
        WHERE (p.open_price, p.high_price, p.low_price, p.close_price, p.volume, p.market_cap)
              IS DISTINCT FROM
              (excluded.open_price, excluded.high_price, excluded.low_price, excluded.close_price,
               coalesce(excluded.volume, p.volume), coalesce(excluded.market_cap, p.market_cap))
        RETURNING p.id
    )
    SELECT (SELECT count(*) FROM in_archive)
         + (SELECT coalesce(sum(s.replaced), 0)::bigint FROM in_segments AS s)
         + (SELECT count(*) FROM in_live);
END;
COMMENT ON FUNCTION ca_store_candles(price_data[]) IS
    'inserts candles or corrects those stored, live, archived or compressed, and returns how many changed; a changed candle loses its technical_indicators, an unknown volume or market_cap does not overwrite a known one; the caller holds the series lock and sends each candle once';

CREATE OR REPLACE FUNCTION ca_rollup_series(
    timeframe text, asset integer, since timestamptz, until timestamptz, source text, include_open boolean)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_series';
COMMENT ON FUNCTION ca_rollup_series(text, integer, timestamptz, timestamptz, text, boolean) IS
    'rolls one series up, or those of all assets when asset is NULL, in one pass over the stored candles; the caller has checked the arguments and holds the lock of what is written';

CREATE OR REPLACE FUNCTION rollup_candles(
    timeframe text, asset integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, source text DEFAULT NULL, include_open boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_timeframe(rollup_candles.timeframe);
    PERFORM ca_check_range(rollup_candles.since, rollup_candles.until);
    IF rollup_candles.asset IS NOT NULL THEN
        PERFORM ca_check_asset(rollup_candles.asset);
    END IF;
    PERFORM FROM timeframes() AS t
    WHERE timeframe_divides(coalesce(rollup_candles.source, t), rollup_candles.timeframe);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cannot roll % up to %', coalesce(rollup_candles.source, 'candles'), rollup_candles.timeframe
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('A %s candle is not made of whole %s candles.',
                                  rollup_candles.timeframe, coalesce(rollup_candles.source, 'shorter')),
                  HINT = format('Timeframes that divide %s: %s.', rollup_candles.timeframe,
                                coalesce((SELECT string_agg(t, ' ') FROM timeframes() AS t
                                          WHERE timeframe_divides(t, rollup_candles.timeframe)), 'none'));
    END IF;

    PERFORM ca_lock_series(rollup_candles.timeframe, rollup_candles.asset);
    -- its snapshot is taken after the lock
    RETURN ca_rollup_series(
        rollup_candles.timeframe, rollup_candles.asset, rollup_candles.since, rollup_candles.until,
        rollup_candles.source, coalesce(rollup_candles.include_open, false));
END;
$$;
COMMENT ON FUNCTION rollup_candles(text, integer, timestamptz, timestamptz, text, boolean) IS
    'recomputes the whole candles that overlap [since, until) from stored finer ones, live and archived, writes them and returns how many were inserted or changed; closed candles only, unless include_open';

-- sql/functions/archive.sql

-- The archive of old candles.

-- A candle is in one place only.  A new live candle takes the place of an archived or compressed
-- one, and an archived one cannot be added beside a live or compressed one.
--
-- LATERAL and LIMIT look each new candle up by its key.  A join might go the other way round, all of
-- a table beside each of them, where the planner takes a table that has just been filled for empty.
CREATE OR REPLACE FUNCTION ca_supersede_archived() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    assets integer[];
    codes text[];
    reached record;
    series record;
BEGIN
    -- What was archived when this began is deleted or, if it has gone into a segment since, in
    -- reach at the second pass.  What was compressed is in reach of the series' last segment at
    -- the first.
    FOR pass IN 1 .. 2 LOOP
        WITH superseded AS MATERIALIZED (
            SELECT a.id
            FROM new_candles AS n
            CROSS JOIN LATERAL (
                SELECT a.id
                FROM price_data_archive AS a
                WHERE (a.asset_id, a.timeframe, a.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
                LIMIT 1) AS a
            WHERE pass = 1
        ), gone AS (
            DELETE FROM price_data_archive AS a
            USING superseded AS s
            WHERE a.id = s.id
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

    -- under the lock of a series none of its candles is on its way
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
            SELECT a.id
            FROM new_candles AS n
            CROSS JOIN LATERAL (
                SELECT a.id
                FROM price_data_archive AS a
                WHERE (a.asset_id, a.timeframe, a.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
                LIMIT 1) AS a
            WHERE n.asset_id = series.asset AND n.timeframe = series.code
        )
        DELETE FROM price_data_archive AS a
        USING superseded AS s
        WHERE a.id = s.id;
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_supersede_archived() IS
    'trigger: candles inserted into price_data replace archived and compressed ones; it runs with its owner''s rights because whoever may insert candles need not be allowed to delete from the archive';
REVOKE EXECUTE ON FUNCTION ca_supersede_archived() FROM PUBLIC;

CREATE OR REPLACE TRIGGER price_data_supersede
    AFTER INSERT ON price_data
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_supersede_archived();
COMMENT ON TRIGGER price_data_supersede ON price_data IS
    'a candle inserted here replaces an archived or compressed one';

CREATE OR REPLACE FUNCTION ca_refuse_second_copy() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    copy record;
BEGIN
    -- one statement: a candle may be on its way from one to the other
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
    IF FOUND AND copy.compressed THEN
        RAISE EXCEPTION 'the candle is compressed already'
            USING ERRCODE = 'unique_violation',
                  DETAIL = format('price_data_segments holds the %s candle of asset %s at %s.',
                                  copy.timeframe, copy.asset_id, copy.candle_time),
                  HINT = 'update_compressed_candle and delete_compressed_candle change it where it is.';
    ELSIF FOUND THEN
        RAISE EXCEPTION 'the candle is live already'
            USING ERRCODE = 'unique_violation',
                  DETAIL = format('price_data holds the %s candle of asset %s at %s.',
                                  copy.timeframe, copy.asset_id, copy.candle_time),
                  HINT = 'archive_price_data moves candles from one table to the other.';
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_refuse_second_copy() IS
    'trigger: a candle that price_data or a segment holds is not archived a second time; it runs with its owner''s rights because whoever fills the archive need not be allowed to read those';
REVOKE EXECUTE ON FUNCTION ca_refuse_second_copy() FROM PUBLIC;

CREATE OR REPLACE TRIGGER price_data_archive_once
    AFTER INSERT ON price_data_archive
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_refuse_second_copy();
COMMENT ON TRIGGER price_data_archive_once ON price_data_archive IS
    'a candle that price_data or a segment holds is not archived a second time';

CREATE OR REPLACE FUNCTION retention_period(timeframe text) RETURNS interval
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_retention_period';
COMMENT ON FUNCTION retention_period(text) IS
    'how long candles of this timeframe stay in price_data by the setting cryptoanalytics.retention; NULL when for ever';

CREATE OR REPLACE FUNCTION ca_archive_cutoff(timeframe text, older_than timestamptz) RETURNS timestamptz
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
    'candles of this timeframe that start before this moment are to be archived; never one that is still open; NULL when none is';

CREATE OR REPLACE FUNCTION ca_archive_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer, keep_indicators boolean,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    -- one statement: a row leaves one table and enters the other, or neither happens
    WITH batch AS MATERIALIZED (
        SELECT p.id
        FROM price_data AS p
        WHERE p.asset_id = ca_archive_batch.series
          AND p.timeframe = ca_archive_batch.timeframe
          AND p.candle_time >= ca_archive_batch.since
          AND p.candle_time < ca_archive_batch.until
        ORDER BY p.candle_time
        LIMIT ca_archive_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM price_data AS p
        USING batch AS b
        WHERE p.id = b.id
        RETURNING p.*
    ), archived AS (
        INSERT INTO price_data_archive AS a
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap,
               CASE WHEN ca_archive_batch.keep_indicators THEN g.technical_indicators END,
               g.candle_time, g.created_at
        FROM gone AS g
        ORDER BY g.candle_time
        RETURNING a.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM archived AS r;
END;
COMMENT ON FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean) IS
    'moves the oldest candles of a range to the archive, at most batch_size; rows that another session has locked are left';

CREATE OR REPLACE FUNCTION ca_restore_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH batch AS MATERIALIZED (
        SELECT a.id
        FROM price_data_archive AS a
        WHERE a.asset_id = ca_restore_batch.series
          AND a.timeframe = ca_restore_batch.timeframe
          AND a.candle_time >= ca_restore_batch.since
          AND a.candle_time < ca_restore_batch.until
        ORDER BY a.candle_time
        LIMIT ca_restore_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM price_data_archive AS a
        USING batch AS b
        WHERE a.id = b.id
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

CREATE OR REPLACE FUNCTION ca_decompress_batch(
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
    'moves the oldest candles of a range out of their segments to the archive, batch_size and the rest of the last segment';

CREATE OR REPLACE FUNCTION ca_restore_compressed_batch(
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
    'moves the oldest candles of a range out of their segments to price_data, batch_size and the rest of the last segment';

-- background_tasks tells of each run.  A run that broke off is marked as failed by the next one:
-- its backend is gone, or the server has started since.
CREATE OR REPLACE FUNCTION ca_task_start(name text, params jsonb) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
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
    'enters a run into background_tasks, and marks earlier ones that broke off as failed';

CREATE OR REPLACE FUNCTION ca_task_finish(task integer, failure text, OUT moved bigint)
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
    'notes in background_tasks how a run ended, and returns the rows that it moved';

-- Candles move from one place to another: live, archive and segments are price_data,
-- price_data_archive and price_data_segments.
-- of most series there is no candle, and a scan of the table would look for it to the end
CREATE OR REPLACE FUNCTION ca_move_series(task integer, source text)
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
    'the series and ranges that a run of archive_price_data (source live) or compress_price_archive (source archive) is to move';

CREATE OR REPLACE FUNCTION ca_move_batch(
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

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE OR REPLACE PROCEDURE ca_move_failed(task integer, message text, detail text, state text)
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM @extschema@.ca_task_finish(task, message);
    COMMIT;
    RAISE EXCEPTION '%', message
        USING ERRCODE = state,
              DETAIL = pg_catalog.ltrim(pg_catalog.concat_ws(' ', detail,
                  'The batches before stay moved; background_tasks tells how many rows.')),
              HINT = 'Calling the procedure again goes on where it stopped.';
END;
$$;
COMMENT ON PROCEDURE ca_move_failed(integer, text, text, text) IS
    'notes in background_tasks that a run failed, commits that, and raises the error again';

CREATE OR REPLACE PROCEDURE ca_move_range(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean, INOUT reported timestamptz)
    LANGUAGE plpgsql
AS $$
DECLARE
    batch pg_catalog.record;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    LOOP
        -- an error undoes this batch only, and is noted before it is raised again
        BEGIN
            SELECT b.done, b.last, b.reported INTO batch
            FROM @extschema@.ca_move_batch(task, source, target, series, timeframe, since, until,
                                           batch_size, keep_indicators, reported) AS b;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                    state = RETURNED_SQLSTATE;
        END;
        IF message IS NOT NULL THEN
            CALL @extschema@.ca_move_failed(task, message, detail, state);
        END IF;
        COMMIT;
        EXIT WHEN batch.done;
        since := batch.last;
        reported := batch.reported;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE ca_move_range(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz) IS
    'moves a range of one series, a commit a batch';

CREATE OR REPLACE PROCEDURE ca_move_all(
    task integer, source text, target text, batch_size integer, keep_indicators boolean)
    LANGUAGE plpgsql
AS $$
DECLARE
    reported pg_catalog.timestamptz := pg_catalog.clock_timestamp();
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
        FROM @extschema@.ca_move_series(task, source) AS s;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                state = RETURNED_SQLSTATE;
    END;
    IF message IS NOT NULL THEN
        CALL @extschema@.ca_move_failed(task, message, detail, state);
    END IF;
    FOR i IN 1 .. coalesce(pg_catalog.cardinality(series), 0) LOOP
        CALL @extschema@.ca_move_range(task, source, target, series[i], codes[i], '-infinity', untils[i],
                                       batch_size, keep_indicators, reported);
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE ca_move_all(integer, text, text, integer, boolean) IS
    'moves all series that a run of archive_price_data or compress_price_archive is to move';

CREATE OR REPLACE FUNCTION ca_archive_target() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE current_setting('cryptoanalytics.compress_archive', true) WHEN 'on' THEN 'segments' ELSE 'archive' END;
COMMENT ON FUNCTION ca_archive_target() IS
    'where archive_price_data moves candles to, by the setting cryptoanalytics.compress_archive';

CREATE OR REPLACE FUNCTION ca_archive_count(older_than timestamptz, timeframe text, asset integer) RETURNS bigint
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

CREATE OR REPLACE PROCEDURE archive_price_data(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    keep_indicators boolean DEFAULT false, batch_size integer DEFAULT 10000, dry_run boolean DEFAULT false,
    INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    PERFORM @extschema@.ca_check_batch_size(batch_size);
    IF timeframe IS NOT NULL THEN
        PERFORM @extschema@.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM @extschema@.ca_check_asset(asset);
    END IF;
    -- whoever passes NULL has not said that rows may move
    IF coalesce(dry_run, true) THEN
        moved := @extschema@.ca_archive_count(older_than, timeframe, asset);
        RETURN;
    END IF;

    task := @extschema@.ca_task_start('archive_price_data', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset,
        'keep_indicators', keep_indicators, 'batch_size', batch_size));
    COMMIT;
    CALL @extschema@.ca_move_all(task, 'live', @extschema@.ca_archive_target(), batch_size,
                                 coalesce(keep_indicators, false));
    moved := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE archive_price_data(timestamptz, text, integer, boolean, integer, boolean, bigint) IS
    'moves closed candles that start before older_than, or by the setting cryptoanalytics.retention, from price_data to price_data_archive, or straight into price_data_segments by the setting cryptoanalytics.compress_archive, a commit a batch; technical_indicators are dropped unless kept; each run is a row of background_tasks; dry_run only counts';

CREATE OR REPLACE PROCEDURE restore_price_data(
    timeframe text, asset integer, since timestamptz, until timestamptz,
    batch_size integer DEFAULT 10000, INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
BEGIN
    PERFORM @extschema@.ca_check_batch_size(batch_size);
    PERFORM @extschema@.ca_check_series(asset, timeframe, since, until);

    task := @extschema@.ca_task_start('restore_price_data', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until, 'batch_size', batch_size));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL @extschema@.ca_move_range(task, 'archive', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported);
    CALL @extschema@.ca_move_range(task, 'segments', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported);
    moved := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE restore_price_data(text, integer, timestamptz, timestamptz, integer, bigint) IS
    'moves the archived and compressed candles of one series that start in [since, until) back to price_data, a commit a batch; NULL leaves a side open; each run is a row of background_tasks';

-- sql/functions/segment_notes.sql

-- What becomes of compressed candles is noted for the indicators, as it is of those that are rows.

CREATE OR REPLACE FUNCTION ca_note_segment() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF current_setting('cryptoanalytics.moving', true) IS DISTINCT FROM 'on' THEN
        PERFORM ca_note_change(OLD.asset_id, OLD.timeframe, OLD.first_time);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_segment() IS
    'trigger: notes that candles of a segment went or were corrected, unless they move, from the first of the segment on; it runs with its owner''s rights because it calls ca_note_change()';
REVOKE EXECUTE ON FUNCTION ca_note_segment() FROM PUBLIC;

-- a segment with other candles takes the place of one that is deleted, so INSERT needs none
CREATE OR REPLACE TRIGGER price_data_segments_note_delete
    AFTER DELETE ON price_data_segments
    FOR EACH ROW EXECUTE FUNCTION ca_note_segment();
COMMENT ON TRIGGER price_data_segments_note_delete ON price_data_segments IS
    'compressed candles that were deleted or corrected are noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_segments_note_truncate
    AFTER TRUNCATE ON price_data_segments
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_truncation();
COMMENT ON TRIGGER price_data_segments_note_truncate ON price_data_segments IS
    'that all candles went is noted for the indicators';

-- A candle that moves to the archive or into a segment is no change.  One that becomes live is, it
-- may need its JSON; what is inserted into price_data is noted there.
ALTER FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_compress_batch(boolean, integer, text, timestamptz, timestamptz, integer, boolean)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_decompress_batch(integer, text, timestamptz, timestamptz, integer)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_take_compressed(integer, text, timestamptz, timestamptz, integer)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_drop_superseded(integer, text, timestamptz[])
    SET cryptoanalytics.moving = 'on';
