-- import_ohlcv reads candles from the JSON of exchanges and data providers.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'IMP', 'Import', 'crypto');

CREATE VIEW stored AS
    SELECT timeframe, candle_time, open_price::float8 AS o, high_price::float8 AS h, low_price::float8 AS l,
           close_price::float8 AS c, volume, archived
    FROM price_history
    WHERE asset_id = 1;

--
-- ccxt: [milliseconds, open, high, low, close, volume]
--

-- 1704067200 is 2024-01-01 00:00 UTC; the base volume is multiplied by the typical price:
-- 3 * (110 + 90 + 106) / 3 = 306, and 0.5 * (108 + 104 + 106) / 3 = 53
SELECT import_ohlcv(1, '1m', '[[1704067200000, 100, 110, 90, 106, 3], [1704067260000, 106, 108, 104, 106, 0.5]]');
SELECT * FROM stored ORDER BY candle_time;

-- Importing the same data again changes nothing.
SELECT import_ohlcv(1, '1m', '[[1704067200000, 100, 110, 90, 106, 3], [1704067260000, 106, 108, 104, 106, 0.5]]');

-- One candle is corrected, one is equal in quote units, one is new: two changed. Numbers may be strings.
SELECT import_ohlcv(1, '1m', '[[1704067200000, "100", "1.12e2", "90", "106.00", "0"],
                               ["1704067260000", "106", "108", "104", "106", "53.0"],
                               [1704067320000, 106, 106, 106, 106, 2]]', volume_unit => 'quote');
SELECT * FROM stored ORDER BY candle_time;

-- An unknown volume is NULL, and does not replace a known one: the second candle is unchanged.
SELECT import_ohlcv(1, '1m', '[[1704067380000, 106, 106, 106, 106, null], [1704067320000, 106, 106, 106, 106, null]]');
SELECT candle_time, volume FROM stored WHERE candle_time >= '2024-01-01 00:02' ORDER BY candle_time;

-- Nor does it if the price has changed.
SELECT import_ohlcv(1, '1m', '[[1704067320000, 107, 107, 107, 107, null]]');
SELECT c, volume FROM stored WHERE candle_time = '2024-01-01 00:02';

-- If a candle appears twice, the last element counts, once.
SELECT import_ohlcv(1, '1m', '[[1704067440000, 1, 1, 1, 1, 1], [1704067500000, 5, 5, 5, 5, 1], [1704067440000, 2, 2, 2, 2, 1]]');
SELECT candle_time, c, volume FROM stored WHERE candle_time >= '2024-01-01 00:04' ORDER BY candle_time;

-- Prices below zero are legal, but a traded amount is not negative: 4 * |-2|.
SELECT import_ohlcv(1, '1h', '[[1704067200000, -2, -1, -3, -2, 4]]');
SELECT o, h, l, c, volume FROM stored WHERE timeframe = '1h';

-- Every digit is kept: a token at 1.2e-9, of which one is traded; up to 18 decimals and 38 digits.
SELECT import_ohlcv(1, '2h', '[[1704067200000, 0.0000000012, 0.0000000012, 0.0000000012, 0.0000000012, 1],
                               [1704074400000, 0.123456789012345678, 0.123456789012345678, 0.123456789012345678, 0.123456789012345678, 0],
                               [1704081600000, 12345678901234567890.12345678, 12345678901234567890.12345678, 1, 1, 1e-18]]');
SELECT open_price, close_price, volume FROM price_history WHERE asset_id = 1 AND timeframe = '2h' ORDER BY candle_time;
-- The same candle again is equal.
SELECT import_ohlcv(1, '2h', '[[1704074400000, 0.123456789012345678, 0.123456789012345678, 0.123456789012345678, 0.123456789012345678, 0]]');

-- A third of a sum has as many decimals as the factors together, but at least 12 digits and at most 18 decimals:
-- 1 * 4 / 3; 0.12345 * 121.26 / 3, which is exact; 0.1 * 0.000004 / 3; 10000000 * (3 * 0.123456789 + 0.000000001) / 3.
SELECT import_ohlcv(1, '8h', '[[1704067200000, 1, 2, 1, 1, 1], [1704096000000, 40.42, 40.42, 40.42, 40.42, 0.12345],
                               [1704124800000, 0.000001, 0.000002, 0.000001, 0.000001, 0.1],
                               [1704153600000, 0.123456789, 0.12345679, 0.123456789, 0.123456789, 10000000]]');
