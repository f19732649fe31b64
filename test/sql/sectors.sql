-- Sectors: what the functions print and what they refuse.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'America/New_York'; -- must not matter
SET datestyle = 'ISO';
CREATE FUNCTION pg_temp.refused(statement text, OUT state text, OUT message text, OUT detail text, OUT hint text)
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    message := 'not refused';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END;
$$;
BEGIN;
INSERT INTO assets (id, symbol, name, asset_type) VALUES
    (9001, 'SECA', 'A', 'crypto'), (9002, 'SECB', 'B', 'crypto'), (9003, 'SECC', 'C', 'crypto'), (9004, 'SECD', 'D', 'stablecoin');
INSERT INTO sectors (id, name) VALUES (9001, 'one'), (9002, 'other');
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector) VALUES
    (9001, 9001, true), (9002, 9001, true), (9003, 9002, true), (9004, 9001, false);

--
-- Prices A 10 11 12.1 12.1, B 20 19 - 20.9, C - - 5 6; supplies A 100 100 100 200, B 50, C 400.
--   day 2  1000 (1100 + 950) / 2000                    = 1025
--   day 3  1025 (1100 x 1.1 + 950) / 2050              = 1080, with B as it was
--   day 4  1080 (1210 x 1 + 950 x 1.1) / 2160          = 1127.5; the new supply of A has no effect
--
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT 9000 + a, '1d', timestamptz '2024-03-01 00:00+00' + d * interval '24 hours', p, p, p, p, 10 * p, p * s
FROM (VALUES (1, 0, 10, 100), (1, 1, 11, 100), (1, 2, 12.1, 100), (1, 3, 12.1, 200), (2, 0, 20, 50), (2, 1, 19, 50), (2, 3, 20.9, 50),
             (3, 2, 5, 400), (3, 3, 6, 400)) AS v (a, d, p, s);
SELECT build_sector_history(), build_sector_history() AS again, build_sector_history(rebuild => true) AS rebuilt;
SELECT to_char(time AT TIME ZONE 'UTC', 'MM-DD') AS day, level, round(return::numeric, 8) AS return, market_cap, volume, constituents FROM sector_index(9001);
SELECT to_char(time AT TIME ZONE 'UTC', 'MM-DD') AS day, level, round(return::numeric, 8) AS return, market_cap, volume, constituents
FROM sector_index(9002, '1d', '2024-03-04 00:00+00');
SELECT jsonb_pretty(technical_indicators) FROM sector_history WHERE sector_id = 9001 ORDER BY candle_time DESC LIMIT 1;
-- a stablecoin beside other coins is no member
SELECT asset_id, cap, round(weight::numeric, 8) AS weight, price, age FROM sector_members(9001, '2024-03-05 06:00+00');

--
-- Latest figures: among members known at both ends 2420 + 1045 against 1210 + 950.
--
SELECT refresh_sectors('2024-03-05 06:00+00'), refresh_sectors('2024-03-05 06:00+00') AS again;
SELECT name, market_cap, market_cap_change_24h, volume_24h, top_3_coins_id FROM sectors WHERE id > 9000 ORDER BY id;
SELECT metrics_details -> '24h' AS hours, jsonb_array_length(metrics_details -> '30d') AS days, metrics_details #> '{7d,3}' AS last
FROM sectors WHERE id = 9001;
-- hours begin at 1000 when they begin; their extremes are scaled to the day: 1240 / 1100 of 1127.5
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, market_cap)
SELECT 9001, '1h', timestamptz '2024-03-04 22:00+00' + h * interval '1 hour', p, p, p, p, 1, p * 100 FROM (VALUES (0, 12.4), (1, 11)) AS v (h, p);
SELECT build_sector_history('1h', 9001), refresh_sectors('2024-03-05 06:00+00');
SELECT r -> 'high' AS high, r -> 'low' AS low, round(1127.5 * 12.4 / 11, 8) AS expected FROM sectors, LATERAL (SELECT metrics_details #> '{7d,3}' AS r) AS d WHERE id = 9001;
-- the time of every record is in UTC
SELECT r ->> 'time' AS time, r -> 'close' AS close FROM sectors, jsonb_array_elements(metrics_details -> '24h') AS r WHERE id = 9001;

--
-- Settings
--
SELECT s AS setting, r.state, r.message, r.detail
FROM unnest('{"stablecoins=some",periods=,periods=1d+2d,periods=1d+1d,"periods=7d + 1d",rotation_period=1d+7d,stale_bars=0,stale_bars=2.5,
              strength_low=0.6,"strength_low=0.5,strength_high=0.5",rotation_stablecoins=1,surge=1.01,surge=-0.1,nothing=1,"surge=0.5,surge=0.6"}'::text[]) AS s,
     LATERAL pg_temp.refused(format('SET LOCAL cryptoanalytics.sectors = %L', s)) AS r;
SET LOCAL cryptoanalytics.sectors = 'periods = 30d+1d, stablecoins = include';
SELECT cryptoanalytics_internal.ca_option_words('sectors', 'periods'), cryptoanalytics_internal.ca_option_word('sectors', 'stablecoins'),
       cryptoanalytics_internal.ca_option_word('sectors', 'membership');
SELECT cryptoanalytics_internal.ca_options('sectors');
SELECT count(*) AS with_stablecoin FROM sector_members(9001, '2024-03-05 06:00+00');
SET LOCAL cryptoanalytics.sectors = '';
SELECT count(*) AS without_stablecoin FROM sector_members(9001, '2024-03-05 06:00+00');
RESET cryptoanalytics.sectors;
-- nobody was a member before the mapping was made
SET LOCAL cryptoanalytics.sectors = 'membership=point_in_time';
SELECT count(*) AS members_then FROM sector_members(9001, '2024-03-05 06:00+00');
RESET cryptoanalytics.sectors;

--
-- What is refused
--
SELECT s AS statement, r.*
FROM unnest(ARRAY[
    'SELECT sector_members(NULL)', 'SELECT sector_members(-1)', 'SELECT sector_members(9001, NULL)', 'SELECT sector_members(9001, ''infinity'')',
    'SELECT build_sector_history(''1x'')', 'SELECT build_sector_history(NULL)', 'SELECT build_sector_history(sector => -1)',
    'SELECT build_sector_history(since => ''2024-02-01'', until => ''2024-01-01'')', 'SELECT build_sector_history(rebuild => NULL)',
    'SELECT sector_index(-1)', 'SELECT sector_index(9001, ''2d'')', 'SELECT refresh_sectors(NULL)', 'SELECT refresh_sectors(''2100-01-01 00:00+00'')',
    'SELECT rotation_flows(period => ''2d'')', 'SELECT rotation_flows(period => NULL)', 'SELECT rotation_flows(NULL)',
    'SELECT relative_strength(-1)', 'SELECT relative_strength(9001, days => 29)', 'SELECT relative_strength(9001, days => NULL)',
    'SELECT analyse_sectors(NULL)', 'SELECT analyse_sectors(-1)', 'SELECT analyse_cross_sector(-1)']) AS s,
    LATERAL pg_temp.refused(s) AS r;
SELECT r.state, r.message FROM pg_temp.refused('INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector) VALUES (9001, 9002, true)') AS r;
ROLLBACK;
