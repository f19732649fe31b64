-- Decimals.

CREATE FUNCTION numeric_to_double(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_numeric_to_double';
COMMENT ON FUNCTION numeric_to_double(numeric) IS
    'the double precision number nearest to x: what x::double precision gives, straight from the digits instead of through text';
