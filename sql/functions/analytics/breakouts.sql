-- Breakouts from the channel of the bars before, and their retests.

CREATE FUNCTION ca_bars_begin(asset integer, timeframe text, until timestamptz, bars integer) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN count(*) = ca_bars_begin.bars THEN min(h.candle_time) END
    FROM (SELECT p.candle_time
          FROM price_history AS p
          WHERE p.asset_id = ca_bars_begin.asset
            AND p.timeframe = ca_bars_begin.timeframe
            AND p.candle_time < ca_bars_begin.until
          ORDER BY p.candle_time DESC
          LIMIT ca_bars_begin.bars) AS h;
END;
COMMENT ON FUNCTION ca_bars_begin(integer, text, timestamptz, integer) IS
    'a time from which there are at least so many candles that start before until; NULL if fewer are stored, or until is NULL';

CREATE FUNCTION ca_breakout_bars(
    asset integer, timeframe text, bars integer, retest_bars integer, tolerance double precision,
    "begin" timestamptz, since timestamptz, until timestamptz, all_bars boolean)
    RETURNS TABLE ("time" timestamptz, close numeric, direction integer, level numeric, fresh boolean,
                   volume_ratio double precision, retest boolean, retested_at timestamptz)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_breakout_bars';
COMMENT ON FUNCTION ca_breakout_bars(
    integer, text, integer, integer, double precision, timestamptz, timestamptz, timestamptz, boolean) IS
    'bars from since on that break out, or all of them, of candles from begin on; direction and fresh are NULL without a channel; retest is whether a fresh breakout shortly before was tested and holds in this bar';

CREATE FUNCTION @extschema@.breakouts(
    asset integer, timeframe text, bars integer DEFAULT 20, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, direction integer, level numeric, fresh boolean, volume_ratio double precision,
                   retested_at timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_series(breakouts.asset, breakouts.timeframe, breakouts.since, breakouts.until);
    PERFORM ca_check_bars(breakouts.bars, 1, 10000);
    RETURN QUERY
        SELECT b.time, b.direction, b.level, b.fresh, b.volume_ratio, b.retested_at
        FROM ca_breakout_bars(
            breakouts.asset, breakouts.timeframe, breakouts.bars, 10, 0.005,
            ca_bars_begin(breakouts.asset, breakouts.timeframe, breakouts.since, breakouts.bars + 10),
            breakouts.since, ca_closed_until(breakouts.timeframe, breakouts.since, breakouts.until), false) AS b;
END;
$$;
COMMENT ON FUNCTION breakouts(integer, text, integer, timestamptz, timestamptz) IS
    'bars that start in [since, until) and close above the highest high, direction 1, or below the lowest low, -1, of the bars before; level is that edge, fresh means none of the same direction in the 10 bars before, volume_ratio is relative to the mean of the bars before; retested_at is the bar among the next 10 in which a fresh one was tested within 0.5 % and held; closed candles only';
