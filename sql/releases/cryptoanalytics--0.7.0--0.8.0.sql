-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "ALTER EXTENSION cryptoanalytics UPDATE" to load this file. \quit

-- sql/updates/next.sql

-- What the upgrade does that a replay of the parts does not: changes of tables, types, indexes,
-- policies and signatures before the replay, and after it the end of what is no longer needed.
-- What users call or read is created with its schema, @extschema@, as in the parts.
-- from 0.7.0

-- Support functions move to a schema of their own; rights and whatever calls them by more than a name follow.
-- Until the replay, functions in PL/pgSQL do not find them: no row must be written before it.
CREATE SCHEMA cryptoanalytics_internal;
DO $$
DECLARE
    routine regprocedure;
BEGIN
    FOR routine IN
        SELECT p.oid
        FROM pg_catalog.pg_extension AS e
        JOIN pg_catalog.pg_depend AS d ON d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.refobjid = e.oid
                                      AND d.classid = 'pg_catalog.pg_proc'::regclass AND d.deptype = 'e'
        JOIN pg_catalog.pg_proc AS p ON p.oid = d.objid
        WHERE e.extname = 'cryptoanalytics'
          AND (p.proname LIKE 'ca\_%' OR p.proname IN ('all_finite', 'price_fits', 'touch_updated_at'))
    LOOP
        EXECUTE pg_catalog.format('ALTER ROUTINE %s SET SCHEMA cryptoanalytics_internal', routine);
    END LOOP;
END;
$$;

-- what no longer serves look-ups by another key
DROP INDEX @extschema@.signal_alerts_expires_at_idx;
CREATE INDEX signal_alerts_expires_at_idx ON @extschema@.signal_alerts (expires_at)
    WHERE is_active AND NOT is_triggered AND expires_at IS NOT NULL;

-- an action looks up its position by key
ALTER POLICY trade_actions_of_user ON @extschema@.trade_actions
    USING (cryptoanalytics_internal.ca_first_user() < cryptoanalytics_internal.ca_last_user()
           OR CASE WHEN (SELECT current_setting('enable_seqscan')) = 'off'
                   THEN EXISTS (SELECT FROM @extschema@.portfolio AS p WHERE p.id = portfolio_id OFFSET 0)
                   ELSE EXISTS (SELECT FROM @extschema@.portfolio AS p WHERE p.id = portfolio_id) END)
    WITH CHECK (cryptoanalytics_internal.ca_first_user() < cryptoanalytics_internal.ca_last_user()
                OR EXISTS (SELECT FROM @extschema@.portfolio AS p WHERE p.id = portfolio_id OFFSET 0));


-- sql/tables/internal.sql

-- The schema of what is not offered to users: support functions of aggregates, triggers, checks and helpers.
--
-- An object without a schema in its CREATE is made here; what users call or read names @extschema@.
-- Names are looked up here first, so that a function of the same name and arguments that somebody has put
-- into the schema of the extension is never taken instead.

COMMENT ON SCHEMA cryptoanalytics_internal IS
    'support functions of extension cryptoanalytics, which may change with every version';
-- functions that run with the rights of their caller look others up here
GRANT USAGE ON SCHEMA cryptoanalytics_internal TO PUBLIC;

-- to the end of this script
SET LOCAL search_path = cryptoanalytics_internal, @extschema@, pg_temp;

-- sql/functions/number/decimals.sql

-- Decimals.

CREATE OR REPLACE FUNCTION @extschema@.numeric_to_double(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_numeric_to_double';
COMMENT ON FUNCTION numeric_to_double(numeric) IS
    'the double precision number nearest to x: the same as x::double precision, but directly from the digits instead of through text';

CREATE OR REPLACE FUNCTION ca_order_key(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_order_key';
COMMENT ON FUNCTION ca_order_key(numeric) IS
    'a double precision number that never decreases when x increases; its comparisons are leakproof, so an index on it works under row-level security';

-- sql/functions/candle/timeframe.sql

-- Timeframes: codes and candle boundaries, always in UTC.

CREATE OR REPLACE FUNCTION @extschema@.timeframe_is_valid(timeframe text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_is_valid';
COMMENT ON FUNCTION timeframe_is_valid(text) IS
    'whether this is a timeframe code: 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M';

CREATE OR REPLACE FUNCTION @extschema@.timeframe_bucket(timeframe text, ts timestamptz) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_bucket';
COMMENT ON FUNCTION timeframe_bucket(text, timestamptz) IS
    'start of the candle that holds ts, in UTC';

CREATE OR REPLACE FUNCTION @extschema@.timeframe_end(timeframe text, candle_time timestamptz) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_end';
COMMENT ON FUNCTION timeframe_end(text, timestamptz) IS
    'first instant after the candle that holds candle_time, in UTC';

CREATE OR REPLACE FUNCTION @extschema@.timeframe_count(timeframe text, since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_count';
COMMENT ON FUNCTION timeframe_count(text, timestamptz, timestamptz) IS
    'number of candles that start in [since, until)';

CREATE OR REPLACE FUNCTION @extschema@.timeframe_divides(source text, timeframe text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_divides';
COMMENT ON FUNCTION timeframe_divides(text, text) IS
    'whether each candle of timeframe consists of whole candles of source; a timeframe does not divide itself';

CREATE OR REPLACE FUNCTION @extschema@.timeframe_length(timeframe text) RETURNS interval
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_length';
COMMENT ON FUNCTION timeframe_length(text) IS
    'length of a candle; add it to a UTC timestamp without time zone, where every day has 24 hours';

CREATE OR REPLACE FUNCTION @extschema@.timeframes() RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 15
BEGIN ATOMIC
    SELECT code
    FROM unnest(ARRAY['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M']) AS code;
END;
COMMENT ON FUNCTION timeframes() IS
    'all timeframe codes, shortest first';

CREATE OR REPLACE FUNCTION @extschema@.timeframe_series(timeframe text, since timestamptz, until timestamptz) RETURNS SETOF timestamptz
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT t AT TIME ZONE 'UTC'
    FROM generate_series(
             timeframe_bucket(timeframe_series.timeframe, since) AT TIME ZONE 'UTC',
             until AT TIME ZONE 'UTC' - interval '1 microsecond',
             timeframe_length(timeframe_series.timeframe)) AS t
    WHERE t >= since AT TIME ZONE 'UTC'
      -- refuses an infinite range before it is generated
      AND timeframe_count(timeframe_series.timeframe, since, until) > 0;
END;
COMMENT ON FUNCTION timeframe_series(text, timestamptz, timestamptz) IS
    'start of each candle in [since, until), in ascending order';

-- sql/functions/candle/candlestick.sql

-- Candlesticks: the type and its aggregation state.

COMMENT ON TYPE candlestick IS
    'open, high, low, close, volume, volume-weighted average price and number of trades of a span of time; open_time and close_time are the times of its first and last row';
COMMENT ON COLUMN candlestick.open_time IS 'time of the first trade, or start of the first candle';
COMMENT ON COLUMN candlestick.open IS 'price of the first trade';
COMMENT ON COLUMN candlestick.high IS 'highest price';
COMMENT ON COLUMN candlestick.low IS 'lowest price';
COMMENT ON COLUMN candlestick.close IS 'price of the last trade';
COMMENT ON COLUMN candlestick.volume IS 'sum of the volumes known; NULL when none is';
COMMENT ON COLUMN candlestick.vwap IS
    'volume-weighted average price, with as many decimals as an exact roll-up needs; of ready candles the typical price (high + low + close) / 3 is weighted; NULL without volume';
COMMENT ON COLUMN candlestick.trades IS 'number of trades; NULL if unknown, as for finished candles';
COMMENT ON COLUMN candlestick.close_time IS 'time of the last trade, or start of the last candle';

COMMENT ON TYPE candlestick_state IS
    'partial result of a candlestick aggregate, for parallel and distributed plans; not meant to be stored';

CREATE OR REPLACE FUNCTION ca_candlestick_state_in(cstring) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_in';
COMMENT ON FUNCTION ca_candlestick_state_in(cstring) IS 'input: hexadecimal';

CREATE OR REPLACE FUNCTION ca_candlestick_state_out(candlestick_state) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_out';
COMMENT ON FUNCTION ca_candlestick_state_out(candlestick_state) IS 'output: hexadecimal';

CREATE OR REPLACE FUNCTION ca_candlestick_state_recv(internal) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_recv';
COMMENT ON FUNCTION ca_candlestick_state_recv(internal) IS 'binary input';

CREATE OR REPLACE FUNCTION ca_candlestick_state_send(candlestick_state) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_send';
COMMENT ON FUNCTION ca_candlestick_state_send(candlestick_state) IS 'binary output';


-- sql/functions/candle/candlestick_agg.sql

-- Candlesticks: the aggregates.
--
-- A row costs about as much as ten simple operators, and a state takes a chunk of 144 bytes: with
-- these figures the planner can estimate the benefit of workers and of a hash table.

CREATE OR REPLACE FUNCTION ca_candlestick_final(candlestick_state) RETURNS candlestick
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_final';
COMMENT ON FUNCTION ca_candlestick_final(candlestick_state) IS 'final function of the candlestick aggregates';

CREATE OR REPLACE FUNCTION ca_candlestick_combine(candlestick_state, candlestick_state) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_combine';
COMMENT ON FUNCTION ca_candlestick_combine(candlestick_state, candlestick_state) IS
    'combine function of the candlestick aggregates';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE OR REPLACE FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_rollup_accum';
COMMENT ON FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) IS
    'transition function of rollup';

CREATE OR REPLACE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price numeric, volume numeric) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric) IS
    'candlestick of trades, in any order; of trades with the same time, the one with the lower price counts as earlier';

CREATE OR REPLACE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price numeric, volume numeric, sequence bigint) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric, bigint) IS
    'candlestick of trades, in any order; the sequence orders trades with the same time';

CREATE OR REPLACE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price double precision, volume double precision) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision) IS
    'candlestick of trades, in any order; a double counts as the shortest decimal that reads back as itself';

CREATE OR REPLACE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price double precision, volume double precision, sequence bigint) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision, bigint) IS
    'candlestick of trades, in any order; the sequence orders trades with the same time';

CREATE OR REPLACE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric) (
    SFUNC = ca_candlestick_bar_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric, numeric, numeric, numeric) IS
    'candlestick of finished candles, in any order';

CREATE OR REPLACE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, open double precision, high double precision, low double precision, close double precision, volume double precision) (
    SFUNC = ca_candlestick_bar_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision, double precision, double precision, double precision) IS
    'candlestick of finished candles, in any order; a double counts as the shortest decimal that reads back as itself';

CREATE OR REPLACE AGGREGATE @extschema@.rollup(candle candlestick) (
    SFUNC = ca_candlestick_rollup_accum,
    STYPE = candlestick_state,
    SSPACE = 144,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(candlestick) IS
    'merges candlesticks, in any order: minutes to hours, hours to days, with the same result as minutes to days';

-- sql/functions/indicators/indicators.sql

-- Technical indicators, as aggregates for GROUP BY and for windows.

COMMENT ON TYPE macd_value IS 'moving average convergence/divergence: result of macd()';
COMMENT ON COLUMN macd_value.value IS 'fast EMA minus slow EMA';
COMMENT ON COLUMN macd_value.signal IS 'EMA of value';
COMMENT ON COLUMN macd_value.histogram IS 'value minus signal';

CREATE OR REPLACE FUNCTION ca_indicator_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicator_final';
COMMENT ON FUNCTION ca_indicator_final(internal) IS 'final function of indicators with one value';

CREATE OR REPLACE FUNCTION ca_macd_final(internal) RETURNS macd_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_final';
COMMENT ON FUNCTION ca_macd_final(internal) IS 'final function of macd';

CREATE OR REPLACE FUNCTION ca_sma_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sma_accum';
COMMENT ON FUNCTION ca_sma_accum(internal, numeric, integer) IS 'transition function of sma';

CREATE OR REPLACE AGGREGATE @extschema@.sma(x numeric, n integer) (
    SFUNC = ca_sma_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sma(numeric, integer) IS
    'simple moving average of the last n values; NULL for the first n - 1';

CREATE OR REPLACE FUNCTION ca_sma_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sma_accum';
COMMENT ON FUNCTION ca_sma_accum(internal, double precision, integer) IS 'transition function of sma';

CREATE OR REPLACE AGGREGATE @extschema@.sma(x double precision, n integer) (
    SFUNC = ca_sma_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sma(double precision, integer) IS
    'simple moving average of the last n values; NULL for the first n - 1';

CREATE OR REPLACE FUNCTION ca_ema_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, numeric, integer) IS 'transition function of ema';

CREATE OR REPLACE AGGREGATE @extschema@.ema(x numeric, n integer) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(numeric, integer) IS
    'exponential moving average, alpha 2 / (n + 1), seeded with the mean of the first n values; NULL for the first n - 1';

CREATE OR REPLACE FUNCTION ca_ema_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, double precision, integer) IS 'transition function of ema';

CREATE OR REPLACE AGGREGATE @extschema@.ema(x double precision, n integer) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(double precision, integer) IS
    'exponential moving average, alpha 2 / (n + 1), seeded with the mean of the first n values; NULL for the first n - 1';

CREATE OR REPLACE FUNCTION ca_rsi_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric, integer) IS 'transition function of rsi';

CREATE OR REPLACE AGGREGATE @extschema@.rsi(x numeric, n integer) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric, integer) IS
    'relative strength index of Wilder, 0 to 100, 50 when nothing has moved; NULL for the first n values';

CREATE OR REPLACE FUNCTION ca_rsi_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric) IS 'transition function of rsi';

CREATE OR REPLACE AGGREGATE @extschema@.rsi(x numeric) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric) IS
    'relative strength index of Wilder over 14 values';

CREATE OR REPLACE FUNCTION ca_rsi_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision, integer) IS 'transition function of rsi';

CREATE OR REPLACE AGGREGATE @extschema@.rsi(x double precision, n integer) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision, integer) IS
    'relative strength index of Wilder, 0 to 100, 50 when nothing has moved; NULL for the first n values';

CREATE OR REPLACE FUNCTION ca_rsi_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision) IS 'transition function of rsi';

CREATE OR REPLACE AGGREGATE @extschema@.rsi(x double precision) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision) IS
    'relative strength index of Wilder over 14 values';

CREATE OR REPLACE FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer) IS 'transition function of macd';

CREATE OR REPLACE AGGREGATE @extschema@.macd(x numeric, fast integer, slow integer, signal integer) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric, integer, integer, integer) IS
    'moving average convergence/divergence; NULL for the first slow + signal - 2 values';

CREATE OR REPLACE FUNCTION ca_macd_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric) IS 'transition function of macd';

CREATE OR REPLACE AGGREGATE @extschema@.macd(x numeric) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric) IS
    'moving average convergence/divergence with periods 12, 26 and 9';

CREATE OR REPLACE FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer) IS 'transition function of macd';

CREATE OR REPLACE AGGREGATE @extschema@.macd(x double precision, fast integer, slow integer, signal integer) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision, integer, integer, integer) IS
    'moving average convergence/divergence; NULL for the first slow + signal - 2 values';

CREATE OR REPLACE FUNCTION ca_macd_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision) IS 'transition function of macd';

CREATE OR REPLACE AGGREGATE @extschema@.macd(x double precision) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision) IS
    'moving average convergence/divergence with periods 12, 26 and 9';

-- sql/functions/indicators/indicators_range.sql

-- Technical indicators of range: Bollinger bands, average true range, average directional index,
-- stochastic oscillator.  Aggregates for GROUP BY and for windows.

COMMENT ON TYPE bollinger_value IS 'Bollinger bands: result of bollinger()';
COMMENT ON COLUMN bollinger_value.upper IS 'middle plus k standard deviations';
COMMENT ON COLUMN bollinger_value.middle IS 'simple moving average';
COMMENT ON COLUMN bollinger_value.lower IS 'middle minus k standard deviations';
COMMENT ON COLUMN bollinger_value.bandwidth IS '(upper - lower) / middle; NULL when middle is 0';
COMMENT ON COLUMN bollinger_value.percent_b IS
    'where the value is between the bands, 0 at the lower and 1 at the upper; NULL when they meet';

COMMENT ON TYPE adx_value IS 'average directional index: result of adx()';
COMMENT ON COLUMN adx_value.adx IS 'strength of the trend, 0 to 100; NULL for the first 2n - 1 bars';
COMMENT ON COLUMN adx_value.di_plus IS 'directional indicator of rises, 0 to 100';
COMMENT ON COLUMN adx_value.di_minus IS 'directional indicator of falls, 0 to 100';

COMMENT ON TYPE stochastic_value IS 'slow stochastic oscillator: result of stochastic()';
COMMENT ON COLUMN stochastic_value.k IS 'slow %K, 0 to 100: smoothed place of the close between lowest low and highest high';
COMMENT ON COLUMN stochastic_value.d IS '%D, 0 to 100: moving average of k';

CREATE OR REPLACE FUNCTION ca_bollinger_final(internal) RETURNS bollinger_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_final';
COMMENT ON FUNCTION ca_bollinger_final(internal) IS 'final function of bollinger';

CREATE OR REPLACE FUNCTION ca_adx_final(internal) RETURNS adx_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_final';
COMMENT ON FUNCTION ca_adx_final(internal) IS 'final function of adx';

CREATE OR REPLACE FUNCTION ca_stochastic_final(internal) RETURNS stochastic_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_final';
COMMENT ON FUNCTION ca_stochastic_final(internal) IS 'final function of stochastic';

CREATE OR REPLACE FUNCTION ca_bollinger_accum(internal, numeric, integer, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, numeric, integer, double precision) IS 'transition function of bollinger';

CREATE OR REPLACE AGGREGATE @extschema@.bollinger(x numeric, n integer, k double precision) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(numeric, integer, double precision) IS
    'Bollinger bands: k population standard deviations around the mean of the last n values; NULL for the first n - 1';

CREATE OR REPLACE FUNCTION ca_bollinger_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, numeric) IS 'transition function of bollinger';

CREATE OR REPLACE AGGREGATE @extschema@.bollinger(x numeric) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(numeric) IS
    'Bollinger bands: 2 population standard deviations around the mean of the last 20 values';

CREATE OR REPLACE FUNCTION ca_bollinger_accum(internal, double precision, integer, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, double precision, integer, double precision) IS 'transition function of bollinger';

CREATE OR REPLACE AGGREGATE @extschema@.bollinger(x double precision, n integer, k double precision) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(double precision, integer, double precision) IS
    'Bollinger bands: k population standard deviations around the mean of the last n values; NULL for the first n - 1';

CREATE OR REPLACE FUNCTION ca_bollinger_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_bollinger_accum';
COMMENT ON FUNCTION ca_bollinger_accum(internal, double precision) IS 'transition function of bollinger';

CREATE OR REPLACE AGGREGATE @extschema@.bollinger(x double precision) (
    SFUNC = ca_bollinger_accum,
    STYPE = internal,
    FINALFUNC = ca_bollinger_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE bollinger(double precision) IS
    'Bollinger bands: 2 population standard deviations around the mean of the last 20 values';

CREATE OR REPLACE FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer) IS 'transition function of atr';

CREATE OR REPLACE AGGREGATE @extschema@.atr(high numeric, low numeric, close numeric, n integer) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(numeric, numeric, numeric, integer) IS
    'average true range of Wilder; NULL for the first n bars';

CREATE OR REPLACE FUNCTION ca_atr_accum(internal, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, numeric, numeric, numeric) IS 'transition function of atr';

CREATE OR REPLACE AGGREGATE @extschema@.atr(high numeric, low numeric, close numeric) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(numeric, numeric, numeric) IS
    'average true range of Wilder over 14 bars';

CREATE OR REPLACE FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer) IS 'transition function of atr';

CREATE OR REPLACE AGGREGATE @extschema@.atr(high double precision, low double precision, close double precision, n integer) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(double precision, double precision, double precision, integer) IS
    'average true range of Wilder; NULL for the first n bars';

CREATE OR REPLACE FUNCTION ca_atr_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, double precision, double precision, double precision) IS 'transition function of atr';

CREATE OR REPLACE AGGREGATE @extschema@.atr(high double precision, low double precision, close double precision) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(double precision, double precision, double precision) IS
    'average true range of Wilder over 14 bars';

CREATE OR REPLACE FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer) IS 'transition function of adx';

CREATE OR REPLACE AGGREGATE @extschema@.adx(high numeric, low numeric, close numeric, n integer) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(numeric, numeric, numeric, integer) IS
    'average directional index of Wilder with +DI and -DI; NULL for the first n bars';

CREATE OR REPLACE FUNCTION ca_adx_accum(internal, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, numeric, numeric, numeric) IS 'transition function of adx';

CREATE OR REPLACE AGGREGATE @extschema@.adx(high numeric, low numeric, close numeric) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(numeric, numeric, numeric) IS
    'average directional index of Wilder with +DI and -DI over 14 bars';

CREATE OR REPLACE FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer) IS 'transition function of adx';

CREATE OR REPLACE AGGREGATE @extschema@.adx(high double precision, low double precision, close double precision, n integer) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(double precision, double precision, double precision, integer) IS
    'average directional index of Wilder with +DI and -DI; NULL for the first n bars';

CREATE OR REPLACE FUNCTION ca_adx_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, double precision, double precision, double precision) IS 'transition function of adx';

CREATE OR REPLACE AGGREGATE @extschema@.adx(high double precision, low double precision, close double precision) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(double precision, double precision, double precision) IS
    'average directional index of Wilder with +DI and -DI over 14 bars';

CREATE OR REPLACE FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric, integer, integer, integer) IS 'transition function of stochastic';

CREATE OR REPLACE AGGREGATE @extschema@.stochastic(high numeric, low numeric, close numeric, k integer, s integer, d integer) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(numeric, numeric, numeric, integer, integer, integer) IS
    'slow stochastic oscillator: %K over k bars, smoothed over s, and its mean over d; NULL for the first k + s + d - 3 bars';

CREATE OR REPLACE FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, numeric, numeric, numeric) IS 'transition function of stochastic';

CREATE OR REPLACE AGGREGATE @extschema@.stochastic(high numeric, low numeric, close numeric) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(numeric, numeric, numeric) IS
    'slow stochastic oscillator with periods 14, 3 and 3';

CREATE OR REPLACE FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision, integer, integer, integer) IS 'transition function of stochastic';

CREATE OR REPLACE AGGREGATE @extschema@.stochastic(high double precision, low double precision, close double precision, k integer, s integer, d integer) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(double precision, double precision, double precision, integer, integer, integer) IS
    'slow stochastic oscillator: %K over k bars, smoothed over s, and its mean over d; NULL for the first k + s + d - 3 bars';

CREATE OR REPLACE FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_stochastic_accum';
COMMENT ON FUNCTION ca_stochastic_accum(internal, double precision, double precision, double precision) IS 'transition function of stochastic';

CREATE OR REPLACE AGGREGATE @extschema@.stochastic(high double precision, low double precision, close double precision) (
    SFUNC = ca_stochastic_accum,
    STYPE = internal,
    FINALFUNC = ca_stochastic_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE stochastic(double precision, double precision, double precision) IS
    'slow stochastic oscillator with periods 14, 3 and 3';

-- sql/functions/indicators/indicators_volume.sql

-- Technical indicators of volume: volume-weighted average price, on-balance volume.  Aggregates for
-- GROUP BY and for windows.

CREATE OR REPLACE FUNCTION ca_vwap_accum(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_vwap_accum';
COMMENT ON FUNCTION ca_vwap_accum(internal, numeric, numeric) IS 'transition function of vwap';

CREATE OR REPLACE AGGREGATE @extschema@.vwap(price numeric, volume numeric) (
    SFUNC = ca_vwap_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE vwap(numeric, numeric) IS
    'volume-weighted average price; NULL while nothing was traded';

CREATE OR REPLACE FUNCTION ca_vwap_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_vwap_accum';
COMMENT ON FUNCTION ca_vwap_accum(internal, double precision, double precision) IS 'transition function of vwap';

CREATE OR REPLACE AGGREGATE @extschema@.vwap(price double precision, volume double precision) (
    SFUNC = ca_vwap_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE vwap(double precision, double precision) IS
    'volume-weighted average price; NULL while nothing was traded';

CREATE OR REPLACE FUNCTION ca_obv_accum(internal, numeric, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_obv_accum';
COMMENT ON FUNCTION ca_obv_accum(internal, numeric, numeric) IS 'transition function of obv';

CREATE OR REPLACE AGGREGATE @extschema@.obv(close numeric, volume numeric) (
    SFUNC = ca_obv_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE obv(numeric, numeric) IS
    'on-balance volume: running sum of volumes, each with the sign of the close''s change, from the first volume on';

CREATE OR REPLACE FUNCTION ca_obv_accum(internal, double precision, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_obv_accum';
COMMENT ON FUNCTION ca_obv_accum(internal, double precision, double precision) IS 'transition function of obv';

CREATE OR REPLACE AGGREGATE @extschema@.obv(close double precision, volume double precision) (
    SFUNC = ca_obv_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE obv(double precision, double precision) IS
    'on-balance volume: running sum of volumes, each with the sign of the close''s change, from the first volume on';

-- sql/functions/indicators/indicators_convention.sql

-- Technical indicators by the convention of another program: talib, tradingview or pandas.

CREATE OR REPLACE FUNCTION ca_ema_accum(internal, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, numeric, integer, text) IS 'transition function of ema';

CREATE OR REPLACE AGGREGATE @extschema@.ema(x numeric, n integer, convention text) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(numeric, integer, text) IS
    'exponential moving average in a convention: talib and tradingview seed it with the mean of the first n values, pandas with the first value';

CREATE OR REPLACE FUNCTION ca_ema_accum(internal, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, double precision, integer, text) IS 'transition function of ema';

CREATE OR REPLACE AGGREGATE @extschema@.ema(x double precision, n integer, convention text) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(double precision, integer, text) IS
    'exponential moving average in a convention: talib and tradingview seed it with the mean of the first n values, pandas with the first value';

CREATE OR REPLACE FUNCTION ca_rsi_accum(internal, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric, integer, text) IS 'transition function of rsi';

CREATE OR REPLACE AGGREGATE @extschema@.rsi(x numeric, n integer, convention text) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric, integer, text) IS
    'relative strength index in a convention; when nothing has moved, talib gives 50, tradingview 100 and pandas NULL';

CREATE OR REPLACE FUNCTION ca_rsi_accum(internal, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision, integer, text) IS 'transition function of rsi';

CREATE OR REPLACE AGGREGATE @extschema@.rsi(x double precision, n integer, convention text) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision, integer, text) IS
    'relative strength index in a convention; when nothing has moved, talib gives 50, tradingview 100 and pandas NULL';

CREATE OR REPLACE FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer, text) IS 'transition function of macd';

CREATE OR REPLACE AGGREGATE @extschema@.macd(x numeric, fast integer, slow integer, signal integer, convention text) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric, integer, integer, integer, text) IS
    'moving average convergence/divergence in a convention: tradingview seeds each average by itself, pandas with the first value';

CREATE OR REPLACE FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer, text) IS 'transition function of macd';

CREATE OR REPLACE AGGREGATE @extschema@.macd(x double precision, fast integer, slow integer, signal integer, convention text) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision, integer, integer, integer, text) IS
    'moving average convergence/divergence in a convention: tradingview seeds each average by itself, pandas with the first value';

CREATE OR REPLACE FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, numeric, numeric, numeric, integer, text) IS 'transition function of atr';

CREATE OR REPLACE AGGREGATE @extschema@.atr(high numeric, low numeric, close numeric, n integer, convention text) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(numeric, numeric, numeric, integer, text) IS
    'average true range in a convention: tradingview and pandas count high - low as the first true range';

CREATE OR REPLACE FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_atr_accum';
COMMENT ON FUNCTION ca_atr_accum(internal, double precision, double precision, double precision, integer, text) IS 'transition function of atr';

CREATE OR REPLACE AGGREGATE @extschema@.atr(high double precision, low double precision, close double precision, n integer, convention text) (
    SFUNC = ca_atr_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE atr(double precision, double precision, double precision, integer, text) IS
    'average true range in a convention: tradingview and pandas count high - low as the first true range';

CREATE OR REPLACE FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, numeric, numeric, numeric, integer, text) IS 'transition function of adx';

CREATE OR REPLACE AGGREGATE @extschema@.adx(high numeric, low numeric, close numeric, n integer, convention text) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(numeric, numeric, numeric, integer, text) IS
    'average directional index in a convention: tradingview seeds its sums with n values, pandas with the first';

CREATE OR REPLACE FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer, text) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_adx_accum';
COMMENT ON FUNCTION ca_adx_accum(internal, double precision, double precision, double precision, integer, text) IS 'transition function of adx';

CREATE OR REPLACE AGGREGATE @extschema@.adx(high double precision, low double precision, close double precision, n integer, convention text) (
    SFUNC = ca_adx_accum,
    STYPE = internal,
    FINALFUNC = ca_adx_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE adx(double precision, double precision, double precision, integer, text) IS
    'average directional index in a convention: tradingview seeds its sums with n values, pandas with the first';

-- sql/functions/scoring/error_metrics.sql

-- Error metrics of predictions.
--
-- The metrics of one pair of arguments bear the same transition function,
-- state type and initial condition, so that PostgreSQL computes one state for
-- all that a query asks for.  The initial conditions are as long as the C
-- structs that they stand for.

-- metrics of (actual, predicted)

CREATE OR REPLACE FUNCTION ca_error_accum(
    state double precision[], actual double precision, predicted double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_accum(double precision[], double precision, double precision) IS
    'transition function of mae, mse, rmse, max_error, mape, smape, wape and r2';

CREATE OR REPLACE FUNCTION ca_error_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_combine(double precision[], double precision[]) IS
    'combine function of mae, mse, rmse, max_error, mape, smape, wape and r2';

CREATE OR REPLACE FUNCTION ca_mae_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mae_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mae_final(double precision[]) IS
    'final function of mae';

CREATE OR REPLACE FUNCTION ca_mse_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mse_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mse_final(double precision[]) IS
    'final function of mse';

CREATE OR REPLACE FUNCTION ca_rmse_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_rmse_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_rmse_final(double precision[]) IS
    'final function of rmse';

CREATE OR REPLACE FUNCTION ca_max_error_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_max_error_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_max_error_final(double precision[]) IS
    'final function of max_error';

CREATE OR REPLACE FUNCTION ca_mape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mape_final(double precision[]) IS
    'final function of mape';

CREATE OR REPLACE FUNCTION ca_smape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_smape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_smape_final(double precision[]) IS
    'final function of smape';

CREATE OR REPLACE FUNCTION ca_wape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_wape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_wape_final(double precision[]) IS
    'final function of wape';

CREATE OR REPLACE FUNCTION ca_r2_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_r2_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_r2_final(double precision[]) IS
    'final function of r2';

CREATE OR REPLACE AGGREGATE @extschema@.mae(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mae_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mae(double precision, double precision) IS
    'mean absolute error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.mse(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mse(double precision, double precision) IS
    'mean squared error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.rmse(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_rmse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rmse(double precision, double precision) IS
    'root of the mean squared error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.max_error(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_max_error_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_error(double precision, double precision) IS
    'greatest absolute error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.mape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mape(double precision, double precision) IS
    'mean absolute error relative to the actual value, as a fraction; NULL if any actual value '
    'is 0';

CREATE OR REPLACE AGGREGATE @extschema@.smape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_smape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE smape(double precision, double precision) IS
    'symmetric mean absolute percentage error, from 0 to 2; a pair of zeros counts as 0';

CREATE OR REPLACE AGGREGATE @extschema@.wape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_wape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE wape(double precision, double precision) IS
    'sum of absolute errors relative to the sum of absolute actual values; NULL if that is 0';

CREATE OR REPLACE AGGREGATE @extschema@.r2(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_r2_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE r2(double precision, double precision) IS
    'coefficient of determination; NULL for a single pair; constant actual values give 1 if all '
    'predictions are exact, else 0';

-- median absolute error, which needs every error

CREATE OR REPLACE FUNCTION ca_medae_accum(state internal, actual double precision, predicted double precision)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_accum(internal, double precision, double precision) IS
    'transition function of medae';

CREATE OR REPLACE FUNCTION ca_medae_combine(state internal, other internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_combine'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_combine(internal, internal) IS
    'combine function of medae';

CREATE OR REPLACE FUNCTION ca_medae_serialize(state internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'ca_medae_serialize'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_serialize(internal) IS
    'serialization function of medae';

CREATE OR REPLACE FUNCTION ca_medae_deserialize(message bytea, state internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_deserialize'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_deserialize(bytea, internal) IS
    'deserialization function of medae';

CREATE OR REPLACE FUNCTION ca_medae_final(state internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_medae_final'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_final(internal) IS
    'final function of medae';

CREATE OR REPLACE AGGREGATE @extschema@.medae(actual double precision, predicted double precision) (
    SFUNC = ca_medae_accum,
    STYPE = internal,
    FINALFUNC = ca_medae_final,
    COMBINEFUNC = ca_medae_combine,
    SERIALFUNC = ca_medae_serialize,
    DESERIALFUNC = ca_medae_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE medae(double precision, double precision) IS
    'median absolute error; NULL without pairs; keeps 8 bytes or more per pair in memory';

-- errors against a naive forecast

CREATE OR REPLACE FUNCTION ca_mase_accum(
    state double precision[], actual double precision, predicted double precision,
    naive_error double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_mase_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_accum(
    double precision[], double precision, double precision, double precision) IS
    'transition function of mase';

CREATE OR REPLACE FUNCTION ca_mase_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_mase_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_combine(double precision[], double precision[]) IS
    'combine function of mase';

CREATE OR REPLACE FUNCTION ca_mase_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mase_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_final(double precision[]) IS
    'final function of mase';

CREATE OR REPLACE AGGREGATE @extschema@.mase(
    actual double precision, predicted double precision, naive_error double precision
) (
    SFUNC = ca_mase_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mase_final,
    COMBINEFUNC = ca_mase_combine,
    INITCOND = '{0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mase(double precision, double precision, double precision) IS
    'mean absolute error relative to that of a naive forecast, which is the same in every row; '
    'NULL if that is 0';

-- direction

CREATE OR REPLACE FUNCTION ca_direction_accum(
    state double precision[], reference double precision, actual double precision,
    predicted double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_direction_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_direction_accum(
    double precision[], double precision, double precision, double precision) IS
    'transition function of directional_accuracy';

CREATE OR REPLACE FUNCTION ca_direction_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_direction_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_direction_combine(double precision[], double precision[]) IS
    'combine function of directional_accuracy';

CREATE OR REPLACE FUNCTION ca_directional_accuracy_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_directional_accuracy_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_directional_accuracy_final(double precision[]) IS
    'final function of directional_accuracy';

CREATE OR REPLACE AGGREGATE @extschema@.directional_accuracy(
    reference double precision, actual double precision, predicted double precision
) (
    SFUNC = ca_direction_accum,
    STYPE = double precision[],
    FINALFUNC = ca_directional_accuracy_final,
    COMBINEFUNC = ca_direction_combine,
    INITCOND = '{0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE directional_accuracy(double precision, double precision, double precision) IS
    'share of rows whose actual and predicted value lie on the same side of the reference, or '
    'both on it';

-- metrics of (outcome, probability)

CREATE OR REPLACE FUNCTION ca_probability_accum(
    state double precision[], outcome double precision, probability double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_accum(double precision[], double precision, double precision) IS
    'transition function of brier_score, log_loss and ece for outcomes 0 and 1';

CREATE OR REPLACE FUNCTION ca_probability_accum_bool(
    state double precision[], outcome boolean, probability double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_accum_bool'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_accum_bool(double precision[], boolean, double precision) IS
    'transition function of brier_score, log_loss and ece for boolean outcomes';

CREATE OR REPLACE FUNCTION ca_probability_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_combine(double precision[], double precision[]) IS
    'combine function of brier_score, log_loss and ece';

CREATE OR REPLACE FUNCTION ca_brier_score_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_brier_score_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_brier_score_final(double precision[]) IS
    'final function of brier_score';

CREATE OR REPLACE FUNCTION ca_log_loss_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_log_loss_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_log_loss_final(double precision[]) IS
    'final function of log_loss';

CREATE OR REPLACE FUNCTION ca_ece_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_ece_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_ece_final(double precision[]) IS
    'final function of ece';

CREATE OR REPLACE AGGREGATE @extschema@.brier_score(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_brier_score_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier_score(boolean, double precision) IS
    'mean squared difference between outcome and probability; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.brier_score(outcome double precision, probability double precision) (
    SFUNC = ca_probability_accum,
    STYPE = double precision[],
    FINALFUNC = ca_brier_score_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier_score(double precision, double precision) IS
    'mean squared difference between outcome and probability; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.log_loss(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_log_loss_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(boolean, double precision) IS
    'mean negative logarithm of the probability given to what happened, clipped at 1e-15; NULL '
    'without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.log_loss(outcome double precision, probability double precision) (
    SFUNC = ca_probability_accum,
    STYPE = double precision[],
    FINALFUNC = ca_log_loss_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE log_loss(double precision, double precision) IS
    'mean negative logarithm of the probability given to what happened, clipped at 1e-15; NULL '
    'without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.ece(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_ece_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ece(boolean, double precision) IS
    'expected calibration error over ten bins of equal width; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.ece(outcome double precision, probability double precision) (
    SFUNC = ca_probability_accum,
    STYPE = double precision[],
    FINALFUNC = ca_ece_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ece(double precision, double precision) IS
    'expected calibration error over ten bins of equal width; NULL without pairs';

-- returns

CREATE OR REPLACE FUNCTION ca_sharpe_accum(
    state double precision[], return double precision, periods_per_year double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_accum(double precision[], double precision, double precision) IS
    'transition function of sharpe_ratio';

CREATE OR REPLACE FUNCTION ca_sharpe_accum(state double precision[], return double precision)
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_accum(double precision[], double precision) IS
    'transition function of sharpe_ratio for daily returns';

CREATE OR REPLACE FUNCTION ca_sharpe_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_combine(double precision[], double precision[]) IS
    'combine function of sharpe_ratio';

CREATE OR REPLACE FUNCTION ca_sharpe_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_sharpe_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_final(double precision[]) IS
    'final function of sharpe_ratio';

CREATE OR REPLACE AGGREGATE @extschema@.sharpe_ratio(return double precision, periods_per_year double precision) (
    SFUNC = ca_sharpe_accum,
    STYPE = double precision[],
    FINALFUNC = ca_sharpe_final,
    COMBINEFUNC = ca_sharpe_combine,
    INITCOND = '{0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sharpe_ratio(double precision, double precision) IS
    'mean return relative to its sample standard deviation, times the root of the periods per '
    'year; NULL for fewer than two returns and for equal ones';

CREATE OR REPLACE AGGREGATE @extschema@.sharpe_ratio(return double precision) (
    SFUNC = ca_sharpe_accum,
    STYPE = double precision[],
    FINALFUNC = ca_sharpe_final,
    COMBINEFUNC = ca_sharpe_combine,
    INITCOND = '{0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sharpe_ratio(double precision) IS
    'sharpe_ratio of daily returns, 365 per year';

-- sql/functions/scoring/error_metrics_numeric.sql

-- Error metrics of predictions for numeric columns, which then need no cast per row.
--
-- The values count as the doubles that they would be cast to, so the results are those of the
-- aggregates in errors.sql, whose final and combine functions these share.

CREATE OR REPLACE FUNCTION ca_error_accum_numeric(state double precision[], actual numeric, predicted numeric)
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_accum_numeric'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_accum_numeric(double precision[], numeric, numeric) IS
    'transition function of mae, mse, rmse, max_error, mape, smape, wape and r2 for numeric';

CREATE OR REPLACE AGGREGATE @extschema@.mae(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mae_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mae(numeric, numeric) IS
    'mean absolute error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.mse(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mse(numeric, numeric) IS
    'mean squared error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.rmse(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_rmse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rmse(numeric, numeric) IS
    'root of the mean squared error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.max_error(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_max_error_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_error(numeric, numeric) IS
    'greatest absolute error; NULL without pairs';

CREATE OR REPLACE AGGREGATE @extschema@.mape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_mape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mape(numeric, numeric) IS
    'mean absolute error relative to the actual value, as a fraction; NULL if any actual value '
    'is 0';

CREATE OR REPLACE AGGREGATE @extschema@.smape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_smape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE smape(numeric, numeric) IS
    'symmetric mean absolute percentage error, from 0 to 2; a pair of zeros counts as 0';

CREATE OR REPLACE AGGREGATE @extschema@.wape(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_wape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE wape(numeric, numeric) IS
    'sum of absolute errors relative to the sum of absolute actual values; NULL if that is 0';

CREATE OR REPLACE AGGREGATE @extschema@.r2(actual numeric, predicted numeric) (
    SFUNC = ca_error_accum_numeric,
    STYPE = double precision[],
    FINALFUNC = ca_r2_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE r2(numeric, numeric) IS
    'coefficient of determination; NULL for a single pair; constant actual values give 1 if all '
    'predictions are exact, else 0';

-- sql/tables/shared.sql

-- What several tables share.
--
-- Conventions of every table below:
--   - A closed list of values is text under a CHECK, not an enum: a value is added to it
--     without rewriting the table.  A list the data model introduces with "e.g." stays open.
--   - No numeric column accepts NaN or infinity, because one NaN would poison every aggregate over
--     it: each is under all_finite() or in a range.  NaN sorts above Infinity, so
--     "x < 'Infinity'" refuses both.
--   - NULL means "not known"; columns that are always known are NOT NULL.
--   - Every foreign key has an index; the comment on an index says which rows it finds.

CREATE OR REPLACE FUNCTION all_finite(VARIADIC amounts numeric[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
RETURN ('NaN' <> ALL (amounts)
        AND 'Infinity' <> ALL (amounts) AND '-Infinity' <> ALL (amounts)) IS NOT FALSE;
COMMENT ON FUNCTION all_finite(numeric[]) IS
    'whether no amount is NaN or infinite; for CHECK constraints, so a NULL does not matter';

CREATE OR REPLACE FUNCTION price_fits(amount numeric) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_price_fits';
COMMENT ON FUNCTION price_fits(numeric) IS
    'whether a price or a volume is finite and has at most 38 digits, at most 18 of them decimals, not counting trailing zeros; for CHECK constraints';

CREATE OR REPLACE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE c VOLATILE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_touch_updated_at';
COMMENT ON FUNCTION touch_updated_at() IS
    'trigger: sets updated_at to the start of the transaction if the row changes';

-- sql/tables/users.sql

-- users.sql: accounts, their sessions and what they did
--
-- An account is deleted softly (deleted_at, deleted_by); deleting the row itself deletes
-- everything that the user owns, and leaves what the user merely touched.

SELECT pg_catalog.pg_extension_config_dump('users', '');
SELECT pg_catalog.pg_extension_config_dump('users_id_seq', '');

COMMENT ON TABLE users IS
    'User accounts: sign-in, profile, subscription and referral';
COMMENT ON COLUMN users.id IS
    'Primary key for user identification';
COMMENT ON COLUMN users.email IS
    'Email address for authentication, unique whatever its case';
COMMENT ON COLUMN users.password_hash IS
    'Hashed password for security';
COMMENT ON COLUMN users.first_name IS
    'User''s first name for personalization';
COMMENT ON COLUMN users.last_name IS
    'User''s last name for personalization';
COMMENT ON COLUMN users.role IS
    'User role for access control: admin, public or guest';
COMMENT ON COLUMN users.is_active IS
    'Account status for system access';
COMMENT ON COLUMN users.is_verified IS
    'Email verification status';
COMMENT ON COLUMN users.login_count IS
    'Total login count for engagement metrics';
COMMENT ON COLUMN users.preferences IS
    'User preferences and settings as a JSON object';
COMMENT ON COLUMN users.timezone IS
    'User''s time zone for localized timestamps, an IANA name such as Asia/Tehran';
COMMENT ON COLUMN users.language IS
    'User''s preferred language (en, fa, etc.)';
COMMENT ON COLUMN users.last_login IS
    'Last login time for activity tracking';
COMMENT ON COLUMN users.bio IS
    'Short user biography or description';
COMMENT ON COLUMN users.profile_picture_url IS
    'URL to user''s profile picture';
COMMENT ON COLUMN users.reset_password_token IS
    'Token for password reset functionality';
COMMENT ON COLUMN users.reset_password_expires IS
    'Expiration time for reset token';
COMMENT ON COLUMN users.email_verification_token IS
    'Token for email verification';
COMMENT ON COLUMN users.email_verification_expires IS
    'Expiration time for email verification token';
COMMENT ON COLUMN users.failed_login_attempts IS
    'Count of consecutive failed login attempts';
COMMENT ON COLUMN users.lockout_expires IS
    'Account lockout expiration time after too many failed attempts';
COMMENT ON COLUMN users.referral_code IS
    'Unique referral code for user invitations';
COMMENT ON COLUMN users.referred_by IS
    'User ID of the referrer, if applicable';
COMMENT ON COLUMN users.referral_count IS
    'Number of successful referrals made by this user';
COMMENT ON COLUMN users.account_balance IS
    'User''s account balance in USD, for future monetization';
COMMENT ON COLUMN users.subscription_plan IS
    'Current subscription plan: free, basic, pro or enterprise';
COMMENT ON COLUMN users.subscription_expires_at IS
    'Subscription plan expiration time; NULL when it does not end';
COMMENT ON COLUMN users.notes IS
    'Admin notes about the user';
COMMENT ON COLUMN users.deleted_at IS
    'Soft delete timestamp for account deactivation; NULL while the account stands';
COMMENT ON COLUMN users.deleted_by IS
    'User ID of admin who deleted/deactivated the account';
COMMENT ON COLUMN users.created_at IS
    'Account creation timestamp';
COMMENT ON COLUMN users.updated_at IS
    'Last profile update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX users_email_key IS
    'sign-in by email; one account per address, whatever its case';
COMMENT ON INDEX users_referred_by_idx IS
    'the users somebody has referred; foreign key to users';
COMMENT ON INDEX users_deleted_by_idx IS
    'serves the foreign key to users';

CREATE OR REPLACE TRIGGER users_touch BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER users_touch ON users IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('user_sessions', '');
SELECT pg_catalog.pg_extension_config_dump('user_sessions_id_seq', '');

COMMENT ON TABLE user_sessions IS
    'Authenticated sessions of users, one row per session token';
COMMENT ON COLUMN user_sessions.id IS
    'Primary key for session identification';
COMMENT ON COLUMN user_sessions.user_id IS
    'User who holds the session';
COMMENT ON COLUMN user_sessions.session_token IS
    'Unique session token for authentication';
COMMENT ON COLUMN user_sessions.refresh_token IS
    'Token for session renewal';
COMMENT ON COLUMN user_sessions.device_info IS
    'Device and browser information for security, as a JSON object';
COMMENT ON COLUMN user_sessions.ip_address IS
    'IP address for security and location tracking';
COMMENT ON COLUMN user_sessions.is_active IS
    'Session active status; false once revoked or signed out';
COMMENT ON COLUMN user_sessions.expires_at IS
    'Session expiration time; NULL when the session ends only by revocation';
COMMENT ON COLUMN user_sessions.last_used_at IS
    'Last activity timestamp for session management';
COMMENT ON COLUMN user_sessions.created_at IS
    'Session creation timestamp';
COMMENT ON COLUMN user_sessions.updated_at IS
    'Last update timestamp for session management, set when an UPDATE changes the row';
COMMENT ON CONSTRAINT user_sessions_session_token_key ON user_sessions IS
    'one session a token; serves the look-up of a session by its token';

COMMENT ON INDEX user_sessions_user_id_idx IS
    'the sessions of a user; foreign key to users';

CREATE OR REPLACE TRIGGER user_sessions_touch BEFORE UPDATE ON user_sessions
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER user_sessions_touch ON user_sessions IS
    'sets updated_at when an UPDATE changes the row';


-- A session with a trail cannot be deleted alone, hence NO ACTION; deleting the user deletes
-- both.
SELECT pg_catalog.pg_extension_config_dump('user_activities', '');
SELECT pg_catalog.pg_extension_config_dump('user_activities_id_seq', '');

COMMENT ON TABLE user_activities IS
    'Append-only audit trail of what users did; rows are never updated';
COMMENT ON COLUMN user_activities.id IS
    'Primary key for activity tracking';
COMMENT ON COLUMN user_activities.user_id IS
    'User who acted';
COMMENT ON COLUMN user_activities.session_id IS
    'Session the activity belongs to, for correlation';
COMMENT ON COLUMN user_activities.activity_type IS
    'Type of user activity (login, watchlist_update, ai_interaction)';
COMMENT ON COLUMN user_activities.entity_type IS
    'Type of entity being interacted with (watchlist, asset, suggestion)';
COMMENT ON COLUMN user_activities.entity_id IS
    'Identifier of the entity acted upon, in the table that entity_type implies';
COMMENT ON COLUMN user_activities.action IS
    'Specific action performed (create, update, delete, view)';
COMMENT ON COLUMN user_activities.details IS
    'Additional activity details as a JSON object';
COMMENT ON COLUMN user_activities.ip_address IS
    'IP address for security and audit trail';
COMMENT ON COLUMN user_activities.user_agent IS
    'Browser/device user agent string';
COMMENT ON COLUMN user_activities.created_at IS
    'Activity timestamp for audit and analytics';

COMMENT ON INDEX user_activities_user_id_created_at_idx IS
    'the latest activities of a user; foreign key to users';
COMMENT ON INDEX user_activities_session_id_idx IS
    'foreign key to user_sessions';

-- sql/tables/market.sql

-- market.sql: assets, their candles and the archive of old candles
--
-- price_data and price_data_archive have the same columns and checks, so a row moves between
-- them unchanged.  Prices carry no sign check: funding rates and oil in 2020 went negative.
-- Prices and volumes are numeric without a scale, so that they are stored exactly as they arrive;
-- price_fits() refuses what segments and kernels cannot hold.

SELECT pg_catalog.pg_extension_config_dump('assets', '');
SELECT pg_catalog.pg_extension_config_dump('assets_id_seq', '');

COMMENT ON TABLE assets IS
    'Everything that has a price: cryptocurrencies, stablecoins, macro series and indexes, '
    'with latest known market figures';
COMMENT ON COLUMN assets.id IS
    'Primary key for asset identification';
COMMENT ON COLUMN assets.symbol IS
    'Unique trading symbol (BTC, ETH, etc.)';
COMMENT ON COLUMN assets.name IS
    'Full name of the asset';
COMMENT ON COLUMN assets.asset_type IS
    'Asset type, an open list: crypto, stablecoin, macro (DXY, VIX, SP500, gold, oil, CPI), '
    'index (total, total2, total3, btc.d, usdt.d, altcoin index)';
COMMENT ON COLUMN assets.quote_currency IS
    'For pairs, the quote currency (e.g., USDT)';
COMMENT ON COLUMN assets.external_ids IS
    'Identifiers of the asset at external APIs, a JSON object by provider. Example: '
    '{"coingecko": "bitcoin", "coinmarketcap": "1"}';
COMMENT ON COLUMN assets.logo_url IS
    'URL of the asset logo image';
COMMENT ON COLUMN assets.links IS
    'All related URLs and addresses as a JSON object (website, explorer, whitepaper, twitter, '
    'telegram, reddit, github, contract, etc.)';
COMMENT ON COLUMN assets.description IS
    'Detailed description of the asset';
COMMENT ON COLUMN assets.market_cap IS
    'Latest known total market capitalization in USD';
COMMENT ON COLUMN assets.market_cap_rank IS
    'Latest market capitalization ranking, 1 being the largest';
COMMENT ON COLUMN assets.current_price IS
    'Latest known price in USD';
COMMENT ON COLUMN assets.total_volume IS
    '24h trading volume in USD';
COMMENT ON COLUMN assets.circulating_supply IS
    'Current circulating supply in tokens';
COMMENT ON COLUMN assets.total_supply IS
    'Total supply in tokens; NULL if unknown';
COMMENT ON COLUMN assets.max_supply IS
    'Maximum possible supply in tokens; NULL if unlimited';
COMMENT ON COLUMN assets.price_change_percentage_24h IS
    'Price change over 24 hours in percent';
COMMENT ON COLUMN assets.price_change_percentage_7d IS
    'Price change over 7 days in percent';
COMMENT ON COLUMN assets.price_change_percentage_30d IS
    'Price change over 30 days in percent';
COMMENT ON COLUMN assets.ath IS
    'All-time high price in USD';
COMMENT ON COLUMN assets.ath_date IS
    'When the all-time high price was reached';
COMMENT ON COLUMN assets.atl IS
    'All-time low price in USD';
COMMENT ON COLUMN assets.atl_date IS
    'When the all-time low price was reached';
COMMENT ON COLUMN assets.metrics_details IS
    'Recent OHLCV records by timeframe: a JSON object whose keys are timeframe codes, 7 '
    'records under "7d" and so on. Example: {"7d": [{"open": 67100.5, "high": 68250, "low": '
    '66800, "close": 67900.25, "volume": 28400000000}]}';
COMMENT ON COLUMN assets.timeframe_usage IS
    'Usage statistics per timeframe, a JSON object: keys are timeframe codes, values are '
    'integer usage counts. Example: {"1m": 5, "5m": 12, "1h": 120, "4h": 45, "1d": 100}';
COMMENT ON COLUMN assets.last_accessed_at IS
    'Last time this asset was accessed by any user';
COMMENT ON COLUMN assets.access_count IS
    'Total number of times this asset has been accessed';
COMMENT ON COLUMN assets.is_active IS
    'Whether this asset is active in our system';
COMMENT ON COLUMN assets.is_supported IS
    'Whether we provide analysis for this asset';
COMMENT ON COLUMN assets.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN assets.updated_at IS
    'Last data update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX assets_market_cap_rank_idx IS
    'the largest assets that are active and supported';

CREATE OR REPLACE TRIGGER assets_touch BEFORE UPDATE ON assets
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER assets_touch ON assets IS
    'sets updated_at when an UPDATE changes the row';

-- An array cannot carry a foreign key.  Nor is this a CHECK: deleting an asset would not run
-- it, and a restore does not know that sectors would then need assets loaded first.
CREATE OR REPLACE FUNCTION @extschema@.assets_exist(asset_ids integer[]) RETURNS boolean
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT NOT EXISTS (
        SELECT FROM unnest(assets_exist.asset_ids) AS wanted (id)
        WHERE NOT EXISTS (SELECT FROM assets AS a WHERE a.id = wanted.id));
END;
COMMENT ON FUNCTION assets_exist(integer[]) IS
    'whether every element is the identifier of an asset, as in sectors.top_3_coins_id they '
    'should be; true for an empty array, NULL for NULL';


-- CHECKs run in the order of their names: a candle_time that is not finite and an unknown
-- timeframe are refused before timeframe_bucket() could raise an error of its own.
SELECT pg_catalog.pg_extension_config_dump('price_data', '');
SELECT pg_catalog.pg_extension_config_dump('price_data_id_seq', '');

COMMENT ON TABLE price_data IS
    'Live OHLCV candles, one row per asset, timeframe and start time';
COMMENT ON COLUMN price_data.id IS
    'Primary key for price data records; kept when the row moves to the archive';
COMMENT ON COLUMN price_data.asset_id IS
    'Asset the candle belongs to';
COMMENT ON COLUMN price_data.timeframe IS
    'Timeframe code of the candle (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data.open_price IS
    'Opening price for the time period in USD; may be negative';
COMMENT ON COLUMN price_data.high_price IS
    'Highest price during the time period in USD';
COMMENT ON COLUMN price_data.low_price IS
    'Lowest price during the time period in USD';
COMMENT ON COLUMN price_data.close_price IS
    'Closing price for the time period in USD';
COMMENT ON COLUMN price_data.volume IS
    'Trading volume during the time period in USD; NULL when unknown';
COMMENT ON COLUMN price_data.market_cap IS
    'Market capitalization at the end of the candle in USD; NULL when unknown';
COMMENT ON COLUMN price_data.technical_indicators IS
    'Calculated technical indicators (RSI, MACD, etc.) as a JSON object. NULL if not stored '
    'for this asset and timeframe. Example: {"RSI": 56.23, "MACD": {"value": -12.45, '
    '"signal": -10.32, "histogram": -2.13}, "SMA": {"50": 45000.12, "200": 42000.55}, "EMA": '
    '{"20": 45500.78, "100": 43000.44}}';
COMMENT ON COLUMN price_data.candle_time IS
    'Start time of the OHLC candle in UTC, on a boundary of its timeframe';
COMMENT ON COLUMN price_data.created_at IS
    'Record creation timestamp; kept when the row moves to the archive';
COMMENT ON CONSTRAINT price_data_timeframe_start_check ON price_data IS
    'the candle starts on a boundary of its timeframe';
COMMENT ON CONSTRAINT price_data_price_range_check ON price_data IS
    'low and high enclose open and close; with high not NaN, no price is NaN';
COMMENT ON CONSTRAINT price_data_asset_id_timeframe_candle_time_key ON price_data IS
    'one candle an asset, timeframe and start; serves the candles of an asset in time order, '
    'and its timeframes with their extent';


-- A candle keeps its id wherever it is, so the two tables must not assign the same ones: the
-- archive, into which candles can be inserted too, counts down from -1.
SELECT pg_catalog.pg_extension_config_dump('price_data_archive', '');
SELECT pg_catalog.pg_extension_config_dump('price_data_archive_id_seq', '');

COMMENT ON TABLE price_data_archive IS
    'Old OHLCV candles moved out of price_data, with the same columns and checks';
COMMENT ON COLUMN price_data_archive.id IS
    'Primary key for archived price data records: the price_data.id the row had';
COMMENT ON COLUMN price_data_archive.asset_id IS
    'Asset the candle belongs to';
COMMENT ON COLUMN price_data_archive.timeframe IS
    'Timeframe code of the candle (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data_archive.open_price IS
    'Opening price for the time period in USD; may be negative';
COMMENT ON COLUMN price_data_archive.high_price IS
    'Highest price during the time period in USD';
COMMENT ON COLUMN price_data_archive.low_price IS
    'Lowest price during the time period in USD';
COMMENT ON COLUMN price_data_archive.close_price IS
    'Closing price for the time period in USD';
COMMENT ON COLUMN price_data_archive.volume IS
    'Trading volume during the time period in USD; NULL when unknown';
COMMENT ON COLUMN price_data_archive.market_cap IS
    'Market capitalization at the end of the candle in USD; NULL when unknown';
COMMENT ON COLUMN price_data_archive.technical_indicators IS
    'Calculated technical indicators (RSI, MACD, etc.) as a JSON object. Usually NULL for '
    'archived data unless specifically preserved.';
COMMENT ON COLUMN price_data_archive.candle_time IS
    'Start time of the OHLC candle in UTC, on a boundary of its timeframe';
COMMENT ON COLUMN price_data_archive.created_at IS
    'Record creation timestamp: the price_data.created_at the row had';
COMMENT ON CONSTRAINT price_data_archive_timeframe_start_check ON price_data_archive IS
    'the candle starts on a boundary of its timeframe';
COMMENT ON CONSTRAINT price_data_archive_price_range_check ON price_data_archive IS
    'low and high enclose open and close; with high not NaN, no price is NaN';
COMMENT ON CONSTRAINT price_data_archive_asset_id_timeframe_candle_time_key ON price_data_archive IS
    'one candle an asset, timeframe and start; serves the candles of an asset in time order, '
    'and its timeframes with their extent';

SELECT pg_catalog.pg_extension_config_dump('partial_candles', '');
-- roles that may read candles build others from them; writes go through ca_note_partial()
GRANT SELECT ON partial_candles TO PUBLIC;

COMMENT ON TABLE partial_candles IS
    'Stored candles that roll-ups made from sources that cover less than their span; candles without a row here are whole';
COMMENT ON COLUMN partial_candles.asset_id IS
    'Asset of the candle';
COMMENT ON COLUMN partial_candles.timeframe IS
    'Timeframe code of the candle';
COMMENT ON COLUMN partial_candles.candle_time IS
    'Start of the candle';
COMMENT ON COLUMN partial_candles.covered IS
    'Minutes of its span that its sources covered';
COMMENT ON COLUMN partial_candles.digest IS
    'Digest of its prices and volume; the row counts only while the stored candle has it';

-- sql/tables/segments.sql

-- segments.sql: compressed history, about a thousand candles of one series per row
--
-- docs/design/segment-format.md describes the payload.  The functions of functions/archive/segments.sql
-- compress candles and take them out again; nothing else writes here.

SELECT pg_catalog.pg_extension_config_dump('price_data_segments', '');
-- a compressed candle is not compressed again

COMMENT ON TABLE price_data_segments IS
    'Compressed OHLCV candles, up to 1024 of one asset and timeframe a row; the segments of a '
    'series do not overlap';
COMMENT ON COLUMN price_data_segments.asset_id IS
    'Asset the candles belong to';
COMMENT ON COLUMN price_data_segments.timeframe IS
    'Timeframe code of the candles (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data_segments.first_time IS
    'Start time of the first candle';
COMMENT ON COLUMN price_data_segments.last_time IS
    'Start time of the last candle';
COMMENT ON COLUMN price_data_segments.candles IS
    'Number of candles';
COMMENT ON COLUMN price_data_segments.payload IS
    'The candles but for their indicators, encoded, with a checksum';
COMMENT ON COLUMN price_data_segments.technical_indicators IS
    'Calculated technical indicators of each candle, in their order; NULL if no candle has any';
COMMENT ON CONSTRAINT price_data_segments_pkey ON price_data_segments IS
    'serves the segments of a series in time order, and those that reach into a range of time';

-- price_data_compressed shows the candles of the segments as rows.

CREATE OR REPLACE FUNCTION ca_segments_fdw_handler() RETURNS fdw_handler
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_segments_fdw_handler';
COMMENT ON FUNCTION ca_segments_fdw_handler() IS
    'reads the rows of price_data_compressed';

CREATE OR REPLACE FUNCTION ca_segments_fdw_validator(options text[], catalog oid) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_segments_fdw_validator';
COMMENT ON FUNCTION ca_segments_fdw_validator(text[], oid) IS
    'refuses options, because compressed candles have none';

COMMENT ON FOREIGN DATA WRAPPER cryptoanalytics_segments IS
    'shows compressed candles as rows';

COMMENT ON SERVER cryptoanalytics_segments IS
    'the segments of this database';

-- the columns of price_data_archive; the segments guarantee NOT NULL
-- the rights to price_data_segments decide
GRANT SELECT ON price_data_compressed TO PUBLIC;
COMMENT ON FOREIGN TABLE price_data_compressed IS
    'The candles of price_data_segments, one row each, with the columns of price_data_archive; '
    'read-only; who may read price_data_segments may read them, with its row security';
COMMENT ON COLUMN price_data_compressed.id IS
    'The price_data.id that the row had';
COMMENT ON COLUMN price_data_compressed.asset_id IS
    'Asset the candle belongs to';
COMMENT ON COLUMN price_data_compressed.timeframe IS
    'Timeframe code of the candle (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN price_data_compressed.open_price IS
    'Opening price for the time period in USD; may be negative';
COMMENT ON COLUMN price_data_compressed.high_price IS
    'Highest price during the time period in USD';
COMMENT ON COLUMN price_data_compressed.low_price IS
    'Lowest price during the time period in USD';
COMMENT ON COLUMN price_data_compressed.close_price IS
    'Closing price for the time period in USD';
COMMENT ON COLUMN price_data_compressed.volume IS
    'Trading volume during the time period in USD; NULL when unknown';
COMMENT ON COLUMN price_data_compressed.market_cap IS
    'Market capitalization at the end of the candle in USD; NULL when unknown';
COMMENT ON COLUMN price_data_compressed.technical_indicators IS
    'Calculated technical indicators (RSI, MACD, etc.) as a JSON object. Usually NULL for '
    'archived data unless specifically preserved.';
COMMENT ON COLUMN price_data_compressed.candle_time IS
    'Start time of the OHLC candle in UTC, on a boundary of its timeframe';
COMMENT ON COLUMN price_data_compressed.created_at IS
    'Record creation timestamp: the price_data.created_at the row had';

-- sql/tables/locks.sql

-- locks.sql: rows that represent work that only one session at a time may do
--
-- A row is locked until the end of the transaction, by SELECT ... FOR UPDATE.  Row locks take no shared
-- memory, however many there are, and only a role that may UPDATE the table can take them.

-- rows are made on demand, even while a dump is restored, so a dump has none
SELECT pg_catalog.pg_extension_config_dump('series_locks', 'WHERE false');

COMMENT ON TABLE series_locks IS
    'One row per series and purpose, made on demand: whoever works on the series locks it until the end of the transaction';
COMMENT ON COLUMN series_locks.asset_id IS 'Asset of the series';
COMMENT ON COLUMN series_locks.timeframe IS 'Timeframe of the series';
COMMENT ON COLUMN series_locks.purpose IS
    'candles: writing or moving candles; indicators: updating their indicators; archive: inserting into price_data_archive by hand';
COMMENT ON COLUMN series_locks.moves IS
    'How often candles of the series moved between price_data, price_data_archive and price_data_segments, or (purpose archive) were archived by hand; a transaction at REPEATABLE READ that began before the last move cannot lock the row';

SELECT pg_catalog.pg_extension_config_dump('work_locks', 'WHERE false');

COMMENT ON TABLE work_locks IS
    'One row per kind of work that only one session at a time may do, made on demand';
COMMENT ON COLUMN work_locks.name IS
    'The work: a step of maintain(), refresh_assets, roll-up of a table, or series and a timeframe for making rows of series_locks';

-- sql/tables/models.sql

-- models.sql: model versions, their performance, predictions and recommendations

SELECT pg_catalog.pg_extension_config_dump('ai_models', '');
SELECT pg_catalog.pg_extension_config_dump('ai_models_id_seq', '');

COMMENT ON TABLE ai_models IS
    'Versions of AI models: configuration, training and health; every version is a row of its '
    'own';
COMMENT ON COLUMN ai_models.id IS
    'Unique identifier for each model version';
COMMENT ON COLUMN ai_models.name IS
    'Model name (shared across versions)';
COMMENT ON COLUMN ai_models.version IS
    'Model version (e.g., v1.0.0); a new record is created in this table for every new version';
COMMENT ON COLUMN ai_models.architecture IS
    'Model architecture: lstm, transformer, ensemble or regression; NULL for any other';
COMMENT ON COLUMN ai_models.model_type IS
    'Layer the model works on: macro, sector, asset or timing';
COMMENT ON COLUMN ai_models.status IS
    'Model status: active, training, inactive or error';
COMMENT ON COLUMN ai_models.configuration IS
    'Model configuration and hyperparameters as a JSON object';
COMMENT ON COLUMN ai_models.performance_metrics IS
    'Summary of performance metrics for this version, a JSON object by metric name';
COMMENT ON COLUMN ai_models.training_features IS
    'Set of features used for training, in JSON';
COMMENT ON COLUMN ai_models.training_data_range IS
    'Date range of training data for this version, as a JSON object';
COMMENT ON COLUMN ai_models.training_data_timeframe IS
    'Time interval between training data points (e.g., 1m, 5m, 1h, 1d)';
COMMENT ON COLUMN ai_models.target_variable IS
    'Target variable: price, trend, volatility or event_probability';
COMMENT ON COLUMN ai_models.input_schema IS
    'Structure of model input data, in JSON';
COMMENT ON COLUMN ai_models.training_notes IS
    'Free-form notes about training process or specifics';
COMMENT ON COLUMN ai_models.last_trained IS
    'Timestamp when this version was trained';
COMMENT ON COLUMN ai_models.last_prediction IS
    'Timestamp of last prediction made by this version';
COMMENT ON COLUMN ai_models.health_status IS
    'Health status of this model version, as a JSON object';
COMMENT ON COLUMN ai_models.is_active IS
    'Whether this version is currently deployed; one version per name and model_type';
COMMENT ON COLUMN ai_models.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN ai_models.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX ai_models_active_version_key IS
    'the deployed version of a model; at most one per name and model_type';

CREATE OR REPLACE TRIGGER ai_models_touch BEFORE UPDATE ON ai_models
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER ai_models_touch ON ai_models IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('model_performance', '');
SELECT pg_catalog.pg_extension_config_dump('model_performance_id_seq', '');

COMMENT ON TABLE model_performance IS
    'Evaluations of model versions, one row per metric, evaluation date and range of targets';
COMMENT ON COLUMN model_performance.id IS
    'Unique identifier for the performance record';
COMMENT ON COLUMN model_performance.model_id IS
    'Model version that was evaluated';
COMMENT ON COLUMN model_performance.evaluation_metric IS
    'Name of the evaluation metric, an open list: accuracy, mse, mae, sharpe_ratio';
COMMENT ON COLUMN model_performance.metric_value IS
    'Value of the evaluation metric, in the metric''s own unit; NULL when undefined';
COMMENT ON COLUMN model_performance.evaluation_data_range IS
    'Exact date range of data used for evaluation, as a JSON object: since and until, NULL for an '
    'open side, tell evaluations of one date apart; first and last are the targets in it';
COMMENT ON COLUMN model_performance.evaluation_data_timeframe IS
    'Time interval between evaluation data points (e.g., 1m, 5m, 1h, 1d)';
COMMENT ON COLUMN model_performance.evaluated_predictions_count IS
    'Number of predictions evaluated in this assessment';
COMMENT ON COLUMN model_performance.detailed_metrics IS
    'Detailed breakdown of performance metrics, as a JSON object';
COMMENT ON COLUMN model_performance.evaluation_date IS
    'When the evaluation was performed';
COMMENT ON COLUMN model_performance.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN model_performance.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX model_performance_evaluation_key IS
    'one value per model, metric, date and range; serves the latest values of a metric of a model';

CREATE OR REPLACE TRIGGER model_performance_touch BEFORE UPDATE ON model_performance
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER model_performance_touch ON model_performance IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('predictions', '');
SELECT pg_catalog.pg_extension_config_dump('predictions_id_seq', '');

COMMENT ON TABLE predictions IS
    'Predictions of all layers and, once their time has passed, how they turned out';
COMMENT ON COLUMN predictions.id IS
    'Primary key for prediction tracking';
COMMENT ON COLUMN predictions.asset_id IS
    'Asset being predicted';
COMMENT ON COLUMN predictions.ai_models_id IS
    'Model version that generated this prediction';
COMMENT ON COLUMN predictions.prediction_type IS
    'Type of prediction, an open list: price, event, trend, etc.';
COMMENT ON COLUMN predictions.predicted_price IS
    'Predicted price in USD; NULL when something other than a price is predicted';
COMMENT ON COLUMN predictions.predicted_value IS
    'Non-price predictions as a JSON object. Example: {"direction": "up"}';
COMMENT ON COLUMN predictions.confidence_score IS
    'Model confidence in this prediction (0-1)';
COMMENT ON COLUMN predictions.prediction_horizon IS
    'Prediction time horizon in hours';
COMMENT ON COLUMN predictions.target_datetime IS
    'Target time of this prediction; NULL means created_at plus prediction_horizon hours';
COMMENT ON COLUMN predictions.features_used IS
    'Input features used by the model, in JSON';
COMMENT ON COLUMN predictions.input_price IS
    'Price in USD when the prediction was made';
COMMENT ON COLUMN predictions.input_features IS
    'Input feature values as a JSON object';
COMMENT ON COLUMN predictions.context_data IS
    'Market context at prediction time, as a JSON object';
COMMENT ON COLUMN predictions.actual_price IS
    'Actual price in USD at the target time; NULL until scored';
COMMENT ON COLUMN predictions.accuracy_percentage IS
    'Prediction accuracy in percent (0-100); NULL until scored, or when the actual price is 0';
COMMENT ON COLUMN predictions.absolute_error IS
    'Absolute error between predicted and actual price in USD; NULL until scored';
COMMENT ON COLUMN predictions.squared_error IS
    'Squared error between predicted and actual price in USD squared; NULL until scored';
COMMENT ON COLUMN predictions.is_realized IS
    'Whether the prediction timeframe has passed and the outcome is recorded';
COMMENT ON COLUMN predictions.is_accurate IS
    'Whether the prediction met the accuracy threshold; NULL until scored';
COMMENT ON COLUMN predictions.accuracy_threshold IS
    'Largest error, in percent of the actual price, for considering the prediction accurate';
COMMENT ON COLUMN predictions.market_conditions IS
    'Market conditions during the prediction, as a JSON object';
COMMENT ON COLUMN predictions.volatility_level IS
    'Volatility level: low, medium or high';
COMMENT ON COLUMN predictions.prediction_time IS
    'Time taken to generate the prediction in seconds';
COMMENT ON COLUMN predictions.notes IS
    'Additional notes about this prediction';
COMMENT ON COLUMN predictions.debug_info IS
    'Debug information for model analysis, as a JSON object';
COMMENT ON COLUMN predictions.evaluated_at IS
    'When the prediction was evaluated for accuracy; NULL until scored';
COMMENT ON COLUMN predictions.created_at IS
    'Prediction creation timestamp';
COMMENT ON COLUMN predictions.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX predictions_asset_id_created_at_idx IS
    'the latest prediction for an asset; foreign key to assets';
COMMENT ON INDEX predictions_ai_models_id_evaluated_at_idx IS
    'the accuracy of a model since a moment, from the index alone; foreign key to ai_models';
COMMENT ON INDEX predictions_due_idx IS
    'the predictions whose target time has come, in its order';

CREATE OR REPLACE TRIGGER predictions_touch BEFORE UPDATE ON predictions
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER predictions_touch ON predictions IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('ai_recommendations', '');
SELECT pg_catalog.pg_extension_config_dump('ai_recommendations_id_seq', '');

COMMENT ON TABLE ai_recommendations IS
    'Recommendations drawn from predictions, with their review, outcome and user feedback';
COMMENT ON COLUMN ai_recommendations.id IS
    'Unique identifier for each recommendation';
COMMENT ON COLUMN ai_recommendations.target_entity_type IS
    'Type of the target entity: portfolio, watchlist, asset, user or strategy';
COMMENT ON COLUMN ai_recommendations.target_entity_id IS
    'Identifier of the target entity in the table that target_entity_type implies (e.g. '
    'portfolio.id, watchlists.id); NULL when it has no row';
COMMENT ON COLUMN ai_recommendations.recommendation_type IS
    'Type of recommendation: entry, exit, risk_management, rebalance, allocation, '
    'position_sizing or learning';
COMMENT ON COLUMN ai_recommendations.recommendation_title IS
    'Short title summarizing the recommendation';
COMMENT ON COLUMN ai_recommendations.recommendation_summary IS
    'Brief explanation of the recommendation purpose';
COMMENT ON COLUMN ai_recommendations.recommendation_payload IS
    'Structured content as a JSON object: suggested_position_size, stop_loss, take_profit, '
    'rebalance instructions, etc.';
COMMENT ON COLUMN ai_recommendations.prediction_id IS
    'Prediction that generated this recommendation; NULL if none did or it is gone';
COMMENT ON COLUMN ai_recommendations.status IS
    'Lifecycle status: pending, approved, followed, implemented, ignored, expired or rejected';
COMMENT ON COLUMN ai_recommendations.priority_level IS
    'Importance level: low, medium, high or urgent';
COMMENT ON COLUMN ai_recommendations.user_feedback IS
    'Optional user comments or feedback';
COMMENT ON COLUMN ai_recommendations.user_rating IS
    'User rating: 1 (poor) to 5 (excellent)';
COMMENT ON COLUMN ai_recommendations.outcome_result IS
    'Structured result of executing the recommendation, as a JSON object (e.g. actual_return, '
    'success_score)';
COMMENT ON COLUMN ai_recommendations.reviewed_by IS
    'Admin or user who reviewed the recommendation';
COMMENT ON COLUMN ai_recommendations.reviewed_at IS
    'When the recommendation was reviewed';
COMMENT ON COLUMN ai_recommendations.implemented_at IS
    'When the recommendation was executed';
COMMENT ON COLUMN ai_recommendations.expires_at IS
    'When the recommendation ceases to be valid; NULL if it does not';
COMMENT ON COLUMN ai_recommendations.created_at IS
    'When the recommendation was created';
COMMENT ON COLUMN ai_recommendations.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX ai_recommendations_prediction_id_idx IS
    'foreign key to predictions';
COMMENT ON INDEX ai_recommendations_reviewed_by_idx IS
    'foreign key to users';

CREATE OR REPLACE TRIGGER ai_recommendations_touch BEFORE UPDATE ON ai_recommendations
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER ai_recommendations_touch ON ai_recommendations IS
    'sets updated_at when an UPDATE changes the row';

-- sql/tables/macro.sql

-- macro.sql: layer 1, the state of the whole market and the regime read from it

SELECT pg_catalog.pg_extension_config_dump('metrics_snapshot', '');
SELECT pg_catalog.pg_extension_config_dump('metrics_snapshot_id_seq', '');

COMMENT ON TABLE metrics_snapshot IS
    'Market-wide metrics at a moment, one row per snapshot time and timeframe';
COMMENT ON COLUMN metrics_snapshot.id IS
    'Primary key for market snapshots';
COMMENT ON COLUMN metrics_snapshot.snapshot_time IS
    'When the snapshot was taken';
COMMENT ON COLUMN metrics_snapshot.timeframe IS
    'Interval between snapshots (e.g., ''1h'', ''4h'', ''1d'')';
COMMENT ON COLUMN metrics_snapshot.price IS
    'BTC price at snapshot time in USD';
COMMENT ON COLUMN metrics_snapshot.rsi_14 IS
    '14-period RSI of BTC (0-100)';
COMMENT ON COLUMN metrics_snapshot.sma_200 IS
    '200-period simple moving average of the BTC price in USD';
COMMENT ON COLUMN metrics_snapshot.ema_200 IS
    '200-period exponential moving average of the BTC price in USD';
COMMENT ON COLUMN metrics_snapshot.fear_greed_index IS
    'Fear & Greed Index of alternative.me (0-100)';
COMMENT ON COLUMN metrics_snapshot.google_trends_score IS
    'Google Trends score for ''Bitcoin'' (0-100)';
COMMENT ON COLUMN metrics_snapshot.funding_rate_btc IS
    'BTC perpetual funding rate, as a fraction per funding interval';
COMMENT ON COLUMN metrics_snapshot.open_interest_btc IS
    'BTC futures open interest in USD';
COMMENT ON COLUMN metrics_snapshot.whale_netflow_24h IS
    'Net flow from whales to exchanges over 24 hours in BTC; negative when more was withdrawn';
COMMENT ON COLUMN metrics_snapshot.active_addresses_btc IS
    'Daily active BTC addresses';
COMMENT ON COLUMN metrics_snapshot.altcoin_dominance IS
    'Altcoins'' share of the total market capitalization in percent';
COMMENT ON COLUMN metrics_snapshot.liquidity_score IS
    '24h volume divided by market capitalization';
COMMENT ON COLUMN metrics_snapshot.halving_countdown_days IS
    'Days until next BTC halving';
COMMENT ON COLUMN metrics_snapshot.weekly_return IS
    'Return over 1 week in percent';
COMMENT ON COLUMN metrics_snapshot.monthly_return IS
    'Return over 1 month in percent';
COMMENT ON COLUMN metrics_snapshot.btc_dominance IS
    'BTC''s share of the total market capitalization in percent';
COMMENT ON COLUMN metrics_snapshot.eth_dominance IS
    'ETH''s share of the total market capitalization in percent';
COMMENT ON COLUMN metrics_snapshot.usdt_dominance IS
    'USDT''s share of the total market capitalization in percent';
COMMENT ON COLUMN metrics_snapshot.total IS
    'Total cryptocurrency market capitalization in USD';
COMMENT ON COLUMN metrics_snapshot.sp500 IS
    'S&P 500 closing price in USD';
COMMENT ON COLUMN metrics_snapshot.gold IS
    'Gold closing price in USD per ounce';
COMMENT ON COLUMN metrics_snapshot.dxy IS
    'US Dollar Index (DXY) closing value';
COMMENT ON COLUMN metrics_snapshot.liquidations_long IS
    'Liquidated volume of long positions over 24 hours in BTC';
COMMENT ON COLUMN metrics_snapshot.liquidations_short IS
    'Liquidated volume of short positions over 24 hours in BTC';
COMMENT ON COLUMN metrics_snapshot.liquidation_zones IS
    'Liquidation zones, a JSON array of price bins with volumes. Example: [{"bin_low": 64000, '
    '"bin_high": 64500, "long_vol": 120.5, "short_vol": 80.2}]';
COMMENT ON COLUMN metrics_snapshot.extended_metrics IS
    'Medium- and low-priority signals, a JSON object by category. Example: '
    '{"technical_indicators": {"rsi_7": 61.2, "stochastic_k": 78.4, "stochastic_d": 74.1, '
    '"macd_value": 310.5, "macd_signal": 280.2, "macd_histogram": 30.3, "sma_100": 61250.4, '
    '"sma_50": 63410.9, "sma_20": 64890.1, "ema_100": 61802.7, "ema_50": 63925.3, "ema_20": '
    '65104.6, "bollinger_upper": 68210.3, "bollinger_lower": 61569.9, "bollinger_bandwidth": '
    '0.1023, "atr_14": 1840.6, "adx": 27.5, "di_plus": 24.8, "di_minus": 15.3}, '
    '"trend_metrics": {"momentum_score": 0.66, "consolidation_score": 0.21}, '
    '"sentiment_metrics": {"social_sentiment_score": 0.58, "sentiment_direction": "up", '
    '"twitter_volume": 152000, "reddit_volume": 8400}, "derivatives_metrics": '
    '{"funding_rate_eth": 0.0001, "open_interest_eth": 9800000000, "liquidations_long_24h": '
    '310.2, "liquidations_short_24h": 188.7, "oi_change_24h": 2.4, "funding_rate_trend": '
    '"rising"}, "onchain_metrics": {"exchange_netflow_btc": -1250.5, "exchange_netflow_eth": '
    '-9800.2, "active_addresses_eth": 512000, "whale_to_exchange_volume_btc": 4200.8, '
    '"whale_from_exchange_volume_btc": 5451.3, "supply_on_exchanges_btc": 2350000, '
    '"supply_on_exchanges_eth": 16400000, "tx_volume_btc": 640000, "tx_volume_eth": 2100000, '
    '"miner_outflow": 310.4, "miner_balance_change": -120.6}, "composite_metrics": '
    '{"volatility_index": 54.3, "breadth_advancers_ratio": 0.62, '
    '"breadth_new_highs_lows_ratio": 1.8}, "correlation_metrics": {"corr_eth_btc_30d": 0.87, '
    '"corr_total2_btc_30d": 0.91}, "cycle_metrics": {"btc_epoch_phase": "expansion", '
    '"seasonality_score": 0.4}, "ai_metrics": {"regime_volatility_score": 0.35}}';
COMMENT ON COLUMN metrics_snapshot.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN metrics_snapshot.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';
COMMENT ON CONSTRAINT metrics_snapshot_timeframe_snapshot_time_key ON metrics_snapshot IS
    'one snapshot a time and timeframe; serves the latest snapshot of a timeframe';

CREATE OR REPLACE TRIGGER metrics_snapshot_touch BEFORE UPDATE ON metrics_snapshot
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER metrics_snapshot_touch ON metrics_snapshot IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('market_regime_analysis', '');
SELECT pg_catalog.pg_extension_config_dump('market_regime_analysis_id_seq', '');

COMMENT ON TABLE market_regime_analysis IS
    'Market regimes (bull, bear, sideways) that a model detected in snapshots, with the '
    'signals behind them';
COMMENT ON COLUMN market_regime_analysis.id IS
    'Primary key for market regime analyses';
COMMENT ON COLUMN market_regime_analysis.metrics_snapshot_id IS
    'Snapshot that was analysed';
COMMENT ON COLUMN market_regime_analysis.ai_model_id IS
    'Model version that made the analysis; NULL if the model is gone';
COMMENT ON COLUMN market_regime_analysis.analysis_time IS
    'When this analysis ran';
COMMENT ON COLUMN market_regime_analysis.regime IS
    'Detected regime: Bull, Bear or Sideways';
COMMENT ON COLUMN market_regime_analysis.trend_strength_score IS
    'AI trend strength (0-1)';
COMMENT ON COLUMN market_regime_analysis.breakout_signal IS
    'Whether the price broke a key technical level';
COMMENT ON COLUMN market_regime_analysis.volume_confirmation IS
    'Whether the breakout volume was well above the average volume of the bars before it';
COMMENT ON COLUMN market_regime_analysis.volatility_expansion_score IS
    'Increase of ATR or Bollinger width on the breakout in percent';
COMMENT ON COLUMN market_regime_analysis.retest_confirmation IS
    'Whether the price retested and held the breakout level within the bars allowed for it';
COMMENT ON COLUMN market_regime_analysis.momentum_divergence_score IS
    'Score of the divergence between momentum indicator and price';
COMMENT ON COLUMN market_regime_analysis.multi_timeframe_breakout IS
    'Whether the breakout was confirmed on multiple timeframes';
COMMENT ON COLUMN market_regime_analysis.price_above_ma200 IS
    'Whether the price was above its 200-period SMA; NULL when that average is not known';
COMMENT ON COLUMN market_regime_analysis.key_levels IS
    'Pivotal levels detected by AI, a JSON array with a strength (0-1) each. Example: '
    '[{"type": "support", "value": 64200, "strength": 0.85}, {"type": "support", "value": '
    '63000, "strength": 0.72}, {"type": "resistance", "value": 67000, "strength": 0.67}, '
    '{"type": "trendline", "points": [{"x": "2025-09-20T12:00", "y": 65500}], "strength": '
    '0.60}]';
COMMENT ON COLUMN market_regime_analysis.ai_regime_prediction IS
    'Regime that the model predicts: Bull, Bear or Sideways';
COMMENT ON COLUMN market_regime_analysis.ai_confidence_score IS
    'AI model confidence (0-1)';
COMMENT ON COLUMN market_regime_analysis.signal_agreement_score IS
    'Ensemble agreement across signals (0-1)';
COMMENT ON COLUMN market_regime_analysis.regime_duration_estimate IS
    'Estimated duration of current regime in hours';
COMMENT ON COLUMN market_regime_analysis.analysis_data IS
    'Free-text or structured rationale, as a JSON object. Example: {"rationale": ["BTC above '
    'MA200 and RSI>50", "TOTAL and TOTAL2 rising, BTC.D falling", "Fear & Greed in Greed '
    'zone", "DXY not in strong uptrend"], "notes": "Slightly higher allocation to alts; '
    'medium risk."}';
COMMENT ON COLUMN market_regime_analysis.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN market_regime_analysis.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX market_regime_analysis_analysis_time_idx IS
    'the latest analysis';
COMMENT ON INDEX market_regime_analysis_metrics_snapshot_id_idx IS
    'foreign key to metrics_snapshot';
COMMENT ON INDEX market_regime_analysis_ai_model_id_idx IS
    'foreign key to ai_models';

CREATE OR REPLACE TRIGGER market_regime_analysis_touch BEFORE UPDATE ON market_regime_analysis
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER market_regime_analysis_touch ON market_regime_analysis IS
    'sets updated_at when an UPDATE changes the row';

-- sql/tables/sectors.sql

-- sectors.sql: layer 2, the sectors of the market, their history and their analyses

SELECT pg_catalog.pg_extension_config_dump('sectors', '');
SELECT pg_catalog.pg_extension_config_dump('sectors_id_seq', '');

COMMENT ON TABLE sectors IS
    'Sectors of the crypto market (DeFi, Gaming, Infrastructure, etc.) with latest known '
    'market figures';
COMMENT ON COLUMN sectors.id IS
    'Primary key for crypto sectors';
COMMENT ON COLUMN sectors.coingecko_id IS
    'Identifier of the sector among the categories of CoinGecko, unique; NULL when it has '
    'none there';
COMMENT ON COLUMN sectors.name IS
    'Unique sector name (DeFi, Gaming, Infrastructure, etc.)';
COMMENT ON COLUMN sectors.description IS
    'Detailed description of the sector';
COMMENT ON COLUMN sectors.market_cap IS
    'Latest known market capitalization of the sector in USD';
COMMENT ON COLUMN sectors.market_cap_change_24h IS
    'Change of the sector''s market capitalization over 24 hours in percent, as CoinGecko '
    'reports it';
COMMENT ON COLUMN sectors.volume_24h IS
    'Trading volume of the sector over 24 hours in USD';
COMMENT ON COLUMN sectors.metrics_details IS
    'Recent OHLCV records by timeframe: a JSON object whose keys are timeframe codes, 7 '
    'records under "7d" and so on. Example: {"7d": [{"open": 67100.5, "high": 68250, "low": '
    '66800, "close": 67900.25, "volume": 28400000000}]}';
COMMENT ON COLUMN sectors.top_3_coins_id IS
    'The sector''s three largest assets, an array of assets.id, largest first (e.g. those of '
    'bitcoin, ethereum, binancecoin); assets_exist() tells whether all exist';
COMMENT ON COLUMN sectors.is_active IS
    'Whether this sector is actively tracked';
COMMENT ON COLUMN sectors.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN sectors.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

CREATE OR REPLACE TRIGGER sectors_touch BEFORE UPDATE ON sectors
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER sectors_touch ON sectors IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('sector_history', '');
SELECT pg_catalog.pg_extension_config_dump('sector_history_id_seq', '');

COMMENT ON TABLE sector_history IS
    'Market figures of sectors over time, one row per sector, timeframe and candle time';
COMMENT ON COLUMN sector_history.id IS
    'Primary key for sector history data';
COMMENT ON COLUMN sector_history.sector_id IS
    'Sector the record belongs to';
COMMENT ON COLUMN sector_history.timeframe IS
    'Timeframe of the record (e.g., ''1m'', ''5m'', ''1h'', ''1d'')';
COMMENT ON COLUMN sector_history.market_cap IS
    'Market capitalization of the sector in USD';
COMMENT ON COLUMN sector_history.volume_24h IS
    'Trading volume of the sector over 24 hours in USD';
COMMENT ON COLUMN sector_history.technical_indicators IS
    'Calculated technical indicators (RSI, MACD, etc.) as a JSON object. NULL if not stored '
    'for this sector and timeframe. Example: {"RSI": 56.23, "MACD": {"value": -12.45, '
    '"signal": -10.32, "histogram": -2.13}, "SMA": {"50": 45000.12, "200": 42000.55}, "EMA": '
    '{"20": 45500.78, "100": 43000.44}}';
COMMENT ON COLUMN sector_history.candle_time IS
    'Time of the candle in UTC';
COMMENT ON COLUMN sector_history.created_at IS
    'Record creation timestamp';


SELECT pg_catalog.pg_extension_config_dump('sector_mapping', '');
SELECT pg_catalog.pg_extension_config_dump('sector_mapping_id_seq', '');

COMMENT ON TABLE sector_mapping IS
    'Which assets belong to which sectors, and which sector is primary for an asset';
COMMENT ON COLUMN sector_mapping.id IS
    'Primary key for the mapping of assets to sectors';
COMMENT ON COLUMN sector_mapping.asset_id IS
    'Asset that belongs to the sector';
COMMENT ON COLUMN sector_mapping.sector_id IS
    'Sector the asset belongs to';
COMMENT ON COLUMN sector_mapping.is_primary_sector IS
    'Whether this is the primary sector of the asset; an asset has at most one';
COMMENT ON COLUMN sector_mapping.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN sector_mapping.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX sector_mapping_primary_sector_key IS
    'the primary sector of an asset; at most one';
COMMENT ON INDEX sector_mapping_sector_id_asset_id_idx IS
    'the assets of a sector; foreign key to sectors';

CREATE OR REPLACE TRIGGER sector_mapping_touch BEFORE UPDATE ON sector_mapping
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER sector_mapping_touch ON sector_mapping IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('sector_analysis', '');
SELECT pg_catalog.pg_extension_config_dump('sector_analysis_id_seq', '');

COMMENT ON TABLE sector_analysis IS
    'Analyses of single sectors by timeframe: performance, rotation, liquidity, narratives '
    'and outlook';
COMMENT ON COLUMN sector_analysis.id IS
    'Primary key for sector analysis records';
COMMENT ON COLUMN sector_analysis.metrics_snapshot_id IS
    'Snapshot that was analysed';
COMMENT ON COLUMN sector_analysis.ai_model_id IS
    'Model version that made the analysis; NULL if the model is gone';
COMMENT ON COLUMN sector_analysis.sector_id IS
    'Sector that was analysed (DeFi, L1, L2, NFT, AI, RWA, ...)';
COMMENT ON COLUMN sector_analysis.timeframe IS
    'Period that the analysis covers (e.g., ''1d'', ''7d'', ''30d'')';
COMMENT ON COLUMN sector_analysis.candle_time IS
    'Time of the candle in UTC';
COMMENT ON COLUMN sector_analysis.analysis_time IS
    'When this analysis was executed';
COMMENT ON COLUMN sector_analysis.sector_market_cap IS
    'Total market capitalization of the sector in USD';
COMMENT ON COLUMN sector_analysis.sector_volume_24h IS
    'Trading volume of the sector over 24 hours in USD';
COMMENT ON COLUMN sector_analysis.sector_dominance_pct IS
    'Sector share of the total crypto market in percent';
COMMENT ON COLUMN sector_analysis.performance_24h_pct IS
    'Sector return in the last 24 hours in percent';
COMMENT ON COLUMN sector_analysis.performance_7d_pct IS
    'Sector return in the last 7 days in percent';
COMMENT ON COLUMN sector_analysis.performance_30d_pct IS
    'Sector return in the last 30 days in percent';
COMMENT ON COLUMN sector_analysis.rotation_inflow_score IS
    'AI score for capital inflow into the sector (0-1)';
COMMENT ON COLUMN sector_analysis.rotation_outflow_score IS
    'AI score for capital outflow from the sector (0-1)';
COMMENT ON COLUMN sector_analysis.relative_strength_score IS
    'Relative strength of the sector against BTC or the total market (0-1)';
COMMENT ON COLUMN sector_analysis.liquidity_score IS
    'Liquidity depth score (0-1)';
COMMENT ON COLUMN sector_analysis.volatility_score IS
    'Volatility score (0-1)';
COMMENT ON COLUMN sector_analysis.correlation_with_btc IS
    'Correlation coefficient with BTC returns (-1 to 1)';
COMMENT ON COLUMN sector_analysis.correlation_with_eth IS
    'Correlation coefficient with ETH returns (-1 to 1)';
COMMENT ON COLUMN sector_analysis.narrative_tag IS
    'Array of dominant narratives: ''AI'', ''RWA'', ''DeFi Summer'', ''NFT Boom'', etc.';
COMMENT ON COLUMN sector_analysis.institutional_inflow IS
    'Estimated institutional inflows into the sector in USD; negative for an outflow';
COMMENT ON COLUMN sector_analysis.tvl_total IS
    'Total value locked (TVL) in the sector in USD';
COMMENT ON COLUMN sector_analysis.active_users IS
    'Number of active users in the sector';
COMMENT ON COLUMN sector_analysis.active_protocols IS
    'Number of active protocols in the sector';
COMMENT ON COLUMN sector_analysis.key_signals IS
    'Key signals detected by AI, a JSON array. Example: [{"type": "momentum_leader", "value": '
    'true}, {"type": "liquidity_surge", "value": 0.78}, {"type": "rotation_inflow", "value": '
    '0.85}]';
COMMENT ON COLUMN sector_analysis.ai_sector_outlook IS
    'AI outlook for the sector: Bullish, Bearish or Neutral';
COMMENT ON COLUMN sector_analysis.ai_confidence_score IS
    'AI model confidence score (0-1)';
COMMENT ON COLUMN sector_analysis.signal_agreement_score IS
    'Agreement level across signals (0-1)';
COMMENT ON COLUMN sector_analysis.outlook_duration_estimate IS
    'Estimated duration of the current outlook in hours';
COMMENT ON COLUMN sector_analysis.analysis_data IS
    'Notes and rationale, as a JSON object. Example: {"rationale": ["DeFi TVL +15% in the '
    'past week", "Uniswap trading volume increased by 20%", "DeFi market cap share rose from '
    '12% to 14%"], "notes": "Slightly higher allocation to DeFi short-term, medium risk."}';
COMMENT ON COLUMN sector_analysis.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN sector_analysis.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX sector_analysis_latest_idx IS
    'the latest analysis of every sector for a timeframe';
COMMENT ON INDEX sector_analysis_metrics_snapshot_id_idx IS
    'foreign key to metrics_snapshot';
COMMENT ON INDEX sector_analysis_ai_model_id_idx IS
    'foreign key to ai_models';
COMMENT ON INDEX sector_analysis_sector_id_idx IS
    'foreign key to sectors';

CREATE OR REPLACE TRIGGER sector_analysis_touch BEFORE UPDATE ON sector_analysis
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER sector_analysis_touch ON sector_analysis IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('cross_sector_analysis', '');
SELECT pg_catalog.pg_extension_config_dump('cross_sector_analysis_id_seq', '');

COMMENT ON TABLE cross_sector_analysis IS
    'Analyses across all sectors: rotation, ranking, correlation, narratives and overall '
    'outlook';
COMMENT ON COLUMN cross_sector_analysis.id IS
    'Primary key for cross-sector analysis records';
COMMENT ON COLUMN cross_sector_analysis.metrics_snapshot_id IS
    'Snapshot that was analysed';
COMMENT ON COLUMN cross_sector_analysis.ai_model_id IS
    'Model version that made the analysis; NULL if the model is gone';
COMMENT ON COLUMN cross_sector_analysis.analysis_time IS
    'When this cross-sector analysis was executed';
COMMENT ON COLUMN cross_sector_analysis.sector_rotation_flows IS
    'Matrix of capital flows between sectors, a JSON object of scores (0-1). Example: '
    '{"DeFi→AI": 0.72, "AI→NFT": 0.15, "L1→RWA": 0.60}';
COMMENT ON COLUMN cross_sector_analysis.sector_performance_ranking IS
    'Ranking of sectors by performance, a JSON array with returns in percent. Example: '
    '[{"sector": "AI", "return_7d": 12.5, "rank": 1}, {"sector": "DeFi", "return_7d": 8.2, '
    '"rank": 2}, {"sector": "NFT", "return_7d": -3.1, "rank": 5}]';
COMMENT ON COLUMN cross_sector_analysis.liquidity_comparison IS
    'Liquidity comparison across sectors, a JSON object of scores (0-1). Example: {"AI": '
    '0.85, "DeFi": 0.78, "NFT": 0.40}';
COMMENT ON COLUMN cross_sector_analysis.volatility_comparison IS
    'Volatility comparison across sectors, a JSON object of scores (0-1). Example: {"AI": '
    '0.65, "DeFi": 0.55, "NFT": 0.90}';
COMMENT ON COLUMN cross_sector_analysis.dominance_distribution IS
    'Market share of each sector, a JSON object of percentages. Example: {"BTC": 48.2, '
    '"DeFi": 14.1, "AI": 6.5, "NFT": 2.3}';
COMMENT ON COLUMN cross_sector_analysis.correlation_matrix IS
    'Correlation matrix of returns between sectors, a JSON object of objects. Example: '
    '{"DeFi": {"AI": 0.72, "NFT": 0.55}, "AI": {"DeFi": 0.72, "NFT": 0.40}}';
COMMENT ON COLUMN cross_sector_analysis.narrative_trends IS
    'Dominant narratives across sectors, a JSON array with a strength (0-1) each. Example: '
    '[{"sector": "AI", "narrative": "AI Agents", "strength": 0.88}, {"sector": "RWA", '
    '"narrative": "Tokenized Treasuries", "strength": 0.75}]';
COMMENT ON COLUMN cross_sector_analysis.risk_reward_map IS
    'Risk against reward across sectors, a JSON array of scores (0-1). Example: [{"sector": '
    '"AI", "risk": 0.8, "reward": 0.9}, {"sector": "DeFi", "risk": 0.6, "reward": 0.7}]';
COMMENT ON COLUMN cross_sector_analysis.ai_market_outlook IS
    'AI outlook for the overall crypto market: Bullish, Bearish or Neutral';
COMMENT ON COLUMN cross_sector_analysis.ai_confidence_score IS
    'AI model confidence score (0-1)';
COMMENT ON COLUMN cross_sector_analysis.signal_agreement_score IS
    'Agreement level across AI signals (0-1)';
COMMENT ON COLUMN cross_sector_analysis.outlook_duration_estimate IS
    'Estimated duration of the current outlook in hours';
COMMENT ON COLUMN cross_sector_analysis.analysis_data IS
    'Notes and rationale, as a JSON object. Example: {"rationale": ["Capital rotating from L1 '
    'into DeFi and AI", "NFTs show low correlation with other sectors", "RWA attracting '
    'institutional inflows"], "notes": "Portfolio allocation: overweight AI and DeFi, '
    'underweight NFT"}';
COMMENT ON COLUMN cross_sector_analysis.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN cross_sector_analysis.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX cross_sector_analysis_metrics_snapshot_id_idx IS
    'foreign key to metrics_snapshot';
COMMENT ON INDEX cross_sector_analysis_ai_model_id_idx IS
    'foreign key to ai_models';

CREATE OR REPLACE TRIGGER cross_sector_analysis_touch BEFORE UPDATE ON cross_sector_analysis
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER cross_sector_analysis_touch ON cross_sector_analysis IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('sector_rotation_flows', '');
SELECT pg_catalog.pg_extension_config_dump('sector_rotation_flows_id_seq', '');

COMMENT ON TABLE sector_rotation_flows IS
    'Capital flows between pairs of sectors, one row per pair found by a cross-sector analysis';
COMMENT ON COLUMN sector_rotation_flows.id IS
    'Primary key for rotation flows between sectors';
COMMENT ON COLUMN sector_rotation_flows.cross_sector_analysis_id IS
    'Cross-sector analysis that found the flow';
COMMENT ON COLUMN sector_rotation_flows.from_sector_id IS
    'Source sector, which capital leaves';
COMMENT ON COLUMN sector_rotation_flows.to_sector_id IS
    'Destination sector, which capital enters';
COMMENT ON COLUMN sector_rotation_flows.score IS
    'Rotation score (0-1)';
COMMENT ON COLUMN sector_rotation_flows.created_at IS
    'Record creation timestamp';

COMMENT ON INDEX sector_rotation_flows_from_sector_id_idx IS
    'foreign key to sectors';
COMMENT ON INDEX sector_rotation_flows_to_sector_id_idx IS
    'foreign key to sectors';

-- sql/tables/signals.sql

-- signals.sql: layer 4, signals to trade on and the alerts users set

SELECT pg_catalog.pg_extension_config_dump('trading_signals', '');
SELECT pg_catalog.pg_extension_config_dump('trading_signals_id_seq', '');

COMMENT ON TABLE trading_signals IS
    'Long and short signals with entry, target and stop, drawn from predictions';
COMMENT ON COLUMN trading_signals.id IS
    'Primary key for trading signal identification';
COMMENT ON COLUMN trading_signals.asset_id IS
    'Asset this signal applies to';
COMMENT ON COLUMN trading_signals.prediction_id IS
    'Prediction behind this signal; NULL if none is or it is gone';
COMMENT ON COLUMN trading_signals.signal_type IS
    'Type of trading signal: long or short position';
COMMENT ON COLUMN trading_signals.entry_price IS
    'Recommended entry price in USD';
COMMENT ON COLUMN trading_signals.target_price IS
    'Target price for profit taking in USD';
COMMENT ON COLUMN trading_signals.stop_loss IS
    'Stop loss price for risk management in USD';
COMMENT ON COLUMN trading_signals.risk_level IS
    'Risk level assessment: low, medium, high or extreme';
COMMENT ON COLUMN trading_signals.risk_reward_ratio IS
    'Potential reward divided by risk: distance to the target over distance to the stop';
COMMENT ON COLUMN trading_signals.time_horizon_hours IS
    'Expected time horizon for this signal in hours';
COMMENT ON COLUMN trading_signals.status IS
    'Signal status: active, executed, expired or cancelled';
COMMENT ON COLUMN trading_signals.expires_at IS
    'When this signal expires; NULL if it does not';
COMMENT ON COLUMN trading_signals.created_at IS
    'When this signal was generated';
COMMENT ON COLUMN trading_signals.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';
COMMENT ON CONSTRAINT trading_signals_levels_check ON trading_signals IS
    'a long signal has stop_loss < entry_price < target_price, a short one the reverse; a '
    'level that is NULL is left out';

COMMENT ON INDEX trading_signals_live_idx IS
    'the active signals that have not expired';
COMMENT ON INDEX trading_signals_asset_id_idx IS
    'the signals for an asset; foreign key to assets';
COMMENT ON INDEX trading_signals_prediction_id_idx IS
    'foreign key to predictions';

CREATE OR REPLACE TRIGGER trading_signals_touch BEFORE UPDATE ON trading_signals
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER trading_signals_touch ON trading_signals IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('signal_alerts', '');
SELECT pg_catalog.pg_extension_config_dump('signal_alerts_id_seq', '');

COMMENT ON TABLE signal_alerts IS
    'Alerts that users set on assets, and whether they have gone off';
COMMENT ON COLUMN signal_alerts.id IS
    'Primary key for signal alerts';
COMMENT ON COLUMN signal_alerts.user_id IS
    'User who created this alert';
COMMENT ON COLUMN signal_alerts.asset_id IS
    'Asset this alert monitors';
COMMENT ON COLUMN signal_alerts.alert_type IS
    'Alert type: price_target, signal_generated or volume_spike';
COMMENT ON COLUMN signal_alerts.trigger_value IS
    'Value that triggers the alert: a price or volume in USD, or a change in percent when '
    'condition is percentage_change; NULL when alert_type needs none';
COMMENT ON COLUMN signal_alerts.condition IS
    'Condition: above, below, equals or percentage_change; NULL when alert_type needs none';
COMMENT ON COLUMN signal_alerts.is_active IS
    'Whether the alert is currently active';
COMMENT ON COLUMN signal_alerts.is_triggered IS
    'Whether the alert has been triggered';
COMMENT ON COLUMN signal_alerts.message IS
    'Custom alert message';
COMMENT ON COLUMN signal_alerts.notification_method IS
    'How to notify: email, push or sms';
COMMENT ON COLUMN signal_alerts.triggered_at IS
    'When the alert was triggered; NULL before that';
COMMENT ON COLUMN signal_alerts.last_checked IS
    'Last time the alert condition was checked';
COMMENT ON COLUMN signal_alerts.expires_at IS
    'When the alert expires; NULL if it does not';
COMMENT ON COLUMN signal_alerts.created_at IS
    'Alert creation timestamp';
COMMENT ON COLUMN signal_alerts.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX signal_alerts_pending_idx IS
    'the waiting alerts of an asset, and the oldest of them';
COMMENT ON INDEX signal_alerts_user_id_idx IS
    'the alerts of a user; foreign key to users';
COMMENT ON INDEX signal_alerts_asset_id_idx IS
    'serves the foreign key to assets';

CREATE OR REPLACE TRIGGER signal_alerts_touch BEFORE UPDATE ON signal_alerts
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER signal_alerts_touch ON signal_alerts IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('signal_executions', '');

COMMENT ON TABLE signal_executions IS
    'Who has traded on which signal, noted by a trigger when a trade names an active signal';
COMMENT ON COLUMN signal_executions.user_id IS
    'User who traded on the signal';
COMMENT ON COLUMN signal_executions.signal_id IS
    'Signal that was traded on';
COMMENT ON COLUMN signal_executions.executed_at IS
    'When the first of the trades that came together was made; later trades do not change it';

COMMENT ON INDEX signal_executions_signal_id_idx IS
    'who has traded on a signal; foreign key to trading_signals';

-- sql/tables/portfolios.sql

-- portfolios.sql: layer 3, the assets that users watch, hold and trade

SELECT pg_catalog.pg_extension_config_dump('watchlists', '');
SELECT pg_catalog.pg_extension_config_dump('watchlists_id_seq', '');

COMMENT ON TABLE watchlists IS
    'Named lists of assets: system defaults and those of users';
COMMENT ON COLUMN watchlists.id IS
    'Primary key for watchlist identification';
COMMENT ON COLUMN watchlists.name IS
    'Watchlist name, as the user sees it';
COMMENT ON COLUMN watchlists.description IS
    'Detailed description of watchlist purpose';
COMMENT ON COLUMN watchlists.user_id IS
    'User who owns the watchlist; NULL for a system default';
COMMENT ON COLUMN watchlists.watchlist_type IS
    'Type of watchlist: default (of the system) or personal (of a user)';
COMMENT ON COLUMN watchlists.is_active IS
    'Whether this watchlist is currently active';
COMMENT ON COLUMN watchlists.is_public IS
    'Whether this watchlist can be shared (future feature)';
COMMENT ON COLUMN watchlists.max_assets IS
    'Maximum number of assets allowed in this watchlist';
COMMENT ON COLUMN watchlists.sort_order IS
    'Order for displaying multiple watchlists, lowest first';
COMMENT ON COLUMN watchlists.created_at IS
    'Watchlist creation timestamp';
COMMENT ON COLUMN watchlists.updated_at IS
    'Last modification timestamp, set when an UPDATE changes the row';
COMMENT ON CONSTRAINT watchlists_owner_check ON watchlists IS
    'a default watchlist belongs to nobody, a personal one to a user';

COMMENT ON INDEX watchlists_user_id_idx IS
    'the watchlists of a user; foreign key to users';

CREATE OR REPLACE TRIGGER watchlists_touch BEFORE UPDATE ON watchlists
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER watchlists_touch ON watchlists IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('watchlist_assets', '');
SELECT pg_catalog.pg_extension_config_dump('watchlist_assets_id_seq', '');

COMMENT ON TABLE watchlist_assets IS
    'Assets on watchlists, each with the position type to watch for';
COMMENT ON COLUMN watchlist_assets.id IS
    'Primary key for watchlist asset entries';
COMMENT ON COLUMN watchlist_assets.watchlist_id IS
    'Watchlist the entry belongs to';
COMMENT ON COLUMN watchlist_assets.asset_id IS
    'Asset that is watched';
COMMENT ON COLUMN watchlist_assets.position_type IS
    'Type of position to watch for: long or short';
COMMENT ON COLUMN watchlist_assets.position IS
    'Rank within the watchlist for ordering, lowest first';
COMMENT ON COLUMN watchlist_assets.notes IS
    'User or admin notes about this asset inclusion';
COMMENT ON COLUMN watchlist_assets.is_active IS
    'Whether this asset is currently active in the watchlist';
COMMENT ON COLUMN watchlist_assets.added_by IS
    'User who added this asset (admin or user); NULL if that user is gone';
COMMENT ON COLUMN watchlist_assets.last_modified_by IS
    'User who last modified this entry; NULL if nobody has or that user is gone';
COMMENT ON COLUMN watchlist_assets.created_at IS
    'When this asset was added to the watchlist';
COMMENT ON COLUMN watchlist_assets.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

COMMENT ON INDEX watchlist_assets_active_idx IS
    'the active entries of a watchlist in their order';
COMMENT ON INDEX watchlist_assets_asset_id_idx IS
    'the watchlists that hold an asset; foreign key to assets';
COMMENT ON INDEX watchlist_assets_added_by_idx IS
    'foreign key to users';
COMMENT ON INDEX watchlist_assets_last_modified_by_idx IS
    'foreign key to users';

CREATE OR REPLACE TRIGGER watchlist_assets_touch BEFORE UPDATE ON watchlist_assets
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER watchlist_assets_touch ON watchlist_assets IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('portfolio', '');
SELECT pg_catalog.pg_extension_config_dump('portfolio_id_seq', '');

COMMENT ON TABLE portfolio IS
    'Positions that users hold or held, in assets of the system and in external ones';
COMMENT ON COLUMN portfolio.id IS
    'Primary key for positions';
COMMENT ON COLUMN portfolio.user_id IS
    'User who holds the position';
COMMENT ON COLUMN portfolio.asset_id IS
    'Asset held, if it is available in the system; NULL for an external asset';
COMMENT ON COLUMN portfolio.asset_symbol IS
    'Symbol of the asset held, whether it is available in the system or not';
COMMENT ON COLUMN portfolio.external_asset_info IS
    'Description of an external asset, one that is not available in the system, as a JSON '
    'object';
COMMENT ON COLUMN portfolio.asset_type IS
    'Type of holding: Crypto Asset, Stablecoin, Long Position or Short Position';
COMMENT ON COLUMN portfolio.leverage_ratio IS
    'Leverage of the position; 1.0 is no leverage';
COMMENT ON COLUMN portfolio.quantity IS
    'Remaining quantity in units of the asset';
COMMENT ON COLUMN portfolio.entry_price IS
    'Entry price in USD, the average of partial entries';
COMMENT ON COLUMN portfolio.exit_price IS
    'Exit price in USD, the average of partial exits';
COMMENT ON COLUMN portfolio.trade_status IS
    'Status of the position: open, reducing, closed, accumulating or exit_plan';
COMMENT ON COLUMN portfolio.pnl_realized_usd IS
    'Realized profit or loss in USD';
COMMENT ON COLUMN portfolio.allocation_target_percent IS
    'Target share of the portfolio in percent';
COMMENT ON COLUMN portfolio.investment_thesis IS
    'Investment rationale';
COMMENT ON COLUMN portfolio.investment_timeframe IS
    'Investment horizon: short_term, medium_term or long_term';
COMMENT ON COLUMN portfolio.risk_category IS
    'Risk category: conservative, moderate or aggressive';
COMMENT ON COLUMN portfolio.stop_loss_price IS
    'Stop loss price of the position in USD';
COMMENT ON COLUMN portfolio.take_profit_price IS
    'Take profit price of the position in USD';
COMMENT ON COLUMN portfolio.max_allocation_percent IS
    'Largest share of the portfolio the position may take in percent';
COMMENT ON COLUMN portfolio.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN portfolio.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';
COMMENT ON COLUMN portfolio.open_cost IS
    'What the remaining quantity has cost in USD, to the last digit; triggers keep this and the columns that follow, so that an action is added without reading those before it';
COMMENT ON COLUMN portfolio.exited_quantity IS
    'Quantity of the exits since the position was opened';
COMMENT ON COLUMN portfolio.exit_proceeds IS
    'Money of the exits since the position was opened, in USD';
COMMENT ON COLUMN portfolio.counted_until IS
    'created_at of the last action that is counted; NULL if the next one makes the whole history count';
COMMENT ON COLUMN portfolio.counted_action IS
    'Identifier of the last action that is counted';
COMMENT ON CONSTRAINT portfolio_asset_check ON portfolio IS
    'what is held is known: an asset of the system, or a description of an external one';

COMMENT ON INDEX portfolio_open_idx IS
    'the positions of a user that are not closed';
COMMENT ON INDEX portfolio_user_id_idx IS
    'all positions of a user; foreign key to users';
COMMENT ON INDEX portfolio_asset_id_idx IS
    'the positions in an asset; foreign key to assets';

CREATE OR REPLACE TRIGGER portfolio_touch BEFORE UPDATE ON portfolio
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER portfolio_touch ON portfolio IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('trade_actions', '');
SELECT pg_catalog.pg_extension_config_dump('trade_actions_id_seq', '');

COMMENT ON TABLE trade_actions IS
    'Single actions on a position (buy, sell, move a stop) with the trader''s reasons and '
    'state of mind';
COMMENT ON COLUMN trade_actions.id IS
    'Primary key for trade actions';
COMMENT ON COLUMN trade_actions.portfolio_id IS
    'Position that the action changed';
COMMENT ON COLUMN trade_actions.action_type IS
    'Type of action: buy, sell, partial_sell, entry, partial_exit, full_exit, modify_sl or '
    'modify_tp';
COMMENT ON COLUMN trade_actions.asset_price IS
    'Price in USD at the time of this action';
COMMENT ON COLUMN trade_actions.quantity IS
    'Quantity of this action in units of the asset; may be 0 only when a stop or target is '
    'moved';
COMMENT ON COLUMN trade_actions.fees_paid IS
    'Fee paid for this action in USD; negative for a rebate';
COMMENT ON COLUMN trade_actions.pnl_realized_usd IS
    'Realized profit or loss of a full or partial exit in USD, computed as that of the position is; 0 for any other action';
COMMENT ON COLUMN trade_actions.timeframe IS
    'Timeframe the decision was made on: 1m, 5m, 15m, 1h, 4h or 1d';
COMMENT ON COLUMN trade_actions.emotion_state IS
    'Emotion during this action (e.g., ''confident'', ''fearful'', ''fomo'', ''calm'', '
    '''stressed'')';
COMMENT ON COLUMN trade_actions.confidence_level IS
    'Confidence in this action, from 1 (low) to 10 (high)';
COMMENT ON COLUMN trade_actions.stress_level IS
    'Stress during this action, from 1 (low) to 10 (high)';
COMMENT ON COLUMN trade_actions.market_sentiment IS
    'Sentiment of the market: bullish, bearish or sideways';
COMMENT ON COLUMN trade_actions.volatility_level IS
    'Volatility level: low, medium, high or extreme';
COMMENT ON COLUMN trade_actions.volume_profile IS
    'Volume compared with usual: above_average, below_average or normal';
COMMENT ON COLUMN trade_actions.primary_setup IS
    'Setup traded: breakout, pullback, reversal or trend_follow';
COMMENT ON COLUMN trade_actions.confirmation_signals IS
    'Signals used as confirmation (RSI, MACD, etc.), in JSON';
COMMENT ON COLUMN trade_actions.chart_pattern IS
    'Chart pattern, an open list: ''triangle'', ''flag'', ''head_shoulders''';
COMMENT ON COLUMN trade_actions.analysis_snapshot IS
    'Snapshot of the analysis at entry or exit, as a JSON object';
COMMENT ON COLUMN trade_actions.stop_loss IS
    'Stop loss price in USD at the time of this action';
COMMENT ON COLUMN trade_actions.take_profit IS
    'Take profit price in USD at the time of this action';
COMMENT ON COLUMN trade_actions.capital_amount IS
    'Capital in USD at the time of the trade';
COMMENT ON COLUMN trade_actions.risk_percent IS
    'Share of total capital at risk in this action in percent';
COMMENT ON COLUMN trade_actions.reason IS
    'Reason for this action (e.g., ''hit_tp'', ''stop_loss'', ''manual_exit'', '
    '''market_news'', ''rebalance'')';
COMMENT ON COLUMN trade_actions.action_source IS
    'Source of the action: manual, ai_signal, copy_trade or algorithm';
COMMENT ON COLUMN trade_actions.signal_id IS
    'Trading signal behind the action, if AI-generated; NULL if none is or it is gone';
COMMENT ON COLUMN trade_actions.lesson_learned IS
    'Lessons learned: mistakes made, what was right, what was wrong';
COMMENT ON COLUMN trade_actions.notes IS
    'Notes for this action';
COMMENT ON COLUMN trade_actions.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN trade_actions.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';
COMMENT ON CONSTRAINT trade_actions_quantity_check ON trade_actions IS
    'moving a stop or a target may trade nothing, any other action trades something';

COMMENT ON INDEX trade_actions_portfolio_id_created_at_id_idx IS
    'the actions on a position in their order; foreign key to portfolio';
COMMENT ON INDEX trade_actions_signal_id_idx IS
    'the actions a signal led to; foreign key to trading_signals';

CREATE OR REPLACE TRIGGER trade_actions_touch BEFORE UPDATE ON trade_actions
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER trade_actions_touch ON trade_actions IS
    'sets updated_at when an UPDATE changes the row';

-- sql/tables/operations.sql

-- operations.sql: the health of the system itself, and its notifications to users

SELECT pg_catalog.pg_extension_config_dump('system_health', '');
SELECT pg_catalog.pg_extension_config_dump('system_health_id_seq', '');

COMMENT ON TABLE system_health IS
    'Health checks of the system, one row per check';
COMMENT ON COLUMN system_health.id IS
    'Primary key for system health monitoring';
COMMENT ON COLUMN system_health.check_time IS
    'When this health check was performed';
COMMENT ON COLUMN system_health.api_status IS
    'Status of various API endpoints and services, as a JSON object';
COMMENT ON COLUMN system_health.database_status IS
    'Database performance and connection status, as a JSON object';
COMMENT ON COLUMN system_health.ml_models_status IS
    'Status and performance of ML models, as a JSON object';
COMMENT ON COLUMN system_health.data_pipeline_status IS
    'Status of data ingestion and processing pipelines, as a JSON object';
COMMENT ON COLUMN system_health.overall_health_score IS
    'Overall system health score (0-100)';
COMMENT ON COLUMN system_health.performance_metrics IS
    'System performance metrics and KPIs, as a JSON object';
COMMENT ON COLUMN system_health.error_logs IS
    'Recent error logs and issues, in JSON';
COMMENT ON COLUMN system_health.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN system_health.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

CREATE OR REPLACE TRIGGER system_health_touch BEFORE UPDATE ON system_health
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER system_health_touch ON system_health IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('analytics_data', '');
SELECT pg_catalog.pg_extension_config_dump('analytics_data_id_seq', '');

COMMENT ON TABLE analytics_data IS
    'Values of usage and performance metrics, by category and aggregation level';
COMMENT ON COLUMN analytics_data.id IS
    'Primary key for analytics data storage';
COMMENT ON COLUMN analytics_data.category IS
    'Analytics category: user_behavior, api_usage or performance';
COMMENT ON COLUMN analytics_data.metric_name IS
    'Name of the metric being tracked';
COMMENT ON COLUMN analytics_data.metric_value IS
    'Value of the metric, in the metric''s own unit';
COMMENT ON COLUMN analytics_data.dimensions IS
    'Metric dimensions and breakdown, as a JSON object';
COMMENT ON COLUMN analytics_data.aggregation_level IS
    'Aggregation: hourly, daily, weekly or monthly; NULL for a single measurement';
COMMENT ON COLUMN analytics_data.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN analytics_data.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

CREATE OR REPLACE TRIGGER analytics_data_touch BEFORE UPDATE ON analytics_data
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER analytics_data_touch ON analytics_data IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('external_api_logs', '');
SELECT pg_catalog.pg_extension_config_dump('external_api_logs_id_seq', '');

COMMENT ON TABLE external_api_logs IS
    'Append-only log of calls to external APIs';
COMMENT ON COLUMN external_api_logs.id IS
    'Primary key for external API logging';
COMMENT ON COLUMN external_api_logs.api_provider IS
    'External API provider: coingecko, binance, etc.';
COMMENT ON COLUMN external_api_logs.endpoint IS
    'API endpoint called';
COMMENT ON COLUMN external_api_logs.http_method IS
    'HTTP method used; NULL for a stream';
COMMENT ON COLUMN external_api_logs.response_status IS
    'HTTP response status code (100-599); NULL when no response came';
COMMENT ON COLUMN external_api_logs.response_time_ms IS
    'Response time in milliseconds; roll-ups and health checks count what is longer than 10^9 as 10^9';
COMMENT ON COLUMN external_api_logs.request_params IS
    'Request parameters sent, in JSON';
COMMENT ON COLUMN external_api_logs.response_data IS
    'Response data received (if successful), in JSON';
COMMENT ON COLUMN external_api_logs.error_message IS
    'Error message if the request failed';
COMMENT ON COLUMN external_api_logs.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN external_api_logs.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

CREATE OR REPLACE TRIGGER external_api_logs_touch BEFORE UPDATE ON external_api_logs
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER external_api_logs_touch ON external_api_logs IS
    'sets updated_at when an UPDATE changes the row';


SELECT pg_catalog.pg_extension_config_dump('background_tasks', '');
SELECT pg_catalog.pg_extension_config_dump('background_tasks_id_seq', '');

COMMENT ON TABLE background_tasks IS
    'Background tasks with their progress and results';
COMMENT ON COLUMN background_tasks.id IS
    'Primary key for background task tracking';
COMMENT ON COLUMN background_tasks.task_name IS
    'Name of the background task';
COMMENT ON COLUMN background_tasks.task_type IS
    'Type of task: data_sync, model_training or cleanup';
COMMENT ON COLUMN background_tasks.status IS
    'Status: pending, running, completed or failed';
COMMENT ON COLUMN background_tasks.task_params IS
    'Task parameters and configuration, as a JSON object';
COMMENT ON COLUMN background_tasks.result_data IS
    'Task execution results, as a JSON object';
COMMENT ON COLUMN background_tasks.error_message IS
    'Error message if the task failed';
COMMENT ON COLUMN background_tasks.started_at IS
    'When task execution started; NULL before that';
COMMENT ON COLUMN background_tasks.completed_at IS
    'When task execution completed; NULL before that';
COMMENT ON COLUMN background_tasks.execution_time_seconds IS
    'Total execution time in seconds';
COMMENT ON COLUMN background_tasks.created_at IS
    'Task creation timestamp';
COMMENT ON COLUMN background_tasks.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

CREATE OR REPLACE TRIGGER background_tasks_touch BEFORE UPDATE ON background_tasks
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER background_tasks_touch ON background_tasks IS
    'sets updated_at when an UPDATE changes the row';


-- updated in place: no index has a column that changes, and a page has room for new versions
SELECT pg_catalog.pg_extension_config_dump('maintenance_runs', '');

COMMENT ON TABLE maintenance_runs IS
    'Steps of maintain(): how the last run of each went, and counts of all of them';
COMMENT ON COLUMN maintenance_runs.step IS 'Step, as maintenance_steps() names it';
COMMENT ON COLUMN maintenance_runs.status IS 'The last run: running, completed or failed';
COMMENT ON COLUMN maintenance_runs.as_of IS 'Moment that the last run took for now';
COMMENT ON COLUMN maintenance_runs.completed_as_of IS
    'Moment that the last completed run took for now; NULL before there is one';
COMMENT ON COLUMN maintenance_runs.pid IS 'Process of the server that the last run was, or is, in';
COMMENT ON COLUMN maintenance_runs.started_at IS 'When the last run began';
COMMENT ON COLUMN maintenance_runs.completed_at IS 'When the last run ended; NULL while it runs';
COMMENT ON COLUMN maintenance_runs.execution_time_seconds IS 'How long the last run took, in seconds';
COMMENT ON COLUMN maintenance_runs.rows IS 'Rows that the last run wrote or removed';
COMMENT ON COLUMN maintenance_runs.errors IS 'Errors of the last run';
COMMENT ON COLUMN maintenance_runs.error_state IS 'SQLSTATE of the first of them';
COMMENT ON COLUMN maintenance_runs.error_message IS 'The first of them: asset, SQLSTATE and message';
COMMENT ON COLUMN maintenance_runs.error_detail IS 'Detail of the first of them';
COMMENT ON COLUMN maintenance_runs.cut_off IS
    'Whether the last run was cancelled or its session was lost: the next call takes the step last';
COMMENT ON COLUMN maintenance_runs.last_asset IS
    'Asset that a run was cut off at: the next one begins with the asset after it';
COMMENT ON COLUMN maintenance_runs.runs IS 'Number of runs';
COMMENT ON COLUMN maintenance_runs.failed_runs IS 'Number of runs that failed';
COMMENT ON COLUMN maintenance_runs.total_rows IS 'Rows of all runs';
COMMENT ON COLUMN maintenance_runs.task_id IS
    'Row of background_tasks that records the failures since the last completed run';


SELECT pg_catalog.pg_extension_config_dump('notifications', '');
SELECT pg_catalog.pg_extension_config_dump('notifications_id_seq', '');

COMMENT ON TABLE notifications IS
    'Messages to users: signals, alerts, system notices and educational content';
COMMENT ON COLUMN notifications.id IS
    'Primary key for notification tracking';
COMMENT ON COLUMN notifications.user_id IS
    'User receiving this notification';
COMMENT ON COLUMN notifications.notification_type IS
    'Type of notification: signal, alert, system or educational';
COMMENT ON COLUMN notifications.title IS
    'Notification title or subject';
COMMENT ON COLUMN notifications.message IS
    'Notification message content';
COMMENT ON COLUMN notifications.data IS
    'Additional notification data and metadata, as a JSON object';
COMMENT ON COLUMN notifications.status IS
    'Notification status: unread, read or dismissed';
COMMENT ON COLUMN notifications.priority IS
    'Notification priority: low, normal, high or urgent';
COMMENT ON COLUMN notifications.scheduled_for IS
    'When the notification should be sent; NULL for at once';
COMMENT ON COLUMN notifications.sent_at IS
    'When the notification was actually sent; NULL before that';
COMMENT ON COLUMN notifications.read_at IS
    'When the user read the notification; NULL before that';
COMMENT ON COLUMN notifications.expires_at IS
    'When the notification expires; NULL if it does not';
COMMENT ON COLUMN notifications.created_at IS
    'Notification creation timestamp';
COMMENT ON COLUMN notifications.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';
COMMENT ON CONSTRAINT notifications_read_at_check ON notifications IS
    'what is read was read at some time';

COMMENT ON INDEX notifications_unread_idx IS
    'the number of unread notifications of a user';
COMMENT ON INDEX notifications_user_id_idx IS
    'the notifications of a user; foreign key to users';

CREATE OR REPLACE TRIGGER notifications_touch BEFORE UPDATE ON notifications
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER notifications_touch ON notifications IS
    'sets updated_at when an UPDATE changes the row';

-- sql/tables/views.sql

-- Views over the tables.

CREATE OR REPLACE VIEW @extschema@.price_history WITH (security_invoker = true) AS
    SELECT p.id, p.asset_id, p.timeframe, p.open_price, p.high_price, p.low_price, p.close_price,
           p.volume, p.market_cap, p.technical_indicators, p.candle_time, p.created_at,
           false AS archived, false AS compressed
    FROM price_data AS p
    UNION ALL
    SELECT a.id, a.asset_id, a.timeframe, a.open_price, a.high_price, a.low_price, a.close_price,
           a.volume, a.market_cap, a.technical_indicators, a.candle_time, a.created_at,
           true AS archived, false AS compressed
    FROM price_data_archive AS a
    UNION ALL
    SELECT c.id, c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
           c.volume, c.market_cap, c.technical_indicators, c.candle_time, c.created_at,
           true AS archived, true AS compressed
    FROM price_data_compressed AS c;
COMMENT ON VIEW price_history IS
    'all candles, live, archived and compressed; each candle is in one place, so it appears once';
COMMENT ON COLUMN price_history.id IS 'identifier, kept when the candle moves or is compressed';
COMMENT ON COLUMN price_history.asset_id IS 'asset, assets.id';
COMMENT ON COLUMN price_history.timeframe IS 'length of the candle, a code such as 1h';
COMMENT ON COLUMN price_history.open_price IS 'price at the start of the candle';
COMMENT ON COLUMN price_history.high_price IS 'highest price in the candle';
COMMENT ON COLUMN price_history.low_price IS 'lowest price in the candle';
COMMENT ON COLUMN price_history.close_price IS 'price at the end of the candle';
COMMENT ON COLUMN price_history.volume IS 'traded volume, in USD; NULL when not known';
COMMENT ON COLUMN price_history.market_cap IS 'market capitalization, in USD; NULL when not known';
COMMENT ON COLUMN price_history.technical_indicators IS 'indicators of the candle as a JSON object; archived rows have them only if they were kept';
COMMENT ON COLUMN price_history.candle_time IS 'start of the candle';
COMMENT ON COLUMN price_history.created_at IS 'when the candle was first stored, kept when the row moves';
COMMENT ON COLUMN price_history.archived IS 'whether the candle is in price_data_archive or compressed';
COMMENT ON COLUMN price_history.compressed IS 'whether the candle is compressed';

CREATE OR REPLACE VIEW @extschema@.model_leaderboard WITH (security_invoker = true) AS
    WITH ordered AS (
        -- of several evaluations of one date the one whose range ends last, and of those the longest
        SELECT p.model_id, p.evaluation_metric, p.metric_value, p.evaluation_date, p.evaluated_predictions_count,
               rank() OVER (PARTITION BY p.model_id
                            ORDER BY p.evaluation_date DESC,
                                     p.evaluation_data_range ->> 'until' COLLATE "C" DESC NULLS FIRST,
                                     p.evaluation_data_range ->> 'since' COLLATE "C" NULLS FIRST) AS place
        FROM model_performance AS p
    ), latest AS (
        -- one evaluation: a metric that it lacks is unknown, whatever an older evaluation has
        SELECT o.* FROM ordered AS o WHERE o.place = 1
    ), metrics AS (
        SELECT l.model_id,
               max(l.evaluation_date) AS evaluation_date,
               max(l.evaluated_predictions_count) AS predictions,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'accuracy') AS accuracy,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'directional_accuracy') AS directional_accuracy,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'mae') AS mae,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'rmse') AS rmse,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'mape') AS mape,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'smape') AS smape,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'r2') AS r2,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'brier_score') AS brier_score,
               max(l.metric_value) FILTER (WHERE l.evaluation_metric = 'sharpe_ratio') AS sharpe_ratio
        FROM latest AS l
        GROUP BY l.model_id
    )
    SELECT rank() OVER (ORDER BY x.mape, x.directional_accuracy DESC NULLS LAST, x.accuracy DESC NULLS LAST) AS rank,
           m.id AS model_id, m.name, m.version, m.model_type, m.is_active,
           x.evaluation_date, x.predictions, x.accuracy, x.directional_accuracy, x.mae, x.rmse,
           x.mape, x.smape, x.r2, x.brier_score, x.sharpe_ratio
    FROM metrics AS x
    JOIN ai_models AS m ON m.id = x.model_id
    ORDER BY rank, m.name, m.version;
COMMENT ON VIEW model_leaderboard IS
    'metrics of the latest evaluation of every model version, best first: by mape, which compares prices of any size, then by directional accuracy and accuracy; models without mape come last';
COMMENT ON COLUMN model_leaderboard.rank IS 'place, from 1; equal metrics share a place';
COMMENT ON COLUMN model_leaderboard.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_leaderboard.name IS 'name of the model';
COMMENT ON COLUMN model_leaderboard.version IS 'version of the model';
COMMENT ON COLUMN model_leaderboard.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_leaderboard.is_active IS 'whether the version is in use';
COMMENT ON COLUMN model_leaderboard.evaluation_date IS 'when the metrics were computed';
COMMENT ON COLUMN model_leaderboard.predictions IS 'largest number of predictions from which one of the metrics was computed';
COMMENT ON COLUMN model_leaderboard.accuracy IS 'share of predictions within their accuracy threshold, 0 to 1';
COMMENT ON COLUMN model_leaderboard.directional_accuracy IS 'share of predictions whose direction came true, 0 to 1';
COMMENT ON COLUMN model_leaderboard.mae IS 'mean absolute error, in USD';
COMMENT ON COLUMN model_leaderboard.rmse IS 'root mean squared error, in USD';
COMMENT ON COLUMN model_leaderboard.mape IS 'mean absolute percentage error, as a fraction';
COMMENT ON COLUMN model_leaderboard.smape IS 'symmetric mean absolute percentage error, 0 to 2';
COMMENT ON COLUMN model_leaderboard.r2 IS 'coefficient of determination';
COMMENT ON COLUMN model_leaderboard.brier_score IS 'Brier score of confidence_score as the probability of being accurate';
COMMENT ON COLUMN model_leaderboard.sharpe_ratio IS 'annualised Sharpe ratio of following each predicted direction';

-- sql/functions/rules/checks.sql

-- Checks of arguments that several functions share.

CREATE OR REPLACE FUNCTION ca_check_asset(asset integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF asset IS NULL THEN
        RAISE EXCEPTION 'asset must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs an asset.',
                  HINT = 'asset_id(symbol) is NULL when the symbol is unknown.';
    END IF;
    PERFORM FROM assets AS a WHERE a.id = asset;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown asset'
            USING ERRCODE = 'invalid_parameter_value',
                  CONSTRAINT = 'assets_known', TABLE = 'assets', COLUMN = 'id',
                  DETAIL = format('There is no row in assets with id %s.', asset),
                  HINT = 'asset_id(symbol) finds an asset by its symbol.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_asset(integer) IS
    'refuses an asset that is NULL or unknown';

CREATE OR REPLACE FUNCTION ca_check_range(since timestamptz, until timestamptz) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF since > until THEN
        RAISE EXCEPTION 'since must not be after until'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('since is %s and until is %s.', since, until),
                  HINT = 'The range is since <= time < until; NULL leaves a side open.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_range(timestamptz, timestamptz) IS
    'refuses a range that ends before it begins; NULL leaves a side open';

CREATE OR REPLACE FUNCTION ca_check_timeframe(timeframe text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF timeframe IS NULL THEN
        RAISE EXCEPTION 'timeframe must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs a timeframe.',
                  HINT = 'Timeframes are 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M.';
    END IF;
    PERFORM timeframe_length(timeframe);
END;
$$;
COMMENT ON FUNCTION ca_check_timeframe(text) IS
    'refuses a timeframe that is NULL or unknown';

CREATE OR REPLACE FUNCTION ca_check_batch_size(batch_size integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF batch_size IS NULL OR batch_size NOT BETWEEN 1 AND 1000000 THEN
        RAISE EXCEPTION 'batch_size must be between 1 and 1000000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(batch_size::text, 'NULL')),
                  HINT = 'Each batch is one statement and one commit; 10000 rows suit most tables.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_batch_size(integer) IS
    'refuses a number of rows per batch that is NULL or not in 1..1000000';

CREATE OR REPLACE FUNCTION ca_check_series(
    asset integer, timeframe text, since timestamptz, until timestamptz)
    RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    PERFORM ca_check_range(since, until);
END;
$$;
COMMENT ON FUNCTION ca_check_series(integer, text, timestamptz, timestamptz) IS
    'checks the arguments that select a range of one series of candles';

CREATE OR REPLACE FUNCTION ca_check_model(model integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF model IS NULL THEN
        RAISE EXCEPTION 'model must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs a model.',
                  HINT = 'A model is identified by ai_models.id.';
    END IF;
    PERFORM FROM ai_models AS m WHERE m.id = model;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown model'
            USING ERRCODE = 'invalid_parameter_value',
                  CONSTRAINT = 'ai_models_known', TABLE = 'ai_models', COLUMN = 'id',
                  DETAIL = format('There is no row in ai_models with id %s.', model),
                  HINT = 'A model is identified by ai_models.id.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_model(integer) IS
    'refuses a model that is NULL or unknown';

CREATE OR REPLACE FUNCTION @extschema@.asset_id(symbol text) RETURNS integer
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id
    FROM assets AS a
    WHERE a.symbol IN (asset_id.symbol, upper(asset_id.symbol))
    ORDER BY a.symbol = asset_id.symbol DESC
    LIMIT 1;
END;
COMMENT ON FUNCTION asset_id(text) IS
    'identifier of an asset by its symbol, as written or else in upper case; NULL if unknown';

CREATE OR REPLACE FUNCTION ca_asset_named(symbol text) RETURNS integer
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    asset integer := asset_id(symbol);
BEGIN
    IF symbol IS NULL THEN
        RAISE EXCEPTION 'asset must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs an asset.',
                  HINT = 'An asset is identified by its symbol, or by assets.id.';
    END IF;
    -- drivers send a number as text too
    IF asset IS NULL AND symbol ~ '^[0-9]{1,9}$' THEN
        asset := symbol::integer;
    END IF;
    IF asset IS NULL THEN
        RAISE EXCEPTION 'unknown asset'
            USING ERRCODE = 'invalid_parameter_value',
                  CONSTRAINT = 'assets_known', TABLE = 'assets', COLUMN = 'symbol',
                  DETAIL = format('There is no row in assets with symbol %L.', left(symbol, 100)),
                  HINT = 'SELECT symbol, name FROM assets lists the symbols.';
    END IF;
    RETURN asset;
END;
$$;
COMMENT ON FUNCTION ca_asset_named(text) IS
    'identifier of the asset with this symbol, or else with this number as its identifier; refuses NULL and unknown assets';

CREATE OR REPLACE FUNCTION ca_check_rights(relation regclass, rights text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    name CONSTANT text := (SELECT c.relname FROM pg_class AS c WHERE c.oid = relation);
    lacking text;
BEGIN
    SELECT string_agg(r, ', ' ORDER BY place) INTO lacking
    FROM string_to_table(rights, ', ') WITH ORDINALITY AS w (r, place)
    WHERE NOT has_table_privilege(relation, r)
      AND NOT (r <> 'DELETE' AND has_any_column_privilege(relation, r));
    IF lacking IS NOT NULL THEN
        RAISE EXCEPTION 'permission denied for table %', name
            USING ERRCODE = 'insufficient_privilege',
                  TABLE = name,
                  DETAIL = format('Role %s lacks %s.', current_user, lacking),
                  HINT = 'grant_operator() gives a role the rights that this needs.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_rights(regclass, text) IS
    'refuses a caller without rights to a table, before any work is done that would be lost';

-- sql/functions/rules/rules.sql

-- Functions that the rules of several tables share. The rules are in docs/guide/rules.md.

CREATE OR REPLACE FUNCTION ca_check_as_of(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF as_of IS NULL THEN
        RAISE EXCEPTION 'as_of must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is the moment that counts as now.',
                  HINT = 'Leave it out to use the present moment.';
    END IF;
    IF NOT isfinite(as_of) THEN
        RAISE EXCEPTION 'as_of must be finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out to use the present moment.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_as_of(timestamptz) IS
    'refuses a moment that is NULL or infinite';

CREATE OR REPLACE FUNCTION ca_check_span(argument text, span interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF span IS NULL THEN
        RAISE EXCEPTION '% must not be NULL', argument
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is a length of time.',
                  HINT = 'Leave it out for the default.';
    END IF;
    IF span <= interval '0' THEN
        RAISE EXCEPTION '% must be positive', argument
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', span),
                  HINT = 'It is a length of time, such as 1 day.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_span(text, interval) IS
    'refuses a length of time that is NULL or not positive';

CREATE OR REPLACE FUNCTION ca_earlier(moment timestamptz, span interval) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (moment AT TIME ZONE 'UTC' - span) AT TIME ZONE 'UTC';
COMMENT ON FUNCTION ca_earlier(timestamptz, interval) IS
    'a moment minus an interval, in UTC, where every day has 24 hours';

-- For WHEN clauses of triggers only: a function that sets its search_path hides that of the session.
CREATE OR REPLACE FUNCTION ca_is_restore() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_is_restore';
COMMENT ON FUNCTION ca_is_restore() IS
    'whether the owner of the tables loads rows by COPY with an empty search_path, as a dump does: such rows stay as they are';

-- sql/functions/access/accounts.sql

-- Accounts and their sessions: logins, tokens, subscriptions, deletion. docs/guide/rules.md has the rules.

CREATE OR REPLACE FUNCTION ca_max_failed_logins() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_max_failed_logins';
COMMENT ON FUNCTION ca_max_failed_logins() IS
    'number of consecutive failed logins that lock an account, from the setting cryptoanalytics.max_failed_logins';

CREATE OR REPLACE FUNCTION ca_lockout_period() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_lockout_period';
COMMENT ON FUNCTION ca_lockout_period() IS
    'how long failed logins lock an account, from the setting cryptoanalytics.lockout_period';

-- No argument is a row of users: PostgreSQL could then not add a column with a default to the table.
CREATE OR REPLACE FUNCTION ca_account_stands(
    is_active boolean, deleted_at timestamptz, lockout_expires timestamptz, moment timestamptz)
    RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN is_active AND deleted_at IS NULL AND (lockout_expires IS NULL OR lockout_expires <= moment);
COMMENT ON FUNCTION ca_account_stands(boolean, timestamptz, timestamptz, timestamptz) IS
    'whether an account is active, not deleted and not locked at a moment';

CREATE OR REPLACE FUNCTION ca_refuse_user(user_id integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'unknown user'
        USING ERRCODE = 'invalid_parameter_value',
              CONSTRAINT = 'users_known', TABLE = 'users', COLUMN = 'id',
              DETAIL = format('There is no row in users with id %s.', coalesce(user_id::text, 'NULL')),
              HINT = 'Look the user up by lower(email) first.';
END;
$$;
COMMENT ON FUNCTION ca_refuse_user(integer) IS
    'raises the error of a user that is NULL or unknown';

CREATE OR REPLACE FUNCTION ca_user_unlocked() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    NEW.failed_login_attempts := 0;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_user_unlocked() IS
    'trigger: clears the failures that led to a lock';
CREATE OR REPLACE TRIGGER users_unlocked BEFORE UPDATE OF lockout_expires ON users
    FOR EACH ROW WHEN (OLD.lockout_expires IS NOT NULL AND NEW.lockout_expires IS NULL)
    EXECUTE FUNCTION ca_user_unlocked();
COMMENT ON TRIGGER users_unlocked ON users IS
    'a lock that is cleared takes its failures along';

CREATE OR REPLACE FUNCTION @extschema@.record_login(user_id integer, success boolean, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    account users;
    admitted boolean;
    failures integer;
    locked boolean;
BEGIN
    IF success IS NULL OR moment IS NULL THEN
        RAISE EXCEPTION 'success and moment must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'An unknown outcome can be neither counted nor reset.',
                  HINT = 'Record the login when its outcome is known.';
    END IF;
    -- the second session waits here and then sees what the first has counted
    SELECT * INTO account FROM users AS u WHERE u.id = record_login.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(record_login.user_id);
    END IF;
    admitted := success AND ca_account_stands(account.is_active, account.deleted_at, account.lockout_expires, moment);
    IF admitted THEN
        UPDATE users AS u
        SET failed_login_attempts = 0, lockout_expires = NULL, login_count = u.login_count + 1,
            last_login = greatest(u.last_login, moment)
        WHERE u.id = account.id;
        RETURN true;
    END IF;
    -- an expired lock resets the failures, like one that is cleared by hand
    IF account.lockout_expires <= moment THEN
        UPDATE users AS u SET lockout_expires = NULL WHERE u.id = account.id RETURNING u.* INTO account;
    END IF;
    locked := account.lockout_expires IS NOT NULL;
    failures := least(account.failed_login_attempts, 2147483646) + 1;
    UPDATE users AS u
    SET failed_login_attempts = failures,
        lockout_expires = CASE WHEN locked THEN u.lockout_expires
                               WHEN failures >= ca_max_failed_logins() THEN moment + ca_lockout_period() END
    WHERE u.id = account.id;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION record_login(integer, boolean, timestamptz) IS
    'records the outcome of a login and returns whether the user is let in; consecutive failures lock the account';

CREATE OR REPLACE FUNCTION @extschema@.session_holder(token text, moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT u.id
    FROM user_sessions AS s
    JOIN users AS u ON u.id = s.user_id
    WHERE s.session_token = session_holder.token
      AND s.is_active
      AND (s.expires_at IS NULL OR s.expires_at > session_holder.moment)
      -- a lock stops only new logins: wrong passwords of others do not log out who is signed in
      AND u.is_active
      AND u.deleted_at IS NULL;
END;
COMMENT ON FUNCTION session_holder(text, timestamptz) IS
    'user whose valid session has this token; NULL if there is none';

CREATE OR REPLACE FUNCTION @extschema@.session_is_valid(token text, moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN session_holder(token, moment) IS NOT NULL;
COMMENT ON FUNCTION session_is_valid(text, timestamptz) IS
    'whether a token belongs to a session that is active and not expired, of an account that is active and not deleted';

CREATE OR REPLACE FUNCTION @extschema@.open_session(user_id integer, token text, refresh_token text DEFAULT NULL,
                             expires_at timestamptz DEFAULT NULL, device_info jsonb DEFAULT NULL,
                             ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL,
                             moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    account users;
    opened integer;
BEGIN
    -- a deletion at the same time waits for the session and ends it, or is seen here
    SELECT * INTO account FROM users AS u WHERE u.id = open_session.user_id FOR SHARE;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(open_session.user_id);
    END IF;
    IF ca_account_stands(account.is_active, account.deleted_at, account.lockout_expires, open_session.moment) IS NOT TRUE THEN
        RAISE EXCEPTION 'account is closed'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  CONSTRAINT = 'users_open', TABLE = 'users',
                  DETAIL = format('User %s is inactive, deleted or locked.', account.id),
                  HINT = 'Open a session only after record_login() has returned true.';
    END IF;
    INSERT INTO user_sessions (user_id, session_token, refresh_token, device_info, ip_address, expires_at,
                               last_used_at, created_at)
    VALUES (account.id, open_session.token, open_session.refresh_token, open_session.device_info,
            open_session.ip_address, open_session.expires_at, open_session.moment, open_session.moment)
    RETURNING id INTO opened;
    INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, ip_address,
                                 user_agent, created_at)
    VALUES (account.id, opened, 'login', 'session', opened, 'create', open_session.ip_address,
            open_session.user_agent, open_session.moment);
    RETURN opened;
END;
$$;
COMMENT ON FUNCTION open_session(integer, text, text, timestamptz, jsonb, inet, text, timestamptz) IS
    'opens a session and records the activity; the account must be active, not deleted and not locked';

CREATE OR REPLACE FUNCTION @extschema@.refresh_session(token text, refresh_token text, new_token text, new_refresh_token text,
                                expires_at timestamptz DEFAULT NULL, ip_address inet DEFAULT NULL,
                                user_agent text DEFAULT NULL, moment timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    holder integer := session_holder(refresh_session.token, refresh_session.moment);
    account users;
    refreshed integer;
BEGIN
    -- accounts are locked before sessions, as deletion does
    SELECT * INTO account FROM users AS u WHERE u.id = holder FOR SHARE;
    IF NOT FOUND OR NOT account.is_active OR account.deleted_at IS NOT NULL THEN
        RETURN NULL;
    END IF;
    -- of two sessions with the same tokens, the second finds them replaced
    UPDATE user_sessions AS s
    SET session_token = refresh_session.new_token, refresh_token = refresh_session.new_refresh_token,
        expires_at = coalesce(refresh_session.expires_at, s.expires_at), last_used_at = refresh_session.moment
    WHERE s.session_token = refresh_session.token
      AND s.refresh_token = refresh_session.refresh_token
      AND s.user_id = account.id
      AND s.is_active
      AND (s.expires_at IS NULL OR s.expires_at > refresh_session.moment)
    RETURNING s.id INTO refreshed;
    IF refreshed IS NOT NULL THEN
        INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, ip_address,
                                     user_agent, created_at)
        VALUES (account.id, refreshed, 'session_refresh', 'session', refreshed, 'update',
                refresh_session.ip_address, refresh_session.user_agent, refresh_session.moment);
    END IF;
    RETURN refreshed;
END;
$$;
COMMENT ON FUNCTION refresh_session(text, text, text, text, timestamptz, inet, text, timestamptz) IS
    'gives a valid session new tokens, once per refresh token, and a new end if one is given; NULL if refused';

CREATE OR REPLACE FUNCTION @extschema@.end_session(token text, ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL,
                            moment timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH ended AS (
        UPDATE user_sessions AS s
        SET is_active = false
        WHERE s.session_token = end_session.token AND s.is_active
        RETURNING s.id, s.user_id),
    noted AS (
        INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, ip_address,
                                     user_agent, created_at)
        SELECT e.user_id, e.id, 'logout', 'session', e.id, 'update', end_session.ip_address,
               end_session.user_agent, end_session.moment
        FROM ended AS e
        RETURNING id)
    SELECT EXISTS (SELECT FROM noted);
END;
COMMENT ON FUNCTION end_session(text, inet, text, timestamptz) IS
    'ends a session and records the activity; false if there is none to end';

CREATE OR REPLACE FUNCTION @extschema@.delete_user(user_id integer, deleted_by integer DEFAULT NULL, moment timestamptz DEFAULT now())
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    account users;
BEGIN
    IF moment IS NULL THEN
        RAISE EXCEPTION 'moment must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'An account without a time of deletion is not deleted.',
                  HINT = 'Leave it out to delete the account now.';
    END IF;
    SELECT * INTO account FROM users AS u WHERE u.id = delete_user.user_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(delete_user.user_id);
    END IF;
    UPDATE users AS u
    SET deleted_at = delete_user.moment, deleted_by = delete_user.deleted_by
    WHERE u.id = account.id AND u.deleted_at IS NULL;
    WITH ended AS (
        UPDATE user_sessions AS s
        SET is_active = false
        WHERE s.user_id = account.id AND s.is_active
        RETURNING s.id)
    INSERT INTO user_activities (user_id, session_id, activity_type, entity_type, entity_id, action, created_at)
    SELECT account.id, e.id, 'logout', 'session', e.id, 'update', delete_user.moment
    FROM ended AS e;
    RETURN account.deleted_at IS NULL;
END;
$$;
COMMENT ON FUNCTION delete_user(integer, integer, timestamptz) IS
    'deletes an account softly: its rows stay, its sessions end; false if it was deleted before';

CREATE OR REPLACE FUNCTION @extschema@.effective_plan(user_id integer, moment timestamptz DEFAULT now()) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    plan text;
BEGIN
    SELECT CASE WHEN u.subscription_expires_at <= effective_plan.moment THEN 'free'
                WHEN u.subscription_expires_at IS NULL OR effective_plan.moment IS NOT NULL THEN u.subscription_plan END
    INTO plan
    FROM users AS u
    WHERE u.id = effective_plan.user_id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_user(effective_plan.user_id);
    END IF;
    RETURN plan;
END;
$$;
COMMENT ON FUNCTION effective_plan(integer, timestamptz) IS
    'subscription plan of a user at a moment; an expired one counts as free';

-- An activity is never changed and keeps its session's id, so a session with a trail stays as a row.
-- Its secret and personal columns are cleared.
CREATE OR REPLACE FUNCTION @extschema@.purge_sessions(older_than timestamptz, activities_older_than timestamptz DEFAULT NULL,
                               moment timestamptz DEFAULT now(),
                               OUT deleted bigint, OUT stripped bigint)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- sessions and their activities are looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    old integer[];
    -- the replacement of a token; before 0.7.0 it was the session's id
    stripped_token CONSTANT text := '^purged ([0-9]+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$';
BEGIN
    IF older_than IS NULL OR moment IS NULL THEN
        RAISE EXCEPTION 'older_than and moment must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'Without them it is not known which sessions are old.',
                  HINT = 'Sessions that ended or expired before older_than are purged.';
    END IF;
    IF greatest(older_than, activities_older_than) > moment THEN
        RAISE EXCEPTION 'only what is past can be purged'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('older_than is %s, activities_older_than is %s and the moment is %s.', older_than,
                                  coalesce(activities_older_than::text, 'NULL'), moment),
                  HINT = 'A session that expires later may still be in use.';
    END IF;
    -- Once they are locked no activity can be added to them; the statements below, each with a
    -- snapshot of its own, see those that were added before.
    SELECT array_agg(l.id) INTO old
    FROM (SELECT s.id
          FROM user_sessions AS s
          WHERE (NOT s.is_active AND s.updated_at < older_than)
             OR s.expires_at < older_than
             OR (NOT s.is_active AND s.session_token ~ stripped_token
                 AND num_nonnulls(s.refresh_token, s.device_info, s.ip_address) = 0)
          ORDER BY s.id
          FOR UPDATE SKIP LOCKED) AS l;
    -- a trail is deleted as a whole; one of which another session holds a part is left to the next purge
    WITH free AS MATERIALIZED (
        SELECT o.id AS session_id, t.activities, a.id
        FROM unnest(old) AS o (id)
        CROSS JOIN LATERAL (SELECT count(*) AS activities, max(x.created_at) AS latest
                            FROM user_activities AS x
                            WHERE x.session_id = o.id) AS t
        CROSS JOIN LATERAL (SELECT x.id
                            FROM user_activities AS x
                            WHERE x.session_id = o.id AND t.latest < activities_older_than
                            FOR UPDATE SKIP LOCKED) AS a),
    whole AS (
        SELECT array_agg(f.id) AS ids
        FROM free AS f
        GROUP BY f.session_id, f.activities
        HAVING count(*) = f.activities)
    DELETE FROM user_activities AS a
    WHERE a.id = ANY (ARRAY(SELECT i.id FROM whole AS w CROSS JOIN LATERAL unnest(w.ids) AS i (id)));
    DELETE FROM user_sessions AS s
    WHERE s.id = ANY (ARRAY(SELECT o.id
                            FROM unnest(old) AS o (id)
                            WHERE NOT EXISTS (SELECT FROM user_activities AS a WHERE a.session_id = o.id)));
    GET DIAGNOSTICS deleted = ROW_COUNT;
    UPDATE user_sessions AS s
    -- no other session can have this token
    SET session_token = 'purged ' || gen_random_uuid(), refresh_token = NULL, device_info = NULL, ip_address = NULL,
        is_active = false
    WHERE s.id = ANY (old)
      AND (s.is_active OR s.session_token !~ stripped_token
           OR num_nonnulls(s.refresh_token, s.device_info, s.ip_address) > 0);
    GET DIAGNOSTICS stripped = ROW_COUNT;
END;
$$;
COMMENT ON FUNCTION purge_sessions(timestamptz, timestamptz, timestamptz) IS
    'purges sessions that ended or expired before older_than: deletes those without activities, and removes tokens, device and address from the others; trails whose last activity is before activities_older_than are deleted with their sessions';

-- referral_count

CREATE OR REPLACE FUNCTION ca_recount_referrals(referrers integer[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    -- a session that refers users at the same time waits here; the UPDATE then sees its result
    PERFORM FROM users AS u WHERE u.id = ANY (referrers) ORDER BY u.id FOR NO KEY UPDATE;
    UPDATE users AS u
    SET referral_count = c.referred
    FROM (SELECT r.id, (SELECT count(*) FROM users AS x WHERE x.referred_by = r.id)::integer AS referred
          FROM unnest(referrers) AS r (id)) AS c
    WHERE u.id = c.id AND u.referral_count <> c.referred;
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END;
$$;
COMMENT ON FUNCTION ca_recount_referrals(integer[]) IS
    'locks users, sets referral_count to the number of users that they referred, and returns how many changed';

CREATE OR REPLACE FUNCTION @extschema@.recount_referrals(user_id integer DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF recount_referrals.user_id IS NOT NULL THEN
        PERFORM FROM users AS u WHERE u.id = recount_referrals.user_id;
        IF NOT FOUND THEN
            PERFORM ca_refuse_user(recount_referrals.user_id);
        END IF;
        RETURN ca_recount_referrals(ARRAY[recount_referrals.user_id]);
    END IF;
    RETURN ca_recount_referrals(ARRAY(
        SELECT u.referred_by FROM users AS u WHERE u.referred_by IS NOT NULL
        UNION
        SELECT u.id FROM users AS u WHERE u.referral_count <> 0));
END;
$$;
COMMENT ON FUNCTION recount_referrals(integer) IS
    'sets referral_count of a user, or of all, to the number of users referred, and returns how many changed; for rows from before triggers did this';

CREATE OR REPLACE FUNCTION ca_referrals_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    referrers integer[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        referrers := ARRAY(
            SELECT b.referred_by FROM became AS b WHERE b.referred_by IS NOT NULL
            UNION
            SELECT b.id FROM became AS b WHERE b.referral_count <> 0);
    ELSIF TG_OP = 'DELETE' THEN
        referrers := ARRAY(SELECT DISTINCT w.referred_by FROM was AS w WHERE w.referred_by IS NOT NULL);
    ELSE
        -- a count written by hand is counted too
        referrers := ARRAY(
            SELECT c.referrer
            FROM (SELECT w.id, w.referred_by AS referrer FROM was AS w
                  EXCEPT SELECT b.id, b.referred_by FROM became AS b) AS c
            WHERE c.referrer IS NOT NULL
            UNION
            SELECT c.referrer
            FROM (SELECT b.id, b.referred_by AS referrer FROM became AS b
                  EXCEPT SELECT w.id, w.referred_by FROM was AS w) AS c
            WHERE c.referrer IS NOT NULL
            UNION
            SELECT c.id
            FROM (SELECT b.id, b.referral_count FROM became AS b
                  EXCEPT SELECT w.id, w.referral_count FROM was AS w) AS c);
    END IF;
    IF cardinality(referrers) > 0 THEN
        PERFORM ca_recount_referrals(referrers);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_referrals_changed() IS
    'trigger: recounts the referred users of those who gained or lost one';

CREATE OR REPLACE TRIGGER users_referrals_inserted AFTER INSERT ON users
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_inserted ON users IS
    'counts the referred users of those who referred new ones';
CREATE OR REPLACE TRIGGER users_referrals_updated AFTER UPDATE ON users
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_updated ON users IS
    'counts the referred users of those who gained or lost some';
CREATE OR REPLACE TRIGGER users_referrals_deleted AFTER DELETE ON users
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_referrals_changed();
COMMENT ON TRIGGER users_referrals_deleted ON users IS
    'counts the referred users of those who lost some';

-- sql/functions/candle/candles.sql

-- Reading candles: stored ones, and coarser ones built from them.

CREATE OR REPLACE FUNCTION ca_build_candles(
    asset integer, timeframe text, source text, since timestamptz, until timestamptz)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_build_candles';
COMMENT ON FUNCTION ca_build_candles(integer, text, text, timestamptz, timestamptz) IS
    'candles built from stored finer ones, whole buckets only: all that overlap [since, until); from the finest sources, and from coarser ones where those cover less, unless a source is given';

CREATE OR REPLACE FUNCTION @extschema@.candles(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    sources text[] := ARRAY(SELECT t FROM timeframes() AS t
                            WHERE timeframe_divides(t, candles.timeframe));
    first timestamptz;
    stop timestamptz;
    reach interval;
BEGIN
    PERFORM ca_check_series(candles.asset, candles.timeframe, candles.since, candles.until);

    -- the buckets that finer candles reach; starting to build costs as much as reading 200 of them
    SELECT timeframe_bucket(candles.timeframe, min(e.first)),
           timeframe_end(candles.timeframe, max(e.last)),
           200 * min(timeframe_length(s.source)) FILTER (WHERE e.first IS NOT NULL)
    INTO first, stop, reach
    FROM unnest(sources) AS s (source)
    CROSS JOIN LATERAL (
        SELECT min(h.candle_time) AS first, max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = candles.asset
          AND h.timeframe = s.source
          AND h.candle_time >= coalesce(candles.since, '-infinity')
          AND h.candle_time < timeframe_end(candles.timeframe,
                                            coalesce(candles.until, 'infinity')
                                            - interval '1 microsecond')) AS e;

    RETURN QUERY
        WITH stored AS MATERIALIZED (
            SELECT h.candle_time, h.open_price, h.high_price, h.low_price, h.close_price,
                   h.volume, h.market_cap
            FROM price_history AS h
            WHERE h.asset_id = candles.asset
              AND h.timeframe = candles.timeframe
              AND h.candle_time >= coalesce(candles.since, '-infinity')
              AND h.candle_time < coalesce(candles.until, 'infinity')
        ), hole AS (
            SELECT *
            FROM (
                SELECT coalesce(lag(timeframe_end(candles.timeframe, b.boundary))
                                OVER (ORDER BY b.boundary), first) AS hole_start,
                       b.boundary AS hole_end
                FROM (SELECT candle_time FROM stored UNION ALL SELECT stop) AS b (boundary)
                WHERE stop IS NOT NULL) AS h
            WHERE hole_start < hole_end
        ), span AS (
            -- gaps with little between them are built together
            SELECT min(n.hole_start) AS span_start, max(n.hole_end) AS span_end
            FROM (SELECT h.hole_start, h.hole_end,
                         count(*) FILTER (WHERE h.hole_start - h.hole_before > reach)
                             OVER (ORDER BY h.hole_start) AS number
                  FROM (SELECT o.*, lag(o.hole_end) OVER (ORDER BY o.hole_start) AS hole_before
                        FROM hole AS o) AS h) AS n
            GROUP BY n.number
        ), known AS (
            SELECT 0 AS place, s.* FROM stored AS s
            UNION ALL
            SELECT 1, b.*
            FROM span AS o
            CROSS JOIN LATERAL ca_build_candles(candles.asset, candles.timeframe, NULL,
                                                o.span_start, o.span_end) AS b
            WHERE b.time >= coalesce(candles.since, '-infinity')
              AND b.time < coalesce(candles.until, 'infinity')
        )
        -- not a join: there is no wrong plan for it, whatever is in the tables
        SELECT DISTINCT ON (k.candle_time)
               k.candle_time, k.open_price, k.high_price, k.low_price, k.close_price, k.volume, k.market_cap
        FROM known AS k
        ORDER BY k.candle_time, k.place;
END;
$$;
COMMENT ON FUNCTION candles(integer, text, timestamptz, timestamptz) IS
    'candles that start in [since, until), live and archived, in ascending order; a candle that is not stored is built from finer ones; the newest may still be open';

CREATE OR REPLACE FUNCTION ca_closed_until(timeframe text, since timestamptz, until timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    -- not before since, so that the rest is an empty range and not an invalid one
    RETURN least(ca_closed_until.until,
                 greatest(timeframe_bucket(ca_closed_until.timeframe, now()), ca_closed_until.since));
COMMENT ON FUNCTION ca_closed_until(text, timestamptz, timestamptz) IS
    'end of the closed candles of a range: until, or the last boundary that has passed';

CREATE OR REPLACE FUNCTION @extschema@.candle_gaps(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz, missing bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    -- a given bound counts as the end of a candle before it, or the start of one after it
    WITH boundary AS (
        SELECT timeframe_end(candle_gaps.timeframe, c.time) AS candle_end, c.time
        FROM candles(candle_gaps.asset, candle_gaps.timeframe, candle_gaps.since,
                     ca_closed_until(candle_gaps.timeframe, candle_gaps.since, candle_gaps.until)) AS c
        UNION ALL
        SELECT timeframe_end(candle_gaps.timeframe, candle_gaps.since - interval '1 microsecond'), NULL
        WHERE isfinite(candle_gaps.since)
        UNION ALL
        SELECT NULL, least(timeframe_end(candle_gaps.timeframe, candle_gaps.until - interval '1 microsecond'),
                           timeframe_bucket(candle_gaps.timeframe, now()))
        WHERE isfinite(candle_gaps.until)
    ), gap AS (
        SELECT lag(b.candle_end) OVER (ORDER BY coalesce(b.time, b.candle_end), b.time NULLS FIRST) AS gap_start,
               b.time AS gap_end
        FROM boundary AS b
    )
    SELECT g.gap_start, g.gap_end,
           timeframe_count(candle_gaps.timeframe, g.gap_start, g.gap_end)
    FROM gap AS g
    WHERE g.gap_start < g.gap_end
    ORDER BY g.gap_start;
END;
COMMENT ON FUNCTION candle_gaps(integer, text, timestamptz, timestamptz) IS
    'spans [gap_start, gap_end) without candles, and how many are missing; without since or until only between the first and the last candle; closed candles only';

CREATE OR REPLACE FUNCTION @extschema@.candles_filled(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric, filled boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    before timestamptz;
    stop timestamptz;
BEGIN
    PERFORM ca_check_series(candles_filled.asset, candles_filled.timeframe, candles_filled.since, candles_filled.until);

    -- the candle before the range carries its close into it
    SELECT timeframe_bucket(candles_filled.timeframe, max(e.last))
    INTO before
    FROM timeframes() AS t
    CROSS JOIN LATERAL (
        SELECT max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = candles_filled.asset
          AND h.timeframe = t
          AND h.candle_time < timeframe_end(candles_filled.timeframe,
                                            candles_filled.since - interval '1 microsecond')) AS e
    WHERE t = candles_filled.timeframe OR timeframe_divides(t, candles_filled.timeframe);

    stop := least(timeframe_end(candles_filled.timeframe, candles_filled.until - interval '1 microsecond'),
                  timeframe_bucket(candles_filled.timeframe, now()));

    RETURN QUERY
        WITH candle AS (
            SELECT c.*, lead(c.time) OVER (ORDER BY c.time) AS next
            FROM candles(candles_filled.asset, candles_filled.timeframe,
                         coalesce(before, candles_filled.since),
                         ca_closed_until(candles_filled.timeframe, candles_filled.since, candles_filled.until)) AS c
        )
        SELECT c.time, c.open, c.high, c.low, c.close, c.volume, c.market_cap, false
        FROM candle AS c
        WHERE c.time >= coalesce(candles_filled.since, '-infinity')
        UNION ALL
        SELECT m, c.close, c.close, c.close, c.close, 0, NULL, true
        FROM candle AS c
        CROSS JOIN LATERAL timeframe_series(
            candles_filled.timeframe,
            greatest(timeframe_end(candles_filled.timeframe, c.time), candles_filled.since),
            coalesce(c.next, CASE WHEN candles_filled.until IS NOT NULL THEN stop END)) AS m
        ORDER BY 1;
END;
$$;
COMMENT ON FUNCTION candles_filled(integer, text, timestamptz, timestamptz) IS
    'like candles(), with each missing candle filled in flat at the previous close, with volume 0 and filled = true; begins with the first known candle and, without until, ends with the last; closed candles only';

-- sql/functions/indicators/technical_indicators.sql

-- All indicators of a series at once.

CREATE OR REPLACE FUNCTION @extschema@.technical_indicators(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_open boolean DEFAULT false, convention text DEFAULT 'talib', gaps text DEFAULT 'ignore')
    RETURNS TABLE (
        candle_time timestamptz, close_price numeric,
        rsi_7 double precision, rsi_14 double precision,
        sma_20 double precision, sma_50 double precision, sma_100 double precision, sma_200 double precision,
        ema_20 double precision, ema_50 double precision, ema_100 double precision, ema_200 double precision,
        macd_value double precision, macd_signal double precision, macd_histogram double precision,
        bollinger_upper double precision, bollinger_lower double precision, bollinger_bandwidth double precision,
        atr_14 double precision, adx double precision, di_plus double precision, di_minus double precision,
        stochastic_k double precision, stochastic_d double precision)
    LANGUAGE c STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_technical_indicators';
COMMENT ON FUNCTION technical_indicators(integer, text, timestamptz, timestamptz, boolean, text, text) IS
    'the indicators of each candle that starts in [since, until), in one pass over the series from its first candle, live and archived, so a value never depends on since; closed candles only, unless include_open; conventions talib, tradingview, pandas; gaps: ignore, fill (flat candles in between) or break (start again after a gap)';

CREATE OR REPLACE FUNCTION ca_own_keys(technical_indicators jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_own_keys';
COMMENT ON FUNCTION ca_own_keys(jsonb) IS
    'the keys in the JSON of a candle that are not indicators and belong to its owner; NULL if there are none';

-- sql/functions/candle/by_symbol.sql

-- Series by the symbol of their asset.

CREATE OR REPLACE FUNCTION @extschema@.candles(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT *
    FROM candles(ca_asset_named(candles.symbol), candles.timeframe, candles.since, candles.until);
END;
COMMENT ON FUNCTION candles(text, text, timestamptz, timestamptz) IS
    'candles(asset, ...) for the asset with this symbol';

CREATE OR REPLACE FUNCTION @extschema@.candle_gaps(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz, missing bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    SELECT *
    FROM candle_gaps(ca_asset_named(candle_gaps.symbol), candle_gaps.timeframe, candle_gaps.since, candle_gaps.until);
END;
COMMENT ON FUNCTION candle_gaps(text, text, timestamptz, timestamptz) IS
    'candle_gaps(asset, ...) for the asset with this symbol';

CREATE OR REPLACE FUNCTION @extschema@.candles_filled(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric, filled boolean)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT *
    FROM candles_filled(ca_asset_named(candles_filled.symbol), candles_filled.timeframe, candles_filled.since, candles_filled.until);
END;
COMMENT ON FUNCTION candles_filled(text, text, timestamptz, timestamptz) IS
    'candles_filled(asset, ...) for the asset with this symbol';

CREATE OR REPLACE FUNCTION @extschema@.technical_indicators(
    symbol text, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    include_open boolean DEFAULT false, convention text DEFAULT 'talib', gaps text DEFAULT 'ignore')
    RETURNS TABLE (
        candle_time timestamptz, close_price numeric,
        rsi_7 double precision, rsi_14 double precision,
        sma_20 double precision, sma_50 double precision, sma_100 double precision, sma_200 double precision,
        ema_20 double precision, ema_50 double precision, ema_100 double precision, ema_200 double precision,
        macd_value double precision, macd_signal double precision, macd_histogram double precision,
        bollinger_upper double precision, bollinger_lower double precision, bollinger_bandwidth double precision,
        atr_14 double precision, adx double precision, di_plus double precision, di_minus double precision,
        stochastic_k double precision, stochastic_d double precision)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT *
    FROM technical_indicators(ca_asset_named(technical_indicators.symbol), technical_indicators.timeframe, technical_indicators.since, technical_indicators.until,
                              technical_indicators.include_open, technical_indicators.convention, technical_indicators.gaps);
END;
COMMENT ON FUNCTION technical_indicators(text, text, timestamptz, timestamptz, boolean, text, text) IS
    'technical_indicators(asset, ...) for the asset with this symbol';

-- sql/functions/rules/locks.sql

-- Locks: rows of series_locks and work_locks. docs/guide/rules.md has their order.
--
-- A read after taking a lock sees what the last holder committed, so the later of two writers never
-- undoes the work of the earlier one.
--
-- A plan that was made while series_locks was empty must still be good once it has a row per series.

CREATE OR REPLACE FUNCTION ca_lock_work(work text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF length(work) > 100 THEN
        RAISE EXCEPTION 'unknown work'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Its name has %s characters.', length(work)),
                  HINT = 'Names of work have at most 100.';
    END IF;
    LOOP
        PERFORM FROM work_locks AS w WHERE w.name = work FOR UPDATE;
        EXIT WHEN FOUND;
        INSERT INTO work_locks (name) VALUES (work) ON CONFLICT DO NOTHING;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_lock_work(text) IS
    'waits for other sessions that do this work, and excludes them until the end of the transaction';

-- A series gets its row when somebody first locks it.  A session that locks all series of a timeframe
-- prevents new rows by the lock of the work "series <timeframe>", which sessions that make one share.
CREATE OR REPLACE FUNCTION ca_make_series_locks(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    PERFORM ca_check_timeframe(ca_make_series_locks.timeframe);
    LOOP
        PERFORM FROM work_locks AS w WHERE w.name = 'series ' || ca_make_series_locks.timeframe FOR SHARE;
        EXIT WHEN FOUND;
        INSERT INTO work_locks (name) VALUES ('series ' || ca_make_series_locks.timeframe) ON CONFLICT DO NOTHING;
    END LOOP;
    INSERT INTO series_locks (asset_id, timeframe, purpose)
    SELECT a.id, ca_make_series_locks.timeframe, 'candles'
    FROM unnest(ca_make_series_locks.assets) AS a (id)
    ORDER BY a.id
    ON CONFLICT DO NOTHING;
END;
$$;
COMMENT ON FUNCTION ca_make_series_locks(text, integer[]) IS
    'creates the missing rows of series_locks for the series of these assets in a timeframe';

CREATE OR REPLACE FUNCTION ca_lock_series(timeframe text, asset integer) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    IF ca_lock_series.asset IS NULL THEN
        PERFORM ca_lock_work('series ' || ca_lock_series.timeframe);
        PERFORM FROM series_locks AS s
        WHERE s.timeframe = ca_lock_series.timeframe AND s.purpose = 'candles'
        ORDER BY s.asset_id
        FOR UPDATE;
        RETURN;
    END IF;
    LOOP
        PERFORM FROM series_locks AS s
        WHERE s.asset_id = ca_lock_series.asset AND s.timeframe = ca_lock_series.timeframe AND s.purpose = 'candles'
        FOR UPDATE;
        EXIT WHEN FOUND;
        PERFORM ca_check_timeframe(ca_lock_series.timeframe);
        PERFORM ca_make_series_locks(ca_lock_series.timeframe, ARRAY[ca_lock_series.asset]);
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_lock_series(text, integer) IS
    'locks writing of one series of candles, or of all series of a timeframe if asset is NULL, until the end of the transaction';

CREATE OR REPLACE FUNCTION ca_lock_series_of(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    missing integer[];
BEGIN
    missing := ARRAY(
        SELECT a.id
        FROM unnest(ca_lock_series_of.assets) AS a (id)
        WHERE NOT EXISTS (
            SELECT FROM series_locks AS s
            WHERE s.asset_id = a.id AND s.timeframe = ca_lock_series_of.timeframe AND s.purpose = 'candles'));
    IF missing <> '{}' THEN
        PERFORM ca_make_series_locks(ca_lock_series_of.timeframe, missing);
    END IF;
    PERFORM FROM series_locks AS s
    WHERE s.asset_id = ANY (ca_lock_series_of.assets)
      AND s.timeframe = ca_lock_series_of.timeframe
      AND s.purpose = 'candles'
    ORDER BY s.asset_id
    FOR UPDATE;
END;
$$;
COMMENT ON FUNCTION ca_lock_series_of(text, integer[]) IS
    'locks writing of the series of these assets in a timeframe until the end of the transaction';

-- For sessions that have many series to write, and can write some of them later.  The candles that are
-- written refer to the assets, so an asset that another session is deleting is not free either.
CREATE OR REPLACE FUNCTION ca_lock_free_series(timeframe text, assets integer[]) RETURNS integer[]
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    free integer[];
    missing integer[];
BEGIN
    free := ARRAY(
        SELECT a.id
        FROM assets AS a
        WHERE a.id = ANY (ca_lock_free_series.assets)
        ORDER BY a.id
        FOR KEY SHARE SKIP LOCKED);
    missing := ARRAY(
        SELECT a.id
        FROM unnest(free) AS a (id)
        WHERE NOT EXISTS (
            SELECT FROM series_locks AS s
            WHERE s.asset_id = a.id AND s.timeframe = ca_lock_free_series.timeframe AND s.purpose = 'candles'));
    IF missing <> '{}' THEN
        PERFORM ca_make_series_locks(ca_lock_free_series.timeframe, missing);
    END IF;
    RETURN ARRAY(
        SELECT s.asset_id
        FROM series_locks AS s
        WHERE s.asset_id = ANY (free)
          AND s.timeframe = ca_lock_free_series.timeframe
          AND s.purpose = 'candles'
        ORDER BY s.asset_id
        FOR UPDATE SKIP LOCKED);
END;
$$;
COMMENT ON FUNCTION ca_lock_free_series(text, integer[]) IS
    'locks writing of the series of these assets in a timeframe until the end of the transaction, except those that another session holds, and returns the locked assets';

CREATE OR REPLACE FUNCTION ca_lock_indicators(asset integer, timeframe text) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    LOOP
        PERFORM FROM series_locks AS s
        WHERE s.asset_id = ca_lock_indicators.asset
          AND s.timeframe = ca_lock_indicators.timeframe
          AND s.purpose = 'indicators'
        FOR UPDATE;
        EXIT WHEN FOUND;
        PERFORM ca_check_timeframe(ca_lock_indicators.timeframe);
        INSERT INTO series_locks (asset_id, timeframe, purpose)
        VALUES (ca_lock_indicators.asset, ca_lock_indicators.timeframe, 'indicators')
        ON CONFLICT DO NOTHING;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_lock_indicators(integer, text) IS
    'locks updating the indicators of a series until the end of the transaction; sessions that write candles do not wait for that';

CREATE OR REPLACE FUNCTION ca_lock_archive(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    PERFORM ca_check_timeframe(ca_lock_archive.timeframe);
    INSERT INTO series_locks (asset_id, timeframe, purpose)
    SELECT a.id, ca_lock_archive.timeframe, 'archive'
    FROM unnest(ca_lock_archive.assets) AS a (id)
    WHERE NOT EXISTS (
        SELECT FROM series_locks AS s
        WHERE s.asset_id = a.id AND s.timeframe = ca_lock_archive.timeframe AND s.purpose = 'archive')
    ORDER BY a.id
    ON CONFLICT DO NOTHING;
    PERFORM FROM series_locks AS s
    WHERE s.asset_id = ANY (ca_lock_archive.assets)
      AND s.timeframe = ca_lock_archive.timeframe
      AND s.purpose = 'archive'
    ORDER BY s.asset_id
    FOR UPDATE;
END;
$$;
COMMENT ON FUNCTION ca_lock_archive(text, integer[]) IS
    'locks archiving of these series by hand until the end of the transaction; imports and moves of candles do not wait for that';

-- A transaction at REPEATABLE READ that locks a series after candles of it have moved, and began before,
-- fails with 40001, because the row that it locks has changed since.  Once a transaction is enough.
CREATE OR REPLACE FUNCTION ca_note_move(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    UPDATE series_locks AS s
    SET moves = s.moves + 1
    WHERE s.asset_id = ANY (ca_note_move.assets)
      AND s.timeframe = ca_note_move.timeframe
      AND s.purpose = 'candles'
      AND s.xmin <> pg_current_xact_id()::xid;
END;
$$;
COMMENT ON FUNCTION ca_note_move(text, integer[]) IS
    'counts a move of candles of these series, which the caller has locked: transactions that still see the candles in their old place can then no longer lock the series';

-- sql/functions/archive/segments.sql

-- Segments: putting candles in, taking them out, and changing single ones.
--
-- A session that changes the segments of a series holds its lock.  The functions of this file run with
-- their caller's rights to price_data_segments.  They find segments by their index, whatever the
-- planner believes about a growing table.

CREATE OR REPLACE FUNCTION ca_compress_batch(
    live boolean, series integer, timeframe text, after timestamptz, until timestamptz, batch_size integer,
    keep_indicators boolean, OUT moved bigint, OUT last timestamptz)
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_compress_batch';
COMMENT ON FUNCTION ca_compress_batch(boolean, integer, text, timestamptz, timestamptz, integer, boolean) IS
    'moves the oldest candles of a range, excluding after and until, from price_data if live, else from price_data_archive, into segments, at most batch_size; rows that another session has locked stay; last is the last candle examined';

CREATE OR REPLACE FUNCTION ca_take_compressed(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer)
    RETURNS SETOF price_data_archive
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_take_compressed';
COMMENT ON FUNCTION ca_take_compressed(integer, text, timestamptz, timestamptz, integer) IS
    'takes the oldest candles of a range out of their segments and returns them, up to the end of the segment in which batch_size is reached';

CREATE OR REPLACE FUNCTION ca_compressed_at(series integer, timeframe text, times timestamptz[])
    RETURNS SETOF price_data_archive
    LANGUAGE c STABLE STRICT PARALLEL UNSAFE ROWS 10
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_compressed_at';
COMMENT ON FUNCTION ca_compressed_at(integer, text, timestamptz[]) IS
    'the compressed candles of a series at these times';

CREATE OR REPLACE FUNCTION ca_replace_compressed(series integer, timeframe text, candles price_data_archive[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_replace_compressed';
COMMENT ON FUNCTION ca_replace_compressed(integer, text, price_data_archive[]) IS
    'replaces the compressed candles of one series at these times by candles in order of time, and returns how many there were';

CREATE OR REPLACE FUNCTION ca_drop_compressed(series integer, timeframe text, times timestamptz[]) RETURNS bigint
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    SET enable_seqscan = off
    AS 'MODULE_PATHNAME', 'ca_drop_compressed';
COMMENT ON FUNCTION ca_drop_compressed(integer, text, timestamptz[]) IS
    'deletes the compressed candles of a series at these times, and returns how many there were';

CREATE OR REPLACE FUNCTION ca_drop_superseded(series integer, timeframe text, times timestamptz[]) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_drop_compressed(ca_drop_superseded.series, ca_drop_superseded.timeframe, ca_drop_superseded.times);
END;
COMMENT ON FUNCTION ca_drop_superseded(integer, text, timestamptz[]) IS
    'deletes compressed candles that live ones replace; the live ones are noted for the indicators';

CREATE OR REPLACE FUNCTION @extschema@.update_compressed_candle(
    asset integer, timeframe text, candle_time timestamptz, open_price numeric, high_price numeric,
    low_price numeric, close_price numeric, volume numeric DEFAULT NULL, market_cap numeric DEFAULT NULL,
    technical_indicators jsonb DEFAULT NULL)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    candle price_data_archive;
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    IF num_nulls(candle_time, open_price, high_price, low_price, close_price) > 0 THEN
        RAISE EXCEPTION 'time and prices of a candle must not be NULL'
            USING ERRCODE = 'not_null_violation',
                  DETAIL = format('Values are time %s, open %s, high %s, low %s, close %s.',
                                  coalesce(candle_time::text, 'NULL'), coalesce(open_price::text, 'NULL'), coalesce(high_price::text, 'NULL'),
                                  coalesce(low_price::text, 'NULL'), coalesce(close_price::text, 'NULL')),
                  HINT = 'A candle has a time and four prices; only volume, market_cap and technical_indicators may be NULL.',
                  CONSTRAINT = 'price_data_compressed_known', TABLE = 'price_data_compressed';
    END IF;

    PERFORM ca_lock_series(timeframe, asset);
    SELECT a.* INTO candle FROM ca_compressed_at(asset, timeframe, ARRAY[candle_time]) AS a;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    candle.open_price := open_price;
    candle.high_price := high_price;
    candle.low_price := low_price;
    candle.close_price := close_price;
    candle.volume := volume;
    candle.market_cap := market_cap::numeric(30,2);
    candle.technical_indicators := technical_indicators;
    IF NOT (candle.low_price <= candle.open_price AND candle.open_price <= candle.high_price
            AND candle.low_price <= candle.close_price AND candle.close_price <= candle.high_price
            AND candle.high_price <> 'NaN') THEN
        RAISE EXCEPTION 'low and high must enclose open and close'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Values are open %s, high %s, low %s, close %s.',
                                  open_price, high_price, low_price, close_price),
                  HINT = 'Prices are given in the order open, high, low, close.',
                  CONSTRAINT = 'price_data_compressed_prices', TABLE = 'price_data_compressed';
    END IF;
    IF NOT (price_fits(open_price) AND price_fits(high_price) AND price_fits(low_price) AND price_fits(close_price)
            AND price_fits(coalesce(volume, 0))) THEN
        RAISE EXCEPTION 'prices and volume of a candle have at most 38 digits, at most 18 of them decimals'
            USING ERRCODE = 'numeric_value_out_of_range',
                  DETAIL = format('Values are open %s, high %s, low %s, close %s, volume %s.', open_price, high_price,
                                  low_price, close_price, coalesce(volume::text, 'NULL')),
                  HINT = 'Round the values first; this function does not round.',
                  CONSTRAINT = 'price_data_compressed_digits', TABLE = 'price_data_compressed';
    END IF;
    IF NOT (coalesce(candle.volume, 0) >= 0 AND coalesce(candle.volume, 0) < 'Infinity'
            AND coalesce(candle.market_cap, 0) >= 0 AND coalesce(candle.market_cap, 0) < 'Infinity') THEN
        RAISE EXCEPTION 'volume and market_cap must be finite and not negative'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Values are volume %s, market_cap %s.',
                                  coalesce(volume::text, 'NULL'), coalesce(market_cap::text, 'NULL')),
                  HINT = 'An unknown volume or market_cap is NULL.',
                  CONSTRAINT = 'price_data_compressed_volume', TABLE = 'price_data_compressed';
    END IF;
    PERFORM ca_replace_compressed(asset, timeframe, ARRAY[candle]);
    RETURN true;
END;
$$;
COMMENT ON FUNCTION update_compressed_candle(integer, text, timestamptz, numeric, numeric, numeric, numeric, numeric, numeric, jsonb) IS
    'sets all values of a compressed candle and returns whether it existed; its segment is rewritten';

CREATE OR REPLACE FUNCTION @extschema@.delete_compressed_candle(asset integer, timeframe text, candle_time timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    PERFORM ca_lock_series(timeframe, asset);
    RETURN ca_drop_compressed(asset, timeframe, ARRAY[candle_time]) > 0;
END;
$$;
COMMENT ON FUNCTION delete_compressed_candle(integer, text, timestamptz) IS
    'deletes a compressed candle and returns whether it existed; its segment is rewritten';

-- sql/functions/candle/partial_candles.sql

-- Candles that were rolled up from sources that cover less than their span.

CREATE OR REPLACE FUNCTION ca_candle_digest(open numeric, high numeric, low numeric, close numeric, volume numeric) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN hash_record_extended(ROW(ca_candle_digest.open, ca_candle_digest.high, ca_candle_digest.low,
                                    ca_candle_digest.close, ca_candle_digest.volume), 0);
COMMENT ON FUNCTION ca_candle_digest(numeric, numeric, numeric, numeric, numeric) IS
    'digest of a candle, by which partial_candles recognizes it';

-- Scalar subqueries look up each candle by its key, whatever the planner believes about the tables.
CREATE OR REPLACE FUNCTION ca_partial_candles(assets integer[], sources text[], since timestamptz, until timestamptz)
    RETURNS TABLE (asset integer, timeframe text, candle_time timestamptz, covered integer)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH part AS MATERIALIZED (
        SELECT p.asset_id, p.timeframe, p.candle_time, p.covered, p.digest,
               coalesce(
                   (SELECT ca_candle_digest(d.open_price, d.high_price, d.low_price, d.close_price, d.volume)
                    FROM price_data AS d
                    WHERE (d.asset_id, d.timeframe, d.candle_time) = (p.asset_id, p.timeframe, p.candle_time)),
                   (SELECT ca_candle_digest(d.open_price, d.high_price, d.low_price, d.close_price, d.volume)
                    FROM price_data_archive AS d
                    WHERE (d.asset_id, d.timeframe, d.candle_time) = (p.asset_id, p.timeframe, p.candle_time))) AS found
        FROM partial_candles AS p
        WHERE p.asset_id = ANY (ca_partial_candles.assets)
          AND p.timeframe = ANY (ca_partial_candles.sources)
          AND p.candle_time >= ca_partial_candles.since
          AND p.candle_time < ca_partial_candles.until
    ), compressed AS MATERIALIZED (
        SELECT z.asset_id, z.timeframe, z.candle_time,
               ca_candle_digest(z.open_price, z.high_price, z.low_price, z.close_price, z.volume) AS found
        FROM (SELECT p.asset_id, p.timeframe, array_agg(p.candle_time ORDER BY p.candle_time) AS times
              FROM part AS p
              WHERE p.found IS NULL AND EXISTS (SELECT FROM price_data_segments)
              GROUP BY p.asset_id, p.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    )
    SELECT p.asset_id, p.timeframe, p.candle_time, p.covered
    FROM part AS p
    LEFT JOIN compressed AS z USING (asset_id, timeframe, candle_time)
    WHERE p.digest = coalesce(p.found, z.found);
END;
COMMENT ON FUNCTION ca_partial_candles(integer[], text[], timestamptz, timestamptz) IS
    'stored candles that start in [since, until) and were made from less than their span, and from how many minutes';

-- Minutes that were covered lie anywhere in the span, so the last of them ended no sooner than this.
CREATE OR REPLACE FUNCTION ca_candle_until(asset integer, timeframe text, candle_time timestamptz)
    RETURNS TABLE (closed_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT least(
               timeframe_end(ca_candle_until.timeframe, ca_candle_until.candle_time),
               (SELECT ca_candle_until.candle_time + p.covered * interval '1 minute'
                FROM partial_candles AS p
                WHERE (p.asset_id, p.timeframe, p.candle_time)
                      = (ca_candle_until.asset, ca_candle_until.timeframe, ca_candle_until.candle_time)
                  AND EXISTS (
                      SELECT
                      FROM price_history AS h
                      WHERE (h.asset_id, h.timeframe, h.candle_time) = (p.asset_id, p.timeframe, p.candle_time)
                        AND ca_candle_digest(h.open_price, h.high_price, h.low_price, h.close_price, h.volume) = p.digest)))
    -- computed once
    OFFSET 0;
END;
COMMENT ON FUNCTION ca_candle_until(integer, text, timestamptz) IS
    'the moment that a stored candle is known to have come to: its end, or where it was made of less than its span, its start and the minutes that it was made of';

-- A role that may write candles records with the rights of the owner of the tables which candles a
-- roll-up made from less than their span.
CREATE OR REPLACE FUNCTION ca_write_partial(candles price_data[], covered integer[], digests bigint[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    IF ca_write_partial.covered IS NULL THEN
        -- LIMIT makes each look-up one of its own, so that no plan compares all candles with all rows
        DELETE FROM partial_candles AS p
        WHERE p.ctid = ANY (ARRAY(
            SELECT k.place
            FROM unnest((SELECT ca_write_partial.candles)) AS c
            CROSS JOIN LATERAL (
                SELECT x.ctid AS place
                FROM partial_candles AS x
                WHERE (x.asset_id, x.timeframe, x.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
                LIMIT 1) AS k));
        RETURN;
    END IF;
    INSERT INTO partial_candles AS p (asset_id, timeframe, candle_time, covered, digest)
    SELECT (c.candle).asset_id, (c.candle).timeframe, (c.candle).candle_time, c.covered, c.digest
    FROM (SELECT unnest(ca_write_partial.candles) AS candle, unnest(ca_write_partial.covered) AS covered,
                 unnest(ca_write_partial.digests) AS digest) AS c
    ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
    SET covered = excluded.covered, digest = excluded.digest
    WHERE (p.covered, p.digest) IS DISTINCT FROM (excluded.covered, excluded.digest);
END;
$$;
COMMENT ON FUNCTION ca_write_partial(price_data[], integer[], bigint[]) IS
    'records from how many minutes candles were made; without covered, that they are whole';
REVOKE EXECUTE ON FUNCTION ca_write_partial(price_data[], integer[], bigint[]) FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_note_partial(candles price_data[], covered integer[], digests bigint[]) RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_note_partial';
COMMENT ON FUNCTION ca_note_partial(price_data[], integer[], bigint[]) IS
    'like ca_write_partial(), for roles that may insert into price_data';

-- sql/functions/candle/rollup.sql

-- Writing candles: one writer for all, roll-ups and imports.

-- Not a parsed body: with an argument of its row type, PostgreSQL could not add a column with a default
-- to price_data.
CREATE OR REPLACE FUNCTION ca_store_candles(candles price_data[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    WITH candle AS MATERIALIZED (
        -- look up each candle by its key, even many of them: the planner must not estimate their number
        SELECT c.* FROM unnest((SELECT ca_store_candles.candles)) AS c
    ), in_archive AS (
        UPDATE price_data_archive AS a
        SET open_price = c.open_price,
            high_price = c.high_price,
            low_price = c.low_price,
            close_price = c.close_price,
            volume = coalesce(c.volume, a.volume),
            market_cap = coalesce(c.market_cap, a.market_cap),
            technical_indicators = ca_own_keys(a.technical_indicators)
        FROM candle AS c
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
          AND (a.open_price, a.high_price, a.low_price, a.close_price, a.volume, a.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, a.volume), coalesce(c.market_cap, a.market_cap))
        RETURNING a.id
    ), compressed AS MATERIALIZED (
        SELECT z AS stored, z.*
        FROM (SELECT c.asset_id, c.timeframe, array_agg(c.candle_time) AS times
              FROM candle AS c
              WHERE EXISTS (SELECT FROM price_data_segments)
              GROUP BY c.asset_id, c.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    ), in_segments AS (
        SELECT ca_replace_compressed(
                   z.asset_id, z.timeframe,
                   array_agg(jsonb_populate_record(z.stored, jsonb_build_object(
                                 'open_price', c.open_price, 'high_price', c.high_price, 'low_price', c.low_price,
                                 'close_price', c.close_price, 'volume', coalesce(c.volume, z.volume),
                                 'market_cap', coalesce(c.market_cap, z.market_cap), 'technical_indicators', ca_own_keys(z.technical_indicators)))
                             ORDER BY z.candle_time)) AS replaced
        FROM compressed AS z
        JOIN candle AS c
          ON (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
        WHERE (z.open_price, z.high_price, z.low_price, z.close_price, z.volume, z.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, z.volume), coalesce(c.market_cap, z.market_cap))
        GROUP BY z.asset_id, z.timeframe
    ), in_live AS (
        INSERT INTO price_data AS p
            (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap, candle_time)
        SELECT c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
               c.volume, c.market_cap, c.candle_time
        FROM candle AS c
        WHERE NOT EXISTS (
            SELECT
            FROM price_data_archive AS a
            WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
          AND NOT EXISTS (
            SELECT
            FROM compressed AS z
            WHERE (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
        ORDER BY c.asset_id, c.timeframe, c.candle_time
        ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
        SET open_price = excluded.open_price,
            high_price = excluded.high_price,
            low_price = excluded.low_price,
            close_price = excluded.close_price,
            volume = coalesce(excluded.volume, p.volume),
            market_cap = coalesce(excluded.market_cap, p.market_cap),
            technical_indicators = ca_own_keys(p.technical_indicators)
        WHERE (p.open_price, p.high_price, p.low_price, p.close_price, p.volume, p.market_cap)
              IS DISTINCT FROM
              (excluded.open_price, excluded.high_price, excluded.low_price, excluded.close_price,
               coalesce(excluded.volume, p.volume), coalesce(excluded.market_cap, p.market_cap))
        RETURNING p.id
    )
    SELECT (SELECT count(*) FROM in_archive)
         + (SELECT coalesce(sum(s.replaced), 0)::bigint FROM in_segments AS s)
         + (SELECT count(*) FROM in_live)
    INTO changed;
    RETURN changed;
END;
$$;
COMMENT ON FUNCTION ca_store_candles(price_data[]) IS
    'inserts candles or corrects stored ones, live, archived or compressed, and returns how many changed; a changed candle loses its indicators, but no other key of its JSON; an unknown volume or market_cap does not overwrite a known one; the caller holds the series lock and passes each candle once';

-- A partial candle is written if none is stored, or one that was made from no more minutes.
CREATE OR REPLACE FUNCTION ca_store_rolled_up(candles price_data[], covered integer[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    written bigint;
    partial record;
BEGIN
    IF ca_store_rolled_up.covered IS NULL THEN
        written := ca_store_candles(ca_store_rolled_up.candles);
        PERFORM ca_note_partial(ca_store_rolled_up.candles, NULL, NULL);
        RETURN written;
    END IF;

    WITH candle AS MATERIALIZED (
        SELECT u.candle, u.covered, (u.candle).asset_id, (u.candle).timeframe, (u.candle).candle_time,
               stored.prices, stored.volume, stored.market_cap
        FROM (SELECT unnest(ca_store_rolled_up.candles) AS candle, unnest(ca_store_rolled_up.covered) AS covered) AS u
        LEFT JOIN LATERAL (
            SELECT ARRAY[d.open_price, d.high_price, d.low_price, d.close_price] AS prices, d.volume, d.market_cap
            FROM price_data AS d
            WHERE (d.asset_id, d.timeframe, d.candle_time) = ((u.candle).asset_id, (u.candle).timeframe, (u.candle).candle_time)
            UNION ALL
            SELECT ARRAY[d.open_price, d.high_price, d.low_price, d.close_price], d.volume, d.market_cap
            FROM price_data_archive AS d
            WHERE (d.asset_id, d.timeframe, d.candle_time) = ((u.candle).asset_id, (u.candle).timeframe, (u.candle).candle_time)
            LIMIT 1) AS stored ON true
    ), compressed AS MATERIALIZED (
        SELECT z.asset_id, z.timeframe, z.candle_time,
               ARRAY[z.open_price, z.high_price, z.low_price, z.close_price] AS prices, z.volume, z.market_cap
        FROM (SELECT c.asset_id, c.timeframe, array_agg(c.candle_time ORDER BY c.candle_time) AS times
              FROM candle AS c
              WHERE c.prices IS NULL AND EXISTS (SELECT FROM price_data_segments)
              GROUP BY c.asset_id, c.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    ), known AS (
        SELECT c.candle, c.covered, c.asset_id, c.timeframe, c.candle_time,
               coalesce(c.prices, z.prices) AS prices, coalesce(c.volume, z.volume) AS volume,
               ARRAY[(c.candle).open_price, (c.candle).high_price, (c.candle).low_price, (c.candle).close_price] AS new_prices,
               coalesce((c.candle).volume, c.volume, z.volume) AS new_volume,
               coalesce((c.candle).market_cap, c.market_cap, z.market_cap)
                   IS DISTINCT FROM coalesce(c.market_cap, z.market_cap) AS other_market_cap
        FROM candle AS c
        LEFT JOIN compressed AS z USING (asset_id, timeframe, candle_time)
    ), judged AS (
        SELECT k.*,
               (SELECT p.covered
                FROM partial_candles AS p
                WHERE (p.asset_id, p.timeframe, p.candle_time) = (k.asset_id, k.timeframe, k.candle_time)
                  AND p.digest = ca_candle_digest(k.prices[1], k.prices[2], k.prices[3], k.prices[4], k.volume)) AS made_of
        FROM known AS k
    )
    SELECT array_agg(j.candle) AS candles, array_agg(j.covered) AS covered,
           array_agg(ca_candle_digest(j.new_prices[1], j.new_prices[2], j.new_prices[3], j.new_prices[4],
                                      j.new_volume)) AS digests
    INTO partial
    FROM judged AS j
    WHERE CASE WHEN j.prices IS NULL THEN true
               -- skip a candle that would not change
               WHEN j.made_of = j.covered THEN j.other_market_cap OR (j.prices, j.volume) IS DISTINCT FROM (j.new_prices, j.new_volume)
               WHEN j.made_of IS NOT NULL THEN j.made_of < j.covered
               ELSE j.prices = j.new_prices AND j.volume IS NOT DISTINCT FROM j.new_volume END;

    IF partial.candles IS NULL THEN
        RETURN 0;
    END IF;
    written := ca_store_candles(partial.candles);
    PERFORM ca_note_partial(partial.candles, partial.covered, partial.digests);
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_store_rolled_up(price_data[], integer[]) IS
    'like ca_store_candles(), for candles made from the given minutes of their span, which do not replace candles made from more; without covered they are whole';

CREATE OR REPLACE FUNCTION ca_rollup_series(
    timeframe text, asset integer, since timestamptz, until timestamptz, source text, include_open boolean)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_series';
COMMENT ON FUNCTION ca_rollup_series(text, integer, timestamptz, timestamptz, text, boolean) IS
    'rolls one series up, or those of all assets if asset is NULL, in one pass over the stored candles; the caller has checked the arguments and holds the lock of the series that are written';

CREATE OR REPLACE FUNCTION @extschema@.rollup_candles(
    timeframe text, asset integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, source text DEFAULT NULL, include_open boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('price_data', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('price_data_archive', 'SELECT, UPDATE');
    PERFORM ca_check_timeframe(rollup_candles.timeframe);
    PERFORM ca_check_range(rollup_candles.since, rollup_candles.until);
    IF rollup_candles.asset IS NOT NULL THEN
        PERFORM ca_check_asset(rollup_candles.asset);
    END IF;
    PERFORM FROM timeframes() AS t
    WHERE timeframe_divides(coalesce(rollup_candles.source, t), rollup_candles.timeframe);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cannot roll % up to %', coalesce(rollup_candles.source, 'candles'), rollup_candles.timeframe
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('A %s candle is not made of whole %s candles.',
                                  rollup_candles.timeframe, coalesce(rollup_candles.source, 'shorter')),
                  HINT = format('Timeframes that divide %s: %s.', rollup_candles.timeframe,
                                coalesce((SELECT string_agg(t, ' ') FROM timeframes() AS t
                                          WHERE timeframe_divides(t, rollup_candles.timeframe)), 'none'));
    END IF;

    PERFORM ca_lock_series(rollup_candles.timeframe, rollup_candles.asset);
    -- its snapshot is taken after the lock
    RETURN ca_rollup_series(
        rollup_candles.timeframe, rollup_candles.asset, rollup_candles.since, rollup_candles.until,
        rollup_candles.source, coalesce(rollup_candles.include_open, false));
END;
$$;
COMMENT ON FUNCTION rollup_candles(text, integer, timestamptz, timestamptz, text, boolean) IS
    'recomputes the whole candles that overlap [since, until) from stored finer ones, live and archived, writes them, and returns how many were inserted or changed; closed candles only, unless include_open';

-- sql/functions/import/import.sql

-- Importing candles from the JSON that exchanges and data providers send.

CREATE OR REPLACE FUNCTION ca_import_ohlcv(
    data jsonb, asset integer, timeframe text, format text, volume_unit text, bad text, trust_times boolean,
    OUT candles price_data[], OUT skipped bigint, OUT mended bigint, OUT first_problem text)
    RETURNS record
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_import_ohlcv';
COMMENT ON FUNCTION ca_import_ohlcv(jsonb, integer, text, text, text, text, boolean) IS
    'the candles that the elements of an import describe, by time, how many were left out or mended, and what is wrong with the first of these; if a candle appears twice, the last one counts';

CREATE OR REPLACE FUNCTION @extschema@.import_ohlcv_report(
    asset integer, timeframe text, data jsonb, format text DEFAULT 'ccxt', volume_unit text DEFAULT 'base',
    bad text DEFAULT 'skip', trust_times boolean DEFAULT false,
    OUT changed bigint, OUT skipped bigint, OUT mended bigint, OUT first_problem text)
    RETURNS record
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    PERFORM ca_check_rights('price_data', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('price_data_archive', 'SELECT, UPDATE');
    PERFORM ca_check_timeframe(import_ohlcv_report.timeframe);
    PERFORM ca_check_asset(import_ohlcv_report.asset);
    IF import_ohlcv_report.format IS NULL OR import_ohlcv_report.format NOT IN ('ccxt', 'binance', 'coingecko') THEN
        RAISE EXCEPTION 'unknown format'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv_report.format)),
                  HINT = 'Formats are ccxt, binance and coingecko.';
    END IF;
    IF import_ohlcv_report.volume_unit IS NULL OR import_ohlcv_report.volume_unit NOT IN ('base', 'quote') THEN
        RAISE EXCEPTION 'unknown volume_unit'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv_report.volume_unit)),
                  HINT = 'Units are base and quote.';
    END IF;
    IF import_ohlcv_report.volume_unit = 'quote' AND import_ohlcv_report.format <> 'ccxt' THEN
        RAISE EXCEPTION 'volume_unit can only be given for format ccxt'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('The format is %s.', import_ohlcv_report.format),
                  HINT = CASE import_ohlcv_report.format
                             WHEN 'binance' THEN 'A Binance kline carries its quote volume, which is taken; leave volume_unit out.'
                             ELSE 'A CoinGecko candle has no volume; leave volume_unit out.'
                         END;
    END IF;
    IF import_ohlcv_report.bad IS NULL OR import_ohlcv_report.bad NOT IN ('refuse', 'skip', 'mend') THEN
        RAISE EXCEPTION 'unknown value of bad'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv_report.bad)),
                  HINT = 'Values are refuse, skip and mend.';
    END IF;
    IF jsonb_typeof(import_ohlcv_report.data) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'data must be a JSON array of candles'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = coalesce('It is a JSON ' || jsonb_typeof(import_ohlcv_report.data) || '.', 'It is NULL.'),
                  HINT = 'Pass the array itself, not the object that the provider wraps it in.';
    END IF;

    -- by assignment, so that the error of an element does not quote a statement of this function
    r := ca_import_ohlcv(import_ohlcv_report.data, import_ohlcv_report.asset, import_ohlcv_report.timeframe,
                         import_ohlcv_report.format, import_ohlcv_report.volume_unit, import_ohlcv_report.bad,
                         coalesce(import_ohlcv_report.trust_times, false));
    skipped := r.skipped;
    mended := r.mended;
    first_problem := r.first_problem;
    PERFORM ca_lock_series(import_ohlcv_report.timeframe, import_ohlcv_report.asset);
    changed := ca_store_rolled_up(r.candles, NULL);
END;
$$;
COMMENT ON FUNCTION import_ohlcv_report(integer, text, jsonb, text, text, text, boolean) IS
    'like import_ohlcv(), but returns counts: candles inserted or changed, invalid candles left out or mended, and what is wrong with the first of these';

CREATE OR REPLACE FUNCTION @extschema@.import_ohlcv(
    asset integer, timeframe text, data jsonb, format text DEFAULT 'ccxt', volume_unit text DEFAULT 'base',
    bad text DEFAULT 'refuse', trust_times boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    report record;
BEGIN
    report := import_ohlcv_report(import_ohlcv.asset, import_ohlcv.timeframe, import_ohlcv.data, import_ohlcv.format,
                                  import_ohlcv.volume_unit, import_ohlcv.bad, import_ohlcv.trust_times);
    IF report.skipped + report.mended > 0 THEN
        RAISE NOTICE '% candles skipped and % mended', report.skipped, report.mended
            USING DETAIL = format('First problem: %s.', report.first_problem),
                  HINT = 'import_ohlcv_report() returns these numbers.';
    END IF;
    RETURN report.changed;
END;
$$;
COMMENT ON FUNCTION import_ohlcv(integer, text, jsonb, text, text, text, boolean) IS
    'writes candles from JSON and returns how many were inserted or changed; formats: ccxt [ms, open, high, low, close, volume], binance (12 fields, of which the quote volume is used), coingecko [ms at close, open, high, low, close]; a base volume is multiplied by the typical price; an invalid element is reported and nothing is kept, unless bad => skip or mend; times before 2009, and candles of which no two are neighbours, are refused unless trust_times';

-- sql/functions/archive/archive.sql

-- The archive of old candles.

-- A candle is in one place only.  A new live candle replaces an archived or compressed one, and an
-- archived one cannot be added while there is a live or compressed one.
--
-- LATERAL and LIMIT look up each new candle by its key.  A join might instead read a whole table for
-- each of them if the planner believes that a table that has just been filled is empty.
CREATE OR REPLACE FUNCTION ca_mark_archive() RETURNS void
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_mark_archive';
COMMENT ON FUNCTION ca_mark_archive() IS
    'marks the archive as being written by hand until the end of the transaction, and waits for transactions that have written price_data';
REVOKE EXECUTE ON FUNCTION ca_mark_archive() FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_archive_is_marked() RETURNS boolean
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_archive_is_marked';
COMMENT ON FUNCTION ca_archive_is_marked() IS
    'whether another session is writing the archive by hand';
REVOKE EXECUTE ON FUNCTION ca_archive_is_marked() FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_supersede_archived() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    assets integer[];
    codes text[];
    reached record;
    series record;
BEGIN
    -- A snapshot that is older than a move of the series shows its candles in their old place, which the
    -- lock of the series detects; and a candle that is being archived by hand is not visible to others yet.
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') OR ca_archive_is_marked() THEN
        FOR series IN
            SELECT n.timeframe::text AS code, array_agg(DISTINCT n.asset_id) AS assets
            FROM new_candles AS n
            GROUP BY n.timeframe
            ORDER BY n.timeframe
        LOOP
            PERFORM ca_lock_archive(series.code, series.assets);
            IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
                PERFORM ca_lock_series_of(series.code, series.assets);
            END IF;
        END LOOP;
    END IF;

    -- Candles that were archived when this began are deleted or, if they have gone into a segment
    -- since, found in the second pass.  Candles that were compressed are found by the series' last
    -- segment in the first.
    FOR pass IN 1 .. 2 LOOP
        WITH superseded AS MATERIALIZED (
            SELECT a.*
            FROM new_candles AS n
            CROSS JOIN LATERAL (
                SELECT a.id, a.asset_id, a.timeframe, a.candle_time
                FROM ONLY price_data_archive AS a
                WHERE (a.asset_id, a.timeframe, a.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
                LIMIT 1) AS a
            WHERE pass = 1
        ), gone AS (
            DELETE FROM ONLY price_data_archive AS a
            USING superseded AS s
            WHERE (a.id, a.asset_id, a.timeframe, a.candle_time) = (s.id, s.asset_id, s.timeframe, s.candle_time)
        )
        SELECT array_agg(n.asset_id) AS assets, array_agg(n.timeframe) AS codes
        INTO reached
        FROM (SELECT n.asset_id, n.timeframe::text
              FROM new_candles AS n
              WHERE EXISTS (SELECT FROM price_data_segments)
              GROUP BY n.asset_id, n.timeframe
              HAVING min(n.candle_time) <= (SELECT g.last_time
                                            FROM price_data_segments AS g
                                            WHERE g.asset_id = n.asset_id AND g.timeframe = n.timeframe
                                            ORDER BY g.first_time DESC
                                            LIMIT 1)) AS n;
        assets := assets || reached.assets;
        codes := codes || reached.codes;
    END LOOP;
    IF assets IS NULL THEN
        RETURN NULL;
    END IF;

    -- under the lock of a series, none of its candles can be moving
    FOR series IN
        SELECT DISTINCT s.code, s.asset
        FROM unnest(assets, codes) AS s (asset, code)
        ORDER BY s.code, s.asset
    LOOP
        PERFORM ca_lock_series(series.code, series.asset);
        PERFORM ca_drop_superseded(series.asset, series.code, ARRAY(
            SELECT n.candle_time
            FROM new_candles AS n
            WHERE n.asset_id = series.asset AND n.timeframe = series.code));
        WITH superseded AS MATERIALIZED (
            SELECT a.*
            FROM new_candles AS n
            CROSS JOIN LATERAL (
                SELECT a.id, a.candle_time
                FROM ONLY price_data_archive AS a
                WHERE (a.asset_id, a.timeframe, a.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
                LIMIT 1) AS a
            WHERE n.asset_id = series.asset AND n.timeframe = series.code
        )
        DELETE FROM ONLY price_data_archive AS a
        USING superseded AS s
        WHERE (a.id, a.candle_time) = (s.id, s.candle_time)
          AND a.asset_id = series.asset
          AND a.timeframe = series.code;
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_supersede_archived() IS
    'trigger: candles inserted into price_data replace archived and compressed ones; it runs with its owner''s rights because whoever may insert candles need not be allowed to delete from the archive';
REVOKE EXECUTE ON FUNCTION ca_supersede_archived() FROM PUBLIC;

CREATE OR REPLACE TRIGGER price_data_supersede
    AFTER INSERT ON price_data
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_supersede_archived();
COMMENT ON TRIGGER price_data_supersede ON price_data IS
    'a candle inserted here replaces an archived or compressed one';

CREATE OR REPLACE FUNCTION ca_raise_second_copy(asset integer, timeframe text, candle_time timestamptz, compressed boolean)
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF compressed THEN
        RAISE EXCEPTION 'the candle is compressed already'
            USING ERRCODE = 'unique_violation',
                  DETAIL = format('price_data_segments holds the %s candle of asset %s at %s.',
                                  timeframe, asset, candle_time),
                  HINT = 'update_compressed_candle and delete_compressed_candle change it where it is.',
                  CONSTRAINT = 'price_data_archive_once', TABLE = 'price_data_archive', COLUMN = 'candle_time';
    END IF;
    RAISE EXCEPTION 'the candle is live already'
        USING ERRCODE = 'unique_violation',
              DETAIL = format('price_data holds the %s candle of asset %s at %s.', timeframe, asset, candle_time),
              HINT = 'archive_price_data moves candles from one table to the other.',
              CONSTRAINT = 'price_data_archive_once', TABLE = 'price_data_archive', COLUMN = 'candle_time';
END;
$$;
COMMENT ON FUNCTION ca_raise_second_copy(integer, text, timestamptz, boolean) IS
    'refuses an archived candle that is compressed, or else live';

CREATE OR REPLACE FUNCTION ca_begin_archiving(timeframe text, assets integer[]) RETURNS void
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
BEGIN
    IF current_setting('transaction_isolation') IN ('repeatable read', 'serializable') THEN
        RAISE EXCEPTION 'inserting candles into the archive requires READ COMMITTED'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('At %s a transaction does not see live candles that were added after it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED, or let archive_price_data move the candles.',
                  CONSTRAINT = 'price_data_archive_isolation', TABLE = 'price_data_archive';
    END IF;
    PERFORM ca_mark_archive();
    PERFORM ca_lock_archive(ca_begin_archiving.timeframe, ca_begin_archiving.assets);
    UPDATE series_locks AS s
    SET moves = s.moves + 1
    WHERE s.asset_id = ANY (ca_begin_archiving.assets)
      AND s.timeframe = ca_begin_archiving.timeframe
      AND s.purpose = 'archive'
      AND s.xmin <> pg_current_xact_id()::xid;
END;
$$;
COMMENT ON FUNCTION ca_begin_archiving(text, integer[]) IS
    'makes sure that the next query sees all live candles of these series, and that no candle is added before the end of the transaction without checking the archive';

CREATE OR REPLACE FUNCTION ca_refuse_second_copy() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    copy record;
    series record;
BEGIN
    -- a moving candle has left its old place, visible to sessions that write there
    IF current_setting('cryptoanalytics.moving', true) IS DISTINCT FROM 'on' THEN
        FOR series IN
            SELECT n.timeframe::text AS code, array_agg(DISTINCT n.asset_id) AS assets
            FROM new_candles AS n
            GROUP BY n.timeframe
            ORDER BY n.timeframe
        LOOP
            PERFORM ca_begin_archiving(series.code, series.assets);
        END LOOP;
    END IF;

    -- one statement: a candle may be moving from one to the other
    SELECT c.*
    INTO copy
    FROM (SELECT p.asset_id, p.timeframe, p.candle_time, false AS compressed
          FROM new_candles AS n
          CROSS JOIN LATERAL (
              SELECT p.*
              FROM price_data AS p
              WHERE (p.asset_id, p.timeframe, p.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
              LIMIT 1) AS p
          UNION ALL
          SELECT z.asset_id, z.timeframe, z.candle_time, true
          FROM (SELECT n.asset_id, n.timeframe, array_agg(n.candle_time) AS times
                FROM new_candles AS n
                WHERE EXISTS (SELECT FROM price_data_segments)
                GROUP BY n.asset_id, n.timeframe) AS n
          CROSS JOIN LATERAL ca_compressed_at(n.asset_id, n.timeframe, n.times) AS z) AS c
    LIMIT 1;
    IF FOUND THEN
        PERFORM ca_raise_second_copy(copy.asset_id, copy.timeframe, copy.candle_time, copy.compressed);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_refuse_second_copy() IS
    'trigger: refuses to archive a candle that price_data or a segment holds; it runs with its owner''s rights because whoever fills the archive need not be allowed to read those';
REVOKE EXECUTE ON FUNCTION ca_refuse_second_copy() FROM PUBLIC;

CREATE OR REPLACE TRIGGER price_data_archive_once
    AFTER INSERT ON price_data_archive
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_refuse_second_copy();
COMMENT ON TRIGGER price_data_archive_once ON price_data_archive IS
    'a candle that price_data or a segment holds is not archived a second time';

-- A candle with a changed key counts as a new one, by the same rules.
CREATE OR REPLACE FUNCTION ca_change_key() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_TABLE_NAME = 'price_data' THEN
        PERFORM ca_lock_archive(NEW.timeframe, ARRAY[NEW.asset_id]);
        PERFORM ca_lock_series(NEW.timeframe, NEW.asset_id);
        PERFORM ca_note_move(NEW.timeframe, ARRAY[NEW.asset_id]);
        DELETE FROM ONLY price_data_archive AS a
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (NEW.asset_id, NEW.timeframe, NEW.candle_time);
        PERFORM ca_drop_superseded(NEW.asset_id, NEW.timeframe, ARRAY[NEW.candle_time]);
        RETURN NULL;
    END IF;
    PERFORM ca_begin_archiving(NEW.timeframe, ARRAY[NEW.asset_id]);
    IF EXISTS (SELECT
               FROM price_data AS p
               WHERE (p.asset_id, p.timeframe, p.candle_time) = (NEW.asset_id, NEW.timeframe, NEW.candle_time)) THEN
        PERFORM ca_raise_second_copy(NEW.asset_id, NEW.timeframe, NEW.candle_time, false);
    ELSIF EXISTS (SELECT FROM ca_compressed_at(NEW.asset_id, NEW.timeframe, ARRAY[NEW.candle_time])) THEN
        PERFORM ca_raise_second_copy(NEW.asset_id, NEW.timeframe, NEW.candle_time, true);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_change_key() IS
    'trigger: a live candle that gets another key replaces an archived or compressed one, and an archived one does not get the key of a live or compressed one; it runs with its owner''s rights because whoever may update one table need not have rights to the others';
REVOKE EXECUTE ON FUNCTION ca_change_key() FROM PUBLIC;

CREATE OR REPLACE TRIGGER price_data_change_key
    AFTER UPDATE ON price_data
    FOR EACH ROW
    WHEN (OLD.candle_time <> NEW.candle_time OR OLD.asset_id <> NEW.asset_id OR OLD.timeframe <> NEW.timeframe)
    EXECUTE FUNCTION ca_change_key();
COMMENT ON TRIGGER price_data_change_key ON price_data IS
    'a candle that gets another key replaces an archived or compressed one';

CREATE OR REPLACE TRIGGER price_data_archive_change_key
    AFTER UPDATE ON price_data_archive
    FOR EACH ROW
    WHEN (OLD.candle_time <> NEW.candle_time OR OLD.asset_id <> NEW.asset_id OR OLD.timeframe <> NEW.timeframe)
    EXECUTE FUNCTION ca_change_key();
COMMENT ON TRIGGER price_data_archive_change_key ON price_data_archive IS
    'an archived candle does not get the key of one that price_data or a segment holds';

CREATE OR REPLACE FUNCTION @extschema@.retention_period(timeframe text) RETURNS interval
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_retention_period';
COMMENT ON FUNCTION retention_period(text) IS
    'how long candles of this timeframe stay in price_data, from the setting cryptoanalytics.retention; NULL for ever';

CREATE OR REPLACE FUNCTION ca_archive_cutoff(timeframe text, older_than timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT least(coalesce(ca_archive_cutoff.older_than,
                          (now() AT TIME ZONE 'UTC' - retention_period(ca_archive_cutoff.timeframe))
                          AT TIME ZONE 'UTC'),
                 timeframe_bucket(ca_archive_cutoff.timeframe, now()))
    WHERE ca_archive_cutoff.older_than IS NOT NULL
       OR retention_period(ca_archive_cutoff.timeframe) IS NOT NULL;
END;
COMMENT ON FUNCTION ca_archive_cutoff(text, timestamptz) IS
    'moment before which candles of this timeframe start that are to be archived, never an open one; NULL if there are none';

CREATE OR REPLACE FUNCTION ca_archive_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer, keep_indicators boolean,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    -- One statement: a row either moves from one table to the other or stays.  The rows are deleted where they
    -- are, not by a join, which would be a nested loop if the planner expected few candles.  A row that changes
    -- while it is being locked is elsewhere, and stays like one that is locked.
    WITH batch AS MATERIALIZED (
        SELECT p.ctid AS place, p.id, p.candle_time
        FROM ONLY price_data AS p
        WHERE p.asset_id = ca_archive_batch.series
          AND p.timeframe = ca_archive_batch.timeframe
          AND p.candle_time >= ca_archive_batch.since
          AND p.candle_time < ca_archive_batch.until
        ORDER BY p.candle_time
        LIMIT ca_archive_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM ONLY price_data AS p
        WHERE p.ctid = ANY (ARRAY(SELECT b.place FROM batch AS b))
          AND ((p.id, p.asset_id, p.timeframe, p.candle_time)
               IN (SELECT b.id, ca_archive_batch.series, ca_archive_batch.timeframe, b.candle_time FROM batch AS b)) IS TRUE
        RETURNING p.*
    ), archived AS (
        INSERT INTO price_data_archive AS a
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap,
               CASE WHEN ca_archive_batch.keep_indicators THEN g.technical_indicators
                    ELSE ca_own_keys(g.technical_indicators) END,
               g.candle_time, g.created_at
        FROM gone AS g
        ORDER BY g.candle_time
        RETURNING a.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM archived AS r;
END;
COMMENT ON FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean) IS
    'moves the oldest candles of a range to the archive, at most batch_size; rows that another session has locked stay';

CREATE OR REPLACE FUNCTION ca_restore_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH batch AS MATERIALIZED (
        SELECT a.ctid AS place, a.id, a.candle_time
        FROM ONLY price_data_archive AS a
        WHERE a.asset_id = ca_restore_batch.series
          AND a.timeframe = ca_restore_batch.timeframe
          AND a.candle_time >= ca_restore_batch.since
          AND a.candle_time < ca_restore_batch.until
        ORDER BY a.candle_time
        LIMIT ca_restore_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM ONLY price_data_archive AS a
        WHERE a.ctid = ANY (ARRAY(SELECT b.place FROM batch AS b))
          AND ((a.id, a.asset_id, a.timeframe, a.candle_time)
               IN (SELECT b.id, ca_restore_batch.series, ca_restore_batch.timeframe, b.candle_time FROM batch AS b)) IS TRUE
        RETURNING a.*
    ), restored AS (
        INSERT INTO price_data AS p
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap, g.technical_indicators, g.candle_time, g.created_at
        FROM gone AS g
        ORDER BY g.candle_time
        RETURNING p.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM restored AS r;
END;
COMMENT ON FUNCTION ca_restore_batch(integer, text, timestamptz, timestamptz, integer) IS
    'moves the oldest candles of a range back from the archive, at most batch_size';

CREATE OR REPLACE FUNCTION ca_decompress_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH archived AS (
        INSERT INTO price_data_archive AS a
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap, g.technical_indicators, g.candle_time, g.created_at
        FROM ca_take_compressed(ca_decompress_batch.series, ca_decompress_batch.timeframe, ca_decompress_batch.since,
                                ca_decompress_batch.until, ca_decompress_batch.batch_size) AS g
        RETURNING a.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM archived AS r;
END;
COMMENT ON FUNCTION ca_decompress_batch(integer, text, timestamptz, timestamptz, integer) IS
    'moves the oldest candles of a range out of their segments to the archive, batch_size of them and the rest of the last segment';

CREATE OR REPLACE FUNCTION ca_restore_compressed_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH restored AS (
        INSERT INTO price_data AS p
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap, g.technical_indicators, g.candle_time, g.created_at
        FROM ca_take_compressed(ca_restore_compressed_batch.series, ca_restore_compressed_batch.timeframe,
                                ca_restore_compressed_batch.since, ca_restore_compressed_batch.until,
                                ca_restore_compressed_batch.batch_size) AS g
        RETURNING p.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM restored AS r;
END;
COMMENT ON FUNCTION ca_restore_compressed_batch(integer, text, timestamptz, timestamptz, integer) IS
    'moves the oldest candles of a range out of their segments to price_data, batch_size of them and the rest of the last segment';

-- background_tasks has a row for each run.  The next run marks one that broke off as failed: its
-- backend is gone, or the server has restarted since.
CREATE OR REPLACE FUNCTION ca_task_start(name text, params jsonb) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    task integer;
BEGIN
    UPDATE background_tasks AS t
    SET status = 'failed',
        error_message = 'the run broke off: its session is gone',
        completed_at = clock_timestamp()
    WHERE t.task_name = name
      AND t.status = 'running'
      AND (t.started_at < pg_postmaster_start_time()
           OR NOT EXISTS (SELECT
                          FROM pg_stat_activity AS s
                          WHERE s.pid = (t.task_params ->> 'pid')::integer
                            -- NULL where the caller must not know
                            AND coalesce(s.backend_start <= t.started_at, true))
           OR (t.task_params ->> 'pid')::integer = pg_backend_pid());

    INSERT INTO background_tasks AS t (task_name, task_type, status, task_params, result_data, started_at)
    VALUES (name, 'cleanup', 'running', params || jsonb_build_object('pid', pg_backend_pid()),
            jsonb '{"moved": 0, "by_timeframe": {}}', clock_timestamp())
    RETURNING t.id INTO task;
    RETURN task;
END;
$$;
COMMENT ON FUNCTION ca_task_start(text, jsonb) IS
    'records a run in background_tasks, and marks earlier ones that broke off as failed';

CREATE OR REPLACE FUNCTION ca_task_finish(task integer, failure text, OUT moved bigint)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE background_tasks AS t
    SET status = CASE WHEN ca_task_finish.failure IS NULL THEN 'completed' ELSE 'failed' END,
        error_message = ca_task_finish.failure,
        completed_at = clock_timestamp(),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - t.started_at)
    WHERE t.id = ca_task_finish.task
    RETURNING (t.result_data ->> 'moved')::bigint;
END;
COMMENT ON FUNCTION ca_task_finish(integer, text) IS
    'records in background_tasks how a run ended, and returns the number of rows that it moved';

-- Candles move from one place to another: live, archive and segments are price_data,
-- price_data_archive and price_data_segments.
-- most series have no such candle, and a scan of the table would search for it to the end
CREATE OR REPLACE FUNCTION ca_move_series(task integer, source text)
    RETURNS TABLE (series integer, timeframe text, until timestamptz)
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH params AS (
        SELECT p.*
        FROM background_tasks AS b
        CROSS JOIN LATERAL jsonb_to_record(b.task_params)
            AS p (older_than timestamptz, timeframe text, asset integer)
        WHERE b.id = ca_move_series.task
    )
    SELECT a.id, t.code, c.cutoff
    FROM params AS p
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT CASE ca_move_series.source
                   WHEN 'live' THEN ca_archive_cutoff(t.code, p.older_than)
                   ELSE coalesce(p.older_than, 'infinity')
               END AS cutoff) AS c
    JOIN assets AS a ON p.asset IS NULL OR a.id = p.asset
    WHERE (p.timeframe IS NULL OR t.code = p.timeframe)
      AND CASE ca_move_series.source
              WHEN 'live' THEN EXISTS (
                  SELECT
                  FROM price_data AS d
                  WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff)
              ELSE EXISTS (
                  SELECT
                  FROM price_data_archive AS d
                  WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff)
          END
    ORDER BY t.place, a.id;
END;
COMMENT ON FUNCTION ca_move_series(integer, text) IS
    'the series and ranges that a run of archive_price_data (source live) or compress_price_archive (source archive) moves';

-- sql/functions/archive/archive_price_data.sql

-- Moving candles: one batch of them, ranges and runs of batches, and the procedures for that.

-- Moved candles have the columns that every installation has, and no others.
CREATE OR REPLACE FUNCTION ca_refuse_added_columns(source text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    relation CONSTANT text := CASE source WHEN 'live' THEN 'price_data' WHEN 'archive' THEN 'price_data_archive' END;
    added text;
BEGIN
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) INTO added
    FROM ca_installed() AS i
    JOIN pg_attribute AS a ON a.attrelid = i.name::regclass AND a.attnum > i.columns
    WHERE i.name = relation AND NOT a.attisdropped AND a.attgenerated = '';
    IF added IS NOT NULL THEN
        RAISE EXCEPTION 'columns that were added to % would be lost', relation
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Moving candles would lose %s.', added),
                  HINT = 'Keep such values in a table of your own, and drop the columns.',
                  CONSTRAINT = 'price_data_added_columns', TABLE = relation;
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_refuse_added_columns(text) IS
    'refuses to move candles out of a table (source live or archive) to which its owner has added columns';

CREATE OR REPLACE FUNCTION ca_move_batch(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean,
    OUT done boolean, OUT last timestamptz, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    moved bigint;
    total bigint;
BEGIN
    PERFORM ca_refuse_added_columns(source);
    PERFORM ca_lock_series(timeframe, series);
    IF target = 'segments' THEN
        -- continues after the last candle, which may still be there
        SELECT b.moved, b.last INTO moved, last
        FROM ca_compress_batch(source = 'live', series, timeframe, since, until, batch_size, keep_indicators) AS b;
    ELSIF source = 'segments' AND target = 'archive' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_decompress_batch(series, timeframe, since, until, batch_size) AS b;
    ELSIF source = 'segments' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_restore_compressed_batch(series, timeframe, since, until, batch_size) AS b;
    ELSIF source = 'archive' THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_restore_batch(series, timeframe, since, until, batch_size) AS b;
    ELSE
        SELECT b.moved, b.last INTO moved, last
        FROM ca_archive_batch(series, timeframe, since, until, batch_size, keep_indicators) AS b;
    END IF;

    done := last IS NULL;
    IF done THEN
        RETURN;
    END IF;
    IF moved > 0 THEN
        PERFORM ca_note_move(timeframe, ARRAY[series]);
    END IF;
    UPDATE background_tasks AS t
    SET result_data = jsonb_set(
            t.result_data || jsonb_build_object('moved', (t.result_data ->> 'moved')::bigint + moved),
            ARRAY['by_timeframe', ca_move_batch.timeframe],
            to_jsonb(coalesce((t.result_data -> 'by_timeframe' ->> ca_move_batch.timeframe)::bigint, 0) + moved)),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - t.started_at)
    WHERE t.id = task
    RETURNING (t.result_data ->> 'moved')::bigint INTO total;
    IF clock_timestamp() - reported >= interval '1 second' THEN
        reported := clock_timestamp();
        RAISE NOTICE '% rows moved, now at asset %, %, %', total, series, timeframe, last;
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_move_batch(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz) IS
    'moves one batch of a series, records it in background_tasks, and reports progress at most once per second';

CREATE OR REPLACE FUNCTION ca_archive_asset(asset integer, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    batch_size CONSTANT integer := 10000;
    keep_indicators CONSTANT boolean := ca_keep_indicators();
    due record;
    part bigint;
    moved bigint := 0;
    failure jsonb;
    message text;
    detail text;
    relation text;
    rule text;
BEGIN
    PERFORM ca_refuse_added_columns('live');
    FOR due IN SELECT d.* FROM ca_archive_due(ca_archive_asset.as_of, ca_archive_asset.asset) AS d LOOP
        BEGIN
            PERFORM ca_lock_series(due.timeframe, due.asset);
            IF ca_archive_target() = 'segments' THEN
                SELECT b.moved INTO part
                FROM ca_compress_batch(true, due.asset, due.timeframe, '-infinity', due.until, batch_size, keep_indicators) AS b;
            ELSE
                SELECT b.moved INTO part
                FROM ca_archive_batch(due.asset, due.timeframe, '-infinity', due.until, batch_size, keep_indicators) AS b;
            END IF;
            IF part > 0 THEN
                PERFORM ca_note_move(due.timeframe, ARRAY[due.asset]);
            END IF;
            moved := moved + part;
        EXCEPTION WHEN data_exception OR integrity_constraint_violation OR transaction_rollback
                    OR lock_not_available OR data_corrupted THEN
            GET STACKED DIAGNOSTICS message := MESSAGE_TEXT, detail := PG_EXCEPTION_DETAIL,
                                    relation := TABLE_NAME, rule := CONSTRAINT_NAME;
            failure := coalesce(failure, jsonb_build_object('state', SQLSTATE, 'message', message, 'detail', detail,
                                                            'relation', relation, 'rule', rule));
        END;
        EXIT WHEN moved >= batch_size;
    END LOOP;
    -- moved candles stay moved; the next call has nothing else to do, and fails
    IF failure IS NOT NULL AND moved = 0 THEN
        RAISE EXCEPTION '%', failure ->> 'message'
            USING ERRCODE = failure ->> 'state',
                  DETAIL = failure ->> 'detail',
                  TABLE = failure ->> 'relation',
                  CONSTRAINT = failure ->> 'rule';
    END IF;
    RETURN moved;
END;
$$;
COMMENT ON FUNCTION ca_archive_asset(integer, timestamptz) IS
    'step of maintain(): archives candles of one asset, as archive_price_data() does, and returns how many; from 10000 on there may be more; a series that fails does not stop the others, and is an error if nothing else moves';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE OR REPLACE PROCEDURE ca_move_failed(task integer, message text, detail text, state text)
    LANGUAGE plpgsql
AS $$
BEGIN
    -- if a candle is in two places, which one it is
    PERFORM cryptoanalytics_internal.ca_task_finish(task, CASE WHEN state OPERATOR(pg_catalog.=) '23505'
                                                  THEN pg_catalog.concat_ws(': ', message, detail)
                                                  ELSE message END);
    COMMIT;
    RAISE EXCEPTION '%', message
        USING ERRCODE = state,
              DETAIL = pg_catalog.ltrim(pg_catalog.concat_ws(' ', detail,
                  'The batches before stay moved; background_tasks tells how many rows.')),
              HINT = 'Call the procedure again to continue where it stopped.';
END;
$$;
COMMENT ON PROCEDURE ca_move_failed(integer, text, text, text) IS
    'records in background_tasks that a run failed, commits that, and raises the error again';

CREATE OR REPLACE FUNCTION ca_move_goes_on(
    failure jsonb, series integer, timeframe text, message text, detail text, state text) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    others integer := coalesce((failure ->> 'others')::integer + 1, 0);
BEGIN
    -- data, integrity, conflicts with other sessions, locks that were not available, damaged segments
    IF left(state, 2) NOT IN ('22', '23', '40') AND state NOT IN ('55P03', 'XX001') THEN
        RETURN NULL;
    END IF;
    IF others < 10 THEN
        RAISE WARNING 'the % candles of asset % cannot be moved: %', timeframe, series, message
            USING ERRCODE = state, DETAIL = coalesce(nullif(detail, ''), 'The run goes on with other series.');
    END IF;
    IF others = 0 THEN
        RETURN jsonb_build_object('message', message, 'detail', detail, 'state', state, 'others', 0);
    END IF;
    RETURN failure || jsonb_build_object(
        'others', others, 'more', format('Candles of %s other series do not move either.', others));
END;
$$;
COMMENT ON FUNCTION ca_move_goes_on(jsonb, integer, text, text, text, text) IS
    'adds to failure, initially {}, that the candles of a series cannot be moved, and warns about the first ten; NULL if the error does not concern the series alone';

CREATE OR REPLACE PROCEDURE ca_move_range(
    task integer, source text, target text, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean, INOUT reported timestamptz, INOUT failure jsonb)
    LANGUAGE plpgsql
AS $$
DECLARE
    batch pg_catalog.record;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    LOOP
        -- an error undoes only this batch, and is recorded before it is raised again
        BEGIN
            SELECT b.done, b.last, b.reported INTO batch
            FROM cryptoanalytics_internal.ca_move_batch(task, source, target, series, timeframe, since, until,
                                           batch_size, keep_indicators, reported) AS b;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                    state = RETURNED_SQLSTATE;
        END;
        IF message IS NOT NULL THEN
            failure := cryptoanalytics_internal.ca_move_goes_on(failure, series, timeframe, message, detail, state);
            IF failure IS NULL THEN
                CALL cryptoanalytics_internal.ca_move_failed(task, message, detail, state);
            END IF;
            COMMIT;
            RETURN;
        END IF;
        COMMIT;
        EXIT WHEN batch.done;
        since := batch.last;
        reported := batch.reported;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE ca_move_range(integer, text, text, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz, jsonb) IS
    'moves a range of one series and commits after each batch; adds an error that concerns the series alone to failure, unless that is NULL';

CREATE OR REPLACE PROCEDURE ca_move_all(
    task integer, source text, target text, batch_size integer, keep_indicators boolean)
    LANGUAGE plpgsql
AS $$
DECLARE
    reported pg_catalog.timestamptz := pg_catalog.clock_timestamp();
    failure pg_catalog.jsonb := '{}';
    series pg_catalog.int4[];
    codes pg_catalog.text[];
    untils pg_catalog.timestamptz[];
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    -- looking for them can take a while, and can be cancelled too
    BEGIN
        SELECT pg_catalog.array_agg(s.series), pg_catalog.array_agg(s.timeframe), pg_catalog.array_agg(s.until)
        INTO series, codes, untils
        FROM cryptoanalytics_internal.ca_move_series(task, source) AS s;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                state = RETURNED_SQLSTATE;
    END;
    IF message IS NOT NULL THEN
        CALL cryptoanalytics_internal.ca_move_failed(task, message, detail, state);
    END IF;
    FOR i IN 1 .. coalesce(pg_catalog.cardinality(series), 0) LOOP
        CALL cryptoanalytics_internal.ca_move_range(task, source, target, series[i], codes[i], '-infinity', untils[i],
                                       batch_size, keep_indicators, reported, failure);
    END LOOP;
    message := pg_catalog.jsonb_extract_path_text(failure, 'message');
    IF message IS NOT NULL THEN
        CALL cryptoanalytics_internal.ca_move_failed(task, message,
            pg_catalog.concat_ws(' ', pg_catalog.jsonb_extract_path_text(failure, 'detail'),
                                 pg_catalog.jsonb_extract_path_text(failure, 'more')),
            pg_catalog.jsonb_extract_path_text(failure, 'state'));
    END IF;
END;
$$;
COMMENT ON PROCEDURE ca_move_all(integer, text, text, integer, boolean) IS
    'moves all series of a run of archive_price_data or compress_price_archive; a series that fails does not stop the others, and its error is raised at the end';

CREATE OR REPLACE FUNCTION ca_compress_archive() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_compress_archive';
COMMENT ON FUNCTION ca_compress_archive() IS
    'the setting cryptoanalytics.compress_archive';

CREATE OR REPLACE FUNCTION ca_keep_indicators() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_indicators';
COMMENT ON FUNCTION ca_keep_indicators() IS
    'the setting cryptoanalytics.keep_indicators';

CREATE OR REPLACE FUNCTION ca_archive_target() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN ca_compress_archive() THEN 'segments' ELSE 'archive' END;
COMMENT ON FUNCTION ca_archive_target() IS
    'destination of archive_price_data, from the setting cryptoanalytics.compress_archive';

CREATE OR REPLACE FUNCTION ca_archive_count(older_than timestamptz, timeframe text, asset integer) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM timeframes() AS t (code)
    JOIN price_data AS p
      ON p.timeframe = t.code
     AND p.candle_time < ca_archive_cutoff(t.code, ca_archive_count.older_than)
    WHERE (ca_archive_count.timeframe IS NULL OR t.code = ca_archive_count.timeframe)
      AND (ca_archive_count.asset IS NULL OR p.asset_id = ca_archive_count.asset);
END;
COMMENT ON FUNCTION ca_archive_count(timestamptz, text, integer) IS
    'how many rows archive_price_data would move';

CREATE OR REPLACE PROCEDURE @extschema@.archive_price_data(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    keep_indicators boolean DEFAULT NULL, batch_size integer DEFAULT 10000, dry_run boolean DEFAULT false,
    INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_batch_size(batch_size);
    IF timeframe IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_asset(asset);
    END IF;
    -- NULL does not say that rows may be moved
    IF coalesce(dry_run, true) THEN
        moved := cryptoanalytics_internal.ca_archive_count(older_than, timeframe, asset);
        RETURN;
    END IF;
    PERFORM cryptoanalytics_internal.ca_refuse_added_columns('live');

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('archive_price_data');
    keep_indicators := coalesce(keep_indicators, cryptoanalytics_internal.ca_keep_indicators());
    task := cryptoanalytics_internal.ca_task_start('archive_price_data', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset,
        'keep_indicators', keep_indicators, 'batch_size', batch_size));
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_all(task, 'live', cryptoanalytics_internal.ca_archive_target(), batch_size,
                                 keep_indicators);
    moved := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE archive_price_data(timestamptz, text, integer, boolean, integer, boolean, bigint) IS
    'moves closed candles that start before older_than, or are older than the setting cryptoanalytics.retention, from price_data to price_data_archive, or directly into price_data_segments with the setting cryptoanalytics.compress_archive, and commits after each batch; indicators are dropped unless keep_indicators or the setting of that name keeps them, other keys of technical_indicators stay; each run is a row of background_tasks; dry_run only counts';

CREATE OR REPLACE PROCEDURE @extschema@.restore_price_data(
    timeframe text, asset integer, since timestamptz, until timestamptz,
    batch_size integer DEFAULT 10000, INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
    nothing pg_catalog.jsonb;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_batch_size(batch_size);
    PERFORM cryptoanalytics_internal.ca_check_series(asset, timeframe, since, until);
    PERFORM cryptoanalytics_internal.ca_refuse_added_columns('archive');

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('restore_price_data');
    task := cryptoanalytics_internal.ca_task_start('restore_price_data', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until, 'batch_size', batch_size));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_range(task, 'archive', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported, nothing);
    CALL cryptoanalytics_internal.ca_move_range(task, 'segments', 'live', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported, nothing);
    moved := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE restore_price_data(text, integer, timestamptz, timestamptz, integer, bigint) IS
    'moves the archived and compressed candles of one series that start in [since, until) back to price_data, and commits after each batch; NULL leaves a side open; each run is a row of background_tasks';

-- sql/functions/archive/compression.sql

-- Compressing the archive, decompressing it, and how much space that saves.

CREATE OR REPLACE PROCEDURE @extschema@.compress_price_archive(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    INOUT compressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
BEGIN
    IF timeframe IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM cryptoanalytics_internal.ca_check_asset(asset);
    END IF;
    PERFORM cryptoanalytics_internal.ca_refuse_added_columns('archive');

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_segments', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('compress_price_archive');
    task := cryptoanalytics_internal.ca_task_start('compress_price_archive', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset));
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_all(task, 'archive', 'segments', 10000, true);
    compressed := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE compress_price_archive(timestamptz, text, integer, bigint) IS
    'moves candles that start before older_than, or all, from price_data_archive into price_data_segments, and commits every 10000; late ones go into the segments of their time; each run is a row of background_tasks';

CREATE OR REPLACE PROCEDURE @extschema@.decompress_price_archive(
    timeframe text, asset integer, since timestamptz, until timestamptz, INOUT decompressed bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
    nothing pg_catalog.jsonb;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_series(asset, timeframe, since, until);

    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_segments', 'SELECT, DELETE');
    PERFORM cryptoanalytics_internal.ca_check_rights('@extschema@.price_data_archive', 'INSERT');
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('decompress_price_archive');
    task := cryptoanalytics_internal.ca_task_start('decompress_price_archive', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL cryptoanalytics_internal.ca_move_range(task, 'segments', 'archive', asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), 10000, true, reported, nothing);
    decompressed := cryptoanalytics_internal.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE decompress_price_archive(text, integer, timestamptz, timestamptz, bigint) IS
    'moves the compressed candles of one series that start in [since, until) back to price_data_archive, and commits about every 10000; NULL leaves a side open; each run is a row of background_tasks';

-- The size of a candle as a row: the row, its pointer in the page, and its entries in two indexes, whose
-- pages are nine tenths full.  The size of the tables themselves would include the space of deleted
-- rows.
CREATE OR REPLACE FUNCTION ca_candle_row_size(OUT bytes numeric, OUT source text)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(avg(s.bytes) + 4 + (20 + 28) / 0.9, 1), s.source
    FROM (SELECT 1 AS place, a.bytes, 'price_data_archive' AS source
          FROM (SELECT ((pg_column_size(a) + 7) / 8 * 8)::numeric AS bytes FROM price_data_archive AS a LIMIT 1000) AS a
          UNION ALL
          SELECT 2, p.bytes, 'price_data'
          FROM (SELECT ((pg_column_size(p) + 7) / 8 * 8)::numeric AS bytes FROM price_data AS p LIMIT 1000) AS p
          UNION ALL
          SELECT 3, 112, 'computed') AS s
    GROUP BY s.place, s.source
    ORDER BY s.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_candle_row_size() IS
    'bytes that a candle takes as a row, with its index entries: measured on up to 1000 rows of the table that source names, or computed for prices and volume of 12 digits if there are no rows';

CREATE OR REPLACE FUNCTION @extschema@.archive_size()
    RETURNS TABLE (
        timeframe text, live_candles bigint, archived_candles bigint, compressed_candles bigint, segments bigint,
        live_bytes bigint, archived_bytes bigint, compressed_bytes bigint,
        bytes_per_candle numeric, row_bytes_per_candle numeric, row_bytes_from text, ratio_to_rows numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH live AS (
        SELECT p.timeframe, count(*) AS candles FROM price_data AS p GROUP BY p.timeframe
    ), archived AS (
        SELECT a.timeframe, count(*) AS candles FROM price_data_archive AS a GROUP BY a.timeframe
    ), compressed AS (
        SELECT g.timeframe, sum(g.candles)::bigint AS candles, count(*) AS segments,
               sum(pg_column_size(g.payload) + coalesce(pg_column_size(g.technical_indicators), 0) + 80) AS bytes
        FROM price_data_segments AS g
        GROUP BY g.timeframe
    ), shares AS (
        SELECT t.code, t.place, l.candles AS live, a.candles AS archived, c.candles AS compressed, c.segments,
               pg_total_relation_size('price_data') * l.candles / sum(l.candles) OVER () AS live_bytes,
               pg_total_relation_size('price_data_archive') * a.candles / sum(a.candles) OVER () AS archived_bytes,
               pg_total_relation_size('price_data_segments') * c.bytes / sum(c.bytes) OVER () AS compressed_bytes
        FROM timeframes() WITH ORDINALITY AS t (code, place)
        LEFT JOIN live AS l ON l.timeframe = t.code
        LEFT JOIN archived AS a ON a.timeframe = t.code
        LEFT JOIN compressed AS c ON c.timeframe = t.code
    )
    SELECT s.code, coalesce(s.live, 0), coalesce(s.archived, 0), coalesce(s.compressed, 0), coalesce(s.segments, 0),
           coalesce(s.live_bytes, 0)::bigint, coalesce(s.archived_bytes, 0)::bigint,
           coalesce(s.compressed_bytes, 0)::bigint,
           round(s.compressed_bytes / s.compressed, 1), r.bytes, r.source,
           round(r.bytes * s.compressed / s.compressed_bytes, 1)
    FROM shares AS s
    CROSS JOIN ca_candle_row_size() AS r
    WHERE s.live > 0 OR s.archived > 0 OR s.compressed > 0
    ORDER BY s.place;
END;
COMMENT ON FUNCTION archive_size() IS
    'candles and bytes of each timeframe: rows of price_data and of price_data_archive, and price_data_segments; bytes are the timeframe''s share of table, TOAST and indexes; ratio_to_rows compares a compressed candle with one stored as a row. It counts rows and does not decode segments';

-- sql/functions/scoring/predictions.sql

-- Predictions that are due, and evaluating models.

CREATE OR REPLACE FUNCTION ca_prediction_target(target_datetime timestamptz, created_at timestamptz, prediction_horizon integer)
    RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(ca_prediction_target.target_datetime,
                    (ca_prediction_target.created_at AT TIME ZONE 'UTC'
                     + ca_prediction_target.prediction_horizon * interval '1 hour') AT TIME ZONE 'UTC');
END;
COMMENT ON FUNCTION ca_prediction_target(timestamptz, timestamptz, integer) IS
    'target moment of a prediction: its target, or its creation plus its horizon in hours';

COMMENT ON INDEX predictions_horizon_idx IS
    'predictions that are due, those with a horizon instead of a target too';

CREATE OR REPLACE FUNCTION ca_prediction_flaw(predicted_price numeric, predicted_value jsonb, input_price numeric) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN ca_prediction_flaw.predicted_price IS NOT NULL THEN NULL
        WHEN ca_prediction_flaw.predicted_value ->> 'direction' IS NULL THEN
            'neither a price nor a direction is predicted'
        WHEN ca_prediction_flaw.predicted_value ->> 'direction' NOT IN ('up', 'down', 'flat') THEN
            'the predicted direction is none of up, down, flat'
        WHEN ca_prediction_flaw.input_price IS NULL THEN
            'a direction is predicted without an input price'
    END;
END;
COMMENT ON FUNCTION ca_prediction_flaw(numeric, jsonb, numeric) IS
    'why a prediction can never be scored; NULL if it can';

CREATE OR REPLACE FUNCTION ca_prediction_is_late(target_datetime timestamptz, created_at timestamptz) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a horizon is positive, so without a target none is late
    SELECT coalesce(ca_prediction_is_late.target_datetime < ca_prediction_is_late.created_at, false);
END;
COMMENT ON FUNCTION ca_prediction_is_late(timestamptz, timestamptz) IS
    'whether a prediction was made after its target; such a prediction is never scored and never counts';

CREATE OR REPLACE FUNCTION ca_price_at(asset integer, moment timestamptz, staleness interval)
    RETURNS TABLE (close numeric, closed_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- the candle before the one that holds the moment is the last that had closed by then
    SELECT c.close_price, c.closed_at
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT l.close_price, u.closed_at
        FROM (
            SELECT h.close_price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = ca_price_at.asset
              AND h.timeframe = t.code
              AND h.candle_time < timeframe_bucket(t.code, ca_price_at.moment)
            ORDER BY h.candle_time DESC
            LIMIT 1) AS l
        CROSS JOIN LATERAL ca_candle_until(ca_price_at.asset, t.code, l.candle_time) AS u) AS c
    WHERE CASE
              WHEN ca_price_at.staleness IS NULL THEN true
              WHEN isfinite(ca_price_at.moment) THEN ca_price_at.moment - c.closed_at <= ca_price_at.staleness
          END
    ORDER BY t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_price_at(integer, timestamptz, interval) IS
    'the last close known at a moment and how far its candle reached, from the finest timeframe whose last close was at most staleness old then, or of any age if staleness is NULL';

CREATE OR REPLACE FUNCTION ca_feed_reached(asset integer, moment timestamptz, as_of timestamptz)
    RETURNS TABLE (closed_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- the candle that holds the microsecond before the moment is the first that ends at or after it
    SELECT u.closed_at
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time
        FROM price_history AS h
        WHERE h.asset_id = ca_feed_reached.asset
          AND h.timeframe = t.code
          AND h.candle_time >= timeframe_bucket(t.code, ca_feed_reached.moment - interval '1 microsecond')
          AND h.candle_time < timeframe_bucket(t.code, ca_feed_reached.as_of)
        ORDER BY h.candle_time DESC
        LIMIT 1) AS c
    CROSS JOIN LATERAL ca_candle_until(ca_feed_reached.asset, t.code, c.candle_time) AS u
    -- of most timeframes none can have ended in between
    WHERE timeframe_bucket(t.code, ca_feed_reached.moment - interval '1 microsecond')
          < timeframe_bucket(t.code, ca_feed_reached.as_of)
      -- a candle that was rolled up from a fragment reaches no further than its sources
      AND u.closed_at >= ca_feed_reached.moment
    ORDER BY t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_feed_reached(integer, timestamptz, timestamptz) IS
    'how far a candle of the asset that had closed at as_of reached, if to a moment or beyond; no row as long as the feed has not reached the moment; a candle that was rolled up from a fragment reaches no further than the fragment';

CREATE OR REPLACE FUNCTION ca_check_scoring(as_of timestamptz, staleness interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF as_of IS NULL THEN
        RAISE EXCEPTION 'as_of must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is the moment that counts as now.',
                  HINT = 'Leave it out to score what is due now.';
    END IF;
    IF staleness IS NULL THEN
        RAISE EXCEPTION 'staleness must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'It is the maximum age of the last close before a target, and how long to wait for a candle at the target.',
                  HINT = 'Leave it out for 1 hour.';
    END IF;
    IF staleness < interval '0' THEN
        RAISE EXCEPTION 'staleness must not be negative'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', staleness),
                  HINT = 'It is the maximum age of the last close before a target, such as 1 hour.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_scoring(timestamptz, interval) IS
    'checks the arguments of score_predictions, unscored_predictions and corrected_predictions';

CREATE OR REPLACE FUNCTION @extschema@.unscored_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS TABLE (prediction_id integer, reason text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_scoring(unscored_predictions.as_of, unscored_predictions.staleness);
    IF unscored_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(unscored_predictions.model);
    END IF;

    RETURN QUERY
        SELECT d.id, d.reason
        FROM (
            SELECT p.id,
                   coalesce(
                       ca_prediction_flaw(p.predicted_price, p.predicted_value, p.input_price),
                       CASE
                           WHEN NOT isfinite(t.target) THEN 'the target is infinite'
                           WHEN ca_prediction_is_late(p.target_datetime, p.created_at) THEN 'the prediction was made after its target'
                           WHEN w.waits THEN 'no candle has reached the target yet'
                           WHEN a.closed_at IS NOT NULL THEN NULL
                           WHEN n.closed_at IS NULL THEN 'no candle of the asset had closed by the target'
                           ELSE format('the last close before the target was %s old', t.target - n.closed_at)
                       END) AS reason
            FROM predictions AS p
            CROSS JOIN LATERAL (
                SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
            CROSS JOIN LATERAL (
                SELECT CASE
                           WHEN NOT isfinite(unscored_predictions.as_of) OR NOT isfinite(t.target)
                                OR unscored_predictions.as_of - t.target >= unscored_predictions.staleness THEN false
                           ELSE NOT EXISTS (SELECT FROM ca_feed_reached(p.asset_id, t.target, unscored_predictions.as_of))
                       END AS waits
                -- asked once a row
                OFFSET 0) AS w
            LEFT JOIN LATERAL ca_price_at(p.asset_id, t.target, unscored_predictions.staleness) AS a ON NOT w.waits
            CROSS JOIN LATERAL (
                -- if none is fresh, the last close of all timeframes
                SELECT max(l.closed_at) AS closed_at
                FROM timeframes() AS f (code)
                CROSS JOIN LATERAL (
                    SELECT h.candle_time
                    FROM price_history AS h
                    WHERE h.asset_id = p.asset_id
                      AND h.timeframe = f.code
                      AND h.candle_time < timeframe_bucket(f.code, t.target)
                    ORDER BY h.candle_time DESC
                    LIMIT 1) AS h
                CROSS JOIN LATERAL ca_candle_until(p.asset_id, f.code, h.candle_time) AS l
                WHERE a.closed_at IS NULL AND NOT w.waits AND isfinite(t.target)) AS n
            WHERE NOT p.is_realized
              AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= unscored_predictions.as_of
              AND (unscored_predictions.model IS NULL OR p.ai_models_id = unscored_predictions.model)) AS d
        WHERE d.reason IS NOT NULL
        ORDER BY d.id;
END;
$$;
COMMENT ON FUNCTION unscored_predictions(timestamptz, interval, integer) IS
    'the predictions that are due but that score_predictions does not score, and why';

CREATE OR REPLACE FUNCTION ca_bounded_double(x numeric, bound numeric) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a number too small for double precision becomes 0
    SELECT CASE
        WHEN ca_bounded_double.x NOT BETWEEN - ca_bounded_double.bound AND ca_bounded_double.bound THEN NULL
        WHEN ca_bounded_double.x BETWEEN -1e-300 AND 1e-300 THEN 0
        ELSE numeric_to_double(ca_bounded_double.x)
    END;
END;
COMMENT ON FUNCTION ca_bounded_double(numeric, numeric) IS
    'x in double precision; NULL if its absolute value exceeds the bound';

CREATE OR REPLACE FUNCTION ca_model_metrics(model integer, since timestamptz, until timestamptz)
    RETURNS TABLE (metric text, value double precision, pairs bigint, first timestamptz, last timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 16
BEGIN ATOMIC
    -- A model that diverges predicts numbers of any size.  Prices up to 1e280 are averaged, and those up
    -- to 1e140 squared; a larger price makes the metrics unknown to which it would contribute.
    WITH scored AS (
        SELECT ca_bounded_double(p.actual_price, 1e280) AS actual,
               ca_bounded_double(p.predicted_price, 1e280) AS predicted,
               ca_bounded_double(p.predicted_price, 1e140) AS squarable,
               ca_bounded_double(p.input_price, 1e280) AS input,
               -- a predicted direction stands for a price on that side of the input price
               ca_bounded_double(greatest(-1e280, least(1e280, coalesce(
                   p.predicted_price,
                   p.input_price + CASE p.predicted_value ->> 'direction'
                                       WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END))), 1e280) AS side,
               p.predicted_price IS NOT NULL AS is_price,
               p.is_accurate AS accurate,
               ca_bounded_double(p.confidence_score, 1) AS confidence,
               ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target,
               p.prediction_horizon AS horizon
        FROM predictions AS p
        WHERE p.ai_models_id = ca_model_metrics.model
          AND p.is_realized
          AND p.actual_price IS NOT NULL
          AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
    ), ranged AS (
        SELECT s.*,
               CASE WHEN abs(s.actual) < 1e60 AND abs(s.input) BETWEEN 1e-60 AND 1e60
                    THEN sign(s.side - s.input) * (s.actual - s.input) / abs(s.input) END AS gain
        FROM scored AS s
        WHERE (ca_model_metrics.since IS NULL OR s.target >= ca_model_metrics.since)
          AND (ca_model_metrics.until IS NULL OR s.target < ca_model_metrics.until)
    ), computed AS (
        SELECT min(r.target) AS first, max(r.target) AS last,
               count(*) FILTER (WHERE r.is_price) AS prices,
               count(r.side - r.input) AS sides,
               count(r.accurate) AS judged,
               count(r.confidence) FILTER (WHERE r.accurate IS NOT NULL) AS confident,
               count(r.gain) AS gains,
               count(r.actual - r.predicted) AS averaged,
               count(r.actual - r.squarable) AS squared,
               mae(r.actual, r.predicted) AS mae,
               mse(r.actual, r.squarable) AS mse,
               rmse(r.actual, r.squarable) AS rmse,
               medae(r.actual, r.predicted) AS medae,
               max_error(r.actual, r.predicted) AS max_error,
               mape(r.actual, r.predicted) AS mape,
               smape(r.actual, r.predicted) AS smape,
               wape(r.actual, r.predicted) AS wape,
               r2(r.actual, r.squarable) AS r2,
               directional_accuracy(r.input, r.actual, r.side) AS directional_accuracy,
               avg(r.accurate::integer)::double precision AS accuracy,
               brier_score(r.accurate, r.confidence) AS brier_score,
               log_loss(r.accurate, r.confidence) AS log_loss,
               ece(r.accurate, r.confidence) AS ece,
               -- only returns of a single horizon can be annualised
               sharpe_ratio(r.gain, 1)
               * CASE WHEN min(r.horizon) = max(r.horizon) AND count(r.horizon) = count(*)
                      THEN sqrt(8760.0 / min(r.horizon)) END AS sharpe_ratio
        FROM ranged AS r
    )
    SELECT m.metric, m.value, m.pairs, c.first, c.last
    FROM computed AS c
    CROSS JOIN LATERAL (VALUES
        ('mae', CASE WHEN c.averaged = c.prices THEN c.mae END, c.prices),
        ('mse', CASE WHEN c.squared = c.prices THEN c.mse END, c.prices),
        ('rmse', CASE WHEN c.squared = c.prices THEN c.rmse END, c.prices),
        ('medae', CASE WHEN c.averaged = c.prices THEN c.medae END, c.prices),
        ('max_error', CASE WHEN c.averaged = c.prices THEN c.max_error END, c.prices),
        ('mape', CASE WHEN c.averaged = c.prices THEN c.mape END, c.prices),
        ('smape', CASE WHEN c.averaged = c.prices THEN c.smape END, c.prices),
        ('wape', CASE WHEN c.averaged = c.prices THEN c.wape END, c.prices),
        ('r2', CASE WHEN c.squared = c.prices THEN c.r2 END, c.prices),
        ('directional_accuracy', c.directional_accuracy, c.sides),
        ('accuracy', c.accuracy, c.judged),
        ('brier_score', c.brier_score, c.confident), ('log_loss', c.log_loss, c.confident),
        ('ece', c.ece, c.confident),
        ('sharpe_ratio', c.sharpe_ratio, c.gains)) AS m (metric, value, pairs)
    WHERE m.value IS NOT NULL
    ORDER BY m.metric;
END;
COMMENT ON FUNCTION ca_model_metrics(integer, timestamptz, timestamptz) IS
    'metrics of a model''s scored predictions whose target lies in [since, until); undefined metrics are left out';

CREATE OR REPLACE FUNCTION ca_evaluate_model(model integer, since timestamptz, until timestamptz, as_of timestamptz)
    RETURNS SETOF model_performance
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 16
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET extra_float_digits = 1
    SET timezone = 'UTC'
AS $$
DECLARE
    -- written in UTC, so that a range has one text, whatever the session's time zone
    evaluated CONSTANT jsonb := jsonb_build_object('since', ca_evaluate_model.since, 'until', ca_evaluate_model.until);
BEGIN
    PERFORM ca_check_model(ca_evaluate_model.model);
    PERFORM ca_check_range(ca_evaluate_model.since, ca_evaluate_model.until);

    RETURN QUERY
        WITH metrics AS MATERIALIZED (
            SELECT m.* FROM ca_model_metrics(ca_evaluate_model.model, ca_evaluate_model.since, ca_evaluate_model.until) AS m
        ), summary AS (
            UPDATE ai_models AS m
            SET performance_metrics = s.metrics
            FROM (
                SELECT jsonb_object_agg(x.metric, x.value::text::numeric)
                       || jsonb_build_object('predictions', max(x.pairs), 'evaluation_date', ca_evaluate_model.as_of)
                       || evaluated AS metrics
                FROM metrics AS x
                HAVING count(*) > 0) AS s
            WHERE m.id = ca_evaluate_model.model
        ), undefined AS (
            -- evaluated before at this moment, and defined then
            UPDATE model_performance AS p
            SET metric_value = NULL
            WHERE p.model_id = ca_evaluate_model.model
              AND p.evaluation_date = ca_evaluate_model.as_of
              AND p.metric_value IS NOT NULL
              AND p.evaluation_data_range @> evaluated
              AND p.evaluation_metric NOT IN (SELECT m.metric FROM metrics AS m)
              AND EXISTS (SELECT FROM metrics)
        )
        INSERT INTO model_performance AS p
            (model_id, evaluation_metric, metric_value, evaluation_data_range, evaluated_predictions_count, evaluation_date)
        SELECT ca_evaluate_model.model, m.metric, m.value::text::numeric,
               evaluated || jsonb_build_object('first', m.first, 'last', m.last), m.pairs, ca_evaluate_model.as_of
        FROM metrics AS m
        ON CONFLICT (model_id, evaluation_metric, evaluation_date,
                     coalesce(evaluation_data_range ->> 'since', ''), coalesce(evaluation_data_range ->> 'until', ''))
        DO UPDATE
        SET metric_value = excluded.metric_value,
            evaluation_data_range = excluded.evaluation_data_range,
            evaluated_predictions_count = excluded.evaluated_predictions_count
        RETURNING p.*;
END;
$$;
COMMENT ON FUNCTION ca_evaluate_model(integer, timestamptz, timestamptz, timestamptz) IS
    'evaluate_model() as of a moment, which becomes evaluation_date';

CREATE OR REPLACE FUNCTION @extschema@.evaluate_model(
    model integer, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS SETOF model_performance
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 16
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    RETURN QUERY
        SELECT e.* FROM ca_evaluate_model(evaluate_model.model, evaluate_model.since, evaluate_model.until, now()) AS e;
END;
$$;
COMMENT ON FUNCTION evaluate_model(integer, timestamptz, timestamptz) IS
    'writes one row of model_performance per metric, and ai_models.performance_metrics, from the scored predictions whose target lies in [since, until); metrics that are undefined, or beyond double precision, are left out';

-- sql/functions/scoring/score_predictions.sql

-- Scoring predictions.

CREATE OR REPLACE FUNCTION ca_closes_at(asset integer, moment timestamptz, staleness interval) RETURNS numeric
    LANGUAGE c STABLE PARALLEL RESTRICTED WINDOW
    AS 'MODULE_PATHNAME', 'ca_closes_at';
COMMENT ON FUNCTION ca_closes_at(integer, timestamptz, interval) IS
    'the close that ca_price_at() finds, for many rows at once in one pass over the candles; NULL if there is none, or only one older than staleness, which is the same in every row';

CREATE OR REPLACE FUNCTION ca_target_prices(as_of timestamptz, staleness interval, model integer, realized boolean)
    RETURNS TABLE (id integer, place tid, price numeric)
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    -- simple enough to be part of the query around it
    WITH due AS MATERIALIZED (
        SELECT p.id, p.ctid AS place, p.asset_id, t.target,
               -- until then a candle with a later close may arrive
               CASE WHEN NOT isfinite(ca_target_prices.as_of) THEN false
                    ELSE ca_target_prices.as_of - t.target < ca_target_prices.staleness END AS is_recent
        FROM predictions AS p
        CROSS JOIN LATERAL (
            SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
        WHERE p.is_realized = ca_target_prices.realized
          AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= ca_target_prices.as_of
          AND isfinite(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon))
          AND (ca_target_prices.model IS NULL OR p.ai_models_id = ca_target_prices.model)
          AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
          AND ca_prediction_flaw(p.predicted_price, p.predicted_value, p.input_price) IS NULL
    ), reached AS MATERIALIZED (
        SELECT a.asset_id, a.target
        FROM (SELECT DISTINCT d.asset_id, d.target FROM due AS d WHERE d.is_recent) AS a
        CROSS JOIN LATERAL ca_feed_reached(a.asset_id, a.target, ca_target_prices.as_of) AS r
    ), ready AS MATERIALIZED (
        SELECT d.id, d.place, d.asset_id, d.target
        FROM due AS d
        WHERE NOT d.is_recent
           OR (d.asset_id, d.target) IN (SELECT r.asset_id, r.target FROM reached AS r)
    ), few AS MATERIALIZED (
        -- reading a block of candles costs about as much as looking one up
        SELECT count(*) <= greatest(1000, (pg_relation_size('price_data') + pg_relation_size('price_data_archive'))
                                          / current_setting('block_size')::bigint) AS few
        FROM ready
    ), known AS (
        SELECT r.id, r.place, a.close AS price
        FROM ready AS r
        CROSS JOIN LATERAL ca_price_at(r.asset_id, r.target, ca_target_prices.staleness) AS a
        WHERE (SELECT f.few FROM few AS f)
        UNION ALL
        SELECT r.id, r.place, ca_closes_at(r.asset_id, r.target, ca_target_prices.staleness) OVER ()
        FROM ready AS r
        WHERE NOT (SELECT f.few FROM few AS f)
    )
    SELECT k.id, k.place, k.price
    FROM known AS k
    WHERE k.price IS NOT NULL;
END;
COMMENT ON FUNCTION ca_target_prices(timestamptz, interval, integer, boolean) IS
    'the price at the target of each prediction that is due and can be scored, and the place of its row, of those that were scored or of those that were not';

CREATE OR REPLACE FUNCTION @extschema@.score_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL,
    rescore boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    again boolean;
    changed bigint;
    scored bigint := 0;
BEGIN
    PERFORM ca_check_rights('predictions', 'SELECT, UPDATE');
    PERFORM ca_check_scoring(score_predictions.as_of, score_predictions.staleness);
    IF score_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(score_predictions.model);
    END IF;

    -- already scored ones first, so that newly scored ones need not be checked
    FOREACH again IN ARRAY CASE WHEN score_predictions.rescore THEN '{true,false}'::boolean[] ELSE '{false}' END LOOP
        -- lock only rows that will be written, and skip those that another session is scoring
        WITH priced AS MATERIALIZED (
            -- once, whatever the planner believes about a table with old statistics
            SELECT k.* FROM ca_target_prices(score_predictions.as_of, score_predictions.staleness, score_predictions.model, again) AS k
        )
        UPDATE predictions AS p
        SET actual_price = l.actual,
            absolute_error = l.error,
            -- a value that numeric cannot hold is unknown
            squared_error = CASE WHEN l.error < 1e65000 THEN l.error * l.error END,
            accuracy_percentage = CASE WHEN l.actual = 0 THEN NULL
                                       WHEN l.error >= abs(l.actual) THEN 0
                                       ELSE 100 - 100 * l.error / abs(l.actual) END,
            is_accurate = CASE
                WHEN l.predicted_price IS NULL THEN
                    CASE l.direction WHEN 'up' THEN l.actual > l.input_price
                                     WHEN 'down' THEN l.actual < l.input_price
                                     ELSE l.actual = l.input_price END
                WHEN l.actual <> 0 THEN
                    100 * least(l.error, 1e130000) <= least(p.accuracy_threshold, 1e130000) * abs(l.actual)
            END,
            is_realized = true,
            evaluated_at = CASE WHEN isfinite(score_predictions.as_of) THEN score_predictions.as_of ELSE now() END
        FROM (
            -- a row that changed after its price was looked up has another ctid
            SELECT p.id, r.place, r.price AS actual, p.predicted_price, p.predicted_value ->> 'direction' AS direction, p.input_price,
                   -- a number too large for a numeric subtraction is its own error
                   CASE WHEN p.predicted_price BETWEEN -1e100000 AND 1e100000 THEN abs(p.predicted_price - r.price)
                        ELSE abs(p.predicted_price) END AS error
            FROM predictions AS p
            JOIN priced AS r ON r.id = p.id AND r.place = p.ctid
            WHERE NOT again OR p.actual_price IS DISTINCT FROM r.price
            FOR UPDATE OF p SKIP LOCKED) AS l
        WHERE p.id = l.id AND p.ctid = l.place;
        GET DIAGNOSTICS changed = ROW_COUNT;
        scored := scored + changed;
    END LOOP;
    RETURN scored;
END;
$$;
COMMENT ON FUNCTION score_predictions(timestamptz, interval, integer, boolean) IS
    'scores the predictions that are due, each once, against the last close at or before the target, as soon as a candle has reached the target or staleness has passed since, and returns how many; a close older than staleness at the target does not count; rescore also scores predictions again whose price was corrected since';

CREATE OR REPLACE FUNCTION @extschema@.corrected_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS TABLE (prediction_id integer, actual_price numeric, corrected_price numeric)
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- the look-ups are by key, even if the table was empty when this was planned
    SET enable_seqscan = off
    SET jit = off
AS $$
BEGIN
    PERFORM ca_check_scoring(corrected_predictions.as_of, corrected_predictions.staleness);
    IF corrected_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(corrected_predictions.model);
    END IF;

    RETURN QUERY
        WITH priced AS MATERIALIZED (
            -- once, whatever the planner believes of a table whose statistics are old
            SELECT k.*
            FROM ca_target_prices(corrected_predictions.as_of, corrected_predictions.staleness, corrected_predictions.model, true) AS k
        )
        SELECT p.id, p.actual_price, r.price
        FROM priced AS r
        -- LIMIT makes each look-up one of its own
        CROSS JOIN LATERAL (SELECT q.id, q.actual_price FROM predictions AS q WHERE q.id = r.id LIMIT 1) AS p
        WHERE p.actual_price IS DISTINCT FROM r.price
        ORDER BY p.id;
END;
$$;
COMMENT ON FUNCTION corrected_predictions(timestamptz, interval, integer) IS
    'the predictions whose price at the target has changed since they were scored, with both prices; score_predictions(rescore => true) scores them again';

-- sql/functions/indicators/indicator_states.sql

-- What update_technical_indicators() remembers of each series, and how it learns of candles that
-- change without its knowledge.
--
-- A state is the memory of the indicators after a candle, as bytes: continuing from it costs the same
-- however long the history is.  There is one after the newest finished candle, and one after each
-- 10,000th candle, to go back to when an older candle changes.  The newest one is updated in place: no
-- index has a column that changes with it, a page has room for two versions, and the state of the
-- default spec stays in its row (2.6 kB), so that the next read of the page frees the old version.
-- States of more than 4 kB leave dead space for VACUUM.
--
-- Whoever changes a candle leaves a note, even for a candle that is only appended: a writer cannot see
-- the state that an update in progress is about to commit, and an update cannot see the candles that a
-- writer has yet to commit.  The update takes the notes, deletes the states from the oldest change on,
-- and continues from the remaining ones.  Neither waits for the other, except for rows of candles that
-- both write.

-- doubles do not compress
SELECT pg_catalog.pg_extension_config_dump('technical_indicator_states', '');
SELECT pg_catalog.pg_extension_config_dump('technical_indicator_states_id_seq', '');

COMMENT ON TABLE technical_indicator_states IS
    'States of the indicators of a series after some of its candles, from which update_technical_indicators() continues; to have a series computed from scratch, delete its rows';
COMMENT ON COLUMN technical_indicator_states.id IS 'Primary key';
COMMENT ON COLUMN technical_indicator_states.asset_id IS 'Asset of the series';
COMMENT ON COLUMN technical_indicator_states.timeframe IS 'Timeframe of the series';
COMMENT ON COLUMN technical_indicator_states.candle_time IS 'Start of the last candle in the state';
COMMENT ON COLUMN technical_indicator_states.candles IS 'Number of candles in the state';
COMMENT ON COLUMN technical_indicator_states.spec IS 'Requested indicators';
COMMENT ON COLUMN technical_indicator_states.convention IS 'Convention that they follow';
COMMENT ON COLUMN technical_indicator_states.state IS
    'The state, beginning with the number of its format; a state of another format is computed again';
COMMENT ON COLUMN technical_indicator_states.place IS
    'Number, from 0 on, of the 10,000 candles of the series that contain the last candle of the state';

SELECT pg_catalog.pg_extension_config_dump('technical_indicator_notes', '');
SELECT pg_catalog.pg_extension_config_dump('technical_indicator_notes_id_seq', '');

COMMENT ON INDEX technical_indicator_notes_series_idx IS 'the notes of a series, the oldest change first';

COMMENT ON TABLE technical_indicator_notes IS
    'Candles that were added, deleted or changed since the last update_technical_indicators() of their series, which deletes its notes';
COMMENT ON COLUMN technical_indicator_notes.id IS 'Primary key';
COMMENT ON COLUMN technical_indicator_notes.asset_id IS 'Asset of the series';
COMMENT ON COLUMN technical_indicator_notes.timeframe IS 'Timeframe of the series';
COMMENT ON COLUMN technical_indicator_notes.since IS 'Start of the oldest candle that changed, or an earlier moment';

-- Writers leave a note unless there is one that is at least as old.  They lock an existing note, so
-- that an update cannot delete it before the writer commits; a note that an update is deleting does
-- not count.  A snapshot that may be older than the last update cannot lock, and always leaves a note.
--
-- Candles that arrive newest first would leave one note each.  So the first note of a series has the
-- start of the candle, and later ones go back to the state from which the update will continue anyway:
-- a series has at most two notes more than states.
--
-- The settings make the planner find notes by their index, whatever it believes about a table that is
-- emptied and filled again.
CREATE OR REPLACE FUNCTION ca_noted_since(asset integer, timeframe text, since timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE
        WHEN EXISTS (SELECT
                     FROM technical_indicator_notes AS n
                     WHERE n.asset_id = ca_noted_since.asset AND n.timeframe = ca_noted_since.timeframe)
        THEN coalesce((SELECT s.candle_time + interval '1 microsecond'
                       FROM technical_indicator_states AS s
                       WHERE s.asset_id = ca_noted_since.asset
                         AND s.timeframe = ca_noted_since.timeframe
                         AND s.candle_time < ca_noted_since.since
                       ORDER BY s.place DESC
                       LIMIT 1), '-infinity')
        ELSE ca_noted_since.since
    END;
END;
COMMENT ON FUNCTION ca_noted_since(integer, text, timestamptz) IS
    'since of a note of a candle: the candle''s start in the first note of a series, the moment after the state before it in later ones, or -infinity';
REVOKE EXECUTE ON FUNCTION ca_noted_since(integer, text, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_note_change(asset integer, timeframe text, since timestamptz) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    IF NOT timeframe_is_valid(ca_note_change.timeframe) THEN
        RETURN;
    END IF;
    IF current_setting('transaction_isolation') IN ('read committed', 'read uncommitted') THEN
        PERFORM
        FROM technical_indicator_notes AS n
        WHERE n.asset_id = ca_note_change.asset
          AND n.timeframe = ca_note_change.timeframe
          AND n.since <= ca_note_change.since
        LIMIT 1
        FOR KEY SHARE SKIP LOCKED;
        IF FOUND THEN
            RETURN;
        END IF;
    END IF;
    INSERT INTO technical_indicator_notes (asset_id, timeframe, since)
    VALUES (ca_note_change.asset, ca_note_change.timeframe,
            ca_noted_since(ca_note_change.asset, ca_note_change.timeframe, ca_note_change.since));
END;
$$;
COMMENT ON FUNCTION ca_note_change(integer, text, timestamptz) IS
    'notes that candles of a series have changed from a time on, for the next update of its indicators; it runs with its owner''s rights because whoever writes candles needs no right to the notes';
REVOKE EXECUTE ON FUNCTION ca_note_change(integer, text, timestamptz) FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_note_candles() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET enable_seqscan = off
AS $$
BEGIN
    IF current_setting('cryptoanalytics.moving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO technical_indicator_notes (asset_id, timeframe, since)
    SELECT c.asset_id, c.timeframe, ca_noted_since(c.asset_id, c.timeframe, c.since)
    FROM (SELECT c.asset_id, c.timeframe, min(c.candle_time) AS since
          FROM changed_candles AS c
          GROUP BY c.asset_id, c.timeframe
          ORDER BY c.asset_id, c.timeframe) AS c
    WHERE current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted')
       OR NOT EXISTS (
           SELECT
           FROM technical_indicator_notes AS n
           WHERE n.asset_id = c.asset_id AND n.timeframe = c.timeframe AND n.since <= c.since
           FOR KEY SHARE SKIP LOCKED);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_candles() IS
    'trigger: notes candles that were added or deleted, unless they move to the archive, which does not change the history; it runs with its owner''s rights because whoever writes candles needs no right to the notes';
REVOKE EXECUTE ON FUNCTION ca_note_candles() FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_note_correction() RETURNS trigger
    LANGUAGE c VOLATILE
    AS 'MODULE_PATHNAME', 'ca_note_correction';
COMMENT ON FUNCTION ca_note_correction() IS
    'trigger: notes a candle whose prices, key or indicators changed, by ca_note_change(), which whoever writes candles may not call';
REVOKE EXECUTE ON FUNCTION ca_note_correction() FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_note_truncation() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    -- updates of indicators hold a lock on the table, so all states are visible here
    INSERT INTO technical_indicator_notes (asset_id, timeframe, since)
    SELECT DISTINCT s.asset_id, s.timeframe, timestamptz '-infinity'
    FROM technical_indicator_states AS s
    ORDER BY s.asset_id, s.timeframe;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_truncation() IS
    'trigger: notes that all candles of a table were deleted; it runs with its owner''s rights because it calls ca_note_change()';
REVOKE EXECUTE ON FUNCTION ca_note_truncation() FROM PUBLIC;

-- A foreign key would look up the asset for each note, but its candle has just done so.
CREATE OR REPLACE FUNCTION ca_drop_notes() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET enable_seqscan = off
AS $$
BEGIN
    DELETE FROM technical_indicator_notes AS n USING deleted_assets AS d WHERE n.asset_id = d.id;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_drop_notes() IS
    'trigger: deletes the notes of deleted assets; it runs with its owner''s rights because whoever deletes assets needs no right to the notes';
REVOKE EXECUTE ON FUNCTION ca_drop_notes() FROM PUBLIC;

CREATE OR REPLACE TRIGGER assets_drop_notes
    AFTER DELETE ON assets
    REFERENCING OLD TABLE AS deleted_assets
    FOR EACH STATEMENT EXECUTE FUNCTION ca_drop_notes();
COMMENT ON TRIGGER assets_drop_notes ON assets IS
    'the notes of an asset go with it';

CREATE OR REPLACE FUNCTION ca_is_moving() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_is_moving';
COMMENT ON FUNCTION ca_is_moving() IS
    'the setting cryptoanalytics.moving';

CREATE OR REPLACE FUNCTION ca_indicators_differ(a jsonb, b jsonb) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicators_differ';
COMMENT ON FUNCTION ca_indicators_differ(jsonb, jsonb) IS
    'whether two candles have different indicators; other keys of their JSON do not count';

CREATE OR REPLACE TRIGGER price_data_note_insert
    AFTER INSERT ON price_data
    REFERENCING NEW TABLE AS changed_candles
    FOR EACH STATEMENT WHEN (NOT ca_is_restore()) EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_note_insert ON price_data IS
    'a late candle is noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_note_delete
    AFTER DELETE ON price_data
    REFERENCING OLD TABLE AS changed_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_note_delete ON price_data IS
    'a deleted candle is noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_note_update
    AFTER UPDATE ON price_data
    FOR EACH ROW
    WHEN ((OLD.asset_id, OLD.timeframe, OLD.candle_time, OLD.high_price, OLD.low_price, OLD.close_price)
          IS DISTINCT FROM
          (NEW.asset_id, NEW.timeframe, NEW.candle_time, NEW.high_price, NEW.low_price, NEW.close_price)
          OR NOT ca_is_moving()
             AND OLD.technical_indicators IS DISTINCT FROM NEW.technical_indicators
             AND ca_indicators_differ(OLD.technical_indicators, NEW.technical_indicators))
    EXECUTE FUNCTION ca_note_correction();
COMMENT ON TRIGGER price_data_note_update ON price_data IS
    'a corrected candle, or one whose indicators somebody else wrote, is noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_note_truncate
    AFTER TRUNCATE ON price_data
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_truncation();
COMMENT ON TRIGGER price_data_note_truncate ON price_data IS
    'that all candles went is noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_archive_note_insert
    AFTER INSERT ON price_data_archive
    REFERENCING NEW TABLE AS changed_candles
    FOR EACH STATEMENT WHEN (NOT ca_is_restore()) EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_archive_note_insert ON price_data_archive IS
    'a late candle is noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_archive_note_delete
    AFTER DELETE ON price_data_archive
    REFERENCING OLD TABLE AS changed_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_candles();
COMMENT ON TRIGGER price_data_archive_note_delete ON price_data_archive IS
    'a deleted candle is noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_archive_note_update
    AFTER UPDATE ON price_data_archive
    FOR EACH ROW
    WHEN ((OLD.asset_id, OLD.timeframe, OLD.candle_time, OLD.high_price, OLD.low_price, OLD.close_price)
          IS DISTINCT FROM
          (NEW.asset_id, NEW.timeframe, NEW.candle_time, NEW.high_price, NEW.low_price, NEW.close_price))
    EXECUTE FUNCTION ca_note_correction();
COMMENT ON TRIGGER price_data_archive_note_update ON price_data_archive IS
    'a corrected candle is noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_archive_note_truncate
    AFTER TRUNCATE ON price_data_archive
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_truncation();
COMMENT ON TRIGGER price_data_archive_note_truncate ON price_data_archive IS
    'that all candles went is noted for the indicators';

-- sql/functions/indicators/segment_notes.sql

-- Changes of compressed candles are noted for the indicators, like those of candles that are rows.

CREATE OR REPLACE FUNCTION ca_note_segment() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF current_setting('cryptoanalytics.moving', true) IS DISTINCT FROM 'on' THEN
        PERFORM ca_note_change(OLD.asset_id, OLD.timeframe, OLD.first_time);
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_segment() IS
    'trigger: notes that candles of a segment were deleted or corrected, unless they move, from the first of the segment on; it runs with its owner''s rights because it calls ca_note_change()';
REVOKE EXECUTE ON FUNCTION ca_note_segment() FROM PUBLIC;

-- a segment with other candles replaces one that is deleted, so INSERT needs no trigger
CREATE OR REPLACE TRIGGER price_data_segments_note_delete
    AFTER DELETE ON price_data_segments
    FOR EACH ROW EXECUTE FUNCTION ca_note_segment();
COMMENT ON TRIGGER price_data_segments_note_delete ON price_data_segments IS
    'compressed candles that were deleted or corrected are noted for the indicators';

CREATE OR REPLACE TRIGGER price_data_segments_note_truncate
    AFTER TRUNCATE ON price_data_segments
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_truncation();
COMMENT ON TRIGGER price_data_segments_note_truncate ON price_data_segments IS
    'that all candles went is noted for the indicators';

-- These functions say on, and triggers compare with that: whatever else a session makes of the setting
-- before it loads the library counts as off, and a note too many does no harm.
-- Moving a candle to the archive or into a segment is not a change.  Making it live is one, because it
-- may need its JSON; inserts into price_data are noted there.
ALTER FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_compress_batch(boolean, integer, text, timestamptz, timestamptz, integer, boolean)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_decompress_batch(integer, text, timestamptz, timestamptz, integer)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_take_compressed(integer, text, timestamptz, timestamptz, integer)
    SET cryptoanalytics.moving = 'on';
ALTER FUNCTION ca_drop_superseded(integer, text, timestamptz[])
    SET cryptoanalytics.moving = 'on';

-- sql/functions/indicators/indicator_batches.sql

-- The indicators of a batch of candles as JSON, from one state to the next.

COMMENT ON TYPE ca_indicator_batch IS
    'indicators of a batch of candles: identifiers and JSON of the live ones, the state after the batch, its last candle, and how many candles it had';
COMMENT ON COLUMN ca_indicator_batch.ids IS 'identifiers of the live candles';
COMMENT ON COLUMN ca_indicator_batch."values" IS 'indicators of each of them';
COMMENT ON COLUMN ca_indicator_batch.state IS 'state after the last candle';
COMMENT ON COLUMN ca_indicator_batch.last IS 'start of the last candle';
COMMENT ON COLUMN ca_indicator_batch.candles IS 'number of candles, live and archived';

CREATE OR REPLACE FUNCTION ca_check_spec(spec jsonb, convention text) RETURNS void
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_check_spec';
COMMENT ON FUNCTION ca_check_spec(jsonb, text) IS
    'refuses a spec or a convention that update_technical_indicators() does not support';

CREATE OR REPLACE FUNCTION ca_indicator_state_holds(spec jsonb, convention text, state bytea) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicator_state_holds';
COMMENT ON FUNCTION ca_indicator_state_holds(jsonb, text, bytea) IS
    'whether a state belongs to this spec and has the format of this version';

CREATE OR REPLACE FUNCTION ca_indicators_accum(
    internal, jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicators_accum';
COMMENT ON FUNCTION ca_indicators_accum(internal, jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric) IS
    'transition function of ca_indicators';

CREATE OR REPLACE FUNCTION ca_indicators_final(internal) RETURNS ca_indicator_batch
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicators_final';
COMMENT ON FUNCTION ca_indicators_final(internal) IS 'final function of ca_indicators';

CREATE OR REPLACE AGGREGATE ca_indicators(
    spec jsonb, convention text, state bytea, id bigint, live boolean, candle_time timestamptz,
    high numeric, low numeric, close numeric) (
    SFUNC = ca_indicators_accum,
    STYPE = internal,
    FINALFUNC = ca_indicators_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ca_indicators(jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric) IS
    'indicators of candles in order of time, from the state before the first to the state after the last';

-- sql/functions/indicators/update_technical_indicators.sql

-- Writing indicators into the rows of candles.

CREATE OR REPLACE FUNCTION ca_batch_json(ids bigint[], "values" jsonb[], id bigint, technical_indicators jsonb) RETURNS jsonb
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_batch_json';
COMMENT ON FUNCTION ca_batch_json(bigint[], jsonb[], bigint, jsonb) IS
    'what the JSON of a candle of a batch must become, with the other keys that it has; NULL if it is that already, or if the candle is not in the batch; fast for candles in the order of the batch';

-- Rows that another session has locked are skipped: waiting for them while other rows are locked here
-- would cause deadlocks with sessions that write candles of several series.  So each row is locked
-- first, and then found where it is.  A row that changes at that moment is there only for the next
-- statement, and counts as locked.
--
-- The settings make one plan for all batches, whatever the planner believes about the table: an index
-- gives the candles in the order of the batch, and each row is found by its place.
CREATE OR REPLACE FUNCTION ca_write_batch(
    asset integer, timeframe text, since timestamptz, until timestamptz, ids bigint[], "values" jsonb[])
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
    SET plan_cache_mode = force_generic_plan
    SET cryptoanalytics.moving = 'on'
AS $$
DECLARE
    written bigint;
BEGIN
    UPDATE price_data AS p
    SET technical_indicators = f.value
    FROM (
        SELECT l.tableoid AS in_table, l.ctid AS place,
               ca_batch_json(ca_write_batch.ids, ca_write_batch."values", l.id, l.technical_indicators) AS value
        FROM price_data AS l
        WHERE l.asset_id = ca_write_batch.asset
          AND l.timeframe = ca_write_batch.timeframe
          AND l.candle_time > ca_write_batch.since
          AND l.candle_time <= ca_write_batch.until
          AND ca_batch_json(ca_write_batch.ids, ca_write_batch."values", l.id, l.technical_indicators) IS NOT NULL
        FOR NO KEY UPDATE OF l SKIP LOCKED) AS f
    WHERE p.ctid = f.place AND p.tableoid = f.in_table;
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_write_batch(integer, text, timestamptz, timestamptz, bigint[], jsonb[]) IS
    'puts indicators into the live candles of a series that start in (since, until], next to their other keys, and returns how many changed; rows that another session has locked stay unchanged';

CREATE OR REPLACE FUNCTION ca_first_unwritten(
    asset integer, timeframe text, since timestamptz, until timestamptz, ids bigint[], "values" jsonb[])
    RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL UNSAFE
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT min(p.candle_time)
    FROM price_data AS p
    WHERE p.asset_id = ca_first_unwritten.asset
      AND p.timeframe = ca_first_unwritten.timeframe
      AND p.candle_time > ca_first_unwritten.since
      AND p.candle_time <= ca_first_unwritten.until
      AND ca_batch_json(ca_first_unwritten.ids, ca_first_unwritten."values", p.id, p.technical_indicators) IS NOT NULL;
END;
COMMENT ON FUNCTION ca_first_unwritten(integer, text, timestamptz, timestamptz, bigint[], jsonb[]) IS
    'the first candle that ca_write_batch() has not written because another session has locked its row';

CREATE OR REPLACE FUNCTION ca_update_series(
    asset integer, timeframe text, spec jsonb, convention text, OUT written bigint, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- states and notes of a series are found by their index, whatever the tables looked like when this was planned
    SET enable_seqscan = off
AS $$
#variable_conflict use_variable
DECLARE
    -- candles between two permanent states, which is also the most in memory at a time
    step CONSTANT integer := 10000;
    stop timestamptz := timeframe_bucket(timeframe, now());
    changed timestamptz;
    pending boolean;
    missed timestamptz;
    more bigint;
    saved technical_indicator_states;
    batch ca_indicator_batch;
BEGIN
    written := 0;
    PERFORM ca_lock_indicators(asset, timeframe);

    -- a note that a writer has locked stays for the next update, which then needs the state before it
    WITH noted AS MATERIALIZED (
        SELECT n.id, n.since
        FROM technical_indicator_notes AS n
        WHERE n.asset_id = asset AND n.timeframe = ca_update_series.timeframe
    ), free AS MATERIALIZED (
        SELECT n.id
        FROM technical_indicator_notes AS n
        WHERE n.asset_id = asset AND n.timeframe = ca_update_series.timeframe
        FOR UPDATE SKIP LOCKED
    ), taken AS (
        DELETE FROM technical_indicator_notes AS n
        WHERE n.id = ANY (ARRAY(SELECT f.id FROM free AS f))
        RETURNING n.id
    )
    SELECT min(n.since), count(*) > (SELECT count(*) FROM taken AS t) INTO changed, pending
    FROM noted AS n;
    -- states of another spec, and those after candles that have changed, are no longer valid
    DELETE FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
      AND ((s.spec, s.convention) IS DISTINCT FROM (ca_update_series.spec, ca_update_series.convention::varchar)
           OR s.candle_time >= changed);

    SELECT s.* INTO saved
    FROM technical_indicator_states AS s
    WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe
    ORDER BY s.place DESC
    LIMIT 1;
    IF FOUND AND NOT ca_indicator_state_holds(spec, convention, saved.state) THEN
        DELETE FROM technical_indicator_states AS s
        WHERE s.asset_id = asset AND s.timeframe = ca_update_series.timeframe;
        saved := NULL;
    END IF;

    LOOP
        batch := (
            SELECT ca_indicators(spec, convention, saved.state, h.id, NOT h.archived, h.candle_time,
                                 h.high_price, h.low_price, h.close_price)
            FROM (SELECT h.id, h.archived, h.candle_time, h.high_price, h.low_price, h.close_price
                  FROM price_history AS h
                  WHERE h.asset_id = asset
                    AND h.timeframe = ca_update_series.timeframe
                    AND h.candle_time > coalesce(saved.candle_time, '-infinity')
                    AND h.candle_time < stop
                  ORDER BY h.candle_time
                  LIMIT step - coalesce(saved.candles, 0) % step) AS h);
        EXIT WHEN batch.state IS NULL;
        more := ca_write_batch(asset, timeframe, coalesce(saved.candle_time, '-infinity'), batch.last,
                               batch.ids, batch."values");
        written := written + more;
        missed := CASE WHEN more < cardinality(batch.ids) THEN
            ca_first_unwritten(asset, timeframe, coalesce(saved.candle_time, '-infinity'), batch.last,
                               batch.ids, batch."values") END;

        -- the next update must continue from the same state as this one
        EXIT WHEN saved.candles % step <> 0 AND (pending OR missed IS NOT NULL);
        IF missed IS NOT NULL THEN
            INSERT INTO technical_indicator_notes (asset_id, timeframe, since) VALUES (asset, timeframe, missed);
        END IF;
        IF saved.candles % step <> 0 THEN
            UPDATE technical_indicator_states AS s
            SET candle_time = batch.last, candles = saved.candles + batch.candles, state = batch.state
            WHERE s.id = saved.id
            RETURNING * INTO saved;
        ELSE
            INSERT INTO technical_indicator_states (asset_id, timeframe, candle_time, candles, spec, convention, state)
            VALUES (asset, timeframe, batch.last, coalesce(saved.candles, 0) + batch.candles, spec, convention, batch.state)
            RETURNING * INTO saved;
        END IF;

        IF clock_timestamp() - reported >= interval '1 second' THEN
            reported := clock_timestamp();
            RAISE NOTICE '% candles of asset %, % done, now at %', saved.candles, asset, timeframe, saved.candle_time;
        END IF;
        EXIT WHEN saved.candles % step <> 0;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_update_series(integer, text, jsonb, text, timestamptz) IS
    'writes the indicators of one series, from its last valid state, and reports progress at most once per second; the caller has checked the arguments';

CREATE OR REPLACE FUNCTION @extschema@.update_technical_indicators(
    asset integer DEFAULT NULL, timeframe text DEFAULT NULL,
    spec jsonb DEFAULT '{"RSI": 14, "MACD": [12, 26, 9], "SMA": [50, 200], "EMA": [20, 100]}',
    convention text DEFAULT 'talib')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    series record;
    done record;
    reported timestamptz := clock_timestamp();
    written bigint := 0;
BEGIN
    PERFORM ca_check_rights('price_data', 'SELECT, UPDATE');
    PERFORM ca_check_rights('technical_indicator_states', 'SELECT, INSERT, UPDATE, DELETE');
    PERFORM ca_check_spec(update_technical_indicators.spec, update_technical_indicators.convention);
    IF update_technical_indicators.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(update_technical_indicators.timeframe);
    END IF;
    IF update_technical_indicators.asset IS NOT NULL THEN
        PERFORM ca_check_asset(update_technical_indicators.asset);
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'update_technical_indicators must run in a READ COMMITTED transaction'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s: it does not see candles that were committed after it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;

    FOR series IN
        SELECT a.id, t.code
        FROM assets AS a
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            SELECT
            FROM price_data AS p
            WHERE p.asset_id = a.id AND p.timeframe = t.code
            ORDER BY p.candle_time
            LIMIT 1) AS first_candle
        -- a range finds a single one by the key, whenever the plan is made
        WHERE a.id BETWEEN coalesce(update_technical_indicators.asset, -2147483648)
                       AND coalesce(update_technical_indicators.asset, 2147483647)
          AND (update_technical_indicators.timeframe IS NULL OR t.code = update_technical_indicators.timeframe)
        ORDER BY a.id, t.place
    LOOP
        SELECT u.* INTO done
        FROM ca_update_series(series.id, series.code, update_technical_indicators.spec,
                              update_technical_indicators.convention, reported) AS u;
        written := written + done.written;
        reported := done.reported;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION update_technical_indicators(integer, text, jsonb, text) IS
    'writes technical_indicators of live, closed candles, for one series, all series of an asset or of a timeframe, or all series, and returns how many changed; a later call with the same spec continues after the newest finished candle, or from the oldest that has changed; spec: {"RSI": 14, "SMA": [50, 200], "MACD": [12, 26, 9]} and EMA, BBANDS, ATR, ADX, STOCH; conventions talib, tradingview, pandas';

-- sql/functions/trading/positions.sql

-- Positions: replaying the trade actions of a position, and triggers that keep its row up to date.
-- The rules are in docs/guide/rules.md.

CREATE OR REPLACE FUNCTION ca_refuse_exit(
    action_id integer, position_id integer, action_type text, closes numeric, held numeric, short boolean)
    RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF short AND action_type = 'partial_sell' THEN
        RAISE EXCEPTION 'a partial_sell has no meaning in a short position'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Action %s is a partial_sell of position %s, which is a Short Position.', action_id, position_id),
                  HINT = 'A short position is opened and added to by sell or entry, and covered by buy, partial_exit or full_exit.',
                  CONSTRAINT = 'trade_actions_short_partial_sell', TABLE = 'trade_actions', COLUMN = 'action_type';
    END IF;
    IF closes > held THEN
        RAISE EXCEPTION 'an action closes more than the position holds'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Action %s (%s) of position %s closes %s of %s.', action_id, action_type, position_id,
                                  closes, held),
                  HINT = 'Actions count in order of created_at and id; an entry has to come before its exit.',
                  CONSTRAINT = 'trade_actions_oversold', TABLE = 'trade_actions', COLUMN = 'quantity';
    END IF;
    RAISE EXCEPTION 'a full exit leaves part of the position'
        USING ERRCODE = 'check_violation',
              DETAIL = format('Action %s of position %s closes %s of %s.', action_id, position_id, closes, held),
              HINT = 'Use partial_exit to close a part.',
              CONSTRAINT = 'trade_actions_full_exit', TABLE = 'trade_actions', COLUMN = 'quantity';
END;
$$;
COMMENT ON FUNCTION ca_refuse_exit(integer, integer, text, numeric, numeric, boolean) IS
    'raises the error of an exit that the position does not allow';

CREATE OR REPLACE FUNCTION ca_position_replay(
    position_id integer, short boolean, resumed boolean,
    OUT action_id integer, OUT action_time timestamptz, OUT action_type text, OUT quantity numeric,
    OUT cost numeric, OUT entry_price numeric, OUT exit_price numeric, OUT pnl_realized_usd numeric,
    OUT trade_status text, OUT stop_told boolean, OUT stop_loss_price numeric,
    OUT target_told boolean, OUT take_profit_price numeric,
    OUT exited numeric, OUT proceeds numeric, OUT profit numeric, OUT profit_was numeric)
    RETURNS SETOF record
    LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- the actions of one position, in their order, whatever the table looked like when this was planned
    SET enable_seqscan = off
    SET enable_bitmapscan = off
    SET enable_sort = off
AS $$
DECLARE
    -- a fee makes a long entry more expensive and lowers the proceeds of a short one
    side CONSTANT integer := CASE WHEN short THEN -1 ELSE 1 END;
    entries CONSTANT text[] := ARRAY['entry', CASE WHEN short THEN 'sell' ELSE 'buy' END];
    -- a numerator of this scale divides to 24 decimal places or more
    fine CONSTANT numeric := 1.000000000000000000000000;
    a record;
    removed numeric;
    since_time timestamptz := '-infinity';
    since_id integer := -2147483648;
BEGIN
    quantity := NULL;
    stop_told := false;
    target_told := false;
    -- since the position was opened: quantity and money of its exits
    exited := 0;
    proceeds := 0;
    IF resumed THEN
        SELECT p.quantity, p.open_cost, p.entry_price, p.exit_price, p.pnl_realized_usd, p.trade_status,
               p.exited_quantity, p.exit_proceeds, p.counted_until, p.counted_action
        INTO quantity, cost, entry_price, exit_price, pnl_realized_usd, trade_status,
             exited, proceeds, since_time, since_id
        FROM portfolio AS p
        WHERE p.id = ca_position_replay.position_id AND p.counted_until IS NOT NULL;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    FOR a IN
        SELECT t.id, t.created_at, t.action_type, t.asset_price, t.quantity, t.fees_paid, t.pnl_realized_usd,
               t.stop_loss, t.take_profit
        FROM trade_actions AS t
        WHERE t.portfolio_id = ca_position_replay.position_id
          AND (t.created_at, t.id) > (since_time, since_id)
        ORDER BY t.created_at, t.id
    LOOP
        action_id := a.id;
        action_time := a.created_at;
        action_type := a.action_type;
        profit := 0;
        profit_was := a.pnl_realized_usd;
        IF a.action_type = ANY (entries) THEN
            pnl_realized_usd := coalesce(pnl_realized_usd, 0);
            IF quantity > 0 THEN
                trade_status := 'accumulating';
            ELSE
                trade_status := 'open';
                quantity := 0;
                cost := 0;
                exit_price := NULL;
                exited := 0;
                proceeds := 0;
            END IF;
            quantity := quantity + a.quantity;
            cost := cost + a.asset_price * a.quantity + side * a.fees_paid;
            entry_price := trim_scale(round(cost * fine / quantity, 20));
        ELSIF a.action_type NOT IN ('modify_sl', 'modify_tp') THEN
            IF a.quantity > coalesce(quantity, 0) OR a.action_type = 'full_exit' AND a.quantity < quantity
               OR short AND a.action_type = 'partial_sell' THEN
                -- a resumed replay may lack an earlier action; then the whole history decides
                IF resumed THEN
                    RETURN;
                END IF;
                PERFORM ca_refuse_exit(a.id, position_id, a.action_type, a.quantity, coalesce(quantity, 0), short);
            END IF;
            -- the rest keeps the cost that is not removed, so that rounding never loses money
            removed := CASE WHEN a.quantity = quantity THEN cost
                            ELSE round(cost * a.quantity * fine / quantity, 20) END;
            profit := trim_scale(side * (a.asset_price * a.quantity - removed) - a.fees_paid);
            pnl_realized_usd := trim_scale(pnl_realized_usd + profit);
            cost := cost - removed;
            quantity := quantity - a.quantity;
            exited := exited + a.quantity;
            proceeds := proceeds + a.asset_price * a.quantity - side * a.fees_paid;
            exit_price := trim_scale(round(proceeds * fine / exited, 20));
            trade_status := CASE WHEN quantity = 0 THEN 'closed' ELSE 'reducing' END;
        END IF;
        IF a.action_type = 'modify_sl'
           OR a.action_type = ANY (entries) AND a.stop_loss IS NOT NULL THEN
            stop_told := true;
            stop_loss_price := a.stop_loss;
        END IF;
        IF a.action_type = 'modify_tp'
           OR a.action_type = ANY (entries) AND a.take_profit IS NOT NULL THEN
            target_told := true;
            take_profit_price := a.take_profit;
        END IF;
        RETURN NEXT;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION ca_position_replay(integer, boolean, boolean) IS
    'state of a position after each of its actions, as a long or as a short one, and the profit of each; everything but the levels is NULL before the first entry; resumed: after each action that its row does not count yet, up to one that would be refused';

CREATE OR REPLACE FUNCTION @extschema@.position_history(
    position_id integer,
    OUT action_id integer, OUT action_time timestamptz, OUT action_type text, OUT quantity numeric,
    OUT entry_price numeric, OUT exit_price numeric, OUT pnl_realized_usd numeric,
    OUT trade_status text, OUT stop_loss_price numeric, OUT take_profit_price numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT r.action_id, r.action_time, r.action_type, r.quantity, r.entry_price, r.exit_price,
           r.pnl_realized_usd, r.trade_status, r.stop_loss_price, r.take_profit_price
    FROM portfolio AS p
    CROSS JOIN LATERAL ca_position_replay(p.id, p.asset_type = 'Short Position', false) AS r
    WHERE p.id = position_history.position_id
    ORDER BY r.action_time, r.action_id;
END;
COMMENT ON FUNCTION position_history(integer) IS
    'a position after each of its actions, in order of created_at and id; a level is NULL until an action gives it';

CREATE OR REPLACE FUNCTION ca_position_derived(
    was portfolio, emptied boolean, resumed boolean,
    OUT derived portfolio, OUT counted bigint, OUT actions integer[], OUT profits numeric[])
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    derived := was;
    WITH step AS MATERIALIZED (
        SELECT s.*
        FROM ca_position_replay(was.id, was.asset_type = 'Short Position', resumed) WITH ORDINALITY AS s
    )
    SELECT l.*, w.actions, w.profits INTO r
    FROM (SELECT s.* FROM step AS s ORDER BY s.ordinality DESC LIMIT 1) AS l
    CROSS JOIN (SELECT array_agg(s.action_id) AS actions, array_agg(s.profit) AS profits
                FROM step AS s
                WHERE s.profit <> s.profit_was) AS w;
    counted := coalesce(r.ordinality, 0);
    actions := r.actions;
    profits := r.profits;
    IF r.trade_status IS NOT NULL THEN
        derived.quantity := r.quantity;
        derived.entry_price := r.entry_price;
        derived.exit_price := r.exit_price;
        derived.pnl_realized_usd := r.pnl_realized_usd;
        IF r.trade_status = 'closed' OR was.trade_status <> 'exit_plan' THEN
            derived.trade_status := r.trade_status;
        END IF;
        derived.open_cost := r.cost;
        derived.exited_quantity := r.exited;
        derived.exit_proceeds := r.proceeds;
        derived.counted_until := r.action_time;
        derived.counted_action := r.action_id;
    ELSIF NOT resumed THEN
        derived.open_cost := NULL;
        derived.exited_quantity := NULL;
        derived.exit_proceeds := NULL;
        derived.counted_until := NULL;
        derived.counted_action := NULL;
        IF emptied THEN
            derived.quantity := 0;
            derived.entry_price := NULL;
            derived.exit_price := NULL;
            derived.pnl_realized_usd := 0;
            derived.trade_status := 'open';
        END IF;
    END IF;
    IF r.stop_told THEN
        derived.stop_loss_price := r.stop_loss_price;
    END IF;
    IF r.target_told THEN
        derived.take_profit_price := r.take_profit_price;
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_position_derived(portfolio, boolean, boolean) IS
    'the row of a position as it follows from its actions, how many were read, and the actions whose profit differs from the recorded one; without an entry the row stays as it is, or is empty if its last trade was deleted; resumed: from what the row counts already';

CREATE OR REPLACE FUNCTION ca_write_profits(actions integer[], profits numeric[]) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- the actions are read by key, and joined in one pass with what will be written to them
    SET enable_seqscan = off
    SET enable_nestloop = off
AS $$
BEGIN
    IF actions IS NOT NULL THEN
        UPDATE trade_actions AS t
        SET pnl_realized_usd = w.profit
        FROM unnest(actions, profits) AS w (id, profit)
        WHERE t.id = w.id AND t.id = ANY (actions);
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_write_profits(integer[], numeric[]) IS
    'writes the profits of actions';

CREATE OR REPLACE FUNCTION ca_rebuild_position(
    position_id integer, emptied boolean, inserted bigint, brought bigint, loading boolean)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    was portfolio;
    d record;
    appended boolean := false;
    told boolean := false;  -- whether the row has values, or is closed, and had no trade before
BEGIN
    -- another session that changes actions of the position waits here, and then reads those of this one
    SELECT p.* INTO was FROM portfolio AS p
    WHERE p.id = ca_rebuild_position.position_id
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    IF (was.counted_until IS NULL OR loading)
       AND (was.quantity <> 0 OR was.entry_price IS NOT NULL OR was.exit_price IS NOT NULL
            OR was.pnl_realized_usd <> 0 OR was.trade_status = 'closed') THEN
        told := brought = (SELECT count(*) FROM trade_actions AS t
                           WHERE t.portfolio_id = was.id
                             AND t.action_type NOT IN ('modify_sl', 'modify_tp'));
    END IF;
    IF told AND loading THEN
        RETURN false;
    END IF;

    -- actions that all come after the counted ones are added to them; any others require reading the
    -- whole history
    IF was.counted_until IS NOT NULL AND inserted IS NOT NULL THEN
        d := ca_position_derived(was, false, true);
        appended := d.counted = inserted;
    END IF;
    IF NOT appended THEN
        d := ca_position_derived(was, emptied, false);
    END IF;
    IF told
       AND (was.quantity, was.entry_price, was.exit_price, was.pnl_realized_usd)
           IS DISTINCT FROM (0, NULL, NULL, 0)
       AND (was.quantity, was.entry_price, was.exit_price, was.pnl_realized_usd)
           IS DISTINCT FROM ((d.derived).quantity, (d.derived).entry_price, (d.derived).exit_price,
                             (d.derived).pnl_realized_usd) THEN
        RAISE EXCEPTION 'the position has values that no action explains'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Position %s holds %s, its actions give %s.', was.id, was.quantity,
                                  (d.derived).quantity),
                  HINT = 'Record how the position came about as actions, in one statement with the new one, or empty its row first.',
                  CONSTRAINT = 'portfolio_unexplained', TABLE = 'portfolio', COLUMN = 'quantity';
    END IF;
    -- The trigger of this UPDATE skips actions that are not counted yet, and checks the profit of the
    -- others, so they are written after the position.
    IF appended THEN
        PERFORM ca_write_profits(d.actions, d.profits);
    END IF;
    IF d.derived IS DISTINCT FROM was THEN
        UPDATE portfolio AS p
        SET quantity = (d.derived).quantity,
            entry_price = (d.derived).entry_price,
            exit_price = (d.derived).exit_price,
            pnl_realized_usd = (d.derived).pnl_realized_usd,
            trade_status = (d.derived).trade_status,
            stop_loss_price = (d.derived).stop_loss_price,
            take_profit_price = (d.derived).take_profit_price,
            open_cost = (d.derived).open_cost,
            exited_quantity = (d.derived).exited_quantity,
            exit_proceeds = (d.derived).exit_proceeds,
            counted_until = (d.derived).counted_until,
            counted_action = (d.derived).counted_action
        WHERE p.id = was.id;
    END IF;
    IF NOT appended THEN
        PERFORM ca_write_profits(d.actions, d.profits);
    END IF;
    RETURN d.derived IS DISTINCT FROM was OR d.actions IS NOT NULL;
END;
$$;
COMMENT ON FUNCTION ca_rebuild_position(integer, boolean, bigint, bigint, boolean) IS
    'locks a position, sets its row and the profits of its actions to what the actions give, and returns whether anything changed';

CREATE OR REPLACE FUNCTION @extschema@.rebuild_position(position_id integer) RETURNS boolean
    LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_rebuild_position(rebuild_position.position_id, false, NULL, NULL, false);
END;
COMMENT ON FUNCTION rebuild_position(integer) IS
    'replays the actions of a position, sets the position and the profits of the actions to the result, and returns whether anything changed; a position without an entry keeps its values';

CREATE OR REPLACE FUNCTION ca_trade_actions_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    -- look up few of many rows by key, one after the other and without a join, whatever the tables
    -- looked like when this was planned
    SET enable_seqscan = off
AS $$
DECLARE
    p record;
    restored CONSTANT boolean := TG_NARGS > 0;
    recorded timestamptz;
    passed integer[];  -- positions that others have committed actions of since the transaction began
BEGIN
    IF NOT restored THEN
        -- The default of created_at is the start of the transaction.  If others have committed actions
        -- since then, this action comes after them: what they bought can be sold.
        PERFORM
        FROM unnest(ARRAY(SELECT DISTINCT i.portfolio_id FROM inserted AS i ORDER BY i.portfolio_id)) AS n (id)
        CROSS JOIN LATERAL (SELECT FROM portfolio AS f WHERE f.id = n.id FOR NO KEY UPDATE) AS f;
        recorded := clock_timestamp();
        -- one action more than those of the statement belongs to another session
        passed := ARRAY(
            SELECT c.id
            FROM (SELECT i.portfolio_id AS id,
                         count(*) FILTER (WHERE i.created_at > now() AND i.created_at <= recorded) AS own
                  FROM inserted AS i
                  GROUP BY i.portfolio_id
                  HAVING bool_or(i.created_at = now())) AS c
            CROSS JOIN LATERAL (SELECT
                                FROM trade_actions AS o
                                WHERE o.portfolio_id = c.id AND o.created_at > now() AND o.created_at <= recorded
                                OFFSET c.own
                                LIMIT 1) AS o);
        IF cardinality(passed) > 0 THEN
            UPDATE trade_actions AS t
            SET created_at = recorded
            WHERE t.id = ANY (ARRAY(
                SELECT c.action
                FROM (SELECT u.action, bool_or(u.action IS NULL) OVER (PARTITION BY u.position) AS passed
                      FROM (SELECT i.portfolio_id AS position, i.id AS action FROM inserted AS i WHERE i.created_at = now()
                            UNION ALL
                            SELECT n.id, NULL FROM unnest(passed) AS n (id)) AS u) AS c
                WHERE c.passed AND c.action IS NOT NULL));
        END IF;
    END IF;
    FOR p IN
        SELECT i.portfolio_id AS id, count(*) AS inserted,
               count(*) FILTER (WHERE i.action_type NOT IN ('modify_sl', 'modify_tp')) AS brought
        FROM inserted AS i
        GROUP BY i.portfolio_id
        ORDER BY i.portfolio_id
    LOOP
        PERFORM ca_rebuild_position(p.id, false, p.inserted, p.brought, restored);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_inserted() IS
    'trigger: updates the positions of new actions, in the order in which sessions come; with an argument, the positions of actions that a dump loads';

CREATE OR REPLACE FUNCTION ca_trade_actions_updated() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET enable_seqscan = off
AS $$
DECLARE
    p record;
BEGIN
    FOR p IN
        WITH gone AS (
            SELECT w.id, w.portfolio_id, w.action_type, w.asset_price, w.quantity, w.fees_paid,
                   w.stop_loss, w.take_profit, w.created_at
            FROM was AS w
            EXCEPT
            SELECT b.id, b.portfolio_id, b.action_type, b.asset_price, b.quantity, b.fees_paid,
                   b.stop_loss, b.take_profit, b.created_at
            FROM became AS b
        ), come AS (
            SELECT b.id, b.portfolio_id, b.action_type, b.asset_price, b.quantity, b.fees_paid,
                   b.stop_loss, b.take_profit, b.created_at
            FROM became AS b
            EXCEPT
            SELECT w.id, w.portfolio_id, w.action_type, w.asset_price, w.quantity, w.fees_paid,
                   w.stop_loss, w.take_profit, w.created_at
            FROM was AS w
        ), profit AS (
            SELECT b.id, b.portfolio_id, b.created_at, b.pnl_realized_usd
            FROM became AS b
            EXCEPT
            SELECT w.id, w.portfolio_id, w.created_at, w.pnl_realized_usd
            FROM was AS w
        )
        SELECT c.portfolio_id AS id, bool_or(c.traded) AS emptied, bool_or(c.earned_at IS NULL) AS changed,
               min(c.earned_at) AS earned_at, (array_agg(c.earned_by ORDER BY c.earned_at, c.earned_by))[1] AS earned_by
        FROM (SELECT g.portfolio_id, g.action_type NOT IN ('modify_sl', 'modify_tp') AS traded,
                     NULL::timestamptz AS earned_at, NULL::integer AS earned_by
              FROM gone AS g
              UNION ALL
              SELECT n.portfolio_id, false, NULL, NULL FROM come AS n
              UNION ALL
              -- a profit that a statement writes, by hand or not
              SELECT f.portfolio_id, false, f.created_at, f.id FROM profit AS f) AS c
        GROUP BY c.portfolio_id
        ORDER BY c.portfolio_id
    LOOP
        -- changes of an action that is not counted yet do not concern the position
        IF p.changed OR EXISTS (SELECT FROM portfolio AS f
                                WHERE f.id = p.id
                                  AND (p.earned_at, p.earned_by) <= (f.counted_until, f.counted_action)) THEN
            PERFORM ca_rebuild_position(p.id, p.emptied, NULL, NULL, false);
        END IF;
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_updated() IS
    'trigger: rebuilds the positions whose actions changed in a column that counts, on both sides of a move';

CREATE OR REPLACE FUNCTION ca_trade_actions_deleted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    p record;
BEGIN
    FOR p IN
        SELECT w.portfolio_id AS id,
               bool_or(w.action_type NOT IN ('modify_sl', 'modify_tp')) AS emptied
        FROM was AS w
        GROUP BY w.portfolio_id
        ORDER BY w.portfolio_id
    LOOP
        PERFORM ca_rebuild_position(p.id, p.emptied, NULL, NULL, false);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_trade_actions_deleted() IS
    'trigger: rebuilds the positions whose actions were deleted';

CREATE OR REPLACE FUNCTION ca_portfolio_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    NEW.open_cost := NULL;
    NEW.exited_quantity := NULL;
    NEW.exit_proceeds := NULL;
    NEW.counted_until := NULL;
    NEW.counted_action := NULL;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_inserted() IS
    'trigger: a new position has no counted actions yet';

CREATE OR REPLACE FUNCTION ca_portfolio_derived() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    derived portfolio := NEW;
BEGIN
    -- the result so far, and the actions since
    IF OLD.counted_until IS NOT NULL AND OLD.asset_type = NEW.asset_type THEN
        derived.quantity := OLD.quantity;
        derived.entry_price := OLD.entry_price;
        derived.exit_price := OLD.exit_price;
        derived.pnl_realized_usd := OLD.pnl_realized_usd;
        derived.trade_status := OLD.trade_status;
        derived.stop_loss_price := OLD.stop_loss_price;
        derived.take_profit_price := OLD.take_profit_price;
        derived.open_cost := OLD.open_cost;
        derived.exited_quantity := OLD.exited_quantity;
        derived.exit_proceeds := OLD.exit_proceeds;
        derived.counted_until := OLD.counted_until;
        derived.counted_action := OLD.counted_action;
        derived := (ca_position_derived(derived, false, true)).derived;
        IF derived IS NOT DISTINCT FROM NEW THEN
            RETURN NEW;
        END IF;
    END IF;
    derived := (ca_position_derived(NEW, false, false)).derived;
    -- as a long or a short position the same actions give a different profit
    IF OLD.asset_type = NEW.asset_type
       AND (derived.quantity, derived.entry_price, derived.exit_price, derived.pnl_realized_usd,
            derived.trade_status, derived.stop_loss_price, derived.take_profit_price)
           IS DISTINCT FROM
           (NEW.quantity, NEW.entry_price, NEW.exit_price, NEW.pnl_realized_usd,
            NEW.trade_status, NEW.stop_loss_price, NEW.take_profit_price) THEN
        RAISE EXCEPTION 'values that follow from actions cannot be set'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Position %s has actions that give another quantity, price, profit, status or level.', NEW.id),
                  HINT = 'Insert, update or delete rows of trade_actions instead; of the columns they give, only trade_status may be set, to exit_plan.',
                  CONSTRAINT = 'portfolio_derived', TABLE = 'portfolio';
    END IF;
    RETURN derived;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_derived() IS
    'trigger: refuses values of a position that differ from the result of its actions, and protects its counters';

CREATE OR REPLACE FUNCTION ca_portfolio_turned() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM rebuild_position(NEW.id);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_turned() IS
    'trigger: recomputes the profits of the actions of a position that turns from long to short, or back';

CREATE OR REPLACE FUNCTION ca_portfolio_asset() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF EXISTS (SELECT FROM trade_actions AS t WHERE t.portfolio_id = OLD.id) THEN
        RAISE EXCEPTION 'a position with actions keeps its asset'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Position %s has actions in asset %s.', OLD.id,
                                  coalesce(OLD.asset_id::text, OLD.asset_symbol)),
                  HINT = 'Make a position in the other asset, and move the actions that belong to it by trade_actions.portfolio_id.',
                  CONSTRAINT = 'portfolio_asset_traded', TABLE = 'portfolio', COLUMN = 'asset_id';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_portfolio_asset() IS
    'trigger: refuses to change the asset of a position that has actions';

CREATE OR REPLACE TRIGGER trade_actions_inserted AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_trade_actions_inserted();
COMMENT ON TRIGGER trade_actions_inserted ON trade_actions IS
    'brings the positions of new actions up to date';
CREATE OR REPLACE TRIGGER trade_actions_restored AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT WHEN (ca_is_restore())
    EXECUTE FUNCTION ca_trade_actions_inserted('restored');
COMMENT ON TRIGGER trade_actions_restored ON trade_actions IS
    'leaves positions alone that a dump brings with their values';
CREATE OR REPLACE TRIGGER trade_actions_updated AFTER UPDATE ON trade_actions
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_trade_actions_updated();
COMMENT ON TRIGGER trade_actions_updated ON trade_actions IS
    'rebuilds the positions whose actions changed';
CREATE OR REPLACE TRIGGER trade_actions_deleted AFTER DELETE ON trade_actions
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_trade_actions_deleted();
COMMENT ON TRIGGER trade_actions_deleted ON trade_actions IS
    'rebuilds the positions whose actions are gone';
CREATE OR REPLACE TRIGGER portfolio_inserted BEFORE INSERT ON portfolio
    FOR EACH ROW WHEN (NEW.counted_until IS NOT NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_portfolio_inserted();
COMMENT ON TRIGGER portfolio_inserted ON portfolio IS
    'a position that does not come from a dump counts no actions yet';
CREATE OR REPLACE TRIGGER portfolio_asset BEFORE UPDATE OF asset_id ON portfolio
    FOR EACH ROW WHEN (OLD.asset_id IS DISTINCT FROM NEW.asset_id)
    EXECUTE FUNCTION ca_portfolio_asset();
COMMENT ON TRIGGER portfolio_asset ON portfolio IS
    'refuses another asset for a position that has actions';
CREATE OR REPLACE TRIGGER portfolio_derived BEFORE UPDATE ON portfolio
    FOR EACH ROW
    WHEN ((OLD.asset_type, OLD.quantity, OLD.entry_price, OLD.exit_price, OLD.pnl_realized_usd,
           OLD.trade_status, OLD.stop_loss_price, OLD.take_profit_price, OLD.open_cost,
           OLD.exited_quantity, OLD.exit_proceeds, OLD.counted_until, OLD.counted_action)
          IS DISTINCT FROM
          (NEW.asset_type, NEW.quantity, NEW.entry_price, NEW.exit_price, NEW.pnl_realized_usd,
           NEW.trade_status, NEW.stop_loss_price, NEW.take_profit_price, NEW.open_cost,
           NEW.exited_quantity, NEW.exit_proceeds, NEW.counted_until, NEW.counted_action))
    EXECUTE FUNCTION ca_portfolio_derived();
COMMENT ON TRIGGER portfolio_derived ON portfolio IS
    'refuses values that differ from what the actions of the position give';
CREATE OR REPLACE TRIGGER portfolio_turned AFTER UPDATE ON portfolio
    FOR EACH ROW WHEN (OLD.asset_type <> NEW.asset_type)
    EXECUTE FUNCTION ca_portfolio_turned();
COMMENT ON TRIGGER portfolio_turned ON portfolio IS
    'computes the profits of actions again when a position turns from long to short, or back';

CREATE OR REPLACE VIEW @extschema@.portfolio_positions WITH (security_invoker = true) AS
    WITH priced AS (
        SELECT p.*, a.current_price,
               CASE WHEN p.asset_type = 'Short Position' THEN -1 ELSE 1 END AS side,
               CASE WHEN p.quantity = 0 THEN 0 ELSE p.quantity * a.current_price END AS value_usd
        FROM portfolio AS p
        LEFT JOIN assets AS a ON a.id = p.asset_id
    ), shares AS (
        SELECT x.*,
               CASE WHEN count(*) OVER w = count(x.value_usd) OVER w THEN
                   round(100 * x.value_usd / nullif(sum(abs(x.value_usd)) OVER w, 0), 8)
               END AS allocation_percent
        FROM priced AS x
        WINDOW w AS (PARTITION BY x.user_id)
    )
    SELECT s.id AS position_id, s.user_id, s.asset_id, s.asset_symbol, s.asset_type, s.trade_status,
           s.quantity, s.entry_price, s.current_price, s.value_usd,
           CASE WHEN s.quantity = 0 THEN 0
                ELSE s.side * (s.current_price - s.entry_price) * s.quantity
           END AS pnl_unrealized_usd,
           s.pnl_realized_usd, s.allocation_percent, s.allocation_target_percent,
           s.allocation_percent - s.allocation_target_percent AS allocation_off_target,
           s.max_allocation_percent,
           s.allocation_percent > s.max_allocation_percent AS over_max_allocation,
           s.stop_loss_price, s.take_profit_price,
           CASE WHEN s.quantity = 0 THEN 0
                ELSE s.side * (s.entry_price - s.stop_loss_price) * s.quantity
           END AS risk_at_stop_usd
    FROM shares AS s;
COMMENT ON VIEW portfolio_positions IS
    'each position at assets.current_price: value, unrealized profit, share of its user''s holdings, and risk at the stop; NULL if a price, an entry or a stop is unknown';
COMMENT ON COLUMN portfolio_positions.position_id IS 'position, portfolio.id';
COMMENT ON COLUMN portfolio_positions.user_id IS 'user who holds the position';
COMMENT ON COLUMN portfolio_positions.asset_id IS 'asset, assets.id; NULL for an external asset';
COMMENT ON COLUMN portfolio_positions.asset_symbol IS 'symbol of the asset';
COMMENT ON COLUMN portfolio_positions.asset_type IS 'type of holding; Short Position gains when the price falls, all others when it rises';
COMMENT ON COLUMN portfolio_positions.trade_status IS 'status of the position';
COMMENT ON COLUMN portfolio_positions.quantity IS 'remaining quantity, in units of the asset';
COMMENT ON COLUMN portfolio_positions.entry_price IS 'average entry price with fees, in USD';
COMMENT ON COLUMN portfolio_positions.current_price IS 'assets.current_price, in USD; NULL for an external asset';
COMMENT ON COLUMN portfolio_positions.value_usd IS 'quantity times current price, in USD; what would be bought back for a short position';
COMMENT ON COLUMN portfolio_positions.pnl_unrealized_usd IS 'profit if closed at the current price without a fee, in USD';
COMMENT ON COLUMN portfolio_positions.pnl_realized_usd IS 'profit of what is closed, in USD';
COMMENT ON COLUMN portfolio_positions.allocation_percent IS 'share of the value of all positions of the user, long and short, in percent; NULL if any of their values is unknown';
COMMENT ON COLUMN portfolio_positions.allocation_target_percent IS 'target of the share, in percent';
COMMENT ON COLUMN portfolio_positions.allocation_off_target IS 'share minus target, in percentage points';
COMMENT ON COLUMN portfolio_positions.max_allocation_percent IS 'largest share allowed, in percent';
COMMENT ON COLUMN portfolio_positions.over_max_allocation IS 'whether the share is above the largest allowed';
COMMENT ON COLUMN portfolio_positions.stop_loss_price IS 'stop, in USD';
COMMENT ON COLUMN portfolio_positions.take_profit_price IS 'target price, in USD';
COMMENT ON COLUMN portfolio_positions.risk_at_stop_usd IS 'loss if the rest is closed at the stop, in USD; negative if that is a profit; NULL without a stop';

CREATE OR REPLACE VIEW @extschema@.portfolio_totals WITH (security_invoker = true) AS
    SELECT p.user_id,
           count(*) FILTER (WHERE p.quantity > 0) AS positions,
           CASE WHEN count(*) = count(p.value_usd) THEN sum(p.value_usd) END AS value_usd,
           CASE WHEN count(*) = count(p.pnl_unrealized_usd) THEN sum(p.pnl_unrealized_usd) END AS pnl_unrealized_usd,
           sum(p.pnl_realized_usd) AS pnl_realized_usd,
           count(*) FILTER (WHERE p.over_max_allocation) AS over_max_allocation,
           CASE WHEN count(*) = count(p.risk_at_stop_usd) THEN sum(p.risk_at_stop_usd) END AS risk_at_stop_usd
    FROM portfolio_positions AS p
    GROUP BY p.user_id;
COMMENT ON VIEW portfolio_totals IS
    'portfolio_positions summed by user; a sum is NULL if a part of it is unknown';
COMMENT ON COLUMN portfolio_totals.user_id IS 'user who holds the positions';
COMMENT ON COLUMN portfolio_totals.positions IS 'positions that hold something';
COMMENT ON COLUMN portfolio_totals.value_usd IS 'value of all positions, long and short, in USD';
COMMENT ON COLUMN portfolio_totals.pnl_unrealized_usd IS 'unrealized profit, in USD';
COMMENT ON COLUMN portfolio_totals.pnl_realized_usd IS 'realized profit, in USD';
COMMENT ON COLUMN portfolio_totals.over_max_allocation IS 'positions above their largest share';
COMMENT ON COLUMN portfolio_totals.risk_at_stop_usd IS 'loss if every position is closed at its stop, in USD';

-- sql/functions/trading/watchlists.sql

-- Watchlists: no more assets than allowed, and positions 1, 2, 3. The rules are in docs/guide/rules.md.

CREATE OR REPLACE FUNCTION ca_check_watchlists(watchlist_ids integer[]) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- one of many lists is looked up by key, however many entries the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    l record;
BEGIN
    SELECT w.id, w.max_assets, e.assets INTO l
    FROM watchlists AS w
    CROSS JOIN LATERAL (SELECT count(DISTINCT a.asset_id) AS assets
                        FROM watchlist_assets AS a
                        WHERE a.watchlist_id = w.id AND a.is_active) AS e
    WHERE w.id = ANY (watchlist_ids) AND e.assets > w.max_assets
    ORDER BY w.id
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'a watchlist would hold more assets than its max_assets'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Watchlist %s would hold %s assets, its max_assets is %s.', l.id, l.assets, l.max_assets),
                  HINT = 'Remove an asset or make it inactive first, or raise max_assets.',
                  CONSTRAINT = 'watchlist_assets_full', TABLE = 'watchlists', COLUMN = 'max_assets';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_watchlists(integer[]) IS
    'refuses watchlists with more active assets than max_assets';

CREATE OR REPLACE FUNCTION ca_arrange_watchlists(watchlist_ids integer[], placed integer[]) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    -- the entries are read by key, however many the planner believes there are
    SET enable_seqscan = off
BEGIN ATOMIC
    -- n counts the entries that were placed and, separately, the others; position 0 means the end.
    -- The nth placed entry, at p, comes after p - n others.  If two want the same place, the running
    -- maximum keeps them in their order.
    WITH counted AS (
        SELECT e.id, e.watchlist_id, e.position, e.placed,
               row_number() OVER (PARTITION BY e.watchlist_id, e.placed
                                  ORDER BY nullif(e.position, 0), e.id) AS n
        FROM (SELECT w.id, w.watchlist_id, w.position,
                     -- not a join, which would be a nested loop if few entries were expected
                     w.id IN (SELECT p.id FROM unnest(ca_arrange_watchlists.placed) AS p (id)) AS placed
              FROM watchlist_assets AS w
              WHERE w.watchlist_id = ANY (ca_arrange_watchlists.watchlist_ids) AND w.is_active) AS e
    ), behind AS (
        SELECT c.*,
               CASE WHEN c.placed
                    THEN max(coalesce(nullif(c.position, 0), 2147483648) - c.n)
                         OVER (PARTITION BY c.watchlist_id, c.placed ORDER BY c.n) + 0.5
                    ELSE c.n END AS place
        FROM counted AS c
    ), arranged AS (
        SELECT b.id, b.position AS was,
               row_number() OVER (PARTITION BY b.watchlist_id ORDER BY b.place, b.n) AS position
        FROM behind AS b
    )
    UPDATE watchlist_assets AS e
    SET position = a.position
    FROM arranged AS a
    -- no join but one look-up by key for each entry can use this
    WHERE e.id = ANY (ARRAY[a.id]) AND a.position <> a.was;
END;
COMMENT ON FUNCTION ca_arrange_watchlists(integer[], integer[]) IS
    'numbers the active entries of watchlists 1, 2, 3: entries that were placed get the position that they ask for, the others keep their order around them';

CREATE OR REPLACE FUNCTION ca_watchlist_assets_changed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    lists integer[];   -- whose active entries are not what they were
    grown integer[];   -- those that may hold another asset than before
    placed integer[];  -- entries that say where they want to be
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(DISTINCT b.watchlist_id), array_agg(b.id) INTO lists, placed
        FROM became AS b
        WHERE b.is_active;
        grown := lists;
    ELSIF TG_OP = 'DELETE' THEN
        SELECT array_agg(DISTINCT w.watchlist_id) INTO lists
        FROM was AS w
        WHERE w.is_active;
    ELSE
        SELECT array_agg(DISTINCT c.old_list) || array_agg(DISTINCT c.new_list),
               array_agg(DISTINCT c.new_list) FILTER (WHERE c.new_list IS DISTINCT FROM c.old_list OR c.exchanged),
               array_agg(c.id) FILTER (WHERE c.new_list IS DISTINCT FROM c.old_list OR c.moved)
        INTO lists, grown, placed
        FROM (SELECT b.id,
                     CASE WHEN w.is_active THEN w.watchlist_id END AS old_list,
                     CASE WHEN b.is_active THEN b.watchlist_id END AS new_list,
                     w.asset_id <> b.asset_id AS exchanged,
                     w.position <> b.position AS moved
              FROM was AS w
              FULL JOIN became AS b ON b.id = w.id) AS c
        WHERE c.new_list IS DISTINCT FROM c.old_list OR c.new_list IS NOT NULL AND (c.exchanged OR c.moved);
    END IF;
    IF lists IS NULL THEN
        RETURN NULL;
    END IF;
    -- a session that changes the list at the same time waits here, and then sees the result of the first
    PERFORM FROM watchlists AS l WHERE l.id = ANY (lists) ORDER BY l.id FOR NO KEY UPDATE;
    PERFORM ca_check_watchlists(grown);
    PERFORM ca_arrange_watchlists(lists, placed);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_assets_changed() IS
    'trigger: enforces max_assets and positions without gaps, one session after the other';

CREATE OR REPLACE TRIGGER watchlist_assets_inserted AFTER INSERT ON watchlist_assets
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_inserted ON watchlist_assets IS
    'puts new entries in their places, as long as there is room';
CREATE OR REPLACE TRIGGER watchlist_assets_updated AFTER UPDATE ON watchlist_assets
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_updated ON watchlist_assets IS
    'moves the others when entries are moved, and looks for room when they come';
CREATE OR REPLACE TRIGGER watchlist_assets_deleted AFTER DELETE ON watchlist_assets
    REFERENCING OLD TABLE AS was
    FOR EACH STATEMENT EXECUTE FUNCTION ca_watchlist_assets_changed();
COMMENT ON TRIGGER watchlist_assets_deleted ON watchlist_assets IS
    'closes the gaps that entries leave';

CREATE OR REPLACE FUNCTION ca_watchlist_narrowed() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_watchlists(ARRAY[NEW.id]);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_narrowed() IS
    'trigger: refuses a max_assets below what the watchlist holds';
CREATE OR REPLACE TRIGGER watchlists_narrowed AFTER UPDATE OF max_assets ON watchlists
    FOR EACH ROW WHEN (NEW.max_assets < OLD.max_assets)
    EXECUTE FUNCTION ca_watchlist_narrowed();
COMMENT ON TRIGGER watchlists_narrowed ON watchlists IS
    'refuses a max_assets below what the watchlist holds';

CREATE OR REPLACE FUNCTION @extschema@.move_watchlist_asset(id integer, "position" integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    list integer;
BEGIN
    IF move_watchlist_asset.position IS NULL OR move_watchlist_asset.position < 1 THEN
        RAISE EXCEPTION 'position must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(move_watchlist_asset.position::text, 'NULL')),
                  HINT = 'The first place is 1; a place after the last one means the last one.';
    END IF;
    SELECT e.watchlist_id INTO list FROM watchlist_assets AS e WHERE e.id = move_watchlist_asset.id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown watchlist entry'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in watchlist_assets with id %s.', coalesce(move_watchlist_asset.id::text, 'NULL')),
                  HINT = 'An entry is identified by watchlist_assets.id, not by its asset.',
                  CONSTRAINT = 'watchlist_assets_known', TABLE = 'watchlist_assets', COLUMN = 'id';
    END IF;
    -- lock the list before its entries, so that two sessions that move its entries do not deadlock
    PERFORM FROM watchlists AS l WHERE l.id = list FOR NO KEY UPDATE;
    UPDATE watchlist_assets AS e
    SET position = move_watchlist_asset.position
    WHERE e.id = move_watchlist_asset.id AND e.is_active
    RETURNING e.watchlist_id INTO list;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'watchlist entry is not active'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  DETAIL = format('Entry %s is inactive, or was removed just now.', move_watchlist_asset.id),
                  HINT = 'Only active entries have a place in the list; set is_active first.',
                  CONSTRAINT = 'watchlist_assets_inactive', TABLE = 'watchlist_assets', COLUMN = 'is_active';
    END IF;
    -- the trigger has done it, unless the entry had that position in a list from before the rules
    PERFORM ca_arrange_watchlists(ARRAY[list], ARRAY[move_watchlist_asset.id]);
    RETURN (SELECT e.position FROM watchlist_assets AS e WHERE e.id = move_watchlist_asset.id);
END;
$$;
COMMENT ON FUNCTION move_watchlist_asset(integer, integer) IS
    'moves an active entry to a position of its watchlist, for which the others make room, and returns its new position, which is the last if the list is shorter';

-- sql/functions/trading/notifications.sql

-- Notifications: the queue of due ones, and what users have read. The rules are in docs/guide/rules.md.

-- the index skips expired ones; under row-level security it could not serve a COALESCE
COMMENT ON INDEX notifications_due_idx IS
    'the notifications to be sent of each priority, in the order in which they become due';

CREATE OR REPLACE FUNCTION @extschema@.claim_notifications(batch integer DEFAULT 100, as_of timestamptz DEFAULT now())
    RETURNS SETOF notifications
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    level text;
    room integer := batch;
    claimed integer;
BEGIN
    PERFORM ca_check_as_of(as_of);
    IF batch IS NULL OR batch < 1 THEN
        RAISE EXCEPTION 'batch must be 1 or more'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(batch::text, 'NULL')),
                  HINT = 'It is how many notifications are claimed at once; 100 suit most workers.';
    END IF;
    FOREACH level IN ARRAY ARRAY['urgent', 'high', 'normal', 'low'] LOOP
        -- skip what another worker has claimed but not committed; what it has committed since this
        -- statement began is checked again and found sent
        RETURN QUERY
            WITH due AS MATERIALIZED (
                SELECT n.id
                FROM notifications AS n
                WHERE n.priority = level AND n.sent_at IS NULL AND n.status = 'unread'
                  AND CASE WHEN n.scheduled_for IS NULL THEN '-infinity' ELSE n.scheduled_for END <= claim_notifications.as_of
                  AND CASE WHEN n.expires_at IS NULL THEN 'infinity' ELSE n.expires_at END > claim_notifications.as_of
                ORDER BY CASE WHEN n.scheduled_for IS NULL THEN '-infinity' ELSE n.scheduled_for END,
                         CASE WHEN n.expires_at IS NULL THEN 'infinity' ELSE n.expires_at END, n.id
                LIMIT room
                FOR NO KEY UPDATE SKIP LOCKED
            ), sent AS (
                UPDATE notifications AS n
                SET sent_at = claim_notifications.as_of
                WHERE n.id = ANY (ARRAY(SELECT d.id FROM due AS d))
                RETURNING n.*
            )
            SELECT s.*
            FROM sent AS s
            ORDER BY coalesce(s.scheduled_for, '-infinity'), coalesce(s.expires_at, 'infinity'), s.id;
        GET DIAGNOSTICS claimed = ROW_COUNT;
        room := room - claimed;
        EXIT WHEN room = 0;
    END LOOP;
END;
$$;
COMMENT ON FUNCTION claim_notifications(integer, timestamptz) IS
    'claims the notifications that are due, most urgent first, and sets sent_at; other workers skip them unless this one rolls back';

CREATE OR REPLACE FUNCTION ca_notification_read() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.status := 'read';
    ELSIF NEW.status = 'read' AND OLD.status <> 'read' THEN
        NEW.read_at := coalesce(NEW.read_at, now());
    ELSIF NEW.status = 'unread' AND OLD.status <> 'unread' THEN
        NEW.read_at := NULL;
    ELSIF NEW.status = 'unread' AND NEW.read_at IS NOT NULL THEN
        NEW.status := 'read';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_notification_read() IS
    'trigger: gives a read notification a read_at, and an unread one none';
CREATE OR REPLACE TRIGGER notifications_inserted BEFORE INSERT ON notifications
    FOR EACH ROW WHEN (NEW.status = 'unread' AND NEW.read_at IS NOT NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_notification_read();
COMMENT ON TRIGGER notifications_inserted ON notifications IS
    'a notification that comes with read_at is read';
CREATE OR REPLACE TRIGGER notifications_read BEFORE UPDATE OF status, read_at ON notifications
    FOR EACH ROW WHEN ((OLD.status, OLD.read_at) IS DISTINCT FROM (NEW.status, NEW.read_at))
    EXECUTE FUNCTION ca_notification_read();
COMMENT ON TRIGGER notifications_read ON notifications IS
    'stamps read_at when a notification is read, takes it away when it is unread again';

CREATE OR REPLACE FUNCTION ca_refuse_notification(id integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'unknown notification'
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('There is no row in notifications with id %s.', coalesce(id::text, 'NULL')),
              HINT = 'A notification is identified by notifications.id.',
              CONSTRAINT = 'notifications_known', TABLE = 'notifications', COLUMN = 'id';
END;
$$;
COMMENT ON FUNCTION ca_refuse_notification(integer) IS
    'raises the error of a notification that is NULL or unknown';

CREATE OR REPLACE FUNCTION @extschema@.mark_notification_read(id integer, as_of timestamptz DEFAULT now()) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(as_of);
    UPDATE notifications AS n
    SET status = 'read', read_at = mark_notification_read.as_of
    WHERE n.id = mark_notification_read.id AND n.status = 'unread';
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM notifications AS n WHERE n.id = mark_notification_read.id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_notification(mark_notification_read.id);
    END IF;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION mark_notification_read(integer, timestamptz) IS
    'marks an unread notification as read at as_of; false, and no change, if it was read or dismissed before';

CREATE OR REPLACE FUNCTION @extschema@.dismiss_notification(id integer) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    UPDATE notifications AS n
    SET status = 'dismissed'
    WHERE n.id = dismiss_notification.id AND n.status <> 'dismissed';
    IF FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM notifications AS n WHERE n.id = dismiss_notification.id;
    IF NOT FOUND THEN
        PERFORM ca_refuse_notification(dismiss_notification.id);
    END IF;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION dismiss_notification(integer) IS
    'dismisses a notification, read or not, and keeps its read_at; false if it was dismissed before';

CREATE OR REPLACE FUNCTION @extschema@.unread_notifications(user_id integer, as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT count(*)
    FROM notifications AS n
    WHERE n.user_id = unread_notifications.user_id
      AND n.status = 'unread'
      AND (n.scheduled_for IS NULL OR n.scheduled_for <= unread_notifications.as_of)
      AND (n.expires_at IS NULL OR n.expires_at > unread_notifications.as_of);
END;
COMMENT ON FUNCTION unread_notifications(integer, timestamptz) IS
    'number of unread notifications of a user that are due and have not expired; NULL for a NULL';

-- sql/functions/trading/recommendations.sql

-- Recommendations: their life cycle, and how the price developed. The rules are in docs/guide/rules.md.

COMMENT ON INDEX ai_recommendations_expiry_idx IS
    'the open recommendations that will expire, in that order';

CREATE OR REPLACE FUNCTION ca_recommendation_status() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    next CONSTANT text[] := CASE OLD.status
        WHEN 'pending' THEN ARRAY['approved', 'rejected', 'ignored', 'expired']
        WHEN 'approved' THEN ARRAY['followed', 'implemented', 'ignored', 'expired']
        WHEN 'followed' THEN ARRAY['implemented', 'ignored', 'expired']
        ELSE '{}' END;
BEGIN
    -- the CHECK refuses anything that is not a status
    IF NEW.status <> ALL (next)
       AND NEW.status IN ('pending', 'approved', 'followed', 'implemented', 'ignored', 'expired', 'rejected') THEN
        RAISE EXCEPTION 'a recommendation cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Recommendation %s is %s.', OLD.id, OLD.status),
                  HINT = CASE WHEN next = '{}' THEN 'That is final; make a new recommendation.'
                              ELSE format('It may become one of: %s.', array_to_string(next, ', ')) END,
                  CONSTRAINT = 'ai_recommendations_transition', TABLE = 'ai_recommendations', COLUMN = 'status';
    END IF;
    IF NEW.status IN ('approved', 'rejected') THEN
        NEW.reviewed_at := coalesce(NEW.reviewed_at, now());
    ELSIF NEW.status = 'implemented' THEN
        NEW.implemented_at := coalesce(NEW.implemented_at, now());
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_recommendation_status() IS
    'trigger: allows only legal transitions of a recommendation, and sets the times of its review and implementation';
CREATE OR REPLACE TRIGGER ai_recommendations_status BEFORE UPDATE OF status ON ai_recommendations
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ca_recommendation_status();
COMMENT ON TRIGGER ai_recommendations_status ON ai_recommendations IS
    'refuses illegal transitions; sets reviewed_at and implemented_at unless they are given';

CREATE OR REPLACE FUNCTION @extschema@.expire_recommendations(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(as_of);
    -- a row that another session is changing is left to the next call
    WITH due AS MATERIALIZED (
        SELECT r.id
        FROM ai_recommendations AS r
        WHERE r.status IN ('pending', 'approved', 'followed')
          AND r.expires_at <= expire_recommendations.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE ai_recommendations AS r
    SET status = 'expired'
    WHERE r.id = ANY (ARRAY(SELECT d.id FROM due AS d));
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_recommendations(timestamptz) IS
    'expires the open recommendations whose expires_at has passed, and returns how many';

CREATE OR REPLACE FUNCTION @extschema@.recommendation_outcomes(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour')
    RETURNS TABLE (recommendation_id integer, asset_id integer, start_time timestamptz, start_price numeric,
                   end_time timestamptz, end_price numeric, change_percent numeric, return_percent numeric,
                   is_final boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- simple enough to be part of the query around it, so that its conditions come first
    SELECT r.id, w.asset_id, w.start_time, s.close, w.end_time, e.close, c.percent, w.side * c.percent,
           w.target <= recommendation_outcomes.as_of
    FROM ai_recommendations AS r
    -- LIMIT makes each look-up one of its own, so that no plan joins the recommendations with a whole table
    LEFT JOIN LATERAL (
        SELECT q.asset_id, q.target_datetime, q.created_at, q.prediction_horizon, q.predicted_price, q.input_price,
               q.predicted_value
        FROM predictions AS q
        WHERE q.id = r.prediction_id
        LIMIT 1) AS p ON true
    LEFT JOIN LATERAL (
        SELECT q.id FROM assets AS q WHERE q.id = r.target_entity_id LIMIT 1) AS a ON r.target_entity_type = 'asset'
    LEFT JOIN LATERAL (
        SELECT q.asset_id FROM portfolio AS q WHERE q.id = r.target_entity_id LIMIT 1) AS h ON r.target_entity_type = 'portfolio'
    CROSS JOIN LATERAL (
        SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
    CROSS JOIN LATERAL (
        SELECT coalesce(a.id, h.asset_id, p.asset_id) AS asset_id,
               CASE WHEN r.implemented_at <= recommendation_outcomes.as_of
                    THEN r.implemented_at ELSE r.created_at END AS start_time,
               t.target,
               least(t.target, recommendation_outcomes.as_of) AS end_time,
               CASE WHEN p.asset_id = coalesce(a.id, h.asset_id, p.asset_id) THEN
                   nullif(coalesce(CASE WHEN p.predicted_price > p.input_price THEN 1
                                        WHEN p.predicted_price < p.input_price THEN -1
                                        WHEN p.predicted_price = p.input_price THEN 0 END,
                                   CASE p.predicted_value ->> 'direction' WHEN 'up' THEN 1 WHEN 'down' THEN -1 END), 0)
               END AS side) AS w
    LEFT JOIN LATERAL ca_price_at(w.asset_id, w.start_time, recommendation_outcomes.staleness) AS s
        ON isfinite(w.start_time) AND recommendation_outcomes.staleness IS NOT NULL
    LEFT JOIN LATERAL ca_price_at(w.asset_id, w.end_time, recommendation_outcomes.staleness) AS e
        ON w.end_time > w.start_time AND isfinite(w.end_time) AND recommendation_outcomes.staleness IS NOT NULL
    CROSS JOIN LATERAL (
        SELECT round(100 * (e.close - s.close) / nullif(abs(s.close), 0), 8) AS percent) AS c
    WHERE r.created_at <= recommendation_outcomes.as_of;
END;
COMMENT ON FUNCTION recommendation_outcomes(timestamptz, interval) IS
    'price when each recommendation was implemented, or else made, and the price at its horizon or at as_of, whichever is first; NULL if there is no asset or no close within staleness';

-- sql/functions/trading/trading_signals.sql

-- Trading signals: reward over risk, expiry, execution by trades, and outcomes.
-- The rules are in docs/guide/rules.md.

CREATE OR REPLACE FUNCTION ca_fraction(part numeric, whole numeric) RETURNS numeric
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- a numerator of this scale divides to 24 decimal places or more
    RETURN trim_scale(round(part * 1.000000000000000000000000 / nullif(abs(whole), 0), 20));
COMMENT ON FUNCTION ca_fraction(numeric, numeric) IS
    'part divided by the absolute value of whole, to 20 decimal places; NULL if whole is 0';

CREATE OR REPLACE FUNCTION ca_signal_ratio() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    NEW.risk_reward_ratio := ca_fraction(abs(NEW.target_price - NEW.entry_price), NEW.entry_price - NEW.stop_loss);
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_signal_ratio() IS
    'trigger: computes risk_reward_ratio from the prices; NULL if one of them is';

CREATE OR REPLACE TRIGGER trading_signals_ratio_insert BEFORE INSERT ON trading_signals
    FOR EACH ROW WHEN (NEW.risk_reward_ratio IS NULL AND NOT ca_is_restore())
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_insert ON trading_signals IS
    'computes risk_reward_ratio if none is given';
CREATE OR REPLACE TRIGGER trading_signals_ratio_update BEFORE UPDATE ON trading_signals
    FOR EACH ROW
    WHEN (NEW.risk_reward_ratio IS NULL
          OR NEW.risk_reward_ratio IS NOT DISTINCT FROM OLD.risk_reward_ratio
             AND (NEW.entry_price, NEW.target_price, NEW.stop_loss)
                 IS DISTINCT FROM (OLD.entry_price, OLD.target_price, OLD.stop_loss))
    EXECUTE FUNCTION ca_signal_ratio();
COMMENT ON TRIGGER trading_signals_ratio_update ON trading_signals IS
    'computes risk_reward_ratio if it is NULL, or if prices change and no new ratio is given';

CREATE OR REPLACE FUNCTION @extschema@.expire_signals(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(expire_signals.as_of);
    -- a row that another session is changing is left to the next call
    WITH due AS MATERIALIZED (
        SELECT s.id
        FROM trading_signals AS s
        WHERE s.status = 'active' AND s.expires_at <= expire_signals.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE trading_signals AS s
    SET status = 'expired'
    WHERE s.id = ANY (ARRAY(SELECT d.id FROM due AS d));
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_signals(timestamptz) IS
    'expires the active signals whose expires_at has passed, and returns how many';

CREATE OR REPLACE FUNCTION ca_execute_named(
    actions integer[], signals integer[], positions integer[], times timestamptz[], trades boolean[])
    RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- look up few of many positions and signals by key, whatever the tables looked like when this was planned
    SET enable_seqscan = off
AS $$
DECLARE
    c record;
BEGIN
    -- LIMIT makes each look-up separate, so that no plan joins the action with a whole table
    SELECT n.action, n.signal, n.position, s.asset_id <> p.asset_id OR p.asset_id IS NULL AS other_asset, s.signal_type,
           p.asset_type
    INTO c
    FROM unnest(actions, signals, positions) AS n (action, signal, position)
    CROSS JOIN LATERAL (SELECT f.asset_id, f.asset_type FROM portfolio AS f WHERE f.id = n.position LIMIT 1) AS p
    CROSS JOIN LATERAL (SELECT g.asset_id, g.signal_type FROM trading_signals AS g WHERE g.id = n.signal LIMIT 1) AS s
    WHERE s.asset_id IS DISTINCT FROM p.asset_id
       OR (s.signal_type = 'short') <> (p.asset_type IS NOT DISTINCT FROM 'Short Position')
    ORDER BY n.action
    LIMIT 1;
    IF FOUND THEN
        IF c.other_asset THEN
            RAISE EXCEPTION 'a trade names a signal for another asset'
                USING ERRCODE = 'check_violation',
                      DETAIL = format('Signal %s of action %s is not for the asset of position %s.', c.signal, c.action, c.position),
                      HINT = 'Name a signal for the asset of the position, or none.',
                      CONSTRAINT = 'trade_actions_signal_asset', TABLE = 'trade_actions', COLUMN = 'signal_id';
        END IF;
        RAISE EXCEPTION 'a trade names a signal for the other side'
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Signal %s of action %s is %s, and position %s is a %s.', c.signal, c.action, c.signal_type,
                                  c.position, coalesce(c.asset_type, 'position of unknown type')),
                  HINT = 'Short signals go with a Short Position, long ones with any other.',
                  CONSTRAINT = 'trade_actions_signal_side', TABLE = 'trade_actions', COLUMN = 'signal_id';
    END IF;
    -- In the order of the key, so that sessions that name the same signals in another order do not block each other.
    INSERT INTO signal_executions (user_id, signal_id, executed_at)
    SELECT e.user_id, e.signal_id, e.executed_at
    FROM (SELECT p.user_id, n.signal AS signal_id, min(n.time) AS executed_at
          FROM unnest(signals, positions, times, trades) AS n (signal, position, time, trades)
          CROSS JOIN LATERAL (SELECT f.user_id FROM portfolio AS f WHERE f.id = n.position LIMIT 1) AS p
          CROSS JOIN LATERAL (SELECT g.status, g.expires_at FROM trading_signals AS g WHERE g.id = n.signal LIMIT 1) AS s
          WHERE n.trades AND s.status = 'active' AND (s.expires_at IS NULL OR s.expires_at > n.time)
          GROUP BY p.user_id, n.signal) AS e
    ORDER BY e.user_id, e.signal_id
    ON CONFLICT DO NOTHING;
END;
$$;
REVOKE EXECUTE ON FUNCTION ca_execute_named(integer[], integer[], integer[], timestamptz[], boolean[]) FROM PUBLIC;
COMMENT ON FUNCTION ca_execute_named(integer[], integer[], integer[], timestamptz[], boolean[]) IS
    'refuses actions that name a signal for an asset or side other than that of their position; for trades, records who has executed the signal if it was active';

CREATE OR REPLACE FUNCTION ca_execute_signals() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    n record;  -- actions that name a signal, with all that the rules need, in arrays of one length
BEGIN
    IF TG_OP = 'INSERT' THEN
        SELECT array_agg(b.id) AS actions, array_agg(b.signal_id) AS signals, array_agg(b.portfolio_id) AS positions,
               array_agg(b.created_at) AS times,
               array_agg(b.action_type NOT IN ('modify_sl', 'modify_tp')) AS trades
        INTO n
        FROM became AS b
        WHERE b.signal_id IS NOT NULL;
    ELSE
        -- actions that did not name the signal for the position before, or became trades; without a join,
        -- because its plan would stay that of the first statement, whether it had few rows or many
        SELECT array_agg(x.id) AS actions, array_agg(x.signal_id) AS signals, array_agg(x.portfolio_id) AS positions,
               array_agg(x.created_at) AS times, array_agg(x.trades) AS trades
        INTO n
        FROM (SELECT c.id, c.signal_id, c.portfolio_id, c.trades, max(c.created_at) AS created_at
              FROM (SELECT b.id, b.signal_id, b.portfolio_id, b.action_type NOT IN ('modify_sl', 'modify_tp') AS trades,
                           b.created_at, false AS old
                    FROM became AS b
                    UNION ALL
                    SELECT w.id, w.signal_id, w.portfolio_id, w.action_type NOT IN ('modify_sl', 'modify_tp'), NULL, true
                    FROM was AS w) AS c
              WHERE c.signal_id IS NOT NULL
              GROUP BY c.id, c.signal_id, c.portfolio_id, c.trades
              HAVING NOT bool_or(c.old)) AS x;
    END IF;
    IF n.actions IS NOT NULL THEN
        PERFORM ca_execute_named(n.actions, n.signals, n.positions, n.times, n.trades);
    END IF;
    RETURN NULL;
END;
$$;
REVOKE EXECUTE ON FUNCTION ca_execute_signals() FROM PUBLIC;
COMMENT ON FUNCTION ca_execute_signals() IS
    'trigger: checks that a trade names a signal for its asset and side, and records that the user of the position has executed it if it was active; it runs with its owner''s rights because users may not write executions; the signal itself does not change';

CREATE OR REPLACE TRIGGER trade_actions_signals_insert AFTER INSERT ON trade_actions
    REFERENCING NEW TABLE AS became
    FOR EACH STATEMENT WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_insert ON trade_actions IS
    'notes who has executed the signals that new trades name';
CREATE OR REPLACE TRIGGER trade_actions_signals_update AFTER UPDATE ON trade_actions
    REFERENCING OLD TABLE AS was NEW TABLE AS became
    FOR EACH STATEMENT EXECUTE FUNCTION ca_execute_signals();
COMMENT ON TRIGGER trade_actions_signals_update ON trade_actions IS
    'records who has executed the signals that changed trades now name';

CREATE OR REPLACE FUNCTION ca_signal_touch(
    asset integer, signal_type text, stop_loss numeric, target_price numeric, since timestamptz, until timestamptz,
    OUT code text, OUT candle_time timestamptz, OUT closed_at timestamptz, OUT stopped boolean,
    OUT aimed boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- every timeframe is searched, because a finer one may have candles for only part of the time;
    -- the touch that ends first counts, and of those that end together the one of the finest timeframe
    SELECT t.code, f.candle_time, timeframe_end(t.code, f.candle_time), f.stopped, f.aimed
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time,
               CASE ca_signal_touch.signal_type
                   WHEN 'long' THEN h.low_price <= ca_signal_touch.stop_loss
                   ELSE h.high_price >= ca_signal_touch.stop_loss
               END IS TRUE AS stopped,
               CASE ca_signal_touch.signal_type
                   WHEN 'long' THEN h.high_price >= ca_signal_touch.target_price
                   ELSE h.low_price <= ca_signal_touch.target_price
               END IS TRUE AS aimed
        FROM price_history AS h
        WHERE h.asset_id = ca_signal_touch.asset
          AND h.timeframe = t.code
          AND h.candle_time >= ca_signal_touch.since
          AND h.candle_time < timeframe_bucket(t.code, ca_signal_touch.until)
          AND CASE ca_signal_touch.signal_type
                  WHEN 'long' THEN h.low_price <= ca_signal_touch.stop_loss
                                   OR h.high_price >= ca_signal_touch.target_price
                  ELSE h.high_price >= ca_signal_touch.stop_loss
                       OR h.low_price <= ca_signal_touch.target_price
              END
        ORDER BY h.candle_time
        LIMIT 1) AS f
    ORDER BY 3, t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_signal_touch(integer, text, numeric, numeric, timestamptz, timestamptz) IS
    'first candle that touches the stop or the target of a signal, of those that start at or after since and end by until';

CREATE OR REPLACE FUNCTION ca_signal_extent(
    asset integer, since timestamptz, until timestamptz, timeframe text,
    OUT finest text, OUT high numeric, OUT low numeric, OUT bars bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT (array_agg(t.code ORDER BY t.place))[1], max(c.high), min(c.low),
           coalesce((array_agg(c.bars ORDER BY t.place)
                     FILTER (WHERE t.code = coalesce(ca_signal_extent.timeframe, t.code)))[1], 0)
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT max(h.high_price) AS high, min(h.low_price) AS low, count(*) AS bars
        FROM price_history AS h
        WHERE h.asset_id = ca_signal_extent.asset
          AND h.timeframe = t.code
          AND h.candle_time >= ca_signal_extent.since
          AND h.candle_time < timeframe_bucket(t.code, ca_signal_extent.until)) AS c
    WHERE c.bars > 0;
END;
COMMENT ON FUNCTION ca_signal_extent(integer, timestamptz, timestamptz, text) IS
    'highest and lowest price of the candles of all timeframes that start at or after since and end by until; the finest timeframe that has any; how many there are of timeframe, or of the finest';

CREATE OR REPLACE FUNCTION ca_signal_entry(
    asset integer, entry_price numeric, since timestamptz, until timestamptz,
    OUT code text, OUT candle_time timestamptz, OUT closed_at timestamptz, OUT high numeric, OUT low numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- the candle that ends first shows from which side the price comes
    WITH first AS MATERIALIZED (
        SELECT h.open_price >= ca_signal_entry.entry_price AS above
        FROM timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            SELECT h.candle_time, h.open_price
            FROM price_history AS h
            WHERE h.asset_id = ca_signal_entry.asset
              AND h.timeframe = t.code
              AND h.candle_time >= ca_signal_entry.since
              AND h.candle_time < timeframe_bucket(t.code, ca_signal_entry.until)
            ORDER BY h.candle_time
            LIMIT 1) AS h
        ORDER BY timeframe_end(t.code, h.candle_time), t.place
        LIMIT 1
    )
    -- A candle that opens at the entry or beyond it counts as a whole.  In any other candle, prices
    -- beyond the entry came after it, and so did the close; the other extreme may be older.
    SELECT t.code, e.candle_time, timeframe_end(t.code, e.candle_time),
           CASE WHEN f.above AND e.open_price > ca_signal_entry.entry_price
                THEN greatest(ca_signal_entry.entry_price, e.close_price) ELSE e.high_price END,
           CASE WHEN NOT f.above AND e.open_price < ca_signal_entry.entry_price
                THEN least(ca_signal_entry.entry_price, e.close_price) ELSE e.low_price END
    FROM first AS f
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.open_price, h.high_price, h.low_price, h.close_price
        FROM price_history AS h
        WHERE h.asset_id = ca_signal_entry.asset
          AND h.timeframe = t.code
          AND h.candle_time >= ca_signal_entry.since
          AND h.candle_time < timeframe_bucket(t.code, ca_signal_entry.until)
          AND CASE WHEN f.above THEN h.low_price <= ca_signal_entry.entry_price
                   ELSE h.high_price >= ca_signal_entry.entry_price END
        ORDER BY h.candle_time
        LIMIT 1) AS e
    ORDER BY 3, t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_signal_entry(integer, numeric, timestamptz, timestamptz) IS
    'first candle that reaches the entry of a signal, from the side on which the first candle opened; with the highest and the lowest price that must have come after the entry';

CREATE OR REPLACE FUNCTION @extschema@.signal_outcomes(signal integer DEFAULT NULL, as_of timestamptz DEFAULT now())
    RETURNS TABLE (signal_id integer, outcome text, ambiguous boolean, timeframe text,
                   candle_time timestamptz, best_excursion numeric, worst_excursion numeric,
                   bars bigint, entry_timeframe text, entry_time timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(signal_outcomes.as_of);
    IF signal_outcomes.signal IS NOT NULL THEN
        PERFORM FROM trading_signals AS s WHERE s.id = signal_outcomes.signal;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'unknown signal'
                USING ERRCODE = 'invalid_parameter_value',
                      DETAIL = format('There is no row in trading_signals with id %s.',
                                      signal_outcomes.signal),
                      HINT = 'NULL means all signals.',
                      CONSTRAINT = 'trading_signals_known', TABLE = 'trading_signals', COLUMN = 'id';
        END IF;
    END IF;
    RETURN QUERY
        SELECT s.id,
               CASE WHEN NOT x.entered THEN 'not_entered' WHEN f.stopped THEN 'stop' WHEN f.aimed THEN 'target'
                    WHEN s.expires_at <= signal_outcomes.as_of THEN 'expired' ELSE 'open' END,
               coalesce(f.stopped AND f.aimed, false),
               CASE WHEN x.entered THEN coalesce(f.code, w.finest) END, f.candle_time,
               ca_fraction(CASE s.signal_type WHEN 'long' THEN w.high - s.entry_price
                                              ELSE s.entry_price - w.low END, s.entry_price),
               ca_fraction(CASE s.signal_type WHEN 'long' THEN w.low - s.entry_price
                                              ELSE s.entry_price - w.high END, s.entry_price),
               CASE WHEN x.entered THEN e.bars + (b.code IS NOT DISTINCT FROM coalesce(f.code, w.finest) AND b.code IS NOT NULL)::integer
                    ELSE 0 END,
               b.code, b.candle_time
        FROM trading_signals AS s
        CROSS JOIN LATERAL (SELECT least(signal_outcomes.as_of, s.expires_at) AS until) AS u
        LEFT JOIN LATERAL ca_signal_entry(s.asset_id, s.entry_price, s.created_at, u.until) AS b ON s.entry_price IS NOT NULL
        -- a signal without an entry counts from its creation
        CROSS JOIN LATERAL (SELECT s.entry_price IS NULL OR b.code IS NOT NULL AS entered,
                                   coalesce(b.closed_at, s.created_at) AS since,
                                   CASE s.signal_type WHEN 'long' THEN b.low <= s.stop_loss ELSE b.high >= s.stop_loss END IS TRUE AS stopped,
                                   CASE s.signal_type WHEN 'long' THEN b.high >= s.target_price ELSE b.low <= s.target_price END IS TRUE AS aimed) AS x
        LEFT JOIN LATERAL (
            SELECT b.code, b.candle_time, b.closed_at, x.stopped, x.aimed
            WHERE x.stopped OR x.aimed
            UNION ALL
            SELECT l.code, l.candle_time, l.closed_at, l.stopped, l.aimed
            FROM ca_signal_touch(s.asset_id, s.signal_type, s.stop_loss, s.target_price, x.since, u.until) AS l
            WHERE NOT x.stopped AND NOT x.aimed) AS f ON x.entered
        -- the extremes of the candles after the entry candle, to the end of the one that touches
        CROSS JOIN LATERAL ca_signal_extent(s.asset_id, x.since, coalesce(f.closed_at, u.until),
                                            coalesce(f.code, (SELECT t.code
                                                              FROM timeframes() WITH ORDINALITY AS t (code, place)
                                                              WHERE t.code = b.code
                                                                 OR EXISTS (SELECT FROM price_history AS h
                                                                            WHERE h.asset_id = s.asset_id AND h.timeframe = t.code
                                                                              AND h.candle_time >= x.since
                                                                              AND h.candle_time < timeframe_bucket(t.code, u.until))
                                                              ORDER BY t.place
                                                              LIMIT 1))) AS e
        CROSS JOIN LATERAL (
            SELECT CASE WHEN x.entered THEN greatest(b.high, e.high) END AS high,
                   CASE WHEN x.entered THEN least(b.low, e.low) END AS low,
                   (SELECT t.code FROM timeframes() WITH ORDINALITY AS t (code, place)
                    WHERE t.code IN (b.code, e.finest)
                    ORDER BY t.place
                    LIMIT 1) AS finest) AS w
        WHERE (signal_outcomes.signal IS NULL OR s.id = signal_outcomes.signal)
          AND s.created_at <= signal_outcomes.as_of
        ORDER BY s.id;
END;
$$;
COMMENT ON FUNCTION signal_outcomes(integer, timestamptz) IS
    'outcome of a signal, or of all that were created by as_of: target or stop touched first after the entry, open, expired, or not entered; from candles that start at or after its creation and had closed by as_of and by its expiry; excursions are fractions of the entry price, measured from the entry on';

-- sql/functions/trading/alerts.sql

-- Marks of alert checks, and keys to look up alerts; the checks are in alert_checks.sql.

SELECT pg_catalog.pg_extension_config_dump('alert_marks', '');
COMMENT ON TABLE alert_marks IS
    'How far check_alerts() has checked the candles of each asset, so that a check writes one row per asset and not one per alert';
COMMENT ON COLUMN alert_marks.asset_id IS
    'Asset whose candles are checked';
COMMENT ON COLUMN alert_marks.checked_until IS
    'End of the last candle that was checked; NULL before the first';

COMMENT ON COLUMN signal_alerts.trigger_value IS
    'Value that triggers the alert: a price in USD; a change over 24 hours in percent when condition is percentage_change; for volume_spike a multiple of the mean volume of 20 candles, or with percentage_change how many percent above it; NULL when alert_type needs none';
COMMENT ON COLUMN signal_alerts.last_checked IS
    'When the condition was last found to hold; alert_marks has how far waiting alerts have been checked';

CREATE OR REPLACE FUNCTION ca_alert_kind(alert_type text, condition text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    -- under row-level security an index cannot serve a COALESCE
    RETURN CASE alert_type
               WHEN 'price_target' THEN condition
               WHEN 'volume_spike' THEN CASE WHEN condition IS NULL OR condition = 'above' THEN 'volume'
                                             WHEN condition = 'percentage_change' THEN 'volume_percent' END
           END;
COMMENT ON FUNCTION ca_alert_kind(text, text) IS
    'the figure that an alert compares with trigger_value; NULL if there is none';

COMMENT ON INDEX signal_alerts_value_idx IS
    'waiting alerts whose value lies between the last close and what a new candle reached; by a key that can use an index under row-level security';
COMMENT ON INDEX signal_alerts_signal_idx IS
    'waiting alerts for new signals that are older than the signal';
-- the condition on expires_at keeps look-ups of waiting alerts by another key from reading all of this
COMMENT ON INDEX signal_alerts_expires_at_idx IS
    'alerts that have expired without firing';
COMMENT ON INDEX trading_signals_asset_id_created_at_idx IS
    'signals of an asset since a moment';

-- sql/functions/trading/alert_checks.sql

-- Checks of alerts: the new candles and signals, what they reach, and the alerts that fire.
-- The rules are in docs/guide/rules.md.

CREATE OR REPLACE FUNCTION ca_alert_news(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT first timestamptz, OUT last timestamptz)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.asset_id, n.code, n.first, n.last
    FROM (
        -- OFFSET makes the subquery run once; of a candle that was open then, only the close is new
        SELECT w.asset_id, w.checked_until,
               CASE WHEN w.checked_until IS NULL
                    THEN (SELECT greatest(a.created_at, '4000-01-01 00:00+00 BC') FROM signal_alerts AS a
                          WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                          ORDER BY a.created_at
                          LIMIT 1) END AS created
        FROM alert_marks AS w
        WHERE w.asset_id = ANY (ca_alert_news.assets)
        OFFSET 0) AS m
    CROSS JOIN LATERAL (
        -- the order lets the search end with the finest timeframe that has a new candle
        SELECT t.code, f.first, l.last
        FROM (SELECT o.code, o.place FROM timeframes() WITH ORDINALITY AS o (code, place) ORDER BY o.place) AS t
        CROSS JOIN LATERAL (
            SELECT q.candle_time AS first
            FROM price_data AS q
            WHERE q.asset_id = m.asset_id
              AND q.timeframe = t.code
              AND q.candle_time >= coalesce(m.checked_until, timeframe_bucket(t.code, m.created))
              -- there is no time a day before the earliest timestamps
              AND q.candle_time >= timestamptz '4000-01-01 00:00+00 BC'
              AND q.candle_time < timeframe_bucket(t.code, ca_alert_news.as_of)
            ORDER BY q.candle_time
            LIMIT 1) AS f
        CROSS JOIN LATERAL (
            SELECT q.candle_time AS last
            FROM price_data AS q
            WHERE q.asset_id = m.asset_id
              AND q.timeframe = t.code
              AND q.candle_time >= f.first
              AND q.candle_time < timeframe_bucket(t.code, ca_alert_news.as_of)
            ORDER BY q.candle_time DESC
            LIMIT 1) AS l
        ORDER BY t.place
        LIMIT 1) AS n;
END;
COMMENT ON FUNCTION ca_alert_news(integer[], timestamptz) IS
    'the first and the last live candle of these assets that had closed by as_of and are new to check_alerts(), of the finest timeframe that has any';

CREATE OR REPLACE FUNCTION ca_alert_candles(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT candle_time timestamptz, OUT closed_at timestamptz,
    OUT high numeric, OUT low numeric, OUT close numeric, OUT volume numeric, OUT is_new boolean, OUT changes boolean)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT n.asset_id, c.timeframe, c.candle_time, u.closed_at,
           c.high_price, c.low_price, c.close_price, c.volume, c.candle_time >= n.first, n.changes
    FROM (
        -- what the alerts of the asset need; OFFSET makes the subquery run once
        SELECT w.*,
               EXISTS (SELECT FROM signal_alerts AS a
                       WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                         AND ca_alert_kind(a.alert_type, a.condition) = 'percentage_change') AS changes,
               EXISTS (SELECT FROM signal_alerts AS a
                       WHERE a.asset_id = w.asset_id AND a.is_active AND NOT a.is_triggered
                         AND ca_alert_kind(a.alert_type, a.condition) IN ('volume', 'volume_percent')) AS spikes,
               EXISTS (SELECT FROM price_history AS h
                       WHERE h.asset_id = w.asset_id AND h.timeframe = w.timeframe
                         AND h.candle_time = timeframe_bucket(w.timeframe, w.first - interval '1 microsecond')) AS adjoins
        FROM ca_alert_news(ca_alert_candles.assets, ca_alert_candles.as_of) AS w
        OFFSET 0) AS n
    CROSS JOIN LATERAL (
        SELECT q.timeframe, q.candle_time, q.high_price, q.low_price, q.close_price, q.volume
        FROM price_data AS q
        WHERE q.asset_id = n.asset_id
          AND q.timeframe = n.timeframe
          AND q.candle_time BETWEEN n.first AND n.last
        UNION ALL
        (SELECT h.timeframe, h.candle_time, h.high_price, h.low_price, h.close_price, h.volume
         FROM price_history AS h
         WHERE h.asset_id = n.asset_id
           AND h.timeframe = n.timeframe
           AND h.candle_time < n.first
         ORDER BY h.candle_time DESC
         LIMIT CASE WHEN n.spikes THEN 21 ELSE 1 END)
        UNION ALL
        -- after a gap, or where this timeframe begins, another timeframe may have a later close
        (SELECT l.*
         FROM timeframes() WITH ORDINALITY AS t (code, place)
         CROSS JOIN LATERAL (
             SELECT h.timeframe, h.candle_time, h.high_price, h.low_price, h.close_price, h.volume
             FROM price_history AS h
             WHERE h.asset_id = n.asset_id
               AND h.timeframe = t.code
               AND h.candle_time < timeframe_bucket(t.code, n.first)
             ORDER BY h.candle_time DESC
             LIMIT 1) AS l
         CROSS JOIN LATERAL ca_candle_until(n.asset_id, t.code, l.candle_time) AS u
         WHERE NOT n.adjoins AND t.code <> n.timeframe
         ORDER BY u.closed_at DESC, t.place
         LIMIT 1)) AS c
    -- a candle that was rolled up from a fragment tells nothing of the time after it
    CROSS JOIN LATERAL ca_candle_until(n.asset_id, c.timeframe, c.candle_time) AS u;
END;
COMMENT ON FUNCTION ca_alert_candles(integer[], timestamptz) IS
    'the candles that are new to check_alerts(), the last candle before them (the last 21 if volumes are compared), and one of another timeframe if that may have ended later, each with the end of what it was made of; whether changes are compared';

CREATE OR REPLACE FUNCTION ca_alert_figures(
    assets integer[], as_of timestamptz,
    OUT asset_id integer, OUT timeframe text, OUT candle_time timestamptz, OUT closed_at timestamptz,
    OUT high numeric, OUT low numeric, OUT close numeric, OUT previous_close numeric,
    OUT close_24h_before numeric, OUT change_percent numeric, OUT previous_change_percent numeric,
    OUT volume numeric, OUT mean_volume numeric, OUT volume_ratio numeric, OUT previous_volume_ratio numeric)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH candle AS MATERIALIZED (
        SELECT c.*, coalesce(lead(c.is_new) OVER w, false) AS before_new,
               CASE WHEN count(c.volume) OVER w20 = 20 THEN sum(c.volume) OVER w20 END AS volume_sum
        FROM ca_alert_candles(ca_alert_figures.assets, ca_alert_figures.as_of) AS c
        WINDOW w AS (PARTITION BY c.asset_id ORDER BY c.closed_at, c.candle_time),
               w20 AS (PARTITION BY c.asset_id, c.timeframe ORDER BY c.closed_at ROWS BETWEEN 20 PRECEDING AND 1 PRECEDING)
    ), priced AS MATERIALIZED (
        -- a close that was more than an hour old then does not count as the one of 24 hours before
        SELECT c.*, CASE WHEN c.changes AND (c.is_new OR c.before_new)
                         THEN (SELECT p.close
                               FROM ca_price_at(c.asset_id, c.closed_at - interval '24 hours', '1 hour') AS p) END AS before
        FROM candle AS c
    ), compared AS (
        SELECT c.*, round(c.volume * 20 / nullif(c.volume_sum, 0), 8) AS ratio,
               round(100 * (c.close - c.before) / nullif(abs(c.before), 0), 8) AS change
        FROM priced AS c
    )
    SELECT s.asset_id, s.timeframe, s.candle_time, s.closed_at,
           trim_scale(s.high), trim_scale(s.low), trim_scale(s.close), trim_scale(s.previous_close),
           trim_scale(s.before), trim_scale(s.change), trim_scale(s.previous_change),
           trim_scale(s.volume), trim_scale(s.volume_sum / 20), trim_scale(s.ratio), trim_scale(s.previous_ratio)
    FROM (SELECT c.*, lag(c.close) OVER w AS previous_close, lag(c.change) OVER w AS previous_change,
                 lag(c.ratio) OVER (PARTITION BY c.asset_id, c.timeframe ORDER BY c.closed_at) AS previous_ratio
          FROM compared AS c
          WINDOW w AS (PARTITION BY c.asset_id ORDER BY c.closed_at, c.candle_time)) AS s
    WHERE s.is_new;
END;
COMMENT ON FUNCTION ca_alert_figures(integer[], timestamptz) IS
    'figures that alerts are compared with: for each new candle its prices, its change over 24 hours, its volume relative to the mean of the 20 candles before, and the same of the candle before it; NULL if unknown';

CREATE OR REPLACE FUNCTION ca_alert_hits(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- An alert fires if its value lies in lo..hi, the values for which the condition holds after the
    -- candle and was not known to hold before; an excluded bound expresses the latter.  If the candle had
    -- begun when the alert was created, only the close counts, which makes the range shorter.
    WITH figure AS MATERIALIZED (
        SELECT f.* FROM ca_alert_figures(ca_alert_hits.assets, ca_alert_hits.as_of) AS f
    ), reach AS (
        SELECT f.asset_id, f.candle_time, f.closed_at, f AS figure, r.kind, r.lo, r.hi, r.left_out, r.close_lo, r.close_hi
        FROM figure AS f
        CROSS JOIN LATERAL (VALUES
            ('above', coalesce(f.previous_close, '-Infinity'), f.high, f.previous_close,
             coalesce(f.previous_close, '-Infinity'), f.close),
            ('below', f.low, coalesce(f.previous_close, 'Infinity'), f.previous_close,
             f.close, coalesce(f.previous_close, 'Infinity')),
            ('equals', least(f.previous_close, f.low), greatest(f.previous_close, f.high), f.previous_close,
             least(f.previous_close, f.close), greatest(f.previous_close, f.close)),
            ('percentage_change', greatest(f.previous_change_percent, 0), f.change_percent,
             f.previous_change_percent, '-Infinity', 'Infinity'),
            ('percentage_change', f.change_percent, least(f.previous_change_percent, 0),
             least(f.previous_change_percent, 0), '-Infinity', 'Infinity'),
            ('volume', coalesce(f.previous_volume_ratio, '-Infinity'), f.volume_ratio,
             f.previous_volume_ratio, '-Infinity', 'Infinity'),
            ('volume_percent', coalesce(100 * f.previous_volume_ratio - 100, '-Infinity'),
             100 * f.volume_ratio - 100, 100 * f.previous_volume_ratio - 100, '-Infinity', 'Infinity'))
            AS r (kind, lo, hi, left_out, close_lo, close_hi)
        WHERE r.lo <= r.hi
    ), hit AS (
        SELECT DISTINCT ON (a.id) a.id, r.figure
        FROM reach AS r
        CROSS JOIN LATERAL (
            -- OFFSET makes the look-up use the whole key, whatever the planner believes
            SELECT a.id
            FROM signal_alerts AS a
            WHERE a.is_active AND NOT a.is_triggered
              AND a.asset_id = r.asset_id
              AND ca_alert_kind(a.alert_type, a.condition) = r.kind
              -- the key serves the index; the value itself decides on the digits that the key lacks
              AND ca_order_key(a.trigger_value) BETWEEN ca_order_key(r.lo) AND ca_order_key(r.hi)
              AND a.trigger_value BETWEEN r.lo AND r.hi
              AND a.trigger_value IS DISTINCT FROM r.left_out
              AND r.closed_at > greatest(a.created_at, a.triggered_at, a.last_checked)
              AND (a.expires_at IS NULL OR a.expires_at > r.closed_at)
              AND (r.candle_time >= greatest(a.created_at, a.triggered_at, a.last_checked)
                   OR a.trigger_value BETWEEN r.close_lo AND r.close_hi)
            -- the order of the index with the whole key, so that no other is as cheap
            ORDER BY ca_order_key(a.trigger_value)
            OFFSET 0) AS a
        ORDER BY a.id, r.closed_at
    )
    SELECT h.id, to_jsonb(h.figure) - 'asset_id'
    FROM hit AS h;
END;
COMMENT ON FUNCTION ca_alert_hits(integer[], timestamptz) IS
    'the alerts of these assets that a new candle fires, with the figures of the first candle that does';

CREATE OR REPLACE FUNCTION ca_alert_signals(assets integer[], as_of timestamptz, OUT alert_id integer, OUT figures jsonb)
    RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id, jsonb_build_object(
               'signal_id', s.id, 'signal_type', s.signal_type, 'signal_created_at', s.created_at,
               'entry_price', trim_scale(s.entry_price), 'target_price', trim_scale(s.target_price),
               'stop_loss', trim_scale(s.stop_loss))
    FROM unnest(ca_alert_signals.assets) AS o (asset_id)
    CROSS JOIN LATERAL (
        SELECT max(s.created_at) AS created_at
        FROM trading_signals AS s
        WHERE s.asset_id = o.asset_id AND s.created_at <= ca_alert_signals.as_of) AS latest
    CROSS JOIN LATERAL (
        -- OFFSET makes the look-up use both columns, whatever the planner believes
        SELECT a.*
        FROM signal_alerts AS a
        WHERE a.is_active AND NOT a.is_triggered AND a.alert_type = 'signal_generated'
          AND a.asset_id = o.asset_id
          AND a.created_at <= latest.created_at
        OFFSET 0) AS a
    CROSS JOIN LATERAL (
        -- a signal that existed when the alert last fired does not fire it again
        SELECT s.*
        FROM trading_signals AS s
        WHERE s.asset_id = o.asset_id
          AND s.created_at >= a.created_at
          AND s.created_at > coalesce(greatest(a.triggered_at, a.last_checked), '-infinity')
          AND s.created_at <= ca_alert_signals.as_of
          AND (a.expires_at IS NULL OR a.expires_at > s.created_at)
        ORDER BY s.created_at, s.id
        LIMIT 1) AS s;
END;
COMMENT ON FUNCTION ca_alert_signals(integer[], timestamptz) IS
    'the alerts of these assets that a new signal fires, with the figures of the first signal that does';

CREATE OR REPLACE FUNCTION ca_alert_title(symbol text, alert_type text, condition text, figures jsonb) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN alert_type = 'signal_generated' THEN format('%s: new %s signal', symbol, figures ->> 'signal_type')
        WHEN alert_type = 'volume_spike' THEN
            format('%s: volume %s times its mean', symbol, figures ->> 'volume_ratio')
        WHEN condition = 'percentage_change' THEN
            format('%s: %s percent in 24 hours', symbol, figures ->> 'change_percent')
        WHEN condition = 'equals' THEN format('%s at %s', symbol, figures ->> 'trigger_value')
        ELSE format('%s %s %s', symbol, condition, figures ->> 'trigger_value')
    END;
COMMENT ON FUNCTION ca_alert_title(text, text, text, jsonb) IS
    'title of the notification of an alert';

CREATE OR REPLACE FUNCTION @extschema@.check_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET timezone = 'UTC'
    -- look up few of many alerts by index, whatever the planner believes
    SET enable_hashjoin = off
    SET enable_mergejoin = off
    SET enable_seqscan = off
    SET jit = off
AS $$
DECLARE
    held integer[];
    fired bigint;
BEGIN
    PERFORM ca_check_rights('signal_alerts', 'SELECT, UPDATE');
    PERFORM ca_check_rights('notifications', 'INSERT');
    PERFORM ca_check_as_of(check_alerts.as_of);
    -- Nobody is waited for: an asset, an alert or a user that another session has locked is left to
    -- the next check.
    INSERT INTO alert_marks (asset_id)
    SELECT n.id
    FROM (SELECT o.id
          FROM assets AS o
          CROSS JOIN LATERAL (SELECT FROM signal_alerts AS a
                              WHERE a.asset_id = o.id AND a.is_active AND NOT a.is_triggered
                              LIMIT 1) AS a
          WHERE NOT EXISTS (SELECT FROM alert_marks AS m WHERE m.asset_id = o.id)
          ORDER BY o.id
          FOR NO KEY UPDATE OF o SKIP LOCKED) AS n
    ON CONFLICT DO NOTHING;

    -- Skip assets that another session is checking.  The next statement, with a snapshot of its own,
    -- sees what was committed before these were locked.
    SELECT array_agg(l.asset_id) INTO held
    FROM (SELECT m.asset_id FROM alert_marks AS m ORDER BY m.asset_id FOR NO KEY UPDATE SKIP LOCKED) AS l;

    -- Only a look-up by key for each row can use "= ANY (ARRAY[...])"; a join that reads both sides cannot.
    WITH found AS MATERIALIZED (
        SELECT c.* FROM ca_alert_hits(held, check_alerts.as_of) AS c
        UNION ALL
        SELECT s.* FROM ca_alert_signals(held, check_alerts.as_of) AS s
    ), hit AS MATERIALIZED (
        SELECT h.alert_id, h.figures, (h.figures ->> 'candle_time')::timestamptz AS candle_time
        FROM found AS h
        JOIN signal_alerts AS a ON a.id = ANY (ARRAY[h.alert_id])
        JOIN users AS u ON u.id = ANY (ARRAY[a.user_id])
        WHERE u.deleted_at IS NULL
    ), due AS MATERIALIZED (
        -- the notification refers to the user
        SELECT a.id, h.figures
        FROM hit AS h
        JOIN signal_alerts AS a ON a.id = ANY (ARRAY[h.alert_id])
        JOIN users AS u ON u.id = ANY (ARRAY[a.user_id])
        -- CASE keeps the planner from reading an index of all waiting alerts
        WHERE CASE WHEN a.is_active THEN NOT a.is_triggered END
        -- nor would the planner look up by key what it can read in the order that is asked for
        ORDER BY h.alert_id
        FOR NO KEY UPDATE OF a SKIP LOCKED
        FOR KEY SHARE OF u SKIP LOCKED
    ), left_over AS MATERIALIZED (
        SELECT a.asset_id, min(l.candle_time) AS candle_time
        FROM (SELECT b.id, min(b.candle_time) AS candle_time
              FROM (SELECT h.alert_id AS id, h.candle_time, false AS is_due FROM hit AS h
                    UNION ALL
                    SELECT d.id, NULL, true FROM due AS d) AS b
              GROUP BY b.id
              HAVING NOT bool_or(b.is_due) AND min(b.candle_time) IS NOT NULL) AS l
        CROSS JOIN LATERAL (SELECT q.asset_id FROM signal_alerts AS q WHERE q.id = l.id LIMIT 1) AS a
        GROUP BY a.asset_id
    ), news AS MATERIALIZED (
        SELECT n.* FROM ca_alert_news(held, check_alerts.as_of) AS n
    ), moved AS (
        -- an alert that was left out finds the candle that would have fired it, and those after it, next time
        UPDATE alert_marks AS m
        SET checked_until = least(timeframe_end(n.timeframe, n.last), l.candle_time)
        FROM news AS n
        LEFT JOIN left_over AS l ON l.asset_id = n.asset_id
        WHERE m.asset_id = ANY (ARRAY[n.asset_id])
    ), stamped AS (
        UPDATE signal_alerts AS a
        SET is_triggered = true, triggered_at = check_alerts.as_of, last_checked = check_alerts.as_of
        FROM due AS d
        WHERE a.id = ANY (ARRAY[d.id])
        RETURNING a.*, jsonb_strip_nulls(d.figures || jsonb_build_object(
            'alert_id', a.id, 'asset_id', a.asset_id, 'alert_type', a.alert_type, 'condition', a.condition,
            'trigger_value', trim_scale(a.trigger_value), 'notification_method', a.notification_method)) AS figures
    )
    INSERT INTO notifications (user_id, notification_type, title, message, data, created_at)
    SELECT s.user_id, 'alert', ca_alert_title(o.symbol, s.alert_type, s.condition, s.figures), s.message,
           s.figures || jsonb_build_object('symbol', o.symbol), check_alerts.as_of
    FROM stamped AS s
    JOIN assets AS o ON o.id = ANY (ARRAY[s.asset_id])
    ORDER BY s.id;
    GET DIAGNOSTICS fired = ROW_COUNT;
    RETURN fired;
END;
$$;
COMMENT ON FUNCTION check_alerts(timestamptz) IS
    'checks the active alerts against the candles that have closed since the last check and against new signals, and returns how many fired; an alert fires once, at the edge, with a notification; an alert that another session has locked is left to the next check, with the candles since';

CREATE OR REPLACE FUNCTION @extschema@.expire_alerts(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- each is looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    expired bigint;
BEGIN
    PERFORM ca_check_as_of(expire_alerts.as_of);
    -- a row that another session is changing is left to the next call
    WITH due AS MATERIALIZED (
        SELECT a.id
        FROM signal_alerts AS a
        WHERE a.is_active AND NOT a.is_triggered AND a.expires_at <= expire_alerts.as_of
        FOR NO KEY UPDATE SKIP LOCKED
    )
    UPDATE signal_alerts AS a
    SET is_active = false
    WHERE a.id = ANY (ARRAY(SELECT d.id FROM due AS d));
    GET DIAGNOSTICS expired = ROW_COUNT;
    RETURN expired;
END;
$$;
COMMENT ON FUNCTION expire_alerts(timestamptz) IS
    'makes alerts inactive that have not fired by expires_at, and returns how many';

-- sql/functions/scoring/model_versions.sql

-- Versions of models: which one is deployed, when it last predicted, and how its error develops.
-- docs/guide/rules.md has the rules.

CREATE OR REPLACE FUNCTION @extschema@.activate_model(model integer) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    chosen ai_models;
    replaced integer;
BEGIN
    PERFORM ca_check_model(activate_model.model);
    -- all versions, in the order of their ids: a second session waits here
    PERFORM FROM ai_models AS m
    WHERE (m.name, m.model_type) = (SELECT c.name, c.model_type FROM ai_models AS c WHERE c.id = activate_model.model)
    ORDER BY m.id
    FOR NO KEY UPDATE;
    SELECT * INTO chosen FROM ai_models AS m WHERE m.id = activate_model.model;
    IF chosen.status IN ('training', 'error') THEN
        RAISE EXCEPTION 'model is not ready'
            USING ERRCODE = 'object_not_in_prerequisite_state',
                  CONSTRAINT = 'ai_models_ready', TABLE = 'ai_models', COLUMN = 'status',
                  DETAIL = format('The status of model %s is %s.', chosen.id, chosen.status),
                  HINT = 'Set ai_models.status to inactive when it is fit for use.';
    END IF;
    -- one after the other, because no two may be active even for a moment
    UPDATE ai_models AS m
    SET is_active = false, status = CASE m.status WHEN 'active' THEN 'inactive' ELSE m.status END
    WHERE m.name = chosen.name AND m.model_type = chosen.model_type AND m.is_active AND m.id <> chosen.id
    RETURNING m.id INTO replaced;
    UPDATE ai_models AS m
    SET is_active = true, status = 'active'
    WHERE m.id = chosen.id AND NOT (m.is_active AND m.status = 'active');
    RETURN replaced;
END;
$$;
COMMENT ON FUNCTION activate_model(integer) IS
    'deploys a version in place of the deployed one of the same name and type, and returns the replaced one; NULL if there was none';

-- A row of ai_models must not become a lock for which all predictions of the model queue.  So this
-- skips a version that another session is changing, and never waits; predictions of one transaction
-- have one time and change the row once.  The next prediction, or evaluate_models(), corrects a row
-- that was skipped.
CREATE OR REPLACE FUNCTION ca_predictions_inserted() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    -- models are looked up by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    newer record;
BEGIN
    -- a role that may insert predictions need not be allowed to change models
    IF NOT (has_column_privilege('ai_models', 'last_prediction', 'UPDATE')
            AND has_column_privilege('ai_models', 'last_prediction', 'SELECT')
            AND has_column_privilege('ai_models', 'id', 'SELECT')) THEN
        RETURN NULL;
    END IF;
    -- predictions of one statement usually have one time
    FOR newer IN
        SELECT f.predicted_at, array_agg(f.id) AS models
        FROM (SELECT m.id, n.predicted_at
              FROM (SELECT i.ai_models_id AS id, max(i.created_at) AS predicted_at
                    FROM inserted AS i
                    WHERE isfinite(i.created_at)
                    GROUP BY i.ai_models_id
                    ORDER BY i.ai_models_id) AS n
              CROSS JOIN LATERAL (
                  SELECT o.id
                  FROM ai_models AS o
                  WHERE o.id = n.id AND (o.last_prediction IS NULL OR o.last_prediction < n.predicted_at)
                  FOR NO KEY UPDATE SKIP LOCKED) AS m) AS f
        GROUP BY f.predicted_at
    LOOP
        UPDATE ai_models AS m
        SET last_prediction = greatest(m.last_prediction, newer.predicted_at)
        WHERE m.id = ANY (newer.models);
    END LOOP;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_predictions_inserted() IS
    'trigger: moves ai_models.last_prediction forward to the newest of the predictions inserted';

CREATE OR REPLACE TRIGGER predictions_inserted AFTER INSERT ON predictions
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT
    WHEN (NOT ca_is_restore())
    EXECUTE FUNCTION ca_predictions_inserted();
COMMENT ON TRIGGER predictions_inserted ON predictions IS
    'moves ai_models.last_prediction forward, but not while a dump is restored';

CREATE OR REPLACE FUNCTION ca_evaluation_due(model integer, every interval, as_of timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT NOT EXISTS (SELECT
                       FROM model_performance AS p
                       WHERE p.model_id = ca_evaluation_due.model
                         -- the evaluation of a month does not evaluate the whole history
                         AND p.evaluation_data_range ->> 'since' IS NULL
                         AND p.evaluation_date > ca_earlier(ca_evaluation_due.as_of, ca_evaluation_due.every));
END;
COMMENT ON FUNCTION ca_evaluation_due(integer, interval, timestamptz) IS
    'whether a model was not evaluated, on all its predictions, within the time before a moment';

CREATE OR REPLACE FUNCTION ca_note_evaluation(model integer, problem text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE ai_models AS m
    SET health_status = CASE WHEN ca_note_evaluation.problem IS NULL THEN m.health_status - 'evaluation_error'
                             ELSE coalesce(m.health_status, '{}')
                                  || jsonb_build_object('evaluation_error', ca_note_evaluation.problem) END
    WHERE m.id = ca_note_evaluation.model
      AND (m.health_status IS NULL OR jsonb_typeof(m.health_status) = 'object')
      AND m.health_status ->> 'evaluation_error' IS DISTINCT FROM ca_note_evaluation.problem;
END;
COMMENT ON FUNCTION ca_note_evaluation(integer, text) IS
    'records in ai_models.health_status why the evaluation of a model failed, or with NULL that it did not fail';

CREATE OR REPLACE FUNCTION ca_evaluate_if_possible(model integer, as_of timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    has_metrics boolean;
BEGIN
    PERFORM ca_evaluate_model(ca_evaluate_if_possible.model, NULL, ca_evaluate_if_possible.as_of, ca_evaluate_if_possible.as_of);
    has_metrics := FOUND;
    PERFORM ca_note_evaluation(ca_evaluate_if_possible.model, NULL);
    RETURN has_metrics;
EXCEPTION
    -- a failure of one model must not stop the evaluation of the others
    WHEN data_exception OR integrity_constraint_violation THEN
        PERFORM ca_note_evaluation(ca_evaluate_if_possible.model, format('%s: %s', SQLSTATE, SQLERRM));
        RAISE WARNING 'model % could not be evaluated', ca_evaluate_if_possible.model
            USING ERRCODE = SQLSTATE,
                  DETAIL = SQLERRM,
                  HINT = 'Look at its scored predictions; ai_models.health_status keeps the error until an evaluation succeeds.';
        RETURN false;
END;
$$;
COMMENT ON FUNCTION ca_evaluate_if_possible(integer, timestamptz) IS
    'evaluates a model on targets before a moment, and returns whether there were metrics; if its numbers cannot be evaluated, records and warns why';

CREATE OR REPLACE FUNCTION @extschema@.evaluate_models(every interval DEFAULT '1 day', as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    candidate integer;
    newest timestamptz;
    evaluated bigint := 0;
BEGIN
    PERFORM ca_check_as_of(evaluate_models.as_of);
    PERFORM ca_check_span('every', evaluate_models.every);
    FOR candidate IN
        SELECT m.id
        FROM ai_models AS m
        WHERE ca_evaluation_due(m.id, evaluate_models.every, evaluate_models.as_of)
        ORDER BY m.id
    LOOP
        newest := (SELECT max(p.created_at)
                   FROM predictions AS p
                   WHERE p.ai_models_id = candidate AND isfinite(p.created_at) AND p.created_at <= evaluate_models.as_of);
        -- nothing is locked or written for a model that has nothing new and nothing scored
        CONTINUE WHEN NOT EXISTS (SELECT FROM ai_models AS m
                                  WHERE m.id = candidate AND (m.last_prediction < newest OR m.last_prediction IS NULL AND newest IS NOT NULL))
                      AND NOT EXISTS (SELECT FROM predictions AS p
                                      WHERE p.ai_models_id = candidate AND p.is_realized AND p.actual_price IS NOT NULL);
        -- a model that another session is changing or evaluating is left to it, or to the next call
        PERFORM FROM ai_models AS m WHERE m.id = candidate FOR NO KEY UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND
                      OR NOT ca_evaluation_due(candidate, evaluate_models.every, evaluate_models.as_of);
        UPDATE ai_models AS m
        SET last_prediction = newest
        WHERE m.id = candidate AND (m.last_prediction < newest OR m.last_prediction IS NULL);
        evaluated := evaluated + ca_evaluate_if_possible(candidate, evaluate_models.as_of)::integer;
    END LOOP;
    RETURN evaluated;
END;
$$;
COMMENT ON FUNCTION evaluate_models(interval, timestamptz) IS
    'evaluates every model whose last evaluation is older than every at as_of, on all its scored predictions with targets before as_of, and returns how many models had any; if the evaluation of a model fails, its health_status records that, and the others go on';

CREATE OR REPLACE VIEW @extschema@.model_performance_history WITH (security_invoker = true) AS
    SELECT p.model_id, m.name, m.version, m.model_type, p.evaluation_metric, p.evaluation_date,
           p.evaluated_predictions_count AS predictions, p.metric_value,
           lag(p.metric_value) OVER before AS previous_value,
           p.metric_value - lag(p.metric_value) OVER before AS change,
           p.metric_value - first_value(p.metric_value) OVER before AS change_since_first,
           p.evaluation_data_range
    FROM model_performance AS p
    JOIN ai_models AS m ON m.id = p.model_id
    -- evaluations over ranges with a start are not compared with those of the whole history
    WINDOW before AS (PARTITION BY p.model_id, p.evaluation_metric, p.evaluation_data_range ->> 'since' IS NULL
                      ORDER BY p.evaluation_date,
                               p.evaluation_data_range ->> 'until' COLLATE "C",
                               p.evaluation_data_range ->> 'since' COLLATE "C");
COMMENT ON VIEW model_performance_history IS
    'every evaluation of every model, with the previous and the first one of the same metric; evaluations over ranges with a start are compared only with each other';
COMMENT ON COLUMN model_performance_history.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_performance_history.name IS 'name of the model';
COMMENT ON COLUMN model_performance_history.version IS 'version of the model';
COMMENT ON COLUMN model_performance_history.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_performance_history.evaluation_metric IS 'name of the metric';
COMMENT ON COLUMN model_performance_history.evaluation_date IS 'when the evaluation was performed';
COMMENT ON COLUMN model_performance_history.predictions IS 'number of predictions from which the value was computed';
COMMENT ON COLUMN model_performance_history.metric_value IS 'value of the metric, in its own unit';
COMMENT ON COLUMN model_performance_history.previous_value IS 'value at the evaluation before; NULL at the first';
COMMENT ON COLUMN model_performance_history.change IS 'value less the one before; NULL when either is unknown';
COMMENT ON COLUMN model_performance_history.change_since_first IS 'value less that of the first evaluation; NULL when either is unknown';
COMMENT ON COLUMN model_performance_history.evaluation_data_range IS 'targets that were evaluated: since, until, and the first and last of them';

CREATE OR REPLACE FUNCTION @extschema@.model_drift(
    metric text DEFAULT 'mape', recent interval DEFAULT '7 days', as_of timestamptz DEFAULT now())
    RETURNS TABLE (model_id integer, name text, version text, is_active boolean, deployed_at timestamptz,
                   deployment_predictions bigint, deployment_error double precision,
                   recent_predictions bigint, recent_error double precision, drift double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    recent_since timestamptz;
BEGIN
    PERFORM ca_check_as_of(model_drift.as_of);
    PERFORM ca_check_span('recent', model_drift.recent);
    IF model_drift.metric IS NULL OR model_drift.metric NOT IN ('mape', 'smape', 'mae', 'rmse', 'miss_rate') THEN
        RAISE EXCEPTION 'unknown metric'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(model_drift.metric, 'NULL')),
                  HINT = 'Metrics are mape, smape, mae, rmse and miss_rate.';
    END IF;
    recent_since := ca_earlier(model_drift.as_of, model_drift.recent);

    RETURN QUERY
        WITH scored AS MATERIALIZED (
            -- a price whose square is beyond double precision makes the error unknown
            SELECT p.ai_models_id AS id, p.is_accurate, t.target,
                   ca_bounded_double(p.actual_price, 1e140) AS actual_price,
                   ca_bounded_double(p.predicted_price, 1e140) AS predicted_price,
                   p.predicted_price NOT BETWEEN -1e140 AND 1e140
                   OR p.predicted_price IS NOT NULL AND p.actual_price NOT BETWEEN -1e140 AND 1e140 AS diverges
            FROM predictions AS p
            CROSS JOIN LATERAL (
                SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
            WHERE p.is_realized AND p.actual_price IS NOT NULL AND t.target < model_drift.as_of AND isfinite(t.target)
              AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
        ), deployment AS (
            SELECT s.id, min(s.target) AS since, ca_earlier(min(s.target), - model_drift.recent) AS until
            FROM scored AS s
            GROUP BY s.id
        ), measured AS (
            SELECT s.id, w.is_recent,
                   CASE model_drift.metric WHEN 'miss_rate' THEN count(s.is_accurate)
                                           ELSE count(s.diverges) END AS predictions,
                   CASE
                       WHEN model_drift.metric = 'miss_rate' THEN 1 - avg(s.is_accurate::integer)::double precision
                       WHEN bool_or(s.diverges) THEN NULL
                       ELSE CASE model_drift.metric
                                WHEN 'mape' THEN mape(s.actual_price, s.predicted_price)
                                WHEN 'smape' THEN smape(s.actual_price, s.predicted_price)
                                WHEN 'mae' THEN mae(s.actual_price, s.predicted_price)
                                WHEN 'rmse' THEN rmse(s.actual_price, s.predicted_price) END
                   END AS error
            FROM scored AS s
            JOIN deployment AS d ON d.id = s.id
            CROSS JOIN LATERAL (VALUES (false, s.target < d.until),
                                       (true, s.target >= recent_since)) AS w (is_recent, counts)
            WHERE w.counts
            GROUP BY s.id, w.is_recent
        )
        SELECT m.id, m.name::text, m.version::text, m.is_active, d.since,
               coalesce(f.predictions, 0), f.error, coalesce(r.predictions, 0), r.error,
               -- overlapping spans cannot be compared
               CASE WHEN d.until <= recent_since THEN r.error / nullif(f.error, 0) - 1 END
        FROM ai_models AS m
        LEFT JOIN deployment AS d ON d.id = m.id
        LEFT JOIN measured AS f ON f.id = m.id AND NOT f.is_recent
        LEFT JOIN measured AS r ON r.id = m.id AND r.is_recent
        ORDER BY m.id;
END;
$$;
COMMENT ON FUNCTION model_drift(text, interval, timestamptz) IS
    'error of every model over its latest predictions relative to that over its first: 0.25 is a quarter worse; NULL if either is unknown or the two overlap';

-- sql/functions/operations/background_tasks.sql

-- Background tasks: claimed by one worker, in legal states, with their times. docs/guide/rules.md has the rules.

COMMENT ON INDEX background_tasks_pending_idx IS
    'the tasks that wait, oldest first';
COMMENT ON INDEX background_tasks_running_idx IS
    'the tasks that run, oldest first';
COMMENT ON INDEX background_tasks_ended_idx IS
    'the tasks that ended recently';

CREATE OR REPLACE FUNCTION ca_task_moves() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('pending', 'running'), ('running', 'completed'), ('running', 'failed'),
                                        ('failed', 'pending')) THEN
        RAISE EXCEPTION 'a task cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Task %s is %s.', OLD.id, OLD.status),
                  HINT = 'A task goes from pending to running to completed or failed; a failed task may become pending again.',
                  CONSTRAINT = 'background_tasks_transition', TABLE = 'background_tasks', COLUMN = 'status';
    END IF;
    CASE NEW.status
        WHEN 'pending' THEN
            NEW.started_at := NULL;
            NEW.completed_at := NULL;
            NEW.execution_time_seconds := NULL;
        WHEN 'running' THEN
            IF NEW.started_at IS NOT DISTINCT FROM OLD.started_at THEN
                NEW.started_at := now();
            END IF;
            NEW.completed_at := NULL;
            NEW.execution_time_seconds := NULL;
        ELSE
            IF NEW.completed_at IS NOT DISTINCT FROM OLD.completed_at THEN
                NEW.completed_at := now();
            END IF;
            IF NEW.completed_at < NEW.started_at THEN
                RAISE EXCEPTION 'a task cannot end before it started'
                    USING ERRCODE = 'check_violation',
                          DETAIL = format('Task %s started at %s and would end at %s.',
                                          NEW.id, NEW.started_at, NEW.completed_at),
                          HINT = 'Leave the end out for now().',
                          CONSTRAINT = 'background_tasks_end', TABLE = 'background_tasks', COLUMN = 'completed_at';
            END IF;
            NEW.execution_time_seconds := CASE WHEN isfinite(NEW.completed_at) AND isfinite(NEW.started_at)
                                               THEN extract(epoch FROM NEW.completed_at - NEW.started_at) END;
    END CASE;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_task_moves() IS
    'trigger: refuses an illegal change of status, and sets the times of a legal one';

CREATE OR REPLACE TRIGGER background_tasks_moves BEFORE UPDATE ON background_tasks
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ca_task_moves();
COMMENT ON TRIGGER background_tasks_moves ON background_tasks IS
    'keeps to the legal states, and writes started_at, completed_at and execution_time_seconds';

CREATE OR REPLACE FUNCTION @extschema@.claim_task(task_types text[] DEFAULT NULL, as_of timestamptz DEFAULT now()) RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    claimed background_tasks;
BEGIN
    PERFORM ca_check_as_of(claim_task.as_of);
    -- skip a task that another worker is claiming
    UPDATE background_tasks AS t
    SET status = 'running', started_at = claim_task.as_of
    WHERE t.id = (
        SELECT w.id
        FROM background_tasks AS w
        WHERE w.status = 'pending'
          AND w.created_at <= claim_task.as_of
          AND (claim_task.task_types IS NULL OR w.task_type = ANY (claim_task.task_types))
        ORDER BY w.created_at, w.id
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING t.* INTO claimed;
    RETURN claimed;
END;
$$;
COMMENT ON FUNCTION claim_task(text[], timestamptz) IS
    'claims the oldest pending task of the given types for the caller alone; NULL if there is none';

CREATE OR REPLACE FUNCTION ca_refuse_task(task integer, expected text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    found_status text := (SELECT t.status FROM background_tasks AS t WHERE t.id = ca_refuse_task.task);
BEGIN
    IF found_status IS NULL THEN
        RAISE EXCEPTION 'unknown task'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in background_tasks with id %s.', coalesce(task::text, 'NULL')),
                  HINT = 'claim_task() returns the task to work on.',
                  CONSTRAINT = 'background_tasks_known', TABLE = 'background_tasks', COLUMN = 'id';
    END IF;
    RAISE EXCEPTION 'task is not %', expected
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = format('Task %s is %s.', task, found_status),
              HINT = 'Another session may have changed it since.',
              CONSTRAINT = 'background_tasks_status', TABLE = 'background_tasks', COLUMN = 'status';
END;
$$;
COMMENT ON FUNCTION ca_refuse_task(integer, text) IS
    'raises the error of a task that is NULL, unknown or not in the expected state';

CREATE OR REPLACE FUNCTION @extschema@.finish_task(task integer, result jsonb DEFAULT NULL, as_of timestamptz DEFAULT now())
    RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    finished background_tasks;
BEGIN
    PERFORM ca_check_as_of(finish_task.as_of);
    UPDATE background_tasks AS t
    SET status = 'completed', completed_at = finish_task.as_of, result_data = finish_task.result, error_message = NULL
    WHERE t.id = finish_task.task AND t.status = 'running'
    RETURNING t.* INTO finished;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(finish_task.task, 'running');
    END IF;
    RETURN finished;
END;
$$;
COMMENT ON FUNCTION finish_task(integer, jsonb, timestamptz) IS
    'completes a running task with its result';

CREATE OR REPLACE FUNCTION @extschema@.fail_task(task integer, error_message text, as_of timestamptz DEFAULT now())
    RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    failed background_tasks;
BEGIN
    PERFORM ca_check_as_of(fail_task.as_of);
    UPDATE background_tasks AS t
    SET status = 'failed', completed_at = fail_task.as_of, error_message = fail_task.error_message
    WHERE t.id = fail_task.task AND t.status = 'running'
    RETURNING t.* INTO failed;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(fail_task.task, 'running');
    END IF;
    RETURN failed;
END;
$$;
COMMENT ON FUNCTION fail_task(integer, text, timestamptz) IS
    'ends a running task that failed, or whose worker is lost, with the reason';

CREATE OR REPLACE FUNCTION @extschema@.retry_task(task integer) RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    retried background_tasks;
BEGIN
    UPDATE background_tasks AS t
    SET status = 'pending'
    WHERE t.id = retry_task.task AND t.status = 'failed'
    RETURNING t.* INTO retried;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(retry_task.task, 'failed');
    END IF;
    RETURN retried;
END;
$$;
COMMENT ON FUNCTION retry_task(integer) IS
    'makes a failed task pending again, in its old place; the reason stays until the task ends again';

-- sql/functions/operations/roll_up_logs.sql

-- API logs and user activities rolled up into analytics_data by hour, day, week and month in UTC, and
-- API logs pruned. docs/guide/rules.md has the rules.

-- btree: pruning starts with the oldest rows and leaves space that new rows fill, so that after a while
-- a range of blocks would hold rows of any age
COMMENT ON INDEX external_api_logs_created_at_idx IS
    'the calls of a period, and the oldest';

-- brin: an audit trail only grows, in the order of time, and is read one period at a time
COMMENT ON INDEX user_activities_created_at_idx IS
    'the activities of a period';

-- Rolled-up values have their source and the start of their period in dimensions, because there is no
-- other column; two hashes of 64 bits represent the dimensions, which may be too long for an index.
COMMENT ON INDEX analytics_data_rolled_up_key IS
    'one rolled-up value per metric, period and breakdown; serves the periods of a metric';

-- How far each level has been rolled up.  A row that was written before its period had ended, and
-- committed after the period was rolled up, is only seen by a second read: periods from open_from on
-- are read again until the transactions that ran then (below the barrier) have ended.
-- transaction numbers of another server mean nothing here: after a restore everything is rolled up again
SELECT pg_catalog.pg_extension_config_dump('roll_up_marks', 'WHERE false');

COMMENT ON TABLE roll_up_marks IS
    'How far API logs and activities have been rolled up, for each level';
COMMENT ON COLUMN roll_up_marks.source IS 'Table that is rolled up';
COMMENT ON COLUMN roll_up_marks.aggregation_level IS 'Level: hourly, daily, weekly or monthly';
COMMENT ON COLUMN roll_up_marks.rolled_until IS 'End of the last period that is rolled up';
COMMENT ON COLUMN roll_up_marks.open_from IS 'Start of the first period that is read once more';
COMMENT ON COLUMN roll_up_marks.barrier IS 'First transaction that had not started when periods were last rolled up';

-- Periods that changed after they had ended.  A session that writes such a row leaves a note, or locks
-- an existing one, so that it outlives a roll-up that cannot see the row yet.  Nobody waits.
-- restored rows leave notes themselves
SELECT pg_catalog.pg_extension_config_dump('roll_up_notes', 'WHERE false');

COMMENT ON TABLE roll_up_notes IS
    'Periods whose API logs or activities changed after their end; the next roll-up of the level deletes its notes';
COMMENT ON COLUMN roll_up_notes.note IS 'Primary key; of no sequence, which a restore would set back';
COMMENT ON COLUMN roll_up_notes.source IS 'Table whose rows changed';
COMMENT ON COLUMN roll_up_notes.aggregation_level IS 'Level: hourly, daily, weekly or monthly';
COMMENT ON COLUMN roll_up_notes.period_start IS 'Start of the period';

COMMENT ON INDEX roll_up_notes_period_idx IS
    'the notes of a level, the oldest period first';

CREATE OR REPLACE FUNCTION ca_aggregation_levels() RETURNS TABLE (aggregation_level text, timeframe text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 4
BEGIN ATOMIC
    VALUES ('hourly', '1h'), ('daily', '1d'), ('weekly', '1w'), ('monthly', '1M');
END;
COMMENT ON FUNCTION ca_aggregation_levels() IS
    'the levels of analytics_data and the timeframes whose boundaries they have';

CREATE OR REPLACE FUNCTION ca_period(source text, period_start timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN jsonb_build_object('rolled_up_from', source,
                              'period_start', to_char(period_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'));
COMMENT ON FUNCTION ca_period(text, timestamptz) IS
    'dimensions of the values rolled up for a period, independent of the session''s time zone; a breakdown adds to them';

CREATE OR REPLACE FUNCTION ca_api_call_failed(http_method text, response_status integer, error_message text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN error_message IS NOT NULL OR coalesce(response_status >= 400, http_method IS NOT NULL);
COMMENT ON FUNCTION ca_api_call_failed(text, integer, text) IS
    'whether an API call failed: it has an error, a status of 400 or more, or, unless it is a stream, no response';

CREATE OR REPLACE FUNCTION ca_endpoint(endpoint text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(ca_endpoint.endpoint, '[?#].*$', ''), '^([a-zA-Z][a-zA-Z0-9+.-]*:)?//[^/]*@', '\1//');
COMMENT ON FUNCTION ca_endpoint(text) IS
    'an endpoint without its query string, fragment, user and password, which may contain a key';

CREATE OR REPLACE FUNCTION ca_api_error(message text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN regexp_replace(regexp_replace(ca_api_error.message, '([^\s?])\?[^\s?''"<>)]+', '\1?...', 'g'), '//[^\s/@]*@', '//...@', 'g');
COMMENT ON FUNCTION ca_api_error(text) IS
    'the error of an API call without query strings, users and passwords of the addresses in it';

-- A response time that a client has logged by mistake stays as it is, and must not cause an error: a
-- double can hold neither 1e400 nor 1e-400.
CREATE OR REPLACE FUNCTION ca_response_time(milliseconds numeric) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN milliseconds >= 1e-300 THEN least(milliseconds, 1000000000) ELSE 0 END::double precision;
COMMENT ON FUNCTION ca_response_time(numeric) IS
    'response time of an API call as roll-ups and health checks count it: at most 10^9 ms';

CREATE OR REPLACE FUNCTION ca_note_logs() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    SET enable_seqscan = off
AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    -- as text, for which the index can be used: TG_TABLE_NAME is a name
    changed CONSTANT text := TG_TABLE_NAME;
BEGIN
    IF current_setting('cryptoanalytics.moving', true) = 'on' THEN
        RETURN NULL;
    END IF;
    INSERT INTO roll_up_notes (source, aggregation_level, period_start)
    SELECT changed, p.aggregation_level, p.period_start
    FROM (SELECT DISTINCT l.aggregation_level, timeframe_bucket(l.timeframe, h.hour_start) AS period_start
          FROM (SELECT DISTINCT timeframe_bucket('1h', c.created_at) AS hour_start
                FROM changed_rows AS c
                -- the first timestamps have no month of their own
                WHERE c.created_at < timeframe_bucket('1h', moment) AND c.created_at >= timestamptz '4713-01-01 00:00+00 BC') AS h
          CROSS JOIN ca_aggregation_levels() AS l
          WHERE timeframe_end(l.timeframe, h.hour_start) <= moment) AS p
    WHERE NOT EXISTS (
        SELECT
        FROM roll_up_notes AS n
        WHERE n.source = changed AND n.aggregation_level = p.aggregation_level
          AND n.period_start = p.period_start
        FOR KEY SHARE SKIP LOCKED);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_note_logs() IS
    'trigger: notes the ended periods whose rows changed; it runs with its owner''s rights because whoever logs needs no right to the notes';
REVOKE EXECUTE ON FUNCTION ca_note_logs() FROM PUBLIC;

CREATE OR REPLACE TRIGGER external_api_logs_note_insert
    AFTER INSERT ON external_api_logs
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_insert ON external_api_logs IS
    'a call that is logged late is noted for the roll-ups';

CREATE OR REPLACE TRIGGER external_api_logs_note_delete
    AFTER DELETE ON external_api_logs
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_delete ON external_api_logs IS
    'a call that is deleted, but not pruned, is noted for the roll-ups';

CREATE OR REPLACE TRIGGER external_api_logs_note_old
    AFTER UPDATE ON external_api_logs
    REFERENCING OLD TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_old ON external_api_logs IS
    'the period that a changed call was in is noted for the roll-ups';

CREATE OR REPLACE TRIGGER external_api_logs_note_new
    AFTER UPDATE ON external_api_logs
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER external_api_logs_note_new ON external_api_logs IS
    'the period that a changed call is in is noted for the roll-ups';

-- activities that are deleted, with their user or because they are old, stay in the rolled-up values
CREATE OR REPLACE TRIGGER user_activities_note_insert
    AFTER INSERT ON user_activities
    REFERENCING NEW TABLE AS changed_rows
    FOR EACH STATEMENT EXECUTE FUNCTION ca_note_logs();
COMMENT ON TRIGGER user_activities_note_insert ON user_activities IS
    'an activity that comes late is noted for the roll-ups';

CREATE OR REPLACE FUNCTION ca_api_log_metrics(timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (period_start timestamptz, breakdown jsonb, metric text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT g.period_start, jsonb_strip_nulls(jsonb_build_object('provider', g.api_provider, 'endpoint', g.endpoint)),
           m.metric, m.value
    FROM (
        SELECT l.period_start, l.api_provider, l.endpoint, count(*) AS requests,
               count(*) FILTER (WHERE l.failed) AS errors,
               percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY l.milliseconds) AS milliseconds
        FROM (
            SELECT timeframe_bucket(ca_api_log_metrics.timeframe, x.created_at) AS period_start,
                   x.api_provider, ca_endpoint(x.endpoint) AS endpoint, ca_response_time(x.response_time_ms) AS milliseconds,
                   ca_api_call_failed(x.http_method, x.response_status, x.error_message) AS failed
            FROM external_api_logs AS x
            WHERE x.created_at >= ca_api_log_metrics.since AND x.created_at < ca_api_log_metrics.until
              AND isfinite(x.created_at)) AS l
        GROUP BY GROUPING SETS ((l.period_start, l.api_provider, l.endpoint), (l.period_start, l.api_provider),
                                (l.period_start))) AS g
    CROSS JOIN LATERAL (VALUES
        ('requests', g.requests::numeric), ('errors', g.errors), ('error_rate', g.errors::numeric / g.requests),
        ('response_time_p50_ms', g.milliseconds[1]::numeric),
        ('response_time_p95_ms', g.milliseconds[2]::numeric)) AS m (metric, value)
    WHERE m.value IS NOT NULL;
END;
COMMENT ON FUNCTION ca_api_log_metrics(text, timestamptz, timestamptz) IS
    'metrics of the API calls in [since, until) by period: of each endpoint without its query, of each provider and of all; unknown metrics are left out';

CREATE OR REPLACE FUNCTION ca_activity_metrics(timeframe text, since timestamptz, until timestamptz)
    RETURNS TABLE (period_start timestamptz, breakdown jsonb, metric text, value numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    SELECT g.period_start, jsonb_strip_nulls(jsonb_build_object('activity_type', g.activity_type)), m.metric, m.value
    FROM (
        SELECT l.period_start, l.activity_type, count(*) AS activities, count(DISTINCT l.user_id) AS users,
               count(DISTINCT l.session_id) AS sessions
        FROM (
            SELECT timeframe_bucket(ca_activity_metrics.timeframe, x.created_at) AS period_start,
                   x.activity_type, x.user_id, x.session_id
            FROM user_activities AS x
            WHERE x.created_at >= ca_activity_metrics.since AND x.created_at < ca_activity_metrics.until
              AND isfinite(x.created_at)) AS l
        GROUP BY GROUPING SETS ((l.period_start, l.activity_type), (l.period_start))) AS g
    CROSS JOIN LATERAL (VALUES
        ('activities', g.activities::numeric), ('active_users', g.users), ('active_sessions', g.sessions)) AS m (metric, value);
END;
COMMENT ON FUNCTION ca_activity_metrics(text, timestamptz, timestamptz) IS
    'metrics of the user activities in [since, until) by period: of each type and of all';

CREATE OR REPLACE FUNCTION ca_lock_roll_up(source text) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT ca_lock_work('roll-up of ' || ca_lock_roll_up.source);
END;
COMMENT ON FUNCTION ca_lock_roll_up(text) IS
    'locks rolling up and pruning a table until the end of the transaction';

CREATE OR REPLACE FUNCTION ca_next_transaction() RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL RESTRICTED
    AS 'MODULE_PATHNAME', 'ca_next_transaction';
COMMENT ON FUNCTION ca_next_transaction() IS
    'number of the next transaction; all transactions that have begun to write have lower numbers';

CREATE OR REPLACE FUNCTION ca_oldest_running(snapshot pg_snapshot, next bigint) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    -- no transaction from xmax on had ended
    SELECT min(x.number)
    FROM (SELECT p.xid::text::bigint AS number
          FROM pg_snapshot_xip(ca_oldest_running.snapshot) AS p (xid)
          UNION ALL
          -- at least one of these two is another transaction
          SELECT pg_snapshot_xmax(ca_oldest_running.snapshot)::text::bigint + g.place
          FROM generate_series(0, 1) AS g (place)) AS x
    WHERE x.number < ca_oldest_running.next
      AND x.number IS DISTINCT FROM pg_current_xact_id_if_assigned()::text::bigint;
END;
COMMENT ON FUNCTION ca_oldest_running(pg_snapshot, bigint) IS
    'the first transaction before the next one that ran, other than this one; NULL if there was none';

CREATE OR REPLACE FUNCTION ca_roll_up_mark(
    source text, aggregation_level text, timeframe text, mark roll_up_marks, first timestamptz, stop timestamptz,
    running bigint, next bigint) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    -- a period that has not ended by the clock leaves no notes yet
    rolled CONSTANT timestamptz := least(stop, timeframe_bucket(timeframe, clock_timestamp()));
    open timestamptz;
BEGIN
    open := CASE WHEN running IS NULL THEN rolled
                 -- a number that this server has not assigned yet comes from another server
                 WHEN mark.barrier <= running OR mark.barrier > next THEN mark.rolled_until
                 ELSE first END;
    -- a transaction is considered for a day at most
    open := least(rolled, greatest(open, timeframe_bucket(timeframe, clock_timestamp() - interval '24 hours')));
    INSERT INTO roll_up_marks AS m (source, aggregation_level, rolled_until, open_from, barrier)
    VALUES (source, aggregation_level, rolled, open, next)
    ON CONFLICT ON CONSTRAINT roll_up_marks_pkey DO UPDATE
    SET rolled_until = excluded.rolled_until, open_from = excluded.open_from, barrier = excluded.barrier
    WHERE (m.rolled_until, m.open_from) IS DISTINCT FROM (excluded.rolled_until, excluded.open_from)
       OR excluded.open_from < excluded.rolled_until;
END;
$$;
COMMENT ON FUNCTION ca_roll_up_mark(text, text, text, roll_up_marks, timestamptz, timestamptz, bigint, bigint) IS
    'records how far a level is rolled up, and from where on it must be read again';

CREATE OR REPLACE FUNCTION ca_roll_up(
    source text, category text, aggregation_level text, since timestamptz, as_of timestamptz, most bigint,
    OUT written bigint, OUT more boolean)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    timeframe CONSTANT text := (SELECT l.timeframe FROM ca_aggregation_levels() AS l
                                WHERE l.aggregation_level = ca_roll_up.aggregation_level);
    metrics CONSTANT text[] := CASE source
        WHEN 'external_api_logs' THEN '{requests,errors,error_rate,response_time_p50_ms,response_time_p95_ms}'
        ELSE '{activities,active_users,active_sessions}' END;
    next bigint;
    running bigint;
    mark roll_up_marks;
    first timestamptz := since;
    stop timestamptz;
    noted timestamptz[];
    pruned text[];
    taken bigint;
    left_over bigint;
    -- about as many rows at each level
    limit_of_notes CONSTANT integer :=
        ('{48,7,2,1}'::integer[])[array_position('{hourly,daily,weekly,monthly}', aggregation_level)];
BEGIN
    IF timeframe IS NULL THEN
        RAISE EXCEPTION 'aggregation_level must be hourly, daily, weekly or monthly'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(aggregation_level, 'NULL')),
                  HINT = 'Periods are those of UTC; weeks start on Monday.',
                  TABLE = 'analytics_data', COLUMN = 'aggregation_level';
    END IF;
    PERFORM ca_check_as_of(as_of);
    PERFORM ca_check_range(since, as_of);
    -- from here on, what the previous holder has written is visible
    PERFORM ca_lock_roll_up(source);
    stop := timeframe_bucket(timeframe, as_of);
    IF since IS NULL THEN
        next := ca_next_transaction();
        running := ca_oldest_running(pg_current_snapshot(), next);
        SELECT m.* INTO mark
        FROM roll_up_marks AS m
        WHERE m.source = ca_roll_up.source AND m.aggregation_level = ca_roll_up.aggregation_level
          -- periods whose values were deleted by hand are rolled up again
          AND EXISTS (SELECT
                      FROM analytics_data AS a
                      WHERE a.aggregation_level = ca_roll_up.aggregation_level
                        AND a.metric_name = metrics[1]
                        AND a.dimensions ? 'rolled_up_from'
                        AND a.dimensions ->> 'rolled_up_from' = source);
        first := mark.open_from;
    END IF;
    first := coalesce(CASE WHEN isfinite(first) THEN timeframe_bucket(timeframe, first) END, '-infinity');
    -- no more rows than the limit, but at least one period
    more := false;
    IF most IS NOT NULL AND source = 'external_api_logs' THEN
        SELECT timeframe_bucket(timeframe, l.created_at), true INTO stop, more
        FROM (SELECT x.created_at
              FROM external_api_logs AS x
              WHERE x.created_at >= first AND x.created_at < stop AND isfinite(x.created_at)
              ORDER BY x.created_at
              OFFSET most LIMIT 1) AS l
        WHERE timeframe_bucket(timeframe, l.created_at) < stop;
        IF more THEN
            SELECT greatest(stop, timeframe_end(timeframe, l.created_at)) INTO stop
            FROM external_api_logs AS l
            WHERE l.created_at >= first AND isfinite(l.created_at)
            ORDER BY l.created_at
            LIMIT 1;
        ELSE
            more := false;
            stop := timeframe_bucket(timeframe, as_of);
        END IF;
    END IF;

    -- before the rows are read: a row that is committed later keeps its note, or leaves one
    WITH taken AS (
        DELETE FROM roll_up_notes AS n
        WHERE n.note = ANY (ARRAY(
            SELECT x.note
            FROM roll_up_notes AS x
            WHERE x.source = ca_roll_up.source
              AND x.aggregation_level = ca_roll_up.aggregation_level
              AND x.period_start < stop
              AND (ca_roll_up.since IS NULL OR x.period_start >= first)
            ORDER BY x.period_start, x.note
            LIMIT CASE WHEN most IS NOT NULL THEN limit_of_notes END
            FOR UPDATE SKIP LOCKED))
        RETURNING n.period_start)
    SELECT array_agg(DISTINCT t.period_start) FILTER (WHERE t.period_start < first), count(*)
    INTO noted, taken
    FROM taken AS t;
    -- a pruned period cannot be counted again
    pruned := ARRAY(SELECT a.dimensions ->> 'period_start'
                    FROM analytics_data AS a
                    WHERE a.aggregation_level = ca_roll_up.aggregation_level
                      AND a.metric_name = 'pruned_requests'
                      AND a.dimensions ? 'rolled_up_from'
                      AND a.dimensions ->> 'rolled_up_from' = source);

    WITH range AS MATERIALIZED (
        SELECT first AS since, stop AS until WHERE first < stop
        UNION ALL
        SELECT n.period_start, timeframe_end(timeframe, n.period_start) FROM unnest(noted) AS n (period_start)
    ), computed AS MATERIALIZED (
        SELECT m.metric, m.value, p.period || m.breakdown AS dimensions
        FROM (SELECT l.* FROM range AS r CROSS JOIN LATERAL ca_api_log_metrics(timeframe, r.since, r.until) AS l
              WHERE source = 'external_api_logs'
              UNION ALL
              SELECT l.* FROM range AS r CROSS JOIN LATERAL ca_activity_metrics(timeframe, r.since, r.until) AS l
              WHERE source = 'user_activities') AS m
        CROSS JOIN LATERAL (SELECT ca_period(source, m.period_start) AS period) AS p
        WHERE p.period ->> 'period_start' NOT IN (SELECT u.period_start FROM unnest(pruned) AS u (period_start))
    ), stored AS (
        SELECT a.id, a.metric_name, a.metric_value, a.dimensions
        FROM analytics_data AS a
        WHERE a.aggregation_level = ca_roll_up.aggregation_level
          AND a.metric_name = ANY (metrics)
          AND a.dimensions ? 'rolled_up_from'
          AND a.dimensions ->> 'rolled_up_from' = source
          AND a.dimensions ->> 'period_start' >= CASE WHEN first = '-infinity' THEN ''
                                                      ELSE ca_period(source, first) ->> 'period_start' END
          AND a.dimensions ->> 'period_start' < ca_period(source, stop) ->> 'period_start'
        UNION ALL
        SELECT a.id, a.metric_name, a.metric_value, a.dimensions
        FROM unnest(noted) AS n (period_start)
        CROSS JOIN unnest(metrics) AS m (metric)
        CROSS JOIN LATERAL (
            SELECT x.id, x.metric_name, x.metric_value, x.dimensions
            FROM analytics_data AS x
            WHERE x.aggregation_level = ca_roll_up.aggregation_level
              AND x.metric_name = m.metric
              AND x.dimensions ? 'rolled_up_from'
              AND x.dimensions ->> 'rolled_up_from' = source
              AND x.dimensions ->> 'period_start' = ca_period(source, n.period_start) ->> 'period_start'
            OFFSET 0) AS a
    ), due AS MATERIALIZED (
        -- values that are new, changed or without rows; no join, and no hash table that may be too large: either
        -- would compare each value with each
        SELECT max(v.id) AS id, v.metric, v.dimensions, max(v.value) AS value
        FROM (SELECT s.id, s.metric_name AS metric, s.metric_value AS was, s.dimensions, NULL::numeric AS value FROM stored AS s
              UNION ALL
              SELECT NULL, c.metric, NULL, c.dimensions, c.value FROM computed AS c) AS v
        GROUP BY v.metric, v.dimensions
        HAVING max(v.was) IS DISTINCT FROM max(v.value)
           AND v.dimensions ->> 'period_start' NOT IN (SELECT u.period_start FROM unnest(pruned) AS u (period_start))
    ), free AS MATERIALIZED (
        -- a value that another session holds is left to the next roll-up
        SELECT d.id, d.metric, d.dimensions, d.value
        FROM due AS d
        CROSS JOIN LATERAL (SELECT FROM analytics_data AS a WHERE a.id = d.id FOR UPDATE SKIP LOCKED) AS a
    ), gone AS (
        DELETE FROM analytics_data AS a
        WHERE a.id = ANY (ARRAY(SELECT f.id FROM free AS f WHERE f.value IS NULL))
        RETURNING a.id
    ), written AS (
        INSERT INTO analytics_data AS a (category, metric_name, metric_value, dimensions, aggregation_level)
        SELECT ca_roll_up.category, w.metric, w.value, w.dimensions, ca_roll_up.aggregation_level
        FROM (SELECT d.metric, d.dimensions, d.value FROM due AS d WHERE d.id IS NULL
              UNION ALL
              SELECT f.metric, f.dimensions, f.value FROM free AS f WHERE f.value IS NOT NULL) AS w
        ON CONFLICT (aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
                     jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
            WHERE dimensions ? 'rolled_up_from'
        DO UPDATE SET metric_value = excluded.metric_value
        WHERE a.metric_value <> excluded.metric_value
        RETURNING a.id
    ), held AS (
        INSERT INTO roll_up_notes (source, aggregation_level, period_start)
        SELECT ca_roll_up.source, ca_roll_up.aggregation_level, (h.dimensions ->> 'period_start')::timestamptz
        FROM (SELECT d.id, d.dimensions, 1 AS due FROM due AS d WHERE d.id IS NOT NULL
              UNION ALL
              SELECT f.id, f.dimensions, -1 FROM free AS f) AS h
        GROUP BY h.dimensions ->> 'period_start'
        HAVING sum(h.due) > 0
        RETURNING note
    )
    SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM written), (SELECT count(*) FROM held)
    INTO written, left_over;
    -- what is held is no reason to begin again at once
    more := more OR most IS NOT NULL AND taken >= limit_of_notes AND left_over < taken;

    IF since IS NULL AND stop >= coalesce(mark.rolled_until, '-infinity') THEN
        PERFORM ca_roll_up_mark(source, aggregation_level, timeframe, mark, first, stop, running, next);
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_roll_up(text, text, text, timestamptz, timestamptz, bigint) IS
    'writes the metrics of a table''s ended periods into analytics_data, from a limited number of rows if requested, deletes values without rows, and returns how many are new, changed or gone, and whether there is more to do; a value that another session holds is left, with a note, to the next roll-up';

CREATE OR REPLACE FUNCTION @extschema@.roll_up_api_logs(aggregation_level text, since timestamptz DEFAULT NULL,
                                 as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN (ca_roll_up('external_api_logs', 'api_usage', aggregation_level, since, as_of, NULL)).written;
COMMENT ON FUNCTION roll_up_api_logs(text, timestamptz, timestamptz) IS
    'rolls up requests, errors, error_rate and p50 and p95 of the response time for every period that had ended, from since on, or else those that are new or have changed, and returns how many values are new, changed or gone';

CREATE OR REPLACE FUNCTION @extschema@.roll_up_activities(aggregation_level text, since timestamptz DEFAULT NULL,
                                   as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    RETURN (ca_roll_up('user_activities', 'user_behavior', aggregation_level, since, as_of, NULL)).written;
COMMENT ON FUNCTION roll_up_activities(text, timestamptz, timestamptz) IS
    'rolls up activities, active_users and active_sessions for every period that had ended, from since on, or else those that are new or have changed, and returns how many values are new, changed or gone';

CREATE OR REPLACE FUNCTION ca_roll_up_part(source text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    category CONSTANT text := CASE source WHEN 'external_api_logs' THEN 'api_usage' ELSE 'user_behavior' END;
    level text;
    part record;
    written bigint := 0;
BEGIN
    FOR level IN SELECT l.aggregation_level FROM ca_aggregation_levels() AS l LOOP
        SELECT r.written, r.more INTO part FROM ca_roll_up(source, category, level, NULL, as_of, 50000) AS r;
        written := written + part.written;
        IF part.more THEN
            RETURN greatest(written, 1);
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_roll_up_part(text, timestamptz) IS
    'step of maintain(): rolls up API logs or activities, all levels, some 50000 rows at a time, and returns how many values are new, changed or gone; 0 when there is nothing left to do';

-- sql/functions/operations/prune_api_logs.sql

-- Deleting API logs that have been rolled up. docs/guide/rules.md has the rules.

CREATE OR REPLACE FUNCTION ca_period_total(aggregation_level text, metric text, period_start timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.metric_value
    FROM analytics_data AS a
    WHERE a.aggregation_level = ca_period_total.aggregation_level
      AND a.metric_name = ca_period_total.metric
      AND a.dimensions ? 'rolled_up_from'
      AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
      AND a.dimensions ->> 'period_start' = ca_period('external_api_logs', ca_period_total.period_start) ->> 'period_start'
      AND a.dimensions = ca_period('external_api_logs', ca_period_total.period_start);
END;
COMMENT ON FUNCTION ca_period_total(text, text, timestamptz) IS
    'metric of all API calls of a period, without breakdown; NULL if it is not rolled up';

CREATE OR REPLACE FUNCTION ca_api_requests(since timestamptz, until timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT sum(a.metric_value)
    FROM analytics_data AS a
    WHERE a.aggregation_level = 'hourly'
      AND a.metric_name = 'requests'
      AND a.dimensions ? 'rolled_up_from'
      AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
      AND a.dimensions ->> 'period_start' >= ca_period('external_api_logs', ca_api_requests.since) ->> 'period_start'
      AND a.dimensions ->> 'period_start' < ca_period('external_api_logs', ca_api_requests.until) ->> 'period_start'
      AND NOT a.dimensions ? 'provider';
END;
COMMENT ON FUNCTION ca_api_requests(timestamptz, timestamptz) IS
    'number of API calls in [since, until) according to the rolled-up hours; NULL if there are none';

CREATE OR REPLACE FUNCTION ca_prune_hours(since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    -- nothing to note: pruned calls stay rolled up
    SET cryptoanalytics.moving = 'on'
BEGIN ATOMIC
    -- one snapshot for all: a call that is logged meanwhile is neither counted nor deleted
    WITH hour AS MATERIALIZED (
        SELECT timeframe_bucket('1h', l.created_at) AS hour_start, count(*) AS calls
        FROM external_api_logs AS l
        WHERE l.created_at >= ca_prune_hours.since AND l.created_at < ca_prune_hours.until
        GROUP BY timeframe_bucket('1h', l.created_at)
    ), period AS MATERIALIZED (
        SELECT DISTINCT v.aggregation_level, timeframe_bucket(v.timeframe, h.hour_start) AS period_start,
               timeframe_end(v.timeframe, h.hour_start) AS period_end
        FROM hour AS h
        CROSS JOIN ca_aggregation_levels() AS v
    ), counter AS MATERIALIZED (
        -- of hours whose counter another session holds, nothing is pruned
        SELECT p.aggregation_level, p.period_start
        FROM period AS p
        CROSS JOIN LATERAL (
            SELECT
            FROM analytics_data AS a
            WHERE a.aggregation_level = p.aggregation_level
              AND a.metric_name = 'pruned_requests'
              AND a.dimensions ? 'rolled_up_from'
              AND a.dimensions ->> 'rolled_up_from' = 'external_api_logs'
              AND a.dimensions ->> 'period_start' = ca_period('external_api_logs', p.period_start) ->> 'period_start'
              AND a.dimensions = ca_period('external_api_logs', p.period_start)
            FOR NO KEY UPDATE SKIP LOCKED) AS a
    ), settled AS MATERIALIZED (
        SELECT p.*
        FROM period AS p
        CROSS JOIN LATERAL (
            SELECT ca_period_total(p.aggregation_level, 'requests', p.period_start) AS requests,
                   ca_period_total(p.aggregation_level, 'pruned_requests', p.period_start) IS NOT NULL AS pruned) AS t
        WHERE CASE WHEN p.aggregation_level = 'hourly' THEN NOT t.pruned
                   WHEN t.pruned THEN (p.aggregation_level, p.period_start)
                                      IN (SELECT c.aggregation_level, c.period_start FROM counter AS c)
                   ELSE t.requests = ca_api_requests(p.period_start, p.period_end) END
    ), ready AS MATERIALIZED (
        -- IN without a join: one would be a nested loop if few hours were expected
        SELECT h.hour_start
        FROM hour AS h
        WHERE h.calls = ca_period_total('hourly', 'requests', h.hour_start)
          AND (SELECT bool_and((v.aggregation_level, timeframe_bucket(v.timeframe, h.hour_start))
                               IN (SELECT s.aggregation_level, s.period_start FROM settled AS s))
               FROM ca_aggregation_levels() AS v)
    ), free AS MATERIALIZED (
        -- an hour is deleted as a whole: an hour with a call that another session holds is left to the next run
        SELECT l.id, timeframe_bucket('1h', l.created_at) AS hour_start
        FROM external_api_logs AS l
        WHERE l.created_at >= ca_prune_hours.since AND l.created_at < ca_prune_hours.until
          AND (timeframe_bucket('1h', l.created_at) IN (SELECT r.hour_start FROM ready AS r)) IS TRUE
        FOR UPDATE SKIP LOCKED
    ), whole AS MATERIALIZED (
        SELECT x.hour_start, sum(x.calls) AS calls, array_agg(x.id) FILTER (WHERE x.id IS NOT NULL) AS ids
        FROM (SELECT h.hour_start, h.calls, NULL::integer AS id FROM hour AS h
              UNION ALL
              SELECT f.hour_start, 0, f.id FROM free AS f) AS x
        GROUP BY x.hour_start
        HAVING sum(x.calls) = count(x.id)
    ), gone AS (
        DELETE FROM external_api_logs AS l
        WHERE l.id = ANY (ARRAY(SELECT i.id FROM whole AS w CROSS JOIN LATERAL unnest(w.ids) AS i (id)))
        RETURNING l.id
    ), noted AS (
        INSERT INTO analytics_data AS a (category, metric_name, metric_value, dimensions, aggregation_level)
        SELECT 'api_usage', 'pruned_requests', sum(p.calls), ca_period('external_api_logs', p.period_start), p.aggregation_level
        FROM (SELECT v.aggregation_level, timeframe_bucket(v.timeframe, w.hour_start) AS period_start, w.calls
              FROM whole AS w
              CROSS JOIN ca_aggregation_levels() AS v) AS p
        GROUP BY p.aggregation_level, p.period_start
        ON CONFLICT (aggregation_level, metric_name, (dimensions ->> 'rolled_up_from'), (dimensions ->> 'period_start'),
                     jsonb_hash_extended(dimensions, 0), jsonb_hash_extended(dimensions, 1))
            WHERE dimensions ? 'rolled_up_from'
        DO UPDATE SET metric_value = a.metric_value + excluded.metric_value
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION ca_prune_hours(timestamptz, timestamptz) IS
    'deletes the API logs of the hours in [since, until) that are rolled up at every level, and records how many';

CREATE OR REPLACE FUNCTION @extschema@.prune_api_logs(older_than timestamptz, batch_size integer DEFAULT 10000) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- logs are read by time and deleted by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    cut timestamptz;
    first timestamptz;
    stop timestamptz;
    pruned bigint := 0;
BEGIN
    IF older_than IS NULL OR NOT isfinite(older_than) THEN
        RAISE EXCEPTION 'older_than must be a finite time'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(older_than::text, 'NULL')),
                  HINT = 'To keep 90 days: now() - interval ''90 days''.',
                  TABLE = 'external_api_logs', COLUMN = 'created_at';
    END IF;
    PERFORM ca_check_batch_size(batch_size);
    PERFORM ca_lock_roll_up('external_api_logs');
    cut := timeframe_bucket('1h', older_than);
    -- the earliest days belong to a month that begins before the first timestamp
    SELECT timeframe_bucket('1h', min(l.created_at)) INTO first
    FROM external_api_logs AS l
    WHERE l.created_at > '4000-01-01 00:00+00 BC';
    -- hours that cannot be pruned do not stand in the way of later ones
    WHILE pruned = 0 AND first < cut LOOP
        SELECT timeframe_end('1h', l.created_at) INTO stop
        FROM external_api_logs AS l
        WHERE l.created_at >= first AND l.created_at < cut
        ORDER BY l.created_at
        OFFSET batch_size - 1 LIMIT 1;
        stop := coalesce(stop, cut);
        pruned := ca_prune_hours(first, stop);
        first := stop;
    END LOOP;
    RETURN pruned;
END;
$$;
COMMENT ON FUNCTION prune_api_logs(timestamptz, integer) IS
    'deletes API logs of whole hours before older_than, the oldest first, as many hours as hold batch_size rows, and only hours that are rolled up by hour, day, week and month; returns the number of rows, 0 if there is nothing left to prune';

-- sql/functions/operations/system_health.sql

-- The state of the system, computed from facts. docs/guide/rules.md has the formula of the score.

CREATE OR REPLACE FUNCTION ca_candle_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT a.symbol, t.code, t.place, c.candle_time,
               extract(epoch FROM ca_candle_health.as_of - timeframe_end(t.code, c.candle_time)) AS age,
               timeframe_count(t.code, timeframe_end(t.code, c.candle_time),
                               timeframe_bucket(t.code, ca_candle_health.as_of)) AS missing
        FROM assets AS a
        CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
        CROSS JOIN LATERAL (
            -- the last candle that had closed by then
            SELECT p.candle_time
            FROM price_data AS p
            WHERE p.asset_id = a.id
              AND p.timeframe = t.code
              AND p.candle_time < timeframe_bucket(t.code, ca_candle_health.as_of)
            ORDER BY p.candle_time DESC
            LIMIT 1) AS c
        WHERE a.is_active AND a.is_supported
    ), summary AS (
        SELECT s.code, s.place, count(*) AS series, count(*) FILTER (WHERE s.missing <= 1) AS fresh,
               min(s.age) AS newest, max(s.age) AS oldest
        FROM series AS s
        GROUP BY s.code, s.place
    ), stale AS (
        SELECT s.*
        FROM series AS s
        WHERE s.missing > 1
        ORDER BY s.missing DESC, s.symbol, s.place
        LIMIT 20
    )
    SELECT jsonb_build_object(
               'series', (SELECT count(*) FROM series),
               'fresh', (SELECT count(*) FROM series AS s WHERE s.missing <= 1),
               'by_timeframe', (SELECT jsonb_object_agg(m.code, jsonb_build_object(
                                           'series', m.series, 'fresh', m.fresh,
                                           'newest_age_seconds', m.newest, 'oldest_age_seconds', m.oldest))
                                FROM summary AS m),
               'stalest', (SELECT jsonb_agg(jsonb_build_object('symbol', l.symbol, 'timeframe', l.code,
                                                               'age_seconds', l.age, 'missing_candles', l.missing)
                                            ORDER BY l.missing DESC, l.symbol, l.place)
                           FROM stale AS l));
END;
COMMENT ON FUNCTION ca_candle_health(timestamptz) IS
    'age of the newest closed candle of each series in price_data: by timeframe, and the 20 series that lag most';

CREATE OR REPLACE FUNCTION ca_task_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'pending', p.tasks, 'oldest_pending_seconds', extract(epoch FROM ca_task_health.as_of - p.since),
               'running', r.tasks, 'oldest_running_seconds', extract(epoch FROM ca_task_health.as_of - r.since),
               'completed_last_day', e.completed, 'failed_last_day', e.failed, 'mean_seconds_last_day', e.seconds)
    FROM (SELECT count(*) AS tasks, min(t.created_at) FILTER (WHERE isfinite(t.created_at)) AS since
          FROM background_tasks AS t
          WHERE t.status = 'pending' AND t.created_at <= ca_task_health.as_of
            AND t.task_name NOT LIKE 'maintain %') AS p
    CROSS JOIN (SELECT count(*) AS tasks, min(t.started_at) FILTER (WHERE isfinite(t.started_at)) AS since
                FROM background_tasks AS t
                WHERE t.status = 'running' AND t.task_name NOT LIKE 'maintain %') AS r
    CROSS JOIN (SELECT count(*) FILTER (WHERE t.status = 'completed') AS completed,
                       count(*) FILTER (WHERE t.status = 'failed') AS failed,
                       round(avg(t.execution_time_seconds), 3) AS seconds
                FROM background_tasks AS t
                WHERE t.status IN ('completed', 'failed')
                  AND t.task_name NOT LIKE 'maintain %'
                  AND t.completed_at > ca_earlier(ca_task_health.as_of, '1 day')
                  AND t.completed_at <= ca_task_health.as_of) AS e;
END;
COMMENT ON FUNCTION ca_task_health(timestamptz) IS
    'tasks that wait and run, and those that ended within a day, without the steps of maintain()';

CREATE OR REPLACE FUNCTION ca_maintenance_health() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'steps', count(*), 'running', count(*) FILTER (WHERE r.status = 'running'),
               'failed', count(*) FILTER (WHERE r.status = 'failed'),
               'failed_steps', jsonb_agg(r.step ORDER BY r.step COLLATE "C") FILTER (WHERE r.status = 'failed'))
    FROM maintenance_runs AS r;
END;
COMMENT ON FUNCTION ca_maintenance_health() IS
    'the last runs of the steps of maintain(): how many there are, run and have failed, and which failed';

CREATE OR REPLACE FUNCTION ca_api_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- one row per provider, and one without a name for all
    WITH calls AS MATERIALIZED (
        SELECT l.api_provider, count(*) AS requests,
               count(*) FILTER (WHERE ca_api_call_failed(l.http_method, l.response_status, l.error_message)) AS errors,
               percentile_cont(0.95) WITHIN GROUP (ORDER BY ca_response_time(l.response_time_ms)) AS p95
        FROM external_api_logs AS l
        WHERE l.created_at > ca_earlier(ca_api_health.as_of, '1 hour') AND l.created_at <= ca_api_health.as_of
        GROUP BY GROUPING SETS ((l.api_provider), ())
    )
    SELECT jsonb_build_object(
               'requests_last_hour', c.requests, 'errors_last_hour', c.errors,
               'error_rate', round(c.errors::numeric / nullif(c.requests, 0), 6), 'response_time_p95_ms', c.p95,
               'providers', (SELECT jsonb_object_agg(p.api_provider, jsonb_build_object(
                                        'requests', p.requests, 'errors', p.errors,
                                        'error_rate', round(p.errors::numeric / p.requests, 6),
                                        'response_time_p95_ms', p.p95))
                             FROM calls AS p
                             WHERE p.api_provider IS NOT NULL))
    FROM calls AS c
    WHERE c.api_provider IS NULL;
END;
COMMENT ON FUNCTION ca_api_health(timestamptz) IS
    'API calls of the hour before a moment, with errors and the p95 of the response time, in all and by provider';

CREATE OR REPLACE FUNCTION ca_model_health(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'active_models', (SELECT count(*) FROM ai_models AS m WHERE m.is_active),
               'predictions_overdue', o.predictions,
               'oldest_overdue_seconds', extract(epoch FROM ca_model_health.as_of - o.since),
               'scored_last_day', s.predictions)
    FROM (SELECT count(*) AS predictions,
                 min(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon)) AS since
          FROM predictions AS p
          WHERE NOT p.is_realized
            AND NOT ca_prediction_is_late(p.target_datetime, p.created_at)
            AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) > '-infinity'
            AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon)
                <= ca_earlier(ca_model_health.as_of, '1 hour')) AS o
    CROSS JOIN (SELECT coalesce(sum(e.predictions), 0) AS predictions
                FROM ai_models AS m
                -- from the index by model
                CROSS JOIN LATERAL (
                    SELECT count(*) AS predictions
                    FROM predictions AS p
                    WHERE p.ai_models_id = m.id
                      AND p.evaluated_at > ca_earlier(ca_model_health.as_of, '1 day')
                      AND p.evaluated_at <= ca_model_health.as_of
                      AND p.is_realized) AS e) AS s;
END;
COMMENT ON FUNCTION ca_model_health(timestamptz) IS
    'active models, predictions that have been due for more than an hour and are not scored, and those scored within a day';

CREATE OR REPLACE FUNCTION ca_database_health() RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH member AS MATERIALIZED (
        SELECT c.relname, pg_table_size(c.oid) AS bytes, pg_indexes_size(c.oid) AS index_bytes,
               pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead
        FROM pg_extension AS e
        JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
                               AND d.classid = 'pg_class'::regclass AND d.deptype = 'e'
        JOIN pg_class AS c ON c.oid = d.objid AND c.relkind = 'r'
        WHERE e.extname = 'cryptoanalytics'
    )
    SELECT jsonb_build_object(
               'database_bytes', pg_database_size(current_database()),
               'connections', (SELECT count(*) FROM pg_stat_activity AS a WHERE a.datname = current_database()),
               'live_rows', sum(m.live), 'dead_rows', sum(m.dead),
               'table_bytes', sum(m.bytes), 'index_bytes', sum(m.index_bytes),
               'tables', jsonb_object_agg(m.relname, jsonb_build_object('bytes', m.bytes, 'index_bytes', m.index_bytes,
                                                                        'live_rows', m.live, 'dead_rows', m.dead)))
    FROM member AS m;
END;
COMMENT ON FUNCTION ca_database_health() IS
    'sizes of the extension''s tables and indexes, and live and dead rows according to the statistics';

CREATE OR REPLACE FUNCTION ca_error_log(as_of timestamptz) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_agg(jsonb_build_object('source', e.source, 'id', e.id, 'time', e.failed_at, 'name', e.name, 'message', e.message)
                     ORDER BY e.failed_at DESC, e.source, e.id DESC)
    FROM (
        (SELECT 'background_tasks' AS source, t.id::bigint AS id, t.completed_at AS failed_at, t.task_name::text AS name,
                t.error_message AS message
         FROM background_tasks AS t
         WHERE t.status = 'failed'
           AND t.completed_at > ca_earlier(ca_error_log.as_of, '1 day') AND t.completed_at <= ca_error_log.as_of
         ORDER BY t.completed_at DESC, t.id DESC
         LIMIT 10)
        UNION ALL
        (SELECT 'external_api_logs', l.id, l.created_at, l.api_provider || ' ' || ca_endpoint(l.endpoint),
                ca_api_error(l.error_message)
         FROM external_api_logs AS l
         WHERE ca_api_call_failed(l.http_method, l.response_status, l.error_message)
           AND l.created_at > ca_earlier(ca_error_log.as_of, '1 hour') AND l.created_at <= ca_error_log.as_of
         ORDER BY l.created_at DESC, l.id DESC
         LIMIT 10)) AS e;
END;
COMMENT ON FUNCTION ca_error_log(timestamptz) IS
    'the last ten tasks that failed within the last day, and the last ten API calls that failed within the last hour';

CREATE OR REPLACE FUNCTION ca_health_weights() RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN '{"candles": 3, "predictions": 2, "tasks": 2, "api": 2, "rows": 1}'::jsonb;
COMMENT ON FUNCTION ca_health_weights() IS
    'weight of each part of the health score';

CREATE OR REPLACE FUNCTION ca_health_score(parts jsonb) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT round(100 * sum(w.value::numeric * (ca_health_score.parts ->> w.key)::numeric) / sum(w.value::numeric), 2)
    FROM jsonb_each_text(ca_health_weights()) AS w
    WHERE ca_health_score.parts ->> w.key IS NOT NULL;
END;
COMMENT ON FUNCTION ca_health_score(jsonb) IS
    'weighted mean of the known parts, each from 0 to 1, times 100; NULL if none is known';

CREATE OR REPLACE FUNCTION @extschema@.record_system_health(as_of timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET timezone = 'UTC'
AS $$
DECLARE
    candles jsonb;
    tasks jsonb;
    api jsonb;
    models jsonb;
    database jsonb;
    parts jsonb;
    recorded integer;
BEGIN
    PERFORM ca_check_as_of(as_of);
    candles := ca_candle_health(as_of);
    tasks := ca_task_health(as_of);
    api := ca_api_health(as_of);
    models := ca_model_health(as_of);
    database := ca_database_health();
    -- a share of nothing is NULL: unknown
    SELECT jsonb_object_agg(p.part, round(p.good / nullif(p.good + p.bad, 0), 6)) INTO parts
    FROM (VALUES
        ('candles', (candles ->> 'fresh')::numeric, (candles ->> 'series')::numeric - (candles ->> 'fresh')::numeric),
        ('predictions', (models ->> 'scored_last_day')::numeric, (models ->> 'predictions_overdue')::numeric),
        ('tasks', (tasks ->> 'completed_last_day')::numeric, (tasks ->> 'failed_last_day')::numeric),
        ('api', (api ->> 'requests_last_hour')::numeric - (api ->> 'errors_last_hour')::numeric, (api ->> 'errors_last_hour')::numeric),
        ('rows', (database ->> 'live_rows')::numeric, (database ->> 'dead_rows')::numeric)) AS p (part, good, bad);

    INSERT INTO system_health (check_time, api_status, database_status, ml_models_status, data_pipeline_status,
                               overall_health_score, performance_metrics, error_logs)
    VALUES (as_of, api, database, models, jsonb_build_object('candles', candles, 'tasks', tasks, 'maintenance', ca_maintenance_health()),
            ca_health_score(parts), jsonb_build_object('score_parts', parts, 'score_weights', ca_health_weights()),
            ca_error_log(as_of))
    RETURNING id INTO recorded;
    RETURN recorded;
END;
$$;
COMMENT ON FUNCTION record_system_health(timestamptz) IS
    'writes a row of system_health from facts, with ages and rates up to as_of, and returns its id';

-- sql/functions/operations/assets.sql

-- Assets: market figures from the newest closed candles, and counts of accesses.

CREATE OR REPLACE FUNCTION ca_newest_candles(asset integer, timeframe text, as_of timestamptz)
    RETURNS TABLE (asset_id integer, code text, place bigint, candle_time timestamptz, closed_at timestamptz,
                   close_price numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id, t.code, t.place, n.candle_time, timeframe_end(t.code, n.candle_time), n.close_price, n.market_cap
    FROM assets AS a
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.candle_time, h.close_price, h.market_cap
        FROM price_history AS h
        WHERE h.asset_id = a.id
          AND h.timeframe = t.code
          AND h.candle_time < timeframe_bucket(t.code, ca_newest_candles.as_of)
        ORDER BY h.candle_time DESC
        LIMIT 1) AS n
    WHERE (ca_newest_candles.asset IS NULL OR a.id = ca_newest_candles.asset)
      AND (ca_newest_candles.timeframe IS NULL OR t.code = ca_newest_candles.timeframe);
END;
COMMENT ON FUNCTION ca_newest_candles(integer, text, timestamptz) IS
    'each series with its last candle that had closed at a moment, of one asset or all, of one timeframe or all';

-- The memory of refresh_assets() is in the row of background_tasks for its last run:
--   until            the candles that had closed by then were looked at,
--   id, archive_id   and those up to these ids, whatever their time;
--   next_id, ...     what takes their place once all transactions below next_xid are over, for
--                    one of them may have candles with smaller ids that it has yet to commit.
-- Ids of price_data count up, and those of candles inserted into the archive down.
COMMENT ON INDEX background_tasks_refresh_assets_idx IS
    'the last run of refresh_assets()';

CREATE OR REPLACE FUNCTION ca_refresh_marks(marks jsonb, as_of timestamptz, id bigint, archive_id bigint) RETURNS jsonb
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
               'until', least(ca_refresh_marks.as_of, now()),
               'id', CASE WHEN n.alone THEN ca_refresh_marks.id WHEN n.over THEN m.next_id ELSE m.id END,
               'archive_id', CASE WHEN n.alone THEN ca_refresh_marks.archive_id
                                  WHEN n.over THEN m.next_archive_id ELSE m.archive_id END,
               'next_id', ca_refresh_marks.id, 'next_archive_id', ca_refresh_marks.archive_id, 'next_xid', n.xid)
    FROM jsonb_to_record(coalesce(ca_refresh_marks.marks, '{}'))
        AS m (id bigint, archive_id bigint, next_id bigint, next_archive_id bigint, next_xid numeric)
    CROSS JOIN LATERAL (
        SELECT pg_snapshot_xmax(s)::text::numeric AS xid,
               NOT EXISTS (SELECT FROM pg_snapshot_xip(s)) AS alone,
               -- transactions of the server that a dump came from are over too
               m.next_xid <= pg_snapshot_xmin(s)::text::numeric OR m.next_xid > pg_snapshot_xmax(s)::text::numeric AS over
        FROM pg_current_snapshot() AS s) AS n;
END;
COMMENT ON FUNCTION ca_refresh_marks(jsonb, timestamptz, bigint, bigint) IS
    'how far refresh_assets() will have looked when a run is done that begins now; the ids were given out before';

CREATE OR REPLACE FUNCTION ca_asset_figures(until timestamptz, id bigint, archive_id bigint, as_of timestamptz)
    RETURNS TABLE (asset_id integer, price numeric, market_cap numeric, change_24h numeric, change_7d numeric,
                   change_30d numeric, high numeric, high_at timestamptz, low numeric, low_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH series AS MATERIALIZED (
        SELECT n.* FROM ca_newest_candles(NULL, NULL, ca_asset_figures.as_of) AS n
    ), newest AS (
        -- of candles that closed at the same time the shortest; one that was rolled up from a fragment
        -- is as old as the fragment
        SELECT DISTINCT ON (s.asset_id) s.asset_id, u.closed_at, s.close_price, s.market_cap
        FROM series AS s
        CROSS JOIN LATERAL ca_candle_until(s.asset_id, s.code, s.candle_time) AS u
        ORDER BY s.asset_id, u.closed_at DESC, s.place
    ), earlier AS (
        SELECT DISTINCT ON (s.asset_id, p.period) s.asset_id, p.period, c.close_price
        FROM series AS s
        CROSS JOIN (VALUES (interval '24 hours'), ('168 hours'), ('720 hours')) AS p (period)
        CROSS JOIN LATERAL (
            SELECT h.close_price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = s.asset_id
              AND h.timeframe = s.code
              AND h.candle_time >= timeframe_bucket(s.code, ca_asset_figures.as_of - 2 * p.period)
              AND h.candle_time < timeframe_bucket(s.code, ca_asset_figures.as_of - p.period)
            ORDER BY h.candle_time DESC
            LIMIT 1) AS c
        CROSS JOIN LATERAL ca_candle_until(s.asset_id, s.code, c.candle_time) AS u
        WHERE u.closed_at > ca_asset_figures.as_of - 2 * p.period
        ORDER BY s.asset_id, p.period, u.closed_at DESC, s.place
    ), changes AS (
        -- a change that a column of numeric(10,4) cannot hold is NULL
        SELECT n.asset_id,
               min(c.change) FILTER (WHERE e.period = interval '24 hours') AS change_24h,
               min(c.change) FILTER (WHERE e.period = interval '168 hours') AS change_7d,
               min(c.change) FILTER (WHERE e.period = interval '720 hours') AS change_30d
        FROM newest AS n
        JOIN earlier AS e ON e.asset_id = n.asset_id AND n.closed_at > ca_asset_figures.as_of - e.period
        CROSS JOIN LATERAL (
            SELECT round(100 * (n.close_price - e.close_price) / nullif(abs(e.close_price), 0), 4) AS change) AS c
        WHERE abs(c.change) < 1000000
        GROUP BY n.asset_id
    ), late AS (
        SELECT p.asset_id, p.timeframe, p.candle_time FROM price_data AS p WHERE p.id > ca_asset_figures.id
        UNION ALL
        SELECT a.asset_id, a.timeframe, a.candle_time FROM price_data_archive AS a WHERE a.id > ca_asset_figures.id
        UNION ALL
        SELECT a.asset_id, a.timeframe, a.candle_time FROM price_data_archive AS a
        WHERE a.id < ca_asset_figures.archive_id
    ), unseen AS MATERIALIZED (
        -- an hour again, for candles that were corrected soon after they closed
        SELECT s.asset_id, s.code, s.place, s.until,
               CASE WHEN a.ath IS NULL OR a.atl IS NULL OR ca_asset_figures.until IS NULL THEN '-infinity'
                    ELSE least(s.late_since, timeframe_bucket(s.code, ca_asset_figures.until - interval '1 hour'))
               END AS since
        -- no join, which would be a nested loop if few late candles were expected
        FROM (SELECT c.asset_id, c.code, max(c.place) AS place, max(c.until) AS until, min(c.late_since) AS late_since
              FROM (SELECT x.asset_id, x.code, x.place, x.closed_at AS until, NULL::timestamptz AS late_since FROM series AS x
                    UNION ALL
                    SELECT l.asset_id, l.timeframe, NULL, NULL, l.candle_time FROM late AS l) AS c
              GROUP BY c.asset_id, c.code
              HAVING count(c.place) > 0) AS s
        CROSS JOIN LATERAL (SELECT o.ath, o.atl FROM assets AS o WHERE o.id = s.asset_id LIMIT 1) AS a
    ), highs AS (
        SELECT DISTINCT ON (u.asset_id) u.asset_id, x.price, x.candle_time
        FROM unseen AS u
        CROSS JOIN LATERAL (
            SELECT h.high_price AS price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = u.asset_id AND h.timeframe = u.code
              AND h.candle_time >= u.since AND h.candle_time < u.until
            ORDER BY h.high_price DESC, h.candle_time
            LIMIT 1) AS x
        ORDER BY u.asset_id, x.price DESC, u.place, x.candle_time
    ), lows AS (
        SELECT DISTINCT ON (u.asset_id) u.asset_id, x.price, x.candle_time
        FROM unseen AS u
        CROSS JOIN LATERAL (
            SELECT h.low_price AS price, h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = u.asset_id AND h.timeframe = u.code
              AND h.candle_time >= u.since AND h.candle_time < u.until
            ORDER BY h.low_price, h.candle_time
            LIMIT 1) AS x
        ORDER BY u.asset_id, x.price, u.place, x.candle_time
    )
    SELECT n.asset_id, n.close_price, n.market_cap, c.change_24h, c.change_7d, c.change_30d,
           h.price, h.candle_time, l.price, l.candle_time
    FROM newest AS n
    LEFT JOIN changes AS c ON c.asset_id = n.asset_id
    LEFT JOIN highs AS h ON h.asset_id = n.asset_id
    LEFT JOIN lows AS l ON l.asset_id = n.asset_id;
END;
COMMENT ON FUNCTION ca_asset_figures(timestamptz, bigint, bigint, timestamptz) IS
    'what candles that had closed at as_of tell of each asset: close and market capitalization of the newest; changes in percent, NULL unless one close is of the period before as_of and another of the period before that; the highest and the lowest price and the start of the shortest candle that has it, of several the first, among candles not yet looked at: closed after until, or with ids beyond id, in the archive below archive_id; among all if until is NULL, or where ath or atl is';

CREATE OR REPLACE FUNCTION ca_volume_24h(asset integer, as_of timestamptz) RETURNS numeric
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT v.volume
    FROM (
        -- the order lets the search end with the first timeframe that has them all
        SELECT o.*
        FROM unnest('{1h,30m,15m,5m,3m,1m,2h,4h,6h,8h,12h,1d}'::text[],
                    '{24,48,96,288,480,1440,12,6,4,3,2,1}'::integer[])
            WITH ORDINALITY AS o (code, candles, place)
        ORDER BY o.place) AS f
    CROSS JOIN LATERAL (
        SELECT count(h.volume) AS known, sum(h.volume) AS volume
        FROM price_history AS h
        WHERE h.asset_id = ca_volume_24h.asset
          AND h.timeframe = f.code
          AND h.candle_time >= timeframe_bucket(f.code, ca_volume_24h.as_of) - interval '24 hours'
          AND h.candle_time < timeframe_bucket(f.code, ca_volume_24h.as_of)) AS v
    WHERE v.known = f.candles
      AND v.volume < 1e28
    ORDER BY f.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_volume_24h(integer, timestamptz) IS
    'volume of the 24 hours up to the last end of a candle, from the first of 1h 30m 15m 5m 3m 1m 2h 4h 6h 8h 12h 1d that has all candles, each with a volume; NULL if none has';

-- Without nested loops each row is read by its key and all are joined in one pass, however few the
-- planner expects.
CREATE OR REPLACE FUNCTION ca_write_assets(figures jsonb) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
    SET enable_nestloop = off
    SET jit = off
AS $$
DECLARE
    written bigint;
BEGIN
    UPDATE assets AS a
    SET current_price = f.price,
        market_cap = f.market_cap,
        total_volume = f.volume,
        price_change_percentage_24h = f.change_24h,
        price_change_percentage_7d = f.change_7d,
        price_change_percentage_30d = f.change_30d,
        ath = f.ath,
        ath_date = f.ath_date,
        atl = f.atl,
        atl_date = f.atl_date
    FROM jsonb_to_recordset(figures)
        AS f (id integer, price numeric, market_cap numeric, volume numeric, change_24h numeric, change_7d numeric,
              change_30d numeric, ath numeric, ath_date timestamptz, atl numeric, atl_date timestamptz)
    WHERE a.id = f.id
      AND a.id = ANY (ARRAY(SELECT (r.value ->> 'id')::integer FROM jsonb_array_elements(figures) AS r));
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_write_assets(jsonb) IS
    'writes the figures of assets that the caller has locked, and returns how many';

CREATE OR REPLACE FUNCTION @extschema@.refresh_assets(as_of timestamptz DEFAULT now()) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- there are few new ids, which the planner does not know, and look-ups are short
    SET enable_seqscan = off
    SET jit = off
AS $$
DECLARE
    run record;
    seen record;
    marks jsonb;
    last_id bigint;
    last_archive_id bigint;
    began CONSTANT timestamptz := clock_timestamp();
    changes record;
    refreshed bigint;
BEGIN
    PERFORM ca_check_rights('assets', 'SELECT, UPDATE');
    PERFORM ca_check_as_of(refresh_assets.as_of);
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'refresh_assets must run in a READ COMMITTED transaction'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s: it does not see candles that were committed after it began.',
                                  upper(current_setting('transaction_isolation'))),
                  HINT = 'Begin with BEGIN ISOLATION LEVEL READ COMMITTED.';
    END IF;
    -- the second session reads what the first has committed, and never puts older prices back
    PERFORM ca_lock_work('refresh_assets');
    SELECT t.id, t.result_data -> 'marks' AS marks INTO run
    FROM background_tasks AS t
    WHERE t.task_name = 'refresh_assets'
    ORDER BY t.id DESC
    LIMIT 1;
    SELECT m.until, coalesce(m.id, CASE WHEN m.until IS NOT NULL THEN -9223372036854775808 END) AS id,
           coalesce(m.archive_id, CASE WHEN m.until IS NOT NULL THEN 9223372036854775807 END) AS archive_id
    INTO seen
    FROM jsonb_to_record(coalesce(run.marks, '{}')) AS m (until timestamptz, id bigint, archive_id bigint);
    last_id := coalesce(pg_sequence_last_value('price_data_id_seq'), 0);
    last_archive_id := coalesce(pg_sequence_last_value('price_data_archive_id_seq'), 0);
    marks := ca_refresh_marks(run.marks, refresh_assets.as_of, last_id, last_archive_id);

    WITH figures AS MATERIALIZED (
        SELECT g.*, ca_volume_24h(g.asset_id, refresh_assets.as_of) AS volume
        FROM ca_asset_figures(seen.until, seen.id, seen.archive_id, refresh_assets.as_of) AS g
    ), due AS MATERIALIZED (
        SELECT a.id, n.*
        FROM figures AS f
        -- LIMIT makes each look-up one of its own, so that no plan joins the figures with a whole table
        CROSS JOIN LATERAL (
            SELECT o.id, o.circulating_supply, o.current_price, o.market_cap, o.total_volume,
                   o.price_change_percentage_24h, o.price_change_percentage_7d, o.price_change_percentage_30d,
                   o.ath, o.ath_date, o.atl, o.atl_date
            FROM assets AS o
            WHERE o.id = f.asset_id
            LIMIT 1) AS a
        CROSS JOIN LATERAL (
            SELECT f.price,
                   coalesce(f.market_cap,
                            CASE WHEN f.price * a.circulating_supply BETWEEN 0 AND 1e28 - 1
                                 THEN round(f.price * a.circulating_supply, 2) END,
                            a.market_cap) AS market_cap,
                   coalesce(f.volume, a.total_volume) AS volume,
                   f.change_24h, f.change_7d, f.change_30d,
                   CASE WHEN f.high <= a.ath THEN a.ath ELSE coalesce(f.high, a.ath) END AS ath,
                   CASE WHEN f.high <= a.ath THEN a.ath_date ELSE coalesce(f.high_at, a.ath_date) END AS ath_date,
                   CASE WHEN f.low >= a.atl THEN a.atl ELSE coalesce(f.low, a.atl) END AS atl,
                   CASE WHEN f.low >= a.atl THEN a.atl_date ELSE coalesce(f.low_at, a.atl_date) END AS atl_date) AS n
        WHERE (a.current_price, a.market_cap, a.total_volume, a.price_change_percentage_24h,
               a.price_change_percentage_7d, a.price_change_percentage_30d, a.ath, a.ath_date, a.atl, a.atl_date)
              IS DISTINCT FROM
              (n.price, n.market_cap, n.volume, n.change_24h, n.change_7d, n.change_30d,
               n.ath, n.ath_date, n.atl, n.atl_date)
    ), free AS MATERIALIZED (
        -- a session that has counted an access but not committed holds the row
        SELECT d.*
        FROM (SELECT x.* FROM due AS x ORDER BY x.id) AS d
        CROSS JOIN LATERAL (SELECT FROM assets AS o WHERE o.id = d.id FOR NO KEY UPDATE SKIP LOCKED) AS a
    )
    SELECT (SELECT jsonb_agg(f) FROM free AS f) AS figures, (SELECT count(*) FROM due) > (SELECT count(*) FROM free) AS skipped
    INTO changes;
    refreshed := coalesce(ca_write_assets(changes.figures), 0);
    -- the next run reads the same candles for assets that may not have seen them
    IF changes.skipped THEN
        marks := coalesce(run.marks, '{}');
    END IF;

    UPDATE background_tasks AS t
    SET status = 'completed', result_data = jsonb_build_object('assets', refreshed, 'marks', marks),
        started_at = began, completed_at = clock_timestamp(),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - began)
    WHERE t.id = run.id;
    IF NOT FOUND THEN
        INSERT INTO background_tasks (task_name, task_type, status, result_data, started_at, completed_at,
                                      execution_time_seconds)
        VALUES ('refresh_assets', 'data_sync', 'completed', jsonb_build_object('assets', refreshed, 'marks', marks),
                began, clock_timestamp(), extract(epoch FROM clock_timestamp() - began));
    END IF;
    RETURN refreshed;
END;
$$;
COMMENT ON FUNCTION refresh_assets(timestamptz) IS
    'updates price, market capitalization, 24 h volume, changes and all-time extremes of all assets from candles that had closed at as_of, and returns how many changed; an asset without candles is left alone, and one that another session holds is left to the next call; the last run is a row of background_tasks, which records how far ath and atl have looked';

CREATE OR REPLACE FUNCTION @extschema@.record_asset_access(asset integer, timeframe text DEFAULT NULL, moment timestamptz DEFAULT now())
    RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    was assets;
    uses numeric;
    accesses integer;
BEGIN
    IF record_asset_access.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(record_asset_access.timeframe);
    END IF;
    IF record_asset_access.moment IS NULL OR NOT isfinite(record_asset_access.moment) THEN
        RAISE EXCEPTION 'moment must be known and finite'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(record_asset_access.moment::text, 'NULL')),
                  HINT = 'Leave it out for an access now.';
    END IF;
    -- the last access only moves forward: one in the future would stay the last
    IF record_asset_access.moment > clock_timestamp() THEN
        RAISE EXCEPTION 'moment must not be in the future'
            USING ERRCODE = 'invalid_parameter_value',
                  CONSTRAINT = 'assets_accessed', TABLE = 'assets', COLUMN = 'last_accessed_at',
                  DETAIL = format('Value is %s.', record_asset_access.moment),
                  HINT = 'Leave it out for an access now.';
    END IF;
    -- the second session waits here and then adds to what the first has counted
    SELECT * INTO was FROM assets AS a WHERE a.id = record_asset_access.asset FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM ca_check_asset(record_asset_access.asset);
    END IF;
    IF record_asset_access.timeframe IS NOT NULL THEN
        IF jsonb_typeof(was.timeframe_usage) <> 'object'
           OR jsonb_typeof(was.timeframe_usage -> record_asset_access.timeframe) <> 'number' THEN
            RAISE EXCEPTION 'timeframe_usage does not hold counts'
                USING ERRCODE = 'object_not_in_prerequisite_state',
                      CONSTRAINT = 'assets_timeframe_usage', TABLE = 'assets', COLUMN = 'timeframe_usage',
                      DETAIL = format('That of asset %s is %s.', was.id, left(was.timeframe_usage::text, 100)),
                      HINT = 'It is a JSON object of timeframe codes and numbers, or NULL.';
        END IF;
        uses := coalesce((was.timeframe_usage ->> record_asset_access.timeframe)::numeric, 0) + 1;
    END IF;
    UPDATE assets AS a
    SET access_count = least(a.access_count, 2147483646) + 1,
        last_accessed_at = greatest(a.last_accessed_at, record_asset_access.moment),
        timeframe_usage = CASE WHEN uses IS NULL THEN a.timeframe_usage
                               ELSE coalesce(a.timeframe_usage, '{}')
                                    || jsonb_build_object(record_asset_access.timeframe, uses) END
    WHERE a.id = was.id
    RETURNING a.access_count INTO accesses;
    RETURN accesses;
END;
$$;
COMMENT ON FUNCTION record_asset_access(integer, text, timestamptz) IS
    'counts an access to an asset, and to one of its timeframes, and returns how many there have been; access_count stops at 2147483647; it runs with its owner''s rights because an application counts accesses but may write nothing else in assets';
REVOKE EXECUTE ON FUNCTION record_asset_access(integer, text, timestamptz) FROM PUBLIC;

-- sql/functions/candle/series_reports.sql

-- Reports about a series of candles: its quality, and levels at which its prices turned.

CREATE OR REPLACE FUNCTION ca_series_outliers(asset integer, timeframe text, since timestamptz, until timestamptz,
                                   OUT judged bigint, OUT outliers bigint)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    -- a change over a gap, or from 0, means nothing; a subquery of one row is computed once
    WITH change AS (
        SELECT (c.close_price - c.before) / nullif(abs(c.before), 0)::double precision AS value
        FROM (SELECT h.close_price, h.candle_time,
                     lag(h.close_price) OVER w AS before,
                     lag(h.candle_time) OVER w AS time_before
              FROM price_history AS h
              WHERE h.asset_id = ca_series_outliers.asset
                AND h.timeframe = ca_series_outliers.timeframe
                AND h.candle_time >= ca_series_outliers.since
                AND h.candle_time < ca_series_outliers.until
              WINDOW w AS (ORDER BY h.candle_time)) AS c
        WHERE timeframe_end(ca_series_outliers.timeframe, c.time_before) = c.candle_time
          AND c.before <> 0
    ), centre AS MATERIALIZED (
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY c.value) AS median FROM change AS c
    ), distance AS (
        SELECT abs(c.value - m.median) AS value FROM change AS c CROSS JOIN centre AS m
    ), spread AS MATERIALIZED (
        SELECT coalesce(nullif(1.4826 * percentile_cont(0.5) WITHIN GROUP (ORDER BY d.value), 0),
                        1.253314 * avg(d.value)) AS sigma
        FROM distance AS d
    )
    SELECT count(*), count(*) FILTER (WHERE d.value > 10 * s.sigma)
    FROM distance AS d
    CROSS JOIN spread AS s;
END;
COMMENT ON FUNCTION ca_series_outliers(integer, text, timestamptz, timestamptz) IS
    'of the candles in [since, until) whose predecessor is stored, how many there are, and how many closes changed by more than ten deviations from the median change';

CREATE OR REPLACE FUNCTION @extschema@.series_quality(
    asset integer DEFAULT NULL, timeframe text DEFAULT NULL, since timestamptz DEFAULT NULL,
    as_of timestamptz DEFAULT now())
    RETURNS TABLE (asset_id integer, series_timeframe text, first_candle timestamptz, last_candle timestamptz,
                   candles bigint, missing bigint, missing_share numeric, zero_volumes bigint,
                   zero_volume_share numeric, unknown_volumes bigint, stale_by interval, late bigint,
                   outliers bigint, outlier_share numeric, score numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_as_of(series_quality.as_of);
    IF series_quality.asset IS NOT NULL THEN
        PERFORM ca_check_asset(series_quality.asset);
    END IF;
    IF series_quality.timeframe IS NOT NULL THEN
        PERFORM ca_check_timeframe(series_quality.timeframe);
    END IF;
    IF series_quality.since = 'infinity' THEN
        RAISE EXCEPTION 'since must not be infinity'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = 'No candle starts at that time.',
                  HINT = 'Leave it out to begin with the first candle.';
    END IF;

    RETURN QUERY
        WITH facts AS (
            SELECT n.asset_id, n.code, n.place, c.*, n.candle_time AS newest, n.closed_at, o.judged, o.outliers,
                   timeframe_count(n.code, n.closed_at, timeframe_bucket(n.code, series_quality.as_of)) AS late,
                   greatest(0, timeframe_count(
                       n.code,
                       coalesce(CASE WHEN isfinite(series_quality.since) THEN
                                    least(timeframe_end(n.code, series_quality.since - interval '1 microsecond'), n.closed_at)
                                END,
                                c.first),
                       n.closed_at)) AS expected
            FROM ca_newest_candles(series_quality.asset, series_quality.timeframe, series_quality.as_of) AS n
            CROSS JOIN LATERAL (
                SELECT min(h.candle_time) AS first, max(h.candle_time) AS last, count(*) AS candles,
                       count(h.volume) AS known, count(*) FILTER (WHERE h.volume = 0) AS zeros
                FROM price_history AS h
                WHERE h.asset_id = n.asset_id
                  AND h.timeframe = n.code
                  AND h.candle_time >= coalesce(series_quality.since, '-infinity')
                  AND h.candle_time < n.closed_at) AS c
            CROSS JOIN LATERAL ca_series_outliers(n.asset_id, n.code, coalesce(series_quality.since, '-infinity'),
                                                  n.closed_at) AS o
        ), shares AS (
            SELECT f.*, f.expected - f.candles AS missing,
                   (f.expected - f.candles)::numeric / nullif(f.expected, 0) AS missing_share,
                   f.zeros::numeric / nullif(f.known, 0) AS zero_share,
                   f.outliers::numeric / nullif(f.judged, 0) AS outlier_share
            FROM facts AS f
        )
        SELECT s.asset_id, s.code, s.first, s.last, s.candles, s.missing, round(s.missing_share, 6),
               s.zeros, round(s.zero_share, 6), s.candles - s.known,
               series_quality.as_of - s.closed_at, s.late, s.outliers, round(s.outlier_share, 6),
               (SELECT round(100 * sum(p.weight * p.part) / sum(p.weight) FILTER (WHERE p.part IS NOT NULL), 1)
                FROM (VALUES (40, 1 - s.missing_share),
                             (30, greatest(0, 1 - s.late / 24.0)),
                             (15, 1 - s.zero_share),
                             (15, greatest(0, 1 - 20 * s.outlier_share))) AS p (weight, part))
        FROM shares AS s
        ORDER BY s.asset_id, s.place;
END;
$$;
COMMENT ON FUNCTION series_quality(integer, text, timestamptz, timestamptz) IS
    'quality of each series of stored candles that start from since on and had closed at as_of: missing candles, candles of zero and of unknown volume, staleness, outliers, and a score from 0 to 100';

CREATE OR REPLACE FUNCTION ca_check_levels(bars integer, wing integer, tolerance_percent numeric) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF bars IS NULL OR bars NOT BETWEEN 3 AND 100000 THEN
        RAISE EXCEPTION 'bars must be between 3 and 100000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(bars::text, 'NULL')),
                  HINT = 'It is the number of newest closed candles to look at.';
    END IF;
    IF wing IS NULL OR wing NOT BETWEEN 1 AND 1000 THEN
        RAISE EXCEPTION 'wing must be between 1 and 1000'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(wing::text, 'NULL')),
                  HINT = 'A turning point is the highest or lowest among this many candles on each side.';
    END IF;
    IF tolerance_percent IS NULL OR NOT tolerance_percent BETWEEN 0 AND 100 THEN
        RAISE EXCEPTION 'tolerance_percent must be between 0 and 100'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(tolerance_percent::text, 'NULL')),
                  HINT = 'Turning points closer than this form one level.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_levels(integer, integer, numeric) IS
    'checks the arguments of support_resistance';

CREATE OR REPLACE FUNCTION @extschema@.support_resistance(
    asset integer, timeframe text, bars integer DEFAULT 200, wing integer DEFAULT 2,
    tolerance_percent numeric DEFAULT 0.5, as_of timestamptz DEFAULT now())
    RETURNS TABLE (kind text, level numeric, strength numeric, touches bigint, first_touch timestamptz,
                   last_touch timestamptz)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_series(support_resistance.asset, support_resistance.timeframe, NULL, NULL);
    PERFORM ca_check_levels(support_resistance.bars, support_resistance.wing, support_resistance.tolerance_percent);
    PERFORM ca_check_as_of(support_resistance.as_of);

    RETURN QUERY
        WITH recent AS MATERIALIZED (
            SELECT h.candle_time, h.high_price, h.low_price, h.close_price
            FROM price_history AS h
            WHERE h.asset_id = support_resistance.asset
              AND h.timeframe = support_resistance.timeframe
              AND h.candle_time < timeframe_bucket(support_resistance.timeframe, support_resistance.as_of)
            ORDER BY h.candle_time DESC
            LIMIT support_resistance.bars
        ), bar AS (
            -- of equal neighbours, the first is the turning point
            SELECT r.candle_time, row_number() OVER s AS n, count(*) OVER () AS bars,
                   r.high_price, max(r.high_price) OVER before AS high_before, max(r.high_price) OVER after AS high_after,
                   r.low_price, min(r.low_price) OVER before AS low_before, min(r.low_price) OVER after AS low_after
            FROM recent AS r
            WINDOW s AS (ORDER BY r.candle_time),
                   before AS (s ROWS BETWEEN support_resistance.wing PRECEDING AND 1 PRECEDING),
                   after AS (s ROWS BETWEEN 1 FOLLOWING AND support_resistance.wing FOLLOWING)
        ), turn AS (
            SELECT b.n, b.candle_time, x.price
            FROM bar AS b
            CROSS JOIN LATERAL (VALUES
                (b.high_price, b.high_price > b.high_before AND b.high_price >= b.high_after),
                (b.low_price, b.low_price < b.low_before AND b.low_price <= b.low_after)) AS x (price, turns)
            WHERE x.turns AND b.n > support_resistance.wing AND b.n <= b.bars - support_resistance.wing
        ), parted AS (
            SELECT t.*, (t.price - lag(t.price) OVER p
                         > abs(lag(t.price) OVER p) * support_resistance.tolerance_percent / 100)::integer AS parts
            FROM turn AS t
            WINDOW p AS (ORDER BY t.price, t.n)
        ), grouped AS (
            SELECT p.*, sum(p.parts) OVER (ORDER BY p.price, p.n) AS place
            FROM parted AS p
        ), last AS MATERIALIZED (
            SELECT r.close_price FROM recent AS r ORDER BY r.candle_time DESC LIMIT 1
        ), levels AS (
            SELECT round(avg(g.price), 8) AS level, round(100 * sum(g.n) / sum(sum(g.n)) OVER (), 2) AS strength,
                   count(*) AS touches, min(g.candle_time) AS first_touch, max(g.candle_time) AS last_touch
            FROM grouped AS g
            GROUP BY coalesce(g.place, 0)
        )
        SELECT CASE WHEN l.level <= c.close_price THEN 'support' ELSE 'resistance' END,
               l.level, l.strength, l.touches, l.first_touch, l.last_touch
        FROM levels AS l
        CROSS JOIN last AS c
        ORDER BY l.strength DESC, l.level;
END;
$$;
COMMENT ON FUNCTION support_resistance(integer, text, integer, integer, numeric, timestamptz) IS
    'levels at which prices turned within the newest stored candles that had closed at as_of, strongest first; support at or below the last close, resistance above; strength is the share of the turning points in percent, newer ones counting more';

-- sql/functions/operations/maintenance.sql

-- Maintenance: what maintain() does, step by step.
--
-- Each step runs in transactions of its own and has one row in maintenance_runs, which records how its
-- last run went.  The row also serves as its lock: a step already running in another session is skipped.
-- background_tasks gets rows only for failures, one for consecutive failures with the same SQLSTATE.

-- until 0.6.0 each run was a row of background_tasks
COMMENT ON INDEX background_tasks_maintenance_idx IS
    'the failures of a step of maintain(), the last one included';

CREATE OR REPLACE FUNCTION @extschema@.rollup_timeframes() RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rollup_timeframes';
COMMENT ON FUNCTION rollup_timeframes() IS
    'timeframes that maintain() rolls candles up to, from the setting cryptoanalytics.rollup, finest first';

CREATE OR REPLACE FUNCTION ca_keep_sessions() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_sessions';
COMMENT ON FUNCTION ca_keep_sessions() IS
    'the setting cryptoanalytics.keep_sessions; NULL for ever';

CREATE OR REPLACE FUNCTION ca_keep_api_logs() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_api_logs';
COMMENT ON FUNCTION ca_keep_api_logs() IS
    'the setting cryptoanalytics.keep_api_logs; NULL for ever';

CREATE OR REPLACE FUNCTION ca_setting_is_valid(name text) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_setting_is_valid';
COMMENT ON FUNCTION ca_setting_is_valid(text) IS
    'whether the value of a setting, named without its prefix, is valid';

CREATE OR REPLACE FUNCTION ca_keep_system_health() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_system_health';
COMMENT ON FUNCTION ca_keep_system_health() IS
    'the setting cryptoanalytics.keep_system_health; NULL for ever';

CREATE OR REPLACE FUNCTION ca_maintenance_lock_timeout() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_maintenance_lock_timeout';
COMMENT ON FUNCTION ca_maintenance_lock_timeout() IS
    'the setting cryptoanalytics.maintenance_lock_timeout in milliseconds; 0 if there is none';

CREATE OR REPLACE FUNCTION ca_refuse_transaction_block(command text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_refuse_transaction_block';
COMMENT ON FUNCTION ca_refuse_transaction_block(text) IS
    'refuses to run inside a transaction block, where a procedure cannot commit';

-- ---- the list of steps ----

CREATE OR REPLACE FUNCTION @extschema@.maintenance_steps()
    RETURNS TABLE (place bigint, step text, task_type text, every text, timeframe text,
                   assets text, batch bigint, statement text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
    SELECT row_number() OVER (ORDER BY s.place, t.place), concat_ws(' ', s.step, t.code), s.task_type,
           s.every, t.code, s.assets, s.batch::bigint,
           -- which fails with an error if the setting is invalid
           CASE WHEN s.rolls_up AND t.code IS NULL THEN 'SELECT cardinality(rollup_timeframes())' ELSE s.statement END
    FROM (VALUES
        -- $1 is as_of, $2 an asset, $3 a timeframe
        (1, 'roll_up', 'data_sync', NULL, true, NULL, NULL,
         'SELECT ca_roll_up_candles($3, $1)'),
        -- candles that came late
        (2, 'roll_up_again', 'data_sync', '1d', true, NULL, NULL,
         'SELECT rollup_candles($3, since => timeframe_bucket($3, $1 - interval ''2 days''),
                                until => timeframe_bucket($3, $1 - interval ''1 hour''))'),
        -- before the indicators, which are only written into live candles
        (3, 'archive', 'cleanup', '1d', false,
         'SELECT DISTINCT d.asset FROM ca_archive_due($1) AS d ORDER BY d.asset', 10000,
         'SELECT ca_archive_asset($2, $1)'),
        (4, 'update_technical_indicators', 'data_sync', NULL, false,
         'SELECT DISTINCT d.asset FROM ca_indicators_due() AS d ORDER BY d.asset', NULL,
         'SELECT ca_update_due_indicators($2)'),
        (5, 'refresh_assets', 'data_sync', NULL, false, NULL, NULL,
         'SELECT refresh_assets($1)'),
        (6, 'score_predictions', 'model_training', NULL, false, NULL, NULL,
         'SELECT score_predictions($1)'),
        (7, 'evaluate_models', 'model_training', NULL, false, NULL, NULL,
         'SELECT evaluate_models(as_of => $1)'),
        (8, 'expire_signals', 'cleanup', NULL, false, NULL, NULL,
         'SELECT expire_signals($1)'),
        (9, 'expire_recommendations', 'cleanup', NULL, false, NULL, NULL,
         'SELECT expire_recommendations($1)'),
        (10, 'check_alerts', 'data_sync', NULL, false, NULL, NULL,
         'SELECT check_alerts($1)'),
        (11, 'expire_alerts', 'cleanup', NULL, false, NULL, NULL,
         'SELECT expire_alerts($1)'),
        (12, 'roll_up_api_logs', 'data_sync', '1h', false, NULL, 1,
         'SELECT ca_roll_up_part(''external_api_logs'', $1)'),
        (13, 'roll_up_activities', 'data_sync', '1h', false, NULL, 1,
         'SELECT ca_roll_up_part(''user_activities'', $1)'),
        (14, 'record_system_health', 'data_sync', '5m', false, NULL, NULL,
         'SELECT count(*) FROM record_system_health($1)'),
        (15, 'purge_sessions', 'cleanup', '1d', false, NULL, NULL,
         'SELECT p.deleted + p.stripped
          FROM ca_keep_sessions() AS k CROSS JOIN LATERAL purge_sessions($1 - k, moment => $1) AS p
          WHERE k IS NOT NULL'),
        (16, 'prune_api_logs', 'cleanup', '1d', false, NULL, 1,
         'SELECT prune_api_logs($1 - k, 10000) FROM ca_keep_api_logs() AS k WHERE k IS NOT NULL'),
        (17, 'prune_system_health', 'cleanup', '1d', false, NULL, 10000,
         'SELECT ca_prune_system_health($1 - k, 10000) FROM ca_keep_system_health() AS k WHERE k IS NOT NULL'),
        (18, 'prune_maintenance', 'cleanup', '1d', false, NULL, NULL,
         'SELECT ca_prune_maintenance($1)'))
        AS s (place, step, task_type, every, rolls_up, assets, batch, statement)
    LEFT JOIN unnest(CASE WHEN ca_setting_is_valid('rollup') THEN rollup_timeframes() END)
        WITH ORDINALITY AS t (code, place) ON s.rolls_up
    WHERE t.code IS NOT NULL OR NOT s.rolls_up OR NOT ca_setting_is_valid('rollup');
END;
COMMENT ON FUNCTION maintenance_steps() IS
    'the steps of maintain(), in order: each time, or once per period of the timeframe "every"; for all at once, or for each asset that the query "assets" finds; a statement with a batch is repeated until it does less than a batch';

-- ---- rolling up ----

CREATE OR REPLACE FUNCTION ca_rollup_assets(timeframe text, assets integer[], since timestamptz, until timestamptz)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_assets';
COMMENT ON FUNCTION ca_rollup_assets(text, integer[], timestamptz, timestamptz) IS
    'rolls the series of several assets up in one pass, closed candles only; the caller holds the lock of the series that are written';

-- A candle is due once the feed of its asset has reached its end, or an hour after that.
-- LATERAL and LIMIT look up the newest candles by their key; a scan would read all candles.
CREATE OR REPLACE FUNCTION ca_roll_up_due(timeframe text, as_of timestamptz)
    RETURNS TABLE (asset integer, since timestamptz, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, stored.ends, due.ends
    FROM assets AS a
    CROSS JOIN LATERAL (
        SELECT max(timeframe_end(t.code, p.candle_time)) AS ends
        FROM timeframes() AS t (code)
        CROSS JOIN LATERAL (
            SELECT p.candle_time
            FROM price_data AS p
            WHERE p.asset_id = a.id AND p.timeframe = t.code
            ORDER BY p.candle_time DESC
            LIMIT 1) AS p
        WHERE timeframe_divides(t.code, ca_roll_up_due.timeframe)) AS feed
    CROSS JOIN LATERAL (
        SELECT timeframe_bucket(
                   ca_roll_up_due.timeframe,
                   least(ca_roll_up_due.as_of,
                         greatest(feed.ends, ca_roll_up_due.as_of - interval '1 hour'))) AS ends) AS due
    CROSS JOIN LATERAL (
        SELECT timeframe_end(ca_roll_up_due.timeframe, coalesce(
            (SELECT p.candle_time FROM price_data AS p
             WHERE p.asset_id = a.id AND p.timeframe = ca_roll_up_due.timeframe
             ORDER BY p.candle_time DESC LIMIT 1),
            greatest(
                (SELECT p.candle_time FROM price_data_archive AS p
                 WHERE p.asset_id = a.id AND p.timeframe = ca_roll_up_due.timeframe
                 ORDER BY p.candle_time DESC LIMIT 1),
                (SELECT g.last_time FROM price_data_segments AS g
                 WHERE g.asset_id = a.id AND g.timeframe = ca_roll_up_due.timeframe
                 ORDER BY g.first_time DESC LIMIT 1)))) AS ends) AS stored
    WHERE feed.ends IS NOT NULL
      AND CASE
              WHEN stored.ends IS NOT NULL THEN stored.ends < least(due.ends, feed.ends)
              ELSE EXISTS (
                  SELECT
                  FROM timeframes() AS t (code)
                  JOIN price_data AS p ON p.asset_id = a.id AND p.timeframe = t.code AND p.candle_time < due.ends
                  WHERE timeframe_divides(t.code, ca_roll_up_due.timeframe))
          END;
END;
COMMENT ON FUNCTION ca_roll_up_due(text, timestamptz) IS
    'assets with candles of a timeframe to be rolled up, from the last one stored, or all when since is NULL, to the last that is complete';

CREATE OR REPLACE FUNCTION ca_roll_up_candles(timeframe text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    part record;
    locked integer[];
    written bigint := 0;
BEGIN
    -- the locks stop other writers, so take only those of series with something to do
    locked := ARRAY(SELECT d.asset FROM ca_roll_up_due(ca_roll_up_candles.timeframe, ca_roll_up_candles.as_of) AS d);
    IF locked = '{}' THEN
        RETURN 0;
    END IF;
    -- one open import must not delay the candles of all assets: its series are left to the next run
    locked := ca_lock_free_series(ca_roll_up_candles.timeframe, locked);
    FOR part IN
        SELECT array_agg(d.asset ORDER BY d.asset) AS assets, d.since, d.until
        FROM ca_roll_up_due(ca_roll_up_candles.timeframe, ca_roll_up_candles.as_of) AS d
        WHERE d.asset = ANY (locked)
        GROUP BY d.since, d.until
        ORDER BY d.since NULLS FIRST, d.until
    LOOP
        written := written + ca_rollup_assets(ca_roll_up_candles.timeframe, part.assets, part.since, part.until);
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_roll_up_candles(text, timestamptz) IS
    'step of maintain(): rolls all assets up to a timeframe, from the last stored candle of each, and returns how many candles were written';

-- ---- indicators ----

CREATE OR REPLACE FUNCTION ca_indicators_due(asset integer DEFAULT NULL)
    RETURNS TABLE (asset integer, timeframe text, spec jsonb, convention text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, t.code, s.spec, s.convention
    FROM assets AS a
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT p.candle_time
        FROM price_data AS p
        WHERE p.asset_id = a.id AND p.timeframe = t.code AND p.candle_time < timeframe_bucket(t.code, now())
        ORDER BY p.candle_time DESC
        LIMIT 1) AS newest
    LEFT JOIN LATERAL (
        SELECT s.candle_time, s.spec, s.convention
        FROM technical_indicator_states AS s
        WHERE s.asset_id = a.id AND s.timeframe = t.code
        ORDER BY s.place DESC
        LIMIT 1) AS s ON true
    -- the plan is made before the asset is known: a range finds it by the key
    WHERE a.id BETWEEN coalesce(ca_indicators_due.asset, -2147483648) AND coalesce(ca_indicators_due.asset, 2147483647)
      AND (s.candle_time IS NULL OR s.candle_time < newest.candle_time
           OR EXISTS (SELECT FROM technical_indicator_notes AS n
                      WHERE n.asset_id = a.id AND n.timeframe = t.code AND n.since <= s.candle_time))
    ORDER BY a.id, t.place;
END;
COMMENT ON FUNCTION ca_indicators_due(integer) IS
    'series with candles newer than their indicators, or changed since, and the spec of the series; NULL for the default one';

CREATE OR REPLACE FUNCTION ca_update_due_indicators(asset integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    due record;
    written bigint := 0;
BEGIN
    FOR due IN SELECT d.* FROM ca_indicators_due(ca_update_due_indicators.asset) AS d LOOP
        IF due.spec IS NULL THEN
            written := written + update_technical_indicators(due.asset, due.timeframe);
        ELSE
            written := written + update_technical_indicators(due.asset, due.timeframe, due.spec, due.convention);
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_update_due_indicators(integer) IS
    'step of maintain(): updates the indicators of one asset, each series with its own spec, and returns how many candles changed';

-- ---- archiving and pruning ----

CREATE OR REPLACE FUNCTION ca_archive_due(as_of timestamptz, asset integer DEFAULT NULL)
    RETURNS TABLE (asset integer, timeframe text, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    SELECT a.id, t.code, c.cutoff
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT ca_archive_cutoff(t.code, (ca_archive_due.as_of AT TIME ZONE 'UTC' - retention_period(t.code))
                                         AT TIME ZONE 'UTC') AS cutoff) AS c
    JOIN assets AS a
      ON a.id BETWEEN coalesce(ca_archive_due.asset, -2147483648) AND coalesce(ca_archive_due.asset, 2147483647)
    -- each series is looked up by its key: compiling the plan would take longer
    CROSS JOIN LATERAL (
        SELECT
        FROM price_data AS d
        WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff
        LIMIT 1) AS d
    ORDER BY t.place, a.id;
END;
COMMENT ON FUNCTION ca_archive_due(timestamptz, integer) IS
    'series with candles to be archived by the setting cryptoanalytics.retention, and the moment before which they start';

CREATE OR REPLACE FUNCTION ca_prune_maintenance(as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- rows are deleted by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    pruned bigint;
    forgotten bigint;
BEGIN
    -- running ones are from 0.6.0 and broke off; rows that another session holds are left to the next run
    WITH old AS MATERIALIZED (
        SELECT t.id
        FROM background_tasks AS t
        WHERE t.task_name LIKE 'maintain %'
          AND (t.status = 'completed' AND t.completed_at < ca_prune_maintenance.as_of - interval '7 days'
               OR t.status = 'failed' AND t.completed_at < ca_prune_maintenance.as_of - interval '90 days'
               OR t.status = 'running' AND t.started_at < ca_prune_maintenance.as_of - interval '90 days')
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM background_tasks AS t WHERE t.id = ANY (ARRAY(SELECT o.id FROM old AS o));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    -- steps that no longer exist
    WITH old AS MATERIALIZED (
        SELECT r.step
        FROM maintenance_runs AS r
        WHERE r.started_at < ca_prune_maintenance.as_of - interval '90 days'
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM maintenance_runs AS r WHERE r.step = ANY (ARRAY(SELECT o.step FROM old AS o));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN pruned + forgotten;
END;
$$;
COMMENT ON FUNCTION ca_prune_maintenance(timestamptz) IS
    'step of maintain(): deletes its own rows of background_tasks, completed ones after 7 days, failed ones after 90, and returns how many';

CREATE OR REPLACE FUNCTION ca_prune_system_health(older_than timestamptz, batch_size integer) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    -- rows are deleted by key, however many the planner believes there are
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM system_health AS h
        WHERE h.id = ANY (ARRAY(SELECT o.id
                                FROM system_health AS o
                                WHERE o.check_time < ca_prune_system_health.older_than
                                ORDER BY o.id
                                LIMIT ca_prune_system_health.batch_size
                                FOR UPDATE SKIP LOCKED))
        RETURNING h.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION ca_prune_system_health(timestamptz, integer) IS
    'step of maintain(): deletes checks before a time, at most batch_size, and returns how many';

-- sql/functions/operations/maintain.sql

-- maintain(): runs the steps of maintenance_steps() that are due.

CREATE OR REPLACE FUNCTION ca_check_maintenance(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('background_tasks', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_as_of(as_of);
    IF as_of > now() THEN
        RAISE EXCEPTION 'as_of must not be in the future'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out to do what is due now.';
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'maintain must run in READ COMMITTED transactions'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s.', upper(current_setting('transaction_isolation'))),
                  HINT = 'SET default_transaction_isolation = ''read committed'' first.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_maintenance(timestamptz) IS
    'checks the arguments of maintain()';

-- A session that is idle, or this one, is no longer running the step; pg_stat_activity may hide
-- the state of other users' sessions.
CREATE OR REPLACE FUNCTION ca_maintenance_is_alive(pid integer, started_at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT ca_maintenance_is_alive.started_at >= pg_postmaster_start_time()
       AND EXISTS (
           SELECT
           FROM pg_stat_activity AS s
           WHERE s.pid = ca_maintenance_is_alive.pid
             AND s.pid <> pg_backend_pid()
             AND coalesce(s.backend_start <= ca_maintenance_is_alive.started_at, true)
             AND s.state IS DISTINCT FROM 'idle');
END;
COMMENT ON FUNCTION ca_maintenance_is_alive(integer, timestamptz) IS
    'whether the session that runs a step, identified by its process and start, is still running it';

-- A step that was cut off comes after the others: a step that takes longer than statement_timeout
-- allows for a call, or that crashes the server, does not keep the others from running.
CREATE OR REPLACE FUNCTION ca_maintenance_order() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(s.step ORDER BY o.late, CASE WHEN o.late THEN r.started_at END, s.place)
    FROM maintenance_steps() AS s
    LEFT JOIN maintenance_runs AS r ON r.step = s.step
    CROSS JOIN LATERAL (SELECT coalesce(r.cut_off OR r.status = 'running', false) AS late) AS o;
END;
COMMENT ON FUNCTION ca_maintenance_order() IS
    'the steps of maintain() in the order of their turns';

CREATE OR REPLACE FUNCTION ca_maintenance_begin(step text, as_of timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
    before maintenance_runs;
BEGIN
    SELECT m.* INTO s FROM maintenance_steps() AS m WHERE m.step = ca_maintenance_begin.step;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown step'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(quote_literal(left(step, 100)), 'NULL')),
                  HINT = 'maintenance_steps() lists them.';
    END IF;
    PERFORM FROM maintenance_runs AS r
    WHERE r.step = ca_maintenance_begin.step AND r.status <> 'running'
      AND timeframe_bucket(s.every, as_of) <= r.completed_as_of;
    IF FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO maintenance_runs (step) VALUES (step) ON CONFLICT DO NOTHING;
    SELECT r.* INTO before FROM maintenance_runs AS r WHERE r.step = ca_maintenance_begin.step FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR before.status = 'running' AND ca_maintenance_is_alive(before.pid, before.started_at) THEN
        RAISE NOTICE '% is already running in another session', step;
        RETURN false;
    END IF;
    IF before.status = 'running' THEN
        PERFORM ca_maintenance_fail(step, NULL, '08006', 'the run broke off: its session has left it', NULL);
        PERFORM ca_maintenance_end(step, true);
    ELSIF timeframe_bucket(s.every, as_of) <= before.completed_as_of THEN
        -- another session was faster
        RETURN false;
    END IF;
    UPDATE maintenance_runs AS r
    SET status = 'running', as_of = ca_maintenance_begin.as_of, pid = pg_backend_pid(),
        started_at = clock_timestamp(), completed_at = NULL, execution_time_seconds = NULL, rows = 0,
        errors = 0, error_state = NULL, error_message = NULL, error_detail = NULL, runs = r.runs + 1
    WHERE r.step = ca_maintenance_begin.step;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_begin(text, timestamptz) IS
    'records the run of a step in maintenance_runs; false if it is not due or already running in another session';

CREATE OR REPLACE FUNCTION ca_maintenance_step(step text)
    RETURNS TABLE (timeframe text, assets text, batch bigint, statement text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT m.timeframe, m.assets, m.batch, m.statement
    FROM maintenance_steps() AS m
    WHERE m.step = ca_maintenance_step.step;
END;
COMMENT ON FUNCTION ca_maintenance_step(text) IS
    'a step of maintenance_steps()';

-- A step waits for the locks of others only for a limited time.
CREATE OR REPLACE FUNCTION ca_maintenance_bound() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT set_config('lock_timeout', l.bound::text, true)
    FROM (SELECT ca_maintenance_lock_timeout() AS bound, s.setting::integer AS own
          FROM pg_settings AS s
          WHERE s.name = 'lock_timeout') AS l
    WHERE l.bound > 0 AND (l.own = 0 OR l.own > l.bound);
END;
COMMENT ON FUNCTION ca_maintenance_bound() IS
    'sets lock_timeout of the transaction from the setting cryptoanalytics.maintenance_lock_timeout, unless the session has a shorter one';

CREATE OR REPLACE FUNCTION ca_maintenance_assets(step text, query text, as_of timestamptz) RETURNS integer[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    assets integer[];
BEGIN
    IF query IS NULL THEN
        RETURN ARRAY[NULL::integer];
    END IF;
    PERFORM ca_maintenance_bound();
    EXECUTE format('SELECT array(%s)', query) INTO assets USING as_of;
    RETURN (SELECT array_agg(a.asset ORDER BY a.asset <= r.last_asset, a.place)
            FROM unnest(assets) WITH ORDINALITY AS a (asset, place)
            LEFT JOIN maintenance_runs AS r ON r.step = ca_maintenance_assets.step AND r.last_asset IS NOT NULL);
END;
$$;
COMMENT ON FUNCTION ca_maintenance_assets(text, text, timestamptz) IS
    'the assets for which a step has something to do, beginning after the asset where it was cut off; a single NULL if the step is for all at once';

-- The statements do many short look-ups; compiling them would take longer than running them.
CREATE OR REPLACE FUNCTION ca_maintenance_run(
    step text, statement text, batch bigint, as_of timestamptz, asset integer, timeframe text)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    done bigint;
BEGIN
    -- many small commits need not each wait for the disk: the last one does so for all
    IF asset IS NOT NULL THEN
        SET LOCAL synchronous_commit = off;
    END IF;
    PERFORM ca_maintenance_bound();
    EXECUTE statement INTO done USING as_of, asset, timeframe;
    IF done > 0 THEN
        UPDATE maintenance_runs AS r
        SET rows = r.rows + done, total_rows = r.total_rows + done
        WHERE r.step = ca_maintenance_run.step;
    END IF;
    RETURN coalesce(done >= batch, false);
END;
$$;
COMMENT ON FUNCTION ca_maintenance_run(text, text, bigint, timestamptz, integer, text) IS
    'runs a step, or a batch of it, records the number of rows, and returns whether there may be more';

CREATE OR REPLACE FUNCTION ca_maintenance_fail(
    step text, asset integer, state text, message text, detail text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    what CONSTANT text := concat_ws(': ', 'asset ' || asset, state, message);
BEGIN
    -- the first error stands for all
    UPDATE maintenance_runs AS r
    SET error_state = coalesce(r.error_state, ca_maintenance_fail.state),
        error_message = coalesce(r.error_message, what),
        error_detail = CASE WHEN r.errors = 0 THEN nullif(ca_maintenance_fail.detail, '') ELSE r.error_detail END,
        errors = r.errors + 1,
        last_asset = CASE WHEN ca_maintenance_fail.state IN ('57014', '55P03')
                          THEN coalesce(ca_maintenance_fail.asset, r.last_asset) ELSE r.last_asset END
    WHERE r.step = ca_maintenance_fail.step;
    RAISE WARNING '% failed: %', ca_maintenance_fail.step, what;
    RETURN state = '57014';
END;
$$;
COMMENT ON FUNCTION ca_maintenance_fail(text, integer, text, text, text) IS
    'records an error of a step in maintenance_runs, and returns whether it was a cancel';

CREATE OR REPLACE FUNCTION ca_maintenance_end(step text, cut_off boolean) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    r maintenance_runs;
    told integer;
BEGIN
    UPDATE maintenance_runs AS r
    SET status = CASE WHEN r.errors = 0 THEN 'completed' ELSE 'failed' END,
        -- clocks are set back at times
        completed_at = greatest(clock_timestamp(), r.started_at),
        execution_time_seconds = greatest(0, extract(epoch FROM clock_timestamp() - r.started_at)),
        completed_as_of = CASE WHEN r.errors = 0 THEN r.as_of ELSE r.completed_as_of END,
        failed_runs = r.failed_runs + (r.errors > 0)::integer,
        cut_off = ca_maintenance_end.cut_off,
        last_asset = CASE WHEN r.errors > 0 THEN r.last_asset END,
        task_id = CASE WHEN r.errors > 0 THEN r.task_id END
    WHERE r.step = ca_maintenance_end.step
    RETURNING r.* INTO r;
    IF r.errors = 0 THEN
        RETURN 0;
    END IF;
    -- consecutive failures are one row
    UPDATE background_tasks AS t
    SET error_message = r.error_message, completed_at = r.completed_at,
        execution_time_seconds = r.execution_time_seconds,
        task_params = jsonb_build_object('as_of', r.as_of, 'pid', r.pid),
        result_data = jsonb_build_object('sqlstate', r.error_state, 'detail', r.error_detail, 'rows', r.rows,
                                         'errors', r.errors, 'runs', (t.result_data ->> 'runs')::bigint + 1)
    WHERE t.id = r.task_id AND t.status = 'failed' AND t.result_data ->> 'sqlstate' = r.error_state
    RETURNING t.id INTO told;
    IF told IS NULL THEN
        INSERT INTO background_tasks AS t
            (task_name, task_type, status, task_params, result_data, error_message, started_at, completed_at,
             execution_time_seconds)
        SELECT 'maintain ' || r.step, coalesce((SELECT s.task_type FROM maintenance_steps() AS s WHERE s.step = r.step), 'cleanup'),
               'failed', jsonb_build_object('as_of', r.as_of, 'pid', r.pid),
               jsonb_build_object('sqlstate', r.error_state, 'detail', r.error_detail, 'rows', r.rows,
                                  'errors', r.errors, 'runs', 1),
               r.error_message, r.started_at, r.completed_at, r.execution_time_seconds
        RETURNING t.id INTO told;
        UPDATE maintenance_runs AS m SET task_id = told WHERE m.step = r.step;
    END IF;
    RETURN 1;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_end(text, boolean) IS
    'records how the run of a step ended, a failure also in background_tasks; 1 if it failed, else 0';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE OR REPLACE PROCEDURE ca_maintain_step(step text, as_of timestamptz, INOUT failed integer)
    LANGUAGE plpgsql
AS $$
DECLARE
    begun pg_catalog.bool := cryptoanalytics_internal.ca_maintenance_begin(step, as_of);
    s pg_catalog.record;
    assets pg_catalog.int4[];
    asset pg_catalog.int4;
    again pg_catalog.bool;
    waits pg_catalog.int4 := 0;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    COMMIT;
    IF NOT begun THEN
        RETURN;
    END IF;
    SELECT m.timeframe, m.assets, m.batch, m.statement INTO s FROM cryptoanalytics_internal.ca_maintenance_step(step) AS m;
    BEGIN
        assets := cryptoanalytics_internal.ca_maintenance_assets(step, s.assets, as_of);
    EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
        assets := ARRAY[NULL]::pg_catalog.int4[];
    END;
    FOREACH asset IN ARRAY coalesce(assets, ARRAY[]::pg_catalog.int4[]) LOOP
        LOOP
            again := false;
            -- an error undoes only this part, and a cancel is recorded before it is raised again
            BEGIN
                IF state IS NULL THEN
                    again := cryptoanalytics_internal.ca_maintenance_run(step, s.statement, s.batch, as_of, asset, s.timeframe);
                END IF;
            EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
                GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
            END;
            IF state IS NOT NULL AND cryptoanalytics_internal.ca_maintenance_fail(step, asset, state, message, detail) THEN
                PERFORM cryptoanalytics_internal.ca_maintenance_end(step, true);
                COMMIT;
                RAISE EXCEPTION '%', message
                    USING ERRCODE = state,
                          HINT = 'The steps before it stay done, and the next call continues with the others.';
            END IF;
            COMMIT;
            IF state OPERATOR(pg_catalog.=) '55P03' THEN
                waits := pg_catalog.int4pl(waits, 1);
            END IF;
            state := NULL;
            EXIT WHEN NOT again;
        END LOOP;
        -- after several waits, leave the other session alone until the next call
        EXIT WHEN pg_catalog.int4ge(waits, 3);
    END LOOP;
    failed := pg_catalog.int4pl(failed, cryptoanalytics_internal.ca_maintenance_end(step, false));
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE ca_maintain_step(text, timestamptz, integer) IS
    'runs a step of maintain() if it is due, commits after each part, and adds 1 to failed if it fails';

CREATE OR REPLACE PROCEDURE @extschema@.maintain(as_of timestamptz DEFAULT now(), INOUT failed integer DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    steps pg_catalog.text[];
    step pg_catalog.text;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_maintenance(as_of);
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('maintain');
    failed := 0;
    steps := cryptoanalytics_internal.ca_maintenance_order();
    COMMIT;
    FOREACH step IN ARRAY steps LOOP
        CALL cryptoanalytics_internal.ca_maintain_step(step, as_of, failed);
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE maintain(timestamptz, integer) IS
    'runs the steps of maintenance_steps() that are due, each in transactions of its own; a step that fails is undone, recorded in maintenance_runs and background_tasks, reported as a WARNING and counted in failed, and the others go on; a step already running in another session is skipped, and one that was cut off comes last the next time';

-- sql/functions/access/drop_guard.sql

-- Tables that hold rows are not dropped by accident; docs/guide/operations.md says what is guarded.

CREATE OR REPLACE FUNCTION ca_guard_drop() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_guard_drop';
COMMENT ON FUNCTION ca_guard_drop() IS
    'event trigger: from now on the session cannot drop a table of the extension that holds rows, unless cryptoanalytics.allow_drop is on';

-- the commands whose CASCADE reaches an extension or its tables
-- in sessions that replicate too
ALTER EVENT TRIGGER cryptoanalytics_guard_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER cryptoanalytics_guard_drop IS
    'refuses to drop the extension while its tables hold rows';

-- sql/functions/access/schema_guard.sql

-- The schema of the extension keeps its name, which its functions search; docs/guide/operations.md says so.

CREATE OR REPLACE FUNCTION ca_guard_schema() RETURNS event_trigger
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_guard_schema';
COMMENT ON FUNCTION ca_guard_schema() IS
    'event trigger: refuses to rename the schema of the extension';

-- in sessions that replicate too
ALTER EVENT TRIGGER cryptoanalytics_guard_schema ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER cryptoanalytics_guard_schema IS
    'refuses to rename the schema of the extension';

-- sql/functions/access/row_security.sql

-- Row-level security: rows that belong to a user, and who sees them. docs/guide/operations.md has the model.
--
-- A row is seen and written by sessions whose setting cryptoanalytics.user_id is its user, by roles
-- that may execute ca_every_user(), and by the owner of the tables. Privileges on the tables come
-- first, as everywhere.

CREATE OR REPLACE FUNCTION ca_every_user() RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN true;
COMMENT ON FUNCTION ca_every_user() IS
    'a right, not a computation: roles that may execute this function see the rows of all users';
REVOKE EXECUTE ON FUNCTION ca_every_user() FROM PUBLIC;

CREATE OR REPLACE FUNCTION ca_first_user() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_first_user';
COMMENT ON FUNCTION ca_first_user() IS
    'least identifier of the users whose rows the session sees; NULL for none';

CREATE OR REPLACE FUNCTION ca_last_user() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_last_user';
COMMENT ON FUNCTION ca_last_user() IS
    'greatest identifier of the users whose rows the session sees; NULL for none';

COMMENT ON POLICY users_of_user ON users IS
    'a user sees and writes its own account';

COMMENT ON POLICY user_sessions_of_user ON user_sessions IS
    'a user sees and writes its own sessions';

COMMENT ON POLICY user_activities_of_user ON user_activities IS
    'a user sees its own activities, and writes them in its own sessions';

-- a default watchlist belongs to nobody and everybody sees it
COMMENT ON POLICY watchlists_of_user ON watchlists IS
    'a user sees and writes its own watchlists';
COMMENT ON POLICY watchlists_default ON watchlists IS
    'everybody sees the default watchlists';
COMMENT ON POLICY watchlists_default_written ON watchlists IS
    'default watchlists are written by roles that see all users';

COMMENT ON POLICY watchlist_assets_seen ON watchlist_assets IS
    'who sees a watchlist sees what is on it';
COMMENT ON POLICY watchlist_assets_of_user ON watchlist_assets IS
    'a user writes what is on its own watchlists';

COMMENT ON POLICY portfolio_of_user ON portfolio IS
    'a user sees and writes its own positions';

-- Positions are looked up as the reader sees them.  Reading many actions, PostgreSQL may remember all
-- positions of the user.  An action that is written, and functions that look up rows by key and turn
-- enable_seqscan off, look up the position of each action; OFFSET keeps it from doing otherwise, which
-- it would if it believed that there are few positions.
COMMENT ON POLICY trade_actions_of_user ON trade_actions IS
    'a user sees and writes the actions of its own positions';

COMMENT ON POLICY signal_alerts_of_user ON signal_alerts IS
    'a user sees and writes its own alerts';

COMMENT ON POLICY signal_executions_of_user ON signal_executions IS
    'a user sees which signals it has traded on';

COMMENT ON POLICY notifications_of_user ON notifications IS
    'a user sees and writes its own notifications';

-- Sessions that row-level security binds to one user act for that user.
CREATE OR REPLACE FUNCTION ca_watchlist_editor() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    editor CONSTANT integer := ca_first_user();
    forged text;
BEGIN
    IF TG_OP = 'INSERT' THEN
        forged := CASE WHEN NEW.added_by <> editor THEN 'added_by'
                       WHEN NEW.last_modified_by <> editor THEN 'last_modified_by' END;
        NEW.added_by := editor;
    ELSE
        forged := CASE WHEN NEW.added_by IS DISTINCT FROM OLD.added_by THEN 'added_by'
                       WHEN NEW.last_modified_by IS DISTINCT FROM OLD.last_modified_by
                            AND NEW.last_modified_by IS DISTINCT FROM editor THEN 'last_modified_by' END;
        -- an entry that makes room for others, by the trigger, has not been modified by anybody
        IF pg_trigger_depth() = 1 OR to_jsonb(NEW) - 'position' <> to_jsonb(OLD) - 'position' THEN
            NEW.last_modified_by := editor;
        END IF;
    END IF;
    IF forged IS NOT NULL THEN
        RAISE EXCEPTION '% must be the user of the session', forged
            USING ERRCODE = 'insufficient_privilege',
                  CONSTRAINT = 'watchlist_assets_editor', TABLE = 'watchlist_assets', COLUMN = forged,
                  DETAIL = format('The session acts for user %s.', editor),
                  HINT = 'Leave it out: it is set automatically.';
    END IF;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_watchlist_editor() IS
    'trigger: records for which user a session has added or modified an entry';
CREATE OR REPLACE TRIGGER watchlist_assets_editor BEFORE INSERT OR UPDATE ON watchlist_assets
    FOR EACH ROW WHEN (ca_first_user() = ca_last_user())
    EXECUTE FUNCTION ca_watchlist_editor();
COMMENT ON TRIGGER watchlist_assets_editor ON watchlist_assets IS
    'sets added_by and last_modified_by in sessions that row-level security binds to one user';

-- about an asset or a strategy it is for all; about a user, a position or a watchlist, for those who see that
COMMENT ON POLICY ai_recommendations_of_user ON ai_recommendations IS
    'a user sees recommendations about itself, its positions and the watchlists that it sees, and those about no user';

-- Under row-level security an index serves only leakproof conditions, and lower() is not marked as one.
CREATE OR REPLACE FUNCTION @extschema@.user_by_email(email text) RETURNS integer
    LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
BEGIN ATOMIC
    SELECT u.id FROM users AS u WHERE lower(u.email) = lower(user_by_email.email);
END;
COMMENT ON FUNCTION user_by_email(text) IS
    'user with this email address, in any case; NULL if there is none; for roles that sign users in, and operators; it runs with its owner''s rights because row-level security would keep it from using the index';
REVOKE EXECUTE ON FUNCTION user_by_email(text) FROM PUBLIC;

-- sql/functions/access/roles.sql

-- Rights by kind of role, granted in one call. docs/guide/operations.md says who needs which.
--
-- Tables of users are recognized by their row-level security, and columns with a password, a token or a
-- balance by their names, so that new ones are hidden from the first day.

CREATE OR REPLACE FUNCTION ca_members()
    RETURNS TABLE (relation regclass, name text, is_table boolean, of_users boolean, of_operations boolean)
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.oid::pg_catalog.regclass, c.relname::text, c.relkind = 'r', c.relrowsecurity,
           c.relname IN ('system_health', 'analytics_data', 'external_api_logs', 'background_tasks',
                         'maintenance_runs', 'roll_up_marks', 'roll_up_notes')
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_depend AS d
      ON d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.refobjid = e.oid
         AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype = 'e'
    JOIN pg_catalog.pg_class AS c ON c.oid = d.objid
    WHERE e.extname = 'cryptoanalytics' AND c.relkind IN ('r', 'v', 'm', 'f');
END;
COMMENT ON FUNCTION ca_members() IS
    'tables and views of the extension; whether their rows belong to users, and whether they are about the running of the system';

CREATE OR REPLACE FUNCTION ca_columns(relation regclass, pattern text, matching boolean) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ca_columns.relation AND a.attnum > 0 AND NOT a.attisdropped
      AND (a.attname::text ~ ca_columns.pattern) = ca_columns.matching;
END;
COMMENT ON FUNCTION ca_columns(regclass, text, boolean) IS
    'list of the columns whose names match a pattern, or of those whose names do not; NULL if there are none';

CREATE OR REPLACE FUNCTION ca_secrets(relation text, of_users boolean) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN ca_secrets.of_users THEN 'password|token|balance'
                -- a request to another service may contain a key to it
                WHEN ca_secrets.relation = 'external_api_logs' THEN '^(request_params|response_data|endpoint|error_message)$'
                ELSE '^$' END;
COMMENT ON FUNCTION ca_secrets(text, boolean) IS
    'pattern of the columns that an analyst does not see';

CREATE OR REPLACE FUNCTION ca_rights(kind text) RETURNS TABLE (relation regclass, rights text)
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT m.relation, r.rights
    FROM ca_members() AS m
    CROSS JOIN LATERAL (
        SELECT CASE WHEN ca_columns(m.relation, ca_secrets(m.name, m.of_users), true) IS NULL THEN 'SELECT'
                    ELSE format('SELECT (%s)', ca_columns(m.relation, ca_secrets(m.name, m.of_users), false)) END
        WHERE ca_rights.kind = 'analyst'
        UNION ALL
        SELECT 'SELECT'
        WHERE ca_rights.kind = 'application' AND NOT m.of_users AND NOT m.of_operations
        UNION ALL
        -- the reviewer of a recommendation for all is a user
        SELECT format('SELECT (%s)', ca_columns(m.relation, '^(reviewed_by|user_feedback)$', false))
        WHERE ca_rights.kind = 'application' AND m.name = 'ai_recommendations'
        UNION ALL
        SELECT format('SELECT (%s)', ca_columns(m.relation, 'password|token|^notes$|^deleted_by$', false))
        WHERE ca_rights.kind = 'application' AND m.name IN ('users', 'user_sessions')
        UNION ALL
        SELECT 'SELECT, DELETE'
        WHERE ca_rights.kind = 'application'
          AND m.name IN ('watchlists', 'watchlist_assets', 'portfolio', 'trade_actions', 'signal_alerts')
        UNION ALL
        -- identifiers are assigned: whoever could choose the next ones could keep all others from inserting
        SELECT format('INSERT (%1$s), UPDATE (%1$s)', ca_columns(m.relation, '^id$', false))
        WHERE ca_rights.kind = 'application'
              AND m.name IN ('watchlists', 'watchlist_assets', 'portfolio', 'trade_actions', 'signal_alerts')
           OR ca_rights.kind = 'sign_in' AND m.name = 'user_sessions'
        UNION ALL
        SELECT format('INSERT (%s)', ca_columns(m.relation, '^id$', false))
        WHERE ca_rights.kind = 'sign_in' AND m.name = 'user_activities'
        UNION ALL
        SELECT w.rights
        FROM (VALUES
            ('application', 'users', 'UPDATE (first_name, last_name, preferences, timezone, language, bio, profile_picture_url)'),
            ('application', 'user_activities', 'SELECT, INSERT (user_id, session_id, activity_type, entity_type, entity_id, action, '
                                               'details, ip_address, user_agent)'),
            ('application', 'notifications', 'SELECT, UPDATE (status, read_at)'),
            ('application', 'signal_executions', 'SELECT'),
            ('sign_in', 'users', 'SELECT'),
            ('sign_in', 'users', 'INSERT (email, password_hash, first_name, last_name, preferences, timezone, language, '
                                 'email_verification_token, email_verification_expires, referral_code, referred_by)'),
            ('sign_in', 'users', 'UPDATE (email, password_hash, is_verified, login_count, last_login, reset_password_token, '
                                 'reset_password_expires, email_verification_token, email_verification_expires, '
                                 'failed_login_attempts, lockout_expires, deleted_at, deleted_by, referral_count)'),
            ('sign_in', 'user_sessions', 'SELECT'),
            ('sign_in', 'user_activities', 'SELECT')) AS w (kind, name, rights)
        WHERE w.kind = ca_rights.kind AND w.name = m.name
        UNION ALL
        SELECT CASE WHEN m.is_table THEN 'SELECT, INSERT, UPDATE, DELETE' ELSE 'SELECT' END
        WHERE ca_rights.kind = 'operator') AS r (rights)
    ORDER BY m.name, r.rights;
END;
COMMENT ON FUNCTION ca_rights(text) IS
    'rights of a kind of role: analyst, application, sign_in or operator';

CREATE OR REPLACE FUNCTION ca_check_role(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM FROM pg_roles AS r WHERE r.oid = role;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown role'
            USING ERRCODE = 'undefined_object',
                  DETAIL = format('Role is %s.', coalesce(role::text, 'NULL')),
                  HINT = 'CREATE ROLE makes one.';
    END IF;
    PERFORM FROM ca_members() AS m JOIN pg_class AS c ON c.oid = m.relation
    WHERE NOT pg_has_role(c.relowner, 'USAGE');
    IF FOUND THEN
        RAISE EXCEPTION 'must be owner of the tables of extension cryptoanalytics'
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = 'A GRANT by anybody else would only give a warning.',
                  HINT = 'The role that created the extension owns its tables.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_role(regrole) IS
    'refuses a role that does not exist, and a caller who may not grant';

CREATE OR REPLACE FUNCTION ca_check_bounds(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    cause text;
BEGIN
    SELECT CASE WHEN r.rolsuper OR r.rolbypassrls THEN 'it bypasses row-level security'
                -- by itself, or after a SET ROLE
                WHEN EXISTS (SELECT FROM pg_roles AS m
                             WHERE (m.rolsuper OR m.rolbypassrls OR m.rolcreaterole OR m.rolreplication
                                    OR m.rolname IN ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
                               AND pg_has_role(r.oid, m.oid, 'MEMBER'))
                    THEN 'it may make itself one that is not bound'
                WHEN EXISTS (SELECT FROM ca_members() AS m JOIN pg_class AS c ON c.oid = m.relation
                             WHERE pg_has_role(r.oid, c.relowner, 'MEMBER')) THEN 'it owns tables of the extension'
                WHEN has_function_privilege(r.oid, 'ca_every_user()', 'EXECUTE') THEN 'it sees the rows of all users' END
    INTO cause
    FROM pg_roles AS r
    WHERE r.oid = role;
    IF cause IS NOT NULL THEN
        RAISE EXCEPTION 'role would not be bound to one user'
            USING ERRCODE = 'invalid_grant_operation',
                  DETAIL = format('Role is %s, and %s.', role, cause),
                  HINT = 'Give the application a role of its own; revoke_rights() revokes rights.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_bounds(regrole) IS
    'refuses a role that row-level security does not bind to one user';

CREATE OR REPLACE FUNCTION ca_check_secrets(role regrole) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    seen text;
BEGIN
    SELECT string_agg(format('%s.%s', m.name, a.attname), ', ' ORDER BY m.name, a.attnum)
    INTO seen
    FROM ca_members() AS m
    JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attnum > 0 AND NOT a.attisdropped
    WHERE m.is_table
      AND a.attname::text ~ ca_secrets(m.name, m.of_users)
      AND has_column_privilege(role, m.relation, a.attnum, 'SELECT');
    IF seen IS NOT NULL THEN
        RAISE EXCEPTION 'role sees what an analyst must not see'
            USING ERRCODE = 'invalid_grant_operation',
                  DETAIL = format('Role is %s and reads %s.', role, seen),
                  HINT = 'Use a role that owns nothing here and has no other rights; revoke_rights() revokes rights.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_secrets(regrole) IS
    'refuses a role that reads passwords, tokens or balances';

CREATE OR REPLACE FUNCTION ca_grant(kind text, role regrole, every_user boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    r record;
BEGIN
    PERFORM ca_check_role(role);
    -- rights that the kind had in earlier versions but no longer has
    IF kind = 'application' THEN
        FOR r IN SELECT m.relation FROM ca_members() AS m WHERE m.is_table AND m.of_users LOOP
            EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM %s', r.relation, role);
        END LOOP;
    ELSIF kind = 'analyst' THEN
        FOR r IN
            SELECT m.relation, ca_columns(m.relation, ca_secrets(m.name, m.of_users), true) AS secrets
            FROM ca_members() AS m
            WHERE m.is_table
        LOOP
            IF r.secrets IS NOT NULL THEN
                EXECUTE format('REVOKE SELECT (%s) ON %s FROM %s', r.secrets, r.relation, role);
            END IF;
        END LOOP;
    END IF;
    FOR r IN SELECT * FROM ca_rights(kind) LOOP
        EXECUTE format('GRANT %s ON %s TO %s', r.rights, r.relation, role);
    END LOOP;
    -- refresh_assets() reads the sequences of candles
    IF kind = 'operator' THEN
        EXECUTE format('GRANT SELECT ON SEQUENCE %s, %s TO %s', 'price_data_id_seq'::regclass,
                       'price_data_archive_id_seq'::regclass, role);
    END IF;
    IF every_user THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'ca_every_user()'::regprocedure, role);
    END IF;
    IF kind IN ('application', 'operator') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'record_asset_access(integer, text, timestamptz)'::regprocedure, role);
    END IF;
    IF kind IN ('sign_in', 'operator') THEN
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', 'user_by_email(text)'::regprocedure, role);
    END IF;
    IF NOT has_schema_privilege(role, '@extschema@'::regnamespace, 'USAGE') THEN
        EXECUTE format('GRANT USAGE ON SCHEMA %s TO %s', '@extschema@'::regnamespace, role);
    END IF;
    -- a GRANT by somebody other than the owner may only give a warning
    IF NOT has_schema_privilege(role, '@extschema@'::regnamespace, 'USAGE') THEN
        RAISE EXCEPTION 'must be owner of schema %', '@extschema@'::regnamespace
            USING ERRCODE = 'insufficient_privilege',
                  DETAIL = format('Role %s has no USAGE on it.', role),
                  HINT = 'Let the owner of the schema grant it first.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_grant(text, regrole, boolean) IS
    'grants a role the rights of a kind, on the rows of all users if requested, and USAGE on the schema';

CREATE OR REPLACE FUNCTION @extschema@.grant_analyst(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('analyst', role, true);
    PERFORM ca_check_secrets(role);
END;
$$;
COMMENT ON FUNCTION grant_analyst(regrole) IS
    'lets a role read everything except password hashes, tokens and balances; refused if the role could read those in another way';

CREATE OR REPLACE FUNCTION @extschema@.grant_application(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('application', role, false);
    PERFORM ca_check_bounds(role);
END;
$$;
COMMENT ON FUNCTION grant_application(regrole) IS
    'lets a role read the market, and read and write what belongs to the user of the setting cryptoanalytics.user_id; refused if row-level security does not bind the role';

CREATE OR REPLACE FUNCTION @extschema@.grant_sign_in(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('sign_in', role, true);
END;
$$;
COMMENT ON FUNCTION grant_sign_in(regrole) IS
    'lets a role sign users up, in and out: it may write accounts, sessions and activities of all users, but not roles, plans and balances';

CREATE OR REPLACE FUNCTION @extschema@.grant_operator(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_grant('operator', role, true);
END;
$$;
COMMENT ON FUNCTION grant_operator(regrole) IS
    'lets a role read and write all rows of all tables, as imports, archiving, alerts and maintenance require';

CREATE OR REPLACE FUNCTION @extschema@.revoke_rights(role regrole) RETURNS void
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    m record;
BEGIN
    PERFORM ca_check_role(role);
    PERFORM FROM ca_members() AS t JOIN pg_class AS c ON c.oid = t.relation WHERE c.relowner = role;
    IF FOUND THEN
        RAISE EXCEPTION 'role owns tables of extension cryptoanalytics'
            USING ERRCODE = 'invalid_grant_operation',
                  DETAIL = format('Role is %s.', role),
                  HINT = 'An owner has its rights without a grant, so they cannot be revoked here.';
    END IF;
    FOR m IN SELECT * FROM ca_members() LOOP
        -- this revokes those on columns too
        EXECUTE format('REVOKE ALL ON %s FROM %s', m.relation, role);
    END LOOP;
    EXECUTE format('REVOKE ALL ON SEQUENCE %s, %s FROM %s', 'price_data_id_seq'::regclass,
                   'price_data_archive_id_seq'::regclass, role);
    EXECUTE format('REVOKE ALL ON FUNCTION %s, %s, %s FROM %s', 'ca_every_user()'::regprocedure,
                   'user_by_email(text)'::regprocedure, 'record_asset_access(integer, text, timestamptz)'::regprocedure, role);
END;
$$;
COMMENT ON FUNCTION revoke_rights(regrole) IS
    'revokes all rights that the grants gave a role, except USAGE on the schema';

-- Functions with the rights of their owner search both schemas of the extension.
DO $$
DECLARE
    intruders text;
BEGIN
    SELECT pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname)
    INTO intruders
    FROM pg_catalog.pg_roles AS r
    WHERE NOT r.rolsuper
      AND r.rolname OPERATOR(pg_catalog.!~) '^pg_'
      AND (pg_catalog.has_schema_privilege(r.oid, '@extschema@'::pg_catalog.regnamespace, 'CREATE')
           OR pg_catalog.has_schema_privilege(r.oid, 'cryptoanalytics_internal', 'CREATE'));
    IF intruders IS NOT NULL THEN
        RAISE WARNING 'others may create objects in the schema of extension cryptoanalytics'
            USING DETAIL = pg_catalog.concat('Roles are ', intruders, '.'),
                  HINT = 'Their functions might run with the rights of the owner of the extension; REVOKE CREATE ON SCHEMA, or choose another schema.';
    END IF;
END;
$$;

-- sql/functions/access/installed.sql

-- What the extension itself puts on its tables and views. Made by scripts/installed.sql: change that, not this.

CREATE OR REPLACE FUNCTION ca_installed()
    RETURNS TABLE (name text, columns integer, row_security boolean, constraints text, indexes text, triggers text, policies text)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    VALUES
    ('ai_models', 20, false,
     'ai_models_architecture_check ai_models_model_type_check ai_models_name_version_key ai_models_pkey
      ai_models_status_check ai_models_target_variable_check',
     'ai_models_active_version_key',
     'ai_models_touch', ''),
    ('ai_recommendations', 19, true,
     'ai_recommendations_pkey ai_recommendations_prediction_id_fkey ai_recommendations_priority_level_check
      ai_recommendations_recommendation_type_check ai_recommendations_reviewed_by_fkey
      ai_recommendations_status_check ai_recommendations_target_entity_type_check
      ai_recommendations_user_rating_check',
     'ai_recommendations_expiry_idx ai_recommendations_prediction_id_idx ai_recommendations_reviewed_by_idx',
     'ai_recommendations_status ai_recommendations_touch', 'ai_recommendations_of_user'),
    ('alert_marks', 2, false,
     'alert_marks_asset_id_fkey alert_marks_checked_until_check alert_marks_pkey',
     '',
     '', ''),
    ('analytics_data', 8, false,
     'analytics_data_aggregation_level_check analytics_data_category_check analytics_data_finite_check
      analytics_data_pkey',
     'analytics_data_rolled_up_key',
     'analytics_data_touch', ''),
    ('assets', 31, false,
     'assets_access_count_check assets_ath_digits_check assets_atl_digits_check assets_circulating_supply_check
      assets_current_price_digits_check assets_finite_check assets_market_cap_check assets_market_cap_rank_check
      assets_max_supply_check assets_pkey assets_symbol_key assets_total_supply_check assets_total_volume_check',
     'assets_market_cap_rank_idx',
     'assets_drop_notes assets_touch', ''),
    ('background_tasks', 12, false,
     'background_tasks_execution_time_seconds_check background_tasks_pkey background_tasks_status_check
      background_tasks_task_type_check background_tasks_times_check',
     'background_tasks_ended_idx background_tasks_maintenance_idx background_tasks_pending_idx
      background_tasks_refresh_assets_idx background_tasks_running_idx',
     'background_tasks_moves background_tasks_touch', ''),
    ('cross_sector_analysis', 19, false,
     'cross_sector_analysis_ai_confidence_score_check cross_sector_analysis_ai_market_outlook_check
      cross_sector_analysis_ai_model_id_fkey cross_sector_analysis_metrics_snapshot_id_fkey
      cross_sector_analysis_outlook_duration_estimate_check cross_sector_analysis_pkey
      cross_sector_analysis_signal_agreement_score_check',
     'cross_sector_analysis_ai_model_id_idx cross_sector_analysis_metrics_snapshot_id_idx',
     'cross_sector_analysis_touch', ''),
    ('external_api_logs', 11, false,
     'external_api_logs_pkey external_api_logs_response_status_check external_api_logs_response_time_ms_check',
     'external_api_logs_created_at_idx',
     'external_api_logs_note_delete external_api_logs_note_insert external_api_logs_note_new
      external_api_logs_note_old external_api_logs_touch', ''),
    ('maintenance_runs', 19, false,
     'maintenance_runs_execution_time_seconds_check maintenance_runs_pkey maintenance_runs_status_check',
     '',
     '', ''),
    ('market_regime_analysis', 21, false,
     'market_regime_analysis_ai_confidence_score_check market_regime_analysis_ai_model_id_fkey
      market_regime_analysis_ai_regime_prediction_check market_regime_analysis_finite_check
      market_regime_analysis_metrics_snapshot_id_fkey market_regime_analysis_pkey
      market_regime_analysis_regime_check market_regime_analysis_regime_duration_estimate_check
      market_regime_analysis_signal_agreement_score_check market_regime_analysis_trend_strength_score_check',
     'market_regime_analysis_ai_model_id_idx market_regime_analysis_analysis_time_idx
      market_regime_analysis_metrics_snapshot_id_idx',
     'market_regime_analysis_touch', ''),
    ('metrics_snapshot', 31, false,
     'metrics_snapshot_active_addresses_btc_check metrics_snapshot_altcoin_dominance_check
      metrics_snapshot_btc_dominance_check metrics_snapshot_eth_dominance_check
      metrics_snapshot_fear_greed_index_check metrics_snapshot_finite_check
      metrics_snapshot_google_trends_score_check metrics_snapshot_halving_countdown_days_check
      metrics_snapshot_liquidations_long_check metrics_snapshot_liquidations_short_check
      metrics_snapshot_liquidity_score_check metrics_snapshot_open_interest_btc_check metrics_snapshot_pkey
      metrics_snapshot_rsi_14_check metrics_snapshot_timeframe_snapshot_time_key metrics_snapshot_total_check
      metrics_snapshot_usdt_dominance_check',
     '',
     'metrics_snapshot_touch', ''),
    ('model_leaderboard', 17, false,
     '',
     '',
     '', ''),
    ('model_performance', 11, false,
     'model_performance_evaluated_predictions_count_check model_performance_finite_check
      model_performance_model_id_fkey model_performance_pkey',
     'model_performance_evaluation_key',
     'model_performance_touch', ''),
    ('model_performance_history', 12, false,
     '',
     '',
     '', ''),
    ('notifications', 14, true,
     'notifications_notification_type_check notifications_pkey notifications_priority_check
      notifications_read_at_check notifications_status_check notifications_user_id_fkey',
     'notifications_due_idx notifications_unread_idx notifications_user_id_idx',
     'notifications_inserted notifications_read notifications_touch', 'notifications_of_user'),
    ('partial_candles', 5, false,
     'partial_candles_asset_id_fkey partial_candles_candle_time_check partial_candles_covered_check
      partial_candles_pkey partial_candles_timeframe_check',
     '',
     '', ''),
    ('portfolio', 26, true,
     'portfolio_allocation_target_percent_check portfolio_asset_check portfolio_asset_id_fkey
      portfolio_asset_type_check portfolio_counted_check portfolio_finite_check portfolio_investment_timeframe_check
      portfolio_leverage_ratio_check portfolio_max_allocation_percent_check portfolio_pkey portfolio_quantity_check
      portfolio_risk_category_check portfolio_trade_status_check portfolio_user_id_fkey',
     'portfolio_asset_id_idx portfolio_open_idx portfolio_user_id_idx',
     'portfolio_asset portfolio_derived portfolio_inserted portfolio_touch portfolio_turned', 'portfolio_of_user'),
    ('portfolio_positions', 20, false,
     '',
     '',
     '', ''),
    ('portfolio_totals', 7, false,
     '',
     '',
     '', ''),
    ('predictions', 28, false,
     'predictions_absolute_error_check predictions_accuracy_percentage_check predictions_accuracy_threshold_check
      predictions_ai_models_id_fkey predictions_asset_id_fkey predictions_confidence_score_check
      predictions_finite_check predictions_pkey predictions_prediction_horizon_check
      predictions_prediction_time_check predictions_squared_error_check predictions_volatility_level_check',
     'predictions_ai_models_id_evaluated_at_idx predictions_asset_id_created_at_idx predictions_due_idx
      predictions_horizon_idx',
     'predictions_inserted predictions_touch', ''),
    ('price_data', 12, false,
     'price_data_asset_id_fkey price_data_asset_id_timeframe_candle_time_key price_data_candle_time_check
      price_data_close_price_digits_check price_data_high_price_digits_check price_data_low_price_digits_check
      price_data_market_cap_check price_data_open_price_digits_check price_data_pkey price_data_price_range_check
      price_data_timeframe_check price_data_timeframe_start_check price_data_volume_check
      price_data_volume_digits_check',
     '',
     'price_data_change_key price_data_note_delete price_data_note_insert price_data_note_truncate
      price_data_note_update price_data_supersede', ''),
    ('price_data_archive', 12, false,
     'price_data_archive_asset_id_fkey price_data_archive_asset_id_timeframe_candle_time_key
      price_data_archive_candle_time_check price_data_archive_close_price_digits_check
      price_data_archive_high_price_digits_check price_data_archive_low_price_digits_check
      price_data_archive_market_cap_check price_data_archive_open_price_digits_check price_data_archive_pkey
      price_data_archive_price_range_check price_data_archive_timeframe_check
      price_data_archive_timeframe_start_check price_data_archive_volume_check
      price_data_archive_volume_digits_check',
     '',
     'price_data_archive_change_key price_data_archive_note_delete price_data_archive_note_insert
      price_data_archive_note_truncate price_data_archive_note_update price_data_archive_once', ''),
    ('price_data_compressed', 12, false,
     '',
     '',
     '', ''),
    ('price_data_segments', 7, false,
     'price_data_segments_asset_id_fkey price_data_segments_candles_check price_data_segments_indicators_check
      price_data_segments_pkey price_data_segments_time_check price_data_segments_timeframe_check',
     '',
     'price_data_segments_note_delete price_data_segments_note_truncate', ''),
    ('price_history', 14, false,
     '',
     '',
     '', ''),
    ('roll_up_marks', 5, false,
     'roll_up_marks_aggregation_level_check roll_up_marks_pkey roll_up_marks_source_check',
     '',
     '', ''),
    ('roll_up_notes', 4, false,
     'roll_up_notes_aggregation_level_check roll_up_notes_pkey',
     'roll_up_notes_period_idx',
     '', ''),
    ('sector_analysis', 33, false,
     'sector_analysis_active_protocols_check sector_analysis_active_users_check
      sector_analysis_ai_confidence_score_check sector_analysis_ai_model_id_fkey
      sector_analysis_ai_sector_outlook_check sector_analysis_correlation_with_btc_check
      sector_analysis_correlation_with_eth_check sector_analysis_finite_check sector_analysis_liquidity_score_check
      sector_analysis_metrics_snapshot_id_fkey sector_analysis_outlook_duration_estimate_check sector_analysis_pkey
      sector_analysis_relative_strength_score_check sector_analysis_rotation_inflow_score_check
      sector_analysis_rotation_outflow_score_check sector_analysis_sector_dominance_pct_check
      sector_analysis_sector_id_fkey sector_analysis_sector_market_cap_check sector_analysis_sector_volume_24h_check
      sector_analysis_signal_agreement_score_check sector_analysis_tvl_total_check
      sector_analysis_volatility_score_check',
     'sector_analysis_ai_model_id_idx sector_analysis_latest_idx sector_analysis_metrics_snapshot_id_idx
      sector_analysis_sector_id_idx',
     'sector_analysis_touch', ''),
    ('sector_history', 8, false,
     'sector_history_market_cap_check sector_history_pkey sector_history_sector_id_fkey
      sector_history_sector_id_timeframe_candle_time_key sector_history_volume_24h_check',
     '',
     '', ''),
    ('sector_mapping', 6, false,
     'sector_mapping_asset_id_fkey sector_mapping_asset_id_sector_id_key sector_mapping_pkey
      sector_mapping_sector_id_fkey',
     'sector_mapping_primary_sector_key sector_mapping_sector_id_asset_id_idx',
     'sector_mapping_touch', ''),
    ('sector_rotation_flows', 6, false,
     'sector_rotation_flows_cross_sector_analysis_id_fkey sector_rotation_flows_from_sector_id_fkey
      sector_rotation_flows_from_to_key sector_rotation_flows_pkey sector_rotation_flows_score_check
      sector_rotation_flows_sectors_check sector_rotation_flows_to_sector_id_fkey',
     'sector_rotation_flows_from_sector_id_idx sector_rotation_flows_to_sector_id_idx',
     '', ''),
    ('sectors', 12, false,
     'sectors_coingecko_id_key sectors_finite_check sectors_market_cap_check sectors_name_key sectors_pkey
      sectors_top_3_coins_id_check sectors_volume_24h_check',
     '',
     'sectors_touch', ''),
    ('series_locks', 4, false,
     'series_locks_asset_id_fkey series_locks_pkey series_locks_purpose_check',
     '',
     '', ''),
    ('signal_alerts', 15, true,
     'signal_alerts_alert_type_check signal_alerts_asset_id_fkey signal_alerts_condition_check
      signal_alerts_finite_check signal_alerts_notification_method_check signal_alerts_pkey
      signal_alerts_user_id_fkey',
     'signal_alerts_asset_id_idx signal_alerts_expires_at_idx signal_alerts_pending_idx signal_alerts_signal_idx
      signal_alerts_user_id_idx signal_alerts_value_idx',
     'signal_alerts_touch', 'signal_alerts_of_user'),
    ('signal_executions', 3, true,
     'signal_executions_pkey signal_executions_signal_id_fkey signal_executions_user_id_fkey',
     'signal_executions_signal_id_idx',
     '', 'signal_executions_of_user'),
    ('system_health', 11, false,
     'system_health_overall_health_score_check system_health_pkey',
     '',
     'system_health_touch', ''),
    ('technical_indicator_notes', 4, false,
     'technical_indicator_notes_pkey',
     'technical_indicator_notes_series_idx',
     '', ''),
    ('technical_indicator_states', 9, false,
     'technical_indicator_states_asset_id_fkey technical_indicator_states_asset_id_timeframe_place_key
      technical_indicator_states_candles_check technical_indicator_states_pkey',
     '',
     '', ''),
    ('trade_actions', 29, true,
     'trade_actions_action_source_check trade_actions_action_type_check trade_actions_capital_amount_check
      trade_actions_confidence_level_check trade_actions_finite_check trade_actions_market_sentiment_check
      trade_actions_pkey trade_actions_portfolio_id_fkey trade_actions_primary_setup_check
      trade_actions_quantity_check trade_actions_risk_percent_check trade_actions_signal_id_fkey
      trade_actions_stress_level_check trade_actions_timeframe_check trade_actions_volatility_level_check
      trade_actions_volume_profile_check',
     'trade_actions_portfolio_id_created_at_id_idx trade_actions_signal_id_idx',
     'trade_actions_deleted trade_actions_inserted trade_actions_restored trade_actions_signals_insert
      trade_actions_signals_update trade_actions_touch trade_actions_updated', 'trade_actions_of_user'),
    ('trading_signals', 14, false,
     'trading_signals_asset_id_fkey trading_signals_finite_check trading_signals_levels_check trading_signals_pkey
      trading_signals_prediction_id_fkey trading_signals_risk_level_check trading_signals_risk_reward_ratio_check
      trading_signals_signal_type_check trading_signals_status_check trading_signals_time_horizon_hours_check',
     'trading_signals_asset_id_created_at_idx trading_signals_asset_id_idx trading_signals_live_idx
      trading_signals_prediction_id_idx',
     'trading_signals_ratio_insert trading_signals_ratio_update trading_signals_touch', ''),
    ('user_activities', 11, true,
     'user_activities_pkey user_activities_session_id_fkey user_activities_user_id_fkey',
     'user_activities_created_at_idx user_activities_session_id_idx user_activities_user_id_created_at_idx',
     'user_activities_note_insert', 'user_activities_of_user'),
    ('user_sessions', 11, true,
     'user_sessions_pkey user_sessions_session_token_key user_sessions_user_id_fkey',
     'user_sessions_user_id_idx',
     'user_sessions_touch', 'user_sessions_of_user'),
    ('users', 32, true,
     'users_deleted_by_fkey users_failed_login_attempts_check users_finite_check users_login_count_check users_pkey
      users_referral_code_key users_referral_count_check users_referred_by_fkey users_role_check
      users_subscription_plan_check',
     'users_deleted_by_idx users_email_key users_referred_by_idx',
     'users_referrals_deleted users_referrals_inserted users_referrals_updated users_touch users_unlocked', 'users_of_user'),
    ('watchlist_assets', 11, true,
     'watchlist_assets_added_by_fkey watchlist_assets_asset_id_fkey watchlist_assets_last_modified_by_fkey
      watchlist_assets_pkey watchlist_assets_position_check watchlist_assets_position_type_check
      watchlist_assets_watchlist_id_asset_id_position_type_key watchlist_assets_watchlist_id_fkey',
     'watchlist_assets_active_idx watchlist_assets_added_by_idx watchlist_assets_asset_id_idx
      watchlist_assets_last_modified_by_idx',
     'watchlist_assets_deleted watchlist_assets_editor watchlist_assets_inserted watchlist_assets_touch
      watchlist_assets_updated', 'watchlist_assets_of_user watchlist_assets_seen'),
    ('watchlists', 11, true,
     'watchlists_max_assets_check watchlists_owner_check watchlists_pkey watchlists_user_id_fkey
      watchlists_watchlist_type_check',
     'watchlists_user_id_idx',
     'watchlists_narrowed watchlists_touch', 'watchlists_default watchlists_default_written watchlists_of_user'),
    ('work_locks', 1, false,
     'work_locks_pkey',
     '',
     '', '');
END;
COMMENT ON FUNCTION ca_installed() IS
    'number of columns, row-level security, and names of constraints, of indexes that do not belong to a constraint, triggers and policies of each table and view, as installed';

-- sql/functions/access/added_by_hand.sql

-- What was added by hand to tables and views of the extension. pg_dump leaves it out because their
-- definition comes from the install script.
--
-- pg_catalog alone is searched, so that every other name is printed with its schema.

CREATE OR REPLACE FUNCTION ca_added_columns() RETURNS TABLE (rank integer, name text, ddl text, object text, description text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT 1, a.attname::text,
           format('ALTER TABLE %s ADD COLUMN %I %s', m.relation, a.attname, format_type(a.atttypid, a.atttypmod))
           || CASE WHEN a.attcollation <> t.typcollation THEN ' COLLATE ' || a.attcollation::regcollation ELSE '' END
           || CASE a.attgenerated
                   WHEN 's' THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid))
                   WHEN 'v' THEN format(' GENERATED ALWAYS AS (%s) VIRTUAL', pg_get_expr(d.adbin, d.adrelid))
                   ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END
           || CASE a.attidentity WHEN 'a' THEN ' GENERATED ALWAYS AS IDENTITY'
                                 WHEN 'd' THEN ' GENERATED BY DEFAULT AS IDENTITY' ELSE '' END
           || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
           format('COLUMN %s.%I', m.relation, a.attname), col_description(a.attrelid, a.attnum)
    FROM ca_members() AS m
    JOIN ca_installed() AS i ON i.name = m.name
    JOIN pg_attribute AS a ON a.attrelid = m.relation AND a.attnum > i.columns AND NOT a.attisdropped
    JOIN pg_type AS t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE m.is_table;
END;
COMMENT ON FUNCTION ca_added_columns() IS
    'columns that were added by hand, and the comments on them';

CREATE OR REPLACE FUNCTION ca_added_objects() RETURNS TABLE (rank integer, name text, ddl text, object text, description text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH member AS (
        SELECT m.relation, i.columns, regexp_split_to_array(i.constraints, '\s+') AS constraints,
               regexp_split_to_array(i.indexes, '\s+') AS indexes, regexp_split_to_array(i.triggers, '\s+') AS triggers,
               regexp_split_to_array(i.policies, '\s+') AS policies
        FROM ca_members() AS m
        JOIN ca_installed() AS i ON i.name = m.name
    )
    -- keys before the foreign keys that refer to them
    SELECT CASE n.contype WHEN 'f' THEN 3 ELSE 2 END, n.conname::text,
           format('ALTER TABLE %s ADD CONSTRAINT %I %s', m.relation, n.conname, pg_get_constraintdef(n.oid)),
           format('CONSTRAINT %I ON %s', n.conname, m.relation), obj_description(n.oid, 'pg_constraint')
    FROM member AS m
    JOIN pg_constraint AS n ON n.conrelid = m.relation
    WHERE n.contype IN ('c', 'f', 'p', 'u', 'x') AND n.conname <> ALL (m.constraints)
    UNION ALL
    SELECT 4, x.relname::text, pg_get_indexdef(x.oid),
           format('INDEX %s', x.oid::regclass), obj_description(x.oid, 'pg_class')
    FROM member AS m
    JOIN pg_index AS i ON i.indrelid = m.relation
    JOIN pg_class AS x ON x.oid = i.indexrelid
    WHERE x.relname <> ALL (m.indexes)
      AND NOT EXISTS (SELECT FROM pg_constraint AS n WHERE n.conindid = x.oid AND n.contype IN ('p', 'u', 'x'))
    UNION ALL
    SELECT 4, s.stxname::text, pg_get_statisticsobjdef(s.oid),
           format('STATISTICS %s.%I', s.stxnamespace::regnamespace, s.stxname), obj_description(s.oid, 'pg_statistic_ext')
    FROM member AS m
    JOIN pg_statistic_ext AS s ON s.stxrelid = m.relation    UNION ALL
    SELECT 5, r.rulename::text, rtrim(pg_get_ruledef(r.oid), ';'),
           format('RULE %I ON %s', r.rulename, m.relation), obj_description(r.oid, 'pg_rewrite')
    FROM member AS m
    JOIN pg_rewrite AS r ON r.ev_class = m.relation
    WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 6, t.tgname::text, pg_get_triggerdef(t.oid),
           format('TRIGGER %I ON %s', t.tgname, m.relation), obj_description(t.oid, 'pg_trigger')
    FROM member AS m
    JOIN pg_trigger AS t ON t.tgrelid = m.relation
    WHERE NOT t.tgisinternal AND t.tgname <> ALL (m.triggers)
    UNION ALL
    SELECT 7, p.polname::text,
           format('CREATE POLICY %I ON %s AS %s FOR %s TO %s', p.polname, m.relation,
                  CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
                  CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
                  (SELECT string_agg(CASE WHEN r.oid = 0 THEN 'PUBLIC' ELSE r.oid::regrole::text END, ', ' ORDER BY r.oid)
                   FROM unnest(p.polroles) AS r (oid)))
           || coalesce(' USING (' || pg_get_expr(p.polqual, p.polrelid) || ')', '')
           || coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''),
           format('POLICY %I ON %s', p.polname, m.relation), obj_description(p.oid, 'pg_policy')
    FROM member AS m
    JOIN pg_policy AS p ON p.polrelid = m.relation
    WHERE p.polname <> ALL (m.policies);
END;
COMMENT ON FUNCTION ca_added_objects() IS
    'constraints, indexes, statistics, rules, triggers and policies that were added by hand, and the comments on them';

CREATE OR REPLACE FUNCTION ca_changed_settings() RETURNS TABLE (rank integer, name text, ddl text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH member AS (
        SELECT m.relation, c.*, i.columns, i.row_security
        FROM ca_members() AS m
        JOIN ca_installed() AS i ON i.name = m.name
        JOIN pg_class AS c ON c.oid = m.relation
    )
    SELECT s.rank, m.relname::text, format('ALTER TABLE %s %s', m.relation, s.change)
    FROM member AS m
    CROSS JOIN LATERAL (
        SELECT 8, CASE WHEN m.relrowsecurity THEN 'ENABLE' ELSE 'DISABLE' END || ' ROW LEVEL SECURITY'
        WHERE m.relrowsecurity <> m.row_security
        UNION ALL
        SELECT 8, 'FORCE ROW LEVEL SECURITY'
        WHERE m.relforcerowsecurity
        UNION ALL
        SELECT 9, format('%s TRIGGER %I', CASE t.tgenabled WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA'
                                                           ELSE 'ENABLE ALWAYS' END, t.tgname)
        FROM pg_trigger AS t
        WHERE t.tgrelid = m.oid AND NOT t.tgisinternal AND t.tgenabled <> 'O'
        UNION ALL
        SELECT 9, CASE m.relreplident
                       WHEN 'f' THEN 'REPLICA IDENTITY FULL' WHEN 'n' THEN 'REPLICA IDENTITY NOTHING'
                       ELSE (SELECT format('REPLICA IDENTITY USING INDEX %I', x.relname)
                             FROM pg_index AS i JOIN pg_class AS x ON x.oid = i.indexrelid
                             WHERE i.indrelid = m.oid AND i.indisreplident) END
        WHERE m.relkind = 'r' AND m.relreplident <> 'd'
        UNION ALL
        SELECT 9, (SELECT 'SET (' || string_agg(format('%s%I = %L', o.prefix, split_part(o.option, '=', 1),
                                                             substr(o.option, strpos(o.option, '=') + 1)), ', ') || ')'
                   FROM (SELECT '' AS prefix, unnest(m.reloptions) AS option
                         UNION ALL
                         SELECT 'toast.', unnest(x.reloptions) FROM pg_class AS x WHERE x.oid = m.reltoastrelid) AS o
                   -- set by the install script itself
                   WHERE (m.relname::text, o.option) NOT IN (
                       ('technical_indicator_states', 'fillfactor=40'),
                       ('technical_indicator_states', 'toast_tuple_target=8160'),
                       ('maintenance_runs', 'fillfactor=20'),
                       ('roll_up_marks', 'fillfactor=20')))
        WHERE m.relkind = 'r'
        UNION ALL
        SELECT 9, format('ALTER COLUMN %I SET STATISTICS %s', a.attname, a.attstattarget)
        FROM pg_attribute AS a
        WHERE a.attrelid = m.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attstattarget >= 0
        UNION ALL
        SELECT 9, 'INHERIT ' || h.inhparent::regclass
        FROM pg_inherits AS h
        WHERE h.inhrelid = m.oid) AS s (rank, change)
    WHERE s.change IS NOT NULL
    UNION ALL
    -- an added identity continues where it was
    SELECT 9, m.relname::text,
           format('SELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence(%L, %L), %s)', m.relation, a.attname,
                  pg_sequence_last_value(q.seqrelid))
    FROM member AS m
    JOIN pg_attribute AS a ON a.attrelid = m.oid AND a.attnum > m.columns AND a.attidentity <> ''
    JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = m.oid AND d.refobjsubid = a.attnum
                       AND d.classid = 'pg_class'::regclass AND d.deptype = 'i'
    JOIN pg_sequence AS q ON q.seqrelid = d.objid
    WHERE pg_sequence_last_value(q.seqrelid) IS NOT NULL
    UNION ALL
    SELECT 10, m.relname::text,
           -- a dump of PostgreSQL 18 already has it
           format('DO %L', format('BEGIN ALTER PUBLICATION %I ADD TABLE ONLY %s%s%s; EXCEPTION WHEN duplicate_object THEN NULL; END',
                  p.pubname, m.relation,
                  ' (' || (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum)
                           FROM pg_attribute AS a
                           WHERE a.attrelid = m.oid AND a.attnum = ANY (r.prattrs)) || ')',
                  ' WHERE (' || pg_get_expr(r.prqual, r.prrelid) || ')'))
    FROM member AS m
    JOIN pg_publication_rel AS r ON r.prrelid = m.oid
    JOIN pg_publication AS p ON p.oid = r.prpubid;
END;
COMMENT ON FUNCTION ca_changed_settings() IS
    'row-level security, firing of triggers, storage parameters, statistics targets, inheritance, publications and added sequences that differ from what is installed';

CREATE OR REPLACE FUNCTION @extschema@.added_by_hand(OUT section text, OUT ddl text) RETURNS SETOF record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    -- columns must exist before their values are restored
    SELECT CASE d.rank WHEN 1 THEN 'pre-data' ELSE 'post-data' END, d.ddl || ';'
    FROM (SELECT c.rank, c.name, c.ddl, 1 AS part FROM ca_added_columns() AS c
          UNION ALL
          SELECT o.rank, o.name, o.ddl, 1 FROM ca_added_objects() AS o
          UNION ALL
          SELECT s.rank, s.name, s.ddl, 1 FROM ca_changed_settings() AS s
          UNION ALL
          SELECT c.rank, c.name, format('COMMENT ON %s IS %L', c.object, c.description), 2
          FROM (SELECT * FROM ca_added_columns() UNION ALL SELECT * FROM ca_added_objects()) AS c
          WHERE c.description IS NOT NULL) AS d
    ORDER BY d.rank, d.part, d.name, d.ddl;
END;
COMMENT ON FUNCTION added_by_hand() IS
    'commands that recreate what was added by hand to tables and views of the extension, which pg_dump leaves out: run pre-data before the rows are restored, post-data after';

-- sql/updates/next.sql

