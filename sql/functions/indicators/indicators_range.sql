-- Technical indicators of range: Bollinger bands, average true range, average directional index,
-- stochastic oscillator.  Aggregates for GROUP BY and for windows.

CREATE TYPE @extschema@.bollinger_value AS (
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

CREATE TYPE @extschema@.adx_value AS (
    adx double precision,
    di_plus double precision,
    di_minus double precision
);
COMMENT ON TYPE adx_value IS 'average directional index: result of adx()';
COMMENT ON COLUMN adx_value.adx IS 'strength of the trend, 0 to 100; NULL for the first 2n - 1 bars';
COMMENT ON COLUMN adx_value.di_plus IS 'directional indicator of rises, 0 to 100';
COMMENT ON COLUMN adx_value.di_minus IS 'directional indicator of falls, 0 to 100';

CREATE TYPE @extschema@.stochastic_value AS (
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

CREATE AGGREGATE @extschema@.bollinger(x numeric, n integer, k double precision) (
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

CREATE AGGREGATE @extschema@.bollinger(x numeric) (
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

CREATE AGGREGATE @extschema@.bollinger(x double precision, n integer, k double precision) (
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

CREATE AGGREGATE @extschema@.bollinger(x double precision) (
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

CREATE AGGREGATE @extschema@.atr(high numeric, low numeric, close numeric, n integer) (
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

CREATE AGGREGATE @extschema@.atr(high numeric, low numeric, close numeric) (
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

CREATE AGGREGATE @extschema@.atr(high double precision, low double precision, close double precision, n integer) (
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

CREATE AGGREGATE @extschema@.atr(high double precision, low double precision, close double precision) (
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

CREATE AGGREGATE @extschema@.adx(high numeric, low numeric, close numeric, n integer) (
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

CREATE AGGREGATE @extschema@.adx(high numeric, low numeric, close numeric) (
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

CREATE AGGREGATE @extschema@.adx(high double precision, low double precision, close double precision, n integer) (
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

CREATE AGGREGATE @extschema@.adx(high double precision, low double precision, close double precision) (
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

CREATE AGGREGATE @extschema@.stochastic(high numeric, low numeric, close numeric, k integer, s integer, d integer) (
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

CREATE AGGREGATE @extschema@.stochastic(high numeric, low numeric, close numeric) (
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

CREATE AGGREGATE @extschema@.stochastic(high double precision, low double precision, close double precision, k integer, s integer, d integer) (
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

CREATE AGGREGATE @extschema@.stochastic(high double precision, low double precision, close double precision) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(double precision, double precision, double precision) IS
    'slow stochastic oscillator with periods 14, 3 and 3';
