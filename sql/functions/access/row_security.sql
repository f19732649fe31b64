-- Row-level security: rows that belong to a user, and who sees them. docs/guide/operations.md has the model.
--
-- A row is seen and written by sessions whose setting cryptoanalytics.user_id is its user, by roles
-- that may execute ca_every_user(), and by the owner of the tables. Privileges on the tables come
-- first, as everywhere.

CREATE FUNCTION ca_every_user() RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN true;
COMMENT ON FUNCTION ca_every_user() IS
    'a right, not a computation: roles that may execute this function see the rows of all users';
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

-- a default watchlist belongs to nobody and everybody sees it
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

-- Positions are looked up as the reader sees them.  Reading many actions, PostgreSQL may remember all
-- positions of the user.  An action that is written, and functions that look up rows by key and turn
-- enable_seqscan off, look up the position of each action; OFFSET keeps it from doing otherwise, which
-- it would if it believed that there are few positions.
ALTER TABLE trade_actions ENABLE ROW LEVEL SECURITY;
CREATE POLICY trade_actions_of_user ON trade_actions
    USING (ca_first_user() < ca_last_user()
           OR CASE WHEN (SELECT current_setting('enable_seqscan')) = 'off'
                   THEN EXISTS (SELECT FROM portfolio AS p WHERE p.id = portfolio_id OFFSET 0)
                   ELSE EXISTS (SELECT FROM portfolio AS p WHERE p.id = portfolio_id) END)
    WITH CHECK (ca_first_user() < ca_last_user()
                OR EXISTS (SELECT FROM portfolio AS p WHERE p.id = portfolio_id OFFSET 0));
COMMENT ON POLICY trade_actions_of_user ON trade_actions IS
    'a user sees and writes the actions of its own positions';

ALTER TABLE signal_alerts ENABLE ROW LEVEL SECURITY;
CREATE POLICY signal_alerts_of_user ON signal_alerts
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY signal_alerts_of_user ON signal_alerts IS
    'a user sees and writes its own alerts';

ALTER TABLE signal_executions ENABLE ROW LEVEL SECURITY;
CREATE POLICY signal_executions_of_user ON signal_executions
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY signal_executions_of_user ON signal_executions IS
    'a user sees which signals it has traded on';

ALTER TABLE notifications ENABLE ROW LEVEL SECURITY;
CREATE POLICY notifications_of_user ON notifications
    USING (user_id BETWEEN ca_first_user() AND ca_last_user());
COMMENT ON POLICY notifications_of_user ON notifications IS
    'a user sees and writes its own notifications';

-- Sessions that row-level security binds to one user act for that user.
CREATE FUNCTION ca_watchlist_editor() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    editor CONSTANT integer := ca_first_user();
    forged text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        forged := CASE WHEN NEW.added_by <> editor THEN 'added_by'
                       WHEN NEW.last_modified_by <> editor THEN 'last_modified_by' END;
        NEW.added_by := editor;
    ELSE
        forged := CASE WHEN NEW.added_by IS DISTINCT FROM OLD.added_by THEN 'added_by'
                       WHEN NEW.last_modified_by IS DISTINCT FROM OLD.last_modified_by
                            AND NEW.last_modified_by IS DISTINCT FROM editor THEN 'last_modified_by' END;
        -- an entry that makes room for others, by the trigger, has not been modified by anybody
        IF pg_trigger_depth() = 1 OR to_jsonb(NEW) - 'position' <> to_jsonb(OLD) - 'position' THEN
            NEW.last_modified_by := editor;
        END IF;
    END IF;
    IF forged IS NOT NULL THEN
        RAISE EXCEPTION '% must be the user of the session', forged
            USING ERRCODE = 'insufficient_privilege',
                  CONSTRAINT = 'watchlist_assets_editor', TABLE = 'watchlist_assets', COLUMN = forged,
                  DETAIL = format('The session acts for user %s.', editor),
                  HINT = 'Leave it out: it is set automatically.';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_editor() IS
    'trigger: records for which user a session has added or modified an entry';
CREATE TRIGGER watchlist_assets_editor BEFORE INSERT OR UPDATE ON watchlist_assets
    FOR EACH ROW WHEN (ca_first_user() = ca_last_user())
    EXECUTE FUNCTION ca_watchlist_editor();
COMMENT ON TRIGGER watchlist_assets_editor ON watchlist_assets IS
    'sets added_by and last_modified_by in sessions that row-level security binds to one user';

-- about an asset or a strategy it is for all; about a user, a position or a watchlist, for those who see that
ALTER TABLE ai_recommendations ENABLE ROW LEVEL SECURITY;
CREATE POLICY ai_recommendations_of_user ON ai_recommendations
    USING (ca_first_user() < ca_last_user()
           OR CASE target_entity_type
                  WHEN 'user' THEN target_entity_id BETWEEN ca_first_user() AND ca_last_user()
                  WHEN 'portfolio' THEN EXISTS (SELECT FROM portfolio AS p WHERE p.id = target_entity_id)
                  WHEN 'watchlist' THEN EXISTS (SELECT FROM watchlists AS w WHERE w.id = target_entity_id)
                  ELSE true END);
COMMENT ON POLICY ai_recommendations_of_user ON ai_recommendations IS
    'a user sees recommendations about itself, its positions and the watchlists that it sees, and those about no user';

-- Under row-level security an index serves only leakproof conditions, and lower() is not marked as one.
CREATE FUNCTION @extschema@.user_by_email(email text) RETURNS integer
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
BEGIN ATOMIC
    SELECT u.id FROM users AS u WHERE lower(u.email) = lower(user_by_email.email);
END;
COMMENT ON FUNCTION user_by_email(text) IS
    'user with this email address, in any case; NULL if there is none; for roles that sign users in, and operators; it runs with its owner''s rights because row-level security would keep it from using the index';
REVOKE EXECUTE ON FUNCTION user_by_email(text) FROM PUBLIC;
