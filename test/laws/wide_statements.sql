-- One statement about 40,000 trades runs with the plans that statements about one trade left in the session when tables
-- were small. The work must grow with the trades, not with their square. The time limits measure nothing: they stop
-- plans that compare each trade with each other, which take a minute and more instead of seconds.
BEGIN;
SELECT plan(6);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;

INSERT INTO users (id, email, password_hash) VALUES (1, 'wide@example.com', 'x');
CREATE FUNCTION pg_temp.grow(first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO assets (id, symbol, name, asset_type)
    SELECT i, 'WIDE' || i, 'Wide', 'crypto' FROM generate_series(first, last) AS i;
    INSERT INTO trading_signals (id, asset_id, signal_type, created_at)
    SELECT i, i, 'long', '2024-01-01' FROM generate_series(first, last) AS i;
    INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type)
    SELECT i, 1, i, 'WIDE' || i, 'Crypto Asset' FROM generate_series(first, last) AS i;
$$;
CREATE FUNCTION pg_temp.trade(first integer, last integer, at timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source, signal_id, created_at)
    SELECT i, 'buy', 10, 1, '1h', 'ai_signal', i, at FROM generate_series(first, last) AS i;
$$;
SET LOCAL plan_cache_mode = force_generic_plan;
SELECT FROM pg_temp.grow(1, 3);
SELECT FROM pg_temp.trade(1, 1, '2024-01-02');
SELECT FROM pg_temp.trade(2, 2, '2024-01-02');
UPDATE trade_actions SET signal_id = NULL WHERE portfolio_id = 1;
UPDATE trade_actions SET signal_id = 1 WHERE portfolio_id = 1;
UPDATE trade_actions SET pnl_realized_usd = 1 WHERE portfolio_id = 1;
SELECT is((SELECT pnl_realized_usd FROM trade_actions WHERE portfolio_id = 1), 0::numeric, 'a profit that is written by hand does not stay');
SELECT FROM pg_temp.grow(4, 40000);

-- Positions are updated one by one, which is not tested here.
ALTER TABLE trade_actions DISABLE TRIGGER trade_actions_inserted;
SET LOCAL statement_timeout = '60s';
SELECT lives_ok($$SELECT pg_temp.trade(3, 40000, '2024-01-03')$$, '39,998 new trades name their signals in time');
SET LOCAL statement_timeout = 0;
ALTER TABLE trade_actions ENABLE TRIGGER trade_actions_inserted;
SELECT results_eq('SELECT count(*), min(signal_id), max(signal_id), count(*) FILTER (WHERE executed_at = ''2024-01-03'') FROM signal_executions',
                  'VALUES (40000::bigint, 1, 40000, 39998::bigint)', 'and have executed all of them');

DELETE FROM signal_executions;
ALTER TABLE trade_actions DISABLE TRIGGER USER;
UPDATE trade_actions SET signal_id = NULL;
ALTER TABLE trade_actions ENABLE TRIGGER USER;
SET LOCAL statement_timeout = '60s';
SELECT lives_ok('UPDATE trade_actions SET signal_id = portfolio_id', '40,000 trades name their signals later, in time');
SET LOCAL statement_timeout = 0;
SELECT is((SELECT count(*) FROM signal_executions), 40000::bigint, 'and have executed all of them too');
UPDATE trading_signals SET signal_type = 'short' WHERE id IN (9000, 9500);
SELECT throws_ok('UPDATE trade_actions SET signal_id = portfolio_id, portfolio_id = portfolio_id + CASE WHEN portfolio_id = 9500 THEN 1 ELSE 0 END', '23514',
                 'a trade names a signal for another asset', 'the one of them that is moved to another asset is refused');

SELECT * FROM finish();
ROLLBACK;
