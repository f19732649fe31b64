-- Correlations of assets, each with each.

CREATE FUNCTION ca_correlation_matrix(assets integer[], timeframe text, bars integer, fewest integer, until timestamptz)
    RETURNS TABLE (asset_id integer, other_id integer, correlation double precision, pairs integer)
    LANGUAGE c STABLE STRICT PARALLEL SAFE ROWS 10000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_correlation_matrix';
COMMENT ON FUNCTION ca_correlation_matrix(integer[], text, integer, integer, timestamptz) IS
    'correlation_matrix() of checked arguments; a correlation needs so many pairs of returns';

CREATE FUNCTION @extschema@.correlation_matrix(
    assets integer[] DEFAULT NULL, timeframe text DEFAULT '1d', bars integer DEFAULT 30, as_of timestamptz DEFAULT now())
    RETURNS TABLE (asset_id integer, other_id integer, correlation double precision, pairs integer)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_timeframe(correlation_matrix.timeframe);
    PERFORM ca_check_bars(correlation_matrix.bars, 2, 10000);
    PERFORM ca_check_past(correlation_matrix.as_of);
    PERFORM ca_check_asset(g.id)
    FROM unnest(correlation_matrix.assets) AS g (id)
    WHERE g.id IS NULL OR NOT EXISTS (SELECT FROM assets AS a WHERE a.id = g.id);

    RETURN QUERY
        SELECT m.*
        FROM ca_correlation_matrix(
            coalesce(correlation_matrix.assets,
                     ARRAY(SELECT a.id FROM assets AS a WHERE a.asset_type = 'crypto' AND a.is_active)),
            correlation_matrix.timeframe, correlation_matrix.bars, 20,
            timeframe_bucket(correlation_matrix.timeframe, correlation_matrix.as_of)) AS m;
END;
$$;
COMMENT ON FUNCTION correlation_matrix(integer[], text, integer, timestamptz) IS
    'correlation of the log returns of each asset with each other one, over the newest bars that had closed at as_of; pairs is how many returns both know, and fewer than 20 give NULL, as does a side that does not vary; without assets, of all active crypto assets; assets without returns have no rows';
