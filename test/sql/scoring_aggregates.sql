-- Error metrics of predictions.
\pset null NULL

--
-- (actual, predicted)
--

-- known values: |e| is 0.5, 0.5, 0, 1, so mae = 2/4, mse = 1.5/4,
-- rmse = sqrt(0.375) = 0.612372435696, medae = the middle of 0, 0.5, 0.5, 1
SELECT mae(a, p), mse(a, p), round(rmse(a, p)::numeric, 12) AS rmse, medae(a, p), max_error(a, p)
FROM (VALUES (3, 2.5), (-0.5, 0), (2, 2), (7, 8)) AS t (a, p);

-- mape = (1/6 + 1 + 0 + 1/7) / 4, smape = 2/4 * (1/11 + 1 + 0 + 1/15),
-- wape = 2 / 12.5; the mean is 2.875, so r2 = 1 - 1.5 / 29.1875
SELECT round(mape(a, p)::numeric, 12) AS mape, round(smape(a, p)::numeric, 12) AS smape,
       round(wape(a, p)::numeric, 12) AS wape, round(r2(a, p)::numeric, 12) AS r2
FROM (VALUES (3, 2.5), (-0.5, 0), (2, 2), (7, 8)) AS t (a, p);

-- integers: |e| is 1, 2, 3; an odd number of pairs has one middle error
SELECT mae(a, p), medae(a, p), max_error(a, p) FROM (VALUES (1, 2), (5, 3), (4, 7)) AS t (a, p);

-- A pair with a NULL does not count: the result is that of (1, 2) alone.
SELECT mae(a, p), mse(a, p), rmse(a, p), medae(a, p), max_error(a, p), mape(a, p), wape(a, p)
FROM (VALUES (1, 2), (NULL, 9), (9, NULL), (NULL, NULL)) AS t (a, p);

-- Without pairs the result is NULL, whether there are no rows or only NULLs.
SELECT mae(a, p), mse(a, p), rmse(a, p), medae(a, p), max_error(a, p), mape(a, p), smape(a, p),
       wape(a, p), r2(a, p)
FROM (VALUES (1.0, 2.0)) AS t (a, p) WHERE false;
SELECT mae(a, p), mse(a, p), rmse(a, p), medae(a, p), max_error(a, p), mape(a, p), smape(a, p),
       wape(a, p), r2(a, p)
FROM (VALUES (NULL::float8, 2.0)) AS t (a, p);

-- An actual value of 0: mape is NULL; wape = 2/4; smape = 2/2 * (1/1 + 1/9).
SELECT mape(a, p), wape(a, p), round(smape(a, p)::numeric, 12) AS smape
FROM (VALUES (0, 1), (4, 5)) AS t (a, p);

-- Only zeros: wape is NULL; a pair of zeros counts as 0 in smape, which is
-- 2/2 * (0 + 1/1) with the second pair
SELECT wape(a, p), smape(a, p) FROM (VALUES (0, 0), (0, 3)) AS t (a, p);

-- The largest smape is 2: opposite signs.
SELECT smape(1, -1);

-- r2: a single pair has no variance.
SELECT r2(1, 1);

-- r2 of constant actual values: 1 if every prediction is exact, else 0
SELECT r2(a, p) FROM (VALUES (0.1, 0.1), (0.1, 0.1), (0.1, 0.1)) AS t (a, p);
SELECT r2(a, p) FROM (VALUES (0.1, 0.1), (0.1, 0.1), (0.1, 0.2)) AS t (a, p);

-- r2 where a sum of squares would lose the variance: 1 - 2 * 0.125^2 / (2 * 0.25^2)
SELECT r2(1e9 + d, 1e9 + d / 2) FROM (VALUES (-0.25), (0.25)) AS t (d);

-- r2 of predictions that are worse than the mean is negative: 1 - 8 / 2.
SELECT r2(a, p) FROM (VALUES (1, 3), (3, 1)) AS t (a, p);

-- a small error next to a large one is not lost: (1e16 + 1 + 1) / 4
SELECT mae(a, p) = 2500000000000000.5 AS exact
FROM (VALUES (0.0, 1e16), (0, 1), (0, -1), (0, 0)) AS t (a, p);

-- The square of 1e200 overflows, which does not matter to mae.
SELECT mae(0, 1e200), medae(0, 1e200), max_error(0, 1e200);
SELECT mse(0, 1e200);
SELECT mae(-1e308, 1e308);
SELECT medae(-1e308, 1e308);

-- NaN and infinity are refused.
SELECT mae(a, p) FROM (VALUES (1::float8, 2::float8), ('NaN', 2)) AS t (a, p);
SELECT mae(1, 'Infinity');
SELECT medae('-Infinity', 1);
SELECT medae(1, 'NaN');

