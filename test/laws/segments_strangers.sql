-- A role without rights to the extension's tables makes foreign tables on its server, with a table price_data_segments
-- of its own: each use of them is refused with a clear error.
BEGIN;
SELECT plan(25);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL timezone = 'UTC';

INSERT INTO assets (symbol, name, asset_type) VALUES ('STRANGER', 'of strangers', 'crypto');
SELECT id AS asset FROM assets WHERE symbol = 'STRANGER' \gset
INSERT INTO price_data_archive (id, asset_id, timeframe, open_price, high_price, low_price, close_price, volume, candle_time, created_at)
SELECT i, :asset, '1m', i, i, i, i, 1, timestamptz '2024-01-01' + i * interval '1 minute', '2024-02-01'
FROM generate_series(1, 50) AS i;
SELECT moved FROM ca_compress_batch(false, :asset, '1m', '-infinity', 'infinity', 10000, false) \gset

CREATE ROLE stranger;
CREATE SCHEMA strange AUTHORIZATION stranger;
SET LOCAL search_path = strange, public;

-- The columns of price_data_compressed, and others.
CREATE FUNCTION strange.made(columns text) RETURNS text LANGUAGE sql AS $$
    SELECT format('CREATE FOREIGN TABLE strange.compressed (%s) SERVER cryptoanalytics_segments', columns) $$;
CREATE TABLE strange.shape AS
SELECT string_agg(format('%I %s', a.attname, format_type(a.atttypid, NULL)), ', ' ORDER BY a.attnum) AS same,
       string_agg(format('%I text', a.attname), ', ' ORDER BY a.attnum) AS texts
FROM pg_attribute AS a WHERE a.attrelid = 'cryptoanalytics.price_data_compressed'::regclass AND a.attnum > 0;
GRANT SELECT ON strange.shape TO stranger;
-- Segments that the stranger has obtained.
CREATE TABLE strange.stolen AS SELECT * FROM cryptoanalytics.price_data_segments WHERE asset_id = :asset;
ALTER TABLE strange.stolen OWNER TO stranger;

SET LOCAL ROLE stranger;
SELECT throws_ok((SELECT strange.made(same) FROM strange.shape), '42501', 'permission denied for foreign server cryptoanalytics_segments',
                 'without USAGE on the server there is no foreign table');
SELECT throws_ok('SELECT * FROM cryptoanalytics.price_data_compressed', '42501', 'permission denied for schema cryptoanalytics',
                 'nor is the extension''s own read');
RESET ROLE;
GRANT USAGE ON FOREIGN SERVER cryptoanalytics_segments TO stranger;

