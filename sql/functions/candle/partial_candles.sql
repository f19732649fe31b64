-- Candles that were rolled up from sources that cover less than their span.

CREATE FUNCTION ca_candle_digest(open numeric, high numeric, low numeric, close numeric, volume numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN hash_record_extended(ROW(ca_candle_digest.open, ca_candle_digest.high, ca_candle_digest.low,
                                    ca_candle_digest.close, ca_candle_digest.volume), 0);
COMMENT ON FUNCTION ca_candle_digest(numeric, numeric, numeric, numeric, numeric) IS
    'digest of a candle, by which partial_candles recognizes it';

-- Scalar subqueries look up each candle by its key, whatever the planner believes about the tables.
CREATE FUNCTION ca_partial_candles(assets integer[], sources text[], since timestamptz, until timestamptz)
    RETURNS TABLE (asset integer, timeframe text, candle_time timestamptz, covered integer)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH part AS MATERIALIZED (
        SELECT p.asset_id, p.timeframe, p.candle_time, p.covered, p.digest,
               coalesce(
                   (SELECT ca_candle_digest(d.open_price, d.high_price, d.low_price, d.close_price, d.volume)
                    FROM price_data AS d
                    WHERE (d.asset_id, d.timeframe, d.candle_time) = (p.asset_id, p.timeframe, p.candle_time)),
                   (SELECT ca_candle_digest(d.open_price, d.high_price, d.low_price, d.close_price, d.volume)
                    FROM price_data_archive AS d
                    WHERE (d.asset_id, d.timeframe, d.candle_time) = (p.asset_id, p.timeframe, p.candle_time))) AS found
        FROM partial_candles AS p
        WHERE p.asset_id = ANY (ca_partial_candles.assets)
          AND p.timeframe = ANY (ca_partial_candles.sources)
          AND p.candle_time >= ca_partial_candles.since
          AND p.candle_time < ca_partial_candles.until
    ), compressed AS MATERIALIZED (
        SELECT z.asset_id, z.timeframe, z.candle_time,
               ca_candle_digest(z.open_price, z.high_price, z.low_price, z.close_price, z.volume) AS found
        FROM (SELECT p.asset_id, p.timeframe, array_agg(p.candle_time ORDER BY p.candle_time) AS times
              FROM part AS p
              WHERE p.found IS NULL AND EXISTS (SELECT FROM price_data_segments)
              GROUP BY p.asset_id, p.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    )
    SELECT p.asset_id, p.timeframe, p.candle_time, p.covered
    FROM part AS p
    LEFT JOIN compressed AS z USING (asset_id, timeframe, candle_time)
    WHERE p.digest = coalesce(p.found, z.found);
END;
COMMENT ON FUNCTION ca_partial_candles(integer[], text[], timestamptz, timestamptz) IS
    'stored candles that start in [since, until) and were made from less than their span, and from how many minutes';

-- Minutes that were covered lie anywhere in the span, so the last of them ended no sooner than this.
CREATE FUNCTION ca_candle_until(asset integer, timeframe text, candle_time timestamptz)
    RETURNS TABLE (closed_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT least(
               timeframe_end(ca_candle_until.timeframe, ca_candle_until.candle_time),
               (SELECT ca_candle_until.candle_time + p.covered * interval '1 minute'
                FROM partial_candles AS p
                WHERE (p.asset_id, p.timeframe, p.candle_time)
                      = (ca_candle_until.asset, ca_candle_until.timeframe, ca_candle_until.candle_time)
                  AND EXISTS (
                      SELECT
                      FROM price_history AS h
                      WHERE (h.asset_id, h.timeframe, h.candle_time) = (p.asset_id, p.timeframe, p.candle_time)
                        AND ca_candle_digest(h.open_price, h.high_price, h.low_price, h.close_price, h.volume) = p.digest)))
    -- computed once
    OFFSET 0;
END;
COMMENT ON FUNCTION ca_candle_until(integer, text, timestamptz) IS
    'the moment that a stored candle is known to have come to: its end, or where it was made of less than its span, its start and the minutes that it was made of';

-- A role that may write candles records with the rights of the owner of the tables which candles a
-- roll-up made from less than their span.
CREATE FUNCTION ca_write_partial(candles price_data[], covered integer[], digests bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    IF ca_write_partial.covered IS NULL THEN
        -- LIMIT makes each look-up one of its own, so that no plan compares all candles with all rows
        DELETE FROM partial_candles AS p
        WHERE p.ctid = ANY (ARRAY(
            SELECT k.place
            FROM unnest((SELECT ca_write_partial.candles)) AS c
            CROSS JOIN LATERAL (
                SELECT x.ctid AS place
                FROM partial_candles AS x
                WHERE (x.asset_id, x.timeframe, x.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
                LIMIT 1) AS k));
        RETURN;
    END IF;
    INSERT INTO partial_candles AS p (asset_id, timeframe, candle_time, covered, digest)
    SELECT (c.candle).asset_id, (c.candle).timeframe, (c.candle).candle_time, c.covered, c.digest
    FROM (SELECT unnest(ca_write_partial.candles) AS candle, unnest(ca_write_partial.covered) AS covered,
                 unnest(ca_write_partial.digests) AS digest) AS c
    ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
    SET covered = excluded.covered, digest = excluded.digest
    WHERE (p.covered, p.digest) IS DISTINCT FROM (excluded.covered, excluded.digest);
END;
$$;
COMMENT ON FUNCTION ca_write_partial(price_data[], integer[], bigint[]) IS
    'records from how many minutes candles were made; without covered, that they are whole';
REVOKE EXECUTE ON FUNCTION ca_write_partial(price_data[], integer[], bigint[]) FROM PUBLIC;

CREATE FUNCTION ca_note_partial(candles price_data[], covered integer[], digests bigint[]) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_note_partial';
COMMENT ON FUNCTION ca_note_partial(price_data[], integer[], bigint[]) IS
    'like ca_write_partial(), for roles that may insert into price_data';
