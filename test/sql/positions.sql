-- Positions follow their trade actions.
\set SHOW_CONTEXT never
\pset null NULL
BEGIN;
INSERT INTO users (id, email, password_hash) VALUES (1, 'p@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type, current_price) VALUES (1, 'PPP', 'Priced', 'crypto', 130), (2, 'UNP', 'Unpriced', 'crypto', NULL);
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, allocation_target_percent, max_allocation_percent)
VALUES (1, 1, 1, 'PPP', 'Long Position', 60, 70), (2, 1, 1, 'PPP', 'Short Position', NULL, 70), (3, 1, 2, 'UNP', 'Crypto Asset', NULL, 10);
CREATE FUNCTION act(id integer, position_id integer, action text, price numeric, quantity numeric, fees numeric, day integer, sl numeric DEFAULT NULL, tp numeric DEFAULT NULL) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, fees_paid, stop_loss, take_profit, timeframe, action_source, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $8, $9, '1h', 'manual', timestamptz '2024-01-01 00:00 UTC' + $7 * interval '1 day')
$$;
CREATE TEMPORARY VIEW told AS
    SELECT id, trim_scale(quantity) AS quantity, entry_price, exit_price, pnl_realized_usd AS pnl, trade_status, stop_loss_price AS sl, take_profit_price AS tp
    FROM portfolio ORDER BY id;

-- (100*2 + 1) / 2 = 100.5
SELECT act(1, 1, 'entry', 100, 2, 1, 1, sl => 90);
SELECT * FROM told WHERE id = 1;
-- (201 + 120*2 + 3) / 4 = 111
SELECT act(2, 1, 'buy', 120, 2, 3, 2);
SELECT * FROM told WHERE id = 1;
-- One of four sold at 131 with fees of 2: exit 129, profit 129 - 111 = 18; the entry price stays.
SELECT act(3, 1, 'partial_sell', 131, 1, 2, 3);
SELECT * FROM told WHERE id = 1;
-- Levels; an unknown stop is NULL.
SELECT act(4, 1, 'modify_tp', 131, 0, 0, 4, tp => 150);
SELECT act(5, 1, 'modify_sl', 131, 0, 0, 5);
SELECT * FROM told WHERE id = 1;
-- The position does not hold more than three.
SAVEPOINT s;
SELECT act(6, 1, 'sell', 131, 3.00000001, 0, 6);
ROLLBACK TO s;
-- Nor does it hold anything before the first entry.
SELECT act(6, 1, 'sell', 131, 1, 0, 0);
ROLLBACK TO s;
-- A full exit closes all.
SELECT act(6, 1, 'full_exit', 131, 2, 0, 6);
ROLLBACK TO s;
-- The exit needs the entry, which therefore cannot be deleted.
DELETE FROM trade_actions WHERE id IN (1, 2);
ROLLBACK TO s;
-- exits: 129 + 2*111 = 351 of three: 117; profit 18 + 222 - 222 = 18
SELECT act(6, 1, 'partial_exit', 111, 2, 0, 6);
SELECT * FROM told WHERE id = 1;
-- The rest at 101: exits 452 / 4 = 113; profit 452 - 444 = 8.
SELECT act(7, 1, 'full_exit', 101, 1, 0, 7);
SELECT * FROM told WHERE id = 1;
-- Opened again: prices start over, profit stays.
SELECT act(8, 1, 'buy', 50, 4, 0, 8);
SELECT * FROM told WHERE id = 1;
-- Each step.
SELECT action_id, action_type, trim_scale(quantity) AS quantity, entry_price, exit_price, pnl_realized_usd AS pnl, trade_status FROM position_history(1);
-- An entry is corrected: 444 + 40 over four is 121, profit 452 - 484 = -32.
UPDATE trade_actions SET asset_price = 120 WHERE id = 1;
SELECT * FROM told WHERE id = 1;
-- The last two are deleted: one of four is left, entry 121, exits 351 / 3, profit 351 - 363 = -12.
DELETE FROM trade_actions WHERE id IN (7, 8);
SELECT * FROM told WHERE id = 1;

