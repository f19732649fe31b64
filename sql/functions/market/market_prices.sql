-- Prices, capitalizations and daily candles of all assets at many moments at once.
--
-- Series that exist are found by skipping along the key, so that no asset is asked for each timeframe.
-- LATERAL look-ups go by that key, whatever the planner believes about the tables.

CREATE INDEX price_data_market_cap_idx ON price_data (asset_id, timeframe, candle_time) WHERE market_cap IS NOT NULL;
COMMENT ON INDEX price_data_market_cap_idx IS
    'the newest candle of a series that has a market capitalization';
CREATE INDEX price_data_archive_market_cap_idx ON price_data_archive (asset_id, timeframe, candle_time) WHERE market_cap IS NOT NULL;
COMMENT ON INDEX price_data_archive_market_cap_idx IS
    'the newest candle of a series that has a market capitalization';

CREATE FUNCTION ca_market_series()
    RETURNS TABLE (asset_id integer, asset_type text, symbol text, supply numeric, codes text[])
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH RECURSIVE live AS (
        (SELECT p.asset_id, p.timeframe FROM price_data AS p ORDER BY p.asset_id, p.timeframe LIMIT 1)
        UNION ALL
        SELECT n.asset_id, n.timeframe
        FROM live AS l
        CROSS JOIN LATERAL (
            SELECT p.asset_id, p.timeframe FROM price_data AS p
            WHERE (p.asset_id, p.timeframe) > (l.asset_id, l.timeframe)
            ORDER BY p.asset_id, p.timeframe LIMIT 1) AS n
    ), archived AS (
        (SELECT p.asset_id, p.timeframe FROM price_data_archive AS p ORDER BY p.asset_id, p.timeframe LIMIT 1)
        UNION ALL
        SELECT n.asset_id, n.timeframe
        FROM archived AS l
        CROSS JOIN LATERAL (
            SELECT p.asset_id, p.timeframe FROM price_data_archive AS p
            WHERE (p.asset_id, p.timeframe) > (l.asset_id, l.timeframe)
            ORDER BY p.asset_id, p.timeframe LIMIT 1) AS n
    ), compressed AS (
        (SELECT p.asset_id, p.timeframe FROM price_data_segments AS p ORDER BY p.asset_id, p.timeframe LIMIT 1)
        UNION ALL
        SELECT n.asset_id, n.timeframe
        FROM compressed AS l
        CROSS JOIN LATERAL (
            SELECT p.asset_id, p.timeframe FROM price_data_segments AS p
            WHERE (p.asset_id, p.timeframe) > (l.asset_id, l.timeframe)
            ORDER BY p.asset_id, p.timeframe LIMIT 1) AS n
    ), series AS (
        SELECT * FROM live UNION SELECT * FROM archived UNION SELECT * FROM compressed
    )
    SELECT a.id, a.asset_type, a.symbol, a.circulating_supply, g.codes
    -- grouped by itself: grouping by assets.id would make the function depend on the primary key
    FROM (SELECT s.asset_id, array_agg(t.code ORDER BY t.place) AS codes
          FROM series AS s
          JOIN timeframes() WITH ORDINALITY AS t (code, place) ON t.code = s.timeframe
          GROUP BY s.asset_id) AS g
    JOIN assets AS a ON a.id = g.asset_id
    WHERE a.is_active AND a.asset_type IN ('crypto', 'stablecoin')
    ORDER BY a.id;
END;
COMMENT ON FUNCTION ca_market_series() IS
    'active cryptocurrencies and stablecoins that have candles, with the timeframes of these, shortest first';

