-- Technical indicators by the convention of another program: talib, tradingview or pandas.

CREATE FUNCTION ca_ema_accum(internal, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, numeric, integer, text) IS 'transition function of ema';

CREATE AGGREGATE @extschema@.ema(x numeric, n integer, convention text) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(numeric, integer, text) IS
    'exponential moving average in a convention: talib and tradingview seed it with the mean of the first n values, pandas with the first value';

CREATE FUNCTION ca_ema_accum(internal, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, double precision, integer, text) IS 'transition function of ema';

CREATE AGGREGATE @extschema@.ema(x double precision, n integer, convention text) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(double precision, integer, text) IS
    'exponential moving average in a convention: talib and tradingview seed it with the mean of the first n values, pandas with the first value';

CREATE FUNCTION ca_rsi_accum(internal, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric, integer, text) IS 'transition function of rsi';

CREATE AGGREGATE @extschema@.rsi(x numeric, n integer, convention text) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric, integer, text) IS
    'relative strength index in a convention; when nothing has moved, talib gives 50, tradingview 100 and pandas NULL';

CREATE FUNCTION ca_rsi_accum(internal, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision, integer, text) IS 'transition function of rsi';

CREATE AGGREGATE @extschema@.rsi(x double precision, n integer, convention text) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision, integer, text) IS
    'relative strength index in a convention; when nothing has moved, talib gives 50, tradingview 100 and pandas NULL';

CREATE FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer, text) IS 'transition function of macd';

CREATE AGGREGATE @extschema@.macd(x numeric, fast integer, slow integer, signal integer, convention text) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric, integer, integer, integer, text) IS
    'moving average convergence/divergence in a convention: tradingview seeds each average by itself, pandas with the first value';

CREATE FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer, text) IS 'transition function of macd';

CREATE AGGREGATE @extschema@.macd(x double precision, fast integer, slow integer, signal integer, convention text) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision, integer, integer, integer, text) IS
    'moving average convergence/divergence in a convention: tradingview seeds each average by itself, pandas with the first value';

CREATE FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer, text) IS 'transition function of atr';

CREATE AGGREGATE @extschema@.atr(high numeric, low numeric, close numeric, n integer, convention text) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(numeric, numeric, numeric, integer, text) IS
    'average true range in a convention: tradingview and pandas count high - low as the first true range';

CREATE FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer, text) IS 'transition function of atr';

CREATE AGGREGATE @extschema@.atr(high double precision, low double precision, close double precision, n integer, convention text) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(double precision, double precision, double precision, integer, text) IS
    'average true range in a convention: tradingview and pandas count high - low as the first true range';

CREATE FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer, text) IS 'transition function of adx';

CREATE AGGREGATE @extschema@.adx(high numeric, low numeric, close numeric, n integer, convention text) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(numeric, numeric, numeric, integer, text) IS
    'average directional index in a convention: tradingview seeds its sums with n values, pandas with the first';

CREATE FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer, text) IS 'transition function of adx';

CREATE AGGREGATE @extschema@.adx(high double precision, low double precision, close double precision, n integer, convention text) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(double precision, double precision, double precision, integer, text) IS
    'average directional index in a convention: tradingview seeds its sums with n values, pandas with the first';
