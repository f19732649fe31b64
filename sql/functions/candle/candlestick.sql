-- Candlesticks: the type and its aggregation state.

CREATE TYPE @extschema@.candlestick AS (
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
COMMENT ON COLUMN candlestick.trades IS 'number of trades; NULL if unknown, as for finished candles';
COMMENT ON COLUMN candlestick.close_time IS 'time of the last trade, or start of the last candle';

CREATE TYPE @extschema@.candlestick_state;
COMMENT ON TYPE candlestick_state IS
    'partial result of a candlestick aggregate, for parallel and distributed plans; not meant to be stored';

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

CREATE TYPE @extschema@.candlestick_state (
    INPUT = ca_candlestick_state_in,
    OUTPUT = ca_candlestick_state_out,
    RECEIVE = ca_candlestick_state_recv,
    SEND = ca_candlestick_state_send,
    INTERNALLENGTH = VARIABLE,
    ALIGNMENT = double,
    STORAGE = extended
);