CREATE FUNCTION ca_market_prices(moments timestamptz[])
    RETURNS TABLE (moment timestamptz, asset_id integer, asset_type text, symbol text, price double precision,
                   cap double precision, current_supply boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT s.* FROM ca_market_series() AS s
    ), setting AS MATERIALIZED (
        SELECT ca_price_staleness() AS staleness, ca_option('market', 'current_supply') = 1 AS current_supply
    ), newest AS MATERIALIZED (
        SELECT m.moment, s.asset_id, s.asset_type, s.symbol, s.supply, s.codes, c.close_price, c.market_cap
        FROM unnest(ca_market_prices.moments) AS m (moment)
        CROSS JOIN setting AS v
        CROSS JOIN series AS s
        CROSS JOIN LATERAL (
            SELECT n.close_price, n.market_cap
            FROM unnest(s.codes) WITH ORDINALITY AS t (code, place)
            CROSS JOIN LATERAL (
                SELECT h.candle_time, h.close_price, h.market_cap
                FROM price_history AS h
                WHERE h.asset_id = s.asset_id AND h.timeframe = t.code
                  AND h.candle_time >= timeframe_bucket(t.code, m.moment - v.staleness - interval '1 microsecond')
                  AND h.candle_time < timeframe_bucket(t.code, m.moment)
                ORDER BY h.candle_time DESC
                LIMIT 1) AS n
            CROSS JOIN LATERAL ca_candle_until(s.asset_id, t.code, n.candle_time) AS u
            WHERE m.moment - u.closed_at <= v.staleness
            ORDER BY u.closed_at DESC, t.place
            LIMIT 1) AS c
    )
    SELECT n.moment, n.asset_id, n.asset_type, n.symbol, n.close_price::double precision,
           CASE WHEN n.market_cap IS NOT NULL THEN n.market_cap::double precision
                WHEN n.close_price <= 0 THEN NULL
                WHEN r.supply IS NOT NULL THEN n.close_price::double precision * r.supply
                WHEN v.current_supply THEN n.close_price::double precision * n.supply::double precision END,
           n.market_cap IS NULL AND n.close_price > 0 AND r.supply IS NULL AND v.current_supply AND n.supply IS NOT NULL
    FROM newest AS n
    CROSS JOIN setting AS v
    -- the supply that the newest market capitalization of 30 days implies
    LEFT JOIN LATERAL (
        SELECT h.market_cap::double precision / h.close_price::double precision AS supply
        FROM unnest(n.codes) WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            SELECT k.* FROM (
                SELECT p.candle_time, p.close_price, p.market_cap FROM price_data AS p
                WHERE p.asset_id = n.asset_id AND p.timeframe = t.code AND p.market_cap IS NOT NULL AND p.close_price > 0
                  AND p.candle_time >= timeframe_bucket(t.code, n.moment - interval '720 hours 1 microsecond')
                  AND p.candle_time < timeframe_bucket(t.code, n.moment)
                ORDER BY p.candle_time DESC LIMIT 1) AS k
            UNION ALL
            SELECT k.* FROM (
                SELECT p.candle_time, p.close_price, p.market_cap FROM price_data_archive AS p
                WHERE p.asset_id = n.asset_id AND p.timeframe = t.code AND p.market_cap IS NOT NULL AND p.close_price > 0
                  AND p.candle_time >= timeframe_bucket(t.code, n.moment - interval '720 hours 1 microsecond')
                  AND p.candle_time < timeframe_bucket(t.code, n.moment)
                ORDER BY p.candle_time DESC LIMIT 1) AS k
            UNION ALL
            SELECT k.* FROM (
                SELECT p.candle_time, p.close_price, p.market_cap FROM price_data_compressed AS p
                WHERE p.asset_id = n.asset_id AND p.timeframe = t.code AND p.market_cap IS NOT NULL AND p.close_price > 0
                  AND p.candle_time >= timeframe_bucket(t.code, n.moment - interval '720 hours 1 microsecond')
                  AND p.candle_time < timeframe_bucket(t.code, n.moment)
                ORDER BY p.candle_time DESC LIMIT 1) AS k) AS h
        WHERE n.market_cap IS NULL AND n.close_price > 0
        ORDER BY timeframe_end(t.code, h.candle_time) DESC, t.place
        LIMIT 1) AS r ON true;
END;
COMMENT ON FUNCTION ca_market_prices(timestamptz[]) IS
    'price and capitalization of active cryptocurrencies and stablecoins at these moments: the close of the candle that ended last, of several the shortest, if it is not older than the setting price_staleness; its market_cap, or else its close times the supply that the newest market_cap of 30 days implies, or else times assets.circulating_supply; assets without a price have no row';

