-- Latest figures of sectors.

CREATE FUNCTION ca_sector_figures(as_of timestamptz)
    RETURNS TABLE (sector_id integer, market_cap double precision, change double precision, volume double precision, top integer[])
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET jit = off
BEGIN ATOMIC
    WITH member AS MATERIALIZED (
        SELECT m.sector_id, m.asset_id FROM ca_sector_members() AS m WHERE m.since <= ca_sector_figures.as_of
    ), price AS MATERIALIZED (
        SELECT p.asset_id, p.moment, p.cap
        FROM ca_market_prices(ARRAY[ca_sector_figures.as_of, ca_sector_figures.as_of - interval '24 hours']) AS p
        WHERE p.cap IS NOT NULL
    ), volume AS MATERIALIZED (
        SELECT v.sector_id, v.volume
        FROM ca_sector_volumes(ARRAY(SELECT DISTINCT m.sector_id FROM member AS m), ARRAY[ca_sector_figures.as_of]) AS v
    )
    -- sums of double precision depend on their order
    SELECT m.sector_id, sum(n.cap ORDER BY m.asset_id),
           100 * (sum(n.cap ORDER BY m.asset_id) FILTER (WHERE b.cap IS NOT NULL)
                  / nullif(sum(b.cap ORDER BY m.asset_id) FILTER (WHERE n.cap IS NOT NULL), 0) - 1),
           min(v.volume),
           coalesce((array_agg(m.asset_id ORDER BY n.cap DESC, m.asset_id) FILTER (WHERE n.cap IS NOT NULL))[1:3], '{}')
    FROM member AS m
    LEFT JOIN price AS n ON n.asset_id = m.asset_id AND n.moment = ca_sector_figures.as_of
    LEFT JOIN price AS b ON b.asset_id = m.asset_id AND b.moment = ca_sector_figures.as_of - interval '24 hours'
    LEFT JOIN volume AS v ON v.sector_id = m.sector_id
    GROUP BY m.sector_id;
END;
COMMENT ON FUNCTION ca_sector_figures(timestamptz) IS
    'capitalization of sectors, its change over 24 hours in percent among members known at both ends, volume of 24 hours and the three greatest members; a sector without members has no row';

