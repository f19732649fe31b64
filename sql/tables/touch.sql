-- What the row was and will be is compared here and not in the conditions of the triggers: those
-- could be on no table with a generated column.  It is compared byte by byte, for a column that
-- somebody adds may be of a type without equality.
CREATE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
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
