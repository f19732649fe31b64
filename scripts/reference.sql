-- Prints the pages of docs/reference. Run by scripts/reference, which makes the table domain first.
SET client_min_messages = warning;
SET cryptoanalytics.allow_drop = on;
SET timezone = 'UTC';

-- the objects of the installed version
CREATE TEMP VIEW member AS
    SELECT d.classid, d.objid
    FROM pg_depend AS d
    JOIN pg_extension AS e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = 'cryptoanalytics';

CREATE TEMP VIEW home AS
    SELECT extnamespace AS namespace FROM pg_extension WHERE extname = 'cryptoanalytics';

-- what users call, without support functions
CREATE TEMP VIEW routine AS
    SELECT p.*, CASE p.prokind WHEN 'a' THEN 'aggregate' WHEN 'p' THEN 'procedure' ELSE 'function' END AS kind,
           p.proname::text AS name, pg_get_function_identity_arguments(p.oid) AS identity
    FROM pg_proc AS p
    JOIN member AS m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid
    WHERE p.pronamespace = (SELECT namespace FROM home)
      AND p.proname NOT LIKE 'ca\_%'
      AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype);

CREATE TEMP VIEW argument AS
    SELECT r.oid, r.name AS routine, r.identity, a.n, coalesce(a.mode, 'i') AS mode, coalesce(a.name, '') AS name,
           format_type(a.type, NULL) AS type, pg_get_function_arg_default(r.oid, a.n::integer) AS given
    FROM routine AS r,
    LATERAL ROWS FROM (unnest(coalesce(r.proallargtypes, r.proargtypes::oid[])), unnest(r.proargmodes), unnest(r.proargnames))
        WITH ORDINALITY AS a (type, mode, name, n)
    WHERE coalesce(a.mode, 'i') <> 't';

CREATE TEMP VIEW relation AS
    SELECT c.oid, c.relname::text AS name,
           CASE c.relkind WHEN 'v' THEN 'view' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind
    FROM pg_class AS c
    JOIN member AS m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
    WHERE c.relnamespace = (SELECT namespace FROM home) AND c.relkind IN ('r', 'p', 'v', 'f');

CREATE TEMP VIEW type AS
    SELECT t.oid, t.typname::text AS name, t.typtype, t.typrelid
    FROM pg_type AS t
    JOIN member AS m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
    WHERE t.typnamespace = (SELECT namespace FROM home) AND t.typname NOT LIKE 'ca\_%' AND t.typelem = 0
      -- the row type of a table is a member of its own from PostgreSQL 17 on
      AND NOT EXISTS (SELECT FROM pg_class AS c WHERE c.oid = t.typrelid AND c.relkind <> 'c');

-- Install every released version through the chain of upgrades, and record its objects.
CREATE TEMP TABLE had (version integer[], kind text, name text, detail text, part text);

CREATE TEMP VIEW has AS
    SELECT 'routine' AS kind, r.name, r.identity AS detail, '' AS part FROM routine AS r
    UNION ALL SELECT 'argument', a.routine, a.identity, a.name FROM argument AS a WHERE a.name <> ''
    UNION ALL SELECT 'relation', c.name, '', '' FROM relation AS c
    UNION ALL SELECT 'column', c.name, '', a.attname FROM relation AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
    UNION ALL SELECT 'type', t.name, '', '' FROM type AS t;

SELECT format(CASE WHEN row_number() OVER w = 1 THEN 'CREATE EXTENSION cryptoanalytics VERSION %L'
                   ELSE 'ALTER EXTENSION cryptoanalytics UPDATE TO %L' END, v.version),
       format('INSERT INTO had SELECT %L, * FROM has', string_to_array(v.version, '.')::integer[])
FROM (SELECT source FROM pg_extension_update_paths('cryptoanalytics')
      UNION SELECT target FROM pg_extension_update_paths('cryptoanalytics')) AS v (version)
