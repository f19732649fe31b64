-- Indicators of range: known values, warm-up, flat prices, windows, and what is refused.
\pset null NULL
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

-- the first of the 33 closes that StockCharts publishes for its RSI
CREATE TABLE closes AS
SELECT i - 1 AS i, x
FROM unnest(ARRAY[44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931,
                  46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521])
     WITH ORDINALITY AS c (x, i);
-- 40 bars that move: the close by i * i % 7; high and low are up to 3 away.
CREATE TABLE bars AS
SELECT i, 100 + c + i % 4 AS h, 100 + c - i % 3 AS l, 100 + c AS c
FROM (SELECT i, (i * i % 7)::numeric AS c FROM generate_series(0, 39) AS i) AS s;

-- TA-Lib gives at bar 19: 47.119248, 45.410425 and 43.701602.
SELECT round((b).upper::numeric, 6) AS upper, round((b).middle::numeric, 6) AS middle, round((b).lower::numeric, 6) AS lower
FROM (SELECT i, bollinger(x, 20, 2) OVER (ORDER BY i) AS b FROM closes) AS t WHERE i = 19;

-- Default periods: 20 and 2; 14; 14; 14, 3 and 3.
SELECT bollinger(c ORDER BY i) = bollinger(c, 20, 2 ORDER BY i) AS bollinger, atr(h, l, c ORDER BY i) = atr(h, l, c, 14 ORDER BY i) AS atr,
       adx(h, l, c ORDER BY i) = adx(h, l, c, 14 ORDER BY i) AS adx, stochastic(h, l, c ORDER BY i) = stochastic(h, l, c, 14, 3, 3 ORDER BY i) AS stochastic
FROM bars;
SELECT bollinger(c::float8 ORDER BY i) = bollinger(c::float8, 20, 2 ORDER BY i) AS bollinger,
       atr(h::float8, l::float8, c::float8 ORDER BY i) = atr(h::float8, l::float8, c::float8, 14 ORDER BY i) AS atr,
       adx(h::float8, l::float8, c::float8 ORDER BY i) = adx(h::float8, l::float8, c::float8, 14 ORDER BY i) AS adx,
       stochastic(h::float8, l::float8, c::float8 ORDER BY i) = stochastic(h::float8, l::float8, c::float8, 14, 3, 3 ORDER BY i) AS stochastic
FROM bars;

-- First values at bar n - 1 = 4, n = 5, n = 5, 2n - 1 = 9, and k + s + d - 3 = 5 + 3 + 2 - 3 = 7; from there on each
-- of the 40 bars has a value.
SELECT min(i) FILTER (WHERE b IS NOT NULL) AS bollinger, min(i) FILTER (WHERE atr IS NOT NULL) AS atr,
       min(i) FILTER (WHERE (a).di_plus IS NOT NULL) AS di_plus, min(i) FILTER (WHERE (a).di_minus IS NOT NULL) AS di_minus,
       min(i) FILTER (WHERE (a).adx IS NOT NULL) AS adx, min(i) FILTER (WHERE (s).k IS NOT NULL) AS k, min(i) FILTER (WHERE (s).d IS NOT NULL) AS d,
       count((b).middle) AS bollingers, count(atr) AS atrs, count((a).di_plus) AS dis, count((a).adx) AS adxs, count((s).k) AS stochastics
FROM (SELECT i, bollinger(c, 5, 2) OVER w AS b, atr(h, l, c, 5) OVER w AS atr, adx(h, l, c, 5) OVER w AS a, stochastic(h, l, c, 5, 3, 2) OVER w AS s
      FROM bars WINDOW w AS (ORDER BY i)) AS t;

--
-- values by hand
--

-- bollinger(2, 3): at 1 3 the mean is 2 and the deviation 1, so 5, 2, -1, bandwidth 6/2 and
-- percent_b (3 + 1)/6; at 3 7 the mean is 5 and the deviation 2: 11, 5, -1, 12/5 and 8/12
SELECT i, (b).upper, (b).middle, (b).lower, (b).bandwidth, round((b).percent_b::numeric, 12) AS percent_b
FROM (SELECT i, bollinger(x, 2, 3) OVER (ORDER BY i) AS b FROM (VALUES (1, 1), (2, 3), (3, 7)) AS t (i, x)) AS t ORDER BY i;

