-- series_quality and support_resistance.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
SET intervalstyle = 'postgres';
BEGIN;
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'ONE', 'One', 'crypto'), (2, 'TWO', 'Two', 'crypto');
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT 1, '1h', c, c, c, c, v, '2024-01-01 00:00+00'::timestamptz + h * interval '1 hour'
FROM (VALUES (0, 100, 1), (1, 101, 1), (2, 100, 0), (3, 101, 1), (4, 100, 1), (5, 500, 1), (6, 100, 1),
             -- 7 and 8 are missing
             (9, 101, NULL), (10, 100, 1), (11, 101, 1)) AS t (h, c, v)
UNION ALL
-- A complete series without volumes.
SELECT 2, '1d', 5, 5, 5, 5, NULL, '2024-01-01 00:00+00'::timestamptz + d * interval '1 day'
FROM generate_series(0, 9) AS d;

-- As of 18:30 on the 1st, 6 of ONE's hours have closed since 12:00. Of 12 hours 2 are missing; of 9 known volumes one
-- is zero. 8 closes have a predecessor: three changes of 0.01, three of -0.0099, 4 and -0.8. Their median is about
-- 0, the median distance from it 0.00995, and ten deviations are 0.1475, so 2 of 8 are outliers.
-- 40 * 10/12 + 30 * (1 - 6/24) + 15 * 8/9 + 0 = 33.333 + 22.5 + 13.333
-- = 69.167.
-- TWO has no closed candle at that time.
SELECT * FROM series_quality(as_of => '2024-01-01 18:30+00') \gx
-- Ten days later TWO is complete and fresh: (40 + 30 + 15) / 85. ONE is late: 33.333 + 0 + 13.333.
SELECT asset_id, series_timeframe, candles, missing, zero_volume_share, unknown_volumes, stale_by, late, outlier_share, score
FROM series_quality(as_of => '2024-01-11 00:00+00');
-- With since, the 24 hours before the first candle are missing too, 26 of 36: 40 * 10/36 + 22.5 + 13.333 = 46.944.
SELECT candles, missing, missing_share, score FROM series_quality(1, '1h', '2023-12-31 00:00+00', '2024-01-01 18:30+00');
-- Since then it has no candles: only the lateness is known.
SELECT asset_id, first_candle, candles, missing, missing_share, late, score
FROM series_quality(1, '1h', '2024-01-05 00:00+00', '2024-01-11 00:00+00');
-- Among changes of 1 %, one of 395 % and the one back are outliers: 2 of 99. 20 * 2/99 of the 15 points are lost:
-- 100 - 15 * 40/99 = 93.94.
DELETE FROM price_data;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time)
SELECT 1, '1h', c, c, c, c, 1, '2024-01-01 00:00+00'::timestamptz + h * interval '1 hour'
FROM (SELECT h, CASE WHEN h = 50 THEN 500 ELSE 100 + h % 2 END AS c FROM generate_series(0, 99) AS h) AS t;
SELECT outliers, outlier_share, score FROM series_quality(1, '1h', as_of => '2024-01-05 04:00+00');
-- A price that changes only once, and back: the median distance is 0, the mean (99 + 0.99) / 99 = 1.01, ten
-- deviations 10 * 1.253314 * 1.01 = 12.66. A rise by 99 times is an outlier, a fall by 99 % is not.
UPDATE price_data SET open_price = c, high_price = c, low_price = c, close_price = c
FROM (VALUES (5), (500)) AS t (c) WHERE (c = 500) = (candle_time = '2024-01-03 02:00+00');
SELECT outliers, outlier_share FROM series_quality(1, '1h', as_of => '2024-01-05 04:00+00');

-- Levels.  Prices by hour, each candle from p - 1 to p + 1:
--    n  1   2   3   4   5   6   7   8   9  10  11  12  13
--    p 100 105 110 105 100 105 110 105 101 104 120 104 103
-- A candle is a turning point if it is beyond two candles on each side: the tops 111 (3 and 7) and 121 (11), the
-- bottoms 99 (5) and 100 (9), which are 1.01 % apart. 3 + 7 + 11 + 5 + 9 = 35. The last close is 103.
DELETE FROM price_data;
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
SELECT 1, '1h', p, p + 1, p - 1, p, '2024-01-01 00:00+00'::timestamptz + n * interval '1 hour'
FROM unnest('{100,105,110,105,100,105,110,105,101,104,120,104,103}'::numeric[]) WITH ORDINALITY AS t (p, n);
-- 11/35, 10/35, 9/35, 5/35
SELECT kind, trim_scale(level) AS level, strength, touches, first_touch, last_touch
FROM support_resistance(1, '1h', as_of => '2024-01-01 14:00+00');
-- With 1.1 % the bottoms form one level: 14/35 at 99.5.
SELECT kind, trim_scale(level) AS level, strength, touches FROM support_resistance(1, '1h', tolerance_percent => 1.1, as_of => '2024-01-01 14:00+00');
-- Of the newest 7, n = 7 .. 13 counted from 1, only 9 and 11 have two candles on each side: 3/8 and 5/8.
SELECT kind, trim_scale(level) AS level, strength FROM support_resistance(1, '1h', 7, as_of => '2024-01-01 14:00+00');
-- A minute before the last candle closes, 11 is no turning point yet; the last close is 104: 10/24, 9/24, 5/24.
SELECT kind, trim_scale(level) AS level, strength FROM support_resistance(1, '1h', as_of => '2024-01-01 13:59+00');
-- Of equal neighbours only the first is a turning point.
UPDATE price_data SET high_price = 121 WHERE candle_time = '2024-01-01 12:00+00';
SELECT kind, trim_scale(level) AS level, touches, first_touch FROM support_resistance(1, '1h', as_of => '2024-01-01 14:00+00') WHERE level = 121;
-- No candles, or too few.
SELECT * FROM support_resistance(2, '1h', as_of => '2024-01-01 14:00+00');
SELECT * FROM support_resistance(1, '1h', 4, as_of => '2024-01-01 14:00+00');

-- What is refused.
\set ON_ERROR_ROLLBACK on
SELECT series_quality(9);
SELECT series_quality(1, '7m');
SELECT series_quality(1, '1h', 'infinity');
SELECT series_quality(as_of => 'infinity');
SELECT support_resistance(NULL, '1h');
SELECT support_resistance(1, NULL);
SELECT support_resistance(1, '1h', 2);
SELECT support_resistance(1, '1h', wing => 0);
SELECT support_resistance(1, '1h', tolerance_percent => 'NaN');
SELECT support_resistance(1, '1h', as_of => NULL);
ROLLBACK;
