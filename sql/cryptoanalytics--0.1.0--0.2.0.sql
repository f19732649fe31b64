-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit

-- sql/functions/indicators_range.sql

-- Technical indicators of range: Bollinger bands, average true range, average directional index,
-- stochastic oscillator.  Aggregates for GROUP BY and for windows.

CREATE TYPE bollinger_value AS (
    upper double precision,
    middle double precision,
    lower double precision,
    bandwidth double precision,
    percent_b double precision
);
COMMENT ON TYPE bollinger_value IS 'Bollinger bands: result of bollinger()';
COMMENT ON COLUMN bollinger_value.upper IS 'middle plus k standard deviations';
COMMENT ON COLUMN bollinger_value.middle IS 'simple moving average';
COMMENT ON COLUMN bollinger_value.lower IS 'middle minus k standard deviations';
COMMENT ON COLUMN bollinger_value.bandwidth IS '(upper - lower) / middle; NULL when middle is 0';
COMMENT ON COLUMN bollinger_value.percent_b IS
    'where the value is between the bands, 0 at the lower and 1 at the upper; NULL when they meet';

CREATE TYPE adx_value AS (
    adx double precision,
    di_plus double precision,
    di_minus double precision
);
COMMENT ON TYPE adx_value IS 'average directional index: result of adx()';
COMMENT ON COLUMN adx_value.adx IS 'strength of the trend, 0 to 100; NULL for the first 2n - 1 bars';
COMMENT ON COLUMN adx_value.di_plus IS 'directional indicator of rises, 0 to 100';
COMMENT ON COLUMN adx_value.di_minus IS 'directional indicator of falls, 0 to 100';

CREATE TYPE stochastic_value AS (
    k double precision,
    d double precision
);
COMMENT ON TYPE stochastic_value IS 'slow stochastic oscillator: result of stochastic()';
COMMENT ON COLUMN stochastic_value.k IS 'slow %K, 0 to 100: smoothed place of the close between lowest low and highest high';
COMMENT ON COLUMN stochastic_value.d IS '%D, 0 to 100: moving average of k';

CREATE FUNCTION ca_bollinger_final(internal) RETURNS bollinger_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_final';
COMMENT ON FUNCTION ca_bollinger_final(internal) IS 'final function of bollinger';

CREATE FUNCTION ca_adx_final(internal) RETURNS adx_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_final';
COMMENT ON FUNCTION ca_adx_final(internal) IS 'final function of adx';

CREATE FUNCTION ca_stochastic_final(internal) RETURNS stochastic_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_final';
COMMENT ON FUNCTION ca_stochastic_final(internal) IS 'final function of stochastic';

CREATE FUNCTION ca_bollinger_accum(internal, numeric, integer, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, numeric, integer, double precision) IS 'transition function of bollinger';

CREATE AGGREGATE bollinger(x numeric, n integer, k double precision) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(numeric, integer, double precision) IS
    'Bollinger bands: k population standard deviations around the mean of the last n values; NULL for the first n - 1';

CREATE FUNCTION ca_bollinger_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, numeric) IS 'transition function of bollinger';

CREATE AGGREGATE bollinger(x numeric) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(numeric) IS
    'Bollinger bands: 2 population standard deviations around the mean of the last 20 values';

CREATE FUNCTION ca_bollinger_accum(internal, double precision, integer, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, double precision, integer, double precision) IS 'transition function of bollinger';

CREATE AGGREGATE bollinger(x double precision, n integer, k double precision) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(double precision, integer, double precision) IS
    'Bollinger bands: k population standard deviations around the mean of the last n values; NULL for the first n - 1';

CREATE FUNCTION ca_bollinger_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, double precision) IS 'transition function of bollinger';

CREATE AGGREGATE bollinger(x double precision) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(double precision) IS
    'Bollinger bands: 2 population standard deviations around the mean of the last 20 values';

CREATE FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer) IS 'transition function of atr';

CREATE AGGREGATE atr(high numeric, low numeric, close numeric, n integer) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(numeric, numeric, numeric, integer) IS
    'average true range of Wilder; NULL for the first n bars';

