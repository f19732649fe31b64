-- Bad input to every function of the extension. Each argument in turn is NULL, empty, zero, negative, as large as
-- possible, not a number, infinite, far away in time, a megabyte long, or JSON of another kind, while the others are
-- sensible. The call must give a result, or an error that a user can understand.
--
-- A new function needs a sensible value for each of its arguments below, by name; then it is tested.
BEGIN;
SELECT plan(11);
SET LOCAL search_path = cryptoanalytics, cryptoanalytics_internal, public;
SET LOCAL client_min_messages = warning;
SET LOCAL statement_timeout = '20s';

-- Something of everything that an argument can name, with id 1.
INSERT INTO users (id, email, password_hash) VALUES (1, 'bad@example.org', 'x'), (2, 'input@example.org', 'x');
INSERT INTO user_sessions (user_id, session_token, refresh_token, created_at) VALUES (1, 'token', 'refresh', '2024-01-01 UTC');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'BAD', 'Bad input', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT 1, '1h', timestamptz '2024-01-01 UTC' + i * interval '1 hour', 10 + i % 5, 12 + i % 5, 9 + i % 5, 11 + i % 5, i
FROM generate_series(0, 99) AS i WHERE i <> 50;
-- The first day is compressed.
SELECT FROM ca_compress_batch(true, 1, '1h', '-infinity', '2024-01-02 UTC', 1000, true);
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'bad', '1', 'asset');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, input_price, target_datetime, created_at)
VALUES (1, 1, 1, 'price', 12, 11, '2024-01-02 UTC', '2024-01-01 UTC');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (1, 1, 1, 'BAD', 'Crypto Asset');
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source)
VALUES (1, 'buy', 10, 1, '1h', 'manual');
CREATE ROLE ca_bad_input;
INSERT INTO background_tasks (id, task_name, task_type, status) VALUES (-1, 'bad', 'cleanup', 'pending'), (-2, 'bad', 'cleanup', 'running'), (-3, 'bad', 'cleanup', 'failed');
ALTER SEQUENCE notifications_id_seq RESTART WITH 1000;
ALTER SEQUENCE assets_id_seq RESTART WITH 1000;
INSERT INTO trading_signals (id, asset_id, signal_type, entry_price, target_price, stop_loss, created_at) VALUES (1, 1, 'long', 10, 13, 9, '2024-01-01 UTC');
INSERT INTO signal_alerts (id, user_id, asset_id, alert_type, condition, trigger_value, created_at)
VALUES (1, 1, 1, 'price_target', 'above', 12, '2024-01-01 UTC'), (2, 1, 1, 'volume_spike', 'above', 2, '2024-01-01 UTC'),
       (3, 1, 1, 'price_target', 'percentage_change', 5, '2024-01-01 UTC');
INSERT INTO watchlists (id, user_id, name, watchlist_type) VALUES (1, 1, 'Bad', 'personal');
INSERT INTO watchlist_assets (id, watchlist_id, asset_id, position_type) VALUES (1, 1, 1, 'long');
INSERT INTO notifications (id, user_id, notification_type, title) VALUES (1, 1, 'alert', 'Bad');
INSERT INTO sectors (id, name) VALUES (1, 'Bad'), (2, 'Worse');
INSERT INTO sector_mapping (asset_id, sector_id, is_primary_sector) VALUES (1, 1, true);
INSERT INTO metrics_snapshot (id, timeframe, snapshot_time, price) VALUES (1, '1d', '2024-01-03 UTC', 10);
INSERT INTO cross_sector_analysis (id, metrics_snapshot_id, analysis_time) VALUES (1, 1, '2024-01-03 UTC');

