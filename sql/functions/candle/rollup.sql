-- Writing candles: one writer for all, roll-ups and imports.

-- Not a parsed body: with an argument of its row type, PostgreSQL could not add a column with a default
-- to price_data.
CREATE FUNCTION ca_store_candles(candles price_data[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    changed bigint;
BEGIN
    WITH candle AS MATERIALIZED (
        -- look up each candle by its key, even many of them: the planner must not estimate their number
        SELECT c.* FROM unnest((SELECT ca_store_candles.candles)) AS c
    ), in_archive AS (
        UPDATE price_data_archive AS a
        SET open_price = c.open_price,
            high_price = c.high_price,
            low_price = c.low_price,
            close_price = c.close_price,
            volume = coalesce(c.volume, a.volume),
            market_cap = coalesce(c.market_cap, a.market_cap),
            technical_indicators = ca_own_keys(a.technical_indicators)
        FROM candle AS c
        WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
          AND (a.open_price, a.high_price, a.low_price, a.close_price, a.volume, a.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, a.volume), coalesce(c.market_cap, a.market_cap))
        RETURNING a.id
    ), compressed AS MATERIALIZED (
        SELECT z AS stored, z.*
        FROM (SELECT c.asset_id, c.timeframe, array_agg(c.candle_time) AS times
              FROM candle AS c
              WHERE EXISTS (SELECT FROM price_data_segments)
              GROUP BY c.asset_id, c.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    ), in_segments AS (
        SELECT ca_replace_compressed(
                   z.asset_id, z.timeframe,
                   array_agg(jsonb_populate_record(z.stored, jsonb_build_object(
                                 'open_price', c.open_price, 'high_price', c.high_price, 'low_price', c.low_price,
                                 'close_price', c.close_price, 'volume', coalesce(c.volume, z.volume),
                                 'market_cap', coalesce(c.market_cap, z.market_cap), 'technical_indicators', ca_own_keys(z.technical_indicators)))
                             ORDER BY z.candle_time)) AS replaced
        FROM compressed AS z
        JOIN candle AS c
          ON (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time)
        WHERE (z.open_price, z.high_price, z.low_price, z.close_price, z.volume, z.market_cap)
              IS DISTINCT FROM
              (c.open_price, c.high_price, c.low_price, c.close_price,
               coalesce(c.volume, z.volume), coalesce(c.market_cap, z.market_cap))
        GROUP BY z.asset_id, z.timeframe
    ), in_live AS (
        INSERT INTO price_data AS p
            (asset_id, timeframe, open_price, high_price, low_price, close_price, volume, market_cap, candle_time)
        SELECT c.asset_id, c.timeframe, c.open_price, c.high_price, c.low_price, c.close_price,
               c.volume, c.market_cap, c.candle_time
        FROM candle AS c
        WHERE NOT EXISTS (
            SELECT
            FROM price_data_archive AS a
            WHERE (a.asset_id, a.timeframe, a.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
          AND NOT EXISTS (
            SELECT
            FROM compressed AS z
            WHERE (z.asset_id, z.timeframe, z.candle_time) = (c.asset_id, c.timeframe, c.candle_time))
        ORDER BY c.asset_id, c.timeframe, c.candle_time
        ON CONFLICT (asset_id, timeframe, candle_time) DO UPDATE
        SET open_price = excluded.open_price,
            high_price = excluded.high_price,
            low_price = excluded.low_price,
            close_price = excluded.close_price,
            volume = coalesce(excluded.volume, p.volume),
            market_cap = coalesce(excluded.market_cap, p.market_cap),
            technical_indicators = ca_own_keys(p.technical_indicators)
        WHERE (p.open_price, p.high_price, p.low_price, p.close_price, p.volume, p.market_cap)
              IS DISTINCT FROM
              (excluded.open_price, excluded.high_price, excluded.low_price, excluded.close_price,
               coalesce(excluded.volume, p.volume), coalesce(excluded.market_cap, p.market_cap))
        RETURNING p.id
    )
    SELECT (SELECT count(*) FROM in_archive)
         + (SELECT coalesce(sum(s.replaced), 0)::bigint FROM in_segments AS s)
         + (SELECT count(*) FROM in_live)
    INTO changed;
    RETURN changed;
END;
$$;
COMMENT ON FUNCTION ca_store_candles(price_data[]) IS
    'inserts candles or corrects stored ones, live, archived or compressed, and returns how many changed; a changed candle loses its indicators, but no other key of its JSON; an unknown volume or market_cap does not overwrite a known one; the caller holds the series lock and passes each candle once';

-- A partial candle is written if none is stored, or one that was made from no more minutes.
CREATE FUNCTION ca_store_rolled_up(candles price_data[], covered integer[]) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET enable_seqscan = off
AS $$
DECLARE
    written bigint;
    partial record;
BEGIN
    IF ca_store_rolled_up.covered IS NULL THEN
        written := ca_store_candles(ca_store_rolled_up.candles);
        PERFORM ca_note_partial(ca_store_rolled_up.candles, NULL, NULL);
        RETURN written;
    END IF;

    WITH candle AS MATERIALIZED (
        SELECT u.candle, u.covered, (u.candle).asset_id, (u.candle).timeframe, (u.candle).candle_time,
               stored.prices, stored.volume, stored.market_cap
        FROM (SELECT unnest(ca_store_rolled_up.candles) AS candle, unnest(ca_store_rolled_up.covered) AS covered) AS u
        LEFT JOIN LATERAL (
            SELECT ARRAY[d.open_price, d.high_price, d.low_price, d.close_price] AS prices, d.volume, d.market_cap
            FROM price_data AS d
            WHERE (d.asset_id, d.timeframe, d.candle_time) = ((u.candle).asset_id, (u.candle).timeframe, (u.candle).candle_time)
            UNION ALL
            SELECT ARRAY[d.open_price, d.high_price, d.low_price, d.close_price], d.volume, d.market_cap
            FROM price_data_archive AS d
            WHERE (d.asset_id, d.timeframe, d.candle_time) = ((u.candle).asset_id, (u.candle).timeframe, (u.candle).candle_time)
            LIMIT 1) AS stored ON true
    ), compressed AS MATERIALIZED (
        SELECT z.asset_id, z.timeframe, z.candle_time,
               ARRAY[z.open_price, z.high_price, z.low_price, z.close_price] AS prices, z.volume, z.market_cap
        FROM (SELECT c.asset_id, c.timeframe, array_agg(c.candle_time ORDER BY c.candle_time) AS times
              FROM candle AS c
              WHERE c.prices IS NULL AND EXISTS (SELECT FROM price_data_segments)
              GROUP BY c.asset_id, c.timeframe) AS s
        CROSS JOIN LATERAL ca_compressed_at(s.asset_id, s.timeframe, s.times) AS z
    ), known AS (
        SELECT c.candle, c.covered, c.asset_id, c.timeframe, c.candle_time,
               coalesce(c.prices, z.prices) AS prices, coalesce(c.volume, z.volume) AS volume,
               ARRAY[(c.candle).open_price, (c.candle).high_price, (c.candle).low_price, (c.candle).close_price] AS new_prices,
               coalesce((c.candle).volume, c.volume, z.volume) AS new_volume,
               coalesce((c.candle).market_cap, c.market_cap, z.market_cap)
                   IS DISTINCT FROM coalesce(c.market_cap, z.market_cap) AS other_market_cap
        FROM candle AS c
        LEFT JOIN compressed AS z USING (asset_id, timeframe, candle_time)
    ), judged AS (
        SELECT k.*,
               (SELECT p.covered
                FROM partial_candles AS p
                WHERE (p.asset_id, p.timeframe, p.candle_time) = (k.asset_id, k.timeframe, k.candle_time)
                  AND p.digest = ca_candle_digest(k.prices[1], k.prices[2], k.prices[3], k.prices[4], k.volume)) AS made_of
        FROM known AS k
    )
    SELECT array_agg(j.candle) AS candles, array_agg(j.covered) AS covered,
           array_agg(ca_candle_digest(j.new_prices[1], j.new_prices[2], j.new_prices[3], j.new_prices[4],
                                      j.new_volume)) AS digests
    INTO partial
    FROM judged AS j
    WHERE CASE WHEN j.prices IS NULL THEN true
               -- skip a candle that would not change
               WHEN j.made_of = j.covered THEN j.other_market_cap OR (j.prices, j.volume) IS DISTINCT FROM (j.new_prices, j.new_volume)
               WHEN j.made_of IS NOT NULL THEN j.made_of < j.covered
               ELSE j.prices = j.new_prices AND j.volume IS NOT DISTINCT FROM j.new_volume END;

    IF partial.candles IS NULL THEN
        RETURN 0;
    END IF;
    written := ca_store_candles(partial.candles);
    PERFORM ca_note_partial(partial.candles, partial.covered, partial.digests);
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_store_rolled_up(price_data[], integer[]) IS
    'like ca_store_candles(), for candles made from the given minutes of their span, which do not replace candles made from more; without covered they are whole';

CREATE FUNCTION ca_rollup_series(
    timeframe text, asset integer, since timestamptz, until timestamptz, source text, include_open boolean)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_series';
COMMENT ON FUNCTION ca_rollup_series(text, integer, timestamptz, timestamptz, text, boolean) IS
    'rolls one series up, or those of all assets if asset is NULL, in one pass over the stored candles; the caller has checked the arguments and holds the lock of the series that are written';

CREATE FUNCTION @extschema@.rollup_candles(
    timeframe text, asset integer DEFAULT NULL, since timestamptz DEFAULT NULL,
    until timestamptz DEFAULT NULL, source text DEFAULT NULL, include_open boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('price_data', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('price_data_archive', 'SELECT, UPDATE');
    PERFORM ca_check_timeframe(rollup_candles.timeframe);
    PERFORM ca_check_range(rollup_candles.since, rollup_candles.until);
    IF rollup_candles.asset IS NOT NULL THEN
        PERFORM ca_check_asset(rollup_candles.asset);
    END IF;
    PERFORM FROM timeframes() AS t
    WHERE timeframe_divides(coalesce(rollup_candles.source, t), rollup_candles.timeframe);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'cannot roll % up to %', coalesce(rollup_candles.source, 'candles'), rollup_candles.timeframe
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('A %s candle is not made of whole %s candles.',
                                  rollup_candles.timeframe, coalesce(rollup_candles.source, 'shorter')),
                  HINT = format('Timeframes that divide %s: %s.', rollup_candles.timeframe,
                                coalesce((SELECT string_agg(t, ' ') FROM timeframes() AS t
                                          WHERE timeframe_divides(t, rollup_candles.timeframe)), 'none'));
    END IF;

    PERFORM ca_lock_series(rollup_candles.timeframe, rollup_candles.asset);
    -- its snapshot is taken after the lock
    RETURN ca_rollup_series(
        rollup_candles.timeframe, rollup_candles.asset, rollup_candles.since, rollup_candles.until,
        rollup_candles.source, coalesce(rollup_candles.include_open, false));
END;
$$;
COMMENT ON FUNCTION rollup_candles(text, integer, timestamptz, timestamptz, text, boolean) IS
    'recomputes the whole candles that overlap [since, until) from stored finer ones, live and archived, writes them, and returns how many were inserted or changed; closed candles only, unless include_open';
