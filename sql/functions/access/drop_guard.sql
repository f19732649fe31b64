-- Tables that hold rows are not dropped by accident; docs/guide/operations.md says what is guarded.

CREATE FUNCTION ca_guard_drop() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_guard_drop';
COMMENT ON FUNCTION ca_guard_drop() IS
    'event trigger: from now on the session cannot drop a table of the extension that holds rows, unless cryptoanalytics.allow_drop is on';

-- the commands whose CASCADE reaches an extension or its tables
CREATE EVENT TRIGGER cryptoanalytics_guard_drop ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED', 'DROP LANGUAGE', 'DROP TABLE',
                 'DROP FOREIGN TABLE', 'DROP TYPE', 'DROP ACCESS METHOD', 'DROP SERVER', 'DROP FOREIGN DATA WRAPPER')
    EXECUTE FUNCTION ca_guard_drop();
-- in sessions that replicate too
ALTER EVENT TRIGGER cryptoanalytics_guard_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER cryptoanalytics_guard_drop IS
    'refuses to drop the extension while its tables hold rows';
