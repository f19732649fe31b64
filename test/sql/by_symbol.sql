-- Series by the symbol of their asset.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
\set SHOW_CONTEXT never

INSERT INTO assets (id, symbol, name, asset_type) VALUES (700001, 'BY.SYMBOL', 'by its symbol', 'crypto'), (700002, '7', 'Seven', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
VALUES (700001, '1h', '2024-01-01 00:00Z', 1, 2, 1, 2, 3), (700001, '1h', '2024-01-01 02:00Z', 2, 4, 2, 3, 5),
       (700002, '1h', '2024-01-01 00:00Z', 7, 7, 7, 7, 7);

-- The same rows by symbol in any case, by number, and by a number that a driver sends as text.
SELECT count(*) FILTER (WHERE s IS NULL OR i IS NULL OR n IS NULL) AS differ, count(*) AS candles
FROM candles('by.symbol', '1h') AS s
FULL JOIN candles(700001, '1h') AS i ON i = s
FULL JOIN candles('700001', '1h') AS n ON n = s;
SELECT "time", filled FROM candles_filled('BY.SYMBOL', '1h');
SELECT * FROM candle_gaps('BY.SYMBOL', '1h');
SELECT candle_time, close_price = 2 AS two FROM technical_indicators('BY.SYMBOL', '1h', until => '2024-01-01 01:00Z');
-- 2 to 3 is a gap: no return; two candles are too few for the rest
SELECT "time", "return" IS NULL AS unknown FROM returns('BY.SYMBOL', '1h');
SELECT * FROM breakouts('by.symbol', '1h', 1);
SELECT * FROM rsi_divergences('by.symbol', '1h');
SELECT * FROM trend_lines('by.symbol', '1h');
PREPARE one_series AS SELECT "time" FROM candles($1, '1h');
EXECUTE one_series(700001);
-- A symbol is tried before a number.
SELECT "time", open = 7 AS seven FROM candles('7', '1h');

SELECT * FROM candles('XYZ', '1h');
SELECT * FROM candles('', '1h');
SELECT * FROM candles(NULL, '1h');
SELECT * FROM candles('700003', '1h');
SELECT * FROM candle_gaps('XYZ', '1h');
SELECT * FROM technical_indicators('XYZ', '1h');
SELECT * FROM returns('XYZ', '1h');
-- An application maps the name of the rule, not the text.
DO $$
DECLARE
    what text;
BEGIN
    PERFORM FROM candles('XYZ', '1h');
EXCEPTION WHEN invalid_parameter_value THEN
    GET STACKED DIAGNOSTICS what = CONSTRAINT_NAME;
    RAISE NOTICE '%', what;
END;
$$;
DELETE FROM price_data WHERE asset_id IN (700001, 700002);
DELETE FROM assets WHERE id IN (700001, 700002);