SELECT volume FROM price_history WHERE asset_id = 1 AND timeframe = '8h' ORDER BY candle_time;

-- A number may be written in any way: 5 with 59 zeros, times 1e-60, is 0.5.
SELECT import_ohlcv(1, '6h', '[[1704067200000, 0.5, 5e-1, "0.5", 500000000000000000000000000000000000000000000000000000000000e-60, 0]]');
SELECT open_price, close_price FROM price_history WHERE asset_id = 1 AND timeframe = '6h';

-- No candles.
SELECT import_ohlcv(1, '1m', '[]');

-- If the prices of a candle change, its indicators are removed; otherwise they stay.
UPDATE price_data SET technical_indicators = '{"RSI": 50}' WHERE asset_id = 1 AND timeframe = '1m';
SELECT import_ohlcv(1, '1m', '[[1704067440000, 3, 3, 3, 3, 1], [1704067500000, 5, 5, 5, 5, 1]]');
SELECT candle_time, technical_indicators FROM price_data
WHERE asset_id = 1 AND timeframe = '1m' AND candle_time >= '2024-01-01 00:04' ORDER BY candle_time;

--
-- binance: 12 fields; the eighth is the quote volume
--

-- The example in Binance's API documentation, a week from Monday 2017-07-03.
SELECT import_ohlcv(1, '1w', '[[1499040000000, "0.01634790", "0.80000000", "0.01575800", "0.01577100",
    "148976.11427815", 1499644799999, "2434.19055334", 308, "1756.87402397", "28.46694368", "17928899.62484339"]]',
    'binance');
SELECT * FROM stored WHERE timeframe = '1w';

--
-- coingecko: [milliseconds at the close, open, high, low, close]
--

-- The example in CoinGecko's API documentation: 1709395200 is 2024-03-02 16:00 UTC, so the candles are those of 12:00
-- and 16:00; there is no volume.
SELECT import_ohlcv(1, '4h', '[[1709395200000, 61942, 62211, 61721, 61845], [1709409600000, 61828, 62139, 61726, 62139]]',
                    format => 'coingecko');
SELECT * FROM stored WHERE timeframe = '4h' ORDER BY candle_time;

-- A month closes where the next one begins: 1709251200 is 2024-03-01, so this is February.
SELECT import_ohlcv(1, '1M', '[[1709251200000, 1, 1, 1, 1]]', format => 'coingecko');
SELECT candle_time FROM stored WHERE timeframe = '1M';

--
-- archived candles are corrected in their place; an unknown volume does not replace a known one there either, and
-- indicators are removed if anything changes
--
CALL archive_price_data(older_than => '2024-01-01 00:01', timeframe => '1m', asset => 1, keep_indicators => true);
SELECT import_ohlcv(1, '1m', '[[1704067200000, 100, 112, 90, 106, 0]]');
SELECT volume, technical_indicators FROM price_data_archive WHERE asset_id = 1;
SELECT import_ohlcv(1, '1m', '[[1704067200000, 100, 115, 90, 106, null], [1704067260000, 106, 108, 104, 107, 53]]',
                    volume_unit => 'quote');
SELECT candle_time, h, c, archived FROM stored WHERE timeframe = '1m' AND candle_time < '2024-01-01 00:02' ORDER BY candle_time;
SELECT volume, technical_indicators FROM price_data_archive WHERE asset_id = 1;

--
-- unlikely data that the caller asks for
--

-- With trust_times: 2008, and hours of a market that trades only in full hours; a close time at the end is right too.
SELECT import_ohlcv(1, '1d', '[[1230681600000, 1, 1, 1, 1, 1]]', trust_times => true) AS before_2009;
SELECT import_ohlcv(1, '3m', jsonb_agg(jsonb_build_array(1704067200000 + h * 3600000, 1, 1, 1, 1, 1)), trust_times => true) AS hours
FROM generate_series(0, 10) AS h;
SELECT import_ohlcv(1, '1M', '[[1709251200000, 1, 1, 1, 1, 1, 1711929600000, 1, 1, 1, 1, 1]]', 'binance') AS at_end;
SELECT import_ohlcv(1, '1M', '[[1711929600000, 1, 1, 1, 1, 1, 1714521599999, 1, 1, 1, 1, 1]]', 'binance') AS april;
SELECT import_ohlcv(1, '1M', '[[1714521600000, 1, 1, 1, 1, 1, null, 1, 1, 1, 1, 1]]', 'binance') AS unsaid;
DELETE FROM price_data WHERE asset_id = 1 AND timeframe IN ('1d', '3m', '1M');

