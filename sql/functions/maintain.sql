-- maintain(): runs the steps of maintenance_steps() that are due.

CREATE FUNCTION ca_check_maintenance(as_of timestamptz) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
BEGIN
    PERFORM ca_check_rights('background_tasks', 'SELECT, INSERT, UPDATE');
    PERFORM ca_check_as_of(as_of);
    IF as_of > now() THEN
        RAISE EXCEPTION 'as_of must be a moment that has come'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', as_of),
                  HINT = 'Leave it out to do what is due now.';
    END IF;
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION 'maintain must run in READ COMMITTED transactions'
            USING ERRCODE = 'invalid_transaction_state',
                  DETAIL = format('This one is %s.', upper(current_setting('transaction_isolation'))),
                  HINT = 'SET default_transaction_isolation = ''read committed'' before.';
    END IF;
END;
$$;
COMMENT ON FUNCTION ca_check_maintenance(timestamptz) IS
    'checks what maintain() is called with';

-- A session that is idle, or this one, has left the step; of sessions of other users
-- pg_stat_activity may hide whether they are.
CREATE FUNCTION ca_maintenance_is_alive(params jsonb, started_at timestamptz) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL RESTRICTED
BEGIN ATOMIC
    SELECT ca_maintenance_is_alive.started_at >= pg_postmaster_start_time()
       AND EXISTS (
           SELECT
           FROM pg_stat_activity AS s
           WHERE s.pid = (ca_maintenance_is_alive.params ->> 'pid')::integer
             AND s.pid <> pg_backend_pid()
             AND coalesce(s.backend_start <= ca_maintenance_is_alive.started_at, true)
             AND s.state IS DISTINCT FROM 'idle');
END;
COMMENT ON FUNCTION ca_maintenance_is_alive(jsonb, timestamptz) IS
    'whether another session that runs a step, by the row of the run, is still at it';

CREATE FUNCTION ca_maintenance_begin(step text, as_of timestamptz) RETURNS integer
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    name CONSTANT text := 'maintain ' || step;
    s record;
    task integer;
BEGIN
    SELECT m.* INTO s FROM maintenance_steps() AS m WHERE m.step = ca_maintenance_begin.step;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'unknown step'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('Value is %s.', coalesce(quote_literal(left(step, 100)), 'NULL')),
                  HINT = 'maintenance_steps() lists them.';
    END IF;
    -- until the row is committed; whoever comes then finds it
    PERFORM ca_lock_work(name);
    PERFORM FROM background_tasks AS t
    WHERE t.task_name = name AND t.task_name LIKE 'maintain %' AND t.status = 'running'
      AND ca_maintenance_is_alive(t.task_params, t.started_at);
    IF FOUND THEN
        RAISE NOTICE 'another session is at %', step;
        RETURN NULL;
    END IF;
    UPDATE background_tasks AS t
    SET status = 'failed',
        error_message = 'the run broke off: its session has left it',
        completed_at = clock_timestamp()
    WHERE t.task_name = name AND t.task_name LIKE 'maintain %' AND t.status = 'running';

    IF timeframe_bucket(s.every, as_of) <= (
           SELECT (t.task_params ->> 'as_of')::timestamptz
           FROM background_tasks AS t
           WHERE t.task_name = name AND t.task_name LIKE 'maintain %' AND t.status = 'completed'
           ORDER BY t.id DESC
           LIMIT 1) THEN
        RETURN NULL;
    END IF;
    INSERT INTO background_tasks AS t (task_name, task_type, status, task_params, result_data, started_at)
    VALUES (name, s.task_type, 'running', jsonb_build_object('as_of', as_of, 'pid', pg_backend_pid()),
            jsonb '{"rows": 0}', clock_timestamp())
    RETURNING t.id INTO task;
    RETURN task;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_begin(text, timestamptz) IS
    'enters the run of a step into background_tasks; NULL when it is not due or another session is at it';

CREATE FUNCTION ca_maintenance_step(step text)
    RETURNS TABLE (timeframe text, assets text, batch bigint, statement text)
    LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
    SELECT m.timeframe, m.assets, m.batch, m.statement
    FROM maintenance_steps() AS m
    WHERE m.step = ca_maintenance_step.step;
END;
COMMENT ON FUNCTION ca_maintenance_step(text) IS
    'a step of maintenance_steps(): what there is to do';

CREATE FUNCTION ca_maintenance_assets(query text, as_of timestamptz) RETURNS integer[]
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    assets integer[];
BEGIN
    IF query IS NULL THEN
        RETURN ARRAY[NULL::integer];
    END IF;
    EXECUTE format('SELECT array(%s)', query) INTO assets USING as_of;
    RETURN assets;
END;
$$;
COMMENT ON FUNCTION ca_maintenance_assets(text, timestamptz) IS
    'the assets that a step has something to do for; one that is NULL where a step is for all at once';

-- The statements look many short things up; to compile them would take longer than that.
CREATE FUNCTION ca_maintenance_run(
    task integer, statement text, batch bigint, as_of timestamptz, asset integer, timeframe text)
    RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
    SET jit = off
AS $$
DECLARE
    done bigint;