-- Around a mean of 0 there is no bandwidth: -1 and 1 deviate by 1, so the bands are 2 and -2, and 1 is at
-- (1 + 2)/4.
SELECT bollinger(x, 2, 2 ORDER BY x) FROM (VALUES (-1), (1)) AS t (x);

-- With a multiplier of 0 the bands coincide.
SELECT bollinger(x, 2, 0 ORDER BY x) FROM (VALUES (1), (3)) AS t (x);

-- bars (high low close) 10 8 9, 12 9 11, 11 10 10, 16 14 15, 9 7 8: true ranges from bar 1 are 3
-- (12-9), 1 (11-10), 6 (16-10, a gap up) and 8 (15-7, a gap down); atr(2): seed (3 + 1)/2 = 2, then
-- (2 + 6)/2 = 4 and (4 + 8)/2 = 6; atr(1) is the true range
CREATE TABLE five AS SELECT * FROM (VALUES (0, 10.0, 8.0, 9.0), (1, 12, 9, 11), (2, 11, 10, 10), (3, 16, 14, 15), (4, 9, 7, 8)) AS t (i, h, l, c);
SELECT i, atr(h, l, c, 2) OVER w AS atr_2, atr(h, l, c, 1) OVER w AS atr_1 FROM five WINDOW w AS (ORDER BY i) ORDER BY i;

-- adx(2) of the same: up 2 -1 5 -7, down -1 -1 -4 7, so +DM 2 0 5 0 and -DM 0 0 0 7;
-- +sums: 2, then 2 - 1 + 0 = 1, 1 - 0.5 + 5 = 5.5, 5.5/2 + 0 = 2.75; -sums: 0, 0, 0, 7;
-- sums of the true range: 3, 3 - 1.5 + 1 = 2.5, 2.5/2 + 6 = 7.25, 7.25/2 + 8 = 11.625;
-- +DI at bars 2 to 4: 100/2.5 = 40, 550/7.25 = 75.862068965517, 275/11.625 = 23.655913978495;
-- -DI: 0, 0, 700/11.625 = 60.215053763441; DX: 100, 100, 425/9.75 = 43.589743589744;
-- ADX: (100 + 100)/2 at bar 3, then (100 + 43.589743589744)/2 = 71.794871794872
SELECT i, round((a).adx::numeric, 12) AS adx, round((a).di_plus::numeric, 12) AS di_plus, round((a).di_minus::numeric, 12) AS di_minus
FROM (SELECT i, adx(h, l, c, 2) OVER (ORDER BY i) AS a FROM five) AS t ORDER BY i;

-- Equal moves up and down are no direction: bars of 0.1 to 0.3 and then of 0 to 0.4 move by 0.1 either way, although
-- neither 0.4 - 0.3 nor 0.1 - 0 is 0.1 in binary.
SELECT adx(h, l, 0.2, 1 ORDER BY i) FROM (VALUES (1, 0.3, 0.1), (2, 0.4, 0.0)) AS t (i, h, l);

-- A bar without direction counts 0 in the seed: none at bar 2, then up 2, so DX is 0 and 100, ADX 50. A later inside
-- bar keeps the proportion of the sums, so DX 100, ADX (50 + 100)/2.
SELECT i, (a).adx FROM (SELECT i, adx(h, l, h, 2) OVER (ORDER BY i) AS a
                       FROM (VALUES (0, 10, 9), (1, 10, 9), (2, 10, 9), (3, 12, 9), (4, 11, 10)) AS t (i, h, l)) AS t ORDER BY i;

-- stochastic(3, 2, 2): fast %K at bar 2 is 100 (10-8)/(12-8) = 50, at bar 3 100 (15-9)/(16-9)
-- = 600/7, at bar 4 100 (8-7)/(16-7) = 100/9; slow %K 475/7 at bar 3 and 3050/63 at bar 4;
-- %D at bar 4 their mean, 7325/126
SELECT i, round((s).k::numeric, 12) AS k, round((s).d::numeric, 12) AS d
FROM (SELECT i, stochastic(h, l, c, 3, 2, 2) OVER (ORDER BY i) AS s FROM five) AS t ORDER BY i;
SELECT round(3050 / 63.0, 12) AS k, round(7325 / 126.0, 12) AS d;

