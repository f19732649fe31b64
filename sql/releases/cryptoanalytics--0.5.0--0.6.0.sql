-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit

-- sql/changes/0.6.0.sql

-- What 0.6.0 has otherwise in tables of 0.5.0; a fresh installation has it from its schema.

-- the oldest alert of an asset that waits is found without reading the others
DROP INDEX signal_alerts_pending_idx;
CREATE INDEX signal_alerts_pending_idx ON signal_alerts (asset_id, created_at)
    WHERE is_active AND NOT is_triggered;
COMMENT ON INDEX signal_alerts_pending_idx IS
    'the alerts of an asset that are still to go off, and the oldest of them';

-- the condition under which rows are touched is in the function now, which touch.sql replaces
CREATE OR REPLACE TRIGGER ai_models_touch BEFORE UPDATE ON ai_models FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER ai_recommendations_touch BEFORE UPDATE ON ai_recommendations FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER analytics_data_touch BEFORE UPDATE ON analytics_data FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER assets_touch BEFORE UPDATE ON assets FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER background_tasks_touch BEFORE UPDATE ON background_tasks FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER cross_sector_analysis_touch BEFORE UPDATE ON cross_sector_analysis FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER external_api_logs_touch BEFORE UPDATE ON external_api_logs FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER market_regime_analysis_touch BEFORE UPDATE ON market_regime_analysis FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER metrics_snapshot_touch BEFORE UPDATE ON metrics_snapshot FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER model_performance_touch BEFORE UPDATE ON model_performance FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER notifications_touch BEFORE UPDATE ON notifications FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER portfolio_touch BEFORE UPDATE ON portfolio FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER predictions_touch BEFORE UPDATE ON predictions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER sector_analysis_touch BEFORE UPDATE ON sector_analysis FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER sector_mapping_touch BEFORE UPDATE ON sector_mapping FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER sectors_touch BEFORE UPDATE ON sectors FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER signal_alerts_touch BEFORE UPDATE ON signal_alerts FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER system_health_touch BEFORE UPDATE ON system_health FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER trade_actions_touch BEFORE UPDATE ON trade_actions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER trading_signals_touch BEFORE UPDATE ON trading_signals FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER user_sessions_touch BEFORE UPDATE ON user_sessions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER watchlist_assets_touch BEFORE UPDATE ON watchlist_assets FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE OR REPLACE TRIGGER watchlists_touch BEFORE UPDATE ON watchlists FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- sql/functions/drop_guard.sql

-- Tables that hold rows are not dropped by accident; docs/operations.md says what is guarded.

CREATE FUNCTION ca_guard_drop() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_guard_drop';
COMMENT ON FUNCTION ca_guard_drop() IS
    'event trigger: from now on the session drops no table of the extension that holds rows, unless cryptoanalytics.allow_drop is on';

-- the commands whose CASCADE reaches an extension or its tables
CREATE EVENT TRIGGER cryptoanalytics_guard_drop ON ddl_command_start
    WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED', 'DROP LANGUAGE', 'DROP TABLE',
                 'DROP FOREIGN TABLE', 'DROP TYPE', 'DROP ACCESS METHOD', 'DROP SERVER', 'DROP FOREIGN DATA WRAPPER')
    EXECUTE FUNCTION ca_guard_drop();
-- in sessions that replicate too
ALTER EVENT TRIGGER cryptoanalytics_guard_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER cryptoanalytics_guard_drop IS
    'refuses to drop the extension while its tables hold rows';

-- sql/functions/row_security.sql

-- Row-level security: rows that belong to a user, and who sees them. docs/operations.md has the model.
--
-- A row is seen and written by sessions whose setting cryptoanalytics.user_id is its user, by roles
-- that may execute ca_every_user(), and by the owner of the tables. Privileges on the tables come
-- first, as everywhere.

CREATE FUNCTION ca_every_user() RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN true;
COMMENT ON FUNCTION ca_every_user() IS
    'a right, not a computation: roles that may execute this see the rows of all users';
REVOKE EXECUTE ON FUNCTION ca_every_user() FROM PUBLIC;

CREATE FUNCTION ca_first_user() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_first_user';
COMMENT ON FUNCTION ca_first_user() IS
    'least identifier of the users whose rows the session sees; NULL for none';

CREATE FUNCTION ca_last_user() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_last_user';
COMMENT ON FUNCTION ca_last_user() IS
    'greatest identifier of the users whose rows the session sees; NULL for none';

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
CREATE POLICY users_of_user ON users
    USING (id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY users_of_user ON users IS
    'a user sees and writes its own account';

ALTER TABLE user_sessions ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_sessions_of_user ON user_sessions
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY user_sessions_of_user ON user_sessions IS
    'a user sees and writes its own sessions';

ALTER TABLE user_activities ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_activities_of_user ON user_activities
    USING (user_id BETWEEN ca_first_user() AND ca_last_user())
    WITH CHECK (user_id BETWEEN ca_first_user() AND ca_last_user()
                AND EXISTS (SELECT FROM user_sessions AS s
                            WHERE s.id = session_id AND s.user_id = user_activities.user_id));
COMMENT ON POLICY user_activities_of_user ON user_activities IS
    'a user sees its own activities, and writes them in its own sessions';

-- a default watchlist belongs to nobody and is there for all
ALTER TABLE watchlists ENABLE ROW LEVEL SECURITY;
CREATE POLICY watchlists_of_user ON watchlists
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY watchlists_of_user ON watchlists IS
    'a user sees and writes its own watchlists';
CREATE POLICY watchlists_default ON watchlists FOR SELECT
    USING (user_id IS NULL);
COMMENT ON POLICY watchlists_default ON watchlists IS
    'everybody sees the default watchlists';
CREATE POLICY watchlists_default_written ON watchlists
    USING (user_id IS NULL AND ca_first_user() < ca_last_user());
COMMENT ON POLICY watchlists_default_written ON watchlists IS
    'default watchlists are written by roles that see all users';

ALTER TABLE watchlist_assets ENABLE ROW LEVEL SECURITY;
CREATE POLICY watchlist_assets_seen ON watchlist_assets FOR SELECT
    USING (ca_first_user() < ca_last_user()
           OR EXISTS (SELECT FROM watchlists AS w WHERE w.id = watchlist_id));
COMMENT ON POLICY watchlist_assets_seen ON watchlist_assets IS
    'who sees a watchlist sees what is on it';
CREATE POLICY watchlist_assets_of_user ON watchlist_assets
    USING (ca_first_user() < ca_last_user()
           OR EXISTS (SELECT FROM watchlists AS w
                      WHERE w.id = watchlist_id AND w.user_id BETWEEN ca_first_user() AND ca_last_user()));
COMMENT ON POLICY watchlist_assets_of_user ON watchlist_assets IS
    'a user writes what is on its own watchlists';

ALTER TABLE portfolio ENABLE ROW LEVEL SECURITY;
CREATE POLICY portfolio_of_user ON portfolio
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY portfolio_of_user ON portfolio IS
    'a user sees and writes its own positions';

-- positions are looked up as the reader sees them
ALTER TABLE trade_actions ENABLE ROW LEVEL SECURITY;
CREATE POLICY trade_actions_of_user ON trade_actions
    USING (ca_first_user() < ca_last_user()
           OR EXISTS (SELECT FROM portfolio AS p WHERE p.id = portfolio_id));
COMMENT ON POLICY trade_actions_of_user ON trade_actions IS
    'a user sees and writes the actions of its own positions';

ALTER TABLE signal_alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY signal_alerts_of_user ON signal_alerts
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY signal_alerts_of_user ON signal_alerts IS
    'a user sees and writes its own alerts';

ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
CREATE POLICY notifications_of_user ON notifications
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY notifications_of_user ON notifications IS
    'a user sees and writes its own notifications';

-- Behind row-level security an index serves only what cannot leak, and lower() might, says the catalog.
CREATE FUNCTION user_by_email(email text) RETURNS integer
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
BEGIN ATOMIC
    SELECT u.id FROM users AS u WHERE lower(u.email) = lower(user_by_email.email);
END;
COMMENT ON FUNCTION user_by_email(text) IS
    'user of an email address, in any case; NULL when there is none; it runs with its owner''s rights because row-level security would keep it from the index; for those who sign users in, and operators';
REVOKE EXECUTE ON FUNCTION user_by_email(text) FROM PUBLIC;

-- sql/functions/roles.sql

-- Rights by kind of role, granted in one call. docs/operations.md says who needs which.
--
-- What belongs to users is known by its row-level security. A column that tells a password, a token
-- or a balance is known by its name, so a new one is hidden from the first day.

CREATE FUNCTION ca_members()
    RETURNS TABLE (relation regclass, name text, is_table boolean, of_users boolean, of_operations boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.oid::pg_catalog.regclass, c.relname::text, c.relkind = 'r', c.relrowsecurity,
           c.relname IN ('system_health', 'analytics_data', 'external_api_logs', 'background_tasks')
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_depend AS d
      ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
         AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
    JOIN pg_catalog.pg_class AS c ON c.oid = d.objid
    WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'v', 'm', 'f');
END;
COMMENT ON FUNCTION ca_members() IS
    'tables and views of the extension; whether rows belong to users, and whether they tell of the running of the system';

CREATE FUNCTION ca_columns(relation regclass, pattern text, matching boolean) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ca_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.attname::text ~ ca_columns.pattern) = ca_columns.matching;
END;
COMMENT ON FUNCTION ca_columns(regclass, text, boolean) IS
    'list of the columns whose names match a pattern, or of those that do not; NULL if there is none';

CREATE FUNCTION ca_secrets(relation text, of_users boolean) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_secrets.of_users THEN 'password|token|balance'
                -- what was sent to another service may carry a key to it
                WHEN ca_secrets.relation = 'external_api_logs' THEN '^(request_params|response_data|endpoint)$'
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
        -- who reviewed a recommendation is a user
        SELECT CASE WHEN m.name = 'ai_recommendations'
                    THEN format('SELECT (%s)', ca_columns(m.relation, '^(reviewed_by|user_feedback)$', false))
                    ELSE 'SELECT' END
        WHERE ca_rights.kind = 'application' AND NOT m.of_users AND NOT m.of_operations
        UNION ALL
        SELECT format('SELECT (%s)', ca_columns(m.relation, 'password|token|^notes$|^deleted_by$', false))
        WHERE ca_rights.kind = 'application' AND m.name IN ('users', 'user_sessions')
        UNION ALL
        SELECT 'SELECT, INSERT, UPDATE, DELETE'
        WHERE ca_rights.kind = 'application'
          AND m.name IN ('watchlists', 'watchlist_assets', 'portfolio', 'trade_actions', 'signal_alerts')
        UNION ALL
        SELECT w.rights
        FROM (VALUES
            ('application', 'users', 'UPDATE (first_name, last_name, preferences, timezone, language, bio, profile_picture_url)'),
            ('application', 'user_activities', 'SELECT, INSERT'),
            ('application', 'notifications', 'SELECT, UPDATE (status, read_at)'),
            ('sign_in', 'users', 'SELECT'),
            ('sign_in', 'users', 'INSERT (email, password_hash, first_name, last_name, preferences, timezone, language, '
                                 'email_verification_token, email_verification_expires, referral_code, referred_by)'),
            ('sign_in', 'users', 'UPDATE (email, password_hash, is_verified, login_count, last_login, reset_password_token, '
                                 'reset_password_expires, email_verification_token, email_verification_expires, '
                                 'failed_login_attempts, lockout_expires, deleted_at, deleted_by)'),
            ('sign_in', 'user_sessions', 'SELECT, INSERT, UPDATE'),
            ('sign_in', 'user_activities', 'SELECT, INSERT')) AS w (kind, name, rights)
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
    SET search_path = pg_catalog, @extschema@, pg_temp
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
                  HINT = 'Whoever created the extension owns its tables.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_role(regrole) IS
    'refuses a role that does not exist, and a caller who may not grant';

