-- record_metric and metric_value: when a value counts, units, sums, and what is refused.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'America/New_York'; -- must not matter
SET datestyle = 'ISO';
CREATE VIEW series AS
    SELECT a.symbol, a.asset_type, a.quote_currency, h.timeframe, to_char(h.candle_time AT TIME ZONE 'UTC', 'MM-DD HH24:MI') AS start,
           trim_scale(h.close_price) AS close, trim_scale(h.market_cap) AS cap
    FROM assets AS a JOIN price_history AS h ON h.asset_id = a.id
    ORDER BY a.symbol, h.timeframe, h.candle_time;
CREATE FUNCTION refused(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END;
$$;

--
-- A value known at 10:20 is in the hour that ends at 11:00, one known at 10:00 in the hour before.
--
SELECT record_metric('funding_rate_btc', -0.00005342, '2025-01-02 10:20+00') AS changed,
       record_metric('funding_rate_btc', 0.0001, '2025-01-02 10:00+00') AS changed;
-- again: nothing changes; another value takes the place of the first
SELECT record_metric('funding_rate_btc', -0.00005342, '2025-01-02 10:20+00') AS changed,
       record_metric('funding_rate_btc', 0.0002, '2025-01-02 09:00:00.000001+00') AS changed;
SELECT * FROM series;
-- it counts from the end of its candle on, for 12 hours
SELECT t AS as_of, metric_value('funding_rate_btc', t)
FROM unnest(ARRAY['2025-01-02 09:59:59.999999+00', '2025-01-02 10:00+00', '2025-01-02 10:59+00', '2025-01-02 11:00+00',
                  '2025-01-02 23:00+00', '2025-01-02 23:00:00.000001+00']::timestamptz[]) AS t;
-- the roll-up to 4 h ends at 12:00, but was made of two hours and is no younger than they are
SELECT rollup_candles('4h', asset_id('BTC.FUNDING'));
SELECT metric_value('funding_rate_btc', '2025-01-02 23:00:00.000001+00') AS rolled_up_from_two_hours,
       metric_value('funding_rate_btc', '2025-01-02 11:30+00') AS of_the_hour;

--
-- Days: FEAR_GREED of 2025-01-01 may be 48 hours old.
--
SELECT record_metric('fear_greed_index', 55, '2025-01-01 12:00+00');
SELECT t AS as_of, metric_value('fear_greed_index', t)
FROM unnest(ARRAY['2025-01-01 23:59+00', '2025-01-03 23:59+00', '2025-01-04 00:00+00', '2025-01-04 00:01+00']::timestamptz[]) AS t;

--
-- Units: a close of 1000 in billions is 1e12; a capitalization counts before the close, in USD as it is.
--
INSERT INTO assets (symbol, name, asset_type, quote_currency) VALUES
    ('TOTAL', 'Total', 'index', 'USD (B)'), ('TOTAL2', 'Total without BTC', 'index', 'USD (T)'), ('GOLD', 'Gold', 'macro', 'USD (K)'),
    ('BTC.OI', 'Open interest', 'macro', 'USD (M)');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, market_cap)
SELECT asset_id(v.symbol), '1d', '2025-01-01+00', v.close, v.close, v.close, v.close, v.cap
FROM (VALUES ('TOTAL', 1000.0, NULL), ('TOTAL2', 1.25, 1300000000000.25), ('GOLD', 2.65, 7), ('BTC.OI', 20500, NULL)) AS v (symbol, close, cap);
SELECT m AS metric, trim_scale(metric_value(m, '2025-01-02 06:00+00')) AS value
FROM unnest('{total,total2,gold,open_interest_btc}'::text[]) AS m;
-- what is recorded is what is read, whatever the unit of the series; of a level in USD two decimals
SELECT record_metric('total', 3250500000000.129, '2025-01-03+00'), record_metric('gold', 2700, '2025-01-03+00');
SELECT trim_scale(metric_value('total', '2025-01-03+00')) AS total, trim_scale(metric_value('gold', '2025-01-03+00')) AS gold;
SELECT * FROM series WHERE symbol IN ('TOTAL', 'GOLD') AND start = '01-02 00:00';

--
-- Sums: 24 hours, all of them, of the finest timeframe that has any.
--
SELECT count(*) FROM generate_series(1, 24) AS h
WHERE record_metric('liquidations_long', h, timestamptz '2025-01-01 00:00+00' + h * interval '1 hour');
-- 1 + ... + 24; an hour later 24 hours are not known
SELECT metric_value('liquidations_long', '2025-01-02 00:00+00') AS sum, metric_value('liquidations_long', '2025-01-02 00:59+00') AS still,
       metric_value('liquidations_long', '2025-01-02 01:00+00') AS incomplete;
