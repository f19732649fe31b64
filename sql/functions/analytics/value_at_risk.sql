-- Losses in the worst share of periods.

CREATE FUNCTION ca_value_at_risk_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_value_at_risk_accum';
COMMENT ON FUNCTION ca_value_at_risk_accum(internal, double precision, double precision) IS 'transition function of value_at_risk and conditional_value_at_risk';

CREATE FUNCTION ca_value_at_risk_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_value_at_risk_accum';
COMMENT ON FUNCTION ca_value_at_risk_accum(internal, double precision) IS 'transition function of value_at_risk and conditional_value_at_risk at 0.05';

CREATE FUNCTION ca_value_at_risk_combine(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_value_at_risk_combine';
COMMENT ON FUNCTION ca_value_at_risk_combine(internal, internal) IS 'combine function of value_at_risk and conditional_value_at_risk';

CREATE FUNCTION ca_value_at_risk_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_value_at_risk_serialize';
COMMENT ON FUNCTION ca_value_at_risk_serialize(internal) IS 'serialization function of value_at_risk and conditional_value_at_risk';

CREATE FUNCTION ca_value_at_risk_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_value_at_risk_deserialize';
COMMENT ON FUNCTION ca_value_at_risk_deserialize(bytea, internal) IS 'deserialization function of value_at_risk and conditional_value_at_risk';

CREATE FUNCTION ca_value_at_risk_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_value_at_risk_final';
COMMENT ON FUNCTION ca_value_at_risk_final(internal) IS 'final function of value_at_risk';

CREATE FUNCTION ca_conditional_value_at_risk_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_conditional_value_at_risk_final';
COMMENT ON FUNCTION ca_conditional_value_at_risk_final(internal) IS 'final function of conditional_value_at_risk';

CREATE AGGREGATE @extschema@.value_at_risk(return double precision, cutoff double precision) (
    SFUNC = ca_value_at_risk_accum,
    STYPE = internal,
    FINALFUNC = ca_value_at_risk_final,
    COMBINEFUNC = ca_value_at_risk_combine,
    SERIALFUNC = ca_value_at_risk_serialize,
    DESERIALFUNC = ca_value_at_risk_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE value_at_risk(double precision, double precision) IS
    'quantile of returns at the cutoff, as percentile_cont; keeps 8 bytes or more per return in memory';

CREATE AGGREGATE @extschema@.value_at_risk(return double precision) (
    SFUNC = ca_value_at_risk_accum,
    STYPE = internal,
    FINALFUNC = ca_value_at_risk_final,
    COMBINEFUNC = ca_value_at_risk_combine,
    SERIALFUNC = ca_value_at_risk_serialize,
    DESERIALFUNC = ca_value_at_risk_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE value_at_risk(double precision) IS
    'value_at_risk at a cutoff of 0.05';

CREATE AGGREGATE @extschema@.conditional_value_at_risk(return double precision, cutoff double precision) (
    SFUNC = ca_value_at_risk_accum,
    STYPE = internal,
    FINALFUNC = ca_conditional_value_at_risk_final,
    COMBINEFUNC = ca_value_at_risk_combine,
    SERIALFUNC = ca_value_at_risk_serialize,
    DESERIALFUNC = ca_value_at_risk_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE conditional_value_at_risk(double precision, double precision) IS
    'mean of the lowest returns, up to the one at the cutoff; keeps 8 bytes or more per return in memory';

CREATE AGGREGATE @extschema@.conditional_value_at_risk(return double precision) (
    SFUNC = ca_value_at_risk_accum,
    STYPE = internal,
    FINALFUNC = ca_conditional_value_at_risk_final,
    COMBINEFUNC = ca_value_at_risk_combine,
    SERIALFUNC = ca_value_at_risk_serialize,
    DESERIALFUNC = ca_value_at_risk_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE conditional_value_at_risk(double precision) IS
    'conditional_value_at_risk at a cutoff of 0.05';
