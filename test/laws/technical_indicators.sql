-- technical_indicators(): each column equals its aggregate, values do not depend on the range, and the results for open
-- candles, gaps and wrong arguments.
BEGIN;
SELECT plan(20);
SET LOCAL search_path = cryptoanalytics, public;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'TI', 'Technical', 'crypto'), (2, 'NONE', 'No candles', 'crypto');

-- 700 hours with three gaps; the older half is archived.
CREATE TEMP TABLE hour AS
SELECT i, timestamptz '2024-01-01 00:00+00' + i * interval '1 hour' AS time, p AS open, p + 1 + h AS high, p - 1 - l AS low, p + c AS close
FROM generate_series(0, 699) AS i,
     LATERAL (SELECT 100 + 20 * (hashint8extended(i / 50, 1) % 5) + hashint8extended(i, 2) % 7 + 0.25 AS p,
                     abs(hashint8extended(i, 3)) % 5 AS h, abs(hashint8extended(i, 4)) % 5 AS l,
                     (hashint8extended(i, 5) % 9) / 8.0 AS c) AS m
WHERE i NOT IN (300, 301, 302, 450, 451, 600);
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 1, '1h', time, open, greatest(high, close), least(low, close), close FROM hour WHERE i < 350;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 1, '1h', time, open, greatest(high, close), least(low, close), close FROM hour WHERE i >= 350;

CREATE TEMP TABLE got AS SELECT * FROM technical_indicators(1, '1h');
SELECT is(count(*), 694::bigint, 'every candle has a row, live and archived') FROM got;
SELECT is(count(DISTINCT candle_time), 694::bigint, 'and no candle has two') FROM got;

CREATE TEMP TABLE want (LIKE got);
INSERT INTO want
SELECT candle_time, close_price, rsi(close_price, 7) OVER w, rsi(close_price, 14) OVER w, sma(close_price, 20) OVER w,
       sma(close_price, 50) OVER w, sma(close_price, 100) OVER w, sma(close_price, 200) OVER w,
       ema(close_price, 20) OVER w, ema(close_price, 50) OVER w, ema(close_price, 100) OVER w, ema(close_price, 200) OVER w,
       (macd(close_price) OVER w).value, (macd(close_price) OVER w).signal, (macd(close_price) OVER w).histogram,
       (bollinger(close_price) OVER w).upper, (bollinger(close_price) OVER w).lower, (bollinger(close_price) OVER w).bandwidth,
       atr(high_price, low_price, close_price) OVER w,
       (adx(high_price, low_price, close_price) OVER w).adx, (adx(high_price, low_price, close_price) OVER w).di_plus,
       (adx(high_price, low_price, close_price) OVER w).di_minus,
       (stochastic(high_price, low_price, close_price) OVER w).k, (stochastic(high_price, low_price, close_price) OVER w).d
FROM price_history WHERE asset_id = 1 WINDOW w AS (ORDER BY candle_time);
SELECT set_eq('SELECT * FROM got', 'SELECT * FROM want', 'each value is that of the aggregate, to the bit');
SELECT is((SELECT count(*) FROM got WHERE sma_200 IS NULL), 199::bigint, 'a value that is not warm is NULL');
SELECT results_eq('SELECT candle_time FROM technical_indicators(1, ''1h'')', 'SELECT candle_time FROM want ORDER BY candle_time',
                  'rows are in the order of time');

-- Ranges, the last of which begins inside a candle.
SELECT is_empty(format('SELECT * FROM technical_indicators(1, ''1h'', %L, %L) EXCEPT SELECT * FROM got', since, until),
                format('a range from %s to %s has the values of the whole', since, until))
FROM (VALUES ('2024-01-05 00:00+00', '2024-01-06 00:00+00'), ('2024-01-14 00:00+00', '2024-01-20 00:00+00'),
             ('2024-01-28 07:30+00', '2024-01-29 00:00+00')) AS r (since, until);
SELECT is((SELECT count(*) FROM technical_indicators(1, '1h', '2024-01-28 07:30+00', '2024-01-28 10:00+00')), 2::bigint,
          'a range takes the candles that start in it');
SELECT is((SELECT count(*) FROM technical_indicators(1, '1h', '2024-01-05 00:00+00', '2024-01-06 00:00+00') AS a
           JOIN technical_indicators(1, '1h', '2024-01-05 12:00+00', '2024-01-07 00:00+00') AS b ON a IS NOT DISTINCT FROM b), 12::bigint,
          'two ranges agree to the bit where they overlap');

-- A timeframe that is not stored is built; 694 hours with gaps are in each of 175 4h candles.
SELECT is((SELECT count(*) FROM technical_indicators(1, '4h')), 175::bigint, 'candles that are not stored are built');

-- Gaps.
SELECT is((SELECT count(*) FROM technical_indicators(1, '1h', gaps => 'fill')), 694::bigint, 'filled gaps have no rows of their own');
SELECT is((SELECT sma_20 FROM technical_indicators(1, '1h', gaps => 'fill') WHERE candle_time = '2024-01-13 15:00+00'),
          (SELECT sma(close, 20 ORDER BY time) FROM candles_filled(1, '1h', until => '2024-01-13 16:00+00')),
          'a filled gap counts as flat candles');
SELECT isnt((SELECT sma_20 FROM got WHERE candle_time = '2024-01-13 15:00+00'),
            (SELECT sma_20 FROM technical_indicators(1, '1h', gaps => 'fill') WHERE candle_time = '2024-01-13 15:00+00'),
            'which makes a difference');
-- 694 bars in four runs of 300, 147, 148 and 99.
SELECT is((SELECT count(sma_100) FROM technical_indicators(1, '1h', gaps => 'break')), (300 - 99) + (147 - 99) + (148 - 99)::bigint,
          'after a break every indicator starts again');

-- Conventions.
SELECT is((SELECT array_agg(ema_20 ORDER BY candle_time) FROM technical_indicators(1, '1h', convention => 'pandas')),
          (SELECT array_agg(e ORDER BY time) FROM (SELECT time, ema(close, 20, 'pandas') OVER (ORDER BY time) AS e FROM candles(1, '1h')) AS t),
          'a convention reaches the aggregates');

-- The open candle: the hour that contains now().
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (1, '1h', timeframe_bucket('1h', now()), 100, 101, 99, 100);
SELECT is((SELECT count(*) FROM technical_indicators(1, '1h')), 694::bigint, 'an open candle is left out');
SELECT is((SELECT count(*) FROM technical_indicators(1, '1h', include_open => true)), 695::bigint, 'unless it is asked for');

-- Wrong arguments.
SELECT throws_ok('SELECT technical_indicators(2, ''1h'', convention => ''foo'')', '22023', 'unknown convention',
                 'an unknown convention is refused, without candles too');
SELECT throws_ok('SELECT technical_indicators(1, ''1h'', gaps => ''foo'')', '22023', 'unknown treatment of gaps',
                 'an unknown treatment of gaps is refused');

SELECT * FROM finish();
ROLLBACK;
