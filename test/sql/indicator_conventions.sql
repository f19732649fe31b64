-- Indicators by the conventions of TradingView and pandas, with values derived by hand from the
-- published formulas: ta.ema, ta.rma, ta.rsi, ta.macd, ta.atr, ta.dmi; ewm(adjust=False).
\pset null NULL
\set SHOW_CONTEXT never

-- ema(3), alpha 1/2, of 1 2 4 8: seeded with 7/3 at bar 2, then (7/3 + 8)/2 = 31/6 = 5.166667;
-- pandas begins with 1: 1.5, 2.75, 5.375
SELECT i, round((ema(x, 3, 'talib') OVER w)::numeric, 6) AS talib,
       round((ema(x, 3, 'tradingview') OVER w)::numeric, 6) AS tradingview,
       round((ema(x, 3, 'pandas') OVER w)::numeric, 6) AS pandas
FROM (VALUES (0, 1), (1, 2), (2, 4), (3, 8)) AS t (i, x) WINDOW w AS (ORDER BY i) ORDER BY i;

-- rsi(2) of 10 11 9 12: rises 1 0 3, falls 0 2 0.  Seeded at bar 2 with 1/2 and 1: 33.333333; then
-- 7/4 and 1/2: 77.777778.  pandas: rise 1, fall 0 at bar 1: 100, then 1/2 and 1, then 7/4 and 1/2
SELECT i, round((rsi(x, 2, 'talib') OVER w)::numeric, 6) AS talib,
       round((rsi(x, 2, 'tradingview') OVER w)::numeric, 6) AS tradingview,
       round((rsi(x, 2, 'pandas') OVER w)::numeric, 6) AS pandas
FROM (VALUES (0, 10), (1, 11), (2, 9), (3, 12)) AS t (i, x) WINDOW w AS (ORDER BY i) ORDER BY i;

-- nothing moved: 50, 100, and 0 / 0
SELECT rsi(5, 2, 'talib') AS talib, rsi(5, 2, 'tradingview') AS tradingview, rsi(5, 2, 'pandas') AS pandas
FROM generate_series(1, 5);

-- macd(2, 3, 1) of 1 3 6.  slow(3): 10/3 at bar 2.  fast(2), alpha 2/3: talib seeds it with 3 and
-- 6: 9/2, so 7/6; tradingview with 1 and 3: 2, then 14/3, so 4/3.  pandas: fast 1 7/3 43/9, slow
-- 1 2 4: 0, 1/3, 7/9.  A signal of 1 is the value itself
SELECT i, round(((macd(x, 2, 3, 1, 'talib') OVER w).value)::numeric, 6) AS talib,
       round(((macd(x, 2, 3, 1, 'tradingview') OVER w).value)::numeric, 6) AS tradingview,
       round(((macd(x, 2, 3, 1, 'pandas') OVER w).value)::numeric, 6) AS pandas
FROM (VALUES (0, 1), (1, 3), (2, 6)) AS t (i, x) WINDOW w AS (ORDER BY i) ORDER BY i;

-- macd(1, 2, 2) of 1 3 5 9: value 1 at bar 1, 1 at bar 2; its signal begins at bar 2, and only
-- tradingview shows the value before
SELECT i, macd(x, 1, 2, 2, 'talib') OVER w AS talib, (m).value, (m).signal, (m).histogram
FROM (SELECT *, macd(x, 1, 2, 2, 'tradingview') OVER (ORDER BY i) AS m
      FROM (VALUES (0, 1), (1, 3), (2, 5)) AS t (i, x)) AS t WINDOW w AS (ORDER BY i) ORDER BY i;

CREATE TEMP TABLE bar (i, high, low, close) AS VALUES (0, 10, 8, 9), (1, 12, 9, 11), (2, 11, 7, 8), (3, 9, 8, 9);

-- true ranges 2 (high - low), 3, 4, 1.  atr(2): talib (3 + 4)/2 = 3.5, then 2.25; tradingview
-- (2 + 3)/2 = 2.5, 3.25, 2.125; pandas 2, 2.5, 3.25, 2.125
SELECT i, atr(high, low, close, 2, 'talib') OVER w AS talib, atr(high, low, close, 2, 'tradingview') OVER w AS tradingview,
       atr(high, low, close, 2, 'pandas') OVER w AS pandas
FROM bar WINDOW w AS (ORDER BY i) ORDER BY i;

-- +DM 2 0 0 and -DM 0 2 0 from bar 1 on.  talib: sums (2, 0, 3), then s - s/2 + x: (1, 2, 11/2) and
-- (1/2, 1, 15/4): +DI 18.181818, 13.333333, -DI twice that, DX 1/3 both times.  tradingview: (2, 2, 7)
-- at bar 2, then (1, 1, 9/2): 28.571429, 22.222222, DX 0.  pandas: (0, 0, 4), (2, 0, 5), (1, 2, 13/2),
-- (1/2, 1, 17/4): +DI 0 40 15.384615 11.764706; DX none, 100, 33.3, 33.3: ADX 100, 66.666667, 50
SELECT c.convention, c.i, round((x).adx::numeric, 6) AS adx, round((x).di_plus::numeric, 6) AS di_plus, round((x).di_minus::numeric, 6) AS di_minus
FROM (SELECT 'talib' AS convention, i, adx(high, low, close, 2, 'talib') OVER (ORDER BY i) AS x FROM bar
      UNION ALL SELECT 'tradingview', i, adx(high, low, close, 2, 'tradingview') OVER (ORDER BY i) FROM bar
      UNION ALL SELECT 'pandas', i, adx(high, low, close, 2, 'pandas') OVER (ORDER BY i) FROM bar) AS c
ORDER BY c.convention, c.i;

-- Without a convention it is talib.
SELECT ema(x, 3) = ema(x, 3, 'talib') AS ema, rsi(x, 3) = rsi(x, 3, 'talib') AS rsi, macd(x, 2, 3, 2) = macd(x, 2, 3, 2, 'talib') AS macd,
       atr(x + 1, x, x, 3) = atr(x + 1, x, x, 3, 'talib') AS atr, adx(x + 1, x, x, 3) = adx(x + 1, x, x, 3, 'talib') AS adx
FROM generate_series(1, 9) AS x;

-- double precision too: 7/3 has no finite decimal, 1.5 has
SELECT ema(x::double precision, 3, 'pandas') FROM (VALUES (1), (2)) AS t (x);

-- What is refused.
SELECT ema(x, 3, 'metastock') FROM generate_series(1, 3) AS x;
SELECT ema(x, 3, 'TALIB') FROM generate_series(1, 3) AS x;
SELECT ema(x, 3, '') FROM generate_series(1, 3) AS x;
SELECT ema(x, 3, NULL) FROM generate_series(1, 3) AS x;
SELECT rsi(x, 3, CASE WHEN x < 3 THEN 'talib' ELSE 'pandas' END) FROM generate_series(1, 3) AS x;
