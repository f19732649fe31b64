-- Choppiness index, as an aggregate for GROUP BY and for windows, in order.

CREATE FUNCTION ca_choppiness_accum(internal, numeric, numeric, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_choppiness_accum';
COMMENT ON FUNCTION ca_choppiness_accum(internal, numeric, numeric, numeric, integer) IS 'transition function of choppiness';

CREATE AGGREGATE @extschema@.choppiness(high numeric, low numeric, close numeric, n integer) (
    SFUNC = ca_choppiness_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE choppiness(numeric, numeric, numeric, integer) IS
    'choppiness index of Dreiss over n bars, from 0, a straight trend, to 1, a range; NULL for the first n bars and without a range';

CREATE FUNCTION ca_choppiness_accum(internal, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_choppiness_accum';
COMMENT ON FUNCTION ca_choppiness_accum(internal, numeric, numeric, numeric) IS 'transition function of choppiness';

CREATE AGGREGATE @extschema@.choppiness(high numeric, low numeric, close numeric) (
    SFUNC = ca_choppiness_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE choppiness(numeric, numeric, numeric) IS
    'choppiness index of Dreiss over 14 bars';

CREATE FUNCTION ca_choppiness_accum(internal, double precision, double precision, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_choppiness_accum';
COMMENT ON FUNCTION ca_choppiness_accum(internal, double precision, double precision, double precision, integer) IS 'transition function of choppiness';

CREATE AGGREGATE @extschema@.choppiness(high double precision, low double precision, close double precision, n integer) (
    SFUNC = ca_choppiness_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE choppiness(double precision, double precision, double precision, integer) IS
    'choppiness index of Dreiss over n bars, from 0, a straight trend, to 1, a range; NULL for the first n bars and without a range';

CREATE FUNCTION ca_choppiness_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_choppiness_accum';
COMMENT ON FUNCTION ca_choppiness_accum(internal, double precision, double precision, double precision) IS 'transition function of choppiness';

CREATE AGGREGATE @extschema@.choppiness(high double precision, low double precision, close double precision) (
    SFUNC = ca_choppiness_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE choppiness(double precision, double precision, double precision) IS
    'choppiness index of Dreiss over 14 bars';