-- Unusual values of each type.
CREATE TEMP TABLE bad (type regtype, value text);
INSERT INTO bad
SELECT t.type, v.value
FROM (VALUES
    ('smallint'::regtype, ARRAY['0', '-1', '-32768', '32767']),
    ('integer', ARRAY['0', '-1', '-2147483648', '2147483647']),
    ('bigint', ARRAY['0', '-1', '-9223372036854775808', '9223372036854775807']),
    ('oid', ARRAY['0', '4294967295']),
    ('regclass', ARRAY['0', '4294967295', '''pg_catalog.pg_authid''']),
    ('regrole', ARRAY['0', '4294967295', 'current_user::regrole']),
    ('boolean', ARRAY['true', 'false']),
    ('numeric', ARRAY['0', '-1', '''NaN''', '''Infinity''', '''-Infinity''', '1e131071', '-1e131071', '1e-16383', '1.0000000000000000000000000000000000000001']),
    ('double precision', ARRAY['0', '''-0''', '-1', '''NaN''', '''Infinity''', '''-Infinity''', '1.7976931348623157e308', '-1.7976931348623157e308', '5e-324']),
    ('text', ARRAY['''''', ''' ''', 'repeat(''x'', 1048576)', 'U&''\FEFF\202E\+01F600''', 'E''a\nb\\c''''d"e%s%n''']),
    ('timestamptz', ARRAY['''infinity''', '''-infinity''', '''4714-11-24 00:00+00 BC''', '''294276-12-31 23:59:59.999999+00''', '''1970-01-01 00:00+00''', '''2024-01-01 00:00:00.000001+00''']),
    ('interval', ARRAY['''0''', '''-1 day''', '''178000000 years''', '''-178000000 years''', '''1 month -30 days -1 microsecond''']),
    ('jsonb', ARRAY['''null''', '''0''', '''-1e400''', '''""''', '''true''', '''[]''', '''{}''', '''[null]''', '''[[]]''', '''[0]''', '''[{}]''', '''{"": null}''',
                    '''[["1", null, {}, [], true, -1e400]]''', 'to_jsonb(repeat(''x'', 1048576))',
                    'jsonb_build_array(jsonb_build_array(1e20, 1, 1, 1, 1, 1))', '(repeat(''['', 5000) || repeat('']'', 5000))::jsonb',
                    '(SELECT jsonb_object_agg(i::text, i) FROM generate_series(1, 10000) AS i)']),
    ('inet', ARRAY['''0.0.0.0/0''', '''::''']),
    ('pg_snapshot', ARRAY['''1:1:''', '''1:9223372036854775807:1''']),
    ('bytea', ARRAY['''''', '''\x00''', '''\xffffffffffffffffffffffffffffffff''', 'convert_to(repeat(''x'', 1048576), ''UTF8'')']),
    ('cstring', ARRAY['''''', '''(''', '''{}''', '''x''']),
    ('candlestick', ARRAY['ROW(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)', 'ROW(''infinity'', 1, 1, 1, 1, 1, 1, 1, ''-infinity'')',
                          'ROW(''2024-01-01 UTC'', ''NaN'', ''Infinity'', ''-Infinity'', 1e131071, -1, 0, -1, ''2023-01-01 UTC'')']),
    ('candlestick_state', ARRAY['''''', '''{}''', '''x'''])
    ) AS t (type, known)
