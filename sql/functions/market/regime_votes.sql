-- The regime of the market: what votes, and how the votes are counted.
--
-- A vote is 1 for a bull market, -1 for a bear market, 0 for neither, and NULL where it abstains, as when what it looks at is not known.

-- The bars of a series with what the votes on it look at, as known at the end of each bar.
CREATE FUNCTION ca_regime_bars(asset integer, timeframe text, since timestamptz, before integer, until timestamptz)
    RETURNS TABLE (bar timestamptz, ends_at timestamptz, price double precision, price_vs_sma200 double precision, sma200_slope double precision,
                   sma50_vs_sma200 double precision, adx double precision, di double precision, drawdown double precision,
                   momentum double precision, rsi double precision, volatility double precision, change_30 double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH setting AS MATERIALIZED (
        SELECT ca_option('regime', 'slope_bars')::integer AS slope, ca_option('regime', 'drawdown_bars')::integer AS drawdown,
               ca_option('regime', 'momentum_bars')::integer AS momentum, ca_option('regime', 'volatility_bars')::integer AS volatility,
               ca_option('regime', 'rank_bars')::integer AS rank
    ), indicator AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY i.candle_time) AS bar, i.candle_time, i.close_price::double precision AS price,
               i.sma_50, i.sma_200, i.adx, i.di_plus - i.di_minus AS di, i.rsi_14
        FROM technical_indicators(ca_regime_bars.asset, ca_regime_bars.timeframe, NULL, ca_regime_bars.until) AS i
    ), wanted AS MATERIALIZED (
        -- bars from the first, and those that it looks back on
        SELECT min(i.bar) - ca_regime_bars.before AS first,
               min(i.bar) - ca_regime_bars.before
               - (SELECT greatest(s.slope, s.drawdown, s.momentum, s.rank + s.volatility) FROM setting AS s) - 31 AS since
        FROM indicator AS i
        WHERE i.candle_time >= ca_regime_bars.since
    ), recent AS MATERIALIZED (
        SELECT i.*, CASE WHEN i.price > 0 AND lag(i.price) OVER w > 0 THEN ln(i.price / lag(i.price) OVER w) END AS log_return
        FROM indicator AS i
        CROSS JOIN wanted AS n
        WHERE i.bar >= n.since
        WINDOW w AS (ORDER BY i.bar)
    ), high AS MATERIALIZED (
        SELECT c.time, c.high::double precision AS high
        FROM candles(ca_regime_bars.asset, ca_regime_bars.timeframe, (SELECT min(r.candle_time) FROM recent AS r), ca_regime_bars.until) AS c
    ), facts AS MATERIALIZED (
        SELECT r.*, lag(r.sma_200, (SELECT s.slope FROM setting AS s)) OVER w AS sma_200_before, lag(r.price, 30) OVER w AS price_30,
               lag(r.price, (SELECT s.momentum FROM setting AS s)) OVER w AS price_before,
               count(r.log_return) OVER m AS returns, stddev_samp(r.log_return) OVER m AS deviation,
               CASE WHEN count(r.log_return) OVER v = (SELECT s.volatility FROM setting AS s) THEN stddev_samp(r.log_return) OVER v END AS spread,
               count(h.high) OVER d AS highs, max(h.high) OVER d AS high
        FROM recent AS r
        LEFT JOIN high AS h ON h.time = r.candle_time
        WINDOW w AS (ORDER BY r.bar),
               m AS (ORDER BY r.bar ROWS (SELECT s.momentum - 1 FROM setting AS s) PRECEDING),
               v AS (ORDER BY r.bar ROWS (SELECT s.volatility - 1 FROM setting AS s) PRECEDING),
               d AS (ORDER BY r.bar ROWS (SELECT s.drawdown - 1 FROM setting AS s) PRECEDING)
    )
    SELECT f.candle_time, timeframe_end(ca_regime_bars.timeframe, f.candle_time), f.price, f.price / nullif(f.sma_200, 0) - 1,
           f.sma_200 / nullif(f.sma_200_before, 0) - 1, f.sma_50 / nullif(f.sma_200, 0) - 1, f.adx, f.di,
           CASE WHEN f.highs >= 90 THEN 1 - f.price / nullif(f.high, 0) END,
           CASE WHEN f.returns < (SELECT s.momentum FROM setting AS s) THEN NULL
                WHEN f.deviation = 0 THEN 0
                ELSE ln(f.price / f.price_before) / (f.deviation * sqrt(f.returns)) END,
           f.rsi_14,
           ca_rank(f.spread, ARRAY(SELECT o.spread FROM facts AS o WHERE o.bar BETWEEN f.bar - s.rank + 1 AND f.bar), 90),
           f.price - f.price_30
    FROM facts AS f
    CROSS JOIN wanted AS n
    CROSS JOIN setting AS s
    WHERE f.bar >= n.first;
