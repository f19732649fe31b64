-- What the statistics of returns and candles share: support functions of their aggregates.
--
-- Their sums are exact, so the order of rows does not matter, and a window that slides takes a row
-- out again in constant time.

CREATE FUNCTION ca_statistic_remove_row(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, double precision) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, double precision, double precision) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, double precision, double precision, double precision) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, double precision, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, double precision, double precision, double precision, double precision) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, double precision, double precision, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, double precision, double precision, double precision, double precision, double precision) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, numeric, numeric) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, numeric, numeric, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, numeric, numeric, double precision) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, numeric, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, numeric, numeric, numeric, numeric) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_remove_row(internal, numeric, numeric, numeric, numeric, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_remove_row';
COMMENT ON FUNCTION ca_statistic_remove_row(internal, numeric, numeric, numeric, numeric, double precision) IS 'inverse transition function of statistics with these arguments';

CREATE FUNCTION ca_statistic_combine_states(internal, internal) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_combine_states';
COMMENT ON FUNCTION ca_statistic_combine_states(internal, internal) IS 'combine function of statistics';

CREATE FUNCTION ca_statistic_serialize(internal) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_serialize';
COMMENT ON FUNCTION ca_statistic_serialize(internal) IS 'serialization function of statistics';

CREATE FUNCTION ca_statistic_deserialize(bytea, internal) RETURNS internal
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_deserialize';
COMMENT ON FUNCTION ca_statistic_deserialize(bytea, internal) IS 'deserialization function of statistics';

CREATE FUNCTION ca_statistic_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_statistic_final';
COMMENT ON FUNCTION ca_statistic_final(internal) IS 'final function of statistics';
