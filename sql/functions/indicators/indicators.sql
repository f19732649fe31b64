-- Technical indicators, as aggregates for GROUP BY and for windows.

CREATE TYPE @extschema@.macd_value AS (
    value double precision,
    signal double precision,
    histogram double precision
);
COMMENT ON TYPE macd_value IS 'moving average convergence/divergence: result of macd()';
COMMENT ON COLUMN macd_value.value IS 'fast EMA minus slow EMA';
COMMENT ON COLUMN macd_value.signal IS 'EMA of value';
COMMENT ON COLUMN macd_value.histogram IS 'value minus signal';

CREATE FUNCTION ca_indicator_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicator_final';
COMMENT ON FUNCTION ca_indicator_final(internal) IS 'final function of indicators with one value';

CREATE FUNCTION ca_macd_final(internal) RETURNS macd_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_final';
COMMENT ON FUNCTION ca_macd_final(internal) IS 'final function of macd';

CREATE FUNCTION ca_sma_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sma_accum';
COMMENT ON FUNCTION ca_sma_accum(internal, numeric, integer) IS 'transition function of sma';

CREATE AGGREGATE @extschema@.sma(x numeric, n integer) (
    SFUNC = ca_sma_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sma(numeric, integer) IS
    'simple moving average of the last n values; NULL for the first n - 1';

CREATE FUNCTION ca_sma_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sma_accum';
COMMENT ON FUNCTION ca_sma_accum(internal, double precision, integer) IS 'transition function of sma';

CREATE AGGREGATE @extschema@.sma(x double precision, n integer) (
    SFUNC = ca_sma_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sma(double precision, integer) IS
    'simple moving average of the last n values; NULL for the first n - 1';

CREATE FUNCTION ca_ema_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, numeric, integer) IS 'transition function of ema';

CREATE AGGREGATE @extschema@.ema(x numeric, n integer) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(numeric, integer) IS
    'exponential moving average, alpha 2 / (n + 1), seeded with the mean of the first n values; NULL for the first n - 1';

CREATE FUNCTION ca_ema_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, double precision, integer) IS 'transition function of ema';

CREATE AGGREGATE @extschema@.ema(x double precision, n integer) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(double precision, integer) IS
    'exponential moving average, alpha 2 / (n + 1), seeded with the mean of the first n values; NULL for the first n - 1';

CREATE FUNCTION ca_rsi_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric, integer) IS 'transition function of rsi';

CREATE AGGREGATE @extschema@.rsi(x numeric, n integer) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric, integer) IS
    'relative strength index of Wilder, 0 to 100, 50 when nothing has moved; NULL for the first n values';

CREATE FUNCTION ca_rsi_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric) IS 'transition function of rsi';

CREATE AGGREGATE @extschema@.rsi(x numeric) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric) IS
    'relative strength index of Wilder over 14 values';

CREATE FUNCTION ca_rsi_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision, integer) IS 'transition function of rsi';

CREATE AGGREGATE @extschema@.rsi(x double precision, n integer) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision, integer) IS
    'relative strength index of Wilder, 0 to 100, 50 when nothing has moved; NULL for the first n values';

CREATE FUNCTION ca_rsi_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision) IS 'transition function of rsi';

CREATE AGGREGATE @extschema@.rsi(x double precision) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision) IS
    'relative strength index of Wilder over 14 values';

CREATE FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer) IS 'transition function of macd';

CREATE AGGREGATE @extschema@.macd(x numeric, fast integer, slow integer, signal integer) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric, integer, integer, integer) IS
    'moving average convergence/divergence; NULL for the first slow + signal - 2 values';

CREATE FUNCTION ca_macd_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric) IS 'transition function of macd';

CREATE AGGREGATE @extschema@.macd(x numeric) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric) IS
    'moving average convergence/divergence with periods 12, 26 and 9';

CREATE FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer) IS 'transition function of macd';

CREATE AGGREGATE @extschema@.macd(x double precision, fast integer, slow integer, signal integer) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision, integer, integer, integer) IS
    'moving average convergence/divergence; NULL for the first slow + signal - 2 values';

CREATE FUNCTION ca_macd_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision) IS 'transition function of macd';

CREATE AGGREGATE @extschema@.macd(x double precision) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision) IS
    'moving average convergence/divergence with periods 12, 26 and 9';
