-- Rotation: which sectors gained and lost shares of the market.
--
-- A sale needs a buyer, so candles cannot show money entering a sector; they show how shares of the whole
-- shift.  What losers lost goes to winners in proportion to what these gained: of all flows with these sums
-- the ones of greatest entropy.

CREATE FUNCTION ca_sector_periods(moments timestamptz[], spans interval[])
    RETURNS TABLE (moment timestamptz, span interval, sector_id integer, members bigint, known bigint, market_cap double precision,
                   btc_cap double precision, performance double precision, net_issuance double precision,
                   part_assets bigint, part double precision, share double precision, share_before double precision,
                   gain double precision, rotated double precision, inflow double precision, outflow double precision,
                   net_flow double precision, primary_cap double precision, benchmark_cap double precision, unplaced bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_nestloop = off
    SET jit = off
BEGIN ATOMIC
    WITH setting AS MATERIALIZED (
        SELECT ca_benchmark() AS benchmark, ca_option('sectors', 'rotation_stablecoins') = 1 AS stablecoins
    ), member AS MATERIALIZED (
        SELECT m.*, s.is_active FROM ca_sector_members() AS m JOIN sectors AS s ON s.id = m.sector_id
    ), period AS MATERIALIZED (
        SELECT DISTINCT m AS moment, g AS span, m - g AS before
        FROM unnest(ca_sector_periods.moments) AS m
        CROSS JOIN unnest(ca_sector_periods.spans) AS g
    ), price AS MATERIALIZED (
        SELECT p.moment, p.asset_id, p.symbol, p.cap, CASE WHEN p.price > 0 THEN p.price END AS price
        FROM (SELECT array_agg(DISTINCT m) AS moments
              FROM (SELECT p.moment FROM period AS p UNION SELECT p.before FROM period AS p) AS x (m)) AS m
        CROSS JOIN LATERAL ca_market_prices(m.moments) AS p
    ), pair AS MATERIALIZED (
        SELECT p.moment, p.span, n.asset_id, n.symbol = v.benchmark AS is_benchmark, n.cap, b.cap AS cap_before,
               b.cap * (n.price / b.price) AS moved
        FROM period AS p
        CROSS JOIN setting AS v
        JOIN price AS n ON n.moment = p.moment
        LEFT JOIN price AS b ON b.moment = p.before AND b.asset_id = n.asset_id
    ), placed AS MATERIALIZED (
        SELECT m.asset_id, min(m.since) AS since FROM member AS m WHERE m.is_primary AND m.is_active GROUP BY m.asset_id
    ), whole AS MATERIALIZED (
        SELECT p.moment, p.span, min(p.cap) FILTER (WHERE p.is_benchmark) AS benchmark_cap,
               count(*) FILTER (WHERE l.asset_id IS NULL AND p.cap IS NOT NULL AND p.cap_before IS NOT NULL) AS unplaced
        FROM pair AS p
        LEFT JOIN placed AS l ON l.asset_id = p.asset_id AND l.since <= p.moment
        GROUP BY p.moment, p.span
    ), total AS (
        SELECT p.moment, m.sector_id, count(*) AS members
        FROM (SELECT DISTINCT p.moment FROM period AS p) AS p
        JOIN member AS m ON m.since <= p.moment
        GROUP BY p.moment, m.sector_id
    ), summed AS (
        -- sums of double precision depend on their order
        SELECT p.moment, p.span, m.sector_id, count(p.cap) AS known, sum(p.cap ORDER BY p.asset_id) AS market_cap,
               sum(p.cap ORDER BY p.asset_id) FILTER (WHERE p.is_benchmark) AS btc_cap,
               100 * (sum(p.moved ORDER BY p.asset_id)
                      / nullif(sum(p.cap_before ORDER BY p.asset_id) FILTER (WHERE p.moved IS NOT NULL), 0) - 1) AS performance,
               sum(p.cap - p.moved ORDER BY p.asset_id) AS net_issuance,
               count(*) FILTER (WHERE k.counts) AS part_assets,
               sum(p.cap ORDER BY p.asset_id) FILTER (WHERE k.counts) AS part,
               sum(p.cap_before ORDER BY p.asset_id) FILTER (WHERE k.counts) AS part_before,
               sum(p.cap ORDER BY p.asset_id) FILTER (WHERE m.is_primary AND m.is_active AND NOT p.is_benchmark) AS primary_cap
        FROM pair AS p
        CROSS JOIN setting AS v
        JOIN member AS m ON m.asset_id = p.asset_id AND m.since <= p.moment
        CROSS JOIN LATERAL (
            -- the assets of the partition: each in its primary sector, and the same at both ends
            SELECT m.is_primary AND m.is_active AND (v.stablecoins OR NOT m.is_stablecoin)
                   AND p.cap IS NOT NULL AND p.cap_before IS NOT NULL AS counts) AS k
        GROUP BY p.moment, p.span, m.sector_id
    ), shared AS (
        SELECT s.*, s.part / nullif(sum(s.part) OVER w, 0) AS share, s.part_before / nullif(sum(s.part_before) OVER w, 0) AS share_before,
               sum(s.part) OVER w AS whole, count(s.part) OVER w AS parts
        FROM summed AS s
        WINDOW w AS (PARTITION BY s.moment, s.span ORDER BY s.sector_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    ), gained AS (
        SELECT s.*, CASE WHEN s.parts < 2 THEN NULL
                         -- shares that differ by rounding alone are the same
                         WHEN abs(s.share - s.share_before) <= 1e-12 THEN 0
                         ELSE s.share - s.share_before END AS gain
        FROM shared AS s
    ), rotation AS (
        SELECT g.*, sum(greatest(g.gain, 0)) FILTER (WHERE g.gain IS NOT NULL) OVER w AS rotated,
               sum(greatest(- g.gain, 0)) FILTER (WHERE g.gain IS NOT NULL) OVER w AS lost
        FROM gained AS g
        WINDOW w AS (PARTITION BY g.moment, g.span ORDER BY g.sector_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
    )
    SELECT t.moment, p.span, t.sector_id, t.members, coalesce(r.known, 0), r.market_cap, r.btc_cap, r.performance, r.net_issuance,
           coalesce(r.part_assets, 0), r.part, r.share, r.share_before, r.gain, r.rotated,
           CASE WHEN r.gain > 0 THEN r.gain / r.rotated WHEN r.gain IS NOT NULL THEN 0 END,
           CASE WHEN r.gain < 0 THEN - r.gain / r.lost WHEN r.gain IS NOT NULL THEN 0 END,
           r.whole * r.gain, r.primary_cap, w.benchmark_cap, coalesce(w.unplaced, 0)
    FROM total AS t
    JOIN period AS p ON p.moment = t.moment
    LEFT JOIN rotation AS r ON r.moment = t.moment AND r.span = p.span AND r.sector_id = t.sector_id
    LEFT JOIN whole AS w ON w.moment = t.moment AND w.span = p.span;
END;
COMMENT ON FUNCTION ca_sector_periods(timestamptz[], interval[]) IS
    'what happened to sectors over the spans before these moments: members, and those with a capitalization; capitalization, and that of the benchmark in it; return at the weights of the start, in percent; capitalization that prices do not explain; and among active sectors, each asset in its primary one: share of the whole at both ends, what was gained of it, what all gained, the sector''s parts of what all gained and lost, and its gain in USD; capitalization of assets whose primary sector this is, without the benchmark, and of the benchmark; and how many assets have no primary sector';

CREATE FUNCTION ca_period_span(period text) RETURNS interval
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- a day of a time zone need not have 24 hours
    RETURN CASE ca_period_span.period WHEN '1d' THEN interval '24 hours' WHEN '7d' THEN interval '168 hours'
                                      WHEN '30d' THEN interval '720 hours' END;
COMMENT ON FUNCTION ca_period_span(text) IS
    'the length of a period 1d, 7d or 30d; NULL for anything else';

CREATE FUNCTION ca_check_period(period text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF period IS NULL THEN
        RAISE EXCEPTION 'period must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs a period.',
                  HINT = 'Periods are 1d, 7d and 30d.';
    END IF;
    IF ca_period_span(period) IS NULL THEN
        RAISE EXCEPTION 'unknown period'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %L.', left(period, 100)),
                  HINT = 'Periods are 1d, 7d and 30d.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_period(text) IS
    'refuses a period other than 1d, 7d and 30d';

CREATE FUNCTION @extschema@.rotation_flows(as_of timestamptz DEFAULT now(), period text DEFAULT '7d')
    RETURNS TABLE (from_sector_id integer, to_sector_id integer, flow double precision,
                   from_share_before double precision, from_share double precision,
                   to_share_before double precision, to_share double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_moment(rotation_flows.as_of);
    PERFORM ca_check_period(rotation_flows.period);
    RETURN QUERY
        WITH shift AS MATERIALIZED (
            SELECT s.*
            FROM ca_sector_periods(ARRAY[rotation_flows.as_of], ARRAY[ca_period_span(rotation_flows.period)]) AS s
            WHERE s.gain <> 0
        )
        SELECT l.sector_id, w.sector_id, l.outflow * w.inflow, l.share_before, l.share, w.share_before, w.share
        FROM shift AS l
        JOIN shift AS w ON l.gain < 0 AND w.gain > 0
        ORDER BY l.outflow * w.inflow DESC, l.sector_id, w.sector_id;
END;
$$;
COMMENT ON FUNCTION rotation_flows(timestamptz, text) IS
    'how shares of the market moved between active sectors over the period 1d, 7d or 30d before as_of, each asset in its primary sector: from each sector that lost to each that gained the product of their parts of all that was lost and gained, greatest first, which sum to 1; with the shares of both at the start and at as_of; no row with fewer than two sectors or without a shift';
