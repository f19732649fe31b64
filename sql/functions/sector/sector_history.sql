-- The history of sectors: capitalization, volume and a chain-linked index.
--
-- The level of the index at a bar is that at the row before, times the sum of cap x price / price before over
-- the sum of cap, over the members whose capitalization and price before and whose price now are known.  So
-- what comes, goes or changes its supply moves the capitalization and not the level.

CREATE FUNCTION ca_finite(value double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    -- NaN is greater than everything
    RETURN CASE WHEN ca_finite.value > '-Infinity' AND ca_finite.value < 'Infinity' THEN ca_finite.value END;
COMMENT ON FUNCTION ca_finite(double precision) IS
    'a value, or NULL if it is not finite';

CREATE AGGREGATE ca_product(double precision) (
    SFUNC = float8mul,
    STYPE = double precision,
    FINALFUNC = ca_finite,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ca_product(double precision) IS
    'product of values, from the first to the last; NULLs do not count; NULL if it is not finite';

CREATE FUNCTION ca_sector_bars_accum(
    state internal, asset integer, "time" timestamptz, bar bigint, close numeric, market_cap numeric, supply numeric, seed boolean,
    before bigint, stale integer)
    RETURNS internal
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sector_bars_accum';
COMMENT ON FUNCTION ca_sector_bars_accum(internal, integer, timestamptz, bigint, numeric, numeric, numeric, boolean, bigint, integer) IS
    'transition function of ca_sector_bars()';

CREATE FUNCTION ca_sector_bars_final(state internal) RETURNS double precision[]
    LANGUAGE c IMMUTABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_sector_bars_final';
COMMENT ON FUNCTION ca_sector_bars_final(internal) IS
    'final function of ca_sector_bars()';

CREATE AGGREGATE ca_sector_bars(integer, timestamptz, bigint, numeric, numeric, numeric, boolean, bigint, integer) (
    SFUNC = ca_sector_bars_accum,
    STYPE = internal,
    FINALFUNC = ca_sector_bars_final,
    PARALLEL = SAFE
);
COMMENT ON AGGREGATE ca_sector_bars(integer, timestamptz, bigint, numeric, numeric, numeric, boolean, bigint, integer) IS
    'of candles of the members of a sector (asset, time, number of the bar, close, market_cap, supply of today, whether it only tells the supply; the last bar before, for how many more bars a candle counts): per bar its number, the sum of capitalizations, the growth of the index, and how many capitalizations are known';

CREATE FUNCTION ca_sector_rows(sectors integer[], timeframe text, since timestamptz, until timestamptz, before timestamptz)
    RETURNS TABLE (sector_id integer, candle_time timestamptz, market_cap double precision, growth double precision,
                   constituents bigint, missing bigint)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
    SET enable_nestloop = off
    SET jit = off
BEGIN ATOMIC
    WITH setting AS MATERIALIZED (
        SELECT v.*, timeframe_bucket(ca_sector_rows.timeframe, '0001-01-01 00:00+00') AS origin,
               ca_bars_later(ca_sector_rows.timeframe,
                             timeframe_bucket(ca_sector_rows.timeframe, coalesce(ca_sector_rows.before, ca_sector_rows.since)),
                             - v.stale) AS first
        FROM (SELECT ca_option('sectors', 'stale_bars')::integer AS stale,
                     ca_option('market', 'current_supply') = 1 AS current_supply) AS v
    ), member AS MATERIALIZED (
        SELECT m.sector_id, m.asset_id, m.since, CASE WHEN v.current_supply THEN a.circulating_supply END AS supply
        FROM setting AS v
        CROSS JOIN ca_sector_members() AS m
        JOIN unnest(ca_sector_rows.sectors) AS s ON s = m.sector_id
        JOIN assets AS a ON a.id = m.asset_id
    ), candle AS MATERIALIZED (
        SELECT c.*
        FROM setting AS v
        CROSS JOIN LATERAL ca_member_candles(ARRAY(SELECT DISTINCT m.asset_id FROM member AS m), ca_sector_rows.timeframe,
                                             v.first, ca_sector_rows.until) AS c
    ), seed AS MATERIALIZED (
        -- for the assets whose first candle does not tell the supply
        SELECT n.*
        FROM setting AS v
        CROSS JOIN LATERAL ca_newest_caps(
            ARRAY(SELECT f.asset_id
                  FROM (SELECT c.asset_id, min(c.candle_time) AS first,
                               min(c.candle_time) FILTER (WHERE c.market_cap IS NOT NULL AND c.close > 0) AS known
                        FROM candle AS c GROUP BY c.asset_id) AS f
                  WHERE f.known IS DISTINCT FROM f.first),
            ca_sector_rows.timeframe, v.first) AS n
    ), bar AS (
        SELECT m.sector_id,
               ca_sector_bars(c.asset_id, c.candle_time, timeframe_count(ca_sector_rows.timeframe, v.origin, c.candle_time), c.close,
                              c.market_cap, m.supply, c.is_seed,
                              timeframe_count(ca_sector_rows.timeframe, v.origin, ca_sector_rows.before), v.stale) AS "values"
        FROM setting AS v
        CROSS JOIN member AS m
        JOIN (SELECT c.*, false AS is_seed FROM candle AS c
              UNION ALL
              SELECT s.*, true FROM seed AS s) AS c ON c.asset_id = m.asset_id
        WHERE m.since <= timeframe_end(ca_sector_rows.timeframe, c.candle_time)
        GROUP BY m.sector_id
    ), total AS MATERIALIZED (
        SELECT m.sector_id, count(*) AS members, array_agg(m.since) FILTER (WHERE isfinite(m.since)) AS since
        FROM member AS m
        GROUP BY m.sector_id
    )
    SELECT b.sector_id, p.candle_time, b."values"[4 * n - 2], b."values"[4 * n - 1], b."values"[4 * n]::bigint,
           t.members - b."values"[4 * n]::bigint
           - CASE WHEN t.since IS NULL THEN 0
                  ELSE (SELECT count(*) FROM unnest(t.since) AS s WHERE s > timeframe_end(ca_sector_rows.timeframe, p.candle_time)) END
    FROM bar AS b
    CROSS JOIN setting AS v
    JOIN total AS t ON t.sector_id = b.sector_id
    CROSS JOIN LATERAL generate_series(1, cardinality(b."values") / 4) AS n
    CROSS JOIN LATERAL (SELECT ca_bars_later(ca_sector_rows.timeframe, v.origin, b."values"[4 * n - 3]::integer) AS candle_time) AS p
    WHERE p.candle_time >= ca_sector_rows.since AND p.candle_time < ca_sector_rows.until;
END;
COMMENT ON FUNCTION ca_sector_rows(integer[], text, timestamptz, timestamptz, timestamptz) IS
    'the rows of sectors that start in [since, until), one per candle of any member: capitalization, what one unit of the index at the row before has grown to, members with a capitalization and without; before is the last row of each sector before since, which its index goes on from';

-- The new rows of sectors that all have the same last row before them.
CREATE FUNCTION ca_write_sector_rows(
    sectors integer[], timeframe text, since timestamptz, until timestamptz, before timestamptz)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
    -- a level is read again as it was written
    SET extra_float_digits = 1
AS $$
#variable_conflict use_column
DECLARE
    spec CONSTANT jsonb := '{"RSI": 14, "MACD": [12, 26, 9], "SMA": [50, 200], "EMA": [20, 100]}';
    written bigint;
BEGIN
    WITH computed AS MATERIALIZED (
        SELECT r.*
        FROM ca_sector_rows(ca_write_sector_rows.sectors, ca_write_sector_rows.timeframe, ca_write_sector_rows.since,
                            ca_write_sector_rows.until, ca_write_sector_rows.before) AS r
    ), volume AS MATERIALIZED (
        SELECT v.*
        FROM ca_sector_volumes(ca_write_sector_rows.sectors,
                               ARRAY(SELECT DISTINCT timeframe_end(ca_write_sector_rows.timeframe, c.candle_time) FROM computed AS c)) AS v
    ), base AS MATERIALIZED (
        SELECT h.sector_id, (h.technical_indicators #>> '{INDEX,level}')::double precision AS level
        FROM sector_history AS h
        WHERE h.sector_id = ANY (ca_write_sector_rows.sectors) AND h.timeframe = ca_write_sector_rows.timeframe
          AND h.candle_time = ca_write_sector_rows.before
    ), linked AS (
        SELECT c.*, b.level AS base,
               CASE WHEN row_number() OVER w > 1 OR b.level IS NOT NULL THEN c.growth END AS factor,
               row_number() OVER w AS place
        FROM computed AS c
        LEFT JOIN base AS b ON b.sector_id = c.sector_id
        WINDOW w AS (PARTITION BY c.sector_id ORDER BY c.candle_time)
    ), levelled AS MATERIALIZED (
        SELECT l.*, ca_product(CASE WHEN l.place = 1 THEN coalesce(l.base * coalesce(l.factor, 1), 1000) ELSE l.factor END)
                        OVER (PARTITION BY l.sector_id ORDER BY l.candle_time) AS level
        FROM linked AS l
    ), state AS MATERIALIZED (
        -- what the indicators of the rows before have come to
        SELECT s AS sector_id,
               CASE WHEN x.candle_time = ca_write_sector_rows.before AND ca_indicator_state_holds(spec, 'talib', x.state) THEN x.state
                    ELSE (SELECT (ca_indicators(spec, 'talib', NULL, h.id, false, h.candle_time, h.level, h.level, h.level)).state
                          FROM (SELECT h.id, h.candle_time, (h.technical_indicators #>> '{INDEX,level}')::numeric AS level
                                FROM sector_history AS h
                                WHERE h.sector_id = s AND h.timeframe = ca_write_sector_rows.timeframe
                                  AND h.candle_time <= ca_write_sector_rows.before
                                  AND h.technical_indicators #>> '{INDEX,level}' IS NOT NULL
                                ORDER BY h.candle_time) AS h) END AS state
        FROM unnest(ca_write_sector_rows.sectors) AS s
        LEFT JOIN sector_index_states AS x ON x.sector_id = s AND x.timeframe = ca_write_sector_rows.timeframe
    ), batch AS MATERIALIZED (
        SELECT s.sector_id, i.b
        FROM state AS s
        CROSS JOIN LATERAL (
            SELECT ca_indicators(spec, 'talib', s.state, o.place, true, o.candle_time, o.level, o.level, o.level) AS b
            FROM (SELECT l.place, l.candle_time, l.level::text::numeric AS level
                  FROM levelled AS l
                  WHERE l.sector_id = s.sector_id
                  ORDER BY l.candle_time) AS o) AS i
        WHERE (i.b).last IS NOT NULL
    ), saved AS (
        INSERT INTO sector_index_states AS x (sector_id, timeframe, candle_time, state)
        SELECT b.sector_id, ca_write_sector_rows.timeframe, (b.b).last, (b.b).state
        FROM batch AS b
        ON CONFLICT (sector_id, timeframe) DO UPDATE SET candle_time = excluded.candle_time, state = excluded.state
        WHERE (x.candle_time, x.state) IS DISTINCT FROM (excluded.candle_time, excluded.state)
    ), row AS MATERIALIZED (
        SELECT h.id, l.sector_id, l.candle_time, f.market_cap, f.volume, n.technical_indicators,
               (h.market_cap, h.volume_24h, h.technical_indicators)
               IS DISTINCT FROM (f.market_cap, f.volume, n.technical_indicators) AS changed
        FROM levelled AS l
        JOIN (SELECT b.sector_id, i.*
              FROM batch AS b
              CROSS JOIN LATERAL unnest((b.b).ids, (b.b)."values") AS i (place, indicators)) AS i
          ON i.sector_id = l.sector_id AND i.place = l.place
        LEFT JOIN volume AS v ON v.sector_id = l.sector_id AND v.moment = timeframe_end(ca_write_sector_rows.timeframe, l.candle_time)
        LEFT JOIN sector_history AS h
          ON h.sector_id = l.sector_id AND h.timeframe = ca_write_sector_rows.timeframe AND h.candle_time = l.candle_time
        CROSS JOIN LATERAL (
            SELECT CASE WHEN l.market_cap >= 0 AND l.market_cap < 1e28 - 1 THEN round(l.market_cap::text::numeric, 2) END AS market_cap,
                   CASE WHEN v.volume >= 0 AND v.volume < 1e28 - 1 THEN round(v.volume::text::numeric, 2) END AS volume) AS f
        CROSS JOIN LATERAL (
            SELECT coalesce(CASE WHEN jsonb_typeof(h.technical_indicators) = 'object' THEN ca_own_keys(h.technical_indicators) END, '{}')
                   || i.indicators
                   || jsonb_build_object('INDEX', jsonb_build_object(
                          'level', l.level, 'divisor', l.market_cap / l.level, 'return', l.factor - 1,
                          'constituents', l.constituents, 'missing', l.missing)) AS technical_indicators) AS n
    ), changed AS (
        UPDATE sector_history AS h
        SET market_cap = r.market_cap, volume_24h = r.volume, technical_indicators = r.technical_indicators
        FROM row AS r
        WHERE h.id = r.id AND r.changed
        RETURNING h.id
    ), added AS (
        INSERT INTO sector_history (sector_id, timeframe, candle_time, market_cap, volume_24h, technical_indicators)
        SELECT r.sector_id, ca_write_sector_rows.timeframe, r.candle_time, r.market_cap, r.volume, r.technical_indicators
        FROM row AS r
        WHERE r.id IS NULL
        ORDER BY r.candle_time, r.sector_id
        ON CONFLICT (sector_id, timeframe, candle_time) DO NOTHING
        RETURNING id
    ), gone AS (
        DELETE FROM sector_history AS h
        WHERE h.sector_id = ANY (ca_write_sector_rows.sectors) AND h.timeframe = ca_write_sector_rows.timeframe
          AND h.candle_time >= ca_write_sector_rows.since AND h.candle_time < ca_write_sector_rows.until
          AND NOT EXISTS (SELECT FROM levelled AS l WHERE l.sector_id = h.sector_id AND l.candle_time = h.candle_time)
        RETURNING h.id
    )
    SELECT (SELECT count(*) FROM changed) + (SELECT count(*) FROM added) + (SELECT count(*) FROM gone) INTO written;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_write_sector_rows(integer[], text, timestamptz, timestamptz, timestamptz) IS
    'writes the rows of sectors that start in [since, until), whose index goes on from the row at before, or from 1000 without one, and returns how many were inserted, changed or deleted; the caller holds the lock';

CREATE FUNCTION ca_oldest_candles(sectors integer[], timeframe text) RETURNS TABLE (sector_id integer, candle_time timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    WITH first AS MATERIALIZED (
        SELECT s.asset_id, min(timeframe_bucket(ca_oldest_candles.timeframe, h.candle_time)) AS candle_time
        FROM ca_market_series() AS s
        CROSS JOIN LATERAL unnest(s.codes) AS c (code)
        CROSS JOIN LATERAL (
            SELECT h.candle_time
            FROM price_history AS h
            WHERE h.asset_id = s.asset_id AND h.timeframe = c.code
            ORDER BY h.candle_time
            LIMIT 1) AS h
        WHERE c.code = ca_oldest_candles.timeframe OR timeframe_divides(c.code, ca_oldest_candles.timeframe)
        GROUP BY s.asset_id
    )
    SELECT m.sector_id, min(f.candle_time)
    FROM ca_sector_members() AS m
    JOIN first AS f ON f.asset_id = m.asset_id
    WHERE m.sector_id = ANY (ca_oldest_candles.sectors)
    GROUP BY m.sector_id;
END;
COMMENT ON FUNCTION ca_oldest_candles(integer[], text) IS
    'the start of the oldest candle of a timeframe, stored or built, that sectors have';

CREATE FUNCTION ca_sector_starts(sectors integer[], timeframe text, since timestamptz, rebuild boolean)
    RETURNS TABLE (sector_id integer, start timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 50
    SET jit = off
BEGIN ATOMIC
    WITH stored AS MATERIALIZED (
        SELECT s AS sector_id, min(h.candle_time) AS first, max(h.candle_time) AS last
        FROM unnest(ca_sector_starts.sectors) AS s
        LEFT JOIN sector_history AS h ON h.sector_id = s AND h.timeframe = ca_sector_starts.timeframe
        GROUP BY s
    ), oldest AS MATERIALIZED (
        SELECT o.*
        FROM ca_oldest_candles(ARRAY(SELECT s.sector_id FROM stored AS s WHERE s.last IS NULL OR ca_sector_starts.rebuild),
                               ca_sector_starts.timeframe) AS o
    )
    SELECT s.sector_id,
           CASE
               WHEN s.last IS NOT NULL AND NOT ca_sector_starts.rebuild
               THEN greatest(timeframe_end(ca_sector_starts.timeframe, s.last), ca_sector_starts.since)
               -- where older rows have outlived their candles, the index goes on from the oldest row that has any
               WHEN s.first < o.candle_time AND o.candle_time >= coalesce(ca_sector_starts.since, o.candle_time)
                    AND EXISTS (SELECT FROM sector_history AS h
                                WHERE h.sector_id = s.sector_id AND h.timeframe = ca_sector_starts.timeframe
                                  AND h.candle_time = o.candle_time)
               THEN timeframe_end(ca_sector_starts.timeframe, o.candle_time)
               WHEN o.candle_time IS NOT NULL THEN greatest(o.candle_time, ca_sector_starts.since)
           END
    FROM stored AS s
    LEFT JOIN oldest AS o ON o.sector_id = s.sector_id;
END;
COMMENT ON FUNCTION ca_sector_starts(integer[], text, timestamptz, boolean) IS
    'where building the history of sectors begins; NULL for one that has no candles';

-- The history is written in parts, so that memory does not grow with it; the end of a part is as good as a
-- call that ended there.
CREATE FUNCTION ca_extend_sectors(sectors integer[], timeframe text, since timestamptz, until timestamptz, rebuild boolean)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    -- candles that have not closed are not read
    finish CONSTANT timestamptz := least(until, timeframe_bucket(timeframe, now()));
    starts jsonb;
    part record;
    bars integer;
    start timestamptz;
    stop timestamptz;
    written bigint := 0;
    reported timestamptz := clock_timestamp();
BEGIN
    SELECT jsonb_object_agg(s.sector_id, s.start), min(s.start) INTO starts, start
    FROM ca_sector_starts(ca_extend_sectors.sectors, ca_extend_sectors.timeframe, ca_extend_sectors.since, ca_extend_sectors.rebuild) AS s
    WHERE s.start < finish;
    bars := (SELECT greatest(50, 1000000 / greatest(1, count(*)))::integer
             FROM ca_sector_members() AS m WHERE m.sector_id = ANY (ca_extend_sectors.sectors));
    WHILE start < finish LOOP
        stop := least(ca_bars_later(ca_extend_sectors.timeframe, timeframe_bucket(ca_extend_sectors.timeframe, start), bars),
                      finish);
        FOR part IN
            SELECT array_agg(s.sector_id ORDER BY s.sector_id) AS sectors, s.since, s.before
            FROM (SELECT e.key::integer AS sector_id, greatest((e.value #>> '{}')::timestamptz, start) AS since,
                         (SELECT max(h.candle_time)
                          FROM sector_history AS h
                          WHERE h.sector_id = e.key::integer AND h.timeframe = ca_extend_sectors.timeframe
                            AND h.candle_time < greatest((e.value #>> '{}')::timestamptz, start)) AS before
                  FROM jsonb_each(starts) AS e) AS s
            WHERE s.since < stop
            GROUP BY s.since, s.before
        LOOP
            written := written + ca_write_sector_rows(part.sectors, ca_extend_sectors.timeframe, part.since, stop, part.before);
        END LOOP;
        start := stop;
        IF start < finish AND clock_timestamp() - reported >= interval '1 second' THEN
            reported := clock_timestamp();
            RAISE NOTICE '% rows of sectors written, now at %', written, start;
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_extend_sectors(integer[], text, timestamptz, timestamptz, boolean) IS
    'writes the history of sectors up to a boundary of the timeframe: what comes after their last rows, or with rebuild all from since on; the caller holds the lock';

CREATE FUNCTION @extschema@.build_sector_history(
    timeframe text DEFAULT '1d', sector integer DEFAULT NULL, since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL,
    rebuild boolean DEFAULT false)
    RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    stop timestamptz;
BEGIN
    PERFORM ca_check_rights('sector_history', 'SELECT, INSERT, UPDATE, DELETE');
    PERFORM ca_check_rights('sector_index_states', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_timeframe(build_sector_history.timeframe);
    PERFORM ca_check_range(build_sector_history.since, build_sector_history.until);
    IF build_sector_history.sector IS NOT NULL THEN
        PERFORM ca_check_sector(build_sector_history.sector);
    END IF;
    IF build_sector_history.rebuild IS NULL THEN
        RAISE EXCEPTION 'rebuild must not be NULL'
            USING ERRCODE = 'null_value_not_allowed',
                  DETAIL = 'The function needs to know whether to compute stored rows again.',
                  HINT = 'Leave it out to add rows only.';
    END IF;
    stop := timeframe_bucket(build_sector_history.timeframe,
                             CASE WHEN build_sector_history.rebuild THEN now()
                                  ELSE least(build_sector_history.until, now()) END);
    PERFORM ca_lock_work('sector history ' || build_sector_history.timeframe);
    RETURN ca_extend_sectors(
        ARRAY(SELECT s.id FROM sectors AS s
              WHERE s.id = build_sector_history.sector OR build_sector_history.sector IS NULL AND s.is_active
              ORDER BY s.id),
        build_sector_history.timeframe, build_sector_history.since, stop, build_sector_history.rebuild);
END;
$$;
COMMENT ON FUNCTION build_sector_history(text, integer, timestamptz, timestamptz, boolean) IS
    'writes the history of a sector, or of all active ones: capitalization, volume of 24 hours, the chain-linked index in technical_indicators.INDEX and the indicators of its level, one row per closed candle that any member has; begins after the last row of each sector, and with rebuild at since, or at the oldest candle, and ends at until, or with rebuild always with the last closed candle; returns how many rows were inserted, changed or deleted';

-- A bar is due once all members that had the bar before have it too, or an hour after its end, as candles are
-- that are rolled up.
CREATE FUNCTION ca_sector_history_due(timeframe text, as_of timestamptz) RETURNS timestamptz
    LANGUAGE sql STABLE PARALLEL SAFE
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    SELECT CASE WHEN b.boundary <= ca_sector_history_due.as_of - interval '1 hour'
                     OR NOT EXISTS (
                         SELECT
                         FROM (SELECT DISTINCT m.asset_id FROM ca_sector_members() AS m) AS m
                         CROSS JOIN LATERAL (
                             SELECT max(p.candle_time) AS last
                             FROM price_data AS p
                             WHERE p.asset_id = m.asset_id AND p.timeframe = ca_sector_history_due.timeframe
                               AND p.candle_time >= ca_bars_later(ca_sector_history_due.timeframe, b.boundary, -2)
                               AND p.candle_time < b.boundary) AS c
                         WHERE c.last < ca_bars_later(ca_sector_history_due.timeframe, b.boundary, -1))
                THEN b.boundary
                ELSE ca_bars_later(ca_sector_history_due.timeframe, b.boundary, -1) END
    FROM (SELECT timeframe_bucket(ca_sector_history_due.timeframe, least(ca_sector_history_due.as_of, now())) AS boundary) AS b;
END;
COMMENT ON FUNCTION ca_sector_history_due(text, timestamptz) IS
    'up to which boundary of a timeframe maintain() builds the history of sectors';

CREATE FUNCTION @extschema@.sector_index(
    sector integer, timeframe text DEFAULT '1d', since timestamptz DEFAULT NULL, until timestamptz DEFAULT NULL)
    RETURNS TABLE ("time" timestamptz, level double precision, return double precision, market_cap numeric, volume numeric,
                   constituents integer)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_sector(sector_index.sector);
    PERFORM ca_check_timeframe(sector_index.timeframe);
    PERFORM ca_check_range(sector_index.since, sector_index.until);
    RETURN QUERY
        SELECT h.candle_time, (i.j ->> 'level')::double precision, (i.j ->> 'return')::double precision, h.market_cap,
               h.volume_24h, (i.j ->> 'constituents')::integer
        FROM sector_history AS h
        CROSS JOIN LATERAL (SELECT h.technical_indicators -> 'INDEX' AS j) AS i
        WHERE h.sector_id = sector_index.sector AND h.timeframe = sector_index.timeframe
          AND h.candle_time >= coalesce(sector_index.since, '-infinity')
          AND h.candle_time < coalesce(sector_index.until, 'infinity')
        ORDER BY h.candle_time;
END;
$$;
COMMENT ON FUNCTION sector_index(integer, text, timestamptz, timestamptz) IS
    'the index of a sector as build_sector_history() has stored it, for candles that start in [since, until): level, 1000 at the first row; simple return from the row before, NULL where no member links the two; capitalization, volume of 24 hours, and members with a capitalization';