CREATE FUNCTION ca_check_bounds(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    cause text;
BEGIN
    SELECT CASE WHEN r.rolsuper OR r.rolbypassrls THEN 'it bypasses row-level security'
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
                  HINT = 'Give the application a role of its own; revoke_rights() takes rights back.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_bounds(regrole) IS
    'refuses a role that row-level security does not bind to one user';

CREATE FUNCTION ca_check_secrets(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
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
                  HINT = 'Take a role that owns nothing here and has no other rights; revoke_rights() takes them back.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_secrets(regrole) IS
    'refuses a role that reads passwords, tokens or balances';

CREATE FUNCTION ca_grant(kind text, role regrole, every_user boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    PERFORM ca_check_role(role);
    FOR r IN SELECT * FROM ca_rights(kind) LOOP
        EXECUTE format('GRANT %s ON %s TO %s', r.rights, r.relation, role);
    END LOOP;
    IF every_user THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'ca_every_user()'::regprocedure, role);
    END IF;
    IF kind IN ('sign_in', 'operator') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'user_by_email(text)'::regprocedure, role);
    END IF;
    IF NOT has_schema_privilege(role, '@extschema@'::regnamespace, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s', '@extschema@'::regnamespace, role);
    END IF;
    -- a GRANT by somebody else than the owner may end in a mere warning
    IF NOT has_schema_privilege(role, '@extschema@'::regnamespace, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of schema %', '@extschema@'::regnamespace
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('Role %s has no USAGE on it.', role),
                  HINT = 'Let the owner of the schema grant it first.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_grant(text, regrole, boolean) IS
    'grants a role the rights of a kind, on the rows of all users if so told, and the use of the schema';

CREATE FUNCTION grant_analyst(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('analyst', role, true);
    PERFORM ca_check_secrets(role);
END;
$$;
COMMENT ON FUNCTION grant_analyst(regrole) IS
    'lets a role read everything but password hashes, tokens and balances; refused if it could read those in another way';

CREATE FUNCTION grant_application(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('application', role, false);
    PERFORM ca_check_bounds(role);
END;
$$;
COMMENT ON FUNCTION grant_application(regrole) IS
    'lets a role read the market, and what belongs to the user of the setting cryptoanalytics.user_id, which it writes too; refused if row-level security does not bind it';

CREATE FUNCTION grant_sign_in(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('sign_in', role, true);
END;
$$;
COMMENT ON FUNCTION grant_sign_in(regrole) IS
    'lets a role sign users up, in and out: accounts, sessions and activities of all users, but no roles, plans and balances to write';

CREATE FUNCTION grant_operator(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('operator', role, true);
END;
$$;
COMMENT ON FUNCTION grant_operator(regrole) IS
    'lets a role read and write all rows of all tables, as imports, archiving, alerts and upkeep do';

CREATE FUNCTION revoke_rights(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
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
                  HINT = 'An owner''s rights are not granted, so they are not taken back here.';
    END IF;
    FOR m IN SELECT * FROM ca_members() LOOP
        -- those to columns go along
        EXECUTE format('REVOKE ALL ON %s FROM %s', m.relation, role);
    END LOOP;
    EXECUTE format('REVOKE ALL ON FUNCTION %s, %s FROM %s', 'ca_every_user()'::regprocedure,
                   'user_by_email(text)'::regprocedure, role);
END;
$$;
COMMENT ON FUNCTION revoke_rights(regrole) IS
    'takes all rights that the grants gave from a role, but the use of the schema';

-- Functions with the rights of their owner search the schema of the extension.
DO $$
DECLARE
    intruders text;
BEGIN
    SELECT pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)
    INTO intruders
    FROM pg_catalog.pg_roles AS r
    WHERE NOT r.rolsuper
      AND r.rolname OPERATOR(pg_catalog.!~) '^pg_'
      AND pg_catalog.has_schema_privilege(r.oid, '@extschema@'::pg_catalog.regnamespace, 'CREATE');
    IF intruders IS NOT NULL THEN
        RAISE WARNING 'others may create objects in the schema of extension cryptoanalytics'
            USING DETAIL = pg_catalog.concat('Roles are ', intruders, '.'),
                  HINT = 'Functions of theirs might run with the rights of the owner of the extension; REVOKE CREATE ON SCHEMA, or choose another schema.';
    END IF;
END;
$$;

-- sql/functions/installed.sql

-- What the extension itself puts on its tables and views. Made by scripts/installed.sql: change that, not this.

CREATE FUNCTION ca_installed()
    RETURNS TABLE (name text, columns integer, row_security boolean, constraints text, indexes text, triggers text, policies text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES
    ('ai_models', 20, false,
     'ai_models_architecture_check ai_models_model_type_check ai_models_name_version_key ai_models_pkey
      ai_models_status_check ai_models_target_variable_check',
     'ai_models_active_version_key',
     'ai_models_touch', ''),
    ('ai_recommendations', 19, false,
     'ai_recommendations_pkey ai_recommendations_prediction_id_fkey ai_recommendations_priority_level_check
      ai_recommendations_recommendation_type_check ai_recommendations_reviewed_by_fkey
      ai_recommendations_status_check ai_recommendations_target_entity_type_check
      ai_recommendations_user_rating_check',
     'ai_recommendations_expiry_idx ai_recommendations_prediction_id_idx ai_recommendations_reviewed_by_idx',
     'ai_recommendations_status ai_recommendations_touch', ''),
    ('alert_marks', 2, false,
     'alert_marks_asset_id_fkey alert_marks_checked_until_check alert_marks_pkey',
     '',
     '', ''),
    ('analytics_data', 8, false,
     'analytics_data_aggregation_level_check analytics_data_category_check analytics_data_finite_check
      analytics_data_pkey',
     'analytics_data_rolled_up_key',
     'analytics_data_touch', ''),
    ('assets', 31, false,
     'assets_access_count_check assets_circulating_supply_check assets_finite_check assets_market_cap_check
      assets_market_cap_rank_check assets_max_supply_check assets_pkey assets_symbol_key assets_total_supply_check
      assets_total_volume_check',
     'assets_market_cap_rank_idx',
     'assets_touch', ''),
    ('background_tasks', 12, false,
     'background_tasks_execution_time_seconds_check background_tasks_pkey background_tasks_status_check
      background_tasks_task_type_check background_tasks_times_check',
     'background_tasks_ended_idx background_tasks_maintenance_idx background_tasks_pending_idx
      background_tasks_refresh_assets_idx background_tasks_running_idx',
     'background_tasks_moves background_tasks_touch', ''),
    ('cross_sector_analysis', 19, false,
     'cross_sector_analysis_ai_confidence_score_check cross_sector_analysis_ai_market_outlook_check
      cross_sector_analysis_ai_model_id_fkey cross_sector_analysis_metrics_snapshot_id_fkey
      cross_sector_analysis_outlook_duration_estimate_check cross_sector_analysis_pkey
      cross_sector_analysis_signal_agreement_score_check',
     'cross_sector_analysis_ai_model_id_idx cross_sector_analysis_metrics_snapshot_id_idx',
     'cross_sector_analysis_touch', ''),
    ('external_api_logs', 11, false,
     'external_api_logs_pkey external_api_logs_response_status_check external_api_logs_response_time_ms_check',
     'external_api_logs_created_at_idx',
     'external_api_logs_touch', ''),
    ('market_regime_analysis', 21, false,
     'market_regime_analysis_ai_confidence_score_check market_regime_analysis_ai_model_id_fkey
      market_regime_analysis_ai_regime_prediction_check market_regime_analysis_finite_check
      market_regime_analysis_metrics_snapshot_id_fkey market_regime_analysis_pkey
      market_regime_analysis_regime_check market_regime_analysis_regime_duration_estimate_check
      market_regime_analysis_signal_agreement_score_check market_regime_analysis_trend_strength_score_check',
     'market_regime_analysis_ai_model_id_idx market_regime_analysis_analysis_time_idx
      market_regime_analysis_metrics_snapshot_id_idx',
     'market_regime_analysis_touch', ''),
    ('metrics_snapshot', 31, false,
     'metrics_snapshot_active_addresses_btc_check metrics_snapshot_altcoin_dominance_check
      metrics_snapshot_btc_dominance_check metrics_snapshot_eth_dominance_check
      metrics_snapshot_fear_greed_index_check metrics_snapshot_finite_check
      metrics_snapshot_google_trends_score_check metrics_snapshot_halving_countdown_days_check
      metrics_snapshot_liquidations_long_check metrics_snapshot_liquidations_short_check
      metrics_snapshot_liquidity_score_check metrics_snapshot_open_interest_btc_check metrics_snapshot_pkey
      metrics_snapshot_rsi_14_check metrics_snapshot_timeframe_snapshot_time_key metrics_snapshot_total_check
      metrics_snapshot_usdt_dominance_check',
     '',
     'metrics_snapshot_touch', ''),
    ('model_leaderboard', 17, false,
     '',
     '',
     '', ''),
    ('model_performance', 11, false,
     'model_performance_evaluated_predictions_count_check model_performance_evaluation_key
      model_performance_finite_check model_performance_model_id_fkey model_performance_pkey',
     '',
     'model_performance_touch', ''),
    ('model_performance_history', 11, false,
     '',
     '',
     '', ''),
    ('notifications', 14, true,
     'notifications_notification_type_check notifications_pkey notifications_priority_check
      notifications_read_at_check notifications_status_check notifications_user_id_fkey',
     'notifications_due_idx notifications_unread_idx notifications_user_id_idx',
     'notifications_inserted notifications_read notifications_touch', 'notifications_of_user'),
    ('portfolio', 21, true,
     'portfolio_allocation_target_percent_check portfolio_asset_check portfolio_asset_id_fkey
      portfolio_asset_type_check portfolio_finite_check portfolio_investment_timeframe_check
      portfolio_leverage_ratio_check portfolio_max_allocation_percent_check portfolio_pkey portfolio_quantity_check
      portfolio_risk_category_check portfolio_trade_status_check portfolio_user_id_fkey',
     'portfolio_asset_id_idx portfolio_open_idx portfolio_user_id_idx',
     'portfolio_derived portfolio_touch', 'portfolio_of_user'),
    ('portfolio_positions', 20, false,
     '',
     '',
     '', ''),
    ('portfolio_totals', 7, false,
     '',
     '',
     '', ''),
    ('predictions', 28, false,
     'predictions_absolute_error_check predictions_accuracy_percentage_check predictions_accuracy_threshold_check
      predictions_ai_models_id_fkey predictions_asset_id_fkey predictions_confidence_score_check
      predictions_finite_check predictions_pkey predictions_prediction_horizon_check
      predictions_prediction_time_check predictions_squared_error_check predictions_volatility_level_check',
     'predictions_ai_models_id_evaluated_at_idx predictions_asset_id_created_at_idx predictions_due_idx
      predictions_horizon_idx',
     'predictions_inserted predictions_touch', ''),
    ('price_data', 12, false,
     'price_data_asset_id_fkey price_data_asset_id_timeframe_candle_time_key price_data_candle_time_check
      price_data_market_cap_check price_data_pkey price_data_price_range_check price_data_timeframe_check
      price_data_timeframe_start_check price_data_volume_check',
     '',
     'price_data_note_delete price_data_note_insert price_data_note_truncate price_data_note_update
      price_data_supersede', ''),
    ('price_data_archive', 12, false,
     'price_data_archive_asset_id_fkey price_data_archive_asset_id_timeframe_candle_time_key
      price_data_archive_candle_time_check price_data_archive_market_cap_check price_data_archive_pkey
      price_data_archive_price_range_check price_data_archive_timeframe_check
      price_data_archive_timeframe_start_check price_data_archive_volume_check',
     '',
     'price_data_archive_note_delete price_data_archive_note_insert price_data_archive_note_truncate
      price_data_archive_note_update price_data_archive_once', ''),
    ('price_data_compressed', 12, false,
     '',
     '',
     '', ''),
    ('price_data_segments', 7, false,
     'price_data_segments_asset_id_fkey price_data_segments_candles_check price_data_segments_indicators_check
      price_data_segments_pkey price_data_segments_time_check price_data_segments_timeframe_check',
     '',
     'price_data_segments_note_delete price_data_segments_note_truncate', ''),
    ('price_history', 14, false,
     '',
     '',
     '', ''),
    ('sector_analysis', 33, false,
     'sector_analysis_active_protocols_check sector_analysis_active_users_check
      sector_analysis_ai_confidence_score_check sector_analysis_ai_model_id_fkey
      sector_analysis_ai_sector_outlook_check sector_analysis_correlation_with_btc_check
      sector_analysis_correlation_with_eth_check sector_analysis_finite_check sector_analysis_liquidity_score_check
      sector_analysis_metrics_snapshot_id_fkey sector_analysis_outlook_duration_estimate_check sector_analysis_pkey
      sector_analysis_relative_strength_score_check sector_analysis_rotation_inflow_score_check
      sector_analysis_rotation_outflow_score_check sector_analysis_sector_dominance_pct_check
      sector_analysis_sector_id_fkey sector_analysis_sector_market_cap_check sector_analysis_sector_volume_24h_check
      sector_analysis_signal_agreement_score_check sector_analysis_tvl_total_check
      sector_analysis_volatility_score_check',
     'sector_analysis_ai_model_id_idx sector_analysis_latest_idx sector_analysis_metrics_snapshot_id_idx
      sector_analysis_sector_id_idx',
     'sector_analysis_touch', ''),
    ('sector_history', 8, false,
     'sector_history_market_cap_check sector_history_pkey sector_history_sector_id_fkey
      sector_history_sector_id_timeframe_candle_time_key sector_history_volume_24h_check',
     '',
     '', ''),
    ('sector_mapping', 6, false,
     'sector_mapping_asset_id_fkey sector_mapping_asset_id_sector_id_key sector_mapping_pkey
      sector_mapping_sector_id_fkey',
     'sector_mapping_primary_sector_key sector_mapping_sector_id_asset_id_idx',
     'sector_mapping_touch', ''),
    ('sector_rotation_flows', 6, false,
     'sector_rotation_flows_cross_sector_analysis_id_fkey sector_rotation_flows_from_sector_id_fkey
      sector_rotation_flows_from_to_key sector_rotation_flows_pkey sector_rotation_flows_score_check
      sector_rotation_flows_sectors_check sector_rotation_flows_to_sector_id_fkey',
     'sector_rotation_flows_from_sector_id_idx sector_rotation_flows_to_sector_id_idx',
     '', ''),
    ('sectors', 12, false,
     'sectors_coingecko_id_key sectors_finite_check sectors_market_cap_check sectors_name_key sectors_pkey
      sectors_top_3_coins_id_check sectors_volume_24h_check',
     '',
     'sectors_touch', ''),
    ('signal_alerts', 15, true,
     'signal_alerts_alert_type_check signal_alerts_asset_id_fkey signal_alerts_condition_check
      signal_alerts_finite_check signal_alerts_notification_method_check signal_alerts_pkey
      signal_alerts_user_id_fkey',
     'signal_alerts_asset_id_idx signal_alerts_expires_at_idx signal_alerts_pending_idx signal_alerts_signal_idx
      signal_alerts_user_id_idx signal_alerts_value_idx',
     'signal_alerts_touch', 'signal_alerts_of_user'),
    ('system_health', 11, false,
     'system_health_overall_health_score_check system_health_pkey',
     '',
     'system_health_touch', ''),
    ('technical_indicator_notes', 4, false,
     'technical_indicator_notes_asset_id_fkey technical_indicator_notes_pkey',
     'technical_indicator_notes_series_idx',
     '', ''),
    ('technical_indicator_states', 8, false,
     'technical_indicator_states_asset_id_fkey technical_indicator_states_asset_id_timeframe_candle_time_key
      technical_indicator_states_candles_check technical_indicator_states_pkey',
     '',
     '', ''),
    ('trade_actions', 29, true,
     'trade_actions_action_source_check trade_actions_action_type_check trade_actions_capital_amount_check
      trade_actions_confidence_level_check trade_actions_finite_check trade_actions_market_sentiment_check
      trade_actions_pkey trade_actions_portfolio_id_fkey trade_actions_primary_setup_check
      trade_actions_quantity_check trade_actions_risk_percent_check trade_actions_signal_id_fkey
      trade_actions_stress_level_check trade_actions_timeframe_check trade_actions_volatility_level_check
      trade_actions_volume_profile_check',
     'trade_actions_portfolio_id_created_at_id_idx trade_actions_signal_id_idx',
     'trade_actions_deleted trade_actions_inserted trade_actions_restored trade_actions_signals_insert
      trade_actions_signals_update trade_actions_touch trade_actions_updated', 'trade_actions_of_user'),
    ('trading_signals', 14, false,
     'trading_signals_asset_id_fkey trading_signals_finite_check trading_signals_levels_check trading_signals_pkey
      trading_signals_prediction_id_fkey trading_signals_risk_level_check trading_signals_risk_reward_ratio_check
      trading_signals_signal_type_check trading_signals_status_check trading_signals_time_horizon_hours_check',
     'trading_signals_asset_id_created_at_idx trading_signals_asset_id_idx trading_signals_live_idx
      trading_signals_prediction_id_idx',
     'trading_signals_ratio_insert trading_signals_ratio_update trading_signals_touch', ''),
    ('user_activities', 11, true,
     'user_activities_pkey user_activities_session_id_fkey user_activities_user_id_fkey',
     'user_activities_created_at_idx user_activities_session_id_idx user_activities_user_id_created_at_idx',
     '', 'user_activities_of_user'),
    ('user_sessions', 11, true,
     'user_sessions_pkey user_sessions_session_token_key user_sessions_user_id_fkey',
     'user_sessions_user_id_idx',
     'user_sessions_touch', 'user_sessions_of_user'),
    ('users', 32, true,
     'users_deleted_by_fkey users_failed_login_attempts_check users_finite_check users_login_count_check users_pkey
      users_referral_code_key users_referral_count_check users_referred_by_fkey users_role_check
      users_subscription_plan_check',
     'users_deleted_by_idx users_email_key users_referred_by_idx',
     'users_referrals_deleted users_referrals_inserted users_referrals_updated users_touch', 'users_of_user'),
    ('watchlist_assets', 11, true,
     'watchlist_assets_added_by_fkey watchlist_assets_asset_id_fkey watchlist_assets_last_modified_by_fkey
      watchlist_assets_pkey watchlist_assets_position_check watchlist_assets_position_type_check
      watchlist_assets_watchlist_id_asset_id_position_type_key watchlist_assets_watchlist_id_fkey',
     'watchlist_assets_active_idx watchlist_assets_added_by_idx watchlist_assets_asset_id_idx
      watchlist_assets_last_modified_by_idx',
     'watchlist_assets_deleted watchlist_assets_inserted watchlist_assets_touch watchlist_assets_updated', 'watchlist_assets_of_user watchlist_assets_seen'),
    ('watchlists', 11, true,
     'watchlists_max_assets_check watchlists_owner_check watchlists_pkey watchlists_user_id_fkey
      watchlists_watchlist_type_check',
     'watchlists_user_id_idx',
     'watchlists_narrowed watchlists_touch', 'watchlists_default watchlists_default_written watchlists_of_user');
END;
COMMENT ON FUNCTION ca_installed() IS
    'number of columns, row-level security, and names of constraints, indexes that serve none, triggers and policies of each table and view, as installed';

-- sql/functions/added_by_hand.sql

-- What was added by hand to tables and views of the extension. pg_dump leaves it out, for it takes
-- their definition from the install script.
--
-- pg_catalog alone is searched, so that every other name is printed with its schema.

CREATE FUNCTION ca_added_columns() RETURNS TABLE (rank integer, name text, ddl text, object text, description text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT 1, a.attname::text,
           format('ALTER TABLE %s ADD COLUMN %I %s', m.relation, a.attname, format_type(a.atttypid, a.atttypmod))
           || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
           || CASE a.attgenerated
                   WHEN 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid))
                   WHEN 'v' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', pg_get_expr(d.adbin, d.adrelid))
                   ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END
           || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                                 WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
           || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
           format('COLUMN %s.%I', m.relation, a.attname), col_description(a.attrelid, a.attnum)
    FROM ca_members() AS m
    JOIN ca_installed() AS i ON i.name = m.name
    JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attnum > i.columns AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE m.is_table;
END;
COMMENT ON FUNCTION ca_added_columns() IS
    'columns that were added by hand, and the comments on them';

CREATE FUNCTION ca_added_objects() RETURNS TABLE (rank integer, name text, ddl text, object text, description text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH member AS (
        SELECT m.relation, i.columns, regexp_split_to_array(i.constraints, '\s+') AS constraints,
               regexp_split_to_array(i.indexes, '\s+') AS indexes, regexp_split_to_array(i.triggers, '\s+') AS triggers,
               regexp_split_to_array(i.policies, '\s+') AS policies
        FROM ca_members() AS m
        JOIN ca_installed() AS i ON i.name = m.name
    )
    -- keys before what refers to them
    SELECT CASE n.contype WHEN 'f' THEN 3 ELSE 2 END, n.conname::text,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', m.relation, n.conname, pg_get_constraintdef(n.oid)),
           format('CONSTRAINT %I ON %s', n.conname, m.relation), obj_description(n.oid, 'pg_constraint')
    FROM member AS m
    JOIN pg_constraint AS n ON n.conrelid = m.relation
    WHERE n.contype IN ('c', 'f', 'p', 'u', 'x') AND n.conname <> ALL (m.constraints)
    UNION ALL
    SELECT 4, x.relname::text, pg_get_indexdef(x.oid),
           format('INDEX %s', x.oid::regclass), obj_description(x.oid, 'pg_class')
    FROM member AS m
    JOIN pg_index AS i ON i.indrelid = m.relation
    JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE x.relname <> ALL (m.indexes)
      AND NOT EXISTS (SELECT FROM pg_constraint AS n WHERE n.conindid = x.oid AND n.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 4, s.stxname::text, pg_get_statisticsobjdef(s.oid),
           format('STATISTICS %s.%I', s.stxnamespace::regnamespace, s.stxname), obj_description(s.oid, 'pg_statistic_ext')
    FROM member AS m
    JOIN pg_statistic_ext AS s ON s.stxrelid = m.relation    UNION ALL
    SELECT 5, r.rulename::text, rtrim(pg_get_ruledef(r.oid), ';'),
           format('RULE %I ON %s', r.rulename, m.relation), obj_description(r.oid, 'pg_rewrite')
    FROM member AS m
    JOIN pg_rewrite AS r ON r.ev_class = m.relation
    WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 6, t.tgname::text, pg_get_triggerdef(t.oid),
           format('TRIGGER %I ON %s', t.tgname, m.relation), obj_description(t.oid, 'pg_trigger')
    FROM member AS m
    JOIN pg_trigger AS t ON t.tgrelid = m.relation
    WHERE NOT t.tgisinternal AND t.tgname <> ALL (m.triggers)
    UNION ALL
    SELECT 7, p.polname::text,
           format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, m.relation,
                  CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                  (SELECT string_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE r.oid::regrole::text END, ', ' ORDER BY r.oid)
                   FROM unnest(p.polroles) AS r (oid)))
           || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
           format('POLICY %I ON %s', p.polname, m.relation), obj_description(p.oid, 'pg_policy')
    FROM member AS m
    JOIN pg_policy AS p ON p.polrelid = m.relation
    WHERE p.polname <> ALL (m.policies);
END;
COMMENT ON FUNCTION ca_added_objects() IS
    'constraints, indexes, statistics, rules, triggers and policies that were added by hand, and the comments on them';

CREATE FUNCTION ca_changed_settings() RETURNS TABLE (rank integer, name text, ddl text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH member AS (
        SELECT m.relation, c.*, i.columns, i.row_security
        FROM ca_members() AS m
        JOIN ca_installed() AS i ON i.name = m.name
        JOIN pg_class AS c ON c.oid = m.relation
    )
    SELECT s.rank, m.relname::text, format('ALTER TABLE %s %s', m.relation, s.change)
    FROM member AS m
    CROSS JOIN LATERAL (
        SELECT 8, CASE WHEN m.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END || ' ROW LEVEL SECURITY'
        WHERE m.relrowsecurity <> m.row_security
        UNION ALL
        SELECT 8, 'FORCE ROW LEVEL SECURITY'
        WHERE m.relforcerowsecurity
        UNION ALL
        SELECT 9, format('%s TRIGGER %I', CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                                           ELSE 'ENABLE ALWAYS' END, t.tgname)
        FROM pg_trigger AS t
        WHERE t.tgrelid = m.oid AND NOT t.tgisinternal AND t.tgenabled <> 'O'
        UNION ALL
        SELECT 9, CASE m.relreplident
                       WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING'
                       ELSE (SELECT format('REPLICA IDENTITY USING INDEX %I', x.relname)
                             FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
                             WHERE i.indrelid = m.oid AND i.indisreplident) END
        WHERE m.relkind = 'r' AND m.relreplident <> 'd'
        UNION ALL
        SELECT 9, (SELECT 'SET (' || string_agg(format('%s%I = %L', o.prefix, split_part(o.option, '=', 1),
                                                             substr(o.option, strpos(o.option, '=') + 1)), ', ') || ')'
                   FROM (SELECT '' AS prefix, unnest(m.reloptions) AS option
                         UNION ALL
                         SELECT 'toast.', unnest(x.reloptions) FROM pg_class AS x WHERE x.oid = m.reltoastrelid) AS o)
        WHERE m.relkind = 'r'
        UNION ALL
        SELECT 9, format('ALTER COLUMN %I SET STATISTICS %s', a.attname, a.attstattarget)
        FROM pg_attribute AS a
        WHERE a.attrelid = m.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0
        UNION ALL
        SELECT 9, 'INHERIT ' || h.inhparent::regclass
        FROM pg_inherits AS h
        WHERE h.inhrelid = m.oid) AS s (rank, change)
    WHERE s.change IS NOT NULL
    UNION ALL
    -- an added identity goes on where it was
    SELECT 9, m.relname::text,
           format('SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(%L, %L), %s)', m.relation, a.attname,
                  pg_sequence_last_value(q.seqrelid))
    FROM member AS m
    JOIN pg_attribute AS a ON a.attrelid = m.oid AND a.attnum > m.columns AND a.attidentity <> ''
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = m.oid AND d.refobjsubid = a.attnum
                       AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_sequence AS q ON q.seqrelid = d.objid
    WHERE pg_sequence_last_value(q.seqrelid) IS NOT NULL
    UNION ALL
    SELECT 10, m.relname::text,
           -- a dump of PostgreSQL 18 has it already
           format('DO %L', format('BEGIN ALTER PUBLICATION %I ADD TABLE ONLY %s%s%s; EXCEPTION WHEN duplicate_object THEN NULL; END',
                  p.pubname, m.relation,
                  ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                           FROM pg_attribute AS a
                           WHERE a.attrelid = m.oid AND a.attnum = ANY (r.prattrs)) || ')',
                  ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')'))
    FROM member AS m
    JOIN pg_publication_rel AS r ON r.prrelid = m.oid
    JOIN pg_publication AS p ON p.oid = r.prpubid;
END;
COMMENT ON FUNCTION ca_changed_settings() IS
    'row-level security, firing of triggers, storage parameters, statistics targets, inheritance, publications and added sequences that differ from what is installed';

CREATE FUNCTION added_by_hand(OUT section text, OUT ddl text) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- columns have to be there before their values are
    SELECT CASE d.rank WHEN 1 THEN 'pre-data' ELSE 'post-data' END, d.ddl || ';'
    FROM (SELECT c.rank, c.name, c.ddl, 1 AS part FROM ca_added_columns() AS c
          UNION ALL
          SELECT o.rank, o.name, o.ddl, 1 FROM ca_added_objects() AS o
          UNION ALL
          SELECT s.rank, s.name, s.ddl, 1 FROM ca_changed_settings() AS s
          UNION ALL
          SELECT c.rank, c.name, format('COMMENT ON %s IS %L', c.object, c.description), 2
          FROM (SELECT * FROM ca_added_columns() UNION ALL SELECT * FROM ca_added_objects()) AS c
          WHERE c.description IS NOT NULL) AS d
    ORDER BY d.rank, d.part, d.name, d.ddl;
END;
COMMENT ON FUNCTION added_by_hand() IS
    'commands that make again what was added by hand to tables and views of the extension, which pg_dump leaves out: pre-data before the rows are restored, post-data after';

-- sql/schema/touch.sql

-- What the row was and will be is compared here and not in the conditions of the triggers: those
-- could be on no table with a generated column.  It is compared byte by byte, for a column that
-- somebody adds may be of a type without equality.
CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF OLD *<> NEW THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION touch_updated_at() IS
    'trigger: sets updated_at to the start of the transaction if the row changes';

-- sql/functions/rollup.sql

-- Writing candles: one writer for all, roll-ups and imports.

-- Who writes candles of a series holds an advisory lock on it until the end of the transaction.
-- What is read after taking the lock is what the last writer committed, so the later of two
-- writers never puts back what the earlier had before it.
CREATE OR REPLACE FUNCTION ca_lock_series(timeframe text, asset integer) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE WHEN ca_lock_series.asset IS NULL
                THEN pg_advisory_xact_lock(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
                ELSE pg_advisory_xact_lock_shared(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
           END;
    SELECT pg_advisory_xact_lock(hashtextextended(
               'cryptoanalytics series ' || ca_lock_series.timeframe || ' ' || ca_lock_series.asset, 0))
    WHERE ca_lock_series.asset IS NOT NULL;
END;
COMMENT ON FUNCTION ca_lock_series(text, integer) IS
    'locks writing of one series of candles, or of a timeframe''s all series when asset is NULL, to the end of the transaction';

-- Not a parsed body: with an argument of its rows, PostgreSQL would add no column with a default to
-- price_data.
CREATE OR REPLACE FUNCTION ca_store_candles(candles price_data[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    WITH candle AS MATERIALIZED (
        -- of many candles too each is looked up by its key: the planner must not count them
        SELECT c.* FROM unnest((SELECT ca_store_candles.candles)) AS c
    ), in_archive AS (
        UPDATE price_data_archive AS a
        SET open_price = c.open_price,
            high_price = c.high_price,
            low_price = c.low_price,
            close_price = c.close_price,
            volume = coalesce(c.volume, a.volume),
            market_cap = coalesce(c.market_cap, a.market_cap),
            technical_indicators = NULL
        FROM candle AS c
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
          AND (a.open_price, a.high_price, a.low_price, a.close_price, a.volume, a.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, a.volume), coalesce(c.market_cap, a.market_cap))
        RETURNING a.id
    ), compressed AS MATERIALIZED (
        SELECT z AS stored, z.*
        FROM (SELECT c.asset_id, c.timeframe, array_agg(c.candle_time) AS times
              FROM candle AS c
              WHERE EXISTS (SELECT FROM price_data_segments)
              GROUP BY c.asset_id, c.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    ), in_segments AS (
        SELECT ca_replace_compressed(
                   z.asset_id, z.timeframe,
                   array_agg(jsonb_populate_record(z.stored, jsonb_build_object(
                                 'open_price', c.open_price, 'high_price', c.high_price, 'low_price', c.low_price,
                                 'close_price', c.close_price, 'volume', coalesce(c.volume, z.volume),
                                 'market_cap', coalesce(c.market_cap, z.market_cap), 'technical_indicators', NULL))
                             ORDER BY z.candle_time)) AS replaced
        FROM compressed AS z
        JOIN candle AS c
          ON (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
        WHERE (z.open_price, z.high_price, z.low_price, z.close_price, z.volume, z.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, z.volume), coalesce(c.market_cap, z.market_cap))
        GROUP BY z.asset_id, z.timeframe
    ), in_live AS (
        INSERT INTO price_data AS p
            (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap, candle_time)
        SELECT c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
               c.volume, c.market_cap, c.candle_time
        FROM candle AS c
        WHERE NOT EXISTS (
            SELECT
            FROM price_data_archive AS a
            WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
          AND NOT EXISTS (
            SELECT
            FROM compressed AS z
            WHERE (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
        ORDER BY c.asset_id, c.timeframe, c.candle_time
        ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
        SET open_price = excluded.open_price,
            high_price = excluded.high_price,
            low_price = excluded.low_price,
            close_price = excluded.close_price,
            volume = coalesce(excluded.volume, p.volume),
            market_cap = coalesce(excluded.market_cap, p.market_cap),
            technical_indicators = NULL
        WHERE (p.open_price, p.high_price, p.low_price, p.close_price, p.volume, p.market_cap)
              IS DISTINCT FROM
              (excluded.open_price, excluded.high_price, excluded.low_price, excluded.close_price,
               coalesce(excluded.volume, p.volume), coalesce(excluded.market_cap, p.market_cap))
        RETURNING p.id
    )
    SELECT (SELECT count(*) FROM in_archive)
         + (SELECT coalesce(sum(s.replaced), 0)::bigint FROM in_segments AS s)
         + (SELECT count(*) FROM in_live)
    INTO changed;
    RETURN changed;
END;
$$;
COMMENT ON FUNCTION ca_store_candles(price_data[]) IS
    'inserts candles or corrects those stored, live, archived or compressed, and returns how many changed; a changed candle loses its technical_indicators, an unknown volume or market_cap does not overwrite a known one; the caller holds the series lock and sends each candle once';

CREATE OR REPLACE FUNCTION ca_rollup_series(
    timeframe text, asset integer, since timestamptz, until timestamptz, source text, include_open boolean)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_series';
COMMENT ON FUNCTION ca_rollup_series(text, integer, timestamptz, timestamptz, text, boolean) IS
    'rolls one series up, or those of all assets when asset is NULL, in one pass over the stored candles; the caller has checked the arguments and holds the lock of what is written';

CREATE OR REPLACE FUNCTION rollup_candles(
    timeframe text, asset integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, source text DEFAULT NULL, include_open boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_timeframe(rollup_candles.timeframe);
    PERFORM ca_check_range(rollup_candles.since, rollup_candles.until);
    IF rollup_candles.asset IS NOT NULL THEN
        PERFORM ca_check_asset(rollup_candles.asset);
    END IF;
    PERFORM FROM timeframes() AS t
    WHERE timeframe_divides(coalesce(rollup_candles.source, t), rollup_candles.timeframe);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cannot roll % up to %', coalesce(rollup_candles.source, 'candles'), rollup_candles.timeframe
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('A %s candle is not made of whole %s candles.',
                                  rollup_candles.timeframe, coalesce(rollup_candles.source, 'shorter')),
                  HINT = format('Timeframes that divide %s: %s.', rollup_candles.timeframe,
                                coalesce((SELECT string_agg(t, ' ') FROM timeframes() AS t
                                          WHERE timeframe_divides(t, rollup_candles.timeframe)), 'none'));
    END IF;

    PERFORM ca_lock_series(rollup_candles.timeframe, rollup_candles.asset);
    -- its snapshot is taken after the lock
    RETURN ca_rollup_series(
        rollup_candles.timeframe, rollup_candles.asset, rollup_candles.since, rollup_candles.until,
        rollup_candles.source, coalesce(rollup_candles.include_open, false));
END;
$$;
COMMENT ON FUNCTION rollup_candles(text, integer, timestamptz, timestamptz, text, boolean) IS
    'recomputes the whole candles that overlap [since, until) from stored finer ones, live and archived, writes them and returns how many were inserted or changed; closed candles only, unless include_open';

-- sql/functions/moving.sql

-- Moving candles: one batch of them, ranges and runs of batches, and the procedures for that.

-- Moved candles have the columns that every installation has, and no others.
CREATE OR REPLACE FUNCTION ca_refuse_added_columns(source text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    relation CONSTANT text := CASE source WHEN 'live' THEN 'price_data' WHEN 'archive' THEN 'price_data_archive' END;
    added text;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO added
    FROM ca_installed() AS i
    JOIN pg_attribute AS a ON a.attrelid = i.name::regclass AND a.attnum > i.columns
    WHERE i.name = relation AND NOT a.attisdropped AND a.attgenerated = '';
    IF added IS NOT NULL THEN
        RAISE EXCEPTION 'columns that were added to % would be lost', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Candles that move do not take along %s.', added),
                  HINT = 'Keep such values in a table of your own, and drop the columns.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_refuse_added_columns(text) IS
    'refuses to move candles out of a table (source live or archive) that has columns of its owner''s';

CREATE OR REPLACE FUNCTION ca_move_batch(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean,
    OUT done boolean, OUT last timestamptz, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    moved bigint;
    total bigint;
BEGIN
    PERFORM ca_refuse_added_columns(source);
    PERFORM ca_lock_series(timeframe, series);
    IF target = 'segments' THEN
        -- goes on behind the last candle, which may still be there
        SELECT b.moved, b.last INTO moved, last
        FROM ca_compress_batch(source = 'live', series, timeframe, since, until, batch_size, keep_indicators) AS b;
    ELSIF source = 'segments' AND target = 'archive' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_decompress_batch(series, timeframe, since, until, batch_size) AS b;
    ELSIF source = 'segments' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_restore_compressed_batch(series, timeframe, since, until, batch_size) AS b;
    ELSIF source = 'archive' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_restore_batch(series, timeframe, since, until, batch_size) AS b;
    ELSE
        SELECT b.moved, b.last INTO moved, last
        FROM ca_archive_batch(series, timeframe, since, until, batch_size, keep_indicators) AS b;
    END IF;

    done := last IS NULL;
    IF done THEN
        RETURN;
    END IF;
    UPDATE background_tasks AS t
    SET result_data = jsonb_set(
            t.result_data || jsonb_build_object('moved', (t.result_data ->> 'moved')::bigint + moved),
            ARRAY['by_timeframe', ca_move_batch.timeframe],
            to_jsonb(coalesce((t.result_data -> 'by_timeframe' ->> ca_move_batch.timeframe)::bigint, 0) + moved)),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - t.started_at)
    WHERE t.id = task
    RETURNING (t.result_data ->> 'moved')::bigint INTO total;
    IF clock_timestamp() - reported >= interval '1 second' THEN
        reported := clock_timestamp();
        RAISE NOTICE '% rows moved, now at asset %, %, %', total, series, timeframe, last;
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_move_batch(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz) IS
    'moves one batch of a series, notes it in background_tasks and tells of it, at most once a second';

CREATE OR REPLACE FUNCTION ca_archive_asset(asset integer, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    batch_size CONSTANT integer := 10000;
    due record;
    part bigint;
    moved bigint := 0;
BEGIN
    PERFORM ca_refuse_added_columns('live');
    FOR due IN SELECT d.* FROM ca_archive_due(ca_archive_asset.as_of, ca_archive_asset.asset) AS d LOOP
        PERFORM ca_lock_series(due.timeframe, due.asset);
        IF ca_archive_target() = 'segments' THEN
            SELECT b.moved INTO part
            FROM ca_compress_batch(true, due.asset, due.timeframe, '-infinity', due.until, batch_size, false) AS b;
        ELSE
            SELECT b.moved INTO part
            FROM ca_archive_batch(due.asset, due.timeframe, '-infinity', due.until, batch_size, false) AS b;
        END IF;
        moved := moved + part;
        EXIT WHEN moved >= batch_size;
    END LOOP;
    RETURN moved;
END;
$$;
COMMENT ON FUNCTION ca_archive_asset(integer, timestamptz) IS
    'step of maintain(): archives candles of one asset, as archive_price_data() does, and returns how many; from 10000 on there may be more';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE OR REPLACE PROCEDURE ca_move_failed(task integer, message text, detail text, state text)
    LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM @extschema@.ca_task_finish(task, message);
    COMMIT;
    RAISE EXCEPTION '%', message
        USING ERRCODE = state,
              DETAIL = pg_catalog.ltrim(pg_catalog.concat_ws(' ', detail,
                  'The batches before stay moved; background_tasks tells how many rows.')),
              HINT = 'Calling the procedure again goes on where it stopped.';
END;
$$;
COMMENT ON PROCEDURE ca_move_failed(integer, text, text, text) IS
    'notes in background_tasks that a run failed, commits that, and raises the error again';

CREATE OR REPLACE PROCEDURE ca_move_range(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean, INOUT reported timestamptz)
    LANGUAGE plpgsql
AS $$
DECLARE
    batch pg_catalog.record;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    LOOP
        -- an error undoes this batch only, and is noted before it is raised again
        BEGIN
            SELECT b.done, b.last, b.reported INTO batch
            FROM @extschema@.ca_move_batch(task, source, target, series, timeframe, since, until,
                                           batch_size, keep_indicators, reported) AS b;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                    state = RETURNED_SQLSTATE;
        END;
        IF message IS NOT NULL THEN
            CALL @extschema@.ca_move_failed(task, message, detail, state);
        END IF;
        COMMIT;
        EXIT WHEN batch.done;
        since := batch.last;
        reported := batch.reported;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE ca_move_range(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz) IS
    'moves a range of one series, a commit a batch';

CREATE OR REPLACE PROCEDURE ca_move_all(
    task integer, source text, target text, batch_size integer, keep_indicators boolean)
    LANGUAGE plpgsql
AS $$
DECLARE
    reported pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    series pg_catalog.int4[];
    codes pg_catalog.text[];
    untils pg_catalog.timestamptz[];
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    -- looking for them can take a while, and can be cancelled too
    BEGIN
        SELECT pg_catalog.array_agg(s.series), pg_catalog.array_agg(s.timeframe), pg_catalog.array_agg(s.until)
        INTO series, codes, untils
        FROM @extschema@.ca_move_series(task, source) AS s;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                state = RETURNED_SQLSTATE;
    END;
    IF message IS NOT NULL THEN
        CALL @extschema@.ca_move_failed(task, message, detail, state);
    END IF;
    FOR i IN 1 .. coalesce(pg_catalog.cardinality(series), 0) LOOP
        CALL @extschema@.ca_move_range(task, source, target, series[i], codes[i], '-infinity', untils[i],
                                       batch_size, keep_indicators, reported);
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE ca_move_all(integer, text, text, integer, boolean) IS
    'moves all series that a run of archive_price_data or compress_price_archive is to move';

CREATE OR REPLACE FUNCTION ca_archive_target() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE current_setting('cryptoanalytics.compress_archive', true) WHEN 'on' THEN 'segments' ELSE 'archive' END;
COMMENT ON FUNCTION ca_archive_target() IS
    'where archive_price_data moves candles to, by the setting cryptoanalytics.compress_archive';

CREATE OR REPLACE FUNCTION ca_archive_count(older_than timestamptz, timeframe text, asset integer) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM timeframes() AS t (code)
    JOIN price_data AS p
      ON p.timeframe = t.code
     AND p.candle_time < ca_archive_cutoff(t.code, ca_archive_count.older_than)
    WHERE (ca_archive_count.timeframe IS NULL OR t.code = ca_archive_count.timeframe)
      AND (ca_archive_count.asset IS NULL OR p.asset_id = ca_archive_count.asset);
END;
COMMENT ON FUNCTION ca_archive_count(timestamptz, text, integer) IS
    'how many rows archive_price_data would move';

CREATE OR REPLACE PROCEDURE archive_price_data(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    keep_indicators boolean DEFAULT false, batch_size integer DEFAULT 10000, dry_run boolean DEFAULT false,
    INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    PERFORM @extschema@.ca_check_batch_size(batch_size);
    IF timeframe IS NOT NULL THEN
        PERFORM @extschema@.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM @extschema@.ca_check_asset(asset);
    END IF;
    -- whoever passes NULL has not said that rows may move
    IF coalesce(dry_run, true) THEN
        moved := @extschema@.ca_archive_count(older_than, timeframe, asset);
        RETURN;
    END IF;
    PERFORM @extschema@.ca_refuse_added_columns('live');

    task := @extschema@.ca_task_start('archive_price_data', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset,
        'keep_indicators', keep_indicators, 'batch_size', batch_size));
    COMMIT;
    CALL @extschema@.ca_move_all(task, 'live', @extschema@.ca_archive_target(), batch_size,
                                 coalesce(keep_indicators, false));
    moved := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE archive_price_data(timestamptz, text, integer, boolean, integer, boolean, bigint) IS
    'moves closed candles that start before older_than, or by the setting cryptoanalytics.retention, from price_data to price_data_archive, or straight into price_data_segments by the setting cryptoanalytics.compress_archive, a commit a batch; technical_indicators are dropped unless kept; each run is a row of background_tasks; dry_run only counts';

CREATE OR REPLACE PROCEDURE restore_price_data(
    timeframe text, asset integer, since timestamptz, until timestamptz,
    batch_size integer DEFAULT 10000, INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
BEGIN
    PERFORM @extschema@.ca_check_batch_size(batch_size);
    PERFORM @extschema@.ca_check_series(asset, timeframe, since, until);
    PERFORM @extschema@.ca_refuse_added_columns('archive');

    task := @extschema@.ca_task_start('restore_price_data', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until, 'batch_size', batch_size));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL @extschema@.ca_move_range(task, 'archive', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported);
    CALL @extschema@.ca_move_range(task, 'segments', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported);
    moved := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE restore_price_data(text, integer, timestamptz, timestamptz, integer, bigint) IS
    'moves the archived and compressed candles of one series that start in [since, until) back to price_data, a commit a batch; NULL leaves a side open; each run is a row of background_tasks';

-- sql/functions/compression.sql

-- Compressing the archive, taking it out again, and what that saves.

CREATE OR REPLACE PROCEDURE compress_price_archive(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    INOUT compressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    IF timeframe IS NOT NULL THEN
        PERFORM @extschema@.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM @extschema@.ca_check_asset(asset);
    END IF;
    PERFORM @extschema@.ca_refuse_added_columns('archive');

    task := @extschema@.ca_task_start('compress_price_archive', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset));
    COMMIT;
    CALL @extschema@.ca_move_all(task, 'archive', 'segments', 10000, true);
    compressed := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE compress_price_archive(timestamptz, text, integer, bigint) IS
    'moves candles that start before older_than, or all, from price_data_archive into price_data_segments, a commit every 10000; late ones go into the segments of their time; each run is a row of background_tasks';

CREATE OR REPLACE PROCEDURE decompress_price_archive(
    timeframe text, asset integer, since timestamptz, until timestamptz, INOUT decompressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
BEGIN
    PERFORM @extschema@.ca_check_series(asset, timeframe, since, until);

    task := @extschema@.ca_task_start('decompress_price_archive', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL @extschema@.ca_move_range(task, 'segments', 'archive', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), 10000, true, reported);
    decompressed := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE decompress_price_archive(text, integer, timestamptz, timestamptz, bigint) IS
    'moves the compressed candles of one series that start in [since, until) back to price_data_archive, a commit about every 10000; NULL leaves a side open; each run is a row of background_tasks';

-- Of a candle that is a row: the row, its place in the page, and its entries of two indexes, whose
-- pages are nine tenths full.  The size of the tables themselves would count the room of rows that
-- have gone.
CREATE OR REPLACE FUNCTION ca_candle_row_size(OUT bytes numeric, OUT source text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(avg(s.bytes) + 4 + (20 + 28) / 0.9, 1), s.source
    FROM (SELECT 1 AS place, a.bytes, 'price_data_archive' AS source
          FROM (SELECT ((pg_column_size(a) + 7) / 8 * 8)::numeric AS bytes FROM price_data_archive AS a LIMIT 1000) AS a
          UNION ALL
          SELECT 2, p.bytes, 'price_data'
          FROM (SELECT ((pg_column_size(p) + 7) / 8 * 8)::numeric AS bytes FROM price_data AS p LIMIT 1000) AS p
          UNION ALL
          SELECT 3, 112, 'computed') AS s
    GROUP BY s.place, s.source
    ORDER BY s.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_candle_row_size() IS
    'bytes that a candle takes as a row, with its index entries: by up to 1000 rows of the table that source names, or computed for prices and volume of 12 digits when there is no row';

CREATE OR REPLACE FUNCTION archive_size()
    RETURNS TABLE (
        timeframe text, live_candles bigint, archived_candles bigint, compressed_candles bigint, segments bigint,
        live_bytes bigint, archived_bytes bigint, compressed_bytes bigint,
        bytes_per_candle numeric, row_bytes_per_candle numeric, row_bytes_from text, ratio_to_rows numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH live AS (
        SELECT p.timeframe, count(*) AS candles FROM price_data AS p GROUP BY p.timeframe
    ), archived AS (
        SELECT a.timeframe, count(*) AS candles FROM price_data_archive AS a GROUP BY a.timeframe
    ), compressed AS (
        SELECT g.timeframe, sum(g.candles)::bigint AS candles, count(*) AS segments,
               sum(pg_column_size(g.payload) + coalesce(pg_column_size(g.technical_indicators), 0) + 80) AS bytes
        FROM price_data_segments AS g
        GROUP BY g.timeframe
    ), shares AS (
        SELECT t.code, t.place, l.candles AS live, a.candles AS archived, c.candles AS compressed, c.segments,
               pg_total_relation_size('price_data') * l.candles / sum(l.candles) OVER () AS live_bytes,
               pg_total_relation_size('price_data_archive') * a.candles / sum(a.candles) OVER () AS archived_bytes,
               pg_total_relation_size('price_data_segments') * c.bytes / sum(c.bytes) OVER () AS compressed_bytes
        FROM timeframes() WITH ORDINALITY AS t (code, place)
        LEFT JOIN live AS l ON l.timeframe = t.code
        LEFT JOIN archived AS a ON a.timeframe = t.code
        LEFT JOIN compressed AS c ON c.timeframe = t.code
    )
    SELECT s.code, coalesce(s.live, 0), coalesce(s.archived, 0), coalesce(s.compressed, 0), coalesce(s.segments, 0),
           coalesce(s.live_bytes, 0)::bigint, coalesce(s.archived_bytes, 0)::bigint,
           coalesce(s.compressed_bytes, 0)::bigint,
           round(s.compressed_bytes / s.compressed, 1), r.bytes, r.source,
           round(r.bytes * s.compressed / s.compressed_bytes, 1)
    FROM shares AS s
    CROSS JOIN ca_candle_row_size() AS r
    WHERE s.live > 0 OR s.archived > 0 OR s.compressed > 0
    ORDER BY s.place;
END;
COMMENT ON FUNCTION archive_size() IS
    'candles and bytes of each timeframe: rows of price_data and of price_data_archive, and price_data_segments; bytes are a timeframe''s share of table, TOAST and indexes; ratio_to_rows compares a compressed candle with one that is a row. It counts rows, and decodes no segment';

-- sql/functions/accounts.sql

-- Accounts and their sessions: logins, tokens, subscriptions, deletion. docs/rules.md has the rules.

CREATE OR REPLACE FUNCTION ca_max_failed_logins() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_max_failed_logins';
COMMENT ON FUNCTION ca_max_failed_logins() IS
    'failed logins in a row that lock an account, by the setting cryptoanalytics.max_failed_logins';

CREATE OR REPLACE FUNCTION ca_lockout_period() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_lockout_period';
COMMENT ON FUNCTION ca_lockout_period() IS
    'how long failed logins lock an account, by the setting cryptoanalytics.lockout_period';

-- Not of a row of users: PostgreSQL would then add no column with a default to the table.
CREATE OR REPLACE FUNCTION ca_account_stands(
    is_active boolean, deleted_at timestamptz, lockout_expires timestamptz, moment timestamptz)
    RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN is_active AND deleted_at IS NULL AND (lockout_expires IS NULL OR lockout_expires <= moment);
COMMENT ON FUNCTION ca_account_stands(boolean, timestamptz, timestamptz, timestamptz) IS
    'whether an account is active, not deleted and not locked at a moment';

CREATE OR REPLACE FUNCTION ca_refuse_user(user_id integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'unknown user'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('There is no row in users with id %s.', coalesce(user_id::text, 'NULL')),
              HINT = 'Look the user up by lower(email) first.';
END;
$$;
COMMENT ON FUNCTION ca_refuse_user(integer) IS
    'the error of a user that is NULL or unknown';

CREATE OR REPLACE FUNCTION record_login(user_id integer, success boolean, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    account users;
    admitted boolean;
    failures integer;
    locked boolean;
BEGIN
    IF success IS NULL OR moment IS NULL THEN
        RAISE EXCEPTION 'success and moment must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'An outcome that is unknown can be neither counted nor forgiven.',
                  HINT = 'Record the login when its outcome is known.';
    END IF;
    -- whoever comes second waits here and then sees what the first has counted
    SELECT * INTO account FROM users AS u WHERE u.id = record_login.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(record_login.user_id);
    END IF;
    admitted := success AND ca_account_stands(account.is_active, account.deleted_at, account.lockout_expires, moment);
    IF admitted THEN
        UPDATE users AS u
        SET failed_login_attempts = 0, lockout_expires = NULL, login_count = u.login_count + 1,
            last_login = greatest(u.last_login, moment)
        WHERE u.id = account.id;
        RETURN true;
    END IF;
    locked := coalesce(account.lockout_expires > moment, false);
    -- a lock that has run out took its failures along
    failures := CASE WHEN account.lockout_expires <= moment THEN 1
                     ELSE least(account.failed_login_attempts, 2147483646) + 1 END;
    UPDATE users AS u
    SET failed_login_attempts = failures,
        lockout_expires = CASE WHEN locked THEN u.lockout_expires
                               WHEN failures >= ca_max_failed_logins() THEN moment + ca_lockout_period() END
    WHERE u.id = account.id;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION record_login(integer, boolean, timestamptz) IS
    'records the outcome of a login and says whether the user is let in; failures in a row lock the account';

CREATE OR REPLACE FUNCTION session_holder(token text, moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT u.id
    FROM user_sessions AS s
    JOIN users AS u ON u.id = s.user_id
    WHERE s.session_token = session_holder.token
      AND s.is_active
      AND (s.expires_at IS NULL OR s.expires_at > session_holder.moment)
      AND ca_account_stands(u.is_active, u.deleted_at, u.lockout_expires, session_holder.moment);
END;
COMMENT ON FUNCTION session_holder(text, timestamptz) IS
    'user whose valid session a token is; NULL when it is none';

CREATE OR REPLACE FUNCTION session_is_valid(token text, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN session_holder(token, moment) IS NOT NULL;
COMMENT ON FUNCTION session_is_valid(text, timestamptz) IS
    'whether a token is that of a session that is active, not expired and of an account that stands';

CREATE OR REPLACE FUNCTION open_session(user_id integer, token text, refresh_token text DEFAULT NULL,
                             expires_at timestamptz DEFAULT NULL, device_info jsonb DEFAULT NULL,
                             ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL,
                             moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    account users;
    opened integer;
BEGIN
    -- a deletion at the same time waits for the session and ends it, or is seen here
    SELECT * INTO account FROM users AS u WHERE u.id = open_session.user_id FOR SHARE;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(open_session.user_id);
    END IF;
    IF ca_account_stands(account.is_active, account.deleted_at, account.lockout_expires, open_session.moment) IS NOT TRUE THEN
        RAISE EXCEPTION 'account is closed'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('User %s is inactive, deleted or locked.', account.id),
                  HINT = 'Open a session when record_login() has returned true.';
    END IF;
    INSERT INTO user_sessions (user_id, session_token, refresh_token, device_info, ip_address, expires_at,
                               last_used_at, created_at)
    VALUES (account.id, open_session.token, open_session.refresh_token, open_session.device_info,
            open_session.ip_address, open_session.expires_at, open_session.moment, open_session.moment)
    RETURNING id INTO opened;
    INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, ip_address,
                                 user_agent, created_at)
    VALUES (account.id, opened, 'login', 'session', opened, 'create', open_session.ip_address,
            open_session.user_agent, open_session.moment);
    RETURN opened;
END;
$$;
COMMENT ON FUNCTION open_session(integer, text, text, timestamptz, jsonb, inet, text, timestamptz) IS
    'opens a session with its activity; the account must stand';

CREATE OR REPLACE FUNCTION refresh_session(token text, refresh_token text, new_token text, new_refresh_token text,
                                expires_at timestamptz DEFAULT NULL, ip_address inet DEFAULT NULL,
                                user_agent text DEFAULT NULL, moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    holder integer := session_holder(refresh_session.token, refresh_session.moment);
    account users;
    refreshed integer;
BEGIN
    -- accounts are locked before sessions, as deletion does
    SELECT * INTO account FROM users AS u WHERE u.id = holder FOR SHARE;
    IF NOT FOUND OR ca_account_stands(account.is_active, account.deleted_at, account.lockout_expires, refresh_session.moment) IS NOT TRUE THEN
        RETURN NULL;
    END IF;
    -- of two that come with the same tokens the second finds them replaced
    UPDATE user_sessions AS s
    SET session_token = refresh_session.new_token, refresh_token = refresh_session.new_refresh_token,
        expires_at = refresh_session.expires_at, last_used_at = refresh_session.moment
    WHERE s.session_token = refresh_session.token
      AND s.refresh_token = refresh_session.refresh_token
      AND s.user_id = account.id
      AND s.is_active
      AND (s.expires_at IS NULL OR s.expires_at > refresh_session.moment)
    RETURNING s.id INTO refreshed;
    IF refreshed IS NOT NULL THEN
        INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, ip_address,
                                     user_agent, created_at)
        VALUES (account.id, refreshed, 'session_refresh', 'session', refreshed, 'update',
                refresh_session.ip_address, refresh_session.user_agent, refresh_session.moment);
    END IF;
    RETURN refreshed;
END;
$$;
COMMENT ON FUNCTION refresh_session(text, text, text, text, timestamptz, inet, text, timestamptz) IS
    'gives a valid session new tokens and a new end, once for its refresh token; NULL when refused';

CREATE OR REPLACE FUNCTION end_session(token text, ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL,
                            moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH ended AS (
        UPDATE user_sessions AS s
        SET is_active = false
        WHERE s.session_token = end_session.token AND s.is_active
        RETURNING s.id, s.user_id),
    noted AS (
        INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, ip_address,
                                     user_agent, created_at)
        SELECT e.user_id, e.id, 'logout', 'session', e.id, 'update', end_session.ip_address,
               end_session.user_agent, end_session.moment
        FROM ended AS e
        RETURNING id)
    SELECT EXISTS (SELECT FROM noted);
END;
COMMENT ON FUNCTION end_session(text, inet, text, timestamptz) IS
    'ends a session with its activity; false when there is none to end';

CREATE OR REPLACE FUNCTION delete_user(user_id integer, deleted_by integer DEFAULT NULL, moment timestamptz DEFAULT now())
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    account users;
BEGIN
    IF moment IS NULL THEN
        RAISE EXCEPTION 'moment must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'An account without a moment of deletion stands.',
                  HINT = 'Leave it out to delete the account now.';
    END IF;
    SELECT * INTO account FROM users AS u WHERE u.id = delete_user.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(delete_user.user_id);
    END IF;
    UPDATE users AS u
    SET deleted_at = delete_user.moment, deleted_by = delete_user.deleted_by
    WHERE u.id = account.id AND u.deleted_at IS NULL;
    WITH ended AS (
        UPDATE user_sessions AS s
        SET is_active = false
        WHERE s.user_id = account.id AND s.is_active
        RETURNING s.id)
    INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, created_at)
    SELECT account.id, e.id, 'logout', 'session', e.id, 'update', delete_user.moment
    FROM ended AS e;
    RETURN account.deleted_at IS NULL;
END;
$$;
COMMENT ON FUNCTION delete_user(integer, integer, timestamptz) IS
    'deletes an account softly: its rows stay, its sessions end; false when it was deleted before';

CREATE OR REPLACE FUNCTION effective_plan(user_id integer, moment timestamptz DEFAULT now()) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    plan text;
BEGIN
    SELECT CASE WHEN u.subscription_expires_at <= effective_plan.moment THEN 'free'
                WHEN u.subscription_expires_at IS NULL OR effective_plan.moment IS NOT NULL THEN u.subscription_plan END
    INTO plan
    FROM users AS u
    WHERE u.id = effective_plan.user_id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(effective_plan.user_id);
    END IF;
    RETURN plan;
END;
$$;
COMMENT ON FUNCTION effective_plan(integer, timestamptz) IS
    'subscription plan of a user at a moment; one that has expired counts as free';

-- An activity is never changed and keeps its session's id, so a session with a trail stays as a row.
-- What is secret or personal in it goes.
CREATE OR REPLACE FUNCTION purge_sessions(older_than timestamptz, activities_older_than timestamptz DEFAULT NULL,
                               moment timestamptz DEFAULT now(),
                               OUT deleted bigint, OUT stripped bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    old integer[];
BEGIN
    IF older_than IS NULL OR moment IS NULL THEN
        RAISE EXCEPTION 'older_than and moment must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'Without them it is not known which sessions are old.',
                  HINT = 'Sessions that ended or expired before older_than are purged.';
    END IF;
    IF greatest(older_than, activities_older_than) > moment THEN
        RAISE EXCEPTION 'only what is past can be purged'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('older_than is %s, activities_older_than is %s and the moment is %s.', older_than,
                                  coalesce(activities_older_than::text, 'NULL'), moment),
                  HINT = 'A session that expires later may still be in use.';
    END IF;
    -- Once they are locked no activity can be added to them; the statements below, each with a
    -- snapshot of its own, see those that were added before.
    SELECT array_agg(l.id) INTO old
    FROM (SELECT s.id
          FROM user_sessions AS s
          WHERE (NOT s.is_active AND s.updated_at < older_than)
             OR s.expires_at < older_than
             OR s.session_token = 'purged ' || s.id
          ORDER BY s.id
          FOR UPDATE SKIP LOCKED) AS l;
    -- a trail goes as a whole
    DELETE FROM user_activities AS a
    WHERE activities_older_than IS NOT NULL
      AND a.session_id = ANY (old)
      AND NOT EXISTS (SELECT
                      FROM user_activities AS later
                      WHERE later.session_id = a.session_id AND later.created_at >= activities_older_than);
    DELETE FROM user_sessions AS s
    WHERE s.id = ANY (old)
      AND NOT EXISTS (SELECT FROM user_activities AS a WHERE a.session_id = s.id);
    GET DIAGNOSTICS deleted = ROW_COUNT;
    UPDATE user_sessions AS s
    SET session_token = 'purged ' || s.id, refresh_token = NULL, device_info = NULL, ip_address = NULL,
        is_active = false
    WHERE s.id = ANY (old)
      AND s.session_token <> 'purged ' || s.id;
    GET DIAGNOSTICS stripped = ROW_COUNT;
END;
$$;
COMMENT ON FUNCTION purge_sessions(timestamptz, timestamptz, timestamptz) IS
    'purges sessions that ended or expired before older_than: deletes those without activities, and strips the others of tokens, device and address; trails whose last activity is before activities_older_than are deleted with their sessions';

-- referral_count

CREATE OR REPLACE FUNCTION ca_recount_referrals(referrers integer[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    -- whoever refers at the same time waits here; the UPDATE then sees what the other has done
    PERFORM FROM users AS u WHERE u.id = ANY (referrers) ORDER BY u.id FOR NO KEY UPDATE;
    UPDATE users AS u
    SET referral_count = c.referred
    FROM (SELECT r.id, (SELECT count(*) FROM users AS x WHERE x.referred_by = r.id)::integer AS referred
          FROM unnest(referrers) AS r (id)) AS c
    WHERE u.id = c.id AND u.referral_count <> c.referred;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END;
$$;
COMMENT ON FUNCTION ca_recount_referrals(integer[]) IS
    'locks users and makes referral_count the number of those they referred; how many changed';

CREATE OR REPLACE FUNCTION recount_referrals(user_id integer DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF recount_referrals.user_id IS NOT NULL THEN
        PERFORM FROM users AS u WHERE u.id = recount_referrals.user_id;
        IF NOT FOUND THEN
            PERFORM ca_refuse_user(recount_referrals.user_id);
        END IF;
        RETURN ca_recount_referrals(ARRAY[recount_referrals.user_id]);
    END IF;
    RETURN ca_recount_referrals(ARRAY(
        SELECT u.referred_by FROM users AS u WHERE u.referred_by IS NOT NULL
        UNION
        SELECT u.id FROM users AS u WHERE u.referral_count <> 0));
END;
$$;
COMMENT ON FUNCTION recount_referrals(integer) IS
    'makes referral_count of a user, or of all, the number of users referred; how many changed; for rows of before triggers did it';

CREATE OR REPLACE FUNCTION ca_referrals_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    referrers integer[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        referrers := ARRAY(
            SELECT b.referred_by FROM became AS b WHERE b.referred_by IS NOT NULL
            UNION
            SELECT b.id FROM became AS b WHERE b.referral_count <> 0);
    ELSIF TG_OP = 'DELETE' THEN
        referrers := ARRAY(SELECT DISTINCT w.referred_by FROM was AS w WHERE w.referred_by IS NOT NULL);
    ELSE
        -- a count written by hand is counted too
        referrers := ARRAY(
            SELECT c.referrer
            FROM (SELECT w.id, w.referred_by AS referrer FROM was AS w
                  EXCEPT SELECT b.id, b.referred_by FROM became AS b) AS c
            WHERE c.referrer IS NOT NULL
            UNION
            SELECT c.referrer
            FROM (SELECT b.id, b.referred_by AS referrer FROM became AS b
                  EXCEPT SELECT w.id, w.referred_by FROM was AS w) AS c
            WHERE c.referrer IS NOT NULL
            UNION
            SELECT c.id
            FROM (SELECT b.id, b.referral_count FROM became AS b
                  EXCEPT SELECT w.id, w.referral_count FROM was AS w) AS c);
    END IF;
    IF cardinality(referrers) > 0 THEN
        PERFORM ca_recount_referrals(referrers);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_referrals_changed() IS
    'trigger: counts anew the referred users of those who gained or lost one';

CREATE OR REPLACE TRIGGER users_referrals_inserted AFTER INSERT ON users
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_inserted ON users IS
    'counts the referred users of those who referred new ones';
CREATE OR REPLACE TRIGGER users_referrals_updated AFTER UPDATE ON users
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_updated ON users IS
    'counts the referred users of those who gained or lost some';
CREATE OR REPLACE TRIGGER users_referrals_deleted AFTER DELETE ON users
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_deleted ON users IS
    'counts the referred users of those who lost some';

-- sql/functions/trading_signals.sql

-- Trading signals: reward over risk, expiry, execution by trades, and what became of them.
-- The rules are in docs/rules.md.

CREATE OR REPLACE FUNCTION ca_fraction(part numeric, whole numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- a numerator of this scale divides to 24 decimal places or more
    RETURN trim_scale(round(part * 1.000000000000000000000000 / nullif(abs(whole), 0), 20));
COMMENT ON FUNCTION ca_fraction(numeric, numeric) IS
    'part over the absolute value of whole, to 20 decimal places; NULL when whole is 0';

CREATE OR REPLACE FUNCTION ca_signal_ratio() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    NEW.risk_reward_ratio := ca_fraction(abs(NEW.target_price - NEW.entry_price), NEW.entry_price - NEW.stop_loss);
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_signal_ratio() IS
    'trigger: computes risk_reward_ratio from the prices; NULL when one of them is';

CREATE OR REPLACE TRIGGER trading_signals_ratio_insert BEFORE INSERT ON trading_signals
    FOR EACH ROW WHEN (NEW.risk_reward_ratio IS NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_insert ON trading_signals IS
    'computes risk_reward_ratio when none is told';
CREATE OR REPLACE TRIGGER trading_signals_ratio_update BEFORE UPDATE ON trading_signals
    FOR EACH ROW
    WHEN (NEW.risk_reward_ratio IS NULL
          OR NEW.risk_reward_ratio IS NOT DISTINCT FROM OLD.risk_reward_ratio
             AND (NEW.entry_price, NEW.target_price, NEW.stop_loss)
                 IS DISTINCT FROM (OLD.entry_price, OLD.target_price, OLD.stop_loss))
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_update ON trading_signals IS
    'computes risk_reward_ratio when it is NULL, or when prices change and no new ratio is told';

CREATE OR REPLACE FUNCTION expire_signals(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(expire_signals.as_of);
    -- one that another session is changing is left for the next call
    WITH due AS MATERIALIZED (
        SELECT s.id
        FROM trading_signals AS s
        WHERE s.status = 'active' AND s.expires_at <= expire_signals.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE trading_signals AS s
    SET status = 'expired'
    FROM due AS d
    WHERE s.id = d.id;
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_signals(timestamptz) IS
    'makes active signals expired whose expires_at has come; the number of them';

CREATE OR REPLACE FUNCTION ca_execute_signals() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    signals integer[];
    moments timestamptz[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(t.signal_id), array_agg(t.moment) INTO signals, moments
        FROM (SELECT b.signal_id, min(b.created_at) AS moment
              FROM became AS b
              WHERE b.signal_id IS NOT NULL AND b.action_type NOT IN ('modify_sl', 'modify_tp')
              GROUP BY b.signal_id) AS t;
    ELSE
        SELECT array_agg(t.signal_id), array_agg(t.moment) INTO signals, moments
        FROM (SELECT b.signal_id, min(b.created_at) AS moment
              FROM became AS b
              WHERE b.signal_id IS NOT NULL AND b.action_type NOT IN ('modify_sl', 'modify_tp')
                AND NOT EXISTS (SELECT FROM was AS w
                                WHERE w.id = b.id AND w.signal_id = b.signal_id
                                  AND w.action_type NOT IN ('modify_sl', 'modify_tp'))
              GROUP BY b.signal_id) AS t;
    END IF;
    -- of two sessions the second waits here, and finds the signal executed
    WITH traded AS MATERIALIZED (
        SELECT s.id
        FROM unnest(signals, moments) AS t (id, moment)
        JOIN trading_signals AS s ON s.id = t.id
        WHERE s.status = 'active' AND (s.expires_at IS NULL OR s.expires_at > t.moment)
        ORDER BY s.id
        FOR NO KEY UPDATE OF s
    )
    UPDATE trading_signals AS s
    SET status = 'executed'
    FROM traded AS t
    WHERE s.id = t.id;
    RETURN NULL;
END;
$$;
REVOKE EXECUTE ON FUNCTION ca_execute_signals() FROM PUBLIC;
COMMENT ON FUNCTION ca_execute_signals() IS
    'trigger: makes active signals executed that a trade names; other signals stay as they are; it runs with its owner''s rights because who trades need not be allowed to change signals';

CREATE OR REPLACE TRIGGER trade_actions_signals_insert AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_insert ON trade_actions IS
    'makes the signals executed that new trades name';
CREATE OR REPLACE TRIGGER trade_actions_signals_update AFTER UPDATE ON trade_actions
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_update ON trade_actions IS
    'makes the signals executed that changed trades name anew';

CREATE OR REPLACE FUNCTION ca_signal_touch(
    asset integer, signal_type text, stop_loss numeric, target_price numeric, since timestamptz, until timestamptz,
    OUT code text, OUT candle_time timestamptz, OUT closed_at timestamptz, OUT stopped boolean,
    OUT aimed boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- every timeframe is looked at, for a finer one may have candles for a part of the time only;
    -- the touch that ends first is known best, and of those that end together the finest
    SELECT t.code, f.candle_time, timeframe_end(t.code, f.candle_time), f.stopped, f.aimed
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time,
               CASE ca_signal_touch.signal_type
                   WHEN 'long' THEN h.low_price <= ca_signal_touch.stop_loss
                   ELSE h.high_price >= ca_signal_touch.stop_loss
               END IS TRUE AS stopped,
               CASE ca_signal_touch.signal_type
                   WHEN 'long' THEN h.high_price >= ca_signal_touch.target_price
                   ELSE h.low_price <= ca_signal_touch.target_price
               END IS TRUE AS aimed
        FROM price_history AS h
        WHERE h.asset_id = ca_signal_touch.asset
          AND h.timeframe = t.code
          AND h.candle_time >= ca_signal_touch.since
          AND h.candle_time < timeframe_bucket(t.code, ca_signal_touch.until)
          AND CASE ca_signal_touch.signal_type
                  WHEN 'long' THEN h.low_price <= ca_signal_touch.stop_loss
                                   OR h.high_price >= ca_signal_touch.target_price
                  ELSE h.high_price >= ca_signal_touch.stop_loss
                       OR h.low_price <= ca_signal_touch.target_price
              END
        ORDER BY h.candle_time
        LIMIT 1) AS f
    ORDER BY 3, t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_signal_touch(integer, text, numeric, numeric, timestamptz, timestamptz) IS
    'first candle that touches the stop or the target of a signal, of those that start at or after since and end by until';

CREATE OR REPLACE FUNCTION ca_signal_extent(
    asset integer, since timestamptz, until timestamptz, timeframe text,
    OUT finest text, OUT high numeric, OUT low numeric, OUT bars bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (array_agg(t.code ORDER BY t.place))[1], max(c.high), min(c.low),
           coalesce((array_agg(c.bars ORDER BY t.place)
                     FILTER (WHERE t.code = coalesce(ca_signal_extent.timeframe, t.code)))[1], 0)
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT max(h.high_price) AS high, min(h.low_price) AS low, count(*) AS bars
        FROM price_history AS h
        WHERE h.asset_id = ca_signal_extent.asset
          AND h.timeframe = t.code
          AND h.candle_time >= ca_signal_extent.since
          AND h.candle_time < timeframe_bucket(t.code, ca_signal_extent.until)) AS c
    WHERE c.bars > 0;
END;
COMMENT ON FUNCTION ca_signal_extent(integer, timestamptz, timestamptz, text) IS
    'highest and lowest price of the candles of all timeframes that start at or after since and end by until; the finest timeframe that has any; how many there are of timeframe, or of the finest';

CREATE OR REPLACE FUNCTION signal_outcomes(signal integer DEFAULT NULL, as_of timestamptz DEFAULT now())
    RETURNS TABLE (signal_id integer, outcome text, ambiguous boolean, timeframe text,
                   candle_time timestamptz, best_excursion numeric, worst_excursion numeric,
                   bars bigint)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(signal_outcomes.as_of);
    IF signal_outcomes.signal IS NOT NULL THEN
        PERFORM FROM trading_signals AS s WHERE s.id = signal_outcomes.signal;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'unknown signal'
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = format('There is no row in trading_signals with id %s.',
                                      signal_outcomes.signal),
                      HINT = 'NULL asks for all signals.';
        END IF;
    END IF;
    RETURN QUERY
        SELECT s.id,
               CASE WHEN f.stopped THEN 'stop' WHEN f.aimed THEN 'target'
                    WHEN s.expires_at <= signal_outcomes.as_of THEN 'expired' ELSE 'open' END,
               coalesce(f.stopped AND f.aimed, false),
               coalesce(f.code, e.finest), f.candle_time,
               ca_fraction(CASE s.signal_type WHEN 'long' THEN e.high - s.entry_price
                                              ELSE s.entry_price - e.low END, s.entry_price),
               ca_fraction(CASE s.signal_type WHEN 'long' THEN e.low - s.entry_price
                                              ELSE s.entry_price - e.high END, s.entry_price),
               e.bars
        FROM trading_signals AS s
        CROSS JOIN LATERAL (SELECT least(signal_outcomes.as_of, s.expires_at) AS until) AS u
        LEFT JOIN LATERAL ca_signal_touch(s.asset_id, s.signal_type, s.stop_loss, s.target_price, s.created_at,
                                          u.until) AS f ON true
        CROSS JOIN LATERAL ca_signal_extent(s.asset_id, s.created_at, coalesce(f.closed_at, u.until),
                                            f.code) AS e
        WHERE (signal_outcomes.signal IS NULL OR s.id = signal_outcomes.signal)
          AND s.created_at <= signal_outcomes.as_of
        ORDER BY s.id;
END;
$$;
COMMENT ON FUNCTION signal_outcomes(integer, timestamptz) IS
    'what became of a signal, or of all that were created by as_of: target or stop touched first, open or expired; from candles that start at or after its creation and had closed by as_of and by its expiry; excursions are fractions of the entry price';

-- sql/functions/alert_checks.sql

-- Checks of alerts: what is new, what it reaches, and the alerts that fire.
-- The rules are in docs/rules.md.

CREATE OR REPLACE FUNCTION ca_alert_news(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT first timestamptz, OUT last timestamptz)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.asset_id, n.code, n.first, n.last
    FROM (
        -- OFFSET has the creations looked at once; of a candle under way then the close is new
        SELECT w.asset_id, w.checked_until,
               CASE WHEN w.checked_until IS NULL
                    THEN (SELECT greatest(a.created_at, '4000-01-01 00:00+00 BC') FROM signal_alerts AS a
                          WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                          ORDER BY a.created_at
                          LIMIT 1) END AS created
        FROM alert_marks AS w
        WHERE w.asset_id = ANY (ca_alert_news.assets)
        OFFSET 0) AS m
    CROSS JOIN LATERAL (
        -- the order lets the search end with the finest timeframe that has a new candle
        SELECT t.code, f.first, l.last
        FROM (SELECT o.code, o.place FROM timeframes() WITH ORDINALITY AS o (code, place) ORDER BY o.place) AS t
        CROSS JOIN LATERAL (
            SELECT q.candle_time AS first
            FROM price_data AS q
            WHERE q.asset_id = m.asset_id
              AND q.timeframe = t.code
              AND q.candle_time >= coalesce(m.checked_until, timeframe_bucket(t.code, m.created))
              -- a day before the first of all candles there is no time
              AND q.candle_time >= timestamptz '4000-01-01 00:00+00 BC'
              AND q.candle_time < timeframe_bucket(t.code, ca_alert_news.as_of)
            ORDER BY q.candle_time
            LIMIT 1) AS f
        CROSS JOIN LATERAL (
            SELECT q.candle_time AS last
            FROM price_data AS q
            WHERE q.asset_id = m.asset_id
              AND q.timeframe = t.code
              AND q.candle_time >= f.first
              AND q.candle_time < timeframe_bucket(t.code, ca_alert_news.as_of)
            ORDER BY q.candle_time DESC
            LIMIT 1) AS l
        ORDER BY t.place
        LIMIT 1) AS n;
END;
COMMENT ON FUNCTION ca_alert_news(integer[], timestamptz) IS
    'the first and the last live candle of these assets that had closed by as_of and are new to check_alerts(), of the finest timeframe that has any';

CREATE OR REPLACE FUNCTION ca_alert_candles(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT candle_time timestamptz, OUT closed_at timestamptz,
    OUT high numeric, OUT low numeric, OUT close numeric, OUT volume numeric, OUT is_new boolean, OUT changes boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT n.asset_id, c.timeframe, c.candle_time, timeframe_end(c.timeframe, c.candle_time),
           c.high_price, c.low_price, c.close_price, c.volume, c.candle_time >= n.first, n.changes
    FROM (
        -- what the alerts of the asset need: OFFSET has them looked at once
        SELECT w.*,
               EXISTS (SELECT FROM signal_alerts AS a
                       WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                         AND ca_alert_kind(a.alert_type, a.condition) = 'percentage_change') AS changes,
               EXISTS (SELECT FROM signal_alerts AS a
                       WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                         AND ca_alert_kind(a.alert_type, a.condition) IN ('volume', 'volume_percent')) AS spikes,
               EXISTS (SELECT FROM price_history AS h
                       WHERE h.asset_id = w.asset_id AND h.timeframe = w.timeframe
                         AND h.candle_time = timeframe_bucket(w.timeframe, w.first - interval '1 microsecond')) AS adjoins
        FROM ca_alert_news(ca_alert_candles.assets, ca_alert_candles.as_of) AS w
        OFFSET 0) AS n
    CROSS JOIN LATERAL (
        SELECT q.timeframe, q.candle_time, q.high_price, q.low_price, q.close_price, q.volume
        FROM price_data AS q
        WHERE q.asset_id = n.asset_id
          AND q.timeframe = n.timeframe
          AND q.candle_time BETWEEN n.first AND n.last
        UNION ALL
        (SELECT h.timeframe, h.candle_time, h.high_price, h.low_price, h.close_price, h.volume
         FROM price_history AS h
         WHERE h.asset_id = n.asset_id
           AND h.timeframe = n.timeframe
           AND h.candle_time < n.first
         ORDER BY h.candle_time DESC
         LIMIT CASE WHEN n.spikes THEN 21 ELSE 1 END)
        UNION ALL
        -- after a hole, or where this timeframe begins, another may know a later close
        (SELECT l.*
         FROM timeframes() WITH ORDINALITY AS t (code, place)
         CROSS JOIN LATERAL (
             SELECT h.timeframe, h.candle_time, h.high_price, h.low_price, h.close_price, h.volume
             FROM price_history AS h
             WHERE h.asset_id = n.asset_id
               AND h.timeframe = t.code
               AND h.candle_time < timeframe_bucket(t.code, n.first)
             ORDER BY h.candle_time DESC
             LIMIT 1) AS l
         WHERE NOT n.adjoins AND t.code <> n.timeframe
         ORDER BY timeframe_end(t.code, l.candle_time) DESC, t.place
         LIMIT 1)) AS c;
END;
COMMENT ON FUNCTION ca_alert_candles(integer[], timestamptz) IS
    'the candles that are new to check_alerts(), and of those before them the last, or the last 21 where volumes are compared, and one of another timeframe if that may have ended later; whether changes are compared';

CREATE OR REPLACE FUNCTION ca_alert_figures(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT candle_time timestamptz, OUT closed_at timestamptz,
    OUT high numeric, OUT low numeric, OUT close numeric, OUT previous_close numeric,
    OUT close_24h_before numeric, OUT change_percent numeric, OUT previous_change_percent numeric,
    OUT volume numeric, OUT mean_volume numeric, OUT volume_ratio numeric, OUT previous_volume_ratio numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH candle AS MATERIALIZED (
        SELECT c.*, coalesce(lead(c.is_new) OVER w, false) AS before_new,
               CASE WHEN count(c.volume) OVER w20 = 20 THEN sum(c.volume) OVER w20 END AS volume_sum
        FROM ca_alert_candles(ca_alert_figures.assets, ca_alert_figures.as_of) AS c
        WINDOW w AS (PARTITION BY c.asset_id ORDER BY c.closed_at, c.candle_time),
               w20 AS (PARTITION BY c.asset_id, c.timeframe ORDER BY c.closed_at ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING)
    ), priced AS MATERIALIZED (
        -- a close that was older than an hour then is not that of 24 hours before
        SELECT c.*, CASE WHEN c.changes AND (c.is_new OR c.before_new)
                         THEN (SELECT p.close
                               FROM ca_price_at(c.asset_id, c.closed_at - interval '24 hours') AS p
                               WHERE p.closed_at >= c.closed_at - interval '25 hours') END AS before
        FROM candle AS c
    ), compared AS (
        SELECT c.*, round(c.volume * 20 / nullif(c.volume_sum, 0), 8) AS ratio,
               round(100 * (c.close - c.before) / nullif(abs(c.before), 0), 8) AS change
        FROM priced AS c
    )
    SELECT s.asset_id, s.timeframe, s.candle_time, s.closed_at,
           trim_scale(s.high), trim_scale(s.low), trim_scale(s.close), trim_scale(s.previous_close),
           trim_scale(s.before), trim_scale(s.change), trim_scale(s.previous_change),
           trim_scale(s.volume), trim_scale(s.volume_sum / 20), trim_scale(s.ratio), trim_scale(s.previous_ratio)
    FROM (SELECT c.*, lag(c.close) OVER w AS previous_close, lag(c.change) OVER w AS previous_change,
                 lag(c.ratio) OVER (PARTITION BY c.asset_id, c.timeframe ORDER BY c.closed_at) AS previous_ratio
          FROM compared AS c
          WINDOW w AS (PARTITION BY c.asset_id ORDER BY c.closed_at, c.candle_time)) AS s
    WHERE s.is_new;
END;
COMMENT ON FUNCTION ca_alert_figures(integer[], timestamptz) IS
    'what alerts are compared with: of each new candle its prices, its change over 24 hours, its volume over the mean of the 20 candles before, and the same of the candle before it; NULL where something is unknown';

CREATE OR REPLACE FUNCTION ca_alert_hits(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- An alert fires if its value lies in lo..hi: what is true after the candle and was not known
    -- to be true before, which the bound that is left out says.  Of a candle that had begun when
    -- the alert was made only the close counts, which makes the range shorter.
    WITH figure AS MATERIALIZED (
        SELECT f.* FROM ca_alert_figures(ca_alert_hits.assets, ca_alert_hits.as_of) AS f
    ), reach AS (
        SELECT f.asset_id, f.candle_time, f.closed_at, f AS figure, r.kind, r.lo, r.hi, r.left_out, r.close_lo, r.close_hi
        FROM figure AS f
        CROSS JOIN LATERAL (VALUES
            ('above', coalesce(f.previous_close, '-Infinity'), f.high, f.previous_close,
             coalesce(f.previous_close, '-Infinity'), f.close),
            ('below', f.low, coalesce(f.previous_close, 'Infinity'), f.previous_close,
             f.close, coalesce(f.previous_close, 'Infinity')),
            ('equals', least(f.previous_close, f.low), greatest(f.previous_close, f.high), f.previous_close,
             least(f.previous_close, f.close), greatest(f.previous_close, f.close)),
            ('percentage_change', greatest(f.previous_change_percent, 0), f.change_percent,
             f.previous_change_percent, '-Infinity', 'Infinity'),
            ('percentage_change', f.change_percent, least(f.previous_change_percent, 0),
             least(f.previous_change_percent, 0), '-Infinity', 'Infinity'),
            ('volume', coalesce(f.previous_volume_ratio, '-Infinity'), f.volume_ratio,
             f.previous_volume_ratio, '-Infinity', 'Infinity'),
            ('volume_percent', coalesce(100 * f.previous_volume_ratio - 100, '-Infinity'),
             100 * f.volume_ratio - 100, 100 * f.previous_volume_ratio - 100, '-Infinity', 'Infinity'))
            AS r (kind, lo, hi, left_out, close_lo, close_hi)
        WHERE r.lo <= r.hi
    ), hit AS (
        SELECT DISTINCT ON (a.id) a.id, r.figure
        FROM reach AS r
        CROSS JOIN LATERAL (
            -- OFFSET has all of the key looked up, whatever the planner believes
            SELECT a.id
            FROM signal_alerts AS a
            WHERE a.is_active AND NOT a.is_triggered
              AND a.asset_id = r.asset_id
              AND ca_alert_kind(a.alert_type, a.condition) = r.kind
              AND a.trigger_value BETWEEN r.lo AND r.hi
              AND a.trigger_value IS DISTINCT FROM r.left_out
              AND r.closed_at > greatest(a.created_at, a.triggered_at, a.last_checked)
              AND (a.expires_at IS NULL OR a.expires_at > r.closed_at)
              AND (r.candle_time >= greatest(a.created_at, a.triggered_at, a.last_checked)
                   OR a.trigger_value BETWEEN r.close_lo AND r.close_hi)
            OFFSET 0) AS a
        ORDER BY a.id, r.closed_at
    )
    SELECT h.id, to_jsonb(h.figure) - 'asset_id'
    FROM hit AS h;
END;
COMMENT ON FUNCTION ca_alert_hits(integer[], timestamptz) IS
    'the alerts of these assets that a new candle fires, with the figures of the first that does';

CREATE OR REPLACE FUNCTION ca_alert_signals(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id, jsonb_build_object(
               'signal_id', s.id, 'signal_type', s.signal_type, 'signal_created_at', s.created_at,
               'entry_price', trim_scale(s.entry_price), 'target_price', trim_scale(s.target_price),
               'stop_loss', trim_scale(s.stop_loss))
    FROM unnest(ca_alert_signals.assets) AS o (asset_id)
    CROSS JOIN LATERAL (
        SELECT max(s.created_at) AS created_at
        FROM trading_signals AS s
        WHERE s.asset_id = o.asset_id AND s.created_at <= ca_alert_signals.as_of) AS latest
    CROSS JOIN LATERAL (
        -- OFFSET has both columns looked up, whatever the planner believes
        SELECT a.*
        FROM signal_alerts AS a
        WHERE a.is_active AND NOT a.is_triggered AND a.alert_type = 'signal_generated'
          AND a.asset_id = o.asset_id
          AND a.created_at <= latest.created_at
        OFFSET 0) AS a
    CROSS JOIN LATERAL (
        -- one that was there when the alert fired before does not fire it again
        SELECT s.*
        FROM trading_signals AS s
        WHERE s.asset_id = o.asset_id
          AND s.created_at >= a.created_at
          AND s.created_at > coalesce(greatest(a.triggered_at, a.last_checked), '-infinity')
          AND s.created_at <= ca_alert_signals.as_of
          AND (a.expires_at IS NULL OR a.expires_at > s.created_at)
        ORDER BY s.created_at, s.id
        LIMIT 1) AS s;
END;
COMMENT ON FUNCTION ca_alert_signals(integer[], timestamptz) IS
    'the alerts of these assets that a new signal fires, with the figures of the first that does';

CREATE OR REPLACE FUNCTION ca_alert_title(symbol text, alert_type text, condition text, figures jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN alert_type = 'signal_generated' THEN format('%s: new %s signal', symbol, figures ->> 'signal_type')
        WHEN alert_type = 'volume_spike' THEN
            format('%s: volume %s times its mean', symbol, figures ->> 'volume_ratio')
        WHEN condition = 'percentage_change' THEN
            format('%s: %s percent in 24 hours', symbol, figures ->> 'change_percent')
        WHEN condition = 'equals' THEN format('%s at %s', symbol, figures ->> 'trigger_value')
        ELSE format('%s %s %s', symbol, condition, figures ->> 'trigger_value')
    END;
COMMENT ON FUNCTION ca_alert_title(text, text, text, jsonb) IS
    'title of the notification of an alert';

CREATE OR REPLACE FUNCTION check_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    SET timezone = 'UTC'
    -- few of many alerts are looked up by index, whatever the planner believes
    SET enable_hashjoin = off
    SET enable_mergejoin = off
    SET jit = off
AS $$
DECLARE
    held integer[];
    fired bigint;
BEGIN
    PERFORM ca_check_as_of(check_alerts.as_of);
    INSERT INTO alert_marks (asset_id)
    SELECT o.id
    FROM assets AS o
    CROSS JOIN LATERAL (SELECT FROM signal_alerts AS a
                        WHERE a.asset_id = o.id AND a.is_active AND NOT a.is_triggered
                        LIMIT 1) AS a
    WHERE NOT EXISTS (SELECT FROM alert_marks AS m WHERE m.asset_id = o.id)
    ORDER BY o.id
    ON CONFLICT DO NOTHING;

    -- Assets that another session is checking are left to it.  The next statement, with a snapshot
    -- of its own, sees what was committed before these were locked.
    SELECT array_agg(l.asset_id) INTO held
    FROM (SELECT m.asset_id FROM alert_marks AS m ORDER BY m.asset_id FOR NO KEY UPDATE SKIP LOCKED) AS l;

    WITH hit AS MATERIALIZED (
        SELECT h.* FROM ca_alert_hits(held, check_alerts.as_of) AS h
        UNION ALL
        SELECT s.* FROM ca_alert_signals(held, check_alerts.as_of) AS s
    ), moved AS (
        UPDATE alert_marks AS m
        SET checked_until = timeframe_end(n.timeframe, n.last)
        FROM ca_alert_news(held, check_alerts.as_of) AS n
        WHERE m.asset_id = n.asset_id
    ), due AS MATERIALIZED (
        SELECT a.id, h.figures
        FROM hit AS h
        JOIN signal_alerts AS a ON a.id = h.alert_id
        WHERE a.is_active AND NOT a.is_triggered
        ORDER BY a.id
        FOR NO KEY UPDATE OF a
    ), stamped AS (
        UPDATE signal_alerts AS a
        SET is_triggered = true, triggered_at = check_alerts.as_of, last_checked = check_alerts.as_of
        FROM due AS d
        WHERE a.id = d.id
        RETURNING a.*, jsonb_strip_nulls(d.figures || jsonb_build_object(
            'alert_id', a.id, 'asset_id', a.asset_id, 'alert_type', a.alert_type, 'condition', a.condition,
            'trigger_value', trim_scale(a.trigger_value), 'notification_method', a.notification_method)) AS figures
    )
    INSERT INTO notifications (user_id, notification_type, title, message, data, created_at)
    SELECT s.user_id, 'alert', ca_alert_title(o.symbol, s.alert_type, s.condition, s.figures), s.message,
           s.figures || jsonb_build_object('symbol', o.symbol), check_alerts.as_of
    FROM stamped AS s
    JOIN assets AS o ON o.id = s.asset_id
    ORDER BY s.id;
    GET DIAGNOSTICS fired = ROW_COUNT;
    RETURN fired;
END;
$$;
COMMENT ON FUNCTION check_alerts(timestamptz) IS
    'checks the active alerts against the candles that have closed since the last check and against new signals; each that fires does so once, at the edge, with a notification; the number of them';

CREATE OR REPLACE FUNCTION expire_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(expire_alerts.as_of);
    -- one that another session is changing is left for the next call
    WITH due AS MATERIALIZED (
        SELECT a.id
        FROM signal_alerts AS a
        WHERE a.is_active AND NOT a.is_triggered AND a.expires_at <= expire_alerts.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE signal_alerts AS a
    SET is_active = false
    FROM due AS d
    WHERE a.id = d.id;
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_alerts(timestamptz) IS
    'makes alerts inactive that have not gone off by expires_at; the number of them';

-- sql/changes/0.6.0_gone.sql

-- What 0.5.0 had and 0.6.0 does not; comes last, when nothing builds on it any more.

-- functions of a row of a table, to which PostgreSQL would then add no column with a default
DROP FUNCTION ca_account_stands(users, timestamptz);
DROP FUNCTION ca_signal_touch(trading_signals, timestamptz);
