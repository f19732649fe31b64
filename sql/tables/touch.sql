-- The old and the new row are compared here and not in the conditions of the triggers, because those
-- are not possible on a table with a generated column.  They are compared byte by byte, because a column
-- that somebody adds may have a type without equality.
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
