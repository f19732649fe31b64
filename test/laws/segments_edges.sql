-- Segments in edge cases: infinite bounds, foreign tables of other users, parallel plans.
BEGIN;
SELECT plan(20);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

INSERT INTO assets (symbol, name, asset_type) VALUES ('EDGE', 'Edges', 'crypto');
SELECT id AS asset FROM assets WHERE symbol = 'EDGE' \gset
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time, created_at)
SELECT i, :asset, '1m', i, i, i, i, 1, timestamptz '2024-01-01' + i * interval '1 minute', '2024-02-01'
FROM generate_series(1, 120) AS i;
SELECT moved FROM ca_compress_batch(false, :asset, '1m', '-infinity', 'infinity', 10000, false) \gset

-- Nothing is before the beginning of time or after its end.
SELECT is_empty(format($$ SELECT * FROM candles(%s, '5m', NULL, '-infinity') $$, :asset), 'no compressed candle starts before -infinity');
SELECT is_empty(format($$ SELECT * FROM candles(%s, '5m', 'infinity', NULL) $$, :asset), 'nor after infinity');
SELECT is((SELECT count(*) FROM candles(:asset, '5m', '-infinity', 'infinity')), 25::bigint,
          'all of them are between the two: minutes 1 to 120 lie in 5m candles 0 to 24');
SELECT is(rollup_candles('5m', :asset, NULL, '-infinity'), 0::bigint, 'and none is rolled up before -infinity');
SELECT is((SELECT count(*) FROM price_data_compressed WHERE asset_id = :asset AND candle_time < '-infinity'), 0::bigint,
          'the foreign table agrees');

-- A foreign table of another user on the extension's server, beside a table named price_data_segments.
CREATE SCHEMA edge_hostile;
CREATE TABLE edge_hostile.price_data_segments (asset_id text, timeframe integer, first_time text, last_time text, candles text, payload text, technical_indicators text);
INSERT INTO edge_hostile.price_data_segments VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL), ('x', 1, 'x', 'x', 'x', 'x', 'x');
CREATE FOREIGN TABLE edge_hostile.compressed (
    id bigint, asset_id integer, timeframe varchar, open_price numeric, high_price numeric, low_price numeric, close_price numeric,
    volume numeric, market_cap numeric, technical_indicators jsonb, candle_time timestamptz, created_at timestamptz)
    SERVER cryptoanalytics_segments;
SELECT throws_ok('SELECT * FROM edge_hostile.compressed', '42P01', 'there are no segments of compressed candles',
                 'segments are read from the extension''s own table alone');

-- Candles that exist twice, because the unique index is gone.
ALTER TABLE price_data_archive DROP CONSTRAINT price_data_archive_asset_id_timeframe_candle_time_key;
ALTER TABLE price_data_archive DISABLE TRIGGER price_data_archive_once;
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time, created_at)
SELECT 1000 + i, :asset, '1m', i, i, i, i, 1, timestamptz '2024-01-02' + i / 2 * interval '1 minute', '2024-02-01'
FROM generate_series(1, 10) AS i;
SELECT throws_ok(format($$ SELECT ca_compress_batch(false, %s, '1m', '-infinity', 'infinity', 10000, false) $$, :asset),
                 '23505', 'candles of a series must ascend in time', 'a candle that is there twice is not compressed');
SELECT is((SELECT count(*) FROM price_data_archive WHERE asset_id = :asset), 10::bigint, 'and its rows stay');
DELETE FROM price_data_archive WHERE asset_id = :asset;

-- Candles of a child table belong to its owner, whatever their identifiers are.
CREATE TABLE edge_hostile.child () INHERITS (price_data_archive);
INSERT INTO edge_hostile.child (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time, created_at)
VALUES (2000, :asset, '1m', 7, 7, 7, 7, '2024-01-02 00:01', '2024-02-01');
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time, created_at)
VALUES (2000, :asset, '1m', 8, 8, 8, 8, '2024-01-02 00:01', '2024-02-01');
SELECT is((SELECT moved FROM ca_compress_batch(false, :asset, '1m', '2024-01-02', 'infinity', 10000, false)), 1::bigint,
          'compressing takes the rows of the table itself');
SELECT is((SELECT count(*) FROM edge_hostile.child), 1::bigint, 'and leaves those of a child');

