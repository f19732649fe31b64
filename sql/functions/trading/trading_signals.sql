-- Trading signals: reward over risk, expiry, execution by trades, and outcomes.
-- The rules are in docs/guide/rules.md.

CREATE FUNCTION ca_fraction(part numeric, whole numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- a numerator of this scale divides to 24 decimal places or more
    RETURN trim_scale(round(part * 1.000000000000000000000000 / nullif(abs(whole), 0), 20));
COMMENT ON FUNCTION ca_fraction(numeric, numeric) IS
    'part divided by the absolute value of whole, to 20 decimal places; NULL if whole is 0';

CREATE FUNCTION ca_signal_ratio() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    NEW.risk_reward_ratio := ca_fraction(abs(NEW.target_price - NEW.entry_price), NEW.entry_price - NEW.stop_loss);
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_signal_ratio() IS
    'trigger: computes risk_reward_ratio from the prices; NULL if one of them is';

CREATE TRIGGER trading_signals_ratio_insert BEFORE INSERT ON trading_signals
    FOR EACH ROW WHEN (NEW.risk_reward_ratio IS NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_insert ON trading_signals IS
    'computes risk_reward_ratio if none is given';
CREATE TRIGGER trading_signals_ratio_update BEFORE UPDATE ON trading_signals
    FOR EACH ROW
    WHEN (NEW.risk_reward_ratio IS NULL
          OR NEW.risk_reward_ratio IS NOT DISTINCT FROM OLD.risk_reward_ratio
             AND (NEW.entry_price, NEW.target_price, NEW.stop_loss)
                 IS DISTINCT FROM (OLD.entry_price, OLD.target_price, OLD.stop_loss))
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_update ON trading_signals IS
    'computes risk_reward_ratio if it is NULL, or if prices change and no new ratio is given';

CREATE FUNCTION @extschema@.expire_signals(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(expire_signals.as_of);
    -- a row that another session is changing is left to the next call
    WITH due AS MATERIALIZED (
        SELECT s.id
        FROM trading_signals AS s
        WHERE s.status = 'active' AND s.expires_at <= expire_signals.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE trading_signals AS s
    SET status = 'expired'
    WHERE s.id = ANY (ARRAY(SELECT d.id FROM due AS d));
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_signals(timestamptz) IS
    'expires the active signals whose expires_at has passed, and returns how many';

CREATE FUNCTION ca_execute_named(
    actions integer[], signals integer[], positions integer[], times timestamptz[], trades boolean[])
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- look up few of many positions and signals by key, whatever the tables looked like when this was planned
    SET enable_seqscan = off
AS $$
DECLARE
    c record;
BEGIN
    -- LIMIT makes each look-up separate, so that no plan joins the action with a whole table
    SELECT n.action, n.signal, n.position, s.asset_id <> p.asset_id OR p.asset_id IS NULL AS other_asset, s.signal_type,
           p.asset_type
    INTO c
    FROM unnest(actions, signals, positions) AS n (action, signal, position)
    CROSS JOIN LATERAL (SELECT f.asset_id, f.asset_type FROM portfolio AS f WHERE f.id = n.position LIMIT 1) AS p
    CROSS JOIN LATERAL (SELECT g.asset_id, g.signal_type FROM trading_signals AS g WHERE g.id = n.signal LIMIT 1) AS s
    WHERE s.asset_id IS DISTINCT FROM p.asset_id
       OR (s.signal_type = 'short') <> (p.asset_type IS NOT DISTINCT FROM 'Short Position')
    ORDER BY n.action
    LIMIT 1;
    IF FOUND THEN
        IF c.other_asset THEN
            RAISE EXCEPTION 'a trade names a signal for another asset'
                USING ERRCODE = 'check_violation',
                      DETAIL = format('Signal %s of action %s is not for the asset of position %s.', c.signal, c.action, c.position),
                      HINT = 'Name a signal for the asset of the position, or none.',
                      CONSTRAINT = 'trade_actions_signal_asset', TABLE = 'trade_actions', COLUMN = 'signal_id';
        END IF;
        RAISE EXCEPTION 'a trade names a signal for the other side'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Signal %s of action %s is %s, and position %s is a %s.', c.signal, c.action, c.signal_type,
                                  c.position, coalesce(c.asset_type, 'position of unknown type')),
                  HINT = 'Short signals go with a Short Position, long ones with any other.',
                  CONSTRAINT = 'trade_actions_signal_side', TABLE = 'trade_actions', COLUMN = 'signal_id';
    END IF;
    -- In the order of the key, so that sessions that name the same signals in another order do not block each other.
    INSERT INTO signal_executions (user_id, signal_id, executed_at)
    SELECT e.user_id, e.signal_id, e.executed_at
    FROM (SELECT p.user_id, n.signal AS signal_id, min(n.time) AS executed_at
          FROM unnest(signals, positions, times, trades) AS n (signal, position, time, trades)
          CROSS JOIN LATERAL (SELECT f.user_id FROM portfolio AS f WHERE f.id = n.position LIMIT 1) AS p
          CROSS JOIN LATERAL (SELECT g.status, g.expires_at FROM trading_signals AS g WHERE g.id = n.signal LIMIT 1) AS s
          WHERE n.trades AND s.status = 'active' AND (s.expires_at IS NULL OR s.expires_at > n.time)
          GROUP BY p.user_id, n.signal) AS e
    ORDER BY e.user_id, e.signal_id
    ON CONFLICT DO NOTHING;
END;
$$;
REVOKE EXECUTE ON FUNCTION ca_execute_named(integer[], integer[], integer[], timestamptz[], boolean[]) FROM PUBLIC;
COMMENT ON FUNCTION ca_execute_named(integer[], integer[], integer[], timestamptz[], boolean[]) IS
    'refuses actions that name a signal for an asset or side other than that of their position; for trades, records who has executed the signal if it was active';

CREATE FUNCTION ca_execute_signals() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    n record;  -- actions that name a signal, with all that the rules need, in arrays of one length
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(b.id) AS actions, array_agg(b.signal_id) AS signals, array_agg(b.portfolio_id) AS positions,
               array_agg(b.created_at) AS times,
               array_agg(b.action_type NOT IN ('modify_sl', 'modify_tp')) AS trades
        INTO n
        FROM became AS b
        WHERE b.signal_id IS NOT NULL;
    ELSE
        -- actions that did not name the signal for the position before, or became trades; without a join,
        -- because its plan would stay that of the first statement, whether it had few rows or many
        SELECT array_agg(x.id) AS actions, array_agg(x.signal_id) AS signals, array_agg(x.portfolio_id) AS positions,
               array_agg(x.created_at) AS times, array_agg(x.trades) AS trades
        INTO n
        FROM (SELECT c.id, c.signal_id, c.portfolio_id, c.trades, max(c.created_at) AS created_at
              FROM (SELECT b.id, b.signal_id, b.portfolio_id, b.action_type NOT IN ('modify_sl', 'modify_tp') AS trades,
                           b.created_at, false AS old
                    FROM became AS b
                    UNION ALL
                    SELECT w.id, w.signal_id, w.portfolio_id, w.action_type NOT IN ('modify_sl', 'modify_tp'), NULL, true
                    FROM was AS w) AS c
              WHERE c.signal_id IS NOT NULL
              GROUP BY c.id, c.signal_id, c.portfolio_id, c.trades
              HAVING NOT bool_or(c.old)) AS x;
    END IF;
    IF n.actions IS NOT NULL THEN
        PERFORM ca_execute_named(n.actions, n.signals, n.positions, n.times, n.trades);
    END IF;
    RETURN NULL;
END;
$$;
REVOKE EXECUTE ON FUNCTION ca_execute_signals() FROM PUBLIC;
COMMENT ON FUNCTION ca_execute_signals() IS
    'trigger: checks that a trade names a signal for its asset and side, and records that the user of the position has executed it if it was active; it runs with its owner''s rights because users may not write executions; the signal itself does not change';

CREATE TRIGGER trade_actions_signals_insert AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_insert ON trade_actions IS
    'notes who has executed the signals that new trades name';
CREATE TRIGGER trade_actions_signals_update AFTER UPDATE ON trade_actions
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_update ON trade_actions IS
    'records who has executed the signals that changed trades now name';

CREATE FUNCTION ca_signal_touch(
    asset integer, signal_type text, stop_loss numeric, target_price numeric, since timestamptz, until timestamptz,
    OUT code text, OUT candle_time timestamptz, OUT closed_at timestamptz, OUT stopped boolean,
    OUT aimed boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- every timeframe is searched, because a finer one may have candles for only part of the time;
    -- the touch that ends first counts, and of those that end together the one of the finest timeframe
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

CREATE FUNCTION ca_signal_entry(
    asset integer, entry_price numeric, since timestamptz, until timestamptz,
    OUT code text, OUT candle_time timestamptz, OUT closed_at timestamptz, OUT high numeric, OUT low numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- the candle that ends first shows from which side the price comes
    WITH first AS MATERIALIZED (
        SELECT h.open_price >= ca_signal_entry.entry_price AS above
        FROM timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            SELECT h.candle_time, h.open_price
            FROM price_history AS h
            WHERE h.asset_id = ca_signal_entry.asset
              AND h.timeframe = t.code
              AND h.candle_time >= ca_signal_entry.since
              AND h.candle_time < timeframe_bucket(t.code, ca_signal_entry.until)
            ORDER BY h.candle_time
            LIMIT 1) AS h
        ORDER BY timeframe_end(t.code, h.candle_time), t.place
        LIMIT 1
    )
    -- A candle that opens at the entry or beyond it counts as a whole.  In any other candle, prices
    -- beyond the entry came after it, and so did the close; the other extreme may be older.
    SELECT t.code, e.candle_time, timeframe_end(t.code, e.candle_time),
           CASE WHEN f.above AND e.open_price > ca_signal_entry.entry_price
                THEN greatest(ca_signal_entry.entry_price, e.close_price) ELSE e.high_price END,
           CASE WHEN NOT f.above AND e.open_price < ca_signal_entry.entry_price
                THEN least(ca_signal_entry.entry_price, e.close_price) ELSE e.low_price END
    FROM first AS f
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.open_price, h.high_price, h.low_price, h.close_price
        FROM price_history AS h
        WHERE h.asset_id = ca_signal_entry.asset
          AND h.timeframe = t.code
          AND h.candle_time >= ca_signal_entry.since
          AND h.candle_time < timeframe_bucket(t.code, ca_signal_entry.until)
          AND CASE WHEN f.above THEN h.low_price <= ca_signal_entry.entry_price
                   ELSE h.high_price >= ca_signal_entry.entry_price END
        ORDER BY h.candle_time
        LIMIT 1) AS e
    ORDER BY 3, t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_signal_entry(integer, numeric, timestamptz, timestamptz) IS
    'first candle that reaches the entry of a signal, from the side on which the first candle opened; with the highest and the lowest price that must have come after the entry';

CREATE FUNCTION @extschema@.signal_outcomes(signal integer DEFAULT NULL, as_of timestamptz DEFAULT now())
    RETURNS TABLE (signal_id integer, outcome text, ambiguous boolean, timeframe text,
                   candle_time timestamptz, best_excursion numeric, worst_excursion numeric,
                   bars bigint, entry_timeframe text, entry_time timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
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
                      HINT = 'NULL means all signals.',
                      CONSTRAINT = 'trading_signals_known', TABLE = 'trading_signals', COLUMN = 'id';
        END IF;
    END IF;
    RETURN QUERY
        SELECT s.id,
               CASE WHEN NOT x.entered THEN 'not_entered' WHEN f.stopped THEN 'stop' WHEN f.aimed THEN 'target'
                    WHEN s.expires_at <= signal_outcomes.as_of THEN 'expired' ELSE 'open' END,
               coalesce(f.stopped AND f.aimed, false),
               CASE WHEN x.entered THEN coalesce(f.code, w.finest) END, f.candle_time,
               ca_fraction(CASE s.signal_type WHEN 'long' THEN w.high - s.entry_price
                                              ELSE s.entry_price - w.low END, s.entry_price),
               ca_fraction(CASE s.signal_type WHEN 'long' THEN w.low - s.entry_price
                                              ELSE s.entry_price - w.high END, s.entry_price),
               CASE WHEN x.entered THEN e.bars + (b.code IS NOT DISTINCT FROM coalesce(f.code, w.finest) AND b.code IS NOT NULL)::integer
                    ELSE 0 END,
               b.code, b.candle_time
        FROM trading_signals AS s
        CROSS JOIN LATERAL (SELECT least(signal_outcomes.as_of, s.expires_at) AS until) AS u
        LEFT JOIN LATERAL ca_signal_entry(s.asset_id, s.entry_price, s.created_at, u.until) AS b ON s.entry_price IS NOT NULL
        -- a signal without an entry counts from its creation
        CROSS JOIN LATERAL (SELECT s.entry_price IS NULL OR b.code IS NOT NULL AS entered,
                                   coalesce(b.closed_at, s.created_at) AS since,
                                   CASE s.signal_type WHEN 'long' THEN b.low <= s.stop_loss ELSE b.high >= s.stop_loss END IS TRUE AS stopped,
                                   CASE s.signal_type WHEN 'long' THEN b.high >= s.target_price ELSE b.low <= s.target_price END IS TRUE AS aimed) AS x
        LEFT JOIN LATERAL (
            SELECT b.code, b.candle_time, b.closed_at, x.stopped, x.aimed
            WHERE x.stopped OR x.aimed
            UNION ALL
            SELECT l.code, l.candle_time, l.closed_at, l.stopped, l.aimed
            FROM ca_signal_touch(s.asset_id, s.signal_type, s.stop_loss, s.target_price, x.since, u.until) AS l
            WHERE NOT x.stopped AND NOT x.aimed) AS f ON x.entered
        -- the extremes of the candles after the entry candle, to the end of the one that touches
        CROSS JOIN LATERAL ca_signal_extent(s.asset_id, x.since, coalesce(f.closed_at, u.until),
                                            coalesce(f.code, (SELECT t.code
                                                              FROM timeframes() WITH ORDINALITY AS t (code, place)
                                                              WHERE t.code = b.code
                                                                 OR EXISTS (SELECT FROM price_history AS h
                                                                            WHERE h.asset_id = s.asset_id AND h.timeframe = t.code
                                                                              AND h.candle_time >= x.since
                                                                              AND h.candle_time < timeframe_bucket(t.code, u.until))
                                                              ORDER BY t.place
                                                              LIMIT 1))) AS e
        CROSS JOIN LATERAL (
            SELECT CASE WHEN x.entered THEN greatest(b.high, e.high) END AS high,
                   CASE WHEN x.entered THEN least(b.low, e.low) END AS low,
                   (SELECT t.code FROM timeframes() WITH ORDINALITY AS t (code, place)
                    WHERE t.code IN (b.code, e.finest)
                    ORDER BY t.place
                    LIMIT 1) AS finest) AS w
        WHERE (signal_outcomes.signal IS NULL OR s.id = signal_outcomes.signal)
          AND s.created_at <= signal_outcomes.as_of
        ORDER BY s.id;
END;
$$;
COMMENT ON FUNCTION signal_outcomes(integer, timestamptz) IS
    'outcome of a signal, or of all that were created by as_of: target or stop touched first after the entry, open, expired, or not entered; from candles that start at or after its creation and had closed by as_of and by its expiry; excursions are fractions of the entry price, measured from the entry on';
