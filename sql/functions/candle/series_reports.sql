-- Reports about a series of candles: its quality, and levels at which its prices turned.

CREATE FUNCTION ca_series_outliers(asset integer, timeframe text, since timestamptz, until timestamptz,
                                   OUT judged bigint, OUT outliers bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a change over a gap, or from 0, means nothing; a subquery of one row is computed once
    WITH change AS (
        SELECT (c.close_price - c.before) / nullif(abs(c.before), 0)::double precision AS value
        FROM (SELECT h.close_price, h.candle_time,
                     lag(h.close_price) OVER w AS before,
                     lag(h.candle_time) OVER w AS time_before
              FROM price_history AS h
              WHERE h.asset_id = ca_series_outliers.asset
                AND h.timeframe = ca_series_outliers.timeframe
                AND h.candle_time >= ca_series_outliers.since
                AND h.candle_time < ca_series_outliers.until
              WINDOW w AS (ORDER BY h.candle_time)) AS c
        WHERE timeframe_end(ca_series_outliers.timeframe, c.time_before) = c.candle_time
          AND c.before <> 0
    ), centre AS MATERIALIZED (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY c.value) AS median FROM change AS c
    ), distance AS (
        SELECT abs(c.value - m.median) AS value FROM change AS c CROSS JOIN centre AS m
    ), spread AS MATERIALIZED (
        SELECT coalesce(nullif(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY d.value), 0),
                        1.253314 * avg(d.value)) AS sigma
        FROM distance AS d
    )
    SELECT count(*), count(*) FILTER (WHERE d.value > 10 * s.sigma)
    FROM distance AS d
    CROSS JOIN spread AS s;
END;
COMMENT ON FUNCTION ca_series_outliers(integer, text, timestamptz, timestamptz) IS
    'of the candles in [since, until) whose predecessor is stored, how many there are, and how many closes changed by more than ten deviations from the median change';

CREATE FUNCTION @extschema@.series_quality(
    asset integer DEFAULT NULL, timeframe text DEFAULT NULL, since timestamptz DEFAULT NULL,
    as_of timestamptz DEFAULT now())
    RETURNS TABLE (asset_id integer, series_timeframe text, first_candle timestamptz, last_candle timestamptz,
                   candles bigint, missing bigint, missing_share numeric, zero_volumes bigint,
                   zero_volume_share numeric, unknown_volumes bigint, stale_by interval, late bigint,
                   outliers bigint, outlier_share numeric, score numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_as_of(series_quality.as_of);
    IF series_quality.asset IS NOT NULL THEN
        PERFORM ca_check_asset(series_quality.asset);
    END IF;
    IF series_quality.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(series_quality.timeframe);
    END IF;
    IF series_quality.since = 'infinity' THEN
        RAISE EXCEPTION 'since must not be infinity'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'No candle starts at that time.',
                  HINT = 'Leave it out to begin with the first candle.';
    END IF;

    RETURN QUERY
        WITH facts AS (
            SELECT n.asset_id, n.code, n.place, c.*, n.candle_time AS newest, n.closed_at, o.judged, o.outliers,
                   timeframe_count(n.code, n.closed_at, timeframe_bucket(n.code, series_quality.as_of)) AS late,
                   greatest(0, timeframe_count(
                       n.code,
                       coalesce(CASE WHEN isfinite(series_quality.since) THEN
                                    least(timeframe_end(n.code, series_quality.since - interval '1 microsecond'), n.closed_at)
                                END,
                                c.first),
                       n.closed_at)) AS expected
            FROM ca_newest_candles(series_quality.asset, series_quality.timeframe, series_quality.as_of) AS n
            CROSS JOIN LATERAL (
                SELECT min(h.candle_time) AS first, max(h.candle_time) AS last, count(*) AS candles,
                       count(h.volume) AS known, count(*) FILTER (WHERE h.volume = 0) AS zeros
                FROM price_history AS h
                WHERE h.asset_id = n.asset_id
                  AND h.timeframe = n.code
                  AND h.candle_time >= coalesce(series_quality.since, '-infinity')
                  AND h.candle_time < n.closed_at) AS c
            CROSS JOIN LATERAL ca_series_outliers(n.asset_id, n.code, coalesce(series_quality.since, '-infinity'),
                                                  n.closed_at) AS o
        ), shares AS (
            SELECT f.*, f.expected - f.candles AS missing,
                   (f.expected - f.candles)::numeric / nullif(f.expected, 0) AS missing_share,
                   f.zeros::numeric / nullif(f.known, 0) AS zero_share,
                   f.outliers::numeric / nullif(f.judged, 0) AS outlier_share
            FROM facts AS f
        )
        SELECT s.asset_id, s.code, s.first, s.last, s.candles, s.missing, round(s.missing_share, 6),
               s.zeros, round(s.zero_share, 6), s.candles - s.known,
               series_quality.as_of - s.closed_at, s.late, s.outliers, round(s.outlier_share, 6),
               (SELECT round(100 * sum(p.weight * p.part) / sum(p.weight) FILTER (WHERE p.part IS NOT NULL), 1)
                FROM (VALUES (40, 1 - s.missing_share),
                             (30, greatest(0, 1 - s.late / 24.0)),
                             (15, 1 - s.zero_share),
                             (15, greatest(0, 1 - 20 * s.outlier_share))) AS p (weight, part))
        FROM shares AS s
        ORDER BY s.asset_id, s.place;
END;
$$;
COMMENT ON FUNCTION series_quality(integer, text, timestamptz, timestamptz) IS
    'quality of each series of stored candles that start from since on and had closed at as_of: missing candles, candles of zero and of unknown volume, staleness, outliers, and a score from 0 to 100';

CREATE FUNCTION ca_check_levels(bars integer, wing integer, tolerance_percent numeric) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF bars IS NULL OR bars NOT BETWEEN 3 AND 100000 THEN
        RAISE EXCEPTION 'bars must be between 3 and 100000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(bars::text, 'NULL')),
                  HINT = 'It is the number of newest closed candles to look at.';
    END IF;
    IF wing IS NULL OR wing NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'wing must be between 1 and 1000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(wing::text, 'NULL')),
                  HINT = 'A turning point is the highest or lowest among this many candles on each side.';
    END IF;
    IF tolerance_percent IS NULL OR NOT tolerance_percent BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION 'tolerance_percent must be between 0 and 100'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(tolerance_percent::text, 'NULL')),
                  HINT = 'Turning points closer than this form one level.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_levels(integer, integer, numeric) IS
    'checks the arguments of support_resistance';

