-- Relative strength: a series against a benchmark.

CREATE FUNCTION ca_relative_strength(
    strengths double precision[], days integer, fewest integer, rotation_days integer,
    OUT strength double precision, OUT score double precision, OUT rs_ratio double precision,
    OUT rs_momentum double precision, OUT quadrant text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH strength AS MATERIALIZED (
        SELECT u.rs, cardinality(ca_relative_strength.strengths) - u.place AS day
        FROM unnest(ca_relative_strength.strengths) WITH ORDINALITY AS u (rs, place)
    ), ratio AS MATERIALIZED (
        -- a mean of n days needs nine tenths of them
        SELECT s.day,
               CASE WHEN s.rs IS NOT NULL AND 10 * count(s.rs) OVER w >= 9 * ca_relative_strength.rotation_days
                    THEN 100 + (s.rs - avg(s.rs) OVER w) / nullif(realized_volatility(s.rs, 1) OVER w, 0) END AS ratio
        FROM strength AS s
        WINDOW w AS (ORDER BY s.day ROWS BETWEEN CURRENT ROW AND ca_relative_strength.rotation_days - 1 FOLLOWING)
    ), change AS MATERIALIZED (
        SELECT r.day, r.ratio, r.ratio - lead(r.ratio) OVER (ORDER BY r.day) AS change
        FROM ratio AS r
    ), momentum AS MATERIALIZED (
        SELECT max(c.ratio) FILTER (WHERE c.day = 0) AS ratio,
               CASE WHEN 10 * count(c.change) >= 9 * ca_relative_strength.rotation_days
                    THEN 100 + (max(c.change) FILTER (WHERE c.day = 0) - avg(c.change))
                               / nullif(realized_volatility(c.change, 1), 0) END AS momentum
        FROM change AS c
        WHERE c.day < ca_relative_strength.rotation_days
    ), rank AS MATERIALIZED (
        SELECT max(s.rs) FILTER (WHERE s.day = 0) AS rs, array_agg(s.rs) AS rss, count(s.rs) AS known
        FROM strength AS s
        WHERE s.day < ca_relative_strength.days
    )
    SELECT k.rs, CASE WHEN k.known >= ca_relative_strength.fewest THEN mid_rank(k.rs, k.rss) END, m.ratio, m.momentum,
           CASE WHEN m.ratio >= 100 AND m.momentum >= 100 THEN 'leading'
                WHEN m.ratio >= 100 AND m.momentum < 100 THEN 'weakening'
                WHEN m.ratio < 100 AND m.momentum < 100 THEN 'lagging'
                WHEN m.ratio < 100 AND m.momentum >= 100 THEN 'improving' END
    FROM rank AS k
    CROSS JOIN momentum AS m;
END;
COMMENT ON FUNCTION ca_relative_strength(double precision[], integer, integer, integer) IS
    'relative strength on the last of consecutive days, NULL where not known: its rank within the last days, if so many are known, and how far it (rs_ratio) and its daily change (rs_momentum) are from their mean of rotation_days, in standard deviations above 100';
