-- refresh_assets and record_asset_access.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';

INSERT INTO assets (id, symbol, name, asset_type, circulating_supply, market_cap, total_volume, current_price, ath, ath_date)
VALUES (1, 'ONE', 'One', 'crypto', 1000, NULL, NULL, NULL, NULL, NULL),
       (2, 'DAY', 'Days only', 'crypto', 1000, NULL, 77, NULL, NULL, NULL),
       (3, 'OLD', 'Nothing lately', 'index', NULL, 88, 99, NULL, NULL, NULL),
       (4, 'NIL', 'Nothing stored', 'crypto', 1000, 66, 55, 44, 33, '2020-01-01');

CREATE FUNCTION candle(asset integer, timeframe text, candle_time timestamptz, low numeric, high numeric, close numeric,
                       volume numeric DEFAULT NULL, market_cap numeric DEFAULT NULL) RETURNS void
    LANGUAGE sql
BEGIN ATOMIC
    INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap, candle_time)
    VALUES (asset, timeframe, close, high, low, close, volume, market_cap, candle_time);
END;
CREATE VIEW figures AS
    SELECT id, trim_scale(current_price) AS price, trim_scale(market_cap) AS cap, trim_scale(total_volume) AS volume,
           trim_scale(price_change_percentage_24h) AS d1, trim_scale(price_change_percentage_7d) AS d7,
           trim_scale(price_change_percentage_30d) AS d30, trim_scale(ath) AS ath, ath_date, trim_scale(atl) AS atl, atl_date
    FROM assets ORDER BY id;

-- ONE, as of 2024-02-01 00:00: the last hour closed at 110 with a market capitalization of 5000.
SELECT count(candle(1, '1h', '2024-01-31 00:00+00'::timestamptz + h * interval '1 hour', 104, 112,
                    CASE h WHEN 23 THEN 110 ELSE 105 END, 2, CASE h WHEN 23 THEN 5000 END))
FROM generate_series(0, 23) AS h;
-- 24 h before, it was 100, 7 d before 80 and 30 d before 200: +10 %, +37.5 %, -45 %.
SELECT candle(1, '1h', '2024-01-30 23:00+00', 99, 101, 100, 3), candle(1, '1h', '2024-01-24 23:00+00', 79, 81, 80, 3),
       candle(1, '1h', '2024-01-01 23:00+00', 199, 201, 200, 3);
-- The hour that is still open, and its first minute, which has not closed at 00:00 either.
SELECT candle(1, '1h', '2024-02-01 00:00+00', 1, 999, 555, 9), candle(1, '1m', '2024-02-01 00:00+00', 2, 888, 444, 9);
-- The high is archived and the low compressed; the day and its hour have the same high.
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (1, '1d', 300, 500, 290, 300, '2023-06-01 00:00+00'), (1, '1h', 300, 500, 290, 300, '2023-06-01 07:00+00'),
       (1, '1d', 50, 60, 20, 50, '2022-01-01 00:00+00');
CALL compress_price_archive(older_than => '2023-01-01+00', asset => 1);

-- DAY: 60 on the 31st, 40 on the 30th, which is the close 24 h before: +50 %. The volume of the day is known, and
-- 60 * 1000 is the market capitalization. The close of 7 d before, on the 24th, is not stored, but on the 18th the
-- close of the week that ended then is: 75, so -20 %.
SELECT candle(2, '1d', '2024-01-31 00:00+00', 40, 70, 60, 12), candle(2, '1d', '2024-01-30 00:00+00', 30, 50, 40, 11),
       candle(2, '1d', '2024-01-18 00:00+00', 30, 90, 75, 11);
-- OLD: there is no close in the last 24 h, so no change over 24 h. 3 d ago it was 30 and 8 d ago 20: +50 % in 7 d.
-- Nothing is stored that is between 30 and 60 d old.
SELECT candle(3, '1h', '2024-01-29 00:00+00', 29, 31, 30), candle(3, '1h', '2024-01-24 00:00+00', 19, 21, 20),
       candle(3, '1h', '2023-11-30 00:00+00', 9, 11, 10);

SELECT refresh_assets('2024-02-01 00:00+00');
SELECT * FROM figures;
-- There is nothing new.
SELECT refresh_assets('2024-02-01 00:00+00');
SELECT task_name, task_type, status, result_data -> 'assets' AS assets FROM background_tasks;

