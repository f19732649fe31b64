-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: positions.

-- What a position counts already, so that an action is added without a replay; NULL until the next one.
ALTER TABLE portfolio
    ADD COLUMN open_cost numeric,
    ADD COLUMN exited_quantity numeric,
    ADD COLUMN exit_proceeds numeric,
    ADD COLUMN counted_until timestamptz,
    ADD COLUMN counted_action integer,
    ADD CONSTRAINT portfolio_counted_check
        CHECK (all_finite(open_cost, exited_quantity, exit_proceeds));

-- On a short position buy opened and sell closed.  Now sell opens and buy covers, so what was recorded
-- is said in words that mean the same for both: the positions stay as they are, without a trigger.
DO $$
DECLARE
    role CONSTANT text := pg_catalog.current_setting('session_replication_role');
BEGIN
    PERFORM pg_catalog.set_config('session_replication_role', 'replica', true);
    UPDATE @extschema@.trade_actions AS t
    SET action_type = CASE t.action_type WHEN 'buy' THEN 'entry' ELSE 'partial_exit' END
    FROM @extschema@.portfolio AS p
    WHERE p.id = t.portfolio_id
      AND p.asset_type OPERATOR(pg_catalog.=) 'Short Position'
      AND t.action_type IN ('buy', 'sell', 'partial_sell');
    PERFORM pg_catalog.set_config('session_replication_role', role, true);
END;
$$;
