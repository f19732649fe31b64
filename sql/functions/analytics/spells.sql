-- Spells: how long a state, such as a regime, lasted.

CREATE FUNCTION ca_spells(states text[], times timestamptz[], timeframe text)
    RETURNS TABLE (state text, began timestamptz, ended timestamptz, bars bigint, completed boolean)
    LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
    WITH bar AS (
        SELECT u.state, u.time,
               coalesce(timeframe_end(ca_spells.timeframe, lag(u.time) OVER w) = u.time, false) AS follows,
               lag(u.state) OVER w IS DISTINCT FROM u.state AS changes
        FROM unnest(ca_spells.states, ca_spells.times) AS u (state, "time")
        WHERE u.state IS NOT NULL
        WINDOW w AS (ORDER BY u.time)
    ), numbered AS (
        SELECT b.*, count(*) FILTER (WHERE b.changes OR NOT b.follows) OVER (ORDER BY b.time) AS spell
        FROM bar AS b
    ), spell AS (
        SELECT min(n.state) AS state, min(n.time) AS began, max(n.time) AS ended, count(*) AS bars,
               bool_or(n.follows AND n.changes) AS follows
        FROM numbered AS n
        GROUP BY n.spell
    )
    SELECT s.state, s.began, s.ended, s.bars, s.follows AND coalesce(lead(s.follows) OVER (ORDER BY s.began), false)
    FROM spell AS s
    ORDER BY s.began;
END;
COMMENT ON FUNCTION ca_spells(text[], timestamptz[], text) IS
    'runs of one state without a missing bar, of states at boundaries of a timeframe; a run is completed when other states are before and after it without a gap; a NULL state is a missing bar';

CREATE FUNCTION ca_spell_estimate(states text[], times timestamptz[], timeframe text, fewest bigint) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH spell AS MATERIALIZED (
        SELECT * FROM ca_spells(ca_spell_estimate.states, ca_spell_estimate.times, ca_spell_estimate.timeframe)
    ), current AS MATERIALIZED (
        SELECT s.state, s.bars FROM spell AS s ORDER BY s.began DESC LIMIT 1
    )
    SELECT CASE WHEN count(*) >= ca_spell_estimate.fewest THEN
               percentile_cont(0.5) WITHIN GROUP (ORDER BY CASE WHEN s.bars > c.bars THEN s.bars - c.bars END)
               * extract(epoch FROM timeframe_length(ca_spell_estimate.timeframe))::double precision / 3600 END
    FROM current AS c
    JOIN spell AS s ON s.state = c.state AND s.completed;
END;
COMMENT ON FUNCTION ca_spell_estimate(text[], timestamptz[], text, bigint) IS
    'hours that the state of the last bar may still last: the median of what completed spells of it that became older lasted beyond its age; NULL with fewer completed spells of it than asked for, and if none became older';

CREATE FUNCTION @extschema@.regime_spells(timeframe text, as_of timestamptz DEFAULT now())
    RETURNS TABLE (regime text, began timestamptz, ended timestamptz, bars bigint, completed boolean)
    LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_timeframe(regime_spells.timeframe);
    PERFORM ca_check_past(regime_spells.as_of);
    RETURN QUERY
        WITH analysis AS (
            -- rules with other settings are another model: the newest counts
            SELECT DISTINCT ON (s.snapshot_time) s.snapshot_time, r.regime
            FROM metrics_snapshot AS s
            JOIN market_regime_analysis AS r ON r.metrics_snapshot_id = s.id
            JOIN ai_models AS m ON m.id = r.ai_model_id AND m.name = 'market rules'
            WHERE s.timeframe = regime_spells.timeframe
              AND s.snapshot_time <= regime_spells.as_of
            ORDER BY s.snapshot_time, m.id DESC
        ), series AS (
            SELECT array_agg(a.regime::text ORDER BY a.snapshot_time) AS states,
                   array_agg(a.snapshot_time ORDER BY a.snapshot_time) AS times
            FROM analysis AS a
        )
        SELECT p.*
        FROM series AS s
        CROSS JOIN LATERAL ca_spells(s.states, s.times, regime_spells.timeframe) AS p;
END;
$$;
COMMENT ON FUNCTION regime_spells(text, timestamptz) IS
    'runs of one regime in the stored analyses of the rules up to as_of, without a missing bar: the first and the last snapshot, and how many; completed when other regimes are before and after it without a gap';
