-- Technical indicators: known values, warm-up, windows, and what is refused.
\pset null NULL
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

-- 33 closes that StockCharts publishes for its RSI
CREATE TABLE closes AS
SELECT i - 1 AS i, x
FROM unnest(ARRAY[44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931,
                  46.0328, 45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521,
                  45.7137, 46.4515, 45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314])
     WITH ORDINALITY AS c (x, i);

-- TA-Lib gives RSI(14) 70.532789 at bar 14 and 37.772952 at bar 32, and EMA(10) 44.779130 at bar 9; SMA(20) at bar
-- 19 is the middle Bollinger band, 45.410425.
SELECT max(round(rsi::numeric, 6)) FILTER (WHERE i = 14) AS rsi_at_14, max(round(rsi::numeric, 6)) FILTER (WHERE i = 32) AS rsi_at_32,
       max(round(ema::numeric, 6)) FILTER (WHERE i = 9) AS ema_at_9, max(round(sma::numeric, 6)) FILTER (WHERE i = 19) AS sma_at_19
FROM (SELECT i, rsi(x) OVER w AS rsi, ema(x, 10) OVER w AS ema, sma(x, 20) OVER w AS sma
      FROM closes WINDOW w AS (ORDER BY i)) AS t;

-- GROUP BY gives the latest value; the default period is 14.
SELECT round(rsi(x ORDER BY i)::numeric, 6) AS rsi, rsi(x ORDER BY i) = rsi(x, 14 ORDER BY i) AS usual FROM closes;

-- First values at bar n - 1, n, and slow + signal - 2.
SELECT min(i) FILTER (WHERE sma IS NOT NULL) AS sma_5, min(i) FILTER (WHERE ema IS NOT NULL) AS ema_5,
       min(i) FILTER (WHERE rsi IS NOT NULL) AS rsi_5, min(i) FILTER (WHERE macd IS NOT NULL) AS macd_3_6_4,
       count(sma) AS sma_values, count(ema) AS ema_values, count(rsi) AS rsi_values, count(macd) AS macd_values
FROM (SELECT i, sma(x, 5) OVER w AS sma, ema(x, 5) OVER w AS ema, rsi(x, 5) OVER w AS rsi, (macd(x, 3, 6, 4) OVER w).value AS macd
      FROM closes WINDOW w AS (ORDER BY i)) AS t;

--
-- values by hand
--

-- sma(3) of 1 2 4 8 16: 7/3, 14/3, 28/3; ema(3), alpha 1/2: seed 7/3, then (7/3 + 8)/2 = 31/6
-- and (31/6 + 16)/2 = 127/12; rsi(2): rises 1 and 2 give a mean gain without loss
SELECT i, round((sma(x, 3) OVER w)::numeric, 12) AS sma, round((ema(x, 3) OVER w)::numeric, 12) AS ema, rsi(x, 2) OVER w AS rsi
FROM (VALUES (1, 1), (2, 2), (3, 4), (4, 8), (5, 16)) AS t (i, x)
WINDOW w AS (ORDER BY i) ORDER BY i;

-- rsi(2) of 10 11 9 12: gains 1 0 3, losses 0 2 0; at bar 2 means 1/2 and 1: 100 * 0.5 / 1.5;
-- at bar 3 Wilder gives (1/2 + 3)/2 = 7/4 and (1 + 0)/2 = 1/2: 100 * 1.75 / 2.25
SELECT i, round((rsi(x, 2) OVER (ORDER BY i))::numeric, 12) AS rsi
FROM (VALUES (0, 10), (1, 11), (2, 9), (3, 12)) AS t (i, x) ORDER BY i;

-- only falls: 0
SELECT rsi(x, 2 ORDER BY x DESC) FROM generate_series(1, 5) AS x;

-- macd(1, 2, 2) of 1 3 5 9: EMA(1) is the price; EMA(2), alpha 2/3: seed 2 at bar 1, then
-- 2 + (5-2)*2/3 = 4 and 4 + (9-4)*2/3 = 22/3; values 1, 1, 5/3; signal: seed 1 at bar 2, then
-- 1 + (2/3)*2/3 = 13/9; histogram 5/3 - 13/9 = 2/9
SELECT i, round((m).value::numeric, 12) AS value, round((m).signal::numeric, 12) AS signal,
       round((m).histogram::numeric, 12) AS histogram
FROM (SELECT i, macd(x, 1, 2, 2) OVER (ORDER BY i) AS m FROM (VALUES (0, 1), (1, 3), (2, 5), (3, 9)) AS t (i, x)) AS t
ORDER BY i;

