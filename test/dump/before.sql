-- A database with something to lose: run before pg_dump.  after.sql looks at what pg_restore made.
SET search_path = cryptoanalytics, public;

INSERT INTO assets (symbol, name, asset_type) VALUES ('DUMP', 'Dumped', 'crypto'), ('LATE', 'Late', 'crypto');

CREATE FUNCTION public.put(asset integer, first integer, last integer) RETURNS void LANGUAGE sql AS $$
    INSERT INTO cryptoanalytics.price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
    SELECT asset, '1h', timestamptz '2024-01-01 00:00+00' + i * interval '1 hour', p, p + 2, p - 2, p + 0.5
    FROM generate_series(first, last) AS i, LATERAL (SELECT 100 + abs(hashint8extended(i, 1)) % 40 AS p) AS m
    ORDER BY i;
$$;
SELECT put(a.id, 0, 399) FROM assets AS a;
CALL archive_price_data(older_than => '2024-01-05 00:00+00', timeframe => '1h');
SELECT update_technical_indicators();
-- of one series the archive is compressed, and a late candle waits beside its segment
CALL compress_price_archive(older_than => '2024-01-04 00:00+00', asset => asset_id('DUMP'));
SELECT delete_compressed_candle(asset_id('DUMP'), '1h', '2024-01-02 05:00+00');
INSERT INTO price_data_archive (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
VALUES (asset_id('DUMP'), '1h', '2024-01-02 05:00+00', 100, 102, 98, 100.5);
SELECT update_technical_indicators();

-- the second series has a change that no update has seen
UPDATE price_data SET close_price = close_price + 0.25
WHERE asset_id = asset_id('LATE') AND candle_time = '2024-01-10 00:00+00';

CREATE TABLE public.dumped_states AS SELECT * FROM technical_indicator_states;
CREATE TABLE public.dumped_notes AS SELECT * FROM technical_indicator_notes;
CREATE TABLE public.dumped_history AS SELECT * FROM price_history;
CREATE TABLE public.dumped_segments AS SELECT * FROM price_data_segments;
