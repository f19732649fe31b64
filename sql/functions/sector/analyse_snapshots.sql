-- Analyses of many snapshots: back-filling, and the steps of maintain().

CREATE FUNCTION ca_analyse_sector_snapshots(timeframe text, since timestamptz, until timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    batch CONSTANT bigint := 100;
    snapshots integer[];
    part integer[];
    total bigint;
    done bigint := 0;
    written bigint := 0;
    model integer;
    reported timestamptz := clock_timestamp();
BEGIN
    PERFORM ca_check_rights('sector_analysis', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('cross_sector_analysis', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_rights('sector_rotation_flows', 'SELECT, INSERT, UPDATE, DELETE');
    PERFORM ca_lock_work('sector analysis');
    snapshots := ARRAY(
        SELECT s.id
        FROM metrics_snapshot AS s
        WHERE s.timeframe = ca_analyse_sector_snapshots.timeframe
          AND s.snapshot_time >= ca_analyse_sector_snapshots.since AND s.snapshot_time < ca_analyse_sector_snapshots.until
        ORDER BY s.snapshot_time);
    total := cardinality(snapshots);
    IF total = 0 OR NOT EXISTS (SELECT FROM sectors AS s WHERE s.is_active) THEN
        RETURN 0;
    END IF;
    PERFORM ca_extend_daily_sectors((SELECT max(s.snapshot_time) FROM metrics_snapshot AS s WHERE s.id = ANY (snapshots)));
    model := ca_sector_model();
    -- oldest first: how long an outlook may last depends on those before it
    WHILE done < total LOOP
        part := snapshots[done + 1 : least(done + batch, total)];
        written := written + ca_write_sector_analyses(part, ca_option_words('sectors', 'periods'),
                                                      ca_analyse_sector_snapshots.timeframe, model);
        written := written + (SELECT count(*) FROM ca_write_cross_sectors(part, model) AS w WHERE w.changed);
        done := least(done + batch, total);
        IF done < total AND clock_timestamp() - reported >= interval '1 second' THEN
            reported := clock_timestamp();
            RAISE NOTICE 'sectors of % of % snapshots analysed', done, total;
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_analyse_sector_snapshots(text, timestamptz, timestamptz) IS
    'analyses sectors, one by one and together, for the snapshots of a timeframe in [since, until), oldest first, and returns how many rows of sector_analysis and cross_sector_analysis were inserted or changed; reports progress at most once per second';

CREATE FUNCTION ca_analyse_new_snapshots(timeframe text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    last timestamptz;
    oldest CONSTANT timestamptz := as_of - interval '48 hours';
BEGIN
    SELECT max(s.snapshot_time) INTO last
    FROM metrics_snapshot AS s
    WHERE s.timeframe = ca_analyse_new_snapshots.timeframe AND s.snapshot_time <= as_of AND s.snapshot_time >= oldest
      AND EXISTS (SELECT
                  FROM sector_analysis AS a
                  JOIN ai_models AS m ON m.id = a.ai_model_id AND m.name = 'sector rules'
                  WHERE a.metrics_snapshot_id = s.id);
    RETURN ca_analyse_sector_snapshots(ca_analyse_new_snapshots.timeframe, coalesce(last + interval '1 microsecond', oldest),
                                       as_of + interval '1 microsecond');
END;
$$;
COMMENT ON FUNCTION ca_analyse_new_snapshots(text, timestamptz) IS
    'analyses sectors for the snapshots of a timeframe that are newer than the last one analysed, at most those of two days before as_of, and returns how many rows that took';
