-- Trading signals: reward over risk, levels, expiry, execution and outcomes.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
BEGIN;
INSERT INTO users (id, email, password_hash) VALUES (1, 's@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'SSS', 'Signals', 'crypto'), (2, 'TTT', 'Two lengths', 'crypto');

-- Long: (130 - 100) / (100 - 90) = 3. Short: (100 - 80) / (106 - 100) = 10/3, to 20 places. No price: NULL; given: kept
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, risk_reward_ratio, created_at)
VALUES (1, 1, 'long', 100, 130, 90, NULL, '2024-01-01 10:00:30'), (2, 1, 'short', 100, 80, 106, NULL, '2024-01-01'),
       (3, 1, 'long', NULL, 130, 90, NULL, '2024-01-01'), (4, 1, 'long', 100, 130, 90, 2.5, '2024-01-01');
SELECT id, risk_reward_ratio FROM trading_signals ORDER BY id;
-- A price changes: (115 - 100) / 10. With a ratio: that ratio. With NULL: computed. Another column changes: unchanged.
UPDATE trading_signals SET target_price = 115 WHERE id = 4;
SELECT risk_reward_ratio FROM trading_signals WHERE id = 4;
UPDATE trading_signals SET target_price = 120, risk_reward_ratio = 1.75 WHERE id = 4;
SELECT risk_reward_ratio FROM trading_signals WHERE id = 4;
UPDATE trading_signals SET risk_level = 'high' WHERE id = 4;
SELECT risk_reward_ratio FROM trading_signals WHERE id = 4;
UPDATE trading_signals SET risk_reward_ratio = NULL WHERE id = 4;
SELECT risk_reward_ratio FROM trading_signals WHERE id = 4;
-- A price becomes NULL: the ratio is unknown again.
UPDATE trading_signals SET stop_loss = NULL WHERE id = 4;
SELECT risk_reward_ratio FROM trading_signals WHERE id = 4;
-- The order of the levels is checked before anything is divided by zero.
\set VERBOSITY terse
SAVEPOINT s;
UPDATE trading_signals SET stop_loss = 100 WHERE id = 1;
ROLLBACK TO s;
INSERT INTO trading_signals (asset_id, signal_type, entry_price, target_price, stop_loss) VALUES (1, 'short', 100, 101, 110);
ROLLBACK TO s;
\set VERBOSITY default

-- Expiry: at the moment itself, and only active signals.
UPDATE trading_signals SET expires_at = '2024-01-02' WHERE id IN (1, 2, 3);
UPDATE trading_signals SET status = 'cancelled' WHERE id = 3;
SELECT expire_signals('2024-01-01 23:59:59.999999'), expire_signals('2024-01-02'), expire_signals('2024-01-02');
SELECT id, status FROM trading_signals ORDER BY id;
SELECT expire_signals(NULL);
ROLLBACK TO s;
SELECT expire_signals('infinity');
ROLLBACK TO s;

-- Execution, per user. The trade of 1 comes in time, that of 2 at the expiry; 3 is cancelled; the action of 4 only
-- moves a stop. The signals stay as they are.
INSERT INTO users (id, email, password_hash) VALUES (2, 't@example.org', 'x');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type)
VALUES (1, 1, 1, 'SSS', 'Crypto Asset'), (2, 1, 1, 'SSS', 'Short Position'), (3, 2, 1, 'SSS', 'Crypto Asset'), (4, 1, 2, 'TTT', 'Crypto Asset');
UPDATE trading_signals SET expires_at = '2024-01-02' WHERE id IN (1, 2, 3);
UPDATE trading_signals SET status = 'cancelled' WHERE id = 3;
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, stop_loss, timeframe, action_source, signal_id, created_at)
VALUES (1, 1, 'buy', 100, 1, NULL, '1h', 'ai_signal', 1, '2024-01-01 23:59:59'), (2, 2, 'sell', 100, 1, NULL, '1h', 'ai_signal', 2, '2024-01-02'),
       (3, 1, 'buy', 100, 1, NULL, '1h', 'ai_signal', 3, '2024-01-01'), (4, 1, 'modify_sl', 100, 0, 80, '1h', 'ai_signal', 4, '2024-01-01');
