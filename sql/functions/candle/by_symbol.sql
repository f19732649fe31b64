-- Series by the symbol of their asset.

CREATE FUNCTION @extschema@.candles(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT *
    FROM candles(ca_asset_named(candles.symbol), candles.timeframe, candles.since, candles.until);
END;
COMMENT ON FUNCTION candles(text, text, timestamptz, timestamptz) IS
    'candles(asset, ...) for the asset with this symbol';

CREATE FUNCTION @extschema@.candle_gaps(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz, missing bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT *
    FROM candle_gaps(ca_asset_named(candle_gaps.symbol), candle_gaps.timeframe, candle_gaps.since, candle_gaps.until);
END;
COMMENT ON FUNCTION candle_gaps(text, text, timestamptz, timestamptz) IS
    'candle_gaps(asset, ...) for the asset with this symbol';

CREATE FUNCTION @extschema@.candles_filled(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric, filled boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT *
    FROM candles_filled(ca_asset_named(candles_filled.symbol), candles_filled.timeframe, candles_filled.since, candles_filled.until);
END;
COMMENT ON FUNCTION candles_filled(text, text, timestamptz, timestamptz) IS
    'candles_filled(asset, ...) for the asset with this symbol';

CREATE FUNCTION @extschema@.technical_indicators(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
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
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT *
    FROM technical_indicators(ca_asset_named(technical_indicators.symbol), technical_indicators.timeframe, technical_indicators.since, technical_indicators.until,
                              technical_indicators.include_open, technical_indicators.convention, technical_indicators.gaps);
END;
COMMENT ON FUNCTION technical_indicators(text, text, timestamptz, timestamptz, boolean, text, text) IS
    'technical_indicators(asset, ...) for the asset with this symbol';