WHERE v.version <> (SELECT default_version FROM pg_available_extensions WHERE name = 'cryptoanalytics')
WINDOW w AS (ORDER BY string_to_array(v.version, '.')::integer[])
ORDER BY string_to_array(v.version, '.')::integer[] \gexec

DROP EXTENSION IF EXISTS cryptoanalytics;
CREATE EXTENSION cryptoanalytics;

-- The version that brought each object. A routine that replaced one with fewer arguments is as old as
-- the one that it replaced.
CREATE TEMP VIEW age AS
    SELECT h.kind, h.name, h.detail, h.part, coalesce(min(d.version), string_to_array(e.extversion, '.')::integer[]) AS version
    FROM has AS h
    CROSS JOIN pg_extension AS e
    LEFT JOIN had AS d
           ON (d.kind, d.name, d.part) = (h.kind, h.name, h.part)
          AND (d.detail = h.detail
               OR starts_with(h.detail, d.detail || ', ')
                  AND NOT EXISTS (SELECT FROM has AS g WHERE (g.kind, g.name, g.detail) = (d.kind, d.name, d.detail)))
    WHERE e.extname = 'cryptoanalytics'
    GROUP BY h.kind, h.name, h.detail, h.part, e.extversion;

CREATE FUNCTION pg_temp.short(type text) RETURNS text LANGUAGE sql AS
    $$ SELECT replace(type, 'timestamp with time zone', 'timestamptz') $$;

-- a default without the casts that the catalog adds to constants
CREATE FUNCTION pg_temp.plain(expression text) RETURNS text LANGUAGE sql AS
    $$ SELECT pg_temp.short(regexp_replace(expression, '(NULL|''[^'']*'')::[a-z]+( [a-z]+)*(\[\])?', '\1', 'g')) $$;

-- a COMMENT as a sentence, its identifiers as code
CREATE FUNCTION pg_temp.sentence(comment text) RETURNS text LANGUAGE sql AS $$
    SELECT regexp_replace(CASE WHEN comment ~ '^[a-z]+(-[a-z]+)*[ ,;:]' THEN upper(left(comment, 1)) || substr(comment, 2) ELSE comment END,
                          '(cryptoanalytics\.[a-z_]+|[a-z0-9.]*[a-z0-9]_[a-z0-9_.]*[a-z0-9](\([^()]*\))?|[a-z0-9]+\([^()]*\))', '`\1`', 'g')
           || CASE WHEN comment ~ '[.]$' THEN '' ELSE '.' END
$$;

CREATE FUNCTION pg_temp.dotted(version integer[]) RETURNS text LANGUAGE sql AS
    $$ SELECT array_to_string(version, '.') $$;

-- the arguments of a routine, and its OUT arguments
CREATE TEMP VIEW arguments AS
    SELECT r.oid,
           string_agg(CASE WHEN a.mode = 'b' THEN 'INOUT ' WHEN a.mode = 'v' THEN 'VARIADIC ' ELSE '' END
                      || CASE WHEN a.name = '' THEN '' ELSE quote_ident(a.name) || ' ' END || pg_temp.short(a.type)
                      || coalesce(' DEFAULT ' || pg_temp.plain(a.given), ''), ', ' ORDER BY a.n) FILTER (WHERE a.mode <> 'o') AS given,
           string_agg(quote_ident(a.name) || ' ' || pg_temp.short(a.type), ', ' ORDER BY a.n) FILTER (WHERE a.mode = 'o') AS returned
    FROM routine AS r
    LEFT JOIN argument AS a ON a.oid = r.oid
    GROUP BY r.oid;

CREATE TEMP VIEW signature AS
    SELECT s.oid, s.call || CASE WHEN length(s.call || s.result) < 100 THEN ' ' ELSE E'\n    ' END || s.result AS text
    FROM (SELECT r.oid, CASE r.kind WHEN 'procedure' THEN 'CALL ' ELSE '' END || r.name || '(' || coalesce(a.given, '') || ')' AS call,
                 CASE WHEN r.kind = 'procedure' THEN ''
                      WHEN a.returned IS NOT NULL THEN format('RETURNS %s(%s)', CASE WHEN r.proretset THEN 'TABLE' ELSE 'record' END, a.returned)
                      ELSE 'RETURNS ' || pg_temp.short(pg_get_function_result(r.oid)) END AS result
          FROM routine AS r
          JOIN arguments AS a ON a.oid = r.oid) AS s;

