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

-- sql/functions/indicator_states.sql

-- What update_technical_indicators() remembers of each series, and how it learns of candles that
-- change behind its back.
--
-- A state is what the indicators know after a candle, as bytes: going on from it costs the same
-- whatever came before.  There is one after the newest candle done, and one after each 10,000th
-- candle, to go back to when an older candle changes.
--
-- Whoever changes a candle that a state covers leaves a note.  The update takes the notes, drops
-- the states from the oldest change on, and goes on from what is left.  A writer cannot see the
-- state that an update in progress is about to commit, nor an update the candles that a writer
-- has yet to commit.  So a writer takes a shared lock, if no update of the series holds it, and
-- then an update waits for it; else it leaves a note whatever it has done.  Writers never wait.

CREATE TABLE technical_indicator_states (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    candle_time timestamptz NOT NULL,
    candles bigint NOT NULL,
    spec jsonb NOT NULL,
    convention varchar NOT NULL,
    state bytea NOT NULL,
    CONSTRAINT technical_indicator_states_pkey PRIMARY KEY (id),
    CONSTRAINT technical_indicator_states_asset_id_timeframe_candle_time_key
        UNIQUE (asset_id, timeframe, candle_time),
    CONSTRAINT technical_indicator_states_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT technical_indicator_states_candles_check CHECK (candles > 0)
);
-- doubles do not compress
ALTER TABLE technical_indicator_states ALTER COLUMN state SET STORAGE EXTERNAL;
SELECT pg_catalog.pg_extension_config_dump('technical_indicator_states', '');
SELECT pg_catalog.pg_extension_config_dump('technical_indicator_states_id_seq', '');

COMMENT ON TABLE technical_indicator_states IS
    'What the indicators of a series know after some of its candles, so that update_technical_indicators() can go on from there; to compute a series anew, delete its rows';
COMMENT ON COLUMN technical_indicator_states.id IS 'Primary key';
COMMENT ON COLUMN technical_indicator_states.asset_id IS 'Asset of the series';
COMMENT ON COLUMN technical_indicator_states.timeframe IS 'Timeframe of the series';
COMMENT ON COLUMN technical_indicator_states.candle_time IS 'Start of the last candle that the state knows';
COMMENT ON COLUMN technical_indicator_states.candles IS 'Number of candles that the state knows';
COMMENT ON COLUMN technical_indicator_states.spec IS 'Indicators that were asked for';
COMMENT ON COLUMN technical_indicator_states.convention IS 'Convention that they follow';
COMMENT ON COLUMN technical_indicator_states.state IS
    'The state, with the number of its format first; one of another format is computed anew';

CREATE TABLE technical_indicator_notes (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    since timestamptz NOT NULL,
    CONSTRAINT technical_indicator_notes_pkey PRIMARY KEY (id),
    CONSTRAINT technical_indicator_notes_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE
);
SELECT pg_catalog.pg_extension_config_dump('technical_indicator_notes', '');
SELECT pg_catalog.pg_extension_config_dump('technical_indicator_notes_id_seq', '');

CREATE INDEX technical_indicator_notes_series_idx
    ON technical_indicator_notes (asset_id, timeframe, since);
COMMENT ON INDEX technical_indicator_notes_series_idx IS 'the notes of a series, the oldest change first';

COMMENT ON TABLE technical_indicator_notes IS
    'Candles that changed after their indicators were computed; the next update_technical_indicators() of the series deletes its notes';
COMMENT ON COLUMN technical_indicator_notes.id IS 'Primary key';
COMMENT ON COLUMN technical_indicator_notes.asset_id IS 'Asset of the series';
COMMENT ON COLUMN technical_indicator_notes.timeframe IS 'Timeframe of the series';
COMMENT ON COLUMN technical_indicator_notes.since IS 'Start of the oldest candle that changed';