CREATE FUNCTION @extschema@.support_resistance(
    asset integer, timeframe text, bars integer DEFAULT 200, wing integer DEFAULT 2,
    tolerance_percent numeric DEFAULT 0.5, as_of timestamptz DEFAULT now())
    RETURNS TABLE (kind text, level numeric, strength numeric, touches bigint, first_touch timestamptz,
                   last_touch timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_series(support_resistance.asset, support_resistance.timeframe, NULL, NULL);
    PERFORM ca_check_levels(support_resistance.bars, support_resistance.wing, support_resistance.tolerance_percent);
    PERFORM ca_check_as_of(support_resistance.as_of);

    RETURN QUERY
        WITH recent AS MATERIALIZED (
            SELECT h.candle_time, h.high_price, h.low_price, h.close_price
            FROM price_history AS h
            WHERE h.asset_id = support_resistance.asset
              AND h.timeframe = support_resistance.timeframe
              AND h.candle_time < timeframe_bucket(support_resistance.timeframe, support_resistance.as_of)
            ORDER BY h.candle_time DESC
            LIMIT support_resistance.bars
        ), bar AS (
            -- of equal neighbours, the first is the turning point
            SELECT r.candle_time, row_number() OVER s AS n, count(*) OVER () AS bars,
                   r.high_price, max(r.high_price) OVER before AS high_before, max(r.high_price) OVER after AS high_after,
                   r.low_price, min(r.low_price) OVER before AS low_before, min(r.low_price) OVER after AS low_after
            FROM recent AS r
            WINDOW s AS (ORDER BY r.candle_time),
                   before AS (s ROWS BETWEEN support_resistance.wing PRECEDING AND 1 PRECEDING),
                   after AS (s ROWS BETWEEN 1 FOLLOWING AND support_resistance.wing FOLLOWING)
        ), turn AS (
            SELECT b.n, b.candle_time, x.price
            FROM bar AS b
            CROSS JOIN LATERAL (VALUES
                (b.high_price, b.high_price > b.high_before AND b.high_price >= b.high_after),
                (b.low_price, b.low_price < b.low_before AND b.low_price <= b.low_after)) AS x (price, turns)
            WHERE x.turns AND b.n > support_resistance.wing AND b.n <= b.bars - support_resistance.wing
        ), parted AS (
            SELECT t.*, (t.price - lag(t.price) OVER p
                         > abs(lag(t.price) OVER p) * support_resistance.tolerance_percent / 100)::integer AS parts
            FROM turn AS t
            WINDOW p AS (ORDER BY t.price, t.n)
        ), grouped AS (
            SELECT p.*, sum(p.parts) OVER (ORDER BY p.price, p.n) AS place
            FROM parted AS p
        ), last AS MATERIALIZED (
            SELECT r.close_price FROM recent AS r ORDER BY r.candle_time DESC LIMIT 1
        ), levels AS (
            SELECT round(avg(g.price), 8) AS level, round(100 * sum(g.n) / sum(sum(g.n)) OVER (), 2) AS strength,
                   count(*) AS touches, min(g.candle_time) AS first_touch, max(g.candle_time) AS last_touch
            FROM grouped AS g
            GROUP BY coalesce(g.place, 0)
        )
        SELECT CASE WHEN l.level <= c.close_price THEN 'support' ELSE 'resistance' END,
               l.level, l.strength, l.touches, l.first_touch, l.last_touch
        FROM levels AS l
        CROSS JOIN last AS c
        ORDER BY l.strength DESC, l.level;
END;
$$;
COMMENT ON FUNCTION support_resistance(integer, text, integer, integer, numeric, timestamptz) IS
    'levels at which prices turned within the newest stored candles that had closed at as_of, strongest first; support at or below the last close, resistance above; strength is the share of the turning points in percent, newer ones counting more';