CROSS JOIN LATERAL unnest(t.known || 'NULL'::text) AS v (value);
-- A sensible value, by name and type of an argument; by function where it differs.
CREATE TEMP TABLE sensible (argument text, type regtype, value text, function text);
INSERT INTO sensible VALUES
    ('account', 'users', '(SELECT u FROM users AS u WHERE u.id = 1)'),
    ('actual', 'double precision', '10'), ('actual', 'numeric', '10'),
    ('after', 'timestamptz', '''2024-01-01 UTC'''),
    ('amount', 'numeric', '1.5'),
    ('amounts', 'numeric[]', '''{1,2}'''),
    ('action_id', 'integer', '1'), ('action_type', 'text', '''full_exit'''), ('actions', 'integer[]', '''{1}'''),
    ('as_of', 'timestamptz', '''2024-01-03 UTC'''),
    ('asset', 'integer', '1'),
    ('asset_ids', 'integer[]', '''{1}'''),
    ('bad', 'text', '''refuse'''),
    ('batch_size', 'integer', '10'),
    ('bound', 'numeric', '1e280'),
    ('brought', 'bigint', '1'),
    ('closes', 'numeric', '2'),
    ('held', 'numeric', '1'),
    ('indicators', 'jsonb', '''{"RSI": 50}'''),
    ('inserted', 'bigint', '1'),
    ('profits', 'numeric[]', '''{0}'''),
    ('resumed', 'boolean', 'false'),
    ('candle', 'candlestick', 'ROW(''2024-01-01 UTC'', 10, 12, 9, 11, 5, 10, 3, ''2024-01-01 00:59 UTC'')'),
    ('candle_time', 'timestamptz', '''2024-01-01 01:00+00'''),
    ('candles', 'price_data[]', 'ARRAY(SELECT p FROM price_data AS p ORDER BY p.candle_time LIMIT 2)'),
    ('candles', 'price_data_archive[]', 'ARRAY(SELECT c FROM ca_compressed_at(1, ''1h'', ARRAY[timestamptz ''2024-01-01 01:00 UTC'']) AS c)'),
    ('catalog', 'oid', '''pg_foreign_server''::regclass'),
    ('close', 'double precision', '11'), ('close', 'numeric', '11'),
    ('close_price', 'numeric', '11'),
    ('compressed', 'bigint', '0'),
    ('convention', 'text', '''talib'''),
    ('covered', 'integer[]', 'ARRAY[10, 20]'),
    ('sources', 'text[]', 'ARRAY[''1h'']'),
    ('digests', 'bigint[]', 'ARRAY[1, 2]::bigint[]'),
    ('created_at', 'timestamptz', '''2024-01-01 UTC'''),
    ('d', 'integer', '3'),
    ('data', 'jsonb', '''[[1704067200000, 1, 2, 0.5, 1.5, 10]]'''),
    ('decompressed', 'bigint', '0'),
    ('deleted_by', 'integer', '2'),
    ('detail', 'text', '''detail'''),
    ('device_info', 'jsonb', '''{}'''),
    ('a', 'jsonb', '''{"RSI": 50}'''),
    ('b', 'jsonb', '''{"RSI": 51}'''),
    ('command', 'text', '''maintain'''),
    ('cut_off', 'boolean', 'false'),
    ('mark', 'roll_up_marks', '(SELECT m FROM roll_up_marks AS m LIMIT 1)'),
    ('first', 'timestamptz', '''2024-01-01 UTC'''),
    ('stop', 'timestamptz', '''2024-01-02 UTC'''),
    ('running', 'bigint', '1000'),
    ('next', 'bigint', '2000'),
    ('most', 'bigint', '50000'),
    ('snapshot', 'pg_snapshot', '''100:104:100,102'''),
    ('dry_run', 'boolean', 'true'),
    ('email', 'text', '''bad@example.org'''),
    ('emptied', 'boolean', 'false'),
    ('every_user', 'boolean', 'false'),
    ('expires_at', 'timestamptz', '''2024-02-01 UTC'''),
    ('failure', 'text', '''failure'''),
    ('failure', 'jsonb', '''{}'''),
    ('fast', 'integer', '12'),
    ('format', 'text', '''ccxt'''),
    ('gaps', 'text', '''ignore'''),
    ('high', 'double precision', '12'), ('high', 'numeric', '12'),
    ('high_price', 'numeric', '12'),
    ('id', 'bigint', '1'),
    ('ids', 'bigint[]', '''{1}'''),
    ('include_open', 'boolean', 'false'),
    ('input_price', 'numeric', '10'),
    ('ip_address', 'inet', '''127.0.0.1'''),
    ('k', 'double precision', '2'), ('k', 'integer', '14'),
    ('keep_indicators', 'boolean', 'true'),
    ('kind', 'text', '''analyst'''),
    ('live', 'boolean', 'true'),
    ('compressed', 'boolean', 'true'),
    ('loading', 'boolean', 'false'),
    ('low', 'double precision', '9'), ('low', 'numeric', '9'),
    ('low_price', 'numeric', '9'),
    ('market_cap', 'numeric', '1000'),
    ('matching', 'boolean', 'true'),
    ('message', 'text', '''message'''),
    ('milliseconds', 'numeric', '12.5'),
    ('model', 'integer', '1'),
    ('moment', 'timestamptz', '''2024-01-03 UTC'''),
    ('moved', 'bigint', '0'),
    ('n', 'integer', '2'),
    ('naive_error', 'double precision', '1'),
    ('name', 'text', '''name'''),
    ('new_refresh_token', 'text', '''refresh 2'''),
    ('new_token', 'text', '''token 2'''),
    ('of_users', 'boolean', 'true'),
    ('older_than', 'timestamptz', '''2024-01-02 UTC'''),
    ('open', 'double precision', '10'), ('open', 'numeric', '10'),
    ('open_price', 'numeric', '10'),
    ('options', 'text[]', '''{}'''),
    ('outcome', 'boolean', 'true'), ('outcome', 'double precision', '1'),
    ('params', 'jsonb', '''{}'''),
    ('periods_per_year', 'double precision', '365'),
    ('position_id', 'integer', '1'),
    ('predicted', 'double precision', '11'), ('predicted', 'numeric', '11'),
    ('predicted_price', 'numeric', '11'),
    ('predicted_value', 'jsonb', '''{"direction": "up"}'''),
    ('prediction_horizon', 'integer', '24'),
    ('price', 'double precision', '10'), ('price', 'numeric', '10'),
    ('probability', 'double precision', '0.5'),
    ('problem', 'text', '''22003: odd'''),
    ('realized', 'boolean', 'false'),
    ('reference', 'double precision', '9'),
    ('refresh_token', 'text', '''refresh'''),
    ('relation', 'regclass', '''users'''), ('relation', 'text', '''users'''),
    ('reported', 'timestamptz', '''2024-01-01 UTC'''),
    ('return', 'double precision', '0.01'),
    ('rescore', 'boolean', 'true'),
    ('role', 'regrole', '''ca_bad_input'''),
    ('s', 'integer', '3'),
    ('sequence', 'bigint', '1'),
    ('series', 'integer', '1'),
    ('short', 'boolean', 'false'),
    ('signal', 'integer', '9'),
    ('since', 'timestamptz', '''2024-01-01 UTC'''),
    ('slow', 'integer', '26'),
    ('source', 'text', '''1h'''), ('work', 'text', '''refresh_assets'''),
    ('spec', 'jsonb', '''{"SMA": [20]}'''),
    ('staleness', 'interval', '''1 hour'''),
    ('state', 'bytea', 'NULL'),
    ('state', 'text', '''22023'''),
    ('success', 'boolean', 'true'),
    ('symbol', 'text', '''BAD'''),
    ('target', 'text', '''archive'''),
    ('target_datetime', 'timestamptz', '''2024-01-02 UTC'''),
    ('pid', 'integer', '0'),
    ('task', 'integer', '-1'),
    ('technical_indicators', 'jsonb', '''{"rsi_14": 50}'''),
    ('timeframe', 'text', '''1h'''),
    ('times', 'timestamptz[]', 'ARRAY[timestamptz ''2024-01-01 UTC'']'),
    ('token', 'text', '''token'''),
    ('ts', 'timestamptz', '''2024-01-01 UTC'''),
    ('until', 'timestamptz', '''2024-01-03 UTC'''),
    ('user_agent', 'text', '''agent'''),
    ('user_id', 'integer', '1'),
    ('values', 'jsonb[]', '''{null}'''),
    ('volume', 'double precision', '5'), ('volume', 'numeric', '5'),
    ('trust_times', 'boolean', 'false'),
    ('volume_unit', 'text', '''base'''),
    ('was', 'portfolio', '(SELECT p FROM portfolio AS p WHERE p.id = 1)'),
    ('activities_older_than', 'timestamptz', '''2024-01-01 UTC'''),
    ('aggregation_level', 'text', '''hourly'''),
    ('alert_type', 'text', '''price_target'''),
    ('archive_id', 'bigint', '0'),
    ('argument', 'text', '''span'''),
    ('assets', 'integer[]', '''{1}'''),
    ('batch', 'integer', '10'), ('batch', 'bigint', '10'),
    ('category', 'text', '''api_usage'''),
    ('condition', 'text', '''above'''),
    ('rights', 'text', '''SELECT'''), ('error_message', 'text', '''error'''), ('endpoint', 'text', '''/v1/coins?n=1'''),
    ('every', 'interval', '''1 day'''),
    ('expected', 'text', '''running'''),
    ('figures', 'jsonb', '''{"trigger_value": 1}'''),
    ('http_method', 'text', '''GET'''),
    ('id', 'integer', '1'),
    ('marks', 'jsonb', '''{"id": 1, "archive_id": 0}'''),
    ('metric', 'text', '''mape'''),
    ('part', 'numeric', '1'), ('whole', 'numeric', '2'),
    ('parts', 'jsonb', '''{"database": 1}'''),
    ('pattern', 'text', '''%'''),
    ('period_start', 'timestamptz', '''2024-01-01 UTC'''),
    ('placed', 'integer[]', '''{1}'''),
    ('positions', 'integer[]', '''{1}'''), ('signals', 'integer[]', '''{1}'''), ('trades', 'boolean[]', '''{t}'''),
    ('position', 'integer', '1'),
    ('recent', 'interval', '''7 days'''),
    ('referrers', 'integer[]', '''{1}'''),
    ('response_status', 'integer', '200'),
    ('result', 'jsonb', '''{}'''),
    ('entry_price', 'numeric', '10'), ('signal_type', 'text', '''long'''), ('stop_loss', 'numeric', '9'), ('target_price', 'numeric', '13'),
    ('is_active', 'boolean', 'true'), ('deleted_at', 'timestamptz', 'NULL'),
    ('lockout_expires', 'timestamptz', '''2024-01-01 UTC'''),
    ('span', 'interval', '''1 day'''),
    ('task_types', 'text[]', '''{cleanup}'''),
    ('watchlist_ids', 'integer[]', '''{1}'''),
    ('started_at', 'timestamptz', '''2024-01-01 UTC'''),
    ('bars', 'integer', '20'), ('wing', 'integer', '2'), ('tolerance_percent', 'numeric', '0.5'),
    ('step', 'text', '''refresh_assets'''),
    ('statement', 'text', '''SELECT 1::bigint'''),
    ('query', 'text', '''SELECT 1'''),
    ('failed', 'integer', '0'),
    ('volume_ratio', 'numeric', '2'),
    ('band', 'double precision', '1'), ('before', 'double precision', '10'), ('brief', 'boolean', 'true'), ('long_means', 'boolean', 'true'),
    ('built', 'integer[]', '''{}'''), ('finer', 'integer[]', '''{1}'''), ('without', 'integer', '1'), ('gap', 'integer', '1'), ('high_low_days', 'integer', '90'),
    ('cap', 'double precision', '1e12'), ('btc', 'double precision', '6e11'), ('eth', 'double precision', '2e11'), ('usdt', 'double precision', '1e11'),
    ('stablecoins', 'double precision', '1e11'), ('total2es', 'double precision', '2e11'), ('known', 'bigint', '100'), ('liquid', 'bigint', '100'),
    ('current_supply', 'bigint', '0'), ('given_total', 'double precision', '2e12'), ('given_btc', 'double precision', '50'),
    ('given_eth', 'double precision', '20'), ('given_usdt', 'double precision', '5'), ('origins', 'jsonb', '''{"total": "fed"}'''),
    ('difference', 'double precision', '2'), ('up', 'text', '''up'''), ('down', 'text', '''down'''), ('now', 'double precision', '12'),
    ('step', 'double precision', '1'), ('highest', 'double precision', '20'), ('lowest', 'double precision', '5'),
    ('others', 'double precision[]', '''{1,2,3}'''), ('part', 'bigint', '1'), ('whole', 'bigint', '2'), ('part', 'double precision', '1'),
    ('whole', 'double precision', '2'), ('value', 'double precision', '2'), ('value', 'numeric', '55'), ('value', 'jsonb', '''55'''),
    ('ends', 'timestamptz[]', 'ARRAY[timestamptz ''2024-01-03 UTC'']'), ('moments', 'timestamptz[]', 'ARRAY[timestamptz ''2024-01-03 UTC'']'),
    ('fed', 'jsonb', '''{"fear_greed_index": 55}'''), ('fitted', 'jsonb', '''{"price": 1}'''), ('old', 'jsonb', '''{"price": 1}'''),
    ('sources', 'jsonb', '''{"total": "series"}'''), ('values', 'jsonb', '''{"price": 1}'''), ('unfit', 'text[]', '''{dxy}'''),
    ('zones', 'jsonb', '''[{"bin_low": 1, "bin_high": 2, "long_vol": 3, "short_vol": 4}]'''), ('height', 'numeric', '880000'),
    ('key', 'text', '''min_assets'''), ('setting', 'text', '''market'''), ('label', 'text', 'NULL'), ('sector', 'integer', 'NULL'),
    ('before', 'integer', '5'), ('days', 'bigint', '50'), ('regime', 'text', '''Bull'''), ('direction', 'integer', '1'),
    ('again', 'boolean', 'true'), ('facts', 'double precision[]', '''{1,2,3,4,0,1,63}'''), ('fact', 'integer', '2'), ('place', 'bigint', '1'),
    ('metrics', 'text[]', '''{fear_greed_index}'''), ('quote_currency', 'text', '''USD (B)'''), ('span', 'integer', '90'),
    ('analysis', 'integer', '1'), ('before', 'timestamptz', '''2024-01-01 UTC'''), ('candles', 'integer', '24'),
    ('code', 'text', '''1h'''), ('days', 'double precision', '30'), ('ends_at', 'timestamptz', '''2024-01-03 UTC'''),
    ('facts', 'jsonb', '''{"sectors": 0}'''), ('flows', 'jsonb', '''[[1, 2, 0.5]]'''), ('inclusive', 'boolean', 'true'), ('keys', 'text[]', '''{x}'''), ('model_type', 'text', '''sector'''),
    ('outlook', 'text', '''Bullish'''), ('outlooks', 'text[]', '''{Bullish}'''), ('period', 'text', '''7d'''), ('periods', 'text[]', '''{7d}'''),
    ('prediction_type', 'text', '''sector_outlook'''), ('rebuild', 'boolean', 'true'), ('rules_version', 'text', '''1'''),
    ('score', 'double precision', '0.5'), ('sectors', 'integer[]', '''{1}'''), ('settings', 'jsonb', '''{"surge": 0.75}'''),
    ('snapshot', 'integer', '1'), ('snapshots', 'integer[]', '''{1}'''), ('spans', 'interval[]', '''{24:00:00}'''),
    ('threshold', 'double precision', '0.33'), ('wanted', 'boolean[]', '''{t}'''),
    ('x', 'double precision', '10'), ('x', 'numeric', '10'),
    ('before', 'numeric', '10'), ('population', 'double precision[]', '''{1,10}'''), ('cutoff', 'double precision', '0.05'),
    ('benchmark', 'double precision', '0.02'),
    ('means', 'double precision[]', '''{0}'''), ('sds', 'double precision[]', '''{1}'''), ('transition', 'double precision[]', '''{{1}}'''),
    ('fewest', 'integer', '3'), ('fewest', 'bigint', '3'), ('most', 'integer', '100'), ('days', 'integer', '90'), ('rotation_days', 'integer', '30'),
    ('retest_bars', 'integer', '10'), ('recent', 'integer', '30'), ('sign', 'integer', '1'), ('tolerance', 'double precision', '0.005'),
    ('begin', 'timestamptz', '''2024-01-01 UTC'''), ('all_bars', 'boolean', 'true'),
    ('closes', 'double precision[]', '''{1,2,3,4}'''), ('bars', 'integer[]', '''{1,2,3}'''), ('prices', 'double precision[]', '''{1,2,3}'''),
    ('strengths', 'double precision[]', '''{1,2,3}'''),
    ('states', 'text[]', '''{Bull,Bear}''');
INSERT INTO sensible VALUES
    ('setting', 'text', '''sectors''', 'ca_option_words'), ('key', 'text', '''periods''', 'ca_option_words'),
    ('setting', 'text', '''sectors''', 'ca_option_word'), ('key', 'text', '''periods''', 'ca_option_word'),
    ('sector', 'integer', '1', 'ca_check_sector'), ('sector', 'integer', '1', 'sector_members'), ('sector', 'integer', '1', 'sector_index'),
    ('sector', 'integer', '1', 'build_sector_history'), ('sector', 'integer', '1', 'relative_strength'),
    ('kind', 'text', '''log''', 'returns'), ('kind', 'text', '''log''', 'ca_check_return_kind'),
    ('timeframe', 'text', '''4h''', 'rollup_candles'), ('timeframe', 'text', '''4h''', 'ca_rollup_series'),
    ('timeframe', 'text', '''4h''', 'ca_build_candles'), ('timeframe', 'text', '''4h''', 'timeframe_divides'),
    ('metric', 'text', '''fear_greed_index''', 'record_metric'), ('metric', 'text', '''fear_greed_index''', 'metric_value'),
    ('metric', 'text', '''fear_greed_index''', 'ca_check_metric'), ('name', 'text', '''fear_greed_index''', 'ca_check_fed_number'),
    -- months, the unit with the fewest in all of time
    ('timeframe', 'text', '''1M''', 'timeframe_series'),
    ('token', 'text', '''another token''', 'open_session'),
    ('signal', 'integer', '1', 'signal_outcomes'),
    ('task', 'integer', '-2', 'finish_task'), ('task', 'integer', '-2', 'fail_task'), ('task', 'integer', '-3', 'retry_task'),
    ('source', 'text', '''live''', 'ca_move_series'), ('source', 'text', '''live''', 'ca_move_batch'),
    ('source', 'text', '''live''', 'ca_move_range'), ('source', 'text', '''live''', 'ca_move_all');

-- Support functions of aggregates and of the type candlestick_state are not meant to be called, but are called here
-- anyway: their arguments have these types, in order. Functions with arguments or results of type internal are left
-- out, because nobody can write such a value.
CREATE TEMP VIEW member AS
    SELECT p.oid, p.proname, p.prokind, p.proretset, p.proisstrict, p.prorettype::regtype, p.provariadic, p.oid::regprocedure::text AS name,
           'internal'::regtype = ANY (p.proargtypes::regtype[]) AS inward,
           p.proname LIKE 'ca\_%' AS support
    FROM pg_proc AS p
    JOIN pg_depend AS d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    JOIN pg_extension AS e ON e.oid = d.refobjid AND d.refclassid = 'pg_extension'::regclass
    WHERE e.extname = 'cryptoanalytics';

CREATE TEMP TABLE arguments AS
    SELECT m.oid, m.proname, m.support, row_number() OVER (PARTITION BY m.oid ORDER BY a.place) AS place,
           a.name, a.type, coalesce(s.value, g.value) AS value
    FROM member AS m
    JOIN pg_proc AS p ON p.oid = m.oid
    CROSS JOIN LATERAL (
        SELECT u.place, coalesce(p.proargnames[u.place], '') AS name, u.type::regtype AS type
        FROM unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) WITH ORDINALITY AS u (type, place)
        WHERE coalesce(p.proargmodes[u.place], 'i') IN ('i', 'b', 'v')) AS a
    LEFT JOIN sensible AS s ON s.argument = a.name AND s.type = a.type AND s.function = m.proname
    LEFT JOIN sensible AS g ON g.argument = a.name AND g.type = a.type AND g.function IS NULL
    WHERE NOT m.inward;
-- Arguments without names, and states of aggregates.
UPDATE arguments AS a
SET value = coalesce((SELECT min(s.value) FROM sensible AS s WHERE s.type = a.type AND s.function IS NULL), 'NULL')
WHERE a.value IS NULL AND a.support AND (a.name = '' OR a.type = 'double precision[]'::regtype);

-- Rows that consist of NULLs, and arrays.
INSERT INTO bad
SELECT a.type, v.value
FROM arguments AS a
JOIN pg_type AS t ON t.oid = a.type
JOIN pg_type AS e ON e.oid = CASE WHEN t.typcategory = 'A' THEN t.typelem ELSE t.oid END
CROSS JOIN LATERAL (
    SELECT format('jsonb_populate_record(NULL::%s, ''{}'')', e.oid::regtype) WHERE t.typcategory <> 'A' AND e.typtype = 'c'
    UNION ALL
    SELECT format('ARRAY[jsonb_populate_record(NULL::%s, ''{}'')]', e.oid::regtype) WHERE t.typcategory = 'A' AND e.typtype = 'c'
    UNION ALL
    SELECT unnest(ARRAY['NULL', '''{}''', '''{NULL}''', '''{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL}''',
                        '''[-2147483648:-2147483647]={NULL,NULL}''', '''{{NULL},{NULL}}''']) WHERE t.typcategory = 'A'
    UNION ALL
    SELECT 'NULL' WHERE e.typtype = 'c') AS v (value)
EXCEPT SELECT b.type, b.value FROM bad AS b;

-- A compressed candle with one invalid column.
INSERT INTO bad
SELECT 'price_data_archive[]'::regtype,
       format('ARRAY(SELECT jsonb_populate_record(c, %L) FROM ca_compressed_at(1, ''1h'', ARRAY[timestamptz ''2024-01-01 01:00 UTC'']) AS c)', spoilt)
FROM unnest(ARRAY['{"open_price": null}', '{"close_price": null}', '{"id": null}', '{"created_at": null}', '{"candle_time": null}',
                  '{"low_price": "NaN"}', '{"volume": "Infinity"}', '{"created_at": "infinity"}']) AS spoilt;

-- A call, as a query that returns one text; a hundred rows of its result are enough.
CREATE FUNCTION pg_temp.call(m member, arguments text) RETURNS text LANGUAGE sql AS $$
    SELECT format(CASE
                      WHEN m.prokind = 'p' THEN 'CALL %s(%s)'
                      WHEN m.prokind = 'a' THEN 'SELECT (SELECT %s(%s) FROM generate_series(1, 40) AS g)::text'
                      WHEN m.prokind = 'w' THEN 'SELECT string_agg(r.r::text, '','') FROM (SELECT %s(%s) OVER () AS r FROM generate_series(1, 3) AS g) AS r'
                      WHEN m.prorettype IN ('trigger'::regtype, 'fdw_handler'::regtype) THEN 'SELECT %s(%s) IS NULL'
                      ELSE 'SELECT string_agg(r.r::text, '','') FROM (SELECT %s(%s) AS r LIMIT 100) AS r'
                  END, m.proname, arguments);
$$;

CREATE TEMP TABLE calls (id integer GENERATED ALWAYS AS IDENTITY, oid oid, name text, argument text, bad text, call text,
                         state text, message text, detail text, hint text, result text);
INSERT INTO calls (oid, name, argument, bad, call)
SELECT m.oid, m.name, c.argument, c.bad, pg_temp.call(m, c.arguments)
FROM member AS m
CROSS JOIN LATERAL (
    SELECT NULL AS argument, NULL AS bad,
           string_agg(format('%s(%s)::%s', CASE WHEN m.provariadic <> 0 THEN 'VARIADIC ' END, a.value, a.type), ', ' ORDER BY a.place) AS arguments
    FROM arguments AS a WHERE a.oid = m.oid
    UNION ALL
    SELECT 'all', 'NULL', string_agg(format('%sNULL::%s', CASE WHEN m.provariadic <> 0 THEN 'VARIADIC ' END, a.type), ', ' ORDER BY a.place)
    FROM arguments AS a WHERE a.oid = m.oid
    HAVING count(*) > 0
    UNION ALL
    SELECT x.name, o.which || b.value,
           string_agg(format('%s(%s)::%s', CASE WHEN m.provariadic <> 0 THEN 'VARIADIC ' END,
                             CASE WHEN a.place <> x.place THEN a.value
                                  WHEN o.which <> '' THEN format('CASE g WHEN 20 THEN (%1$s)::%3$s ELSE (%2$s)::%3$s END', b.value, a.value, a.type)
                                  ELSE b.value END,
                             a.type), ', ' ORDER BY a.place)
    FROM arguments AS x
    JOIN bad AS b ON b.type = x.type
    JOIN arguments AS a ON a.oid = x.oid
    -- of an aggregate's rows, all are bad, or one is
    CROSS JOIN LATERAL (SELECT '' UNION ALL SELECT 'in one row ' WHERE m.prokind = 'a') AS o (which)
    WHERE x.oid = m.oid
    GROUP BY x.name, x.place, b.value, o.which) AS c
WHERE NOT m.inward
ORDER BY m.name, c.argument NULLS FIRST, c.bad;

-- The result of a call, whose changes are undone.
CREATE FUNCTION pg_temp.try(call text, OUT state text, OUT message text, OUT detail text, OUT hint text, OUT result text) LANGUAGE plpgsql AS $$
BEGIN
    IF call LIKE 'CALL %' THEN
        EXECUTE call;
    ELSE
        EXECUTE call INTO result;
    END IF;
    result := left(result, 200);
    RAISE EXCEPTION USING ERRCODE = 'UNDO0';
EXCEPTION WHEN query_canceled OR OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    -- the result may repeat a number of 131,072 digits
    message := concat(left(message, 100), '...' || nullif(right(substr(message, 101), 100), ''));
    IF state = 'UNDO0' THEN
        state := '00000';
    ELSE
        result := NULL;
    END IF;
END;
$$;
-- One statement per call, so that statement_timeout applies to each.
SELECT format('UPDATE calls SET (state, message, detail, hint, result) = (SELECT t.* FROM pg_temp.try(%L) AS t) WHERE id = %s', call, id)
FROM calls ORDER BY id
\gexec
RESET statement_timeout;

SELECT is_empty($$SELECT a.oid::regprocedure, a.name, a.type FROM arguments AS a WHERE a.value IS NULL$$,
                'every argument of every function has a sensible value above');
SELECT is_empty($$SELECT DISTINCT a.type FROM arguments AS a WHERE NOT EXISTS (SELECT FROM bad AS b WHERE b.type = a.type AND b.value <> 'NULL')$$,
                'every type of an argument has bad ones');
SELECT is_empty($$SELECT m.name FROM member AS m WHERE NOT m.support AND NOT EXISTS (SELECT FROM calls AS c WHERE c.oid = m.oid)$$,
                'every function is called; those out of reach are support functions');
-- A procedure that commits fails here at its COMMIT, which shows that nothing was wrong before.
SELECT is_empty($$SELECT c.call, c.state, c.message FROM calls AS c JOIN member AS m USING (oid)
                  WHERE c.bad IS NULL AND NOT m.support AND m.prorettype <> 'trigger'::regtype
                    AND c.state NOT IN ('00000', CASE WHEN m.prokind = 'p' OR m.name LIKE 'ca_refuse_transaction_block%' THEN '2D000' ELSE '00000' END)$$,
                'what is sensible is answered');
SELECT is_empty($$SELECT c.call, c.state, c.message FROM calls AS c
                  WHERE c.state IS NULL OR c.state ~ '^(XX|53|57|58|P0|UN)' OR c.state = '54001'$$,
                'nothing is an internal error, takes for ever, or takes all memory or stack');
-- 42704: the role does not exist. 0LP01: it cannot be granted to. 39P03: an event trigger is called by hand. 55000: an
-- object is in the wrong state. 08P01: a state of an aggregate is cut off. 0A000: a support function is called by hand.
-- 54000: a token is too long for its index. 42601: a text that should be a statement is none.
SELECT is_empty($$SELECT c.call, c.state, c.message FROM calls AS c JOIN member AS m USING (oid)
                  WHERE c.state !~ '^(00|22|23|42704|55000)'
                    AND NOT (c.state = '2D000' AND (m.prokind = 'p' OR m.name LIKE 'ca_refuse_transaction_block%'))
                    AND NOT (c.state = '0LP01' AND c.argument = 'role')
                    AND NOT (c.state = '39P03' AND m.prorettype = 'event_trigger'::regtype)
                    AND NOT (c.state IN ('08P01', '0A000') AND (m.support OR m.prorettype = 'trigger'::regtype))
                    AND NOT (c.state = '54000' AND c.argument LIKE '%token')
                    AND NOT (c.state = '42601' AND c.argument IN ('query', 'statement'))$$,
                'errors are those of data and of integrity');
SELECT is_empty($$SELECT c.call, c.state, c.message FROM calls AS c JOIN member AS m USING (oid)
                  WHERE m.proisstrict AND m.prokind = 'f' AND c.bad = 'NULL' AND (c.state <> '00000' OR c.result IS NOT NULL)$$,
                'a strict function gives NULL or no rows for a NULL');
-- ca_noted_since() returns '-infinity' if there is no earlier state.
SELECT is_empty($$SELECT c.call, c.result FROM calls AS c JOIN member AS m USING (oid)
                  WHERE c.result ~* '\mnan\M|infinity' AND c.bad !~* 'nan|infinity' AND m.name NOT LIKE 'ca_noted_since%'$$,
                'no number is not one, and nothing is infinite that was not');
SELECT is_empty($$SELECT c.call, c.result FROM calls AS c JOIN member AS m USING (oid)
                  WHERE c.result ~* '\mnan\M|infinity' AND m.prokind = 'a'$$,
                'no aggregate lets such a number through');
-- PostgreSQL's own errors about numbers, times and statements have no detail or hint.
SELECT is_empty($$SELECT c.call, c.message FROM calls AS c JOIN member AS m USING (oid)
                  WHERE NOT m.support AND c.state ~ '^22' AND c.detail = '' AND c.hint = ''
                    AND c.message !~ '(overflow|underflow|out of range)'$$,
                'an error tells more than its message');
SELECT is_empty($$SELECT c.call, c.message FROM calls AS c JOIN member AS m USING (oid)
                  WHERE NOT m.support AND c.state ~ '^22' AND (c.message ~ '^[A-Z]|\.$' OR c.hint ~ '[^.]$')$$,
                'and reads like the others');

SELECT * FROM finish();
ROLLBACK;
