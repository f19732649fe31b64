-- Reading candles: stored ones, and coarser ones built from them.

CREATE FUNCTION ca_build_candles(
    asset integer, timeframe text, source text, since timestamptz, until timestamptz)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_build_candles';
COMMENT ON FUNCTION ca_build_candles(integer, text, text, timestamptz, timestamptz) IS
    'candles built from stored finer ones, whole buckets only: all that overlap [since, until); from the finest sources, and from coarser ones where those cover less, unless a source is given';

CREATE FUNCTION @extschema@.candles(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    sources text[] := ARRAY(SELECT t FROM timeframes() AS t
                            WHERE timeframe_divides(t, candles.timeframe));
    first timestamptz;
    stop timestamptz;
    reach interval;
BEGIN
    PERFORM ca_check_series(candles.asset, candles.timeframe, candles.since, candles.until);

    -- the buckets that finer candles reach; starting to build costs as much as reading 200 of them
    SELECT timeframe_bucket(candles.timeframe, min(e.first)),
           timeframe_end(candles.timeframe, max(e.last)),
           200 * min(timeframe_length(s.source)) FILTER (WHERE e.first IS NOT NULL)
    INTO first, stop, reach
    FROM unnest(sources) AS s (source)
    CROSS JOIN LATERAL (
        SELECT min(h.candle_time) AS first, max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = candles.asset
          AND h.timeframe = s.source
          AND h.candle_time >= coalesce(candles.since, '-infinity')
          AND h.candle_time < timeframe_end(candles.timeframe,
                                            coalesce(candles.until, 'infinity')
                                            - interval '1 microsecond')) AS e;

    RETURN QUERY
        WITH stored AS MATERIALIZED (
            SELECT h.candle_time, h.open_price, h.high_price, h.low_price, h.close_price,
                   h.volume, h.market_cap
            FROM price_history AS h
            WHERE h.asset_id = candles.asset
              AND h.timeframe = candles.timeframe
              AND h.candle_time >= coalesce(candles.since, '-infinity')
              AND h.candle_time < coalesce(candles.until, 'infinity')
        ), hole AS (
            SELECT *
            FROM (
                SELECT coalesce(lag(timeframe_end(candles.timeframe, b.boundary))
                                OVER (ORDER BY b.boundary), first) AS hole_start,
                       b.boundary AS hole_end
                FROM (SELECT candle_time FROM stored UNION ALL SELECT stop) AS b (boundary)
                WHERE stop IS NOT NULL) AS h
            WHERE hole_start < hole_end
        ), span AS (
            -- gaps with little between them are built together
            SELECT min(n.hole_start) AS span_start, max(n.hole_end) AS span_end
            FROM (SELECT h.hole_start, h.hole_end,
                         count(*) FILTER (WHERE h.hole_start - h.hole_before > reach)
                             OVER (ORDER BY h.hole_start) AS number
                  FROM (SELECT o.*, lag(o.hole_end) OVER (ORDER BY o.hole_start) AS hole_before
                        FROM hole AS o) AS h) AS n
            GROUP BY n.number
        ), known AS (
            SELECT 0 AS place, s.* FROM stored AS s
            UNION ALL
            SELECT 1, b.*
            FROM span AS o
            CROSS JOIN LATERAL ca_build_candles(candles.asset, candles.timeframe, NULL,
                                                o.span_start, o.span_end) AS b
            WHERE b.time >= coalesce(candles.since, '-infinity')
              AND b.time < coalesce(candles.until, 'infinity')
        )
        -- not a join: there is no wrong plan for it, whatever is in the tables
        SELECT DISTINCT ON (k.candle_time)
               k.candle_time, k.open_price, k.high_price, k.low_price, k.close_price, k.volume, k.market_cap
        FROM known AS k
        ORDER BY k.candle_time, k.place;
END;
$$;
COMMENT ON FUNCTION candles(integer, text, timestamptz, timestamptz) IS
    'candles that start in [since, until), live and archived, in ascending order; a candle that is not stored is built from finer ones; the newest may still be open';

CREATE FUNCTION ca_closed_until(timeframe text, since timestamptz, until timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    -- not before since, so that the rest is an empty range and not an invalid one
    RETURN least(ca_closed_until.until,
                 greatest(timeframe_bucket(ca_closed_until.timeframe, now()), ca_closed_until.since));
COMMENT ON FUNCTION ca_closed_until(text, timestamptz, timestamptz) IS
    'end of the closed candles of a range: until, or the last boundary that has passed';

CREATE FUNCTION @extschema@.candle_gaps(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz, missing bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    -- a given bound counts as the end of a candle before it, or the start of one after it
    WITH boundary AS (
        SELECT timeframe_end(candle_gaps.timeframe, c.time) AS candle_end, c.time
        FROM candles(candle_gaps.asset, candle_gaps.timeframe, candle_gaps.since,
                     ca_closed_until(candle_gaps.timeframe, candle_gaps.since, candle_gaps.until)) AS c
        UNION ALL
        SELECT timeframe_end(candle_gaps.timeframe, candle_gaps.since - interval '1 microsecond'), NULL
        WHERE isfinite(candle_gaps.since)
        UNION ALL
        SELECT NULL, least(timeframe_end(candle_gaps.timeframe, candle_gaps.until - interval '1 microsecond'),
                           timeframe_bucket(candle_gaps.timeframe, now()))
        WHERE isfinite(candle_gaps.until)
    ), gap AS (
        SELECT lag(b.candle_end) OVER (ORDER BY coalesce(b.time, b.candle_end), b.time NULLS FIRST) AS gap_start,
               b.time AS gap_end
        FROM boundary AS b
    )
    SELECT g.gap_start, g.gap_end,
           timeframe_count(candle_gaps.timeframe, g.gap_start, g.gap_end)
    FROM gap AS g
    WHERE g.gap_start < g.gap_end
    ORDER BY g.gap_start;
END;
COMMENT ON FUNCTION candle_gaps(integer, text, timestamptz, timestamptz) IS
    'spans [gap_start, gap_end) without candles, and how many are missing; without since or until only between the first and the last candle; closed candles only';

CREATE FUNCTION @extschema@.candles_filled(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric, filled boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    before timestamptz;
    stop timestamptz;
BEGIN
    PERFORM ca_check_series(candles_filled.asset, candles_filled.timeframe, candles_filled.since, candles_filled.until);

    -- the candle before the range carries its close into it
    SELECT timeframe_bucket(candles_filled.timeframe, max(e.last))
    INTO before
    FROM timeframes() AS t
    CROSS JOIN LATERAL (
        SELECT max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = candles_filled.asset
          AND h.timeframe = t
          AND h.candle_time < timeframe_end(candles_filled.timeframe,
                                            candles_filled.since - interval '1 microsecond')) AS e
    WHERE t = candles_filled.timeframe OR timeframe_divides(t, candles_filled.timeframe);

    stop := least(timeframe_end(candles_filled.timeframe, candles_filled.until - interval '1 microsecond'),
                  timeframe_bucket(candles_filled.timeframe, now()));

    RETURN QUERY
        WITH candle AS (
            SELECT c.*, lead(c.time) OVER (ORDER BY c.time) AS next
            FROM candles(candles_filled.asset, candles_filled.timeframe,
                         coalesce(before, candles_filled.since),
                         ca_closed_until(candles_filled.timeframe, candles_filled.since, candles_filled.until)) AS c
        )
        SELECT c.time, c.open, c.high, c.low, c.close, c.volume, c.market_cap, false
        FROM candle AS c
        WHERE c.time >= coalesce(candles_filled.since, '-infinity')
        UNION ALL
        SELECT m, c.close, c.close, c.close, c.close, 0, NULL, true
        FROM candle AS c
        CROSS JOIN LATERAL timeframe_series(
            candles_filled.timeframe,
            greatest(timeframe_end(candles_filled.timeframe, c.time), candles_filled.since),
            coalesce(c.next, CASE WHEN candles_filled.until IS NOT NULL THEN stop END)) AS m
        ORDER BY 1;
END;
$$;
COMMENT ON FUNCTION candles_filled(integer, text, timestamptz, timestamptz) IS
    'like candles(), with each missing candle filled in flat at the previous close, with volume 0 and filled = true; begins with the first known candle and, without until, ends with the last; closed candles only';
