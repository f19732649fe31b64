-- The first 1,000 minutes of BTC/USDT of March 2023, with the results of TA-Lib: every cell of its 27 columns.
BEGIN;
SELECT plan(59);
SET LOCAL search_path = cryptoanalytics, public;

CREATE TEMP TABLE talib (
    time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric,
    rsi_7 float8, rsi_14 float8, sma_20 float8, sma_50 float8, sma_100 float8, sma_200 float8,
    ema_12 float8, ema_20 float8, ema_26 float8, ema_50 float8, ema_100 float8, ema_200 float8,
    macd_value float8, macd_signal float8, macd_histogram float8,
    bollinger_upper float8, bollinger_middle float8, bollinger_lower float8, atr_14 float8, adx_14 float8,
    di_plus_14 float8, di_minus_14 float8, stoch_slow_k_14_3 float8, stoch_slow_d_3 float8,
    stoch_fast_k_14 float8, stoch_fast_d_3 float8, obv float8
);
-- \copy knows no variables, but a line may be one
\set load '\\copy talib FROM ''' :data '/talib_btcusdt_1m_first1000.csv'' WITH (FORMAT csv, HEADER)'
:load

SELECT is(count(*), 1000::bigint, 'there are 1,000 candles') FROM talib;

-- One row per cell.
CREATE TEMP TABLE cell AS
SELECT t.time, c.name, c.want, c.got, c.got_double
FROM (SELECT *,
             rsi(close, 7) OVER w AS o_rsi_7, rsi(close) OVER w AS o_rsi_14,
             sma(close, 20) OVER w AS o_sma_20, sma(close, 50) OVER w AS o_sma_50, sma(close, 100) OVER w AS o_sma_100, sma(close, 200) OVER w AS o_sma_200,
             ema(close, 12) OVER w AS o_ema_12, ema(close, 20) OVER w AS o_ema_20, ema(close, 26) OVER w AS o_ema_26,
             ema(close, 50) OVER w AS o_ema_50, ema(close, 100) OVER w AS o_ema_100, ema(close, 200) OVER w AS o_ema_200,
             macd(close) OVER w AS o_macd,
             bollinger(close) OVER w AS o_bollinger, atr(high, low, close) OVER w AS o_atr, adx(high, low, close) OVER w AS o_adx,
             stochastic(high, low, close, 14, 3, 3) OVER w AS o_slow, stochastic(high, low, close, 14, 1, 3) OVER w AS o_fast,
             obv(close, volume) OVER w AS o_obv,
             rsi(close::float8, 7) OVER w AS d_rsi_7, rsi(close::float8) OVER w AS d_rsi_14,
             sma(close::float8, 20) OVER w AS d_sma_20, sma(close::float8, 50) OVER w AS d_sma_50, sma(close::float8, 100) OVER w AS d_sma_100, sma(close::float8, 200) OVER w AS d_sma_200,
             ema(close::float8, 12) OVER w AS d_ema_12, ema(close::float8, 20) OVER w AS d_ema_20, ema(close::float8, 26) OVER w AS d_ema_26,
             ema(close::float8, 50) OVER w AS d_ema_50, ema(close::float8, 100) OVER w AS d_ema_100, ema(close::float8, 200) OVER w AS d_ema_200,
             macd(close::float8) OVER w AS d_macd,
             bollinger(close::float8) OVER w AS d_bollinger, atr(high::float8, low::float8, close::float8) OVER w AS d_atr, adx(high::float8, low::float8, close::float8) OVER w AS d_adx,
             stochastic(high::float8, low::float8, close::float8, 14, 3, 3) OVER w AS d_slow, stochastic(high::float8, low::float8, close::float8, 14, 1, 3) OVER w AS d_fast,
             obv(close::float8, volume::float8) OVER w AS d_obv
      FROM talib WINDOW w AS (ORDER BY time)) AS t
