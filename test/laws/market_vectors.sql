-- Snapshots of a market whose candles are given by a formula: values that were computed outside the database, with numpy 1.24
-- and pandas 1.5, TA-Lib's conventions for the indicators.
--
-- Asset k = 0..5, day i = 0..399 from 2024-01-01:
--   close  = round(P exp(g i + a sin(i/T + f) + 0.03 sin(i/5 + k)), 4), open = the close before
--   high   = round(greatest(open, close) (1.004 + 0.003 |sin(i/7)|), 4)
--   low    = round(least(open, close) (0.996 - 0.003 |cos(i/9)|), 4)
--   volume = round(V (1 + 0.5 sin(i/11 + k) + 0.2 cos(i/3)), 2), market_cap = round(close S, 2)
BEGIN;
SELECT plan(85);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'Asia/Kolkata'; -- must not matter

CREATE FUNCTION near(have double precision, want double precision, what text) RETURNS text LANGUAGE sql AS $$
    SELECT CASE WHEN abs(have - want) <= 1e-9 * abs(want) THEN pass(what) ELSE is(have, want, what) END $$;

CREATE TEMP TABLE parameter (k integer, symbol text, p float8, g float8, a float8, t float8, f float8, v float8, s numeric);
INSERT INTO parameter VALUES
    (0, 'BTC', 20000, .0015, .12, 23, 0, 1e10, 19e6), (1, 'ETH', 1500, .0010, .18, 19, 1, 5e9, 120e6), (2, 'AAA', 10, .0005, .25, 17, 2, 2e8, 1e9),
    (3, 'BBB', 5, -.0005, .20, 29, 3, 1e8, 2e9), (4, 'CCC', 2, .0020, .30, 13, 4, 5e7, 5e9), (5, 'DDD', 50, 0, .10, 31, 5, 3e8, 1e8);
ALTER TABLE assets ALTER COLUMN id RESTART WITH 1000;
INSERT INTO assets (id, symbol, name, asset_type) SELECT k + 1, symbol, symbol, 'crypto' FROM parameter;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT c.k + 1, '1d', timestamptz '2024-01-01+00' + c.i * interval '24 hours', o.open,
       round((greatest(o.open, c.close)::float8 * (1.004 + 0.003 * abs(sin(c.i / 7.0::float8))))::numeric, 4),
       round((least(o.open, c.close)::float8 * (0.996 - 0.003 * abs(cos(c.i / 9.0::float8))))::numeric, 4), c.close,
       round((c.v * (1 + 0.5 * sin(c.i / 11.0::float8 + c.k) + 0.2 * cos(c.i / 3.0::float8)))::numeric, 2), round(c.close * c.s, 2)
FROM (SELECT p.*, i, round((p.p * exp(p.g * i + p.a * sin(i / p.t + p.f) + 0.03 * sin(i / 5.0::float8 + p.k)))::numeric, 4) AS close
      FROM parameter AS p CROSS JOIN generate_series(0, 399) AS i) AS c
CROSS JOIN LATERAL (
    SELECT CASE WHEN c.i = 0 THEN c.close
                ELSE round((c.p * exp(c.g * (c.i - 1) + c.a * sin((c.i - 1) / c.t + c.f) + 0.03 * sin((c.i - 1) / 5.0::float8 + c.k)))::numeric, 4) END AS open) AS o;
SELECT is((SELECT concat_ws(' ', open_price, high_price, low_price, close_price, volume) FROM price_data WHERE asset_id = 1 AND candle_time = '2025-02-03+00'),
          '31393.4163 31560.0681 31159.3257 31373.1984 6041790783.76', 'the last candle of BTC is as given');

