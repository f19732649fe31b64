-- maintain(): runs the steps of maintenance_steps() that are due.

CREATE FUNCTION ca_check_maintenance(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('background_tasks', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_as_of(as_of);
    IF as_of > now() THEN
        RAISE EXCEPTION 'as_of must not be in the future'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out to do what is due now.';
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'maintain must run in READ COMMITTED transactions'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s.', upper(current_setting('transaction_isolation'))),
                  HINT = 'SET default_transaction_isolation = ''read committed'' first.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_maintenance(timestamptz) IS
    'checks the arguments of maintain()';

-- A session that is idle, or this one, is no longer running the step; pg_stat_activity may hide
-- the state of other users' sessions.
CREATE FUNCTION ca_maintenance_is_alive(pid integer, started_at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT ca_maintenance_is_alive.started_at >= pg_postmaster_start_time()
       AND EXISTS (
           SELECT
           FROM pg_stat_activity AS s
           WHERE s.pid = ca_maintenance_is_alive.pid
             AND s.pid <> pg_backend_pid()
             AND coalesce(s.backend_start <= ca_maintenance_is_alive.started_at, true)
             AND s.state IS DISTINCT FROM 'idle');
END;
COMMENT ON FUNCTION ca_maintenance_is_alive(integer, timestamptz) IS
    'whether the session that runs a step, identified by its process and start, is still running it';

-- A step that was cut off comes after the others: a step that takes longer than statement_timeout
-- allows for a call, or that crashes the server, does not keep the others from running.
CREATE FUNCTION ca_maintenance_order() RETURNS text[]
    LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT array_agg(s.step ORDER BY o.late, CASE WHEN o.late THEN r.started_at END, s.place)
    FROM maintenance_steps() AS s
    LEFT JOIN maintenance_runs AS r ON r.step = s.step
    CROSS JOIN LATERAL (SELECT coalesce(r.cut_off OR r.status = 'running', false) AS late) AS o;
END;
COMMENT ON FUNCTION ca_maintenance_order() IS
    'the steps of maintain() in the order of their turns';

CREATE FUNCTION ca_maintenance_begin(step text, as_of timestamptz) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
    s record;
    before maintenance_runs;
BEGIN
    SELECT m.* INTO s FROM maintenance_steps() AS m WHERE m.step = ca_maintenance_begin.step;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown step'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(quote_literal(left(step, 100)), 'NULL')),
                  HINT = 'maintenance_steps() lists them.';
    END IF;
    PERFORM FROM maintenance_runs AS r
    WHERE r.step = ca_maintenance_begin.step AND r.status <> 'running'
      AND timeframe_bucket(s.every, as_of) <= r.completed_as_of;
    IF FOUND THEN
        RETURN false;
    END IF;
    INSERT INTO maintenance_runs (step) VALUES (step) ON CONFLICT DO NOTHING;
    SELECT r.* INTO before FROM maintenance_runs AS r WHERE r.step = ca_maintenance_begin.step FOR UPDATE SKIP LOCKED;
    IF NOT FOUND OR before.status = 'running' AND ca_maintenance_is_alive(before.pid, before.started_at) THEN
        RAISE NOTICE '% is already running in another session', step;
        RETURN false;
    END IF;
    IF before.status = 'running' THEN
        PERFORM ca_maintenance_fail(step, NULL, '08006', 'the run broke off: its session has left it', NULL);
        PERFORM ca_maintenance_end(step, true);
    ELSIF timeframe_bucket(s.every, as_of) <= before.completed_as_of THEN
        -- another session was faster
        RETURN false;
    END IF;
    UPDATE maintenance_runs AS r
    SET status = 'running', as_of = ca_maintenance_begin.as_of, pid = pg_backend_pid(),
        started_at = clock_timestamp(), completed_at = NULL, execution_time_seconds = NULL, rows = 0,
        errors = 0, error_state = NULL, error_message = NULL, error_detail = NULL, runs = r.runs + 1
    WHERE r.step = ca_maintenance_begin.step;
    RETURN true;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_begin(text, timestamptz) IS
    'records the run of a step in maintenance_runs; false if it is not due or already running in another session';

CREATE FUNCTION ca_maintenance_step(step text)
    RETURNS TABLE (timeframe text, assets text, batch bigint, statement text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT m.timeframe, m.assets, m.batch, m.statement
    FROM maintenance_steps() AS m
    WHERE m.step = ca_maintenance_step.step;
END;
COMMENT ON FUNCTION ca_maintenance_step(text) IS
    'a step of maintenance_steps()';

-- A step waits for the locks of others only for a limited time.
CREATE FUNCTION ca_maintenance_bound() RETURNS void
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT set_config('lock_timeout', l.bound::text, true)
    FROM (SELECT ca_maintenance_lock_timeout() AS bound, s.setting::integer AS own
          FROM pg_settings AS s
          WHERE s.name = 'lock_timeout') AS l
    WHERE l.bound > 0 AND (l.own = 0 OR l.own > l.bound);
END;
COMMENT ON FUNCTION ca_maintenance_bound() IS
    'sets lock_timeout of the transaction from the setting cryptoanalytics.maintenance_lock_timeout, unless the session has a shorter one';

CREATE FUNCTION ca_maintenance_assets(step text, query text, as_of timestamptz) RETURNS integer[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    assets integer[];
BEGIN
    IF query IS NULL THEN
        RETURN ARRAY[NULL::integer];
    END IF;
    PERFORM ca_maintenance_bound();
    EXECUTE format('SELECT array(%s)', query) INTO assets USING as_of;
    RETURN (SELECT array_agg(a.asset ORDER BY a.asset <= r.last_asset, a.place)
            FROM unnest(assets) WITH ORDINALITY AS a (asset, place)
            LEFT JOIN maintenance_runs AS r ON r.step = ca_maintenance_assets.step AND r.last_asset IS NOT NULL);
END;
$$;
COMMENT ON FUNCTION ca_maintenance_assets(text, text, timestamptz) IS
    'the assets for which a step has something to do, beginning after the asset where it was cut off; a single NULL if the step is for all at once';

-- The statements do many short look-ups; compiling them would take longer than running them.
CREATE FUNCTION ca_maintenance_run(
    step text, statement text, batch bigint, as_of timestamptz, asset integer, timeframe text)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    done bigint;
BEGIN
    -- many small commits need not each wait for the disk: the last one does so for all
    IF asset IS NOT NULL THEN
        SET LOCAL synchronous_commit = off;
    END IF;
    PERFORM ca_maintenance_bound();
    EXECUTE statement INTO done USING as_of, asset, timeframe;
    IF done > 0 THEN
        UPDATE maintenance_runs AS r
        SET rows = r.rows + done, total_rows = r.total_rows + done
        WHERE r.step = ca_maintenance_run.step;
    END IF;
    RETURN coalesce(done >= batch, false);
END;
$$;
COMMENT ON FUNCTION ca_maintenance_run(text, text, bigint, timestamptz, integer, text) IS
    'runs a step, or a batch of it, records the number of rows, and returns whether there may be more';

CREATE FUNCTION ca_maintenance_fail(
    step text, asset integer, state text, message text, detail text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    what CONSTANT text := concat_ws(': ', 'asset ' || asset, state, message);
BEGIN
    -- the first error stands for all
    UPDATE maintenance_runs AS r
    SET error_state = coalesce(r.error_state, ca_maintenance_fail.state),
        error_message = coalesce(r.error_message, what),
        error_detail = CASE WHEN r.errors = 0 THEN nullif(ca_maintenance_fail.detail, '') ELSE r.error_detail END,
        errors = r.errors + 1,
        last_asset = CASE WHEN ca_maintenance_fail.state IN ('57014', '55P03')
                          THEN coalesce(ca_maintenance_fail.asset, r.last_asset) ELSE r.last_asset END
    WHERE r.step = ca_maintenance_fail.step;
    RAISE WARNING '% failed: %', ca_maintenance_fail.step, what;
    RETURN state = '57014';
END;
$$;
COMMENT ON FUNCTION ca_maintenance_fail(text, integer, text, text, text) IS
    'records an error of a step in maintenance_runs, and returns whether it was a cancel';

CREATE FUNCTION ca_maintenance_end(step text, cut_off boolean) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    r maintenance_runs;
    told integer;
BEGIN
    UPDATE maintenance_runs AS r
    SET status = CASE WHEN r.errors = 0 THEN 'completed' ELSE 'failed' END,
        -- clocks are set back at times
        completed_at = greatest(clock_timestamp(), r.started_at),
        execution_time_seconds = greatest(0, extract(epoch FROM clock_timestamp() - r.started_at)),
        completed_as_of = CASE WHEN r.errors = 0 THEN r.as_of ELSE r.completed_as_of END,
        failed_runs = r.failed_runs + (r.errors > 0)::integer,
        cut_off = ca_maintenance_end.cut_off,
        last_asset = CASE WHEN r.errors > 0 THEN r.last_asset END,
        task_id = CASE WHEN r.errors > 0 THEN r.task_id END
    WHERE r.step = ca_maintenance_end.step
    RETURNING r.* INTO r;
    IF r.errors = 0 THEN
        RETURN 0;
    END IF;
    -- consecutive failures are one row
    UPDATE background_tasks AS t
    SET error_message = r.error_message, completed_at = r.completed_at,
        execution_time_seconds = r.execution_time_seconds,
        task_params = jsonb_build_object('as_of', r.as_of, 'pid', r.pid),
        result_data = jsonb_build_object('sqlstate', r.error_state, 'detail', r.error_detail, 'rows', r.rows,
                                         'errors', r.errors, 'runs', (t.result_data ->> 'runs')::bigint + 1)
    WHERE t.id = r.task_id AND t.status = 'failed' AND t.result_data ->> 'sqlstate' = r.error_state
    RETURNING t.id INTO told;
    IF told IS NULL THEN
        INSERT INTO background_tasks AS t
            (task_name, task_type, status, task_params, result_data, error_message, started_at, completed_at,
             execution_time_seconds)
        SELECT 'maintain ' || r.step, coalesce((SELECT s.task_type FROM maintenance_steps() AS s WHERE s.step = r.step), 'cleanup'),
               'failed', jsonb_build_object('as_of', r.as_of, 'pid', r.pid),
               jsonb_build_object('sqlstate', r.error_state, 'detail', r.error_detail, 'rows', r.rows,
                                  'errors', r.errors, 'runs', 1),
               r.error_message, r.started_at, r.completed_at, r.execution_time_seconds
        RETURNING t.id INTO told;
        UPDATE maintenance_runs AS m SET task_id = told WHERE m.step = r.step;
    END IF;
    RETURN 1;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_end(text, boolean) IS
    'records how the run of a step ended, a failure also in background_tasks; 1 if it failed, else 0';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE PROCEDURE ca_maintain_step(step text, as_of timestamptz, INOUT failed integer)
    LANGUAGE plpgsql
AS $$
DECLARE
    begun pg_catalog.bool := cryptoanalytics_internal.ca_maintenance_begin(step, as_of);
    s pg_catalog.record;
    assets pg_catalog.int4[];
    asset pg_catalog.int4;
    again pg_catalog.bool;
    waits pg_catalog.int4 := 0;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    COMMIT;
    IF NOT begun THEN
        RETURN;
    END IF;
    SELECT m.timeframe, m.assets, m.batch, m.statement INTO s FROM cryptoanalytics_internal.ca_maintenance_step(step) AS m;
    BEGIN
        assets := cryptoanalytics_internal.ca_maintenance_assets(step, s.assets, as_of);
    EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
        assets := ARRAY[NULL]::pg_catalog.int4[];
    END;
    FOREACH asset IN ARRAY coalesce(assets, ARRAY[]::pg_catalog.int4[]) LOOP
        LOOP
            again := false;
            -- an error undoes only this part, and a cancel is recorded before it is raised again
            BEGIN
                IF state IS NULL THEN
                    again := cryptoanalytics_internal.ca_maintenance_run(step, s.statement, s.batch, as_of, asset, s.timeframe);
                END IF;
            EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
                GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
            END;
            IF state IS NOT NULL AND cryptoanalytics_internal.ca_maintenance_fail(step, asset, state, message, detail) THEN
                PERFORM cryptoanalytics_internal.ca_maintenance_end(step, true);
                COMMIT;
                RAISE EXCEPTION '%', message
                    USING ERRCODE = state,
                          HINT = 'The steps before it stay done, and the next call continues with the others.';
            END IF;
            COMMIT;
            IF state OPERATOR(pg_catalog.=) '55P03' THEN
                waits := pg_catalog.int4pl(waits, 1);
            END IF;
            state := NULL;
            EXIT WHEN NOT again;
        END LOOP;
        -- after several waits, leave the other session alone until the next call
        EXIT WHEN pg_catalog.int4ge(waits, 3);
    END LOOP;
    failed := pg_catalog.int4pl(failed, cryptoanalytics_internal.ca_maintenance_end(step, false));
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE ca_maintain_step(text, timestamptz, integer) IS
    'runs a step of maintain() if it is due, commits after each part, and adds 1 to failed if it fails';

CREATE PROCEDURE @extschema@.maintain(as_of timestamptz DEFAULT now(), INOUT failed integer DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    steps pg_catalog.text[];
    step pg_catalog.text;
BEGIN
    PERFORM cryptoanalytics_internal.ca_check_maintenance(as_of);
    PERFORM cryptoanalytics_internal.ca_refuse_transaction_block('maintain');
    failed := 0;
    steps := cryptoanalytics_internal.ca_maintenance_order();
    COMMIT;
    FOREACH step IN ARRAY steps LOOP
        CALL cryptoanalytics_internal.ca_maintain_step(step, as_of, failed);
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE maintain(timestamptz, integer) IS
    'runs the steps of maintenance_steps() that are due, each in transactions of its own; a step that fails is undone, recorded in maintenance_runs and background_tasks, reported as a WARNING and counted in failed, and the others go on; a step already running in another session is skipped, and one that was cut off comes last the next time';
