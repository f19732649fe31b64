-- Returns, correlations, breakouts, divergences and trend lines: what they print and what they refuse.
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET extra_float_digits = 0;
\set SHOW_CONTEXT never

INSERT INTO assets (id, symbol, name, asset_type)
VALUES (710001, 'AN1', 'one', 'crypto'), (710002, 'AN2', 'two', 'crypto'), (710003, 'AN3', 'three', 'stock');

-- 1 2 4 2, a hole, 1: log returns of ln 2, ln 2 and -ln 2.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT 710001, '1d', timestamptz '2024-01-01' + d * interval '1 day', c, c, c, c, 1
FROM (VALUES (0, 1), (1, 2), (2, 4), (3, 2), (5, 1)) AS v (d, c);
SELECT "time"::date AS day, close, round("return"::numeric, 12) AS "return", round(ln(2.0), 12) AS ln_2 FROM returns(710001, '1d');
SELECT "time"::date AS day, "return" FROM returns(710001, '1d', '2024-01-02', '2024-01-04', 'simple');
SELECT * FROM returns(710001, '1d', '2023-01-01', '2023-02-01');
-- The week from Monday 1 January is built of its days.
SELECT "time"::date AS day, close, "return" FROM returns(710001, '1w');

-- Returns of plus and minus 1 % in turn, and the opposite: -1; a bar less is 19 pairs.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT a, '4h', timestamptz '2024-03-01' + i * interval '4 hours', c, c, c, c, 1
FROM generate_series(0, 20) AS i, LATERAL (VALUES (710001, CASE WHEN i % 2 = 0 THEN 100 ELSE 101 END),
                                                  (710002, CASE WHEN i % 2 = 0 THEN 101 ELSE 100 END)) AS v (a, c);
SELECT asset_id, other_id, round(correlation::numeric, 12) AS correlation, pairs
FROM correlation_matrix('{710001,710002}', '4h', 20, '2024-03-04 12:30');
SELECT * FROM correlation_matrix('{710002,710001}', '4h', 19, '2024-03-04 12:00');
-- The stock has no candles.
SELECT * FROM correlation_matrix('{710001,710003}', '4h', 20, '2024-03-04 12:00');
SELECT * FROM correlation_matrix('{}', '4h', 20, '2024-03-04 12:00');
-- Without assets: those that are crypto, active and have candles then.
UPDATE assets SET is_active = false WHERE id = 710002;
SELECT count(*) FROM correlation_matrix(timeframe => '4h', bars => 20, as_of => '2024-03-04 12:00') WHERE 710002 IN (asset_id, other_id);
UPDATE assets SET is_active = true WHERE id = 710002;
SELECT count(*) FROM correlation_matrix(timeframe => '4h', bars => 20, as_of => '2024-03-04 12:00') WHERE 710002 IN (asset_id, other_id);

-- A channel of two bars, 9 to 11: 12 is above, with twice the volume; then 11 touches it and closes
-- below 12, and 11.5 is above it again; 8 is below all.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT 710002, '1h', timestamptz '2024-01-01' + (o - 1) * interval '1 hour', c, h, l, c, v
FROM (VALUES (1, 11, 9, 10, 10), (2, 11, 9, 10, 10), (3, 12, 10, 12, 20), (4, 12, 11, 11, NULL), (5, 12.5, 11, 11.5, 5), (6, 11, 8, 8, 5))
    AS t (o, h, l, c, v);
SELECT * FROM breakouts(710002, '1h', 2);
SELECT * FROM breakouts(710002, '1h', 2, until => '2024-01-01 04:00');
SELECT * FROM breakouts(710002, '1h', 2, since => '2024-01-01 03:00');
-- Too few bars.
SELECT * FROM breakouts(710002, '1h');
SELECT * FROM rsi_divergences(710002, '1h');
SELECT * FROM trend_lines(710002, '1h');

-- A saw that rises by 1 a tooth of four bars: its ten lows are on a line; its highs are too, but a resistance must fall.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 710003, '1h', timestamptz '2024-01-01' + i * interval '1 hour', x, x, x, x
FROM generate_series(0, 39) AS i, LATERAL (SELECT 100 + i * 0.25 + abs(i % 4 - 2)) AS s (x);
SELECT side, first, first_price, second, second_price, touches, strength FROM trend_lines(710003, '1h', wing => 1);
SELECT side, touches FROM trend_lines(710003, '1h', wing => 1, as_of => '2024-01-01 11:00');

-- Spells: a state that changes, a hole, and what is not known, which is a hole too.
SELECT * FROM cryptoanalytics_internal.ca_spells(
    '{a,b,b,c,c,c,NULL,a,b}',
    ARRAY(SELECT timestamptz '2024-01-01' + d * interval '1 day' FROM unnest('{0,1,2,3,5,6,7,8,9}'::integer[]) AS d), '1d');
SELECT * FROM cryptoanalytics_internal.ca_spells('{}', '{}', '1d');
SELECT * FROM regime_spells('1d', '2024-01-01');

-- Relative strength of what does not move is in the middle, and has no deviation.
SELECT * FROM cryptoanalytics_internal.ca_relative_strength(array_fill(1.5::double precision, ARRAY[90]), 90, 30, 30);
SELECT * FROM cryptoanalytics_internal.ca_relative_strength(array_fill(1.5::double precision, ARRAY[29]), 90, 30, 30);
SELECT * FROM cryptoanalytics_internal.ca_relative_strength(NULL, 90, 30, 30);

-- What is refused.
SELECT * FROM returns(710001, '1d', kind => 'geometric');
SELECT * FROM returns(710001, '1d', kind => NULL);
SELECT * FROM returns(710001, '7d');
SELECT * FROM returns(710009, '1d');
SELECT * FROM returns(710001, '1d', '2024-02-01', '2024-01-01');
SELECT * FROM correlation_matrix('{710001,710009}');
SELECT * FROM correlation_matrix('{710001,NULL}');
SELECT * FROM correlation_matrix(timeframe => NULL);
SELECT * FROM correlation_matrix(bars => 1);
SELECT * FROM correlation_matrix(bars => 10001);
SELECT * FROM correlation_matrix(as_of => 'infinity');
SELECT count(*) FROM correlation_matrix('{}', as_of => '2200-01-01');
SELECT * FROM breakouts(710002, '1h', 0);
SELECT * FROM rsi_divergences(710002, '1h', wing => 0);
SELECT * FROM rsi_divergences(710002, '1h', bars => 2);
SELECT * FROM trend_lines(710002, '1h', tolerance_percent => -1);
SELECT * FROM trend_lines(710002, '1h', bars => NULL);
SELECT * FROM regime_spells('2d');

DELETE FROM price_data WHERE asset_id BETWEEN 710001 AND 710003;
DELETE FROM assets WHERE id BETWEEN 710001 AND 710003;