-- over a window: |e| is 4, 1, 2, 1, so the means are 4, 5/2, 7/3, 8/4 and the
-- medians 4, (1+4)/2, 2, (1+2)/2
SELECT i, round((mae(a, p) OVER w)::numeric, 12) AS mae, medae(a, p) OVER w AS medae,
       max_error(a, p) OVER w AS max_error
FROM (VALUES (1, 10, 14), (2, 10, 9), (3, 10, 12), (4, 10, 11)) AS t (i, a, p)
WINDOW w AS (ORDER BY i)
ORDER BY i;

-- Over the last two rows: 4, (4+1)/2, (1+2)/2, (2+1)/2.
SELECT i, medae(actual => a, predicted => p) OVER (ORDER BY i ROWS 1 PRECEDING) AS medae
FROM (VALUES (1, 10, 14), (2, 10, 9), (3, 10, 12), (4, 10, 11)) AS t (i, a, p)
ORDER BY i;

-- 1000 errors in a state that begins with room for 16: the median of 0..999.
SELECT medae(0, i) FROM generate_series(0, 999) AS i;

--
-- mase
--

-- Known value: |e| is 0.5, 0.5, 0, 1, 0.75 and sums to 2.75. The training data 5, 0.5, 4, 6, 3, 5, 2 moves by 18/6
-- per step; (2.75 / 5) / 3.
SELECT round(mase(a, p, 3)::numeric, 12) AS mase
FROM (VALUES (3, 2.5), (-0.5, 0), (2, 2), (7, 8), (2, 1.25)) AS t (a, p);

-- No pairs, or nothing to compare with.
SELECT mase(a, p, 3) FROM (VALUES (1.0, 2.0)) AS t (a, p) WHERE false;
SELECT mase(1, 2, 0);

-- The naive error of a row that does not count is ignored: (2 - 1) / 2.
SELECT mase(a, p, n) FROM (VALUES (NULL, 2, -1), (1, NULL, NULL), (1, 2, 2)) AS t (a, p, n);

-- The naive error must be the same in all rows of a call.
SELECT mase(1, 2, NULL);
SELECT mase(a, 2, n) FROM (VALUES (1, 2), (1, 3)) AS t (a, n);
SELECT mase(1, 2, -1);
SELECT mase(1, 2, 'NaN');
SELECT mase('NaN', 2, 1);

--
-- directional_accuracy
--

-- up-up hits, up-down misses, flat-flat hits, flat-up and down-flat miss, rows
-- with a NULL do not count: 2/5
SELECT directional_accuracy(r, a, p)
FROM (VALUES (100, 110, 101), (100, 110, 99), (100, 100, 100), (100, 100, 101), (100, 90, 100),
             (NULL, 1, 1), (1, NULL, 1), (1, 1, NULL)) AS t (r, a, p);
SELECT directional_accuracy(NULL, 1, 1);
SELECT directional_accuracy('NaN', 1, 1);

--
-- (outcome, probability)
--

-- known values: brier = (0.01 + 0.01 + 0.04 + 0.09) / 4; log loss =
-- -(ln 0.9 + ln 0.9 + ln 0.8 + ln 0.7) / 4 = 0.790539526569 / 4; every pair has
-- a bin of its own, so ece = (0.1 + 0.1 + 0.2 + 0.3) / 4
SELECT round(brier_score(y, p)::numeric, 12) AS brier_score, round(log_loss(y, p)::numeric, 12) AS log_loss,
       round(ece(y, p)::numeric, 12) AS ece
FROM (VALUES (0, 0.1), (1, 0.9), (1, 0.8), (0, 0.3)) AS t (y, p);

-- The same with boolean outcomes.
SELECT round(brier_score(y, p)::numeric, 12) AS brier_score, round(log_loss(y, p)::numeric, 12) AS log_loss,
       round(ece(y, p)::numeric, 12) AS ece
FROM (VALUES (false, 0.1), (true, 0.9), (true, 0.8), (false, 0.3)) AS t (y, p);

-- Pairs with a NULL do not count; without pairs the result is NULL.
SELECT brier_score(y, p), log_loss(y, p), ece(y, p) FROM (VALUES (NULL, 0.1), (true, NULL)) AS t (y, p);
SELECT brier_score(y, p), log_loss(y, p), ece(y, p) FROM (VALUES (1.0, 0.1)) AS t (y, p) WHERE false;

-- Certain and wrong: 15 * ln 10, not infinity, in both directions.
SELECT round(log_loss(true, 0)::numeric, 12) AS hit, round(log_loss(false, 1)::numeric, 12) AS miss;

