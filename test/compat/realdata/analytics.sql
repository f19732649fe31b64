-- Risk, breakouts and correlation of three weeks of Binance.US hours, against numpy, pandas and plain SQL
-- run apart from the extension.
BEGIN;
SELECT plan(6);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL timezone = 'UTC';

INSERT INTO assets (symbol, name, asset_type) VALUES ('RISK USDT', 'Bitcoin', 'crypto'), ('RISK USDC', 'Bitcoin', 'crypto');
CREATE TEMP TABLE file (time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric);
-- \copy knows no variables, but a line may be one
\set load '\\copy file FROM ''' :data '/binanceus_BTCUSDT_1m_2023-03.csv'' WITH (FORMAT csv, HEADER)'
:load
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('RISK USDT'), '1m', time, open, high, low, close, volume FROM file;
TRUNCATE file;
\set load '\\copy file FROM ''' :data '/binanceus_BTCUSDC_1m_2023-03.csv'' WITH (FORMAT csv, HEADER)'
:load
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT asset_id('RISK USDC'), '1m', time, open, high, low, close, volume FROM file;
SELECT rollup_candles('1h', asset_id('RISK USDT')) + rollup_candles('1h', asset_id('RISK USDC')) AS hours \gset
SELECT is(:hours::bigint, 2 * 504::bigint, 'there are three weeks of hours');

-- the last 168 hours: 8760 hours a year
CREATE TEMP TABLE hour AS
SELECT row_number() OVER (ORDER BY c.time) - 1 AS i, c.*, r.return
FROM candles(asset_id('RISK USDT'), '1h') AS c
JOIN returns(asset_id('RISK USDT'), '1h') AS r USING (time);
SELECT results_eq($$ SELECT round(realized_volatility(return, 8760)::numeric, 10), round(parkinson_volatility(high, low, 8760)::numeric, 9),
                            round(garman_klass_volatility(open, high, low, close, 8760)::numeric, 9) FROM hour WHERE i >= 336 $$,
                  'VALUES (0.6274194775, 0.713497002, 0.743956002)', 'volatilities are those of numpy');
SELECT results_eq($$ SELECT round(max_drawdown(close ORDER BY i)::numeric, 10), round(choppiness(high, low, close ORDER BY i)::numeric, 10) FROM hour $$,
                  'VALUES (-0.1778239005, 0.6270160026)', 'so are drawdown and choppiness');
SELECT results_eq($$ SELECT round(m.correlation::numeric, 10), m.pairs
                     FROM correlation_matrix(ARRAY[asset_id('RISK USDT'), asset_id('RISK USDC')], '1h', 168, '2023-03-22') AS m $$,
                  'VALUES (0.9849241055, 168), (0.9849241055, 168)', 'two markets of one coin correlate as pandas says');

-- positions of bars
CREATE TEMP TABLE breakout AS
SELECT h.i, b.* FROM breakouts(asset_id('RISK USDT'), '1h') AS b JOIN hour AS h USING (time);
SELECT results_eq($$ SELECT count(*), array_agg(i ORDER BY i) FILTER (WHERE fresh) FROM breakout $$,
                  $$ VALUES (32::bigint, '{49,91,97,135,158,190,208,226,241,281,302,324,385,447,492}'::bigint[]) $$,
                  '32 hours break out of the 20 before them, 15 of them after none of their direction');
SELECT results_eq($$ SELECT i FROM breakout WHERE retested_at IS NOT NULL ORDER BY i $$,
                  $$ VALUES (91::bigint), (97), (158), (190), (226), (241), (324) $$, 'seven of those were tested and held');

SELECT * FROM finish();
ROLLBACK;
