-- What losses cost: risk of the downside.

CREATE FUNCTION ca_downside_risk_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_downside_risk_accum';
COMMENT ON FUNCTION ca_downside_risk_accum(internal, double precision, double precision) IS 'transition function of downside_risk';

CREATE AGGREGATE @extschema@.downside_risk(return double precision, periods_per_year double precision) (
    SFUNC = ca_downside_risk_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_downside_risk_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE downside_risk(double precision, double precision) IS
    'root of the mean square of negative returns, with 0 for the others, times the root of the periods per year';

CREATE FUNCTION ca_downside_risk_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_downside_risk_accum';
COMMENT ON FUNCTION ca_downside_risk_accum(internal, double precision) IS 'transition function of downside_risk';

CREATE AGGREGATE @extschema@.downside_risk(return double precision) (
    SFUNC = ca_downside_risk_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_downside_risk_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE downside_risk(double precision) IS
    'downside_risk of daily returns, 365 per year';

CREATE FUNCTION ca_sortino_ratio_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sortino_ratio_accum';
COMMENT ON FUNCTION ca_sortino_ratio_accum(internal, double precision, double precision) IS 'transition function of sortino_ratio';

CREATE AGGREGATE @extschema@.sortino_ratio(return double precision, periods_per_year double precision) (
    SFUNC = ca_sortino_ratio_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_sortino_ratio_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sortino_ratio(double precision, double precision) IS
    'mean return per year relative to downside_risk; NULL for fewer than two returns and when none is negative';

CREATE FUNCTION ca_sortino_ratio_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sortino_ratio_accum';
COMMENT ON FUNCTION ca_sortino_ratio_accum(internal, double precision) IS 'transition function of sortino_ratio';

CREATE AGGREGATE @extschema@.sortino_ratio(return double precision) (
    SFUNC = ca_sortino_ratio_accum,
    STYPE = internal,
    FINALFUNC = ca_statistic_final,
    COMBINEFUNC = ca_statistic_combine_states,
    SERIALFUNC = ca_statistic_serialize,
    DESERIALFUNC = ca_statistic_deserialize,
    MSFUNC = ca_sortino_ratio_accum,
    MINVFUNC = ca_statistic_remove_row,
    MSTYPE = internal,
    MFINALFUNC = ca_statistic_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sortino_ratio(double precision) IS
    'sortino_ratio of daily returns, 365 per year';