-- A candle twice in one call gives what two calls give: the last prices, and the last known volume.
SELECT import_ohlcv(1, '15m', '[[1704067200000, 1, 1, 1, 1, 7], [1704067200000, 2, 2, 2, 2, null], [1704068100000, 3, 3, 3, 3, null],
                                [1704068100000, 4, 4, 4, 4, 1], [1704067200000, 5, 5, 5, 5, null]]', volume_unit => 'quote');
SELECT candle_time, c, volume FROM stored WHERE timeframe = '15m' ORDER BY candle_time;

--
-- bad candles: a high below the close, as BitMEX has sent; no prices; a low that is not a number; a negative volume; a
-- volume with 20 decimals; and two good ones, one of which is repeated without prices
--
CREATE TEMP TABLE sent AS SELECT '[[1704067200000, 100, 105, 95, 106, 1], [1704068100000, null, null, null, null, null],
    [1704069000000, 10, 11, "x", 10, 1], [1704069900000, 10, 11, 9, 10, -1], [1704070800000, 10, 11, 9, 10, 1e-20],
    [1704071700000, 10, 11, 9, 10, 1], [1704072600000, 10, 11, 9, 10, 1], [1704072600000, null, null, null, null, null]]'::jsonb AS data;
BEGIN;
SELECT import_ohlcv(1, '15m', data) FROM sent;
ROLLBACK;
DELETE FROM price_data WHERE asset_id = 1 AND timeframe = '15m';
SELECT import_ohlcv(1, '15m', data, volume_unit => 'quote', bad => 'skip') FROM sent;
SELECT candle_time, o, h, l, c, volume FROM stored WHERE timeframe = '15m' ORDER BY candle_time;
SELECT import_ohlcv(1, '15m', data, volume_unit => 'quote', bad => 'mend') FROM sent;
SELECT candle_time, o, h, l, c, volume FROM stored WHERE timeframe = '15m' ORDER BY candle_time;
SELECT * FROM sent, import_ohlcv_report(1, '15m', data, volume_unit => 'quote');
SELECT * FROM sent, import_ohlcv_report(1, '15m', data, volume_unit => 'quote', bad => 'mend');
SELECT * FROM import_ohlcv_report(1, '15m', '[[1704067200000, 1, 1, 1, 1, 1]]');
-- A high below the low: both are prices.
SELECT import_ohlcv(1, '30m', '[[1704067200000, 5, 1, 4, 5, 1]]', bad => 'mend');
SELECT o, h, l, c FROM stored WHERE timeframe = '30m';
-- What casts doubt on the whole call is refused anyway.
SELECT import_ohlcv(1, '15m', '[[1704067200000, 1, 1, 1, 1]]', bad => 'skip');
SELECT import_ohlcv(1, '15m', '[[1704067260000, null, null, null, null, null]]', bad => 'skip');
-- A skipped candle counts as a neighbour.
SELECT import_ohlcv(1, '30m', '[[1704067200000, 1, 1, 1, 1], [1704069000000, 1, null, 1, 1], [1704070800000, 1, 1, 1, 1]]', 'coingecko', bad => 'skip');

--
-- errors: the message names the element, and the call stores nothing
--
SELECT count(*) AS stored_before FROM stored \gset

-- Each element comes after a good one, so it is number 1.
CREATE FUNCTION pg_temp.refusal(element jsonb, format text, OUT state text, OUT message text)
    LANGUAGE plpgsql AS $$
BEGIN
    PERFORM import_ohlcv(1, '1d', jsonb_build_array(
        CASE format WHEN 'ccxt' THEN '[1703980800000, 1, 1, 1, 1, 1]'::jsonb
                    WHEN 'binance' THEN '[1703980800000, 1, 1, 1, 1, 1, 1704067199999, 1, 1, 1, 1, 1]'
                    ELSE '[1703980800000, 1, 1, 1, 1]' END, element), format);
    message := 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT;
