-- Candlesticks: the aggregates.
--
-- A row costs about as much as ten simple operators, and a state takes a chunk of 144 bytes: with
-- these figures the planner can estimate the benefit of workers and of a hash table.

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
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, numeric, numeric, bigint) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_trade_accum';
COMMENT ON FUNCTION ca_candlestick_trade_accum(candlestick_state, timestamptz, double precision, double precision, bigint) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, numeric, numeric, numeric, numeric, numeric) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision)
    RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_bar_accum';
COMMENT ON FUNCTION ca_candlestick_bar_accum(candlestick_state, timestamptz, double precision, double precision, double precision, double precision, double precision) IS
    'transition function of candlestick_agg';

CREATE FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) RETURNS candlestick_state
    LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
    AS 'MODULE_PATHNAME', 'ca_candlestick_rollup_accum';
COMMENT ON FUNCTION ca_candlestick_rollup_accum(candlestick_state, candlestick) IS
    'transition function of rollup';

CREATE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price numeric, volume numeric) (
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

CREATE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price numeric, volume numeric, sequence bigint) (
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

CREATE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price double precision, volume double precision) (
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

CREATE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, price double precision, volume double precision, sequence bigint) (
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

CREATE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric) (
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

CREATE AGGREGATE @extschema@.candlestick_agg(ts timestamptz, open double precision, high double precision, low double precision, close double precision, volume double precision) (
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

CREATE AGGREGATE @extschema@.rollup(candle candlestick) (
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
