-- types.sql: what the tables share and no table owns
--
-- Conventions of every table below:
--   - A closed list of values is text under a CHECK, not an enum: a value is added to it
--     without rewriting the table.  A list the data model introduces with "e.g." stays open.
--   - No numeric column takes NaN or infinity, for one NaN would poison every aggregate over
--     it: each is under all_finite() or in a range.  NaN sorts above Infinity, so
--     "x < 'Infinity'" refuses both.
--   - NULL stands for "not known"; what always is known is NOT NULL.
--   - Every foreign key has an index; the comment on an index says which rows it finds.

CREATE FUNCTION all_finite(VARIADIC amounts numeric[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
RETURN ('NaN' <> ALL (amounts)
        AND 'Infinity' <> ALL (amounts) AND '-Infinity' <> ALL (amounts)) IS NOT FALSE;
COMMENT ON FUNCTION all_finite(numeric[]) IS
    'whether no amount is NaN or infinite; for CHECK constraints, so a NULL does not matter';

-- What the row was and will be is compared here and not in the conditions of the triggers: those
-- could be on no table with a generated column.  It is compared byte by byte, for a column that
-- somebody adds may be of a type without equality.
CREATE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF OLD *<> NEW THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION touch_updated_at() IS
    'trigger: sets updated_at to the start of the transaction if the row changes';