-- Everything that can be done to a foreign table: the SQLSTATEs that it gives, each once.
CREATE FUNCTION strange.outcomes(foreign_table text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    query text;
    states text[] := '{}';
BEGIN
    FOREACH query IN ARRAY ARRAY[
        'SELECT * FROM %s', 'SELECT count(*) FROM %s', 'SELECT candle_time FROM %s WHERE asset_id = ''1''',
        'SELECT FROM %s WHERE candle_time > ''2024-01-01'' ORDER BY candle_time DESC LIMIT 1', 'SELECT FROM %s WHERE asset_id IS NULL',
        'SELECT FROM %s WHERE asset_id::text = ANY (ARRAY[NULL, ''x''])', 'EXPLAIN SELECT * FROM %s', 'EXPLAIN (ANALYZE, VERBOSE) SELECT * FROM %s',
        'SELECT FROM %s AS a JOIN %1$s AS b USING (asset_id, candle_time)', 'SELECT * FROM %s FOR UPDATE', 'SELECT tableoid, ctid FROM %s',
        'CREATE MATERIALIZED VIEW strange.seen AS SELECT * FROM %s', 'DECLARE looking CURSOR FOR SELECT * FROM %s', 'CREATE TABLE strange.kept AS SELECT * FROM %s',
        'DELETE FROM %s', 'UPDATE %s SET asset_id = NULL'] LOOP
        BEGIN
            EXECUTE format(regexp_replace(query, '%s', '%1$s'), foreign_table);
            states := states || ('done: ' || query);
        EXCEPTION WHEN OTHERS THEN
            states := states || concat_ws(' ', SQLSTATE, SQLERRM);
        END;
    END LOOP;
    RETURN (SELECT string_agg(DISTINCT s, '; ') FROM unnest(states) AS s);
END $$;

-- The rows of price_data_segments: none, NULLs, other types, the right types with invalid bytes, stolen ones.
CREATE TABLE strange.made_up (n integer, columns text, content text);
INSERT INTO strange.made_up VALUES
    (1, NULL, NULL),
    (2, 'asset_id text, timeframe integer, first_time text, last_time text, candles text, payload text, technical_indicators text',
        '(NULL, NULL, NULL, NULL, NULL, NULL, NULL), (''x'', 1, ''x'', ''x'', ''x'', ''x'', ''x'')'),
    (3, 'id bigint, asset_id integer, timeframe varchar, first_time timestamptz, last_time timestamptz, candles integer, payload bytea, technical_indicators jsonb[]',
        '(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL), (1, 1, ''1m'', ''2024-01-01'', ''2024-01-02'', 5, ''x'', NULL), (2, 1, ''1m'', ''2024-01-03'', ''2024-01-04'', -1, NULL, ''{NULL}'')'),
    (4, 'nothing text', '(NULL)'),
    (5, 'LIKE strange.stolen', 'stolen');
GRANT SELECT ON strange.made_up TO stranger;
SET LOCAL ROLE stranger;
CREATE FUNCTION strange.prepare(n integer, like_ours boolean) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    made_up record;
BEGIN
    SET LOCAL client_min_messages = warning;
    DROP TABLE IF EXISTS strange.price_data_segments;
    DROP FOREIGN TABLE IF EXISTS strange.compressed;
    EXECUTE (SELECT strange.made(CASE WHEN like_ours THEN s.same ELSE s.texts END) FROM strange.shape AS s);
    SELECT m.* INTO made_up FROM strange.made_up AS m WHERE m.n = prepare.n;
    IF made_up.columns IS NOT NULL THEN
        EXECUTE format('CREATE TABLE strange.price_data_segments (%s)', made_up.columns);
        EXECUTE format('INSERT INTO strange.price_data_segments %s',
                       CASE WHEN made_up.content = 'stolen' THEN 'TABLE strange.stolen' ELSE 'VALUES ' || made_up.content END);
        ANALYZE strange.price_data_segments;
    END IF;
END $$;
SELECT unnest(ARRAY[
    lives_ok(format('SELECT strange.prepare(%s, true)', n), format('made-up segments %s, and a foreign table with the columns of ours', n)),
    is(strange.outcomes('strange.compressed'), '42P01 there are no segments of compressed candles', 'no use of it reads anything'),
    lives_ok(format('SELECT strange.prepare(%s, false)', n), 'and one with other columns'),
    is(strange.outcomes('strange.compressed'), '42P01 there are no segments of compressed candles', 'nor of that')])
FROM strange.made_up ORDER BY n;

SELECT strange.prepare(5, true);
CREATE TABLE strange.parent (LIKE strange.compressed);
ALTER FOREIGN TABLE strange.compressed INHERIT strange.parent;
SELECT is(strange.outcomes('strange.parent'), '42P01 there are no segments of compressed candles', 'nor by way of a parent');
RESET ROLE;
SELECT throws_ok('SELECT * FROM strange.compressed', '42P01', 'there are no segments of compressed candles', 'nor for a superuser');
SELECT is((SELECT count(*) FROM cryptoanalytics.price_data_compressed WHERE asset_id = :asset), 50::bigint, 'the extension''s own is read as before');

SELECT * FROM finish();
ROLLBACK;
