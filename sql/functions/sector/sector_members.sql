-- Which assets make up a sector.

CREATE FUNCTION ca_check_sector(sector integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF sector IS NULL THEN
        RAISE EXCEPTION 'sector must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs a sector.',
                  HINT = 'SELECT id, name FROM sectors lists the sectors.';
    END IF;
    PERFORM FROM sectors AS s WHERE s.id = sector;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown sector'
            USING ERRCODE = 'invalid_parameter_value',
                  CONSTRAINT = 'sectors_known', TABLE = 'sectors', COLUMN = 'id',
                  DETAIL = format('There is no row in sectors with id %s.', sector),
                  HINT = 'SELECT id, name FROM sectors lists the sectors.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_sector(integer) IS
    'refuses a sector that is NULL or does not exist';

-- Stablecoins make up a sector only where nothing else does, unless the setting says otherwise: beside
-- coins whose prices move they would only dampen the index.
CREATE FUNCTION ca_sector_members()
    RETURNS TABLE (sector_id integer, asset_id integer, is_primary boolean, is_stablecoin boolean, since timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 5000
BEGIN ATOMIC
    SELECT m.sector_id, m.asset_id, m.is_primary_sector, m.asset_type = 'stablecoin',
           CASE v.membership WHEN 'point_in_time' THEN m.created_at ELSE '-infinity' END
    FROM (SELECT p.*, a.asset_type, a.is_active,
                 bool_and(a.asset_type = 'stablecoin') OVER (PARTITION BY p.sector_id) AS all_stable
          FROM sector_mapping AS p
          JOIN assets AS a ON a.id = p.asset_id) AS m
    CROSS JOIN (SELECT ca_option_word('sectors', 'membership') AS membership,
                       ca_option_word('sectors', 'stablecoins') AS stablecoins) AS v
    WHERE m.is_active
      AND (m.asset_type = 'crypto'
           OR m.asset_type = 'stablecoin' AND (v.stablecoins = 'include' OR v.stablecoins = 'auto' AND m.all_stable));
END;
COMMENT ON FUNCTION ca_sector_members() IS
    'the members of all sectors, by the setting sectors: active cryptocurrencies, and stablecoins where they are the whole sector; since is when a membership begins to count';

CREATE FUNCTION @extschema@.sector_members(sector integer, as_of timestamptz DEFAULT now())
    RETURNS TABLE (asset_id integer, cap double precision, weight double precision, price double precision, age interval)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 50
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    PERFORM ca_check_sector(sector_members.sector);
    PERFORM ca_check_moment(sector_members.as_of);
    RETURN QUERY
        WITH member AS MATERIALIZED (
            SELECT m.asset_id
            FROM ca_sector_members() AS m
            WHERE m.sector_id = sector_members.sector AND m.since <= sector_members.as_of
        ), price AS MATERIALIZED (
            SELECT p.* FROM ca_market_prices(ARRAY[sector_members.as_of]) AS p
        )
        SELECT m.asset_id, p.cap, p.cap / nullif(sum(p.cap) OVER (ORDER BY m.asset_id ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING), 0),
               p.price, n.age
        FROM member AS m
        LEFT JOIN price AS p ON p.asset_id = m.asset_id
        LEFT JOIN LATERAL (
            SELECT min(sector_members.as_of - u.closed_at) AS age
            FROM ca_newest_candles(m.asset_id, NULL, sector_members.as_of) AS c
            CROSS JOIN LATERAL ca_candle_until(c.asset_id, c.code, c.candle_time) AS u) AS n ON true
        ORDER BY p.cap DESC NULLS LAST, m.asset_id;
END;
$$;
COMMENT ON FUNCTION sector_members(integer, timestamptz) IS
    'the members of a sector as of as_of, greatest first: capitalization in USD, share of the sum of those known, price, and how old the newest candle is; NULL where not known';
