-- Back-filling: snapshots and all analyses of a range of time.

CREATE FUNCTION @extschema@.analyse_history(timeframe text, since timestamptz, until timestamptz DEFAULT NULL) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    stop CONSTANT timestamptz := coalesce(until, now() + interval '1 microsecond');
    written bigint;
BEGIN
    PERFORM ca_check_rights('market_regime_analysis', 'SELECT, INSERT, UPDATE');
    -- checks the arguments
    written := build_metrics_snapshots(analyse_history.timeframe, analyse_history.since, analyse_history.until);
    PERFORM ca_lock_work('regime ' || analyse_history.timeframe);
    written := written + ca_analyse_regimes(
        analyse_history.timeframe,
        ARRAY(SELECT s.id FROM metrics_snapshot AS s
              WHERE s.timeframe = analyse_history.timeframe AND s.snapshot_time >= analyse_history.since AND s.snapshot_time < stop));
    RETURN written + ca_analyse_sector_snapshots(analyse_history.timeframe, analyse_history.since, stop);
END;
$$;
COMMENT ON FUNCTION analyse_history(text, timestamptz, timestamptz) IS
    'builds the snapshots of a timeframe at all boundaries in [since, until), or up to now, and analyses the regime and sectors of each, oldest first, as known at its time; returns how many rows of metrics_snapshot, market_regime_analysis, sector_analysis and cross_sector_analysis were inserted or changed; reports progress at most once per second';
