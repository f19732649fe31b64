-- Bad input to every function of the extension: each argument in turn is NULL, empty, zero, negative,
-- as large as can be, not a number, infinite, far away in time, a megabyte, or JSON of another kind,
-- while the others are sensible.  What comes back is a result or an error that a user can understand.
--
-- A new function needs a sensible value for each of its arguments below, by name, and then is tested.
BEGIN;
SELECT plan(10);
SET LOCAL search_path = cryptoanalytics, public;
SET LOCAL client_min_messages = warning;
SET LOCAL statement_timeout = '20s';

-- something of everything that an argument can name: id 1
INSERT INTO users (id, email, password_hash) VALUES (1, 'bad@example.org', 'x'), (2, 'input@example.org', 'x');
INSERT INTO user_sessions (id, user_id, session_token, refresh_token, created_at) VALUES (1, 1, 'token', 'refresh', '2024-01-01 UTC');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (1, 'BAD', 'Bad input', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price, volume)
SELECT 1, '1h', timestamptz '2024-01-01 UTC' + i * interval '1 hour', 10 + i % 5, 12 + i % 5, 9 + i % 5, 11 + i % 5, i
FROM generate_series(0, 99) AS i WHERE i <> 50;
INSERT INTO ai_models (id, name, version, model_type) VALUES (1, 'bad', '1', 'asset');
INSERT INTO predictions (id, asset_id, ai_models_id, prediction_type, predicted_price, input_price, target_datetime, created_at)
VALUES (1, 1, 1, 'price', 12, 11, '2024-01-02 UTC', '2024-01-01 UTC');
INSERT INTO portfolio (id, user_id, asset_id, asset_symbol, asset_type) VALUES (1, 1, 1, 'BAD', 'Crypto Asset');
INSERT INTO trade_actions (portfolio_id, action_type, asset_price, quantity, timeframe, action_source)
VALUES (1, 'buy', 10, 1, '1h', 'manual');
INSERT INTO background_tasks (id, task_name, task_type) VALUES (1, 'bad', 'cleanup');

-- values of each type that few think of
CREATE TEMP TABLE bad (type regtype, value text);
INSERT INTO bad
SELECT t.type, v.value
FROM (VALUES
    ('smallint'::regtype, ARRAY['0', '-1', '-32768', '32767']),
    ('integer', ARRAY['0', '-1', '-2147483648', '2147483647']),
    ('bigint', ARRAY['0', '-1', '-9223372036854775808', '9223372036854775807']),
    ('oid', ARRAY['0', '4294967295']),
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
    ('bytea', ARRAY['''''', '''\x00''', '''\xffffffffffffffffffffffffffffffff''', 'convert_to(repeat(''x'', 1048576), ''UTF8'')']),
    ('cstring', ARRAY['''''', '''(''', '''{}''', '''x''']),
    ('candlestick', ARRAY['ROW(NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL)', 'ROW(''infinity'',1,1,1,1,1,1,1)']),
    ('candlestick_state', ARRAY['''''', '''{}''', '''x''']),
    ('users', ARRAY['(SELECT (jsonb_populate_record(NULL::users, ''{}'')))']),
    ('portfolio', ARRAY['(SELECT (jsonb_populate_record(NULL::portfolio, ''{}'')))'])
    ) AS t (type, known)
CROSS JOIN LATERAL unnest(t.known || 'NULL'::text) AS v (value);
-- arrays of them
INSERT INTO bad
SELECT t.typarray, v.value
FROM (SELECT DISTINCT b.type FROM bad AS b) AS b
JOIN pg_type AS t ON t.oid = b.type AND t.typarray <> 0
CROSS JOIN LATERAL (VALUES ('NULL'), ('''{}'''), ('''{NULL}'''), ('''{NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL}'''),
                           ('''[-2147483648:-2147483647]={NULL,NULL}'''), ('''{{NULL},{NULL}}''')) AS v (value);
