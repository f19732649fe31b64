-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: operations.

-- The steps of maintain() have a table of their own.
CREATE TABLE maintenance_runs (
    step varchar NOT NULL,
    status varchar NOT NULL DEFAULT 'completed',
    as_of timestamptz,
    completed_as_of timestamptz,
    pid integer,
    started_at timestamptz,
    completed_at timestamptz,
    execution_time_seconds numeric,
    rows bigint NOT NULL DEFAULT 0,
    errors bigint NOT NULL DEFAULT 0,
    error_state varchar,
    error_message text,
    error_detail text,
    cut_off boolean NOT NULL DEFAULT false,
    last_asset integer,
    runs bigint NOT NULL DEFAULT 0,
    failed_runs bigint NOT NULL DEFAULT 0,
    total_rows bigint NOT NULL DEFAULT 0,
    task_id integer,
    CONSTRAINT maintenance_runs_pkey PRIMARY KEY (step),
    CONSTRAINT maintenance_runs_status_check CHECK (status IN ('running', 'completed', 'failed')),
    CONSTRAINT maintenance_runs_execution_time_seconds_check
        CHECK (execution_time_seconds >= 0 AND execution_time_seconds < 'Infinity')
) WITH (fillfactor = 20);

DROP FUNCTION ca_maintenance_is_alive(jsonb, timestamptz);
DROP FUNCTION ca_maintenance_begin(text, timestamptz);
DROP FUNCTION ca_maintenance_assets(text, timestamptz);
DROP FUNCTION ca_maintenance_run(integer, text, bigint, timestamptz, integer, text);
DROP FUNCTION ca_maintenance_fail(integer, text, integer, text, text, text);
DROP FUNCTION ca_maintenance_end(integer);