-- Short: 10 sold at 100 with fees of 10 give 99 each; 4 bought back at 90 with fees of 2: 90.5, profit 396 - 362 = 34.
SELECT act(20, 2, 'entry', 100, 10, 10, 1, sl => 105);
SELECT act(21, 2, 'partial_exit', 90, 4, 2, 2);
SELECT * FROM told WHERE id = 2;
-- The profit of an action is what it adds to the profit of the position: 34 for the exit.
SELECT id, action_type, pnl_realized_usd AS pnl FROM trade_actions WHERE portfolio_id = 2 ORDER BY id;
-- As a long position: 101 each, exits 89.5, profit 358 - 404 = -46; the same for its exit.
SAVEPOINT s;
UPDATE portfolio SET asset_type = 'Long Position' WHERE id = 2;
SELECT * FROM told WHERE id = 2;
SELECT id, action_type, pnl_realized_usd AS pnl FROM trade_actions WHERE portfolio_id = 2 ORDER BY id;
ROLLBACK TO s;
-- Selling adds to a short position: (990 + 2*120) / 12 = 102.5 for 12; less the 4: (990 - 396 + 240) / 8 = 104.25.
SELECT act(23, 2, 'sell', 120, 2, 0, 3);
SELECT * FROM told WHERE id = 2;
-- Buying covers it: 4 * 104.25 - 4 * 100 = 17 more.
SELECT act(24, 2, 'buy', 100, 4, 0, 4);
SELECT * FROM told WHERE id = 2;
-- Covering more than was sold short is refused, and so is an action type that means neither.
SAVEPOINT t;
SELECT act(25, 2, 'buy', 100, 4.5, 0, 5);
ROLLBACK TO t;
SELECT act(25, 2, 'partial_sell', 100, 1, 0, 5);
ROLLBACK TO s;

-- The profit that a statement gives an action does not count, neither now nor later.
SELECT trim_scale(pnl_realized_usd) AS pnl FROM trade_actions WHERE id = 3;
UPDATE trade_actions SET pnl_realized_usd = 1000000 WHERE id = 3;
SELECT trim_scale(pnl_realized_usd) AS pnl FROM trade_actions WHERE id = 3;
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, pnl_realized_usd, timeframe, action_source, created_at)
VALUES (26, 2, 'partial_exit', 98, 1, 77, '1h', 'manual', '2024-01-05 UTC'), (27, 2, 'modify_tp', 98, 0, 77, '1h', 'manual', '2024-01-05 UTC');
SELECT id, pnl_realized_usd AS pnl FROM trade_actions WHERE id IN (26, 27);
ROLLBACK TO s;
-- Nor do values that follow from actions but were written by hand.
UPDATE portfolio SET open_cost = 1, counted_until = '2030-01-01', counted_action = 5 WHERE id = 2;
SELECT trim_scale(open_cost) AS cost, counted_until AT TIME ZONE 'UTC' AS until, counted_action AS action FROM portfolio WHERE id = 2;
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, open_cost, counted_until, counted_action)
VALUES (20, 1, 1, 'PPP', 'Crypto Asset', 7, '2020-01-01', 1) RETURNING open_cost, counted_until, counted_action;
DELETE FROM portfolio WHERE id = 20;

-- A position with actions keeps its asset; one without may change it.
UPDATE portfolio SET asset_id = 2 WHERE id = 2;
ROLLBACK TO s;
UPDATE portfolio SET asset_id = 1 WHERE id = 3 RETURNING asset_id;
ROLLBACK TO s;

-- By hand: values that follow from actions are refused; the exit plan is not, and stays until the exit.
UPDATE portfolio SET quantity = 7 WHERE id = 2;
ROLLBACK TO s;
UPDATE portfolio SET stop_loss_price = 104 WHERE id = 2;
ROLLBACK TO s;
UPDATE portfolio SET trade_status = 'exit_plan', take_profit_price = 70 WHERE id = 2;
SELECT act(22, 2, 'modify_sl', 100, 0, 0, 3, sl => 104);
SELECT * FROM told WHERE id = 2;