SELECT id, status FROM trading_signals ORDER BY id;
SELECT * FROM signal_executions ORDER BY user_id, signal_id;
-- Another user executes it too; the first execution keeps its time, whatever trades follow.
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source, signal_id, created_at)
VALUES (5, 3, 'buy', 100, 1, '1h', 'ai_signal', 1, '2024-01-01 12:00'), (6, 1, 'sell', 100, 1, '1h', 'ai_signal', 1, '2024-01-01 23:59:59.5');
SELECT * FROM signal_executions ORDER BY user_id, signal_id;
-- The signal is named later, and by an action that becomes a trade.
SAVEPOINT named;
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source, created_at)
VALUES (7, 1, 'buy', 100, 1, '1h', 'manual', '2024-01-02');
UPDATE trade_actions SET signal_id = 4 WHERE id = 7;
SELECT * FROM signal_executions WHERE signal_id = 4;
ROLLBACK TO named;
UPDATE trade_actions SET action_type = 'buy', quantity = 1 WHERE id = 4;
SELECT * FROM signal_executions WHERE signal_id = 4;
ROLLBACK TO named;
-- A deleted execution does not come back when the trade changes otherwise; it stays when only the trade is deleted.
DELETE FROM signal_executions WHERE signal_id = 1 AND user_id = 1;
UPDATE trade_actions SET notes = 'seen' WHERE id = 1;
SELECT * FROM signal_executions;
ROLLBACK TO named;
DELETE FROM trade_actions WHERE signal_id = 1;
SELECT * FROM signal_executions ORDER BY user_id, signal_id;
ROLLBACK TO named;
-- A signal for another asset or side is refused, also if the action moves a stop, or moves to such a position.
CREATE FUNCTION rule_of(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    rule text;
    tab text;
    col text;
BEGIN
    EXECUTE statement;
    RETURN 'done';
EXCEPTION
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS rule = CONSTRAINT_NAME, tab = TABLE_NAME, col = COLUMN_NAME;
        RETURN concat_ws(' ', SQLSTATE, rule, tab, col);
END;
$$;
SAVEPOINT named;
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source, signal_id, created_at)
VALUES (8, 4, 'buy', 100, 1, '1h', 'ai_signal', 1, '2024-01-01');
ROLLBACK TO named;
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source, signal_id, created_at)
VALUES (8, 1, 'buy', 100, 1, '1h', 'ai_signal', 2, '2024-01-01');
ROLLBACK TO named;
-- Rules have names.
INSERT INTO watchlists (id, user_id, name, watchlist_type, max_assets) VALUES (1, 1, 'Named', 'personal', 1);
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type, is_active) VALUES (1, 1, 1, 'long', true), (2, 1, 2, 'long', false);
SELECT rule_of(statement)
FROM unnest(ARRAY['UPDATE trade_actions SET signal_id = 2 WHERE id = 5', 'UPDATE trade_actions SET portfolio_id = 4 WHERE id = 5',
                  'UPDATE watchlist_assets SET is_active = true WHERE id = 2', 'SELECT move_watchlist_asset(2, 1)',
                  'SELECT move_watchlist_asset(77, 1)', 'SELECT mark_notification_read(77)', 'SELECT dismiss_notification(NULL)',
                  'SELECT signal_outcomes(77)']) AS statement;
INSERT INTO trade_actions (id, portfolio_id, action_type, asset_price, quantity, stop_loss, timeframe, action_source, signal_id, created_at)
VALUES (8, 2, 'modify_sl', 100, 0, 120, '1h', 'ai_signal', 1, '2024-01-03');
ROLLBACK TO named;
UPDATE trade_actions SET portfolio_id = 4 WHERE id = 5;
ROLLBACK TO s;

-- COPY, as a restore does it: no ratio is computed, no signal executed, and updated_at stays.
SET search_path = '';
COPY public.trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, status, created_at, updated_at) FROM stdin;
9	1	long	100	130	90	active	2024-01-01	2020-01-01
\.
RESET search_path;
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (1, 1, 1, 'SSS', 'Crypto Asset');
SET search_path = '';
COPY public.trade_actions (id, portfolio_id, action_type, asset_price, quantity, timeframe, action_source, signal_id, created_at) FROM stdin;
9	1	buy	100	1	1h	ai_signal	9	2024-01-01
\.
RESET search_path;
SELECT risk_reward_ratio, status, updated_at FROM trading_signals WHERE id = 9;
SELECT * FROM signal_executions;
DELETE FROM trading_signals WHERE id = 9;

-- Outcomes: minutes of asset 1 from 10:00 that open at the low and close at the high; 1 and 2 have the entry 100.
CREATE FUNCTION minute(n integer, high numeric, low numeric, asset integer DEFAULT 1) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
    VALUES (asset, '1m', timestamptz '2024-01-01 10:00' + n * interval '1 minute', low, high, low, high)
