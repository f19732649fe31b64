-- Maintenance: what maintain() does, step by step.
--
-- Each step runs in transactions of its own and has one row in maintenance_runs, which records how its
-- last run went.  The row also serves as its lock: a step already running in another session is skipped.
-- background_tasks gets rows only for failures, one for consecutive failures with the same SQLSTATE.

-- until 0.6.0 each run was a row of background_tasks
CREATE INDEX background_tasks_maintenance_idx ON background_tasks (task_name, status, id)
    WHERE task_name LIKE 'maintain %';
COMMENT ON INDEX background_tasks_maintenance_idx IS
    'the failures of a step of maintain(), the last one included';

CREATE FUNCTION @extschema@.rollup_timeframes() RETURNS text[]
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_rollup_timeframes';
COMMENT ON FUNCTION rollup_timeframes() IS
    'timeframes that maintain() rolls candles up to, from the setting cryptoanalytics.rollup, finest first';

CREATE FUNCTION ca_keep_sessions() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_sessions';
COMMENT ON FUNCTION ca_keep_sessions() IS
    'the setting cryptoanalytics.keep_sessions; NULL for ever';

CREATE FUNCTION ca_keep_api_logs() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_api_logs';
COMMENT ON FUNCTION ca_keep_api_logs() IS
    'the setting cryptoanalytics.keep_api_logs; NULL for ever';

CREATE FUNCTION ca_setting_is_valid(name text) RETURNS boolean
    LANGUAGE c STABLE STRICT PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_setting_is_valid';
COMMENT ON FUNCTION ca_setting_is_valid(text) IS
    'whether the value of a setting, named without its prefix, is valid';

CREATE FUNCTION ca_keep_system_health() RETURNS interval
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_keep_system_health';
COMMENT ON FUNCTION ca_keep_system_health() IS
    'the setting cryptoanalytics.keep_system_health; NULL for ever';

CREATE FUNCTION ca_maintenance_lock_timeout() RETURNS integer
    LANGUAGE c STABLE PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_maintenance_lock_timeout';
COMMENT ON FUNCTION ca_maintenance_lock_timeout() IS
    'the setting cryptoanalytics.maintenance_lock_timeout in milliseconds; 0 if there is none';

CREATE FUNCTION ca_refuse_transaction_block(command text) RETURNS void
    LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
    AS 'MODULE_PATHNAME', 'ca_refuse_transaction_block';
COMMENT ON FUNCTION ca_refuse_transaction_block(text) IS
    'refuses to run inside a transaction block, where a procedure cannot commit';

-- ---- the list of steps ----

