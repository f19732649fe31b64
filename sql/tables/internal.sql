-- The schema of what is not offered to users: support functions of aggregates, triggers, checks and helpers.
--
-- An object without a schema in its CREATE is made here; what users call or read names @extschema@.
-- Names are looked up here first, so that a function of the same name and arguments that somebody has put
-- into the schema of the extension is never taken instead.

CREATE SCHEMA cryptoanalytics_internal;
COMMENT ON SCHEMA cryptoanalytics_internal IS
    'support functions of extension cryptoanalytics, which may change with every version';
-- functions that run with the rights of their caller look others up here
GRANT USAGE ON SCHEMA cryptoanalytics_internal TO PUBLIC;

-- to the end of this script
SET LOCAL search_path = cryptoanalytics_internal, @extschema@, pg_temp;
