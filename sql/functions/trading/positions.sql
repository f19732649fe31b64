-- Positions: replaying the trade actions of a position, and triggers that keep its row up to date.
-- The rules are in docs/guide/rules.md.

CREATE FUNCTION ca_refuse_exit(
    action_id integer, position_id integer, action_type text, closes numeric, held numeric, short boolean)
    RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF short AND action_type = 'partial_sell' THEN
        RAISE EXCEPTION 'a partial_sell has no meaning in a short position'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Action %s is a partial_sell of position %s, which is a Short Position.', action_id, position_id),
                  HINT = 'A short position is opened and added to by sell or entry, and covered by buy, partial_exit or full_exit.',
                  CONSTRAINT = 'trade_actions_short_partial_sell', TABLE = 'trade_actions', COLUMN = 'action_type';
    END IF;
    IF closes > held THEN
        RAISE EXCEPTION 'an action closes more than the position holds'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Action %s (%s) of position %s closes %s of %s.', action_id, action_type, position_id,
                                  closes, held),
                  HINT = 'Actions count in order of created_at and id; an entry has to come before its exit.',
                  CONSTRAINT = 'trade_actions_oversold', TABLE = 'trade_actions', COLUMN = 'quantity';
    END IF;
    RAISE EXCEPTION 'a full exit leaves part of the position'
        USING ERRCODE = 'check_violation',
              DETAIL = format('Action %s of position %s closes %s of %s.', action_id, position_id, closes, held),
              HINT = 'Use partial_exit to close a part.',
              CONSTRAINT = 'trade_actions_full_exit', TABLE = 'trade_actions', COLUMN = 'quantity';
END;
$$;
COMMENT ON FUNCTION ca_refuse_exit(integer, integer, text, numeric, numeric, boolean) IS
    'raises the error of an exit that the position does not allow';

