-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: archive.

CREATE TABLE series_locks (
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    purpose varchar NOT NULL,
    moves bigint NOT NULL DEFAULT 0,
    CONSTRAINT series_locks_pkey PRIMARY KEY (asset_id, timeframe, purpose),
    CONSTRAINT series_locks_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT series_locks_purpose_check CHECK (purpose IN ('candles', 'indicators', 'archive'))
);

CREATE TABLE work_locks (
    name varchar NOT NULL,
    CONSTRAINT work_locks_pkey PRIMARY KEY (name)
);

-- Who writes candles locks series, and who maintains locks work: roles that may already do so.
DO $$
DECLARE
    r pg_catalog.record;
BEGIN
    FOR r IN
        SELECT DISTINCT a.grantee
        FROM pg_catalog.pg_class AS c
        CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) AS a
        JOIN pg_catalog.pg_roles AS g ON g.oid OPERATOR(pg_catalog.=) a.grantee
        WHERE c.oid OPERATOR(pg_catalog.=) '@extschema@.price_data'::pg_catalog.regclass
          AND a.privilege_type OPERATOR(pg_catalog.=) 'INSERT'
          AND a.grantee OPERATOR(pg_catalog.<>) c.relowner
    LOOP
        EXECUTE pg_catalog.format('GRANT SELECT, INSERT, UPDATE, DELETE ON @extschema@.series_locks, @extschema@.work_locks TO %s',
                                  r.grantee::pg_catalog.regrole);
    END LOOP;
END;
$$;

ALTER TABLE technical_indicator_notes DROP CONSTRAINT technical_indicator_notes_asset_id_fkey;

DROP PROCEDURE ca_move_range(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz);
