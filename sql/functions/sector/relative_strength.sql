-- Daily statistics of the indexes of sectors, at the ends of days.

CREATE FUNCTION ca_sector_days(since timestamptz, until timestamptz)
    RETURNS TABLE (sector_id integer, is_active boolean, day timestamptz, level double precision, volume double precision,
                   log_return double precision, btc_return double precision, eth_return double precision, rs double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH other AS MATERIALIZED (
        SELECT 'btc' AS name, a.id AS asset_id, 1::numeric AS factor, false AS in_usd FROM assets AS a WHERE a.symbol = ca_benchmark()
        UNION ALL
        SELECT 'eth', a.id, 1, false FROM assets AS a WHERE a.symbol = 'ETH'
        UNION ALL
        SELECT 'total', f.asset_id, f.factor, true FROM ca_feeds('{total}') AS f WHERE f.asset_id IS NOT NULL
    ), close AS MATERIALIZED (
        SELECT o.name, c.candle_time AS day, c.value,
               CASE WHEN c.value > 0 AND lag(c.value) OVER w > 0 AND c.candle_time - lag(c.candle_time) OVER w = interval '24 hours'
                    THEN ln(c.value / lag(c.value) OVER w) END AS log_return
        FROM other AS o
        CROSS JOIN LATERAL (
            SELECT d.time AS candle_time,
                   CASE WHEN o.in_usd THEN coalesce(d.market_cap, d.close * o.factor) ELSE d.close END::double precision AS value
            FROM candles(o.asset_id, '1d', ca_sector_days.since, ca_sector_days.until) AS d) AS c
        WINDOW w AS (PARTITION BY o.name ORDER BY c.candle_time)
    ), base AS MATERIALIZED (
        SELECT CASE ca_option_word('sectors', 'benchmark') WHEN 'TOTAL' THEN 'total' ELSE 'btc' END AS name
    ), level AS (
        SELECT s.id AS sector_id, s.is_active, h.candle_time AS day, h.volume_24h::double precision AS volume,
               (h.technical_indicators #>> '{INDEX,level}')::double precision AS level
        FROM sectors AS s
        CROSS JOIN LATERAL (
            SELECT x.*
            FROM sector_history AS x
            WHERE x.sector_id = s.id AND x.timeframe = '1d'
              AND x.candle_time >= ca_sector_days.since AND x.candle_time < ca_sector_days.until
            OFFSET 0) AS h
    )
    SELECT l.sector_id, l.is_active, l.day, l.level, l.volume,
           CASE WHEN l.day - lag(l.day) OVER w = interval '24 hours' AND l.level > 0 AND lag(l.level) OVER w > 0
                THEN ln(l.level / lag(l.level) OVER w) END,
           b.log_return, e.log_return, CASE WHEN r.value > 0 THEN l.level / r.value END
    FROM level AS l
    CROSS JOIN base AS n
    LEFT JOIN close AS b ON b.name = 'btc' AND b.day = l.day
    LEFT JOIN close AS e ON e.name = 'eth' AND e.day = l.day
    LEFT JOIN close AS r ON r.name = n.name AND r.day = l.day
    WINDOW w AS (PARTITION BY l.sector_id ORDER BY l.day);
END;
COMMENT ON FUNCTION ca_sector_days(timestamptz, timestamptz) IS
    'the days of the indexes of sectors that start in [since, until): level, volume, log return from the day before, those of the benchmark and of ETH, and the level divided by the benchmark of the setting sectors';

CREATE FUNCTION ca_whole_days(days double precision) RETURNS interval
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ca_whole_days.days * interval '24 hours';
COMMENT ON FUNCTION ca_whole_days(double precision) IS
    'so many days of 24 hours';

CREATE FUNCTION ca_sector_strengths(ends timestamptz[], days integer)
    RETURNS TABLE (ends_at timestamptz, sector_id integer, rs double precision, score double precision,
                   rs_ratio double precision, rs_momentum double precision, quadrant text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH setting AS MATERIALIZED (
        SELECT ca_option('sectors', 'rrg_days') AS rrg
    ), day AS MATERIALIZED (
        SELECT d.sector_id, d.day, d.rs
        FROM (SELECT min(e) AS first, max(e) AS last FROM unnest(ca_sector_strengths.ends) AS e) AS b
        CROSS JOIN setting AS v
        CROSS JOIN LATERAL ca_sector_days(b.first - ca_whole_days(greatest(ca_sector_strengths.days, 2 * v.rrg) + 1), b.last) AS d
        WHERE d.rs IS NOT NULL
    ), ratio AS (
        -- a spread of rounding errors is none
        SELECT d.sector_id, d.day, d.rs,
               CASE WHEN 10 * count(*) OVER w >= 9 * v.rrg
                    THEN 100 + CASE WHEN stddev_samp(d.rs) OVER w > 1e-12 * avg(d.rs) OVER w
                                    THEN (d.rs - avg(d.rs) OVER w) / stddev_samp(d.rs) OVER w ELSE 0 END END AS rs_ratio
        FROM day AS d
        CROSS JOIN setting AS v
        WINDOW w AS (PARTITION BY d.sector_id ORDER BY d.day
                     RANGE BETWEEN ca_whole_days(ca_option('sectors', 'rrg_days') - 1) PRECEDING AND CURRENT ROW)
    ), change AS (
        SELECT r.*,
               CASE WHEN r.day - lag(r.day) OVER w = interval '24 hours' THEN r.rs_ratio - lag(r.rs_ratio) OVER w END AS change
        FROM ratio AS r
        WINDOW w AS (PARTITION BY r.sector_id ORDER BY r.day)
    ), momentum AS MATERIALIZED (
        SELECT c.*,
               CASE WHEN c.change IS NOT NULL AND 10 * count(c.change) OVER w >= 9 * v.rrg
                    THEN 100 + CASE WHEN stddev_samp(c.change) OVER w > 1e-12
                                    THEN (c.change - avg(c.change) OVER w) / stddev_samp(c.change) OVER w ELSE 0 END END AS rs_momentum
        FROM change AS c
        CROSS JOIN setting AS v
        WINDOW w AS (PARTITION BY c.sector_id ORDER BY c.day
                     RANGE BETWEEN ca_whole_days(ca_option('sectors', 'rrg_days') - 1) PRECEDING AND CURRENT ROW)
    )
    SELECT e.ends_at, m.sector_id, m.rs, r.score, m.rs_ratio, m.rs_momentum,
           CASE WHEN m.rs_ratio >= 100 AND m.rs_momentum >= 100 THEN 'leading'
                WHEN m.rs_ratio >= 100 AND m.rs_momentum < 100 THEN 'weakening'
                WHEN m.rs_ratio < 100 AND m.rs_momentum < 100 THEN 'lagging'
                WHEN m.rs_ratio < 100 AND m.rs_momentum >= 100 THEN 'improving' END
    FROM (SELECT DISTINCT e AS ends_at FROM unnest(ca_sector_strengths.ends) AS e) AS e
    JOIN momentum AS m ON m.day = e.ends_at - interval '24 hours'
    CROSS JOIN LATERAL (
        -- equal but for rounding is equal
        SELECT ca_rank(1, array_agg(round((d.rs / m.rs)::numeric, 12)::double precision), 30) AS score
        FROM day AS d
        WHERE d.sector_id = m.sector_id AND d.day < e.ends_at AND d.day >= e.ends_at - ca_whole_days(ca_sector_strengths.days)) AS r;
END;
COMMENT ON FUNCTION ca_sector_strengths(timestamptz[], integer) IS
    'strength of the indexes of sectors against the benchmark at ends of days: their quotient, its rank among those of so many days, its distance from its mean and that of the daily change from its own mean, in standard deviations around 100, and the quadrant that these two give; a sector without the last day has no row';

CREATE FUNCTION @extschema@.relative_strength(sector integer, as_of timestamptz DEFAULT now(), days integer DEFAULT 90)
    RETURNS TABLE (rs double precision, score double precision, rs_ratio double precision, rs_momentum double precision, quadrant text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_sector(relative_strength.sector);
    PERFORM ca_check_moment(relative_strength.as_of);
    IF relative_strength.days IS NULL THEN
        RAISE EXCEPTION 'days must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs to know among how many days to rank.',
                  HINT = 'Leave it out for 90.';
    END IF;
    IF relative_strength.days NOT BETWEEN 30 AND 1000 THEN
        RAISE EXCEPTION 'days must be between 30 and 1000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', relative_strength.days),
                  HINT = 'Leave it out for 90.';
    END IF;
    RETURN QUERY
        SELECT s.rs, s.score, s.rs_ratio, s.rs_momentum, s.quadrant
        FROM ca_sector_strengths(ARRAY[timeframe_bucket('1d', relative_strength.as_of)], relative_strength.days) AS s
        WHERE s.sector_id = relative_strength.sector;
END;
$$;
COMMENT ON FUNCTION relative_strength(integer, timestamptz, integer) IS
    'strength of a sector''s stored daily index against the benchmark, at the last midnight in UTC that is not after as_of: their quotient, its rank among those of so many days, 0 to 1; rs_ratio and rs_momentum around 100, and the quadrant leading, weakening, lagging or improving; no row without the last day';
