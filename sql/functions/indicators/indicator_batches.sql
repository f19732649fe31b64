-- The indicators of a batch of candles as JSON, from one state to the next.

CREATE TYPE @extschema@.ca_indicator_batch AS (
    ids bigint[],
    "values" jsonb[],
    state bytea,
    last timestamptz,
    candles bigint
);
COMMENT ON TYPE ca_indicator_batch IS
    'indicators of a batch of candles: identifiers and JSON of the live ones, the state after the batch, its last candle, and how many candles it had';
COMMENT ON COLUMN ca_indicator_batch.ids IS 'identifiers of the live candles';
COMMENT ON COLUMN ca_indicator_batch."values" IS 'indicators of each of them';
COMMENT ON COLUMN ca_indicator_batch.state IS 'state after the last candle';
COMMENT ON COLUMN ca_indicator_batch.last IS 'start of the last candle';
COMMENT ON COLUMN ca_indicator_batch.candles IS 'number of candles, live and archived';

CREATE FUNCTION ca_check_spec(spec jsonb, convention text) RETURNS void
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_check_spec';
COMMENT ON FUNCTION ca_check_spec(jsonb, text) IS
    'refuses a spec or a convention that update_technical_indicators() does not support';

CREATE FUNCTION ca_indicator_state_holds(spec jsonb, convention text, state bytea) RETURNS boolean
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicator_state_holds';
COMMENT ON FUNCTION ca_indicator_state_holds(jsonb, text, bytea) IS
    'whether a state belongs to this spec and has the format of this version';

CREATE FUNCTION ca_indicators_accum(
    internal, jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicators_accum';
COMMENT ON FUNCTION ca_indicators_accum(internal, jsonb, text, bytea, bigint, boolean, timestamptz, numeric, numeric, numeric) IS
    'transition function of ca_indicators';

CREATE FUNCTION ca_indicators_final(internal) RETURNS ca_indicator_batch
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_indicators_final';
COMMENT ON FUNCTION ca_indicators_final(internal) IS 'final function of ca_indicators';

CREATE AGGREGATE ca_indicators(
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
