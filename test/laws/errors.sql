-- The rules that functions enforce are those in docs/reference/errors.md: one row per rule, with SQLSTATE, table and
-- column. Run it at the root of the repository, where cat finds that file.
BEGIN;
SELECT plan(8);
SET LOCAL search_path = cryptoanalytics, public;

\set errors `cat docs/reference/errors.md`
\set c_bare `grep -rlZ --include='*.c' ereport src | xargs -0 perl -0777 -ne 'while (/ereport\(ERROR,.*?\);/sg) { print "$ARGV: $1\n" if $& !~ /err(detail|hint)/ && $& =~ /errmsg\("(.*?)"/ }'`
\set c_rules `grep -rhA1 --include='*.c' PG_DIAG_CONSTRAINT_NAME src | grep -o '"[a-z_]*"'`

-- What the table says: | `constraint` | SQLSTATE | `table.column` | ... |
CREATE TEMPORARY VIEW documented AS
    SELECT f[1] AS rule, f[2] AS state, f[3] AS place
    FROM string_to_table(:'errors', E'\n') AS line
    CROSS JOIN LATERAL regexp_match(line, '^\| `(\w+)` \| (\w{5}) \| `?([\w.]*)`? \| [^|]+ \|$') AS f
    WHERE f IS NOT NULL;

-- What the C code names.
CREATE TEMPORARY VIEW named_in_c AS
    SELECT trim('"' FROM name) AS rule FROM string_to_table(trim(:'c_rules'), E'\n') AS name;

-- What the functions say, from RAISE EXCEPTION to the end of the statement.
CREATE TEMPORARY VIEW raised AS
    SELECT p.oid::regprocedure AS function, r.number, substring(r.text FROM '^\s*''((?:[^'']|'''')*)''') AS message,
           coalesce(c.state, substring(r.text FROM 'ERRCODE = ''(\w+)''')) AS state,
           substring(r.text FROM 'CONSTRAINT = ''(\w+)''') AS rule,
           concat_ws('.', substring(r.text FROM 'TABLE = ''(\w+)'''), substring(r.text FROM 'COLUMN = ''(\w+)''')) AS place,
           r.text ~ 'TABLE = [^'']' AS named_at_run_time,
           r.text ~ 'DETAIL = ' AS detail, r.text ~ 'HINT = ' AS hint, r.text ~ 'DETAIL = [^;]*There is no row in' AS unknown_row
    FROM pg_extension AS e
    JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
    JOIN pg_proc AS p ON p.oid = d.objid
    CROSS JOIN LATERAL (
        SELECT s.number - 1 AS number, split_part(s.text, E';\n', 1) AS text
        FROM regexp_split_to_table(p.prosrc, 'RAISE EXCEPTION') WITH ORDINALITY AS s(text, number)
        WHERE s.number > 1
    ) AS r
    LEFT JOIN (VALUES
        ('check_violation', '23514'), ('unique_violation', '23505'), ('foreign_key_violation', '23503'),
        ('not_null_violation', '23502'), ('restrict_violation', '23001'), ('integrity_constraint_violation', '23000'),
        ('exclusion_violation', '23P01'), ('invalid_parameter_value', '22023'), ('numeric_value_out_of_range', '22003'),
        ('object_not_in_prerequisite_state', '55000'), ('insufficient_privilege', '42501'), ('undefined_object', '42704')
    ) AS c (name, state) ON c.name = substring(r.text FROM 'ERRCODE = ''(\w+)''')
    -- an error of another statement that is raised again has its own detail
    WHERE e.extname = 'cryptoanalytics' AND r.text !~ '^\s*''%''';

SELECT cmp_ok((SELECT count(*) FROM raised), '>', 50::bigint, 'the errors of the functions are found');
SELECT is_empty($$SELECT function, message FROM raised WHERE state IS NULL OR message IS NULL OR NOT (detail AND hint)$$,
    'each error has a text, a SQLSTATE, a detail and a hint');
SELECT is(:'c_bare'::text, '', 'and each of those of C a detail or a hint');
SELECT is_empty($$SELECT function, message, state FROM raised
                  WHERE rule IS NULL AND (state ~ '^23|^55000' OR unknown_row)$$,
    'each error of a rule, and each unknown row, names its constraint');
SELECT is_empty($$SELECT rule, place FROM documented GROUP BY rule, place HAVING count(*) > 1$$, 'docs/reference/errors.md has no row twice');
SELECT set_eq('SELECT rule, state FROM documented', 'SELECT rule, state FROM raised WHERE rule IS NOT NULL',
    'docs/reference/errors.md has the constraints that functions name, with their SQLSTATE, and no others');
SELECT set_eq($$SELECT rule, place FROM documented WHERE rule NOT IN (SELECT r.rule FROM raised AS r WHERE r.rule IS NOT NULL AND r.named_at_run_time)$$,
              $$SELECT rule, place FROM raised WHERE rule IS NOT NULL AND NOT named_at_run_time$$, 'and with their table and column');
SELECT is_empty($$SELECT rule FROM named_in_c WHERE rule NOT IN (SELECT d.rule FROM documented AS d)
                  AND rule NOT IN (SELECT c.conname FROM pg_constraint AS c WHERE c.connamespace = 'cryptoanalytics'::regnamespace)$$,
    'what is raised in C is one of them, or a constraint of a table');

SELECT * FROM finish();
ROLLBACK;
