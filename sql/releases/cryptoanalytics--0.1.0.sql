-- Made by "make sql" from the parts named below. Change those, not this.

\echo Use "CREATE EXTENSION cryptoanalytics" to load this file. \quit

-- sql/functions/timeframe.sql

-- Timeframes: codes and candle boundaries, always in UTC.

CREATE FUNCTION timeframe_is_valid(timeframe text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_is_valid';
COMMENT ON FUNCTION timeframe_is_valid(text) IS
    'whether this is a timeframe code: 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M';

CREATE FUNCTION timeframe_bucket(timeframe text, ts timestamptz) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_bucket';
COMMENT ON FUNCTION timeframe_bucket(text, timestamptz) IS
    'start of the candle that holds ts, in UTC';

CREATE FUNCTION timeframe_end(timeframe text, candle_time timestamptz) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_end';
COMMENT ON FUNCTION timeframe_end(text, timestamptz) IS
    'first instant after the candle that holds candle_time, in UTC';

CREATE FUNCTION timeframe_count(timeframe text, since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_count';
COMMENT ON FUNCTION timeframe_count(text, timestamptz, timestamptz) IS
    'how many candles start in [since, until)';

CREATE FUNCTION timeframe_divides(source text, timeframe text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_divides';
COMMENT ON FUNCTION timeframe_divides(text, text) IS
    'whether each candle of timeframe is made of whole candles of source; a timeframe does not divide itself';

CREATE FUNCTION timeframe_length(timeframe text) RETURNS interval
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_length';
COMMENT ON FUNCTION timeframe_length(text) IS
    'length of a candle; add it to a UTC timestamp without time zone, where every day has 24 hours';

CREATE FUNCTION timeframes() RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 15
BEGIN ATOMIC
    SELECT code
    FROM unnest(ARRAY['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M']) AS code;
END;
COMMENT ON FUNCTION timeframes() IS
    'all timeframe codes, shortest first';

CREATE FUNCTION timeframe_series(timeframe text, since timestamptz, until timestamptz) RETURNS SETOF timestamptz
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
    'start of each candle in [since, until), ascending';

-- sql/functions/candlestick.sql

-- Candlesticks: the type, its aggregation state and the aggregates.

CREATE TYPE candlestick AS (
    open_time timestamptz,
    open numeric,
    high numeric,
    low numeric,
    close numeric,
    volume numeric,
    vwap numeric,
    trades bigint,
    close_time timestamptz
);
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
COMMENT ON COLUMN candlestick.trades IS 'number of trades; NULL when unknown, as for ready candles';
COMMENT ON COLUMN candlestick.close_time IS 'time of the last trade, or start of the last candle';

CREATE TYPE candlestick_state;
COMMENT ON TYPE candlestick_state IS
    'partial result of a candlestick aggregate, for parallel and distributed plans; not for storing';

CREATE FUNCTION ca_candlestick_state_in(cstring) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_in';
COMMENT ON FUNCTION ca_candlestick_state_in(cstring) IS 'input: hexadecimal';

CREATE FUNCTION ca_candlestick_state_out(candlestick_state) RETURNS cstring
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_out';
COMMENT ON FUNCTION ca_candlestick_state_out(candlestick_state) IS 'output: hexadecimal';

CREATE FUNCTION ca_candlestick_state_recv(internal) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_recv';
COMMENT ON FUNCTION ca_candlestick_state_recv(internal) IS 'binary input';

CREATE FUNCTION ca_candlestick_state_send(candlestick_state) RETURNS bytea
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_state_send';
COMMENT ON FUNCTION ca_candlestick_state_send(candlestick_state) IS 'binary output';

CREATE TYPE candlestick_state (
    INPUT = ca_candlestick_state_in,
    OUTPUT = ca_candlestick_state_out,
    RECEIVE = ca_candlestick_state_recv,
    SEND = ca_candlestick_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);

CREATE FUNCTION ca_candlestick_final(candlestick_state) RETURNS candlestick
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_final';
COMMENT ON FUNCTION ca_candlestick_final(candlestick_state) IS 'final function of the candlestick aggregates';

CREATE FUNCTION ca_candlestick_combine(candlestick_state, candlestick_state) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_combine';
COMMENT ON FUNCTION ca_candlestick_combine(candlestick_state, candlestick_state) IS
    'combine function of the candlestick aggregates';

CREATE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_candlestick_rollup_accum';
COMMENT ON FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) IS
    'transition function of rollup';

CREATE AGGREGATE candlestick_agg(ts timestamptz, price numeric, volume numeric) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 256,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric) IS
    'candlestick of trades, in any order; among trades of one time the lower price counts as earlier';

CREATE AGGREGATE candlestick_agg(ts timestamptz, price numeric, volume numeric, sequence bigint) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 256,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric, bigint) IS
    'candlestick of trades, in any order; the sequence orders trades of one time';

CREATE AGGREGATE candlestick_agg(ts timestamptz, price double precision, volume double precision) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 256,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision) IS
    'candlestick of trades, in any order; a double counts as the shortest decimal that reads back as itself';

CREATE AGGREGATE candlestick_agg(ts timestamptz, price double precision, volume double precision, sequence bigint) (
    SFUNC = ca_candlestick_trade_accum,
    STYPE = candlestick_state,
    SSPACE = 256,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision, bigint) IS
    'candlestick of trades, in any order; the sequence orders trades of one time';

CREATE AGGREGATE candlestick_agg(ts timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric) (
    SFUNC = ca_candlestick_bar_accum,
    STYPE = candlestick_state,
    SSPACE = 256,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, numeric, numeric, numeric, numeric, numeric) IS
    'candlestick of ready candles, in any order';

CREATE AGGREGATE candlestick_agg(ts timestamptz, open double precision, high double precision, low double precision, close double precision, volume double precision) (
    SFUNC = ca_candlestick_bar_accum,
    STYPE = candlestick_state,
    SSPACE = 256,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE candlestick_agg(timestamptz, double precision, double precision, double precision, double precision, double precision) IS
    'candlestick of ready candles, in any order; a double counts as the shortest decimal that reads back as itself';

CREATE AGGREGATE rollup(candle candlestick) (
    SFUNC = ca_candlestick_rollup_accum,
    STYPE = candlestick_state,
    SSPACE = 256,
    FINALFUNC = ca_candlestick_final,
    FINALFUNC_MODIFY = READ_ONLY,
    COMBINEFUNC = ca_candlestick_combine,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rollup(candlestick) IS
    'one candlestick of many, in any order: minutes to hours, hours to days, equal to going there directly';

-- sql/functions/indicators.sql

-- Technical indicators, as aggregates for GROUP BY and for windows.

CREATE TYPE macd_value AS (
    value double precision,
    signal double precision,
    histogram double precision
);
COMMENT ON TYPE macd_value IS 'moving average convergence/divergence: result of macd()';
COMMENT ON COLUMN macd_value.value IS 'fast EMA minus slow EMA';
COMMENT ON COLUMN macd_value.signal IS 'EMA of value';
COMMENT ON COLUMN macd_value.histogram IS 'value minus signal';

CREATE FUNCTION ca_indicator_final(internal) RETURNS double precision
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicator_final';
COMMENT ON FUNCTION ca_indicator_final(internal) IS 'final function of indicators with one value';

CREATE FUNCTION ca_macd_final(internal) RETURNS macd_value
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_final';
COMMENT ON FUNCTION ca_macd_final(internal) IS 'final function of macd';

CREATE FUNCTION ca_sma_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sma_accum';
COMMENT ON FUNCTION ca_sma_accum(internal, numeric, integer) IS 'transition function of sma';

CREATE AGGREGATE sma(x numeric, n integer) (
    SFUNC = ca_sma_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sma(numeric, integer) IS
    'simple moving average of the last n values; NULL for the first n - 1';

CREATE FUNCTION ca_sma_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sma_accum';
COMMENT ON FUNCTION ca_sma_accum(internal, double precision, integer) IS 'transition function of sma';

CREATE AGGREGATE sma(x double precision, n integer) (
    SFUNC = ca_sma_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sma(double precision, integer) IS
    'simple moving average of the last n values; NULL for the first n - 1';

CREATE FUNCTION ca_ema_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, numeric, integer) IS 'transition function of ema';

CREATE AGGREGATE ema(x numeric, n integer) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(numeric, integer) IS
    'exponential moving average, alpha 2 / (n + 1), seeded with the mean of the first n values; NULL for the first n - 1';

CREATE FUNCTION ca_ema_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_ema_accum';
COMMENT ON FUNCTION ca_ema_accum(internal, double precision, integer) IS 'transition function of ema';

CREATE AGGREGATE ema(x double precision, n integer) (
    SFUNC = ca_ema_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ema(double precision, integer) IS
    'exponential moving average, alpha 2 / (n + 1), seeded with the mean of the first n values; NULL for the first n - 1';

CREATE FUNCTION ca_rsi_accum(internal, numeric, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric, integer) IS 'transition function of rsi';

CREATE AGGREGATE rsi(x numeric, n integer) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric, integer) IS
    'relative strength index of Wilder, 0 to 100, 50 when nothing has moved; NULL for the first n values';

CREATE FUNCTION ca_rsi_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, numeric) IS 'transition function of rsi';

CREATE AGGREGATE rsi(x numeric) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(numeric) IS
    'relative strength index of Wilder over 14 values';

CREATE FUNCTION ca_rsi_accum(internal, double precision, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision, integer) IS 'transition function of rsi';

CREATE AGGREGATE rsi(x double precision, n integer) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision, integer) IS
    'relative strength index of Wilder, 0 to 100, 50 when nothing has moved; NULL for the first n values';

CREATE FUNCTION ca_rsi_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rsi_accum';
COMMENT ON FUNCTION ca_rsi_accum(internal, double precision) IS 'transition function of rsi';

CREATE AGGREGATE rsi(x double precision) (
    SFUNC = ca_rsi_accum,
    STYPE = internal,
    FINALFUNC = ca_indicator_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rsi(double precision) IS
    'relative strength index of Wilder over 14 values';

CREATE FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric, integer, integer, integer) IS 'transition function of macd';

CREATE AGGREGATE macd(x numeric, fast integer, slow integer, signal integer) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric, integer, integer, integer) IS
    'moving average convergence/divergence; NULL for the first slow + signal - 2 values';

CREATE FUNCTION ca_macd_accum(internal, numeric) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, numeric) IS 'transition function of macd';

CREATE AGGREGATE macd(x numeric) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(numeric) IS
    'moving average convergence/divergence with periods 12, 26 and 9';

CREATE FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision, integer, integer, integer) IS 'transition function of macd';

CREATE AGGREGATE macd(x double precision, fast integer, slow integer, signal integer) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision, integer, integer, integer) IS
    'moving average convergence/divergence; NULL for the first slow + signal - 2 values';

CREATE FUNCTION ca_macd_accum(internal, double precision) RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_macd_accum';
COMMENT ON FUNCTION ca_macd_accum(internal, double precision) IS 'transition function of macd';

