-- Background tasks: the order of claims, legal changes of status, times.
\set SHOW_CONTEXT never
\pset null NULL
SET timezone = 'UTC';
SET datestyle = 'ISO';
BEGIN;
INSERT INTO background_tasks (id, task_name, task_type, created_at)
VALUES (1, 'candles', 'data_sync', '2024-01-01 10:00'), (2, 'train', 'model_training', '2024-01-01 09:00'),
       (3, 'sweep', 'cleanup', '2024-01-01 08:00'), (4, 'trades', 'data_sync', '2024-01-01 09:00'),
       (5, 'later', 'data_sync', '2024-01-01 20:00');
CREATE TEMP VIEW tasks AS
    SELECT id, status, started_at, completed_at, execution_time_seconds AS seconds, result_data AS result, error_message AS error
    FROM background_tasks ORDER BY id;

-- The oldest task of the wanted types is claimed; of equal ones the one with the lower id.
SELECT id, task_name, status, started_at FROM claim_task(ARRAY['data_sync', 'model_training'], '2024-01-01 12:00');
SELECT id, task_name FROM claim_task(ARRAY['data_sync'], '2024-01-01 12:00');
SELECT id, task_name FROM claim_task(as_of => '2024-01-01 12:00');
SELECT id, task_name FROM claim_task(as_of => '2024-01-01 12:00');
-- A task that is created for later waits until then.
SELECT claim_task(as_of => '2024-01-01 12:00') IS NULL AS nothing;
SELECT id FROM claim_task(as_of => '2024-01-01 20:00');
SELECT claim_task(ARRAY[]::text[]) IS NULL AS nothing;

-- from 12:00:00 to 12:01:30.5 are 90.5 seconds
SELECT id, status FROM finish_task(4, '{"trades": 7}', '2024-01-01 12:01:30.5');
SELECT id, status FROM fail_task(2, 'out of memory', '2024-01-01 13:00');
SELECT id, status FROM finish_task(3, as_of => '2024-01-01 12:00');
TABLE tasks;
-- A retry begins again; the reason stays until the task ends again.
SELECT id, status FROM retry_task(2);
SELECT id, status, started_at, completed_at, execution_time_seconds, error_message FROM background_tasks WHERE id = 2;
SELECT id FROM claim_task(as_of => '2024-01-02 00:00');
SELECT id FROM finish_task(2, '{"loss": 0.5}', '2024-01-02 00:00:02');
SELECT * FROM tasks WHERE id = 2;

-- Changes by hand set the times too: to now, or to the values given.
UPDATE background_tasks SET status = 'failed' WHERE id = 1;
SELECT status, completed_at = now() AS now, execution_time_seconds = extract(epoch FROM now() - started_at) AS seconds
FROM background_tasks WHERE id = 1;
UPDATE background_tasks SET status = 'pending' WHERE id = 1;
UPDATE background_tasks SET status = 'running', started_at = '2024-01-03 00:00' WHERE id = 1;
UPDATE background_tasks SET status = 'completed', completed_at = '2024-01-03 00:00:10', execution_time_seconds = 99 WHERE id = 1;
SELECT * FROM tasks WHERE id = 1;
-- An inserted row stays as it is; a duration without a known start is unknown.
INSERT INTO background_tasks (id, task_name, task_type, status, started_at, completed_at, execution_time_seconds)
VALUES (6, 'old', 'cleanup', 'completed', NULL, '2023-01-01', NULL), (7, 'older', 'cleanup', 'running', NULL, NULL, NULL),
       (8, 'oldest', 'cleanup', 'running', '-infinity', NULL, NULL);
SELECT id, status FROM finish_task(7, as_of => '2024-01-01');
SELECT id, status FROM fail_task(8, NULL, '2024-01-01');
SELECT * FROM tasks WHERE id IN (6, 7, 8);

-- What is refused.
\set ON_ERROR_ROLLBACK on
SELECT finish_task(4);
SELECT fail_task(6, 'late');
SELECT retry_task(4);
SELECT finish_task(NULL);
SELECT finish_task(99);
SELECT fail_task(5, 'early', '2024-01-01 19:59');
SELECT finish_task(5, as_of => 'infinity');
SELECT claim_task(as_of => NULL);
UPDATE background_tasks SET status = 'running' WHERE id = 4;
UPDATE background_tasks SET status = 'pending' WHERE id = 5;
ROLLBACK;