CROSS JOIN LATERAL (VALUES
    ('rsi_7', rsi_7, o_rsi_7, d_rsi_7), ('rsi_14', rsi_14, o_rsi_14, d_rsi_14),
    ('sma_20', sma_20, o_sma_20, d_sma_20), ('sma_50', sma_50, o_sma_50, d_sma_50),
    ('sma_100', sma_100, o_sma_100, d_sma_100), ('sma_200', sma_200, o_sma_200, d_sma_200),
    ('ema_12', ema_12, o_ema_12, d_ema_12), ('ema_20', ema_20, o_ema_20, d_ema_20), ('ema_26', ema_26, o_ema_26, d_ema_26),
    ('ema_50', ema_50, o_ema_50, d_ema_50), ('ema_100', ema_100, o_ema_100, d_ema_100), ('ema_200', ema_200, o_ema_200, d_ema_200),
    ('macd_value', macd_value, (o_macd).value, (d_macd).value),
    ('macd_signal', macd_signal, (o_macd).signal, (d_macd).signal),
    ('macd_histogram', macd_histogram, (o_macd).histogram, (d_macd).histogram),
    ('bollinger_upper', bollinger_upper, (o_bollinger).upper, (d_bollinger).upper),
    ('bollinger_middle', bollinger_middle, (o_bollinger).middle, (d_bollinger).middle),
    ('bollinger_lower', bollinger_lower, (o_bollinger).lower, (d_bollinger).lower),
    ('atr_14', atr_14, o_atr, d_atr), ('adx_14', adx_14, (o_adx).adx, (d_adx).adx),
    ('di_plus_14', di_plus_14, (o_adx).di_plus, (d_adx).di_plus), ('di_minus_14', di_minus_14, (o_adx).di_minus, (d_adx).di_minus),
    ('stoch_slow_k_14_3', stoch_slow_k_14_3, (o_slow).k, (d_slow).k), ('stoch_slow_d_3', stoch_slow_d_3, (o_slow).d, (d_slow).d),
    ('stoch_fast_k_14', stoch_fast_k_14, (o_fast).k, (d_fast).k), ('stoch_fast_d_3', stoch_fast_d_3, (o_fast).d, (d_fast).d),
    ('obv', obv, o_obv, d_obv)) AS c (name, want, got, got_double);

CREATE TEMP TABLE verdict AS
SELECT name, count(*) AS cells, count(want) AS warm,
       count(*) FILTER (WHERE (want IS NULL) <> (got IS NULL)) AS misplaced,
       count(*) FILTER (WHERE (want IS NULL) <> (got_double IS NULL)) AS misplaced_double,
       max(CASE WHEN got <> want THEN coalesce(abs(got - want) / nullif(abs(want), 0), 1) ELSE 0 END) AS worst,
       max(CASE WHEN got_double <> want THEN coalesce(abs(got_double - want) / nullif(abs(want), 0), 1) ELSE 0 END) AS worst_double
FROM cell GROUP BY name;

SELECT is(sum(cells), 27000::numeric, '27 columns of 1,000 cells were compared') FROM verdict;
-- rsi, atr and the directional indicators need n bars before, an average n - 1, macd 26 + 9 - 2,
-- adx 2n - 1, stochastic k + s + d - 3
SELECT is(sum(cells - warm),
          7 + 14 + (19 + 49 + 99 + 199) * 2 + 11 + 25 + 3 * 33 + 3 * 19 + 14 + 27 + 2 * 14 + 2 * 17 + 2 * 15::numeric,
          'TA-Lib leaves the cells before the warm-up empty') FROM verdict;
SELECT is(misplaced, 0::bigint, name || ' is NULL exactly where TA-Lib has no value') FROM verdict ORDER BY name;
SELECT cmp_ok(worst, '<=', 1e-9::float8, name || ' agrees with TA-Lib within 1e-9') FROM verdict ORDER BY name;
SELECT is(sum(misplaced_double), 0::numeric, 'in double precision, too, values are where TA-Lib has them') FROM verdict;
SELECT cmp_ok(max(worst_double), '<=', 1e-9::float8, 'and agree within 1e-9') FROM verdict;
SELECT diag(format('%-17s %s values, worst relative difference %s', name, warm, to_char(worst, '9.9EEEE'))) FROM verdict ORDER BY name;

SELECT * FROM finish();
ROLLBACK;
