-- Rights by kind of role, granted in one call. docs/guide/operations.md says who needs which.
--
-- Tables of users are recognized by their row-level security, and columns with a password, a token or a
-- balance by their names, so that new ones are hidden from the first day.

CREATE FUNCTION ca_members()
    RETURNS TABLE (relation regclass, name text, is_table boolean, of_users boolean, of_operations boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.oid::pg_catalog.regclass, c.relname::text, c.relkind = 'r', c.relrowsecurity,
           c.relname IN ('system_health', 'analytics_data', 'external_api_logs', 'background_tasks',
                         'maintenance_runs', 'roll_up_marks', 'roll_up_notes')
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_depend AS d
      ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
         AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
    JOIN pg_catalog.pg_class AS c ON c.oid = d.objid
    WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'v', 'm', 'f');
END;
COMMENT ON FUNCTION ca_members() IS
    'tables and views of the extension; whether their rows belong to users, and whether they are about the running of the system';

CREATE FUNCTION ca_columns(relation regclass, pattern text, matching boolean) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ca_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.attname::text ~ ca_columns.pattern) = ca_columns.matching;
END;
COMMENT ON FUNCTION ca_columns(regclass, text, boolean) IS
    'list of the columns whose names match a pattern, or of those whose names do not; NULL if there are none';

CREATE FUNCTION ca_secrets(relation text, of_users boolean) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_secrets.of_users THEN 'password|token|balance'
                -- a request to another service may contain a key to it
                WHEN ca_secrets.relation = 'external_api_logs' THEN '^(request_params|response_data|endpoint|error_message)$'
                ELSE '^$' END;
COMMENT ON FUNCTION ca_secrets(text, boolean) IS
    'pattern of the columns that an analyst does not see';

