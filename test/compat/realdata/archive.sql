-- Archives and restores three weeks of real minutes. The procedures commit, so this test does too: it uses an asset of
-- its own and removes what it wrote.
SELECT plan(17);
SET search_path = cryptoanalytics, public;
SET timezone = 'UTC';

-- What an interrupted run may have left.
DELETE FROM price_data WHERE asset_id = asset_id('ARCHIVE TEST');
DELETE FROM price_data_archive WHERE asset_id = asset_id('ARCHIVE TEST');
DELETE FROM assets WHERE symbol = 'ARCHIVE TEST';
SELECT coalesce(max(id), 0) AS tasks_before FROM background_tasks \gset

CREATE TEMP TABLE file (time timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric);
-- \copy knows no variables, but a line may be one
\set load '\\copy file FROM ''' :data '/binanceus_BTCUSDT_1m_2023-03.csv'' WITH (FORMAT csv, HEADER)'
:load

-- indicators on every tenth candle, and a created_at of its own for each
INSERT INTO assets (symbol, name, asset_type) VALUES ('ARCHIVE TEST', 'Bitcoin', 'crypto');
SELECT asset_id('ARCHIVE TEST') AS asset \gset
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume, technical_indicators, created_at)
SELECT :asset, '1m', time, open, high, low, close, round(volume * (high + low + close) / 3, 2),
       CASE WHEN extract(minute FROM time) % 10 = 0 THEN jsonb_build_object('RSI', close) END,
       time + interval '61.000001 seconds'
FROM file;
SELECT rollup_candles('1h', :asset) AS hours \gset
ANALYZE price_data;

-- every column of every row; what a reader gets; the candles
CREATE TEMP VIEW live AS
SELECT count(*) AS n, md5(string_agg(p::text, E'\n' ORDER BY id)) AS hash FROM price_data AS p WHERE asset_id = :asset;
CREATE TEMP VIEW history AS
SELECT count(*) AS n,
       md5(string_agg(ROW(id, asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap,
                          technical_indicators, candle_time, created_at)::text, E'\n' ORDER BY id)) AS hash
FROM price_history WHERE asset_id = :asset;
CREATE TEMP VIEW candle AS
SELECT t AS timeframe, count(*) AS n, md5(string_agg(c::text, E'\n' ORDER BY c.time)) AS hash
FROM unnest(ARRAY['1m', '15m', '1h', '4h', '1d', '1w']) AS t, candles(:asset, t) AS c GROUP BY t;
CREATE TEMP TABLE live_before AS TABLE live;
CREATE TEMP TABLE history_before AS TABLE history;
CREATE TEMP TABLE candle_before AS TABLE candle;
SELECT results_eq('SELECT n FROM live_before', ARRAY[30240 + 504::bigint], 'there are three weeks of minutes and of hours');

-- The last week stays: 14 days of minutes and hours are archived.
CALL archive_price_data(older_than => '2023-03-15', asset => :asset, keep_indicators => true, dry_run => true) \gset would_be_
SELECT is(:would_be_moved::bigint, (14 * 1440 + 14 * 24)::bigint, 'a dry run counts the minutes and hours of two weeks');
SELECT results_eq('TABLE live', 'TABLE live_before', 'and moves none');

CALL archive_price_data(older_than => '2023-03-15', asset => :asset, keep_indicators => true, batch_size => 3000) \gset
SELECT is(:moved::bigint, (14 * 1440 + 14 * 24)::bigint, 'archive_price_data moves them');
SELECT results_eq(format('SELECT min(candle_time), count(*) FROM price_data WHERE asset_id = %s', :asset),
                  $$ VALUES (timestamptz '2023-03-15', 7 * 1440 + 7 * 24::bigint) $$, 'the last week is live');
SELECT results_eq(format('SELECT max(candle_time), count(*) FROM price_data_archive WHERE asset_id = %s', :asset),
                  $$ VALUES (timestamptz '2023-03-14 23:59', 14 * 1440 + 14 * 24::bigint) $$, 'all before is archived');
SELECT results_eq('TABLE history', 'TABLE history_before', 'price_history has the same rows as before, to the last column');
SELECT results_eq('SELECT * FROM candle ORDER BY 1', 'SELECT * FROM candle_before ORDER BY 1', 'candles() gives the same as before, stored and built');

CALL archive_price_data(older_than => '2023-03-15', asset => :asset) \gset
SELECT is(:moved::bigint, 0::bigint, 'a second run finds nothing to move');

-- Restored, one series after the other.
CALL restore_price_data('1m', :asset, NULL, NULL, batch_size => 3000) \gset
SELECT is(:moved::bigint, (14 * 1440)::bigint, 'restore_price_data brings the minutes back');
SELECT results_eq('TABLE history', 'TABLE history_before', 'half restored, price_history is still the same');
CALL restore_price_data('1h', :asset, '-infinity', 'infinity') \gset
SELECT is(:moved::bigint, (14 * 24)::bigint, 'and the hours');
SELECT results_eq('TABLE live', 'TABLE live_before', 'price_data is what it was, identifiers and times of creation included');
SELECT is_empty(format('SELECT FROM price_data_archive WHERE asset_id = %s', :asset), 'and the archive is empty');

-- Without keep_indicators only the indicators are lost.
CALL archive_price_data(older_than => 'infinity', asset => :asset) \gset
SELECT is(:moved::bigint, (30240 + 504)::bigint, 'everything closed can be archived');
SELECT is(count(*) FILTER (WHERE archived AND technical_indicators IS NULL), 30240 + 504::bigint, 'without their indicators, if not told to keep them')
FROM price_history WHERE asset_id = :asset;
SELECT is((SELECT count(*) FROM background_tasks WHERE id > :tasks_before AND status = 'completed'), 5::bigint,
          'each run but the dry one is a completed task');

DELETE FROM price_data WHERE asset_id = :asset;
DELETE FROM price_data_archive WHERE asset_id = :asset;
DELETE FROM background_tasks WHERE id > :tasks_before;
DELETE FROM assets WHERE id = :asset;
SELECT * FROM finish();
