-- The database that before.sql and fill.sql filled, dumped and restored. digests.sql has shown that all rows are back;
-- this test continues from there.
BEGIN;
SELECT plan(25);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;

SELECT is((SELECT count(*) FROM price_history WHERE compressed AND asset_id = asset_id('DUMP')), 71::bigint, 'three days of hours, but for the late one');
SELECT set_eq('SELECT asset_id, technical_indicators IS NULL FROM price_data_segments', $$VALUES (asset_id('DUMP'), true), (asset_id('BARE'), true), (asset_id('KEPT'), false)$$,
              'with their indicators, or without');
SELECT is((SELECT count(*) FROM technical_indicator_notes WHERE asset_id IN (SELECT id FROM assets WHERE symbol IN ('DUMP', 'LATE', 'BARE', 'KEPT'))), 1::bigint, 'one change was noted, and restoring candles notes none');

SELECT is((SELECT count(*) FROM notifications WHERE id = 1), 1::bigint, 'an alert had gone off');
-- Candles at the ends of time do not matter.
SELECT is(check_alerts('2024-01-12 00:00+00'), 0::bigint, 'and does not do so again');
SELECT results_eq('SELECT id, referral_count FROM users WHERE id BETWEEN 1 AND 5 ORDER BY id', 'VALUES (1, 2), (2, 7), (3, 1), (4, 0), (5, 0)', 'counts are what they were, also one that nothing explains');
SELECT is((SELECT count(*) FROM user_activities AS a JOIN user_sessions AS s ON s.id = a.session_id WHERE s.session_token LIKE 'purged %'), 1::bigint,
          'an activity of a session that was purged is there');
SELECT results_eq('SELECT id, quantity, trade_status FROM portfolio WHERE id BETWEEN 1 AND 3 ORDER BY id', $$VALUES (1, 2.0, 'reducing'::varchar), (2, 0.0, 'closed'), (3, 5.0, 'open')$$,
                  'positions are what they were, also one that its actions do not give');

-- fill.sql inserted candles of assets that had none.
SELECT is(refresh_assets('2024-01-17 10:00+00'), (SELECT count(DISTINCT h.asset_id) FROM price_history AS h WHERE h.asset_id NOT BETWEEN 1 AND 4 AND h.candle_time < '2024-01-17'),
          'a refresh goes on where it was');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (asset_id('LATE'), '4h', '2023-01-01 00:00+00', 1000, 1000, 100, 100);
SELECT is(refresh_assets('2024-01-17 10:00+00'), 1::bigint, 'and changes one asset when a candle comes late');
SELECT is((SELECT ath FROM assets WHERE id = asset_id('LATE')), 1000.00000000, 'which it finds');
DELETE FROM price_data WHERE timeframe = '4h';
INSERT INTO users (email, password_hash, referred_by) VALUES ('new@example.org', 'x', 1);
SELECT is((SELECT referral_count FROM users WHERE id = 1), 3, 'referrals are counted on');
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source, created_at)
VALUES (1, 'full_exit', 12, 2, '1h', 'manual', '2024-01-03');
-- 24 + 12 - 0.5 of the exits, less 30 + 0.5 of the entry.
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
          25::bigint, 'the late candle and the rest of the archive are compressed after the others');
SELECT is(roll_up_api_logs('hourly', '2023-01-01 00:00+00', '2024-03-01 00:00+00'), 0::bigint, 'rolling up again changes nothing');
SELECT is(prune_api_logs('2024-03-01 00:00+00'), 1::bigint, 'and what was rolled up before the dump can be pruned');

SELECT throws_ok('DROP EXTENSION cryptoanalytics', '2BP01', 'extension cryptoanalytics holds rows', 'the guard is back');
SET LOCAL ROLE dumped_analyst;
SELECT results_eq('SELECT id FROM users WHERE id BETWEEN 1 AND 2 ORDER BY id', 'VALUES (1), (2)', 'an analyst sees all users');
SELECT throws_ok('SELECT password_hash FROM users', '42501', 'permission denied for table users', 'but no hash');
SET LOCAL ROLE dumped_application;
SET LOCAL cryptoanalytics.user_id = 2;
SELECT results_eq('SELECT id FROM users', 'VALUES (2)', 'an application sees one user');
RESET ROLE;

SELECT * FROM finish();
ROLLBACK;
