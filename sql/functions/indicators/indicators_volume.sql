-- Technical indicators of volume: volume-weighted average price, on-balance volume.  Aggregates for
-- GROUP BY and for windows.

CREATE FUNCTION ca_vwap_accum(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_vwap_accum';
COMMENT ON FUNCTION ca_vwap_accum(internal, numeric, numeric) IS 'transition function of vwap';

CREATE AGGREGATE @extschema@.vwap(price numeric, volume numeric) (
    SFUNC = ca_vwap_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE vwap(numeric, numeric) IS
    'volume-weighted average price; NULL while nothing was traded';

CREATE FUNCTION ca_vwap_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_vwap_accum';
COMMENT ON FUNCTION ca_vwap_accum(internal, double precision, double precision) IS 'transition function of vwap';

CREATE AGGREGATE @extschema@.vwap(price double precision, volume double precision) (
    SFUNC = ca_vwap_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE vwap(double precision, double precision) IS
    'volume-weighted average price; NULL while nothing was traded';

CREATE FUNCTION ca_obv_accum(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_obv_accum';
COMMENT ON FUNCTION ca_obv_accum(internal, numeric, numeric) IS 'transition function of obv';

CREATE AGGREGATE @extschema@.obv(close numeric, volume numeric) (
    SFUNC = ca_obv_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE obv(numeric, numeric) IS
    'on-balance volume: running sum of volumes, each with the sign of the close''s change, from the first volume on';

CREATE FUNCTION ca_obv_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_obv_accum';
COMMENT ON FUNCTION ca_obv_accum(internal, double precision, double precision) IS 'transition function of obv';

CREATE AGGREGATE @extschema@.obv(close double precision, volume double precision) (
    SFUNC = ca_obv_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE obv(double precision, double precision) IS
    'on-balance volume: running sum of volumes, each with the sign of the close''s change, from the first volume on';
