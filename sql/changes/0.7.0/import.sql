-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: import.

CREATE FUNCTION price_fits(amount numeric) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_price_fits';

-- Prices and volumes get rid of their scale.  That is a change of the catalogs alone, but PostgreSQL
-- refuses it as long as views, triggers or parsed functions use the columns.

-- the columns: those of our views are only declared otherwise
CREATE TEMP TABLE widened ON COMMIT DROP AS
    SELECT c.oid AS relation, c.relkind, a.attnum, a.attname, w.type
    FROM (VALUES ('price_data'), ('price_data_archive'), ('price_data_compressed'), ('price_history'),
                 ('assets'), ('portfolio_positions'), ('metrics_snapshot')) AS r (name)
    JOIN pg_class AS c ON c.relname = r.name AND c.relnamespace = '@extschema@'::regnamespace
    CROSS JOIN (VALUES ('open_price', 'numeric'), ('high_price', 'numeric'), ('low_price', 'numeric'),
                       ('close_price', 'numeric'), ('volume', 'numeric'), ('current_price', 'numeric'),
                       ('ath', 'numeric'), ('atl', 'numeric'), ('funding_rate_btc', 'numeric(12,8)')) AS w (name, type)
    JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = w.name;

-- What stands in the way: objects by depth, users' ones with the commands that drop them and make them
-- again.  What hangs on a user's view is dropped before the view.
CREATE TEMP TABLE in_the_way ON COMMIT DROP AS
    WITH RECURSIVE used AS (
        SELECT d.classid, d.objid, 1 AS depth
        FROM pg_temp.widened AS w
        JOIN pg_depend AS d
          ON d.refclassid = 'pg_class'::regclass AND d.refobjid = w.relation AND d.refobjsubid = w.attnum
        WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass,
                            'pg_trigger'::regclass, 'pg_policy'::regclass,
                            'pg_attrdef'::regclass, 'pg_publication_rel'::regclass)
        UNION
        SELECT d.classid, d.objid, u.depth + 1
        FROM used AS u
        JOIN pg_rewrite AS r ON u.classid = 'pg_rewrite'::regclass AND r.oid = u.objid
        JOIN pg_class AS c ON c.oid = r.ev_class AND c.relkind IN ('v', 'm')
        JOIN pg_depend AS d
          ON d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
             OR d.refclassid = 'pg_type'::regclass AND d.refobjid = c.reltype
        WHERE d.classid IN ('pg_rewrite'::regclass, 'pg_proc'::regclass)
          AND (d.classid, d.objid) <> (u.classid, u.objid)
          AND c.relname NOT IN ('price_history', 'portfolio_positions')
          AND u.depth < 100
    ), object AS (
        -- a view instead of its rule
        SELECT CASE WHEN c.relkind IN ('v', 'm') THEN 'pg_class'::regclass ELSE u.classid END AS classid,
               CASE WHEN c.relkind IN ('v', 'm') THEN c.oid ELSE u.objid END AS objid, max(u.depth) AS depth
        FROM used AS u
        LEFT JOIN pg_rewrite AS r ON u.classid = 'pg_rewrite'::regclass AND r.oid = u.objid
        LEFT JOIN pg_class AS c ON c.oid = r.ev_class
        GROUP BY 1, 2
    )
    SELECT o.classid, o.objid, o.depth,
           EXISTS (
               SELECT
               FROM pg_depend AS d
               JOIN pg_extension AS e ON e.oid = d.refobjid AND e.extname = 'cryptoanalytics'
               LEFT JOIN pg_trigger AS t ON o.classid = 'pg_trigger'::regclass AND t.oid = o.objid
               WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
                 -- a trigger is ours by its function
                 AND (d.classid = o.classid AND d.objid = o.objid
                      OR d.classid = 'pg_proc'::regclass AND d.objid = t.tgfoid)) AS ours
    FROM object AS o;

DO $$
DECLARE
    object record;
    identity text;
    drops text := '';
    creates text := '';
    path text := current_setting('search_path');
