-- Risk and return: known values, NULL rules, windows, and what is refused.
\pset null NULL
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

-- Returns as in the tests of empyrical: downside_risk is sqrt((0.4^2 + 0.06^2 + 0.02^2) / 6 * 365); of six
-- values the quartile is a quarter of the way from the second, -0.06, to the third, and the mean of the
-- two lowest is (-0.4 - 0.06) / 2; sortino is the mean return, -0.07, times 365, relative to that risk.
CREATE TABLE sample (i integer, r double precision, b double precision);
INSERT INTO sample VALUES (1, 0.01, 0.02), (2, 0.02, 0.02), (3, 0.03, 0.03), (4, -0.4, -0.35), (5, -0.06, -0.05), (6, -0.02, -0.01);
SELECT round(downside_risk(r)::numeric, 9) AS downside_risk, round(sqrt((0.16 + 0.0036 + 0.0004) / 6 * 365), 9) AS by_hand,
       value_at_risk(r, 0.25), conditional_value_at_risk(r, 0.25),
       round(sortino_ratio(r)::numeric, 9) AS sortino_ratio, round(-0.07 * 365 / sqrt((0.16 + 0.0036 + 0.0004) / 6 * 365), 9) AS by_hand_too
FROM sample;

-- beta: with 6 pairs, sum r = -0.42, sum b = -0.34, sum r b = 0.1447, sum b^2 = 0.1268:
-- (6 * 0.1447 - 0.42 * 0.34) / (6 * 0.1268 - 0.34^2).
SELECT round(beta(r, b)::numeric, 9) AS beta, round((6 * 0.1447 - 0.42 * 0.34) / (6 * 0.1268 - 0.34 * 0.34), 9) AS by_hand
FROM sample;

-- Returns 0.1 and -0.1: deviations 0.1, variance 0.02 over one degree of freedom, times 2 periods: root 0.2.
SELECT round(realized_volatility(r, 2)::numeric, 12) AS realized
FROM (VALUES (0.1), (-0.1)) AS t (r);

-- A range of e and a body of 0: L = 1; Parkinson sqrt(4 / (4 ln 2)), Garman-Klass sqrt(4 / 2).
SELECT round(parkinson_volatility(h, 1, 4)::numeric, 12) AS parkinson, round(sqrt(1 / ln(2::numeric)), 12) AS by_hand,
       round(garman_klass_volatility(2, h, 1, 2, 4)::numeric, 12) AS garman_klass, round(sqrt(2.0), 12) AS by_hand_too
FROM (VALUES (exp(1::double precision))) AS t (h);

-- A body as long as the range: L^2 (1/2 - 2 ln 2 + 1) is above zero; a body of twice the range, which no
-- candle has, makes the mean negative.
SELECT round(garman_klass_volatility(1, 4, 1, 4, 1)::numeric, 12) AS garman_klass,
       round(ln(4::numeric) * sqrt(1.5 - 2 * ln(2::numeric)), 12) AS by_hand,
       garman_klass_volatility(1, 2, 1, 16) AS negative;

-- |r| / v: 0.1 / 2, 0.2 / 4; a day without volume does not count: 0.05.
SELECT amihud_illiquidity(r, v) FROM (VALUES (0.1, 2), (-0.2, 4), (0.3, 0), (NULL, 1), (0.4, NULL)) AS t (r, v);

-- 10 8 12 6 12: 0, -0.2, 0, -0.5, 0; the mean of the squares 0.04 and 0.25 over five rows is 0.058.
SELECT i, drawdown(x) OVER w, max_drawdown(x) OVER w, round((ulcer_index(x) OVER w)::numeric, 12) AS ulcer_index
FROM (VALUES (1, 10), (2, 8), (3, 12), (4, 6), (5, 12)) AS t (i, x)
WINDOW w AS (ORDER BY i) ORDER BY i;

