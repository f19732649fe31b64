-- An operator, who owns nothing, does the maintenance. Procedures that commit cannot be tested inside a transaction.
\set SHOW_CONTEXT never
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE ROLE regress_operator;

-- Operators that raise an error, in a schema that comes before pg_catalog.
CREATE SCHEMA regress_trap;
GRANT USAGE ON SCHEMA regress_trap TO regress_operator;
DO $$
DECLARE
    o record;
BEGIN
    FOR o IN SELECT name, type FROM unnest('{=,<>,<,<=,>,>=}'::text[]) AS name,
                                    unnest('{integer,bigint,text,boolean,timestamptz,interval,jsonb}'::text[]) AS type LOOP
        EXECUTE format('CREATE FUNCTION regress_trap.%1$I(%2$s, %2$s) RETURNS boolean LANGUAGE plpgsql AS $f$
                        BEGIN RAISE EXCEPTION ''caught''; END; $f$', 'caught by ' || o.name, o.type);
        EXECUTE format('CREATE OPERATOR regress_trap.%1$s (LEFTARG = %2$s, RIGHTARG = %2$s, FUNCTION = regress_trap.%3$I)',
                       o.name, o.type, 'caught by ' || o.name);
    END LOOP;
END;
$$;
SELECT grant_operator('regress_operator');
SET ROLE regress_operator;

INSERT INTO assets (id, symbol, name, asset_type) VALUES (9000, 'OPS', 'Operated', 'crypto');
INSERT INTO price_data (asset_id, timeframe, candle_time, open_price, high_price, low_price, close_price)
SELECT 9000, '1m', timestamptz '2024-01-01 00:00+00' + i * interval '1 minute', 10, 12, 9, 11 FROM generate_series(0, 119) AS i;
SET search_path = regress_trap, public, pg_catalog;
SELECT 1 = 1;
-- 2 hours, and indicators of 120 minutes and of the hours.
SELECT rollup_candles('1h', 9000);
SELECT update_technical_indicators(9000);
-- The first hour of the minutes, half of it compressed.
CALL archive_price_data(older_than => '2024-01-01 01:00+00', timeframe => '1m');
CALL compress_price_archive(older_than => '2024-01-01 00:30+00', asset => 9000);
RESET search_path;
SELECT archived, compressed, count(*) FROM price_history WHERE asset_id = 9000 AND timeframe = '1m' GROUP BY 1, 2 ORDER BY 1, 2;
SET search_path = regress_trap, public, pg_catalog;
CALL decompress_price_archive('1m', 9000, NULL, '2024-01-01 00:10+00');
CALL restore_price_data('1m', 9000, NULL, NULL);
RESET search_path;
SELECT count(*) FROM price_data WHERE asset_id = 9000 AND timeframe = '1m';
-- What the operator must not do: change the schema, or use rights of others.
ALTER TABLE price_data ADD COLUMN mine integer;
TRUNCATE assets CASCADE;
SELECT grant_operator('regress_operator');

RESET ROLE;
DELETE FROM price_data WHERE asset_id = 9000;
DELETE FROM technical_indicator_states WHERE asset_id = 9000;
DELETE FROM technical_indicator_notes WHERE asset_id = 9000;
DELETE FROM background_tasks;
DELETE FROM assets WHERE id = 9000;

-- A COPY with an empty search_path is a restore only if the owner of the tables runs it, because anybody can do that.
INSERT INTO users (id, email, password_hash) VALUES (9001, 'regress@example.org', 'x');
INSERT INTO assets (id, symbol, name, asset_type) VALUES (9001, 'R1', 'R1', 'crypto'), (9002, 'R2', 'R2', 'crypto');
INSERT INTO watchlists (id, user_id, name, watchlist_type, max_assets) VALUES (9001, 9001, 'w', 'personal', 1);
CREATE ROLE regress_application;
SELECT grant_application('regress_application');
SELECT current_setting('search_path') AS path \gset
SET cryptoanalytics.user_id = 9001;
SET ROLE regress_application;
SET search_path = '';
-- No rows: psql 15.18 takes the data of a refused COPY for commands.
\copy public.watchlist_assets (watchlist_id, asset_id, position_type) FROM '/dev/null'
COPY (INSERT INTO public.watchlist_assets (watchlist_id, asset_id, position_type) VALUES (9001, 9001, 'long'), (9001, 9002, 'long') RETURNING asset_id) TO stdout;
RESET ROLE;
COPY public.watchlist_assets (watchlist_id, asset_id, position_type, position) FROM stdin;
9001	9001	long	7
9001	9002	long	5
\.
SELECT asset_id, position FROM public.watchlist_assets WHERE watchlist_id = 9001 ORDER BY asset_id;
SET search_path = :path;
RESET cryptoanalytics.user_id;
DELETE FROM users WHERE id = 9001;
DELETE FROM assets WHERE id IN (9001, 9002);
DROP OWNED BY regress_application;
DROP ROLE regress_application;

-- Errors of the settings.
SET cryptoanalytics.user_id = 'somebody';
SET cryptoanalytics.user_id = '2147483648';
SET cryptoanalytics.user_id = '';
SELECT cryptoanalytics_internal.ca_first_user(), cryptoanalytics_internal.ca_last_user();

SELECT revoke_rights('regress_operator');
\set VERBOSITY terse
SELECT revoke_rights(current_user::regrole);
SET client_min_messages = warning;
DROP OWNED BY regress_operator;
DROP ROLE regress_operator;
DROP SCHEMA regress_trap CASCADE;