CREATE FUNCTION @extschema@.maintenance_steps()
    RETURNS TABLE (place bigint, step text, task_type text, every text, timeframe text,
                   assets text, batch bigint, statement text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 30
BEGIN ATOMIC
    SELECT row_number() OVER (ORDER BY s.place, t.place), concat_ws(' ', s.step, t.code), s.task_type,
           s.every, t.code, s.assets, s.batch::bigint,
           -- which fails with an error if the setting is invalid
           CASE WHEN s.setting IS NOT NULL AND t.code IS NULL THEN format('SELECT cardinality(%s())', l.reader) ELSE s.statement END
    FROM (VALUES
        -- $1 is as_of, $2 an asset, $3 a timeframe
        (1, 'roll_up', 'data_sync', NULL, 'rollup', NULL, NULL,
         'SELECT ca_roll_up_candles($3, $1)'),
        -- candles that came late
        (2, 'roll_up_again', 'data_sync', '1d', 'rollup', NULL, NULL,
         'SELECT rollup_candles($3, since => timeframe_bucket($3, $1 - interval ''2 days''),
                                until => timeframe_bucket($3, $1 - interval ''1 hour''))'),
        -- before the indicators, which are only written into live candles
        (3, 'archive', 'cleanup', '1d', NULL,
         'SELECT DISTINCT d.asset FROM ca_archive_due($1) AS d ORDER BY d.asset', 10000,
         'SELECT ca_archive_asset($2, $1)'),
        (4, 'update_technical_indicators', 'data_sync', NULL, NULL,
         'SELECT DISTINCT d.asset FROM ca_indicators_due() AS d ORDER BY d.asset', NULL,
         'SELECT ca_update_due_indicators($2)'),
        (5, 'refresh_assets', 'data_sync', NULL, NULL, NULL, NULL,
         'SELECT refresh_assets($1)'),
        (6, 'build_sector_history', 'data_sync', NULL, 'sector_timeframes', NULL, NULL,
         'SELECT build_sector_history($3, until => ca_sector_history_due($3, $1))'),
        -- candles that came late
        (7, 'build_sector_history_again', 'data_sync', '1d', 'sector_timeframes', NULL, NULL,
         'SELECT build_sector_history($3, since => timeframe_bucket($3, $1 - interval ''48 hours''), rebuild => true)'),
        (8, 'refresh_sectors', 'data_sync', '5m', NULL, NULL, NULL,
         'SELECT refresh_sectors(least($1, now()))'),
        (9, 'build_snapshots', 'data_sync', NULL, 'snapshots', NULL, NULL,
         'SELECT ca_build_due_snapshots($3, $1)'),
        -- candles that came late
        (10, 'build_snapshots_again', 'data_sync', '1d', 'snapshots', NULL, NULL,
         'SELECT ca_build_snapshots_again($3, $1)'),
        (11, 'analyse_regime', 'data_sync', NULL, 'snapshots', NULL, NULL,
         'SELECT ca_analyse_due_regimes($3, $1, false)'),
        (12, 'analyse_regime_again', 'data_sync', '1d', 'snapshots', NULL, NULL,
         'SELECT ca_analyse_due_regimes($3, $1, true)'),
        (13, 'analyse_sectors', 'data_sync', NULL, 'sector_snapshots', NULL, NULL,
         'SELECT ca_analyse_new_snapshots($3, $1)'),
        (14, 'analyse_sectors_again', 'data_sync', '1d', 'sector_snapshots', NULL, NULL,
         'SELECT ca_analyse_sector_snapshots($3, $1 - interval ''48 hours'', $1 + interval ''1 microsecond'')'),
        (15, 'score_predictions', 'model_training', NULL, NULL, NULL, NULL,
         'SELECT score_predictions($1)'),
        (16, 'evaluate_models', 'model_training', NULL, NULL, NULL, NULL,
         'SELECT evaluate_models(as_of => $1)'),
        (17, 'expire_signals', 'cleanup', NULL, NULL, NULL, NULL,
         'SELECT expire_signals($1)'),
        (18, 'expire_recommendations', 'cleanup', NULL, NULL, NULL, NULL,
         'SELECT expire_recommendations($1)'),
        (19, 'check_alerts', 'data_sync', NULL, NULL, NULL, NULL,
         'SELECT check_alerts($1)'),
        (20, 'expire_alerts', 'cleanup', NULL, NULL, NULL, NULL,
         'SELECT expire_alerts($1)'),
        (21, 'roll_up_api_logs', 'data_sync', '1h', NULL, NULL, 1,
         'SELECT ca_roll_up_part(''external_api_logs'', $1)'),
        (22, 'roll_up_activities', 'data_sync', '1h', NULL, NULL, 1,
         'SELECT ca_roll_up_part(''user_activities'', $1)'),
        (23, 'record_system_health', 'data_sync', '5m', NULL, NULL, NULL,
         'SELECT count(*) FROM record_system_health($1)'),
        (24, 'purge_sessions', 'cleanup', '1d', NULL, NULL, NULL,
         'SELECT p.deleted + p.stripped
          FROM ca_keep_sessions() AS k CROSS JOIN LATERAL purge_sessions($1 - k, moment => $1) AS p
          WHERE k IS NOT NULL'),
        (25, 'prune_api_logs', 'cleanup', '1d', NULL, NULL, 1,
         'SELECT prune_api_logs($1 - k, 10000) FROM ca_keep_api_logs() AS k WHERE k IS NOT NULL'),
        (26, 'prune_system_health', 'cleanup', '1d', NULL, NULL, 10000,
         'SELECT ca_prune_system_health($1 - k, 10000) FROM ca_keep_system_health() AS k WHERE k IS NOT NULL'),
        (27, 'prune_maintenance', 'cleanup', '1d', NULL, NULL, NULL,
         'SELECT ca_prune_maintenance($1)'))
        AS s (place, step, task_type, every, setting, assets, batch, statement)
    LEFT JOIN (VALUES
        ('rollup', 'rollup_timeframes', CASE WHEN ca_setting_is_valid('rollup') THEN rollup_timeframes() END),
        ('snapshots', 'ca_snapshot_timeframes', CASE WHEN ca_setting_is_valid('snapshots') THEN ca_snapshot_timeframes() END),
        ('sector_timeframes', 'ca_sector_timeframes', CASE WHEN ca_setting_is_valid('sector_timeframes') THEN ca_sector_timeframes() END),
        ('sector_snapshots', 'ca_sector_snapshots', CASE WHEN ca_setting_is_valid('sector_snapshots') THEN ca_sector_snapshots() END))
        AS l (setting, reader, codes) ON l.setting = s.setting
    LEFT JOIN LATERAL unnest(l.codes) WITH ORDINALITY AS t (code, place) ON true
    WHERE t.code IS NOT NULL OR s.setting IS NULL OR NOT ca_setting_is_valid(s.setting);
END;
COMMENT ON FUNCTION maintenance_steps() IS
    'the steps of maintain(), in order: each time, or once per period of the timeframe "every"; for all at once, or for each asset that the query "assets" finds; a statement with a batch is repeated until it does less than a batch';

-- ---- rolling up ----

CREATE FUNCTION ca_rollup_assets(timeframe text, assets integer[], since timestamptz, until timestamptz)
    RETURNS bigint
    LANGUAGE c VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    AS 'MODULE_PATHNAME', 'ca_rollup_assets';
COMMENT ON FUNCTION ca_rollup_assets(text, integer[], timestamptz, timestamptz) IS
    'rolls the series of several assets up in one pass, closed candles only; the caller holds the lock of the series that are written';

-- A candle is due once the feed of its asset has reached its end, or an hour after that.
-- LATERAL and LIMIT look up the newest candles by their key; a scan would read all candles.
CREATE FUNCTION ca_roll_up_due(timeframe text, as_of timestamptz)
    RETURNS TABLE (asset integer, since timestamptz, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, stored.ends, due.ends
    FROM assets AS a
    CROSS JOIN LATERAL (
        SELECT max(timeframe_end(t.code, p.candle_time)) AS ends
        FROM timeframes() AS t (code)
        CROSS JOIN LATERAL (
            SELECT p.candle_time
            FROM price_data AS p
            WHERE p.asset_id = a.id AND p.timeframe = t.code
            ORDER BY p.candle_time DESC
            LIMIT 1) AS p
        WHERE timeframe_divides(t.code, ca_roll_up_due.timeframe)) AS feed
    CROSS JOIN LATERAL (
        SELECT timeframe_bucket(
                   ca_roll_up_due.timeframe,
                   least(ca_roll_up_due.as_of,
                         greatest(feed.ends, ca_roll_up_due.as_of - interval '1 hour'))) AS ends) AS due
    CROSS JOIN LATERAL (
        SELECT timeframe_end(ca_roll_up_due.timeframe, coalesce(
            (SELECT p.candle_time FROM price_data AS p
             WHERE p.asset_id = a.id AND p.timeframe = ca_roll_up_due.timeframe
             ORDER BY p.candle_time DESC LIMIT 1),
            greatest(
                (SELECT p.candle_time FROM price_data_archive AS p
                 WHERE p.asset_id = a.id AND p.timeframe = ca_roll_up_due.timeframe
                 ORDER BY p.candle_time DESC LIMIT 1),
                (SELECT g.last_time FROM price_data_segments AS g
                 WHERE g.asset_id = a.id AND g.timeframe = ca_roll_up_due.timeframe
                 ORDER BY g.first_time DESC LIMIT 1)))) AS ends) AS stored
    WHERE feed.ends IS NOT NULL
      AND CASE
              WHEN stored.ends IS NOT NULL THEN stored.ends < least(due.ends, feed.ends)
              ELSE EXISTS (
                  SELECT
                  FROM timeframes() AS t (code)
                  JOIN price_data AS p ON p.asset_id = a.id AND p.timeframe = t.code AND p.candle_time < due.ends
                  WHERE timeframe_divides(t.code, ca_roll_up_due.timeframe))
          END;
END;
COMMENT ON FUNCTION ca_roll_up_due(text, timestamptz) IS
    'assets with candles of a timeframe to be rolled up, from the last one stored, or all when since is NULL, to the last that is complete';

CREATE FUNCTION ca_roll_up_candles(timeframe text, as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    part record;
    locked integer[];
    written bigint := 0;
BEGIN
    -- the locks stop other writers, so take only those of series with something to do
    locked := ARRAY(SELECT d.asset FROM ca_roll_up_due(ca_roll_up_candles.timeframe, ca_roll_up_candles.as_of) AS d);
    IF locked = '{}' THEN
        RETURN 0;
    END IF;
    -- one open import must not delay the candles of all assets: its series are left to the next run
    locked := ca_lock_free_series(ca_roll_up_candles.timeframe, locked);
    FOR part IN
        SELECT array_agg(d.asset ORDER BY d.asset) AS assets, d.since, d.until
        FROM ca_roll_up_due(ca_roll_up_candles.timeframe, ca_roll_up_candles.as_of) AS d
        WHERE d.asset = ANY (locked)
        GROUP BY d.since, d.until
        ORDER BY d.since NULLS FIRST, d.until
    LOOP
        written := written + ca_rollup_assets(ca_roll_up_candles.timeframe, part.assets, part.since, part.until);
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_roll_up_candles(text, timestamptz) IS
    'step of maintain(): rolls all assets up to a timeframe, from the last stored candle of each, and returns how many candles were written';

-- ---- indicators ----

CREATE FUNCTION ca_indicators_due(asset integer DEFAULT NULL)
    RETURNS TABLE (asset integer, timeframe text, spec jsonb, convention text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
BEGIN ATOMIC
    SELECT a.id, t.code, s.spec, s.convention
    FROM assets AS a
    CROSS JOIN timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT p.candle_time
        FROM price_data AS p
        WHERE p.asset_id = a.id AND p.timeframe = t.code AND p.candle_time < timeframe_bucket(t.code, now())
        ORDER BY p.candle_time DESC
        LIMIT 1) AS newest
    LEFT JOIN LATERAL (
        SELECT s.candle_time, s.spec, s.convention
        FROM technical_indicator_states AS s
        WHERE s.asset_id = a.id AND s.timeframe = t.code
        ORDER BY s.place DESC
        LIMIT 1) AS s ON true
    -- the plan is made before the asset is known: a range finds it by the key
    WHERE a.id BETWEEN coalesce(ca_indicators_due.asset, -2147483648) AND coalesce(ca_indicators_due.asset, 2147483647)
      AND (s.candle_time IS NULL OR s.candle_time < newest.candle_time
           OR EXISTS (SELECT FROM technical_indicator_notes AS n
                      WHERE n.asset_id = a.id AND n.timeframe = t.code AND n.since <= s.candle_time))
    ORDER BY a.id, t.place;
END;
COMMENT ON FUNCTION ca_indicators_due(integer) IS
    'series with candles newer than their indicators, or changed since, and the spec of the series; NULL for the default one';

CREATE FUNCTION ca_update_due_indicators(asset integer) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    due record;
    written bigint := 0;
BEGIN
    FOR due IN SELECT d.* FROM ca_indicators_due(ca_update_due_indicators.asset) AS d LOOP
        IF due.spec IS NULL THEN
            written := written + update_technical_indicators(due.asset, due.timeframe);
        ELSE
            written := written + update_technical_indicators(due.asset, due.timeframe, due.spec, due.convention);
        END IF;
    END LOOP;
    RETURN written;
END;
$$;
COMMENT ON FUNCTION ca_update_due_indicators(integer) IS
    'step of maintain(): updates the indicators of one asset, each series with its own spec, and returns how many candles changed';

-- ---- archiving and pruning ----

CREATE FUNCTION ca_archive_due(as_of timestamptz, asset integer DEFAULT NULL)
    RETURNS TABLE (asset integer, timeframe text, until timestamptz)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
    SET enable_seqscan = off
    SET jit = off
BEGIN ATOMIC
    SELECT a.id, t.code, c.cutoff
    FROM timeframes() WITH ORDINALITY AS t (code, place)
    CROSS JOIN LATERAL (
        SELECT ca_archive_cutoff(t.code, (ca_archive_due.as_of AT TIME ZONE 'UTC' - retention_period(t.code))
                                         AT TIME ZONE 'UTC') AS cutoff) AS c
    JOIN assets AS a
      ON a.id BETWEEN coalesce(ca_archive_due.asset, -2147483648) AND coalesce(ca_archive_due.asset, 2147483647)
    -- each series is looked up by its key: compiling the plan would take longer
    CROSS JOIN LATERAL (
        SELECT
        FROM price_data AS d
        WHERE d.asset_id = a.id AND d.timeframe = t.code AND d.candle_time < c.cutoff
        LIMIT 1) AS d
    ORDER BY t.place, a.id;
END;
COMMENT ON FUNCTION ca_archive_due(timestamptz, integer) IS
    'series with candles to be archived by the setting cryptoanalytics.retention, and the moment before which they start';

CREATE FUNCTION ca_prune_maintenance(as_of timestamptz) RETURNS bigint
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    -- rows are deleted by key, however many the planner believes there are
    SET enable_seqscan = off
AS $$
DECLARE
    pruned bigint;
    forgotten bigint;
BEGIN
    -- running ones are from 0.6.0 and broke off; rows that another session holds are left to the next run
    WITH old AS MATERIALIZED (
        SELECT t.id
        FROM background_tasks AS t
        WHERE t.task_name LIKE 'maintain %'
          AND (t.status = 'completed' AND t.completed_at < ca_prune_maintenance.as_of - interval '7 days'
               OR t.status = 'failed' AND t.completed_at < ca_prune_maintenance.as_of - interval '90 days'
               OR t.status = 'running' AND t.started_at < ca_prune_maintenance.as_of - interval '90 days')
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM background_tasks AS t WHERE t.id = ANY (ARRAY(SELECT o.id FROM old AS o));
    GET DIAGNOSTICS pruned = ROW_COUNT;
    -- steps that no longer exist
    WITH old AS MATERIALIZED (
        SELECT r.step
        FROM maintenance_runs AS r
        WHERE r.started_at < ca_prune_maintenance.as_of - interval '90 days'
        FOR UPDATE SKIP LOCKED
    )
    DELETE FROM maintenance_runs AS r WHERE r.step = ANY (ARRAY(SELECT o.step FROM old AS o));
    GET DIAGNOSTICS forgotten = ROW_COUNT;
    RETURN pruned + forgotten;
END;
$$;
COMMENT ON FUNCTION ca_prune_maintenance(timestamptz) IS
    'step of maintain(): deletes its own rows of background_tasks, completed ones after 7 days, failed ones after 90, and returns how many';

CREATE FUNCTION ca_prune_system_health(older_than timestamptz, batch_size integer) RETURNS bigint
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
    -- rows are deleted by key, however many the planner believes there are
    SET enable_seqscan = off
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM system_health AS h
        WHERE h.id = ANY (ARRAY(SELECT o.id
                                FROM system_health AS o
                                WHERE o.check_time < ca_prune_system_health.older_than
                                ORDER BY o.id
                                LIMIT ca_prune_system_health.batch_size
                                FOR UPDATE SKIP LOCKED))
        RETURNING h.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION ca_prune_system_health(timestamptz, integer) IS
    'step of maintain(): deletes checks before a time, at most batch_size, and returns how many';