END;
$$;

SELECT r.state, r.message, e.element
FROM (VALUES
    -- shapes
    (1, 'ccxt', '{"close": 1}'),
    (2, 'ccxt', 'null'),
    (3, 'ccxt', '[1704067200000, 1, 1, 1, 1]'),
    (4, 'ccxt', '[]'),
    (5, 'binance', '[1704067200000, 1, 1, 1, 1, 1]'),
    (6, 'coingecko', '[1704067200000, 1, 1, 1, 1, 1]'),
    -- not a number
    (10, 'ccxt', '[1704067200000, "x", 1, 1, 1, 1]'),
    (11, 'ccxt', '[1704067200000, 1, "NaN", 1, 1, 1]'),
    (12, 'ccxt', '[1704067200000, 1, 1, "-Infinity", 1, 1]'),
    (13, 'ccxt', '[1704067200000, 1, 1, 1, null, 1]'),
    (14, 'ccxt', '[1704067200000, 1, 1, 1, true, 1]'),
    (15, 'ccxt', '[1704067200000, 1, 1, 1, [1], 1]'),
    (16, 'ccxt', '[1704067200000, 1, 1, 1, "", 1]'),
    (17, 'ccxt', '[1704067200000, 1, 1, 1, "0x10", 1]'),
    (18, 'ccxt', '[1704067200000, 1, 1, 1, 1, "1,5"]'),
    (19, 'binance', '[1704067200000, 1, 1, 1, 1, 1, 1704153599999, null, 1, 1, 1, 1]'),
    -- more than 38 digits, or 18 decimals
    (20, 'ccxt', '[1704067200000, 1, 100000000000000000000000000000000000000, 1, 1, 1]'),
    (21, 'ccxt', '[1704067200000, 1, 123456789012345678901.123456789012345678, 1, 1, 1]'),
    (22, 'ccxt', '[1704067200000, 1, 1, 1, 1, 1e38]'),
    (23, 'binance', '[1704067200000, 1, 1, 1, 1, 1, 1704153599999, 0.0000000000000000001, 1, 1, 1, 1]'),
    (24, 'ccxt', '[1704067200000, 1, "1e99", 1, 1, 1]'),
    (25, 'ccxt', '[1704067200000, 1, 1, 1, 1, 1e-60]'),
    (26, 'ccxt', '[1704067200000, 1e20, 1e20, 1e20, 1e20, 1e19]'),
    -- times
    (30, 'ccxt', '[1704067200, 1, 1, 1, 1, 1]'),
    (31, 'ccxt', '[1704067200000000, 1, 1, 1, 1, 1]'),
    (32, 'ccxt', '[1704067260000, 1, 1, 1, 1, 1]'),
    (33, 'ccxt', '[1704067200000.5, 1, 1, 1, 1, 1]'),
    (34, 'ccxt', '[253402300800000, 1, 1, 1, 1, 1]'),
    (35, 'ccxt', '["2024-01-01", 1, 1, 1, 1, 1]'),
    (36, 'coingecko', '[1704110400000, 1, 1, 1, 1]'),
    (37, 'ccxt', '[86400000, 1, 1, 1, 1, 1]'),
    (38, 'ccxt', '[1230681600000, 1, 1, 1, 1, 1]'),
    -- impossible candles
    (40, 'ccxt', '[1704067200000, 2, 1, 1, 1, 1]'),
    (41, 'ccxt', '[1704067200000, 1, 1, 2, 1, 1]'),
    (42, 'ccxt', '[1704067200000, 1, 2, 1.5, 1.7, 1]'),
    (43, 'ccxt', '[1704067200000, 1, 1, 1, 1, -1]'),
    (44, 'binance', '[1704067200000, 1, 1, 1, 1, 1, 1704153599999, -0.01, 1, 1, 1, 1]'),
    (45, 'ccxt', '[1704067200000, null, null, null, null, null]'),
    -- candles of another length: the close is an hour late, a day late, in microseconds, or missing
    (50, 'binance', '[1704067200000, 1, 1, 1, 1, 1, 1704070799999, 1, 1, 1, 1, 1]'),
    (51, 'binance', '[1704067200000, 1, 1, 1, 1, 1, 1704239999999, 1, 1, 1, 1, 1]'),
    (52, 'binance', '[1704067200000, 1, 1, 1, 1, 1, 1704153599999999, 1, 1, 1, 1, 1]'),
    (53, 'binance', '[1704067200000, 1, 1, 1, 1, 1, "late", 1, 1, 1, 1, 1]')
) AS e (place, format, element)
CROSS JOIN LATERAL pg_temp.refusal(e.element::jsonb, e.format) AS r
ORDER BY e.place;