-- A worker would stop the DELETE; the setting has another name from PostgreSQL 16 on.
DELETE FROM edge_hostile.child;
DROP TABLE edge_hostile.child;
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time, created_at)
SELECT 3000 + i, :asset, '1m', 8, 8, 8, 8, timestamptz '2024-01-03' + i * interval '1 minute', '2024-02-01'
FROM generate_series(1, 50) AS i;
SELECT set_config(name, 'on', true) FROM pg_settings WHERE name IN ('force_parallel_mode', 'debug_parallel_query') \gset
SELECT is((SELECT moved FROM ca_compress_batch(false, :asset, '1m', '2024-01-03', 'infinity', 10000, false)), 50::bigint,
          'compressing runs without workers');

-- An identifier exists twice, because the primary key is gone: rows are deleted by identifier and key.
ALTER TABLE price_data DROP CONSTRAINT price_data_pkey;
INSERT INTO price_data (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (5000, :asset, '1h', 1, 1, 1, 1, '2024-01-04 00:00'), (5000, :asset, '1h', 2, 2, 2, 2, '2024-01-04 01:00'),
       (5000, :asset, '5m', 3, 3, 3, 3, '2024-01-04 00:00');
SELECT is((SELECT moved FROM ca_archive_batch(:asset, '1h', '2024-01-04', '2024-01-05', 1, false)), 1::bigint,
          'archiving takes as many candles as asked for');
SELECT results_eq('SELECT close_price::integer FROM price_data WHERE id = 5000 ORDER BY 1', 'VALUES (2), (3)',
                  'and leaves others whose identifier is the same');
ALTER TABLE price_data_archive DROP CONSTRAINT price_data_archive_pkey;
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (5000, :asset, '1h', 4, 4, 4, 4, '2024-01-04 02:00'), (5000, :asset, '5m', 5, 5, 5, 5, '2024-01-04 02:00');
SELECT is((SELECT moved FROM ca_restore_batch(:asset, '1h', '2024-01-04 02:00', '2024-01-05', 1)), 1::bigint,
          'restoring takes as many candles as asked for');
SELECT results_eq('SELECT close_price::integer FROM price_data_archive WHERE id = 5000 ORDER BY 1', 'VALUES (1), (5)',
                  'and leaves others whose identifier is the same');
INSERT INTO price_data (asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time)
VALUES (:asset, '1h', 6, 6, 6, 6, '2024-01-04 00:00');
SELECT results_eq('SELECT close_price::integer FROM price_data_archive WHERE id = 5000 ORDER BY 1', 'VALUES (5)',
                  'so does a live candle that takes the place of an archived one');

-- A trigger swaps the payload of a segment: what is stored is not what was to be stored.
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, candle_time, created_at)
SELECT 6000 + i, :asset, '15m', i, i, i, i, timestamptz '2024-01-05' + i * interval '15 minutes', '2024-02-01'
FROM generate_series(1, 50) AS i;
CREATE TABLE edge_hostile.kept AS SELECT '\x'::bytea AS payload;
SAVEPOINT other;
UPDATE price_data_archive SET high_price = 99 WHERE id = 6020;
SELECT moved FROM ca_compress_batch(false, :asset, '15m', '2024-01-05', 'infinity', 10000, false) \gset
SELECT payload AS other FROM price_data_segments WHERE asset_id = :asset AND timeframe = '15m' \gset
ROLLBACK TO other;
UPDATE edge_hostile.kept SET payload = :'other';
CREATE FUNCTION edge_hostile.swap() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN NEW.payload := (SELECT k.payload FROM edge_hostile.kept AS k); RETURN NEW; END $$;
CREATE TRIGGER swap BEFORE INSERT ON price_data_segments FOR EACH ROW EXECUTE FUNCTION edge_hostile.swap();
SELECT throws_ok(format($$ SELECT ca_compress_batch(false, %s, '15m', '2024-01-05', 'infinity', 10000, false) $$, :asset),
                 'XX001', 'stored segment differs from its candles',
                 'a segment is read back, and one with another price is refused');
SELECT is((SELECT count(*) FROM price_data_archive WHERE asset_id = :asset AND timeframe = '15m'), 50::bigint,
          'and the rows stay');
CREATE OR REPLACE FUNCTION edge_hostile.swap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
SELECT throws_ok(format($$ SELECT ca_compress_batch(false, %s, '15m', '2024-01-05', 'infinity', 10000, false) $$, :asset),
                 '09000', 'segment was not stored', 'a segment that a trigger keeps out is missed');
SELECT is((SELECT count(*) FROM price_data_archive WHERE asset_id = :asset AND timeframe = '15m'), 50::bigint,
          'and the rows stay again');

SELECT * FROM finish();
ROLLBACK;
