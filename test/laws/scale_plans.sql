-- In a small market from the generator of bench/scale, frequent queries do not read large tables completely.
BEGIN;
SELECT plan(17);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';
SET LOCAL client_min_messages = warning;
-- As for a solid-state disk.
SET LOCAL random_page_cost = 1.1;
\ir ../../bench/data.sql
\ir ../../bench/scale.sql

-- 20 assets with 3,000 minutes each: two days and two hours.
SELECT FROM bench.fill_assets(20);
SELECT FROM bench.fill_candles(60000, 20);
ANALYZE price_data;
SELECT FROM bench.fill_users(5000);
SELECT FROM bench.fill_alerts(50000, 5000, 20, '2010-01-03 02:00');
SELECT FROM bench.fill_portfolio(10000, 5000, 20, '2010-01-03 02:00');
ANALYZE portfolio;
SELECT FROM bench.fill_actions(1, 2000, '2010-01-03 02:00');
SELECT FROM bench.fill_notifications(20000, 5000, '2010-01-03 02:00');
ANALYZE;

SELECT results_eq(
    'SELECT (SELECT count(*) FROM price_data), (SELECT count(*) FROM users), (SELECT count(*) FROM signal_alerts),
            (SELECT count(*) FROM portfolio), (SELECT count(*) FROM trade_actions), (SELECT count(*) FROM notifications)',
    'VALUES (60000::bigint, 5000::bigint, 50000::bigint, 10000::bigint, 10000::bigint, 20000::bigint)',
    'the generator makes as many rows as it is asked for');
-- Bought 10.5 + 4.25, sold 3 + 2.125.
SELECT is((SELECT count(*) FROM portfolio AS p WHERE p.quantity = 9.625 AND p.trade_status = 'reducing' AND p.stop_loss_price > 0),
          2000::bigint, 'positions are what their actions give');

CREATE FUNCTION pg_temp.scanned() RETURNS bigint LANGUAGE sql AS $$
    SELECT coalesce(sum(s.seq_tup_read), 0)::bigint
    FROM pg_stat_xact_user_tables AS s
    WHERE s.relname IN ('price_data', 'price_data_archive', 'signal_alerts', 'trade_actions', 'portfolio', 'users', 'notifications');
$$;
-- How many rows of these tables a statement reads by sequential scans.
CREATE FUNCTION pg_temp.scans(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before CONSTANT bigint := pg_temp.scanned();
BEGIN
    EXECUTE query;
    RETURN pg_temp.scanned() - before;
END $$;
SELECT is(pg_temp.scans('SELECT count(*) FROM portfolio'), 10000::bigint, 'a scan is noticed');

-- The first run of each reads everything.
DO $$ BEGIN
    PERFORM ca_roll_up_candles('5m', '2010-01-03 02:00'), ca_roll_up_candles('1h', '2010-01-03 02:00');
    PERFORM refresh_assets('2010-01-03 02:00'), check_alerts('2010-01-03 02:00');
    PERFORM ca_update_due_indicators(1);
    PERFORM bench.add_minutes(5);
END $$;
ANALYZE;

SELECT is(pg_temp.scans($$SELECT ca_roll_up_candles('5m', '2010-01-03 02:05')$$), 0::bigint, 'rolling up what is new scans nothing');
SELECT is((SELECT count(*) FROM price_data AS p WHERE p.timeframe = '5m' AND p.candle_time = '2010-01-03 02:00'), 20::bigint,
          'and finds it');
SELECT is(pg_temp.scans($$SELECT refresh_assets('2010-01-03 02:05')$$), 0::bigint, 'refreshing assets scans nothing');
-- Row-level security binds an operator, so an index serves a comparison only if its operator is leakproof.
CREATE ROLE scale_operator;
SELECT grant_operator('scale_operator');
CREATE FUNCTION pg_temp.alerts_fetched(role text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    fetched bigint;
    query CONSTANT text := 'SELECT s.idx_tup_fetch FROM pg_stat_xact_user_tables AS s WHERE s.relname = ''signal_alerts''';
    before bigint;
BEGIN
    EXECUTE query INTO before;
    EXECUTE format('SET LOCAL ROLE %I', role);
    PERFORM count(*) FROM ca_alert_hits(ARRAY(SELECT m.asset_id FROM alert_marks AS m), '2010-01-03 02:05');
    EXECUTE query INTO fetched;
    RESET ROLE;
    RETURN fetched - before;
END $$;
SELECT cmp_ok(pg_temp.alerts_fetched(current_user), '<', 1000::bigint, 'a check reads few of 50,000 alerts');
SELECT cmp_ok(pg_temp.alerts_fetched('scale_operator'), '<', 1000::bigint, 'and so does that of an operator');
SELECT is(pg_temp.scans($$SELECT check_alerts('2010-01-03 02:05')$$), 0::bigint, 'checking alerts scans nothing');
SELECT is(pg_temp.scans($$SELECT count(*) FROM ca_indicators_due()$$), 0::bigint, 'nor does looking for indicators to update');
SELECT is(pg_temp.scans($$SELECT ca_update_due_indicators(1)$$), 0::bigint, 'or updating those of an asset');
SELECT is(pg_temp.scans($$SELECT count(*) FROM ca_archive_due('2010-01-10 02:05')$$), 0::bigint, 'or looking for what is to be archived');
-- A step runs for each asset, so it must not read all other assets each time.
INSERT INTO assets (id, symbol, name, asset_type) SELECT i, 'OTHER' || i, 'Other', 'crypto' FROM generate_series(100001, 102000) AS i;
ANALYZE assets;
CREATE FUNCTION pg_temp.assets_read(query text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    counted CONSTANT text := 'SELECT s.seq_tup_read + s.idx_tup_fetch FROM pg_stat_xact_user_tables AS s WHERE s.relname = ''assets''';
    before bigint;
    read bigint;
BEGIN
    EXECUTE counted INTO before;
    EXECUTE query;
    EXECUTE counted INTO read;
    RETURN read - before;
END $$;
SELECT cmp_ok(pg_temp.assets_read($$SELECT update_technical_indicators(1) FROM ca_indicators_due(2)$$), '<', 100::bigint,
              'looking for indicators of one of 2,020 assets, or updating them, reads few assets');
SELECT cmp_ok(pg_temp.assets_read($$SELECT count(*) FROM ca_archive_due('2010-01-10 02:05', 2)$$), '<', 100::bigint,
              'and so does looking for what is to be archived of one');
SELECT is(pg_temp.scans($$SELECT * FROM portfolio_positions AS v WHERE v.user_id = 77$$), 0::bigint, 'or the portfolio of a user');
SELECT is(pg_temp.scans($$SELECT * FROM claim_notifications(100, '2010-01-03 02:05')$$), 0::bigint, 'or claiming notifications');

-- The planner counts the rows of a transition table once per session, at the first statement. A plan for 100,000 rows
-- would be compiled for each later statement of one row, which takes 300 ms.
SELECT is_empty($$
    SELECT DISTINCT t.tgfoid::regproc
    FROM pg_trigger AS t
    JOIN pg_class AS c ON c.oid = t.tgrelid
    JOIN pg_proc AS p ON p.oid = t.tgfoid
    WHERE c.relnamespace = 'cryptoanalytics'::regnamespace
      AND (t.tgoldtable IS NOT NULL OR t.tgnewtable IS NOT NULL)
      AND coalesce(p.proconfig, '{}') @> '{jit=off}' IS NOT TRUE$$, 'triggers that read many rows at times are never compiled');

SELECT * FROM finish();
ROLLBACK;