-- ---- the snapshot without feeds ----
SELECT is(build_metrics_snapshot('1d', '2025-02-04+00') IS NOT NULL, true, 'a snapshot is built');
CREATE TEMP TABLE s AS SELECT * FROM metrics_snapshot;
SELECT is((SELECT concat_ws(' ', price, rsi_14, sma_200, ema_200) FROM s), '31373.20 13.54 31224.52881900 31433.06078509', 'price and averages');
SELECT is((SELECT concat_ws(' ', weekly_return, monthly_return) FROM s), '-2.4949 -3.3215', 'returns of a week and a month');
SELECT is((SELECT liquidity_score FROM s), 0.012460, 'turnover');
SELECT is((SELECT ROW(total, btc_dominance, eth_dominance, usdt_dominance, altcoin_dominance)::text FROM s), '(,,,,)', 'six assets are no total');
SELECT is((SELECT halving_countdown_days FROM s), 1168, 'days until the halving');
SELECT is((SELECT concat_ws(' ', x -> 'composite_metrics' -> 'volatility_index', x -> 'trend_metrics' -> 'momentum_score', x -> 'trend_metrics' -> 'consolidation_score',
                  x -> 'ai_metrics' -> 'regime_volatility_score', x -> 'correlation_metrics' -> 'corr_eth_btc_30d', x -> 'cycle_metrics' -> 'btc_epoch',
                  x -> 'cycle_metrics' -> 'btc_epoch_phase', x -> 'technical_indicators' -> 'bollinger_bandwidth')
           FROM (SELECT extended_metrics AS x FROM s) AS s), '6.0598 0.3767 0.45 0.0452 0.6071 5 0.1989 0.0815', 'scores, rounded');
SELECT is((SELECT concat_ws(' ', x -> 'adx', x -> 'di_plus', x -> 'di_minus', x -> 'atr_14') FROM (SELECT extended_metrics -> 'technical_indicators' AS x FROM s) AS s),
          '52.5753 3.3467 20.2528 499.25863633', 'directional movement and range');
SELECT is((SELECT array_agg(key ORDER BY key COLLATE "C") FROM s, jsonb_object_keys(extended_metrics) AS key),
          '{ai_metrics,composite_metrics,correlation_metrics,cycle_metrics,derivatives_metrics,onchain_metrics,sentiment_metrics,sources,technical_indicators,trend_metrics}',
          'all categories are there');
SELECT is((SELECT extended_metrics -> 'onchain_metrics' FROM s), '{}', 'and what is not known is left out');

-- the same before rounding
CREATE TEMP TABLE v AS SELECT "values" AS v FROM ca_snapshot_values('1d', '{2025-02-04 00:00+00}', '{}');
SELECT near((SELECT (v -> 'trend_metrics.consolidation_score')::float8 FROM v), 0.4500119408, 'choppiness');
SELECT near((SELECT (v -> 'trend_metrics.momentum_score')::float8 FROM v), 137.5 / 365, 'rank of momentum');
SELECT near((SELECT (v -> 'ai_metrics.regime_volatility_score')::float8 FROM v), 16.5 / 365, 'rank of volatility');
SELECT near((SELECT (v -> 'composite_metrics.volatility_index')::float8 FROM v), 6.059804581, 'volatility in percent a year');
SELECT near((SELECT (v -> 'technical_indicators.adx')::float8 FROM v), 52.57528631, 'ADX');
SELECT near((SELECT (v -> 'technical_indicators.di_plus')::float8 FROM v), 3.346699967, '+DI');
SELECT near((SELECT (v -> 'technical_indicators.di_minus')::float8 FROM v), 20.25283251, '-DI');
SELECT near((SELECT (v -> 'technical_indicators.atr_14')::float8 FROM v), 499.2586363, 'ATR');
-- 0.08146056847 has more digits than the eight that were published
SELECT is((SELECT round((v -> 'technical_indicators.bollinger_bandwidth')::numeric, 9) FROM v), 0.081460568, 'bandwidth');

-- ---- the regime: eight votes, of the twelve those on BTC ----
SAVEPOINT regime;
CREATE TEMP TABLE votes AS SELECT * FROM regime_votes('1d', '2025-02-03+00', '2025-02-04+00');
SELECT results_eq('SELECT name, vote FROM votes WHERE vote IS NOT NULL',
                  $$VALUES ('price_vs_sma200', 0), ('sma200_slope', 0), ('sma50_vs_sma200', 1), ('adx_direction', -1), ('drawdown', 1), ('momentum', -1), ('rsi', -1), ('volatility', 0)$$,
                  'the votes of the last bar');
