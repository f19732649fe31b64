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
