-- Timeframes: codes and candle boundaries, always in UTC.

CREATE FUNCTION @extschema@.timeframe_is_valid(timeframe text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_is_valid';
COMMENT ON FUNCTION timeframe_is_valid(text) IS
    'whether this is a timeframe code: 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d 3d 1w 1M';

CREATE FUNCTION @extschema@.timeframe_bucket(timeframe text, ts timestamptz) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_bucket';
COMMENT ON FUNCTION timeframe_bucket(text, timestamptz) IS
    'start of the candle that holds ts, in UTC';

CREATE FUNCTION @extschema@.timeframe_end(timeframe text, candle_time timestamptz) RETURNS timestamptz
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_end';
COMMENT ON FUNCTION timeframe_end(text, timestamptz) IS
    'first instant after the candle that holds candle_time, in UTC';

CREATE FUNCTION @extschema@.timeframe_count(timeframe text, since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_count';
COMMENT ON FUNCTION timeframe_count(text, timestamptz, timestamptz) IS
    'number of candles that start in [since, until)';

CREATE FUNCTION @extschema@.timeframe_divides(source text, timeframe text) RETURNS boolean
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_divides';
COMMENT ON FUNCTION timeframe_divides(text, text) IS
    'whether each candle of timeframe consists of whole candles of source; a timeframe does not divide itself';

CREATE FUNCTION @extschema@.timeframe_length(timeframe text) RETURNS interval
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_timeframe_length';
COMMENT ON FUNCTION timeframe_length(text) IS
    'length of a candle; add it to a UTC timestamp without time zone, where every day has 24 hours';

CREATE FUNCTION @extschema@.timeframes() RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 15
BEGIN ATOMIC
    SELECT code
    FROM unnest(ARRAY['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '3d', '1w', '1M']) AS code;
END;
COMMENT ON FUNCTION timeframes() IS
    'all timeframe codes, shortest first';

CREATE FUNCTION @extschema@.timeframe_series(timeframe text, since timestamptz, until timestamptz) RETURNS SETOF timestamptz
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
