-- Bars, and the indicators of them by pandas' convention, as CSV for conventions.py.
\set QUIET on
\set ON_ERROR_STOP on
SET search_path = cryptoanalytics, public;
SET extra_float_digits = 1;
\ir ../../../scripts/sample.sql
COPY (
    SELECT c.high, c.low, c.close,
           ema(c.close, 20, 'pandas') OVER w AS ema, rsi(c.close, 14, 'pandas') OVER w AS rsi,
           (macd(c.close, 12, 26, 9, 'pandas') OVER w).*,
           atr(c.high, c.low, c.close, 14, 'pandas') OVER w AS atr,
           (adx(c.high, c.low, c.close, 14, 'pandas') OVER w).*
    FROM pg_temp.sample_candles(7, '2025-01-01 00:00+00', 2000, 60000) AS c
    WINDOW w AS (ORDER BY c.candle_time)
    ORDER BY c.candle_time
) TO STDOUT WITH (FORMAT csv, HEADER);