-- 64 locks for all series, because a statement may touch more series than the lock table holds
CREATE FUNCTION ca_indicator_lock(asset integer, timeframe text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT hashtextextended('cryptoanalytics indicators '
                            || (hashtextextended(ca_indicator_lock.timeframe, ca_indicator_lock.asset) & 63), 0);
END;
COMMENT ON FUNCTION ca_indicator_lock(integer, text) IS
    'key of the advisory lock that an update of the series holds, and that writers of its candles share';

CREATE FUNCTION ca_note_change(asset integer, timeframe text, since timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    -- with the lock what is committed is all there is, unless the snapshot is older than the lock
    IF pg_try_advisory_xact_lock_shared(ca_indicator_lock(ca_note_change.asset, ca_note_change.timeframe))
       AND current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') THEN
        PERFORM
        FROM technical_indicator_states AS s
        WHERE s.asset_id = ca_note_change.asset
          AND s.timeframe = ca_note_change.timeframe
          AND s.candle_time >= ca_note_change.since
          AND NOT EXISTS (
              SELECT
              FROM technical_indicator_notes AS n
              WHERE n.asset_id = ca_note_change.asset
                AND n.timeframe = ca_note_change.timeframe
                AND n.since <= ca_note_change.since)
        LIMIT 1;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO technical_indicator_notes (asset_id, timeframe, since)
    VALUES (ca_note_change.asset, ca_note_change.timeframe, ca_note_change.since);
END;
$$;
COMMENT ON FUNCTION ca_note_change(integer, text, timestamptz) IS
    'notes that candles of a series have changed from a time on, where an update of its indicators needs to know; it runs with its owner''s rights because whoever writes candles need not know of the notes';
REVOKE EXECUTE ON FUNCTION ca_note_change(integer, text, timestamptz) FROM PUBLIC;

CREATE FUNCTION ca_note_candles() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF current_setting('cryptoanalytics.moving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    PERFORM ca_note_change(c.asset_id, c.timeframe, c.since)
    FROM (SELECT c.asset_id, c.timeframe, min(c.candle_time) AS since
          FROM changed_candles AS c
          GROUP BY c.asset_id, c.timeframe
          ORDER BY c.asset_id, c.timeframe) AS c;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_candles() IS
    'trigger: notes candles that came or went, unless they move to the archive, which keeps the history as it is; it runs with its owner''s rights because it calls ca_note_change()';
REVOKE EXECUTE ON FUNCTION ca_note_candles() FROM PUBLIC;

CREATE FUNCTION ca_note_correction() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_note_change(OLD.asset_id, OLD.timeframe, OLD.candle_time);
    IF (OLD.asset_id, OLD.timeframe, OLD.candle_time)
       IS DISTINCT FROM (NEW.asset_id, NEW.timeframe, NEW.candle_time) THEN
        PERFORM ca_note_change(NEW.asset_id, NEW.timeframe, NEW.candle_time);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_correction() IS
    'trigger: notes a candle whose prices or key changed; it runs with its owner''s rights because it calls ca_note_change()';
REVOKE EXECUTE ON FUNCTION ca_note_correction() FROM PUBLIC;

CREATE FUNCTION ca_note_truncation() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_note_change(s.asset_id, s.timeframe, '-infinity')
    FROM (SELECT DISTINCT s.asset_id, s.timeframe FROM technical_indicator_states AS s) AS s;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_truncation() IS
    'trigger: notes that all candles of a table went; it runs with its owner''s rights because it calls ca_note_change()';
REVOKE EXECUTE ON FUNCTION ca_note_truncation() FROM PUBLIC;

CREATE TRIGGER price_data_note_insert
    AFTER INSERT ON price_data
    REFERENCING NEW TABLE AS changed_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_note_insert ON price_data IS
    'a late candle is noted for the indicators';

CREATE TRIGGER price_data_note_delete
    AFTER DELETE ON price_data
    REFERENCING OLD TABLE AS changed_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_note_delete ON price_data IS
    'a deleted candle is noted for the indicators';

CREATE TRIGGER price_data_note_update
    AFTER UPDATE ON price_data
    FOR EACH ROW
    WHEN ((OLD.asset_id, OLD.timeframe, OLD.candle_time, OLD.high_price, OLD.low_price, OLD.close_price)
          IS DISTINCT FROM
          (NEW.asset_id, NEW.timeframe, NEW.candle_time, NEW.high_price, NEW.low_price, NEW.close_price))
    EXECUTE FUNCTION ca_note_correction();
COMMENT ON TRIGGER price_data_note_update ON price_data IS
    'a corrected candle is noted for the indicators';

CREATE TRIGGER price_data_note_truncate
    AFTER TRUNCATE ON price_data
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_truncation();
COMMENT ON TRIGGER price_data_note_truncate ON price_data IS
    'that all candles went is noted for the indicators';

CREATE TRIGGER price_data_archive_note_insert
    AFTER INSERT ON price_data_archive
    REFERENCING NEW TABLE AS changed_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_archive_note_insert ON price_data_archive IS
    'a late candle is noted for the indicators';

CREATE TRIGGER price_data_archive_note_delete
    AFTER DELETE ON price_data_archive
    REFERENCING OLD TABLE AS changed_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_archive_note_delete ON price_data_archive IS
    'a deleted candle is noted for the indicators';

CREATE TRIGGER price_data_archive_note_update
    AFTER UPDATE ON price_data_archive
    FOR EACH ROW
    WHEN ((OLD.asset_id, OLD.timeframe, OLD.candle_time, OLD.high_price, OLD.low_price, OLD.close_price)
          IS DISTINCT FROM
          (NEW.asset_id, NEW.timeframe, NEW.candle_time, NEW.high_price, NEW.low_price, NEW.close_price))
    EXECUTE FUNCTION ca_note_correction();
COMMENT ON TRIGGER price_data_archive_note_update ON price_data_archive IS
    'a corrected candle is noted for the indicators';

CREATE TRIGGER price_data_archive_note_truncate
    AFTER TRUNCATE ON price_data_archive
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_truncation();
COMMENT ON TRIGGER price_data_archive_note_truncate ON price_data_archive IS
    'that all candles went is noted for the indicators';

-- a candle that moves to the archive is no change; one that moves back is, it may need its JSON
ALTER FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean)
    SET cryptoanalytics.moving = 'on';

-- sql/functions/update_technical_indicators.sql

-- Writing indicators beside the candles.

CREATE TYPE ca_indicator_batch AS (
    ids bigint[],
    "values" jsonb[],
    state bytea,
    last timestamptz,
    candles bigint
);
COMMENT ON TYPE ca_indicator_batch IS
    'indicators of a batch of candles: identifiers and JSON of the live ones, the state behind the batch, its last candle, and how many candles it had';
COMMENT ON COLUMN ca_indicator_batch.ids IS 'identifiers of the live candles';
COMMENT ON COLUMN ca_indicator_batch."values" IS 'indicators of each of them';
COMMENT ON COLUMN ca_indicator_batch.state IS 'state behind the last candle';
COMMENT ON COLUMN ca_indicator_batch.last IS 'start of the last candle';
COMMENT ON COLUMN ca_indicator_batch.candles IS 'number of candles, live and archived';

CREATE FUNCTION ca_check_spec(spec jsonb, convention text) RETURNS void
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_check_spec';
COMMENT ON FUNCTION ca_check_spec(jsonb, text) IS
    'refuses a spec or a convention that update_technical_indicators() cannot serve';

CREATE FUNCTION ca_indicator_state_holds(spec jsonb, convention text, state bytea) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicator_state_holds';
COMMENT ON FUNCTION ca_indicator_state_holds(jsonb, text, bytea) IS
    'whether a state is one of this spec, in the format of this version';

CREATE FUNCTION ca_indicators_accum(
    internal, jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicators_accum';
COMMENT ON FUNCTION ca_indicators_accum(internal, jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric) IS
    'transition function of ca_indicators';

CREATE FUNCTION ca_indicators_final(internal) RETURNS ca_indicator_batch
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicators_final';
COMMENT ON FUNCTION ca_indicators_final(internal) IS 'final function of ca_indicators';

CREATE AGGREGATE ca_indicators(
    spec jsonb, convention text, state bytea, id bigint, live boolean, candle_time timestamptz,
    high numeric, low numeric, close numeric) (
    SFUNC = ca_indicators_accum,
    STYPE = internal,
    FINALFUNC = ca_indicators_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ca_indicators(jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric) IS
    'indicators of candles in order of time, from the state before the first to the state behind the last';

-- what a candle's JSON keeps beside the indicators is its owner's
CREATE FUNCTION ca_write_indicators(ids bigint[], "values" jsonb[]) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH written AS (
        UPDATE price_data AS p
        SET technical_indicators = n.value
        FROM unnest(ca_write_indicators.ids, ca_write_indicators."values") AS c (id, value)
        JOIN price_data AS o ON o.id = c.id
        CROSS JOIN LATERAL (
            SELECT CASE WHEN jsonb_typeof(o.technical_indicators) = 'object'
                        THEN (o.technical_indicators
                              - '{RSI,MACD,SMA,EMA,BBANDS,ATR,ADX,STOCH}'::text[]) || c.value
                        ELSE c.value
                   END AS value) AS n
        WHERE p.id = c.id
          AND p.technical_indicators IS DISTINCT FROM n.value
        RETURNING p.id
    )
    SELECT count(*) FROM written;
END;
COMMENT ON FUNCTION ca_write_indicators(bigint[], jsonb[]) IS
    'puts indicators into live candles, beside other keys that they have, and returns how many changed';

CREATE FUNCTION ca_update_series(
    asset integer, timeframe text, spec jsonb, convention text, OUT written bigint, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- candles between two states that stay, and most in memory at a time
    step CONSTANT integer := 10000;
    stop timestamptz := timeframe_bucket(timeframe, now());
    saved technical_indicator_states;
    batch ca_indicator_batch;
BEGIN
    written := 0;
    PERFORM ca_lock_series(timeframe, asset);
    PERFORM pg_advisory_xact_lock(ca_indicator_lock(asset, timeframe));

    -- states of another spec, and of candles that have changed since, hold no more
    WITH noted AS (
        DELETE FROM technical_indicator_notes AS n
        WHERE n.asset_id = asset AND n.timeframe = ca_update_series.timeframe
        RETURNING n.since
    )
    DELETE FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
      AND ((s.spec, s.convention) IS DISTINCT FROM (ca_update_series.spec, ca_update_series.convention::varchar)
           OR s.candle_time >= (SELECT min(n.since) FROM noted AS n));

    SELECT s.* INTO saved
    FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
    ORDER BY s.candle_time DESC
    LIMIT 1;
    IF FOUND AND NOT ca_indicator_state_holds(spec, convention, saved.state) THEN
        DELETE FROM technical_indicator_states AS s
        WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe;
        saved := NULL;
    END IF;

    LOOP
        batch := (
            SELECT ca_indicators(spec, convention, saved.state, h.id, NOT h.archived, h.candle_time,
                                 h.high_price, h.low_price, h.close_price)
            FROM (SELECT h.id, h.archived, h.candle_time, h.high_price, h.low_price, h.close_price
                  FROM price_history AS h
                  WHERE h.asset_id = asset
                    AND h.timeframe = ca_update_series.timeframe
                    AND h.candle_time > coalesce(saved.candle_time, '-infinity')
                    AND h.candle_time < stop
                  ORDER BY h.candle_time
                  LIMIT step - coalesce(saved.candles, 0) % step) AS h);
        EXIT WHEN batch.state IS NULL;
        written := written + ca_write_indicators(batch.ids, batch."values");

        IF saved.candles % step <> 0 THEN
            DELETE FROM technical_indicator_states AS s WHERE s.id = saved.id;
        END IF;
        INSERT INTO technical_indicator_states (asset_id, timeframe, candle_time, candles, spec, convention, state)
        VALUES (asset, timeframe, batch.last, coalesce(saved.candles, 0) + batch.candles, spec, convention, batch.state)
        RETURNING * INTO saved;

        IF clock_timestamp() - reported >= interval '1 second' THEN
            reported := clock_timestamp();
            RAISE NOTICE '% candles of asset %, % done, now at %', saved.candles, asset, timeframe, saved.candle_time;
        END IF;
        EXIT WHEN saved.candles % step <> 0;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_update_series(integer, text, jsonb, text, timestamptz) IS
    'writes the indicators of one series, from its last state that holds, and tells of it at most once a second; the caller has checked the arguments';

CREATE FUNCTION update_technical_indicators(
    asset integer DEFAULT NULL, timeframe text DEFAULT NULL,
    spec jsonb DEFAULT '{"RSI": 14, "MACD": [12, 26, 9], "SMA": [50, 200], "EMA": [20, 100]}',
    convention text DEFAULT 'talib')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    series record;
    done record;
    reported timestamptz := clock_timestamp();
    written bigint := 0;
BEGIN
    PERFORM ca_check_spec(update_technical_indicators.spec, update_technical_indicators.convention);
    IF update_technical_indicators.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(update_technical_indicators.timeframe);
    END IF;
    IF update_technical_indicators.asset IS NOT NULL THEN
        PERFORM ca_check_asset(update_technical_indicators.asset);
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'update_technical_indicators must run in a READ COMMITTED transaction'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s: it does not see candles committed since it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;

    FOR series IN
        SELECT a.id, t.code
        FROM assets AS a
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            SELECT
            FROM price_data AS p
            WHERE p.asset_id = a.id AND p.timeframe = t.code
            ORDER BY p.candle_time
            LIMIT 1) AS first_candle
        WHERE (update_technical_indicators.asset IS NULL OR a.id = update_technical_indicators.asset)
          AND (update_technical_indicators.timeframe IS NULL OR t.code = update_technical_indicators.timeframe)
        ORDER BY a.id, t.place
    LOOP
        SELECT u.* INTO done
        FROM ca_update_series(series.id, series.code, update_technical_indicators.spec,
                              update_technical_indicators.convention, reported) AS u;
        written := written + done.written;
        reported := done.reported;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION update_technical_indicators(integer, text, jsonb, text) IS
    'writes technical_indicators of live, closed candles, of one series, or of all of an asset, of a timeframe or at all, and returns how many changed; a later call with the same spec goes on from the newest candle done, or from the oldest that has changed; spec: {"RSI": 14, "SMA": [50, 200], "MACD": [12, 26, 9]} and EMA, BBANDS, ATR, ADX, STOCH; conventions talib, tradingview, pandas';
