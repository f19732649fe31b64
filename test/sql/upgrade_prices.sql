-- The upgrade from 0.6.0 widens prices and volumes without rewriting a table. It is refused while views of a user are
-- in the way.
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET client_min_messages = warning;
SET cryptoanalytics.allow_drop = on;
BEGIN;
DROP EXTENSION IF EXISTS cryptoanalytics;
CREATE SCHEMA prices_0_6;
CREATE EXTENSION cryptoanalytics SCHEMA prices_0_6 VERSION '0.6.0';
SET search_path = prices_0_6, public;
CREATE ROLE regress_prices_reader;
INSERT INTO assets (id, symbol, name, asset_type, current_price) VALUES (1, 'W', 'W', 'crypto', 12.5);
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
VALUES (1, '1m', '2024-01-01', 1, 2, 0.00000001, 1.5, 0.12);

-- Rights that were granted on our views.
GRANT SELECT ON price_history TO regress_prices_reader;
GRANT SELECT (asset_id, value_usd) ON portfolio_positions TO regress_prices_reader;

-- A view, a view on that, a materialized view, a parsed function and a trigger.
CREATE VIEW closes WITH (security_barrier = true) AS SELECT candle_time, close_price FROM price_data;
GRANT SELECT ON closes TO regress_prices_reader;
CREATE VIEW "Closes twice" AS SELECT candle_time, 2 * close_price AS twice FROM closes;
CREATE MATERIALIZED VIEW highest AS SELECT max(high_price) AS high FROM price_history;
CREATE FUNCTION latest() RETURNS numeric LANGUAGE sql
    BEGIN ATOMIC SELECT current_price FROM assets ORDER BY id LIMIT 1; END;
CREATE FUNCTION looked() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
CREATE TRIGGER look BEFORE UPDATE OF ath ON assets FOR EACH ROW EXECUTE FUNCTION looked();
-- None of these is in the way.
CREATE VIEW unaffected AS SELECT id, market_cap FROM price_history;
CREATE INDEX mine ON price_data ((close_price * 2));

CREATE TEMP TABLE files AS
    SELECT c.oid, c.relname, c.relfilenode FROM pg_class AS c
    WHERE c.relnamespace = 'prices_0_6'::regnamespace AND c.relkind = 'r';

-- The error names them, with the commands that make them again.
SAVEPOINT before;
DO $$
DECLARE
    state text;
    message text;
    detail text;
    hint text;
BEGIN
    ALTER EXTENSION cryptoanalytics UPDATE;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    CREATE TEMP TABLE told AS SELECT state, message, detail, hint;
END;
$$;
SELECT state, message, hint FROM told;
\pset format unaligned
\pset tuples_only on
SELECT split_part(detail, E'After it:\n', 1) FROM told;
\pset tuples_only off
\pset format aligned
-- And nothing was changed.
SELECT extversion FROM pg_extension WHERE extname = 'cryptoanalytics';
SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'price_data'::regclass AND attname = 'close_price';

-- The user follows the hint.
CREATE FUNCTION pg_temp.run(part text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE part; END $$;
SELECT pg_temp.run(replace(split_part(t.detail, E'After it:\n', 1), 'Before the upgrade:', '')) FROM told AS t;
ALTER EXTENSION cryptoanalytics UPDATE;
SELECT pg_temp.run(split_part(t.detail, E'After it:\n', 2)) FROM told AS t;

-- The types, of the extension and of the user.
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
FROM pg_attribute AS a
JOIN pg_class AS c ON c.oid = a.attrelid
WHERE c.relnamespace = 'prices_0_6'::regnamespace
  AND c.relname IN ('price_data', 'price_history', 'portfolio_positions', 'closes', 'highest', 'metrics_snapshot')
  AND a.attname IN ('close_price', 'volume', 'current_price', 'high', 'funding_rate_btc')
ORDER BY c.relname, a.attname;
SELECT c.relname, c.reloptions, has_table_privilege('regress_prices_reader', c.oid, 'SELECT') AS reads
FROM pg_class AS c
WHERE c.oid IN ('closes'::regclass, 'price_history'::regclass)
ORDER BY c.relname;
SELECT has_column_privilege('regress_prices_reader', 'portfolio_positions', 'value_usd', 'SELECT') AS reads;
SELECT twice FROM "Closes twice";
SELECT latest();
SELECT high FROM highest;

-- None of the large tables was rewritten.
SELECT count(*) AS kept
FROM files AS f
JOIN pg_class AS c ON c.oid = f.oid
WHERE c.relfilenode = f.relfilenode AND f.relname IN ('price_data', 'price_data_archive', 'assets');

-- New values keep their digits.
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
VALUES (1, '1m', '2024-01-01 00:01', 0.0000000012, 0.0000000012, 0.0000000012, 0.0000000012, 0.001);
SELECT close_price, volume FROM price_history ORDER BY candle_time;
ROLLBACK;
