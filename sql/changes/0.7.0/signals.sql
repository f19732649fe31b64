-- What 0.7.0 changes in tables, types, indexes and policies of 0.6.0: signals.

-- The index by value serves roles that row-level security binds too: comparisons of numeric are not
-- leakproof, those of the key are.
CREATE FUNCTION ca_order_key(x numeric) RETURNS double precision
    LANGUAGE c IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
    AS 'MODULE_PATHNAME', 'ca_order_key';
DROP INDEX signal_alerts_value_idx;
CREATE INDEX signal_alerts_value_idx
    ON signal_alerts (asset_id, ca_alert_kind(alert_type, condition), ca_order_key(trigger_value))
    WHERE is_active AND NOT is_triggered;

-- So does the queue of notifications: a condition with COALESCE is not promoted either.
DROP INDEX notifications_due_idx;
CREATE INDEX notifications_due_idx ON notifications
    (priority, (CASE WHEN scheduled_for IS NULL THEN '-infinity' ELSE scheduled_for END),
     (CASE WHEN expires_at IS NULL THEN 'infinity' ELSE expires_at END), id)
    WHERE sent_at IS NULL AND status = 'unread';
