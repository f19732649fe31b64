-- What a database holds, one fact per line: the rows of each table and view of the extension, the positions of its
-- sequences, and the settings of the database. Equal databases print equal lines on any version of PostgreSQL.
\pset format unaligned
\pset tuples_only on
SET search_path = cryptoanalytics, public;
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET bytea_output = 'hex';

CREATE FUNCTION pg_temp.rows_of(relation regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    digest text;
BEGIN
    EXECUTE format($q$SELECT format('%%s rows, %%s', count(*), md5(string_agg(md5(t::text), '' ORDER BY md5(t::text) COLLATE "C"))) FROM %s AS t$q$,
                   relation)
    INTO digest;
    RETURN digest;
END;
$$;

CREATE FUNCTION pg_temp.stand_of(sequence regclass) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    stand text;
BEGIN
    EXECUTE format('SELECT format(''last %%s, given out: %%s'', last_value, is_called) FROM %s', sequence) INTO stand;
    RETURN stand;
END;
$$;

SELECT c.relname, CASE c.relkind WHEN 'S' THEN pg_temp.stand_of(c.oid) ELSE pg_temp.rows_of(c.oid) END
FROM pg_class AS c
JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'v', 'f', 'S')
  -- except those that the extension tells pg_dump to omit
  AND e.extcondition[array_position(e.extconfig, c.oid)] IS DISTINCT FROM 'WHERE false'
ORDER BY c.relname COLLATE "C";

SELECT 'setting', setting
FROM pg_db_role_setting AS s
JOIN pg_database AS d ON d.oid = s.setdatabase
CROSS JOIN LATERAL unnest(s.setconfig) AS setting
WHERE d.datname = current_database() AND s.setrole = 0
ORDER BY setting COLLATE "C";
