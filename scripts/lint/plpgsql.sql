-- The functions in PL/pgSQL as plpgsql_check sees them: names that do not exist, types that do not fit, hidden casts,
-- variables that nobody uses, volatility, strings that are run as they come.  scripts/test lint runs it in a database
-- with plpgsql_check.
BEGIN;
SELECT plan(3);
SET LOCAL search_path = cryptoanalytics, public;

-- A trigger function is checked once for each table that calls it, with the transition tables of that table's triggers.
CREATE TEMPORARY VIEW routine AS
    SELECT p.oid, p.proname AS name, 0::oid AS relation, NULL::name AS old_table, NULL::name AS new_table
    FROM pg_proc AS p
    WHERE p.prorettype <> 'trigger'::regtype
    UNION ALL
    SELECT p.oid, p.proname, t.tgrelid, max(t.tgoldtable), max(t.tgnewtable)
    FROM pg_proc AS p
    JOIN pg_trigger AS t ON t.tgfoid = p.oid
    WHERE p.prorettype = 'trigger'::regtype AND NOT t.tgisinternal
    GROUP BY p.oid, t.tgrelid;

CREATE TEMPORARY TABLE finding AS
    SELECT r.name, r.relation, c.level, c.sqlstate, c.lineno, c.message, c.detail, c.context
    FROM routine AS r
    JOIN pg_proc AS p ON p.oid = r.oid
    JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
    JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'cryptoanalytics'
    CROSS JOIN LATERAL plpgsql_check_function_tb(
        r.oid, r.relation, oldtable => r.old_table, newtable => r.new_table,
        extra_warnings => true, performance_warnings => true, security_warnings => true) AS c;

-- each trigger function has a trigger, or it would not be checked
SELECT is_empty($$
    SELECT p.proname
    FROM pg_proc AS p
    JOIN pg_language AS l ON l.oid = p.prolang AND l.lanname = 'plpgsql'
    JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND e.extname = 'cryptoanalytics'
    WHERE NOT EXISTS (SELECT FROM routine AS r WHERE r.oid = p.oid)
$$, 'every function in PL/pgSQL is checked');

-- What is no mistake: a variable that begins with a literal, as written bigint := 0; casts that lose nothing; an OUT
-- argument of a row type among others; a function that is volatile because it warns.
SELECT is_empty($$
    SELECT f.name, f.relation::regclass, f.lineno, f.level, f.sqlstate, f.message, f.detail, f.context
    FROM finding AS f
    WHERE f.level <> 'security'
      AND NOT (f.message = 'target type is different type than source type'
               AND (f.context ~ '^during statement block local variable "\w+" initialization'
                    OR f.detail IN ('cast "integer" value to "bigint" type', 'cast "name" value to "text" type',
                                    'cast "character varying" value to "text" type')))
      AND (f.name, f.message) NOT IN (
          ('ca_position_derived', 'composite OUT variable "derived" is not single argument'),
          ('ca_move_goes_on', 'routine is marked as VOLATILE, should be STABLE'))
$$, 'plpgsql_check finds no errors in them and warns of nothing');

-- What these run is made of regclass, regrole and literals of the extension; nothing in it comes from a caller.
SELECT set_eq($$SELECT f.name::text FROM finding AS f WHERE f.level = 'security'$$,
              ARRAY['ca_grant', 'ca_maintenance_assets', 'ca_maintenance_run'],
              'no other functions run a string that was not quoted');

SELECT * FROM finish();
ROLLBACK;
