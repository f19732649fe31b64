-- Candlesticks: results of single calls, decimals, and what is refused.
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never

--
-- trades
--

-- Known value: notional 10*1 + 20*3 + 15*2 = 100, volume 6, vwap 100/6 = 16.666... It shows three decimals: none of
-- the notional, one digit before the point of the volume, plus two.
SELECT (candlestick_agg(ts, p, v)).*
FROM (VALUES (timestamptz '2024-01-01 10:00', 10, 1), ('2024-01-01 10:01', 20, 3), ('2024-01-01 10:02', 15, 2)) AS t (ts, p, v);

-- the same in another order, and in double precision
SELECT (candlestick_agg(ts, p, v)).*
FROM (VALUES (timestamptz '2024-01-01 10:02', 15, 2), ('2024-01-01 10:00', 10, 1), ('2024-01-01 10:01', 20, 3)) AS t (ts, p, v);
SELECT (candlestick_agg(ts, p, v)).*
FROM (VALUES (timestamptz '2024-01-01 10:01', 20::float8, 3::float8), ('2024-01-01 10:02', 15, 2), ('2024-01-01 10:00', 10, 1)) AS t (ts, p, v);

-- Trades with equal times: the one with the lower price counts as earlier, so 11 opens and 13 closes.
SELECT c.open, c.high, c.low, c.close, c.trades
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01', p, 1.0)).*
      FROM (VALUES (12.0), (13.0), (11.0)) AS t (p)) AS c;

-- A sequence orders them instead: 12, 11, 13, 11.5.
SELECT c.open, c.high, c.low, c.close, c.trades
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01', p, 1.0, s)).*
      FROM (VALUES (13.0, 7), (11.5, 9), (12.0, -3), (11.0, 5)) AS t (p, s)) AS c;
SELECT c.open, c.close
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01', p, 1::float8, s)).*
      FROM (VALUES (13.0::float8, 7), (11.5, 9), (12.0, -3), (11.0, 5)) AS t (p, s)) AS c;

-- Time comes before sequence. A trade without a sequence is the first of its time; of equal sequences the one with
-- the lower price is the earlier.
SELECT c.open, c.close
FROM (SELECT (candlestick_agg(ts, p, 1.0, s)).*
      FROM (VALUES (timestamptz '2024-01-01 10:00', 1.0, 99), ('2024-01-01 10:01', 2.0, 1)) AS t (ts, p, s)) AS c;
SELECT c.open, c.close
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01', p, 1.0, s)).*
      FROM (VALUES (1.0, -9), (5.0, NULL), (3.0, 4), (2.0, 4)) AS t (p, s)) AS c;

-- A row without time or price does not count. A row without volume counts, but adds no volume: the vwap is that of
-- 10 and 20 with volumes 1 and 1, so 15.000.
SELECT (candlestick_agg(ts, p, v)).*
FROM (VALUES (timestamptz '2024-01-01 10:00', 10, 1), (NULL, 99, 99), ('2024-01-01 10:01', NULL, 99),
             ('2024-01-01 10:02', 30, NULL), ('2024-01-01 10:03', 20, 1)) AS t (ts, p, v);

-- Volume and vwap are NULL only if no row has a volume; if nothing was traded there is no vwap.
SELECT (candlestick_agg(ts, p, NULL)).volume AS unknown, (candlestick_agg(ts, p, NULL)).vwap,
       (candlestick_agg(ts, p, 0)).volume AS zero, (candlestick_agg(ts, p, 0)).vwap AS no_vwap
FROM (VALUES (timestamptz '2024-01-01', 10.0)) AS t (ts, p);

-- Without rows that count the whole result is NULL.
SELECT candlestick_agg(ts, p, v) IS NULL AS no_rows FROM (VALUES (now(), 1.0, 1.0)) AS t (ts, p, v) WHERE false;
SELECT candlestick_agg(NULL::timestamptz, 1.0, 1.0) IS NULL AS no_time, rollup(NULL::candlestick) IS NULL AS no_candle;

-- negative prices are legal: notional -40*1 + 10*1 = -30, vwap -15.000
SELECT c.open, c.high, c.low, c.close, c.volume, c.vwap
FROM (SELECT (candlestick_agg(ts, p, 1)).*
      FROM (VALUES (timestamptz '2020-04-20 18:00', 10), ('2020-04-20 19:00', -40)) AS t (ts, p)) AS c;

