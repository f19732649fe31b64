-- Changes of compressed candles are noted for the indicators, like those of candles that are rows.

CREATE FUNCTION ca_note_segment() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF current_setting('cryptoanalytics.moving', true) IS DISTINCT FROM 'on' THEN
        PERFORM ca_note_change(OLD.asset_id, OLD.timeframe, OLD.first_time);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_segment() IS
    'trigger: notes that candles of a segment were deleted or corrected, unless they move, from the first of the segment on; it runs with its owner''s rights because it calls ca_note_change()';
REVOKE EXECUTE ON FUNCTION ca_note_segment() FROM PUBLIC;

-- a segment with other candles replaces one that is deleted, so INSERT needs no trigger
CREATE TRIGGER price_data_segments_note_delete
    AFTER DELETE ON price_data_segments
    FOR EACH ROW EXECUTE FUNCTION ca_note_segment();
COMMENT ON TRIGGER price_data_segments_note_delete ON price_data_segments IS
    'compressed candles that were deleted or corrected are noted for the indicators';

CREATE TRIGGER price_data_segments_note_truncate
    AFTER TRUNCATE ON price_data_segments
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_truncation();
COMMENT ON TRIGGER price_data_segments_note_truncate ON price_data_segments IS
    'that all candles went is noted for the indicators';

-- These functions say on, and triggers compare with that: whatever else a session makes of the setting
-- before it loads the library counts as off, and a note too many does no harm.
-- Moving a candle to the archive or into a segment is not a change.  Making it live is one, because it
-- may need its JSON; inserts into price_data are noted there.
ALTER FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_compress_batch(boolean, integer, text, timestamptz, timestamptz, integer, boolean)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_decompress_batch(integer, text, timestamptz, timestamptz, integer)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_take_compressed(integer, text, timestamptz, timestamptz, integer)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_drop_superseded(integer, text, timestamptz[])
    SET cryptoanalytics.moving = 'on';