CREATE FUNCTION ca_atr_accum(internal, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, numeric, numeric, numeric) IS 'transition function of atr';

CREATE AGGREGATE atr(high numeric, low numeric, close numeric) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(numeric, numeric, numeric) IS
    'average true range of Wilder over 14 bars';

CREATE FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer) IS 'transition function of atr';

CREATE AGGREGATE atr(high double precision, low double precision, close double precision, n integer) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(double precision, double precision, double precision, integer) IS
    'average true range of Wilder; NULL for the first n bars';

CREATE FUNCTION ca_atr_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, double precision, double precision, double precision) IS 'transition function of atr';

CREATE AGGREGATE atr(high double precision, low double precision, close double precision) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(double precision, double precision, double precision) IS
    'average true range of Wilder over 14 bars';

CREATE FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer) IS 'transition function of adx';

CREATE AGGREGATE adx(high numeric, low numeric, close numeric, n integer) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(numeric, numeric, numeric, integer) IS
    'average directional index of Wilder with +DI and -DI; NULL for the first n bars';

CREATE FUNCTION ca_adx_accum(internal, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, numeric, numeric, numeric) IS 'transition function of adx';

CREATE AGGREGATE adx(high numeric, low numeric, close numeric) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(numeric, numeric, numeric) IS
    'average directional index of Wilder with +DI and -DI over 14 bars';

CREATE FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer) IS 'transition function of adx';

CREATE AGGREGATE adx(high double precision, low double precision, close double precision, n integer) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(double precision, double precision, double precision, integer) IS
    'average directional index of Wilder with +DI and -DI; NULL for the first n bars';

CREATE FUNCTION ca_adx_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, double precision, double precision, double precision) IS 'transition function of adx';

CREATE AGGREGATE adx(high double precision, low double precision, close double precision) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(double precision, double precision, double precision) IS
    'average directional index of Wilder with +DI and -DI over 14 bars';

CREATE FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric, integer, integer, integer) IS 'transition function of stochastic';

CREATE AGGREGATE stochastic(high numeric, low numeric, close numeric, k integer, s integer, d integer) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(numeric, numeric, numeric, integer, integer, integer) IS
    'slow stochastic oscillator: %K over k bars, smoothed over s, and its mean over d; NULL for the first k + s + d - 3 bars';

CREATE FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric) IS 'transition function of stochastic';

CREATE AGGREGATE stochastic(high numeric, low numeric, close numeric) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(numeric, numeric, numeric) IS
    'slow stochastic oscillator with periods 14, 3 and 3';

CREATE FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision, integer, integer, integer) IS 'transition function of stochastic';

CREATE AGGREGATE stochastic(high double precision, low double precision, close double precision, k integer, s integer, d integer) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(double precision, double precision, double precision, integer, integer, integer) IS
    'slow stochastic oscillator: %K over k bars, smoothed over s, and its mean over d; NULL for the first k + s + d - 3 bars';

CREATE FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision) IS 'transition function of stochastic';

CREATE AGGREGATE stochastic(high double precision, low double precision, close double precision) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(double precision, double precision, double precision) IS
    'slow stochastic oscillator with periods 14, 3 and 3';

-- sql/functions/indicators_volume.sql

-- Technical indicators of volume: volume-weighted average price, on-balance volume.  Aggregates for
-- GROUP BY and for windows.

