-- What the daily indexes of sectors, and the daily closes of their members, say at the ends of days.

CREATE FUNCTION ca_sector_statistics(ends timestamptz[])
    RETURNS TABLE (ends_at timestamptz, sector_id integer, trend double precision, breakout integer, surge double precision,
                   corr_btc double precision, corr_eth double precision, volatility double precision,
                   volatility_score double precision, liquidity_score double precision, reward_score double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH setting AS MATERIALIZED (
        SELECT ca_option('sectors', 'stat_days') AS days, ca_option('sectors', 'stat_min') AS fewest
    ), day AS MATERIALIZED (
        SELECT d.*
        FROM (SELECT min(e) AS first, max(e) AS last FROM unnest(ca_sector_statistics.ends) AS e) AS b
        CROSS JOIN setting AS v
        CROSS JOIN LATERAL ca_sector_days(b.first - ca_whole_days(greatest(v.days + 1, 90)), b.last) AS d
        WHERE d.is_active
    ), statistic AS MATERIALIZED (
        -- sums of double precision depend on their order
        SELECT e.ends_at, d.sector_id, min(d.level) FILTER (WHERE n.k = 0) AS level, min(d.volume) FILTER (WHERE n.k = 0) AS volume,
               CASE WHEN count(*) FILTER (WHERE n.k < 50) >= 45 THEN avg(d.level ORDER BY d.day) FILTER (WHERE n.k < 50) END AS mean,
               CASE WHEN count(*) FILTER (WHERE n.k BETWEEN 1 AND 20) >= 18 THEN max(d.level) FILTER (WHERE n.k BETWEEN 1 AND 20) END AS high,
               CASE WHEN count(*) FILTER (WHERE n.k BETWEEN 1 AND 20) >= 18 THEN min(d.level) FILTER (WHERE n.k BETWEEN 1 AND 20) END AS low,
               array_agg(d.volume ORDER BY d.day) FILTER (WHERE n.k < 90) AS volumes,
               min(d.level) FILTER (WHERE n.k = 0) / nullif(min(d.level) FILTER (WHERE n.k = v.days), 0) - 1 AS growth,
               CASE WHEN count(d.log_return) FILTER (WHERE n.k < v.days) >= v.fewest
                    THEN stddev_samp(d.log_return ORDER BY d.day) FILTER (WHERE n.k < v.days) END AS deviation,
               CASE WHEN count(d.log_return) FILTER (WHERE n.k < v.days AND d.volume > 0) >= v.fewest
                    THEN avg(abs(d.log_return) / d.volume ORDER BY d.day) FILTER (WHERE n.k < v.days AND d.volume > 0) END AS illiquidity,
               CASE WHEN regr_count(d.log_return, d.btc_return) FILTER (WHERE n.k < v.days) >= v.fewest
                    THEN corr(d.log_return, d.btc_return ORDER BY d.day) FILTER (WHERE n.k < v.days) END AS corr_btc,
               CASE WHEN regr_count(d.log_return, d.eth_return) FILTER (WHERE n.k < v.days) >= v.fewest
                    THEN corr(d.log_return, d.eth_return ORDER BY d.day) FILTER (WHERE n.k < v.days) END AS corr_eth
        FROM (SELECT DISTINCT e AS ends_at FROM unnest(ca_sector_statistics.ends) AS e) AS e
        CROSS JOIN setting AS v
        JOIN day AS d ON d.day < e.ends_at
        CROSS JOIN LATERAL (SELECT extract(epoch FROM e.ends_at - d.day) / 86400 - 1 AS k) AS n
        WHERE n.k <= greatest(v.days, 89)
        GROUP BY e.ends_at, d.sector_id, v.days, v.fewest
    )
    SELECT s.ends_at, s.sector_id, s.level / nullif(s.mean, 0) - 1,
           CASE WHEN s.level > s.high THEN 1 WHEN s.level < s.low THEN -1 WHEN s.high IS NOT NULL THEN 0 END,
           ca_rank(s.volume, s.volumes, 30), ca_clamped(s.corr_btc, -1, 1), ca_clamped(s.corr_eth, -1, 1),
           s.deviation * sqrt(365::double precision), ca_rank(s.deviation, array_agg(s.deviation) OVER w, 3),
           1 - ca_rank(s.illiquidity, array_agg(s.illiquidity) OVER w, 3),
           ca_rank(s.growth, array_agg(s.growth) OVER w, 3)
    FROM statistic AS s
    WINDOW w AS (PARTITION BY s.ends_at);
END;
COMMENT ON FUNCTION ca_sector_statistics(timestamptz[]) IS
    'statistics of the daily indexes of active sectors at ends of days: distance of the level from its mean of 50 days; whether it is above (1) or below (-1) all of the 20 days before; rank of the volume in 90 days; correlation with the benchmark and with ETH; volatility a year; and ranks among the sectors of volatility, of liquidity and of the return over the days of the setting sectors';

CREATE FUNCTION ca_sector_correlations(ends_at timestamptz)
    RETURNS TABLE (sector_id integer, other_id integer, correlation double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH setting AS MATERIALIZED (
        SELECT ca_option('sectors', 'stat_days') AS days, ca_option('sectors', 'stat_min') AS fewest
    ), day AS MATERIALIZED (
        SELECT d.sector_id, d.day, d.log_return
        FROM setting AS v
        CROSS JOIN LATERAL ca_sector_days(ca_sector_correlations.ends_at - ca_whole_days(v.days + 1), ca_sector_correlations.ends_at) AS d
        WHERE d.is_active AND d.day >= ca_sector_correlations.ends_at - ca_whole_days(v.days) AND d.log_return IS NOT NULL
    )
    SELECT a.sector_id, b.sector_id, ca_clamped(corr(a.log_return, b.log_return ORDER BY a.day), -1, 1)
    FROM day AS a
    JOIN day AS b ON b.day = a.day AND b.sector_id > a.sector_id
    CROSS JOIN setting AS v
    GROUP BY a.sector_id, b.sector_id, v.fewest
    HAVING count(*) >= v.fewest;
END;
COMMENT ON FUNCTION ca_sector_correlations(timestamptz) IS
    'correlation of the daily log returns of the indexes of active sectors up to the end of a day, one row per pair, the smaller identifier first';

CREATE FUNCTION ca_sector_breadths(ends timestamptz[])
    RETURNS TABLE (ends_at timestamptz, sector_id integer, breadth double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH member AS MATERIALIZED (
        SELECT m.sector_id, m.asset_id, m.since FROM ca_sector_members() AS m WHERE NOT m.is_stablecoin
    ), close AS MATERIALIZED (
        SELECT c.asset_id, c.candle_time AS day, c.close
        FROM (SELECT min(e) AS first, max(e) AS last FROM unnest(ca_sector_breadths.ends) AS e) AS b
        CROSS JOIN LATERAL ca_member_candles(ARRAY(SELECT DISTINCT m.asset_id FROM member AS m), '1d',
                                             b.first - interval '1200 hours', b.last) AS c
    ), mean AS MATERIALIZED (
        -- exact, so that a price that never changes is not above its mean
        SELECT e.ends_at, c.asset_id, count(*) * max(c.close) FILTER (WHERE c.day = e.ends_at - interval '24 hours') > sum(c.close) AS above
        FROM (SELECT DISTINCT e AS ends_at FROM unnest(ca_sector_breadths.ends) AS e) AS e
        JOIN close AS c ON c.day < e.ends_at AND c.day >= e.ends_at - interval '1200 hours'
        GROUP BY e.ends_at, c.asset_id
        HAVING count(*) >= 45
    )
    SELECT a.ends_at, m.sector_id, count(*) FILTER (WHERE a.above)::double precision / count(*)
    FROM mean AS a
    JOIN member AS m ON m.asset_id = a.asset_id AND m.since <= a.ends_at
    WHERE a.above IS NOT NULL
    GROUP BY a.ends_at, m.sector_id
    HAVING count(*) >= 3;
END;
COMMENT ON FUNCTION ca_sector_breadths(timestamptz[]) IS
    'share of the members of sectors that closed the last day above their mean of 50 days, of which 45 must be known; of at least three members';
