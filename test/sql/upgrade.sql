-- An upgrade from any release leaves what an installation of the newest version makes.
SET client_min_messages = warning;
SET extra_float_digits = 0;
SET cryptoanalytics.allow_drop = on;

CREATE TEMP VIEW member AS
    SELECT d.classid, d.objid
    FROM pg_depend AS d
    JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass
      AND d.deptype = 'e'
      AND e.extname = 'cryptoanalytics';

-- tables, views, sequences, and the relations of composite types, which are no members themselves
CREATE TEMP VIEW relation AS
    SELECT c.*
    FROM pg_class AS c
    WHERE c.oid IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass)
       OR c.reltype IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass);

-- One row per fact about an object, without OIDs.
CREATE TEMP VIEW fact AS
    SELECT 'member' AS kind, pg_describe_object(classid, objid, 0) AS object, 'comment' AS name,
           obj_description(objid, classid::regclass::name) AS value
    FROM member
    UNION ALL
    SELECT 'function', p.oid::regprocedure::text, f.name, f.value
    FROM pg_proc AS p
    JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    JOIN pg_language AS l ON l.oid = p.prolang,
    LATERAL (VALUES ('arguments', pg_get_function_arguments(p.oid)), ('result', pg_get_function_result(p.oid)),
                    ('language', l.lanname), ('source', p.prosrc), ('library', p.probin),
                    ('definition', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END),
                    ('kind', p.prokind::text), ('volatility', p.provolatile::text), ('strict', p.proisstrict::text),
                    ('parallel', p.proparallel::text), ('leakproof', p.proleakproof::text), ('definer', p.prosecdef::text),
                    ('cost', p.procost::text), ('rows', p.prorows::text), ('support', p.prosupport::regproc::text),
                    ('settings', p.proconfig::text), ('privileges', p.proacl::text)) AS f (name, value)
    UNION ALL
    SELECT 'aggregate', a.aggfnoid::regprocedure::text, f.name, f.value
    FROM pg_aggregate AS a
    JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = a.aggfnoid,
    LATERAL (VALUES ('kind', a.aggkind::text), ('transition', a.aggtransfn::regproc::text), ('final', a.aggfinalfn::regproc::text),
                    ('combine', a.aggcombinefn::regproc::text), ('serial', a.aggserialfn::regproc::text),
                    ('deserial', a.aggdeserialfn::regproc::text), ('moving transition', a.aggmtransfn::regproc::text),
                    ('moving inverse', a.aggminvtransfn::regproc::text), ('moving final', a.aggmfinalfn::regproc::text),
                    ('final extra', a.aggfinalextra::text), ('final modify', a.aggfinalmodify::text),
                    ('sort', a.aggsortop::regoperator::text), ('state', format_type(a.aggtranstype, NULL)),
                    ('space', a.aggtransspace::text), ('initial', a.agginitval)) AS f (name, value)
    UNION ALL
    SELECT 'schema', n.nspname, f.name, f.value
    FROM pg_namespace AS n
    JOIN member AS m ON m.classid = 'pg_namespace'::regclass AND m.objid = n.oid,
    LATERAL (VALUES ('owner', n.nspowner::regrole::text), ('privileges', n.nspacl::text)) AS f (name, value)
    UNION ALL
    -- what pg_dump assumes as default
    SELECT 'initial privileges', pg_describe_object(i.classoid, i.objoid, i.objsubid), i.privtype::text, i.initprivs::text
    FROM pg_init_privs AS i
    JOIN member AS m ON m.classid = i.classoid AND m.objid = i.objoid
    UNION ALL
    SELECT 'type', format_type(t.oid, NULL), f.name, f.value
    FROM pg_type AS t
    JOIN member AS m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid,
    LATERAL (VALUES ('type', t.typtype::text), ('category', t.typcategory::text), ('base', format_type(t.typbasetype, t.typtypmod)),
                    ('not null', t.typnotnull::text), ('default', t.typdefault), ('privileges', t.typacl::text),
                    ('labels', (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum AS e WHERE e.enumtypid = t.oid)),
                    ('constraints', (SELECT string_agg(pg_get_constraintdef(c.oid), ',' ORDER BY c.conname)
                                     FROM pg_constraint AS c WHERE c.contypid = t.oid))) AS f (name, value)
    UNION ALL
    SELECT 'relation', c.relname, f.name, f.value
    FROM relation AS c,
    LATERAL (VALUES ('kind', c.relkind::text), ('persistence', c.relpersistence::text), ('row security', c.relrowsecurity::text),
                    ('forced row security', c.relforcerowsecurity::text), ('options', c.reloptions::text), ('privileges', c.relacl::text),
                    ('identity', c.relreplident::text), ('view', CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)) AS f (name, value)
    UNION ALL
    SELECT 'column', format('%s.%s', c.relname, a.attname), f.name, f.value
    FROM relation AS c
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum,
    LATERAL (VALUES ('number', a.attnum::text), ('type', format_type(a.atttypid, a.atttypmod)), ('not null', a.attnotnull::text),
                    ('default', pg_get_expr(d.adbin, d.adrelid)), ('identity', a.attidentity::text), ('generated', a.attgenerated::text),
                    ('storage', a.attstorage::text), ('privileges', a.attacl::text), ('comment', col_description(c.oid, a.attnum))) AS f (name, value)
    UNION ALL
    SELECT 'constraint', format('%s on %s', n.conname, c.relname), f.name, f.value
    FROM relation AS c
    JOIN pg_constraint AS n ON n.conrelid = c.oid,
    LATERAL (VALUES ('definition', pg_get_constraintdef(n.oid)), ('comment', obj_description(n.oid, 'pg_constraint'))) AS f (name, value)
    UNION ALL
    SELECT 'index', i.indexrelid::regclass::text, f.name, f.value
    FROM relation AS c
    JOIN pg_index AS i ON i.indrelid = c.oid,
    LATERAL (VALUES ('definition', pg_get_indexdef(i.indexrelid)), ('comment', obj_description(i.indexrelid, 'pg_class'))) AS f (name, value)
    UNION ALL
    SELECT 'trigger', format('%s on %s', t.tgname, c.relname), f.name, f.value
    FROM relation AS c
    JOIN pg_trigger AS t ON t.tgrelid = c.oid AND NOT t.tgisinternal,
    LATERAL (VALUES ('definition', pg_get_triggerdef(t.oid)), ('enabled', t.tgenabled::text), ('comment', obj_description(t.oid, 'pg_trigger'))) AS f (name, value)
    UNION ALL
    SELECT 'policy', format('%s on %s', p.polname, c.relname), f.name, f.value
    FROM relation AS c
    JOIN pg_policy AS p ON p.polrelid = c.oid,
    LATERAL (VALUES ('command', p.polcmd::text), ('permissive', p.polpermissive::text), ('comment', obj_description(p.oid, 'pg_policy')),
                    ('using', pg_get_expr(p.polqual, c.oid)), ('check', pg_get_expr(p.polwithcheck, c.oid))) AS f (name, value)
    UNION ALL
    SELECT 'event trigger', t.evtname, f.name, f.value
    FROM pg_event_trigger AS t
    JOIN member AS m ON m.classid = 'pg_event_trigger'::regclass AND m.objid = t.oid,
    LATERAL (VALUES ('event', t.evtevent::text), ('tags', t.evttags::text), ('function', t.evtfoid::regproc::text), ('enabled', t.evtenabled::text))
        AS f (name, value)
    UNION ALL
    SELECT 'sequence', c.relname, f.name, f.value
    FROM relation AS c
    JOIN pg_sequence AS s ON s.seqrelid = c.oid,
    LATERAL (VALUES ('type', format_type(s.seqtypid, NULL)), ('start', s.seqstart::text), ('increment', s.seqincrement::text),
                    ('minimum', s.seqmin::text), ('maximum', s.seqmax::text), ('cycle', s.seqcycle::text),
                    ('owner', (SELECT pg_describe_object(d.refclassid, d.refobjid, d.refobjsubid) FROM pg_depend AS d
                               WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                                 AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')))) AS f (name, value)
    UNION ALL
    SELECT 'dumped', c.oid::regclass::text, 'condition', c.condition
    FROM pg_extension AS e, unnest(e.extconfig, e.extcondition) AS c (oid, condition)
    WHERE e.extname = 'cryptoanalytics'
    UNION ALL
    SELECT 'extension', e.extname, f.name, f.value
    FROM pg_extension AS e, LATERAL (VALUES ('version', e.extversion), ('relocatable', e.extrelocatable::text)) AS f (name, value)
    WHERE e.extname = 'cryptoanalytics';

-- The rows of a relation, by the columns that it had at that time.
CREATE TEMP TABLE data (release text, relation text, columns text, before text, after text);
CREATE FUNCTION pg_temp.digest(relation text, columns text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    digest text;
BEGIN
    EXECUTE format('SELECT concat_ws('' rows '', count(*), md5(string_agg(r.md5, '''' ORDER BY r.md5 COLLATE "C")))
                    FROM (SELECT md5(row(%s)::text) AS md5 FROM %I) AS r', columns, relation)
    INTO digest;
    RETURN digest;
END;
$$;

-- From each release, with extreme rows in all tables: their contents before and after, and the catalog.
\set fill `cat "$PG_ABS_SRCDIR/compat/dump/fill.sql"`
CREATE TEMP TABLE upgraded AS SELECT NULL::text AS release, * FROM fact LIMIT 0;
CREATE TEMP TABLE released AS
    SELECT v.version
    FROM pg_available_extension_versions AS v
    JOIN pg_available_extensions AS e USING (name)
    WHERE v.name = 'cryptoanalytics' AND v.version <> e.default_version;
SELECT count(*) >= 4 AND bool_or(version = '0.1.0') AS releases FROM released;
\set ECHO none
SELECT s.statement
FROM released AS r
CROSS JOIN LATERAL (VALUES
    (1, format('CREATE EXTENSION cryptoanalytics VERSION %L', r.version)),
    (2, :'fill'),
    (3, format('INSERT INTO data
                SELECT %L, c.relname, a.columns, pg_temp.digest(c.relname, a.columns)
                FROM relation AS c
                CROSS JOIN LATERAL (SELECT string_agg(quote_ident(attname)
                                                      -- 0.7.0 shows two more zeros
                                                      || CASE WHEN attname = ''funding_rate_btc'' THEN ''::numeric(12,8)'' ELSE '''' END,
                                                      '','' ORDER BY attnum) AS columns
                                    FROM pg_attribute
                                    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped) AS a
                WHERE c.relkind IN (''r'', ''v'', ''f'', ''S'')', r.version)),
    (4, 'ALTER EXTENSION cryptoanalytics UPDATE'),
    (5, format('UPDATE data SET after = pg_temp.digest(relation, columns) WHERE release = %L', r.version)),
    (6, format('INSERT INTO upgraded SELECT %L, * FROM fact', r.version)),
    (7, 'DROP EXTENSION cryptoanalytics')) AS s (place, statement)
ORDER BY r.version, s.place
\gexec
\set ECHO all
RESET search_path;
CREATE EXTENSION cryptoanalytics;
CREATE TEMP TABLE installed AS SELECT * FROM fact;

-- There is something of every kind to compare.
SELECT kind, count(*) > 0 AS some FROM installed GROUP BY kind ORDER BY kind COLLATE "C";
SELECT count(*) > 800 AS installed FROM installed;
SELECT count(*) = (SELECT count(*) FROM released) AS all, bool_and(facts > 800) AS facts, bool_and(tables >= 29) AS filled
FROM (SELECT u.release, count(*) AS facts FROM upgraded AS u GROUP BY u.release) AS u
JOIN (SELECT d.release, count(*) FILTER (WHERE d.before !~ '^0') AS tables FROM data AS d GROUP BY d.release) AS d USING (release);

-- What only an upgrade leaves, and what only an installation makes: nothing.
SELECT * FROM (TABLE upgraded EXCEPT ALL SELECT r.version, i.* FROM released AS r, installed AS i) AS d
ORDER BY release, kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";
SELECT * FROM (SELECT r.version, i.* FROM released AS r, installed AS i EXCEPT ALL TABLE upgraded) AS d
ORDER BY version, kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";

-- What an upgrade loses or changes in the tables: nothing.
SELECT release, relation, before, after FROM data WHERE before IS DISTINCT FROM after ORDER BY release, relation COLLATE "C";

-- The library has every C function that a script names, above all a released one.
CREATE TEMP TABLE symbol AS
    SELECT DISTINCT (regexp_matches(pg_read_file(format('%s/extension/%s', c.setting, f)), '''MODULE_PATHNAME'',\s*''(\w+)''', 'g'))[1] AS name
    FROM pg_config AS c, pg_ls_dir(c.setting || '/extension') AS f
    WHERE c.name = 'SHAREDIR' AND f ~ '^cryptoanalytics--.*\.sql$';
SELECT count(*) >= 80 AS named FROM symbol;
-- A function that never existed shows that others would be missed.
INSERT INTO symbol VALUES ('ca_that_never_was');
DO $$
DECLARE
    symbol text;
BEGIN
    FOR symbol IN SELECT s.name FROM symbol AS s ORDER BY s.name COLLATE "C" LOOP
        BEGIN
            EXECUTE format('CREATE FUNCTION pg_temp.probe() RETURNS void LANGUAGE c AS %L, %L', '$libdir/cryptoanalytics', symbol);
            DROP FUNCTION pg_temp.probe();
        EXCEPTION WHEN undefined_function THEN
            RAISE WARNING 'no C function %', symbol;
        END;
    END LOOP;
END;
$$;

-- Nothing is left.
DROP EXTENSION cryptoanalytics;
SELECT count(*) FROM fact;

-- A schema with the name of the internal one prevents installing and updating the extension: nothing is changed.
\set SHOW_CONTEXT never
CREATE SCHEMA cryptoanalytics_internal;
CREATE EXTENSION cryptoanalytics;
SELECT count(*) FROM fact;
CREATE EXTENSION cryptoanalytics VERSION '0.7.0';
CREATE TEMP TABLE before AS SELECT * FROM fact;
ALTER EXTENSION cryptoanalytics UPDATE;
SELECT count(*) > 800 AS enough FROM before;
SELECT * FROM ((TABLE before EXCEPT TABLE fact) UNION ALL (TABLE fact EXCEPT TABLE before)) AS d;
DROP SCHEMA cryptoanalytics_internal;
\set SHOW_CONTEXT errors

-- Functions of others with such names stay where they are; what others have built on support functions keeps working.
CREATE FUNCTION ca_check_asset(asset text) RETURNS text LANGUAGE sql RETURN 'a function of the user''s';
CREATE FUNCTION ca_of_user() RETURNS text LANGUAGE sql RETURN ca_check_asset('BTC'::text);
CREATE TABLE of_user (x numeric CONSTRAINT of_user_check CHECK (all_finite(x)), updated_at timestamptz);
CREATE TRIGGER of_user_touch BEFORE UPDATE ON of_user FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
REVOKE EXECUTE ON FUNCTION ca_order_key(numeric) FROM PUBLIC;
ALTER EXTENSION cryptoanalytics UPDATE;
SELECT p.oid::regprocedure FROM pg_proc AS p WHERE p.proname IN ('ca_check_asset', 'ca_of_user') ORDER BY p.oid::regprocedure::text COLLATE "C";
SELECT ca_of_user();
INSERT INTO of_user VALUES ('NaN');
INSERT INTO of_user VALUES (1);
UPDATE of_user SET x = 2 RETURNING updated_at = now() AS touched;
SELECT has_function_privilege('public', 'cryptoanalytics_internal.ca_order_key(numeric)', 'EXECUTE') AS granted;
DROP TABLE of_user;
DROP FUNCTION ca_of_user(), ca_check_asset(text);
DROP EXTENSION cryptoanalytics;