SELECT results_eq('SELECT name, round(value::numeric, 6) FROM votes WHERE name ~ ''price|sma|draw|mom'' ORDER BY 1',
                  $$VALUES ('drawdown', 0.172745), ('momentum', -1.610625), ('price_vs_sma200', 0.004761), ('sma200_slope', 0.008846), ('sma50_vs_sma200', 0.069243)$$,
                  'and what they look at');
SELECT near(1 - (SELECT value FROM votes WHERE name = 'drawdown'), 1 - 0.1727447124, 'drawdown from the high of 365 bars');
SELECT near((SELECT min(s) FROM votes), -0.125, 'their mean');
-- the votes of the seven last bars sum to -0.0127551 x 7 x 8 = -5 / 7
SELECT near((SELECT min(score) FROM votes), -5.0 / 392, 'the mean of seven bars');
SELECT is((SELECT count(build_metrics_snapshot('1d', t)) FROM unnest('{2024-10-28+00,2024-12-07+00,2025-02-04+00}'::timestamptz[]) AS t), 3::bigint, 'three snapshots');
SELECT is((SELECT count(analyse_market_regime(id)) FROM metrics_snapshot), 3::bigint, 'are analysed');
SELECT results_eq($$SELECT regime::text, signal_agreement_score, analysis_data ->> 'raw_score', analysis_data ->> 'score' FROM market_regime_analysis ORDER BY analysis_time$$,
                  $$VALUES ('Bull', 1.00, '1.0000', '1.0000'), ('Bull', 0.75, '0.5000', '0.5893'), ('Sideways', 0.38, '-0.1250', '-0.0128')$$, 'their regimes, and the share of votes that agree');
SELECT is((SELECT ROW(trend_strength_score, volatility_expansion_score, breakout_signal, price_above_ma200)::text FROM market_regime_analysis WHERE analysis_time = '2025-02-04+00'),
          '(0.53,-1.91,f,t)', 'strength of the trend, and ATR below its mean');
SELECT near((SELECT e.expansion FROM ca_volatility_expansions(1, '1d', '2025-02-03+00', '2025-02-04+00') AS e) / 1, (SELECT 100 * (a.atr / a.mean - 1)
             FROM (SELECT i.candle_time, i.atr_14 AS atr, avg(i.atr_14) OVER (ORDER BY i.candle_time ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING) AS mean
                   FROM technical_indicators(1, '1d', until => '2025-02-04+00') AS i) AS a ORDER BY a.candle_time DESC LIMIT 1), 'as plain SQL has it');
SELECT results_eq($$SELECT l ->> 'type', (l -> 'value')::numeric, (l -> 'strength')::numeric
                    FROM market_regime_analysis AS r, jsonb_array_elements(r.key_levels) WITH ORDINALITY AS e (l, place)
                    WHERE r.analysis_time = '2025-02-04+00' AND place <= 4 ORDER BY place$$,
                  $$VALUES ('resistance', 33385.0762, 1.00), ('resistance', 32070.5752, 0.93), ('resistance', 36791.2613, 0.81), ('resistance', 35413.4658, 0.75)$$, 'the strongest levels');
SELECT is((SELECT analysis_data -> 'rationale' ->> 3 FROM market_regime_analysis WHERE analysis_time = '2025-02-04+00'), 'adx_direction: 52.5753 (Bear)', 'each vote that is cast has a line');
-- another setting is another version of the rules, with rows of its own
SELECT is((SELECT count(*) FROM ai_models WHERE name = 'market rules' AND is_active AND version ~ '^1-[0-9a-f]{8}$' AND architecture = 'ensemble' AND model_type = 'macro'), 1::bigint, 'the rules are a model');
SET LOCAL cryptoanalytics.regime = 'smoothing=1,threshold=0.1,weight.sma50_vs_sma200=0';
SELECT ok(analyse_market_regime((SELECT id FROM metrics_snapshot WHERE snapshot_time = '2025-02-04+00')) IS NOT NULL, 'with other settings');
-- without the cross the votes are 0 0 -1 +1 -1 -1 0: -2 of 7
SELECT results_eq($$SELECT r.regime::text, r.analysis_data ->> 'score', m.is_active FROM market_regime_analysis AS r JOIN ai_models AS m ON m.id = r.ai_model_id WHERE analysis_time = '2025-02-04+00' ORDER BY r.id$$,
                  $$VALUES ('Sideways', '-0.0128', false), ('Bear', '-0.2857', true)$$, 'there is another row, of another version');
