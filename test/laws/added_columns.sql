-- Columns that users add to the tables, also generated ones and those of types without equality, break nothing, and
-- their values are not lost silently.
BEGIN;
SELECT plan(22);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL client_min_messages = error;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'ADD', 'Added', 'crypto');
SELECT lives_ok((
    SELECT string_agg(format('ALTER TABLE %s ADD COLUMN "own json" json DEFAULT ''[]'','
                             ' ADD COLUMN own text NOT NULL DEFAULT clock_timestamp()::text,'
                             ' ADD COLUMN derived text GENERATED ALWAYS AS (own || ''!'') STORED', c.oid::regclass), ';')
    FROM pg_class AS c WHERE c.relnamespace = 'cryptoanalytics'::regnamespace AND c.relkind = 'r'
), 'every table takes columns');

-- The functions that write candles; 100 minutes of candles that close at 11 to 13.
CREATE FUNCTION candles(close integer) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_agg(jsonb_build_array(1704067200000 + i * 60000, 10, 20, 5, candles.close + i % 3, 100) ORDER BY i)
    FROM generate_series(0, 99) AS i
$$;
SELECT is(import_ohlcv(1, '1m', candles(11)), 100::bigint, 'candles are imported');
SELECT is(import_ohlcv(1, '1m', candles(11)), 0::bigint, 'the same again change nothing');
SELECT is(rollup_candles('5m', 1), 20::bigint, 'and rolled up');
SELECT is(update_technical_indicators(1, '1m', '{"SMA": [20]}'), 100::bigint, 'with indicators');
SELECT is((SELECT count(*) FROM price_data WHERE timeframe = '1m' AND technical_indicators IS NOT NULL), 100::bigint,
          'which are stored');

-- Moving candles would lose the values.
SELECT throws_ok('SELECT ca_move_batch(0, ''live'', ''archive'', 1, ''1m'', ''-infinity'', ''infinity'', 1000, true, now())',
                 '55000', 'columns that were added to price_data would be lost', 'candles with values of others stay');
SELECT throws_ok('SELECT ca_move_batch(0, ''archive'', ''segments'', 1, ''1m'', ''-infinity'', ''infinity'', 1000, true, now())',
                 '55000', 'columns that were added to price_data_archive would be lost', 'so do those in the archive');
SELECT throws_ok('SELECT ca_archive_asset(1, now())', '55000', 'columns that were added to price_data would be lost', 'maintain() moves none either');
-- It is refused before the procedure would commit, which it may not do in this transaction.
SELECT throws_ok('CALL archive_price_data()', '55000', 'columns that were added to price_data would be lost', 'nor archive_price_data()');
SELECT throws_ok('CALL compress_price_archive()', '55000', 'columns that were added to price_data_archive would be lost', 'nor compress_price_archive()');
SELECT throws_ok('CALL restore_price_data(''1m'', 1, NULL, NULL)', '55000', 'columns that were added to price_data_archive would be lost', 'nor restore_price_data()');

-- Dropped and generated columns hold no values.
ALTER TABLE price_data DROP COLUMN "own json", DROP COLUMN derived, DROP COLUMN own;
ALTER TABLE price_data ADD COLUMN middle numeric GENERATED ALWAYS AS ((high_price + low_price) / 2) STORED;
INSERT INTO background_tasks (id, task_name, task_type, result_data) VALUES (-1, 'move', 'cleanup', '{"moved": 0, "by_timeframe": {}}');
SELECT is((SELECT last FROM ca_move_batch(-1, 'live', 'segments', 1, '1m', '-infinity', 'infinity', 1000, true, now())),
          '2024-01-01 01:39+00'::timestamptz, 'candles are compressed');
SELECT is(import_ohlcv(1, '1m', candles(12)), 100::bigint, 'and corrected where they are');
SELECT is((SELECT array_agg(DISTINCT p.close_price) FROM price_history AS p WHERE p.timeframe = '1m' AND p.archived), '{12,13,14}'::numeric[],
          'with the prices that came last');

-- An UPDATE of added columns sets updated_at.
ALTER TABLE assets DISABLE TRIGGER assets_touch;
UPDATE assets SET updated_at = '2024-01-01+00';
ALTER TABLE assets ENABLE TRIGGER assets_touch;
SAVEPOINT before;
UPDATE assets SET name = 'Changed';
SELECT is((SELECT updated_at FROM assets), now(), 'a change is dated');
ROLLBACK TO before;
UPDATE assets SET name = name;
SELECT is((SELECT updated_at FROM assets), '2024-01-01+00'::timestamptz, 'what changes nothing is not, with a generated column');
ALTER TABLE assets DROP COLUMN derived;
UPDATE assets SET name = name;
SELECT is((SELECT updated_at FROM assets), '2024-01-01+00'::timestamptz, 'or without one');

-- a table of the user's, with the time in another type, and without it
CREATE TABLE of_user (id integer, at point, updated_at timestamp(0));
INSERT INTO of_user VALUES (1, '(1,2)', '2024-01-01');
CREATE TRIGGER of_user_touch BEFORE INSERT OR UPDATE ON of_user FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
UPDATE of_user SET at = '(1,2)';
SELECT is((SELECT updated_at FROM of_user), '2024-01-01'::timestamp, 'a type without equality may be the same');
UPDATE of_user SET at = NULL;
SELECT is((SELECT updated_at FROM of_user), now()::timestamp(0), 'or differ');
INSERT INTO of_user VALUES (2, NULL, '2024-01-01');
SELECT is((SELECT updated_at FROM of_user WHERE id = 2), '2024-01-01'::timestamp, 'a new row keeps its time');
ALTER TABLE of_user DROP COLUMN updated_at;
SELECT throws_ok('UPDATE of_user SET id = 3', '42703', NULL, 'a table without the column is an error');

SELECT * FROM finish();
ROLLBACK;