$$;
-- The first minute begins before the signal and does not count, although it touches both levels.
SELECT minute(0, 131, 89), minute(1, 104, 95), minute(2, 112, 92), minute(3, 130, 101), minute(4, 200, 10);
UPDATE trading_signals SET expires_at = NULL WHERE id = 1;
-- At 10:02:59 one minute has closed. It opened at 95, so the price comes from below: 95 was before the entry; up 0.04.
SELECT * FROM signal_outcomes(1, '2024-01-01 10:02:59');
-- At 10:03 two have closed: up 0.12, down 0.08.
SELECT * FROM signal_outcomes(1, '2024-01-01 10:03');
-- At 10:04 the price has touched 130, in the third; what follows does not matter.
SELECT * FROM signal_outcomes(1, '2024-01-01 10:04');
SELECT * FROM signal_outcomes(1, '2024-01-02');
-- If the signal expires at 10:03:30, the third comes too late.
UPDATE trading_signals SET expires_at = '2024-01-01 10:03:30' WHERE id = 1;
SELECT * FROM signal_outcomes(1, '2024-01-01 10:03:29');
SELECT * FROM signal_outcomes(1, '2024-01-02');
-- A candle opens at 10 and closes at 200: 10 was before the entry, 200 after it.
UPDATE trading_signals SET expires_at = NULL, created_at = '2024-01-01 10:04' WHERE id = 1;
SELECT * FROM signal_outcomes(1, '2024-01-02');
-- The minute before stays above the entry: not entered. The next opens below it, so all of it is after the entry; it
-- touches both levels, so the outcome is the stop, and ambiguous.
UPDATE trading_signals SET created_at = '2024-01-01 10:03' WHERE id = 1;
SELECT * FROM signal_outcomes(1, '2024-01-01 10:04');
SELECT * FROM signal_outcomes(1, '2024-01-02');
-- It expired before it was entered.
UPDATE trading_signals SET expires_at = '2024-01-01 10:04:30' WHERE id = 1;
SELECT * FROM signal_outcomes(1, '2024-01-02');
UPDATE trading_signals SET expires_at = NULL WHERE id = 1;
-- Short from 10:01: 112 is above 106 in the second minute; best (100 - 92) / 100, worst (100 - 112) / 100.
UPDATE trading_signals SET created_at = '2024-01-01 10:01' WHERE id = 2;
SELECT * FROM signal_outcomes(2, '2024-01-02');
-- Without an entry price: touched, but no excursions. Before it was created: no row.
UPDATE trading_signals SET created_at = '2024-01-01 10:01' WHERE id = 3;
SELECT * FROM signal_outcomes(3, '2024-01-02');
SELECT * FROM signal_outcomes(3, '2024-01-01 10:00:59');
-- Only two minutes, then hours: the one from 11:00 touches. A minute inside it that touches is more exact.
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, created_at)
VALUES (5, 2, 'long', 100, 130, 90, '2024-01-01 10:00');
SELECT minute(0, 101, 99, 2), minute(1, 102, 98, 2);
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (2, '1h', '2024-01-01 10:00', 100, 103, 97, 100), (2, '1h', '2024-01-01 11:00', 100, 131, 96, 100), (2, '1h', '2024-01-01 12:00', 100, 180, 50, 100);
SELECT * FROM signal_outcomes(5, '2024-01-01 11:59');
SELECT * FROM signal_outcomes(5, '2024-01-02');
SELECT minute(61, 131, 99, 2);
SELECT * FROM signal_outcomes(5, '2024-01-02');
-- Archived candles count.
WITH gone AS (DELETE FROM price_data WHERE asset_id = 2 AND timeframe = '1m' RETURNING *)
INSERT INTO price_data_archive SELECT * FROM gone;
SELECT * FROM signal_outcomes(5, '2024-01-02');
-- All signals; 4 has no stop, and the candle from 10:00 touches its target of 120.
SELECT signal_id, outcome, ambiguous, timeframe, candle_time FROM signal_outcomes(as_of => '2024-01-02');
-- Nothing is known of that time, so it is not entered as far as is known.
DELETE FROM price_data WHERE asset_id = 1;
SELECT * FROM signal_outcomes(1, '2024-01-02');
SAVEPOINT s;
SELECT * FROM signal_outcomes(77);
ROLLBACK TO s;
SELECT * FROM signal_outcomes(1, '-infinity');
ROLLBACK TO s;
SELECT * FROM signal_outcomes(1, NULL);
ROLLBACK;
