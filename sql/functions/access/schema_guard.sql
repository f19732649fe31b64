-- The schema of the extension keeps its name, which its functions search; docs/guide/operations.md says so.

CREATE FUNCTION ca_guard_schema() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_guard_schema';
COMMENT ON FUNCTION ca_guard_schema() IS
    'event trigger: refuses to rename the schema of the extension';

CREATE EVENT TRIGGER cryptoanalytics_guard_schema ON ddl_command_start
    WHEN TAG IN ('ALTER SCHEMA')
    EXECUTE FUNCTION ca_guard_schema();
-- in sessions that replicate too
ALTER EVENT TRIGGER cryptoanalytics_guard_schema ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER cryptoanalytics_guard_schema IS
    'refuses to rename the schema of the extension';