-- With periods of 1: where the close lies between the low and the high of its bar.
SELECT i, stochastic(h, l, c, 1, 1, 1) OVER (ORDER BY i) FROM five ORDER BY i;

-- A close at the high gives 100, at the low 0.
SELECT stochastic(x, x - 2, x, 3, 2, 2 ORDER BY x) AS top, stochastic(x, x - 2, x - 2, 3, 2, 2 ORDER BY x DESC) AS bottom FROM generate_series(1, 6) AS x;

--
-- flat prices: the bands are the price, percent_b is NULL, everything else is 0
--

SELECT bollinger(0.1) = (0.1, 0.1, 0.1, 0, NULL)::bollinger_value AS bollinger, atr(0.1, 0.1, 0.1), adx(0.1, 0.1, 0.1), stochastic(0.1, 0.1, 0.1)
FROM generate_series(1, 40);
SELECT bollinger(x) = (x, x, x, 0, NULL)::bollinger_value AS bollinger, atr(x, x, x), adx(x, x, x), stochastic(x, x, x)
FROM (SELECT 0.1::float8 AS x FROM generate_series(1, 40)) AS t GROUP BY x;
-- Around zero there is no bandwidth either.
SELECT bollinger(0, 3, 2) FROM generate_series(1, 3);
-- Flat after moves, which sums in doubles would remember.
SELECT bollinger(x, 3, 2 ORDER BY i) = (0.1, 0.1, 0.1, 0, NULL)::bollinger_value AS flat
FROM unnest(ARRAY[1e12, 0.7, 1e-6, 0.1, 0.1, 0.1]) WITH ORDINALITY AS t (x, i);

-- The longest period, at the limits of what is summed as integers, once below and once above: with p = 1/n the
-- middle is -+5000000 (1 - 2p), the deviation 10000000 sqrt(p (1 - p)), and percent_b
-- 1/2 +- (1 - p) / (4 sqrt(p (1 - p))) = 1/2 +- 25 sqrt(1 - p)
SELECT (b).middle, round((b).upper::numeric, 6) AS upper, round((b).percent_b::numeric, 12) AS percent_b,
       round(0.5 + sign(0 - (b).middle)::numeric * 25 * sqrt(0.9999), 12) AS expected
FROM (SELECT bollinger(CASE WHEN i = 10000 THEN s ELSE -s END * 5000000, 10000, 2 ORDER BY i) AS b
      FROM generate_series(1, 10000) AS i, (VALUES (-1), (1)) AS t (s) GROUP BY s) AS t
ORDER BY 1;

--
-- rows
--

-- A row with NULL in any input is skipped, and the value stays; atr is 4 - 1, +DM 4 - 2, DX 100, fast %K
-- 100 (3-2)/(4-2); bollinger takes only the close.
SELECT i, bollinger(c, 1, 1) OVER w AS bollinger, atr(h, l, c, 1) OVER w AS atr, stochastic(h, l, c, 1, 1, 1) OVER w AS stochastic, adx(h, l, c, 1) OVER w AS adx
FROM (VALUES (0, 2.0, 1.0, 1.0), (1, 4, 2, 3), (2, NULL, 9, 9), (3, 9, NULL, 9), (4, 9, 9, NULL)) AS t (i, h, l, c)
WINDOW w AS (ORDER BY i) ORDER BY i;

-- No rows, and only NULLs.
SELECT bollinger(c), atr(h, l, c), adx(h, l, c), stochastic(h, l, c) FROM bars WHERE false;
SELECT bollinger(NULL::numeric, 1, 1), atr(NULL::float8, 1, 1, 1), adx(1, NULL::numeric, 1, 1), stochastic(1, 1, NULL::float8, 1, 1, 1) FROM bars;

