-- The database that before.sql and fill.sql filled, dumped and restored: digests.sql has told that all
-- rows are back; this goes on from there.
BEGIN;
SELECT plan(39);
SELECT plan(9);
SET LOCAL search_path = cryptoanalytics, public;

SELECT is((SELECT count(*) FROM price_history WHERE compressed AND asset_id = asset_id('DUMP')), 71::bigint, 'three days of hours, but for the late one');
SELECT set_eq('SELECT asset_id, technical_indicators IS NULL FROM price_data_segments', $$VALUES (asset_id('DUMP'), true), (asset_id('BARE'), true), (asset_id('KEPT'), false)$$,
              'with their indicators, or without');
SELECT is((SELECT count(*) FROM technical_indicator_notes), 1::bigint, 'one change was noted, and restoring candles notes none');

SELECT results_eq('SELECT * FROM watchlist_assets ORDER BY id', 'SELECT * FROM dumped_entries ORDER BY id', 'watchlists keep their positions, gaps too');
SELECT results_eq('SELECT * FROM notifications ORDER BY id', 'SELECT * FROM dumped_notifications ORDER BY id', 'notifications are what they were');
SELECT results_eq('SELECT * FROM ai_recommendations ORDER BY id', 'SELECT * FROM dumped_recommendations ORDER BY id', 'so are recommendations');
SELECT results_eq('SELECT * FROM trading_signals', 'SELECT * FROM dumped_signals', 'signals are neither executed nor computed by a restore');
SELECT results_eq('SELECT * FROM signal_alerts ORDER BY id', 'SELECT * FROM dumped_alerts ORDER BY id', 'alerts are as they were');
SELECT results_eq('SELECT * FROM alert_marks', 'SELECT * FROM dumped_marks', 'and so is how far they were checked');
SELECT is((SELECT count(*) FROM notifications WHERE title <> 'Old'), 1::bigint, 'one had gone off');
SELECT is(check_alerts('2024-01-12 00:00+00'), 0::bigint, 'and does not do so again');
SELECT results_eq('SELECT * FROM users ORDER BY id', 'SELECT * FROM dumped_users ORDER BY id', 'every user is back, with the counts there were');
SELECT results_eq('SELECT id, referral_count FROM users ORDER BY id', 'VALUES (1, 2), (2, 7), (3, 1), (4, 0), (5, 0)', 'also one that nothing explains');
SELECT results_eq('SELECT * FROM user_sessions ORDER BY id', 'SELECT * FROM dumped_sessions ORDER BY id', 'so is every session');
SELECT results_eq('SELECT * FROM user_activities ORDER BY id', 'SELECT * FROM dumped_activities ORDER BY id', 'and every activity');
SELECT is((SELECT count(*) FROM user_activities AS a JOIN user_sessions AS s ON s.id = a.session_id WHERE s.session_token LIKE 'purged %'), 1::bigint,
          'one is of a session that was purged');
SELECT results_eq('SELECT * FROM portfolio ORDER BY id', 'SELECT * FROM dumped_positions ORDER BY id', 'every position is back');
SELECT results_eq('SELECT id, quantity, trade_status FROM portfolio WHERE id <= 3 ORDER BY id', $$VALUES (1, 2.0, 'reducing'::varchar), (2, 0.0, 'closed'), (3, 5.0, 'open')$$,
                  'also one that its actions do not give');
SELECT results_eq('SELECT * FROM trade_actions ORDER BY id', 'SELECT * FROM dumped_actions ORDER BY id', 'and every action');
SELECT results_eq('SELECT * FROM assets ORDER BY id', 'SELECT * FROM dumped_assets ORDER BY id', 'every asset is as it was');
SELECT results_eq('SELECT * FROM background_tasks ORDER BY id', 'SELECT * FROM dumped_tasks ORDER BY id', 'and every task, in whatever state and with what times it had');

SELECT is(refresh_assets('2024-01-17 10:00+00'), 0::bigint, 'a refresh goes on where it was');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (asset_id('LATE'), '4h', '2023-01-01 00:00+00', 1000, 1000, 100, 100);
SELECT is(refresh_assets('2024-01-17 10:00+00'), 1::bigint, 'and changes one asset when a candle comes late');
SELECT is((SELECT ath FROM assets WHERE id = asset_id('LATE')), 1000.00000000, 'which it finds');
DELETE FROM price_data WHERE timeframe = '4h';
INSERT INTO users (email, password_hash, referred_by) VALUES ('new@example.org', 'x', 1);
SELECT is((SELECT referral_count FROM users WHERE id = 1), 3, 'referrals are counted on');
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source, created_at)
VALUES (1, 'full_exit', 12, 2, '1h', 'manual', '2024-01-03');
-- 24 + 12 - 0.5 of the exits less 30 + 0.5 of the entry
SELECT results_eq('SELECT trade_status, trim_scale(pnl_realized_usd) FROM portfolio WHERE id = 1', $$VALUES ('closed'::varchar, 5.0)$$, 'and positions go on');

SELECT is(update_technical_indicators(asset_id('DUMP')), 0::bigint, 'a series that was up to date is');
SELECT put(asset_id('DUMP'), 400, 409);
SELECT is(update_technical_indicators(asset_id('DUMP')), 10::bigint, 'and goes on from its state');
SELECT is(update_technical_indicators(asset_id('LATE')), 400::bigint - 9 * 24, 'a change from before the dump is made good');

CREATE TEMP TABLE resumed AS SELECT id, technical_indicators FROM price_data;
CREATE TEMP TABLE states AS SELECT asset_id, candle_time, candles, state FROM technical_indicator_states;
DELETE FROM technical_indicator_states;
SELECT is((SELECT sum(update_technical_indicators(asset_id(s))) FROM unnest(ARRAY['DUMP', 'LATE', 'BARE', 'KEPT']) AS s), 0::numeric,
          'from scratch no candle would have another value');
SELECT set_eq('SELECT asset_id, candle_time, candles, state FROM technical_indicator_states', 'SELECT * FROM states', 'nor another state');

SELECT is((SELECT b.moved FROM ca_compress_batch(false, asset_id('DUMP'), '1h', '-infinity', 'infinity', 1000, true) AS b),
          25::bigint, 'the late candle and the rest of the archive are compressed behind the others');
SELECT results_eq('SELECT * FROM ai_models ORDER BY id', 'SELECT * FROM dumped_models ORDER BY id',
                  'no model has another last prediction for its predictions being restored');
SELECT results_eq('SELECT * FROM analytics_data ORDER BY id', 'SELECT * FROM dumped_analytics ORDER BY id', 'so is what was rolled up');
SELECT is(roll_up_api_logs('hourly', '-infinity', '2024-03-01 00:00+00'), 0::bigint, 'rolling up again changes nothing');
SELECT is(prune_api_logs('2024-03-01 00:00+00'), 1::bigint, 'and what was rolled up before the dump can be pruned');

SELECT * FROM finish();
ROLLBACK;
