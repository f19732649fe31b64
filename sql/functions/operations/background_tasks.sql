-- Background tasks: claimed by one worker, in legal states, with their times. docs/guide/rules.md has the rules.

CREATE INDEX background_tasks_pending_idx ON background_tasks (created_at, id) WHERE status = 'pending';
COMMENT ON INDEX background_tasks_pending_idx IS
    'the tasks that wait, oldest first';
CREATE INDEX background_tasks_running_idx ON background_tasks (started_at) WHERE status = 'running';
COMMENT ON INDEX background_tasks_running_idx IS
    'the tasks that run, oldest first';
CREATE INDEX background_tasks_ended_idx ON background_tasks (completed_at) WHERE status IN ('completed', 'failed');
COMMENT ON INDEX background_tasks_ended_idx IS
    'the tasks that ended recently';

CREATE FUNCTION ca_task_moves() RETURNS trigger
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
BEGIN
    IF (OLD.status, NEW.status) NOT IN (('pending', 'running'), ('running', 'completed'), ('running', 'failed'),
                                        ('failed', 'pending')) THEN
        RAISE EXCEPTION 'a task cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation',
                  DETAIL = format('Task %s is %s.', OLD.id, OLD.status),
                  HINT = 'A task goes from pending to running to completed or failed; a failed task may become pending again.',
                  CONSTRAINT = 'background_tasks_transition', TABLE = 'background_tasks', COLUMN = 'status';
    END IF;
    CASE NEW.status
        WHEN 'pending' THEN
            NEW.started_at := NULL;
            NEW.completed_at := NULL;
            NEW.execution_time_seconds := NULL;
        WHEN 'running' THEN
            IF NEW.started_at IS NOT DISTINCT FROM OLD.started_at THEN
                NEW.started_at := now();
            END IF;
            NEW.completed_at := NULL;
            NEW.execution_time_seconds := NULL;
        ELSE
            IF NEW.completed_at IS NOT DISTINCT FROM OLD.completed_at THEN
                NEW.completed_at := now();
            END IF;
            IF NEW.completed_at < NEW.started_at THEN
                RAISE EXCEPTION 'a task cannot end before it started'
                    USING ERRCODE = 'check_violation',
                          DETAIL = format('Task %s started at %s and would end at %s.',
                                          NEW.id, NEW.started_at, NEW.completed_at),
                          HINT = 'Leave the end out for now().',
                          CONSTRAINT = 'background_tasks_end', TABLE = 'background_tasks', COLUMN = 'completed_at';
            END IF;
            NEW.execution_time_seconds := CASE WHEN isfinite(NEW.completed_at) AND isfinite(NEW.started_at)
                                               THEN extract(epoch FROM NEW.completed_at - NEW.started_at) END;
    END CASE;
    RETURN NEW;
END;
$$;
COMMENT ON FUNCTION ca_task_moves() IS
    'trigger: refuses an illegal change of status, and sets the times of a legal one';

CREATE TRIGGER background_tasks_moves BEFORE UPDATE ON background_tasks
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
    EXECUTE FUNCTION ca_task_moves();
COMMENT ON TRIGGER background_tasks_moves ON background_tasks IS
    'keeps to the legal states, and writes started_at, completed_at and execution_time_seconds';

CREATE FUNCTION @extschema@.claim_task(task_types text[] DEFAULT NULL, as_of timestamptz DEFAULT now()) RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    claimed background_tasks;
BEGIN
    PERFORM ca_check_as_of(claim_task.as_of);
    -- skip a task that another worker is claiming
    UPDATE background_tasks AS t
    SET status = 'running', started_at = claim_task.as_of
    WHERE t.id = (
        SELECT w.id
        FROM background_tasks AS w
        WHERE w.status = 'pending'
          AND w.created_at <= claim_task.as_of
          AND (claim_task.task_types IS NULL OR w.task_type = ANY (claim_task.task_types))
        ORDER BY w.created_at, w.id
        LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING t.* INTO claimed;
    RETURN claimed;
END;
$$;
COMMENT ON FUNCTION claim_task(text[], timestamptz) IS
    'claims the oldest pending task of the given types for the caller alone; NULL if there is none';

CREATE FUNCTION ca_refuse_task(task integer, expected text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    found_status text := (SELECT t.status FROM background_tasks AS t WHERE t.id = ca_refuse_task.task);
BEGIN
    IF found_status IS NULL THEN
        RAISE EXCEPTION 'unknown task'
            USING ERRCODE = 'invalid_parameter_value',
                  DETAIL = format('There is no row in background_tasks with id %s.', coalesce(task::text, 'NULL')),
                  HINT = 'claim_task() returns the task to work on.',
                  CONSTRAINT = 'background_tasks_known', TABLE = 'background_tasks', COLUMN = 'id';
    END IF;
    RAISE EXCEPTION 'task is not %', expected
        USING ERRCODE = 'object_not_in_prerequisite_state',
              DETAIL = format('Task %s is %s.', task, found_status),
              HINT = 'Another session may have changed it since.',
              CONSTRAINT = 'background_tasks_status', TABLE = 'background_tasks', COLUMN = 'status';
END;
$$;
COMMENT ON FUNCTION ca_refuse_task(integer, text) IS
    'raises the error of a task that is NULL, unknown or not in the expected state';

CREATE FUNCTION @extschema@.finish_task(task integer, result jsonb DEFAULT NULL, as_of timestamptz DEFAULT now())
    RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    finished background_tasks;
BEGIN
    PERFORM ca_check_as_of(finish_task.as_of);
    UPDATE background_tasks AS t
    SET status = 'completed', completed_at = finish_task.as_of, result_data = finish_task.result, error_message = NULL
    WHERE t.id = finish_task.task AND t.status = 'running'
    RETURNING t.* INTO finished;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(finish_task.task, 'running');
    END IF;
    RETURN finished;
END;
$$;
COMMENT ON FUNCTION finish_task(integer, jsonb, timestamptz) IS
    'completes a running task with its result';

CREATE FUNCTION @extschema@.fail_task(task integer, error_message text, as_of timestamptz DEFAULT now())
    RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    failed background_tasks;
BEGIN
    PERFORM ca_check_as_of(fail_task.as_of);
    UPDATE background_tasks AS t
    SET status = 'failed', completed_at = fail_task.as_of, error_message = fail_task.error_message
    WHERE t.id = fail_task.task AND t.status = 'running'
    RETURNING t.* INTO failed;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(fail_task.task, 'running');
    END IF;
    RETURN failed;
END;
$$;
COMMENT ON FUNCTION fail_task(integer, text, timestamptz) IS
    'ends a running task that failed, or whose worker is lost, with the reason';

CREATE FUNCTION @extschema@.retry_task(task integer) RETURNS background_tasks
    LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
    SET search_path = pg_catalog, cryptoanalytics_internal, @extschema@, pg_temp
AS $$
DECLARE
    retried background_tasks;
BEGIN
    UPDATE background_tasks AS t
    SET status = 'pending'
    WHERE t.id = retry_task.task AND t.status = 'failed'
    RETURNING t.* INTO retried;
    IF NOT FOUND THEN
        PERFORM ca_refuse_task(retry_task.task, 'failed');
    END IF;
    RETURN retried;
END;
$$;
COMMENT ON FUNCTION retry_task(integer) IS
    'makes a failed task pending again, in its old place; the reason stays until the task ends again';