SET LOCAL cryptoanalytics.regime = 'min_votes=9';
SELECT is(analyse_market_regime((SELECT id FROM metrics_snapshot WHERE snapshot_time = '2025-02-04+00')), NULL, 'eight votes are not enough where nine are asked for');
RESET cryptoanalytics.regime;
-- what a model predicts stands beside what the rules say, and analyses of its own are left alone
INSERT INTO ai_models (id, name, version, model_type, is_active) OVERRIDING SYSTEM VALUE VALUES (1000, 'oracle', '1', 'macro', true), (1001, 'oracle', '2', 'macro', false);
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, predicted_value, confidence_score, created_at, target_datetime) VALUES
    (1, 1000, 'regime', '{"regime": "Bear"}', 0.8, '2025-02-04+00', '2025-02-05+00'), (1, 1000, 'regime', '{"regime": "Bull"}', 0.9, '2025-02-03+00', '2025-02-05+00'),
    (1, 1000, 'regime', '{"regime": "Bull"}', 0.9, '2025-02-04 00:00:00.000001+00', '2025-02-05+00'), (1, 1001, 'regime', '{"regime": "Bull"}', 0.9, '2025-02-04+00', '2025-02-05+00');
INSERT INTO market_regime_analysis (metrics_snapshot_id, ai_model_id, analysis_time, regime) SELECT id, 1000, snapshot_time, 'Bull' FROM metrics_snapshot WHERE snapshot_time = '2025-02-04+00';
SELECT ok(analyse_market_regime((SELECT id FROM metrics_snapshot WHERE snapshot_time = '2025-02-04+00')) IS NOT NULL, 'a model has predicted the regime');
SELECT is((SELECT ROW(regime, ai_regime_prediction, ai_confidence_score)::text FROM latest_market_regime WHERE timeframe = '1d'), '(Sideways,Bear,0.80)', 'the newest that was made in time counts');
SELECT is((SELECT ROW(regime, analysis_data)::text FROM market_regime_analysis WHERE ai_model_id = 1000), '(Bull,)', 'the model''s own analysis is left alone');
-- with volatility ranked among fewer bars, both the snapshot and the vote are others
SET LOCAL cryptoanalytics.regime = 'volatility_bars=10,rank_bars=100';
SELECT is((SELECT round((v."values" -> 'ai_metrics.regime_volatility_score')::numeric, 12) FROM ca_snapshot_values('1d', '{2025-02-04 00:00+00}', '{}') AS v),
          (SELECT round(value::numeric, 12) FROM regime_votes('1d', '2025-02-03+00', '2025-02-04+00') WHERE name = 'volatility'), 'the vote looks at the score of the snapshot');
RESET cryptoanalytics.regime;
ROLLBACK TO regime;

-- ---- correlations, of ETH and of what stands in for it ----
CREATE FUNCTION correlation(symbol text) RETURNS double precision LANGUAGE plpgsql AS $$
BEGIN
    UPDATE assets AS a SET symbol = p.symbol || '?' FROM parameter AS p WHERE a.id = p.k + 1;
    UPDATE assets AS a SET symbol = 'ETH' FROM parameter AS p WHERE a.id = p.k + 1 AND p.symbol = correlation.symbol;
    RETURN (SELECT (d."values" -> 'correlation_metrics.corr_eth_btc_30d')::float8 FROM ca_snapshot_days(1, '{2025-02-04 00:00+00}') AS d);
