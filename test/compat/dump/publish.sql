-- Publishes every table of the extension. The slot is created here, because CREATE SUBSCRIPTION, which would create it,
-- waits for itself if both databases are on one server.
DO $$
BEGIN
    EXECUTE (
        SELECT format('CREATE PUBLICATION cryptoanalytics FOR TABLE %s', string_agg(c.oid::regclass::text, ', '))
        FROM pg_class AS c
        JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
        JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
        WHERE e.extname = 'cryptoanalytics' AND c.relkind = 'r');
END;
$$;
SELECT FROM pg_create_logical_replication_slot('cryptoanalytics', 'pgoutput');
