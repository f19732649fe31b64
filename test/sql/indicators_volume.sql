-- Indicators of volume: known values, rows that do not count, windows, and what is refused.
\pset null NULL
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

-- vwap: 10, then (10*1 + 20*3)/4 = 17.5, unchanged by a bar without volume, then
-- (70 + 25*4)/8 = 21.25 and (170 + 25*9)/17; obv: the first volume, + 3, + 0 (30 is higher), - 4
-- (25 is lower), and nothing for an equal close
SELECT i, vwap(p, v) OVER w AS vwap, obv(p, v) OVER w AS obv
FROM (VALUES (1, 10, 1), (2, 20, 3), (3, 30, 0), (4, 25, 4), (5, 25, 9)) AS t (i, p, v)
WINDOW w AS (ORDER BY i) ORDER BY i;
-- The other input type, and GROUP BY: (70 + 100 + 225)/17 = 395/17, and 1 + 3 - 4.
SELECT round(vwap(p, v)::numeric, 12) AS vwap, obv(p, v ORDER BY i) AS obv
FROM (VALUES (1, 10::float8, 1::float8), (2, 20, 3), (3, 30, 0), (4, 25, 4), (5, 25, 9)) AS t (i, p, v);
SELECT round(395 / 17.0, 12) AS vwap;

-- Without volume vwap is NULL, never zero, until the first trade; obv is a sum, so it is 0, and - 5 when the close
-- falls.
SELECT i, vwap(p, v) OVER w AS vwap, obv(p, v) OVER w AS obv
FROM (VALUES (1, 10.0, 0.0), (2, 20, 0), (3, 0, 5)) AS t (i, p, v)
WINDOW w AS (ORDER BY i) ORDER BY i;

-- obv begins with the first volume, whatever the price is.
SELECT obv(-5, 7), obv(0::float8, 7);

-- Negative prices are legal: (-3*1 + 1*1)/2.
SELECT vwap(p, 1) FROM (VALUES (-3), (1)) AS t (p);

-- Sums are exact: ten times 0.1 is 1, and 1e20 + 1 - 1e20 is 1.
SELECT obv(i, 0.1 ORDER BY i) = 1 AS tenths FROM generate_series(1, 10) AS i;
SELECT obv(p, v ORDER BY i) AS large FROM (VALUES (1, 1, 1e20), (2, 2, 1.0), (3, 1, 1e20)) AS t (i, p, v);
-- If all prices are equal, vwap is that price, whatever the volumes are.
SELECT vwap(0.1, v) = 0.1 AS price FROM unnest(ARRAY[0.3, 1e-9, 1e15]) AS v;
-- A rise beyond the digits of a double is a rise, so + 5 + 2; in doubles the closes would be equal.
SELECT obv(p, v ORDER BY i) AS numeric, obv(p::float8, v::float8 ORDER BY i) AS double
FROM (VALUES (1, 1e20 + 1, 5.0), (2, 1e20 + 2, 2)) AS t (i, p, v);

--
-- rows
--

-- A row with NULL in either input is skipped, and the next close is compared with 20: + 5, + 7;
-- vwap (20*5 + 80*7)/12.
SELECT i, vwap(p, v) OVER w AS vwap, obv(p, v) OVER w AS obv
FROM (VALUES (1, NULL, 1), (2, 20, 5), (3, NULL, 5), (4, 90, NULL), (5, 80, 7)) AS t (i, p, v)
WINDOW w AS (ORDER BY i) ORDER BY i;
SELECT vwap(NULL::numeric, 1), obv(1::float8, NULL), count(*) FROM generate_series(1, 3);
SELECT vwap(1, 1), obv(1, 1) FROM generate_series(1, 0);

-- A frame of two rows: vwap (10 + 60)/4, (60 + 30)/4; obv begins with the first volume of each frame.
SELECT i, vwap(p, v) OVER w AS vwap, obv(p, v) OVER w AS obv
FROM (VALUES (1, 10, 1), (2, 20, 3), (3, 30, 1)) AS t (i, p, v)
WINDOW w AS (ORDER BY i ROWS 1 PRECEDING) ORDER BY i;

-- PARTITION BY starts again: vwap (2 + 6)/4 and (15 + 4)/4, obv 2 + 2 and 3 - 1.
SELECT s, i, vwap(p, v) OVER w AS vwap, obv(p, v) OVER w AS obv
FROM (VALUES ('a', 1, 1, 2), ('b', 1, 5, 3), ('a', 2, 3, 2), ('b', 2, 4, 1)) AS t (s, i, p, v)
WINDOW w AS (PARTITION BY s ORDER BY i) ORDER BY s, i;

--
-- errors
--

SELECT vwap(10, -1);
\echo :LAST_ERROR_SQLSTATE
SELECT vwap(10::float8, -0.5::float8);
SELECT obv(10, -1);
\echo :LAST_ERROR_SQLSTATE
SELECT obv(10::float8, -1e-10::float8);
SELECT vwap('NaN'::numeric, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT vwap(1::float8, 'Infinity');
\echo :LAST_ERROR_SQLSTATE
SELECT obv('-Infinity'::numeric, 1);
SELECT obv(1::float8, 'NaN');