-- Over a window: the candle so far.
SELECT i, (c).open, (c).high, (c).low, (c).close, (c).volume, (c).vwap, (c).trades
FROM (SELECT i, candlestick_agg(timestamptz '2024-01-01' + i * interval '1 minute', p, v) OVER (ORDER BY i) AS c
      FROM (VALUES (1, 10, 1), (2, 12, 1), (3, 9, 2)) AS t (i, p, v)) AS w (i, c)
ORDER BY i;

--
-- ready candles
--

-- known value: typical prices (12+9+12)/3 = 11 and (15+11+13)/3 = 13 at volumes 1 and 3:
-- vwap (11 + 39) / 4 = 12.5; the number of trades is unknown
SELECT (candlestick_agg(ts, o, h, l, c, v)).*
FROM (VALUES (timestamptz '2024-01-01 10:00', 10, 12, 9, 12, 1), ('2024-01-01 11:00', 12, 15, 11, 13, 3)) AS t (ts, o, h, l, c, v);
SELECT (candlestick_agg(ts, o, h, l, c, v)).*
FROM (VALUES (timestamptz '2024-01-01 11:00', 12::float8, 15::float8, 11::float8, 13::float8, 3::float8),
             ('2024-01-01 10:00', 10, 12, 9, 12, 1)) AS t (ts, o, h, l, c, v);

-- A candle that lacks a price does not count; one without volume counts. A single candle with volume 7 has a vwap of
-- (11+9+11)/3 = 10.333...
SELECT c.open, c.high, c.low, c.close, c.volume, c.vwap
FROM (SELECT (candlestick_agg(ts, o, h, l, c, v)).*
      FROM (VALUES (timestamptz '2024-01-01 10:00', 10, 11, 9, 11, 7), ('2024-01-01 11:00', NULL, 90, 1, 50, 1),
                   ('2024-01-01 12:00', 20, 20, 20, NULL, 1), (NULL, 30, 30, 30, 30, 1),
                   ('2024-01-01 09:00', 12, 13, 8, 10, NULL)) AS t (ts, o, h, l, c, v)) AS c;

--
-- decimals
--

-- Values keep their scale, and sums are exact: 0.10 + 0.2 + 1000000000000.003.
SELECT c.open, c.high, c.low, c.close, c.volume
FROM (SELECT (candlestick_agg(ts, p, v)).*
      FROM (VALUES (timestamptz '2024-01-01 10:00', 0.000000001234567890, 0.10),
                   ('2024-01-01 10:01', 123456789012.5, 0.2),
                   ('2024-01-01 10:02', 5.000, 1000000000000.003)) AS t (ts, p, v)) AS c;

-- Of equal values with two scales, the choice does not depend on the order of rows.
SELECT c.open, c.high, c.low, c.close
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01', p, 1)).* FROM (VALUES (1.50), (1.5), (1.500)) AS t (p)) AS c;
SELECT c.open, c.high, c.low, c.close
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01', p, 1)).* FROM (VALUES (1.500), (1.50), (1.5)) AS t (p)) AS c;

-- 1e-30 and 1e40 exceed 128 bits together. Notional 1e-30 * 2 + 1e40 * 3, volume 5, so 31 decimals are exact; it
-- shows 30 of the notional, 1 for the volume and 2 more.
SELECT c.open, c.close, c.volume, c.vwap * c.volume = 2 * 1e-30 + 3 * 1e40 AS exact, scale(c.vwap) AS decimals
FROM (SELECT (candlestick_agg(ts, p, v)).*
      FROM (VALUES (timestamptz '2024-01-01 10:00', 1e-30, 2), ('2024-01-01 10:01', 1e40, 3)) AS t (ts, p, v)) AS c;

-- Sums beyond 128 bits (1.7e38) stay exact, whichever row comes first: 18 volumes of 10^37 + i/1000 sum to
-- 18 * 10^37 + 0.171.
SELECT c.volume, c.volume = s.volume AS exact, c.vwap = s.notional / s.volume AS vwap_exact
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01' + i * interval '1 s', 2, 1e37 + i / 1000.0)).*
      FROM generate_series(1, 18) AS i) AS c,
     (SELECT sum(1e37 + i / 1000.0) AS volume, sum(2 * (1e37 + i / 1000.0)) AS notional FROM generate_series(1, 18) AS i) AS s;