-- The first minute has closed at 00:01 and is newer than the last hour; its high is the highest, its low the lowest.
-- 24 h before, at 00:01, 100 was known, 7 d and 30 d before 80 and 200: +344 %, +455 %, +122 %; capitalization
-- 444 * 1000.
SELECT refresh_assets('2024-02-01 00:01+00');
SELECT * FROM figures WHERE id = 1;
-- A lower high changes nothing; a late candle with a higher high counts, whatever its timeframe.
SELECT candle(1, '1m', '2024-02-01 00:01+00', 3, 887, 444);
SELECT candle(1, '4h', '2021-05-01 00:00+00', 400, 1000, 500);
INSERT INTO price_data_archive (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (1, '1w', 5, 6, 0.5, 5, '2020-12-28 00:00+00');
SELECT refresh_assets('2024-02-01 00:02+00');
SELECT ath, ath_date, atl, atl_date FROM figures WHERE id = 1;
-- An extreme that is set to NULL is found again in the history.
DELETE FROM price_data WHERE timeframe = '4h';
SELECT refresh_assets('2024-02-01 00:02+00');
UPDATE assets SET ath = NULL WHERE id = 1;
SELECT refresh_assets('2024-02-01 00:02+00');
SELECT ath, ath_date, atl, atl_date FROM figures WHERE id = 1;

-- A call for an earlier time, at which a late candle had not closed, keeps the extremes; the next call sees the candle.
SELECT candle(1, '2h', '2024-01-31 12:00+00', 100, 2000, 100);
SELECT refresh_assets('2024-01-31 13:00+00') IS NOT NULL AS done;
SELECT price, ath FROM figures WHERE id = 1;
SELECT refresh_assets('2024-02-01 00:02+00') IS NOT NULL AS done;
SELECT price, ath FROM figures WHERE id = 1;
DELETE FROM price_data WHERE timeframe = '2h';

-- Prices below 0 and at 0; a change that the column cannot hold and a capitalization below 0 are left out.
INSERT INTO assets (id, symbol, name, asset_type, circulating_supply) VALUES (5, 'NEG', 'Negative', 'macro', 10), (6, 'ZERO', 'Zero', 'macro', 10), (7, 'HUGE', 'Huge', 'crypto', 1e21);
SELECT candle(5, '1d', '2024-01-31 00:00+00', -30, 40, -30), candle(5, '1d', '2024-01-30 00:00+00', -40, 0, -40),
       candle(6, '1d', '2024-01-31 00:00+00', 0, 4, 4), candle(6, '1d', '2024-01-30 00:00+00', 0, 0, 0),
       candle(7, '1d', '2024-01-31 00:00+00', 0, 1e11, 1e11), candle(7, '1d', '2024-01-30 00:00+00', 0, 1, 0.00000001);
SELECT refresh_assets('2024-02-01 00:00+00');
SELECT id, price, cap, d1, ath, atl FROM figures WHERE id > 4;

-- Volume: without one of its hours the 24 hours are unknown, but the half hours are known: 48 * 0.5.
DELETE FROM price_data WHERE asset_id = 1 AND candle_time = '2024-01-31 05:00+00';
SELECT count(candle(1, '30m', '2024-01-31 00:00+00'::timestamptz + h * interval '30 minutes', 104, 112, 110, 0.5))
FROM generate_series(0, 47) AS h;
SELECT refresh_assets('2024-02-01 00:00+00');
SELECT volume FROM figures WHERE id = 1;
-- If one of them has no volume, the total stays as it is.
UPDATE price_data SET volume = NULL WHERE timeframe = '30m' AND candle_time = '2024-01-31 05:00+00';
UPDATE assets SET total_volume = 1 WHERE id = 1;
SELECT refresh_assets('2024-02-01 00:00+00');
SELECT volume FROM figures WHERE id = 1;

-- Accesses are counted, also per timeframe; an earlier moment does not move the last access back.
SELECT record_asset_access(1, '1h', '2024-01-02+00'), record_asset_access(1, '1h', '2024-01-01+00'),
       record_asset_access(1, moment => '2024-01-01+00'), record_asset_access(1, '1m', '2024-01-01+00');
SELECT access_count, last_accessed_at, timeframe_usage FROM assets WHERE id = 1;
UPDATE assets SET access_count = 2147483647 WHERE id = 1;
SELECT record_asset_access(1, moment => '2024-01-01+00');

-- What is refused.
SELECT refresh_assets(NULL);
SELECT refresh_assets('infinity');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refresh_assets();
ROLLBACK;
SELECT record_asset_access(99);
SELECT record_asset_access(NULL);
SELECT record_asset_access(1, '7m');
SELECT record_asset_access(1, '1h', '-infinity');
UPDATE assets SET timeframe_usage = '{"1h": "many"}' WHERE id = 1;
SELECT record_asset_access(1, '1h');

TRUNCATE price_data, price_data_archive, price_data_segments;
DELETE FROM background_tasks;
DELETE FROM assets;
DROP VIEW figures;
DROP FUNCTION candle;