-- Indexes of two timeframes begin at 1000 at different times, so the levels of the finer one are scaled to
-- meet the close of the candle.
CREATE FUNCTION ca_sector_records(as_of timestamptz) RETURNS TABLE (sector_id integer, details jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH span AS (
        SELECT s.key, s.timeframe, timeframe_bucket(s.timeframe, ca_sector_records.as_of) AS until,
               timeframe_bucket(s.timeframe, ca_sector_records.as_of) - s.length AS since, s.place
        FROM (VALUES (1, '24h', '1h', interval '24 hours'), (2, '7d', '1d', '168 hours'), (3, '30d', '1d', '720 hours'))
            AS s (place, key, timeframe, length)
    ), bar AS MATERIALIZED (
        SELECT s.id AS sector_id, t.timeframe, h.candle_time, h.volume_24h, h.market_cap,
               (h.technical_indicators #>> '{INDEX,level}')::double precision AS level,
               lag((h.technical_indicators #>> '{INDEX,level}')::double precision)
                   OVER (PARTITION BY s.id, t.timeframe ORDER BY h.candle_time) AS before
        FROM sectors AS s
        CROSS JOIN (VALUES ('1h', interval '721 hours'), ('1d', interval '960 hours')) AS t (timeframe, length)
        CROSS JOIN LATERAL (
            SELECT x.*
            FROM sector_history AS x
            WHERE x.sector_id = s.id AND x.timeframe = t.timeframe
              AND x.candle_time >= timeframe_bucket(t.timeframe, ca_sector_records.as_of) - t.length
              AND x.candle_time < timeframe_bucket(t.timeframe, ca_sector_records.as_of)
            OFFSET 0) AS h
    ), finer AS (
        SELECT f.sector_id, timeframe_bucket('1d', f.candle_time) AS candle_time, max(f.level) AS high, min(f.level) AS low,
               (array_agg(f.level ORDER BY f.candle_time DESC))[1] AS last
        FROM bar AS f
        WHERE f.timeframe = '1h'
        GROUP BY f.sector_id, timeframe_bucket('1d', f.candle_time)
    ), record AS (
        SELECT b.sector_id, s.place, s.key,
               jsonb_agg(jsonb_build_object(
                   'time', to_char(b.candle_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
                   'open', round(coalesce(b.before, b.level)::numeric, 8),
                   'high', round(greatest(b.before, b.level, f.high * b.level / f.last)::numeric, 8),
                   'low', round(least(b.before, b.level, f.low * b.level / f.last)::numeric, 8),
                   'close', round(b.level::numeric, 8), 'volume', b.volume_24h, 'market_cap', b.market_cap)
                   ORDER BY b.candle_time) AS records
        FROM span AS s
        JOIN bar AS b ON b.timeframe = s.timeframe AND b.candle_time >= s.since AND b.candle_time < s.until
        LEFT JOIN finer AS f ON f.sector_id = b.sector_id AND f.candle_time = b.candle_time AND s.timeframe = '1d'
        WHERE b.level IS NOT NULL
        GROUP BY b.sector_id, s.place, s.key
    )
    SELECT s.id, jsonb_object_agg(p.key, coalesce(r.records, '[]') ORDER BY p.place)
    FROM sectors AS s
    CROSS JOIN span AS p
    LEFT JOIN record AS r ON r.sector_id = s.id AND r.key = p.key
    GROUP BY s.id;
END;
COMMENT ON FUNCTION ca_sector_records(timestamptz) IS
    'the last 24 hourly, 7 daily and 30 daily records of the indexes of sectors, oldest first: open is the close of the record before, high and low reach over the levels of the hours of a day';

CREATE FUNCTION @extschema@.refresh_sectors(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    refreshed bigint;
BEGIN
    PERFORM ca_check_rights('sectors', 'SELECT, UPDATE');
    PERFORM ca_check_moment(refresh_sectors.as_of);
    -- the second session writes what the first one has not
    PERFORM ca_lock_work('refresh_sectors');
    WITH figure AS MATERIALIZED (
        SELECT s.id, r.details, coalesce(f.top, '{}') AS top,
               CASE WHEN f.market_cap >= 0 AND f.market_cap < 1e28 - 1 THEN round(f.market_cap::text::numeric, 2) END AS market_cap,
               CASE WHEN abs(f.change) < 1e28 - 1 THEN round(f.change::text::numeric, 2) END AS change,
               CASE WHEN f.volume >= 0 AND f.volume < 1e28 - 1 THEN round(f.volume::text::numeric, 2) END AS volume
        FROM sectors AS s
        JOIN ca_sector_records(refresh_sectors.as_of) AS r ON r.sector_id = s.id
        LEFT JOIN ca_sector_figures(refresh_sectors.as_of) AS f ON f.sector_id = s.id
        WHERE s.is_active
    ), changed AS (
        UPDATE sectors AS s
        SET market_cap = f.market_cap, market_cap_change_24h = f.change, volume_24h = f.volume, top_3_coins_id = f.top,
            metrics_details = f.details
        FROM figure AS f
        WHERE s.id = f.id
          AND (s.market_cap, s.market_cap_change_24h, s.volume_24h, s.top_3_coins_id, s.metrics_details)
              IS DISTINCT FROM (f.market_cap, f.change, f.volume, f.top, f.details)
        RETURNING s.id
    )
    SELECT count(*) INTO refreshed FROM changed;
    RETURN refreshed;
END;
$$;
COMMENT ON FUNCTION refresh_sectors(timestamptz) IS
    'sets the figures of active sectors as of as_of: capitalization, its change over 24 hours in percent, volume of 24 hours, the three greatest members, and in metrics_details the last records of the index under "24h", "7d" and "30d"; returns how many sectors changed';