-- A frame of 6 rows sees only those: the result equals that of a series of those rows.
SELECT count(*) AS compared, count(*) FILTER (WHERE (f.b, f.atr, f.a, f.s) IS DISTINCT FROM (g.b, g.atr, g.a, g.s)) AS different, count((f.a).adx) AS warm
FROM (SELECT i, bollinger(c, 3, 2) OVER w AS b, atr(h, l, c, 3) OVER w AS atr, adx(h, l, c, 3) OVER w AS a, stochastic(h, l, c, 3, 2, 2) OVER w AS s
      FROM bars WINDOW w AS (ORDER BY i ROWS 5 PRECEDING)) AS f
CROSS JOIN LATERAL (SELECT bollinger(c, 3, 2 ORDER BY i) AS b, atr(h, l, c, 3 ORDER BY i) AS atr, adx(h, l, c, 3 ORDER BY i) AS a, stochastic(h, l, c, 3, 2, 2 ORDER BY i) AS s
                    FROM bars WHERE bars.i BETWEEN f.i - 5 AND f.i) AS g;

-- numeric and double precision agree, because a double holds these prices.
SELECT count(*) AS compared, count(*) FILTER (WHERE (a.b, a.atr, a.a, a.s) IS DISTINCT FROM (d.b, d.atr, d.a, d.s)) AS different
FROM (SELECT i, bollinger(c, 3, 2) OVER w AS b, atr(h, l, c, 3) OVER w AS atr, adx(h, l, c, 3) OVER w AS a, stochastic(h, l, c, 3, 2, 2) OVER w AS s
      FROM bars WINDOW w AS (ORDER BY i)) AS a
JOIN (SELECT i, bollinger(c, 3, 2) OVER w AS b, atr(h, l, c, 3) OVER w AS atr, adx(h, l, c, 3) OVER w AS a, stochastic(h, l, c, 3, 2, 2) OVER w AS s
      FROM (SELECT i, h::float8, l::float8, c::float8 FROM bars) AS b WINDOW w AS (ORDER BY i)) AS d USING (i);

--
-- errors
--

SELECT bollinger(c, 0, 2) FROM bars;
\echo :LAST_ERROR_SQLSTATE
SELECT bollinger(c, 10001, 2) FROM bars;
SELECT atr(h, l, c, NULL) FROM bars;
\echo :LAST_ERROR_SQLSTATE
SELECT adx(h, l, c, -1) FROM bars;
SELECT stochastic(h, l, c, 0, 3, 3) FROM bars;
SELECT stochastic(h, l, c, 14, NULL, 3) FROM bars;
SELECT stochastic(h, l, c, 14, 3, 10001) FROM bars;
SELECT atr(h, l, c, 3 + i ORDER BY i) FROM bars;
\echo :LAST_ERROR_SQLSTATE
SELECT stochastic(h, l, c, 3, 2, 2 + i ORDER BY i) FROM bars;

SELECT bollinger(c, 20, NULL) FROM bars;
\echo :LAST_ERROR_SQLSTATE
SELECT bollinger(c, 20, -1) FROM bars;
\echo :LAST_ERROR_SQLSTATE
SELECT bollinger(c, 20, 'NaN') FROM bars;
SELECT bollinger(c, 20, 'Infinity') FROM bars;
SELECT bollinger(c, 20, 2 + i ORDER BY i) FROM bars;
\echo :LAST_ERROR_SQLSTATE

SELECT bollinger('NaN'::numeric);
\echo :LAST_ERROR_SQLSTATE
SELECT atr('Infinity'::float8, 1, 1);
SELECT adx(1, '-Infinity'::numeric, 1);
SELECT stochastic(1, 1, 'NaN'::float8);

-- A band that no double can hold.
SELECT bollinger(x, 2, 2) FROM (VALUES (1.5e308::float8), (-1.5e308)) AS t (x);
\echo :LAST_ERROR_SQLSTATE
-- A square that no double can hold does not give a deviation of 0.
SELECT bollinger(x, 2, 2) FROM (VALUES (10::float8), (1e200)) AS t (x);

DROP TABLE bars, closes, five;