-- A peak that is not above zero has no drawdown.
SELECT i, drawdown(x) OVER w, max_drawdown(x) OVER w, ulcer_index(x) OVER w
FROM (VALUES (1, -1), (2, 0), (3, NULL), (4, 4), (5, -1)) AS t (i, x)
WINDOW w AS (ORDER BY i) ORDER BY i;

-- choppiness(2): true ranges 2 and 2, a range of 4 to 1: 4 / 3, log2 of it; then 2 and 3 over 5 to 2.
SELECT i, round((choppiness(h, l, c, 2) OVER (ORDER BY i))::numeric, 12) AS choppiness,
       CASE i WHEN 3 THEN round(ln(4 / 3.0) / ln(2.0), 12) WHEN 4 THEN round(ln(5 / 3.0) / ln(2.0), 12) END AS by_hand
FROM (VALUES (1, 3, 1, 2), (2, 3, 1, 3), (3, 4, 2, 2), (4, 5, 3, 4)) AS t (i, h, l, c) ORDER BY i;

-- A straight line is 0, flat bars have none, and the first value is at bar n, counted from 0.
SELECT count(*) FILTER (WHERE i < 14 AND v IS NOT NULL) AS early, min(v) AS lowest, max(v) AS greatest
FROM (SELECT i, choppiness(i + 1, i, i + 1) OVER (ORDER BY i) AS v FROM generate_series(0, 20) AS i) AS t;
SELECT choppiness(5, 5, 5 ORDER BY i) FROM generate_series(1, 30) AS i;

--

-- A quarter of the members are below 2 and two of four equal it: 1/4 + 1/4.
SELECT mid_rank(2, '{1,2,2,3}'), mid_rank(1, '{3,1,4,1,5}') AS fifth, mid_rank(5, '{3,1,4,1,5}') AS nine_tenths, mid_rank(2, '{2,2,2}') AS half,
       mid_rank(2, '{1,NULL,3}') AS null_member, mid_rank(2, '{}') AS empty, mid_rank(2, '{NULL}') AS unknown, mid_rank(NULL, '{1}') AS nothing;

-- Hamilton's filter of two states: transitions .97 .03 / .06 .94 leave 2/3 and 1/3 as they are; with equal
-- densities the first row changes nothing; one state is always the state.
SELECT round(p[1]::numeric, 12) AS first, round(p[2]::numeric, 12) AS second
FROM (SELECT hamilton_filter(0, '{1,-1}', '{2,2}', '{{.97,.03},{.06,.94}}') AS p) AS t;
SELECT hamilton_filter(x, '{0}', '{1}', '{{1}}' ORDER BY x) FROM generate_series(1, 3) AS x;

-- Rows with NULL are skipped; a row far from both means is that of the wider state.
SELECT i, hamilton_filter(x, '{0,0}', '{1,2}', '{{.5,.5},{.5,.5}}') OVER (ORDER BY i)
FROM (VALUES (1, NULL), (2, 1e9), (3, NULL)) AS t (i, x) ORDER BY i;

--
-- Nothing, one row, equal rows.
--
SELECT realized_volatility(r), parkinson_volatility(r, r), garman_klass_volatility(r, r, r, r), downside_risk(r), sortino_ratio(r),
       value_at_risk(r), conditional_value_at_risk(r), beta(r, r), amihud_illiquidity(r, r)
FROM (VALUES (NULL::double precision)) AS t (r);
SELECT realized_volatility(r), parkinson_volatility(r, r), garman_klass_volatility(r, r, r, r), downside_risk(r), sortino_ratio(r),
       value_at_risk(r), conditional_value_at_risk(r), beta(r, r), amihud_illiquidity(r, r)
FROM (VALUES (0.1::double precision)) AS t (r);
SELECT realized_volatility(r), downside_risk(r), sortino_ratio(r), value_at_risk(r), conditional_value_at_risk(r), beta(r, r)
FROM (SELECT 0.1::double precision FROM generate_series(1, 1000)) AS t (r);