-- certain and right: -ln(1 - 1e-15)
SELECT round(log_loss(true, 1)::numeric, 24) AS hit, round(log_loss(false, 0)::numeric, 24) AS miss;

-- two pairs in one bin: |(1 - 0.72) + (0 - 0.78)| / 2
SELECT round(ece(y, p)::numeric, 12) AS ece FROM (VALUES (1, 0.72), (0, 0.78)) AS t (y, p);

-- 0.3 is in the bin after that of 0.25: (0.25 + 0.7) / 2, not 0.45 / 2.
SELECT round(ece(y, p)::numeric, 12) AS ece FROM (VALUES (0, 0.25), (1, 0.3)) AS t (y, p);

-- The last double below 0.9 is not in the last bin: (0.1 + 0.95) / 2, not 0.85 / 2.
SELECT round(ece(y, p)::numeric, 12) AS ece FROM (VALUES (1, 0.8999999999999999), (0, 0.95)) AS t (y, p);

-- 1.0 is in the last bin: |(0 - 1) + (1 - 0.95)| / 2, not 1.05 / 2.
SELECT round(ece(y, p)::numeric, 12) AS ece FROM (VALUES (0, 1.0), (1, 0.95)) AS t (y, p);

-- over a window: 0.25, (0.25 + 0.0625) / 2
SELECT brier_score(outcome => y, probability => p) OVER (ORDER BY i)
FROM (VALUES (1, true, 0.5), (2, false, 0.25)) AS t (i, y, p) ORDER BY i;

-- probabilities outside 0..1 and outcomes between 0 and 1
SELECT brier_score(true, 1.5);
SELECT log_loss(1, -0.5);
SELECT ece(1, 'NaN');
SELECT brier_score(0.5, 0.5);
SELECT log_loss('NaN'::float8, 0.5);

--
-- sharpe_ratio
--

-- known values: mean 0.02/3, variance 0.0007/3, mean^2 / variance = 4/21;
-- sqrt(4/21 * 252) = sqrt(48) and sqrt(4/21 * 365) = sqrt(69.523809523810)
SELECT round(sharpe_ratio(r, 252)::numeric, 12) AS trading_days, round(sharpe_ratio(r)::numeric, 12) AS all_days
FROM (VALUES (0.01), (0.02), (NULL), (-0.01)) AS t (r);

-- Fewer than two returns, or returns that are all equal.
SELECT sharpe_ratio(r) FROM (VALUES (0.01)) AS t (r) WHERE false;
SELECT sharpe_ratio(0.01);
SELECT sharpe_ratio(r) FROM (VALUES (0.1), (0.1), (0.1)) AS t (r);

-- over a window: mean 2, deviation sqrt(2), so 2 / sqrt(2) * 1 = sqrt(2)
SELECT round((sharpe_ratio(return => r, periods_per_year => 1) OVER (ORDER BY r))::numeric, 12)
FROM (VALUES (1), (3)) AS t (r) ORDER BY r;

-- errors
SELECT sharpe_ratio('NaN'::float8);
SELECT sharpe_ratio(0.01, 0);
SELECT sharpe_ratio(0.01, 'Infinity');
SELECT sharpe_ratio(0.01, NULL);
SELECT sharpe_ratio(r, n) FROM (VALUES (0.01, 365), (0.02, 252)) AS t (r, n);

-- The periods of a row that does not count are ignored.
SELECT sharpe_ratio(NULL, 0);

--
-- Support functions can only be called in an aggregate, and check their state.
--
SELECT cryptoanalytics_internal.ca_error_accum(array_fill(0::float8, ARRAY[18]), 1, 1);
SELECT cryptoanalytics_internal.ca_error_combine(array_fill(0::float8, ARRAY[18]), array_fill(0::float8, ARRAY[18]));
SELECT cryptoanalytics_internal.ca_probability_accum_bool(array_fill(0::float8, ARRAY[25]), true, 1);
SELECT cryptoanalytics_internal.ca_sharpe_accum(array_fill(0::float8, ARRAY[7]), 1);
SELECT cryptoanalytics_internal.ca_mae_final('{1,2,3}');
SELECT cryptoanalytics_internal.ca_mase_accum(NULL, 1, 1, 1);
SELECT cryptoanalytics_internal.ca_directional_accuracy_final('{{1,2}}');
SELECT cryptoanalytics_internal.ca_directional_accuracy_final('{1,NULL}');

CREATE AGGREGATE short_state(float8, float8) (
    SFUNC = cryptoanalytics_internal.ca_error_accum, STYPE = float8[], FINALFUNC = cryptoanalytics_internal.ca_mae_final, INITCOND = '{0,0}'
);
SELECT short_state(1, 2);
DROP AGGREGATE short_state(float8, float8);