CREATE FUNCTION ca_rights(kind text) RETURNS TABLE (relation regclass, rights text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.relation, r.rights
    FROM ca_members() AS m
    CROSS JOIN LATERAL (
        SELECT CASE WHEN ca_columns(m.relation, ca_secrets(m.name, m.of_users), true) IS NULL THEN 'SELECT'
                    ELSE format('SELECT (%s)', ca_columns(m.relation, ca_secrets(m.name, m.of_users), false)) END
        WHERE ca_rights.kind = 'analyst'
        UNION ALL
        SELECT 'SELECT'
        WHERE ca_rights.kind = 'application' AND NOT m.of_users AND NOT m.of_operations
        UNION ALL
        -- the reviewer of a recommendation for all is a user
        SELECT format('SELECT (%s)', ca_columns(m.relation, '^(reviewed_by|user_feedback)$', false))
        WHERE ca_rights.kind = 'application' AND m.name = 'ai_recommendations'
        UNION ALL
        SELECT format('SELECT (%s)', ca_columns(m.relation, 'password|token|^notes$|^deleted_by$', false))
        WHERE ca_rights.kind = 'application' AND m.name IN ('users', 'user_sessions')
        UNION ALL
        SELECT 'SELECT, DELETE'
        WHERE ca_rights.kind = 'application'
          AND m.name IN ('watchlists', 'watchlist_assets', 'portfolio', 'trade_actions', 'signal_alerts')
        UNION ALL
        -- identifiers are assigned: whoever could choose the next ones could keep all others from inserting
        SELECT format('INSERT (%1$s), UPDATE (%1$s)', ca_columns(m.relation, '^id$', false))
        WHERE ca_rights.kind = 'application'
              AND m.name IN ('watchlists', 'watchlist_assets', 'portfolio', 'trade_actions', 'signal_alerts')
           OR ca_rights.kind = 'sign_in' AND m.name = 'user_sessions'
        UNION ALL
        SELECT format('INSERT (%s)', ca_columns(m.relation, '^id$', false))
        WHERE ca_rights.kind = 'sign_in' AND m.name = 'user_activities'
        UNION ALL
        SELECT w.rights
        FROM (VALUES
            ('application', 'users', 'UPDATE (first_name, last_name, preferences, timezone, language, bio, profile_picture_url)'),
            ('application', 'user_activities', 'SELECT, INSERT (user_id, session_id, activity_type, entity_type, entity_id, action, '
                                               'details, ip_address, user_agent)'),
            ('application', 'notifications', 'SELECT, UPDATE (status, read_at)'),
            ('application', 'signal_executions', 'SELECT'),
            ('sign_in', 'users', 'SELECT'),
            ('sign_in', 'users', 'INSERT (email, password_hash, first_name, last_name, preferences, timezone, language, '
                                 'email_verification_token, email_verification_expires, referral_code, referred_by)'),
            ('sign_in', 'users', 'UPDATE (email, password_hash, is_verified, login_count, last_login, reset_password_token, '
                                 'reset_password_expires, email_verification_token, email_verification_expires, '
                                 'failed_login_attempts, lockout_expires, deleted_at, deleted_by, referral_count)'),
            ('sign_in', 'user_sessions', 'SELECT'),
            ('sign_in', 'user_activities', 'SELECT')) AS w (kind, name, rights)
        WHERE w.kind = ca_rights.kind AND w.name = m.name
        UNION ALL
        SELECT CASE WHEN m.is_table THEN 'SELECT, INSERT, UPDATE, DELETE' ELSE 'SELECT' END
        WHERE ca_rights.kind = 'operator') AS r (rights)
    ORDER BY m.name, r.rights;
END;
COMMENT ON FUNCTION ca_rights(text) IS
    'rights of a kind of role: analyst, application, sign_in or operator';

CREATE FUNCTION ca_check_role(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM FROM pg_roles AS r WHERE r.oid = role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown role'
            USING ERRCODE = 'undefined_object',
                  DETAIL = format('Role is %s.', coalesce(role::text, 'NULL')),
                  HINT = 'CREATE ROLE makes one.';
    END IF;
    PERFORM FROM ca_members() AS m JOIN pg_class AS c ON c.oid = m.relation
    WHERE NOT pg_has_role(c.relowner, 'USAGE');
    IF FOUND THEN
        RAISE EXCEPTION 'must be owner of the tables of extension cryptoanalytics'
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'A GRANT by anybody else would only give a warning.',
                  HINT = 'The role that created the extension owns its tables.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_role(regrole) IS
    'refuses a role that does not exist, and a caller who may not grant';

CREATE FUNCTION ca_check_bounds(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    cause text;
BEGIN
    SELECT CASE WHEN r.rolsuper OR r.rolbypassrls THEN 'it bypasses row-level security'
                -- by itself, or after a SET ROLE
                WHEN EXISTS (SELECT FROM pg_roles AS m
                             WHERE (m.rolsuper OR m.rolbypassrls OR m.rolcreaterole OR m.rolreplication
                                    OR m.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
                               AND pg_has_role(r.oid, m.oid, 'MEMBER'))
                    THEN 'it may make itself one that is not bound'
                WHEN EXISTS (SELECT FROM ca_members() AS m JOIN pg_class AS c ON c.oid = m.relation
                             WHERE pg_has_role(r.oid, c.relowner, 'MEMBER')) THEN 'it owns tables of the extension'
                WHEN has_function_privilege(r.oid, 'ca_every_user()', 'EXECUTE') THEN 'it sees the rows of all users' END
    INTO cause
    FROM pg_roles AS r
    WHERE r.oid = role;
    IF cause IS NOT NULL THEN
        RAISE EXCEPTION 'role would not be bound to one user'
            USING ERRCODE = 'invalid_grant_operation',
                  DETAIL = format('Role is %s, and %s.', role, cause),
                  HINT = 'Give the application a role of its own; revoke_rights() revokes rights.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_bounds(regrole) IS
    'refuses a role that row-level security does not bind to one user';

CREATE FUNCTION ca_check_secrets(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    seen text;
BEGIN
    SELECT string_agg(format('%s.%s', m.name, a.attname), ', ' ORDER BY m.name, a.attnum)
    INTO seen
    FROM ca_members() AS m
    JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attnum > 0 AND NOT a.attisdropped
    WHERE m.is_table
      AND a.attname::text ~ ca_secrets(m.name, m.of_users)
      AND has_column_privilege(role, m.relation, a.attnum, 'SELECT');
    IF seen IS NOT NULL THEN
        RAISE EXCEPTION 'role sees what an analyst must not see'
            USING ERRCODE = 'invalid_grant_operation',
                  DETAIL = format('Role is %s and reads %s.', role, seen),
                  HINT = 'Use a role that owns nothing here and has no other rights; revoke_rights() revokes rights.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_secrets(regrole) IS
    'refuses a role that reads passwords, tokens or balances';

CREATE FUNCTION ca_grant(kind text, role regrole, every_user boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    PERFORM ca_check_role(role);
    -- rights that the kind had in earlier versions but no longer has
    IF kind = 'application' THEN
        FOR r IN SELECT m.relation FROM ca_members() AS m WHERE m.is_table AND m.of_users LOOP
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %s', r.relation, role);
        END LOOP;
    ELSIF kind = 'analyst' THEN
        FOR r IN
            SELECT m.relation, ca_columns(m.relation, ca_secrets(m.name, m.of_users), true) AS secrets
            FROM ca_members() AS m
            WHERE m.is_table
        LOOP
            IF r.secrets IS NOT NULL THEN
                EXECUTE format('REVOKE SELECT (%s) ON %s FROM %s', r.secrets, r.relation, role);
            END IF;
        END LOOP;
    END IF;
    FOR r IN SELECT * FROM ca_rights(kind) LOOP
        EXECUTE format('GRANT %s ON %s TO %s', r.rights, r.relation, role);
    END LOOP;
    -- refresh_assets() reads the sequences of candles
    IF kind = 'operator' THEN
        EXECUTE format('GRANT SELECT ON SEQUENCE %s, %s TO %s', 'price_data_id_seq'::regclass,
                       'price_data_archive_id_seq'::regclass, role);
    END IF;
    IF every_user THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'ca_every_user()'::regprocedure, role);
    END IF;
    IF kind IN ('application', 'operator') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'record_asset_access(integer, text, timestamptz)'::regprocedure, role);
    END IF;
    IF kind IN ('sign_in', 'operator') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'user_by_email(text)'::regprocedure, role);
    END IF;
    IF NOT has_schema_privilege(role, '@extschema@'::regnamespace, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s', '@extschema@'::regnamespace, role);
    END IF;
    -- a GRANT by somebody other than the owner may only give a warning
    IF NOT has_schema_privilege(role, '@extschema@'::regnamespace, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of schema %', '@extschema@'::regnamespace
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('Role %s has no USAGE on it.', role),
                  HINT = 'Let the owner of the schema grant it first.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_grant(text, regrole, boolean) IS
    'grants a role the rights of a kind, on the rows of all users if requested, and USAGE on the schema';

CREATE FUNCTION @extschema@.grant_analyst(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('analyst', role, true);
    PERFORM ca_check_secrets(role);
END;
$$;
COMMENT ON FUNCTION grant_analyst(regrole) IS
    'lets a role read everything except password hashes, tokens and balances; refused if the role could read those in another way';

CREATE FUNCTION @extschema@.grant_application(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('application', role, false);
    PERFORM ca_check_bounds(role);
END;
$$;
COMMENT ON FUNCTION grant_application(regrole) IS
    'lets a role read the market, and read and write what belongs to the user of the setting cryptoanalytics.user_id; refused if row-level security does not bind the role';

CREATE FUNCTION @extschema@.grant_sign_in(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('sign_in', role, true);
END;
$$;
COMMENT ON FUNCTION grant_sign_in(regrole) IS
    'lets a role sign users up, in and out: it may write accounts, sessions and activities of all users, but not roles, plans and balances';

CREATE FUNCTION @extschema@.grant_operator(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('operator', role, true);
END;
$$;
COMMENT ON FUNCTION grant_operator(regrole) IS
    'lets a role read and write all rows of all tables, as imports, archiving, alerts and maintenance require';

CREATE FUNCTION @extschema@.revoke_rights(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    m record;
BEGIN
    PERFORM ca_check_role(role);
    PERFORM FROM ca_members() AS t JOIN pg_class AS c ON c.oid = t.relation WHERE c.relowner = role;
    IF FOUND THEN
        RAISE EXCEPTION 'role owns tables of extension cryptoanalytics'
            USING ERRCODE = 'invalid_grant_operation',
                  DETAIL = format('Role is %s.', role),
                  HINT = 'An owner has its rights without a grant, so they cannot be revoked here.';
    END IF;
    FOR m IN SELECT * FROM ca_members() LOOP
        -- this revokes those on columns too
        EXECUTE format('REVOKE ALL ON %s FROM %s', m.relation, role);
    END LOOP;
    EXECUTE format('REVOKE ALL ON SEQUENCE %s, %s FROM %s', 'price_data_id_seq'::regclass,
                   'price_data_archive_id_seq'::regclass, role);
    EXECUTE format('REVOKE ALL ON FUNCTION %s, %s, %s FROM %s', 'ca_every_user()'::regprocedure,
                   'user_by_email(text)'::regprocedure, 'record_asset_access(integer, text, timestamptz)'::regprocedure, role);
END;
$$;
COMMENT ON FUNCTION revoke_rights(regrole) IS
    'revokes all rights that the grants gave a role, except USAGE on the schema';

-- Functions with the rights of their owner search both schemas of the extension.
DO $$
DECLARE
    intruders text;
BEGIN
    SELECT pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)
    INTO intruders
    FROM pg_catalog.pg_roles AS r
    WHERE NOT r.rolsuper
      AND r.rolname OPERATOR(pg_catalog.!~) '^pg_'
      AND (pg_catalog.has_schema_privilege(r.oid, '@extschema@'::pg_catalog.regnamespace, 'CREATE')
           OR pg_catalog.has_schema_privilege(r.oid, 'cryptoanalytics_internal', 'CREATE'));
    IF intruders IS NOT NULL THEN
        RAISE WARNING 'others may create objects in the schema of extension cryptoanalytics'
            USING DETAIL = pg_catalog.concat('Roles are ', intruders, '.'),
                  HINT = 'Their functions might run with the rights of the owner of the extension; REVOKE CREATE ON SCHEMA, or choose another schema.';
    END IF;
END;
$$;