-- The fast average begins with the slow one: for 1 3 6 it is seeded with 3 and 6, so macd(2, 3, 1) begins with
-- 9/2 - 10/3 = 7/6.
SELECT round((macd(x, 2, 3, 1 ORDER BY x)).value::numeric, 12) AS value FROM (VALUES (1), (3), (6)) AS t (x);

-- With a period of 1 an average is the price itself; rsi(1) gives the direction of the last move.
SELECT i, sma(x, 1) OVER w AS sma, ema(x, 1) OVER w AS ema, rsi(x, 1) OVER w AS rsi
FROM (VALUES (0, 5.5), (1, 7.25), (2, 6), (3, 6)) AS t (i, x)
WINDOW w AS (ORDER BY i) ORDER BY i;

-- Flat prices: the price, 50 for rsi, 0 for macd; in doubles the sum of ten 0.1 would not be 1.
SELECT sma(0.1, 10) = 0.1 AS sma, ema(0.1, 10) = 0.1 AS ema, rsi(0.1, 10) AS rsi, macd(0.1) AS macd
FROM generate_series(1, 40);

-- Flat after a move: the mean gain shrinks, but there is still no loss.
SELECT rsi(x, 2 ORDER BY i) FROM (VALUES (0, 1), (1, 2), (2, 2), (3, 2), (4, 2)) AS t (i, x);

-- Negative prices are legal: sma(2) of -1 and -3.
SELECT sma(x, 2) FROM (VALUES (-1), (-3)) AS t (x);

-- The default periods of macd are 12, 26 and 9; 33 bars are one too few.
SELECT macd(x ORDER BY i) IS NULL AS not_warm FROM closes;
SELECT macd(x ORDER BY i) = macd(x, 12, 26, 9 ORDER BY i) AS usual FROM generate_series(1, 34) AS i, LATERAL (SELECT i * i % 7 + 1) AS t (x);

--
-- rows
--

-- A row with NULL is skipped: the value stays, and later values are as if the row were not there. ema(2) is 3, then
-- 3 + 2 * 2/3 = 13/3, and macd(1, 2, 1) is 4 - 3, then 5 - 13/3.
SELECT i, sma(x, 2) OVER w AS sma, ema(x, 2) OVER w AS ema, rsi(x, 1) OVER w AS rsi, (macd(x, 1, 2, 1) OVER w).value AS macd
FROM (VALUES (0, NULL), (1, 2), (2, NULL), (3, 4), (4, NULL), (5, 5)) AS t (i, x)
WINDOW w AS (ORDER BY i) ORDER BY i;
SELECT count(*) AS compared, count(*) FILTER (WHERE (a.sma, a.ema, a.rsi, a.macd) IS DISTINCT FROM (b.sma, b.ema, b.rsi, b.macd)) AS different
FROM (SELECT i, sma(x, 5) OVER w AS sma, ema(x, 5) OVER w AS ema, rsi(x, 5) OVER w AS rsi, (macd(x, 3, 6, 4) OVER w)::text AS macd
      FROM closes WINDOW w AS (ORDER BY i)) AS a
JOIN (SELECT i, gap, sma(x, 5) OVER w AS sma, ema(x, 5) OVER w AS ema, rsi(x, 5) OVER w AS rsi, (macd(x, 3, 6, 4) OVER w)::text AS macd
      FROM (SELECT i, x, false AS gap FROM closes UNION ALL SELECT i, NULL, true FROM closes) AS c
      WINDOW w AS (ORDER BY i, gap)) AS b USING (i)
WHERE gap;

-- No rows, and only NULLs.
SELECT sma(x, 3), ema(x, 3), rsi(x, 3), macd(x) FROM closes WHERE false;
SELECT sma(NULL::numeric, 1), ema(NULL::float8, 1), rsi(NULL::numeric), macd(NULL::float8) FROM closes;

-- PARTITION BY starts again: b is ten times a, whose ema(2) is 2, then 2 + 7 * 2/3 = 20/3.
SELECT s, i, sma(x, 2) OVER w AS sma, ema(x, 2) OVER w AS ema
FROM (VALUES ('a', 1, 1), ('b', 1, 10), ('a', 2, 3), ('b', 2, 30), ('a', 3, 9), ('b', 3, 90)) AS t (s, i, x)
WINDOW w AS (PARTITION BY s ORDER BY i) ORDER BY s, i;

