-- What several tables share.
--
-- Conventions of every table below:
--   - A closed list of values is text under a CHECK, not an enum: a value is added to it
--     without rewriting the table.  A list the data model introduces with "e.g." stays open.
--   - No numeric column accepts NaN or infinity, because one NaN would poison every aggregate over
--     it: each is under all_finite() or in a range.  NaN sorts above Infinity, so
--     "x < 'Infinity'" refuses both.
--   - NULL means "not known"; columns that are always known are NOT NULL.
--   - Every foreign key has an index; the comment on an index says which rows it finds.

CREATE FUNCTION all_finite(VARIADIC amounts numeric[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
RETURN ('NaN' <> ALL (amounts)
        AND 'Infinity' <> ALL (amounts) AND '-Infinity' <> ALL (amounts)) IS NOT FALSE;
COMMENT ON FUNCTION all_finite(numeric[]) IS
    'whether no amount is NaN or infinite; for CHECK constraints, so a NULL does not matter';

CREATE FUNCTION price_fits(amount numeric) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_price_fits';
COMMENT ON FUNCTION price_fits(numeric) IS
    'whether a price or a volume is finite and has at most 38 digits, at most 18 of them decimals, not counting trailing zeros; for CHECK constraints';

CREATE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_touch_updated_at';
COMMENT ON FUNCTION touch_updated_at() IS
    'trigger: sets updated_at to the start of the transaction if the row changes';
