-- What the candles of members say at the ends of bars: closes, capitalizations and volumes, of many assets at
-- once.

CREATE FUNCTION ca_bars_later(timeframe text, candle_time timestamptz, bars integer) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((ca_bars_later.candle_time AT TIME ZONE 'UTC') + ca_bars_later.bars * timeframe_length(ca_bars_later.timeframe))
           AT TIME ZONE 'UTC';
COMMENT ON FUNCTION ca_bars_later(text, timestamptz, integer) IS
    'the start of the candle so many bars after one; before it, if negative';

CREATE FUNCTION ca_assets_with_built_bars(assets integer[], timeframe text, since timestamptz, until timestamptz)
    RETURNS integer[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    SELECT coalesce(array_agg(s.asset_id), '{}')
    FROM (SELECT m.asset_id, array(SELECT c FROM unnest(m.codes) AS c
                                   WHERE timeframe_divides(c, ca_assets_with_built_bars.timeframe)) AS codes
          FROM ca_market_series() AS m
          JOIN unnest(ca_assets_with_built_bars.assets) AS a (asset_id) ON a.asset_id = m.asset_id) AS s
    WHERE cardinality(s.codes) > 0
      AND EXISTS (
        SELECT
        FROM (SELECT lag(timeframe_end(ca_assets_with_built_bars.timeframe, b.bar), 1, ca_assets_with_built_bars.since)
                         OVER (ORDER BY b.bar) AS first, b.bar AS last
              FROM (SELECT h.candle_time AS bar
                    FROM price_history AS h
                    WHERE h.asset_id = s.asset_id AND h.timeframe = ca_assets_with_built_bars.timeframe
                      AND h.candle_time >= ca_assets_with_built_bars.since
                      AND h.candle_time < ca_assets_with_built_bars.until
                    UNION ALL
                    SELECT ca_assets_with_built_bars.until) AS b) AS gap
        CROSS JOIN unnest(s.codes) AS c (code)
        WHERE gap.first < gap.last
          AND EXISTS (SELECT FROM price_history AS h
                      WHERE h.asset_id = s.asset_id AND h.timeframe = c.code
                        AND h.candle_time >= gap.first AND h.candle_time < gap.last));
END;
COMMENT ON FUNCTION ca_assets_with_built_bars(integer[], text, timestamptz, timestamptz) IS
    'those of the assets of which candles() builds candles that start in [since, until) from finer ones; both are boundaries of the timeframe';

CREATE FUNCTION ca_member_candles(assets integer[], timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (asset_id integer, candle_time timestamptz, close numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH built AS MATERIALIZED (
        SELECT ca_assets_with_built_bars(
                   ca_member_candles.assets, ca_member_candles.timeframe, ca_member_candles.since,
                   ca_member_candles.until) AS assets
    )
    SELECT a.asset_id, c.*
    FROM built AS b
    CROSS JOIN unnest(ca_member_candles.assets) AS a (asset_id)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.close_price, h.market_cap
        FROM price_history AS h
        WHERE h.asset_id = a.asset_id AND h.timeframe = ca_member_candles.timeframe
          AND h.candle_time >= ca_member_candles.since AND h.candle_time < ca_member_candles.until
        OFFSET 0) AS c
    WHERE NOT EXISTS (SELECT FROM unnest(b.assets) AS x WHERE x = a.asset_id)
    UNION ALL
    SELECT a.asset_id, c.time, c.close, c.market_cap
    FROM built AS b
    CROSS JOIN unnest(b.assets) AS a (asset_id)
    CROSS JOIN LATERAL candles(a.asset_id, ca_member_candles.timeframe, ca_member_candles.since, ca_member_candles.until) AS c;
END;
COMMENT ON FUNCTION ca_member_candles(integer[], text, timestamptz, timestamptz) IS
    'candles of these assets that start in [since, until), stored or built';

CREATE FUNCTION ca_newest_caps(assets integer[], timeframe text, until timestamptz)
    RETURNS TABLE (asset_id integer, candle_time timestamptz, close numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH older AS MATERIALIZED (
        SELECT s.since, ca_assets_with_built_bars(ca_newest_caps.assets, ca_newest_caps.timeframe, s.since, ca_newest_caps.until) AS built
        FROM (SELECT timeframe_bucket(ca_newest_caps.timeframe, ca_newest_caps.until - interval '720 hours') AS since) AS s
    )
    SELECT a.asset_id, c.*
    FROM older AS o
    CROSS JOIN unnest(ca_newest_caps.assets) AS a (asset_id)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.close_price, h.market_cap
        FROM price_history AS h
        WHERE h.asset_id = a.asset_id AND h.timeframe = ca_newest_caps.timeframe
          AND h.candle_time >= o.since AND h.candle_time < ca_newest_caps.until
          AND h.market_cap IS NOT NULL AND h.close_price > 0
        ORDER BY h.candle_time DESC
        LIMIT 1) AS c
    WHERE NOT EXISTS (SELECT FROM unnest(o.built) AS x WHERE x = a.asset_id)
    UNION ALL
    SELECT a.asset_id, c.*
    FROM older AS o
    CROSS JOIN unnest(o.built) AS a (asset_id)
    CROSS JOIN LATERAL (
        SELECT b.time, b.close, b.market_cap
        FROM candles(a.asset_id, ca_newest_caps.timeframe, o.since, ca_newest_caps.until) AS b
        WHERE b.market_cap IS NOT NULL AND b.close > 0
        ORDER BY b.time DESC
        LIMIT 1) AS c;
END;
COMMENT ON FUNCTION ca_newest_caps(integer[], text, timestamptz) IS
    'the newest candle of each of these assets that has a capitalization, in the 30 days before a boundary of the timeframe';

-- ---- volumes ----

CREATE FUNCTION ca_volumes_by(
    code text, candles integer, assets integer[], moments timestamptz[],
    OUT known_assets integer[], OUT known_moments timestamptz[], OUT volumes double precision[],
    OUT other_assets integer[], OUT other_moments timestamptz[])
    RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH wanted AS MATERIALIZED (
        SELECT w.asset_id, w.moment, timeframe_bucket(ca_volumes_by.code, w.moment) AS ends_at
        FROM unnest(ca_volumes_by.assets, ca_volumes_by.moments) AS w (asset_id, moment)
    ), span AS (
        SELECT w.asset_id, min(w.ends_at) - interval '24 hours' AS since, max(w.ends_at) AS until
        FROM wanted AS w
        GROUP BY w.asset_id
    ), event AS MATERIALIZED (
        SELECT s.asset_id, c.candle_time AS at, NULL::timestamptz AS moment, c.volume
        FROM span AS s
        CROSS JOIN LATERAL (
            SELECT h.candle_time, h.volume
            FROM price_history AS h
            WHERE h.asset_id = s.asset_id AND h.timeframe = ca_volumes_by.code
              AND h.candle_time >= s.since AND h.candle_time < s.until
            OFFSET 0) AS c
        UNION ALL
        SELECT w.asset_id, w.ends_at, w.moment, NULL
        FROM wanted AS w
    ), summed AS (
        SELECT e.asset_id, e.moment, count(e.volume) OVER w AS known, sum(e.volume) OVER w AS volume
        FROM event AS e
        WHERE ca_volumes_by.candles > 1
        WINDOW w AS (PARTITION BY e.asset_id ORDER BY e.at
                     RANGE BETWEEN interval '24 hours' PRECEDING AND interval '1 microsecond' PRECEDING)
        UNION ALL
        -- a candle of 24 hours is the sum
        SELECT w.asset_id, w.moment, count(e.volume), sum(e.volume)
        FROM wanted AS w
        LEFT JOIN event AS e ON e.asset_id = w.asset_id AND e.at = w.ends_at - interval '24 hours' AND e.moment IS NULL
        WHERE ca_volumes_by.candles = 1
        GROUP BY w.asset_id, w.moment
    )
    SELECT array_agg(s.asset_id) FILTER (WHERE k.complete), array_agg(s.moment) FILTER (WHERE k.complete),
           array_agg(s.volume::double precision) FILTER (WHERE k.complete),
           array_agg(s.asset_id) FILTER (WHERE NOT k.complete), array_agg(s.moment) FILTER (WHERE NOT k.complete)
    FROM summed AS s
    CROSS JOIN LATERAL (SELECT s.known = ca_volumes_by.candles AND s.volume < 1e28 AS complete) AS k
    WHERE s.moment IS NOT NULL;
END;
COMMENT ON FUNCTION ca_volumes_by(text, integer, integer[], timestamptz[]) IS
    'volumes of the 24 hours up to the last end of a candle of a timeframe, which has so many candles in them: known where all candles have a volume';

CREATE FUNCTION ca_member_volumes(assets integer[], moments timestamptz[])
    RETURNS TABLE (asset_id integer, moment timestamptz, volume double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    series_assets integer[];
    series_codes text[];
    left_assets integer[];
    left_moments timestamptz[];
    skipped_assets integer[];
    skipped_moments timestamptz[];
    f record;
    v record;
BEGIN
    SELECT array_agg(a.id), array_agg(m) INTO left_assets, left_moments
    FROM (SELECT DISTINCT a AS id FROM unnest(assets) AS a) AS a
    CROSS JOIN (SELECT DISTINCT m FROM unnest(moments) AS m) AS m;
    SELECT array_agg(s.asset_id), array_agg(c) INTO series_assets, series_codes
    FROM ca_market_series() AS s
    CROSS JOIN LATERAL unnest(s.codes) AS c;
    FOR f IN
        SELECT o.code, o.candles
        FROM unnest('{1h,30m,15m,5m,3m,1m,2h,4h,6h,8h,12h,1d}'::text[],
                    '{24,48,96,288,480,1440,12,6,4,3,2,1}'::integer[]) WITH ORDINALITY AS o (code, candles, place)
        WHERE o.code = ANY (series_codes)
        ORDER BY o.place
    LOOP
        EXIT WHEN left_assets IS NULL;
        -- assets without this timeframe wait for the next one
        SELECT array_agg(l.asset_id) FILTER (WHERE s.asset_id IS NULL), array_agg(l.moment) FILTER (WHERE s.asset_id IS NULL),
               array_agg(l.asset_id) FILTER (WHERE s.asset_id IS NOT NULL) AS assets,
               array_agg(l.moment) FILTER (WHERE s.asset_id IS NOT NULL) AS moments
        INTO skipped_assets, skipped_moments, left_assets, left_moments
        FROM unnest(left_assets, left_moments) AS l (asset_id, moment)
        LEFT JOIN unnest(series_assets, series_codes) AS s (asset_id, code)
          ON s.asset_id = l.asset_id AND s.code = f.code;
        IF left_assets IS NOT NULL THEN
            SELECT b.* INTO v FROM ca_volumes_by(f.code, f.candles, left_assets, left_moments) AS b;
            RETURN QUERY SELECT * FROM unnest(v.known_assets, v.known_moments, v.volumes);
            left_assets := v.other_assets;
            left_moments := v.other_moments;
        END IF;
        left_assets := nullif(coalesce(left_assets, '{}') || coalesce(skipped_assets, '{}'), '{}');
        left_moments := nullif(coalesce(left_moments, '{}') || coalesce(skipped_moments, '{}'), '{}');
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_member_volumes(integer[], timestamptz[]) IS
    'volume of 24 hours of these assets at these moments, as ca_volume_24h() has it; what is not known has no row';

CREATE FUNCTION ca_sector_volumes(sectors integer[], moments timestamptz[])
    RETURNS TABLE (sector_id integer, moment timestamptz, volume double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
    SET enable_nestloop = off
    SET jit = off
BEGIN ATOMIC
    WITH member AS MATERIALIZED (
        SELECT m.sector_id, m.asset_id, m.since
        FROM ca_sector_members() AS m
        JOIN unnest(ca_sector_volumes.sectors) AS s ON s = m.sector_id
    )
    -- sums of double precision depend on their order
    SELECT m.sector_id, v.moment, sum(v.volume ORDER BY v.asset_id)
    FROM ca_member_volumes(ARRAY(SELECT DISTINCT m.asset_id FROM member AS m), ca_sector_volumes.moments) AS v
    JOIN member AS m ON m.asset_id = v.asset_id AND m.since <= v.moment
    GROUP BY m.sector_id, v.moment;
END;
COMMENT ON FUNCTION ca_sector_volumes(integer[], timestamptz[]) IS
    'volume of 24 hours of sectors at these moments, summed over the members of which it is known';
