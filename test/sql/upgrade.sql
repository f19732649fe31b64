-- Upgrading from any release leaves what installing the newest version makes.
SET client_min_messages = warning;
SET extra_float_digits = 0;

CREATE TEMP VIEW member AS
    SELECT d.classid, d.objid
    FROM pg_depend AS d
    JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass
      AND d.deptype = 'e'
      AND e.extname = 'cryptoanalytics';

-- tables, views, sequences, and the composite types' relations, which are no members themselves
CREATE TEMP VIEW relation AS
    SELECT c.*
    FROM pg_class AS c
    WHERE c.oid IN (SELECT objid FROM member WHERE classid = 'pg_class'::regclass)
       OR c.reltype IN (SELECT objid FROM member WHERE classid = 'pg_type'::regclass);

-- one row a fact about an object, and no OID in it
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
    LATERAL (VALUES ('command', p.polcmd::text), ('using', pg_get_expr(p.polqual, c.oid)), ('check', pg_get_expr(p.polwithcheck, c.oid))) AS f (name, value)
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

CREATE EXTENSION cryptoanalytics VERSION '0.1.0';
CREATE TEMP TABLE first_release AS SELECT * FROM fact;
ALTER EXTENSION cryptoanalytics UPDATE;
CREATE TEMP TABLE upgraded AS SELECT * FROM fact;
DROP EXTENSION cryptoanalytics;
CREATE EXTENSION cryptoanalytics VERSION '0.2.0';
ALTER EXTENSION cryptoanalytics UPDATE;
CREATE TEMP TABLE upgraded_0_2_0 AS SELECT * FROM fact;
DROP EXTENSION cryptoanalytics;
CREATE EXTENSION cryptoanalytics VERSION '0.3.0';
ALTER EXTENSION cryptoanalytics UPDATE;
CREATE TEMP TABLE upgraded_0_3_0 AS SELECT * FROM fact;
DROP EXTENSION cryptoanalytics;
CREATE EXTENSION cryptoanalytics VERSION '0.4.0';
ALTER EXTENSION cryptoanalytics UPDATE;
CREATE TEMP TABLE upgraded_0_4_0 AS SELECT * FROM fact;
DROP EXTENSION cryptoanalytics;
CREATE EXTENSION cryptoanalytics;
CREATE TEMP TABLE installed AS SELECT * FROM fact;

-- there is something of every kind to compare
SELECT kind, count(*) > 0 AS some FROM installed GROUP BY kind ORDER BY kind COLLATE "C";
SELECT (SELECT count(*) > 800 FROM upgraded) AS upgraded, (SELECT count(*) > 800 FROM installed) AS installed;

-- the upgrade changed something, the version at least
SELECT object, name FROM (TABLE upgraded EXCEPT TABLE first_release) AS d WHERE kind = 'extension' ORDER BY name;

-- what only an upgrade leaves, and what only an installation makes: nothing
SELECT * FROM (TABLE upgraded EXCEPT ALL TABLE installed) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";
SELECT * FROM (TABLE installed EXCEPT ALL TABLE upgraded) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";

SELECT * FROM (TABLE upgraded_0_2_0 EXCEPT ALL TABLE installed) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";
SELECT * FROM (TABLE installed EXCEPT ALL TABLE upgraded_0_2_0) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";

SELECT * FROM (TABLE upgraded_0_3_0 EXCEPT ALL TABLE installed) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";
SELECT * FROM (TABLE installed EXCEPT ALL TABLE upgraded_0_3_0) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";

SELECT * FROM (TABLE upgraded_0_4_0 EXCEPT ALL TABLE installed) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";
SELECT * FROM (TABLE installed EXCEPT ALL TABLE upgraded_0_4_0) AS d ORDER BY kind COLLATE "C", object COLLATE "C", name COLLATE "C", value COLLATE "C";

-- and nothing stays behind
DROP EXTENSION cryptoanalytics;
SELECT count(*) FROM fact;
