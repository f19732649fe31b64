-- Checks of arguments that several functions share.

CREATE FUNCTION ca_check_asset(asset integer) RETURNS void
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

CREATE FUNCTION ca_check_range(since timestamptz, until timestamptz) RETURNS void
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

CREATE FUNCTION ca_check_timeframe(timeframe text) RETURNS void
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

CREATE FUNCTION ca_check_batch_size(batch_size integer) RETURNS void
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

CREATE FUNCTION ca_check_series(
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

CREATE FUNCTION ca_check_model(model integer) RETURNS void
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

CREATE FUNCTION @extschema@.asset_id(symbol text) RETURNS integer
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

CREATE FUNCTION ca_asset_named(symbol text) RETURNS integer
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

CREATE FUNCTION ca_check_rights(relation regclass, rights text) RETURNS void
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
