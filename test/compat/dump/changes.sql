-- The changes of a day, in the published database that before.sql and fill.sql filled.
SET search_path = cryptoanalytics, public;

SELECT put(asset_id('DUMP'), 400, 449);
SELECT update_technical_indicators(asset_id('DUMP'));
CALL archive_price_data(older_than => '2024-01-07 00:00+00', timeframe => '1h', asset => asset_id('DUMP'));
CALL compress_price_archive(older_than => '2024-01-06 00:00+00', asset => asset_id('DUMP'));
UPDATE price_data SET close_price = close_price - 0.25
WHERE asset_id = asset_id('LATE') AND candle_time = '2024-01-12 00:00+00';

-- A trade; a position that is deleted with its actions; a user who is deleted with everything that belongs to it.
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source, created_at)
VALUES (-2147483648, 'partial_exit', 80, 0.25, '1h', 'manual', '2024-01-05 00:00+00');
DELETE FROM portfolio WHERE id = 104;
DELETE FROM users WHERE id = 2147483647;
UPDATE users SET email = repeat('long', 5000) || '@example.org', preferences = NULL WHERE id = 104;
TRUNCATE external_api_logs;