CREATE AGGREGATE macd(x double precision) (
    SFUNC = ca_macd_accum,
    STYPE = internal,
    FINALFUNC = ca_macd_final,
    FINALFUNC_MODIFY = READ_ONLY,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE macd(double precision) IS
    'moving average convergence/divergence with periods 12, 26 and 9';

-- sql/functions/errors.sql

-- Error metrics of predictions.
--
-- The metrics of one pair of arguments bear the same transition function,
-- state type and initial condition, so that PostgreSQL computes one state for
-- all that a query asks for.  The initial conditions are as long as the C
-- structs that they stand for.

-- metrics of (actual, predicted)

CREATE FUNCTION ca_error_accum(
    state double precision[], actual double precision, predicted double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_accum(double precision[], double precision, double precision) IS
    'transition function of mae, mse, rmse, max_error, mape, smape, wape and r2';

CREATE FUNCTION ca_error_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_error_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_error_combine(double precision[], double precision[]) IS
    'combine function of mae, mse, rmse, max_error, mape, smape, wape and r2';

CREATE FUNCTION ca_mae_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mae_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mae_final(double precision[]) IS
    'final function of mae';

CREATE FUNCTION ca_mse_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mse_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mse_final(double precision[]) IS
    'final function of mse';

CREATE FUNCTION ca_rmse_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_rmse_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_rmse_final(double precision[]) IS
    'final function of rmse';

CREATE FUNCTION ca_max_error_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_max_error_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_max_error_final(double precision[]) IS
    'final function of max_error';

CREATE FUNCTION ca_mape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mape_final(double precision[]) IS
    'final function of mape';

CREATE FUNCTION ca_smape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_smape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_smape_final(double precision[]) IS
    'final function of smape';

CREATE FUNCTION ca_wape_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_wape_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_wape_final(double precision[]) IS
    'final function of wape';

CREATE FUNCTION ca_r2_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_r2_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_r2_final(double precision[]) IS
    'final function of r2';

CREATE AGGREGATE mae(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mae_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mae(double precision, double precision) IS
    'mean absolute error; NULL without pairs';

CREATE AGGREGATE mse(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_mse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE mse(double precision, double precision) IS
    'mean squared error; NULL without pairs';

CREATE AGGREGATE rmse(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_rmse_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE rmse(double precision, double precision) IS
    'root of the mean squared error; NULL without pairs';

CREATE AGGREGATE max_error(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_max_error_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE max_error(double precision, double precision) IS
    'greatest absolute error; NULL without pairs';

CREATE AGGREGATE mape(actual double precision, predicted double precision) (
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

CREATE AGGREGATE smape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_smape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE smape(double precision, double precision) IS
    'symmetric mean absolute percentage error, from 0 to 2; a pair of zeros counts as 0';

CREATE AGGREGATE wape(actual double precision, predicted double precision) (
    SFUNC = ca_error_accum,
    STYPE = double precision[],
    FINALFUNC = ca_wape_final,
    COMBINEFUNC = ca_error_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE wape(double precision, double precision) IS
    'sum of absolute errors relative to the sum of absolute actual values; NULL if that is 0';

CREATE AGGREGATE r2(actual double precision, predicted double precision) (
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

CREATE FUNCTION ca_medae_accum(state internal, actual double precision, predicted double precision)
    RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_accum(internal, double precision, double precision) IS
    'transition function of medae';

CREATE FUNCTION ca_medae_combine(state internal, other internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_combine'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_combine(internal, internal) IS
    'combine function of medae';

CREATE FUNCTION ca_medae_serialize(state internal) RETURNS bytea
    AS 'MODULE_PATHNAME', 'ca_medae_serialize'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_serialize(internal) IS
    'serialization function of medae';

CREATE FUNCTION ca_medae_deserialize(message bytea, state internal) RETURNS internal
    AS 'MODULE_PATHNAME', 'ca_medae_deserialize'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_deserialize(bytea, internal) IS
    'deserialization function of medae';

CREATE FUNCTION ca_medae_final(state internal) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_medae_final'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_medae_final(internal) IS
    'final function of medae';

CREATE AGGREGATE medae(actual double precision, predicted double precision) (
    SFUNC = ca_medae_accum,
    STYPE = internal,
    FINALFUNC = ca_medae_final,
    COMBINEFUNC = ca_medae_combine,
    SERIALFUNC = ca_medae_serialize,
    DESERIALFUNC = ca_medae_deserialize,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE medae(double precision, double precision) IS
    'median absolute error; NULL without pairs; keeps 8 bytes or more a pair in memory';

-- errors against a naive forecast

CREATE FUNCTION ca_mase_accum(
    state double precision[], actual double precision, predicted double precision,
    naive_error double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_mase_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_accum(
    double precision[], double precision, double precision, double precision) IS
    'transition function of mase';

CREATE FUNCTION ca_mase_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_mase_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_combine(double precision[], double precision[]) IS
    'combine function of mase';

CREATE FUNCTION ca_mase_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_mase_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_mase_final(double precision[]) IS
    'final function of mase';

CREATE AGGREGATE mase(
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

CREATE FUNCTION ca_direction_accum(
    state double precision[], reference double precision, actual double precision,
    predicted double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_direction_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_direction_accum(
    double precision[], double precision, double precision, double precision) IS
    'transition function of directional_accuracy';

CREATE FUNCTION ca_direction_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_direction_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_direction_combine(double precision[], double precision[]) IS
    'combine function of directional_accuracy';

CREATE FUNCTION ca_directional_accuracy_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_directional_accuracy_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_directional_accuracy_final(double precision[]) IS
    'final function of directional_accuracy';

CREATE AGGREGATE directional_accuracy(
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

CREATE FUNCTION ca_probability_accum(
    state double precision[], outcome double precision, probability double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_accum'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_accum(double precision[], double precision, double precision) IS
    'transition function of brier_score, log_loss and ece for outcomes 0 and 1';

CREATE FUNCTION ca_probability_accum_bool(
    state double precision[], outcome boolean, probability double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_accum_bool'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_accum_bool(double precision[], boolean, double precision) IS
    'transition function of brier_score, log_loss and ece for boolean outcomes';

CREATE FUNCTION ca_probability_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_probability_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_probability_combine(double precision[], double precision[]) IS
    'combine function of brier_score, log_loss and ece';

CREATE FUNCTION ca_brier_score_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_brier_score_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_brier_score_final(double precision[]) IS
    'final function of brier_score';

CREATE FUNCTION ca_log_loss_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_log_loss_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_log_loss_final(double precision[]) IS
    'final function of log_loss';

CREATE FUNCTION ca_ece_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_ece_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_ece_final(double precision[]) IS
    'final function of ece';

CREATE AGGREGATE brier_score(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_brier_score_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier_score(boolean, double precision) IS
    'mean squared difference between outcome and probability; NULL without pairs';

CREATE AGGREGATE brier_score(outcome double precision, probability double precision) (
    SFUNC = ca_probability_accum,
    STYPE = double precision[],
    FINALFUNC = ca_brier_score_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE brier_score(double precision, double precision) IS
    'mean squared difference between outcome and probability; NULL without pairs';

CREATE AGGREGATE log_loss(outcome boolean, probability double precision) (
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

CREATE AGGREGATE log_loss(outcome double precision, probability double precision) (
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

CREATE AGGREGATE ece(outcome boolean, probability double precision) (
    SFUNC = ca_probability_accum_bool,
    STYPE = double precision[],
    FINALFUNC = ca_ece_final,
    COMBINEFUNC = ca_probability_combine,
    INITCOND = '{0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ece(boolean, double precision) IS
    'expected calibration error over ten bins of equal width; NULL without pairs';

CREATE AGGREGATE ece(outcome double precision, probability double precision) (
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

CREATE FUNCTION ca_sharpe_accum(
    state double precision[], return double precision, periods_per_year double precision
) RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_accum(double precision[], double precision, double precision) IS
    'transition function of sharpe_ratio';

CREATE FUNCTION ca_sharpe_accum(state double precision[], return double precision)
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_accum'
    LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_accum(double precision[], double precision) IS
    'transition function of sharpe_ratio for daily returns';

CREATE FUNCTION ca_sharpe_combine(state double precision[], other double precision[])
    RETURNS double precision[]
    AS 'MODULE_PATHNAME', 'ca_sharpe_combine'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_combine(double precision[], double precision[]) IS
    'combine function of sharpe_ratio';

CREATE FUNCTION ca_sharpe_final(state double precision[]) RETURNS double precision
    AS 'MODULE_PATHNAME', 'ca_sharpe_final'
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
COMMENT ON FUNCTION ca_sharpe_final(double precision[]) IS
    'final function of sharpe_ratio';

CREATE AGGREGATE sharpe_ratio(return double precision, periods_per_year double precision) (
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

CREATE AGGREGATE sharpe_ratio(return double precision) (
    SFUNC = ca_sharpe_accum,
    STYPE = double precision[],
    FINALFUNC = ca_sharpe_final,
    COMBINEFUNC = ca_sharpe_combine,
    INITCOND = '{0,0,0,0,0,0,0}',
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE sharpe_ratio(double precision) IS
    'sharpe_ratio of daily returns, 365 a year';

-- sql/schema/types.sql

-- types.sql: what the tables share and no table owns
--
-- Conventions of every table below:
--   - A closed list of values is text under a CHECK, not an enum: a value is added to it
--     without rewriting the table.  A list the data model introduces with "e.g." stays open.
--   - No numeric column takes NaN or infinity, for one NaN would poison every aggregate over
--     it: each is under all_finite() or in a range.  NaN sorts above Infinity, so
--     "x < 'Infinity'" refuses both.
--   - NULL stands for "not known"; what always is known is NOT NULL.
--   - Every foreign key has an index; the comment on an index says which rows it finds.

CREATE FUNCTION all_finite(VARIADIC amounts numeric[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
RETURN ('NaN' <> ALL (amounts)
        AND 'Infinity' <> ALL (amounts) AND '-Infinity' <> ALL (amounts)) IS NOT FALSE;
COMMENT ON FUNCTION all_finite(numeric[]) IS
    'whether no amount is NaN or infinite; for CHECK constraints, so a NULL does not matter';

CREATE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION touch_updated_at() IS
    'trigger: sets updated_at to the start of the transaction';

-- sql/schema/users.sql

-- users.sql: accounts, their sessions and what they did
--
-- An account is deleted softly (deleted_at, deleted_by); deleting the row itself takes
-- everything the user owns along, and leaves what the user merely touched.

CREATE TABLE users (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    email varchar NOT NULL,
    password_hash varchar NOT NULL,
    first_name varchar,
    last_name varchar,
    role varchar NOT NULL DEFAULT 'public',
    is_active boolean NOT NULL DEFAULT true,
    is_verified boolean NOT NULL DEFAULT false,
    login_count integer NOT NULL DEFAULT 0,
    preferences jsonb,
    timezone varchar,
    language varchar NOT NULL DEFAULT 'en',
    last_login timestamptz,
    bio text,
    profile_picture_url varchar,
    reset_password_token varchar,
    reset_password_expires timestamptz,
    email_verification_token varchar,
    email_verification_expires timestamptz,
    failed_login_attempts integer NOT NULL DEFAULT 0,
    lockout_expires timestamptz,
    referral_code varchar,
    referred_by integer,
    referral_count integer NOT NULL DEFAULT 0,
    account_balance numeric NOT NULL DEFAULT 0,
    subscription_plan varchar NOT NULL DEFAULT 'free',
    subscription_expires_at timestamptz,
    notes text,
    deleted_at timestamptz,
    deleted_by integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (id),
    CONSTRAINT users_referral_code_key UNIQUE (referral_code),
    CONSTRAINT users_referred_by_fkey
        FOREIGN KEY (referred_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT users_deleted_by_fkey
        FOREIGN KEY (deleted_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT users_role_check CHECK (role IN ('admin', 'public', 'guest')),
    CONSTRAINT users_login_count_check CHECK (login_count >= 0),
    CONSTRAINT users_failed_login_attempts_check CHECK (failed_login_attempts >= 0),
    CONSTRAINT users_referral_count_check CHECK (referral_count >= 0),
    CONSTRAINT users_subscription_plan_check
        CHECK (subscription_plan IN ('free', 'basic', 'pro', 'enterprise')),
    CONSTRAINT users_finite_check CHECK (all_finite(account_balance))
);
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

CREATE UNIQUE INDEX users_email_key ON users (lower(email));
COMMENT ON INDEX users_email_key IS
    'sign-in by email; one account an address, whatever its case';
CREATE INDEX users_referred_by_idx ON users (referred_by);
COMMENT ON INDEX users_referred_by_idx IS
    'the users somebody has referred; foreign key to users';
CREATE INDEX users_deleted_by_idx ON users (deleted_by);
COMMENT ON INDEX users_deleted_by_idx IS
    'serves the foreign key to users';

CREATE TRIGGER users_touch BEFORE UPDATE ON users
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER users_touch ON users IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE user_sessions (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    user_id integer NOT NULL,
    session_token varchar NOT NULL,
    refresh_token varchar,
    device_info jsonb,
    ip_address inet,
    is_active boolean NOT NULL DEFAULT true,
    expires_at timestamptz,
    last_used_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_sessions_pkey PRIMARY KEY (id),
    CONSTRAINT user_sessions_session_token_key UNIQUE (session_token),
    CONSTRAINT user_sessions_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
);
SELECT pg_catalog.pg_extension_config_dump('user_sessions', '');
SELECT pg_catalog.pg_extension_config_dump('user_sessions_id_seq', '');

COMMENT ON TABLE user_sessions IS
    'Authenticated sessions of users, one row a session token';
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

CREATE INDEX user_sessions_user_id_idx ON user_sessions (user_id);
COMMENT ON INDEX user_sessions_user_id_idx IS
    'the sessions of a user; foreign key to users';

CREATE TRIGGER user_sessions_touch BEFORE UPDATE ON user_sessions
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER user_sessions_touch ON user_sessions IS
    'sets updated_at when an UPDATE changes the row';


-- A session with a trail cannot be deleted alone, hence NO ACTION; deleting the user deletes
-- both.
CREATE TABLE user_activities (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    user_id integer NOT NULL,
    session_id integer NOT NULL,
    activity_type varchar NOT NULL,
    entity_type varchar,
    entity_id integer,
    action varchar NOT NULL,
    details jsonb,
    ip_address inet,
    user_agent text,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT user_activities_pkey PRIMARY KEY (id),
    CONSTRAINT user_activities_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT user_activities_session_id_fkey
        FOREIGN KEY (session_id) REFERENCES user_sessions (id) ON DELETE NO ACTION
);
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

CREATE INDEX user_activities_user_id_created_at_idx
    ON user_activities (user_id, created_at DESC);
COMMENT ON INDEX user_activities_user_id_created_at_idx IS
    'the latest activities of a user; foreign key to users';
CREATE INDEX user_activities_session_id_idx ON user_activities (session_id);
COMMENT ON INDEX user_activities_session_id_idx IS
    'foreign key to user_sessions';

-- sql/schema/market.sql

-- market.sql: assets, their candles and the archive of old candles
--
-- price_data and price_data_archive have the same columns and checks, so a row moves between
-- them unchanged.  Prices carry no sign check: funding rates and oil in 2020 went negative.

CREATE TABLE assets (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    symbol varchar NOT NULL,
    name varchar NOT NULL,
    asset_type varchar NOT NULL,
    quote_currency varchar,
    external_ids jsonb,
    logo_url text,
    links jsonb,
    description text,
    market_cap numeric(30,2),
    market_cap_rank integer,
    current_price numeric(20,8),
    total_volume numeric(30,2),
    circulating_supply numeric(30,8),
    total_supply numeric(30,8),
    max_supply numeric(30,8),
    price_change_percentage_24h numeric(10,4),
    price_change_percentage_7d numeric(10,4),
    price_change_percentage_30d numeric(10,4),
    ath numeric(20,8),
    ath_date timestamptz,
    atl numeric(20,8),
    atl_date timestamptz,
    metrics_details jsonb,
    timeframe_usage jsonb,
    last_accessed_at timestamptz,
    access_count integer NOT NULL DEFAULT 0,
    is_active boolean NOT NULL DEFAULT true,
    is_supported boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT assets_pkey PRIMARY KEY (id),
    CONSTRAINT assets_symbol_key UNIQUE (symbol),
    CONSTRAINT assets_market_cap_check CHECK (market_cap >= 0 AND market_cap < 'Infinity'),
    CONSTRAINT assets_total_volume_check
        CHECK (total_volume >= 0 AND total_volume < 'Infinity'),
    CONSTRAINT assets_circulating_supply_check
        CHECK (circulating_supply >= 0 AND circulating_supply < 'Infinity'),
    CONSTRAINT assets_total_supply_check
        CHECK (total_supply >= 0 AND total_supply < 'Infinity'),
    CONSTRAINT assets_max_supply_check CHECK (max_supply >= 0 AND max_supply < 'Infinity'),
    CONSTRAINT assets_access_count_check CHECK (access_count >= 0),
    CONSTRAINT assets_market_cap_rank_check CHECK (market_cap_rank > 0),
    CONSTRAINT assets_finite_check
        CHECK (all_finite(current_price, price_change_percentage_24h,
                          price_change_percentage_7d, price_change_percentage_30d, ath, atl))
);
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

CREATE INDEX assets_market_cap_rank_idx ON assets (market_cap_rank)
    WHERE is_active AND is_supported;
COMMENT ON INDEX assets_market_cap_rank_idx IS
    'the largest assets that are active and supported';

CREATE TRIGGER assets_touch BEFORE UPDATE ON assets
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER assets_touch ON assets IS
    'sets updated_at when an UPDATE changes the row';

-- An array cannot carry a foreign key.  Nor is this a CHECK: deleting an asset would not run
-- it, and a restore does not know that sectors would then need assets loaded first.
CREATE FUNCTION assets_exist(asset_ids integer[]) RETURNS boolean
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
CREATE TABLE price_data (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    open_price numeric(20,8) NOT NULL,
    high_price numeric(20,8) NOT NULL,
    low_price numeric(20,8) NOT NULL,
    close_price numeric(20,8) NOT NULL,
    volume numeric(30,2),
    market_cap numeric(30,2),
    technical_indicators jsonb,
    candle_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT price_data_pkey PRIMARY KEY (id),
    CONSTRAINT price_data_asset_id_timeframe_candle_time_key
        UNIQUE (asset_id, timeframe, candle_time),
    CONSTRAINT price_data_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE RESTRICT,
    CONSTRAINT price_data_volume_check CHECK (volume >= 0 AND volume < 'Infinity'),
    CONSTRAINT price_data_market_cap_check CHECK (market_cap >= 0 AND market_cap < 'Infinity'),
    CONSTRAINT price_data_candle_time_check CHECK (isfinite(candle_time)),
    CONSTRAINT price_data_timeframe_check CHECK (timeframe_is_valid(timeframe)),
    CONSTRAINT price_data_timeframe_start_check
        CHECK (candle_time = timeframe_bucket(timeframe, candle_time)),
    CONSTRAINT price_data_price_range_check
        CHECK (low_price <= open_price AND open_price <= high_price
               AND low_price <= close_price AND close_price <= high_price
               AND high_price <> 'NaN')
);
SELECT pg_catalog.pg_extension_config_dump('price_data', '');
SELECT pg_catalog.pg_extension_config_dump('price_data_id_seq', '');

COMMENT ON TABLE price_data IS
    'Live OHLCV candles, one row an asset, timeframe and start time';
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


-- A candle keeps its id wherever it is, so the two tables must not give out the same ones: the
-- archive, where candles can be inserted too, counts down from -1.
CREATE TABLE price_data_archive (
    id bigint GENERATED BY DEFAULT AS IDENTITY (INCREMENT BY -1),
    asset_id integer NOT NULL,
    timeframe varchar NOT NULL,
    open_price numeric(20,8) NOT NULL,
    high_price numeric(20,8) NOT NULL,
    low_price numeric(20,8) NOT NULL,
    close_price numeric(20,8) NOT NULL,
    volume numeric(30,2),
    market_cap numeric(30,2),
    technical_indicators jsonb,
    candle_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT price_data_archive_pkey PRIMARY KEY (id),
    CONSTRAINT price_data_archive_asset_id_timeframe_candle_time_key
        UNIQUE (asset_id, timeframe, candle_time),
    CONSTRAINT price_data_archive_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE RESTRICT,
    CONSTRAINT price_data_archive_volume_check CHECK (volume >= 0 AND volume < 'Infinity'),
    CONSTRAINT price_data_archive_market_cap_check
        CHECK (market_cap >= 0 AND market_cap < 'Infinity'),
    CONSTRAINT price_data_archive_candle_time_check CHECK (isfinite(candle_time)),
    CONSTRAINT price_data_archive_timeframe_check CHECK (timeframe_is_valid(timeframe)),
    CONSTRAINT price_data_archive_timeframe_start_check
        CHECK (candle_time = timeframe_bucket(timeframe, candle_time)),
    CONSTRAINT price_data_archive_price_range_check
        CHECK (low_price <= open_price AND open_price <= high_price
               AND low_price <= close_price AND close_price <= high_price
               AND high_price <> 'NaN')
);
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

-- sql/schema/models.sql

-- models.sql: model versions, how well they do, what they predict and what they recommend

CREATE TABLE ai_models (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    name varchar NOT NULL,
    version varchar NOT NULL,
    architecture varchar,
    model_type varchar NOT NULL,
    status varchar NOT NULL DEFAULT 'active',
    configuration jsonb,
    performance_metrics jsonb,
    training_features jsonb,
    training_data_range jsonb,
    training_data_timeframe varchar,
    target_variable varchar,
    input_schema jsonb,
    training_notes text,
    last_trained timestamptz,
    last_prediction timestamptz,
    health_status jsonb,
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ai_models_pkey PRIMARY KEY (id),
    CONSTRAINT ai_models_name_version_key UNIQUE (name, version),
    CONSTRAINT ai_models_architecture_check
        CHECK (architecture IN ('lstm', 'transformer', 'ensemble', 'regression')),
    CONSTRAINT ai_models_model_type_check
        CHECK (model_type IN ('macro', 'sector', 'asset', 'timing')),
    CONSTRAINT ai_models_status_check
        CHECK (status IN ('active', 'training', 'inactive', 'error')),
    CONSTRAINT ai_models_target_variable_check
        CHECK (target_variable IN ('price', 'trend', 'volatility', 'event_probability'))
);
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
    'Whether this version is currently deployed; one version a name and model_type';
COMMENT ON COLUMN ai_models.created_at IS
    'Record creation timestamp';
COMMENT ON COLUMN ai_models.updated_at IS
    'Last update timestamp, set when an UPDATE changes the row';

CREATE UNIQUE INDEX ai_models_active_version_key ON ai_models (name, model_type)
    WHERE is_active;
COMMENT ON INDEX ai_models_active_version_key IS
    'the deployed version of a model; at most one a name and model_type';

CREATE TRIGGER ai_models_touch BEFORE UPDATE ON ai_models
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER ai_models_touch ON ai_models IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE model_performance (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    model_id integer NOT NULL,
    evaluation_metric varchar NOT NULL,
    metric_value numeric,
    evaluation_data_range jsonb,
    evaluation_data_timeframe varchar,
    evaluated_predictions_count integer NOT NULL DEFAULT 0,
    detailed_metrics jsonb,
    evaluation_date timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT model_performance_pkey PRIMARY KEY (id),
    CONSTRAINT model_performance_evaluation_key
        UNIQUE (model_id, evaluation_metric, evaluation_date),
    CONSTRAINT model_performance_model_id_fkey
        FOREIGN KEY (model_id) REFERENCES ai_models (id) ON DELETE CASCADE,
    CONSTRAINT model_performance_evaluated_predictions_count_check
        CHECK (evaluated_predictions_count >= 0),
    CONSTRAINT model_performance_finite_check CHECK (all_finite(metric_value))
);
SELECT pg_catalog.pg_extension_config_dump('model_performance', '');
SELECT pg_catalog.pg_extension_config_dump('model_performance_id_seq', '');

COMMENT ON TABLE model_performance IS
    'Evaluations of model versions, one row a metric and evaluation date';
COMMENT ON COLUMN model_performance.id IS
    'Unique identifier for the performance record';
COMMENT ON COLUMN model_performance.model_id IS
    'Model version that was evaluated';
COMMENT ON COLUMN model_performance.evaluation_metric IS
    'Name of the evaluation metric, an open list: accuracy, mse, mae, sharpe_ratio';
COMMENT ON COLUMN model_performance.metric_value IS
    'Value of the evaluation metric, in the metric''s own unit; NULL when undefined';
COMMENT ON COLUMN model_performance.evaluation_data_range IS
    'Exact date range of data used for evaluation, as a JSON object';
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
COMMENT ON CONSTRAINT model_performance_evaluation_key ON model_performance IS
    'one value a model, metric and date; serves the latest values of a metric of a model';

CREATE TRIGGER model_performance_touch BEFORE UPDATE ON model_performance
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER model_performance_touch ON model_performance IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE predictions (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    asset_id integer NOT NULL,
    ai_models_id integer NOT NULL,
    prediction_type varchar NOT NULL,
    predicted_price numeric,
    predicted_value jsonb,
    confidence_score numeric,
    prediction_horizon integer,
    target_datetime timestamptz,
    features_used jsonb,
    input_price numeric,
    input_features jsonb,
    context_data jsonb,
    actual_price numeric,
    accuracy_percentage numeric,
    absolute_error numeric,
    squared_error numeric,
    is_realized boolean NOT NULL DEFAULT false,
    is_accurate boolean,
    accuracy_threshold numeric NOT NULL DEFAULT 5,
    market_conditions jsonb,
    volatility_level varchar,
    prediction_time numeric,
    notes text,
    debug_info jsonb,
    evaluated_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT predictions_pkey PRIMARY KEY (id),
    CONSTRAINT predictions_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT predictions_ai_models_id_fkey
        FOREIGN KEY (ai_models_id) REFERENCES ai_models (id) ON DELETE RESTRICT,
    CONSTRAINT predictions_confidence_score_check CHECK (confidence_score BETWEEN 0 AND 1),
    CONSTRAINT predictions_accuracy_percentage_check
        CHECK (accuracy_percentage BETWEEN 0 AND 100),
    CONSTRAINT predictions_absolute_error_check
        CHECK (absolute_error >= 0 AND absolute_error < 'Infinity'),
    CONSTRAINT predictions_squared_error_check
        CHECK (squared_error >= 0 AND squared_error < 'Infinity'),
    CONSTRAINT predictions_accuracy_threshold_check
        CHECK (accuracy_threshold >= 0 AND accuracy_threshold < 'Infinity'),
    CONSTRAINT predictions_volatility_level_check
        CHECK (volatility_level IN ('low', 'medium', 'high')),
    CONSTRAINT predictions_prediction_time_check
        CHECK (prediction_time >= 0 AND prediction_time < 'Infinity'),
    CONSTRAINT predictions_prediction_horizon_check CHECK (prediction_horizon > 0),
    CONSTRAINT predictions_finite_check
        CHECK (all_finite(predicted_price, input_price, actual_price))
);
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

CREATE INDEX predictions_asset_id_created_at_idx ON predictions (asset_id, created_at DESC);
COMMENT ON INDEX predictions_asset_id_created_at_idx IS
    'the latest prediction for an asset; foreign key to assets';
CREATE INDEX predictions_ai_models_id_evaluated_at_idx
    ON predictions (ai_models_id, evaluated_at)
    INCLUDE (accuracy_percentage, is_realized);
COMMENT ON INDEX predictions_ai_models_id_evaluated_at_idx IS
    'the accuracy of a model since a moment, from the index alone; foreign key to ai_models';
CREATE INDEX predictions_due_idx ON predictions (target_datetime) WHERE NOT is_realized;
COMMENT ON INDEX predictions_due_idx IS
    'the predictions whose target time has come, in its order';

CREATE TRIGGER predictions_touch BEFORE UPDATE ON predictions
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER predictions_touch ON predictions IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE ai_recommendations (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    target_entity_type varchar NOT NULL,
    target_entity_id integer,
    recommendation_type varchar NOT NULL,
    recommendation_title varchar NOT NULL,
    recommendation_summary text,
    recommendation_payload jsonb,
    prediction_id integer,
    status varchar NOT NULL DEFAULT 'pending',
    priority_level varchar NOT NULL DEFAULT 'medium',
    user_feedback text,
    user_rating integer,
    outcome_result jsonb,
    reviewed_by integer,
    reviewed_at timestamptz,
    implemented_at timestamptz,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT ai_recommendations_pkey PRIMARY KEY (id),
    CONSTRAINT ai_recommendations_prediction_id_fkey
        FOREIGN KEY (prediction_id) REFERENCES predictions (id) ON DELETE SET NULL,
    CONSTRAINT ai_recommendations_reviewed_by_fkey
        FOREIGN KEY (reviewed_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT ai_recommendations_target_entity_type_check
        CHECK (target_entity_type IN ('portfolio', 'watchlist', 'asset', 'user', 'strategy')),
    CONSTRAINT ai_recommendations_recommendation_type_check
        CHECK (recommendation_type IN ('entry', 'exit', 'risk_management', 'rebalance',
                                       'allocation', 'position_sizing', 'learning')),
    CONSTRAINT ai_recommendations_status_check
        CHECK (status IN ('pending', 'approved', 'followed', 'implemented', 'ignored',
                          'expired', 'rejected')),
    CONSTRAINT ai_recommendations_priority_level_check
        CHECK (priority_level IN ('low', 'medium', 'high', 'urgent')),
    CONSTRAINT ai_recommendations_user_rating_check CHECK (user_rating BETWEEN 1 AND 5)
);
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

CREATE INDEX ai_recommendations_prediction_id_idx ON ai_recommendations (prediction_id);
COMMENT ON INDEX ai_recommendations_prediction_id_idx IS
    'foreign key to predictions';
CREATE INDEX ai_recommendations_reviewed_by_idx ON ai_recommendations (reviewed_by);
COMMENT ON INDEX ai_recommendations_reviewed_by_idx IS
    'foreign key to users';

CREATE TRIGGER ai_recommendations_touch BEFORE UPDATE ON ai_recommendations
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER ai_recommendations_touch ON ai_recommendations IS
    'sets updated_at when an UPDATE changes the row';

-- sql/schema/macro.sql

-- macro.sql: layer 1, the state of the whole market and the regime read from it

CREATE TABLE metrics_snapshot (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    snapshot_time timestamptz NOT NULL,
    timeframe varchar(10) NOT NULL,
    price numeric(18,2),
    rsi_14 numeric(5,2),
    sma_200 numeric(30,8),
    ema_200 numeric(30,8),
    fear_greed_index numeric(5,2),
    google_trends_score numeric(5,2),
    funding_rate_btc numeric(10,6),
    open_interest_btc numeric(30,2),
    whale_netflow_24h numeric(30,2),
    active_addresses_btc integer,
    altcoin_dominance numeric(5,2),
    liquidity_score numeric(10,6),
    halving_countdown_days integer,
    weekly_return numeric(9,4),
    monthly_return numeric(9,4),
    btc_dominance numeric(5,2),
    eth_dominance numeric(5,2),
    usdt_dominance numeric(5,2),
    total numeric(18,2),
    sp500 numeric(10,2),
    gold numeric(10,2),
    dxy numeric(10,2),
    liquidations_long numeric(30,2),
    liquidations_short numeric(30,2),
    liquidation_zones jsonb,
    extended_metrics jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT metrics_snapshot_pkey PRIMARY KEY (id),
    CONSTRAINT metrics_snapshot_timeframe_snapshot_time_key UNIQUE (timeframe, snapshot_time),
    CONSTRAINT metrics_snapshot_rsi_14_check CHECK (rsi_14 BETWEEN 0 AND 100),
    CONSTRAINT metrics_snapshot_fear_greed_index_check
        CHECK (fear_greed_index BETWEEN 0 AND 100),
    CONSTRAINT metrics_snapshot_google_trends_score_check
        CHECK (google_trends_score BETWEEN 0 AND 100),
    CONSTRAINT metrics_snapshot_open_interest_btc_check
        CHECK (open_interest_btc >= 0 AND open_interest_btc < 'Infinity'),
    CONSTRAINT metrics_snapshot_active_addresses_btc_check CHECK (active_addresses_btc >= 0),
    CONSTRAINT metrics_snapshot_altcoin_dominance_check
        CHECK (altcoin_dominance BETWEEN 0 AND 100),
    CONSTRAINT metrics_snapshot_liquidity_score_check
        CHECK (liquidity_score >= 0 AND liquidity_score < 'Infinity'),
    CONSTRAINT metrics_snapshot_halving_countdown_days_check
        CHECK (halving_countdown_days >= 0),
    CONSTRAINT metrics_snapshot_btc_dominance_check CHECK (btc_dominance BETWEEN 0 AND 100),
    CONSTRAINT metrics_snapshot_eth_dominance_check CHECK (eth_dominance BETWEEN 0 AND 100),
    CONSTRAINT metrics_snapshot_usdt_dominance_check CHECK (usdt_dominance BETWEEN 0 AND 100),
    CONSTRAINT metrics_snapshot_total_check CHECK (total >= 0 AND total < 'Infinity'),
    CONSTRAINT metrics_snapshot_liquidations_long_check
        CHECK (liquidations_long >= 0 AND liquidations_long < 'Infinity'),
    CONSTRAINT metrics_snapshot_liquidations_short_check
        CHECK (liquidations_short >= 0 AND liquidations_short < 'Infinity'),
    CONSTRAINT metrics_snapshot_finite_check
        CHECK (all_finite(price, sma_200, ema_200, funding_rate_btc, whale_netflow_24h,
                          weekly_return, monthly_return, sp500, gold, dxy))
);
SELECT pg_catalog.pg_extension_config_dump('metrics_snapshot', '');
SELECT pg_catalog.pg_extension_config_dump('metrics_snapshot_id_seq', '');

COMMENT ON TABLE metrics_snapshot IS
    'Market-wide metrics at a moment, one row a snapshot time and timeframe';
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
    'Gold closing price in USD an ounce';
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

CREATE TRIGGER metrics_snapshot_touch BEFORE UPDATE ON metrics_snapshot
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER metrics_snapshot_touch ON metrics_snapshot IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE market_regime_analysis (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    metrics_snapshot_id integer NOT NULL,
    ai_model_id integer,
    analysis_time timestamptz NOT NULL,
    regime varchar(10) NOT NULL,
    trend_strength_score numeric(5,2),
    breakout_signal boolean NOT NULL DEFAULT false,
    volume_confirmation boolean NOT NULL DEFAULT false,
    volatility_expansion_score numeric(5,2),
    retest_confirmation boolean NOT NULL DEFAULT false,
    momentum_divergence_score numeric(5,2),
    multi_timeframe_breakout boolean NOT NULL DEFAULT false,
    price_above_ma200 boolean DEFAULT false,
    key_levels jsonb,
    ai_regime_prediction varchar(10),
    ai_confidence_score numeric(4,2),
    signal_agreement_score numeric(4,2),
    regime_duration_estimate integer,
    analysis_data jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT market_regime_analysis_pkey PRIMARY KEY (id),
    CONSTRAINT market_regime_analysis_metrics_snapshot_id_fkey
        FOREIGN KEY (metrics_snapshot_id) REFERENCES metrics_snapshot (id) ON DELETE CASCADE,
    CONSTRAINT market_regime_analysis_ai_model_id_fkey
        FOREIGN KEY (ai_model_id) REFERENCES ai_models (id) ON DELETE SET NULL,
    CONSTRAINT market_regime_analysis_regime_check
        CHECK (regime IN ('Bull', 'Bear', 'Sideways')),
    CONSTRAINT market_regime_analysis_trend_strength_score_check
        CHECK (trend_strength_score BETWEEN 0 AND 1),
    CONSTRAINT market_regime_analysis_ai_regime_prediction_check
        CHECK (ai_regime_prediction IN ('Bull', 'Bear', 'Sideways')),
    CONSTRAINT market_regime_analysis_ai_confidence_score_check
        CHECK (ai_confidence_score BETWEEN 0 AND 1),
    CONSTRAINT market_regime_analysis_signal_agreement_score_check
        CHECK (signal_agreement_score BETWEEN 0 AND 1),
    CONSTRAINT market_regime_analysis_regime_duration_estimate_check
        CHECK (regime_duration_estimate >= 0),
    CONSTRAINT market_regime_analysis_finite_check
        CHECK (all_finite(volatility_expansion_score, momentum_divergence_score))
);
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

CREATE INDEX market_regime_analysis_analysis_time_idx
    ON market_regime_analysis (analysis_time DESC);
COMMENT ON INDEX market_regime_analysis_analysis_time_idx IS
    'the latest analysis';
CREATE INDEX market_regime_analysis_metrics_snapshot_id_idx
    ON market_regime_analysis (metrics_snapshot_id);
COMMENT ON INDEX market_regime_analysis_metrics_snapshot_id_idx IS
    'foreign key to metrics_snapshot';
CREATE INDEX market_regime_analysis_ai_model_id_idx ON market_regime_analysis (ai_model_id);
COMMENT ON INDEX market_regime_analysis_ai_model_id_idx IS
    'foreign key to ai_models';

CREATE TRIGGER market_regime_analysis_touch BEFORE UPDATE ON market_regime_analysis
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER market_regime_analysis_touch ON market_regime_analysis IS
    'sets updated_at when an UPDATE changes the row';

-- sql/schema/sectors.sql

-- sectors.sql: layer 2, the sectors of the market, their history and their analyses

CREATE TABLE sectors (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    coingecko_id varchar,
    name varchar NOT NULL,
    description text,
    market_cap numeric(30,2),
    market_cap_change_24h numeric(30,2),
    volume_24h numeric(30,2),
    metrics_details jsonb,
    top_3_coins_id integer[],
    is_active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sectors_pkey PRIMARY KEY (id),
    CONSTRAINT sectors_coingecko_id_key UNIQUE (coingecko_id),
    CONSTRAINT sectors_name_key UNIQUE (name),
    CONSTRAINT sectors_market_cap_check CHECK (market_cap >= 0 AND market_cap < 'Infinity'),
    CONSTRAINT sectors_volume_24h_check CHECK (volume_24h >= 0 AND volume_24h < 'Infinity'),
    CONSTRAINT sectors_top_3_coins_id_check
        CHECK (cardinality(top_3_coins_id) <= 3
               AND coalesce(array_ndims(top_3_coins_id), 1) = 1
               AND array_position(top_3_coins_id, NULL) IS NULL),
    CONSTRAINT sectors_finite_check CHECK (all_finite(market_cap_change_24h))
);
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

CREATE TRIGGER sectors_touch BEFORE UPDATE ON sectors
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER sectors_touch ON sectors IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE sector_history (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    sector_id integer NOT NULL,
    timeframe varchar NOT NULL,
    market_cap numeric(30,2),
    volume_24h numeric(30,2),
    technical_indicators jsonb,
    candle_time timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sector_history_pkey PRIMARY KEY (id),
    CONSTRAINT sector_history_sector_id_timeframe_candle_time_key
        UNIQUE (sector_id, timeframe, candle_time),
    CONSTRAINT sector_history_sector_id_fkey
        FOREIGN KEY (sector_id) REFERENCES sectors (id) ON DELETE CASCADE,
    CONSTRAINT sector_history_market_cap_check
        CHECK (market_cap >= 0 AND market_cap < 'Infinity'),
    CONSTRAINT sector_history_volume_24h_check
        CHECK (volume_24h >= 0 AND volume_24h < 'Infinity')
);
SELECT pg_catalog.pg_extension_config_dump('sector_history', '');
SELECT pg_catalog.pg_extension_config_dump('sector_history_id_seq', '');

COMMENT ON TABLE sector_history IS
    'Market figures of sectors over time, one row a sector, timeframe and candle time';
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


CREATE TABLE sector_mapping (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    asset_id integer NOT NULL,
    sector_id integer NOT NULL,
    is_primary_sector boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sector_mapping_pkey PRIMARY KEY (id),
    CONSTRAINT sector_mapping_asset_id_sector_id_key UNIQUE (asset_id, sector_id),
    CONSTRAINT sector_mapping_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT sector_mapping_sector_id_fkey
        FOREIGN KEY (sector_id) REFERENCES sectors (id) ON DELETE CASCADE
);
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

CREATE UNIQUE INDEX sector_mapping_primary_sector_key ON sector_mapping (asset_id)
    WHERE is_primary_sector;
COMMENT ON INDEX sector_mapping_primary_sector_key IS
    'the primary sector of an asset; at most one';
CREATE INDEX sector_mapping_sector_id_asset_id_idx ON sector_mapping (sector_id, asset_id);
COMMENT ON INDEX sector_mapping_sector_id_asset_id_idx IS
    'the assets of a sector; foreign key to sectors';

CREATE TRIGGER sector_mapping_touch BEFORE UPDATE ON sector_mapping
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER sector_mapping_touch ON sector_mapping IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE sector_analysis (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    metrics_snapshot_id integer NOT NULL,
    ai_model_id integer,
    sector_id integer NOT NULL,
    timeframe varchar NOT NULL,
    candle_time timestamptz NOT NULL,
    analysis_time timestamptz NOT NULL,
    sector_market_cap numeric(30,2),
    sector_volume_24h numeric(30,2),
    sector_dominance_pct numeric(6,2),
    performance_24h_pct numeric(6,2),
    performance_7d_pct numeric(6,2),
    performance_30d_pct numeric(6,2),
    rotation_inflow_score numeric(6,2),
    rotation_outflow_score numeric(6,2),
    relative_strength_score numeric(6,2),
    liquidity_score numeric(6,2),
    volatility_score numeric(6,2),
    correlation_with_btc numeric(6,2),
    correlation_with_eth numeric(6,2),
    narrative_tag varchar(50)[],
    institutional_inflow numeric(30,2),
    tvl_total numeric(30,2),
    active_users integer,
    active_protocols integer,
    key_signals jsonb,
    ai_sector_outlook varchar(20),
    ai_confidence_score numeric(4,2),
    signal_agreement_score numeric(4,2),
    outlook_duration_estimate integer,
    analysis_data jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sector_analysis_pkey PRIMARY KEY (id),
    CONSTRAINT sector_analysis_metrics_snapshot_id_fkey
        FOREIGN KEY (metrics_snapshot_id) REFERENCES metrics_snapshot (id) ON DELETE CASCADE,
    CONSTRAINT sector_analysis_ai_model_id_fkey
        FOREIGN KEY (ai_model_id) REFERENCES ai_models (id) ON DELETE SET NULL,
    CONSTRAINT sector_analysis_sector_id_fkey
        FOREIGN KEY (sector_id) REFERENCES sectors (id) ON DELETE CASCADE,
    CONSTRAINT sector_analysis_sector_market_cap_check
        CHECK (sector_market_cap >= 0 AND sector_market_cap < 'Infinity'),
    CONSTRAINT sector_analysis_sector_volume_24h_check
        CHECK (sector_volume_24h >= 0 AND sector_volume_24h < 'Infinity'),
    CONSTRAINT sector_analysis_sector_dominance_pct_check
        CHECK (sector_dominance_pct BETWEEN 0 AND 100),
    CONSTRAINT sector_analysis_rotation_inflow_score_check
        CHECK (rotation_inflow_score BETWEEN 0 AND 1),
    CONSTRAINT sector_analysis_rotation_outflow_score_check
        CHECK (rotation_outflow_score BETWEEN 0 AND 1),
    CONSTRAINT sector_analysis_relative_strength_score_check
        CHECK (relative_strength_score BETWEEN 0 AND 1),
    CONSTRAINT sector_analysis_liquidity_score_check CHECK (liquidity_score BETWEEN 0 AND 1),
    CONSTRAINT sector_analysis_volatility_score_check CHECK (volatility_score BETWEEN 0 AND 1),
    CONSTRAINT sector_analysis_tvl_total_check
        CHECK (tvl_total >= 0 AND tvl_total < 'Infinity'),
    CONSTRAINT sector_analysis_active_users_check CHECK (active_users >= 0),
    CONSTRAINT sector_analysis_active_protocols_check CHECK (active_protocols >= 0),
    CONSTRAINT sector_analysis_ai_sector_outlook_check
        CHECK (ai_sector_outlook IN ('Bullish', 'Bearish', 'Neutral')),
    CONSTRAINT sector_analysis_ai_confidence_score_check
        CHECK (ai_confidence_score BETWEEN 0 AND 1),
    CONSTRAINT sector_analysis_signal_agreement_score_check
        CHECK (signal_agreement_score BETWEEN 0 AND 1),
    CONSTRAINT sector_analysis_outlook_duration_estimate_check
        CHECK (outlook_duration_estimate >= 0),
    CONSTRAINT sector_analysis_correlation_with_btc_check
        CHECK (correlation_with_btc BETWEEN -1 AND 1),
    CONSTRAINT sector_analysis_correlation_with_eth_check
        CHECK (correlation_with_eth BETWEEN -1 AND 1),
    CONSTRAINT sector_analysis_finite_check
        CHECK (all_finite(performance_24h_pct, performance_7d_pct, performance_30d_pct,
                          institutional_inflow))
);
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

CREATE INDEX sector_analysis_latest_idx
    ON sector_analysis (timeframe, sector_id, analysis_time DESC);
COMMENT ON INDEX sector_analysis_latest_idx IS
    'the latest analysis of every sector for a timeframe';
CREATE INDEX sector_analysis_metrics_snapshot_id_idx ON sector_analysis (metrics_snapshot_id);
COMMENT ON INDEX sector_analysis_metrics_snapshot_id_idx IS
    'foreign key to metrics_snapshot';
CREATE INDEX sector_analysis_ai_model_id_idx ON sector_analysis (ai_model_id);
COMMENT ON INDEX sector_analysis_ai_model_id_idx IS
    'foreign key to ai_models';
CREATE INDEX sector_analysis_sector_id_idx ON sector_analysis (sector_id);
COMMENT ON INDEX sector_analysis_sector_id_idx IS
    'foreign key to sectors';

CREATE TRIGGER sector_analysis_touch BEFORE UPDATE ON sector_analysis
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER sector_analysis_touch ON sector_analysis IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE cross_sector_analysis (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    metrics_snapshot_id integer NOT NULL,
    ai_model_id integer,
    analysis_time timestamptz NOT NULL,
    sector_rotation_flows jsonb,
    sector_performance_ranking jsonb,
    liquidity_comparison jsonb,
    volatility_comparison jsonb,
    dominance_distribution jsonb,
    correlation_matrix jsonb,
    narrative_trends jsonb,
    risk_reward_map jsonb,
    ai_market_outlook varchar(20),
    ai_confidence_score numeric(4,2),
    signal_agreement_score numeric(4,2),
    outlook_duration_estimate integer,
    analysis_data jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT cross_sector_analysis_pkey PRIMARY KEY (id),
    CONSTRAINT cross_sector_analysis_metrics_snapshot_id_fkey
        FOREIGN KEY (metrics_snapshot_id) REFERENCES metrics_snapshot (id) ON DELETE CASCADE,
    CONSTRAINT cross_sector_analysis_ai_model_id_fkey
        FOREIGN KEY (ai_model_id) REFERENCES ai_models (id) ON DELETE SET NULL,
    CONSTRAINT cross_sector_analysis_ai_market_outlook_check
        CHECK (ai_market_outlook IN ('Bullish', 'Bearish', 'Neutral')),
    CONSTRAINT cross_sector_analysis_ai_confidence_score_check
        CHECK (ai_confidence_score BETWEEN 0 AND 1),
    CONSTRAINT cross_sector_analysis_signal_agreement_score_check
        CHECK (signal_agreement_score BETWEEN 0 AND 1),
    CONSTRAINT cross_sector_analysis_outlook_duration_estimate_check
        CHECK (outlook_duration_estimate >= 0)
);
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

CREATE INDEX cross_sector_analysis_metrics_snapshot_id_idx
    ON cross_sector_analysis (metrics_snapshot_id);
COMMENT ON INDEX cross_sector_analysis_metrics_snapshot_id_idx IS
    'foreign key to metrics_snapshot';
CREATE INDEX cross_sector_analysis_ai_model_id_idx ON cross_sector_analysis (ai_model_id);
COMMENT ON INDEX cross_sector_analysis_ai_model_id_idx IS
    'foreign key to ai_models';

CREATE TRIGGER cross_sector_analysis_touch BEFORE UPDATE ON cross_sector_analysis
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER cross_sector_analysis_touch ON cross_sector_analysis IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE sector_rotation_flows (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    cross_sector_analysis_id integer NOT NULL,
    from_sector_id integer NOT NULL,
    to_sector_id integer NOT NULL,
    score numeric(6,2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT sector_rotation_flows_pkey PRIMARY KEY (id),
    CONSTRAINT sector_rotation_flows_from_to_key
        UNIQUE (cross_sector_analysis_id, from_sector_id, to_sector_id),
    CONSTRAINT sector_rotation_flows_cross_sector_analysis_id_fkey
        FOREIGN KEY (cross_sector_analysis_id)
        REFERENCES cross_sector_analysis (id) ON DELETE CASCADE,
    CONSTRAINT sector_rotation_flows_from_sector_id_fkey
        FOREIGN KEY (from_sector_id) REFERENCES sectors (id) ON DELETE CASCADE,
    CONSTRAINT sector_rotation_flows_to_sector_id_fkey
        FOREIGN KEY (to_sector_id) REFERENCES sectors (id) ON DELETE CASCADE,
    CONSTRAINT sector_rotation_flows_score_check CHECK (score BETWEEN 0 AND 1),
    CONSTRAINT sector_rotation_flows_sectors_check CHECK (from_sector_id <> to_sector_id)
);
SELECT pg_catalog.pg_extension_config_dump('sector_rotation_flows', '');
SELECT pg_catalog.pg_extension_config_dump('sector_rotation_flows_id_seq', '');

COMMENT ON TABLE sector_rotation_flows IS
    'Capital flows between pairs of sectors, one row a pair found by a cross-sector analysis';
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

CREATE INDEX sector_rotation_flows_from_sector_id_idx ON sector_rotation_flows (from_sector_id);
COMMENT ON INDEX sector_rotation_flows_from_sector_id_idx IS
    'foreign key to sectors';
CREATE INDEX sector_rotation_flows_to_sector_id_idx ON sector_rotation_flows (to_sector_id);
COMMENT ON INDEX sector_rotation_flows_to_sector_id_idx IS
    'foreign key to sectors';

-- sql/schema/signals.sql

-- signals.sql: layer 4, signals to trade on and the alerts users set

CREATE TABLE trading_signals (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    asset_id integer NOT NULL,
    prediction_id integer,
    signal_type varchar NOT NULL,
    entry_price numeric,
    target_price numeric,
    stop_loss numeric,
    risk_level varchar,
    risk_reward_ratio numeric,
    time_horizon_hours integer,
    status varchar NOT NULL DEFAULT 'active',
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trading_signals_pkey PRIMARY KEY (id),
    CONSTRAINT trading_signals_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT trading_signals_prediction_id_fkey
        FOREIGN KEY (prediction_id) REFERENCES predictions (id) ON DELETE SET NULL,
    CONSTRAINT trading_signals_signal_type_check CHECK (signal_type IN ('long', 'short')),
    CONSTRAINT trading_signals_risk_level_check
        CHECK (risk_level IN ('low', 'medium', 'high', 'extreme')),
    CONSTRAINT trading_signals_risk_reward_ratio_check
        CHECK (risk_reward_ratio >= 0 AND risk_reward_ratio < 'Infinity'),
    CONSTRAINT trading_signals_status_check
        CHECK (status IN ('active', 'executed', 'expired', 'cancelled')),
    CONSTRAINT trading_signals_time_horizon_hours_check CHECK (time_horizon_hours > 0),
    CONSTRAINT trading_signals_levels_check
        CHECK (CASE signal_type
                   WHEN 'long' THEN stop_loss < entry_price AND entry_price < target_price
                                    AND stop_loss < target_price
                   WHEN 'short' THEN target_price < entry_price AND entry_price < stop_loss
                                     AND target_price < stop_loss
               END),
    CONSTRAINT trading_signals_finite_check
        CHECK (all_finite(entry_price, target_price, stop_loss))
);
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

CREATE INDEX trading_signals_live_idx ON trading_signals (expires_at) WHERE status = 'active';
COMMENT ON INDEX trading_signals_live_idx IS
    'the active signals that have not expired';
CREATE INDEX trading_signals_asset_id_idx ON trading_signals (asset_id);
COMMENT ON INDEX trading_signals_asset_id_idx IS
    'the signals for an asset; foreign key to assets';
CREATE INDEX trading_signals_prediction_id_idx ON trading_signals (prediction_id);
COMMENT ON INDEX trading_signals_prediction_id_idx IS
    'foreign key to predictions';

CREATE TRIGGER trading_signals_touch BEFORE UPDATE ON trading_signals
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER trading_signals_touch ON trading_signals IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE signal_alerts (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    user_id integer NOT NULL,
    asset_id integer NOT NULL,
    alert_type varchar NOT NULL,
    trigger_value numeric,
    condition varchar,
    is_active boolean NOT NULL DEFAULT true,
    is_triggered boolean NOT NULL DEFAULT false,
    message text,
    notification_method varchar,
    triggered_at timestamptz,
    last_checked timestamptz,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT signal_alerts_pkey PRIMARY KEY (id),
    CONSTRAINT signal_alerts_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT signal_alerts_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT signal_alerts_alert_type_check
        CHECK (alert_type IN ('price_target', 'signal_generated', 'volume_spike')),
    CONSTRAINT signal_alerts_condition_check
        CHECK (condition IN ('above', 'below', 'equals', 'percentage_change')),
    CONSTRAINT signal_alerts_notification_method_check
        CHECK (notification_method IN ('email', 'push', 'sms')),
    CONSTRAINT signal_alerts_finite_check CHECK (all_finite(trigger_value))
);
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

CREATE INDEX signal_alerts_pending_idx ON signal_alerts (asset_id)
    WHERE is_active AND NOT is_triggered;
COMMENT ON INDEX signal_alerts_pending_idx IS
    'the alerts of an asset that are still to go off';
CREATE INDEX signal_alerts_user_id_idx ON signal_alerts (user_id);
COMMENT ON INDEX signal_alerts_user_id_idx IS
    'the alerts of a user; foreign key to users';
CREATE INDEX signal_alerts_asset_id_idx ON signal_alerts (asset_id);
COMMENT ON INDEX signal_alerts_asset_id_idx IS
    'serves the foreign key to assets';

CREATE TRIGGER signal_alerts_touch BEFORE UPDATE ON signal_alerts
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER signal_alerts_touch ON signal_alerts IS
    'sets updated_at when an UPDATE changes the row';

-- sql/schema/portfolios.sql

-- portfolios.sql: layer 3, what users watch, hold and trade

CREATE TABLE watchlists (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    name varchar NOT NULL,
    description text,
    user_id integer,
    watchlist_type varchar NOT NULL,
    is_active boolean NOT NULL DEFAULT true,
    is_public boolean NOT NULL DEFAULT false,
    max_assets integer NOT NULL DEFAULT 25,
    sort_order integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT watchlists_pkey PRIMARY KEY (id),
    CONSTRAINT watchlists_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT watchlists_watchlist_type_check
        CHECK (watchlist_type IN ('default', 'personal')),
    CONSTRAINT watchlists_owner_check CHECK ((watchlist_type = 'default') = (user_id IS NULL)),
    CONSTRAINT watchlists_max_assets_check CHECK (max_assets > 0)
);
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

CREATE INDEX watchlists_user_id_idx ON watchlists (user_id);
COMMENT ON INDEX watchlists_user_id_idx IS
    'the watchlists of a user; foreign key to users';

CREATE TRIGGER watchlists_touch BEFORE UPDATE ON watchlists
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER watchlists_touch ON watchlists IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE watchlist_assets (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    watchlist_id integer NOT NULL,
    asset_id integer NOT NULL,
    position_type varchar NOT NULL,
    position integer NOT NULL DEFAULT 0,
    notes text,
    is_active boolean NOT NULL DEFAULT true,
    added_by integer,
    last_modified_by integer,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT watchlist_assets_pkey PRIMARY KEY (id),
    CONSTRAINT watchlist_assets_watchlist_id_asset_id_position_type_key
        UNIQUE (watchlist_id, asset_id, position_type),
    CONSTRAINT watchlist_assets_watchlist_id_fkey
        FOREIGN KEY (watchlist_id) REFERENCES watchlists (id) ON DELETE CASCADE,
    CONSTRAINT watchlist_assets_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE CASCADE,
    CONSTRAINT watchlist_assets_added_by_fkey
        FOREIGN KEY (added_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT watchlist_assets_last_modified_by_fkey
        FOREIGN KEY (last_modified_by) REFERENCES users (id) ON DELETE SET NULL,
    CONSTRAINT watchlist_assets_position_type_check CHECK (position_type IN ('long', 'short')),
    CONSTRAINT watchlist_assets_position_check CHECK (position >= 0)
);
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

CREATE INDEX watchlist_assets_active_idx ON watchlist_assets (watchlist_id, position)
    WHERE is_active;
COMMENT ON INDEX watchlist_assets_active_idx IS
    'the active entries of a watchlist in their order';
CREATE INDEX watchlist_assets_asset_id_idx ON watchlist_assets (asset_id);
COMMENT ON INDEX watchlist_assets_asset_id_idx IS
    'the watchlists that hold an asset; foreign key to assets';
CREATE INDEX watchlist_assets_added_by_idx ON watchlist_assets (added_by);
COMMENT ON INDEX watchlist_assets_added_by_idx IS
    'foreign key to users';
CREATE INDEX watchlist_assets_last_modified_by_idx ON watchlist_assets (last_modified_by);
COMMENT ON INDEX watchlist_assets_last_modified_by_idx IS
    'foreign key to users';

CREATE TRIGGER watchlist_assets_touch BEFORE UPDATE ON watchlist_assets
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER watchlist_assets_touch ON watchlist_assets IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE portfolio (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    user_id integer NOT NULL,
    asset_id integer,
    asset_symbol varchar NOT NULL,
    external_asset_info jsonb,
    asset_type varchar NOT NULL,
    leverage_ratio numeric NOT NULL DEFAULT 1.0,
    quantity numeric NOT NULL DEFAULT 0,
    entry_price numeric,
    exit_price numeric,
    trade_status varchar NOT NULL DEFAULT 'open',
    pnl_realized_usd numeric NOT NULL DEFAULT 0,
    allocation_target_percent numeric,
    investment_thesis text,
    investment_timeframe varchar,
    risk_category varchar NOT NULL DEFAULT 'moderate',
    stop_loss_price numeric,
    take_profit_price numeric,
    max_allocation_percent numeric NOT NULL DEFAULT 10,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT portfolio_pkey PRIMARY KEY (id),
    CONSTRAINT portfolio_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT portfolio_asset_id_fkey
        FOREIGN KEY (asset_id) REFERENCES assets (id) ON DELETE RESTRICT,
    CONSTRAINT portfolio_asset_type_check
        CHECK (asset_type IN ('Crypto Asset', 'Stablecoin', 'Long Position', 'Short Position')),
    CONSTRAINT portfolio_quantity_check CHECK (quantity >= 0 AND quantity < 'Infinity'),
    CONSTRAINT portfolio_trade_status_check
        CHECK (trade_status IN ('open', 'reducing', 'closed', 'accumulating', 'exit_plan')),
    CONSTRAINT portfolio_allocation_target_percent_check
        CHECK (allocation_target_percent BETWEEN 0 AND 100),
    CONSTRAINT portfolio_investment_timeframe_check
        CHECK (investment_timeframe IN ('short_term', 'medium_term', 'long_term')),
    CONSTRAINT portfolio_risk_category_check
        CHECK (risk_category IN ('conservative', 'moderate', 'aggressive')),
    CONSTRAINT portfolio_max_allocation_percent_check
        CHECK (max_allocation_percent BETWEEN 0 AND 100),
    CONSTRAINT portfolio_leverage_ratio_check
        CHECK (leverage_ratio > 0 AND leverage_ratio < 'Infinity'),
    CONSTRAINT portfolio_asset_check
        CHECK (asset_id IS NOT NULL OR external_asset_info IS NOT NULL),
    CONSTRAINT portfolio_finite_check
        CHECK (all_finite(entry_price, exit_price, pnl_realized_usd, stop_loss_price,
                          take_profit_price))
);
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
COMMENT ON CONSTRAINT portfolio_asset_check ON portfolio IS
    'what is held is known: an asset of the system, or a description of an external one';

CREATE INDEX portfolio_open_idx ON portfolio (user_id) WHERE trade_status <> 'closed';
COMMENT ON INDEX portfolio_open_idx IS
    'the positions of a user that are not closed';
CREATE INDEX portfolio_user_id_idx ON portfolio (user_id);
COMMENT ON INDEX portfolio_user_id_idx IS
    'all positions of a user; foreign key to users';
CREATE INDEX portfolio_asset_id_idx ON portfolio (asset_id);
COMMENT ON INDEX portfolio_asset_id_idx IS
    'the positions in an asset; foreign key to assets';

CREATE TRIGGER portfolio_touch BEFORE UPDATE ON portfolio
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER portfolio_touch ON portfolio IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE trade_actions (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    portfolio_id integer NOT NULL,
    action_type varchar NOT NULL,
    asset_price numeric NOT NULL,
    quantity numeric NOT NULL,
    fees_paid numeric NOT NULL DEFAULT 0,
    pnl_realized_usd numeric NOT NULL DEFAULT 0,
    timeframe varchar NOT NULL,
    emotion_state varchar,
    confidence_level integer,
    stress_level integer,
    market_sentiment varchar,
    volatility_level varchar,
    volume_profile varchar,
    primary_setup varchar,
    confirmation_signals jsonb,
    chart_pattern varchar,
    analysis_snapshot jsonb,
    stop_loss numeric,
    take_profit numeric,
    capital_amount numeric,
    risk_percent numeric,
    reason varchar,
    action_source varchar NOT NULL,
    signal_id integer,
    lesson_learned text,
    notes text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT trade_actions_pkey PRIMARY KEY (id),
    CONSTRAINT trade_actions_portfolio_id_fkey
        FOREIGN KEY (portfolio_id) REFERENCES portfolio (id) ON DELETE CASCADE,
    CONSTRAINT trade_actions_signal_id_fkey
        FOREIGN KEY (signal_id) REFERENCES trading_signals (id) ON DELETE SET NULL,
    CONSTRAINT trade_actions_action_type_check
        CHECK (action_type IN ('buy', 'sell', 'partial_sell', 'entry', 'partial_exit',
                               'full_exit', 'modify_sl', 'modify_tp')),
    CONSTRAINT trade_actions_timeframe_check
        CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d')),
    CONSTRAINT trade_actions_confidence_level_check CHECK (confidence_level BETWEEN 1 AND 10),
    CONSTRAINT trade_actions_stress_level_check CHECK (stress_level BETWEEN 1 AND 10),
    CONSTRAINT trade_actions_market_sentiment_check
        CHECK (market_sentiment IN ('bullish', 'bearish', 'sideways')),
    CONSTRAINT trade_actions_volatility_level_check
        CHECK (volatility_level IN ('low', 'medium', 'high', 'extreme')),
    CONSTRAINT trade_actions_volume_profile_check
        CHECK (volume_profile IN ('above_average', 'below_average', 'normal')),
    CONSTRAINT trade_actions_primary_setup_check
        CHECK (primary_setup IN ('breakout', 'pullback', 'reversal', 'trend_follow')),
    CONSTRAINT trade_actions_capital_amount_check
        CHECK (capital_amount >= 0 AND capital_amount < 'Infinity'),
    CONSTRAINT trade_actions_risk_percent_check CHECK (risk_percent BETWEEN 0 AND 100),
    CONSTRAINT trade_actions_action_source_check
        CHECK (action_source IN ('manual', 'ai_signal', 'copy_trade', 'algorithm')),
    CONSTRAINT trade_actions_quantity_check
        CHECK (quantity >= 0 AND quantity < 'Infinity'
               AND (quantity > 0 OR action_type IN ('modify_sl', 'modify_tp'))),
    CONSTRAINT trade_actions_finite_check
        CHECK (all_finite(asset_price, fees_paid, pnl_realized_usd, stop_loss, take_profit))
);
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
    'Realized profit or loss in USD, for a full or partial exit';
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

CREATE INDEX trade_actions_portfolio_id_created_at_id_idx
    ON trade_actions (portfolio_id, created_at, id);
COMMENT ON INDEX trade_actions_portfolio_id_created_at_id_idx IS
    'the actions on a position in their order; foreign key to portfolio';
CREATE INDEX trade_actions_signal_id_idx ON trade_actions (signal_id);
COMMENT ON INDEX trade_actions_signal_id_idx IS
    'the actions a signal led to; foreign key to trading_signals';

CREATE TRIGGER trade_actions_touch BEFORE UPDATE ON trade_actions
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER trade_actions_touch ON trade_actions IS
    'sets updated_at when an UPDATE changes the row';

-- sql/schema/operations.sql

-- operations.sql: how the system itself fares, and what it tells users

CREATE TABLE system_health (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    check_time timestamptz NOT NULL,
    api_status jsonb,
    database_status jsonb,
    ml_models_status jsonb,
    data_pipeline_status jsonb,
    overall_health_score numeric,
    performance_metrics jsonb,
    error_logs jsonb,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT system_health_pkey PRIMARY KEY (id),
    CONSTRAINT system_health_overall_health_score_check
        CHECK (overall_health_score BETWEEN 0 AND 100)
);
SELECT pg_catalog.pg_extension_config_dump('system_health', '');
SELECT pg_catalog.pg_extension_config_dump('system_health_id_seq', '');

COMMENT ON TABLE system_health IS
    'Health checks of the system, one row a check';
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

CREATE TRIGGER system_health_touch BEFORE UPDATE ON system_health
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER system_health_touch ON system_health IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE analytics_data (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    category varchar NOT NULL,
    metric_name varchar NOT NULL,
    metric_value numeric NOT NULL,
    dimensions jsonb,
    aggregation_level varchar,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT analytics_data_pkey PRIMARY KEY (id),
    CONSTRAINT analytics_data_category_check
        CHECK (category IN ('user_behavior', 'api_usage', 'performance')),
    CONSTRAINT analytics_data_aggregation_level_check
        CHECK (aggregation_level IN ('hourly', 'daily', 'weekly', 'monthly')),
    CONSTRAINT analytics_data_finite_check CHECK (all_finite(metric_value))
);
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

CREATE TRIGGER analytics_data_touch BEFORE UPDATE ON analytics_data
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER analytics_data_touch ON analytics_data IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE external_api_logs (
    id bigint GENERATED BY DEFAULT AS IDENTITY,
    api_provider varchar NOT NULL,
    endpoint varchar NOT NULL,
    http_method varchar,
    response_status integer,
    response_time_ms numeric,
    request_params jsonb,
    response_data jsonb,
    error_message text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT external_api_logs_pkey PRIMARY KEY (id),
    CONSTRAINT external_api_logs_response_time_ms_check
        CHECK (response_time_ms >= 0 AND response_time_ms < 'Infinity'),
    CONSTRAINT external_api_logs_response_status_check
        CHECK (response_status BETWEEN 100 AND 599)
);
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
    'Response time in milliseconds';
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

CREATE TRIGGER external_api_logs_touch BEFORE UPDATE ON external_api_logs
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER external_api_logs_touch ON external_api_logs IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE background_tasks (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    task_name varchar NOT NULL,
    task_type varchar NOT NULL,
    status varchar NOT NULL DEFAULT 'pending',
    task_params jsonb,
    result_data jsonb,
    error_message text,
    started_at timestamptz,
    completed_at timestamptz,
    execution_time_seconds numeric,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT background_tasks_pkey PRIMARY KEY (id),
    CONSTRAINT background_tasks_task_type_check
        CHECK (task_type IN ('data_sync', 'model_training', 'cleanup')),
    CONSTRAINT background_tasks_status_check
        CHECK (status IN ('pending', 'running', 'completed', 'failed')),
    CONSTRAINT background_tasks_execution_time_seconds_check
        CHECK (execution_time_seconds >= 0 AND execution_time_seconds < 'Infinity'),
    CONSTRAINT background_tasks_times_check CHECK (completed_at >= started_at)
);
SELECT pg_catalog.pg_extension_config_dump('background_tasks', '');
SELECT pg_catalog.pg_extension_config_dump('background_tasks_id_seq', '');

COMMENT ON TABLE background_tasks IS
    'Background tasks: what was to be done, its progress and its result';
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

CREATE TRIGGER background_tasks_touch BEFORE UPDATE ON background_tasks
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER background_tasks_touch ON background_tasks IS
    'sets updated_at when an UPDATE changes the row';


CREATE TABLE notifications (
    id integer GENERATED BY DEFAULT AS IDENTITY,
    user_id integer NOT NULL,
    notification_type varchar NOT NULL,
    title varchar NOT NULL,
    message text,
    data jsonb,
    status varchar NOT NULL DEFAULT 'unread',
    priority varchar NOT NULL DEFAULT 'normal',
    scheduled_for timestamptz,
    sent_at timestamptz,
    read_at timestamptz,
    expires_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT notifications_pkey PRIMARY KEY (id),
    CONSTRAINT notifications_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
    CONSTRAINT notifications_notification_type_check
        CHECK (notification_type IN ('signal', 'alert', 'system', 'educational')),
    CONSTRAINT notifications_status_check CHECK (status IN ('unread', 'read', 'dismissed')),
    CONSTRAINT notifications_priority_check
        CHECK (priority IN ('low', 'normal', 'high', 'urgent')),
    CONSTRAINT notifications_read_at_check CHECK (status <> 'read' OR read_at IS NOT NULL)
);
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

CREATE INDEX notifications_unread_idx ON notifications (user_id) WHERE status = 'unread';
COMMENT ON INDEX notifications_unread_idx IS
    'the number of unread notifications of a user';
CREATE INDEX notifications_user_id_idx ON notifications (user_id);
COMMENT ON INDEX notifications_user_id_idx IS
    'the notifications of a user; foreign key to users';

CREATE TRIGGER notifications_touch BEFORE UPDATE ON notifications
    FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*)
    EXECUTE FUNCTION touch_updated_at();
COMMENT ON TRIGGER notifications_touch ON notifications IS
    'sets updated_at when an UPDATE changes the row';

-- sql/schema/views.sql

-- Views over the tables.

CREATE VIEW price_history WITH (security_invoker = true) AS
    SELECT p.id, p.asset_id, p.timeframe, p.open_price, p.high_price, p.low_price, p.close_price,
           p.volume, p.market_cap, p.technical_indicators, p.candle_time, p.created_at,
           false AS archived
    FROM price_data AS p
    UNION ALL
    SELECT a.id, a.asset_id, a.timeframe, a.open_price, a.high_price, a.low_price, a.close_price,
           a.volume, a.market_cap, a.technical_indicators, a.candle_time, a.created_at,
           true AS archived
    FROM price_data_archive AS a;
COMMENT ON VIEW price_history IS
    'all candles, live and archived; each candle is in one of the two tables, so it appears once';
COMMENT ON COLUMN price_history.id IS 'identifier, kept when the row moves between the tables';
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
COMMENT ON COLUMN price_history.archived IS 'whether the row is in price_data_archive';

CREATE VIEW model_leaderboard WITH (security_invoker = true) AS
    WITH latest AS (
        SELECT DISTINCT ON (p.model_id, p.evaluation_metric)
               p.model_id, p.evaluation_metric, p.metric_value, p.evaluation_date,
               p.evaluated_predictions_count
        FROM model_performance AS p
        ORDER BY p.model_id, p.evaluation_metric, p.evaluation_date DESC
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
    'latest metrics of every evaluated model version, best first: by mape, which compares prices of any size, then by directional accuracy and accuracy; a model without mape comes last';
COMMENT ON COLUMN model_leaderboard.rank IS 'place, from 1; equal metrics share a place';
COMMENT ON COLUMN model_leaderboard.model_id IS 'model version, ai_models.id';
COMMENT ON COLUMN model_leaderboard.name IS 'name of the model';
COMMENT ON COLUMN model_leaderboard.version IS 'version of the model';
COMMENT ON COLUMN model_leaderboard.model_type IS 'what the model is about: macro, sector, asset or timing';
COMMENT ON COLUMN model_leaderboard.is_active IS 'whether the version is in use';
COMMENT ON COLUMN model_leaderboard.evaluation_date IS 'when the metrics were computed, of several the last';
COMMENT ON COLUMN model_leaderboard.predictions IS 'predictions behind the metric that had the most';
COMMENT ON COLUMN model_leaderboard.accuracy IS 'share of predictions within their accuracy threshold, 0 to 1';
COMMENT ON COLUMN model_leaderboard.directional_accuracy IS 'share of predictions whose direction came true, 0 to 1';
COMMENT ON COLUMN model_leaderboard.mae IS 'mean absolute error, in USD';
COMMENT ON COLUMN model_leaderboard.rmse IS 'root mean squared error, in USD';
COMMENT ON COLUMN model_leaderboard.mape IS 'mean absolute percentage error, as a fraction';
COMMENT ON COLUMN model_leaderboard.smape IS 'symmetric mean absolute percentage error, 0 to 2';
COMMENT ON COLUMN model_leaderboard.r2 IS 'coefficient of determination';
COMMENT ON COLUMN model_leaderboard.brier_score IS 'Brier score of confidence_score as the probability of being accurate';
COMMENT ON COLUMN model_leaderboard.sharpe_ratio IS 'annualised Sharpe ratio of following each predicted direction';

-- sql/functions/checks.sql

-- Checks of arguments that more than one function takes.

CREATE FUNCTION ca_check_asset(asset integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF asset IS NULL THEN
        RAISE EXCEPTION 'asset must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'asset_id(symbol) is NULL when the symbol is unknown.';
    END IF;
    PERFORM FROM assets AS a WHERE a.id = asset;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown asset'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in assets with id %s.', asset),
                  HINT = 'asset_id(symbol) finds an asset by its symbol.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_asset(integer) IS
    'refuses an asset that is NULL or unknown';

CREATE FUNCTION ca_check_range(since timestamptz, until timestamptz) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
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

CREATE FUNCTION ca_check_timeframe(timeframe text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF timeframe IS NULL THEN
        RAISE EXCEPTION 'timeframe must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'Timeframes are 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M.';
    END IF;
    PERFORM timeframe_length(timeframe);
END;
$$;
COMMENT ON FUNCTION ca_check_timeframe(text) IS
    'refuses a timeframe that is NULL or unknown';

CREATE FUNCTION ca_check_batch_size(batch_size integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
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
    'refuses a number of rows a batch that is NULL or not in 1..1000000';

CREATE FUNCTION ca_check_series(
    asset integer, timeframe text, since timestamptz, until timestamptz)
    RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_timeframe(timeframe);
    PERFORM ca_check_asset(asset);
    PERFORM ca_check_range(since, until);
END;
$$;
COMMENT ON FUNCTION ca_check_series(integer, text, timestamptz, timestamptz) IS
    'checks the arguments that name a range of one series of candles';

CREATE FUNCTION ca_check_model(model integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF model IS NULL THEN
        RAISE EXCEPTION 'model must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'A model is named by ai_models.id.';
    END IF;
    PERFORM FROM ai_models AS m WHERE m.id = model;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown model'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in ai_models with id %s.', model),
                  HINT = 'A model is named by ai_models.id.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_model(integer) IS
    'refuses a model that is NULL or unknown';

CREATE FUNCTION asset_id(symbol text) RETURNS integer
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT a.id
    FROM assets AS a
    WHERE a.symbol IN (asset_id.symbol, upper(asset_id.symbol))
    ORDER BY a.symbol = asset_id.symbol DESC
    LIMIT 1;
END;
COMMENT ON FUNCTION asset_id(text) IS
    'identifier of an asset by its symbol, as written or else in upper case; NULL when unknown';

-- sql/functions/candles.sql

-- Reading candles: stored ones, and higher ones built from them.

CREATE FUNCTION ca_build_candles(
    asset integer, timeframe text, source text, since timestamptz, until timestamptz)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
    -- market_cap is a price like any other here: its close is the last one known
    WITH part AS (
        SELECT timeframe_bucket(ca_build_candles.timeframe, h.candle_time) AS bucket,
               h.timeframe AS source,
               candlestick_agg(h.candle_time, h.open_price, h.high_price, h.low_price,
                               h.close_price, h.volume) AS candle,
               candlestick_agg(h.candle_time, h.market_cap, NULL::numeric) AS market_cap
        FROM price_history AS h
        WHERE h.asset_id = ca_build_candles.asset
          AND h.timeframe = ANY (ARRAY(
                  SELECT t FROM timeframes() AS t
                  WHERE timeframe_divides(t, ca_build_candles.timeframe)
                    AND (ca_build_candles.source IS NULL OR t = ca_build_candles.source)))
          AND h.candle_time >= timeframe_bucket(ca_build_candles.timeframe,
                                                coalesce(ca_build_candles.since, '-infinity'))
          AND h.candle_time < timeframe_end(ca_build_candles.timeframe,
                                            coalesce(ca_build_candles.until, 'infinity')
                                            - interval '1 microsecond')
        GROUP BY 1, 2
    )
    SELECT DISTINCT ON (p.bucket)
           p.bucket, (p.candle).open, (p.candle).high, (p.candle).low, (p.candle).close,
           (p.candle).volume, (p.market_cap).close
    FROM part AS p
    -- a coarser source is better where it has candles before the finer one begins or after it ends
    WHERE NOT EXISTS (
        SELECT
        FROM part AS coarser
        WHERE coarser.bucket = p.bucket
          AND timeframe_length(coarser.source) > timeframe_length(p.source)
          AND (timeframe_end(coarser.source, (coarser.candle).open_time) <= (p.candle).open_time
               OR (coarser.candle).close_time >= timeframe_end(p.source, (p.candle).close_time)))
    ORDER BY p.bucket, timeframe_length(p.source);
END;
COMMENT ON FUNCTION ca_build_candles(integer, text, text, timestamptz, timestamptz) IS
    'candles built from stored finer ones, whole buckets only: all that overlap [since, until); of several sources each bucket takes the finest that covers it, unless one is named';

CREATE FUNCTION candles(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    sources text[] := ARRAY(SELECT t FROM timeframes() AS t
                            WHERE timeframe_divides(t, candles.timeframe));
    first timestamptz;
    stop timestamptz;
BEGIN
    PERFORM ca_check_series(candles.asset, candles.timeframe, candles.since, candles.until);

    -- the buckets that finer candles reach
    SELECT timeframe_bucket(candles.timeframe, min(e.first)),
           timeframe_end(candles.timeframe, max(e.last))
    INTO first, stop
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
        )
        SELECT * FROM stored
        UNION ALL
        SELECT b.*
        FROM hole AS o
        CROSS JOIN LATERAL ca_build_candles(candles.asset, candles.timeframe, NULL,
                                            o.hole_start, o.hole_end) AS b
        WHERE b.time >= coalesce(candles.since, '-infinity')
          AND b.time < coalesce(candles.until, 'infinity')
        ORDER BY 1;
END;
$$;
COMMENT ON FUNCTION candles(integer, text, timestamptz, timestamptz) IS
    'candles that start in [since, until), live and archived, ascending; where none is stored it is built from the finest stored timeframe that divides it; the newest may still be open';

CREATE FUNCTION candle_gaps(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE (gap_start timestamptz, gap_end timestamptz, missing bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    -- a bound that is given counts as the end of a candle before, or the start of one after
    WITH boundary AS (
        SELECT timeframe_end(candle_gaps.timeframe, c.time) AS candle_end, c.time
        FROM candles(candle_gaps.asset, candle_gaps.timeframe, candle_gaps.since, candle_gaps.until) AS c
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
    'spans in which candles are missing: [gap_start, gap_end) and how many; without since or until only between the first and the last candle; candles not yet closed are not missing';

CREATE FUNCTION candles_filled(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, open numeric, high numeric, low numeric, close numeric,
                   volume numeric, market_cap numeric, filled boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, @extschema@, pg_temp
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
                         coalesce(before, candles_filled.since), candles_filled.until) AS c
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
    'as candles(), with each missing candle flat at the previous close, volume 0 and filled = true; begins with the first candle known, and without until ends with the last; nothing is filled in that has not closed';

-- sql/functions/rollup.sql

-- Writing candles: one writer for all, roll-ups and imports.

-- Who writes candles of a series holds an advisory lock on it until the end of the transaction.
-- What is read after taking the lock is what the last writer committed, so the later of two
-- writers never puts back what the earlier had before it.
CREATE FUNCTION ca_lock_series(timeframe text, asset integer) RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE WHEN ca_lock_series.asset IS NULL
                THEN pg_advisory_xact_lock(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
                ELSE pg_advisory_xact_lock_shared(hashtextextended('cryptoanalytics series ' || ca_lock_series.timeframe, 0))
           END;
    SELECT pg_advisory_xact_lock(hashtextextended(
               'cryptoanalytics series ' || ca_lock_series.timeframe || ' ' || ca_lock_series.asset, 0))
    WHERE ca_lock_series.asset IS NOT NULL;
END;
COMMENT ON FUNCTION ca_lock_series(text, integer) IS
    'locks writing of one series of candles, or of a timeframe''s all series when asset is NULL, to the end of the transaction';

CREATE FUNCTION ca_store_candles(candles price_data[]) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH candle AS MATERIALIZED (
        SELECT c.* FROM unnest(ca_store_candles.candles) AS c
    ), in_archive AS (
        UPDATE price_data_archive AS a
        SET open_price = c.open_price,
            high_price = c.high_price,
            low_price = c.low_price,
            close_price = c.close_price,
            volume = coalesce(c.volume, a.volume),
            market_cap = coalesce(c.market_cap, a.market_cap),
            technical_indicators = NULL
        FROM candle AS c
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
          AND (a.open_price, a.high_price, a.low_price, a.close_price, a.volume, a.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, a.volume), coalesce(c.market_cap, a.market_cap))
        RETURNING a.id
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
        ORDER BY c.asset_id, c.timeframe, c.candle_time
        ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
        SET open_price = excluded.open_price,
            high_price = excluded.high_price,
            low_price = excluded.low_price,
            close_price = excluded.close_price,
            volume = coalesce(excluded.volume, p.volume),
            market_cap = coalesce(excluded.market_cap, p.market_cap),
            technical_indicators = NULL
        WHERE (p.open_price, p.high_price, p.low_price, p.close_price, p.volume, p.market_cap)
              IS DISTINCT FROM
              (excluded.open_price, excluded.high_price, excluded.low_price, excluded.close_price,
               coalesce(excluded.volume, p.volume), coalesce(excluded.market_cap, p.market_cap))
        RETURNING p.id
    )
    SELECT (SELECT count(*) FROM in_archive) + (SELECT count(*) FROM in_live);
END;
COMMENT ON FUNCTION ca_store_candles(price_data[]) IS
    'inserts candles or corrects those stored, live or archived, and returns how many changed; a changed candle loses its technical_indicators, an unknown volume or market_cap does not overwrite a known one; the caller holds the series lock and sends each candle once';

CREATE FUNCTION ca_rollup_series(
    timeframe text, asset integer, since timestamptz, until timestamptz, source text, include_open boolean)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    -- candles in memory at a time
    step CONSTANT interval := 10000 * timeframe_length(ca_rollup_series.timeframe);
    sources text[] := ARRAY(SELECT t FROM timeframes() AS t
                            WHERE timeframe_divides(t, ca_rollup_series.timeframe)
                              AND (ca_rollup_series.source IS NULL OR t = ca_rollup_series.source));
    chunk timestamptz;
    chunk_end timestamptz;
    stop timestamptz;
    written bigint := 0;
BEGIN
    SELECT greatest(timeframe_bucket(ca_rollup_series.timeframe, ca_rollup_series.since),
                    timeframe_bucket(ca_rollup_series.timeframe, min(e.first))),
           least(timeframe_end(ca_rollup_series.timeframe, ca_rollup_series.until - interval '1 microsecond'),
                 timeframe_end(ca_rollup_series.timeframe, max(e.last)))
    INTO chunk, stop
    FROM unnest(sources) AS s (source)
    CROSS JOIN LATERAL (
        SELECT min(h.candle_time) AS first, max(h.candle_time) AS last
        FROM price_history AS h
        WHERE h.asset_id = ca_rollup_series.asset AND h.timeframe = s.source) AS e
    HAVING min(e.first) IS NOT NULL;

    WHILE chunk < stop LOOP
        chunk_end := least((chunk AT TIME ZONE 'UTC' + step) AT TIME ZONE 'UTC', stop);
        written := written + ca_store_candles(ARRAY(
            SELECT ROW(NULL, ca_rollup_series.asset, ca_rollup_series.timeframe,
                       b.open, b.high, b.low, b.close, b.volume, b.market_cap, NULL, b.time, now())::price_data
            FROM ca_build_candles(ca_rollup_series.asset, ca_rollup_series.timeframe,
                                  ca_rollup_series.source, chunk, chunk_end) AS b
            WHERE ca_rollup_series.include_open
               OR timeframe_end(ca_rollup_series.timeframe, b.time) <= now()));
        chunk := chunk_end;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_rollup_series(text, integer, timestamptz, timestamptz, text, boolean) IS
    'rolls one series up; the caller has checked the arguments and holds the series lock';

CREATE FUNCTION rollup_candles(
    timeframe text, asset integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, source text DEFAULT NULL, include_open boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    series integer;
    written bigint := 0;
BEGIN
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
    FOR series IN
        SELECT a.id FROM assets AS a
        WHERE rollup_candles.asset IS NULL OR a.id = rollup_candles.asset
        ORDER BY a.id
    LOOP
        written := written + ca_rollup_series(
            rollup_candles.timeframe, series, rollup_candles.since, rollup_candles.until,
            rollup_candles.source, coalesce(rollup_candles.include_open, false));
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION rollup_candles(text, integer, timestamptz, timestamptz, text, boolean) IS
    'recomputes the whole candles that overlap [since, until) from stored finer ones, live and archived, writes them and returns how many were inserted or changed; closed candles only, unless include_open';

-- sql/functions/import.sql

-- Importing candles from the JSON that exchanges and data providers send.

CREATE FUNCTION ca_import_error(index bigint, problem text, element jsonb, hint text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    RAISE EXCEPTION 'element % of data %', index, problem
        USING ERRCODE = 'invalid_parameter_value',
              DETAIL = format('Counted from 0, the element is %s.', left(element::text, 300)),
              HINT = hint;
END;
$$;
COMMENT ON FUNCTION ca_import_error(bigint, text, jsonb, text) IS
    'refuses an element of an import';

CREATE FUNCTION ca_import_number(
    index bigint, element jsonb, field integer, name text, below numeric, required boolean)
    RETURNS numeric
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    value text := element ->> field;
BEGIN
    IF value IS NULL AND NOT required THEN
        RETURN NULL;
    END IF;
    IF jsonb_typeof(element -> field) NOT IN ('number', 'string')
       OR value !~ '^[-+]?[0-9]{1,255}([.][0-9]{0,255})?([eE][-+]?[0-9]{1,3})?$' THEN
        PERFORM ca_import_error(index, format('has no finite number as %s', name), element,
                                'Prices, volumes and times are JSON numbers or strings that hold one.');
    END IF;
    -- no column has less than two decimals to round to
    IF round(abs(value::numeric), 2) >= below THEN
        PERFORM ca_import_error(index, format('has a %s that is too large', name), element,
                                format('It must be less than %s.', below));
    END IF;
    RETURN value::numeric;
END;
$$;
COMMENT ON FUNCTION ca_import_number(bigint, jsonb, integer, text, numeric, boolean) IS
    'a field of an element as a number; NULL where it is null and not required';

-- the candle that an element stands for, volume in quote units
CREATE FUNCTION ca_import_element(
    index bigint, element jsonb, asset integer, timeframe text, format text, volume_unit text)
    RETURNS price_data
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    fields CONSTANT integer := CASE format WHEN 'ccxt' THEN 6 WHEN 'binance' THEN 12 ELSE 5 END;
    candle price_data;
    milliseconds numeric;
    volume numeric;
    moment timestamptz;
    has integer := CASE WHEN jsonb_typeof(element) = 'array' THEN jsonb_array_length(element) END;
BEGIN
    IF has IS DISTINCT FROM fields THEN
        PERFORM ca_import_error(
            index, CASE WHEN has IS NULL THEN 'is not an array' ELSE format('has %s fields', has) END, element,
            CASE format
                WHEN 'ccxt' THEN 'A ccxt candle is [milliseconds, open, high, low, close, volume].'
                WHEN 'binance' THEN 'A Binance kline has 12 fields, from open time to one that is unused.'
                ELSE 'A CoinGecko candle is [milliseconds at its close, open, high, low, close].'
            END);
    END IF;

    milliseconds := ca_import_number(index, element, 0, 'time', 1e15, true);
    IF milliseconds <> trunc(milliseconds) OR milliseconds NOT BETWEEN -62135596800000 AND 253402300799999 THEN
        PERFORM ca_import_error(index, 'has a time that is no count of milliseconds since 1970', element,
                                'Multiply seconds by 1000, divide microseconds by 1000.');
    END IF;
    moment := timestamptz 'epoch' + milliseconds::double precision * interval '1 millisecond';

    candle.asset_id := asset;
    candle.timeframe := timeframe;
    candle.open_price := ca_import_number(index, element, 1, 'open', 1e12, true);
    candle.high_price := ca_import_number(index, element, 2, 'high', 1e12, true);
    candle.low_price := ca_import_number(index, element, 3, 'low', 1e12, true);
    candle.close_price := ca_import_number(index, element, 4, 'close', 1e12, true);
    volume := CASE format
        WHEN 'binance' THEN ca_import_number(index, element, 7, 'quote volume', 1e28, true)
        WHEN 'ccxt' THEN ca_import_number(index, element, 5, 'volume', 1e16, false)
    END;
    candle.volume := CASE WHEN format = 'ccxt' AND volume_unit = 'base'
                          THEN volume * abs(candle.high_price + candle.low_price + candle.close_price) / 3
                          ELSE volume END;

    -- CoinGecko tells when a candle closed, the others when it opened
    candle.candle_time := timeframe_bucket(
        timeframe, CASE WHEN format = 'coingecko' THEN moment - interval '1 microsecond' ELSE moment END);
    IF moment <> (CASE WHEN format = 'coingecko' THEN timeframe_end(timeframe, candle.candle_time)
                       ELSE candle.candle_time END) THEN
        PERFORM ca_import_error(index, format('is off the boundary of a %s candle', timeframe), element,
                                format('Its time, as milliseconds since 1970, is %s UTC.', moment AT TIME ZONE 'UTC'));
    END IF;
    IF candle.high_price < greatest(candle.open_price, candle.low_price, candle.close_price)
       OR candle.low_price > least(candle.open_price, candle.close_price) THEN
        PERFORM ca_import_error(index, 'has a high or a low that does not bound its open and close', element,
                                'The order is open, high, low, close.');
    END IF;
    IF volume < 0 THEN
        PERFORM ca_import_error(index, 'has a negative volume', element, 'An unknown volume is null.');
    END IF;
    RETURN candle;
END;
$$;
COMMENT ON FUNCTION ca_import_element(bigint, jsonb, integer, text, text, text) IS
    'the candle that an element of an import stands for';

CREATE FUNCTION import_ohlcv(
    asset integer, timeframe text, data jsonb, format text DEFAULT 'ccxt', volume_unit text DEFAULT 'base')
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    candles price_data[];
BEGIN
    PERFORM ca_check_series(import_ohlcv.asset, import_ohlcv.timeframe, NULL, NULL);
    IF import_ohlcv.format IS NULL OR import_ohlcv.format NOT IN ('ccxt', 'binance', 'coingecko') THEN
        RAISE EXCEPTION 'unknown format'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv.format)),
                  HINT = 'Formats are ccxt, binance and coingecko.';
    END IF;
    IF import_ohlcv.volume_unit IS NULL OR import_ohlcv.volume_unit NOT IN ('base', 'quote') THEN
        RAISE EXCEPTION 'unknown volume_unit'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', quote_nullable(import_ohlcv.volume_unit)),
                  HINT = 'Units are base and quote.';
    END IF;
    IF jsonb_typeof(import_ohlcv.data) IS DISTINCT FROM 'array' THEN
        RAISE EXCEPTION 'data must be a JSON array of candles'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = coalesce('It is a JSON ' || jsonb_typeof(import_ohlcv.data) || '.', 'It is NULL.'),
                  HINT = 'Pass the array itself, not the object that the provider wraps it in.';
    END IF;

    -- where a candle comes twice, as where pages overlap, the last one counts
    SELECT array_agg(last.candle ORDER BY (last.candle).candle_time)
    INTO candles
    FROM (
        SELECT DISTINCT ON ((e.candle).candle_time) e.candle
        FROM (
            SELECT d.index, ca_import_element(d.index - 1, d.element, import_ohlcv.asset, import_ohlcv.timeframe,
                                              import_ohlcv.format, import_ohlcv.volume_unit) AS candle
            FROM jsonb_array_elements(import_ohlcv.data) WITH ORDINALITY AS d (element, index)
            OFFSET 0) AS e
        ORDER BY (e.candle).candle_time, e.index DESC) AS last;

    PERFORM ca_lock_series(import_ohlcv.timeframe, import_ohlcv.asset);
    RETURN ca_store_candles(coalesce(candles, '{}'));
END;
$$;
COMMENT ON FUNCTION import_ohlcv(integer, text, jsonb, text, text) IS
    'writes candles from JSON and returns how many were inserted or changed; formats: ccxt [ms, open, high, low, close, volume], binance (12 fields, the quote volume is taken), coingecko [ms at close, open, high, low, close]; a base volume is multiplied by the typical price; an element that is wrong is named and nothing is kept';

-- sql/functions/archive.sql

-- The archive of old candles.

-- A candle is in one table only.  A new live candle takes the place of an archived one, and an
-- archived one cannot be added beside a live one.
CREATE FUNCTION ca_supersede_archived() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    DELETE FROM price_data_archive AS a
    USING new_candles AS n
    WHERE (a.asset_id, a.timeframe, a.candle_time) = (n.asset_id, n.timeframe, n.candle_time);
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_supersede_archived() IS
    'trigger: candles inserted into price_data replace archived ones; it runs with its owner''s rights because whoever may insert candles need not be allowed to delete from the archive';
REVOKE EXECUTE ON FUNCTION ca_supersede_archived() FROM PUBLIC;

CREATE TRIGGER price_data_supersede
    AFTER INSERT ON price_data
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_supersede_archived();
COMMENT ON TRIGGER price_data_supersede ON price_data IS
    'a candle inserted here replaces an archived one';

CREATE FUNCTION ca_refuse_second_copy() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    copy price_data;
BEGIN
    SELECT p.*
    INTO copy
    FROM new_candles AS n
    JOIN price_data AS p ON (p.asset_id, p.timeframe, p.candle_time) = (n.asset_id, n.timeframe, n.candle_time)
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'the candle is live already'
            USING ERRCODE = 'unique_violation',
                  DETAIL = format('price_data holds the %s candle of asset %s at %s.',
                                  copy.timeframe, copy.asset_id, copy.candle_time),
                  HINT = 'archive_price_data moves candles from one table to the other.';
    END IF;
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION ca_refuse_second_copy() IS
    'trigger: a candle that price_data holds is not archived a second time; it runs with its owner''s rights because whoever fills the archive need not be allowed to read price_data';
REVOKE EXECUTE ON FUNCTION ca_refuse_second_copy() FROM PUBLIC;

CREATE TRIGGER price_data_archive_once
    AFTER INSERT ON price_data_archive
    REFERENCING NEW TABLE AS new_candles
    FOR EACH STATEMENT EXECUTE FUNCTION ca_refuse_second_copy();
COMMENT ON TRIGGER price_data_archive_once ON price_data_archive IS
    'a candle that price_data holds is not archived a second time';

CREATE FUNCTION retention_period(timeframe text) RETURNS interval
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_retention_period';
COMMENT ON FUNCTION retention_period(text) IS
    'how long candles of this timeframe stay in price_data by the setting cryptoanalytics.retention; NULL when for ever';

CREATE FUNCTION ca_archive_cutoff(timeframe text, older_than timestamptz) RETURNS timestamptz
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
    'candles of this timeframe that start before this moment are to be archived; never one that is still open; NULL when none is';

CREATE FUNCTION ca_archive_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer, keep_indicators boolean,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    -- one statement: a row leaves one table and enters the other, or neither happens
    WITH batch AS MATERIALIZED (
        SELECT p.id
        FROM price_data AS p
        WHERE p.asset_id = ca_archive_batch.series
          AND p.timeframe = ca_archive_batch.timeframe
          AND p.candle_time >= ca_archive_batch.since
          AND p.candle_time < ca_archive_batch.until
        ORDER BY p.candle_time
        LIMIT ca_archive_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM price_data AS p
        USING batch AS b
        WHERE p.id = b.id
        RETURNING p.*
    ), archived AS (
        INSERT INTO price_data_archive AS a
            (id, asset_id, timeframe, open_price, high_price, low_price, close_price,
             volume, market_cap, technical_indicators, candle_time, created_at)
        SELECT g.id, g.asset_id, g.timeframe, g.open_price, g.high_price, g.low_price, g.close_price,
               g.volume, g.market_cap,
               CASE WHEN ca_archive_batch.keep_indicators THEN g.technical_indicators END,
               g.candle_time, g.created_at
        FROM gone AS g
        ORDER BY g.candle_time
        RETURNING a.candle_time
    )
    SELECT count(*), max(r.candle_time) FROM archived AS r;
END;
COMMENT ON FUNCTION ca_archive_batch(integer, text, timestamptz, timestamptz, integer, boolean) IS
    'moves the oldest candles of a range to the archive, at most batch_size; rows that another session has locked are left';

CREATE FUNCTION ca_restore_batch(
    series integer, timeframe text, since timestamptz, until timestamptz, batch_size integer,
    OUT moved bigint, OUT last timestamptz)
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH batch AS MATERIALIZED (
        SELECT a.id
        FROM price_data_archive AS a
        WHERE a.asset_id = ca_restore_batch.series
          AND a.timeframe = ca_restore_batch.timeframe
          AND a.candle_time >= ca_restore_batch.since
          AND a.candle_time < ca_restore_batch.until
        ORDER BY a.candle_time
        LIMIT ca_restore_batch.batch_size
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM price_data_archive AS a
        USING batch AS b
        WHERE a.id = b.id
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

-- background_tasks tells of each run.  A run that broke off is marked as failed by the next one:
-- its backend is gone, or the server has started since.
CREATE FUNCTION ca_task_start(name text, params jsonb) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
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
           OR NOT EXISTS (SELECT FROM pg_stat_activity AS s WHERE s.pid = (t.task_params ->> 'pid')::integer)
           OR (t.task_params ->> 'pid')::integer = pg_backend_pid());

    INSERT INTO background_tasks AS t (task_name, task_type, status, task_params, result_data, started_at)
    VALUES (name, 'cleanup', 'running', params || jsonb_build_object('pid', pg_backend_pid()),
            jsonb '{"moved": 0, "by_timeframe": {}}', clock_timestamp())
    RETURNING t.id INTO task;
    RETURN task;
END;
$$;
COMMENT ON FUNCTION ca_task_start(text, jsonb) IS
    'enters a run into background_tasks, and marks earlier ones that broke off as failed';

CREATE FUNCTION ca_task_finish(task integer, failure text, OUT moved bigint)
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
    'notes in background_tasks how a run ended, and returns the rows that it moved';

CREATE FUNCTION ca_move_series(task integer)
    RETURNS TABLE (series integer, timeframe text, since timestamptz, until timestamptz)
    LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    WITH params AS (
        SELECT p.*
        FROM background_tasks AS b
        CROSS JOIN LATERAL jsonb_to_record(b.task_params)
            AS p (older_than timestamptz, timeframe text, asset integer)
        WHERE b.id = ca_move_series.task
    )
    SELECT a.id, t.code, timestamptz '-infinity', c.cutoff
    FROM params AS p
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (SELECT ca_archive_cutoff(t.code, p.older_than) AS cutoff) AS c
    JOIN assets AS a ON p.asset IS NULL OR a.id = p.asset
    WHERE (p.timeframe IS NULL OR t.code = p.timeframe)
      AND EXISTS (SELECT
                  FROM price_data AS d
                  WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff)
    ORDER BY t.place, a.id;
END;
COMMENT ON FUNCTION ca_move_series(integer) IS
    'the series and ranges that a run of archive_price_data is to move';

CREATE FUNCTION ca_move_batch(
    task integer, restoring boolean, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean,
    OUT done boolean, OUT last timestamptz, INOUT reported timestamptz)
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    moved bigint;
    total bigint;
BEGIN
    PERFORM ca_lock_series(timeframe, series);
    IF restoring THEN
        SELECT b.moved, b.last INTO moved, last
        FROM ca_restore_batch(series, timeframe, since, until, batch_size) AS b;
    ELSE
        SELECT b.moved, b.last INTO moved, last
        FROM ca_archive_batch(series, timeframe, since, until, batch_size, keep_indicators) AS b;
    END IF;

    done := moved = 0;
    IF done THEN
        RETURN;
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
COMMENT ON FUNCTION ca_move_batch(integer, boolean, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz) IS
    'moves one batch of a series, notes it in background_tasks and tells of it, at most once a second';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE PROCEDURE ca_move_range(
    task integer, restoring boolean, series integer, timeframe text, since timestamptz, until timestamptz,
    batch_size integer, keep_indicators boolean, INOUT reported timestamptz)
    LANGUAGE plpgsql
AS $$
DECLARE
    batch pg_catalog.record;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    LOOP
        -- an error undoes this batch only, and is noted before it is raised again
        BEGIN
            SELECT b.done, b.last, b.reported INTO batch
            FROM @extschema@.ca_move_batch(task, restoring, series, timeframe, since, until,
                                           batch_size, keep_indicators, reported) AS b;
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL,
                                    state = RETURNED_SQLSTATE;
        END;
        IF message IS NOT NULL THEN
            PERFORM @extschema@.ca_task_finish(task, message);
            COMMIT;
            RAISE EXCEPTION '%', message
                USING ERRCODE = state,
                      DETAIL = pg_catalog.ltrim(pg_catalog.concat_ws(' ', detail,
                          'The batches before stay moved; background_tasks tells how many rows.')),
                      HINT = 'Calling the procedure again goes on where it stopped.';
        END IF;
        COMMIT;
        EXIT WHEN batch.done;
        since := batch.last;
        reported := batch.reported;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE ca_move_range(integer, boolean, integer, text, timestamptz, timestamptz, integer, boolean, timestamptz) IS
    'moves a range of one series, a commit a batch';

CREATE FUNCTION ca_archive_count(older_than timestamptz, timeframe text, asset integer) RETURNS bigint
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

CREATE PROCEDURE archive_price_data(
    older_than timestamptz DEFAULT NULL, timeframe text DEFAULT NULL, asset integer DEFAULT NULL,
    keep_indicators boolean DEFAULT false, batch_size integer DEFAULT 10000, dry_run boolean DEFAULT false,
    INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    part pg_catalog.record;
    reported pg_catalog.timestamptz;
BEGIN
    PERFORM @extschema@.ca_check_batch_size(batch_size);
    IF timeframe IS NOT NULL THEN
        PERFORM @extschema@.ca_check_timeframe(timeframe);
    END IF;
    IF asset IS NOT NULL THEN
        PERFORM @extschema@.ca_check_asset(asset);
    END IF;
    -- whoever passes NULL has not said that rows may move
    IF coalesce(dry_run, true) THEN
        moved := @extschema@.ca_archive_count(older_than, timeframe, asset);
        RETURN;
    END IF;

    task := @extschema@.ca_task_start('archive_price_data', pg_catalog.jsonb_build_object(
        'older_than', older_than, 'timeframe', timeframe, 'asset', asset,
        'keep_indicators', keep_indicators, 'batch_size', batch_size));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    FOR part IN SELECT s.series, s.timeframe, s.since, s.until FROM @extschema@.ca_move_series(task) AS s LOOP
        CALL @extschema@.ca_move_range(task, false, part.series, part.timeframe, part.since, part.until,
                                       batch_size, coalesce(keep_indicators, false), reported);
    END LOOP;
    moved := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE archive_price_data(timestamptz, text, integer, boolean, integer, boolean, bigint) IS
    'moves closed candles that start before older_than, or by the setting cryptoanalytics.retention, from price_data to price_data_archive, a commit a batch; technical_indicators are dropped unless kept; each run is a row of background_tasks; dry_run only counts';

CREATE PROCEDURE restore_price_data(
    timeframe text, asset integer, since timestamptz, until timestamptz,
    batch_size integer DEFAULT 10000, INOUT moved bigint DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4;
    reported pg_catalog.timestamptz;
BEGIN
    PERFORM @extschema@.ca_check_batch_size(batch_size);
    PERFORM @extschema@.ca_check_series(asset, timeframe, since, until);

    task := @extschema@.ca_task_start('restore_price_data', pg_catalog.jsonb_build_object(
        'timeframe', timeframe, 'asset', asset, 'since', since, 'until', until, 'batch_size', batch_size));
    reported := pg_catalog.clock_timestamp();
    COMMIT;
    CALL @extschema@.ca_move_range(task, true, asset, timeframe, coalesce(since, '-infinity'),
                                   coalesce(until, 'infinity'), batch_size, true, reported);
    moved := @extschema@.ca_task_finish(task, NULL);
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE restore_price_data(text, integer, timestamptz, timestamptz, integer, bigint) IS
    'moves the archived candles of one series that start in [since, until) back to price_data, a commit a batch; NULL leaves a side open; each run is a row of background_tasks';

-- sql/functions/predictions.sql

-- Scoring predictions and evaluating models.

CREATE FUNCTION ca_prediction_target(target_datetime timestamptz, created_at timestamptz, prediction_horizon integer)
    RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT coalesce(ca_prediction_target.target_datetime,
                    (ca_prediction_target.created_at AT TIME ZONE 'UTC'
                     + ca_prediction_target.prediction_horizon * interval '1 hour') AT TIME ZONE 'UTC');
END;
COMMENT ON FUNCTION ca_prediction_target(timestamptz, timestamptz, integer) IS
    'moment that a prediction is about: its target, or its creation and its horizon in hours';

CREATE INDEX predictions_horizon_idx ON predictions (ca_prediction_target(target_datetime, created_at, prediction_horizon))
    WHERE NOT is_realized;
COMMENT ON INDEX predictions_horizon_idx IS
    'predictions that are due, those with a horizon instead of a target too';

CREATE FUNCTION ca_prediction_flaw(predicted_price numeric, predicted_value jsonb, input_price numeric) RETURNS text
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
    'why a prediction can never be scored; NULL when it can';

CREATE FUNCTION ca_price_at(asset integer, moment timestamptz)
    RETURNS TABLE (close numeric, closed_at timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    -- the candle before the one that holds the moment is the last that had closed by then; a
    -- coarser timeframe is no way out when the finest is stale, for its last candle may hold no
    -- later trade and still end later
    SELECT c.close_price, timeframe_end(t.code, c.candle_time)
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT h.close_price, h.candle_time
        FROM price_history AS h
        WHERE h.asset_id = ca_price_at.asset
          AND h.timeframe = t.code
          AND h.candle_time < timeframe_bucket(t.code, ca_price_at.moment)
        ORDER BY h.candle_time DESC
        LIMIT 1) AS c
    ORDER BY t.place
    LIMIT 1;
END;
COMMENT ON FUNCTION ca_price_at(integer, timestamptz) IS
    'the last close known at a moment and when its candle ended, of the finest timeframe that has one';

CREATE FUNCTION ca_check_scoring(as_of timestamptz, staleness interval) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    IF as_of IS NULL THEN
        RAISE EXCEPTION 'as_of must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'Leave it out to score what is due now.';
    END IF;
    IF staleness IS NULL THEN
        RAISE EXCEPTION 'staleness must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  HINT = 'It is the age that the last close before a target may have, such as 1 hour.';
    END IF;
    IF staleness < interval '0' THEN
        RAISE EXCEPTION 'staleness must not be negative'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', staleness),
                  HINT = 'It is the age that the last close before a target may have, such as 1 hour.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_scoring(timestamptz, interval) IS
    'checks the arguments of score_predictions and unscored_predictions';

CREATE FUNCTION score_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    scored bigint;
BEGIN
    PERFORM ca_check_scoring(score_predictions.as_of, score_predictions.staleness);
    IF score_predictions.model IS NOT NULL THEN
        PERFORM ca_check_model(score_predictions.model);
    END IF;

    -- what another session is scoring is left to it
    WITH due AS MATERIALIZED (
        SELECT p.id, p.asset_id, p.predicted_price, p.predicted_value ->> 'direction' AS direction, p.input_price,
               ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target
        FROM predictions AS p
        WHERE NOT p.is_realized
          AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= score_predictions.as_of
          AND isfinite(ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon))
          AND (score_predictions.model IS NULL OR p.ai_models_id = score_predictions.model)
          AND ca_prediction_flaw(p.predicted_price, p.predicted_value, p.input_price) IS NULL
        FOR UPDATE SKIP LOCKED
    ), priced AS (
        SELECT d.*, a.close AS actual, abs(d.predicted_price - a.close) AS error
        FROM due AS d
        CROSS JOIN LATERAL ca_price_at(d.asset_id, d.target) AS a
        WHERE d.target - a.closed_at <= score_predictions.staleness
    )
    UPDATE predictions AS p
    SET actual_price = r.actual,
        absolute_error = r.error,
        squared_error = r.error * r.error,
        accuracy_percentage = CASE WHEN r.error IS NOT NULL AND r.actual <> 0
                                   THEN greatest(0, 100 - 100 * r.error / abs(r.actual)) END,
        is_accurate = CASE
            WHEN r.predicted_price IS NULL THEN
                sign(r.actual - r.input_price) = CASE r.direction WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END
            WHEN r.actual <> 0 THEN
                100 * r.error <= p.accuracy_threshold * abs(r.actual)
        END,
        is_realized = true,
        evaluated_at = now()
    FROM priced AS r
    WHERE p.id = r.id;

    GET DIAGNOSTICS scored = ROW_COUNT;
    RETURN scored;
END;
$$;
COMMENT ON FUNCTION score_predictions(timestamptz, interval, integer) IS
    'scores the predictions that are due, each once, against the last close at or before its target, and returns how many; a close older than staleness at the target does not count';

CREATE FUNCTION unscored_predictions(
    as_of timestamptz DEFAULT now(), staleness interval DEFAULT '1 hour', model integer DEFAULT NULL)
    RETURNS TABLE (prediction_id integer, reason text)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, @extschema@, pg_temp
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
                           WHEN a.closed_at IS NULL THEN 'no candle of the asset had closed by the target'
                           WHEN t.target - a.closed_at > unscored_predictions.staleness THEN
                               format('the last close before the target was %s old', t.target - a.closed_at)
                       END) AS reason
            FROM predictions AS p
            CROSS JOIN LATERAL (
                SELECT ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target) AS t
            LEFT JOIN LATERAL ca_price_at(p.asset_id, t.target) AS a ON true
            WHERE NOT p.is_realized
              AND ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) <= unscored_predictions.as_of
              AND (unscored_predictions.model IS NULL OR p.ai_models_id = unscored_predictions.model)) AS d
        WHERE d.reason IS NOT NULL
        ORDER BY d.id;
END;
$$;
COMMENT ON FUNCTION unscored_predictions(timestamptz, interval, integer) IS
    'the predictions that are due and that score_predictions cannot score, and why';

CREATE FUNCTION ca_model_metrics(model integer, since timestamptz, until timestamptz)
    RETURNS TABLE (metric text, value double precision, pairs bigint, first timestamptz, last timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 16
BEGIN ATOMIC
    -- a predicted direction stands for a price on that side of the input price
    WITH scored AS (
        SELECT p.actual_price::double precision AS actual,
               p.predicted_price::double precision AS predicted,
               p.input_price::double precision AS input,
               coalesce(p.predicted_price,
                        p.input_price + CASE p.predicted_value ->> 'direction'
                                            WHEN 'up' THEN 1 WHEN 'down' THEN -1 ELSE 0 END)::double precision AS side,
               p.is_accurate AS accurate,
               p.confidence_score::double precision AS confidence,
               ca_prediction_target(p.target_datetime, p.created_at, p.prediction_horizon) AS target,
               p.prediction_horizon AS horizon
        FROM predictions AS p
        WHERE p.ai_models_id = ca_model_metrics.model
          AND p.is_realized
          AND p.actual_price IS NOT NULL
    ), ranged AS (
        SELECT s.*, sign(s.side - s.input) * (s.actual - s.input) / nullif(abs(s.input), 0) AS gain
        FROM scored AS s
        WHERE (ca_model_metrics.since IS NULL OR s.target >= ca_model_metrics.since)
          AND (ca_model_metrics.until IS NULL OR s.target < ca_model_metrics.until)
    ), computed AS (
        SELECT min(r.target) AS first, max(r.target) AS last,
               count(r.predicted) AS prices,
               count(r.side - r.input) AS sides,
               count(r.accurate) AS judged,
               count(r.confidence) FILTER (WHERE r.accurate IS NOT NULL) AS confident,
               count(r.gain) AS gains,
               mae(r.actual, r.predicted) AS mae,
               mse(r.actual, r.predicted) AS mse,
               rmse(r.actual, r.predicted) AS rmse,
               medae(r.actual, r.predicted) AS medae,
               max_error(r.actual, r.predicted) AS max_error,
               mape(r.actual, r.predicted) AS mape,
               smape(r.actual, r.predicted) AS smape,
               wape(r.actual, r.predicted) AS wape,
               r2(r.actual, r.predicted) AS r2,
               directional_accuracy(r.input, r.actual, r.side) AS directional_accuracy,
               avg(r.accurate::integer)::double precision AS accuracy,
               brier_score(r.accurate, r.confidence) AS brier_score,
               log_loss(r.accurate, r.confidence) AS log_loss,
               ece(r.accurate, r.confidence) AS ece,
               -- returns of one horizon only can be annualised
               sharpe_ratio(r.gain, 1)
               * CASE WHEN min(r.horizon) = max(r.horizon) AND count(r.horizon) = count(*)
                      THEN sqrt(8760.0 / min(r.horizon)) END AS sharpe_ratio
        FROM ranged AS r
    )
    SELECT m.metric, m.value, m.pairs, c.first, c.last
    FROM computed AS c
    CROSS JOIN LATERAL (VALUES
        ('mae', c.mae, c.prices), ('mse', c.mse, c.prices), ('rmse', c.rmse, c.prices),
        ('medae', c.medae, c.prices), ('max_error', c.max_error, c.prices), ('mape', c.mape, c.prices),
        ('smape', c.smape, c.prices), ('wape', c.wape, c.prices), ('r2', c.r2, c.prices),
        ('directional_accuracy', c.directional_accuracy, c.sides),
        ('accuracy', c.accuracy, c.judged),
        ('brier_score', c.brier_score, c.confident), ('log_loss', c.log_loss, c.confident),
        ('ece', c.ece, c.confident),
        ('sharpe_ratio', c.sharpe_ratio, c.gains)) AS m (metric, value, pairs)
    WHERE m.value IS NOT NULL
    ORDER BY m.metric;
END;
COMMENT ON FUNCTION ca_model_metrics(integer, timestamptz, timestamptz) IS
    'metrics of a model''s scored predictions whose target lies in [since, until); those that are undefined are left out';

CREATE FUNCTION evaluate_model(
    model integer, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS SETOF model_performance
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE ROWS 16
    SET search_path = pg_catalog, @extschema@, pg_temp
    SET extra_float_digits = 1
AS $$
BEGIN
    PERFORM ca_check_model(evaluate_model.model);
    PERFORM ca_check_range(evaluate_model.since, evaluate_model.until);

    RETURN QUERY
        WITH metrics AS MATERIALIZED (
            SELECT m.* FROM ca_model_metrics(evaluate_model.model, evaluate_model.since, evaluate_model.until) AS m
        ), summary AS (
            UPDATE ai_models AS m
            SET performance_metrics = s.metrics
            FROM (
                SELECT jsonb_object_agg(x.metric, x.value::text::numeric)
                       || jsonb_build_object('predictions', max(x.pairs), 'evaluation_date', now()) AS metrics
                FROM metrics AS x
                HAVING count(*) > 0) AS s
            WHERE m.id = evaluate_model.model
        )
        INSERT INTO model_performance AS p
            (model_id, evaluation_metric, metric_value, evaluation_data_range, evaluated_predictions_count, evaluation_date)
        SELECT evaluate_model.model, m.metric, m.value::text::numeric,
               jsonb_build_object('since', evaluate_model.since, 'until', evaluate_model.until,
                                  'first', m.first, 'last', m.last),
               m.pairs, now()
        FROM metrics AS m
        ON CONFLICT (model_id, evaluation_metric, evaluation_date) DO UPDATE
        SET metric_value = excluded.metric_value,
            evaluation_data_range = excluded.evaluation_data_range,
            evaluated_predictions_count = excluded.evaluated_predictions_count
        RETURNING p.*;
END;
$$;
COMMENT ON FUNCTION evaluate_model(integer, timestamptz, timestamptz) IS
    'writes one row of model_performance a metric, and ai_models.performance_metrics, from the scored predictions whose target lies in [since, until); metrics that are undefined are left out';