BEGIN
    -- so that commands name schemas
    PERFORM set_config('search_path', 'pg_catalog', true);
    FOR object IN
        SELECT w.*, pg_describe_object(w.classid, w.objid, 0) AS description, c.relkind, c.reloptions, c.relacl,
               c.relowner, p.prokind
        FROM pg_temp.in_the_way AS w
        LEFT JOIN pg_class AS c ON w.classid = 'pg_class'::regclass AND c.oid = w.objid
        LEFT JOIN pg_proc AS p ON w.classid = 'pg_proc'::regclass AND p.oid = w.objid
        WHERE NOT w.ours
        ORDER BY w.depth DESC, description
    LOOP
        IF object.relkind IS NOT NULL THEN
            identity := object.objid::regclass;
            drops := drops || format(
                E'DROP %s %s;\n', CASE object.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, identity);
            creates := format(
                           E'CREATE %s %s%s AS\n%s\n', CASE object.relkind WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'VIEW' END, identity,
                           coalesce(' WITH (' || array_to_string(object.reloptions, ', ') || ')', ''),
                           pg_get_viewdef(object.objid))
                       || format(E'ALTER TABLE %s OWNER TO %I;\n', identity, pg_get_userbyid(object.relowner))
                       || coalesce((
                              SELECT string_agg(
                                         format(
                                             E'GRANT %s ON %s TO %s%s;\n', a.privilege_type, identity,
                                             CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(a.grantee)) END,
                                             CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END),
                                         '' ORDER BY a.grantee, a.privilege_type)
                              FROM aclexplode(object.relacl) AS a
                              WHERE a.grantee <> object.relowner), '')
                       || creates;
        ELSIF object.prokind IS NOT NULL THEN
            identity := object.objid::regprocedure;
            drops := drops || format(
                E'DROP %s %s;\n', CASE object.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END, identity);
            creates := pg_get_functiondef(object.objid) || E';\n' || creates;
        ELSIF object.classid = 'pg_trigger'::regclass THEN
            SELECT drops || format(E'DROP TRIGGER %I ON %s;\n', t.tgname, t.tgrelid::regclass),
                   pg_get_triggerdef(t.oid) || E';\n' || creates
            INTO drops, creates
            FROM pg_trigger AS t
            WHERE t.oid = object.objid;
        ELSE
            drops := drops || format(E'-- drop %s\n', object.description);
            creates := format(E'-- make %s\n', object.description) || creates;
        END IF;
    END LOOP;
    PERFORM set_config('search_path', path, true);
    IF drops <> '' THEN
        RAISE EXCEPTION 'objects of yours use columns whose type this upgrade changes'
            USING ERRCODE = 'dependent_objects_still_exist',
                  DETAIL = format(E'Before the upgrade:\n%sAfter it:\n%s', drops, creates),
                  HINT = 'Run the first commands, ALTER EXTENSION, then the others; nothing has been changed yet.';
    END IF;
END;
$$;

-- Ours let go of the columns, and the parts that follow give them their definitions again: functions
-- lose their bodies, triggers go, views select NULLs.  The views are not dropped, because that would
-- lose the privileges that were granted on them; so what they say of their columns is set by hand.
DO $$
DECLARE
    object record;
