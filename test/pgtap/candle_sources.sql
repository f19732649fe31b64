-- Scoring, indicators and roll-ups agree on a series whose minutes are stored in pieces: some as
-- minutes, some as coarser candles, live, archived and compressed.
BEGIN;
SELECT plan(8);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

--
-- a feed that lags: what is rolled up of it has come no further
--
INSERT INTO assets (symbol, name, asset_type) VALUES ('LAGS', 'Lags', 'crypto');
CREATE FUNCTION pg_temp.minutes(since timestamptz, until timestamptz, price numeric) RETURNS void LANGUAGE sql AS $$
    INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
    SELECT asset_id('LAGS'), '1m', t, price, price, price, price, 1 FROM generate_series(since, until, '1 minute') AS t $$;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'sources', '1', 'asset');
SELECT pg_temp.minutes('2024-01-01 08:00', '2024-01-01 11:09', 100);
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, created_at, target_datetime)
VALUES (asset_id('LAGS'), 1, 'price', 150, '2024-01-01 08:00', '2024-01-01 12:00');
SELECT is(rollup_candles('15m') + rollup_candles('1h'), 17::bigint, 'minutes to 11:09 make an hour from 11:00 to 12:00');
SELECT is(score_predictions('2024-01-01 12:00:05'), 0::bigint, 'which does not say that the feed has come to 12:00');
SELECT is((SELECT u.reason FROM unscored_predictions('2024-01-01 12:00:05') AS u), 'no candle has reached the target yet', 'nor does the reason');
SELECT pg_temp.minutes('2024-01-01 11:10', '2024-01-01 11:59', 200);
SELECT is(score_predictions('2024-01-01 12:00:05'), 1::bigint, 'the minute before 12:00 does');
SELECT is((SELECT actual_price FROM predictions), 200::numeric, 'and its close counts');
-- in the market's silence the first candle after the target tells, of whatever it was made
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_price, created_at, target_datetime)
VALUES (asset_id('LAGS'), 1, 'price', 150, '2024-01-01 08:00', '2024-01-01 13:00');
SELECT pg_temp.minutes('2024-01-01 12:00', '2024-01-01 12:09', 300);
SELECT pg_temp.minutes('2024-01-01 13:00', '2024-01-01 13:01', 400);
SELECT is(rollup_candles('1h') + rollup_candles('30m') + rollup_candles('15m'), 19::bigint, 'an hour of ten minutes, one of two, and the shorter ones');
DELETE FROM price_data WHERE asset_id = asset_id('LAGS') AND timeframe = '1m' AND candle_time >= '2024-01-01 13:00';
SELECT is(score_predictions('2024-01-01 13:10'), 0::bigint, 'before a candle has closed nothing is scored');
SELECT is(score_predictions('2024-01-01 13:20'), 1::bigint, 'then it is');

SELECT * FROM finish();
ROLLBACK;
