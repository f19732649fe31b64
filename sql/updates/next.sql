-- What the upgrade does that a replay of the parts does not: changes of tables, types, indexes,
-- policies and signatures before the replay, and after it the end of what is no longer needed.
-- What users call or read is created with its schema, @extschema@, as in the parts.
-- from 0.7.0

-- Support functions move to a schema of their own; rights and whatever calls them by more than a name follow.
-- Until the replay, functions in PL/pgSQL do not find them: no row must be written before it.
CREATE SCHEMA cryptoanalytics_internal;
DO $$
DECLARE
    routine regprocedure;
BEGIN
    FOR routine IN
        SELECT p.oid
        FROM pg_catalog.pg_extension AS e
        JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
                                      AND d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'e'
        JOIN pg_catalog.pg_proc AS p ON p.oid = d.objid
        WHERE e.extname = 'cryptoanalytics'
          AND (p.proname LIKE 'ca\_%' OR p.proname IN ('all_finite', 'price_fits', 'touch_updated_at'))
    LOOP
        EXECUTE pg_catalog.format('ALTER ROUTINE %s SET SCHEMA cryptoanalytics_internal', routine);
    END LOOP;
END;
$$;

-- what no longer serves look-ups by another key
DROP INDEX @extschema@.signal_alerts_expires_at_idx;
CREATE INDEX signal_alerts_expires_at_idx ON @extschema@.signal_alerts (expires_at)
    WHERE is_active AND NOT is_triggered AND expires_at IS NOT NULL;

-- an action looks up its position by key
ALTER POLICY trade_actions_of_user ON @extschema@.trade_actions
    USING (cryptoanalytics_internal.ca_first_user() < cryptoanalytics_internal.ca_last_user()
           OR CASE WHEN (SELECT current_setting('enable_seqscan')) = 'off'
                   THEN EXISTS (SELECT FROM @extschema@.portfolio AS p WHERE p.id = portfolio_id OFFSET 0)
                   ELSE EXISTS (SELECT FROM @extschema@.portfolio AS p WHERE p.id = portfolio_id) END)
    WITH CHECK (cryptoanalytics_internal.ca_first_user() < cryptoanalytics_internal.ca_last_user()
                OR EXISTS (SELECT FROM @extschema@.portfolio AS p WHERE p.id = portfolio_id OFFSET 0));

-- replay
