-- Returns against those of a benchmark, and against volume.

CREATE FUNCTION ca_beta_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_beta_accum';
COMMENT ON FUNCTION ca_beta_accum(internal, double precision, double precision) IS 'transition function of beta';

CREATE AGGREGATE @extschema@.beta(return double precision, benchmark double precision) (
    SFUNC = ca_beta_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_beta_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE beta(double precision, double precision) IS
    'covariance of returns with those of a benchmark, relative to the variance of the benchmark; NULL for fewer than two pairs and for a constant benchmark';

CREATE FUNCTION ca_amihud_illiquidity_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_amihud_illiquidity_accum';
COMMENT ON FUNCTION ca_amihud_illiquidity_accum(internal, double precision, double precision) IS 'transition function of amihud_illiquidity';

CREATE AGGREGATE @extschema@.amihud_illiquidity(return double precision, volume double precision) (
    SFUNC = ca_amihud_illiquidity_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_amihud_illiquidity_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE amihud_illiquidity(double precision, double precision) IS
    'mean of the absolute return relative to volume (Amihud 2002); rows without volume do not count';
