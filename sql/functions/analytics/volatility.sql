-- Volatility per year, from returns and from the ranges of candles.

CREATE FUNCTION ca_realized_volatility_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_realized_volatility_accum';
COMMENT ON FUNCTION ca_realized_volatility_accum(internal, double precision, double precision) IS 'transition function of realized_volatility';

CREATE AGGREGATE @extschema@.realized_volatility(return double precision, periods_per_year double precision) (
    SFUNC = ca_realized_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_realized_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE realized_volatility(double precision, double precision) IS
    'sample standard deviation of returns, times the root of the periods per year; NULL for fewer than two returns';

CREATE FUNCTION ca_realized_volatility_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_realized_volatility_accum';
COMMENT ON FUNCTION ca_realized_volatility_accum(internal, double precision) IS 'transition function of realized_volatility';

CREATE AGGREGATE @extschema@.realized_volatility(return double precision) (
    SFUNC = ca_realized_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_realized_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE realized_volatility(double precision) IS
    'realized_volatility of daily returns, 365 per year';

CREATE FUNCTION ca_parkinson_volatility_accum(internal, numeric, numeric, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_parkinson_volatility_accum';
COMMENT ON FUNCTION ca_parkinson_volatility_accum(internal, numeric, numeric, double precision) IS 'transition function of parkinson_volatility';

CREATE AGGREGATE @extschema@.parkinson_volatility(high numeric, low numeric, periods_per_year double precision) (
    SFUNC = ca_parkinson_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_parkinson_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE parkinson_volatility(numeric, numeric, double precision) IS
    'volatility per year from highs and lows (Parkinson 1980); prices must be above zero';

CREATE FUNCTION ca_parkinson_volatility_accum(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_parkinson_volatility_accum';
COMMENT ON FUNCTION ca_parkinson_volatility_accum(internal, numeric, numeric) IS 'transition function of parkinson_volatility';

CREATE AGGREGATE @extschema@.parkinson_volatility(high numeric, low numeric) (
    SFUNC = ca_parkinson_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_parkinson_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE parkinson_volatility(numeric, numeric) IS
    'parkinson_volatility of daily candles, 365 per year';

CREATE FUNCTION ca_parkinson_volatility_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_parkinson_volatility_accum';
COMMENT ON FUNCTION ca_parkinson_volatility_accum(internal, double precision, double precision, double precision) IS 'transition function of parkinson_volatility';

CREATE AGGREGATE @extschema@.parkinson_volatility(high double precision, low double precision, periods_per_year double precision) (
    SFUNC = ca_parkinson_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_parkinson_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE parkinson_volatility(double precision, double precision, double precision) IS
    'volatility per year from highs and lows (Parkinson 1980); prices must be above zero';

CREATE FUNCTION ca_parkinson_volatility_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_parkinson_volatility_accum';
COMMENT ON FUNCTION ca_parkinson_volatility_accum(internal, double precision, double precision) IS 'transition function of parkinson_volatility';

CREATE AGGREGATE @extschema@.parkinson_volatility(high double precision, low double precision) (
    SFUNC = ca_parkinson_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_parkinson_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE parkinson_volatility(double precision, double precision) IS
    'parkinson_volatility of daily candles, 365 per year';

CREATE FUNCTION ca_garman_klass_volatility_accum(internal, numeric, numeric, numeric, numeric, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_garman_klass_volatility_accum';
COMMENT ON FUNCTION ca_garman_klass_volatility_accum(internal, numeric, numeric, numeric, numeric, double precision) IS 'transition function of garman_klass_volatility';

CREATE AGGREGATE @extschema@.garman_klass_volatility(open numeric, high numeric, low numeric, close numeric, periods_per_year double precision) (
    SFUNC = ca_garman_klass_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_garman_klass_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE garman_klass_volatility(numeric, numeric, numeric, numeric, double precision) IS
    'volatility per year from whole candles (Garman and Klass 1980), 0 where their mean is negative; prices must be above zero';

CREATE FUNCTION ca_garman_klass_volatility_accum(internal, numeric, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_garman_klass_volatility_accum';
COMMENT ON FUNCTION ca_garman_klass_volatility_accum(internal, numeric, numeric, numeric, numeric) IS 'transition function of garman_klass_volatility';

CREATE AGGREGATE @extschema@.garman_klass_volatility(open numeric, high numeric, low numeric, close numeric) (
    SFUNC = ca_garman_klass_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_garman_klass_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE garman_klass_volatility(numeric, numeric, numeric, numeric) IS
    'garman_klass_volatility of daily candles, 365 per year';

CREATE FUNCTION ca_garman_klass_volatility_accum(internal, double precision, double precision, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_garman_klass_volatility_accum';
COMMENT ON FUNCTION ca_garman_klass_volatility_accum(internal, double precision, double precision, double precision, double precision, double precision) IS 'transition function of garman_klass_volatility';

CREATE AGGREGATE @extschema@.garman_klass_volatility(open double precision, high double precision, low double precision, close double precision, periods_per_year double precision) (
    SFUNC = ca_garman_klass_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_garman_klass_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE garman_klass_volatility(double precision, double precision, double precision, double precision, double precision) IS
    'volatility per year from whole candles (Garman and Klass 1980), 0 where their mean is negative; prices must be above zero';

CREATE FUNCTION ca_garman_klass_volatility_accum(internal, double precision, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_garman_klass_volatility_accum';
COMMENT ON FUNCTION ca_garman_klass_volatility_accum(internal, double precision, double precision, double precision, double precision) IS 'transition function of garman_klass_volatility';

CREATE AGGREGATE @extschema@.garman_klass_volatility(open double precision, high double precision, low double precision, close double precision) (
    SFUNC = ca_garman_klass_volatility_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_garman_klass_volatility_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE garman_klass_volatility(double precision, double precision, double precision, double precision) IS
    'garman_klass_volatility of daily candles, 365 per year';