CREATE FUNCTION ca_vwap_accum(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_vwap_accum';
COMMENT ON FUNCTION ca_vwap_accum(internal, numeric, numeric) IS 'transition function of vwap';

CREATE AGGREGATE vwap(price numeric, volume numeric) (
    SFUNC = ca_vwap_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE vwap(numeric, numeric) IS
    'volume-weighted average price; NULL while nothing was traded';

CREATE FUNCTION ca_vwap_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_vwap_accum';
COMMENT ON FUNCTION ca_vwap_accum(internal, double precision, double precision) IS 'transition function of vwap';

CREATE AGGREGATE vwap(price double precision, volume double precision) (
    SFUNC = ca_vwap_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE vwap(double precision, double precision) IS
    'volume-weighted average price; NULL while nothing was traded';

CREATE FUNCTION ca_obv_accum(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_obv_accum';
COMMENT ON FUNCTION ca_obv_accum(internal, numeric, numeric) IS 'transition function of obv';

CREATE AGGREGATE obv(close numeric, volume numeric) (
    SFUNC = ca_obv_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE obv(numeric, numeric) IS
    'on-balance volume: running sum of volumes, each with the sign of the close''s change, from the first volume on';

CREATE FUNCTION ca_obv_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_obv_accum';
COMMENT ON FUNCTION ca_obv_accum(internal, double precision, double precision) IS 'transition function of obv';

CREATE AGGREGATE obv(close double precision, volume double precision) (
    SFUNC = ca_obv_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE obv(double precision, double precision) IS
    'on-balance volume: running sum of volumes, each with the sign of the close''s change, from the first volume on';

-- sql/functions/indicators_convention.sql

-- Technical indicators by the convention of another program: talib, tradingview or pandas.

CREATE FUNCTION ca_ema_accum(internal, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, numeric, integer, text) IS 'transition function of ema';

CREATE AGGREGATE ema(x numeric, n integer, convention text) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(numeric, integer, text) IS
    'exponential moving average by a convention: talib and tradingview seed it with the mean of the first n values, pandas with the first value';

CREATE FUNCTION ca_ema_accum(internal, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, double precision, integer, text) IS 'transition function of ema';

CREATE AGGREGATE ema(x double precision, n integer, convention text) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(double precision, integer, text) IS
    'exponential moving average by a convention: talib and tradingview seed it with the mean of the first n values, pandas with the first value';

CREATE FUNCTION ca_rsi_accum(internal, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric, integer, text) IS 'transition function of rsi';

CREATE AGGREGATE rsi(x numeric, n integer, convention text) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric, integer, text) IS
    'relative strength index by a convention; when nothing has moved 50 by talib, 100 by tradingview, NULL by pandas';

CREATE FUNCTION ca_rsi_accum(internal, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision, integer, text) IS 'transition function of rsi';

CREATE AGGREGATE rsi(x double precision, n integer, convention text) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision, integer, text) IS
    'relative strength index by a convention; when nothing has moved 50 by talib, 100 by tradingview, NULL by pandas';

CREATE FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer, text) IS 'transition function of macd';

CREATE AGGREGATE macd(x numeric, fast integer, slow integer, signal integer, convention text) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric, integer, integer, integer, text) IS
    'moving average convergence/divergence by a convention: tradingview seeds each average by itself, pandas with the first value';

CREATE FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer, text) IS 'transition function of macd';

CREATE AGGREGATE macd(x double precision, fast integer, slow integer, signal integer, convention text) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision, integer, integer, integer, text) IS
    'moving average convergence/divergence by a convention: tradingview seeds each average by itself, pandas with the first value';

CREATE FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer, text) IS 'transition function of atr';

CREATE AGGREGATE atr(high numeric, low numeric, close numeric, n integer, convention text) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(numeric, numeric, numeric, integer, text) IS
    'average true range by a convention: tradingview and pandas count high - low as the first true range';

CREATE FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer, text) IS 'transition function of atr';

CREATE AGGREGATE atr(high double precision, low double precision, close double precision, n integer, convention text) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(double precision, double precision, double precision, integer, text) IS
    'average true range by a convention: tradingview and pandas count high - low as the first true range';

CREATE FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer, text) IS 'transition function of adx';

CREATE AGGREGATE adx(high numeric, low numeric, close numeric, n integer, convention text) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(numeric, numeric, numeric, integer, text) IS
    'average directional index by a convention: tradingview seeds its sums with n values, pandas with the first';

CREATE FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer, text) IS 'transition function of adx';

CREATE AGGREGATE adx(high double precision, low double precision, close double precision, n integer, convention text) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(double precision, double precision, double precision, integer, text) IS
    'average directional index by a convention: tradingview seeds its sums with n values, pandas with the first';

-- sql/functions/technical_indicators.sql

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
