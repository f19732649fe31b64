-- What is read off the turning points of a series: divergences and trend lines.

CREATE FUNCTION ca_check_wing(wing integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF wing IS NULL OR wing NOT BETWEEN 1 AND 100 THEN
        RAISE EXCEPTION 'wing must be between 1 and 100'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(wing::text, 'NULL')),
                  HINT = 'A turning point is the highest or lowest among this many candles on each side.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_wing(integer) IS
    'refuses a wing that is NULL or out of range';

CREATE FUNCTION ca_turning_bars(asset integer, timeframe text, bars integer, wing integer, until timestamptz)
    RETURNS TABLE (n bigint, "time" timestamptz, high numeric, low numeric, close numeric, is_high boolean, is_low boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH recent AS MATERIALIZED (
        SELECT c.time, c.high, c.low, c.close
        FROM candles(ca_turning_bars.asset, ca_turning_bars.timeframe,
                     ca_bars_begin(ca_turning_bars.asset, ca_turning_bars.timeframe, ca_turning_bars.until, ca_turning_bars.bars),
                     ca_turning_bars.until) AS c
        ORDER BY c.time DESC
        LIMIT ca_turning_bars.bars
    ), bar AS (
        SELECT r.*, row_number() OVER s AS n, count(*) OVER () AS bars,
               max(r.high) OVER before AS high_before, max(r.high) OVER after AS high_after,
               min(r.low) OVER before AS low_before, min(r.low) OVER after AS low_after
        FROM recent AS r
        WINDOW s AS (ORDER BY r.time),
               before AS (s ROWS BETWEEN ca_turning_bars.wing PRECEDING AND 1 PRECEDING),
               after AS (s ROWS BETWEEN 1 FOLLOWING AND ca_turning_bars.wing FOLLOWING)
    )
    -- of equal neighbours, the first is the turning point
    SELECT b.n, b.time, b.high, b.low, b.close,
           inner_bar AND b.high > b.high_before AND b.high >= b.high_after,
           inner_bar AND b.low < b.low_before AND b.low <= b.low_after
    FROM bar AS b
    CROSS JOIN LATERAL (SELECT b.n > ca_turning_bars.wing AND b.n <= b.bars - ca_turning_bars.wing) AS i (inner_bar)
    ORDER BY b.n;
END;
COMMENT ON FUNCTION ca_turning_bars(integer, text, integer, integer, timestamptz) IS
    'the newest candles that start before until, counted from 1, and which of them are turning points: the highest or lowest of so many on each side';

CREATE FUNCTION ca_turning_pairs(asset integer, timeframe text, bars integer, wing integer, until timestamptz)
    RETURNS TABLE (kind text, first timestamptz, second timestamptz, first_price numeric, second_price numeric,
                   first_rsi double precision, second_rsi double precision, score double precision,
                   bars_since bigint, is_last boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH bar AS MATERIALIZED (
        SELECT t.*, count(*) OVER () AS bars
        FROM ca_turning_bars(ca_turning_pairs.asset, ca_turning_pairs.timeframe, ca_turning_pairs.bars,
                             ca_turning_pairs.wing, ca_turning_pairs.until) AS t
    ), point AS (
        SELECT x.kind, x.sign, b.n, b.bars - b.n AS bars_since, b.time, x.price, i.rsi_14 AS rsi
        FROM bar AS b
        JOIN technical_indicators(ca_turning_pairs.asset, ca_turning_pairs.timeframe,
                                  since => (SELECT min(f.time) FROM bar AS f), until => ca_turning_pairs.until) AS i
          ON i.candle_time = b.time
        CROSS JOIN LATERAL (VALUES ('bullish', 1, b.low, b.is_low), ('bearish', -1, b.high, b.is_high)) AS x (kind, sign, price, turns)
        WHERE x.turns AND i.rsi_14 IS NOT NULL
    ), pair AS (
        SELECT p.*, lag(p.time) OVER w AS first, lag(p.price) OVER w AS first_price, lag(p.rsi) OVER w AS first_rsi,
               lead(p.n) OVER w IS NULL AS is_last
        FROM point AS p
        WINDOW w AS (PARTITION BY p.kind ORDER BY p.n)
    )
    SELECT p.kind, p.first, p.time, p.first_price, p.price, p.first_rsi, p.rsi,
           -- the price goes one way and RSI the other
           CASE WHEN p.sign * (p.price - p.first_price) < 0 AND p.sign * (p.rsi - p.first_rsi) > 0
                THEN (p.rsi - p.first_rsi) / 100 ELSE 0 END,
           p.bars_since, p.is_last
    FROM pair AS p
    WHERE p.first IS NOT NULL
    ORDER BY p.n, p.kind;
END;
COMMENT ON FUNCTION ca_turning_pairs(integer, text, integer, integer, timestamptz) IS
    'each two low (bullish) and each two high (bearish) turning points that follow each other, where RSI 14 is known at both; score is above zero for a bullish divergence, below for a bearish one, else 0';

CREATE FUNCTION @extschema@.rsi_divergences(
    asset integer, timeframe text, bars integer DEFAULT 100, wing integer DEFAULT 5, as_of timestamptz DEFAULT now())
    RETURNS TABLE (kind text, first timestamptz, second timestamptz, first_price numeric, second_price numeric,
                   first_rsi double precision, second_rsi double precision, score double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_series(rsi_divergences.asset, rsi_divergences.timeframe, NULL, NULL);
    PERFORM ca_check_bars(rsi_divergences.bars, 3, 5000);
    PERFORM ca_check_wing(rsi_divergences.wing);
    PERFORM ca_check_past(rsi_divergences.as_of);
    RETURN QUERY
        SELECT p.kind, p.first, p.second, p.first_price, p.second_price, p.first_rsi, p.second_rsi, p.score
        FROM ca_turning_pairs(rsi_divergences.asset, rsi_divergences.timeframe, rsi_divergences.bars, rsi_divergences.wing,
                              timeframe_bucket(rsi_divergences.timeframe, rsi_divergences.as_of)) AS p
        WHERE p.score <> 0;
END;
$$;
COMMENT ON FUNCTION rsi_divergences(integer, text, integer, integer, timestamptz) IS
    'divergences within the newest candles that had closed at as_of: a lower low with a higher RSI 14 is bullish, a higher high with a lower one bearish; first and second are turning points that follow each other, the highest or lowest of so many candles on each side; score is the change of RSI / 100; oldest first';

CREATE FUNCTION ca_divergence_score(
    asset integer, timeframe text, bars integer, wing integer, recent integer, as_of timestamptz) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH last AS MATERIALIZED (
        SELECT p.*,
               CASE WHEN p.score <> 0 AND p.bars_since < ca_divergence_score.recent THEN p.bars_since END AS since
        FROM ca_turning_pairs(ca_divergence_score.asset, ca_divergence_score.timeframe, ca_divergence_score.bars,
                              ca_divergence_score.wing,
                              timeframe_bucket(ca_divergence_score.timeframe, ca_divergence_score.as_of)) AS p
        WHERE p.is_last
    )
    SELECT CASE WHEN count(*) > 0 THEN
               coalesce(sum(l.score) FILTER (WHERE l.since = (SELECT min(m.since) FROM last AS m)), 0) END
    FROM last AS l;
END;
COMMENT ON FUNCTION ca_divergence_score(integer, text, integer, integer, integer, timestamptz) IS
    'score of the divergence between the last two turning points of a side, if the second is among so many recent bars; the later side counts, and both of the same bar; 0 without one; NULL with fewer than two points on both sides';

CREATE FUNCTION ca_trend_line(
    closes double precision[], bars integer[], prices double precision[], tolerance double precision, sign integer)
    RETURNS integer[]
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_trend_line';
COMMENT ON FUNCTION ca_trend_line(double precision[], integer[], double precision[], double precision, integer) IS
    'numbers of two turning points, given by bars from 1 on and prices, through which the best support, sign 1, or resistance, -1, goes, and how many it touches; NULL without one';

CREATE FUNCTION @extschema@.trend_lines(
    asset integer, timeframe text, bars integer DEFAULT 200, wing integer DEFAULT 5, tolerance_percent numeric DEFAULT 0.5,
    as_of timestamptz DEFAULT now())
    RETURNS TABLE (side text, first timestamptz, first_price numeric, second timestamptz, second_price numeric,
                   touches integer, strength double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 2
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_series(trend_lines.asset, trend_lines.timeframe, NULL, NULL);
    PERFORM ca_check_bars(trend_lines.bars, 3, 5000);
    PERFORM ca_check_wing(trend_lines.wing);
    PERFORM ca_check_levels(3, 1, trend_lines.tolerance_percent);
    PERFORM ca_check_past(trend_lines.as_of);
    RETURN QUERY
        WITH bar AS MATERIALIZED (
            SELECT *
            FROM ca_turning_bars(trend_lines.asset, trend_lines.timeframe, trend_lines.bars, trend_lines.wing,
                                 timeframe_bucket(trend_lines.timeframe, trend_lines.as_of))
        ), closes AS MATERIALIZED (
            SELECT array_agg(b.close::double precision ORDER BY b.n) AS close FROM bar AS b
        ), point AS (
            SELECT x.side, x.sign, array_agg(b.n::integer ORDER BY b.n) AS bars, array_agg(b.time ORDER BY b.n) AS times,
                   array_agg(x.price ORDER BY b.n) AS prices
            FROM bar AS b
            CROSS JOIN LATERAL (VALUES ('support', 1, b.low, b.is_low), ('resistance', -1, b.high, b.is_high))
                AS x (side, sign, price, turns)
            WHERE x.turns
            GROUP BY x.side, x.sign
        )
        SELECT p.side, p.times[l.line[1]], p.prices[l.line[1]], p.times[l.line[2]], p.prices[l.line[2]], l.line[3],
               least(1, l.line[3] / 5.0::double precision)
        FROM point AS p
        CROSS JOIN closes AS c
        CROSS JOIN LATERAL (
            SELECT ca_trend_line(c.close, p.bars, p.prices::double precision[],
                                 trend_lines.tolerance_percent::double precision / 100, p.sign)) AS l (line)
        WHERE l.line IS NOT NULL
        ORDER BY p.sign DESC;
END;
$$;
COMMENT ON FUNCTION trend_lines(integer, text, integer, integer, numeric, timestamptz) IS
    'at most one support, rising, and one resistance, falling, through two turning points of the newest candles that had closed at as_of: no close from the first point on is beyond it by more than the tolerance, and it touches most turning points, at least three; strength is a fifth for each touch, at most 1';