CREATE FUNCTION ca_prices_of(asset integer, moments timestamptz[])
    RETURNS TABLE (moment timestamptz, price double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT t.code, t.place
        FROM timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            SELECT FROM price_history AS h WHERE h.asset_id = ca_prices_of.asset AND h.timeframe = t.code LIMIT 1) AS h
    ), setting AS MATERIALIZED (
        SELECT ca_price_staleness() AS staleness
    )
    SELECT m.moment, c.close_price::double precision
    FROM setting AS v
    CROSS JOIN (SELECT DISTINCT m AS moment FROM unnest(ca_prices_of.moments) AS m) AS m
    CROSS JOIN LATERAL (
        SELECT n.close_price
        FROM series AS t
        CROSS JOIN LATERAL (
            SELECT h.candle_time, h.close_price
            FROM price_history AS h
            WHERE h.asset_id = ca_prices_of.asset AND h.timeframe = t.code
              AND h.candle_time >= timeframe_bucket(t.code, m.moment - v.staleness - interval '1 microsecond')
              AND h.candle_time < timeframe_bucket(t.code, m.moment)
            ORDER BY h.candle_time DESC
            LIMIT 1) AS n
        CROSS JOIN LATERAL ca_candle_until(ca_prices_of.asset, t.code, n.candle_time) AS u
        WHERE m.moment - u.closed_at <= v.staleness
        ORDER BY u.closed_at DESC, t.place
        LIMIT 1) AS c;
END;
COMMENT ON FUNCTION ca_prices_of(integer, timestamptz[]) IS
    'price of an asset at these moments, as ca_market_prices() has it; what is not known has no row';