BEGIN
    PERFORM set_config('check_function_bodies', 'off', true);
    FOR object IN
        SELECT p.oid, p.prokind
        FROM pg_temp.in_the_way AS w
        JOIN pg_proc AS p ON p.oid = w.objid
        WHERE w.classid = 'pg_proc'::regclass AND w.ours
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE %s @extschema@.%I(%s) %s LANGUAGE sql AS %L',
            CASE object.prokind WHEN 'p' THEN 'PROCEDURE' ELSE 'FUNCTION' END,
            (SELECT p.proname FROM pg_proc AS p WHERE p.oid = object.oid),
            pg_get_function_arguments(object.oid),
            'RETURNS ' || pg_get_function_result(object.oid), 'SELECT NULL');
    END LOOP;
    FOR object IN
        SELECT t.tgname, t.tgrelid
        FROM pg_temp.in_the_way AS w
        JOIN pg_trigger AS t ON t.oid = w.objid
        WHERE w.classid = 'pg_trigger'::regclass AND w.ours
    LOOP
        EXECUTE format('DROP TRIGGER %I ON %s', object.tgname, object.tgrelid::regclass);
    END LOOP;
    FOR object IN
        SELECT c.oid, string_agg(
                   format('NULL::%s AS %I', format_type(a.atttypid, a.atttypmod), a.attname),
                   ', ' ORDER BY a.attnum) AS columns
        FROM pg_class AS c
        JOIN pg_attribute AS a ON a.attrelid = c.oid
        WHERE c.oid IN (SELECT w.relation FROM pg_temp.widened AS w WHERE w.relkind = 'v')
        GROUP BY c.oid
    LOOP
        EXECUTE format('CREATE OR REPLACE VIEW %s AS SELECT %s', object.oid::regclass, object.columns);
    END LOOP;
    UPDATE pg_attribute AS a
    SET atttypmod = -1
    FROM pg_temp.widened AS w
    WHERE w.relkind = 'v' AND (a.attrelid, a.attnum) = (w.relation, w.attnum);
END;
$$;

ALTER TABLE price_data
    ALTER COLUMN open_price TYPE numeric,
    ALTER COLUMN high_price TYPE numeric,
    ALTER COLUMN low_price TYPE numeric,
    ALTER COLUMN close_price TYPE numeric,
    ALTER COLUMN volume TYPE numeric,
    ADD CONSTRAINT price_data_open_price_digits_check CHECK (price_fits(open_price)),
    ADD CONSTRAINT price_data_high_price_digits_check CHECK (price_fits(high_price)),
    ADD CONSTRAINT price_data_low_price_digits_check CHECK (price_fits(low_price)),
    ADD CONSTRAINT price_data_close_price_digits_check CHECK (price_fits(close_price)),
    ADD CONSTRAINT price_data_volume_digits_check CHECK (price_fits(volume));
ALTER TABLE price_data_archive
    ALTER COLUMN open_price TYPE numeric,
    ALTER COLUMN high_price TYPE numeric,
    ALTER COLUMN low_price TYPE numeric,
    ALTER COLUMN close_price TYPE numeric,
    ALTER COLUMN volume TYPE numeric,
    ADD CONSTRAINT price_data_archive_open_price_digits_check CHECK (price_fits(open_price)),
    ADD CONSTRAINT price_data_archive_high_price_digits_check CHECK (price_fits(high_price)),
    ADD CONSTRAINT price_data_archive_low_price_digits_check CHECK (price_fits(low_price)),
    ADD CONSTRAINT price_data_archive_close_price_digits_check CHECK (price_fits(close_price)),
    ADD CONSTRAINT price_data_archive_volume_digits_check CHECK (price_fits(volume));
ALTER FOREIGN TABLE price_data_compressed
    ALTER COLUMN open_price TYPE numeric,
    ALTER COLUMN high_price TYPE numeric,
    ALTER COLUMN low_price TYPE numeric,
    ALTER COLUMN close_price TYPE numeric,
    ALTER COLUMN volume TYPE numeric;
ALTER TABLE assets
    ALTER COLUMN current_price TYPE numeric,
    ALTER COLUMN ath TYPE numeric,
    ALTER COLUMN atl TYPE numeric,
    ADD CONSTRAINT assets_current_price_digits_check CHECK (price_fits(current_price)),
    ADD CONSTRAINT assets_ath_digits_check CHECK (price_fits(ath)),
    ADD CONSTRAINT assets_atl_digits_check CHECK (price_fits(atl));
ALTER TABLE metrics_snapshot ALTER COLUMN funding_rate_btc TYPE numeric(12,8);

DROP TABLE pg_temp.in_the_way, pg_temp.widened;

-- more arguments and results
DROP FUNCTION import_ohlcv(integer, text, jsonb, text, text);
DROP FUNCTION ca_import_candles(jsonb, integer, text, text, text);
