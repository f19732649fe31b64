-- Accounts and their sessions: logins, tokens, subscriptions, deletion. docs/guide/rules.md has the rules.

CREATE FUNCTION ca_max_failed_logins() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_max_failed_logins';
COMMENT ON FUNCTION ca_max_failed_logins() IS
    'number of consecutive failed logins that lock an account, from the setting cryptoanalytics.max_failed_logins';

CREATE FUNCTION ca_lockout_period() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_lockout_period';
COMMENT ON FUNCTION ca_lockout_period() IS
    'how long failed logins lock an account, from the setting cryptoanalytics.lockout_period';

-- No argument is a row of users: PostgreSQL could then not add a column with a default to the table.
CREATE FUNCTION ca_account_stands(
    is_active boolean, deleted_at timestamptz, lockout_expires timestamptz, moment timestamptz)
    RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN is_active AND deleted_at IS NULL AND (lockout_expires IS NULL OR lockout_expires <= moment);
COMMENT ON FUNCTION ca_account_stands(boolean, timestamptz, timestamptz, timestamptz) IS
    'whether an account is active, not deleted and not locked at a moment';

CREATE FUNCTION ca_refuse_user(user_id integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'unknown user'
        USING ERRCODE = 'invalid_parameter_value',
              CONSTRAINT = 'users_known', TABLE = 'users', COLUMN = 'id',
              DETAIL = format('There is no row in users with id %s.', coalesce(user_id::text, 'NULL')),
              HINT = 'Look the user up by lower(email) first.';
END;
$$;
COMMENT ON FUNCTION ca_refuse_user(integer) IS
    'raises the error of a user that is NULL or unknown';

CREATE FUNCTION ca_user_unlocked() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    NEW.failed_login_attempts := 0;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_user_unlocked() IS
    'trigger: clears the failures that led to a lock';
CREATE TRIGGER users_unlocked BEFORE UPDATE OF lockout_expires ON users
    FOR EACH ROW WHEN (OLD.lockout_expires IS NOT NULL AND NEW.lockout_expires IS NULL)
    EXECUTE FUNCTION ca_user_unlocked();
COMMENT ON TRIGGER users_unlocked ON users IS
    'a lock that is cleared takes its failures along';

CREATE FUNCTION @extschema@.record_login(user_id integer, success boolean, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
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
                  DETAIL = 'An unknown outcome can be neither counted nor reset.',
                  HINT = 'Record the login when its outcome is known.';
    END IF;
    -- the second session waits here and then sees what the first has counted
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
    -- an expired lock resets the failures, like one that is cleared by hand
    IF account.lockout_expires <= moment THEN
        UPDATE users AS u SET lockout_expires = NULL WHERE u.id = account.id RETURNING u.* INTO account;
    END IF;
    locked := account.lockout_expires IS NOT NULL;
    failures := least(account.failed_login_attempts, 2147483646) + 1;
    UPDATE users AS u
    SET failed_login_attempts = failures,
        lockout_expires = CASE WHEN locked THEN u.lockout_expires
                               WHEN failures >= ca_max_failed_logins() THEN moment + ca_lockout_period() END
    WHERE u.id = account.id;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION record_login(integer, boolean, timestamptz) IS
    'records the outcome of a login and returns whether the user is let in; consecutive failures lock the account';

CREATE FUNCTION @extschema@.session_holder(token text, moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT u.id
    FROM user_sessions AS s
    JOIN users AS u ON u.id = s.user_id
    WHERE s.session_token = session_holder.token
      AND s.is_active
      AND (s.expires_at IS NULL OR s.expires_at > session_holder.moment)
      -- a lock stops only new logins: wrong passwords of others do not log out who is signed in
      AND u.is_active
      AND u.deleted_at IS NULL;
END;
COMMENT ON FUNCTION session_holder(text, timestamptz) IS
    'user whose valid session has this token; NULL if there is none';

CREATE FUNCTION @extschema@.session_is_valid(token text, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN session_holder(token, moment) IS NOT NULL;
COMMENT ON FUNCTION session_is_valid(text, timestamptz) IS
    'whether a token belongs to a session that is active and not expired, of an account that is active and not deleted';

CREATE FUNCTION @extschema@.open_session(user_id integer, token text, refresh_token text DEFAULT NULL,
                             expires_at timestamptz DEFAULT NULL, device_info jsonb DEFAULT NULL,
                             ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL,
                             moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
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
                  CONSTRAINT = 'users_open', TABLE = 'users',
                  DETAIL = format('User %s is inactive, deleted or locked.', account.id),
                  HINT = 'Open a session only after record_login() has returned true.';
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
    'opens a session and records the activity; the account must be active, not deleted and not locked';

CREATE FUNCTION @extschema@.refresh_session(token text, refresh_token text, new_token text, new_refresh_token text,
                                expires_at timestamptz DEFAULT NULL, ip_address inet DEFAULT NULL,
                                user_agent text DEFAULT NULL, moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    holder integer := session_holder(refresh_session.token, refresh_session.moment);
    account users;
    refreshed integer;
BEGIN
    -- accounts are locked before sessions, as deletion does
    SELECT * INTO account FROM users AS u WHERE u.id = holder FOR SHARE;
    IF NOT FOUND OR NOT account.is_active OR account.deleted_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    -- of two sessions with the same tokens, the second finds them replaced
    UPDATE user_sessions AS s
    SET session_token = refresh_session.new_token, refresh_token = refresh_session.new_refresh_token,
        expires_at = coalesce(refresh_session.expires_at, s.expires_at), last_used_at = refresh_session.moment
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
    'gives a valid session new tokens, once per refresh token, and a new end if one is given; NULL if refused';

CREATE FUNCTION @extschema@.end_session(token text, ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL,
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
    'ends a session and records the activity; false if there is none to end';

CREATE FUNCTION @extschema@.delete_user(user_id integer, deleted_by integer DEFAULT NULL, moment timestamptz DEFAULT now())
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    account users;
BEGIN
    IF moment IS NULL THEN
        RAISE EXCEPTION 'moment must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'An account without a time of deletion is not deleted.',
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
    'deletes an account softly: its rows stay, its sessions end; false if it was deleted before';

CREATE FUNCTION @extschema@.effective_plan(user_id integer, moment timestamptz DEFAULT now()) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
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
    'subscription plan of a user at a moment; an expired one counts as free';

-- An activity is never changed and keeps its session's id, so a session with a trail stays as a row.
-- Its secret and personal columns are cleared.
CREATE FUNCTION @extschema@.purge_sessions(older_than timestamptz, activities_older_than timestamptz DEFAULT NULL,
                               moment timestamptz DEFAULT now(),
                               OUT deleted bigint, OUT stripped bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- sessions and their activities are looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    old integer[];
    -- the replacement of a token; before 0.7.0 it was the session's id
    stripped_token CONSTANT text := '^purged ([0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$';
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
             OR (NOT s.is_active AND s.session_token ~ stripped_token
                 AND num_nonnulls(s.refresh_token, s.device_info, s.ip_address) = 0)
          ORDER BY s.id
          FOR UPDATE SKIP LOCKED) AS l;
    -- a trail is deleted as a whole; one of which another session holds a part is left to the next purge
    WITH free AS MATERIALIZED (
        SELECT o.id AS session_id, t.activities, a.id
        FROM unnest(old) AS o (id)
        CROSS JOIN LATERAL (SELECT count(*) AS activities, max(x.created_at) AS latest
                            FROM user_activities AS x
                            WHERE x.session_id = o.id) AS t
        CROSS JOIN LATERAL (SELECT x.id
                            FROM user_activities AS x
                            WHERE x.session_id = o.id AND t.latest < activities_older_than
                            FOR UPDATE SKIP LOCKED) AS a),
    whole AS (
        SELECT array_agg(f.id) AS ids
        FROM free AS f
        GROUP BY f.session_id, f.activities
        HAVING count(*) = f.activities)
    DELETE FROM user_activities AS a
    WHERE a.id = ANY (ARRAY(SELECT i.id FROM whole AS w CROSS JOIN LATERAL unnest(w.ids) AS i (id)));
    DELETE FROM user_sessions AS s
    WHERE s.id = ANY (ARRAY(SELECT o.id
                            FROM unnest(old) AS o (id)
                            WHERE NOT EXISTS (SELECT FROM user_activities AS a WHERE a.session_id = o.id)));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    UPDATE user_sessions AS s
    -- no other session can have this token
    SET session_token = 'purged ' || gen_random_uuid(), refresh_token = NULL, device_info = NULL, ip_address = NULL,
        is_active = false
    WHERE s.id = ANY (old)
      AND (s.is_active OR s.session_token !~ stripped_token
           OR num_nonnulls(s.refresh_token, s.device_info, s.ip_address) > 0);
    GET DIAGNOSTICS stripped = ROW_COUNT;
END;
$$;
COMMENT ON FUNCTION purge_sessions(timestamptz, timestamptz, timestamptz) IS
    'purges sessions that ended or expired before older_than: deletes those without activities, and removes tokens, device and address from the others; trails whose last activity is before activities_older_than are deleted with their sessions';

-- referral_count

CREATE FUNCTION ca_recount_referrals(referrers integer[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    -- a session that refers users at the same time waits here; the UPDATE then sees its result
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
    'locks users, sets referral_count to the number of users that they referred, and returns how many changed';

CREATE FUNCTION @extschema@.recount_referrals(user_id integer DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
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
    'sets referral_count of a user, or of all, to the number of users referred, and returns how many changed; for rows from before triggers did this';

CREATE FUNCTION ca_referrals_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
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
    'trigger: recounts the referred users of those who gained or lost one';

CREATE TRIGGER users_referrals_inserted AFTER INSERT ON users
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_inserted ON users IS
    'counts the referred users of those who referred new ones';
CREATE TRIGGER users_referrals_updated AFTER UPDATE ON users
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_updated ON users IS
    'counts the referred users of those who gained or lost some';
CREATE TRIGGER users_referrals_deleted AFTER DELETE ON users
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_deleted ON users IS
    'counts the referred users of those who lost some';
