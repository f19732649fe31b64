-- Functions called with NULL for every argument: a result, or an error that a user can cause.
BEGIN;
SELECT plan(2);
SET LOCAL search_path = cryptoanalytics, public;

-- what can be called by hand and is not STRICT: functions and procedures of the extension
CREATE TEMP TABLE called AS
SELECT p.oid::regprocedure::text AS routine,
       format('%s %s.%I(%s)', CASE p.prokind WHEN 'p' THEN 'CALL' ELSE 'SELECT' END, p.pronamespace::regnamespace,
              p.proname, string_agg('NULL::' || format_type(n.type, NULL), ', ' ORDER BY n.place)) AS call
FROM pg_depend AS d
JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'cryptoanalytics'
JOIN pg_proc AS p ON p.oid = d.objid AND p.prokind IN ('f', 'p') AND NOT p.proisstrict,
     unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS n (type, place)
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND (p.prokind = 'p' OR n.place <= p.pronargs)
  AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
GROUP BY p.oid;

-- the SQLSTATE of a call, or NULL; a session that ends here fails the test
CREATE FUNCTION pg_temp.state_of(call text) RETURNS text
    LANGUAGE plpgsql
AS $$
BEGIN
    EXECUTE call;
    RETURN NULL;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLSTATE;
END $$;

SELECT cmp_ok(count(*), '>', 50::bigint, 'there are functions to call') FROM called;
SELECT is((SELECT string_agg(s.state || ' from ' || c.call, E'\n' ORDER BY c.call)
           FROM called AS c, pg_temp.state_of(c.call) AS s (state)
           WHERE s.state LIKE 'XX%'),
          NULL, 'none ends with an internal error');

SELECT * FROM finish();
ROLLBACK;
