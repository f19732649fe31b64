-- Reading candles, finding and filling gaps, rolling up.
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never

INSERT INTO assets (symbol, name, asset_type)
SELECT 'CANDLES.' || s, 'candles of the test', 'crypto' FROM unnest(ARRAY['MINUTES', 'DAYS', 'SOURCES', 'NOW', 'EMPTY']) AS s;
SELECT asset_id('CANDLES.MINUTES') AS minutes, asset_id('CANDLES.DAYS') AS days, asset_id('CANDLES.SOURCES') AS sources,
       asset_id('CANDLES.NOW') AS current, asset_id('CANDLES.EMPTY') AS empty \gset

-- minute m of Monday 2024-01-01, from 10:00 on: open 100+m, high 102+m, low 99+m, close 101+m,
-- volume 1+m; minutes 3, 4 and 7 are missing, 0 and 1 archived; market_cap known at 1 and 6
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT :minutes, '1m', timestamptz '2024-01-01 10:00' + m * interval '1 minute', 100 + m, 102 + m, 99 + m, 101 + m, 1 + m,
       CASE m WHEN 6 THEN 6000 END
FROM unnest(ARRAY[2, 5, 6, 8, 9]) AS m;
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT :minutes, '1m', timestamptz '2024-01-01 10:00' + m * interval '1 minute', 100 + m, 102 + m, 99 + m, 101 + m, 1 + m,
       CASE m WHEN 1 THEN 5000 END
FROM unnest(ARRAY[0, 1]) AS m;

-- day k: open 10k, high 10k+5, low 10k-5, close 10k+1, volume k; a Wednesday, a Thursday and a
-- Sunday of one week, the Monday after, the leap day and the day after it
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT :days, '1d', day, 10 * k, 10 * k + 5, 10 * k - 5, 10 * k + 1, k
FROM unnest(ARRAY['2024-01-31', '2024-02-01', '2024-02-04', '2024-02-05', '2024-02-29', '2024-03-01']::timestamptz[])
     WITH ORDINALITY AS d (day, k);

--
-- candles()
--

-- Stored candles, live and archived.
SELECT * FROM candles(:minutes, '1m');

-- Built candles. 10:00 is made of minutes 0, 1 and 2: open 100, high 104, low 99, close 103, volume 1+2+3.
-- 10:05 of minutes 5, 6, 8 and 9: 105, 111, 104, 110, volume 6+7+9+10, and the last known market_cap.
SELECT * FROM candles(:minutes, '5m');
SELECT * FROM candles(:minutes, '1h');

-- Candles that START in [since, until), each made of all its minutes.
SELECT * FROM candles(:minutes, '5m', since => '2024-01-01 10:01');
SELECT * FROM candles(:minutes, '5m', '2024-01-01 10:05', '2024-01-01 10:06');
SELECT * FROM candles(:minutes, '5m', until => '2024-01-01 10:05');
SELECT count(*) AS none FROM candles(:minutes, '5m', '2024-01-01 10:01', '2024-01-01 10:05');
SELECT count(*) AS none FROM candles(:minutes, '1m', '2024-01-01 10:05', '2024-01-01 10:05');
SELECT count(*) AS all FROM candles(:minutes, '5m', '-infinity', 'infinity');
SELECT count(*) AS none FROM candles(:empty, '1h');

-- weeks, months and 3d candles, where days 19752 (01-30), 19755, 19758 (02-05) and 19782 (02-29)
-- of 1970-01-01 are multiples of 3
SELECT * FROM candles(:days, '1w');
SELECT * FROM candles(:days, '1M');
SELECT * FROM candles(:days, '3d');

-- Nothing can be built of longer candles.
SELECT count(*) AS none FROM candles(:days, '12h');

-- A stored candle takes precedence over one that could be built; before, between and after it.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, technical_indicators)
VALUES (:minutes, '5m', '2024-01-01 10:05', 1, 4, 1, 3, '{"RSI": 50}'), (:minutes, '5m', '2024-01-01 09:50', 2, 2, 2, 2, NULL);
SELECT * FROM candles(:minutes, '5m');