-- with detail and hint
SELECT import_ohlcv(1, '1m', '[[1704067200000, 1, 1, 1, 1, 1], [1735689660000000, 1, 1, 1, 1, 1]]');
SELECT import_ohlcv(1, '1m', '[[1704067200000, 1, 1, 0.0000000000000000012, 1, 1]]');
SELECT import_ohlcv(1, '1m', '[[1704067200000, 1, 1, 1, 1, 1], [1704067260, 1, 1, 1, 1, 1]]');
SELECT import_ohlcv(1, '1m', '[[1704067200000, 1, 1, 1, 1]]');
SELECT import_ohlcv(1, '1m', '[[1704067200000, 1, "x", 1, 1, 1]]');

SELECT import_ohlcv(1, '1d', '[[1704067200000, 100, 105, 95, 106, 1]]');
SELECT import_ohlcv(1, '1d', '[[1704067200000, null, null, null, null, null]]');
SELECT import_ohlcv(1, '1m', '[[1704067200000, 1, 1, 1, 1, 1, 1704070799999, 1, 1, 1, 1, 1]]', 'binance');
-- Weeks of KuCoin and Hyperliquid: 2024-01-04 is a Thursday.
SELECT import_ohlcv(1, '1w', '[[1704326400000, 1, 1, 1, 1, 1]]');
-- CoinGecko's candles of four days, imported as days; two are enough to tell.
SELECT import_ohlcv(1, '1d', '[[1704412800000, 1, 1, 1, 1], [1704067200000, 1, 1, 1, 1]]', 'coingecko');
-- Its candles of four hours, imported as half hours, one of which is missing.
SELECT import_ohlcv(1, '30m', '[[1704067200000, 1, 1, 1, 1], [1704081600000, 1, 1, 1, 1], [1704110400000, 1, 1, 1, 1]]', 'coingecko');
-- Hours, imported as minutes.
SELECT import_ohlcv(1, '1m', jsonb_agg(jsonb_build_array(1704067200000 + h * 3600000, 1, 1, 1, 1, 1)))
FROM generate_series(0, 10) AS h;

-- The array is nested in what the provider sent; NULL.
SELECT import_ohlcv(1, '1m', '{"data": []}');
SELECT import_ohlcv(1, '1m', NULL);

-- Other arguments.
SELECT import_ohlcv(NULL, '1m', '[]');
SELECT import_ohlcv(99, '1m', '[]');
SELECT import_ohlcv(1, NULL, '[]');
SELECT import_ohlcv(1, '7m', '[]');
SELECT import_ohlcv(1, '1m', '[]', format => 'kraken');
SELECT import_ohlcv(1, '1m', '[]', format => NULL);
SELECT import_ohlcv(1, '1m', '[]', volume_unit => 'lots');
SELECT import_ohlcv(1, '1m', '[]', volume_unit => NULL);
SELECT import_ohlcv(1, '1m', '[]', format => 'binance', volume_unit => 'quote');
SELECT import_ohlcv(1, '1m', '[]', format => 'coingecko', volume_unit => 'quote');
SELECT import_ohlcv(1, '1m', '[]', bad => 'keep');
SELECT import_ohlcv(1, '1m', '[]', bad => NULL);

-- The context of an error names the two functions that it passed through, and none of their SQL.
DO $$
DECLARE
    context text;
BEGIN
    PERFORM import_ohlcv(1, '1m', '[[1, 2]]');
EXCEPTION
    WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
        RAISE NOTICE '%', regexp_replace(split_part(context, E'\nSQL statement', 1), ' line \d+', '', 'g');
END $$;

SELECT count(*) - :stored_before AS kept FROM stored;

DROP VIEW stored;
DELETE FROM price_data WHERE asset_id = 1;
DELETE FROM price_data_archive WHERE asset_id = 1;
DELETE FROM assets WHERE id = 1;
DELETE FROM background_tasks;
