-- Prints sql/functions/access/installed.sql, as a fresh installation of the extension has it:
--   psql -XAtq -d DATABASE -f scripts/installed.sql > sql/functions/access/installed.sql
-- Run it when a table, view, index, constraint, trigger or policy is added.
\set QUIET on
CREATE FUNCTION pg_temp.wrapped(names text) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$
    SELECT '''' || coalesce(rtrim(regexp_replace(names, '(.{1,110})( |$)', E'\\1\n      ', 'g'), E' \n'), '') || '''';
$$;

SELECT $head$-- What the extension itself puts on its tables and views. Made by scripts/installed.sql: change that, not this.

CREATE FUNCTION ca_installed()
    RETURNS TABLE (name text, columns integer, row_security boolean, constraints text, indexes text, triggers text, policies text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES$head$;

SELECT string_agg(format(E'    (''%s'', %s, %s,\n     %s,\n     %s,\n     %s, %s)',
                         c.relname, (SELECT max(a.attnum) FROM pg_attribute AS a WHERE a.attrelid = c.oid), c.relrowsecurity::text,
                         pg_temp.wrapped((SELECT string_agg(n.conname, ' ' ORDER BY n.conname COLLATE "C") FROM pg_constraint AS n
                                          WHERE n.conrelid = c.oid AND n.contype IN ('c', 'f', 'p', 'u', 'x'))),
                         pg_temp.wrapped((SELECT string_agg(x.relname, ' ' ORDER BY x.relname COLLATE "C")
                                          FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
                                          WHERE i.indrelid = c.oid
                                            AND NOT EXISTS (SELECT FROM pg_constraint AS n
                                                            WHERE n.conindid = x.oid AND n.contype IN ('p', 'u', 'x')))),
                         pg_temp.wrapped((SELECT string_agg(t.tgname, ' ' ORDER BY t.tgname COLLATE "C") FROM pg_trigger AS t
                                          WHERE t.tgrelid = c.oid AND NOT t.tgisinternal)),
                         pg_temp.wrapped((SELECT string_agg(p.polname, ' ' ORDER BY p.polname COLLATE "C") FROM pg_policy AS p
                                          WHERE p.polrelid = c.oid))),
                  E',\n' ORDER BY c.relname COLLATE "C") || ';'
FROM pg_extension AS e
JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                   AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
JOIN pg_class AS c ON c.oid = d.objid
WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'v', 'm', 'f');

SELECT $tail$END;
COMMENT ON FUNCTION ca_installed() IS
    'number of columns, row-level security, and names of constraints, of indexes that do not belong to a constraint, triggers and policies of each table and view, as installed';$tail$;