END $$;
SELECT near(correlation(x.symbol), x.want, 'correlation with BTC of ' || x.symbol)
FROM (VALUES ('ETH', 0.6070977084), ('AAA', -0.7304654815), ('BBB', -0.9205245893), ('CCC', 0.5337902129), ('DDD', 0.1482844542)) AS x (symbol, want);
SELECT is(correlation('ETH') IS NOT NULL, true, 'ETH is itself again');
UPDATE assets AS a SET symbol = p.symbol FROM parameter AS p WHERE a.id = p.k + 1;
SAVEPOINT gaps;
DELETE FROM price_data WHERE asset_id = 2 AND candle_time BETWEEN '2025-01-25+00' AND '2025-01-27+00';
SELECT near(correlation('ETH'), 0.5010652667, 'of ETH without three days, from 26 pairs');
ROLLBACK TO gaps;
-- 21 returns are left without ten days on end, and 19 without twelve
DELETE FROM price_data WHERE asset_id = 2 AND candle_time BETWEEN '2025-01-10+00' AND '2025-01-17+00';
SELECT is(correlation('ETH') IS NOT NULL, true, '21 pairs give a correlation');
DELETE FROM price_data WHERE asset_id = 2 AND candle_time = '2025-01-18+00';
DELETE FROM price_data WHERE asset_id = 2 AND candle_time = '2025-01-19+00';
SELECT is(correlation('ETH'), NULL, '19 do not');
ROLLBACK TO gaps;

-- ---- returns with missing days ----
DELETE FROM price_data WHERE asset_id = 1 AND candle_time = '2025-01-27+00';
SELECT near((SELECT (r."values" -> 'weekly_return')::float8 FROM ca_snapshot_returns(1, '{2025-02-04 00:00+00}') AS r),
            100 * (31373.1984 / (SELECT close_price FROM price_data WHERE asset_id = 1 AND candle_time = '2025-01-26+00') - 1)::float8,
            'the close of a day before stands in for that of a week before');
SELECT is(round((SELECT (r."values" -> 'weekly_return')::numeric FROM ca_snapshot_returns(1, '{2025-02-04 00:00+00}') AS r), 4), -3.0437, 'which makes it -3.0437 %');
DELETE FROM price_data WHERE asset_id = 1 AND candle_time IN ('2025-01-25+00', '2025-01-26+00');
SELECT is((SELECT r."values" -> 'weekly_return' FROM ca_snapshot_returns(1, '{2025-02-04 00:00+00}') AS r), NULL, 'one of three days before is too old');
ROLLBACK TO gaps;

-- ---- totals ----
INSERT INTO assets (id, symbol, name, asset_type, quote_currency) VALUES (10, 'TOTAL', 'Total', 'index', 'USD (B)');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price) VALUES (10, '1d', '2025-02-03+00', 1000, 1000, 1000, 1000);
SELECT is((SELECT concat_ws(' ', t.total, round(t.btc_dominance::numeric, 2), t.sources ->> 'total', t.sources ->> 'btc_dominance') FROM market_totals('2025-02-04+00') AS t),
          '1000000000000 59.61 series cap', 'the dominance of BTC in a total that is fed');
-- 596090769600 of 1e12; ETH has 120e6 of its close
SELECT near((SELECT t.btc_dominance FROM market_totals('2025-02-04+00') AS t), 59.6090769600, 'before rounding');
SELECT is(build_metrics_snapshot('1d', '2025-02-04+00') IS NOT NULL, true, 'the snapshot is built again');
SELECT is((SELECT concat_ws(' ', total, btc_dominance, eth_dominance) FROM metrics_snapshot),
          concat_ws(' ', '1000000000000.00', '59.61', (SELECT round(market_cap / 1e10, 2) FROM price_data WHERE asset_id = 2 AND candle_time = '2025-02-03+00')),
          'the snapshot has it');
SELECT is((SELECT round(s.altcoin_dominance::numeric, 2) FROM ca_market_shares(60, 0, 3000e9, 200e9, 1900e9, 400e9, 140e9, 0, 3250.5e9, NULL, NULL, NULL, NULL, '{}') AS s),
          35.39, 'altcoins are what is neither BTC nor a stablecoin');