CREATE FUNCTION ca_market_volumes(moments timestamptz[])
    RETURNS TABLE (moment timestamptz, asset_id integer, volume double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    SELECT m.moment, s.asset_id, v.volume::double precision
    FROM unnest(ca_market_volumes.moments) AS m (moment)
    CROSS JOIN (
        SELECT s.asset_id, array_agg(f.code ORDER BY f.place) AS codes, array_agg(f.candles ORDER BY f.place) AS candles
        FROM ca_market_series() AS s
        JOIN unnest('{1h,30m,15m,5m,3m,1m,2h,4h,6h,8h,12h,1d}'::text[],
                    '{24,48,96,288,480,1440,12,6,4,3,2,1}'::integer[])
            WITH ORDINALITY AS f (code, candles, place) ON f.code = ANY (s.codes)
        WHERE s.asset_type = 'crypto'
        GROUP BY s.asset_id) AS s
    CROSS JOIN LATERAL (
        -- the order lets the search end with the first timeframe that has them all
        SELECT v.volume
        FROM (SELECT * FROM unnest(s.codes, s.candles) WITH ORDINALITY AS o (code, candles, place) ORDER BY o.place) AS f
        CROSS JOIN LATERAL (
            SELECT count(h.volume) AS known, sum(h.volume) AS volume
            FROM price_history AS h
            WHERE h.asset_id = s.asset_id AND h.timeframe = f.code
              AND h.candle_time >= timeframe_bucket(f.code, m.moment) - interval '24 hours'
              AND h.candle_time < timeframe_bucket(f.code, m.moment)) AS v
        WHERE v.known = f.candles AND v.volume < 1e28
        ORDER BY f.place
        LIMIT 1) AS v;
END;
COMMENT ON FUNCTION ca_market_volumes(timestamptz[]) IS
    'volume of 24 hours of active cryptocurrencies at these moments, as ca_volume_24h() has it; what is not known has no row';

-- ---- daily candles ----

CREATE FUNCTION ca_assets_with_built_days(assets integer[], since timestamptz, until timestamptz) RETURNS integer[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    -- LIMIT keeps each look-up by key: an EXISTS might become a join with all candles
    SELECT coalesce(array_agg(a.asset_id), '{}')
    FROM unnest(ca_assets_with_built_days.assets) AS a (asset_id)
    CROSS JOIN LATERAL (
        SELECT array_agg(f.code) AS codes
        FROM timeframes() AS f (code)
        CROSS JOIN LATERAL (
            SELECT FROM price_history AS h WHERE h.asset_id = a.asset_id AND h.timeframe = f.code LIMIT 1) AS h
        WHERE timeframe_divides(f.code, '1d')) AS s
    CROSS JOIN LATERAL (
        SELECT
        FROM (SELECT lag(d.day + interval '24 hours', 1, ca_assets_with_built_days.since) OVER (ORDER BY d.day) AS first, d.day AS last
              FROM (SELECT h.candle_time AS day
                    FROM price_history AS h
                    WHERE h.asset_id = a.asset_id AND h.timeframe = '1d'
                      AND h.candle_time >= ca_assets_with_built_days.since
                      AND h.candle_time < ca_assets_with_built_days.until
                    UNION ALL
                    SELECT ca_assets_with_built_days.until) AS d
              WHERE s.codes IS NOT NULL) AS gap
        CROSS JOIN unnest(s.codes) AS c (code)
        CROSS JOIN LATERAL (
            SELECT FROM price_history AS h
            WHERE h.asset_id = a.asset_id AND h.timeframe = c.code AND h.candle_time >= gap.first AND h.candle_time < gap.last
            LIMIT 1) AS h
        WHERE gap.first < gap.last
        LIMIT 1) AS gap;
END;
COMMENT ON FUNCTION ca_assets_with_built_days(integer[], timestamptz, timestamptz) IS
    'those of the assets of which candles() builds days in [since, until) from finer candles; both are midnights';

CREATE FUNCTION ca_days(assets integer[], since timestamptz, until timestamptz, finer integer[] DEFAULT NULL)
    RETURNS TABLE (asset_id integer, day timestamptz, high numeric, low numeric, close numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH built AS MATERIALIZED (
        SELECT ca_assets_with_built_days(coalesce(ca_days.finer, ca_days.assets), ca_days.since, ca_days.until) AS assets
    )
    SELECT a.asset_id, d.*
    FROM built AS b
    CROSS JOIN unnest(ca_days.assets) AS a (asset_id)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.high_price, h.low_price, h.close_price, h.market_cap
        FROM price_history AS h
        WHERE h.asset_id = a.asset_id AND h.timeframe = '1d'
          AND h.candle_time >= ca_days.since AND h.candle_time < ca_days.until
        OFFSET 0) AS d
    WHERE a.asset_id <> ALL (b.assets)
    UNION ALL
    SELECT a.asset_id, d.time, d.high, d.low, d.close, d.market_cap
    FROM built AS b
    CROSS JOIN unnest(b.assets) AS a (asset_id)
    CROSS JOIN LATERAL candles(a.asset_id, '1d', ca_days.since, ca_days.until) AS d;
END;
COMMENT ON FUNCTION ca_days(integer[], timestamptz, timestamptz, integer[]) IS
    'daily candles of these assets that start in [since, until), stored or built; finer: those of them that may have candles to build from, all if NULL';

CREATE FUNCTION ca_day_facts_accum(
    state internal, "time" timestamptz, high numeric, low numeric, close numeric, until timestamptz[], span integer)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_day_facts_accum';
COMMENT ON FUNCTION ca_day_facts_accum(internal, timestamptz, numeric, numeric, numeric, timestamptz[], integer) IS
    'transition function of ca_day_facts()';

CREATE FUNCTION ca_day_facts_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_day_facts_final';
COMMENT ON FUNCTION ca_day_facts_final(internal) IS
    'final function of ca_day_facts()';

CREATE AGGREGATE ca_day_facts(timestamptz, numeric, numeric, numeric, timestamptz[], integer) (
    SFUNC = ca_day_facts_accum,
    STYPE = internal,
    FINALFUNC = ca_day_facts_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ca_day_facts(timestamptz, numeric, numeric, numeric, timestamptz[], integer) IS
    'of daily candles (time, high, low, close), in ascending order, and ends of days: per end of a day close, close of the day before, mean of 50 and of 200 closes, whether the high is above and the low below all others of a span of days, and which of these are known, a bit each';

CREATE FUNCTION ca_fact(facts double precision[], place bigint, fact integer) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ca_fact.facts[7 * ca_fact.place]::integer & (1 << (ca_fact.fact - 1)) <> 0
                THEN ca_fact.facts[7 * (ca_fact.place - 1) + ca_fact.fact] END;
COMMENT ON FUNCTION ca_fact(double precision[], bigint, integer) IS
    'a value of ca_day_facts(), of the end of a day by its place and by its own, both from 1; NULL if it is not known';

CREATE FUNCTION ca_day_steps_accum(
    state internal, "time" timestamptz, close numeric, market_cap numeric, supply double precision, since timestamptz, until timestamptz)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_day_steps_accum';
COMMENT ON FUNCTION ca_day_steps_accum(internal, timestamptz, numeric, numeric, double precision, timestamptz, timestamptz) IS
    'transition function of ca_day_steps()';

CREATE FUNCTION ca_day_steps_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_day_steps_final';
COMMENT ON FUNCTION ca_day_steps_final(internal) IS
    'final function of ca_day_steps()';

CREATE AGGREGATE ca_day_steps(timestamptz, numeric, numeric, double precision, timestamptz, timestamptz) (
    SFUNC = ca_day_steps_accum,
    STYPE = internal,
    FINALFUNC = ca_day_steps_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ca_day_steps(timestamptz, numeric, numeric, double precision, timestamptz, timestamptz) IS
    'of daily candles (time, close, market_cap), in ascending order, the supply and a range of days: per day the capitalization before it, and that times close divided by the close before';

CREATE FUNCTION ca_sum_steps_accum(state internal, steps double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sum_steps_accum';
COMMENT ON FUNCTION ca_sum_steps_accum(internal, double precision[]) IS
    'transition function of ca_sum_steps()';

CREATE FUNCTION ca_sum_steps_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sum_steps_final';
COMMENT ON FUNCTION ca_sum_steps_final(internal) IS
    'final function of ca_sum_steps()';

CREATE AGGREGATE ca_sum_steps(double precision[]) (
    SFUNC = ca_sum_steps_accum,
    STYPE = internal,
    FINALFUNC = ca_sum_steps_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ca_sum_steps(double precision[]) IS
    'of results of ca_day_steps(): per day the sums of both values, in the order of the rows, and the number of assets';

-- Each asset is read in the order of its key, so nothing is sorted.
CREATE FUNCTION ca_asset_day_facts(assets integer[], built integer[], since timestamptz, until timestamptz,
                                   ends timestamptz[], span integer)
    RETURNS TABLE (asset_id integer, facts double precision[])
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    SELECT a.asset_id, f.facts
    FROM unnest(ca_asset_day_facts.assets) AS a (asset_id)
    CROSS JOIN LATERAL (
        SELECT ca_day_facts(d.candle_time, d.high_price, d.low_price, d.close_price, ca_asset_day_facts.ends,
                            ca_asset_day_facts.span) AS facts
        FROM (SELECT h.candle_time, h.high_price, h.low_price, h.close_price
              FROM price_history AS h
              WHERE h.asset_id = a.asset_id AND h.timeframe = '1d'
                AND h.candle_time >= ca_asset_day_facts.since AND h.candle_time < ca_asset_day_facts.until
              ORDER BY h.candle_time) AS d) AS f
    WHERE a.asset_id <> ALL (ca_asset_day_facts.built)
    UNION ALL
    SELECT a.asset_id, f.facts
    FROM unnest(ca_asset_day_facts.built) AS a (asset_id)
    CROSS JOIN LATERAL (
        SELECT ca_day_facts(d.time, d.high, d.low, d.close, ca_asset_day_facts.ends, ca_asset_day_facts.span) AS facts
        FROM (SELECT * FROM candles(a.asset_id, '1d', ca_asset_day_facts.since, ca_asset_day_facts.until) AS c
              ORDER BY c.time) AS d) AS f
    WHERE a.asset_id = ANY (ca_asset_day_facts.assets);
END;
COMMENT ON FUNCTION ca_asset_day_facts(integer[], integer[], timestamptz, timestamptz, timestamptz[], integer) IS
    'ca_day_facts() of the daily candles of these assets that start in [since, until), of those in built from candles()';

-- At the end of one day few assets are at a high or low of 50 days, and only those are read for the whole span.
-- Some others are read too, so that it is known whether enough assets have known the whole span.
CREATE FUNCTION ca_market_days(ends timestamptz[], assets integer[], span integer, long_means boolean, brief boolean)
    RETURNS TABLE (ends_at timestamptz, asset_id integer, close double precision, previous double precision,
                   mean_50 double precision, mean_200 double precision, new_high boolean, new_low boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
    SET jit = off
BEGIN ATOMIC
    WITH bound AS MATERIALIZED (
        SELECT array_agg(DISTINCT e ORDER BY e) AS ends, max(e) AS until,
               min(e) - CASE WHEN ca_market_days.long_means THEN 200 ELSE 50 END * interval '24 hours' AS near_since,
               min(e) - greatest(CASE WHEN ca_market_days.long_means THEN 200 ELSE 50 END, ca_market_days.span) * interval '24 hours' AS since,
               ca_market_days.brief AND count(DISTINCT e) = 1 AND ca_market_days.span > 50 AS brief
        FROM unnest(ca_market_days.ends) AS e
    ), built AS MATERIALIZED (
        SELECT ca_assets_with_built_days(
                   ARRAY(SELECT s.asset_id FROM ca_market_series() AS s
                         WHERE s.codes <> '{1d}' AND s.asset_id = ANY (ca_market_days.assets)), b.since, b.until) AS assets
        FROM bound AS b
    ), near AS MATERIALIZED (
        SELECT f.*, (ca_fact(f.facts, 1, 5) = 0 AND ca_fact(f.facts, 1, 6) = 0) IS NOT TRUE AS at_edge
        FROM bound AS b
        CROSS JOIN built AS u
        CROSS JOIN LATERAL ca_asset_day_facts(ca_market_days.assets, u.assets, b.near_since, b.until, b.ends, 50) AS f
        WHERE b.brief AND ca_fact(f.facts, 1, 1) IS NOT NULL
    ), far AS MATERIALIZED (
        SELECT f.*
        FROM bound AS b
        CROSS JOIN built AS u
        CROSS JOIN LATERAL ca_asset_day_facts(
            CASE WHEN NOT b.brief THEN ca_market_days.assets
                 ELSE ARRAY(SELECT n.asset_id FROM near AS n WHERE n.at_edge)
                      || ARRAY(SELECT n.asset_id FROM near AS n WHERE NOT n.at_edge ORDER BY n.asset_id
                               LIMIT 5 * ca_option('market', 'min_assets')) END,
            u.assets, b.since, b.until, b.ends, coalesce(ca_market_days.span, 50)) AS f
    ), enough AS MATERIALIZED (
        SELECT count(ca_fact(f.facts, 1, 5)) >= ca_option('market', 'min_assets') AS is_so FROM far AS f
    ), fact AS (
        SELECT f.asset_id, f.facts FROM far AS f
        UNION ALL
        SELECT n.asset_id, n.facts
        FROM near AS n
        WHERE (SELECT e.is_so FROM enough AS e) AND n.asset_id NOT IN (SELECT f.asset_id FROM far AS f)
        UNION ALL
        SELECT f.*
        FROM bound AS b
        CROSS JOIN built AS u
        CROSS JOIN enough AS e
        CROSS JOIN LATERAL ca_asset_day_facts(
            ARRAY(SELECT n.asset_id FROM near AS n EXCEPT SELECT f.asset_id FROM far AS f),
            u.assets, b.since, b.until, b.ends, ca_market_days.span) AS f
        WHERE b.brief AND NOT e.is_so
    )
    SELECT e.ends_at, f.asset_id, ca_fact(f.facts, e.place, 1), ca_fact(f.facts, e.place, 2), ca_fact(f.facts, e.place, 3),
           ca_fact(f.facts, e.place, 4), ca_fact(f.facts, e.place, 5) = 1, ca_fact(f.facts, e.place, 6) = 1
    FROM bound AS b
    CROSS JOIN LATERAL unnest(b.ends) WITH ORDINALITY AS e (ends_at, place)
    CROSS JOIN fact AS f
    WHERE ca_fact(f.facts, e.place, 1) IS NOT NULL;
END;
COMMENT ON FUNCTION ca_market_days(timestamptz[], integer[], integer, boolean, boolean) IS
    'what the daily candles of these assets say at the ends of days, with means of 200 days if asked for; an asset without a candle of the last day has no row; brief: of assets that are certainly not at a high or low it may not be known whether they have known the whole span, if enough others have';
