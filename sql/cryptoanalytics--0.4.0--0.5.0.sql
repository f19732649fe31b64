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
                  DETAIL = 'It is the moment that the answer is of.',
                  HINT = 'Leave it out to ask about now.';
    END IF;
    IF NOT isfinite(as_of) THEN
        RAISE EXCEPTION 'as_of must be finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out to ask about now.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_as_of(timestamptz) IS
    'refuses a moment that is NULL or infinite';

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

CREATE FUNCTION purge_sessions(older_than timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    old integer[];
    purged bigint;
BEGIN
    -- Once they are locked no activity can be added to them; the DELETE, with a snapshot of its
    -- own, sees those that were added before.
    SELECT array_agg(l.id) INTO old
    FROM (SELECT s.id
          FROM user_sessions AS s
          WHERE ((NOT s.is_active AND s.updated_at < older_than) OR s.expires_at < older_than)
            AND NOT EXISTS (SELECT FROM user_activities AS a WHERE a.session_id = s.id)
          FOR UPDATE SKIP LOCKED) AS l;
    DELETE FROM user_sessions AS s
    WHERE s.id = ANY (old)
      AND NOT EXISTS (SELECT FROM user_activities AS a WHERE a.session_id = s.id);
    GET DIAGNOSTICS purged = ROW_COUNT;
    RETURN purged;
END;
$$;
COMMENT ON FUNCTION purge_sessions(timestamptz) IS
    'deletes sessions that ended or expired before a moment and have no activities; the number of them';

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