-- Several sources complement each other. 1m has price 1 and 5m price 5; the 15m candle of
-- 10:00  has a minute in each 5m, which covers less           5 + 5 + 5
-- 10:15  has a minute in the second of three 5m               5 + 5 + 5
-- 10:30  has a minute in the first 5m                         5 + 5 + 5
-- 10:45  has only 1m                                           1
-- 11:00  has only 5m                                           5
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT :sources, t, timestamptz '2024-01-01' + at::interval, p, p, p, p, p
FROM (SELECT '1m', unnest(ARRAY['10:00', '10:07', '10:14', '10:22', '10:30', '10:46']), 1
      UNION ALL
      SELECT '5m', unnest(ARRAY['10:00', '10:05', '10:10', '10:15', '10:20', '10:25', '10:30', '10:35', '10:40', '11:05']), 5) AS s (t, at, p);
SELECT time, close, volume FROM candles(:sources, '15m');

-- errors
SELECT * FROM candles(-1, '1h');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM candles(NULL, '1h');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM candles(:minutes, '7x');
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM candles(:minutes, NULL);
\echo :LAST_ERROR_SQLSTATE
SELECT * FROM candles(:minutes, '1h', '2024-01-02', '2024-01-01');
\echo :LAST_ERROR_SQLSTATE

--
-- candle_gaps()
--

-- minutes 3 and 4, and minute 7
SELECT * FROM candle_gaps(:minutes, '1m');

-- Bounds extend the range: two minutes before the first candle, two after the last. A bound within a candle asks
-- for the candles that start in the range, so 10:03 is not missing and 10:10 is.
SELECT * FROM candle_gaps(:minutes, '1m', '2024-01-01 09:58', '2024-01-01 10:12');
SELECT * FROM candle_gaps(:minutes, '1m', '2024-01-01 10:03:30', '2024-01-01 10:10:30');
SELECT * FROM candle_gaps(:minutes, '1m', '2024-01-01 10:03:10', '2024-01-01 10:03:50');
SELECT * FROM candle_gaps(:minutes, '1m', '2024-01-01 10:07', '2024-01-01 10:07');

-- Without any candle the whole range is one gap; without a range there is none.
SELECT * FROM candle_gaps(:empty, '1h', '2024-01-01', '2024-01-02');
SELECT count(*) AS none FROM candle_gaps(:empty, '1h');

-- the weeks of 02-12 and 02-19; every month has a candle; of April and May there is none
SELECT * FROM candle_gaps(:days, '1w');
SELECT count(*) AS none FROM candle_gaps(:days, '1M');
SELECT * FROM candle_gaps(:days, '1M', until => '2024-06-01');
SELECT * FROM candle_gaps(:days, '1d', '-infinity', '2024-02-05');

SELECT * FROM candle_gaps(-1, '1h');
SELECT * FROM candle_gaps(:minutes, '1H');
SELECT * FROM candle_gaps(:minutes, '1h', '2024-01-02', '2024-01-01');

--
-- candles_filled()
--

-- 10:03 and 10:04 at 103, the close of 10:02; 10:07 at 107, that of 10:06
SELECT * FROM candles_filled(:minutes, '1m');

-- The candle before the range carries its close into it; the last close is carried on until the end.
SELECT * FROM candles_filled(:minutes, '1m', '2024-01-01 10:04', '2024-01-01 10:06');
SELECT * FROM candles_filled(:minutes, '1m', '2024-01-01 10:09', '2024-01-01 10:12');
SELECT * FROM candles_filled(:minutes, '1m', '2024-01-01 11:00', '2024-01-01 11:01');

-- Before the first candle nothing is known.
SELECT time, close, filled FROM candles_filled(:minutes, '1m', '2024-01-01 09:58', '2024-01-01 10:01');
SELECT count(*) AS none FROM candles_filled(:empty, '1h', '2024-01-01', '2024-01-02');

-- The close carried into a range may be that of a built candle: week 02-05 closed at 41.
SELECT * FROM candles_filled(:days, '1w', '2024-02-12', '2024-03-01');

SELECT * FROM candles_filled(-1, '1h');
SELECT * FROM candles_filled(:minutes, '');
SELECT * FROM candles_filled(:minutes, '1h', '2024-01-02', '2024-01-01');

--
-- rollup_candles()
--