SELECT c.volume
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01' + i * interval '1 s', 2, 1e37 + i / 1000.0 ORDER BY -i)).*
      FROM generate_series(1, 18) AS i) AS c;

-- The product alone exceeds 128 bits: 1e20 * 1e20; a third price of -2e20 cancels it.
SELECT c.vwap, c.low
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01' + i * interval '1 s', p, 1e20)).*
      FROM (VALUES (1, 1e20), (2, 1e20), (3, -2e20 + 3)) AS t (i, p)) AS c;

-- As many digits as numeric itself accepts.
SELECT length(c.high::text) AS high, scale(c.low) AS low, c.volume
FROM (SELECT (candlestick_agg(timestamptz '2024-01-01' + i * interval '1 s', p, 1)).*
      FROM (VALUES (1, 1e1000), (2, 1e-1000)) AS t (i, p)) AS c;

-- A double counts as the shortest decimal that reads back as itself; sums of them are exact.
SELECT c.open, c.high, c.low = 5e-324 AS smallest, scale(c.low) AS decimals, c.volume
FROM (SELECT (candlestick_agg(ts, p, v)).*
      FROM (VALUES (timestamptz '2024-01-01 10:00', 0.1::float8, 0.3::float8), ('2024-01-01 10:01', 1e22, 2.5e-7),
                   ('2024-01-01 10:02', 5e-324, 100)) AS t (ts, p, v)) AS c;

-- Decimals of vwap: 2 of the notional 0.25*41 + 1*79 = 89.25 (three times that is 267.75), 3 digits of the volume
-- 120, and 2 more; 89.25 / 120 = 0.74375.
SELECT c.vwap
FROM (SELECT (candlestick_agg(ts, p, v)).*
      FROM (VALUES (timestamptz '2024-01-01 10:00', 0.25, 41), ('2024-01-01 10:01', 1, 79)) AS t (ts, p, v)) AS c;

--
-- rollup
--

-- Trades to minutes to hours equals trades to hours, field for field and digit for digit.
CREATE TABLE trade AS
SELECT timestamptz '2024-01-01' + i * interval '17 seconds' AS ts,
       (1000 + i * 7919 % 977)::numeric / (3 + i % 5)::numeric AS price,
       CASE WHEN i % 11 <> 0 THEN (i * 31 % 101)::numeric / 7 END AS volume
FROM generate_series(0, 999) AS i;
WITH minute AS (
    SELECT timeframe_bucket('1m', ts) AS start, candlestick_agg(ts, price, volume) AS c FROM trade GROUP BY 1
), hour AS (
    SELECT timeframe_bucket('1h', start) AS start, rollup(c) AS c FROM minute GROUP BY 1
), direct AS (
    SELECT timeframe_bucket('1h', ts) AS start, candlestick_agg(ts, price, volume) AS c FROM trade GROUP BY 1
)
SELECT count(*) AS hours, count(*) FILTER (WHERE hour.c::text = direct.c::text) AS equal
FROM hour JOIN direct USING (start);
DROP TABLE trade;

-- Written by hand: a vwap that the extension did not compute counts as it is: (10.3 * 3 + 11.5 * 1) / 4 = 10.6.
CREATE TABLE made (i integer, c candlestick);
INSERT INTO made VALUES
    (1, ROW('2024-01-01 10:00', 10, 12, 9, 11, 3, 10.3, 5, '2024-01-01 10:59')),
    (2, ROW('2024-01-01 11:00', 11, 14, 10, 13, 1, 11.5, 2, '2024-01-01 11:59'));
SELECT (rollup(c)).* FROM made;

-- Rounded to 4 decimals it counts as it is, 10.3333 * 3 = 30.9999. With the decimals that the extension gives it,
-- 10.333, it counts as what was rounded, 31 / 3.
SELECT (rollup(c)).vwap AS rounded
FROM (VALUES (ROW('2024-01-01', 10, 12, 9, 11, 3, 10.3333, 5, '2024-01-01')::candlestick),
             (ROW('2024-01-02', 10, 12, 9, 11, 1, 11, 5, '2024-01-02')::candlestick)) AS t (c);