-- arguments that are younger than their routine
CREATE TEMP VIEW later AS
    SELECT r.oid, string_agg(format('`%s` since %s', a.name, pg_temp.dotted(p.version)), ', ' ORDER BY a.n) AS text
    FROM routine AS r
    JOIN age AS g ON (g.kind, g.name, g.detail) = ('routine', r.name, r.identity)
    JOIN argument AS a ON a.oid = r.oid
    JOIN age AS p ON (p.kind, p.name, p.detail, p.part) = ('argument', r.name, r.identity, a.name)
    WHERE p.version > g.version
    GROUP BY r.oid;

-- the text below the heading of an object, in one or more parts
CREATE TEMP VIEW paragraph AS
    SELECT r.name, g.version, min(r.oid) AS place,
           format(E'```text\n%s\n```\n\n%s\n\n%s', string_agg(s.text, E'\n' ORDER BY r.oid), pg_temp.sentence(d.comment), d.footer) AS text
    FROM routine AS r
    JOIN signature AS s ON s.oid = r.oid
    JOIN age AS g ON (g.kind, g.name, g.detail) = ('routine', r.name, r.identity)
    LEFT JOIN later AS l ON l.oid = r.oid,
    LATERAL (SELECT obj_description(r.oid, 'pg_proc') AS comment,
                    CASE WHEN r.kind = 'function'
                         THEN CASE r.provolatile WHEN 'i' THEN 'Immutable' WHEN 's' THEN 'Stable' ELSE 'Volatile' END || ' function'
                         ELSE initcap(r.kind) END
                    || ', since ' || pg_temp.dotted(g.version) || coalesce('; ' || l.text, '') || '.' AS footer) AS d
    GROUP BY r.name, g.version, d.comment, d.footer
    UNION ALL
    SELECT t.name, g.version, t.oid,
           format(E'%s%s\n\nType, since %s.',
                  CASE WHEN t.typtype = 'c' THEN format(E'```text\n%s(%s)\n```\n\n', t.name,
                       (SELECT string_agg(quote_ident(a.attname) || ' ' || pg_temp.short(format_type(a.atttypid, a.atttypmod)), ', ' ORDER BY a.attnum)
                        FROM pg_attribute AS a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped)) ELSE '' END,
                  pg_temp.sentence(obj_description(t.oid, 'pg_type')), pg_temp.dotted(g.version))
    FROM type AS t
    JOIN age AS g ON (g.kind, g.name) = ('type', t.name)
    UNION ALL
    SELECT c.name, g.version, c.oid,
           format(E'%s\n\n%s, since %s.\n\n| column | type | default | meaning |\n| --- | --- | --- | --- |\n%s',
                  pg_temp.sentence(obj_description(c.oid, 'pg_class')), initcap(left(c.kind, 1)) || substr(c.kind, 2), pg_temp.dotted(g.version),
                  string_agg(format('| `%s` | %s%s | %s | %s%s |', a.attname, pg_temp.short(format_type(a.atttypid, a.atttypmod)),
                                    CASE WHEN a.attnotnull THEN ', not null' ELSE '' END,
                                    CASE WHEN a.attidentity <> '' THEN 'identity'
                                         ELSE coalesce('`' || replace(pg_temp.plain(pg_get_expr(f.adbin, f.adrelid)), '|', '\|') || '`', '') END,
                                    replace(pg_temp.sentence(col_description(c.oid, a.attnum)), '|', '\|'),
                                    CASE WHEN p.version > g.version THEN ' Since ' || pg_temp.dotted(p.version) || '.' ELSE '' END),
                             E'\n' ORDER BY a.attnum))
    FROM relation AS c
    JOIN age AS g ON (g.kind, g.name) = ('relation', c.name)
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN age AS p ON (p.kind, p.name, p.part) = ('column', c.name, a.attname)
    LEFT JOIN pg_attrdef AS f ON (f.adrelid, f.adnum) = (a.attrelid, a.attnum)
    GROUP BY c.oid, c.name, c.kind, g.version;

