-- A database for random queries: candles of three assets in all places where they may be, and rows
-- of the tables around them.  What asks is the role smith, which owns nothing.
SET search_path = cryptoanalytics, public;
SET timezone = 'UTC';
\ir ../../../scripts/sample.sql

INSERT INTO assets (symbol, name, asset_type, quote_currency, current_price) VALUES
    ('BTC', 'Bitcoin', 'crypto', 'USD', 65000), ('ETH', 'Ethereum', 'crypto', 'USD', 2500),
    ('SOL', 'Solana', 'crypto', 'USD', 150);
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT a.id, '1m', c.candle_time, c.open, c.high, c.low, c.close, c.volume
FROM assets AS a,
     pg_temp.sample_candles(a.id, '2026-01-01 00:00+00', 3 * 1440, a.current_price) AS c
ORDER BY a.id, c.candle_time;
SELECT rollup_candles(code) FROM unnest('{5m,1h,1d}'::text[]) AS code;
SELECT update_technical_indicators(timeframe => '1h');
CALL archive_price_data(older_than => '2026-01-03', timeframe => '1m');
CALL compress_price_archive(older_than => '2026-01-02', timeframe => '1m');

INSERT INTO ai_models (name, version, model_type) VALUES ('naive', '1.0', 'asset');
INSERT INTO predictions (asset_id, ai_models_id, prediction_type, input_price, predicted_price, prediction_horizon,
                         created_at)
SELECT c.asset_id, m.id, 'price', c.close_price, c.close_price, 4, c.candle_time + interval '1 hour'
FROM ai_models AS m, price_data AS c
WHERE c.timeframe = '1h';
SELECT score_predictions(as_of => '2026-01-04');
SELECT evaluate_model(m.id) FROM ai_models AS m;

INSERT INTO users (email, password_hash)
SELECT 'user' || i || '@example.com', 'x' FROM generate_series(1, 20) AS i;
INSERT INTO portfolio (user_id, asset_id, asset_symbol, asset_type)
SELECT u.id, a.id, a.symbol, 'Crypto Asset' FROM users AS u, assets AS a;
INSERT INTO trade_actions (portfolio_id, action_type, quantity, asset_price, fees_paid, timeframe, action_source,
                           created_at)
SELECT p.id, t.action, t.quantity, 100, 1, '1d', 'manual', timestamptz '2026-01-01' + t.place * interval '1 hour'
FROM portfolio AS p,
     (VALUES (1, 'buy', 2), (2, 'partial_sell', 1)) AS t (place, action, quantity);

-- Small tables keep random joins short.
DELETE FROM price_data WHERE candle_time < '2026-01-03 20:00+00';
VACUUM ANALYZE;

CREATE ROLE smith LOGIN;
GRANT USAGE ON SCHEMA cryptoanalytics TO smith;
GRANT ALL ON ALL TABLES IN SCHEMA cryptoanalytics TO smith;
GRANT ALL ON ALL SEQUENCES IN SCHEMA cryptoanalytics TO smith;

-- sqlsmith takes polymorphic ranges for types: most of its queries would go no further than to their
-- operators.  This database is for it alone, and can do without them.
SET allow_system_table_mods = on;
DELETE FROM pg_catalog.pg_operator AS o
USING pg_catalog.pg_type AS t
WHERE t.oid IN (o.oprleft, o.oprright) AND t.typname IN ('anyrange', 'anymultirange');
RESET allow_system_table_mods;

-- It takes functions and aggregates from pg_proc as the search_path has it: from here all of
-- ours and one in ten of the others, without those of types that it cannot choose.
CREATE SCHEMA smith;
CREATE VIEW smith.pg_proc AS
SELECT * FROM pg_catalog.pg_proc AS p
WHERE (p.pronamespace IN ('cryptoanalytics'::regnamespace, 'cryptoanalytics_internal'::regnamespace)
       OR p.pronamespace = 'pg_catalog'::regnamespace AND p.oid::bigint % 10 = 0
          AND p.proname !~ '^(pg_|lo_|query_to_|table_to_|schema_to_|database_to_|cursor_to_)')
  AND NOT EXISTS (SELECT FROM pg_type AS t
                  WHERE t.typtype = 'p' AND t.oid = ANY (p.proargtypes::oid[] || p.prorettype));
GRANT USAGE ON SCHEMA smith TO smith;
GRANT SELECT ON smith.pg_proc TO smith;
ALTER ROLE smith SET search_path = smith, pg_catalog, cryptoanalytics, cryptoanalytics_internal, public;
ALTER ROLE smith SET statement_timeout = '5s';
ALTER ROLE smith SET lock_timeout = '1s';
ALTER ROLE smith SET work_mem = '16MB';
