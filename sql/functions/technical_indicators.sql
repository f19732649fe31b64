-- All indicators of a series at once.

CREATE FUNCTION technical_indicators(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_open boolean DEFAULT false, convention text DEFAULT 'talib', gaps text DEFAULT 'ignore')
    RETURNS TABLE (
        candle_time timestamptz, close_price numeric,
        rsi_7 double precision, rsi_14 double precision,
        sma_20 double precision, sma_50 double precision, sma_100 double precision, sma_200 double precision,
        ema_20 double precision, ema_50 double precision, ema_100 double precision, ema_200 double precision,
        macd_value double precision, macd_signal double precision, macd_histogram double precision,
        bollinger_upper double precision, bollinger_lower double precision, bollinger_bandwidth double precision,
        atr_14 double precision, adx double precision, di_plus double precision, di_minus double precision,
        stochastic_k double precision, stochastic_d double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_series(technical_indicators.asset, technical_indicators.timeframe,
                            technical_indicators.since, technical_indicators.until);
    IF technical_indicators.gaps IS NULL OR technical_indicators.gaps NOT IN ('ignore', 'fill', 'break') THEN
        RAISE EXCEPTION 'unknown treatment of gaps'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(technical_indicators.gaps)),
                  HINT = 'ignore takes the next candle for the next bar, fill puts flat candles in between, break begins anew.';
    END IF;

    -- an unknown convention is refused even where there is no candle
    PERFORM ema(0::numeric, 1, technical_indicators.convention);

    -- always from the first candle of the series, so that a value does not depend on since
    RETURN QUERY
        WITH candle AS (
            SELECT c.time, c.open, c.high, c.low, c.close, false AS filled
            FROM candles(technical_indicators.asset, technical_indicators.timeframe,
                         NULL, technical_indicators.until) AS c
            WHERE technical_indicators.gaps <> 'fill'
            UNION ALL
            SELECT f.time, f.open, f.high, f.low, f.close, f.filled
            FROM candles_filled(technical_indicators.asset, technical_indicators.timeframe,
                                NULL, technical_indicators.until) AS f
            WHERE technical_indicators.gaps = 'fill'
        ), closed AS (
            SELECT c.*,
                   technical_indicators.gaps = 'break'
                   AND c.time > timeframe_end(technical_indicators.timeframe, lag(c.time) OVER (ORDER BY c.time)) AS breaks
            FROM candle AS c
            WHERE technical_indicators.include_open
               OR timeframe_end(technical_indicators.timeframe, c.time) <= now()
        ), bar AS (
            SELECT c.*, count(*) FILTER (WHERE c.breaks) OVER (ORDER BY c.time) AS run
            FROM closed AS c
        ), computed AS (
            SELECT b.time, b.close, b.filled,
                   rsi(b.close, 7, technical_indicators.convention) OVER bars AS rsi_7,
                   rsi(b.close, 14, technical_indicators.convention) OVER bars AS rsi_14,
                   sma(b.close, 20) OVER bars AS sma_20,
                   sma(b.close, 50) OVER bars AS sma_50,
                   sma(b.close, 100) OVER bars AS sma_100,
                   sma(b.close, 200) OVER bars AS sma_200,
                   ema(b.close, 20, technical_indicators.convention) OVER bars AS ema_20,
                   ema(b.close, 50, technical_indicators.convention) OVER bars AS ema_50,
                   ema(b.close, 100, technical_indicators.convention) OVER bars AS ema_100,
                   ema(b.close, 200, technical_indicators.convention) OVER bars AS ema_200,
                   macd(b.close, 12, 26, 9, technical_indicators.convention) OVER bars AS macd,
                   bollinger(b.close, 20, 2) OVER bars AS bollinger,
                   atr(b.high, b.low, b.close, 14, technical_indicators.convention) OVER bars AS atr_14,
                   adx(b.high, b.low, b.close, 14, technical_indicators.convention) OVER bars AS adx,
                   stochastic(b.high, b.low, b.close, 14, 3, 3) OVER bars AS stochastic
            FROM bar AS b
            WINDOW bars AS (PARTITION BY b.run ORDER BY b.time)
        )
        SELECT c.time, c.close, c.rsi_7, c.rsi_14, c.sma_20, c.sma_50, c.sma_100, c.sma_200,
               c.ema_20, c.ema_50, c.ema_100, c.ema_200,
               (c.macd).value, (c.macd).signal, (c.macd).histogram,
               (c.bollinger).upper, (c.bollinger).lower, (c.bollinger).bandwidth,
               c.atr_14, (c.adx).adx, (c.adx).di_plus, (c.adx).di_minus,
               (c.stochastic).k, (c.stochastic).d
        FROM computed AS c
        WHERE NOT c.filled
          AND c.time >= coalesce(technical_indicators.since, '-infinity')
        ORDER BY c.time;
END;
$$;
COMMENT ON FUNCTION technical_indicators(integer, text, timestamptz, timestamptz, boolean, text, text) IS
    'the indicators of each candle that starts in [since, until), in one pass over the series from its first candle, live and archived, so a value never depends on since; closed candles only unless include_open; conventions talib, tradingview, pandas; gaps: ignore, fill (flat candles in between) or break (begin anew)';
