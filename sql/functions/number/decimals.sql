-- Decimals.

CREATE FUNCTION @extschema@.numeric_to_double(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_numeric_to_double';
COMMENT ON FUNCTION numeric_to_double(numeric) IS
    'the double precision number nearest to x: the same as x::double precision, but directly from the digits instead of through text';

CREATE FUNCTION ca_order_key(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_order_key';
COMMENT ON FUNCTION ca_order_key(numeric) IS
    'a double precision number that never decreases when x increases; its comparisons are leakproof, so an index on it works under row-level security';