BEGIN
    -- many small commits need not wait for the disk each: the one at the end does for all
    IF asset IS NOT NULL THEN
        SET LOCAL synchronous_commit = off;
    END IF;
    EXECUTE statement INTO done USING as_of, asset, timeframe;
    IF done > 0 THEN
        UPDATE background_tasks AS t
        SET result_data = t.result_data || jsonb_build_object('rows', (t.result_data ->> 'rows')::bigint + done)
        WHERE t.id = task;
    END IF;
    RETURN coalesce(done >= batch, false);
END;
$$;
COMMENT ON FUNCTION ca_maintenance_run(integer, text, bigint, timestamptz, integer, text) IS
    'does a step, or a batch of it, and notes how many rows; whether there may be more';

CREATE FUNCTION ca_maintenance_fail(
    task integer, step text, asset integer, state text, message text, detail text) RETURNS boolean
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, @extschema@, pg_temp
AS $$
DECLARE
    what CONSTANT text := concat_ws(': ', 'asset ' || asset, state, message);
BEGIN
    -- the first error stands for all
    UPDATE background_tasks AS t
    SET error_message = coalesce(t.error_message, what),
        result_data = jsonb_build_object('sqlstate', state, 'detail', nullif(detail, '')) || t.result_data
                      || jsonb_build_object('errors', coalesce((t.result_data ->> 'errors')::bigint, 0) + 1)
    WHERE t.id = task;
    RAISE WARNING '% failed: %', step, what;
    RETURN state = '57014';
END;
$$;
COMMENT ON FUNCTION ca_maintenance_fail(integer, text, integer, text, text, text) IS
    'notes an error of a step in background_tasks; whether it was a cancel';

CREATE FUNCTION ca_maintenance_end(task integer) RETURNS integer
    LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    UPDATE background_tasks AS t
    SET status = CASE WHEN t.error_message IS NULL THEN 'completed' ELSE 'failed' END,
        completed_at = clock_timestamp(),
        execution_time_seconds = extract(epoch FROM clock_timestamp() - t.started_at)
    WHERE t.id = ca_maintenance_end.task
    RETURNING (t.error_message IS NOT NULL)::integer;
END;
COMMENT ON FUNCTION ca_maintenance_end(integer) IS
    'notes in background_tasks how the run of a step ended; 1 when it failed, else 0';

-- A procedure that commits cannot set its search_path, so what follows qualifies every name, and
-- leaves whatever needs an operator to functions.
CREATE PROCEDURE ca_maintain_step(step text, as_of timestamptz, INOUT failed integer)
    LANGUAGE plpgsql
AS $$
DECLARE
    task pg_catalog.int4 := @extschema@.ca_maintenance_begin(step, as_of);
    s pg_catalog.record;
    assets pg_catalog.int4[];
    asset pg_catalog.int4;
    again pg_catalog.bool;
    message pg_catalog.text;
    detail pg_catalog.text;
    state pg_catalog.text;
BEGIN
    IF task IS NULL THEN
        COMMIT;
        RETURN;
    END IF;
    COMMIT;
    SELECT m.timeframe, m.assets, m.batch, m.statement INTO s FROM @extschema@.ca_maintenance_step(step) AS m;
    BEGIN
        assets := @extschema@.ca_maintenance_assets(s.assets, as_of);
    EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
        GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
    END;
    FOREACH asset IN ARRAY coalesce(assets, ARRAY[NULL]::pg_catalog.int4[]) LOOP
        LOOP
            again := false;
            -- an error undoes this part only, and a cancel is noted before it is raised again
            BEGIN
                IF state IS NULL THEN
                    again := @extschema@.ca_maintenance_run(task, s.statement, s.batch, as_of, asset, s.timeframe);
                END IF;
            EXCEPTION WHEN query_canceled OR assert_failure OR OTHERS THEN
                GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, state = RETURNED_SQLSTATE;
            END;
            IF state IS NOT NULL AND @extschema@.ca_maintenance_fail(task, step, asset, state, message, detail) THEN
                PERFORM @extschema@.ca_maintenance_end(task);
                COMMIT;
                RAISE EXCEPTION '%', message
                    USING ERRCODE = state, HINT = 'The steps before stay done.';
            END IF;
            COMMIT;
            state := NULL;
            EXIT WHEN NOT again;
        END LOOP;
    END LOOP;
    failed := pg_catalog.int4pl(failed, @extschema@.ca_maintenance_end(task));
    COMMIT;
END;
$$;
COMMENT ON PROCEDURE ca_maintain_step(text, timestamptz, integer) IS
    'runs a step of maintain() if it is due, a commit for each part, and adds 1 to failed if it fails';

CREATE PROCEDURE maintain(as_of timestamptz DEFAULT now(), INOUT failed integer DEFAULT 0)
    LANGUAGE plpgsql
AS $$
DECLARE
    steps pg_catalog.text[];
    step pg_catalog.text;
BEGIN
    PERFORM @extschema@.ca_check_maintenance(as_of);
    failed := 0;
    SELECT pg_catalog.array_agg(s.step ORDER BY s.place) INTO steps FROM @extschema@.maintenance_steps() AS s;
    COMMIT;
    FOREACH step IN ARRAY steps LOOP
        CALL @extschema@.ca_maintain_step(step, as_of, failed);
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE maintain(timestamptz, integer) IS
    'does what is due of maintenance_steps(), each step in transactions of its own; one that fails is undone, noted in background_tasks, told as a WARNING and counted in failed, and the others go on; a step that another session is at is left to it';