CREATE FUNCTION ca_position_replay(
    position_id integer, short boolean, resumed boolean,
    OUT action_id integer, OUT action_time timestamptz, OUT action_type text, OUT quantity numeric,
    OUT cost numeric, OUT entry_price numeric, OUT exit_price numeric, OUT pnl_realized_usd numeric,
    OUT trade_status text, OUT stop_told boolean, OUT stop_loss_price numeric,
    OUT target_told boolean, OUT take_profit_price numeric,
    OUT exited numeric, OUT proceeds numeric, OUT profit numeric, OUT profit_was numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- the actions of one position, in their order, whatever the table looked like when this was planned
    SET enable_seqscan = off
    SET enable_bitmapscan = off
    SET enable_sort = off
AS $$
DECLARE
    -- a fee makes a long entry more expensive and lowers the proceeds of a short one
    side CONSTANT integer := CASE WHEN short THEN -1 ELSE 1 END;
    entries CONSTANT text[] := ARRAY['entry', CASE WHEN short THEN 'sell' ELSE 'buy' END];
    -- a numerator of this scale divides to 24 decimal places or more
    fine CONSTANT numeric := 1.000000000000000000000000;
    a record;
    removed numeric;
    since_time timestamptz := '-infinity';
    since_id integer := -2147483648;
BEGIN
    quantity := NULL;
    stop_told := false;
    target_told := false;
    -- since the position was opened: quantity and money of its exits
    exited := 0;
    proceeds := 0;
    IF resumed THEN
        SELECT p.quantity, p.open_cost, p.entry_price, p.exit_price, p.pnl_realized_usd, p.trade_status,
               p.exited_quantity, p.exit_proceeds, p.counted_until, p.counted_action
        INTO quantity, cost, entry_price, exit_price, pnl_realized_usd, trade_status,
             exited, proceeds, since_time, since_id
        FROM portfolio AS p
        WHERE p.id = ca_position_replay.position_id AND p.counted_until IS NOT NULL;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    FOR a IN
        SELECT t.id, t.created_at, t.action_type, t.asset_price, t.quantity, t.fees_paid, t.pnl_realized_usd,
               t.stop_loss, t.take_profit
        FROM trade_actions AS t
        WHERE t.portfolio_id = ca_position_replay.position_id
          AND (t.created_at, t.id) > (since_time, since_id)
        ORDER BY t.created_at, t.id
    LOOP
        action_id := a.id;
        action_time := a.created_at;
        action_type := a.action_type;
        profit := 0;
        profit_was := a.pnl_realized_usd;
        IF a.action_type = ANY (entries) THEN
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
        ELSIF a.action_type NOT IN ('modify_sl', 'modify_tp') THEN
            IF a.quantity > coalesce(quantity, 0) OR a.action_type = 'full_exit' AND a.quantity < quantity
               OR short AND a.action_type = 'partial_sell' THEN
                -- a resumed replay may lack an earlier action; then the whole history decides
                IF resumed THEN
                    RETURN;
                END IF;
                PERFORM ca_refuse_exit(a.id, position_id, a.action_type, a.quantity, coalesce(quantity, 0), short);
            END IF;
            -- the rest keeps the cost that is not removed, so that rounding never loses money
            removed := CASE WHEN a.quantity = quantity THEN cost
                            ELSE round(cost * a.quantity * fine / quantity, 20) END;
            profit := trim_scale(side * (a.asset_price * a.quantity - removed) - a.fees_paid);
            pnl_realized_usd := trim_scale(pnl_realized_usd + profit);
            cost := cost - removed;
            quantity := quantity - a.quantity;
            exited := exited + a.quantity;
            proceeds := proceeds + a.asset_price * a.quantity - side * a.fees_paid;
            exit_price := trim_scale(round(proceeds * fine / exited, 20));
            trade_status := CASE WHEN quantity = 0 THEN 'closed' ELSE 'reducing' END;
        END IF;
        IF a.action_type = 'modify_sl'
           OR a.action_type = ANY (entries) AND a.stop_loss IS NOT NULL THEN
            stop_told := true;
            stop_loss_price := a.stop_loss;
        END IF;
        IF a.action_type = 'modify_tp'
           OR a.action_type = ANY (entries) AND a.take_profit IS NOT NULL THEN
            target_told := true;
            take_profit_price := a.take_profit;
        END IF;
        RETURN NEXT;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_position_replay(integer, boolean, boolean) IS
    'state of a position after each of its actions, as a long or as a short one, and the profit of each; everything but the levels is NULL before the first entry; resumed: after each action that its row does not count yet, up to one that would be refused';

CREATE FUNCTION @extschema@.position_history(
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
    CROSS JOIN LATERAL ca_position_replay(p.id, p.asset_type = 'Short Position', false) AS r
    WHERE p.id = position_history.position_id
    ORDER BY r.action_time, r.action_id;
END;
COMMENT ON FUNCTION position_history(integer) IS
    'a position after each of its actions, in order of created_at and id; a level is NULL until an action gives it';

CREATE FUNCTION ca_position_derived(
    was portfolio, emptied boolean, resumed boolean,
    OUT derived portfolio, OUT counted bigint, OUT actions integer[], OUT profits numeric[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    derived := was;
    WITH step AS MATERIALIZED (
        SELECT s.*
        FROM ca_position_replay(was.id, was.asset_type = 'Short Position', resumed) WITH ORDINALITY AS s
    )
    SELECT l.*, w.actions, w.profits INTO r
    FROM (SELECT s.* FROM step AS s ORDER BY s.ordinality DESC LIMIT 1) AS l
    CROSS JOIN (SELECT array_agg(s.action_id) AS actions, array_agg(s.profit) AS profits
                FROM step AS s
                WHERE s.profit <> s.profit_was) AS w;
    counted := coalesce(r.ordinality, 0);
    actions := r.actions;
    profits := r.profits;
    IF r.trade_status IS NOT NULL THEN
        derived.quantity := r.quantity;
        derived.entry_price := r.entry_price;
        derived.exit_price := r.exit_price;
        derived.pnl_realized_usd := r.pnl_realized_usd;
        IF r.trade_status = 'closed' OR was.trade_status <> 'exit_plan' THEN
            derived.trade_status := r.trade_status;
        END IF;
        derived.open_cost := r.cost;
        derived.exited_quantity := r.exited;
        derived.exit_proceeds := r.proceeds;
        derived.counted_until := r.action_time;
        derived.counted_action := r.action_id;
    ELSIF NOT resumed THEN
        derived.open_cost := NULL;
        derived.exited_quantity := NULL;
        derived.exit_proceeds := NULL;
        derived.counted_until := NULL;
        derived.counted_action := NULL;
        IF emptied THEN
            derived.quantity := 0;
            derived.entry_price := NULL;
            derived.exit_price := NULL;
            derived.pnl_realized_usd := 0;
            derived.trade_status := 'open';
        END IF;
    END IF;
    IF r.stop_told THEN
        derived.stop_loss_price := r.stop_loss_price;
    END IF;
    IF r.target_told THEN
        derived.take_profit_price := r.take_profit_price;
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_position_derived(portfolio, boolean, boolean) IS
    'the row of a position as it follows from its actions, how many were read, and the actions whose profit differs from the recorded one; without an entry the row stays as it is, or is empty if its last trade was deleted; resumed: from what the row counts already';

CREATE FUNCTION ca_write_profits(actions integer[], profits numeric[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- the actions are read by key, and joined in one pass with what will be written to them
    SET enable_seqscan = off
    SET enable_nestloop = off
AS $$
BEGIN
    IF actions IS NOT NULL THEN
        UPDATE trade_actions AS t
        SET pnl_realized_usd = w.profit
        FROM unnest(actions, profits) AS w (id, profit)
        WHERE t.id = w.id AND t.id = ANY (actions);
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_write_profits(integer[], numeric[]) IS
    'writes the profits of actions';

CREATE FUNCTION ca_rebuild_position(
    position_id integer, emptied boolean, inserted bigint, brought bigint, loading boolean)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    was portfolio;
    d record;
    appended boolean := false;
    told boolean := false;  -- whether the row has values, or is closed, and had no trade before
BEGIN
    -- another session that changes actions of the position waits here, and then reads those of this one
    SELECT p.* INTO was FROM portfolio AS p
    WHERE p.id = ca_rebuild_position.position_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF (was.counted_until IS NULL OR loading)
       AND (was.quantity <> 0 OR was.entry_price IS NOT NULL OR was.exit_price IS NOT NULL
            OR was.pnl_realized_usd <> 0 OR was.trade_status = 'closed') THEN
        told := brought = (SELECT count(*) FROM trade_actions AS t
                           WHERE t.portfolio_id = was.id
                             AND t.action_type NOT IN ('modify_sl', 'modify_tp'));
    END IF;
    IF told AND loading THEN
        RETURN false;
    END IF;

    -- actions that all come after the counted ones are added to them; any others require reading the
    -- whole history
    IF was.counted_until IS NOT NULL AND inserted IS NOT NULL THEN
        d := ca_position_derived(was, false, true);
        appended := d.counted = inserted;
    END IF;
    IF NOT appended THEN
        d := ca_position_derived(was, emptied, false);
    END IF;
    IF told
       AND (was.quantity, was.entry_price, was.exit_price, was.pnl_realized_usd)
           IS DISTINCT FROM (0, NULL, NULL, 0)
       AND (was.quantity, was.entry_price, was.exit_price, was.pnl_realized_usd)
           IS DISTINCT FROM ((d.derived).quantity, (d.derived).entry_price, (d.derived).exit_price,
                             (d.derived).pnl_realized_usd) THEN
        RAISE EXCEPTION 'the position has values that no action explains'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Position %s holds %s, its actions give %s.', was.id, was.quantity,
                                  (d.derived).quantity),
                  HINT = 'Record how the position came about as actions, in one statement with the new one, or empty its row first.',
                  CONSTRAINT = 'portfolio_unexplained', TABLE = 'portfolio', COLUMN = 'quantity';
    END IF;
    -- The trigger of this UPDATE skips actions that are not counted yet, and checks the profit of the
    -- others, so they are written after the position.
    IF appended THEN
        PERFORM ca_write_profits(d.actions, d.profits);
    END IF;
    IF d.derived IS DISTINCT FROM was THEN
        UPDATE portfolio AS p
        SET quantity = (d.derived).quantity,
            entry_price = (d.derived).entry_price,
            exit_price = (d.derived).exit_price,
            pnl_realized_usd = (d.derived).pnl_realized_usd,
            trade_status = (d.derived).trade_status,
            stop_loss_price = (d.derived).stop_loss_price,
            take_profit_price = (d.derived).take_profit_price,
            open_cost = (d.derived).open_cost,
            exited_quantity = (d.derived).exited_quantity,
            exit_proceeds = (d.derived).exit_proceeds,
            counted_until = (d.derived).counted_until,
            counted_action = (d.derived).counted_action
        WHERE p.id = was.id;
    END IF;
    IF NOT appended THEN
        PERFORM ca_write_profits(d.actions, d.profits);
    END IF;
    RETURN d.derived IS DISTINCT FROM was OR d.actions IS NOT NULL;
END;
$$;
COMMENT ON FUNCTION ca_rebuild_position(integer, boolean, bigint, bigint, boolean) IS
    'locks a position, sets its row and the profits of its actions to what the actions give, and returns whether anything changed';

CREATE FUNCTION @extschema@.rebuild_position(position_id integer) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_rebuild_position(rebuild_position.position_id, false, NULL, NULL, false);
END;
COMMENT ON FUNCTION rebuild_position(integer) IS
    'replays the actions of a position, sets the position and the profits of the actions to the result, and returns whether anything changed; a position without an entry keeps its values';

CREATE FUNCTION ca_trade_actions_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    -- look up few of many rows by key, one after the other and without a join, whatever the tables
    -- looked like when this was planned
    SET enable_seqscan = off
AS $$
DECLARE
    p record;
    restored CONSTANT boolean := TG_NARGS > 0;
    recorded timestamptz;
    passed integer[];  -- positions that others have committed actions of since the transaction began
BEGIN
    IF NOT restored THEN
        -- The default of created_at is the start of the transaction.  If others have committed actions
        -- since then, this action comes after them: what they bought can be sold.
        PERFORM
        FROM unnest(ARRAY(SELECT DISTINCT i.portfolio_id FROM inserted AS i ORDER BY i.portfolio_id)) AS n (id)
        CROSS JOIN LATERAL (SELECT FROM portfolio AS f WHERE f.id = n.id FOR NO KEY UPDATE) AS f;
        recorded := clock_timestamp();
        -- one action more than those of the statement belongs to another session
        passed := ARRAY(
            SELECT c.id
            FROM (SELECT i.portfolio_id AS id,
                         count(*) FILTER (WHERE i.created_at > now() AND i.created_at <= recorded) AS own
                  FROM inserted AS i
                  GROUP BY i.portfolio_id
                  HAVING bool_or(i.created_at = now())) AS c
            CROSS JOIN LATERAL (SELECT
                                FROM trade_actions AS o
                                WHERE o.portfolio_id = c.id AND o.created_at > now() AND o.created_at <= recorded
                                OFFSET c.own
                                LIMIT 1) AS o);
        IF cardinality(passed) > 0 THEN
            UPDATE trade_actions AS t
            SET created_at = recorded
            WHERE t.id = ANY (ARRAY(
                SELECT c.action
                FROM (SELECT u.action, bool_or(u.action IS NULL) OVER (PARTITION BY u.position) AS passed
                      FROM (SELECT i.portfolio_id AS position, i.id AS action FROM inserted AS i WHERE i.created_at = now()
                            UNION ALL
                            SELECT n.id, NULL FROM unnest(passed) AS n (id)) AS u) AS c
                WHERE c.passed AND c.action IS NOT NULL));
        END IF;
    END IF;
    FOR p IN
        SELECT i.portfolio_id AS id, count(*) AS inserted,
               count(*) FILTER (WHERE i.action_type NOT IN ('modify_sl', 'modify_tp')) AS brought
        FROM inserted AS i
        GROUP BY i.portfolio_id
        ORDER BY i.portfolio_id
    LOOP
        PERFORM ca_rebuild_position(p.id, false, p.inserted, p.brought, restored);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_inserted() IS
    'trigger: updates the positions of new actions, in the order in which sessions come; with an argument, the positions of actions that a dump loads';

CREATE FUNCTION ca_trade_actions_updated() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET enable_seqscan = off
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
        ), profit AS (
            SELECT b.id, b.portfolio_id, b.created_at, b.pnl_realized_usd
            FROM became AS b
            EXCEPT
            SELECT w.id, w.portfolio_id, w.created_at, w.pnl_realized_usd
            FROM was AS w
        )
        SELECT c.portfolio_id AS id, bool_or(c.traded) AS emptied, bool_or(c.earned_at IS NULL) AS changed,
               min(c.earned_at) AS earned_at, (array_agg(c.earned_by ORDER BY c.earned_at, c.earned_by))[1] AS earned_by
        FROM (SELECT g.portfolio_id, g.action_type NOT IN ('modify_sl', 'modify_tp') AS traded,
                     NULL::timestamptz AS earned_at, NULL::integer AS earned_by
              FROM gone AS g
              UNION ALL
              SELECT n.portfolio_id, false, NULL, NULL FROM come AS n
              UNION ALL
              -- a profit that a statement writes, by hand or not
              SELECT f.portfolio_id, false, f.created_at, f.id FROM profit AS f) AS c
        GROUP BY c.portfolio_id
        ORDER BY c.portfolio_id
    LOOP
        -- changes of an action that is not counted yet do not concern the position
        IF p.changed OR EXISTS (SELECT FROM portfolio AS f
                                WHERE f.id = p.id
                                  AND (p.earned_at, p.earned_by) <= (f.counted_until, f.counted_action)) THEN
            PERFORM ca_rebuild_position(p.id, p.emptied, NULL, NULL, false);
        END IF;
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_updated() IS
    'trigger: rebuilds the positions whose actions changed in a column that counts, on both sides of a move';

CREATE FUNCTION ca_trade_actions_deleted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
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
        PERFORM ca_rebuild_position(p.id, p.emptied, NULL, NULL, false);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_deleted() IS
    'trigger: rebuilds the positions whose actions were deleted';

CREATE FUNCTION ca_portfolio_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    NEW.open_cost := NULL;
    NEW.exited_quantity := NULL;
    NEW.exit_proceeds := NULL;
    NEW.counted_until := NULL;
    NEW.counted_action := NULL;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_inserted() IS
    'trigger: a new position has no counted actions yet';

CREATE FUNCTION ca_portfolio_derived() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    derived portfolio := NEW;
BEGIN
    -- the result so far, and the actions since
    IF OLD.counted_until IS NOT NULL AND OLD.asset_type = NEW.asset_type THEN
        derived.quantity := OLD.quantity;
        derived.entry_price := OLD.entry_price;
        derived.exit_price := OLD.exit_price;
        derived.pnl_realized_usd := OLD.pnl_realized_usd;
        derived.trade_status := OLD.trade_status;
        derived.stop_loss_price := OLD.stop_loss_price;
        derived.take_profit_price := OLD.take_profit_price;
        derived.open_cost := OLD.open_cost;
        derived.exited_quantity := OLD.exited_quantity;
        derived.exit_proceeds := OLD.exit_proceeds;
        derived.counted_until := OLD.counted_until;
        derived.counted_action := OLD.counted_action;
        derived := (ca_position_derived(derived, false, true)).derived;
        IF derived IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    derived := (ca_position_derived(NEW, false, false)).derived;
    -- as a long or a short position the same actions give a different profit
    IF OLD.asset_type = NEW.asset_type
       AND (derived.quantity, derived.entry_price, derived.exit_price, derived.pnl_realized_usd,
            derived.trade_status, derived.stop_loss_price, derived.take_profit_price)
           IS DISTINCT FROM
           (NEW.quantity, NEW.entry_price, NEW.exit_price, NEW.pnl_realized_usd,
            NEW.trade_status, NEW.stop_loss_price, NEW.take_profit_price) THEN
        RAISE EXCEPTION 'values that follow from actions cannot be set'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Position %s has actions that give another quantity, price, profit, status or level.', NEW.id),
                  HINT = 'Insert, update or delete rows of trade_actions instead; of the columns they give, only trade_status may be set, to exit_plan.',
                  CONSTRAINT = 'portfolio_derived', TABLE = 'portfolio';
    END IF;
    RETURN derived;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_derived() IS
    'trigger: refuses values of a position that differ from the result of its actions, and protects its counters';

CREATE FUNCTION ca_portfolio_turned() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM rebuild_position(NEW.id);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_turned() IS
    'trigger: recomputes the profits of the actions of a position that turns from long to short, or back';

CREATE FUNCTION ca_portfolio_asset() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM trade_actions AS t WHERE t.portfolio_id = OLD.id) THEN
        RAISE EXCEPTION 'a position with actions keeps its asset'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Position %s has actions in asset %s.', OLD.id,
                                  coalesce(OLD.asset_id::text, OLD.asset_symbol)),
                  HINT = 'Make a position in the other asset, and move the actions that belong to it by trade_actions.portfolio_id.',
                  CONSTRAINT = 'portfolio_asset_traded', TABLE = 'portfolio', COLUMN = 'asset_id';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_asset() IS
    'trigger: refuses to change the asset of a position that has actions';

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
CREATE TRIGGER portfolio_inserted BEFORE INSERT ON portfolio
    FOR EACH ROW WHEN (NEW.counted_until IS NOT NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_portfolio_inserted();
COMMENT ON TRIGGER portfolio_inserted ON portfolio IS
    'a position that does not come from a dump counts no actions yet';
CREATE TRIGGER portfolio_asset BEFORE UPDATE OF asset_id ON portfolio
    FOR EACH ROW WHEN (OLD.asset_id IS DISTINCT FROM NEW.asset_id)
    EXECUTE FUNCTION ca_portfolio_asset();
COMMENT ON TRIGGER portfolio_asset ON portfolio IS
    'refuses another asset for a position that has actions';
CREATE TRIGGER portfolio_derived BEFORE UPDATE ON portfolio
    FOR EACH ROW
    WHEN ((OLD.asset_type, OLD.quantity, OLD.entry_price, OLD.exit_price, OLD.pnl_realized_usd,
           OLD.trade_status, OLD.stop_loss_price, OLD.take_profit_price, OLD.open_cost,
           OLD.exited_quantity, OLD.exit_proceeds, OLD.counted_until, OLD.counted_action)
          IS DISTINCT FROM
          (NEW.asset_type, NEW.quantity, NEW.entry_price, NEW.exit_price, NEW.pnl_realized_usd,
           NEW.trade_status, NEW.stop_loss_price, NEW.take_profit_price, NEW.open_cost,
           NEW.exited_quantity, NEW.exit_proceeds, NEW.counted_until, NEW.counted_action))
    EXECUTE FUNCTION ca_portfolio_derived();
COMMENT ON TRIGGER portfolio_derived ON portfolio IS
    'refuses values that differ from what the actions of the position give';
CREATE TRIGGER portfolio_turned AFTER UPDATE ON portfolio
    FOR EACH ROW WHEN (OLD.asset_type <> NEW.asset_type)
    EXECUTE FUNCTION ca_portfolio_turned();
COMMENT ON TRIGGER portfolio_turned ON portfolio IS
    'computes the profits of actions again when a position turns from long to short, or back';

CREATE VIEW @extschema@.portfolio_positions WITH (security_invoker = true) AS
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
    'each position at assets.current_price: value, unrealized profit, share of its user''s holdings, and risk at the stop; NULL if a price, an entry or a stop is unknown';
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

CREATE VIEW @extschema@.portfolio_totals WITH (security_invoker = true) AS
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
    'portfolio_positions summed by user; a sum is NULL if a part of it is unknown';
COMMENT ON COLUMN portfolio_totals.user_id IS 'user who holds the positions';
COMMENT ON COLUMN portfolio_totals.positions IS 'positions that hold something';
COMMENT ON COLUMN portfolio_totals.value_usd IS 'value of all positions, long and short, in USD';
COMMENT ON COLUMN portfolio_totals.pnl_unrealized_usd IS 'unrealized profit, in USD';
COMMENT ON COLUMN portfolio_totals.pnl_realized_usd IS 'realized profit, in USD';
COMMENT ON COLUMN portfolio_totals.over_max_allocation IS 'positions above their largest share';
COMMENT ON COLUMN portfolio_totals.risk_at_stop_usd IS 'loss if every position is closed at its stop, in USD';