-- a roll-up has the close of its last hour, which is no sum of four
SELECT rollup_candles('4h', asset_id('BTC.LIQ_LONG')), rollup_candles('1d', asset_id('BTC.LIQ_LONG'));
DELETE FROM price_data WHERE asset_id = asset_id('BTC.LIQ_LONG') AND timeframe = '1h' AND candle_time = '2025-01-01 05:00+00';
SELECT metric_value('liquidations_long', '2025-01-02 00:00+00') AS an_hour_is_missing;
-- a source that states the sum of a day
SELECT record_metric('twitter_volume', 152000, '2025-01-01 23:00+00');
SELECT metric_value('twitter_volume', '2025-01-02 23:59+00') AS of_the_last_day, metric_value('twitter_volume', '2025-01-03 00:00+00') AS over;

--
-- Other series: by symbol, multiplier and staleness; of sectors and labels.
--
INSERT INTO sectors (id, name, coingecko_id) OVERRIDING SYSTEM VALUE VALUES (1, 'DeFi', 'defi'), (2, 'AI', 'ai');
INSERT INTO metric_series (metric, symbol, multiplier, staleness) VALUES ('sp500', 'ES1!', 0.5, '1 hour');
INSERT INTO metric_series (metric, sector_id, multiplier) VALUES ('tvl_total', 1, 1000);
SELECT record_metric('sp500', 6000, '2025-01-01 10:00+00'), record_metric('tvl_total', 5e9, '2025-01-01 10:00+00', sector => 1),
       record_metric('tvl_total', 6e9, '2025-01-01 10:00+00', sector => 2),
       record_metric('narrative', 0.75, '2025-01-01 10:00+00', sector => 2, label => 'agents');
SELECT * FROM series WHERE symbol ~ 'ES1|TVL|NARR';
SELECT metric_value('sp500', '2025-01-01 11:00+00') AS fresh, metric_value('sp500', '2025-01-01 11:00:00.000001+00') AS stale,
       metric_value('tvl_total', '2025-01-02+00', 1) AS defi, metric_value('tvl_total', '2025-01-02+00', 2) AS ai;
SELECT metric, sector_id, label, value FROM cryptoanalytics_internal.ca_metric_values('{2025-01-02 00:00+00}', '{narrative,tvl_total}') ORDER BY 1, 2;

--
-- What is refused.
--
INSERT INTO assets (symbol, name, asset_type) VALUES ('XAUT', 'Tether Gold', 'crypto');
INSERT INTO metric_series (metric, symbol) VALUES ('gold', 'XAUT');
SELECT r.state, r.message, r.detail, r.hint
FROM unnest(ARRAY[
    $$SELECT record_metric(NULL, 1)$$, $$SELECT record_metric('fear_gred_index', 1)$$, $$SELECT metric_value('fear_gred_index')$$,
    $$SELECT record_metric('fear_greed_index', NULL)$$, $$SELECT record_metric('fear_greed_index', 100.01)$$,
    $$SELECT record_metric('open_interest_btc', -1)$$, $$SELECT record_metric('funding_rate_btc', 'NaN')$$,
    $$SELECT record_metric('funding_rate_btc', 1e39)$$,
    $$SELECT record_metric('fear_greed_index', 1, 'infinity')$$, $$SELECT record_metric('fear_greed_index', 1, '2999-01-01+00')$$,
    $$SELECT record_metric('fear_greed_index', 1, '2025-01-01+00', '7h')$$,
    $$SELECT record_metric('fear_greed_index', 1, sector => 1)$$, $$SELECT record_metric('tvl_total', 1)$$,
    $$SELECT record_metric('tvl_total', 1, sector => 99)$$, $$SELECT record_metric('tvl_total', 1, sector => 1, label => 'x')$$,
    $$SELECT record_metric('narrative', 1, sector => 1)$$, $$SELECT record_metric('narrative', 1, sector => 1, label => '')$$,
    $$SELECT record_metric('narrative', 1, sector => 1, label => repeat('x', 51))$$,
    $$SELECT record_metric('gold', 1)$$,
    $$SELECT metric_value('fear_greed_index', '2999-01-01+00')$$, $$SELECT metric_value('fear_greed_index', NULL)$$,
    $$SELECT metric_value('tvl_total', '2025-01-01+00')$$, $$SELECT metric_value('tvl_total', '2025-01-01+00', 99)$$,
    $$INSERT INTO metric_series (metric) VALUES ('fear_gred_index')$$, $$INSERT INTO metric_series (metric) VALUES ('gold')$$,
    $$UPDATE metric_series SET sector_id = 1 WHERE metric = 'gold'$$
]) WITH ORDINALITY AS s (statement, place)
CROSS JOIN LATERAL refused(s.statement) AS r
ORDER BY s.place;

SELECT r.state, r.message
FROM unnest(ARRAY[
    $$INSERT INTO metric_series (metric, multiplier) VALUES ('dxy', 0)$$, $$INSERT INTO metric_series (metric, staleness) VALUES ('dxy', '-1 h')$$
]) WITH ORDINALITY AS s (statement, place)
CROSS JOIN LATERAL refused(s.statement) AS r
ORDER BY s.place;

DROP VIEW series;
DROP FUNCTION refused(text);
DELETE FROM metric_series;
DELETE FROM sectors;
DELETE FROM price_data;
DELETE FROM assets;
