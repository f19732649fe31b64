-- Totals of the market, its breadth, and the market as an index.

CREATE FUNCTION ca_market_sums(moments timestamptz[], span integer DEFAULT NULL, long_means boolean DEFAULT false)
    RETURNS TABLE (moment timestamptz, known bigint, current_supply bigint, cap double precision, stablecoins double precision,
                   btc double precision, eth double precision, usdt double precision, liquidity double precision, liquid bigint,
                   universe bigint, advancers bigint, decliners bigint, unchanged bigint, above_sma50 bigint, with_sma50 bigint,
                   above_sma200 bigint, with_sma200 bigint, new_highs bigint, new_lows bigint, with_highs bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH price AS MATERIALIZED (
        SELECT p.* FROM ca_market_prices(ca_market_sums.moments) AS p
    ), volume AS MATERIALIZED (
        SELECT v.* FROM ca_market_volumes(ca_market_sums.moments) AS v
    ), day AS MATERIALIZED (
        SELECT d.*
        FROM (SELECT array_agg(DISTINCT timeframe_bucket('1d', p.moment)) AS ends,
                     array_agg(DISTINCT p.asset_id) FILTER (WHERE p.asset_type = 'crypto') AS assets
              FROM price AS p) AS e
        CROSS JOIN LATERAL ca_market_days(e.ends, e.assets, ca_market_sums.span, ca_market_sums.long_means,
                                          cardinality(ca_market_sums.moments) = 1) AS d
        WHERE ca_market_sums.span IS NOT NULL
    ), name AS MATERIALIZED (
        SELECT ca_benchmark() AS benchmark
    )
    -- sums of double precision depend on their order
    SELECT p.moment, count(p.cap), count(*) FILTER (WHERE p.current_supply), sum(p.cap ORDER BY p.asset_id),
           sum(p.cap ORDER BY p.asset_id) FILTER (WHERE p.asset_type = 'stablecoin'),
           min(p.cap) FILTER (WHERE p.symbol = n.benchmark), min(p.cap) FILTER (WHERE p.symbol = 'ETH'),
           min(p.cap) FILTER (WHERE p.symbol = 'USDT'),
           CASE WHEN count(p.cap) FILTER (WHERE p.symbol = n.benchmark AND v.volume IS NOT NULL) > 0
                THEN sum(v.volume ORDER BY p.asset_id) FILTER (WHERE p.cap IS NOT NULL)
                     / nullif(sum(p.cap ORDER BY p.asset_id) FILTER (WHERE v.volume IS NOT NULL), 0) END,
           count(p.cap) FILTER (WHERE v.volume IS NOT NULL),
           count(*) FILTER (WHERE p.asset_type = 'crypto'),
           count(*) FILTER (WHERE d.close > d.previous), count(*) FILTER (WHERE d.close < d.previous),
           count(*) FILTER (WHERE d.close = d.previous), count(*) FILTER (WHERE d.close > d.mean_50), count(d.mean_50),
           count(*) FILTER (WHERE d.close > d.mean_200), count(d.mean_200),
           count(*) FILTER (WHERE d.new_high), count(*) FILTER (WHERE d.new_low), count(d.new_high)
    FROM price AS p
    CROSS JOIN name AS n
    -- volumes and days are of cryptocurrencies alone
    LEFT JOIN volume AS v ON v.moment = p.moment AND v.asset_id = p.asset_id
    LEFT JOIN day AS d ON d.ends_at = timeframe_bucket('1d', p.moment) AND d.asset_id = p.asset_id
    GROUP BY p.moment;
END;
COMMENT ON FUNCTION ca_market_sums(timestamptz[], integer, boolean) IS
    'what all assets with a price sum up to at these moments: capitalizations, of how many assets, and of how many by today''s supply; volume of 24 hours divided by capitalization over the cryptocurrencies of which both are known, if the benchmark is one; and with a span of days, counts of cryptocurrencies by their daily candles';

CREATE FUNCTION ca_rank(value double precision, others double precision[], fewest bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN cardinality(array_remove(ca_rank.others, NULL)) >= ca_rank.fewest
                THEN mid_rank(ca_rank.value, ca_rank.others) END;
COMMENT ON FUNCTION ca_rank(double precision, double precision[], bigint) IS
    'mid_rank() of a value among others, which include it; NULL if fewer than fewest of them are known';

CREATE FUNCTION ca_clamped(value double precision, lowest double precision, highest double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_clamped.value < ca_clamped.lowest THEN ca_clamped.lowest
                WHEN ca_clamped.value > ca_clamped.highest THEN ca_clamped.highest ELSE ca_clamped.value END;
COMMENT ON FUNCTION ca_clamped(double precision, double precision, double precision) IS
    'a value, or the bound that it is beyond; NULL for NULL, unlike least() and greatest()';

CREATE FUNCTION ca_percent(part double precision, whole double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 100 * ca_percent.part / nullif(ca_percent.whole, 0);
COMMENT ON FUNCTION ca_percent(double precision, double precision) IS
    'a part in percent of a whole; NULL if the whole is 0';

CREATE FUNCTION ca_share(part bigint, whole bigint, known bigint) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ca_share.known >= ca_option('market', 'min_assets')
                THEN ca_share.part::double precision / nullif(ca_share.whole, 0) END;
COMMENT ON FUNCTION ca_share(bigint, bigint, bigint) IS
    'a part of a whole; NULL if the whole is 0, or if fewer assets than min_assets of the setting market are known';

CREATE FUNCTION ca_market_shares(
    known bigint, current_supply bigint, cap double precision, stablecoins double precision, btc double precision,
    eth double precision, usdt double precision, liquid bigint, given_total double precision, given_btc double precision,
    given_eth double precision, given_usdt double precision, total2es double precision, origins jsonb,
    OUT total double precision, OUT btc_dominance double precision, OUT eth_dominance double precision,
    OUT usdt_dominance double precision, OUT altcoin_dominance double precision, OUT sources jsonb)
    RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT t.total, s.btc, s.eth, s.usdt,
           CASE WHEN ca_market_shares.total2es IS NOT NULL AND t.total > 0 THEN 100 * ca_market_shares.total2es / t.total
                WHEN ca_option('market', 'altcoins_include_stablecoins') = 1 THEN 100 - s.btc
                WHEN ca_market_shares.usdt IS NOT NULL AND t.total > 0
                THEN 100 - s.btc - 100 * ca_market_shares.stablecoins / t.total END,
           jsonb_strip_nulls(jsonb_build_object(
               'total', CASE WHEN ca_market_shares.given_total IS NOT NULL THEN ca_market_shares.origins ->> 'total'
                             WHEN t.total IS NOT NULL THEN 'assets:' || ca_market_shares.known END,
               'btc_dominance', CASE WHEN ca_market_shares.given_btc IS NOT NULL THEN ca_market_shares.origins ->> 'btc_dominance'
                                     WHEN s.btc IS NOT NULL THEN 'cap' END,
               'eth_dominance', CASE WHEN ca_market_shares.given_eth IS NOT NULL THEN ca_market_shares.origins ->> 'eth_dominance'
                                     WHEN s.eth IS NOT NULL THEN 'cap' END,
               'usdt_dominance', CASE WHEN ca_market_shares.given_usdt IS NOT NULL THEN ca_market_shares.origins ->> 'usdt_dominance'
                                      WHEN s.usdt IS NOT NULL THEN 'cap' END,
               'altcoin_dominance', CASE WHEN ca_market_shares.total2es IS NOT NULL AND t.total > 0 THEN 'series' END,
               'liquidity', CASE WHEN ca_market_shares.liquid > 0 THEN 'assets:' || ca_market_shares.liquid END,
               'supply', CASE WHEN ca_market_shares.current_supply > 0 THEN 'current:' || ca_market_shares.current_supply END))
    FROM (SELECT coalesce(ca_market_shares.given_total,
                          -- a sum of few coins is no total
                          CASE WHEN ca_market_shares.known >= ca_option('market', 'total_min_assets')
                                    AND ca_market_shares.btc IS NOT NULL AND ca_market_shares.eth IS NOT NULL
                                    AND ca_market_shares.usdt IS NOT NULL THEN ca_market_shares.cap END) AS total) AS t
    CROSS JOIN LATERAL (
        SELECT coalesce(ca_market_shares.given_btc, ca_percent(ca_market_shares.btc, t.total)) AS btc,
               coalesce(ca_market_shares.given_eth, ca_percent(ca_market_shares.eth, t.total)) AS eth,
               coalesce(ca_market_shares.given_usdt, ca_percent(ca_market_shares.usdt, t.total)) AS usdt) AS s;
END;
COMMENT ON FUNCTION ca_market_shares(bigint, bigint, double precision, double precision, double precision, double precision, double precision, bigint, double precision, double precision, double precision, double precision, double precision, jsonb) IS
    'total capitalization and shares of it in percent, from what was given and else from sums, and where each came from';

CREATE FUNCTION @extschema@.market_totals(as_of timestamptz DEFAULT now())
    RETURNS TABLE (total double precision, btc_dominance double precision, eth_dominance double precision,
                   usdt_dominance double precision, altcoin_dominance double precision, liquidity double precision, sources jsonb)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_moment(market_totals.as_of);
    RETURN QUERY
        SELECT s.total, CASE WHEN s.btc_dominance BETWEEN 0 AND 100 THEN s.btc_dominance END,
               CASE WHEN s.eth_dominance BETWEEN 0 AND 100 THEN s.eth_dominance END,
               CASE WHEN s.usdt_dominance BETWEEN 0 AND 100 THEN s.usdt_dominance END,
               CASE WHEN s.altcoin_dominance BETWEEN 0 AND 100 THEN s.altcoin_dominance END, m.liquidity, s.sources
        FROM (SELECT max(v.value) FILTER (WHERE v.metric = 'total') AS total,
                     max(v.value) FILTER (WHERE v.metric = 'total2es') AS total2es,
                     max(v.value) FILTER (WHERE v.metric = 'btc_dominance') AS btc,
                     max(v.value) FILTER (WHERE v.metric = 'eth_dominance') AS eth,
                     max(v.value) FILTER (WHERE v.metric = 'usdt_dominance') AS usdt
              FROM ca_metric_values(ARRAY[market_totals.as_of],
                                    '{total,total2es,btc_dominance,eth_dominance,usdt_dominance}') AS v) AS g
        LEFT JOIN ca_market_sums(ARRAY[market_totals.as_of]) AS m ON true
        CROSS JOIN LATERAL ca_market_shares(
            m.known, m.current_supply, m.cap, m.stablecoins, m.btc, m.eth, m.usdt, m.liquid, g.total::double precision,
            g.btc::double precision, g.eth::double precision, g.usdt::double precision, g.total2es::double precision,
            '{"total": "series", "btc_dominance": "series", "eth_dominance": "series", "usdt_dominance": "series"}') AS s;
END;
$$;
COMMENT ON FUNCTION market_totals(timestamptz) IS
    'total capitalization in USD, shares of it in percent, and volume of 24 hours divided by capitalization, as known at as_of, with where each came from: a series, or the sum over so many assets';

CREATE FUNCTION @extschema@.market_breadth(as_of timestamptz DEFAULT now(), high_low_days integer DEFAULT 365)
    RETURNS TABLE (universe bigint, advancers bigint, decliners bigint, unchanged bigint, advancers_ratio double precision,
                   above_sma50 double precision, above_sma200 double precision, new_highs bigint, new_lows bigint,
                   high_low_ratio double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_moment(market_breadth.as_of);
    IF market_breadth.high_low_days IS NULL OR market_breadth.high_low_days NOT BETWEEN 7 AND 1825 THEN
        RAISE EXCEPTION 'high_low_days must be between 7 and 1825'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(market_breadth.high_low_days::text, 'NULL')),
                  HINT = 'A year has 365.';
    END IF;
    RETURN QUERY
        SELECT coalesce(m.universe, 0), coalesce(m.advancers, 0), coalesce(m.decliners, 0), coalesce(m.unchanged, 0),
               r.advancers, r.above_sma50, r.above_sma200, coalesce(m.new_highs, 0), coalesce(m.new_lows, 0), r.new_highs
        FROM (VALUES (true)) AS one
        LEFT JOIN ca_market_sums(ARRAY[market_breadth.as_of], market_breadth.high_low_days, true) AS m ON true
        CROSS JOIN LATERAL (
            SELECT ca_share(m.advancers, m.advancers + m.decliners, m.advancers + m.decliners + m.unchanged) AS advancers,
                   ca_share(m.above_sma50, m.with_sma50, m.with_sma50) AS above_sma50,
                   ca_share(m.above_sma200, m.with_sma200, m.with_sma200) AS above_sma200,
                   ca_share(m.new_highs, m.new_highs + m.new_lows, m.with_highs) AS new_highs) AS r;
END;
$$;
COMMENT ON FUNCTION market_breadth(timestamptz, integer) IS
    'how many active cryptocurrencies with a price at as_of rose, fell and stayed on the last day; which share of those that moved rose; which shares closed above the mean of 50 and of 200 days; how many made a new high or low of so many days, and which share of these was a high; a share is NULL if fewer assets than min_assets of the setting market are known, or none counts';

-- ---- the market as an index ----

CREATE FUNCTION ca_market_returns(since timestamptz, until timestamptz, without integer)
    RETURNS TABLE (day timestamptz, members bigint, log_return double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH asset AS MATERIALIZED (
        SELECT s.asset_id, s.codes,
               CASE WHEN ca_option('market', 'current_supply') = 1 THEN s.supply::double precision END AS supply
        FROM ca_market_series() AS s
        WHERE s.asset_type = 'crypto' AND s.asset_id IS DISTINCT FROM ca_market_returns.without
    ), bound AS MATERIALIZED (
        -- as far back as closes and the supply that they imply count
        SELECT ca_market_returns.since - interval '816 hours' AS since,
               ca_assets_with_built_days(ARRAY(SELECT a.asset_id FROM asset AS a WHERE a.codes <> '{1d}'),
                                         ca_market_returns.since - interval '816 hours', ca_market_returns.until) AS built
    ), member AS MATERIALIZED (
        SELECT a.asset_id, s.steps
        FROM bound AS b
        CROSS JOIN asset AS a
        CROSS JOIN LATERAL (
            SELECT ca_day_steps(d.candle_time, d.close_price, d.market_cap, a.supply, ca_market_returns.since,
                                ca_market_returns.until) AS steps
            FROM (SELECT h.candle_time, h.close_price, h.market_cap
                  FROM price_history AS h
                  WHERE h.asset_id = a.asset_id AND h.timeframe = '1d'
                    AND h.candle_time >= b.since AND h.candle_time < ca_market_returns.until
                  ORDER BY h.candle_time) AS d) AS s
        WHERE a.asset_id <> ALL (b.built)
        UNION ALL
        SELECT a.asset_id, s.steps
        FROM bound AS b
        JOIN asset AS a ON a.asset_id = ANY (b.built)
        CROSS JOIN LATERAL (
            SELECT ca_day_steps(d.time, d.close, d.market_cap, a.supply, ca_market_returns.since, ca_market_returns.until) AS steps
            FROM (SELECT * FROM candles(a.asset_id, '1d', b.since, ca_market_returns.until) AS c ORDER BY c.time) AS d) AS s
    )
    -- sums of double precision depend on their order
    SELECT ca_market_returns.since + (n - 1) * interval '24 hours', t.sums[3 * n]::bigint,
           ln(nullif(t.sums[3 * n - 1], 0) / nullif(t.sums[3 * n - 2], 0))
    FROM (SELECT ca_sum_steps(m.steps ORDER BY m.asset_id) AS sums FROM member AS m) AS t
    CROSS JOIN LATERAL generate_series(1, cardinality(t.sums) / 3) AS n
    WHERE t.sums[3 * n] > 0;
END;
COMMENT ON FUNCTION ca_market_returns(timestamptz, timestamptz, integer) IS
    'daily log returns of all active cryptocurrencies but one, weighted by their capitalizations of the day before, and of how many assets; days that start in [since, until); a missing close is that of at most three days before';