-- 10:00 is written. 10:05, which was not rolled up and of which four minutes are there, stays, and so does 09:50, of
-- which there are none. Once 10:05 is deleted it is written too. A second call changes nothing.
-- nothing changes
SELECT rollup_candles('5m', :minutes);
SELECT open_price, close_price FROM price_data WHERE asset_id = :minutes AND timeframe = '5m' AND candle_time = '2024-01-01 10:05';
DELETE FROM price_data WHERE asset_id = :minutes AND timeframe = '5m' AND candle_time = '2024-01-01 10:05';
SELECT rollup_candles('5m', :minutes);
SELECT timeframe, candle_time, covered FROM partial_candles WHERE asset_id = :minutes ORDER BY candle_time;
SELECT candle_time, open_price, high_price, low_price, close_price, volume, market_cap, technical_indicators
FROM price_data WHERE asset_id = :minutes AND timeframe = '5m' ORDER BY candle_time;
SELECT rollup_candles('5m', :minutes);

-- One minute changes, so one candle does; the other keeps its indicators.
UPDATE price_data SET technical_indicators = '{"RSI": 60}' WHERE asset_id = :minutes AND timeframe = '5m';
UPDATE price_data SET high_price = 120 WHERE asset_id = :minutes AND timeframe = '1m' AND candle_time = '2024-01-01 10:08';
SELECT rollup_candles('5m', :minutes);
SELECT candle_time, high_price, technical_indicators
FROM price_data WHERE asset_id = :minutes AND timeframe = '5m' ORDER BY candle_time;

-- A range recomputes whole candles, not the part inside it, and only those that it touches.
UPDATE price_data SET open_price = 1, low_price = 1, high_price = 1, close_price = 1, volume = 1
WHERE asset_id = :minutes AND timeframe = '5m';
UPDATE partial_candles SET digest = cryptoanalytics_internal.ca_candle_digest(1, 1, 1, 1, 1) WHERE asset_id = :minutes;
SELECT rollup_candles('5m', :minutes, '2024-01-01 10:07', '2024-01-01 10:08');
SELECT candle_time, open_price, high_price, low_price, close_price, volume
FROM price_data WHERE asset_id = :minutes AND timeframe = '5m' ORDER BY candle_time;
SELECT rollup_candles('5m', :minutes, '2024-01-01 10:05', '2024-01-01 10:05') AS empty_range;
SELECT rollup_candles('5m', :minutes, until => '2024-01-01 10:00:01') AS first;

-- An unknown volume or market_cap does not replace a known one.
UPDATE price_data SET volume = NULL, market_cap = NULL WHERE asset_id = :minutes AND timeframe = '1m' AND candle_time >= '2024-01-01 10:05';
SELECT rollup_candles('5m', :minutes);
SELECT volume, market_cap FROM price_data WHERE asset_id = :minutes AND timeframe = '5m' AND candle_time = '2024-01-01 10:05';

-- An archived candle is corrected in its place; archived candles count as a source.
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (:minutes, '15m', '2024-01-01 10:00', 1, 1, 1, 1);
INSERT INTO partial_candles VALUES (:minutes, '15m', '2024-01-01 10:00', 1, cryptoanalytics_internal.ca_candle_digest(1, 1, 1, 1, NULL));
SELECT rollup_candles('15m', :minutes, source => '1m');
SELECT candle_time, open_price, high_price, low_price, close_price, archived
FROM price_history WHERE asset_id = :minutes AND timeframe = '15m' ORDER BY candle_time;

-- Without a source, 15m uses the finest; with one it uses that: only 5m has 09:50.
SELECT rollup_candles('15m', :minutes, source => '5m');
SELECT candle_time, open_price, close_price, archived
FROM price_history WHERE asset_id = :minutes AND timeframe = '15m' ORDER BY candle_time;

-- Days to weeks and months, as candles() built them; nothing finer exists to make days of.
SELECT rollup_candles('1w', :days) AS weeks, rollup_candles('1M', :days) AS months, rollup_candles('1d', :days) AS days;
SELECT timeframe, candle_time, open_price, high_price, low_price, close_price, volume
FROM price_data WHERE asset_id = :days AND timeframe IN ('1w', '1M') ORDER BY timeframe COLLATE "C", candle_time;