SELECT is((SELECT s.altcoin_dominance FROM ca_market_shares(60, 0, 3000e9, 200e9, 1900e9, 400e9, NULL, 0, 3250.5e9, NULL, NULL, NULL, NULL, '{}') AS s),
          NULL, 'not known without USDT');
SELECT is((SELECT s.altcoin_dominance FROM ca_market_shares(60, 0, 3000e9, 200e9, 1900e9, 400e9, NULL, 0, 4000e9, NULL, NULL, NULL, 1000e9, '{}') AS s),
          25::float8, 'TOTAL2ES in percent of the total');
SELECT is((SELECT s.total FROM ca_market_shares(49, 0, 3000e9, 200e9, 1900e9, 400e9, 140e9, 0, NULL, NULL, NULL, NULL, NULL, '{}') AS s), NULL, '49 assets are no total');
SELECT is((SELECT concat_ws(' ', s.total, s.sources ->> 'total') FROM ca_market_shares(50, 2, 3000e9, 200e9, 1900e9, 400e9, 140e9, 0, NULL, NULL, NULL, NULL, NULL, '{}') AS s),
          '3000000000000 assets:50', 'and 50 are');
SET LOCAL cryptoanalytics.market = 'altcoins_include_stablecoins=on';
SELECT near((SELECT s.altcoin_dominance FROM ca_market_shares(60, 0, 3000e9, 200e9, 1900e9, 400e9, NULL, 0, 3250.5e9, NULL, NULL, NULL, NULL, '{}') AS s),
            100 - 190000 / 3250.5, 'with the stablecoins they are all but BTC');
RESET cryptoanalytics.market;

-- ---- halvings ----
SELECT is((SELECT concat_ws(' ', h.days, round(h.phase::numeric, 4), h.epoch) FROM halving_schedule(t) AS h), want, 'the halving as of ' || t)
FROM (VALUES (timestamptz '2012-06-01 00:00+00', '214 0.8532 1'), ('2024-04-20 00:09+00', '19 0.9869 4'), ('2024-04-20 00:10+00', '1458 0.0000 5'),
             ('2025-02-04 00:00+00', '1168 0.1989 5')) AS v (t, want);
SELECT is((SELECT h.days FROM halving_schedule('2009-01-03 18:15:04+00') AS h), NULL, 'before the first block there is none');
-- block 880,000: 210,000 - 880,000 mod 210,000 = 170,000 blocks of ten minutes are 1180.55 days; 40,000 of 210,000 are done, in epoch 5
SELECT is(record_metric('btc_block_height', 880000, '2025-02-04+00'), true, 'the height of the chain is fed');
SELECT is((SELECT concat_ws(' ', h.next AT TIME ZONE 'UTC', h.days, round(h.phase::numeric, 4), h.epoch) FROM halving_schedule('2025-02-04+00') AS h),
          concat_ws(' ', timestamp '2025-02-04' + interval '102000000 seconds', 1180, 0.1905, 5), 'and tells how many blocks are left');

-- ---- breadth ----
SET LOCAL cryptoanalytics.market = 'min_assets=5';
SELECT is((SELECT concat_ws(' ', advancers, decliners, unchanged, new_highs, new_lows, high_low_ratio) FROM market_breadth('2025-02-04+00', 90)), '1 5 0 0 1 0', 'one of six rose, and one made a low');
SELECT near((SELECT b.advancers_ratio FROM market_breadth('2025-02-04+00', 90) AS b), 1.0 / 6, 'share of those that rose');
SELECT near((SELECT b.above_sma50 FROM market_breadth('2025-02-04+00', 90) AS b), 1.0 / 6, 'share above the mean of 50 days');
RESET cryptoanalytics.market;
SELECT is((SELECT b.advancers_ratio FROM market_breadth('2025-02-04+00', 90) AS b), NULL, 'of six assets there is no share');
-- twelve assets that closed at 100 and then at 98 + 7k mod 5: four rose, five fell, three stayed
INSERT INTO assets (id, symbol, name, asset_type) SELECT 100 + k, 'T' || k, 'Twelve', 'crypto' FROM generate_series(0, 11) AS k;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 100 + k, '1d', d.day, d.close, d.close, d.close, d.close
FROM generate_series(0, 11) AS k
CROSS JOIN LATERAL (VALUES (timestamptz '2025-03-01+00', 100), ('2025-03-02+00', 98 + 7 * k % 5)) AS d (day, close);
SELECT is((SELECT concat_ws(' ', universe, advancers, decliners, unchanged) FROM market_breadth('2025-03-03+00')), '12 4 5 3', 'twelve assets');
SELECT near((SELECT advancers_ratio FROM market_breadth('2025-03-03+00')), 4.0 / 9, 'four of nine that moved rose');

