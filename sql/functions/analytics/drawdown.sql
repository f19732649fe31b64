-- How far a series is below its peak, as aggregates for GROUP BY and for windows, in order.

CREATE FUNCTION ca_drawdown_slide(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_drawdown_slide';
COMMENT ON FUNCTION ca_drawdown_slide(internal, numeric) IS 'transition function of drawdown and max_drawdown in windows that slide';

CREATE FUNCTION ca_drawdown_remove(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_drawdown_remove';
COMMENT ON FUNCTION ca_drawdown_remove(internal, numeric) IS 'inverse transition function of drawdown and max_drawdown';

CREATE FUNCTION ca_drawdown_slide(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_drawdown_slide';
COMMENT ON FUNCTION ca_drawdown_slide(internal, double precision) IS 'transition function of drawdown and max_drawdown in windows that slide';

CREATE FUNCTION ca_drawdown_remove(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_drawdown_remove';
COMMENT ON FUNCTION ca_drawdown_remove(internal, double precision) IS 'inverse transition function of drawdown and max_drawdown';

CREATE FUNCTION ca_drawdown_slide_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_drawdown_slide_final';
COMMENT ON FUNCTION ca_drawdown_slide_final(internal) IS 'final function of drawdown in windows that slide';

CREATE FUNCTION ca_max_drawdown_slide_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_max_drawdown_slide_final';
COMMENT ON FUNCTION ca_max_drawdown_slide_final(internal) IS 'final function of max_drawdown in windows that slide';

CREATE FUNCTION ca_drawdown_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_drawdown_accum';
COMMENT ON FUNCTION ca_drawdown_accum(internal, numeric) IS 'transition function of drawdown';

CREATE AGGREGATE @extschema@.drawdown(price numeric) (
    SFUNC = ca_drawdown_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    MSFUNC = ca_drawdown_slide,
    MINVFUNC = ca_drawdown_remove,
    MSTYPE = internal,
    MFINALFUNC = ca_drawdown_slide_final,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE drawdown(numeric) IS
    'price relative to the highest so far, minus 1: 0 at a new peak, else negative; NULL while no price is above zero';

CREATE FUNCTION ca_drawdown_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_drawdown_accum';
COMMENT ON FUNCTION ca_drawdown_accum(internal, double precision) IS 'transition function of drawdown';

CREATE AGGREGATE @extschema@.drawdown(price double precision) (
    SFUNC = ca_drawdown_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    MSFUNC = ca_drawdown_slide,
    MINVFUNC = ca_drawdown_remove,
    MSTYPE = internal,
    MFINALFUNC = ca_drawdown_slide_final,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE drawdown(double precision) IS
    'price relative to the highest so far, minus 1: 0 at a new peak, else negative; NULL while no price is above zero';

CREATE FUNCTION ca_max_drawdown_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_max_drawdown_accum';
COMMENT ON FUNCTION ca_max_drawdown_accum(internal, numeric) IS 'transition function of max_drawdown';

CREATE AGGREGATE @extschema@.max_drawdown(price numeric) (
    SFUNC = ca_max_drawdown_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    MSFUNC = ca_drawdown_slide,
    MINVFUNC = ca_drawdown_remove,
    MSTYPE = internal,
    MFINALFUNC = ca_max_drawdown_slide_final,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_drawdown(numeric) IS
    'lowest drawdown so far: a price relative to the highest before it, minus 1; NULL while no price is above zero';

CREATE FUNCTION ca_max_drawdown_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_max_drawdown_accum';
COMMENT ON FUNCTION ca_max_drawdown_accum(internal, double precision) IS 'transition function of max_drawdown';

CREATE AGGREGATE @extschema@.max_drawdown(price double precision) (
    SFUNC = ca_max_drawdown_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    MSFUNC = ca_drawdown_slide,
    MINVFUNC = ca_drawdown_remove,
    MSTYPE = internal,
    MFINALFUNC = ca_max_drawdown_slide_final,
    MFINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_drawdown(double precision) IS
    'lowest drawdown so far: a price relative to the highest before it, minus 1; NULL while no price is above zero';

CREATE FUNCTION ca_ulcer_index_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ulcer_index_accum';
COMMENT ON FUNCTION ca_ulcer_index_accum(internal, numeric) IS 'transition function of ulcer_index';

CREATE AGGREGATE @extschema@.ulcer_index(price numeric) (
    SFUNC = ca_ulcer_index_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ulcer_index(numeric) IS
    'root of the mean square of all drawdowns so far, as a fraction; NULL while no price is above zero';

CREATE FUNCTION ca_ulcer_index_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ulcer_index_accum';
COMMENT ON FUNCTION ca_ulcer_index_accum(internal, double precision) IS 'transition function of ulcer_index';

CREATE AGGREGATE @extschema@.ulcer_index(price double precision) (
    SFUNC = ca_ulcer_index_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ulcer_index(double precision) IS
    'root of the mean square of all drawdowns so far, as a fraction; NULL while no price is above zero';