-- A frame of four rows sees only those: the result equals that of a series of those rows.
SELECT count(*) AS compared,
       count(*) FILTER (WHERE (f.sma, f.ema, f.rsi) IS DISTINCT FROM (g.sma, g.ema, g.rsi)) AS different, count(f.rsi) AS warm
FROM (SELECT i, sma(x, 3) OVER w AS sma, ema(x, 3) OVER w AS ema, rsi(x, 3) OVER w AS rsi
      FROM closes WINDOW w AS (ORDER BY i ROWS 3 PRECEDING)) AS f
CROSS JOIN LATERAL (SELECT sma(c.x, 3 ORDER BY c.i) AS sma, ema(c.x, 3 ORDER BY c.i) AS ema, rsi(c.x, 3 ORDER BY c.i) AS rsi
                    FROM closes AS c WHERE c.i BETWEEN f.i - 3 AND f.i) AS g;

-- Other frames: the next two rows, (3 + 7)/2 at row 1; and all rows, of which the last two count.
SELECT i, sma(x, 2) OVER (ORDER BY i ROWS BETWEEN 1 FOLLOWING AND 2 FOLLOWING) AS ahead,
       sma(x, 2) OVER (ORDER BY i ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last
FROM (VALUES (1, 1), (2, 3), (3, 7)) AS t (i, x) ORDER BY i;

-- Rows with equal times are peers: with the default frame both show the value after the second.
SELECT i, sma(x, 2) OVER (ORDER BY i) FROM (VALUES (1, 4), (2, 6), (2, 6), (3, 8)) AS t (i, x) ORDER BY i;

-- numeric and double precision agree, except for what a double cannot hold.
SELECT count(*) AS compared, count(*) FILTER (WHERE abs(a - b) > 1e-13 * abs(b)) AS different, count(b) AS warm
FROM (SELECT unnest(ARRAY[sma(x, 5) OVER w, ema(x, 5) OVER w, rsi(x, 5) OVER w, (macd(x, 3, 6, 4) OVER w).value]) AS a,
             unnest(ARRAY[sma(x::float8, 5) OVER w, ema(x::float8, 5) OVER w, rsi(x::float8, 5) OVER w, (macd(x::float8, 3, 6, 4) OVER w).value]) AS b
      FROM closes WINDOW w AS (ORDER BY i)) AS t;

-- Digits beyond those of a double count: 1e20 + 1 and 1e20 + 2 differ, and rise.
SELECT rsi(x, 1 ORDER BY x) AS numeric, rsi(x::float8, 1 ORDER BY x) AS double
FROM (VALUES (1e20 + 1), (1e20 + 2)) AS t (x);

-- The longest period.
SELECT sma(x, 10000 ORDER BY x), count(*) FROM generate_series(1, 10001) AS x;

--
-- errors
--

SELECT sma(x, 0) FROM closes;
\echo :LAST_ERROR_SQLSTATE
SELECT ema(x, -1) FROM closes;
SELECT rsi(x, 10001) FROM closes;
SELECT sma(x::float8, NULL) FROM closes;
\echo :LAST_ERROR_SQLSTATE
SELECT macd(x, 0, 26, 9) FROM closes;
SELECT macd(x, 12, NULL, 9) FROM closes;
SELECT macd(x, 12, 26, 10001) FROM closes;

-- An invalid period is an error even if every input is NULL.
SELECT rsi(NULL::numeric, 0);

SELECT ema(x, 3 + i::integer ORDER BY i) FROM closes;
\echo :LAST_ERROR_SQLSTATE
SELECT macd(x, 3, 6, CASE i WHEN 5 THEN 5 ELSE 4 END ORDER BY i) FROM closes;
SELECT sma(x, CASE i WHEN 5 THEN NULL ELSE 4 END ORDER BY i) FROM closes;

SELECT macd(x, 26, 12, 9) FROM closes;
\echo :LAST_ERROR_SQLSTATE
SELECT macd(x::float8, 12, 12, 9) FROM closes;

SELECT sma('NaN'::numeric, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT ema('NaN'::float8, 1);
SELECT rsi('Infinity'::numeric, 1);
SELECT macd('-Infinity'::float8);

-- A numeric that no double can hold, and a mean of doubles that none can hold.
SELECT sma(1e400, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT sma(x, 2) FROM (VALUES (1.7e308::float8), (1.7e308)) AS t (x);
SELECT rsi(x, 1 ORDER BY x) FROM (VALUES (-1.7e308::float8), (1.7e308)) AS t (x);

DROP TABLE closes;
