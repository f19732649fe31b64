-- Hamilton's filter: in which state of a Markov-switching model a series probably is, in order.

CREATE FUNCTION ca_hamilton_filter_accum(
    internal, double precision, double precision[], double precision[], double precision[]) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_hamilton_filter_accum';
COMMENT ON FUNCTION ca_hamilton_filter_accum(
    internal, double precision, double precision[], double precision[], double precision[]) IS
    'transition function of hamilton_filter';

CREATE FUNCTION ca_hamilton_filter_final(internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_hamilton_filter_final';
COMMENT ON FUNCTION ca_hamilton_filter_final(internal) IS 'final function of hamilton_filter';

CREATE AGGREGATE @extschema@.hamilton_filter(
    x double precision, means double precision[], sds double precision[], transition double precision[]) (
    SFUNC = ca_hamilton_filter_accum,
    STYPE = internal,
    FINALFUNC = ca_hamilton_filter_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE hamilton_filter(double precision, double precision[], double precision[], double precision[]) IS
    'probability of each state of a Markov-switching model after the last row, from means, deviations and transitions, row by row, that were fitted elsewhere; starts from the stationary distribution';