-- ---- months ----
INSERT INTO assets (id, symbol, name, asset_type) VALUES (200, 'JAN', 'January', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 200, '1M', (make_date(2020 + y::integer, 1, 1) - m.before * interval '1 month') AT TIME ZONE 'UTC', m.close, m.close, m.close, m.close
FROM unnest('{110,90,120,105}'::numeric[]) WITH ORDINALITY AS j (close, y)
CROSS JOIN LATERAL (VALUES (1, 100), (0, j.close)) AS m (before, close);
SELECT is((SELECT concat_ws(' ', month, years, positive, round(mean_return::numeric, 9)) FROM seasonality(200, '2024-12-15+00') WHERE month = 1),
          '1 4 0.75 0.062500000', 'three Januaries of four were positive');
SELECT is((SELECT r."values" -> 'cycle_metrics.seasonality_score' FROM ca_snapshot_returns(200, '{2025-01-15 00:00+00}') AS r), '0.75', 'which is the score in a January');
SELECT is((SELECT r."values" -> 'cycle_metrics.seasonality_score' FROM ca_snapshot_returns(200, '{2023-01-15 00:00+00}') AS r), NULL, 'two are not enough');

-- ---- ranks ----
SELECT is(ARRAY[ca_rank(1, '{3,1,4,1,5}', 1), ca_rank(5, '{3,1,4,1,5}', 1), ca_rank(2, '{2,2,2}', 1), ca_rank(2, '{2,NULL,2}', 3)],
          '{0.2,0.9,0.5,NULL}', 'ranks between 0 and 1, ties in the middle');

-- ---- funding ----
SELECT is((SELECT count(*) FROM generate_series(0, 23) AS k
           WHERE record_metric('funding_rate_btc', round((.0001 + .00002 * sin(k::float8))::numeric, 8), timestamptz '2025-02-04+00' - (23 - k) * interval '8 hours')), 24::bigint, 'funding rates of eight days');
SELECT is((SELECT round(f.difference::numeric, 12) FROM ca_funding_trends('{2025-02-04 00:00+00}') AS f), -0.000001073810, 'their trend');
SELECT is((SELECT v."values" ->> 'derivatives_metrics.funding_rate_trend' FROM ca_snapshot_values('1d', '{2025-02-04 00:00+00}', '{}') AS v), 'flat', 'is flat');
SET LOCAL cryptoanalytics.market = 'funding_band=0.000001';
SELECT is((SELECT v."values" ->> 'derivatives_metrics.funding_rate_trend' FROM ca_snapshot_values('1d', '{2025-02-04 00:00+00}', '{}') AS v), 'falling', 'in a narrower band it falls');
RESET cryptoanalytics.market;
SELECT is((SELECT count(*) FROM (VALUES (2.0e10, '2025-02-03+00'), (2.1e10, '2025-02-04+00')) AS o (value, moment)
           WHERE record_metric('open_interest_btc', o.value, o.moment::timestamptz)), 2::bigint, 'open interest of two days');
SELECT is((SELECT round((v."values" -> 'derivatives_metrics.oi_change_24h')::numeric, 9) FROM ca_snapshot_values('1d', '{2025-02-04 00:00+00}', '{}') AS v), 5.000000000, 'rose by 5 %');

SELECT * FROM finish();
ROLLBACK;