-- How the pages begin. A domain is named after its folder, and a new one needs no row here.
CREATE TEMP TABLE opening (domain text PRIMARY KEY, title text NOT NULL, text text NOT NULL);
INSERT INTO opening VALUES
    ('access', 'Accounts and access', 'Sign-in, sessions, roles and what protects rows. The rules are in [rules](../guide/rules.md), roles in [operations](../guide/operations.md).'),
    ('archive', 'Archive and compression', 'Moving old candles away, and compressed candles. The guide is [archive](../guide/archive.md).'),
    ('candle', 'Candles and timeframes', 'Candles from trades and from candles, gaps, roll-ups and timeframes. The guide is [candles](../guide/candles.md).'),
    ('analytics', 'Risk and return', 'Aggregates of returns and candles, and functions over series. The guide is [analytics](../guide/analytics.md).'),
    ('import', 'Imports', 'Candles from JSON. The guide is [candles](../guide/candles.md#imports).'),
    ('indicators', 'Technical indicators', 'Aggregates, and the functions that compute all indicators of a series. The guide is [indicators](../guide/indicators.md).'),
    ('number', 'Numbers', 'Conversions of numbers.'),
    ('market', 'The market', 'Feeds of metrics, snapshots of the market, its totals, breadth and cycles. The guide is [layers](../guide/layers.md).'),
    ('operations', 'Operations', 'Maintenance, background tasks, logs, health and assets. The guides are [operations](../guide/operations.md) and [rules](../guide/rules.md).'),
    ('rules', 'Rules', 'Functions that the rules of several tables share. The guide is [rules](../guide/rules.md).'),
    ('scoring', 'Scoring', 'Errors of predictions, and models. The guide is [scoring](../guide/scoring.md).'),
    ('sector', 'Sectors', 'Members, history, figures and analyses of sectors. The guide is [sectors](../guide/sectors.md).'),
    ('tables', 'Tables and views', 'The tables and views with their columns. The guide is [schema](../guide/schema.md); `\d+ TABLE` shows constraints and indexes too.'),
    ('trading', 'Trading', 'Positions, watchlists, signals, alerts, notifications and recommendations. The guide is [rules](../guide/rules.md).');

SELECT line
FROM (SELECT p.domain, 0 AS part, '' AS name,
             format(E'%%%% %s\n# %s\n\n<!-- Written by scripts/reference from the catalog: change the COMMENT, not this page. -->\n%s%s\n', p.domain,
                    coalesce(o.title, initcap(p.domain)), coalesce(E'\n' || o.text || E'\n', ''),
                    E'\n' || (SELECT string_agg(format('[%s](#%s)', n.name, n.name), E',\n' ORDER BY n.name COLLATE "C")
                     FROM (SELECT DISTINCT d.name FROM domain AS d JOIN paragraph USING (name) WHERE d.domain = p.domain) AS n)) AS line
      FROM (SELECT DISTINCT d.domain FROM domain AS d JOIN paragraph USING (name)) AS p
      LEFT JOIN opening AS o ON o.domain = p.domain
      UNION ALL
      SELECT d.domain, 1, p.name,
             format(E'## %s\n\n%s%s', p.name, string_agg(p.text, E'\n\n' ORDER BY p.version, p.place), E'\n')
      FROM domain AS d
      JOIN paragraph AS p ON p.name = d.name
      GROUP BY d.domain, p.name) AS page
ORDER BY domain COLLATE "C", part, name COLLATE "C";

-- An object without a domain would be missing: fail with its name.
SELECT ('no domain for ' || name)::integer FROM paragraph WHERE name NOT IN (SELECT name FROM domain);