END;
COMMENT ON FUNCTION ca_regime_bars(integer, text, timestamptz, integer, timestamptz) IS
    'closed bars of a series that start in [since, until), and so many before, with what votes on the regime look at: distances of averages, directional movement, drawdown, momentum in units of its deviation, RSI, rank of volatility, and change over 30 bars';

CREATE FUNCTION ca_daily_means(asset integer, ends timestamptz[], days bigint)
    RETURNS TABLE (ends_at timestamptz, mean double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    -- by candles, not by the calendar: stocks and currencies rest at weekends
    WITH day AS MATERIALIZED (
        SELECT d.day, d.close::double precision AS close
        FROM (SELECT min(e) AS first, max(e) AS last FROM unnest(ca_daily_means.ends) AS e) AS s
        CROSS JOIN LATERAL ca_days(ARRAY[ca_daily_means.asset], s.first - 3 * ca_daily_means.days * interval '24 hours', s.last) AS d
        WHERE ca_daily_means.asset IS NOT NULL
    )
    SELECT e, m.mean
    FROM unnest(ca_daily_means.ends) AS e
    CROSS JOIN LATERAL (
        SELECT avg(n.close ORDER BY n.day) AS mean, count(*) AS days
        FROM (SELECT d.day, d.close FROM day AS d WHERE d.day < e ORDER BY d.day DESC LIMIT ca_daily_means.days) AS n) AS m
    WHERE m.days = ca_daily_means.days;
END;
COMMENT ON FUNCTION ca_daily_means(integer, timestamptz[], bigint) IS
    'mean of the last closes of so many daily candles before each end of a day; what is not known has no row';

CREATE FUNCTION ca_regime_market(moments timestamptz[])
    RETURNS TABLE (moment timestamptz, breadth double precision, total_trend double precision, sentiment double precision, dollar double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH wanted AS MATERIALIZED (
        SELECT m AS moment, timeframe_bucket('1d', m) AS ends_at FROM unnest(ca_regime_market.moments) AS m
    ), span AS MATERIALIZED (
        SELECT array_agg(DISTINCT w.ends_at ORDER BY w.ends_at) AS ends, min(w.ends_at) AS first, max(w.ends_at) AS last,
               max(w.moment - w.ends_at) AS age
        FROM wanted AS w
    ), above AS MATERIALIZED (
        -- a day that has just ended is a price that is known
        SELECT d.ends_at, count(*) FILTER (WHERE d.close > d.mean_50) AS above, count(d.mean_50) AS known
        FROM span AS s
        CROSS JOIN LATERAL ca_market_days(
            s.ends, ARRAY(SELECT c.asset_id FROM ca_market_series() AS c WHERE c.asset_type = 'crypto'), 50, false, false) AS d
        WHERE s.age <= ca_price_staleness()
        GROUP BY d.ends_at
    ), fed AS MATERIALIZED (
        SELECT v.* FROM ca_metric_values(ca_regime_market.moments, '{total,dxy,fear_greed_index}') AS v
    ), feed AS MATERIALIZED (
        SELECT f.metric, f.asset_id, f.factor FROM ca_feeds('{total,dxy}') AS f WHERE f.asset_id IS NOT NULL
    ), mean AS MATERIALIZED (
        SELECT f.metric, m.ends_at, m.mean * f.factor::double precision AS mean
        FROM feed AS f CROSS JOIN span AS s CROSS JOIN LATERAL ca_daily_means(f.asset_id, s.ends, 50) AS m
    ), market AS MATERIALIZED (
        -- without a series of the total, the market as an index
        SELECT r.day + interval '24 hours' AS ends_at, r.members, exp(sum(r.log_return) OVER (ORDER BY r.day)) AS level
        FROM span AS s
        CROSS JOIN LATERAL ca_market_returns(s.first - 51 * interval '24 hours', s.last, NULL) AS r
        WHERE NOT EXISTS (SELECT FROM feed AS f WHERE f.metric = 'total')
    ), level AS MATERIALIZED (
        SELECT e.ends_at, k.level / m.mean - 1 AS trend
        FROM (SELECT unnest(s.ends) AS ends_at FROM span AS s) AS e
        JOIN market AS k ON k.ends_at = e.ends_at
        CROSS JOIN LATERAL (
            SELECT avg(x.level ORDER BY x.ends_at) AS mean, count(*) AS days, min(x.members) AS members
            FROM market AS x WHERE x.ends_at > e.ends_at - 50 * interval '24 hours' AND x.ends_at <= e.ends_at) AS m
        WHERE m.days = 50 AND m.members >= ca_option('market', 'total_min_assets')
    )
    SELECT w.moment, ca_share(a.above, a.known, a.known),
           CASE WHEN EXISTS (SELECT FROM feed AS f WHERE f.metric = 'total')
                THEN total.value::double precision / nullif(total_mean.mean, 0) - 1 ELSE l.trend END,
           sentiment.value::double precision, dxy.value::double precision / nullif(dxy_mean.mean, 0) - 1
    FROM wanted AS w
    LEFT JOIN above AS a ON a.ends_at = w.ends_at
    LEFT JOIN level AS l ON l.ends_at = w.ends_at
    LEFT JOIN fed AS total ON total.moment = w.moment AND total.metric = 'total'
    LEFT JOIN mean AS total_mean ON total_mean.ends_at = w.ends_at AND total_mean.metric = 'total'
    LEFT JOIN fed AS sentiment ON sentiment.moment = w.moment AND sentiment.metric = 'fear_greed_index'
    LEFT JOIN fed AS dxy ON dxy.moment = w.moment AND dxy.metric = 'dxy'
    LEFT JOIN mean AS dxy_mean ON dxy_mean.ends_at = w.ends_at AND dxy_mean.metric = 'dxy';
END;
COMMENT ON FUNCTION ca_regime_market(timestamptz[]) IS
    'what votes on the regime look at in the whole market: share of cryptocurrencies above their mean of 50 days, total capitalization and dollar against their means of 50 daily candles, and sentiment';

CREATE FUNCTION ca_band(value double precision, lowest double precision, highest double precision) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_band.value > ca_band.highest THEN 1 WHEN ca_band.value < ca_band.lowest THEN -1 ELSE 0 END;
COMMENT ON FUNCTION ca_band(double precision, double precision, double precision) IS
    '1 above a band, -1 below it, and 0 within';

CREATE FUNCTION ca_regime_votes(asset integer, timeframe text, since timestamptz, before integer, until timestamptz)
    RETURNS TABLE (bar timestamptz, ends_at timestamptz, place bigint, name text, vote integer, value double precision, weight double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH bar AS MATERIALIZED (
        SELECT b.* FROM ca_regime_bars(ca_regime_votes.asset, ca_regime_votes.timeframe, ca_regime_votes.since, ca_regime_votes.before,
                                         ca_regime_votes.until) AS b
    ), market AS MATERIALIZED (
        SELECT m.*
        FROM (SELECT array_agg(b.ends_at ORDER BY b.ends_at) AS moments FROM bar AS b HAVING count(*) > 0) AS n
        CROSS JOIN LATERAL ca_regime_market(n.moments) AS m
    ), o AS MATERIALIZED (
        SELECT o.*
        FROM jsonb_to_record(ca_options('regime')::jsonb) AS o (
            price_band double precision, slope_band double precision, cross_band double precision, total_band double precision,
            dollar_band double precision, adx double precision, drawdown_bull double precision, drawdown_bear double precision,
            momentum_band double precision, rsi_low double precision, rsi_high double precision, volatility_low double precision,
            volatility_high double precision, breadth_low double precision, breadth_high double precision,
            sentiment_low double precision, sentiment_high double precision)
    )
    SELECT b.bar, b.ends_at, v.place, v.name, v.vote, v.value, ca_option('regime', 'weight.' || v.name)
    FROM bar AS b
    CROSS JOIN o
    LEFT JOIN market AS m ON m.moment = b.ends_at
    CROSS JOIN LATERAL (VALUES
        (1::bigint, 'price_vs_sma200', b.price_vs_sma200, ca_band(b.price_vs_sma200, -o.price_band, o.price_band)),
        (2, 'sma200_slope', b.sma200_slope, ca_band(b.sma200_slope, -o.slope_band, o.slope_band)),
        (3, 'sma50_vs_sma200', b.sma50_vs_sma200, ca_band(b.sma50_vs_sma200, -o.cross_band, o.cross_band)),
        (4, 'adx_direction', b.adx, CASE WHEN b.adx < o.adx THEN 0 ELSE ca_band(b.di, 0, 0) END),
        (5, 'drawdown', b.drawdown, CASE WHEN b.drawdown <= o.drawdown_bull THEN 1 WHEN b.drawdown >= o.drawdown_bear THEN -1
                                         WHEN b.drawdown IS NOT NULL THEN 0 END),
        (6, 'momentum', b.momentum, ca_band(b.momentum, -o.momentum_band, o.momentum_band)),
        (7, 'rsi', b.rsi, CASE WHEN b.rsi >= o.rsi_high THEN 1 WHEN b.rsi <= o.rsi_low THEN -1 WHEN b.rsi IS NOT NULL THEN 0 END),
        (8, 'volatility', b.volatility, CASE WHEN b.volatility >= o.volatility_high THEN ca_band(b.change_30, 0, 0)
                                             WHEN b.volatility <= o.volatility_low THEN 0 END),
        (9, 'breadth', m.breadth, CASE WHEN m.breadth >= o.breadth_high THEN 1 WHEN m.breadth <= o.breadth_low THEN -1
                                       WHEN m.breadth IS NOT NULL THEN 0 END),
        (10, 'total_trend', m.total_trend, ca_band(m.total_trend, -o.total_band, o.total_band)),
        (11, 'sentiment', m.sentiment, CASE WHEN m.sentiment >= o.sentiment_high THEN 1 WHEN m.sentiment <= o.sentiment_low THEN -1
                                            WHEN m.sentiment IS NOT NULL THEN 0 END),
        -- a strong dollar is bearish
        (12, 'dollar', m.dollar, -ca_band(m.dollar, -o.dollar_band, o.dollar_band))) AS v (place, name, value, vote);
END;
COMMENT ON FUNCTION ca_regime_votes(integer, text, timestamptz, integer, timestamptz) IS
    'the votes on the regime of each closed bar that starts in [since, until), and of so many before, as known at its end';

CREATE FUNCTION ca_regime_scores(asset integer, timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (bar timestamptz, ends_at timestamptz, price_vs_sma200 double precision, adx double precision, votes jsonb, rationale jsonb,
                   bulls double precision, bears double precision, neither double precision, s double precision, score double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET jit = off
BEGIN ATOMIC
    WITH vote AS MATERIALIZED (
        SELECT v.*
        FROM ca_regime_votes(ca_regime_scores.asset, ca_regime_scores.timeframe, ca_regime_scores.since,
                             ca_option('regime', 'smoothing')::integer - 1, ca_regime_scores.until) AS v
    ), bar AS (
        SELECT v.bar, v.ends_at,
               min(v.value) FILTER (WHERE v.name = 'price_vs_sma200') AS price_vs_sma200, min(v.value) FILTER (WHERE v.name = 'adx_direction') AS adx,
               jsonb_object_agg(v.name, jsonb_build_object('vote', v.vote, 'value', round(v.value::numeric, 4))) FILTER (WHERE v.vote IS NOT NULL) AS votes,
               jsonb_agg(format('%s: %s (%s)', v.name, round(v.value::numeric, 4), (ARRAY['Bear', 'Neutral', 'Bull'])[v.vote + 2]) ORDER BY v.place)
                   FILTER (WHERE v.vote IS NOT NULL) AS rationale,
               sum(v.weight ORDER BY v.place) FILTER (WHERE v.vote = 1) AS bulls, sum(v.weight ORDER BY v.place) FILTER (WHERE v.vote = -1) AS bears,
               sum(v.weight ORDER BY v.place) FILTER (WHERE v.vote = 0) AS neither,
               CASE WHEN count(v.vote) FILTER (WHERE v.weight > 0) >= ca_option('regime', 'min_votes')
                    THEN sum(v.vote * v.weight ORDER BY v.place)
                         / sum(v.weight ORDER BY v.place) FILTER (WHERE v.vote IS NOT NULL) END AS s
        FROM vote AS v
        GROUP BY v.bar, v.ends_at
    ), smooth AS (
        SELECT b.*, CASE WHEN b.s IS NOT NULL
                         THEN avg(b.s) OVER (ORDER BY b.bar ROWS (SELECT ca_option('regime', 'smoothing')::integer - 1) PRECEDING) END AS score
        FROM bar AS b
    )
    SELECT m.* FROM smooth AS m WHERE m.bar >= ca_regime_scores.since;
END;
COMMENT ON FUNCTION ca_regime_scores(integer, text, timestamptz, timestamptz) IS
    'of each closed bar that starts in [since, until) the votes on the regime, their weighted mean, and the mean of that over the last bars';

CREATE FUNCTION @extschema@.regime_votes(timeframe text, since timestamptz, until timestamptz DEFAULT NULL)
    RETURNS TABLE (bar timestamptz, name text, vote integer, value double precision, weight double precision,
                   s double precision, score double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    benchmark integer := (SELECT a.id FROM assets AS a WHERE a.symbol = ca_benchmark());
BEGIN
    PERFORM ca_check_timeframe(regime_votes.timeframe);
    PERFORM ca_check_range(regime_votes.since, regime_votes.until);
    IF regime_votes.since IS NULL OR NOT isfinite(regime_votes.since) OR NOT isfinite(regime_votes.until) THEN
        RAISE EXCEPTION 'since and until must be finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('since is %s and until is %s.', coalesce(regime_votes.since::text, 'NULL'), coalesce(regime_votes.until::text, 'NULL')),
                  HINT = 'Pass the start of the first bar; until may be left out.';
    END IF;
    IF benchmark IS NULL THEN
        RETURN;
    END IF;
    RETURN QUERY
        WITH score AS MATERIALIZED (
            SELECT r.* FROM ca_regime_scores(benchmark, regime_votes.timeframe, regime_votes.since, regime_votes.until) AS r
        )
        SELECT r.bar, v.name, v.vote, v.value, v.weight, r.s, r.score
        FROM score AS r
        JOIN ca_regime_votes(benchmark, regime_votes.timeframe, regime_votes.since, 0, regime_votes.until) AS v ON v.bar = r.bar
        ORDER BY r.bar, v.place;
END;
$$;
COMMENT ON FUNCTION regime_votes(text, timestamptz, timestamptz) IS
    'the twelve votes on the regime of the market in each closed bar of the benchmark that starts in [since, until), as known at its end: 1 bull, -1 bear, 0 neither, NULL if it abstains; s is their weighted mean, and score the mean of s over the last bars, seven by default';