SELECT (rollup(c)).vwap AS own
FROM (VALUES (ROW('2024-01-01', 10, 12, 9, 11, 3, 10.333, 5, '2024-01-01')::candlestick),
             (ROW('2024-01-02', 10, 12, 9, 11, 1, 11, 5, '2024-01-02')::candlestick)) AS t (c);

-- With a volume but without a vwap, the typical price is used, as for ready candles: (12+9+11)/3 * 3 = 32, and
-- 11.5 * 1: 43.5 / 4 = 10.875.
SELECT (rollup(c)).vwap
FROM (SELECT ROW('2024-01-01', 10, 12, 9, 11, 3, NULL, 5, '2024-01-01')::candlestick AS c
      UNION ALL SELECT (made.c)::candlestick FROM made WHERE i = 2) AS t;

-- If one has no number of trades, the number is unknown; one without volume adds none.
SELECT (rollup(c)).volume, (rollup(c)).vwap, (rollup(c)).trades
FROM (SELECT c FROM made
      UNION ALL VALUES (ROW('2024-01-02', 10, 12, 9, 11, NULL, NULL, NULL, '2024-01-02')::candlestick)) AS t (c);

-- One without times, or that lacks a price, does not count.
SELECT (rollup(c)).close_time, (rollup(c)).high
FROM (SELECT c FROM made
      UNION ALL VALUES (ROW(NULL, 10, 99, 9, 11, 1, 10, 1, '2024-01-02')::candlestick),
                       (ROW('2024-01-02', 10, 99, 9, 11, 1, 10, 1, NULL)::candlestick),
                       (ROW('2024-01-02', 10, 99, NULL, 11, 1, 10, 1, '2024-01-02')::candlestick)) AS t (c);
SELECT rollup(ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)::candlestick) IS NULL AS nothing;
DROP TABLE made;

--
-- errors: each shows the value
--