-- One at 121 worth 130: 9. Six short at 99: 6 * (99 - 130) = -186. Stops: none, and 6 * (104 - 99) = 30.
-- Shares: 130 and 780 of 910.
SELECT position_id, trim_scale(quantity) AS quantity, trim_scale(value_usd) AS value, trim_scale(pnl_unrealized_usd) AS unrealized, allocation_percent AS share, allocation_off_target AS off_target, over_max_allocation AS over, trim_scale(risk_at_stop_usd) AS risk
FROM portfolio_positions ORDER BY 1;
-- An unknown stop gives an unknown risk.
SELECT user_id, positions, trim_scale(value_usd) AS value, trim_scale(pnl_unrealized_usd) AS unrealized, pnl_realized_usd AS realized, over_max_allocation AS over, risk_at_stop_usd AS risk
FROM portfolio_totals;
-- A position without a price has no value, and makes all shares unknown.
SELECT act(30, 3, 'buy', 1, 1, 0, 1);
SELECT position_id, trim_scale(value_usd) AS value, trim_scale(pnl_unrealized_usd) AS unrealized, allocation_percent AS share, over_max_allocation AS over
FROM portfolio_positions ORDER BY 1;
SELECT positions, value_usd, pnl_unrealized_usd FROM portfolio_totals;

-- All actions are deleted: the position is empty.
DELETE FROM trade_actions WHERE portfolio_id = 3;
SELECT * FROM told WHERE id = 3;

-- A position entered by hand: levels move; a first trade that does not explain it is refused, its full history is not.
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, quantity, entry_price) VALUES (4, 1, 1, 'PPP', 'Crypto Asset', 5, 100);
SELECT act(39, 4, 'modify_sl', 100, 0, 0, 1, sl => 80);
SELECT * FROM told WHERE id = 4;
SELECT rebuild_position(4);
SAVEPOINT s;
SELECT act(40, 4, 'buy', 100, 1, 0, 1);
ROLLBACK TO s;
SELECT act(40, 4, 'buy', 100, 5, 0, 1);
SELECT * FROM told WHERE id = 4;
SELECT rebuild_position(4), rebuild_position(-1), rebuild_position(NULL);

-- Actions move to another position: both are replayed.
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (5, 1, 1, 'PPP', 'Crypto Asset');
UPDATE trade_actions SET portfolio_id = 5 WHERE id = 40;
SELECT * FROM told WHERE id IN (4, 5);

-- A position that was closed by hand without values has nothing to explain.
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, trade_status) VALUES (9, 1, 1, 'PPP', 'Crypto Asset', 'closed');
SELECT act(90, 9, 'buy', 100, 2, 0, 1);
SELECT * FROM told WHERE id = 9;

-- A position is deleted with its actions.
DELETE FROM portfolio;
SELECT count(*) FROM trade_actions;

-- COPY, as a restore does it: actions in any order; a row that has values stays as it is, right or wrong.
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type, quantity, entry_price, exit_price, pnl_realized_usd, trade_status, updated_at)
VALUES (6, 1, 1, 'PPP', 'Crypto Asset', 1, 10, 12, 2, 'exit_plan', '2020-01-01'), (7, 1, 1, 'PPP', 'Crypto Asset', 9, NULL, NULL, 0, 'open', '2020-01-01'), (8, 1, 1, 'PPP', 'Crypto Asset', 0, NULL, NULL, 0, 'open', '2020-01-01');
SET LOCAL search_path = '';
COPY public.trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source, created_at) FROM stdin;
61	6	sell	12	1	1h	manual	2024-01-02
60	6	buy	10	2	1h	manual	2024-01-01
70	7	sell	12	1	1h	manual	2024-01-02
81	8	sell	12	1	1h	manual	2024-01-02
80	8	buy	10	1	1h	manual	2024-01-01
\.
SET LOCAL search_path = public;
SELECT t.*, p.updated_at = '2020-01-01' AS untouched FROM told AS t JOIN portfolio AS p USING (id) ORDER BY id;
ROLLBACK;
