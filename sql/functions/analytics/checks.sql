-- Checks of arguments that analytics share.

CREATE FUNCTION ca_check_past(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_as_of(as_of);
    IF as_of > now() THEN
        RAISE EXCEPTION 'as_of must not be in the future'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out to use the present moment.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_past(timestamptz) IS
    'refuses a moment that is NULL, infinite or later than now';

CREATE FUNCTION ca_check_bars(bars integer, fewest integer, most integer) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF bars IS NULL OR bars NOT BETWEEN fewest AND most THEN
        RAISE EXCEPTION 'bars must be between % and %', fewest, most
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(bars::text, 'NULL')),
                  HINT = 'It is a number of closed candles.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_bars(integer, integer, integer) IS
    'refuses a number of bars that is NULL or out of range';