SELECT candlestick_agg('2024-01-01', 1.0, -0.5);
\echo :LAST_ERROR_SQLSTATE
SELECT candlestick_agg('2024-01-01', 1.0::float8, -1e-9::float8);
SELECT candlestick_agg('2024-01-01', 1, 1, 1, 1, -2);
SELECT candlestick_agg('2024-01-01', 'NaN'::numeric, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT candlestick_agg('2024-01-01', 'Infinity'::numeric, 1);
SELECT candlestick_agg('2024-01-01', 1, '-Infinity'::numeric);
SELECT candlestick_agg('2024-01-01', 1, 'NaN'::numeric, 5);
SELECT candlestick_agg('2024-01-01', 'NaN'::float8, 1);
SELECT candlestick_agg('2024-01-01', '-Infinity'::float8, 1);
SELECT candlestick_agg('2024-01-01', 1::float8, 'Infinity'::float8);
SELECT candlestick_agg('2024-01-01', 1, 'NaN'::numeric, 1, 1, 1);
SELECT candlestick_agg('2024-01-01', 1::float8, 1, 'Infinity', 1, 1);
SELECT candlestick_agg('infinity', 1, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT candlestick_agg('-infinity', 1::float8, 1::float8);
SELECT candlestick_agg('infinity', 1, 1, 1, 1, 1);

-- high below low, open above high, close below low
SELECT candlestick_agg('2024-01-01', 10, 9, 11, 10, 1);
\echo :LAST_ERROR_SQLSTATE
SELECT candlestick_agg('2024-01-01', 12.5, 12, 11, 11, 1);
SELECT candlestick_agg('2024-01-01', 12::float8, 12, 11, 10.5, 1);

-- Candlesticks that were written by hand are checked too.
SELECT rollup(ROW('2024-01-01', 10, 9, 11, 10, 1, 10, 1, '2024-01-01')::candlestick);
SELECT rollup(ROW('2024-01-01', 10, 12, 9, 11, -1, 10, 1, '2024-01-01')::candlestick);
SELECT rollup(ROW('2024-01-01', 10, 'NaN', 9, 11, 1, 10, 1, '2024-01-01')::candlestick);
SELECT rollup(ROW('2024-01-01', 10, 12, 9, 11, 1, 'NaN', 1, '2024-01-01')::candlestick);
SELECT rollup(ROW('2024-01-02', 10, 12, 9, 11, 1, 10, 1, '2024-01-01')::candlestick);
SELECT rollup(ROW('2024-01-01', 10, 12, 9, 11, 1, 10, 1, 'infinity')::candlestick);
SELECT rollup(ROW('2024-01-01', 10, 12, 9, 11, 1, 10, -1, '2024-01-01')::candlestick);

-- a number of trades beyond bigint is unknown
SELECT (rollup(c)).trades
FROM (VALUES (ROW('2024-01-01', 10, 12, 9, 11, 1, 10, 9223372036854775807, '2024-01-01')::candlestick),
             (ROW('2024-01-01', 10, 12, 9, 11, 1, 10, 1, '2024-01-01')::candlestick)) AS t (c);

-- Support functions can only be called in an aggregate.
SELECT cryptoanalytics_internal.ca_candlestick_trade_accum(NULL, '2024-01-01', 1.0, 1.0);
\echo :LAST_ERROR_SQLSTATE
SELECT cryptoanalytics_internal.ca_candlestick_combine(NULL, NULL);

--
-- the state type: what is written reads back
--
CREATE AGGREGATE candle_state(timestamptz, numeric, numeric) (
    SFUNC = cryptoanalytics_internal.ca_candlestick_trade_accum, STYPE = candlestick_state);
CREATE TABLE state AS
SELECT wide, candle_state(timestamptz '2024-01-01' + i * interval '1 s', i * 1.5, i * CASE WHEN wide THEN 1e40 ELSE 0.25 END) AS s
FROM generate_series(1, 3) AS i, (VALUES (false), (true)) AS w (wide)
GROUP BY wide;

-- Notional 1.5 * (1 + 4 + 9) * 0.25, volume 6 * 0.25: vwap 5.25 / 1.5 = 3.5; the same with 1e40.
SELECT wide, c.open, c.high, c.low, c.close, c.volume, round(c.vwap, 3) AS vwap, c.trades, t.roundtrip, t.sent
FROM state,
     cryptoanalytics_internal.ca_candlestick_final(s) AS c,
     LATERAL (SELECT cryptoanalytics_internal.ca_candlestick_final(s::text::candlestick_state) = cryptoanalytics_internal.ca_candlestick_final(s)
                     AND s::text::candlestick_state::text = s::text AS roundtrip,
                     encode(cryptoanalytics_internal.ca_candlestick_state_send(s), 'hex') = s::text AS sent) AS t
ORDER BY wide;

-- Invalid input: empty, not hexadecimal, half a byte, an unknown version, unknown flags.
SELECT ''::candlestick_state;
\echo :LAST_ERROR_SQLSTATE
SELECT 'zz'::candlestick_state;
\echo :LAST_ERROR_SQLSTATE
SELECT '012'::candlestick_state;
SELECT '02'::candlestick_state;
\echo :LAST_ERROR_SQLSTATE
SELECT '01f0'::candlestick_state;
SELECT repeat('00', 100)::candlestick_state;

-- A decimal that is too long, and trailing bytes.
SELECT overlay(s::text PLACING '7fffffff' FROM 85 FOR 8)::candlestick_state FROM state WHERE NOT wide;
SELECT (s::text || '00')::candlestick_state FROM state WHERE NOT wide;

-- Cut short anywhere, it is refused; with one byte changed, it is refused or reads back as it was read.
CREATE FUNCTION verdict(hex text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN hex::candlestick_state::text::candlestick_state::text = hex::candlestick_state::text
                THEN 'read' ELSE 'changed' END;
EXCEPTION WHEN data_exception OR protocol_violation OR insufficient_resources THEN
    RETURN 'refused';
END $$;
SELECT wide, verdict(left(s::text, 2 * n)) AS verdict, count(*) = length(s::text) / 2 AS all_lengths
FROM state, generate_series(0, length(s::text) / 2 - 1) AS n
GROUP BY wide, 2, s::text ORDER BY wide;
SELECT count(*) FILTER (WHERE v = 'changed') AS changed, count(*) FILTER (WHERE v = 'read') > 0 AS some_read,
       count(*) FILTER (WHERE v = 'refused') > 0 AS some_refused
FROM state, generate_series(1, length(s::text) / 2) AS n, (VALUES ('00'), ('7f'), ('ff')) AS b (byte),
     LATERAL (SELECT verdict(overlay(s::text PLACING byte FROM 2 * n - 1)) AS v) AS r;

DROP TABLE state;
DROP FUNCTION verdict;
DROP AGGREGATE candle_state(timestamptz, numeric, numeric);