-- All assets at once: 30m of the minutes (09:30 of the 5m candle 09:50) and of the sources, whose 5m candles cover
-- 10:00 better and 10:30 worse than their 1m candles.
SELECT rollup_candles('30m') >= 5 AS both;
SELECT asset_id = :minutes AS minutes, candle_time, close_price
FROM price_data WHERE asset_id IN (:minutes, :sources) AND timeframe = '30m' ORDER BY asset_id, candle_time;

-- errors
SELECT rollup_candles('1h', -1);
\echo :LAST_ERROR_SQLSTATE
SELECT rollup_candles('1y', :minutes);
SELECT rollup_candles(NULL, :minutes);
SELECT rollup_candles('1h', :minutes, '2024-01-02', '2024-01-01');
SELECT rollup_candles('1m', :minutes);
\echo :LAST_ERROR_SQLSTATE
SELECT rollup_candles('6h', :minutes, source => '4h');
SELECT rollup_candles('1h', :minutes, source => '1h');
SELECT rollup_candles('1M', :minutes, source => '1w');
SELECT rollup_candles('1h', :minutes, source => '7x');

-- Volumes whose sum does not fit the column, so that a dump could not be loaded: refused with the sum, but shown.
BEGIN;
CREATE FUNCTION pg_temp.refused(statement text, OUT state text, OUT constraint_name text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, constraint_name = CONSTRAINT_NAME, message = MESSAGE_TEXT,
                            detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END;
$$;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT :current, '1m', timestamptz '2023-01-01' + m * interval '1 minute', 1, 1, 1, 1, 60000000000000000000000000000000000000
FROM generate_series(0, 1) AS m;
SELECT volume FROM candles(:current, '5m', '2023-01-01', '2023-01-02');
SELECT regexp_replace(state || ' ' || constraint_name || ': ' || message || ' | ' || detail || ' | ' || hint, 'asset \d+', 'asset N') AS refused
FROM pg_temp.refused(format('SELECT rollup_candles(%L, %s)', '5m', :current));
ROLLBACK;

--
-- the candle that is still open; in one transaction, so that now() stays the same
--
BEGIN;
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT :current, '1m', timeframe_bucket('1m', now()) - m * interval '1 minute', 10 + m, 10 + m, 10 + m, 10 + m, 1
FROM unnest(ARRAY[0, 2, 3]) AS m;

-- This month has not ended: it is not rolled up unless asked for, but candles() shows it. The minutes before may
-- belong to the month before.
SELECT rollup_candles('1M', :current, since => timeframe_bucket('1M', now())) AS closed,
       rollup_candles('1M', :current, since => timeframe_bucket('1M', now()), include_open => true) AS with_open,
       rollup_candles('1M', :current, since => timeframe_bucket('1M', now()), include_open => NULL) AS again;
SELECT count(*) AS open, bool_and(close = 10) AS up_to_now FROM candles(:current, '1M', timeframe_bucket('1M', now()));

-- The open minute is not missing, nor are later ones, and neither is filled.
SELECT count(*) AS gaps, sum(missing) AS missing FROM candle_gaps(:current, '1m', until => now() + interval '1 day');
SELECT count(*) AS candles, count(*) FILTER (WHERE filled) AS filled
FROM candles_filled(:current, '1m', until => now() + interval '1 day');

-- Without the open minute, the closed minute before it is still missing, up to now.
DELETE FROM price_data WHERE asset_id = :current AND timeframe = '1m' AND close_price = 10;
SELECT count(*) AS gaps, sum(missing) AS missing FROM candle_gaps(:current, '1m', until => now() + interval '1 day');
SELECT count(*) AS candles, count(*) FILTER (WHERE filled) AS filled
FROM candles_filled(:current, '1m', until => now() + interval '1 day');
ROLLBACK;

DELETE FROM price_data USING assets WHERE assets.id = asset_id AND symbol LIKE 'CANDLES.%';
DELETE FROM price_data_archive USING assets WHERE assets.id = asset_id AND symbol LIKE 'CANDLES.%';
DELETE FROM assets WHERE symbol LIKE 'CANDLES.%';
