-- Percentile rank.

CREATE FUNCTION @extschema@.mid_rank(x double precision, population double precision[]) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_mid_rank';
COMMENT ON FUNCTION mid_rank(double precision, double precision[]) IS
    'share of a population that is below x, counting half of what equals x; NULL members do not count; NULL without members';
