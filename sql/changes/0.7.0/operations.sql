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

-- Roll-ups read what is new or has changed.
CREATE TABLE roll_up_marks (
    source varchar NOT NULL,
    aggregation_level varchar NOT NULL,
    rolled_until timestamptz,
    open_from timestamptz,
    barrier bigint,
    CONSTRAINT roll_up_marks_pkey PRIMARY KEY (source, aggregation_level),
    CONSTRAINT roll_up_marks_source_check
        CHECK (source IN ('external_api_logs', 'user_activities')),
    CONSTRAINT roll_up_marks_aggregation_level_check
        CHECK (aggregation_level IN ('hourly', 'daily', 'weekly', 'monthly'))
) WITH (fillfactor = 20);

CREATE TABLE roll_up_notes (
    note uuid NOT NULL DEFAULT gen_random_uuid(),
    source varchar NOT NULL,
    aggregation_level varchar NOT NULL,
    period_start timestamptz NOT NULL,
    CONSTRAINT roll_up_notes_pkey PRIMARY KEY (note),
    CONSTRAINT roll_up_notes_aggregation_level_check
        CHECK (aggregation_level IN ('hourly', 'daily', 'weekly', 'monthly'))
);

CREATE INDEX roll_up_notes_period_idx ON roll_up_notes (source, aggregation_level, period_start);
