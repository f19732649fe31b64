-- What a snapshot says about the benchmark's history: its bars, its days and its months.
--
-- Each function takes many moments at once and returns a JSON object per moment, whose keys are those of
-- ca_snapshot_keys().  Values that are not known are left out.

CREATE FUNCTION ca_snapshot_bars(asset integer, timeframe text, moments timestamptz[], gap integer)
    RETURNS TABLE (moment timestamptz, close double precision, "values" jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH setting AS MATERIALIZED (
        SELECT o.volatility, o.rank, greatest(396, o.rank + o.volatility + 1) AS bars
        FROM (SELECT ca_option('regime', 'volatility_bars')::integer AS volatility, ca_option('regime', 'rank_bars')::integer AS rank) AS o
    ), span AS MATERIALIZED (
        SELECT min(m) AS first, max(m) AS last,
               -- of the bars that are needed the oldest, or all where gaps would leave fewer
               CASE WHEN (SELECT count(*)
                          FROM candles(ca_snapshot_bars.asset, ca_snapshot_bars.timeframe,
                                       min(m) - 1.25 * o.bars * timeframe_length(ca_snapshot_bars.timeframe), min(m))) >= o.bars
                    THEN min(m) - 1.25 * o.bars * timeframe_length(ca_snapshot_bars.timeframe) END AS since
        FROM unnest(ca_snapshot_bars.moments) AS m
        CROSS JOIN setting AS o
        GROUP BY o.bars
    ), indicator AS MATERIALIZED (
        SELECT row_number() OVER (ORDER BY i.candle_time) AS bar, i.*, i.close_price::double precision AS price
        FROM span AS s
        CROSS JOIN LATERAL technical_indicators(ca_snapshot_bars.asset, ca_snapshot_bars.timeframe, s.since, s.last) AS i
    ), range AS MATERIALIZED (
        SELECT c.time, c.high::double precision AS high, c.low::double precision AS low
        FROM span AS s
        CROSS JOIN LATERAL candles(
            ca_snapshot_bars.asset, ca_snapshot_bars.timeframe,
            (SELECT min(f.candle_time)
             FROM (SELECT i.candle_time FROM indicator AS i WHERE i.candle_time < s.first ORDER BY i.bar DESC LIMIT 16) AS f),
            s.last) AS c
    ), bar AS MATERIALIZED (
        SELECT i.bar, i.price / lag(i.price, 30) OVER w - 1 AS roc,
               CASE WHEN i.price > 0 AND lag(i.price) OVER w > 0 THEN ln(i.price / lag(i.price) OVER w) END AS log_return,
               r.high, r.low,
               greatest(r.high, lag(i.price) OVER w) - least(r.low, lag(i.price) OVER w) AS true_range
        FROM indicator AS i
        LEFT JOIN range AS r ON r.time = i.candle_time
        WINDOW w AS (ORDER BY i.bar)
    ), spread AS MATERIALIZED (
        SELECT b.bar, b.roc,
               CASE WHEN count(b.log_return) OVER v = (SELECT o.volatility FROM setting AS o) THEN stddev_samp(b.log_return) OVER v END AS volatility,
               CASE WHEN count(b.true_range) OVER c = 14 AND b.bar > 14 THEN sum(b.true_range) OVER c END AS travel,
               max(b.high) OVER c - min(b.low) OVER c AS height
        FROM bar AS b
        WINDOW v AS (ORDER BY b.bar ROWS (SELECT o.volatility - 1 FROM setting AS o) PRECEDING), c AS (ORDER BY b.bar ROWS 13 PRECEDING)
    ), newest AS MATERIALIZED (
        SELECT m.moment, n.*
        FROM (SELECT DISTINCT m AS moment FROM unnest(ca_snapshot_bars.moments) AS m) AS m
        CROSS JOIN LATERAL (
            SELECT i.* FROM indicator AS i
            WHERE i.candle_time < m.moment
            ORDER BY i.candle_time DESC
            LIMIT 1) AS n
        WHERE timeframe_count(ca_snapshot_bars.timeframe, n.candle_time, m.moment) <= 1 + ca_snapshot_bars.gap
    ), ranked AS (
        SELECT n.moment, ca_rank(now.roc, array_agg(s.roc) FILTER (WHERE s.bar > n.bar - 365), 90) AS momentum,
               ca_rank(now.volatility, array_agg(s.volatility) FILTER (WHERE s.bar > n.bar - o.rank), 90) AS volatility,
               ca_clamped(log10(nullif(now.travel, 0) / nullif(now.height, 0)) / log10(14::double precision), 0, 1) AS choppiness
        FROM newest AS n
        CROSS JOIN setting AS o
        JOIN spread AS now ON now.bar = n.bar
        JOIN spread AS s ON s.bar > n.bar - greatest(365, o.rank) AND s.bar <= n.bar
        GROUP BY n.moment, now.bar, now.roc, now.volatility, now.travel, now.height
    )
    SELECT n.moment, n.price, jsonb_strip_nulls(jsonb_build_object(
               'price', n.price, 'rsi_14', n.rsi_14, 'sma_200', n.sma_200, 'ema_200', n.ema_200,
               'technical_indicators.rsi_7', n.rsi_7,
               'technical_indicators.stochastic_k', n.stochastic_k, 'technical_indicators.stochastic_d', n.stochastic_d,
               'technical_indicators.macd_value', n.macd_value, 'technical_indicators.macd_signal', n.macd_signal,
               'technical_indicators.macd_histogram', n.macd_histogram,
               'technical_indicators.sma_100', n.sma_100, 'technical_indicators.sma_50', n.sma_50,
               'technical_indicators.sma_20', n.sma_20, 'technical_indicators.ema_100', n.ema_100,
               'technical_indicators.ema_50', n.ema_50, 'technical_indicators.ema_20', n.ema_20,
               'technical_indicators.bollinger_upper', n.bollinger_upper,
               'technical_indicators.bollinger_lower', n.bollinger_lower,
               'technical_indicators.bollinger_bandwidth', n.bollinger_bandwidth,
               'technical_indicators.atr_14', n.atr_14, 'technical_indicators.adx', n.adx,
               'technical_indicators.di_plus', n.di_plus, 'technical_indicators.di_minus', n.di_minus)
           || jsonb_build_object(
               'trend_metrics.momentum_score', r.momentum, 'trend_metrics.consolidation_score', r.choppiness,
               'ai_metrics.regime_volatility_score', r.volatility))
    FROM newest AS n
    JOIN ranked AS r ON r.moment = n.moment;
END;
COMMENT ON FUNCTION ca_snapshot_bars(integer, text, timestamptz[], integer) IS
    'what snapshots say of the newest closed bar of a series: its indicators, the rank of its change over 30 bars and of its volatility, and choppiness; a moment whose newest bar ended more than gap bars before has no row';

CREATE FUNCTION ca_snapshot_days(asset integer, moments timestamptz[])
    RETURNS TABLE (moment timestamptz, "values" jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH wanted AS MATERIALIZED (
        SELECT m AS moment, timeframe_bucket('1d', m) AS ends_at FROM unnest(ca_snapshot_days.moments) AS m
    ), span AS MATERIALIZED (
        SELECT min(w.ends_at) - interval '744 hours' AS since, max(w.ends_at) AS until FROM wanted AS w
    ), other AS MATERIALIZED (
        SELECT 'eth' AS name, a.id AS asset_id, NULL::numeric AS factor FROM assets AS a WHERE a.symbol = 'ETH'
        UNION ALL
        SELECT 'total2', f.asset_id, f.factor FROM ca_feeds('{total2}') AS f WHERE f.asset_id IS NOT NULL
    ), day AS MATERIALIZED (
        SELECT d.asset_id, d.day,
               CASE WHEN o.factor IS NULL THEN d.close ELSE coalesce(d.market_cap, d.close * o.factor) END::double precision AS value
        FROM span AS s
        CROSS JOIN LATERAL ca_days(
            ARRAY(SELECT ca_snapshot_days.asset UNION SELECT o.asset_id FROM other AS o), s.since, s.until) AS d
        LEFT JOIN other AS o ON o.asset_id = d.asset_id
    ), change AS MATERIALIZED (
        SELECT d.asset_id, d.day,
               CASE WHEN d.value > 0 AND lag(d.value) OVER w > 0 AND d.day - lag(d.day) OVER w = interval '24 hours'
                    THEN ln(d.value / lag(d.value) OVER w) END AS log_return
        FROM day AS d
        WINDOW w AS (PARTITION BY d.asset_id ORDER BY d.day)
    ), pair AS MATERIALIZED (
        SELECT b.day, b.log_return AS benchmark, e.log_return AS eth, t.log_return AS total2
        FROM change AS b
        LEFT JOIN other AS first ON first.name = 'eth'
        LEFT JOIN change AS e ON e.asset_id = first.asset_id AND e.day = b.day
        LEFT JOIN other AS second ON second.name = 'total2'
        LEFT JOIN change AS t ON t.asset_id = second.asset_id AND t.day = b.day
        WHERE b.asset_id = ca_snapshot_days.asset
    ), statistic AS MATERIALIZED (
        SELECT e.ends_at,
               CASE WHEN count(p.benchmark) >= 20 THEN 100 * stddev_samp(p.benchmark) * sqrt(365) END AS volatility,
               CASE WHEN regr_count(p.eth, p.benchmark) >= 20 THEN ca_clamped(corr(p.eth, p.benchmark), -1, 1) END AS eth,
               CASE WHEN regr_count(p.total2, p.benchmark) >= 20 THEN ca_clamped(corr(p.total2, p.benchmark), -1, 1) END AS total2,
               EXISTS (SELECT FROM other AS o JOIN day AS d ON d.asset_id = o.asset_id
                       WHERE o.name = 'total2' AND d.day >= e.ends_at - interval '744 hours' AND d.day < e.ends_at) AS has_total2
        FROM (SELECT DISTINCT w.ends_at FROM wanted AS w) AS e
        JOIN pair AS p ON p.day >= e.ends_at - interval '720 hours' AND p.day < e.ends_at
        GROUP BY e.ends_at
    ), market AS MATERIALIZED (
        SELECT r.*
        FROM (SELECT min(s.ends_at) - interval '720 hours' AS since, max(s.ends_at) AS until
              FROM statistic AS s WHERE NOT s.has_total2) AS u
        CROSS JOIN LATERAL ca_market_returns(u.since, u.until, ca_snapshot_days.asset) AS r
        WHERE u.since IS NOT NULL
    ), market_statistic AS MATERIALIZED (
        SELECT s.ends_at, min(m.members) AS members,
               CASE WHEN regr_count(m.log_return, p.benchmark) >= 20
                    THEN ca_clamped(corr(m.log_return, p.benchmark), -1, 1) END AS total2
        FROM statistic AS s
        JOIN pair AS p ON p.day >= s.ends_at - interval '720 hours' AND p.day < s.ends_at
        JOIN market AS m ON m.day = p.day
        WHERE NOT s.has_total2 AND m.members >= ca_option('market', 'total_min_assets')
        GROUP BY s.ends_at
    )
    SELECT w.moment, jsonb_strip_nulls(jsonb_build_object(
               'composite_metrics.volatility_index', s.volatility,
               'correlation_metrics.corr_eth_btc_30d', s.eth,
               'correlation_metrics.corr_total2_btc_30d', coalesce(s.total2, m.total2),
               'sources.corr_total2_btc_30d', CASE WHEN s.total2 IS NOT NULL THEN 'series'
                                                   WHEN m.total2 IS NOT NULL THEN 'assets:' || m.members END))
    FROM wanted AS w
    JOIN statistic AS s ON s.ends_at = w.ends_at
    LEFT JOIN market_statistic AS m ON m.ends_at = w.ends_at;
END;
COMMENT ON FUNCTION ca_snapshot_days(integer, timestamptz[]) IS
    'what snapshots say of the last 30 daily returns of an asset: volatility, and correlation with ETH and with the market without the asset';

CREATE FUNCTION ca_snapshot_returns(asset integer, moments timestamptz[])
    RETURNS TABLE (moment timestamptz, "values" jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
    SET jit = off
BEGIN ATOMIC
    WITH price AS MATERIALIZED (
        SELECT p.*
        FROM (SELECT array_agg(m - g.span) AS moments
              FROM unnest(ca_snapshot_returns.moments) AS m
              CROSS JOIN (VALUES (interval '0'), ('168 hours'), ('720 hours')) AS g (span)) AS m
        CROSS JOIN LATERAL ca_prices_of(ca_snapshot_returns.asset, m.moments) AS p
    ), month AS MATERIALIZED (
        SELECT r.*
        FROM (SELECT max(m) AS last FROM unnest(ca_snapshot_returns.moments) AS m) AS m
        CROSS JOIN LATERAL ca_month_returns(ca_snapshot_returns.asset, m.last) AS r
    )
    SELECT m, jsonb_strip_nulls(jsonb_build_object(
               'weekly_return', CASE WHEN w.price > 0 THEN 100 * (p.price / w.price - 1) END,
               'monthly_return', CASE WHEN n.price > 0 THEN 100 * (p.price / n.price - 1) END,
               'cycle_metrics.seasonality_score', s.share))
    FROM unnest(ca_snapshot_returns.moments) AS m
    LEFT JOIN price AS p ON p.moment = m
    LEFT JOIN price AS w ON w.moment = m - interval '168 hours'
    LEFT JOIN price AS n ON n.moment = m - interval '720 hours'
    CROSS JOIN LATERAL (
        SELECT CASE WHEN count(*) >= ca_option('market', 'seasonality_years')
                    THEN count(*) FILTER (WHERE r.month_return > 0)::double precision / count(*) END AS share
        FROM month AS r
        WHERE r.ends_at <= m AND r.month = extract(month FROM m AT TIME ZONE 'UTC')) AS s;
END;
COMMENT ON FUNCTION ca_snapshot_returns(integer, timestamptz[]) IS
    'what snapshots say of the returns of an asset: over 7 and 30 days, and how often its calendar month was positive in other years';
