-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit

-- sql/functions/rules.sql

-- What the rules of several tables share. The rules are in docs/rules.md.

CREATE FUNCTION ca_check_as_of(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF as_of IS NULL THEN
        RAISE EXCEPTION 'as_of must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is the moment that is taken for now.',
                  HINT = 'Leave it out for now itself.';
    END IF;
    IF NOT isfinite(as_of) THEN
        RAISE EXCEPTION 'as_of must be finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out for now itself.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_as_of(timestamptz) IS
    'refuses a moment that is NULL or infinite';

CREATE FUNCTION ca_check_span(argument text, span interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF span IS NULL THEN
        RAISE EXCEPTION '% must not be NULL', argument
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is a length of time.',
                  HINT = 'Leave it out for the default.';
    END IF;
    IF span <= interval '0' THEN
        RAISE EXCEPTION '% must be positive', argument
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', span),
                  HINT = 'It is a length of time, such as 1 day.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_span(text, interval) IS
    'refuses a length of time that is NULL or not positive';

CREATE FUNCTION ca_earlier(moment timestamptz, span interval) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (moment AT TIME ZONE 'UTC' - span) AT TIME ZONE 'UTC';
COMMENT ON FUNCTION ca_earlier(timestamptz, interval) IS
    'a moment less an interval, in UTC, where every day has 24 hours';

-- For WHEN clauses of triggers only: a function that sets its search_path hides that of the session.
CREATE FUNCTION ca_is_restore() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN pg_catalog.current_setting('search_path') IN ('', '""') AND pg_catalog.current_query() ~* '^\s*copy\M';
COMMENT ON FUNCTION ca_is_restore() IS
    'whether rows come by COPY with an empty search_path, as a dump brings them: they stay as they were';

-- sql/functions/accounts.sql

-- Accounts and their sessions: logins, tokens, subscriptions, deletion. docs/rules.md has the rules.

CREATE FUNCTION ca_max_failed_logins() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_max_failed_logins';
COMMENT ON FUNCTION ca_max_failed_logins() IS
    'failed logins in a row that lock an account, by the setting cryptoanalytics.max_failed_logins';

CREATE FUNCTION ca_lockout_period() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_lockout_period';
COMMENT ON FUNCTION ca_lockout_period() IS
    'how long failed logins lock an account, by the setting cryptoanalytics.lockout_period';

CREATE FUNCTION ca_account_stands(account users, moment timestamptz) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (account).is_active AND (account).deleted_at IS NULL
           AND ((account).lockout_expires IS NULL OR (account).lockout_expires <= moment);
COMMENT ON FUNCTION ca_account_stands(users, timestamptz) IS
    'whether an account is active, not deleted and not locked at a moment';

CREATE FUNCTION ca_refuse_user(user_id integer) RETURNS void
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

CREATE FUNCTION record_login(user_id integer, success boolean, moment timestamptz DEFAULT now()) RETURNS boolean
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
    admitted := success AND ca_account_stands(account, moment);
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

CREATE FUNCTION session_holder(token text, moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT u.id
    FROM user_sessions AS s
    JOIN users AS u ON u.id = s.user_id
    WHERE s.session_token = session_holder.token
      AND s.is_active
      AND (s.expires_at IS NULL OR s.expires_at > session_holder.moment)
      AND ca_account_stands(u, session_holder.moment);
END;
COMMENT ON FUNCTION session_holder(text, timestamptz) IS
    'user whose valid session a token is; NULL when it is none';

CREATE FUNCTION session_is_valid(token text, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN session_holder(token, moment) IS NOT NULL;
COMMENT ON FUNCTION session_is_valid(text, timestamptz) IS
    'whether a token is that of a session that is active, not expired and of an account that stands';

CREATE FUNCTION open_session(user_id integer, token text, refresh_token text DEFAULT NULL,
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
    IF ca_account_stands(account, open_session.moment) IS NOT TRUE THEN
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

CREATE FUNCTION refresh_session(token text, refresh_token text, new_token text, new_refresh_token text,
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
    IF NOT FOUND OR ca_account_stands(account, refresh_session.moment) IS NOT TRUE THEN
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

CREATE FUNCTION end_session(token text, ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL,
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

CREATE FUNCTION delete_user(user_id integer, deleted_by integer DEFAULT NULL, moment timestamptz DEFAULT now())
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

CREATE FUNCTION effective_plan(user_id integer, moment timestamptz DEFAULT now()) RETURNS text
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
CREATE FUNCTION purge_sessions(older_than timestamptz, activities_older_than timestamptz DEFAULT NULL,
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

CREATE FUNCTION ca_recount_referrals(referrers integer[]) RETURNS bigint
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

CREATE FUNCTION recount_referrals(user_id integer DEFAULT NULL) RETURNS bigint
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

CREATE FUNCTION ca_referrals_changed() RETURNS trigger
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

-- sql/functions/positions.sql

-- Positions: what replaying the trade actions of a position gives, and triggers that keep the row so.
-- The rules are in docs/rules.md.

CREATE FUNCTION ca_position_replay(
    position_id integer, short boolean,
    OUT action_id integer, OUT action_time timestamptz, OUT action_type text, OUT quantity numeric,
    OUT cost numeric, OUT entry_price numeric, OUT exit_price numeric, OUT pnl_realized_usd numeric,
    OUT trade_status text, OUT stop_told boolean, OUT stop_loss_price numeric,
    OUT target_told boolean, OUT take_profit_price numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    -- what a fee does to an entry: it makes a long one dearer and a short one earn less
    side CONSTANT integer := CASE WHEN short THEN -1 ELSE 1 END;
    -- a numerator of this scale divides to 24 decimal places or more
    fine CONSTANT numeric := 1.000000000000000000000000;
    a record;
    removed numeric;
    exited numeric := 0;   -- since the position was opened: quantity and money of its exits
    proceeds numeric := 0;
BEGIN
    quantity := NULL;
    stop_told := false;
    target_told := false;
    FOR a IN
        SELECT t.* FROM trade_actions AS t
        WHERE t.portfolio_id = ca_position_replay.position_id
        ORDER BY t.created_at, t.id
    LOOP
        action_id := a.id;
        action_time := a.created_at;
        action_type := a.action_type;
        IF a.action_type IN ('buy', 'entry') THEN
            pnl_realized_usd := coalesce(pnl_realized_usd, 0);
            IF quantity > 0 THEN
                trade_status := 'accumulating';
            ELSE
                trade_status := 'open';
                quantity := 0;
                cost := 0;
                exit_price := NULL;
                exited := 0;
                proceeds := 0;
            END IF;
            quantity := quantity + a.quantity;
            cost := cost + a.asset_price * a.quantity + side * a.fees_paid;
            entry_price := trim_scale(round(cost * fine / quantity, 20));
        ELSIF a.action_type IN ('sell', 'partial_sell', 'partial_exit', 'full_exit') THEN
            IF a.quantity > coalesce(quantity, 0) THEN
                RAISE EXCEPTION 'an action closes more than the position holds'
                    USING ERRCODE = 'check_violation',
                          DETAIL = format('Action %s (%s) of position %s closes %s of %s.', a.id,
                                          a.action_type, position_id, a.quantity,
                                          coalesce(quantity, 0)),
                          HINT = 'Actions count in order of created_at and id; an entry has to come before its exit.';
            END IF;
            IF a.action_type = 'full_exit' AND a.quantity < quantity THEN
                RAISE EXCEPTION 'a full exit leaves part of the position'
                    USING ERRCODE = 'check_violation',
                          DETAIL = format('Action %s of position %s closes %s of %s.', a.id,
                                          position_id, a.quantity, quantity),
                          HINT = 'A part is closed by partial_exit.';
            END IF;
            -- the rest keeps what is not removed, so that rounding never loses money
            removed := CASE WHEN a.quantity = quantity THEN cost
                            ELSE round(cost * a.quantity * fine / quantity, 20) END;
            pnl_realized_usd := trim_scale(pnl_realized_usd - a.fees_paid
                                           + side * (a.asset_price * a.quantity - removed));
            cost := cost - removed;
            quantity := quantity - a.quantity;
            exited := exited + a.quantity;
            proceeds := proceeds + a.asset_price * a.quantity - side * a.fees_paid;
            exit_price := trim_scale(round(proceeds * fine / exited, 20));
            trade_status := CASE WHEN quantity = 0 THEN 'closed' ELSE 'reducing' END;
        END IF;
        IF a.action_type = 'modify_sl'
           OR a.action_type IN ('buy', 'entry') AND a.stop_loss IS NOT NULL THEN
            stop_told := true;
            stop_loss_price := a.stop_loss;
        END IF;
        IF a.action_type = 'modify_tp'
           OR a.action_type IN ('buy', 'entry') AND a.take_profit IS NOT NULL THEN
            target_told := true;
            take_profit_price := a.take_profit;
        END IF;
        RETURN NEXT;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_position_replay(integer, boolean) IS
    'state of a position after each of its actions, as a long or as a short one; everything but the levels is NULL before the first entry';

CREATE FUNCTION position_history(
    position_id integer,
    OUT action_id integer, OUT action_time timestamptz, OUT action_type text, OUT quantity numeric,
    OUT entry_price numeric, OUT exit_price numeric, OUT pnl_realized_usd numeric,
    OUT trade_status text, OUT stop_loss_price numeric, OUT take_profit_price numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.action_id, r.action_time, r.action_type, r.quantity, r.entry_price, r.exit_price,
           r.pnl_realized_usd, r.trade_status, r.stop_loss_price, r.take_profit_price
    FROM portfolio AS p
    CROSS JOIN LATERAL ca_position_replay(p.id, p.asset_type = 'Short Position') AS r
    WHERE p.id = position_history.position_id
    ORDER BY r.action_time, r.action_id;
END;
COMMENT ON FUNCTION position_history(integer) IS
    'a position after each of its actions, in order of created_at and id; a level is NULL while no action has told it';

CREATE FUNCTION ca_position_derived(was portfolio, emptied boolean) RETURNS portfolio
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    derived portfolio := was;
    r record;
BEGIN
    SELECT * INTO r
    FROM ca_position_replay(was.id, was.asset_type = 'Short Position') WITH ORDINALITY AS s
    ORDER BY s.ordinality DESC
    LIMIT 1;
    IF r.trade_status IS NOT NULL THEN
        derived.quantity := r.quantity;
        derived.entry_price := r.entry_price;
        derived.exit_price := r.exit_price;
        derived.pnl_realized_usd := r.pnl_realized_usd;
        IF r.trade_status = 'closed' OR was.trade_status <> 'exit_plan' THEN
            derived.trade_status := r.trade_status;
        END IF;
    ELSIF emptied THEN
        derived.quantity := 0;
        derived.entry_price := NULL;
        derived.exit_price := NULL;
        derived.pnl_realized_usd := 0;
        derived.trade_status := 'open';
    END IF;
    IF r.stop_told THEN
        derived.stop_loss_price := r.stop_loss_price;
    END IF;
    IF r.target_told THEN
        derived.take_profit_price := r.take_profit_price;
    END IF;
    RETURN derived;
END;
$$;
COMMENT ON FUNCTION ca_position_derived(portfolio, boolean) IS
    'the row of a position as its actions give it; without an entry it stays as it is, or is empty if its last trade was taken away';

CREATE FUNCTION ca_rebuild_position(position_id integer, emptied boolean, brought bigint, loading boolean)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    was portfolio;
    derived portfolio;
    told boolean := false;  -- whether the row has values, or is closed, and had no trade before
BEGIN
    -- whoever changes actions of the position waits here, and then reads those of the other
    SELECT p.* INTO was FROM portfolio AS p
    WHERE p.id = ca_rebuild_position.position_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF was.quantity <> 0 OR was.entry_price IS NOT NULL OR was.exit_price IS NOT NULL
       OR was.pnl_realized_usd <> 0 OR was.trade_status = 'closed' THEN
        told := brought = (SELECT count(*) FROM trade_actions AS t
                           WHERE t.portfolio_id = was.id
                             AND t.action_type NOT IN ('modify_sl', 'modify_tp'));
    END IF;
    IF told AND loading THEN
        RETURN false;
    END IF;

    derived := ca_position_derived(was, emptied);
    IF derived IS NOT DISTINCT FROM was THEN
        RETURN false;
    END IF;
    IF told
       AND (was.quantity, was.entry_price, was.exit_price, was.pnl_realized_usd)
           IS DISTINCT FROM (0, NULL, NULL, 0)
       AND (was.quantity, was.entry_price, was.exit_price, was.pnl_realized_usd)
           IS DISTINCT FROM (derived.quantity, derived.entry_price, derived.exit_price,
                             derived.pnl_realized_usd) THEN
        RAISE EXCEPTION 'the position has values that no action explains'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Position %s holds %s, its actions give %s.', was.id, was.quantity,
                                  derived.quantity),
                  HINT = 'Record how the position came about as actions, in one statement with the new one, or empty its row first.';
    END IF;
    UPDATE portfolio AS p
    SET quantity = derived.quantity,
        entry_price = derived.entry_price,
        exit_price = derived.exit_price,
        pnl_realized_usd = derived.pnl_realized_usd,
        trade_status = derived.trade_status,
        stop_loss_price = derived.stop_loss_price,
        take_profit_price = derived.take_profit_price
    WHERE p.id = was.id;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION ca_rebuild_position(integer, boolean, bigint, boolean) IS
    'locks a position and makes its row what its actions give; whether it changed';

CREATE FUNCTION rebuild_position(position_id integer) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_rebuild_position(rebuild_position.position_id, false, NULL, false);
END;
COMMENT ON FUNCTION rebuild_position(integer) IS
    'makes the row of a position what replaying its actions gives; whether it changed; a position without an entry keeps its values';

CREATE FUNCTION ca_trade_actions_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    p record;
    restored CONSTANT boolean := TG_NARGS > 0;
BEGIN
    FOR p IN
        SELECT i.portfolio_id AS id,
               count(*) FILTER (WHERE i.action_type NOT IN ('modify_sl', 'modify_tp')) AS brought
        FROM inserted AS i
        GROUP BY i.portfolio_id
        ORDER BY i.portfolio_id
    LOOP
        PERFORM ca_rebuild_position(p.id, false, p.brought, restored);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_inserted() IS
    'trigger: rebuilds the positions of new actions; with an argument, of those that a dump brings';

CREATE FUNCTION ca_trade_actions_updated() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    p record;
BEGIN
    FOR p IN
        WITH gone AS (
            SELECT w.id, w.portfolio_id, w.action_type, w.asset_price, w.quantity, w.fees_paid,
                   w.stop_loss, w.take_profit, w.created_at
            FROM was AS w
            EXCEPT
            SELECT b.id, b.portfolio_id, b.action_type, b.asset_price, b.quantity, b.fees_paid,
                   b.stop_loss, b.take_profit, b.created_at
            FROM became AS b
        ), come AS (
            SELECT b.id, b.portfolio_id, b.action_type, b.asset_price, b.quantity, b.fees_paid,
                   b.stop_loss, b.take_profit, b.created_at
            FROM became AS b
            EXCEPT
            SELECT w.id, w.portfolio_id, w.action_type, w.asset_price, w.quantity, w.fees_paid,
                   w.stop_loss, w.take_profit, w.created_at
            FROM was AS w
        )
        SELECT c.portfolio_id AS id, bool_or(c.traded) AS emptied
        FROM (SELECT g.portfolio_id, g.action_type NOT IN ('modify_sl', 'modify_tp') AS traded
              FROM gone AS g
              UNION ALL
              SELECT n.portfolio_id, false FROM come AS n) AS c
        GROUP BY c.portfolio_id
        ORDER BY c.portfolio_id
    LOOP
        PERFORM ca_rebuild_position(p.id, p.emptied, NULL, false);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_updated() IS
    'trigger: rebuilds the positions whose actions changed in what counts, on both sides of a move';

CREATE FUNCTION ca_trade_actions_deleted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    p record;
BEGIN
    FOR p IN
        SELECT w.portfolio_id AS id,
               bool_or(w.action_type NOT IN ('modify_sl', 'modify_tp')) AS emptied
        FROM was AS w
        GROUP BY w.portfolio_id
        ORDER BY w.portfolio_id
    LOOP
        PERFORM ca_rebuild_position(p.id, p.emptied, NULL, false);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_deleted() IS
    'trigger: rebuilds the positions whose actions are gone';

CREATE FUNCTION ca_portfolio_derived() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    derived CONSTANT portfolio := ca_position_derived(NEW, false);
BEGIN
    -- long or short: the same actions give another profit
    IF OLD.asset_type <> NEW.asset_type THEN
        RETURN derived;
    END IF;
    IF derived IS DISTINCT FROM NEW THEN
        RAISE EXCEPTION 'a position is what its actions give'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Position %s has actions that give another quantity, price, profit, status or level.', NEW.id),
                  HINT = 'Insert, update or delete rows of trade_actions instead; of the columns they give, only trade_status may be set, to exit_plan.';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_derived() IS
    'trigger: refuses values of a position that differ from what its actions give';

CREATE TRIGGER trade_actions_inserted AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_trade_actions_inserted();
COMMENT ON TRIGGER trade_actions_inserted ON trade_actions IS
    'brings the positions of new actions up to date';
CREATE TRIGGER trade_actions_restored AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT WHEN (ca_is_restore())
    EXECUTE FUNCTION ca_trade_actions_inserted('restored');
COMMENT ON TRIGGER trade_actions_restored ON trade_actions IS
    'leaves positions alone that a dump brings with their values';
CREATE TRIGGER trade_actions_updated AFTER UPDATE ON trade_actions
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_trade_actions_updated();
COMMENT ON TRIGGER trade_actions_updated ON trade_actions IS
    'rebuilds the positions whose actions changed';
CREATE TRIGGER trade_actions_deleted AFTER DELETE ON trade_actions
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_trade_actions_deleted();
COMMENT ON TRIGGER trade_actions_deleted ON trade_actions IS
    'rebuilds the positions whose actions are gone';
CREATE TRIGGER portfolio_derived BEFORE UPDATE ON portfolio
    FOR EACH ROW
    WHEN ((OLD.asset_type, OLD.quantity, OLD.entry_price, OLD.exit_price, OLD.pnl_realized_usd,
           OLD.trade_status, OLD.stop_loss_price, OLD.take_profit_price)
          IS DISTINCT FROM
          (NEW.asset_type, NEW.quantity, NEW.entry_price, NEW.exit_price, NEW.pnl_realized_usd,
           NEW.trade_status, NEW.stop_loss_price, NEW.take_profit_price))
    EXECUTE FUNCTION ca_portfolio_derived();
COMMENT ON TRIGGER portfolio_derived ON portfolio IS
    'refuses values that differ from what the actions of the position give';

CREATE VIEW portfolio_positions WITH (security_invoker = true) AS
    WITH priced AS (
        SELECT p.*, a.current_price,
               CASE WHEN p.asset_type = 'Short Position' THEN -1 ELSE 1 END AS side,
               CASE WHEN p.quantity = 0 THEN 0 ELSE p.quantity * a.current_price END AS value_usd
        FROM portfolio AS p
        LEFT JOIN assets AS a ON a.id = p.asset_id
    ), shares AS (
        SELECT x.*,
               CASE WHEN count(*) OVER w = count(x.value_usd) OVER w THEN
                   round(100 * x.value_usd / nullif(sum(abs(x.value_usd)) OVER w, 0), 8)
               END AS allocation_percent
        FROM priced AS x
        WINDOW w AS (PARTITION BY x.user_id)
    )
    SELECT s.id AS position_id, s.user_id, s.asset_id, s.asset_symbol, s.asset_type, s.trade_status,
           s.quantity, s.entry_price, s.current_price, s.value_usd,
           CASE WHEN s.quantity = 0 THEN 0
                ELSE s.side * (s.current_price - s.entry_price) * s.quantity
           END AS pnl_unrealized_usd,
           s.pnl_realized_usd, s.allocation_percent, s.allocation_target_percent,
           s.allocation_percent - s.allocation_target_percent AS allocation_off_target,
           s.max_allocation_percent,
           s.allocation_percent > s.max_allocation_percent AS over_max_allocation,
           s.stop_loss_price, s.take_profit_price,
           CASE WHEN s.quantity = 0 THEN 0
                ELSE s.side * (s.entry_price - s.stop_loss_price) * s.quantity
           END AS risk_at_stop_usd
    FROM shares AS s;
COMMENT ON VIEW portfolio_positions IS
    'each position at assets.current_price: value, unrealized profit, share of what its user holds, risk at the stop; NULL where a price, an entry or a stop is unknown';
COMMENT ON COLUMN portfolio_positions.position_id IS 'position, portfolio.id';
COMMENT ON COLUMN portfolio_positions.user_id IS 'user who holds the position';
COMMENT ON COLUMN portfolio_positions.asset_id IS 'asset, assets.id; NULL for an external asset';
COMMENT ON COLUMN portfolio_positions.asset_symbol IS 'symbol of the asset';
COMMENT ON COLUMN portfolio_positions.asset_type IS 'type of holding; Short Position gains when the price falls, all others when it rises';
COMMENT ON COLUMN portfolio_positions.trade_status IS 'status of the position';
COMMENT ON COLUMN portfolio_positions.quantity IS 'remaining quantity, in units of the asset';
COMMENT ON COLUMN portfolio_positions.entry_price IS 'average entry price with fees, in USD';
COMMENT ON COLUMN portfolio_positions.current_price IS 'assets.current_price, in USD; NULL for an external asset';
COMMENT ON COLUMN portfolio_positions.value_usd IS 'quantity times current price, in USD; what would be bought back for a short position';
COMMENT ON COLUMN portfolio_positions.pnl_unrealized_usd IS 'profit if closed at the current price without a fee, in USD';
COMMENT ON COLUMN portfolio_positions.pnl_realized_usd IS 'profit of what is closed, in USD';
COMMENT ON COLUMN portfolio_positions.allocation_percent IS 'share of the value of all positions of the user, long and short, in percent; NULL if any of their values is unknown';
COMMENT ON COLUMN portfolio_positions.allocation_target_percent IS 'target of the share, in percent';
COMMENT ON COLUMN portfolio_positions.allocation_off_target IS 'share minus target, in percentage points';
COMMENT ON COLUMN portfolio_positions.max_allocation_percent IS 'largest share allowed, in percent';
COMMENT ON COLUMN portfolio_positions.over_max_allocation IS 'whether the share is above the largest allowed';
COMMENT ON COLUMN portfolio_positions.stop_loss_price IS 'stop, in USD';
COMMENT ON COLUMN portfolio_positions.take_profit_price IS 'target price, in USD';
COMMENT ON COLUMN portfolio_positions.risk_at_stop_usd IS 'loss if the rest is closed at the stop, in USD; negative if that is a profit; NULL without a stop';

CREATE VIEW portfolio_totals WITH (security_invoker = true) AS
    SELECT p.user_id,
           count(*) FILTER (WHERE p.quantity > 0) AS positions,
           CASE WHEN count(*) = count(p.value_usd) THEN sum(p.value_usd) END AS value_usd,
           CASE WHEN count(*) = count(p.pnl_unrealized_usd) THEN sum(p.pnl_unrealized_usd) END AS pnl_unrealized_usd,
           sum(p.pnl_realized_usd) AS pnl_realized_usd,
           count(*) FILTER (WHERE p.over_max_allocation) AS over_max_allocation,
           CASE WHEN count(*) = count(p.risk_at_stop_usd) THEN sum(p.risk_at_stop_usd) END AS risk_at_stop_usd
    FROM portfolio_positions AS p
    GROUP BY p.user_id;
COMMENT ON VIEW portfolio_totals IS
    'portfolio_positions summed by user; a sum is NULL if one of its parts is unknown';
COMMENT ON COLUMN portfolio_totals.user_id IS 'user who holds the positions';
COMMENT ON COLUMN portfolio_totals.positions IS 'positions that hold something';
COMMENT ON COLUMN portfolio_totals.value_usd IS 'value of all positions, long and short, in USD';
COMMENT ON COLUMN portfolio_totals.pnl_unrealized_usd IS 'unrealized profit, in USD';
COMMENT ON COLUMN portfolio_totals.pnl_realized_usd IS 'realized profit, in USD';
COMMENT ON COLUMN portfolio_totals.over_max_allocation IS 'positions above their largest share';
COMMENT ON COLUMN portfolio_totals.risk_at_stop_usd IS 'loss if every position is closed at its stop, in USD';

-- sql/functions/watchlists.sql

-- Watchlists: no more assets than allowed, and positions that count 1, 2, 3. The rules are in docs/rules.md.

CREATE FUNCTION ca_check_watchlists(watchlist_ids integer[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    l record;
BEGIN
    SELECT w.id, w.max_assets, count(DISTINCT e.asset_id) AS assets INTO l
    FROM watchlists AS w
    JOIN watchlist_assets AS e ON e.watchlist_id = w.id AND e.is_active
    WHERE w.id = ANY (watchlist_ids)
    GROUP BY w.id
    HAVING count(DISTINCT e.asset_id) > w.max_assets
    ORDER BY w.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a watchlist holds more assets than it may'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Watchlist %s would hold %s assets, its max_assets is %s.', l.id, l.assets, l.max_assets),
                  HINT = 'Remove an asset or make it inactive first, or raise max_assets.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_watchlists(integer[]) IS
    'refuses watchlists with more active assets than max_assets';

CREATE FUNCTION ca_arrange_watchlists(watchlist_ids integer[], placed integer[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    -- n counts the entries that were placed and, apart from them, the others; a position of 0 is
    -- the end.  The nth that was placed, at p, comes behind p - n others.  Of two at the same
    -- place one cannot have it: the running maximum keeps them in their order.
    WITH counted AS (
        SELECT e.id, e.watchlist_id, e.position, p.id IS NOT NULL AS placed,
               row_number() OVER (PARTITION BY e.watchlist_id, p.id IS NOT NULL
                                  ORDER BY nullif(e.position, 0), e.id) AS n
        FROM watchlist_assets AS e
        LEFT JOIN unnest(ca_arrange_watchlists.placed) AS p (id) ON p.id = e.id
        WHERE e.watchlist_id = ANY (ca_arrange_watchlists.watchlist_ids) AND e.is_active
    ), behind AS (
        SELECT c.*,
               CASE WHEN c.placed
                    THEN max(coalesce(nullif(c.position, 0), 2147483648) - c.n)
                         OVER (PARTITION BY c.watchlist_id, c.placed ORDER BY c.n) + 0.5
                    ELSE c.n END AS place
        FROM counted AS c
    ), arranged AS (
        SELECT b.id, b.position AS was,
               row_number() OVER (PARTITION BY b.watchlist_id ORDER BY b.place, b.n) AS position
        FROM behind AS b
    )
    UPDATE watchlist_assets AS e
    SET position = a.position
    FROM arranged AS a
    WHERE e.id = a.id AND a.position <> a.was;
END;
COMMENT ON FUNCTION ca_arrange_watchlists(integer[], integer[]) IS
    'numbers the active entries of watchlists 1, 2, 3: those that were placed where they say, the others in their order around them';

CREATE FUNCTION ca_watchlist_assets_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    lists integer[];   -- whose active entries are not what they were
    grown integer[];   -- those that may hold another asset than before
    placed integer[];  -- entries that say where they want to be
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT b.watchlist_id), array_agg(b.id) INTO lists, placed
        FROM became AS b
        WHERE b.is_active;
        grown := lists;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT w.watchlist_id) INTO lists
        FROM was AS w
        WHERE w.is_active;
    ELSE
        SELECT array_agg(DISTINCT c.old_list) || array_agg(DISTINCT c.new_list),
               array_agg(DISTINCT c.new_list) FILTER (WHERE c.new_list IS DISTINCT FROM c.old_list OR c.exchanged),
               array_agg(c.id) FILTER (WHERE c.new_list IS DISTINCT FROM c.old_list OR c.moved)
        INTO lists, grown, placed
        FROM (SELECT b.id,
                     CASE WHEN w.is_active THEN w.watchlist_id END AS old_list,
                     CASE WHEN b.is_active THEN b.watchlist_id END AS new_list,
                     w.asset_id <> b.asset_id AS exchanged,
                     w.position <> b.position AS moved
              FROM was AS w
              FULL JOIN became AS b ON b.id = w.id) AS c
        WHERE c.new_list IS DISTINCT FROM c.old_list OR c.new_list IS NOT NULL AND (c.exchanged OR c.moved);
    END IF;
    IF lists IS NULL THEN
        RETURN NULL;
    END IF;
    -- whoever changes a list at the same time waits here, and then sees what the other left
    PERFORM FROM watchlists AS l WHERE l.id = ANY (lists) ORDER BY l.id FOR NO KEY UPDATE;
    PERFORM ca_check_watchlists(grown);
    PERFORM ca_arrange_watchlists(lists, placed);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_assets_changed() IS
    'trigger: keeps max_assets and dense positions, one session after the other';

CREATE TRIGGER watchlist_assets_inserted AFTER INSERT ON watchlist_assets
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_inserted ON watchlist_assets IS
    'puts new entries in their places, as long as there is room';
CREATE TRIGGER watchlist_assets_updated AFTER UPDATE ON watchlist_assets
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_updated ON watchlist_assets IS
    'moves the others when entries are moved, and looks for room when they come';
CREATE TRIGGER watchlist_assets_deleted AFTER DELETE ON watchlist_assets
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_deleted ON watchlist_assets IS
    'closes the gaps that entries leave';

CREATE FUNCTION ca_watchlist_narrowed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_watchlists(ARRAY[NEW.id]);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_narrowed() IS
    'trigger: refuses a max_assets below what the watchlist holds';
CREATE TRIGGER watchlists_narrowed AFTER UPDATE OF max_assets ON watchlists
    FOR EACH ROW WHEN (NEW.max_assets < OLD.max_assets)
    EXECUTE FUNCTION ca_watchlist_narrowed();
COMMENT ON TRIGGER watchlists_narrowed ON watchlists IS
    'refuses a max_assets below what the watchlist holds';

CREATE FUNCTION move_watchlist_asset(id integer, "position" integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    list integer;
BEGIN
    IF move_watchlist_asset.position IS NULL OR move_watchlist_asset.position < 1 THEN
        RAISE EXCEPTION 'position must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(move_watchlist_asset.position::text, 'NULL')),
                  HINT = 'The first place is 1; what is behind the last place is the last place.';
    END IF;
    SELECT e.watchlist_id INTO list FROM watchlist_assets AS e WHERE e.id = move_watchlist_asset.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown watchlist entry'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in watchlist_assets with id %s.', coalesce(move_watchlist_asset.id::text, 'NULL')),
                  HINT = 'An entry is named by watchlist_assets.id, not by its asset.';
    END IF;
    -- the list before its entries, so that two who move entries of one list do not block each other
    PERFORM FROM watchlists AS l WHERE l.id = list FOR NO KEY UPDATE;
    UPDATE watchlist_assets AS e
    SET position = move_watchlist_asset.position
    WHERE e.id = move_watchlist_asset.id AND e.is_active
    RETURNING e.watchlist_id INTO list;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'watchlist entry is not active'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Entry %s is inactive, or was removed just now.', move_watchlist_asset.id),
                  HINT = 'Only active entries are in the order of a list; set is_active first.';
    END IF;
    -- the trigger has done it, unless the entry had that position in a list from before the rules
    PERFORM ca_arrange_watchlists(ARRAY[list], ARRAY[move_watchlist_asset.id]);
    RETURN (SELECT e.position FROM watchlist_assets AS e WHERE e.id = move_watchlist_asset.id);
END;
$$;
COMMENT ON FUNCTION move_watchlist_asset(integer, integer) IS
    'moves an active entry to a position of its watchlist, the others make room; the position that it has then, the last if there are not so many';

-- sql/functions/notifications.sql

-- Notifications: the queue of those that are due, and what users have read. The rules are in docs/rules.md.

-- what has expired is passed over within the index
CREATE INDEX notifications_due_idx ON notifications
    (priority, coalesce(scheduled_for, '-infinity'), coalesce(expires_at, 'infinity'), id)
    WHERE sent_at IS NULL AND status = 'unread';
COMMENT ON INDEX notifications_due_idx IS
    'the notifications to be sent of each priority, in the order in which they become due';

CREATE FUNCTION claim_notifications(batch integer DEFAULT 100, as_of timestamptz DEFAULT now())
    RETURNS SETOF notifications
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    level text;
    room integer := batch;
    claimed integer;
BEGIN
    PERFORM ca_check_as_of(as_of);
    IF batch IS NULL OR batch < 1 THEN
        RAISE EXCEPTION 'batch must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(batch::text, 'NULL')),
                  HINT = 'It is how many notifications are claimed at once; 100 suit most workers.';
    END IF;
    FOREACH level IN ARRAY ARRAY['urgent', 'high', 'normal', 'low'] LOOP
        -- what another worker has claimed and not committed is passed over, and what it has
        -- committed since this statement began is looked at again and found sent
        RETURN QUERY
            WITH due AS MATERIALIZED (
                SELECT n.id
                FROM notifications AS n
                WHERE n.priority = level AND n.sent_at IS NULL AND n.status = 'unread'
                  AND coalesce(n.scheduled_for, '-infinity') <= claim_notifications.as_of
                  AND coalesce(n.expires_at, 'infinity') > claim_notifications.as_of
                ORDER BY coalesce(n.scheduled_for, '-infinity'), coalesce(n.expires_at, 'infinity'), n.id
                LIMIT room
                FOR NO KEY UPDATE SKIP LOCKED
            ), sent AS (
                UPDATE notifications AS n
                SET sent_at = claim_notifications.as_of
                FROM due AS d
                WHERE n.id = d.id
                RETURNING n.*
            )
            SELECT s.*
            FROM sent AS s
            ORDER BY coalesce(s.scheduled_for, '-infinity'), coalesce(s.expires_at, 'infinity'), s.id;
        GET DIAGNOSTICS claimed = ROW_COUNT;
        room := room - claimed;
        EXIT WHEN room = 0;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION claim_notifications(integer, timestamptz) IS
    'notifications that are due, most urgent first, stamped with sent_at; what one worker has claimed no other gets, until the first rolls back';

CREATE FUNCTION ca_notification_read() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.status := 'read';
    ELSIF NEW.status = 'read' AND OLD.status <> 'read' THEN
        NEW.read_at := coalesce(NEW.read_at, now());
    ELSIF NEW.status = 'unread' AND OLD.status <> 'unread' THEN
        NEW.read_at := NULL;
    ELSIF NEW.status = 'unread' AND NEW.read_at IS NOT NULL THEN
        NEW.status := 'read';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_notification_read() IS
    'trigger: what is read has read_at, what is unread has none';
CREATE TRIGGER notifications_inserted BEFORE INSERT ON notifications
    FOR EACH ROW WHEN (NEW.status = 'unread' AND NEW.read_at IS NOT NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_notification_read();
COMMENT ON TRIGGER notifications_inserted ON notifications IS
    'a notification that comes with read_at is read';
CREATE TRIGGER notifications_read BEFORE UPDATE OF status, read_at ON notifications
    FOR EACH ROW WHEN ((OLD.status, OLD.read_at) IS DISTINCT FROM (NEW.status, NEW.read_at))
    EXECUTE FUNCTION ca_notification_read();
COMMENT ON TRIGGER notifications_read ON notifications IS
    'stamps read_at when a notification is read, takes it away when it is unread again';

CREATE FUNCTION ca_refuse_notification(id integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'unknown notification'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('There is no row in notifications with id %s.', coalesce(id::text, 'NULL')),
              HINT = 'A notification is named by notifications.id.';
END;
$$;
COMMENT ON FUNCTION ca_refuse_notification(integer) IS
    'the error of a notification that is NULL or unknown';

CREATE FUNCTION mark_notification_read(id integer, as_of timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(as_of);
    UPDATE notifications AS n
    SET status = 'read', read_at = mark_notification_read.as_of
    WHERE n.id = mark_notification_read.id AND n.status = 'unread';
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM notifications AS n WHERE n.id = mark_notification_read.id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_notification(mark_notification_read.id);
    END IF;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION mark_notification_read(integer, timestamptz) IS
    'marks an unread notification as read at a moment; false when it was read or dismissed before, which stays';

CREATE FUNCTION dismiss_notification(id integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    UPDATE notifications AS n
    SET status = 'dismissed'
    WHERE n.id = dismiss_notification.id AND n.status <> 'dismissed';
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM notifications AS n WHERE n.id = dismiss_notification.id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_notification(dismiss_notification.id);
    END IF;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION dismiss_notification(integer) IS
    'dismisses a notification, read or not, and keeps its read_at; false when it was dismissed before';

CREATE FUNCTION unread_notifications(user_id integer, as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM notifications AS n
    WHERE n.user_id = unread_notifications.user_id
      AND n.status = 'unread'
      AND (n.scheduled_for IS NULL OR n.scheduled_for <= unread_notifications.as_of)
      AND (n.expires_at IS NULL OR n.expires_at > unread_notifications.as_of);
END;
COMMENT ON FUNCTION unread_notifications(integer, timestamptz) IS
    'number of unread notifications of a user whose time has come and that have not expired; NULL for a NULL';

-- sql/functions/recommendations.sql

-- Recommendations: their life cycle, and what became of the price. The rules are in docs/rules.md.

CREATE INDEX ai_recommendations_expiry_idx ON ai_recommendations (expires_at)
    WHERE status IN ('pending', 'approved', 'followed') AND expires_at IS NOT NULL;
COMMENT ON INDEX ai_recommendations_expiry_idx IS
    'the open recommendations that will expire, in that order';

CREATE FUNCTION ca_recommendation_status() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    next CONSTANT text[] := CASE OLD.status
        WHEN 'pending' THEN ARRAY['approved', 'rejected', 'ignored', 'expired']
        WHEN 'approved' THEN ARRAY['followed', 'implemented', 'ignored', 'expired']
        WHEN 'followed' THEN ARRAY['implemented', 'ignored', 'expired']
        ELSE '{}' END;
BEGIN
    -- what is no status at all is refused by its CHECK
    IF NEW.status <> ALL (next)
       AND NEW.status IN ('pending', 'approved', 'followed', 'implemented', 'ignored', 'expired', 'rejected') THEN
        RAISE EXCEPTION 'a recommendation that is % does not become %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Recommendation %s is %s.', OLD.id, OLD.status),
                  HINT = CASE WHEN next = '{}' THEN 'That is final; make a new recommendation.'
                              ELSE format('It may become one of: %s.', array_to_string(next, ', ')) END;
    END IF;
    IF NEW.status IN ('approved', 'rejected') THEN
        NEW.reviewed_at := coalesce(NEW.reviewed_at, now());
    ELSIF NEW.status = 'implemented' THEN
        NEW.implemented_at := coalesce(NEW.implemented_at, now());
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_recommendation_status() IS
    'trigger: allows the legal transitions of a recommendation, and stamps its review and its implementation';
CREATE TRIGGER ai_recommendations_status BEFORE UPDATE OF status ON ai_recommendations
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ca_recommendation_status();
COMMENT ON TRIGGER ai_recommendations_status ON ai_recommendations IS
    'refuses illegal transitions; stamps reviewed_at and implemented_at, unless they are told';

CREATE FUNCTION expire_recommendations(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(as_of);
    -- one that another session is changing is waited for, and stays if it is no longer open
    WITH due AS MATERIALIZED (
        SELECT r.id
        FROM ai_recommendations AS r
        WHERE r.status IN ('pending', 'approved', 'followed')
          AND r.expires_at <= expire_recommendations.as_of
        ORDER BY r.id
        FOR NO KEY UPDATE
    )
    UPDATE ai_recommendations AS r
    SET status = 'expired'
    FROM due AS d
    WHERE r.id = d.id;
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_recommendations(timestamptz) IS
    'expires the open recommendations whose expires_at has come; the number of them';

CREATE FUNCTION recommendation_outcomes(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour')
    RETURNS TABLE (recommendation_id integer, asset_id integer, start_time timestamptz, start_price numeric,
                   end_time timestamptz, end_price numeric, change_percent numeric, return_percent numeric,
                   is_final boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- simple enough to be part of the query around it, so that its conditions come first
    SELECT r.id, w.asset_id, w.start_time, s.close, w.end_time, e.close, c.percent, w.side * c.percent,
           w.target <= recommendation_outcomes.as_of
    FROM ai_recommendations AS r
    LEFT JOIN predictions AS p ON p.id = r.prediction_id
    LEFT JOIN assets AS a ON r.target_entity_type = 'asset' AND a.id = r.target_entity_id
    LEFT JOIN portfolio AS h ON r.target_entity_type = 'portfolio' AND h.id = r.target_entity_id
    CROSS JOIN LATERAL (
        SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
    CROSS JOIN LATERAL (
        SELECT coalesce(a.id, h.asset_id, p.asset_id) AS asset_id,
               CASE WHEN r.implemented_at <= recommendation_outcomes.as_of
                    THEN r.implemented_at ELSE r.created_at END AS start_time,
               t.target,
               least(t.target, recommendation_outcomes.as_of) AS end_time,
               CASE WHEN p.asset_id = coalesce(a.id, h.asset_id, p.asset_id) THEN
                   nullif(coalesce(sign(p.predicted_price - p.input_price),
                                   CASE p.predicted_value ->> 'direction' WHEN 'up' THEN 1 WHEN 'down' THEN -1 END), 0)
               END AS side) AS w
    LEFT JOIN LATERAL ca_price_at(w.asset_id, w.start_time) AS s
        ON CASE WHEN isfinite(w.start_time) THEN w.start_time - s.closed_at END <= recommendation_outcomes.staleness
    LEFT JOIN LATERAL ca_price_at(w.asset_id, w.end_time) AS e
        ON w.end_time > w.start_time
           AND CASE WHEN isfinite(w.end_time) THEN w.end_time - e.closed_at END <= recommendation_outcomes.staleness
    CROSS JOIN LATERAL (
        SELECT round(100 * (e.close - s.close) / nullif(abs(s.close), 0), 8) AS percent) AS c
    WHERE r.created_at <= recommendation_outcomes.as_of;
END;
COMMENT ON FUNCTION recommendation_outcomes(timestamptz, interval) IS
    'price when each recommendation was implemented, or else made, against that at its horizon or as_of, whichever is first; NULL where there is no asset or no close of the last staleness';

-- sql/functions/trading_signals.sql

-- Trading signals: reward over risk, expiry, execution by trades, and what became of them.
-- The rules are in docs/rules.md.

CREATE FUNCTION ca_fraction(part numeric, whole numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- a numerator of this scale divides to 24 decimal places or more
    RETURN trim_scale(round(part * 1.000000000000000000000000 / nullif(abs(whole), 0), 20));
COMMENT ON FUNCTION ca_fraction(numeric, numeric) IS
    'part over the absolute value of whole, to 20 decimal places; NULL when whole is 0';

CREATE FUNCTION ca_signal_ratio() RETURNS trigger
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

CREATE TRIGGER trading_signals_ratio_insert BEFORE INSERT ON trading_signals
    FOR EACH ROW WHEN (NEW.risk_reward_ratio IS NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_insert ON trading_signals IS
    'computes risk_reward_ratio when none is told';
CREATE TRIGGER trading_signals_ratio_update BEFORE UPDATE ON trading_signals
    FOR EACH ROW
    WHEN (NEW.risk_reward_ratio IS NULL
          OR NEW.risk_reward_ratio IS NOT DISTINCT FROM OLD.risk_reward_ratio
             AND (NEW.entry_price, NEW.target_price, NEW.stop_loss)
                 IS DISTINCT FROM (OLD.entry_price, OLD.target_price, OLD.stop_loss))
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_update ON trading_signals IS
    'computes risk_reward_ratio when it is NULL, or when prices change and no new ratio is told';

CREATE FUNCTION expire_signals(as_of timestamptz DEFAULT now()) RETURNS bigint
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

CREATE FUNCTION ca_execute_signals() RETURNS trigger
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

CREATE TRIGGER trade_actions_signals_insert AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_insert ON trade_actions IS
    'makes the signals executed that new trades name';
CREATE TRIGGER trade_actions_signals_update AFTER UPDATE ON trade_actions
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_update ON trade_actions IS
    'makes the signals executed that changed trades name anew';

CREATE FUNCTION ca_signal_touch(
    signal trading_signals, until timestamptz,
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
               CASE (signal).signal_type WHEN 'long' THEN h.low_price <= (signal).stop_loss
                                         ELSE h.high_price >= (signal).stop_loss END IS TRUE AS stopped,
               CASE (signal).signal_type WHEN 'long' THEN h.high_price >= (signal).target_price
                                         ELSE h.low_price <= (signal).target_price END IS TRUE AS aimed
        FROM price_history AS h
        WHERE h.asset_id = (signal).asset_id
          AND h.timeframe = t.code
          AND h.candle_time >= (signal).created_at
          AND h.candle_time < timeframe_bucket(t.code, ca_signal_touch.until)
          AND CASE (signal).signal_type
                  WHEN 'long' THEN h.low_price <= (signal).stop_loss OR h.high_price >= (signal).target_price
                  ELSE h.high_price >= (signal).stop_loss OR h.low_price <= (signal).target_price
              END
        ORDER BY h.candle_time
        LIMIT 1) AS f
    ORDER BY 3, t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_signal_touch(trading_signals, timestamptz) IS
    'first candle that touches the stop or the target of a signal, of those that start at or after its creation and end by until';

CREATE FUNCTION ca_signal_extent(
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

CREATE FUNCTION signal_outcomes(signal integer DEFAULT NULL, as_of timestamptz DEFAULT now())
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
        LEFT JOIN LATERAL ca_signal_touch(s, u.until) AS f ON true
        CROSS JOIN LATERAL ca_signal_extent(s.asset_id, s.created_at, coalesce(f.closed_at, u.until),
                                            f.code) AS e
        WHERE (signal_outcomes.signal IS NULL OR s.id = signal_outcomes.signal)
          AND s.created_at <= signal_outcomes.as_of
        ORDER BY s.id;
END;
$$;
COMMENT ON FUNCTION signal_outcomes(integer, timestamptz) IS
    'what became of a signal, or of all that were created by as_of: target or stop touched first, open or expired; from candles that start at or after its creation and had closed by as_of and by its expiry; excursions are fractions of the entry price';

-- sql/functions/alerts.sql

-- Alerts: checked against candles and signals that are new, each fires once at the edge.
-- The rules are in docs/rules.md.

CREATE TABLE alert_marks (
    asset_id integer NOT NULL,
    checked_until timestamptz,
    CONSTRAINT alert_marks_pkey PRIMARY KEY (asset_id),
    CONSTRAINT alert_marks_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT alert_marks_checked_until_check CHECK (isfinite(checked_until))
);
SELECT pg_catalog.pg_extension_config_dump('alert_marks', '');
COMMENT ON TABLE alert_marks IS
    'How far the candles of each asset have been checked by check_alerts(), so that a check writes a row an asset and not one an alert';
COMMENT ON COLUMN alert_marks.asset_id IS
    'Asset whose candles are checked';
COMMENT ON COLUMN alert_marks.checked_until IS
    'End of the last candle that was checked; NULL before the first';

COMMENT ON COLUMN signal_alerts.trigger_value IS
    'Value that triggers the alert: a price in USD; a change over 24 hours in percent when condition is percentage_change; for volume_spike a multiple of the mean volume of 20 candles, or with percentage_change how many percent above it; NULL when alert_type needs none';
COMMENT ON COLUMN signal_alerts.last_checked IS
    'When the condition was last found to hold; alert_marks tells how far alerts that wait have been checked';

CREATE FUNCTION ca_alert_kind(alert_type text, condition text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE alert_type
               WHEN 'price_target' THEN condition
               WHEN 'volume_spike' THEN CASE coalesce(condition, 'above')
                                            WHEN 'above' THEN 'volume'
                                            WHEN 'percentage_change' THEN 'volume_percent' END
           END;
COMMENT ON FUNCTION ca_alert_kind(text, text) IS
    'what an alert compares with trigger_value; NULL if nothing';

CREATE INDEX signal_alerts_value_idx
    ON signal_alerts (asset_id, ca_alert_kind(alert_type, condition), trigger_value)
    WHERE is_active AND NOT is_triggered;
COMMENT ON INDEX signal_alerts_value_idx IS
    'alerts still to go off whose value lies between the last close and what a new candle reached';
CREATE INDEX signal_alerts_signal_idx ON signal_alerts (asset_id, created_at)
    WHERE is_active AND NOT is_triggered AND alert_type = 'signal_generated';
COMMENT ON INDEX signal_alerts_signal_idx IS
    'alerts still to go off at a new signal that are older than it';
CREATE INDEX signal_alerts_expires_at_idx ON signal_alerts (expires_at)
    WHERE is_active AND NOT is_triggered;
COMMENT ON INDEX signal_alerts_expires_at_idx IS
    'alerts still to go off that have expired';
CREATE INDEX trading_signals_asset_id_created_at_idx ON trading_signals (asset_id, created_at);
COMMENT ON INDEX trading_signals_asset_id_created_at_idx IS
    'signals of an asset since a moment';

CREATE FUNCTION ca_alert_news(
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
                    THEN (SELECT greatest(min(a.created_at), '4000-01-01 00:00+00 BC') FROM signal_alerts AS a
                          WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                          HAVING count(*) > 0) END AS created
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

CREATE FUNCTION ca_alert_candles(
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

CREATE FUNCTION ca_alert_figures(
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

CREATE FUNCTION ca_alert_hits(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- An alert fires if its value lies in lo..hi: what is true after the candle and was not known
    -- to be true before, which the bound that is left out says.  Of a candle that had begun when
    -- the alert was made only the close counts, which makes the range shorter.
    WITH figure AS MATERIALIZED (
        SELECT f.* FROM ca_alert_figures(ca_alert_hits.assets, ca_alert_hits.as_of) AS f
    ), reach AS MATERIALIZED (
        SELECT f.*, r.kind, r.lo, r.hi, r.left_out, r.close_lo, r.close_hi
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
        SELECT a.id, r.closed_at, to_jsonb(r) - '{kind,lo,hi,left_out,close_lo,close_hi,asset_id}'::text[] AS figures
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
    )
    SELECT DISTINCT ON (h.id) h.id, h.figures
    FROM hit AS h
    ORDER BY h.id, h.closed_at;
END;
COMMENT ON FUNCTION ca_alert_hits(integer[], timestamptz) IS
    'the alerts of these assets that a new candle fires, with the figures of the first that does';

CREATE FUNCTION ca_alert_signals(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
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

CREATE FUNCTION ca_alert_title(symbol text, alert_type text, condition text, figures jsonb) RETURNS text
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

CREATE FUNCTION check_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
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

CREATE FUNCTION expire_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
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

-- sql/functions/model_versions.sql

-- Versions of models: which one is deployed, when it last predicted, and how its error goes on.
-- docs/rules.md has the rules.

CREATE FUNCTION activate_model(model integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    chosen ai_models;
    replaced integer;
BEGIN
    PERFORM ca_check_model(activate_model.model);
    -- all versions, in the order of their ids: whoever comes second waits here
    PERFORM FROM ai_models AS m
    WHERE (m.name, m.model_type) = (SELECT c.name, c.model_type FROM ai_models AS c WHERE c.id = activate_model.model)
    ORDER BY m.id
    FOR NO KEY UPDATE;
    SELECT * INTO chosen FROM ai_models AS m WHERE m.id = activate_model.model;
    IF chosen.status IN ('training', 'error') THEN
        RAISE EXCEPTION 'model is not ready'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('The status of model %s is %s.', chosen.id, chosen.status),
                  HINT = 'Set ai_models.status to inactive when it is fit for use.';
    END IF;
    -- one after the other, as no two may be active even for a moment
    UPDATE ai_models AS m
    SET is_active = false, status = CASE m.status WHEN 'active' THEN 'inactive' ELSE m.status END
    WHERE m.name = chosen.name AND m.model_type = chosen.model_type AND m.is_active AND m.id <> chosen.id
    RETURNING m.id INTO replaced;
    UPDATE ai_models AS m
    SET is_active = true, status = 'active'
    WHERE m.id = chosen.id AND NOT (m.is_active AND m.status = 'active');
    RETURN replaced;
END;
$$;
COMMENT ON FUNCTION activate_model(integer) IS
    'deploys a version in place of the one of the same name and type that is, and returns that one; NULL when there was no other';

-- A row of ai_models must not become a lock that all who predict with it queue for.  So a version
-- that another session is changing is left to that session, and none waits; predictions of one
-- transaction have one time and change the row once.  What was left behind is made good by the
-- next prediction, or by evaluate_models().
CREATE FUNCTION ca_predictions_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    -- who may predict need not be allowed to change models
    IF NOT (has_column_privilege('ai_models', 'last_prediction', 'UPDATE')
            AND has_column_privilege('ai_models', 'last_prediction', 'SELECT')
            AND has_column_privilege('ai_models', 'id', 'SELECT')) THEN
        RETURN NULL;
    END IF;
    WITH newest AS MATERIALIZED (
        SELECT i.ai_models_id AS id, max(i.created_at) AS predicted_at
        FROM inserted AS i
        WHERE isfinite(i.created_at)
        GROUP BY i.ai_models_id
    ), free AS MATERIALIZED (
        SELECT m.id, n.predicted_at
        FROM newest AS n
        JOIN ai_models AS m ON m.id = n.id
        WHERE m.last_prediction IS NULL OR m.last_prediction < n.predicted_at
        ORDER BY m.id
        FOR NO KEY UPDATE OF m SKIP LOCKED
    )
    UPDATE ai_models AS m
    SET last_prediction = greatest(m.last_prediction, f.predicted_at)
    FROM free AS f
    WHERE m.id = f.id;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_predictions_inserted() IS
    'trigger: moves ai_models.last_prediction forward to the newest of the predictions inserted';

CREATE TRIGGER predictions_inserted AFTER INSERT ON predictions
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT
    WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_predictions_inserted();
COMMENT ON TRIGGER predictions_inserted ON predictions IS
    'moves ai_models.last_prediction forward, but not while a dump is restored';

CREATE FUNCTION ca_evaluation_due(model integer, every interval, as_of timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT
                       FROM model_performance AS p
                       WHERE p.model_id = ca_evaluation_due.model
                         AND p.evaluation_date > ca_earlier(ca_evaluation_due.as_of, ca_evaluation_due.every));
END;
COMMENT ON FUNCTION ca_evaluation_due(integer, interval, timestamptz) IS
    'whether a model was not evaluated within the time before a moment';

CREATE FUNCTION evaluate_models(every interval DEFAULT '1 day', as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    candidate integer;
    evaluated bigint := 0;
BEGIN
    PERFORM ca_check_as_of(evaluate_models.as_of);
    PERFORM ca_check_span('every', evaluate_models.every);
    FOR candidate IN
        SELECT m.id
        FROM ai_models AS m
        WHERE ca_evaluation_due(m.id, evaluate_models.every, evaluate_models.as_of)
        ORDER BY m.id
    LOOP
        -- of two sessions the second waits, and finds the model evaluated
        UPDATE ai_models AS m
        SET last_prediction = greatest(
                m.last_prediction,
                (SELECT max(p.created_at)
                 FROM predictions AS p
                 WHERE p.ai_models_id = m.id AND isfinite(p.created_at) AND p.created_at <= evaluate_models.as_of))
        WHERE m.id = candidate;
        IF FOUND AND ca_evaluation_due(candidate, evaluate_models.every, evaluate_models.as_of) THEN
            PERFORM evaluate_model(candidate, until => evaluate_models.as_of);
            IF FOUND THEN
                evaluated := evaluated + 1;
            END IF;
        END IF;
    END LOOP;
    RETURN evaluated;
END;
$$;
COMMENT ON FUNCTION evaluate_models(interval, timestamptz) IS
    'evaluates every model that was not evaluated within the time before as_of, on all its scored predictions with targets before as_of; how many had any';

CREATE VIEW model_performance_history WITH (security_invoker = true) AS
    SELECT p.model_id, m.name, m.version, m.model_type, p.evaluation_metric, p.evaluation_date,
           p.evaluated_predictions_count AS predictions, p.metric_value,
           lag(p.metric_value) OVER before AS previous_value,
           p.metric_value - lag(p.metric_value) OVER before AS change,
           p.metric_value - first_value(p.metric_value) OVER before AS change_since_first
    FROM model_performance AS p
    JOIN ai_models AS m ON m.id = p.model_id
    WINDOW before AS (PARTITION BY p.model_id, p.evaluation_metric ORDER BY p.evaluation_date);
COMMENT ON VIEW model_performance_history IS
    'every evaluation of every model beside the one before it and the first of the same metric';
COMMENT ON COLUMN model_performance_history.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_performance_history.name IS 'name of the model';
COMMENT ON COLUMN model_performance_history.version IS 'version of the model';
COMMENT ON COLUMN model_performance_history.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_performance_history.evaluation_metric IS 'name of the metric';
COMMENT ON COLUMN model_performance_history.evaluation_date IS 'when the evaluation was performed';
COMMENT ON COLUMN model_performance_history.predictions IS 'predictions behind the value';
COMMENT ON COLUMN model_performance_history.metric_value IS 'value of the metric, in its own unit';
COMMENT ON COLUMN model_performance_history.previous_value IS 'value at the evaluation before; NULL at the first';
COMMENT ON COLUMN model_performance_history.change IS 'value less the one before; NULL when either is unknown';
COMMENT ON COLUMN model_performance_history.change_since_first IS 'value less that of the first evaluation; NULL when either is unknown';

CREATE FUNCTION model_drift(
    metric text DEFAULT 'mape', recent interval DEFAULT '7 days', as_of timestamptz DEFAULT now())
    RETURNS TABLE (model_id integer, name text, version text, is_active boolean, deployed_at timestamptz,
                   deployment_predictions bigint, deployment_error double precision,
                   recent_predictions bigint, recent_error double precision, drift double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    recent_since timestamptz;
BEGIN
    PERFORM ca_check_as_of(model_drift.as_of);
    PERFORM ca_check_span('recent', model_drift.recent);
    IF model_drift.metric IS NULL OR model_drift.metric NOT IN ('mape', 'smape', 'mae', 'rmse', 'miss_rate') THEN
        RAISE EXCEPTION 'metric must be an error that drift is known for'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(model_drift.metric, 'NULL')),
                  HINT = 'Metrics are mape, smape, mae, rmse and miss_rate.';
    END IF;
    recent_since := ca_earlier(model_drift.as_of, model_drift.recent);

    RETURN QUERY
        WITH scored AS MATERIALIZED (
            SELECT p.ai_models_id AS id, p.actual_price, p.predicted_price, p.is_accurate, t.target
            FROM predictions AS p
            CROSS JOIN LATERAL (
                SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
            WHERE p.is_realized AND p.actual_price IS NOT NULL AND t.target < model_drift.as_of AND isfinite(t.target)
        ), deployment AS (
            SELECT s.id, min(s.target) AS since, ca_earlier(min(s.target), - model_drift.recent) AS until
            FROM scored AS s
            GROUP BY s.id
        ), measured AS (
            SELECT s.id, w.is_recent,
                   CASE model_drift.metric WHEN 'miss_rate' THEN count(s.is_accurate)
                                           ELSE count(s.predicted_price) END AS predictions,
                   CASE model_drift.metric
                       WHEN 'mape' THEN mape(s.actual_price, s.predicted_price)
                       WHEN 'smape' THEN smape(s.actual_price, s.predicted_price)
                       WHEN 'mae' THEN mae(s.actual_price, s.predicted_price)
                       WHEN 'rmse' THEN rmse(s.actual_price, s.predicted_price)
                       ELSE 1 - avg(s.is_accurate::integer)::double precision END AS error
            FROM scored AS s
            JOIN deployment AS d ON d.id = s.id
            CROSS JOIN LATERAL (VALUES (false, s.target < d.until),
                                       (true, s.target >= recent_since)) AS w (is_recent, counts)
            WHERE w.counts
            GROUP BY s.id, w.is_recent
        )
        SELECT m.id, m.name::text, m.version::text, m.is_active, d.since,
               coalesce(f.predictions, 0), f.error, coalesce(r.predictions, 0), r.error,
               -- what overlaps cannot be compared
               CASE WHEN d.until <= recent_since THEN r.error / nullif(f.error, 0) - 1 END
        FROM ai_models AS m
        LEFT JOIN deployment AS d ON d.id = m.id
        LEFT JOIN measured AS f ON f.id = m.id AND NOT f.is_recent
        LEFT JOIN measured AS r ON r.id = m.id AND r.is_recent
        ORDER BY m.id;
END;
$$;
COMMENT ON FUNCTION model_drift(text, interval, timestamptz) IS
    'error of every model over its latest predictions against that over its first: 0.25 is a quarter worse; NULL when either is unknown or they overlap';

-- sql/functions/background_tasks.sql

-- Background tasks: claimed by one worker, in legal states, with their times. docs/rules.md has the rules.

CREATE INDEX background_tasks_pending_idx ON background_tasks (created_at, id) WHERE status = 'pending';
COMMENT ON INDEX background_tasks_pending_idx IS
    'the tasks that wait, oldest first';
CREATE INDEX background_tasks_running_idx ON background_tasks (started_at) WHERE status = 'running';
COMMENT ON INDEX background_tasks_running_idx IS
    'the tasks that run, oldest first';
CREATE INDEX background_tasks_ended_idx ON background_tasks (completed_at) WHERE status IN ('completed', 'failed');
COMMENT ON INDEX background_tasks_ended_idx IS
    'the tasks that ended lately';

CREATE FUNCTION ca_task_moves() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('pending', 'running'), ('running', 'completed'), ('running', 'failed'),
                                        ('failed', 'pending')) THEN
        RAISE EXCEPTION 'a task cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Task %s is %s.', OLD.id, OLD.status),
                  HINT = 'The way is pending, running, completed or failed; a failed task may be pending again.';
    END IF;
    CASE NEW.status
        WHEN 'pending' THEN
            NEW.started_at := NULL;
            NEW.completed_at := NULL;
            NEW.execution_time_seconds := NULL;
        WHEN 'running' THEN
            IF NEW.started_at IS NOT DISTINCT FROM OLD.started_at THEN
                NEW.started_at := now();
            END IF;
            NEW.completed_at := NULL;
            NEW.execution_time_seconds := NULL;
        ELSE
            IF NEW.completed_at IS NOT DISTINCT FROM OLD.completed_at THEN
                NEW.completed_at := now();
            END IF;
            IF NEW.completed_at < NEW.started_at THEN
                RAISE EXCEPTION 'a task cannot end before it started'
                    USING ERRCODE = 'check_violation',
                          DETAIL = format('Task %s started at %s and would end at %s.',
                                          NEW.id, NEW.started_at, NEW.completed_at),
                          HINT = 'Leave the end out for now().';
            END IF;
            NEW.execution_time_seconds := CASE WHEN isfinite(NEW.completed_at) AND isfinite(NEW.started_at)
                                               THEN extract(epoch FROM NEW.completed_at - NEW.started_at) END;
    END CASE;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_task_moves() IS
    'trigger: refuses a change of status that is not legal, and writes the times of one that is';

CREATE TRIGGER background_tasks_moves BEFORE UPDATE ON background_tasks
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ca_task_moves();
COMMENT ON TRIGGER background_tasks_moves ON background_tasks IS
    'keeps to the legal states, and writes started_at, completed_at and execution_time_seconds';

CREATE FUNCTION claim_task(task_types text[] DEFAULT NULL, as_of timestamptz DEFAULT now()) RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    claimed background_tasks;
BEGIN
    PERFORM ca_check_as_of(claim_task.as_of);
    -- what another worker is claiming is left to it
    UPDATE background_tasks AS t
    SET status = 'running', started_at = claim_task.as_of
    WHERE t.id = (
        SELECT w.id
        FROM background_tasks AS w
        WHERE w.status = 'pending'
          AND w.created_at <= claim_task.as_of
          AND (claim_task.task_types IS NULL OR w.task_type = ANY (claim_task.task_types))
        ORDER BY w.created_at, w.id
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING t.* INTO claimed;
    RETURN claimed;
END;
$$;
COMMENT ON FUNCTION claim_task(text[], timestamptz) IS
    'claims the oldest pending task, of given types, for the caller alone; NULL when there is none';

CREATE FUNCTION ca_refuse_task(task integer, expected text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    found_status text := (SELECT t.status FROM background_tasks AS t WHERE t.id = ca_refuse_task.task);
BEGIN
    IF found_status IS NULL THEN
        RAISE EXCEPTION 'unknown task'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in background_tasks with id %s.', coalesce(task::text, 'NULL')),
                  HINT = 'claim_task() returns the task to work on.';
    END IF;
    RAISE EXCEPTION 'task is not %', expected
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = format('Task %s is %s.', task, found_status),
              HINT = 'Another session may have changed it since.';
END;
$$;
COMMENT ON FUNCTION ca_refuse_task(integer, text) IS
    'the error of a task that is NULL, unknown or not in the expected state';

CREATE FUNCTION finish_task(task integer, result jsonb DEFAULT NULL, as_of timestamptz DEFAULT now())
    RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    finished background_tasks;
BEGIN
    PERFORM ca_check_as_of(finish_task.as_of);
    UPDATE background_tasks AS t
    SET status = 'completed', completed_at = finish_task.as_of, result_data = finish_task.result, error_message = NULL
    WHERE t.id = finish_task.task AND t.status = 'running'
    RETURNING t.* INTO finished;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(finish_task.task, 'running');
    END IF;
    RETURN finished;
END;
$$;
COMMENT ON FUNCTION finish_task(integer, jsonb, timestamptz) IS
    'completes a running task with its result';

CREATE FUNCTION fail_task(task integer, error_message text, as_of timestamptz DEFAULT now())
    RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    failed background_tasks;
BEGIN
    PERFORM ca_check_as_of(fail_task.as_of);
    UPDATE background_tasks AS t
    SET status = 'failed', completed_at = fail_task.as_of, error_message = fail_task.error_message
    WHERE t.id = fail_task.task AND t.status = 'running'
    RETURNING t.* INTO failed;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(fail_task.task, 'running');
    END IF;
    RETURN failed;
END;
$$;
COMMENT ON FUNCTION fail_task(integer, text, timestamptz) IS
    'ends a running task that failed, or whose worker is lost, with the reason';

CREATE FUNCTION retry_task(task integer) RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    retried background_tasks;
BEGIN
    UPDATE background_tasks AS t
    SET status = 'pending'
    WHERE t.id = retry_task.task AND t.status = 'failed'
    RETURNING t.* INTO retried;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(retry_task.task, 'failed');
    END IF;
    RETURN retried;
END;
$$;
COMMENT ON FUNCTION retry_task(integer) IS
    'makes a failed task pending again, in its old place; the reason stays until it ends the next time';

-- sql/functions/roll_up_logs.sql

-- API logs and user activities rolled up into analytics_data by hour, day, week and month in UTC, and
-- API logs pruned. docs/rules.md has the rules.

-- btree: pruning goes from the oldest on, and leaves space that new rows fill, so that in a while a
-- range of blocks would hold rows of any age
CREATE INDEX external_api_logs_created_at_idx ON external_api_logs (created_at);
COMMENT ON INDEX external_api_logs_created_at_idx IS
    'the calls of a period, and the oldest';

-- brin: an audit trail only grows, in the order of time, and is read a period at a time
CREATE INDEX user_activities_created_at_idx ON user_activities USING brin (created_at)
    WITH (pages_per_range = 32, autosummarize = on);
COMMENT ON INDEX user_activities_created_at_idx IS
    'the activities of a period';

-- What is rolled up names its source and the start of its period in dimensions, as there is no
-- other column; two hashes of 64 bits stand for all of them, which may be too long for an index.
CREATE UNIQUE INDEX analytics_data_rolled_up_key ON analytics_data (
        aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
        jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
    WHERE dimensions ? 'rolled_up_from';
COMMENT ON INDEX analytics_data_rolled_up_key IS
    'one value a metric, period and breakdown of what is rolled up; serves the periods of a metric';

CREATE FUNCTION ca_aggregation_levels() RETURNS TABLE (aggregation_level text, timeframe text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
BEGIN ATOMIC
    VALUES ('hourly', '1h'), ('daily', '1d'), ('weekly', '1w'), ('monthly', '1M');
END;
COMMENT ON FUNCTION ca_aggregation_levels() IS
    'the levels of analytics_data and the timeframes whose boundaries they have';

CREATE FUNCTION ca_period(source text, period_start timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('rolled_up_from', source,
                              'period_start', to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
COMMENT ON FUNCTION ca_period(text, timestamptz) IS
    'dimensions of what is rolled up for a period, whatever the session''s time zone; a breakdown adds to them';

CREATE FUNCTION ca_api_call_failed(http_method text, response_status integer, error_message text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN error_message IS NOT NULL OR coalesce(response_status >= 400, http_method IS NOT NULL);
COMMENT ON FUNCTION ca_api_call_failed(text, integer, text) IS
    'whether an API call failed: it has an error, a status of 400 or more, or no response, which a stream need not have';

CREATE FUNCTION ca_api_log_metrics(timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (period_start timestamptz, breakdown jsonb, metric text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT g.period_start, jsonb_strip_nulls(jsonb_build_object('provider', g.api_provider, 'endpoint', g.endpoint)),
           m.metric, m.value
    FROM (
        SELECT l.period_start, l.api_provider, l.endpoint, count(*) AS requests,
               count(*) FILTER (WHERE l.failed) AS errors,
               percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY l.milliseconds) AS milliseconds
        FROM (
            SELECT timeframe_bucket(ca_api_log_metrics.timeframe, x.created_at) AS period_start,
                   x.api_provider, x.endpoint, x.response_time_ms::double precision AS milliseconds,
                   ca_api_call_failed(x.http_method, x.response_status, x.error_message) AS failed
            FROM external_api_logs AS x
            WHERE x.created_at >= ca_api_log_metrics.since AND x.created_at < ca_api_log_metrics.until
              AND isfinite(x.created_at)) AS l
        GROUP BY GROUPING SETS ((l.period_start, l.api_provider, l.endpoint), (l.period_start, l.api_provider),
                                (l.period_start))) AS g
    CROSS JOIN LATERAL (VALUES
        ('requests', g.requests::numeric), ('errors', g.errors), ('error_rate', g.errors::numeric / g.requests),
        ('response_time_p50_ms', g.milliseconds[1]::numeric),
        ('response_time_p95_ms', g.milliseconds[2]::numeric)) AS m (metric, value)
    WHERE m.value IS NOT NULL;
END;
COMMENT ON FUNCTION ca_api_log_metrics(text, timestamptz, timestamptz) IS
    'metrics of the API calls in [since, until) by period: of each endpoint, of each provider and of all; what is unknown is left out';

CREATE FUNCTION ca_activity_metrics(timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (period_start timestamptz, breakdown jsonb, metric text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT g.period_start, jsonb_strip_nulls(jsonb_build_object('activity_type', g.activity_type)), m.metric, m.value
    FROM (
        SELECT l.period_start, l.activity_type, count(*) AS activities, count(DISTINCT l.user_id) AS users,
               count(DISTINCT l.session_id) AS sessions
        FROM (
            SELECT timeframe_bucket(ca_activity_metrics.timeframe, x.created_at) AS period_start,
                   x.activity_type, x.user_id, x.session_id
            FROM user_activities AS x
            WHERE x.created_at >= ca_activity_metrics.since AND x.created_at < ca_activity_metrics.until
              AND isfinite(x.created_at)) AS l
        GROUP BY GROUPING SETS ((l.period_start, l.activity_type), (l.period_start))) AS g
    CROSS JOIN LATERAL (VALUES
        ('activities', g.activities::numeric), ('active_users', g.users), ('active_sessions', g.sessions)) AS m (metric, value);
END;
COMMENT ON FUNCTION ca_activity_metrics(text, timestamptz, timestamptz) IS
    'metrics of the user activities in [since, until) by period: of each type and of all';

CREATE FUNCTION ca_lock_roll_up(source text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT pg_advisory_xact_lock(hashtextextended('cryptoanalytics roll-up ' || ca_lock_roll_up.source, 0));
END;
COMMENT ON FUNCTION ca_lock_roll_up(text) IS
    'locks rolling up and pruning a table to the end of the transaction';

CREATE FUNCTION ca_roll_up(source text, category text, aggregation_level text, since timestamptz, as_of timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    timeframe CONSTANT text := (SELECT l.timeframe FROM ca_aggregation_levels() AS l
                                WHERE l.aggregation_level = ca_roll_up.aggregation_level);
    first timestamptz := since;
    stop timestamptz;
    pruned timestamptz[];
    written bigint;
BEGIN
    IF timeframe IS NULL THEN
        RAISE EXCEPTION 'aggregation_level must be hourly, daily, weekly or monthly'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(aggregation_level, 'NULL')),
                  HINT = 'Periods are those of UTC; weeks start on Monday.';
    END IF;
    PERFORM ca_check_as_of(as_of);
    PERFORM ca_check_range(since, as_of);
    -- what the one before has written is seen from here on
    PERFORM ca_lock_roll_up(source);
    IF first IS NULL THEN
        -- the last period once more, for rows that were not committed yet
        SELECT (a.dimensions ->> 'period_start')::timestamptz INTO first
        FROM analytics_data AS a
        WHERE a.aggregation_level = ca_roll_up.aggregation_level
          AND a.metric_name IN ('requests', 'activities')
          AND a.dimensions ? 'rolled_up_from'
          AND a.dimensions ->> 'rolled_up_from' = source
        ORDER BY a.dimensions ->> 'period_start' DESC
        LIMIT 1;
    END IF;
    first := coalesce(CASE WHEN isfinite(first) THEN timeframe_bucket(timeframe, first) END, '-infinity');
    stop := timeframe_bucket(timeframe, as_of);
    -- what has been pruned from cannot be counted again
    pruned := ARRAY(SELECT (a.dimensions ->> 'period_start')::timestamptz
                    FROM analytics_data AS a
                    WHERE a.aggregation_level = ca_roll_up.aggregation_level
                      AND a.metric_name = 'pruned_requests'
                      AND a.dimensions ? 'rolled_up_from'
                      AND a.dimensions ->> 'rolled_up_from' = source);

    INSERT INTO analytics_data AS a (category, metric_name, metric_value, dimensions, aggregation_level)
    SELECT ca_roll_up.category, m.metric, m.value, ca_period(source, m.period_start) || m.breakdown,
           ca_roll_up.aggregation_level
    FROM (SELECT * FROM ca_api_log_metrics(timeframe, first, stop) AS l WHERE source = 'external_api_logs'
          UNION ALL
          SELECT * FROM ca_activity_metrics(timeframe, first, stop) AS l WHERE source = 'user_activities') AS m
    WHERE m.period_start <> ALL (pruned)
    ON CONFLICT (aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
                 jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
        WHERE dimensions ? 'rolled_up_from'
    DO UPDATE SET metric_value = excluded.metric_value
    WHERE a.metric_value <> excluded.metric_value;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_roll_up(text, text, text, timestamptz, timestamptz) IS
    'writes the metrics of a table''s ended periods into analytics_data and returns how many are new or changed';

CREATE FUNCTION roll_up_api_logs(aggregation_level text, since timestamptz DEFAULT NULL,
                                 as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN ca_roll_up('external_api_logs', 'api_usage', aggregation_level, since, as_of);
COMMENT ON FUNCTION roll_up_api_logs(text, timestamptz, timestamptz) IS
    'requests, errors, error_rate and p50 and p95 of the response time for every period that had ended, from that of since or else from the last one rolled up; how many values are new or changed';

CREATE FUNCTION roll_up_activities(aggregation_level text, since timestamptz DEFAULT NULL,
                                   as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN ca_roll_up('user_activities', 'user_behavior', aggregation_level, since, as_of);
COMMENT ON FUNCTION roll_up_activities(text, timestamptz, timestamptz) IS
    'activities, active_users and active_sessions for every period that had ended, from that of since or else from the last one rolled up; how many values are new or changed';

-- sql/functions/prune_api_logs.sql

-- Deleting API logs that have been rolled up. docs/rules.md has the rules.

CREATE FUNCTION ca_period_total(aggregation_level text, metric text, period_start timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.metric_value
    FROM analytics_data AS a
    WHERE a.aggregation_level = ca_period_total.aggregation_level
      AND a.metric_name = ca_period_total.metric
      AND a.dimensions ? 'rolled_up_from'
      AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
      AND a.dimensions ->> 'period_start' = ca_period('external_api_logs', ca_period_total.period_start) ->> 'period_start'
      AND a.dimensions = ca_period('external_api_logs', ca_period_total.period_start);
END;
COMMENT ON FUNCTION ca_period_total(text, text, timestamptz) IS
    'metric of all API calls of a period, not of one breakdown; NULL when it is not rolled up';

CREATE FUNCTION ca_api_requests(since timestamptz, until timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT sum(a.metric_value)
    FROM analytics_data AS a
    WHERE a.aggregation_level = 'hourly'
      AND a.metric_name = 'requests'
      AND a.dimensions ? 'rolled_up_from'
      AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
      AND a.dimensions ->> 'period_start' >= ca_period('external_api_logs', ca_api_requests.since) ->> 'period_start'
      AND a.dimensions ->> 'period_start' < ca_period('external_api_logs', ca_api_requests.until) ->> 'period_start'
      AND NOT a.dimensions ? 'provider';
END;
COMMENT ON FUNCTION ca_api_requests(timestamptz, timestamptz) IS
    'API calls in [since, until) as the hours rolled up have them; NULL when there is none';

CREATE FUNCTION ca_prune_hours(since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    -- one snapshot for all: a call that is logged meanwhile is neither counted nor deleted
    WITH hour AS MATERIALIZED (
        SELECT timeframe_bucket('1h', l.created_at) AS hour_start, count(*) AS calls
        FROM external_api_logs AS l
        WHERE l.created_at >= ca_prune_hours.since AND l.created_at < ca_prune_hours.until
        GROUP BY timeframe_bucket('1h', l.created_at)
    ), period AS MATERIALIZED (
        SELECT DISTINCT v.aggregation_level, timeframe_bucket(v.timeframe, h.hour_start) AS period_start,
               timeframe_end(v.timeframe, h.hour_start) AS period_end
        FROM hour AS h
        CROSS JOIN ca_aggregation_levels() AS v
    ), settled AS MATERIALIZED (
        SELECT p.*
        FROM period AS p
        CROSS JOIN LATERAL (
            SELECT ca_period_total(p.aggregation_level, 'requests', p.period_start) AS requests,
                   ca_period_total(p.aggregation_level, 'pruned_requests', p.period_start) IS NOT NULL AS pruned) AS t
        WHERE CASE WHEN p.aggregation_level = 'hourly' THEN NOT t.pruned
                   ELSE t.pruned OR t.requests = ca_api_requests(p.period_start, p.period_end) END
    ), ready AS MATERIALIZED (
        SELECT h.hour_start
        FROM hour AS h
        WHERE h.calls = ca_period_total('hourly', 'requests', h.hour_start)
          AND 4 = (SELECT count(*) FROM settled AS s WHERE h.hour_start >= s.period_start AND h.hour_start < s.period_end)
    ), gone AS (
        DELETE FROM external_api_logs AS l
        WHERE l.created_at >= ca_prune_hours.since AND l.created_at < ca_prune_hours.until
          AND timeframe_bucket('1h', l.created_at) IN (SELECT r.hour_start FROM ready AS r)
        RETURNING timeframe_bucket('1h', l.created_at) AS hour_start
    ), noted AS (
        INSERT INTO analytics_data AS a (category, metric_name, metric_value, dimensions, aggregation_level)
        SELECT 'api_usage', 'pruned_requests', sum(g.calls), ca_period('external_api_logs', s.period_start), s.aggregation_level
        FROM (SELECT x.hour_start, count(*) AS calls FROM gone AS x GROUP BY x.hour_start) AS g
        JOIN settled AS s ON g.hour_start >= s.period_start AND g.hour_start < s.period_end
        GROUP BY s.aggregation_level, s.period_start
        ON CONFLICT (aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
                     jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
            WHERE dimensions ? 'rolled_up_from'
        DO UPDATE SET metric_value = a.metric_value + excluded.metric_value
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION ca_prune_hours(timestamptz, timestamptz) IS
    'deletes the API logs of the hours in [since, until) that are rolled up at every level, and notes how many';

CREATE FUNCTION prune_api_logs(older_than timestamptz, batch_size integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    cut timestamptz;
    first timestamptz;
    stop timestamptz;
    pruned bigint := 0;
BEGIN
    IF older_than IS NULL OR NOT isfinite(older_than) THEN
        RAISE EXCEPTION 'older_than must be a finite time'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(older_than::text, 'NULL')),
                  HINT = 'To keep 90 days: now() - interval ''90 days''.';
    END IF;
    PERFORM ca_check_batch_size(batch_size);
    PERFORM ca_lock_roll_up('external_api_logs');
    cut := timeframe_bucket('1h', older_than);
    -- the first of all days belong to a month that begins before time does
    SELECT timeframe_bucket('1h', min(l.created_at)) INTO first
    FROM external_api_logs AS l
    WHERE l.created_at > '4000-01-01 00:00+00 BC';
    -- hours that cannot be pruned do not stand in the way of later ones
    WHILE pruned = 0 AND first < cut LOOP
        SELECT timeframe_end('1h', l.created_at) INTO stop
        FROM external_api_logs AS l
        WHERE l.created_at >= first AND l.created_at < cut
        ORDER BY l.created_at
        OFFSET batch_size - 1 LIMIT 1;
        stop := coalesce(stop, cut);
        pruned := ca_prune_hours(first, stop);
        first := stop;
    END LOOP;
    RETURN pruned;
END;
$$;
COMMENT ON FUNCTION prune_api_logs(timestamptz, integer) IS
    'deletes API logs of whole hours before a time, the oldest first, as many hours as hold batch_size rows, and only those rolled up by hour, day, week and month; how many rows, 0 when there is nothing left to prune';

-- sql/functions/system_health.sql

-- The state of the system, computed from facts. docs/rules.md has the formula of the score.

CREATE FUNCTION ca_candle_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT a.symbol, t.code, t.place, c.candle_time,
               extract(epoch FROM ca_candle_health.as_of - timeframe_end(t.code, c.candle_time)) AS age,
               timeframe_count(t.code, timeframe_end(t.code, c.candle_time),
                               timeframe_bucket(t.code, ca_candle_health.as_of)) AS missing
        FROM assets AS a
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            -- the last that had closed by then
            SELECT p.candle_time
            FROM price_data AS p
            WHERE p.asset_id = a.id
              AND p.timeframe = t.code
              AND p.candle_time < timeframe_bucket(t.code, ca_candle_health.as_of)
            ORDER BY p.candle_time DESC
            LIMIT 1) AS c
        WHERE a.is_active AND a.is_supported
    ), summary AS (
        SELECT s.code, s.place, count(*) AS series, count(*) FILTER (WHERE s.missing <= 1) AS fresh,
               min(s.age) AS newest, max(s.age) AS oldest
        FROM series AS s
        GROUP BY s.code, s.place
    ), stale AS (
        SELECT s.*
        FROM series AS s
        WHERE s.missing > 1
        ORDER BY s.missing DESC, s.symbol, s.place
        LIMIT 20
    )
    SELECT jsonb_build_object(
               'series', (SELECT count(*) FROM series),
               'fresh', (SELECT count(*) FROM series AS s WHERE s.missing <= 1),
               'by_timeframe', (SELECT jsonb_object_agg(m.code, jsonb_build_object(
                                           'series', m.series, 'fresh', m.fresh,
                                           'newest_age_seconds', m.newest, 'oldest_age_seconds', m.oldest))
                                FROM summary AS m),
               'stalest', (SELECT jsonb_agg(jsonb_build_object('symbol', l.symbol, 'timeframe', l.code,
                                                               'age_seconds', l.age, 'missing_candles', l.missing)
                                            ORDER BY l.missing DESC, l.symbol, l.place)
                           FROM stale AS l));
END;
COMMENT ON FUNCTION ca_candle_health(timestamptz) IS
    'age of the newest closed candle of the series in price_data: by timeframe, and the 20 that lag most';

CREATE FUNCTION ca_task_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'pending', p.tasks, 'oldest_pending_seconds', extract(epoch FROM ca_task_health.as_of - p.since),
               'running', r.tasks, 'oldest_running_seconds', extract(epoch FROM ca_task_health.as_of - r.since),
               'completed_last_day', e.completed, 'failed_last_day', e.failed, 'mean_seconds_last_day', e.seconds)
    FROM (SELECT count(*) AS tasks, min(t.created_at) FILTER (WHERE isfinite(t.created_at)) AS since
          FROM background_tasks AS t
          WHERE t.status = 'pending' AND t.created_at <= ca_task_health.as_of) AS p
    CROSS JOIN (SELECT count(*) AS tasks, min(t.started_at) FILTER (WHERE isfinite(t.started_at)) AS since
                FROM background_tasks AS t
                WHERE t.status = 'running') AS r
    CROSS JOIN (SELECT count(*) FILTER (WHERE t.status = 'completed') AS completed,
                       count(*) FILTER (WHERE t.status = 'failed') AS failed,
                       round(avg(t.execution_time_seconds), 3) AS seconds
                FROM background_tasks AS t
                WHERE t.status IN ('completed', 'failed')
                  AND t.completed_at > ca_earlier(ca_task_health.as_of, '1 day')
                  AND t.completed_at <= ca_task_health.as_of) AS e;
END;
COMMENT ON FUNCTION ca_task_health(timestamptz) IS
    'tasks that wait and run, and those that ended within a day';

CREATE FUNCTION ca_api_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- one row a provider and one, without a name, of all
    WITH calls AS MATERIALIZED (
        SELECT l.api_provider, count(*) AS requests,
               count(*) FILTER (WHERE ca_api_call_failed(l.http_method, l.response_status, l.error_message)) AS errors,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY l.response_time_ms::double precision) AS p95
        FROM external_api_logs AS l
        WHERE l.created_at > ca_earlier(ca_api_health.as_of, '1 hour') AND l.created_at <= ca_api_health.as_of
        GROUP BY GROUPING SETS ((l.api_provider), ())
    )
    SELECT jsonb_build_object(
               'requests_last_hour', c.requests, 'errors_last_hour', c.errors,
               'error_rate', round(c.errors::numeric / nullif(c.requests, 0), 6), 'response_time_p95_ms', c.p95,
               'providers', (SELECT jsonb_object_agg(p.api_provider, jsonb_build_object(
                                        'requests', p.requests, 'errors', p.errors,
                                        'error_rate', round(p.errors::numeric / p.requests, 6),
                                        'response_time_p95_ms', p.p95))
                             FROM calls AS p
                             WHERE p.api_provider IS NOT NULL))
    FROM calls AS c
    WHERE c.api_provider IS NULL;
END;
COMMENT ON FUNCTION ca_api_health(timestamptz) IS
    'API calls of the hour before a moment, their errors and p95 of the response time, of all and by provider';

CREATE FUNCTION ca_model_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'active_models', (SELECT count(*) FROM ai_models AS m WHERE m.is_active),
               'predictions_overdue', o.predictions,
               'oldest_overdue_seconds', extract(epoch FROM ca_model_health.as_of - o.since),
               'scored_last_day', s.predictions)
    FROM (SELECT count(*) AS predictions,
                 min(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon)) AS since
          FROM predictions AS p
          WHERE NOT p.is_realized
            AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) > '-infinity'
            AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon)
                <= ca_earlier(ca_model_health.as_of, '1 hour')) AS o
    CROSS JOIN (SELECT coalesce(sum(e.predictions), 0) AS predictions
                FROM ai_models AS m
                -- from the index by model
                CROSS JOIN LATERAL (
                    SELECT count(*) AS predictions
                    FROM predictions AS p
                    WHERE p.ai_models_id = m.id
                      AND p.evaluated_at > ca_earlier(ca_model_health.as_of, '1 day')
                      AND p.evaluated_at <= ca_model_health.as_of
                      AND p.is_realized) AS e) AS s;
END;
COMMENT ON FUNCTION ca_model_health(timestamptz) IS
    'active models, predictions due for more than an hour and not scored, and those scored within a day';

CREATE FUNCTION ca_database_health() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH member AS MATERIALIZED (
        SELECT c.relname, pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS index_bytes,
               pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead
        FROM pg_extension AS e
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                               AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
        JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'r'
        WHERE e.extname = 'cryptoanalytics'
    )
    SELECT jsonb_build_object(
               'database_bytes', pg_database_size(current_database()),
               'connections', (SELECT count(*) FROM pg_stat_activity AS a WHERE a.datname = current_database()),
               'live_rows', sum(m.live), 'dead_rows', sum(m.dead),
               'table_bytes', sum(m.bytes), 'index_bytes', sum(m.index_bytes),
               'tables', jsonb_object_agg(m.relname, jsonb_build_object('bytes', m.bytes, 'index_bytes', m.index_bytes,
                                                                        'live_rows', m.live, 'dead_rows', m.dead)))
    FROM member AS m;
END;
COMMENT ON FUNCTION ca_database_health() IS
    'sizes of the extension''s tables and indexes, and live and dead rows as the statistics have them';

CREATE FUNCTION ca_error_log(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_build_object('source', e.source, 'id', e.id, 'time', e.failed_at, 'name', e.name, 'message', e.message)
                     ORDER BY e.failed_at DESC, e.source, e.id DESC)
    FROM (
        (SELECT 'background_tasks' AS source, t.id::bigint AS id, t.completed_at AS failed_at, t.task_name::text AS name,
                t.error_message AS message
         FROM background_tasks AS t
         WHERE t.status = 'failed'
           AND t.completed_at > ca_earlier(ca_error_log.as_of, '1 day') AND t.completed_at <= ca_error_log.as_of
         ORDER BY t.completed_at DESC, t.id DESC
         LIMIT 10)
        UNION ALL
        (SELECT 'external_api_logs', l.id, l.created_at, l.api_provider || ' ' || l.endpoint, l.error_message
         FROM external_api_logs AS l
         WHERE ca_api_call_failed(l.http_method, l.response_status, l.error_message)
           AND l.created_at > ca_earlier(ca_error_log.as_of, '1 hour') AND l.created_at <= ca_error_log.as_of
         ORDER BY l.created_at DESC, l.id DESC
         LIMIT 10)) AS e;
END;
COMMENT ON FUNCTION ca_error_log(timestamptz) IS
    'the last ten tasks that failed within a day, and the last ten API calls that failed within an hour';

CREATE FUNCTION ca_health_weights() RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '{"candles": 3, "predictions": 2, "tasks": 2, "api": 2, "rows": 1}'::jsonb;
COMMENT ON FUNCTION ca_health_weights() IS
    'weight of each part of the health score';

CREATE FUNCTION ca_health_score(parts jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(100 * sum(w.value::numeric * (ca_health_score.parts ->> w.key)::numeric) / sum(w.value::numeric), 2)
    FROM jsonb_each_text(ca_health_weights()) AS w
    WHERE ca_health_score.parts ->> w.key IS NOT NULL;
END;
COMMENT ON FUNCTION ca_health_score(jsonb) IS
    'weighted mean of the parts that are known, each from 0 to 1, times 100; NULL when none is known';

CREATE FUNCTION record_system_health(as_of timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    candles jsonb;
    tasks jsonb;
    api jsonb;
    models jsonb;
    database jsonb;
    parts jsonb;
    recorded integer;
BEGIN
    PERFORM ca_check_as_of(as_of);
    candles := ca_candle_health(as_of);
    tasks := ca_task_health(as_of);
    api := ca_api_health(as_of);
    models := ca_model_health(as_of);
    database := ca_database_health();
    -- a share of nothing is NULL: not known
    SELECT jsonb_object_agg(p.part, round(p.good / nullif(p.good + p.bad, 0), 6)) INTO parts
    FROM (VALUES
        ('candles', (candles ->> 'fresh')::numeric, (candles ->> 'series')::numeric - (candles ->> 'fresh')::numeric),
        ('predictions', (models ->> 'scored_last_day')::numeric, (models ->> 'predictions_overdue')::numeric),
        ('tasks', (tasks ->> 'completed_last_day')::numeric, (tasks ->> 'failed_last_day')::numeric),
        ('api', (api ->> 'requests_last_hour')::numeric - (api ->> 'errors_last_hour')::numeric, (api ->> 'errors_last_hour')::numeric),
        ('rows', (database ->> 'live_rows')::numeric, (database ->> 'dead_rows')::numeric)) AS p (part, good, bad);

    INSERT INTO system_health (check_time, api_status, database_status, ml_models_status, data_pipeline_status,
                               overall_health_score, performance_metrics, error_logs)
    VALUES (as_of, api, database, models, jsonb_build_object('candles', candles, 'tasks', tasks),
            ca_health_score(parts), jsonb_build_object('score_parts', parts, 'score_weights', ca_health_weights()),
            ca_error_log(as_of))
    RETURNING id INTO recorded;
    RETURN recorded;
END;
$$;
COMMENT ON FUNCTION record_system_health(timestamptz) IS
    'writes a row of system_health from facts, the ages and rates up to as_of, and returns its id';

-- sql/functions/assets.sql

-- Assets: the market figures that newest closed candles give, and who looked at them.

CREATE FUNCTION ca_newest_candles(asset integer, timeframe text, as_of timestamptz)
    RETURNS TABLE (asset_id integer, code text, place bigint, candle_time timestamptz, closed_at timestamptz,
                   close_price numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id, t.code, t.place, n.candle_time, timeframe_end(t.code, n.candle_time), n.close_price, n.market_cap
    FROM assets AS a
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.close_price, h.market_cap
        FROM price_history AS h
        WHERE h.asset_id = a.id
          AND h.timeframe = t.code
          AND h.candle_time < timeframe_bucket(t.code, ca_newest_candles.as_of)
        ORDER BY h.candle_time DESC
        LIMIT 1) AS n
    WHERE (ca_newest_candles.asset IS NULL OR a.id = ca_newest_candles.asset)
      AND (ca_newest_candles.timeframe IS NULL OR t.code = ca_newest_candles.timeframe);
END;
COMMENT ON FUNCTION ca_newest_candles(integer, text, timestamptz) IS
    'each series with its last candle that had closed at a moment, of one asset or all, of one timeframe or all';

-- What refresh_assets() remembers is in the row of background_tasks that tells of its last run:
--   until            the candles that had closed by then were looked at,
--   id, archive_id   and those up to these ids, whatever their time;
--   next_id, ...     what takes their place once all transactions below next_xid are over, for
--                    one of them may have candles with smaller ids that it has yet to commit.
-- Ids of price_data count up, and those of candles inserted into the archive down.
CREATE INDEX background_tasks_refresh_assets_idx ON background_tasks (id) WHERE task_name = 'refresh_assets';
COMMENT ON INDEX background_tasks_refresh_assets_idx IS
    'the last run of refresh_assets()';

CREATE FUNCTION ca_refresh_marks(marks jsonb, as_of timestamptz, id bigint, archive_id bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'until', least(ca_refresh_marks.as_of, now()),
               'id', CASE WHEN n.alone THEN ca_refresh_marks.id WHEN n.over THEN m.next_id ELSE m.id END,
               'archive_id', CASE WHEN n.alone THEN ca_refresh_marks.archive_id
                                  WHEN n.over THEN m.next_archive_id ELSE m.archive_id END,
               'next_id', ca_refresh_marks.id, 'next_archive_id', ca_refresh_marks.archive_id, 'next_xid', n.xid)
    FROM jsonb_to_record(coalesce(ca_refresh_marks.marks, '{}'))
        AS m (id bigint, archive_id bigint, next_id bigint, next_archive_id bigint, next_xid numeric)
    CROSS JOIN LATERAL (
        SELECT pg_snapshot_xmax(s)::text::numeric AS xid,
               NOT EXISTS (SELECT FROM pg_snapshot_xip(s)) AS alone,
               -- transactions of the server that a dump came from are over too
               m.next_xid <= pg_snapshot_xmin(s)::text::numeric OR m.next_xid > pg_snapshot_xmax(s)::text::numeric AS over
        FROM pg_current_snapshot() AS s) AS n;
END;
COMMENT ON FUNCTION ca_refresh_marks(jsonb, timestamptz, bigint, bigint) IS
    'how far refresh_assets() will have looked when a run is done that begins now; the ids were given out before';

CREATE FUNCTION ca_asset_figures(until timestamptz, id bigint, archive_id bigint, as_of timestamptz)
    RETURNS TABLE (asset_id integer, price numeric, market_cap numeric, change_24h numeric, change_7d numeric,
                   change_30d numeric, high numeric, high_at timestamptz, low numeric, low_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT n.* FROM ca_newest_candles(NULL, NULL, ca_asset_figures.as_of) AS n
    ), newest AS (
        -- of candles that closed at the same time the shortest
        SELECT DISTINCT ON (s.asset_id) s.asset_id, s.closed_at, s.close_price, s.market_cap
        FROM series AS s
        ORDER BY s.asset_id, s.closed_at DESC, s.place
    ), earlier AS (
        SELECT DISTINCT ON (s.asset_id, p.period) s.asset_id, p.period, c.close_price
        FROM series AS s
        CROSS JOIN (VALUES (interval '24 hours'), ('168 hours'), ('720 hours')) AS p (period)
        CROSS JOIN LATERAL (
            SELECT h.close_price, timeframe_end(s.code, h.candle_time) AS closed_at
            FROM price_history AS h
            WHERE h.asset_id = s.asset_id
              AND h.timeframe = s.code
              AND h.candle_time >= timeframe_bucket(s.code, ca_asset_figures.as_of - 2 * p.period)
              AND h.candle_time < timeframe_bucket(s.code, ca_asset_figures.as_of - p.period)
            ORDER BY h.candle_time DESC
            LIMIT 1) AS c
        ORDER BY s.asset_id, p.period, c.closed_at DESC, s.place
    ), changes AS (
        -- what a column of numeric(10,4) cannot hold is not told
        SELECT n.asset_id,
               min(c.change) FILTER (WHERE e.period = interval '24 hours') AS change_24h,
               min(c.change) FILTER (WHERE e.period = interval '168 hours') AS change_7d,
               min(c.change) FILTER (WHERE e.period = interval '720 hours') AS change_30d
        FROM newest AS n
        JOIN earlier AS e ON e.asset_id = n.asset_id AND n.closed_at > ca_asset_figures.as_of - e.period
        CROSS JOIN LATERAL (
            SELECT round(100 * (n.close_price - e.close_price) / nullif(abs(e.close_price), 0), 4) AS change) AS c
        WHERE abs(c.change) < 1000000
        GROUP BY n.asset_id
    ), late AS (
        SELECT n.asset_id, n.timeframe, min(n.candle_time) AS since
        FROM (SELECT p.asset_id, p.timeframe, p.candle_time FROM price_data AS p WHERE p.id > ca_asset_figures.id
              UNION ALL
              SELECT a.asset_id, a.timeframe, a.candle_time FROM price_data_archive AS a WHERE a.id > ca_asset_figures.id
              UNION ALL
              SELECT a.asset_id, a.timeframe, a.candle_time FROM price_data_archive AS a
              WHERE a.id < ca_asset_figures.archive_id) AS n
        GROUP BY n.asset_id, n.timeframe
    ), unseen AS MATERIALIZED (
        -- an hour again, for candles that were corrected soon after they closed
        SELECT s.asset_id, s.code, s.place, s.closed_at AS until,
               CASE WHEN a.ath IS NULL OR a.atl IS NULL OR ca_asset_figures.until IS NULL THEN '-infinity'
                    ELSE least(l.since, timeframe_bucket(s.code, ca_asset_figures.until - interval '1 hour'))
               END AS since
        FROM series AS s
        JOIN assets AS a ON a.id = s.asset_id
        LEFT JOIN late AS l ON l.asset_id = s.asset_id AND l.timeframe = s.code
    ), highs AS (
        SELECT DISTINCT ON (u.asset_id) u.asset_id, x.price, x.candle_time
        FROM unseen AS u
        CROSS JOIN LATERAL (
            SELECT h.high_price AS price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = u.asset_id AND h.timeframe = u.code
              AND h.candle_time >= u.since AND h.candle_time < u.until
            ORDER BY h.high_price DESC, h.candle_time
            LIMIT 1) AS x
        ORDER BY u.asset_id, x.price DESC, u.place, x.candle_time
    ), lows AS (
        SELECT DISTINCT ON (u.asset_id) u.asset_id, x.price, x.candle_time
        FROM unseen AS u
        CROSS JOIN LATERAL (
            SELECT h.low_price AS price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = u.asset_id AND h.timeframe = u.code
              AND h.candle_time >= u.since AND h.candle_time < u.until
            ORDER BY h.low_price, h.candle_time
            LIMIT 1) AS x
        ORDER BY u.asset_id, x.price, u.place, x.candle_time
    )
    SELECT n.asset_id, n.close_price, n.market_cap, c.change_24h, c.change_7d, c.change_30d,
           h.price, h.candle_time, l.price, l.candle_time
    FROM newest AS n
    LEFT JOIN changes AS c ON c.asset_id = n.asset_id
    LEFT JOIN highs AS h ON h.asset_id = n.asset_id
    LEFT JOIN lows AS l ON l.asset_id = n.asset_id;
END;
COMMENT ON FUNCTION ca_asset_figures(timestamptz, bigint, bigint, timestamptz) IS
    'what candles that had closed at as_of tell of each asset: close and market capitalization of the newest; changes in percent, NULL unless one close is of the period before as_of and another of the period before that; the highest and the lowest price and the start of the shortest candle that has it, of several the first, among candles not yet looked at: closed after until, or with ids beyond id, in the archive below archive_id; among all if until is NULL, or where ath or atl is';

CREATE FUNCTION ca_volume_24h(asset integer, as_of timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.volume
    FROM (
        -- the order lets the search end with the first timeframe that has them all
        SELECT o.*
        FROM unnest('{1h,30m,15m,5m,3m,1m,2h,4h,6h,8h,12h,1d}'::text[],
                    '{24,48,96,288,480,1440,12,6,4,3,2,1}'::integer[])
            WITH ORDINALITY AS o (code, candles, place)
        ORDER BY o.place) AS f
    CROSS JOIN LATERAL (
        SELECT count(h.volume) AS known, sum(h.volume) AS volume
        FROM price_history AS h
        WHERE h.asset_id = ca_volume_24h.asset
          AND h.timeframe = f.code
          AND h.candle_time >= timeframe_bucket(f.code, ca_volume_24h.as_of) - interval '24 hours'
          AND h.candle_time < timeframe_bucket(f.code, ca_volume_24h.as_of)) AS v
    WHERE v.known = f.candles
      AND v.volume < 1e28
    ORDER BY f.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_volume_24h(integer, timestamptz) IS
    'volume of the 24 hours up to the last end of a candle, of the first of 1h 30m 15m 5m 3m 1m 2h 4h 6h 8h 12h 1d whose candles are all there with their volume; NULL if none is';

CREATE FUNCTION refresh_assets(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    -- new ids are few, which the planner does not know, and look-ups are short
    SET enable_seqscan = off
    SET jit = off
AS $$
DECLARE
    run record;
    seen record;
    marks jsonb;
    last_id bigint;
    last_archive_id bigint;
    began CONSTANT timestamptz := clock_timestamp();
    refreshed bigint;
BEGIN
    PERFORM ca_check_as_of(refresh_assets.as_of);
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'refresh_assets must run in a READ COMMITTED transaction'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s: it does not see candles committed since it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
    -- whoever comes second reads what is committed after the first, and never puts older prices back
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoanalytics refresh_assets', 0));
    SELECT t.id, t.result_data -> 'marks' AS marks INTO run
    FROM background_tasks AS t
    WHERE t.task_name = 'refresh_assets'
    ORDER BY t.id DESC
    LIMIT 1;
    SELECT m.until, coalesce(m.id, CASE WHEN m.until IS NOT NULL THEN -9223372036854775808 END) AS id,
           coalesce(m.archive_id, CASE WHEN m.until IS NOT NULL THEN 9223372036854775807 END) AS archive_id
    INTO seen
    FROM jsonb_to_record(coalesce(run.marks, '{}')) AS m (until timestamptz, id bigint, archive_id bigint);
    last_id := coalesce(pg_sequence_last_value('price_data_id_seq'), 0);
    last_archive_id := coalesce(pg_sequence_last_value('price_data_archive_id_seq'), 0);
    marks := ca_refresh_marks(run.marks, refresh_assets.as_of, last_id, last_archive_id);

    WITH figures AS MATERIALIZED (
        SELECT g.*, ca_volume_24h(g.asset_id, refresh_assets.as_of) AS volume
        FROM ca_asset_figures(seen.until, seen.id, seen.archive_id, refresh_assets.as_of) AS g
    ), changed AS MATERIALIZED (
        SELECT a.id, n.*
        FROM figures AS f
        JOIN assets AS a ON a.id = f.asset_id
        CROSS JOIN LATERAL (
            SELECT f.price,
                   coalesce(f.market_cap,
                            CASE WHEN f.price * a.circulating_supply BETWEEN 0 AND 1e28 - 1
                                 THEN round(f.price * a.circulating_supply, 2) END,
                            a.market_cap) AS market_cap,
                   coalesce(f.volume, a.total_volume) AS volume,
                   f.change_24h, f.change_7d, f.change_30d,
                   CASE WHEN f.high <= a.ath THEN a.ath ELSE coalesce(f.high, a.ath) END AS ath,
                   CASE WHEN f.high <= a.ath THEN a.ath_date ELSE coalesce(f.high_at, a.ath_date) END AS ath_date,
                   CASE WHEN f.low >= a.atl THEN a.atl ELSE coalesce(f.low, a.atl) END AS atl,
                   CASE WHEN f.low >= a.atl THEN a.atl_date ELSE coalesce(f.low_at, a.atl_date) END AS atl_date) AS n
        WHERE (a.current_price, a.market_cap, a.total_volume, a.price_change_percentage_24h,
               a.price_change_percentage_7d, a.price_change_percentage_30d, a.ath, a.ath_date, a.atl, a.atl_date)
              IS DISTINCT FROM
              (n.price, n.market_cap, n.volume, n.change_24h, n.change_7d, n.change_30d,
               n.ath, n.ath_date, n.atl, n.atl_date)
        ORDER BY a.id
        FOR NO KEY UPDATE OF a
    )
    UPDATE assets AS a
    SET current_price = c.price,
        market_cap = c.market_cap,
        total_volume = c.volume,
        price_change_percentage_24h = c.change_24h,
        price_change_percentage_7d = c.change_7d,
        price_change_percentage_30d = c.change_30d,
        ath = c.ath,
        ath_date = c.ath_date,
        atl = c.atl,
        atl_date = c.atl_date
    FROM changed AS c
    WHERE a.id = c.id;
    GET DIAGNOSTICS refreshed = ROW_COUNT;

    UPDATE background_tasks AS t
    SET status = 'completed', result_data = jsonb_build_object('assets', refreshed, 'marks', marks),
        started_at = began, completed_at = clock_timestamp(),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - began)
    WHERE t.id = run.id;
    IF NOT FOUND THEN
        INSERT INTO background_tasks (task_name, task_type, status, result_data, started_at, completed_at,
                                      execution_time_seconds)
        VALUES ('refresh_assets', 'data_sync', 'completed', jsonb_build_object('assets', refreshed, 'marks', marks),
                began, clock_timestamp(), extract(epoch FROM clock_timestamp() - began));
    END IF;
    RETURN refreshed;
END;
$$;
COMMENT ON FUNCTION refresh_assets(timestamptz) IS
    'brings price, market capitalization, 24 h volume, changes and all-time extremes of all assets up to date from candles that had closed at a moment, and returns how many changed; an asset without candles is left alone; the last run is a row of background_tasks, which remembers how far ath and atl have looked';

CREATE FUNCTION record_asset_access(asset integer, timeframe text DEFAULT NULL, moment timestamptz DEFAULT now())
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    was assets;
    uses numeric;
    accesses integer;
BEGIN
    IF record_asset_access.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(record_asset_access.timeframe);
    END IF;
    IF record_asset_access.moment IS NULL OR NOT isfinite(record_asset_access.moment) THEN
        RAISE EXCEPTION 'moment must be known and finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(record_asset_access.moment::text, 'NULL')),
                  HINT = 'Leave it out for an access now.';
    END IF;
    -- whoever comes second waits here and then adds to what the first has counted
    SELECT * INTO was FROM assets AS a WHERE a.id = record_asset_access.asset FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ca_check_asset(record_asset_access.asset);
    END IF;
    IF record_asset_access.timeframe IS NOT NULL THEN
        IF jsonb_typeof(was.timeframe_usage) <> 'object'
           OR jsonb_typeof(was.timeframe_usage -> record_asset_access.timeframe) <> 'number' THEN
            RAISE EXCEPTION 'timeframe_usage does not hold counts'
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      DETAIL = format('That of asset %s is %s.', was.id, left(was.timeframe_usage::text, 100)),
                      HINT = 'It is a JSON object of timeframe codes and numbers, or NULL.';
        END IF;
        uses := coalesce((was.timeframe_usage ->> record_asset_access.timeframe)::numeric, 0) + 1;
    END IF;
    UPDATE assets AS a
    SET access_count = least(a.access_count, 2147483646) + 1,
        last_accessed_at = greatest(a.last_accessed_at, record_asset_access.moment),
        timeframe_usage = CASE WHEN uses IS NULL THEN a.timeframe_usage
                               ELSE coalesce(a.timeframe_usage, '{}')
                                    || jsonb_build_object(record_asset_access.timeframe, uses) END
    WHERE a.id = was.id
    RETURNING a.access_count INTO accesses;
    RETURN accesses;
END;
$$;
COMMENT ON FUNCTION record_asset_access(integer, text, timestamptz) IS
    'counts an access to an asset, and to a timeframe of it, and returns how many there have been; access_count stops at 2147483647';

-- sql/functions/series_reports.sql

-- What can be told of a series of candles: its quality, and levels that its prices turned at.

CREATE FUNCTION ca_series_outliers(asset integer, timeframe text, since timestamptz, until timestamptz,
                                   OUT judged bigint, OUT outliers bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a change over a gap, or from 0, tells nothing; what is one row is computed once
    WITH change AS (
        SELECT (c.close_price - c.before) / nullif(abs(c.before), 0)::double precision AS value
        FROM (SELECT h.close_price, h.candle_time,
                     lag(h.close_price) OVER w AS before,
                     lag(h.candle_time) OVER w AS time_before
              FROM price_history AS h
              WHERE h.asset_id = ca_series_outliers.asset
                AND h.timeframe = ca_series_outliers.timeframe
                AND h.candle_time >= ca_series_outliers.since
                AND h.candle_time < ca_series_outliers.until
              WINDOW w AS (ORDER BY h.candle_time)) AS c
        WHERE timeframe_end(ca_series_outliers.timeframe, c.time_before) = c.candle_time
          AND c.before <> 0
    ), centre AS MATERIALIZED (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY c.value) AS median FROM change AS c
    ), distance AS (
        SELECT abs(c.value - m.median) AS value FROM change AS c CROSS JOIN centre AS m
    ), spread AS MATERIALIZED (
        SELECT coalesce(nullif(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY d.value), 0),
                        1.253314 * avg(d.value)) AS sigma
        FROM distance AS d
    )
    SELECT count(*), count(*) FILTER (WHERE d.value > 10 * s.sigma)
    FROM distance AS d
    CROSS JOIN spread AS s;
END;
COMMENT ON FUNCTION ca_series_outliers(integer, text, timestamptz, timestamptz) IS
    'of the candles in [since, until) whose predecessor is stored, how many there are, and how many closes changed by more than ten deviations from the median change';

CREATE FUNCTION series_quality(
    asset integer DEFAULT NULL, timeframe text DEFAULT NULL, since timestamptz DEFAULT NULL,
    as_of timestamptz DEFAULT now())
    RETURNS TABLE (asset_id integer, series_timeframe text, first_candle timestamptz, last_candle timestamptz,
                   candles bigint, missing bigint, missing_share numeric, zero_volumes bigint,
                   zero_volume_share numeric, unknown_volumes bigint, stale_by interval, late bigint,
                   outliers bigint, outlier_share numeric, score numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_as_of(series_quality.as_of);
    IF series_quality.asset IS NOT NULL THEN
        PERFORM ca_check_asset(series_quality.asset);
    END IF;
    IF series_quality.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(series_quality.timeframe);
    END IF;
    IF series_quality.since = 'infinity' THEN
        RAISE EXCEPTION 'since must not be infinity'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'No candle starts then.',
                  HINT = 'Leave it out to begin with the first candle.';
    END IF;

    RETURN QUERY
        WITH facts AS (
            SELECT n.asset_id, n.code, n.place, c.*, n.candle_time AS newest, n.closed_at, o.judged, o.outliers,
                   timeframe_count(n.code, n.closed_at, timeframe_bucket(n.code, series_quality.as_of)) AS late,
                   greatest(0, timeframe_count(
                       n.code,
                       coalesce(CASE WHEN isfinite(series_quality.since) THEN
                                    least(timeframe_end(n.code, series_quality.since - interval '1 microsecond'), n.closed_at)
                                END,
                                c.first),
                       n.closed_at)) AS expected
            FROM ca_newest_candles(series_quality.asset, series_quality.timeframe, series_quality.as_of) AS n
            CROSS JOIN LATERAL (
                SELECT min(h.candle_time) AS first, max(h.candle_time) AS last, count(*) AS candles,
                       count(h.volume) AS known, count(*) FILTER (WHERE h.volume = 0) AS zeros
                FROM price_history AS h
                WHERE h.asset_id = n.asset_id
                  AND h.timeframe = n.code
                  AND h.candle_time >= coalesce(series_quality.since, '-infinity')
                  AND h.candle_time < n.closed_at) AS c
            CROSS JOIN LATERAL ca_series_outliers(n.asset_id, n.code, coalesce(series_quality.since, '-infinity'),
                                                  n.closed_at) AS o
        ), shares AS (
            SELECT f.*, f.expected - f.candles AS missing,
                   (f.expected - f.candles)::numeric / nullif(f.expected, 0) AS missing_share,
                   f.zeros::numeric / nullif(f.known, 0) AS zero_share,
                   f.outliers::numeric / nullif(f.judged, 0) AS outlier_share
            FROM facts AS f
        )
        SELECT s.asset_id, s.code, s.first, s.last, s.candles, s.missing, round(s.missing_share, 6),
               s.zeros, round(s.zero_share, 6), s.candles - s.known,
               series_quality.as_of - s.closed_at, s.late, s.outliers, round(s.outlier_share, 6),
               (SELECT round(100 * sum(p.weight * p.part) / sum(p.weight) FILTER (WHERE p.part IS NOT NULL), 1)
                FROM (VALUES (40, 1 - s.missing_share),
                             (30, greatest(0, 1 - s.late / 24.0)),
                             (15, 1 - s.zero_share),
                             (15, greatest(0, 1 - 20 * s.outlier_share))) AS p (weight, part))
        FROM shares AS s
        ORDER BY s.asset_id, s.place;
END;
$$;
COMMENT ON FUNCTION series_quality(integer, text, timestamptz, timestamptz) IS
    'quality of each series of stored candles that start from since on and had closed at a moment: candles missing, of zero and of unknown volume, how stale, outliers, and a score from 0 to 100';

CREATE FUNCTION ca_check_levels(bars integer, wing integer, tolerance_percent numeric) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF bars IS NULL OR bars NOT BETWEEN 3 AND 100000 THEN
        RAISE EXCEPTION 'bars must be between 3 and 100000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(bars::text, 'NULL')),
                  HINT = 'It is the number of newest closed candles to look at.';
    END IF;
    IF wing IS NULL OR wing NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'wing must be between 1 and 1000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(wing::text, 'NULL')),
                  HINT = 'A turning point is the highest or lowest of so many candles on each side of it.';
    END IF;
    IF tolerance_percent IS NULL OR NOT tolerance_percent BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION 'tolerance_percent must be between 0 and 100'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(tolerance_percent::text, 'NULL')),
                  HINT = 'Turning points that are closer than this make one level.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_levels(integer, integer, numeric) IS
    'checks the arguments of support_resistance';

CREATE FUNCTION support_resistance(
    asset integer, timeframe text, bars integer DEFAULT 200, wing integer DEFAULT 2,
    tolerance_percent numeric DEFAULT 0.5, as_of timestamptz DEFAULT now())
    RETURNS TABLE (kind text, level numeric, strength numeric, touches bigint, first_touch timestamptz,
                   last_touch timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_series(support_resistance.asset, support_resistance.timeframe, NULL, NULL);
    PERFORM ca_check_levels(support_resistance.bars, support_resistance.wing, support_resistance.tolerance_percent);
    PERFORM ca_check_as_of(support_resistance.as_of);

    RETURN QUERY
        WITH recent AS MATERIALIZED (
            SELECT h.candle_time, h.high_price, h.low_price, h.close_price
            FROM price_history AS h
            WHERE h.asset_id = support_resistance.asset
              AND h.timeframe = support_resistance.timeframe
              AND h.candle_time < timeframe_bucket(support_resistance.timeframe, support_resistance.as_of)
            ORDER BY h.candle_time DESC
            LIMIT support_resistance.bars
        ), bar AS (
            -- of equal neighbours the first turns
            SELECT r.candle_time, row_number() OVER s AS n, count(*) OVER () AS bars,
                   r.high_price, max(r.high_price) OVER before AS high_before, max(r.high_price) OVER after AS high_after,
                   r.low_price, min(r.low_price) OVER before AS low_before, min(r.low_price) OVER after AS low_after
            FROM recent AS r
            WINDOW s AS (ORDER BY r.candle_time),
                   before AS (s ROWS BETWEEN support_resistance.wing PRECEDING AND 1 PRECEDING),
                   after AS (s ROWS BETWEEN 1 FOLLOWING AND support_resistance.wing FOLLOWING)
        ), turn AS (
            SELECT b.n, b.candle_time, x.price
            FROM bar AS b
            CROSS JOIN LATERAL (VALUES
                (b.high_price, b.high_price > b.high_before AND b.high_price >= b.high_after),
                (b.low_price, b.low_price < b.low_before AND b.low_price <= b.low_after)) AS x (price, turns)
            WHERE x.turns AND b.n > support_resistance.wing AND b.n <= b.bars - support_resistance.wing
        ), parted AS (
            SELECT t.*, (t.price - lag(t.price) OVER p
                         > abs(lag(t.price) OVER p) * support_resistance.tolerance_percent / 100)::integer AS parts
            FROM turn AS t
            WINDOW p AS (ORDER BY t.price, t.n)
        ), grouped AS (
            SELECT p.*, sum(p.parts) OVER (ORDER BY p.price, p.n) AS place
            FROM parted AS p
        ), last AS MATERIALIZED (
            SELECT r.close_price FROM recent AS r ORDER BY r.candle_time DESC LIMIT 1
        ), levels AS (
            SELECT round(avg(g.price), 8) AS level, round(100 * sum(g.n) / sum(sum(g.n)) OVER (), 2) AS strength,
                   count(*) AS touches, min(g.candle_time) AS first_touch, max(g.candle_time) AS last_touch
            FROM grouped AS g
            GROUP BY coalesce(g.place, 0)
        )
        SELECT CASE WHEN l.level <= c.close_price THEN 'support' ELSE 'resistance' END,
               l.level, l.strength, l.touches, l.first_touch, l.last_touch
        FROM levels AS l
        CROSS JOIN last AS c
        ORDER BY l.strength DESC, l.level;
END;
$$;
COMMENT ON FUNCTION support_resistance(integer, text, integer, integer, numeric, timestamptz) IS
    'levels at which prices turned within the newest stored candles that had closed at a moment, strongest first; support at or below the last close, resistance above; strength is the share of the turning points, newer ones counting more, in percent';

-- sql/functions/maintenance.sql

-- Maintenance: what maintain() does, step by step.
--
-- Each step runs in transactions of its own and has a row in background_tasks, written before it
-- begins.  That row is its lock too: a step that a living session is at is left to that session.

CREATE INDEX background_tasks_maintenance_idx ON background_tasks (task_name, status, id)
    WHERE task_name LIKE 'maintain %';
COMMENT ON INDEX background_tasks_maintenance_idx IS
    'the runs of a step of maintain() by how they ended, the last one included';

CREATE FUNCTION rollup_timeframes() RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rollup_timeframes';
COMMENT ON FUNCTION rollup_timeframes() IS
    'timeframes that maintain() rolls candles up to, by the setting cryptoanalytics.rollup, finest first';

CREATE FUNCTION ca_keep_sessions() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_sessions';
COMMENT ON FUNCTION ca_keep_sessions() IS
    'the setting cryptoanalytics.keep_sessions; NULL when for ever';

CREATE FUNCTION ca_keep_api_logs() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_api_logs';
COMMENT ON FUNCTION ca_keep_api_logs() IS
    'the setting cryptoanalytics.keep_api_logs; NULL when for ever';

-- ---- the list of steps ----

CREATE FUNCTION maintenance_steps()
    RETURNS TABLE (place bigint, step text, task_type text, every text, timeframe text,
                   assets text, batch bigint, statement text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
    SELECT row_number() OVER (ORDER BY s.place, t.place), concat_ws(' ', s.step, t.code), s.task_type,
           s.every, t.code, s.assets, s.batch::bigint, s.statement
    FROM (VALUES
        -- $1 is as_of, $2 an asset, $3 a timeframe
        (1, 'roll_up', 'data_sync', NULL, true, NULL, NULL,
         'SELECT ca_roll_up_candles($3, $1)'),
        -- candles that came late
        (2, 'roll_up_again', 'data_sync', '1d', true, NULL, NULL,
         'SELECT rollup_candles($3, since => timeframe_bucket($3, $1 - interval ''2 days''),
                                until => timeframe_bucket($3, $1 - interval ''1 hour''))'),
        (3, 'update_technical_indicators', 'data_sync', NULL, false,
         'SELECT DISTINCT d.asset FROM ca_indicators_due() AS d ORDER BY d.asset', NULL,
         'SELECT ca_update_due_indicators($2)'),
        (4, 'refresh_assets', 'data_sync', NULL, false, NULL, NULL,
         'SELECT refresh_assets($1)'),
        (5, 'score_predictions', 'model_training', NULL, false, NULL, NULL,
         'SELECT score_predictions($1)'),
        (6, 'evaluate_models', 'model_training', NULL, false, NULL, NULL,
         'SELECT evaluate_models(as_of => $1)'),
        (7, 'expire_signals', 'cleanup', NULL, false, NULL, NULL,
         'SELECT expire_signals($1)'),
        (8, 'expire_recommendations', 'cleanup', NULL, false, NULL, NULL,
         'SELECT expire_recommendations($1)'),
        (9, 'check_alerts', 'data_sync', NULL, false, NULL, NULL,
         'SELECT check_alerts($1)'),
        (10, 'expire_alerts', 'cleanup', NULL, false, NULL, NULL,
         'SELECT expire_alerts($1)'),
        (11, 'roll_up_api_logs', 'data_sync', '1h', false, NULL, NULL,
         'SELECT sum(roll_up_api_logs(l, as_of => $1))::bigint
          FROM unnest(ARRAY[''hourly'', ''daily'', ''weekly'', ''monthly'']) AS l'),
        (12, 'roll_up_activities', 'data_sync', '1h', false, NULL, NULL,
         'SELECT sum(roll_up_activities(l, as_of => $1))::bigint
          FROM unnest(ARRAY[''hourly'', ''daily'', ''weekly'', ''monthly'']) AS l'),
        (13, 'record_system_health', 'data_sync', '5m', false, NULL, NULL,
         'SELECT count(*) FROM record_system_health($1)'),
        (14, 'archive', 'cleanup', '1d', false,
         'SELECT DISTINCT d.asset FROM ca_archive_due($1) AS d ORDER BY d.asset', 10000,
         'SELECT ca_archive_asset($2, $1)'),
        (15, 'purge_sessions', 'cleanup', '1d', false, NULL, NULL,
         'SELECT p.deleted + p.stripped
          FROM ca_keep_sessions() AS k CROSS JOIN LATERAL purge_sessions($1 - k, moment => $1) AS p
          WHERE k IS NOT NULL'),
        (16, 'prune_api_logs', 'cleanup', '1d', false, NULL, 1,
         'SELECT prune_api_logs($1 - k, 10000) FROM ca_keep_api_logs() AS k WHERE k IS NOT NULL'),
        (17, 'prune_maintenance', 'cleanup', '1d', false, NULL, NULL,
         'SELECT ca_prune_maintenance($1)'))
        AS s (place, step, task_type, every, rolls_up, assets, batch, statement)
    LEFT JOIN unnest(rollup_timeframes()) WITH ORDINALITY AS t (code, place) ON s.rolls_up
    WHERE t.code IS NOT NULL OR NOT s.rolls_up;
END;
COMMENT ON FUNCTION maintenance_steps() IS
    'what maintain() does, in order: each time, or once a period of the timeframe "every"; for all at once, or for each asset that the query "assets" finds; a statement with a batch is repeated until it did less';

-- ---- rolling up ----

CREATE FUNCTION ca_rollup_assets(timeframe text, assets integer[], since timestamptz, until timestamptz)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_assets';
COMMENT ON FUNCTION ca_rollup_assets(text, integer[], timestamptz, timestamptz) IS
    'rolls the series of several assets up in one pass, closed candles only; the caller holds the lock of what is written';

-- A candle is due once the feed of its asset has reached its end, or an hour after that.
-- LATERAL and LIMIT look the newest candles up by their key; a scan would read them all.
CREATE FUNCTION ca_roll_up_due(timeframe text, as_of timestamptz)
    RETURNS TABLE (asset integer, since timestamptz, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, stored.ends, due.ends
    FROM assets AS a
    CROSS JOIN LATERAL (
        SELECT max(timeframe_end(t.code, p.candle_time)) AS ends
        FROM timeframes() AS t (code)
        CROSS JOIN LATERAL (
            SELECT p.candle_time
            FROM price_data AS p
            WHERE p.asset_id = a.id AND p.timeframe = t.code
            ORDER BY p.candle_time DESC
            LIMIT 1) AS p
        WHERE timeframe_divides(t.code, ca_roll_up_due.timeframe)) AS feed
    CROSS JOIN LATERAL (
        SELECT timeframe_bucket(
                   ca_roll_up_due.timeframe,
                   least(ca_roll_up_due.as_of,
                         greatest(feed.ends, ca_roll_up_due.as_of - interval '1 hour'))) AS ends) AS due
    CROSS JOIN LATERAL (
        SELECT timeframe_end(ca_roll_up_due.timeframe, coalesce(
            (SELECT p.candle_time FROM price_data AS p
             WHERE p.asset_id = a.id AND p.timeframe = ca_roll_up_due.timeframe
             ORDER BY p.candle_time DESC LIMIT 1),
            greatest(
                (SELECT p.candle_time FROM price_data_archive AS p
                 WHERE p.asset_id = a.id AND p.timeframe = ca_roll_up_due.timeframe
                 ORDER BY p.candle_time DESC LIMIT 1),
                (SELECT g.last_time FROM price_data_segments AS g
                 WHERE g.asset_id = a.id AND g.timeframe = ca_roll_up_due.timeframe
                 ORDER BY g.first_time DESC LIMIT 1)))) AS ends) AS stored
    WHERE feed.ends IS NOT NULL
      AND CASE
              WHEN stored.ends IS NOT NULL THEN stored.ends < least(due.ends, feed.ends)
              ELSE EXISTS (
                  SELECT
                  FROM timeframes() AS t (code)
                  JOIN price_data AS p ON p.asset_id = a.id AND p.timeframe = t.code AND p.candle_time < due.ends
                  WHERE timeframe_divides(t.code, ca_roll_up_due.timeframe))
          END;
END;
COMMENT ON FUNCTION ca_roll_up_due(text, timestamptz) IS
    'assets with candles of a timeframe to be rolled up, from the last one stored, or all when since is NULL, to the last that is complete';

CREATE FUNCTION ca_roll_up_candles(timeframe text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    part record;
    written bigint := 0;
BEGIN
    -- the lock stops other writers, so it is taken only when there is something to do
    PERFORM FROM ca_roll_up_due(ca_roll_up_candles.timeframe, ca_roll_up_candles.as_of);
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    PERFORM ca_lock_series(ca_roll_up_candles.timeframe, NULL);
    FOR part IN
        SELECT array_agg(d.asset ORDER BY d.asset) AS assets, d.since, d.until
        FROM ca_roll_up_due(ca_roll_up_candles.timeframe, ca_roll_up_candles.as_of) AS d
        GROUP BY d.since, d.until
        ORDER BY d.since NULLS FIRST, d.until
    LOOP
        written := written + ca_rollup_assets(ca_roll_up_candles.timeframe, part.assets, part.since, part.until);
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_roll_up_candles(text, timestamptz) IS
    'step of maintain(): rolls all assets up to a timeframe, from the last candle stored of each, and returns how many candles were written';

-- ---- indicators ----

CREATE FUNCTION ca_indicators_due(asset integer DEFAULT NULL)
    RETURNS TABLE (asset integer, timeframe text, spec jsonb, convention text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, t.code, s.spec, s.convention
    FROM assets AS a
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT p.candle_time
        FROM price_data AS p
        WHERE p.asset_id = a.id AND p.timeframe = t.code AND p.candle_time < timeframe_bucket(t.code, now())
        ORDER BY p.candle_time DESC
        LIMIT 1) AS newest
    LEFT JOIN LATERAL (
        SELECT s.candle_time, s.spec, s.convention
        FROM technical_indicator_states AS s
        WHERE s.asset_id = a.id AND s.timeframe = t.code
        ORDER BY s.candle_time DESC
        LIMIT 1) AS s ON true
    WHERE (ca_indicators_due.asset IS NULL OR a.id = ca_indicators_due.asset)
      AND (s.candle_time IS NULL OR s.candle_time < newest.candle_time
           OR EXISTS (SELECT FROM technical_indicator_notes AS n
                      WHERE n.asset_id = a.id AND n.timeframe = t.code))
    ORDER BY a.id, t.place;
END;
COMMENT ON FUNCTION ca_indicators_due(integer) IS
    'series with candles newer than their indicators, or changed since, and the spec that they have; NULL for the usual one';

CREATE FUNCTION ca_update_due_indicators(asset integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    due record;
    written bigint := 0;
BEGIN
    FOR due IN SELECT d.* FROM ca_indicators_due(ca_update_due_indicators.asset) AS d LOOP
        IF due.spec IS NULL THEN
            written := written + update_technical_indicators(due.asset, due.timeframe);
        ELSE
            written := written + update_technical_indicators(due.asset, due.timeframe, due.spec, due.convention);
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_update_due_indicators(integer) IS
    'step of maintain(): updates the indicators of one asset, each series with the spec that it has, and returns how many candles changed';

-- ---- archiving and pruning ----

CREATE FUNCTION ca_archive_due(as_of timestamptz, asset integer DEFAULT NULL)
    RETURNS TABLE (asset integer, timeframe text, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, t.code, c.cutoff
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT ca_archive_cutoff(t.code, (ca_archive_due.as_of AT TIME ZONE 'UTC' - retention_period(t.code))
                                         AT TIME ZONE 'UTC') AS cutoff) AS c
    JOIN assets AS a ON ca_archive_due.asset IS NULL OR a.id = ca_archive_due.asset
    WHERE EXISTS (
        SELECT
        FROM price_data AS d
        WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff)
    ORDER BY t.place, a.id;
END;
COMMENT ON FUNCTION ca_archive_due(timestamptz, integer) IS
    'series with candles to be archived by the setting cryptoanalytics.retention, and before when';

CREATE FUNCTION ca_archive_asset(asset integer, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    batch_size CONSTANT integer := 10000;
    due record;
    part bigint;
    moved bigint := 0;
BEGIN
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

CREATE FUNCTION ca_prune_maintenance(as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    pruned bigint;
BEGIN
    DELETE FROM background_tasks AS t
    WHERE t.task_name LIKE 'maintain %'
      AND (t.status = 'completed' AND t.completed_at < as_of - interval '7 days'
           OR t.status = 'failed' AND t.completed_at < as_of - interval '90 days');
    GET DIAGNOSTICS pruned = ROW_COUNT;
    RETURN pruned;
END;
$$;
COMMENT ON FUNCTION ca_prune_maintenance(timestamptz) IS
    'step of maintain(): deletes its own rows of background_tasks, completed ones after 7 days, failed ones after 90, and returns how many';

-- sql/functions/maintain.sql

-- maintain(): runs the steps of maintenance_steps() that are due.

CREATE FUNCTION ca_check_maintenance(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(as_of);
    IF as_of > now() THEN
        RAISE EXCEPTION 'as_of must be a moment that has come'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out to do what is due now.';
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'maintain must run in READ COMMITTED transactions'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s.', upper(current_setting('transaction_isolation'))),
                  HINT = 'SET default_transaction_isolation = ''read committed'' before.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_maintenance(timestamptz) IS
    'checks what maintain() is called with';

-- A session that is idle, or this one, has left the step; of sessions of other users
-- pg_stat_activity may hide whether they are.
CREATE FUNCTION ca_maintenance_is_alive(params jsonb, started_at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT ca_maintenance_is_alive.started_at >= pg_postmaster_start_time()
       AND EXISTS (
           SELECT
           FROM pg_stat_activity AS s
           WHERE s.pid = (ca_maintenance_is_alive.params ->> 'pid')::integer
             AND s.pid <> pg_backend_pid()
             AND coalesce(s.backend_start <= ca_maintenance_is_alive.started_at, true)
             AND s.state IS DISTINCT FROM 'idle');
END;
COMMENT ON FUNCTION ca_maintenance_is_alive(jsonb, timestamptz) IS
    'whether another session that runs a step, by the row of the run, is still at it';

CREATE FUNCTION ca_maintenance_begin(step text, as_of timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    name CONSTANT text := 'maintain ' || step;
    s record;
    task integer;
BEGIN
    SELECT m.* INTO s FROM maintenance_steps() AS m WHERE m.step = ca_maintenance_begin.step;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown step'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(quote_literal(left(step, 100)), 'NULL')),
                  HINT = 'maintenance_steps() lists them.';
    END IF;
    -- until the row is committed; whoever comes then finds it
    PERFORM pg_advisory_xact_lock(hashtextextended('cryptoanalytics ' || name, 0));
    PERFORM FROM background_tasks AS t
    WHERE t.task_name = name AND t.task_name LIKE 'maintain %' AND t.status = 'running'
      AND ca_maintenance_is_alive(t.task_params, t.started_at);
    IF FOUND THEN
        RAISE NOTICE 'another session is at %', step;
        RETURN NULL;
    END IF;
    UPDATE background_tasks AS t
    SET status = 'failed',
        error_message = 'the run broke off: its session has left it',
        completed_at = clock_timestamp()
    WHERE t.task_name = name AND t.task_name LIKE 'maintain %' AND t.status = 'running';

    IF timeframe_bucket(s.every, as_of) <= (
           SELECT (t.task_params ->> 'as_of')::timestamptz
           FROM background_tasks AS t
           WHERE t.task_name = name AND t.task_name LIKE 'maintain %' AND t.status = 'completed'
           ORDER BY t.id DESC
           LIMIT 1) THEN
        RETURN NULL;
    END IF;
    INSERT INTO background_tasks AS t (task_name, task_type, status, task_params, result_data, started_at)
    VALUES (name, s.task_type, 'running', jsonb_build_object('as_of', as_of, 'pid', pg_backend_pid()),
            jsonb '{"rows": 0}', clock_timestamp())
    RETURNING t.id INTO task;
    RETURN task;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_begin(text, timestamptz) IS
    'enters the run of a step into background_tasks; NULL when it is not due or another session is at it';

CREATE FUNCTION ca_maintenance_step(step text)
    RETURNS TABLE (timeframe text, assets text, batch bigint, statement text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT m.timeframe, m.assets, m.batch, m.statement
    FROM maintenance_steps() AS m
    WHERE m.step = ca_maintenance_step.step;
END;
COMMENT ON FUNCTION ca_maintenance_step(text) IS
    'a step of maintenance_steps(): what there is to do';

CREATE FUNCTION ca_maintenance_assets(query text, as_of timestamptz) RETURNS integer[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    assets integer[];
BEGIN
    IF query IS NULL THEN
        RETURN ARRAY[NULL::integer];
    END IF;
    EXECUTE format('SELECT array(%s)', query) INTO assets USING as_of;
    RETURN assets;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_assets(text, timestamptz) IS
    'the assets that a step has something to do for; one that is NULL where a step is for all at once';

-- The statements look many short things up; to compile them would take longer than that.
CREATE FUNCTION ca_maintenance_run(
    task integer, statement text, batch bigint, as_of timestamptz, asset integer, timeframe text)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    done bigint;
BEGIN
    -- many small commits need not wait for the disk each: the one at the end does for all
    IF asset IS NOT NULL THEN
        SET LOCAL synchronous_commit = off;
    END IF;
    EXECUTE statement INTO done USING as_of, asset, timeframe;
    IF done > 0 THEN
        UPDATE background_tasks AS t
        SET result_data = t.result_data || jsonb_build_object('rows', (t.result_data ->> 'rows')::bigint + done)
        WHERE t.id = task;
    END IF;
    RETURN coalesce(done >= batch, false);
END;
$$;
COMMENT ON FUNCTION ca_maintenance_run(integer, text, bigint, timestamptz, integer, text) IS
    'does a step, or a batch of it, and notes how many rows; whether there may be more';

CREATE FUNCTION ca_maintenance_fail(
    task integer, step text, asset integer, state text, message text, detail text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    what CONSTANT text := concat_ws(': ', 'asset ' || asset, state, message);
BEGIN
    -- the first error stands for all
    UPDATE background_tasks AS t
    SET error_message = coalesce(t.error_message, what),
        result_data = jsonb_build_object('sqlstate', state, 'detail', nullif(detail, '')) || t.result_data
                      || jsonb_build_object('errors', coalesce((t.result_data ->> 'errors')::bigint, 0) + 1)
    WHERE t.id = task;
    RAISE WARNING '% failed: %', step, what;
    RETURN state = '57014';
END;
$$;
COMMENT ON FUNCTION ca_maintenance_fail(integer, text, integer, text, text, text) IS
    'notes an error of a step in background_tasks; whether it was a cancel';

CREATE FUNCTION ca_maintenance_end(task integer) RETURNS integer
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE background_tasks AS t
    SET status = CASE WHEN t.error_message IS NULL THEN 'completed' ELSE 'failed' END,
        completed_at = clock_timestamp(),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - t.started_at)
    WHERE t.id = ca_maintenance_end.task
    RETURNING (t.error_message IS NOT NULL)::integer;
END;
COMMENT ON FUNCTION ca_maintenance_end(integer) IS
    'notes in background_tasks how the run of a step ended; 1 when it failed, else 0';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE PROCEDURE ca_maintain_step(step text, as_of timestamptz, INOUT failed integer)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4 := @extschema@.ca_maintenance_begin(step, as_of);
    s pg_catalog.record;
    assets pg_catalog.int4[];
    asset pg_catalog.int4;
    again pg_catalog.bool;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    IF task IS NULL THEN
        COMMIT;
        RETURN;
    END IF;
    COMMIT;
    SELECT m.timeframe, m.assets, m.batch, m.statement INTO s FROM @extschema@.ca_maintenance_step(step) AS m;
    BEGIN
        assets := @extschema@.ca_maintenance_assets(s.assets, as_of);
    EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
    END;
    FOREACH asset IN ARRAY coalesce(assets, ARRAY[NULL]::pg_catalog.int4[]) LOOP
        LOOP
            again := false;
            -- an error undoes this part only, and a cancel is noted before it is raised again
            BEGIN
                IF state IS NULL THEN
                    again := @extschema@.ca_maintenance_run(task, s.statement, s.batch, as_of, asset, s.timeframe);
                END IF;
            EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
                GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
            END;
            IF state IS NOT NULL AND @extschema@.ca_maintenance_fail(task, step, asset, state, message, detail) THEN
                PERFORM @extschema@.ca_maintenance_end(task);
                COMMIT;
                RAISE EXCEPTION '%', message
                    USING ERRCODE = state, HINT = 'The steps before stay done.';
            END IF;
            COMMIT;
            state := NULL;
            EXIT WHEN NOT again;
        END LOOP;
    END LOOP;
    failed := pg_catalog.int4pl(failed, @extschema@.ca_maintenance_end(task));
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE ca_maintain_step(text, timestamptz, integer) IS
    'runs a step of maintain() if it is due, a commit for each part, and adds 1 to failed if it fails';

CREATE PROCEDURE maintain(as_of timestamptz DEFAULT now(), INOUT failed integer DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    steps pg_catalog.text[];
    step pg_catalog.text;
BEGIN
    PERFORM @extschema@.ca_check_maintenance(as_of);
    failed := 0;
    SELECT pg_catalog.array_agg(s.step ORDER BY s.place) INTO steps FROM @extschema@.maintenance_steps() AS s;
    COMMIT;
    FOREACH step IN ARRAY steps LOOP
        CALL @extschema@.ca_maintain_step(step, as_of, failed);
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE maintain(timestamptz, integer) IS
    'does what is due of maintenance_steps(), each step in transactions of its own; one that fails is undone, noted in background_tasks, told as a WARNING and counted in failed, and the others go on; a step that another session is at is left to it';
