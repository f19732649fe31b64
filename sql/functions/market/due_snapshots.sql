-- Steps of maintain(): snapshots that are due, and their regimes.

CREATE FUNCTION ca_build_due_snapshots(timeframe text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    due CONSTANT timestamptz := timeframe_bucket(timeframe, as_of);
    last timestamptz;
BEGIN
    PERFORM ca_check_rights('metrics_snapshot', 'SELECT, INSERT, UPDATE');
    SELECT max(s.snapshot_time) INTO last
    FROM metrics_snapshot AS s
    WHERE s.timeframe = ca_build_due_snapshots.timeframe;
    -- once the feed has reached the boundary, or an hour after that
    IF last >= due
       OR as_of < due + interval '1 hour'
          AND NOT EXISTS (SELECT
                          FROM assets AS a
                          CROSS JOIN timeframes() AS t (code)
                          CROSS JOIN LATERAL (
                              SELECT h.candle_time FROM price_history AS h
                              WHERE h.asset_id = a.id AND h.timeframe = t.code
                              ORDER BY h.candle_time DESC
                              LIMIT 1) AS c
                          WHERE a.symbol = ca_benchmark() AND timeframe_end(t.code, c.candle_time) >= due) THEN
        RETURN 0;
    END IF;
    PERFORM ca_lock_work('snapshots ' || timeframe);
    RETURN ca_write_snapshots(
        timeframe,
        ARRAY(SELECT m
              FROM timeframe_series(timeframe, coalesce(greatest(last, due - interval '48 hours') + interval '1 microsecond', due),
                                    due + interval '1 microsecond') AS m),
        '{}');
END;
$$;
COMMENT ON FUNCTION ca_build_due_snapshots(text, timestamptz) IS
    'step of maintain(): builds the snapshots of a timeframe since the last one, at most those of two days, and returns how many; waits for the feed of the benchmark, but no longer than an hour';

CREATE FUNCTION ca_build_snapshots_again(timeframe text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('metrics_snapshot', 'SELECT, INSERT, UPDATE');
    PERFORM ca_lock_work('snapshots ' || timeframe);
    RETURN ca_write_snapshots(
        timeframe,
        ARRAY(SELECT s.snapshot_time
              FROM metrics_snapshot AS s
              WHERE s.timeframe = ca_build_snapshots_again.timeframe
                AND s.snapshot_time > as_of - interval '48 hours' AND s.snapshot_time <= as_of
              ORDER BY s.snapshot_time),
        '{}');
END;
$$;
COMMENT ON FUNCTION ca_build_snapshots_again(text, timestamptz) IS
    'step of maintain(): builds the snapshots of the last two days again, for candles that came late, and returns how many changed';

CREATE FUNCTION ca_analyse_due_regimes(timeframe text, as_of timestamptz, again boolean) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    since timestamptz := as_of - interval '48 hours';
    due integer[];
BEGIN
    PERFORM ca_check_rights('market_regime_analysis', 'SELECT, INSERT, UPDATE');
    IF NOT again THEN
        SELECT greatest(since, coalesce(max(s.snapshot_time) FILTER (
                   WHERE EXISTS (SELECT FROM market_regime_analysis AS r JOIN ai_models AS m ON m.id = r.ai_model_id AND m.name = 'market rules'
                                 WHERE r.metrics_snapshot_id = s.id)),
                   max(s.snapshot_time) - interval '1 microsecond'))
        INTO since
        FROM metrics_snapshot AS s
        WHERE s.timeframe = ca_analyse_due_regimes.timeframe AND s.snapshot_time > since AND s.snapshot_time <= as_of;
    END IF;
    due := ARRAY(SELECT s.id
                 FROM metrics_snapshot AS s
                 WHERE s.timeframe = ca_analyse_due_regimes.timeframe AND s.snapshot_time > since AND s.snapshot_time <= as_of);
    IF due = '{}' THEN
        RETURN 0;
    END IF;
    PERFORM ca_lock_work('regime ' || timeframe);
    RETURN ca_analyse_regimes(timeframe, due);
END;
$$;
COMMENT ON FUNCTION ca_analyse_due_regimes(text, timestamptz, boolean) IS
    'step of maintain(): analyses the regime of the snapshots since the last one analysed, or of all of the last two days again, and returns how many rows that took';
