-- Functions that the rules of several tables share. The rules are in docs/guide/rules.md.

CREATE FUNCTION ca_check_as_of(as_of timestamptz) RETURNS void
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

CREATE FUNCTION ca_check_span(argument text, span interval) RETURNS void
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

CREATE FUNCTION ca_earlier(moment timestamptz, span interval) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (moment AT TIME ZONE 'UTC' - span) AT TIME ZONE 'UTC';
COMMENT ON FUNCTION ca_earlier(timestamptz, interval) IS
    'a moment minus an interval, in UTC, where every day has 24 hours';

-- For WHEN clauses of triggers only: a function that sets its search_path hides that of the session.
CREATE FUNCTION ca_is_restore() RETURNS boolean
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_is_restore';
COMMENT ON FUNCTION ca_is_restore() IS
    'whether the owner of the tables loads rows by COPY with an empty search_path, as a dump does: such rows stay as they are';
