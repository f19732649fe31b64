-- All indicators of a series at once.

CREATE FUNCTION @extschema@.technical_indicators(
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
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_technical_indicators';
COMMENT ON FUNCTION technical_indicators(integer, text, timestamptz, timestamptz, boolean, text, text) IS
    'the indicators of each candle that starts in [since, until), in one pass over the series from its first candle, live and archived, so a value never depends on since; closed candles only, unless include_open; conventions talib, tradingview, pandas; gaps: ignore, fill (flat candles in between) or break (start again after a gap)';

CREATE FUNCTION ca_own_keys(technical_indicators jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_own_keys';
COMMENT ON FUNCTION ca_own_keys(jsonb) IS
    'the keys in the JSON of a candle that are not indicators and belong to its owner; NULL if there are none';