-- NULL periods next to a return are a mistake; beside no return they are not.
SELECT realized_volatility(r, p) FROM (VALUES (0.1, 365), (NULL, NULL), (0.2, 365)) AS t (r, p);
SELECT realized_volatility(0.1, NULL);
SELECT parkinson_volatility(2, 1, NULL);
SELECT value_at_risk(0.1, NULL);

--
-- In a window that slides, rows leave without a trace: 1e200 has no square and would make the rest
-- unknown, but alone it has no volatility; 0 and 1 have root 1/2.
--
SELECT i, realized_volatility(r, 1) OVER w AS realized, beta(r, r * 2) OVER w AS beta
FROM (VALUES (1, 0.0), (3, 0.0), (4, 1.0), (5, 0.0)) AS t (i, r)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING) ORDER BY i;
SELECT i, realized_volatility(r, 1) OVER (ORDER BY i ROWS 1 PRECEDING) AS realized
FROM (VALUES (1, 1e200), (2, NULL), (3, 0), (4, 1)) AS t (i, r) ORDER BY i;

--
-- What is refused.
--
SELECT realized_volatility('NaN'::double precision);
SELECT downside_risk('-Infinity'::double precision);
SELECT parkinson_volatility('Infinity'::numeric, 1);
SELECT parkinson_volatility(1, 0);
SELECT garman_klass_volatility(-1, 2, 1, 1);
SELECT garman_klass_volatility(-1.5, 2.0, 1.0, 1.0);
SELECT beta(0.1, 'NaN'::double precision);
SELECT amihud_illiquidity(0.1, -1);
SELECT value_at_risk('NaN'::double precision);
SELECT downside_risk(-1e200);
SELECT drawdown('NaN'::numeric);
SELECT choppiness(1, 'Infinity'::double precision, 1);
SELECT realized_volatility(0.1, 0);
SELECT sortino_ratio(0.1, 'NaN');
SELECT realized_volatility(0.1, p) FROM (VALUES (365), (252)) AS t (p);
SELECT value_at_risk(0.1, 1.5);
SELECT conditional_value_at_risk(0.1, c) FROM (VALUES (0.1), (0.2)) AS t (c);
SELECT choppiness(1, 1, 1, 1);
SELECT choppiness(1, 1, 1, 0);
SELECT choppiness(1, 1, 1, NULL);
SELECT choppiness(1, 1, 1, n) FROM (VALUES (2), (3)) AS t (n);
SELECT mid_rank('NaN', '{1}');
SELECT mid_rank(1, '{Infinity}');
SELECT hamilton_filter('NaN', '{0}', '{1}', '{{1}}');
SELECT hamilton_filter(1e300, '{0}', '{1}', '{{1}}');
SELECT hamilton_filter(1, NULL, '{1}', '{{1}}');
SELECT hamilton_filter(1, '{NULL}', '{1}', '{{1}}');
SELECT hamilton_filter(1, '{}', '{1}', '{{1}}');
SELECT hamilton_filter(1, '{0,0}', '{1}', '{{1}}');
SELECT hamilton_filter(1, '{0}', '{1}', '{{.5,.5}}');
SELECT hamilton_filter(1, '{Infinity}', '{1}', '{{1}}');
SELECT hamilton_filter(1, '{0}', '{0}', '{{1}}');
SELECT hamilton_filter(1, '{0,0}', '{1,1}', '{{1.5,-.5},{.5,.5}}');
SELECT hamilton_filter(1, '{0,0}', '{1,1}', '{{.5,.4},{.5,.5}}');
SELECT hamilton_filter(1, '{0,0}', '{1,1}', '{{1,0},{.5,.5}}');
SELECT hamilton_filter(1, m, '{1}', '{{1}}') FROM (VALUES ('{0}'::double precision[]), ('{1}')) AS t (m);
DROP TABLE sample;
