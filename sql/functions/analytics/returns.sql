-- Returns of a series.

CREATE FUNCTION ca_log_return_between(before numeric, price numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_log_return_between';
COMMENT ON FUNCTION ca_log_return_between(numeric, numeric) IS
    'ln(price / before); NULL unless both are above zero';

CREATE FUNCTION ca_simple_return_between(before numeric, price numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_simple_return_between';
COMMENT ON FUNCTION ca_simple_return_between(numeric, numeric) IS
    'price / before - 1; NULL unless before is above zero';

CREATE FUNCTION ca_check_return_kind(kind text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF kind IS NULL OR kind NOT IN ('log', 'simple') THEN
        RAISE EXCEPTION 'unknown kind of return'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(quote_literal(left(kind, 64)), 'NULL')),
                  HINT = 'log is ln(p / q), simple is p / q - 1.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_return_kind(text) IS
    'refuses a kind of return that is NULL or unknown';

CREATE FUNCTION @extschema@.returns(
    asset integer, timeframe text, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL, kind text DEFAULT 'log')
    RETURNS TABLE ("time" timestamptz, close numeric, "return" double precision)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    -- the start of the candle before the range
    before CONSTANT timestamptz := timeframe_bucket(
        returns.timeframe,
        timeframe_end(returns.timeframe, returns.since - interval '1 microsecond') - interval '1 microsecond');
BEGIN
    PERFORM ca_check_series(returns.asset, returns.timeframe, returns.since, returns.until);
    PERFORM ca_check_return_kind(returns.kind);
    RETURN QUERY
        SELECT r.time, r.close,
               CASE WHEN timeframe_end(returns.timeframe, r.time_before) = r.time THEN
                   CASE returns.kind WHEN 'log' THEN ca_log_return_between(r.close_before, r.close)
                                     ELSE ca_simple_return_between(r.close_before, r.close) END
               END
        FROM (SELECT c.time, c.close, lag(c.time) OVER w AS time_before, lag(c.close) OVER w AS close_before
              FROM candles(returns.asset, returns.timeframe, before,
                           ca_closed_until(returns.timeframe, returns.since, returns.until)) AS c
              WINDOW w AS (ORDER BY c.time)) AS r
        WHERE r.time >= coalesce(returns.since, '-infinity')
        ORDER BY r.time;
END;
$$;
COMMENT ON FUNCTION returns(integer, text, timestamptz, timestamptz, text) IS
    'log or simple return of each candle that starts in [since, until) against the candle before it; NULL without that candle, over a gap, and where prices are not above zero; closed candles only';
